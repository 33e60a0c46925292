//! Recall: what happens to an item when something that identifies a person is found after the gate.

use countersign_model::Refusal;

use crate::{Effect, Phase, machine::Machine, refusals, refusals::refuse};

impl Machine<'_> {
    /// Refused at the gate, or after a recall: final.
    pub(crate) fn gate_rejected(&mut self) -> Result<(), Refusal> {
        if !matches!(self.state.phase, Phase::Quarantined | Phase::Recalled) {
            return Err(refuse(refusals::WRONG_STAGE));
        }
        self.close_tasks();
        self.state.recalled_from = None;
        self.state.stage = None;
        self.state.phase = Phase::Rejected;
        Ok(())
    }

    /// Stops everything. A running claim ends: whoever holds it keeps their draft, but sees nothing more.
    pub(crate) fn recalled(&mut self) -> Result<(), Refusal> {
        let before = match self.state.phase {
            Phase::Quarantined | Phase::Rejected | Phase::Withdrawn | Phase::Erased | Phase::Recalled => {
                return Err(refuse(refusals::WRONG_STAGE));
            }
            Phase::Leased => Phase::Queued,
            other => other,
        };
        let held = self.state.is_held();
        for task in &mut self.state.tasks {
            // What a hold withdrew is withdrawn already.
            if task.lease.take().is_some() || !held {
                self.effects.push(Effect::WithdrawTask { task: task.id });
            }
        }
        self.state.recalled_from = Some(before);
        self.state.phase = Phase::Recalled;
        Ok(())
    }

    /// Back to where it was. What was drawn stays; what waited is offered again.
    pub(crate) fn restored(&mut self) -> Result<(), Refusal> {
        self.expect_phase(Phase::Recalled)?;
        let before = self.state.recalled_from.take().ok_or_else(|| refuse(refusals::WRONG_STAGE))?;
        self.state.phase = before;
        match before {
            // The job that asked for the draft found the item recalled and ended.
            Phase::Cleared => self.effects.push(Effect::NeedsDraft),
            Phase::Comparing => self.effects.push(Effect::NeedsCompare),
            Phase::Queued | Phase::Reading if !self.state.is_held() => self.offer_idle()?,
            _ => {}
        }
        Ok(())
    }
}
