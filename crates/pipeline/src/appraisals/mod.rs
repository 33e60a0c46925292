//! Studies of people's eyes (attribute agreement): parts with a reference are frozen, an order for each person is drawn after
//! that, everybody judges every part two or three times, blind; what comes of it gives a qualification, or takes it away.
//!
//! What was fixed, the orders, every answer and the figures are in the log by their hashes.

mod figures;
mod freeze;
mod issue;
mod judge;
mod record;
mod words;

use std::collections::HashMap;

use countersign_model::{AppraisalId, ProjectId, Role, UserId};
use countersign_store::{Conn, appraisals, events, users};

pub use record::{AnswerLine, AppraisalRecord};
pub use words::{
    AppraisalAnswer, AppraisalDraft, AppraisalFigures, AppraisalKappa, AppraisalLimits, AppraisalRate,
    AppraisalTurn, AppraisalVerdict, AppraisalView, AppraiserView, Bar, CrossTable, Frozen, PairFigures,
    PartCandidate, PartDraft, PartLine, PersonFigures, Shortfall,
};

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    certification::parsed,
    people::Caller,
    signed_acts,
    views::{Page, page_length},
};

/// Fewest parts.
pub const PARTS_MIN: usize = 2;
/// Most parts: what people can look at three times.
pub const PARTS_MAX: usize = 200;
/// Most people of one study.
pub const APPRAISERS_MAX: usize = 10;
/// Fewest and most trials.
pub const TRIALS: std::ops::RangeInclusive<u32> = 2..=3;
/// Longest rest between two trials, hours.
pub const REST_HOURS_MAX: u32 = 24 * 14;
/// Longest validity of a certificate, days.
pub const VALID_DAYS_MAX: u32 = 366;
/// Parts that the manual asks for.
const PARTS_ASKED: u32 = 50;
/// Least share of borderline parts that the manual asks for, per cent.
const BORDERLINE_LEAST: u32 = 30;
/// Largest such share, per cent.
const BORDERLINE_MOST: u32 = 50;
/// People that the manual asks for.
const APPRAISERS_ASKED: usize = 3;
/// Trials that the manual asks for.
const TRIALS_ASKED: u32 = 3;
/// Seconds of an hour.
const HOUR_SECONDS: u32 = 3_600;
/// Nothing is judged: not yet, or not any more.
const NOT_JUDGING: &str = "not_judging";
/// Whose eyes may be studied.
const WORKING: [Role; 4] = [Role::Annotator, Role::Reviewer, Role::Specialist, Role::QualityEngineer];

/// What the caller is to a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    /// Their eyes are studied.
    appraises: bool,
    /// They are in it, whatever they may do now.
    studied: bool,
    /// They see the figures of the project.
    sees_quality: bool,
}

impl Pipeline {
    /// Studies of a project, newest first: for those who see its quality all of them, for others those in which they judge.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_cursor`.
    pub async fn appraisals(
        &self,
        caller: &Caller,
        project: ProjectId,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<AppraisalView>> {
        let on = Resource::Project(project);
        let all = self.access.allows(&caller.principal, Action::ViewQuality, &on);
        if !all {
            self.require_on(caller, Action::Appraise, project)?;
        }
        let before = cursor.as_deref().map(str::parse).transpose();
        let before = before.map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))?;
        let limit = page_length(limit);
        let mut conn = self.store.read().await?;
        let only = (!all).then_some(caller.user());
        let found = appraisals::of_project(&mut conn, project, only, before, limit + 1).await?;
        let page = Page::cut(found, limit, |row| row.id.to_string());
        let mut shown = Vec::with_capacity(page.items.len());
        for row in page.items {
            let standing = self.standing(&mut conn, caller, &row).await?;
            shown.push(self.appraisal_view(&mut conn, caller, row, standing).await?);
        }
        Ok(Page { items: shown, next: page.next })
    }

    /// One study.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn appraisal(&self, caller: &Caller, id: AppraisalId) -> Result<AppraisalView> {
        let mut conn = self.store.read().await?;
        let row = appraisals::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        let standing = self.standing(&mut conn, caller, &row).await?;
        self.appraisal_view(&mut conn, caller, row, standing).await
    }

    /// What the caller is to a study; [`PipelineError::NotFound`] where they are nothing.
    async fn standing(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        row: &appraisals::Appraisal,
    ) -> Result<Standing> {
        let on = Resource::Project(row.project_id);
        let may = |action| self.access.allows(&caller.principal, action, &on);
        let studied = appraisals::is_appraiser(conn, row.id, caller.user()).await?;
        let appraises = may(Action::Appraise) && studied;
        let sees_quality = may(Action::ViewQuality);
        if !appraises && !sees_quality {
            return Err(caller.denied_by_policy(Action::ViewQuality, &on));
        }
        Ok(Standing { appraises, studied, sees_quality })
    }

    /// A study that the caller may lead: with the right, and without being judged in it.
    async fn led(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        id: AppraisalId,
        action: Action,
    ) -> Result<appraisals::Appraisal> {
        let row = appraisals::by_id(conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, action, row.project_id)?;
        if appraisals::is_appraiser(conn, id, caller.user()).await? {
            return Err(own());
        }
        Ok(row)
    }

    async fn appraisal_view(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        row: appraisals::Appraisal,
        standing: Standing,
    ) -> Result<AppraisalView> {
        let frozen: Frozen = parsed("appraisals.frozen", &row.frozen)?;
        let over = is_over(&row);
        let whole = over || !standing.studied;
        let appraisers = appraiser_views(conn, &row).await?;
        let mine = |user: UserId| user == caller.user();
        let sees_all = standing.sees_quality && whole;
        let left =
            appraisers.iter().any(|one| mine(one.user) && one.judged < one.turns) && standing.appraises;
        let figures = match &row.figures {
            Some(text) if over => Some(figures_for(text, caller.user(), standing)?),
            _ => None,
        };
        let issued = issued(conn, &row).await?;
        let opened_by = match row.opened_by {
            Some(user) => users::by_id(conn, user).await?.map(|user| user.printed_name),
            None => None,
        };
        let on = Resource::Project(row.project_id);
        let may = |action| self.access.allows(&caller.principal, action, &on);
        let apart = !appraisers.iter().any(|one| mine(one.user));
        let open = matches!(row.state.as_str(), "frozen" | "judging");
        Ok(AppraisalView {
            may_judge: row.state == "judging" && left,
            may_lead: apart && open && may(Action::Certify),
            may_issue: apart && row.state == "ended" && may(Action::ManageQualifications),
            short_of: if whole { shortfalls(&frozen) } else { Vec::new() },
            id: row.id,
            project: row.project_id,
            name: row.name,
            state: row.state,
            question: frozen.question,
            classes: frozen.classes,
            qualification: row.qualification,
            valid_days: frozen.valid_days,
            parts: frozen.parts,
            bad: whole.then_some(frozen.bad),
            borderline: whole.then_some(frozen.borderline),
            trials: row.trials,
            rest_hours: row.rest_seconds / HOUR_SECONDS,
            confidence: frozen.confidence,
            limits: frozen.limits,
            appraisers: appraisers.into_iter().filter(|one| sees_all || mine(one.user)).collect(),
            frozen_hash: row.frozen_hash,
            seed: row.seed.filter(|_| whole),
            opened_by,
            frozen_at: row.frozen_at,
            seeded_at: row.seeded_at,
            ended_at: row.ended_at,
            stop: row.stop,
            figures,
            issued,
        })
    }
}

