//! Intake: files go to quarantine, are grouped to items, and the gate is asked to look at them.

pub mod archive;
pub mod classify;
pub mod grouping;
pub mod report;

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_model::{AssetId, IngestId, ItemId, ItemKind, ProjectId, SubjectId, UserId, Zone};
use countersign_store::{
    Actor, Address, Evidence, Json, StoreError, Tx, assets, ingests, items, jobs, keyed_hash, moves, subjects,
};
use countersign_workflow::{ItemState, Phase};
use futures::StreamExt;

pub use self::report::{IngestDetail, IngestReport, IngestView, JobCounts, RefusalView};
use self::{
    archive::{FileRefusal, Incoming, Loader},
    classify::{DicomPart, classify},
    grouping::{Arrived, Group, group},
};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    blocking,
    moving::{JOB_GATE, parse_state},
    people::Caller,
    subjects::{Whose, about},
};

/// Files that are read and checked at the same time.
const FILES_AT_ONCE: usize = 4;
/// Files whose rows are written in one commit.
const FILES_PER_WRITE: usize = 64;

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files seen so far.
    pub files: u64,
    /// Files in all.
    pub files_total: u64,
    /// Bytes read so far.
    pub bytes: u64,
    /// Bytes in all.
    pub bytes_total: u64,
}

/// A file that was read, checked and put into quarantine.
struct Landed {
    name: String,
    kind: countersign_model::AssetKind,
    dicom: Option<Box<DicomPart>>,
    subject: SubjectId,
    address: Address,
    content_hash: String,
    bytes: u64,
}

/// One run in progress.
struct Run {
    id: IngestId,
    project: ProjectId,
    takes: ItemKind,
    actor: Actor,
    /// Subjects met so far, by tag.
    subjects: Mutex<HashMap<String, SubjectId>>,
}

impl Pipeline {
    /// Brings files in for a person.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right to ingest. Bad files are in the report, not an error.
    pub async fn ingest(
        &self,
        caller: &Caller,
        project: ProjectId,
        paths: Vec<PathBuf>,
        progress: Arc<dyn Fn(Progress) + Send + Sync>,
    ) -> Result<IngestReport> {
        self.require_on(caller, Action::Ingest, project)?;
        self.ingest_as(caller.actor(), Some(caller.user()), project, paths, progress).await
    }

    /// Brings files in for the console of the machine or a person whose right was checked.
    ///
    /// # Errors
    /// When the store fails; what was stored until then is found again by the next run.
    pub async fn ingest_as(
        &self,
        actor: Actor,
        user: Option<UserId>,
        project: ProjectId,
        paths: Vec<PathBuf>,
        progress: Arc<dyn Fn(Progress) + Send + Sync>,
    ) -> Result<IngestReport> {
        let (files, mut refusals) = blocking(move || archive::list(&paths)).await?;
        let run = self.begin(actor, user, project).await?;
        let landed = self.land(actor, &run, files, refusals.len() as u64, progress).await?;
        refusals.extend(landed.refusals);
        let (groups, ungrouped) = {
            let (arrived, takes) = (landed.arrived, run.takes);
            blocking(move || group(arrived, takes)).await?
        };
        refusals.extend(ungrouped);
        let mut made = 0;
        // What runs before this one made items of stays there; a file that a new item shares with them is no news.
        let is_known = |group: &Group| {
            if run.takes == ItemKind::Study {
                // Reports and documents of it are in no stream: one that comes with known images is news.
                return group.assets.iter().all(|asset| landed.placed.contains(asset));
            }
            group.streams.iter().flat_map(|s| &s.frames).all(|frame| landed.placed.contains(&frame.asset))
        };
        for group in groups.into_iter().filter(|group| !is_known(group)) {
            match self.make_item(actor, &run, group).await {
                Ok(new) => made += u64::from(new),
                Err(PipelineError::Refused(refusal)) => {
                    refusals.push(FileRefusal::new("(study)", &refusal.code, refusal.message, None));
                }
                Err(error) => return Err(error),
            }
        }
        self.finish(actor, &run, &refusals, made).await
    }

