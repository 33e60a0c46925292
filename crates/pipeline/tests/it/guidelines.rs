//! Guidelines are read before work, stamp what is drawn, and a correction has older labels looked at again; classes change
//! without touching what was released.

use std::sync::Arc;

use countersign_model::{Class, ExampleId, FrameRef, ItemId, ProjectId, Shape, ShapeKind};
use countersign_pipeline::{
    PipelineError,
    guidelines::{
        ChangeKind, ExampleKind, ExampleSource, GuidelineCard, GuidelineDocument, GuidelineExample,
        Publication,
    },
    items::ItemQuery,
    ontology::{MigrationPath, OntologyDraft, OntologyOperation},
    people::Caller,
    release::Selection,
    vendors::Question,
    work::{Change, Wish},
};
use uuid::Uuid;

use crate::{
    double::{STAGES, Team},
    harness::{House, PASSWORD},
    releases::{Crew, accepted_images, code, images, mark, package},
};

pub fn document(item: ItemId, words: &str) -> GuidelineDocument {
    let example = GuidelineExample {
        id: ExampleId(Uuid::from_u128(7)),
        kind: ExampleKind::Borderline,
        caption: "counts from here on".into(),
        source: ExampleSource::Frame { item, stream: 0, frame: 0, crop: Some([4, 2, 10, 8]) },
    };
    let card = GuidelineCard { class: "object".into(), text: words.into(), examples: vec![example] };
    GuidelineDocument { text: "Look twice.".into(), cards: vec![card] }
}

fn publication(revision: u64, change: ChangeKind) -> Publication {
    Publication {
        effective_at: None,
        revision,
        change,
        summary: "said what counts".into(),
        classes: None,
        disputes: vec![],
        campaign: Some("objects again".into()),
        login: None,
        password: PASSWORD.into(),
    }
}

/// Saves a draft and publishes it.
pub async fn publish(
    house: &House,
    owner: &Caller,
    project: ProjectId,
    document: GuidelineDocument,
    change: ChangeKind,
) -> countersign_pipeline::guidelines::Published {
    let draft = house.pipeline.save_guideline(owner, project, 0, document).await.unwrap();
    let published =
        house.pipeline.publish_guideline(owner, project, publication(draft.revision, change)).await.unwrap();
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    published
}

pub async fn acknowledge(house: &House, project: ProjectId, people: &[&Caller]) {
    for caller in people {
        let seen = house.pipeline.guideline(caller, project).await.unwrap();
        assert!(seen.unread);
        let id = seen.current.unwrap().id;
        let read = house.pipeline.acknowledge_guideline(caller, project, id).await.unwrap();
        assert!(!read.unread);
    }
}

/// Who the scorecard names under the guideline in force, and after how many hours they acknowledged it.
async fn scorecard_readers(house: &House, owner: &Caller, project: ProjectId) -> Vec<(String, Option<f64>)> {
    let report = house.pipeline.vendors(owner, project, Question::default()).await.unwrap();
    let lag = report.organizations[0].guideline.clone();
    let readers: Vec<_> = lag.readers.into_iter().map(|one| (one.printed_name, one.hours)).collect();
    let behind = readers.iter().filter(|(_, hours)| hours.is_none()).count();
    assert_eq!((lag.people, lag.behind), (readers.len() as u64, behind as u64));
    readers
}

async fn claim(house: &House, caller: &Caller, project: ProjectId) -> Result<(), PipelineError> {
    let work = house.pipeline.claim(caller, project, Wish::default()).await?;
    house.pipeline.give_back(caller, work.task.id, work.task.fence).await
}

fn told<T>(outcome: Result<T, PipelineError>) -> String {
    outcome.err().map_or_else(|| "done".into(), |error| code(&error))
}

async fn make(
    house: &House,
    crew: &Crew,
    project: ProjectId,
    name: &str,
) -> (countersign_model::ReleaseId, String) {
    let made = house
        .pipeline
        .make_release_signed(&crew.scientist, project, name, Selection::AllAccepted, Some(PASSWORD.into()))
        .await
        .unwrap();
    (made.id, made.root.unwrap())
}

