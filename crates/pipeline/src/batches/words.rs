//! What is said of a batch: what is fixed, how it is inspected, where it stands.

use countersign_ledger::Hash;
use countersign_model::{BatchId, IngestId, Instant, OrganizationId, ProjectId, UserId};
use countersign_quality::{
    acceptance::{Inspection, Plan, Standing},
    certify,
};
use serde::{Deserialize, Serialize};

use super::SchemeCurve;
use crate::certification::ErrorKind;

/// A sampling plan. Numbers of defective items are over all that was inspected.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SamplingPlan {
    /// One sample: accepted with at most `accept` defective items.
    Single {
        /// Items inspected.
        sample: u64,
        /// Most defective ones.
        accept: u64,
    },
    /// Two samples: after the first accepted at `accept_first` or fewer, returned at `return_first` or more; otherwise the
    /// second is inspected, and both together are accepted at `accept_both` or fewer.
    Double {
        /// Items of the first sample.
        first: u64,
        /// Most defective ones that accept after the first.
        accept_first: u64,
        /// Fewest that return after the first.
        return_first: u64,
        /// Items of the second sample.
        second: u64,
        /// Most that accept after both.
        accept_both: u64,
    },
    /// Item by item, until a share of defective items is told from another.
    Sequential {
        /// Share that should be accepted.
        good: f64,
        /// Share that should be returned.
        bad: f64,
        /// Probability to return at `good`.
        producer: f64,
        /// Probability to accept at `bad`.
        consumer: f64,
        /// Most items.
        most: u64,
    },
}

impl From<SamplingPlan> for Plan {
    fn from(plan: SamplingPlan) -> Self {
        match plan {
            SamplingPlan::Single { sample, accept } => Self::Single { sample, accept },
            SamplingPlan::Double { first, accept_first, return_first, second, accept_both } => {
                Self::Double { first, accept_first, return_first, second, accept_both }
            }
            SamplingPlan::Sequential { good, bad, producer, consumer, most } => {
                Self::Sequential { good, bad, producer, consumer, most }
            }
        }
    }
}

impl From<Plan> for SamplingPlan {
    fn from(plan: Plan) -> Self {
        match plan {
            Plan::Single { sample, accept } => Self::Single { sample, accept },
            Plan::Double { first, accept_first, return_first, second, accept_both } => {
                Self::Double { first, accept_first, return_first, second, accept_both }
            }
            Plan::Sequential { good, bad, producer, consumer, most } => {
                Self::Sequential { good, bad, producer, consumer, most }
            }
        }
    }
}

/// How much is inspected, by what the batches before were like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum InspectionLevel {
    /// By the plan that was chosen.
    Normal,
    /// With fewer defective items allowed, or a larger sample.
    Tightened,
    /// With a smaller sample.
    Reduced,
    /// Nothing is taken until somebody resumes it.
    Discontinued,
}

impl From<Inspection> for InspectionLevel {
    fn from(inspection: Inspection) -> Self {
        match inspection {
            Inspection::Normal => Self::Normal,
            Inspection::Tightened => Self::Tightened,
            Inspection::Reduced => Self::Reduced,
            Inspection::Discontinued => Self::Discontinued,
        }
    }
}

/// Which accepted items make a batch. Absent fields do not choose; items that are held, or already in a batch with what
/// stands, are never among them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BatchChoice {
    /// Also items that were in a release before.
    #[serde(default)]
    pub released: bool,
    /// Id of the stage that the accepted read comes from.
    #[serde(default)]
    pub stage: Option<String>,
    /// Who handed in a read of them. Batches of one person are a row for themselves.
    #[serde(default)]
    pub author: Option<UserId>,
    /// To whom such a person belongs. Batches of one organization are a row for themselves.
    #[serde(default)]
    pub organization: Option<OrganizationId>,
    /// Lot of a part.
    #[serde(default)]
    pub lot: Option<String>,
    /// Run with which they came in.
    #[serde(default)]
    pub ingest: Option<IngestId>,
    /// Accepted content handed in at or after.
    #[serde(default)]
    pub from: Option<Instant>,
    /// Accepted content handed in before.
    #[serde(default)]
    pub until: Option<Instant>,
}

/// A batch that is to be submitted. All of it is fixed before the first item is looked at.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BatchDraft {
    /// Unique within the project.
    pub name: String,
    /// Which items.
    #[serde(default)]
    pub choice: BatchChoice,
    /// Brings the items of a returned batch again, instead of a choice.
    pub rework_of: Option<BatchId>,
    /// Under normal inspection.
    pub plan: SamplingPlan,
    /// What makes an item defective, in words.
    pub error: String,
    /// Which ways of being wrong count; all but attributes where empty.
    #[serde(default)]
    pub counts: Vec<ErrorKind>,
    /// Deliveries are regular: inspection may be reduced.
    #[serde(default)]
    pub steady: bool,
}

/// A plan that is looked at before it is chosen.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanDraft {
    /// Which items.
    #[serde(default)]
    pub choice: BatchChoice,
    /// Brings the items of a returned batch again, instead of a choice.
    pub rework_of: Option<BatchId>,
    /// Under normal inspection.
    pub plan: SamplingPlan,
    /// Deliveries are regular: inspection may be reduced.
    #[serde(default)]
    pub steady: bool,
}

