//! Ten thousand rosters: whom the machine would let take the next task never includes anybody who acted at another stage
//! of the item, whatever roles they hold. What people did is kept here, apart from the machine's own record of it.

use std::collections::BTreeSet;

use countersign_model::{AiVisibility, Instant, Protocol, ReadId, Role, Stage, StageKind, TaskId};
use countersign_workflow::{
    AdjudicateDecision, Event, ItemState, Merged, Missing, Phase, ReviewDecision, SignDecision, may_claim,
    refusals, step,
};
use uuid::Uuid;

use crate::world::{World, compare, protocol, signature, stage, user};

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
    let read = stage(StageKind::Read, stages.len(), Some(Role::Annotator), AiVisibility::OnRequest);
    let readers = u32::try_from(1 + draw.below(3)).unwrap();
    let readers_max = (readers > 1 && draw.below(2) == 0).then_some(readers + 1);
    stages.push(Stage { readers, readers_max, ..read });
    if readers > 1 {
        stages.push(compare(stages.len()));
        let decide =
            stage(StageKind::Adjudicate, stages.len(), Some(Role::Reviewer), AiVisibility::OnRequest);
        stages.push(Stage { escalate_to: Some(Role::Specialist), ..decide });
    }
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
    handed_on: usize,
    compared: usize,
}

struct Item<'a> {
    protocol: &'a Protocol,
    state: ItemState,
    now: Instant,
    ids: u128,
    /// Who acted at which stage, by what this test saw them do.
    did: BTreeSet<(usize, u32)>,
    /// Who handed the decision on.
    handed_on_by: Option<usize>,
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

    /// An open task that this person may claim.
    fn claimable(&mut self, who: usize, roles: &[Role]) -> TaskId {
        let (user, now) = (user(who as u128), self.now);
        let claim =
            |task| Event::Claimed { task, user, roles: roles.to_vec(), now, read: ReadId(Uuid::nil()) };
        let open: Vec<TaskId> = self.state.tasks.iter().map(|task| task.id).collect();
        let may =
            |task: &TaskId| step(self.protocol, &self.state, &claim(*task), &mut || Uuid::nil()).is_ok();
        open.into_iter().find(may).expect("who may claim finds a task")
    }

    fn compare(&mut self, draw: &mut Draw) {
        self.ids += 1;
        let merged = Merged {
            read: ReadId(Uuid::from_u128(self.ids << 32)),
            content_hash: "h".into(),
            rule: "one 1".into(),
        };
        self.take(&Event::Compared { agreed: draw.below(2) == 0, merged: Some(merged) });
    }

    /// Whether this person must be kept away from the stage, by what this test saw people do.
    fn is_conflict(&self, who: usize, stage: u32) -> bool {
        let apart = self.protocol.stages[stage as usize].is_parallel() || self.handed_on_by == Some(who);
        self.did.iter().any(|(other, at)| *other == who && (*at != stage || apart))
    }

    /// One person does what waits; they send it back now and then.
    fn work(&mut self, who: usize, roles: &[Role], stage: u32, draw: &mut Draw, tally: &mut Tally) {
        let (user, now) = (user(who as u128), self.now);
        self.ids += 1;
        let read = ReadId(Uuid::from_u128(self.ids << 32));
        let task = self.claimable(who, roles);
        self.take(&Event::Claimed { task, user, roles: roles.to_vec(), now, read });
        self.did.insert((who, stage));
        let lease = self.state.held_by(user).unwrap().lease.unwrap();
        let (fence, own) = (lease.fence, lease.read);
        let stands = self.state.current_read().and_then(|read| read.content_hash.clone());
        let content_hash = stands.unwrap_or_else(|| "h".into());
        let back = draw.below(5) == 0;
        let reason = back.then(|| "boundary".to_owned());
        let signature = signature();
        let kind = self.protocol.stages[stage as usize].kind;
        let judges = matches!(kind, StageKind::Review | StageKind::Sign);
        tally.sent_back += usize::from(back && judges);
        let open = self.state.held_by(user).unwrap();
        let hands_on = back && kind == StageKind::Adjudicate && open.role.is_none();
        if hands_on {
            tally.handed_on += 1;
            self.handed_on_by = Some(who);
        }
        self.take(&match (kind, own) {
            (StageKind::Read, Some(read)) => {
                Event::Submitted { user, fence, now, read, content_hash, signature }
            }
            (StageKind::Review, Some(read)) => {
                let decision = if back { ReviewDecision::Reject } else { ReviewDecision::Accept };
                let (missing, return_to) = (Some(Missing::Nothing), None);
                Event::Reviewed {
                    user,
                    fence,
                    now,
                    decision,
                    missing,
                    reason,
                    return_to,
                    read,
                    content_hash,
                    signature,
                }
            }
            (StageKind::Adjudicate, Some(read)) => {
                let decision =
                    if hands_on { AdjudicateDecision::Escalate } else { AdjudicateDecision::Decide };
                let reason = Some("boundary".to_owned());
                Event::Adjudicated { user, fence, now, decision, reason, read, content_hash, signature }
            }
            _ => {
                let (decision, return_to) =
                    (if back { SignDecision::Reject } else { SignDecision::Sign }, None);
                Event::Signed { user, fence, now, decision, reason, return_to, content_hash, signature }
            }
        });
    }
}

