//! Every route of the document, called by everybody. `access.tsv` says who is let in; a route without a row fails.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    body::Body,
    http::{StatusCode, header},
};
use countersign_model::Role;
use countersign_server::openapi;
use serde_json::{Value, json};

use crate::{
    house::{Answer, PASSWORD, Who},
    town::{Town, face_model},
};

const TABLE: &str = include_str!("access.tsv");

/// Who is let in, by route.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    TABLE
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (route, people) = line.split_once('\t').unwrap_or_else(|| panic!("no tab in {line:?}"));
            let people = people.split_whitespace().flat_map(|word| match word {
                "@members" => members().chain(["vendor"]).collect(),
                "@staff" => staff().collect(),
                "@signed_in" => staff().chain(["vendor"]).collect(),
                name => vec![name],
            });
            (route.to_owned(), people.map(str::to_owned).collect())
        })
        .collect()
}

fn members() -> impl Iterator<Item = &'static str> {
    Role::ALL.iter().map(|role| role.as_str()).chain(["token"])
}

fn staff() -> impl Iterator<Item = &'static str> {
    members().chain(["stranger", "root", "inspector"])
}

fn routes() -> BTreeSet<String> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        routes.extend(
            item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())),
        );
    }
    routes
}

/// Routes that want a reason and nothing else; an empty one is refused.
const ASKING_WHY: [&str; 8] = [
    "/wide-holds/{wide_hold}/lift",
    "/items/{item}/holds",
    "/items/{item}/unreserve",
    "/holds/{hold}/lift",
    "/click-models/{click_model}/retire",
    "/items/{item}/leaks",
    "/projects/{project}/protocol/withdrawal",
    "/projects/{project}/guideline/withdrawal",
];

/// A body that is refused for what it says, but only to those who are let in.
fn body(town: &Town, route: &str) -> Option<Value> {
    Some(match route.split_once("/api/v1").unwrap_or((route, "")) {
        ("POST ", "/session") => json!({ "login": "nobody", "password": "wrong" }),
        ("POST ", "/log/consistency") => json!({ "old": 1, "checkpoint": "of another log" }),
        ("POST ", "/session/verify") => json!({ "password": PASSWORD }),
        ("PUT ", "/me/password") => json!({ "current": PASSWORD, "new": "short" }),
        ("PUT ", "/me/keys") => json!({ "changes": { "not a name": [] } }),
        ("POST ", "/me/tokens") => json!({ "name": "" }),
        ("POST ", "/users") => json!({ "login": "", "printed_name": "" }),
        ("PATCH ", "/users/{user}") => json!({ "printed_name": "" }),
        ("POST ", "/projects") => json!({ "name": "", "protocol": "none" }),
        ("POST ", "/projects/{project}/declaration") => {
            json!({ "password": "wrong", "statement": "publicly_released" })
        }
        ("POST ", "/projects/{project}/grants") => json!({ "user": town.annotator, "role": "annotator" }),
        ("POST ", "/projects/{project}/protocol") => json!({ "document": "id: x", "password": "wrong" }),
        ("POST ", "/projects/{project}/protocol/signature") => json!({ "password": "wrong" }),
        ("POST ", "/projects/{project}/protocol/check") => json!({ "document": "id: x" }),
        ("POST ", "/projects/{project}/import") => json!({ "images": [] }),
        ("POST ", path) if ASKING_WHY.contains(&path) => json!({ "reason": "" }),
        ("POST ", "/projects/{project}/risks/waivers") => json!({ "risk": "none", "reason": "looked at" }),
        ("POST ", "/projects/{project}/face-models") => json!({ "name": "", "config": face_model() }),
        ("POST ", "/face-models/{model}/runs") => {
            json!({ "images": [], "annotations": [], "categories": [] })
        }
        ("POST ", "/projects/{project}/audits") => json!({ "size": 0 }),
        ("POST ", "/audits/{audit}/items/{position}/answer") => json!({ "verdict": "leak" }),
        ("POST ", "/leaks/{leak}/decision") => {
            json!({ "items": [], "decision": "restore", "reason": "looked at" })
        }
        ("POST ", "/gate/{entry}/decision") => json!({ "decision": "approve", "reason": "looked at" }),
        ("PUT ", "/gate/{entry}/masks") => json!({ "masks": [] }),
        ("POST ", "/gate/{entry}/images/{frame}/preview" | "/gate/{entry}/images/{frame}/preview/image") => {
            json!({ "deid": { "profile": "basic" } })
        }
        ("PUT ", "/projects/{project}/deid") => {
            json!({ "deid": { "profile": "basic" }, "reason": "", "password": PASSWORD })
        }
        ("POST ", "/projects/{project}/subjects/search") => json!({ "patient_id": "1", "reason": "" }),
        ("POST ", "/projects/{project}/erasures") => json!({ "subject": town.ids["subject"], "reason": "" }),
        ("POST ", "/projects/{project}/reidentifications") => {
            json!({ "item": town.ids["item"], "reason": "" })
        }
        ("POST ", "/privacy-requests/{request}/decision") => {
            json!({ "decision": "approve", "reason": "", "password": "wrong" })
        }
        ("POST ", "/projects/{project}/tasks/claim") => json!({ "role": "owner" }),
        ("POST ", "/tasks/{task}/renew" | "/tasks/{task}/give-back" | "/tasks/{task}/draft") => {
            json!({ "fence": 0 })
        }
        ("POST ", "/tasks/{task}/submit") => json!({ "fence": 0 }),
        ("POST ", "/tasks/{task}/review") => {
            json!({ "fence": 0, "decision": "accept", "missing": "nothing", "all_right": true })
        }
        ("POST ", "/tasks/{task}/adjudicate") => {
            json!({ "fence": 0, "decision": "decide", "reason": "boundary" })
        }
        ("POST ", "/tasks/{task}/sign") => {
            json!({ "fence": 0, "password": PASSWORD, "content_hash": "00", "decision": "sign" })
        }
        ("PUT ", "/reads/{read}/annotations") => json!({ "fence": 0, "changes": [] }),
        ("POST ", "/projects/{project}/releases") => json!({ "name": "", "password": PASSWORD }),
        (method, path) => {
            return words(method, path)
                .or_else(|| signing_body(method, path))
                .or_else(|| quality_body(town, method, path));
        }
    })
}

