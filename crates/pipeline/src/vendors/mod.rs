//! Vendors: which items they read, what their work is worth, and what of it is paid.

mod count;
mod mix;
mod payment;
mod report;
mod score;
mod table;

use countersign_model::{Protocol, Refusal, UserId};
use countersign_store::{Conn, Tx, items, tasks, vendors};
use countersign_workflow::ItemState;

pub(crate) use self::score::{JOB_SCORE, ask_score};
pub use self::{
    count::VendorFigure,
    mix::{MIX_ITEMS_MAX, MixDraft, MixShare, MixView},
    report::{ComparedView, Question, VendorReport, VendorTimes, VendorView},
};
use crate::{Pipeline, PipelineError, Result, people::Caller};

/// Asks again, once the item of a task that was just claimed is locked, whether somebody may have it: two people of one
/// organization may have reached for two places of an item at once.
pub(crate) async fn still_given(tx: &mut Tx, task: &tasks::Task, user: UserId) -> Result<()> {
    let now = tx.now();
    if vendors::is_given(tx, task.id, user, now).await? {
        Ok(())
    } else {
        Err(PipelineError::refused("nothing_to_do", "Somebody else was faster; try again."))
    }
}

impl Pipeline {
    /// What keeps somebody from a task of an item though the state machine would let them: it is given to others to read, or they
    /// lack a qualification.
    pub(crate) async fn hindrance(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        item: &items::Item,
        protocol: &Protocol,
        state: &ItemState,
    ) -> Result<Option<Refusal>> {
        let now = self.store.clock().now();
        let (mut open, mut theirs) = (false, false);
        for task in tasks::of_item(conn, item.id).await? {
            if matches!(task.state.as_str(), "ready" | "leased") {
                open = true;
                theirs |= vendors::is_given(conn, task.id, caller.user(), now).await?;
            }
        }
        if open && !theirs {
            let message = "This item is given to another organization to read.";
            return Ok(Some(Refusal::new("given_elsewhere", message)));
        }
        self.lacks_for(conn, caller, item.project_id, protocol, state).await
    }
}
