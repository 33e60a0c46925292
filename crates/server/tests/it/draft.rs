//! The model's draft where a stage shows it on request: asked for, on record, and seen in the read's provenance.

use countersign_pipeline::{PipelineError, live::Seen, work::Wish};
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
    pipeline.submit(annotator, first.task.id, first.task.fence, 0, vec![]).await.unwrap();

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
    let body =
        json!({ "fence": work.task.fence, "decision": "accept", "missing": "nothing", "all_right": true });
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

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_is_stopped_is_seen_and_asked_no_more_until_it_is_let_draft_again() {
    let town = Town::new().await;
    let (pipeline, engineer) = (&town.house.pipeline, town.caller("quality_engineer"));
    let read = pipeline.claim(town.caller("annotator"), town.study, Wish::default()).await.unwrap();
    pipeline.submit(town.caller("annotator"), read.task.id, read.task.fence, 0, vec![]).await.unwrap();
    let work = pipeline.claim(town.caller("reviewer"), town.study, Wish::default()).await.unwrap();
    let reviewer = who(&town, "reviewer");
    let task = format!("/tasks/{}", work.task.id);
    assert_eq!(get(&town, &reviewer, task.clone()).await["draft_on_request"], json!(true));
    let models = pipeline.draft_models(engineer, town.study).await.unwrap();
    let [model] = &models[..] else { panic!("one model: {models:?}") };
    assert!(model.drafts > 0 && model.stopped.is_none());

    let refused =
        pipeline.stop_draft_model(town.caller("annotator"), town.study, model.model.clone(), "no".into());
    assert!(matches!(refused.await, Err(PipelineError::NotFound)));
    pipeline.store.sequence().await.unwrap();
    let heard = pipeline.heard_since(0).await.unwrap().last().map_or(0, |event| event.log_index);
    pipeline
        .stop_draft_model(engineer, town.study, model.model.clone(), "it marks vessels".into())
        .await
        .unwrap();
    let again =
        pipeline.stop_draft_model(engineer, town.study, model.model.clone(), "it marks vessels".into());
    assert!(again.await.unwrap_err().to_string().contains("stopped"));

    // At once, for whoever has the task open too; they hear of it.
    assert_eq!(get(&town, &reviewer, task.clone()).await["draft_on_request"], json!(false));
    let ask = format!("/api/v1{task}/draft");
    let asked = town.house.send(&reviewer, "POST", &ask, Some(json!({ "fence": work.task.fence }))).await;
    assert_eq!(
        (asked.status.as_u16(), asked.code().as_str()),
        (409, "draft_not_offered"),
        "{:?}",
        asked.bytes
    );
    pipeline.store.sequence().await.unwrap();
    let told = pipeline.heard_since(heard).await.unwrap();
    let told = told.last().unwrap();
    let Seen::Whole { event, .. } = pipeline.seen_live(town.caller("reviewer"), told).await.unwrap() else {
        panic!("who works hears of it");
    };
    assert_eq!((event.action.as_str(), event.object_kind.as_str()), ("draft_model.stopped", "draft_model"));
    let stopped = pipeline.draft_models(engineer, town.study).await.unwrap();
    assert_eq!(stopped[0].stopped.as_ref().unwrap().reason, "it marks vessels");

    // What comes in meanwhile is read by hand.
    let drafts = stopped[0].drafts;
    town.brings_slice().await;
    assert_eq!(pipeline.draft_models(engineer, town.study).await.unwrap()[0].drafts, drafts);

    pipeline
        .resume_draft_model(engineer, town.study, model.model.clone(), "a new version".into())
        .await
        .unwrap();
    everywhere(&town, &model.model, &task, &reviewer).await;
    let shown = town.house.send(&reviewer, "POST", &ask, Some(json!({ "fence": work.task.fence }))).await;
    assert_eq!(shown.status, 200, "{:?}", shown.bytes);
}

/// One act of whoever leads the installation reaches every project, and a project cannot take it back for itself.
async fn everywhere(town: &Town, model: &str, task: &str, reviewer: &Who) {
    let send = async |who: &Who, path: &str| {
        let body = json!({ "model": model, "reason": "it marks vessels" });
        town.house.send(who, "POST", &format!("/api/v1{path}"), Some(body)).await
    };
    let root = who(town, "root");
    assert_eq!(send(&who(town, "owner"), "/draft-models/stop").await.status, 404);
    assert_eq!(get(town, reviewer, task.to_owned()).await["draft_on_request"], json!(true));
    assert_eq!(send(&root, "/draft-models/stop").await.status, 204);
    assert_eq!(send(&root, "/draft-models/stop").await.code(), "model_stopped");
    assert_eq!(get(town, reviewer, task.to_owned()).await["draft_on_request"], json!(false));
    let engineer = who(town, "quality_engineer");
    let seen = get(town, &engineer, format!("/projects/{}/draft-models", town.study)).await;
    assert_eq!(seen[0]["stopped"]["everywhere"], json!(true));
    let here = send(&engineer, &format!("/projects/{}/draft-models/resume", town.study)).await;
    assert_eq!(here.code(), "model_not_stopped", "who stopped it everywhere lets it draft again");
    // In the evidence of each project, and in that of the installation.
    let events = get(town, &who(town, "auditor"), format!("/projects/{}/events", town.study)).await;
    let told =
        events["items"].as_array().unwrap().iter().filter(|event| event["action"] == "draft_model.stopped");
    assert_eq!(told.count(), 2);
    let all = get(town, &root, "/draft-models".into()).await;
    assert_eq!((&all[0]["model"], &all[0]["stopped"]["everywhere"]), (&json!(model), &json!(true)));
    assert_eq!(send(&root, "/draft-models/resume").await.status, 204);
    assert_eq!(send(&root, "/draft-models/resume").await.code(), "model_not_stopped");
    assert_eq!(get(town, reviewer, task.to_owned()).await["draft_on_request"], json!(true));
}
