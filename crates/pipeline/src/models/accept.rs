//! The acceptance run: what a model hides of the customer's own labelled frames, with a bound that holds.

use std::collections::BTreeMap;

use countersign_learning::detect::Detector;
use countersign_model::{AssetId, FaceModelId, FaceRunId, Telltale};
use countersign_quality::share_lower;
use countersign_store::{Actor, Evidence, assets, face_models, jobs};
use serde::{Deserialize, Serialize};

use super::{
    FRAMES_PER_WRITE, FaceRunView, RemoteDetector,
    picture::{Covered, WIDENED, decode, mask},
    sample::{Sample, SampleDraft},
};
use crate::{Pipeline, PipelineError, Result, access::Action, blocking, people::Caller};

/// Kind of the job that runs a model on a sample.
pub(crate) const JOB_ACCEPT: &str = "accept_model";
/// One-sided confidence of the bounds.
pub(super) const CONFIDENCE: f64 = 0.95;
/// Share of a label's pixels that has to lie under masks: people draw boxes to a pixel or two, no more is left to them.
pub(super) const COVER: f64 = 0.9;
/// Purpose that a frame is recorded under when a model is given it.
const ACCEPTANCE: &str = "acceptance";

#[derive(Serialize, Deserialize)]
struct Payload {
    run: FaceRunId,
}

/// What the model hid of one frame.
struct Hidden {
    frame: face_models::FaceFrame,
    labels: Vec<face_models::FaceLabel>,
}

