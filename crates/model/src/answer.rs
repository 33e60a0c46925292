//! Answers that are no marks: that a mark is unclear, and that an item or a frame cannot be assessed.
//!
//! "Cannot assess" is kept as an annotation of a class that every protocol has beside its own, so that it is versioned, hashed,
//! signed, compared, hidden from blind readers, exported and erased exactly as marks are.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Annotation, AnnotationError, FrameRef, Shape, Stream, StreamKind, role::words};

/// Class of the answer that an item, or a frame of it, cannot be assessed. No ontology can name a class so: ids of classes have
/// no hyphen.
pub const CANNOT_ASSESS: &str = "cannot-assess";
/// Longest words to an answer, characters.
pub const ANSWER_CHARS_MAX: usize = 500;

/// Attribute of the answer: why.
const REASON: &str = "reason";
/// Attribute of the answer: why, in words.
const TEXT: &str = "text";

words! {
    /// How sure a reader is of a mark that they call unclear.
    Confidence, "a confidence" {
        /// Little more than a guess.
        Guess = "guess",
        /// As likely as not.
        Possible = "possible",
        /// More likely than not.
        Probable = "probable",
    }
}

words! {
    /// Why something cannot be assessed.
    NotAssessed, "a reason" {
        /// Noise, motion, exposure, focus.
        ImageQuality = "image_quality",
        /// The guideline does not say what to do here.
        NotCovered = "not_covered",
        /// A view, series, sensor or earlier image that it takes is missing.
        ViewMissing = "view_missing",
        /// Something lies over it.
        Obstructed = "obstructed",
        /// Something else, in words.
        Other = "other",
    }
}

/// A reader's doubt about one mark. The mark stays: it is what they would say if they had to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Unclear {
    /// How sure they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<Confidence>,
    /// Why, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Unclear {
    pub(crate) fn check(&self) -> Result<(), AnnotationError> {
        match &self.reason {
            Some(text) => check_words(text),
            None => Ok(()),
        }
    }
}

/// The answer that an item, or a frame of it, cannot be assessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CannotAssess {
    /// The frame; absent for the whole item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<FrameRef>,
    /// Why.
    pub reason: NotAssessed,
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Annotation {
    /// Whether it says that something cannot be assessed, and is no mark.
    pub fn is_answer(&self) -> bool {
        self.class == CANNOT_ASSESS
    }

    /// What it says where it is such an answer.
    pub fn cannot_assess(&self) -> Option<CannotAssess> {
        let reason = self.attributes.get(REASON).and_then(Value::as_str).and_then(|word| word.parse().ok());
        let text = self.attributes.get(TEXT).and_then(Value::as_str).map(str::to_owned);
        self.is_answer().then(|| CannotAssess {
            frame: self.frame,
            reason: reason.unwrap_or(NotAssessed::Other),
            text,
        })
    }

    /// Checks the answer itself; whether the protocol takes it is the protocol's to say.
    pub(crate) fn check_answer(&self, streams: &[Stream]) -> Result<(), AnnotationError> {
        let bad = |message: &str| AnnotationError::BadAnswer { message: message.to_owned() };
        if self.shape != (Shape::Tag {}) {
            return Err(bad("has no place but a frame or the whole item"));
        }
        if self.unclear.is_some() {
            return Err(bad("is no mark that could be unclear"));
        }
        if let Some(FrameRef { stream, index }) = self.frame {
            let there = streams.get(stream as usize).is_some_and(|on| (index as usize) < on.frames.len());
            if !there {
                return Err(AnnotationError::NoSuchFrame { stream, index });
            }
        }
        if self.attributes.keys().any(|key| ![REASON, TEXT].contains(&key.as_str())) {
            return Err(bad("takes a reason and a text, nothing else"));
        }
        let reason = self.attributes.get(REASON).and_then(Value::as_str);
        let reason: NotAssessed =
            reason.and_then(|word| word.parse().ok()).ok_or_else(|| bad("needs a reason of the list"))?;
        match self.attributes.get(TEXT).map(Value::as_str) {
            Some(Some(text)) => check_words(text),
            Some(None) => Err(bad("says why in text")),
            None if reason == NotAssessed::Other => Err(bad("needs words where the reason is another one")),
            None => Ok(()),
        }
    }
}

