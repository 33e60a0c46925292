//! Changing the rules of de-identification: a new protocol version, and a new look at everything that waits.

use countersign_model::{DeidPlan, ProjectId, Protocol};
use countersign_store::{Evidence, KEY_BYTES, projects, protocols};
use countersign_workflow::canonical_json;
use sha2::{Digest, Sha256};

use super::plan::Rules;
use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller, projects::ProtocolRef};

impl Pipeline {
    /// Puts rules of de-identification into the project's protocol, as a new version of it, made against the version in
    /// force. What waits at the gate is cleaned anew under them; what was cleared before stays as it is, under the
    /// version that it was cleared under. The same rules again change nothing.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but privacy officers; `bad_profile`; [`PipelineError::StaleRevision`].
    pub async fn set_deid(
        &self,
        caller: &Caller,
        project: ProjectId,
        against: u32,
        plan: DeidPlan,
    ) -> Result<ProtocolRef> {
        self.require_on(caller, Action::SetDeid, project)?;
        // Only to see whether the engine takes them.
        Rules::new(plan.clone(), against, [0; KEY_BYTES])?;
        let changed = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let row = projects::by_id(tx, project).await?.ok_or(PipelineError::NotFound)?;
                    let stale = PipelineError::StaleRevision { current: row.protocol_version.into() };
                    if row.protocol_version != against {
                        return Err(stale);
                    }
                    let found = protocols::get(tx, project, &row.protocol_id, against).await?;
                    let found = found.ok_or_else(|| internal("a project without protocol"))?;
                    let mut protocol: Protocol =
                        serde_json::from_str(&found.document).map_err(|e| internal(&e.to_string()))?;
                    if protocol.deid == plan {
                        return Ok(None);
                    }
                    protocol.deid = plan;
                    protocol.version = against + 1;
                    let value = serde_json::to_value(&protocol).map_err(|e| internal(&e.to_string()))?;
                    let document = canonical_json(&value);
                    let hash: [u8; 32] = Sha256::digest(document.as_bytes()).into();
                    if !projects::advance_protocol(tx, project, against, protocol.version).await? {
                        return Err(stale);
                    }
                    let version = protocols::ProtocolVersion {
                        project_id: project,
                        id: protocol.id.clone(),
                        version: protocol.version,
                        document,
                        content_hash: hex::encode(hash),
                        created_at: tx.now(),
                        created_by: tx.actor().user,
                    };
                    protocols::insert(tx, version).await?;
                    let evidence = Evidence::new("protocol.changed", "project", project.uuid());
                    tx.record(evidence.project(project).content(hash).reason("deid"))?;
                    Ok(Some(ProtocolRef { id: protocol.id, version: protocol.version }))
                })
            })
            .await?;
        match changed {
            Some(version) => {
                self.reopen_gate(project, "the rules of de-identification changed").await?;
                Ok(version)
            }
            None => {
                let row = projects::by_id(&mut *self.store.read().await?, project).await?;
                let row = row.ok_or(PipelineError::NotFound)?;
                Ok(ProtocolRef { id: row.protocol_id, version: row.protocol_version })
            }
        }
    }
}

fn internal(message: &str) -> PipelineError {
    PipelineError::Internal(message.to_owned())
}
