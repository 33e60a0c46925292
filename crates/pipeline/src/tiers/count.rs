//! Counting turns.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use countersign_model::{ItemId, Role, UserId};
use countersign_quality::tiers::{Caught, quantile};
use countersign_store::turns::Turn;

use super::{
    CONFIDENCE, FoundView, RateView, ReworkView, TierPerson, TierStage, TimesView, internal, share_of,
};
use crate::Result;

const MICROS_PER_SECOND: f64 = 1e6;
const MICROS_PER_MINUTE: f64 = 60e6;
const MINUTES_PER_HOUR: f64 = 60.0;

/// What one stage, or one person at it, did in first rounds.
#[derive(Clone, Copy, Debug, Default)]
struct Judged {
    reviewed: u64,
    caught: Caught,
}

/// One stage.
struct Stage {
    first: Turn,
    waiting: Vec<i64>,
    working: Vec<i64>,
    /// Work on accepted items, microseconds: all rounds, and those after the first.
    accepted_work: i64,
    accepted_rework: i64,
    judged: Judged,
    people: BTreeMap<UserId, Judged>,
}

/// A project's turns, counted.
pub(super) struct Counted {
    pub items: u64,
    pub accepted: u64,
    pub first_judged: u64,
    pub first_right: u64,
    sent_back: u64,
    again_judged: u64,
    again_found: u64,
    stages: Vec<Stage>,
}

/// Whether a turn found an error that counts.
const fn found(turn: &Turn) -> bool {
    turn.found && !turn.overturned
}

impl Counted {
    /// Counts turns that are sorted by item.
    pub fn of(rows: Vec<Turn>, accepted: &[ItemId]) -> Self {
        let done: HashSet<ItemId> = accepted.iter().copied().collect();
        let mut counted = Self {
            items: 0,
            accepted: 0,
            first_judged: 0,
            first_right: 0,
            sent_back: 0,
            again_judged: 0,
            again_found: 0,
            stages: Vec::new(),
        };
        for turns in rows.chunk_by(|a, b| a.item_id == b.item_id) {
            let is_done = turns.first().is_some_and(|turn| done.contains(&turn.item_id));
            counted.item(turns, is_done);
        }
        // As the protocol has them; a stage that is there no more comes where it was.
        counted
            .stages
            .sort_by(|a, b| (a.first.stage, &a.first.stage_id).cmp(&(b.first.stage, &b.first.stage_id)));
        counted
    }

    fn item(&mut self, turns: &[Turn], is_done: bool) {
        self.items += 1;
        self.accepted += u64::from(is_done);
        self.sent_back += u64::from(turns.iter().any(|turn| turn.round > 1));
        let judgements = || turns.iter().filter(|turn| turn.judged);
        if let Some(first) = judgements().filter(|turn| turn.round == 1).min_by_key(|turn| turn.stage) {
            self.first_judged += 1;
            self.first_right += u64::from(!found(first));
        }
        for turn in judgements().filter(|turn| turn.round > 1) {
            self.again_judged += 1;
            self.again_found += u64::from(found(turn));
        }
        for turn in turns {
            let judged = (turn.judged && turn.round == 1).then(|| judged(turn, turns));
            self.stage(turn).take(turn, is_done, judged);
        }
    }

    fn stage(&mut self, turn: &Turn) -> &mut Stage {
        let place = self.stages.iter().position(|stage| stage.first.stage_id == turn.stage_id);
        let place = place.unwrap_or_else(|| {
            self.stages.push(Stage::new(turn.clone()));
            self.stages.len() - 1
        });
        &mut self.stages[place]
    }

    /// Everybody who judged somewhere.
    pub fn people(&self) -> BTreeSet<UserId> {
        self.stages.iter().flat_map(|stage| stage.people.keys().copied()).collect()
    }

    /// What is done again.
    pub fn rework(&self) -> Result<ReworkView> {
        Ok(ReworkView {
            items: self.sent_back,
            judged: self.again_judged,
            found: self.again_found,
            share: share_of(self.again_judged, self.again_found)?,
        })
    }

