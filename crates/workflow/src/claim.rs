//! Claims: who may take a task, for how long, and what becomes of their draft.

use countersign_model::{
    AiVisibility, Author, Instant, Protocol, ReadId, Refusal, Role, Stage, StageKind, UserId,
};

use crate::{
    Effect, ItemState, Lease, Phase, ReadState, ReadStatus, TaskState,
    machine::{Machine, stage_at},
    refusals::{self, refuse},
};

/// Whether this person may claim the item's open task now. A lease that has run out does not stand in the way.
///
/// # Errors
/// `rework_cap`, `not_ready`, `held`, `already_leased`, `not_in_role`, `separation_of_duties` or `reserved`.
pub fn may_claim(
    protocol: &Protocol,
    state: &ItemState,
    user: UserId,
    roles: &[Role],
    now: Instant,
) -> Result<(), Refusal> {
    claimable(protocol, state, user, roles, now).map(|_| ())
}

/// Whether the holder may save into their draft; the read that they save into. Allowed while the item is held, so
/// that nobody loses work to a hold.
///
/// # Errors
/// `not_leased`, `stale_fence`, `lease_expired`, or `wrong_stage` at a sign stage, where nothing is drawn.
pub fn may_save(state: &ItemState, user: UserId, fence: u64, now: Instant) -> Result<ReadId, Refusal> {
    let (_, lease) = running_lease(state, user, fence, now)?;
    lease.read.ok_or_else(|| refuse(refusals::WRONG_STAGE))
}

fn claimable<'s, 'p>(
    protocol: &'p Protocol,
    state: &'s ItemState,
    user: UserId,
    roles: &[Role],
    now: Instant,
) -> Result<(&'s TaskState, &'p Stage), Refusal> {
    if state.phase == Phase::Escalated {
        return Err(refuse(refusals::REWORK_CAP));
    }
    if state.phase == Phase::Recalled {
        return Err(refuse(refusals::NOT_READY));
    }
    let task = state.task.as_ref().ok_or_else(|| refuse(refusals::NOT_READY))?;
    let stage = stage_at(protocol, task.stage)?;
    if state.is_held() {
        return Err(refuse(refusals::HELD));
    }
    if task.lease.is_some_and(|lease| now < lease.until) {
        return Err(refuse(refusals::ALREADY_LEASED));
    }
    if !stage.role.is_some_and(|role| roles.contains(&role)) {
        return Err(refuse(refusals::NOT_IN_ROLE));
    }
    if state.acted_elsewhere(user, task.stage) {
        return Err(refuse(refusals::SEPARATION_OF_DUTIES));
    }
    if task.reserved_for.is_some_and(|reserved| reserved != user) {
        return Err(refuse(refusals::RESERVED));
    }
    Ok((task, stage))
}

/// The task and the lease, when it is this person's, the newest, and running.
pub(crate) fn running_lease(
    state: &ItemState,
    user: UserId,
    fence: u64,
    now: Instant,
) -> Result<(&TaskState, Lease), Refusal> {
    let (task, lease) = own_lease(state, user, fence)?;
    if now < lease.until { Ok((task, lease)) } else { Err(refuse(refusals::LEASE_EXPIRED)) }
}

fn own_lease(state: &ItemState, user: UserId, fence: u64) -> Result<(&TaskState, Lease), Refusal> {
    if fence != state.fence {
        return Err(refuse(refusals::STALE_FENCE));
    }
    match &state.task {
        Some(task) => match task.lease {
            Some(lease) if lease.user == user => Ok((task, lease)),
            _ => Err(refuse(refusals::NOT_LEASED)),
        },
        None => Err(refuse(refusals::NOT_LEASED)),
    }
}

/// When a lease that is claimed or renewed at this stage now ends: [`crate::step`] gives exactly this.
pub const fn lease_until(stage: &Stage, now: Instant) -> Instant {
    now.plus_seconds(stage.lease_minutes as i64 * 60)
}

