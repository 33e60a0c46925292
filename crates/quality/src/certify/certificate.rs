//! The certificate: what was fixed before the first look, what was found, and the bounds that follow. Everything in it can
//! be recomputed from the root, the entropy, the units and the findings.
//!
//! Several bounds are stated at once, so each of m bounds takes 1/m of the allowed error (Bonferroni): the confidence is
//! that of all of them together.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{
    betting::severity_at,
    earlier::{EARLIER_MAX, Earlier, ln_left},
    order::{Hash, order, order_hash, seed},
    ppr::{Prior, reach, upper_at},
};
use crate::{
    finite::{BoundError, LOT_MAX, fraction},
    special::count,
    to_f64,
};

/// Version of the form of certificates.
pub const CERTIFICATE_VERSION: u32 = 1;
/// Most classes with a bound of their own.
pub const CLASS_BOUNDS_MAX: usize = 1_000;
/// How far a recomputed mean may be from the stated one: the last digits of logarithms differ between machines.
const TOLERANCE: f64 = 1e-9;

/// Over which units a class is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Among {
    /// All units: what was missed counts, but a rare class is hardly bounded.
    All,
    /// Units whose frozen labels name the class: how often it is wrong where it is claimed. What was missed elsewhere does
    /// not count here.
    Claiming,
}

/// A class with a bound of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassPlan {
    /// Its name.
    pub class: String,
    /// Over which units.
    pub among: Among,
}

/// What is fixed before the first unit is checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Confidence of all bounds together.
    pub confidence: f64,
    /// What is expected of the lot; decides how tight bounds are, not whether they hold.
    pub prior: Prior,
    /// What is counted, in the plural: images.
    pub units: String,
    /// Against what labels are held. Not the truth: a reading by named people under a named guideline.
    pub reference: String,
    /// What counts as an error.
    pub error: String,
    /// Classes with bounds of their own.
    pub classes: Vec<ClassPlan>,
    /// Whether the mean severity is bounded too.
    pub severity: bool,
    /// Audits of some of the same labels that were begun before. Absent for a first one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
}

impl Plan {
    /// The logarithm of what evidence has to reach for each of so many bounds: of 1 over its part of the allowed error that
    /// earlier audits left.
    fn reach(&self, bounds: usize) -> Result<f64, BoundError> {
        let confidence = 1.0 - (1.0 - fraction(self.confidence)?) / to_f64(bounds);
        Ok(reach(confidence)? - ln_left(&self.earlier)?)
    }

    /// The error that all bounds together may have: 1 - confidence, and after earlier audits of the same labels what they
    /// left of it.
    ///
    /// # Errors
    /// [`BoundError`] where an earlier audit has numbers that describe no sample.
    pub fn allowed(&self) -> Result<f64, BoundError> {
        Ok((1.0 - fraction(self.confidence)?) * ln_left(&self.earlier)?.exp())
    }
}

/// A unit of what was frozen. A unit is an image rather than a label, so that what was missed counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its id, unique.
    pub id: String,
    /// Classes that its labels name.
    pub classes: Vec<String>,
}

/// What the audit found in a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Id of the unit.
    pub unit: String,
    /// The class of each error; none if the unit is right.
    pub errors: Vec<String>,
    /// How bad the unit is, 0..=1.
    pub severity: f64,
}

/// A bound on a number of units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitBound {
    /// Units that it is about.
    pub lot: u64,
    /// Of these, checked.
    pub checked: u64,
    /// Of these, wrong.
    pub found: u64,
    /// At most so many of the lot were wrong when it was frozen.
    pub upper: u64,
    /// At most so many still are, if those that were found were corrected.
    pub left: u64,
    /// `upper` as a share of the lot.
    pub share: f64,
}

/// A bound on the mean severity of a lot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeverityBound {
    /// Mean severity of the checked units.
    pub mean: f64,
    /// At most so much is the mean over the lot.
    pub upper: f64,
}

