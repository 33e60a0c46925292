//! Several people confuse two classes: the guideline is asked about, and nobody is blamed meanwhile.

use std::sync::Arc;

use countersign_model::{FrameRef, ItemId, ProjectId, Role, Shape};
use countersign_pipeline::{
    guidelines::{ChangeKind, GuidelineCard, GuidelineDocument, Publication},
    people::Caller,
    review::Verdict,
    tickets::TicketView,
    work::{AnnotationInput, Change, Wish},
};
use countersign_workflow::{Missing, ReviewDecision};

use crate::{
    harness::{House, PASSWORD},
    releases::{Crew, code, images, mark},
};

const FIRST: Option<FrameRef> = Some(FrameRef { stream: 0, index: 0 });

fn drawn(number: u128, class: &str) -> Change {
    let shape = Shape::Box { x: 3.0, y: 2.0, w: 10.5, h: 5.25 };
    let annotation: AnnotationInput = mark(number, class, FIRST, shape);
    Change::Put { annotation }
}

/// Somebody reads the next item: one object, and two texts that nobody doubts.
async fn read(house: &House, reader: &Caller, project: ProjectId, number: u128) {
    let pipeline = &house.pipeline;
    let work = pipeline.claim(reader, project, Wish::default()).await.unwrap();
    let number = number * 10;
    let changes = vec![drawn(number, "object"), drawn(number + 1, "text"), drawn(number + 2, "text")];
    let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
    pipeline.submit(reader, task, fence, revision, changes).await.unwrap();
}

/// The reviewer says that the object is a person, or takes it as it is; the item.
async fn review(house: &House, crew: &Crew, project: ProjectId, number: u128, right: bool) -> ItemId {
    reviewed_by(house, &crew.reviewer, project, number, right).await
}

async fn reviewed_by(
    house: &House,
    reviewer: &Caller,
    project: ProjectId,
    number: u128,
    right: bool,
) -> ItemId {
    let pipeline = &house.pipeline;
    let work = pipeline.claim(reviewer, project, Wish::default()).await.unwrap();
    let verdict = Verdict {
        marks: vec![],
        all_right: true,
        decision: if right { ReviewDecision::Accept } else { ReviewDecision::Fix },
        missing: Some(Missing::Nothing),
        reason: (!right).then(|| "wrong_class".into()),
        comment: None,
        return_to: None,
    };
    let changes = if right { vec![] } else { vec![drawn(number * 10, "person")] };
    let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
    pipeline.review(reviewer, task, fence, revision, changes, verdict).await.unwrap();
    work.item.id
}

async fn looked(house: &House, caller: &Caller, project: ProjectId) -> Vec<TicketView> {
    house.clock.forward(61);
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    house.pipeline.tickets(caller, project).await.unwrap()
}

async fn publish(house: &House, crew: &Crew, project: ProjectId) {
    let card = GuidelineCard { class: "person".into(), text: "Also from behind.".into(), examples: vec![] };
    let document = GuidelineDocument { text: "Look twice.".into(), cards: vec![card] };
    let draft = house.pipeline.save_guideline(&crew.owner, project, 0, document).await.unwrap();
    let publication = Publication {
        effective_at: None,
        revision: draft.revision,
        change: ChangeKind::Clarification,
        summary: "said what a person is".into(),
        classes: None,
        disputes: vec![],
        campaign: None,
        login: None,
        password: PASSWORD.into(),
    };
    house.pipeline.publish_guideline(&crew.owner, project, publication).await.unwrap();
}