/// The same for what people say about each other's work, and about models.
fn words(method: &str, path: &str) -> Option<Value> {
    Some(match (method, path) {
        ("POST ", "/projects/{project}/click-models") => json!({ "name": "", "version": "1", "url": "" }),
        ("POST ", "/tasks/{task}/segment") => {
            json!({ "fence": 0, "stream": 0, "frame": 0, "positive": [] })
        }
        ("POST ", "/items/{item}/findings") => json!({ "severity": "note", "words": "" }),
        (
            "POST ",
            "/projects/{project}/draft-models/stop"
            | "/projects/{project}/draft-models/resume"
            | "/draft-models/stop"
            | "/draft-models/resume",
        ) => {
            json!({ "model": "m", "reason": "" })
        }
        (
            "POST ",
            "/findings/{finding}/replies" | "/findings/{finding}/reopen" | "/reviews/{review}/appeal",
        ) => {
            json!({ "words": "" })
        }
        ("POST ", "/items/{item}/owner-decision") => json!({ "decision": "withdraw", "reason": "" }),
        ("POST ", "/findings/{finding}/resolve") => json!({ "words": "\u{0}" }),
        ("POST ", "/appeals/{appeal}/decision") => json!({ "decision": "uphold", "reason": "" }),
        ("PUT ", "/projects/{project}/rates") => {
            json!({ "rates": [{ "role": "annotator", "per_hour": -1, "currency": "EUR" }] })
        }
        _ => return None,
    })
}

