//! Claims: who may take a task, for how long, and what becomes of their draft.

use countersign_model::{
    AiVisibility, Author, Instant, Protocol, ReadId, Refusal, Role, Stage, StageKind, TaskId, UserId,
};

use crate::{
    Effect, ItemState, Lease, Phase, ReadState, ReadStatus, TaskState,
    machine::{Machine, stage_at, task_role},
    refusals::{self, refuse},
    visibility::decides_between,
};

/// Whether this person may claim an open task of the item now. A lease that has run out does not stand in the way.
///
/// # Errors
/// `rework_cap`, `not_ready`, `held`, `already_leased`, `not_in_role`, `separation_of_duties`, `already_read` or
/// `reserved`: of several open tasks, what is said of the last one.
pub fn may_claim(
    protocol: &Protocol,
    state: &ItemState,
    user: UserId,
    roles: &[Role],
    now: Instant,
) -> Result<(), Refusal> {
    let mut refused = match state.phase {
        Phase::Escalated => refuse(refusals::REWORK_CAP),
        _ => refuse(refusals::NOT_READY),
    };
    for task in &state.tasks {
        match claimable(protocol, state, task.id, user, roles, now) {
            Ok(_) => return Ok(()),
            Err(refusal) => refused = refusal,
        }
    }
    Err(refused)
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
    task: TaskId,
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
    let task = state.task(task).ok_or_else(|| refuse(refusals::NOT_READY))?;
    let stage = stage_at(protocol, task.stage)?;
    // What is about the person comes first: whether somebody else is at work is no answer to who may not work here.
    if !roles.contains(&task_role(protocol, task)?) {
        return Err(refuse(refusals::NOT_IN_ROLE));
    }
    if state.acted_elsewhere(user, task.stage) {
        return Err(refuse(refusals::SEPARATION_OF_DUTIES));
    }
    // One person is never two of the independent readers, nor decides again what they handed on. A reader who is at work is
    // told the same of every place: of which one it is said would tell whether the others are still taken.
    let elsewhere = state.held_by(user).is_some_and(|held| {
        held.id != task.id || stage.is_parallel() && held.lease.is_some_and(|lease| now < lease.until)
    });
    if task.apart && (elsewhere || state.acted_at(user, task.stage)) {
        return Err(refuse(refusals::ALREADY_READ));
    }
    if state.is_held() {
        return Err(refuse(refusals::HELD));
    }
    if task.lease.is_some_and(|lease| now < lease.until) {
        return Err(refuse(refusals::ALREADY_LEASED));
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
    let held = state.held_by(user).and_then(|task| task.lease.map(|lease| (task, lease)));
    match held {
        Some((task, lease)) if lease.fence == fence => Ok((task, lease)),
        Some(_) => Err(refuse(refusals::STALE_FENCE)),
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
        id: TaskId,
        user: UserId,
        roles: &[Role],
        now: Instant,
        read: ReadId,
    ) -> Result<(), Refusal> {
        let (task, stage) = claimable(self.protocol, &self.state, id, user, roles, now)?;
        let (index, until) = (task.stage, lease_until(stage, now));
        let (draws, parallel) = (stage.kind != StageKind::Sign, stage.is_parallel());
        let base = self.base_for(user, task, stage);
        let shown = task.draft_shown_to.filter(|shown| *shown == user);
        let fence = task.fence.max(self.state.fence).saturating_add(1);

        self.effects.push(Effect::LeaseTask { task: id, user, until, fence });
        let read = draws.then(|| self.take_up_draft(id, user, index, read, base));
        if !parallel {
            self.state.phase = Phase::Leased;
        }
        if let Some(task) = self.state.task_mut(id) {
            task.lease = Some(Lease { user, until, fence, read });
            task.fence = fence;
            task.draft = read;
            task.draft_shown_to = shown;
        }
        Ok(())
    }

    /// What a new draft begins as: the read under review; what was sent back, for the person it was sent back to; what
    /// reads agree on, for who is shown them to decide; the model's draft, where the stage shows it from the start; else
    /// nothing.
    fn base_for(&self, user: UserId, task: &TaskState, stage: &Stage) -> Option<ReadId> {
        if stage.reviews() {
            return self.state.current;
        }
        if decides_between(stage) {
            let returned = task.returned.map(|returned| returned.read);
            return returned.or_else(|| self.state.merged().map(|read| read.id));
        }
        match task.returned {
            Some(returned) if returned.to == Some(user) || returned.kept => Some(returned.read),
            _ if stage.ai_visibility == AiVisibility::Always => self.state.draft().map(|draft| draft.id),
            _ => None,
        }
    }

    /// The person's own unfinished draft, or a new one. Unfinished drafts of others end here, unless they belong to
    /// another open task.
    fn take_up_draft(
        &mut self,
        task: TaskId,
        user: UserId,
        stage: u32,
        fresh: ReadId,
        base: Option<ReadId>,
    ) -> ReadId {
        let kept: Vec<ReadId> = self
            .state
            .tasks
            .iter()
            .filter(|other| other.id != task)
            .filter_map(|other| other.draft)
            .collect();
        let drafts: Vec<(ReadId, bool)> = self
            .state
            .reads
            .iter()
            .filter(|read| read.status == ReadStatus::Draft)
            .map(|read| (read.id, read.is_by(user) && read.stage == stage))
            .collect();
        let own = drafts.iter().find(|(_, own)| *own).map(|(id, _)| *id);
        for (id, _) in drafts.iter().filter(|(id, _)| Some(*id) != own && !kept.contains(id)) {
            self.void(*id);
        }
        if let Some(read) = own {
            // It may have been begun on another of the open tasks, before that one was given back.
            let moved = self.state.tasks.iter_mut().filter(|other| other.id != task);
            moved.filter(|other| other.draft == Some(read)).for_each(|other| other.draft = None);
            self.effects.push(Effect::ResumeRead { read });
            return read;
        }
        self.state.reads.push(ReadState {
            id: fresh,
            stage,
            author: Author::Human { user },
            status: ReadStatus::Draft,
            content_hash: None,
            place: 0,
        });
        self.effects.push(Effect::OpenRead { read: fresh, stage, user, base });
        fresh
    }

    pub(crate) fn renewed(&mut self, user: UserId, fence: u64, now: Instant) -> Result<(), Refusal> {
        let (task, lease) = running_lease(&self.state, user, fence, now)?;
        let id = task.id;
        // Never shorter than before, even if the clock went back.
        let until = lease_until(stage_at(self.protocol, task.stage)?, now).max(lease.until);
        self.effects.push(Effect::LeaseTask { task: id, user, until, fence });
        if let Some(task) = self.state.task_mut(id) {
            task.lease = Some(Lease { until, ..lease });
        }
        Ok(())
    }

    pub(crate) fn given_back(&mut self, user: UserId, fence: u64) -> Result<(), Refusal> {
        let id = own_lease(&self.state, user, fence)?.0.id;
        self.end_lease(id)
    }

    pub(crate) fn lease_expired(&mut self, id: TaskId, now: Instant) -> Result<(), Refusal> {
        let lease = self.state.task(id).and_then(|task| task.lease);
        let lease = lease.ok_or_else(|| refuse(refusals::NOT_LEASED))?;
        if now < lease.until {
            return Err(refuse(refusals::LEASE_RUNNING));
        }
        self.end_lease(id)
    }

    fn end_lease(&mut self, id: TaskId) -> Result<(), Refusal> {
        if self.state.phase == Phase::Leased {
            self.state.phase = Phase::Queued;
        }
        let held = self.state.is_held();
        if let Some(task) = self.state.task_mut(id) {
            task.lease = None;
            if held {
                self.effects.push(Effect::WithdrawTask { task: id });
                return Ok(());
            }
        }
        self.offer(id)
    }

    pub(crate) fn draft_requested(&mut self, user: UserId, fence: u64, now: Instant) -> Result<(), Refusal> {
        let (task, _) = running_lease(&self.state, user, fence, now)?;
        let id = task.id;
        let on_request = stage_at(self.protocol, task.stage)?.ai_visibility == AiVisibility::OnRequest;
        let draft = self.state.draft().filter(|_| on_request).map(|draft| draft.id);
        let read = draft.ok_or_else(|| refuse(refusals::DRAFT_NOT_OFFERED))?;
        if let Some(task) = self.state.task_mut(id) {
            task.draft_shown_to = Some(user);
        }
        self.effects.push(Effect::DraftShown { read, user });
        Ok(())
    }
}
