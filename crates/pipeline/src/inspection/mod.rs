//! The inspector's copy: the evidence of a project, or of the whole installation, as one file that people read and that
//! verifies on a machine without the server.

mod page;
mod write;

use std::{
    collections::HashMap,
    io::Write,
    path::{Path, PathBuf},
};

use countersign_ledger::inspection::{
    self as form, EventLine, INDICES, KEPT, LABELS, LOG, LOG_KEY, PROOFS, RELEASES, Scope, SignatureLine,
};
use countersign_model::{Instant, ProjectId, UserId};
use countersign_store::{
    Actor, Evidence, checkpoints, events::Event, inspection, inspection::LogPart, projects, releases, users,
};
use serde::Serialize;

use self::{page::Page, write::CopyWriter};
use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    people::Caller,
    release::file_failed,
    save::current_annotations,
};

/// Rows fetched at once.
const PAGE_ROWS: u32 = 1_000;
/// Older checkpoints in a copy: the first, the last, and some between.
const KEPT_MAX: usize = 12;
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
}

impl Drop for InspectionCopy {
    fn drop(&mut self) {
        // It may have been moved away.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A version of a mark in the copy.
#[derive(Serialize)]
pub(super) struct LabelLine {
    item: String,
    read: String,
    mark: String,
    version: i64,
    at: String,
    /// Pseudonymous id of the person; absent for models.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// Printed name, or the model.
    who: String,
    /// The mark; absent when it was removed, or erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    what: Option<serde_json::Value>,
}

/// A release in the copy.
#[derive(Serialize)]
pub(super) struct ReleaseLine {
    id: String,
    index: u64,
    name: String,
    state: String,
    root: Option<String>,
    items: u64,
    at: String,
    begun_by: Option<String>,
    countersigned_by: Option<String>,
}

type Names = HashMap<UserId, String>;

/// What is written, and what is already known of it.
struct Making {
    part: LogPart,
    project: Option<ProjectId>,
    scope: Scope,
    names: Names,
    copy: CopyWriter,
    page: Page,
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
            Some(_) => return Err(PipelineError::NotFound),
            None => {
                self.require(caller, Action::ViewLog, &Resource::Installation)?;
                self.require_no_blindness(caller).await?;
            }
        }
        self.inspection_copy_as(caller.actor(), project).await
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
        let path = self.store.scratch()?;
        let made = self.make_copy(actor, project, scope, &path).await;
        if made.is_err() {
            // Whatever was written of it.
            let _ = std::fs::remove_file(&path);
        }
        made
    }