/// Of what has to do with the quality of labels: audits, certificates of people, guidelines, classes, alarms.
fn quality_body(town: &Town, method: &str, path: &str) -> Option<Value> {
    Some(match (method, path) {
        ("POST ", "/projects/{project}/holds") => {
            json!({ "on": { "scope": "lot", "lot": "L-8" }, "reason": "" })
        }
        ("POST ", "/projects/{project}/holds/check") => json!({ "scope": "lot", "lot": "L-8" }),
        ("POST ", "/projects/{project}/certifications") => {
            json!({ "name": "x", "target": 2, "reference": "", "error": "" })
        }
        ("POST ", "/projects/{project}/qualifications" | "/qualifications") => {
            json!({ "user": town.annotator, "name": "", "issuer": "", "valid_until": 0 })
        }
        ("POST ", "/qualifications/{qualification}/revoke") => json!({ "reason": "" }),
        ("POST ", "/projects/{project}/ontology") => {
            json!({ "operations": [], "reason": "", "password": "wrong" })
        }
        ("POST ", "/projects/{project}/ontology/dry-run") => json!({ "operations": [] }),
        ("POST ", "/projects/{project}/ontology/plan") => {
            json!({ "operations": [], "reason": "", "effective_at": 1, "password": "wrong" })
        }
        ("PUT ", "/projects/{project}/guideline/draft") => json!({ "text": "" }),
        ("POST ", "/projects/{project}/guideline/publish") => {
            json!({ "revision": 99, "change": "correction", "summary": "", "password": "wrong" })
        }
        ("POST ", "/projects/{project}/guideline/acknowledge") => json!({ "guideline": Town::unknown() }),
        ("POST ", "/projects/{project}/mixes") => json!({ "organizations": [], "reason": "" }),
        ("POST ", "/mixes/{mix}/take-back") => {
            json!({ "organization": town.ids["organization"], "reason": "" })
        }
        ("PUT ", "/projects/{project}/monitor") => json!({ "run_length": 1 }),
        ("POST ", "/alarms/{alarm}/decision") => json!({ "decision": "uphold", "reason": "" }),
        ("POST ", "/alarms/{alarm}/appeal") => json!({ "words": "" }),
        ("POST ", "/projects/{project}/batches") => json!({
            "name": "x", "error": "", "plan": { "kind": "single", "sample": 0, "accept": 0 },
        }),
        ("POST ", "/projects/{project}/batches/plan") => {
            json!({ "plan": { "kind": "single", "sample": 0, "accept": 0 } })
        }
        ("POST ", "/projects/{project}/batches/design") => {
            json!({ "units": 0, "good": 0.01, "producer": 0.05, "bad": 0.1, "consumer": 0.1 })
        }
        ("POST ", "/projects/{project}/batches/resume") => json!({ "supplier": "project", "reason": "" }),
        ("POST ", "/projects/{project}/gold") => json!({ "item": town.ids["item"], "reason": "" }),
        ("POST ", "/gold/{gold}/retire") => json!({ "reason": "" }),
        ("POST ", "/tickets/{ticket}/close") => json!({ "reason": "" }),
        ("POST ", "/label-doubts/{doubt}/decision") => json!({ "decision": "open" }),
        ("POST ", "/batches/{batch}/order") => json!({}),
        ("POST ", "/batches/{batch}/withdraw") => json!({ "reason": "" }),
        ("POST ", "/batches/{batch}/units/{position}/judgement") => json!({ "errors": [] }),
        ("POST ", "/projects/{project}/appraisals") => {
            json!({ "name": "x", "question": "", "parts": [], "appraisers": [], "trials": 2, "qualification": "x", "valid_days": 1 })
        }
        ("POST ", "/appraisals/{appraisal}/order") => json!({}),
        ("POST ", "/appraisals/{appraisal}/end") => json!({ "reason": "" }),
        ("POST ", "/appraisals/{appraisal}/turns/{position}/answer") => json!({ "bad": true }),
        ("POST ", "/appraisals/{appraisal}/issue") => json!({ "password": PASSWORD }),
        ("POST ", "/certifications/{certification}/order") => json!({}),
        ("POST ", "/certifications/{certification}/end") => json!({ "reason": "" }),
        ("POST ", "/certifications/{certification}/units/{position}/own") => json!({ "classes": {} }),
        ("POST ", "/certifications/{certification}/units/{position}/judgement") => json!({ "errors": [] }),
        _ => return None,
    })
}

/// Of what has to do with signatures and organizations.
fn signing_body(method: &str, path: &str) -> Option<Value> {
    Some(match (method, path) {
        ("POST ", "/me/signing") => json!({ "version": 1 }),
        ("POST ", "/organizations") => json!({ "name": "", "kind": "vendor", "reason": "" }),
        ("PUT ", "/organizations/{organization}") => json!({ "name": "", "reason": "" }),
        ("PUT ", "/users/{user}/organization") => json!({ "organization": Town::unknown(), "reason": "" }),
        ("POST ", "/alerts/{alert}/close") => json!({ "reason": "asked them" }),
        ("POST ", "/releases/{release}/countersign") => json!({ "password": PASSWORD }),
        ("POST ", "/releases/{release}/withdraw") => json!({ "reason": "wrong items" }),
        _ => return None,
    })
}

/// Parts of paths, and the thing of the town that each of them names.
const NAMED: [(&str, &str); 28] = [
    ("alarm", "alarm"),
    ("alert", "alert"),
    ("appeal", "appeal"),
    ("appraisal", "appraisal"),
    ("audit", "audit"),
    ("batch", "batch"),
    ("certification", "certification"),
    ("click_model", "click_model"),
    ("event", "event"),
    ("example", "example"),
    ("exposure", "exposure"),
    ("finding", "finding"),
    ("gold", "gold"),
    ("guideline", "guideline"),
    ("hold", "hold"),
    ("wide_hold", "wide_hold"),
    ("ingest", "ingest"),
    ("leak", "leak"),
    ("mix", "mix"),
    ("model", "model"),
    ("organization", "organization"),
    ("qualification", "qualification"),
    ("release", "release"),
    ("review", "returned"),
    ("run", "run"),
    ("signature", "signature"),
    ("ticket", "ticket"),
    ("doubt", "doubt"),
];