    /// The stages, and what an accepted item costs over all of them.
    pub fn stages(
        &self,
        rates: &[RateView],
        title: impl Fn(&str) -> String,
        names: &HashMap<UserId, String>,
    ) -> Result<(Vec<TierStage>, Option<f64>)> {
        let (mut views, mut total) = (Vec::with_capacity(self.stages.len()), Some(0.0));
        for stage in &self.stages {
            let view = stage.view(self.accepted, rates, &title, names)?;
            total = total.zip(view.cost_per_accepted).map(|(sum, cost)| sum + cost);
            views.push(view);
        }
        Ok((views, total.filter(|_| self.accepted > 0)))
    }
}

/// One judgement of a first round, with what the next tier made of the same round.
fn judged(turn: &Turn, of_item: &[Turn]) -> Judged {
    let later = |other: &&Turn| other.judged && other.round == turn.round && other.stage > turn.stage;
    let next = of_item.iter().filter(later).min_by_key(|other| other.stage).filter(|_| turn.passed);
    Judged {
        reviewed: 1,
        caught: Caught {
            found: u64::from(found(turn)),
            passed: u64::from(turn.passed),
            looked: u64::from(next.is_some()),
            missed: u64::from(next.is_some_and(found)),
        },
    }
}

impl Judged {
    fn add(&mut self, other: Self) {
        self.reviewed += other.reviewed;
        self.caught.found += other.caught.found;
        self.caught.passed += other.caught.passed;
        self.caught.looked += other.caught.looked;
        self.caught.missed += other.caught.missed;
    }

    fn view(self) -> Result<FoundView> {
        let Caught { found, passed, looked, missed } = self.caught;
        Ok(FoundView {
            reviewed: self.reviewed,
            found,
            share: share_of(self.reviewed, found)?,
            passed,
            looked,
            missed,
            recall: self.caught.recall(CONFIDENCE).map_err(internal)?.map(Into::into),
        })
    }
}

impl Stage {
    fn new(first: Turn) -> Self {
        Self {
            first,
            waiting: Vec::new(),
            working: Vec::new(),
            accepted_work: 0,
            accepted_rework: 0,
            judged: Judged::default(),
            people: BTreeMap::new(),
        }
    }

    fn take(&mut self, turn: &Turn, is_done: bool, judged: Option<Judged>) {
        let work = (turn.done_at.0 - turn.claimed_at.0).max(0);
        self.waiting.push((turn.claimed_at.0 - turn.opened_at.0).max(0));
        self.working.push(work);
        if is_done {
            self.accepted_work += work;
            self.accepted_rework += if turn.round > 1 { work } else { 0 };
        }
        if let Some(judged) = judged {
            self.judged.add(judged);
            self.people.entry(turn.user_id).or_default().add(judged);
        }
    }

    fn view(
        &self,
        accepted: u64,
        rates: &[RateView],
        title: &impl Fn(&str) -> String,
        names: &HashMap<UserId, String>,
    ) -> Result<TierStage> {
        let per_item =
            |micros: i64| (accepted > 0).then(|| micros as f64 / MICROS_PER_MINUTE / accepted as f64);
        let minutes = per_item(self.accepted_work);
        let role: Role = self.first.role;
        let rate = rates.iter().find(|rate| rate.role == role);
        let mut people = Vec::with_capacity(self.people.len());
        for (user, judged) in &self.people {
            let printed_name = names.get(user).cloned().unwrap_or_default();
            people.push(TierPerson { user: *user, printed_name, found: judged.view()? });
        }
        Ok(TierStage {
            id: self.first.stage_id.clone(),
            title: title(&self.first.stage_id),
            kind: self.first.kind,
            role,
            waiting: times(&self.waiting),
            working: times(&self.working),
            minutes_per_accepted: minutes,
            rework_minutes_per_accepted: per_item(self.accepted_rework),
            cost_per_accepted: minutes
                .zip(rate)
                .map(|(minutes, rate)| minutes / MINUTES_PER_HOUR * rate.per_hour),
            judged: if self.judged.reviewed > 0 { Some(self.judged.view()?) } else { None },
            people,
        })
    }
}

fn times(micros: &[i64]) -> TimesView {
    let mut sorted = micros.to_vec();
    let mut at = |share| quantile(&mut sorted, share).map(|value| value as f64 / MICROS_PER_SECOND);
    TimesView { turns: micros.len() as u64, p50_seconds: at(0.5), p95_seconds: at(0.95) }
}
