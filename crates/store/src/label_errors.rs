//! Searches for wrong labels, and what each of them doubts.

use countersign_model::{
    AnnotationId, DoubtId, Instant, ItemId, LabelSearchId, ProjectId, ReadId, TaskId, UserId,
};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// A search over the accepted items of a project.
    LabelSearch in "label_searches" {
        /// Id.
        id: LabelSearchId,
        /// Project.
        project_id: ProjectId,
        /// `looking`, then `done`.
        state: String,
        /// Items to look at when it began.
        items: u64,
        /// Items that were looked at.
        looked: u64,
        /// Of these, items with something to hold their labels against.
        compared: u64,
        /// Doubts that were found, those that were not kept among them.
        found: u64,
        /// Who began it.
        started_by: UserId,
        /// When.
        started_at: Instant,
        /// When it was through.
        ended_at: Option<Instant>,
        /// How sure each model usually is of the tags that it was given for (JSON); absent where no model drafts tags.
        bars: Option<String>,
    }
}

record! {
    /// A doubt about a label, or about something that has none.
    Doubt in "label_doubts" {
        /// Id.
        id: DoubtId,
        /// Search.
        search_id: LabelSearchId,
        /// Project.
        project_id: ProjectId,
        /// Item.
        item_id: ItemId,
        /// The read whose labels are doubted.
        read_id: ReadId,
        /// `missing`, `class`, `place`, `alone` or `tag`.
        kind: String,
        /// Place among the doubts of its kind, from 1, the weightiest first.
        rank: u64,
        /// How much speaks for it, 0 to 1.
        weight: f64,
        /// What the labels were held against: `model`, or `track` for the frames before and after.
        source: String,
        /// What it is about, spelled so that a later search knows it again.
        subject: String,
        /// The doubted label; absent where one is missing.
        annotation_id: Option<AnnotationId>,
        /// Its class.
        class: Option<String>,
        /// The class that is seen there instead.
        predicted_class: Option<String>,
        /// Stream of the frame that it lies on.
        stream: Option<u32>,
        /// Index of that frame.
        frame: Option<u32>,
        /// Its middle, pixels from the left edge; absent for what has no place in a picture.
        x: Option<f64>,
        /// Its middle, pixels from the upper edge.
        y: Option<f64>,
        /// `open`, `right` where somebody looked and the labels are right, `sent_back` where the item went back into work.
        state: String,
        /// Who decided.
        decided_by: Option<UserId>,
        /// When.
        decided_at: Option<Instant>,
        /// What they said.
        comment: Option<String>,
        /// What was chosen for the doubted tag, by attribute (JSON).
        choices: Option<String>,
        /// What is chosen for the tag that is seen instead (JSON).
        predicted_choices: Option<String>,
    }
}

/// How many doubts of a kind are in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// `missing`, `class`, `place`, `alone` or `tag`.
    pub kind: String,
    /// `open`, `right` or `sent_back`.
    pub state: String,
    /// How many.
    pub doubts: u64,
}

/// How far a search is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Items that were looked at.
    pub looked: u64,
    /// Of these, items with something to hold their labels against.
    pub compared: u64,
    /// Doubts that were found.
    pub found: u64,
}

/// Begins a search.
///
/// # Errors
/// [`StoreError::Conflict`] while another one of the project is looking.
pub async fn begin(tx: &mut Tx, search: LabelSearch) -> Result<(), StoreError> {
    tx.insert(search).await
}

/// A search by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn search(conn: &mut Conn, id: LabelSearchId) -> Result<Option<LabelSearch>, StoreError> {
    conn.query("SELECT * FROM label_searches WHERE id = $1").bind(id).optional().await
}

/// The newest search of a project in a state.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn newest(
    conn: &mut Conn,
    project: ProjectId,
    state: &str,
) -> Result<Option<LabelSearch>, StoreError> {
    let sql = "SELECT * FROM label_searches WHERE project_id = $1 AND state = $2 ORDER BY id DESC LIMIT 1";
    conn.query(sql).bind(project).bind(state).optional().await
}

/// How many items a search would look at: those that are accepted.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn candidates_count(conn: &mut Conn, project: ProjectId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM items WHERE project_id = $1 AND state IN ('accepted', 'released') \
               AND accepted_read_id IS NOT NULL";
    conn.query(sql).bind(project).fetch_one().await?.get("n")
}

/// Accepted items after one, with the read that was accepted, in order of their ids.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn candidates(
    conn: &mut Conn,
    project: ProjectId,
    after: ItemId,
    limit: u32,
) -> Result<Vec<(ItemId, ReadId)>, StoreError> {
    let sql = "SELECT id, accepted_read_id FROM items WHERE project_id = $1 AND id > $2 \
               AND state IN ('accepted', 'released') AND accepted_read_id IS NOT NULL ORDER BY id LIMIT $3";
    let rows = conn.query(sql).bind(project).bind(after).bind(limit).fetch_all().await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("accepted_read_id")?))).collect()
}

/// Keeps how far a search is.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn advance(tx: &mut Tx, id: LabelSearchId, at: Progress) -> Result<(), StoreError> {
    let sql = "UPDATE label_searches SET looked = $1, compared = $2, found = $3 WHERE id = $4";
    let query = tx.query(sql).bind(at.looked).bind(at.compared).bind(at.found);
    query.bind(id).execute().await.map(drop)
}

