//! A project with planted errors: the report says what is true, within its intervals.

use std::sync::Arc;

use countersign_model::{FrameRef, ItemId, ProjectId, Role, Shape};
use countersign_pipeline::{
    monitor::{AlarmChoice, AlarmDecision},
    people::Caller,
    review::Verdict,
    tiers::{RateDraft, ShareView, TierReport, TierStage},
    work::{Change, Wish},
};
use countersign_quality::Random;
use countersign_workflow::{Missing, ReviewDecision};

use crate::{
    double::Team,
    harness::{House, PASSWORD},
    releases::{Crew, code, images, mark},
};

const ITEMS: u32 = 240;
const SEED: u64 = 20_261_126;
/// Share of reads with a planted error, and of these that the reviewer and the inspector of samples see.
const WRONG: f64 = 0.3;
const REVIEWER_SEES: f64 = 0.8;
const SAMPLER_SEES: f64 = 0.95;
/// Work, seconds: one read of ten takes longer.
const READING: i64 = 120;
const LONG_READING: i64 = 600;
const REVIEWING: i64 = 30;
const WAITING: i64 = 45;

const STAGES: &str = r#"
stages:
  - { id: read, title: Reading, kind: read, role: annotator }
  - { id: review, title: Review, kind: review, role: reviewer }
  - { id: sample, title: Samples, kind: sample_qa, role: quality_engineer, share: 1.0 }
"#;

/// The shipped image protocol with other stages, as its second version.
fn document() -> String {
    let (_, text) = countersign_workflow::shipped().iter().find(|(id, _)| *id == "images").unwrap();
    let (head, rest) = text.split_once("stages:\n").unwrap();
    let (_, guideline) = rest.split_once("guideline:").unwrap();
    format!("{}{STAGES}guideline:{guideline}", head.replace("version: 1", "version: 2"))
}

/// What really happened.
#[derive(Debug, Default)]
struct Truth {
    planted: u64,
    found: u64,
    sent_back: u64,
    sampled: u64,
    still_found: u64,
    left: u64,
    read_seconds: i64,
    reread_seconds: i64,
}

struct Walk {
    house: House,
    project: ProjectId,
    crew: Crew,
    engineer: Caller,
    truth: Truth,
}

impl Walk {
    fn class(number: u32, class: &str) -> Change {
        let shape = Shape::Box { x: 3.0, y: 2.0, w: 10.5, h: 5.25 };
        let frame = Some(FrameRef { stream: 0, index: 0 });
        Change::Put { annotation: mark(u128::from(number) + 1, class, frame, shape) }
    }

    async fn read(&mut self, item: Option<ItemId>, number: u32, class: &str, seconds: i64) -> ItemId {
        let wish = Wish { item, ..Wish::default() };
        let work = self.house.pipeline.claim(&self.crew.annotator, self.project, wish).await.unwrap();
        self.house.clock.forward(seconds);
        let revision = work.read.as_ref().unwrap().revision;
        let (task, fence) = (work.task.id, work.task.fence);
        let changes = vec![Self::class(number, class)];
        let pipeline = &self.house.pipeline;
        pipeline.submit(&self.crew.annotator, task, fence, revision, changes).await.unwrap();
        work.item.id
    }

    /// One look: `None` accepts, otherwise the class is put right or the read is sent back. The phase afterwards.
    async fn look(&self, caller: &Caller, item: ItemId, number: u32, act: Option<ReviewDecision>) -> String {
        self.house.clock.forward(WAITING);
        let wish = Wish { item: Some(item), ..Wish::default() };
        let work = self.house.pipeline.claim(caller, self.project, wish).await.unwrap();
        self.house.clock.forward(REVIEWING);
        let decision = act.unwrap_or(ReviewDecision::Accept);
        let rejects = decision == ReviewDecision::Reject;
        let verdict = Verdict {
            marks: vec![],
            all_right: true,
            decision,
            missing: (!rejects).then_some(Missing::Nothing),
            reason: (decision != ReviewDecision::Accept).then(|| "wrong_class".into()),
            comment: None,
            return_to: None,
        };
        let fixes = decision == ReviewDecision::Fix;
        let changes = if fixes { vec![Self::class(number, "object")] } else { vec![] };
        let revision = work.read.as_ref().unwrap().revision;
        let (task, fence) = (work.task.id, work.task.fence);
        let pipeline = &self.house.pipeline;
        let phase = pipeline.review(caller, task, fence, revision, changes, verdict).await.unwrap().phase;
        if act.is_some() {
            self.calm().await;
        }
        phase
    }

