//! Adjudication: a third person decides between reads that differ, says why, or hands the decision on.

use countersign_model::{SignatureId, TaskId};
use countersign_store::{Actor, comparisons, jobs};
use countersign_workflow::{AdjudicateDecision, Event, Phase, content_hash, may_save, refusals};
use serde::Deserialize;

use crate::{
    Pipeline, PipelineError, Result,
    compare::newest,
    moving::{Moving, hash_bytes},
    people::Caller,
    review::checked_comment,
    save::{Change, check_required, settle},
    sign::record_signature,
    work::{Standing, read_evidence, standing},
};

/// Why readers differed, or why a decision is handed on.
pub const REASONS: &[&str] = &[
    "ambiguous_guideline",
    "perceptual_miss",
    "technique",
    "boundary",
    "tool_error",
    "interpretation",
    "other",
];

/// How long a decision that somebody is working on when its time is over is left to them, seconds.
const GRACE_SECONDS: i64 = 1_800;

/// What an adjudicator answers.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// Decide, or hand on.
    pub decision: AdjudicateDecision,
    /// Why, from [`REASONS`].
    pub reason: Option<String>,
    /// In words.
    pub comment: Option<String>,
}

/// What an escalation job is about.
#[derive(Deserialize)]
struct Watched {
    task: TaskId,
}

impl Pipeline {
    /// Decides between reads, or hands the decision on to the role that the protocol names.
    ///
    /// # Errors
    /// `reason_required`, `bad_reason`, `cannot_escalate`, `open_findings`, `separation_of_duties` and the lease codes.
    pub async fn adjudicate(
        &self,
        caller: &Caller,
        id: TaskId,
        fence: u64,
        revision: u64,
        changes: Vec<Change>,
        ruling: Ruling,
    ) -> Result<Standing> {
        if let Some(reason) = ruling.reason.as_deref().filter(|reason| !REASONS.contains(reason)) {
            let message = format!("one of {}; {reason:?} is not", REASONS.join(", "));
            return Err(PipelineError::bad("bad_reason", "reason", message));
        }
        let comment = checked_comment(ruling.comment)?;
        let (user, name) = (caller.user(), caller.printed_name.clone());
        self.on_task(caller, id, move |moving, tx| {
            Box::pin(async move {
                let read = may_save(&moving.state, user, fence, tx.now())?;
                let decides = ruling.decision == AdjudicateDecision::Decide;
                let annotations = settle(tx, moving, read, user, revision, &changes).await?;
                if decides {
                    check_required(&moving.protocol, &annotations)?;
                }
                let hash = content_hash(&annotations);
                let meaning = moving.signature_meaning().filter(|_| decides);
                let signature = meaning.map(|meaning| (tx.fresh::<SignatureId>(), meaning));
                let event = Event::Adjudicated {
                    user,
                    fence,
                    now: tx.now(),
                    decision: ruling.decision,
                    reason: ruling.reason.clone(),
                    read,
                    content_hash: hash.clone(),
                    signature: signature.map(|(id, _)| id),
                };
                moving.take(tx, &event).await?;
                let row = comparisons::Adjudication {
                    id: tx.fresh(),
                    item_id: moving.item.id,
                    project_id: moving.item.project_id,
                    comparison_id: newest(tx, moving.item.id).await?.id,
                    read_id: read,
                    user_id: user,
                    decision: if decides { "decide" } else { "escalate" }.into(),
                    reason: ruling.reason.clone().unwrap_or_default(),
                    comment,
                    at: tx.now(),
                };
                let mut evidence = read_evidence(&format!("adjudication.{}", row.decision), moving, read)
                    .content(hash_bytes(&hash)?)
                    .reason(&row.reason);
                // Free text is committed to, not written into the log.
                evidence.details = row.comment.as_ref().map(|text| serde_json::json!({ "comment": text }));
                comparisons::insert_adjudication(tx, row).await?;
                tx.record(evidence)?;
                if let Some((id, meaning)) = signature {
                    record_signature(tx, moving, id, read, user, &name, meaning, &hash).await?;
                }
                Ok(standing(moving, hash, signature.map(|(id, _)| id)))
            })
        })
        .await
    }

    /// Hands on a decision that nobody took in time: the body of an `escalate` job. Whoever is at it when the time is over
    /// has a while to finish.
    ///
    /// # Errors
    /// When the store fails; the job is tried again.
    pub(crate) async fn run_escalation(&self, job: jobs::Job, worker: String) -> Result<()> {
        let watched: Watched = serde_json::from_str(&job.payload)
            .map_err(|e| PipelineError::Internal(format!("jobs.payload: {e}")))?;
        let item = job.item_id.ok_or_else(|| PipelineError::Internal("an escalation without item".into()))?;
        let pipeline = self.clone();
        let (id, worker_name) = (job.id, worker.clone());
        let handed_on = self
            .store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let mut moving = Moving::load(tx, &pipeline, item).await?;
                    let now = tx.now();
                    if moving.state.task(watched.task).is_none() {
                        return Ok(Some(false));
                    }
                    let held = moving.state.is_held() || moving.state.phase == Phase::Recalled;
                    match moving.take(tx, &Event::Overdue { task: watched.task, now }).await {
                        Ok(_) => {
                            tx.record(moving.evidence("adjudication.overdue"))?;
                            jobs::finish(tx, id, &worker_name).await?;
                            Ok(Some(true))
                        }
                        Err(PipelineError::Refused(refusal))
                            if refusal.code == refusals::NOT_OVERDUE || held =>
                        {
                            Ok(None)
                        }
                        Err(error) => Err(error),
                    }
                })
            })
            .await;
        match handed_on {
            Ok(Some(true)) => Ok(()),
            Ok(Some(false)) => self.finish_job(job, worker).await,
            Ok(None) => {
                self.store.postpone_job(job.id, &worker, refusals::NOT_OVERDUE, GRACE_SECONDS).await?;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }
}
