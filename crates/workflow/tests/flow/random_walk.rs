//! Random protocols, people, events and clocks: what must hold whatever happens.

use std::collections::{BTreeMap, BTreeSet};

use crate::shadow::Shadow;
use crate::world::{hold, protocol, read, signature, stage, user};
use countersign_model::{
    AiVisibility, Author, Instant, Protocol, ReadId, ReleaseId, Role, StageKind, UserId,
};
use countersign_workflow::{
    Effect, Event, ItemState, Missing, OwnerDecision, Phase, ReadStatus, ReviewDecision, SignDecision,
    may_claim, refusals, step, visible_reads,
};
use proptest::{prelude::*, strategy::ValueTree as _};
use uuid::Uuid;

const USERS: u8 = 12;
const STAGE_ROLES: [Role; 3] = [Role::Annotator, Role::Reviewer, Role::Specialist];
const HASHES: [&str; 3] = ["h0", "h1", "h2"];

#[derive(Clone, Debug)]
struct Op {
    kind: u8,
    user: u8,
    pick: u8,
    seconds: i64,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    // Mostly small steps in time, now and then a jump far ahead or back.
    let seconds = prop_oneof![8 => 0..120_i64, 1 => 0..100_000_i64, 1 => -100_000..0_i64];
    let op = (any::<u8>(), 0..USERS, any::<u8>(), seconds).prop_map(|(kind, user, pick, seconds)| Op {
        kind,
        user,
        pick,
        seconds,
    });
    prop::collection::vec(op, 0..160)
}

fn protocols() -> impl Strategy<Value = Protocol> {
    let ai = prop::sample::select(AiVisibility::ALL);
    let kind = prop::sample::select(vec![StageKind::Review, StageKind::Sign]);
    let role = prop::sample::select(STAGE_ROLES.to_vec());
    let later = prop::collection::vec((kind, role, ai.clone()), 0..4);
    (any::<bool>(), ai, later, 0..3_u32).prop_map(|(draft, ai, later, cap)| {
        let mut stages = Vec::new();
        if draft {
            stages.push(stage(StageKind::Prelabel, 0, None, ai));
        }
        stages.push(stage(StageKind::Read, stages.len(), Some(Role::Annotator), ai));
        for (kind, role, ai) in later {
            stages.push(stage(kind, stages.len(), Some(role), ai));
        }
        protocol(stages, cap)
    })
}

/// Roles of each user, as a bit set over [`STAGE_ROLES`] and, as the last bit, owner.
fn people() -> impl Strategy<Value = Vec<Vec<Role>>> {
    prop::collection::vec(0_u8..16, USERS as usize).prop_map(|sets| {
        let roles = |set: u8| {
            let named = STAGE_ROLES.iter().chain(&[Role::Owner]).enumerate();
            named.filter(|(bit, _)| set & (1 << bit) != 0).map(|(_, role)| *role).collect()
        };
        sets.into_iter().map(roles).collect()
    })
}

struct Walk<'a> {
    protocol: &'a Protocol,
    people: &'a [Vec<Role>],
    state: ItemState,
    now: Instant,
    ids: u128,
    shadow: Shadow,
    accepted: Vec<(Event, Vec<Uuid>)>,
    /// Names of accepted events, codes of refusals and phases, to see that the walk gets everywhere.
    seen: BTreeSet<String>,
}

impl<'a> Walk<'a> {
    fn new(protocol: &'a Protocol, people: &'a [Vec<Role>]) -> Self {
        let (state, shadow) = (ItemState::new(), Shadow::default());
        Self {
            protocol,
            people,
            state,
            now: Instant(0),
            ids: 0x9000,
            shadow,
            accepted: vec![],
            seen: BTreeSet::new(),
        }
    }

