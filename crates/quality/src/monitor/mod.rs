//! Watching people and models item by item, with a stated rate of false alarms.
//!
//! A threshold on a running share has neither: it stops many good people sooner or later, and notices a change late, since
//! a mean remembers. What is here forgets what lies before a change, expects more errors where an item is hard, and needs a
//! few numbers per stream.

mod chart;
mod detector;
mod expected;
mod many;
mod pattern;
mod streams;

pub use chart::{Chart, ChartError, run_length};
pub use detector::{Alarm, Detector, DetectorError, EXPECTED_MAX, EXPECTED_MIN, Observation};
pub use expected::{by_history, by_peers, by_severity, reads_to_find};
pub use many::{false_alarms, likely_changed};
pub use pattern::{PATTERN_MIN, Pattern, patterns};
pub use streams::{Raised, Stream, Watch};
