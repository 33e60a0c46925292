//! An alarm that puts more in doubt than one write holds: the rest follows in a job, it is said how much, and nothing goes meanwhile.

use std::sync::Arc;

use countersign_model::{FrameRef, ProjectId, Shape};
use countersign_pipeline::{
    monitor::{AlarmChoice, AlarmDecision, AlarmView},
    people::Caller,
    release::Selection,
    review::Verdict,
    signing::Components,
    work::{Change, Wish},
};
use countersign_workflow::{Missing, ReviewDecision};

use crate::{
    harness::{House, PASSWORD},
    releases::{Crew, code, images, mark},
};

/// Reads in doubt: more than the write of an alarm holds itself.
const READS: u32 = 104;
const AT_ONCE: u64 = 100;

fn drawn(number: u128, class: &str) -> Change {
    let shape = Shape::Box { x: 3.0, y: 2.0, w: 10.5, h: 5.25 };
    Change::Put { annotation: mark(number, class, Some(FrameRef { stream: 0, index: 0 }), shape) }
}

async fn only(house: &House, caller: &Caller, project: ProjectId) -> AlarmView {
    house.pipeline.monitor(caller, project).await.unwrap().alarms.remove(0)
}

/// Everything is read, then corrected from the first read on, until an alarm.
async fn until_the_alarm(house: &House, crew: &Crew, project: ProjectId) {
    let pipeline = &house.pipeline;
    for number in 1..=u128::from(READS) {
        let work = pipeline.claim(&crew.annotator, project, Wish::default()).await.unwrap();
        let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
        let changes = vec![drawn(100 + number, "object")];
        pipeline.submit(&crew.annotator, task, fence, revision, changes).await.unwrap();
    }
    for number in 1..10_u128 {
        let work = pipeline.claim(&crew.reviewer, project, Wish::default()).await.unwrap();
        let verdict = Verdict {
            marks: vec![],
            all_right: true,
            decision: ReviewDecision::Fix,
            missing: Some(Missing::Nothing),
            reason: Some("wrong_class".into()),
            comment: None,
            return_to: None,
        };
        let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
        let changes = vec![drawn(1_000 + number, "person")];
        pipeline.review(&crew.reviewer, task, fence, revision, changes, verdict).await.unwrap();
        if !pipeline.feedback(&crew.annotator).await.unwrap().is_empty() {
            return;
        }
    }
    panic!("nine corrections in a row raise no alarm");
}

async fn the_rest_follows(house: House) {
    let (project, crew, _) = images(&house, 1, READS).await;
    let (pipeline, engineer) = (&house.pipeline, house.sign_in("quality_engineer@p").await);
    pipeline.set_monitor(&engineer, project, 100.0).await.unwrap();
    until_the_alarm(&house, &crew, project).await;
    let alarm = only(&house, &engineer, project).await;
    assert_eq!((alarm.held, alarm.to_hold), (AT_ONCE, u64::from(READS) - AT_ONCE));

    // Until all are held nothing goes, and nobody says that it stands.
    let release = async |name: &str| {
        let signed = Some(Components::from(PASSWORD));
        pipeline.make_release_signed(&crew.scientist, project, name, Selection::AllAccepted, signed).await
    };
    assert_eq!(code(&release("early").await.unwrap_err()), "hold_working");
    let uphold = || AlarmDecision { decision: AlarmChoice::Uphold, reason: "it stands".into() };
    let early = pipeline.decide_alarm(&engineer, alarm.id, uphold()).await.unwrap_err();
    assert_eq!(code(&early), "hold_working");

    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    let alarm = only(&house, &engineer, project).await;
    assert_eq!((alarm.held, alarm.still_held, alarm.to_hold), (u64::from(READS), u64::from(READS), 0));
    assert_eq!(pipeline.alarm_items(&engineer, alarm.id).await.unwrap().len(), READS as usize);
    assert_eq!(release("late").await.unwrap().items, 1, "what was accepted before the change");
    pipeline.decide_alarm(&engineer, alarm.id, uphold()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_on_sqlite_holds_everything_and_says_how_much_is_left() {
    the_rest_follows(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_on_postgres_holds_everything_and_says_how_much_is_left() {
    let Some(house) = House::postgres().await else { return };
    the_rest_follows(house).await;
}
