//! Signatures: printed name, time, meaning, bound to the content hash.

use countersign_model::{EventId, Instant, ReadId, ReturnTo, SignatureId, SignatureMeaning, TaskId, UserId};
use countersign_store::{Evidence, Tx, items, reads, tasks};
use countersign_workflow::{Event, SignDecision};
use serde::Serialize;

use crate::{
    Pipeline, PipelineError, Result,
    moving::{Moving, hash_bytes, parse_state},
    people::Caller,
    refused::no_task_of,
    review::{check_reason, checked_comment},
    signing::Components,
    tiers::{Begun, Came},
    work::{Standing, standing},
};

/// A signature as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignatureView {
    /// Signature.
    pub id: SignatureId,
    /// The read that was signed.
    pub read: ReadId,
    /// Who signed.
    pub user: UserId,
    /// Their name as printed when they signed.
    pub printed_name: String,
    /// What the signature says.
    pub meaning: SignatureMeaning,
    /// Hash of the content that it is bound to.
    pub content_hash: String,
    /// When.
    pub at: Instant,
    /// The content still hashes to what was signed.
    pub valid: bool,
}

/// What a specialist decides.
#[derive(Clone, Debug)]
pub struct Countersigning {
    /// Sign, or send back.
    pub decision: SignDecision,
    /// Hash of what was on the screen.
    pub content_hash: String,
    /// What was entered for this signature.
    pub password: Components,
    /// Why it goes back.
    pub reason: Option<String>,
    /// In words.
    pub comment: Option<String>,
    /// To whom it goes back, where the stage lets the specialist choose.
    pub return_to: Option<ReturnTo>,
}

impl Pipeline {
    /// Countersigns the read that stands, or sends it back. The password is asked for every time, the user name at the
    /// first signature of a session.
    ///
    /// # Errors
    /// As `Pipeline::signed`; `content_changed`, `reason_required`, `separation_of_duties` and the lease codes.
    pub async fn countersign(
        &self,
        caller: &Caller,
        id: TaskId,
        fence: u64,
        act: Countersigning,
    ) -> Result<Standing> {
        check_reason(act.reason.as_deref())?;
        let comment = checked_comment(act.comment)?;
        self.find_signing(caller, id).await?;
        let (user, name) = (caller.user(), caller.printed_name.clone());
        let components = act.password.clone();
        let signing = self.on_task(caller, id, move |moving, tx| {
            Box::pin(async move {
                let now = tx.now();
                moving.require_qualified(tx, user, true, now).await?;
                let subject = moving.state.current.ok_or(PipelineError::NotFound)?;
                let begun = Begun::of(tx, moving, id).await?;
                let meaning = match act.decision {
                    SignDecision::Sign => moving.signature_meaning().unwrap_or(SignatureMeaning::Approved),
                    SignDecision::Reject => SignatureMeaning::Rejected,
                };
                let signature: SignatureId = tx.fresh();
                let event = Event::Signed {
                    user,
                    fence,
                    now: tx.now(),
                    decision: act.decision,
                    reason: act.reason.clone(),
                    return_to: act.return_to,
                    content_hash: act.content_hash.clone(),
                    signature: Some(signature),
                };
                moving.take(tx, &event).await?;
                let rejects = act.decision == SignDecision::Reject;
                let mut came = Came::judged(rejects, 1, subject).passed(!rejects);
                if rejects {
                    let review = reads::Review {
                        id: tx.fresh(),
                        item_id: moving.item.id,
                        read_id: subject,
                        subject_read_id: subject,
                        user_id: user,
                        decision: "reject".into(),
                        reason: act.reason.clone(),
                        comment,
                        missing: "unanswered".into(),
                        at: tx.now(),
                        marks: "[]".into(),
                    };
                    came = came.review(review.id);
                    reads::insert_review(tx, review).await?;
                }
                begun.end(tx, moving, user, came).await?;
                let why = act.reason.as_deref().filter(|_| rejects);
                let said = (meaning, why);
                record_signature(tx, moving, signature, subject, user, &name, said, &act.content_hash)
                    .await?;
                Ok(standing(moving, act.content_hash, Some(signature)))
            })
        });
        self.signed(caller, &components, signing).await
    }

    /// Who may not have a task learns nothing, not even what signing it would take.
    async fn find_signing(&self, caller: &Caller, id: TaskId) -> Result<()> {
        let mut conn = self.store.read().await?;
        let task = tasks::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        let item = items::by_id(&mut conn, task.item_id).await?.ok_or(PipelineError::NotFound)?;
        let may = self.may_take(caller, &task, &parse_state(&item.workflow)?);
        if may { Ok(()) } else { Err(no_task_of(caller, &task)) }
    }
}

/// Keeps a signature and its evidence.
#[expect(clippy::too_many_arguments, reason = "a signature is these eight things")]
pub(crate) async fn record_signature(
    tx: &mut Tx,
    moving: &Moving,
    id: SignatureId,
    read: ReadId,
    user: UserId,
    printed_name: &str,
    (meaning, why): (SignatureMeaning, Option<&str>),
    content_hash: &str,
) -> Result<EventId> {
    let mut evidence = Evidence::new(&format!("signature.{meaning}"), "signature", id.uuid())
        .project(moving.item.project_id)
        .item(moving.item.id)
        .content(hash_bytes(content_hash)?)
        // Committed to by the log, so that the name that is shown is the one that signed.
        .details(serde_json::json!({ "printed_name": printed_name }));
    evidence.reason = why.map(str::to_owned);
    let event_id = tx.record(evidence)?;
    let signature = reads::Signature {
        id,
        item_id: moving.item.id,
        read_id: read,
        user_id: user,
        printed_name: printed_name.to_owned(),
        meaning,
        content_hash: content_hash.to_owned(),
        at: tx.now(),
        event_id,
    };
    reads::insert_signature(tx, signature).await?;
    Ok(event_id)
}
