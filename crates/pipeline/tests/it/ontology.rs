//! Changes of classes: what a dry run counts is what happens, a class in use is never deleted, and labels of classes that
//! were merged leave as the one that took their place, while what was released before rebuilds as it was.

use std::{collections::BTreeMap, sync::Arc};

use countersign_exchange::coco::{Dataset, read_dataset};
use countersign_model::{
    Annotation, Attribute, AttributeKind, Class, FrameRef, ProjectId, Protocol, ReleaseId, Shape, ShapeKind,
};
use countersign_pipeline::{
    PipelineError,
    guidelines::ChangeKind,
    ontology::{
        AttributeRule, MigrationPath, OntologyChange, OntologyChangeView, OntologyDraft, OntologyOperation,
    },
    release::Selection,
    work::{AnnotationInput, Change, Wish},
};
use countersign_store::{Actor, Evidence, items, protocols, reads};
use proptest::prelude::*;

use crate::{
    guidelines::{acknowledge, document, publish},
    harness::{House, PASSWORD},
    releases::{Crew, code, images, ingest, mark, member, package, scene_files},
};

const FIRST: Option<FrameRef> = Some(FrameRef { stream: 0, index: 0 });
const BOX: Shape = Shape::Box { x: 2.0, y: 3.0, w: 6.0, h: 5.0 };

fn class(id: &str) -> Class {
    Class {
        id: id.into(),
        name: id.into(),
        color: "#112233".into(),
        shapes: vec![ShapeKind::Box, ShapeKind::Polygon],
        attributes: vec![],
        retired: false,
        skeleton: None,
        critical: false,
    }
}

pub fn material(choices: &[&str]) -> Attribute {
    Attribute {
        id: "material".into(),
        name: "Material".into(),
        kind: AttributeKind::Choice(choices.iter().map(|choice| (*choice).to_owned()).collect()),
        required: false,
    }
}

pub fn draft(operations: Vec<OntologyOperation>) -> OntologyDraft {
    let reason = "as the customer calls it".into();
    OntologyDraft { operations, reason, campaign: None, login: None, password: PASSWORD.into() }
}

pub async fn in_force(house: &House, project: ProjectId) -> Protocol {
    let mut conn = house.pipeline.store.read().await.unwrap();
    let row = protocols::current(&mut conn, project).await.unwrap().unwrap();
    serde_json::from_str(&row.document).unwrap()
}

/// Accepted labels by class: (items with at least one, labels), counted mark by mark.
async fn counted(house: &House, project: ProjectId) -> BTreeMap<String, (u64, u64)> {
    let owner = house.sign_in("owner@p").await;
    let all = house.pipeline.items(&owner, project, Default::default()).await.unwrap().items;
    let mut conn = house.pipeline.store.read().await.unwrap();
    let mut counts: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for item in all.iter().filter(|item| ["accepted", "released"].contains(&item.phase.as_str())) {
        let read = items::by_id(&mut conn, item.id).await.unwrap().unwrap().accepted_read_id.unwrap();
        let mut here: BTreeMap<String, u64> = BTreeMap::new();
        for row in reads::annotations(&mut conn, read).await.unwrap() {
            let Some(body) = row.body else { continue };
            let label: Annotation = serde_json::from_str(&body).unwrap();
            *here.entry(label.class).or_default() += 1;
        }
        for (class, labels) in here {
            let count = counts.entry(class).or_default();
            *count = (count.0 + 1, count.1 + labels);
        }
    }
    counts
}

/// Tries a change, makes it, and holds what was counted before against what is there.
async fn change(
    house: &House,
    crew: &Crew,
    project: ProjectId,
    operations: Vec<OntologyOperation>,
) -> OntologyChangeView {
    let (pipeline, owner) = (&house.pipeline, &crew.owner);
    let before = in_force(house, project).await;
    let counts = counted(house, project).await;
    let tried = pipeline.try_ontology(owner, project, operations.clone()).await.unwrap();
    assert_eq!(in_force(house, project).await, before, "trying changes nothing");
    for one in &tried.touched {
        let real = counts.get(&one.class).copied().unwrap_or_default();
        assert_eq!((one.items, one.annotations), real, "{}", one.class);
    }
    let made = pipeline.change_ontology(owner, project, before.version, draft(operations)).await.unwrap();
    assert_eq!((made.version, &made.touched), (tried.version, &tried.touched));
    let after = in_force(house, project).await;
    assert_eq!((after.version, &after.classes), (tried.version, &tried.classes));
    // Every class keeps its place and its id, whatever became of it.
    let ids = |protocol: &Protocol| protocol.classes.iter().map(|class| class.id.clone()).collect::<Vec<_>>();
    assert!(ids(&after).starts_with(&ids(&before)));
    made
}

