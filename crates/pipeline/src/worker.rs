//! Background work: jobs are leased from the store, run, and finished in the write that keeps their result.

use std::{sync::Arc, time::Duration};

use countersign_store::{Actor, Evidence, jobs};
use futures::StreamExt;

use crate::{
    Pipeline, PipelineError, Result,
    batches::JOB_RETURN,
    campaigns::JOB_CAMPAIGN,
    error::{KEYRING_OFFLINE, RELEASE_BUILDING, VAULT_OFFLINE},
    gate::records::JOB_RECORDS,
    gold::{JOB_FOLLOW, JOB_GOLD_ALARM},
    guidelines::JOB_GUIDELINE,
    holds::wide::JOB_WIDE_HOLD,
    label_errors::{JOB_RANK, JOB_SEARCH},
    models::JOB_ACCEPT,
    monitor::JOB_ALARM_HOLD,
    moving::{JOB_COMPARE, JOB_ERASE, JOB_ESCALATE, JOB_GATE, JOB_PRELABEL, JOB_RECALL},
    organizations::JOB_CONTRACT,
    protocols::planned::JOB_PROTOCOL,
    qualifications::JOB_QUALIFICATION,
    suggestions::JOB_JUDGE,
    tickets::JOB_TICKETS,
    tiers::JOB_RULING,
    vendors::JOB_SCORE,
};

/// Kinds of job that this program runs.
const KINDS: &[&str] = &[
    JOB_WIDE_HOLD,
    JOB_ALARM_HOLD,
    JOB_RECALL,
    JOB_ERASE,
    JOB_GATE,
    JOB_RECORDS,
    JOB_PRELABEL,
    JOB_COMPARE,
    JOB_ESCALATE,
    JOB_ACCEPT,
    JOB_QUALIFICATION,
    JOB_CAMPAIGN,
    JOB_RETURN,
    JOB_TICKETS,
    JOB_PROTOCOL,
    JOB_RULING,
    JOB_JUDGE,
    JOB_GUIDELINE,
    JOB_SEARCH,
    JOB_RANK,
    JOB_CONTRACT,
    JOB_SCORE,
    JOB_GOLD_ALARM,
    JOB_FOLLOW,
];
/// Jobs that run at the same time.
const JOBS_AT_ONCE: usize = 2;
/// Jobs leased at once: few, because a large study takes long.
const JOBS_LEASED: u32 = 8;
/// How long a lease lasts, seconds.
const LEASE_SECONDS: i64 = 600;
/// After how long a job that waits for the vault, the keyring or a release is tried again, seconds.
const POSTPONED_SECONDS: i64 = 10;
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
            if let Err(error) = pipeline.reapply_erasures().await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "erasures could not be applied again"
                );
            }
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
        let (id, kind, last) = (job.id, job.kind.clone(), job.error_code.clone());
        let outcome = match kind.as_str() {
            JOB_ERASE => self.run_erasure(job, worker.clone()).await,
            JOB_GATE => self.run_gate(job, worker.clone()).await,
            JOB_RECORDS => self.run_records(job, worker.clone()).await,
            JOB_PRELABEL => self.run_prelabel(job, worker.clone()).await,
            JOB_COMPARE => self.run_compare(job, worker.clone()).await,
            JOB_ESCALATE => self.run_escalation(job, worker.clone()).await,
            JOB_ACCEPT => self.run_acceptance(job, worker.clone()).await,
            JOB_QUALIFICATION => self.run_announcement(job, worker.clone()).await,
            JOB_WIDE_HOLD => self.run_wide_hold(job, worker.clone()).await,
            JOB_ALARM_HOLD => self.run_alarm_hold(job, worker.clone()).await,
            JOB_CAMPAIGN => self.run_campaign(job, worker.clone()).await,
            JOB_TICKETS => self.run_tickets(job, worker.clone()).await,
            JOB_GUIDELINE => self.run_planned_guideline(job, worker.clone()).await,
            JOB_SEARCH => self.run_label_search(job, worker.clone()).await,
            JOB_RANK => self.run_rank(job, worker.clone()).await,
            JOB_JUDGE => self.run_judge(job, worker.clone()).await,
            JOB_GOLD_ALARM => self.run_gold_alarm(job, worker.clone()).await,
            JOB_FOLLOW => self.run_follow(job, worker.clone()).await,
            JOB_RULING => self.run_ruling(job, worker.clone()).await,
            JOB_PROTOCOL => self.run_planned(job, worker.clone()).await,
            JOB_RETURN => self.run_return(job, worker.clone()).await,
            JOB_CONTRACT => self.run_contract(job, worker.clone()).await,
            JOB_SCORE => self.run_score(job, worker.clone()).await,
            JOB_RECALL => self.run_recall(job, worker.clone()).await,
            _ => Err(PipelineError::Internal("an unknown kind of job".into())),
        };
        if let Err(error) = outcome {
            if let Some(code) = waits_for(&error) {
                if let Err(error) = self.postpone(id, &worker, code, last.as_deref() == Some(code)).await {
                    tracing::error!(error = &error as &dyn std::error::Error, "a job could not be put off");
                }
                return;
            }
            tracing::warn!(job.id = %id, job.kind = kind, error = &error as &dyn std::error::Error, "a job failed");
            if let Err(error) = self.fail_job(id, &worker, &error).await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a failed job could not be put back"
                );
            }
        }
    }

    /// Puts a job off without using up a try. That it waits is said once.
    async fn postpone(
        &self,
        id: countersign_model::JobId,
        worker: &str,
        code: &'static str,
        is_said: bool,
    ) -> Result<()> {
        if !is_said {
            tracing::warn!(job.id = %id, code, "a job waits");
            let said = self.store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    tx.record(Evidence::new("job.waits", "job", id.uuid()).reason(code))?;
                    Ok(())
                })
            });
            said.await?;
        }
        self.store.postpone_job(id, worker, code, POSTPONED_SECONDS).await?;
        Ok(())
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

    /// Makes the lease of a job that takes long last longer.
    ///
    /// # Errors
    /// `job_lost` when another worker holds it.
    pub(crate) async fn keep_lease(&self, job: &jobs::Job, worker: &str) -> Result<()> {
        if self.store.renew_job(job.id, worker, LEASE_SECONDS).await? {
            Ok(())
        } else {
            Err(PipelineError::refused("job_lost", "Another worker took over."))
        }
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

/// What a job waits for that will come back by itself.
fn waits_for(error: &PipelineError) -> Option<&'static str> {
    let PipelineError::Refused(refusal) = error else { return None };
    [VAULT_OFFLINE, KEYRING_OFFLINE, RELEASE_BUILDING].into_iter().find(|code| refusal.code == *code)
}
