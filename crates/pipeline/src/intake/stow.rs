//! Instances that another system stores with us (STOW-RS, PS3.18 section 10.5): what became of each, by its UIDs.

use std::{collections::HashMap, fs, path::PathBuf, sync::Arc};

use countersign_dicom as dicom;
use countersign_model::{AssetId, ProjectId};

use super::{
    Ran, RefusalView,
    archive::{FILE_BYTES_MAX, FileRefusal},
    grouping::Arrived,
};
use crate::{Pipeline, Result, access::Action, blocking, people::Caller};

/// One instance that was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredInstance {
    /// What names it; absent where the file could not be read as far as that.
    pub reference: Option<InstanceReference>,
    /// Why it was not taken.
    pub refusal: Option<RefusalView>,
}

/// What names an instance. It goes back to its sender and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceReference {
    /// SOP Class UID (0008,0016).
    pub class_uid: String,
    /// SOP Instance UID (0008,0018).
    pub instance_uid: String,
}

impl InstanceReference {
    fn of(identity: &dicom::Identity, facts: &dicom::Facts) -> Option<Self> {
        Some(Self { class_uid: facts.sop_class_uid.clone()?, instance_uid: identity.instance_uid.clone()? })
    }
}

/// A file of a run that was stored.
pub(super) struct Sent {
    name: String,
    asset: AssetId,
    reference: Option<InstanceReference>,
    refusal: Option<FileRefusal>,
}

impl Sent {
    pub fn of(file: &Arrived) -> Self {
        let part = file.dicom.as_deref();
        Self {
            name: file.name.clone(),
            asset: file.asset,
            reference: part.and_then(|part| InstanceReference::of(&part.identity, &part.facts)),
            refusal: None,
        }
    }
}

/// Notes that no item came of some assets.
pub(super) fn refuse(sent: &mut [Sent], assets: &[AssetId], refusal: &FileRefusal) {
    for file in sent.iter_mut().filter(|file| assets.contains(&file.asset)) {
        file.refusal = Some(refusal.clone());
    }
}

impl Pipeline {
    /// Brings in instances of studies that may still be arriving: the gate looks at a study when nothing of it has come
    /// for the stable age ([`crate::Settings`]). The answer has one entry per path, in their order.
    ///
    /// # Errors
    /// [`crate::PipelineError::NotFound`] without the right to ingest. Bad files are in the answer, not an error.
    pub async fn store_instances(
        &self,
        caller: &Caller,
        project: ProjectId,
        paths: Vec<PathBuf>,
    ) -> Result<Vec<StoredInstance>> {
        self.require_on(caller, Action::Ingest, project)?;
        let wait = (project, Some(self.settings.stable_age_seconds));
        let ran = self
            .run_ingest(caller.actor(), Some(caller.user()), wait, paths.clone(), Arc::new(|_| {}))
            .await?;
        blocking(move || outcomes(paths, ran)).await
    }
}

fn outcomes(paths: Vec<PathBuf>, ran: Ran) -> Vec<StoredInstance> {
    let mut sent: HashMap<String, Sent> =
        ran.sent.into_iter().map(|file| (file.name.clone(), file)).collect();
    let mut refused: HashMap<String, RefusalView> =
        ran.report.refusals.into_iter().map(|refusal| (refusal.name.clone(), refusal)).collect();
    let outcome = |path: PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if let Some(file) = sent.remove(&name) {
            return StoredInstance { reference: file.reference, refusal: file.refusal.map(Into::into) };
        }
        let refusal = refused.remove(&name).unwrap_or_else(|| {
            FileRefusal::new(&name, "not_an_instance", "the part is no DICOM instance", None).into()
        });
        StoredInstance { reference: reference_in(&path), refusal: Some(refusal) }
    };
    paths.into_iter().map(outcome).collect()
}

/// What names a file that was refused, as far as it can be read.
fn reference_in(path: &PathBuf) -> Option<InstanceReference> {
    if fs::metadata(path).ok()?.len() > FILE_BYTES_MAX {
        return None;
    }
    let bytes = fs::read(path).ok()?;
    let instance = dicom::read(&bytes, &dicom::Limits::default()).ok()?;
    InstanceReference::of(&dicom::Identity::of(&instance), &dicom::Facts::of(&instance))
}
