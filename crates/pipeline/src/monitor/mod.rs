//! Live monitoring: each review is a check of the person who drew. Evidence for a change is worked out in the write of the
//! review itself; an alarm holds what may be in doubt, tells the person at once, and waits for a human decision.
//!
//! Statistics end nothing: a person with the right decides, who had no part in the checks that raised the alarm; the person
//! concerned may speak until then. Only the first review of a read that somebody drew is a check: reads that the machine merged
//! from several, and what comes back, are none.

mod behind;
mod check;
mod corrections;
mod cusum;
mod decide;
mod expected;
mod hold;
mod overturn;
mod plan;
mod streams;
mod worked;

use countersign_model::{AlarmId, Instant, ItemId, ProjectId, UserId};
use countersign_quality::monitor::false_alarms;
use countersign_store::{Conn, items, monitoring, projects, users};
use serde::{Deserialize, Serialize};

pub(crate) use check::{Looked, Pair, Raised, observe, raise_gold, reviewed};
pub use corrections::{CorrectionView, CorrectionsView};
pub use cusum::{CusumPoint, CusumView};
pub(crate) use decide::has_part_in;
pub use decide::{AlarmChoice, AlarmDecision};
pub(crate) use hold::{JOB_ALARM_HOLD, compared, require_held, submitted};
pub(crate) use overturn::{gold_alarm, gold_taken_back, overturned, own_scores};
pub(crate) use plan::run_length;
pub(crate) use streams::{CLASS, OVERLAP, PEERS, Peer, peers, read_with_peers};
pub use worked::{OtherAnswer, WorkedView};

use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller, tickets};

/// Checks to a false alarm where a project sets nothing.
pub const RUN_LENGTH_DEFAULT: f64 = 5_000.0;
/// Most items that one list of what an alarm holds names.
pub const HELD_MAX: u32 = 5_000;
/// Most items from before an estimated change that are listed to be looked at.
pub const EARLIER_MAX: u32 = 200;
/// Most alarms in one list.
const ALARMS_MAX: u32 = 200;
/// Most checks that a chart shows: the last ones.
const CHART_MAX: u64 = 500;
/// What "per month" means, seconds.
const MONTH_SECONDS: i64 = 30 * 24 * 3_600;
/// The stream of corrections by reviewers.
pub(crate) const REVIEW: &str = "review";
/// The stream of hidden items with a trusted answer.
pub(crate) const GOLD: &str = "gold";
/// One-sided confidence of each end of an interval: both together leave one in twenty.
const END_CONFIDENCE: f64 = 0.975;

/// A kind of error that somebody made at least three times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PatternView {
    /// The class that was right; absent where nothing was.
    pub right: Option<String>,
    /// The class that was said; absent where nothing was.
    pub said: Option<String>,
    /// How often.
    pub times: u64,
    /// Of how many errors.
    pub errors: u64,
}

/// A stream of one person.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StreamView {
    /// Whose work.
    pub user: UserId,
    /// Their printed name.
    pub printed_name: String,
    /// Where checks come from: `review`, `gold`, `peers`, `overlap`, `time`, or `class:` and the id of a critical class.
    pub stream: String,
    /// Checks.
    pub checked: u64,
    /// Of these, wrong.
    pub wrong: u64,
    /// 95 % interval of the share of wrong ones (Clopper and Pearson), low end.
    pub low: f64,
    /// High end.
    pub high: f64,
    /// Evidence for a change as a share of what raises an alarm, 0 to 1.
    pub level: f64,
    /// When it was checked last.
    pub updated_at: Instant,
}

