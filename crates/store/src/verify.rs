//! The store's own check: the log in itself, and row by row against the database, in one walk.

use std::sync::Arc;

use countersign_ledger::{
    CosignerKey, Entry, Known, LogReport, SignedCheckpoint, VerifierKey, commitment, compare_rows,
    opening_key, verify_log_with,
};
use tokio::sync::mpsc;

use crate::{
    Store, StoreError,
    keys::Key,
    log::fault,
    looks::SHOWN,
    sequencer::{Sequenced, blocking},
    value::row,
};

/// Rows fetched at once.
const PAGE_ROWS: u32 = 2_000;
/// Rows that wait between the database and the comparison.
const WAITING_ROWS_MAX: usize = 4_000;

/// Rows on their way to the comparison: index and bytes.
type Fed = (u64, Vec<u8>);

row! {
    /// Salt and details of an event, for checking its commitment.
    Details {
        /// Index in the log.
        log_index: u64,
        /// Salt of the commitment.
        salt: Vec<u8>,
        /// Details, JSON.
        details: String,
    }
}

/// What somebody knows of the log before they check it, and holds on to while it is checked.
#[derive(Clone, Debug, Default)]
pub struct Trusted {
    /// The key that signs it; without one, the installation's own.
    pub key: Option<VerifierKey>,
    /// Keys of witnesses.
    pub witnesses: Vec<CosignerKey>,
    /// Checkpoints that it must continue, their signatures verified.
    pub kept: Vec<SignedCheckpoint>,
}

impl Store {
    /// [`Store::verify_as`] for whoever knows nothing else.
    ///
    /// # Errors
    /// As [`Store::verify_as`].
    pub async fn verify(&self) -> Result<LogReport, StoreError> {
        self.verify_as(Trusted::default()).await
    }

    /// Checks the whole log (signature, tiles, entries) and compares it with the rows: each index has its row, the
    /// row holds the same bytes, the row's columns say what the bytes say, and details that are still there match
    /// their commitment. Each look has its row in `exposures`, which says what the entry says, and each row there its entry.
    /// One walk over log and rows; memory: a page of rows.
    ///
    /// # Errors
    /// [`StoreError::LogFault`] naming the first bad index; [`StoreError::Log`] when a column or details disagree.
    pub async fn verify_as(&self, trusted: Trusted) -> Result<LogReport, StoreError> {
        let folder = Arc::clone(&self.shared.sequencer.folder);
        let (sender, mut rows) = mpsc::channel::<Fed>(WAITING_ROWS_MAX);
        let walking = blocking(move || {
            let key = trusted.key.as_ref().unwrap_or(folder.key());
            let known = Known { key, witnesses: &trusted.witnesses, kept: &trusted.kept };
            let mut differs = false;
            let report = verify_log_with(&*folder, known, &mut |index, entry| {
                let is_same = |row: Fed| row.0 == index && row.1 == entry;
                differs = differs || !rows.blocking_recv().is_some_and(is_same);
            })?;
            Ok((report, differs))
        });
        let (walked, fed) = tokio::join!(walking, self.feed(u64::MAX, sender));
        let (report, differs) = walked?;
        if differs {
            self.name_the_difference(report.size).await?;
        } else {
            fed?;
        }
        self.no_look_of_nothing().await?;
        Ok(report)
    }

    /// Goes through a log that was verified once more, for what became of the first row that does not fit. There is none where
    /// rows only came while the walk was under way.
    async fn name_the_difference(&self, size: u64) -> Result<(), StoreError> {
        let folder = Arc::clone(&self.shared.sequencer.folder);
        let (sender, mut rows) = mpsc::channel::<Fed>(WAITING_ROWS_MAX);
        let comparing = blocking(move || {
            let rows = std::iter::from_fn(|| rows.blocking_recv().map(Ok::<_, StoreError>));
            compare_rows(&*folder, size, rows)??;
            Ok(())
        });
        let (compared, fed) = tokio::join!(comparing, self.feed(size, sender));
        // A column that disagrees is the more exact finding where the bytes agree.
        compared?;
        fed
    }

