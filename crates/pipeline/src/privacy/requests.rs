//! Asking and deciding: never the same person, and for a re-identification nobody who worked on the item.

use std::collections::BTreeSet;

use countersign_model::{ItemId, PrivacyRequestId, ProjectId, SignatureMeaning, SubjectId, UserId};
use countersign_store::{Conn, Evidence, StoreError, jobs, moves, privacy, subjects};
use countersign_workflow::refusals::SEPARATION_OF_DUTIES;

use super::{
    PrivacyRequestView, REQUESTS_LISTED_MAX, checked_reason, printed, subject_name, subject_of_request,
};
use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    moving::JOB_ERASE,
    people::Caller,
    protocols::signature::signer,
    signed_acts::{self, SignedAct},
    signing::{Components, add_signed},
};

/// How long an approved re-identification can be looked at, seconds.
pub const REVEAL_SECONDS: i64 = 30 * 60;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestDraft {
    /// Destroy everything about a subject.
    Erasure(SubjectId),
    /// Say who the person in an item is.
    Reidentification(ItemId),
}

/// What the second person decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Let it happen.
    pub approve: bool,
    /// Why so.
    pub reason: String,
    /// What the decider entered to sign.
    pub password: Components,
}

impl Pipeline {
    /// Asks for an erasure or a re-identification; nothing happens before a second person has agreed.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `reason_required`; `erased`; `already_requested`; `separation_of_duties` when the
    /// asker worked on the item that they want to know more of; `nothing_known` for an item that nobody is known of.
    pub async fn request_privacy(
        &self,
        caller: &Caller,
        project: ProjectId,
        draft: RequestDraft,
        reason: String,
    ) -> Result<PrivacyRequestView> {
        self.require_on(caller, Action::RequestPrivacy, project)?;
        let reason = checked_reason(reason)?;
        let (kind, subject, item) = {
            let mut conn = self.store.read().await?;
            match draft {
                RequestDraft::Erasure(subject) => {
                    let found = subjects::by_id(&mut conn, subject).await?;
                    ("erasure", found.ok_or(PipelineError::NotFound)?, None)
                }
                RequestDraft::Reidentification(item) => {
                    let found = subjects::of_item(&mut conn, item).await?;
                    let message = "Nobody is known to be in this item.";
                    let patient = found.into_iter().find(|subject| subject.kind == "patient");
                    let patient = patient.ok_or_else(|| PipelineError::refused("nothing_known", message))?;
                    self.refuse_workers(&mut conn, caller.user(), &patient).await?;
                    ("reidentification", patient, Some(item))
                }
            }
        };
        if subject.project_id != project {
            return Err(PipelineError::NotFound);
        }
        if subject.is_erased() {
            return Err(PipelineError::refused("erased", "This subject was erased; there is nothing left."));
        }
        let user = caller.user();
        let made = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                let request = privacy::Request {
                    id: tx.fresh(),
                    project_id: project,
                    kind: kind.into(),
                    subject_id: subject.id,
                    item_id: item,
                    state: "open".into(),
                    reason: reason.clone(),
                    requested_by: user,
                    requested_at: tx.now(),
                    decided_by: None,
                    decided_at: None,
                    decision_reason: None,
                    expires_at: None,
                    done_at: None,
                    certificate: None,
                };
                privacy::insert(tx, request.clone()).await?;
                tx.record(evidence("requested", &request, &reason))?;
                Ok(request)
            })
        });
        let made = made.await.map_err(|error| match error {
            PipelineError::Store(StoreError::Conflict { .. }) => PipelineError::refused(
                "already_requested",
                "An erasure of this subject is under way already.",
            ),
            other => other,
        })?;
        self.request_view(&mut *self.store.read().await?, caller, made).await
    }

    /// The requests of a project, newest first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn privacy_requests(
        &self,
        caller: &Caller,
        project: ProjectId,
    ) -> Result<Vec<PrivacyRequestView>> {
        self.require_on(caller, Action::ViewPrivacy, project)?;
        let mut conn = self.store.read().await?;
        let mut shown = Vec::new();
        for request in privacy::list(&mut conn, project, REQUESTS_LISTED_MAX).await? {
            shown.push(self.request_view(&mut conn, caller, request).await?);
        }
        Ok(shown)
    }

    /// Approves or refuses a request. An approved erasure is carried out in the background; an approved
    /// re-identification can be looked at by its asker, once, for half an hour.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `reason_required`; `separation_of_duties` for the asker and, for a
    /// re-identification, for everybody who worked on the item; `bad_credentials`; `already_decided`.
    pub async fn decide_privacy(
        &self,
        caller: &Caller,
        id: PrivacyRequestId,
        decision: Decision,
    ) -> Result<PrivacyRequestView> {
        let request = {
            let mut conn = self.store.read().await?;
            let request = privacy::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::DecidePrivacy, request.project_id)?;
            if request.requested_by == caller.user() {
                return Err(other_person());
            }
            let subject = subject_of_request(&mut conn, &request).await?;
            if request.kind == "reidentification" {
                self.refuse_workers(&mut conn, caller.user(), &subject).await?;
            }
            let resource = self.request_resource(&mut conn, &request, &subject).await?;
            self.require(caller, Action::ApprovePrivacy, &resource)?;
            request
        };
        let reason = checked_reason(decision.reason)?;
        let (user, approve) = (caller.user(), decision.approve);
        let decided = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                let word = if approve { "approved" } else { "refused" };
                let is_reveal = request.kind == "reidentification" && approve;
                let expires_at = is_reveal.then(|| tx.now().plus_seconds(REVEAL_SECONDS));
                if !privacy::decide(tx, id, word, user, Some(&reason), expires_at).await? {
                    return Err(PipelineError::refused("already_decided", "Somebody decided this before."));
                }
                let (_, name) = signer(tx).await?;
                let meaning = if approve { SignatureMeaning::Approved } else { SignatureMeaning::Rejected };
                tx.record(signed_evidence(word, &request, &reason, (meaning, &name)))?;
                if request.kind == "erasure" && approve {
                    let payload = serde_json::json!({ "request": id });
                    let job = jobs::Job::ready(tx, JOB_ERASE, Some(request.project_id), None, &payload);
                    jobs::insert_all(tx, vec![job]).await?;
                }
                privacy::by_id(tx, id).await?.ok_or(PipelineError::NotFound)
            })
        });
        let decided = self.signed(caller, &decision.password, decided).await?;
        self.wake_worker();
        self.request_view(&mut *self.store.read().await?, caller, decided).await
    }

    /// Whoever worked on an item of a subject learns nothing more of them.
    pub(super) async fn refuse_workers(
        &self,
        conn: &mut Conn,
        user: UserId,
        subject: &subjects::Subject,
    ) -> Result<()> {
        if self.workers(conn, subject).await?.contains(&user) { Err(other_person()) } else { Ok(()) }
    }

    async fn workers(&self, conn: &mut Conn, subject: &subjects::Subject) -> Result<BTreeSet<UserId>> {
        let (mut found, now) = (BTreeSet::new(), self.store.clock().now());
        for item in subjects::items(conn, subject.id).await? {
            found.extend(moves::participants(conn, item.id, now).await?);
        }
        Ok(found)
    }

    /// The request with the attributes that policies read.
    async fn request_resource(
        &self,
        conn: &mut Conn,
        request: &privacy::Request,
        subject: &subjects::Subject,
    ) -> Result<Resource> {
        let reidentifies = request.kind == "reidentification";
        Ok(Resource::PrivacyRequest {
            request: request.id,
            project: request.project_id,
            requester: request.requested_by,
            reidentifies,
            participants: if reidentifies {
                self.workers(conn, subject).await?.into_iter().collect()
            } else {
                Vec::new()
            },
        })
    }

    pub(super) async fn request_view(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        request: privacy::Request,
    ) -> Result<PrivacyRequestView> {
        let subject = subject_of_request(conn, &request).await?;
        let may_decide = request.state == "open" && {
            let resource = self.request_resource(conn, &request, &subject).await?;
            self.access.allows(&caller.principal, Action::ApprovePrivacy, &resource)
        };
        let signature = decision(conn, &request).await?;
        let running = request.expires_at.is_some_and(|until| self.store.clock().now() < until);
        Ok(PrivacyRequestView {
            id: request.id,
            project: request.project_id,
            subject: subject.id,
            subject_name: subject_name(&subject),
            item: request.item_id,
            may_decide,
            may_reveal: request.state == "approved" && running && request.requested_by == caller.user(),
            requested_by_name: printed(conn, Some(request.requested_by)).await?.unwrap_or_default(),
            decided_by_name: signature.as_ref().map(|signed| signed.printed_name.clone()),
            signature,
            kind: request.kind,
            state: request.state,
            reason: request.reason,
            requested_by: request.requested_by,
            requested_at: request.requested_at,
            decided_at: request.decided_at,
            decision_reason: request.decision_reason,
            expires_at: request.expires_at,
            done_at: request.done_at,
            certified: request.certificate.is_some() && request.done_at.is_some(),
        })
    }
}

