//! Events as people and auditors list them.

use countersign_model::{EventId, Instant, ItemId, ProjectId, SessionId, UserId};
use uuid::Uuid;

use crate::{Bind, Conn, Query, StoreError, value::row};

row! {
    /// An event with its private details.
    Event {
        /// Order in which events were written; the cursor of lists.
        ord: i64,
        /// Id.
        id: EventId,
        /// When.
        at: Instant,
        /// Account, for persons and their tokens.
        actor_user: Option<UserId>,
        /// `person`, `token`, `console`, `model` or `system`.
        actor_kind: String,
        /// What was done.
        action: String,
        /// Kind of the object.
        object_kind: String,
        /// The object.
        object_id: Option<Uuid>,
        /// Project.
        project_id: Option<ProjectId>,
        /// Item.
        item_id: Option<ItemId>,
        /// Session.
        session_id: Option<SessionId>,
        /// `ok`, `refused` …
        outcome: String,
        /// Reason code.
        reason: Option<String>,
        /// The exact bytes that the log holds.
        entry: Vec<u8>,
        /// Index in the log; absent until it was sequenced.
        log_index: Option<u64>,
        /// Private details, JSON; absent when there were none or they were erased.
        details: Option<String>,
    }
}

/// Which events to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of this project.
    pub project: Option<ProjectId>,
    /// Of this item.
    pub item: Option<ItemId>,
    /// The `ord` of the last event of the page before.
    pub before: Option<i64>,
}

/// Events, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(conn: &mut Conn, filter: EventFilter, limit: u32) -> Result<Vec<Event>, StoreError> {
    let mut sql = "SELECT e.*, d.details FROM events e LEFT JOIN event_details d ON d.event_id = e.id \
                   WHERE e.ord < $1"
        .to_owned();
    let mut values = vec![filter.before.unwrap_or(i64::MAX).value()];
    if let Some(project) = filter.project {
        values.push(project.value());
        sql.push_str(&format!(" AND e.project_id = ${}", values.len()));
    }
    if let Some(item) = filter.item {
        values.push(item.value());
        sql.push_str(&format!(" AND e.item_id = ${}", values.len()));
    }
    values.push(limit.value());
    sql.push_str(&format!(" ORDER BY e.ord DESC LIMIT ${}", values.len()));
    values.into_iter().fold(conn.query_built(sql), Query::bind).scanning().all().await
}

/// An event by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: EventId) -> Result<Option<Event>, StoreError> {
    let sql =
        "SELECT e.*, d.details FROM events e LEFT JOIN event_details d ON d.event_id = e.id WHERE e.id = $1";
    conn.query(sql).bind(id).optional().await
}

/// When a person first did this to an item, or something on it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn first_at(
    conn: &mut Conn,
    item: ItemId,
    action: &str,
    actor: UserId,
) -> Result<Option<Instant>, StoreError> {
    let sql = "SELECT MIN(at) AS at FROM events WHERE item_id = $1 AND action = $2 AND actor_user = $3";
    conn.query(sql).bind(item).bind(action).bind(actor).fetch_one().await?.get("at")
}

/// When this was last done to an object of an item.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn last_at(
    conn: &mut Conn,
    item: ItemId,
    action: &str,
    object: Uuid,
) -> Result<Option<Instant>, StoreError> {
    let sql = "SELECT MAX(at) AS at FROM events WHERE item_id = $1 AND action = $2 AND object_id = $3";
    conn.query(sql).bind(item).bind(action).bind(object).fetch_one().await?.get("at")
}

/// The last event with this action on an object.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn last_of(conn: &mut Conn, action: &str, object: Uuid) -> Result<Option<Event>, StoreError> {
    let sql = "SELECT e.*, d.details FROM events e LEFT JOIN event_details d ON d.event_id = e.id \
               WHERE e.object_id = $1 AND e.action = $2 ORDER BY e.ord DESC LIMIT 1";
    conn.query(sql).bind(object).bind(action).optional().await
}

/// Acts that are signed, beside signatures of items, which are rows of their own. Word for word as in the index
/// `events_signed`, or it is not used.
macro_rules! signed_acts {
    () => {
        "('protocol.signed', 'protocol.activated', 'protocol.planned', 'protocol.changed', 'guideline.published', 'ontology.changed', 'project.declared_public', 'release.started', 'release.countersigned', 'erasure.approved', 'erasure.refused', 'reidentification.approved', 'reidentification.refused')"
    };
}

/// The last signed act on an object, with this action.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn last_signed(conn: &mut Conn, action: &str, object: Uuid) -> Result<Option<Event>, StoreError> {
    let sql = concat!(
        "SELECT e.*, d.details FROM events e LEFT JOIN event_details d ON d.event_id = e.id \
         WHERE e.object_id = $1 AND e.action = $2 AND e.outcome = 'ok' AND e.action IN ",
        signed_acts!(),
        " ORDER BY e.ord DESC LIMIT 1"
    );
    conn.query(sql).bind(object).bind(action).optional().await
}

/// Sequenced events after a log index, in the order of the log: what a live listener missed.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn after(conn: &mut Conn, log_index: Option<u64>, limit: u32) -> Result<Vec<Event>, StoreError> {
    let after = log_index.map_or(-1, |index| i64::try_from(index).unwrap_or(i64::MAX));
    let sql = "SELECT e.*, d.details FROM events e LEFT JOIN event_details d ON d.event_id = e.id \
               WHERE e.log_index > $1 ORDER BY e.log_index LIMIT $2";
    conn.query(sql).bind(after).bind(limit).scanning().all().await
}
