//! Studies of people's eyes: frozen, judged blind in a drawn order, signed; what came of it opens and closes work.

use std::collections::HashMap;

use countersign_model::{AppraisalId, ItemId, ProjectId, Role, Shape, UserId};
use countersign_pipeline::{
    PipelineError,
    appraisals::{
        AppraisalAnswer, AppraisalDraft, AppraisalFigures, AppraisalTurn, AppraisalVerdict, AppraisalView,
        Frozen, PartLine, Shortfall,
    },
    people::Caller,
    qualifications::QualificationDraft,
    work::Wish,
};
use countersign_quality::{certify::Hash, study};
use countersign_store::appraisals;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    harness::{House, PASSWORD},
    releases::{Crew, code, ingest, mark, png},
};

const DAY: i64 = 86_400;
/// The qualification that reading asks for from the second version of the protocol on.
const NAME: &str = "critical_eye";

/// A project with accepted items, and people who never saw them.
pub struct Lab {
    pub house: House,
    pub project: ProjectId,
    pub engineer: Caller,
    pub eyes: Vec<Caller>,
    pub items: Vec<ItemId>,
}

impl Lab {
    /// `labels` says of each item whether it has a label: whether it is bad.
    pub async fn new(house: House, labels: &[bool], eyes: u32) -> Self {
        let project = house.project("p", "images").await;
        let files: Vec<_> =
            (0..).zip(labels).map(|(n, _)| (format!("{n:03}.png"), png(64 + n, 48, n + 1))).collect();
        ingest(&house, project, "p", &files).await;
        let crew = Crew::of(&house, "p", "reviewer").await;
        let mut items = Vec::new();
        for (n, bad) in (0_u128..).zip(labels) {
            let shape = Shape::Box { x: 3.0, y: 2.0, w: 10.5, h: 5.25 };
            let frame = Some(countersign_model::FrameRef { stream: 0, index: 0 });
            let drawn = if *bad { vec![mark(n + 1, "object", frame, shape)] } else { vec![] };
            items.push(crew.work(&house, project, &drawn).await);
        }
        let engineer = house.sign_in("quality_engineer@p").await;
        let mut lab = Self { house, project, engineer, eyes: Vec::new(), items };
        for n in 0..eyes {
            let user = lab.house.person(&format!("eye{n}@p")).await;
            lab.house.pipeline.grant(&crew.owner, project, user, Role::Annotator).await.unwrap();
            lab.eyes.push(lab.house.sign_in(&format!("eye{n}@p")).await);
        }
        lab
    }

    pub fn draft(&self, name: &str, parts: std::ops::Range<usize>, eyes: &[usize]) -> AppraisalDraft {
        let part = |place: usize| json!({ "item": self.items[place], "borderline": place.is_multiple_of(5) });
        let users: Vec<UserId> = eyes.iter().map(|eye| self.eyes[*eye].user()).collect();
        let text = json!({
            "name": name, "question": "Is this part defective?", "classes": ["object"],
            "parts": parts.map(part).collect::<Vec<_>>(), "appraisers": users, "trials": 3,
            "qualification": NAME, "valid_days": 90,
        });
        serde_json::from_value(text).unwrap()
    }

    pub async fn drawn(&self, draft: AppraisalDraft) -> AppraisalId {
        let pipeline = &self.house.pipeline;
        let view = pipeline.freeze_appraisal(&self.engineer, self.project, draft).await.unwrap();
        assert_eq!((view.state.as_str(), view.seed.as_deref()), ("frozen", None));
        let view = pipeline.draw_appraisal(&self.engineer, view.id, "six, two").await.unwrap();
        assert_eq!(view.state, "judging");
        view.id
    }

    /// The place among the items of what somebody judges now, which no route tells.
    pub async fn part(&self, id: AppraisalId, eye: &Caller) -> (usize, u32) {
        let mut conn = self.house.pipeline.store.read().await.unwrap();
        let turn = appraisals::next(&mut conn, id, eye.user()).await.unwrap().unwrap();
        (self.items.iter().position(|item| *item == turn.item_id).unwrap(), turn.trial)
    }

