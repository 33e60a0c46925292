//! Subjects: whom a file is about, so that it is sealed with their key from its first second on.

use std::collections::HashMap;

use countersign_model::{AssetId, ItemId, ItemKind, ProjectId, StreamKind, SubjectId};
use countersign_store::{Actor, CrosswalkEntry, Evidence, Tx, subjects};

use sha2::{Digest, Sha256};

use crate::{
    Pipeline, PipelineError, Result, blocking,
    intake::{classify::DicomPart, grouping::Group},
};

/// Label files of a lot lie in a folder beside it, named with this ending.
const LABEL_FOLDER_MARK: &str = "_not";

/// What names a subject at the source. Identifying: it becomes a keyed tag at once.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Whose {
    /// `patient`, `drive`, `lot`, `table`, `text` or `project`.
    pub kind: &'static str,
    parts: Vec<String>,
}

impl Whose {
    /// The project as a whole, where nothing finer is known.
    pub fn project() -> Self {
        Self { kind: "project", parts: Vec::new() }
    }

    /// A patient by the number that an issuer gave them.
    pub fn patient(issuer: &str, patient_id: &str) -> Self {
        Self { kind: "patient", parts: vec!["patient".into(), issuer.into(), patient_id.into()] }
    }

    /// A file that may be about many people: it has a key of its own, which goes with the first of them who is erased.
    pub fn file(kind: &'static str, bytes: &[u8]) -> Self {
        Self { kind, parts: vec![hex::encode(Sha256::digest(bytes))] }
    }

    /// Whom a file is about: the patient of an instance, the drive of a scene's file, the lot of a part's picture.
    pub fn of(name: &str, takes: ItemKind, dicom: Option<&DicomPart>) -> Self {
        if let Some(part) = dicom {
            let id = &part.identity;
            return match (&id.patient_id, &id.study_uid, &id.instance_uid) {
                (Some(patient), _, _) => {
                    Self::patient(id.patient_id_issuer.as_deref().unwrap_or_default(), patient)
                }
                // As for pseudonyms: who is not named is not the same as another who is not named.
                (None, Some(own), _) | (None, None, Some(own)) => {
                    Self { kind: "patient", parts: vec!["study".into(), own.clone()] }
                }
                (None, None, None) => Self::project(),
            };
        }
        let mut folders: Vec<&str> = name.split(['/', '\\']).collect();
        folders.pop();
        if takes == ItemKind::Scene {
            // The last folder is the sensor's.
            folders.pop();
        }
        let kind = if takes == ItemKind::Scene { "drive" } else { "lot" };
        let Some(last) = folders.pop() else { return Self::project() };
        folders.push(last.strip_suffix(LABEL_FOLDER_MARK).filter(|lot| !lot.is_empty()).unwrap_or(last));
        Self { kind, parts: folders.into_iter().map(str::to_owned).collect() }
    }
}

/// The assets that say whom an item is about: what is shown of it, but not what it is compared with.
pub(crate) fn about(group: &Group) -> Vec<AssetId> {
    let own = group.streams.iter().filter(|stream| stream.kind != StreamKind::Template);
    let mut assets: Vec<AssetId> = own.flat_map(|stream| stream.frames.iter().map(|f| f.asset)).collect();
    assets.sort_unstable();
    assets.dedup();
    assets
}

/// Who an item's pseudonym and UIDs stand for, on its way into the vault.
pub(crate) struct Known {
    /// The asset that said so.
    pub source: AssetId,
    /// What it said.
    pub entry: CrosswalkEntry,
}

/// What the vault holds now, for the log: no value of it.
pub(crate) struct Written {
    subject: SubjectId,
    pseudonym: String,
    uids: usize,
}

/// Whom the assets under an item are about.
pub(crate) struct Owners {
    pipeline: Pipeline,
    project: ProjectId,
    known: HashMap<AssetId, SubjectId>,
    rest: (&'static str, String),
}

impl Owners {
    /// Whom an asset is about.
    pub async fn of(&self, asset: AssetId) -> Result<SubjectId> {
        if let Some(known) = self.known.get(&asset) {
            return Ok(*known);
        }
        let (kind, tag) = &self.rest;
        self.pipeline.subject_named(Actor::system(), self.project, kind, tag.clone()).await
    }
}

impl Pipeline {
    /// The tag of whom a file is about.
    pub(crate) fn tag(&self, project: ProjectId, whose: &Whose) -> Result<String> {
        let mut parts = vec![whose.kind];
        parts.extend(whose.parts.iter().map(String::as_str));
        Ok(self.store.keyring().tag(project, &parts)?)
    }

