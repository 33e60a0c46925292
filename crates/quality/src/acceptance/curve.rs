//! The operating curve: how likely a plan takes a batch, and how many units that needs, exactly. Mass moves over (checked,
//! errors) unit by unit and leaves where the plan decides.

use super::plan::{Plan, PlanError, Verdict};
use crate::special::count;

/// Where units come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Source {
    /// A batch of so many units of which so many are wrong, drawn without replacement.
    Lot {
        /// Units.
        units: u64,
        /// Wrong ones.
        wrong: u64,
    },
    /// A process that is wrong with this probability.
    Process(f64),
}

/// A point of the curve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Curve {
    /// Probability that the batch is taken.
    pub accept: f64,
    /// Mean number of units that are checked.
    pub checked: f64,
    /// Probability that the batch is taken, and a plan one step stricter would have taken it too ([`Plan::strictness`]).
    pub strict: f64,
    /// Mean share of the batch that leaves wrong: nothing of a returned batch does before it is mended, nor what was found wrong
    /// in an accepted one. Of a process, of batches so large that what was found in them does not count.
    pub outgoing: f64,
}

impl Source {
    /// Share of a batch that is wrong and was not found, where so many were.
    fn left(self, found: u64) -> f64 {
        match self {
            Self::Lot { units, wrong } => count(wrong.saturating_sub(found)) / count(units),
            Self::Process(share) => share,
        }
    }
}

impl Plan {
    /// The point of the curve for a source. A batch smaller than the sample is checked whole, and decided by what was found.
    ///
    /// # Errors
    /// [`PlanError`] for a plan that is none; [`PlanError::Shares`] for a source that is none.
    pub fn curve(&self, source: Source) -> Result<Curve, PlanError> {
        self.check()?;
        let fits = match source {
            Source::Lot { units, wrong } => units > 0 && wrong <= units,
            Source::Process(share) => (0.0..=1.0).contains(&share),
        };
        if !fits {
            return Err(PlanError::Shares);
        }
        let whole = if let Source::Lot { units, .. } = source { units } else { u64::MAX };
        let (mut mass, mut point) = (vec![1.0], Curve::default());
        for checked in 1..=self.most().min(whole) {
            mass = step(&mass, checked, source);
            for (found, share) in (0..).zip(&mut mass) {
                if *share == 0.0 {
                    continue;
                }
                let mut verdict = self.verdict(checked, found);
                if verdict == Verdict::Open && checked == whole {
                    verdict = self.whole(checked, found);
                }
                if verdict != Verdict::Open {
                    point.checked += *share * count(checked);
                    if verdict == Verdict::Accept {
                        point.accept += *share;
                        point.strict += if self.strictness(checked, found).1 { *share } else { 0.0 };
                        point.outgoing += *share * source.left(found);
                    }
                    *share = 0.0;
                }
            }
            // Nothing is left at the top: the row stays short.
            while mass.last() == Some(&0.0) {
                mass.pop();
            }
            if mass.is_empty() {
                break;
            }
        }
        Ok(point)
    }
}

/// Mass after one more unit.
fn step(mass: &[f64], checked: u64, source: Source) -> Vec<f64> {
    let mut next = vec![0.0; mass.len() + 1];
    for (found, share) in mass.iter().enumerate() {
        let hit = match source {
            Source::Process(share) => share,
            Source::Lot { units, wrong } => {
                count(wrong.saturating_sub(found as u64)) / count(units - checked + 1)
            }
        };
        next[found] += share * (1.0 - hit);
        next[found + 1] += share * hit;
    }
    next
}
