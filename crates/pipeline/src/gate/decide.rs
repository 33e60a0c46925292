//! The decision at the gate: approve, reject, or waive a risk that stays; with a reason, and for waivers by two people
//! where the protocol says so.

use countersign_model::{AssetId, GateEntryId, ProjectId, UserId};
use countersign_store::{Actor, Evidence, Tx, assets, gate, items, jobs};
use countersign_workflow::Event;
use serde::Deserialize;

use super::{
    CopyRow, GateReport,
    clean::CleanedAsset,
    note_rows, open_item, point_to,
    queue::{GateEntryView, already_decided, needs_waiver, report_of},
    records,
    risk::NOT_CLEANED,
};
use crate::{
    Pipeline, PipelineError, Result,
    moving::{JOB_GATE, Moving},
    people::Caller,
    review::checked_comment,
    views::PAGE_MAX,
};

/// What a privacy officer can decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GateChoice {
    /// Looked at, and nobody in it can be told: it may be worked on.
    Approve,
    /// It stays in quarantine for good.
    Reject,
    /// A risk stays that looking cannot settle; a person answers for it.
    Waive,
}

/// A decision on its way into the store.
struct Decision {
    choice: GateChoice,
    user: UserId,
    reason: String,
    /// Revision that the decision was made against.
    revision: u64,
}

impl Pipeline {
    /// Approves or rejects an entry as it stands now.
    ///
    /// # Errors
    /// As [`Pipeline::decide_entry`].
    pub async fn decide_gate(
        &self,
        caller: &Caller,
        id: GateEntryId,
        clear: bool,
        reason: String,
    ) -> Result<GateEntryView> {
        let choice = if clear { GateChoice::Approve } else { GateChoice::Reject };
        let revision = self.gate_entry(caller, id).await?.revision;
        self.decide_entry(caller, id, choice, reason, revision).await
    }

    /// Decides what waits, against the revision that was looked at. Where the protocol asks for two people, the first
    /// waiver opens and the second one, of another person, clears.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `reason_required`; `already_decided`; `not_clearable`; `waiver_needed`;
    /// `second_person_needed`; [`PipelineError::StaleRevision`].
    pub async fn decide_entry(
        &self,
        caller: &Caller,
        id: GateEntryId,
        choice: GateChoice,
        reason: String,
        revision: u64,
    ) -> Result<GateEntryView> {
        let (entry, item, two_people) = {
            let mut conn = self.store.read().await?;
            let entry = self.own_entry(&mut conn, caller, id).await?;
            let item = items::by_id(&mut conn, entry.item_id).await?.ok_or(PipelineError::NotFound)?;
            let protocol = self.protocol(&mut conn, entry.project_id).await?;
            (entry, item, protocol.deid.two_person_waiver)
        };
        let reason = checked_comment(Some(reason))?
            .ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))?;
        check(&entry, choice, revision)?;
        let report = report_of(&entry)?;
        // Nothing is put into the cleared zone before it is known that this decision can clear.
        let opens = choice == GateChoice::Waive
            && two_people
            && entry.waiver_by.is_none_or(|first| first == caller.user());
        let copies = match choice {
            GateChoice::Reject => Vec::new(),
            _ if opens => Vec::new(),
            GateChoice::Approve | GateChoice::Waive => self.copy_to_cleared(&item, &report).await?,
        };
        let decision = Decision { choice, user: caller.user(), reason, revision };
        let pipeline = self.clone();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move { decide_in(tx, &pipeline, id, &item, decision, &report, copies).await })
            })
            .await?;
        self.wake_worker();
        self.gate_entry(caller, id).await
    }

    async fn copy_to_cleared(&self, item: &items::Item, report: &GateReport) -> Result<Vec<CopyRow>> {
        let shown = report.streams.iter().flat_map(|s| s.frames.iter().map(|f| f.asset));
        let cleaned = report.documents.iter().filter(|document| document.is_clean());
        let mut wanted: Vec<AssetId> = shown.chain(cleaned.map(|document| document.asset)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut cleaned = Vec::with_capacity(wanted.len());
        for id in wanted {
            let asset =
                assets::by_id(&mut *self.store.read().await?, id).await?.ok_or(PipelineError::NotFound)?;
            let bytes = self.store.quarantine().for_machine(asset.project_id, &asset.address).await?;
            cleaned.push(CleanedAsset { source: id, kind: asset.kind, bytes, record: None });
        }
        self.put_cleared(item, cleaned).await
    }

    /// After a project was declared public or its rules changed: everything that waits is looked at again.
    pub(crate) async fn reopen_gate(&self, project: ProjectId, why: &'static str) -> Result<()> {
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let mut again = Vec::new();
                    loop {
                        // What was looked at leaves the list: the next page is the first one again.
                        let open = gate::GateFilter::default();
                        let waiting = gate::list(tx, project, &open, None, PAGE_MAX).await?;
                        if waiting.is_empty() {
                            break;
                        }
                        for entry in waiting {
                            let (item, nothing) = (entry.item_id, serde_json::json!({}));
                            again.push(jobs::Job::ready(tx, JOB_GATE, Some(project), Some(item), &nothing));
                            gate::decide(tx, entry.id, "replaced", None, why).await?;
                            let evidence = Evidence::new("gate.replaced", "gate_entry", entry.id.uuid());
                            tx.record(evidence.project(project).item(item))?;
                        }
                    }
                    again.extend(records::look_again(tx, project).await?);
                    jobs::insert_all(tx, again).await?;
                    Ok(())
                })
            })
            .await?;
        self.wake_worker();
        Ok(())
    }
}

