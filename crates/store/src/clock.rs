//! Noticing that the clock of the machine was set.

use std::sync::{Mutex, PoisonError};

use countersign_model::{Clock, Instant};

use crate::Evidence;

/// How far the clock may move by itself between two events, microseconds.
pub const STEP_MICROS_MAX: i64 = 2_000_000;

/// A moment on both scales: the one that can be set, and the one that cannot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub now: Instant,
    pub steady_micros: i64,
}

impl Moment {
    pub(crate) fn of(clock: &dyn Clock) -> Self {
        Self { now: clock.now(), steady_micros: clock.steady_micros() }
    }
}

/// What was known at the event before.
#[derive(Clone, Copy, Debug, Default)]
enum Before {
    #[default]
    Nothing,
    /// Of an earlier run: only that time does not go back is known.
    Run(Instant),
    /// Of this run.
    Event(Moment),
}

impl Before {
    fn step(&self, moment: Moment) -> Option<i64> {
        let step = match self {
            Self::Nothing => 0,
            Self::Run(newest) => (moment.now.0 - newest.0).min(0),
            Self::Event(last) => (moment.now.0 - last.now.0) - (moment.steady_micros - last.steady_micros),
        };
        (step.abs() > STEP_MICROS_MAX).then_some(step)
    }
}

/// Compares each event's time with the one before.
#[derive(Default)]
pub(crate) struct ClockWatch(Mutex<Before>);

impl ClockWatch {
    /// Starts from the time of the newest event that is stored, if there is one.
    pub(crate) fn go_on_from(&self, newest: Option<Instant>) {
        let mut before = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *before = newest.map_or(Before::Nothing, Before::Run);
    }

    /// How far the clock was set since the event before, microseconds, where that is more than [`STEP_MICROS_MAX`].
    /// Time in which the machine slept counts: nobody can say what the clock did then.
    pub(crate) fn step(&self, moment: Moment) -> Option<i64> {
        let mut before = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let step = before.step(moment);
        *before = Before::Event(moment);
        step
    }

    /// Whether an event at this moment would tell of a step. What is compared with stays the event before: many small
    /// steps, each looked at, add up to one that is told.
    pub(crate) fn would_tell(&self, moment: Moment) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).step(moment).is_some()
    }
}

/// The event of a clock that was set.
pub(crate) fn stepped(step_micros: i64) -> Evidence {
    Evidence {
        action: "clock.stepped".to_owned(),
        object_kind: "clock".to_owned(),
        reason: Some(if step_micros > 0 { "forward" } else { "backward" }.to_owned()),
        details: Some(serde_json::json!({ "step_ms": step_micros / 1_000 })),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(now: i64, steady: i64) -> Moment {
        Moment { now: Instant(now * 1_000_000), steady_micros: steady * 1_000_000 }
    }

    #[test]
    fn only_a_clock_that_was_set_is_noticed() {
        let watch = ClockWatch::default();
        assert_eq!(watch.step(moment(1_000, 0)), None);
        assert_eq!(watch.step(moment(5_000, 4_000)), None, "a long pause is no step");
        assert_eq!(watch.step(moment(5_003, 4_001)), None, "two seconds are within what it may do");
        assert_eq!(watch.step(moment(5_007, 4_002)), Some(3_000_000));
        assert_eq!(watch.step(moment(4_008, 4_003)), Some(-1_000_000_000));
        assert_eq!(watch.step(moment(4_009, 4_004)), None);
    }

    #[test]
    fn looking_forgets_nothing() {
        let watch = ClockWatch::default();
        watch.step(moment(1_000, 0));
        assert!(!watch.would_tell(moment(1_003, 1)));
        assert!(watch.would_tell(moment(1_006, 2)), "two and two are four");
        assert_eq!(watch.step(moment(1_006, 2)), Some(4_000_000));
        assert!(!watch.would_tell(moment(1_007, 3)));
    }

    #[test]
    fn after_a_restart_only_going_back_is_noticed() {
        let watch = ClockWatch::default();
        watch.go_on_from(Some(Instant(9_000_000)));
        assert_eq!(watch.step(moment(900, 0)), None);
        let back = ClockWatch::default();
        back.go_on_from(Some(Instant(9_000_000)));
        assert_eq!(back.step(moment(5, 0)), Some(-4_000_000));
    }
}
