//! The gate: what is de-identified and vouched for moves to `cleared`; the rest waits for a privacy officer.

use std::collections::BTreeMap;

use countersign_deid as deid;
use countersign_dicom as dicom;
use countersign_model::{
    AssetId, AssetKind, GateEntryId, Instant, ItemId, ItemKind, ProjectId, Stream, StreamKind, UserId, Zone,
};
use countersign_sensors::kitti;
use countersign_store::{Actor, Json, Tx, assets, exposures, gate, items, jobs, projects, users};
use countersign_workflow::{Event, Phase};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    blocking,
    moving::{JOB_GATE, Moving},
    people::Caller,
    pixels::{Picture, WindowLevel, picture},
    review::checked_comment,
    views::{PAGE_MAX, Page, page_length},
};

/// Why pictures of streets and rooms wait: nobody has looked for faces and plates.
const FACES_NOT_RULED_OUT: &str = "faces-and-plates-not-ruled-out";
/// The cleaner failed: such an item can only be rejected.
const NOT_CLEANED: &str = "not-cleaned";

/// What a report keeps of the changed tags, at most.
const REPORT_ACTIONS_MAX: usize = 400;

/// What the gate did to an item, without any value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct GateReport {
    /// Profile and edition, in the words that outputs carry.
    pub profile: String,
    /// Assets that were cleaned.
    pub assets: u64,
    /// What was done, by tag or part of a container.
    pub actions: Vec<GateAction>,
    /// What could not be cleaned: place and code.
    pub residual: Vec<String>,
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

/// An entry of the privacy officer's queue.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GateEntryView {
    /// Entry.
    pub id: GateEntryId,
    /// Project.
    pub project: ProjectId,
    /// Item.
    pub item: ItemId,
    /// Item's neutral name.
    pub name: String,
    /// What the item is.
    pub kind: ItemKind,
    /// `open`, `cleared` or `rejected`.
    pub state: String,
    /// Codes of what is not vouched for.
    pub reasons: Vec<String>,
    /// Pictures to look at.
    pub frames: u32,
    /// Since when it waits.
    pub opened_at: Instant,
    /// When it was decided.
    pub decided_at: Option<Instant>,
    /// Printed name of who decided.
    pub decided_by: Option<String>,
    /// Their reason.
    pub reason: Option<String>,
    /// What was done to the item; its streams stay inside.
    pub report: GateReport,
}

/// Cleaned bytes of one asset.
struct CleanedAsset {
    source: AssetId,
    kind: AssetKind,
    bytes: Vec<u8>,
}

/// What cleaning an item came to.
#[derive(Default)]
struct Outcome {
    cleaned: Vec<CleanedAsset>,
    reasons: Vec<String>,
    report: GateReport,
    counts: BTreeMap<(String, String), u64>,
    calibration: Option<serde_json::Value>,
}

impl Outcome {
    fn hold(&mut self, reason: &str) {
        if !self.reasons.iter().any(|known| known == reason) {
            self.reasons.push(reason.to_owned());
        }
    }

    fn done(&mut self, tag: &str, action: &str) {
        *self.counts.entry((tag.to_owned(), action.to_owned())).or_default() += 1;
    }

    fn failed(&mut self, code: &str, place: &str) {
        self.hold(NOT_CLEANED);
        self.report.residual.push(format!("{code} at {place}"));
    }
}

impl Pipeline {
    /// Runs the gate on an item: the body of a `gate` job.
    ///
    /// # Errors
    /// When the store fails, or the item changed meanwhile; the job is tried again.
    pub(crate) async fn run_gate(&self, job: jobs::Job, worker: String) -> Result<()> {
        let id = job.item_id.ok_or_else(|| PipelineError::Internal("a gate job without item".into()))?;
        let (item, sources, public) = {
            let mut conn = self.store.read().await?;
            let item = items::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            let project =
                projects::by_id(&mut conn, item.project_id).await?.ok_or(PipelineError::NotFound)?;
            (item, assets::of_item(&mut conn, id).await?, project.declared_public_at.is_some())
        };
        if item.state != Phase::Quarantined.as_str() {
            return self.finish_job(job, worker).await;
        }
        let outcome = self.clean(&item, sources).await?;
        let vouched =
            outcome.reasons.is_empty() || (public && !outcome.reasons.iter().any(|r| r == NOT_CLEANED));
        if vouched {
            self.clear(item, outcome, job, worker).await
        } else {
            self.wait_for_officer(item, outcome, job, worker).await
        }
    }

