//! The certificate of an erasure: what was destroyed, what could not be reached, who has to be told. Signed with the
//! log's key, with the proof that the erasure is in the log.

use countersign_ledger::Hash;
use countersign_model::{Instant, ItemId, PrivacyRequestId, ProjectId, ReleaseId, SubjectId, UserId};
use countersign_store::{Actor, Attested, Conn, Evidence, STATEMENT_START, events, jobs, privacy};
use countersign_workflow::canonical_json;
use serde::{Deserialize, Serialize};

use super::{erase::internal, printed};
use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller};

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonAct {
    /// Account.
    pub user: UserId,
    /// Printed name.
    pub printed_name: String,
    /// When.
    pub at: Instant,
}

/// What was destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Destroyed {
    /// Id of the key: without it no copy of these bytes can be read, in no backup either.
    pub key: SubjectId,
    /// Files in quarantine: originals, and cleaned copies that waited there.
    pub quarantined_files: u64,
    /// Cleared files.
    pub cleared_files: u64,
    /// Size of all of these, bytes.
    pub bytes: u64,
    /// Versions of annotations whose shapes were removed.
    pub annotation_versions: u64,
    /// Reports of the gate whose content was removed.
    pub gate_reports: u64,
    /// Private details of events that were removed.
    pub event_details: u64,
    /// Entries of the crosswalk; absent when the vault was away: they were sealed with the destroyed key.
    pub crosswalk_entries: Option<u64>,
    /// Packages of releases.
    pub release_packages: u64,
    /// Files that others need too: they were sealed with another key and stay.
    pub shared_files_resealed: u64,
}

impl Default for Destroyed {
    fn default() -> Self {
        Self {
            key: SubjectId(uuid::Uuid::nil()),
            quarantined_files: 0,
            cleared_files: 0,
            bytes: 0,
            annotation_versions: 0,
            gate_reports: 0,
            event_details: 0,
            crosswalk_entries: None,
            release_packages: 0,
            shared_files_resealed: 0,
        }
    }
}

/// Somebody who took a release and has to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseRecipient {
    /// Account; absent for the command line of the machine.
    pub user: Option<UserId>,
    /// Printed name, or the kind of actor.
    pub name: String,
    /// When they took it first.
    pub at: Instant,
}

/// A release with something about the subject in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseNotice {
    /// Release.
    pub release: ReleaseId,
    /// Its name.
    pub name: String,
    /// Its root hash, hexadecimal.
    pub root: Option<String>,
    /// Who took it.
    pub recipients: Vec<ReleaseRecipient>,
}

/// What is certified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErasureStatement {
    /// Version of this form.
    pub version: u32,
    /// The request.
    pub request: PrivacyRequestId,
    /// Project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// Who was erased, as an id.
    pub subject: SubjectId,
    /// Their number within the project.
    pub subject_number: u64,
    /// Who asked.
    pub requested: PersonAct,
    /// Who confirmed.
    pub confirmed: PersonAct,
    /// When it was done.
    pub erased_at: Instant,
    /// What was destroyed.
    pub destroyed: Destroyed,
    /// Items that are empty now; their ids stay.
    pub items: Vec<ItemId>,
    /// Releases that held something of it, and who took them.
    pub releases: Vec<ReleaseNotice>,
}

impl ErasureStatement {
    /// SHA-256 over the canonical JSON of the statement.
    pub(super) fn hash(&self) -> Result<Hash> {
        let value = serde_json::to_value(self).map_err(|error| internal(&error.to_string()))?;
        Ok(Hash::of(canonical_json(&value).as_bytes()))
    }

