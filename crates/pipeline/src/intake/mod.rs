//! Intake: files go to quarantine, are grouped to items, and the gate is asked to look at them.

pub mod archive;
mod assemble;
pub mod classify;
pub mod grouping;
mod land;
pub mod report;
mod series;
mod slides;
pub mod stow;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use countersign_model::{AssetId, IngestId, ItemId, ItemKind, ProjectId, SubjectId, UserId};
use countersign_store::{
    Actor, Evidence, Json, Tx, assets, ingests, items, jobs, keyed_hash, moves, records, subjects,
};
use countersign_workflow::{ItemState, Phase};

pub use self::report::{IngestDetail, IngestReport, IngestView, JobCounts, RefusalView};
use self::{
    archive::FileRefusal,
    grouping::{Group, group},
    stow::Sent,
};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    blocking, gold,
    moving::{JOB_GATE, parse_state},
    people::Caller,
    subjects::about,
};

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

/// One run in progress.
struct Run {
    id: IngestId,
    project: ProjectId,
    takes: ItemKind,
    actor: Actor,
    /// Seconds for which the gate waits for more of the same item.
    settle: Option<i64>,
    /// Subjects met so far, by tag.
    subjects: Mutex<HashMap<String, SubjectId>>,
}

/// What came of a run.
struct Ran {
    report: IngestReport,
    /// What arrived, for those who want to know of each; empty where nobody waits for more.
    sent: Vec<Sent>,
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
        Ok(self.run_ingest(actor, user, (project, None), paths, progress).await?.report)
    }

    async fn run_ingest(
        &self,
        actor: Actor,
        user: Option<UserId>,
        (project, settle): (ProjectId, Option<i64>),
        paths: Vec<PathBuf>,
        progress: Arc<dyn Fn(Progress) + Send + Sync>,
    ) -> Result<Ran> {
        let (files, mut refusals) = blocking(move || archive::list(&paths)).await?;
        let run = self.begin(actor, user, project, settle).await?;
        let landed = self.land(actor, &run, files, refusals.len() as u64, progress).await?;
        refusals.extend(landed.refusals);
        let mut sent: Vec<Sent> =
            if settle.is_some() { landed.arrived.iter().map(Sent::of).collect() } else { Vec::new() };
        let records = landed.arrived.iter().filter(|file| file.is_record()).count() as u64;
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
            let assets = group.assets.clone();
            match self.make_item(actor, &run, group).await {
                Ok(new) => made += u64::from(new),
                Err(PipelineError::Refused(refusal)) => {
                    let refusal = FileRefusal::new("(study)", &refusal.code, refusal.message, None);
                    stow::refuse(&mut sent, &assets, &refusal);
                    refusals.push(refusal);
                }
                Err(error) => return Err(error),
            }
        }
        let report = self.finish(actor, &run, &refusals, (made, records)).await?;
        Ok(Ran { report, sent })
    }

    async fn begin(
        &self,
        actor: Actor,
        user: Option<UserId>,
        project: ProjectId,
        settle: Option<i64>,
    ) -> Result<Run> {
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
                    Ok(Run {
                        id: ingest.id,
                        project,
                        takes: row.kind,
                        actor,
                        settle,
                        subjects: Mutex::default(),
                    })
                })
            })
            .await
    }

    /// Makes the item, or adds to one that nobody has passed yet. `true` when it is new.
    async fn make_item(&self, actor: Actor, run: &Run, group: Group) -> Result<bool> {
        let parts: Vec<&[u8]> = group.key.iter().map(String::as_bytes).collect();
        let group_key = self.store.keys().group_key(run.project, &parts);
        let older_key = self.older_group_key(run.project, &parts);
        let accession =
            |number: &String| self.store.keys().group_key(run.project, &[b"accession", number.as_bytes()]);
        let accessions: Vec<String> = group.accessions.iter().map(accession).collect();
        let (ingest, project, kind, settle) = (run.id, run.project, run.takes, run.settle);
        let plan = self.gold_plan(project).await?;
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
                    records::note_accessions(tx, id, &accessions).await?;
                    ask_gate(tx, project, id, GateWish { again: !is_new, settle }).await?;
                    if is_new {
                        gold::place(tx, &plan, id, group.name.is_some()).await?;
                    }
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
        (made, records): (u64, u64),
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
                    let details =
                        serde_json::json!({ "refused": refused, "items": made, "records": records });
                    let evidence = Evidence::new("ingest.finished", "ingest", id.uuid()).project(project);
                    tx.record(evidence.details(details))?;
                    ingests::by_id(tx, id).await?.ok_or(PipelineError::NotFound)
                })
            })
            .await?;
        let refusals = refusals.iter().cloned().map(RefusalView::from).collect();
        self.wake_worker();
        Ok(IngestReport { ingest: ingest.into(), items: made, records, refusals })
    }
}

/// How the gate is asked.
struct GateWish {
    /// The item was there already: its series are to be put together anew.
    again: bool,
    /// Seconds to wait for more.
    settle: Option<i64>,
}

async fn ask_gate(tx: &mut Tx, project: ProjectId, item: ItemId, wish: GateWish) -> Result<()> {
    if let Some(seconds) = wish.settle
        && jobs::wait_longer(tx, JOB_GATE, item, seconds).await?
    {
        return Ok(());
    }
    // Whether more comes cannot be known now; then what came is put together in any case.
    let payload = assemble::payload(wish.again || wish.settle.is_some());
    let job = jobs::Job::ready(tx, JOB_GATE, Some(project), Some(item), &payload);
    let job = match wish.settle {
        Some(seconds) => job.after(tx, seconds),
        None => job,
    };
    jobs::insert_all(tx, vec![job]).await?;
    Ok(())
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
