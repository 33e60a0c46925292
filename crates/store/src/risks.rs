//! Risks that stay in items which were de-identified correctly, and who answers for them.

use countersign_model::{Instant, ItemId, ProjectId, ReleaseId, UserId};

use crate::{
    Conn, StoreError, Tx,
    value::{record, row},
};

record! {
    /// A risk that stays in an item.
    ItemRisk in "item_risks" {
        /// Item.
        item_id: ItemId,
        /// Project.
        project_id: ProjectId,
        /// Its code.
        risk: String,
        /// When the gate noted it.
        noted_at: Instant,
        /// Who waived it.
        waived_by: Option<UserId>,
        /// When.
        waived_at: Option<Instant>,
        /// Why, in the words of who waived it.
        reason: Option<String>,
    }
}

row! {
    /// A risk with the name of its item.
    NamedRisk {
        /// Item.
        item_id: ItemId,
        /// Name of the item.
        name: String,
        /// Its code.
        risk: String,
        /// When the gate noted it.
        noted_at: Instant,
        /// Who waived it.
        waived_by: Option<UserId>,
        /// When.
        waived_at: Option<Instant>,
        /// Why.
        reason: Option<String>,
    }
}

/// Notes what stays in an item as it was cleared now. A waiver of a risk that stays the same goes on; what was noted
/// before and is not there any more goes.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn note(tx: &mut Tx, item: ItemId, project: ProjectId, risks: &[String]) -> Result<(), StoreError> {
    let now = tx.now();
    let known = of_item(tx, item).await?;
    for gone in known.iter().filter(|row| !risks.contains(&row.risk)) {
        let sql = "DELETE FROM item_risks WHERE item_id = $1 AND risk = $2";
        tx.query(sql).bind(item).bind(gone.risk.clone()).execute().await?;
    }
    for risk in risks.iter().filter(|risk| known.iter().all(|row| row.risk != **risk)) {
        let (waived_by, waived_at, reason) = (None, None, None);
        let risk = risk.clone();
        tx.insert(ItemRisk {
            item_id: item,
            project_id: project,
            risk,
            noted_at: now,
            waived_by,
            waived_at,
            reason,
        })
        .await?;
    }
    Ok(())
}

/// The risks of an item.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Vec<ItemRisk>, StoreError> {
    conn.query("SELECT * FROM item_risks WHERE item_id = $1 ORDER BY risk").bind(item).all().await
}

/// The risks of a project behind a place in its list, those without a waiver alone or all; by item.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(
    conn: &mut Conn,
    project: ProjectId,
    open_only: bool,
    after: Option<(ItemId, String)>,
    limit: u32,
) -> Result<Vec<NamedRisk>, StoreError> {
    let (item, risk) = after.unwrap_or((ItemId(uuid::Uuid::nil()), String::new()));
    let sql = "SELECT r.item_id, i.name, r.risk, r.noted_at, r.waived_by, r.waived_at, r.reason \
               FROM item_risks r JOIN items i ON i.id = r.item_id WHERE r.project_id = $1 \
               AND (r.waived_at IS NULL OR NOT $2) AND (r.item_id > $3 OR (r.item_id = $3 AND r.risk > $4)) \
               ORDER BY r.item_id, r.risk LIMIT $5";
    conn.query(sql).bind(project).bind(open_only).bind(item).bind(risk).bind(limit).all().await
}

/// Waives a risk in every item of a project that has it unwaived; in how many.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn waive_all(
    tx: &mut Tx,
    project: ProjectId,
    risk: &str,
    user: UserId,
    reason: &str,
) -> Result<u64, StoreError> {
    let now = tx.now();
    let sql = "UPDATE item_risks SET waived_by = $1, waived_at = $2, reason = $3 \
               WHERE project_id = $4 AND risk = $5 AND waived_at IS NULL";
    let query = tx.query(sql).bind(user).bind(now).bind(reason.to_owned()).bind(project);
    query.bind(risk.to_owned()).execute().await
}

/// Waives a risk in one item; `false` when the item has no such risk without a waiver.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn waive(
    tx: &mut Tx,
    (project, item): (ProjectId, ItemId),
    risk: &str,
    user: UserId,
    reason: &str,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE item_risks SET waived_by = $1, waived_at = $2, reason = $3 \
               WHERE project_id = $4 AND item_id = $5 AND risk = $6 AND waived_at IS NULL";
    let query = tx.query(sql).bind(user).bind(now).bind(reason.to_owned()).bind(project).bind(item);
    Ok(query.bind(risk.to_owned()).execute().await? > 0)
}

/// Items of a release with a risk that nobody waived: how many, and one of them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn unwaived(conn: &mut Conn, release: ReleaseId) -> Result<Option<(u64, ItemId)>, StoreError> {
    let sql = "SELECT COUNT(DISTINCT r.item_id) AS n FROM release_items ri JOIN item_risks r ON r.item_id = ri.item_id \
               WHERE ri.release_id = $1 AND r.waived_at IS NULL";
    let count: u64 = conn.query(sql).bind(release).fetch_one().await?.get("n")?;
    let sql = "SELECT r.item_id FROM release_items ri JOIN item_risks r ON r.item_id = ri.item_id \
               WHERE ri.release_id = $1 AND r.waived_at IS NULL ORDER BY r.item_id LIMIT 1";
    let first = conn.query(sql).bind(release).fetch_optional().await?;
    first.map(|row| Ok((count, row.get("item_id")?))).transpose()
}

/// Items of a release in which a risk stays that was waived.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn waived(conn: &mut Conn, release: ReleaseId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(DISTINCT r.item_id) AS n FROM release_items ri JOIN item_risks r ON r.item_id = ri.item_id \
               WHERE ri.release_id = $1 AND r.waived_at IS NOT NULL";
    conn.query(sql).bind(release).fetch_one().await?.get("n")
}
