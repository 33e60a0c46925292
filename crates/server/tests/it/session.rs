//! Signing in and out, forged requests, locks, one-time passwords, tokens.

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Request, header},
};
use countersign_model::Role;
use countersign_pipeline::people::{SESSION_IDLE_SECONDS, UserDraft};
use countersign_store::Actor;
use serde_json::json;

use crate::house::{CountedIds, HandClock, House, PASSWORD, Who};

const SESSION: &str = "/api/v1/session";

/// The secret in a `Set-Cookie`.
fn secret(cookie: &str) -> Who {
    Who::Session(cookie.split(';').next().unwrap().strip_prefix("countersign_session=").unwrap().to_owned())
}

#[tokio::test]
async fn signing_in_gives_a_cookie_that_scripts_and_other_sites_cannot_use() {
    let clock = Arc::new(HandClock::default());
    let house = House::with(clock.clone(), Arc::new(CountedIds::default()), true).await;
    let user = house.person("ada", &[]).await;
    house.project("p", "images", &[(user, Role::Annotator)]).await;
    let body = json!({ "login": "ada", "password": PASSWORD });
    let answer = house.send(&Who::Nobody, "POST", SESSION, Some(body)).await;
    assert_eq!(answer.status, 200);
    let cookie = answer.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Secure", "Max-Age="] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let me = answer.json();
    assert_eq!(me["user"]["login"], "ada");
    assert_eq!(me["grants"][0]["project_name"], "p");
    assert_eq!(me["grants"][0]["role"], "annotator");
    assert!(me["session"]["verified_at"].is_i64());

    let who = secret(cookie);
    assert_eq!(house.send(&who, "GET", SESSION, None).await.json(), me);
    clock.forward(SESSION_IDLE_SECONDS + 1);
    assert_eq!(house.send(&who, "GET", SESSION, None).await.code(), "unauthenticated");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_the_cookie() {
    let house = House::new().await;
    house.person("ada", &[]).await;
    let who = Who::Session(house.session("ada").await);
    let answer = house.send(&who, "DELETE", SESSION, None).await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert!(!answer.header("set-cookie").contains("Secure"), "plain HTTP on this machine");
    assert_eq!(house.send(&who, "GET", SESSION, None).await.status, 401);
}

#[tokio::test]
async fn a_request_from_another_site_is_refused_even_to_sign_in() {
    let house = House::new().await;
    house.person("ada", &[Role::Owner]).await;
    let secret = house.session("ada").await;
    let attempts = [
        ("POST", SESSION),
        ("DELETE", SESSION),
        ("POST", "/api/v1/projects"),
        ("PUT", "/api/v1/me/password"),
    ];
    for (method, path) in attempts {
        for foreign in [false, true] {
            let mut request = Request::builder()
                .method(method)
                .uri(path)
                .header(header::COOKIE, format!("countersign_session={secret}"))
                .header(header::CONTENT_TYPE, "application/json");
            if foreign {
                request = request.header("x-countersign", "1").header("sec-fetch-site", "cross-site");
            }
            let answer = house.raw(request.body(Body::from("{}")).unwrap()).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (403, "csrf"),
                "{method} {path} {foreign}"
            );
        }
    }
    assert_eq!(house.send(&Who::Session(secret), "GET", SESSION, None).await.status, 200);
}

#[tokio::test]
async fn a_token_needs_no_guard_header_and_ends_when_it_is_ended() {
    let house = House::new().await;
    house.person("ada", &[]).await;
    let who = Who::Session(house.session("ada").await);
    let made = house.send(&who, "POST", "/api/v1/me/tokens", Some(json!({ "name": "script" }))).await;
    assert_eq!(made.status, 201);
    let (id, token) = (made.json()["id"].clone(), made.json()["token"].as_str().unwrap().to_owned());
    assert!(token.starts_with("cs_"));
    let listed = house.send(&who, "GET", "/api/v1/me/tokens", None).await.json();
    assert_eq!(listed[0]["id"], id);
    assert!(listed[0].get("token").is_none(), "the secret is shown once");
    let bare = || {
        let request =
            Request::builder().method("DELETE").header(header::AUTHORIZATION, format!("Bearer {token}"));
        request.uri(format!("/api/v1/me/tokens/{}", id.as_str().unwrap())).body(Body::empty()).unwrap()
    };
    assert_eq!(house.raw(bare()).await.status, 204);
    assert_eq!(house.raw(bare()).await.status, 401);
}

#[tokio::test]
async fn five_wrong_passwords_lock_the_account_for_a_while() {
    let clock = Arc::new(HandClock::default());
    let house = House::with(clock.clone(), Arc::new(CountedIds::default()), false).await;
    house.person("ada", &[]).await;
    let sign_in = |password: &str| {
        let body = json!({ "login": "ada", "password": password });
        let house = &house;
        async move { house.send(&Who::Nobody, "POST", SESSION, Some(body)).await }
    };
    for _ in 0..5 {
        let answer = sign_in("wrong").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (401, "bad_credentials"));
    }
    let locked = sign_in(PASSWORD).await;
    assert_eq!((locked.status.as_u16(), locked.code().as_str()), (429, "locked"));
    assert_eq!(locked.header("retry-after"), "900");
    let unknown = json!({ "login": "nobody", "password": "wrong" });
    let unknown = house.send(&Who::Nobody, "POST", SESSION, Some(unknown)).await;
    assert_eq!((unknown.status.as_u16(), unknown.code().as_str()), (401, "bad_credentials"));
    clock.forward(16 * 60);
    assert_eq!(sign_in(PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_one_time_password_opens_nothing_but_the_change_of_it() {
    let house = House::new().await;
    let draft = UserDraft {
        login: "ada".into(),
        printed_name: "Ada".into(),
        password: None,
        system_roles: vec![Role::Owner],
    };
    let once = house.pipeline.make_user_as(Actor::system(), draft).await.unwrap().one_time_password.unwrap();
    let who = Who::Session(house.pipeline.sign_in("ada", &once).await.unwrap().0);
    let me = house.send(&who, "GET", SESSION, None).await;
    assert_eq!(me.json()["must_change_password"], true);
    for path in ["/api/v1/projects", "/api/v1/users", "/api/v1/home", "/api/v1/events"] {
        let answer = house.send(&who, "GET", path, None).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (403, "must_change_password"), "{path}");
    }
    let change = json!({ "current": once, "new": "a better password" });
    assert_eq!(house.send(&who, "PUT", "/api/v1/me/password", Some(change)).await.status, 204);
    assert_eq!(house.send(&who, "GET", "/api/v1/users", None).await.status, 200);
}
