//! The privacy officer's queue.

use countersign_model::{GateEntryId, Instant, ItemId, ProjectId, UserId};

use crate::{
    Conn, Json, StoreError, Tx,
    value::{record, row},
};

/// Beyond every risk: where a list begins.
const RISK_TOP: u32 = 1_000;

record! {
    /// An item that de-identification could not vouch for.
    GateEntry in "gate_entries" {
        /// Id.
        id: GateEntryId,
        /// Project.
        project_id: ProjectId,
        /// Item.
        item_id: ItemId,
        /// `open`, `cleared`, `waived`, `rejected` or `replaced`.
        state: String,
        /// Codes of what could not be ruled out.
        reasons: Json<Vec<String>>,
        /// The de-identification report.
        report: Json<serde_json::Value>,
        /// Opened.
        opened_at: Instant,
        /// Decided.
        decided_at: Option<Instant>,
        /// By whom.
        decided_by: Option<UserId>,
        /// Why.
        reason: Option<String>,
        /// Risk, 0 to 100.
        risk: u32,
        /// Counts changes of its masks and waiver, from 0.
        revision: u64,
        /// Protocol version whose de-identification was applied.
        protocol_version: u32,
        /// Who opened a waiver that a second person has to confirm.
        waiver_by: Option<UserId>,
        /// When.
        waiver_at: Option<Instant>,
        /// Why.
        waiver_reason: Option<String>,
    }
}

record! {
    /// A reason of an entry, for lists that are filtered by it.
    GateReason in "gate_reasons" {
        /// Entry.
        entry_id: GateEntryId,
        /// Code.
        code: String,
    }
}

row! {
    /// How often a reason occurs among open entries.
    ReasonCount {
        /// Code.
        code: String,
        /// Entries.
        entries: u64,
    }
}

/// Which entries to list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GateFilter {
    /// State; `open` if empty.
    pub state: String,
    /// Only those with this reason.
    pub reason: Option<String>,
    /// Only those whose waiver waits for a second person.
    pub waiver: bool,
}

/// Place in the queue: risk and id of an entry.
pub type GatePlace = (u32, GateEntryId);

/// Opens an entry.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, entry: GateEntry) -> Result<(), StoreError> {
    let mut codes = entry.reasons.0.clone();
    codes.sort_unstable();
    codes.dedup();
    let id = entry.id;
    tx.insert(entry).await?;
    tx.insert_all(codes.into_iter().map(|code| GateReason { entry_id: id, code })).await.map(drop)
}

/// An entry by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: GateEntryId) -> Result<Option<GateEntry>, StoreError> {
    conn.query("SELECT * FROM gate_entries WHERE id = $1").bind(id).optional().await
}

/// Entries of an item, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Vec<GateEntry>, StoreError> {
    conn.query("SELECT * FROM gate_entries WHERE item_id = $1 ORDER BY id").bind(item).all().await
}

/// Entries of a project, the greatest risk first, then the oldest, after the last of the page before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(
    conn: &mut Conn,
    project: ProjectId,
    filter: &GateFilter,
    after: Option<GatePlace>,
    limit: u32,
) -> Result<Vec<GateEntry>, StoreError> {
    let (risk, id) = after.unwrap_or((RISK_TOP, GateEntryId(uuid::Uuid::nil())));
    let state = if filter.state.is_empty() { "open" } else { &filter.state };
    let reason = filter.reason.as_deref().unwrap_or_default();
    let sql = "SELECT e.* FROM gate_entries e WHERE e.project_id = $1 AND e.state = $2 \
               AND (e.risk < $3 OR e.risk = $3 AND e.id > $4) \
               AND ($5 = '' OR EXISTS (SELECT 1 FROM gate_reasons r WHERE r.entry_id = e.id AND r.code = $5)) \
               AND ($6 = 0 OR e.waiver_by IS NOT NULL) ORDER BY e.risk DESC, e.id LIMIT $7";
    let query = conn.query(sql).bind(project).bind(state).bind(risk).bind(id).bind(reason);
    query.bind(u32::from(filter.waiver)).bind(limit).all().await
}

/// How many entries of a project are open.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_open(conn: &mut Conn, project: ProjectId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM gate_entries WHERE project_id = $1 AND state = 'open'";
    conn.query(sql).bind(project).scanning().fetch_one().await?.get("n")
}

/// How many open entries of a project wait for a second person.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_waivers(conn: &mut Conn, project: ProjectId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM gate_entries WHERE project_id = $1 AND state = 'open' \
               AND waiver_by IS NOT NULL";
    conn.query(sql).bind(project).fetch_one().await?.get("n")
}

/// How often each reason occurs among the open entries of a project, the most frequent first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_reasons(conn: &mut Conn, project: ProjectId) -> Result<Vec<ReasonCount>, StoreError> {
    let sql = "SELECT r.code, COUNT(*) AS entries FROM gate_reasons r JOIN gate_entries e ON e.id = r.entry_id \
               WHERE e.project_id = $1 AND e.state = 'open' GROUP BY r.code ORDER BY COUNT(*) DESC, r.code";
    conn.query(sql).bind(project).all().await
}

/// Decides an open entry; `false` when it was decided before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn decide(
    tx: &mut Tx,
    id: GateEntryId,
    state: &str,
    by: Option<UserId>,
    reason: &str,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE gate_entries SET state = $1, decided_at = $2, decided_by = $3, reason = $4 \
               WHERE id = $5 AND state = 'open'";
    Ok(tx.query(sql).bind(state).bind(now).bind(by).bind(reason).bind(id).execute().await? > 0)
}

/// Moves an open entry on by one revision, which takes back a waiver that waits; the new revision, or `None` when the
/// entry is not open or not at `revision` any more. The entry stays locked until the write ends.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn advance(tx: &mut Tx, id: GateEntryId, revision: u64) -> Result<Option<u64>, StoreError> {
    let sql = "UPDATE gate_entries SET revision = revision + 1, waiver_by = NULL, waiver_at = NULL, \
               waiver_reason = NULL WHERE id = $1 AND state = 'open' AND revision = $2";
    Ok((tx.query(sql).bind(id).bind(revision).execute().await? > 0).then_some(revision + 1))
}

/// Replaces the report of an entry, after its copies were made anew.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_report(
    tx: &mut Tx,
    id: GateEntryId,
    report: serde_json::Value,
    risk: u32,
) -> Result<(), StoreError> {
    let sql = "UPDATE gate_entries SET report = $1, risk = $2 WHERE id = $3";
    tx.query(sql).bind(Json(report)).bind(risk).bind(id).execute().await.map(drop)
}

/// Opens a waiver that a second person has to confirm.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn open_waiver(tx: &mut Tx, id: GateEntryId, by: UserId, reason: &str) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE gate_entries SET waiver_by = $1, waiver_at = $2, waiver_reason = $3 \
               WHERE id = $4 AND state = 'open'";
    tx.query(sql).bind(by).bind(now).bind(reason).bind(id).execute().await.map(drop)
}