/// The figures of a study that is over: all of them, or a person's own.
fn figures_for(text: &str, user: UserId, standing: Standing) -> Result<AppraisalFigures> {
    let mut figures: AppraisalFigures = parsed("appraisals.figures", text)?;
    if !standing.sees_quality {
        figures.people.retain(|one| one.user == user);
        figures.pairs.clear();
        (figures.between, figures.with_reference, figures.kappa_between) = (None, None, None);
    }
    Ok(figures)
}

/// Who signed it, as they signed it.
async fn issued(conn: &mut Conn, row: &appraisals::Appraisal) -> Result<Option<signed_acts::SignedAct>> {
    let Some(event) = row.issued_event else { return Ok(None) };
    match events::by_id(conn, event).await? {
        Some(event) => signed_acts::of(conn, &event).await,
        None => Ok(None),
    }
}

fn is_over(row: &appraisals::Appraisal) -> bool {
    matches!(row.state.as_str(), "ended" | "issued")
}

async fn appraiser_views(conn: &mut Conn, row: &appraisals::Appraisal) -> Result<Vec<AppraiserView>> {
    let progress = appraisals::progress(conn, row.id).await?;
    let progress: HashMap<UserId, _> = progress.into_iter().map(|one| (one.user_id, one)).collect();
    let mut shown = Vec::new();
    for person in appraisals::people(conn, row.id).await? {
        let of = progress.get(&person.user_id);
        let found = users::by_id(conn, person.user_id).await?;
        shown.push(AppraiserView {
            user: person.user_id,
            printed_name: found.map_or_else(String::new, |user| user.printed_name),
            judged: of.map_or(0, |of| of.judged),
            turns: of.map_or(0, |of| of.turns),
            verdict: person.verdict,
        });
    }
    shown.sort_by(|a, b| a.printed_name.cmp(&b.printed_name));
    Ok(shown)
}

/// In what a study falls short of the manual.
fn shortfalls(frozen: &Frozen) -> Vec<Shortfall> {
    let share = frozen.borderline * 100;
    let quota = share >= frozen.parts * BORDERLINE_LEAST && share <= frozen.parts * BORDERLINE_MOST;
    let all = [
        (frozen.parts < PARTS_ASKED, Shortfall::Parts),
        (!quota, Shortfall::Borderline),
        (frozen.appraisers.len() < APPRAISERS_ASKED, Shortfall::Appraisers),
        (frozen.trials < TRIALS_ASKED, Shortfall::Trials),
    ];
    all.into_iter().filter(|(short, _)| *short).map(|(_, what)| what).collect()
}

fn own() -> PipelineError {
    let message = "Your own eyes are studied here: somebody else leads it.";
    PipelineError::refused(countersign_workflow::refusals::SEPARATION_OF_DUTIES, message)
}

/// Refuses where nothing is judged; to be asked of a locked row inside a write, too.
fn judging(row: &appraisals::Appraisal) -> Result<()> {
    if row.state == "judging" {
        return Ok(());
    }
    let message = "Nothing is judged here: the study has not begun, or it is over.";
    Err(PipelineError::refused(NOT_JUDGING, message))
}