impl Machine<'_> {
    pub(crate) fn claimed(
        &mut self,
        user: UserId,
        roles: &[Role],
        now: Instant,
        read: ReadId,
    ) -> Result<(), Refusal> {
        let (task, stage) = claimable(self.protocol, &self.state, user, roles, now)?;
        let (task_id, index, until) = (task.id, task.stage, lease_until(stage, now));
        let draws = stage.kind != StageKind::Sign;
        let base = self.base_for(user, task, stage);
        let shown = task.draft_shown_to.filter(|shown| *shown == user);

        self.state.fence = self.state.fence.saturating_add(1);
        let fence = self.state.fence;
        self.effects.push(Effect::LeaseTask { task: task_id, user, until, fence });
        let read = draws.then(|| self.take_up_draft(user, index, read, base));
        self.state.phase = Phase::Leased;
        if let Some(task) = &mut self.state.task {
            task.lease = Some(Lease { user, until, fence, read });
            task.draft_shown_to = shown;
        }
        Ok(())
    }

    /// What a new draft begins as: the read under review; what was sent back, for the person it was sent back to;
    /// the model's draft, where the stage shows it from the start; else nothing.
    fn base_for(&self, user: UserId, task: &TaskState, stage: &Stage) -> Option<ReadId> {
        if stage.kind == StageKind::Review {
            return self.state.current;
        }
        match task.returned {
            Some(returned) if returned.to == user => Some(returned.read),
            _ if stage.ai_visibility == AiVisibility::Always => self.state.draft().map(|draft| draft.id),
            _ => None,
        }
    }

    /// The person's own unfinished draft, or a new one; unfinished drafts of others end here.
    fn take_up_draft(&mut self, user: UserId, stage: u32, fresh: ReadId, base: Option<ReadId>) -> ReadId {
        let drafts: Vec<(ReadId, bool)> = self
            .state
            .reads
            .iter()
            .filter(|read| read.status == ReadStatus::Draft)
            .map(|read| (read.id, read.is_by(user) && read.stage == stage))
            .collect();
        let own = drafts.iter().find(|(_, own)| *own).map(|(id, _)| *id);
        for (id, _) in drafts.iter().filter(|(id, _)| Some(*id) != own) {
            self.void(*id);
        }
        if let Some(read) = own {
            self.effects.push(Effect::ResumeRead { read });
            return read;
        }
        self.state.reads.push(ReadState {
            id: fresh,
            stage,
            author: Author::Human { user },
            status: ReadStatus::Draft,
            content_hash: None,
        });
        self.effects.push(Effect::OpenRead { read: fresh, stage, user, base });
        fresh
    }

    pub(crate) fn renewed(&mut self, user: UserId, fence: u64, now: Instant) -> Result<(), Refusal> {
        let (task, lease) = running_lease(&self.state, user, fence, now)?;
        // Never shorter than before, even if the clock went back.
        let until = lease_until(stage_at(self.protocol, task.stage)?, now).max(lease.until);
        self.effects.push(Effect::LeaseTask { task: task.id, user, until, fence });
        if let Some(task) = &mut self.state.task {
            task.lease = Some(Lease { until, ..lease });
        }
        Ok(())
    }

    pub(crate) fn given_back(&mut self, user: UserId, fence: u64) -> Result<(), Refusal> {
        own_lease(&self.state, user, fence)?;
        self.end_lease()
    }

    pub(crate) fn lease_expired(&mut self, now: Instant) -> Result<(), Refusal> {
        let lease = self.state.lease().ok_or_else(|| refuse(refusals::NOT_LEASED))?;
        if now < lease.until {
            return Err(refuse(refusals::LEASE_RUNNING));
        }
        self.end_lease()
    }

    fn end_lease(&mut self) -> Result<(), Refusal> {
        self.state.phase = Phase::Queued;
        let held = self.state.is_held();
        if let Some(task) = &mut self.state.task {
            task.lease = None;
            if held {
                self.effects.push(Effect::WithdrawTask { task: task.id });
                return Ok(());
            }
        }
        self.offer()
    }

    pub(crate) fn draft_requested(&mut self, user: UserId, fence: u64, now: Instant) -> Result<(), Refusal> {
        let (task, _) = running_lease(&self.state, user, fence, now)?;
        let on_request = stage_at(self.protocol, task.stage)?.ai_visibility == AiVisibility::OnRequest;
        let draft = self.state.draft().filter(|_| on_request).map(|draft| draft.id);
        let read = draft.ok_or_else(|| refuse(refusals::DRAFT_NOT_OFFERED))?;
        if let Some(task) = &mut self.state.task {
            task.draft_shown_to = Some(user);
        }
        self.effects.push(Effect::DraftShown { read, user });
        Ok(())
    }
}