/// The signature under what was decided.
async fn decision(conn: &mut Conn, request: &privacy::Request) -> Result<Option<SignedAct>> {
    if request.decided_by.is_none() {
        return Ok(None);
    }
    let word = if request.state == "refused" { "refused" } else { "approved" };
    signed_acts::last(conn, &format!("{}.{word}", request.kind), request.id.uuid()).await
}

fn other_person() -> PipelineError {
    let message =
        "Another person must do this: neither who asked nor, to learn who somebody is, who worked on them.";
    PipelineError::refused(SEPARATION_OF_DUTIES, message)
}

/// Evidence of a step of a request; the reason is private.
pub(super) fn evidence(step: &str, request: &privacy::Request, reason: &str) -> Evidence {
    step_of(step, request).details(words(request, reason))
}

/// The same of a decision, which is signed.
fn signed_evidence(
    step: &str,
    request: &privacy::Request,
    reason: &str,
    (meaning, name): (SignatureMeaning, &str),
) -> Evidence {
    let mut details = words(request, reason);
    add_signed(&mut details, meaning, name);
    step_of(step, request).details(details)
}

fn step_of(step: &str, request: &privacy::Request) -> Evidence {
    Evidence::new(&format!("{}.{step}", request.kind), "privacy_request", request.id.uuid())
        .project(request.project_id)
}

fn words(request: &privacy::Request, reason: &str) -> serde_json::Value {
    serde_json::json!({ "reason": reason, "subject": request.subject_id, "item": request.item_id })
}
