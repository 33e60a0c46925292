//! How far readers agree beyond chance, with missing reads.
//!
//! No single coefficient is enough for a rare class (Feinstein and Cicchetti 1990): [`Counts`] offers percent agreement,
//! Krippendorff's alpha, Gwet's AC and the agreement specific to each class from the same rows.

mod cohen;
mod counts;
mod interval;
mod measured;
mod readers;
mod resample;

pub use cohen::{Cohen, cohen};
pub use counts::{Coefficient, Counts, Level, Weights};
pub(crate) use interval::quantiles;
pub use interval::{Interval, IntervalAlpha};
pub use measured::Measured;
pub use readers::{ByReader, by_reader};
pub use resample::Resampled;
