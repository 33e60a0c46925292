//! Changing a project's protocol: a new version, signed by an owner, under which items run that pass the gate from then on.

use countersign_model::{ProjectId, Protocol, SignatureMeaning};
use countersign_store::{Evidence, projects, protocols};
use countersign_workflow::{canonical_json, parse_protocol};
use sha2::{Digest, Sha256};

use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller, projects::ProtocolRef};

impl Pipeline {
    /// Puts a new version of the project's protocol into force: the document (YAML) with the next version's number, signed
    /// with the owner's password. Items that passed the gate before finish under the version that they began with.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but owners; `bad_protocol` naming the place; `bad_credentials`;
    /// [`PipelineError::StaleRevision`] when `against` is not the version in force.
    pub async fn activate_protocol(
        &self,
        caller: &Caller,
        project: ProjectId,
        against: u32,
        document: &str,
        password: &str,
    ) -> Result<ProtocolRef> {
        self.require_on(caller, Action::ManageProject, project)?;
        let parsed = parse_protocol(document).map_err(|error| bad("document", &error.to_string()))?;
        self.verify_password(caller, password).await?;
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let row = projects::by_id(tx, project).await?.ok_or(PipelineError::NotFound)?;
                    let stale = PipelineError::StaleRevision { current: row.protocol_version.into() };
                    if row.protocol_version != against {
                        return Err(stale);
                    }
                    let found = protocols::get(tx, project, &row.protocol_id, against).await?;
                    let found = found.ok_or_else(|| internal("a project without protocol"))?;
                    let current: Protocol =
                        serde_json::from_str(&found.document).map_err(|e| internal(&e.to_string()))?;
                    check_change(&current, &parsed)?;
                    let value = serde_json::to_value(&parsed).map_err(|e| internal(&e.to_string()))?;
                    let text = canonical_json(&value);
                    let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
                    if !projects::advance_protocol(tx, project, against, parsed.version).await? {
                        return Err(stale);
                    }
                    let version = protocols::ProtocolVersion {
                        project_id: project,
                        id: parsed.id.clone(),
                        version: parsed.version,
                        document: text,
                        content_hash: hex::encode(hash),
                        created_at: tx.now(),
                        created_by: tx.actor().user,
                    };
                    protocols::insert(tx, version).await?;
                    let evidence = Evidence::new("protocol.activated", "project", project.uuid());
                    let signed = serde_json::json!({ "meaning": SignatureMeaning::Approved, "version": parsed.version });
                    tx.record(evidence.project(project).content(hash).details(signed))?;
                    Ok(ProtocolRef { id: parsed.id, version: parsed.version })
                })
            })
            .await
    }
}

/// What a new version may change: everything but what the project is, what people have used, and what the privacy officer
/// decides.
fn check_change(current: &Protocol, next: &Protocol) -> Result<()> {
    if next.id != current.id {
        return Err(bad("id", &format!("stays {:?}", current.id)));
    }
    if next.version != current.version + 1 {
        return Err(bad("version", &format!("the next version is {}", current.version + 1)));
    }
    if next.item_kind != current.item_kind || next.industry != current.industry {
        return Err(bad("item_kind", "what the items are stays as it is; make another project"));
    }
    if next.deid != current.deid {
        return Err(bad("deid", "the rules of de-identification are the privacy officer's to change"));
    }
    match current.classes.iter().find(|class| next.class(&class.id).is_none()) {
        Some(gone) => {
            Err(bad("classes", &format!("{:?} cannot be left out; retire it (retired: true)", gone.id)))
        }
        None => Ok(()),
    }
}

fn bad(place: &str, message: &str) -> PipelineError {
    PipelineError::bad("bad_protocol", place, message.to_owned())
}

fn internal(message: &str) -> PipelineError {
    PipelineError::Internal(message.to_owned())
}
