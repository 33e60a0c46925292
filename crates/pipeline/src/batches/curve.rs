//! The operating curve of a plan for a batch of a given size.

use countersign_quality::acceptance::{Curve, Plan, PlanError, Source};

use super::{CurvePoint, PlanCurve};
use crate::{PipelineError, Result, blocking};

/// Points of a curve.
const POINTS: u64 = 40;
/// Probability of acceptance down to which a batch counts as good.
const GOOD: f64 = 0.95;
/// Probability of acceptance up to which it counts as bad.
const BAD: f64 = 0.1;
/// To about this sums over the sample are exact: a plan that was designed for these numbers has them.
const NEAR: f64 = 1e-9;

/// The curve, off the threads that serve requests: it is a sum over sample x errors.
pub(super) async fn of(plan: Plan, units: u64) -> Result<PlanCurve> {
    let found = blocking(move || curve(plan, units)).await?;
    found.map_err(refused)
}

pub(super) fn refused(error: PlanError) -> PipelineError {
    PipelineError::bad("bad_plan", "plan", error.to_string())
}

fn curve(plan: Plan, units: u64) -> std::result::Result<PlanCurve, PlanError> {
    let accept = |wrong: u64| plan.curve(Source::Lot { units, wrong }).map(|point| point.accept);
    // More defective items never make acceptance likelier: both numbers are found by halving.
    let good = first(units, |wrong| Ok(accept(wrong)? < GOOD - NEAR))?
        .map_or(Some(units), |wrong| wrong.checked_sub(1));
    let bad = first(units, |wrong| Ok(accept(wrong)? <= BAD + NEAR))?;
    // Beyond a little more than the bad number the curve lies on the ground.
    let end = bad.map_or(units, |bad| (bad + bad / 2 + 1).min(units));
    let mut points = Vec::new();
    let mut last = None;
    for place in 0..=POINTS {
        let wrong = place * end / POINTS;
        if last.replace(wrong) == Some(wrong) {
            continue;
        }
        let point = plan.curve(Source::Lot { units, wrong })?;
        let share = ratio(wrong, units);
        let Curve { accept, checked, outgoing, .. } = point;
        points.push(CurvePoint { wrong, share, accept, checked, outgoing });
    }
    Ok(PlanCurve { units, points, good, bad })
}

/// The smallest number up to `most` for which something holds that holds for all larger ones.
fn first(
    most: u64,
    holds: impl Fn(u64) -> std::result::Result<bool, PlanError>,
) -> std::result::Result<Option<u64>, PlanError> {
    if !holds(most)? {
        return Ok(None);
    }
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle)? { high = middle } else { low = middle + 1 }
    }
    Ok(Some(high))
}

#[expect(clippy::cast_precision_loss, reason = "a batch has at most 200,000 items")]
pub(super) fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_begins_at_certainty_and_names_where_it_turns() {
        let found = curve(Plan::Single { sample: 20, accept: 1 }, 100).unwrap();
        assert_eq!((found.points[0].wrong, found.points[0].share), (0, 0.0));
        assert!((found.points[0].accept - 1.0).abs() < 1e-12);
        assert!(found.points.windows(2).all(|pair| pair[0].wrong < pair[1].wrong));
        assert!(found.points.windows(2).all(|pair| pair[0].accept >= pair[1].accept - 1e-12));
        let accept = |wrong| {
            Plan::Single { sample: 20, accept: 1 }.curve(Source::Lot { units: 100, wrong }).unwrap().accept
        };
        let good = found.good.unwrap();
        assert!(accept(good) >= GOOD && accept(good + 1) < GOOD);
        let bad = found.bad.unwrap();
        assert!(accept(bad) <= BAD && accept(bad - 1) > BAD);
    }

    #[test]
    fn a_plan_that_never_returns_has_no_bad_number() {
        // Two items, and two defective ones are allowed.
        let found = curve(Plan::Single { sample: 3, accept: 2 }, 2).unwrap();
        assert_eq!((found.good, found.bad), (Some(2), None));
    }

    #[test]
    fn a_plan_that_returns_what_has_no_defect_has_no_good_number() {
        // Ten right items say little: -0.41, while acceptance is at -6.9 and the return at 2.3.
        let plan = Plan::Sequential { good: 0.01, bad: 0.05, producer: 0.1, consumer: 0.001, most: 200 };
        let found = curve(plan, 10).unwrap();
        assert_eq!((found.good, found.bad, found.points[0].accept), (None, Some(0), 0.0));
    }
}
