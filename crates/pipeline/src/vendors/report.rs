//! What the work of each organization is worth: shares with their intervals, and what it takes to tell two of them apart.

use std::collections::HashMap;

use countersign_model::{Instant, ItemId, OrganizationId, ProjectId};
use countersign_quality::{
    study::{difference, items_to_tell},
    tiers::quantile,
};
use countersign_store::{Conn, organizations, vendors};
use serde::Serialize;

use super::count::{Counted, MICROS_PER_SECOND, VendorFigure};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    behind::Row,
    organizations::OrganizationView,
    people::Caller,
    tiers::{CONFIDENCE, ShareView, share_of},
};

/// Most items with critical errors that a row names: the last ones.
const NAMED_MAX: usize = 50;
/// Chance of telling two organizations apart that the number of items is worked out for, unless said otherwise.
const POWER: f64 = 0.8;
/// Shares of critical errors that the number of items is worked out for, unless said otherwise.
const RATES: (f64, f64) = (0.02, 0.05);
const SECONDS_PER_HOUR: f64 = 3_600.0;

/// What is asked of a report.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// Classes on which an error is critical; none for those that the protocol calls critical, or all of them where it calls none so.
    pub critical: Vec<String>,
    /// Shares of critical errors that are to be told apart: of one organization, and of another.
    pub rates: (Option<f64>, Option<f64>),
    /// With which chance.
    pub power: Option<f64>,
}

/// How long it takes from the offer of a task to the read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VendorTimes {
    /// Reads.
    pub reads: u64,
    /// Half of them take at most so long, seconds; with the 95 % interval of the quantile.
    pub p50: Option<ShareView>,
    /// Nine of ten take at most so long, seconds; with the 95 % interval of the quantile.
    pub p90: Option<ShareView>,
}

/// What is counted, of how many, as a share with its 95 % interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CountView {
    /// Counted.
    pub count: u64,
    /// Of these.
    pub of: u64,
    /// As a share; absent of nothing.
    pub share: Option<ShareView>,
}

impl CountView {
    fn new(count: u64, of: u64) -> Result<Self> {
        Ok(Self { count, of, share: share_of(of, count)? })
    }
}

/// How an organization follows the guideline in force.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuidelineLag {
    /// People who work in the project.
    pub people: u64,
    /// Of these, people who have not acknowledged it.
    pub behind: u64,
    /// Half of those who have took at most so long, hours.
    pub p50_hours: Option<f64>,
    /// Those people.
    pub readers: Vec<GuidelineReader>,
}

/// Somebody who works under the guideline in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuidelineReader {
    /// Their name.
    pub printed_name: String,
    /// When they acknowledged it; absent of who has not.
    pub at: Option<Instant>,
    /// How long after it was published that was, hours.
    pub hours: Option<f64>,
}

/// An item in which a critical error was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CriticalItem {
    /// Item.
    pub item: ItemId,
    /// The classes.
    pub classes: Vec<String>,
}

/// One organization.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VendorView {
    /// The organization.
    pub organization: OrganizationView,
    /// Items that it read.
    pub items: u64,
    /// Items with a critical error in its first read, of those that were accepted and could be compared.
    pub critical: CountView,
    /// Items whose first judgement found nothing, of those that were judged.
    pub first_pass: CountView,
    /// Marks of what was accepted that its first reads lack, of all of them; 0.03 are 3 of 100 objects.
    pub missed: CountView,
    /// Items that were sent back at least once, of those that it read.
    pub rework: CountView,
    /// Reads of hidden gold with an error in a class that the protocol calls critical, of those that were judged; with any error where
    /// no class is critical.
    pub gold: CountView,
    /// Reviews of its reads that were overturned, of the appeals that were decided.
    pub overturned: CountView,
    /// From the offer to the read.
    pub turnaround: VendorTimes,
    /// The guideline in force.
    pub guideline: GuidelineLag,
    /// The last items with a critical error; not those that the caller audits blind.
    pub critical_items: Vec<CriticalItem>,
}

/// Two organizations beside each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComparedView {
    /// The first.
    pub first: OrganizationId,
    /// The second.
    pub second: OrganizationId,
    /// Items that both read and that could be compared.
    pub shared: u64,
    /// Share of critical errors of the first less that of the second, with its 95 % interval (Newcombe).
    pub difference: Option<ShareView>,
    /// The interval does not hold 0: they can be told apart.
    pub apart: bool,
    /// Items of each that would tell the shares apart that were seen; absent where they are alike.
    pub items_needed: Option<u64>,
}

/// What the work of the organizations of a project is worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VendorReport {
    /// Classes on which an error is critical; none where it is on all of them.
    pub critical: Vec<String>,
    /// The organizations that read something, by name.
    pub organizations: Vec<VendorView>,
    /// Each two of them.
    pub compared: Vec<ComparedView>,
    /// The shares that are to be told apart, and with which chance.
    pub rates: [f64; 2],
    /// That chance.
    pub power: f64,
    /// Items of each that it takes.
    pub items_to_tell: Option<u64>,
    /// There is more than one report counts: these are the first rows.
    pub cut: bool,
}

/// An organization's figures.
fn view(of: &Counted, organization: OrganizationView, named: Vec<CriticalItem>) -> Result<VendorView> {
    let items = of.items.len() as u64;
    let counted = |figure| {
        let rows = of.rows(figure);
        let sum = |part: fn(&Row) -> u64| rows.iter().map(|(_, row)| part(row)).sum();
        CountView::new(sum(|row| row.count), sum(|row| row.of))
    };
    let mut times: Vec<i64> = of.times.iter().map(|(_, micros)| *micros).collect();
    Ok(VendorView {
        organization,
        items,
        critical: counted(VendorFigure::Critical)?,
        first_pass: counted(VendorFigure::FirstPass)?,
        missed: counted(VendorFigure::Missed)?,
        rework: counted(VendorFigure::Rework)?,
        gold: counted(VendorFigure::Gold)?,
        overturned: counted(VendorFigure::Overturned)?,
        turnaround: VendorTimes {
            reads: times.len() as u64,
            p50: time(&mut times, 0.5)?,
            p90: time(&mut times, 0.9)?,
        },
        guideline: guideline(&of.people),
        critical_items: named,
    })
}

