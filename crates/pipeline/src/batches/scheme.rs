//! What a plan does in the long run together with the switching of inspection.

use countersign_quality::acceptance::{Plan, PlanError, Source};
use serde::Serialize;

use super::{SAMPLE_MAX, SamplingPlan};
use crate::{Result, blocking};

/// A point of the curve of a plan with its switching: batches one after the other that each have so many defective items.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SchemePoint {
    /// Defective items in each batch.
    pub wrong: u64,
    /// As a share of the batch.
    pub share: f64,
    /// Share of batches that are accepted in the long run.
    pub accept: f64,
    /// Probability that a batch is accepted under normal inspection.
    pub normal: f64,
    /// Under tightened inspection.
    pub tightened: f64,
    /// Under reduced inspection.
    pub reduced: f64,
    /// Share of batches that are inspected tightened.
    pub is_tightened: f64,
    /// Share of batches that are inspected reduced.
    pub is_reduced: f64,
    /// Share of batches after which inspection is discontinued; it is taken to be resumed before the next one.
    pub discontinued: f64,
    /// Mean number of items that are inspected of a batch.
    pub checked: f64,
    /// Mean share of a batch that leaves defective, where returned batches are mended.
    pub outgoing: f64,
}

/// What a plan does in the long run with the switching of inspection: exact for each plan (hypergeometric), and the
/// stationary distribution of the chain of levels between them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SchemeCurve {
    /// Whether inspection may be reduced.
    pub steady: bool,
    /// Plan under tightened inspection.
    pub tightened: SamplingPlan,
    /// Plan under reduced inspection.
    pub reduced: SamplingPlan,
    /// By defective items.
    pub points: Vec<SchemePoint>,
}

/// The curve of a plan's scheme at numbers of defective items, off the threads that serve requests. `None` where its
/// tightened form would look at more items than are inspected.
pub(super) async fn of(
    chosen: Plan,
    steady: bool,
    units: u64,
    wrongs: impl Iterator<Item = u64>,
) -> Result<Option<SchemeCurve>> {
    let wrongs: Vec<u64> = wrongs.collect();
    let found = blocking(move || curve(chosen, steady, units, &wrongs)).await?;
    found.map_err(super::curve::refused)
}

fn curve(
    chosen: Plan,
    steady: bool,
    units: u64,
    wrongs: &[u64],
) -> std::result::Result<Option<SchemeCurve>, PlanError> {
    let scheme = match chosen.scheme() {
        Ok(scheme) if scheme.tightened.most() <= SAMPLE_MAX => scheme,
        Ok(_) | Err(PlanError::Sample) => return Ok(None),
        Err(error) => return Err(error),
    };
    let point = |wrong: &u64| {
        let point = scheme.curve(Source::Lot { units, wrong: *wrong }, steady)?;
        let [_, is_tightened, is_reduced] = point.shares;
        Ok(SchemePoint {
            wrong: *wrong,
            share: super::curve::ratio(*wrong, units),
            accept: point.accept,
            normal: point.normal.accept,
            tightened: point.tightened.accept,
            reduced: point.reduced.accept,
            is_tightened,
            is_reduced,
            discontinued: point.discontinued,
            checked: point.checked,
            outgoing: point.outgoing,
        })
    };
    let points = wrongs.iter().map(point).collect::<std::result::Result<_, PlanError>>()?;
    Ok(Some(SchemeCurve {
        steady,
        tightened: scheme.tightened.into(),
        reduced: scheme.reduced.into(),
        points,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_is_shown_where_all_of_its_plans_can_be_in_force() {
        let plan = Plan::Single { sample: 20, accept: 1 };
        let found = curve(plan, true, 100, &[0, 5, 100]).unwrap().unwrap();
        assert_eq!(found.tightened, SamplingPlan::Single { sample: 20, accept: 0 });
        let [first, middle, last] = found.points[..] else { panic!("{found:?}") };
        assert!(first.is_reduced > 0.999 && last.is_tightened > 0.999 && last.discontinued > 0.19);
        assert!(middle.tightened < middle.accept && middle.accept < middle.reduced, "{middle:?}");
        let large = Plan::Single { sample: SAMPLE_MAX, accept: 0 };
        assert_eq!(curve(large, true, 5_000, &[1]), Ok(None));
    }
}
