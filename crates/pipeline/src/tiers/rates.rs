//! What an hour of each role costs, as the owner says. Nothing is guessed.

use std::collections::BTreeSet;

use countersign_model::{Instant, ProjectId, Role};
use countersign_store::{Conn, Evidence, turns};
use serde::{Deserialize, Serialize};

use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller};

/// Most that an hour may cost, in whatever money.
const PER_HOUR_MAX: f64 = 1e9;

/// What an hour of a role costs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RateDraft {
    /// Role.
    pub role: Role,
    /// Money per hour.
    pub per_hour: f64,
    /// Which money: three capital letters, the same for every role.
    pub currency: String,
}

/// What an hour of a role costs, as it was set.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RateView {
    /// Role.
    pub role: Role,
    /// Money per hour.
    pub per_hour: f64,
    /// Which money.
    pub currency: String,
    /// When.
    pub set_at: Instant,
}

pub(super) async fn of(conn: &mut Conn, project: ProjectId) -> Result<Vec<RateView>> {
    let rows = turns::rates(conn, project).await?;
    let view = |row: turns::Rate| RateView {
        role: row.role,
        per_hour: row.per_hour,
        currency: row.currency,
        set_at: row.set_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

fn check(drafts: &[RateDraft]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (index, draft) in drafts.iter().enumerate() {
        let bad = |field: &str, message: &str| {
            Err(PipelineError::bad("bad_rate", format!("rates[{index}].{field}"), message))
        };
        if !seen.insert(draft.role) {
            return bad("role", "is there twice");
        }
        if !(draft.per_hour >= 0.0 && draft.per_hour <= PER_HOUR_MAX) {
            return bad("per_hour", "between 0 and a thousand million");
        }
        if draft.currency.len() != 3 || !draft.currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return bad("currency", "three capital letters, such as EUR");
        }
        if drafts.first().is_some_and(|first| first.currency != draft.currency) {
            return bad("currency", "the same for every role: sums would mean nothing");
        }
    }
    Ok(())
}

impl Pipeline {
    /// Sets what an hour of each role costs, in place of what was set before.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_rate`.
    pub async fn set_rates(
        &self,
        caller: &Caller,
        project: ProjectId,
        drafts: Vec<RateDraft>,
    ) -> Result<Vec<RateView>> {
        self.require_on(caller, Action::ManageProject, project)?;
        check(&drafts)?;
        let by = caller.user();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let now = tx.now();
                    let row = |draft: RateDraft| turns::Rate {
                        project_id: project,
                        role: draft.role,
                        per_hour: draft.per_hour,
                        currency: draft.currency,
                        set_by: Some(by),
                        set_at: now,
                    };
                    let rows: Vec<turns::Rate> = drafts.into_iter().map(row).collect();
                    let named: Vec<_> =
                        rows.iter().map(|row| (row.role, row.per_hour, &row.currency)).collect();
                    let details = serde_json::json!({ "rates": named });
                    let evidence = Evidence::new("rates.set", "project", project.uuid()).project(project);
                    tx.record(evidence.details(details))?;
                    turns::set_rates(tx, project, rows).await?;
                    Ok(())
                })
            })
            .await?;
        of(&mut *self.store.read().await?, project).await
    }
}