    /// Judges up to `most` turns; the turn after them.
    pub async fn judge(
        &self,
        id: AppraisalId,
        eye: &Caller,
        most: u32,
        says_bad: impl Fn(usize, u32) -> bool,
    ) -> AppraisalTurn {
        let pipeline = &self.house.pipeline;
        let mut turn = pipeline.next_turn(eye, id).await.unwrap();
        for _ in 0..most {
            let Some(number) = turn.number else { break };
            let (place, trial) = self.part(id, eye).await;
            let bad = says_bad(place, trial);
            turn = pipeline.judge_turn(eye, id, number, AppraisalAnswer { bad }).await.unwrap();
        }
        turn
    }

    pub async fn certify(&self, eye: &Caller, days: i64) {
        let draft = QualificationDraft {
            user: eye.user(),
            name: NAME.into(),
            score: None,
            issuer: "a course".into(),
            valid_from: None,
            valid_until: self.house.pipeline.store.clock().now().plus_seconds(days * DAY),
            evidence_hash: None,
            evidence_reference: None,
        };
        let pipeline = &self.house.pipeline;
        pipeline.issue_qualification(&self.engineer, Some(self.project), draft).await.unwrap();
    }

    /// From now on reading asks for the qualification; some images wait to be read.
    pub async fn gate(&self, waiting: u32) {
        let (_, text) = countersign_workflow::shipped().iter().find(|(id, _)| *id == "images").unwrap();
        let text = text.replace("version: 1", "version: 2");
        let asks = format!("role: annotator\n    qualification: {NAME}");
        let text = text.replacen("role: annotator", &asks, 1);
        let owner = self.house.sign_in("owner@p").await;
        let reason = Some("critical defects are read by proven eyes");
        self.house.pipeline.put_protocol(&owner, self.project, 1, &text, reason, PASSWORD).await.unwrap();
        let files: Vec<_> = (0..waiting).map(|n| (format!("w{n}.png"), png(300 + n, 40, n + 7))).collect();
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in &files {
            std::fs::write(folder.path().join(path), bytes).unwrap();
        }
        self.house.ingest(self.project, vec![folder.path().to_owned()]).await;
    }

    pub async fn claim(&self, eye: &Caller) -> String {
        let claimed = self.house.pipeline.claim(eye, self.project, Wish::default()).await;
        match claimed {
            Ok(work) => {
                let (task, fence) = (work.task.id, work.task.fence);
                self.house.pipeline.give_back(eye, task, fence).await.unwrap();
                "done".into()
            }
            Err(error) => code(&error),
        }
    }

    pub async fn waiting(&self, eye: &Caller) -> u64 {
        let home = self.house.pipeline.home(eye).await.unwrap();
        home.cards.iter().find(|card| card.kind == "claim").map_or(0, |card| card.count)
    }

    pub async fn issue(&self, id: AppraisalId) -> AppraisalView {
        self.house.pipeline.issue_appraisal(&self.engineer, id, PASSWORD).await.unwrap()
    }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, PipelineError>) -> String {
    code(&outcome.unwrap_err())
}

fn verdicts(figures: &AppraisalFigures, eyes: &[Caller]) -> Vec<AppraisalVerdict> {
    let of = |eye: &Caller| figures.people.iter().find(|one| one.user == eye.user()).unwrap().verdict;
    eyes.iter().map(of).collect()
}

const LABELS: [bool; 8] = [true, false, true, false, true, false, true, false];

