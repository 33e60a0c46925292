//! Studies: whether a person may judge (attribute agreement of measurement system analysis), and how many items tell two
//! vendors apart.

mod attribute;
mod compare;

pub use attribute::{Attribute, Limits, Person, Rate, StudyError, TRIALS_MAX, Trial, attribute};
pub use compare::{Difference, difference, items_to_tell};
