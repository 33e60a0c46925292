//! What each reader answered, one answer at a time: which tags hold of an item or a frame, and what a mark is called.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use countersign_model::{Annotation, AnnotationId, FrameRef, ItemId, ShapeKind, UserId};
use countersign_store::{Conn, comparisons::Comparison, items};
use countersign_workflow::compare::middle;

use super::{ConsensusAbout, ConsensusLabel, Result};
use crate::{
    PipelineError,
    agreement::{marked, reader},
    compare::{FindingMarks, marks_of_findings, somebody_could_not},
};

/// What one reader says: the labels that hold. Empty: none does. Of a mark at most one.
pub(super) type Answer = BTreeSet<ConsensusLabel>;

/// Something that each of at least two readers answered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked {
    /// Index of the item.
    pub item: usize,
    /// Frame; absent for what is asked about the whole item.
    pub frame: Option<FrameRef>,
    /// Middle of the mark that the first of its readers made, pixels.
    pub place: Option<[f64; 2]>,
    /// Readers by their index and what they say.
    pub said: Vec<(usize, Answer)>,
}

/// Everything that was answered.
#[derive(Default)]
pub(super) struct Gathered {
    pub items: Vec<ItemId>,
    pub readers: Vec<UserId>,
    places: HashMap<UserId, usize>,
    /// Which tags hold of an item, or of a frame that somebody tagged.
    pub tags: Vec<Asked>,
    /// What is at a place that somebody marked.
    pub marks: Vec<Asked>,
    /// Items that one of their readers could not assess.
    pub not_assessed: u64,
}

/// The marks of one person.
struct OfReader {
    /// Place among the reads that were compared.
    place: usize,
    reader: usize,
    marks: BTreeMap<AnnotationId, Annotation>,
}

impl Gathered {
    /// What was asked about either.
    pub fn asked(&self, about: ConsensusAbout) -> &[Asked] {
        match about {
            ConsensusAbout::Tags => &self.tags,
            ConsensusAbout::Marks => &self.marks,
        }
    }

    /// Adds what the readers of a comparison answered; nothing where fewer than two people read, or one of them could not assess
    /// something. `tagged`: that nobody tagged an item is an answer, too.
    pub async fn take(&mut self, conn: &mut Conn, row: &Comparison, tagged: bool) -> Result<()> {
        let mut people: Vec<(usize, UserId, BTreeMap<AnnotationId, Annotation>)> = Vec::new();
        for (place, read) in row.reads.0.iter().enumerate() {
            let Some(user) = reader(conn, *read).await? else { continue };
            // Nobody reads an item twice in one comparison; what the table of answers refuses never reaches it.
            if people.iter().all(|(_, known, _)| *known != user) {
                people.push((place, user, marked(conn, *read).await?));
            }
        }
        if people.len() < 2 {
            return Ok(());
        }
        if somebody_could_not(row)? {
            self.not_assessed += 1;
            return Ok(());
        }
        let item = self.items.len();
        self.items.push(row.item_id);
        let people: Vec<OfReader> = people
            .into_iter()
            .map(|(place, user, marks)| OfReader { place, reader: self.place_of(user), marks })
            .collect();
        let frames = match people.iter().any(|person| tags(&person.marks).any(|mark| mark.frame.is_some())) {
            true => frames(conn, row.item_id).await?,
            false => 0,
        };
        self.tags.extend(asked_tags(item, &people, (tagged, frames)));
        self.marks
            .extend(marks_of_findings(row)?.iter().filter_map(|found| asked_mark(item, &people, found)));
        Ok(())
    }

    fn place_of(&mut self, user: UserId) -> usize {
        let next = self.readers.len();
        let place = *self.places.entry(user).or_insert(next);
        if place == next {
            self.readers.push(user);
        }
        place
    }
}

/// How many frames an item has.
async fn frames(conn: &mut Conn, item: ItemId) -> Result<usize> {
    let item = items::by_id(conn, item).await?.ok_or(PipelineError::NotFound)?;
    Ok(item.streams.0.iter().map(|stream| stream.frames.len()).sum())
}

fn tags(marks: &BTreeMap<AnnotationId, Annotation>) -> impl Iterator<Item = &Annotation> {
    marks.values().filter(|mark| mark.shape.kind() == ShapeKind::Tag)
}

/// What was asked about the item, and about each frame that somebody tagged. A tag on the only frame is one of the item.
fn asked_tags(item: usize, people: &[OfReader], (tagged, frames): (bool, usize)) -> Vec<Asked> {
    let on = |mark: &Annotation| mark.frame.filter(|_| frames > 1);
    let mut places: BTreeSet<Option<FrameRef>> =
        people.iter().flat_map(|one| tags(&one.marks)).map(on).collect();
    if tagged {
        places.insert(None);
    }
    let said = |place: Option<FrameRef>| {
        let of = |person: &OfReader| {
            let answer = tags(&person.marks).filter(|mark| on(mark) == place).map(label).collect();
            (person.reader, answer)
        };
        people.iter().map(of).collect()
    };
    places.into_iter().map(|frame| Asked { item, frame, place: None, said: said(frame) }).collect()
}