fn roster(draw: &mut Draw, tally: &mut Tally) {
    let protocol = some_protocol(draw);
    let people: Vec<Vec<Role>> =
        (0..=draw.below(9)).map(|_| ROLES.into_iter().filter(|_| draw.below(2) == 0).collect()).collect();
    let (state, did) = (ItemState::new(), BTreeSet::new());
    let mut item = Item { protocol: &protocol, state, now: Instant(0), ids: 0x9000, did, handed_on_by: None };
    item.take(&Event::Cleared { draw: draw.below(1 << 30) as u64 });
    if item.state.phase == Phase::Cleared {
        item.take(&Event::DraftFailed);
    }
    for _ in 0..TURNS {
        if item.state.phase == Phase::Comparing {
            tally.compared += 1;
            item.compare(draw);
        }
        let waits = matches!(item.state.phase, Phase::Queued | Phase::Reading);
        let Some(stage) = item.state.stage.filter(|_| waits) else { break };
        item.now = item.now.plus_seconds(1_000);
        let mut proposed = Vec::new();
        for (who, roles) in people.iter().enumerate() {
            let conflict = item.is_conflict(who, stage);
            match may_claim(&protocol, &item.state, user(who as u128), roles, item.now) {
                Ok(()) => {
                    assert!(
                        !conflict,
                        "{who} acted before and is proposed for stage {stage}: {:?}",
                        item.did
                    );
                    proposed.push(who);
                }
                Err(refusal) => {
                    let kept_away = [refusals::SEPARATION_OF_DUTIES, refusals::ALREADY_READ];
                    tally.refused += usize::from(kept_away.contains(&refusal.code.as_ref()));
                }
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
        let read = protocol.stages.iter().position(|stage| stage.kind == StageKind::Read).unwrap();
        let readers = item.did.iter().filter(|(_, stage)| *stage as usize == read).count();
        assert!(
            readers >= protocol.stages[read].readers as usize,
            "as many readers as the protocol asks for"
        );
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
    let Tally { proposals, refused, accepted, sent_back, handed_on, compared } = tally;
    println!(
        "{ROSTERS} rosters: {proposals} proposals, {refused} conflicts refused, {sent_back} sent back, {handed_on} handed on, {compared} compared, {accepted} accepted"
    );
    assert!(handed_on > ROSTERS / 50 && compared > ROSTERS / 5);
    assert!(
        proposals > ROSTERS && refused > ROSTERS / 4 && accepted > ROSTERS / 5 && sent_back > ROSTERS / 10
    );
}

/// Where the protocol asks for fresh eyes, what was done again goes to a reviewer who did not look before; elsewhere the first one
/// may look again.
#[test]
fn what_was_done_again_is_looked_at_by_another_person_where_the_protocol_says_so() {
    for fresh_eyes in [false, true] {
        let mut world = World::at_read(AiVisibility::AfterOwnRead);
        world.protocol.stages[2].fresh_eyes = fresh_eyes;
        world.protocol.validate().unwrap();
        world.ok(world.claim(1));
        world.ok(world.submit(1, "hash-1"));
        world.ok(world.claim(2));
        world.ok(world.review(2, ReviewDecision::Reject, "hash-1"));
        world.ok(world.claim(1));
        world.ok(world.submit(1, "hash-2"));
        if fresh_eyes {
            assert_eq!(world.no(world.claim(2)), refusals::ALREADY_READ);
            world.ok(world.claim(4));
        } else {
            world.ok(world.claim(2));
        }
    }
    let mut world = World::at_read(AiVisibility::AfterOwnRead);
    world.protocol.stages[1].fresh_eyes = true;
    let refused = world.protocol.validate().unwrap_err();
    assert_eq!(refused.place, "stages[1].fresh_eyes");
}
