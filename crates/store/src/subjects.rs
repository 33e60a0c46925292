//! Subjects: whoever the bytes are about. Their keys are in the keyring, who they are in the vault; here are only ids.

use countersign_model::{AssetId, Instant, ItemId, ProjectId, SubjectId, Zone};

use crate::{
    Address, Conn, Engine, StoreError, Tx,
    assets::Asset,
    items::Item,
    value::{record, row},
};

record! {
    /// Whoever the bytes are about, within one project.
    Subject in "subjects" {
        /// Id; also the name of their key.
        id: SubjectId,
        /// Project.
        project_id: ProjectId,
        /// Number within the project, from 1. It stays when everything else is gone.
        number: u64,
        /// `patient`, `drive`, `lot`, `table`, `text` or `project`.
        kind: String,
        /// Finds them again: a keyed hash under the keyring's key. Absent once they are erased.
        tag: Option<String>,
        /// What stands for a patient, once the gate has named it. Absent once they are erased.
        pseudonym: Option<String>,
        /// `live` or `erased`.
        state: String,
        /// First seen.
        created_at: Instant,
        /// Erased.
        erased_at: Option<Instant>,
    }
}

impl Subject {
    /// How people name somebody who is gone.
    pub fn erased_name(&self) -> String {
        format!("erased subject #{}", self.number)
    }

    /// Whether nothing of them is left.
    pub fn is_erased(&self) -> bool {
        self.state == "erased"
    }
}

record! {
    /// An item with something about a subject in it.
    SubjectItem in "subject_items" {
        /// Item.
        item_id: ItemId,
        /// Subject.
        subject_id: SubjectId,
    }
}

record! {
    /// An asset that is about a subject and sealed with their key.
    SubjectAsset in "subject_assets" {
        /// Asset.
        asset_id: AssetId,
        /// Subject.
        subject_id: SubjectId,
    }
}

row! {
    /// What a subject has.
    Counts {
        /// Subject.
        subject_id: SubjectId,
        /// Items.
        items: u64,
        /// Files.
        assets: u64,
        /// Their plain size, bytes.
        bytes: u64,
    }
}

/// A subject by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: SubjectId) -> Result<Option<Subject>, StoreError> {
    conn.query("SELECT * FROM subjects WHERE id = $1").bind(id).optional().await
}

/// A subject by what finds them again.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_tag(conn: &mut Conn, project: ProjectId, tag: &str) -> Result<Option<Subject>, StoreError> {
    let sql = "SELECT * FROM subjects WHERE project_id = $1 AND tag = $2";
    conn.query(sql).bind(project).bind(tag).optional().await
}

/// A subject by pseudonym.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_pseudonym(
    conn: &mut Conn,
    project: ProjectId,
    pseudonym: &str,
) -> Result<Option<Subject>, StoreError> {
    let sql = "SELECT * FROM subjects WHERE project_id = $1 AND pseudonym = $2 ORDER BY number LIMIT 1";
    conn.query(sql).bind(project).bind(pseudonym).optional().await
}

/// Subjects of a project by number, after the last of the page before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn list(
    conn: &mut Conn,
    project: ProjectId,
    after: u64,
    limit: u32,
) -> Result<Vec<Subject>, StoreError> {
    let sql = "SELECT * FROM subjects WHERE project_id = $1 AND number > $2 ORDER BY number LIMIT $3";
    conn.query(sql).bind(project).bind(after).bind(limit).all().await
}

/// Every subject whose bytes should be there: to be compared with the keyring after a restore.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn live(conn: &mut Conn) -> Result<Vec<Subject>, StoreError> {
    conn.query("SELECT * FROM subjects WHERE state = 'live' ORDER BY id").all().await
}

/// What the subject has.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn counts(conn: &mut Conn, id: SubjectId) -> Result<Counts, StoreError> {
    let sql = "SELECT s.id AS subject_id, \
               (SELECT COUNT(*) FROM subject_items i WHERE i.subject_id = s.id) AS items, \
               (SELECT COUNT(*) FROM subject_assets a WHERE a.subject_id = s.id) AS assets, \
               (SELECT CAST(COALESCE(SUM(a.bytes), 0) AS BIGINT) FROM subject_assets sa JOIN assets a \
               ON a.id = sa.asset_id WHERE sa.subject_id = s.id) AS bytes FROM subjects s WHERE s.id = $1";
    let found: Option<Counts> = conn.query(sql).bind(id).optional().await?;
    found.ok_or(StoreError::NotFound { place: "subjects" })
}

/// The subject with this tag, made if there is none; whether it is new.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn ensure(
    tx: &mut Tx,
    project: ProjectId,
    kind: &str,
    tag: &str,
) -> Result<(Subject, bool), StoreError> {
    if tx.engine() == Engine::Postgres {
        // Numbers are given out one by one; SQLite has one writer anyway.
        tx.query("SELECT id FROM projects WHERE id = $1 FOR UPDATE").bind(project).fetch_all().await?;
    }
    if let Some(found) = by_tag(tx, project, tag).await? {
        return Ok((found, false));
    }
    let sql = "SELECT COALESCE(MAX(number), 0) + 1 AS number FROM subjects WHERE project_id = $1";
    let number = tx.query(sql).bind(project).fetch_one().await?.get("number")?;
    let subject = Subject {
        id: tx.fresh(),
        project_id: project,
        number,
        kind: kind.to_owned(),
        tag: Some(tag.to_owned()),
        pseudonym: None,
        state: "live".to_owned(),
        created_at: tx.now(),
        erased_at: None,
    };
    tx.insert(subject.clone()).await?;
    Ok((subject, true))
}

