//! Somebody's work gets worse from one item to the next: a card comes about as soon as the design says, what is in doubt is in no
//! release, what came before is listed to be looked at, and people end it, not numbers.

use countersign_model::{FrameRef, ItemId, ProjectId, Role, Shape, UserId};
use countersign_pipeline::{
    PipelineError,
    appeals::{AppealChoice, AppealDecision},
    items::ItemQuery,
    monitor::{AlarmChoice, AlarmDecision, AlarmView, RUN_LENGTH_DEFAULT, StreamView},
    people::Caller,
    release::Selection,
    review::Verdict,
    sign::Countersigning,
    signing::Components,
    work::{Change, Wish},
};
use countersign_quality::{
    Random,
    monitor::{Detector, Observation, reads_to_find},
};
use countersign_store::{Actor, Evidence, monitoring};
use countersign_workflow::{Missing, ReviewDecision, SignDecision};

use crate::{
    harness::{House, PASSWORD},
    releases::{Crew, bring, code, images, mark, png},
};

const SEED: u64 = 20_261_128;
/// The item from which on the work is worse.
const CHANGE: usize = 400;
/// Share of errors before and after.
const ERRORS: (f64, f64) = (0.03, 0.2);
/// Checks of somebody else, whose share of errors is the usual one.
const OTHERS: u64 = 2_000;
/// Runs of the detector alone: what the delay is on average.
const RUNS: u64 = 500;

/// From which item on a specialist countersigns: enough to see what a release takes.
const SIGNED_FROM: usize = CHANGE - 40;

fn drawn(item: ItemId, class: &str) -> Change {
    let shape = Shape::Box { x: 3.0, y: 2.0, w: 10.5, h: 5.25 };
    let frame = Some(FrameRef { stream: 0, index: 0 });
    Change::Put { annotation: mark(item.uuid().as_u128(), class, frame, shape) }
}

async fn read(house: &House, reader: &Caller, project: ProjectId) -> ItemId {
    let work = house.pipeline.claim(reader, project, Wish::default()).await.unwrap();
    let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
    let changes = vec![drawn(work.item.id, "object")];
    house.pipeline.submit(reader, task, fence, revision, changes).await.unwrap();
    work.item.id
}

async fn review(house: &House, reviewer: &Caller, project: ProjectId, item: ItemId, right: bool) -> String {
    let wish = Wish { item: Some(item), ..Wish::default() };
    let work = house.pipeline.claim(reviewer, project, wish).await.unwrap();
    let verdict = Verdict {
        marks: vec![],
        all_right: true,
        decision: if right { ReviewDecision::Accept } else { ReviewDecision::Fix },
        missing: Some(Missing::Nothing),
        reason: (!right).then(|| "wrong_class".into()),
        comment: None,
        return_to: None,
    };
    let changes = if right { vec![] } else { vec![drawn(item, "person")] };
    let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
    house.pipeline.review(reviewer, task, fence, revision, changes, verdict).await.unwrap().content_hash
}

async fn sign(house: &House, specialist: &Caller, project: ProjectId, item: ItemId, content_hash: String) {
    let wish = Wish { item: Some(item), ..Wish::default() };
    let work = house.pipeline.claim(specialist, project, wish).await.unwrap();
    let act = Countersigning {
        decision: SignDecision::Sign,
        content_hash,
        password: PASSWORD.into(),
        reason: None,
        comment: None,
        return_to: None,
    };
    house.pipeline.countersign(specialist, work.task.id, work.task.fence, act).await.unwrap();
}

/// Long work of somebody else on such items, as checks would have counted it.
async fn usual(house: &House, project: ProjectId, user: UserId) {
    let written = house.pipeline.store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            let first = monitoring::checks(tx, project, user, "review", 1, 1).await?.remove(0);
            let stream = monitoring::lock_stream(tx, project, user, "review", "").await?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
            let wrong = (OTHERS as f64 * ERRORS.0) as u64;
            let (checked, all) = (stream.checked + OTHERS, stream.wrong + wrong);
            monitoring::keep_stream(tx, monitoring::Stream { checked, wrong: all, ..stream }).await?;
            let row = monitoring::Stratum {
                project_id: project,
                stream: "review".into(),
                stratum: first.stratum,
                user_id: user,
                checked: OTHERS,
                wrong,
                severity: 0.0,
            };
            monitoring::count_stratum(tx, row).await?;
            tx.record(Evidence::new("test.usual", "user", user.uuid()))?;
            Ok(())
        })
    });
    written.await.unwrap();
}

