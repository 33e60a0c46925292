//! GLAD (Whitehill, Ruvolo, Wu, Bergsma and Movellan 2009, "Whose vote should count more"): one ability per reader and one
//! ease per item. A vote is right with probability logistic(ability x ease); errors are spread evenly over the other classes.
//! What it says beyond the other estimates is how hard an item is. Abilities are never below 0, where a vote would speak
//! against itself and all labels could be turned around; both are drawn towards 1 (normal priors of the ability and of the
//! logarithm of the ease, standard deviation 1). Each step is taken only as far as the objective grows.

use crate::{reads::Reads, to_f64};

use super::dawid_skene::{Options, first_posteriors, likeliest};

/// Steps of abilities and of eases between two estimates of the truth.
const STEPS: usize = 2;
/// Times that a step is halved before it is left.
const HALVINGS: usize = 20;
/// Longest step of an ability, and of the logarithm of an ease.
const STEP_MAX: f64 = 2.0;
/// An ability and a logarithm of an ease before anything is known: the means of their priors.
const ABILITY: f64 = 1.0;
const LN_EASE: f64 = 0.0;
/// An ease is between `exp` of this and of its opposite.
const LN_EASE_MAX: f64 = 20.0;

/// Estimates.
#[derive(Clone, Debug)]
pub struct Glad {
    classes: usize,
    posteriors: Vec<f64>,
    /// Ability of each reader, from 0 (a guess between right and wrong) on; 1 of a reader without reads.
    pub abilities: Vec<f64>,
    /// Ease of each item, above 0: the smaller, the harder; 1 of an item that nobody read.
    pub eases: Vec<f64>,
    /// Logarithm of the posterior density after each iteration, up to a constant: it never falls.
    pub objectives: Vec<f64>,
}

impl Glad {
    /// Probabilities of the classes of an item, even where nobody read it.
    #[must_use]
    pub fn posterior(&self, item: usize) -> &[f64] {
        &self.posteriors[item * self.classes..][..self.classes]
    }

    /// The likeliest class of an item; the lowest index of equals.
    #[must_use]
    pub fn class(&self, item: usize) -> u16 {
        likeliest(self.posterior(item))
    }
}

/// A vote, as the steps need it: who (or on what), and how likely it is right by the truth as estimated last.
#[derive(Clone, Copy)]
struct Term {
    other: usize,
    right: f64,
}

/// Estimates truth, abilities and eases by turns, beginning with the shares of votes; `strength` has no meaning here. `None` for
/// fewer than two classes.
#[must_use]
pub fn glad(reads: &Reads, options: Options) -> Option<Glad> {
    let classes = reads.classes();
    if classes < 2 {
        return None;
    }
    let mut state = Glad {
        classes,
        posteriors: first_posteriors(reads),
        abilities: vec![ABILITY; reads.readers()],
        eases: vec![LN_EASE.exp(); reads.items()],
        objectives: Vec::new(),
    };
    let mut ln_eases = vec![LN_EASE; reads.items()];
    let (starts, voters) = by_reader(reads);
    let mut right = vec![0.0; starts[reads.readers()]];
    while state.objectives.len() < options.iterations.max(1) {
        expect(reads, &state.posteriors, &mut right);
        for _ in 0..STEPS {
            rate(&starts, &voters, &right, &state.eases, &mut state.abilities);
            ease(reads, &right, &state.abilities, &mut ln_eases);
            state.eases.iter_mut().zip(&ln_eases).for_each(|(ease, ln)| *ease = ln.exp());
        }
        let (moved, objective) = judge(reads, &state.abilities, &ln_eases, &mut state.posteriors);
        state.objectives.push(objective);
        if moved <= options.tolerance {
            break;
        }
    }
    Some(state)
}

/// Where each reader's votes begin, and for each vote its item and its place in the order of the items.
fn by_reader(reads: &Reads) -> (Vec<usize>, Vec<(u32, u32)>) {
    let mut starts = vec![0; reads.readers() + 1];
    for vote in reads.rows().flatten() {
        starts[vote.reader as usize + 1] += 1;
    }
    for reader in 0..reads.readers() {
        starts[reader + 1] += starts[reader];
    }
    let (mut next, mut place) = (starts.clone(), 0_u32);
    let mut voters = vec![(0, 0); starts[reads.readers()]];
    for (item, row) in (0_u32..).zip(reads.rows()) {
        for vote in row {
            let at = &mut next[vote.reader as usize];
            voters[*at] = (item, place);
            *at += 1;
            place += 1;
        }
    }
    (starts, voters)
}

/// How likely each vote is right, in the order of the items.
fn expect(reads: &Reads, posteriors: &[f64], right: &mut [f64]) {
    let rows = reads.rows().zip(posteriors.chunks_exact(reads.classes()));
    let shares = rows.flat_map(|(row, shares)| row.iter().map(|vote| shares[usize::from(vote.class)]));
    right.iter_mut().zip(shares).for_each(|(right, share)| *right = share);
}

