//! Segmenting by clicks: a model that the customer serves is registered for a project, and whoever draws may ask it for the
//! mask of what they clicked. Without one the page draws by itself.

mod registry;
mod segment;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_model::{ClickModelId, Instant, ProjectId};
use countersign_store::{Conn, click_models};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::{
    registry::ClickModelDraft,
    segment::{ClickMask, Clicks, Segmented},
};
use crate::{Pipeline, PipelineError, Result};

/// Questions that one model is asked at once; each holds a decoded picture. Further ones are refused.
const ASKED_AT_ONCE: usize = 4;

/// A registered model.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClickModelView {
    /// Model.
    pub id: ClickModelId,
    /// Project.
    pub project: ProjectId,
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Where it is served.
    pub url: String,
    /// Printed name of who registered it.
    pub registered_by: Option<String>,
    /// When.
    pub registered_at: Instant,
    /// Printed name of who retired it.
    pub retired_by: Option<String>,
    /// Not asked any more since then.
    pub retired_at: Option<Instant>,
    /// Why.
    pub retire_reason: Option<String>,
    /// The server may call its address.
    pub allowed: bool,
}

/// The models of a project.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClickModels {
    /// Newest first; at most one is not retired.
    pub models: Vec<ClickModelView>,
    /// Addresses that the server may call.
    pub servers: Vec<String>,
}

/// The model that whoever draws may ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClickModelName {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
}

/// The turns of models that are being asked.
#[derive(Default)]
pub(crate) struct Turns(Mutex<BTreeMap<ClickModelId, Arc<Semaphore>>>);

impl Turns {
    /// A turn, while there is one.
    fn take(&self, model: ClickModelId) -> Option<OwnedSemaphorePermit> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = known.entry(model).or_insert_with(|| Arc::new(Semaphore::new(ASKED_AT_ONCE)));
        Arc::clone(turns).try_acquire_owned().ok()
    }
}

fn busy(name: &str) -> PipelineError {
    PipelineError::refused("click_model_busy", format!("{name} is being asked by others; click again soon."))
}

impl Pipeline {
    /// The model that may be asked in a project, where one is in force at an address that the server may call.
    pub(crate) async fn click_model_of(
        &self,
        conn: &mut Conn,
        project: ProjectId,
    ) -> Result<Option<ClickModelName>> {
        let model = click_models::in_force(conn, project).await?;
        let model = model.filter(|model| self.may_ask(model));
        Ok(model.map(|model| ClickModelName { name: model.name, version: model.version }))
    }
}