/// How many checks pass on average from the change until the detector finds it.
fn mean_delay() -> f64 {
    let mut sum = 0_u64;
    for run in 0..RUNS {
        let (mut random, mut detector) = (Random::new(run), Detector::new(RUN_LENGTH_DEFAULT).unwrap());
        let mut delay = 0;
        loop {
            let share = if delay == 0 && detector.items() < CHANGE as u64 { ERRORS.0 } else { ERRORS.1 };
            delay += u64::from(detector.items() >= CHANGE as u64);
            let seen = Observation::Judged { wrong: random.unit() < share, expected: ERRORS.0 };
            // A false alarm before the change is none that is looked for here.
            if detector.take(seen).unwrap().is_some() && delay > 0 {
                break;
            }
        }
        sum += delay;
    }
    sum as f64 / RUNS as f64
}

struct Walk {
    house: House,
    project: ProjectId,
    crew: Crew,
    engineer: Caller,
    items: Vec<ItemId>,
    signed: Vec<ItemId>,
}

impl Walk {
    async fn begin(images_after: usize) -> Self {
        let house = House::new().await;
        let (project, crew, _) = images(&house, 0, 1).await;
        let user = house.person("second@p").await;
        house.pipeline.grant(&crew.owner, project, user, Role::Annotator).await.unwrap();
        let other = house.sign_in("second@p").await;
        let item = read(&house, &other, project).await;
        review(&house, &crew.reviewer, project, item, true).await;
        usual(&house, project, user).await;
        let many = u32::try_from(CHANGE + images_after).unwrap();
        let files: Vec<_> =
            (0..many).map(|n| (format!("{n:04}.png"), png(32 + n / 200, 32, n % 200 + 1))).collect();
        bring(&house, project, &files).await;
        let engineer = house.sign_in("quality_engineer@p").await;
        Self { house, project, crew, engineer, items: Vec::new(), signed: Vec::new() }
    }

    /// One read, its review, and its countersignature in the end; the alarm that it raises.
    async fn one(&mut self, right: bool) -> Option<AlarmView> {
        let item = read(&self.house, &self.crew.annotator, self.project).await;
        let hash = review(&self.house, &self.crew.reviewer, self.project, item, right).await;
        self.items.push(item);
        let alarm = self.house.pipeline.feedback(&self.crew.annotator).await.unwrap().pop();
        if alarm.is_none() && self.items.len() > SIGNED_FROM {
            sign(&self.house, &self.crew.specialist, self.project, item, hash).await;
            self.signed.push(item);
        }
        alarm
    }

    async fn held(&self) -> Vec<ItemId> {
        let query = ItemQuery { held: Some(true), limit: Some(200), ..ItemQuery::default() };
        let found = self.house.pipeline.items(&self.engineer, self.project, query).await.unwrap();
        found.items.iter().map(|item| item.id).collect()
    }

    async fn release(&self, name: &str) -> Vec<ItemId> {
        let (pipeline, signed) = (&self.house.pipeline, Some(Components::from(PASSWORD)));
        let all = Selection::AllAccepted;
        let begun = pipeline.make_release_signed(&self.crew.scientist, self.project, name, all, signed).await;
        let begun = begun.unwrap();
        if begun.state == "proposed" {
            pipeline.countersign_release(&self.crew.owner, begun.id, PASSWORD.into()).await.unwrap();
        }
        let mut conn = pipeline.store.read().await.unwrap();
        let sql = "SELECT item_id FROM release_items WHERE release_id = $1 ORDER BY item_id";
        let rows = conn.query(sql).bind(begun.id).fetch_all().await.unwrap();
        rows.iter().map(|row| row.get("item_id").unwrap()).collect()
    }

