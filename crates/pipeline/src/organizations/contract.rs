//! The end of a contract: announced 30, 7 and 1 days before, and when it comes its people hold nothing any more.

use countersign_model::{Instant, OrganizationId, UserId};
use countersign_store::{Actor, Evidence, Tx, jobs, organizations, tasks, users};
use countersign_workflow::Event;
use serde::{Deserialize, Serialize};

use super::OrganizationView;
use crate::{Pipeline, PipelineError, Result, moving::Moving, rework::free_abandoned};

/// Kind of the job that announces the end of a contract and carries it out.
pub(crate) const JOB_CONTRACT: &str = "contract";
/// How many days before its end it is announced; 0 is the end itself.
const WARN_DAYS: [u32; 4] = [30, 7, 1, 0];
/// A day, seconds.
const DAY_SECONDS: i64 = 86_400;

/// What a job is about.
#[derive(Serialize, Deserialize)]
struct Announcement {
    organization: OrganizationId,
    /// The end that was agreed when it was asked for.
    until: Instant,
    days: u32,
}

/// Has each announcement made when its time comes; those whose time has passed already are left out.
pub(crate) async fn ask_for_warnings(tx: &mut Tx, row: &users::Organization) -> Result<()> {
    let Some(until) = row.contract_until else { return Ok(()) };
    let left = until.seconds().saturating_sub(tx.now().seconds());
    let mut asked = Vec::new();
    for days in WARN_DAYS {
        let wait = left.saturating_sub(i64::from(days) * DAY_SECONDS);
        if wait <= 0 {
            continue;
        }
        let what = serde_json::json!(Announcement { organization: row.id, until, days });
        // A second later: at the end itself it is over, not about to be.
        asked.push(jobs::Job::ready(tx, JOB_CONTRACT, None, None, &what).after(tx, wait + 1));
    }
    Ok(jobs::insert_all(tx, asked).await?)
}

impl Pipeline {
    /// Announces the end of a contract, or carries it out: the body of a `contract` job. Nothing happens where the contract was
    /// given another end meanwhile.
    ///
    /// # Errors
    /// When the store fails; the job is tried again.
    pub(crate) async fn run_contract(&self, job: jobs::Job, worker: String) -> Result<()> {
        let what: Announcement = serde_json::from_str(&job.payload)
            .map_err(|e| PipelineError::Internal(format!("jobs.payload: {e}")))?;
        let (id, worker_name, pipeline) = (job.id, worker.clone(), self.clone());
        let said = self
            .store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let Some(row) = organizations::lock(tx, what.organization).await? else {
                        return Ok(false);
                    };
                    let other = row.contract_until != Some(what.until);
                    if other || !organizations::warn(tx, row.id, what.until, what.days).await? {
                        return Ok(false);
                    }
                    let action = if what.days == 0 { "contract.ended" } else { "contract.ending" };
                    let details = serde_json::json!({ "days": what.days, "until": what.until.to_string() });
                    tx.record(Evidence::new(action, "organization", row.id.uuid()).details(details))?;
                    if !OrganizationView::of(row, tx.now()).may_work() {
                        end_work(tx, &pipeline, what.organization).await?;
                    }
                    jobs::finish(tx, id, &worker_name).await?;
                    Ok(true)
                })
            })
            .await?;
        if said { Ok(()) } else { self.finish_job(job, worker).await }
    }
}

/// Takes from the people of an organization what they hold, and frees what waits for one of them. What they saved is kept.
pub(crate) async fn end_work(tx: &mut Tx, pipeline: &Pipeline, id: OrganizationId) -> Result<()> {
    let mut people: Vec<UserId> = Vec::new();
    for task in organizations::bound_tasks(tx, id).await? {
        people.extend(task.lease_user.into_iter().chain(task.reserved_for));
    }
    people.sort_unstable();
    people.dedup();
    for user in people {
        let member = users::by_id(tx, user).await?.is_some_and(|user| user.organization_id == id);
        if member {
            end_leases_of(tx, pipeline, user, "contract_ended").await?;
            free_abandoned(tx, pipeline, user, None).await?;
        }
    }
    Ok(())
}

/// Ends every lease that somebody holds, as if they had given the tasks back.
pub(super) async fn end_leases_of(
    tx: &mut Tx,
    pipeline: &Pipeline,
    user: UserId,
    why: &'static str,
) -> Result<()> {
    for task in tasks::held_by(tx, user).await? {
        let mut moving = Moving::load(tx, pipeline, task.item_id).await?;
        let held = moving.state.task(task.id).and_then(|task| task.lease).filter(|lease| lease.user == user);
        let Some(lease) = held else { continue };
        moving.take(tx, &Event::GivenBack { user, fence: lease.fence }).await?;
        let evidence = Evidence::new("task.given_back", "task", task.id.uuid()).project(task.project_id);
        tx.record(evidence.item(task.item_id).reason(why))?;
    }
    Ok(())
}
