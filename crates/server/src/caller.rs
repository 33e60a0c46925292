//! Who calls: a session cookie or an API token, and the guard against forged requests.

use axum::{
    extract::FromRequestParts,
    http::{Extensions, HeaderMap, HeaderName, Method, StatusCode, header, request::Parts},
};
use countersign_pipeline::{
    people::{Caller, Client, Credential},
    refused::Asking,
};

use crate::{App, problem::Problem, serve::Peer};

/// Name of the session cookie.
pub const COOKIE: &str = "countersign_session";
/// Header that our page sends with every request; a foreign site cannot set it without a CORS grant, which we never
/// give.
pub const GUARD_HEADER: &str = "x-countersign";

/// A signed-in caller. Naming it as a handler's argument is what protects a route.
pub struct SignedIn(pub Caller);

/// A signed-in caller who may still have to change a one-time password; only for session and password routes.
pub struct JustSignedIn(pub Caller);

impl FromRequestParts<App> for JustSignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let credential = credential(&parts.headers).ok_or_else(Problem::unauthenticated)?;
        if matches!(credential, Credential::Session(_)) {
            guard(&parts.method, &parts.headers)?;
        }
        let mut caller =
            app.pipeline.authenticate(&credential).await?.ok_or_else(Problem::unauthenticated)?;
        if let Some(asking) = parts.extensions.get::<Asking>() {
            caller.asks_by(asking.clone());
        }
        caller.client = client(app, &parts.headers, &parts.extensions);
        app.pipeline.note_client(&caller, &caller.client).await?;
        Ok(Self(caller))
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let JustSignedIn(caller) = JustSignedIn::from_request_parts(parts, app).await?;
        if caller.must_change_password {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "must_change_password",
                "Choose a password of your own first.",
            ));
        }
        if !caller.organization.may_work() {
            return Err(caller.organization.no_contract().into());
        }
        Ok(Self(caller))
    }
}

pub fn credential(headers: &HeaderMap) -> Option<Credential> {
    if let Some(bearer) = headers.get(header::AUTHORIZATION) {
        // A bearer that does not fit is no reason to fall back to the cookie.
        let token = bearer.to_str().ok()?.strip_prefix("Bearer ")?.trim();
        return Some(Credential::Token(token.to_owned()));
    }
    cookie(headers).map(Credential::Session)
}

/// From where a request comes.
pub fn client(app: &App, headers: &HeaderMap, extensions: &Extensions) -> Client {
    // Only where a proxy stands in front can its word be one; the last address is the one that it saw itself.
    let lines = headers.get_all(HeaderName::from_static("x-forwarded-for"));
    let last = lines.iter().next_back().filter(|_| app.https).and_then(|line| line.to_str().ok());
    Client {
        address: extensions.get::<Peer>().map(|peer| peer.0),
        forwarded_for: last.and_then(|line| line.rsplit(',').next()?.trim().parse().ok()),
        agent: headers.get(header::USER_AGENT).and_then(|agent| Some(agent.to_str().ok()?.to_owned())),
    }
}

/// The session cookie's value.
pub fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value.to_owned())
}

/// Requests that change something and come with the cookie must come from our own page.
pub fn guard(method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let site = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
    let foreign = site.is_some_and(|site| site != "same-origin" && site != "none");
    if headers.contains_key(GUARD_HEADER) && !foreign {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "csrf", "This request did not come from the page."))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_forged_form_is_refused_and_our_page_is_not() {
        let mut headers = HeaderMap::new();
        assert!(guard(&Method::GET, &headers).is_ok());
        assert!(guard(&Method::POST, &headers).is_err());
        headers.insert(GUARD_HEADER, HeaderValue::from_static("1"));
        assert!(guard(&Method::POST, &headers).is_ok());
        headers.insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
        assert!(guard(&Method::POST, &headers).is_err());
    }

    #[test]
    fn a_bad_bearer_does_not_fall_back_to_the_cookie() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=b; countersign_session=cs_1"));
        assert!(matches!(credential(&headers), Some(Credential::Session(token)) if token == "cs_1"));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Basic eA=="));
        assert!(credential(&headers).is_none());
    }
}
