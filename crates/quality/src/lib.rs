//! What a sample says about the whole, and what readers say about an item.
//!
//! Pure: no I/O, no clock; randomness comes from a seed. Each function names the source of its formula; its tests
//! compare with a named implementation.

pub mod acceptance;
pub mod agreement;
pub mod ambiguity;
pub mod capture;
pub mod certify;
pub mod consensus;
mod finite;
pub mod instances;
pub mod label_errors;
pub mod monitor;
mod random;
mod reads;
mod share;
mod special;
pub mod study;
pub mod tiers;

pub use finite::{BoundError, LOT_MAX, lot_upper, sample_for};
pub use random::Random;
pub use reads::{CLASSES_MAX, READS_MAX, Read, Reads, ReadsError, Vote};
pub use share::{share_lower, share_upper};

#[expect(clippy::cast_precision_loss, reason = "counts of things in memory are far below 2^53")]
pub(crate) const fn to_f64(n: usize) -> f64 {
    n as f64
}
