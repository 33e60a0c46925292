//! Answers that are no marks: that a mark is unclear, and that an item or a frame cannot be assessed.
//!
//! "Cannot assess" is kept as an annotation of a class that every protocol has beside its own, so that it is versioned, hashed,
//! signed, compared, hidden from blind readers, exported and erased exactly as marks are.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Annotation, AnnotationError, FrameRef, Shape, Stream, role::words};

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

/// Whether a read says of the whole item that it cannot be assessed: what is not in it is then not absent, but unknown.
pub fn is_unassessed(annotations: &[Annotation]) -> bool {
    annotations.iter().any(|mark| mark.is_answer() && mark.frame.is_none())
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
    use crate::{AnnotationId, Author, UserId};

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
        assert!(is_unassessed(&[car(None), no(None)]) && !is_unassessed(&[no(Some(1)), car(None)]));
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
        fn the_order_of_a_read_says_nothing(frames in prop::collection::vec((any::<bool>(), prop::option::of(0_u32..4)), 0..8)) {
            let class = |answer| if answer { CANNOT_ASSESS } else { "car" };
            let read: Vec<_> = frames.iter().map(|(answer, frame)| mark(class(*answer), *frame)).collect();
            let turned: Vec<_> = read.iter().rev().cloned().collect();
            prop_assert_eq!(contradiction(&read).is_some(), contradiction(&turned).is_some());
        }
    }
}