    /// The statement for people, which is what is signed.
    fn text(&self, hash: &Hash, log_index: &str, log_size: u64) -> String {
        let d = &self.destroyed;
        let crosswalk = d.crosswalk_entries.map_or_else(
            || "sealed with the destroyed key in a vault that was away".to_owned(),
            |entries| entries.to_string(),
        );
        let mut text = format!(
            "{STATEMENT_START}erasure\n\
             Project: {} ({})\n\
             Subject: #{} ({})\n\
             Requested: {} by {} ({})\n\
             Confirmed: {} by {} ({})\n\
             Erased: {}\n\
             Destroyed key: {}\n\
             Destroyed files: {} in quarantine, {} cleared, {} bytes together\n\
             Removed shapes of annotations, versions: {}\n\
             Emptied reports of the gate: {}\n\
             Removed private details of events: {}\n\
             Removed entries of the crosswalk: {crosswalk}\n\
             Removed packages of releases: {}\n\
             Files that others need too, sealed with another key: {}\n\
             Items that are empty now: {}\n",
            one_line(&self.project_name),
            self.project,
            self.subject_number,
            self.subject,
            self.requested.at,
            one_line(&self.requested.printed_name),
            self.requested.user,
            self.confirmed.at,
            one_line(&self.confirmed.printed_name),
            self.confirmed.user,
            self.erased_at,
            d.key,
            d.quarantined_files,
            d.cleared_files,
            d.bytes,
            d.annotation_versions,
            d.gate_reports,
            d.event_details,
            d.release_packages,
            d.shared_files_resealed,
            self.items.len(),
        );
        for item in &self.items {
            text.push_str(&format!("  item {item}\n"));
        }
        text.push_str(&format!("Releases that held something of it: {}\n", self.releases.len()));
        for release in &self.releases {
            let root = release.root.as_deref().unwrap_or("-");
            text.push_str(&format!(
                "  release {} ({}), root {root}\n",
                one_line(&release.name),
                release.release
            ));
            for recipient in &release.recipients {
                let id = recipient.user.map_or_else(|| "-".to_owned(), |user| user.to_string());
                let name = one_line(&recipient.name);
                text.push_str(&format!("    taken by {name} ({id}), first {}\n", recipient.at));
            }
        }
        text.push_str(
            "Copies that recipients hold are out of reach: tell them. Ids, times, authors and hashes stay, because\n\
             the evidence log names them; they lead to nobody any more.\n",
        );
        text.push_str(&format!(
            "Evidence log: entry {log_index} of {log_size}\nStatement SHA-256: {}\n",
            hash.to_hex()
        ));
        text
    }
}

/// Names are words of people: a line of a signed text is ours alone.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The certificate of an erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CertificateView {
    /// What is certified.
    pub statement: ErasureStatement,
    /// The statement for people as a signed note (C2SP): text, empty line, signature of the log's key. Its last line is
    /// the SHA-256 of the canonical JSON of `statement`.
    pub note: String,
    /// Proof that the erasure is in the evidence log, with the checkpoint (C2SP tlog-proof).
    pub proof: String,
    /// Its place in the log.
    pub log_index: u64,
    /// Entries in the log at that checkpoint.
    pub log_size: u64,
}

impl Pipeline {
    /// Signs the statement and ends request and job.
    pub(super) async fn certify_erasure(
        &self,
        request: privacy::Request,
        statement: &str,
        job: jobs::Job,
        worker: String,
    ) -> Result<()> {
        let statement: ErasureStatement =
            serde_json::from_str(statement).map_err(|error| internal(&error.to_string()))?;
        let hash = statement.hash()?;
        self.store.sequence().await?;
        let event = {
            let mut conn = self.store.read().await?;
            events::last_of(&mut conn, "subject.erased", statement.subject.uuid()).await?
        };
        let event = event.ok_or_else(|| internal("an erasure without evidence"))?;
        let index = event.log_index.map_or_else(|| "-".to_owned(), |index| index.to_string());
        let signed = statement.clone();
        let attested = self.store.attest(event.id, move |size| signed.text(&hash, &index, size)).await?;
        let Attested { note, proof, log_index, log_size } = attested;
        let certificate = CertificateView { statement, note, proof, log_index, log_size };
        let text = serde_json::to_string(&certificate).map_err(|error| internal(&error.to_string()))?;
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    if !privacy::finish(tx, request.id, Some(&text)).await? {
                        return Err(internal("an erasure was ended by somebody else"));
                    }
                    if !jobs::finish(tx, job.id, &worker).await? {
                        return Err(PipelineError::refused("job_lost", "Another worker took over."));
                    }
                    let evidence = Evidence::new("erasure.certified", "privacy_request", request.id.uuid());
                    tx.record(evidence.project(request.project_id).content(hash.0))?;
                    Ok(())
                })
            })
            .await
    }

    /// The certificate of a finished erasure.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right, or when there is none.
    pub async fn erasure_certificate(
        &self,
        caller: &Caller,
        id: PrivacyRequestId,
    ) -> Result<CertificateView> {
        let request = privacy::by_id(&mut *self.store.read().await?, id).await?;
        let request = request.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ViewPrivacy, request.project_id)?;
        let text =
            request.certificate.filter(|_| request.done_at.is_some()).ok_or(PipelineError::NotFound)?;
        serde_json::from_str(&text).map_err(|error| internal(&error.to_string()))
    }
}

/// Who took the releases.
pub(super) async fn notices(conn: &mut Conn, releases: Vec<privacy::Touched>) -> Result<Vec<ReleaseNotice>> {
    let mut notices = Vec::with_capacity(releases.len());
    for release in releases {
        let mut recipients = Vec::new();
        for recipient in privacy::recipients(conn, release.id).await? {
            let name = printed(conn, recipient.actor_user).await?.unwrap_or(recipient.actor_kind);
            recipients.push(ReleaseRecipient { user: recipient.actor_user, name, at: recipient.at });
        }
        notices.push(ReleaseNotice {
            release: release.id,
            name: release.name,
            root: release.root,
            recipients,
        });
    }
    Ok(notices)
}
