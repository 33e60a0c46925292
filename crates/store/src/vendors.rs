//! Work that is given to vendors, and what came of it.

use countersign_model::{Instant, ItemId, MixId, OrganizationId, ProjectId, ReadId, Role, TaskId, UserId};

use crate::{Conn, Json, StoreError, Tx, batches::unsettled, turns::BEHIND_BARRIER, value::record};

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

record! {
    /// What an accepted item says of an organization's first read of it.
    Score in "vendor_scores" {
        /// Item.
        item_id: ItemId,
        /// Organization.
        organization_id: OrganizationId,
        /// Project.
        project_id: ProjectId,
        /// The read.
        read_id: ReadId,
        /// Who read.
        user_id: UserId,
        /// Marks of the read.
        marks: u32,
        /// Marks of what was accepted.
        truth: u32,
        /// Of these, marks that the read lacks.
        missed: u32,
        /// Marks of the read that were not accepted: not there, or other in class, place or answer.
        wrong: u32,
        /// Errors of both kinds by class, JSON.
        classes: String,
        /// When the item was accepted first.
        first_accepted_at: Instant,
        /// When it was accepted last.
        accepted_at: Instant,
    }
}

/// Whether the user `$user` may read task `t` as far as vendors go: under contract, of an organization that the item is
/// assigned to where it is, and no second reader of one organization where several read an item apart.
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
            "))))"
        )
    };
}
pub(crate) use given;

/// Whether somebody else of organization `n` read the item of task `t` at its stage, or is at it.
macro_rules! taken {
    ($user:literal, $now:literal) => {
        concat!(
            "(EXISTS (SELECT 1 FROM reads r JOIN users v ON v.id = r.author_user WHERE r.item_id = t.item_id ",
            "AND r.stage = t.stage AND r.status = 'submitted' AND v.organization_id = n.id AND v.id <> ",
            $user,
            ") OR EXISTS (SELECT 1 FROM tasks o JOIN users v ON v.id = o.lease_user WHERE o.item_id = t.item_id ",
            "AND o.id <> t.id AND o.state = 'leased' AND o.lease_until > ",
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
    let sql = "SELECT a.mix_id, a.organization_id, COUNT(*) AS given, \
               COALESCE(SUM(CASE WHEN a.ended_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS ended, \
               COALESCE(SUM(CASE WHEN EXISTS (SELECT 1 FROM reads r JOIN users u ON u.id = r.author_user \
                 WHERE r.item_id = a.item_id AND r.kind = 'read' AND r.submitted_at IS NOT NULL \
                 AND u.organization_id = a.organization_id) THEN 1 ELSE 0 END), 0) AS done \
               FROM assignments a WHERE a.project_id = $1 GROUP BY a.mix_id, a.organization_id \
               ORDER BY a.mix_id, a.organization_id";
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

/// Items of a project that wait for their first reader at a stage, and that were never given to anybody.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn free_items(
    conn: &mut Conn,
    project: ProjectId,
    stage: u32,
    limit: u32,
) -> Result<Vec<ItemId>, StoreError> {
    let sql = "SELECT DISTINCT t.item_id FROM tasks t JOIN items i ON i.id = t.item_id WHERE t.project_id = $1 \
               AND t.stage = $2 AND t.kind = 'read' AND t.state = 'ready' AND t.reserved_for IS NULL \
               AND i.state IN ('queued', 'reading') AND NOT i.held \
               AND NOT EXISTS (SELECT 1 FROM assignments a WHERE a.item_id = i.id) \
               AND NOT EXISTS (SELECT 1 FROM tasks o WHERE o.item_id = i.id AND o.state = 'leased') \
               AND NOT EXISTS (SELECT 1 FROM reads r WHERE r.item_id = i.id AND r.author_user IS NOT NULL) \
               ORDER BY t.item_id LIMIT $3";
    let rows = conn.query(sql).bind(project).bind(stage).bind(limit).scanning().fetch_all().await?;
    rows.iter().map(|row| row.get("item_id")).collect()
}

/// Takes back what an organization has not read of a drawing, or has to read anew; how many items that were.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn end_share(tx: &mut Tx, mix: MixId, organization: OrganizationId) -> Result<u64, StoreError> {
    let now = tx.now();
    let sql = "UPDATE assignments SET ended_at = $1 WHERE mix_id = $2 AND organization_id = $3 AND ended_at IS NULL \
               AND EXISTS (SELECT 1 FROM items i WHERE i.id = assignments.item_id \
                 AND i.state IN ('queued', 'leased', 'reading', 'escalated', 'recalled')) \
               AND NOT EXISTS (SELECT 1 FROM reads r JOIN users u ON u.id = r.author_user \
                 WHERE r.item_id = assignments.item_id AND r.kind = 'read' AND r.status = 'submitted' \
                 AND u.organization_id = assignments.organization_id)";
    tx.query(sql).bind(now).bind(mix).bind(organization).execute().await
}

/// The first submitted read of an item by each organization, by people who belong to it.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn first_reads(
    conn: &mut Conn,
    item: ItemId,
) -> Result<Vec<(OrganizationId, UserId, ReadId)>, StoreError> {
    let sql = "SELECT u.organization_id, u.id AS user_id, r.id FROM reads r JOIN users u ON u.id = r.author_user \
               WHERE r.item_id = $1 AND r.kind = 'read' AND r.submitted_at IS NOT NULL AND r.status <> 'void' \
               ORDER BY r.submitted_at, r.id";
    let rows = conn.query(sql).bind(item).fetch_all().await?;
    let mut first: Vec<(OrganizationId, UserId, ReadId)> = Vec::new();
    for row in &rows {
        let organization = row.get("organization_id")?;
        if !first.iter().any(|(known, ..)| *known == organization) {
            first.push((organization, row.get("user_id")?, row.get("id")?));
        }
    }
    Ok(first)
}

