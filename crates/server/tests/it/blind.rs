//! Two people read one item blind: before the barrier the second finds no trace of the first, nor of the model, on any
//! route that the interface documents and in no live event.

use std::{collections::BTreeMap, sync::Arc};

use countersign_model::{AnnotationId, FrameRef, ItemId, ProjectId, Role, Shape};
use countersign_pipeline::{
    findings::{FindingDraft, FindingSeverity, PinnedFinding},
    live::Seen,
    names::HIDDEN_NAME,
    people::Caller,
    review::Verdict,
    sign::Countersigning,
    work::{AnnotationInput, Change, Wish},
};
use countersign_server::openapi;
use countersign_store::Actor;
use countersign_workflow::{Missing, ReviewDecision, SignDecision};
use uuid::Uuid;

use crate::{
    house::{House, PASSWORD, Who},
    seed,
};

const TWO_READERS: &str = "stages:
  - { id: read, title: Blind read, kind: read, role: annotator, readers: 2, ai_visibility: after_own_read }
  - { id: compare, title: Comparison, kind: compare, merge: mean }
  - { id: adjudicate, title: Adjudication, kind: adjudicate, role: reviewer }
  - { id: sign, title: Countersignature, kind: sign, role: specialist, meaning: approved }
";
/// Whoever reviews or signs is not told who did what before.
const NO_NAMES: &str = "stages:
  - { id: read, title: Read, kind: read, role: annotator }
  - { id: review, title: Review, kind: review, role: reviewer, blind: [names] }
  - { id: sign, title: Countersignature, kind: sign, role: specialist, meaning: approved, blind: [names] }
";

/// The shipped image protocol with other stages, as its second version.
fn protocol(stages: &str) -> String {
    let (_, text) = countersign_workflow::shipped().iter().find(|(id, _)| *id == "images").unwrap();
    let (head, rest) = text.split_once("stages:\n").unwrap();
    let (_, guideline) = rest.split_once("guideline:").unwrap();
    format!("{}{stages}guideline:{guideline}", head.replace("version: 1", "version: 2"))
}

struct Scene {
    house: House,
    project: ProjectId,
    first: Caller,
    second: Caller,
    secret: String,
}

/// The second reader may have roles of the installation, and others on the project.
async fn scene(of_installation: &[Role], others: &[Role]) -> Scene {
    let roles: Vec<Role> = others.iter().chain(&[Role::Annotator]).copied().collect();
    scene_under(TWO_READERS, of_installation, &roles).await
}

/// A project under these stages with one image in it; the second person has these roles on it.
async fn scene_under(stages: &str, of_installation: &[Role], roles: &[Role]) -> Scene {
    let document = protocol(stages);
    scene_of("images", Some(&document), ("1.png", seed::png(1)), of_installation, roles).await
}

/// A project under a protocol that ships, or its next version, with one file that passed the gate.
async fn scene_of(
    ships: &str,
    next: Option<&str>,
    (name, bytes): (&str, Vec<u8>),
    of_installation: &[Role],
    roles: &[Role],
) -> Scene {
    let house = House::new().await;
    let mut grants = Vec::new();
    for role in Role::ALL {
        grants.push((house.person(role.as_str(), &[]).await, *role));
    }
    let second = house.person("second", of_installation).await;
    grants.extend(roles.iter().map(|role| (second, *role)));
    let project = house.project("twice", ships, &grants).await;
    if let Some(document) = next {
        let owner = house.caller(&house.session("owner").await).await;
        house.pipeline.activate_protocol(&owner, project, 1, document, PASSWORD).await.unwrap();
    }
    let officer = house.caller(&house.session("privacy_officer").await).await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), bytes).unwrap();
    let paths = vec![folder.path().to_owned()];
    house.pipeline.ingest_as(Actor::console(), None, project, paths, Arc::new(|_| {})).await.unwrap();
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    let first = house.caller(&house.session("annotator").await).await;
    let secret = house.session("second").await;
    let second = house.caller(&secret).await;
    Scene { house, project, first, second, secret }
}

/// Every GET route of the interface with these ids, as whoever has this session gets it: path and answer.
pub async fn look_everywhere(
    house: &House,
    secret: &str,
    ids: &BTreeMap<&str, Vec<String>>,
) -> BTreeMap<String, String> {
    let who = Who::Session(secret.to_owned());
    let document = serde_json::to_value(openapi()).unwrap();
    let mut seen = BTreeMap::new();
    for (pattern, item) in document["paths"].as_object().unwrap() {
        if item.get("get").is_none() || pattern.ends_with("/events") && !pattern.contains('{') {
            continue;
        }
        let mut paths = vec![pattern.clone()];
        for (name, values) in ids {
            let mark = format!("{{{name}}}");
            paths = paths
                .into_iter()
                .flat_map(|path| {
                    if path.contains(&mark) {
                        values.iter().map(|value| path.replace(&mark, value)).collect()
                    } else {
                        vec![path]
                    }
                })
                .collect();
        }
        for path in paths.into_iter().filter(|path| !path.contains('{')) {
            let answer = house.send(&who, "GET", &path, None).await;
            assert!(answer.status.as_u16() < 500, "{path}: {}", answer.status);
            seen.insert(path, format!("{} {}", answer.status, String::from_utf8_lossy(&answer.bytes)));
        }
    }
    assert!(seen.len() > 30, "{} routes", seen.len());
    seen
}