    async fn clean(&self, item: &items::Item, sources: Vec<assets::Asset>) -> Result<Outcome> {
        let key = self.store.keys().project(item.project_id)?;
        let mut outcome = Outcome::default();
        let shown: Vec<AssetId> =
            item.streams.0.iter().flat_map(|s| s.frames.iter().map(|f| f.asset)).collect();
        for asset in sources
            .into_iter()
            .filter(|asset| asset.zone == Zone::Quarantine && asset.source_asset_id.is_none())
        {
            if !shown.contains(&asset.id) && asset.kind != AssetKind::KittiCalib {
                continue;
            }
            let bytes = self.store.quarantine().for_machine(asset.project_id, &asset.address).await?;
            let item_kind = item.kind;
            outcome = blocking(move || {
                clean_asset(&mut outcome, &asset, &bytes, item_kind, key);
                outcome
            })
            .await?;
        }
        let counts = std::mem::take(&mut outcome.counts);
        outcome.report.assets = outcome.cleaned.len() as u64;
        outcome.report.profile = profile_words(item.kind);
        outcome.report.actions = counts
            .into_iter()
            .take(REPORT_ACTIONS_MAX)
            .map(|((tag, action), count)| GateAction { tag, action, count })
            .collect();
        Ok(outcome)
    }