    /// So many planted errors raise alarms, which hold work: each is dismissed at once.
    async fn calm(&self) {
        for alarm in self.house.pipeline.feedback(&self.crew.annotator).await.unwrap() {
            if alarm.state == "open" {
                let decision = AlarmDecision { decision: AlarmChoice::Dismiss, reason: "planted".into() };
                self.house.pipeline.decide_alarm(&self.crew.owner, alarm.id, decision).await.unwrap();
            }
        }
    }

    /// An item from its first read until it is accepted.
    async fn item(&mut self, number: u32) {
        // Each item draws for itself: what happens to one changes nothing for the others.
        let mut random = Random::new(SEED + u64::from(number));
        let wrong = random.unit() < WRONG;
        self.truth.planted += u64::from(wrong);
        let seconds = if number.is_multiple_of(10) { LONG_READING } else { READING };
        self.truth.read_seconds += seconds;
        let item = self.read(None, number, if wrong { "person" } else { "object" }, seconds).await;
        let seen = wrong && random.unit() < REVIEWER_SEES;
        let rejects = seen && random.unit() < 0.5;
        let act = match (seen, rejects) {
            (false, _) => None,
            (true, true) => Some(ReviewDecision::Reject),
            (true, false) => Some(ReviewDecision::Fix),
        };
        let reviewer = self.crew.reviewer.clone();
        let mut phase = self.look(&reviewer, item, number, act).await;
        self.truth.found += u64::from(seen);
        if rejects {
            self.again(item, number).await;
            phase = self.look(&reviewer, item, number, None).await;
        }
        if phase == "accepted" {
            self.truth.left += u64::from(wrong && !seen);
            return;
        }
        self.truth.sampled += u64::from(!rejects);
        let engineer = self.engineer.clone();
        let caught = wrong && !seen && random.unit() < SAMPLER_SEES;
        let act = caught.then_some(ReviewDecision::Fix);
        assert_eq!(self.look(&engineer, item, number, act).await, "accepted");
        self.truth.still_found += u64::from(caught);
        self.truth.left += u64::from(wrong && !seen && !caught);
    }

    async fn again(&mut self, item: ItemId, number: u32) {
        self.truth.sent_back += 1;
        self.truth.reread_seconds += READING;
        self.read(Some(item), number, "object", READING).await;
    }
}

async fn walked() -> Walk {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 0).await;
    house.pipeline.activate_protocol(&crew.owner, project, 1, &document(), PASSWORD).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    for n in 0..ITEMS {
        let image =
            image::GrayImage::from_fn(32, 24, |x, y| image::Luma([(x * 5 + y * (n + 1)) as u8 ^ n as u8]));
        image.save(folder.path().join(format!("{n}.png"))).unwrap();
    }
    let report = house.ingest(project, vec![folder.path().to_owned()]).await;
    assert_eq!(report.items, u64::from(ITEMS), "{:?}", report.refusals);
    let engineer = house.sign_in("quality_engineer@p").await;
    Walk { house, project, crew, engineer, truth: Truth::default() }
}

fn stage<'a>(report: &'a TierReport, id: &str) -> &'a TierStage {
    report.stages.iter().find(|stage| stage.id == id).unwrap()
}

fn holds(share: Option<ShareView>, truth: f64) -> bool {
    share.is_some_and(|share| (share.low..=share.high).contains(&truth))
}

