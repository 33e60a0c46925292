//! Rounds of rework leave what they cannot take up, say why, and take it up when nothing stands in the way any more.

use std::{collections::BTreeSet, sync::Arc};

use countersign_model::{Class, FrameRef, ItemId, ProjectId, Shape, ShapeKind};
use countersign_pipeline::{
    campaigns::CampaignView,
    guidelines::ChangeKind,
    items::ItemQuery,
    live::Seen,
    ontology::{OntologyDraft, OntologyOperation},
    people::Caller,
    work::{Change, Wish},
};

use crate::{
    double::{STAGES, Team},
    guidelines::{acknowledge, document, publish},
    harness::{House, PASSWORD},
    releases::{Crew, accepted_images, images, mark},
};

async fn drain(house: &House) {
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
}

/// The newest round, and its reasons as (word, items, waits).
async fn round(house: &House, owner: &Caller, project: ProjectId) -> CampaignView {
    house.pipeline.campaigns(owner, project).await.unwrap().remove(0)
}

fn reasons(seen: &CampaignView) -> Vec<(&str, u64, bool)> {
    seen.left.iter().map(|one| (one.reason.as_str(), one.items, one.waits)).collect()
}

/// Whether somebody is told live what happens to rounds and guidelines: the kinds that they hear of.
async fn hears(house: &House, who: &Caller) -> Vec<String> {
    house.pipeline.store.sequence().await.unwrap();
    let mut kinds = BTreeSet::new();
    for event in house.pipeline.heard_since(0).await.unwrap() {
        if let Seen::Whole { event, .. } = house.pipeline.seen_live(who, &event).await.unwrap() {
            kinds.insert(event.object_kind);
        }
    }
    kinds.retain(|kind| kind == "campaign" || kind == "guideline");
    kinds.into_iter().collect()
}

fn counts(seen: &CampaignView) -> (bool, u64, u64, u64) {
    (seen.opening, seen.items, seen.done, seen.skipped)
}

/// A first version of the guideline, then the correction that begins a round.
async fn correct(house: &House, crew: &Crew, project: ProjectId, item: ItemId) {
    for (words, change) in [("one", ChangeKind::Extension), ("two", ChangeKind::Correction)] {
        publish(house, &crew.owner, project, document(item, words), change).await;
    }
    acknowledge(house, project, &[&crew.annotator, &crew.reviewer, &crew.specialist]).await;
}

