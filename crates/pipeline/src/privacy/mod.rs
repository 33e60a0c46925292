//! What a privacy officer does about people: who is in a project, erasure, re-identification. Both of the latter need
//! two people and a reason, and every step of them is an event.

mod certificate;
mod erase;
mod requests;
mod reveal;

use countersign_model::{Instant, ItemId, PrivacyRequestId, ProjectId, SubjectId, UserId};
use countersign_store::{Actor, Conn, Evidence, privacy, subjects, users};
use serde::Serialize;

pub use self::{
    certificate::CertificateView,
    requests::{Decision, RequestDraft},
    reveal::Revealed,
};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    people::Caller,
    signed_acts::SignedAct,
    subjects::Whose,
    views::{Page, page_length},
};

/// Longest patient ID or issuer that is looked for, bytes: what DICOM's LO takes in any character set.
const PATIENT_ID_BYTES_MAX: usize = 256;
/// Most requests in one list.
const REQUESTS_LISTED_MAX: u32 = 1_000;

/// A subject as the privacy officer sees them: never by name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubjectView {
    /// Subject.
    pub id: SubjectId,
    /// Number within the project.
    pub number: u64,
    /// `patient`, `drive`, `lot`, `table`, `text` or `project`.
    pub kind: String,
    /// What stands for a patient, once the gate has named it.
    pub pseudonym: Option<String>,
    /// `live`, or `erased`.
    pub state: String,
    /// First seen.
    pub created_at: Instant,
    /// Erased.
    pub erased_at: Option<Instant>,
    /// Items with something about them.
    pub items: u64,
    /// Files about them.
    pub files: u64,
    /// Size of these files, bytes.
    pub bytes: u64,
}

/// A request that a second person decides.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PrivacyRequestView {
    /// Request.
    pub id: PrivacyRequestId,
    /// Project.
    pub project: ProjectId,
    /// `erasure` or `reidentification`.
    pub kind: String,
    /// Whom it is about.
    pub subject: SubjectId,
    /// How they are named: a pseudonym, a number, or `erased subject #n`.
    pub subject_name: String,
    /// For a re-identification: of which item.
    pub item: Option<ItemId>,
    /// `open`, `approved`, `refused` or `done`.
    pub state: String,
    /// Why.
    pub reason: String,
    /// Who asked.
    pub requested_by: UserId,
    /// Their printed name.
    pub requested_by_name: String,
    /// When.
    pub requested_at: Instant,
    /// Who decided, as the name was printed then.
    pub decided_by_name: Option<String>,
    /// The signature under the decision.
    pub signature: Option<SignedAct>,
    /// When.
    pub decided_at: Option<Instant>,
    /// Why so.
    pub decision_reason: Option<String>,
    /// An approved re-identification can be looked at until then.
    pub expires_at: Option<Instant>,
    /// Carried out.
    pub done_at: Option<Instant>,
    /// There is a certificate.
    pub certified: bool,
    /// The caller may decide it.
    pub may_decide: bool,
    /// The caller may look at it now.
    pub may_reveal: bool,
}

/// Whether the places of secrets are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VaultStatus {
    /// The vault: without it no DICOM file passes the gate and nobody can be looked up.
    pub vault_online: bool,
    /// The keyring: without it no image can be read.
    pub keyring_online: bool,
    /// Jobs that wait for one of them.
    pub jobs_waiting: u64,
}

impl Pipeline {
    /// Whether the vault is there.
    pub fn vault_online(&self) -> bool {
        self.store.vault().is_online()
    }

