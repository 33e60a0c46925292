//! What speaks against the labels of one item: the draft of a model, and the frames before and after where a thing is
//! followed from one to the next.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::{Agreement, Annotation, AnnotationId, FrameRef};
use countersign_quality::label_errors::{Doubt, Predicted, Scene, Suspicion, scene_weight};
use countersign_workflow::compare::{middle, overlaps};
use uuid::Uuid;

use super::tags::{Choices, is_tag};
use crate::{PipelineError, Result};

/// How sure a model is taken to be that says nothing of it.
const SCORE_UNSAID: f64 = 0.5;
/// From this overlap on two predictions of one class are one.
const TWICE: f32 = 0.5;
/// Frames in a row for which a followed thing may be gone before it is taken to have been hidden.
const GAP_FRAMES_MAX: u32 = 5;
/// How much speaks for a thing that is there before and after one frame; for longer gaps a share of it.
const GAP_WEIGHT: f64 = 0.9;

/// How much more speaks for a thing that the frame before, or the one after, has a label for in the same place.
const NEIGHBOUR_WEIGHT: f64 = 0.5;

/// In what a label is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Missing,
    Class,
    Place,
    Alone,
    Tag,
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [Self::Missing, Self::Class, Self::Place, Self::Alone, Self::Tag];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Class => "class",
            Self::Place => "place",
            Self::Alone => "alone",
            Self::Tag => "tag",
        }
    }
}

/// A doubt before it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    pub kind: Kind,
    /// 0 to 1.
    pub weight: f64,
    /// `model` or `track`.
    pub source: &'static str,
    /// What it is about, spelled so that a later search knows it again.
    pub subject: String,
    pub annotation: Option<AnnotationId>,
    pub class: Option<String>,
    pub predicted_class: Option<String>,
    /// What was chosen for the tag that is doubted, and for the one that is seen instead.
    pub choices: Choices,
    pub predicted_choices: Choices,
    pub frame: Option<FrameRef>,
    pub place: Option<[f64; 2]>,
}

/// Marks that lie on one frame.
#[derive(Default)]
struct OnFrame {
    drawn: Vec<Annotation>,
    predicted: Vec<Annotation>,
}

/// Classes and their indices.
#[derive(Default)]
struct Words<'a>(BTreeMap<&'a str, u16>);

impl<'a> Words<'a> {
    fn index(&mut self, word: &'a str) -> u16 {
        let next = u16::try_from(self.0.len()).unwrap_or(u16::MAX);
        *self.0.entry(word).or_insert(next)
    }
}

/// What speaks against labels that have a place, and not against tags; empty where they say that something cannot be assessed. With
/// it how doubtful they are all in all, 0 to 1, by the draft alone.
pub(super) fn doubts(
    labels: &[Annotation],
    draft: &[Annotation],
    rule: &Agreement,
) -> Result<(Vec<Found>, f64)> {
    if labels.iter().any(|mark| mark.is_answer() && mark.frame.is_none()) {
        return Ok((Vec::new(), 0.0));
    }
    let unseen: BTreeSet<FrameRef> =
        labels.iter().filter(|mark| mark.is_answer()).filter_map(|mark| mark.frame).collect();
    let counts = |mark: &&Annotation| {
        !mark.is_answer() && !is_tag(mark) && mark.frame.is_none_or(|frame| !unseen.contains(&frame))
    };
    let mut frames: BTreeMap<Option<FrameRef>, OnFrame> = BTreeMap::new();
    for mark in labels.iter().filter(counts) {
        frames.entry(mark.frame).or_default().drawn.push(mark.clone());
    }
    for mark in draft.iter().filter(counts) {
        frames.entry(mark.frame).or_default().predicted.push(mark.clone());
    }
    let (mut found, mut sure) = (Vec::new(), 1.0_f64);
    // Without a draft nothing was looked for: that a label stands alone would say nothing.
    if draft.iter().any(|mark| !is_tag(mark)) {
        for (frame, on) in &frames {
            let (doubts, weight) = on_frame(*frame, on, &frames, rule)?;
            sure *= 1.0 - weight;
            found.extend(doubts);
        }
    }
    found.extend(gaps(&frames, rule));
    Ok((found, 1.0 - sure))
}

