//! The store's own check: the log in itself, and row by row against the database.

use std::sync::Arc;

use countersign_ledger::{Entry, LogReport, commitment, compare_rows, opening_key, verify_log};
use tokio::sync::mpsc;

use crate::{
    Store, StoreError,
    keys::Key,
    log::fault,
    sequencer::{Sequenced, blocking},
    value::row,
};

/// Rows fetched at once.
const PAGE_ROWS: u32 = 2_000;
/// Rows that wait between the database and the comparison.
const WAITING_ROWS_MAX: usize = 4_000;

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

impl Store {
    /// Checks the whole log (signature, tiles, entries) and compares it with the rows: each index has its row, the
    /// row holds the same bytes, the row's columns say what the bytes say, and details that are still there match
    /// their commitment.
    ///
    /// # Errors
    /// [`StoreError::LogFault`] naming the first bad index; [`StoreError::Log`] when a column or details disagree.
    pub async fn verify(&self) -> Result<LogReport, StoreError> {
        let folder = Arc::clone(&self.shared.sequencer.folder);
        let checked = Arc::clone(&folder);
        let report = blocking(move || Ok(verify_log(&*checked, checked.key())?)).await?;
        let size = report.size;
        let (sender, mut rows) = mpsc::channel::<Result<(u64, Vec<u8>), StoreError>>(WAITING_ROWS_MAX);
        let comparing = blocking(move || {
            compare_rows(&*folder, size, std::iter::from_fn(|| rows.blocking_recv()))??;
            Ok(())
        });
        let feeding = async {
            let outcome = self.feed(size, &sender).await;
            drop(sender);
            outcome
        };
        let (compared, fed) = tokio::join!(comparing, feeding);
        // A column that disagrees is the more exact finding where the bytes agree.
        compared?;
        fed?;
        Ok(report)
    }

    /// Sends the rows below `size` in the order of their index, checking each against its own columns.
    async fn feed(
        &self,
        size: u64,
        sender: &mpsc::Sender<Result<(u64, Vec<u8>), StoreError>>,
    ) -> Result<(), StoreError> {
        let key = *self.keys().commitment();
        let (mut next, mut disagreement) = (0, Ok(()));
        loop {
            let page = self.sequenced_from(next, PAGE_ROWS).await?;
            let Some(last) = page.last().map(|row| row.log_index) else { return disagreement };
            let details = self.details(next, last).await?;
            for row in page.into_iter().filter(|row| row.log_index < size) {
                if disagreement.is_ok() {
                    disagreement = agrees(&row, &details, &key);
                }
                if sender.send(Ok((row.log_index, row.entry))).await.is_err() {
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
    let object = text(row.object_id).unwrap_or_else(|| "-".to_owned());
    let columns = [
        ("at", entry.at_us == row.at.0),
        ("actor_user", entry.actor == actor),
        ("action", entry.action == row.action),
        ("object_kind", entry.object_kind == row.object_kind),
        ("object_id", entry.object_id == object),
        ("project_id", entry.project == text(row.project_id.map(|id| id.0))),
        ("item_id", entry.item == text(row.item_id.map(|id| id.0))),
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
