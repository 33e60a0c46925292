//! The inspector's copy: the evidence of a project, or of the whole installation, as one file that people read and that
//! verifies on a machine without the server.

mod acts;
mod labels;
mod lines;
mod page;
mod scratch;
mod write;

use std::{
    collections::{BTreeSet, HashMap},
    io::Write,
    path::{Path, PathBuf},
};

use countersign_ledger::{
    SignedCheckpoint,
    inspection::{
        self as form, INDICES, KEPT, LOG, LOG_KEY, PROOFS, RELEASES, ReleaseLine, Scope, SignatureLine,
    },
};
use countersign_model::{ProjectId, UserId};
use countersign_store::{
    Actor, Evidence, checkpoints,
    checkpoints::KeptCheckpoint,
    events::Event,
    inspection,
    inspection::{LogPart, Logged},
    projects, releases, users,
};
use countersign_workflow::Phase;

use self::{
    acts::Act,
    labels::Reads,
    lines::event_line,
    page::{Page, Standing},
    scratch::Scratch,
    write::CopyWriter,
};

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Principal, Resource},
    people::Caller,
    refused::{Denial, UNBLINDED},
    release::file_failed,
    save::current_annotations,
};

pub use self::labels::hash_of_marks;

/// Rows fetched at once.
const PAGE_ROWS: u32 = 1_000;
/// Older checkpoints in a copy: the first, the last, and some between; the last that a witness cosigned comes on top.
const KEPT_MAX: usize = 12;
/// Events on these kinds of things say in words what only those read who answer for privacy.
const OVERSIGHT_KINDS: [&str; 5] = ["leak", "gate_entry", "subject", "audit", "privacy_request"];
/// Proofs that stand alone in a copy; the entries of all others are in it too.
const PROOFS_MAX: usize = 2_000;

/// A finished copy on its way to whoever asked for it. Its file goes when this is dropped.
pub struct InspectionCopy {
    /// Name for the file.
    pub file_name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// Size, bytes.
    pub bytes: u64,
    /// Entries in it.
    pub events: u64,
    /// Signatures in it.
    pub signatures: u64,
    _scratch: Scratch,
}

type Names = HashMap<UserId, String>;

/// Whom a copy is for, and where they may read what the gate, leaks and requests say in words. `None`: whoever may use the
/// machine.
struct Told {
    asks: Option<Principal>,
    known: HashMap<Option<ProjectId>, bool>,
}

impl Told {
    /// Leaves out the words of an event that a direct look-up would refuse. Whether any were.
    fn fit(&mut self, pipeline: &Pipeline, event: &mut Event) -> bool {
        let (Some(asks), kind) = (&self.asks, event.object_kind.as_str()) else { return false };
        if !OVERSIGHT_KINDS.contains(&kind) && !event.action.starts_with("crosswalk.") {
            return false;
        }
        let is_told = self.known.entry(event.project_id).or_insert_with(|| {
            let on = event.project_id.map(Resource::Project);
            on.is_some_and(|on| pipeline.access.allows(asks, Action::ViewOversight, &on))
        });
        !*is_told && event.details.take().is_some()
    }
}

/// What is written, and what is already known of it.
struct Making {
    part: LogPart,
    project: Option<ProjectId>,
    scope: Scope,
    names: Names,
    /// The entries that gave the people in it their names.
    namings: Vec<Logged>,
    reads: Reads,
    told: Told,
    copy: CopyWriter,
    page: Page,
    acts: Vec<Act>,
}

impl Pipeline {
    /// Makes a copy of the evidence of a project, or of the whole installation. That it was made is evidence too.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right, and for who may still be called to work in the project: a copy
    /// shows everybody's work.
    pub async fn inspection_copy(
        &self,
        caller: &Caller,
        project: Option<ProjectId>,
    ) -> Result<InspectionCopy> {
        match project {
            Some(project) if self.hears_all(caller, project).await? => {}
            Some(project) => {
                self.require_on(caller, Action::ViewEvidence, project)?;
                return Err(caller.denied(Denial::on(UNBLINDED, "project", project.uuid(), project)));
            }
            None => {
                self.require(caller, Action::ViewLog, &Resource::Installation)?;
                self.require_no_blindness(caller).await?;
            }
        }
        self.copied(caller.actor(), project, Some(caller.principal.clone())).await
    }

