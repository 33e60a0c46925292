//! What nobody else may see: unfinished reads, tasks that are not theirs, the work of others before it is over.

use std::collections::HashSet;

use countersign_model::Role;
use countersign_pipeline::{evidence::EventView, live::Seen, people::Caller};
use serde_json::{Value, json};

use crate::{
    house::{Answer, PASSWORD, Who},
    town::Town,
};

/// The two reads that are being worked on, and whose they are.
async fn unfinished(town: &Town) -> [(String, &'static str); 2] {
    let task = town.ids["review"].parse().unwrap();
    let review = town.house.pipeline.work(town.caller("reviewer"), task).await.unwrap();
    [(town.ids["draft"].clone(), "annotator"), (review.read.unwrap().summary.id.to_string(), "reviewer")]
}

fn plain(answer: &Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status.as_u16(), headers, answer.bytes.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_read_is_its_authors_alone() {
    let town = Town::new().await;
    for (read, author) in unfinished(&town).await {
        for (name, who) in town.people.iter().filter(|(name, _)| name != "signed_out") {
            for tag in ["\"0\"", "\"1\"", "\"7\""] {
                let get = async |id: String| {
                    let path = format!("/api/v1/reads/{id}");
                    town.house.send_with(who, "GET", &path, None, &[("if-none-match", tag)]).await
                };
                let (found, unknown) = (get(read.clone()).await, get(Town::unknown()).await);
                if name == author {
                    assert!(matches!(found.status.as_u16(), 200 | 304), "{name} {}", found.status);
                } else {
                    assert_eq!(plain(&found), plain(&unknown), "{name} opens the draft of {author}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_is_not_ones_to_take_answers_as_an_unknown_one() {
    let town = Town::new().await;
    let fence = json!({ "fence": 1 });
    let acts: [(&str, &str, Option<Value>); 7] = [
        ("GET", "", None),
        ("POST", "/renew", Some(fence.clone())),
        ("POST", "/give-back", Some(fence.clone())),
        ("POST", "/draft", Some(fence.clone())),
        ("POST", "/submit", Some(fence)),
        (
            "POST",
            "/review",
            Some(json!({ "fence": 1, "decision": "accept", "missing": "nothing", "all_right": true })),
        ),
        (
            "POST",
            "/sign",
            Some(json!({ "fence": 1, "password": PASSWORD, "content_hash": "00", "decision": "sign" })),
        ),
    ];
    for (stage, holder) in [("read", "annotator"), ("review", "reviewer"), ("sign", "specialist")] {
        for (name, who) in town.people.iter().filter(|(name, _)| name != "signed_out" && name != holder) {
            for (method, act, body) in &acts {
                let call = async |task: String| {
                    let path = format!("/api/v1/tasks/{task}{act}");
                    town.house.send_with(who, method, &path, body.clone(), &[("if-match", "\"0\"")]).await
                };
                let hidden = call(town.ids[stage].clone()).await;
                let unknown = call(Town::unknown()).await;
                assert_eq!(plain(&hidden), plain(&unknown), "{method} {act} of the {stage} task by {name}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_ended_takes_its_task_away_from_every_route() {
    let town = Town::new().await;
    let pipeline = &town.house.pipeline;
    let owner = town.caller("owner");
    let grants = pipeline.grants(owner, town.images).await.unwrap();
    let grant = grants.iter().find(|grant| grant.role == Role::Annotator).unwrap();
    pipeline.end_grant(owner, town.images, grant.id).await.unwrap();
    let (_, who) = town.people.iter().find(|(name, _)| name == "annotator").unwrap();
    let get = async |path: String| town.house.send(who, "GET", &path, None).await;
    assert_eq!(get(format!("/api/v1/tasks/{}", town.ids["read"])).await.status, 404);
    let path = format!("/api/v1/tasks/{}/renew", town.ids["read"]);
    let renewed = town.house.send(who, "POST", &path, Some(json!({ "fence": 1 }))).await;
    assert_eq!((renewed.status.as_u16(), renewed.code().as_str()), (404, "not_found"));
    assert_eq!(get("/api/v1/me/tasks".into()).await.json(), json!([]));
    let home = get("/api/v1/home".into()).await.json();
    let cards = home["cards"].as_array().unwrap();
    assert!(cards.iter().all(|card| card["kind"] != "continue"), "{cards:?}");
}

/// Every read that a list of items, an item, a page of events or a live event names.
async fn named(town: &Town, caller: &Caller, who: &Who) -> HashSet<String> {
    let pipeline = &town.house.pipeline;
    let mut names = HashSet::new();
    let items = pipeline.items(caller, town.images, Default::default()).await.map(|page| page.items);
    for item in items.unwrap_or_default() {
        let path = format!("/api/v1/items/{}", item.id);
        let answer = town.house.send(who, "GET", &path, None).await;
        assert_eq!(answer.status, 200, "a list shows what a look-up refuses");
        let reads = answer.json()["reads"].as_array().unwrap().clone();
        names.extend(reads.iter().map(|read| read["id"].as_str().unwrap().to_owned()));
        let events = pipeline.item_events(caller, item.id, Some(500), None).await;
        names.extend(events.map(|page| reads_of(&page.items)).unwrap_or_default());
    }
    let events = pipeline.project_events(caller, town.images, Some(500), None).await;
    names.extend(events.map(|page| reads_of(&page.items)).unwrap_or_default());
    for event in pipeline.heard_since(0).await.unwrap() {
        if let Seen::Whole { event, .. } = pipeline.seen_live(caller, &event).await.unwrap()
            && event.object_kind == "read"
        {
            names.extend(event.object_id.map(|id| id.to_string()));
        }
    }
    names
}

fn reads_of(events: &[EventView]) -> HashSet<String> {
    let reads = events.iter().filter(|event| event.object_kind == "read");
    reads.filter_map(|event| event.object_id).map(|id| id.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_names_a_read_that_a_look_up_refuses() {
    let town = Town::new().await;
    let task = town.ids["read"].parse().unwrap();
    let annotator = town.caller("annotator");
    let work = town.house.pipeline.work(annotator, task).await.unwrap();
    let read = work.read.unwrap().summary.id;
    town.house.pipeline.save(annotator, read, work.task.fence, 0, vec![]).await.unwrap();
    town.house.pipeline.store.sequence().await.unwrap();
    let mut seen = 0;
    for (name, who) in town.people.iter().filter(|(name, _)| !matches!(&**name, "signed_out" | "token")) {
        for read in named(&town, town.caller(name), who).await {
            let answer = town.house.send(who, "GET", &format!("/api/v1/reads/{read}"), None).await;
            assert_eq!(answer.status, 200, "{name} is told of {read}");
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

/// Somebody who also reads is a reader: what their other roles would tell of others' work waits.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_who_may_be_called_to_read_is_told_of_nobodys_work() {
    let town = Town::new().await;
    let pipeline = &town.house.pipeline;
    let foreman = town.house.person("foreman", &[]).await;
    for role in [Role::Owner, Role::QualityEngineer, Role::Annotator] {
        pipeline.grant(town.caller("owner"), town.images, foreman, role).await.unwrap();
    }
    let (_, foreman) = pipeline.sign_in("foreman", PASSWORD).await.unwrap();
    let item = town.ids["item"].parse().unwrap();
    let annotator = town.caller("annotator");
    for page in [
        pipeline.project_events(&foreman, town.images, Some(500), None).await.unwrap(),
        pipeline.item_events(&foreman, item, Some(500), None).await.unwrap(),
    ] {
        for event in page.items {
            let work = ["item", "task", "read", "review", "signature", "asset"];
            assert!(!work.contains(&&*event.object_kind), "{event:?}");
            assert_eq!(event.log_index, None, "{event:?}");
        }
    }
    let frame = format!("/api/v1/items/{item}/streams/0/frames/0/image");
    let (_, who) = town.people.iter().find(|(name, _)| name == "annotator").unwrap();
    assert_eq!(town.house.send(who, "GET", &frame, None).await.status, 200);
    assert!(pipeline.item_exposures(&foreman, item, None, None).await.unwrap().items.is_empty());
    let owner = pipeline.item_exposures(town.caller("owner"), item, None, None).await.unwrap();
    assert!(owner.items.iter().any(|exposure| exposure.user == annotator.user()));
    // An owner who never works there reads the whole, and so does everybody who coordinates once the work is over.
    let owner = pipeline.project_events(town.caller("owner"), town.images, Some(500), None).await.unwrap();
    assert!(owner.items.iter().any(|event| event.action == "read.submitted"));
}
