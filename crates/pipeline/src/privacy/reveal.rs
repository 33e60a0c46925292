//! The one look at who somebody is, once two people agreed.

use countersign_model::{ItemId, PrivacyRequestId};
use countersign_store::{CrosswalkEntry, privacy};
use serde::Serialize;

use super::{requests::evidence, subject_of_request};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    blocking,
    people::Caller,
    refused::{Denial, NOT_OWN},
};

/// One UID of the source and what stands for it here.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UidPair {
    /// At the source.
    pub source: String,
    /// In the project.
    pub project: String,
}

/// Who the person in an item is. Shown once and kept nowhere outside of the vault.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revealed {
    /// Item.
    pub item: ItemId,
    /// What stands for the patient here.
    pub pseudonym: String,
    /// Patient ID at the source.
    pub patient_id: Option<String>,
    /// Who issued that ID.
    pub issuer: Option<String>,
    /// UIDs of the item's files.
    pub uids: Vec<UidPair>,
    /// By how many days dates were moved; absent where dates were removed.
    pub date_offset_days: Option<i64>,
}

// An identity in a log would undo the vault.
impl std::fmt::Debug for Revealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Revealed(..)")
    }
}

impl Pipeline {
    /// Who the person in the item of an approved request is: to its asker, once, within the time. That they looked is
    /// committed first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody else; `not_approved`, `already_shown`, `expired`,
    /// `separation_of_duties`, `vault_offline`, `nothing_known`.
    pub async fn reveal(&self, caller: &Caller, id: PrivacyRequestId) -> Result<Revealed> {
        let (request, subject) = {
            let mut conn = self.store.read().await?;
            let request = privacy::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::RequestPrivacy, request.project_id)?;
            if request.kind != "reidentification" {
                return Err(PipelineError::NotFound);
            }
            if request.requested_by != caller.user() {
                let denial = Denial::on(NOT_OWN, "privacy_request", id.uuid(), request.project_id);
                return Err(caller.denied(denial));
            }
            let subject = subject_of_request(&mut conn, &request).await?;
            // Who began to work on the item since they asked may not look any more.
            self.refuse_workers(&mut conn, caller.user(), &subject).await?;
            (request, subject)
        };
        match request.state.as_str() {
            "approved" => {}
            "done" => return Err(already_shown()),
            _ => {
                let message = "A second person has not approved this.";
                return Err(PipelineError::refused("not_approved", message));
            }
        }
        if request.expires_at.is_none_or(|until| self.store.clock().now() >= until) {
            let message = "The time to look at it has run out; ask again.";
            return Err(PipelineError::refused("expired", message));
        }
        let item = request.item_id.ok_or(PipelineError::NotFound)?;
        let (vault, keyring) = (self.store.vault().clone(), self.store.keyring().clone());
        let place = (request.project_id, subject.id, item);
        let entry = blocking(move || vault.read(&keyring, place)).await??;
        let message = "The vault holds nothing about this item.";
        let entry = entry.ok_or_else(|| PipelineError::refused("nothing_known", message))?;
        let shown = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                if !privacy::finish(tx, id, None).await? {
                    return Err(already_shown());
                }
                tx.record(evidence("shown", &request, &request.reason))?;
                Ok(())
            })
        });
        shown.await?;
        Ok(revealed(item, entry))
    }
}

fn already_shown() -> PipelineError {
    PipelineError::refused("already_shown", "This was shown before; it is shown once.")
}

fn revealed(item: ItemId, entry: CrosswalkEntry) -> Revealed {
    let uids = entry.uids.into_iter().map(|(source, project)| UidPair { source, project });
    Revealed {
        item,
        pseudonym: entry.pseudonym,
        patient_id: entry.patient_id,
        issuer: entry.issuer,
        uids: uids.collect(),
        date_offset_days: entry.date_offset_days,
    }
}
