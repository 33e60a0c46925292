//! Appeals: whoever read an item may speak against a review that changed their read or sent it back; a third person decides,
//! and where the review is overturned it no longer counts against the reader.

use countersign_model::{AppealId, FrameRef, Instant, ItemId, ProjectId, StageKind};
use countersign_store::{Conn, Evidence, appeals, items, projects, reads, turns};
use countersign_workflow::{ItemState, Phase, refusals::SEPARATION_OF_DUTIES};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    compare::{Mark, nameless},
    monitor,
    moving::parse_state,
    people::Caller,
    refused::{Denial, NOT_OWN, UNBLINDED},
    review::{MarkAnswer, checked_comment},
    save::current_annotations,
};

/// Most reviews in the list of one's own returned work: the last ones.
const RETURNED_MAX: u32 = 200;
/// Most appeals of a project in one list.
const APPEALS_MAX: u32 = 500;

/// A review that changed a read of the caller's, or sent it back.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReturnedWork {
    /// The review.
    pub review: Uuid,
    /// Item.
    pub item: ItemId,
    /// Its name.
    pub item_name: String,
    /// Project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// `fix` or `reject`.
    pub decision: String,
    /// Reason code.
    pub reason: Option<String>,
    /// The reviewer's words.
    pub comment: Option<String>,
    /// Answer to "is anything missing?".
    pub missing: String,
    /// When.
    pub at: Instant,
    /// What the caller said against it, and what became of that.
    pub appeal: Option<OwnAppeal>,
}

/// An appeal as its author sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnAppeal {
    /// Appeal.
    pub id: AppealId,
    /// `open`, `upheld` (the review stands) or `overturned`.
    pub state: String,
    /// What the author said.
    pub words: String,
    /// When.
    pub at: Instant,
    /// When it was decided.
    pub decided_at: Option<Instant>,
    /// Why.
    pub reason: Option<String>,
}

impl From<appeals::Appeal> for OwnAppeal {
    fn from(row: appeals::Appeal) -> Self {
        Self {
            id: row.id,
            state: row.state,
            words: row.words,
            at: row.at,
            decided_at: row.decided_at,
            reason: row.reason,
        }
    }
}

/// How a person's reads fared in a project, as far as their first review says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnScore {
    /// Project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// Reads that were checked.
    pub checked: u64,
    /// Of these, changed or sent back; what was overturned does not count.
    pub wrong: u64,
}

/// What came back to the caller, newest first, and how they stand.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReturnedList {
    /// Reviews that changed their reads or sent them back.
    pub reviews: Vec<ReturnedWork>,
    /// Their standing in each project.
    pub scores: Vec<OwnScore>,
}

/// An appeal as those see it who may decide. Neither the reader nor the reviewer is named.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppealView {
    /// Appeal.
    pub id: AppealId,
    /// Item.
    pub item: ItemId,
    /// Its name.
    pub item_name: String,
    /// `fix` or `reject`.
    pub decision: String,
    /// The reviewer's reason code.
    pub review_reason: Option<String>,
    /// The reviewer's words.
    pub review_comment: Option<String>,
    /// `open`, `upheld` (the review stands) or `overturned`.
    pub state: String,
    /// What the reader says.
    pub words: String,
    /// When.
    pub at: Instant,
    /// When it was decided.
    pub decided_at: Option<Instant>,
    /// Why.
    pub reason: Option<String>,
    /// The caller may decide it.
    pub may_decide: bool,
}

/// What an appeal is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppealCase {
    /// The appeal.
    #[serde(flatten)]
    pub appeal: AppealView,
    /// The marks as the reader handed them in.
    pub read: Vec<Mark>,
    /// The marks as the reviewer left them; absent where the read was sent back.
    pub reviewed: Option<Vec<Mark>>,
    /// What the reviewer answered for each mark.
    pub answers: Vec<MarkAnswer>,
    /// Frame on which the first of the marks lies.
    pub frame: Option<FrameRef>,
}

/// What somebody decides about an appeal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AppealChoice {
    /// The review stands.
    Uphold,
    /// Nothing was wrong with the read: the review no longer counts against the reader.
    Overturn,
}

/// A decision about an appeal.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AppealDecision {
    /// What.
    pub decision: AppealChoice,
    /// Why; the reader reads it.
    pub reason: String,
}

