//! Reviews are checks: a change is found, what is in doubt is held, the person is told, and a human decides.

use countersign_model::{AlarmId, FrameRef, ItemId, ProjectId, Shape};
use countersign_pipeline::{
    items::ItemQuery,
    live::Seen,
    monitor::{AlarmChoice, AlarmDecision, AlarmView, MonitorView, StreamView},
    people::Caller,
    review::Verdict,
    work::{AnnotationInput, Change, Wish},
};
use countersign_store::{Actor, Evidence, monitoring};
use countersign_workflow::{Missing, ReviewDecision};

use crate::{
    double::{STAGES, Team},
    harness::House,
    releases::{Crew, code, images, mark},
};

const FIRST: Option<FrameRef> = Some(FrameRef { stream: 0, index: 0 });
/// The rarest false alarms that a short test can wait for.
const RUN_LENGTH: f64 = 100.0;

fn drawn(number: u128, class: &str) -> AnnotationInput {
    mark(number, class, FIRST, Shape::Box { x: 3.0, y: 2.0, w: 10.5, h: 5.25 })
}

/// The annotator reads the next item; the item.
async fn read(house: &House, crew: &Crew, project: ProjectId, number: u128) -> (ItemId, String) {
    let pipeline = &house.pipeline;
    let work = pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap();
    let changes = vec![Change::Put { annotation: drawn(number, "object") }];
    let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
    let standing = pipeline.submit(&crew.annotator, task, fence, revision, changes).await.unwrap();
    (work.item.id, standing.phase)
}

/// The reviewer takes the next read as it is, or says that the mark is a person.
async fn review(house: &House, crew: &Crew, project: ProjectId, number: u128, right: bool) -> ItemId {
    let pipeline = &house.pipeline;
    let work = pipeline.claim(&crew.reviewer, project, Wish::default()).await.unwrap();
    let verdict = Verdict {
        marks: vec![],
        all_right: true,
        decision: if right { ReviewDecision::Accept } else { ReviewDecision::Fix },
        missing: Some(Missing::Nothing),
        reason: (!right).then(|| "wrong_class".into()),
        comment: None,
        return_to: None,
    };
    let changes = if right { vec![] } else { vec![Change::Put { annotation: drawn(number, "person") }] };
    let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
    pipeline.review(&crew.reviewer, task, fence, revision, changes, verdict).await.unwrap();
    work.item.id
}

/// The stream of reviews: what else is watched has streams of its own.
fn reviews(monitor: &MonitorView) -> &StreamView {
    monitor.streams.iter().find(|one| one.stream == "review").unwrap()
}

async fn held(house: &House, caller: &Caller, item: ItemId) -> bool {
    house.pipeline.item(caller, item).await.unwrap().held
}

/// Good work, then nothing but corrections until an alarm; items in order, and the alarm as the annotator is told of it.
async fn until_the_alarm(house: &House, crew: &Crew, project: ProjectId) -> (Vec<ItemId>, AlarmView) {
    let engineer = house.sign_in("quality_engineer@p").await;
    let set = house.pipeline.set_monitor(&engineer, project, RUN_LENGTH).await.unwrap();
    assert!((set.run_length - RUN_LENGTH).abs() < 1e-9 && set.streams.is_empty());
    let mut items = Vec::new();
    for number in 1..14_u128 {
        read(house, crew, project, number).await;
        items.push(review(house, crew, project, number, number <= 5).await);
        if let Some(alarm) = house.pipeline.feedback(&crew.annotator).await.unwrap().pop() {
            return (items, alarm);
        }
    }
    panic!("nine corrections in a row raise no alarm");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_afternoon_is_found_told_held_and_decided_by_somebody_else() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 16).await;
    let pipeline = &house.pipeline;
    let (items, alarm) = until_the_alarm(&house, &crew, project).await;
    let wrong = items.len() - 5;
    assert!((3..=6).contains(&wrong), "found after {wrong} corrections");
    assert_eq!((alarm.state.as_str(), alarm.wrong, alarm.checked), ("open", wrong as u64, wrong as u64));
    // What is named is what happened three times or more; the example shows a correction.
    let pattern = &alarm.patterns[0];
    assert_eq!((pattern.right.as_deref(), pattern.said.as_deref()), (Some("person"), Some("object")));
    assert_eq!(alarm.example, items.last().copied());
    for (place, item) in items.iter().enumerate() {
        assert_eq!(held(&house, &crew.owner, *item).await, place >= 5, "item {place}");
    }
    assert_eq!((alarm.held, alarm.still_held), (wrong as u64, wrong as u64));

    // The person hears of it at once; colleagues hear nothing of it.
    pipeline.store.sequence().await.unwrap();
    let reader = house.sign_in("everything@p").await;
    let (mut told, mut others) = (0, 0);
    for event in pipeline.heard_since(0).await.unwrap() {
        let is_feedback =
            |seen: Seen| matches!(seen, Seen::Whole { event, .. } if event.object_kind == "feedback");
        told += u32::from(is_feedback(pipeline.seen_live(&crew.annotator, &event).await.unwrap()));
        others += u32::from(is_feedback(pipeline.seen_live(&reader, &event).await.unwrap()));
    }
    assert_eq!((told, others), (1, 0));
    assert!(pipeline.feedback(&crew.reviewer).await.unwrap().is_empty());

    // Until somebody decides, whatever is handed in waits too.
    let (later, _) = read(&house, &crew, project, 50).await;
    assert!(held(&house, &crew.owner, later).await);
    assert_eq!(code(&pipeline.monitor(&crew.reviewer, project).await.unwrap_err()), "not_found");
    decided(&house, &crew, project, &alarm, &items, later).await;
}