async fn a_held_item_is_taken_up_when_its_hold_is_lifted(house: House) {
    let (project, crew, items) = accepted_images(&house, 3).await;
    let (pipeline, owner) = (&house.pipeline, &crew.owner);
    let hold = pipeline.hold(owner, items[0], "a doubt".into()).await.unwrap();
    correct(&house, &crew, project, items[0]).await;
    // The second image is empty: nothing in it follows any rule.
    let seen = round(&house, owner, project).await;
    assert_eq!(counts(&seen), (true, 2, 0, 1));
    assert_eq!(reasons(&seen), [("held", 1, true)]);
    let named: Vec<_> = seen.left_items.iter().map(|one| (one.item, one.reason.as_str())).collect();
    assert_eq!(named, [(items[0], "held")]);
    assert!(!seen.left_items[0].name.is_empty());
    // Who follows the round hears of its progress at once; whoever reads hears of the guideline alone.
    assert_eq!(hears(&house, owner).await, ["campaign", "guideline"]);
    assert_eq!(hears(&house, &crew.annotator).await, ["guideline"]);

    // Work that has nothing to do with it changes nothing.
    crew.work(&house, project, &[]).await;
    drain(&house).await;
    assert_eq!(counts(&round(&house, owner, project).await), (true, 2, 1, 1));

    pipeline.lift(owner, hold.id, "it was fine".into()).await.unwrap();
    drain(&house).await;
    let seen = round(&house, owner, project).await;
    assert_eq!((counts(&seen), reasons(&seen)), ((false, 2, 1, 0), vec![]), "back in work, nothing waits");
    assert!(seen.left_items.is_empty());
    let work = pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap();
    assert_eq!((work.item.id, work.campaign.unwrap().name.as_str()), (items[0], "objects again"));
    pipeline.give_back(&crew.annotator, work.task.id, work.task.fence).await.unwrap();
    crew.work(&house, project, &[]).await;
    assert_eq!(counts(&round(&house, owner, project).await), (false, 2, 2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_item_is_taken_up() {
    a_held_item_is_taken_up_when_its_hold_is_lifted(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_item_is_taken_up_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    a_held_item_is_taken_up_when_its_hold_is_lifted(house).await;
}

/// The shipped protocol for images under another number, with or without its stage of review.
pub fn protocol(version: u32, reviewed: bool) -> String {
    let (_, text) = countersign_workflow::shipped().iter().find(|(id, _)| *id == "images").unwrap();
    let text = text.replace("version: 1", &format!("version: {version}"));
    if reviewed {
        return text;
    }
    let (head, rest) = text.split_once("  - id: review\n").unwrap();
    let (_, tail) = rest.split_once("  - id: sign\n").unwrap();
    format!("{head}  - id: sign\n{tail}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_other_stages_kept_out_is_taken_up_when_the_stages_are_back() {
    let house = House::new().await;
    let (project, crew, items) = accepted_images(&house, 1).await;
    let (pipeline, owner) = (&house.pipeline, &crew.owner);
    let put = async |against, reviewed| {
        let text = protocol(against + 1, reviewed);
        let why = Some("as before");
        pipeline.put_protocol(owner, project, against, &text, why, PASSWORD).await.unwrap();
        drain(&house).await;
    };
    put(1, false).await;
    correct(&house, &crew, project, items[0]).await;
    let seen = round(&house, owner, project).await;
    assert_eq!((counts(&seen), reasons(&seen)), ((true, 1, 0, 1), vec![("other_protocol_version", 1, true)]));
    put(2, true).await;
    let seen = round(&house, owner, project).await;
    assert_eq!((counts(&seen), reasons(&seen)), ((false, 1, 0, 0), vec![]));
    crew.work(&house, project, &[]).await;
    assert_eq!(counts(&round(&house, owner, project).await), (false, 1, 1, 0));
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

async fn a_split_begins_its_round_while_nothing_is_accepted(house: House) {
    let (project, crew, _) = images(&house, 0, 2).await;
    let (pipeline, owner) = (&house.pipeline, &crew.owner);
    let operations =
        vec![OntologyOperation::Split { class: "object".into(), into: vec![class("cup"), class("plate")] }];
    let draft = OntologyDraft {
        operations,
        reason: "two things".into(),
        campaign: Some("cups and plates".into()),
        login: None,
        password: PASSWORD.into(),
    };
    let changed = pipeline.change_ontology(owner, project, 1, draft).await.unwrap();
    assert!(changed.campaign.is_some(), "both images are read by the classes that they began with");
    drain(&house).await;
    let seen = round(&house, owner, project).await;
    assert_eq!((counts(&seen), reasons(&seen)), ((true, 0, 0, 0), vec![("in_work", 2, true)]));
    assert_eq!(seen.left_items.len(), 2);

    // One is drawn with the class that was split, the other one is not.
    let place = Some(FrameRef { stream: 0, index: 0 });
    let shape = Shape::Box { x: 1.0, y: 1.0, w: 5.0, h: 5.0 };
    let first = crew.work(&house, project, &[mark(1, "object", place, shape.clone())]).await;
    drain(&house).await;
    let seen = round(&house, owner, project).await;
    assert_eq!((counts(&seen), reasons(&seen)), ((true, 1, 0, 0), vec![("in_work", 1, true)]));
    let all = pipeline.items(owner, project, ItemQuery::default()).await.unwrap().items;
    let other = all.iter().map(|item| item.id).find(|item| *item != first);
    let wish = |item| Wish { item, ..Wish::default() };
    let work = pipeline.claim(&crew.annotator, project, wish(other)).await.unwrap();
    let (task, fence) = (work.task.id, work.task.fence);
    let changes = vec![Change::Put { annotation: mark(2, "person", place, shape) }];
    pipeline.submit(&crew.annotator, task, fence, 0, changes).await.unwrap();
    crew.finish(&house, project).await;
    drain(&house).await;
    let seen = round(&house, owner, project).await;
    assert_eq!(
        (counts(&seen), reasons(&seen)),
        ((false, 1, 0, 0), vec![]),
        "the other holds none of the class"
    );

    let work = pipeline.claim(&crew.annotator, project, wish(Some(first))).await.unwrap();
    assert_eq!(work.campaign.unwrap().name, "cups and plates");
    let read = work.read.unwrap();
    let cup = |id: u128, shape: &Shape| mark(id, "cup", place, shape.clone());
    let changes = read.annotations.iter().map(|old| cup(old.id.0.as_u128(), &old.shape));
    let changes = changes.map(|annotation| Change::Put { annotation }).collect();
    let (task, fence) = (work.task.id, work.task.fence);
    pipeline.submit(&crew.annotator, task, fence, read.revision, changes).await.unwrap();
    crew.finish(&house, project).await;
    assert_eq!(counts(&round(&house, owner, project).await), (false, 1, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_begins_its_round() {
    a_split_begins_its_round_while_nothing_is_accepted(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_begins_its_round_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    a_split_begins_its_round_while_nothing_is_accepted(house).await;
}

/// The count of what is in work says nothing of how far blind readers are.
#[tokio::test(flavor = "multi_thread")]
async fn a_round_tells_nothing_of_blind_readers() {
    let team = Team::new(1, STAGES).await;
    let (house, project) = (&team.house, team.project);
    let owner = house.sign_in("owner@p").await;
    let all = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap().items;
    publish(house, &owner, project, document(all[0].id, "one"), ChangeKind::Extension).await;
    acknowledge(house, project, &[&team.readers[0]]).await;
    let begin = team.claim(&team.readers[0], None).await.unwrap();
    publish(house, &owner, project, document(all[0].id, "two"), ChangeKind::Correction).await;
    let begun = round(house, &owner, project).await;
    assert_eq!(reasons(&begun), [("in_work", 1, true)]);
    house.pipeline.give_back(&team.readers[0], begin.task.id, begin.task.fence).await.unwrap();

    // Where nobody has begun, the round of a later correction says the same.
    let fresh = Team::new(1, STAGES).await;
    let (house, project) = (&fresh.house, fresh.project);
    let owner = house.sign_in("owner@p").await;
    let all = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap().items;
    for (words, change) in [("one", ChangeKind::Extension), ("two", ChangeKind::Correction)] {
        publish(house, &owner, project, document(all[0].id, words), change).await;
    }
    assert_eq!(reasons(&round(house, &owner, project).await), reasons(&begun));
}
