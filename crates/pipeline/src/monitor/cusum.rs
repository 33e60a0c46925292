//! The CUSUM chart of a stream, as auditors know it, beside the detector: one usual share of errors, one share that it is to
//! find soon, and a mean distance of false alarms that is exact and not a bound. It is drawn from the checks when it is looked
//! at and holds nothing: it knows neither how hard an item is nor how wrong an answer.

use countersign_model::{ProjectId, UserId};
use countersign_quality::monitor::{Chart, run_length};
use countersign_store::monitoring::Check;
use serde::Serialize;

use super::{OVERLAP, REVIEW, last_checks, plan};
use crate::{Pipeline, Result, access::Action, people::Caller};

/// How much worse the odds of an error are in what the chart is to find: 5 % become 30 %.
const WORSE_ODDS: f64 = 8.0;
/// Least and greatest usual share of errors that a chart is made for.
const USUAL: (f64, f64) = (0.005, 0.5);

/// A check on the chart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CusumPoint {
    /// Place of the check in the stream, from 1.
    pub number: u64,
    /// Height after it; the limit where it signalled, after which the chart begins anew.
    pub height: u32,
    /// Where it signalled: the first check of the run that led to it.
    pub since: Option<u64>,
}

/// The CUSUM chart of the last checks of a stream: an error adds `step`, anything else takes 1 off, never below 0, and it
/// signals at `limit`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CusumView {
    /// Usual share of errors: the mean of what was expected of the checks shown.
    pub usual: f64,
    /// The share that it is to find soon: eight times the odds.
    pub changed: f64,
    /// What an error adds.
    pub step: u32,
    /// Where it signals.
    pub limit: u32,
    /// Checks to a false signal on average, exactly, where errors are as frequent as usual and independent.
    pub run_length: f64,
    /// Checks to a signal on average from a chart at 0 where errors are as frequent as `changed`.
    pub delay: f64,
    /// One for each check, in their order.
    pub points: Vec<CusumPoint>,
}

impl Pipeline {
    /// The CUSUM chart of the last checks of one person's stream; the one of reviews where none is named. Nothing where no
    /// such chart is: for graded streams, and where no limit is high enough for the project's distance of false alarms.
    ///
    /// # Errors
    /// [`crate::PipelineError::NotFound`] without the right or the stream.
    pub async fn monitor_cusum(
        &self,
        caller: &Caller,
        project: ProjectId,
        user: UserId,
        stream: Option<String>,
    ) -> Result<Option<CusumView>> {
        self.require_on(caller, Action::ManageHolds, project)?;
        let stream = stream.as_deref().unwrap_or(REVIEW);
        let mut conn = self.store.read().await?;
        let rows = last_checks(&mut conn, project, user, stream).await?;
        if stream == OVERLAP {
            return Ok(None);
        }
        let length = plan::run_length(&mut conn, project).await?;
        let Some(mut view) = drawn(&rows, length) else { return Ok(None) };
        let mut shown = Vec::with_capacity(view.points.len());
        for (row, point) in rows.iter().zip(view.points) {
            if !self.hides_check(&mut conn, caller, row.item_id).await? {
                shown.push(point);
            }
        }
        view.points = shown;
        Ok(Some(view))
    }
}

fn drawn(rows: &[Check], length: f64) -> Option<CusumView> {
    if rows.is_empty() {
        return None;
    }
    let mean = rows.iter().map(|row| row.expected).sum::<f64>() / rows.len() as f64;
    let usual = mean.clamp(USUAL.0, USUAL.1);
    let odds = WORSE_ODDS * usual / (1.0 - usual);
    let changed = odds / (1.0 + odds);
    let mut chart = Chart::design(usual, changed, length).ok()??;
    let (step, limit) = chart.shape();
    let point = |row: &Check| {
        let since = chart.take(row.wrong && !row.overturned);
        // Numbers count from the first check that is shown.
        let since = since.map(|place| rows[0].number + place - 1);
        CusumPoint { number: row.number, height: since.map_or(chart.height(), |_| limit), since }
    };
    let points = rows.iter().map(point).collect();
    Some(CusumView {
        usual,
        changed,
        step,
        limit,
        run_length: run_length(step, limit, usual).ok()?,
        delay: run_length(step, limit, changed).ok()?,
        points,
    })
}

#[cfg(test)]
mod tests {
    use countersign_model::{Instant, ItemId, ReadId};
    use uuid::Uuid;

    use super::*;

    fn check(number: u64, wrong: bool, overturned: bool) -> Check {
        Check {
            project_id: ProjectId(Uuid::nil()),
            user_id: UserId(Uuid::nil()),
            stream: REVIEW.into(),
            number,
            item_id: ItemId(Uuid::nil()),
            read_id: ReadId(Uuid::nil()),
            read_at: Instant(0),
            checked_by: None,
            wrong,
            overturned,
            expected: 0.05,
            level: 0.0,
            pairs: "[]".into(),
            at: Instant(0),
            severity: None,
            stratum: String::new(),
            known: 0,
        }
    }

    #[test]
    fn a_burst_of_errors_signals_once_and_names_where_it_began() {
        let rows: Vec<Check> = (1..=60).map(|n| check(100 + n, n > 40, false)).collect();
        let view = drawn(&rows, 1_000.0).unwrap();
        assert!((view.changed - 0.296).abs() < 0.001, "{}", view.changed);
        assert!(view.run_length >= 1_000.0 && view.delay < 25.0, "{} {}", view.run_length, view.delay);
        let first = view.points.iter().find(|point| point.since.is_some()).unwrap();
        assert_eq!(first.since, Some(141));
        assert_eq!(first.height, view.limit);
        assert_eq!(u64::from(view.limit.div_ceil(view.step)), first.number - 140);
        assert!(view.points[..40].iter().all(|point| point.height == 0));
    }

    #[test]
    fn what_was_taken_back_is_no_error_and_no_check_is_no_chart() {
        let rows: Vec<Check> = (1..=60).map(|n| check(n, n > 40, true)).collect();
        let view = drawn(&rows, 1_000.0).unwrap();
        assert!(view.points.iter().all(|point| point.since.is_none() && point.height == 0));
        assert_eq!(drawn(&[], 1_000.0), None);
    }
}
