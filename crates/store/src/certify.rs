//! Signing releases and statements: proof that the event is in the log, certificate, signature. The key stays in this
//! room.

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

/// A text signed with the log's key, and the proof that the event it stands on is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// The signed note (C2SP): the text, an empty line, the signature line.
    pub note: String,
    /// The event's proof with the checkpoint that it leads to (C2SP tlog-proof).
    pub proof: String,
    /// The event's place in the log.
    pub log_index: u64,
    /// Entries in the log at that checkpoint.
    pub log_size: u64,
}

/// How a text must begin that is signed with the log's key: a checkpoint never does.
pub const STATEMENT_START: &str = "Countersign statement: ";

impl Store {
    /// Signs a text and proves that an event is in the log. `text` gets the log's size and must begin with
    /// [`STATEMENT_START`], so that no checkpoint can be made this way.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown event; [`StoreError::Log`].
    pub async fn attest(
        &self,
        event: EventId,
        text: impl FnOnce(u64) -> String + Send + 'static,
    ) -> Result<Attested, StoreError> {
        self.sequence().await?;
        let event = events::by_id(&mut *self.read().await?, event).await?;
        let event = event.ok_or(StoreError::NotFound { place: "events" })?;
        let log_index = event.log_index.ok_or_else(|| fault("a committed event was not sequenced"))?;
        let folder = Arc::clone(&self.shared.sequencer.folder);
        blocking(move || {
            let proof = prove(&folder, log_index, &event.entry)?;
            let opened = proof.verify(folder.key()).map_err(|error| fault(&error.to_string()))?;
            let log_size = opened.checkpoint.checkpoint.size;
            let mut text = text(log_size);
            if !text.starts_with(STATEMENT_START) {
                return Err(fault("a statement that does not begin like one"));
            }
            if !text.ends_with('\n') {
                text.push('\n');
            }
            let note = format!("{text}\n{}", folder.signer().signature_line(&text));
            Ok(Attested { note, proof: proof.to_text(), log_index, log_size })
        })
        .await
    }
}

/// The lock keeps the partial tiles that the checkpoint names from being replaced while they are read.
fn prove(folder: &LogFolder, index: u64, entry: &[u8]) -> Result<TlogProof, StoreError> {
    let lock = folder.lock()?;
    let (text, checkpoint) = folder.plain_checkpoint()?;
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