/// An alarm.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmView {
    /// Alarm.
    pub id: AlarmId,
    /// Project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// Whose work.
    pub user: UserId,
    /// Their printed name.
    pub printed_name: String,
    /// Stream.
    pub stream: String,
    /// `open`, `appealed`, `upheld` or `dismissed`.
    pub state: String,
    /// Checks since the estimated change, up to the one that raised the alarm.
    pub checked: u64,
    /// Of these, wrong.
    pub wrong: u64,
    /// When the first read after the estimated change was handed in: everything from then on is held.
    pub since_at: Instant,
    /// Evidence at the alarm.
    pub evidence: f64,
    /// Checks to a false alarm, on average, at least: where what was expected is known.
    pub run_length: f64,
    /// Whether it is: each check since the estimated change rests on forty checks of others on such items, or more.
    pub usual_known: bool,
    /// What the errors have in common; only what happened three times or more.
    pub patterns: Vec<PatternView>,
    /// An item that was corrected or decided otherwise, as a worked example; never hidden gold.
    pub example: Option<ItemId>,
    /// Its name.
    pub example_name: Option<String>,
    /// One kind of error worked out, where corrections are none: for the person whom the alarm is about.
    pub worked: Option<WorkedView>,
    /// Items that it put holds on.
    pub held: u64,
    /// Of these, still held.
    pub still_held: u64,
    /// Items that it is still to hold; nothing is released until it has.
    pub to_hold: u64,
    /// When.
    pub raised_at: Instant,
    /// What the person says.
    pub appeal: Option<String>,
    /// Printed name of who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Instant>,
    /// Why.
    pub reason: Option<String>,
}

/// An item that an alarm holds or held.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmItemView {
    /// Item.
    pub item: ItemId,
    /// Its name.
    pub name: String,
    /// Its phase.
    pub phase: String,
    /// When the hold was lifted.
    pub lifted_at: Option<Instant>,
}

/// An item that somebody handed in before the estimated change.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EarlierItemView {
    /// Item.
    pub item: ItemId,
    /// Its name.
    pub name: String,
    /// Its phase.
    pub phase: String,
    /// When they handed it in.
    pub read_at: Instant,
    /// A reviewer has looked at their read.
    pub reviewed: bool,
}

/// What is watched in a project.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MonitorView {
    /// Checks to a false alarm of one stream, on average, at least.
    pub run_length: f64,
    /// Checks of the last thirty days in the streams that raise alarms.
    pub checks_per_month: u64,
    /// False alarms to be expected from so many, at most.
    pub false_alarms_per_month: f64,
    /// Alarms: those that wait for a decision first.
    pub alarms: Vec<AlarmView>,
    /// Streams: the most evidence first.
    pub streams: Vec<StreamView>,
}

/// One check, as a chart shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckView {
    /// Place in the stream, from 1.
    pub number: u64,
    /// Item.
    pub item: ItemId,
    /// Whether it was wrong.
    pub wrong: bool,
    /// Somebody decided that it does not count.
    pub overturned: bool,
    /// Probability of an error that was expected before.
    pub expected: f64,
    /// Evidence after it, as a share of what raises an alarm.
    pub level: f64,
    /// When.
    pub at: Instant,
}

