//! Organizations: own staff and outside vendors, their people, and the contracts under which the people of vendors work.

mod contract;
pub(crate) mod veil;

use countersign_model::{Instant, OrganizationId, Refusal, Role, UserId};
use countersign_store::{Conn, Evidence, Tx, organizations, projects, sessions, users};
use serde::Serialize;

pub(crate) use self::contract::{JOB_CONTRACT, ask_for_warnings, end_work};
use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    accounts::{User, checked_name},
    people::Caller,
    review::checked_comment,
    rework::free_abandoned,
};

/// Refusal of whoever comes from a vendor whose contract is not valid now.
pub const CONTRACT_NOT_VALID: &str = "contract_not_valid";
/// Refusal of a role that nobody has who comes from a vendor.
pub(crate) const NOT_FOR_VENDORS: &str = "not_for_vendors";
/// What people of vendors may be: those who read and those who review.
pub const VENDOR_ROLES: [Role; 2] = [Role::Annotator, Role::Reviewer];
/// How an outside vendor is called among the kinds of organizations.
const VENDOR: &str = "vendor";
/// How own staff is called.
const OWN: &str = "own";
/// From how long before its end a contract is shown as ending, seconds.
const ENDING_SECONDS: i64 = 30 * 86_400;

/// Where somebody belongs, as far as policies ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Belonging {
    /// Own staff.
    #[default]
    Staff,
    /// An outside vendor.
    Vendor {
        /// Its contract is valid at this moment.
        under_contract: bool,
    },
}

/// What an organization is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrganizationKind {
    /// Own staff.
    Own,
    /// An outside vendor.
    Vendor,
}

/// How a contract stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ContractState {
    /// Own staff has none.
    None,
    /// It has not begun.
    NotYet,
    /// It is valid.
    Valid,
    /// It is valid and ends within 30 days.
    Ending,
    /// It is over.
    Ended,
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganizationView {
    /// Organization.
    pub id: OrganizationId,
    /// Name.
    pub name: String,
    /// Own staff or an outside vendor.
    pub kind: OrganizationKind,
    /// From when on the people of a vendor may work.
    pub contract_from: Option<Instant>,
    /// Until just before then.
    pub contract_until: Option<Instant>,
    /// How the contract stands.
    pub contract: ContractState,
}

/// An organization with its people.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OrganizationDetail {
    /// The organization.
    #[serde(flatten)]
    pub organization: OrganizationView,
    /// Who belongs to it, by login.
    pub members: Vec<User>,
}

/// What an organization is set up with.
#[derive(Clone, Debug)]
pub struct OrganizationDraft {
    /// Name.
    pub name: String,
    /// What it is; never changed later.
    pub kind: OrganizationKind,
    /// Begin of a vendor's contract.
    pub contract_from: Option<Instant>,
    /// Its end.
    pub contract_until: Option<Instant>,
    /// Why.
    pub reason: String,
}

/// What an organization is called from now on, and its contract.
#[derive(Clone, Debug)]
pub struct OrganizationChange {
    /// Name.
    pub name: String,
    /// Begin of a vendor's contract.
    pub contract_from: Option<Instant>,
    /// Its end.
    pub contract_until: Option<Instant>,
    /// Why.
    pub reason: String,
}

impl OrganizationView {
    pub(crate) fn of(row: users::Organization, now: Instant) -> Self {
        let kind = if row.kind == VENDOR { OrganizationKind::Vendor } else { OrganizationKind::Own };
        let contract = match (kind, row.contract_from, row.contract_until) {
            (OrganizationKind::Own, ..) => ContractState::None,
            (_, Some(from), _) if now < from => ContractState::NotYet,
            (_, Some(_), Some(until)) if now.plus_seconds(ENDING_SECONDS) < until => ContractState::Valid,
            (_, Some(_), Some(until)) if now < until => ContractState::Ending,
            _ => ContractState::Ended,
        };
        Self {
            id: row.id,
            name: row.name,
            kind,
            contract_from: row.contract_from,
            contract_until: row.contract_until,
            contract,
        }
    }

    /// It is an outside vendor.
    pub fn is_vendor(&self) -> bool {
        self.kind == OrganizationKind::Vendor
    }

    /// Its people may work.
    pub const fn may_work(&self) -> bool {
        matches!(self.contract, ContractState::None | ContractState::Valid | ContractState::Ending)
    }

