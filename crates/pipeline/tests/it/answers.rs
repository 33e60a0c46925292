//! "Cannot assess" and "unclear" are answers: compared, decided, signed, released, copied, and counted apart.

use std::io::Read;

use countersign_model::{AnnotationId, CANNOT_ASSESS, Confidence, FrameRef, ItemId, Shape, Unclear};
use countersign_pipeline::{
    people::Caller,
    release::Selection,
    review::Verdict,
    views::Work,
    work::{AnnotationInput, Change, Wish},
};
use countersign_store::Actor;
use countersign_workflow::{AdjudicateDecision, Missing, ReviewDecision};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    certification::draft,
    double::{STAGES, Team, code, mark},
    evidence::{check, copy_of},
    harness::{House, PASSWORD},
    releases::images,
};

/// Ids of answers; those of marks count from 1.
fn answer(id: u128) -> AnnotationId {
    AnnotationId(Uuid::from_u128(0xe000 + id))
}

fn cannot(id: u128, reason: &str, frame: Option<u32>) -> Change {
    Change::Put {
        annotation: AnnotationInput {
            id: answer(id),
            class: CANNOT_ASSESS.into(),
            frame: frame.map(|index| FrameRef { stream: 0, index }),
            shape: Shape::Tag {},
            attributes: [("reason".to_owned(), Value::from(reason))].into(),
            arrangement: Default::default(),
            unclear: None,
        },
    }
}

/// A box whose reader would not swear to it.
fn doubtful(x: f64) -> Change {
    let Change::Put { mut annotation } = mark(x, "object") else { unreachable!() };
    let doubt = Unclear { confidence: Some(Confidence::Possible), reason: Some("half in the shade".into()) };
    annotation.unclear = Some(Box::new(doubt));
    Change::Put { annotation }
}

impl Team {
    async fn hand_in(&self, caller: &Caller, work: &Work, changes: Vec<Change>) {
        let (task, fence) = (work.task.id, work.task.fence);
        self.house.pipeline.submit(caller, task, fence, 0, changes).await.unwrap();
    }

    /// Both readers answer; the machine compares.
    async fn answered(&self, first: Vec<Change>, second: Vec<Change>) -> ItemId {
        let a = self.claim(&self.readers[0], None).await.unwrap();
        let b = self.claim(&self.readers[1], Some(a.item.id)).await.unwrap();
        self.hand_in(&self.readers[0], &a, first).await;
        self.hand_in(&self.readers[1], &b, second).await;
        self.house.pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
        a.item.id
    }
}

