//! Work that leads to no turn: a task that was claimed, then given back, left to its time, or taken away.

use countersign_model::{Instant, TaskId, UserId};
use countersign_store::{Tx, events, turns};
use countersign_workflow::{Event, ItemState, Lease};

use super::turn::CLAIMED;
use crate::{Result, moving::Moving};

const SECONDS_PER_MINUTE: i64 = 60;

/// Keeps what was worked under leases that end here without a turn; for an item that the machine is about to take from
/// `moving.state` to `after`.
pub(crate) async fn keep_lost(tx: &mut Tx, moving: &Moving, after: &ItemState, event: &Event) -> Result<()> {
    let now = tx.now();
    for task in &moving.state.tasks {
        let Some(lease) = task.lease else { continue };
        let goes_on = after.task(task.id).and_then(|task| task.lease);
        if goes_on.is_some_and(|other| other.fence == lease.fence && other.user == lease.user) {
            continue;
        }
        if finisher(event) == Some((lease.user, lease.fence)) {
            continue;
        }
        let stage = moving.protocol.stages.get(task.stage as usize);
        let minutes = stage.map_or(0, |stage| i64::from(stage.lease_minutes));
        let claimed_at = claimed_at(tx, moving, task.id).await?.unwrap_or(now);
        let lost = turns::LostClaim {
            task_id: task.id,
            fence: lease.fence,
            item_id: moving.item.id,
            project_id: moving.item.project_id,
            stage: task.stage,
            stage_id: stage.map_or_else(String::new, |stage| stage.id.clone()),
            round: task.round,
            user_id: lease.user,
            claimed_at,
            ended_at: ended_at(lease, minutes, claimed_at, now),
        };
        turns::insert_lost(tx, lost).await?;
    }
    Ok(())
}

async fn claimed_at(tx: &mut Tx, moving: &Moving, task: TaskId) -> Result<Option<Instant>> {
    Ok(events::last_at(tx, moving.item.id, CLAIMED, task.uuid()).await?)
}

/// A lease that runs ends now. Of one that ran out, all that is known is when it was last made longer.
fn ended_at(lease: Lease, minutes: i64, claimed_at: Instant, now: Instant) -> Instant {
    let end = if now < lease.until { now } else { lease.until.plus_seconds(-minutes * SECONDS_PER_MINUTE) };
    end.max(claimed_at)
}

/// Whose turn, and under which token, an event ends.
const fn finisher(event: &Event) -> Option<(UserId, u64)> {
    match event {
        Event::Submitted { user, fence, .. }
        | Event::Reviewed { user, fence, .. }
        | Event::Signed { user, fence, .. }
        | Event::Adjudicated { user, fence, .. } => Some((*user, *fence)),
        _ => None,
    }
}
