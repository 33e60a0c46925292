//! The gate: what is de-identified and vouched for moves to `cleared`; the rest waits for a privacy officer.

mod camera;
mod clean;
mod decide;
mod document;
mod face;
mod masking;
mod masks;
mod plan;
mod preview;
mod proposals;
mod queue;
mod record;
pub(crate) mod records;
mod risk;
mod rules;

use std::collections::{BTreeMap, HashSet};

use countersign_model::{AssetId, AssetKind, ItemId, ProjectId, Stream, StreamKind, SubjectId, Zone};
use countersign_store::{
    Actor, Address, Evidence, Json, Tx, assets, gate, gold, items, jobs, masks as mask_rows, projects, risks,
    subjects,
};
use countersign_workflow::{Event, Phase};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

pub use self::{
    camera::CameraLook,
    decide::GateChoice,
    document::{DocumentOutcome, ReportedDose},
    face::FaceCut,
    masks::{MaskDraft, MaskView, Masks},
    preview::{Preview, TagChange},
    proposals::{Proposal, ProposalOrigin},
    queue::{GateEntryView, GateFilter, GateSide, GateSummary, ReasonCount, WaiverView},
    records::{ItemRecord, RecordCell, RecordFileView, TABLE_LIMITS},
};
use self::{
    clean::{CleanedAsset, FileMasks, Outcome, clean_asset, masks_of},
    face::plane_for,
    plan::{Rules, rules},
    risk::{NOT_CLEANED, score},
};
use crate::{
    Pipeline, PipelineError, Result, blocking,
    holds::wide::hold_cleared,
    moving::{Moving, draw, seed_of},
    subjects::{Written, note_crosswalk},
};

/// What the gate did to an item, without any value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct GateReport {
    /// Profile and edition, in the words that outputs carry.
    pub profile: String,
    /// Edition of the standard whose tables were applied.
    pub edition: String,
    /// Options of the profile.
    pub options: Vec<String>,
    /// Codes of risks that stay in what was cleaned correctly, such as a face that could be drawn from slices.
    pub risks: Vec<String>,
    /// Planes along which faces of head scans were cut off, by series.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faces: Vec<FaceCut>,
    /// The model that looked for faces and plates in camera pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera: Option<CameraLook>,
    /// Version of the detector of text.
    pub detector: String,
    /// Masks on the pictures of the copies.
    pub masks: u64,
    /// Assets that were cleaned.
    pub assets: u64,
    /// What was done, by tag or part of a container.
    pub actions: Vec<GateAction>,
    /// What could not be cleaned: place and code.
    pub residual: Vec<String>,
    /// Reports and documents of the study, which are no pictures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentOutcome>,
    /// Dose that a cleaned dose report states.
    #[serde(skip_serializing_if = "ReportedDose::is_empty")]
    pub dose: ReportedDose,
    /// Streams that refer to the cleaned copies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<Stream>,
}

/// One kind of change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GateAction {
    /// Tag path, or the part of an image container.
    pub tag: String,
    /// What was done.
    pub action: String,
    /// In how many assets.
    pub count: u64,
}

impl Pipeline {
    /// Runs the gate on an item: the body of a `gate` job.
    ///
    /// # Errors
    /// When the store fails, or the item changed meanwhile; the job is tried again.
    pub(crate) async fn run_gate(&self, job: jobs::Job, worker: String) -> Result<()> {
        let id = job.item_id.ok_or_else(|| PipelineError::Internal("a gate job without item".into()))?;
        let (item, sources, public, rules) = {
            let mut conn = self.store.read().await?;
            let item = items::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            let project =
                projects::by_id(&mut conn, item.project_id).await?.ok_or(PipelineError::NotFound)?;
            let rules = rules(self, &mut conn, item.project_id, None, item.kind).await?;
            (item, assets::of_item(&mut conn, id).await?, project.declared_public_at.is_some(), rules)
        };
        if item.state != Phase::Quarantined.as_str() {
            return self.finish_job(job, worker).await;
        }
        let item = self.assembled(&job, item, &sources).await?;
        let version = rules.version;
        let mut outcome = self.clean(&item, sources, rules, (&job, &worker)).await?;
        // The vault knows first: nothing leaves quarantine whose way back is not kept.
        let known = std::mem::take(&mut outcome.crosswalk);
        let written = self.write_crosswalk(item.project_id, item.id, known).await?;
        let vouched =
            outcome.reasons.is_empty() || (public && !outcome.reasons.iter().any(|r| r == NOT_CLEANED));
        if vouched {
            self.clear(item, outcome, written, job, worker).await
        } else {
            self.wait_for_officer(item, outcome, (written, version), job, worker).await
        }
    }