    /// Which kind of event comes: two times in three one that fits the phase, else any.
    fn kind(&self, op: &Op) -> u8 {
        let stage = self.state.stage.and_then(|index| self.protocol.stages.get(index as usize));
        match (self.state.phase, stage.map(|stage| stage.kind)) {
            _ if op.kind.is_multiple_of(3) => op.kind / 3 % 18,
            _ if self.state.is_held() && op.pick.is_multiple_of(2) => 14,
            (Phase::Quarantined, _) => 0,
            (Phase::Cleared, _) => 1,
            (Phase::Queued, _) => 3,
            (Phase::Leased, Some(StageKind::Read)) => 8,
            (Phase::Leased, Some(StageKind::Review)) => 9,
            (Phase::Leased, _) => 10,
            (Phase::Escalated, _) => 12,
            (Phase::Recalled, _) => 17,
            _ => 15,
        }
    }

    fn event(&mut self, op: &Op) -> Event {
        self.ids += 1;
        let fresh = ReadId(Uuid::from_u128(self.ids << 32));
        let lease = self.state.lease().copied();
        // Mostly the holder with the right token, sometimes anybody with any token.
        let honest = !op.pick.is_multiple_of(8);
        let anybody = user(u128::from(op.user));
        let user = lease.filter(|_| honest).map_or(anybody, |lease| lease.user);
        let fence = if honest { self.state.fence } else { u64::from(op.pick) / 8 };
        let now = self.now;
        let roles = self.people[usize::from(op.user)].clone();
        let reason = (!op.pick.is_multiple_of(5)).then(|| "boundary".to_owned());
        match self.kind(op) {
            0 => Event::Cleared,
            1 => {
                let (model, version) = ("m".into(), "1".into());
                Event::Drafted { read: fresh, content_hash: HASHES[0].into(), model, version }
            }
            2 if op.pick.is_multiple_of(16) => Event::GateRejected,
            2 => Event::DraftFailed,
            3 => {
                let reserved = self.state.task.as_ref().and_then(|task| task.reserved_for);
                let user = reserved.filter(|_| op.pick.is_multiple_of(2)).unwrap_or(anybody);
                let roles = if user == anybody { roles } else { STAGE_ROLES.to_vec() };
                Event::Claimed { user, roles, now, read: fresh }
            }
            4 => Event::Renewed { user, fence, now },
            5 => Event::GivenBack { user, fence },
            6 => Event::LeaseExpired { now },
            7 => Event::DraftRequested { user, fence, now },
            8..=10 => self.decision(op, user, fence),
            11 => Event::Unreserved { user, roles },
            12 => {
                let decision =
                    if op.pick.is_multiple_of(3) { OwnerDecision::Withdraw } else { OwnerDecision::Reopen };
                Event::OwnerDecided { user, roles, decision, reason }
            }
            // Rarely, because nothing comes after it.
            14 if op.pick % 32 == 31 => Event::Erased,
            13 => Event::Held { hold: hold(u128::from(op.pick % 3)) },
            14 => Event::Lifted { hold: hold(u128::from(op.user % 3)) },
            16 if op.pick.is_multiple_of(4) => Event::Recalled,
            17 if op.pick.is_multiple_of(16) => Event::GateRejected,
            17 => Event::Restored,
            _ => Event::Released { release: ReleaseId(fresh.0) },
        }
    }

