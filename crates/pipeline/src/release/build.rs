//! From the begun release to the finished one, and what becomes of those that were interrupted.

use std::{fs::File, io::BufWriter, path::PathBuf};

use countersign_ledger::{Hash, release::Certificate};
use countersign_model::{EventId, Instant, ItemId, ProjectId, ReleaseId, UserId};
use countersign_store::{Actor, projects, releases};
use countersign_workflow::{Event, Phase};

use super::{
    begin::{BUILDING, Begun, held},
    certificate::statement,
    evidence, file_failed,
    pack::Packed,
    workplace::Workplace,
};
use crate::{Pipeline, PipelineError, Result, holds::wide::require_reached, moving::Moving, people::Caller};

/// Items that are marked as released in one write.
const MARKS_PER_WRITE: u32 = 200;

impl Pipeline {
    /// Builds a release from beginning to end.
    pub(super) async fn run_release(
        &self,
        actor: Actor,
        user: Option<UserId>,
        signer: Option<Caller>,
        project: ProjectId,
        (name, wanted): (String, super::Wanted),
    ) -> Result<ReleaseId> {
        let id = ReleaseId(self.store.ids().fresh());
        // Dropped last: until then, no sweep takes the release for abandoned.
        let place = Workplace::open(&self.store, id)?;
        let begun = Begun { user, signer, id, name, state: BUILDING };
        let (release, project) = self.begin_release(actor, project, begun, wanted).await?;
        self.finish_building(actor, &release, &project, place).await?;
        Ok(id)
    }

    /// Builds a release that has what it takes.
    pub(super) async fn finish_building(
        &self,
        actor: Actor,
        release: &releases::Release,
        project: &projects::Project,
        place: Workplace,
    ) -> Result<()> {
        let built = self.build_release(actor, release, project, place.package.clone()).await;
        if let Err(error) = &built {
            self.fail_release(actor, release, code(error)).await?;
        }
        built?;
        // The release is done whatever happens here; a sweep marks what is left.
        if let Err(error) = self.mark_released(actor, release.id).await {
            tracing::warn!(%error, "items of a finished release could not be marked yet");
        }
        drop(place);
        Ok(())
    }

    async fn build_release(
        &self,
        actor: Actor,
        release: &releases::Release,
        project: &projects::Project,
        path: PathBuf,
    ) -> Result<()> {
        let packed = self.pack(release.clone(), project.clone(), path.clone()).await?;
        let (event, at) = self.record_made(actor, release, packed.sealed.root()).await?;
        let Packed { sealed, contents, manifest_hash } = packed;
        let statement = {
            let mut conn = self.store.read().await?;
            statement(&mut conn, release, project, &contents, sealed.root(), at).await?
        };
        let (out, certificate) = self.store.certify(sealed, statement, event).await?;
        let bytes = size(out)?;
        let put = self.store.released().adopt(project.id, &path).await?;
        let built = releases::Built {
            root: certificate.root.to_hex(),
            manifest_hash: manifest_hash.to_hex(),
            annotations: contents.annotations(),
            address: put.address.clone(),
            bytes,
            certificate: certificate.to_text(),
            event_id: event,
        };
        let finished = self.finish_release(actor, release, built, &certificate).await;
        if finished.is_err() && put.is_new {
            self.store.released().delete(project.id, &put.address).await?;
        }
        finished
    }

    /// The event that the certificate stands on. Holds that came while the package was built still count.
    async fn record_made(
        &self,
        actor: Actor,
        release: &releases::Release,
        root: Hash,
    ) -> Result<(EventId, Instant)> {
        let release = release.clone();
        self.store
            .write::<_, PipelineError, _>(actor, move |tx| {
                Box::pin(async move {
                    require_reached(tx, release.project_id).await?;
                    if let Some((item, is_held)) = releases::spoiled(tx, release.id).await? {
                        return Err(if is_held { held(item) } else { not_accepted(item) });
                    }
                    let event = tx.record(evidence("release.made", &release).content(root.0))?;
                    Ok((event, tx.now()))
                })
            })
            .await
    }

    async fn finish_release(
        &self,
        actor: Actor,
        release: &releases::Release,
        built: releases::Built,
        certificate: &Certificate,
    ) -> Result<()> {
        let (release, log_index) = (release.clone(), certificate.log.index);
        self.store
            .write::<_, PipelineError, _>(actor, move |tx| {
                Box::pin(async move {
                    if !releases::finish(tx, release.id, built).await? {
                        return Err(PipelineError::Internal("a release was ended by somebody else".into()));
                    }
                    let details = serde_json::json!({ "log_index": log_index });
                    tx.record(evidence("release.finished", &release).details(details))?;
                    Ok(())
                })
            })
            .await
    }

    async fn fail_release(&self, actor: Actor, release: &releases::Release, code: String) -> Result<()> {
        let release = release.clone();
        self.store
            .write::<_, PipelineError, _>(actor, move |tx| {
                Box::pin(async move {
                    if releases::fail(tx, release.id).await? {
                        tx.record(evidence("release.failed", &release).outcome("failed").reason(&code))?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Marks the items of a finished release, a batch per write. An item that came under a hold since is left out.
    async fn mark_released(&self, actor: Actor, id: ReleaseId) -> Result<()> {
        let mut after = None;
        loop {
            let lines =
                releases::items_after(&mut *self.store.read().await?, id, after, MARKS_PER_WRITE).await?;
            let Some(last) = lines.last().map(|line| line.item_id) else { return Ok(()) };
            after = Some(last);
            let pipeline = self.clone();
            self.store
                .write::<_, PipelineError, _>(actor, move |tx| {
                    Box::pin(async move {
                        for line in lines {
                            let mut moving = Moving::load(tx, &pipeline, line.item_id).await?;
                            if moving.state.phase != Phase::Accepted || moving.state.is_held() {
                                continue;
                            }
                            moving.take(tx, &Event::Released { release: id }).await?;
                            let details = serde_json::json!({ "release": id });
                            tx.record(moving.evidence("item.released").details(details))?;
                        }
                        Ok(())
                    })
                })
                .await?;
        }
    }

    /// Ends releases whose process died, and marks items of finished ones that were not marked yet. To be called at
    /// start and now and then; how many releases were ended as failed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep_releases(&self) -> Result<u64> {
        let mut ended = 0;
        for release in releases::building(&mut *self.store.read().await?).await? {
            if Workplace::is_abandoned(&self.store, release.id)? {
                self.fail_release(Actor::system(), &release, "interrupted".into()).await?;
                ended += 1;
            }
        }
        for id in releases::unmarked(&mut *self.store.read().await?).await? {
            self.mark_released(Actor::system(), id).await?;
        }
        Ok(ended)
    }
}

/// Ends writing; the size of the package, bytes.
fn size(out: BufWriter<File>) -> Result<u64> {
    let failed = |error| file_failed("the package of a release", error);
    let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
    Ok(file.metadata().map_err(failed)?.len())
}

fn not_accepted(item: ItemId) -> PipelineError {
    PipelineError::refused("item_not_accepted", format!("Item {item} changed while the release was built."))
}

/// The word for the log.
fn code(error: &PipelineError) -> String {
    match error {
        PipelineError::Refused(refusal) => refusal.code.clone().into_owned(),
        PipelineError::BadInput { code, .. } => (*code).to_owned(),
        PipelineError::Store(countersign_store::StoreError::DiskFull { .. }) => "storage_full".to_owned(),
        _ => "internal".to_owned(),
    }
}
