//! Tags that a model speaks against: confident learning (`quality::label_errors::confident`) over the probabilities that the drafts
//! of one model give. Each class of tags is a question of its own, for an item or a frame: is it there, and with which choice.
//! A draft's tag has the probability that its score says; what its tags leave of 1 is that the class is not there.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::{Annotation, AnnotationId, FrameRef, ItemId, ReadId, ShapeKind};
use countersign_quality::label_errors::confident;
use serde::{Deserialize, Serialize};

use super::doubt::{Found, Kind, score};
use crate::{PipelineError, Result};

/// Different answers to one question that are told apart, that the class is not there among them.
const ANSWERS_MAX: usize = 64;

/// What was chosen for a tag, by attribute.
pub(super) type Choices = BTreeMap<String, String>;

/// An answer: the choices of the tag; `None` where there is none.
type Said = Option<Choices>;

/// A model with its version: another version is sure in another way.
pub(super) type Model = (String, String);

/// A tag.
#[derive(Clone, Debug, PartialEq)]
struct Tag {
    id: AnnotationId,
    version: u32,
    class: String,
    choices: Choices,
    /// Probability, of a model's; 0 to 1.
    score: f64,
}

/// Tags of an item, or of a frame that somebody or the model tagged.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unit {
    pub item: ItemId,
    pub read: ReadId,
    model: Model,
    frame: Option<FrameRef>,
    labels: Vec<Tag>,
    draft: Vec<Tag>,
}

/// How sure a model usually is of an answer where it was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Bar {
    model: String,
    version: String,
    class: String,
    /// `None`: the class is not there.
    choices: Said,
    /// Mean probability; `None` where the answer was never given: nothing reaches it.
    mean: Option<f64>,
}

/// Bars as they are kept with a search; `None` where no model drafts tags.
pub(super) fn kept(bars: &[Bar]) -> Result<Option<String>> {
    if bars.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(bars).map(Some).map_err(|error| PipelineError::Internal(error.to_string()))
}

/// Bars that a search kept.
pub(super) fn known(kept: Option<&str>) -> Result<Vec<Bar>> {
    let Some(kept) = kept else { return Ok(Vec::new()) };
    let failed = |error| PipelineError::Internal(format!("label_searches.bars: {error}"));
    serde_json::from_str(kept).map_err(failed)
}

/// Whether a mark is a tag.
pub(super) fn is_tag(mark: &Annotation) -> bool {
    mark.shape.kind() == ShapeKind::Tag && !mark.is_answer()
}

/// The tags of one item, beside those of its draft. A tag on the only of `frames` is one of the item; what cannot be assessed is asked
/// of nobody.
pub(super) fn units(
    (item, read): (ItemId, ReadId),
    (labels, draft): (&[Annotation], &[Annotation]),
    model: &Model,
    frames: usize,
) -> Vec<Unit> {
    let on = |mark: &Annotation| mark.frame.filter(|_| frames > 1);
    let unseen: BTreeSet<_> = labels.iter().filter(|mark| mark.is_answer()).map(on).collect();
    if unseen.contains(&None) {
        return Vec::new();
    }
    let tags = |marks: &[Annotation], place| {
        marks.iter().filter(|mark| is_tag(mark) && on(mark) == place).map(tag).collect::<Vec<_>>()
    };
    let tagged = labels.iter().chain(draft).filter(|mark| is_tag(mark)).map(on);
    let places: BTreeSet<_> = tagged.chain([None]).filter(|place| !unseen.contains(place)).collect();
    let unit = |frame| Unit {
        item,
        read,
        model: model.clone(),
        frame,
        labels: tags(labels, frame),
        draft: tags(draft, frame),
    };
    places.into_iter().map(unit).collect()
}

fn tag(mark: &Annotation) -> Tag {
    // Of the values that attributes take only choices are words.
    let chosen = |(id, value): (&String, &serde_json::Value)| Some((id.clone(), value.as_str()?.to_owned()));
    Tag {
        id: mark.id,
        version: mark.version,
        class: mark.class.clone(),
        choices: mark.attributes.iter().filter_map(chosen).collect(),
        score: score(mark),
    }
}

/// One question with the answers that are told apart; the first is that the class is not there.
struct Question<'a> {
    class: &'a str,
    answers: Vec<Said>,
}

impl<'a> Question<'a> {
    /// What was said by anybody about a class in some units.
    fn of(class: &'a str, units: &[&Unit]) -> Self {
        let tags = units.iter().flat_map(|unit| unit.labels.iter().chain(&unit.draft));
        let said: BTreeSet<Said> =
            tags.filter(|tag| tag.class == class).map(|tag| Some(tag.choices.clone())).collect();
        Self { class, answers: [None].into_iter().chain(said).take(ANSWERS_MAX).collect() }
    }

