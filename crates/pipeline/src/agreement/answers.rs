//! What each reader answered, gathered from comparisons and the reads behind them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use countersign_model::{
    Agreement, Annotation, AnnotationId, Author, CANNOT_ASSESS, ItemId, ReadId, StageKind, Stream, UserId,
};
use countersign_store::{items, reads};

use super::{
    AgreementReport, CONFIDENCE, ClassAgreement, Comparison, ConfusionCell, ConfusionShare, Conn,
    PipelineError, Protocol, Result, SEED, figures, internal,
    marks::{self, Looked, MarksOf, Spacings},
    pairs::pairs,
};
use crate::{
    compare::{marks_of_findings, somebody_could_not},
    tiers::share_of,
    views::author,
};

/// Most items named behind one pair of names.
const EXAMPLES_MAX: usize = 20;

/// The answer of one reader to one item: the classes that they marked.
pub(super) struct Answer {
    pub item: usize,
    pub reader: usize,
    pub classes: BTreeSet<String>,
}

/// Everything that a report counts.
#[derive(Default)]
pub(crate) struct Answers {
    pub(super) items: Vec<ItemId>,
    pub(super) readers: Vec<UserId>,
    places: HashMap<UserId, usize>,
    pub(super) given: Vec<Answer>,
    /// Classes of the protocol; those that only older versions know are added as they are met.
    classes: BTreeSet<String>,
    pub(super) not_assessed: Vec<ItemId>,
    /// What each item adds to the figures that are sums, in the order of `items`.
    pub(super) sums: Vec<OfItem>,
    /// Where marks are looked at one by one, the rule by which they were compared, and what was seen of each item.
    pub(super) marks: Option<Looked>,
    /// Classes of marks in the order in which they were met.
    numbers: BTreeMap<String, u16>,
}

/// What two readers call one finding: in their order, "nothing" last.
pub(super) type Names = (String, Option<String>);

/// What one item adds to the figures that are sums.
#[derive(Default)]
pub(super) struct OfItem {
    /// Its readers differ in nothing.
    pub agreed: bool,
    pub findings: u64,
    pub disputed: u64,
    /// Pairs of readers over findings, by what they call it. Whoever named something is in a pair: there are two readers at least.
    pub cells: BTreeMap<Names, u64>,
}

impl OfItem {
    /// Whether a reader gave a finding this name.
    pub fn says(&self, name: &str) -> bool {
        self.cells.keys().any(|(one, other)| one == name || other.as_deref() == Some(name))
    }
}

impl Answers {
    /// None yet; the classes are those of a protocol.
    pub fn of(protocol: &Protocol) -> Self {
        Self { classes: protocol.classes.iter().map(|class| class.id.clone()).collect(), ..Self::default() }
    }

    /// Looks at marks one by one, too, by the rule of the protocol, and adds the intervals that packages do not have. What a package
    /// states does neither: it is the same bytes for ever.
    #[must_use]
    pub fn with_marks(mut self, protocol: &Protocol) -> Self {
        let stage = protocol.stages.iter().find(|stage| stage.kind == StageKind::Compare);
        let rule = stage.map_or_else(Agreement::default, |stage| stage.agreement.clone());
        self.marks = Some(Looked::by(rule));
        self
    }

    /// Adds what the readers of one comparison answered. What only a rule or a model read is left out; so is, but for its number,
    /// what one of them could not assess: to mark nothing and not to know are different answers.
    pub async fn take(&mut self, conn: &mut Conn, row: &Comparison) -> Result<()> {
        let mut names: MarksOf = Vec::with_capacity(row.reads.0.len());
        let mut readers = Vec::with_capacity(row.reads.0.len());
        for read in &row.reads.0 {
            names.push(marked(conn, *read).await?);
            readers.push(reader(conn, *read).await?);
        }
        if readers.iter().flatten().count() < 2 {
            return Ok(());
        }
        if somebody_could_not(row)? {
            self.not_assessed.push(row.item_id);
            return Ok(());
        }
        let item = self.items.len();
        self.items.push(row.item_id);
        let mut sums = OfItem { agreed: row.agreed, ..OfItem::default() };
        for (user, marks) in readers.iter().zip(&names) {
            let Some(user) = user else { continue };
            let next = self.readers.len();
            let place = *self.places.entry(*user).or_insert(next);
            if place == next {
                self.readers.push(*user);
            }
            let classes: BTreeSet<String> = marks.values().map(|mark| mark.class.clone()).collect();
            self.classes.extend(classes.iter().cloned());
            self.given.push(Answer { item, reader: place, classes });
        }
        let findings = marks_of_findings(row)?;
        if let Some(looked) = &mut self.marks {
            let shown = items::by_id(conn, row.item_id).await?.ok_or(PipelineError::NotFound)?;
            let spacings: Spacings = shown.streams.0.iter().map(Stream::spacing_mm).collect();
            let people: Vec<usize> = readers
                .iter()
                .enumerate()
                .filter(|(_, user)| user.is_some())
                .map(|(place, _)| place)
                .collect();
            let numbers = &mut self.numbers;
            let number = |class: &str| {
                let next = u16::try_from(numbers.len()).unwrap_or(u16::MAX);
                *numbers.entry(class.to_owned()).or_insert(next)
            };
            let seen = marks::of_item(&findings, &names, &people, (looked, &spacings), number);
            looked.add(seen, &names, &people);
        }
        for finding in findings {
            sums.findings += 1;
            sums.disputed += u64::from(finding.disputed);
            let names: Vec<Option<&String>> = (0..names.len())
                .map(|place| {
                    let mark = finding.marks.iter().find(|(reader, _)| *reader == place);
                    mark.and_then(|(_, id)| names[place].get(id)).map(|mark| &mark.class)
                })
                .collect();
            confuse(&mut sums.cells, &names);
        }
        self.sums.push(sums);
        Ok(())
    }

