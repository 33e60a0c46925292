//! Signed checkpoints of the log: the newest, those that are kept, and what witnesses say of them.

use std::sync::Arc;

use countersign_ledger::{
    Cosigned, CosignerKey, SignedCheckpoint, TlogProof, note::parse_signature_lines, witness::AddCheckpoint,
};
use countersign_model::{EventId, Instant};

use crate::{
    Actor, Conn, Evidence, Store, StoreError, Tx,
    clock::Moment,
    events,
    log::{LogFolder, fault},
    sequencer::blocking,
    value::record,
};

/// How long a checkpoint stands before the log signs it again, seconds. Half of what is promised (a checkpoint at least
/// every 60 s), so that a slow disk does not break the promise.
pub const SIGN_EVERY_SECONDS: i64 = 30;
/// Kept checkpoints that are looked through for one with a cosignature.
const COVERING_MAX: u32 = 20;
/// How far apart kept checkpoints are at least, seconds.
const KEEP_EVERY_SECONDS: i64 = 60;

record! {
    /// A checkpoint as it was signed.
    KeptCheckpoint in "log_checkpoints" {
        /// Entries in the log.
        size: u64,
        /// Root of these entries, hexadecimal.
        root: String,
        /// When it was signed.
        at: Instant,
        /// The file, word for word.
        file: String,
    }
}

record! {
    /// What a witness last said.
    Witness in "witnesses" {
        /// Its public key, one line.
        witness_key: String,
        /// Its name.
        name: String,
        /// Where it is asked.
        url: String,
        /// `new`, `ok`, `away`, `conflict` or `refused`.
        state: String,
        /// Since when it is in this state.
        since: Instant,
        /// When it was last asked.
        asked_at: Instant,
        /// Size of the newest checkpoint that it cosigned.
        cosigned_size: Option<u64>,
        /// When.
        cosigned_at: Option<Instant>,
        /// Size that it recorded where that contradicts the log.
        conflict_size: Option<u64>,
    }
}

/// Every witness that was ever asked.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn witnesses(conn: &mut Conn) -> Result<Vec<Witness>, StoreError> {
    conn.query("SELECT * FROM witnesses ORDER BY name, witness_key").all().await
}

async fn set_witness(tx: &mut Tx, witness: Witness) -> Result<(), StoreError> {
    let sql = "DELETE FROM witnesses WHERE witness_key = $1";
    tx.query(sql).bind(witness.witness_key.clone()).execute().await?;
    tx.insert(witness).await
}

/// Kept checkpoints of less than `below` entries, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(
    conn: &mut Conn,
    below: Option<u64>,
    limit: u32,
) -> Result<Vec<KeptCheckpoint>, StoreError> {
    let below = below.map_or(i64::MAX, |size| i64::try_from(size).unwrap_or(i64::MAX));
    let sql = "SELECT * FROM log_checkpoints WHERE size < $1 ORDER BY size DESC LIMIT $2";
    conn.query(sql).bind(below).bind(limit).all().await
}

/// Sizes of all kept checkpoints of less than `below` entries, smallest first: one a minute at most.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn sizes(conn: &mut Conn, below: u64) -> Result<Vec<u64>, StoreError> {
    let sql = "SELECT size FROM log_checkpoints WHERE size < $1 ORDER BY size";
    let rows = conn.query(sql).bind(below).scanning().fetch_all().await?;
    rows.iter().map(|row| row.get("size")).collect()
}

/// The kept checkpoint of exactly this size.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_size(conn: &mut Conn, size: u64) -> Result<Option<KeptCheckpoint>, StoreError> {
    conn.query("SELECT * FROM log_checkpoints WHERE size = $1").bind(size).optional().await
}

/// The smallest kept checkpoints that cover an index.
async fn covering(conn: &mut Conn, index: u64) -> Result<Vec<KeptCheckpoint>, StoreError> {
    let sql = "SELECT * FROM log_checkpoints WHERE size > $1 ORDER BY size LIMIT $2";
    conn.query(sql).bind(index).bind(COVERING_MAX).all().await
}

