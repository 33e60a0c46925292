//! Risks that stay in correctly de-identified items, such as a face that can be rebuilt from slices. People of the project
//! work with them under its agreements; for the public they leave only when a privacy officer answers for them.

use std::collections::BTreeSet;

use countersign_model::{Instant, ItemId, ProjectId};
use countersign_store::{Evidence, risks, users};
use serde::{Deserialize, Serialize};

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    people::Caller,
    review::checked_comment,
    views::{Page, page_length},
};

/// Most items that one waiver names one by one.
const ITEMS_NAMED_MAX: usize = 10_000;
/// Longest code of a risk, bytes.
const RISK_BYTES_MAX: usize = 64;

/// A risk that stays in an item.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemRiskView {
    /// Item.
    pub item: ItemId,
    /// Its neutral name.
    pub name: String,
    /// Code of the risk.
    pub risk: String,
    /// When the gate noted it.
    pub noted_at: Instant,
    /// Printed name of who waived it.
    pub waived_by: Option<String>,
    /// When.
    pub waived_at: Option<Instant>,
    /// Why.
    pub reason: Option<String>,
}

/// A privacy officer answers for a risk.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RiskWaiver {
    /// Code of the risk.
    pub risk: String,
    /// Items; absent for all of the project that have it now.
    #[serde(default)]
    pub items: Option<Vec<ItemId>>,
    /// Why.
    pub reason: String,
}

impl Pipeline {
    /// Risks that stay in the items of a project, those without a waiver alone or all.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_cursor`.
    pub async fn item_risks(
        &self,
        caller: &Caller,
        project: ProjectId,
        open_only: bool,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<ItemRiskView>> {
        self.require_on(caller, Action::ViewOversight, project)?;
        let after = cursor.as_deref().map(place).transpose()?;
        let length = page_length(limit);
        let mut conn = self.store.read().await?;
        let mut rows = risks::list(&mut conn, project, open_only, after, length + 1).await?;
        let more = rows.len() > length as usize;
        rows.truncate(length as usize);
        let next = rows.last().filter(|_| more).map(|row| format!("{}~{}", row.item_id, row.risk));
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let who = match row.waived_by {
                Some(user) => users::by_id(&mut conn, user).await?.map(|user| user.printed_name),
                None => None,
            };
            items.push(ItemRiskView {
                item: row.item_id,
                name: row.name,
                risk: row.risk,
                noted_at: row.noted_at,
                waived_by: who,
                waived_at: row.waived_at,
                reason: row.reason,
            });
        }
        Ok(Page { items, next })
    }

    /// Waives a risk for the public, in all items that have it or in those that are named; in how many.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but privacy officers; `reason_required`; `too_many_items`; `no_such_risk`
    /// when nothing is left to waive, or an item that is named has no such risk without a waiver.
    pub async fn waive_risk(&self, caller: &Caller, project: ProjectId, waiver: RiskWaiver) -> Result<u64> {
        self.require_on(caller, Action::Gate, project)?;
        let RiskWaiver { risk, items, reason } = waiver;
        let reason = checked_comment(Some(reason))?
            .ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))?;
        let none = || PipelineError::refused("no_such_risk", "Nothing with this risk waits for a waiver.");
        if risk.len() > RISK_BYTES_MAX {
            return Err(none());
        }
        if items.as_ref().is_some_and(|items| items.len() > ITEMS_NAMED_MAX) {
            let message = format!("at most {ITEMS_NAMED_MAX} by name");
            return Err(PipelineError::bad("too_many_items", "items", message));
        }
        let user = caller.user();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let details =
                        |items: u64| serde_json::json!({ "risk": risk, "items": items, "reason": reason });
                    let Some(items) = items else {
                        let count = risks::waive_all(tx, project, &risk, user, &reason).await?;
                        if count == 0 {
                            return Err(none());
                        }
                        let evidence =
                            Evidence::new("risk.waived", "project", project.uuid()).project(project);
                        tx.record(evidence.reason("all").details(details(count)))?;
                        return Ok(count);
                    };
                    let items: BTreeSet<ItemId> = items.into_iter().collect();
                    for item in &items {
                        if !risks::waive(tx, (project, *item), &risk, user, &reason).await? {
                            return Err(none());
                        }
                        let evidence = Evidence::new("risk.waived", "item", item.uuid()).project(project);
                        tx.record(evidence.item(*item).details(details(1)))?;
                    }
                    if items.is_empty() { Err(none()) } else { Ok(items.len() as u64) }
                })
            })
            .await
    }
}

/// The place in the list that a cursor names.
fn place(cursor: &str) -> Result<(ItemId, String)> {
    let bad = || PipelineError::bad("bad_cursor", "cursor", "is not one of this list");
    let (item, risk) = cursor.split_once('~').ok_or_else(bad)?;
    if risk.len() > RISK_BYTES_MAX {
        return Err(bad());
    }
    Ok((item.parse().map_err(|_| bad())?, risk.to_owned()))
}
