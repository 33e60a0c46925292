//! What a copy shows of itself once it was read: it goes on as an ordinary item does that the same person handed in, a while later.

use countersign_model::{Instant, UserId};
use countersign_store::{Actor, Tx, gold, items, jobs};
use serde::{Deserialize, Serialize};

use super::{drawn_wait, evidence};
use crate::{Pipeline, PipelineError, Result};

/// Kind of the job that has a copy go on.
pub(crate) const JOB_FOLLOW: &str = "gold_follow";
/// Between so many seconds a copy lags behind the item that it goes along with.
const LAG_SECONDS: (i64, i64) = (600, 7_200);
/// The same once all that can come is that a release takes it.
const RELEASE_LAG_SECONDS: (i64, i64) = (24 * 3_600, 72 * 3_600);
/// How long after it was read a copy still goes on.
const FOLLOWED_SECONDS: i64 = 90 * 24 * 3_600;

/// Whose copy goes on, and when they handed it in.
#[derive(Serialize, Deserialize)]
struct Following {
    user: UserId,
    at: Instant,
}

/// Has a copy go on.
pub(super) async fn ask(tx: &mut Tx, copy: &items::Item, user: UserId, at: Instant) -> Result<()> {
    let payload = serde_json::to_value(Following { user, at })
        .map_err(|error| PipelineError::Internal(error.to_string()))?;
    let job = jobs::Job::ready(tx, JOB_FOLLOW, Some(copy.project_id), Some(copy.id), &payload);
    let (from, to) = if copy.state == "accepted" { RELEASE_LAG_SECONDS } else { LAG_SECONDS };
    let job = job.after(tx, drawn_wait(from, to)?);
    Ok(jobs::insert_all(tx, vec![job]).await?)
}

impl Pipeline {
    /// Has a copy show the phase of the item that it goes along with, until that is at its end: the body of a `gold_follow` job.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn run_follow(&self, job: jobs::Job, worker: String) -> Result<()> {
        let id = job.item_id.ok_or_else(|| PipelineError::Internal("a copy without item".into()))?;
        let following: Following =
            serde_json::from_str(&job.payload).map_err(|error| PipelineError::Internal(error.to_string()))?;
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    go_on(tx, id, &following).await?;
                    if jobs::finish(tx, job.id, &worker).await? {
                        Ok(())
                    } else {
                        Err(PipelineError::refused("job_lost", "Another worker took over."))
                    }
                })
            })
            .await
    }
}

async fn go_on(tx: &mut Tx, id: countersign_model::ItemId, following: &Following) -> Result<()> {
    let item = items::lock(tx, id).await?;
    let copy = gold::copy(tx, id).await?.ok_or(PipelineError::NotFound)?;
    let gold = match copy.gold_id {
        Some(gold) => gold::by_id(tx, gold).await?.ok_or(PipelineError::NotFound)?,
        None => return Err(PipelineError::Internal("an empty place was read".into())),
    };
    tx.record(evidence("gold.followed", &gold).item(id))?;
    // Others may still read it; what was erased or recalled stays so.
    let goes_on =
        copy.read_at.is_some() && matches!(item.state.as_str(), "queued" | "comparing" | "accepted");
    if goes_on {
        let found = match copy.companion {
            Some(companion) => Some(companion),
            None => gold::companion(tx, item.project_id, following.user, following.at).await?,
        };
        if let Some(companion) = found {
            gold::follow(tx, id, companion).await?;
        }
    }
    let after = items::by_id(tx, id).await?.ok_or(PipelineError::NotFound)?;
    let is_over = matches!(after.state.as_str(), "released" | "erased" | "rejected" | "withdrawn")
        || following.at.plus_seconds(FOLLOWED_SECONDS) < tx.now();
    if is_over { Ok(()) } else { ask(tx, &after, following.user, following.at).await }
}