    /// Moves the cleaned copies to `cleared` and opens the item for work.
    async fn clear(&self, item: items::Item, outcome: Outcome, job: jobs::Job, worker: String) -> Result<()> {
        let rows = self.put_cleared(&item, outcome.cleaned).await?;
        let (pipeline, report, calibration) = (self.clone(), outcome.report, outcome.calibration);
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
                    let streams = point_to(&item.streams.0, &rows, calibration.as_ref());
                    note_rows(tx, rows).await?;
                    open_item(tx, &mut moving, streams, &report, "vouched").await?;
                    finish_in(tx, &job, &worker).await
                })
            })
            .await
    }

    async fn put_cleared(&self, item: &items::Item, cleaned: Vec<CleanedAsset>) -> Result<Vec<CopyRow>> {
        let mut rows = Vec::with_capacity(cleaned.len());
        for asset in cleaned {
            let content_hash = hex::encode(Sha256::digest(&asset.bytes));
            let bytes = asset.bytes.len() as u64;
            let put = self.store.cleared().put(item.project_id, asset.bytes).await?;
            rows.push(CopyRow {
                source: asset.source,
                kind: asset.kind,
                zone: Zone::Cleared,
                address: put.address,
                content_hash,
                bytes,
                id: AssetId::fresh(self.store.ids()),
                item: item.id,
                project: item.project_id,
            });
        }
        Ok(rows)
    }

    /// Keeps the cleaned copies in quarantine and puts the item into the privacy officer's queue.
    async fn wait_for_officer(
        &self,
        item: items::Item,
        outcome: Outcome,
        job: jobs::Job,
        worker: String,
    ) -> Result<()> {
        let mut rows = Vec::with_capacity(outcome.cleaned.len());
        for asset in outcome.cleaned {
            let content_hash = hex::encode(Sha256::digest(&asset.bytes));
            let bytes = asset.bytes.len() as u64;
            let put = self.store.quarantine().put(item.project_id, asset.bytes).await?;
            rows.push(CopyRow {
                source: asset.source,
                kind: asset.kind,
                zone: Zone::Quarantine,
                address: put.address,
                content_hash,
                bytes,
                id: AssetId::fresh(self.store.ids()),
                item: item.id,
                project: item.project_id,
            });
        }
        let (mut report, reasons, calibration) = (outcome.report, outcome.reasons, outcome.calibration);
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
                    report.streams = point_to(&item.streams.0, &rows, calibration.as_ref());
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
                    };
                    let evidence =
                        countersign_store::Evidence::new("gate.held", "gate_entry", entry.id.uuid())
                            .project(item.project_id)
                            .item(item.id)
                            .reason(reasons.first().map_or("held", String::as_str));
                    gate::insert(tx, entry).await?;
                    tx.record(evidence)?;
                    finish_in(tx, &job, &worker).await
                })
            })
            .await
    }

    /// The privacy officer's queue.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody else.
    pub async fn gate(
        &self,
        caller: &Caller,
        project: ProjectId,
        state: Option<String>,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<GateEntryView>> {
        self.require_on(caller, Action::Gate, project)?;
        let after = cursor.as_deref().map(str::parse).transpose();
        let after = after.map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))?;
        let limit = page_length(limit);
        let mut conn = self.store.read().await?;
        let state = state.unwrap_or_else(|| "open".into());
        let entries = gate::list(&mut conn, project, &state, after, limit + 1).await?;
        let page = Page::cut(entries, limit, |entry| entry.id.to_string());
        let mut shown = Vec::with_capacity(page.items.len());
        for entry in page.items {
            shown.push(view(&mut conn, entry).await?);
        }
        Ok(Page { items: shown, next: page.next })
    }

    /// One entry.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn gate_entry(&self, caller: &Caller, id: GateEntryId) -> Result<GateEntryView> {
        let mut conn = self.store.read().await?;
        let entry = gate::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::Gate, entry.project_id)?;
        view(&mut conn, entry).await
    }

    /// A picture of the cleaned copy that waits; the exposure is committed first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn gate_image(
        &self,
        caller: &Caller,
        id: GateEntryId,
        frame: u32,
        window: Option<WindowLevel>,
    ) -> Result<Picture> {
        let (asset, part) = {
            let mut conn = self.store.read().await?;
            let entry = gate::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::Gate, entry.project_id)?;
            let report = report_of(&entry)?;
            let frames: Vec<_> = pictures(&report).collect();
            let found = frames.get(frame as usize).ok_or(PipelineError::NotFound)?;
            let asset = assets::by_id(&mut conn, found.0).await?.ok_or(PipelineError::NotFound)?;
            (asset, found.1)
        };
        let exposed = exposures::ensure(&self.store, caller.viewer(), &asset, "gate").await?;
        let bytes = match asset.zone {
            Zone::Quarantine => self.store.quarantine().show_at_gate(&exposed).await?,
            _ => self.store.cleared().show(&exposed).await?,
        };
        picture(asset.kind, bytes, part, window).await
    }

    /// Clears or rejects what waits, with a reason.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `reason_required`; `already_decided`; `not_clearable`.
    pub async fn decide_gate(
        &self,
        caller: &Caller,
        id: GateEntryId,
        clear: bool,
        reason: String,
    ) -> Result<GateEntryView> {
        let reason = checked_comment(Some(reason))?
            .ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))?;
        let (entry, item) = {
            let mut conn = self.store.read().await?;
            let entry = gate::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::Gate, entry.project_id)?;
            let item = items::by_id(&mut conn, entry.item_id).await?.ok_or(PipelineError::NotFound)?;
            (entry, item)
        };
        if entry.state != "open" {
            return Err(PipelineError::refused("already_decided", "Somebody decided this before."));
        }
        let report = report_of(&entry)?;
        if clear && entry.reasons.0.iter().any(|code| code == NOT_CLEANED) {
            return Err(PipelineError::refused(
                "not_clearable",
                "A part of this item could not be de-identified; it can only be rejected.",
            ));
        }
        self.decide_as(caller.actor(), Some(caller.user()), entry, item, report, clear, reason).await?;
        self.wake_worker();
        view(
            &mut *self.store.read().await?,
            gate::by_id(&mut *self.store.read().await?, id).await?.ok_or(PipelineError::NotFound)?,
        )
        .await
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a decision is these parts, checked by both of its callers"
    )]
    async fn decide_as(
        &self,
        actor: Actor,
        user: Option<UserId>,
        entry: gate::GateEntry,
        item: items::Item,
        report: GateReport,
        clear: bool,
        reason: String,
    ) -> Result<()> {
        let copies = if clear { self.copy_to_cleared(&item, &report).await? } else { Vec::new() };
        let pipeline = self.clone();
        self.store
            .write::<_, PipelineError, _>(actor, move |tx| {
                Box::pin(async move {
                    let mut moving = Moving::load(tx, &pipeline, item.id).await?;
                    let word = if clear { "cleared" } else { "rejected" };
                    if !gate::decide(tx, entry.id, word, user, &reason).await? {
                        return Err(PipelineError::refused(
                            "already_decided",
                            "Somebody decided this before.",
                        ));
                    }
                    let evidence = countersign_store::Evidence::new(
                        &format!("gate.{word}"),
                        "gate_entry",
                        entry.id.uuid(),
                    )
                    .project(item.project_id)
                    .item(item.id)
                    .details(serde_json::json!({ "reason": reason }));
                    tx.record(evidence)?;
                    if clear {
                        let streams = point_to(&report.streams, &copies, None);
                        note_rows(tx, copies).await?;
                        open_item(tx, &mut moving, streams, &report, "privacy_officer").await
                    } else {
                        moving.take(tx, &Event::GateRejected).await.map(drop)
                    }
                })
            })
            .await
    }

    async fn copy_to_cleared(&self, item: &items::Item, report: &GateReport) -> Result<Vec<CopyRow>> {
        let mut wanted: Vec<AssetId> =
            report.streams.iter().flat_map(|s| s.frames.iter().map(|f| f.asset)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut cleaned = Vec::with_capacity(wanted.len());
        for id in wanted {
            let asset =
                assets::by_id(&mut *self.store.read().await?, id).await?.ok_or(PipelineError::NotFound)?;
            let bytes = self.store.quarantine().for_machine(asset.project_id, &asset.address).await?;
            cleaned.push(CleanedAsset { source: id, kind: asset.kind, bytes: bytes.to_vec() });
        }
        self.put_cleared(item, cleaned).await
    }

    /// After a project was declared public: everything that waits is looked at again.
    pub(crate) async fn reopen_gate(&self, project: ProjectId) -> Result<()> {
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let waiting = gate::list(tx, project, "open", None, PAGE_MAX).await?;
                    let mut again = Vec::with_capacity(waiting.len());
                    for entry in waiting {
                        again.push(jobs::Job::ready(
                            tx,
                            JOB_GATE,
                            Some(project),
                            Some(entry.item_id),
                            &serde_json::json!({}),
                        ));
                        gate::decide(tx, entry.id, "replaced", None, "the project was declared public")
                            .await?;
                        let evidence =
                            countersign_store::Evidence::new("gate.replaced", "gate_entry", entry.id.uuid());
                        tx.record(evidence.project(project).item(entry.item_id))?;
                    }
                    jobs::insert_all(tx, again).await?;
                    Ok(())
                })
            })
            .await?;
        self.wake_worker();
        Ok(())
    }
}

