//! What accepted items say of reads, and which of these are paid.

use countersign_model::{Instant, ItemId, OrganizationId, ProjectId, ReadId, UserId};

use crate::{Conn, StoreError, Tx, batches::unsettled, organizations::belonged, value::record};

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
        /// What of its work is paid: its last read that was not sent back; absent where all were.
        paid_read_id: Option<ReadId>,
        /// Marks of that.
        paid_marks: Option<u32>,
        /// Marks of the first read.
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

/// What one organization read of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfOrganization {
    /// The organization to which the reader belonged then.
    pub organization: OrganizationId,
    /// Who read first.
    pub user: UserId,
    /// The first read.
    pub first: ReadId,
    /// The last read that was not sent back.
    pub paid: Option<ReadId>,
    /// Somebody else took part in the item. Where nobody did, that it was accepted says nothing of the read.
    pub checked: bool,
}

/// What each organization handed in of an item, by people who belonged to it then; in the order of their first reads.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn reads_of(conn: &mut Conn, item: ItemId) -> Result<Vec<OfOrganization>, StoreError> {
    let sql = concat!(
        "SELECT ",
        belonged!("u", "r.submitted_at"),
        " AS organization_id, u.id AS user_id, r.id, r.status, EXISTS (SELECT 1 FROM participation p ",
        "WHERE p.item_id = r.item_id AND p.user_id <> u.id) AS checked FROM reads r JOIN users u ON u.id = r.author_user ",
        "WHERE r.item_id = $1 AND r.kind = 'read' AND r.submitted_at IS NOT NULL AND r.status <> 'void' ",
        "ORDER BY r.submitted_at, r.id"
    );
    let rows = conn.query(sql).bind(item).fetch_all().await?;
    let mut all: Vec<OfOrganization> = Vec::new();
    for row in &rows {
        let (organization, read): (OrganizationId, ReadId) = (row.get("organization_id")?, row.get("id")?);
        let is_paid = row.get::<String>("status")? != "returned";
        let paid = is_paid.then_some(read);
        match all.iter_mut().find(|one| one.organization == organization) {
            Some(one) => one.paid = paid.or(one.paid),
            None => {
                let (user, checked) = (row.get("user_id")?, row.get("checked")?);
                all.push(OfOrganization { organization, user, first: read, paid, checked });
            }
        }
    }
    Ok(all)
}

/// Keeps what an accepted item says of a read, in place of what it said before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn keep_score(tx: &mut Tx, row: Score) -> Result<(), StoreError> {
    let sql = "INSERT INTO vendor_scores (item_id, organization_id, project_id, read_id, user_id, paid_read_id, paid_marks, \
               marks, truth, missed, wrong, classes, first_accepted_at, accepted_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
               ON CONFLICT (item_id, organization_id) DO UPDATE SET read_id = excluded.read_id, \
               user_id = excluded.user_id, paid_read_id = excluded.paid_read_id, paid_marks = excluded.paid_marks, \
               marks = excluded.marks, truth = excluded.truth, missed = excluded.missed, \
               wrong = excluded.wrong, classes = excluded.classes, accepted_at = excluded.accepted_at";
    let query =
        tx.query(sql).bind(row.item_id).bind(row.organization_id).bind(row.project_id).bind(row.read_id);
    let query = query.bind(row.user_id).bind(row.paid_read_id).bind(row.paid_marks);
    let query = query.bind(row.marks).bind(row.truth).bind(row.missed).bind(row.wrong);
    query.bind(row.classes).bind(row.first_accepted_at).bind(row.accepted_at).execute().await.map(drop)
}

/// Drops what an item said of organizations when it was accepted before, and says no more: their reads are void.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn end_scores(tx: &mut Tx, item: ItemId, accepted_at: Instant) -> Result<(), StoreError> {
    let sql = "DELETE FROM vendor_scores WHERE item_id = $1 AND accepted_at < $2";
    tx.query(sql).bind(item).bind(accepted_at).execute().await.map(drop)
}

/// What accepted items of a project say of reads, by item; of items that are accepted now.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn scores(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Score>, StoreError> {
    let sql = "SELECT s.* FROM vendor_scores s JOIN items i ON i.id = s.item_id JOIN reads r ON r.id = s.read_id \
               WHERE s.project_id = $1 AND r.status <> 'void' AND i.state IN ('accepted', 'released') ORDER BY s.item_id, s.organization_id LIMIT $2";
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
    /// Marks of it; absent of a copy of gold, where nothing was kept.
    pub marks: Option<u32>,
    /// When it was handed in.
    pub submitted_at: Instant,
    /// When the item was accepted first.
    pub first_accepted_at: Instant,
    /// When it was accepted last.
    pub accepted_at: Instant,
    /// It was sent back before, and done again.
    pub redone: bool,
}

/// What an organization read of the items that were accepted in a span of time and are accepted now: its last read of each, not
/// what was recalled, held back or returned with a batch. Copies of gold are among them, as accepted as they look: what is not
/// paid would tell which they were.
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
        "SELECT i.id, i.name, r.id AS read_id, s.paid_marks AS marks, r.submitted_at, s.first_accepted_at, s.accepted_at, ",
        "(r.id <> s.read_id) AS redone ",
        "FROM vendor_scores s JOIN items i ON i.id = s.item_id JOIN reads r ON r.id = s.paid_read_id ",
        "WHERE s.project_id = $1 AND s.organization_id = $2 AND s.accepted_at >= $3 AND s.accepted_at < $4 ",
        "AND i.state IN ('accepted', 'released') AND r.status NOT IN ('returned', 'void') AND NOT ",
        unsettled!("i.id"),
        " UNION ALL SELECT i.id, i.name, r.id, NULL, r.submitted_at, c.accepted_at, c.accepted_at, (1 = 0) ",
        "FROM gold_copies c JOIN items i ON i.id = c.item_id JOIN reads r ON r.item_id = i.id ",
        "JOIN users u ON u.id = r.author_user ",
        "WHERE c.project_id = $1 AND c.accepted_at >= $3 AND c.accepted_at < $4 ",
        "AND i.state IN ('accepted', 'released') AND r.kind = 'read' AND r.submitted_at IS NOT NULL AND r.status <> 'void' AND ",
        belonged!("u", "r.submitted_at"),
        " = $2 ORDER BY 7, 1, 5 LIMIT $5"
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
            redone: row.get("redone")?,
        })
    };
    rows.iter().map(one).collect()
}

/// Whether an accepted item says something of a vendor: people of one read it, or it was given to somebody.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn concerns(conn: &mut Conn, item: ItemId) -> Result<bool, StoreError> {
    let sql = concat!(
        "SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM assignments a WHERE a.item_id = $1) ",
        "OR EXISTS (SELECT 1 FROM reads r JOIN users u ON u.id = r.author_user JOIN organizations n ON n.id = ",
        belonged!("u", "r.submitted_at"),
        " WHERE r.item_id = $1 AND r.kind = 'read' AND r.submitted_at IS NOT NULL AND n.kind = 'vendor')"
    );
    Ok(conn.query(sql).bind(item).fetch_optional().await?.is_some())
}
