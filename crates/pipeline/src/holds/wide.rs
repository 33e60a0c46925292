//! Holds on a lot, a batch, a delivery, a release or a person's work: every item of it is kept out of work and of releases,
//! each by a hold of its own, what comes later too; and the releases that hold such items already are named.

use countersign_model::{HoldId, Instant, ItemId, ProjectId, ReleaseId, UserId, WideHoldId};
use countersign_store::{
    Actor, Conn, Evidence, Tx, batches, certifications, holds, ingests, jobs, projects, releases, users,
    wide_holds::{self, Reach},
};
use countersign_workflow::{Event, refusals::SEPARATION_OF_DUTIES};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{evidence, reason};
use crate::{
    Pipeline, PipelineError, Result, access::Action, monitor::require_held, moving::Moving, people::Caller,
};

/// Kind of the job that holds, or lets go, the items.
pub(crate) const JOB_WIDE_HOLD: &str = "wide_hold";
/// Items that are held in one write.
const ITEMS_PER_WRITE: u32 = 50;
/// Longest name of a lot, characters.
const LOT_CHARS_MAX: usize = 500;
/// Most wide holds in one list.
const LISTED_MAX: u32 = 200;
/// Before other jobs.
const PRIORITY: i64 = 100;

/// On what a hold is put.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "scope", rename_all = "snake_case", deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum HoldScope {
    /// Every item of a lot, those that come later too.
    Lot {
        /// Its name, as the items carry it.
        lot: String,
    },
    /// Every item of a batch.
    Batch {
        /// Batch.
        batch: Uuid,
    },
    /// Every item that came in one delivery, what is still at the gate too.
    Ingest {
        /// Delivery.
        ingest: Uuid,
    },
    /// Every item of a release.
    Release {
        /// Release.
        release: Uuid,
    },
    /// Every item on which this person acted.
    Person {
        /// Account.
        user: Uuid,
    },
}

/// What a hold would do, before it is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WideHoldCheck {
    /// Items that it would reach.
    pub items: u64,
    /// Of those, on hold already for another reason.
    pub held: u64,
}

/// A release that holds items under a hold.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecalledRelease {
    /// Release.
    pub id: ReleaseId,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created_at: Instant,
    /// Items of it that the hold reached.
    pub items: u64,
}

/// A hold on more than one item as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WideHoldView {
    /// Hold.
    pub id: WideHoldId,
    /// `lot`, `batch`, `ingest`, `release` or `person`.
    pub scope: String,
    /// The lot's name, or an id.
    pub value: String,
    /// What people call it; absent where the name is gone.
    pub name: Option<String>,
    /// Why.
    pub reason: String,
    /// Printed name of who put it.
    pub opened_by: String,
    /// When.
    pub opened_at: Instant,
    /// Printed name of who lifted it.
    pub lifted_by: Option<String>,
    /// When.
    pub lifted_at: Option<Instant>,
    /// Why.
    pub lift_reason: Option<String>,
    /// Items that it reached.
    pub items: u64,
    /// Of those, still held by it.
    pub held: u64,
    /// Items are still being held, or let go.
    pub working: bool,
    /// Releases that hold items which it reached: whom to tell.
    pub releases: Vec<RecalledRelease>,
}

#[derive(Deserialize, Serialize)]
struct Work {
    hold: WideHoldId,
}

impl HoldScope {
    fn words(&self) -> (&'static str, String) {
        match self {
            Self::Lot { lot } => ("lot", lot.clone()),
            Self::Batch { batch } => ("batch", batch.to_string()),
            Self::Ingest { ingest } => ("ingest", ingest.to_string()),
            Self::Release { release } => ("release", release.to_string()),
            Self::Person { user } => ("person", user.to_string()),
        }
    }
}

fn reach(scope: &str, value: &str) -> Result<Reach> {
    let id = || value.parse().map_err(|_| PipelineError::Internal("wide_holds.value".into()));
    Ok(match scope {
        "lot" => Reach::Lot(value.to_owned()),
        "batch" => Reach::Batch(id()?),
        "ingest" => Reach::Ingest(id()?),
        "release" => Reach::Release(id()?),
        "person" => Reach::Person(id()?),
        _ => return Err(PipelineError::Internal("wide_holds.scope".into())),
    })
}

async fn ask(tx: &mut Tx, project: ProjectId, hold: WideHoldId) -> Result<()> {
    let job = jobs::Job::ready(tx, JOB_WIDE_HOLD, Some(project), None, &serde_json::json!(Work { hold }));
    // Before everything that only waits for a machine.
    Ok(jobs::insert_all(tx, vec![jobs::Job { priority: PRIORITY, ..job }]).await?)
}