impl Store {
    /// Notes what a witness said, with evidence where that changes something.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn note_witness(&self, witness: Witness, evidence: Option<Evidence>) -> Result<(), StoreError> {
        let Some(evidence) = evidence else {
            return self.housekeep(move |tx| Box::pin(set_witness(tx, witness))).await;
        };
        self.write(Actor::system(), move |tx| {
            Box::pin(async move {
                set_witness(tx, witness).await?;
                tx.record(evidence).map(drop)
            })
        })
        .await
    }

    /// Signs the newest checkpoint again when it has stood for [`SIGN_EVERY_SECONDS`], and keeps a copy once a minute. A clock
    /// that was set back stops neither: what carries a later time is due too.
    ///
    /// # Errors
    /// [`StoreError::Log`], [`StoreError::Io`], [`StoreError::DiskFull`].
    pub async fn stamp_checkpoint(&self) -> Result<(), StoreError> {
        let writing = self.writing_log();
        let stamped = self.stamp().await;
        drop(writing);
        self.note_log(stamped.is_ok());
        stamped
    }

    /// In a quiet hour checkpoints alone would carry what the clock was set to: then the step becomes an event before one is
    /// signed under the new time, and that event is in it.
    async fn note_step(&self) -> Result<(), StoreError> {
        if !self.shared.context.watch.would_tell(Moment::of(self.clock())) {
            return Ok(());
        }
        self.write::<_, StoreError, _>(Actor::system(), |tx| {
            Box::pin(async move {
                tx.tell_step();
                Ok(())
            })
        })
        .await?;
        self.sequence().await.map(drop)
    }

    async fn stamp(&self) -> Result<(), StoreError> {
        self.note_step().await?;
        let (folder, now) = (Arc::clone(&self.shared.sequencer.folder), self.clock().now());
        let (file, signed) = blocking(move || {
            let lock = folder.lock()?;
            let found = folder.signed_checkpoint()?;
            let stands = |at: i64| (at..at + SIGN_EVERY_SECONDS).contains(&now.seconds());
            let due = found.1.signed_at_seconds.is_none_or(|at| !stands(at));
            let found = if due { folder.stamp(&found.0, now)? } else { found };
            drop(lock);
            Ok(found)
        })
        .await?;
        self.keep_checkpoint(file, signed, now).await
    }

    /// Keeps a copy of a checkpoint unless the newest copy is less than a minute old or as large.
    async fn keep_checkpoint(
        &self,
        file: String,
        signed: SignedCheckpoint,
        now: Instant,
    ) -> Result<(), StoreError> {
        let newest = list(&mut *self.read().await?, None, 1).await?.pop();
        let is_due = newest.is_none_or(|kept| {
            let is_fresh = now >= kept.at && now < kept.at.plus_seconds(KEEP_EVERY_SECONDS);
            kept.size < signed.checkpoint.size && !is_fresh
        });
        if is_due { self.insert_checkpoint(file, signed, now).await } else { Ok(()) }
    }

    async fn insert_checkpoint(
        &self,
        file: String,
        signed: SignedCheckpoint,
        now: Instant,
    ) -> Result<(), StoreError> {
        if signed.checkpoint.size == 0 {
            return Ok(());
        }
        let (size, root) = (signed.checkpoint.size, signed.checkpoint.root.to_hex());
        let kept = KeptCheckpoint { size, root, at: now, file };
        self.housekeep(move |tx| {
            Box::pin(async move {
                // Another process may have kept the same one.
                let sql = "INSERT INTO log_checkpoints (size, root, at, file) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT (size) DO NOTHING";
                let query = tx.query(sql).bind(kept.size).bind(kept.root).bind(kept.at).bind(kept.file);
                query.execute().await.map(drop)
            })
        })
        .await
    }

    /// The newest checkpoint, word for word and opened; cosignatures by `witnesses` are verified.
    ///
    /// # Errors
    /// [`StoreError::Log`].
    pub async fn checkpoint(
        &self,
        witnesses: Vec<CosignerKey>,
    ) -> Result<(String, SignedCheckpoint), StoreError> {
        let folder = Arc::clone(&self.shared.sequencer.folder);
        blocking(move || folder.signed_checkpoint_with(&witnesses)).await
    }

    /// The newest checkpoint with the proof that it continues a tree of `old` entries.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the log has fewer entries than `old`; [`StoreError::Log`].
    pub async fn continuation(&self, old: u64) -> Result<AddCheckpoint, StoreError> {
        let folder = Arc::clone(&self.shared.sequencer.folder);
        blocking(move || {
            let lock = folder.lock()?;
            let (file, signed) = folder.signed_checkpoint()?;
            let continuation = continued(&folder, old, &file, &signed, signed.checkpoint.size);
            drop(lock);
            continuation
        })
        .await
    }

    /// The proof that the kept checkpoint of `new` entries continues the tree of `old` entries.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when no checkpoint of `new` entries was kept, or `old` is larger.
    pub async fn continuation_to(&self, old: u64, new: u64) -> Result<AddCheckpoint, StoreError> {
        let kept = of_size(&mut *self.read().await?, new).await?;
        let Some(kept) = kept else {
            let newest = self.continuation(old).await?;
            let opened =
                SignedCheckpoint::open(newest.checkpoint.as_bytes(), self.shared.sequencer.folder.key());
            let is_newest = opened.is_ok_and(|opened| opened.checkpoint.size == new);
            return if is_newest { Ok(newest) } else { Err(StoreError::NotFound { place: "checkpoints" }) };
        };
        let folder = Arc::clone(&self.shared.sequencer.folder);
        blocking(move || {
            let signed = open(&folder, &kept.file)?;
            let lock = folder.lock()?;
            let stored = folder.checkpoint()?.size;
            let continuation = continued(&folder, old, &kept.file, &signed, stored);
            drop(lock);
            continuation
        })
        .await
    }

    /// The proof that a checkpoint of this log that somebody fetched, kept here or not, continues the tree of `old` entries.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not signed by this log's key, the log has fewer entries, or `old` is larger.
    pub async fn continuation_of(&self, old: u64, file: String) -> Result<AddCheckpoint, StoreError> {
        let folder = Arc::clone(&self.shared.sequencer.folder);
        blocking(move || {
            let missing = StoreError::NotFound { place: "checkpoints" };
            let Ok(signed) = open(&folder, &file) else { return Err(missing) };
            let lock = folder.lock()?;
            let stored = folder.checkpoint()?.size;
            let continuation = if signed.checkpoint.size > stored {
                Err(missing)
            } else {
                continued(&folder, old, &file, &signed, stored)
            };
            drop(lock);
            continuation
        })
        .await
    }

    /// Adds verified cosignature lines to the checkpoint that they are over: in the log's folder if it still is the
    /// newest, and in its kept copy. Lines by other keys are left out.
    ///
    /// # Errors
    /// [`StoreError::Log`] when no line is a cosignature by `witness` over it.
    ///
    /// The answer is the size of the checkpoint and what the witness said.
    pub async fn cosign(
        &self,
        file: String,
        lines: &str,
        witness: CosignerKey,
    ) -> Result<(u64, Cosigned), StoreError> {
        let folder = Arc::clone(&self.shared.sequencer.folder);
        let text = format!("{}\n", file.split("\n\n").next().unwrap_or_default());
        let (line, said) = verified_line(&text, lines, &witness)?;
        let (cosigned, opened) = blocking(move || {
            let lock = folder.lock()?;
            let whole = with_line(&file, &line, &witness);
            let opened = open(&folder, &whole)?;
            let (current, _) = folder.signed_checkpoint()?;
            if current.starts_with(&format!("{text}\n")) {
                folder.replace_checkpoint(&with_line(&current, &line, &witness))?;
            }
            drop(lock);
            Ok((whole, opened))
        })
        .await?;
        let size = opened.checkpoint.size;
        self.keep_cosigned(cosigned, opened).await?;
        Ok((size, said))
    }

    /// A cosigned checkpoint replaces its kept copy. Where there is none it is kept, at once if nobody cosigned the newest copy:
    /// what a witness saw is what proofs lead to.
    async fn keep_cosigned(&self, file: String, signed: SignedCheckpoint) -> Result<(), StoreError> {
        let (size, copy) = (signed.checkpoint.size, file.clone());
        let known = self.housekeep(move |tx| {
            Box::pin(async move {
                let sql = "UPDATE log_checkpoints SET file = $1 WHERE size = $2";
                tx.query(sql).bind(copy).bind(size).execute().await
            })
        });
        if known.await? > 0 {
            return Ok(());
        }
        let now = self.clock().now();
        let newest = list(&mut *self.read().await?, None, 1).await?.pop();
        let folder = &self.shared.sequencer.folder;
        let is_bare = match newest {
            Some(newest) => open(folder, &newest.file)?.other_signatures == 0,
            None => true,
        };
        if is_bare {
            return self.insert_checkpoint(file, signed, now).await;
        }
        self.keep_checkpoint(file, signed, now).await
    }

    /// The proof that an event is in the log, with the entry in it: a C2SP tlog-proof file. It leads to the newest
    /// checkpoint, or, where only an older one carries cosignatures, to that one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for an unknown event; [`StoreError::Log`].
    pub async fn prove(&self, event: EventId) -> Result<TlogProof, StoreError> {
        self.sequence().await?;
        let mut conn = self.read().await?;
        let event = events::by_id(&mut conn, event).await?.ok_or(StoreError::NotFound { place: "events" })?;
        let index = event.log_index.ok_or_else(|| fault("a committed event was not sequenced"))?;
        let kept = covering(&mut conn, index).await?;
        drop(conn);
        let folder = Arc::clone(&self.shared.sequencer.folder);
        blocking(move || {
            let lock = folder.lock()?;
            let (file, signed) = folder.signed_checkpoint()?;
            let (stored, mut best) = (signed.checkpoint.size, (signed, file));
            for kept in kept {
                let opened = open(&folder, &kept.file)?;
                if opened.other_signatures > best.0.other_signatures {
                    best = (opened, kept.file);
                }
            }
            let (signed, file) = best;
            let proof = TlogProof::make_at(index, &event.entry, &signed, &file, (&*folder, stored));
            drop(lock);
            proof.map_err(|error| fault(&error.to_string()))
        })
        .await
    }
}

