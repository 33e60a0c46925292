//! No item waits for ever: an owner decides about what came back too often, and what waits for somebody who left is freed.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use countersign_model::{FrameRef, ItemId, ProjectId, Role, Shape};
use countersign_pipeline::{
    home::HomeCard,
    live::Seen,
    people::Caller,
    qualifications::QualificationDraft,
    release::Selection,
    review::Verdict,
    signing::Components,
    work::{Change, Wish},
};
use countersign_store::Actor;
use countersign_workflow::{OwnerDecision, ReviewDecision};

use crate::{
    harness::{House, PASSWORD},
    releases::{Crew, code, ingest, mark, png},
};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// A project of one image whose protocol differs from the shipped one in some places.
async fn ward(house: &House, changes: &[(&str, &str)]) -> (ProjectId, Crew) {
    let project = house.project("p", "images").await;
    let crew = Crew::of(house, "p", "reviewer").await;
    let (_, text) = countersign_workflow::shipped().iter().find(|(id, _)| *id == "images").unwrap();
    let mut text = text.replacen("version: 1", "version: 2", 1);
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    house.pipeline.activate_protocol(&crew.owner, project, 1, &text, PASSWORD).await.unwrap();
    ingest(house, project, "p", &[("0.png".into(), png(64, 48, 1))]).await;
    (project, crew)
}

async fn submit(house: &House, who: &Caller, project: ProjectId) -> ItemId {
    let work = house.pipeline.claim(who, project, Wish::default()).await.unwrap();
    let shape = Shape::Box { x: 3.0, y: 2.0, w: 10.5, h: 5.25 };
    let annotation = mark(1, "object", Some(FrameRef { stream: 0, index: 0 }), shape);
    let changes = if work.read.as_ref().unwrap().annotations.is_empty() {
        vec![Change::Put { annotation }]
    } else {
        vec![]
    };
    let revision = work.read.unwrap().revision;
    house.pipeline.submit(who, work.task.id, work.task.fence, revision, changes).await.unwrap();
    work.item.id
}

async fn reject(house: &House, who: &Caller, project: ProjectId) -> String {
    let work = house.pipeline.claim(who, project, Wish::default()).await.unwrap();
    let verdict = Verdict {
        decision: ReviewDecision::Reject,
        reason: Some("wrong_outline".into()),
        ..crate::work::accept()
    };
    let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
    house.pipeline.review(who, task, fence, revision, vec![], verdict).await.unwrap().phase
}

async fn card(house: &House, who: &Caller, kind: &str) -> Option<HomeCard> {
    let cards = house.pipeline.home(who).await.unwrap().cards;
    cards.into_iter().find(|card| card.kind == kind)
}

async fn actions(house: &House, item: ItemId) -> Vec<(String, Option<String>)> {
    let auditor = house.sign_in("auditor@p").await;
    let page = house.pipeline.item_events(&auditor, item, None, None).await.unwrap();
    page.items.into_iter().map(|event| (event.action, event.reason)).collect()
}

async fn happened(house: &House, item: ItemId, action: &str) -> Vec<Option<String>> {
    let found = actions(house, item).await;
    found.into_iter().filter(|(done, _)| done == action).map(|(_, reason)| reason).collect()
}

