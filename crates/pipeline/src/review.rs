//! Review in two questions: is each mark right, is anything missing?

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::{Annotation, AnnotationId, ReadId, ReturnTo, SignatureId, TaskId};
use countersign_store::reads;
use countersign_workflow::{Delta, Event, Missing, ReviewDecision, content_hash, deltas, may_save};
use serde::{Deserialize, Serialize};

use crate::{
    Pipeline, PipelineError, Result,
    monitor::reviewed,
    moving::hash_bytes,
    people::Caller,
    save::{CHANGES_MAX, Change, check_answers, current_annotations, settle},
    sign::record_signature,
    tiers::{Begun, Came},
    work::{Standing, read_evidence, standing},
};

/// Longest comment of a reviewer, characters.
pub const COMMENT_CHARS_MAX: usize = 4_000;
/// Reasons for sending a read back, and for correcting it.
pub const REASONS: &[&str] = &[
    "missed_finding",
    "false_mark",
    "wrong_class",
    "wrong_outline",
    "wrong_attribute",
    "guideline",
    "other",
];

/// Is this mark right?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MarkVerdict {
    /// As it is.
    Right,
    /// After the reviewer's own correction.
    Fixed,
    /// It is not, and the reviewer removed it or sends the read back.
    Wrong,
}

/// The answer for one mark of the read under review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MarkAnswer {
    /// The mark.
    pub annotation: AnnotationId,
    /// Is it right?
    pub verdict: MarkVerdict,
}

/// A reviewer's answers.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Is this mark right? For those of the marks that were answered one by one.
    pub marks: Vec<MarkAnswer>,
    /// Is each mark right? All that were not answered one by one are. Needed for `accept` and `fix` where some were not.
    pub all_right: bool,
    /// What follows.
    pub decision: ReviewDecision,
    /// Is anything missing? Must be answered for `accept` and `fix`.
    pub missing: Option<Missing>,
    /// Why it goes back or was corrected, from [`REASONS`]; needed for `reject` and `fix`.
    pub reason: Option<String>,
    /// In words, for the person who drew.
    pub comment: Option<String>,
    /// To whom it goes back, where the stage lets the reviewer choose.
    pub return_to: Option<ReturnTo>,
}

impl Pipeline {
    /// Decides a review.
    ///
    /// # Errors
    /// `marks_unanswered`, `missing_unanswered`, `reason_required`, `nothing_fixed`, `content_changed`, `separation_of_duties` and the
    /// lease codes.
    pub async fn review(
        &self,
        caller: &Caller,
        id: TaskId,
        fence: u64,
        revision: u64,
        changes: Vec<Change>,
        verdict: Verdict,
    ) -> Result<Standing> {
        check_reason(verdict.reason.as_deref())?;
        let comment = checked_comment(verdict.comment.clone())?;
        let (user, name, pipeline) = (caller.user(), caller.printed_name.clone(), self.clone());
        self.on_task(caller, id, move |moving, tx| {
            Box::pin(async move {
                let read = may_save(&moving.state, user, fence, tx.now())?;
                let subject = moving.state.current.ok_or(PipelineError::NotFound)?;
                let begun = Begun::of(tx, moving, id).await?;
                let annotations = settle(tx, moving, read, user, revision, &changes).await?;
                let before = current_annotations(tx, subject).await?;
                check_marks(&verdict, &before, &annotations)?;
                if verdict.decision != ReviewDecision::Reject {
                    check_answers(&annotations)?;
                }
                let hash = content_hash(&annotations);
                let signature =
                    moving.signature_meaning().map(|meaning| (tx.fresh::<SignatureId>(), meaning));
                let signs = signature.is_some() && verdict.decision != ReviewDecision::Reject;
                let now = tx.now();
                moving.require_qualified(tx, user, signs, now).await?;
                let event = Event::Reviewed {
                    user,
                    fence,
                    now: tx.now(),
                    decision: verdict.decision,
                    missing: verdict.missing,
                    reason: verdict.reason.clone(),
                    return_to: verdict.return_to,
                    read,
                    content_hash: hash.clone(),
                    signature: signature.map(|(id, _)| id),
                };
                moving.take(tx, &event).await?;
                let review = reads::Review {
                    id: tx.fresh(),
                    item_id: moving.item.id,
                    read_id: read,
                    subject_read_id: subject,
                    user_id: user,
                    decision: word(verdict.decision).into(),
                    reason: verdict.reason.clone(),
                    comment,
                    missing: verdict.missing.map_or("unanswered", missing_word).into(),
                    at: tx.now(),
                    marks: serde_json::to_string(&verdict.marks)
                        .map_err(|e| PipelineError::Internal(e.to_string()))?,
                };
                let errors = errors(&verdict, &before, &annotations);
                begun.end(tx, moving, user, came(&verdict, errors, subject).review(review.id)).await?;
                let action = format!("review.{}", review.decision);
                let mut evidence = read_evidence(&action, moving, read).content(hash_bytes(&hash)?);
                evidence.reason.clone_from(&review.reason);
                // Free text is committed to, not written into the log.
                evidence.details = Some(answered(&verdict, &before, review.comment.as_deref()));
                reads::insert_review(tx, review).await?;
                tx.record(evidence)?;
                if let Some((id, meaning)) = signature.filter(|_| verdict.decision != ReviewDecision::Reject)
                {
                    record_signature(tx, moving, id, read, user, &name, (meaning, None), &hash).await?;
                }
                let done = standing(moving, hash, signature.map(|(id, _)| id));
                let item = moving.item.id;
                let protocol = moving.protocol.clone();
                let after = (&*protocol, annotations.as_slice());
                reviewed(tx, &pipeline, item, subject, verdict.decision, user, after).await?;
                Ok(done)
            })
        })
        .await
    }
}

