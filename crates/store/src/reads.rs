//! Reads with their annotations, reviews and signatures.

use countersign_model::{
    AnnotationId, EventId, Instant, ItemId, ProjectId, ReadId, SignatureId, SignatureMeaning, StageKind,
    UserId,
};
use uuid::Uuid;

use crate::{
    Conn, Row, StoreError, Tx,
    value::{FromRow, record},
};

record! {
    /// One person's or one model's set of annotations for one item at one stage.
    Read in "reads" {
        /// Id.
        id: ReadId,
        /// Item.
        item_id: ItemId,
        /// Project.
        project_id: ProjectId,
        /// Stage of the protocol, from 0.
        stage: u32,
        /// What the stage does.
        kind: StageKind,
        /// The person, if a person.
        author_user: Option<UserId>,
        /// The model, if a model.
        author_model: Option<String>,
        /// Its version.
        author_model_version: Option<String>,
        /// `draft`, `submitted`, `returned`, `superseded` or `void`.
        status: String,
        /// The read that this one began as a copy of.
        base_read_id: Option<ReadId>,
        /// Counts changes; the ETag.
        revision: u64,
        /// SHA-256 of the locked content, hexadecimal.
        content_hash: Option<String>,
        /// Protocol version that it was done under.
        protocol_version: u32,
        /// Begun.
        created_at: Instant,
        /// Locked.
        submitted_at: Option<Instant>,
        /// Annotations now.
        annotation_count: u32,
        /// The rule that merged it, if a rule did.
        author_rule: Option<String>,
        /// SHA-256 of the model that drafted, hexadecimal; absent for people and for drafts from before it was kept.
        model_hash: Option<String>,
        /// What that hash is over: `file` (the bytes of the model) or `declaration` (its name, version and settings).
        model_hash_of: Option<String>,
        /// It was locked with the answer that the whole item cannot be assessed.
        cannot_assess: bool,
    }
}

record! {
    /// One version of one annotation in one read. Rows are only ever added.
    AnnotationRow in "annotations" {
        /// Read.
        read_id: ReadId,
        /// Annotation.
        annotation_id: AnnotationId,
        /// Its version.
        version: u32,
        /// Revision of the read that added the row.
        seq: u64,
        /// The annotation as canonical JSON; absent when it was removed.
        body: Option<String>,
        /// Who changed it; absent for models.
        author_user: Option<UserId>,
        /// When.
        at: Instant,
        /// The version of the guideline that its author had read; absent for machines, and before there was one.
        guideline: Option<String>,
    }
}

record! {
    /// A reviewer's decision.
    Review in "reviews" {
        /// Id.
        id: Uuid,
        /// Item.
        item_id: ItemId,
        /// The reviewer's own read.
        read_id: ReadId,
        /// The read that was reviewed.
        subject_read_id: ReadId,
        /// Reviewer.
        user_id: UserId,
        /// `accept`, `fix` or `reject`.
        decision: String,
        /// Reason code.
        reason: Option<String>,
        /// Words to the author.
        comment: Option<String>,
        /// Answer to "is anything missing?": `nothing`, `added` or `unanswered`.
        missing: String,
        /// When.
        at: Instant,
        /// Answers to "is each mark right?", as the pipeline spells them (JSON).
        marks: String,
    }
}

record! {
    /// A signature over a read's content.
    Signature in "signatures" {
        /// Id.
        id: SignatureId,
        /// Item.
        item_id: ItemId,
        /// Read.
        read_id: ReadId,
        /// Signer.
        user_id: UserId,
        /// Their name as printed then.
        printed_name: String,
        /// What it says.
        meaning: SignatureMeaning,
        /// SHA-256 of the content, hexadecimal.
        content_hash: String,
        /// When.
        at: Instant,
        /// Its evidence.
        event_id: EventId,
    }
}

/// Begins a read.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, read: Read) -> Result<(), StoreError> {
    tx.insert(read).await
}

/// A read by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: ReadId) -> Result<Option<Read>, StoreError> {
    conn.query("SELECT * FROM reads WHERE id = $1").bind(id).optional().await
}

/// Reads of an item, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Vec<Read>, StoreError> {
    conn.query("SELECT * FROM reads WHERE item_id = $1 ORDER BY id").bind(item).all().await
}

