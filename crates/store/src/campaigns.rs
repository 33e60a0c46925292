//! Campaigns: named rounds of rework over items whose labels follow an older rule. And what stands where: counts of
//! accepted labels by class, in the project and in each release.

use countersign_model::{CampaignId, GuidelineId, Instant, ItemId, ProjectId, ReadId, ReleaseId, UserId};

use crate::{Conn, StoreError, Tx, value::record};

record! {
    /// A campaign.
    Campaign in "campaigns" {
        /// Id.
        id: CampaignId,
        /// Project.
        project_id: ProjectId,
        /// The correction of the guideline that it follows from.
        guideline_id: Option<GuidelineId>,
        /// Name.
        name: String,
        /// Classes whose labels are looked at again, JSON.
        classes: String,
        /// `opening` while items are looked for or waited for, then `open`.
        state: String,
        /// Who opened it.
        opened_by: Option<UserId>,
        /// When.
        opened_at: Instant,
    }
}

record! {
    /// An item of a campaign.
    CampaignItem in "campaign_items" {
        /// Campaign.
        campaign_id: CampaignId,
        /// Item.
        item_id: ItemId,
        /// The read that stood before.
        read_id: ReadId,
        /// Why it was left as it is, until it is looked at again; absent where it went back into work.
        skipped: Option<String>,
        /// When.
        at: Instant,
    }
}

/// Items of a campaign that stand alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `done` where it was accepted anew, `again` where it is back in work; otherwise why it was left: the code of a refusal, or
    /// where the item is now (`in_work`, `recalled`, `rejected`, `withdrawn`, `erased`).
    pub word: String,
    /// How many.
    pub items: u64,
}

/// An item that a campaign left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftItem {
    /// Item.
    pub id: ItemId,
    /// Its name.
    pub name: String,
    /// Why, as in [`Standing`].
    pub word: String,
}

/// Which items count as in work since before a campaign: those that were begun, or, after a change of classes, every one
/// that runs under an earlier version of the protocol.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    /// Campaign.
    pub campaign: CampaignId,
    /// Project.
    pub project: ProjectId,
    /// When it was opened.
    pub opened_at: Instant,
    /// The version of the protocol that a change of classes made.
    pub version: Option<u32>,
}

/// Opens a campaign.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert(tx: &mut Tx, campaign: Campaign) -> Result<(), StoreError> {
    tx.insert(campaign).await
}

/// By id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: CampaignId) -> Result<Option<Campaign>, StoreError> {
    conn.query("SELECT * FROM campaigns WHERE id = $1").bind(id).optional().await
}

/// Campaigns of a project, the newest first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_project(
    conn: &mut Conn,
    project: ProjectId,
    limit: u32,
) -> Result<Vec<Campaign>, StoreError> {
    let sql = "SELECT * FROM campaigns WHERE project_id = $1 ORDER BY id DESC LIMIT $2";
    conn.query(sql).bind(project).bind(limit).all().await
}

/// The newest campaign that an item is in work for: the read that it began from still stands.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(conn: &mut Conn, item: ItemId) -> Result<Option<Campaign>, StoreError> {
    let sql = "SELECT c.* FROM campaigns c JOIN campaign_items i ON i.campaign_id = c.id \
               JOIN items x ON x.id = i.item_id AND x.accepted_read_id = i.read_id \
               WHERE i.item_id = $1 AND i.skipped IS NULL AND x.state NOT IN ('accepted', 'released') ORDER BY c.id DESC LIMIT 1";
    conn.query(sql).bind(item).optional().await
}

/// Locks a campaign, so that what it waits for and its state are written by one job after another.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lock(tx: &mut Tx, id: CampaignId) -> Result<(), StoreError> {
    let query = tx.query_for(
        "SELECT id FROM campaigns WHERE id = $1",
        "SELECT id FROM campaigns WHERE id = $1 FOR UPDATE",
    );
    query.bind(id).fetch_optional().await.map(drop)
}

/// Notes that items are looked for or waited for, or that nothing is any more.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn set_state(tx: &mut Tx, id: CampaignId, state: &str) -> Result<(), StoreError> {
    let sql = "UPDATE campaigns SET state = $1 WHERE id = $2";
    tx.query(sql).bind(state).bind(id).execute().await.map(drop)
}

