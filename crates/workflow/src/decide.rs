//! Decisions: submit, review, sign.

use countersign_model::{Instant, Refusal, ReturnTo, SignatureId, Stage, StageKind, UserId};

use crate::{
    Act, Effect, Event, Lease, Missing, ReadStatus, ReviewDecision, SignDecision, TaskState,
    claim::running_lease,
    machine::{Machine, require_reason, signature_meaning, stage_at},
    refusals::{self, refuse},
};

impl Machine<'_> {
    pub(crate) fn submitted(&mut self, event: &Event) -> Result<(), Refusal> {
        let Event::Submitted { user, fence, now, read, content_hash, signature } = event else {
            return Err(refuse(refusals::WRONG_STAGE));
        };
        let (task, stage, lease) = self.deciding(*user, *fence, *now)?;
        if stage.kind != StageKind::Read {
            return Err(refuse(refusals::WRONG_STAGE));
        }
        if lease.read != Some(*read) {
            return Err(refuse(refusals::WRONG_READ));
        }
        require_signature(stage, *signature)?;
        let (id, index, parallel) = (task.id, task.stage, stage.is_parallel());
        if parallel {
            return self.submitted_beside(id, index, *user, *read, content_hash);
        }
        self.lock(*read, content_hash);
        self.state.current = Some(*read);
        self.took_part(*user, index, Act::Authored);
        self.advance(index)
    }

    pub(crate) fn reviewed(&mut self, event: &Event) -> Result<(), Refusal> {
        let Event::Reviewed {
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
        } = event
        else {
            return Err(refuse(refusals::WRONG_STAGE));
        };
        let (task, stage, lease) = self.deciding(*user, *fence, *now)?;
        if !stage.reviews() {
            return Err(refuse(refusals::WRONG_STAGE));
        }
        let index = task.stage;
        if lease.read != Some(*read) {
            return Err(refuse(refusals::WRONG_READ));
        }
        let subject = self.state.current_read().ok_or_else(|| refuse(refusals::WRONG_STAGE))?;
        let (subject, same) = (subject.id, subject.content_hash.as_deref() == Some(content_hash));
        match (decision, missing) {
            (ReviewDecision::Reject, _) => require_reason(reason.as_deref())?,
            (_, None) => return Err(refuse(refusals::MISSING_UNANSWERED)),
            (ReviewDecision::Accept, _) if !same => return Err(refuse(refusals::CONTENT_CHANGED)),
            (ReviewDecision::Accept, Some(Missing::Added)) => {
                return Err(refuse(refusals::MISSING_UNANSWERED));
            }
            (ReviewDecision::Fix, _) if same => return Err(refuse(refusals::NOTHING_FIXED)),
            // What another person handed in is changed: what for belongs beside it.
            (ReviewDecision::Fix, _) => require_reason(reason.as_deref())?,
            _ => {}
        }
        require_signature(stage, *signature)?;
        if *decision == ReviewDecision::Reject {
            let to = return_to_of(stage, *return_to)?;
            self.void(*read);
            self.took_part(*user, index, Act::Rejected);
            return self.send_back(to);
        }
        self.no_finding()?;
        self.lock(*read, content_hash);
        if *decision == ReviewDecision::Fix {
            self.set_status(subject, ReadStatus::Superseded);
            self.effects.push(Effect::SupersedeRead { read: subject });
            self.state.current = Some(*read);
        }
        self.took_part(*user, index, Act::Reviewed);
        self.advance(index)
    }

    pub(crate) fn signed(&mut self, event: &Event) -> Result<(), Refusal> {
        let Event::Signed { user, fence, now, decision, reason, return_to, content_hash, signature } = event
        else {
            return Err(refuse(refusals::WRONG_STAGE));
        };
        let (task, stage, _) = self.deciding(*user, *fence, *now)?;
        if stage.kind != StageKind::Sign {
            return Err(refuse(refusals::WRONG_STAGE));
        }
        let index = task.stage;
        let current = self.state.current_read().ok_or_else(|| refuse(refusals::WRONG_STAGE))?;
        if current.content_hash.as_deref() != Some(content_hash) {
            return Err(refuse(refusals::CONTENT_CHANGED));
        }
        if *decision == SignDecision::Reject {
            require_reason(reason.as_deref())?;
        }
        require_signature(stage, *signature)?;
        match decision {
            SignDecision::Sign => {
                self.no_finding()?;
                self.took_part(*user, index, Act::Signed);
                self.advance(index)
            }
            SignDecision::Reject => {
                let to = return_to_of(stage, *return_to)?;
                self.took_part(*user, index, Act::Rejected);
                self.send_back(to)
            }
        }
    }

    /// The guards that every decision shares: lease, hold, separation of duties.
    pub(crate) fn deciding(
        &self,
        user: UserId,
        fence: u64,
        now: Instant,
    ) -> Result<(&TaskState, &Stage, Lease), Refusal> {
        let (task, lease) = running_lease(&self.state, user, fence, now)?;
        let stage = stage_at(self.protocol, task.stage)?;
        self.not_held()?;
        if self.state.acted_elsewhere(user, task.stage) {
            return Err(refuse(refusals::SEPARATION_OF_DUTIES));
        }
        Ok((task, stage, lease))
    }
}

pub(crate) fn require_signature(stage: &Stage, signature: Option<SignatureId>) -> Result<(), Refusal> {
    if signature_meaning(stage).is_some() && signature.is_none() {
        return Err(refuse(refusals::SIGNATURE_REQUIRED));
    }
    Ok(())
}

/// To whom a rejected read goes: what the stage says, or what the person chose where it lets them.
fn return_to_of(stage: &Stage, chosen: Option<ReturnTo>) -> Result<ReturnTo, Refusal> {
    match (stage.on_reject, chosen) {
        (ReturnTo::Choose, Some(to)) if to != ReturnTo::Choose => Ok(to),
        (ReturnTo::Choose, _) => Err(refuse(refusals::RETURN_UNANSWERED)),
        (fixed, None) => Ok(fixed),
        (fixed, Some(to)) if fixed == to => Ok(fixed),
        _ => Err(refuse(refusals::RETURN_FIXED)),
    }
}