    async fn begin(&self, actor: Actor, user: Option<UserId>, project: ProjectId) -> Result<Run> {
        self.store
            .write(actor, move |tx| {
                Box::pin(async move {
                    let row = countersign_store::projects::by_id(tx, project)
                        .await?
                        .ok_or(PipelineError::NotFound)?;
                    let ingest = ingests::Ingest {
                        id: tx.fresh(),
                        project_id: project,
                        user_id: user,
                        state: "running".into(),
                        started_at: tx.now(),
                        finished_at: None,
                        files: 0,
                        stored: 0,
                        known: 0,
                        refused: 0,
                        bytes: 0,
                    };
                    ingests::insert(tx, ingest.clone()).await?;
                    tx.record(Evidence::new("ingest.started", "ingest", ingest.id.uuid()).project(project))?;
                    Ok(Run { id: ingest.id, project, takes: row.kind, actor, subjects: Mutex::default() })
                })
            })
            .await
    }

    /// Reads, checks and stores the files, a few at a time; rows follow in batches.
    async fn land(
        &self,
        actor: Actor,
        run: &Run,
        files: Vec<Incoming>,
        refused_before: u64,
        progress: Arc<dyn Fn(Progress) + Send + Sync>,
    ) -> Result<LandedAll> {
        let mut at = Progress {
            files_total: files.len() as u64 + refused_before,
            files: refused_before,
            bytes: 0,
            bytes_total: files.iter().map(|file| file.bytes).sum(),
        };
        let loader = Arc::new(Mutex::new(Loader::default()));
        let work = futures::stream::iter(files).map(|file| {
            let loader = Arc::clone(&loader);
            async move {
                let bytes = file.bytes;
                (bytes, self.land_one(run, loader, file).await)
            }
        });
        let mut chunks = work.buffered(FILES_AT_ONCE).chunks(FILES_PER_WRITE);
        let (mut arrived, mut placed, mut refusals) = (Vec::new(), HashSet::new(), Vec::new());
        while let Some(chunk) = chunks.next().await {
            let mut landed = Vec::with_capacity(chunk.len());
            for (bytes, outcome) in chunk {
                at.files += 1;
                at.bytes += bytes;
                match outcome? {
                    Ok(file) => landed.push(file),
                    Err(refusal) => refusals.push(refusal),
                }
            }
            for (file, is_placed) in self.note_landed(actor, run, landed).await? {
                if is_placed {
                    placed.insert(file.asset);
                }
                arrived.push(file);
            }
            progress(at);
        }
        Ok(LandedAll { arrived, placed, refusals })
    }