async fn from_plan_to_certificate(house: House) {
    let lab = Lab::new(house, &LABELS, 2).await;
    let pipeline = &lab.house.pipeline;
    for eye in &lab.eyes {
        lab.certify(eye, 400).await;
    }
    lab.gate(3).await;
    let id = lab.drawn(lab.draft("spring", 0..4, &[0, 1])).await;
    let view = pipeline.appraisal(&lab.engineer, id).await.unwrap();
    let short = [Shortfall::Parts, Shortfall::Borderline, Shortfall::Appraisers];
    assert_eq!((view.bad, view.borderline, view.short_of.as_slice()), (Some(2), Some(1), short.as_slice()));
    let card = pipeline.home(&lab.eyes[0]).await.unwrap();
    let card = card.cards.iter().find(|card| card.kind == "appraisals").unwrap();
    assert_eq!((card.count, card.href.contains(&id.to_string())), (12, true));

    // The first says good of one bad part once; the other is faultless.
    let wrong = |place, trial| LABELS[place] ^ (place == 2 && trial == 2);
    let turn = lab.judge(id, &lab.eyes[0], 99, wrong).await;
    assert_eq!((turn.number, turn.judged, turn.turns), (None, 12, 12));
    lab.judge(id, &lab.eyes[1], 99, |place, _| LABELS[place]).await;
    let over = pipeline.appraisal(&lab.engineer, id).await.unwrap();
    assert_eq!((over.state.as_str(), over.stop.as_deref()), ("ended", Some("through")));
    let figures = over.figures.unwrap();
    let (unacceptable, acceptable) = (AppraisalVerdict::Unacceptable, AppraisalVerdict::Acceptable);
    assert_eq!(verdicts(&figures, &lab.eyes), [unacceptable, acceptable]);
    let first = figures.people.iter().find(|one| one.user == lab.eyes[0].user()).unwrap();
    let counts = [first.within, first.effectiveness, first.miss, first.false_alarm];
    let counts = counts.map(|rate| rate.map(|rate| (rate.part, rate.of)).unwrap());
    assert_eq!(counts, [(3, 4), (3, 4), (1, 6), (0, 6)]);
    assert_eq!((figures.between.unwrap().part, figures.changed_parts, first.seen_elsewhere), (3, 0, 0));
    recomputed(&lab, id, &figures).await;

    // Nothing follows before somebody signs it, who was not judged in it.
    assert_eq!(lab.claim(&lab.eyes[0]).await, "done");
    assert_eq!(refused(pipeline.issue_appraisal(&lab.eyes[0], id, PASSWORD).await), "not_found");
    assert!(pipeline.issue_appraisal(&lab.engineer, id, "wrong").await.is_err());
    let issued = lab.issue(id).await;
    assert_eq!(
        (issued.state.as_str(), issued.issued.unwrap().printed_name.as_str()),
        ("issued", "Test quality_engineer@p")
    );
    assert_eq!(refused(pipeline.issue_appraisal(&lab.engineer, id, PASSWORD).await), "already_decided");
    assert_eq!(lab.claim(&lab.eyes[0]).await, "qualification_missing");
    assert_eq!(lab.claim(&lab.eyes[1]).await, "done");
    let mine = pipeline.my_qualifications(&lab.eyes[0]).await.unwrap();
    let reason = mine[0].revoke_reason.as_deref().unwrap();
    assert!(reason.starts_with("Study “spring”: unacceptable (effectiveness 75.0 %"), "{reason}");
    let mine = pipeline.my_qualifications(&lab.eyes[1]).await.unwrap();
    let given = mine.iter().find(|one| one.issuer.contains("spring")).unwrap();
    assert_eq!((given.score, given.days_left, given.name.as_str()), (Some(1.0), 90, NAME));
    // What a person learns of it: their own figures.
    let own = pipeline.appraisal(&lab.eyes[0], id).await.unwrap().figures.unwrap();
    assert_eq!((own.people.len(), own.pairs.len(), own.between), (1, 0, None));
    assert_eq!(refused(pipeline.appraisal_record(&lab.eyes[0], id).await), "not_found");
    trained_and_studied_again(&lab).await;
}

/// After training, other parts: whoever is acceptable gets work again.
async fn trained_and_studied_again(lab: &Lab) {
    let pipeline = &lab.house.pipeline;
    let again = lab.draft("after training", 0..4, &[0]);
    assert_eq!(refused(pipeline.freeze_appraisal(&lab.engineer, lab.project, again).await), "part_known");
    let id = lab.drawn(lab.draft("after training", 4..8, &[0])).await;
    lab.judge(id, &lab.eyes[0], 99, |place, _| LABELS[place]).await;
    lab.issue(id).await;
    assert_eq!(lab.claim(&lab.eyes[0]).await, "done");
}

