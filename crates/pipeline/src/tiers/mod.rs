//! What each tier is worth: what it finds and misses, how long it takes, what it costs, and how much nobody saw.
//!
//! Only items whose barrier is passed are counted. What is done again is counted apart from the first pass.

mod count;
mod lost;
mod rates;
mod ruling;
mod table;
mod turn;

use std::collections::{BTreeSet, HashMap};

use countersign_model::{Instant, ProjectId, Role, StageKind, UserId};
use countersign_quality::{capture::chapman, tiers::share};
use countersign_store::{Conn, comparisons::Comparison, turns, users};
use serde::Serialize;

pub(crate) use lost::keep_lost;
pub use rates::{RateDraft, RateView};
pub(crate) use ruling::{JOB_RULING, ask_ruling};
pub(crate) use turn::{Begun, Came};

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    compare::{markers, somebody_could_not},
    people::Caller,
    tiers::count::Counted,
};

/// Most turns, and most comparisons, that one report counts.
const ROWS_MAX: u32 = 1_000_000;
/// Confidence of every interval of the report.
pub const CONFIDENCE: f64 = 0.95;
/// Quantile of the normal distribution for that confidence, two-sided.
const NORMAL: f64 = 1.959_963_984_540_054;

/// A share with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShareView {
    /// Best guess, 0 to 1.
    pub value: f64,
    /// Low end.
    pub low: f64,
    /// High end.
    pub high: f64,
}

impl From<countersign_quality::tiers::Share> for ShareView {
    fn from(share: countersign_quality::tiers::Share) -> Self {
        Self { value: share.value, low: share.interval.low, high: share.interval.high }
    }
}

/// How long something takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimesView {
    /// Turns.
    pub turns: u64,
    /// Half of them take at most so long, seconds.
    pub p50_seconds: Option<f64>,
    /// Nineteen of twenty take at most so long, seconds.
    pub p95_seconds: Option<f64>,
}

/// What a tier, or one person in it, finds and misses in the first pass.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundView {
    /// Items judged.
    pub reviewed: u64,
    /// Of these, with an error; what was overturned on appeal does not count.
    pub found: u64,
    /// That as a share.
    pub share: Option<ShareView>,
    /// Items whose errors were counted: all but those that were judged before errors were.
    pub counted: u64,
    /// Errors in them: marks that were changed, taken out, added or said to be wrong.
    pub errors: u64,
    /// Errors for each item that was counted, with their interval; 0.3 are 30 of 100 reviewed.
    pub errors_per_item: Option<ShareView>,
    /// Items that it passed on.
    pub passed: u64,
    /// Of these, items that the next tier looked at in the same round.
    pub looked: u64,
    /// Of these, items in which it still found an error.
    pub missed: u64,
    /// found / (found + missed), where misses stand for all that was passed on. No tier can know what the next one misses too:
    /// recall is at most this.
    pub recall: Option<ShareView>,
}

/// What one person finds and misses at a stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TierPerson {
    /// Who.
    pub user: UserId,
    /// Their printed name.
    pub printed_name: String,
    /// What.
    #[serde(flatten)]
    pub found: FoundView,
}

/// A stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TierStage {
    /// Its id in the protocol.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it does.
    pub kind: StageKind,
    /// Who does it.
    pub role: Role,
    /// From the moment that a task is offered to its claim.
    pub waiting: TimesView,
    /// From the claim to the decision.
    pub working: TimesView,
    /// Claims that led to no turn.
    pub unfinished: UnfinishedView,
    /// Minutes of work at this stage for each accepted item, everything that was done again, and claims that led to nothing,
    /// included.
    pub minutes_per_accepted: Option<f64>,
    /// Of these, minutes in rounds after the first.
    pub rework_minutes_per_accepted: Option<f64>,
    /// What these minutes cost; absent where nobody said what an hour costs.
    pub cost_per_accepted: Option<f64>,
    /// What is found here; absent where nobody's work is judged.
    pub judged: Option<FoundView>,
    /// The same for each person.
    pub people: Vec<TierPerson>,
}

/// Work that led to nothing: tasks that were claimed, then given back, left to their time, or taken away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnfinishedView {
    /// Claims.
    pub claims: u64,
    /// Minutes from the claims to the last sign of life.
    pub minutes: f64,
}

/// What decisions between reads say of one reader.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TierReader {
    /// Who.
    pub user: UserId,
    /// Their printed name.
    pub printed_name: String,
    /// Reads of theirs that somebody decided about: those that differed from others.
    pub ruled: u64,
    /// Of these, reads that the decision left as they are.
    pub upheld: u64,
    /// That as a share.
    pub share: Option<ShareView>,
    /// Marks in the reads.
    pub marks: u64,
    /// Of these, marks that the decision did not leave.
    pub wrong: u64,
    /// Marks of the decisions that the reads lack.
    pub missed: u64,
    /// Both for each read, with their interval.
    pub errors_per_read: Option<ShareView>,
}

/// What is done again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReworkView {
    /// Items that were sent back at least once.
    pub items: u64,
    /// Judgements of what was done again.
    pub judged: u64,
    /// Of these, with an error.
    pub found: u64,
    /// That as a share.
    pub share: Option<ShareView>,
}

/// What two independent readers tell about what neither saw.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnseenView {
    /// Items read independently.
    pub items: u64,
    /// Findings that the first reader marked.
    pub first: u64,
    /// Findings that the second reader marked.
    pub second: u64,
    /// Findings that both marked.
    pub both: u64,
    /// Findings that at least one of them marked.
    pub seen: u64,
    /// Estimated number of all findings (Chapman).
    pub total: f64,
    /// Estimated number that neither marked. Readers miss the same hard things, so it is a lower bound.
    pub unseen: f64,
    /// 95 % interval of that, low end; absent where one reader saw nothing that the other missed.
    pub low: Option<f64>,
    /// High end.
    pub high: Option<f64>,
}

