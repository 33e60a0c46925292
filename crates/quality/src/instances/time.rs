//! Overlaps in time: of events, and of tracks over frames.

/// Intersection over union of two stretches of time, from start to end in any unit. Two moments (start = end) overlap where
/// they are equal. `None` where an end lies before its start or a time is none.
#[must_use]
pub fn time_overlap(a: [f64; 2], b: [f64; 2]) -> Option<f64> {
    let ordered = |of: [f64; 2]| of[0].is_finite() && of[1].is_finite() && of[0] <= of[1];
    if !(ordered(a) && ordered(b)) {
        return None;
    }
    let common = a[1].min(b[1]) - a[0].max(b[0]);
    let either = a[1].max(b[1]) - a[0].min(b[0]);
    if either > 0.0 { Some(common.max(0.0) / either) } else { Some(1.0) }
}

/// Overlap of two tracks: the mean over all frames in which either is of the overlap in that frame, 0 where only one is. An
/// element per frame: whether the first and the second are there, and their overlap. `None` where neither ever is, or an
/// overlap is not in 0..=1.
#[must_use]
pub fn track_overlap(frames: &[(bool, bool, f64)]) -> Option<f64> {
    let (mut sum, mut either) = (0.0, 0.0);
    for (first, second, overlap) in frames.iter().filter(|(first, second, _)| *first || *second) {
        either += 1.0;
        if *first && *second {
            if !(0.0..=1.0).contains(overlap) {
                return None;
            }
            sum += overlap;
        }
    }
    (either > 0.0).then(|| sum / either)
}