/// The path of a route with ids of things that exist.
async fn address(town: &Town, route: &str, caller: &str) -> String {
    let (_, path) = route.split_once(' ').unwrap();
    let id = |name: &str| town.ids[name].clone();
    let item = if path.contains("{leak}") {
        id("leaked")
    } else if path.ends_with("/points") {
        id("scene")
    } else if ["/pixels", "/display", "/tiles/{tile}"].iter().any(|end| path.ends_with(end)) {
        id("study")
    } else {
        id("item")
    };
    let task = if path.ends_with("/review") {
        id("review")
    } else if path.ends_with("/sign") {
        id("sign")
    } else {
        id("read")
    };
    let stream = if path.ends_with("/points") { "1" } else { "0" };
    let entry = if path.ends_with("/decision") { id("decided") } else { id("entry") };
    let named = |path: String, (mark, name): &(&str, &str)| path.replace(&format!("{{{mark}}}"), &id(name));
    let path = NAMED.iter().fold(path.to_owned(), named);
    let mut path = path
        .replace("{project}", &town.images.to_string())
        .replace("{item}", &item)
        .replace("{stream}", stream)
        .replace("{frame}", "0")
        .replace("{tile}", "0")
        .replace("{task}", &task)
        .replace("{read}", &id("draft"))
        .replace("{annotation}", &countersign_model::AnnotationId(uuid::Uuid::from_u128(1)).to_string())
        .replace("{request}", &id(if path.ends_with("/reveal") { "reveal" } else { "erasure" }))
        .replace("{entry}", &entry)
        .replace("{position}", "0")
        .replace("{version}", "1")
        .replace("{size}", &id("checkpoint"))
        .replace("{path}", &town.some_tile())
        .replace(
            "{user}",
            &if path.contains("/monitor/") { town.annotator } else { town.stranger }.to_string(),
        );
    if path.contains("{grant}") {
        path = path.replace("{grant}", &town.spare_grant().await.to_string());
    }
    if path.contains("{token}") {
        let login = if matches!(caller, "signed_out" | "token" | "vendor") { "owner" } else { caller };
        let token = town.house.pipeline.make_token(town.caller(login), "spare", None).await.unwrap();
        path = path.replace("{token}", &token.id.to_string());
    }
    if route == "GET /api/v1/gate/{entry}/images/{frame}" {
        path.push_str("?side=after");
    }
    if ["/breach", "/breach.csv", "/breach-views.csv"].iter().any(|end| path.ends_with(end)) {
        path.push_str("?from=0&to=1");
    }
    if path.ends_with("/payment.csv") {
        path.push_str("?from=1&until=1");
    }
    if path.ends_with("/log/consistency") {
        path.push_str("?old=1");
    }
    assert!(!path.contains('{'), "{path}: the walk does not know this part of a path");
    path
}

async fn call(town: &Town, route: &str, who: &Who, path: &str) -> Answer {
    let (method, pattern) = route.split_once(' ').unwrap();
    if pattern.ends_with("/ingest") {
        let form = who.request(method, path).header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
        return town.house.raw(form.body(Body::from("--x--\r\n")).unwrap()).await;
    }
    if pattern.ends_with("/dicom-web/studies") {
        let kind = "multipart/related; type=\"application/dicom\"; boundary=x";
        let form = who.request(method, path).header(header::CONTENT_TYPE, kind);
        return town.house.raw(form.body(Body::from("--x--\r\n")).unwrap()).await;
    }
    if pattern.ends_with("/guideline/pictures") || (pattern.ends_with("/paper") && method == "PUT") {
        let form = who.request(method, path).header(header::CONTENT_TYPE, "application/octet-stream");
        return town.house.raw(form.body(Body::from("no picture")).unwrap()).await;
    }
    if pattern == "/api/v1/events" {
        return live(town, who, path).await;
    }
    let revision = if pattern.ends_with("/annotations") { "\"0\"" } else { "\"7\"" };
    town.house.send_with(who, method, path, body(town, route), &[("if-match", revision)]).await
}