    async fn clean(
        &self,
        item: &items::Item,
        sources: Vec<assets::Asset>,
        rules: Rules,
        lease: (&jobs::Job, &str),
    ) -> Result<Outcome> {
        // Masks that were drawn before hold for what is cleaned again.
        let drawn = mask_rows::of_item(&mut *self.store.read().await?, item.id).await?;
        let mut outcome = Outcome::default();
        self.find_faces(item, &sources, &rules, &mut outcome).await?;
        let mut seen = self.look_for_people(item, &rules, lease, &mut outcome).await?;
        let camera = outcome.camera();
        let shown: Vec<AssetId> =
            item.streams.0.iter().flat_map(|s| s.frames.iter().map(|f| f.asset)).collect();
        for asset in sources
            .into_iter()
            .filter(|asset| asset.zone == Zone::Quarantine && asset.source_asset_id.is_none())
        {
            let beside = matches!(asset.kind, AssetKind::KittiCalib | AssetKind::Document);
            if !shown.contains(&asset.id) && !beside {
                continue;
            }
            let bytes = self.store.quarantine().for_machine(asset.project_id, &asset.address).await?;
            let face = plane_for(&outcome.report.faces, &item.streams.0, asset.id);
            let seen = seen.masks.remove(&asset.id).unwrap_or_default();
            let masks = FileMasks { face, seen, camera: camera.clone(), ..masks_of(&drawn, asset.id) };
            let (item_kind, rules) = (item.kind, rules.clone());
            outcome = blocking(move || {
                clean_asset(&mut outcome, &asset, &bytes, item_kind, &rules, &masks);
                outcome
            })
            .await?;
        }
        // What people would be shown was cleaned, every frame of it, or the item stays here.
        let cleaned: HashSet<AssetId> = outcome.cleaned.iter().map(|asset| asset.source).collect();
        let missed = shown.iter().filter(|asset| !cleaned.contains(asset)).count();
        if missed > 0 && !outcome.reasons.iter().any(|reason| reason == NOT_CLEANED) {
            outcome.failed("frames_missed", &format!("{missed} frames"));
        }
        outcome.close(item.kind, &rules);
        Ok(outcome)
    }