    /// The same for whoever may use the machine.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for an unknown project.
    pub async fn inspection_copy_as(
        &self,
        actor: Actor,
        project: Option<ProjectId>,
    ) -> Result<InspectionCopy> {
        self.copied(actor, project, None).await
    }

    async fn copied(
        &self,
        actor: Actor,
        project: Option<ProjectId>,
        asks: Option<Principal>,
    ) -> Result<InspectionCopy> {
        let scope = self.scope_of(project).await?;
        let evidence = Evidence {
            action: "evidence.copied".to_owned(),
            object_kind: if project.is_some() { "project" } else { "installation" }.to_owned(),
            object_id: project.map(|project| project.0),
            project,
            ..Evidence::default()
        };
        self.store
            .write::<_, PipelineError, _>(actor, move |tx| {
                Box::pin(async move { Ok(tx.record(evidence).map(drop)?) })
            })
            .await?;
        self.make_copy(actor, project, scope, asks).await
    }

    /// Nobody who may be called to read somewhere gets everybody's reads in one file.
    pub(crate) async fn require_no_blindness(&self, caller: &Caller) -> Result<()> {
        for (project, _) in &caller.principal.grants {
            if self.is_called_to_work(caller, *project).await? {
                return Err(caller.denied(Denial::of_all(UNBLINDED)));
            }
        }
        Ok(())
    }

    async fn scope_of(&self, project: Option<ProjectId>) -> Result<Scope> {
        let Some(id) = project else { return Ok(Scope::Installation) };
        let found = projects::by_id(&mut *self.store.read().await?, id).await?;
        let found = found.ok_or(PipelineError::NotFound)?;
        Ok(Scope::Project { id: id.to_string(), name: found.name })
    }

    async fn make_copy(
        &self,
        actor: Actor,
        project: Option<ProjectId>,
        scope: Scope,
        asks: Option<Principal>,
    ) -> Result<InspectionCopy> {
        // Whoever asked may go away at any moment: from here on its file goes with this.
        let scratch = Scratch::begin(self.store.scratch()?)?;
        self.store.sequence().await?;
        let namings = self.store.namings(project).await?;
        let placed = namings.iter().filter_map(|naming| naming.event.log_index).collect();
        let part = self.store.log_part(project, placed).await?;
        let names = lines::names(users::list(&mut *self.store.read().await?).await?, &namings);
        let now = self.store.clock().now();
        let page = Page::begin(&scope, now, &part);
        let copy = CopyWriter::new(scratch.file()?);
        let told = Told { asks, known: HashMap::new() };
        let reads = Reads::default();
        let mut making =
            Making { part, project, scope, names, namings, reads, told, copy, page, acts: Vec::new() };
        making.copy.file(form::README, form::README_TEXT.as_bytes())?;
        self.copy_log(&mut making).await?;
        making.copy_people()?;
        let events = self.copy_events(&mut making).await?;
        let signatures = self.copy_signatures(&mut making).await?;
        self.copy_acts(&mut making).await?;
        self.copy_releases(&mut making).await?;
        self.copy_labels(&mut making).await?;
        let Making { part, scope, mut copy, page, .. } = making;
        copy.file(form::PAGE, page.finish().as_bytes())?;
        let manifest = form::CopyManifest {
            made_at: now.to_string(),
            made_by: actor.user.map_or_else(|| actor.kind.as_str().to_owned(), |user| user.to_string()),
            origin: part.signed.checkpoint.origin.clone(),
            size: part.signed.checkpoint.size,
            root: part.signed.checkpoint.root,
            events,
            files: copy.listed(),
            scope,
        };
        let text = serde_json::to_string_pretty(&manifest)
            .map_err(|error| PipelineError::Internal(error.to_string()))?;
        let signature = self.store.sign_copy(&text);
        copy.file(form::MANIFEST, text.as_bytes())?;
        copy.file(form::MANIFEST_SIGNATURE, signature.as_bytes())?;
        let bytes = copy.finish()?;
        let file_name = format!("evidence-{}.zip", now.to_string().replace([':', '.'], "-"));
        let path = scratch.path.clone();
        Ok(InspectionCopy { file_name, path, bytes, events, signatures, _scratch: scratch })
    }

