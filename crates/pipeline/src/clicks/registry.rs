//! Registering and retiring models that segment by clicks.

use countersign_model::{ClickModelId, ClickUrl, ProjectId, UserId, is_click_version, is_model_name};
use countersign_store::{Conn, Evidence, click_models, projects, users};
use serde::Deserialize;

use super::{ClickModelView, ClickModels};
use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller, review::checked_comment};

/// Most models of a project that are listed, the newest ones.
const LISTED_MAX: u32 = 50;

/// A model to register.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ClickModelDraft {
    /// Name that people see: `a-z`, `0-9`, `_` and `-`.
    pub name: String,
    /// Version; what it draws is recorded under it.
    pub version: String,
    /// `http://HOST:PORT/PATH`.
    pub url: String,
}

impl Pipeline {
    /// The models of a project.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but privacy officers.
    pub async fn click_models(&self, caller: &Caller, project: ProjectId) -> Result<ClickModels> {
        self.require_on(caller, Action::Gate, project)?;
        let mut conn = self.store.read().await?;
        let mut models = Vec::new();
        for model in click_models::of_project(&mut conn, project, LISTED_MAX).await? {
            models.push(self.click_model_view(&mut conn, model).await?);
        }
        let servers = self.settings.models.addresses().map(str::to_owned).collect();
        Ok(ClickModels { models, servers })
    }

    /// Registers a model; whoever draws in the project may ask it from now on.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `bad_model` at the place; `model_not_allowed`; `click_model_in_force`.
    pub async fn register_click_model(
        &self,
        caller: &Caller,
        project: ProjectId,
        draft: ClickModelDraft,
    ) -> Result<ClickModelView> {
        self.require_on(caller, Action::SetDeid, project)?;
        self.check_click_model(&draft)?;
        let ClickModelDraft { name, version, url } = draft;
        let user = caller.user();
        let id = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    // The project's row orders registrations.
                    projects::by_id(tx, project).await?.ok_or(PipelineError::NotFound)?;
                    if let Some(other) = click_models::in_force(tx, project).await? {
                        let message =
                            format!("{} {} is in force; retire it first.", other.name, other.version);
                        return Err(PipelineError::refused("click_model_in_force", message));
                    }
                    let id: ClickModelId = tx.fresh();
                    let details = serde_json::json!({ "name": name, "version": version, "url": url });
                    let model = click_models::ClickModel {
                        id,
                        project_id: project,
                        name,
                        version,
                        url,
                        registered_by: Some(user),
                        registered_at: tx.now(),
                        retired_by: None,
                        retired_at: None,
                        retire_reason: None,
                    };
                    click_models::insert(tx, model).await?;
                    let evidence = Evidence::new("click_model.registered", "click_model", id.uuid());
                    tx.record(evidence.project(project).details(details))?;
                    Ok(id)
                })
            })
            .await?;
        self.click_model(id).await
    }

    /// Retires a model: it is not asked any more. What was drawn with it stays.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `reason_required`; `click_model_retired` when it was before.
    pub async fn retire_click_model(
        &self,
        caller: &Caller,
        id: ClickModelId,
        reason: String,
    ) -> Result<ClickModelView> {
        let project = {
            let mut conn = self.store.read().await?;
            let model = click_models::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::SetDeid, model.project_id)?;
            model.project_id
        };
        let reason = checked_comment(Some(reason))?
            .ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))?;
        let user = caller.user();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    if !click_models::retire(tx, id, user, &reason).await? {
                        let message = "This model is not asked any more.";
                        return Err(PipelineError::refused("click_model_retired", message));
                    }
                    let evidence = Evidence::new("click_model.retired", "click_model", id.uuid());
                    let details = serde_json::json!({ "reason": reason });
                    tx.record(evidence.project(project).details(details))?;
                    Ok(())
                })
            })
            .await?;
        self.click_model(id).await
    }

    fn check_click_model(&self, draft: &ClickModelDraft) -> Result<()> {
        let bad = |place: &str, message: String| Err(PipelineError::bad("bad_model", place, message));
        if !is_model_name(&draft.name) {
            return bad("name", "a-z, 0-9, _ and -, at most 60".into());
        }
        if !is_click_version(&draft.version) {
            return bad("version", "letters, digits, dots, dashes and underlines, at most 100".into());
        }
        match ClickUrl::parse(&draft.url) {
            Err(error) => bad("url", error.to_string()),
            Ok(url) if !self.settings.models.allows(&url.address) => Err(PipelineError::refused(
                "model_not_allowed",
                "This server may not call that address. Whoever runs it names the addresses when it starts.",
            )),
            Ok(_) => Ok(()),
        }
    }

    /// Whether pixels may go to where a model is served.
    pub(super) fn may_ask(&self, model: &click_models::ClickModel) -> bool {
        ClickUrl::parse(&model.url).is_ok_and(|url| self.settings.models.allows(&url.address))
    }

    async fn click_model(&self, id: ClickModelId) -> Result<ClickModelView> {
        let mut conn = self.store.read().await?;
        let model = click_models::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.click_model_view(&mut conn, model).await
    }

    async fn click_model_view(
        &self,
        conn: &mut Conn,
        model: click_models::ClickModel,
    ) -> Result<ClickModelView> {
        let allowed = self.may_ask(&model);
        Ok(ClickModelView {
            id: model.id,
            project: model.project_id,
            registered_by: printed(conn, model.registered_by).await?,
            registered_at: model.registered_at,
            retired_by: printed(conn, model.retired_by).await?,
            retired_at: model.retired_at,
            retire_reason: model.retire_reason,
            allowed,
            name: model.name,
            version: model.version,
            url: model.url,
        })
    }
}

async fn printed(conn: &mut Conn, user: Option<UserId>) -> Result<Option<String>> {
    let Some(user) = user else { return Ok(None) };
    Ok(users::by_id(conn, user).await?.map(|user| user.printed_name))
}
