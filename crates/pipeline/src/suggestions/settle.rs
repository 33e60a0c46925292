//! What people did with a draft is worked out once, when the item was accepted: labelling it again, another version of the
//! protocol or a model that is stopped change nothing of what happened.

use countersign_model::ReadId;
use countersign_store::{Actor, Conn, Tx, items, jobs, reads, suggestions};

use super::{
    evidence,
    judge::{Case, Judged, judge},
};
use crate::{
    Pipeline, PipelineError, Result,
    moving::{Moving, parse_state},
};

/// Kind of the job that works it out.
pub(crate) const JOB_JUDGE: &str = "judge_suggestion";

/// Has it worked out, once everything of the write that accepted the item is kept.
pub(super) async fn ask(tx: &mut Tx, moving: &Moving) -> Result<()> {
    let (project, item) = (Some(moving.item.project_id), Some(moving.item.id));
    let job = jobs::Job::ready(tx, JOB_JUDGE, project, item, &serde_json::json!({}));
    Ok(jobs::insert_all(tx, vec![job]).await?)
}

/// What is kept of an item.
pub(super) fn kept(row: &suggestions::Suggestion) -> Result<Option<Judged>> {
    let judged = row.judged.as_deref().map(serde_json::from_str).transpose();
    judged.map_err(|error| PipelineError::Internal(format!("suggestions.judged: {error}")))
}

impl Pipeline {
    /// Works out and keeps what people did with the draft of an item: the body of a `judge_suggestion` job.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn run_judge(&self, job: jobs::Job, worker: String) -> Result<()> {
        let item = job.item_id.ok_or_else(|| PipelineError::Internal("a judgement without item".into()))?;
        let judged = {
            let mut conn = self.store.read().await?;
            let row = suggestions::of_item(&mut conn, item).await?.filter(|row| row.judged.is_none());
            match row {
                Some(row) => self.judge_anew(&mut conn, &row).await?,
                None => None,
            }
        };
        let Some(judged) = judged else { return self.finish_job(job, worker).await };
        let text =
            serde_json::to_string(&judged).map_err(|error| PipelineError::Internal(error.to_string()))?;
        let pipeline = self.clone();
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let moving = Moving::load(tx, &pipeline, item).await?;
                    suggestions::judge(tx, item, &text).await?;
                    tx.record(evidence("suggestion.judged", &moving))?;
                    if jobs::finish(tx, job.id, &worker).await? {
                        Ok(())
                    } else {
                        Err(PipelineError::refused("job_lost", "Another worker took over."))
                    }
                })
            })
            .await
    }

    /// Works it out from rows, under the version of the protocol under which the item was read; `None` once the person in it was
    /// erased, and while nothing is accepted.
    pub(super) async fn judge_anew(
        &self,
        conn: &mut Conn,
        row: &suggestions::Suggestion,
    ) -> Result<Option<Judged>> {
        let item = items::by_id(conn, row.item_id).await?.ok_or(PipelineError::NotFound)?;
        let state = parse_state(&item.workflow)?;
        let mut done = reads::of_item(conn, item.id).await?;
        let after = |at: countersign_model::Instant| row.opened_at.is_some_and(|opened| at > opened);
        let again = done.iter().any(|read| read.submitted_at.is_some_and(after) || after(read.created_at));
        // What was drawn after it was known what had been made wrong tells nothing.
        done.retain(|read| {
            read.submitted_at.is_some_and(|at| row.opened_at.is_none_or(|opened| at <= opened))
        });
        done.sort_by_key(|read| (read.submitted_at, read.id));
        let (Some(first), Some(accepted)) = (done.first(), accepted(&done, item.accepted_read_id)) else {
            return Ok(None);
        };
        let protocol = self.version_of(conn, item.project_id, first.protocol_version).await?;
        // A review and a signature of the write that opened it are a moment younger.
        let until = row.opened_at.filter(|_| again || item.accepted_read_id != Some(accepted));
        let case = Case { row, item: &item, state: &state, protocol: &protocol, accepted, until };
        judge(conn, &case).await
    }
}

/// The read that was accepted: the one that still is, or, where the item was labelled again, the last that was handed in before.
fn accepted(done: &[reads::Read], now: Option<ReadId>) -> Option<ReadId> {
    let still = done.iter().find(|read| Some(read.id) == now);
    still.or_else(|| done.iter().rev().find(|read| read.status != "void")).map(|read| read.id)
}