    fn decision(&self, op: &Op, user: UserId, fence: u64) -> Event {
        let now = self.now;
        let lease_read = self.state.lease().and_then(|lease| lease.read);
        let read = lease_read.filter(|_| op.pick % 13 != 1).unwrap_or(read(0));
        let stands = self.state.current_read().and_then(|read| read.content_hash.clone());
        let other = HASHES[usize::from(op.user) % 3].to_owned();
        let content_hash = stands.filter(|_| !op.pick.is_multiple_of(3)).unwrap_or(other);
        let reason = (!op.pick.is_multiple_of(5)).then(|| "boundary".to_owned());
        let signature = if op.pick.is_multiple_of(7) { None } else { signature() };
        match self.kind(op) {
            8 => Event::Submitted { user, fence, now, read, content_hash, signature },
            9 => {
                let decisions = [ReviewDecision::Accept, ReviewDecision::Fix, ReviewDecision::Reject];
                let decision = decisions[usize::from(op.user) % 3];
                let answers = [None, Some(Missing::Added), Some(Missing::Nothing), Some(Missing::Nothing)];
                let missing = answers[usize::from(op.pick / 16) % 4];
                Event::Reviewed { user, fence, now, decision, missing, reason, read, content_hash, signature }
            }
            _ => {
                let decision = if op.user % 3 == 1 { SignDecision::Reject } else { SignDecision::Sign };
                Event::Signed { user, fence, now, decision, reason, content_hash, signature }
            }
        }
    }

    /// Takes the event and checks everything that must hold; whether it was accepted.
    fn take(&mut self, event: Event) -> bool {
        let before = self.state.clone();
        let was_erased = before.phase == Phase::Erased;
        let mut given = Vec::new();
        let ids = &mut self.ids;
        let result = step(self.protocol, &before, &event, &mut || {
            *ids += 1;
            given.push(Uuid::from_u128(*ids));
            Uuid::from_u128(*ids)
        });
        let (state, effects) = match result {
            Ok(moved) => moved,
            Err(refusal) => {
                assert!(refusals::explain(&refusal.code).is_some(), "{refusal} is not explained");
                self.seen.insert(refusal.code.into_owned());
                return false;
            }
        };
        self.shadow.note_decision(&event, before.stage);
        effects.iter().for_each(|effect| self.shadow.carry_out(effect));
        assert!(!was_erased || (state == before && effects.is_empty()), "{event:?} moved an erased item");
        self.state = state;
        self.check_people(&event, &before);
        self.check_hold(&event, &before, &effects);
        self.check_store();
        self.check_visibility();
        self.seen.insert(serde_json::to_value(&event).unwrap()["event"].as_str().unwrap().to_owned());
        self.seen.insert(self.state.phase.to_string());
        self.accepted.push((event, given));
        true
    }

    fn check_people(&self, event: &Event, before: &ItemState) {
        let mut stages = BTreeMap::new();
        for actor in &self.state.actors {
            assert_eq!(
                *stages.entry(actor.user).or_insert(actor.stage),
                actor.stage,
                "one person, two stages"
            );
        }
        if let Event::Claimed { .. } = event {
            assert!(self.state.fence > before.fence);
            assert_eq!(self.state.lease().unwrap().fence, self.state.fence);
        } else {
            assert_eq!(self.state.fence, before.fence);
        }
        if self.state.phase == Phase::Accepted {
            let human =
                self.protocol.stages.iter().zip(0_u32..).filter(|(s, _)| s.kind != StageKind::Prelabel);
            let order: Vec<u32> = human.map(|(_, index)| index).collect();
            assert_eq!(self.shadow.passed.iter().map(|(stage, _)| *stage).collect::<Vec<_>>(), order);
            let authors: BTreeSet<_> = self.shadow.passed.iter().map(|(_, user)| user).collect();
            assert_eq!(authors.len(), order.len(), "as many people as stages");
            assert!(self.state.current_read().is_some_and(|read| read.status == ReadStatus::Submitted));
        }
    }

    fn check_hold(&self, event: &Event, before: &ItemState, effects: &[Effect]) {
        if !before.is_held() {
            return;
        }
        let forbidden = matches!(
            event,
            Event::Claimed { .. }
                | Event::Submitted { .. }
                | Event::Reviewed { .. }
                | Event::Signed { .. }
                | Event::Released { .. }
        );
        assert!(!forbidden, "{event:?} while held");
        let offered = effects.iter().any(|effect| matches!(effect, Effect::OpenTask { .. }));
        assert!(!offered || !self.state.is_held(), "a held item offers no task");
    }

