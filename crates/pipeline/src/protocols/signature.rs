//! The signature under a version of a protocol. Nobody is given work under a version that is not signed: readers,
//! blinding and rules are frozen, under somebody's name, before the first read. Gate, ingest and drafts go on without it.

use std::collections::BTreeSet;

use countersign_model::{EventId, Instant, ProjectId, Refusal, SignatureMeaning};
use countersign_store::{
    Conn, Evidence, Tx, projects,
    protocols::{self, ProtocolSignature, ProtocolVersion},
    users,
};
use serde::Serialize;

use super::void::{check_intact, is_for, is_void, void};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    moving::hash_bytes,
    people::Caller,
    projects::ProtocolRef,
    signing::{Components, signed_details},
};

/// Whether the version in force is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProtocolStanding {
    /// By somebody who may put it into force.
    Signed,
    /// Nobody is given work before it is.
    Unsigned,
    /// People read under it before signing was asked for: nobody signed it, and work goes on.
    BeforeSigning,
    /// What is kept of it is not what was signed: nothing is done under it.
    Void,
}

/// A signature under a version of a protocol.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VersionSignature {
    /// Name as it was printed then.
    pub printed_name: String,
    /// When.
    pub at: Instant,
    /// What it says.
    pub meaning: SignatureMeaning,
    /// Its evidence; the proof of it is at `/events/{event}/proof`.
    pub event: EventId,
}

impl From<&ProtocolSignature> for VersionSignature {
    fn from(row: &ProtocolSignature) -> Self {
        Self { printed_name: row.printed_name.clone(), at: row.at, meaning: row.meaning, event: row.event_id }
    }
}

/// How the version in force stands.
pub(crate) async fn standing(conn: &mut Conn, project: ProjectId) -> Result<ProtocolStanding> {
    let current = protocols::current(conn, project).await?.ok_or(PipelineError::NotFound)?;
    let signatures = protocols::signatures(conn, project).await?;
    let signature = signatures.iter().find(|signature| is_for(signature, &current));
    if is_void(conn, &current, signature).await? {
        return Ok(ProtocolStanding::Void);
    }
    Ok(match (signature.is_some(), current.before_signing) {
        (true, _) => ProtocolStanding::Signed,
        (false, true) => ProtocolStanding::BeforeSigning,
        (false, false) => ProtocolStanding::Unsigned,
    })
}

/// Why nobody is given work on a project, while the version in force is not signed.
pub(crate) async fn unsigned(conn: &mut Conn, project: ProjectId) -> Result<Option<Refusal>> {
    let message = "The protocol in force is not signed yet. Work is given out once an owner of the project has signed it.";
    let is_open = protocols::is_open_for_work(conn, project).await?;
    Ok((!is_open).then(|| Refusal::new("protocol_unsigned", message)))
}

impl Pipeline {
    /// The same, and why not while the version in force is void. What was found to be as it was signed is not looked at
    /// again: the documents that this process works by were read once.
    pub(crate) async fn closed_to_work(
        &self,
        conn: &mut Conn,
        project: ProjectId,
    ) -> Result<Option<Refusal>> {
        if let Some(refusal) = unsigned(conn, project).await? {
            return Ok(Some(refusal));
        }
        let row = projects::by_id(conn, project).await?.ok_or(PipelineError::NotFound)?;
        let key = (project, row.protocol_id, row.protocol_version);
        if self.protocols.is_bound(&key) {
            return Ok(None);
        }
        if standing(conn, project).await? == ProtocolStanding::Void {
            return Ok(Some(void(key.2)));
        }
        self.protocols.set_bound(key);
        Ok(None)
    }
}

/// Keeps that who acts in this write signed a version; `event` is the evidence of it.
pub(crate) async fn keep(tx: &mut Tx, version: &ProtocolVersion, event: EventId) -> Result<()> {
    let (user_id, printed_name) = signer(tx).await?;
    let row = ProtocolSignature {
        project_id: version.project_id,
        protocol_id: version.id.clone(),
        version: version.version,
        user_id,
        printed_name,
        meaning: SignatureMeaning::Approved,
        content_hash: version.content_hash.clone(),
        at: tx.now(),
        event_id: event,
    };
    Ok(protocols::sign(tx, row).await?)
}

/// Who signs in this write, with the name that is printed.
pub(crate) async fn signer(tx: &mut Tx) -> Result<(countersign_model::UserId, String)> {
    let nobody = || PipelineError::Internal("a signature without a person".into());
    let user = tx.actor().user.ok_or_else(nobody)?;
    let person = users::by_id(tx, user).await?.ok_or_else(nobody)?;
    Ok((user, person.printed_name))
}

/// Signs a version in this write: its evidence, bound to the hash of the document, and its row.
pub(crate) async fn sign_version(tx: &mut Tx, version: &ProtocolVersion) -> Result<()> {
    check_intact(version)?;
    let (_, printed_name) = signer(tx).await?;
    let mut details = signed_details(SignatureMeaning::Approved, &printed_name);
    details["version"] = version.version.into();
    let evidence = Evidence::new("protocol.signed", "project", version.project_id.uuid());
    let evidence = evidence.project(version.project_id).content(hash_bytes(&version.content_hash)?);
    let event = tx.record(evidence.details(details))?;
    keep(tx, version, event).await
}

impl Pipeline {
    /// Signs the version in force, which may be the first one: work is given out from then on. Versions before it that
    /// nobody signed differ in the rules of de-identification alone; items run under them too, so they are signed along.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but owners; `already_signed`; as `Pipeline::signed`;
    /// `content_changed` when `version` is not in force; `protocol_void`.
    pub async fn sign_protocol(
        &self,
        caller: &Caller,
        project: ProjectId,
        version: u32,
        components: impl Into<Components>,
    ) -> Result<ProtocolRef> {
        self.require_on(caller, Action::ManageProject, project)?;
        let signing = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                let row = projects::by_id(tx, project).await?.ok_or(PipelineError::NotFound)?;
                if row.protocol_version != version {
                    return Err(PipelineError::StaleRevision { current: row.protocol_version.into() });
                }
                let signed: BTreeSet<u32> = protocols::signatures(tx, project)
                    .await?
                    .iter()
                    .map(|signature| signature.version)
                    .collect();
                if signed.contains(&version) {
                    return Err(PipelineError::refused("already_signed", "The version in force is signed."));
                }
                let mut unsigned = protocols::list(tx, project).await?;
                unsigned.retain(|one| one.version <= version && !signed.contains(&one.version));
                for one in unsigned.iter().rev() {
                    sign_version(tx, one).await?;
                }
                Ok(ProtocolRef { id: row.protocol_id, version })
            })
        });
        self.signed(caller, &components.into(), signing).await
    }
}