pub fn touched(made: &OntologyChangeView) -> Vec<(&str, MigrationPath, u64, u64, u64)> {
    let released = |one: &countersign_pipeline::ontology::ClassDryRun| {
        one.releases.iter().map(|release| release.annotations).sum()
    };
    made.touched
        .iter()
        .map(|one| (one.class.as_str(), one.path, one.items, one.annotations, released(one)))
        .collect()
}

async fn make(house: &House, crew: &Crew, project: ProjectId, name: &str) -> (ReleaseId, String) {
    let made = house
        .pipeline
        .make_release_signed(&crew.scientist, project, name, Selection::AllAccepted, Some(PASSWORD.into()))
        .await
        .unwrap();
    (made.id, made.root.unwrap())
}

/// Draws on a task and gives it back; what the server said.
async fn draws(
    house: &House,
    crew: &Crew,
    project: ProjectId,
    item: countersign_model::ItemId,
    drawn: AnnotationInput,
) -> String {
    let pipeline = &house.pipeline;
    let wish = Wish { item: Some(item), ..Wish::default() };
    let work = pipeline.claim(&crew.annotator, project, wish).await.unwrap();
    let (task, fence) = (work.task.id, work.task.fence);
    let changes = vec![Change::Put { annotation: drawn }];
    let outcome = pipeline.submit(&crew.annotator, task, fence, 0, changes).await;
    match outcome {
        Ok(_) => "done".into(),
        Err(error) => {
            pipeline.give_back(&crew.annotator, task, fence).await.unwrap();
            code(&error)
        }
    }
}

/// One more image, which runs under the version in force.
async fn another(house: &House, project: ProjectId, seed: u32) -> countersign_model::ItemId {
    let folder = tempfile::tempdir().unwrap();
    let image = image::GrayImage::from_fn(64, 48, |x, y| image::Luma([(x * seed + y) as u8]));
    image.save(folder.path().join(format!("more-{seed}.png"))).unwrap();
    let known = waiting(house, project).await;
    let report = house.ingest(project, vec![folder.path().to_owned()]).await;
    assert_eq!(report.items, 1);
    let now = waiting(house, project).await;
    now.into_iter().find(|item| !known.contains(item)).unwrap()
}

async fn waiting(house: &House, project: ProjectId) -> Vec<countersign_model::ItemId> {
    let owner = house.sign_in("owner@p").await;
    let all = house.pipeline.items(&owner, project, Default::default()).await.unwrap().items;
    all.iter().filter(|item| item.phase == "queued").map(|item| item.id).collect()
}

