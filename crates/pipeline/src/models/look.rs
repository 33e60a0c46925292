//! Looking at frames for the gate: each frame is given to a model once, what it found is kept.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_learning::detect::{Detector, Found};
use countersign_model::{AssetId, FaceModelId, MaskRect, Telltale};
use countersign_store::{Actor, Json, assets, face_models, jobs};
use serde::{Deserialize, Serialize};

use super::{FRAMES_PER_WRITE, RemoteDetector, decode, mask};
use crate::{Pipeline, PipelineError, Result, blocking};

/// Purpose that a frame is recorded under when a model is given it.
const GATE: &str = "gate";

/// One job at a time looks with a model, so that no frame is given to it twice by two that need it.
#[derive(Default)]
pub(crate) struct Looking(Mutex<BTreeMap<FaceModelId, Arc<tokio::sync::Mutex<()>>>>);

impl Looking {
    fn with(&self, model: FaceModelId) -> Arc<tokio::sync::Mutex<()>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(model).or_default())
    }
}

/// What a model found in one frame, as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Looked {
    /// Columns of the frame.
    pub width: u32,
    /// Rows of the frame.
    pub height: u32,
    found: Vec<(Telltale, MaskRect, f64)>,
}

impl Looked {
    /// The masks over what was found.
    pub fn masks(&self) -> impl Iterator<Item = MaskRect> {
        let found =
            self.found.iter().map(|(kind, rect, score)| Found { kind: *kind, rect: *rect, score: *score });
        found.map(|found| mask(&found, self.width, self.height))
    }
}

/// The frame that could not be looked at, and the code of why.
pub(crate) struct NotLooked {
    pub asset: AssetId,
    pub code: &'static str,
}

impl Pipeline {
    /// Has a model look at sources in quarantine that it has not looked at before. The first that it cannot look at ends
    /// it: what was found until then is kept.
    pub(crate) async fn looked_at(
        &self,
        model: &face_models::FaceModel,
        sources: &[assets::Asset],
        (job, worker): (&jobs::Job, &str),
    ) -> Result<(BTreeMap<AssetId, Looked>, Option<NotLooked>)> {
        let turn = self.looking.with(model.id);
        let mut out = BTreeMap::new();
        for part in sources.chunks(FRAMES_PER_WRITE) {
            let _turn = turn.lock().await;
            self.keep_lease(job, worker).await?;
            let ids: Vec<AssetId> = part.iter().map(|asset| asset.id).collect();
            for row in face_models::looks(&mut *self.store.read().await?, model.id, &ids).await? {
                let looked = serde_json::from_value(row.found.0)
                    .map_err(|e| PipelineError::Internal(format!("a look: {e}")))?;
                out.insert(row.asset_id, looked);
            }
            let part: Vec<_> = part.iter().filter(|asset| !out.contains_key(&asset.id)).cloned().collect();
            if part.is_empty() {
                continue;
            }
            self.hand_out(model, part.clone(), GATE).await?;
            let (looked, fault) = self.look_at_part(model, &part).await?;
            self.keep_looks(model, &looked).await?;
            out.extend(looked);
            if fault.is_some() {
                return Ok((out, fault));
            }
        }
        Ok((out, None))
    }

    async fn look_at_part(
        &self,
        model: &face_models::FaceModel,
        part: &[assets::Asset],
    ) -> Result<(Vec<(AssetId, Looked)>, Option<NotLooked>)> {
        let detector = RemoteDetector::new(&self.settings.models, &model.config.0);
        let mut out = Vec::with_capacity(part.len());
        for asset in part {
            let fault = |code| Some(NotLooked { asset: asset.id, code });
            let bytes = self.store.quarantine().for_machine(asset.project_id, &asset.address).await?;
            let picture = match blocking(move || decode(&bytes)).await? {
                Ok(picture) => picture,
                Err(code) => return Ok((out, fault(code))),
            };
            match detector.detect(&picture).await {
                Ok(found) => {
                    let found =
                        found.into_iter().map(|found| (found.kind, found.rect, found.score)).collect();
                    out.push((asset.id, Looked { width: picture.width(), height: picture.height(), found }));
                }
                Err(error) => return Ok((out, fault(error.code()))),
            }
        }
        Ok((out, None))
    }

    async fn keep_looks(&self, model: &face_models::FaceModel, looked: &[(AssetId, Looked)]) -> Result<()> {
        let mut rows = Vec::with_capacity(looked.len());
        for (asset_id, looked) in looked {
            let found = serde_json::to_value(looked).map_err(|e| PipelineError::Internal(e.to_string()))?;
            let at = self.store.clock().now();
            rows.push(face_models::FaceLook {
                model_id: model.id,
                asset_id: *asset_id,
                found: Json(found),
                at,
            });
        }
        if rows.is_empty() {
            return Ok(());
        }
        let evidence = countersign_store::Evidence::new("face_model.looked", "face_model", model.id.uuid())
            .project(model.project_id)
            .details(serde_json::json!({ "frames": rows.len() }));
        self.store
            .write(Actor::system(), move |tx| {
                Box::pin(async move {
                    face_models::keep_looks(tx, rows).await?;
                    tx.record(evidence)?;
                    Ok::<_, PipelineError>(())
                })
            })
            .await
    }
}
