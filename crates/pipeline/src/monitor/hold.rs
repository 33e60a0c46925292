//! What an alarm holds: some of it in its own write, the rest in a job, and whatever is handed in until somebody decides.

use countersign_model::{AlarmId, HoldId, ProjectId, ReadId, UserId};
use countersign_store::{Actor, Evidence, Tx, holds, jobs, monitoring, reads, tickets::waiting};
use countersign_workflow::{Event, Phase};
use serde::{Deserialize, Serialize};

use super::check::internal;
use crate::{Pipeline, PipelineError, Result, moving::Moving};

/// Kind of the job that holds what the write of an alarm left.
pub(crate) const JOB_ALARM_HOLD: &str = "alarm_hold";
/// Items that the write of an alarm holds itself: more would keep everybody else's writes waiting.
const HELD_AT_ONCE: u32 = 100;
/// Items that the job holds in one write.
const HELD_PER_WRITE: u32 = 50;
/// Before other jobs.
const PRIORITY: i64 = 100;
/// Why an item is held that was read after the estimated change.
const HOLD_REASON: &str = "Read after somebody's work may have changed; it waits until that is decided.";

#[derive(Deserialize, Serialize)]
struct Work {
    alarm: AlarmId,
}

/// Holds the first items of an alarm that was just kept, and has the rest held by a job. How many are held so far.
pub(super) async fn begin(tx: &mut Tx, pipeline: &Pipeline, alarm: &monitoring::Alarm) -> Result<usize> {
    let doubtful = monitoring::unheld(tx, alarm, HELD_AT_ONCE).await?;
    let held = doubtful.len();
    for item in doubtful {
        let mut moving = Moving::load(tx, pipeline, item).await?;
        hold(tx, &mut moving, alarm.id).await?;
    }
    if held == HELD_AT_ONCE as usize {
        ask(tx, alarm).await?;
    }
    Ok(held)
}

async fn ask(tx: &mut Tx, alarm: &monitoring::Alarm) -> Result<()> {
    let payload = serde_json::to_value(Work { alarm: alarm.id }).map_err(internal)?;
    let job = jobs::Job::ready(tx, JOB_ALARM_HOLD, Some(alarm.project_id), None, &payload);
    Ok(jobs::insert_all(tx, vec![jobs::Job { priority: PRIORITY, ..job }]).await?)
}

/// Refuses to let anything go while an alarm has not held all that is in doubt: some of it could be among what goes.
///
/// # Errors
/// `hold_working`.
pub(crate) async fn require_held(tx: &mut Tx, project: ProjectId) -> Result<()> {
    for alarm in monitoring::open_alarms(tx, project).await? {
        require_all_held(tx, &alarm).await?;
    }
    Ok(())
}

pub(super) async fn require_all_held(tx: &mut Tx, alarm: &monitoring::Alarm) -> Result<()> {
    if monitoring::unheld(tx, alarm, 1).await?.is_empty() {
        return Ok(());
    }
    let message = "An alarm has not held all of its items yet. Try again when it has.";
    Err(PipelineError::refused("hold_working", message))
}

