//! The caller's own password and API tokens.

use axum::{Json, extract::State, http::StatusCode};
use countersign_model::TokenId;
use countersign_pipeline::{keys::KeyChoice, people::ApiToken, signing::SigningState};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::{JustSignedIn, SignedIn},
    extract::{Body, Ids},
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(change_password))
        .routes(routes!(tokens, make_token))
        .routes(routes!(end_token))
        .routes(routes!(keys, set_keys))
        .routes(routes!(signing, acknowledge))
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordChange {
    current: String,
    new: String,
}

/// A token to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TokenDraft {
    /// What its owner calls it.
    name: String,
    /// For how many days it works, 1 to 365; 90 if not said.
    days: Option<u32>,
}

/// That the caller agrees to the statement.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SigningAgreement {
    /// Version of the statement that was on the screen.
    version: u32,
}

/// Chooses a new password; every other session of the person ends.
#[utoipa::path(put, path = "/me/password", tag = "me", request_body = PasswordChange, responses((status = 204)))]
async fn change_password(
    State(app): State<App>,
    JustSignedIn(caller): JustSignedIn,
    Body(body): Body<PasswordChange>,
) -> Result<StatusCode, Problem> {
    app.pipeline.change_password(&caller, &body.current, &body.new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The caller's API tokens.
#[utoipa::path(get, path = "/me/tokens", tag = "me", responses((status = 200, body = Vec<ApiToken>)))]
async fn tokens(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<Vec<ApiToken>>, Problem> {
    Ok(Json(app.pipeline.tokens(&caller).await?))
}

/// Makes an API token; its secret is in this answer only.
#[utoipa::path(
    post, path = "/me/tokens", tag = "me", request_body = TokenDraft, responses((status = 201, body = ApiToken))
)]
async fn make_token(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<TokenDraft>,
) -> Result<(StatusCode, Json<ApiToken>), Problem> {
    Ok((StatusCode::CREATED, Json(app.pipeline.make_token(&caller, &body.name, body.days).await?)))
}

/// Ends one of the caller's tokens.
#[utoipa::path(
    delete, path = "/me/tokens/{token}", tag = "me", params(("token" = TokenId, Path)), responses((status = 204))
)]
async fn end_token(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(token): Ids<TokenId>,
) -> Result<StatusCode, Problem> {
    app.pipeline.end_token(&caller, token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The keys that the caller chose for the page.
#[utoipa::path(get, path = "/me/keys", tag = "me", responses((status = 200, body = KeyChoice)))]
async fn keys(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<KeyChoice>, Problem> {
    Ok(Json(app.pipeline.keys(&caller).await?))
}

/// Keeps the caller's keys.
#[utoipa::path(put, path = "/me/keys", tag = "me", request_body = KeyChoice, responses((status = 204)))]
async fn set_keys(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<KeyChoice>,
) -> Result<StatusCode, Problem> {
    app.pipeline.set_keys(&caller, &body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the caller's next signature takes: user name or password alone, and whether they agreed that it binds them.
#[utoipa::path(get, path = "/me/signing", tag = "me", responses((status = 200, body = SigningState)))]
async fn signing(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<SigningState>, Problem> {
    Ok(Json(app.pipeline.signing_state(&caller).await?))
}

/// Says, once, that the caller's electronic signature binds them.
#[utoipa::path(
    post, path = "/me/signing", tag = "me", request_body = SigningAgreement, responses((status = 200, body = SigningState))
)]
async fn acknowledge(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<SigningAgreement>,
) -> Result<Json<SigningState>, Problem> {
    Ok(Json(app.pipeline.acknowledge_signing(&caller, body.version).await?))
}