/// A release of everything accepted: text of a member, and the numbers of its certificate.
async fn released(team: &Team) -> impl FnMut(&str) -> String {
    let pipeline = &team.house.pipeline;
    let scientist = team.house.sign_in("data_scientist@p").await;
    let made = pipeline
        .make_release_signed(&scientist, team.project, "first", Selection::AllAccepted, Some(PASSWORD.into()))
        .await
        .unwrap();
    assert_eq!(made.root, Some(pipeline.recompute_release_root(made.id).await.unwrap()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("first.zip");
    pipeline.copy_release(Actor::console(), made.id, &path).await.unwrap();
    let bytes = std::fs::read(path).unwrap();
    move |name| {
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
        let mut text = String::new();
        zip.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_assess_is_agreed_on_decided_signed_and_released_as_no_negative() {
    let team = Team::new(4, STAGES).await;
    let pipeline = &team.house.pipeline;
    let blurred = |id| vec![cannot(id, "image_quality", None)];
    let agreed = team.answered(blurred(0xa1), vec![cannot(0xa2, "obstructed", None)]).await;
    let decided = team.answered(blurred(0xb1), vec![mark(3.0, "object")]).await;
    let plain = team.answered(vec![doubtful(3.0)], vec![mark(3.0, "object")]).await;
    let empty = team.answered(vec![], vec![]).await;

    // The next stage is told, and its signature is over the answer.
    let work = team.claim(&team.specialists[0], Some(agreed)).await.unwrap();
    let subject = work.subject.unwrap();
    assert_eq!(subject.summary.annotation_count, 0, "an answer is no mark");
    let said = subject.annotations[0].cannot_assess().unwrap();
    assert_eq!((said.frame, said.reason.as_str()), (None, "image_quality"));
    pipeline.give_back(&team.specialists[0], work.task.id, work.task.fence).await.unwrap();
    for item in [agreed, plain, empty] {
        team.sign(&team.specialists[0], item).await;
    }

    // One of two could not: somebody decides, and sees both answers without names.
    let work = team.claim(&team.reviewer, Some(decided)).await.unwrap();
    let dispute = work.dispute.clone().unwrap();
    let mut classes: Vec<_> =
        dispute.findings.iter().flat_map(|found| &found.sides).map(|side| side.mark.class.as_str()).collect();
    classes.sort_unstable();
    assert_eq!((classes, dispute.agreed), (vec![CANNOT_ASSESS, "object"], 0));
    let text = serde_json::to_string(&work).unwrap();
    assert!(!text.contains(&team.readers[0].user().to_string()), "{text}");
    team.rule(&team.reviewer, &work, AdjudicateDecision::Decide, vec![mark(3.0, "object")]).await;
    team.sign(&team.specialists[0], decided).await;

    let mut text = released(&team).await;
    let of = |lines: &str, word: &str| lines.lines().filter(|line| line.contains(word)).count();
    let said = "\"class\":\"cannot-assess\"";
    let reads = text("reads.jsonl");
    assert_eq!((of(&reads, said), of(&reads, "\"line\":\"read\"")), (4, 13), "three of readers, one merged");
    assert_eq!(of(&text("annotations.jsonl"), said), 1);
    assert_eq!(of(&text("annotations.jsonl"), "\"unclear\":{\"confidence\":\"possible\""), 1);
    let coco: Value = serde_json::from_str(&text("coco.json")).unwrap();
    let images = coco["images"].as_array().unwrap();
    let flagged: Vec<_> = images.iter().filter(|image| !image["cannot_assess"].is_null()).collect();
    assert_eq!((images.len(), flagged.len()), (4, 1));
    assert_eq!(flagged[0]["item_id"], agreed.to_string());
    assert_eq!(flagged[0]["cannot_assess"]["reason"], "image_quality");
    assert!(flagged[0]["tags"].is_null() && coco["annotations"].as_array().unwrap().len() == 2);
    assert_eq!(coco["annotations"].to_string().matches("half in the shade").count(), 1);
    let certificate: Value = serde_json::from_str(&text("certificate.json")).unwrap();
    let counts = certificate.pointer("/statement/counts").unwrap_or(&certificate["counts"]);
    let count = |name: &str| counts[name].as_u64();
    assert_eq!((count("items_not_assessed"), count("items_without_annotations")), (Some(1), Some(1)));
    assert_eq!((count("annotations"), count("annotations_unclear")), (Some(2), Some(1)));
    assert!(certificate.to_string().contains("nothing is in what nobody could assess"));
    assert!(text("FORMATS.txt").contains("that is not a negative example"));
    assert!(text("agreement.json").contains("\"not_assessed\": 2"), "{}", text("agreement.json"));

    counted_apart(&team).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_every_frame_is_said_of_the_item() {
    let team = Team::new(3, STAGES).await;
    let of_frame = |id| vec![cannot(id, "obstructed", Some(0))];
    let mixed = team.answered(vec![cannot(0xa1, "image_quality", None)], of_frame(0xa2)).await;
    let both = team.answered(of_frame(0xb1), of_frame(0xb2)).await;
    for item in [mixed, both] {
        let work = team.claim(&team.specialists[0], Some(item)).await.unwrap();
        let subject = work.subject.unwrap();
        assert_eq!(subject.annotations.len(), 1, "they agree");
        assert_eq!(subject.annotations[0].cannot_assess().unwrap().frame, None);
        let cards = team.house.pipeline.home(&team.specialists[0]).await.unwrap().cards;
        assert!(cards.iter().any(|card| card.kind == "continue" && card.cannot_assess));
        let (task, fence) = (work.task.id, work.task.fence);
        team.house.pipeline.give_back(&team.specialists[0], task, fence).await.unwrap();
        team.sign(&team.specialists[0], item).await;
    }
    // One who could see something is worth a look.
    let seen = team.answered(of_frame(0xc1), vec![]).await;
    assert!(team.claim(&team.reviewer, Some(seen)).await.unwrap().dispute.is_some());

    let owner = team.house.sign_in("owner@p").await;
    let page = team.house.pipeline.items(&owner, team.project, Default::default()).await.unwrap();
    let told = page.items.iter().filter(|item| item.cannot_assess).map(|item| item.id);
    assert_eq!(told.collect::<std::collections::BTreeSet<_>>(), [mixed, both].into());
    let mut text = released(&team).await;
    let coco: Value = serde_json::from_str(&text("coco.json")).unwrap();
    let images = coco["images"].as_array().unwrap();
    assert_eq!(images.iter().filter(|image| !image["cannot_assess"].is_null()).count(), 2);
    let certificate: Value = serde_json::from_str(&text("certificate.json")).unwrap();
    let counts = certificate.pointer("/statement/counts").unwrap_or(&certificate["counts"]);
    let count = |name: &str| counts[name].as_u64().unwrap_or(0);
    assert_eq!((count("items_not_assessed"), count("items_without_annotations")), (2, 0));
    assert!(text("FORMATS.txt").contains("or of each frame one by one"));
}

/// Agreement, tiers, certification and the inspector's copy after the release.
async fn counted_apart(team: &Team) {
    let pipeline = &team.house.pipeline;
    let auditor = team.house.sign_in("auditor@p").await;
    let report = pipeline.agreement(&auditor, team.project).await.unwrap();
    assert_eq!((report.items, report.agreed_items, report.not_assessed), (2, 2, 2));
    assert!(report.classes.iter().all(|class| class.class != CANNOT_ASSESS));
    let tiers = pipeline.tiers(&auditor, team.project).await.unwrap();
    assert_eq!((tiers.accepted, tiers.not_assessed), (4, 1));
    let unseen = tiers.unseen.unwrap();
    assert_eq!((unseen.items, unseen.both), (2, 1));

    let copy = copy_of(&team.house, &auditor, Some(team.project)).await;
    check(&team.house, &copy).unwrap();
    let labels = String::from_utf8(copy.0["labels.jsonl"].clone()).unwrap();
    assert!(labels.contains("cannot-assess") && labels.contains("half in the shade"));

    let engineer = team.house.sign_in("quality_engineer@p").await;
    let frozen = pipeline.freeze(&engineer, team.project, draft("bound", 0.2)).await.unwrap();
    assert_eq!((frozen.units, frozen.not_assessed), (3, 1), "it is no correct empty");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_why_once_and_where_nothing_is_marked() {
    let team = Team::new(1, STAGES).await;
    let pipeline = &team.house.pipeline;
    let reader = &team.readers[0];
    let work = team.claim(reader, None).await.unwrap();
    let (task, fence, read) = (work.task.id, work.task.fence, work.read.unwrap().summary.id);
    let refused = async |changes: Vec<Change>| {
        let tried = pipeline.submit(reader, task, fence, 0, changes).await;
        code(&tried.unwrap_err())
    };
    assert_eq!(refused(vec![cannot(1, "tired", None)]).await, "bad_answer");
    assert_eq!(refused(vec![cannot(1, "other", None)]).await, "bad_answer");
    assert_eq!(refused(vec![cannot(1, "obstructed", Some(9))]).await, "no_such_frame");
    assert_eq!(refused(vec![cannot(1, "obstructed", None), mark(3.0, "object")]).await, "marks_not_assessed");
    assert_eq!(
        refused(vec![cannot(1, "obstructed", Some(0)), mark(3.0, "object")]).await,
        "marks_not_assessed"
    );
    let twice = vec![cannot(1, "obstructed", None), cannot(2, "image_quality", None)];
    assert_eq!(refused(twice).await, "answered_twice");

    // Nobody else learns of an answer, and each of its versions stays.
    let saved = pipeline.save(reader, read, fence, 0, vec![cannot(1, "obstructed", None)]).await.unwrap();
    let again = vec![cannot(1, "image_quality", None)];
    let saved = pipeline.save(reader, read, fence, saved.revision, again).await.unwrap();
    let versions = pipeline.history(reader, read, answer(1)).await.unwrap().versions;
    assert_eq!(versions.len(), 2);
    let other = team.claim(&team.readers[1], Some(work.item.id)).await.unwrap();
    assert!(!serde_json::to_string(&other.read).unwrap().contains(CANNOT_ASSESS));
    assert_eq!(code(&pipeline.read(&team.readers[1], read).await.unwrap_err()), "not_found");
    pipeline.submit(reader, task, fence, saved.revision, vec![]).await.unwrap();
    assert_eq!(code(&pipeline.read(&team.readers[1], read).await.unwrap_err()), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protocol_may_refuse_the_answer() {
    let stages = format!("cannot_assess: false\n{}", STAGES.trim_start());
    let team = Team::new(1, &stages).await;
    let work = team.claim(&team.readers[0], None).await.unwrap();
    let changes = vec![cannot(1, "obstructed", None)];
    let (task, fence) = (work.task.id, work.task.fence);
    let tried = team.house.pipeline.submit(&team.readers[0], task, fence, 0, changes).await;
    assert_eq!(code(&tried.unwrap_err()), "answer_not_allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewer_takes_an_answer_back_and_the_read_behind_it_stays() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 1).await;
    let pipeline = &house.pipeline;
    let work = pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap();
    let (task, fence) = (work.task.id, work.task.fence);
    let said = vec![cannot(1, "not_covered", None)];
    pipeline.submit(&crew.annotator, task, fence, 0, said).await.unwrap();
    let work = pipeline.claim(&crew.reviewer, project, Wish::default()).await.unwrap();
    assert!(work.subject.unwrap().annotations[0].is_answer());
    let (task, fence) = (work.task.id, work.task.fence);
    let verdict = Verdict {
        marks: vec![],
        all_right: true,
        decision: ReviewDecision::Fix,
        missing: Some(Missing::Added),
        reason: Some("missed_finding".into()),
        comment: None,
        return_to: None,
    };
    let fixed = vec![Change::Remove { id: answer(1) }, mark(3.0, "object")];
    let kept = vec![fixed[1].clone()];
    let tried = pipeline.review(&crew.reviewer, task, fence, 0, kept, verdict.clone()).await;
    assert_eq!(code(&tried.unwrap_err()), "marks_not_assessed");
    pipeline.review(&crew.reviewer, task, fence, 0, fixed, verdict).await.unwrap();
    let auditor = house.sign_in("auditor@p").await;
    let detail = pipeline.item(&auditor, work.item.id).await.unwrap();
    let answers: Vec<_> = detail.reads.iter().map(|read| read.cannot_assess.is_some()).collect();
    assert_eq!(answers, [true, false], "the first answer is kept beside the correction");
}
