//! The machine: takes an event, moves the state, lists the effects. Claims live in `claim`, decisions in `decide`.

use countersign_model::{
    Author, HoldId, Protocol, ReadId, Refusal, Role, SignatureMeaning, Stage, StageKind, TaskId, UserId,
};
use uuid::Uuid;

use crate::{
    Act, Actor, Effect, Event, ItemState, OwnerDecision, Phase, ReadState, ReadStatus, Returned, TaskState,
    refusals::{self, refuse},
};

/// Takes one event: the new state and what has to be done with it, or a refusal. A refused event changes nothing.
///
/// `fresh` gives ids for tasks that the event opens (at most one per event). Replaying the same events with the same
/// ids gives the same state.
///
/// # Errors
/// A [`Refusal`] with one of the codes in [`refusals::ALL`].
pub fn step(
    protocol: &Protocol,
    state: &ItemState,
    event: &Event,
    fresh: &mut dyn FnMut() -> Uuid,
) -> Result<(ItemState, Vec<Effect>), Refusal> {
    if state.protocol_version.is_some_and(|version| version != protocol.version) {
        return Err(refuse(refusals::OTHER_PROTOCOL_VERSION));
    }
    let mut machine = Machine { protocol, state: state.clone(), effects: Vec::new(), fresh };
    machine.take(event)?;
    Ok((machine.state, machine.effects))
}

/// The meaning that a signature at this stage carries, or `None` when the stage takes no signature. A sign stage
/// without a meaning of its own approves.
pub const fn signature_meaning(stage: &Stage) -> Option<SignatureMeaning> {
    match (stage.meaning, stage.kind) {
        (Some(meaning), _) => Some(meaning),
        (None, StageKind::Sign) => Some(SignatureMeaning::Approved),
        (None, _) => None,
    }
}

/// The stage with this index.
pub(crate) fn stage_at(protocol: &Protocol, index: u32) -> Result<&Stage, Refusal> {
    protocol.stages.get(index as usize).ok_or_else(|| refuse(refusals::WRONG_STAGE))
}

pub(crate) struct Machine<'a> {
    pub protocol: &'a Protocol,
    pub state: ItemState,
    pub effects: Vec<Effect>,
    fresh: &'a mut dyn FnMut() -> Uuid,
}

