//! What an inspector's copy needs of rows and log: the entries of a project as the log has them, the rows as the database
//! has them, proofs, and the signature over the list of files.

use std::sync::Arc;

use countersign_ledger::{
    Entry, Opening, SignedCheckpoint, TlogProof,
    entry::SALT_BYTES,
    excerpt::{tile_file, tiles_for},
    inspection::MANIFEST_START,
    opening_key,
    tiles::{TILE_WIDTH, entries_path, next_entry, tile_width},
    witness::AddCheckpoint,
};
use countersign_model::{
    EventId, Instant, ItemId, ProjectId, ReadId, ReleaseId, SignatureId, SignatureMeaning, UserId,
};
use uuid::Uuid;

use crate::{
    Bind, Conn, FromRow, Query, Store, StoreError,
    checkpoints::KeptCheckpoint,
    events::Event,
    log::{LogFolder, fault},
    sequencer::blocking,
    value::row,
};

/// The part of the log that a copy is about.
#[derive(Clone, Debug)]
pub struct LogPart {
    /// The checkpoint, word for word.
    pub checkpoint: String,
    /// The same, opened.
    pub signed: SignedCheckpoint,
    /// Indices of the entries, as the log has them.
    pub indices: Vec<u64>,
    /// Tiles that may be replaced while the copy is made: path and bytes.
    pub edges: Vec<(String, Vec<u8>)>,
    /// Paths of all other tiles that check these entries.
    pub tiles: Vec<String>,
}

row! {
    /// A signature with the place of its evidence.
    Signed {
        /// Id.
        id: SignatureId,
        /// Item.
        item_id: ItemId,
        /// The read that was signed.
        read_id: ReadId,
        /// Who.
        user_id: UserId,
        /// Their name when they signed.
        printed_name: String,
        /// What it says.
        meaning: SignatureMeaning,
        /// Hash of the content that it is bound to.
        content_hash: String,
        /// When.
        at: Instant,
        /// Index of its event; absent when there is no such event.
        log_index: Option<u64>,
        /// Phase of the item: what was erased cannot be compared any more.
        state: String,
    }
}

row! {
    /// A version of a mark.
    LabelVersion {
        /// Item.
        item_id: ItemId,
        /// Read.
        read_id: ReadId,
        /// The mark.
        annotation_id: Uuid,
        /// Its version, from 1.
        version: i64,
        /// Place among the rows of one version.
        seq: i64,
        /// The mark as canonical JSON; absent when it was removed or erased.
        body: Option<String>,
        /// Who; absent for models.
        author_user: Option<UserId>,
        /// Which model drew the read.
        author_model: Option<String>,
        /// By which rule it was merged from others.
        author_rule: Option<String>,
        /// The read that the read began as a copy of.
        base_read_id: Option<ReadId>,
        /// When.
        at: Instant,
    }
}

/// An event with what opens its commitment.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// The event.
    pub event: Event,
    /// Absent where there are no details, and for entries of before commitments could be opened.
    pub opening: Option<Opening>,
}

/// Events with details and their salt.
const LOGGED: &str =
    "SELECT e.*, d.details, d.salt FROM events e LEFT JOIN event_details d ON d.event_id = e.id";

/// Where a page of [`labels`] begins: behind this version.
pub type LabelCursor = (ReadId, Uuid, i64, i64);

/// Signatures whose evidence lies below an index, oldest first, after the last of the page before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn signatures(
    conn: &mut Conn,
    project: Option<ProjectId>,
    after: Option<SignatureId>,
    below: u64,
    limit: u32,
) -> Result<Vec<Signed>, StoreError> {
    let mut sql = "SELECT s.*, e.log_index, i.state FROM signatures s JOIN items i ON i.id = s.item_id \
                   LEFT JOIN events e ON e.id = s.event_id \
                   WHERE s.id > $1 AND (e.ord IS NULL OR e.log_index < $2)"
        .to_owned();
    let after = after.unwrap_or(SignatureId(Uuid::nil()));
    let mut values = vec![after.value(), below.value(), limit.value()];
    if let Some(project) = project {
        values.push(project.value());
        sql.push_str(" AND i.project_id = $4");
    }
    sql.push_str(" ORDER BY s.id LIMIT $3");
    values.into_iter().fold(conn.query_built(sql), Query::bind).all().await
}

/// Whether the log says something of a read at an index or later, or is about to.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn is_bound_later(conn: &mut Conn, read: ReadId, from: u64) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM events WHERE object_id = $1 AND object_kind = 'read' \
               AND (log_index IS NULL OR log_index >= $2) LIMIT 1";
    Ok(conn.query(sql).bind(read).bind(from).fetch_optional().await?.is_some())
}