/// What readers call one finding that has a place; who did not mark it says that nothing is there.
fn asked_mark(item: usize, people: &[OfReader], found: &FindingMarks) -> Option<Asked> {
    let first = people
        .iter()
        .find_map(|person| own_mark(person, found))
        .filter(|mark| mark.shape.kind() != ShapeKind::Tag)?;
    let said = people
        .iter()
        .map(|person| {
            let named =
                |mark: &Annotation| ConsensusLabel { class: mark.class.clone(), choices: BTreeMap::new() };
            (person.reader, own_mark(person, found).map(named).into_iter().collect())
        })
        .collect();
    Some(Asked { item, frame: first.frame, place: middle(&first.shape), said })
}

/// The mark that somebody made of a finding.
fn own_mark<'a>(person: &'a OfReader, found: &FindingMarks) -> Option<&'a Annotation> {
    let (_, id) = found.marks.iter().find(|(place, _)| *place == person.place)?;
    person.marks.get(id)
}

/// A tag with what was chosen for it: of the values that attributes take only choices are words.
fn label(mark: &Annotation) -> ConsensusLabel {
    let chosen = |(id, value): (&String, &serde_json::Value)| Some((id.clone(), value.as_str()?.to_owned()));
    ConsensusLabel { class: mark.class.clone(), choices: mark.attributes.iter().filter_map(chosen).collect() }
}

#[cfg(test)]
mod tests {
    use countersign_model::{Author, Shape};
    use uuid::Uuid;

    use super::*;

    fn mark(number: u128, class: &str, frame: Option<u32>, shape: Shape) -> Annotation {
        Annotation {
            id: AnnotationId(Uuid::from_u128(number)),
            version: 1,
            class: class.into(),
            frame: frame.map(|index| FrameRef { stream: 0, index }),
            shape,
            attributes: BTreeMap::new(),
            author: Author::Human { user: UserId(Uuid::from_u128(1)) },
            score: None,
            arrangement: Default::default(),
            unclear: None,
        }
    }

    fn person(reader: usize, marks: &[Annotation]) -> OfReader {
        OfReader { place: reader, reader, marks: marks.iter().map(|mark| (mark.id, mark.clone())).collect() }
    }

    fn classes(answer: &Answer) -> Vec<&str> {
        answer.iter().map(|label| label.class.as_str()).collect()
    }

    #[test]
    fn tags_are_asked_of_the_item_and_of_frames_that_somebody_tagged() {
        let one =
            person(0, &[mark(1, "dark", None, Shape::Tag {}), mark(2, "blurred", Some(3), Shape::Tag {})]);
        let other = person(1, &[mark(3, "dark", None, Shape::Tag {})]);
        let asked = asked_tags(7, &[one, other], (true, 9));
        let seen: Vec<_> = asked.iter().map(|ask| (ask.frame.map(|frame| frame.index), &ask.said)).collect();
        let [(None, of_item), (Some(3), of_frame)] = &seen[..] else { panic!("{seen:?}") };
        assert_eq!((classes(&of_item[0].1), classes(&of_item[1].1)), (vec!["dark"], vec!["dark"]));
        assert_eq!((classes(&of_frame[0].1), classes(&of_frame[1].1)), (vec!["blurred"], vec![]));
        assert!(asked.iter().all(|ask| ask.item == 7));
    }

    #[test]
    fn a_tag_on_the_only_frame_is_one_of_the_item_and_choices_tell_answers_apart() {
        let mut good = mark(1, "quality", Some(0), Shape::Tag {});
        good.attributes.insert("grade".into(), "good".into());
        good.attributes.insert("sure".into(), true.into());
        let mut poor = mark(2, "quality", None, Shape::Tag {});
        poor.attributes.insert("grade".into(), "poor".into());
        let asked = asked_tags(0, &[person(0, &[good.clone()]), person(1, &[poor])], (true, 1));
        let [one] = &asked[..] else { panic!("{asked:?}") };
        assert!(one.frame.is_none() && one.said[0].1 != one.said[1].1);
        let said = one.said[0].1.first().unwrap();
        assert_eq!(said.choices, BTreeMap::from([("grade".to_owned(), "good".to_owned())]));
        // Where nobody tags anything, that is an answer only if there are tags to set.
        let nothing = || [person(0, &[]), person(1, &[])];
        assert_eq!(asked_tags(0, &nothing(), (true, 0)).len(), 1);
        assert!(asked_tags(0, &nothing(), (false, 0)).is_empty());
    }

    #[test]
    fn who_did_not_mark_a_place_says_that_nothing_is_there() {
        let own = mark(1, "car", Some(0), Shape::Box { x: 2.0, y: 4.0, w: 10.0, h: 20.0 });
        let found = FindingMarks { marks: vec![(1, own.id)], disputed: true };
        let asked = asked_mark(0, &[person(0, &[]), person(1, &[own])], &found).unwrap();
        assert_eq!(asked.place, Some([7.0, 14.0]));
        assert_eq!((classes(&asked.said[0].1), classes(&asked.said[1].1)), (vec![], vec!["car"]));
        let tag = mark(2, "dark", None, Shape::Tag {});
        let found = FindingMarks { marks: vec![(0, tag.id)], disputed: true };
        assert!(asked_mark(0, &[person(0, &[tag])], &found).is_none(), "tags are asked of the item");
    }
}