/// Puts an item into a campaign.
///
/// # Errors
/// [`StoreError::Conflict`] when it is in it already.
pub async fn insert_item(tx: &mut Tx, item: CampaignItem) -> Result<(), StoreError> {
    tx.insert(item).await
}

/// Where an item stands in a campaign, as [`Standing`] says it.
macro_rules! standing {
    () => {
        "CASE WHEN i.state IN ('rejected', 'withdrawn', 'erased', 'recalled') THEN i.state \
         WHEN c.skipped IS NOT NULL AND i.state IN ('accepted', 'released') THEN c.skipped \
         WHEN c.skipped IS NOT NULL THEN 'in_work' \
         WHEN i.state IN ('accepted', 'released') AND i.accepted_read_id <> c.read_id THEN 'done' ELSE 'again' END"
    };
}

/// How the items that a campaign looked at stand.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn standings(conn: &mut Conn, id: CampaignId) -> Result<Vec<Standing>, StoreError> {
    let sql = concat!(
        "SELECT ",
        standing!(),
        " AS word, COUNT(*) AS n FROM campaign_items c JOIN items i ON i.id = c.item_id \
         WHERE c.campaign_id = $1 GROUP BY 1 ORDER BY 1"
    );
    let rows = conn.query(sql).bind(id).scanning().fetch_all().await?;
    rows.iter().map(|row| Ok(Standing { word: row.get("word")?, items: row.get("n")? })).collect()
}

/// Items that a campaign looked at and left, in order of their ids.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn left_items(conn: &mut Conn, id: CampaignId, limit: u32) -> Result<Vec<LeftItem>, StoreError> {
    let sql = concat!(
        "SELECT i.id, i.name, ",
        standing!(),
        " AS word FROM campaign_items c JOIN items i ON i.id = c.item_id WHERE c.campaign_id = $1 \
         AND (c.skipped IS NOT NULL OR i.state IN ('rejected', 'withdrawn', 'erased', 'recalled')) \
         ORDER BY i.id LIMIT $2"
    );
    let rows = conn.query(sql).bind(id).bind(limit).scanning().fetch_all().await?;
    rows.iter().map(left_item).collect()
}

fn left_item(row: &crate::Row) -> Result<LeftItem, StoreError> {
    Ok(LeftItem { id: row.get("id")?, name: row.get("name")?, word: row.get("word")? })
}

/// Whether an item that a campaign looked at may still have to be put back into work: it was left where labels are still
/// drawn, or it is recalled.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn any_left(conn: &mut Conn, id: CampaignId) -> Result<bool, StoreError> {
    let sql = "SELECT c.item_id FROM campaign_items c JOIN items i ON i.id = c.item_id WHERE c.campaign_id = $1 \
               AND (i.state = 'recalled' OR (c.skipped IS NOT NULL \
               AND i.state NOT IN ('rejected', 'withdrawn', 'erased'))) LIMIT 1";
    Ok(conn.query(sql).bind(id).scanning().fetch_optional().await?.is_some())
}

/// An item's entry in a campaign.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn item(
    conn: &mut Conn,
    campaign: CampaignId,
    item: ItemId,
) -> Result<Option<CampaignItem>, StoreError> {
    let sql = "SELECT * FROM campaign_items WHERE campaign_id = $1 AND item_id = $2";
    conn.query(sql).bind(campaign).bind(item).optional().await
}

/// Notes what became of an item that was left before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn looked_again(tx: &mut Tx, entry: CampaignItem) -> Result<(), StoreError> {
    let sql = "UPDATE campaign_items SET read_id = $1, skipped = $2, at = $3 \
               WHERE campaign_id = $4 AND item_id = $5";
    let query = tx.query(sql).bind(entry.read_id).bind(entry.skipped).bind(entry.at);
    query.bind(entry.campaign_id).bind(entry.item_id).execute().await.map(drop)
}

