//! What the work of each organization comes to, item by item: the figures of the report are sums of these rows, and the lists behind
//! them are the rows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use countersign_model::{ItemId, OrganizationId, ProjectId};
use countersign_store::{Conn, gold, vendors};
use serde::Deserialize;

use super::score::Classes;
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    behind::{BehindQuery, BehindView, Kept, Row},
    people::Caller,
};

/// Most rows of each kind that one report counts.
const ROWS_MAX: u32 = 1_000_000;
pub(super) const MICROS_PER_SECOND: f64 = 1e6;

/// A figure of the report on an organization.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VendorFigure {
    /// Items that it read.
    #[default]
    Items,
    /// Items with a critical error in its first read, of those that could be compared.
    Critical,
    /// Items whose first judgement found nothing, of those that were judged.
    FirstPass,
    /// Marks of what was accepted that its first reads lack, of all of them.
    Missed,
    /// Items that were sent back at least once, of those that it read.
    Rework,
    /// Reads of hidden gold with a critical error, of those that were judged.
    Gold,
    /// Appeals after which a review was overturned, of those that were decided.
    Overturned,
    /// Reads, with the time from the offer.
    Turnaround,
}

/// What accepted labels say of a first read.
#[derive(Default)]
pub(super) struct Held {
    /// Classes on which an error is critical, where there is one.
    pub critical: Vec<String>,
    truth: u32,
    missed: u32,
}

/// One organization, as it is counted.
#[derive(Default)]
pub(super) struct Counted {
    pub items: BTreeSet<ItemId>,
    /// Microseconds from the offer to the read.
    pub times: Vec<(ItemId, i64)>,
    pub compared: BTreeMap<ItemId, Held>,
    /// Whether the first judgement found nothing.
    judged: BTreeMap<ItemId, bool>,
    sent_back: BTreeSet<ItemId>,
    /// Copies, and whether there is a critical error.
    gold: Vec<(ItemId, bool)>,
    /// Appeals, and whether the review was overturned.
    appeals: Vec<(ItemId, bool)>,
    pub people: Vec<vendors::Lag>,
}

impl Counted {
    /// What each item adds to a figure, the newest items first.
    pub fn rows(&self, figure: VendorFigure) -> Vec<(ItemId, Row)> {
        let flags = |list: &[(ItemId, bool)]| list.iter().map(|(item, is)| (*item, Row::one(*is))).collect();
        let mut rows: Vec<(ItemId, Row)> = match figure {
            VendorFigure::Items => self.items.iter().map(|item| (*item, Row::one(true))).collect(),
            VendorFigure::Critical => self.compared.iter().map(|(item, held)| (*item, held.row())).collect(),
            VendorFigure::FirstPass => self.judged.iter().map(|(item, is)| (*item, Row::one(*is))).collect(),
            VendorFigure::Missed => {
                let row = |held: &Held| Row::some(u64::from(held.missed), u64::from(held.truth));
                self.compared.iter().map(|(item, held)| (*item, row(held))).collect()
            }
            VendorFigure::Rework => {
                self.items.iter().map(|item| (*item, Row::one(self.sent_back.contains(item)))).collect()
            }
            VendorFigure::Gold => flags(&self.gold),
            VendorFigure::Overturned => flags(&self.appeals),
            VendorFigure::Turnaround => {
                let row =
                    |micros: i64| Row { seconds: Some(micros as f64 / MICROS_PER_SECOND), ..Row::one(true) };
                self.times.iter().map(|(item, micros)| (*item, row(*micros))).collect()
            }
        };
        rows.reverse();
        rows
    }
}

impl Held {
    fn row(&self) -> Row {
        Row { classes: self.critical.clone(), ..Row::one(!self.critical.is_empty()) }
    }
}

