//! Ways out of rework: an owner decides about what came back too often, and what waits for one person is freed.

use countersign_model::{Instant, ItemId, ProjectId, QualificationExpr, Role, UserId};
use countersign_store::{Conn, Tx, items, projects, tasks, users, waiting};
use countersign_workflow::{Effect, Event, ItemState, OwnerDecision, Phase, refusals};

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    moving::Moving,
    organizations::of_user,
    people::Caller,
    qualifications::satisfies,
    review::checked_comment,
    views::ItemDetail,
};

/// What the event says of a task that waits for nobody in particular any more.
const UNRESERVED: &str = "task.unreserved";

impl Pipeline {
    /// Decides about an item that came back more often than its protocol allows: one more round, for anybody who may do the
    /// stage, or out of work for good.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but an owner of the project; `reason_required`; `wrong_stage` when it does not
    /// wait for a decision; `separation_of_duties` for whoever acted on the item.
    pub async fn owner_decision(
        &self,
        caller: &Caller,
        item: ItemId,
        decision: OwnerDecision,
        why: String,
    ) -> Result<ItemDetail> {
        let (project, why) = self.as_owner(caller, item, why).await?;
        let (pipeline, user, roles) = (self.clone(), caller.user(), caller.roles(project));
        let decided = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let mut moving = Moving::load(tx, &pipeline, item).await?;
                    let reason = Some(why.clone());
                    moving.take(tx, &Event::OwnerDecided { user, roles, decision, reason }).await?;
                    let action = match decision {
                        OwnerDecision::Reopen => "item.reopened",
                        OwnerDecision::Withdraw => "item.withdrawn",
                    };
                    let details = serde_json::json!({ "reason": why, "returned": moving.state.rework_count });
                    tx.record(moving.evidence(action).details(details))?;
                    Ok(())
                })
            })
            .await;
        if let Err(error) = decided {
            return Err(self.keep_refusal(caller, project, item, error).await?);
        }
        self.wake_worker();
        self.item(caller, item).await
    }

    /// Frees the task of an item that waits for one person: anybody who may do its stage can take it from now on.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but an owner of the project; `reason_required`, `not_reserved`;
    /// `already_leased` while that person is at work.
    pub async fn unreserve(&self, caller: &Caller, item: ItemId, why: String) -> Result<ItemDetail> {
        let (project, why) = self.as_owner(caller, item, why).await?;
        let (pipeline, user, roles) = (self.clone(), caller.user(), caller.roles(project));
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let mut moving = Moving::load(tx, &pipeline, item).await?;
                    // A lease that has run out keeps nobody from taking what was theirs.
                    let now = tx.now();
                    let lapsed = |task: &&countersign_workflow::TaskState| {
                        task.reserved_for.is_some() && task.lease.is_some_and(|lease| lease.until <= now)
                    };
                    if let Some(task) = moving.state.tasks.iter().find(lapsed).map(|task| task.id) {
                        moving.take(tx, &Event::LeaseExpired { task, now }).await?;
                    }
                    moving.take(tx, &Event::Unreserved { user, roles }).await?;
                    tx.record(moving.evidence(UNRESERVED).details(serde_json::json!({ "reason": why })))?;
                    Ok(())
                })
            })
            .await?;
        self.item(caller, item).await
    }

    /// The item's project, if the caller owns it, and why they act.
    async fn as_owner(&self, caller: &Caller, item: ItemId, why: String) -> Result<(ProjectId, String)> {
        let found = items::by_id(&mut *self.store.read().await?, item).await?;
        let project = found.ok_or(PipelineError::NotFound)?.project_id;
        self.require_on(caller, Action::ManageProject, project)?;
        let why = checked_comment(Some(why))?
            .ok_or_else(|| PipelineError::bad(refusals::REASON_REQUIRED, "reason", "say why"))?;
        Ok((project, why))
    }

    /// Whether the item waits for a decision that the caller may take.
    pub(crate) fn may_decide(&self, caller: &Caller, project: ProjectId, state: &ItemState) -> bool {
        state.phase == Phase::Escalated
            && self.owns(caller, project)
            && !state.actors.iter().any(|actor| actor.user == caller.user())
    }

    /// Whether a task of the item waits for one person and the caller may free it now.
    pub(crate) fn may_unreserve(&self, caller: &Caller, project: ProjectId, state: &ItemState) -> bool {
        let now = self.store.clock().now();
        let running = |lease: countersign_workflow::Lease| now < lease.until;
        self.owns(caller, project)
            && state.tasks.iter().any(|task| task.reserved_for.is_some() && !task.lease.is_some_and(running))
    }

    fn owns(&self, caller: &Caller, project: ProjectId) -> bool {
        caller.roles(project).contains(&Role::Owner)
            && self.access.allows(&caller.principal, Action::ManageProject, &Resource::Project(project))
    }
}

