//! Signed acts that are about no item - protocols, guidelines, the ontology, releases, erasures - in a copy: their entries are
//! among all others, name and meaning in details that the log binds; here they are found, shown and proven one by one.

use countersign_ledger::inspection::{EventLine, PROOFS};
use countersign_store::events::Event;

use super::{Making, PROOFS_MAX};
use crate::{Pipeline, Result, signed_acts};

/// A signed act of a copy.
pub(super) struct Act {
    /// Index of its entry.
    pub index: u64,
    /// Name as it was printed then.
    pub printed_name: String,
    /// What it means.
    pub meaning: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub object: String,
    /// The event: its proof is named by it.
    id: String,
}

impl Act {
    /// The signed act that an entry is, if it is one. Entries of before names were bound say who by the account alone.
    pub fn of(event: &Event, line: &EventLine) -> Option<Self> {
        event.actor_user.filter(|_| event.outcome == "ok" && signed_acts::is_one(&event.action))?;
        let details = line.details.as_ref().and_then(|raw| serde_json::from_str(raw.get()).ok());
        let details: serde_json::Value = details.unwrap_or_default();
        // Not every act of such a name is signed: only what says what its signature means.
        let meaning = details["meaning"].as_str()?.to_owned();
        let printed_name = details["printed_name"].as_str().map(str::to_owned).or_else(|| line.name.clone());
        Some(Self {
            index: line.index,
            printed_name: printed_name.unwrap_or_else(|| line.actor.clone()),
            meaning,
            at: line.at.clone(),
            action: line.action.clone(),
            object: format!("{} {}", line.object_kind, line.object_id),
            id: event.id.to_string(),
        })
    }
}

impl Pipeline {
    /// Puts the acts on the page, and the proof of each into a file that stands alone.
    pub(super) async fn copy_acts(&self, making: &mut Making) -> Result<()> {
        let acts = std::mem::take(&mut making.acts);
        for act in &acts {
            making.page.act(act);
        }
        making.page.proven("signed acts", acts.len(), PROOFS_MAX);
        let proven: Vec<&Act> = acts.iter().take(PROOFS_MAX).collect();
        let proofs = self.store.proofs(&making.part, proven.iter().map(|act| act.index).collect()).await?;
        for (act, proof) in proven.iter().zip(proofs) {
            making.copy.file(&format!("{PROOFS}act-{}.tlog-proof", act.id), proof.as_bytes())?;
        }
        Ok(())
    }
}