    /// Works the figures out.
    ///
    /// # Errors
    /// When the answers make no table, which they do by how they are gathered.
    pub fn report(self, population: &str) -> Result<AgreementReport> {
        let items = self.items.len() as u64;
        let sets: BTreeSet<&BTreeSet<String>> = self.given.iter().map(|answer| &answer.classes).collect();
        let sets: BTreeMap<_, _> = sets.into_iter().enumerate().map(|(place, set)| (set, place)).collect();
        let whole = figures::table(&self, sets.len(), |answer| sets[&answer.classes])?;
        let mut classes = Vec::with_capacity(self.classes.len());
        for class in &self.classes {
            let of = |answer: &Answer| usize::from(answer.classes.contains(class));
            let marked: BTreeSet<usize> =
                self.given.iter().filter(|answer| of(answer) == 1).map(|answer| answer.item).collect();
            let Some(table) = figures::table(&self, 2, of)? else { continue };
            let mut own = figures::of(&table);
            let intervals =
                if self.marks.is_some() { figures::resampled(&table, &mut own) } else { Vec::new() };
            classes.push(ClassAgreement {
                class: class.clone(),
                marked: marked.len() as u64,
                positive: figures::specific(&table, 1),
                positive_interval: intervals.get(1).copied().flatten(),
                negative: figures::specific(&table, 0),
                negative_interval: intervals.first().copied().flatten(),
                figures: own,
            });
        }
        let classes_met = u16::try_from(self.numbers.len()).unwrap_or(u16::MAX);
        let marks = self.marks.as_ref().and_then(|looked| marks::report(looked, classes_met));
        let answers = whole.as_ref().map(|table| {
            let mut own = figures::of(table);
            if self.marks.is_some() {
                figures::resampled(table, &mut own);
            }
            own
        });
        let sum = |of: fn(&OfItem) -> u64| self.sums.iter().map(of).sum();
        let agreed_items = sum(|item| u64::from(item.agreed));
        Ok(AgreementReport {
            marks,
            population: population.to_owned(),
            confidence: CONFIDENCE,
            resamples: figures::resamples(self.items.len()) as u64,
            seed: SEED,
            cut: false,
            items,
            agreed_items,
            not_assessed: self.not_assessed.len() as u64,
            agreed: share_of(items, agreed_items)?,
            answers,
            classes,
            pairs: whole.as_ref().map(|table| pairs(table, &self)).unwrap_or_default(),
            findings: sum(|item| item.findings),
            disputed_findings: sum(|item| item.disputed),
            confusion: confusion(&self.items, &self.sums)?,
        })
    }
}

/// Counts each pair of readers of a finding once; the names of a pair in their order, "nothing" last.
fn confuse(cells: &mut BTreeMap<Names, u64>, names: &[Option<&String>]) {
    for (place, one) in names.iter().enumerate() {
        for other in &names[..place] {
            let pair = match (one, other) {
                (None, None) => continue,
                (Some(name), None) | (None, Some(name)) => ((*name).clone(), None),
                (Some(a), Some(b)) => ((*a.min(b)).clone(), Some((*a.max(b)).clone())),
            };
            *cells.entry(pair).or_default() += 1;
        }
    }
}

/// The pairs of names with how common they are among the items where either was given.
fn confusion(items: &[ItemId], sums: &[OfItem]) -> Result<Vec<ConfusionCell>> {
    let mut pairs: BTreeMap<&Names, (u64, Vec<ItemId>)> = BTreeMap::new();
    for (item, of) in items.iter().zip(sums) {
        for (names, times) in &of.cells {
            let (sum, holding) = pairs.entry(names).or_default();
            *sum += times;
            holding.push(*item);
        }
    }
    pairs
        .into_iter()
        .map(|((one, other), (pairs, holding))| {
            let either = |of: &&OfItem| of.says(one) || other.as_deref().is_some_and(|other| of.says(other));
            let (items, of_items) = (holding.len() as u64, sums.iter().filter(either).count() as u64);
            let common = ConfusionShare { items, of_items, share: share_of(of_items, items)? };
            let examples = holding.into_iter().take(EXAMPLES_MAX).collect();
            Ok(ConfusionCell {
                one: one.clone(),
                other: other.clone(),
                pairs,
                examples,
                common: Some(common),
            })
        })
        .collect()
}

/// The marks of a read.
pub(crate) async fn marked(conn: &mut Conn, read: ReadId) -> Result<BTreeMap<AnnotationId, Annotation>> {
    let rows = reads::annotations(conn, read).await?;
    let of = |body: &str| serde_json::from_str::<Annotation>(body).map_err(internal);
    rows.iter()
        .filter_map(|row| row.body.as_deref().map(|body| (row.annotation_id, body)))
        .map(|(id, body)| Ok((id, of(body)?)))
        .filter(|found| !matches!(found, Ok((_, mark)) if mark.class == CANNOT_ASSESS))
        .collect()
}

/// Who read; `None` where it was no person.
pub(crate) async fn reader(conn: &mut Conn, id: ReadId) -> Result<Option<UserId>> {
    let read = reads::by_id(conn, id).await?.ok_or(PipelineError::NotFound)?;
    Ok(match author(&read)? {
        Author::Human { user } => Some(user),
        _ => None,
    })
}
