//! Random protocols, people, events and clocks: what must hold whatever happens.

use std::collections::BTreeSet;

use crate::shadow::Shadow;
use crate::world::{compare, hold, protocol, read, signature, stage, user};
use countersign_model::{
    AiVisibility, Blinding, FindingId, Instant, Protocol, ReadId, ReleaseId, ReturnTo, Role, Stage,
    StageKind, TaskId, UserId,
};
use countersign_workflow::{
    AdjudicateDecision, Event, ItemState, Merged, Missing, OwnerDecision, Phase, ReviewDecision,
    SignDecision, TaskState, may_claim, refusals, step,
};
use proptest::{prelude::*, strategy::ValueTree as _};
use uuid::Uuid;

pub const USERS: u8 = 12;
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
    let kind = prop::sample::select(vec![StageKind::Review, StageKind::SampleQa, StageKind::Sign]);
    let on_rejects = prop::collection::vec(prop::sample::select(ReturnTo::ALL), 3);
    let role = prop::sample::select(STAGE_ROLES.to_vec());
    let later = prop::collection::vec((kind, role, ai.clone()), 0..4);
    let reads = (prop_oneof![2 => Just(1_u32), 1 => Just(2), 1 => Just(3)], any::<bool>());
    let parts = (any::<bool>(), ai, later, 0..3_u32, reads, on_rejects, any::<bool>());
    parts.prop_map(|(draft, ai, later, cap, (readers, adaptive), on_rejects, timed)| {
        let mut stages = Vec::new();
        if draft {
            stages.push(stage(StageKind::Prelabel, 0, None, ai));
        }
        let read = stage(StageKind::Read, stages.len(), Some(Role::Annotator), ai);
        let readers_max = (adaptive && readers > 1).then_some(readers + 1);
        let readers_min = (!adaptive && readers > 1).then_some(1);
        stages.push(timely(
            Stage { readers, readers_max, readers_min, ..read },
            timed.then_some(Role::Reviewer),
        ));
        if readers > 1 {
            stages.push(compare(stages.len()));
            let decide = stage(StageKind::Adjudicate, stages.len(), Some(Role::Reviewer), ai);
            let (escalate_to, escalate_hours) = (Some(Role::Specialist), adaptive.then_some(1));
            let blind = if timed { vec![Blinding::EarlierReads] } else { vec![] };
            stages.push(Stage { escalate_to, escalate_hours, blind, ..decide });
        }
        for (kind, role, ai) in later {
            let on_reject = on_rejects[stages.len() % on_rejects.len()];
            let share = (kind == StageKind::SampleQa).then_some(0.5);
            let to = (timed && role != Role::Specialist).then_some(Role::Specialist);
            stages.push(timely(Stage { on_reject, share, ..stage(kind, stages.len(), Some(role), ai) }, to));
        }
        protocol(stages, cap)
    })
}

