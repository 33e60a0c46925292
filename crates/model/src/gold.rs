//! Hidden gold: what share of what people read is an item with a trusted answer, and how it is kept from wearing out.

use serde::{Deserialize, Serialize};

use crate::{ProtocolError, Stage, StageKind};

/// Largest share of reads that are of gold: beyond it the work is mostly test.
const GOLD_SHARE_MAX: f64 = 0.3;
/// Most times that one person may meet one gold item.
const GOLD_PER_PERSON_MAX: u32 = 5;
/// Longest rest between two meetings of one person with one gold item, days.
const GOLD_REST_DAYS_MAX: u32 = 3_650;
/// Most people that one gold item may be given to before it is used up.
const GOLD_TOTAL_MAX: u32 = 10_000;

/// Which share of what people read is an item whose right labels are known, hidden among the others. Drawn by the server under a seed
/// that it keeps to itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct GoldPlan {
    /// Share of what waits to be read, 0 to 0.3; 0: none is hidden.
    pub share: f64,
    /// Most times that one person meets one gold item, 1 to 5.
    pub exposures_per_person: u32,
    /// Days between two meetings of one person with one gold item, at least 1.
    pub rest_days: u32,
    /// After how many reads a gold item is used up and given to nobody any more, 1 to 10,000.
    pub exposures_total: u32,
}

impl Default for GoldPlan {
    fn default() -> Self {
        Self { share: 0.0, exposures_per_person: 1, rest_days: 30, exposures_total: 20 }
    }
}

impl GoldPlan {
    /// Whether nothing is hidden and nothing was set.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether anything is hidden.
    pub fn is_on(&self) -> bool {
        self.share > 0.0
    }

    pub(crate) fn problems(&self, stages: &[Stage]) -> Vec<ProtocolError> {
        let mut problems = Vec::new();
        let mut wrong = |field: &str, message: String| {
            problems.push(ProtocolError::new(format!("gold.{field}"), message));
        };
        if !(0.0..=GOLD_SHARE_MAX).contains(&self.share) {
            wrong("share", format!("between 0 and {GOLD_SHARE_MAX}"));
        }
        let limits = [
            ("exposures_per_person", self.exposures_per_person, GOLD_PER_PERSON_MAX),
            ("rest_days", self.rest_days, GOLD_REST_DAYS_MAX),
            ("exposures_total", self.exposures_total, GOLD_TOTAL_MAX),
        ];
        for (field, value, most) in limits {
            if !(1..=most).contains(&value) {
                wrong(field, format!("between 1 and {most}"));
            }
        }
        if self.is_on() && !stages.iter().any(|stage| stage.kind == StageKind::Read) {
            problems.push(ProtocolError::new("gold".into(), "nobody reads: there is nothing to hide it in"));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(plan: &GoldPlan) -> Vec<String> {
        let mut places: Vec<_> = plan.problems(&[]).into_iter().map(|problem| problem.place).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn limits_are_checked() {
        assert!(places(&GoldPlan::default()).is_empty());
        let share = |share| GoldPlan { share, ..GoldPlan::default() };
        assert_eq!(places(&share(0.05)), ["gold"], "nobody reads");
        for wrong in [-0.1, 0.31, f64::NAN] {
            assert!(places(&share(wrong)).contains(&"gold.share".to_owned()), "{wrong}");
        }
        let wrong = GoldPlan { share: 0.0, exposures_per_person: 0, rest_days: 0, exposures_total: 10_001 };
        let expected = ["gold.exposures_per_person", "gold.exposures_total", "gold.rest_days"];
        assert_eq!(places(&wrong), expected);
    }
}