/// Every version of every mark that was ever submitted, read by read, after the last of the page before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn labels(
    conn: &mut Conn,
    project: Option<ProjectId>,
    after: Option<LabelCursor>,
    limit: u32,
) -> Result<Vec<LabelVersion>, StoreError> {
    let mut sql = "SELECT r.item_id, a.read_id, a.annotation_id, a.version, a.seq, a.body, a.author_user, \
                   r.author_model, r.author_rule, r.base_read_id, a.at FROM annotations a JOIN reads r ON r.id = a.read_id \
                   WHERE (r.submitted_at IS NOT NULL OR r.author_user IS NULL) \
                   AND (a.read_id, a.annotation_id, a.version, a.seq) > ($1, $2, $3, $4)"
        .to_owned();
    let (read, mark, version, seq) = after.unwrap_or((ReadId(Uuid::nil()), Uuid::nil(), -1, -1));
    let mut values = vec![read.value(), mark.value(), version.value(), seq.value(), limit.value()];
    if let Some(project) = project {
        values.push(project.value());
        sql.push_str(" AND r.project_id = $6");
    }
    sql.push_str(" ORDER BY a.read_id, a.annotation_id, a.version, a.seq LIMIT $5");
    values.into_iter().fold(conn.query_built(sql), Query::bind).all().await
}

/// Releases of a project, or of all, whose evidence lies below an index: id and index.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn releases(
    conn: &mut Conn,
    project: Option<ProjectId>,
    below: u64,
) -> Result<Vec<(ReleaseId, EventId, u64)>, StoreError> {
    let mut sql = "SELECT r.id, r.event_id, e.log_index FROM releases r JOIN events e ON e.id = r.event_id \
                   WHERE e.log_index < $1"
        .to_owned();
    let mut values = vec![below.value()];
    if let Some(project) = project {
        values.push(project.value());
        sql.push_str(" AND r.project_id = $2");
    }
    sql.push_str(" ORDER BY e.log_index");
    let rows = values.into_iter().fold(conn.query_built(sql), Query::bind).fetch_all().await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("event_id")?, row.get("log_index")?))).collect()
}

impl Store {
    /// Rows of the log between two indices, in the order of the log: of one project, or of everything.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn logged(
        &self,
        project: Option<ProjectId>,
        (from, below): (u64, u64),
        limit: u32,
    ) -> Result<Vec<Logged>, StoreError> {
        let mut sql = format!("{LOGGED} WHERE e.log_index >= $1 AND e.log_index < $2");
        let mut values = vec![from.value(), below.value(), limit.value()];
        if let Some(project) = project {
            values.push(project.value());
            sql.push_str(" AND e.project_id = $4");
        }
        sql.push_str(" ORDER BY e.log_index LIMIT $3");
        self.opened(sql, values).await
    }

    /// The events by which those who act in a project, or anybody, got their printed names, in the order of the log:
    /// those whose details can be opened.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn namings(&self, project: Option<ProjectId>) -> Result<Vec<Logged>, StoreError> {
        let mut sql = format!(
            "{LOGGED} WHERE e.object_kind = 'user' AND e.action IN ('user.made', 'user.renamed') \
             AND e.log_index IS NOT NULL"
        );
        let mut values = Vec::new();
        if let Some(project) = project {
            values.push(project.value());
            sql.push_str(" AND e.object_id IN (SELECT actor_user FROM events WHERE project_id = $1)");
        }
        sql.push_str(" ORDER BY e.log_index");
        let found = self.opened(sql, values).await?;
        Ok(found.into_iter().filter(|logged| logged.opening.is_some()).collect())
    }

    async fn opened(&self, sql: String, values: Vec<crate::Value>) -> Result<Vec<Logged>, StoreError> {
        let mut conn = self.read().await?;
        let rows = values.into_iter().fold(conn.query_built(sql), Query::bind).scanning().fetch_all().await?;
        rows.iter().map(|row| self.with_opening(row)).collect()
    }

    fn with_opening(&self, row: &crate::Row) -> Result<Logged, StoreError> {
        let event = Event::from_row(row)?;
        let salt: Option<Vec<u8>> = row.get("salt")?;
        let salt = salt.and_then(|salt| <[u8; SALT_BYTES]>::try_from(salt).ok());
        let is_openable = Entry::decode(&event.entry).is_ok_and(|entry| entry.openable().is_some());
        let key = || opening_key(self.keys().commitment(), event.id.uuid().as_bytes());
        let opening = salt.filter(|_| is_openable).map(|salt| Opening::new(key(), &salt));
        Ok(Logged { event, opening })
    }

    /// The newest checkpoint with the indices of a project's entries, read from the log itself and not from the rows.
    /// Its tiles check these entries and those at the indices of `also`.
    ///
    /// # Errors
    /// [`StoreError::Log`] when the log cannot be read.
    pub async fn log_part(&self, project: Option<ProjectId>, also: Vec<u64>) -> Result<LogPart, StoreError> {
        self.sequence().await?;
        let folder = Arc::clone(&self.shared.sequencer.folder);
        blocking(move || {
            let lock = folder.lock()?;
            let (checkpoint, signed) = folder.signed_checkpoint()?;
            let size = signed.checkpoint.size;
            // Only the unfinished files can be replaced once the lock is gone.
            let last = size / u64::from(TILE_WIDTH);
            let unfinished = match tile_width(0, last, size) {
                0 => Vec::new(),
                width => needed(&folder, &entries_path(last, width))?,
            };
            let mut edges = Vec::new();
            for tile in tiles_for([], size) {
                let path = tile_file(tile, size);
                let bytes = needed(&folder, &path)?;
                edges.push((path, bytes));
            }
            drop(lock);
            let indices = indices(&folder, size, &unfinished, project)?;
            let all = tiles_for(indices.iter().copied().chain(also), size);
            let tiles = all.into_iter().map(|tile| tile_file(tile, size));
            let tiles = tiles.filter(|path| !edges.iter().any(|(edge, _)| edge == path)).collect();
            Ok(LogPart { checkpoint, signed, indices, edges, tiles })
        })
        .await
    }

    /// Proofs that these entries are in the log at the checkpoint of a part, in their order.
    ///
    /// # Errors
    /// [`StoreError::Log`].
    pub async fn proofs(&self, part: &LogPart, indices: Vec<u64>) -> Result<Vec<String>, StoreError> {
        let folder = Arc::clone(&self.shared.sequencer.folder);
        let (file, signed) = (part.checkpoint.clone(), part.signed.clone());
        blocking(move || {
            let lock = folder.lock()?;
            let stored = folder.checkpoint()?.size;
            let made = indices.into_iter().map(|index| {
                let entry = entry_at(&folder, index, stored)?;
                let proof = TlogProof::make_at(index, &entry, &signed, &file, (&*folder, stored));
                Ok(proof.map_err(|error| fault(&error.to_string()))?.to_text())
            });
            let made = made.collect();
            drop(lock);
            made
        })
        .await
    }

    /// The proofs that the checkpoint of a part continues older ones, in their order.
    ///
    /// # Errors
    /// [`StoreError::Log`].
    pub async fn continuations(
        &self,
        part: &LogPart,
        older: &[KeptCheckpoint],
    ) -> Result<Vec<String>, StoreError> {
        let folder = Arc::clone(&self.shared.sequencer.folder);
        let (file, signed) = (part.checkpoint.clone(), part.signed.clone());
        let sizes: Vec<u64> = older.iter().map(|kept| kept.size).collect();
        blocking(move || {
            let lock = folder.lock()?;
            let stored = folder.checkpoint()?.size;
            let made = sizes.into_iter().map(|old| {
                let proof = AddCheckpoint::make(old, &signed, &file, (&*folder, stored));
                Ok(proof.map_err(|error| fault(&error.to_string()))?.to_text())
            });
            let made = made.collect();
            drop(lock);
            made
        })
        .await
    }

    /// The signature line over the list of files of a copy.
    pub fn sign_copy(&self, manifest: &str) -> String {
        self.shared.sequencer.folder.signer().signature_line(&format!("{MANIFEST_START}{manifest}"))
    }
}