async fn classes_come_get_names_and_go(house: House) {
    let (project, crew, _) = images(&house, 2, 2).await;
    // Two people and a text on one image: a class is counted by items and by labels.
    let people =
        [mark(50, "person", FIRST, BOX), mark(51, "person", FIRST, BOX), mark(52, "text", FIRST, BOX)];
    crew.work(&house, project, &people).await;
    let [old] = waiting(&house, project).await[..] else { panic!("one is left") };
    let (released, root) = make(&house, &crew, project, "before").await;

    let made = change(&house, &crew, project, vec![OntologyOperation::Add { class: class("cup") }]).await;
    assert_eq!(touched(&made), [("cup", MigrationPath::Stay, 0, 0, 0)]);
    assert_eq!(draws(&house, &crew, project, old, mark(60, "cup", FIRST, BOX)).await, "unknown_class");
    let new = another(&house, project, 7).await;
    assert_eq!(draws(&house, &crew, project, new, mark(61, "cup", FIRST, BOX)).await, "done");
    crew.finish(&house, project).await;

    let rename = OntologyOperation::Rename { class: "text".into(), name: " Writing ".into() };
    let made = change(&house, &crew, project, vec![rename]).await;
    assert_eq!(touched(&made), [("text", MigrationPath::Automatic, 1, 1, 1)]);
    assert_eq!(in_force(&house, project).await.class("text").unwrap().name, "Writing");
    assert_eq!(counted(&house, project).await["text"], (1, 1), "the id behind the name stays");

    let retire = OntologyOperation::Deprecate { class: "person".into() };
    let made = change(&house, &crew, project, vec![retire.clone()]).await;
    assert_eq!(touched(&made), [("person", MigrationPath::Stay, 1, 2, 2)]);
    assert_eq!(made.campaign, None);
    assert!(in_force(&house, project).await.class("person").unwrap().retired);
    assert_eq!(counted(&house, project).await["person"], (1, 2), "what was drawn stays");
    let newest = another(&house, project, 9).await;
    assert_eq!(draws(&house, &crew, project, newest, mark(62, "person", FIRST, BOX)).await, "unknown_class");

    // Retired is for good, and a class is never deleted: not by a change of classes, not by a document.
    let refused = async |operation| {
        let tried = house.pipeline.try_ontology(&crew.owner, project, vec![operation]).await;
        match tried.unwrap_err() {
            PipelineError::BadInput { code, place, .. } => format!("{code} {place}"),
            other => code(&other),
        }
    };
    assert_eq!(refused(retire).await, "bad_ontology operations[0].class");
    let again = OntologyOperation::Add { class: class("person") };
    assert_eq!(refused(again).await, "bad_ontology operations[0].class");
    let nowhere = OntologyOperation::Rename { class: "none".into(), name: "Nothing".into() };
    assert_eq!(refused(nowhere).await, "bad_ontology operations[0].class");
    let current = in_force(&house, project).await;
    let mut without = current.clone();
    without.version += 1;
    without.classes.retain(|class| class.id != "person");
    let text = countersign_workflow::document::write_document(&without).unwrap();
    let pipeline = &house.pipeline;
    let put =
        pipeline.put_protocol(&crew.owner, project, current.version, &text, Some("tidy"), PASSWORD).await;
    let Err(PipelineError::BadProtocol(faults)) = put else { panic!("a class was deleted") };
    assert!(faults.iter().any(|fault| fault.code == "class_left_out"), "{faults:?}");

    // The release holds its labels as they were; one made now still holds those of the class that is retired.
    assert_eq!(pipeline.recompute_release_root(released).await.unwrap(), root);
    let (now, _) = make(&house, &crew, project, "after").await;
    let coco = coco(&package(&house, &crew.scientist, now).await);
    assert_eq!(classes(&coco)["person"], 2);
    assert_eq!(pipeline.ontology_changes(&crew.owner, project).await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn classes_come_and_go() {
    classes_come_get_names_and_go(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn classes_come_and_go_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    classes_come_get_names_and_go(house).await;
}

fn coco(package: &[u8]) -> Dataset {
    read_dataset(&member(package, "coco.json")[..]).unwrap()
}

/// How many labels of each class a file holds.
fn classes(coco: &Dataset) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for label in &coco.annotations {
        let category = coco.categories.iter().find(|one| one.id == label.category_id).unwrap();
        *counts.entry(category.name.as_str()).or_default() += 1;
    }
    counts
}

/// Takes the accepted item up again after a correction; the label of `object` as it is handed out.
pub async fn taken_up(house: &House, crew: &Crew, project: ProjectId, words: &str) -> Annotation {
    let pipeline = &house.pipeline;
    let item = pipeline.items(&crew.owner, project, Default::default()).await.unwrap().items[0].id;
    publish(house, &crew.owner, project, document(item, words), ChangeKind::Correction).await;
    acknowledge(house, project, &[&crew.annotator, &crew.reviewer, &crew.specialist]).await;
    let work = pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap();
    let read = work.read.unwrap();
    let label = read.annotations.into_iter().find(|label| label.class == "object").unwrap();
    let (task, fence) = (work.task.id, work.task.fence);
    pipeline.submit(&crew.annotator, task, fence, read.revision, vec![]).await.unwrap();
    crew.finish(house, project).await;
    label
}

async fn attributes_follow_their_rules(house: House) {
    let (project, crew, items) = images(&house, 1, 0).await;
    publish(&house, &crew.owner, project, document(items[0], "one"), ChangeKind::Extension).await;
    acknowledge(&house, project, &[&crew.annotator, &crew.reviewer, &crew.specialist]).await;
    let set = |choices: &[&str], rule| OntologyOperation::SetAttribute {
        class: "object".into(),
        attribute: material(choices),
        rule,
    };
    // A value for labels that have none has to be one that the attribute takes.
    let wrong = AttributeRule { otherwise: Some("glass".into()), ..AttributeRule::default() };
    let refused =
        house.pipeline.try_ontology(&crew.owner, project, vec![set(&["wood", "metal"], wrong)]).await;
    assert_eq!(code(&refused.unwrap_err()), "bad_ontology");

    let rule = AttributeRule { otherwise: Some("wood".into()), ..AttributeRule::default() };
    let made = change(&house, &crew, project, vec![set(&["wood", "metal"], rule)]).await;
    assert_eq!(touched(&made), [("object", MigrationPath::Rule, 1, 1, 0)]);
    let label = taken_up(&house, &crew, project, "two").await;
    assert_eq!((label.attributes["material"].as_str(), label.version), (Some("wood"), 2));

    let values = BTreeMap::from([("wood".to_owned(), "timber".into())]);
    let rule = AttributeRule { values, otherwise: None };
    let made = change(&house, &crew, project, vec![set(&["timber", "metal"], rule)]).await;
    assert_eq!(touched(&made), [("object", MigrationPath::Rule, 1, 1, 0)]);
    let label = taken_up(&house, &crew, project, "three").await;
    assert_eq!((label.attributes["material"].as_str(), label.version), (Some("timber"), 3));

    let remove = OntologyOperation::RemoveAttribute { class: "object".into(), attribute: "material".into() };
    let made = change(&house, &crew, project, vec![remove.clone()]).await;
    assert_eq!(touched(&made), [("object", MigrationPath::Automatic, 1, 1, 0)]);
    let gone = house.pipeline.try_ontology(&crew.owner, project, vec![remove]).await;
    assert_eq!(code(&gone.unwrap_err()), "bad_ontology", "it is not there any more");
    // Accepted labels keep what was signed; a release states them by the classes in force.
    let (release, _) = make(&house, &crew, project, "now").await;
    let bytes = package(&house, &crew.scientist, release).await;
    assert!(coco(&bytes).annotations.iter().all(|label| !label.attributes.contains_key("material")));
    assert!(String::from_utf8(member(&bytes, "annotations.jsonl")).unwrap().contains("timber"));
    let label = taken_up(&house, &crew, project, "four").await;
    assert_eq!((label.attributes.get("material"), label.version), (None, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_follow() {
    attributes_follow_their_rules(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_follow_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    attributes_follow_their_rules(house).await;
}

fn merge(from: &str, into: &str) -> Vec<OntologyOperation> {
    vec![OntologyOperation::Merge { classes: vec![from.into()], into: into.into() }]
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_labels_leave_as_their_new_class_and_older_packages_rebuild() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 1, 0).await;
    let pipeline = &house.pipeline;
    let (first, first_root) = make(&house, &crew, project, "v1").await;
    let made = change(&house, &crew, project, merge("object", "person")).await;
    assert_eq!(touched(&made), [("object", MigrationPath::Automatic, 1, 1, 1)]);
    let (second, second_root) = make(&house, &crew, project, "v2").await;
    let bytes = package(&house, &crew.scientist, second).await;
    countersign_ledger::release::verify_release(std::io::Cursor::new(&bytes), None).unwrap();
    assert_eq!(classes(&coco(&bytes)), BTreeMap::from([("person", 1)]));
    let text = |name: &str| String::from_utf8(member(&bytes, name)).unwrap();
    assert!(text("annotations.jsonl").contains("\"object\""), "as it was signed");
    let line: serde_json::Value = serde_json::from_str(text("ontology.jsonl").trim()).unwrap();
    assert_eq!((&line["protocol_version"], &line["operations"][0]["op"]), (&2.into(), &"merge".into()));
    let protocol: Protocol = serde_json::from_str(&text("protocols/v2.json")).unwrap();
    assert!(protocol.class("object").unwrap().retired);
    assert!(text("FORMATS.txt").contains("ontology.jsonl"));

    // A chain of merges is followed to its end; neither of the earlier packages changes.
    change(&house, &crew, project, merge("person", "text")).await;
    let (third, _) = make(&house, &crew, project, "v3").await;
    let newest = package(&house, &crew.scientist, third).await;
    assert_eq!(classes(&coco(&newest)), BTreeMap::from([("text", 1)]));
    for (release, root) in [(first, &first_root), (second, &second_root)] {
        assert_eq!(pipeline.recompute_release_root(release).await.unwrap(), *root);
    }
    let oldest = package(&house, &crew.scientist, first).await;
    assert_eq!(classes(&coco(&oldest)), BTreeMap::from([("object", 1)]));

    // Packages from before labels were carried say nothing of it: they have no version that they are carried to.
    let store = pipeline.store.clone();
    let older = store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            let sql = "UPDATE releases SET carried_to = NULL WHERE id = $1";
            tx.query(sql).bind(second).execute().await?;
            tx.record(Evidence::new("test.older", "release", second.uuid()))?;
            Ok(())
        })
    });
    older.await.unwrap();
    assert_ne!(pipeline.recompute_release_root(second).await.unwrap(), second_root);
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_cuboids_leave_as_their_new_class_in_kitti_files() {
    let house = House::new().await;
    let project = house.project("drive", "driving").await;
    ingest(&house, project, "drive", &scene_files()).await;
    let crew = Crew::of(&house, "drive", "reviewer").await;
    let car =
        Shape::Cuboid { center: [15.0, 2.0, -0.9], size: [4.2, 1.8, 1.6], rotation: [1.0, 0.0, 0.0, 0.0] };
    crew.work(&house, project, &[mark(1, "van", None, car)]).await;
    let labels = async |release| {
        let bytes = package(&house, &crew.scientist, release).await;
        let text = String::from_utf8(member(&bytes, "kitti/label_2/000000.txt")).unwrap();
        let of = |word: &str| text.lines().filter(|line| line.starts_with(&format!("{word} "))).count();
        (of("Van"), of("Car"))
    };
    let (first, root) = make(&house, &crew, project, "v1").await;
    let (vans, cars) = labels(first).await;
    assert!(vans >= 1);
    let change = house.pipeline.change_ontology(&crew.owner, project, 1, draft(merge("van", "car"))).await;
    change.unwrap();
    let (second, _) = make(&house, &crew, project, "v2").await;
    assert_eq!(labels(second).await, (0, cars + vans));
    assert_eq!(labels(first).await, (vans, cars));
    assert_eq!(house.pipeline.recompute_release_root(first).await.unwrap(), root);
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
}

fn id() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["object", "person", "text", "unusable", "cup", "plate", "none"])
        .prop_map(str::to_owned)
}

