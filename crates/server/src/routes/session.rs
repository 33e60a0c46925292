//! Signing in and out.

use axum::{
    Json,
    extract::{FromRequestParts, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use countersign_model::{Instant, ProjectId, Role, UserId};
use countersign_pipeline::{
    organizations::OrganizationView,
    people::{Caller, Client, SESSION_SECONDS},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, COOKIE, Problem,
    caller::{JustSignedIn, SignedIn, client, guard},
    extract::Body,
};

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(me, sign_in, sign_out)).routes(routes!(verify))
}

/// Login name and password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    login: String,
    password: String,
}

/// The password again.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordAgain {
    password: String,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
struct Me {
    user: MyAccount,
    /// Roles on the installation.
    system_roles: Vec<Role>,
    /// A one-time password must be changed before anything else.
    must_change_password: bool,
    grants: Vec<MyGrant>,
    session: MySession,
    /// To whom they belong. Outside of the dates of a vendor's contract there is nothing but this answer.
    organization: OrganizationView,
}

/// The caller's account.
#[derive(Serialize, ToSchema)]
struct MyAccount {
    id: UserId,
    login: String,
    /// Name as signatures print it.
    printed_name: String,
}

/// A role of the caller on a project.
#[derive(Serialize, ToSchema)]
struct MyGrant {
    project: ProjectId,
    project_name: String,
    role: Role,
}

/// The session that the request came with.
#[derive(Serialize, ToSchema)]
struct MySession {
    /// When the password was last entered in it.
    verified_at: Option<Instant>,
}

/// Proof that a request which has no session yet comes from our page, and from where.
struct FromOurPage(Client);

impl FromRequestParts<App> for FromOurPage {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        guard(&parts.method, &parts.headers)?;
        Ok(Self(client(app, &parts.headers, &parts.extensions)))
    }
}

async fn described(app: &App, caller: Caller) -> Result<Me, Problem> {
    let projects = app.pipeline.projects(&caller).await?;
    let grants = projects.into_iter().flat_map(|project| {
        let (id, name) = (project.id, project.name);
        project.roles.into_iter().map(move |role| MyGrant { project: id, project_name: name.clone(), role })
    });
    Ok(Me {
        grants: grants.collect(),
        user: MyAccount { id: caller.user(), login: caller.login, printed_name: caller.printed_name },
        organization: caller.organization,
        system_roles: caller.principal.system_roles,
        must_change_password: caller.must_change_password,
        session: MySession { verified_at: caller.verified_at },
    })
}

fn cookie(app: &App, value: &str, seconds: i64) -> Result<HeaderMap, Problem> {
    let secure = if app.https { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}");
    let value = HeaderValue::from_str(&text).map_err(|_| Problem::internal())?;
    Ok(HeaderMap::from_iter([(header::SET_COOKIE, value)]))
}

/// Who is signed in.
#[utoipa::path(get, path = "/session", tag = "session", responses((status = 200, body = Me)))]
async fn me(State(app): State<App>, JustSignedIn(caller): JustSignedIn) -> Result<Json<Me>, Problem> {
    Ok(Json(described(&app, caller).await?))
}

/// Signs in: the session comes back as a cookie that scripts cannot read.
#[utoipa::path(post, path = "/session", tag = "session", request_body = SignIn, responses((status = 200, body = Me)))]
async fn sign_in(
    State(app): State<App>,
    FromOurPage(client): FromOurPage,
    Body(body): Body<SignIn>,
) -> Result<Response, Problem> {
    let (secret, caller) = app.pipeline.sign_in_from(&body.login, &body.password, &client).await?;
    let set = cookie(&app, &secret, SESSION_SECONDS)?;
    Ok((set, Json(described(&app, caller).await?)).into_response())
}

/// Signs out.
#[utoipa::path(delete, path = "/session", tag = "session", responses((status = 204)))]
async fn sign_out(State(app): State<App>, JustSignedIn(caller): JustSignedIn) -> Result<Response, Problem> {
    app.pipeline.sign_out(&caller).await?;
    Ok((StatusCode::NO_CONTENT, cookie(&app, "", 0)?).into_response())
}

/// Takes the password again, before something is signed.
#[utoipa::path(
    post, path = "/session/verify", tag = "session", request_body = PasswordAgain, responses((status = 204))
)]
async fn verify(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<PasswordAgain>,
) -> Result<StatusCode, Problem> {
    app.pipeline.verify_password(&caller, &body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
