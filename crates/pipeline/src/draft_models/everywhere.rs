//! Stopping a model in every project at once: in one write, so that no project goes on with it for a moment longer than another.

use countersign_store::{Conn, Evidence, draft_stops, projects, users};

use super::{DraftModelView, DraftStopView, already, by_name, checked_name, reason, stopped};
use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    people::Caller,
};

/// The stops in every project that are in force, by model.
pub(super) async fn in_force(conn: &mut Conn) -> Result<Vec<(String, DraftStopView)>> {
    let mut views = Vec::new();
    for stop in draft_stops::all_everywhere(conn).await? {
        let by = users::by_id(conn, stop.stopped_by).await?;
        let view = DraftStopView {
            reason: stop.reason,
            by: by.map_or_else(String::new, |user| user.printed_name),
            at: stop.stopped_at,
            everywhere: true,
        };
        views.push((stop.model, view));
    }
    Ok(views)
}

impl Pipeline {
    /// The models that drafted in any project, with the stops that hold in all of them.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but those who lead the installation.
    pub async fn draft_models_everywhere(&self, caller: &Caller) -> Result<Vec<DraftModelView>> {
        self.require(caller, Action::StopModels, &Resource::Installation)?;
        let mut conn = self.store.read().await?;
        let mut models = by_name(draft_stops::drafted_anywhere(&mut conn).await?);
        for (model, view) in in_force(&mut conn).await? {
            stopped(&mut models, model, view);
        }
        Ok(models)
    }

    /// Stops a model in every project, those that are made later too. It takes no password: it has to be fast.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but those who lead the installation; `reason_required`, `model_stopped`.
    pub async fn stop_model_everywhere(&self, caller: &Caller, model: String, why: String) -> Result<()> {
        self.require(caller, Action::StopModels, &Resource::Installation)?;
        checked_name(&model)?;
        let (why, user) = (reason(why)?, caller.user());
        self.store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    let stop = draft_stops::ModelStop {
                        id: tx.fresh(),
                        model,
                        reason: why.clone(),
                        stopped_by: user,
                        stopped_at: tx.now(),
                        resumed_by: None,
                        resumed_at: None,
                        resume_reason: None,
                    };
                    draft_stops::insert_everywhere(tx, stop.clone()).await.map_err(already)?;
                    tell(tx, "draft_model.stopped", &stop, &why).await
                })
            })
            .await
    }

    /// Lets a model that was stopped everywhere draft again; where a project stopped it, it stays stopped there.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but those who lead the installation; `reason_required`, `model_not_stopped`.
    pub async fn resume_model_everywhere(&self, caller: &Caller, model: String, why: String) -> Result<()> {
        self.require(caller, Action::StopModels, &Resource::Installation)?;
        let (why, user) = (reason(why)?, caller.user());
        self.store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    let refused = || {
                        PipelineError::refused("model_not_stopped", "This model is not stopped everywhere.")
                    };
                    let stop = draft_stops::everywhere(tx, &model).await?.ok_or_else(refused)?;
                    if !draft_stops::resume_everywhere(tx, stop.id, user, &why).await? {
                        return Err(refused());
                    }
                    tell(tx, "draft_model.resumed", &stop, &why).await
                })
            })
            .await
    }
}

/// One event for the installation and one for each project: whoever works there, and whoever reads its evidence, hears of it.
async fn tell(
    tx: &mut countersign_store::Tx,
    action: &str,
    stop: &draft_stops::ModelStop,
    why: &str,
) -> Result<()> {
    let details = serde_json::json!({ "model": stop.model, "reason": why, "everywhere": true });
    let event = || Evidence::new(action, "draft_model", stop.id).details(details.clone());
    tx.record(event())?;
    for project in projects::list(tx).await? {
        tx.record(event().project(project.id))?;
    }
    Ok(())
}