    fn check_store(&self) {
        let text = serde_json::to_string(&self.state).unwrap();
        assert_eq!(serde_json::from_str::<ItemState>(&text).unwrap(), self.state);
        let task = self.state.task.as_ref();
        let offered = self.state.phase == Phase::Queued && !self.state.is_held();
        assert_eq!(
            self.shadow.ready.iter().collect::<Vec<_>>(),
            task.filter(|_| offered).map(|t| &t.id).into_iter().collect::<Vec<_>>()
        );
        let leased: Vec<_> = task.and_then(|t| t.lease.map(|lease| (t.id, lease.user))).into_iter().collect();
        assert_eq!(self.shadow.leased.iter().map(|(t, u)| (*t, *u)).collect::<Vec<_>>(), leased);
        assert_eq!(self.state.phase == Phase::Leased, !leased.is_empty());
        let reads: BTreeMap<_, _> = self.state.reads.iter().map(|read| (read.id, read.status)).collect();
        assert_eq!(reads, self.shadow.reads);
        let stands = self.state.recalled_from.unwrap_or(self.state.phase);
        assert_eq!(self.state.recalled_from.is_some(), self.state.phase == Phase::Recalled);
        // What is rejected or erased may have been accepted before.
        let accepted = matches!(stands, Phase::Accepted | Phase::Released);
        assert!(
            self.shadow.accepted == accepted || matches!(self.state.phase, Phase::Rejected | Phase::Erased)
        );
        for read in &self.state.reads {
            assert_eq!(read.content_hash.is_none(), read.status == ReadStatus::Draft);
        }
    }

    /// Nobody sees a draft of another person, and a reader sees no other read but what was sent back to them.
    fn check_visibility(&self) {
        let lease = self.state.lease();
        let reading = |who| {
            let kind = self.state.stage.and_then(|s| self.protocol.stages.get(s as usize)).map(|s| s.kind);
            lease.is_some_and(|lease| lease.user == who) && kind == Some(StageKind::Read)
        };
        for who in (0..u128::from(USERS)).map(user) {
            for id in visible_reads(self.protocol, &self.state, who) {
                let seen = self.state.read(id).unwrap();
                if seen.is_by(who) {
                    continue;
                }
                assert_ne!(seen.status, ReadStatus::Draft);
                if matches!(seen.author, Author::Model { .. }) {
                    let all_never =
                        self.protocol.stages.iter().all(|s| s.ai_visibility == AiVisibility::Never);
                    assert!(!all_never);
                    continue;
                }
                let returned = self.state.task.as_ref().and_then(|task| task.returned);
                let back = returned.is_some_and(|r| r.read == id && r.to == who);
                assert!(!reading(who) || back, "a reader saw another read");
                assert!(lease.is_some_and(|l| l.user == who) || self.state.took_part(who));
            }
        }
    }

    /// Everybody works whenever they may, and always accepts: ends in a terminal or a waiting state.
    fn work_fairly(&mut self) {
        for hold in self.state.holds.clone() {
            assert!(self.take(Event::Lifted { hold }));
        }
        self.take(Event::Restored);
        self.take(Event::Cleared);
        self.take(Event::DraftFailed);
        for _ in 0..=self.protocol.stages.len() {
            self.now = self.now.plus_seconds(1_000_000);
            self.take(Event::LeaseExpired { now: self.now });
            self.take(Event::Unreserved { user: user(99), roles: vec![Role::Owner] });
            let Some(index) = self.state.stage.filter(|_| self.state.phase == Phase::Queued) else { return };
            let may = |n: &usize| {
                may_claim(self.protocol, &self.state, user(*n as u128), &self.people[*n], self.now).is_ok()
            };
            let Some(who) = (0..self.people.len()).find(may) else {
                self.assert_nobody_is_left(index);
                return;
            };
            self.pass_stage(who, index);
        }
        panic!("still queued after as many turns as there are stages: {:?}", self.state);
    }