/// The rules of a decision that need nothing but the entry.
fn check(entry: &gate::GateEntry, choice: GateChoice, revision: u64) -> Result<()> {
    if entry.state != "open" {
        return Err(already_decided());
    }
    if entry.revision != revision {
        return Err(PipelineError::StaleRevision { current: entry.revision });
    }
    if choice == GateChoice::Reject {
        return Ok(());
    }
    if entry.reasons.0.iter().any(|code| code == NOT_CLEANED) {
        return Err(PipelineError::refused(
            "not_clearable",
            "A part of this item could not be de-identified; it can only be rejected.",
        ));
    }
    if choice == GateChoice::Approve && needs_waiver(&entry.reasons.0) {
        return Err(PipelineError::refused(
            "waiver_needed",
            "Looking cannot settle one of the reasons; waive the risk with a reason, or reject.",
        ));
    }
    Ok(())
}

async fn decide_in(
    tx: &mut Tx,
    pipeline: &Pipeline,
    id: GateEntryId,
    item: &items::Item,
    decision: Decision,
    report: &GateReport,
    copies: Vec<CopyRow>,
) -> Result<()> {
    // The item's row is the lock that decisions and masks of its entries share.
    let mut moving = Moving::load(tx, pipeline, item.id).await?;
    let entry = gate::by_id(tx, id).await?.ok_or(PipelineError::NotFound)?;
    check(&entry, decision.choice, decision.revision)?;
    let evidence = |action: &str| {
        Evidence::new(action, "gate_entry", id.uuid()).project(item.project_id).item(item.id).details(
            serde_json::json!({
                "reason": decision.reason,
                "revision": decision.revision,
                "masks": report.masks,
                "reasons": entry.reasons.0,
            }),
        )
    };
    let (word, how) = match decision.choice {
        GateChoice::Reject => ("rejected", None),
        GateChoice::Approve => ("cleared", Some("privacy_officer")),
        GateChoice::Waive => {
            if moving.protocol.deid.two_person_waiver {
                match entry.waiver_by {
                    None => {
                        gate::advance(tx, id, decision.revision).await?;
                        gate::open_waiver(tx, id, decision.user, &decision.reason).await?;
                        tx.record(evidence("gate.waiver_opened"))?;
                        return Ok(());
                    }
                    Some(first) if first == decision.user => {
                        return Err(PipelineError::refused(
                            "second_person_needed",
                            "Another privacy officer has to confirm this waiver.",
                        ));
                    }
                    Some(_) => {}
                }
            }
            ("waived", Some("waiver"))
        }
    };
    if !gate::decide(tx, id, word, Some(decision.user), &decision.reason).await? {
        return Err(already_decided());
    }
    tx.record(evidence(&format!("gate.{word}")))?;
    let Some(how) = how else {
        return moving.take(tx, &Event::GateRejected).await.map(drop);
    };
    if copies.is_empty() && !report.streams.is_empty() {
        // The protocol changed between the look at it and this write.
        return Err(PipelineError::StaleRevision { current: entry.revision });
    }
    let copies = note_rows(tx, copies).await?;
    let streams = point_to(&report.streams, &copies, None);
    open_item(tx, &mut moving, streams, report, how).await
}