impl Machine<'_> {
    fn take(&mut self, event: &Event) -> Result<(), Refusal> {
        match event {
            Event::Cleared => self.cleared(),
            Event::GateRejected => self.gate_rejected(),
            Event::Recalled => self.recalled(),
            Event::Restored => self.restored(),
            Event::Drafted { read, content_hash, model, version } => {
                let author = Author::Model { name: model.clone(), version: version.clone() };
                self.drafted(*read, author, content_hash)
            }
            Event::DraftFailed => {
                self.expect_phase(Phase::Cleared)?;
                self.open_read_stage()
            }
            Event::Claimed { user, roles, now, read } => self.claimed(*user, roles, *now, *read),
            Event::Renewed { user, fence, now } => self.renewed(*user, *fence, *now),
            Event::GivenBack { user, fence } => self.given_back(*user, *fence),
            Event::LeaseExpired { now } => self.lease_expired(*now),
            Event::DraftRequested { user, fence, now } => self.draft_requested(*user, *fence, *now),
            Event::Submitted { .. } => self.submitted(event),
            Event::Reviewed { .. } => self.reviewed(event),
            Event::Signed { .. } => self.signed(event),
            Event::Unreserved { roles, .. } => self.unreserved(roles),
            Event::OwnerDecided { roles, decision, reason, .. } => {
                self.owner_decided(roles, *decision, reason.as_deref())
            }
            Event::Held { hold } => self.held(*hold),
            Event::Lifted { hold } => self.lifted(*hold),
            Event::Released { .. } => self.released(),
            Event::Erased => {
                self.erased();
                Ok(())
            }
        }
    }

    pub(crate) fn expect_phase(&self, phase: Phase) -> Result<(), Refusal> {
        if self.state.phase == phase { Ok(()) } else { Err(refuse(refusals::WRONG_STAGE)) }
    }

    fn cleared(&mut self) -> Result<(), Refusal> {
        self.expect_phase(Phase::Quarantined)?;
        // Stages are known by their index from here on: a later version may have others.
        self.state.protocol_version = Some(self.protocol.version);
        if stage_at(self.protocol, 0)?.kind == StageKind::Prelabel {
            self.state.phase = Phase::Cleared;
            self.state.stage = Some(0);
            self.effects.push(Effect::NeedsDraft);
            Ok(())
        } else {
            self.open_read_stage()
        }
    }

    fn drafted(&mut self, id: ReadId, author: Author, content_hash: &str) -> Result<(), Refusal> {
        self.expect_phase(Phase::Cleared)?;
        let content_hash = Some(content_hash.to_owned());
        self.state.reads.push(ReadState {
            id,
            stage: 0,
            author,
            status: ReadStatus::Submitted,
            content_hash,
        });
        self.lock_effect(id);
        self.open_read_stage()
    }

    fn open_read_stage(&mut self) -> Result<(), Refusal> {
        let stage = self.read_stage()?;
        self.open_stage(stage, None, None)
    }

    /// Index of the read stage.
    pub(crate) fn read_stage(&self) -> Result<u32, Refusal> {
        let index = self.protocol.stages.iter().position(|stage| stage.kind == StageKind::Read);
        index.and_then(|index| u32::try_from(index).ok()).ok_or_else(|| refuse(refusals::WRONG_STAGE))
    }

    /// Opens a task at a stage and offers it, unless the item is held.
    pub(crate) fn open_stage(
        &mut self,
        stage: u32,
        reserved_for: Option<UserId>,
        returned: Option<Returned>,
    ) -> Result<(), Refusal> {
        stage_at(self.protocol, stage)?;
        self.state.phase = Phase::Queued;
        self.state.stage = Some(stage);
        self.state.task = Some(TaskState {
            id: TaskId((self.fresh)()),
            stage,
            round: self.state.rework_count.saturating_add(1),
            lease: None,
            reserved_for,
            returned,
            draft_shown_to: None,
        });
        if self.state.is_held() { Ok(()) } else { self.offer() }
    }

    /// Says that the open task may be claimed.
    pub(crate) fn offer(&mut self) -> Result<(), Refusal> {
        let Some(task) = &self.state.task else { return Ok(()) };
        let role = stage_at(self.protocol, task.stage)?.role.ok_or_else(|| refuse(refusals::WRONG_STAGE))?;
        self.effects.push(Effect::OpenTask {
            task: task.id,
            stage: task.stage,
            role,
            reserved_for: task.reserved_for,
            round: task.round,
            fence: self.state.fence,
        });
        Ok(())
    }

    /// Closes the task of a stage that is passed and goes on to the next stage, or accepts the item.
    pub(crate) fn advance(&mut self, passed: u32) -> Result<(), Refusal> {
        self.close_task();
        let next = passed.saturating_add(1);
        if (next as usize) < self.protocol.stages.len() {
            return self.open_stage(next, None, None);
        }
        let current = self.state.current_read().ok_or_else(|| refuse(refusals::WRONG_STAGE))?;
        let content_hash = current.content_hash.clone().unwrap_or_default();
        self.effects.push(Effect::Accepted { read: current.id, content_hash });
        self.state.phase = Phase::Accepted;
        self.state.stage = None;
        Ok(())
    }

    pub(crate) fn close_task(&mut self) {
        if let Some(task) = self.state.task.take() {
            self.effects.push(Effect::CloseTask { task: task.id });
        }
    }

    /// Sends the read that stands back to the person whose read it was, or to the owner once the cap is passed.
    pub(crate) fn send_back(&mut self) -> Result<(), Refusal> {
        self.close_task();
        let current = self.state.current.take().ok_or_else(|| refuse(refusals::WRONG_STAGE))?;
        self.set_status(current, ReadStatus::Returned);
        self.effects.push(Effect::ReturnRead { read: current });
        self.state.rework_count = self.state.rework_count.saturating_add(1);
        let allowed = self.protocol.rework_cap.saturating_add(self.state.rework_granted);
        if self.state.rework_count > allowed {
            self.state.phase = Phase::Escalated;
            self.state.stage = None;
            self.effects.push(Effect::NeedsOwner);
            return Ok(());
        }
        let returned = self.last_returned();
        self.open_stage(self.read_stage()?, returned.map(|r| r.to), returned)
    }

    /// The read that was sent back last, and the person who submitted at the read stage in that round.
    fn last_returned(&self) -> Option<Returned> {
        let stage = self.read_stage().ok()?;
        let read = self.state.reads.iter().rev().find(|read| read.status == ReadStatus::Returned)?.id;
        let to = self.state.reads.iter().rev().find_map(|read| match read.author {
            Author::Human { user } if read.stage == stage && read.status != ReadStatus::Draft => Some(user),
            _ => None,
        })?;
        Some(Returned { read, to })
    }

    fn unreserved(&mut self, roles: &[Role]) -> Result<(), Refusal> {
        require_owner(roles)?;
        if self.state.phase == Phase::Leased {
            return Err(refuse(refusals::ALREADY_LEASED));
        }
        let reserved = self.state.task.as_mut().and_then(|task| task.reserved_for.take());
        if reserved.is_none() {
            return Err(refuse(refusals::NOT_RESERVED));
        }
        if self.state.phase == Phase::Queued && !self.state.is_held() { self.offer() } else { Ok(()) }
    }

    fn owner_decided(
        &mut self,
        roles: &[Role],
        decision: OwnerDecision,
        reason: Option<&str>,
    ) -> Result<(), Refusal> {
        require_owner(roles)?;
        self.expect_phase(Phase::Escalated)?;
        require_reason(reason)?;
        match decision {
            OwnerDecision::Withdraw => {
                self.state.phase = Phase::Withdrawn;
                Ok(())
            }
            OwnerDecision::Reopen => {
                // Exactly one more round, however far past the cap the item is.
                self.state.rework_granted = self.state.rework_count.saturating_sub(self.protocol.rework_cap);
                let returned = self.last_returned();
                self.open_stage(self.read_stage()?, None, returned)
            }
        }
    }

    fn held(&mut self, hold: HoldId) -> Result<(), Refusal> {
        if matches!(self.state.phase, Phase::Rejected | Phase::Withdrawn | Phase::Erased) {
            return Err(refuse(refusals::WRONG_STAGE));
        }
        if self.state.holds.contains(&hold) {
            return Err(refuse(refusals::DUPLICATE_HOLD));
        }
        let first = !self.state.is_held();
        self.state.holds.push(hold);
        if let (true, Phase::Queued, Some(task)) = (first, self.state.phase, &self.state.task) {
            self.effects.push(Effect::WithdrawTask { task: task.id });
        }
        Ok(())
    }

    fn lifted(&mut self, hold: HoldId) -> Result<(), Refusal> {
        let place = self.state.holds.iter().position(|open| *open == hold);
        self.state.holds.remove(place.ok_or_else(|| refuse(refusals::NO_SUCH_HOLD))?);
        if self.state.phase == Phase::Queued && !self.state.is_held() { self.offer() } else { Ok(()) }
    }

    fn released(&mut self) -> Result<(), Refusal> {
        if !matches!(self.state.phase, Phase::Accepted | Phase::Released) {
            return Err(refuse(refusals::WRONG_STAGE));
        }
        self.not_held()?;
        self.state.phase = Phase::Released;
        Ok(())
    }

    /// Ends the item from wherever it is: nobody holds or is offered anything of it, nothing stands, no hold is needed.
    /// Who acted stays, and so do the hashes of locked reads: the log names them.
    fn erased(&mut self) {
        if let Some(task) = self.state.task.take() {
            self.effects.push(Effect::WithdrawTask { task: task.id });
        }
        let is_draft = |read: &&ReadState| read.status == ReadStatus::Draft;
        let drafts: Vec<ReadId> = self.state.reads.iter().filter(is_draft).map(|read| read.id).collect();
        drafts.into_iter().for_each(|read| self.void(read));
        self.state.holds.clear();
        self.state.recalled_from = None;
        self.state.current = None;
        self.state.stage = None;
        self.state.phase = Phase::Erased;
    }

    pub(crate) fn not_held(&self) -> Result<(), Refusal> {
        if self.state.is_held() { Err(refuse(refusals::HELD)) } else { Ok(()) }
    }

    pub(crate) fn set_status(&mut self, read: ReadId, status: ReadStatus) {
        if let Some(read) = self.state.reads.iter_mut().find(|r| r.id == read) {
            read.status = status;
        }
    }

    /// Locks a draft under its hash.
    pub(crate) fn lock(&mut self, read: ReadId, content_hash: &str) {
        if let Some(read) = self.state.reads.iter_mut().find(|r| r.id == read) {
            read.status = ReadStatus::Submitted;
            read.content_hash = Some(content_hash.to_owned());
        }
        self.lock_effect(read);
    }

    fn lock_effect(&mut self, id: ReadId) {
        if let Some(read) = self.state.read(id) {
            self.effects.push(Effect::LockRead {
                read: id,
                stage: read.stage,
                content_hash: read.content_hash.clone().unwrap_or_default(),
            });
        }
    }

    /// Ends a draft as void; the machine forgets it, the store keeps it.
    pub(crate) fn void(&mut self, read: ReadId) {
        self.state.reads.retain(|r| r.id != read);
        self.effects.push(Effect::VoidRead { read });
    }

    /// Puts a person into the item's separation set.
    pub(crate) fn took_part(&mut self, user: UserId, stage: u32, act: Act) {
        let actor = Actor { user, stage, act };
        if !self.state.actors.contains(&actor) {
            self.state.actors.push(actor);
        }
        self.effects.push(Effect::Participated { user, stage, act });
    }
}

fn require_owner(roles: &[Role]) -> Result<(), Refusal> {
    if roles.contains(&Role::Owner) { Ok(()) } else { Err(refuse(refusals::NOT_IN_ROLE)) }
}

/// A reason that says something.
pub(crate) fn require_reason(reason: Option<&str>) -> Result<(), Refusal> {
    match reason {
        Some(text) if !text.trim().is_empty() => Ok(()),
        _ => Err(refuse(refusals::REASON_REQUIRED)),
    }
}
