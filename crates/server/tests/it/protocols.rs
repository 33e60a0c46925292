//! A protocol as a document over HTTP: read, checked, put into force, compared; and who is told what of it.

use std::sync::Arc;

use countersign_model::{ItemId, ProjectId, Role};
use countersign_pipeline::work::Wish;
use countersign_store::{Actor, items};
use countersign_workflow::{is_sampled, sample_draw};
use serde_json::{Value, json};

use crate::{
    house::{Answer, House, PASSWORD, Who},
    seed,
};

struct Scene {
    house: House,
    project: ProjectId,
    owner: Who,
    reader: Who,
}

impl Scene {
    async fn new() -> Self {
        let house = House::new().await;
        let mut grants = Vec::new();
        for role in Role::ALL {
            grants.push((house.person(role.as_str(), &[]).await, *role));
        }
        let project = house.project("p", "images", &grants).await;
        let owner = Who::Session(house.session("owner").await);
        let reader = Who::Session(house.session("annotator").await);
        Self { house, project, owner, reader }
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/projects/{}/protocol{rest}", self.project)
    }

    async fn get(&self, who: &Who, rest: &str) -> Answer {
        self.house.send(who, "GET", &self.path(rest), None).await
    }

    async fn check(&self, document: &str) -> Value {
        let body = json!({ "document": document });
        let answer = self.house.send(&self.owner, "POST", &self.path("/check"), Some(body)).await;
        assert_eq!(answer.status, 200, "{:?}", answer.bytes);
        answer.json()
    }

    async fn put(&self, against: u32, document: &str, password: &str, reason: Option<&str>) -> Answer {
        let body = json!({ "document": document, "password": password, "reason": reason });
        let tag = format!("\"{against}\"");
        self.house.send_with(&self.owner, "POST", &self.path(""), Some(body), &[("if-match", &tag)]).await
    }

    async fn ingest(&self, number: u32) {
        let officer = self.house.caller(&self.house.session("privacy_officer").await).await;
        let declared = self.house.pipeline.declare_public(&officer, self.project, PASSWORD).await;
        assert!(declared.is_ok() || number > 1);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("1.png"), seed::png(number)).unwrap();
        let paths = vec![folder.path().to_owned()];
        let pipeline = &self.house.pipeline;
        pipeline.ingest_as(Actor::console(), None, self.project, paths, Arc::new(|_| {})).await.unwrap();
        pipeline.drain(Arc::new(|_| {})).await.unwrap();
    }

    /// The protocol in force as its owner reads it.
    async fn document(&self) -> String {
        self.get(&self.owner, "").await.json()["document"].as_str().unwrap().to_owned()
    }
}