/// A bound on a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassBound {
    /// The class and its units.
    #[serde(flatten)]
    pub plan: ClassPlan,
    /// The bound; `None` where no unit is of it.
    pub bound: Option<UnitBound>,
}

/// What is certified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// [`CERTIFICATE_VERSION`].
    pub version: u32,
    /// What was fixed beforehand.
    pub plan: Plan,
    /// Root over what was frozen.
    pub root: Hash,
    /// What was entered after freezing, in hexadecimal digits.
    pub entropy: String,
    /// Seed of the order.
    pub seed: Hash,
    /// Hash of the order of all units.
    pub order: Hash,
    /// Name of the method of the bounds on units.
    pub method: String,
    /// How many bounds share the confidence, each with 1 / bounds of the allowed error.
    pub bounds: usize,
    /// Units with any error.
    pub overall: UnitBound,
    /// The mean severity, if planned.
    pub severity: Option<SeverityBound>,
    /// Classes, as planned.
    pub classes: Vec<ClassBound>,
}

/// What cannot be certified.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CertifyError {
    /// Numbers that no bound can be made of.
    #[error(transparent)]
    Bound(#[from] BoundError),
    /// No unit, or more than [`LOT_MAX`].
    #[error("{0} units cannot be certified: 1 to {LOT_MAX}")]
    Units(usize),
    /// Two units with one id.
    #[error("unit {0} is there twice")]
    Twice(String),
    /// More class bounds than [`CLASS_BOUNDS_MAX`], or one twice.
    #[error("classes with a bound of their own: at most {CLASS_BOUNDS_MAX}, each once")]
    Classes,
    /// More earlier audits than [`EARLIER_MAX`].
    #[error("{0} earlier audits of the same labels, at most {EARLIER_MAX} are taken into account")]
    Earlier(usize),
    /// More findings than units.
    #[error("{0} findings are more than there are units")]
    Findings(usize),
    /// The audit left the order: only the first units of it, in it, make a random sample.
    #[error("finding {place} is about {found}; the order says {expected}")]
    Order {
        /// Place of the finding, from 0.
        place: usize,
        /// The unit that comes at this place.
        expected: String,
        /// The unit that the finding is about.
        found: String,
    },
}

/// A certificate that does not follow from what it names.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum VerifyError {
    /// The inputs make no certificate.
    #[error(transparent)]
    Inputs(#[from] CertifyError),
    /// A field has another value than the one that follows.
    #[error("`{0}` is not what follows from the inputs")]
    Differs(&'static str),
}

/// Certifies what was found so far. May be asked after every finding: the bounds hold at every look.
///
/// # Errors
/// [`CertifyError`] names the first thing that does not fit.
pub fn certify(
    root: Hash,
    entropy: &[u8],
    plan: &Plan,
    units: &[Unit],
    findings: &[Finding],
) -> Result<Certificate, CertifyError> {
    check(plan, units, findings)?;
    let seed = seed(root, entropy);
    let ids: Vec<&str> = units.iter().map(|unit| unit.id.as_str()).collect();
    let order = order(seed, &ids);
    for (place, (finding, at)) in findings.iter().zip(&order).enumerate() {
        if finding.unit != ids[*at] {
            let (expected, found) = (ids[*at].to_owned(), finding.unit.clone());
            return Err(CertifyError::Order { place, expected, found });
        }
    }
    let lot = Lot::of(plan, units);
    let checked: Vec<(&[String], &Finding)> =
        order.iter().map(|at| units[*at].classes.as_slice()).zip(findings).collect();
    let Bounds { bounds, overall, severity, classes } = lot.bounds(plan, &checked)?;
    Ok(Certificate {
        version: CERTIFICATE_VERSION,
        plan: plan.clone(),
        root,
        entropy: hex::encode(entropy),
        seed,
        order: order_hash(order.iter().map(|at| ids[*at])),
        method: "prior-posterior-ratio, betting".to_owned(),
        bounds,
        overall,
        severity,
        classes,
    })
}

/// How large a lot is: all that bounds need to know of what was not checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// Units.
    pub units: u64,
    /// Of these, over how many each class of the plan is bounded, in the plan's order.
    pub of_class: Vec<u64>,
}