fn check_words(text: &str) -> Result<(), AnnotationError> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > ANSWER_CHARS_MAX || text.contains('\0') {
        let message = format!("takes 1 to {ANSWER_CHARS_MAX} characters of text");
        return Err(AnnotationError::BadAnswer { message });
    }
    Ok(())
}

/// What a read says of the whole item where it could not be assessed: what is not in it is then not absent, but unknown.
///
/// Whoever says it of every frame, one by one, and marks nothing, says it of the item. Frames that are only compared with
/// (templates) are not looked at for themselves and need no answer. The reason is that of the first frame.
pub fn whole_answer(annotations: &[Annotation], streams: &[Stream]) -> Option<Annotation> {
    let answers = || annotations.iter().filter(|mark| mark.is_answer());
    if let Some(said) = answers().find(|answer| answer.frame.is_none()) {
        return Some(said.clone());
    }
    let first = answers().min_by_key(|answer| answer.frame)?;
    if annotations.iter().any(|mark| !mark.is_answer()) {
        return None;
    }
    let said: BTreeSet<_> = answers().filter_map(|answer| answer.frame).collect();
    let looked_at = (0_u32..).zip(streams).filter(|(_, stream)| stream.kind != StreamKind::Template);
    let mut frames = looked_at.flat_map(|(stream, of)| {
        (0_u32..).take(of.frames.len()).map(move |index| FrameRef { stream, index })
    });
    frames.all(|frame| said.contains(&frame)).then(|| Annotation { frame: None, ..first.clone() })
}

/// A read as it counts: where every frame was answered one by one, the one answer of the item that this is.
pub fn as_counted(annotations: Vec<Annotation>, streams: &[Stream]) -> Vec<Annotation> {
    match whole_answer(&annotations, streams) {
        Some(said) if annotations.iter().all(Annotation::is_answer) => vec![said],
        _ => annotations,
    }
}

/// How answers of a read contradict it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// The same place is answered twice, or a frame beside the whole item.
    Twice(Option<FrameRef>),
    /// A mark lies where the read says that nothing can be assessed.
    Marked(Option<FrameRef>),
}

