//! What becomes of an alarm: the person concerned may speak, somebody who had no part in the checks decides.

use countersign_model::{AlarmId, ProjectId};
use countersign_store::{Evidence, holds, monitoring};
use countersign_workflow::{Event, Phase, refusals::SEPARATION_OF_DUTIES};
use serde::Deserialize;

use super::{AlarmView, HELD_MAX, run, view};
use crate::{
    Pipeline, PipelineError, Result, access::Action, moving::Moving, people::Caller, review::checked_comment,
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

impl Pipeline {
    /// Says something against an alarm about the caller's own work, once, before it is decided.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] when it is about somebody else; `reason_required`, `already_decided`.
    pub async fn appeal_alarm(&self, caller: &Caller, id: AlarmId, words: String) -> Result<AlarmView> {
        let alarm = monitoring::alarm(&mut *self.store.read().await?, id).await?;
        let alarm = alarm.filter(|alarm| alarm.user_id == caller.user()).ok_or(PipelineError::NotFound)?;
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
        self.alarm_as(id).await
    }

    /// Decides an alarm. Neither the person concerned nor anybody whose checks raised it may.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`, `separation_of_duties`, `already_decided`.
    pub async fn decide_alarm(
        &self,
        caller: &Caller,
        id: AlarmId,
        decision: AlarmDecision,
    ) -> Result<AlarmView> {
        let (alarm, checkers) = {
            let mut conn = self.store.read().await?;
            let alarm = monitoring::alarm(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            let run = run(&mut conn, &alarm).await?;
            (alarm, run.into_iter().filter(|check| check.wrong).filter_map(|check| check.checked_by))
        };
        self.require_on(caller, Action::ManageHolds, alarm.project_id)?;
        let reason = reason(decision.reason)?;
        let user = caller.user();
        if alarm.user_id == user || checkers.into_iter().any(|checker| checker == user) {
            let project = alarm.project_id;
            self.note_partial(caller, id, project).await?;
            return Err(PipelineError::refused(
                SEPARATION_OF_DUTIES,
                "It is about your own work, or your checks raised it: somebody else decides.",
            ));
        }
        let pipeline = self.clone();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
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
                    for held in monitoring::held(tx, id, HELD_MAX).await? {
                        if held.lifted_at.is_some() {
                            continue;
                        }
                        let mut moving = Moving::load(tx, &pipeline, held.item).await?;
                        let waits = matches!(moving.state.phase, Phase::Queued | Phase::Leased);
                        if !all && !waits {
                            continue;
                        }
                        moving.take(tx, &Event::Lifted { hold: held.hold }).await?;
                        holds::lift(tx, held.hold, Some(user), &reason).await?;
                        let evidence = Evidence::new("hold.lifted", "hold", held.hold.uuid());
                        tx.record(evidence.project(alarm.project_id).item(held.item).reason("alarm"))?;
                    }
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
        self.alarm_as(id).await
    }

    async fn note_partial(&self, caller: &Caller, id: AlarmId, project: ProjectId) -> Result<()> {
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let evidence = Evidence::new("separation.refused", "alarm", id.uuid()).project(project);
                    tx.record(evidence.outcome("refused").reason(SEPARATION_OF_DUTIES))?;
                    Ok(())
                })
            })
            .await
    }

    async fn alarm_as(&self, id: AlarmId) -> Result<AlarmView> {
        let mut conn = self.store.read().await?;
        let alarm = monitoring::alarm(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        view(&mut conn, alarm).await
    }
}

fn reason(text: String) -> Result<String> {
    checked_comment(Some(text))?.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))
}

fn decided() -> PipelineError {
    PipelineError::refused("already_decided", "This was decided before.")
}