impl Pipeline {
    /// Opens an acceptance run of a model on a labelled sample. It runs in the background; only the newest finished run
    /// of a model counts.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; the sample's faults at their places; `model_retired`; `model_not_allowed`;
    /// `run_under_way`.
    pub async fn open_face_run(
        &self,
        caller: &Caller,
        model: FaceModelId,
        draft: SampleDraft,
    ) -> Result<FaceRunView> {
        let model = {
            let mut conn = self.store.read().await?;
            self.own_model(&mut conn, caller, model, Action::SetDeid).await?
        };
        if model.retired_at.is_some() {
            return Err(PipelineError::refused("model_retired", "This model is not used any more."));
        }
        if !self.settings.models.allows(&model.config.0.address) {
            let message = "This server may not call the model's address.";
            return Err(PipelineError::refused("model_not_allowed", message));
        }
        let sample = self.sample(model.project_id, &draft).await?;
        let user = caller.user();
        let id = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    face_models::fail_orphans(tx, model.id, JOB_ACCEPT).await?;
                    if face_models::is_running(tx, model.id).await? {
                        let message = "A run of this model is under way.";
                        return Err(PipelineError::refused("run_under_way", message));
                    }
                    let (run, frames, labels) = rows(tx, &model, user, &sample);
                    let (id, project) = (run.id, run.project_id);
                    let details = serde_json::json!({
                        "model": model.id, "config": model.config_hash, "frames": run.frames,
                        "faces": run.faces, "plates": run.plates,
                    });
                    face_models::insert_run(tx, run, frames, labels).await?;
                    let payload = serde_json::json!({ "run": id });
                    let job = jobs::Job::ready(tx, JOB_ACCEPT, Some(project), None, &payload);
                    jobs::insert_all(tx, vec![job]).await?;
                    let evidence = Evidence::new("face_run.opened", "face_run", id.uuid()).project(project);
                    tx.record(evidence.content(sample.hash).details(details))?;
                    Ok(id)
                })
            })
            .await?;
        self.wake_worker();
        self.face_run(caller, id).await
    }

    /// One run.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn face_run(&self, caller: &Caller, id: FaceRunId) -> Result<FaceRunView> {
        let mut conn = self.store.read().await?;
        let run = face_models::run(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::Gate, run.project_id)?;
        Ok(run.into())
    }

    /// Runs a model on its sample: the body of an acceptance job. A model that cannot look at one of the frames fails
    /// the run: what it was not shown cannot be counted for it.
    ///
    /// # Errors
    /// When the store fails, or the job was lost; it is tried again from the start.
    pub(crate) async fn run_acceptance(&self, job: jobs::Job, worker: String) -> Result<()> {
        let Payload { run } = serde_json::from_str(&job.payload)
            .map_err(|e| PipelineError::Internal(format!("an acceptance job: {e}")))?;
        let (run, model, frames, labels) = {
            let mut conn = self.store.read().await?;
            let run = face_models::run(&mut conn, run).await?.ok_or(PipelineError::NotFound)?;
            let model = face_models::by_id(&mut conn, run.model_id).await?.ok_or(PipelineError::NotFound)?;
            let frames = face_models::frames(&mut conn, run.id).await?;
            (run.clone(), model, frames, face_models::labels(&mut conn, run.id).await?)
        };
        if !["waiting", "running"].contains(&run.state.as_str()) {
            return self.finish_job(job, worker).await;
        }
        // An erasure may have taken frames away since.
        if frames.len() as u64 != run.frames || labels.len() as u64 != run.faces + run.plates {
            return self.end_run(&run, Err("frame-gone"), job, worker).await;
        }
        let mut of_frame: BTreeMap<AssetId, Vec<face_models::FaceLabel>> = BTreeMap::new();
        for label in labels {
            of_frame.entry(label.asset_id).or_default().push(label);
        }
        let mut hidden = Vec::with_capacity(frames.len());
        for part in frames.chunks(FRAMES_PER_WRITE) {
            self.keep_lease(&job, &worker).await?;
            match self.look_at(&model, part, &mut of_frame).await? {
                Ok(looked) => hidden.extend(looked),
                Err(code) => return self.end_run(&run, Err(code), job, worker).await,
            }
            self.store.note_face_run(run.id, hidden.len() as u64).await?;
        }
        self.end_run(&run, Ok(hidden), job, worker).await
    }

    /// Shows a few frames to the model and compares its masks with the labels; the code of why not.
    async fn look_at(
        &self,
        model: &face_models::FaceModel,
        frames: &[face_models::FaceFrame],
        labels: &mut BTreeMap<AssetId, Vec<face_models::FaceLabel>>,
    ) -> Result<std::result::Result<Vec<Hidden>, &'static str>> {
        let detector = RemoteDetector::new(&self.settings.models, &model.config.0);
        let mut rows = Vec::with_capacity(frames.len());
        for frame in frames {
            let asset = assets::by_id(&mut *self.store.read().await?, frame.asset_id).await?;
            rows.push(asset.ok_or(PipelineError::NotFound)?);
        }
        self.hand_out(model, rows.clone(), ACCEPTANCE).await?;
        let mut out = Vec::with_capacity(frames.len());
        for (frame, asset) in frames.iter().zip(rows) {
            let bytes = self.store.quarantine().for_machine(asset.project_id, &asset.address).await?;
            let picture = match blocking(move || decode(&bytes)).await? {
                Ok(picture) => picture,
                Err(code) => return Ok(Err(code)),
            };
            let found = match detector.detect(&picture).await {
                Ok(found) => found,
                Err(fault) => return Ok(Err(fault.code())),
            };
            let (width, height) = (picture.width(), picture.height());
            let own = labels.remove(&frame.asset_id).unwrap_or_default();
            let frame = frame.clone();
            let hidden = blocking(move || {
                let masks: Vec<_> = found.iter().map(|found| mask(found, width, height)).collect();
                let covered = Covered::new(width, height, &masks);
                let label = |l: face_models::FaceLabel| face_models::FaceLabel {
                    covered: Some(covered.share(&l.rect())),
                    ..l
                };
                Hidden {
                    frame: face_models::FaceFrame { masked: Some(covered.whole()), ..frame },
                    labels: own.into_iter().map(label).collect(),
                }
            });
            out.push(hidden.await?);
        }
        Ok(Ok(out))
    }

    async fn end_run(
        &self,
        run: &face_models::FaceRun,
        hidden: std::result::Result<Vec<Hidden>, &'static str>,
        job: jobs::Job,
        worker: String,
    ) -> Result<()> {
        let (id, project, model) = (run.id, run.project_id, run.model_id);
        let result = match &hidden {
            Ok(hidden) => Some(result_of(run, hidden)?),
            Err(_) => None,
        };
        let evidence = Evidence::new("face_run.ended", "face_run", id.uuid()).project(project);
        let reached = result.clone();
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    match (hidden, result) {
                        (Ok(hidden), Some(result)) => {
                            let (frames, labels): (Vec<_>, Vec<_>) =
                                hidden.into_iter().map(|hidden| (hidden.frame, hidden.labels)).unzip();
                            face_models::note_looked(tx, id, &frames, &labels.concat()).await?;
                            face_models::finish(tx, id, &result).await?;
                            let details = serde_json::json!({
                                "model": model,
                                "faces": [result.faces_hidden, result.faces_bound],
                                "plates": [result.plates_hidden, result.plates_bound],
                                "masked_share": result.masked_share,
                            });
                            tx.record(evidence.details(details))?;
                        }
                        (other, _) => {
                            let code = other.err().unwrap_or("internal");
                            face_models::fail(tx, id, code).await?;
                            tx.record(evidence.outcome("refused").reason(code))?;
                        }
                    }
                    if jobs::finish(tx, job.id, &worker).await? {
                        Ok(())
                    } else {
                        Err(PipelineError::refused("job_lost", "Another worker took over."))
                    }
                })
            })
            .await?;
        if reached.is_some() { self.reopen_for(project, model).await } else { Ok(()) }
    }

    /// What waits is looked at again when the protocol's own model was measured.
    async fn reopen_for(&self, project: countersign_model::ProjectId, model: FaceModelId) -> Result<()> {
        let believed = {
            let mut conn = self.store.read().await?;
            match self.protocol(&mut conn, project).await?.deid.faces.clone() {
                Some(plan) => {
                    super::accepted(&mut conn, project, &plan).await?.is_ok_and(|a| a.model.id == model)
                }
                None => false,
            }
        };
        if believed {
            self.reopen_gate(project, "a model for faces and plates was accepted").await
        } else {
            Ok(())
        }
    }
}

