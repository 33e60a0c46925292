//! Plans for what somebody wants of them: which batches are to be accepted, and which returned.

use countersign_model::ProjectId;
use countersign_quality::acceptance::{Plan, PlanError, Promise, PromiseError};
use serde::{Deserialize, Serialize};

use super::{PlanCurve, SAMPLE_MAX, SamplingPlan, curve};
use crate::{
    Pipeline, PipelineError, Result, access::Action, blocking, certification::UNITS_MAX, people::Caller,
};

/// What is wanted of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanWish {
    /// Items in a batch.
    pub units: u64,
    /// Share of defective items with which a batch should be accepted (producer's risk quality; AQL).
    pub good: f64,
    /// Most probable that one like that is returned.
    pub producer: f64,
    /// Share of defective items with which a batch should be returned (consumer's risk quality; LTPD).
    pub bad: f64,
    /// Most probable that one like that is accepted.
    pub consumer: f64,
}

/// A plan that does what is wanted.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DesignedPlan {
    /// Under normal inspection.
    pub plan: SamplingPlan,
    /// Items of a good batch that are inspected on average.
    pub checked_good: f64,
    /// Items of a bad batch that are inspected on average.
    pub checked_bad: f64,
    /// Largest share of a batch, over the points of the curve, that leaves defective on average, where returned batches are
    /// mended.
    pub outgoing_max: f64,
    /// How it decides.
    pub curve: PlanCurve,
}

/// The smallest plans of each kind that do what is wanted; absent where none does with the items that may be inspected.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanDesigns {
    /// Most defective items of a batch that should be accepted.
    pub good: u64,
    /// Fewest of one that should be returned.
    pub bad: u64,
    /// One sample.
    pub single: Option<DesignedPlan>,
    /// Two samples.
    pub double: Option<DesignedPlan>,
    /// Item by item.
    pub sequential: Option<DesignedPlan>,
}

impl Pipeline {
    /// Looks for the smallest plans that do what is wanted. Changes nothing.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_plan` naming the field.
    pub async fn design_plan(
        &self,
        caller: &Caller,
        project: ProjectId,
        wish: PlanWish,
    ) -> Result<PlanDesigns> {
        self.require_on(caller, Action::Certify, project)?;
        let promise = promise(wish)?;
        let [single, double, sequential] = blocking(move || plans(&promise)).await?.map_err(named)?;
        let (good, bad) = promise.wrong().unwrap_or_default();
        Ok(PlanDesigns {
            good,
            bad,
            single: designed(single, wish.units, promise).await?,
            double: designed(double, wish.units, promise).await?,
            sequential: designed(sequential, wish.units, promise).await?,
        })
    }
}

fn promise(wish: PlanWish) -> Result<Promise> {
    let PlanWish { units, good, producer, bad, consumer } = wish;
    if units == 0 || units > UNITS_MAX as u64 {
        return Err(PipelineError::bad("bad_plan", "units", format!("1 to {UNITS_MAX}")));
    }
    let promise = Promise { units: Some(units), good, producer, bad, consumer, most: SAMPLE_MAX };
    promise.check().map_err(named)?;
    Ok(promise)
}

fn named(error: PromiseError) -> PipelineError {
    let place = match error {
        PromiseError::Units | PromiseError::Same => "units",
        PromiseError::Good => "good",
        PromiseError::Bad => "bad",
        PromiseError::Producer => "producer",
        PromiseError::Consumer => "consumer",
        PromiseError::Most => "most",
    };
    PipelineError::bad("bad_plan", place, error.to_string())
}

fn plans(promise: &Promise) -> std::result::Result<[Option<Plan>; 3], PromiseError> {
    Ok([promise.single()?, promise.double()?, promise.sequential()?])
}

async fn designed(plan: Option<Plan>, units: u64, promise: Promise) -> Result<Option<DesignedPlan>> {
    let Some(plan) = plan else { return Ok(None) };
    let (good, bad) = promise.sources();
    let both = move || -> std::result::Result<_, PlanError> {
        Ok((plan.curve(good)?.checked, plan.curve(bad)?.checked))
    };
    let (checked_good, checked_bad) = blocking(both).await?.map_err(curve::refused)?;
    let curve = curve::of(plan, units).await?;
    let outgoing_max = curve.points.iter().map(|point| point.outgoing).fold(0.0, f64::max);
    Ok(Some(DesignedPlan { plan: plan.into(), checked_good, checked_bad, outgoing_max, curve }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_can_keep_is_refused_by_its_field() {
        let wish = PlanWish { units: 400, good: 0.01, producer: 0.05, bad: 0.06, consumer: 0.1 };
        promise(wish).unwrap();
        for (wish, field) in [
            (PlanWish { units: 0, ..wish }, "units"),
            (PlanWish { units: UNITS_MAX as u64 + 1, ..wish }, "units"),
            (PlanWish { units: 10, good: 0.2, bad: 0.2 + 1e-12, ..wish }, "units"),
            (PlanWish { good: 0.06, ..wish }, "good"),
            (PlanWish { bad: f64::INFINITY, ..wish }, "bad"),
            (PlanWish { producer: 0.0, ..wish }, "producer"),
            (PlanWish { consumer: 0.95, ..wish }, "consumer"),
        ] {
            match promise(wish).unwrap_err() {
                PipelineError::BadInput { place, .. } => assert_eq!(place, field, "{wish:?}"),
                other => panic!("{other}"),
            }
        }
    }
}
