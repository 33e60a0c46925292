//! Work that is given to vendors, and what came of it.

mod figures;
mod scores;

use countersign_model::{Instant, ItemId, MixId, OrganizationId, ProjectId, Role, TaskId, UserId};

pub use self::{
    figures::{DecidedAppeal, FirstTurn, Judgement, Lag, appeals, first_turns, judgements, lags},
    scores::{OfOrganization, Payable, Score, concerns, end_scores, keep_score, payable, reads_of, scores},
};
use crate::{Conn, Json, StoreError, Tx, organizations::belonged, value::record};

record! {
    /// Items that one drawing divided among organizations.
    Mix in "mixes" {
        /// Id.
        id: MixId,
        /// Project.
        project_id: ProjectId,
        /// The organizations, in the order in which the drawing took them.
        organizations: Json<Vec<OrganizationId>>,
        /// From what it was drawn, 64 hexadecimal digits.
        seed: String,
        /// How many items.
        items: u64,
        /// How many of them every organization reads.
        overlap: u64,
        /// Why.
        reason: String,
        /// Who had it drawn.
        made_by: Option<UserId>,
        /// When.
        made_at: Instant,
    }
}

record! {
    /// Who reads an item.
    Assignment in "assignments" {
        /// Item.
        item_id: ItemId,
        /// Organization.
        organization_id: OrganizationId,
        /// The drawing.
        mix_id: MixId,
        /// Project.
        project_id: ProjectId,
        /// The role of the stage at which it is read.
        role: Role,
        /// When.
        at: Instant,
        /// Taken back then.
        ended_at: Option<Instant>,
    }
}

/// Whether the user `$user` may have task `t` as far as vendors go: under contract, of an organization that the item is
/// assigned to where it is, no second reader of one organization where several read an item apart, and nobody of a vendor
/// where they would be shown what another vendor drew.
macro_rules! given {
    ($user:literal, $now:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM users u JOIN organizations n ON n.id = u.organization_id WHERE u.id = ",
            $user,
            " AND ",
            crate::organizations::under_contract!($now),
            " AND (NOT EXISTS (SELECT 1 FROM assignments a WHERE a.item_id = t.item_id AND a.role = t.role) ",
            "OR (EXISTS (SELECT 1 FROM assignments a WHERE a.item_id = t.item_id AND a.role = t.role ",
            "AND (a.organization_id = n.id OR a.ended_at IS NOT NULL)) ",
            "AND NOT (t.apart AND ",
            crate::vendors::taken!($user, $now),
            "))) AND NOT (n.kind = 'vendor' AND ",
            crate::vendors::shows_others!(),
            "))"
        )
    };
}
pub(crate) use given;

/// Whether who takes task `t` sees what people of a vendor other than organization `n` drew: it follows reads, or a read that
/// was handed in before.
macro_rules! shows_others {
    () => {
        concat!(
            "NOT (t.kind = 'read' AND t.apart) AND EXISTS (SELECT 1 FROM reads r JOIN users v ON v.id = r.author_user ",
            "JOIN organizations w ON w.id = ",
            crate::organizations::belonged!("v", "r.submitted_at"),
            " WHERE r.item_id = t.item_id AND r.kind = 'read' AND r.submitted_at IS NOT NULL AND r.status <> 'void' ",
            "AND w.kind = 'vendor' AND w.id <> n.id)"
        )
    };
}
pub(crate) use shows_others;

/// Whether somebody else of organization `n` read the item of task `t` at its stage, or is at it.
macro_rules! taken {
    ($user:literal, $now:literal) => {
        concat!(
            "(EXISTS (SELECT 1 FROM reads r JOIN users v ON v.id = r.author_user WHERE r.item_id = t.item_id ",
            "AND r.stage = t.stage AND r.status = 'submitted' AND v.id <> ",
            $user,
            " AND ",
            crate::organizations::belonged!("v", "r.submitted_at"),
            " = n.id) OR EXISTS (SELECT 1 FROM tasks o JOIN users v ON v.id = o.lease_user WHERE o.item_id = t.item_id ",
            "AND o.id <> t.id AND o.stage = t.stage AND o.state = 'leased' AND o.lease_until > ",
            $now,
            " AND v.organization_id = n.id AND v.id <> ",
            $user,
            "))"
        )
    };
}
pub(crate) use taken;

/// Whether the rules about vendors let a user have a task. Asked again once the item is locked: two people of one
/// organization may have reached for two places of an item at once.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn is_given(conn: &mut Conn, task: TaskId, user: UserId, now: Instant) -> Result<bool, StoreError> {
    let sql = concat!("SELECT 1 AS one FROM tasks t WHERE t.id = $2 AND ", given!("$1", "$3"));
    Ok(conn.query(sql).bind(user).bind(task).bind(now).fetch_optional().await?.is_some())
}

/// Keeps a drawing.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_mix(tx: &mut Tx, mix: Mix, assignments: Vec<Assignment>) -> Result<(), StoreError> {
    tx.insert(mix).await?;
    tx.insert_all(assignments).await.map(drop)
}

/// The drawings of a project, the last first.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn mixes(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Mix>, StoreError> {
    let sql = "SELECT * FROM mixes WHERE project_id = $1 ORDER BY id DESC LIMIT $2";
    conn.query(sql).bind(project).bind(limit).all().await
}

