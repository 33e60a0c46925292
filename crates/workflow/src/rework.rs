//! Rework: to whom a rejected read goes, and what an owner decides when it came back too often.

use std::collections::BTreeSet;

use countersign_model::{Author, ReadId, Refusal, ReturnTo, Role, StageKind, TaskId, UserId};

use crate::{
    Act, Actor, EARLIER_READING, Effect, OwnerDecision, Phase, ReadState, ReadStatus, Returned,
    machine::{Machine, Opening, require_reason},
    refusals::{self, refuse},
};

impl Machine<'_> {
    /// Sends the read that stands back: to the person whose read it was (or another, as `to` says), or to the owner once
    /// the cap is passed. Where independent reads were compared it goes back to who decides between them: a reader who
    /// has seen the others' would be blind no more.
    pub(crate) fn send_back(&mut self, to: ReturnTo) -> Result<(), Refusal> {
        self.close_tasks();
        let current = self.state.current.take().ok_or_else(|| refuse(refusals::WRONG_STAGE))?;
        self.set_status(current, ReadStatus::Returned);
        self.effects.push(Effect::ReturnRead { read: current });
        self.state.rework_count = self.state.rework_count.saturating_add(1);
        let allowed = self.protocol.rework_cap.saturating_add(self.state.rework_granted);
        let too_often = self.sent_back_too_often();
        if self.state.rework_count > allowed || too_often {
            self.state.phase = Phase::Escalated;
            self.state.stage = None;
            self.effects.push(Effect::NeedsOwner);
            return Ok(());
        }
        self.reopen(to)
    }

    /// Counts that the stage sends the item back, where it has a cap of its own; whether that is more than its cap.
    fn sent_back_too_often(&mut self) -> bool {
        let Some(index) = self.state.stage else { return false };
        let cap = self.protocol.stages.get(index as usize).and_then(|stage| stage.rework_cap);
        let Some(cap) = cap else { return false };
        let times = self.state.sent_back.entry(index).or_default();
        *times = times.saturating_add(1);
        *times > cap
    }

    /// Opens a new round over what was accepted, because the rule behind it changed. Nobody's work was wrong, so nobody's
    /// rework is counted; anybody who may do the stage begins from what stands, under the protocol in force.
    pub(crate) fn relabelled(&mut self) -> Result<(), Refusal> {
        if !matches!(self.state.phase, Phase::Accepted | Phase::Released) {
            return Err(refuse(refusals::WRONG_STAGE));
        }
        self.not_held()?;
        self.no_finding()?;
        let current = self.state.current.take().ok_or_else(|| refuse(refusals::WRONG_STAGE))?;
        let stage = self.reworked_at()?;
        self.state.protocol_version = Some(self.protocol.version);
        self.set_status(current, ReadStatus::Returned);
        self.effects.push(Effect::ReturnRead { read: current });
        let returned = Some(Returned { read: current, to: None, kept: true });
        self.open_stage(stage, Opening { returned, ..Opening::default() })
    }

    /// Has an item read, reviewed and signed anew, by people who had no part in it, without the draft that misled those who had. What
    /// they handed in stays as it is and stands no more; nobody's rework is counted. Once only: what is drawn again without the draft
    /// is what people see.
    pub(crate) fn suggestion_kept(&mut self) -> Result<(), Refusal> {
        self.expect_phase(Phase::Accepted)?;
        if self.state.withheld {
            return Err(refuse(refusals::WRONG_STAGE));
        }
        let current = self.state.current.take().ok_or_else(|| refuse(refusals::WRONG_STAGE))?;
        let stands = |read: &&ReadState| {
            read.status == ReadStatus::Submitted && !matches!(read.author, Author::Model { .. })
        };
        let read: Vec<ReadId> = self.state.reads.iter().filter(stands).map(|read| read.id).collect();
        for id in read {
            self.set_status(id, ReadStatus::Superseded);
            self.effects.push(Effect::SupersedeRead { read: id });
        }
        self.set_status(current, ReadStatus::Returned);
        self.effects.push(Effect::ReturnRead { read: current });
        self.state.withheld = true;
        self.state.rework_count = self.state.rework_count.saturating_add(1);
        self.state.rework_granted = self.state.rework_granted.saturating_add(1);
        // Whoever passed the mistake on has seen it: they look no more independently than whoever drew it.
        let misled: BTreeSet<UserId> = self.state.actors.iter().map(|actor| actor.user).collect();
        for user in misled {
            self.took_part(user, EARLIER_READING, Act::Misled);
        }
        let stage = self.read_stage()?;
        self.open_stage(stage, Opening { apart: true, ..Opening::default() })
    }

    /// Opens a new round over the read that was sent back last.
    fn reopen(&mut self, to: ReturnTo) -> Result<(), Refusal> {
        let stage = self.reworked_at()?;
        let returned = self.last_returned(stage);
        let same = returned.and_then(|returned| returned.to).filter(|_| to != ReturnTo::AnotherPerson);
        let role = self.escalated_role(stage);
        let returned = returned.map(|returned| Returned { to: same, ..returned });
        let apart = to == ReturnTo::AnotherPerson || (role.is_some() && same.is_none());
        self.open_stage(stage, Opening { reserved_for: same, returned, role, apart })
    }

    /// The stage that a rejected read goes back to.
    pub(crate) fn reworked_at(&self) -> Result<u32, Refusal> {
        self.stage_of(StageKind::Adjudicate).map_or_else(|| self.read_stage(), Ok)
    }

    /// The read that was sent back last, and the person who did the stage that it goes back to in that round.
    fn last_returned(&self, stage: u32) -> Option<Returned> {
        let reads = || self.state.reads.iter().rev();
        let read = reads().find(|read| read.status == ReadStatus::Returned)?.id;
        let to = reads().find_map(|read| match read.author {
            Author::Human { user } if read.stage == stage && read.status != ReadStatus::Draft => Some(user),
            _ => None,
        });
        Some(Returned { read, to, kept: false })
    }

    /// The role that the decision at this stage was handed on to, if it was.
    fn escalated_role(&self, stage: u32) -> Option<Role> {
        // Items of older installations tell it by the act alone, which time does not leave.
        let by_hand = |actor: &Actor| actor.stage == stage && actor.act == Act::Escalated;
        let handed_on = self.state.handed_on || self.state.actors.iter().any(by_hand);
        self.protocol.stages.get(stage as usize).and_then(|stage| stage.escalate_to).filter(|_| handed_on)
    }

    pub(crate) fn unreserved(&mut self, roles: &[Role]) -> Result<(), Refusal> {
        require_owner(roles)?;
        if self.state.phase == Phase::Leased {
            return Err(refuse(refusals::ALREADY_LEASED));
        }
        let reserved = self.state.tasks.iter().find(|task| task.reserved_for.is_some()).map(|task| task.id);
        let task = reserved.ok_or_else(|| refuse(refusals::NOT_RESERVED))?;
        self.free(task)
    }

    /// Frees what waits for somebody who can do it no more. Whoever holds a lease on it keeps that until it runs out.
    pub(crate) fn reservation_ended(&mut self, user: UserId) -> Result<(), Refusal> {
        let tasks = self.state.tasks.iter().filter(|task| task.reserved_for == Some(user));
        let reserved: Vec<TaskId> = tasks.map(|task| task.id).collect();
        if reserved.is_empty() {
            return Err(refuse(refusals::NOT_RESERVED));
        }
        reserved.into_iter().try_for_each(|task| self.free(task))
    }

    fn free(&mut self, id: TaskId) -> Result<(), Refusal> {
        let is_offered = self.state.phase == Phase::Queued && !self.state.is_held();
        if let Some(task) = self.state.task_mut(id) {
            task.reserved_for = None;
        }
        if is_offered {
            return self.offer(id);
        }
        self.effects.push(Effect::FreeTask { task: id });
        Ok(())
    }

    /// Withdrawing a read that one drew, or having it done once more, is judging it: nobody does so who acted on the item.
    pub(crate) fn owner_decided(
        &mut self,
        user: UserId,
        roles: &[Role],
        decision: OwnerDecision,
        reason: Option<&str>,
    ) -> Result<(), Refusal> {
        require_owner(roles)?;
        self.expect_phase(Phase::Escalated)?;
        if self.state.actors.iter().any(|actor| actor.user == user) {
            return Err(refuse(refusals::SEPARATION_OF_DUTIES));
        }
        require_reason(reason)?;
        match decision {
            OwnerDecision::Withdraw => {
                self.state.phase = Phase::Withdrawn;
                Ok(())
            }
            OwnerDecision::Reopen => {
                // Exactly one more round, however far past the cap the item is.
                let past = self.state.rework_count.saturating_sub(self.protocol.rework_cap);
                self.state.rework_granted = self.state.rework_granted.max(past);
                for (index, times) in &mut self.state.sent_back {
                    let stage = self.protocol.stages.get(*index as usize);
                    *times = (*times).min(stage.and_then(|stage| stage.rework_cap).unwrap_or(*times));
                }
                self.reopen(ReturnTo::SamePerson)?;
                self.free_reserved()
            }
        }
    }

    /// An owner opened the round: anybody who may do the stage may begin it.
    fn free_reserved(&mut self) -> Result<(), Refusal> {
        let reserved: Vec<TaskId> =
            self.state.tasks.iter().filter(|task| task.reserved_for.is_some()).map(|task| task.id).collect();
        reserved.into_iter().try_for_each(|task| self.free(task))
    }
}

fn require_owner(roles: &[Role]) -> Result<(), Refusal> {
    if roles.contains(&Role::Owner) { Ok(()) } else { Err(refuse(refusals::NOT_IN_ROLE)) }
}
