//! What says something of a read beside a reviewer's correction: other readers, a critical class, where marks lie.

use countersign_model::{FrameRef, ProjectId, Role, Shape};
use countersign_pipeline::{
    behind::BehindQuery,
    monitor::{AlarmChoice, AlarmDecision, AlarmView, MonitorView, OtherAnswer, StreamView},
    people::Caller,
    review::Verdict,
    work::{AnnotationInput, Change, Wish},
};
use countersign_workflow::{AdjudicateDecision, Missing, ReviewDecision, shipped};

use crate::{
    behind::sums,
    double::{STAGES, Team},
    harness::{House, PASSWORD},
    releases::{Crew, bring, code, images, mark, png},
};

const FIRST: Option<FrameRef> = Some(FrameRef { stream: 0, index: 0 });
/// Items on which two readers agree before one of them errs: from forty on it is known what is usual.
const AGREED: usize = 42;
/// Most items that one of them may err on before an alarm.
const ERRED_MAX: usize = 12;

fn boxed(number: u128, class: &str, x: f64) -> AnnotationInput {
    mark(number, class, FIRST, Shape::Box { x, y: 2.0, w: 10.0, h: 5.0 })
}

fn stream<'a>(monitor: &'a MonitorView, name: &str) -> Option<&'a StreamView> {
    monitor.streams.iter().find(|one| one.stream == name)
}

async fn read(house: &House, reader: &Caller, project: ProjectId, marks: Vec<AnnotationInput>) {
    let work = house.pipeline.claim(reader, project, Wish::default()).await.unwrap();
    let changes = marks.into_iter().map(|annotation| Change::Put { annotation }).collect();
    let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
    house.pipeline.submit(reader, task, fence, revision, changes).await.unwrap();
}

async fn review(house: &House, crew: &Crew, project: ProjectId, changes: Vec<AnnotationInput>) {
    let work = house.pipeline.claim(&crew.reviewer, project, Wish::default()).await.unwrap();
    let fixes = !changes.is_empty();
    let verdict = Verdict {
        marks: vec![],
        all_right: true,
        decision: if fixes { ReviewDecision::Fix } else { ReviewDecision::Accept },
        missing: Some(Missing::Nothing),
        reason: fixes.then(|| "wrong_class".into()),
        comment: None,
        return_to: None,
    };
    let changes = changes.into_iter().map(|annotation| Change::Put { annotation }).collect();
    let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
    house.pipeline.review(&crew.reviewer, task, fence, revision, changes, verdict).await.unwrap();
}

