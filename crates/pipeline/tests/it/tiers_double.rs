//! Independent readers, a decision between them and a countersignature, simulated: the report says what really happened at each.

use std::{collections::BTreeMap, sync::Arc};

use countersign_model::{ItemId, UserId};
use countersign_pipeline::{
    people::Caller,
    sign::Countersigning,
    signing::Components,
    tiers::{TierReport, TierStage},
    work::Change,
};
use countersign_quality::Random;
use countersign_workflow::{AdjudicateDecision, SignDecision};

use crate::{
    double::{STAGES, Team, mark},
    harness::PASSWORD,
};

const ITEMS: usize = 90;
/// Where there is something to see in each image, how likely each reader sees it, and where nothing is.
const THINGS: [f64; 3] = [2.0, 16.0, 30.0];
const SEES: [f64; 2] = [0.8, 0.7];
const NOTHING: f64 = 46.0;
/// How likely a reader marks where nothing is, and whoever decides leaves something out that one of them saw.
const INVENTS: f64 = 0.15;
const OVERLOOKS: f64 = 0.3;
/// How likely the specialist sees that something was left out.
const SPECIALIST_SEES: f64 = 0.8;
/// Who countersigns first, and who does when it comes back.
const LOGINS: [&str; 2] = ["specialist@p", "specialist2@p"];
/// Work, seconds.
const DECIDING: i64 = 90;
const SIGNING: i64 = 20;

/// What really happened to one reader.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Reader {
    ruled: u64,
    upheld: u64,
    marks: u64,
    wrong: u64,
    missed: u64,
}

#[derive(Debug, Default)]
struct Truth {
    readers: [Reader; 2],
    decided: u64,
    signed_first: u64,
    sent_back: u64,
}

struct Walk {
    team: Team,
    random: Random,
    truth: Truth,
}

fn marks(places: &[f64]) -> Vec<(f64, &'static str)> {
    places.iter().map(|x| (*x, "object")).collect()
}

impl Walk {
    fn chance(&mut self, share: f64) -> bool {
        self.random.unit() < share
    }

    async fn item(&mut self) {
        let mut seen: [Vec<f64>; 2] = [vec![], vec![]];
        for (reader, sees) in SEES.into_iter().enumerate() {
            seen[reader] = THINGS.into_iter().filter(|_| self.random.unit() < sees).collect();
        }
        if self.chance(INVENTS) {
            seen[0].push(NOTHING);
        }
        let item = self.team.read_twice(None, &marks(&seen[0]), &marks(&seen[1])).await;
        let differ = seen[0] != seen[1];
        let both: Vec<f64> = seen[0].iter().copied().filter(|x| seen[1].contains(x)).collect();
        let one: Vec<f64> =
            THINGS.into_iter().filter(|x| seen[0].contains(x) != seen[1].contains(x)).collect();
        let overlooks = !one.is_empty() && self.chance(OVERLOOKS);
        let rejects = overlooks && self.chance(SPECIALIST_SEES);
        if differ {
            let left = if overlooks { &one[1..] } else { &one[..] };
            self.decide(item, left).await;
            self.truth.decided += 1;
            let decision: Vec<f64> = both.iter().chain(left).copied().collect();
            // A decision that is sent back itself says nothing of readers.
            if !rejects {
                self.ruled(&seen, &decision);
            }
        }
        self.truth.signed_first += 1;
        if rejects {
            self.truth.sent_back += 1;
            self.sign(item, SignDecision::Reject, 0).await;
            // Only what was left out is added to the copy of the decision.
            self.decide(item, &one[..1]).await;
            self.truth.decided += 1;
            let decision: Vec<f64> = both.iter().chain(&one).copied().collect();
            self.ruled(&seen, &decision);
        }
        self.sign(item, SignDecision::Sign, usize::from(rejects)).await;
    }

    /// What the decision says of each reader.
    fn ruled(&mut self, seen: &[Vec<f64>; 2], decision: &[f64]) {
        for (reader, seen) in self.truth.readers.iter_mut().zip(seen) {
            let wrong = seen.iter().filter(|x| !decision.contains(x)).count() as u64;
            let missed = decision.iter().filter(|x| !seen.contains(x)).count() as u64;
            reader.ruled += 1;
            reader.upheld += u64::from(wrong + missed == 0);
            reader.marks += seen.len() as u64;
            reader.wrong += wrong;
            reader.missed += missed;
        }
    }

    async fn decide(&self, item: ItemId, adds: &[f64]) {
        let work = self.team.claim(&self.team.reviewer, Some(item)).await.unwrap();
        self.team.house.clock.forward(DECIDING);
        let changes: Vec<Change> = adds.iter().map(|x| mark(*x, "object")).collect();
        self.team.rule(&self.team.reviewer, &work, AdjudicateDecision::Decide, changes).await;
        self.team.house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    }

