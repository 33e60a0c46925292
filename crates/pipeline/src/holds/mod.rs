//! Holds: an item kept out of work and out of releases until somebody with the right lifts it, with a reason.

pub mod wide;

use countersign_model::{HoldId, ItemId};
use countersign_store::{Evidence, holds, items, moves, wide_holds};
use countersign_workflow::{Event, refusals::SEPARATION_OF_DUTIES};

use crate::{
    Pipeline, PipelineError, Result, access::Action, moving::Moving, people::Caller, review::checked_comment,
    views::HoldView,
};

impl From<holds::Hold> for HoldView {
    fn from(hold: holds::Hold) -> Self {
        Self {
            id: hold.id,
            item: hold.item_id,
            reason: hold.reason,
            opened_by: hold.opened_by,
            opened_at: hold.opened_at,
            lifted_at: hold.lifted_at,
            lift_reason: hold.lift_reason,
        }
    }
}

fn reason(text: String) -> Result<String> {
    checked_comment(Some(text))?.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))
}

impl Pipeline {
    /// Puts a hold on an item.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`.
    pub async fn hold(&self, caller: &Caller, item: ItemId, why: String) -> Result<HoldView> {
        let project = items::by_id(&mut *self.store.read().await?, item)
            .await?
            .ok_or(PipelineError::NotFound)?
            .project_id;
        self.require_on(caller, Action::ManageHolds, project)?;
        let why = reason(why)?;
        let (pipeline, user) = (self.clone(), caller.user());
        self.store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    let mut moving = Moving::load(tx, &pipeline, item).await?;
                    let hold = holds::Hold {
                        id: tx.fresh(),
                        project_id: project,
                        item_id: item,
                        reason: why,
                        opened_by: Some(user),
                        opened_at: tx.now(),
                        lifted_by: None,
                        lifted_at: None,
                        lift_reason: None,
                    };
                    moving.take(tx, &Event::Held { hold: hold.id }).await?;
                    holds::insert(tx, hold.clone()).await?;
                    tx.record(evidence("hold.opened", &hold))?;
                    Ok(hold.into())
                })
            })
            .await
    }

    /// Lifts a hold. One that the machine opened, after an audit or an alarm, is about the work on the item, and so is one on
    /// all of a person's work: nobody who had a part in it lifts that.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`, `separation_of_duties`.
    pub async fn lift(&self, caller: &Caller, hold: HoldId, why: String) -> Result<HoldView> {
        let found =
            holds::by_id(&mut *self.store.read().await?, hold).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ManageHolds, found.project_id)?;
        let why = reason(why)?;
        let wide = wide_holds::of_hold(&mut *self.store.read().await?, hold).await?;
        let is_about_work = found.opened_by.is_none() || wide.is_some_and(|wide| wide.scope == "person");
        if is_about_work && self.has_part(caller, found.item_id).await? {
            let message = "It is about work that you had a part in: somebody else lifts this hold.";
            let refused = PipelineError::refused(SEPARATION_OF_DUTIES, message);
            return Err(self.keep_refusal(caller, found.project_id, found.item_id, refused).await?);
        }
        let (pipeline, user) = (self.clone(), caller.user());
        self.store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    let mut moving = Moving::load(tx, &pipeline, found.item_id).await?;
                    moving.take(tx, &Event::Lifted { hold }).await?;
                    if !holds::lift(tx, hold, Some(user), &why).await? {
                        return Err(PipelineError::refused("no_such_hold", "This hold was lifted already."));
                    }
                    let lifted = holds::by_id(tx, hold).await?.ok_or(PipelineError::NotFound)?;
                    tx.record(evidence("hold.lifted", &lifted))?;
                    Ok(lifted.into())
                })
            })
            .await
    }

    async fn has_part(&self, caller: &Caller, item: ItemId) -> Result<bool> {
        let now = self.store.clock().now();
        let found = moves::participants(&mut *self.store.read().await?, item, now).await?;
        Ok(found.contains(&caller.user()))
    }
}

fn evidence(action: &str, hold: &holds::Hold) -> Evidence {
    let text = hold.lift_reason.as_ref().unwrap_or(&hold.reason);
    Evidence::new(action, "hold", hold.id.uuid())
        .project(hold.project_id)
        .item(hold.item_id)
        .details(serde_json::json!({ "reason": text }))
}