/// Has an item reached by the holds on the work of people, when somebody has acted on it or nobody reads it blind any more.
pub(crate) async fn reach_moved(tx: &mut Tx, project: ProjectId) -> Result<()> {
    for hold in wide_holds::open(tx, project).await?.into_iter().filter(|hold| hold.scope == "person") {
        ask(tx, project, hold.id).await?;
    }
    Ok(())
}

/// Refuses to let anything go while a hold has not reached all of its items: one of them could be among what goes.
///
/// # Errors
/// `hold_working`.
pub(crate) async fn require_reached(tx: &mut Tx, project: ProjectId) -> Result<()> {
    require_held(tx, project).await?;
    for hold in wide_holds::open(tx, project).await? {
        if !wide_holds::next(tx, &hold, &reach(&hold.scope, &hold.value)?, None, 1).await?.is_empty() {
            let message = "A hold has not reached all of its items yet. Try again when it has.";
            return Err(PipelineError::refused("hold_working", message));
        }
    }
    Ok(())
}

/// Holds one item under a hold on more than one.
async fn hold_one(tx: &mut Tx, moving: &mut Moving, hold: &wide_holds::WideHold) -> Result<()> {
    let row = holds::Hold {
        id: tx.fresh(),
        project_id: hold.project_id,
        item_id: moving.item.id,
        reason: hold.reason.clone(),
        opened_by: Some(hold.opened_by),
        opened_at: tx.now(),
        lifted_by: None,
        lifted_at: None,
        lift_reason: None,
    };
    moving.take(tx, &Event::Held { hold: row.id }).await?;
    holds::insert(tx, row.clone()).await?;
    let (wide_hold_id, item_id, hold_id) = (hold.id, row.item_id, row.id);
    wide_holds::insert_item(tx, wide_holds::WideHoldItem { wide_hold_id, item_id, hold_id }).await?;
    tx.record(evidence("hold.opened", &row))?;
    Ok(())
}

/// Holds an item that is about to pass the gate, where its lot is held or the delivery that it came in: it is offered to nobody,
/// not for a moment.
pub(crate) async fn hold_cleared(tx: &mut Tx, moving: &mut Moving) -> Result<()> {
    let ingest = moving.item.ingest_id.map(|id| id.uuid().to_string());
    let lot = moving.item.facts.0.lot.clone();
    for (scope, value) in [("lot", lot), ("ingest", ingest)] {
        let Some(value) = value else { continue };
        for hold in wide_holds::open_on(tx, moving.item.project_id, scope, &value).await? {
            // Not locked: whoever holds the hold waits for items, and this item is ours.
            if !wide_holds::has_reached(tx, hold.id, moving.item.id).await? {
                hold_one(tx, moving, &hold).await?;
            }
        }
    }
    Ok(())
}

/// Has items that were just imported held too, where their lot is.
pub(crate) async fn reach_new(tx: &mut Tx, project: ProjectId, lot: &str) -> Result<()> {
    for hold in wide_holds::open_on(tx, project, "lot", lot).await? {
        ask(tx, project, hold.id).await?;
    }
    Ok(())
}

impl Pipeline {
    /// What a hold on all of this would reach.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right, or for what is not the project's; `bad_lot`.
    pub async fn check_wide_hold(
        &self,
        caller: &Caller,
        project: ProjectId,
        scope: HoldScope,
    ) -> Result<WideHoldCheck> {
        self.require_on(caller, Action::ManageHolds, project)?;
        let mut conn = self.store.read().await?;
        named(&mut conn, project, &scope).await?;
        let (word, value) = scope.words();
        let found = wide_holds::would_reach(&mut conn, project, &reach(word, &value)?).await?;
        Ok(WideHoldCheck { items: found.items, held: found.held })
    }