/// Campaigns that still look for items and may have to look at this one: it is older than they are, and not back in work for
/// them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn waiting_for(
    conn: &mut Conn,
    project: ProjectId,
    item: ItemId,
    item_since: Instant,
) -> Result<Vec<CampaignId>, StoreError> {
    let sql = "SELECT g.id FROM campaigns g WHERE g.project_id = $1 AND g.state = 'opening' AND g.opened_at > $2 \
               AND NOT EXISTS (SELECT 1 FROM campaign_items c WHERE c.campaign_id = g.id AND c.item_id = $3 \
               AND c.skipped IS NULL) ORDER BY g.id";
    let rows = conn.query(sql).bind(project).bind(item_since).bind(item).fetch_all().await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Campaigns of a project that still look for items.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn waiting(conn: &mut Conn, project: ProjectId) -> Result<Vec<CampaignId>, StoreError> {
    let sql = "SELECT id FROM campaigns WHERE project_id = $1 AND state = 'opening' ORDER BY id";
    let rows = conn.query(sql).bind(project).fetch_all().await?;
    rows.iter().map(|row| row.get("id")).collect()
}

/// Which accepted items are looked at.
#[derive(Clone, Copy, Debug)]
pub enum Look {
    /// All that are not back in work for the campaign.
    All,
    /// Those that it looked at before and left.
    Left,
    /// One.
    One(ItemId),
}

/// Accepted items of a project that a campaign has not put back into work, in order of their ids after one of them.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn candidates(
    conn: &mut Conn,
    project: ProjectId,
    campaign: CampaignId,
    look: Look,
    after: Option<ItemId>,
    limit: u32,
) -> Result<Vec<(ItemId, ReadId)>, StoreError> {
    macro_rules! candidates_sql {
        ($which:literal) => {
            concat!(
                "SELECT i.id, i.accepted_read_id FROM items i WHERE i.project_id = $1 AND i.id > $2 \
                 AND i.state IN ('accepted', 'released') AND i.accepted_read_id IS NOT NULL AND ",
                $which,
                " ORDER BY i.id LIMIT $4"
            )
        };
    }
    let sql = match look {
        Look::All => candidates_sql!(
            "NOT EXISTS (SELECT 1 FROM campaign_items c WHERE c.campaign_id = $3 AND c.item_id = i.id AND c.skipped IS NULL)"
        ),
        Look::Left => candidates_sql!(
            "EXISTS (SELECT 1 FROM campaign_items c WHERE c.campaign_id = $3 AND c.item_id = i.id AND c.skipped IS NOT NULL)"
        ),
        Look::One(_) => candidates_sql!(
            "NOT EXISTS (SELECT 1 FROM campaign_items c WHERE c.campaign_id = $3 AND c.item_id = i.id AND c.skipped IS NULL) AND i.id = $5"
        ),
    };
    let after = after.unwrap_or(ItemId(uuid::Uuid::nil()));
    let query = conn.query(sql).bind(project).bind(after).bind(campaign).bind(limit);
    let query = if let Look::One(item) = look { query.bind(item) } else { query };
    let rows = query.scanning().fetch_all().await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("accepted_read_id")?))).collect()
}

/// Items that are past the gate, neither accepted nor at an end, older than the campaign, and not looked at by it. Whether
/// somebody has begun is asked for only where that is no secret: of what is read independently, every one counts.
macro_rules! in_work_sql {
    ($select:literal, $version:literal, $tail:literal) => {
        concat!(
            "SELECT ",
            $select,
            " FROM items i WHERE i.project_id = $1 \
              AND NOT EXISTS (SELECT 1 FROM gold_copies g WHERE g.item_id = i.id) AND i.state NOT IN ('accepted', 'released', 'rejected', 'withdrawn', 'erased', 'quarantined') \
              AND i.created_at < $2 AND (i.accepted_read_id IS NOT NULL OR i.state = 'reading' \
              OR EXISTS (SELECT 1 FROM reads r WHERE r.item_id = i.id AND r.author_user IS NOT NULL \
              AND r.status IN ('draft', 'submitted') AND r.created_at < $2) OR ",
            $version,
            " < $4) AND NOT EXISTS (SELECT 1 FROM campaign_items c WHERE c.campaign_id = $3 AND c.item_id = i.id)",
            $tail
        )
    };
}

