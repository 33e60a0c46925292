//! What came of comparing independent reads, and who decided between them.

use countersign_model::{ComparisonId, Instant, ItemId, ProjectId, ReadId, UserId};
use uuid::Uuid;

use crate::{Conn, Json, StoreError, Tx, value::record};

record! {
    /// A comparison of the independent reads of an item. Never changed: another comparison is another row.
    Comparison in "comparisons" {
        /// Id.
        id: ComparisonId,
        /// Item.
        item_id: ItemId,
        /// Project.
        project_id: ProjectId,
        /// The compare stage, from 0.
        stage: u32,
        /// The reads, in the order in which they were locked.
        reads: Json<Vec<ReadId>>,
        /// Findings, as the pipeline spells them (JSON).
        findings: String,
        /// Findings that readers differ about.
        disputed: u32,
        /// They differ about none.
        agreed: bool,
        /// Rule by which what agrees was merged.
        rule: String,
        /// What was merged; absent when another reader was asked instead.
        merged_read_id: Option<ReadId>,
        /// When.
        at: Instant,
    }
}

record! {
    /// What an adjudicator did about reads that differ.
    Adjudication in "adjudications" {
        /// Id.
        id: Uuid,
        /// Item.
        item_id: ItemId,
        /// Project.
        project_id: ProjectId,
        /// The comparison that was decided on.
        comparison_id: ComparisonId,
        /// The adjudicator's own read; void where they handed the decision on.
        read_id: ReadId,
        /// Who.
        user_id: UserId,
        /// `decide` or `escalate`.
        decision: String,
        /// Reason code.
        reason: String,
        /// In words.
        comment: Option<String>,
        /// When.
        at: Instant,
    }
}

/// Keeps a comparison.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, comparison: Comparison) -> Result<(), StoreError> {
    tx.insert(comparison).await
}

/// Keeps what an adjudicator did.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_adjudication(tx: &mut Tx, adjudication: Adjudication) -> Result<(), StoreError> {
    tx.insert(adjudication).await
}

/// The comparisons of an item, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Vec<Comparison>, StoreError> {
    conn.query("SELECT * FROM comparisons WHERE item_id = $1 ORDER BY id").bind(item).all().await
}

/// The comparisons of a project, newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn newest(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Comparison>, StoreError> {
    let sql = "SELECT * FROM comparisons WHERE project_id = $1 ORDER BY id DESC LIMIT $2";
    conn.query(sql).bind(project).bind(limit).scanning().all().await
}

/// What adjudicators did about an item, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn adjudications(conn: &mut Conn, item: ItemId) -> Result<Vec<Adjudication>, StoreError> {
    conn.query("SELECT * FROM adjudications WHERE item_id = $1 ORDER BY id").bind(item).all().await
}

/// What adjudicators decided or handed on in a project, for one reason or all, the newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(
    conn: &mut Conn,
    project: ProjectId,
    reason: Option<&str>,
    limit: u32,
) -> Result<Vec<Adjudication>, StoreError> {
    let sql =
        "SELECT * FROM adjudications WHERE project_id = $1 AND ($2 OR reason = $3) ORDER BY id DESC LIMIT $4";
    let query = conn.query(sql).bind(project).bind(reason.is_none()).bind(reason.unwrap_or_default());
    query.bind(limit).scanning().all().await
}
