//! Items that are divided among organizations: how many read each of them independently.

use countersign_model::{Refusal, Stage, TaskId};

use crate::{
    ItemState, Phase,
    machine::{Machine, stage_at},
    refusals::{self, refuse},
};

/// How many independent reads a stage asks for on an item: its own number, or what the item was divided into, never fewer than the
/// protocol allows.
pub(crate) fn places(stage: &Stage, state: &ItemState) -> u32 {
    let least = stage.readers_min.unwrap_or(stage.readers);
    state.readers.map_or(stage.readers, |readers| readers.clamp(least.min(stage.readers), stage.readers))
}

impl Machine<'_> {
    /// Sets how many read the item, before anybody began to; places that are not needed are closed.
    pub(crate) fn divided(&mut self, readers: u32) -> Result<(), Refusal> {
        let index = self.state.stage.ok_or_else(|| refuse(refusals::WRONG_STAGE))?;
        let stage = stage_at(self.protocol, index)?;
        let least = stage.readers_min.unwrap_or(stage.readers);
        let untouched = self.state.locked_at(index).is_empty()
            && self.state.tasks.iter().all(|task| {
                task.stage == index && task.lease.is_none() && task.draft.is_none() && task.returned.is_none()
            });
        let waits = matches!(self.state.phase, Phase::Queued | Phase::Reading) && untouched;
        if !waits || self.state.rework_count > 0 || index != self.read_stage()? {
            return Err(refuse(refusals::WRONG_STAGE));
        }
        if readers < least || readers > stage.readers {
            return Err(refuse(refusals::READERS_FIXED));
        }
        self.not_held()?;
        self.state.readers = Some(readers);
        let spare: Vec<TaskId> = self.state.tasks.iter().skip(readers as usize).map(|task| task.id).collect();
        spare.into_iter().for_each(|task| self.close_task(task));
        Ok(())
    }
}
