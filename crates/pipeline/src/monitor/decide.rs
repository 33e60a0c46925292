//! What becomes of an alarm: the person concerned may speak, somebody who had no part in the checks decides.

use countersign_model::{AlarmId, ItemId, UserId};
use countersign_store::{Conn, Evidence, Tx, gold, holds, monitoring, moves};
use countersign_workflow::{Event, Phase, refusals::SEPARATION_OF_DUTIES};
use serde::Deserialize;

use super::{AlarmView, GOLD, HELD_MAX, hold::require_all_held, run};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    moving::Moving,
    people::Caller,
    refused::{Denial, NOT_OWN},
    review::checked_comment,
};

/// What somebody decides about an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlarmChoice {
    /// It was none: every hold of it is lifted, and its wrong checks no longer count against the person.
    Dismiss,
    /// It stands: what waits for review is reviewed; what was accepted stays held until somebody looked at it.
    Uphold,
}

/// A decision about an alarm.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AlarmDecision {
    /// What.
    pub decision: AlarmChoice,
    /// Why; the person concerned reads it.
    pub reason: String,
}

/// Whether an alarm is about somebody's own work, or their checks raised it: then others decide it. Where readers are held against each
/// other, each of them checked the others; a read of gold is checked by whoever made it gold.
pub(crate) async fn has_part_in(conn: &mut Conn, alarm: &monitoring::Alarm, user: UserId) -> Result<bool> {
    if alarm.user_id == user {
        return Ok(true);
    }
    for check in run(conn, alarm).await?.iter().filter(|check| check.wrong) {
        let has_checked = match check.checked_by {
            Some(by) => by == user,
            None if alarm.stream == GOLD => made_gold(conn, check.item_id).await? == Some(user),
            None => moves::took_part(conn, check.item_id, user).await?,
        };
        if has_checked {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Who made the item gold that this one is a copy of.
async fn made_gold(conn: &mut Conn, copy: ItemId) -> Result<Option<UserId>> {
    let Some(id) = gold::copy(conn, copy).await?.and_then(|copy| copy.gold_id) else { return Ok(None) };
    Ok(gold::by_id(conn, id).await?.map(|gold| gold.made_by))
}

impl Pipeline {
    /// Says something against an alarm about the caller's own work, once, before it is decided.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] when it is about somebody else; `reason_required`, `already_decided`.
    pub async fn appeal_alarm(&self, caller: &Caller, id: AlarmId, words: String) -> Result<AlarmView> {
        let alarm = monitoring::alarm(&mut *self.store.read().await?, id).await?;
        let alarm = alarm.ok_or(PipelineError::NotFound)?;
        if alarm.user_id != caller.user() {
            return Err(caller.denied(Denial::on(NOT_OWN, "alarm", id.uuid(), alarm.project_id)));
        }
        let words = reason(words)?;
        let project = alarm.project_id;
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    if !monitoring::appeal(tx, id, &words).await? {
                        return Err(decided());
                    }
                    let evidence = Evidence::new("alarm.appealed", "alarm", id.uuid()).project(project);
                    tx.record(evidence.details(serde_json::json!({ "appeal": words })))?;
                    Ok(())
                })
            })
            .await?;
        self.alarm_as(caller, id).await
    }

    /// Decides an alarm. Neither the person concerned nor anybody whose checks raised it may.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`, `separation_of_duties`, `already_decided`; `hold_working`
    /// where one is upheld that has not held all of its items yet.
    pub async fn decide_alarm(
        &self,
        caller: &Caller,
        id: AlarmId,
        decision: AlarmDecision,
    ) -> Result<AlarmView> {
        let user = caller.user();
        let (alarm, has_part) = {
            let mut conn = self.store.read().await?;
            let alarm = monitoring::alarm(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            let has_part = has_part_in(&mut conn, &alarm, user).await?;
            (alarm, has_part)
        };
        self.require_on(caller, Action::ManageHolds, alarm.project_id)?;
        let reason = reason(decision.reason)?;
        if has_part {
            let project = alarm.project_id;
            self.note_partial(caller, "alarm", id.uuid(), project).await?;
            return Err(PipelineError::refused(
                SEPARATION_OF_DUTIES,
                "It is about your own work, or your checks raised it: somebody else decides.",
            ));
        }
        self.reach_alarms(alarm.project_id).await?;
        let pipeline = self.clone();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    // What stands is to be held, all of it, before it is said that it stands.
                    if decision.decision == AlarmChoice::Uphold {
                        require_all_held(tx, &alarm).await?;
                    }
                    let (state, all) = match decision.decision {
                        AlarmChoice::Dismiss => ("dismissed", true),
                        AlarmChoice::Uphold => ("upheld", false),
                    };
                    if !monitoring::decide(tx, id, state, user, &reason).await? {
                        return Err(decided());
                    }
                    if all {
                        monitoring::overturn(tx, &alarm).await?;
                    }
                    free(tx, &pipeline, &alarm, all, &reason).await?;
                    let evidence = Evidence::new("alarm.decided", "alarm", id.uuid());
                    let evidence = evidence.project(alarm.project_id).reason(state);
                    tx.record(evidence.details(serde_json::json!({ "reason": reason })))?;
                    tx.record(
                        Evidence::new("feedback.decided", "feedback", id.uuid()).project(alarm.project_id),
                    )?;
                    Ok(())
                })
            })
            .await?;
        self.alarm_as(caller, id).await
    }

    async fn alarm_as(&self, caller: &Caller, id: AlarmId) -> Result<AlarmView> {
        let mut conn = self.store.read().await?;
        let alarm = monitoring::alarm(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.alarm_view(&mut conn, alarm, caller).await
    }
}

/// Lifts what an alarm holds: all of it, or only what waits for review.
async fn free(
    tx: &mut Tx,
    pipeline: &Pipeline,
    alarm: &monitoring::Alarm,
    all: bool,
    reason: &str,
) -> Result<()> {
    let mut after = None;
    loop {
        let page = monitoring::held(tx, alarm.id, after, HELD_MAX).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.hold);
        for held in page.into_iter().filter(|held| held.lifted_at.is_none()) {
            let mut moving = Moving::load(tx, pipeline, held.item).await?;
            let waits = matches!(moving.state.phase, Phase::Queued | Phase::Leased);
            // Of a copy of gold nobody is led to look: what is held with the rest is freed with it.
            if !all && !waits && moving.copy.is_none() {
                continue;
            }
            moving.take(tx, &Event::Lifted { hold: held.hold }).await?;
            holds::lift(tx, held.hold, tx.actor().user, reason).await?;
            let evidence = Evidence::new("hold.lifted", "hold", held.hold.uuid());
            tx.record(evidence.project(alarm.project_id).item(held.item).reason("alarm"))?;
        }
    }
}

fn reason(text: String) -> Result<String> {
    checked_comment(Some(text))?.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))
}

fn decided() -> PipelineError {
    PipelineError::refused("already_decided", "This was decided before.")
}
