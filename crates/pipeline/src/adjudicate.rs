//! Adjudication: a third person decides between reads that differ, says why, or hands the decision on.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::{
    Annotation, AnnotationId, Author, FrameRef, MergeRule, Shape, SignatureId, StageKind, TaskId,
};
use countersign_store::{Actor, Evidence, comparisons, jobs};
use countersign_workflow::{
    AdjudicateDecision, Event, Phase,
    compare::{chosen_rule, merge_chosen},
    content_hash, may_save, refusals,
};
use serde::{Deserialize, Serialize};

use crate::{
    Pipeline, PipelineError, Result, blocking,
    compare::{DisputedFinding, Mark, newest},
    moving::{Moving, hash_bytes},
    names::HIDDEN_USER,
    ontology::check_split,
    people::Caller,
    review::checked_comment,
    save::{Change, check_answers, check_required, settle},
    sign::record_signature,
    tiers::{Begun, Came, ask_ruling},
    work::{Standing, read_evidence, standing},
};

/// Why readers differed, or why a decision is handed on.
pub const REASONS: &[&str] =
    &[GUIDELINE, "perceptual_miss", "technique", "boundary", "tool_error", "interpretation", "other"];

/// The reason that puts a dispute down to the guideline.
pub const GUIDELINE: &str = "ambiguous_guideline";

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

/// Several readers' marks of one finding as one mark.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MergedMark {
    /// Class of the first of them, in the order in which the readers are shown.
    pub class: String,
    /// Frame they lie on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<FrameRef>,
    /// Their shapes, merged.
    pub shape: Shape,
    /// Attribute values of the first of them.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub attributes: BTreeMap<String, serde_json::Value>,
    /// By which rule.
    pub rule: MergeRule,
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
                let begun = Begun::of(tx, moving, id).await?;
                let annotations = settle(tx, moving, read, user, revision, &changes).await?;
                if decides {
                    check_required(&moving.protocol, &annotations)?;
                    check_split(tx, moving, &annotations).await?;
                    check_answers(&annotations)?;
                }
                let hash = content_hash(&annotations);
                let meaning = moving.signature_meaning().filter(|_| decides);
                let signature = meaning.map(|meaning| (tx.fresh::<SignatureId>(), meaning));
                let now = tx.now();
                moving.require_qualified(tx, user, signature.is_some(), now).await?;
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
                begun.end(tx, moving, user, Came::authored().passed(decides)).await?;
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
                let adjudication = row.id;
                comparisons::insert_adjudication(tx, row).await?;
                if decides {
                    ask_ruling(tx, moving, adjudication).await?;
                }
                tx.record(evidence)?;
                if let Some((id, meaning)) = signature {
                    record_signature(tx, moving, id, read, user, &name, (meaning, None), &hash).await?;
                }
                Ok(standing(moving, hash, signature.map(|(id, _)| id)))
            })
        })
        .await
    }

    /// What marks of one finding that the caller decides about are as one mark, by the merge rule of the comparison. Nothing is
    /// kept of it: the caller takes it into their own read or not.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for a task that is not the caller's; `wrong_stage` where nothing is decided between; `bad_marks`
    /// for marks that are not two or more of one finding; `not_mergeable`.
    pub async fn merged_mark(
        &self,
        caller: &Caller,
        id: TaskId,
        chosen: &[AnnotationId],
    ) -> Result<MergedMark> {
        let work = self.work(caller, id).await?;
        let Some(dispute) = work.dispute else {
            return Err(PipelineError::refused("wrong_stage", "Nothing is decided between here."));
        };
        let of_one = |finding: &&DisputedFinding| {
            let ids: Vec<_> = finding.sides.iter().map(|side| side.mark.id).collect();
            chosen.iter().all(|id| ids.contains(id))
        };
        let several = chosen.len() > 1 && chosen.iter().collect::<BTreeSet<_>>().len() == chosen.len();
        let finding = dispute.findings.iter().filter(|_| several).find(of_one);
        let finding = finding.ok_or_else(|| {
            PipelineError::bad("bad_marks", "marks", "name two marks or more of one finding, each once")
        })?;
        let marks: Vec<_> =
            finding.sides.iter().map(|side| &side.mark).filter(|mark| chosen.contains(&mark.id)).collect();
        let compare = work.protocol.stages.iter().find(|stage| stage.kind == StageKind::Compare);
        let rule = chosen_rule(compare.and_then(|stage| stage.merge).unwrap_or(MergeRule::One));
        let owned: Vec<Annotation> = marks.iter().map(|mark| anonymous(mark)).collect();
        let first = marks[0].clone();
        let shape = blocking(move || merge_chosen(&owned.iter().collect::<Vec<_>>(), rule)).await?;
        let shape = shape.ok_or_else(|| {
            PipelineError::refused(
                "not_mergeable",
                "These marks have nothing in common that the rule could make one mark of: take one of them, or draw.",
            )
        })?;
        Ok(MergedMark { class: first.class, frame: first.frame, shape, attributes: first.attributes, rule })
    }

    /// Hands on a task that nobody finished in time: the body of an `escalate` job. Whoever is at it when the time is over
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
                    let Some(stage) = moving.state.task(watched.task).map(|task| task.stage) else {
                        return Ok(Some(false));
                    };
                    let held = moving.state.is_held() || moving.state.phase == Phase::Recalled;
                    match moving.take(tx, &Event::Overdue { task: watched.task, now }).await {
                        Ok(_) => {
                            tx.record(overdue(&moving, stage, watched.task))?;
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

/// A nameless mark as the merge takes it.
fn anonymous(mark: &Mark) -> Annotation {
    Annotation {
        id: mark.id,
        version: 1,
        class: mark.class.clone(),
        frame: mark.frame,
        shape: mark.shape.clone(),
        attributes: mark.attributes.clone(),
        author: Author::Human { user: HIDDEN_USER },
        score: None,
        arrangement: Default::default(),
        unclear: None,
    }
}

/// Evidence that a task was handed on because its time was over. It is about the task, as a claim is: while several people
/// read independently, nobody is told of either.
fn overdue(moving: &Moving, stage: u32, task: TaskId) -> Evidence {
    if moving.stage_kind(stage) == StageKind::Adjudicate {
        return moving.evidence("adjudication.overdue");
    }
    let evidence = Evidence::new("task.overdue", "task", task.uuid());
    evidence.project(moving.item.project_id).item(moving.item.id)
}
