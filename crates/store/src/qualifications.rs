//! Dated credentials of people: who holds what, for a project or everywhere, from when until when, proven by which document.

use countersign_model::{Instant, ProjectId, QualificationId, UserId};

use crate::{Address, Conn, StoreError, Tx, value::record};

record! {
    /// A certificate. Rows are only ever added; a revocation and a document fill their columns once.
    Qualification in "qualifications" {
        /// Id.
        id: QualificationId,
        /// Whose.
        user_id: UserId,
        /// Where it counts; absent where it counts on every project.
        project_id: Option<ProjectId>,
        /// Name, as protocols ask for it: `chest_ct`.
        name: String,
        /// Score of the test behind it, 0 to 1.
        score: Option<f64>,
        /// Who vouches for it outside: a board, a course.
        issuer: String,
        /// Valid from then on.
        valid_from: Instant,
        /// Valid until just before then.
        valid_until: Instant,
        /// SHA-256 of the document that proves it, hexadecimal.
        evidence_hash: Option<String>,
        /// Where that document is kept.
        evidence_reference: Option<String>,
        /// Who entered it.
        issued_by: Option<UserId>,
        /// When.
        issued_at: Instant,
        /// Who revoked it.
        revoked_by: Option<UserId>,
        /// When.
        revoked_at: Option<Instant>,
        /// Why.
        revoke_reason: Option<String>,
        /// Where its document lies among the papers.
        file_address: Option<Address>,
        /// Media type of the document.
        file_kind: Option<String>,
        /// Its size.
        file_bytes: Option<u64>,
        /// Who brought it.
        file_by: Option<UserId>,
        /// When.
        file_at: Option<Instant>,
    }
}

/// What papers lie under: they belong to the installation, whatever project a certificate counts on.
pub const PAPERS: ProjectId = ProjectId(uuid::Uuid::nil());

/// A document that was put among the papers.
#[derive(Clone, Debug)]
pub struct Paper<'a> {
    /// Where.
    pub address: Address,
    /// Media type.
    pub kind: &'a str,
    /// Size.
    pub bytes: u64,
    /// Its SHA-256, hexadecimal.
    pub hash: &'a str,
}

record! {
    /// That the end of a certificate was announced.
    Warning in "qualification_warnings" {
        /// Certificate.
        qualification_id: QualificationId,
        /// How many days before; 0 for the end itself.
        days: u32,
        /// When.
        at: Instant,
    }
}

/// Keeps a certificate.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, row: Qualification) -> Result<(), StoreError> {
    tx.insert(row).await
}

/// A certificate by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: QualificationId) -> Result<Option<Qualification>, StoreError> {
    conn.query("SELECT * FROM qualifications WHERE id = $1").bind(id).optional().await
}

/// Every certificate of a person, the one that lasts longest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_user(conn: &mut Conn, user: UserId) -> Result<Vec<Qualification>, StoreError> {
    let sql = "SELECT * FROM qualifications WHERE user_id = $1 ORDER BY valid_until DESC, id";
    conn.query(sql).bind(user).all().await
}

/// A person's certificates that count on a project, whatever their dates.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_user_on(
    conn: &mut Conn,
    user: UserId,
    project: ProjectId,
) -> Result<Vec<Qualification>, StoreError> {
    let sql = "SELECT * FROM qualifications WHERE user_id = $1 AND (project_id IS NULL OR project_id = $2) \
               ORDER BY valid_until DESC, id";
    conn.query(sql).bind(user).bind(project).all().await
}

/// Certificates that count on a project, of people who have a role there or had one when theirs was given for it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(
    conn: &mut Conn,
    project: ProjectId,
    limit: u32,
) -> Result<Vec<Qualification>, StoreError> {
    let sql = "SELECT q.* FROM qualifications q WHERE q.project_id = $1 OR (q.project_id IS NULL AND EXISTS (\
               SELECT 1 FROM grants g WHERE g.user_id = q.user_id AND g.project_id = $1 AND g.ended_at IS NULL)) \
               ORDER BY q.valid_until DESC, q.id LIMIT $2";
    conn.query(sql).bind(project).bind(limit).all().await
}

/// What each person with a role on a project holds there at a moment; a name may come more than once.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn held_by_person(
    conn: &mut Conn,
    project: ProjectId,
    now: Instant,
) -> Result<Vec<(UserId, String)>, StoreError> {
    let sql = "SELECT q.user_id, q.name FROM qualifications q WHERE (q.project_id IS NULL OR q.project_id = $1) \
               AND q.revoked_at IS NULL AND q.valid_from <= $2 AND q.valid_until > $2 AND EXISTS (\
               SELECT 1 FROM grants g WHERE g.user_id = q.user_id AND g.project_id = $1 AND g.ended_at IS NULL)";
    let rows = conn.query(sql).bind(project).bind(now).fetch_all().await?;
    rows.iter().map(|row| Ok((row.get("user_id")?, row.get("name")?))).collect()
}

/// Certificates that count on every project.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn everywhere(conn: &mut Conn, limit: u32) -> Result<Vec<Qualification>, StoreError> {
    let sql = "SELECT * FROM qualifications WHERE project_id IS NULL ORDER BY valid_until DESC, id LIMIT $1";
    conn.query(sql).bind(limit).all().await
}

/// Notes the document of a certificate; `false` when it has one.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn keep_paper(
    tx: &mut Tx,
    id: QualificationId,
    by: UserId,
    paper: Paper<'_>,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE qualifications SET file_address = $1, file_kind = $2, file_bytes = $3, file_by = $4, file_at = $5, \
               evidence_hash = $6 WHERE id = $7 AND file_address IS NULL";
    let query = tx.query(sql).bind(paper.address).bind(paper.kind).bind(paper.bytes).bind(by).bind(now);
    Ok(query.bind(paper.hash).bind(id).execute().await? > 0)
}

/// Where the documents of all certificates lie.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn papers(conn: &mut Conn) -> Result<Vec<Address>, StoreError> {
    let sql = "SELECT DISTINCT file_address FROM qualifications WHERE file_address IS NOT NULL ORDER BY file_address";
    let rows = conn.query(sql).fetch_all().await?;
    rows.iter().map(|row| row.get("file_address")).collect()
}

/// Revokes a certificate; `false` when it was revoked before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn revoke(tx: &mut Tx, id: QualificationId, by: UserId, reason: &str) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE qualifications SET revoked_by = $1, revoked_at = $2, revoke_reason = $3 \
               WHERE id = $4 AND revoked_at IS NULL";
    Ok(tx.query(sql).bind(by).bind(now).bind(reason).bind(id).execute().await? > 0)
}

/// Notes that the end of a certificate is announced; `false` when it was before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn warn(tx: &mut Tx, id: QualificationId, days: u32) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "INSERT INTO qualification_warnings (qualification_id, days, at) VALUES ($1, $2, $3) \
               ON CONFLICT DO NOTHING";
    Ok(tx.query(sql).bind(id).bind(days).bind(now).execute().await? > 0)
}
