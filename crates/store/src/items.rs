//! Items: the units of annotation.

use countersign_model::{Facts, HoldId, IngestId, Instant, ItemId, ItemKind, ProjectId, ReadId, Stream};

use crate::{Bind, Conn, Json, StoreError, Tx, Value, value::record};

record! {
    /// An item. `workflow` is the state machine's state; the columns beside it repeat what lists filter by.
    Item in "items" {
        /// Id.
        id: ItemId,
        /// Project.
        project_id: ProjectId,
        /// Run that brought it in.
        ingest_id: Option<IngestId>,
        /// What it is.
        kind: ItemKind,
        /// Neutral name made by the product.
        name: String,
        /// Keyed hash of what groups files into the item; unique within the project.
        group_key: String,
        /// Phase word of the state machine.
        state: String,
        /// Stage of the protocol, from 0.
        stage: Option<u32>,
        /// Whether a hold is open.
        held: bool,
        /// State of the state machine, JSON.
        workflow: String,
        /// Streams with their frames.
        streams: Json<Vec<Stream>>,
        /// Typed facts.
        facts: Json<Facts>,
        /// Repeats `facts.modality`.
        modality: Option<String>,
        /// Repeats `facts.ctdi_vol_mgy`, milligray.
        ctdi_vol_mgy: Option<f64>,
        /// Repeats `facts.dlp_mgy_cm`, milligray centimetres.
        dlp_mgy_cm: Option<f64>,
        /// Repeats `facts.slice_thickness_mm`, millimetres.
        slice_thickness_mm: Option<f64>,
        /// Repeats `facts.lot`.
        lot: Option<String>,
        /// Larger comes first.
        priority: i64,
        /// The read that was accepted.
        accepted_read_id: Option<ReadId>,
        /// Made.
        created_at: Instant,
        /// Last change of state.
        updated_at: Instant,
    }
}

/// How a list of items is sorted. Ties go by id, so that pages never overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ItemOrder {
    /// Oldest first.
    #[default]
    Oldest,
    /// Newest first.
    Newest,
}

/// Which items to list. Absent fields do not filter; an item whose fact is unknown never passes a bound on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ItemFilter {
    /// Phase word.
    pub state: Option<String>,
    /// Stage.
    pub stage: Option<u32>,
    /// Modality.
    pub modality: Option<String>,
    /// Lot.
    pub lot: Option<String>,
    /// Smallest CT dose index, milligray.
    pub ctdi_min: Option<f64>,
    /// Largest CT dose index, milligray.
    pub ctdi_max: Option<f64>,
    /// Largest slice thickness, millimetres.
    pub thickness_max: Option<f64>,
    /// Held or not.
    pub held: Option<bool>,
    /// Part of the name, letter case ignored.
    pub text: Option<String>,
    /// Only items that this user holds a lease on or took part in.
    pub taken_part: Option<countersign_model::UserId>,
    /// Order.
    pub order: ItemOrder,
    /// The last id of the page before.
    pub after: Option<ItemId>,
}

/// Adds an item.
///
/// # Errors
/// [`StoreError::Conflict`] when the project has an item with this group key.
pub async fn insert(tx: &mut Tx, item: Item) -> Result<(), StoreError> {
    tx.insert(item).await
}

/// Adds many items.
///
/// # Errors
/// [`StoreError::Conflict`] when the project has an item with one of the group keys: then none is added.
pub async fn insert_all(tx: &mut Tx, items: Vec<Item>) -> Result<(), StoreError> {
    tx.insert_all(items).await.map(drop)
}

/// An item by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: ItemId) -> Result<Option<Item>, StoreError> {
    conn.query("SELECT * FROM items WHERE id = $1").bind(id).optional().await
}