impl Pipeline {
    /// The items behind a figure of the report on an organization; `critical` as in [`super::Question`].
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right, and without that of seeing gold where it is asked for.
    pub async fn vendor_items(
        &self,
        caller: &Caller,
        (project, organization): (ProjectId, OrganizationId),
        (figure, critical): (VendorFigure, Vec<String>),
        query: BehindQuery,
    ) -> Result<BehindView> {
        self.require_on(caller, Action::ViewTiers, project)?;
        if figure == VendorFigure::Gold {
            self.require_on(caller, Action::ViewGold, project)?;
        }
        let mut conn = self.store.read().await?;
        let critical = self.critical_classes(&mut conn, project, critical).await?;
        let (counted, _) = self.counted(&mut conn, project, &critical).await?;
        let rows = counted.get(&organization).map(|of| of.rows(figure)).unwrap_or_default();
        // That an item was read, and how fast, says nothing of what is in it; nor does a copy, which nobody decides about.
        let kept = match figure {
            VendorFigure::Items | VendorFigure::Turnaround | VendorFigure::Gold => Kept::Item,
            _ => Kept::Reads,
        };
        self.behind(conn, caller, project, (rows, kept), query).await
    }

    /// The classes on which an error is critical: those that were named, or those of the protocol; none for all of them.
    pub(super) async fn critical_classes(
        &self,
        conn: &mut Conn,
        project: ProjectId,
        named: Vec<String>,
    ) -> Result<BTreeSet<String>> {
        if !named.is_empty() {
            return Ok(named.into_iter().collect());
        }
        Ok(self.protocol(conn, project).await?.critical().into_iter().collect())
    }

    /// The organizations of a project as they are counted, and whether there is more than one report counts.
    pub(super) async fn counted(
        &self,
        conn: &mut Conn,
        project: ProjectId,
        critical: &BTreeSet<String>,
    ) -> Result<(HashMap<OrganizationId, Counted>, bool)> {
        let mut all: HashMap<OrganizationId, Counted> = HashMap::new();
        let turns = vendors::first_turns(conn, project, ROWS_MAX).await?;
        let judgements = vendors::judgements(conn, project, ROWS_MAX).await?;
        let scores = vendors::scores(conn, project, ROWS_MAX).await?;
        let golden = gold::of_organizations(conn, project, ROWS_MAX).await?;
        let appeals = vendors::appeals(conn, project, ROWS_MAX).await?;
        let rows = [turns.len(), judgements.len(), scores.len(), golden.len(), appeals.len()];
        let cut = rows.iter().any(|rows| *rows >= ROWS_MAX as usize);
        for turn in turns {
            let of = all.entry(turn.organization).or_default();
            of.items.insert(turn.item);
            of.times.push((turn.item, (turn.done_at.0 - turn.opened_at.0).max(0)));
        }
        let mut first: HashSet<(OrganizationId, ItemId)> = HashSet::new();
        for one in judgements {
            let of = all.entry(one.organization).or_default();
            if one.round == 1 && first.insert((one.organization, one.item)) {
                of.judged.insert(one.item, !one.found);
            }
            if !one.passed {
                of.sent_back.insert(one.item);
            }
        }
        for score in scores {
            let of = all.entry(score.organization_id).or_default();
            take_score(of, &score, critical)?;
        }
        for read in golden {
            let is_wrong = if critical.is_empty() { read.wrong } else { read.critical };
            all.entry(read.organization).or_default().gold.push((read.item, is_wrong));
        }
        for appeal in appeals {
            all.entry(appeal.organization).or_default().appeals.push((appeal.item, appeal.overturned));
        }
        for lag in vendors::lags(conn, project).await? {
            all.entry(lag.organization).or_default().people.push(lag);
        }
        Ok((all, cut))
    }
}

/// Takes what an accepted item says of a read; nothing where there was nothing to compare.
fn take_score(of: &mut Counted, score: &vendors::Score, critical: &BTreeSet<String>) -> Result<()> {
    let classes: Classes = serde_json::from_str(&score.classes)
        .map_err(|error| PipelineError::Internal(format!("vendor_scores.classes: {error}")))?;
    let Some(classes) = classes else { return Ok(()) };
    let hit: Vec<String> =
        classes.into_keys().filter(|class| critical.is_empty() || critical.contains(class)).collect();
    of.items.insert(score.item_id);
    let held = Held { critical: hit, truth: score.truth, missed: score.missed };
    of.compared.insert(score.item_id, held);
    Ok(())
}