fn operation() -> impl Strategy<Value = OntologyOperation> {
    let attribute = || prop::sample::select(vec!["occluded", "material"]);
    prop_oneof![
        id().prop_map(|id| OntologyOperation::Add { class: class(&id) }),
        (id(), "[A-Z][a-z]{0,5}").prop_map(|(class, name)| OntologyOperation::Rename { class, name }),
        id().prop_map(|class| OntologyOperation::Deprecate { class }),
        (id(), id(), id()).prop_map(|(from, one, two)| OntologyOperation::Split {
            class: from,
            into: vec![class(&one), class(&two)]
        }),
        (prop::collection::vec(id(), 1..3), id())
            .prop_map(|(classes, into)| OntologyOperation::Merge { classes, into }),
        (id(), any::<bool>()).prop_map(|(class, is_set)| OntologyOperation::SetAttribute {
            class,
            attribute: material(&["wood", "metal"]),
            rule: AttributeRule { otherwise: is_set.then(|| "wood".into()), ..AttributeRule::default() },
        }),
        (id(), attribute()).prop_map(|(class, attribute)| OntologyOperation::RemoveAttribute {
            class,
            attribute: attribute.into()
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done: no class vanishes or changes its place, none that is retired comes back, each touched class has a
    /// path, and every label ends in a class that is there; one that was merged ends in none that is retired for it.
    #[test]
    fn no_change_makes_a_class_vanish(operations in prop::collection::vec(operation(), 1..6)) {
        let (_, text) = countersign_workflow::shipped().iter().find(|(id, _)| *id == "images").unwrap();
        let protocol = countersign_workflow::document::read_document(text).protocol.unwrap();
        let change = OntologyChange(operations);
        let Ok(next) = change.apply(&protocol) else { return Ok(()) };
        prop_assert_eq!(next.version, protocol.version + 1);
        for (before, after) in protocol.classes.iter().zip(&next.classes) {
            prop_assert_eq!(&before.id, &after.id);
            prop_assert!(after.retired || !before.retired);
        }
        prop_assert!(next.classes.len() >= protocol.classes.len());
        let paths = change.paths();
        let split = change.split();
        for class in &protocol.classes {
            let after = next.class(&class.id).unwrap();
            prop_assert!(paths.contains_key(class.id.as_str()) || after == class, "{} was touched", class.id);
            let mut label: Annotation = serde_json::from_value(serde_json::json!({
                "id": uuid::Uuid::from_u128(1), "version": 1, "class": class.id, "frame": null,
                "shape": { "type": "tag" }, "attributes": {}, "author": { "kind": "rule", "rule": "mean" },
            })).unwrap();
            change.carry(&mut label);
            let lands = next.class(&label.class);
            prop_assert!(lands.is_some());
            let stays = paths.get(class.id.as_str()) == Some(&MigrationPath::Stay);
            if lands.unwrap().retired && !split.contains(label.class.as_str()) && label.class != class.id {
                // Merged into a class that the same change retired afterwards.
                let retired = change.0.iter().any(|one| matches!(one, OntologyOperation::Deprecate { class } if *class == label.class));
                prop_assert!(retired || stays);
            }
        }
    }
}
