//! Models that find faces and plates: served by the customer, registered, accepted on the customer's own sample, and
//! only then believed by the gate.

mod accept;
mod call;
mod look;
mod picture;
mod registry;
mod sample;

use countersign_model::{FaceModelConfig, FaceModelId, FaceRunId, FacesPlan, Instant, ProjectId};
use countersign_store::{Actor, Conn, Evidence, assets, face_models};
use serde::Serialize;

pub(crate) use self::{
    accept::JOB_ACCEPT,
    look::{Looked, Looking},
    picture::{WIDENED, decode, mask},
};
pub use self::{
    call::{CallFault, ModelServers, RemoteDetector},
    registry::{FaceModelDraft, ModelCheck},
    sample::{SampleCategory, SampleDraft, SampleImage, SampleLabel},
};
use crate::{Pipeline, PipelineError, Result};

/// Frames that are recorded in one write before they are given to a model.
pub(crate) const FRAMES_PER_WRITE: usize = 16;

/// A registered model as the privacy officer sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FaceModelView {
    /// Model.
    pub id: FaceModelId,
    /// Project.
    pub project: ProjectId,
    /// Name within the project.
    pub name: String,
    /// Counts the registrations of this name.
    pub revision: u32,
    /// Where it is served, what it takes and answers.
    pub config: FaceModelConfig,
    /// SHA-256 of the configuration.
    pub config_hash: String,
    /// Printed name of who registered it.
    pub registered_by: Option<String>,
    /// When.
    pub registered_at: Instant,
    /// Not used any more since then.
    pub retired_at: Option<Instant>,
    /// The server may call its address.
    pub allowed: bool,
    /// The protocol names it.
    pub in_protocol: bool,
    /// The gate believes it now; otherwise the code of why not.
    pub accepted: bool,
    /// Why it is not believed.
    pub why_not: Option<String>,
    /// Acceptance runs, newest first.
    pub runs: Vec<FaceRunView>,
}

/// The models of a project.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FaceModels {
    /// The newest registration of each name.
    pub models: Vec<FaceModelView>,
    /// Addresses that the server may call.
    pub servers: Vec<String>,
    /// What the protocol says.
    pub plan: Option<FacesPlan>,
}

/// What a run says about one class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClassRecall {
    /// Labels of the sample.
    pub labelled: u64,
    /// Of these, hidden by the model's masks.
    pub hidden: Option<u64>,
    /// Lower bound on the share that is hidden, one-sided.
    pub bound: Option<f64>,
}

/// An acceptance run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FaceRunView {
    /// Run.
    pub id: FaceRunId,
    /// Model.
    pub model: FaceModelId,
    /// `waiting`, `running`, `done` or `failed`.
    pub state: String,
    /// SHA-256 of frames and labels.
    pub sample_hash: String,
    /// One-sided confidence of the bounds.
    pub confidence: f64,
    /// Share of a label that has to lie under masks for it to count as hidden.
    pub cover: f64,
    /// How much wider and higher than found masks are drawn.
    pub widened: f64,
    /// Frames of the sample.
    pub frames: u64,
    /// Frames that the model has looked at.
    pub looked: u64,
    /// Faces.
    pub faces: ClassRecall,
    /// Plates.
    pub plates: ClassRecall,
    /// Mean share of a frame that lies under masks.
    pub masked_share: Option<f64>,
    /// Why it failed.
    pub error_code: Option<String>,
    /// When it was asked for.
    pub opened_at: Instant,
    /// When it ended.
    pub closed_at: Option<Instant>,
}

impl From<face_models::FaceRun> for FaceRunView {
    fn from(run: face_models::FaceRun) -> Self {
        Self {
            id: run.id,
            model: run.model_id,
            state: run.state,
            sample_hash: run.sample_hash,
            confidence: run.confidence,
            cover: run.cover,
            widened: run.widened,
            frames: run.frames,
            looked: run.looked,
            faces: ClassRecall { labelled: run.faces, hidden: run.faces_hidden, bound: run.faces_bound },
            plates: ClassRecall { labelled: run.plates, hidden: run.plates_hidden, bound: run.plates_bound },
            masked_share: run.masked_share,
            error_code: run.error_code,
            opened_at: run.opened_at,
            closed_at: run.closed_at,
        }
    }
}

/// A model that the gate believes, and the run that says why.
#[derive(Clone, Debug)]
pub(crate) struct Accepted {
    pub model: face_models::FaceModel,
    pub run: face_models::FaceRun,
}

/// Whether a plan's model may be believed: it is registered and not retired, and its newest finished run, of this very
/// configuration, reached the bound for faces and for plates. Otherwise the code of why not.
pub(crate) async fn accepted(
    conn: &mut Conn,
    project: ProjectId,
    plan: &FacesPlan,
) -> Result<std::result::Result<Accepted, &'static str>> {
    let Some(model) = face_models::newest(conn, project, &plan.model).await? else {
        return Ok(Err("model-unknown"));
    };
    if model.retired_at.is_some() {
        return Ok(Err("model-retired"));
    }
    let Some(run) = face_models::last_done(conn, model.id).await? else {
        return Ok(Err("model-not-accepted"));
    };
    // What measured another cover or other masks says nothing about these.
    let same = run.cover >= accept::COVER && run.widened <= WIDENED && run.confidence >= accept::CONFIDENCE;
    let reached = |bound: Option<f64>| bound.is_some_and(|bound| bound >= plan.min_recall);
    Ok(if same && reached(run.faces_bound) && reached(run.plates_bound) {
        Ok(Accepted { model, run })
    } else {
        Err("model-below-bound")
    })
}

impl Pipeline {
    /// Records that frames are about to be given to a model; committed on return. No log, no pixel.
    pub(crate) async fn hand_out(
        &self,
        model: &face_models::FaceModel,
        assets: Vec<assets::Asset>,
        purpose: &'static str,
    ) -> Result<()> {
        let details = serde_json::json!({
            "name": model.name,
            "revision": model.revision,
            "address": model.config.0.address,
            "model": model.config.0.model,
            "version": model.config.0.version,
            "config": model.config_hash,
        });
        let mut hash = [0; 32];
        hex::decode_to_slice(&model.config_hash, &mut hash)
            .map_err(|e| PipelineError::Internal(e.to_string()))?;
        self.store
            .write(Actor::system(), move |tx| {
                Box::pin(async move {
                    for asset in assets {
                        let mut evidence = Evidence::new("asset.handed_out", "asset", asset.id.uuid())
                            .project(asset.project_id)
                            .reason(purpose)
                            .content(hash)
                            .details(details.clone());
                        evidence.item = asset.item_id;
                        tx.record(evidence)?;
                    }
                    Ok::<_, PipelineError>(())
                })
            })
            .await
    }
}