fn file(package: &[u8], name: &str) -> Option<String> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(package.to_vec())).unwrap();
    let mut text = String::new();
    let mut found = zip.by_name(name).ok()?;
    std::io::Read::read_to_string(&mut found, &mut text).unwrap();
    Some(text)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_is_read_first_and_has_older_labels_looked_at_again() {
    let house = House::new().await;
    let (project, crew, items) = accepted_images(&house, 2).await;
    let (first, root) = make(&house, &crew, project, "before").await;
    let workers = [&crew.annotator, &crew.reviewer, &crew.specialist];

    let published =
        publish(&house, &crew.owner, project, document(items[0], "one"), ChangeKind::Correction).await;
    assert_eq!(published.guideline.current.as_ref().unwrap().version, "1.0.0");
    assert_eq!(published.campaign, None, "there was no rule before that could have been wrong");
    assert_eq!(told(claim(&house, &crew.annotator, project).await), "guideline_unacknowledged");
    acknowledge(&house, project, &workers).await;
    assert_eq!(told(claim(&house, &crew.annotator, project).await), "nothing_to_do");

    let clearer = publish(&house, &crew.owner, project, document(items[0], "two"), ChangeKind::Clarification);
    assert_eq!(clearer.await.guideline.current.unwrap().version, "1.0.1");
    assert_eq!(told(claim(&house, &crew.annotator, project).await), "nothing_to_do", "nobody is asked");

    let corrected =
        publish(&house, &crew.owner, project, document(items[0], "three"), ChangeKind::Correction).await;
    let current = corrected.guideline.current.unwrap();
    assert_eq!((current.version.as_str(), current.classes.as_slice()), ("2.0.0", &["object".to_owned()][..]));
    assert!(corrected.campaign.is_some());
    let progress = async || {
        let seen = house.pipeline.campaigns(&crew.owner, project).await.unwrap();
        assert_eq!((seen.len(), seen[0].name.as_str(), seen[0].opening), (1, "objects again", false));
        (seen[0].items, seen[0].done, seen[0].skipped)
    };
    let reopened = progress().await.0;
    assert!(reopened > 0, "accepted items hold objects");
    assert_eq!(told(claim(&house, &crew.annotator, project).await), "guideline_unacknowledged");
    let behind = scorecard_readers(&house, &crew.owner, project).await;
    assert!(behind.len() > 1 && behind.iter().all(|(_, hours)| hours.is_none()), "{behind:?}");
    house.clock.forward(360);
    acknowledge(&house, project, &[&crew.annotator]).await;
    let some = scorecard_readers(&house, &crew.owner, project).await;
    let hours: Vec<f64> = some.iter().filter_map(|(_, hours)| *hours).collect();
    assert!(hours.len() == 1 && (hours[0] - 0.1).abs() < 1e-6, "{some:?}");
    acknowledge(&house, project, &workers[1..]).await;

    // Whoever takes it up begins from what was accepted, and knows why it came back.
    let work = house.pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap();
    let campaign = work.campaign.clone().unwrap();
    assert_eq!((campaign.name.as_str(), campaign.classes), ("objects again", vec!["object".to_owned()]));
    assert!(!work.read.as_ref().unwrap().annotations.is_empty());
    house.pipeline.give_back(&crew.annotator, work.task.id, work.task.fence).await.unwrap();
    let place = Some(FrameRef { stream: 0, index: 0 });
    let fresh = mark(0x77, "object", place, Shape::Box { x: 1.0, y: 1.0, w: 5.0, h: 5.0 });
    crew.work(&house, project, &[fresh]).await;
    assert_eq!(progress().await, (reopened, 1, 0));
    for _ in 1..reopened {
        crew.work(&house, project, &[]).await;
    }
    assert_eq!(progress().await, (reopened, reopened, 0));

    // What was released stays; what is released now cites its rule.
    assert_eq!(house.pipeline.recompute_release_root(first).await.unwrap(), root);
    assert_eq!(file(&package(&house, &crew.scientist, first).await, "guidelines.jsonl"), None);
    let (second, other) = make(&house, &crew, project, "after").await;
    assert_ne!(other, root);
    let bytes = package(&house, &crew.scientist, second).await;
    let stamps = file(&bytes, "guidelines.jsonl").unwrap();
    assert_eq!(stamps.lines().count(), 1, "only what was drawn under it: {stamps}");
    assert!(stamps.contains("\"guideline\":\"2.0.0\"") && stamps.contains("\"version\":1"));
    assert!(file(&bytes, "guidelines/2.0.0.json").unwrap().contains("three"));
    assert!(file(&bytes, "guidelines/1.0.1.json").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_in_work_at_a_correction_is_looked_at_when_it_is_accepted() {
    let house = House::new().await;
    let (project, crew, items) = images(&house, 1, 1).await;
    let pipeline = &house.pipeline;
    let workers = [&crew.annotator, &crew.reviewer, &crew.specialist];
    publish(&house, &crew.owner, project, document(items[0], "one"), ChangeKind::Extension).await;
    acknowledge(&house, project, &workers).await;
    // Drawn by the rule that is corrected a moment later.
    let work = pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap();
    let place = Some(FrameRef { stream: 0, index: 0 });
    let drawn = mark(0x88, "object", place, Shape::Box { x: 1.0, y: 1.0, w: 5.0, h: 5.0 });
    let changes = vec![Change::Put { annotation: drawn }];
    let (task, fence) = (work.task.id, work.task.fence);
    pipeline.submit(&crew.annotator, task, fence, 0, changes).await.unwrap();
    publish(&house, &crew.owner, project, document(items[0], "two"), ChangeKind::Correction).await;
    let campaign = async || pipeline.campaigns(&crew.owner, project).await.unwrap().remove(0);
    let seen = campaign().await;
    assert_eq!((seen.opening, seen.items), (true, 1), "one item is still in work");
    assert_eq!((seen.left[0].reason.as_str(), seen.left[0].items), ("in_work", 1));

    acknowledge(&house, project, &workers).await;
    crew.finish(&house, project).await;
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    let seen = campaign().await;
    assert_eq!((seen.opening, seen.items, seen.done), (false, 2, 0), "it went back into work, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_are_cleared_pictures_and_each_look_is_on_record() {
    let house = House::new().await;
    let (project, crew, items) = accepted_images(&house, 1).await;
    let pipeline = &house.pipeline;
    let owner = &crew.owner;
    // Pictures of one's own are cleaned; what is none is refused.
    let mut png = Vec::new();
    let image = image::GrayImage::from_fn(30, 20, |x, y| image::Luma([(x * y) as u8]));
    image.write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png).unwrap();
    let asset = pipeline.upload_example(owner, project, png.clone().into()).await.unwrap().asset;
    let mut dicom = vec![0_u8; 128];
    dicom.extend_from_slice(b"DICM");
    for bad in [dicom, b"GIF89a".to_vec(), vec![]] {
        assert_eq!(told(pipeline.upload_example(owner, project, bad.into()).await), "bad_example");
    }
    let other = house.project("closed", "images").await;
    let stranger = house.sign_in("owner@closed").await;
    let refused = pipeline.upload_example(&stranger, other, png.into()).await;
    assert_eq!(told(refused), "example_needs_gate");

    let mut with_both = document(items[0], "one");
    with_both.cards[0].examples.push(GuidelineExample {
        id: ExampleId(Uuid::from_u128(8)),
        kind: ExampleKind::Negative,
        caption: String::new(),
        source: ExampleSource::Picture { asset },
    });
    let wrong = |change: &dyn Fn(&mut GuidelineDocument)| {
        let mut document = with_both.clone();
        change(&mut document);
        document
    };
    for bad in [
        wrong(&|d| d.cards[0].class = "no_such".into()),
        wrong(&|d| d.cards.push(d.cards[0].clone())),
        wrong(&|d| d.cards[0].examples[1].id = d.cards[0].examples[0].id),
        wrong(&|d| d.cards[0].examples[0].caption = "x".repeat(501)),
        wrong(&|d| d.text = "x".repeat(100_001)),
        wrong(&|d| {
            d.cards[0].examples[0].source =
                ExampleSource::Frame { item: items[0], stream: 0, frame: 9, crop: None };
        }),
        wrong(&|d| {
            let asset = countersign_model::AssetId(Uuid::from_u128(1));
            d.cards[0].examples[1].source = ExampleSource::Picture { asset };
        }),
    ] {
        assert_eq!(told(pipeline.save_guideline(owner, project, 0, bad).await), "bad_guideline");
    }
    assert_eq!(
        told(pipeline.save_guideline(&crew.annotator, project, 0, with_both.clone()).await),
        "not_found"
    );

    let published = publish(&house, owner, project, with_both, ChangeKind::Extension).await;
    let id = published.guideline.current.unwrap().id;
    let exposures = async || {
        let mut conn = pipeline.store.read().await.unwrap();
        let sql = "SELECT COUNT(*) AS n FROM exposures WHERE purpose = 'guideline'";
        let row = conn.query(sql).fetch_one().await.unwrap();
        row.get::<u64>("n").unwrap()
    };
    assert_eq!(exposures().await, 0);
    let cut = pipeline.example_picture(&crew.annotator, id, ExampleId(Uuid::from_u128(7))).await.unwrap();
    let cut = image::load_from_memory(&cut.bytes).unwrap();
    assert_eq!((cut.width(), cut.height()), (10, 8), "only the part goes out");
    pipeline.example_picture(&crew.annotator, id, ExampleId(Uuid::from_u128(8))).await.unwrap();
    assert_eq!(exposures().await, 2);
    assert_eq!(
        told(pipeline.example_picture(&crew.scientist, id, ExampleId(Uuid::from_u128(7))).await),
        "not_found"
    );
    assert_eq!(exposures().await, 2, "who may not look is not on record as having looked");
}

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

#[tokio::test(flavor = "multi_thread")]
async fn a_split_goes_to_people_and_what_was_released_rebuilds_as_it_was() {
    let house = House::new().await;
    let (project, crew, _) = accepted_images(&house, 2).await;
    let (released, root) = make(&house, &crew, project, "before").await;
    let pipeline = &house.pipeline;
    let operations = vec![
        OntologyOperation::Split { class: "object".into(), into: vec![class("cup"), class("plate")] },
        OntologyOperation::Rename { class: "text".into(), name: "Writing".into() },
    ];
    let tried = pipeline.try_ontology(&crew.owner, project, operations.clone()).await.unwrap();
    let object = tried.touched.iter().find(|one| one.class == "object").unwrap();
    assert_eq!((tried.version, object.path), (2, MigrationPath::People));
    assert!(object.items > 0 && object.annotations >= object.items);
    assert_eq!(object.releases.len(), 1);
    assert_eq!(object.releases[0].annotations, object.annotations, "everything accepted was released");
    let draft = |password: &str| OntologyDraft {
        operations: operations.clone(),
        reason: "two things".into(),
        campaign: None,
        login: None,
        password: password.into(),
    };
    let guessed = pipeline.change_ontology(&crew.owner, project, 1, draft("a wrong password")).await;
    assert_eq!(told(guessed), "bad_credentials");
    assert_eq!(
        told(pipeline.change_ontology(&crew.annotator, project, 1, draft(PASSWORD)).await),
        "not_found"
    );
    let changed = pipeline.change_ontology(&crew.owner, project, 1, draft(PASSWORD)).await.unwrap();
    assert_eq!(changed.touched, tried.touched);
    assert!(changed.campaign.is_some());
    let stale = pipeline.change_ontology(&crew.owner, project, 1, draft(PASSWORD)).await;
    assert_eq!(told(stale), "content_changed");
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    assert_eq!(pipeline.recompute_release_root(released).await.unwrap(), root);

    // The class is retired, never deleted; nobody draws it any more, and none of it is handed in.
    let work = pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap();
    assert!(work.protocol.class("object").unwrap().retired);
    let (task, fence) = (work.task.id, work.task.fence);
    let read = work.read.unwrap();
    let old = read.annotations.iter().find(|mark| mark.class == "object").unwrap().clone();
    let left = pipeline.submit(&crew.annotator, task, fence, read.revision, vec![]).await;
    assert_eq!(told(left), "split_class_left");
    let again = mark(0x99, "object", old.frame, old.shape.clone());
    let changes = vec![Change::Put { annotation: again }];
    let refused = pipeline.submit(&crew.annotator, task, fence, read.revision, changes).await;
    assert_eq!(told(refused), "unknown_class");
    let changes = read
        .annotations
        .iter()
        .filter(|mark| mark.class == "object")
        .map(|old| Change::Put { annotation: mark(old.id.0.as_u128(), "cup", old.frame, old.shape.clone()) })
        .collect();
    pipeline.submit(&crew.annotator, task, fence, read.revision, changes).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_carries_labels_over_when_somebody_takes_them_up_again() {
    let house = House::new().await;
    let (project, crew, items) = accepted_images(&house, 1).await;
    let pipeline = &house.pipeline;
    let operations = vec![OntologyOperation::Merge { classes: vec!["object".into()], into: "person".into() }];
    let draft = OntologyDraft {
        operations,
        reason: "one thing".into(),
        campaign: None,
        login: None,
        password: PASSWORD.into(),
    };
    let changed = pipeline.change_ontology(&crew.owner, project, 1, draft).await.unwrap();
    assert_eq!(changed.campaign, None, "nobody is needed for it");
    assert_eq!(pipeline.ontology_changes(&crew.owner, project).await.unwrap().len(), 1);
    for (words, change) in [("one", ChangeKind::Extension), ("two", ChangeKind::Correction)] {
        publish(&house, &crew.owner, project, document(items[0], words), change).await;
    }
    acknowledge(&house, project, &[&crew.annotator]).await;
    let work = pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap();
    let read = work.read.unwrap();
    assert!(read.annotations.iter().any(|mark| mark.class == "person" && mark.version == 2), "carried over");
    assert!(read.annotations.iter().all(|mark| mark.class != "object"));
    assert_eq!(work.protocol.version, 2);
}

/// What two readers agree on is under the older of the versions that they had read, and the package says so.
#[tokio::test(flavor = "multi_thread")]
async fn merged_marks_carry_the_lowest_version_that_their_readers_had_read() {
    let team = Team::new(1, STAGES).await;
    let (house, project) = (&team.house, team.project);
    let owner = house.sign_in("owner@p").await;
    let scientist = house.sign_in("data_scientist@p").await;
    let item = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap().items[0].id;
    publish(house, &owner, project, document(item, "one"), ChangeKind::Extension).await;
    let [first, second, _] = &team.readers;
    acknowledge(house, project, &[first]).await;
    let a = team.claim(first, None).await.unwrap();
    team.submit(first, &a, &[(3.0, "object")]).await;
    publish(house, &owner, project, document(item, "clearer"), ChangeKind::Clarification).await;
    acknowledge(house, project, &[second, &team.specialists[0]]).await;
    let b = team.claim(second, None).await.unwrap();
    team.submit(second, &b, &[(4.0, "object")]).await;
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    team.sign(&team.specialists[0], item).await;
    let made = house
        .pipeline
        .make_release_signed(&scientist, project, "r", Selection::AllAccepted, Some(PASSWORD.into()))
        .await
        .unwrap();
    let bytes = package(house, &scientist, made.id).await;
    let stamps = file(&bytes, "guidelines.jsonl").unwrap();
    assert_eq!(stamps.lines().count(), 1);
    assert!(stamps.contains(r#""guideline":"1.0.0""#), "{stamps}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_changes_in_mid_study_is_a_deviation() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 1).await;
    let owner = &crew.owner;
    let item = house.pipeline.items(owner, project, ItemQuery::default()).await.unwrap().items[0].id;
    let deviates = async |words, change| {
        publish(&house, owner, project, document(item, words), change)
            .await
            .guideline
            .current
            .unwrap()
            .deviation
    };
    assert!(!deviates("one", ChangeKind::Extension).await, "nobody has begun");
    acknowledge(&house, project, &[&crew.annotator]).await;
    claim(&house, &crew.annotator, project).await.unwrap();
    assert!(!deviates("two", ChangeKind::Clarification).await, "the rule is as it was");
    assert!(deviates("three", ChangeKind::Extension).await);
    assert!(deviates("four", ChangeKind::Correction).await);
    let auditor = house.sign_in("auditor@p").await;
    let events = house.pipeline.project_events(&auditor, project, None, None).await.unwrap().items;
    let published = events.into_iter().filter(|event| event.action == "guideline.published");
    let reasons: Vec<_> = published.map(|event| event.reason).collect();
    let deviation = Some("deviation".to_owned());
    assert_eq!(reasons, [deviation.clone(), deviation, None, None]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_in_force_no_more_is_read_as_it_was() {
    let house = House::new().await;
    let (project, crew, items) = accepted_images(&house, 1).await;
    let (pipeline, owner) = (&house.pipeline, &crew.owner);
    publish(&house, owner, project, document(items[0], "from 4 mm on"), ChangeKind::Extension).await;
    let first = pipeline.guideline(owner, project).await.unwrap().current.unwrap();
    publish(&house, owner, project, document(items[0], "from 6 mm on"), ChangeKind::Extension).await;
    let draft = pipeline.save_guideline(owner, project, 0, document(items[0], "from 8 mm on")).await.unwrap();

    let seen = pipeline.guideline_version(&crew.annotator, first.id).await.unwrap();
    assert_eq!((seen.document, &seen.version.version), (document(items[0], "from 4 mm on"), &first.version));
    let now = pipeline.guideline(&crew.annotator, project).await.unwrap();
    assert_eq!(now.document, document(items[0], "from 6 mm on"), "and the one in force is another");
    for (caller, id) in
        [(owner, draft.id), (&crew.annotator, countersign_model::GuidelineId(Uuid::from_u128(5)))]
    {
        assert_eq!(told(pipeline.guideline_version(caller, id).await), "not_found");
    }
    let stranger = house.person("stranger").await;
    assert_ne!(stranger, crew.annotator.user());
    let stranger = house.sign_in("stranger").await;
    assert_eq!(told(pipeline.guideline_version(&stranger, first.id).await), "not_found");
}
