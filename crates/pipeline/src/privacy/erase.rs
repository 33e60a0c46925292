//! Carrying out an erasure: the body of an `erase` job. Each step may be done again, so that a crash anywhere ends in
//! the same place: first what others need is sealed for them, then the key goes, then the bytes, then the words in
//! rows, and last the certificate is signed.

use std::collections::BTreeMap;

use countersign_model::{ItemId, PrivacyRequestId, Zone};
use countersign_store::{
    Actor, Evidence, StoreError, Tx, batches, certifications, jobs, privacy, records, subjects,
};
use countersign_workflow::Event;

use super::{
    certificate::{Destroyed, ErasureStatement, PersonAct, ReleaseNotice, notices},
    printed, subject_of_request,
};
use crate::{
    Pipeline, PipelineError, Result,
    batches::{audit_of, hold_defective},
    blocking,
    error::RELEASE_BUILDING,
    moving::Moving,
};

/// A request on its way.
struct Erasure {
    request: privacy::Request,
    subject: subjects::Subject,
}

impl Pipeline {
    /// Carries out an approved erasure.
    ///
    /// # Errors
    /// `release_building` while a release takes the subject's items: the job waits. When the store fails, the job is
    /// tried again.
    pub(crate) async fn run_erasure(&self, job: jobs::Job, worker: String) -> Result<()> {
        let id = request_of(&job)?;
        let (request, subject) = {
            let mut conn = self.store.read().await?;
            let request = privacy::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            let subject = subject_of_request(&mut conn, &request).await?;
            if privacy::count_building(&mut conn, subject.id).await? > 0 {
                let message = "A release that takes items of this subject is being built.";
                return Err(PipelineError::refused(RELEASE_BUILDING, message));
            }
            (request, subject)
        };
        if request.state != "approved" {
            return self.finish_job(job, worker).await;
        }
        let erasure = Erasure { request, subject };
        let statement = match &erasure.request.certificate {
            // A try before this one came as far as the rows.
            Some(statement) if erasure.subject.is_erased() => statement.clone(),
            // A file may have gone with one of its patients meanwhile: done again, that says so.
            _ => self.erase(&erasure).await?,
        };
        self.certify_erasure(erasure.request, &statement, job, worker).await
    }