    fn place(&self, choices: &Choices) -> Option<usize> {
        self.answers.iter().position(|said| said.as_ref() == Some(choices))
    }

    /// The answer that was given; `None` where it is none of those that are told apart, or two at once.
    fn given(&self, unit: &Unit) -> Option<usize> {
        let mut own = unit.labels.iter().filter(|tag| tag.class == self.class);
        match (own.next(), own.next()) {
            (None, _) => Some(0),
            (Some(tag), None) => self.place(&tag.choices),
            _ => None,
        }
    }

    /// The model's probability of each answer.
    fn probabilities(&self, unit: &Unit) -> Vec<f32> {
        let mut row = vec![0.0_f64; self.answers.len()];
        for tag in unit.draft.iter().filter(|tag| tag.class == self.class) {
            if let Some(place) = self.place(&tag.choices) {
                row[place] = row[place].max(tag.score);
            }
        }
        let sum: f64 = row.iter().sum();
        if sum > 1.0 {
            row.iter_mut().for_each(|share| *share /= sum);
        }
        row[0] = (1.0 - sum).max(0.0);
        row.into_iter().map(|share| share as f32).collect()
    }

    fn doubt(&self, unit: &Unit, (given, likely): (usize, usize), margin: f32) -> Found {
        let own = unit.labels.iter().find(|tag| tag.class == self.class);
        let choices = |place: usize| self.answers[place].clone();
        let predicted = choices(likely);
        let drafted =
            unit.draft.iter().find(|tag| tag.class == self.class && predicted.as_ref() == Some(&tag.choices));
        let spelled = |tag: Option<&Tag>| tag.map_or("-".into(), |tag| format!("{}.{}", tag.id, tag.version));
        let at = unit.frame.map_or("-".into(), |frame| format!("{}.{}", frame.stream, frame.index));
        let named = |place: usize| (place > 0).then(|| self.class.to_owned());
        Found {
            kind: Kind::Tag,
            weight: f64::midpoint(1.0, -f64::from(margin)).clamp(0.0, 1.0),
            source: "model",
            subject: format!("tag:{}:{at}:{}:{}", self.class, spelled(own), spelled(drafted)),
            annotation: own.map(|tag| tag.id),
            class: named(given),
            predicted_class: named(likely),
            choices: choices(given).unwrap_or_default(),
            predicted_choices: predicted.unwrap_or_default(),
            frame: unit.frame,
            place: None,
        }
    }
}

/// Models with the classes that they ever draft, and the units of each. Of a class that a model never drafts it says nothing.
fn asked(units: &[Unit]) -> BTreeMap<&Model, (BTreeSet<&str>, Vec<&Unit>)> {
    let mut models: BTreeMap<&Model, (BTreeSet<&str>, Vec<&Unit>)> = BTreeMap::new();
    for unit in units {
        let (classes, of) = models.entry(&unit.model).or_default();
        classes.extend(unit.draft.iter().map(|tag| tag.class.as_str()));
        of.push(unit);
    }
    models
}

/// What is doubted in an item, by the read that says it.
type Doubted = (ItemId, ReadId, Found);

/// Tags that speak against what a model is confident of, and how sure it usually is, by which others can be held against it.
pub(super) fn suspects(units: &[Unit]) -> Result<(Vec<Doubted>, Vec<Bar>)> {
    let (mut doubts, mut bars) = (Vec::new(), Vec::new());
    for ((model, version), (classes, of)) in asked(units) {
        let mut found: BTreeMap<usize, Vec<Found>> = BTreeMap::new();
        for class in classes {
            let question = Question::of(class, &of);
            let known: Vec<(usize, usize)> =
                (0..).zip(&of).filter_map(|(place, unit)| Some((place, question.given(unit)?))).collect();
            let given: Vec<u16> =
                known.iter().map(|(_, given)| u16::try_from(*given).unwrap_or(u16::MAX)).collect();
            let rows: Vec<f32> =
                known.iter().flat_map(|(place, _)| question.probabilities(of[*place])).collect();
            let learned = confident(&given, &rows, question.answers.len())
                .map_err(|error| PipelineError::Internal(error.to_string()))?;
            for suspect in &learned.suspects {
                let place = known[suspect.item].0;
                let pair = (usize::from(suspect.given), usize::from(suspect.likely));
                found.entry(place).or_default().push(question.doubt(of[place], pair, suspect.margin));
            }
            let named = |(choices, mean): (&Said, &Option<f64>)| Bar {
                model: model.clone(),
                version: version.clone(),
                class: class.to_owned(),
                choices: choices.clone(),
                mean: *mean,
            };
            bars.extend(question.answers.iter().zip(&learned.thresholds).map(named));
        }
        for (place, found) in found {
            let unit = of[place];
            doubts.extend(joined(found).into_iter().map(|found| (unit.item, unit.read, found)));
        }
    }
    Ok((doubts, bars))
}