    async fn land_one(
        &self,
        run: &Run,
        loader: Arc<Mutex<Loader>>,
        file: Incoming,
    ) -> Result<std::result::Result<Landed, FileRefusal>> {
        let takes = run.takes;
        let checked = blocking(move || {
            let bytes = loader.lock().unwrap_or_else(PoisonError::into_inner).load(&file)?;
            let accepted = classify(&file.name, &bytes, takes)?;
            Ok((file.name, accepted, bytes))
        })
        .await?;
        let (name, accepted, bytes) = match checked {
            Ok(checked) => checked,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let size = bytes.len() as u64;
        let subject = self.subject_in(run, &Whose::of(&name, takes, accepted.dicom.as_deref())).await?;
        let put = match self.store.quarantine().put(run.project, subject, bytes).await {
            // A smaller file may still find room: this one is refused, the rest goes on.
            Err(StoreError::DiskFull { place }) => {
                let message = format!("no space is left in {place}; nothing of the file was stored");
                return Ok(Err(FileRefusal::new(&name, "storage_full", message, None)));
            }
            put => put?,
        };
        let content_hash = put.address.as_str().to_owned();
        Ok(Ok(Landed {
            name,
            kind: accepted.kind,
            dicom: accepted.dicom,
            // The same bytes may have come in about somebody else first.
            subject: put.owner.unwrap_or(subject),
            address: put.address,
            content_hash,
            bytes: size,
        }))
    }

    /// The subject of a file; each is looked up once in a run.
    async fn subject_in(&self, run: &Run, whose: &Whose) -> Result<SubjectId> {
        let tag = self.tag(run.project, whose)?;
        let known = run.subjects.lock().unwrap_or_else(PoisonError::into_inner).get(&tag).copied();
        if let Some(known) = known {
            return Ok(known);
        }
        let subject = self.subject_named(run.actor, run.project, whose.kind, tag.clone()).await?;
        run.subjects.lock().unwrap_or_else(PoisonError::into_inner).insert(tag, subject);
        Ok(subject)
    }

    /// Writes the rows of what landed; says of each whether a run before this one made an item of it.
    async fn note_landed(
        &self,
        actor: Actor,
        run: &Run,
        landed: Vec<Landed>,
    ) -> Result<Vec<(Arrived, bool)>> {
        if landed.is_empty() {
            return Ok(Vec::new());
        }
        let (id, project) = (run.id, run.project);
        self.store
            .write(actor, move |tx| {
                Box::pin(async move {
                    let (mut arrived, mut counts) =
                        (Vec::with_capacity(landed.len()), ingests::Counts::default());
                    for file in landed {
                        let asset = assets::Asset {
                            id: tx.fresh(),
                            project_id: project,
                            zone: Zone::Quarantine,
                            address: file.address,
                            kind: file.kind,
                            bytes: file.bytes,
                            content_hash: file.content_hash,
                            source_asset_id: None,
                            item_id: None,
                            created_at: tx.now(),
                            external_url: None,
                        };
                        let (asset, is_new) = assets::insert(tx, asset).await?;
                        subjects::link_asset(tx, asset.id, file.subject).await?;
                        counts.files += 1;
                        if is_new {
                            counts.stored += 1;
                            counts.bytes += file.bytes;
                        } else {
                            counts.known += 1;
                        }
                        let (id, kind, is_placed) = (asset.id, file.kind, asset.item_id.is_some());
                        arrived.push((
                            Arrived { name: file.name, asset: id, kind, dicom: file.dicom },
                            is_placed,
                        ));
                    }
                    ingests::add(tx, id, counts).await?;
                    let details = serde_json::json!({ "stored": counts.stored, "known": counts.known });
                    let evidence = Evidence::new("ingest.stored", "ingest", id.uuid()).project(project);
                    tx.record(evidence.details(details))?;
                    Ok(arrived)
                })
            })
            .await
    }

    /// Makes the item, or adds to one that nobody has passed yet. `true` when it is new.
    async fn make_item(&self, actor: Actor, run: &Run, group: Group) -> Result<bool> {
        let parts: Vec<&[u8]> = group.key.iter().map(String::as_bytes).collect();
        let group_key = self.store.keys().group_key(run.project, &parts);
        let older_key = self.older_group_key(run.project, &parts);
        let (ingest, project, kind) = (run.id, run.project, run.takes);
        self.store
            .write(actor, move |tx| {
                Box::pin(async move {
                    let mut known = items::by_group_key(tx, project, &group_key).await?;
                    if let (None, Some(older)) = (&known, older_key) {
                        known = items::by_group_key(tx, project, &older).await?;
                    }
                    let is_new = known.is_none();
                    let id = match known {
                        Some(item) => extend(tx, item, &group).await?,
                        None if group.streams.is_empty() => {
                            return Err(PipelineError::refused(
                                "study_without_images",
                                "Reports and documents come in with the images of their study, or after them.",
                            ));
                        }
                        None => {
                            let number = moves::next_number(tx, project).await?;
                            let item = new_item(tx, project, Some(ingest), kind, group_key, number, &group)?;
                            let id = item.id;
                            items::insert(tx, item).await?;
                            tx.record(
                                Evidence::new("item.ingested", "item", id.uuid()).project(project).item(id),
                            )?;
                            id
                        }
                    };
                    for asset in &group.assets {
                        assets::put_under(tx, *asset, id).await?;
                    }
                    subjects::link_item(tx, id, &about(&group)).await?;
                    let job = jobs::Job::ready(tx, JOB_GATE, Some(project), Some(id), &serde_json::json!({}));
                    jobs::insert_all(tx, vec![job]).await?;
                    Ok(is_new)
                })
            })
            .await
    }

    /// Older versions grouped under the project's key, which lies in the vault now. While that is away, files that belong
    /// to a study of that time and still wait at the gate make a study of their own.
    pub(crate) fn older_group_key(&self, project: ProjectId, parts: &[&[u8]]) -> Option<String> {
        let key = self.store.vault().project_key(project).ok()?;
        Some(hex::encode(keyed_hash(&key, parts)))
    }

    async fn finish(
        &self,
        actor: Actor,
        run: &Run,
        refusals: &[FileRefusal],
        made: u64,
    ) -> Result<IngestReport> {
        let (id, project) = (run.id, run.project);
        let rows = refusals.to_vec();
        let ingest = self
            .store
            .write::<_, PipelineError, _>(actor, move |tx| {
                Box::pin(async move {
                    let refused = rows.len() as u64;
                    let rows = rows.into_iter().map(|refusal| ingests::IngestRefusal {
                        id: tx.fresh(),
                        ingest_id: id,
                        project_id: project,
                        name: refusal.name,
                        code: refusal.code,
                        message: refusal.message,
                        byte_offset: refusal.offset.and_then(|at| i64::try_from(at).ok()),
                        at: tx.now(),
                    });
                    let rows = rows.collect();
                    ingests::refuse(tx, rows).await?;
                    let counts = ingests::Counts { refused, ..ingests::Counts::default() };
                    ingests::add(tx, id, counts).await?;
                    ingests::finish(tx, id).await?;
                    let details = serde_json::json!({ "refused": refused, "items": made });
                    let evidence = Evidence::new("ingest.finished", "ingest", id.uuid()).project(project);
                    tx.record(evidence.details(details))?;
                    ingests::by_id(tx, id).await?.ok_or(PipelineError::NotFound)
                })
            })
            .await?;
        let refusals = refusals.iter().cloned().map(RefusalView::from).collect();
        self.wake_worker();
        Ok(IngestReport { ingest: ingest.into(), items: made, refusals })
    }
}

/// What came of all files of a run.
struct LandedAll {
    arrived: Vec<Arrived>,
    /// Those of which a run before this one made an item.
    placed: HashSet<AssetId>,
    refusals: Vec<FileRefusal>,
}

pub(crate) fn new_item(
    tx: &Tx,
    project: ProjectId,
    ingest: Option<IngestId>,
    kind: ItemKind,
    group_key: String,
    number: u64,
    group: &Group,
) -> Result<items::Item> {
    let name = group.name.clone().unwrap_or_else(|| format!("{kind} {number:04}"));
    let content = (group.streams.clone(), group.facts.clone());
    item_row(tx, (project, ingest), kind, (group_key, name), &ItemState::new(), content)
}

/// The row of a new item in some state.
pub(crate) fn item_row(
    tx: &Tx,
    (project, ingest): (ProjectId, Option<IngestId>),
    kind: ItemKind,
    (group_key, name): (String, String),
    state: &ItemState,
    (streams, facts): (Vec<countersign_model::Stream>, countersign_model::Facts),
) -> Result<items::Item> {
    Ok(items::Item {
        id: tx.fresh(),
        project_id: project,
        ingest_id: ingest,
        kind,
        name,
        group_key,
        state: state.phase.as_str().into(),
        stage: state.stage,
        held: false,
        workflow: serde_json::to_string(state).map_err(|e| PipelineError::Internal(e.to_string()))?,
        streams: Json(streams),
        modality: facts.modality.clone(),
        ctdi_vol_mgy: facts.ctdi_vol_mgy,
        dlp_mgy_cm: facts.dlp_mgy_cm,
        slice_thickness_mm: facts.slice_thickness_mm,
        lot: facts.lot.clone(),
        facts: Json(facts),
        priority: 0,
        accepted_read_id: None,
        created_at: tx.now(),
        updated_at: tx.now(),
    })
}

/// Adds what arrived later to an item that still lies in quarantine.
async fn extend(tx: &mut Tx, item: items::Item, group: &Group) -> Result<ItemId> {
    let state = parse_state(&item.workflow)?;
    if state.phase != Phase::Quarantined {
        return Err(PipelineError::refused(
            "study_in_work",
            "This study has passed the gate already; files that belong to it cannot be added any more.",
        ));
    }
    let mut streams = item.streams.0;
    let known: Vec<AssetId> = streams.iter().flat_map(|s| s.frames.iter().map(|f| f.asset)).collect();
    let mut facts = item.facts.0;
    for stream in &group.streams {
        let fresh: Vec<_> = stream.frames.iter().filter(|f| !known.contains(&f.asset)).cloned().collect();
        if !fresh.is_empty() {
            facts.frames += u32::try_from(fresh.len()).unwrap_or(u32::MAX);
            streams.push(countersign_model::Stream { frames: fresh, ..stream.clone() });
        }
    }
    items::set_content(tx, item.id, streams, facts).await?;
    tx.record(Evidence::new("item.extended", "item", item.id.uuid()).project(item.project_id).item(item.id))?;
    Ok(item.id)
}