/// Notes what stands for a patient.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn name(tx: &mut Tx, id: SubjectId, pseudonym: &str) -> Result<(), StoreError> {
    let sql = "UPDATE subjects SET pseudonym = $1 WHERE id = $2 AND state = 'live'";
    tx.query(sql).bind(pseudonym).bind(id).execute().await.map(drop)
}

/// Says that an asset is about a subject. What is said first stays.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn link_asset(tx: &mut Tx, asset: AssetId, subject: SubjectId) -> Result<(), StoreError> {
    let sql = "INSERT INTO subject_assets (asset_id, subject_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    tx.query(sql).bind(asset).bind(subject).execute().await.map(drop)
}

/// Gives an asset to another subject, who needs it too.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn relink_asset(tx: &mut Tx, asset: AssetId, subject: SubjectId) -> Result<(), StoreError> {
    let sql = "UPDATE subject_assets SET subject_id = $1 WHERE asset_id = $2";
    tx.query(sql).bind(subject).bind(asset).execute().await.map(drop)
}

/// Puts under an item everybody whom its assets are about.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn link_item(tx: &mut Tx, item: ItemId, assets: &[AssetId]) -> Result<(), StoreError> {
    for asset in assets {
        let sql = "INSERT INTO subject_items (item_id, subject_id) \
                   SELECT CAST($1 AS UUID), subject_id FROM subject_assets WHERE asset_id = $2 ON CONFLICT DO NOTHING";
        let sqlite = "INSERT INTO subject_items (item_id, subject_id) \
                      SELECT $1, subject_id FROM subject_assets WHERE asset_id = $2 ON CONFLICT DO NOTHING";
        tx.query_for(sqlite, sql).bind(item).bind(*asset).execute().await?;
    }
    Ok(())
}

/// Whom an asset is about.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_asset(conn: &mut Conn, asset: AssetId) -> Result<Option<Subject>, StoreError> {
    let sql = "SELECT s.* FROM subject_assets a JOIN subjects s ON s.id = a.subject_id WHERE a.asset_id = $1";
    conn.query(sql).bind(asset).optional().await
}

/// Whom the assets under an item are about, those of other items that it shares included.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_assets_under(conn: &mut Conn, item: ItemId) -> Result<Vec<SubjectAsset>, StoreError> {
    let sql = "SELECT s.* FROM subject_assets s WHERE s.asset_id IN (SELECT id FROM assets WHERE item_id = $1 \
               UNION SELECT asset_id FROM item_assets WHERE item_id = $1) ORDER BY s.asset_id";
    conn.query(sql).bind(item).all().await
}

/// Whom an item is about.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Vec<Subject>, StoreError> {
    let sql = "SELECT s.* FROM subject_items i JOIN subjects s ON s.id = i.subject_id WHERE i.item_id = $1 \
               ORDER BY s.number";
    conn.query(sql).bind(item).all().await
}

/// Items with something about a subject.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn items(conn: &mut Conn, id: SubjectId) -> Result<Vec<Item>, StoreError> {
    let sql = "SELECT i.* FROM subject_items s JOIN items i ON i.id = s.item_id WHERE s.subject_id = $1 ORDER BY i.id";
    conn.query(sql).bind(id).all().await
}

/// Assets about a subject.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn assets(conn: &mut Conn, id: SubjectId) -> Result<Vec<Asset>, StoreError> {
    let sql = "SELECT a.* FROM subject_assets s JOIN assets a ON a.id = s.asset_id WHERE s.subject_id = $1 ORDER BY a.id";
    conn.query(sql).bind(id).all().await
}

row! {
    /// An asset of a subject that an item of another, living subject needs too.
    Shared {
        /// Asset.
        asset_id: AssetId,
        /// Its zone.
        zone: Zone,
        /// Its address.
        address: Address,
        /// The other subject.
        subject_id: SubjectId,
    }
}

/// Assets of a subject under items that are about other living subjects and not about this one: a template, a
/// calibration.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn shared(conn: &mut Conn, id: SubjectId) -> Result<Vec<Shared>, StoreError> {
    let sql = "SELECT a.id AS asset_id, a.zone, a.address, o.id AS subject_id FROM subject_assets sa \
               JOIN assets a ON a.id = sa.asset_id \
               JOIN (SELECT item_id, asset_id FROM item_assets \
               UNION SELECT item_id, id AS asset_id FROM assets WHERE item_id IS NOT NULL) u ON u.asset_id = a.id \
               JOIN subject_items si ON si.item_id = u.item_id AND si.subject_id <> sa.subject_id \
               JOIN subjects o ON o.id = si.subject_id AND o.state = 'live' \
               WHERE sa.subject_id = $1 AND NOT EXISTS (SELECT 1 FROM subject_items own \
               WHERE own.item_id = u.item_id AND own.subject_id = sa.subject_id) ORDER BY a.id, o.number";
    conn.query(sql).bind(id).all().await
}
