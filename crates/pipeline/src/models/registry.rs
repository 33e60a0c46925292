//! Registering, checking and retiring models.

use countersign_model::{FaceModelConfig, FaceModelId, ProjectId, is_model_name};
use countersign_store::{Conn, Evidence, Json, face_models, projects, users};
use countersign_workflow::canonical_json;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{FaceModelView, FaceModels, RemoteDetector, accepted};
use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller};

/// Most names of models in one project.
const MODELS_MAX: usize = 50;
/// Runs that are shown of each model.
const RUNS_SHOWN: u32 = 20;

/// A model to register.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FaceModelDraft {
    /// Name within the project: `a-z`, `0-9`, `_` and `-`.
    pub name: String,
    /// Where it is served, what it takes and answers.
    pub config: FaceModelConfig,
}

/// Whether a model answers. No pixel was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelCheck {
    /// It says that it is ready.
    pub ready: bool,
    /// Code of why not.
    pub code: Option<String>,
}

impl Pipeline {
    /// The models of a project.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but privacy officers.
    pub async fn face_models(&self, caller: &Caller, project: ProjectId) -> Result<FaceModels> {
        self.require_on(caller, Action::Gate, project)?;
        let mut conn = self.store.read().await?;
        let plan = self.protocol(&mut conn, project).await?.deid.faces.clone();
        let mut models = Vec::new();
        for model in face_models::of_project(&mut conn, project).await? {
            models.push(self.face_model_view(&mut conn, model).await?);
        }
        Ok(FaceModels {
            models,
            servers: self.settings.models.addresses().map(str::to_owned).collect(),
            plan,
        })
    }