/// Items of the same drive that were brought in before (the nearest first) or after an item.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn along_drive(
    conn: &mut Conn,
    id: ItemId,
    after: bool,
    limit: u32,
) -> Result<Vec<Item>, StoreError> {
    let sql = if after {
        "SELECT i.* FROM items i WHERE i.id > $1 AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = i.id) AND i.id IN (SELECT s.item_id FROM subject_items s \
         JOIN subject_items o ON o.subject_id = s.subject_id JOIN subjects u ON u.id = o.subject_id \
         WHERE o.item_id = $1 AND u.kind = 'drive') ORDER BY i.id LIMIT $2"
    } else {
        "SELECT i.* FROM items i WHERE i.id < $1 AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = i.id) AND i.id IN (SELECT s.item_id FROM subject_items s \
         JOIN subject_items o ON o.subject_id = s.subject_id JOIN subjects u ON u.id = o.subject_id \
         WHERE o.item_id = $1 AND u.kind = 'drive') ORDER BY i.id DESC LIMIT $2"
    };
    conn.query(sql).bind(id).bind(limit).all().await
}

/// An item by id, locked until the write ends, so that two writes cannot step its state at once.
///
/// # Errors
/// [`StoreError::NotFound`] when there is none.
pub async fn lock(tx: &mut Tx, id: ItemId) -> Result<Item, StoreError> {
    let found = tx
        .query_for("SELECT * FROM items WHERE id = $1", "SELECT * FROM items WHERE id = $1 FOR UPDATE")
        .bind(id)
        .optional()
        .await?;
    found.ok_or(StoreError::NotFound { place: "items" })
}

/// An item by what groups its files.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_group_key(
    conn: &mut Conn,
    project: ProjectId,
    group_key: &str,
) -> Result<Option<Item>, StoreError> {
    let sql = "SELECT * FROM items WHERE project_id = $1 AND group_key = $2";
    conn.query(sql).bind(project).bind(group_key).optional().await
}

/// What a step of the state machine leaves in an item's row.
#[derive(Clone, Debug, PartialEq)]
pub struct ItemStep {
    /// Phase word.
    pub state: String,
    /// Stage.
    pub stage: Option<u32>,
    /// Whether a hold is open.
    pub held: bool,
    /// State, JSON.
    pub workflow: String,
    /// The read that was accepted.
    pub accepted_read_id: Option<ReadId>,
    /// Not to be seen from outside: the time of the last change stays.
    pub quiet: bool,
}

/// Writes the outcome of a step of the state machine.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn step(tx: &mut Tx, id: ItemId, step: ItemStep) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE items SET state = $1, stage = $2, held = $3, workflow = $4, accepted_read_id = $5, \
               updated_at = CASE WHEN $6 THEN updated_at ELSE $7 END WHERE id = $8";
    let query = tx.query(sql).bind(step.state).bind(step.stage).bind(step.held).bind(step.workflow);
    query.bind(step.accepted_read_id).bind(step.quiet).bind(now).bind(id).execute().await.map(drop)
}

/// Replaces an item's streams and facts (when de-identification moved its frames, or more files arrived).
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_content(
    tx: &mut Tx,
    id: ItemId,
    streams: Vec<Stream>,
    facts: Facts,
) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE items SET streams = $1, facts = $2, modality = $3, ctdi_vol_mgy = $4, dlp_mgy_cm = $5, \
               slice_thickness_mm = $6, lot = $7, updated_at = $8 WHERE id = $9";
    let query = tx.query(sql).bind(Json(streams)).bind(Json(facts.clone())).bind(facts.modality);
    let query = query.bind(facts.ctdi_vol_mgy).bind(facts.dlp_mgy_cm).bind(facts.slice_thickness_mm);
    query.bind(facts.lot).bind(now).bind(id).execute().await.map(drop)
}

/// The phase word of an item, without anything else of it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn phase(conn: &mut Conn, id: ItemId) -> Result<Option<String>, StoreError> {
    let row = conn.query("SELECT state FROM items WHERE id = $1").bind(id).fetch_optional().await?;
    row.map(|row| row.get("state")).transpose()
}

