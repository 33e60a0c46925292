//! What people made of gold.

use countersign_model::{GoldId, Instant, ItemId, OrganizationId, ProjectId, ReadId, UserId};

use crate::{Conn, StoreError, Tx, organizations::belonged, value::record};

record! {
    /// What somebody made of a gold item.
    GoldResult in "gold_results" {
        /// Their read.
        read_id: ReadId,
        /// The copy.
        item_id: ItemId,
        /// Of what it is a copy.
        gold_id: GoldId,
        /// Project.
        project_id: ProjectId,
        /// Who.
        user_id: UserId,
        /// It differs from the trusted answer.
        wrong: bool,
        /// In a class with which an error is critical.
        critical: bool,
        /// Marks of the trusted answer that they have not.
        missed: u32,
        /// Marks that the trusted answer has not.
        superfluous: u32,
        /// Marks in the same place that differ in class, outline or answers.
        differing: u32,
        /// Pairs of classes, what is right and what was said; JSON.
        pairs: String,
        /// Probability of an error that was expected before.
        expected: f64,
        /// When.
        at: Instant,
        /// The trusted answer was wrong: it says nothing of who read.
        taken_back: bool,
    }
}

/// Keeps what somebody made of it.
///
/// # Errors
/// [`StoreError::Conflict`] when that is kept.
pub async fn insert_result(tx: &mut Tx, result: GoldResult) -> Result<(), StoreError> {
    tx.insert(result).await
}

/// Reads of a gold item, and wrong ones among them, by everybody but one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_others(conn: &mut Conn, gold: GoldId, but: UserId) -> Result<(u64, u64), StoreError> {
    let sql = "SELECT COUNT(*) AS n, COUNT(CASE WHEN wrong THEN 1 END) AS wrong FROM gold_results \
               WHERE gold_id = $1 AND user_id <> $2 AND NOT taken_back";
    let row = conn.query(sql).bind(gold).bind(but).fetch_one().await?;
    Ok((row.get("n")?, row.get("wrong")?))
}

/// How often a gold item was met and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Worn {
    /// Gold item.
    pub gold: GoldId,
    /// Copies that lie among what waits, or lay there.
    pub copies: u64,
    /// Meetings with people.
    pub meetings: u64,
    /// Reads that were judged.
    pub reads: u64,
    /// Of these, wrong.
    pub wrong: u64,
    /// Of these, critically.
    pub critical: u64,
}

/// How often one gold item was met and read.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn worn(conn: &mut Conn, gold: GoldId) -> Result<Worn, StoreError> {
    let sql = "SELECT (SELECT COUNT(*) FROM gold_copies c WHERE c.gold_id = $1) AS copies, \
               (SELECT COUNT(*) FROM gold_meetings m WHERE m.gold_id = $1) AS meetings, COUNT(*) AS reads, \
               COUNT(CASE WHEN wrong THEN 1 END) AS wrong, COUNT(CASE WHEN critical THEN 1 END) AS critical \
               FROM gold_results WHERE gold_id = $1 AND NOT taken_back";
    let row = conn.query(sql).bind(gold).fetch_one().await?;
    Ok(Worn {
        gold,
        copies: row.get("copies")?,
        meetings: row.get("meetings")?,
        reads: row.get("reads")?,
        wrong: row.get("wrong")?,
        critical: row.get("critical")?,
    })
}

/// One person's reads of gold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfPerson {
    /// Who.
    pub user: UserId,
    /// Reads of gold.
    pub reads: u64,
    /// Of these, wrong.
    pub wrong: u64,
    /// Of these, critically.
    pub critical: u64,
    /// Marks missed in all of them.
    pub missed: u64,
    /// Marks too many in all of them.
    pub superfluous: u64,
}

/// Reads of gold in a project since a moment, by person.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_person(
    conn: &mut Conn,
    project: ProjectId,
    since: Instant,
) -> Result<Vec<OfPerson>, StoreError> {
    let sql = "SELECT user_id, COUNT(*) AS reads, COUNT(CASE WHEN wrong THEN 1 END) AS wrong, \
               COUNT(CASE WHEN critical THEN 1 END) AS critical, CAST(SUM(missed) AS BIGINT) AS missed, \
               CAST(SUM(superfluous) AS BIGINT) AS superfluous FROM gold_results \
               WHERE project_id = $1 AND at >= $2 AND NOT taken_back GROUP BY user_id ORDER BY user_id";
    let rows = conn.query(sql).bind(project).bind(since).scanning().fetch_all().await?;
    let read = |row: &crate::Row| {
        Ok(OfPerson {
            user: row.get("user_id")?,
            reads: row.get("reads")?,
            wrong: row.get("wrong")?,
            critical: row.get("critical")?,
            missed: row.get("missed")?,
            superfluous: row.get("superfluous")?,
        })
    };
    rows.iter().map(read).collect()
}

/// A read of gold by one of an organization's people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoldOfOrganization {
    /// To which they belonged then.
    pub organization: OrganizationId,
    /// The copy.
    pub item: ItemId,
    /// It was wrong.
    pub wrong: bool,
    /// It has a critical error.
    pub critical: bool,
}

/// Reads of gold in a project with the organizations of those who read, by copy.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_organizations(
    conn: &mut Conn,
    project: ProjectId,
    limit: u32,
) -> Result<Vec<GoldOfOrganization>, StoreError> {
    let sql = concat!(
        "SELECT ",
        belonged!("u", "g.at"),
        " AS organization_id, g.item_id, g.wrong, g.critical FROM gold_results g JOIN users u ON u.id = g.user_id ",
        "WHERE g.project_id = $1 AND NOT g.taken_back ORDER BY g.item_id, g.read_id LIMIT $2"
    );
    let rows = conn.query(sql).bind(project).bind(limit).scanning().fetch_all().await?;
    let one = |row: &crate::Row| {
        Ok(GoldOfOrganization {
            organization: row.get("organization_id")?,
            item: row.get("item_id")?,
            wrong: row.get("wrong")?,
            critical: row.get("critical")?,
        })
    };
    rows.iter().map(one).collect()
}

/// Takes back what people made of a gold item; whose reads these were.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn take_back(tx: &mut Tx, gold: GoldId) -> Result<Vec<(UserId, ReadId)>, StoreError> {
    let sql = "UPDATE gold_results SET taken_back = $1 WHERE gold_id = $2 AND NOT taken_back RETURNING user_id, read_id";
    let rows = tx.query(sql).bind(true).bind(gold).fetch_all().await?;
    let mut reads: Vec<(UserId, ReadId)> = rows
        .iter()
        .map(|row| Ok((row.get("user_id")?, row.get("read_id")?)))
        .collect::<Result<_, StoreError>>()?;
    // In one order everywhere: each person's stream is locked.
    reads.sort_unstable();
    Ok(reads)
}

/// What people made of a gold item, or one person of all in a project, the last first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn results(
    conn: &mut Conn,
    project: ProjectId,
    gold: Option<GoldId>,
    user: Option<UserId>,
    limit: u32,
) -> Result<Vec<GoldResult>, StoreError> {
    let sql = "SELECT * FROM gold_results WHERE project_id = $1 AND ($2 OR gold_id = $3) AND ($4 OR user_id = $5) \
               ORDER BY at DESC, read_id LIMIT $6";
    let nil = uuid::Uuid::nil();
    let query = conn.query(sql).bind(project).bind(gold.is_none()).bind(gold.unwrap_or(GoldId(nil)));
    let query = query.bind(user.is_none()).bind(user.unwrap_or(UserId(nil))).bind(limit);
    query.scanning().all().await
}
