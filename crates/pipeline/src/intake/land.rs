//! Files on their way into quarantine: read, checked, stored, and their rows written.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_model::{AssetId, AssetKind, SubjectId, Zone};
use countersign_store::{Actor, Address, Evidence, StoreError, assets, ingests, subjects};
use futures::StreamExt;

use super::{
    Progress, Run,
    archive::{FileRefusal, Incoming, Loader},
    classify::{Accepted, DicomPart, classify},
    grouping::Arrived,
    slides,
};
use crate::{Pipeline, Result, blocking, gate::records, subjects::Whose};

/// Files that are read and checked at the same time.
const FILES_AT_ONCE: usize = 4;
/// Files whose rows are written in one commit.
const FILES_PER_WRITE: usize = 64;

/// A file that was read, checked and put into quarantine.
struct Landed {
    name: String,
    kind: AssetKind,
    dicom: Option<Box<DicomPart>>,
    size_px: Option<(u32, u32)>,
    subject: SubjectId,
    address: Address,
    content_hash: String,
    bytes: u64,
}

/// What came of all files of a run.
pub(super) struct LandedAll {
    pub arrived: Vec<Arrived>,
    /// Those of which a run before this one made an item.
    pub placed: HashSet<AssetId>,
    pub refusals: Vec<FileRefusal>,
}

impl Pipeline {
    /// Reads, checks and stores the files, a few at a time; rows follow in batches.
    pub(super) async fn land(
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
                    Ok(parts) => landed.extend(parts),
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

    /// A file, or each of the levels of a slide: all of them or none.
    async fn land_one(
        &self,
        run: &Run,
        loader: Arc<Mutex<Loader>>,
        file: Incoming,
    ) -> Result<std::result::Result<Vec<Landed>, FileRefusal>> {
        let takes = run.takes;
        let checked = blocking(move || {
            let bytes = loader.lock().unwrap_or_else(PoisonError::into_inner).load(&file)?;
            let mut checked = Vec::new();
            for part in slides::parts(&file.name, bytes, takes)? {
                let mut accepted = classify(&file.name, &part.bytes, takes)?;
                if let Some(dicom) = accepted.dicom.as_mut() {
                    dicom.notes.extend(part.note);
                }
                checked.push((accepted, part.bytes));
            }
            Ok((file.name, checked))
        })
        .await?;
        let (name, checked) = match checked {
            Ok(checked) => checked,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut landed = Vec::with_capacity(checked.len());
        for (accepted, bytes) in checked {
            match self.put_part(run, &name, accepted, bytes).await? {
                Ok(part) => landed.push(part),
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        Ok(Ok(landed))
    }

    async fn put_part(
        &self,
        run: &Run,
        name: &str,
        accepted: Accepted,
        bytes: Vec<u8>,
    ) -> Result<std::result::Result<Landed, FileRefusal>> {
        let size = bytes.len() as u64;
        let whose = match accepted.kind {
            AssetKind::Table => Whose::file("table", &bytes),
            AssetKind::FreeText => Whose::file("text", &bytes),
            _ => Whose::of(name, run.takes, accepted.dicom.as_deref()),
        };
        let subject = self.subject_in(run, &whose).await?;
        let put = match self.store.quarantine().put(run.project, subject, bytes).await {
            // A smaller file may still find room: this one is refused, the rest goes on.
            Err(StoreError::DiskFull { place }) => {
                let message = format!("no space is left in {place}; nothing of the file was stored");
                return Ok(Err(FileRefusal::new(name, "storage_full", message, None)));
            }
            put => put?,
        };
        let content_hash = put.address.as_str().to_owned();
        Ok(Ok(Landed {
            name: name.to_owned(),
            kind: accepted.kind,
            dicom: accepted.dicom,
            size_px: accepted.size_px,
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
                        if is_new && matches!(file.kind, AssetKind::Table | AssetKind::FreeText) {
                            records::note(tx, id, &asset).await?;
                        }
                        counts.files += 1;
                        if is_new {
                            counts.stored += 1;
                            counts.bytes += file.bytes;
                        } else {
                            counts.known += 1;
                        }
                        let (id, kind, is_placed) = (asset.id, file.kind, asset.item_id.is_some());
                        arrived.push((
                            Arrived {
                                name: file.name,
                                asset: id,
                                kind,
                                dicom: file.dicom,
                                size_px: file.size_px,
                            },
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
}
