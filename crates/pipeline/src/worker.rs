//! Background work: jobs are leased from the store, run, and finished in the write that keeps their result.

use std::{sync::Arc, time::Duration};

use countersign_store::{Actor, Evidence, jobs};
use futures::StreamExt;

use crate::{
    Pipeline, PipelineError, Result,
    moving::{JOB_GATE, JOB_PRELABEL, JOB_RECALL},
};

/// Kinds of job that this program runs.
const KINDS: &[&str] = &[JOB_RECALL, JOB_GATE, JOB_PRELABEL];
/// Jobs that run at the same time.
const JOBS_AT_ONCE: usize = 2;
/// Jobs leased at once: few, because a large study takes long.
const JOBS_LEASED: u32 = 8;
/// How long a lease lasts, seconds.
const LEASE_SECONDS: i64 = 600;
/// How often an idle worker looks for work of other processes, seconds.
const POLL_SECONDS: u64 = 1;

impl Pipeline {
    /// Tells the worker of this process that there may be work.
    pub(crate) fn wake_worker(&self) {
        self.work.notify_one();
    }

    /// Runs jobs until the returned handle is dropped or aborted.
    pub fn spawn_worker(&self) -> tokio::task::JoinHandle<()> {
        let pipeline = self.clone();
        tokio::spawn(async move {
            loop {
                match pipeline.run_jobs().await {
                    Ok(0) => {
                        let wait = Duration::from_secs(POLL_SECONDS);
                        let _ = tokio::time::timeout(wait, pipeline.work.notified()).await;
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "the worker could not lease jobs"
                        );
                        tokio::time::sleep(Duration::from_secs(POLL_SECONDS)).await;
                    }
                }
            }
        })
    }

    /// Runs what there is to do and returns when nothing is left; `progress` hears the number done so far.
    ///
    /// # Errors
    /// When the store fails. A job that fails is tried again and ends in the bin, visibly, not here.
    pub async fn drain(&self, progress: Arc<dyn Fn(u64) + Send + Sync>) -> Result<u64> {
        let mut done = 0;
        loop {
            let ran = self.run_jobs().await?;
            if ran == 0 {
                return Ok(done);
            }
            done += ran;
            progress(done);
        }
    }

    /// Runs one batch; the number of jobs in it.
    async fn run_jobs(&self) -> Result<u64> {
        let worker = format!("worker-{}", self.store.ids().fresh());
        let leased = self.store.lease_jobs(&worker, KINDS, JOBS_LEASED, LEASE_SECONDS).await?;
        let count = leased.len() as u64;
        futures::stream::iter(leased)
            .for_each_concurrent(JOBS_AT_ONCE, |job| {
                let worker = worker.clone();
                async move { self.run_job(job, worker).await }
            })
            .await;
        Ok(count)
    }

    async fn run_job(&self, job: jobs::Job, worker: String) {
        let (id, kind) = (job.id, job.kind.clone());
        let outcome = match kind.as_str() {
            JOB_GATE => self.run_gate(job, worker.clone()).await,
            JOB_PRELABEL => self.run_prelabel(job, worker.clone()).await,
            JOB_RECALL => self.run_recall(job, worker.clone()).await,
            _ => Err(PipelineError::Internal("an unknown kind of job".into())),
        };
        if let Err(error) = outcome {
            tracing::warn!(job.id = %id, job.kind = kind, error = &error as &dyn std::error::Error, "a job failed");
            if let Err(error) = self.fail_job(id, &worker, &error).await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a failed job could not be put back"
                );
            }
        }
    }

    async fn fail_job(
        &self,
        id: countersign_model::JobId,
        worker: &str,
        error: &PipelineError,
    ) -> Result<()> {
        let worker = worker.to_owned();
        let code = match error {
            PipelineError::Refused(refusal) => refusal.code.to_string(),
            PipelineError::BadInput { code, .. } => (*code).to_owned(),
            PipelineError::NotFound => "not_found".to_owned(),
            _ => "internal".to_owned(),
        };
        self.store
            .write(Actor::system(), move |tx| {
                Box::pin(async move {
                    let outcome = jobs::fail(tx, id, &worker, &code, false).await?;
                    let action = if outcome == jobs::Failed::Dead { "job.dead" } else { "job.failed" };
                    tx.record(Evidence::new(action, "job", id.uuid()).outcome("refused").reason(&code))?;
                    Ok(())
                })
            })
            .await
    }

    /// Ends a job that has nothing left to do.
    pub(crate) async fn finish_job(&self, job: jobs::Job, worker: String) -> Result<()> {
        self.store
            .write(Actor::system(), move |tx| {
                Box::pin(async move {
                    jobs::finish(tx, job.id, &worker).await?;
                    tx.record(Evidence::new("job.moot", "job", job.id.uuid()))?;
                    Ok(())
                })
            })
            .await
    }
}
