//! Signing a release: proof that its event is in the log, certificate, signature. The key stays in this room.

use std::{
    io::{Seek, Write},
    sync::Arc,
};

use countersign_ledger::{
    TlogProof,
    release::{Certificate, CertificateFields, SealedRelease, WriteError},
};
use countersign_model::EventId;

use crate::{
    Store, StoreError, events,
    log::{LogFolder, fault},
    sequencer::blocking,
};

impl Store {
    /// Completes a sealed package: brings the log up to date, proves that the release event is in it, signs.
    ///
    /// The event must be committed and carry the package's root as its content hash.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown event; [`StoreError::Log`] when the log cannot be extended or the event
    /// is not about this package; [`StoreError::Io`], [`StoreError::DiskFull`] of the package's file.
    pub async fn certify<W: Write + Seek + Send + 'static>(
        &self,
        sealed: SealedRelease<W>,
        statement: CertificateFields,
        event: EventId,
    ) -> Result<(W, Certificate), StoreError> {
        self.sequence().await?;
        let event = events::by_id(&mut *self.read().await?, event).await?;
        let event = event.ok_or(StoreError::NotFound { place: "events" })?;
        let index = event.log_index.ok_or_else(|| fault("a committed event was not sequenced"))?;
        let folder = Arc::clone(&self.shared.sequencer.folder);
        blocking(move || {
            let proof = prove(&folder, index, &event.entry)?;
            sealed.finish(folder.signer(), statement, &proof).map_err(failed)
        })
        .await
    }
}

/// The lock keeps the partial tiles that the checkpoint names from being replaced while they are read.
fn prove(folder: &LogFolder, index: u64, entry: &[u8]) -> Result<TlogProof, StoreError> {
    let lock = folder.lock()?;
    let (text, checkpoint) = folder.signed_checkpoint()?;
    let proof = TlogProof::make(index, entry, &checkpoint, &text, &folder);
    drop(lock);
    proof.map_err(|error| fault(&error.to_string()))
}

fn failed(error: WriteError) -> StoreError {
    match error {
        WriteError::Io(source) => StoreError::io("release package", source),
        other => fault(&other.to_string()),
    }
}