fn on_frame(
    frame: Option<FrameRef>,
    on: &OnFrame,
    frames: &BTreeMap<Option<FrameRef>, OnFrame>,
    rule: &Agreement,
) -> Result<(Vec<Found>, f64)> {
    let predicted = once_each(&on.predicted, rule);
    let mut words = Words::default();
    let drawn: Vec<u16> = on.drawn.iter().map(|mark| words.index(&mark.class)).collect();
    let scored: Vec<Predicted> = predicted
        .iter()
        .map(|mark| Predicted { class: words.index(&mark.class), score: score(mark) as f32 })
        .collect();
    let overlaps = overlaps(&on.drawn, &predicted, rule);
    let scene = Scene { drawn: &drawn, predicted: &scored, overlaps: &overlaps };
    let doubts = scene.doubts().map_err(|error| PipelineError::Internal(error.to_string()))?;
    let weight = scene_weight(&doubts);
    let mut found = Vec::with_capacity(doubts.len());
    for doubt in &doubts {
        let mut one = said(frame, doubt, &on.drawn, &predicted);
        if let (Doubt::Missing { predicted: at }, Some(frame)) = (doubt.doubt, frame) {
            let sides = neighbours(frame, &predicted[at], frames, rule);
            one.weight = 1.0 - (1.0 - one.weight) * (1.0 - NEIGHBOUR_WEIGHT).powi(sides);
        }
        found.push(one);
    }
    Ok((found, f64::from(weight)))
}

/// On how many of the two frames beside a label of the same class lies where a mark was predicted: things seldom come and go
/// within a frame.
fn neighbours(
    frame: FrameRef,
    mark: &Annotation,
    frames: &BTreeMap<Option<FrameRef>, OnFrame>,
    rule: &Agreement,
) -> i32 {
    let labelled = |index: u32| {
        let beside = FrameRef { index, ..frame };
        let Some(on) = frames.get(&Some(beside)) else { return false };
        let there = Annotation { frame: Some(beside), ..mark.clone() };
        let alike = |label: &&Annotation| label.class == mark.class;
        on.drawn.iter().filter(alike).any(|label| {
            overlaps(std::slice::from_ref(&there), std::slice::from_ref(label), rule)[0] >= TWICE
        })
    };
    let before = frame.index.checked_sub(1).is_some_and(labelled);
    let after = frame.index.checked_add(1).is_some_and(labelled);
    i32::from(before) + i32::from(after)
}

/// How sure a model is, 0 to 1.
pub(super) fn score(mark: &Annotation) -> f64 {
    mark.score.filter(|score| score.is_finite()).unwrap_or(SCORE_UNSAID).clamp(0.0, 1.0)
}

/// Predictions without those that say the same once more, less surely.
fn once_each(predicted: &[Annotation], rule: &Agreement) -> Vec<Annotation> {
    let mut order: Vec<&Annotation> = predicted.iter().collect();
    order.sort_by(|a, b| score(b).total_cmp(&score(a)).then(a.id.cmp(&b.id)));
    let mut kept: Vec<Annotation> = Vec::with_capacity(order.len());
    for mark in order {
        let again = kept.iter().any(|other| {
            other.class == mark.class
                && overlaps(std::slice::from_ref(mark), std::slice::from_ref(other), rule)[0] >= TWICE
        });
        if !again {
            kept.push(mark.clone());
        }
    }
    kept
}

fn said(
    frame: Option<FrameRef>,
    suspicion: &Suspicion,
    drawn: &[Annotation],
    predicted: &[Annotation],
) -> Found {
    let weight = f64::from(suspicion.weight);
    let (kind, own, other, weight) = match suspicion.doubt {
        Doubt::Missing { predicted: p } => (Kind::Missing, None, Some(&predicted[p]), weight),
        Doubt::Class { drawn: d, predicted: p } => {
            (Kind::Class, Some(&drawn[d]), Some(&predicted[p]), weight)
        }
        Doubt::Place { drawn: d, predicted: p } => {
            (Kind::Place, Some(&drawn[d]), Some(&predicted[p]), weight)
        }
        // Detectors miss much: that they did not see it counts half.
        Doubt::Alone { drawn: d } => (Kind::Alone, Some(&drawn[d]), None, weight / 2.0),
    };
    let spelled = |mark: Option<&Annotation>| match mark {
        Some(mark) => format!("{}.{}", mark.id, mark.version),
        None => "-".to_owned(),
    };
    Found {
        kind,
        weight: weight.clamp(0.0, 1.0),
        source: "model",
        subject: format!("{}:{}:{}", kind.as_str(), spelled(own), spelled(other)),
        annotation: own.map(|mark| mark.id),
        class: own.map(|mark| mark.class.clone()),
        predicted_class: other.map(|mark| mark.class.clone()).filter(|_| kind != Kind::Place),
        choices: Choices::new(),
        predicted_choices: Choices::new(),
        frame,
        place: own.or(other).and_then(|mark| middle(&mark.shape)),
    }
}