impl Pipeline {
    /// Reviews that changed the caller's reads or sent them back, and how the caller stands.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn returned_work(&self, caller: &Caller) -> Result<ReturnedList> {
        let mut conn = self.store.read().await?;
        let mut shown = Vec::new();
        for review in appeals::reviews_against(&mut conn, caller.user(), RETURNED_MAX).await? {
            let Some(item) = items::by_id(&mut conn, review.item_id).await? else { continue };
            let resource = self.item_resource(&mut conn, &item).await?;
            if !self.access.allows(&caller.principal, Action::ViewItem, &resource) {
                continue;
            }
            let Some(project) = projects::by_id(&mut conn, item.project_id).await? else { continue };
            let appeal = appeals::against(&mut conn, review.id).await?;
            shown.push(ReturnedWork {
                review: review.id,
                item: item.id,
                item_name: item.name,
                project: project.id,
                project_name: project.name,
                decision: review.decision,
                reason: review.reason,
                comment: review.comment,
                missing: review.missing,
                at: review.at,
                appeal: appeal.map(Into::into),
            });
        }
        let scores = monitor::own_scores(&mut conn, caller).await?;
        Ok(ReturnedList { reviews: shown, scores })
    }

    /// Speaks against a review of one's own read, once.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] when it is not of the caller's read; `reason_required`, `nothing_to_appeal` where the read was
    /// accepted as it was, `already_appealed`.
    pub async fn appeal_review(&self, caller: &Caller, review: Uuid, words: String) -> Result<OwnAppeal> {
        let (row, read, item) = {
            let mut conn = self.store.read().await?;
            let row = reads::review(&mut conn, review).await?.ok_or(PipelineError::NotFound)?;
            let read = reads::by_id(&mut conn, row.subject_read_id).await?.ok_or(PipelineError::NotFound)?;
            if read.author_user != Some(caller.user()) {
                let denial = Denial::on(NOT_OWN, "review", review, read.project_id).item(read.item_id);
                return Err(caller.denied(denial));
            }
            let item = self.visible_item(&mut conn, caller, row.item_id, Action::ViewItem).await?;
            (row, read, item)
        };
        if !matches!(row.decision.as_str(), "fix" | "reject") {
            return Err(PipelineError::refused("nothing_to_appeal", "Your read was accepted as it was."));
        }
        let words = required(words)?;
        let user = caller.user();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    if appeals::against(tx, review).await?.is_some() {
                        return Err(PipelineError::refused(
                            "already_appealed",
                            "You have spoken against it before.",
                        ));
                    }
                    let appeal = appeals::Appeal {
                        id: tx.fresh(),
                        project_id: item.project_id,
                        item_id: item.id,
                        review_id: review,
                        read_id: read.id,
                        user_id: user,
                        reviewer_id: row.user_id,
                        state: "open".into(),
                        words: words.clone(),
                        at: tx.now(),
                        decided_by: None,
                        decided_at: None,
                        reason: None,
                    };
                    appeals::insert(tx, appeal.clone()).await?;
                    let evidence = Evidence::new("appeal.opened", "appeal", appeal.id.uuid());
                    let evidence = evidence.project(item.project_id).item(item.id);
                    tx.record(evidence.details(serde_json::json!({ "words": words })))?;
                    Ok(appeal.into())
                })
            })
            .await
    }

    /// The appeals of a project that the caller could decide or see decided, those that wait first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn appeals(&self, caller: &Caller, project: ProjectId) -> Result<Vec<AppealView>> {
        self.require_on(caller, Action::DecideAppeals, project)?;
        self.appeals_in(&mut *self.store.read().await?, caller, project).await
    }

    pub(crate) async fn appeals_in(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: ProjectId,
    ) -> Result<Vec<AppealView>> {
        let mut shown = Vec::new();
        for row in appeals::of_project(conn, project, APPEALS_MAX).await? {
            if self.may_look_into(conn, caller, &row).await? {
                shown.push(view(conn, caller, row).await?);
            }
        }
        Ok(shown)
    }

    /// What an appeal is about.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn appeal_case(&self, caller: &Caller, id: AppealId) -> Result<AppealCase> {
        let mut conn = self.store.read().await?;
        let row = self.appeal_row(&mut conn, caller, id).await?;
        let review = reads::review(&mut conn, row.review_id).await?.ok_or(PipelineError::NotFound)?;
        let read: Vec<Mark> =
            current_annotations(&mut conn, row.read_id).await?.iter().map(nameless).collect();
        let reviewed: Option<Vec<Mark>> = if review.decision == "fix" {
            Some(current_annotations(&mut conn, review.read_id).await?.iter().map(nameless).collect())
        } else {
            None
        };
        let answers = crate::review::answers(&review)?;
        let frame = read.iter().chain(reviewed.iter().flatten()).find_map(|mark| mark.frame);
        let (project, item) = (row.project_id, row.item_id);
        let appeal = view(&mut conn, caller, row).await?;
        drop(conn);
        self.told_of_labels(caller, project, [item].into()).await?;
        Ok(AppealCase { appeal, read, reviewed, answers, frame })
    }

    /// Decides an appeal. Neither the reader nor the reviewer may.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`, `separation_of_duties`, `already_decided`.
    pub async fn decide_appeal(
        &self,
        caller: &Caller,
        id: AppealId,
        decision: AppealDecision,
    ) -> Result<AppealView> {
        let row = self.appeal_row(&mut *self.store.read().await?, caller, id).await?;
        let reason = required(decision.reason)?;
        let user = caller.user();
        if row.user_id == user || row.reviewer_id == user {
            self.note_partial(caller, "appeal", id.uuid(), row.project_id).await?;
            return Err(PipelineError::refused(
                SEPARATION_OF_DUTIES,
                "It is about your own read or your own review: a third person decides.",
            ));
        }
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let overturns = decision.decision == AppealChoice::Overturn;
                    let state = if overturns { "overturned" } else { "upheld" };
                    if !appeals::decide(tx, id, state, user, &reason).await? {
                        return Err(PipelineError::refused("already_decided", "This was decided before."));
                    }
                    if overturns {
                        turns::overturn(tx, row.item_id, row.review_id).await?;
                        monitor::overturned(tx, &row).await?;
                    }
                    let evidence = Evidence::new("appeal.decided", "appeal", id.uuid());
                    let evidence = evidence.project(row.project_id).item(row.item_id).reason(state);
                    tx.record(evidence.details(serde_json::json!({ "reason": reason })))?;
                    tx.record(
                        Evidence::new("feedback.decided", "feedback", id.uuid()).project(row.project_id),
                    )?;
                    Ok(())
                })
            })
            .await?;
        let mut conn = self.store.read().await?;
        let row = appeals::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        view(&mut conn, caller, row).await
    }

    async fn appeal_row(&self, conn: &mut Conn, caller: &Caller, id: AppealId) -> Result<appeals::Appeal> {
        let row = appeals::by_id(conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::DecideAppeals, row.project_id)?;
        if self.may_look_into(conn, caller, &row).await? {
            return Ok(row);
        }
        let denial = Denial::on(UNBLINDED, "appeal", id.uuid(), row.project_id).item(row.item_id);
        Err(caller.denied(denial))
    }

    /// Whether the marks of an appeal spoil nothing for the caller: they see the item, judge none of its labels blind, and
    /// cannot be called to read it.
    async fn may_look_into(&self, conn: &mut Conn, caller: &Caller, row: &appeals::Appeal) -> Result<bool> {
        let Some(item) = items::by_id(conn, row.item_id).await? else { return Ok(false) };
        let resource = self.item_resource(conn, &item).await?;
        let sees = self.access.allows(&caller.principal, Action::ViewPixels, &resource);
        if !sees || self.audits_blind(conn, caller, item.id).await? {
            return Ok(false);
        }
        let state = parse_state(&item.workflow)?;
        let protocol = self.protocol_of(conn, &item, &state).await?;
        let roles = caller.roles(item.project_id);
        let reads = protocol.stages.iter().filter(|stage| stage.kind == StageKind::Read);
        // Whoever a read may be handed on to can be called to it, too.
        let mut called = reads.flat_map(|stage| [stage.role, stage.escalate_to]).flatten();
        let could_read = called.any(|role| roles.contains(&role));
        let part = row.user_id == caller.user() || row.reviewer_id == caller.user();
        Ok(!could_read || is_over(&state) || part || state.took_part(caller.user()))
    }

    /// Open appeals of a project that the caller may decide.
    pub(crate) async fn count_appeals(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: ProjectId,
    ) -> Result<u64> {
        if !self.access.allows(&caller.principal, Action::DecideAppeals, &Resource::Project(project)) {
            return Ok(0);
        }
        Ok(appeals::count_open_for(conn, project, caller.user()).await?)
    }

    /// Whether an appeal is by the caller.
    pub(crate) async fn is_own_appeal(&self, caller: &Caller, id: AppealId) -> Result<bool> {
        let row = appeals::by_id(&mut *self.store.read().await?, id).await?;
        Ok(row.is_some_and(|row| row.user_id == caller.user()))
    }
}

const fn is_over(state: &ItemState) -> bool {
    matches!(state.phase, Phase::Accepted | Phase::Released | Phase::Withdrawn)
}

async fn view(conn: &mut Conn, caller: &Caller, row: appeals::Appeal) -> Result<AppealView> {
    let item = items::by_id(conn, row.item_id).await?.ok_or(PipelineError::NotFound)?;
    let review = reads::review(conn, row.review_id).await?.ok_or(PipelineError::NotFound)?;
    let part = row.user_id == caller.user() || row.reviewer_id == caller.user();
    Ok(AppealView {
        id: row.id,
        item: row.item_id,
        item_name: item.name,
        decision: review.decision,
        review_reason: review.reason,
        review_comment: review.comment,
        may_decide: row.state == "open" && !part,
        state: row.state,
        words: row.words,
        at: row.at,
        decided_at: row.decided_at,
        reason: row.reason,
    })
}

fn required(text: String) -> Result<String> {
    checked_comment(Some(text))?.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))
}
