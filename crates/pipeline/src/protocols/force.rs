//! Putting a version of a protocol into force, whoever decided on it: one place writes the row, the seed and the evidence.

use countersign_model::{Instant, ProjectId, Protocol, UserId};
use countersign_store::{Evidence, Tx, projects, protocols, random};
use countersign_workflow::canonical_json;
use sha2::{Digest, Sha256};

use super::signature::{ProtocolStanding, keep, signer};
use crate::{PipelineError, Result, campaigns::look_at_left, projects::ProtocolRef};

/// A version that somebody decided on.
pub(crate) struct NewVersion {
    /// The protocol, with its own version number.
    pub protocol: Protocol,
    /// The text as its author wrote it; `None` where the version was made from another.
    pub source: Option<String>,
    /// Why, in words.
    pub reason: Option<String>,
    /// Somebody had begun work before.
    pub deviation: bool,
    /// Whether anybody signs it.
    pub signing: Signing,
    /// Whose version it is, where that is not who acts in the write.
    pub author: Option<UserId>,
}

/// Whether a version is signed in the write that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signing {
    /// By whoever acts in the write.
    ByActor,
    /// By nobody, as the version before it: it waits for its signature.
    Waits,
    /// By nobody, as the version before it: people read before signing was asked for.
    NotAsked,
}

impl From<ProtocolStanding> for Signing {
    /// For a version that changes what the owner's signature is not about.
    fn from(before: ProtocolStanding) -> Self {
        match before {
            ProtocolStanding::Signed => Self::ByActor,
            ProtocolStanding::Unsigned | ProtocolStanding::Void => Self::Waits,
            ProtocolStanding::BeforeSigning => Self::NotAsked,
        }
    }
}

/// The protocol in force and its author's text, when it is the version that a change was made against.
pub(crate) async fn in_force(
    tx: &mut Tx,
    project: ProjectId,
    against: u32,
) -> Result<(Protocol, Option<String>)> {
    let row = projects::by_id(tx, project).await?.ok_or(PipelineError::NotFound)?;
    if row.protocol_version != against {
        return Err(PipelineError::StaleRevision { current: row.protocol_version.into() });
    }
    let found = protocols::get(tx, project, &row.protocol_id, against).await?;
    let found = found.ok_or_else(|| internal("a project without protocol"))?;
    let protocol = serde_json::from_str(&found.document).map_err(|error| internal(&error.to_string()))?;
    Ok((protocol, found.source))
}

/// The row of a version with a seed of its own, and the hash of its document.
pub(crate) fn version_row(
    tx: &Tx,
    project: ProjectId,
    new: NewVersion,
) -> Result<(protocols::ProtocolVersion, [u8; 32])> {
    let NewVersion { protocol, source, reason, deviation, signing, author } = new;
    let value = serde_json::to_value(&protocol).map_err(|error| internal(&error.to_string()))?;
    let document = canonical_json(&value);
    let hash: [u8; 32] = Sha256::digest(document.as_bytes()).into();
    let row = protocols::ProtocolVersion {
        project_id: project,
        id: protocol.id,
        version: protocol.version,
        document,
        content_hash: hex::encode(hash),
        created_at: tx.now(),
        created_by: author.or(tx.actor().user),
        source,
        seed: Some(hex::encode(random::<32>()?)),
        reason,
        deviation,
        before_signing: signing == Signing::NotAsked,
    };
    Ok((row, hash))
}

/// Puts the next version into force, in the caller's write. The evidence names the version and its seed beside what the
/// caller has to say; the details of an event are private, the log holds a commitment to them.
///
/// # Errors
/// [`PipelineError::StaleRevision`] when `against` is not in force any more: `content_changed` to who signs it.
pub(crate) async fn put_in_force(
    tx: &mut Tx,
    project: ProjectId,
    against: u32,
    new: NewVersion,
    evidence: Evidence,
    mut details: serde_json::Map<String, serde_json::Value>,
) -> Result<ProtocolRef> {
    let is_signed = new.signing == Signing::ByActor;
    let (row, hash) = version_row(tx, project, new)?;
    if !projects::advance_protocol(tx, project, against, row.version).await? {
        return Err(PipelineError::StaleRevision { current: against.into() });
    }
    let reference = ProtocolRef { id: row.id.clone(), version: row.version };
    details.insert("version".into(), row.version.into());
    details.insert("seed".into(), row.seed.clone().into());
    // Rules of de-identification are signed by their officer, whether or not the version is by its owner.
    if tx.actor().user.is_some() && !details.contains_key("printed_name") {
        details.insert("printed_name".into(), signer(tx).await?.1.into());
    }
    protocols::insert(tx, row.clone()).await?;
    let event = tx.record(evidence.project(project).content(hash).details(details.into()))?;
    if is_signed {
        keep(tx, &row, event).await?;
    }
    look_at_left(tx, project).await?;
    Ok(reference)
}

/// Whole seconds from one moment to a later one, rounded up: nothing comes into force before its time.
pub(crate) const fn seconds_until(now: Instant, then: Instant) -> i64 {
    (then.micros().saturating_sub(now.micros())).saturating_add(999_999).div_euclid(1_000_000)
}

fn internal(message: &str) -> PipelineError {
    PipelineError::Internal(message.to_owned())
}
