//! Saying how wrong a frozen set of labels may be, after checking part of it.

mod betting;
mod ppr;

pub use betting::severity_upper;
pub use ppr::{Prior, anytime_upper};
