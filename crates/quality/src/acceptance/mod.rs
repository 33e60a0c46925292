//! Whether a batch is taken: sampling plans with their operating curves, the switching between normal, tightened and
//! reduced inspection, and draws that an auditor can repeat. What these promise is a long run of batches; for one batch
//! alone see [`crate::certify`].

mod curve;
mod design;
mod draw;
mod follow;
mod levels;
mod plan;
mod scheme;
mod switching;

pub use curve::{Curve, Source};
pub use design::{Promise, PromiseError, SEARCH_MAX, single_for};
pub use draw::{Draw, DrawError};
pub use follow::Standing;
pub use plan::{Plan, PlanError, SAMPLE_MAX, Verdict};
pub use scheme::{Scheme, SchemePoint};
pub use switching::{Inspected, Inspection, Switch, Switching};
