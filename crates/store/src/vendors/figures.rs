//! What the reports on vendors count.

use countersign_model::{Instant, ItemId, OrganizationId, ProjectId};

use crate::{Conn, StoreError, organizations::belonged, turns::BEHIND_BARRIER};

/// An appeal of one of an organization's people that was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecidedAppeal {
    /// The organization of who appealed.
    pub organization: OrganizationId,
    /// The item.
    pub item: ItemId,
    /// The review was overturned.
    pub overturned: bool,
}

/// Decided appeals of a project, by item.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn appeals(
    conn: &mut Conn,
    project: ProjectId,
    limit: u32,
) -> Result<Vec<DecidedAppeal>, StoreError> {
    let sql = concat!(
        "SELECT ",
        belonged!("u", "COALESCE(r.submitted_at, a.at)"),
        " AS organization_id, a.item_id, a.state FROM appeals a ",
        "JOIN users u ON u.id = a.user_id LEFT JOIN reads r ON r.id = a.read_id ",
        "WHERE a.project_id = $1 AND a.state <> 'open' ORDER BY a.item_id, a.id LIMIT $2"
    );
    let rows = conn.query(sql).bind(project).bind(limit).scanning().fetch_all().await?;
    let one = |row: &crate::Row| -> Result<DecidedAppeal, StoreError> {
        Ok(DecidedAppeal {
            organization: row.get("organization_id")?,
            item: row.get("item_id")?,
            overturned: row.get::<String>("state")? == "overturned",
        })
    };
    rows.iter().map(one).collect()
}

/// How long after the guideline in force was published each of an organization's people acknowledged it: `None` for who has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The organization.
    pub organization: OrganizationId,
    /// Who.
    pub printed_name: String,
    /// When the guideline in force was published.
    pub published_at: Instant,
    /// When somebody acknowledged it.
    pub at: Option<Instant>,
}

/// The same of everybody who has a role in a project under a guideline.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn lags(conn: &mut Conn, project: ProjectId) -> Result<Vec<Lag>, StoreError> {
    let sql = "SELECT u.organization_id, u.printed_name, g.published_at, MIN(r.at) AS at FROM guidelines g \
               JOIN grants t ON t.project_id = g.project_id AND t.ended_at IS NULL AND t.role IN ('annotator', 'reviewer') \
               JOIN users u ON u.id = t.user_id AND u.active \
               LEFT JOIN guideline_readers r ON r.guideline_id = g.id AND r.user_id = u.id \
               WHERE g.project_id = $1 AND g.state = 'published' AND NOT EXISTS (SELECT 1 FROM guidelines l \
                 WHERE l.project_id = g.project_id AND l.state = 'published' AND l.published_at > g.published_at) \
               GROUP BY u.organization_id, u.id, u.printed_name, g.published_at ORDER BY u.organization_id, u.id";
    let rows = conn.query(sql).bind(project).fetch_all().await?;
    let one = |row: &crate::Row| -> Result<Lag, StoreError> {
        Ok(Lag {
            organization: row.get("organization_id")?,
            printed_name: row.get("printed_name")?,
            published_at: row.get("published_at")?,
            at: row.get("at")?,
        })
    };
    rows.iter().map(one).collect()
}

/// One read of the first round, by whom and how long it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstTurn {
    /// The organization of who read.
    pub organization: OrganizationId,
    /// Item.
    pub item: ItemId,
    /// When the task was offered.
    pub opened_at: Instant,
    /// When the read was handed in.
    pub done_at: Instant,
}

/// Reads of first rounds in a project, on items whose barrier is passed, by item.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn first_turns(
    conn: &mut Conn,
    project: ProjectId,
    limit: u32,
) -> Result<Vec<FirstTurn>, StoreError> {
    let sql = format!(
        "SELECT {} AS organization_id, t.item_id, t.opened_at, t.done_at FROM turns t JOIN items i ON i.id = t.item_id \
         JOIN users u ON u.id = t.user_id WHERE t.project_id = $1 AND t.kind = 'read' AND NOT t.judged AND t.round = 1 \
         AND {BEHIND_BARRIER} ORDER BY t.item_id, t.done_at, t.task_id LIMIT $2",
        belonged!("u", "t.done_at")
    );
    let rows = conn.query_built(sql).bind(project).bind(limit).scanning().fetch_all().await?;
    let one = |row: &crate::Row| -> Result<FirstTurn, StoreError> {
        Ok(FirstTurn {
            organization: row.get("organization_id")?,
            item: row.get("item_id")?,
            opened_at: row.get("opened_at")?,
            done_at: row.get("done_at")?,
        })
    };
    rows.iter().map(one).collect()
}

/// A judgement of somebody's read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The organization of who read.
    pub organization: OrganizationId,
    /// Item.
    pub item: ItemId,
    /// Round, from 1.
    pub round: u32,
    /// An error was found, and nobody overturned that.
    pub found: bool,
    /// The item went on.
    pub passed: bool,
}

/// Judgements of reads in a project, on items whose barrier is passed, by item and in their order.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn judgements(
    conn: &mut Conn,
    project: ProjectId,
    limit: u32,
) -> Result<Vec<Judgement>, StoreError> {
    let sql = format!(
        "SELECT {} AS organization_id, t.item_id, t.round, t.found, t.overturned, t.passed FROM turns t \
         JOIN items i ON i.id = t.item_id JOIN reads r ON r.id = t.read_id JOIN users u ON u.id = r.author_user \
         WHERE t.project_id = $1 AND t.judged AND r.kind = 'read' AND {BEHIND_BARRIER} \
         ORDER BY t.item_id, t.round, t.stage, t.done_at LIMIT $2",
        belonged!("u", "COALESCE(r.submitted_at, t.done_at)")
    );
    let rows = conn.query_built(sql).bind(project).bind(limit).scanning().fetch_all().await?;
    let one = |row: &crate::Row| -> Result<Judgement, StoreError> {
        let (found, overturned): (bool, bool) = (row.get("found")?, row.get("overturned")?);
        Ok(Judgement {
            organization: row.get("organization_id")?,
            item: row.get("item_id")?,
            round: row.get("round")?,
            found: found && !overturned,
            passed: row.get("passed")?,
        })
    };
    rows.iter().map(one).collect()
}
