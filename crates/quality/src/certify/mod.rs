//! Saying how wrong a frozen set of labels may be, after checking part of it: freeze, enter entropy, check in the order
//! that follows from both, state what holds whenever checking ends.

mod betting;
mod certificate;
mod earlier;
mod order;
mod ppr;

pub use betting::severity_upper;
pub use certificate::{
    Among, Bounds, CERTIFICATE_VERSION, CLASS_BOUNDS_MAX, Certificate, CertifyError, ClassBound, ClassPlan,
    Finding, Lot, Plan, SeverityBound, Unit, UnitBound, VerifyError, certify,
};
pub use earlier::{EARLIER_MAX, Earlier, Seen};
pub(crate) use order::order_hash;
pub use order::{Hash, order, seed};
pub use ppr::{Prior, anytime_upper};