impl Pipeline {
    /// What is watched in a project, and what waits for a decision.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn monitor(&self, caller: &Caller, project: ProjectId) -> Result<MonitorView> {
        self.require_on(caller, Action::ManageHolds, project)?;
        let mut conn = self.store.read().await?;
        let run_length = plan::run_length(&mut conn, project).await?;
        let month = self.store.clock().now().plus_seconds(-MONTH_SECONDS);
        let checks_per_month = monitoring::checks_since(&mut conn, project, month).await?;
        let mut alarms = Vec::new();
        for alarm in monitoring::alarms(&mut conn, project, ALARMS_MAX).await? {
            alarms.push(self.alarm_view(&mut conn, alarm, caller).await?);
        }
        let mut streams = Vec::new();
        for row in monitoring::streams(&mut conn, project).await? {
            streams.push(stream(&mut conn, row).await?);
        }
        Ok(MonitorView {
            run_length,
            checks_per_month,
            false_alarms_per_month: false_alarms(1, checks_per_month as f64, run_length),
            alarms,
            streams,
        })
    }

    /// The last checks of one person's stream; the one of reviews where none is named.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn monitor_checks(
        &self,
        caller: &Caller,
        project: ProjectId,
        user: UserId,
        stream: Option<String>,
    ) -> Result<Vec<CheckView>> {
        self.require_on(caller, Action::ManageHolds, project)?;
        let stream = stream.as_deref().unwrap_or(REVIEW);
        let mut conn = self.store.read().await?;
        let rows = last_checks(&mut conn, project, user, stream).await?;
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            if self.hides_check(&mut conn, caller, row.item_id).await? {
                continue;
            }
            shown.push(CheckView {
                number: row.number,
                item: row.item_id,
                wrong: row.wrong,
                overturned: row.overturned,
                expected: row.expected,
                level: row.level,
                at: row.at,
            });
        }
        Ok(shown)
    }

    /// Whether a check is left out of a chart: whose work it was is what somebody must not know who is still to judge the item;
    /// and that it was wrong, who audits it.
    async fn hides_check(&self, conn: &mut Conn, caller: &Caller, item: ItemId) -> Result<bool> {
        Ok(self.hides_names_on(conn, caller, item).await? || self.audits_blind(conn, caller, item).await?)
    }

    /// What the caller is told of their own work: alarms, what the errors have in common, a worked example.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn feedback(&self, caller: &Caller) -> Result<Vec<AlarmView>> {
        let mut conn = self.store.read().await?;
        let mut shown = Vec::new();
        for alarm in monitoring::alarms_about(&mut conn, caller.user(), ALARMS_MAX).await? {
            // While the guideline is looked at, nobody is told that it is them.
            let run = run(&mut conn, &alarm).await?;
            let about = tickets::about(&mut conn, alarm.project_id, &alarm.stream, &run).await?;
            if alarm.state == "open" && about.is_some() {
                continue;
            }
            shown.push(self.alarm_view(&mut conn, alarm, caller).await?);
        }
        Ok(shown)
    }

    /// Whether an alarm is about the caller.
    pub(crate) async fn is_about(&self, caller: &Caller, id: AlarmId) -> Result<bool> {
        let alarm = monitoring::alarm(&mut *self.store.read().await?, id).await?;
        Ok(alarm.is_some_and(|alarm| alarm.user_id == caller.user()))
    }

    /// What an alarm holds or held.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn alarm_items(&self, caller: &Caller, id: AlarmId) -> Result<Vec<AlarmItemView>> {
        let mut conn = self.store.read().await?;
        let alarm = monitoring::alarm(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ManageHolds, alarm.project_id)?;
        let mut shown = Vec::new();
        for row in monitoring::held(&mut conn, id, None, HELD_MAX).await? {
            if self.hides_names_on(&mut conn, caller, row.item).await? {
                continue;
            }
            shown.push(AlarmItemView {
                item: row.item,
                name: row.name,
                phase: row.state,
                lifted_at: row.lifted_at,
            });
        }
        Ok(shown)
    }

    /// What the person of an alarm handed in last before the estimated change: where a change began is an estimate, so all of it is to be
    /// looked at, the newest first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn alarm_earlier(&self, caller: &Caller, id: AlarmId) -> Result<Vec<EarlierItemView>> {
        let mut conn = self.store.read().await?;
        let alarm = monitoring::alarm(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ManageHolds, alarm.project_id)?;
        let mut shown = Vec::new();
        for row in monitoring::earlier(&mut conn, &alarm, EARLIER_MAX).await? {
            if self.hides_names_on(&mut conn, caller, row.item).await? {
                continue;
            }
            shown.push(EarlierItemView {
                item: row.item,
                name: row.name,
                phase: row.state,
                read_at: row.read_at,
                reviewed: row.reviewed,
            });
        }
        Ok(shown)
    }

    /// An alarm as somebody is shown it: no example in an item that they audit blind or whose names are kept from them.
    pub(super) async fn alarm_view(
        &self,
        conn: &mut Conn,
        alarm: monitoring::Alarm,
        caller: &Caller,
    ) -> Result<AlarmView> {
        let run = run(conn, &alarm).await?;
        let wrong = run.iter().filter(|check| check.wrong && !check.overturned);
        // The last one that was corrected or decided otherwise, not merely sent back: it shows what is right.
        // Never an item that is hidden gold.
        let shows = |check: &&monitoring::Check| check.wrong && !check.overturned && check.pairs != "[]";
        let corrected = run.iter().rev().filter(shows).filter(|_| alarm.stream != GOLD);
        let mut example = None;
        for check in corrected {
            let own = alarm.user_id == caller.user();
            let blind = self.audits_blind(conn, caller, check.item_id).await?;
            if !blind && (own || !self.hides_names_on(conn, caller, check.item_id).await?) {
                example = Some(check.item_id);
                break;
            }
        }
        let example_name = match example {
            Some(item) => items::by_id(conn, item).await?.map(|item| item.name),
            None => None,
        };
        let (held, still_held) = monitoring::count_held(conn, alarm.id).await?;
        let to_hold = match alarm.decided_at {
            Some(_) => 0,
            None => monitoring::count_unheld(conn, &alarm).await?,
        };
        let decided_by = match alarm.decided_by {
            Some(user) => Some(printed_name(conn, user).await?),
            None => None,
        };
        let project = projects::by_id(conn, alarm.project_id).await?.ok_or(PipelineError::NotFound)?;
        let patterns: Vec<PatternView> = serde_json::from_str(&alarm.patterns)
            .map_err(|error| PipelineError::Internal(format!("alarms.patterns: {error}")))?;
        let worked = self.worked(conn, caller, &alarm, &patterns).await?;
        Ok(AlarmView {
            id: alarm.id,
            project: alarm.project_id,
            project_name: project.name,
            user: alarm.user_id,
            printed_name: printed_name(conn, alarm.user_id).await?,
            stream: alarm.stream,
            state: alarm.state,
            checked: run.len() as u64,
            wrong: wrong.count() as u64,
            since_at: alarm.since_at,
            evidence: alarm.evidence,
            run_length: alarm.run_length,
            usual_known: run.iter().all(|check| check.known >= expected::USUAL_CHECKS_MIN),
            patterns,
            example,
            example_name,
            worked,
            held,
            still_held,
            to_hold,
            raised_at: alarm.raised_at,
            appeal: alarm.appeal,
            decided_by,
            decided_at: alarm.decided_at,
            reason: alarm.reason,
        })
    }
}

