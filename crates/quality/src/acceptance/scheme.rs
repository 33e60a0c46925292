//! The scheme: a plan with its tightened and its reduced form, and the switching between them. For a source whose quality
//! stays the same the states of the switching are a Markov chain; what the scheme does in the long run is the mean over its
//! stationary distribution (Stephens and Larson 1967, "An evaluation of the MIL-STD-105D system of sampling plans"; Schilling
//! and Sheesley 1978 tabulated such scheme curves).
//!
//! The states are those of [`Switching`] itself, found by taking every outcome from the first one on: the curve is of the
//! rules that are applied, not of a description of them.

use super::{
    curve::{Curve, Source},
    plan::{Plan, PlanError},
    switching::{Inspected, Inspection, Switching},
};

/// No outcome is taken for impossible: each state can then be reached from each, and the chain has one distribution.
const LEAST: f64 = 1e-12;

/// A plan at its three levels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scheme {
    /// As chosen.
    pub normal: Plan,
    /// What is in force when inspection is tightened.
    pub tightened: Plan,
    /// What is in force when it is reduced: the chosen one where there is no smaller.
    pub reduced: Plan,
}

/// A point of the scheme's curve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SchemePoint {
    /// Under normal inspection.
    pub normal: Curve,
    /// Under tightened inspection.
    pub tightened: Curve,
    /// Under reduced inspection.
    pub reduced: Curve,
    /// Share of batches, in the long run, that are inspected normally, tightened, reduced. Sums to 1.
    pub shares: [f64; 3],
    /// Share of batches after which inspection is discontinued. It is taken to be resumed before the next batch.
    pub discontinued: f64,
    /// Share of batches that are accepted.
    pub accept: f64,
    /// Mean number of units that are checked of a batch.
    pub checked: f64,
    /// Mean share of wrong units in what leaves; as [`Curve::outgoing`].
    pub outgoing: f64,
}

impl Plan {
    /// The plan at its three levels.
    ///
    /// # Errors
    /// [`PlanError`] for a plan that is none; [`PlanError::Sample`] where its tightened form would take too many units.
    pub fn scheme(&self) -> Result<Scheme, PlanError> {
        self.check()?;
        let tightened = self.tightened().ok_or(PlanError::Sample)?;
        Ok(Scheme { normal: *self, tightened, reduced: self.reduced().unwrap_or(*self) })
    }
}

impl Scheme {
    /// What the scheme does in the long run with batches from a source; `steady` as in [`Switching::take`]: without it
    /// inspection is never reduced.
    ///
    /// # Errors
    /// As [`Plan::curve`].
    pub fn curve(&self, source: Source, steady: bool) -> Result<SchemePoint, PlanError> {
        let levels = [self.normal, self.tightened, self.reduced];
        let mut points = [Curve::default(); 3];
        for (point, plan) in points.iter_mut().zip(levels) {
            *point = plan.curve(source)?;
        }
        let outcomes = |level: usize| outcomes(&levels[level], &points[level]);
        let chain = Chain::of(steady, outcomes);
        let often = stationary(chain.moves);
        let (mut shares, mut discontinued) = ([0.0; 3], 0.0);
        for ((share, level), ends) in often.iter().zip(&chain.levels).zip(&chain.ends) {
            shares[*level] += share;
            discontinued += share * ends;
        }
        let mean =
            |of: fn(&Curve) -> f64| shares.iter().zip(&points).map(|(share, point)| share * of(point)).sum();
        let [normal, tightened, reduced] = points;
        Ok(SchemePoint {
            normal,
            tightened,
            reduced,
            shares,
            discontinued,
            accept: mean(|point| point.accept),
            checked: mean(|point| point.checked),
            outgoing: mean(|point| point.outgoing),
        })
    }
}

/// What may be decided about a batch at a level, and how likely that is.
fn outcomes(plan: &Plan, point: &Curve) -> [(Inspected, f64); 3] {
    let (accept, _) = plan.strictness(0, 0);
    let batch = |accepted, strictly| Inspected { accepted, accept, strictly };
    let odds = [point.strict, point.accept - point.strict, 1.0 - point.accept].map(|odds| odds.max(LEAST));
    let sum: f64 = odds.iter().sum();
    [
        (batch(true, true), odds[0] / sum),
        (batch(true, false), odds[1] / sum),
        (batch(false, false), odds[2] / sum),
    ]
}

/// States that can be reached, and how likely one follows another.
struct Chain {
    moves: Vec<Vec<f64>>,
    /// Level of each state, as in [`SchemePoint::shares`].
    levels: Vec<usize>,
    /// How likely inspection is discontinued from each.
    ends: Vec<f64>,
}

impl Chain {
    fn of(steady: bool, outcomes: impl Fn(usize) -> [(Inspected, f64); 3]) -> Self {
        let by_level = [outcomes(0), outcomes(1), outcomes(2)];
        let mut states = vec![Switching::default()];
        let (mut rows, mut levels, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        let mut at = 0;
        while at < states.len() {
            let level = match states[at].inspection() {
                Inspection::Normal => 0,
                Inspection::Tightened | Inspection::Discontinued => 1,
                Inspection::Reduced => 2,
            };
            let (mut row, mut end) = (Vec::with_capacity(3), 0.0);
            for (batch, odds) in by_level[level] {
                let mut next = states[at].clone();
                next.take(batch, steady);
                if next.inspection() == Inspection::Discontinued {
                    end += odds;
                    next.resume();
                }
                next.forget(steady);
                let place = states.iter().position(|known| *known == next).unwrap_or_else(|| {
                    states.push(next);
                    states.len() - 1
                });
                row.push((place, odds));
            }
            rows.push(row);
            levels.push(level);
            ends.push(end);
            at += 1;
        }
        let mut moves = vec![vec![0.0; states.len()]; states.len()];
        for (row, to) in moves.iter_mut().zip(rows) {
            to.into_iter().for_each(|(place, odds)| row[place] += odds);
        }
        Self { moves, levels, ends }
    }
}

/// The stationary distribution by elimination without subtractions (Grassmann, Taksar and Heyman 1985): as exact for rare
/// states as for common ones.
fn stationary(mut moves: Vec<Vec<f64>>) -> Vec<f64> {
    let states = moves.len();
    for last in (1..states).rev() {
        let (before, rest) = moves.split_at_mut(last);
        let row = &rest[0];
        let leaves: f64 = row[..last].iter().sum();
        for from in before {
            from[last] /= leaves;
            let comes = from[last];
            if comes > 0.0 {
                from[..last].iter_mut().zip(row).for_each(|(to, odds)| *to += comes * odds);
            }
        }
    }
    let mut often = vec![1.0];
    for state in 1..states {
        often.push(often.iter().zip(&moves).map(|(share, row)| share * row[state]).sum());
    }
    let sum: f64 = often.iter().sum();
    often.into_iter().map(|share| share / sum).collect()
}