async fn apart(house: House) {
    let (project, crew, _) = images(&house, 0, 1).await;
    let (_, text) = shipped().iter().find(|(id, _)| *id == "images").unwrap();
    let critical = "  - id: person\n    critical: true\n";
    let document = text.replace("version: 1", "version: 2").replace("  - id: person\n", critical);
    house.pipeline.activate_protocol(&crew.owner, project, 1, &document, PASSWORD).await.unwrap();
    let files: Vec<_> = (10..13).map(|n| (format!("later-{n}.png"), png(64, 48, n))).collect();
    bring(&house, project, &files).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    let monitor = async || house.pipeline.monitor(&engineer, project).await.unwrap();
    let reader = &crew.annotator;

    // Under the version of before no class is critical; here nobody is there, and no mark was kept.
    read(&house, reader, project, vec![]).await;
    review(&house, &crew, project, vec![]).await;
    // Right: a person is there and was said, and every mark stays where it is.
    read(&house, reader, project, vec![boxed(10, "person", 3.0)]).await;
    review(&house, &crew, project, vec![]).await;
    // A person was called an object.
    read(&house, reader, project, vec![boxed(20, "object", 3.0)]).await;
    review(&house, &crew, project, vec![boxed(20, "person", 3.0)]).await;
    // A mark is moved by half its width: a third of the union is common.
    read(&house, reader, project, vec![boxed(30, "object", 3.0)]).await;
    review(&house, &crew, project, vec![boxed(30, "object", 8.0)]).await;

    let seen = monitor().await;
    let counts = |name: &str| stream(&seen, name).map(|one| (one.checked, one.wrong));
    assert_eq!(counts("review"), Some((4, 2)));
    assert_eq!(counts("class:person"), Some((2, 1)));
    assert_eq!(counts("overlap"), Some((3, 1)));
    assert_eq!(counts("time"), None, "too little is known of how long it takes others");
    let user = reader.user();
    let of = async |name: &str| {
        house.pipeline.monitor_checks(&engineer, project, user, Some(name.into())).await.unwrap()
    };
    let moved = of("overlap").await;
    assert_eq!(moved.iter().map(|check| check.wrong).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(of("class:person").await.iter().filter(|check| check.wrong).count(), 1);
    // Each list adds up to its stream.
    for one in &seen.streams {
        let fetch = async |query: BehindQuery| {
            house
                .pipeline
                .monitor_items(&engineer, (project, one.user), Some(one.stream.clone()), query)
                .await
        };
        assert_eq!(sums(fetch).await, (one.wrong, one.checked), "{}", one.stream);
    }
    let unknown = house.pipeline.monitor_checks(&engineer, project, user, Some("none".into())).await;
    assert_eq!(code(&unknown.unwrap_err()), "not_found");
    // What is watched apart is corrected once.
    assert_eq!(house.pipeline.corrections(&engineer, project).await.unwrap().checked, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_critical_class_and_the_place_of_marks_are_watched_apart_on_sqlite() {
    apart(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_critical_class_and_the_place_of_marks_are_watched_apart_on_postgres() {
    let Some(house) = House::postgres().await else { return };
    apart(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_differs_from_others_and_is_found_wrong_is_alarmed_about() {
    let team = Team::new(AGREED + ERRED_MAX, STAGES).await;
    let pipeline = &team.house.pipeline;
    let engineer = team.house.sign_in("quality_engineer@p").await;
    pipeline.set_monitor(&engineer, team.project, 100.0).await.unwrap();
    for _ in 0..AGREED {
        team.read_twice(None, &[(3.0, "object")], &[(3.0, "object")]).await;
    }
    let monitor = pipeline.monitor(&engineer, team.project).await.unwrap();
    for reader in &team.readers[..2] {
        let own = monitor.streams.iter().find(|one| one.user == reader.user()).unwrap();
        assert_eq!((own.stream.as_str(), own.checked, own.wrong), ("peers", AGREED as u64, 0));
    }
    // The first reader marks what nobody else sees, and whoever decides says so each time.
    let mut erred = 0;
    let alarm = loop {
        assert!(erred < ERRED_MAX, "no alarm after {erred} errors");
        erred += 1;
        let item = team.read_twice(None, &[(3.0, "object"), (30.0, "object")], &[(3.0, "object")]).await;
        let work = team.claim(&team.reviewer, Some(item)).await.unwrap();
        team.rule(&team.reviewer, &work, AdjudicateDecision::Decide, vec![]).await;
        pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
        if let Some(alarm) = pipeline.feedback(&team.readers[0]).await.unwrap().pop() {
            break alarm;
        }
    };
    assert_eq!((alarm.stream.as_str(), alarm.wrong), ("peers", erred as u64));
    assert!(alarm.held > 0);
    // What the errors have in common, and where it can be seen: from the decisions between the readers.
    assert!(!alarm.patterns.is_empty(), "{alarm:?}");
    let pattern = &alarm.patterns[0];
    assert_eq!((pattern.right.as_deref(), pattern.said.as_deref()), (None, Some("object")));
    assert!(pattern.times >= 3 && alarm.example.is_some(), "{alarm:?}");
    worked_out(&team, &alarm, &engineer).await;
    assert!(pipeline.feedback(&team.readers[1]).await.unwrap().is_empty());
    // Whoever decided between them raised it, and decides nothing about it.
    let owner = team.house.sign_in("owner@p").await;
    pipeline.grant(&owner, team.project, team.reviewer.user(), Role::QualityEngineer).await.unwrap();
    let adjudicator = team.house.sign_in("reviewer@p").await;
    let dismiss = || AlarmDecision { decision: AlarmChoice::Dismiss, reason: "a new lamp".into() };
    let own = pipeline.decide_alarm(&adjudicator, alarm.id, dismiss()).await.unwrap_err();
    assert_eq!(code(&own), "separation_of_duties");
    pipeline.decide_alarm(&engineer, alarm.id, dismiss()).await.unwrap();
    let after = pipeline.monitor(&engineer, team.project).await.unwrap();
    let own = after.streams.iter().find(|one| one.user == team.readers[0].user()).unwrap();
    assert_eq!((own.checked, own.wrong), ((AGREED + erred) as u64, 0));
}

/// One error worked out for whom it is about: what the others said is told once the item is accepted, and to nobody else.
async fn worked_out(team: &Team, alarm: &AlarmView, engineer: &Caller) {
    let pipeline = &team.house.pipeline;
    let worked = alarm.worked.as_ref().unwrap();
    assert_eq!((worked.right.as_deref(), worked.said.as_deref()), (None, Some("object")));
    assert_eq!((worked.item, worked.others.len()), (None, 0), "nothing is accepted yet: {worked:?}");
    let item = alarm.example.unwrap();
    let hold = pipeline.item(engineer, item).await.unwrap().holds[0].id;
    pipeline.lift(engineer, hold, "for this test".into()).await.unwrap();
    team.sign(&team.specialists[0], item).await;
    let told = pipeline.feedback(&team.readers[0]).await.unwrap().pop().unwrap().worked.unwrap();
    assert_eq!(told.item, Some(item));
    assert_eq!(told.others, [OtherAnswer { class: None, readers: 1 }]);
    pipeline.item(&team.readers[0], item).await.unwrap();
    let seen = pipeline.monitor(engineer, team.project).await.unwrap();
    assert!(seen.alarms.iter().all(|alarm| alarm.worked.is_none()), "an example for one person");
}
