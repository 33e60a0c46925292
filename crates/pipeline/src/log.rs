//! The evidence log for those who check it from outside.

use countersign_ledger::{SignedCheckpoint, note::NOTE_BYTES_MAX};
use countersign_model::{EventId, Instant, ReleaseId, SignatureId};
use countersign_store::{StoreError, checkpoints, exposures, reads, releases};
use serde::Serialize;

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    people::Caller,
    refused::{Denial, UNBLINDED},
    views::{Page, page_length},
};

/// A checkpoint that was kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckpointView {
    /// Entries in the log.
    pub size: u64,
    /// Root, hexadecimal.
    pub root: String,
    /// When it was signed.
    pub at: Instant,
    /// Names of the witnesses that cosigned it, of those that this server asks; verified.
    pub witnesses: Vec<String>,
}

impl Pipeline {
    /// The right to read the log, held by somebody who may know how much happens elsewhere: sizes, times and entries tell a
    /// reader what others do.
    pub(crate) async fn require_log(&self, caller: &Caller) -> Result<()> {
        self.require(caller, Action::ViewLog, &Resource::Installation)?;
        if self.may_know_positions(caller).await? {
            Ok(())
        } else {
            Err(caller.denied(Denial::of_all(UNBLINDED)))
        }
    }

    /// A file of the log: `checkpoint` or `tile/…`.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right to read the log, and for what is no path of a log.
    pub async fn log_file(&self, caller: &Caller, path: &str) -> Result<Vec<u8>> {
        self.require_log(caller).await?;
        let file = self.store.log_file(path).await?.ok_or(PipelineError::NotFound)?;
        if path.starts_with("tile/") {
            self.note_log_reader(caller).await?;
        }
        Ok(file)
    }

    /// The public key that checkpoints are signed with, as one line.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right to read the log.
    pub fn log_key(&self, caller: &Caller) -> Result<String> {
        self.require(caller, Action::ViewLog, &Resource::Installation)?;
        Ok(self.store.log_key())
    }

    /// The checkpoints that were kept, newest first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right to read the log; `bad_cursor`.
    pub async fn checkpoints(
        &self,
        caller: &Caller,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<CheckpointView>> {
        self.require_log(caller).await?;
        let below = cursor.as_deref().map(str::parse).transpose();
        let below = below.map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))?;
        let limit = page_length(limit);
        let found = checkpoints::list(&mut *self.store.read().await?, below, limit + 1).await?;
        let key = self.store.verifier();
        let witnesses = self.witness_keys();
        Ok(Page::cut(found, limit, |kept| kept.size.to_string()).map(|kept| {
            let opened = SignedCheckpoint::open_with(kept.file.as_bytes(), &key, &witnesses);
            let cosignatures = opened.map(|opened| opened.cosignatures).unwrap_or_default();
            CheckpointView {
                size: kept.size,
                root: kept.root,
                at: kept.at,
                witnesses: cosignatures.into_iter().map(|cosigned| cosigned.name).collect(),
            }
        }))
    }

    /// A checkpoint that was kept, word for word.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn kept_checkpoint(&self, caller: &Caller, size: u64) -> Result<String> {
        self.require_log(caller).await?;
        let kept = checkpoints::of_size(&mut *self.store.read().await?, size).await?;
        Ok(kept.ok_or(PipelineError::NotFound)?.file)
    }

    /// The proof that the log at size `new` (a kept checkpoint, or the newest; the newest if absent) continues the log
    /// at size `old`: the text that witnesses are asked with.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right to read the log, and for sizes that have no checkpoint.
    pub async fn log_consistency(&self, caller: &Caller, old: u64, new: Option<u64>) -> Result<String> {
        self.require_log(caller).await?;
        let proof = match new {
            Some(new) => self.store.continuation_to(old, new).await,
            None => self.store.continuation(old).await,
        };
        Ok(proof.map_err(absent)?.to_text())
    }

    /// The proof that a checkpoint that the caller fetched continues the log at size `old`: also for one that was not kept, such
    /// as the first of two of one minute.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right to read the log; `bad_checkpoint` for what this log did not sign, or where
    /// it is not as large.
    pub async fn log_consistency_of(&self, caller: &Caller, old: u64, checkpoint: String) -> Result<String> {
        self.require_log(caller).await?;
        if checkpoint.len() > NOTE_BYTES_MAX {
            return Err(no_checkpoint());
        }
        match self.store.continuation_of(old, checkpoint).await {
            Err(StoreError::NotFound { .. }) => Err(no_checkpoint()),
            proof => Ok(proof?.to_text()),
        }
    }

    /// The proof that a signature is in the log, as a file that stands alone (C2SP tlog-proof).
    ///
    /// # Errors
    /// [`PipelineError::NotFound`], also for who may not read the whole evidence of the item.
    pub async fn signature_proof(&self, caller: &Caller, id: SignatureId) -> Result<String> {
        let signature = reads::signature(&mut *self.store.read().await?, id).await?;
        let signature = signature.ok_or(PipelineError::NotFound)?;
        if !self.item_is_open(caller, signature.item_id).await? {
            let whole = Denial::of_all(UNBLINDED).of_kind("signature", id.uuid());
            return Err(caller.denied(whole.item(signature.item_id)));
        }
        self.proof(signature.event_id).await
    }

    /// The proof that a finished release is in the log, as a file that stands alone (C2SP tlog-proof).
    ///
    /// # Errors
    /// [`PipelineError::NotFound`], also without the right to see releases.
    pub async fn release_proof(&self, caller: &Caller, id: ReleaseId) -> Result<String> {
        let release = releases::by_id(&mut *self.store.read().await?, id).await?;
        let release = release.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ViewReleases, release.project_id)?;
        self.proof(release.event_id.ok_or(PipelineError::NotFound)?).await
    }

    /// The proof that an exposure is in the log, as a file that stands alone (C2SP tlog-proof).
    ///
    /// # Errors
    /// [`PipelineError::NotFound`], also for who may not read the whole evidence of the item.
    pub async fn exposure_proof(&self, caller: &Caller, id: uuid::Uuid) -> Result<String> {
        let exposure = exposures::by_id(&mut *self.store.read().await?, id).await?;
        let exposure = exposure.ok_or(PipelineError::NotFound)?;
        let is_open = match exposure.item_id {
            Some(item) => self.item_is_open(caller, item).await?,
            None => self.hears_all(caller, exposure.project_id).await?,
        };
        if is_open {
            return self.proof(exposure.event_id).await;
        }
        Err(caller.denied(Denial::on(UNBLINDED, "exposure", id, exposure.project_id)))
    }

    pub(crate) async fn proof(&self, event: EventId) -> Result<String> {
        Ok(self.store.prove(event).await.map_err(absent)?.to_text())
    }
}

fn no_checkpoint() -> PipelineError {
    let message = "is not signed by this log, or not between the older size and the log's";
    PipelineError::bad("bad_checkpoint", "checkpoint", message)
}

fn absent(error: StoreError) -> PipelineError {
    match error {
        StoreError::NotFound { .. } => PipelineError::NotFound,
        other => other.into(),
    }
}
