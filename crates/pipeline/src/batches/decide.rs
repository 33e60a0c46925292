//! Inspecting a batch: each judgement moves the count, and the one with which the plan decides carries the decision in its
//! own write. What is returned goes back into work.

use countersign_ledger::Hash;
use countersign_model::{BatchId, ItemId, ReadId};
use countersign_quality::acceptance::Verdict;
use countersign_store::{Actor, Evidence, Tx, batches, certifications, jobs};
use countersign_workflow::{Phase, refusals};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{BatchDetail, FrozenBatch, audit_of, submit::FORM_VERSION, words::Decision};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    certification::{
        Judgement,
        judge::{Aim, hold_unless_ended},
        offline::findings_text,
        parsed, spelled, without_gap,
    },
    moving::Moving,
    people::Caller,
    review::checked_comment,
};

/// Kind of the job that puts the items of a returned batch back into work.
pub(crate) const JOB_RETURN: &str = "batch_return";
/// Why an item is held that an inspection found defective in a batch that was accepted.
const DEFECTIVE: &str = "An inspection of its batch found its labels wrong.";
/// Why an item of a returned batch is held that cannot go back into work.
const CANNOT_GO_BACK: &str =
    "Its batch was returned, and the protocol no longer has the stages that it would go back to.";
/// Items that are looked at in one write.
const ITEMS_PER_WRITE: u32 = 50;
/// After how long items are looked at again that could not go back, seconds.
const LOOK_AGAIN_SECONDS: i64 = 10 * 60;
/// The word of a hold in the log.
const HOLD_WORD: &str = "batch";
/// Why the job of a returned batch waits.
const ITEMS_HELD: &str = "items_held";

/// What a job is about.
#[derive(Serialize, Deserialize)]
struct Work {
    batch: BatchId,
}

/// Works out where a batch stands after a judgement, and decides it where its plan does; whether that was so.
pub(crate) async fn advance(
    tx: &mut Tx,
    pipeline: &Pipeline,
    audit: &certifications::Certification,
    frozen: &FrozenBatch,
) -> Result<bool> {
    let id = BatchId(audit.id.0);
    let judged = certifications::judged(tx, audit.id).await?;
    let wrong = |unit: &certifications::Unit| unit.counted.unwrap_or_default() > 0;
    let standing = frozen.plan.follow(audit.units, without_gap(&judged).iter().map(wrong));
    batches::progress(tx, id, standing.checked, standing.found).await?;
    let (accepted, word) = match standing.verdict {
        Verdict::Open => return Ok(false),
        Verdict::Accept => (true, "accept"),
        Verdict::Return => (false, "return"),
    };
    let findings_sha256 = Hash::of(findings_text(&judged)?.as_bytes());
    let decision = spelled(&Decision { version: FORM_VERSION, standing, findings_sha256 })?;
    let evidence = Evidence::new("batch.decided", "batch", id.uuid()).project(audit.project_id);
    let event = tx.record(evidence.reason(word).content(Sha256::digest(&decision).into()))?;
    if !batches::decide(tx, id, accepted, &decision, event).await? {
        return Err(PipelineError::refused("already_decided", "This batch was decided already."));
    }
    if accepted {
        hold_defective(tx, pipeline, &judged).await?;
    } else {
        let what = serde_json::json!(Work { batch: id });
        let job = jobs::Job::ready(tx, JOB_RETURN, Some(audit.project_id), None, &what);
        jobs::insert_all(tx, vec![job]).await?;
    }
    Ok(true)
}

/// What was found defective stays out of releases although the rest may leave.
pub(crate) async fn hold_defective(
    tx: &mut Tx,
    pipeline: &Pipeline,
    judged: &[certifications::Unit],
) -> Result<()> {
    for unit in judged.iter().filter(|unit| unit.counted.unwrap_or_default() > 0) {
        hold_unless_ended(tx, pipeline, unit.item_id, DEFECTIVE, HOLD_WORD).await?;
    }
    Ok(())
}

impl Pipeline {
    /// Judges an item of a batch's sample. Where the plan decides with it, the batch is accepted or returned in the same
    /// write.
    ///
    /// # Errors
    /// As [`Pipeline::judge_unit`].
    pub async fn judge_batch_unit(
        &self,
        caller: &Caller,
        id: BatchId,
        position: u32,
        judgement: Judgement,
    ) -> Result<BatchDetail> {
        let row = batches::by_id(&mut *self.store.read().await?, id).await?;
        row.ok_or(PipelineError::NotFound)?;
        let in_hand = self.in_hand(caller, audit_of(id), position).await?;
        let frozen = parsed("certifications.frozen", &in_hand.row.frozen)?;
        if self.keep_judgement(caller, in_hand, judgement, Aim::Batch(frozen)).await? {
            self.wake_worker();
        }
        self.batch(caller, id).await
    }