/// Keeps what an accepted item says of a read, in place of what it said before.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn keep_score(tx: &mut Tx, row: Score) -> Result<(), StoreError> {
    let sql = "INSERT INTO vendor_scores (item_id, organization_id, project_id, read_id, user_id, marks, truth, missed, \
               wrong, classes, first_accepted_at, accepted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
               ON CONFLICT (item_id, organization_id) DO UPDATE SET read_id = excluded.read_id, \
               user_id = excluded.user_id, marks = excluded.marks, truth = excluded.truth, missed = excluded.missed, \
               wrong = excluded.wrong, classes = excluded.classes, accepted_at = excluded.accepted_at";
    let query =
        tx.query(sql).bind(row.item_id).bind(row.organization_id).bind(row.project_id).bind(row.read_id);
    let query = query.bind(row.user_id).bind(row.marks).bind(row.truth).bind(row.missed).bind(row.wrong);
    query.bind(row.classes).bind(row.first_accepted_at).bind(row.accepted_at).execute().await.map(drop)
}

/// What accepted items of a project say of reads, by item; of items that are accepted now.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn scores(conn: &mut Conn, project: ProjectId, limit: u32) -> Result<Vec<Score>, StoreError> {
    let sql = "SELECT s.* FROM vendor_scores s JOIN items i ON i.id = s.item_id WHERE s.project_id = $1 \
               AND i.state IN ('accepted', 'released') ORDER BY s.item_id, s.organization_id LIMIT $2";
    conn.query(sql).bind(project).bind(limit).scanning().all().await
}

/// A line of a payment file.
#[derive(Clone, Debug, PartialEq)]
pub struct Payable {
    /// Item.
    pub item: ItemId,
    /// Its name.
    pub name: String,
    /// The read that is paid.
    pub read: ReadId,
    /// Marks of it.
    pub marks: u32,
    /// When it was handed in.
    pub submitted_at: Instant,
    /// When the item was accepted first.
    pub first_accepted_at: Instant,
    /// When it was accepted last.
    pub accepted_at: Instant,
}

/// What an organization read of the items that were accepted in a span of time and are accepted now: not what was recalled, held
/// back or returned with a batch, nor reads that were sent back to be done again.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn payable(
    conn: &mut Conn,
    project: ProjectId,
    organization: OrganizationId,
    (from, until): (Instant, Instant),
    limit: u32,
) -> Result<Vec<Payable>, StoreError> {
    let sql = concat!(
        "SELECT i.id, i.name, r.id AS read_id, s.marks, r.submitted_at, s.first_accepted_at, s.accepted_at ",
        "FROM vendor_scores s JOIN items i ON i.id = s.item_id JOIN reads r ON r.id = s.read_id ",
        "WHERE s.project_id = $1 AND s.organization_id = $2 AND s.accepted_at >= $3 AND s.accepted_at < $4 ",
        "AND i.state IN ('accepted', 'released') AND r.status NOT IN ('returned', 'void') AND NOT ",
        unsettled!("i.id"),
        " ORDER BY s.accepted_at, i.id LIMIT $5"
    );
    let query = conn.query(sql).bind(project).bind(organization).bind(from).bind(until).bind(limit);
    let rows = query.scanning().fetch_all().await?;
    let one = |row: &crate::Row| -> Result<Payable, StoreError> {
        Ok(Payable {
            item: row.get("id")?,
            name: row.get("name")?,
            read: row.get("read_id")?,
            marks: row.get("marks")?,
            submitted_at: row.get("submitted_at")?,
            first_accepted_at: row.get("first_accepted_at")?,
            accepted_at: row.get("accepted_at")?,
        })
    };
    rows.iter().map(one).collect()
}

