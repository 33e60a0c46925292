//! Checks counted by the kind of item: what is usual on an easy item says nothing of a hard one.

use countersign_model::{ItemId, ProjectId, UserId};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// One person's checks on one kind of item in a stream: a few numbers, whatever their count.
    Stratum in "monitor_strata" {
        /// Project.
        project_id: ProjectId,
        /// Stream.
        stream: String,
        /// The kind of item.
        stratum: String,
        /// Whose work.
        user_id: UserId,
        /// Checks.
        checked: u64,
        /// Of these, wrong; those that were overturned do not count.
        wrong: u64,
        /// Sum of how bad they were, where that is measured.
        severity: f64,
    }
}

/// Checks of others that are like one in question.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Alike {
    /// Checks.
    pub checked: u64,
    /// Of these, wrong.
    pub wrong: u64,
    /// Sum of how bad they were.
    pub severity: f64,
}

/// What is known of everybody else on one kind of item: the sum of a row per person, found by the primary key.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn alike_of_others(
    conn: &mut Conn,
    project: ProjectId,
    user: UserId,
    stream: &str,
    stratum: &str,
) -> Result<Alike, StoreError> {
    let sql = "SELECT CAST(COALESCE(SUM(checked), 0) AS BIGINT) AS checked, \
               CAST(COALESCE(SUM(wrong), 0) AS BIGINT) AS wrong, COALESCE(SUM(severity), 0.0) AS severity \
               FROM monitor_strata WHERE project_id = $1 AND stream = $2 AND stratum = $3 AND user_id <> $4";
    let row = conn.query(sql).bind(project).bind(stream).bind(stratum).bind(user).fetch_one().await?;
    Ok(Alike { checked: row.get("checked")?, wrong: row.get("wrong")?, severity: row.get("severity")? })
}

/// What checks found in the reads of everybody else of one item.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn same_item_of_others(
    conn: &mut Conn,
    item: ItemId,
    user: UserId,
    stream: &str,
) -> Result<Alike, StoreError> {
    let sql = "SELECT COUNT(*) AS checked, COUNT(CASE WHEN wrong AND NOT overturned THEN 1 END) AS wrong \
               FROM monitor_checks WHERE item_id = $1 AND user_id <> $2 AND stream = $3";
    let row = conn.query(sql).bind(item).bind(user).bind(stream).fetch_one().await?;
    Ok(Alike { checked: row.get("checked")?, wrong: row.get("wrong")?, severity: 0.0 })
}

/// Adds a check to the counts of its kind; the person's stream is to be locked before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_stratum(tx: &mut Tx, row: Stratum) -> Result<(), StoreError> {
    let sql = "INSERT INTO monitor_strata (project_id, stream, stratum, user_id, checked, wrong, severity) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (project_id, stream, stratum, user_id) DO UPDATE SET \
               checked = monitor_strata.checked + excluded.checked, wrong = monitor_strata.wrong + excluded.wrong, \
               severity = monitor_strata.severity + excluded.severity";
    let query = tx.query(sql).bind(row.project_id).bind(row.stream).bind(row.stratum).bind(row.user_id);
    query.bind(row.checked).bind(row.wrong).bind(row.severity).execute().await.map(drop)
}

/// Counts what is wrong in a person's stream anew, kind by kind, after checks were taken back.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn recount_strata(
    tx: &mut Tx,
    project: ProjectId,
    user: UserId,
    stream: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE monitor_strata SET wrong = (SELECT COUNT(*) FROM monitor_checks c \
               WHERE c.project_id = $1 AND c.user_id = $2 AND c.stream = $3 AND c.stratum = monitor_strata.stratum \
               AND c.wrong AND NOT c.overturned), severity = (SELECT COALESCE(SUM(c.severity), 0.0) \
               FROM monitor_checks c WHERE c.project_id = $1 AND c.user_id = $2 AND c.stream = $3 \
               AND c.stratum = monitor_strata.stratum AND NOT c.overturned) \
               WHERE project_id = $1 AND user_id = $2 AND stream = $3";
    tx.query(sql).bind(project).bind(user).bind(stream).execute().await.map(drop)
}
