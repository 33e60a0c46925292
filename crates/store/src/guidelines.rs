//! Guidelines: the draft and the published versions of each project, and who has read which.

use countersign_model::{GuidelineId, Instant, ProjectId, ReleaseId, UserId};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// A draft, or a published version. What was published never changes.
    Guideline in "guidelines" {
        /// Id.
        id: GuidelineId,
        /// Project.
        project_id: ProjectId,
        /// `draft` or `published`.
        state: String,
        /// Version; 0.0.0 for a draft.
        major: u32,
        /// Version.
        minor: u32,
        /// Version.
        patch: u32,
        /// Counts saves of the draft.
        revision: u64,
        /// Text and cards, canonical JSON.
        document: String,
        /// SHA-256 of the document once published, hexadecimal.
        content_hash: Option<String>,
        /// `clarification`, `extension` or `correction`.
        change_kind: Option<String>,
        /// What changed and why.
        summary: Option<String>,
        /// Classes that the change is about, JSON.
        classes: String,
        /// Disputes that led to it, JSON.
        disputes: String,
        /// Who began the draft.
        created_by: Option<UserId>,
        /// When.
        created_at: Instant,
        /// Who published it.
        published_by: Option<UserId>,
        /// When.
        published_at: Option<Instant>,
        /// Work had begun when it was published, and it asks for something else than what held before.
        deviation: bool,
    }
}

record! {
    /// That somebody has read a version and will follow it.
    Reader in "guideline_readers" {
        /// Version.
        guideline_id: GuidelineId,
        /// Who.
        user_id: UserId,
        /// Project.
        project_id: ProjectId,
        /// When.
        at: Instant,
    }
}

/// Begins a draft.
///
/// # Errors
/// [`StoreError::Conflict`] when the project has one.
pub async fn insert(tx: &mut Tx, guideline: Guideline) -> Result<(), StoreError> {
    tx.insert(guideline).await
}

/// By id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: GuidelineId) -> Result<Option<Guideline>, StoreError> {
    conn.query("SELECT * FROM guidelines WHERE id = $1").bind(id).optional().await
}

/// The draft of a project.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn draft(conn: &mut Conn, project: ProjectId) -> Result<Option<Guideline>, StoreError> {
    let sql = "SELECT * FROM guidelines WHERE project_id = $1 AND state = 'draft'";
    conn.query(sql).bind(project).optional().await
}

/// The version in force.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn current(conn: &mut Conn, project: ProjectId) -> Result<Option<Guideline>, StoreError> {
    let sql = "SELECT * FROM guidelines WHERE project_id = $1 AND state = 'published' \
               ORDER BY major DESC, minor DESC, patch DESC LIMIT 1";
    conn.query(sql).bind(project).optional().await
}

/// Published versions, the newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn published(
    conn: &mut Conn,
    project: ProjectId,
    limit: u32,
) -> Result<Vec<Guideline>, StoreError> {
    let sql = "SELECT * FROM guidelines WHERE project_id = $1 AND state = 'published' \
               ORDER BY major DESC, minor DESC, patch DESC LIMIT $2";
    conn.query(sql).bind(project).bind(limit).all().await
}

/// Saves a draft; `false` when it is not at that revision, or no draft any more.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn save(tx: &mut Tx, id: GuidelineId, revision: u64, document: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE guidelines SET document = $1, revision = revision + 1 \
               WHERE id = $2 AND revision = $3 AND state = 'draft'";
    Ok(tx.query(sql).bind(document).bind(id).bind(revision).execute().await? > 0)
}

/// Raises the revision of a draft that is about to wait for its time; `false` when it is not at that revision, or no draft any more.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn freeze(tx: &mut Tx, id: GuidelineId, revision: u64) -> Result<bool, StoreError> {
    let sql =
        "UPDATE guidelines SET revision = revision + 1 WHERE id = $1 AND revision = $2 AND state = 'draft'";
    Ok(tx.query(sql).bind(id).bind(revision).execute().await? > 0)
}

/// Publishes a draft as the row says; `false` when it is not at that revision, or no draft any more.
///
/// # Errors
/// [`StoreError::Conflict`] when the version is taken.
pub async fn publish(tx: &mut Tx, row: Guideline) -> Result<bool, StoreError> {
    let sql = "UPDATE guidelines SET state = 'published', major = $1, minor = $2, patch = $3, content_hash = $4, \
               change_kind = $5, summary = $6, classes = $7, disputes = $8, published_by = $9, published_at = $10, \
               deviation = $11 WHERE id = $12 AND revision = $13 AND state = 'draft'";
    let query = tx.query(sql).bind(row.major).bind(row.minor).bind(row.patch).bind(row.content_hash);
    let query = query.bind(row.change_kind).bind(row.summary).bind(row.classes).bind(row.disputes);
    let query = query.bind(row.published_by).bind(row.published_at).bind(row.deviation);
    let query = query.bind(row.id).bind(row.revision);
    Ok(query.execute().await? > 0)
}

/// Keeps that somebody has read a version; `false` when that was known.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn acknowledge(
    tx: &mut Tx,
    id: GuidelineId,
    user: UserId,
    project: ProjectId,
) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "INSERT INTO guideline_readers (guideline_id, user_id, project_id, at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT DO NOTHING";
    Ok(tx.query(sql).bind(id).bind(user).bind(project).bind(now).execute().await? > 0)
}

/// The newest version of a project that somebody has read.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn acknowledged(
    conn: &mut Conn,
    user: UserId,
    project: ProjectId,
) -> Result<Option<Guideline>, StoreError> {
    let sql = "SELECT g.* FROM guidelines g JOIN guideline_readers r ON r.guideline_id = g.id \
               WHERE r.user_id = $1 AND r.project_id = $2 ORDER BY g.major DESC, g.minor DESC, g.patch DESC LIMIT 1";
    conn.query(sql).bind(user).bind(project).optional().await
}

/// How many people have read a version.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_readers(conn: &mut Conn, id: GuidelineId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM guideline_readers WHERE guideline_id = $1";
    conn.query(sql).bind(id).fetch_one().await?.get("n")
}

/// The versions that the labels of a release are stamped with.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn cited(conn: &mut Conn, release: ReleaseId) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT DISTINCT a.guideline FROM release_items r JOIN annotations a ON a.read_id = r.read_id \
               WHERE r.release_id = $1 AND a.guideline IS NOT NULL ORDER BY a.guideline";
    let rows = conn.query(sql).bind(release).scanning().fetch_all().await?;
    rows.iter().map(|row| row.get("guideline")).collect()
}