fn near(seconds: Option<f64>, truth: i64) -> bool {
    // Each look at the clock moves it by a microsecond.
    seconds.is_some_and(|seconds| (seconds - truth as f64).abs() < 1.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_a_project_with_planted_errors_are_true_within_their_intervals() {
    let mut walk = walked().await;
    let empty = walk.house.pipeline.tiers(&walk.crew.owner, walk.project).await.unwrap();
    assert_eq!((empty.items, empty.first_pass, empty.cost_per_accepted), (0, None, None));
    assert!(empty.stages.is_empty() && empty.unseen.is_none());
    for number in 0..ITEMS {
        walk.item(number).await;
    }
    let (truth, pipeline, project) = (&walk.truth, &walk.house.pipeline, walk.project);
    let report = pipeline.tiers(&walk.engineer, project).await.unwrap();
    assert_eq!((report.items, report.accepted, report.cut), (u64::from(ITEMS), u64::from(ITEMS), false));

    let review = stage(&report, "review").judged.as_ref().unwrap();
    assert_eq!((review.reviewed, review.found), (u64::from(ITEMS), truth.found));
    assert!(holds(review.share, truth.found as f64 / f64::from(ITEMS)), "{review:?}");
    assert_eq!((review.looked, review.missed), (truth.sampled, truth.still_found));
    // What the report cannot know: how many errors there are, the ones that nobody saw included.
    assert_eq!(truth.planted, truth.found + truth.still_found + truth.left);
    assert!(holds(review.recall, truth.found as f64 / truth.planted as f64), "{review:?} {truth:?}");
    // A miss in the sample stands for those that nobody sampled.
    let worth = review.passed as f64 / review.looked as f64;
    let missed = review.missed as f64 * worth;
    let recall = review.recall.unwrap();
    assert!((recall.value - review.found as f64 / (review.found as f64 + missed)).abs() < 1e-9);
    assert!(recall.high - recall.low < 0.35, "an interval that says something: {recall:?}");
    let people = &stage(&report, "review").people;
    assert_eq!((people.len(), people[0].user, &people[0].found), (1, walk.crew.reviewer.user(), review));
    let sample = stage(&report, "sample").judged.as_ref().unwrap();
    assert_eq!((sample.found, sample.recall), (truth.still_found, None), "nobody looks after the last tier");

    // One class is wrong in each: as many errors as items with one.
    let each = review.errors_per_item.unwrap();
    assert_eq!((review.counted, review.errors), (u64::from(ITEMS), truth.found));
    assert!(
        each.low < each.value
            && each.value < each.high
            && (each.value - review.share.unwrap().value).abs() < 1e-12
    );

    // What is done again leaves the first pass as it was, and is counted apart.
    assert_eq!(report.first_judged, u64::from(ITEMS));
    let first = report.first_pass.unwrap().value;
    assert!((first - (1.0 - truth.found as f64 / f64::from(ITEMS))).abs() < 1e-12);
    assert!(truth.sent_back > 15);
    assert_eq!((report.rework.items, report.rework.found), (truth.sent_back, 0));
    assert!(report.rework.judged >= truth.sent_back);

    let read = stage(&report, "read");
    assert!(
        near(read.working.p50_seconds, READING) && near(read.working.p95_seconds, LONG_READING),
        "{read:?}"
    );
    let times = stage(&report, "review");
    assert!(
        near(times.working.p95_seconds, REVIEWING) && near(times.waiting.p50_seconds, WAITING),
        "{times:?}"
    );
    let minutes = (truth.read_seconds + truth.reread_seconds) as f64 / 60.0 / f64::from(ITEMS);
    assert!((read.minutes_per_accepted.unwrap() - minutes).abs() < 0.01, "{read:?}");
    let again = truth.reread_seconds as f64 / 60.0 / f64::from(ITEMS);
    assert!((read.rework_minutes_per_accepted.unwrap() - again).abs() < 0.01, "{read:?}");
    costs(&walk, &report).await;
}

/// A price is what the owner says an hour costs, and nothing while one of the roles has none.
async fn costs(walk: &Walk, report: &TierReport) {
    let (pipeline, project, owner) = (&walk.house.pipeline, walk.project, &walk.crew.owner);
    assert!(
        report.cost_per_accepted.is_none() && report.stages.iter().all(|s| s.cost_per_accepted.is_none())
    );
    let rate = |role, per_hour| RateDraft { role, per_hour, currency: "EUR".into() };
    let two = vec![rate(Role::Annotator, 30.0), rate(Role::Reviewer, 90.0)];
    let refused = pipeline.set_rates(&walk.engineer, project, two.clone()).await;
    assert_eq!(code(&refused.unwrap_err()), "not_found", "prices are the owner's");
    for (bad, place) in [
        (vec![rate(Role::Annotator, -1.0)], "rates[0].per_hour"),
        (vec![rate(Role::Annotator, f64::NAN)], "rates[0].per_hour"),
        (vec![RateDraft { currency: "eur".into(), ..rate(Role::Annotator, 1.0) }], "rates[0].currency"),
        (vec![rate(Role::Annotator, 1.0), rate(Role::Annotator, 2.0)], "rates[1].role"),
    ] {
        let refused = pipeline.set_rates(owner, project, bad).await.unwrap_err();
        assert!(refused.to_string().starts_with(place), "{refused}");
    }
    pipeline.set_rates(owner, project, two.clone()).await.unwrap();
    let some = pipeline.tiers(owner, project).await.unwrap();
    assert!(some.cost_per_accepted.is_none(), "one role works on items and has no price");
    assert!(stage(&some, "read").cost_per_accepted.is_some());
    let all = [two, vec![rate(Role::QualityEngineer, 120.0)]].concat();
    pipeline.set_rates(owner, project, all).await.unwrap();
    let priced = pipeline.tiers(owner, project).await.unwrap();
    let expected: f64 = [("read", 30.0), ("review", 90.0), ("sample", 120.0)]
        .iter()
        .map(|(id, rate)| stage(&priced, id).minutes_per_accepted.unwrap() / 60.0 * rate)
        .sum();
    assert!((priced.cost_per_accepted.unwrap() - expected).abs() < 1e-9);
    let table = pipeline.tiers_table(owner, project).await.unwrap();
    let events = pipeline.project_events(owner, project, Some(1), None).await.unwrap();
    assert_eq!(
        (events.items[0].action.as_str(), events.items[0].reason.as_deref()),
        ("export.downloaded", Some("tiers"))
    );
    let line = table.lines().find(|line| line.contains("review\",\"\",recall")).unwrap();
    let cell: f64 = line.split(',').nth(3).unwrap().parse().unwrap();
    assert!((cell - stage(&priced, "review").judged.as_ref().unwrap().recall.unwrap().value).abs() < 1e-12);
    // Who drew, and whoever is reviewed there, does not read what is said of colleagues.
    for caller in [&walk.crew.annotator, &walk.crew.reviewer] {
        assert_eq!(code(&pipeline.tiers(caller, project).await.unwrap_err()), "not_found");
    }
}

const TWICE: usize = 200;
/// Things to see in each image, and how likely each reader sees one.
const THINGS: usize = 3;
const SEES: [f64; 2] = [0.8, 0.7];

#[tokio::test(flavor = "multi_thread")]
async fn what_neither_of_two_readers_saw_lies_in_its_interval() {
    let team = Team::new(TWICE + 1, crate::double::STAGES).await;
    let pipeline = &team.house.pipeline;
    let owner = team.house.sign_in("owner@p").await;
    let mut random = Random::new(5);
    let (mut seen, mut both) = (0, 0);
    for _ in 0..TWICE {
        let mut marked: [Vec<(f64, &str)>; 2] = [vec![], vec![]];
        for thing in 0..THINGS {
            let saw = SEES.map(|sees| random.unit() < sees);
            seen += u64::from(saw[0] || saw[1]);
            both += u64::from(saw[0] && saw[1]);
            for (reader, saw) in saw.into_iter().enumerate() {
                if saw {
                    marked[reader].push((2.0 + 20.0 * thing as f64, "object"));
                }
            }
        }
        team.read_twice(None, &marked[0], &marked[1]).await;
    }
    let report = pipeline.tiers(&owner, team.project).await.unwrap();
    let unseen = report.unseen.unwrap();
    assert_eq!((unseen.items, unseen.seen, unseen.both), (TWICE as u64, seen, both));
    let truth = (TWICE * THINGS) as f64 - seen as f64;
    assert!((unseen.low.unwrap()..=unseen.high.unwrap()).contains(&truth), "{truth} {unseen:?}");
    assert!(unseen.high.unwrap() < 2.0 * truth, "an interval that says something: {unseen:?}");

    // An item that is read blind now is in no figure: one reader is done, the other is not.
    let work = team.claim(&team.readers[0], None).await.unwrap();
    team.submit(&team.readers[0], &work, &[(2.0, "object")]).await;
    let during = pipeline.tiers(&owner, team.project).await.unwrap();
    assert_eq!(during, report);
    let other = team.claim(&team.readers[1], Some(work.item.id)).await.unwrap();
    team.submit(&team.readers[1], &other, &[(2.0, "object")]).await;
    pipeline.drain(Arc::new(|_| {})).await.unwrap();
    let after = pipeline.tiers(&owner, team.project).await.unwrap();
    assert_eq!(
        (after.items, after.unseen.unwrap().items),
        (report.items + 1, report.unseen.unwrap().items + 1)
    );
}
