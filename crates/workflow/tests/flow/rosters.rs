//! Ten thousand rosters: whom the machine would let take the next task never includes anybody who acted at another stage
//! of the item, whatever roles they hold. What people did is kept here, apart from the machine's own record of it.

use std::collections::BTreeSet;

use countersign_model::{AiVisibility, Instant, Protocol, ReadId, Role, StageKind};
use countersign_workflow::{
    Event, ItemState, Missing, Phase, ReviewDecision, SignDecision, may_claim, refusals, step,
};
use uuid::Uuid;

use crate::world::{protocol, signature, stage, user};

const ROSTERS: usize = 10_000;
/// Turns after which an item that goes back and forth is left alone.
const TURNS: usize = 24;
const ROLES: [Role; 4] = [Role::Annotator, Role::Reviewer, Role::Specialist, Role::Owner];

/// Numbers that are the same in each run (SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).unwrap()
    }
}

fn some_protocol(draw: &mut Draw) -> Protocol {
    let mut stages = Vec::new();
    if draw.below(2) == 0 {
        stages.push(stage(StageKind::Prelabel, 0, None, AiVisibility::OnRequest));
    }
    stages.push(stage(StageKind::Read, stages.len(), Some(Role::Annotator), AiVisibility::OnRequest));
    for _ in 0..draw.below(4) {
        let kind = [StageKind::Review, StageKind::Sign][draw.below(2)];
        stages.push(stage(kind, stages.len(), Some(ROLES[draw.below(3)]), AiVisibility::OnRequest));
    }
    protocol(stages, u32::try_from(draw.below(3)).unwrap())
}

/// What came of one roster.
#[derive(Default)]
struct Tally {
    proposals: usize,
    refused: usize,
    accepted: usize,
    sent_back: usize,
}

struct Item<'a> {
    protocol: &'a Protocol,
    state: ItemState,
    now: Instant,
    ids: u128,
    /// Who acted at which stage, by what this test saw them do.
    did: BTreeSet<(usize, u32)>,
}

impl Item<'_> {
    fn take(&mut self, event: &Event) {
        let ids = &mut self.ids;
        let mut fresh = || {
            *ids += 1;
            Uuid::from_u128(*ids)
        };
        self.state = step(self.protocol, &self.state, event, &mut fresh).unwrap().0;
    }

    /// One person does what waits; they send it back now and then.
    fn work(&mut self, who: usize, roles: &[Role], stage: u32, draw: &mut Draw, tally: &mut Tally) {
        let (user, now) = (user(who as u128), self.now);
        self.ids += 1;
        let read = ReadId(Uuid::from_u128(self.ids << 32));
        self.take(&Event::Claimed { user, roles: roles.to_vec(), now, read });
        self.did.insert((who, stage));
        let fence = self.state.fence;
        let own = self.state.lease().unwrap().read;
        let stands = self.state.current_read().and_then(|read| read.content_hash.clone());
        let content_hash = stands.unwrap_or_else(|| "h".into());
        let back = draw.below(5) == 0;
        let reason = back.then(|| "boundary".to_owned());
        let signature = signature();
        let kind = self.protocol.stages[stage as usize].kind;
        tally.sent_back += usize::from(back && kind != StageKind::Read);
        self.take(&match (kind, own) {
            (StageKind::Read, Some(read)) => {
                Event::Submitted { user, fence, now, read, content_hash, signature }
            }
            (StageKind::Review, Some(read)) => {
                let decision = if back { ReviewDecision::Reject } else { ReviewDecision::Accept };
                let missing = Some(Missing::Nothing);
                Event::Reviewed { user, fence, now, decision, missing, reason, read, content_hash, signature }
            }
            _ => {
                let decision = if back { SignDecision::Reject } else { SignDecision::Sign };
                Event::Signed { user, fence, now, decision, reason, content_hash, signature }
            }
        });
    }
}

fn roster(draw: &mut Draw, tally: &mut Tally) {
    let protocol = some_protocol(draw);
    let people: Vec<Vec<Role>> =
        (0..=draw.below(9)).map(|_| ROLES.into_iter().filter(|_| draw.below(2) == 0).collect()).collect();
    let (state, did) = (ItemState::new(), BTreeSet::new());
    let mut item = Item { protocol: &protocol, state, now: Instant(0), ids: 0x9000, did };
    item.take(&Event::Cleared);
    if item.state.phase == Phase::Cleared {
        item.take(&Event::DraftFailed);
    }
    for _ in 0..TURNS {
        let Some(stage) = item.state.stage.filter(|_| item.state.phase == Phase::Queued) else { break };
        item.now = item.now.plus_seconds(1_000);
        let mut proposed = Vec::new();
        for (who, roles) in people.iter().enumerate() {
            let conflict = item.did.iter().any(|(other, at)| *other == who && *at != stage);
            match may_claim(&protocol, &item.state, user(who as u128), roles, item.now) {
                Ok(()) => {
                    assert!(
                        !conflict,
                        "{who} acted before and is proposed for stage {stage}: {:?}",
                        item.did
                    );
                    proposed.push(who);
                }
                Err(refusal) => tally.refused += usize::from(refusal.code == refusals::SEPARATION_OF_DUTIES),
            }
        }
        tally.proposals += proposed.len();
        if proposed.is_empty() {
            break;
        }
        let who = proposed[draw.below(proposed.len())];
        item.work(who, &people[who], stage, draw, tally);
    }
    if item.state.phase == Phase::Accepted {
        tally.accepted += 1;
        let last: BTreeSet<usize> = item.did.iter().map(|(who, _)| *who).collect();
        let stages: BTreeSet<u32> = item.did.iter().map(|(_, stage)| *stage).collect();
        assert!(last.len() >= stages.len(), "as many people as stages at least: {:?}", item.did);
    }
}

#[test]
fn nobody_in_ten_thousand_rosters_is_proposed_for_what_they_acted_on() {
    let (mut draw, mut tally) = (Draw(20_261_126), Tally::default());
    for _ in 0..ROSTERS {
        roster(&mut draw, &mut tally);
    }
    // It was worth something: people were proposed, others were kept away, items came back and came through.
    let Tally { proposals, refused, accepted, sent_back } = tally;
    println!(
        "{ROSTERS} rosters: {proposals} proposals, {refused} conflicts refused, {sent_back} sent back, {accepted} accepted"
    );
    assert!(
        proposals > ROSTERS && refused > ROSTERS / 4 && accepted > ROSTERS / 4 && sent_back > ROSTERS / 10
    );
}
