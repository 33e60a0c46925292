//! Findings: questions and defects pinned to a place, with what people say to them.

use countersign_model::{AnnotationId, FindingId, Instant, ItemId, ProjectId, UserId};

use crate::{Conn, Row, StoreError, Tx, value::record};

record! {
    /// A finding.
    Finding in "findings" {
        /// Id.
        id: FindingId,
        /// Item.
        item_id: ItemId,
        /// Project.
        project_id: ProjectId,
        /// Place among the findings of the item, from 1.
        number: u32,
        /// `blocking` or `note`.
        severity: String,
        /// `open`, `answered` or `resolved`.
        state: String,
        /// Stream that it lies in.
        stream: Option<u32>,
        /// Frame of the stream.
        frame: Option<u32>,
        /// Place on the frame, image pixels.
        x: Option<f64>,
        /// Place on the frame, image pixels.
        y: Option<f64>,
        /// Annotation that it is about.
        annotation_id: Option<AnnotationId>,
        /// Round of the item's work in which it was opened, from 1.
        round: u32,
        /// It was opened while several people read the item independently.
        blind: bool,
        /// By whom.
        opened_by: UserId,
        /// When.
        opened_at: Instant,
        /// Resolved by whom.
        resolved_by: Option<UserId>,
        /// When.
        resolved_at: Option<Instant>,
    }
}

record! {
    /// What somebody said or did to a finding. Rows are only ever added.
    Note in "finding_notes" {
        /// Finding.
        finding_id: FindingId,
        /// Place in the thread, from 1.
        number: u32,
        /// Who.
        user_id: UserId,
        /// `opened`, `replied`, `resolved` or `reopened`.
        act: String,
        /// In words.
        words: String,
        /// When.
        at: Instant,
    }
}

/// A finding with where it is, for lists over many items.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The finding.
    pub id: FindingId,
    /// Its item.
    pub item: ItemId,
}

/// Keeps a finding.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, finding: Finding) -> Result<(), StoreError> {
    tx.insert(finding).await
}

/// Adds to a thread.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_note(tx: &mut Tx, note: Note) -> Result<(), StoreError> {
    tx.insert(note).await
}

/// A finding by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: FindingId) -> Result<Option<Finding>, StoreError> {
    conn.query("SELECT * FROM findings WHERE id = $1").bind(id).optional().await
}

/// Findings of an item, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Vec<Finding>, StoreError> {
    conn.query("SELECT * FROM findings WHERE item_id = $1 ORDER BY number").bind(item).all().await
}

/// Findings of a project that nobody resolved and that were opened at a time or before, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn open_since(
    conn: &mut Conn,
    project: ProjectId,
    at: Instant,
    limit: u32,
) -> Result<Vec<Finding>, StoreError> {
    let sql = "SELECT * FROM findings WHERE project_id = $1 AND state <> 'resolved' AND opened_at <= $2 \
               ORDER BY opened_at, id LIMIT $3";
    conn.query(sql).bind(project).bind(at).bind(limit).scanning().all().await
}

/// What was said to a finding, in order.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn notes(conn: &mut Conn, id: FindingId) -> Result<Vec<Note>, StoreError> {
    conn.query("SELECT * FROM finding_notes WHERE finding_id = $1 ORDER BY number").bind(id).all().await
}

/// Moves a finding on.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_state(
    tx: &mut Tx,
    id: FindingId,
    state: &str,
    resolved_by: Option<UserId>,
) -> Result<(), StoreError> {
    let at = resolved_by.map(|_| tx.now());
    let sql = "UPDATE findings SET state = $1, resolved_by = $2, resolved_at = $3 WHERE id = $4";
    tx.query(sql).bind(state).bind(resolved_by).bind(at).bind(id).execute().await.map(drop)
}

/// Findings that wait for somebody: those that others opened on items they worked on, and answers to their own. Oldest
/// first. Whether they may see each is another question.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn waiting_for(conn: &mut Conn, user: UserId, limit: u32) -> Result<Vec<Listed>, StoreError> {
    let sql = "SELECT f.id, f.item_id FROM findings f WHERE f.state <> 'resolved' AND (\
               (f.state = 'answered' AND f.opened_by = $1) OR (f.state = 'open' AND f.opened_by <> $1 \
               AND EXISTS (SELECT 1 FROM participation p WHERE p.item_id = f.item_id AND p.user_id = $1))) \
               ORDER BY f.id LIMIT $2";
    let rows = conn.query(sql).bind(user).bind(limit).scanning().fetch_all().await?;
    let read = |row: &Row| Ok(Listed { id: row.get("id")?, item: row.get("item_id")? });
    rows.iter().map(read).collect()
}
