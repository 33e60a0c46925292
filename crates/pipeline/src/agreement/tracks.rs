//! How far readers agree about what moves: which track of one reader is which of another, over all frames of an item.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::{Agreement, Annotation, FrameRef};
use countersign_quality::instances::tracks;
use countersign_workflow::compare::overlaps;
use uuid::Uuid;

use super::marks::MarksOf;

/// Mean overlap from which on two tracks are one thing.
const SAME_TRACK: f64 = 0.5;

/// A track: its class, and where it is by frame.
struct Track<'a> {
    class: &'a str,
    marks: BTreeMap<FrameRef, &'a Annotation>,
}

/// What a pair of readers made of an item's tracks.
pub(super) struct TrackPair {
    /// Tracks that both have, with their mean overlap over the frames in which either is.
    pub overlaps: Vec<f64>,
    /// Tracks that one of them has alone.
    pub alone: usize,
}

/// Each pair of readers who have a track in an item; `None` where that takes more comparisons than are left.
pub(super) fn of_item(
    marks: &MarksOf,
    people: &[usize],
    rule: &Agreement,
    left: &mut u64,
) -> Option<Vec<TrackPair>> {
    let own: Vec<Vec<Track>> =
        people.iter().map(|place| marks.get(*place).map(tracks_of).unwrap_or_default()).collect();
    let mut pairs = Vec::new();
    for (place, one) in own.iter().enumerate() {
        for other in &own[..place] {
            if one.is_empty() && other.is_empty() {
                continue;
            }
            let frames = |tracks: &[Track]| tracks.iter().map(|track| track.marks.len() as u64).sum::<u64>();
            let cost = frames(one) * other.len() as u64 + frames(other) * one.len() as u64;
            *left = left.checked_sub(cost)?;
            let found =
                tracks(one.len(), other.len(), SAME_TRACK, |a, b| beside(&one[a], &other[b], rule)).ok()?;
            let alone = one.len() + other.len() - 2 * found.len();
            pairs.push(TrackPair { overlaps: found.iter().map(|pair| pair.overlap).collect(), alone });
        }
    }
    Some(pairs)
}

fn tracks_of(marks: &BTreeMap<countersign_model::AnnotationId, Annotation>) -> Vec<Track<'_>> {
    let mut tracks: BTreeMap<Uuid, Track> = BTreeMap::new();
    for mark in marks.values() {
        if let Some((id, frame)) = mark.arrangement.track.zip(mark.frame) {
            let track = tracks.entry(id).or_insert(Track { class: &mark.class, marks: BTreeMap::new() });
            track.marks.insert(frame, mark);
        }
    }
    tracks.into_values().collect()
}

/// Two tracks frame by frame: whether each is there, and how far they overlap. Things of two classes are never one.
fn beside(one: &Track, other: &Track, rule: &Agreement) -> Vec<(bool, bool, f64)> {
    let frames: BTreeSet<&FrameRef> = one.marks.keys().chain(other.marks.keys()).collect();
    let there = |frame: &&FrameRef| {
        let (a, b) = (one.marks.get(*frame), other.marks.get(*frame));
        let overlap = a.zip(b).filter(|_| one.class == other.class).and_then(|(a, b)| {
            overlaps(std::slice::from_ref(*a), std::slice::from_ref(*b), rule).first().copied()
        });
        (a.is_some(), b.is_some(), overlap.map_or(0.0, f64::from))
    };
    frames.iter().map(there).collect()
}

#[cfg(test)]
mod tests {
    use countersign_model::{AnnotationId, Author, Shape};

    use super::*;

    /// The marks of a reader: tracks of boxes that begin at a frame and stand at an offset.
    fn read(tracks: &[(u128, &str, std::ops::Range<u32>, f64)]) -> BTreeMap<AnnotationId, Annotation> {
        let mut marks = BTreeMap::new();
        for (track, class, frames, x) in tracks {
            for index in frames.clone() {
                let id = AnnotationId(Uuid::from_u128(track * 1_000 + u128::from(index)));
                let text = serde_json::json!({
                    "id": id, "version": 1, "class": class, "frame": { "stream": 0, "index": index },
                    "shape": { "type": "box", "x": x, "y": 0.0, "w": 10.0, "h": 10.0 },
                    "author": Author::Rule { rule: "test".into() }, "arrangement": { "track": Uuid::from_u128(*track) },
                });
                let mark: Annotation = serde_json::from_value(text).unwrap();
                assert!(matches!(mark.shape, Shape::Box { .. }) && mark.arrangement.track.is_some());
                marks.insert(id, mark);
            }
        }
        marks
    }

    #[test]
    fn tracks_are_one_by_their_overlap_over_all_frames() {
        let first = read(&[(1, "car", 0..10, 0.0), (2, "car", 0..4, 50.0), (3, "person", 0..10, 90.0)]);
        // The first one is seen two frames shorter, the second is not seen, the third called something else.
        let second = read(&[(7, "car", 0..8, 0.0), (8, "car", 0..10, 90.0)]);
        let mut left = 1_000;
        let pairs = of_item(&vec![first.clone(), second], &[0, 1], &Agreement::default(), &mut left).unwrap();
        let [pair] = &pairs[..] else { panic!("{}", pairs.len()) };
        assert_eq!((pair.overlaps.len(), pair.alone), (1, 3));
        assert!((pair.overlaps[0] - 0.8).abs() < 1e-9);
        assert!(left < 1_000);
        let mut few = 5;
        assert!(of_item(&vec![first.clone(), first], &[0, 1], &Agreement::default(), &mut few).is_none());
    }
}
