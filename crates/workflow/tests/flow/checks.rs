//! What must hold after every step of the random walk.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::{AiVisibility, Author, Blinding, Stage, StageKind, TaskId};
use countersign_workflow::{
    EARLIER_READING, Effect, Event, ItemState, Phase, ReadStatus, TaskState, visible_reads,
};

use crate::{
    random_walk::{USERS, Walk},
    world::user,
};

impl Walk<'_> {
    pub fn check_people(&self, event: &Event, before: &ItemState) {
        let mut stages = BTreeMap::new();
        for actor in self.state.actors.iter().filter(|actor| actor.stage != EARLIER_READING) {
            assert_eq!(
                *stages.entry(actor.user).or_insert(actor.stage),
                actor.stage,
                "one person, two stages"
            );
        }
        for task in &self.state.tasks {
            let old = before.task(task.id).map_or(before.fence, |task| task.fence);
            let claimed = matches!(event, Event::Claimed { task: claimed, .. } if *claimed == task.id);
            assert!(if claimed { task.fence > old } else { task.fence >= old }, "a token came again");
            assert!(task.lease.is_none_or(|lease| lease.fence == task.fence));
        }
        self.check_handing_on(event, before);
        let holders: Vec<_> =
            self.state.tasks.iter().filter_map(|t| t.lease.map(|lease| lease.user)).collect();
        assert_eq!(holders.iter().collect::<BTreeSet<_>>().len(), holders.len(), "one person, two tasks");
        if self.state.phase == Phase::Accepted {
            self.check_passed();
            assert!(self.state.current_read().is_some_and(|read| read.status == ReadStatus::Submitted));
        }
    }

    /// What nobody finished in time is handed on as one task, to the role that the stage names; who acted at the stage before,
    /// in any round, is not who takes it, and the other places of independent readers stay as they are.
    fn check_handing_on(&self, event: &Event, before: &ItemState) {
        match event {
            Event::Overdue { task: late, .. } => {
                let stage = before.task(*late).unwrap().stage;
                assert_eq!(self.state.tasks.len(), before.tasks.len());
                let others = || before.tasks.iter().filter(|task| task.id != *late);
                assert!(others().all(|task| self.state.task(task.id) == Some(task)));
                let fresh: Vec<_> =
                    self.state.tasks.iter().filter(|task| before.task(task.id).is_none()).collect();
                let [fresh] = fresh[..] else { panic!("one task for another") };
                assert_eq!(
                    (fresh.stage, fresh.role),
                    (stage, self.protocol.stages[stage as usize].escalate_to)
                );
                assert!(fresh.apart && fresh.lease.is_none() && fresh.reserved_for.is_none());
                assert_eq!(self.state.phase == Phase::Reading, before.phase == Phase::Reading);
            }
            Event::Claimed { task, user, .. } => {
                let claimed = before.task(*task).unwrap();
                assert!(!claimed.apart || !before.acted_at(*user, claimed.stage), "handed on to who acted");
                assert!(!before.acted_at(*user, EARLIER_READING), "who was misled had a part in it again");
            }
            _ => {}
        }
    }

    /// An accepted item was read by as many different people as the protocol asks for, and each later stage that it went
    /// through was done by somebody else again.
    pub fn check_passed(&self) {
        let (read, stage) =
            (0_u32..).zip(&self.protocol.stages).find(|(_, s)| s.kind == StageKind::Read).unwrap();
        let readers: BTreeSet<_> =
            self.shadow.readers.iter().filter(|(at, _)| *at == read).map(|(_, user)| user).collect();
        let fewest = stage.readers_min.unwrap_or(stage.readers);
        let least = self.state.readers.map_or(stage.readers, |n| n.clamp(fewest, stage.readers));
        assert!(readers.len() >= least as usize, "distinct authors");
        let later: Vec<_> = self.shadow.passed.iter().filter(|(at, _)| *at != read).collect();
        let people: BTreeSet<_> = later.iter().map(|(_, user)| user).collect();
        assert_eq!(people.len(), later.len(), "as many people as stages");
        assert!(people.iter().all(|user| !readers.contains(user)));
        let must = (0_u32..).zip(&self.protocol.stages).filter(|(at, stage)| {
            let skipped =
                matches!(stage.kind, StageKind::Adjudicate | StageKind::SampleQa) || stage.is_automatic();
            *at != read && !skipped
        });
        let must: Vec<u32> = must.map(|(at, _)| at).collect();
        let passed: Vec<u32> = later.iter().map(|(at, _)| *at).filter(|at| must.contains(at)).collect();
        assert_eq!(passed, must, "every stage, in order");
    }

    pub fn check_hold(&self, event: &Event, before: &ItemState, effects: &[Effect]) {
        if !before.is_held() {
            return;
        }
        let forbidden = matches!(
            event,
            Event::Claimed { .. }
                | Event::Submitted { .. }
                | Event::Reviewed { .. }
                | Event::Signed { .. }
                | Event::Relabelled
                | Event::Divided { .. }
                | Event::Released { .. }
        );
        assert!(!forbidden, "{event:?} while held");
        let offered = effects.iter().any(|effect| matches!(effect, Effect::OpenTask { .. }));
        assert!(!offered || !self.state.is_held(), "a held item offers no task");
    }

    pub fn check_store(&self) {
        let text = serde_json::to_string(&self.state).unwrap();
        assert_eq!(serde_json::from_str::<ItemState>(&text).unwrap(), self.state);
        let waits = matches!(self.state.phase, Phase::Queued | Phase::Reading) && !self.state.is_held();
        let idle = |t: &&TaskState| waits && t.lease.is_none();
        let offered: BTreeSet<TaskId> = self.state.tasks.iter().filter(idle).map(|t| t.id).collect();
        assert_eq!(self.shadow.ready, offered);
        let lease = |t: &TaskState| t.lease.map(|lease| (t.id, lease.user));
        let leased: BTreeMap<_, _> = self.state.tasks.iter().filter_map(lease).collect();
        assert_eq!(self.shadow.leased, leased);
        let single = self.state.phase != Phase::Reading;
        assert!(!single || (self.state.phase == Phase::Leased) != leased.is_empty());
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
    pub fn check_visibility(&self) {
        let kind = self.state.stage.and_then(|s| self.protocol.stages.get(s as usize)).map(|s| s.kind);
        let reading = |who| self.state.held_by(who).is_some() && kind == Some(StageKind::Read);
        let barrier = matches!(self.state.phase, Phase::Reading | Phase::Comparing);
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
                    let shown =
                        |s: &Stage| matches!(s.ai_visibility, AiVisibility::Always | AiVisibility::OnRequest);
                    assert!(
                        !barrier || self.protocol.stages.iter().any(shown),
                        "the draft before the barrier"
                    );
                    continue;
                }
                assert!(!barrier, "a read seen before the barrier");
                let blind = self.state.held_by(who).is_some()
                    && self
                        .state
                        .stage
                        .is_some_and(|at| self.protocol.stages[at as usize].hides(Blinding::EarlierReads));
                assert!(!blind, "who decides blind was shown a read");
                let returned = self.state.held_by(who).and_then(|task| task.returned);
                let back = returned.is_some_and(|r| r.read == id && r.to == Some(who));
                assert!(!reading(who) || back, "a reader saw another read");
                assert!(self.state.held_by(who).is_some() || self.state.took_part(who));
            }
        }
    }
}