/// A stage whose tasks are handed on when nobody finishes them.
fn timely(stage: Stage, to: Option<Role>) -> Stage {
    Stage { escalate_to: to, escalate_hours: to.map(|_| 1), ..stage }
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

pub struct Walk<'a> {
    pub protocol: &'a Protocol,
    pub people: &'a [Vec<Role>],
    pub state: ItemState,
    now: Instant,
    ids: u128,
    pub shadow: Shadow,
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
            _ if op.kind.is_multiple_of(3) => op.kind / 3 % 23,
            _ if self.state.is_held() && op.pick.is_multiple_of(2) => 14,
            (Phase::Quarantined, _) => 0,
            (Phase::Cleared, _) => 1,
            (Phase::Queued, _) => {
                let reserved = self.state.tasks.iter().any(|task| task.reserved_for.is_some());
                match op.pick % 16 {
                    5 => 18,
                    6 if reserved => 11,
                    _ => 3,
                }
            }
            (Phase::Reading, _) if op.pick % 16 == 5 => 18,
            (Phase::Reading, _) if op.kind.is_multiple_of(2) => 3,
            (Phase::Reading, _) => 8,
            (Phase::Comparing, _) => 19,
            (Phase::Leased, Some(StageKind::Adjudicate)) => 20,
            (Phase::Leased, Some(StageKind::Read)) => 8,
            (Phase::Leased, Some(StageKind::Review | StageKind::SampleQa)) => 9,
            (Phase::Leased, _) => 10,
            (Phase::Escalated, _) => 12,
            (Phase::Recalled, _) => 17,
            _ => 15,
        }
    }

    fn event(&mut self, op: &Op) -> Event {
        self.ids += 1;
        let fresh = ReadId(Uuid::from_u128(self.ids << 32));
        let leases: Vec<_> = self.state.tasks.iter().filter_map(|task| task.lease).collect();
        let lease = leases.get(usize::from(op.pick / 8) % leases.len().max(1)).copied();
        let tasks = &self.state.tasks;
        let task = tasks.get(usize::from(op.user) % tasks.len().max(1)).cloned();
        let task_id = task.as_ref().map_or(TaskId(Uuid::nil()), |task| task.id);
        // Mostly the holder with the right token, sometimes anybody with any token.
        let honest = !op.pick.is_multiple_of(8);
        let anybody = user(u128::from(op.user));
        let user = lease.filter(|_| honest).map_or(anybody, |lease| lease.user);
        let fence = lease.filter(|_| honest).map_or(u64::from(op.pick) / 8, |lease| lease.fence);
        let now = self.now;
        let roles = self.people[usize::from(op.user)].clone();
        let reason = (!op.pick.is_multiple_of(5)).then(|| "boundary".to_owned());
        match self.kind(op) {
            0 => Event::Cleared { draw: u64::from(op.pick) },
            1 => {
                let (model, version) = ("m".into(), "1".into());
                Event::Drafted {
                    read: fresh,
                    content_hash: HASHES[0].into(),
                    model,
                    version,
                    withheld: false,
                }
            }
            2 if op.pick.is_multiple_of(16) => Event::GateRejected,
            2 => Event::DraftFailed,
            3 => {
                let reserved = task.and_then(|task| task.reserved_for);
                let user = reserved.filter(|_| op.pick.is_multiple_of(2)).unwrap_or(anybody);
                let roles = if user == anybody { roles } else { STAGE_ROLES.to_vec() };
                Event::Claimed { task: task_id, user, roles, now, read: fresh }
            }
            4 => Event::Renewed { user, fence, now },
            5 => Event::GivenBack { user, fence },
            6 => Event::LeaseExpired { task: task_id, now },
            7 => Event::DraftRequested { user, fence, now },
            8..=10 | 20 => self.decision(op, user, fence),
            11 if op.pick.is_multiple_of(4) => {
                Event::ReservationEnded { user: task.and_then(|task| task.reserved_for).unwrap_or(user) }
            }
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
            18 => Event::Overdue { task: task_id, now },
            19 => {
                let merged = Merged { read: fresh, content_hash: HASHES[0].into(), rule: "one 1".into() };
                let merged = (!op.pick.is_multiple_of(7)).then_some(merged);
                Event::Compared { agreed: op.user.is_multiple_of(2), merged }
            }
            21 if op.pick.is_multiple_of(4) => {
                Event::FindingOpened { finding: FindingId(Uuid::from_u128(u128::from(op.user % 2))) }
            }
            21 | 22 => {
                Event::FindingResolved { finding: FindingId(Uuid::from_u128(u128::from(op.user % 2))) }
            }
            15 if op.pick.is_multiple_of(4) => Event::SuggestionKept,
            15 if op.pick.is_multiple_of(3) => Event::Divided { readers: u32::from(op.user % 4) },
            _ => Event::Released { release: ReleaseId(fresh.0) },
        }
    }

    fn decision(&self, op: &Op, user: UserId, fence: u64) -> Event {
        let now = self.now;
        let lease_read = self.state.held_by(user).and_then(|task| task.lease).and_then(|lease| lease.read);
        let read = lease_read.filter(|_| op.pick % 13 != 1).unwrap_or(read(0));
        let stands = self.state.current_read().and_then(|read| read.content_hash.clone());
        let other = HASHES[usize::from(op.user) % 3].to_owned();
        let content_hash = stands.filter(|_| !op.pick.is_multiple_of(3)).unwrap_or(other);
        let reason = (!op.pick.is_multiple_of(5)).then(|| "boundary".to_owned());
        let signature = if op.pick.is_multiple_of(7) { None } else { signature() };
        let returns = [None, None, Some(ReturnTo::SamePerson), Some(ReturnTo::AnotherPerson)];
        let return_to = returns[usize::from(op.pick / 32) % 4];
        match self.kind(op) {
            8 => Event::Submitted { user, fence, now, read, content_hash, signature },
            9 => {
                let decisions = [ReviewDecision::Accept, ReviewDecision::Fix, ReviewDecision::Reject];
                let decision = decisions[usize::from(op.user) % 3];
                let answers = [None, Some(Missing::Added), Some(Missing::Nothing), Some(Missing::Nothing)];
                let missing = answers[usize::from(op.pick / 16) % 4];
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
            20 => {
                let decision = if op.user.is_multiple_of(3) {
                    AdjudicateDecision::Escalate
                } else {
                    AdjudicateDecision::Decide
                };
                Event::Adjudicated { user, fence, now, decision, reason, read, content_hash, signature }
            }
            _ => {
                let decision = if op.user % 3 == 1 { SignDecision::Reject } else { SignDecision::Sign };
                Event::Signed { user, fence, now, decision, reason, return_to, content_hash, signature }
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

    /// Everybody works whenever they may, and always accepts: ends in a terminal or a waiting state.
    fn work_fairly(&mut self) {
        for hold in self.state.holds.clone() {
            assert!(self.take(Event::Lifted { hold }));
        }
        self.take(Event::Restored);
        self.take(Event::Cleared { draw: 7 });
        self.take(Event::DraftFailed);
        for finding in self.state.findings.clone() {
            assert!(self.take(Event::FindingResolved { finding }));
        }
        for _ in 0..=2 * self.protocol.stages.len() + 20 {
            self.now = self.now.plus_seconds(1_000_000);
            for task in self.state.tasks.clone() {
                self.take(Event::LeaseExpired { task: task.id, now: self.now });
            }
            self.take(Event::Unreserved { user: user(99), roles: vec![Role::Owner] });
            if self.state.phase == Phase::Comparing {
                self.ids += 1;
                let read = ReadId(Uuid::from_u128(self.ids << 32));
                let merged = Merged { read, content_hash: "h".into(), rule: "one 1".into() };
                assert!(
                    self.take(Event::Compared { agreed: self.ids.is_multiple_of(2), merged: Some(merged) })
                );
            }
            let waits = matches!(self.state.phase, Phase::Queued | Phase::Reading);
            let Some(index) = self.state.stage.filter(|_| waits) else { return };
            let may = |n: &usize| {
                may_claim(self.protocol, &self.state, user(*n as u128), &self.people[*n], self.now).is_ok()
            };
            let Some(who) = (0..self.people.len()).find(may) else {
                // What nobody can do moves up where the protocol says to whom, once, and then waits for people.
                let tasks: Vec<TaskId> = self.state.tasks.iter().map(|task| task.id).collect();
                let now = self.now;
                if tasks.into_iter().any(|task| self.take(Event::Overdue { task, now })) {
                    continue;
                }
                self.assert_everything_moved_up();
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
        let roles = self.people[who].clone();
        let tasks: Vec<TaskId> = self.state.tasks.iter().map(|task| task.id).collect();
        let claim = |task| Event::Claimed { task, user, roles: roles.clone(), now, read: fresh };
        assert!(tasks.into_iter().any(|task| self.take(claim(task))));
        let lease = self.state.held_by(user).unwrap().lease.unwrap();
        let (fence, read) = (lease.fence, lease.read);
        let stands = self.state.current_read().and_then(|read| read.content_hash.clone());
        let content_hash = stands.unwrap_or("h".into());
        let signature = signature();
        let event = match (self.protocol.stages[index as usize].kind, read) {
            (StageKind::Read, Some(read)) => {
                Event::Submitted { user, fence, now, read, content_hash, signature }
            }
            (StageKind::Review | StageKind::SampleQa, Some(read)) => Event::Reviewed {
                user,
                fence,
                now,
                decision: ReviewDecision::Accept,
                missing: Some(Missing::Nothing),
                reason: None,
                return_to: None,
                read,
                content_hash,
                signature,
            },
            (StageKind::Adjudicate, Some(read)) => {
                let (decision, reason) = (AdjudicateDecision::Decide, Some("boundary".to_owned()));
                Event::Adjudicated { user, fence, now, decision, reason, read, content_hash, signature }
            }
            _ => {
                let (decision, reason, return_to) = (SignDecision::Sign, None, None);
                Event::Signed { user, fence, now, decision, reason, return_to, content_hash, signature }
            }
        };
        assert!(self.take(event), "who may claim may also finish");
    }

    fn assert_everything_moved_up(&self) {
        for task in &self.state.tasks {
            let stage = &self.protocol.stages[task.stage as usize];
            assert!(stage.escalate_hours.is_none() || task.role == stage.escalate_to, "waits below its role");
        }
    }

    fn assert_nobody_is_left(&self, index: u32) {
        let stage = &self.protocol.stages[index as usize];
        let role = |task: &TaskState| task.role.or(stage.role).unwrap();
        let asked: Vec<_> = self.state.tasks.iter().map(|task| (role(task), task.apart)).collect();
        for (n, roles) in self.people.iter().enumerate() {
            let who = user(n as u128);
            for (role, apart) in &asked {
                let kept =
                    self.state.acted_elsewhere(who, index) || *apart && self.state.acted_at(who, index);
                assert!(!roles.contains(role) || kept);
            }
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
        prop_assert!(![Phase::Leased, Phase::Cleared, Phase::Quarantined, Phase::Comparing].contains(&end));
    }
}

/// The walk above is only worth something if it gets everywhere: with fixed seeds it meets every event, every
/// refusal and every phase.
#[test]
fn the_walk_gets_everywhere() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..768 {
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
        "compared",
        "adjudicated",
        "overdue",
        "finding_opened",
        "finding_resolved",
        "reviewed",
        "signed",
        "unreserved",
        "reservation_ended",
        "owner_decided",
        "held",
        "lifted",
        "released",
        "suggestion_kept",
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