/// The first contradiction between the answers of a read, or between an answer and a mark. Whatever is said about the whole
/// item is said about each of its frames.
pub fn contradiction(annotations: &[Annotation]) -> Option<Contradiction> {
    let mut answered = BTreeSet::new();
    for answer in annotations.iter().filter(|mark| mark.is_answer()) {
        if !answered.insert(answer.frame) {
            return Some(Contradiction::Twice(answer.frame));
        }
    }
    if answered.contains(&None) && answered.len() > 1 {
        return Some(Contradiction::Twice(answered.into_iter().flatten().next()));
    }
    let whole = answered.contains(&None);
    let mut marks = annotations.iter().filter(|mark| !mark.is_answer());
    let marked = marks.find(|mark| whole || mark.frame.is_some() && answered.contains(&mark.frame));
    marked.map(|mark| Contradiction::Marked(if whole { None } else { mark.frame }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::{AnnotationId, AssetId, Author, Frame, UserId};

    fn mark(class: &str, frame: Option<u32>) -> Annotation {
        Annotation {
            id: AnnotationId(Uuid::from_u128(1)),
            version: 1,
            class: class.into(),
            frame: frame.map(|index| FrameRef { stream: 0, index }),
            shape: Shape::Tag {},
            attributes: [(REASON.to_owned(), Value::from("obstructed"))].into(),
            author: Author::Human { user: UserId(Uuid::from_u128(2)) },
            score: None,
            arrangement: Default::default(),
            unclear: None,
        }
    }

    fn stream(kind: StreamKind, frames: usize) -> Stream {
        let frame = Frame { asset: AssetId(Uuid::nil()), part: 0, time_ns: None, position_mm: None };
        Stream { name: "s".into(), kind, frames: vec![frame; frames], properties: Default::default() }
    }

    #[test]
    fn answers_and_marks_exclude_each_other_where_they_are() {
        let no = |frame| mark(CANNOT_ASSESS, frame);
        let car = |frame| mark("car", frame);
        let at = |index| Some(FrameRef { stream: 0, index });
        assert_eq!(contradiction(&[]), None);
        assert_eq!(contradiction(&[no(None)]), None);
        assert_eq!(contradiction(&[no(Some(1)), no(Some(2)), car(Some(3)), car(None)]), None);
        assert_eq!(contradiction(&[no(None), car(Some(3))]), Some(Contradiction::Marked(None)));
        assert_eq!(contradiction(&[no(None), car(None)]), Some(Contradiction::Marked(None)));
        assert_eq!(contradiction(&[no(Some(3)), car(Some(3))]), Some(Contradiction::Marked(at(3))));
        assert_eq!(contradiction(&[no(Some(3)), no(Some(3))]), Some(Contradiction::Twice(at(3))));
        assert_eq!(contradiction(&[no(Some(3)), no(None)]), Some(Contradiction::Twice(at(3))));
        assert!(whole_answer(&[car(None), no(None)], &[]).is_some());
        assert!(whole_answer(&[no(Some(0)), car(None)], &[stream(StreamKind::Image, 1)]).is_none());
    }

    #[test]
    fn an_answer_says_why() {
        let check = |change: &dyn Fn(&mut Annotation)| {
            let mut answer = mark(CANNOT_ASSESS, None);
            change(&mut answer);
            answer.check_answer(&[])
        };
        assert_eq!(check(&|_| {}), Ok(()));
        let set = |key: &'static str, value: &'static str| {
            move |answer: &mut Annotation| drop(answer.attributes.insert(key.into(), value.into()))
        };
        assert!(check(&set(REASON, "tired")).is_err());
        assert!(check(&set(REASON, "other")).is_err(), "in words");
        assert!(check(&|answer| answer.attributes.clear()).is_err());
        assert!(check(&set("more", "x")).is_err());
        assert!(check(&set(TEXT, " ")).is_err());
        assert!(check(&|answer| answer.shape = Shape::Points { points: vec![[1.0, 1.0]] }).is_err());
        assert!(check(&|answer| answer.unclear = Some(Unclear::default())).is_err());
        assert!(check(&|answer| answer.frame = Some(FrameRef { stream: 0, index: 0 })).is_err());
        let said = mark(CANNOT_ASSESS, None).cannot_assess().unwrap();
        assert_eq!(said, CannotAssess { frame: None, reason: NotAssessed::Obstructed, text: None });
        assert_eq!(mark("car", None).cannot_assess(), None);
        let long = Unclear { confidence: None, reason: Some("x".repeat(ANSWER_CHARS_MAX + 1)) };
        assert!(long.check().is_err() && Unclear::default().check().is_ok());
    }

    proptest! {
        #[test]
        fn every_frame_one_by_one_is_the_whole_item(
            sizes in prop::collection::vec((0_usize..4, any::<bool>()), 0..4),
            left_out in prop::option::of(any::<prop::sample::Index>()),
            marked in any::<bool>(),
        ) {
            let kind = |template| if template { StreamKind::Template } else { StreamKind::Image };
            let streams: Vec<_> = sizes.iter().map(|(frames, template)| stream(kind(*template), *frames)).collect();
            let mut frames: Vec<_> = (0_u32..)
                .zip(&sizes)
                .filter(|(_, (_, template))| !template)
                .flat_map(|(stream, (count, _))| {
                    (0_u32..).take(*count).map(move |index| FrameRef { stream, index })
                })
                .collect();
            let all = frames.len();
            if let Some(left) = left_out.filter(|_| all > 0) {
                frames.remove(left.index(all));
            }
            let answer = |frame: &FrameRef| Annotation { frame: Some(*frame), ..mark(CANNOT_ASSESS, None) };
            let mut read: Vec<_> = frames.iter().map(answer).collect();
            if marked {
                read.push(mark("car", None));
            }
            let whole = all > 0 && frames.len() == all && !marked;
            let said = whole_answer(&read, &streams);
            prop_assert_eq!(said.is_some(), whole);
            prop_assert!(said.is_none_or(|said| said.frame.is_none() && said.is_answer()));
            let one = vec![mark(CANNOT_ASSESS, None)];
            prop_assert_eq!(as_counted(one.clone(), &streams), one.clone());
            prop_assert_eq!(as_counted(read.clone(), &streams), if whole { one } else { read });
        }

        #[test]
        fn the_order_of_a_read_says_nothing(frames in prop::collection::vec((any::<bool>(), prop::option::of(0_u32..4)), 0..8)) {
            let class = |answer| if answer { CANNOT_ASSESS } else { "car" };
            let read: Vec<_> = frames.iter().map(|(answer, frame)| mark(class(*answer), *frame)).collect();
            let turned: Vec<_> = read.iter().rev().cloned().collect();
            prop_assert_eq!(contradiction(&read).is_some(), contradiction(&turned).is_some());
        }
    }
}