impl Pipeline {
    /// Has a job hold what the open alarms of a project do not hold and nobody is at: what came back into work since.
    pub(crate) async fn reach_alarms(&self, project: ProjectId) -> Result<()> {
        let mut left = Vec::new();
        {
            let mut conn = self.store.read().await?;
            for alarm in monitoring::open_alarms(&mut conn, project).await? {
                if !monitoring::unheld(&mut conn, &alarm, 1).await?.is_empty() {
                    left.push(alarm);
                }
            }
            if left.is_empty() || waiting(&mut conn, project, JOB_ALARM_HOLD).await?.is_some() {
                return Ok(());
            }
        }
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    for alarm in &left {
                        ask(tx, alarm).await?;
                        let more = Evidence::new("alarm.reached", "alarm", alarm.id.uuid());
                        tx.record(more.project(project))?;
                    }
                    Ok(())
                })
            })
            .await?;
        self.work.notify_waiters();
        Ok(())
    }

    /// Holds what the write of an alarm left: the body of an `alarm_hold` job.
    ///
    /// # Errors
    /// When the store fails; the job is tried again.
    pub(crate) async fn run_alarm_hold(&self, job: jobs::Job, worker: String) -> Result<()> {
        let Work { alarm } = serde_json::from_str(&job.payload).map_err(internal)?;
        loop {
            let pipeline = self.clone();
            let more = self
                .store
                .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                    Box::pin(async move { hold_some(tx, &pipeline, alarm).await })
                })
                .await?;
            if !more {
                return self.finish_job(job, worker).await;
            }
            self.keep_lease(&job, &worker).await?;
        }
    }
}

/// One part of what an alarm has not held; whether there may be more. Nobody decides the alarm meanwhile, and nothing is held by one that
/// was decided.
async fn hold_some(tx: &mut Tx, pipeline: &Pipeline, id: AlarmId) -> Result<bool> {
    let alarm = monitoring::lock_alarm(tx, id).await?.ok_or(PipelineError::NotFound)?;
    let is_open = matches!(alarm.state.as_str(), "open" | "appealed");
    let items = if is_open { monitoring::unheld(tx, &alarm, HELD_PER_WRITE).await? } else { Vec::new() };
    let more = items.len() == HELD_PER_WRITE as usize;
    for item in items {
        let mut moving = Moving::load(tx, pipeline, item).await?;
        hold(tx, &mut moving, id).await?;
    }
    tx.record(Evidence::new("alarm.reached", "alarm", id.uuid()).project(alarm.project_id))?;
    Ok(more)
}

/// Holds what somebody hands in while an alarm about their work waits for its decision. Not while others still read the item
/// independently: a hold would tell them that somebody is through, and keep them from their own read. What is compared
/// later is held then ([`compared`]).
pub(crate) async fn submitted(tx: &mut Tx, moving: &mut Moving, user: UserId) -> Result<()> {
    if matches!(moving.state.phase, Phase::Reading | Phase::Comparing) {
        return Ok(());
    }
    match monitoring::open_alarm(tx, moving.item.project_id, user).await? {
        Some(alarm) => hold(tx, moving, alarm.id).await,
        None => Ok(()),
    }
}

/// Holds an item whose independent reads were compared, for each alarm that puts one of them in doubt.
pub(crate) async fn compared(tx: &mut Tx, moving: &mut Moving, ids: &[ReadId]) -> Result<()> {
    if moving.state.phase == Phase::Reading {
        return Ok(());
    }
    for id in ids {
        let Some(read) = reads::by_id(tx, *id).await? else { continue };
        let (Some(user), Some(at)) = (read.author_user, read.submitted_at) else { continue };
        if let Some(alarm) = monitoring::open_alarm(tx, moving.item.project_id, user).await?
            && at >= alarm.since_at
        {
            hold(tx, moving, alarm.id).await?;
        }
    }
    Ok(())
}

async fn hold(tx: &mut Tx, moving: &mut Moving, alarm: AlarmId) -> Result<()> {
    let id: HoldId = tx.fresh();
    moving.take(tx, &Event::Held { hold: id }).await?;
    let (project, item) = (moving.item.project_id, moving.item.id);
    let row = holds::Hold {
        id,
        project_id: project,
        item_id: item,
        reason: HOLD_REASON.into(),
        opened_by: None,
        opened_at: tx.now(),
        lifted_by: None,
        lifted_at: None,
        lift_reason: None,
    };
    holds::insert(tx, row).await?;
    monitoring::insert_hold(tx, alarm, id).await?;
    tx.record(Evidence::new("hold.opened", "hold", id.uuid()).project(project).item(item).reason("alarm"))?;
    Ok(())
}
