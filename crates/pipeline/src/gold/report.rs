//! What those who answer for quality see of it.

use countersign_model::{GoldId, Instant, ItemId, ProjectId, UserId};
use countersign_quality::monitor::reads_to_find;
use countersign_store::{Conn, gold, items, users};
use countersign_workflow::Phase;
use serde::Serialize;

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    monitor::run_length,
    people::Caller,
    tiers::{ShareView, share_of},
};

/// Most gold items in one list.
const GOLD_MAX: u32 = 5_000;
/// Most results in one list: the last ones.
const RESULTS_MAX: u32 = 500;
/// Share of wrong reads before, and after the change whose finding the report speaks of.
const CHANGE: (f64, f64) = (0.05, 0.30);

/// A gold item.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GoldView {
    /// Gold item.
    pub id: GoldId,
    /// The accepted item.
    pub item: ItemId,
    /// Its name.
    pub item_name: String,
    /// `active`, `used` (read as often as it may be), `retired`, or `changed`: the item is held, or is not accepted as it was when it
    /// became gold; it is given to nobody then.
    pub state: String,
    /// Hash of the trusted answer.
    pub content_hash: String,
    /// Why it is trusted.
    pub reason: String,
    /// Printed name of who made it gold.
    pub made_by: String,
    /// When.
    pub made_at: Instant,
    /// Printed name of who retired it.
    pub ended_by: Option<String>,
    /// When it was retired or used up.
    pub ended_at: Option<Instant>,
    /// Why it was retired.
    pub end_reason: Option<String>,
    /// Copies of it that were hidden.
    pub copies: u64,
    /// People who took one of these, each copy counted.
    pub exposures: u64,
    /// Reads that were judged.
    pub reads: u64,
    /// Of these, wrong.
    pub wrong: u64,
    /// Of these, with an error in a class with which errors are critical.
    pub critical: u64,
    /// Wrong of judged reads (95 % interval, Clopper and Pearson).
    pub wrong_share: Option<ShareView>,
}

/// What one person made of gold.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GoldPerson {
    /// Who.
    pub user: UserId,
    /// Their printed name.
    pub printed_name: String,
    /// Reads that were judged.
    pub reads: u64,
    /// Of these, wrong.
    pub wrong: u64,
    /// Of these, with a critical error.
    pub critical: u64,
    /// Marks missed in all of them.
    pub missed: u64,
    /// Marks too many in all of them.
    pub superfluous: u64,
    /// Wrong of judged reads (95 % interval, Clopper and Pearson).
    pub wrong_share: Option<ShareView>,
    /// Critical of judged reads, likewise.
    pub critical_share: Option<ShareView>,
}

/// Hidden gold of a project.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GoldReport {
    /// Share of what is read that is gold from now on, by the protocol in force; 0: none is hidden.
    pub share: f64,
    /// Most times that one person meets one gold item.
    pub exposures_per_person: u32,
    /// Days between two of these.
    pub rest_days: u32,
    /// After how many reads a gold item is used up.
    pub exposures_total: u32,
    /// Classes with which an error is critical.
    pub critical: Vec<String>,
    /// About so many reads of gold pass until it is found that somebody has come from 5 to 30 wrong of 100.
    pub gold_reads_to_find: u64,
    /// Which are about so many reads of any kind; absent while nothing is hidden.
    pub reads_to_find: Option<u64>,
    /// Gold items: those that are given out first.
    pub gold: Vec<GoldView>,
    /// There are more than are listed.
    pub cut: bool,
    /// Everybody who read any.
    pub people: Vec<GoldPerson>,
    /// Reads of gold by all of them.
    pub reads: u64,
    /// Of these, wrong.
    pub wrong: u64,
}

/// What was right and what was said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GoldPairView {
    /// The class that was right; absent where nothing was.
    pub right: Option<String>,
    /// The class that was said; absent where nothing was.
    pub said: Option<String>,
}

/// One read of gold.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GoldResultView {
    /// Gold item.
    pub gold: GoldId,
    /// The accepted item that it is.
    pub item: ItemId,
    /// Its name.
    pub item_name: String,
    /// The copy that was read.
    pub copy: ItemId,
    /// Who.
    pub user: UserId,
    /// Their printed name.
    pub printed_name: String,
    /// It differs from the trusted answer.
    pub wrong: bool,
    /// In a class with which an error is critical.
    pub critical: bool,
    /// Marks missed.
    pub missed: u32,
    /// Marks too many.
    pub superfluous: u32,
    /// Marks that differ in class, outline or answers.
    pub differing: u32,
    /// The classes of these.
    pub pairs: Vec<GoldPairView>,
    /// Probability of an error that was expected before, by what others made of it.
    pub expected: f64,
    /// When.
    pub at: Instant,
    /// The trusted answer was wrong: it counts for nothing.
    pub taken_back: bool,
}

