//! Audits of the same labels that were begun before: what a later certificate has to do without, so that showing the best
//! of several costs no confidence.
//!
//! Each bound b of an audit j is a martingale that starts at 1 under what is true (prior / posterior, or the capital of the
//! bets). So is their mean S over the m bounds, and b fails only where S reaches 1 / alpha: the sharing of alpha (Bonferroni)
//! said in another way. Audits one after the other, each in an order that is drawn anew, multiply: S1 * S2 * ... starts at 1
//! too, and ever reaches 1 / alpha with probability at most alpha (Ville 1939), whatever somebody saw before they began
//! another one, and whichever of the certificates they show. What S1 is, depends on how many units are wrong, which nobody
//! knows; but it is never below its least value over all numbers. A later audit is therefore held to
//! alpha * (the least S1) * (the least S2) * ..., and a first one to alpha itself. (Products of e-values with optional
//! continuation: Grünwald, de Heide and Koolen 2024, "Safe testing"; Ramdas, Grünwald, Vovk and Shafer 2023,
//! "Game-theoretic statistics and safe anytime-valid inference".)

use serde::{Deserialize, Serialize};

use super::ppr::{Prior, least};
use crate::{
    finite::{BoundError, counts},
    to_f64,
};

/// Most audits of the same labels that one certificate takes into account.
pub const EARLIER_MAX: usize = 100;
/// Most units of one earlier audit whose outcome nobody kept: each possible number of wrong ones is tried.
const UNSETTLED_MAX: u64 = 100_000;

/// What was seen of a number of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Units.
    pub lot: u64,
    /// Of these, checked.
    pub checked: u64,
    /// Of these, wrong.
    pub found: u64,
}

/// An audit that was begun before, of labels some of which are audited again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Earlier {
    /// What it is known by.
    pub audit: String,
    /// What it expected.
    pub prior: Prior,
    /// What its bound over all units counted.
    pub units: Seen,
    /// Units whose labels somebody was shown and which its bounds do not count: not judged, or judged beyond a gap.
    pub unsettled: u64,
    /// What its bounds on classes counted.
    pub classes: Vec<Seen>,
    /// Whether it bounded the mean severity.
    pub severity: bool,
}

impl Earlier {
    /// The logarithm of the part of the allowed error that this audit leaves to later ones: of the least that the mean of its
    /// martingales can be. 0 if nobody was shown anything, never above it.
    ///
    /// # Errors
    /// [`BoundError`] for numbers that describe no sample.
    pub fn ln_left(&self) -> Result<f64, BoundError> {
        let Seen { lot, checked, found } = self.units;
        let shown = checked.saturating_add(self.unsettled);
        if self.unsettled > UNSETTLED_MAX {
            return Err(BoundError::Counts { lot, checked: shown, found });
        }
        if shown == 0 && found == 0 {
            return Ok(0.0);
        }
        counts(lot, shown, found)?;
        counts(lot, checked.max(1), found)?;
        let mut parts = Vec::with_capacity(1 + self.classes.len());
        // Who ended it knew these, and chose to leave them out: whatever costs most is taken for true. The bounds of that audit
        // itself hold at every number of units at once, however it was chosen; that its martingales are 1 on average does not.
        let mut overall = least(lot, checked, found, self.prior)?;
        for wrong in 0..=self.unsettled {
            overall = overall.min(least(lot, shown, found + wrong, self.prior)?);
        }
        parts.push(overall);
        for class in &self.classes {
            if class.lot == 0 {
                parts.push(0.0);
            } else {
                let part = least(class.lot, class.checked, class.found, self.prior)?;
                // How many of them were of the class is not known: its part is given up.
                parts.push(if self.unsettled > 0 { f64::NEG_INFINITY } else { part });
            }
        }
        // Bets on the severity may have lost nearly all of their capital: that part is given up.
        let bounds = parts.len() + usize::from(self.severity);
        let most = parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = parts.iter().map(|part| (part - most).exp()).sum();
        Ok((most + sum.ln() - to_f64(bounds).ln()).min(0.0))
    }
}

/// The logarithm of what several leave.
pub(super) fn ln_left(earlier: &[Earlier]) -> Result<f64, BoundError> {
    earlier.iter().map(Earlier::ln_left).sum()
}