    async fn stream(&self) -> StreamView {
        let monitor = self.house.pipeline.monitor(&self.engineer, self.project).await.unwrap();
        let user = self.crew.annotator.user();
        monitor.streams.into_iter().find(|one| one.user == user && one.stream == "review").unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_gets_worse_is_found_in_time_and_people_end_the_pause() {
    let bound = reads_to_find(RUN_LENGTH_DEFAULT, ERRORS.0, ERRORS.1).unwrap();
    let mean = mean_delay();
    assert!(mean <= bound, "{mean} checks on average, {bound} by design");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "tens of checks")]
    let longest = (3.0 * bound) as usize;
    let mut walk = Walk::begin(longest + 5).await;
    let mut random = Random::new(SEED);
    for number in 0..CHANGE {
        let alarm = walk.one(random.unit() >= ERRORS.0).await;
        assert!(alarm.is_none(), "a false alarm at {number}");
    }
    let mut delay = 0;
    let alarm = loop {
        delay += 1;
        assert!(delay <= longest, "no alarm after {delay} checks");
        if let Some(alarm) = walk.one(random.unit() >= ERRORS.1).await {
            break alarm;
        }
    };
    assert!(alarm.usual_known && alarm.wrong >= 3, "{alarm:?}");
    // What came before the estimated change is in releases, what came since in none.
    let held = walk.held().await;
    assert_eq!((held.len() as u64, alarm.to_hold), (alarm.held, 0));
    let since = walk.items.iter().position(|item| held.contains(item)).unwrap();
    assert!(walk.items[since..].iter().all(|item| held.contains(item)));
    assert!((CHANGE - 60..=CHANGE + delay).contains(&since), "the change is estimated at {since}");
    let released = walk.release("meanwhile").await;
    let mut certain: Vec<ItemId> = walk.signed.iter().filter(|item| !held.contains(item)).copied().collect();
    certain.sort_unstable();
    assert_eq!(released, certain);
    assert!(
        !released.is_empty() && released.len() < walk.signed.len(),
        "some of what was signed is in doubt"
    );
    // Where it began is an estimate: the 200 items before it are all to be looked at.
    let earlier = walk.house.pipeline.alarm_earlier(&walk.engineer, alarm.id).await.unwrap();
    let expected: Vec<ItemId> = walk.items[since - 200..since].iter().rev().copied().collect();
    assert_eq!(earlier.iter().map(|one| one.item).collect::<Vec<_>>(), expected);
    assert!(earlier.iter().all(|one| one.reviewed && one.read_at < alarm.since_at));
    let own = walk.house.pipeline.alarm_earlier(&walk.crew.annotator, alarm.id).await.unwrap_err();
    assert_eq!(code(&own), "not_found");
    an_appeal_is_decided_by_a_third_person(&walk).await;
    people_end_it(walk, alarm, held).await;
}

/// A review that was wrong is taken back, and the person's numbers are worked out anew.
async fn an_appeal_is_decided_by_a_third_person(walk: &Walk) {
    let pipeline = &walk.house.pipeline;
    let before = walk.stream().await;
    let returned = pipeline.returned_work(&walk.crew.annotator).await.unwrap();
    let score = returned.scores[0].wrong;
    let words = "it is no person".to_owned();
    let appeal =
        pipeline.appeal_review(&walk.crew.annotator, returned.reviews[0].review, words).await.unwrap();
    let overturn = || AppealDecision { decision: AppealChoice::Overturn, reason: "it is none".into() };
    for involved in [&walk.crew.annotator, &walk.crew.reviewer] {
        assert!(pipeline.decide_appeal(involved, appeal.id, overturn()).await.is_err());
    }
    pipeline.decide_appeal(&walk.engineer, appeal.id, overturn()).await.unwrap();
    let after = walk.stream().await;
    assert_eq!((after.checked, after.wrong), (before.checked, before.wrong - 1));
    assert!(after.high < before.high);
    let scores = pipeline.returned_work(&walk.crew.annotator).await.unwrap().scores;
    assert_eq!(scores[0].wrong, score - 1);
}

/// Neither an answer nor good work lifts a hold: a decision does.
async fn people_end_it(walk: Walk, alarm: AlarmView, held: Vec<ItemId>) {
    let (pipeline, annotator) = (&walk.house.pipeline, &walk.crew.annotator);
    let said = pipeline.appeal_alarm(annotator, alarm.id, "a new lamp".into()).await.unwrap();
    assert_eq!(said.state, "appealed");
    let later = read(&walk.house, annotator, walk.project).await;
    assert!(walk.stream().await.level < 0.01, "nothing speaks against them any more");
    let still = walk.held().await;
    assert!(still.contains(&later) && held.iter().all(|item| still.contains(item)));
    let dismiss = || AlarmDecision { decision: AlarmChoice::Dismiss, reason: "the lamp it was".into() };
    assert!(pipeline.decide_alarm(&walk.crew.reviewer, alarm.id, dismiss()).await.is_err());
    pipeline.decide_alarm(&walk.engineer, alarm.id, dismiss()).await.unwrap();
    assert!(walk.held().await.is_empty());
    assert_eq!(walk.release("afterwards").await.len(), walk.signed.len());
}
