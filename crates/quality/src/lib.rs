//! What a sample says about the whole.
//!
//! Pure: no I/O, no clock, no randomness. Each function names the source of its formula; its tests compare with a named
//! implementation.

mod finite;

pub use finite::{BoundError, LOT_MAX, lot_upper, sample_for};