/// Forgets what a search kept: it is begun anew.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn clear(tx: &mut Tx, id: LabelSearchId) -> Result<(), StoreError> {
    tx.query("DELETE FROM label_doubts WHERE search_id = $1").bind(id).execute().await.map(drop)
}

/// Keeps doubts.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn keep(tx: &mut Tx, doubts: Vec<Doubt>) -> Result<(), StoreError> {
    tx.insert_all(doubts).await.map(drop)
}

/// Forgets what a search doubts about labels that stand no more: items that were erased, recalled or sent back while it looked.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn forget_stale(tx: &mut Tx, id: LabelSearchId) -> Result<(), StoreError> {
    let sql = "DELETE FROM label_doubts WHERE search_id = $1 AND NOT EXISTS (SELECT 1 FROM items i \
               WHERE i.id = label_doubts.item_id AND i.accepted_read_id = label_doubts.read_id \
               AND i.state IN ('accepted', 'released'))";
    tx.query(sql).bind(id).execute().await.map(drop)
}

/// Whether a job still works on the searches of a project.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn is_worked_on(conn: &mut Conn, project: ProjectId, kind: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one FROM jobs WHERE project_id = $1 AND kind = $2 AND state IN ('ready', 'leased') LIMIT 1";
    Ok(conn.query(sql).bind(project).bind(kind).fetch_optional().await?.is_some())
}

/// Says that a search is through; `bars`: how sure each model usually is of the tags that it was given for.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn end(tx: &mut Tx, id: LabelSearchId, bars: Option<String>) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE label_searches SET state = 'done', ended_at = $1, bars = $2 WHERE id = $3";
    tx.query(sql).bind(now).bind(bars).bind(id).execute().await.map(drop)
}

/// What somebody looked at before in an item and found right, as doubts spell it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn known_right(conn: &mut Conn, item: ItemId) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT DISTINCT subject FROM label_doubts WHERE item_id = $1 AND state = 'right'";
    conn.query(sql).bind(item).fetch_all().await?.iter().map(|row| row.get("subject")).collect()
}

/// A doubt by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: DoubtId) -> Result<Option<Doubt>, StoreError> {
    conn.query("SELECT * FROM label_doubts WHERE id = $1").bind(id).optional().await
}

/// Doubts of a kind in a state after a place, the weightiest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(
    conn: &mut Conn,
    search: LabelSearchId,
    (kind, state): (&str, &str),
    after: u64,
    limit: u32,
) -> Result<Vec<Doubt>, StoreError> {
    let sql = "SELECT * FROM label_doubts WHERE search_id = $1 AND kind = $2 AND state = $3 AND rank > $4 \
               ORDER BY rank LIMIT $5";
    conn.query(sql).bind(search).bind(kind).bind(state).bind(after).bind(limit).all().await
}

/// How many doubts of each kind are in each state; not those that nobody looked at, whose item went back for another one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn counts(conn: &mut Conn, search: LabelSearchId) -> Result<Vec<Count>, StoreError> {
    let sql = "SELECT kind, state, COUNT(*) AS n FROM label_doubts WHERE search_id = $1 \
               AND NOT (state = 'sent_back' AND decided_by IS NULL) GROUP BY kind, state ORDER BY kind, state";
    let rows = conn.query(sql).bind(search).fetch_all().await?;
    rows.iter()
        .map(|row| Ok(Count { kind: row.get("kind")?, state: row.get("state")?, doubts: row.get("n")? }))
        .collect()
}

/// Moves a doubt from one state to another; `false` when it is in neither the first nor there any more.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn decide(
    tx: &mut Tx,
    id: DoubtId,
    (from, to): (&str, &str),
    comment: Option<String>,
) -> Result<bool, StoreError> {
    let (now, user) = (tx.now(), tx.actor().user);
    let sql = "UPDATE label_doubts SET state = $1, decided_by = $2, decided_at = $3, comment = $4 \
               WHERE id = $5 AND state = $6";
    let query = tx.query(sql).bind(to).bind(user).bind(now).bind(comment);
    Ok(query.bind(id).bind(from).execute().await? > 0)
}

/// Says of the other open doubts about an item that it went back into work: nobody decided them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn sent_back(tx: &mut Tx, item: ItemId, read: ReadId) -> Result<(), StoreError> {
    let now = tx.now();
    let sql = "UPDATE label_doubts SET state = 'sent_back', decided_at = $1 \
               WHERE item_id = $2 AND read_id = $3 AND state = 'open'";
    tx.query(sql).bind(now).bind(item).bind(read).execute().await.map(drop)
}

/// Keeps how doubtful the labels are that a task is about, 0 to 1: of tasks of one priority the most doubtful comes first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn rank_task(tx: &mut Tx, task: TaskId, doubt: f64) -> Result<bool, StoreError> {
    let sql = "UPDATE tasks SET doubt = $1 WHERE id = $2 AND state = 'ready'";
    Ok(tx.query(sql).bind(doubt).bind(task).execute().await? > 0)
}