/// A copy of an asset in some zone, on its way to becoming a row.
#[derive(Clone)]
struct CopyRow {
    id: AssetId,
    source: AssetId,
    kind: AssetKind,
    zone: Zone,
    address: countersign_store::Address,
    content_hash: String,
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
        out.push(CopyRow { id: asset.id, ..row });
    }
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
    items::set_content(tx, moving.item.id, streams.clone(), moving.item.facts.0.clone()).await?;
    moving.item.streams = Json(streams);
    moving.take(tx, &Event::Cleared).await?;
    let details = serde_json::json!({ "profile": report.profile, "assets": report.assets, "actions": report.actions.len() });
    tx.record(moving.evidence("item.cleared").reason(how).details(details))?;
    Ok(())
}

async fn finish_in(tx: &mut Tx, job: &jobs::Job, worker: &str) -> Result<()> {
    if jobs::finish(tx, job.id, worker).await? {
        Ok(())
    } else {
        Err(PipelineError::refused("job_lost", "Another worker took over."))
    }
}

fn profile_words(kind: ItemKind) -> String {
    match kind {
        ItemKind::Study => {
            format!("de-identified under PS3.15 edition {}, Basic Profile, no options", deid::EDITION)
        }
        _ => "metadata removed from image containers; positions dropped".into(),
    }
}

