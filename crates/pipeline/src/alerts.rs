//! Alerts about accounts that were locked after wrong passwords (21 CFR 11.300(d)): those who answer for people see
//! them at once and say what they found.

use countersign_model::{AccessAlertId, Instant, UserId};
use countersign_store::{Conn, Evidence, projects, signing, users};
use countersign_workflow::refusals::SEPARATION_OF_DUTIES;
use serde::Serialize;

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    people::Caller,
    refused::Denial,
    review::checked_comment,
};

/// Most alerts in one list.
const ALERTS_LISTED_MAX: u32 = 200;

/// An account that was locked after wrong passwords.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccessAlert {
    /// Alert.
    pub id: AccessAlertId,
    /// Whose account.
    pub user: UserId,
    /// Their login name.
    pub login: String,
    /// Their name as signatures print it.
    pub printed_name: String,
    /// Where the last wrong password was given: `signing` or `sign_in`.
    pub place: String,
    /// How often the account was locked since the alert was opened.
    pub locks: u32,
    /// First lock.
    pub opened_at: Instant,
    /// Last lock.
    pub last_at: Instant,
    /// When somebody had looked into it; absent while nobody has.
    pub closed_at: Option<Instant>,
    /// Who, as signatures print it.
    pub closed_by: Option<String>,
    /// What they found.
    pub reason: Option<String>,
    /// The caller may close it.
    pub may_close: bool,
}

impl Pipeline {
    /// The alerts that the caller answers for: of everybody for an owner of the installation, of the people of their
    /// projects for owners and privacy officers. Open ones first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn alerts(&self, caller: &Caller) -> Result<Vec<AccessAlert>> {
        let mut conn = self.store.read().await?;
        let mut shown = Vec::new();
        for alert in signing::alerts(&mut conn, ALERTS_LISTED_MAX).await? {
            if self.answers_for(&mut conn, caller, alert.user_id).await? {
                shown.extend(alert_view(&mut conn, caller, alert).await?);
            }
        }
        Ok(shown)
    }

    /// Closes an alert with what was found. The lock itself ends by its time.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `separation_of_duties` for one's own account; `reason_required`;
    /// `already_closed`.
    pub async fn close_alert(&self, caller: &Caller, id: AccessAlertId, why: String) -> Result<AccessAlert> {
        let subject = {
            let mut conn = self.store.read().await?;
            let alert = signing::alert(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            if !self.answers_for(&mut conn, caller, alert.user_id).await? {
                let whose = Denial::of_all(Action::ViewAlerts.as_str());
                return Err(caller.denied(whose.of_kind("access_alert", id.uuid())));
            }
            alert.user_id
        };
        if subject == caller.user() {
            let message = "An alert about your own account is closed by somebody else.";
            return Err(PipelineError::refused(SEPARATION_OF_DUTIES, message));
        }
        let why = checked_comment(Some(why))?;
        let why = why.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say what you found"))?;
        let user = caller.user();
        let closed = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                if !signing::close(tx, id, user, &why).await? {
                    return Err(PipelineError::refused("already_closed", "Somebody closed it before."));
                }
                let details = serde_json::json!({ "user": subject, "found": why });
                tx.record(Evidence::new("alert.closed", "alert", id.uuid()).details(details))?;
                Ok(())
            })
        });
        closed.await?;
        let mut conn = self.store.read().await?;
        let alert = signing::alert(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        alert_view(&mut conn, caller, alert).await?.ok_or(PipelineError::NotFound)
    }

    async fn answers_for(&self, conn: &mut Conn, caller: &Caller, user: UserId) -> Result<bool> {
        let may = |resource: &Resource| self.access.allows(&caller.principal, Action::ViewAlerts, resource);
        if may(&Resource::Installation) {
            return Ok(true);
        }
        let grants = projects::grants_of(conn, user).await?;
        Ok(grants.iter().any(|grant| may(&Resource::Project(grant.project_id))))
    }
}

async fn alert_view(conn: &mut Conn, caller: &Caller, alert: signing::Alert) -> Result<Option<AccessAlert>> {
    let Some(user) = users::by_id(conn, alert.user_id).await? else { return Ok(None) };
    let closed_by = match alert.closed_by {
        Some(by) => users::by_id(conn, by).await?.map(|by| by.printed_name),
        None => None,
    };
    Ok(Some(AccessAlert {
        may_close: alert.closed_at.is_none() && user.id != caller.user(),
        id: alert.id,
        user: user.id,
        login: user.login,
        printed_name: user.printed_name,
        place: alert.place,
        locks: alert.locks,
        opened_at: alert.opened_at,
        last_at: alert.last_at,
        closed_at: alert.closed_at,
        closed_by,
        reason: alert.reason,
    }))
}