    /// Moves the cleaned copies to `cleared` and opens the item for work.
    async fn clear(
        &self,
        item: items::Item,
        outcome: Outcome,
        written: Vec<Written>,
        job: jobs::Job,
        worker: String,
    ) -> Result<()> {
        let rows = self.put_cleared(&item, outcome.cleaned).await?;
        let (pipeline, report, calibration) = (self.clone(), outcome.report, outcome.calibration);
        let found = outcome.found;
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let mut moving = Moving::load(tx, &pipeline, item.id).await?;
                    if moving.item.streams != item.streams || moving.state.phase != Phase::Quarantined {
                        return Err(PipelineError::refused(
                            "item_changed",
                            "More files arrived; the gate looks again.",
                        ));
                    }
                    let rows = note_rows(tx, rows).await?;
                    let streams = point_to(&item.streams.0, &rows, calibration.as_ref());
                    note_found(tx, &item, found).await?;
                    note_crosswalk(tx, item.project_id, item.id, &written).await?;
                    open_item(tx, &mut moving, streams, &report, "vouched").await?;
                    finish_in(tx, &job, &worker).await
                })
            })
            .await
    }

    async fn put_cleared(&self, item: &items::Item, cleaned: Vec<CleanedAsset>) -> Result<Vec<CopyRow>> {
        let owners = self.owners(item.project_id, item.id).await?;
        let mut rows = Vec::with_capacity(cleaned.len());
        for asset in cleaned {
            let subject = owners.of(asset.source).await?;
            let put = self.store.cleared().put(item.project_id, subject, asset.bytes.clone()).await?;
            rows.push(self.copy_row(item, &asset, put.owner.unwrap_or(subject), Zone::Cleared, put.address));
        }
        Ok(rows)
    }

    /// Cleaned copies that wait are quarantined as their sources are.
    async fn put_waiting(&self, item: &items::Item, cleaned: Vec<CleanedAsset>) -> Result<Vec<CopyRow>> {
        let owners = self.owners(item.project_id, item.id).await?;
        let mut rows = Vec::with_capacity(cleaned.len());
        for asset in cleaned {
            let subject = owners.of(asset.source).await?;
            let put = self.store.quarantine().put(item.project_id, subject, asset.bytes.clone()).await?;
            rows.push(self.copy_row(
                item,
                &asset,
                put.owner.unwrap_or(subject),
                Zone::Quarantine,
                put.address,
            ));
        }
        Ok(rows)
    }

    fn copy_row(
        &self,
        item: &items::Item,
        asset: &CleanedAsset,
        subject: SubjectId,
        zone: Zone,
        address: Address,
    ) -> CopyRow {
        CopyRow {
            id: AssetId::fresh(self.store.ids()),
            source: asset.source,
            subject,
            kind: asset.kind,
            zone,
            address,
            content_hash: hex::encode(Sha256::digest(&asset.bytes)),
            record: asset.record.clone(),
            bytes: asset.bytes.len() as u64,
            item: item.id,
            project: item.project_id,
        }
    }

    /// Keeps the cleaned copies in quarantine and puts the item into the privacy officer's queue.
    async fn wait_for_officer(
        &self,
        item: items::Item,
        outcome: Outcome,
        (written, protocol_version): (Vec<Written>, u32),
        job: jobs::Job,
        worker: String,
    ) -> Result<()> {
        let rows = self.put_waiting(&item, outcome.cleaned).await?;
        let (mut report, reasons, calibration) = (outcome.report, outcome.reasons, outcome.calibration);
        let found = outcome.found;
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let now = items::lock(tx, item.id).await?;
                    if now.streams != item.streams || now.state != item.state {
                        return Err(PipelineError::refused(
                            "item_changed",
                            "More files arrived; the gate looks again.",
                        ));
                    }
                    for old in
                        gate::of_item(tx, item.id).await?.into_iter().filter(|entry| entry.state == "open")
                    {
                        gate::decide(tx, old.id, "replaced", None, "looked at again").await?;
                    }
                    let rows = note_rows(tx, rows).await?;
                    note_found(tx, &item, found).await?;
                    report.streams = point_to(&item.streams.0, &rows, calibration.as_ref());
                    document::point_to(&mut report.documents, &rows);
                    let entry = gate::GateEntry {
                        id: tx.fresh(),
                        project_id: item.project_id,
                        item_id: item.id,
                        state: "open".into(),
                        reasons: Json(reasons.clone()),
                        report: Json(
                            serde_json::to_value(&report)
                                .map_err(|e| PipelineError::Internal(e.to_string()))?,
                        ),
                        opened_at: tx.now(),
                        decided_at: None,
                        decided_by: None,
                        reason: None,
                        risk: score(&reasons),
                        revision: 0,
                        protocol_version,
                        waiver_by: None,
                        waiver_at: None,
                        waiver_reason: None,
                    };
                    let evidence = Evidence::new("gate.held", "gate_entry", entry.id.uuid())
                        .project(item.project_id)
                        .item(item.id)
                        .reason(reasons.first().map_or("held", String::as_str));
                    gate::insert(tx, entry).await?;
                    note_crosswalk(tx, item.project_id, item.id, &written).await?;
                    tx.record(evidence)?;
                    finish_in(tx, &job, &worker).await
                })
            })
            .await
    }
}