fn clean_asset(outcome: &mut Outcome, asset: &assets::Asset, bytes: &[u8], item: ItemKind, key: [u8; 32]) {
    match asset.kind {
        AssetKind::Dicom => clean_dicom(outcome, asset, bytes, key),
        AssetKind::Png | AssetKind::Jpeg => match deid::clean_image(bytes) {
            Ok(cleaned) => {
                for part in &cleaned.stripped {
                    outcome.done(&part.part, "removed");
                }
                // Pictures of parts show no people; pictures of the world may.
                if item != ItemKind::Part {
                    outcome.hold(FACES_NOT_RULED_OUT);
                }
                outcome.cleaned.push(CleanedAsset {
                    source: asset.id,
                    kind: asset.kind,
                    bytes: cleaned.bytes,
                });
            }
            Err(error) => outcome.failed(error.code(), &format!("byte {}", error.offset().unwrap_or(0))),
        },
        AssetKind::KittiCalib => {
            match std::str::from_utf8(bytes).ok().and_then(|text| kitti::parse_calib(text).ok()) {
                Some(calibration) => outcome.calibration = serde_json::to_value(calibration).ok(),
                None => outcome.failed("bad_calibration", "calibration"),
            }
        }
        kind => outcome.cleaned.push(CleanedAsset { source: asset.id, kind, bytes: bytes.to_vec() }),
    }
}

fn clean_dicom(outcome: &mut Outcome, asset: &assets::Asset, bytes: &[u8], key: [u8; 32]) {
    let instance = match dicom::read(bytes, &dicom::Limits::default()) {
        Ok(instance) => instance,
        Err(error) => return outcome.failed(error.code(), &error.place().to_string()),
    };
    let keys = deid::Keys { project_key: key };
    match deid::clean_dicom(&instance, &deid::Profile::basic(), &keys) {
        Ok(cleaned) => {
            for (tag, applied) in &cleaned.report.changed {
                outcome.done(tag, applied_word(*applied));
            }
            if let deid::Verdict::Hold(reasons) = deid::verdict(&dicom::Facts::of(&instance)) {
                for reason in reasons {
                    outcome.hold(reason.code());
                }
            }
            outcome.cleaned.push(CleanedAsset {
                source: asset.id,
                kind: AssetKind::Dicom,
                bytes: cleaned.bytes,
            });
        }
        Err(error) => outcome.failed(error.code(), &error.place().to_string()),
    }
}

const fn applied_word(applied: deid::Applied) -> &'static str {
    match applied {
        deid::Applied::Kept => "kept",
        deid::Applied::Removed | deid::Applied::RemovedMalformed | deid::Applied::RemovedResidue => "removed",
        deid::Applied::RemovedPrivate => "private, removed",
        deid::Applied::Emptied => "emptied",
        deid::Applied::Replaced => "replaced",
        deid::Applied::Mapped => "UID mapped",
        deid::Applied::Pseudonym => "pseudonym",
        deid::Applied::Stripped => "stripped",
    }
}

fn report_of(entry: &gate::GateEntry) -> Result<GateReport> {
    serde_json::from_value(entry.report.0.clone())
        .map_err(|e| PipelineError::Internal(format!("gate report: {e}")))
}

/// The pictures of an entry in order: asset and part.
fn pictures(report: &GateReport) -> impl Iterator<Item = (AssetId, u32)> {
    report
        .streams
        .iter()
        .filter(|stream| stream.kind != StreamKind::Lidar)
        .flat_map(|stream| stream.frames.iter().map(|frame| (frame.asset, frame.part)))
}

async fn view(conn: &mut countersign_store::Conn, entry: gate::GateEntry) -> Result<GateEntryView> {
    let mut report = report_of(&entry)?;
    let frames = u32::try_from(pictures(&report).count()).unwrap_or(u32::MAX);
    report.streams.clear();
    let item = items::by_id(conn, entry.item_id).await?.ok_or(PipelineError::NotFound)?;
    let decided_by = match entry.decided_by {
        Some(user) => users::by_id(conn, user).await?.map(|user| user.printed_name),
        None => None,
    };
    Ok(GateEntryView {
        id: entry.id,
        project: entry.project_id,
        item: entry.item_id,
        name: item.name,
        kind: item.kind,
        state: entry.state,
        reasons: entry.reasons.0,
        frames,
        opened_at: entry.opened_at,
        decided_at: entry.decided_at,
        decided_by,
        reason: entry.reason,
        report,
    })
}
