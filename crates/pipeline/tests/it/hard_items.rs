//! Hard items are held against nobody: what is expected of a check is what others get wrong on such items.

use countersign_model::{
    Annotation, AnnotationId, Author, FrameRef, ItemId, ProjectId, ReadId, Role, Shape, StageKind, UserId,
};
use countersign_pipeline::{
    PipelineError,
    items::ItemQuery,
    monitor::{CheckView, RUN_LENGTH_DEFAULT},
    people::Caller,
    review::Verdict,
    work::{Change, Wish},
};
use countersign_quality::{
    Random,
    monitor::{Detector, Observation},
};
use countersign_store::{Actor, Evidence, monitoring, reads};
use countersign_workflow::{Missing, ReviewDecision};
use uuid::Uuid;

use crate::{
    harness::House,
    releases::{Crew, images, mark},
};

const FIRST: Option<FrameRef> = Some(FrameRef { stream: 0, index: 0 });
/// Hard items in a row.
const ROW: usize = 40;
/// Share of errors of everybody, on an easy item and on a hard one.
const ERRORS: (f64, f64) = (0.03, 0.4);
/// Checks of each of the two others on easy items and on hard ones.
const HISTORY: (u64, u64) = (460, 40);
const RUNS: u32 = 2_000;

/// A model's draft of many marks, none of them sure: what makes an item look hard before anybody reads it.
async fn draft(house: &House, project: ProjectId, item: ItemId, marks: u128) {
    let written = house.pipeline.store.write::<_, PipelineError, _>(Actor::model(), move |tx| {
        Box::pin(async move {
            let id: ReadId = tx.fresh();
            let at = tx.now();
            let row = reads::Read {
                id,
                item_id: item,
                project_id: project,
                stage: 0,
                kind: StageKind::Prelabel,
                author_user: None,
                author_model: Some("blobs".into()),
                author_model_version: Some("1".into()),
                status: "submitted".into(),
                base_read_id: None,
                revision: 1,
                content_hash: None,
                protocol_version: 1,
                created_at: at,
                submitted_at: Some(at),
                annotation_count: u32::try_from(marks).unwrap(),
                author_rule: None,
                model_hash: None,
                model_hash_of: None,
                cannot_assess: false,
            };
            reads::insert(tx, row).await?;
            let mut rows = Vec::new();
            for number in 0..marks {
                let annotation = Annotation {
                    id: AnnotationId(Uuid::from_u128(number + 1)),
                    class: "object".into(),
                    frame: FIRST,
                    shape: Shape::Box { x: number as f64, y: 2.0, w: 4.0, h: 4.0 },
                    attributes: Default::default(),
                    author: Author::Model { name: "blobs".into(), version: "1".into() },
                    version: 1,
                    score: Some(0.3),
                    arrangement: Default::default(),
                    unclear: None,
                };
                rows.push(reads::AnnotationRow {
                    read_id: id,
                    annotation_id: annotation.id,
                    version: 1,
                    seq: 1,
                    body: Some(serde_json::to_string(&annotation).unwrap()),
                    author_user: None,
                    at,
                    guideline: None,
                });
            }
            reads::annotate(tx, rows).await?;
            tx.record(Evidence::new("test.draft", "item", item.uuid()))?;
            Ok(())
        })
    });
    written.await.unwrap();
}

/// Somebody reads an item, and the reviewer takes it as it is or corrects it.
async fn checked(
    house: &House,
    crew: &Crew,
    reader: &Caller,
    (project, item): (ProjectId, ItemId),
    right: bool,
) {
    let pipeline = &house.pipeline;
    let drawn = |class: &str| {
        let shape = Shape::Box { x: 3.0, y: 2.0, w: 10.5, h: 5.25 };
        let annotation = mark(item.uuid().as_u128(), class, FIRST, shape);
        Change::Put { annotation }
    };
    let wish = || Wish { item: Some(item), ..Wish::default() };
    let work = pipeline.claim(reader, project, wish()).await.unwrap();
    let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
    pipeline.submit(reader, task, fence, revision, vec![drawn("object")]).await.unwrap();
    let work = pipeline.claim(&crew.reviewer, project, wish()).await.unwrap();
    let verdict = Verdict {
        marks: vec![],
        all_right: true,
        decision: if right { ReviewDecision::Accept } else { ReviewDecision::Fix },
        missing: Some(Missing::Nothing),
        reason: (!right).then(|| "wrong_class".into()),
        comment: None,
        return_to: None,
    };
    let changes = if right { vec![] } else { vec![drawn("person")] };
    let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
    pipeline.review(&crew.reviewer, task, fence, revision, changes, verdict).await.unwrap();
}

/// The strata of somebody's first two checks: of an easy item, and of a hard one.
async fn strata(house: &House, project: ProjectId, user: UserId) -> [String; 2] {
    let mut conn = house.pipeline.store.read().await.unwrap();
    let rows = monitoring::checks(&mut conn, project, user, "review", 1, 2).await.unwrap();
    rows.into_iter().map(|row| row.stratum).collect::<Vec<_>>().try_into().unwrap()
}