/// One tag instead of another is one doubt: the surest that should not be there with the surest that should, and so on.
fn joined(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let (gone, rest): (Vec<_>, Vec<_>) = found.into_iter().partition(|one| one.predicted_class.is_none());
    let (come, mut out): (Vec<_>, Vec<_>) = rest.into_iter().partition(|one| one.class.is_none());
    let (mut gone, mut come) = (gone.into_iter(), come.into_iter());
    loop {
        match (gone.next(), come.next()) {
            (None, None) => break,
            (Some(own), Some(other)) => out.push(Found {
                weight: own.weight.max(other.weight),
                subject: format!("{}+{}", own.subject, other.subject),
                predicted_class: other.predicted_class,
                predicted_choices: other.predicted_choices,
                ..own
            }),
            (Some(one), None) | (None, Some(one)) => out.push(one),
        }
    }
    out
}

/// How doubtful the tags of one read are, 0 to 1: by how sure the model usually is where a search found that, else by what it holds
/// for likelier than what was given.
pub(super) fn doubtful(units: &[Unit], bars: &[Bar]) -> f64 {
    let mut sure = 1.0;
    for unit in units {
        let of_model =
            || bars.iter().filter(|bar| (&bar.model, &bar.version) == (&unit.model.0, &unit.model.1));
        let drafted = unit.draft.iter().map(|tag| tag.class.as_str());
        let classes: BTreeSet<&str> = drafted.chain(of_model().map(|bar| bar.class.as_str())).collect();
        for class in classes {
            let question = Question::of(class, &[unit]);
            let Some(given) = question.given(unit) else { continue };
            let row = question.probabilities(unit);
            let known: Vec<&Bar> = of_model().filter(|bar| bar.class == class).collect();
            let bar_of = |place: usize| {
                let bar = known.iter().find(|bar| bar.choices == question.answers[place]);
                bar.and_then(|bar| bar.mean).unwrap_or(f64::INFINITY)
            };
            // As in the search a hair is allowed for what single precision loses.
            let reaches = |place: &usize| known.is_empty() || f64::from(row[*place]) >= bar_of(*place) - 1e-6;
            let likely = (0..row.len()).filter(reaches).max_by(|a, b| row[*a].total_cmp(&row[*b]));
            let speaks = |likely: &usize| {
                *likely != given && row[*likely] > if known.is_empty() { row[given] } else { 0.0 }
            };
            if let Some(likely) = likely.filter(speaks) {
                let margin = f64::from(row[given] - row[likely]);
                sure *= 1.0 - f64::midpoint(1.0, -margin).clamp(0.0, 1.0);
            }
        }
    }
    1.0 - sure
}

#[cfg(test)]
mod tests {
    use countersign_model::{Author, Shape, UserId};
    use uuid::Uuid;

    use super::*;

    fn mark(number: u128, class: &str, score: Option<f64>) -> Annotation {
        Annotation {
            id: AnnotationId(Uuid::from_u128(number)),
            version: 1,
            class: class.into(),
            frame: None,
            shape: Shape::Tag {},
            attributes: Default::default(),
            author: Author::Human { user: UserId(Uuid::from_u128(1)) },
            score,
            arrangement: Default::default(),
            unclear: None,
        }
    }

    fn chosen(number: u128, choice: &str, score: Option<f64>) -> Annotation {
        let mut tag = mark(number, "surface", score);
        tag.attributes.insert("state".into(), choice.into());
        tag
    }

    fn unit(number: u128, labels: &[Annotation], draft: &[Annotation]) -> Vec<Unit> {
        let ids = (ItemId(Uuid::from_u128(number)), ReadId(Uuid::from_u128(number)));
        units(ids, (labels, draft), &("classifier".into(), "1".into()), 1)
    }

    /// Twenty items, of which the model is sure of one tag or the other by 0.7 to 0.9; `flipped` has the other label.
    fn town(flipped: u128) -> Vec<Unit> {
        let of = |number: u128| {
            let (truth, other) = if number.is_multiple_of(2) { ("cat", "dog") } else { ("dog", "cat") };
            let score = 0.7 + 0.2 * (number % 5) as f64 / 4.0;
            let given = if number == flipped { other } else { truth };
            let draft =
                [mark(100 + number, truth, Some(score)), mark(200 + number, other, Some(1.0 - score))];
            unit(number, &[mark(number, given, None)], &draft)
        };
        (0..20).flat_map(of).collect()
    }

