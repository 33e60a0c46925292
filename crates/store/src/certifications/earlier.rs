//! Audits of the same labels, one after the other: which were begun, and what of them nobody kept.

use countersign_model::{CertificationId, ItemId, ProjectId};

use super::Certification;
use crate::{Conn, StoreError, Tx};

/// Audits of a project whose order was drawn, the first one first. Audits of batches state nothing about labels, and are
/// none.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn begun(conn: &mut Conn, project: ProjectId) -> Result<Vec<Certification>, StoreError> {
    let sql = "SELECT * FROM certifications WHERE project_id = $1 AND seeded_event IS NOT NULL \
               AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.id = certifications.id) ORDER BY seeded_at, id";
    conn.query(sql).bind(project).all().await
}

/// The next labels of a frozen set, by item id: item and content hash.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn labels_after(
    conn: &mut Conn,
    id: CertificationId,
    after: Option<ItemId>,
    limit: u32,
) -> Result<Vec<(ItemId, String)>, StoreError> {
    let sql = "SELECT item_id, content_hash FROM certification_units WHERE certification_id = $1 AND item_id > $2 \
               ORDER BY item_id LIMIT $3";
    let after = after.unwrap_or(ItemId(uuid::Uuid::nil()));
    let rows = conn.query(sql).bind(id).bind(after).bind(limit).scanning().fetch_all().await?;
    rows.iter().map(|row| Ok((row.get("item_id")?, row.get("content_hash")?))).collect()
}

/// Audits whose order was drawn and that cover any of the labels of a frozen set, but for its own. The project is to be
/// locked before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn covering(tx: &mut Tx, id: CertificationId) -> Result<Vec<CertificationId>, StoreError> {
    let sql = "SELECT c.id FROM certifications c JOIN certifications o ON o.id = $1 AND o.project_id = c.project_id \
               WHERE c.id <> $1 AND c.seeded_event IS NOT NULL \
               AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.id = c.id) \
               AND EXISTS (SELECT 1 FROM certification_units u JOIN certification_units n \
               ON n.certification_id = $1 AND n.item_id = u.item_id AND n.content_hash = u.content_hash \
               WHERE u.certification_id = c.id) ORDER BY c.id";
    let rows = tx.query(sql).bind(id).fetch_all().await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Units of an audit that its bounds do not count although somebody was shown their labels: not judged, or judged beyond the
/// first `checked` of the order. That labels were shown is known by its evidence, which outlives the claim.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn unsettled(conn: &mut Conn, id: CertificationId, checked: u64) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM certification_units u WHERE u.certification_id = $1 AND u.position >= $2 \
               AND (u.judged_at IS NOT NULL OR EXISTS (SELECT 1 FROM events s WHERE s.item_id = u.item_id \
               AND s.action = 'certification.shown' AND s.object_id = $1))";
    conn.query(sql).bind(id).bind(checked).fetch_one().await?.get("n")
}