async fn a_pair_asks_for_the_guideline(house: House) {
    let (project, crew, _) = images(&house, 0, 40).await;
    let pipeline = &house.pipeline;
    let engineer = house.sign_in("quality_engineer@p").await;
    let mut readers = vec![crew.annotator.clone()];
    for login in ["second@p", "third@p"] {
        let user = house.person(login).await;
        pipeline.grant(&crew.owner, project, user, Role::Annotator).await.unwrap();
        readers.push(house.sign_in(login).await);
    }
    assert!(looked(&house, &engineer, project).await.is_empty());
    let mut items = Vec::new();
    for number in 1..10_u128 {
        read(&house, &readers[number as usize % 3], project, number).await;
        items.push(review(&house, &crew, project, number, false).await);
    }
    let found = looked(&house, &engineer, project).await;
    let [ticket] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((ticket.cause.as_str(), ticket.state.as_str(), ticket.marks), ("pair", "open", 9));
    let mut pair = [ticket.first_class.as_deref(), ticket.second_class.as_deref()];
    pair.sort_unstable();
    assert_eq!(pair, [Some("object"), Some("person")]);
    assert_eq!(
        (ticket.people, ticket.before.both, ticket.before.either),
        (4, 9, 9),
        "three read, one reviewed"
    );
    assert!(ticket.chance.unwrap() < 0.01 && ticket.expected.unwrap() < 3.0, "{ticket:?}");
    assert!(!ticket.examples.is_empty() && ticket.examples.iter().all(|one| items.contains(&one.item)));
    // Looked at again it is the same ticket.
    read(&house, &readers[0], project, 10).await;
    review(&house, &crew, project, 10, true).await;
    let again = looked(&house, &engineer, project).await;
    assert_eq!((again.len(), again[0].id, again[0].before.either), (1, ticket.id, 10));
    assert_eq!(code(&pipeline.tickets(&crew.annotator, project).await.unwrap_err()), "not_found");

    // Whoever makes the same mistake now is not alarmed about: nothing is held, nobody is told.
    pipeline.set_monitor(&engineer, project, 100.0).await.unwrap();
    for number in 11..18_u128 {
        read(&house, &readers[1], project, number).await;
        let item = review(&house, &crew, project, number, false).await;
        assert!(!pipeline.item(&crew.owner, item).await.unwrap().held);
    }
    assert!(pipeline.feedback(&readers[1]).await.unwrap().is_empty());
    assert!(pipeline.monitor(&engineer, project).await.unwrap().alarms.is_empty());
    let kept = looked(&house, &engineer, project).await;
    assert!(kept[0].suppressed >= 1, "{kept:?}");

    publish(&house, &crew, project).await;
    let closed = pipeline.tickets(&engineer, project).await.unwrap();
    assert_eq!(closed[0].state, "closed");
    assert!(closed[0].guideline.is_some() && closed[0].closed_by.is_some() && closed[0].reason.is_none());
    let late = pipeline.close_ticket(&engineer, ticket.id, "clear".into()).await.unwrap_err();
    assert_eq!(code(&late), "already_decided");
    for caller in [&readers[2], &crew.reviewer] {
        let id = pipeline.guideline(caller, project).await.unwrap().current.unwrap().id;
        pipeline.acknowledge_guideline(caller, project, id).await.unwrap();
    }
    // Since then they agree: what is followed says so, and the old marks open no second ticket.
    for number in 18..26_u128 {
        read(&house, &readers[2], project, number).await;
        review(&house, &crew, project, number, true).await;
    }
    let after = looked(&house, &engineer, project).await;
    assert_eq!((after.len(), after[0].after.both, after[0].after.either), (1, 0, 8));
    let change = after[0].change.unwrap();
    assert!(change.value < -0.5 && change.high < 0.0, "{change:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confused_pair_opens_a_ticket_that_a_guideline_closes() {
    a_pair_asks_for_the_guideline(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confused_pair_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    a_pair_asks_for_the_guideline(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_alone_is_no_matter_of_the_guideline() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 30).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    let user = house.person("reviewer2@p").await;
    house.pipeline.grant(&crew.owner, project, user, Role::Reviewer).await.unwrap();
    let second = house.sign_in("reviewer2@p").await;
    // Two reviewers agree with each other: one person alone reads it otherwise. No alarm comes in between.
    house.pipeline.set_monitor(&engineer, project, 1e6).await.unwrap();
    for number in 1..28_u128 {
        read(&house, &crew.annotator, project, number).await;
        let reviewer = if number % 2 == 0 { &crew.reviewer } else { &second };
        reviewed_by(&house, reviewer, project, number, number % 3 != 0).await;
    }
    assert!(looked(&house, &engineer, project).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_back_raises_its_alarm_once_the_ticket_is_closed_without_a_guideline() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 30).await;
    let pipeline = &house.pipeline;
    let engineer = house.sign_in("quality_engineer@p").await;
    let mut readers = vec![crew.annotator.clone()];
    for login in ["second@p", "third@p"] {
        let user = house.person(login).await;
        pipeline.grant(&crew.owner, project, user, Role::Annotator).await.unwrap();
        readers.push(house.sign_in(login).await);
    }
    for number in 1..10_u128 {
        read(&house, &readers[number as usize % 3], project, number).await;
        review(&house, &crew, project, number, false).await;
    }
    let ticket = looked(&house, &engineer, project).await.remove(0);
    pipeline.set_monitor(&engineer, project, 100.0).await.unwrap();
    for number in 11..20_u128 {
        read(&house, &readers[1], project, number).await;
        review(&house, &crew, project, number, false).await;
    }
    assert!(looked(&house, &engineer, project).await[0].suppressed >= 1);
    assert!(pipeline.monitor(&engineer, project).await.unwrap().alarms.is_empty());
    pipeline.close_ticket(&engineer, ticket.id, "the guideline is clear".into()).await.unwrap();
    read(&house, &readers[1], project, 20).await;
    review(&house, &crew, project, 20, false).await;
    let alarms = pipeline.monitor(&engineer, project).await.unwrap().alarms;
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert!(alarms[0].checked >= 5, "the run reaches back to where the errors began: {alarms:?}");
}