/// Items that a campaign has still to look at once they are accepted, by where they are: `recalled` or `in_work`.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn in_work(conn: &mut Conn, since: Since) -> Result<Vec<Standing>, StoreError> {
    macro_rules! sql {
        ($version:literal) => {
            in_work_sql!(
                "CASE i.state WHEN 'recalled' THEN i.state ELSE 'in_work' END AS word, COUNT(*) AS n",
                $version,
                " GROUP BY 1 ORDER BY 1"
            )
        };
    }
    let rows = conn.query_for(
        sql!("json_extract(i.workflow, '$.protocol_version')"),
        sql!("CAST(CAST(i.workflow AS JSON) ->> 'protocol_version' AS BIGINT)"),
    );
    let rows = bound(rows, since).scanning().fetch_all().await?;
    rows.iter().map(|row| Ok(Standing { word: row.get("word")?, items: row.get("n")? })).collect()
}

/// The items behind [`in_work`], in order of their ids.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn items_in_work(conn: &mut Conn, since: Since, limit: u32) -> Result<Vec<LeftItem>, StoreError> {
    macro_rules! sql {
        ($version:literal) => {
            in_work_sql!(
                "i.id, i.name, CASE i.state WHEN 'recalled' THEN i.state ELSE 'in_work' END AS word",
                $version,
                " ORDER BY i.id LIMIT $5"
            )
        };
    }
    let rows = conn.query_for(
        sql!("json_extract(i.workflow, '$.protocol_version')"),
        sql!("CAST(CAST(i.workflow AS JSON) ->> 'protocol_version' AS BIGINT)"),
    );
    let rows = bound(rows, since).bind(limit).scanning().fetch_all().await?;
    rows.iter().map(left_item).collect()
}

fn bound(query: crate::Query<'_>, since: Since) -> crate::Query<'_> {
    // No item runs under a version below 1.
    let version = since.version.unwrap_or(0);
    query.bind(since.project).bind(since.opened_at).bind(since.campaign).bind(version)
}

/// How many accepted labels of a class there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassCount {
    /// Class id.
    pub class: String,
    /// Items with at least one.
    pub items: u64,
    /// Labels.
    pub annotations: u64,
}

/// A statement that both engines spell alike but for how they look into the text of a label.
macro_rules! by_class {
    ($class:literal, $head:literal, $tail:literal) => {
        concat!(
            "SELECT ",
            $class,
            " AS class, COUNT(*) AS n, COUNT(DISTINCT a.read_id) AS items",
            $head,
            " AND a.body IS NOT NULL AND NOT EXISTS (SELECT 1 FROM annotations b WHERE b.read_id = a.read_id ",
            "AND b.annotation_id = a.annotation_id AND b.version > a.version) ",
            $tail
        )
    };
}

macro_rules! accepted_sql {
    ($class:literal) => {
        by_class!(
            $class,
            " FROM items i JOIN annotations a ON a.read_id = i.accepted_read_id WHERE i.project_id = $1 AND i.state IN ('accepted', 'released')",
            "GROUP BY 1 ORDER BY 1"
        )
    };
}

macro_rules! released_sql {
    ($class:literal) => {
        by_class!(
            $class,
            ", r.id, r.name FROM releases r JOIN release_items ri ON ri.release_id = r.id JOIN annotations a ON a.read_id = ri.read_id WHERE r.project_id = $1 AND r.root IS NOT NULL",
            "GROUP BY 1, r.id, r.name ORDER BY r.id, 1"
        )
    };
}

/// Accepted labels of a project by class.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn accepted_by_class(conn: &mut Conn, project: ProjectId) -> Result<Vec<ClassCount>, StoreError> {
    let query = conn.query_for(
        accepted_sql!("json_extract(a.body, '$.class')"),
        accepted_sql!("CAST(a.body AS JSON) ->> 'class'"),
    );
    let rows = query.bind(project).scanning().fetch_all().await?;
    rows.iter().map(class_count).collect()
}

/// Labels of each finished release of a project by class.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn released_by_class(
    conn: &mut Conn,
    project: ProjectId,
) -> Result<Vec<(ReleaseId, String, ClassCount)>, StoreError> {
    let query = conn.query_for(
        released_sql!("json_extract(a.body, '$.class')"),
        released_sql!("CAST(a.body AS JSON) ->> 'class'"),
    );
    let rows = query.bind(project).scanning().fetch_all().await?;
    rows.iter().map(|row| Ok((row.get("id")?, row.get("name")?, class_count(row)?))).collect()
}

fn class_count(row: &crate::Row) -> Result<ClassCount, StoreError> {
    Ok(ClassCount { class: row.get("class")?, items: row.get("items")?, annotations: row.get("n")? })
}