    async fn sign(&self, item: ItemId, decision: SignDecision, who: usize) {
        let (specialist, login): (&Caller, _) = (&self.team.specialists[who], LOGINS[who]);
        let work = self.team.claim(specialist, Some(item)).await.unwrap();
        self.team.house.clock.forward(SIGNING);
        let act = Countersigning {
            decision,
            content_hash: work.subject.unwrap().summary.content_hash.unwrap(),
            password: Components { login: Some(login.into()), password: PASSWORD.into() },
            reason: (decision == SignDecision::Reject).then(|| "missed_finding".into()),
            comment: None,
            return_to: None,
        };
        let pipeline = &self.team.house.pipeline;
        pipeline.countersign(specialist, work.task.id, work.task.fence, act).await.unwrap();
    }
}

fn stage<'a>(report: &'a TierReport, id: &str) -> &'a TierStage {
    report.stages.iter().find(|stage| stage.id == id).unwrap()
}

fn near(seconds: Option<f64>, truth: i64) -> bool {
    seconds.is_some_and(|seconds| (seconds - truth as f64).abs() < 1.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_decisions_say_of_readers_and_signers_of_decisions_is_what_happened() {
    let team = Team::new(ITEMS, STAGES).await;
    let mut walk = Walk { team, random: Random::new(11), truth: Truth::default() };
    for _ in 0..ITEMS {
        walk.item().await;
    }
    let owner = walk.team.house.sign_in("owner@p").await;
    let report = walk.team.house.pipeline.tiers(&owner, walk.team.project).await.unwrap();
    let truth = &walk.truth;
    assert!(truth.sent_back >= 5 && truth.decided > 40, "the simulation has something to count: {truth:?}");
    assert_eq!((report.items, report.accepted), (ITEMS as u64, ITEMS as u64));

    let by_user: BTreeMap<UserId, _> = report.readers.iter().map(|reader| (reader.user, reader)).collect();
    assert_eq!(by_user.len(), 2);
    for (caller, happened) in walk.team.readers.iter().zip(truth.readers) {
        let said = by_user[&caller.user()];
        let figures = Reader {
            ruled: said.ruled,
            upheld: said.upheld,
            marks: said.marks,
            wrong: said.wrong,
            missed: said.missed,
        };
        assert_eq!(figures, happened);
        assert_eq!(said.printed_name, caller.printed_name);
        let share = said.share.unwrap();
        assert!((share.low..=share.high).contains(&(happened.upheld as f64 / happened.ruled as f64)));
        let each = said.errors_per_read.unwrap();
        let errors = (happened.wrong + happened.missed) as f64 / happened.ruled as f64;
        assert!((each.value - errors).abs() < 1e-12 && each.low < errors && errors < each.high);
    }

    let sign = stage(&report, "sign").judged.as_ref().unwrap();
    assert_eq!((sign.reviewed, sign.found), (truth.signed_first, truth.sent_back));
    assert_eq!(
        (sign.counted, sign.errors),
        (truth.signed_first, truth.sent_back),
        "one each: no mark was named"
    );
    let share = sign.share.unwrap();
    assert!((share.low..=share.high).contains(&(truth.sent_back as f64 / ITEMS as f64)));
    assert_eq!((sign.passed, sign.looked, sign.recall), (truth.signed_first - truth.sent_back, 0, None));
    assert_eq!(
        (report.rework.items, report.rework.judged, report.rework.found),
        (truth.sent_back, truth.sent_back, 0)
    );
    let adjudicate = stage(&report, "adjudicate");
    assert_eq!((adjudicate.working.turns, adjudicate.judged.as_ref()), (truth.decided, None));
    assert!(near(adjudicate.working.p50_seconds, DECIDING) && near(adjudicate.working.p95_seconds, DECIDING));
    let minutes = (truth.decided as i64 * DECIDING) as f64 / 60.0 / ITEMS as f64;
    assert!((adjudicate.minutes_per_accepted.unwrap() - minutes).abs() < 0.01, "{adjudicate:?}");
    assert!(near(stage(&report, "sign").working.p95_seconds, SIGNING));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_claimed_and_not_finished_is_in_the_work_of_the_stage() {
    let team = Team::new(1, STAGES).await;
    let (pipeline, clock) = (&team.house.pipeline, &team.house.clock);
    // One minute, then given back.
    let work = team.claim(&team.readers[2], None).await.unwrap();
    let item = work.item.id;
    clock.forward(60);
    pipeline.give_back(&team.readers[2], work.task.id, work.task.fence).await.unwrap();
    // Three minutes until the last sign of life; nobody comes back, and the place is taken much later.
    let work = team.claim(&team.readers[2], Some(item)).await.unwrap();
    clock.forward(180);
    pipeline.renew(&team.readers[2], work.task.id, work.task.fence).await.unwrap();
    clock.forward(36_000);
    team.read_twice(Some(item), &[(3.0, "object")], &[(3.0, "object")]).await;
    // Hours later: a session of its own.
    let specialist = team.house.sign_in("specialist@p").await;
    team.sign(&specialist, item).await;
    let owner = team.house.sign_in("owner@p").await;
    let report = pipeline.tiers(&owner, team.project).await.unwrap();
    let read = stage(&report, "read");
    assert_eq!((read.unfinished.claims, read.working.turns), (2, 2));
    assert!((read.unfinished.minutes - 4.0).abs() < 0.01, "{read:?}");
    assert!(read.minutes_per_accepted.unwrap() >= 4.0, "{read:?}");
    assert_eq!(stage(&report, "sign").unfinished.claims, 0);
}
