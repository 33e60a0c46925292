//! Agreement about things that readers find: first which finding of one is which of another, then how far they agree.
//!
//! Nothing here knows shapes: an overlap is a number in 0..=1 (IoU of boxes, masks or cuboids, key point similarity, of
//! `countersign-geometry`, or of times, see [`time_overlap`]).

mod assign;
mod cluster;
mod marks;
mod score;
mod time;

pub use assign::{ASSIGN_MAX, Matched, assign, segments};
pub use cluster::{Cluster, Found, InstancesError, agreement, cluster};
pub use marks::{Alike, Estimate, ImageMarks, Likeness, MarkFigures, OutlinesApart, Unit, mark_figures};
pub use score::Score;
pub use time::{onsets, time_overlap, track_overlap, tracks};