/// What was answered, for the evidence: both questions, in numbers.
fn answered(verdict: &Verdict, before: &[Annotation], comment: Option<&str>) -> serde_json::Value {
    let count = |wanted| verdict.marks.iter().filter(|mark| mark.verdict == wanted).count();
    serde_json::json!({
        "comment": comment,
        "marks": before.len(),
        "right": count(MarkVerdict::Right),
        "fixed": count(MarkVerdict::Fixed),
        "wrong": count(MarkVerdict::Wrong),
        "all_right": verdict.all_right,
        "missing": verdict.missing.map_or("unanswered", missing_word),
    })
}

/// What came of a review, but for its id.
fn came(verdict: &Verdict, errors: u32, subject: ReadId) -> Came {
    Came::judged(verdict.decision != ReviewDecision::Accept, errors, subject)
        .passed(verdict.decision != ReviewDecision::Reject)
}

/// How many errors a review found: marks that it changed, took out or added, and marks that it said are wrong.
fn errors(verdict: &Verdict, before: &[Annotation], after: &[Annotation]) -> u32 {
    let changed = deltas(before, after).into_iter().filter(|label| label.delta != Delta::Unchanged);
    let wrong = verdict.marks.iter().filter(|mark| mark.verdict == MarkVerdict::Wrong);
    let named: BTreeSet<AnnotationId> =
        changed.map(|label| label.annotation).chain(wrong.map(|mark| mark.annotation)).collect();
    u32::try_from(named.len()).unwrap_or(u32::MAX)
}

/// The answers for single marks as they were kept.
pub(crate) fn answers(review: &reads::Review) -> Result<Vec<MarkAnswer>> {
    serde_json::from_str(&review.marks).map_err(|e| PipelineError::Internal(format!("reviews.marks: {e}")))
}

/// Answers for single marks must be about marks of the read, each once, and agree with the decision. Nothing is passed while
/// a mark is neither answered nor under the word that all of them are right.
fn check_marks(verdict: &Verdict, before: &[Annotation], after: &[Annotation]) -> Result<()> {
    let bad = |index: usize, message: &str| {
        Err(PipelineError::bad("bad_mark_answer", format!("marks[{index}]"), message))
    };
    if verdict.marks.len() > CHANGES_MAX {
        return bad(CHANGES_MAX, "too many answers");
    }
    let known: BTreeSet<AnnotationId> = before.iter().map(|mark| mark.id).collect();
    let left: BTreeMap<AnnotationId, &Annotation> = after.iter().map(|mark| (mark.id, mark)).collect();
    let mut seen = BTreeSet::new();
    for (index, answer) in verdict.marks.iter().enumerate() {
        if !known.contains(&answer.annotation) {
            return bad(index, "is no mark of the read under review");
        }
        if !seen.insert(answer.annotation) {
            return bad(index, "is answered twice");
        }
        let stays = left.contains_key(&answer.annotation);
        if answer.verdict == MarkVerdict::Wrong && stays && verdict.decision != ReviewDecision::Reject {
            return Err(PipelineError::refused(
                "mark_wrong",
                "You said that a mark is wrong: correct it, remove it, or send the read back.",
            ));
        }
    }
    // That something cannot be assessed is no mark, and what the reviewer changed or removed is answered by that.
    let stands = |mark: &&Annotation| left.get(&mark.id).is_some_and(|after| after == mark);
    let silent =
        before.iter().filter(|mark| !mark.is_answer() && !seen.contains(&mark.id)).filter(stands).count();
    if silent > 0 && !verdict.all_right && verdict.decision != ReviewDecision::Reject {
        return Err(PipelineError::refused(
            "marks_unanswered",
            format!("{silent} of {} marks were not answered: is each of them right?", before.len()),
        ));
    }
    Ok(())
}

pub(crate) fn check_reason(reason: Option<&str>) -> Result<()> {
    match reason {
        Some(reason) if !REASONS.contains(&reason) => {
            Err(PipelineError::bad("bad_reason", "reason", format!("one of {}", REASONS.join(", "))))
        }
        _ => Ok(()),
    }
}

pub(crate) fn checked_comment(comment: Option<String>) -> Result<Option<String>> {
    let comment = comment.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    match &comment {
        Some(text) if text.chars().count() > COMMENT_CHARS_MAX || text.contains('\0') => Err(
            PipelineError::bad("bad_comment", "comment", format!("at most {COMMENT_CHARS_MAX} characters")),
        ),
        _ => Ok(comment),
    }
}

const fn word(decision: ReviewDecision) -> &'static str {
    match decision {
        ReviewDecision::Accept => "accept",
        ReviewDecision::Fix => "fix",
        ReviewDecision::Reject => "reject",
    }
}

const fn missing_word(missing: Missing) -> &'static str {
    match missing {
        Missing::Nothing => "nothing",
        Missing::Added => "added",
    }
}
