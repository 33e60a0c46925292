//! The items behind a figure: every number about quality leads to what it counts, with the number of what the caller is not shown.
//!
//! A list is as blind as the pages that its items lead to. What is kept from the caller is counted and neither named nor given a
//! place: where it lies among the others would tell which item it is.

use countersign_model::{Instant, ItemId, ProjectId};
use countersign_store::{Conn, Reader, items};
use serde::{Deserialize, Serialize};

use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller, views::page_length};

/// Most rows behind one figure that are looked through: the first ones in the order of the list.
pub const BEHIND_MAX: usize = 5_000;

/// Which rows behind a figure are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Those that add to the number.
    #[default]
    Counted,
    /// Those that add to its denominator alone, or more to it.
    Rest,
    /// Those that add to the number, and more to its denominator: on which answers are divided.
    Split,
    /// All of them.
    All,
}

/// Which rows behind a figure are asked for, and from where on.
#[derive(Clone, Copy, Debug, Default)]
pub struct BehindQuery {
    /// Which rows.
    pub part: Part,
    /// Rows to pass over: `next` of the page before.
    pub from: u64,
    /// Page length.
    pub limit: Option<u32>,
}

/// An item behind a figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BehindItem {
    /// Item.
    pub item: ItemId,
    /// Its name.
    pub name: String,
    /// Its phase.
    pub phase: String,
    /// What it adds to the number.
    pub count: u64,
    /// What it adds to the denominator.
    pub of: u64,
    /// Classes that it is about, where the figure is about some.
    pub classes: Vec<String>,
    /// How long it took, seconds, where the figure is a time.
    pub seconds: Option<f64>,
    /// When, where the figure is about moments.
    pub at: Option<Instant>,
}

/// The items behind a figure, a page of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BehindView {
    /// The number, as the figure says it: the sum over all rows behind it, whatever part is asked for.
    pub count: u64,
    /// Its denominator, likewise.
    pub of: u64,
    /// Rows of the part that was asked for.
    pub rows: u64,
    /// Of these, rows whose items are kept from the caller.
    pub not_named: u64,
    /// Of these, rows that were not looked through: there are more than a list takes.
    pub beyond: u64,
    /// The page.
    pub items: Vec<BehindItem>,
    /// From where the next page goes on; absent at the end.
    pub next: Option<u64>,
}

/// What one item adds to a figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    pub count: u64,
    pub of: u64,
    pub classes: Vec<String>,
    pub seconds: Option<f64>,
    pub at: Option<Instant>,
}

impl Row {
    /// An item that counts or does not.
    pub fn one(counts: bool) -> Self {
        Self { count: u64::from(counts), of: 1, ..Self::default() }
    }

    /// So many of so many in one item.
    pub fn some(count: u64, of: u64) -> Self {
        Self { count, of, ..Self::default() }
    }

    fn is_of(&self, part: Part) -> bool {
        match part {
            Part::Counted => self.count > 0,
            Part::Rest => self.count < self.of,
            Part::Split => self.count > 0 && self.count < self.of,
            Part::All => true,
        }
    }
}

/// From whom the items behind a figure are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// From those who may not open the item, or judge it blind.
    Item,
    /// From those, too, who may not learn who worked on it.
    Names,
    /// From those, too, who are still to read it or to decide about it.
    Reads,
}

impl Pipeline {
    /// The part of the rows that was asked for, with the names of what the caller may know. What is said of labels is kept as
    /// told to them.
    pub(crate) async fn behind(
        &self,
        mut conn: Reader,
        caller: &Caller,
        project: ProjectId,
        (rows, kept): (Vec<(ItemId, Row)>, Kept),
        query: BehindQuery,
    ) -> Result<BehindView> {
        let sum = |of: fn(&Row) -> u64| rows.iter().map(|(_, row)| of(row)).sum();
        let (count, of) = (sum(|row| row.count), sum(|row| row.of));
        let mut asked: Vec<(ItemId, Row)> =
            rows.into_iter().filter(|(_, row)| row.is_of(query.part)).collect();
        let all = asked.len();
        asked.truncate(BEHIND_MAX);
        let looked = asked.len();
        let mut named = Vec::with_capacity(looked);
        for (item, row) in asked {
            if self.names_item(&mut conn, caller, item, kept).await? {
                named.push((item, row));
            }
        }
        let not_named = (looked - named.len()) as u64;
        let (from, limit) = (usize::try_from(query.from).unwrap_or(usize::MAX), page_length(query.limit));
        let page: Vec<_> = named.iter().skip(from).take(limit as usize).cloned().collect();
        let end = from.saturating_add(page.len());
        let mut shown = Vec::with_capacity(page.len());
        for (id, row) in page {
            let item = items::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            shown.push(BehindItem {
                item: id,
                name: item.name,
                phase: item.state,
                count: row.count,
                of: row.of,
                classes: row.classes,
                seconds: row.seconds,
                at: row.at,
            });
        }
        drop(conn);
        // That an item was read, or how fast, says nothing of its labels; what was wrong with them does.
        let telling = shown.iter().filter(|one| kept != Kept::Item || !one.classes.is_empty());
        let told = telling.map(|one| one.item).collect();
        self.told_of_labels(caller, project, told).await?;
        Ok(BehindView {
            count,
            of,
            rows: all as u64,
            not_named,
            beyond: (all - looked) as u64,
            items: shown,
            next: (end < named.len()).then_some(end as u64),
        })
    }

    async fn names_item(&self, conn: &mut Conn, caller: &Caller, item: ItemId, kept: Kept) -> Result<bool> {
        if kept == Kept::Reads {
            return self.comparisons_shown(conn, caller, item).await;
        }
        match self.visible_item(conn, caller, item, Action::ViewItem).await {
            Ok(_) => {}
            Err(PipelineError::NotFound) => return Ok(false),
            Err(error) => return Err(error),
        }
        if self.audits_blind(conn, caller, item).await? {
            return Ok(false);
        }
        Ok(kept == Kept::Item || !self.hides_names_on(conn, caller, item).await?)
    }
}
