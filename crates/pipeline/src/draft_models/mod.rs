//! Models that draft in a project: which there are, and stopping one. From that moment nobody who works is shown or begins
//! with what it drafted, and it drafts nothing more; work goes on by hand. What was accepted stays as it is, and those
//! who keep the evidence still see its drafts.

mod everywhere;

use std::sync::Arc;

use countersign_model::{AiVisibility, Author, Instant, ProjectId, Protocol};
use countersign_store::{Conn, Evidence, StoreError, draft_stops, users};
use countersign_workflow::ItemState;
use serde::Serialize;
use uuid::Uuid;

use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller, review::checked_comment};

/// Longest name of a model, characters.
const NAME_CHARS_MAX: usize = 200;

/// A model that drafts, or drafted, in a project.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DraftModelView {
    /// Its name.
    pub model: String,
    /// Its versions, oldest name first.
    pub versions: Vec<String>,
    /// Drafts that it made.
    pub drafts: u64,
    /// The stop in force; absent while it drafts.
    pub stopped: Option<DraftStopView>,
}

/// That a model was stopped.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DraftStopView {
    /// Why.
    pub reason: String,
    /// Printed name of who stopped it.
    pub by: String,
    /// When.
    pub at: Instant,
    /// In every project, not in this one alone: whoever leads the installation lets it draft again.
    pub everywhere: bool,
}

impl Pipeline {
    /// The models that drafted in a project, and those that were stopped.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn draft_models(&self, caller: &Caller, project: ProjectId) -> Result<Vec<DraftModelView>> {
        self.require_on(caller, Action::ManageHolds, project)?;
        let mut conn = self.store.read().await?;
        let mut models = by_name(draft_stops::drafted(&mut conn, project).await?);
        for stop in draft_stops::of_project(&mut conn, project).await? {
            if stop.resumed_at.is_some() {
                continue;
            }
            let by = users::by_id(&mut conn, stop.stopped_by).await?;
            let view = DraftStopView {
                reason: stop.reason,
                by: by.map_or_else(String::new, |user| user.printed_name),
                at: stop.stopped_at,
                everywhere: false,
            };
            stopped(&mut models, stop.model, view);
        }
        // What is stopped everywhere and never drafted here is no business of the project.
        for (model, view) in everywhere::in_force(&mut conn).await? {
            if models.iter().any(|known| known.model == model) {
                stopped(&mut models, model, view);
            }
        }
        Ok(models)
    }

    /// Stops a model in a project, also one that drafted nothing yet. It takes no password: it has to be fast.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`, `model_stopped` when it is already.
    pub async fn stop_draft_model(
        &self,
        caller: &Caller,
        project: ProjectId,
        model: String,
        why: String,
    ) -> Result<()> {
        self.require_on(caller, Action::ManageHolds, project)?;
        checked_name(&model)?;
        let (why, user) = (reason(why)?, caller.user());
        self.store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    let stop = draft_stops::DraftStop {
                        id: tx.fresh(),
                        project_id: project,
                        model,
                        reason: why.clone(),
                        stopped_by: user,
                        stopped_at: tx.now(),
                        resumed_by: None,
                        resumed_at: None,
                        resume_reason: None,
                    };
                    let event = evidence("draft_model.stopped", &stop, &why);
                    draft_stops::insert(tx, stop).await.map_err(already)?;
                    tx.record(event)?;
                    Ok(())
                })
            })
            .await
    }

    /// Lets a stopped model draft again, and shows its drafts where stages show them.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`, `model_not_stopped`.
    pub async fn resume_draft_model(
        &self,
        caller: &Caller,
        project: ProjectId,
        model: String,
        why: String,
    ) -> Result<()> {
        self.require_on(caller, Action::ManageHolds, project)?;
        let (why, user) = (reason(why)?, caller.user());
        self.store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    let refused =
                        || PipelineError::refused("model_not_stopped", "This model is not stopped here.");
                    let stop = draft_stops::in_force(tx, project, &model).await?.ok_or_else(refused)?;
                    if !draft_stops::resume(tx, stop.id, user, &why).await? {
                        return Err(refused());
                    }
                    tx.record(evidence("draft_model.resumed", &stop, &why))?;
                    Ok(())
                })
            })
            .await
    }

    /// Whether a model is stopped in a project, or everywhere.
    pub(crate) async fn is_stopped(conn: &mut Conn, project: ProjectId, model: &str) -> Result<bool> {
        Ok(draft_stops::everywhere(conn, model).await?.is_some()
            || draft_stops::in_force(conn, project, model).await?.is_some())
    }

    /// The protocol as it holds for an item: while the model behind its draft is stopped, no stage shows the draft.
    pub(crate) async fn without_stopped(
        conn: &mut Conn,
        project: ProjectId,
        state: &ItemState,
        protocol: Arc<Protocol>,
    ) -> Result<Arc<Protocol>> {
        let Some(Author::Model { name, .. }) = state.draft().map(|draft| &draft.author) else {
            return Ok(protocol);
        };
        if !Self::is_stopped(conn, project, name).await? {
            return Ok(protocol);
        }
        let mut without = (*protocol).clone();
        for stage in &mut without.stages {
            stage.ai_visibility = AiVisibility::Never;
        }
        Ok(Arc::new(without))
    }
}

/// Models with all their versions, from rows in order of name.
fn by_name(drafted: Vec<draft_stops::Drafted>) -> Vec<DraftModelView> {
    let mut models: Vec<DraftModelView> = Vec::new();
    for found in drafted {
        match models.last_mut().filter(|last| last.model == found.model) {
            Some(last) => {
                last.versions.push(found.version);
                last.drafts += found.drafts;
            }
            None => models.push(DraftModelView {
                model: found.model,
                versions: vec![found.version],
                drafts: found.drafts,
                stopped: None,
            }),
        }
    }
    models
}

/// Notes a stop at its model, also where it drafted nothing.
fn stopped(models: &mut Vec<DraftModelView>, model: String, view: DraftStopView) {
    match models.iter_mut().find(|known| known.model == model) {
        Some(known) => known.stopped = Some(view),
        None => models.push(DraftModelView { model, versions: Vec::new(), drafts: 0, stopped: Some(view) }),
    }
}

/// A name that a model can have.
fn checked_name(model: &str) -> Result<()> {
    if model.is_empty() || model.chars().count() > NAME_CHARS_MAX {
        let message = format!("between 1 and {NAME_CHARS_MAX} characters");
        return Err(PipelineError::bad("bad_draft_model", "model", message));
    }
    Ok(())
}

fn reason(text: String) -> Result<String> {
    checked_comment(Some(text))?.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))
}

fn already(error: StoreError) -> PipelineError {
    match error {
        StoreError::Conflict { .. } => {
            PipelineError::refused("model_stopped", "This model is stopped here already.")
        }
        other => other.into(),
    }
}

fn evidence(action: &str, stop: &draft_stops::DraftStop, why: &str) -> Evidence {
    let id: Uuid = stop.id;
    Evidence::new(action, "draft_model", id)
        .project(stop.project_id)
        .details(serde_json::json!({ "model": stop.model, "reason": why }))
}
