//! What accepted items say of reads, and which of these are paid.

use countersign_model::{Instant, ItemId, OrganizationId, ProjectId, ReadId, UserId};

use crate::{Conn, StoreError, Tx, batches::unsettled, value::record};

record! {
    /// What an accepted item says of an organization's first read of it.
    Score in "vendor_scores" {
        /// Item.
        item_id: ItemId,
        /// Organization.
        organization_id: OrganizationId,
        /// Project.
        project_id: ProjectId,
        /// The read.
        read_id: ReadId,
        /// Who read.
        user_id: UserId,
        /// Marks of the read.
        marks: u32,
        /// Marks of what was accepted.
        truth: u32,
        /// Of these, marks that the read lacks.
        missed: u32,
        /// Marks of the read that were not accepted: not there, or other in class, place or answer.
        wrong: u32,
        /// Errors of both kinds by class, JSON.
        classes: String,
        /// When the item was accepted first.
        first_accepted_at: Instant,
        /// When it was accepted last.
        accepted_at: Instant,
    }
}

/// The first submitted read of an item by each organization, by people who belong to it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn first_reads(
    conn: &mut Conn,
    item: ItemId,
) -> Result<Vec<(OrganizationId, UserId, ReadId)>, StoreError> {
    let sql = "SELECT u.organization_id, u.id AS user_id, r.id FROM reads r JOIN users u ON u.id = r.author_user \
               WHERE r.item_id = $1 AND r.kind = 'read' AND r.submitted_at IS NOT NULL AND r.status <> 'void' \
               ORDER BY r.submitted_at, r.id";
    let rows = conn.query(sql).bind(item).fetch_all().await?;
    let mut first: Vec<(OrganizationId, UserId, ReadId)> = Vec::new();
    for row in &rows {
        let organization = row.get("organization_id")?;
        if !first.iter().any(|(known, ..)| *known == organization) {
            first.push((organization, row.get("user_id")?, row.get("id")?));
        }
    }
    Ok(first)
}

/// Keeps what an accepted item says of a read, in place of what it said before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn keep_score(tx: &mut Tx, row: Score) -> Result<(), StoreError> {
    let sql = "INSERT INTO vendor_scores (item_id, organization_id, project_id, read_id, user_id, marks, truth, missed, \
               wrong, classes, first_accepted_at, accepted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
               ON CONFLICT (item_id, organization_id) DO UPDATE SET read_id = excluded.read_id, \
               user_id = excluded.user_id, marks = excluded.marks, truth = excluded.truth, missed = excluded.missed, \
               wrong = excluded.wrong, classes = excluded.classes, accepted_at = excluded.accepted_at";
    let query =
        tx.query(sql).bind(row.item_id).bind(row.organization_id).bind(row.project_id).bind(row.read_id);
    let query = query.bind(row.user_id).bind(row.marks).bind(row.truth).bind(row.missed).bind(row.wrong);
    query.bind(row.classes).bind(row.first_accepted_at).bind(row.accepted_at).execute().await.map(drop)
}

/// What accepted items of a project say of reads, by item; of items that are accepted now.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn scores(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Score>, StoreError> {
    let sql = "SELECT s.* FROM vendor_scores s JOIN items i ON i.id = s.item_id WHERE s.project_id = $1 \
               AND i.state IN ('accepted', 'released') ORDER BY s.item_id, s.organization_id LIMIT $2";
    conn.query(sql).bind(project).bind(limit).scanning().all().await
}

/// A line of a payment file.
#[derive(Clone, Debug, PartialEq)]
pub struct Payable {
    /// Item.
    pub item: ItemId,
    /// Its name.
    pub name: String,
    /// The read that is paid.
    pub read: ReadId,
    /// Marks of it.
    pub marks: u32,
    /// When it was handed in.
    pub submitted_at: Instant,
    /// When the item was accepted first.
    pub first_accepted_at: Instant,
    /// When it was accepted last.
    pub accepted_at: Instant,
}

/// What an organization read of the items that were accepted in a span of time and are accepted now: not what was recalled, held
/// back or returned with a batch, nor reads that were sent back to be done again.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn payable(
    conn: &mut Conn,
    project: ProjectId,
    organization: OrganizationId,
    (from, until): (Instant, Instant),
    limit: u32,
) -> Result<Vec<Payable>, StoreError> {
    let sql = concat!(
        "SELECT i.id, i.name, r.id AS read_id, s.marks, r.submitted_at, s.first_accepted_at, s.accepted_at ",
        "FROM vendor_scores s JOIN items i ON i.id = s.item_id JOIN reads r ON r.id = s.read_id ",
        "WHERE s.project_id = $1 AND s.organization_id = $2 AND s.accepted_at >= $3 AND s.accepted_at < $4 ",
        "AND i.state IN ('accepted', 'released') AND r.status NOT IN ('returned', 'void') AND NOT ",
        unsettled!("i.id"),
        " ORDER BY s.accepted_at, i.id LIMIT $5"
    );
    let query = conn.query(sql).bind(project).bind(organization).bind(from).bind(until).bind(limit);
    let rows = query.scanning().fetch_all().await?;
    let one = |row: &crate::Row| -> Result<Payable, StoreError> {
        Ok(Payable {
            item: row.get("id")?,
            name: row.get("name")?,
            read: row.get("read_id")?,
            marks: row.get("marks")?,
            submitted_at: row.get("submitted_at")?,
            first_accepted_at: row.get("first_accepted_at")?,
            accepted_at: row.get("accepted_at")?,
        })
    };
    rows.iter().map(one).collect()
}

/// Whether an accepted item says something of a vendor: people of one read it, or it was given to somebody.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn concerns(conn: &mut Conn, item: ItemId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM assignments a WHERE a.item_id = $1) \
               OR EXISTS (SELECT 1 FROM reads r JOIN users u ON u.id = r.author_user \
                 JOIN organizations n ON n.id = u.organization_id WHERE r.item_id = $1 AND r.kind = 'read' \
                 AND r.submitted_at IS NOT NULL AND n.kind = 'vendor')";
    Ok(conn.query(sql).bind(item).fetch_optional().await?.is_some())
}