    /// Registers a model. The same name again is a new revision, which has to be accepted anew; the same configuration
    /// again changes nothing.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `bad_model` at the place; `model_not_allowed`; `too_many_models`.
    pub async fn register_face_model(
        &self,
        caller: &Caller,
        project: ProjectId,
        draft: FaceModelDraft,
    ) -> Result<FaceModelView> {
        self.require_on(caller, Action::SetDeid, project)?;
        if !is_model_name(&draft.name) {
            return Err(PipelineError::bad("bad_model", "name", "a-z, 0-9, _ and -, at most 60"));
        }
        let config = draft.config;
        config
            .validate()
            .map_err(|e| PipelineError::bad("bad_model", format!("config.{}", e.place), e.message))?;
        if !self.settings.models.allows(&config.address) {
            return Err(PipelineError::refused(
                "model_not_allowed",
                "This server may not call that address. Whoever runs it names the addresses when it starts.",
            ));
        }
        let hash = config_hash(&config)?;
        let (name, user) = (draft.name, caller.user());
        let id = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    // The project's row orders registrations of one name.
                    projects::by_id(tx, project).await?.ok_or(PipelineError::NotFound)?;
                    let last = face_models::newest(tx, project, &name).await?;
                    if last.is_none() && face_models::of_project(tx, project).await?.len() >= MODELS_MAX {
                        let message = "A project has at most 50 models.";
                        return Err(PipelineError::refused("too_many_models", message));
                    }
                    let same = |model: &&face_models::FaceModel| {
                        model.retired_at.is_none() && model.config.0 == config
                    };
                    if let Some(model) = last.as_ref().filter(same) {
                        tx.record(
                            Evidence::new("face_model.known", "face_model", model.id.uuid()).project(project),
                        )?;
                        return Ok(model.id);
                    }
                    let id: FaceModelId = tx.fresh();
                    let details = serde_json::json!({ "name": name, "config": config });
                    let model = face_models::FaceModel {
                        id,
                        project_id: project,
                        name,
                        revision: last.map_or(1, |model| model.revision + 1),
                        config: Json(config),
                        config_hash: hex::encode(hash),
                        registered_by: Some(user),
                        registered_at: tx.now(),
                        retired_at: None,
                    };
                    face_models::insert(tx, model).await?;
                    let evidence = Evidence::new("face_model.registered", "face_model", id.uuid());
                    tx.record(evidence.project(project).content(hash).details(details))?;
                    Ok(id)
                })
            })
            .await?;
        self.face_model(caller, id).await
    }

    /// One model.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn face_model(&self, caller: &Caller, id: FaceModelId) -> Result<FaceModelView> {
        let mut conn = self.store.read().await?;
        let model = self.own_model(&mut conn, caller, id, Action::Gate).await?;
        self.face_model_view(&mut conn, model).await
    }

    /// Asks the model's server whether it is ready.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn check_face_model(&self, caller: &Caller, id: FaceModelId) -> Result<ModelCheck> {
        let model = {
            let mut conn = self.store.read().await?;
            self.own_model(&mut conn, caller, id, Action::Gate).await?
        };
        let answer = RemoteDetector::new(&self.settings.models, &model.config.0).ready().await;
        Ok(ModelCheck { ready: answer.is_ok(), code: answer.err().map(|fault| fault.code().to_owned()) })
    }

    /// Retires a model: the gate does not believe it any more. What it has cleared stays.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn retire_face_model(&self, caller: &Caller, id: FaceModelId) -> Result<FaceModelView> {
        let project = {
            let mut conn = self.store.read().await?;
            self.own_model(&mut conn, caller, id, Action::SetDeid).await?.project_id
        };
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let word = if face_models::retire(tx, id).await? { "retired" } else { "known" };
                    let evidence = Evidence::new(&format!("face_model.{word}"), "face_model", id.uuid())
                        .project(project);
                    tx.record(evidence).map(drop).map_err(PipelineError::from)
                })
            })
            .await?;
        self.face_model(caller, id).await
    }

    /// Lets the gate look again at everything that waits, such as after a model server came back.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn look_again(&self, caller: &Caller, project: ProjectId) -> Result<()> {
        self.require_on(caller, Action::SetDeid, project)?;
        self.reopen_gate(project, "a privacy officer had everything looked at again").await
    }

    pub(super) async fn own_model(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        id: FaceModelId,
        action: Action,
    ) -> Result<face_models::FaceModel> {
        let model = face_models::by_id(conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, action, model.project_id)?;
        Ok(model)
    }

    async fn face_model_view(&self, conn: &mut Conn, model: face_models::FaceModel) -> Result<FaceModelView> {
        let plan = self.protocol(conn, model.project_id).await?.deid.faces.clone();
        let plan = plan.filter(|plan| plan.model == model.name);
        let allowed = self.settings.models.allows(&model.config.0.address);
        let why_not = match &plan {
            None => Some("not-in-protocol"),
            Some(_) if !allowed => Some("model-not-allowed"),
            Some(plan) => {
                // A revision that was replaced does not share the acceptance of the one that replaced it.
                match accepted(conn, model.project_id, plan).await? {
                    Ok(found) => (found.model.id != model.id).then_some("model-replaced"),
                    Err(code) => Some(code),
                }
            }
        };
        let registered_by = match model.registered_by {
            Some(user) => users::by_id(conn, user).await?.map(|user| user.printed_name),
            None => None,
        };
        let runs = face_models::runs(conn, model.id, RUNS_SHOWN).await?;
        Ok(FaceModelView {
            id: model.id,
            project: model.project_id,
            name: model.name,
            revision: model.revision,
            config: model.config.0,
            config_hash: model.config_hash,
            registered_by,
            registered_at: model.registered_at,
            retired_at: model.retired_at,
            allowed,
            in_protocol: plan.is_some(),
            accepted: why_not.is_none(),
            why_not: why_not.map(str::to_owned),
            runs: runs.into_iter().map(Into::into).collect(),
        })
    }
}

/// SHA-256 of a configuration, spelled canonically.
fn config_hash(config: &FaceModelConfig) -> Result<[u8; 32]> {
    let value = serde_json::to_value(config).map_err(|e| PipelineError::Internal(e.to_string()))?;
    Ok(Sha256::digest(canonical_json(&value).as_bytes()).into())
}
