//! Changing the rules of de-identification: a new protocol version, and a new look at everything that waits.

use countersign_model::{DeidPlan, ProjectId, SignatureMeaning};
use countersign_store::{Evidence, KEY_BYTES, projects};
use countersign_workflow::document::with_deid;

use super::plan::Rules;
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    people::Caller,
    projects::ProtocolRef,
    protocols::{
        checked_reason,
        force::{NewVersion, in_force, put_in_force},
        planned::overtaken,
        signature::standing,
    },
    signing::Components,
};

impl Pipeline {
    /// Puts rules of de-identification into the project's protocol, as a new version of it, made against the version in
    /// force. What waits at the gate is cleaned anew under them; what was cleared before stays as it is, under the
    /// version that it was cleared under. The officer signs for them and says why. The same rules again change nothing.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but privacy officers; `bad_profile`; `reason_required`; as `Pipeline::signed`;
    /// [`PipelineError::StaleRevision`].
    pub async fn set_deid(
        &self,
        caller: &Caller,
        project: ProjectId,
        against: u32,
        plan: DeidPlan,
        reason: &str,
        components: impl Into<Components>,
    ) -> Result<ProtocolRef> {
        self.require_on(caller, Action::SetDeid, project)?;
        // Only to see whether the engine takes them.
        Rules::new(plan.clone(), against, [0; KEY_BYTES])?;
        let reason = checked_reason(Some(reason))?.ok_or_else(|| {
            PipelineError::refused("reason_required", "Say why the rules of de-identification change.")
        })?;
        let changing = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                let (mut protocol, text) = in_force(tx, project, against).await?;
                if protocol.deid == plan {
                    return Ok(None);
                }
                protocol.deid = plan;
                protocol.version = against + 1;
                let source = text.and_then(|text| with_deid(&text, &protocol));
                // Who reads what, and how, stays as it was: no deviation. What an owner has not signed stays unsigned.
                let signing = standing(tx, project).await?.into();
                let details = [
                    ("meaning", serde_json::json!(SignatureMeaning::Approved)),
                    ("reason", reason.clone().into()),
                ];
                let details = details.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
                let new = NewVersion {
                    protocol,
                    source,
                    reason: Some(reason),
                    deviation: false,
                    signing,
                    author: None,
                };
                let evidence = Evidence::new("protocol.changed", "project", project.uuid()).reason("deid");
                overtaken(tx, project).await?;
                put_in_force(tx, project, against, new, evidence, details).await.map(Some)
            })
        });
        match self.signed(caller, &components.into(), changing).await? {
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
