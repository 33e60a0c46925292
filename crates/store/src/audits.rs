//! Sampled human audits of what the gate cleared.

use countersign_model::{AuditId, Instant, ItemId, ProjectId, UserId};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// One audit: a sample of the items that were cleared when it was opened.
    Audit in "audits" {
        /// Id.
        id: AuditId,
        /// Project.
        project_id: ProjectId,
        /// What the order of the sample is made from; hexadecimal.
        seed: String,
        /// Items that the sample was drawn from.
        lot: u64,
        /// Items in the sample.
        size: u64,
        /// One-sided confidence of the bound, 0 to 1.
        confidence: f64,
        /// `open` or `closed`.
        state: String,
        /// Items looked at so far.
        checked: u64,
        /// Items with a leak so far.
        found: u64,
        /// By whom.
        opened_by: Option<UserId>,
        /// Since when.
        opened_at: Instant,
        /// Until when.
        closed_at: Option<Instant>,
    }
}

record! {
    /// One item of a sample.
    AuditItem in "audit_items" {
        /// Audit.
        audit_id: AuditId,
        /// Place in the order, from 0.
        position: u32,
        /// Item.
        item_id: ItemId,
        /// `clean` or `leak`, once somebody looked.
        verdict: Option<String>,
        /// Who looked.
        user_id: Option<UserId>,
        /// When.
        at: Option<Instant>,
    }
}

/// Opens an audit with its sample.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, audit: Audit, items: Vec<AuditItem>) -> Result<(), StoreError> {
    tx.insert(audit).await?;
    tx.insert_all(items).await.map(drop)
}

/// An audit by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: AuditId) -> Result<Option<Audit>, StoreError> {
    conn.query("SELECT * FROM audits WHERE id = $1").bind(id).optional().await
}

/// Audits of a project, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(
    conn: &mut Conn,
    project: ProjectId,
    before: Option<AuditId>,
    limit: u32,
) -> Result<Vec<Audit>, StoreError> {
    let sql = "SELECT * FROM audits WHERE project_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    let before = before.unwrap_or(AuditId(uuid::Uuid::max()));
    conn.query(sql).bind(project).bind(before).bind(limit).all().await
}

/// The sample of an audit in its order.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn items(conn: &mut Conn, audit: AuditId) -> Result<Vec<AuditItem>, StoreError> {
    conn.query("SELECT * FROM audit_items WHERE audit_id = $1 ORDER BY position").bind(audit).all().await
}

/// One item of a sample.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn item(conn: &mut Conn, audit: AuditId, position: u32) -> Result<Option<AuditItem>, StoreError> {
    let sql = "SELECT * FROM audit_items WHERE audit_id = $1 AND position = $2";
    conn.query(sql).bind(audit).bind(position).optional().await
}

/// Answers one item of an open audit; `false` when it was answered before or the audit is closed. The audit closes
/// with its last answer.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn answer(
    tx: &mut Tx,
    audit: AuditId,
    position: u32,
    verdict: &str,
    by: UserId,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE audit_items SET verdict = $1, user_id = $2, at = $3 \
               WHERE audit_id = $4 AND position = $5 AND verdict IS NULL \
               AND EXISTS (SELECT 1 FROM audits a WHERE a.id = $4 AND a.state = 'open')";
    let answered =
        tx.query(sql).bind(verdict).bind(by).bind(now).bind(audit).bind(position).execute().await?;
    if answered == 0 {
        return Ok(false);
    }
    let found = u64::from(verdict == "leak");
    let sql = "UPDATE audits SET checked = checked + 1, found = found + $1 WHERE id = $2";
    tx.query(sql).bind(found).bind(audit).execute().await?;
    let sql = "UPDATE audits SET state = 'closed', closed_at = $1 WHERE id = $2 AND checked = size";
    tx.query(sql).bind(now).bind(audit).execute().await?;
    Ok(true)
}

/// Items of a project that are through the gate: what an audit samples from. In the order of their ids.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lot(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<ItemId>, StoreError> {
    let sql = "SELECT id FROM items i WHERE project_id = $1 \
               AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = i.id) AND state NOT IN ('quarantined', 'rejected', 'recalled', 'erased') ORDER BY id LIMIT $2";
    let rows = conn.query(sql).bind(project).bind(limit).fetch_all().await?;
    rows.iter().map(|row| row.get("id")).collect()
}
