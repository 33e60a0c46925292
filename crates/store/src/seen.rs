//! Who saw what of whom, summed up: for the scope of a breach.

use countersign_model::{AssetId, Instant, ItemId, ProjectId, SubjectId, UserId};
use uuid::Uuid;

use crate::{Bind, Conn, Query, StoreError, value::row};

/// Exposures that one statement sums up: their groups fit into memory.
const SLICE_ROWS: i64 = 100_000;

row! {
    /// How often one person was shown something of one subject within a slice of time.
    Seen {
        /// Who looked.
        user_id: UserId,
        /// Project.
        project_id: ProjectId,
        /// Whom the images are about; absent where nothing says so.
        subject_id: Option<SubjectId>,
        /// What for.
        purpose: String,
        /// Exposures.
        exposures: u64,
        /// Of them in small only: grids, lists, results of a search.
        glances: u64,
        /// Of them from quarantine.
        quarantined: u64,
        /// First.
        first_at: Instant,
        /// Last.
        last_at: Instant,
    }
}

row! {
    /// One exposure, with whom it shows.
    View {
        /// Exposure.
        id: Uuid,
        /// When.
        at: Instant,
        /// Who looked.
        user_id: UserId,
        /// Project.
        project_id: ProjectId,
        /// Item.
        item_id: Option<ItemId>,
        /// Asset.
        asset_id: AssetId,
        /// Whom it is about; absent where nothing says so.
        subject_id: Option<SubjectId>,
        /// Where it lay.
        zone: countersign_model::Zone,
        /// What for.
        purpose: String,
    }
}

/// Which exposures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenFilter {
    /// Of this project.
    pub project: Option<ProjectId>,
    /// By this person.
    pub user: Option<UserId>,
    /// Of this subject.
    pub subject: Option<SubjectId>,
    /// From this moment on.
    pub from: Instant,
    /// Before this moment.
    pub to: Instant,
}

/// Sums up the exposures of the next slice of time from `filter.from` on. Returns the groups and where the next slice begins
/// (`None` at the end). What one person saw of one subject comes back once per slice: the caller adds it up.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn slice(conn: &mut Conn, filter: SeenFilter) -> Result<(Vec<Seen>, Option<Instant>), StoreError> {
    let end = slice_end(conn, filter).await?;
    let mut values = vec![filter.from.value(), end.unwrap_or(filter.to).value()];
    let mut clauses = String::new();
    let mut narrow = |column: &str, id: Option<Uuid>| {
        if let Some(id) = id {
            values.push(id.value());
            clauses.push_str(&format!(" AND {column} = ${}", values.len()));
        }
    };
    narrow("e.project_id", filter.project.map(|id| id.0));
    narrow("e.user_id", filter.user.map(|id| id.0));
    narrow("s.subject_id", filter.subject.map(|id| id.0));
    let sql = format!(
        "SELECT e.user_id, e.project_id, s.subject_id, e.purpose, COUNT(*) AS exposures, \
         COALESCE(SUM(CASE WHEN e.purpose IN ('grid', 'thumbnail', 'search') THEN 1 ELSE 0 END), 0) AS glances, \
         COALESCE(SUM(CASE WHEN e.zone = 'quarantine' THEN 1 ELSE 0 END), 0) AS quarantined, \
         MIN(e.at) AS first_at, MAX(e.at) AS last_at \
         FROM exposures e LEFT JOIN subject_assets s ON s.asset_id = e.asset_id \
         WHERE e.at >= $1 AND e.at < $2{clauses} GROUP BY e.user_id, e.project_id, s.subject_id, e.purpose"
    );
    let groups = values.into_iter().fold(conn.query_built(sql), Query::bind).scanning().all().await?;
    Ok((groups, end))
}

/// The exposures that count, oldest first, after the last of the page before. One of several subjects has a row for each.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn views(
    conn: &mut Conn,
    filter: SeenFilter,
    after: Option<(Instant, Uuid)>,
    limit: u32,
) -> Result<Vec<View>, StoreError> {
    let (from, id) = after.unwrap_or((filter.from, Uuid::nil()));
    let mut values = vec![from.value(), id.value(), filter.to.value(), limit.value()];
    let mut clauses = String::new();
    let mut narrow = |column: &str, id: Option<Uuid>| {
        if let Some(id) = id {
            values.push(id.value());
            clauses.push_str(&format!(" AND {column} = ${}", values.len()));
        }
    };
    narrow("e.project_id", filter.project.map(|id| id.0));
    narrow("e.user_id", filter.user.map(|id| id.0));
    narrow("s.subject_id", filter.subject.map(|id| id.0));
    // The page is cut before subjects are joined, so that an exposure of several is on one page.
    let sql = format!(
        "SELECT p.id, p.at, p.user_id, p.project_id, p.item_id, p.asset_id, s.subject_id, p.zone, p.purpose \
         FROM (SELECT e.* FROM exposures e{joined} WHERE e.at >= $1 AND (e.at, e.id) > ($1, $2) AND e.at < $3{clauses} \
         ORDER BY e.at, e.id LIMIT $4) p LEFT JOIN subject_assets s ON s.asset_id = p.asset_id{narrowed} \
         ORDER BY p.at, p.id, s.subject_id",
        joined =
            if filter.subject.is_some() { " JOIN subject_assets s ON s.asset_id = e.asset_id" } else { "" },
        narrowed = if filter.subject.is_some() {
            format!(" AND s.subject_id = ${}", values.len())
        } else {
            String::new()
        },
    );
    values.into_iter().fold(conn.query_built(sql), Query::bind).scanning().all().await
}

/// Where a slice of [`SLICE_ROWS`] exposures ends. Moments are never split: one that holds more is one slice.
async fn slice_end(conn: &mut Conn, filter: SeenFilter) -> Result<Option<Instant>, StoreError> {
    // One person's exposures have an index of their own.
    let row = match filter.user {
        Some(user) => {
            let sql = "SELECT at FROM exposures WHERE user_id = $1 AND at >= $2 AND at < $3 \
                       ORDER BY at LIMIT 1 OFFSET $4";
            conn.query(sql)
                .bind(user)
                .bind(filter.from)
                .bind(filter.to)
                .bind(SLICE_ROWS)
                .fetch_optional()
                .await?
        }
        None => {
            let sql = "SELECT at FROM exposures WHERE at >= $1 AND at < $2 ORDER BY at LIMIT 1 OFFSET $3";
            conn.query(sql).bind(filter.from).bind(filter.to).bind(SLICE_ROWS).fetch_optional().await?
        }
    };
    let end: Option<Instant> = row.map(|row| row.get("at")).transpose()?;
    Ok(end.map(|end| if end > filter.from { end } else { Instant(filter.from.0 + 1) }))
}
