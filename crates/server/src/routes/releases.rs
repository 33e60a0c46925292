//! Releases: made, listed, downloaded.

use axum::{
    Json,
    body::Body as Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_model::{Audience, CertificationId, ItemId, ProjectId, ReleaseId};
use countersign_pipeline::{
    release::{ReleaseView, Selection, Wanted},
    signing::Components,
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
    OpenApiRouter::new().routes(routes!(release)).routes(routes!(withdraw))
}

/// Routes that may take long.
pub fn long_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(releases, make_release))
        .routes(routes!(countersign))
        .routes(routes!(download))
}

/// Which items go in: `"all_accepted"`, or a list of ids.
#[derive(Default, Deserialize, ToSchema)]
#[serde(untagged)]
enum Chosen {
    /// A word for many.
    Word(Everything),
    /// These.
    Items(Vec<ItemId>),
    /// As `all_accepted`.
    #[default]
    Absent,
}

/// The word for every accepted item that is not held.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Everything {
    /// Every accepted item that is not held.
    AllAccepted,
}

/// A release to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReleaseDraft {
    /// Unique within the project.
    name: String,
    #[serde(default)]
    #[schema(inline)]
    items: Chosen,
    /// For whom: `internal` (the default) or `public`, which takes a waiver for every risk that stays in its items.
    #[serde(default = "internal")]
    audience: Audience,
    /// A finished audit whose items go out instead, with its certificate.
    certification: Option<CertificationId>,
    /// User name; needed at the first signature of a session, and after a quarter of an hour without one.
    login: Option<String>,
    /// Entered to sign: that the list may go, or, where a release takes two people, that it is begun.
    password: Option<String>,
}

/// The second signature under a release.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SecondSignature {
    /// User name; needed at the first signature of a session, and after a quarter of an hour without one.
    login: Option<String>,
    /// Entered for this signature.
    password: String,
}

/// Why a release is taken back before it was countersigned.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Withdrawal {
    reason: String,
}

const fn internal() -> Audience {
    Audience::Internal
}

/// The releases of a project.
#[utoipa::path(
    get, path = "/projects/{project}/releases", tag = "releases", params(("project" = ProjectId, Path)),
    responses((status = 200, body = Vec<ReleaseView>))
)]
async fn releases(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
) -> Result<Json<Vec<ReleaseView>>, Problem> {
    Ok(Json(app.pipeline.releases(&caller, project).await?))
}

/// Makes a release: manifest, root hash, certificate, package. It is signed, by no author of what is in it. Where a release
/// takes two people, begins it; it waits for the countersignature then.
#[utoipa::path(
    post, path = "/projects/{project}/releases", tag = "releases", params(("project" = ProjectId, Path)),
    request_body = ReleaseDraft, responses((status = 201, body = ReleaseView))
)]
async fn make_release(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(project): Ids<ProjectId>,
    Body(body): Body<ReleaseDraft>,
) -> Result<(StatusCode, Json<ReleaseView>), Problem> {
    let items = match body.items {
        Chosen::Word(Everything::AllAccepted) | Chosen::Absent => Selection::AllAccepted,
        Chosen::Items(items) => Selection::Items(items),
    };
    // Goes on when the client is gone: a release is whole or it is not.
    let pipeline = app.pipeline.clone();
    let wanted = Wanted { items, audience: body.audience, certification: body.certification };
    let login = body.login;
    let components = body.password.map(|password| Components { login, password });
    let made = tokio::spawn(async move {
        pipeline.make_release_signed(&caller, project, &body.name, wanted, components).await
    });
    Ok((StatusCode::CREATED, Json(made.await.map_err(|_| Problem::internal())??)))
}

/// Countersigns a release that somebody else began: it is built, signed by both.
#[utoipa::path(
    post, path = "/releases/{release}/countersign", tag = "releases", params(("release" = ReleaseId, Path)),
    request_body = SecondSignature, responses((status = 200, body = ReleaseView))
)]
async fn countersign(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(release): Ids<ReleaseId>,
    Body(body): Body<SecondSignature>,
) -> Result<Json<ReleaseView>, Problem> {
    let components = Components { login: body.login, password: body.password };
    // Goes on when the client is gone: a release is whole or it is not.
    let pipeline = app.pipeline.clone();
    let made = tokio::spawn(async move { pipeline.countersign_release(&caller, release, components).await });
    Ok(Json(made.await.map_err(|_| Problem::internal())??))
}

/// Takes a release back that waits for its second person.
#[utoipa::path(
    post, path = "/releases/{release}/withdraw", tag = "releases", params(("release" = ReleaseId, Path)),
    request_body = Withdrawal, responses((status = 200, body = ReleaseView))
)]
async fn withdraw(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(release): Ids<ReleaseId>,
    Body(body): Body<Withdrawal>,
) -> Result<Json<ReleaseView>, Problem> {
    Ok(Json(app.pipeline.withdraw_release(&caller, release, body.reason).await?))
}

/// One release.
#[utoipa::path(
    get, path = "/releases/{release}", tag = "releases", params(("release" = ReleaseId, Path)),
    responses((status = 200, body = ReleaseView))
)]
async fn release(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(release): Ids<ReleaseId>,
) -> Result<Json<ReleaseView>, Problem> {
    Ok(Json(app.pipeline.release(&caller, release).await?))
}

/// The package of a release, as a stream. That it was asked for is on record before the first byte.
#[utoipa::path(
    get, path = "/releases/{release}/download", tag = "releases", params(("release" = ReleaseId, Path)),
    responses((status = 200, content_type = "application/zip"))
)]
async fn download(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids(release): Ids<ReleaseId>,
) -> Result<Response, Problem> {
    let package = app.pipeline.release_stream(&caller, release).await?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(package.bytes));
    let disposition =
        HeaderValue::from_str(&format!("attachment; filename=\"{}\"", plain(&package.file_name)));
    headers.insert(header::CONTENT_DISPOSITION, disposition.map_err(|_| Problem::internal())?);
    Ok((headers, Bytes::from_stream(package.stream)).into_response())
}

/// A file name that needs no quoting anywhere.
fn plain(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    name.chars().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_cannot_break_out_of_its_header() {
        assert_eq!(plain("first release-1.0.zip"), "first_release-1.0.zip");
        assert_eq!(plain("a\"; x=\r\n.zip"), "a___x___.zip");
    }

    #[test]
    fn items_are_a_word_or_a_list() {
        let read = |text: &str| serde_json::from_str::<ReleaseDraft>(text);
        assert!(matches!(read(r#"{"name":"a","items":"all_accepted"}"#).unwrap().items, Chosen::Word(_)));
        assert!(matches!(read(r#"{"name":"a"}"#).unwrap().items, Chosen::Absent));
        assert!(matches!(read(r#"{"name":"a","items":[]}"#).unwrap().items, Chosen::Items(_)));
        assert!(read(r#"{"name":"a","items":"everything"}"#).is_err());
        assert!(read(r#"{"name":"a","items":[1]}"#).is_err());
    }
}