/// The same as the second reader gets it, and what a claim of the item is answered.
async fn crawl(scene: &Scene, ids: &BTreeMap<&str, Vec<String>>) -> BTreeMap<String, String> {
    let who = Who::Session(scene.secret.clone());
    let mut seen = look_everywhere(&scene.house, &scene.secret, ids).await;
    // Whoever is at work is refused; by which words must not depend on how far the others are.
    let claim = format!("/api/v1/projects/{}/tasks/claim", scene.project);
    for item in &ids["item"] {
        let body = serde_json::json!({ "role": "annotator", "item": item });
        let answer = scene.house.send(&who, "POST", &claim, Some(body)).await;
        let said: serde_json::Value = serde_json::from_slice(&answer.bytes).unwrap();
        assert_eq!((answer.status.as_u16(), &said["code"]), (409, &serde_json::json!("already_read")));
        seen.insert(format!("claim of {item}"), said.to_string());
    }
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_reader_finds_no_trace_of_the_first_before_the_barrier() {
    no_trace(scene(&[], &[]).await, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_one_who_runs_the_installation_and_answers_for_privacy_too() {
    let scene = scene(&[Role::Owner, Role::Auditor], &[Role::PrivacyOfficer]).await;
    no_trace(scene, true).await;
}

/// The shipped protocol for studies that are read twice shows the model's draft after the own read: until then neither its
/// name nor an id of it or of its marks is in any answer, also not to whoever guesses them.
#[tokio::test(flavor = "multi_thread")]
async fn nor_does_anybody_find_what_the_model_drafted_before_their_own_read() {
    let scene = scene_of("radiology_double", None, ("1.dcm", seed::slice()), &[], &[Role::Annotator]).await;
    let pipeline = &scene.house.pipeline;
    let work = pipeline.claim(&scene.second, scene.project, Wish::default()).await.unwrap();
    let mut conn = pipeline.store.read().await.unwrap();
    let reads = countersign_store::reads::of_item(&mut conn, work.item.id).await.unwrap();
    let draft = reads.iter().find(|read| read.author_model.is_some()).expect("the model drafted");
    let model = draft.author_model.clone().unwrap();
    let mut secrets = vec![model, draft.id.to_string()];
    let marks = countersign_store::reads::annotations(&mut conn, draft.id).await.unwrap();
    secrets.extend(marks.iter().map(|mark| mark.annotation_id.to_string()));
    drop(conn);
    let own = work.read.as_ref().unwrap().summary.id;
    let ids = BTreeMap::from([
        ("project", vec![scene.project.to_string()]),
        ("item", vec![work.item.id.to_string()]),
        ("task", vec![work.task.id.to_string()]),
        ("read", vec![draft.id.to_string(), own.to_string()]),
        ("stream", vec!["0".into()]),
        ("frame", vec!["0".into()]),
    ]);
    for (path, answer) in crawl(&scene, &ids).await {
        assert!(!path.contains(&draft.id.to_string()) || answer.starts_with("404"), "{path}: {answer}");
        for secret in &secrets {
            assert!(!answer.contains(secret.as_str()), "{path} tells of the draft: {secret}");
        }
    }
    for event in pipeline.heard_since(0).await.unwrap() {
        let seen = format!("{:?}", pipeline.seen_live(&scene.second, &event).await.unwrap());
        for secret in &secrets {
            assert!(!seen.contains(secret.as_str()), "{seen}");
        }
    }
}

/// `knows_people`: lists of accounts and grants name the first reader, as they name everybody.
async fn no_trace(scene: Scene, knows_people: bool) {
    let pipeline = &scene.house.pipeline;
    let theirs = pipeline.claim(&scene.second, scene.project, Wish::default()).await.unwrap();
    let own_read = theirs.read.as_ref().unwrap().summary.id;
    // The second reader guesses every id of the first that there will be: they are known to this test only.
    let work = pipeline.claim(&scene.first, scene.project, Wish::default()).await.unwrap();
    assert_eq!(work.item.id, theirs.item.id);
    let read = work.read.as_ref().unwrap().summary.id;
    let ids = BTreeMap::from([
        ("project", vec![scene.project.to_string()]),
        ("item", vec![work.item.id.to_string()]),
        ("task", vec![work.task.id.to_string(), theirs.task.id.to_string()]),
        ("read", vec![read.to_string(), own_read.to_string()]),
        ("stream", vec!["0".into()]),
        ("frame", vec!["0".into()]),
        ("user", vec![scene.first.user().to_string()]),
    ]);
    // Looking at the image is on record under the second reader's own name.
    crawl(&scene, &ids).await;
    let before = crawl(&scene, &ids).await;
    pipeline.store.sequence().await.unwrap();
    let heard = pipeline.heard_since(0).await.unwrap().last().map_or(0, |event| event.log_index);

    let mark = AnnotationInput {
        id: AnnotationId(Uuid::from_u128(77)),
        class: "object".into(),
        frame: Some(FrameRef { stream: 0, index: 0 }),
        shape: Shape::Box { x: 1.0, y: 2.0, w: 3.0, h: 4.0 },
        attributes: BTreeMap::default(),
        arrangement: Default::default(),
        unclear: None,
    };
    let (task, fence) = (work.task.id, work.task.fence);
    let put = || vec![Change::Put { annotation: mark.clone() }];
    pipeline.save(&scene.first, read, fence, 0, put()).await.unwrap();
    let asked = asks(&scene, work.item.id).await;
    assert!(asked.only_mine);
    pipeline.renew(&scene.first, task, fence).await.unwrap();
    pipeline.submit(&scene.first, task, fence, 1, vec![]).await.unwrap();
    pipeline.store.sequence().await.unwrap();

    let after = crawl(&scene, &ids).await;
    for (path, answer) in &before {
        assert_eq!(answer, &after[path], "{path} tells that somebody is at work");
        let names =
            [scene.first.user().to_string(), "Test annotator".into(), mark.id.to_string(), WORDS.into()];
        for name in names.iter().filter(|_| !knows_people) {
            assert!(!answer.contains(name), "{path} names {name}");
        }
        let not_theirs = path.contains(&read.to_string()) || path.contains(&task.to_string());
        assert!(!not_theirs || answer.starts_with("404"), "{path}: {answer}");
    }
    let who = Who::Session(scene.secret.clone());
    let reply = format!("/api/v1/findings/{}/replies", asked.id);
    let answer = scene.house.send(&who, "POST", &reply, Some(serde_json::json!({ "words": "" }))).await;
    assert_eq!(answer.status, 404, "what a blind reader asks is not there for the other");
    let mut told = 0;
    for event in pipeline.heard_since(heard).await.unwrap() {
        told += 1;
        let seen = pipeline.seen_live(&scene.second, &event).await.unwrap();
        assert_eq!(seen, Seen::Nothing, "the first reader's act is heard of");
    }
    assert!(told >= 3, "the first reader did something: {told}");

    // Behind the barrier they learn that it is passed, and still nothing of the other's read.
    pipeline.submit(&scene.second, theirs.task.id, theirs.task.fence, 0, vec![]).await.unwrap();
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    let path = format!("/api/v1/reads/{read}");
    assert_eq!(scene.house.send(&who, "GET", &path, None).await.status, 404);
    // What was asked is there for everybody now, without the name that would tell who the other reader was.
    let findings = format!("/api/v1/items/{}/findings", work.item.id);
    let shown = scene.house.send(&who, "GET", &findings, None).await;
    let text = String::from_utf8_lossy(&shown.bytes).into_owned();
    assert!(text.contains(WORDS) && !text.contains("Test annotator"), "{text}");
}

/// Who reviews or signs finds no name of who worked on the item before, beside the item, on any route and in no live event, until
/// the work on it is over. They lead the project's quality, too: lists about people do not tell it either.
#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_is_blind_to_names_learns_none_until_the_item_is_accepted() {
    let scene = scene_under(NO_NAMES, &[], &[Role::Reviewer, Role::QualityEngineer]).await;
    let pipeline = &scene.house.pipeline;
    let work = pipeline.claim(&scene.first, scene.project, Wish::default()).await.unwrap();
    asks(&scene, work.item.id).await;
    let read = work.read.as_ref().unwrap().summary.id;
    let (task, fence) = (work.task.id, work.task.fence);
    pipeline.submit(&scene.first, task, fence, 0, vec![a_mark()]).await.unwrap();
    let signer = scene.house.session("specialist").await;
    let mut ids = BTreeMap::from([
        ("project", vec![scene.project.to_string()]),
        ("item", vec![work.item.id.to_string()]),
        ("task", vec![task.to_string()]),
        ("read", vec![read.to_string()]),
        ("annotation", vec![AnnotationId(Uuid::from_u128(77)).to_string()]),
        ("stream", vec!["0".into()]),
        ("frame", vec!["0".into()]),
        ("user", vec![scene.first.user().to_string()]),
    ]);
    nameless(&scene, &scene.secret, &ids).await;
    let review = pipeline.claim(&scene.second, scene.project, Wish::default()).await.unwrap();
    ids.insert("task", vec![task.to_string(), review.task.id.to_string()]);
    let own = review.read.as_ref().unwrap();
    ids.insert("read", vec![read.to_string(), own.summary.id.to_string()]);
    let shown = nameless(&scene, &scene.secret, &ids).await;
    assert!(shown.contains(HIDDEN_NAME) && shown.contains(WORDS), "the work itself is shown");

    resolve_all(&scene, work.item.id).await;
    let verdict = Verdict {
        marks: vec![],
        all_right: true,
        decision: ReviewDecision::Accept,
        missing: Some(Missing::Nothing),
        reason: None,
        comment: None,
        return_to: None,
    };
    let (task, fence) = (review.task.id, review.task.fence);
    pipeline.review(&scene.second, task, fence, own.revision, vec![], verdict).await.unwrap();
    // The check that came of it is about the first reader's work, and says so to nobody who could be called to judge it.
    nameless(&scene, &scene.secret, &ids).await;
    let specialist = scene.house.caller(&signer).await;
    let sign = pipeline.claim(&specialist, scene.project, Wish::default()).await.unwrap();
    ids.insert("task", vec![sign.task.id.to_string()]);
    let shown = nameless(&scene, &signer, &ids).await;
    assert!(shown.contains("signatures") && !shown.contains("Test second"), "nor the reviewer's");
    let countersigning = Countersigning {
        decision: SignDecision::Sign,
        content_hash: sign.subject.unwrap().summary.content_hash.unwrap(),
        password: PASSWORD.into(),
        reason: None,
        comment: None,
        return_to: None,
    };
    pipeline.countersign(&specialist, sign.task.id, sign.task.fence, countersigning).await.unwrap();
    let item = format!("/api/v1/items/{}", work.item.id);
    let after = scene.house.send(&Who::Session(signer), "GET", &item, None).await;
    assert!(String::from_utf8_lossy(&after.bytes).contains("Test annotator"), "once it is accepted");
}

/// Looks everywhere and finds no name of the first reader in any answer that is about the item; all that is said about it.
async fn nameless(scene: &Scene, secret: &str, ids: &BTreeMap<&str, Vec<String>>) -> String {
    let item = &ids["item"][0];
    let names = [scene.first.user().to_string(), "Test annotator".to_owned()];
    let mut said = String::new();
    for (path, answer) in look_everywhere(&scene.house, secret, ids).await {
        let about = ids["item"].iter().chain(&ids["task"]).chain(&ids["read"]);
        if !about.into_iter().any(|id| path.contains(id) || answer.contains(id)) {
            continue;
        }
        for name in &names {
            let told = answer.contains(name) || path.contains(name) && answer.contains(item);
            assert!(!told, "{path} names {name}: {answer}");
        }
        said.push_str(&answer);
    }
    let caller = scene.house.caller(secret).await;
    scene.house.pipeline.store.sequence().await.unwrap();
    for event in scene.house.pipeline.heard_since(0).await.unwrap() {
        let seen = format!("{:?}", scene.house.pipeline.seen_live(&caller, &event).await.unwrap());
        assert!(!names.iter().any(|name| seen.contains(name)), "{seen}");
    }
    said
}

async fn resolve_all(scene: &Scene, item: ItemId) {
    for finding in scene.house.pipeline.item_findings(&scene.second, item).await.unwrap() {
        scene.house.pipeline.resolve_finding(&scene.second, finding.id, None).await.unwrap();
    }
}

fn a_mark() -> Change {
    let annotation = AnnotationInput {
        id: AnnotationId(Uuid::from_u128(77)),
        class: "object".into(),
        frame: Some(FrameRef { stream: 0, index: 0 }),
        shape: Shape::Box { x: 1.0, y: 2.0, w: 3.0, h: 4.0 },
        attributes: BTreeMap::default(),
        arrangement: Default::default(),
        unclear: None,
    };
    Change::Put { annotation }
}

/// What the first reader asks while they read.
const WORDS: &str = "Is this one?";

async fn asks(scene: &Scene, item: ItemId) -> PinnedFinding {
    let draft = FindingDraft {
        severity: FindingSeverity::Blocking,
        words: WORDS.into(),
        frame: Some(FrameRef { stream: 0, index: 0 }),
        point: Some([2.0, 3.0]),
        annotation: None,
    };
    scene.house.pipeline.open_finding(&scene.first, item, draft).await.unwrap()
}