    /// Sends the rows below `size` in the order of their index, checking each against its own columns. Ends early where nobody
    /// takes them any more.
    async fn feed(&self, size: u64, sender: mpsc::Sender<Fed>) -> Result<(), StoreError> {
        let key = *self.keys().commitment();
        let (mut next, mut disagreement) = (0, Ok(()));
        loop {
            let page = self.sequenced_from(next, PAGE_ROWS).await?;
            let Some(last) = page.last().map(|row| row.log_index) else { return disagreement };
            let details = self.details(next, last).await?;
            let looks = self.looks_of(&page, &details).await?;
            for row in page.into_iter().filter(|row| row.log_index < size) {
                if disagreement.is_ok() {
                    disagreement = agrees(&row, &details, &key);
                }
                if disagreement.is_ok() && row.action == SHOWN {
                    disagreement = looks.agree(&row, &details);
                }
                if sender.send((row.log_index, row.entry)).await.is_err() {
                    return disagreement;
                }
            }
            if last.saturating_add(1) >= size {
                return disagreement;
            }
            next = last.saturating_add(1);
        }
    }

    async fn details(&self, first: u64, last: u64) -> Result<Vec<Details>, StoreError> {
        let sql = "SELECT e.log_index, d.salt, d.details FROM events e JOIN event_details d ON d.event_id = e.id \
                   WHERE e.log_index >= $1 AND e.log_index <= $2 ORDER BY e.log_index";
        self.read().await?.query(sql).bind(first).bind(last).scanning().all().await
    }
}

/// Whether the columns that lists show say what the signed bytes say.
fn agrees(row: &Sequenced, details: &[Details], key: &Key) -> Result<(), StoreError> {
    let index = row.log_index;
    // Bytes that do not parse differ from the log's, which the comparison names.
    let Ok(entry) = Entry::decode(&row.entry) else { return Ok(()) };
    let text = |id: Option<uuid::Uuid>| id.map(|id| id.to_string());
    let actor = row.actor_user.map_or_else(|| row.actor_kind.clone(), |user| user.to_string());
    // Entries of before name no session, and those of anybody but a person have none.
    let is_in_session = match entry.session {
        Some(_) => entry.session == text(row.session_id.map(|id| id.0)),
        None => row.session_id.is_none() || row.actor_kind == "person",
    };
    let object = text(row.object_id).unwrap_or_else(|| "-".to_owned());
    let columns = [
        ("at", entry.at_us == row.at.0),
        ("actor_user", entry.actor == actor),
        ("action", entry.action == row.action),
        ("object_kind", entry.object_kind == row.object_kind),
        ("object_id", entry.object_id == object),
        ("project_id", entry.project == text(row.project_id.map(|id| id.0))),
        ("item_id", entry.item == text(row.item_id.map(|id| id.0))),
        ("session_id", is_in_session),
        ("outcome", entry.outcome == row.outcome),
        ("reason", entry.reason == row.reason),
    ];
    if let Some((column, _)) = columns.iter().find(|(_, agrees)| !agrees) {
        return Err(fault(&format!("index {index}: column {column} does not say what the entry says")));
    }
    let Ok(found) = details.binary_search_by_key(&index, |details| details.log_index) else { return Ok(()) };
    let found = &details[found];
    let own = entry.openable().map(|_| opening_key(key, row.id.uuid().as_bytes()));
    let expected = <[u8; 16]>::try_from(found.salt.as_slice())
        .map(|salt| commitment(own.as_ref().unwrap_or(key), &salt, found.details.as_bytes()))
        .ok();
    if entry.commit.map(|hash| hash.0) == expected {
        Ok(())
    } else {
        Err(fault(&format!("index {index}: the details do not match their commitment")))
    }
}
