//! Requests that are refused for want of a right are in the log; the answer stays that of an unknown thing.

use countersign_pipeline::refused::{REFUSED, WINDOW_SECONDS};
use countersign_store::events;
use serde_json::{Value, json};

use crate::{
    house::{Answer, PASSWORD, Who},
    town::Town,
};

const AGENT: &str = "Curious/7 (reading room)";

async fn refusals(town: &Town) -> Vec<events::Event> {
    let mut conn = town.house.pipeline.store.read().await.unwrap();
    let found = events::list(&mut conn, events::EventFilter::default(), 2_000).await.unwrap();
    found.into_iter().filter(|event| event.action == REFUSED).rev().collect()
}

/// The refusals, once there are so many: they are written after the answer.
async fn settled(town: &Town, count: usize) -> Vec<events::Event> {
    for _ in 0..200 {
        if refusals(town).await.len() >= count {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    // One that should not be there would come now.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let found = refusals(town).await;
    assert_eq!(found.len(), count, "{:?}", found.iter().map(|event| &event.reason).collect::<Vec<_>>());
    found
}

fn person(town: &Town, login: &str) -> Who {
    town.people.iter().find(|(name, _)| name == login).unwrap().1.clone()
}

async fn ask(town: &Town, who: &Who, method: &str, path: &str, body: Option<Value>) -> Answer {
    let path = format!("/api/v1{path}");
    town.house.send_with(who, method, &path, body, &[("user-agent", AGENT), ("if-match", "\"0\"")]).await
}

fn details(event: &events::Event) -> Value {
    serde_json::from_str(event.details.as_ref().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_refusal_is_one_event_and_says_what_was_lacking_of_what() {
    let town = Town::new().await;
    let images = town.images;
    let (item, read, task) = (&town.ids["item"], &town.ids["read"], &town.ids["review"]);
    let fence = json!({ "fence": 1 });
    let cases = [
        ("stranger", "GET", format!("/projects/{images}"), None, ("view_project", "project")),
        ("annotator", "GET", format!("/projects/{images}/events"), None, ("view_evidence", "project")),
        ("stranger", "GET", format!("/items/{item}"), None, ("view_item", "item")),
        ("stranger", "GET", format!("/items/{item}/streams/0/frames/0/image"), None, ("view_pixels", "item")),
        ("annotator", "POST", "/users".into(), Some(json!({ "login": "x", "printed_name": "X" })), {
            ("manage_users", "installation")
        }),
        ("stranger", "POST", format!("/tasks/{task}/renew"), Some(fence), ("work_review", "task")),
        ("reviewer", "GET", format!("/tasks/{read}"), None, ("not_own", "task")),
    ];
    for (number, (login, method, path, body, (lacks, kind))) in cases.into_iter().enumerate() {
        let who = person(&town, login);
        let answer = ask(&town, &who, method, &path, body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"), "{login} {path}");
        let found = settled(&town, number + 1).await;
        let event = found.last().unwrap();
        let told = (event.reason.as_deref().unwrap(), event.object_kind.as_str(), event.outcome.as_str());
        assert_eq!(told, (lacks, kind, "refused"), "{login} {path}");
        assert_eq!(event.actor_user, Some(town.caller(login).user()));
        let details = details(event);
        assert_eq!((&details["count"], &details["client"]["agent"]), (&json!(1), &json!(AGENT)));
        assert!(details["request"].as_str().unwrap().starts_with(method), "{details}");
        assert!(!details["request"].as_str().unwrap().contains(&images.to_string()), "{details}");
        let entry = String::from_utf8_lossy(&event.entry);
        for hidden in ["Curious", login, "Test "] {
            assert!(!entry.contains(hidden), "{hidden} in {entry}");
        }
        // Again and again is one, and nothing is told of what is no refusal for want of a right.
        for _ in 0..5 {
            ask(&town, &who, method, &path, body.clone()).await;
        }
        ask(&town, &who, "GET", &format!("/items/{}", Town::unknown()), None).await;
        ask(&town, &who, "GET", &format!("/projects/{}", Town::unknown()), None).await;
        settled(&town, number + 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_bounded_and_counted() {
    let town = Town::new().await;
    let stranger = person(&town, "stranger");
    let path = format!("/items/{}", town.ids["item"]);
    let before = town.house.pipeline.store.sequence().await.unwrap();
    for _ in 0..300 {
        assert_eq!(ask(&town, &Who::Nobody, "GET", &path, None).await.status, 401);
        let forged = Who::Session("cs_forged".into());
        assert_eq!(ask(&town, &forged, "GET", &path, None).await.status, 401);
    }
    settled(&town, 0).await;
    assert_eq!(town.house.pipeline.store.sequence().await.unwrap(), before, "nobody writes nothing");

    for _ in 0..300 {
        assert_eq!(ask(&town, &stranger, "GET", &path, None).await.status, 404);
    }
    settled(&town, 1).await;
    town.clock.forward(WINDOW_SECONDS + 1);
    town.house.pipeline.end_refusals(false).await;
    let found = settled(&town, 2).await;
    assert_eq!((&details(&found[1])["count"], found[1].reason.as_deref()), (&json!(299), Some("view_item")));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_refused_learns_nothing_of_it_and_who_answers_for_the_evidence_does() {
    let town = Town::new().await;
    let annotator = person(&town, "annotator");
    // The annotator's own item, of which they may see their own acts.
    let comparisons = format!("/items/{}/comparisons", town.ids["item"]);
    let hidden = ask(&town, &annotator, "GET", &comparisons, None).await;
    assert_eq!(hidden.status, 404);
    settled(&town, 1).await;
    let listed = async |login: &str, path: String| {
        let answer = ask(&town, &person(&town, login), "GET", &path, None).await;
        let items = answer.json()["items"].as_array().cloned().unwrap_or_default();
        items.into_iter().filter(|event| event["action"] == REFUSED).collect::<Vec<_>>()
    };
    let of_item = format!("/items/{}/events", town.ids["item"]);
    assert!(listed("annotator", of_item).await.is_empty());
    let told = listed("auditor", format!("/projects/{}/events", town.images)).await;
    // That the list itself was refused to them is kept too, a moment later.
    let told: Vec<_> = told.iter().filter(|event| event["reason"] == "not_unblinded").collect();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["times"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_403_are_kept_by_their_code_and_those_with_an_event_of_their_own_only_once() {
    let town = Town::new().await;
    let token = person(&town, "token");
    let signature = format!("/projects/{}/protocol/signature", town.images);
    let refused = ask(&town, &token, "POST", &signature, Some(json!({ "password": PASSWORD }))).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "session_required"));
    let found = settled(&town, 1).await;
    let event = &found[0];
    assert_eq!((event.reason.as_deref(), event.actor_kind.as_str()), (Some("session_required"), "token"));
    assert_eq!(event.project_id, Some(town.images));
    assert_eq!(event.object_kind, "project");

    // Too little is no refusal for want of a right.
    let reviewer = person(&town, "reviewer");
    ask(
        &town,
        &reviewer,
        "POST",
        &format!("/items/{}/holds", town.ids["item"]),
        Some(json!({ "reason": "" })),
    )
    .await;
    let task = format!("/tasks/{}/submit", town.ids["read"]);
    let own = ask(&town, &person(&town, "annotator"), "POST", &task, Some(json!({ "fence": 99 }))).await;
    assert_eq!(own.status, 409, "{:?}", own.bytes);
    let reasons: Vec<_> = refusals(&town).await.into_iter().filter_map(|event| event.reason).collect();
    assert!(reasons.iter().all(|reason| reason != "stale_fence"), "{reasons:?}");
}
