//! A leak: something that identifies a person was found after the gate. One report recalls the whole batch at once and
//! says who saw it; a privacy officer gives back or rejects each item.

use countersign_model::{AuditId, IngestId, Instant, ItemId, LeakId, ProjectId, ReleaseId, UserId};
use countersign_store::{Actor, Conn, Evidence, Tx, gold, items, jobs, leaks, users};
use countersign_workflow::{Event, Phase};
use serde::{Deserialize, Serialize};

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    moving::{JOB_RECALL, Moving},
    people::Caller,
    pictures::pictures,
    pixels::{Picture, WindowLevel},
    review::checked_comment,
    views::{Page, page_length},
};

/// Items recalled in one write: the writer is never kept for long.
const RECALLED_PER_WRITE: u32 = 100;
/// Most items that one decision may name.
const DECIDED_AT_ONCE_MAX: usize = 1_000;

/// Where in an item something was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LeakPlace {
    /// Stream, from 0.
    pub stream: Option<u32>,
    /// Frame, from 0.
    pub frame: Option<u32>,
}

/// A leak as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeakView {
    /// Leak.
    pub id: LeakId,
    /// Project.
    pub project: ProjectId,
    /// Item that it was found in.
    pub item: ItemId,
    /// The batch that it recalled: a run of ingest; absent when the item came alone.
    pub batch: Option<IngestId>,
    /// The audit that found it.
    pub audit: Option<AuditId>,
    /// Where.
    pub place: LeakPlace,
    /// What was seen, in the words of who reported it.
    pub reason: String,
    /// `recalling`, `recalled` or `closed`.
    pub state: String,
    /// Printed name of who reported it.
    pub reported_by: Option<String>,
    /// When.
    pub at: Instant,
    /// Items that it recalled.
    pub recalled: u64,
    /// Items that wait for a decision.
    pub waiting: u64,
    /// Who was shown any of these items.
    pub witnesses: Vec<WitnessView>,
    /// Releases that contain any of these items.
    pub releases: Vec<AffectedRelease>,
}

/// Somebody who was shown recalled items.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WitnessView {
    /// Account.
    pub user: UserId,
    /// Printed name.
    pub printed_name: String,
    /// How many of the items.
    pub items: u64,
    /// How many exposures.
    pub exposures: u64,
    /// When first.
    pub first_at: Instant,
    /// When last.
    pub last_at: Instant,
}

/// A release that contains recalled items.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AffectedRelease {
    /// Release.
    pub release: ReleaseId,
    /// Its name.
    pub name: String,
    /// How many of the items.
    pub items: u64,
}

/// A recalled item.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeakItemView {
    /// Item.
    pub item: ItemId,
    /// Its neutral name.
    pub name: String,
    /// Pictures to look at.
    pub frames: u32,
    /// `recalled`, `restored` or `rejected`.
    pub state: String,
    /// When it was decided.
    pub decided_at: Option<Instant>,
    /// Why.
    pub reason: Option<String>,
}

/// What a privacy officer decides about recalled items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LeakChoice {
    /// Nothing in it identifies anybody: back to where it was.
    Restore,
    /// It is gone for good.
    Reject,
}

/// What a recall job is about.
#[derive(Deserialize)]
struct Recall {
    leak: LeakId,
}

/// A report before it is a row.
#[derive(Clone)]
pub(super) struct Found {
    pub project: ProjectId,
    pub item: ItemId,
    pub audit: Option<AuditId>,
    pub place: LeakPlace,
    pub reason: String,
    pub by: UserId,
}