/// A stream never ends: only its head is looked at.
async fn live(town: &Town, who: &Who, path: &str) -> Answer {
    let request = who.request("GET", path).body(Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(town.house.router.clone(), request).await.unwrap();
    if response.status() != StatusCode::OK {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 10_000).await.unwrap();
        return Answer { status: parts.status, headers: parts.headers, bytes };
    }
    Answer { status: response.status(), headers: response.headers().clone(), bytes: Default::default() }
}

/// Signing out ends the session, so it is tried with one of its own.
async fn spare_session(town: &Town, name: &str, who: &Who) -> Who {
    match who {
        Who::Session(_) => Who::Session(town.house.session(name).await),
        other => other.clone(),
    }
}

fn is_let_in(route: &str, name: &str, answer: &Answer) -> bool {
    let code = answer.code();
    let at = format!("{route} by {name}: {} {code}", answer.status);
    assert!(answer.status.as_u16() < 500, "{at}");
    // Malformed requests would prove nothing about access.
    let malformed =
        ["bad_json", "bad_query", "csrf", "precondition_required", "unsupported_media_type", "bad_form"];
    assert!(!malformed.contains(&code.as_str()), "{at}");
    match (answer.status, code.as_str()) {
        (StatusCode::UNAUTHORIZED, "unauthenticated") => {
            assert_eq!(name, "signed_out", "{at}");
            false
        }
        (StatusCode::NOT_FOUND, "not_found") => {
            assert_ne!(name, "signed_out", "{at}");
            false
        }
        _ => true,
    }
}

fn check_headers(at: &str, answer: &Answer) {
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{at}");
    assert_eq!(answer.header("x-frame-options"), "DENY", "{at}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{at}");
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{at}");
    assert!(!answer.header("cache-control").is_empty(), "{at}");
    assert!(!answer.header("x-request-id").is_empty(), "{at}");
    if answer.status.as_u16() >= 400 {
        assert_eq!(answer.header("content-type"), "application/problem+json", "{at}");
        let problem = answer.json();
        assert_eq!(problem["status"], answer.status.as_u16(), "{at}");
        assert_eq!(problem["type"], format!("urn:countersign:problem:{}", answer.code()), "{at}");
    }
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let (routes, rows) = (routes(), table().into_keys().collect::<BTreeSet<_>>());
    let missing: Vec<_> = routes.difference(&rows).collect();
    let stale: Vec<_> = rows.difference(&routes).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "without a row: {missing:#?}; without a route: {stale:#?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_where_the_table_says_and_nowhere_else() {
    let town = Town::new().await;
    let (table, mut wrong) = (table(), Vec::new());
    for route in routes() {
        let empty = BTreeSet::new();
        let expected = table.get(&route).unwrap_or(&empty);
        let mut found = Vec::new();
        for (name, who) in &town.people {
            let path = address(&town, &route, name).await;
            let who = if route == "DELETE /api/v1/session" {
                spare_session(&town, name, who).await
            } else {
                who.clone()
            };
            let answer = call(&town, &route, &who, &path).await;
            check_headers(&format!("{route} by {name}"), &answer);
            if name == "vendor" {
                // The names of own staff begin so, and of its own the vendor has none of them.
                let text = String::from_utf8_lossy(&answer.bytes);
                assert!(!text.contains("Test "), "{route} tells a vendor a name: {text}");
            }
            if is_let_in(&route, name, &answer) {
                found.push(name.clone());
            } else if name != "signed_out" && path.contains("-8000-") {
                assert_like_unknown(&town, &route, name, &who, &path, &answer).await;
            }
        }
        if found.iter().cloned().collect::<BTreeSet<_>>() != *expected {
            wrong.push(format!("{route}\t{}", found.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "the table says otherwise; found:\n{}", wrong.join("\n"));
}

/// What is forbidden answers as what does not exist, to the byte.
async fn assert_like_unknown(town: &Town, route: &str, name: &str, who: &Who, path: &str, hidden: &Answer) {
    let parts: Vec<String> = path
        .split('/')
        .map(|part| if part.contains("-8000-") { Town::unknown() } else { part.to_owned() })
        .collect();
    let unknown = call(town, route, who, &parts.join("/")).await;
    let at = format!("{route} by {name}");
    assert_eq!((unknown.status, &unknown.bytes), (hidden.status, &hidden.bytes), "{at}");
    let plain = |answer: &Answer| {
        let mut headers = answer.headers.clone();
        headers.remove("x-request-id");
        headers
    };
    assert_eq!(plain(&unknown), plain(hidden), "{at}");
}
