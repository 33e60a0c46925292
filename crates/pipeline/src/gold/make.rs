//! Making an item gold, and retiring it.

use countersign_model::{GoldId, ItemId, ProjectId, ReadId, StageKind, UserId};
use countersign_store::{Tx, gold, items, reads};
use countersign_workflow::{Phase, content_hash, refusals::SEPARATION_OF_DUTIES};

use super::{GoldView, evidence};
use crate::{
    Pipeline, PipelineError, Result, access::Action, monitor::gold_taken_back, people::Caller,
    review::checked_comment, save::current_annotations,
};

impl Pipeline {
    /// Makes an accepted item gold: its labels are the trusted answer, fixed by their hash.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`, `not_accepted`, `held`, `not_assessed`, `audited`,
    /// `already_gold`, `separation_of_duties`.
    pub async fn make_gold(
        &self,
        caller: &Caller,
        project: ProjectId,
        item: ItemId,
        reason: String,
    ) -> Result<GoldView> {
        self.require_on(caller, Action::ManageGold, project)?;
        let reason = given(reason)?;
        let user = caller.user();
        let made = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let read = trusted(tx, project, item, user).await?;
                    let hash = content_hash(&current_annotations(tx, read).await?);
                    let row = gold::Gold {
                        id: tx.fresh(),
                        project_id: project,
                        item_id: item,
                        read_id: read,
                        content_hash: hash.clone(),
                        reason: reason.clone(),
                        made_by: user,
                        made_at: tx.now(),
                        state: "active".into(),
                        ended_by: None,
                        ended_at: None,
                        end_reason: None,
                    };
                    gold::insert(tx, row.clone()).await?;
                    let details = serde_json::json!({ "reason": reason });
                    let content = crate::moving::hash_bytes(&hash)?;
                    tx.record(evidence("gold.made", &row).item(item).content(content).details(details))?;
                    Ok(row)
                })
            })
            .await?;
        let mut conn = self.store.read().await?;
        self.gold_view(&mut conn, made).await
    }

    /// Retires a gold item: it is given to nobody any more, and is never gold again. Where its labels were `wrong`, what was held
    /// against people by them is taken back, and the evidence about each of them is worked out anew.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`, `already_retired`.
    pub async fn retire_gold(
        &self,
        caller: &Caller,
        id: GoldId,
        reason: String,
        wrong: bool,
    ) -> Result<GoldView> {
        let row = gold::by_id(&mut *self.store.read().await?, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ManageGold, row.project_id)?;
        let (reason, user) = (given(reason)?, caller.user());
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    if !gold::end(tx, id, "retired", Some(user), Some(&reason)).await? {
                        return Err(refused("already_retired", "It was retired before."));
                    }
                    let reads = if wrong { gold::take_back(tx, id).await? } else { Vec::new() };
                    for (person, read) in &reads {
                        gold_taken_back(tx, row.project_id, *person, *read).await?;
                    }
                    let details =
                        serde_json::json!({ "reason": reason, "wrong": wrong, "reads_taken_back": reads.len() });
                    tx.record(evidence("gold.retired", &row).item(row.item_id).details(details))?;
                    Ok(())
                })
            })
            .await?;
        let mut conn = self.store.read().await?;
        let row = gold::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.gold_view(&mut conn, row).await
    }
}

/// The read that would be the answer; a refusal where it cannot be trusted, or not by this person.
async fn trusted(tx: &mut Tx, project: ProjectId, item: ItemId, user: UserId) -> Result<ReadId> {
    let row = items::by_id(tx, item).await?.filter(|row| row.project_id == project);
    if row.is_none() || gold::copy(tx, item).await?.is_some() {
        return Err(PipelineError::NotFound);
    }
    let row = items::lock(tx, item).await?;
    let is_accepted = matches!(row.state.parse(), Ok(Phase::Accepted | Phase::Released));
    let Some(read) = row.accepted_read_id.filter(|_| is_accepted) else {
        return Err(refused("not_accepted", "Only what was accepted can be trusted."));
    };
    if row.held {
        return Err(refused("held", "It is held: what may be wrong is not trusted."));
    }
    let found = reads::of_item(tx, item).await?;
    let accepted = found.iter().find(|one| one.id == read).ok_or(PipelineError::NotFound)?;
    if accepted.cannot_assess {
        return Err(refused("not_assessed", "Where nothing can be assessed nothing can be missed."));
    }
    let own = |one: &reads::Read| one.kind == StageKind::Read && one.author_user == Some(user);
    if found.iter().any(own) {
        return Err(refused(SEPARATION_OF_DUTIES, "You drew it: somebody else says that it is right."));
    }
    if gold::is_audited(tx, item).await? {
        return Err(refused("audited", "An audit has it: what is audited is not gold as well."));
    }
    if gold::of_item(tx, item).await?.is_some() {
        return Err(refused("already_gold", "It is or was gold: an item is gold once."));
    }
    Ok(read)
}

fn refused(code: &'static str, message: &'static str) -> PipelineError {
    PipelineError::refused(code, message)
}

fn given(text: String) -> Result<String> {
    checked_comment(Some(text))?.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))
}