    /// Nobody who may be called to read somewhere gets everybody's reads in one file.
    async fn require_no_blindness(&self, caller: &Caller) -> Result<()> {
        for (project, _) in &caller.principal.grants {
            if !self.hears_all(caller, *project).await? {
                return Err(PipelineError::NotFound);
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
        path: &Path,
    ) -> Result<InspectionCopy> {
        let part = self.store.log_part(project).await?;
        let names = users::list(&mut *self.store.read().await?).await?;
        let names = names.into_iter().map(|user| (user.id, user.printed_name)).collect();
        let now = self.store.clock().now();
        let page = Page::begin(&scope, now, &part);
        let mut making = Making { part, project, scope, names, copy: CopyWriter::create(path)?, page };
        making.copy.file(form::README, form::README_TEXT.as_bytes())?;
        self.copy_log(&mut making).await?;
        let events = self.copy_events(&mut making).await?;
        let signatures = self.copy_signatures(&mut making).await?;
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
        Ok(InspectionCopy { file_name, path: path.to_owned(), bytes, events, signatures })
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
        let all = checkpoints::list(&mut *self.store.read().await?, Some(size), PAGE_ROWS).await?;
        let step = all.len().div_ceil(KEPT_MAX).max(1);
        let older: Vec<_> = all.into_iter().step_by(step).collect();
        let proofs = self.store.continuations(part, &older).await?;
        for (kept, proof) in older.iter().zip(proofs) {
            copy.file(&format!("{KEPT}{}.checkpoint", kept.size), kept.file.as_bytes())?;
            copy.file(&format!("{KEPT}{}.consistency", kept.size), proof.as_bytes())?;
        }
        Ok(())
    }

    async fn copy_events(&self, making: &mut Making) -> Result<u64> {
        let below = making.part.signed.checkpoint.size;
        let mut file = making.copy.start(form::EVENTS)?;
        let mut from = 0;
        loop {
            let mut conn = self.store.read().await?;
            let rows = inspection::events(&mut conn, making.project, (from, below), PAGE_ROWS).await?;
            drop(conn);
            let Some(last) = rows.last().and_then(|row| row.log_index) else { break };
            from = last + 1;
            for row in rows {
                let line = event_line(row, &making.names);
                file.line(&line)?;
                making.page.event(&line);
            }
        }
        file.end()?;
        Ok(making.part.indices.len() as u64)
    }

    async fn copy_signatures(&self, making: &mut Making) -> Result<u64> {
        let below = making.part.signed.checkpoint.size;
        let (mut after, mut lines) = (None, Vec::new());
        loop {
            let mut conn = self.store.read().await?;
            let rows = inspection::signatures(&mut conn, making.project, after, below, PAGE_ROWS).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id);
            for row in rows {
                let annotations = current_annotations(&mut conn, row.read_id).await?;
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
                    content_now: Some(countersign_workflow::content_hash(&annotations)),
                });
            }
        }
        let mut file = making.copy.start(form::SIGNATURES)?;
        for line in &lines {
            file.line(line)?;
            making.page.signature(line);
        }
        file.end()?;
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
        let proven: Vec<_> = placed.iter().take(PROOFS_MAX).collect();
        let proofs =
            self.store.proofs(&making.part, proven.iter().map(|(_, _, index)| *index).collect()).await?;
        for ((id, _, _), proof) in proven.iter().zip(proofs) {
            making.copy.file(&format!("{PROOFS}release-{id}.tlog-proof"), proof.as_bytes())?;
        }
        Ok(())
    }

    async fn copy_labels(&self, making: &mut Making) -> Result<()> {
        let mut file = making.copy.start(LABELS)?;
        let mut after = None;
        loop {
            let mut conn = self.store.read().await?;
            let rows = inspection::labels(&mut conn, making.project, after, PAGE_ROWS).await?;
            drop(conn);
            let Some(last) = rows.last() else { break };
            after = Some((last.read_id, last.annotation_id, last.version, last.seq));
            for row in rows {
                let line = label_line(row, &making.names);
                file.line(&line)?;
                making.page.label(&line);
            }
        }
        file.end()
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

fn event_line(row: Event, names: &Names) -> EventLine {
    EventLine {
        index: row.log_index.unwrap_or_default(),
        // Bytes that are no text differ from the log's, which the check names.
        entry: String::from_utf8_lossy(&row.entry).into_owned(),
        at: row.at.to_string(),
        actor: row.actor_user.map_or_else(|| row.actor_kind.clone(), |user| user.to_string()),
        name: row.actor_user.and_then(|user| names.get(&user).cloned()),
        action: row.action,
        object_kind: row.object_kind,
        object_id: row.object_id.map_or_else(|| "-".to_owned(), |id| id.to_string()),
        item: row.item_id.map(|id| id.to_string()),
        outcome: row.outcome,
        reason: row.reason,
        details: row.details.as_deref().and_then(|details| serde_json::from_str(details).ok()),
    }
}

fn label_line(row: inspection::LabelVersion, names: &Names) -> LabelLine {
    let person = row.author_user.map(|user| names.get(&user).cloned().unwrap_or_default());
    let model =
        || row.author_model.clone().map_or_else(|| "a model".to_owned(), |name| format!("model {name}"));
    LabelLine {
        item: row.item_id.to_string(),
        read: row.read_id.to_string(),
        mark: row.annotation_id.to_string(),
        version: row.version,
        at: Instant(row.at.0).to_string(),
        actor: row.author_user.map(|user| user.to_string()),
        who: person.unwrap_or_else(model),
        what: row.body.as_deref().and_then(|body| serde_json::from_str(body).ok()),
    }
}
