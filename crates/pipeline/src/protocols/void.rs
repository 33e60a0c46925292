//! What is kept of a protocol against what was signed: documents and signatures lie in rows that whoever has the database can
//! write to, and only the log says what they were.

use std::collections::BTreeSet;

use countersign_ledger::{Entry, Hash};
use countersign_model::{ProjectId, Refusal};
use countersign_store::{
    Conn, events,
    protocols::{self, ProtocolSignature, ProtocolVersion},
};
use sha2::{Digest, Sha256};

use crate::{Pipeline, PipelineError, Result, people::Caller};

/// Whether a signature names this version.
pub(super) fn is_for(signature: &ProtocolSignature, version: &ProtocolVersion) -> bool {
    signature.protocol_id == version.id && signature.version == version.version
}

/// Whether what is kept of a version is what its hash says.
pub(crate) fn is_intact(version: &ProtocolVersion) -> bool {
    hex::encode(Sha256::digest(version.document.as_bytes())) == version.content_hash
}

/// Refuses a version whose document was changed where it is kept.
pub(crate) fn check_intact(version: &ProtocolVersion) -> Result<()> {
    if is_intact(version) { Ok(()) } else { Err(void(version.version).into()) }
}

/// Whether a version is not what was put into force or signed: its document, its hash, or a signature that is none.
pub(super) async fn is_void(
    conn: &mut Conn,
    version: &ProtocolVersion,
    signature: Option<&ProtocolSignature>,
) -> Result<bool> {
    if !is_intact(version) {
        return Ok(true);
    }
    match signature {
        Some(row) => Ok(row.content_hash != version.content_hash || !is_bound(conn, row).await?),
        None => Ok(false),
    }
}

/// Acts that leave a signature of a version.
const SIGNING_ACTS: [&str; 4] =
    ["protocol.signed", "protocol.activated", "protocol.planned", "protocol.changed"];

/// Whether the evidence of a signature is of this signature: by this person, under this name, of this version of this
/// project, over this content. A row that somebody wrote into the database has no evidence that says so.
async fn is_bound(conn: &mut Conn, row: &ProtocolSignature) -> Result<bool> {
    let Some(event) = events::by_id(conn, row.event_id).await? else { return Ok(false) };
    let Ok(entry) = Entry::decode(&event.entry) else { return Ok(false) };
    let details = event.details.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let is_said = details.is_none_or(|details: serde_json::Value| {
        details["printed_name"].as_str().is_none_or(|name| name == row.printed_name)
            && details["version"].as_u64().is_none_or(|version| version == u64::from(row.version))
    });
    Ok(is_said
        && entry.object_kind == "project"
        && entry.object_id == row.project_id.to_string()
        && entry.actor == row.user_id.to_string()
        && entry.outcome == "ok"
        && SIGNING_ACTS.contains(&entry.action.as_str())
        && entry.content_hash == Hash::from_hex(&row.content_hash)
        && entry.at_us == row.at.micros())
}

/// Why nothing is done under a version that is not what was signed.
pub(crate) fn void(version: u32) -> Refusal {
    let message = format!(
        "Version {version} of the protocol is void: what is kept of it is not what was signed. Nothing is done under it."
    );
    Refusal::new("protocol_void", message)
}

impl Pipeline {
    /// Whether the caller is told what only those know who run or audit the project: nobody while the protocol is void,
    /// which says who they are.
    pub(super) async fn sees_flow(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: ProjectId,
    ) -> Result<bool> {
        match self.protocol(conn, project).await {
            Ok(protocol) => Ok(self.may_see_flow(caller, project, &protocol)),
            Err(PipelineError::Refused(refusal)) if refusal.code == "protocol_void" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Which of these versions are void. They are read anew from now on, so that nothing more is done under them.
    pub(super) async fn void_versions(
        &self,
        conn: &mut Conn,
        versions: &[protocols::ProtocolVersion],
        signatures: &[protocols::ProtocolSignature],
    ) -> Result<BTreeSet<u32>> {
        let mut void = BTreeSet::new();
        for version in versions {
            let signature = signatures.iter().find(|one| is_for(one, version));
            if is_void(conn, version, signature).await? {
                self.protocols.forget(&(version.project_id, version.id.clone(), version.version));
                void.insert(version.version);
            }
        }
        Ok(void)
    }
}