    /// Takes an open batch back: its items are free again, except what was found defective.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`, `already_decided`.
    pub async fn withdraw_batch(&self, caller: &Caller, id: BatchId, reason: String) -> Result<BatchDetail> {
        let row = batches::by_id(&mut *self.store.read().await?, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::Certify, row.project_id)?;
        let reason = checked_comment(Some(reason))?;
        let reason = reason.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))?;
        let pipeline = self.clone();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    // Whoever judges locks this, too.
                    certifications::lock(tx, audit_of(id)).await?.ok_or(PipelineError::NotFound)?;
                    if !batches::withdraw(tx, id, &reason).await? {
                        let message = "This batch was decided or withdrawn already.";
                        return Err(PipelineError::refused("already_decided", message));
                    }
                    let judged = certifications::judged(tx, audit_of(id)).await?;
                    hold_defective(tx, &pipeline, &judged).await?;
                    let evidence = Evidence::new("batch.withdrawn", "batch", id.uuid());
                    let evidence = evidence.project(row.project_id);
                    tx.record(evidence.details(serde_json::json!({ "reason": reason })))?;
                    Ok(())
                })
            })
            .await?;
        self.batch(caller, id).await
    }

    /// Puts the items of a returned batch back into work: the body of a `batch_return` job. What is on hold, has an open
    /// finding or was recalled is looked at again later, until nothing is left.
    ///
    /// # Errors
    /// When the store fails; the job is tried again.
    pub(crate) async fn run_return(&self, job: jobs::Job, worker: String) -> Result<()> {
        let what: Work = parsed("jobs.payload", &job.payload)?;
        let id = what.batch;
        let row = batches::by_id(&mut *self.store.read().await?, id).await?;
        let row = row.ok_or(PipelineError::NotFound)?;
        let (mut after, mut waits) = (None, false);
        loop {
            let found =
                batches::to_return(&mut *self.store.read().await?, id, after, ITEMS_PER_WRITE).await?;
            let Some((last, _)) = found.last() else { break };
            after = Some(*last);
            self.keep_lease(&job, &worker).await?;
            waits |= self.return_some(&row, found).await?;
        }
        if waits {
            self.store.postpone_job(job.id, &worker, ITEMS_HELD, LOOK_AGAIN_SECONDS).await?;
            return Ok(());
        }
        let (job, name) = (job.id, worker);
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    jobs::finish(tx, job, &name).await?;
                    let evidence = Evidence::new("batch.went_back", "batch", id.uuid());
                    tx.record(evidence.project(row.project_id))?;
                    Ok(())
                })
            })
            .await
    }

    /// Some items of a returned batch; whether one of them has to wait.
    async fn return_some(&self, row: &batches::Batch, found: Vec<(ItemId, ReadId)>) -> Result<bool> {
        let (pipeline, id, project) = (self.clone(), row.id, row.project_id);
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let (mut waits, mut changed) = (false, false);
                    for (item, read) in found {
                        let mut moving = Moving::load(tx, &pipeline, item).await?;
                        let phase = moving.state.phase;
                        let same = moving.item.accepted_read_id == Some(read);
                        // It may come back as it was submitted.
                        if same && phase == Phase::Recalled {
                            waits = true;
                            continue;
                        }
                        // Whatever moved before its turn came has gone back, or out of the project, by itself.
                        let code = if same && matches!(phase, Phase::Accepted | Phase::Released) {
                            let details = serde_json::json!({ "batch": id });
                            pipeline.reopen(tx, &mut moving, details).await?
                        } else {
                            None
                        };
                        let skipped = match code {
                            Some(code) if code == refusals::OTHER_PROTOCOL_VERSION => {
                                let is_held =
                                    hold_unless_ended(tx, &pipeline, item, CANNOT_GO_BACK, HOLD_WORD).await?;
                                is_held.then_some(code)
                            }
                            // Somebody has sent it back, or it has left the project.
                            Some(code) if code == refusals::WRONG_STAGE => None,
                            Some(_) => {
                                waits = true;
                                continue;
                            }
                            None => None,
                        };
                        let at = tx.now();
                        let row = batches::Return { batch_id: id, item_id: item, skipped, at };
                        batches::insert_return(tx, row).await?;
                        changed = true;
                    }
                    // What waits is looked at often: that nothing has changed is no event.
                    if changed {
                        tx.record(Evidence::new("batch.returning", "batch", id.uuid()).project(project))?;
                    }
                    Ok(waits)
                })
            })
            .await
    }
}
