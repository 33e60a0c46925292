//! Decisions: submit, review, sign.

use countersign_model::{Instant, Refusal, SignatureId, Stage, StageKind, UserId};

use crate::{
    Act, Effect, Event, Lease, Missing, ReadStatus, ReviewDecision, SignDecision,
    claim::running_lease,
    machine::{Machine, require_reason, signature_meaning, stage_at},
    refusals::{self, refuse},
};

impl Machine<'_> {
    pub(crate) fn submitted(&mut self, event: &Event) -> Result<(), Refusal> {
        let Event::Submitted { user, fence, now, read, content_hash, signature } = event else {
            return Err(refuse(refusals::WRONG_STAGE));
        };
        let (stage, index, lease) = self.deciding(StageKind::Read, *user, *fence, *now)?;
        if lease.read != Some(*read) {
            return Err(refuse(refusals::WRONG_READ));
        }
        require_signature(stage, *signature)?;
        self.lock(*read, content_hash);
        self.state.current = Some(*read);
        self.took_part(*user, index, Act::Authored);
        self.advance(index)
    }

    pub(crate) fn reviewed(&mut self, event: &Event) -> Result<(), Refusal> {
        let Event::Reviewed { user, fence, now, decision, missing, reason, read, content_hash, signature } =
            event
        else {
            return Err(refuse(refusals::WRONG_STAGE));
        };
        let (stage, index, lease) = self.deciding(StageKind::Review, *user, *fence, *now)?;
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
            _ => {}
        }
        require_signature(stage, *signature)?;
        if *decision == ReviewDecision::Reject {
            self.void(*read);
            self.took_part(*user, index, Act::Rejected);
            return self.send_back();
        }
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
        let Event::Signed { user, fence, now, decision, reason, content_hash, signature } = event else {
            return Err(refuse(refusals::WRONG_STAGE));
        };
        let (stage, index, _) = self.deciding(StageKind::Sign, *user, *fence, *now)?;
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
                self.took_part(*user, index, Act::Signed);
                self.advance(index)
            }
            SignDecision::Reject => {
                self.took_part(*user, index, Act::Rejected);
                self.send_back()
            }
        }
    }

    /// The guards that every decision shares: lease, kind of stage, hold, separation of duties.
    fn deciding(
        &self,
        kind: StageKind,
        user: UserId,
        fence: u64,
        now: Instant,
    ) -> Result<(&Stage, u32, Lease), Refusal> {
        let (task, lease) = running_lease(&self.state, user, fence, now)?;
        let stage = stage_at(self.protocol, task.stage)?;
        if stage.kind != kind {
            return Err(refuse(refusals::WRONG_STAGE));
        }
        self.not_held()?;
        if self.state.acted_elsewhere(user, task.stage) {
            return Err(refuse(refusals::SEPARATION_OF_DUTIES));
        }
        Ok((stage, task.stage, lease))
    }
}

fn require_signature(stage: &Stage, signature: Option<SignatureId>) -> Result<(), Refusal> {
    if signature_meaning(stage).is_some() && signature.is_none() {
        return Err(refuse(refusals::SIGNATURE_REQUIRED));
    }
    Ok(())
}