/// How appeals of an organization's people in a project were decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// Appeals that were decided.
    pub decided: u64,
    /// Of these, reviews that were overturned.
    pub overturned: u64,
}

/// Decided appeals of a project, by the organization of who appealed.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn appeals(
    conn: &mut Conn,
    project: ProjectId,
) -> Result<Vec<(OrganizationId, Decided)>, StoreError> {
    let sql = "SELECT u.organization_id, COUNT(*) AS n, \
               COALESCE(SUM(CASE WHEN a.state = 'overturned' THEN 1 ELSE 0 END), 0) AS o \
               FROM appeals a JOIN users u ON u.id = a.user_id WHERE a.project_id = $1 AND a.state <> 'open' \
               GROUP BY u.organization_id ORDER BY u.organization_id";
    let rows = conn.query(sql).bind(project).fetch_all().await?;
    let one = |row: &crate::Row| -> Result<(OrganizationId, Decided), StoreError> {
        Ok((row.get("organization_id")?, Decided { decided: row.get("n")?, overturned: row.get("o")? }))
    };
    rows.iter().map(one).collect()
}

/// How long after the guideline in force was published each of an organization's people acknowledged it: `None` for who has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// The organization.
    pub organization: OrganizationId,
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
    let sql = "SELECT u.organization_id, g.published_at, MIN(r.at) AS at FROM guidelines g \
               JOIN grants t ON t.project_id = g.project_id AND t.ended_at IS NULL AND t.role IN ('annotator', 'reviewer') \
               JOIN users u ON u.id = t.user_id AND u.active \
               LEFT JOIN guideline_readers r ON r.guideline_id = g.id AND r.user_id = u.id \
               WHERE g.project_id = $1 AND g.state = 'published' AND NOT EXISTS (SELECT 1 FROM guidelines l \
                 WHERE l.project_id = g.project_id AND l.state = 'published' AND l.published_at > g.published_at) \
               GROUP BY u.organization_id, u.id, g.published_at ORDER BY u.organization_id, u.id";
    let rows = conn.query(sql).bind(project).fetch_all().await?;
    let one = |row: &crate::Row| -> Result<Lag, StoreError> {
        Ok(Lag {
            organization: row.get("organization_id")?,
            published_at: row.get("published_at")?,
            at: row.get("at")?,
        })
    };
    rows.iter().map(one).collect()
}

/// Whether an accepted item says something of a vendor: people of one read it, or it was given to somebody.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn concerns(conn: &mut Conn, item: ItemId) -> Result<bool, StoreError> {
    let sql = "SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM assignments a WHERE a.item_id = $1) \
               OR EXISTS (SELECT 1 FROM reads r JOIN users u ON u.id = r.author_user \
                 JOIN organizations n ON n.id = u.organization_id WHERE r.item_id = $1 AND r.kind = 'read' \
                 AND r.submitted_at IS NOT NULL AND n.kind = 'vendor')";
    Ok(conn.query(sql).bind(item).fetch_optional().await?.is_some())
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
        "SELECT u.organization_id, t.item_id, t.opened_at, t.done_at FROM turns t JOIN items i ON i.id = t.item_id \
         JOIN users u ON u.id = t.user_id WHERE t.project_id = $1 AND t.kind = 'read' AND NOT t.judged AND t.round = 1 \
         AND {BEHIND_BARRIER} ORDER BY t.item_id, t.done_at, t.task_id LIMIT $2"
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
        "SELECT u.organization_id, t.item_id, t.round, t.found, t.overturned, t.passed FROM turns t \
         JOIN items i ON i.id = t.item_id JOIN reads r ON r.id = t.read_id JOIN users u ON u.id = r.author_user \
         WHERE t.project_id = $1 AND t.judged AND r.kind = 'read' AND {BEHIND_BARRIER} \
         ORDER BY t.item_id, t.round, t.stage, t.done_at LIMIT $2"
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