fn needed(folder: &LogFolder, path: &str) -> Result<Vec<u8>, StoreError> {
    folder.file(path)?.ok_or_else(|| fault(&format!("{path} is missing")))
}

/// Indices of the entries that name the project.
fn indices(
    folder: &LogFolder,
    size: u64,
    unfinished: &[u8],
    project: Option<ProjectId>,
) -> Result<Vec<u64>, StoreError> {
    let Some(project) = project else { return Ok((0..size).collect()) };
    // Entries have one spelling, and no field before this one can hold a quotation mark.
    let mark = format!("\"project\":\"{project}\"");
    let mut found = Vec::new();
    let mut take = |first: u64, bundle: &[u8]| -> Result<(), StoreError> {
        let mut rest = bundle;
        for index in first..size.min(first + u64::from(TILE_WIDTH)) {
            let entry =
                next_entry(&mut rest).ok_or_else(|| fault(&format!("entry {index} cannot be read")))?;
            if std::str::from_utf8(entry).is_ok_and(|entry| entry.contains(&mark)) {
                found.push(index);
            }
        }
        Ok(())
    };
    let full = size / u64::from(TILE_WIDTH);
    for bundle in 0..full {
        take(bundle * u64::from(TILE_WIDTH), &needed(folder, &entries_path(bundle, TILE_WIDTH))?)?;
    }
    if !unfinished.is_empty() {
        take(full * u64::from(TILE_WIDTH), unfinished)?;
    }
    Ok(found)
}

/// One entry, word for word. The caller holds the lock.
fn entry_at(folder: &LogFolder, index: u64, size: u64) -> Result<Vec<u8>, StoreError> {
    let bundle = index / u64::from(TILE_WIDTH);
    let bytes = needed(folder, &entries_path(bundle, tile_width(0, bundle, size)))?;
    let mut rest = bytes.as_slice();
    let skipped = usize::try_from(index % u64::from(TILE_WIDTH)).unwrap_or(0);
    for _ in 0..skipped {
        next_entry(&mut rest);
    }
    next_entry(&mut rest).map(<[u8]>::to_vec).ok_or_else(|| fault(&format!("entry {index} cannot be read")))
}