/// The bounds after some units were checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// How many bounds share the confidence.
    pub bounds: usize,
    /// Units with any error.
    pub overall: UnitBound,
    /// The mean severity, if planned.
    pub severity: Option<SeverityBound>,
    /// Classes, as planned.
    pub classes: Vec<ClassBound>,
}

impl Lot {
    /// The size of a frozen set under a plan.
    #[must_use]
    pub fn of(plan: &Plan, units: &[Unit]) -> Self {
        let count =
            |class: &ClassPlan| units.iter().filter(|unit| counts(class, &unit.classes)).count() as u64;
        Self { units: units.len() as u64, of_class: plan.classes.iter().map(count).collect() }
    }

    /// The bounds that hold after the first units of the order were checked: for each the classes that its frozen labels
    /// name, and what was found. May be asked after every finding. Costs nothing per unit that was not checked.
    ///
    /// # Errors
    /// [`CertifyError`] for numbers that describe no sample.
    pub fn bounds(&self, plan: &Plan, checked: &[(&[String], &Finding)]) -> Result<Bounds, CertifyError> {
        let bounds = 1 + usize::from(plan.severity) + plan.classes.len();
        let reach = plan.reach(bounds)?;
        let wrong = checked.iter().filter(|(_, finding)| !finding.errors.is_empty()).count();
        let overall = bound(self.units, checked.len(), wrong, reach, plan.prior)?;
        let severity = if plan.severity {
            let severities: Vec<f64> = checked.iter().map(|(_, finding)| finding.severity).collect();
            let mean = severities.iter().sum::<f64>() / to_f64(severities.len().max(1));
            Some(SeverityBound { mean, upper: severity_at(self.units, &severities, reach)? })
        } else {
            None
        };
        // The units of a class within a random order are themselves in random order: the same bound holds for them.
        let of_class = |(class, lot): (&ClassPlan, &u64)| {
            let of_it = || checked.iter().filter(|(named, _)| counts(class, named));
            let found = of_it().filter(|(_, finding)| finding.errors.contains(&class.class)).count();
            let bound =
                if *lot == 0 { None } else { Some(bound(*lot, of_it().count(), found, reach, plan.prior)?) };
            Ok::<_, CertifyError>(ClassBound { plan: class.clone(), bound })
        };
        let classes = plan.classes.iter().zip(&self.of_class).map(of_class).collect::<Result<_, _>>()?;
        Ok(Bounds { bounds, overall, severity, classes })
    }
}

/// Whether a class is bounded over a unit whose labels name these classes.
fn counts(class: &ClassPlan, named: &[String]) -> bool {
    class.among == Among::All || named.contains(&class.class)
}

fn check(plan: &Plan, units: &[Unit], findings: &[Finding]) -> Result<(), CertifyError> {
    if units.is_empty() || units.len() as u64 > LOT_MAX {
        return Err(CertifyError::Units(units.len()));
    }
    let mut seen = HashSet::with_capacity(units.len());
    if let Some(twice) = units.iter().find(|unit| !seen.insert(unit.id.as_str())) {
        return Err(CertifyError::Twice(twice.id.clone()));
    }
    let mut classes = HashMap::new();
    let fresh =
        |class: &ClassPlan| classes.insert((class.class.clone(), class.among == Among::All), ()).is_none();
    if plan.classes.len() > CLASS_BOUNDS_MAX || !plan.classes.iter().all(fresh) {
        return Err(CertifyError::Classes);
    }
    if findings.len() > units.len() {
        return Err(CertifyError::Findings(findings.len()));
    }
    if plan.earlier.len() > EARLIER_MAX {
        return Err(CertifyError::Earlier(plan.earlier.len()));
    }
    Ok(())
}