    /// Puts a hold on all of it. The items follow in a job; what is reached so far is in the view.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right, or for what is not the project's; `bad_lot`, `reason_required`.
    pub async fn hold_all(
        &self,
        caller: &Caller,
        project: ProjectId,
        scope: HoldScope,
        why: String,
    ) -> Result<WideHoldView> {
        self.require_on(caller, Action::ManageHolds, project)?;
        named(&mut *self.store.read().await?, project, &scope).await?;
        let (why, user, (word, value)) = (reason(why)?, caller.user(), scope.words());
        let made = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let hold = wide_holds::WideHold {
                        id: tx.fresh(),
                        project_id: project,
                        scope: word.into(),
                        value,
                        reason: why,
                        opened_by: user,
                        opened_at: tx.now(),
                        lifted_by: None,
                        lifted_at: None,
                        lift_reason: None,
                    };
                    wide_holds::insert(tx, hold.clone()).await?;
                    ask(tx, project, hold.id).await?;
                    tx.record(wide_evidence("hold.opened", &hold))?;
                    Ok(hold)
                })
            })
            .await?;
        self.work.notify_waiters();
        self.wide_view(&mut *self.store.read().await?, made).await
    }

    /// Lifts a hold on all of it; the items follow in a job. What the person in question did is not let go by them.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`, `no_such_hold` when it was lifted before,
    /// `separation_of_duties`.
    pub async fn lift_all(&self, caller: &Caller, id: WideHoldId, why: String) -> Result<WideHoldView> {
        let found =
            wide_holds::by_id(&mut *self.store.read().await?, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ManageHolds, found.project_id)?;
        let why = reason(why)?;
        if found.scope == "person" && found.value == caller.user().uuid().to_string() {
            self.note_partial(caller, "hold", id.uuid(), found.project_id).await?;
            let message = "It is about your own work: somebody else lifts this hold.";
            return Err(PipelineError::refused(SEPARATION_OF_DUTIES, message));
        }
        let user = caller.user();
        let lifted = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    wide_holds::lock(tx, id).await?;
                    if !wide_holds::lift(tx, id, user, &why).await? {
                        // What a job that broke off left is let go all the same.
                        if wide_holds::reached(tx, id).await?.held == 0 {
                            let message = "This hold was lifted already.";
                            return Err(PipelineError::refused("no_such_hold", message));
                        }
                    }
                    ask(tx, found.project_id, id).await?;
                    let lifted = wide_holds::by_id(tx, id).await?.ok_or(PipelineError::NotFound)?;
                    tx.record(wide_evidence("hold.lifted", &lifted))?;
                    Ok(lifted)
                })
            })
            .await?;
        self.work.notify_waiters();
        self.wide_view(&mut *self.store.read().await?, lifted).await
    }

    /// The holds on more than one item in a project, the newest first, with the releases that they reach into.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn wide_holds(&self, caller: &Caller, project: ProjectId) -> Result<Vec<WideHoldView>> {
        self.require_on(caller, Action::ManageHolds, project)?;
        let mut conn = self.store.read().await?;
        let mut views = Vec::new();
        for hold in wide_holds::of_project(&mut conn, project, LISTED_MAX).await? {
            views.push(self.wide_view(&mut conn, hold).await?);
        }
        Ok(views)
    }

    async fn wide_view(&self, conn: &mut Conn, hold: wide_holds::WideHold) -> Result<WideHoldView> {
        let reached = wide_holds::reached(conn, hold.id).await?;
        let found = reach(&hold.scope, &hold.value)?;
        let working = match hold.lifted_at {
            None => !wide_holds::next(conn, &hold, &found, None, 1).await?.is_empty(),
            Some(_) => reached.held > 0,
        };
        let printed = async |conn: &mut Conn, user: UserId| -> Result<String> {
            Ok(users::by_id(conn, user).await?.map_or_else(String::new, |user| user.printed_name))
        };
        let lifted_by = match hold.lifted_by {
            Some(user) => Some(printed(conn, user).await?),
            None => None,
        };
        let releases = wide_holds::recalled(conn, &hold, &found).await?;
        Ok(WideHoldView {
            name: name_of(conn, &found).await?,
            opened_by: printed(conn, hold.opened_by).await?,
            id: hold.id,
            scope: hold.scope,
            value: hold.value,
            reason: hold.reason,
            opened_at: hold.opened_at,
            lifted_by,
            lifted_at: hold.lifted_at,
            lift_reason: hold.lift_reason,
            items: reached.items,
            held: reached.held,
            working,
            releases: releases
                .into_iter()
                .map(|one| RecalledRelease {
                    id: one.id,
                    name: one.name,
                    created_at: one.created_at,
                    items: one.items,
                })
                .collect(),
        })
    }

    /// Holds what a wide hold has not reached yet, or lets go what a lifted one still holds: the body of a `wide_hold` job.
    ///
    /// # Errors
    /// When the store fails; the job is tried again.
    pub(crate) async fn run_wide_hold(&self, job: jobs::Job, worker: String) -> Result<()> {
        let what: Work = serde_json::from_str(&job.payload)
            .map_err(|e| PipelineError::Internal(format!("jobs.payload: {e}")))?;
        let mut after = None;
        loop {
            let pipeline = self.clone();
            let next = self
                .store
                .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                    Box::pin(async move { pipeline.hold_some(tx, what.hold, after).await })
                })
                .await?;
            let Some(next) = next else { return self.finish_job(job, worker).await };
            after = next;
            self.keep_lease(&job, &worker).await?;
        }
    }

    /// One part of it, after an item or from the start; where the next part begins, if there may be more.
    async fn hold_some(
        &self,
        tx: &mut Tx,
        id: WideHoldId,
        after: Option<ItemId>,
    ) -> Result<Option<Option<ItemId>>> {
        wide_holds::lock(tx, id).await?;
        let hold = wide_holds::by_id(tx, id).await?.ok_or(PipelineError::NotFound)?;
        if hold.lifted_at.is_some() {
            let open = wide_holds::still_open(tx, id, ITEMS_PER_WRITE).await?;
            let full = open.len() == ITEMS_PER_WRITE as usize;
            for one in open {
                self.let_go(tx, &hold, one.item_id, one.hold_id).await?;
            }
            return Ok(full.then_some(None));
        }
        let found = reach(&hold.scope, &hold.value)?;
        let items = wide_holds::next(tx, &hold, &found, after, ITEMS_PER_WRITE).await?;
        let mut last = after;
        let full = items.len() == ITEMS_PER_WRITE as usize;
        for item in items {
            let mut moving = Moving::load(tx, self, item).await?;
            hold_one(tx, &mut moving, &hold).await?;
            last = Some(item);
        }
        // What lies before where this walk began may have come in since: it is walked over once more, from the start.
        let more = full || after.is_some();
        Ok(more.then_some(last.filter(|_| full)))
    }

    async fn let_go(
        &self,
        tx: &mut Tx,
        wide: &wide_holds::WideHold,
        item: ItemId,
        hold: HoldId,
    ) -> Result<()> {
        let mut moving = Moving::load(tx, self, item).await?;
        // Gone with an item that is no more.
        let gone = moving.take(tx, &Event::Lifted { hold }).await;
        if let Err(PipelineError::Refused(_)) = gone {
        } else {
            gone?;
        }
        let why = wide.lift_reason.as_deref().unwrap_or_default();
        holds::lift(tx, hold, wide.lifted_by, why).await?;
        let lifted = holds::by_id(tx, hold).await?.ok_or(PipelineError::NotFound)?;
        tx.record(evidence("hold.lifted", &lifted))?;
        Ok(())
    }
}

