//! What is wrong with a request is said in one form, with its place.

use axum::{
    body::Body,
    http::{Request, header},
};
use countersign_model::Role;
use serde_json::json;

use crate::house::{Answer, House, Who};

async fn owner() -> (House, Who) {
    let house = House::new().await;
    house.person("root", &[Role::Owner]).await;
    let who = Who::Session(house.session("root").await);
    (house, who)
}

async fn post(house: &House, who: &Who, path: &str, kind: &str, body: impl Into<Body>) -> Answer {
    house.raw(who.request("POST", path).header(header::CONTENT_TYPE, kind).body(body.into()).unwrap()).await
}

#[tokio::test]
async fn bad_json_names_its_place() {
    let (house, who) = owner().await;
    let json = "application/json";
    for (body, place) in [
        ("{\"name\":\"a\",\n\"protocol\":7}", "protocol (line 2 column 12)"),
        ("{\"name\":\"a\"}", "line 1 column 12"),
        ("{\"name\":\"a\",\"protocol\":\"images\",\"more\":1}", "more (line 1 column 38)"),
        ("{\"name\":", "name (line 1 column 8)"),
        ("", "line 1 column 0"),
    ] {
        let answer = post(&house, &who, "/api/v1/projects", json, body).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "bad_json"), "{body}");
        assert_eq!(answer.json()["place"], place, "{body}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(post(&house, &who, "/api/v1/projects", json, deep).await.code(), "bad_json");
}

#[tokio::test]
async fn other_media_and_too_much_of_it_are_refused() {
    let (house, who) = owner().await;
    let form = post(&house, &who, "/api/v1/projects", "application/x-www-form-urlencoded", "name=a").await;
    assert_eq!((form.status.as_u16(), form.code().as_str()), (415, "unsupported_media_type"));
    let large = vec![b' '; (8 << 20) + 1];
    let answer = post(&house, &who, "/api/v1/projects", "application/json", large).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "too_large"));
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.json()["place"], "body");
}

#[tokio::test]
async fn unknown_routes_methods_and_queries_are_problems() {
    let (house, who) = owner().await;
    for (method, path, status, code) in [
        ("GET", "/api", 404, "not_found"),
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("POST", "/api/v2/session", 404, "not_found"),
        ("GET", "/api/v1/items/no-uuid", 404, "not_found"),
        ("PUT", "/api/v1/projects", 405, "method_not_allowed"),
        ("POST", "/api/openapi.json", 405, "method_not_allowed"),
    ] {
        let answer = house.send(&who, method, path, None).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{method} {path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
        assert!(!answer.header("content-security-policy").is_empty());
    }
    let user = house.person("ada", &[]).await;
    let project = house.project("p", "images", &[(user, Role::Owner)]).await;
    let ada = Who::Session(house.session("ada").await);
    for query in ["ctdi_min=low", "sort=up", "unheard=1", "limit=-1"] {
        let answer =
            house.send(&ada, "GET", &format!("/api/v1/projects/{project}/items?{query}"), None).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "bad_query"), "{query}");
    }
    let page = house
        .send(&ada, "GET", &format!("/api/v1/projects/{project}/items?sort=newest&held=true"), None)
        .await;
    assert_eq!(page.json(), json!({ "items": [], "next": null }));
}

#[tokio::test]
async fn the_page_answers_its_own_paths_and_no_missing_asset() {
    let house = House::new().await;
    for path in ["/", "/projects/1/items", "/work/2"] {
        let answer = house.send(&Who::Nobody, "GET", path, None).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
        assert!(answer.header("content-security-policy").contains("script-src 'self'"));
    }
    for path in ["/assets/missing.js", "/robots.txt", "/../Cargo.toml"] {
        assert_eq!(house.send(&Who::Nobody, "GET", path, None).await.status, 404, "{path}");
    }
    assert_eq!(house.send(&Who::Nobody, "POST", "/", None).await.status, 405);
}

#[tokio::test]
async fn health_and_packing() {
    let house = House::new().await;
    let health = house.send(&Who::Nobody, "GET", "/api/health", None).await;
    assert_eq!(health.json()["status"], "ready");
    let request = Request::builder().uri("/api/openapi.json").header(header::ACCEPT_ENCODING, "gzip");
    let packed = house.raw(request.body(Body::empty()).unwrap()).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(packed.bytes[..2], [0x1f, 0x8b]);
}
