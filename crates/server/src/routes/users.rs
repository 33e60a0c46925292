//! Accounts.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::{OrganizationId, Role, UserId};
use countersign_pipeline::people::{NewUser, User, UserDraft};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Body, Ids},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(users, make_user)).routes(routes!(change_user))
}

/// An account to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccountDraft {
    login: String,
    /// Name as signatures print it.
    printed_name: String,
    /// A one-time password is made if absent.
    password: Option<String>,
    /// Roles on the installation.
    #[serde(default)]
    system_roles: Vec<Role>,
    /// To whom they belong; own staff if not said.
    organization: Option<OrganizationId>,
}

/// A change of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccountChange {
    /// Opens or closes the account; closing ends its sessions and tokens at once.
    active: Option<bool>,
    printed_name: Option<String>,
}

/// Every account.
#[utoipa::path(get, path = "/users", tag = "users", responses((status = 200, body = Vec<User>)))]
async fn users(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<Vec<User>>, Problem> {
    Ok(Json(app.pipeline.users(&caller).await?))
}

/// Makes an account.
#[utoipa::path(
    post, path = "/users", tag = "users", request_body = AccountDraft, responses((status = 201, body = NewUser))
)]
async fn make_user(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<AccountDraft>,
) -> Result<(StatusCode, Json<NewUser>), Problem> {
    let draft = UserDraft {
        login: body.login,
        printed_name: body.printed_name,
        password: body.password,
        system_roles: body.system_roles,
    };
    Ok((StatusCode::CREATED, Json(app.pipeline.make_user(&caller, draft, body.organization).await?)))
}

/// Opens or closes an account, or corrects its printed name.
#[utoipa::path(
    patch, path = "/users/{user}", tag = "users", params(("user" = UserId, Path)), request_body = AccountChange,
    responses((status = 200, body = User))
)]
async fn change_user(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(user): Ids<UserId>,
    Body(body): Body<AccountChange>,
) -> Result<Json<User>, Problem> {
    Ok(Json(app.pipeline.change_user(&caller, user, body.active, body.printed_name).await?))
}