/// The checks of one person's stream that its charts show.
async fn last_checks(
    conn: &mut Conn,
    project: ProjectId,
    user: UserId,
    stream: &str,
) -> Result<Vec<monitoring::Check>> {
    let streams = monitoring::streams(conn, project).await?;
    let own = streams.into_iter().find(|row| row.user_id == user && row.stream == stream);
    let checked = own.ok_or(PipelineError::NotFound)?.checked;
    let from = checked.saturating_sub(CHART_MAX) + 1;
    let limit = u32::try_from(CHART_MAX).unwrap_or(u32::MAX);
    Ok(monitoring::checks(conn, project, user, stream, from, limit).await?)
}

async fn stream(conn: &mut Conn, row: monitoring::Stream) -> Result<StreamView> {
    let internal = |error: countersign_quality::BoundError| PipelineError::Internal(error.to_string());
    let wrong = row.wrong.min(row.checked);
    let (low, high) = if row.checked == 0 {
        (0.0, 1.0)
    } else {
        let low = countersign_quality::share_lower(row.checked, wrong, END_CONFIDENCE).map_err(internal)?;
        (low, countersign_quality::share_upper(row.checked, wrong, END_CONFIDENCE).map_err(internal)?)
    };
    Ok(StreamView {
        user: row.user_id,
        printed_name: printed_name(conn, row.user_id).await?,
        stream: row.stream,
        checked: row.checked,
        wrong,
        low,
        high,
        level: row.level,
        updated_at: row.updated_at,
    })
}

/// The checks from the estimated change to the alarm.
async fn run(conn: &mut Conn, alarm: &monitoring::Alarm) -> Result<Vec<monitoring::Check>> {
    let length = u32::try_from(alarm.number - alarm.since_number + 1).unwrap_or(u32::MAX);
    let (project, user) = (alarm.project_id, alarm.user_id);
    Ok(monitoring::checks(conn, project, user, &alarm.stream, alarm.since_number, length).await?)
}

async fn printed_name(conn: &mut Conn, user: UserId) -> Result<String> {
    Ok(users::by_id(conn, user).await?.map_or_else(String::new, |user| user.printed_name))
}
