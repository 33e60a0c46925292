//! Who saw what, as the log has it, held against the table that reports are read from: both ways.

use std::collections::HashSet;

use countersign_ledger::{EXPOSURES, Entry, LogFault, LogFaultKind};
use countersign_model::{AssetId, Instant, ItemId, ProjectId, UserId};
use serde_json::Value;
use uuid::Uuid;

use crate::{Store, StoreError, sequencer::Sequenced, value::row, verify::Details};

/// What entries of looks are called.
pub(crate) const SHOWN: &str = "asset.shown";

row! {
    /// An entry of a look with the row of `exposures` that names it, where there is one.
    Look {
        /// Index in the log.
        log_index: u64,
        /// Id of the row; absent where no row names the entry.
        id: Option<Uuid>,
        /// Who.
        user_id: Option<UserId>,
        /// Session or token.
        look_session: Option<Uuid>,
        /// What.
        asset_id: Option<AssetId>,
        /// Of which item.
        look_item: Option<ItemId>,
        /// Of which project.
        look_project: Option<ProjectId>,
        /// Where it lay.
        zone: Option<String>,
        /// What for.
        purpose: Option<String>,
        /// When.
        look_at: Option<Instant>,
    }
}

/// What is in the rows of the looks of one page of entries.
#[derive(Default)]
pub(crate) struct Looks {
    rows: Vec<Look>,
    /// Items that were erased, of those on the page.
    erased: HashSet<ItemId>,
}

impl Store {
    /// The looks that a page of entries says there were.
    pub(crate) async fn looks_of(
        &self,
        page: &[Sequenced],
        details: &[Details],
    ) -> Result<Looks, StoreError> {
        let mut shown = page.iter().filter(|row| row.action == SHOWN);
        let (Some(first), Some(end)) = (shown.clone().next(), page.last()) else {
            return Ok(Looks::default());
        };
        let (first, last) = (first.log_index, end.log_index);
        let sql = "SELECT e.log_index, x.id, x.user_id, x.session_id AS look_session, x.asset_id, \
                   x.item_id AS look_item, x.project_id AS look_project, x.zone, x.purpose, x.at AS look_at \
                   FROM events e LEFT JOIN exposures x ON x.event_id = e.id \
                   WHERE e.log_index >= $1 AND e.log_index <= $2 AND e.action = 'asset.shown' \
                   ORDER BY e.log_index, x.id LIMIT $3";
        // An entry has one row; where some has more, the first such entry is what is told.
        let limit = 2 * page.len();
        let mut conn = self.read().await?;
        let rows = conn.query(sql).bind(first).bind(last).bind(limit).scanning().all().await?;
        let mut erased = HashSet::new();
        if shown.any(|row| details_of(details, row.log_index).is_none()) {
            let sql = "SELECT DISTINCT item_id FROM events WHERE action = 'item.erased' AND item_id IN \
                       (SELECT item_id FROM events WHERE log_index >= $1 AND log_index <= $2 AND action = 'asset.shown')";
            let found = conn.query(sql).bind(first).bind(last).scanning().fetch_all().await?;
            erased = found.iter().map(|row| row.get("item_id")).collect::<Result<_, _>>()?;
        }
        Ok(Looks { rows, erased })
    }

    /// That no row of `exposures` stands there without an entry of its own.
    ///
    /// # Errors
    /// [`StoreError::LogFault`] naming the row.
    pub(crate) async fn no_look_of_nothing(&self) -> Result<(), StoreError> {
        // One statement and one row of answer, however many there are.
        let sql = "SELECT x.id, x.event_id FROM exposures x LEFT JOIN events e ON e.id = x.event_id \
                   WHERE e.id IS NULL OR e.action <> 'asset.shown' LIMIT 1";
        let found = self.read().await?.query(sql).scanning().fetch_optional().await?;
        let Some(row) = found else { return Ok(()) };
        let (id, event): (Uuid, Uuid) = (row.get("id")?, row.get("event_id")?);
        let detail = format!("no entry of a look has the id {event}, which the row names");
        let fault = LogFault::without_index(LogFaultKind::Extra, &format!("{EXPOSURES}, row {id}"));
        Err(fault.because(detail).into())
    }
}

fn details_of(details: &[Details], index: u64) -> Option<&Details> {
    details.binary_search_by_key(&index, |details| details.log_index).ok().and_then(|at| details.get(at))
}

impl Looks {
    /// Whether the row of a look says what its entry says.
    pub(crate) fn agree(&self, row: &Sequenced, details: &[Details]) -> Result<(), StoreError> {
        let index = row.log_index;
        let fault = |kind, detail: String| -> Result<(), StoreError> {
            Err(LogFault::new(kind, index, EXPOSURES).because(detail).into())
        };
        let from = self.rows.partition_point(|look| look.log_index < index);
        let to = self.rows.partition_point(|look| look.log_index <= index);
        let (look, id) = match self.rows.get(from..to).unwrap_or_default() {
            [_, Look { id: Some(id), .. }, ..] => {
                let detail = format!("row {id} names an entry that another row names");
                return fault(LogFaultKind::Extra, detail);
            }
            [look @ Look { id: Some(id), .. }] => (look, id),
            _ => return fault(LogFaultKind::Missing, "no row says who saw it".to_owned()),
        };
        let said = match details_of(details, index) {
            Some(found) => serde_json::from_str(&found.details).unwrap_or(Value::Null),
            // Entries of before have none. Those of today lose theirs with the item, and with nothing else.
            None if Entry::decode(&row.entry).is_ok_and(|entry| entry.commit.is_none()) => Value::Null,
            None if row.item_id.is_some_and(|item| self.erased.contains(&item)) => Value::Null,
            None => {
                let detail = "the details are gone, and no erasure says why".to_owned();
                return fault(LogFaultKind::Missing, detail);
            }
        };
        match look.disagreement(row, &said) {
            Some(column) => {
                let detail = format!("column {column} of row {id} does not say what the entry says");
                fault(LogFaultKind::Flipped, detail)
            }
            None => Ok(()),
        }
    }
}

impl Look {
    /// The first column that says something else than the entry, or than what its commitment binds.
    fn disagreement(&self, row: &Sequenced, said: &Value) -> Option<&'static str> {
        let is_said =
            |field: &str, held: Option<&str>| said[field].as_str().is_none_or(|text| Some(text) == held);
        let session = self.look_session.map(|session| session.to_string());
        let columns = [
            ("user_id", self.user_id == row.actor_user),
            ("asset_id", self.asset_id.map(|id| id.0) == row.object_id),
            ("item_id", self.look_item == row.item_id),
            ("project_id", self.look_project == row.project_id),
            ("purpose", self.purpose == row.reason),
            ("at", self.look_at == Some(row.at)),
            // Of entries of before, the event's column alone says in which session it was.
            ("session_id", row.session_id.is_none_or(|session| self.look_session == Some(session.0))),
            ("session_id", is_said("session", session.as_deref())),
            ("zone", is_said("zone", self.zone.as_deref())),
        ];
        columns.iter().find(|(_, agrees)| !agrees).map(|(column, _)| *column)
    }
}
