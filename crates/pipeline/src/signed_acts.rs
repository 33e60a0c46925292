//! Signed acts as pages show them: name, meaning and time as they were when somebody signed, out of the event, and never
//! the name that the account has now.

use countersign_model::{EventId, Instant, SignatureMeaning};
use countersign_store::{Conn, events, events::Event, users};
use serde::Serialize;
use uuid::Uuid;

use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller};

/// Somebody signed something.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignedAct {
    /// Its evidence; the proof of it is at `/events/{event}/proof`.
    pub event: EventId,
    /// Name as it was printed then.
    pub printed_name: String,
    /// What it means.
    pub meaning: SignatureMeaning,
    /// When.
    pub at: Instant,
}

/// The last act of this name on an object, by a person.
pub(crate) async fn last(conn: &mut Conn, action: &str, object: Uuid) -> Result<Option<SignedAct>> {
    match events::last_signed(conn, action, object).await? {
        Some(event) => of(conn, &event).await,
        None => Ok(None),
    }
}

/// What an event says of its signature; nothing where no person acted. Events of before names were kept say who it was: the
/// name is the one of now.
pub(crate) async fn of(conn: &mut Conn, event: &Event) -> Result<Option<SignedAct>> {
    let details = event.details.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let details: serde_json::Value = details.unwrap_or_default();
    // What was signed for a later time is carried out by the machine, under the name and the time of whoever signed it.
    let signed_at: Option<Instant> = serde_json::from_value(details["signed_at"].clone()).ok();
    let printed_name = match (details["printed_name"].as_str(), event.actor_user) {
        (Some(name), Some(_)) => name.to_owned(),
        (Some(name), None) if signed_at.is_some() => name.to_owned(),
        (None, Some(user)) => {
            users::by_id(conn, user).await?.map_or_else(String::new, |user| user.printed_name)
        }
        _ => return Ok(None),
    };
    let meaning = serde_json::from_value(details["meaning"].clone());
    let meaning = meaning.unwrap_or_else(|_| meant(&event.action));
    Ok(Some(SignedAct { event: event.id, printed_name, meaning, at: signed_at.unwrap_or(event.at) }))
}

/// What an act means whose event does not say so.
fn meant(action: &str) -> SignatureMeaning {
    match action {
        "release.countersigned" => SignatureMeaning::Released,
        "erasure.refused" | "reidentification.refused" => SignatureMeaning::Rejected,
        _ => SignatureMeaning::Approved,
    }
}

/// Who may see an act of this kind; nothing for what is not signed, or has a proof of its own.
fn seen_by(action: &str) -> Option<Action> {
    Some(match action {
        "protocol.signed"
        | "protocol.activated"
        | "protocol.planned"
        | "protocol.changed"
        | "guideline.published"
        | "guideline.planned"
        | "project.declared_public" => Action::ViewProject,
        "ontology.changed" | "appraisal.issued" => Action::ViewQuality,
        "release.started" | "release.countersigned" => Action::ViewReleases,
        "erasure.approved" | "erasure.refused" | "reidentification.approved" | "reidentification.refused" => {
            Action::ViewPrivacy
        }
        _ => return None,
    })
}

/// Whether an act of this name is signed.
pub(crate) fn is_one(action: &str) -> bool {
    seen_by(action).is_some()
}

impl Pipeline {
    /// The proof that a signed act is in the log, as a file that stands alone (C2SP tlog-proof).
    ///
    /// # Errors
    /// [`PipelineError::NotFound`], also for what is no signed act, for who may not see it, and for who may be called to
    /// work: a proof tells how long the log is.
    pub async fn event_proof(&self, caller: &Caller, id: EventId) -> Result<String> {
        let event = events::by_id(&mut *self.store.read().await?, id).await?;
        let event = event.ok_or(PipelineError::NotFound)?;
        let action = seen_by(&event.action).filter(|_| event.outcome == "ok");
        let (action, project) = action.zip(event.project_id).ok_or(PipelineError::NotFound)?;
        self.require_on(caller, action, project)?;
        // Whoever may see a release has the proof of it, and so of its signatures.
        if action != Action::ViewReleases && !self.has_proofs(caller).await? {
            return Err(PipelineError::NotFound);
        }
        self.proof(id).await
    }

    /// Whether a person may have proofs of signed acts: a proof tells how long the log is, and so how much others do. Not
    /// while they may be called to work anywhere.
    pub(crate) async fn has_proofs(&self, caller: &Caller) -> Result<bool> {
        for (project, _) in &caller.principal.grants {
            if self.is_called_to_work(caller, *project).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