fn rows(
    tx: &countersign_store::Tx,
    model: &face_models::FaceModel,
    user: countersign_model::UserId,
    sample: &Sample,
) -> (face_models::FaceRun, Vec<face_models::FaceFrame>, Vec<face_models::FaceLabel>) {
    let count =
        |kind: Telltale| sample.labels.iter().filter(|(_, labelled, _)| *labelled == kind).count() as u64;
    let run = face_models::FaceRun {
        id: tx.fresh(),
        project_id: model.project_id,
        model_id: model.id,
        state: "waiting".into(),
        sample_hash: hex::encode(sample.hash),
        confidence: CONFIDENCE,
        cover: COVER,
        widened: WIDENED,
        frames: sample.frames.len() as u64,
        looked: 0,
        faces: count(Telltale::Face),
        faces_hidden: None,
        faces_bound: None,
        plates: count(Telltale::Plate),
        plates_hidden: None,
        plates_bound: None,
        masked_share: None,
        error_code: None,
        opened_by: Some(user),
        opened_at: tx.now(),
        closed_at: None,
    };
    let frame = |(position, asset_id): (u32, &AssetId)| face_models::FaceFrame {
        run_id: run.id,
        position,
        asset_id: *asset_id,
        masked: None,
    };
    let frames = (0..).zip(&sample.frames).map(frame).collect();
    let labels = (0..).zip(&sample.labels).map(|(position, (asset, kind, rect))| face_models::FaceLabel {
        run_id: run.id,
        position,
        asset_id: *asset,
        kind: *kind,
        x: rect.x,
        y: rect.y,
        width: rect.width,
        height: rect.height,
        covered: None,
    });
    let labels = labels.collect();
    (run, frames, labels)
}

fn result_of(run: &face_models::FaceRun, hidden: &[Hidden]) -> Result<face_models::FaceRunResult> {
    let recall = |kind: Telltale| -> Result<(u64, f64)> {
        let own = hidden.iter().flat_map(|hidden| &hidden.labels).filter(|label| label.kind == kind);
        let (mut all, mut hits) = (0, 0);
        for label in own {
            all += 1;
            hits += u64::from(label.covered.is_some_and(|covered| covered >= run.cover));
        }
        // Of what no label shows, nothing is known.
        let bound = if all == 0 { 0.0 } else { bound(all, hits, run.confidence)? };
        Ok((hits, bound))
    };
    let (faces_hidden, faces_bound) = recall(Telltale::Face)?;
    let (plates_hidden, plates_bound) = recall(Telltale::Plate)?;
    let masked: f64 = hidden.iter().filter_map(|hidden| hidden.frame.masked).sum();
    let masked_share = masked / hidden.len().max(1) as f64;
    Ok(face_models::FaceRunResult { faces_hidden, faces_bound, plates_hidden, plates_bound, masked_share })
}

fn bound(all: u64, hits: u64, confidence: f64) -> Result<f64> {
    share_lower(all, hits, confidence).map_err(|e| PipelineError::Internal(e.to_string()))
}