fn guideline(people: &[vendors::Lag]) -> GuidelineLag {
    let micros = |one: &vendors::Lag| one.at.map(|at| (at.0 - one.published_at.0).max(0));
    let hours = |micros: i64| micros as f64 / MICROS_PER_SECOND / SECONDS_PER_HOUR;
    let mut times: Vec<i64> = people.iter().filter_map(micros).collect();
    let reader = |one: &vendors::Lag| GuidelineReader {
        printed_name: one.printed_name.clone(),
        at: one.at,
        hours: micros(one).map(hours),
    };
    GuidelineLag {
        people: people.len() as u64,
        behind: (people.len() - times.len()) as u64,
        p50_hours: quantile(&mut times, 0.5).map(hours),
        readers: people.iter().map(reader).collect(),
    }
}

/// A quantile of times, seconds. How many of them lie below the true one follows the binomial distribution: the ends are the order
/// statistics at the ends of the interval of that share.
fn time(micros: &mut [i64], share: f64) -> Result<Option<ShareView>> {
    let Some(value) = quantile(micros, share) else { return Ok(None) };
    let of = micros.len() as u64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=of")]
    let below = (share * of as f64).round() as u64;
    let ends = share_of(of, below.min(of))?.map_or((0.0, 1.0), |share| (share.low, share.high));
    let seconds = |micros: Option<i64>| micros.unwrap_or(value) as f64 / MICROS_PER_SECOND;
    let (low, high) = (quantile(micros, ends.0), quantile(micros, ends.1));
    Ok(Some(ShareView { value: seconds(Some(value)), low: seconds(low), high: seconds(high) }))
}

impl Pipeline {
    /// What the work of each organization is worth in a project.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_question`.
    pub async fn vendors(
        &self,
        caller: &Caller,
        project: ProjectId,
        question: Question,
    ) -> Result<VendorReport> {
        self.require_on(caller, Action::ViewTiers, project)?;
        let rates = (question.rates.0.unwrap_or(RATES.0), question.rates.1.unwrap_or(RATES.1));
        let power = question.power.unwrap_or(POWER);
        let planned = items_to_tell(rates.0, rates.1, CONFIDENCE, power)
            .map_err(|error| PipelineError::bad("bad_question", "rates", error.to_string()))?;
        let mut conn = self.store.read().await?;
        let critical = self.critical_classes(&mut conn, project, question.critical).await?;
        let (counted, cut) = self.counted(&mut conn, project, &critical).await?;
        let now = self.store.clock().now();
        let rows = organizations::list(&mut conn).await?;
        let mut views = Vec::new();
        for row in rows {
            let Some(of) = counted.get(&row.id).filter(|of| !of.items.is_empty()) else { continue };
            let named = self.last_critical(&mut conn, caller, of).await?;
            views.push(view(of, OrganizationView::of(row, now), named)?);
        }
        let mut compared = Vec::new();
        for (place, first) in views.iter().enumerate() {
            for second in &views[place + 1..] {
                compared.push(compare(first, second, &counted, power));
            }
        }
        drop(conn);
        let named = views.iter().flat_map(|view| view.critical_items.iter().map(|one| one.item));
        self.told_of_labels(caller, project, named.collect()).await?;
        Ok(VendorReport {
            critical: critical.into_iter().collect(),
            organizations: views,
            compared,
            rates: [rates.0, rates.1],
            power,
            items_to_tell: planned,
            cut,
        })
    }

    /// The last items with a critical error, but those that the caller audits blind.
    async fn last_critical(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        of: &Counted,
    ) -> Result<Vec<CriticalItem>> {
        let mut named = Vec::new();
        for (item, held) in of.compared.iter().rev().filter(|(_, held)| !held.critical.is_empty()) {
            if named.len() >= NAMED_MAX {
                break;
            }
            // What was wrong in an item that they audit is what they are to find by themselves.
            if !self.audits_blind(conn, caller, *item).await? {
                named.push(CriticalItem { item: *item, classes: held.critical.clone() });
            }
        }
        Ok(named)
    }
}

fn compare(
    first: &VendorView,
    second: &VendorView,
    counted: &HashMap<OrganizationId, Counted>,
    power: f64,
) -> ComparedView {
    let (a, b) = (first.organization.id, second.organization.id);
    let pair = |view: &VendorView| (view.critical.count, view.critical.of);
    let found = difference(pair(first), pair(second), CONFIDENCE);
    let found = found.map(|found| ShareView {
        value: found.first - found.second,
        low: found.difference.low,
        high: found.difference.high,
    });
    let of = |id| counted.get(&id).map(|of| &of.compared);
    let shared = of(a).zip(of(b)).map_or(0, |(a, b)| a.keys().filter(|item| b.contains_key(item)).count());
    let share = |view: &VendorView| view.critical.share.map(|share| share.value);
    let needed = share(first).zip(share(second));
    ComparedView {
        first: a,
        second: b,
        shared: shared as u64,
        apart: found.is_some_and(|found| found.low > 0.0 || found.high < 0.0),
        difference: found,
        // A share of nothing or all says of no number of items that it would be enough.
        items_needed: needed.and_then(|(a, b)| items_to_tell(a, b, CONFIDENCE, power).ok().flatten()),
    }
}