fn bound(lot: u64, checked: usize, found: usize, reach: f64, prior: Prior) -> Result<UnitBound, BoundError> {
    let (checked, found) = (checked as u64, found as u64);
    let upper = upper_at(lot, checked, found, reach, prior)?;
    Ok(UnitBound { lot, checked, found, upper, left: upper - found, share: count(upper) / count(lot) })
}

impl Certificate {
    /// Recomputes order and bounds and compares. The root is taken as given: whoever calls has recomputed it.
    ///
    /// # Errors
    /// [`VerifyError`] names the first field that does not follow.
    pub fn verify(&self, root: Hash, units: &[Unit], findings: &[Finding]) -> Result<(), VerifyError> {
        let entropy = hex::decode(&self.entropy).map_err(|_| VerifyError::Differs("entropy"))?;
        if self.root != root {
            return Err(VerifyError::Differs("root"));
        }
        let again = certify(root, &entropy, &self.plan, units, findings)?;
        let near = |a: f64, b: f64| (a - b).abs() <= TOLERANCE;
        let same_units = |a: &UnitBound, b: &UnitBound| {
            near(a.share, b.share)
                && (a.lot, a.checked, a.found, a.upper, a.left)
                    == (b.lot, b.checked, b.found, b.upper, b.left)
        };
        let same_class = |(a, b): (&ClassBound, &ClassBound)| {
            let bounds = match (&a.bound, &b.bound) {
                (Some(a), Some(b)) => same_units(a, b),
                (a, b) => a.is_none() && b.is_none(),
            };
            a.plan == b.plan && bounds
        };
        let same_severity = match (&self.severity, &again.severity) {
            (Some(a), Some(b)) => near(a.mean, b.mean) && near(a.upper, b.upper),
            (a, b) => a.is_none() && b.is_none(),
        };
        let fields = [
            ("version", self.version == again.version),
            ("seed", self.seed == again.seed),
            ("order", self.order == again.order),
            ("method", self.method == again.method),
            ("bounds", self.bounds == again.bounds),
            ("overall", same_units(&self.overall, &again.overall)),
            ("severity", same_severity),
            (
                "classes",
                self.classes.len() == again.classes.len()
                    && self.classes.iter().zip(&again.classes).all(same_class),
            ),
        ];
        match fields.iter().find(|(_, same)| !same) {
            Some((field, _)) => Err(VerifyError::Differs(field)),
            None => Ok(()),
        }
    }

    /// The one sentence that the certificate makes.
    #[must_use]
    pub fn statement(&self) -> String {
        let UnitBound { lot, checked, found, share, .. } = self.overall;
        let Plan { confidence, units, reference, error, .. } = &self.plan;
        format!(
            "With {} % confidence at most {:.2} % of the {lot} {units} deviate from {reference} under the error definition \
             \u{201c}{error}\u{201d} ({checked} checked in a random order, {found} wrong; the confidence is that of {} \
             bounds together, and holds whenever the audit was ended).{}",
            trimmed(confidence * 100.0),
            (share * 10_000.0).ceil() / 100.0,
            self.bounds,
            self.earlier()
        )
    }

    /// What is said of audits of the same labels before this one; nothing where there is none.
    fn earlier(&self) -> String {
        let Plan { earlier, confidence, .. } = &self.plan;
        if earlier.is_empty() {
            return String::new();
        }
        format!(
            " It is audit {} that was begun of labels in this set. The confidence holds whichever of these is shown: of an \
             allowed error of {} % the earlier ones left {} %.",
            earlier.len() + 1,
            trimmed((1.0 - confidence) * 100.0),
            two_digits(self.plan.allowed().unwrap_or_default() * 100.0)
        )
    }
}

/// `0.42`, `0.0017`: rounded down, so that it is never said to be more.
fn two_digits(value: f64) -> String {
    let places = (0..300).find(|places| value * 10_f64.powi(*places) >= 10.0).unwrap_or(300);
    let scale = 10_f64.powi(places);
    format!("{:.*}", usize::try_from(places).unwrap_or(0), (value * scale).floor() / scale)
}

/// `95`, `97.5`.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
