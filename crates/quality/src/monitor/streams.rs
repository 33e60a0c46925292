//! The streams of one person. Each has its own detector: a class that is dangerous to miss would vanish in the sum.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::detector::{Alarm, Detector, DetectorError, Observation};

/// Where an observation comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Hidden items with a known answer.
    Gold,
    /// Agreement with what two or more others say, without the person's own read.
    Peers,
    /// Corrections by reviewers, of items that were drawn at random.
    Review,
    /// One minus the overlap with the reference.
    Overlap,
    /// Misses of one class.
    Class(String),
    /// Odd durations. Never a ground by itself: it shows beside other alarms.
    Time,
}

impl Stream {
    /// Whether an alarm of the stream may hold work.
    #[must_use]
    pub const fn holds(&self) -> bool {
        !matches!(self, Self::Time)
    }
}

/// An alarm of a stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Raised {
    /// The stream.
    pub stream: Stream,
    /// The alarm; items are counted within the stream.
    pub alarm: Alarm,
    /// Whether work since the change is to be held.
    pub holds: bool,
}

/// All streams of one person: a few numbers per stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    run_length: f64,
    /// As a list, since keys of a map in JSON are texts.
    streams: Vec<(Stream, Detector)>,
}

impl Watch {
    /// A watch in which each stream raises false alarms at least `run_length` items apart on average.
    ///
    /// # Errors
    /// [`DetectorError::RunLength`].
    pub fn new(run_length: f64) -> Result<Self, DetectorError> {
        Detector::new(run_length)?;
        Ok(Self { run_length, streams: Vec::new() })
    }

    /// Takes an observation.
    ///
    /// # Errors
    /// [`DetectorError`]; nothing is then taken.
    pub fn take(&mut self, stream: &Stream, seen: Observation) -> Result<Option<Raised>, DetectorError> {
        let place = match self.streams.iter().position(|(own, _)| own == stream) {
            Some(place) => place,
            None => {
                self.streams.push((stream.clone(), Detector::new(self.run_length)?));
                self.streams.len() - 1
            }
        };
        let alarm = self.streams[place].1.take(seen)?;
        Ok(alarm.map(|alarm| Raised { stream: stream.clone(), alarm, holds: stream.holds() }))
    }

    /// The evidence of each stream as a share of what raises its alarm.
    #[must_use]
    pub fn levels(&self) -> BTreeMap<&Stream, f64> {
        self.streams.iter().map(|(stream, detector)| (stream, detector.level())).collect()
    }

    /// Forgets all evidence, as after a training or a new guideline.
    pub fn restart(&mut self) {
        for (_, detector) in &mut self.streams {
            detector.restart();
        }
    }
}
