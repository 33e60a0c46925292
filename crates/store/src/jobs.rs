//! Background work, leased in batches. Rows are inserted by the write that causes them.

use countersign_model::{Instant, ItemId, JobId, ProjectId};

use crate::{Bind, Conn, Engine, Query, Store, StoreError, Tx, Value, value::record};

/// Most jobs in one lease.
pub const LEASE_JOBS_MAX: u32 = 50;
/// Tries before a job goes to the bin.
pub const JOB_ATTEMPTS_MAX: u32 = 3;

record! {
    /// A unit of background work.
    Job in "jobs" {
        /// Id.
        id: JobId,
        /// What to do.
        kind: String,
        /// Project.
        project_id: Option<ProjectId>,
        /// Item.
        item_id: Option<ItemId>,
        /// What it needs to know, JSON.
        payload: String,
        /// `ready`, `leased`, `done` or `dead`.
        state: String,
        /// Leases so far.
        attempts: u32,
        /// The lease ends then.
        lease_until: Option<Instant>,
        /// Who holds it.
        worker: Option<String>,
        /// Why the last try failed.
        error_code: Option<String>,
        /// Larger comes first.
        priority: i64,
        /// Asked for.
        created_at: Instant,
        /// Done or given up.
        done_at: Option<Instant>,
    }
}

impl Job {
    /// A job that is ready.
    pub fn ready(
        tx: &Tx,
        kind: &str,
        project: Option<ProjectId>,
        item: Option<ItemId>,
        payload: &serde_json::Value,
    ) -> Self {
        Self {
            id: tx.fresh(),
            kind: kind.to_owned(),
            project_id: project,
            item_id: item,
            payload: payload.to_string(),
            state: "ready".to_owned(),
            attempts: 0,
            lease_until: None,
            worker: None,
            error_code: None,
            priority: 0,
            created_at: tx.now(),
            done_at: None,
        }
    }

    /// The same job, offered only after some seconds: leased to nobody until then.
    #[must_use]
    pub fn after(self, tx: &Tx, seconds: i64) -> Self {
        Self { state: "leased".to_owned(), lease_until: Some(tx.now().plus_seconds(seconds)), ..self }
    }
}

/// Has the job of an item that is not offered yet ([`Job::after`]) wait that long from now on; `false` when there is none.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn wait_longer(tx: &mut Tx, kind: &str, item: ItemId, seconds: i64) -> Result<bool, StoreError> {
    let (now, until) = (tx.now(), tx.now().plus_seconds(seconds));
    let sql = "UPDATE jobs SET lease_until = $1 WHERE item_id = $2 AND kind = $3 AND state = 'leased' \
               AND worker IS NULL AND error_code IS NULL AND lease_until > $4";
    Ok(tx.query(sql).bind(until).bind(item).bind(kind).bind(now).execute().await? > 0)
}

/// Asks for work.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn insert_all(tx: &mut Tx, jobs: Vec<Job>) -> Result<(), StoreError> {
    tx.insert_all(jobs).await.map(drop)
}

/// A job by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: JobId) -> Result<Option<Job>, StoreError> {
    conn.query("SELECT * FROM jobs WHERE id = $1").bind(id).optional().await
}

/// Ends a job as done; `false` when the worker no longer holds it: then its outcome must not be kept.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn finish(tx: &mut Tx, id: JobId, worker: &str) -> Result<bool, StoreError> {
    let now = tx.now();
    let sql = "UPDATE jobs SET state = 'done', done_at = $1, lease_until = NULL \
               WHERE id = $2 AND worker = $3 AND state = 'leased'";
    Ok(tx.query(sql).bind(now).bind(id).bind(worker).execute().await? > 0)
}

/// What became of a job that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// It will be tried again.
    Again,
    /// It went to the bin.
    Dead,
    /// The worker no longer held it.
    NotHeld,
}

/// Notes that a try failed. After [`JOB_ATTEMPTS_MAX`] tries, or at once when trying again cannot help, the job goes
/// to the bin.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn fail(
    tx: &mut Tx,
    id: JobId,
    worker: &str,
    error_code: &str,
    is_final: bool,
) -> Result<Failed, StoreError> {
    let now = tx.now();
    let tries = if is_final { 0 } else { JOB_ATTEMPTS_MAX };
    let sql = "UPDATE jobs SET state = CASE WHEN attempts >= $1 THEN 'dead' ELSE 'ready' END, \
               done_at = CASE WHEN attempts >= $1 THEN CAST($2 AS BIGINT) END, error_code = $3, lease_until = NULL \
               WHERE id = $4 AND worker = $5 AND state = 'leased' RETURNING state";
    let query = tx.query(sql).bind(tries).bind(now).bind(error_code).bind(id).bind(worker);
    let Some(row) = query.fetch_optional().await? else { return Ok(Failed::NotHeld) };
    Ok(if row.get::<String>("state")? == "dead" { Failed::Dead } else { Failed::Again })
}