    pub(crate) fn belonging(&self) -> Belonging {
        if self.is_vendor() {
            Belonging::Vendor { under_contract: self.may_work() }
        } else {
            Belonging::Staff
        }
    }

    /// Refuses work at a moment outside of the contract.
    ///
    /// # Errors
    /// `contract_not_valid`.
    pub(crate) fn require_contract(&self, now: Instant) -> Result<()> {
        let valid = self.contract_from.is_some_and(|from| from <= now)
            && self.contract_until.is_some_and(|until| now < until);
        if valid || !self.is_vendor() { Ok(()) } else { Err(self.no_contract()) }
    }

    /// The refusal of somebody whose contract is not valid.
    pub fn no_contract(&self) -> PipelineError {
        let when = match (self.contract_from, self.contract_until) {
            (Some(from), _) if self.contract == ContractState::NotYet => format!("begins {from}"),
            (_, Some(until)) => format!("ended {until}"),
            _ => "has no dates".to_owned(),
        };
        let message =
            format!("The contract of {} {when}: no work is given out. What you saved is kept.", self.name);
        Refusal::new(CONTRACT_NOT_VALID, message).into()
    }
}

/// The dates of a contract as they fit the kind: a vendor has both, own staff none.
fn checked_dates(
    kind: OrganizationKind,
    from: Option<Instant>,
    until: Option<Instant>,
) -> Result<(Option<Instant>, Option<Instant>)> {
    match (kind, from, until) {
        (OrganizationKind::Own, None, None) => Ok((None, None)),
        (OrganizationKind::Own, ..) => {
            Err(PipelineError::bad("bad_contract", "contract_from", "own staff has no contract"))
        }
        (OrganizationKind::Vendor, Some(from), Some(until)) if from < until => Ok((Some(from), Some(until))),
        (OrganizationKind::Vendor, ..) => Err(PipelineError::bad(
            "bad_contract",
            "contract_until",
            "a vendor has a contract from one time until a later one",
        )),
    }
}

fn why(reason: String) -> Result<String> {
    checked_comment(Some(reason))?.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))
}

fn evidence(action: &str, row: &users::Organization, reason: &str) -> Evidence {
    let day = |at: Option<Instant>| at.map(|at| at.to_string());
    let details = serde_json::json!({
        "reason": reason, "kind": row.kind, "from": day(row.contract_from), "until": day(row.contract_until),
    });
    Evidence::new(action, "organization", row.id.uuid()).details(details)
}

/// To whom somebody belongs, at a moment.
pub(crate) async fn of_user(conn: &mut Conn, user: UserId, now: Instant) -> Result<OrganizationView> {
    let row = organizations::of_user(conn, user).await?.ok_or(PipelineError::NotFound)?;
    Ok(OrganizationView::of(row, now))
}

/// Refuses a role that people of vendors do not have.
pub(crate) async fn require_role_fits(conn: &mut Conn, user: UserId, role: Role, now: Instant) -> Result<()> {
    if VENDOR_ROLES.contains(&role) || !of_user(conn, user, now).await?.is_vendor() {
        return Ok(());
    }
    Err(not_for_vendors())
}

pub(crate) fn not_for_vendors() -> PipelineError {
    PipelineError::refused(NOT_FOR_VENDORS, "People of vendors read or review; they have no other role.")
}

impl Pipeline {
    /// Every organization with its people.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for whoever may not see every account.
    pub async fn organizations(&self, caller: &Caller) -> Result<Vec<OrganizationDetail>> {
        let mut everybody = self.users(caller).await?;
        let now = self.store.clock().now();
        let rows = organizations::list(&mut *self.store.read().await?).await?;
        let with_people = |row: users::Organization| {
            let (members, others) = everybody.drain(..).partition(|user| user.organization == row.id);
            everybody = others;
            OrganizationDetail { organization: OrganizationView::of(row, now), members }
        };
        Ok(rows.into_iter().map(with_people).collect())
    }

