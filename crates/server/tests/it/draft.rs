//! The model's draft where a stage shows it on request: asked for, on record, and seen in the read's provenance.

use countersign_pipeline::work::Wish;
use serde_json::{Value, json};

use crate::{house::Who, town::Town};

fn who(town: &Town, login: &str) -> Who {
    town.people.iter().find(|(name, _)| name == login).unwrap().1.clone()
}

async fn get(town: &Town, who: &Who, path: String) -> Value {
    let answer = town.house.send(who, "GET", &format!("/api/v1{path}"), None).await;
    assert_eq!(answer.status, 200, "{path} {:?}", answer.bytes);
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn asking_for_the_draft_is_on_record_and_in_the_reads_provenance() {
    let town = Town::new().await;
    let (pipeline, annotator) = (&town.house.pipeline, town.caller("annotator"));
    // A radiologist reads first, without the model.
    let first = pipeline.claim(annotator, town.study, Wish::default()).await.unwrap();
    assert!(first.draft.is_none() && !first.draft_on_request);
    let early = pipeline.request_draft(annotator, first.task.id, first.task.fence).await;
    assert!(early.is_err(), "this stage does not show it on request");
    pipeline.submit(annotator, first.task.id, first.task.fence, 0, vec![], false).await.unwrap();

    let work = pipeline.claim(town.caller("reviewer"), town.study, Wish::default()).await.unwrap();
    let (task, reviewer) = (work.task.id, who(&town, "reviewer"));
    let before = get(&town, &reviewer, format!("/tasks/{task}")).await;
    assert_eq!((&before["draft"], &before["draft_on_request"]), (&Value::Null, &json!(true)));
    assert_eq!(before["read"]["draft_shown_at"], Value::Null);
    let path = format!("/api/v1/tasks/{task}/draft");
    let shown = town.house.send(&reviewer, "POST", &path, Some(json!({ "fence": work.task.fence }))).await;
    assert_eq!(shown.status, 200, "{:?}", shown.bytes);
    assert_eq!(shown.json()["author"]["kind"], "model");

    let after = get(&town, &reviewer, format!("/tasks/{task}")).await;
    assert_eq!(after["draft"]["id"], shown.json()["id"]);
    let at = after["read"]["draft_shown_at"].as_i64().unwrap();
    let item = &town.ids["study"];
    let events = get(&town, &who(&town, "auditor"), format!("/items/{item}/events")).await;
    let asked: Vec<&Value> =
        events["items"].as_array().unwrap().iter().filter(|event| event["action"] == "draft.shown").collect();
    assert_eq!(asked.len(), 1, "{events}");
    assert_eq!((&asked[0]["actor"], asked[0]["at"].as_i64()), (&json!("Test reviewer"), Some(at)));

    // Whoever looks at the item later sees it beside the read, and that the first reader went without.
    let body = json!({ "fence": work.task.fence, "decision": "accept", "missing": "nothing" });
    let path = format!("/api/v1/tasks/{task}/review");
    let done = town.house.send_with(&reviewer, "POST", &path, Some(body), &[("if-match", "\"0\"")]).await;
    assert_eq!(done.status, 200, "{:?}", done.bytes);
    let item = get(&town, &who(&town, "auditor"), format!("/items/{item}")).await;
    let kept = |kind: &str| {
        let reads = item["reads"].as_array().unwrap();
        reads.iter().find(|read| read["kind"] == kind).unwrap()["draft_shown_at"].clone()
    };
    assert_eq!((kept("read"), kept("review")), (Value::Null, json!(at)));
}