impl Pipeline {
    /// Says that something in an item identifies a person. The item is recalled in the same write, the rest of its
    /// batch right after.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for an item that the caller could not look at; `reason_required`.
    pub async fn report_leak(
        &self,
        caller: &Caller,
        item: ItemId,
        place: LeakPlace,
        reason: String,
    ) -> Result<LeakId> {
        let (project, by) = {
            let mut conn = self.store.read().await?;
            let item = self.visible_item(&mut conn, caller, item, Action::ReportLeak).await?;
            (item.project_id, caller.user())
        };
        let reason = said(reason)?;
        let pipeline = self.clone();
        let id = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let report = Found { project, item, audit: None, place, reason, by };
                    // What shows in a copy lies under its gold item.
                    let source = gold::source(tx, item).await?;
                    let under = source.map(|item| Found { item, ..report.clone() });
                    let id = found(&pipeline, tx, report).await?;
                    if let Some(under) = under {
                        found(&pipeline, tx, under).await?;
                    }
                    Ok(id)
                })
            })
            .await?;
        self.wake_worker();
        Ok(id)
    }

    /// Recalls what is left of a batch: the body of a `recall` job.
    ///
    /// # Errors
    /// When the store fails; the job goes on where it was.
    pub(crate) async fn run_recall(&self, job: jobs::Job, worker: String) -> Result<()> {
        let Recall { leak: id } = serde_json::from_str(&job.payload)
            .map_err(|e| PipelineError::Internal(format!("a recall job: {e}")))?;
        loop {
            let pipeline = self.clone();
            let left = self
                .store
                .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                    Box::pin(async move {
                        let leak = leaks::by_id(tx, id).await?.ok_or(PipelineError::NotFound)?;
                        let items = leaks::still_out(tx, &leak, RECALLED_PER_WRITE).await?;
                        for item in &items {
                            recall(&pipeline, tx, id, *item).await?;
                        }
                        if items.is_empty() {
                            leaks::finish(tx, id).await?;
                            let evidence = Evidence::new("leak.batch_recalled", "leak", id.uuid());
                            tx.record(evidence.project(leak.project_id))?;
                        }
                        Ok(items.len())
                    })
                })
                .await?;
            if left == 0 {
                return self.finish_job(job, worker).await;
            }
        }
    }

    /// Leaks of a project, newest first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn leaks(
        &self,
        caller: &Caller,
        project: ProjectId,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<LeakView>> {
        self.require_on(caller, Action::ViewOversight, project)?;
        let before = cursor.as_deref().map(str::parse).transpose();
        let before = before.map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))?;
        let limit = page_length(limit);
        let mut conn = self.store.read().await?;
        let page =
            Page::cut(leaks::of_project(&mut conn, project, before, limit + 1).await?, limit, |leak| {
                leak.id.to_string()
            });
        let mut shown = Vec::with_capacity(page.items.len());
        for leak in page.items {
            shown.push(view(&mut conn, leak).await?);
        }
        Ok(Page { items: shown, next: page.next })
    }

    /// One leak: what it recalled and who saw it.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn leak(&self, caller: &Caller, id: LeakId) -> Result<LeakView> {
        let mut conn = self.store.read().await?;
        let leak = leaks::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ViewOversight, leak.project_id)?;
        view(&mut conn, leak).await
    }

    /// The items that a leak recalled.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn leak_items(
        &self,
        caller: &Caller,
        id: LeakId,
        state: Option<String>,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<LeakItemView>> {
        let mut conn = self.store.read().await?;
        let leak = leaks::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ViewOversight, leak.project_id)?;
        let after = cursor.as_deref().map(str::parse).transpose();
        let after = after.map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))?;
        let limit = page_length(limit);
        let found = leaks::items(&mut conn, id, state.as_deref(), after, limit + 1).await?;
        let page = Page::cut(found, limit, |row| row.item_id.to_string());
        let mut shown = Vec::with_capacity(page.items.len());
        for row in page.items {
            let item = items::by_id(&mut conn, row.item_id).await?.ok_or(PipelineError::NotFound)?;
            shown.push(LeakItemView {
                item: row.item_id,
                frames: u32::try_from(pictures(&item.streams.0).count()).unwrap_or(u32::MAX),
                name: item.name,
                state: row.state,
                decided_at: row.decided_at,
                reason: row.reason,
            });
        }
        Ok(Page { items: shown, next: page.next })
    }

    /// A picture of a recalled item, for the privacy officer who decides about it; the exposure is committed first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn leak_image(
        &self,
        caller: &Caller,
        id: LeakId,
        item: ItemId,
        frame: u32,
        window: Option<WindowLevel>,
    ) -> Result<Picture> {
        {
            let mut conn = self.store.read().await?;
            let leak = leaks::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::Gate, leak.project_id)?;
            leaks::item(&mut conn, id, item).await?.ok_or(PipelineError::NotFound)?;
        }
        self.officer_image(caller, item, frame, "leak", window).await
    }

    /// Gives recalled items back to where they were, or rejects them for good.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `reason_required`; `too_many_items`; `not_recalled` for an item that was decided
    /// before; `recalled_elsewhere` for one that another leak keeps.
    pub async fn decide_leak(
        &self,
        caller: &Caller,
        id: LeakId,
        items: Vec<ItemId>,
        choice: LeakChoice,
        reason: String,
    ) -> Result<LeakView> {
        let leak = {
            let mut conn = self.store.read().await?;
            let leak = leaks::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::Gate, leak.project_id)?;
            leak
        };
        let reason = said(reason)?;
        if items.is_empty() || items.len() > DECIDED_AT_ONCE_MAX {
            return Err(PipelineError::bad("too_many_items", "items", "between 1 and 1000"));
        }
        let (pipeline, by, project) = (self.clone(), caller.user(), leak.project_id);
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    for item in items {
                        decide(&pipeline, tx, id, item, choice, by, &reason).await?;
                        let word = if choice == LeakChoice::Restore { "restored" } else { "rejected" };
                        let evidence = Evidence::new(&format!("leak.{word}"), "leak", id.uuid());
                        let details = serde_json::json!({ "reason": reason });
                        tx.record(evidence.project(project).item(item).details(details))?;
                    }
                    Ok(())
                })
            })
            .await?;
        self.wake_worker();
        self.leak(caller, id).await
    }
}