    /// Whether the places of secrets are there, and how many jobs of a project wait for them.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn vault_status(&self, caller: &Caller, project: ProjectId) -> Result<VaultStatus> {
        self.require_on(caller, Action::ViewSubjects, project)?;
        let mut conn = self.store.read().await?;
        let jobs_waiting = countersign_store::jobs::count_put_off(&mut conn, project).await?;
        let keyring_online = self.store.keyring().is_online();
        Ok(VaultStatus { vault_online: self.vault_online(), keyring_online, jobs_waiting })
    }

    /// The subjects of a project, by number.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_cursor`.
    pub async fn subjects(
        &self,
        caller: &Caller,
        project: ProjectId,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<SubjectView>> {
        self.require_on(caller, Action::ViewSubjects, project)?;
        let after = cursor.as_deref().map(str::parse::<u32>).transpose();
        let after = after.map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))?;
        let limit = page_length(limit);
        let mut conn = self.store.read().await?;
        let found = subjects::list(&mut conn, project, u64::from(after.unwrap_or(0)), limit + 1).await?;
        let page = Page::cut(found, limit, |subject| subject.number.to_string());
        let mut shown = Vec::with_capacity(page.items.len());
        for subject in page.items {
            shown.push(subject_view(&mut conn, subject).await?);
        }
        Ok(Page { items: shown, next: page.next })
    }

    /// The subject behind a patient ID of the source, looked up through the vault. That somebody looked is an event,
    /// whether or not there was anybody.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`; `vault_offline`; `no_such_subject`.
    pub async fn find_subject(
        &self,
        caller: &Caller,
        project: ProjectId,
        patient_id: &str,
        issuer: &str,
        reason: String,
    ) -> Result<SubjectView> {
        self.require_on(caller, Action::RequestPrivacy, project)?;
        let reason = checked_reason(reason)?;
        for (place, text) in [("patient_id", patient_id), ("issuer", issuer)] {
            if text.len() > PATIENT_ID_BYTES_MAX || text.contains('\0') {
                return Err(PipelineError::bad("bad_patient_id", place, "at most 256 bytes"));
            }
        }
        let key = self.store.vault().project_key(project)?;
        let pseudonym = countersign_deid::Keys { project_key: *key }.pseudonym(issuer, patient_id);
        let tag = self.tag(project, &Whose::patient(issuer, patient_id))?;
        let found = {
            let mut conn = self.store.read().await?;
            match subjects::by_tag(&mut conn, project, &tag).await? {
                Some(found) => Some(found),
                None => subjects::by_pseudonym(&mut conn, project, &pseudonym).await?,
            }
        };
        let object = found.as_ref().map_or(project.uuid(), |subject| subject.id.uuid());
        let kind = if found.is_some() { "subject" } else { "project" };
        let evidence = Evidence::new("crosswalk.searched", kind, object).project(project);
        self.note(caller.actor(), evidence.details(serde_json::json!({ "reason": reason }))).await?;
        let message = "This patient ID of this issuer is not known in this project.";
        let found = found.ok_or_else(|| PipelineError::refused("no_such_subject", message))?;
        subject_view(&mut *self.store.read().await?, found).await
    }

    /// Records something that changed no row.
    async fn note(&self, actor: Actor, evidence: Evidence) -> Result<()> {
        let noted = self.store.write::<_, PipelineError, _>(actor, move |tx| {
            Box::pin(async move { tx.record(evidence).map(drop).map_err(PipelineError::from) })
        });
        noted.await
    }
}

/// A reason that says something.
fn checked_reason(text: String) -> Result<String> {
    crate::review::checked_comment(Some(text))?
        .ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))
}

async fn subject_view(conn: &mut Conn, subject: subjects::Subject) -> Result<SubjectView> {
    let counts = subjects::counts(conn, subject.id).await?;
    Ok(SubjectView {
        id: subject.id,
        number: subject.number,
        kind: subject.kind,
        pseudonym: subject.pseudonym,
        state: subject.state,
        created_at: subject.created_at,
        erased_at: subject.erased_at,
        items: counts.items,
        files: counts.assets,
        bytes: counts.bytes,
    })
}

/// How a subject is named to people.
pub(crate) fn subject_name(subject: &subjects::Subject) -> String {
    if subject.is_erased() {
        return subject.erased_name();
    }
    subject.pseudonym.clone().unwrap_or_else(|| format!("{} #{}", subject.kind, subject.number))
}

async fn printed(conn: &mut Conn, user: Option<UserId>) -> Result<Option<String>> {
    let Some(user) = user else { return Ok(None) };
    Ok(users::by_id(conn, user).await?.map(|user| user.printed_name))
}

async fn subject_of_request(conn: &mut Conn, request: &privacy::Request) -> Result<subjects::Subject> {
    subjects::by_id(conn, request.subject_id).await?.ok_or(PipelineError::NotFound)
}