    /// Sets up an organization.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_name`, `bad_contract`, `reason_required`, `name_taken`.
    pub async fn make_organization(
        &self,
        caller: &Caller,
        draft: OrganizationDraft,
    ) -> Result<OrganizationView> {
        self.require(caller, Action::ManageUsers, &Resource::Installation)?;
        let name = checked_name("name", &draft.name)?;
        let (from, until) = checked_dates(draft.kind, draft.contract_from, draft.contract_until)?;
        let reason = why(draft.reason)?;
        let kind = if draft.kind == OrganizationKind::Vendor { VENDOR } else { OWN };
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    free_name(tx, &name, None).await?;
                    let row = users::Organization {
                        id: tx.fresh(),
                        name,
                        kind: kind.to_owned(),
                        created_at: tx.now(),
                        contract_from: from,
                        contract_until: until,
                    };
                    organizations::insert(tx, row.clone()).await?;
                    ask_for_warnings(tx, &row).await?;
                    tx.record(evidence("organization.made", &row, &reason))?;
                    Ok(OrganizationView::of(row, tx.now()))
                })
            })
            .await
    }

    /// Renames an organization and sets the dates of its contract. Where the contract is over by them, its people lose what they
    /// hold in the same write.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `bad_name`, `bad_contract`, `reason_required`, `name_taken`.
    pub async fn change_organization(
        &self,
        caller: &Caller,
        id: OrganizationId,
        change: OrganizationChange,
    ) -> Result<OrganizationView> {
        self.require(caller, Action::ManageUsers, &Resource::Installation)?;
        let name = checked_name("name", &change.name)?;
        let reason = why(change.reason)?;
        let (from, until, pipeline) = (change.contract_from, change.contract_until, self.clone());
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let before = organizations::lock(tx, id).await?.ok_or(PipelineError::NotFound)?;
                    let view = OrganizationView::of(before.clone(), tx.now());
                    let (from, until) = checked_dates(view.kind, from, until)?;
                    free_name(tx, &name, Some(id)).await?;
                    organizations::change(tx, id, &name, from, until).await?;
                    let row =
                        users::Organization { name, contract_from: from, contract_until: until, ..before };
                    if row.contract_until != view.contract_until {
                        ask_for_warnings(tx, &row).await?;
                    }
                    tx.record(evidence("organization.changed", &row, &reason))?;
                    let after = OrganizationView::of(row, tx.now());
                    if !after.may_work() {
                        end_work(tx, &pipeline, id).await?;
                    }
                    Ok(after)
                })
            })
            .await
    }

    /// Moves somebody to an organization. Whoever goes to a vendor leaves sessions, tokens and what they hold behind.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `reason_required`; `not_for_vendors` for whoever has a role that people of vendors do not have.
    pub async fn move_member(
        &self,
        caller: &Caller,
        user: UserId,
        to: OrganizationId,
        reason: String,
    ) -> Result<User> {
        self.require(caller, Action::ManageUsers, &Resource::Installation)?;
        let (reason, pipeline) = (why(reason)?, self.clone());
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let person = users::by_id(tx, user).await?.ok_or(PipelineError::NotFound)?;
                    let row = organizations::lock(tx, to).await?.ok_or(PipelineError::NotFound)?;
                    let view = OrganizationView::of(row, tx.now());
                    if view.is_vendor() {
                        let granted = projects::grants_of(tx, user).await?;
                        let fits = granted.iter().all(|grant| VENDOR_ROLES.contains(&grant.role));
                        if !fits || !person.system_roles.0.is_empty() {
                            return Err(not_for_vendors());
                        }
                    }
                    organizations::move_member(tx, user, to).await?;
                    let details = serde_json::json!({ "reason": reason, "organization": to, "from": person.organization_id });
                    tx.record(Evidence::new("user.moved", "user", user.uuid()).details(details))?;
                    if person.organization_id != to && view.is_vendor() {
                        sessions::end_all(tx, user, None).await?;
                        sessions::end_all_tokens(tx, user).await?;
                        contract::end_leases_of(tx, &pipeline, user, "moved_to_vendor").await?;
                        free_abandoned(tx, &pipeline, user, None).await?;
                    }
                    Ok(users::by_id(tx, user).await?.ok_or(PipelineError::NotFound)?.into())
                })
            })
            .await
    }
}

async fn free_name(tx: &mut Tx, name: &str, of: Option<OrganizationId>) -> Result<()> {
    match organizations::by_name(tx, name).await? {
        Some(found) if Some(found.id) != of => {
            Err(PipelineError::refused("name_taken", "An organization of this name exists."))
        }
        _ => Ok(()),
    }
}