/// A drawing.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn mix(conn: &mut Conn, id: MixId) -> Result<Option<Mix>, StoreError> {
    conn.query("SELECT * FROM mixes WHERE id = $1").bind(id).optional().await
}

/// What one organization has to read of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The drawing.
    pub mix: MixId,
    /// The organization.
    pub organization: OrganizationId,
    /// Items that it was given.
    pub given: u64,
    /// Of these, items that it has read.
    pub read: u64,
    /// Of these, items that were taken back from it.
    pub ended: u64,
}

/// How far the organizations are with the drawings of a project.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn shares(conn: &mut Conn, project: ProjectId) -> Result<Vec<Share>, StoreError> {
    let sql = concat!(
        "SELECT a.mix_id, a.organization_id, COUNT(*) AS given, ",
        "COALESCE(SUM(CASE WHEN a.ended_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS ended, ",
        "COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM reads r JOIN users u ON u.id = r.author_user ",
        "WHERE r.item_id = a.item_id AND r.kind = 'read' AND r.submitted_at IS NOT NULL AND ",
        belonged!("u", "r.submitted_at"),
        " = a.organization_id) THEN 1 ELSE 0 END), 0) AS done ",
        "FROM assignments a WHERE a.project_id = $1 AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = a.item_id) ",
        "GROUP BY a.mix_id, a.organization_id ",
        "ORDER BY a.mix_id, a.organization_id"
    );
    let rows = conn.query(sql).bind(project).scanning().fetch_all().await?;
    let one = |row: &crate::Row| -> Result<Share, StoreError> {
        Ok(Share {
            mix: row.get("mix_id")?,
            organization: row.get("organization_id")?,
            given: row.get("given")?,
            read: row.get("done")?,
            ended: row.get("ended")?,
        })
    };
    rows.iter().map(one).collect()
}

/// What waits for its first reader at stage `$2` of a project and was never given to anybody.
macro_rules! free {
    ($more:literal) => {
        concat!(
            "SELECT DISTINCT t.item_id FROM tasks t JOIN items i ON i.id = t.item_id WHERE t.project_id = $1 ",
            "AND t.stage = $2 AND t.kind = 'read' AND t.state = 'ready' AND t.reserved_for IS NULL ",
            "AND i.state IN ('queued', 'reading') AND NOT i.held ",
            "AND NOT EXISTS (SELECT 1 FROM assignments a WHERE a.item_id = i.id) ",
            "AND NOT EXISTS (SELECT 1 FROM tasks o WHERE o.item_id = i.id AND o.state = 'leased') ",
            "AND NOT EXISTS (SELECT 1 FROM reads r WHERE r.item_id = i.id AND r.author_user IS NOT NULL) ",
            $more
        )
    };
}

/// The copy of gold beside an item, while it waits as such items do: it goes where its neighbour goes, or whoever is given nothing
/// would be offered copies alone.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn free_copy(
    conn: &mut Conn,
    project: ProjectId,
    stage: u32,
    beside: ItemId,
) -> Result<Option<ItemId>, StoreError> {
    let sql = free!("AND EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = i.id AND c.beside = $3)");
    let row = conn.query(sql).bind(project).bind(stage).bind(beside).fetch_optional().await?;
    row.map(|row| row.get("item_id")).transpose()
}

/// Items of a project that wait for their first reader at a stage, and that were never given to anybody; no copies of gold.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn free_items(
    conn: &mut Conn,
    project: ProjectId,
    stage: u32,
    limit: u32,
) -> Result<Vec<ItemId>, StoreError> {
    let sql = free!(
        "AND NOT EXISTS (SELECT 1 FROM gold_copies c WHERE c.item_id = i.id) ORDER BY t.item_id LIMIT $3"
    );
    let rows = conn.query(sql).bind(project).bind(stage).bind(limit).scanning().fetch_all().await?;
    rows.iter().map(|row| row.get("item_id")).collect()
}

/// Takes back what an organization has not read of a drawing, or has to read anew; how many items that were.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn end_share(tx: &mut Tx, mix: MixId, organization: OrganizationId) -> Result<u64, StoreError> {
    let now = tx.now();
    macro_rules! end {
        ($which:literal) => {
            concat!(
        "UPDATE assignments SET ended_at = $1 WHERE mix_id = $2 AND organization_id = $3 AND ended_at IS NULL ",
        "AND EXISTS (SELECT 1 FROM items i WHERE i.id = assignments.item_id ",
        "AND i.state IN ('queued', 'leased', 'reading', 'escalated', 'recalled')) ",
        "AND NOT EXISTS (SELECT 1 FROM reads r JOIN users u ON u.id = r.author_user ",
        "WHERE r.item_id = assignments.item_id AND r.kind = 'read' AND r.status = 'submitted' AND ",
        belonged!("u", "r.submitted_at"),
        " = assignments.organization_id) AND ",
        $which,
        " (SELECT 1 FROM gold_copies c WHERE c.item_id = assignments.item_id)"
            )
        };
    }
    tx.query(end!("EXISTS")).bind(now).bind(mix).bind(organization).execute().await?;
    tx.query(end!("NOT EXISTS")).bind(now).bind(mix).bind(organization).execute().await
}
