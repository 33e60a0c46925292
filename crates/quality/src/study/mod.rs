//! Studies: whether a person may judge (attribute agreement of measurement system analysis), and how many items tell two
//! vendors apart.

mod attribute;
mod compare;
mod kappa;
mod turns;

pub use attribute::{Attribute, Limits, Person, Rate, StudyError, TRIALS_MAX, Trial, Verdict, attribute};
pub use compare::{Difference, difference, items_to_tell};
pub use kappa::{AgainstReference, GOOD, Kappa, Kappas, POOR, Pair, Table, Within, kappas};
pub use turns::{seed, turns};