async fn decided(
    house: &House,
    crew: &Crew,
    project: ProjectId,
    alarm: &AlarmView,
    items: &[ItemId],
    later: ItemId,
) {
    let pipeline = &house.pipeline;
    let engineer = house.sign_in("quality_engineer@p").await;
    let decision = |decision, reason: &str| AlarmDecision { decision, reason: reason.into() };
    let stranger = pipeline.appeal_alarm(&engineer, alarm.id, "not mine".into()).await.unwrap_err();
    assert_eq!(code(&stranger), "not_found");
    let words = "the guideline changed at noon";
    let appealed = pipeline.appeal_alarm(&crew.annotator, alarm.id, words.into()).await.unwrap();
    assert_eq!((appealed.state.as_str(), appealed.appeal.as_deref()), ("appealed", Some(words)));
    let twice = pipeline.appeal_alarm(&crew.annotator, alarm.id, words.into()).await.unwrap_err();
    assert_eq!(code(&twice), "already_decided");

    let silent = pipeline.decide_alarm(&engineer, alarm.id, decision(AlarmChoice::Dismiss, " ")).await;
    assert_eq!(code(&silent.unwrap_err()), "reason_required");
    let annotator =
        pipeline.decide_alarm(&crew.annotator, alarm.id, decision(AlarmChoice::Dismiss, "x")).await;
    assert_eq!(code(&annotator.unwrap_err()), "not_found");
    let before = pipeline.monitor(&engineer, project).await.unwrap();
    assert_eq!((before.alarms.len(), reviews(&before).wrong), (1, alarm.wrong));
    let done =
        pipeline.decide_alarm(&engineer, alarm.id, decision(AlarmChoice::Dismiss, "it did")).await.unwrap();
    assert_eq!((done.state.as_str(), done.still_held, done.wrong), ("dismissed", 0, 0));
    let after = pipeline.monitor(&engineer, project).await.unwrap();
    assert_eq!((reviews(&after).wrong, reviews(&after).checked), (0, reviews(&before).checked));
    let checks = pipeline.monitor_checks(&engineer, project, alarm.user, None).await.unwrap();
    assert_eq!(checks.iter().filter(|check| check.overturned).count() as u64, alarm.wrong);
    for item in items.iter().chain([&later]) {
        assert!(!held(house, &crew.owner, *item).await);
    }
    let corrections = pipeline.corrections(&engineer, project).await.unwrap();
    assert!(corrections.kinds.is_empty(), "what was taken back is no correction");
    let again = pipeline.decide_alarm(&engineer, alarm.id, decision(AlarmChoice::Uphold, "no")).await;
    assert_eq!(code(&again.unwrap_err()), "already_decided");
    // Work goes on: the read that was held is reviewed.
    assert_eq!(review(house, crew, project, 50, true).await, later);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_made_the_checks_does_not_decide_and_an_upheld_alarm_keeps_what_was_accepted() {
    let house = House::new().await;
    let (project, mut crew, _) = images(&house, 0, 16).await;
    // One person with every role reviews; they may manage holds too.
    crew.reviewer = house.sign_in("everything@p").await;
    let (items, alarm) = until_the_alarm(&house, &crew, project).await;
    let pipeline = &house.pipeline;
    let (waiting, phase) = read(&house, &crew, project, 60).await;
    assert_eq!(phase, "queued");
    let uphold = || AlarmDecision { decision: AlarmChoice::Uphold, reason: "read with care".into() };
    let own = pipeline.decide_alarm(&crew.reviewer, alarm.id, uphold()).await.unwrap_err();
    assert_eq!(code(&own), "separation_of_duties");
    // Nor does whoever worked on an item lift what the alarm put on it, one by one.
    let holds = pipeline.item(&crew.reviewer, items[5]).await.unwrap().holds;
    let hold = holds.iter().find(|hold| hold.lifted_at.is_none()).unwrap().id;
    let lifted = pipeline.lift(&crew.reviewer, hold, "fine by me".into()).await.unwrap_err();
    assert_eq!(code(&lifted), "separation_of_duties");
    let engineer = house.sign_in("quality_engineer@p").await;
    let listed = pipeline.alarm_items(&engineer, alarm.id).await.unwrap();
    assert_eq!(listed.len() as u64, alarm.held + 1);
    pipeline.decide_alarm(&engineer, alarm.id, uphold()).await.unwrap();
    // All of them wait for the specialist or the reviewer: none was accepted, so each goes on to be looked at.
    for item in items.iter().chain([&waiting]) {
        assert!(!held(&house, &crew.owner, *item).await);
    }
    let corrections = pipeline.corrections(&engineer, project).await.unwrap();
    let kind = &corrections.kinds[0];
    assert_eq!((kind.right.as_deref(), kind.said.as_deref()), (Some("person"), Some("object")));
    assert_eq!((kind.reads, kind.people, corrections.wrong), (alarm.wrong, 1, alarm.wrong));
    assert!(kind.low < kind.high && kind.examples.contains(items.last().unwrap()));
    let monitor = pipeline.monitor(&engineer, project).await.unwrap();
    assert_eq!(reviews(&monitor).wrong, alarm.wrong, "an alarm that stands keeps its checks");
    let bad = pipeline.set_monitor(&engineer, project, 1.0).await.unwrap_err();
    assert_eq!(code(&bad), "bad_plan");
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_begins_anew_under_another_number_only_and_never_by_whom_it_is_about() {
    let house = House::new().await;
    let (project, mut crew, _) = images(&house, 0, 2).await;
    // One person with every role draws; they may manage holds too.
    crew.annotator = house.sign_in("everything@p").await;
    let pipeline = &house.pipeline;
    read(&house, &crew, project, 1).await;
    review(&house, &crew, project, 1, false).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    let level = async |caller: &Caller, run_length| {
        reviews(&pipeline.set_monitor(caller, project, run_length).await.unwrap()).level
    };
    let default = pipeline.monitor(&engineer, project).await.unwrap().run_length;
    let before = level(&engineer, default).await;
    assert!(before > 0.0, "the same number again changes nothing");
    assert!((level(&crew.annotator, RUN_LENGTH).await - before).abs() < 1e-12, "their own evidence stays");
    assert!(level(&engineer, 2.0 * RUN_LENGTH).await.abs() < 1e-12);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_about_one_reader_tells_the_other_nothing_until_both_are_done() {
    let team = Team::new(2, STAGES).await;
    let (project, user) = (team.project, team.readers[0].user());
    let store = &team.house.pipeline.store;
    let raised: Result<_, countersign_store::StoreError> = store
        .write(Actor::system(), move |tx| {
            Box::pin(async move {
                let (id, since_at): (AlarmId, _) = (tx.fresh(), tx.now());
                let alarm = monitoring::Alarm {
                    id,
                    project_id: project,
                    user_id: user,
                    stream: "review".into(),
                    state: "open".into(),
                    number: 3,
                    since_number: 1,
                    since_at,
                    evidence: 1.0,
                    run_length: 100.0,
                    patterns: "[]".into(),
                    raised_at: since_at,
                    appeal: None,
                    appealed_at: None,
                    decided_by: None,
                    decided_at: None,
                    reason: None,
                };
                monitoring::insert_alarm(tx, alarm).await?;
                tx.record(Evidence::new("alarm.raised", "alarm", id.uuid()))
            })
        })
        .await;
    raised.unwrap();
    let a = team.claim(&team.readers[0], None).await.unwrap();
    let item = a.item.id;
    let seen = async || {
        let found = team.house.pipeline.items(&team.readers[1], project, ItemQuery::default()).await.unwrap();
        let found = found.items.into_iter().find(|one| one.id == item);
        found.map(|one| (one.held, one.phase, one.updated_at))
    };
    let b = team.claim(&team.readers[1], Some(item)).await.unwrap();
    let before = seen().await;
    assert!(before.is_some());
    team.submit(&team.readers[0], &a, &[(3.0, "object")]).await;
    assert_eq!(seen().await, before, "the first is through, and nothing tells");
    team.submit(&team.readers[1], &b, &[(3.0, "object")]).await;
    team.house.pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
    let owner = team.house.sign_in("owner@p").await;
    assert!(team.house.pipeline.item(&owner, item).await.unwrap().held, "held once both are done");
}
