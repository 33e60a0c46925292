//! Independent reads: what happens when they are locked, compared and decided between.

use countersign_model::{Author, Instant, ReadId, Refusal, Stage, StageKind, TaskId, UserId};

use crate::{
    Act, AdjudicateDecision, Event, ItemState, Merged, Phase, ReadState, ReadStatus,
    decide::require_signature,
    machine::{Machine, Opening, require_reason, stage_at},
    refusals::{self, refuse},
};

/// Whether reads that do not agree are put to one more independent reader, rather than to somebody who decides.
pub fn asks_another_reader(protocol: &countersign_model::Protocol, state: &ItemState) -> bool {
    let read = (0_u32..).zip(&protocol.stages).find(|(_, stage)| stage.kind == StageKind::Read);
    read.is_some_and(|(index, stage)| {
        (state.locked_at(index).len() as u64) < u64::from(stage.readers_limit())
    })
}

impl Machine<'_> {
    /// One of several independent reads is locked. Nothing of it shows before the last one is.
    pub(crate) fn submitted_beside(
        &mut self,
        task: TaskId,
        stage: u32,
        user: UserId,
        read: ReadId,
        content_hash: &str,
    ) -> Result<(), Refusal> {
        let place = u32::try_from(self.state.locked_at(stage).len()).unwrap_or(u32::MAX).saturating_add(1);
        if let Some(read) = self.state.reads.iter_mut().find(|r| r.id == read) {
            read.place = place;
        }
        self.lock(read, content_hash);
        self.took_part(user, stage, Act::Authored);
        self.close_task(task);
        if self.state.tasks.is_empty() { self.advance(stage) } else { Ok(()) }
    }

    /// What came of the comparison: the merged read stands, or one more reader is asked, or somebody decides.
    pub(crate) fn compared(&mut self, agreed: bool, merged: Option<&Merged>) -> Result<(), Refusal> {
        self.expect_phase(Phase::Comparing)?;
        let compare = self.stage_of(StageKind::Compare).ok_or_else(|| refuse(refusals::WRONG_STAGE))?;
        if !agreed && asks_another_reader(self.protocol, &self.state) {
            let stage = self.read_stage()?;
            self.state.phase = Phase::Reading;
            self.state.stage = Some(stage);
            return self.open_task(stage, Opening::default());
        }
        let merged = merged.ok_or_else(|| refuse(refusals::READS_TOO_FEW))?;
        self.state.reads.push(ReadState {
            id: merged.read,
            stage: compare,
            author: Author::Rule { rule: merged.rule.clone() },
            status: ReadStatus::Submitted,
            content_hash: Some(merged.content_hash.clone()),
            place: 0,
        });
        self.lock_effect(merged.read);
        if agreed {
            self.state.current = Some(merged.read);
            return self.advance(compare);
        }
        self.open_stage(compare.saturating_add(1), Opening::default())
    }

    pub(crate) fn adjudicated(&mut self, event: &Event) -> Result<(), Refusal> {
        let Event::Adjudicated { user, fence, now, decision, reason, read, content_hash, signature } = event
        else {
            return Err(refuse(refusals::WRONG_STAGE));
        };
        let (task, stage, lease) = self.deciding(*user, *fence, *now)?;
        if stage.kind != StageKind::Adjudicate {
            return Err(refuse(refusals::WRONG_STAGE));
        }
        if lease.read != Some(*read) {
            return Err(refuse(refusals::WRONG_READ));
        }
        require_reason(reason.as_deref())?;
        let (id, index) = (task.id, task.stage);
        if *decision == AdjudicateDecision::Escalate {
            if task.role.is_some() || stage.escalate_to.is_none() {
                return Err(refuse(refusals::CANNOT_ESCALATE));
            }
            self.void(*read);
            self.took_part(*user, index, Act::Escalated);
            return self.hand_on(id, index);
        }
        require_signature(stage, *signature)?;
        self.no_finding()?;
        self.lock(*read, content_hash);
        self.state.current = Some(*read);
        self.took_part(*user, index, Act::Adjudicated);
        self.advance(index)
    }

    /// Closes a task and opens it anew for the role that the stage hands on to: for somebody who has not acted on the item,
    /// nor holds another task of it. Where several read independently, it is one of their places that is handed on, and
    /// whoever takes it reads as blind as they do.
    fn hand_on(&mut self, task: TaskId, index: u32) -> Result<(), Refusal> {
        let old = self.state.task(task).and_then(|task| task.returned);
        let stage = stage_at(self.protocol, index)?;
        let (role, parallel) = (stage.escalate_to, stage.is_parallel());
        let opening = Opening { role, apart: true, returned: old, reserved_for: None };
        // What comes back goes to whom it was handed on to; what goes on begins with the stage's own role again.
        self.state.handed_on |= self.reworked_at()? == index;
        self.close_task(task);
        if parallel { self.open_task(index, opening) } else { self.open_stage(index, opening) }
    }

    /// Hands a task on that nobody finished in time. Whoever holds it at the moment may finish first.
    pub(crate) fn overdue(&mut self, id: TaskId, now: Instant) -> Result<(), Refusal> {
        // A recalled item keeps its tasks, and nobody may be offered them before a privacy officer gives it back.
        if !matches!(self.state.phase, Phase::Queued | Phase::Leased | Phase::Reading) {
            return Err(refuse(refusals::NOT_OVERDUE));
        }
        let task = self.state.task(id).ok_or_else(|| refuse(refusals::NOT_OVERDUE))?;
        let stage: &Stage = stage_at(self.protocol, task.stage)?;
        let working = task.lease.is_some_and(|lease| now < lease.until);
        if task.role.is_some() || stage.escalate_to.is_none() || stage.escalate_hours.is_none() || working {
            return Err(refuse(refusals::NOT_OVERDUE));
        }
        self.not_held()?;
        let (index, draft) = (task.stage, task.draft);
        if let Some(draft) = draft {
            self.void(draft);
        }
        self.hand_on(id, index)
    }
}