/// Followed things that are there before and after some frames, and not on them. Frames without any label were not labelled at
/// all, and where another label lies in their place they are not missing.
fn gaps(frames: &BTreeMap<Option<FrameRef>, OnFrame>, rule: &Agreement) -> Vec<Found> {
    let mut tracks: BTreeMap<(Uuid, u32), BTreeMap<u32, &Annotation>> = BTreeMap::new();
    for mark in frames.values().flat_map(|on| &on.drawn) {
        if let (Some(track), Some(frame)) = (mark.arrangement.track, mark.frame) {
            tracks.entry((track, frame.stream)).or_default().insert(frame.index, mark);
        }
    }
    let mut found = Vec::new();
    for ((track, stream), marks) in &tracks {
        for ((before, first), (after, second)) in marks.iter().zip(marks.iter().skip(1)) {
            let gap = after - before - 1;
            if gap == 0 || gap > GAP_FRAMES_MAX {
                continue;
            }
            for index in before + 1..*after {
                let nearer = if index - before <= after - index { *first } else { *second };
                let frame = FrameRef { stream: *stream, index };
                let Some(on) = frames.get(&Some(frame)).filter(|on| !on.drawn.is_empty()) else { continue };
                let expected = Annotation { frame: Some(frame), ..nearer.clone() };
                let near = overlaps(std::slice::from_ref(&expected), &on.drawn, rule);
                if near.iter().any(|overlap| *overlap >= TWICE) {
                    continue;
                }
                found.push(Found {
                    kind: Kind::Missing,
                    weight: GAP_WEIGHT / f64::from(gap),
                    source: "track",
                    subject: format!("missing:{track}:{stream}.{index}"),
                    annotation: None,
                    class: None,
                    predicted_class: Some(nearer.class.clone()),
                    choices: Choices::new(),
                    predicted_choices: Choices::new(),
                    frame: Some(frame),
                    place: middle(&nearer.shape),
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use countersign_model::{Author, Shape, Unclear, UserId};

    use super::*;

    fn mark(number: u128, class: &str, x: f64, frame: u32) -> Annotation {
        Annotation {
            id: AnnotationId(Uuid::from_u128(number)),
            version: 1,
            class: class.into(),
            frame: Some(FrameRef { stream: 0, index: frame }),
            shape: Shape::Box { x, y: 1.0, w: 10.0, h: 10.0 },
            attributes: Default::default(),
            author: Author::Human { user: UserId(Uuid::from_u128(1)) },
            score: None,
            arrangement: Default::default(),
            unclear: None::<Unclear>,
        }
    }

    fn scored(number: u128, class: &str, x: f64, score: f64) -> Annotation {
        Annotation { score: Some(score), ..mark(number, class, x, 0) }
    }

    fn kinds(found: &[Found]) -> Vec<(Kind, Option<&str>, Option<&str>)> {
        found.iter().map(|one| (one.kind, one.class.as_deref(), one.predicted_class.as_deref())).collect()
    }

    #[test]
    fn a_draft_says_what_was_forgotten_misnamed_and_lies_askew() {
        let labels = [mark(1, "car", 0.0, 0), mark(2, "car", 40.0, 0), mark(3, "car", 80.0, 0)];
        let draft = [
            scored(11, "car", 0.0, 0.9),
            scored(12, "van", 40.0, 0.8),
            scored(13, "car", 87.0, 0.9),
            scored(14, "person", 120.0, 0.7),
            // Once more, less surely.
            scored(15, "person", 121.0, 0.4),
        ];
        let (found, weight) = doubts(&labels, &draft, &Agreement::default()).unwrap();
        let mut said = kinds(&found);
        said.sort();
        assert_eq!(
            said,
            [
                (Kind::Missing, None, Some("person")),
                (Kind::Class, Some("car"), Some("van")),
                (Kind::Place, Some("car"), None),
            ]
        );
        let missing = found.iter().find(|one| one.kind == Kind::Missing).unwrap();
        assert!((missing.weight - 0.7).abs() < 1e-6 && missing.place == Some([125.0, 6.0]), "{missing:?}");
        assert!(weight > 0.9 && weight < 1.0, "{weight}");
        let (none, weight) = doubts(&labels, &labels, &Agreement::default()).unwrap();
        assert!(none.is_empty() && weight.abs() < f64::EPSILON, "{none:?}");
    }

    #[test]
    fn without_a_draft_nothing_stands_alone() {
        let labels = [mark(1, "car", 0.0, 0)];
        assert_eq!(doubts(&labels, &[], &Agreement::default()).unwrap(), (vec![], 0.0));
        let (alone, _) = doubts(&labels, &[scored(9, "car", 90.0, 0.2)], &Agreement::default()).unwrap();
        let alone: Vec<_> = alone.iter().map(|one| (one.kind, (one.weight * 10.0).round())).collect();
        assert!(alone.contains(&(Kind::Alone, 5.0)) && alone.contains(&(Kind::Missing, 2.0)), "{alone:?}");
    }

    #[test]
    fn what_is_there_before_and_after_a_frame_is_missed_on_it() {
        let followed = |number, frame| {
            let mut mark = mark(number, "car", 0.0, frame);
            mark.arrangement.track = Some(Uuid::from_u128(7));
            mark
        };
        let other = |frame| mark(100 + u128::from(frame), "van", 60.0, frame);
        let mut labels = vec![followed(1, 0), followed(2, 2), other(0), other(1), other(2)];
        let missed = |labels: &[Annotation]| {
            let (found, _) = doubts(labels, &[], &Agreement::default()).unwrap();
            found.iter().map(|one| (one.source, one.frame.unwrap().index)).collect::<Vec<_>>()
        };
        assert_eq!(missed(&labels), [("track", 1)]);
        // Nobody labelled that frame.
        labels.retain(|mark| mark.frame.unwrap().index != 1);
        assert!(missed(&labels).is_empty());
        // Something of another track lies there.
        labels.extend([other(1), mark(8, "car", 1.0, 1)]);
        assert!(missed(&labels).is_empty());
        // So long a time it was hidden.
        let mut long = vec![followed(1, 0), followed(2, 9)];
        long.extend((0..10).map(other));
        assert!(missed(&long).is_empty());
    }

    /// The numbers of a linear congruence (Knuth's MMIX), 0 to 1.
    struct Chance(u64);

    impl Chance {
        fn next(&mut self) -> f64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    #[test]
    fn of_forty_boxes_that_were_forgotten_in_five_hundred_frames_thirty_are_among_the_first_hundred() {
        let mut chance = Chance(7);
        let (mut labels, mut draft, mut forgotten) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut number = 0;
        for frame in 0..500_u32 {
            for place in 0..8 {
                number += 1;
                let at = f64::from(place) * 50.0;
                // Every hundredth of 4,000 boxes: 40.
                if number % 100 == 0 {
                    forgotten.insert((frame, at as u32));
                } else {
                    labels.push(mark(number, "car", at, frame));
                }
                // The model sees nine of ten, not quite where they are, and is surer of what is there.
                if chance.next() < 0.9 {
                    let seen = mark(10_000 + number, "car", at + 3.0 * chance.next(), frame);
                    draft.push(Annotation { score: Some(0.4 + 0.6 * chance.next()), ..seen });
                }
            }
            // And sees what is not there in every second frame.
            if chance.next() < 0.5 {
                let seen = mark(20_000 + number, "car", 420.0, frame);
                draft.push(Annotation { score: Some(0.7 * chance.next()), ..seen });
            }
        }
        let (mut found, _) = doubts(&labels, &draft, &Agreement::default()).unwrap();
        found.retain(|one| one.kind == Kind::Missing);
        found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let is_right = |one: &&Found| {
            let at = one.place.unwrap()[0];
            let frame = one.frame.unwrap().index;
            forgotten.iter().any(|(where_, x)| *where_ == frame && (f64::from(*x) + 5.0 - at).abs() < 5.0)
        };
        let hits = found.iter().take(100).filter(is_right).count();
        assert!(forgotten.len() == 40 && hits >= 30, "{hits} of {}", forgotten.len());
    }
}