impl Pipeline {
    /// Hidden gold of a project: the items, how worn they are, and what people made of them.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn gold(&self, caller: &Caller, project: ProjectId) -> Result<GoldReport> {
        self.require_on(caller, Action::ViewGold, project)?;
        let mut conn = self.store.read().await?;
        let protocol = self.protocol(&mut conn, project).await?;
        let plan = &protocol.gold;
        let mut rows = gold::list(&mut conn, project, GOLD_MAX + 1).await?;
        let cut = rows.len() > GOLD_MAX as usize;
        rows.truncate(GOLD_MAX as usize);
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            shown.push(self.gold_view(&mut conn, row).await?);
        }
        let mut people = Vec::new();
        for row in gold::by_person(&mut conn, project, Instant(0)).await? {
            people.push(GoldPerson {
                user: row.user,
                printed_name: printed_name(&mut conn, row.user).await?,
                reads: row.reads,
                wrong: row.wrong,
                critical: row.critical,
                missed: row.missed,
                superfluous: row.superfluous,
                wrong_share: share_of(row.reads, row.wrong)?,
                critical_share: share_of(row.reads, row.critical)?,
            });
        }
        let length = run_length(&mut conn, project).await?;
        let needed = reads_to_find(length, CHANGE.0, CHANGE.1)
            .map_err(|error| PipelineError::Internal(error.to_string()))?;
        Ok(GoldReport {
            share: plan.share,
            exposures_per_person: plan.exposures_per_person,
            rest_days: plan.rest_days,
            exposures_total: plan.exposures_total,
            critical: protocol.critical(),
            gold_reads_to_find: needed.ceil() as u64,
            reads_to_find: plan.is_on().then(|| (needed / plan.share).ceil() as u64),
            gold: shown,
            cut,
            reads: people.iter().map(|person| person.reads).sum(),
            wrong: people.iter().map(|person| person.wrong).sum(),
            people,
        })
    }

    /// The last reads of gold in a project, of one gold item or by one person where that is said.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn gold_results(
        &self,
        caller: &Caller,
        project: ProjectId,
        of: Option<GoldId>,
        user: Option<UserId>,
    ) -> Result<Vec<GoldResultView>> {
        self.require_on(caller, Action::ViewGold, project)?;
        let mut conn = self.store.read().await?;
        let mut shown = Vec::new();
        for row in gold::results(&mut conn, project, of, user, RESULTS_MAX).await? {
            let made = gold::by_id(&mut conn, row.gold_id).await?.ok_or(PipelineError::NotFound)?;
            let item = items::by_id(&mut conn, made.item_id).await?.ok_or(PipelineError::NotFound)?;
            let pairs: Vec<crate::monitor::Pair> = serde_json::from_str(&row.pairs)
                .map_err(|error| PipelineError::Internal(format!("gold_results.pairs: {error}")))?;
            shown.push(GoldResultView {
                gold: row.gold_id,
                item: item.id,
                item_name: item.name,
                copy: row.item_id,
                user: row.user_id,
                printed_name: printed_name(&mut conn, row.user_id).await?,
                wrong: row.wrong,
                critical: row.critical,
                missed: row.missed,
                superfluous: row.superfluous,
                differing: row.differing,
                pairs: pairs.into_iter().map(|(right, said)| GoldPairView { right, said }).collect(),
                expected: row.expected,
                at: row.at,
                taken_back: row.taken_back,
            });
        }
        Ok(shown)
    }

    pub(super) async fn gold_view(&self, conn: &mut Conn, row: gold::Gold) -> Result<GoldView> {
        let item = items::by_id(conn, row.item_id).await?.ok_or(PipelineError::NotFound)?;
        let worn = gold::worn(conn, row.id).await?;
        let stands = matches!(item.state.parse(), Ok(Phase::Accepted | Phase::Released))
            && !item.held
            && item.accepted_read_id == Some(row.read_id);
        let state = if row.state == "active" && !stands { "changed".to_owned() } else { row.state };
        let ended_by = match row.ended_by {
            Some(user) => Some(printed_name(conn, user).await?),
            None => None,
        };
        Ok(GoldView {
            id: row.id,
            item: item.id,
            item_name: item.name,
            state,
            content_hash: row.content_hash,
            reason: row.reason,
            made_by: printed_name(conn, row.made_by).await?,
            made_at: row.made_at,
            ended_by,
            ended_at: row.ended_at,
            end_reason: row.end_reason,
            copies: worn.copies,
            exposures: worn.meetings,
            reads: worn.reads,
            wrong: worn.wrong,
            critical: worn.critical,
            wrong_share: share_of(worn.reads, worn.wrong)?,
        })
    }
}

async fn printed_name(conn: &mut Conn, user: UserId) -> Result<String> {
    Ok(users::by_id(conn, user).await?.map_or_else(String::new, |user| user.printed_name))
}