    #[test]
    fn one_tag_instead_of_another_is_one_doubt() {
        let (found, bars) = suspects(&town(8)).unwrap();
        let [(item, _, one)] = &found[..] else { panic!("{found:?}") };
        assert_eq!((item.uuid().as_u128(), one.kind), (8, Kind::Tag));
        assert_eq!((one.class.as_deref(), one.predicted_class.as_deref()), (Some("dog"), Some("cat")));
        // 0.85 against 0.15: half of 1 and what lies between them.
        assert!((one.weight - 0.85).abs() < 1e-6, "{}", one.weight);
        // Of each of two classes how sure the model is that it is there, and that it is not.
        assert_eq!(bars.len(), 4);
        let mean = bars.iter().find(|bar| bar.class == "cat" && bar.choices.is_some()).unwrap().mean.unwrap();
        assert!((0.7..0.9).contains(&mean), "{mean}");
        assert!(suspects(&town(99)).unwrap().0.is_empty(), "nothing was flipped");
    }

    #[test]
    fn a_tag_that_was_forgotten_and_one_too_many_are_told_apart_and_choices_too() {
        let mut all = Vec::new();
        for number in 0..12 {
            let there = number % 2 == 0;
            let draft = if there { vec![mark(100 + number, "dirty", Some(0.8))] } else { vec![] };
            let labels = if there { vec![mark(number, "dirty", None)] } else { vec![] };
            all.extend(unit(number, &labels, &draft));
        }
        all.extend(unit(50, &[], &[mark(150, "dirty", Some(0.9))]));
        all.extend(unit(51, &[mark(51, "dirty", None)], &[]));
        let (found, _) = suspects(&all).unwrap();
        let said: BTreeMap<u128, _> = found
            .iter()
            .map(|(item, _, one)| {
                (item.uuid().as_u128(), (one.class.as_deref(), one.predicted_class.as_deref()))
            })
            .collect();
        assert_eq!(said, BTreeMap::from([(50, (None, Some("dirty"))), (51, (Some("dirty"), None))]));

        let pair = |number: u128, given: &str, clean: f64| {
            let draft = [
                chosen(100 + number, "clean", Some(clean)),
                chosen(200 + number, "dirty", Some(1.0 - clean)),
            ];
            unit(number, &[chosen(number, given, None)], &draft)
        };
        let mut all: Vec<Unit> = (0..5).flat_map(|number| pair(number, "clean", 0.9)).collect();
        all.extend((5..10).flat_map(|number| pair(number, "dirty", 0.1)));
        all.extend(pair(20, "dirty", 0.95));
        let (found, _) = suspects(&all).unwrap();
        let [(_, _, one)] = &found[..] else { panic!("{found:?}") };
        assert_eq!((&one.choices["state"][..], &one.predicted_choices["state"][..]), ("dirty", "clean"));
    }

    #[test]
    fn what_a_model_never_drafts_it_speaks_against_nowhere() {
        let all: Vec<Unit> =
            (0..6).flat_map(|number| unit(number, &[mark(number, "dark", None)], &[])).collect();
        assert!(suspects(&all).unwrap().0.is_empty());
        assert!(doubtful(&all, &[]).abs() < f64::EPSILON);
        // What cannot be assessed has no tags that could be wrong.
        let answer = mark(1, countersign_model::CANNOT_ASSESS, None);
        assert!(unit(1, &[answer], &[mark(9, "dark", Some(0.9))]).is_empty());
    }

    #[test]
    fn a_read_is_held_against_how_sure_the_model_usually_is() {
        let (_, bars) = suspects(&town(99)).unwrap();
        let read = |given: &str, score: f64| {
            let draft = [mark(1, "cat", Some(score)), mark(2, "dog", Some(1.0 - score))];
            unit(1, &[mark(3, given, None)], &draft)
        };
        for bars in [&bars[..], &[]] {
            assert!(doubtful(&read("cat", 0.9), bars).abs() < f64::EPSILON, "as drafted");
            assert!(doubtful(&read("dog", 0.9), bars) > doubtful(&read("dog", 0.85), bars));
        }
        // A hair for the other is much for a model that is never sure, and little for one that always is.
        assert!(doubtful(&read("dog", 0.55), &[]) > 0.5);
        assert!(doubtful(&read("dog", 0.55), &bars).abs() < f64::EPSILON);
        assert_eq!(known(kept(&bars).unwrap().as_deref()).unwrap(), bars);
    }
}