/// What is fixed when a batch is submitted; the log holds its hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FrozenBatch {
    pub version: u32,
    pub project: ProjectId,
    pub name: String,
    /// Root over the items' lines, in the order of their ids (RFC 6962).
    pub root: certify::Hash,
    pub units: u64,
    pub supplier: String,
    pub choice: BatchChoice,
    pub rework_of: Option<BatchId>,
    /// Under normal inspection.
    pub chosen: Plan,
    pub inspection: Inspection,
    /// In force.
    pub plan: Plan,
    pub error: String,
    pub counts: Vec<ErrorKind>,
    pub sample_max: u64,
}

/// What was decided; the log holds its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    pub version: u32,
    pub standing: Standing,
    pub findings_sha256: Hash,
}

/// A point of an operating curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CurvePoint {
    /// Defective items in the batch.
    pub wrong: u64,
    /// As a share of the batch.
    pub share: f64,
    /// Probability that it is accepted.
    pub accept: f64,
    /// Mean number of items that are inspected.
    pub checked: f64,
    /// Mean share of the batch that leaves defective: nothing of a returned batch before it is mended, nor what was found in an
    /// accepted one.
    pub outgoing: f64,
}

/// How a plan decides about a batch of this size, exactly (hypergeometric).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanCurve {
    /// Items in the batch.
    pub units: u64,
    /// Probabilities by defective items.
    pub points: Vec<CurvePoint>,
    /// Most defective items with which the batch is still accepted 95 times of 100; absent where not even a batch without
    /// any is.
    pub good: Option<u64>,
    /// Fewest defective items with which it is accepted at most 10 times of 100; absent where there is no such number.
    pub bad: Option<u64>,
}

/// A plan as it would be in force for the items of a choice.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanPreview {
    /// Items in the batch.
    pub units: u64,
    /// How much is inspected.
    pub inspection: InspectionLevel,
    /// The plan in force.
    pub plan: SamplingPlan,
    /// Most items that are inspected.
    pub sample_max: u64,
    /// How it decides.
    pub curve: PlanCurve,
    /// What the plan that was chosen does in the long run with the switching of inspection; absent where its tightened form
    /// would look at more items than are inspected.
    pub scheme: Option<SchemeCurve>,
}

/// Whose work a batch is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SupplierView {
    /// What later batches are known by: `project`, or a kind and an id.
    pub key: String,
    /// In words; absent where it is the whole project.
    pub name: Option<String>,
}

/// Sums over decided batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchTally {
    /// Batches that were decided.
    pub decided: u64,
    /// Of these, accepted.
    pub accepted: u64,
    /// Items in them.
    pub units: u64,
    /// Items that were inspected.
    pub checked: u64,
    /// Of these, defective.
    pub found: u64,
}

/// How a supplier's batches were decided; what came for the first time and what came again are counted apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SupplierTally {
    /// Whose.
    pub supplier: SupplierView,
    /// How the next batch is inspected.
    pub inspection: InspectionLevel,
    /// First submissions.
    pub first_pass: BatchTally,
    /// Returned batches that came again.
    pub rework: BatchTally,
}

/// The batches of a project.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchesView {
    /// What waits for a decision first, then the newest first.
    pub batches: Vec<BatchView>,
    /// By supplier; empty for those who may not see whose work is how good.
    pub suppliers: Vec<SupplierTally>,
}

/// A batch as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchView {
    /// Batch, and its audit: items are given out and looked at under `/certifications` by the same id.
    pub id: BatchId,
    /// Project.
    pub project: ProjectId,
    /// Name.
    pub name: String,
    /// `frozen` (the sample is not drawn), `inspecting`, `accepted`, `returned` or `void`.
    pub state: String,
    /// Whose work; absent for those who are not to know.
    pub supplier: Option<SupplierView>,
    /// The returned batch that it brings again.
    pub rework_of: Option<BatchId>,
    /// Items in it.
    pub units: u64,
    /// Inspected in the order of the sample without a gap.
    pub checked: u64,
    /// Of these, defective.
    pub found: u64,
    /// Most items that are inspected.
    pub sample_max: u64,
    /// How much is inspected.
    pub inspection: InspectionLevel,
    /// The plan for normal inspection.
    pub chosen: SamplingPlan,
    /// The plan in force.
    pub plan: SamplingPlan,
    /// What makes an item defective.
    pub error: String,
    /// Which ways of being wrong count.
    pub counts: Vec<ErrorKind>,
    /// Root over the items, hexadecimal.
    pub root: String,
    /// What was added after that, hexadecimal.
    pub entropy: Option<String>,
    /// Seed of the sample's order, hexadecimal.
    pub seed: Option<String>,
    /// Of a returned batch: items that went back into work.
    pub back: u64,
    /// Of a returned batch: items on hold because they cannot go back into work.
    pub back_held: u64,
    /// Of a returned batch: items that were accepted anew.
    pub again: u64,
    /// Of the items on hold: accepted as they were, and held no more. They may be submitted again, too.
    pub lifted: u64,
    /// Why it was withdrawn.
    pub reason: Option<String>,
    /// Printed name of who submitted it.
    pub submitted_by: Option<String>,
    /// When it was submitted.
    pub submitted_at: Instant,
    /// When the order was drawn.
    pub seeded_at: Option<Instant>,
    /// When it was decided.
    pub decided_at: Option<Instant>,
}

/// A batch with the curve of its plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BatchDetail {
    /// The batch.
    pub batch: BatchView,
    /// How its plan decides.
    pub curve: PlanCurve,
    /// What the plan that was chosen does in the long run; as in a preview.
    pub scheme: Option<SchemeCurve>,
}
