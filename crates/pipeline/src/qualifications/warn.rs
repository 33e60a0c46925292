//! The end of a certificate is announced 30, 7 and 1 days before, and when it comes; each once.

use countersign_model::QualificationId;
use countersign_store::{Actor, Tx, jobs, qualifications};
use serde::{Deserialize, Serialize};

use super::evidence;
use crate::{Pipeline, PipelineError, Result, rework::free_abandoned};

/// Kind of the job that announces the end of a certificate.
pub(crate) const JOB_QUALIFICATION: &str = "qualification";
/// How many days before its end it is announced; 0 is the end itself.
const WARN_DAYS: [u32; 4] = [30, 7, 1, 0];
/// A day, seconds.
const DAY_SECONDS: i64 = 86_400;

/// What a job is about.
#[derive(Serialize, Deserialize)]
struct Announcement {
    qualification: QualificationId,
    days: u32,
}

/// Has each announcement made when its time comes; those whose time has passed already are left out.
pub(crate) async fn ask_for_warnings(tx: &mut Tx, row: &qualifications::Qualification) -> Result<()> {
    let left = row.valid_until.seconds().saturating_sub(tx.now().seconds());
    let mut asked = Vec::new();
    for days in WARN_DAYS {
        let wait = left.saturating_sub(i64::from(days) * DAY_SECONDS);
        if wait <= 0 {
            continue;
        }
        let what = serde_json::json!(Announcement { qualification: row.id, days });
        let job = jobs::Job::ready(tx, JOB_QUALIFICATION, row.project_id, None, &what);
        // A second later: at the end itself it is over, not about to be.
        asked.push(job.after(tx, wait + 1));
    }
    Ok(jobs::insert_all(tx, asked).await?)
}

impl Pipeline {
    /// Announces the end of a certificate: the body of a `qualification` job. Nothing is said of one that was revoked or
    /// that a longer one has taken over from.
    ///
    /// # Errors
    /// When the store fails; the job is tried again.
    pub(crate) async fn run_announcement(&self, job: jobs::Job, worker: String) -> Result<()> {
        let what: Announcement = serde_json::from_str(&job.payload)
            .map_err(|e| PipelineError::Internal(format!("jobs.payload: {e}")))?;
        let (id, worker_name, pipeline) = (job.id, worker.clone(), self.clone());
        let said = self
            .store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let Some(row) = qualifications::by_id(tx, what.qualification).await? else {
                        return Ok(false);
                    };
                    let others = qualifications::of_user(tx, row.user_id).await?;
                    let renewed = others.iter().any(|other| {
                        other.name == row.name
                            && other.revoked_at.is_none()
                            && other.valid_until > row.valid_until
                            && (other.project_id.is_none() || other.project_id == row.project_id)
                    });
                    if row.revoked_at.is_some()
                        || renewed
                        || !qualifications::warn(tx, row.id, what.days).await?
                    {
                        return Ok(false);
                    }
                    let action =
                        if what.days == 0 { "qualification.expired" } else { "qualification.expiring" };
                    let details = serde_json::json!({ "days": what.days, "name": row.name });
                    tx.record(evidence(action, &row).details(details))?;
                    if what.days == 0 {
                        free_abandoned(tx, &pipeline, row.user_id, row.project_id).await?;
                    }
                    jobs::finish(tx, id, &worker_name).await?;
                    Ok(true)
                })
            })
            .await?;
        if said { Ok(()) } else { self.finish_job(job, worker).await }
    }
}