/// How many jobs of a project are open and how many have ended (done or given up).
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count(conn: &mut Conn, project: ProjectId) -> Result<(u64, u64), StoreError> {
    let sql = "SELECT COUNT(CASE WHEN state IN ('ready', 'leased') THEN 1 END) AS open_jobs, \
               COUNT(CASE WHEN state IN ('done', 'dead') THEN 1 END) AS ended FROM jobs WHERE project_id = $1";
    let row = conn.query(sql).bind(project).scanning().fetch_one().await?;
    Ok((row.get("open_jobs")?, row.get("ended")?))
}

/// How many jobs of a project were put off because something that they need is away.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn count_put_off(conn: &mut Conn, project: ProjectId) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) AS n FROM jobs WHERE project_id = $1 AND state = 'leased' AND worker IS NULL \
               AND error_code IS NOT NULL";
    conn.query(sql).bind(project).fetch_one().await?.get("n")
}

impl Store {
    /// Leases up to `max` jobs of some kinds, most urgent first, also those whose worker went silent. A job whose
    /// worker went silent [`JOB_ATTEMPTS_MAX`] times goes to the bin instead.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn lease_jobs(
        &self,
        worker: &str,
        kinds: &'static [&'static str],
        max: u32,
        seconds: i64,
    ) -> Result<Vec<Job>, StoreError> {
        let worker = worker.to_owned();
        self.housekeep(move |tx| Box::pin(async move { lease(tx, &worker, kinds, max, seconds).await })).await
    }

    /// Makes the lease of a job last longer; `false` when the worker no longer holds it.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn renew_job(&self, id: JobId, worker: &str, seconds: i64) -> Result<bool, StoreError> {
        let worker = worker.to_owned();
        self.housekeep(move |tx| {
            Box::pin(async move {
                let until = tx.now().plus_seconds(seconds);
                let sql =
                    "UPDATE jobs SET lease_until = $1 WHERE id = $2 AND worker = $3 AND state = 'leased'";
                Ok(tx.query(sql).bind(until).bind(id).bind(worker).execute().await? > 0)
            })
        })
        .await
    }

    /// Puts a job off because something that it needs is away; the try does not count. `false` when the worker no longer
    /// holds it.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn postpone_job(
        &self,
        id: JobId,
        worker: &str,
        code: &str,
        seconds: i64,
    ) -> Result<bool, StoreError> {
        let (worker, code) = (worker.to_owned(), code.to_owned());
        self.housekeep(move |tx| {
            Box::pin(async move {
                let until = tx.now().plus_seconds(seconds);
                // Leased to nobody: it is offered again when that lease ends.
                let sql = "UPDATE jobs SET lease_until = $1, attempts = attempts - 1, worker = NULL, error_code = $2 \
                           WHERE id = $3 AND worker = $4 AND state = 'leased'";
                Ok(tx.query(sql).bind(until).bind(code).bind(id).bind(worker).execute().await? > 0)
            })
        })
        .await
    }

    /// Makes leased jobs free at once, because their workers are known to be gone; how many. A try that was cut off
    /// counts as a try. Those that wait for more to arrive go on waiting.
    ///
    /// # Errors
    /// [`StoreError`] of the database.
    pub async fn free_jobs(&self) -> Result<u64, StoreError> {
        self.housekeep(|tx| {
            Box::pin(async move {
                let sql = "UPDATE jobs SET lease_until = $1 WHERE state = 'leased' AND lease_until > $1 \
                           AND (worker IS NOT NULL OR error_code IS NOT NULL)";
                let now = tx.now();
                tx.query(sql).bind(now).execute().await
            })
        })
        .await
    }
}

async fn lease(
    tx: &mut Tx,
    worker: &str,
    kinds: &'static [&'static str],
    max: u32,
    seconds: i64,
) -> Result<Vec<Job>, StoreError> {
    let now = tx.now();
    let bin = "UPDATE jobs SET state = 'dead', done_at = $1, error_code = 'lease_expired', lease_until = NULL \
               WHERE state = 'leased' AND lease_until <= $1 AND attempts >= $2";
    tx.query(bin).bind(now).bind(JOB_ATTEMPTS_MAX).execute().await?;
    let mut values: Vec<Value> =
        vec![worker.value(), now.plus_seconds(seconds).value(), now.value(), max.min(LEASE_JOBS_MAX).value()];
    let first = values.len() + 1;
    values.extend(kinds.iter().map(|kind| kind.value()));
    let marks: Vec<_> = (first..=values.len()).map(|number| format!("${number}")).collect();
    let sql = format!(
        "UPDATE jobs SET state = 'leased', worker = $1, lease_until = $2, attempts = attempts + 1 WHERE id IN (\
         SELECT id FROM jobs WHERE state IN ('ready', 'leased') AND (state = 'ready' OR lease_until <= $3) \
         AND kind IN ({}) ORDER BY priority DESC, id LIMIT $4{}) RETURNING *",
        marks.join(", "),
        if tx.engine() == Engine::Postgres { " FOR UPDATE SKIP LOCKED" } else { "" }
    );
    let mut jobs: Vec<Job> = values.into_iter().fold(tx.query_built(sql), Query::bind).all().await?;
    jobs.sort_by_key(|job| (std::cmp::Reverse(job.priority), job.id));
    Ok(jobs)
}