fn open(folder: &LogFolder, file: &str) -> Result<SignedCheckpoint, StoreError> {
    SignedCheckpoint::open(file.as_bytes(), folder.key())
        .map_err(|error| fault(&format!("a checkpoint: {error}")))
}

/// The caller holds the lock: it keeps the partial tiles that the checkpoint names from being replaced meanwhile.
fn continued(
    folder: &LogFolder,
    old: u64,
    file: &str,
    signed: &SignedCheckpoint,
    stored: u64,
) -> Result<AddCheckpoint, StoreError> {
    if old > signed.checkpoint.size {
        return Err(StoreError::NotFound { place: "checkpoints" });
    }
    AddCheckpoint::make(old, signed, file, (folder, stored)).map_err(|error| fault(&error.to_string()))
}

/// The line among `lines` that is the witness's cosignature over the text.
fn verified_line(text: &str, lines: &str, witness: &CosignerKey) -> Result<(String, Cosigned), StoreError> {
    let parsed = parse_signature_lines(lines).map_err(|error| fault(&format!("a cosignature: {error}")))?;
    let found = lines.split_inclusive('\n').zip(&parsed).find(|(_, parsed)| witness.is_named_by(parsed));
    let (line, parsed) =
        found.ok_or_else(|| fault("the witness's own cosignature is not among its lines"))?;
    let said = witness.verify(text, parsed).map_err(|error| fault(&format!("a cosignature: {error}")))?;
    Ok((line.to_owned(), said))
}

/// The checkpoint with the line in place of an older one by the same witness.
fn with_line(file: &str, line: &str, witness: &CosignerKey) -> String {
    let (text, lines) = file.split_once("\n\n").unwrap_or((file, ""));
    let is_older = |line: &str| {
        parse_signature_lines(line)
            .is_ok_and(|parsed| parsed.iter().any(|parsed| witness.is_named_by(parsed)))
    };
    let kept: String = lines.split_inclusive('\n').filter(|line| !is_older(line)).collect();
    format!("{text}\n\n{kept}{line}")
}