/// Whoever has the record works out root, seed, orders and hashes.
async fn recomputed(lab: &Lab, id: AppraisalId, figures: &AppraisalFigures) {
    let auditor = lab.house.sign_in("auditor@p").await;
    let record = lab.house.pipeline.appraisal_record(&auditor, id).await.unwrap();
    let frozen: Frozen = serde_json::from_str(&record.frozen).unwrap();
    assert_eq!(figures.frozen_sha256, hex::encode(Sha256::digest(&record.frozen)));
    let plan = Hash(Sha256::digest(&record.frozen).into());
    let seed = study::seed(plan, &hex::decode(&record.entropy).unwrap());
    assert_eq!(seed.to_string(), record.seed);
    let lines: Vec<PartLine> = record.parts.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let ids: Vec<&str> = lines.iter().map(|line| line.item.as_str()).collect();
    for person in &frozen.appraisers {
        let orders = study::turns(seed, &person.to_string(), frozen.trials, &ids).concat();
        let judged = record.answers.iter().filter(|answer| answer.person == *person);
        let judged: Vec<String> = judged.map(|answer| answer.item.to_string()).collect();
        assert_eq!(judged, orders.iter().map(|place| ids[*place]).collect::<Vec<_>>());
        assert!(judged.windows(2).all(|two| two[0] != two[1]), "never twice in a row");
    }
    let text: String =
        record.answers.iter().map(|answer| serde_json::to_string(answer).unwrap() + "\n").collect();
    assert_eq!(figures.answers_sha256, hex::encode(Sha256::digest(text)));
    assert_eq!(&serde_json::from_str::<AppraisalFigures>(&record.figures).unwrap(), figures);
    let table = lab.house.pipeline.appraisal_csv(&auditor, id).await.unwrap();
    assert_eq!(table.lines().count(), record.answers.len() + 1);
    assert_eq!(
        table
            .lines()
            .filter(|line| line.contains(",bad,yes,good,no,") || line.contains(",bad,no,good,no,"))
            .count(),
        1
    );
    // The log has the hashes, in this order.
    let events = lab.house.pipeline.project_events(&auditor, lab.project, Some(500), None).await.unwrap();
    let mut actions: Vec<_> = events
        .items
        .iter()
        .filter(|event| event.object_id == Some(id.uuid()))
        .map(|event| &event.action[..])
        .collect();
    actions.dedup();
    let given = actions.iter().filter(|action| **action == "appraisal.judged").count();
    assert!(
        given > 0
            && actions.first() == Some(&"appraisal.ended")
            && actions.last() == Some(&"appraisal.frozen")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_gives_and_takes_qualifications_and_is_recomputed() {
    from_plan_to_certificate(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_does_so_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    from_plan_to_certificate(house).await;
}

/// The answers of the manual's worked example, 1 is good: parts that are not judged alike nine times, by appraiser.
const APART: [(usize, [&str; 3]); 11] = [
    (6, ["110", "110", "100"]),
    (7, ["111", "111", "101"]),
    (12, ["000", "000", "010"]),
    (14, ["110", "111", "100"]),
    (21, ["110", "101", "010"]),
    (22, ["001", "010", "110"]),
    (26, ["010", "000", "001"]),
    (30, ["000", "001", "000"]),
    (34, ["001", "001", "011"]),
    (36, ["110", "111", "101"]),
    (43, ["101", "111", "110"]),
];
const BAD: [usize; 16] = [3, 4, 5, 9, 12, 22, 25, 26, 30, 34, 37, 39, 42, 45, 48, 50];

fn manual(part: usize, person: usize, trial: u32) -> bool {
    match APART.iter().find(|(apart, _)| *apart == part) {
        Some((_, rows)) => rows[person].as_bytes()[trial as usize - 1] == b'0',
        None => BAD.contains(&part),
    }
}

async fn the_worked_example_and_eyes_at_82_percent(house: House) {
    let labels: Vec<bool> = (1..=50).map(|part| BAD.contains(&part)).collect();
    let lab = Lab::new(house, &labels, 6).await;
    for (place, eye) in lab.eyes.iter().enumerate() {
        // Of one the course will be over before the study's certificate is.
        lab.certify(eye, if place == 4 { 30 } else { 400 }).await;
    }
    lab.gate(2).await;
    let with_borderline = |name: &str, eyes: &[usize]| {
        let mut draft = lab.draft(name, 0..50, eyes);
        draft.parts.iter_mut().enumerate().for_each(|(place, part)| part.borderline = place % 5 < 2);
        draft
    };
    let id = lab.drawn(with_borderline("the manual's", &[0, 1, 2])).await;
    let view = lab.house.pipeline.appraisal(&lab.engineer, id).await.unwrap();
    assert_eq!((view.borderline, view.short_of.len()), (Some(20), 0));
    for person in 0..3 {
        lab.judge(id, &lab.eyes[person], 999, |place, trial| manual(place + 1, person, trial)).await;
    }
    let figures = lab.house.pipeline.appraisal(&lab.engineer, id).await.unwrap().figures.unwrap();
    as_printed(&figures, &lab.eyes);

    // Another three: two bad parts missed once and seven good ones called bad once; nothing wrong; one bad part missed always.
    let id = lab.drawn(with_borderline("ours", &[3, 4, 5])).await;
    let slips = [3, 9, 1, 2, 8, 10, 11, 13, 15];
    lab.judge(id, &lab.eyes[3], 999, |place, trial| {
        labels[place] ^ (trial == 2 && slips.contains(&(place + 1)))
    })
    .await;
    lab.judge(id, &lab.eyes[4], 999, |place, _| labels[place]).await;
    lab.judge(id, &lab.eyes[5], 999, |place, _| labels[place] && place != 2).await;
    let figures = lab.house.pipeline.appraisal(&lab.engineer, id).await.unwrap().figures.unwrap();
    let (marginal, acceptable) = (AppraisalVerdict::Marginal, AppraisalVerdict::Acceptable);
    let found = verdicts(&figures, &lab.eyes[3..]);
    assert_eq!(found, [marginal, acceptable, AppraisalVerdict::Unacceptable]);
    let slipped = figures.people.iter().find(|one| one.user == lab.eyes[3].user()).unwrap();
    assert_eq!(slipped.effectiveness.map(|rate| (rate.part, rate.of)), Some((41, 50)), "82 %");
    lab.issue(id).await;
    assert_eq!(
        (lab.claim(&lab.eyes[3]).await.as_str(), lab.waiting(&lab.eyes[3]).await),
        ("qualification_missing", 0)
    );
    assert_eq!((lab.claim(&lab.eyes[4]).await.as_str(), lab.waiting(&lab.eyes[4]).await), ("done", 2));
    next_quarter(&lab).await;
}

/// First the certificate of a course runs out, then that of the study.
async fn next_quarter(lab: &Lab) {
    lab.house.clock.forward(31 * DAY);
    let later = lab.house.sign_in("eye4@p").await;
    assert_eq!(lab.claim(&later).await, "done", "the study's counts");
    lab.house.clock.forward(60 * DAY);
    let later = lab.house.sign_in("eye4@p").await;
    assert_eq!(lab.claim(&later).await, "qualification_expired");
    assert_eq!(lab.waiting(&later).await, 0, "the queue is empty");
}

/// Kappas, effectiveness, misses and false alarms of the manual, to the digits that it prints.
fn as_printed(figures: &AppraisalFigures, eyes: &[Caller]) {
    let of: HashMap<_, _> = figures.people.iter().map(|one| (one.user, one)).collect();
    let share = |rate: Option<countersign_pipeline::appraisals::AppraisalRate>| {
        (rate.unwrap().share * 1000.0).round()
    };
    let printed = [(840.0, 63.0, 49.0, 0.88), (900.0, 63.0, 20.0, 0.92), (800.0, 125.0, 88.0, 0.77)];
    for (eye, (effective, miss, alarm, kappa)) in eyes.iter().zip(printed) {
        let one = of[&eye.user()];
        assert_eq!(
            (share(one.effectiveness), share(one.miss), share(one.false_alarm)),
            (effective, miss, alarm)
        );
        assert_eq!(one.effectiveness, one.within);
        assert!((one.kappa_reference.as_ref().unwrap().value - kappa).abs() < 0.005);
    }
    for (first, second, kappa) in [(0, 1, 0.86), (0, 2, 0.78), (1, 2, 0.79)] {
        let pair = figures.pairs.iter().find(|pair| {
            let both = [pair.first, pair.second];
            both.contains(&eyes[first].user()) && both.contains(&eyes[second].user())
        });
        let found = pair.unwrap().kappa.as_ref().unwrap();
        assert!((found.value - kappa).abs() < 0.005 && found.word == "good");
    }
    let system =
        |rate: Option<countersign_pipeline::appraisals::AppraisalRate>| rate.map(|rate| (rate.part, rate.of));
    assert_eq!((system(figures.between), system(figures.with_reference)), (Some((39, 50)), Some((39, 50))));
}

#[tokio::test(flavor = "multi_thread")]
async fn eyes_at_82_percent_are_marginal_and_lose_their_work() {
    the_worked_example_and_eyes_at_82_percent(House::new().await).await;
}