    /// Checkpoint, key, tiles, older checkpoints with their proofs.
    async fn copy_log(&self, making: &mut Making) -> Result<()> {
        let (part, copy) = (&making.part, &mut making.copy);
        copy.file(LOG_KEY, format!("{}\n", self.store.log_key()).as_bytes())?;
        copy.file(&format!("{LOG}checkpoint"), part.checkpoint.as_bytes())?;
        for (path, bytes) in &part.edges {
            copy.file(&format!("{LOG}{path}"), bytes)?;
        }
        for path in &part.tiles {
            let bytes = self.store.log_file(path).await?;
            let bytes = bytes.ok_or_else(|| PipelineError::Internal(format!("log: {path} is missing")))?;
            copy.file(&format!("{LOG}{path}"), &bytes)?;
        }
        let indices: String = part.indices.iter().map(|index| format!("{index}\n")).collect();
        copy.file(INDICES, indices.as_bytes())?;
        let size = part.signed.checkpoint.size;
        let older = self.older(size).await?;
        let proofs = self.store.continuations(part, &older).await?;
        for (kept, proof) in older.iter().zip(proofs) {
            copy.file(&format!("{KEPT}{}.checkpoint", kept.size), kept.file.as_bytes())?;
            copy.file(&format!("{KEPT}{}.consistency", kept.size), proof.as_bytes())?;
        }
        Ok(())
    }

    /// Kept checkpoints below a size: some over the whole past, and the last one that a witness cosigned.
    async fn older(&self, below: u64) -> Result<Vec<KeptCheckpoint>> {
        let mut conn = self.store.read().await?;
        let sizes = checkpoints::sizes(&mut conn, below).await?;
        let mut chosen = spread(&sizes);
        let key = self.store.verifier();
        let is_cosigned = |kept: &KeptCheckpoint| {
            SignedCheckpoint::open(kept.file.as_bytes(), &key).is_ok_and(|signed| signed.other_signatures > 0)
        };
        let newest = checkpoints::list(&mut conn, Some(below), PAGE_ROWS).await?;
        chosen.extend(newest.iter().find(|kept| is_cosigned(kept)).map(|kept| kept.size));
        let mut older = Vec::with_capacity(chosen.len());
        for size in chosen {
            older.extend(checkpoints::of_size(&mut conn, size).await?);
        }
        Ok(older)
    }

    async fn copy_events(&self, making: &mut Making) -> Result<u64> {
        let below = making.part.signed.checkpoint.size;
        let mut file = making.copy.start(form::EVENTS)?;
        let mut from = 0;
        loop {
            let rows = self.store.logged(making.project, (from, below), PAGE_ROWS).await?;
            let Some(last) = rows.last().and_then(|row| row.event.log_index) else { break };
            from = last + 1;
            for Logged { mut event, opening } in rows {
                let withheld = making.told.fit(self, &mut event);
                making.reads.take(&event);
                let line = event_line(event.clone(), opening.filter(|_| !withheld), withheld, &making.names);
                making.acts.extend(Act::of(&event, &line));
                file.line(&line)?;
                making.page.event(&line);
            }
        }
        file.end()?;
        Ok(making.part.indices.len() as u64)
    }