/// Long work of somebody, as checks would have counted it.
async fn history(house: &House, project: ProjectId, user: UserId, strata: [String; 2]) {
    let counts = [(HISTORY.0, ERRORS.0), (HISTORY.1, ERRORS.1)];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
    let counts = counts.map(|(checked, share)| (checked, (checked as f64 * share).round() as u64));
    let written = house.pipeline.store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            let stream = monitoring::lock_stream(tx, project, user, "review", "").await?;
            let checked = stream.checked + counts[0].0 + counts[1].0;
            let wrong = stream.wrong + counts[0].1 + counts[1].1;
            monitoring::keep_stream(tx, monitoring::Stream { checked, wrong, ..stream }).await?;
            for (stratum, (checked, wrong)) in strata.into_iter().zip(counts) {
                let (project_id, user_id, stream) = (project, user, "review".into());
                let row = monitoring::Stratum {
                    project_id,
                    user_id,
                    stream,
                    stratum,
                    checked,
                    wrong,
                    severity: 0.0,
                };
                monitoring::count_stratum(tx, row).await?;
            }
            tx.record(Evidence::new("test.history", "user", user.uuid()))?;
            Ok(())
        })
    });
    written.await.unwrap();
}

fn alarms(expected: &[f64], wrong: impl Fn(usize) -> bool) -> bool {
    let mut detector = Detector::new(RUN_LENGTH_DEFAULT).unwrap();
    expected.iter().enumerate().any(|(place, expected)| {
        let seen = Observation::Judged { wrong: wrong(place), expected: *expected };
        detector.take(seen).unwrap().is_some()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_hard_items_in_a_row_raise_no_alarm_about_somebody_who_errs_as_everybody_does() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 4 + ROW as u32).await;
    let query = ItemQuery { limit: Some(200), ..ItemQuery::default() };
    let items = house.pipeline.items(&crew.owner, project, query).await.unwrap().items;
    let mut items = items.into_iter().map(|item| item.id);
    let mut next = || items.next().unwrap();
    for login in ["second@p", "third@p"] {
        let user = house.person(login).await;
        house.pipeline.grant(&crew.owner, project, user, Role::Annotator).await.unwrap();
        let other = house.sign_in(login).await;
        checked(&house, &crew, &other, (project, next()), true).await;
        let hard = next();
        draft(&house, project, hard, 5).await;
        checked(&house, &crew, &other, (project, hard), true).await;
        let [easy, hard] = strata(&house, project, user).await;
        assert_ne!(easy, hard);
        history(&house, project, user, [easy, hard]).await;
    }
    // Forty hard items in a row, through the whole pipeline.
    let mut random = Random::new(7);
    let mut wrong = Vec::new();
    for _ in 0..ROW {
        let item = next();
        draft(&house, project, item, 6).await;
        wrong.push(random.unit() < ERRORS.1);
        checked(&house, &crew, &crew.annotator, (project, item), !wrong[wrong.len() - 1]).await;
    }
    assert!(house.pipeline.feedback(&crew.annotator).await.unwrap().is_empty());
    let engineer = house.sign_in("quality_engineer@p").await;
    let user = crew.annotator.user();
    let checks = house.pipeline.monitor_checks(&engineer, project, user, None).await.unwrap();
    assert_eq!(checks.iter().map(|check| check.wrong).collect::<Vec<_>>(), wrong);
    let adjusted: Vec<f64> = checks.iter().map(|check: &CheckView| check.expected).collect();
    assert!(adjusted.iter().all(|expected| (0.3..0.45).contains(expected)), "{adjusted:?}");

    // What everything in one pot would have expected: an alarm about the same work, and nearly always one.
    let (checked, found) = {
        let mut conn = house.pipeline.store.read().await.unwrap();
        monitoring::of_others(&mut conn, project, user, "review").await.unwrap()
    };
    let pooled = vec![(found as f64 + 2.0) / (checked as f64 + 40.0); ROW];
    assert!(alarms(&pooled, |place| wrong[place]), "of {pooled:?}");
    assert!(!alarms(&adjusted, |place| wrong[place]));
    let (mut of_adjusted, mut of_pooled) = (0, 0);
    for run in 0..RUNS {
        let mut random = Random::new(u64::from(run));
        let errs: Vec<bool> = (0..ROW).map(|_| random.unit() < ERRORS.1).collect();
        of_adjusted += u32::from(alarms(&adjusted, |place| errs[place]));
        of_pooled += u32::from(alarms(&pooled, |place| errs[place]));
    }
    assert!(of_adjusted * 5 <= RUNS, "{of_adjusted} of {RUNS} alarmed about, adjusted");
    assert!(of_pooled * 10 > RUNS * 9, "{of_pooled} of {RUNS} alarmed about, in one pot");
    // Who gets twice as much wrong is found all the same.
    let mut found = 0;
    for run in 0..RUNS {
        let mut random = Random::new(u64::from(run));
        let errs: Vec<bool> = (0..ROW).map(|_| random.unit() < 2.0 * ERRORS.1).collect();
        found += u32::from(alarms(&adjusted, |place| errs[place]));
    }
    assert!(found * 10 > RUNS * 9, "{found} of {RUNS} found who err twice as often");
}