    /// Destroys everything; the statement of what was destroyed.
    async fn erase(&self, erasure: &Erasure) -> Result<String> {
        let subject = &erasure.subject;
        let resealed = self.reseal_shared(subject).await?;
        let files = self.destroy_files(subject).await?;
        self.store.destroy_key(subject.id).await?;
        let (vault, place) = (self.store.vault().clone(), (subject.project_id, subject.id));
        let crosswalk = match blocking(move || vault.forget(place.0, place.1)).await? {
            Ok(entries) => Some(entries),
            // What lies in a vault that is away was sealed with the destroyed key too.
            Err(StoreError::Offline { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        let mut destroyed = self.delete_bytes(subject).await?;
        destroyed.quarantined_files += files.quarantined_files;
        destroyed.bytes += files.bytes;
        destroyed.shared_files_resealed = resealed;
        destroyed.crosswalk_entries = crosswalk;
        let releases = self.delete_packages(subject).await?;
        self.erase_rows(erasure, destroyed, releases).await
    }

    /// What living subjects need too, such as a template, is sealed with the key of the first of them.
    async fn reseal_shared(&self, subject: &subjects::Subject) -> Result<u64> {
        let shared = subjects::shared(&mut *self.store.read().await?, subject.id).await?;
        let mut to: BTreeMap<_, subjects::Shared> = BTreeMap::new();
        for one in shared {
            to.entry(one.asset_id).or_insert(one);
        }
        let (count, project) = (to.len() as u64, subject.project_id);
        for one in to.into_values() {
            match one.zone {
                Zone::Quarantine => {
                    self.store.quarantine().reseal(project, &one.address, one.subject_id).await?;
                }
                _ => self.store.cleared().reseal(project, &one.address, one.subject_id).await?,
            }
            let relinked = self.store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    subjects::relink_asset(tx, one.asset_id, one.subject_id).await?;
                    let evidence = Evidence::new("asset.resealed", "asset", one.asset_id.uuid());
                    tx.record(evidence.project(project).reason("needed_by_others"))?;
                    Ok(())
                })
            });
            relinked.await?;
        }
        Ok(count)
    }

    /// Tables as they came that have a row about the subject, of which what was cleaned of others stays as rows; and tables
    /// and texts that nobody has read, which may name them.
    async fn destroy_files(&self, subject: &subjects::Subject) -> Result<Destroyed> {
        let mut all = Destroyed { key: subject.id, ..Destroyed::default() };
        for file in records::going_with(&mut *self.store.read().await?, subject.id).await? {
            self.store.destroy_key(file.id).await?;
            let one = self.delete_bytes(&file).await?;
            all.quarantined_files += one.quarantined_files;
            all.bytes += one.bytes;
        }
        Ok(all)
    }

    async fn delete_bytes(&self, subject: &subjects::Subject) -> Result<Destroyed> {
        let mut destroyed = Destroyed { key: subject.id, ..Destroyed::default() };
        for asset in subjects::assets(&mut *self.store.read().await?, subject.id).await? {
            match asset.zone {
                Zone::Quarantine => {
                    self.store.quarantine().delete(asset.project_id, &asset.address).await?;
                    destroyed.quarantined_files += 1;
                }
                Zone::Cleared => {
                    self.store.cleared().delete(asset.project_id, &asset.address).await?;
                    destroyed.cleared_files += 1;
                }
                Zone::Vault | Zone::Released => {}
            }
            destroyed.bytes += asset.bytes;
        }
        Ok(destroyed)
    }

    /// Packages hold shapes of the subject's items: they go; the rows say who has them.
    async fn delete_packages(&self, subject: &subjects::Subject) -> Result<Vec<privacy::Touched>> {
        let touched = privacy::releases(&mut *self.store.read().await?, subject.id).await?;
        for release in &touched {
            if let Some(address) = &release.address {
                self.store.released().delete(subject.project_id, address).await?;
            }
        }
        Ok(touched)
    }

    /// Everything that rows say, in one write, with the statement of it.
    async fn erase_rows(
        &self,
        erasure: &Erasure,
        destroyed: Destroyed,
        releases: Vec<privacy::Touched>,
    ) -> Result<String> {
        let (pipeline, request, subject) = (self.clone(), erasure.request.clone(), erasure.subject.clone());
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let mut destroyed = destroyed;
                    let (items, notices) =
                        empty_rows(tx, &pipeline, &subject, releases, &mut destroyed).await?;
                    let statement = statement(tx, &request, &subject, (destroyed, items, notices)).await?;
                    let text = serde_json::to_string(&statement).map_err(|e| internal(&e.to_string()))?;
                    privacy::keep_statement(tx, request.id, &text).await?;
                    let evidence = Evidence::new("subject.erased", "subject", subject.id.uuid());
                    tx.record(evidence.project(subject.project_id).content(statement.hash()?.0))?;
                    Ok(text)
                })
            })
            .await
    }

    /// After a backup was restored that is older than an erasure: the keyring remembers who was erased, and they are
    /// erased again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn reapply_erasures(&self) -> Result<u64> {
        let live = subjects::live(&mut *self.store.read().await?).await?;
        let keyring = self.store.keyring();
        let gone: Vec<_> = live.into_iter().filter(|subject| keyring.is_destroyed(subject.id)).collect();
        let mut applied = 0;
        for subject in gone {
            // A request that is under way ends as it should, with its certificate.
            if privacy::count_approved(&mut *self.store.read().await?, subject.id).await? > 0 {
                continue;
            }
            self.erase_again(&subject).await?;
            applied += 1;
        }
        Ok(applied)
    }

    async fn erase_again(&self, subject: &subjects::Subject) -> Result<()> {
        self.destroy_files(subject).await?;
        let mut destroyed = self.delete_bytes(subject).await?;
        let releases = self.delete_packages(subject).await?;
        let (pipeline, subject) = (self.clone(), subject.clone());
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    empty_rows(tx, &pipeline, &subject, releases, &mut destroyed).await?;
                    let evidence = Evidence::new("subject.erased", "subject", subject.id.uuid());
                    tx.record(evidence.project(subject.project_id).reason("restored"))?;
                    Ok(())
                })
            })
            .await
    }
}