/// What each tier of a project is worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TierReport {
    /// Items that are counted.
    pub items: u64,
    /// Of these, accepted.
    pub accepted: u64,
    /// Of the accepted items of the project, items that nobody could assess: accepted with that answer, and no negatives.
    pub not_assessed: u64,
    /// The first decision that is counted.
    pub since: Option<Instant>,
    /// There are more turns than one report counts: these are the first.
    pub cut: bool,
    /// Items whose first judgement found nothing, of all that were judged. Nothing that is done again changes it.
    pub first_pass: Option<ShareView>,
    /// Items that were judged for the first time.
    pub first_judged: u64,
    /// What is done again.
    pub rework: ReworkView,
    /// The stages in their order.
    pub stages: Vec<TierStage>,
    /// What decisions between reads say of each reader.
    pub readers: Vec<TierReader>,
    /// What independent readers agree on at once, as a share of the items that they read.
    pub agreed: Option<ShareView>,
    /// What neither of two readers saw.
    pub unseen: Option<UnseenView>,
    /// What an hour of each role costs.
    pub rates: Vec<RateView>,
    /// What an accepted item costs; absent while an hour of a role that works on it has no price.
    pub cost_per_accepted: Option<f64>,
}

impl Pipeline {
    /// What each tier of a project finds, misses, takes and costs.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn tiers(&self, caller: &Caller, project: ProjectId) -> Result<TierReport> {
        self.require_on(caller, Action::ViewTiers, project)?;
        let mut conn = self.store.read().await?;
        let mut rows = turns::of_project(&mut conn, project, ROWS_MAX + 1).await?;
        let cut = rows.len() > ROWS_MAX as usize;
        rows.truncate(ROWS_MAX as usize);
        let accepted = turns::accepted(&mut conn, project).await?;
        let rates = rates::of(&mut conn, project).await?;
        let compared = turns::comparisons(&mut conn, project, ROWS_MAX).await?;
        let protocol = self.protocol(&mut conn, project).await?;
        let title = |id: &str| {
            let stage = protocol.stages.iter().find(|stage| stage.id == id);
            stage.map_or_else(|| id.to_owned(), |stage| stage.title.clone())
        };
        let since = rows.iter().map(|turn| turn.done_at).min();
        let lost = turns::lost(&mut conn, project, ROWS_MAX).await?;
        let counted = Counted::of(rows, lost, &accepted);
        let rulings = turns::rulings(&mut conn, project, ROWS_MAX).await?;
        let people =
            counted.people().into_iter().chain(rulings.iter().map(|ruling| ruling.user_id)).collect();
        let names = names(&mut conn, people).await?;
        let readers = count::readers(&rulings, &names)?;
        let (stages, cost_per_accepted) = counted.stages(&rates, title, &names)?;
        let (agreed, unseen) = unseen(compared)?;
        Ok(TierReport {
            items: counted.items,
            accepted: counted.accepted,
            not_assessed: turns::not_assessed(&mut conn, project).await?,
            since,
            cut,
            first_pass: share_of(counted.first_judged, counted.first_right)?,
            first_judged: counted.first_judged,
            rework: counted.rework()?,
            stages,
            readers,
            agreed,
            unseen,
            rates,
            cost_per_accepted,
        })
    }
}

async fn names(conn: &mut Conn, people: BTreeSet<UserId>) -> Result<HashMap<UserId, String>> {
    let mut names = HashMap::new();
    for user in people {
        if let Some(known) = users::by_id(conn, user).await? {
            names.insert(user, known.printed_name);
        }
    }
    Ok(names)
}

/// What the first two readers of each item marked, and on how many items they agreed at once. Later readers, who are asked where
/// two differ, saw harder items than the rest: they are left out.
fn unseen(rows: Vec<Comparison>) -> Result<(Option<ShareView>, Option<UnseenView>)> {
    let (mut items, mut agreed) = (0, 0);
    let (mut first, mut second, mut both) = (0, 0, 0);
    let mut last = None;
    for row in rows {
        if last.replace(row.item_id) == Some(row.item_id) || row.reads.0.len() < 2 {
            continue;
        }
        // Not to have marked what one could not see misses nothing.
        if somebody_could_not(&row)? {
            continue;
        }
        items += 1;
        agreed += u64::from(row.agreed);
        for readers in markers(&row)? {
            let (one, two) = (readers.contains(&0), readers.contains(&1));
            first += u64::from(one);
            second += u64::from(two);
            both += u64::from(one && two);
        }
    }
    if items == 0 {
        return Ok((None, None));
    }
    let found = chapman(first, second, both, NORMAL).map_err(internal)?;
    let view = UnseenView {
        items,
        first,
        second,
        both,
        seen: found.seen,
        total: found.total,
        unseen: found.unseen,
        low: found.interval.map(|interval| interval.low),
        high: found.interval.map(|interval| interval.high),
    };
    Ok((share_of(items, agreed)?, Some(view)))
}

/// A share with its interval; absent without anything to count.
pub(crate) fn share_of(checked: u64, found: u64) -> Result<Option<ShareView>> {
    Ok(share(checked, found, CONFIDENCE).map_err(internal)?.map(Into::into))
}

fn internal(error: impl std::fmt::Display) -> PipelineError {
    PipelineError::Internal(error.to_string())
}
