//! Which frame belongs to which, and where a sensor was in between. Times are `i64` nanoseconds UTC.

use countersign_geometry::Rigid3;
use serde::{Deserialize, Serialize};

/// Why times or poses cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// Times that do not rise.
    #[error("time {index} is not after the one before it")]
    NotRising {
        /// Index of the time that is not later.
        index: usize,
    },
    /// Times and poses of different number.
    #[error("{times} times for {poses} poses")]
    Unequal {
        /// Number of times.
        times: usize,
        /// Number of poses.
        poses: usize,
    },
    /// No pose at all.
    #[error("there are no poses")]
    Empty,
    /// A time before the first pose or after the last: never guessed.
    #[error("the time lies {by_ns} ns outside the recorded poses")]
    Outside {
        /// Distance to the nearest pose; negative before the first.
        by_ns: i128,
    },
    /// The poses around the time are too far apart to say what was in between.
    #[error("the poses around the time are {gap_ns} ns apart, more than {limit_ns}")]
    Gap {
        /// Distance of the two poses.
        gap_ns: i128,
        /// What is allowed.
        limit_ns: i64,
    },
}

impl SyncError {
    /// A stable name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotRising { .. } => "sync.not_rising",
            Self::Unequal { .. } => "sync.unequal",
            Self::Empty => "sync.empty",
            Self::Outside { .. } => "sync.outside",
            Self::Gap { .. } => "sync.gap",
        }
    }
}

/// The frame of another stream that belongs to a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Association {
    /// Index in the other stream.
    pub index: usize,
    /// Its time minus the reference's time, nanoseconds: kept, never rounded away.
    pub dt_ns: i64,
}

/// For each reference time the nearest frame of the other stream, if one lies within the tolerance
/// (inclusive); of two equally near ones the earlier. One frame may serve several references.
///
/// # Errors
/// [`SyncError::NotRising`] when the stream's times do not rise; equal times are refused as well, because
/// the choice between them would be arbitrary. The references may be in any order.
pub fn associate(
    references: &[i64],
    stream: &[i64],
    tolerance_ns: i64,
) -> Result<Vec<Option<Association>>, SyncError> {
    rising(stream)?;
    let nearest = |&at: &i64| {
        let after = stream.partition_point(|&t| t < at);
        let candidates = after.saturating_sub(1)..stream.len().min(after + 1);
        let index = candidates.min_by_key(|&i| stream[i].abs_diff(at))?;
        let dt_ns = stream[index].checked_sub(at)?;
        (dt_ns.unsigned_abs() <= tolerance_ns.max(0).unsigned_abs()).then_some(Association { index, dt_ns })
    };
    Ok(references.iter().map(nearest).collect())
}

/// The middle of the steps between times; half of it is the default tolerance. `None` for less than two.
///
/// # Errors
/// [`SyncError::NotRising`].
pub fn median_period_ns(times: &[i64]) -> Result<Option<u64>, SyncError> {
    rising(times)?;
    let mut steps: Vec<u64> = times.windows(2).map(|w| w[1].abs_diff(w[0])).collect();
    steps.sort_unstable();
    Ok(steps.get(steps.len() / 2).copied())
}

fn rising(times: &[i64]) -> Result<(), SyncError> {
    match times.windows(2).position(|w| w[1] <= w[0]) {
        Some(i) => Err(SyncError::NotRising { index: i + 1 }),
        None => Ok(()),
    }
}

/// Where something was, as an irregular series of poses.
#[derive(Debug, Clone, PartialEq)]
pub struct PoseTrack {
    times: Vec<i64>,
    poses: Vec<Rigid3>,
    gap_max_ns: i64,
}

impl PoseTrack {
    /// Takes poses in rising order of time. `gap_max_ns` is the widest gap that may be bridged.
    ///
    /// # Errors
    /// [`SyncError::Empty`], [`SyncError::Unequal`], [`SyncError::NotRising`].
    pub fn new(times: Vec<i64>, poses: Vec<Rigid3>, gap_max_ns: i64) -> Result<Self, SyncError> {
        if times.len() != poses.len() {
            return Err(SyncError::Unequal { times: times.len(), poses: poses.len() });
        }
        if times.is_empty() {
            return Err(SyncError::Empty);
        }
        rising(&times)?;
        Ok(Self { times, poses, gap_max_ns })
    }

    /// The pose at a time: as recorded, or between its neighbours on a straight line and at constant turn.
    ///
    /// # Errors
    /// [`SyncError::Outside`] rather than a guess, [`SyncError::Gap`].
    pub fn at(&self, time_ns: i64) -> Result<Rigid3, SyncError> {
        let after = self.times.partition_point(|&t| t < time_ns);
        if self.times.get(after) == Some(&time_ns) {
            return Ok(self.poses[after]);
        }
        let by = |i: usize| i128::from(time_ns) - i128::from(self.times[i]);
        if after == 0 {
            return Err(SyncError::Outside { by_ns: by(0) });
        }
        if after == self.times.len() {
            return Err(SyncError::Outside { by_ns: by(after - 1) });
        }
        let gap_ns = by(after - 1) - by(after);
        if gap_ns > i128::from(self.gap_max_ns) {
            return Err(SyncError::Gap { gap_ns, limit_ns: self.gap_max_ns });
        }
        let t = by(after - 1) as f64 / gap_ns as f64;
        Ok(self.poses[after - 1].interpolate(&self.poses[after], t))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_geometry::Quat;

    #[test]
    fn the_nearest_frame_keeps_its_sign() {
        let found = associate(&[100, 149, 150, 400], &[50, 110, 190], 40).expect("rising");
        let pairs: Vec<_> = found.iter().map(|a| a.map(|a| (a.index, a.dt_ns))).collect();
        assert_eq!(pairs, [Some((1, 10)), Some((1, -39)), Some((1, -40)), None]);
        assert_eq!(associate(&[0], &[2, 2], 5), Err(SyncError::NotRising { index: 1 }));
        assert_eq!(associate(&[0], &[], 5), Ok(vec![None]));
        assert_eq!(associate(&[i64::MIN], &[i64::MAX], i64::MAX), Ok(vec![None]));
        assert_eq!(median_period_ns(&[0, 100, 199, 301]), Ok(Some(100)));
    }

    #[test]
    fn poses_are_interpolated_and_never_guessed() {
        let pose = |x: f64, yaw: f64| Rigid3 { translation: [x, 0.0, 0.0], rotation: Quat::from_yaw(yaw) };
        let track =
            PoseTrack::new(vec![0, 100, 1_000], vec![pose(0.0, 0.0), pose(1.0, 0.2), pose(9.0, 0.2)], 500)
                .expect("rising");
        let quarter = track.at(25).expect("inside");
        assert!((quarter.translation[0] - 0.25).abs() < 1e-12);
        assert!((quarter.rotation.yaw() - 0.05).abs() < 1e-12);
        assert_eq!(track.at(100).expect("recorded"), pose(1.0, 0.2));
        assert_eq!(track.at(-7), Err(SyncError::Outside { by_ns: -7 }));
        assert_eq!(track.at(1_001), Err(SyncError::Outside { by_ns: 1 }));
        assert_eq!(track.at(500), Err(SyncError::Gap { gap_ns: 900, limit_ns: 500 }));
    }
}
