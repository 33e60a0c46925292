//! The machine: takes an event, moves the state, lists the effects. Claims live in `claim`, decisions in `decide`.

use countersign_model::{
    Author, FindingId, HoldId, ItemId, Protocol, ReadId, Refusal, Role, SignatureMeaning, Stage, StageKind,
    TaskId, UserId,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    Act, Actor, Effect, Event, ItemState, Phase, ReadState, ReadStatus, Returned, TaskState,
    divide::places,
    refusals::{self, refuse},
};

/// Takes one event: the new state and what has to be done with it, or a refusal. A refused event changes nothing.
///
/// `fresh` gives ids for tasks that the event opens (one, or one per independent reader). Replaying the same events with the same
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
    let moves_on = matches!(event, Event::Relabelled);
    if state.protocol_version.is_some_and(|version| version != protocol.version) && !moves_on {
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

/// The role that a task asks for: its stage's, unless it was handed on.
pub(crate) fn task_role(protocol: &Protocol, task: &TaskState) -> Result<Role, Refusal> {
    let stage = stage_at(protocol, task.stage)?;
    task.role.or(stage.role).ok_or_else(|| refuse(refusals::WRONG_STAGE))
}

/// Whether an item falls into a stage's sample: its own number and the stage's id decide, so that anybody who knows the
/// project's seed can draw again. An item without a number is always looked at.
pub fn is_sampled(stage: &Stage, draw: Option<u64>) -> bool {
    let (Some(share), Some(draw)) = (stage.share, draw) else { return true };
    let mut hasher = Sha256::new();
    hasher.update(draw.to_be_bytes());
    hasher.update(stage.id.as_bytes());
    let bytes: [u8; 32] = hasher.finalize().into();
    let head = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    f64::from(head) < share * (f64::from(u32::MAX) + 1.0)
}

/// The number that is drawn for an item under a version's seed: the first 8 bytes, as a big-endian number, of SHA-256 over
/// [`DRAW_PREFIX`], the seed and the item's id. Whoever knows the seed can draw again.
pub fn sample_draw(seed: &[u8; 32], item: ItemId) -> u64 {
    let mut hasher = Sha256::new();
    hasher.update(DRAW_PREFIX);
    hasher.update(seed);
    hasher.update(item.0.as_bytes());
    let bytes: [u8; 32] = hasher.finalize().into();
    bytes[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// What the hash behind an item's number begins with.
pub const DRAW_PREFIX: &[u8] = b"countersign sample 1\n";

/// How a task is opened beyond the rules of its stage.
#[derive(Clone, Copy, Default)]
pub(crate) struct Opening {
    pub reserved_for: Option<UserId>,
    pub returned: Option<Returned>,
    pub role: Option<Role>,
    pub apart: bool,
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
            Event::Cleared { draw } => self.cleared(*draw),
            Event::GateRejected => self.gate_rejected(),
            Event::Recalled => self.recalled(),
            Event::Restored => self.restored(),
            Event::Drafted { read, content_hash, model, version, withheld } => {
                self.state.withheld = *withheld;
                let author = Author::Model { name: model.clone(), version: version.clone() };
                self.drafted(*read, author, content_hash)
            }
            Event::DraftFailed => {
                self.expect_phase(Phase::Cleared)?;
                self.open_read_stage()
            }
            Event::Claimed { task, user, roles, now, read } => self.claimed(*task, *user, roles, *now, *read),
            Event::Renewed { user, fence, now } => self.renewed(*user, *fence, *now),
            Event::GivenBack { user, fence } => self.given_back(*user, *fence),
            Event::LeaseExpired { task, now } => self.lease_expired(*task, *now),
            Event::DraftRequested { user, fence, now } => self.draft_requested(*user, *fence, *now),
            Event::Submitted { .. } => self.submitted(event),
            Event::Reviewed { .. } => self.reviewed(event),
            Event::Signed { .. } => self.signed(event),
            Event::Compared { agreed, merged } => self.compared(*agreed, merged.as_ref()),
            Event::Adjudicated { .. } => self.adjudicated(event),
            Event::Overdue { task, now } => self.overdue(*task, *now),
            Event::FindingOpened { finding } => self.finding_opened(*finding),
            Event::FindingResolved { finding } => self.finding_resolved(*finding),
            Event::Unreserved { roles, .. } => self.unreserved(roles),
            Event::ReservationEnded { user } => self.reservation_ended(*user),
            Event::OwnerDecided { user, roles, decision, reason } => {
                self.owner_decided(*user, roles, *decision, reason.as_deref())
            }
            Event::Held { hold } => self.held(*hold),
            Event::Lifted { hold } => self.lifted(*hold),
            Event::Relabelled => self.relabelled(),
            Event::SuggestionKept => self.suggestion_kept(),
            Event::Divided { readers } => self.divided(*readers),
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

    fn cleared(&mut self, draw: u64) -> Result<(), Refusal> {
        self.expect_phase(Phase::Quarantined)?;
        self.state.draw = Some(draw);
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
            place: 0,
        });
        self.lock_effect(id);
        self.open_read_stage()
    }

    fn open_read_stage(&mut self) -> Result<(), Refusal> {
        let stage = self.read_stage()?;
        self.open_stage(stage, Opening::default())
    }

    /// Index of the read stage.
    pub(crate) fn read_stage(&self) -> Result<u32, Refusal> {
        self.stage_of(StageKind::Read).ok_or_else(|| refuse(refusals::WRONG_STAGE))
    }

    pub(crate) fn stage_of(&self, kind: StageKind) -> Option<u32> {
        let index = self.protocol.stages.iter().position(|stage| stage.kind == kind);
        index.and_then(|index| u32::try_from(index).ok())
    }

    /// Opens a stage: its task, or one for each independent reader, and offers it unless the item is held.
    pub(crate) fn open_stage(&mut self, index: u32, opening: Opening) -> Result<(), Refusal> {
        let stage = stage_at(self.protocol, index)?;
        self.state.stage = Some(index);
        self.state.phase = if stage.is_parallel() { Phase::Reading } else { Phase::Queued };
        for _ in 0..places(stage, &self.state) {
            self.open_task(index, opening)?;
        }
        Ok(())
    }

    /// Opens one more task at a stage and offers it, unless the item is held.
    pub(crate) fn open_task(&mut self, index: u32, opening: Opening) -> Result<(), Refusal> {
        let stage = stage_at(self.protocol, index)?;
        let id = TaskId((self.fresh)());
        self.state.tasks.push(TaskState {
            id,
            stage: index,
            round: self.state.rework_count.saturating_add(1),
            lease: None,
            reserved_for: opening.reserved_for,
            returned: opening.returned,
            draft_shown_to: None,
            fence: self.state.fence,
            draft: None,
            role: opening.role,
            apart: opening.apart || stage.is_parallel(),
        });
        if self.state.is_held() { Ok(()) } else { self.offer(id) }
    }

    /// Says that an open task may be claimed.
    pub(crate) fn offer(&mut self, id: TaskId) -> Result<(), Refusal> {
        let Some(task) = self.state.task(id) else { return Ok(()) };
        let role = task_role(self.protocol, task)?;
        self.effects.push(Effect::OpenTask {
            task: task.id,
            stage: task.stage,
            role,
            reserved_for: task.reserved_for,
            round: task.round,
            fence: task.fence,
            apart: task.apart,
        });
        Ok(())
    }

    /// Offers every open task that nobody has claimed.
    pub(crate) fn offer_idle(&mut self) -> Result<(), Refusal> {
        self.idle().into_iter().try_for_each(|task| self.offer(task))
    }

    /// Open tasks that nobody has claimed.
    fn idle(&self) -> Vec<TaskId> {
        self.state.tasks.iter().filter(|task| task.lease.is_none()).map(|task| task.id).collect()
    }

    /// Goes on to the stage after one that is passed, or accepts the item.
    pub(crate) fn advance(&mut self, passed: u32) -> Result<(), Refusal> {
        self.close_tasks();
        let next = passed.saturating_add(1);
        let Some(stage) = self.protocol.stages.get(next as usize) else { return self.accept() };
        match stage.kind {
            StageKind::Compare => {
                self.state.phase = Phase::Comparing;
                self.state.stage = Some(next);
                self.effects.push(Effect::NeedsCompare);
                Ok(())
            }
            // Where the reads agree nobody has to decide between them.
            StageKind::Adjudicate => self.advance(next),
            // An open question draws the item: somebody must have looked before it passes.
            StageKind::SampleQa if self.state.findings.is_empty() && !is_sampled(stage, self.state.draw) => {
                self.advance(next)
            }
            _ => {
                let apart = stage.fresh_eyes && self.state.rework_count > 0;
                self.open_stage(next, Opening { apart, ..Opening::default() })
            }
        }
    }

    fn accept(&mut self) -> Result<(), Refusal> {
        let current = self.state.current_read().ok_or_else(|| refuse(refusals::WRONG_STAGE))?;
        let content_hash = current.content_hash.clone().unwrap_or_default();
        self.effects.push(Effect::Accepted { read: current.id, content_hash });
        self.state.phase = Phase::Accepted;
        self.state.stage = None;
        Ok(())
    }

    /// Closes one task; its tokens are never given out again.
    pub(crate) fn close_task(&mut self, id: TaskId) {
        let Some(place) = self.state.tasks.iter().position(|task| task.id == id) else { return };
        let task = self.state.tasks.remove(place);
        // A task of an older installation that is leased knows its token by the lease alone.
        let fence = task.fence.max(task.lease.map_or(0, |lease| lease.fence));
        self.effects.push(Effect::CloseTask { task: task.id, fence });
        // Whoever reads independently later must not count those who did before.
        if !stage_at(self.protocol, task.stage).is_ok_and(Stage::is_parallel) {
            self.state.fence = self.state.fence.max(fence);
        }
    }

    /// Closes whatever is open.
    pub(crate) fn close_tasks(&mut self) {
        let open: Vec<TaskId> = self.state.tasks.iter().map(|task| task.id).collect();
        open.into_iter().for_each(|task| self.close_task(task));
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
        if first && matches!(self.state.phase, Phase::Queued | Phase::Reading) {
            self.idle().into_iter().for_each(|task| self.effects.push(Effect::WithdrawTask { task }));
        }
        Ok(())
    }

    fn lifted(&mut self, hold: HoldId) -> Result<(), Refusal> {
        let place = self.state.holds.iter().position(|open| *open == hold);
        self.state.holds.remove(place.ok_or_else(|| refuse(refusals::NO_SUCH_HOLD))?);
        let offers = matches!(self.state.phase, Phase::Queued | Phase::Reading);
        if offers && !self.state.is_held() { self.offer_idle() } else { Ok(()) }
    }

    fn finding_opened(&mut self, finding: FindingId) -> Result<(), Refusal> {
        if matches!(self.state.phase, Phase::Rejected | Phase::Withdrawn | Phase::Erased) {
            return Err(refuse(refusals::WRONG_STAGE));
        }
        if !self.state.findings.contains(&finding) {
            self.state.findings.push(finding);
        }
        Ok(())
    }

    fn finding_resolved(&mut self, finding: FindingId) -> Result<(), Refusal> {
        let place = self.state.findings.iter().position(|open| *open == finding);
        self.state.findings.remove(place.ok_or_else(|| refuse(refusals::NO_SUCH_FINDING))?);
        Ok(())
    }

    /// Nobody accepts or signs over an open question.
    pub(crate) fn no_finding(&self) -> Result<(), Refusal> {
        if self.state.findings.is_empty() { Ok(()) } else { Err(refuse(refusals::OPEN_FINDINGS)) }
    }

    fn released(&mut self) -> Result<(), Refusal> {
        if !matches!(self.state.phase, Phase::Accepted | Phase::Released) {
            return Err(refuse(refusals::WRONG_STAGE));
        }
        self.not_held()?;
        // What agrees by itself, or ends with its read, was accepted by nobody who would have been stopped.
        self.no_finding()?;
        self.state.phase = Phase::Released;
        Ok(())
    }

    /// Ends the item from wherever it is: nobody holds or is offered anything of it, nothing stands, no hold is needed.
    /// Who acted stays, and so do the hashes of locked reads: the log names them.
    fn erased(&mut self) {
        for task in std::mem::take(&mut self.state.tasks) {
            self.effects.push(Effect::WithdrawTask { task: task.id });
            self.state.fence = self.state.fence.max(task.fence);
        }
        let is_draft = |read: &&ReadState| read.status == ReadStatus::Draft;
        let drafts: Vec<ReadId> = self.state.reads.iter().filter(is_draft).map(|read| read.id).collect();
        drafts.into_iter().for_each(|read| self.void(read));
        self.state.holds.clear();
        self.state.findings.clear();
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

    pub(crate) fn lock_effect(&mut self, id: ReadId) {
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
        self.state
            .tasks
            .iter_mut()
            .filter(|task| task.draft == Some(read))
            .for_each(|task| task.draft = None);
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

/// A reason that says something.
pub(crate) fn require_reason(reason: Option<&str>) -> Result<(), Refusal> {
    match reason {
        Some(text) if !text.trim().is_empty() => Ok(()),
        _ => Err(refuse(refusals::REASON_REQUIRED)),
    }
}
