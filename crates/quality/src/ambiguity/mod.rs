//! Whose fault a disagreement is: when several people disagree in one way, the guideline is to be mended, not the people.

mod pairs;
mod shared;

pub use pairs::{Change, PairsError, Rules, Unclear, change, unclear};
pub use shared::{Shared, shared};