/// Moves a draft's revision on; the new revision, or `None` when `expected` is stale or the read is locked.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn advance(
    tx: &mut Tx,
    id: ReadId,
    expected: u64,
    annotation_count: u32,
) -> Result<Option<u64>, StoreError> {
    let sql = "UPDATE reads SET revision = revision + 1, annotation_count = $1 \
               WHERE id = $2 AND revision = $3 AND status = 'draft' RETURNING revision";
    let row = tx.query(sql).bind(annotation_count).bind(id).bind(expected).fetch_optional().await?;
    row.map(|row| row.get("revision")).transpose()
}

/// Whether a row of `annotations` is an answer that something cannot be assessed, and no mark. A quote inside a text is spelled
/// `\"` in JSON, so that no text that somebody wrote reads like the field.
macro_rules! answer {
    ($row:literal) => {
        concat!("(", $row, ".body LIKE '%\"class\":\"cannot-assess\"%')")
    };
}
pub(crate) use answer;

/// Locks a read under its content hash, and notes whether it says of the whole item that it cannot be assessed.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lock(
    tx: &mut Tx,
    id: ReadId,
    content_hash: &str,
    cannot_assess: bool,
) -> Result<(), StoreError> {
    set_status(tx, id, "submitted", Some(content_hash)).await?;
    let sql = "UPDATE reads SET cannot_assess = $1 WHERE id = $2";
    tx.query(sql).bind(cannot_assess).bind(id).execute().await.map(drop)
}

/// Sets a read's status; with a content hash when it is locked.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_status(
    tx: &mut Tx,
    id: ReadId,
    status: &str,
    content_hash: Option<&str>,
) -> Result<(), StoreError> {
    let submitted = (status == "submitted").then(|| tx.now());
    let sql = "UPDATE reads SET status = $1, content_hash = COALESCE($2, content_hash), \
               submitted_at = COALESCE(submitted_at, $3) WHERE id = $4";
    tx.query(sql).bind(status).bind(content_hash).bind(submitted).bind(id).execute().await.map(drop)
}

/// Adds versions of annotations.
///
/// # Errors
/// [`StoreError::Conflict`] when one of them exists already.
pub async fn annotate(tx: &mut Tx, rows: Vec<AnnotationRow>) -> Result<(), StoreError> {
    tx.insert_all(rows).await.map(drop)
}

/// The current annotations of a read: for each annotation its last row, unless that removed it. In order of id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn annotations(conn: &mut Conn, id: ReadId) -> Result<Vec<AnnotationRow>, StoreError> {
    let sql = "SELECT a.* FROM annotations a WHERE a.read_id = $1 AND a.body IS NOT NULL AND NOT EXISTS (\
               SELECT 1 FROM annotations b WHERE b.read_id = a.read_id AND b.annotation_id = a.annotation_id \
               AND b.version > a.version) ORDER BY a.annotation_id";
    conn.query(sql).bind(id).all().await
}

/// Whether some version of some annotation of a read may hold a relation: no false answer is "no".
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn has_relations(conn: &mut Conn, id: ReadId) -> Result<bool, StoreError> {
    let sql =
        "SELECT annotation_id FROM annotations WHERE read_id = $1 AND body LIKE '%\"relations\":[%' LIMIT 1";
    Ok(!conn.query(sql).bind(id).fetch_all().await?.is_empty())
}

/// Every version of every annotation of a read, as they were added.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn history(conn: &mut Conn, id: ReadId) -> Result<Vec<AnnotationRow>, StoreError> {
    let sql = "SELECT * FROM annotations WHERE read_id = $1 ORDER BY seq, annotation_id, version";
    conn.query(sql).bind(id).all().await
}

/// The versions of the guideline that the authors of a read's annotations had read when they drew; `None` among them where one
/// had read none. Empty for a read in which no person drew.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn guidelines_read(conn: &mut Conn, id: ReadId) -> Result<Vec<Option<String>>, StoreError> {
    let sql = "SELECT DISTINCT guideline FROM annotations WHERE read_id = $1 AND author_user IS NOT NULL";
    let rows = conn.query(sql).bind(id).fetch_all().await?;
    rows.iter().map(|row| row.get("guideline")).collect()
}

