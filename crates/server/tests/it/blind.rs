//! Two people read one item blind: before the barrier the second finds no trace of the first, nor of the model, on any
//! route that the interface documents and in no live event.

use std::{collections::BTreeMap, sync::Arc};

use countersign_model::{AnnotationId, FrameRef, ProjectId, Role, Shape};
use countersign_pipeline::{
    live::Seen,
    people::Caller,
    work::{AnnotationInput, Change, Wish},
};
use countersign_server::openapi;
use countersign_store::Actor;
use uuid::Uuid;

use crate::{
    house::{House, PASSWORD, Who},
    seed,
};

/// The shipped image protocol with two blind readers and a draft that neither sees, as its second version.
fn protocol() -> String {
    let (_, text) = countersign_workflow::shipped().iter().find(|(id, _)| *id == "images").unwrap();
    let (head, rest) = text.split_once("stages:\n").unwrap();
    let (_, guideline) = rest.split_once("guideline:").unwrap();
    let stages = "stages:
  - { id: read, title: Blind read, kind: read, role: annotator, readers: 2, ai_visibility: after_own_read }
  - { id: compare, title: Comparison, kind: compare, merge: mean }
  - { id: adjudicate, title: Adjudication, kind: adjudicate, role: reviewer }
  - { id: sign, title: Countersignature, kind: sign, role: specialist, meaning: approved }
";
    format!("{}{stages}guideline:{guideline}", head.replace("version: 1", "version: 2"))
}

struct Scene {
    house: House,
    project: ProjectId,
    first: Caller,
    second: Caller,
    secret: String,
}

async fn scene() -> Scene {
    let house = House::new().await;
    let mut grants = Vec::new();
    for role in Role::ALL {
        grants.push((house.person(role.as_str(), &[]).await, *role));
    }
    grants.push((house.person("second", &[]).await, Role::Annotator));
    let project = house.project("twice", "images", &grants).await;
    let owner = house.caller(&house.session("owner").await).await;
    house.pipeline.activate_protocol(&owner, project, 1, &protocol(), PASSWORD).await.unwrap();
    let officer = house.caller(&house.session("privacy_officer").await).await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("1.png"), seed::png(1)).unwrap();
    let paths = vec![folder.path().to_owned()];
    house.pipeline.ingest_as(Actor::console(), None, project, paths, Arc::new(|_| {})).await.unwrap();
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    let first = house.caller(&house.session("annotator").await).await;
    let secret = house.session("second").await;
    let second = house.caller(&secret).await;
    Scene { house, project, first, second, secret }
}

/// Every GET route of the interface with these ids, as the second reader gets it: path and answer.
async fn crawl(scene: &Scene, ids: &BTreeMap<&str, Vec<String>>) -> BTreeMap<String, String> {
    let who = Who::Session(scene.secret.clone());
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
            let answer = scene.house.send(&who, "GET", &path, None).await;
            assert!(answer.status.as_u16() < 500, "{path}: {}", answer.status);
            seen.insert(path, format!("{} {}", answer.status, String::from_utf8_lossy(&answer.bytes)));
        }
    }
    assert!(seen.len() > 30, "{} routes", seen.len());
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_reader_finds_no_trace_of_the_first_before_the_barrier() {
    let scene = scene().await;
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
    };
    let (task, fence) = (work.task.id, work.task.fence);
    let put = || vec![Change::Put { annotation: mark.clone() }];
    pipeline.save(&scene.first, read, fence, 0, put()).await.unwrap();
    pipeline.renew(&scene.first, task, fence).await.unwrap();
    pipeline.submit(&scene.first, task, fence, 1, vec![], false).await.unwrap();
    pipeline.store.sequence().await.unwrap();

    let after = crawl(&scene, &ids).await;
    for (path, answer) in &before {
        assert_eq!(answer, &after[path], "{path} tells that somebody is at work");
        let names = [scene.first.user().to_string(), "Test annotator".into(), mark.id.to_string()];
        for name in &names {
            assert!(!answer.contains(name), "{path} names {name}");
        }
        let not_theirs = path.contains(&read.to_string()) || path.contains(&task.to_string());
        assert!(!not_theirs || answer.starts_with("404"), "{path}: {answer}");
    }
    let mut told = 0;
    for event in pipeline.heard_since(heard).await.unwrap() {
        told += 1;
        let seen = pipeline.seen_live(&scene.second, &event).await.unwrap();
        assert_eq!(seen, Seen::Nothing, "the first reader's act is heard of");
    }
    assert!(told >= 3, "the first reader did something: {told}");

    // Behind the barrier they learn that it is passed, and still nothing of the other's read.
    pipeline.submit(&scene.second, theirs.task.id, theirs.task.fence, 0, vec![], false).await.unwrap();
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    let path = format!("/api/v1/reads/{read}");
    let who = Who::Session(scene.secret.clone());
    assert_eq!(scene.house.send(&who, "GET", &path, None).await.status, 404);
}