/// The text with another version number and one more edit.
fn next(document: &str, version: u32, from: &str, to: &str) -> String {
    let bumped = document.replacen(&format!("version: {}", version - 1), &format!("version: {version}"), 1);
    assert!(bumped.contains(from), "{from}");
    bumped.replacen(from, to, 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_checked_at_its_lines_and_comes_into_force_with_the_password() {
    let scene = Scene::new().await;
    let answer = scene.get(&scene.owner, "").await;
    assert_eq!(answer.header("etag"), "\"1\"");
    let first = answer.json();
    let shipped = countersign_workflow::shipped().iter().find(|(id, _)| *id == "images").unwrap().1;
    assert_eq!(first["document"], shipped, "the author's own text, comments and all");
    assert_eq!((&first["in_force"], &first["may_change"]), (&json!(true), &json!(true)));

    let broken = next(shipped, 2, "rework_cap: 3", "rework_cup: 3");
    let checked = scene.check(&broken).await;
    let line = broken.lines().position(|line| line.contains("rework_cup")).unwrap() + 1;
    assert_eq!(checked["faults"][0]["line"], line);
    assert_eq!(checked["faults"][0]["code"], "unknown_field");
    let refused = scene.put(1, &broken, PASSWORD, None).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "bad_protocol"));
    assert_eq!(refused.json()["faults"], checked["faults"]);

    let good = next(shipped, 2, "rework_cap: 3", "rework_cap: 5");
    let checked = scene.check(&good).await;
    assert_eq!((&checked["faults"], &checked["deviation"]), (&json!([]), &json!(false)));
    let expected = json!([{ "path": "rework_cap", "kind": "changed", "before": 3, "after": 5 }]);
    assert_eq!(checked["changes"], expected);
    assert_eq!(scene.put(1, &good, "a wrong one", None).await.code(), "bad_credentials");
    assert_eq!(scene.get(&scene.owner, "").await.json()["version"], 1, "nothing came of it");
    assert_eq!(scene.put(1, &good, PASSWORD, None).await.status, 201);
    // Whoever wrote against the version before comes too late.
    let late = scene.put(1, &good, PASSWORD, None).await;
    assert_eq!((late.status.as_u16(), late.code().as_str()), (409, "content_changed"));
    assert_eq!(scene.document().await, good);
    let second = scene.get(&scene.owner, "/versions/2").await.json();
    assert_eq!(second["changes"], expected);
    assert_eq!(second["created_by"], "Test owner");
    assert_eq!(scene.get(&scene.owner, "/versions/2?against=9").await.status, 404);
    let versions = scene.get(&scene.owner, "/versions").await.json();
    let numbers: Vec<_> =
        versions.as_array().unwrap().iter().map(|version| version["version"].clone()).collect();
    assert_eq!(numbers, [2, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_an_owners_to_change_is_refused_and_who_is_missing_is_told() {
    let scene = Scene::new().await;
    let text = scene.document().await;
    for (from, to, code) in [
        ("id: images", "id: pictures", "fixed"),
        ("item_kind: image", "item_kind: study", "fixed"),
        ("rework_cap: 3", "deid: { dates: keep }\nrework_cap: 3", "fixed"),
        ("version: 2", "version: 7", "wrong_version"),
        ("- id: object", "- id: thing", "class_left_out"),
    ] {
        let draft = next(&text, 2, "", "").replacen(from, to, 1);
        let faults = scene.check(&draft).await["faults"].clone();
        assert!(faults.to_string().contains(code), "{to}: {faults}");
        assert!(faults[0]["line"].as_u64().unwrap() > 1 || code == "fixed", "{faults}");
        assert_eq!(scene.put(1, &draft, PASSWORD, None).await.code(), "bad_protocol", "{to}");
    }
    let stages = "stages:
  - { id: read, title: Read, kind: read, role: annotator, readers: 3 }
  - { id: compare, title: Compare, kind: compare }
  - { id: adjudicate, title: Adjudicate, kind: adjudicate, role: reviewer }
guideline:";
    let (head, rest) = text.split_once("stages:\n").unwrap();
    let draft = next(&format!("{head}{stages}{}", rest.split_once("guideline:").unwrap().1), 2, "", "");
    let checked = scene.check(&draft).await;
    assert_eq!(checked["faults"], json!([]));
    assert_eq!(checked["warnings"][0]["path"], "stages[0].readers");
    assert_eq!(checked["warnings"][0]["code"], "too_few_people");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_first_claim_a_change_is_a_deviation_that_says_why() {
    let scene = Scene::new().await;
    scene.ingest(1).await;
    let before = scene.get(&scene.reader, "/versions").await.bytes;
    let Who::Session(secret) = &scene.reader else { unreachable!() };
    let reader = scene.house.caller(secret).await;
    scene.house.pipeline.claim(&reader, scene.project, Wish::default()).await.unwrap();
    assert_eq!(scene.get(&scene.reader, "/versions").await.bytes, before, "a reader learns nothing of it");
    let draft = next(&scene.document().await, 2, "rework_cap: 3", "rework_cap: 4");
    assert_eq!(scene.check(&draft).await["deviation"], true);
    let refused = scene.put(1, &draft, PASSWORD, Some("  ")).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (422, "deviation_needs_reason"));
    assert_eq!(scene.put(1, &draft, PASSWORD, Some("the board asked for it")).await.status, 201);

    let flow = scene.get(&scene.owner, "/flow").await.json();
    let stage = flow["stages"].as_array().unwrap().iter().find(|stage| stage["stage"] == "read").unwrap();
    assert_eq!((&stage["waiting"], &stage["in_work"]), (&json!(0), &json!(1)));
    assert_eq!(scene.get(&scene.reader, "/flow").await.status, 404);

    let auditor = Who::Session(scene.house.session("auditor").await);
    let told = scene.get(&auditor, "/versions").await.json();
    assert_eq!(told[0]["deviation"], true);
    assert_eq!(told[0]["reason"], "the board asked for it");
    let hidden = scene.get(&scene.reader, "/versions").await.json();
    for key in ["deviation", "reason", "seed"] {
        assert!(told[0].get(key).is_some() && hidden[0].get(key).is_none(), "{key}");
    }
    assert_eq!(scene.get(&scene.reader, "").await.json()["may_change"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_draws_the_sample_again_from_the_seed() {
    let scene = Scene::new().await;
    let text = scene.document().await;
    let sample =
        "  - { id: qa, title: Sample, kind: sample_qa, role: quality_engineer, share: 0.5 }\nguideline:";
    let draft = next(&text, 2, "guideline:", sample);
    assert_eq!(scene.put(1, &draft, PASSWORD, None).await.status, 201);
    for number in 1..=12 {
        scene.ingest(number).await;
    }
    let auditor = Who::Session(scene.house.session("auditor").await);
    let version = scene.get(&auditor, "").await.json();
    let mut seed = [0; 32];
    for (place, pair) in version["seed"].as_str().unwrap().as_bytes().chunks(2).enumerate() {
        seed[place] = u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    }
    let protocol = countersign_workflow::parse_protocol(&draft).unwrap();
    let stage = protocol.stages.iter().find(|stage| stage.id == "qa").unwrap();
    let path = format!("/api/v1/projects/{}/events?limit=200", scene.project);
    scene.house.pipeline.store.sequence().await.unwrap();
    let events = scene.house.send(&scene.owner, "GET", &path, None).await.json();
    let cleared: Vec<ItemId> = events["items"]
        .as_array()
        .unwrap_or_else(|| panic!("{events}"))
        .iter()
        .filter(|event| event["action"] == "item.cleared")
        .map(|event| serde_json::from_value(event["item"].clone()).unwrap())
        .collect();
    assert_eq!(cleared.len(), 12, "{events}");
    let mut taken = 0;
    for item in cleared {
        let draw = sample_draw(&seed, item);
        let row = items::by_id(&mut scene.house.pipeline.store.read().await.unwrap(), item).await.unwrap();
        let state: Value = serde_json::from_str(&row.unwrap().workflow).unwrap();
        assert_eq!(state["draw"].as_u64(), Some(draw), "the item's number is the one of the seed");
        taken += u32::from(is_sampled(stage, Some(draw)));
    }
    assert!((1..12).contains(&taken), "{taken} of 12");
}

#[tokio::test]
async fn templates_and_schema_are_there_to_begin_with() {
    let scene = Scene::new().await;
    let templates = scene.house.send(&scene.reader, "GET", "/api/v1/protocols", None).await.json();
    assert_eq!(templates.as_array().unwrap().len(), countersign_workflow::shipped().len());
    let schema = scene.house.send(&Who::Nobody, "GET", "/api/v1/protocol.schema.json", None).await;
    assert_eq!(schema.json(), countersign_server::protocol_schema());
}