/// The last `limit` versions of one annotation of a read, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn versions(
    conn: &mut Conn,
    id: ReadId,
    annotation: AnnotationId,
    limit: u32,
) -> Result<Vec<AnnotationRow>, StoreError> {
    let sql = "SELECT * FROM annotations WHERE read_id = $1 AND annotation_id = $2 ORDER BY seq DESC, version DESC LIMIT $3";
    let mut rows: Vec<AnnotationRow> = conn.query(sql).bind(id).bind(annotation).bind(limit).all().await?;
    rows.reverse();
    Ok(rows)
}

/// What was taken out of a read and is not in it now: the last content of each annotation, and who took it out when.
#[derive(Debug)]
pub struct Removed {
    /// The last row that held content.
    pub last: AnnotationRow,
    /// Version under which it was taken out.
    pub version: u32,
    /// When.
    pub at: Instant,
    /// By whom.
    pub by: Option<UserId>,
}

/// The `limit` annotations that were taken out of a read last, the newest removal first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn removed(conn: &mut Conn, id: ReadId, limit: u32) -> Result<Vec<Removed>, StoreError> {
    let sql = "SELECT a.*, t.version AS out_version, t.at AS out_at, t.author_user AS out_by FROM annotations t \
               JOIN annotations a ON a.read_id = t.read_id AND a.annotation_id = t.annotation_id \
               WHERE t.read_id = $1 AND t.body IS NULL AND a.body IS NOT NULL \
               AND NOT EXISTS (SELECT 1 FROM annotations b WHERE b.read_id = t.read_id \
               AND b.annotation_id = t.annotation_id AND b.version > t.version) \
               AND NOT EXISTS (SELECT 1 FROM annotations b WHERE b.read_id = a.read_id \
               AND b.annotation_id = a.annotation_id AND b.version > a.version AND b.body IS NOT NULL) \
               ORDER BY t.seq DESC, t.annotation_id LIMIT $2";
    let rows = conn.query(sql).bind(id).bind(limit).fetch_all().await?;
    let removed = |row: &Row| {
        Ok(Removed {
            last: AnnotationRow::from_row(row)?,
            version: row.get("out_version")?,
            at: row.get("out_at")?,
            by: row.get("out_by")?,
        })
    };
    rows.iter().map(removed).collect()
}

/// Begins a read as a copy of another: current annotations keep id, version, author and time. How many there are.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn copy_annotations(tx: &mut Tx, from: ReadId, to: ReadId) -> Result<u32, StoreError> {
    let sql = "INSERT INTO annotations (read_id, annotation_id, version, seq, body, author_user, at, guideline) \
               SELECT $1, a.annotation_id, a.version, 0, a.body, a.author_user, a.at, a.guideline FROM annotations a \
               WHERE a.read_id = $2 AND a.body IS NOT NULL AND NOT EXISTS (\
               SELECT 1 FROM annotations b WHERE b.read_id = a.read_id AND b.annotation_id = a.annotation_id \
               AND b.version > a.version)";
    let copied = tx.query(sql).bind(to).bind(from).execute().await?;
    Ok(u32::try_from(copied).unwrap_or(u32::MAX))
}

/// Keeps a review.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_review(tx: &mut Tx, review: Review) -> Result<(), StoreError> {
    tx.insert(review).await
}

/// A review by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn review(conn: &mut Conn, id: Uuid) -> Result<Option<Review>, StoreError> {
    conn.query("SELECT * FROM reviews WHERE id = $1").bind(id).optional().await
}

/// Reviews of an item, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn reviews(conn: &mut Conn, item: ItemId) -> Result<Vec<Review>, StoreError> {
    conn.query("SELECT * FROM reviews WHERE item_id = $1 ORDER BY id").bind(item).all().await
}

/// A signature.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn signature(conn: &mut Conn, id: SignatureId) -> Result<Option<Signature>, StoreError> {
    conn.query("SELECT * FROM signatures WHERE id = $1").bind(id).optional().await
}

/// Keeps a signature.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_signature(tx: &mut Tx, signature: Signature) -> Result<(), StoreError> {
    tx.insert(signature).await
}

/// Signatures of an item, oldest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn signatures(conn: &mut Conn, item: ItemId) -> Result<Vec<Signature>, StoreError> {
    conn.query("SELECT * FROM signatures WHERE item_id = $1 ORDER BY id").bind(item).all().await
}