/// Keeps the masks that the detector found.
async fn note_found(tx: &mut Tx, item: &items::Item, found: Vec<clean::FoundMask>) -> Result<()> {
    let masks =
        found.into_iter().map(|clean::FoundMask { asset: asset_id, mask: (part, rect), detector }| {
            mask_rows::GateMask {
                id: tx.fresh(),
                project_id: item.project_id,
                item_id: item.id,
                asset_id,
                part,
                x: rect.x,
                y: rect.y,
                width: rect.width,
                height: rect.height,
                detector: Some(detector),
                drawn_by: None,
                created_at: tx.now(),
                removed_at: None,
                removed_by: None,
            }
        });
    let masks: Vec<_> = masks.collect();
    mask_rows::insert_all(tx, masks).await?;
    Ok(())
}

/// A copy of an asset in some zone, on its way to becoming a row.
#[derive(Clone)]
struct CopyRow {
    id: AssetId,
    source: AssetId,
    subject: SubjectId,
    kind: AssetKind,
    zone: Zone,
    address: Address,
    content_hash: String,
    record: Option<record::Record>,
    bytes: u64,
    item: ItemId,
    project: ProjectId,
}

/// Writes the rows; where the same bytes are there already, their row is used.
async fn note_rows(tx: &mut Tx, rows: Vec<CopyRow>) -> Result<Vec<CopyRow>> {
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let asset = assets::Asset {
            id: row.id,
            project_id: row.project,
            zone: row.zone,
            address: row.address.clone(),
            kind: row.kind,
            bytes: row.bytes,
            content_hash: row.content_hash.clone(),
            source_asset_id: Some(row.source),
            item_id: Some(row.item),
            created_at: tx.now(),
            external_url: None,
        };
        let (asset, _) = assets::insert(tx, asset).await?;
        assets::put_under(tx, asset.id, row.item).await?;
        subjects::link_asset(tx, asset.id, row.subject).await?;
        out.push(CopyRow { id: asset.id, ..row });
    }
    record::note_records(tx, &out).await?;
    Ok(out)
}

/// The same streams with frames that name the copies.
fn point_to(streams: &[Stream], rows: &[CopyRow], calibration: Option<&serde_json::Value>) -> Vec<Stream> {
    let copy: BTreeMap<AssetId, AssetId> = rows.iter().map(|row| (row.source, row.id)).collect();
    streams
        .iter()
        .map(|stream| {
            let mut stream = stream.clone();
            for frame in &mut stream.frames {
                if let Some(id) = copy.get(&frame.asset) {
                    frame.asset = *id;
                }
            }
            if let Some(calibration) =
                calibration.filter(|_| matches!(stream.kind, StreamKind::Camera | StreamKind::Lidar))
            {
                stream.properties.insert("calibration".into(), calibration.clone());
            }
            stream
        })
        .collect()
}

async fn open_item(
    tx: &mut Tx,
    moving: &mut Moving,
    streams: Vec<Stream>,
    report: &GateReport,
    how: &str,
) -> Result<()> {
    risks::note(tx, moving.item.id, moving.item.project_id, &report.risks).await?;
    let facts = &mut moving.item.facts.0;
    facts.ctdi_vol_mgy = facts.ctdi_vol_mgy.or(report.dose.ctdi_vol_mgy);
    facts.dlp_mgy_cm = facts.dlp_mgy_cm.or(report.dose.dlp_mgy_cm);
    items::set_content(tx, moving.item.id, streams.clone(), moving.item.facts.0.clone()).await?;
    moving.item.streams = Json(streams);
    gold::close_copies(tx, moving.item.id).await?;
    let seed = seed_of(tx, moving.item.project_id, &moving.protocol).await?;
    let draw = draw(tx, seed.as_ref(), moving.item.id);
    hold_cleared(tx, moving).await?;
    moving.take(tx, &Event::Cleared { draw }).await?;
    // The number that decides which samples the item falls into is in the log before anybody works on it.
    let details = serde_json::json!({
        "profile": report.profile, "assets": report.assets, "actions": report.actions.len(), "draw": draw,
    });
    tx.record(moving.evidence("item.cleared").reason(how).details(details))?;
    crate::gold::fill(tx, moving).await
}

async fn finish_in(tx: &mut Tx, job: &jobs::Job, worker: &str) -> Result<()> {
    if jobs::finish(tx, job.id, worker).await? {
        Ok(())
    } else {
        Err(PipelineError::refused("job_lost", "Another worker took over."))
    }
}
