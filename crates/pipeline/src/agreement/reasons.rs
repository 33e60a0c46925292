//! Why readers differed, as those who decided between them said: where one reason comes often, the instructions are unclear.

use std::collections::BTreeMap;

use countersign_model::{ItemId, ProjectId};
use countersign_store::{comparisons, items};
use serde::Serialize;

use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller};

/// Most decisions of a project that are looked through, the newest.
const DECISIONS_MAX: u32 = 2_000;
/// Most items that are named for one reason, the newest.
const NAMED_MAX: usize = 5;

/// How often one reason was given.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DisputeReason {
    /// Why the reads differed, or why the decision was handed on.
    pub reason: String,
    /// How often it was given, among the newest 2,000 decisions whose items are no secret to the caller.
    pub count: u64,
    /// The items where it was given last.
    pub items: Vec<DisputedItem>,
}

/// An item about which there was a dispute.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DisputedItem {
    /// The item.
    pub item: ItemId,
    /// Its name.
    pub name: String,
}

impl Pipeline {
    /// Why the reads of a project differed, the reason given most often first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn dispute_reasons(&self, caller: &Caller, project: ProjectId) -> Result<Vec<DisputeReason>> {
        self.require_on(caller, Action::ViewTiers, project)?;
        let mut conn = self.store.read().await?;
        let mut shown: BTreeMap<ItemId, bool> = BTreeMap::new();
        let mut found: BTreeMap<String, (u64, Vec<ItemId>)> = BTreeMap::new();
        for one in comparisons::of_project(&mut conn, project, None, DECISIONS_MAX).await? {
            // Whoever is still to judge the item learns nothing of what others argued about.
            let is_shown = match shown.get(&one.item_id) {
                Some(known) => *known,
                None => {
                    let told = self.comparisons_shown(&mut conn, caller, one.item_id).await?;
                    shown.insert(one.item_id, told);
                    told
                }
            };
            if !is_shown {
                continue;
            }
            let (count, items) = found.entry(one.reason).or_default();
            *count += 1;
            if items.len() < NAMED_MAX && !items.contains(&one.item_id) {
                items.push(one.item_id);
            }
        }
        let mut reasons = Vec::with_capacity(found.len());
        for (reason, (count, ids)) in found {
            let mut named = Vec::with_capacity(ids.len());
            for id in ids {
                let item = items::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
                named.push(DisputedItem { item: id, name: item.name });
            }
            reasons.push(DisputeReason { reason, count, items: named });
        }
        reasons.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
        Ok(reasons)
    }
}
