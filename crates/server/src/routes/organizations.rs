//! Organizations: own staff, vendors and their contracts.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::{Instant, OrganizationId, UserId};
use countersign_pipeline::{
    organizations::{
        OrganizationChange, OrganizationDetail, OrganizationDraft, OrganizationKind, OrganizationView,
    },
    people::User,
};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(organizations, make_organization))
        .routes(routes!(change_organization))
        .routes(routes!(move_member))
}

/// An organization to set up.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewOrganization {
    name: String,
    kind: OrganizationKind,
    /// A vendor has both dates, own staff none.
    contract_from: Option<Instant>,
    contract_until: Option<Instant>,
    reason: String,
}

/// What an organization is called from now on, and its contract.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangedOrganization {
    name: String,
    contract_from: Option<Instant>,
    contract_until: Option<Instant>,
    reason: String,
}

/// Where somebody belongs from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Membership {
    organization: OrganizationId,
    reason: String,
}

/// Every organization with its people.
#[utoipa::path(
    get, path = "/organizations", tag = "organizations", responses((status = 200, body = Vec<OrganizationDetail>))
)]
async fn organizations(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Vec<OrganizationDetail>>, Problem> {
    Ok(Json(app.pipeline.organizations(&caller).await?))
}

/// Sets up an organization.
#[utoipa::path(
    post, path = "/organizations", tag = "organizations", request_body = NewOrganization,
    responses((status = 201, body = OrganizationView))
)]
async fn make_organization(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<NewOrganization>,
) -> Result<(StatusCode, Json<OrganizationView>), Problem> {
    let NewOrganization { name, kind, contract_from, contract_until, reason } = body;
    let draft = OrganizationDraft { name, kind, contract_from, contract_until, reason };
    Ok((StatusCode::CREATED, Json(app.pipeline.make_organization(&caller, draft).await?)))
}

/// Renames an organization and sets the dates of its contract. Where the contract is over by them, its people lose what they hold.
#[utoipa::path(
    put, path = "/organizations/{organization}", tag = "organizations",
    params(("organization" = OrganizationId, Path)), request_body = ChangedOrganization,
    responses((status = 200, body = OrganizationView))
)]
async fn change_organization(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(organization): Ids<OrganizationId>,
    Body(body): Body<ChangedOrganization>,
) -> Result<Json<OrganizationView>, Problem> {
    let ChangedOrganization { name, contract_from, contract_until, reason } = body;
    let change = OrganizationChange { name, contract_from, contract_until, reason };
    Ok(Json(app.pipeline.change_organization(&caller, organization, change).await?))
}

/// Moves somebody to an organization. Whoever goes to a vendor leaves sessions, tokens and what they hold behind.
#[utoipa::path(
    put, path = "/users/{user}/organization", tag = "organizations", params(("user" = UserId, Path)),
    request_body = Membership, responses((status = 200, body = User))
)]
async fn move_member(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(user): Ids<UserId>,
    Body(body): Body<Membership>,
) -> Result<Json<User>, Problem> {
    Ok(Json(app.pipeline.move_member(&caller, user, body.organization, body.reason).await?))
}