async fn an_owner_decides(house: House) {
    let changes = [
        ("rework_cap: 3", "rework_cap: 1"),
        ("\nitem_kind:", "\noverdue: { decision_hours: 24 }\nitem_kind:"),
    ];
    let (project, crew) = ward(&house, &changes).await;
    let pipeline = &house.pipeline;
    let item = submit(&house, &crew.annotator, project).await;
    assert_eq!(reject(&house, &crew.reviewer, project).await, "queued");
    let early = pipeline.owner_decision(&crew.owner, item, OwnerDecision::Reopen, "now".into()).await;
    assert_eq!(code(&early.unwrap_err()), "wrong_stage");
    submit(&house, &crew.annotator, project).await;
    assert!(card(&house, &crew.owner, "decisions").await.is_none());
    assert_eq!(reject(&house, &crew.reviewer, project).await, "escalated");

    let told = card(&house, &crew.owner, "decisions").await.unwrap();
    assert_eq!((told.count, told.title.as_str()), (1, "1 item waits for your decision"));
    assert_eq!(told.href, format!("/projects/{project}/items?phase=escalated"));
    assert!(card(&house, &crew.reviewer, "decisions").await.is_none());
    assert_eq!(pipeline.overdue(&crew.owner, project).await.unwrap(), []);
    house.clock.forward(25 * HOUR);
    let (owner, everything) = (house.sign_in("owner@p").await, house.sign_in("everything@p").await);
    let late = pipeline.overdue(&owner, project).await.unwrap();
    assert_eq!((late.len(), late[0].kind, late[0].item), (1, "decision", Some(item)));

    assert!(pipeline.item(&owner, item).await.unwrap().may_decide);
    let reviewer = house.sign_in("reviewer@p").await;
    assert!(!pipeline.item(&reviewer, item).await.unwrap().may_decide);
    let other = pipeline.owner_decision(&reviewer, item, OwnerDecision::Withdraw, "no".into()).await;
    assert_eq!(code(&other.unwrap_err()), "not_found");
    let silent = pipeline.owner_decision(&owner, item, OwnerDecision::Withdraw, " ".into()).await;
    assert_eq!(code(&silent.unwrap_err()), "reason_required");

    let open =
        pipeline.owner_decision(&owner, item, OwnerDecision::Reopen, "new light".into()).await.unwrap();
    assert_eq!((open.phase.as_str(), open.may_decide, open.may_unreserve), ("queued", false, false));
    assert_eq!(happened(&house, item, "item.reopened").await.len(), 1);
    // Anybody who may do the stage begins it; an owner among them has had a part from then on.
    submit(&house, &everything, project).await;
    assert_eq!(reject(&house, &reviewer, project).await, "escalated", "one more round, not two");
    assert!(!pipeline.item(&everything, item).await.unwrap().may_decide);
    let own = pipeline.owner_decision(&everything, item, OwnerDecision::Withdraw, "mine".into()).await;
    assert_eq!(code(&own.unwrap_err()), "separation_of_duties");
    assert_eq!(happened(&house, item, "separation.refused").await.len(), 1, "that they tried is on record");
    assert!(card(&house, &everything, "decisions").await.is_none());

    let gone = pipeline.owner_decision(&owner, item, OwnerDecision::Withdraw, "not readable".into()).await;
    assert_eq!(gone.unwrap().phase, "withdrawn");
    assert_eq!(happened(&house, item, "item.withdrawn").await.len(), 1);
    assert!(card(&house, &owner, "decisions").await.is_none());
    assert_eq!(pipeline.overdue(&owner, project).await.unwrap(), []);
    let scientist = house.sign_in("data_scientist@p").await;
    let signed = Some(Components::from(PASSWORD));
    let none = pipeline.make_release_signed(&scientist, project, "v1", Selection::AllAccepted, signed).await;
    assert_eq!(code(&none.unwrap_err()), "nothing_accepted", "what was withdrawn is in no release");
    // Whoever keeps the evidence hears of it as it happens.
    pipeline.store.sequence().await.unwrap();
    let auditor = house.sign_in("auditor@p").await;
    let mut heard = Vec::new();
    for event in &pipeline.heard_since(0).await.unwrap() {
        if let Seen::Whole { event, .. } = pipeline.seen_live(&auditor, event).await.unwrap() {
            heard.push(event.action);
        }
    }
    assert!(heard.contains(&"item.reopened".to_owned()) && heard.contains(&"item.withdrawn".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_decides_about_what_came_back_too_often() {
    an_owner_decides(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_decides_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    an_owner_decides(house).await;
}

async fn an_owner_frees_a_task(house: House) {
    let (project, crew) = ward(&house, &[]).await;
    let (pipeline, owner) = (&house.pipeline, &crew.owner);
    let item = submit(&house, &crew.annotator, project).await;
    let early = pipeline.unreserve(owner, item, "on leave".into()).await;
    assert_eq!(code(&early.unwrap_err()), "not_reserved");
    reject(&house, &crew.reviewer, project).await;
    let everything = house.sign_in("everything@p").await;
    let wish = || Wish { item: Some(item), ..Wish::default() };
    assert_eq!(code(&pipeline.claim(&everything, project, wish()).await.unwrap_err()), "reserved");
    assert!(pipeline.item(owner, item).await.unwrap().may_unreserve);
    assert_eq!(code(&pipeline.unreserve(owner, item, String::new()).await.unwrap_err()), "reason_required");
    let other = pipeline.unreserve(&crew.reviewer, item, "on leave".into()).await;
    assert_eq!(code(&other.unwrap_err()), "not_found");
    // Whoever is at work on it is left alone, until their lease has run out.
    pipeline.claim(&crew.annotator, project, wish()).await.unwrap();
    assert!(!pipeline.item(owner, item).await.unwrap().may_unreserve);
    let busy = pipeline.unreserve(owner, item, "on leave".into()).await;
    assert_eq!(code(&busy.unwrap_err()), "already_leased");
    house.clock.forward(2 * HOUR);
    let owner = house.sign_in("owner@p").await;
    let freed = pipeline.unreserve(&owner, item, "on leave".into()).await.unwrap();
    assert!(!freed.may_unreserve);
    assert_eq!(happened(&house, item, "task.unreserved").await.len(), 1);
    let everything = house.sign_in("everything@p").await;
    let work = pipeline.claim(&everything, project, wish()).await.unwrap();
    assert!(work.returned.is_none(), "what was said of somebody else's read is not theirs to see");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_frees_a_task_that_waits_for_one_person() {
    an_owner_frees_a_task(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_frees_a_task_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    an_owner_frees_a_task(house).await;
}

/// The reader whose read was sent back, an owner, and somebody else who could do it.
async fn returned(house: &House, changes: &[(&str, &str)]) -> (ProjectId, Crew, Caller, ItemId) {
    let (project, crew) = ward(house, changes).await;
    let other = house.person("second@p").await;
    house.pipeline.grant(&crew.owner, project, other, Role::Annotator).await.unwrap();
    let other = house.sign_in("second@p").await;
    let item = submit(house, &crew.annotator, project).await;
    reject(house, &crew.reviewer, project).await;
    assert_eq!(
        code(&house.pipeline.claim(&other, project, Wish::default()).await.unwrap_err()),
        "nothing_to_do"
    );
    (project, crew, other, item)
}

async fn end_role(house: &House, owner: &Caller, project: ProjectId, who: &Caller) {
    let grants = house.pipeline.grants(owner, project).await.unwrap();
    let grant =
        grants.iter().find(|grant| grant.user == who.user() && grant.role == Role::Annotator).unwrap();
    house.pipeline.end_grant(owner, project, grant.id).await.unwrap();
}

async fn what_waits_for_who_left_is_freed(house: House) {
    let (project, crew, other, item) = returned(&house, &[]).await;
    let pipeline = &house.pipeline;
    end_role(&house, &crew.owner, project, &crew.annotator).await;
    assert_eq!(happened(&house, item, "task.unreserved").await, [Some("role_ended".to_owned())]);
    pipeline.claim(&other, project, Wish::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_somebody_whose_role_ended_is_freed_with_it() {
    what_waits_for_who_left_is_freed(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_somebody_who_left_is_freed_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    what_waits_for_who_left_is_freed(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_of_somebody_who_left_runs_out_and_then_anybody_takes_it() {
    let house = House::new().await;
    let (project, crew, other, item) = returned(&house, &[]).await;
    let pipeline = &house.pipeline;
    pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap();
    end_role(&house, &crew.owner, project, &crew.annotator).await;
    assert_eq!(happened(&house, item, "task.unreserved").await.len(), 1);
    assert_eq!(code(&pipeline.claim(&other, project, Wish::default()).await.unwrap_err()), "nothing_to_do");
    house.clock.forward(2 * HOUR);
    let other = house.sign_in("second@p").await;
    assert_eq!(pipeline.claim(&other, project, Wish::default()).await.unwrap().item.id, item);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_closed_account_is_freed_with_it_even_on_hold() {
    let house = House::new().await;
    let (project, crew, other, item) = returned(&house, &[]).await;
    let pipeline = &house.pipeline;
    let hold = pipeline.hold(&crew.owner, item, "a question".into()).await.unwrap();
    let draft = countersign_pipeline::people::UserDraft {
        login: "root".into(),
        printed_name: "Root".into(),
        password: Some(PASSWORD.into()),
        system_roles: vec![Role::Owner],
    };
    pipeline.make_user_as(Actor::system(), draft).await.unwrap();
    let root = house.sign_in("root").await;
    pipeline.change_user(&root, crew.annotator.user(), Some(false), None).await.unwrap();
    pipeline.lift(&crew.owner, hold.id, "answered".into()).await.unwrap();
    assert_eq!(happened(&house, item, "task.unreserved").await, [Some("account_closed".to_owned())]);
    pipeline.claim(&other, project, Wish::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_back_to_somebody_who_has_left_waits_for_nobody() {
    let house = House::new().await;
    let (project, crew) = ward(&house, &[]).await;
    let item = submit(&house, &crew.annotator, project).await;
    end_role(&house, &crew.owner, project, &crew.annotator).await;
    assert_eq!(happened(&house, item, "task.unreserved").await, []);
    assert_eq!(reject(&house, &crew.reviewer, project).await, "queued");
    assert_eq!(happened(&house, item, "task.unreserved").await, [Some("role_ended".to_owned())]);
    let everything = house.sign_in("everything@p").await;
    let wish = Wish { role: Some(Role::Annotator), ..Wish::default() };
    house.pipeline.claim(&everything, project, wish).await.unwrap();
}

async fn certify(
    house: &House,
    project: ProjectId,
    who: &Caller,
    days: i64,
) -> countersign_model::QualificationId {
    let engineer = house.sign_in("quality_engineer@p").await;
    let draft = QualificationDraft {
        user: who.user(),
        name: "drawing".into(),
        score: None,
        issuer: "a board".into(),
        valid_from: None,
        valid_until: house.pipeline.store.clock().now().plus_seconds(days * DAY),
        evidence_hash: Some("ab".repeat(32)),
        evidence_reference: None,
    };
    house.pipeline.issue_qualification(&engineer, Some(project), draft).await.unwrap().id
}

/// Read by somebody whose certificate lasts for some days, and sent back.
async fn certified(house: &House, days: i64) -> (ProjectId, ItemId, countersign_model::QualificationId) {
    let project = house.project("p", "images").await;
    let crew = Crew::of(house, "p", "reviewer").await;
    let id = certify(house, project, &crew.annotator, days).await;
    certify(house, project, &house.sign_in("everything@p").await, 300).await;
    let (_, text) = countersign_workflow::shipped().iter().find(|(id, _)| *id == "images").unwrap();
    let asked = "    role: annotator\n    qualification: drawing\n";
    let text = text.replacen("version: 1", "version: 2", 1).replacen("    role: annotator\n", asked, 1);
    house.pipeline.activate_protocol(&crew.owner, project, 1, &text, PASSWORD).await.unwrap();
    ingest(house, project, "p", &[("0.png".into(), png(64, 48, 1))]).await;
    let item = submit(house, &crew.annotator, project).await;
    reject(house, &crew.reviewer, project).await;
    (project, item, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_somebody_whose_certificate_was_revoked_is_freed_with_it() {
    let house = House::new().await;
    let (_, item, id) = certified(&house, 300).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    house.pipeline.revoke_qualification(&engineer, id, "copied answers".into()).await.unwrap();
    assert_eq!(happened(&house, item, "task.unreserved").await, [Some("qualification_ended".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_somebody_whose_certificate_ran_out_is_freed_at_its_end() {
    let house = House::new().await;
    let (project, item, _) = certified(&house, 10).await;
    house.clock.forward(9 * DAY);
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    assert_eq!(happened(&house, item, "task.unreserved").await, []);
    house.clock.forward(2 * DAY);
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    assert_eq!(happened(&house, item, "task.unreserved").await, [Some("qualification_ended".to_owned())]);
    let everything = house.sign_in("everything@p").await;
    let wish = Wish { item: Some(item), ..Wish::default() };
    house.pipeline.claim(&everything, project, wish).await.unwrap();
}

/// Events of the machine that no use case sends, and why not.
const NOT_SENT: [&str; 0] = [];

#[test]
fn every_event_of_the_machine_has_a_caller() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned();
    let text = std::fs::read_to_string(crates.join("workflow/src/event.rs")).unwrap();
    let (_, body) = text.split_once("pub enum Event {\n").unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let name = |line: &str| {
        let name = line.strip_prefix("    ").filter(|rest| rest.starts_with(char::is_uppercase))?;
        Some(name.split(|c: char| !c.is_alphanumeric()).next()?.to_owned())
    };
    let events: BTreeSet<String> = body.lines().filter_map(name).collect();
    assert!(events.len() > 20 && events.contains("Unreserved"), "{events:?}");
    let mut code = String::new();
    let mut folders: Vec<PathBuf> = vec![crates.join("pipeline/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                code.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let word = |c: char| !c.is_alphanumeric() && c != ':';
    let said: BTreeSet<&str> = code.split(word).filter_map(|word| word.strip_prefix("Event::")).collect();
    let silent: Vec<&String> = events.iter().filter(|event| !said.contains(event.as_str())).collect();
    assert_eq!(silent, NOT_SENT, "nobody can send it: give it a use case, or say here why it has none");
}