/// Items of a project.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(
    conn: &mut Conn,
    project: ProjectId,
    filter: &ItemFilter,
    limit: u32,
) -> Result<Vec<Item>, StoreError> {
    let (mut sql, mut values) =
        ("SELECT * FROM items i WHERE i.project_id = $1".to_owned(), vec![project.value()]);
    let mut condition = |text: &str, value: Value| {
        values.push(value);
        sql.push_str(" AND ");
        sql.push_str(&text.replace('?', &format!("${}", values.len())));
    };
    let filter = filter.clone();
    let own = filter.taken_part.is_some();
    let given = [
        filter.state.map(|v| ("i.state = ?", v.value())),
        filter.stage.map(|v| ("i.stage = ?", v.value())),
        filter.modality.map(|v| ("i.modality = ?", v.value())),
        filter.lot.map(|v| ("i.lot = ?", v.value())),
        filter.ctdi_min.map(|v| ("i.ctdi_vol_mgy >= ?", v.value())),
        filter.ctdi_max.map(|v| ("i.ctdi_vol_mgy <= ?", v.value())),
        filter.thickness_max.map(|v| ("i.slice_thickness_mm <= ?", v.value())),
        filter.held.map(|v| ("i.held = ?", v.value())),
        filter.text.map(|v| ("LOWER(i.name) LIKE ? ESCAPE '\\'", contains(&v).value())),
        filter.taken_part.map(|v| (TAKEN_PART, v.value())),
        filter.after.map(|v| (filter.order.after(), v.value())),
    ];
    for (text, value) in given.into_iter().flatten() {
        condition(text, value);
    }
    // Copies of gold are in the list of whoever worked on them, as any other item.
    if !own {
        sql.push_str(" AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = i.id)");
    }
    sql.push_str(match filter.order {
        ItemOrder::Oldest => " ORDER BY i.id LIMIT ",
        ItemOrder::Newest => " ORDER BY i.id DESC LIMIT ",
    });
    values.push(limit.value());
    sql.push_str(&format!("${}", values.len()));
    values.into_iter().fold(conn.query_built(sql), crate::Query::bind).scanning().all().await
}

const TAKEN_PART: &str = "(EXISTS (SELECT 1 FROM participation p WHERE p.item_id = i.id AND p.user_id = ?) \
                          OR EXISTS (SELECT 1 FROM tasks t WHERE t.item_id = i.id AND t.state = 'leased' AND t.lease_user = ?))";

impl ItemOrder {
    const fn after(self) -> &'static str {
        match self {
            Self::Oldest => "i.id > ?",
            Self::Newest => "i.id < ?",
        }
    }
}

/// A pattern that finds a text anywhere, with the text's own wildcards escaped.
fn contains(text: &str) -> String {
    let text = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{text}%")
}

/// How many items of a project are in each phase.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_by_state(conn: &mut Conn, project: ProjectId) -> Result<Vec<(String, u64)>, StoreError> {
    let sql = "SELECT state, COUNT(*) AS n FROM items i WHERE project_id = $1 \
               AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = i.id) GROUP BY state ORDER BY state";
    let rows = conn.query(sql).bind(project).scanning().fetch_all().await?;
    rows.iter().map(|row| Ok((row.get("state")?, row.get("n")?))).collect()
}

/// Whether an item of a project has passed the gate, or may have: a withdrawn one is not asked any more.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn any_passed(conn: &mut Conn, project: ProjectId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM items WHERE project_id = $1 AND state NOT IN ('quarantined', 'rejected') LIMIT 1";
    Ok(conn.query(sql).bind(project).fetch_optional().await?.is_some())
}

/// How many items of a project are held.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_held(conn: &mut Conn, project: ProjectId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM items i WHERE project_id = $1 AND held \
               AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = i.id)";
    conn.query(sql).bind(project).scanning().fetch_one().await?.get("n")
}

/// Open holds of an item.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn open_holds(conn: &mut Conn, id: ItemId) -> Result<Vec<HoldId>, StoreError> {
    let sql = "SELECT id FROM holds WHERE item_id = $1 AND lifted_at IS NULL ORDER BY id";
    let rows = conn.query(sql).bind(id).fetch_all().await?;
    rows.iter().map(|row| row.get("id")).collect()
}