    /// The subject, made on first sight.
    pub(crate) async fn subject_named(
        &self,
        actor: Actor,
        project: ProjectId,
        kind: &'static str,
        tag: String,
    ) -> Result<SubjectId> {
        if let Some(found) = subjects::by_tag(&mut *self.store.read().await?, project, &tag).await? {
            return Ok(found.id);
        }
        self.store
            .write(actor, move |tx| {
                Box::pin(async move {
                    let (subject, is_new) = subjects::ensure(tx, project, kind, &tag).await?;
                    if is_new {
                        let evidence = Evidence::new("subject.opened", "subject", subject.id.uuid());
                        tx.record(evidence.project(project).reason(kind))?;
                    }
                    Ok(subject.id)
                })
            })
            .await
    }

    /// Whom the assets under an item are about; what older versions brought in belongs to the project as a whole.
    pub(crate) async fn owners(&self, project: ProjectId, item: ItemId) -> Result<Owners> {
        let known = subjects::of_assets_under(&mut *self.store.read().await?, item).await?;
        let whose = Whose::project();
        let tag = self.tag(project, &whose)?;
        let known: HashMap<_, _> = known.into_iter().map(|link| (link.asset_id, link.subject_id)).collect();
        Ok(Owners { pipeline: self.clone(), project, known, rest: (whose.kind, tag) })
    }

    /// Puts into the vault who an item's pseudonym and UIDs stand for.
    ///
    /// # Errors
    /// `vault_offline`.
    pub(crate) async fn write_crosswalk(
        &self,
        project: ProjectId,
        item: ItemId,
        known: Vec<Known>,
    ) -> Result<Vec<Written>> {
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let owners = self.owners(project, item).await?;
        let mut merged: Vec<(SubjectId, CrosswalkEntry)> = Vec::new();
        for Known { source, entry } in known {
            let subject = owners.of(source).await?;
            match merged.iter_mut().find(|(known, _)| *known == subject) {
                Some((_, whole)) => whole.uids.extend(entry.uids),
                None => merged.push((subject, entry)),
            }
        }
        let (vault, keyring) = (self.store.vault().clone(), self.store.keyring().clone());
        let now = self.store.clock().now();
        let written = blocking(move || {
            let mut written = Vec::with_capacity(merged.len());
            for (subject, entry) in merged {
                let entry = CrosswalkEntry { written_at: Some(now), ..entry };
                vault.write(&keyring, (project, subject, item), &entry)?;
                written.push(Written { subject, uids: entry.uids.len(), pseudonym: entry.pseudonym });
            }
            Ok::<_, PipelineError>(written)
        });
        written.await?
    }
}

/// Notes in the same write as the item's step what the vault holds now.
pub(crate) async fn note_crosswalk(
    tx: &mut Tx,
    project: ProjectId,
    item: ItemId,
    written: &[Written],
) -> Result<()> {
    for one in written {
        subjects::name(tx, one.subject, &one.pseudonym).await?;
        let evidence = Evidence::new("crosswalk.written", "subject", one.subject.uuid()).project(project);
        let details = serde_json::json!({ "uids": one.uids });
        tx.record(evidence.item(item).reason("de-identified").details(details))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_drive_or_lot_are_about_the_same() {
        let of = |name: &str, takes| Whose::of(name, takes, None);
        let scene = of("monday/image_2/000001.png", ItemKind::Scene);
        assert_eq!(scene.kind, "drive");
        assert!(scene == of("monday/velodyne/000001.bin", ItemKind::Scene));
        assert!(scene != of("tuesday/velodyne/000001.bin", ItemKind::Scene));
        assert!(of("image_2/000001.png", ItemKind::Scene) == Whose::project());
        let part = of("pcb/group9/a_test.jpg", ItemKind::Part);
        assert_eq!(part.kind, "lot");
        assert!(part == of("pcb/group9_not/a.txt", ItemKind::Part));
        assert!(part != of("pcb/group8/a_test.jpg", ItemKind::Part));
        assert!(of("a_test.jpg", ItemKind::Part) == Whose::project());
        assert!(Whose::patient("A", "1") != Whose::patient("B", "1"));
    }
}
