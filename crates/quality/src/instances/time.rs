//! Overlaps in time: of events, and of tracks over frames; and which event or track of one reader is which of another. Add the
//! pairs to a [`super::Score`] for their F1.

use super::{
    assign::{Matched, assign},
    cluster::InstancesError,
};

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

/// Pairs events by their onsets, in any unit of time: as many as there can be of which the two are at most `tolerance` apart, in
/// the order of time. The overlap of a pair is 1 for the same moment and falls to 0 at the tolerance. Onsets need no order.
///
/// On a line the earliest that fit each other can always be a pair of a largest matching, so one walk over both finds it (as many
/// pairs as the bipartite matching of mir_eval).
///
/// # Errors
/// [`InstancesError::Time`] for a time that is not finite or a tolerance that is none.
pub fn onsets(first: &[f64], second: &[f64], tolerance: f64) -> Result<Vec<Matched>, InstancesError> {
    if !(tolerance >= 0.0 && first.iter().chain(second).all(|time| time.is_finite())) {
        return Err(InstancesError::Time);
    }
    let sorted = |times: &[f64]| {
        let mut order: Vec<usize> = (0..times.len()).collect();
        order.sort_by(|a, b| times[*a].total_cmp(&times[*b]));
        order
    };
    let (of_first, of_second) = (sorted(first), sorted(second));
    let (mut at, mut beside, mut found) = (0, 0, Vec::new());
    while let (Some(a), Some(b)) = (of_first.get(at), of_second.get(beside)) {
        let apart = first[*a] - second[*b];
        if apart.abs() <= tolerance {
            let overlap = if tolerance > 0.0 { 1.0 - apart.abs() / tolerance } else { 1.0 };
            found.push(Matched { first: *a, second: *b, overlap });
            (at, beside) = (at + 1, beside + 1);
        } else if apart < 0.0 {
            at += 1;
        } else {
            beside += 1;
        }
    }
    Ok(found)
}

/// Pairs tracks so that the sum of their [`track_overlap`]s is largest, counting only those of at least `gate`. `frames` gives the
/// frames of a track of the first reader and one of the second, as [`track_overlap`] takes them; tracks that are never there
/// overlap nothing.
///
/// # Errors
/// [`InstancesError::Track`] for an overlap in a frame that is none, [`InstancesError::TooMany`] for too many tracks.
pub fn tracks(
    first: usize,
    second: usize,
    gate: f64,
    frames: impl Fn(usize, usize) -> Vec<(bool, bool, f64)>,
) -> Result<Vec<Matched>, InstancesError> {
    if first.max(second) > super::ASSIGN_MAX {
        return Err(InstancesError::TooMany(first.max(second)));
    }
    let mut table = Vec::with_capacity(first * second);
    for a in 0..first {
        for b in 0..second {
            let frames = frames(a, b);
            let there = frames.iter().any(|(one, other, _)| *one || *other);
            let overlap = track_overlap(&frames);
            if there && overlap.is_none() {
                return Err(InstancesError::Track { first: a, second: b });
            }
            table.push(overlap.unwrap_or(0.0));
        }
    }
    assign(first, second, &table, gate)
}