fn rate(starts: &[usize], voters: &[(u32, u32)], right: &[f64], eases: &[f64], abilities: &mut [f64]) {
    let mut terms = Vec::new();
    for (ability, ends) in abilities.iter_mut().zip(starts.windows(2)) {
        let term = |&(item, place): &(u32, u32)| Term { other: item as usize, right: right[place as usize] };
        terms.clear();
        terms.extend(voters[ends[0]..ends[1]].iter().map(term));
        let gain = |ability: f64| {
            let (mut slope, mut bend) = (ABILITY - ability, 1.0);
            for term in &terms {
                let ease = eases[term.other];
                let sure = logistic(ability * ease);
                slope += (term.right - sure) * ease;
                bend += sure * (1.0 - sure) * ease * ease;
            }
            slope / bend
        };
        let worth = |ability: f64| {
            let votes: f64 = terms.iter().map(|term| worth(ability * eases[term.other], term.right)).sum();
            votes - (ability - ABILITY).powi(2) / 2.0
        };
        *ability = climb(*ability, (0.0, f64::INFINITY), gain, worth);
    }
}

fn ease(reads: &Reads, right: &[f64], abilities: &[f64], ln_eases: &mut [f64]) {
    let (mut terms, mut place) = (Vec::new(), 0);
    for (ln_ease, row) in ln_eases.iter_mut().zip(reads.rows()) {
        let votes = row.iter().zip(&right[place..place + row.len()]);
        place += row.len();
        terms.clear();
        terms.extend(votes.map(|(vote, right)| Term { other: vote.reader as usize, right: *right }));
        let gain = |ln: f64| {
            let (mut slope, mut bend) = (LN_EASE - ln, 1.0);
            for term in &terms {
                let x = abilities[term.other] * ln.exp();
                let sure = logistic(x);
                slope += (term.right - sure) * x;
                bend += sure * (1.0 - sure) * x * x;
            }
            slope / bend
        };
        let worth = |ln: f64| {
            let votes: f64 =
                terms.iter().map(|term| worth(abilities[term.other] * ln.exp(), term.right)).sum();
            votes - (ln - LN_EASE).powi(2) / 2.0
        };
        *ln_ease = climb(*ln_ease, (-LN_EASE_MAX, LN_EASE_MAX), gain, worth);
    }
}

/// A step by Fisher's scoring, halved until it gains something.
fn climb(from: f64, (low, high): (f64, f64), gain: impl Fn(f64) -> f64, worth: impl Fn(f64) -> f64) -> f64 {
    let mut step = gain(from).clamp(-STEP_MAX, STEP_MAX);
    let now = worth(from);
    for _ in 0..HALVINGS {
        let to = (from + step).clamp(low, high);
        if worth(to) >= now {
            return to;
        }
        step /= 2.0;
    }
    from
}

/// Returns how far the posterior that moved most did, and the objective.
fn judge(reads: &Reads, abilities: &[f64], ln_eases: &[f64], posteriors: &mut [f64]) -> (f64, f64) {
    let classes = reads.classes();
    let ln_others = to_f64(classes - 1).ln();
    let mut logs = vec![0.0; classes];
    let prior = |sum: f64, value: f64, mean: f64| sum - (value - mean).powi(2) / 2.0;
    let mut objective = abilities.iter().fold(0.0, |sum, ability| prior(sum, *ability, ABILITY));
    objective = ln_eases.iter().fold(objective, |sum, ln| prior(sum, *ln, LN_EASE));
    let mut moved = 0.0_f64;
    let rows = reads.rows().zip(posteriors.chunks_exact_mut(classes)).zip(ln_eases);
    for ((votes, row), ln_ease) in rows {
        logs.fill(-to_f64(classes).ln());
        let ease = ln_ease.exp();
        for vote in votes {
            let x = abilities[vote.reader as usize] * ease;
            let (is, is_not) = (ln_logistic(x), ln_logistic(-x) - ln_others);
            for (class, log) in logs.iter_mut().enumerate() {
                *log += if class == usize::from(vote.class) { is } else { is_not };
            }
        }
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = logs.iter().map(|log| (log - top).exp()).sum();
        objective += top + sum.ln();
        for (old, log) in row.iter_mut().zip(&logs) {
            let new = (log - top).exp() / sum;
            moved = moved.max((*old - new).abs());
            *old = new;
        }
    }
    (moved, objective)
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// ln logistic(x), exact where it is far below 0.
fn ln_logistic(x: f64) -> f64 {
    if x > 0.0 { -(-x).exp().ln_1p() } else { x - x.exp().ln_1p() }
}

/// What a vote adds to the objective of a step, which is right with probability `right`.
fn worth(x: f64, right: f64) -> f64 {
    right * ln_logistic(x) + (1.0 - right) * ln_logistic(-x)
}