/// Refuses what is not the project's: unknown and foreign look alike.
async fn named(conn: &mut Conn, project: ProjectId, scope: &HoldScope) -> Result<()> {
    let is_own = match scope {
        HoldScope::Lot { lot } => {
            if lot.trim().is_empty() || lot.chars().count() > LOT_CHARS_MAX {
                let message = format!("between 1 and {LOT_CHARS_MAX} characters");
                return Err(PipelineError::bad("bad_lot", "lot", message));
            }
            true
        }
        HoldScope::Batch { batch } => {
            let found = batches::by_id(conn, (*batch).into()).await?;
            found.is_some_and(|found| found.project_id == project)
        }
        HoldScope::Ingest { ingest } => {
            let found = ingests::by_id(conn, (*ingest).into()).await?;
            found.is_some_and(|found| found.project_id == project)
        }
        HoldScope::Release { release } => {
            let found = releases::by_id(conn, (*release).into()).await?;
            found.is_some_and(|found| found.project_id == project)
        }
        HoldScope::Person { user } => {
            projects::grants(conn, project).await?.iter().any(|grant| grant.user_id.uuid() == *user)
        }
    };
    if is_own { Ok(()) } else { Err(PipelineError::NotFound) }
}

async fn name_of(conn: &mut Conn, found: &Reach) -> Result<Option<String>> {
    Ok(match found {
        Reach::Lot(lot) => Some(lot.clone()),
        Reach::Batch(id) => certifications::by_id(conn, (*id).into()).await?.map(|audit| audit.name),
        Reach::Ingest(_) => None,
        Reach::Release(id) => releases::by_id(conn, (*id).into()).await?.map(|release| release.name),
        Reach::Person(id) => users::by_id(conn, (*id).into()).await?.map(|user| user.printed_name),
    })
}

fn wide_evidence(action: &str, hold: &wide_holds::WideHold) -> Evidence {
    let text = hold.lift_reason.as_ref().unwrap_or(&hold.reason);
    // A lot may be a subject: its name stays in the row alone, where an erasure finds it.
    let value = Some(&hold.value).filter(|_| hold.scope != "lot");
    let details = serde_json::json!({ "reason": text, "scope": hold.scope, "value": value });
    Evidence::new(action, "wide_hold", hold.id.uuid()).project(hold.project_id).details(details)
}
