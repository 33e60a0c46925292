//! The items behind a figure of agreement: the same answers, item by item instead of summed up.

use std::collections::BTreeMap;

use countersign_model::{ItemId, ProjectId, UserId};
use serde::Deserialize;

use super::answers::{Answers, OfItem};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    behind::{BehindQuery, BehindView, Kept, Row},
    people::Caller,
};

/// A figure of the report on agreement, and what its numbers count in one item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AgreementFigure {
    /// Items without a difference, of those that were compared.
    #[default]
    Agreed,
    /// Items that a reader could not assess.
    NotAssessed,
    /// Findings in dispute, of all findings.
    Findings,
    /// Pairs of readers who gave the same set of classes, of pairs of readers.
    Answers,
    /// Readers who marked `class`, of readers: where these are neither none nor all, they differ.
    Class,
    /// Items to which `first` and `second` gave the same set of classes, of those that both read.
    Pair,
    /// Pairs of readers over findings who both marked one under one class, of these and the marks of one alone.
    Marks,
    /// Pairs of readers over findings of whom one says `one` and the other `other` (or nothing), of pairs in which either name was
    /// given.
    Cell,
}

/// Which figure of the report.
#[derive(Clone, Debug, Default)]
pub struct Behind {
    /// The figure.
    pub figure: AgreementFigure,
    /// The class of [`AgreementFigure::Class`].
    pub class: Option<String>,
    /// The readers of [`AgreementFigure::Pair`].
    pub pair: Option<(UserId, UserId)>,
    /// The names of [`AgreementFigure::Cell`].
    pub names: Option<(String, Option<String>)>,
}

impl Pipeline {
    /// The items behind a figure of the report on agreement, in its order; of the same items, and kept from the same people.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_question` where a class, a pair or a name is wanting.
    pub async fn agreement_items(
        &self,
        caller: &Caller,
        project: ProjectId,
        asked: Behind,
        query: BehindQuery,
    ) -> Result<BehindView> {
        self.require_on(caller, Action::ViewTiers, project)?;
        let mut conn = self.store.read().await?;
        let protocol = self.protocol(&mut conn, project).await?;
        let mut answers = Answers::of(&protocol);
        if asked.figure == AgreementFigure::Marks {
            answers = answers.with_marks(&protocol);
        }
        let (answers, _) = self.answers(&mut conn, caller, project, answers).await?;
        let rows = rows(&answers, asked)?;
        // The figure has no items that are kept from the caller: nor has the list.
        self.behind(conn, caller, project, (rows, Kept::Reads), query).await
    }
}

/// What each item adds to a figure.
fn rows(answers: &Answers, asked: Behind) -> Result<Vec<(ItemId, Row)>> {
    let wanting = |place: &'static str| PipelineError::bad("bad_question", place, "is wanting");
    let of_sums = |row: &dyn Fn(&OfItem) -> Row| -> Vec<(ItemId, Row)> {
        answers.items.iter().zip(&answers.sums).map(|(item, of)| (*item, row(of))).collect()
    };
    Ok(match asked.figure {
        AgreementFigure::Agreed => of_sums(&|of| Row::one(of.agreed)),
        AgreementFigure::NotAssessed => {
            answers.not_assessed.iter().map(|item| (*item, Row::one(true))).collect()
        }
        AgreementFigure::Findings => with_some(of_sums(&|of| Row::some(of.disputed, of.findings))),
        AgreementFigure::Answers => same_answers(answers),
        AgreementFigure::Class => {
            let class = asked.class.ok_or_else(|| wanting("class"))?;
            readers_of(answers, &class)
        }
        AgreementFigure::Pair => both_of(answers, asked.pair.ok_or_else(|| wanting("first"))?),
        AgreementFigure::Marks => {
            let seen = answers.marks.iter().flat_map(|looked| &looked.items);
            let row = |seen: &Vec<super::marks::Seen>| {
                let (both, alone) = super::marks::pairs(seen);
                Row::some(both, both + alone)
            };
            with_some(answers.items.iter().copied().zip(seen.map(row)).collect())
        }
        AgreementFigure::Cell => {
            let (one, other) = asked.names.ok_or_else(|| wanting("one"))?;
            let says = |name: &str| one == name || other.as_deref() == Some(name);
            let either = |of: &OfItem| {
                let given = |(a, b): &&(String, Option<String>)| says(a) || b.as_deref().is_some_and(says);
                of.cells.iter().filter(|(names, _)| given(names)).map(|(_, times)| *times).sum()
            };
            let mut names = (one.clone(), other.clone());
            if let Some(second) = names.1.as_mut().filter(|second| **second < names.0) {
                std::mem::swap(&mut names.0, second);
            }
            let row = |of: &OfItem| Row::some(of.cells.get(&names).copied().unwrap_or(0), either(of));
            with_some(of_sums(&row))
        }
    })
}

/// Rows of items that add something to the denominator.
fn with_some(rows: Vec<(ItemId, Row)>) -> Vec<(ItemId, Row)> {
    rows.into_iter().filter(|(_, row)| row.of > 0).collect()
}

/// Answers of each item, by its place.
fn by_item(answers: &Answers) -> BTreeMap<usize, Vec<&super::answers::Answer>> {
    let mut items: BTreeMap<usize, Vec<_>> = BTreeMap::new();
    for answer in &answers.given {
        items.entry(answer.item).or_default().push(answer);
    }
    items
}

fn same_answers(answers: &Answers) -> Vec<(ItemId, Row)> {
    let row = |given: &[&super::answers::Answer]| {
        let pairs =
            || given.iter().enumerate().flat_map(|(place, a)| given[..place].iter().map(move |b| (a, b)));
        let same = pairs().filter(|(a, b)| a.classes == b.classes).count();
        Row::some(same as u64, pairs().count() as u64)
    };
    by_item(answers).into_iter().map(|(item, given)| (answers.items[item], row(&given))).collect()
}

fn readers_of(answers: &Answers, class: &str) -> Vec<(ItemId, Row)> {
    let row = |given: &[&super::answers::Answer]| {
        let marked = given.iter().filter(|answer| answer.classes.contains(class)).count();
        Row::some(marked as u64, given.len() as u64)
    };
    by_item(answers).into_iter().map(|(item, given)| (answers.items[item], row(&given))).collect()
}

fn both_of(answers: &Answers, (first, second): (UserId, UserId)) -> Vec<(ItemId, Row)> {
    let classes = |given: &[&super::answers::Answer], user: UserId| {
        let found = given.iter().find(|answer| answers.readers.get(answer.reader) == Some(&user));
        found.map(|answer| answer.classes.clone())
    };
    by_item(answers)
        .into_iter()
        .filter_map(|(item, given)| {
            let (one, other) = classes(&given, first).zip(classes(&given, second))?;
            let row = Row { classes: one.union(&other).cloned().collect(), ..Row::one(one == other) };
            Some((answers.items[item], row))
        })
        .collect()
}