fn said(reason: String) -> Result<String> {
    checked_comment(Some(reason))?.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))
}

/// Notes a leak, recalls its item, and has the rest of the batch recalled.
pub(super) async fn found(pipeline: &Pipeline, tx: &mut Tx, found: Found) -> Result<LeakId> {
    let item = items::lock(tx, found.item).await?;
    let id: LeakId = tx.fresh();
    let leak = leaks::Leak {
        id,
        project_id: found.project,
        item_id: found.item,
        ingest_id: item.ingest_id,
        audit_id: found.audit,
        stream: found.place.stream,
        frame: found.place.frame,
        reason: found.reason.clone(),
        state: "recalling".into(),
        reported_by: Some(found.by),
        at: tx.now(),
        recalled_at: None,
    };
    leaks::insert(tx, leak).await?;
    let evidence = Evidence::new("leak.reported", "leak", id.uuid()).project(found.project).item(found.item);
    tx.record(evidence.details(serde_json::json!({ "reason": found.reason })))?;
    recall(pipeline, tx, id, found.item).await?;
    let payload = serde_json::json!({ "leak": id });
    let job = jobs::Job::ready(tx, JOB_RECALL, Some(found.project), None, &payload);
    jobs::insert_all(tx, vec![job]).await?;
    Ok(id)
}

async fn recall(pipeline: &Pipeline, tx: &mut Tx, leak: LeakId, item: ItemId) -> Result<()> {
    let mut moving = Moving::load(tx, pipeline, item).await?;
    // An item that another leak recalled is out of sight already; both must let it go.
    if moving.state.phase != Phase::Recalled {
        moving.take(tx, &Event::Recalled).await?;
        tx.record(moving.evidence("item.recalled").reason("leak"))?;
    }
    Ok(leaks::recall(tx, leak, item).await?)
}

async fn decide(
    pipeline: &Pipeline,
    tx: &mut Tx,
    leak: LeakId,
    item: ItemId,
    choice: LeakChoice,
    by: UserId,
    reason: &str,
) -> Result<()> {
    let word = if choice == LeakChoice::Restore { "restored" } else { "rejected" };
    if !leaks::decide(tx, leak, item, word, by, reason).await? {
        return Err(PipelineError::refused("not_recalled", "This item does not wait for a decision."));
    }
    let elsewhere = leaks::recalled_elsewhere(tx, leak, item).await?;
    let mut moving = Moving::load(tx, pipeline, item).await?;
    match choice {
        LeakChoice::Restore if elsewhere => Err(PipelineError::refused(
            "recalled_elsewhere",
            "Another leak keeps this item recalled; decide about that one first.",
        )),
        LeakChoice::Restore => moving.take(tx, &Event::Restored).await.map(drop),
        // Rejected for one leak is rejected for all: nothing is left to do for the others.
        LeakChoice::Reject if moving.state.phase == Phase::Rejected => Ok(()),
        LeakChoice::Reject => moving.take(tx, &Event::GateRejected).await.map(drop),
    }
}

async fn view(conn: &mut Conn, leak: leaks::Leak) -> Result<LeakView> {
    let (recalled, waiting) = leaks::counts(conn, leak.id).await?;
    let mut witnesses = Vec::new();
    for seen in leaks::witnesses(conn, leak.id).await? {
        witnesses.push(WitnessView {
            printed_name: name(conn, seen.user_id).await?,
            user: seen.user_id,
            items: seen.items,
            exposures: seen.exposures,
            first_at: seen.first_at,
            last_at: seen.last_at,
        });
    }
    let releases = leaks::releases(conn, leak.id).await?;
    let reported_by = match leak.reported_by {
        Some(user) => Some(name(conn, user).await?),
        None => None,
    };
    Ok(LeakView {
        id: leak.id,
        project: leak.project_id,
        item: leak.item_id,
        batch: leak.ingest_id,
        audit: leak.audit_id,
        place: LeakPlace { stream: leak.stream, frame: leak.frame },
        reason: leak.reason,
        state: leak.state,
        reported_by,
        at: leak.at,
        recalled,
        waiting,
        witnesses,
        releases: releases
            .into_iter()
            .map(|release| AffectedRelease { release: release.id, name: release.name, items: release.items })
            .collect(),
    })
}

async fn name(conn: &mut Conn, user: UserId) -> Result<String> {
    Ok(users::by_id(conn, user).await?.map_or_else(String::new, |user| user.printed_name))
}