    async fn copy_signatures(&self, making: &mut Making) -> Result<u64> {
        let below = making.part.signed.checkpoint.size;
        let (mut after, mut lines, mut states) = (None, Vec::new(), Vec::new());
        loop {
            let mut conn = self.store.read().await?;
            let rows = inspection::signatures(&mut conn, making.project, after, below, PAGE_ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            for row in rows {
                let state = if row.state == Phase::Erased.as_str() {
                    Standing::Erased
                } else {
                    // What is no mark any more was edited: the copy is made all the same, and says so.
                    match current_annotations(&mut conn, row.read_id).await {
                        Err(PipelineError::Internal(_)) => Standing::Void,
                        found => {
                            Standing::of(countersign_workflow::content_hash(&found?) == row.content_hash)
                        }
                    }
                };
                states.push(state);
                lines.push(SignatureLine {
                    id: row.id.to_string(),
                    index: row.log_index.unwrap_or(0),
                    actor: row.user_id.to_string(),
                    printed_name: row.printed_name,
                    at: row.at.to_string(),
                    meaning: row.meaning.to_string(),
                    item: row.item_id.to_string(),
                    read: row.read_id.to_string(),
                    content_hash: row.content_hash,
                    content_now: None,
                });
            }
        }
        let mut file = making.copy.start(form::SIGNATURES)?;
        for (line, state) in lines.iter().zip(states) {
            file.line(line)?;
            making.page.signature(line, state);
        }
        file.end()?;
        making.page.proven("signatures", lines.len(), PROOFS_MAX);
        let proven: Vec<_> = lines.iter().filter(|line| line.index > 0).take(PROOFS_MAX).collect();
        let proofs = self.store.proofs(&making.part, proven.iter().map(|line| line.index).collect()).await?;
        for (line, proof) in proven.iter().zip(proofs) {
            making.copy.file(&format!("{PROOFS}signature-{}.tlog-proof", line.id), proof.as_bytes())?;
        }
        Ok(lines.len() as u64)
    }

    async fn copy_releases(&self, making: &mut Making) -> Result<()> {
        let below = making.part.signed.checkpoint.size;
        let mut conn = self.store.read().await?;
        let placed = inspection::releases(&mut conn, making.project, below).await?;
        let mut lines = Vec::new();
        for (id, _, index) in &placed {
            let Some(release) = releases::by_id(&mut conn, *id).await? else { continue };
            let name = |user: Option<UserId>| user.and_then(|user| making.names.get(&user).cloned());
            lines.push(ReleaseLine {
                id: id.to_string(),
                index: *index,
                name: release.name,
                state: release.state,
                root: release.root,
                items: release.items,
                at: release.created_at.to_string(),
                begun_by: name(release.created_by),
                countersigned_by: name(release.countersigned_by),
            });
        }
        drop(conn);
        let mut file = making.copy.start(RELEASES)?;
        for line in &lines {
            file.line(line)?;
            making.page.release(line);
        }
        file.end()?;
        making.page.proven("releases", placed.len(), PROOFS_MAX);
        let proven: Vec<_> = placed.iter().take(PROOFS_MAX).collect();
        let proofs =
            self.store.proofs(&making.part, proven.iter().map(|(_, _, index)| *index).collect()).await?;
        for ((id, _, _), proof) in proven.iter().zip(proofs) {
            making.copy.file(&format!("{PROOFS}release-{id}.tlog-proof"), proof.as_bytes())?;
        }
        Ok(())
    }

    /// Removes copies whose process died while they were made. To be called at start; how many.
    ///
    /// # Errors
    /// [`countersign_store::StoreError::Io`] of the folder.
    pub fn sweep_copies(&self) -> Result<u64> {
        Scratch::sweep(&self.store.scratch()?)
    }

    /// Moves a finished copy to where somebody wants it.
    ///
    /// # Errors
    /// [`countersign_store::StoreError::Io`], [`countersign_store::StoreError::DiskFull`] of the file.
    pub fn deliver_copy(&self, copy: &InspectionCopy, to: &Path) -> Result<()> {
        let delivered = || {
            let mut from = std::fs::File::open(&copy.path)?;
            let mut file = std::fs::File::create_new(to)?;
            std::io::copy(&mut from, &mut file)?;
            file.flush()?;
            file.sync_all()
        };
        delivered().map_err(|error| file_failed("the output file", error))
    }
}

/// At most [`KEPT_MAX`] of rising sizes, evenly over all of them: always the smallest and the largest.
fn spread(sizes: &[u64]) -> BTreeSet<u64> {
    let last = sizes.len().saturating_sub(1);
    if last < KEPT_MAX {
        return sizes.iter().copied().collect();
    }
    (0..KEPT_MAX).map(|place| sizes[place * last / (KEPT_MAX - 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_checkpoints_reach_over_the_whole_past() {
        let many: Vec<u64> = (1..=5_000).map(|number| number * 7).collect();
        let chosen = spread(&many);
        assert_eq!((chosen.len(), chosen.first(), chosen.last()), (KEPT_MAX, Some(&7), Some(&35_000)));
        assert_eq!(spread(&many[..3]).into_iter().collect::<Vec<_>>(), [7, 14, 21]);
        assert!(spread(&[]).is_empty());
    }
}
