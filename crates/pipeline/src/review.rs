//! Review in two questions: is each mark right, is anything missing?

use countersign_model::{ReturnTo, SignatureId, TaskId};
use countersign_store::reads;
use countersign_workflow::{Event, Missing, ReviewDecision, content_hash, may_save};

use crate::{
    Pipeline, PipelineError, Result,
    monitor::reviewed,
    moving::hash_bytes,
    people::Caller,
    save::{Change, settle},
    sign::record_signature,
    work::{Standing, read_evidence, standing},
};

/// Longest comment of a reviewer, characters.
pub const COMMENT_CHARS_MAX: usize = 4_000;
/// Reasons for sending a read back.
pub const REASONS: &[&str] = &[
    "missed_finding",
    "false_mark",
    "wrong_class",
    "wrong_outline",
    "wrong_attribute",
    "guideline",
    "other",
];

/// A reviewer's answers.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Is each mark right?
    pub decision: ReviewDecision,
    /// Is anything missing? Must be answered for `accept` and `fix`.
    pub missing: Option<Missing>,
    /// Why it goes back, from [`REASONS`].
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
    /// `missing_unanswered`, `reason_required`, `nothing_fixed`, `content_changed`, `separation_of_duties` and the
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
        let comment = checked_comment(verdict.comment)?;
        let (user, name, pipeline) = (caller.user(), caller.printed_name.clone(), self.clone());
        self.on_task(caller, id, move |moving, tx| {
            Box::pin(async move {
                let read = may_save(&moving.state, user, fence, tx.now())?;
                let subject = moving.state.current.ok_or(PipelineError::NotFound)?;
                let annotations = settle(tx, moving, read, user, revision, &changes).await?;
                let hash = content_hash(&annotations);
                let signature =
                    moving.signature_meaning().map(|meaning| (tx.fresh::<SignatureId>(), meaning));
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
                };
                let action = format!("review.{}", review.decision);
                let mut evidence = read_evidence(&action, moving, read).content(hash_bytes(&hash)?);
                evidence.reason.clone_from(&review.reason);
                // Free text is committed to, not written into the log.
                evidence.details = review.comment.as_ref().map(|text| serde_json::json!({ "comment": text }));
                reads::insert_review(tx, review).await?;
                tx.record(evidence)?;
                if let Some((id, meaning)) = signature.filter(|_| verdict.decision != ReviewDecision::Reject)
                {
                    record_signature(tx, moving, id, read, user, &name, meaning, &hash).await?;
                }
                let done = standing(moving, hash, signature.map(|(id, _)| id));
                let item = moving.item.id;
                reviewed(tx, &pipeline, item, subject, verdict.decision, user, &annotations).await?;
                Ok(done)
            })
        })
        .await
    }
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