    fn pass_stage(&mut self, who: usize, index: u32) {
        self.ids += 1;
        let (user, now) = (user(who as u128), self.now);
        let fresh = ReadId(Uuid::from_u128(self.ids << 32));
        assert!(self.take(Event::Claimed { user, roles: self.people[who].clone(), now, read: fresh }));
        let fence = self.state.fence;
        let read = self.state.lease().unwrap().read;
        let stands = self.state.current_read().and_then(|read| read.content_hash.clone());
        let content_hash = stands.unwrap_or("h".into());
        let signature = signature();
        let event = match (self.protocol.stages[index as usize].kind, read) {
            (StageKind::Read, Some(read)) => {
                Event::Submitted { user, fence, now, read, content_hash, signature }
            }
            (StageKind::Review, Some(read)) => {
                let (decision, missing, reason) = (ReviewDecision::Accept, Some(Missing::Nothing), None);
                Event::Reviewed { user, fence, now, decision, missing, reason, read, content_hash, signature }
            }
            _ => {
                let (decision, reason) = (SignDecision::Sign, None);
                Event::Signed { user, fence, now, decision, reason, content_hash, signature }
            }
        };
        assert!(self.take(event), "who may claim may also finish");
    }

    fn assert_nobody_is_left(&self, index: u32) {
        let role = self.protocol.stages[index as usize].role.unwrap();
        for (n, roles) in self.people.iter().enumerate() {
            assert!(!roles.contains(&role) || self.state.acted_elsewhere(user(n as u128), index));
        }
    }

    fn replay(&self) -> ItemState {
        self.accepted.iter().fold(ItemState::new(), |state, (event, ids)| {
            let mut ids = ids.iter();
            step(self.protocol, &state, event, &mut || *ids.next().unwrap()).unwrap().0
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens(protocol in protocols(), people in people(), ops in ops()) {
        let mut walk = Walk::new(&protocol, &people);
        for op in &ops {
            walk.now = walk.now.plus_seconds(op.seconds);
            let event = walk.event(op);
            walk.take(event);
        }
        prop_assert_eq!(&walk.replay(), &walk.state);
        walk.work_fairly();
        prop_assert_eq!(&walk.replay(), &walk.state);
        let end = walk.state.phase;
        prop_assert!(end != Phase::Leased && end != Phase::Cleared && end != Phase::Quarantined);
    }
}

/// The walk above is only worth something if it gets everywhere: with fixed seeds it meets every event, every
/// refusal and every phase.
#[test]
fn the_walk_gets_everywhere() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..256 {
        let case = (protocols(), people(), ops()).new_tree(&mut runner).unwrap().current();
        let mut walk = Walk::new(&case.0, &case.1);
        for op in &case.2 {
            walk.now = walk.now.plus_seconds(op.seconds);
            let event = walk.event(op);
            walk.take(event);
        }
        seen.append(&mut walk.seen);
    }
    let events = [
        "cleared",
        "gate_rejected",
        "drafted",
        "draft_failed",
        "claimed",
        "renewed",
        "given_back",
        "lease_expired",
        "draft_requested",
        "submitted",
        "reviewed",
        "signed",
        "unreserved",
        "owner_decided",
        "held",
        "lifted",
        "released",
        "erased",
        "recalled",
        "restored",
    ];
    // Content is not the walk's matter, and it walks under one version of one protocol.
    let elsewhere = [refusals::ATTRIBUTE_REQUIRED, refusals::OTHER_PROTOCOL_VERSION];
    let codes = refusals::ALL.iter().map(|entry| entry.code).filter(|code| !elsewhere.contains(code));
    let phases = Phase::ALL.iter().map(|phase| phase.as_str());
    let missed: Vec<_> =
        events.into_iter().chain(codes).chain(phases).filter(|word| !seen.contains(*word)).collect();
    assert_eq!(missed, Vec::<&str>::new());
}