/// Empties every row that says something of a subject; the items, and who has which release.
async fn empty_rows(
    tx: &mut Tx,
    pipeline: &Pipeline,
    subject: &subjects::Subject,
    releases: Vec<privacy::Touched>,
    destroyed: &mut Destroyed,
) -> Result<(Vec<ItemId>, Vec<ReleaseNotice>)> {
    let items = subjects::items(tx, subject.id).await?;
    let open = batches::open_with(tx, subject.id).await?;
    for batch in &open {
        // Whoever judges locks this, too, and before the items.
        certifications::lock(tx, audit_of(*batch)).await?;
    }
    for item in &items {
        erase_item(tx, pipeline, item.id, subject, destroyed).await?;
    }
    // Their batches are void with it: what an inspection found in them stays known.
    for batch in open {
        let judged = certifications::judged(tx, audit_of(batch)).await?;
        hold_defective(tx, pipeline, &judged).await?;
    }
    for file in records::going_with(tx, subject.id).await? {
        // What came after the bytes were destroyed is still there, and was not there to be asked for.
        if !pipeline.store.keyring().is_destroyed(file.id) {
            continue;
        }
        records::forget_source(tx, file.id).await?;
        privacy::empty_assets(tx, file.id).await?;
        privacy::end_subject(tx, file.id).await?;
        let evidence = Evidence::new("records.file_erased", "subject", file.id.uuid());
        tx.record(evidence.project(file.project_id).reason("may_name_an_erased_subject"))?;
    }
    records::forget(tx, subject.id).await?;
    privacy::empty_assets(tx, subject.id).await?;
    privacy::end_subject(tx, subject.id).await?;
    let notices = notices(tx, releases).await?;
    for notice in &notices {
        if privacy::recall(tx, notice.release).await? {
            destroyed.release_packages += 1;
            let evidence = Evidence::new("release.recalled", "release", notice.release.uuid());
            tx.record(evidence.project(subject.project_id).reason("erasure"))?;
        }
    }
    Ok((items.into_iter().map(|item| item.id).collect(), notices))
}

async fn erase_item(
    tx: &mut Tx,
    pipeline: &Pipeline,
    item: ItemId,
    subject: &subjects::Subject,
    destroyed: &mut Destroyed,
) -> Result<()> {
    let mut moving = Moving::load(tx, pipeline, item).await?;
    moving.take(tx, &Event::Erased).await?;
    let emptied = privacy::empty_item(tx, item, &subject.erased_name()).await?;
    destroyed.annotation_versions += emptied.annotations;
    destroyed.event_details += emptied.details;
    destroyed.gate_reports += emptied.reports;
    tx.record(moving.evidence("item.erased"))?;
    let project = moving.item.project_id;
    for id in emptied.certifications {
        let ended = Evidence::new("certification.voided", "certification", id.uuid());
        tx.record(ended.project(project).reason("erasure"))?;
    }
    for id in emptied.studies {
        tx.record(
            Evidence::new("appraisal.voided", "appraisal", id.uuid()).project(project).reason("erasure"),
        )?;
    }
    Ok(())
}

async fn statement(
    tx: &mut Tx,
    request: &privacy::Request,
    subject: &subjects::Subject,
    (destroyed, items, releases): (Destroyed, Vec<ItemId>, Vec<ReleaseNotice>),
) -> Result<ErasureStatement> {
    let project = countersign_store::projects::by_id(tx, subject.project_id).await?;
    let confirmer = request.decided_by.ok_or_else(|| internal("an erasure that nobody confirmed"))?;
    Ok(ErasureStatement {
        version: 1,
        request: request.id,
        project: subject.project_id,
        project_name: project.ok_or(PipelineError::NotFound)?.name,
        subject: subject.id,
        subject_number: subject.number,
        requested: PersonAct {
            user: request.requested_by,
            printed_name: printed(tx, Some(request.requested_by)).await?.unwrap_or_default(),
            at: request.requested_at,
        },
        confirmed: PersonAct {
            user: confirmer,
            printed_name: printed(tx, Some(confirmer)).await?.unwrap_or_default(),
            at: request.decided_at.unwrap_or(request.requested_at),
        },
        erased_at: tx.now(),
        destroyed,
        items,
        releases,
    })
}

fn request_of(job: &jobs::Job) -> Result<PrivacyRequestId> {
    let payload: serde_json::Value =
        serde_json::from_str(&job.payload).map_err(|error| internal(&error.to_string()))?;
    let id = payload["request"].as_str().and_then(|text| text.parse().ok());
    id.ok_or_else(|| internal("an erase job without request"))
}

pub(super) fn internal(message: &str) -> PipelineError {
    PipelineError::Internal(message.to_owned())
}