/// Why somebody for whom a task waits can do it no more; `None` when they still can.
async fn hindered(
    conn: &mut Conn,
    user: UserId,
    project: ProjectId,
    role: Role,
    asked: Option<&QualificationExpr>,
    now: Instant,
) -> Result<Option<&'static str>> {
    if !users::by_id(conn, user).await?.is_some_and(|user| user.active) {
        return Ok(Some("account_closed"));
    }
    if !of_user(conn, user, now).await?.may_work() {
        return Ok(Some("contract_ended"));
    }
    if !projects::roles(conn, project, user).await?.contains(&role) {
        return Ok(Some("role_ended"));
    }
    match asked {
        Some(expr) if !satisfies(conn, user, project, expr, now).await? => Ok(Some("qualification_ended")),
        _ => Ok(None),
    }
}

impl Moving {
    /// Who of those for whom a task is offered can do it no more, and why.
    pub(crate) async fn absent(
        &self,
        tx: &mut Tx,
        effects: &[Effect],
    ) -> Result<Option<(UserId, &'static str)>> {
        for effect in effects {
            let Effect::OpenTask { stage, role, reserved_for: Some(user), .. } = effect else { continue };
            let asked =
                self.protocol.stages.get(*stage as usize).and_then(|stage| stage.qualification.as_ref());
            let (project, now) = (self.item.project_id, tx.now());
            if let Some(why) = hindered(tx, *user, project, *role, asked, now).await? {
                return Ok(Some((*user, why)));
            }
        }
        Ok(None)
    }

    /// Keeps that a task waits for its person no more.
    pub(crate) fn record_absent(&self, tx: &mut Tx, why: &str) -> Result<()> {
        Ok(tx.record(self.evidence(UNRESERVED).reason(why)).map(drop)?)
    }
}

/// Frees the tasks that wait for somebody who can do them no more: in the write that ended their account, role or certificate.
pub(crate) async fn free_abandoned(
    tx: &mut Tx,
    pipeline: &Pipeline,
    user: UserId,
    project: Option<ProjectId>,
) -> Result<()> {
    for task in waiting::reserved(tx, user, project).await? {
        free_one(tx, pipeline, user, &task).await?;
    }
    Ok(())
}

async fn free_one(tx: &mut Tx, pipeline: &Pipeline, user: UserId, task: &tasks::Task) -> Result<()> {
    let mut moving = Moving::load(tx, pipeline, task.item_id).await?;
    let stage = moving.protocol.stages.get(task.stage as usize);
    let asked = stage.and_then(|stage| stage.qualification.clone());
    let now = tx.now();
    let why = hindered(tx, user, task.project_id, task.role, asked.as_ref(), now).await?;
    let still = moving.state.tasks.iter().any(|open| open.id == task.id && open.reserved_for == Some(user));
    if let Some(why) = why.filter(|_| still) {
        moving.take(tx, &Event::ReservationEnded { user }).await?;
        moving.record_absent(tx, why)?;
    }
    Ok(())
}
