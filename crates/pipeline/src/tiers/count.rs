//! Counting turns.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use countersign_model::{ItemId, Role, UserId};
use countersign_quality::tiers::{Caught, Errors, quantile};
use countersign_store::turns::{LostClaim, Ruling, Turn};

use super::{
    CONFIDENCE, FoundView, RateView, ReworkView, ShareView, TierPerson, TierReader, TierStage, TimesView,
    UnfinishedView, internal, share_of,
};
use crate::Result;

const MICROS_PER_SECOND: f64 = 1e6;
const MICROS_PER_MINUTE: f64 = 60e6;
const MINUTES_PER_HOUR: f64 = 60.0;

/// What one stage, or one person at it, did in first rounds.
#[derive(Clone, Copy, Debug, Default)]
struct Judged {
    reviewed: u64,
    errors: Errors,
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
    /// Claims that led to no turn, and the work under them, microseconds.
    lost: u64,
    lost_work: i64,
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

/// Errors of a turn that count, where they were counted.
fn errors(turn: &Turn) -> Option<u32> {
    turn.errors.map(|errors| if turn.overturned { 0 } else { errors })
}

/// Whether a turn found an error that counts.
const fn found(turn: &Turn) -> bool {
    turn.found && !turn.overturned
}

impl Counted {
    /// Counts turns that are sorted by item, and the work that led to none.
    pub fn of(rows: Vec<Turn>, lost: Vec<LostClaim>, accepted: &[ItemId]) -> Self {
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
        for claim in lost {
            let is_done = done.contains(&claim.item_id);
            // A stage at which nobody ever finished anything has no turns to be shown with.
            let stage = counted.stages.iter_mut().find(|stage| stage.first.stage_id == claim.stage_id);
            if let Some(stage) = stage {
                stage.lose(&claim, is_done);
            }
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
    let mut counted = Errors::default();
    if let Some(errors) = errors(turn) {
        counted.add(errors);
    }
    Judged {
        reviewed: 1,
        errors: counted,
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
        self.errors.join(other.errors);
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
            counted: self.errors.items,
            errors: self.errors.errors,
            errors_per_item: per_item(self.errors)?,
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
            lost: 0,
            lost_work: 0,
            judged: Judged::default(),
            people: BTreeMap::new(),
        }
    }

    fn lose(&mut self, claim: &LostClaim, is_done: bool) {
        let work = (claim.ended_at.0 - claim.claimed_at.0).max(0);
        self.lost += 1;
        self.lost_work += work;
        if is_done {
            self.accepted_work += work;
            self.accepted_rework += if claim.round > 1 { work } else { 0 };
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
            unfinished: UnfinishedView {
                claims: self.lost,
                minutes: self.lost_work as f64 / MICROS_PER_MINUTE,
            },
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

/// Errors for each item, with their interval.
fn per_item(errors: Errors) -> Result<Option<ShareView>> {
    Ok(errors.per_item(CONFIDENCE).map_err(internal)?.map(Into::into))
}

/// What decisions say of each reader, from rulings that are sorted by reader.
pub(super) fn readers(rulings: &[Ruling], names: &HashMap<UserId, String>) -> Result<Vec<TierReader>> {
    let of_one = rulings.chunk_by(|a, b| a.user_id == b.user_id);
    of_one
        .filter_map(|of_one| of_one.first().map(|first| (first.user_id, of_one)))
        .map(|(user, rows)| {
            let mut errors = Errors::default();
            let sum = |of: fn(&Ruling) -> u32| rows.iter().map(|row| u64::from(of(row))).sum::<u64>();
            for row in rows {
                errors.add(row.wrong.saturating_add(row.missed));
            }
            let ruled = rows.len() as u64;
            let upheld = rows.iter().filter(|row| row.wrong == 0 && row.missed == 0).count() as u64;
            Ok(TierReader {
                user,
                printed_name: names.get(&user).cloned().unwrap_or_default(),
                ruled,
                upheld,
                share: share_of(ruled, upheld)?,
                marks: sum(|row| row.marks),
                wrong: sum(|row| row.wrong),
                missed: sum(|row| row.missed),
                errors_per_read: per_item(errors)?,
            })
        })
        .collect()
}

fn times(micros: &[i64]) -> TimesView {
    let mut sorted = micros.to_vec();
    let mut at = |share| quantile(&mut sorted, share).map(|value| value as f64 / MICROS_PER_SECOND);
    TimesView { turns: micros.len() as u64, p50_seconds: at(0.5), p95_seconds: at(0.95) }
}
