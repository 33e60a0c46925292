//! Work: claim, save, submit, give back.

use countersign_model::{
    Blinding, Instant, ItemId, ProjectId, Protocol, ReadId, Role, SignatureId, StageKind, TaskId, UserId,
    whole_answer,
};
use countersign_store::{Conn, Evidence, Tx, items, reads, tasks};
use countersign_workflow::{Event, ItemState, content_hash, may_save, signature_meaning};
use serde::Serialize;

pub use crate::save::{AnnotationInput, CHANGES_MAX, Change, Saved};
use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    campaigns, gold,
    guidelines::unacknowledged,
    lineage::note_shown,
    moving::{Moving, hash_bytes, parse_state},
    names::Names,
    ontology::check_split,
    people::Caller,
    refused::{Denial, NOT_OWN, no_task_of, not_theirs},
    save::{check_answers, check_required, save_changes, settle},
    sign::record_signature,
    tiers::{Begun, Came},
    vendors::still_given,
    views::{ReadView, Work, WorkTask},
};

/// Evidence that somebody asked for the model's draft and was shown it.
pub(crate) const DRAFT_SHOWN: &str = "draft.shown";

/// Which task somebody wants; everything absent means "whatever is next".
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Only this role's tasks.
    pub role: Option<Role>,
    /// Only this item's task.
    pub item: Option<ItemId>,
    /// Only this stage.
    pub stage: Option<u32>,
}

/// Where an item stands after a decision.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Standing {
    /// Phase word.
    #[cfg_attr(feature = "openapi", schema(value_type = countersign_workflow::Phase))]
    pub phase: String,
    /// Stage that comes next, as an index.
    pub stage: Option<u32>,
    /// Hash of the content that was decided on.
    pub content_hash: String,
    /// The signature that was made, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureId>,
}

impl Pipeline {
    /// Takes the next task that fits. One atomic statement: two people never get the same task.
    ///
    /// # Errors
    /// `nothing_to_do`; `contract_not_valid`; `protocol_unsigned`, `protocol_void`; [`PipelineError::NotFound`] without a grant on the project.
    pub async fn claim(&self, caller: &Caller, project: ProjectId, wish: Wish) -> Result<Work> {
        caller.organization.require_contract(self.store.clock().now())?;
        self.require_on(caller, Action::ViewProject, project)?;
        let roles = caller.roles(project);
        let (working, gold) = {
            let protocol = self.protocol(&mut *self.store.read().await?, project).await?;
            // Later stages first: what is nearly done is worth most.
            let mut order: Vec<Role> = protocol.stages.iter().rev().filter_map(|stage| stage.role).collect();
            // Items that began under an earlier version may wait for roles that this one does not name.
            order.extend(roles.iter().copied().filter(|role| !order.contains(role)).collect::<Vec<_>>());
            order.dedup();
            order.retain(|role| roles.contains(role) && wish.role.is_none_or(|wanted| wanted == *role));
            (order, self.gold_rules(caller, project, &protocol.gold, self.store.clock().now()))
        };
        let (pipeline, user) = (self.clone(), caller.user());
        let claimed = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let mut refusal = pipeline.closed_to_work(tx, project).await?;
                    if refusal.is_none() {
                        refusal = unacknowledged(tx, user, project).await?;
                    }
                    if let Some(refusal) = refusal.filter(|_| !working.is_empty()) {
                        return Err(refusal.into());
                    }
                    let satisfied = pipeline.satisfied(tx, user, project).await?;
                    for role in &working {
                        let claim = tasks::Claim {
                            project,
                            user,
                            role: *role,
                            stage: wish.stage,
                            item: wish.item,
                            // The machine sets the end of the lease by the stage; until then the claim needs some
                            // future moment.
                            until: tx.now().plus_seconds(60),
                            satisfied: satisfied.clone(),
                            gold,
                        };
                        if let Some(task) = pipeline.claim_in(tx, claim, &roles).await? {
                            return Ok(task);
                        }
                    }
                    // Of a particular item it is said what stands in the way of that one.
                    if wish.item.is_none()
                        && let Some(refusal) = pipeline.unqualified(tx, user, project, &working).await?
                    {
                        return Err(refusal.into());
                    }
                    Err(PipelineError::refused("nothing_to_do", "Nothing waits for you here at the moment."))
                })
            })
            .await;
        match claimed {
            Ok(task) => self.work(caller, task).await,
            // A particular item was asked for: say why it cannot be had.
            Err(PipelineError::Refused(refusal))
                if wish.item.is_some() && refusal.code == "nothing_to_do" =>
            {
                let why = self.why_not(caller, project, wish).await?;
                let Some(item) = wish.item else { return Err(why) };
                Err(self.keep_refusal(caller, project, item, why).await?)
            }
            Err(error) => Err(error),
        }
    }

    async fn claim_in(&self, tx: &mut Tx, claim: tasks::Claim, roles: &[Role]) -> Result<Option<TaskId>> {
        let user = claim.user;
        let Some(task) = tasks::claim(tx, claim).await? else { return Ok(None) };
        let mut moving = Moving::load(tx, self, task.item_id).await?;
        let (id, now) = (task.id, tx.now());
        still_given(tx, &task, user).await?;
        let event = Event::Claimed { task: id, user, roles: roles.to_vec(), now, read: tx.fresh() };
        moving.take(tx, &event).await?;
        if let Some(read) = moving.state.task(id).and_then(|task| task.lease).and_then(|lease| lease.read) {
            tasks::set_read(tx, task.id, read).await?;
        }
        gold::met(tx, &moving, user).await?;
        let mut evidence = task_evidence("task.claimed", &task);
        if note_shown(tx, &moving, user).await? {
            evidence = evidence.details(serde_json::json!({ "draft_shown": true }));
        }
        tx.record(evidence)?;
        Ok(Some(task.id))
    }

    /// The refusal that explains why a particular item's task cannot be claimed.
    async fn why_not(&self, caller: &Caller, project: ProjectId, wish: Wish) -> Result<PipelineError> {
        let Some(id) = wish.item else { return Ok(PipelineError::NotFound) };
        let mut conn = self.store.read().await?;
        let item = items::by_id(&mut conn, id).await?.filter(|item| item.project_id == project);
        let Some(item) = item else { return Ok(PipelineError::NotFound) };
        self.require(caller, Action::ViewItem, &self.item_resource(&mut conn, &item).await?)?;
        let state = parse_state(&item.workflow)?;
        let protocol = self.protocol_of(&mut conn, &item, &state).await?;
        let now = self.store.clock().now();
        let lacks = self.hindrance(&mut conn, caller, &item, &protocol, &state).await?;
        Ok(
            match countersign_workflow::may_claim(
                &protocol,
                &state,
                caller.user(),
                &caller.roles(project),
                now,
            ) {
                Err(refusal) => refusal.into(),
                Ok(()) if lacks.is_some() => lacks.map_or(PipelineError::NotFound, Into::into),
                Ok(()) => PipelineError::refused("nothing_to_do", "Somebody else was faster; try again."),
            },
        )
    }

    /// The tasks that the caller holds.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn my_tasks(&self, caller: &Caller) -> Result<Vec<WorkTask>> {
        let mut conn = self.store.read().await?;
        let now = self.store.clock().now();
        let held = tasks::leased_by(&mut conn, caller.user(), now).await?;
        let mut out = Vec::with_capacity(held.len());
        for task in held {
            let item = items::by_id(&mut conn, task.item_id).await?.ok_or(PipelineError::NotFound)?;
            let state = parse_state(&item.workflow)?;
            let protocol = self.protocol_of(&mut conn, &item, &state).await?;
            if self.may_take(caller, &task, &state) {
                out.push(WorkTask::new(&task, &item, &protocol));
            }
        }
        Ok(out)
    }

    /// Everything that the workspace needs for a task that the caller holds.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] when the task is not leased to the caller.
    pub async fn work(&self, caller: &Caller, id: TaskId) -> Result<Work> {
        let mut conn = self.store.read().await?;
        let task = held_task(&mut conn, caller, id).await?;
        let item = items::by_id(&mut conn, task.item_id).await?.ok_or(PipelineError::NotFound)?;
        let state = parse_state(&item.workflow)?;
        let protocol = self.protocol_of(&mut conn, &item, &state).await?;
        if !self.may_take(caller, &task, &state) {
            return Err(no_task_of(caller, &task));
        }
        let not_qualified = self.lacking(&mut conn, caller, &task, &protocol).await?;
        let open = state.task(id);
        let own = open.and_then(|task| task.lease).and_then(|lease| lease.read);
        let judges = matches!(task.kind, StageKind::Review | StageKind::SampleQa | StageKind::Sign);
        let subject = state.current.filter(|_| judges);
        let hides = |what| protocol.stages.get(task.stage as usize).is_some_and(|stage| stage.hides(what));
        let decides = task.kind == StageKind::Adjudicate && !hides(Blinding::EarlierReads);
        let returned = open.and_then(|task| task.returned);
        let returned = returned.filter(|back| decides || back.to == Some(caller.user()));
        let visible = countersign_workflow::visible_reads(&protocol, &state, caller.user());
        let draft = state.draft().map(|draft| draft.id).filter(|draft| visible.contains(draft));
        let names = self.names(caller, item.project_id, &protocol, &state);
        let read = self.read_view_opt(&mut conn, own, &names).await?;
        let subject = self.read_view_opt(&mut conn, subject, &names).await?;
        let draft = self.read_view_opt(&mut conn, draft, &names).await?;
        let returned = match returned {
            Some(returned) => reads::reviews(&mut conn, item.id)
                .await?
                .into_iter()
                .rfind(|r| r.subject_read_id == returned.read && r.decision == "reject"),
            None => None,
        };
        let dispute = if decides { self.dispute(&mut conn, &task, &state).await? } else { None };
        let campaign = campaigns::note(&mut conn, item.id).await?;
        let detail = self.item_detail(&mut conn, caller, &item, &protocol, &state).await?;
        Ok(Work {
            task: WorkTask::new(&task, &item, &protocol),
            item: detail,
            read,
            subject,
            draft,
            draft_on_request: draft_offered(&protocol, &state, task.stage),
            returned: returned.map(Into::into),
            dispute,
            not_qualified,
            campaign,
            meaning: protocol.stages.get(task.stage as usize).and_then(signature_meaning),
            click_model: self.click_model_of(&mut conn, item.project_id).await?,
            protocol: (*protocol).clone(),
        })
    }

    /// Keeps the claim for another while.
    ///
    /// # Errors
    /// `stale_fence`, `not_leased`, `lease_expired`.
    pub async fn renew(&self, caller: &Caller, id: TaskId, fence: u64) -> Result<Instant> {
        let user = caller.user();
        self.on_task(caller, id, move |moving, tx| {
            Box::pin(async move {
                moving.take(tx, &Event::Renewed { user, fence, now: tx.now() }).await?;
                tx.record(moving.evidence("task.renewed"))?;
                let lease = moving.state.held_by(user).and_then(|task| task.lease);
                lease.map(|lease| lease.until).ok_or(PipelineError::NotFound)
            })
        })
        .await
    }

    /// Gives the task back; the draft waits in case the person returns first.
    ///
    /// # Errors
    /// `stale_fence`, `not_leased`.
    pub async fn give_back(&self, caller: &Caller, id: TaskId, fence: u64) -> Result<()> {
        let user = caller.user();
        self.on_task(caller, id, move |moving, tx| {
            Box::pin(async move {
                moving.take(tx, &Event::GivenBack { user, fence }).await?;
                tx.record(moving.evidence("task.given_back"))?;
                Ok(())
            })
        })
        .await
    }

    /// Shows the model's draft where the stage shows it on request. That it was shown is evidence.
    ///
    /// # Errors
    /// `draft_not_offered` and the lease codes.
    pub async fn request_draft(&self, caller: &Caller, id: TaskId, fence: u64) -> Result<ReadView> {
        let user = caller.user();
        let read = self
            .on_task(caller, id, move |moving, tx| {
                Box::pin(async move {
                    moving.take(tx, &Event::DraftRequested { user, fence, now: tx.now() }).await?;
                    note_shown(tx, moving, user).await?;
                    tx.record(moving.evidence(DRAFT_SHOWN))?;
                    moving.state.draft().map(|draft| draft.id).ok_or(PipelineError::NotFound)
                })
            })
            .await?;
        self.read_view(&mut *self.store.read().await?, read, &Names::own(user)).await
    }

    /// Saves changes into the caller's draft. Each changed annotation gets a new version; nothing is overwritten.
    ///
    /// # Errors
    /// [`PipelineError::StaleRevision`], bad input at `changes[i]`, and the lease codes.
    pub async fn save(
        &self,
        caller: &Caller,
        read: ReadId,
        fence: u64,
        revision: u64,
        changes: Vec<Change>,
    ) -> Result<Saved> {
        let user = caller.user();
        let task = {
            let mut conn = self.store.read().await?;
            let row = reads::by_id(&mut conn, read).await?.ok_or(PipelineError::NotFound)?;
            if row.author_user != Some(user) {
                let denial = Denial::on(NOT_OWN, "read", read.uuid(), row.project_id).item(row.item_id);
                return Err(caller.denied(denial));
            }
            tasks::of_item(&mut conn, row.item_id).await?.into_iter().find(|task| task.read_id == Some(read))
        };
        let task = task.ok_or(PipelineError::NotFound)?.id;
        self.on_task(caller, task, move |moving, tx| {
            Box::pin(async move {
                let open = may_save(&moving.state, user, fence, tx.now())?;
                if open != read {
                    return Err(PipelineError::refused("wrong_read", "This is not the read that you hold."));
                }
                let saved = save_changes(tx, moving, read, user, revision, &changes).await?;
                let mut evidence = read_evidence("read.saved", moving, read);
                evidence.details =
                    Some(serde_json::json!({ "revision": saved.revision, "changes": changes.len() }));
                tx.record(evidence)?;
                Ok(saved)
            })
        })
        .await
    }

    /// Locks the caller's read and hands the item on.
    ///
    /// # Errors
    /// `required_attribute`, `marks_not_assessed`, `answered_twice`, [`PipelineError::StaleRevision`], `held` and the lease codes.
    pub async fn submit(
        &self,
        caller: &Caller,
        id: TaskId,
        fence: u64,
        revision: u64,
        changes: Vec<Change>,
    ) -> Result<Standing> {
        let (user, name) = (caller.user(), caller.printed_name.clone());
        self.on_task(caller, id, move |moving, tx| {
            Box::pin(async move {
                let read = may_save(&moving.state, user, fence, tx.now())?;
                let begun = Begun::of(tx, moving, id).await?;
                let annotations = settle(tx, moving, read, user, revision, &changes).await?;
                check_required(&moving.protocol, &annotations)?;
                check_split(tx, moving, &annotations).await?;
                check_answers(&annotations)?;
                let hash = content_hash(&annotations);
                let signs = moving.signature_meaning().is_some();
                let now = tx.now();
                moving.require_qualified(tx, user, signs, now).await?;
                let signature =
                    moving.signature_meaning().map(|meaning| (tx.fresh::<SignatureId>(), meaning));
                let event = Event::Submitted {
                    user,
                    fence,
                    now: tx.now(),
                    read,
                    content_hash: hash.clone(),
                    signature: signature.map(|(id, _)| id),
                };
                moving.take(tx, &event).await?;
                begun.end(tx, moving, user, Came::authored()).await?;
                let mut evidence = read_evidence("read.submitted", moving, read).content(hash_bytes(&hash)?);
                if whole_answer(&annotations, &moving.item.streams.0).is_some() {
                    evidence = evidence.reason("cannot_assess");
                }
                tx.record(evidence)?;
                if let Some((id, meaning)) = signature {
                    record_signature(tx, moving, id, read, user, &name, (meaning, None), &hash).await?;
                }
                let done = standing(moving, hash, signature.map(|(id, _)| id));
                crate::monitor::submitted(tx, moving, user).await?;
                gold::handed_in(tx, moving, user, read, &annotations).await?;
                Ok(done)
            })
        })
        .await
    }

    /// Runs a change on the item of a task that the caller holds, or held until just now.
    pub(crate) async fn on_task<T, F>(&self, caller: &Caller, id: TaskId, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Moving, &'a mut Tx) -> futures::future::BoxFuture<'a, Result<T>>
            + Send
            + 'static,
    {
        let (pipeline, me) = (self.clone(), caller.clone());
        let outcome = self
            .store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    me.organization.require_contract(tx.now())?;
                    let task = tasks::by_id(tx, id).await?.ok_or(PipelineError::NotFound)?;
                    let mut moving = Moving::load(tx, &pipeline, task.item_id).await?;
                    // Who may not take it learns nothing, not even that it exists.
                    if !pipeline.may_take(&me, &task, &moving.state) {
                        return Err(no_task_of(&me, &task));
                    }
                    if task.lease_user != Some(me.user()) {
                        return Err(strange_task(tx, &me, &task).await?);
                    }
                    if moving.state.task(id).is_none() {
                        return Err(PipelineError::refused("wrong_stage", "This task is already done."));
                    }
                    // A model that drafts again is seen by whoever is at work.
                    note_shown(tx, &moving, me.user()).await?;
                    change(&mut moving, tx).await
                })
            })
            .await;
        self.keep_refused(caller, id, outcome).await
    }

    /// Whether the task is one that the caller could have: they have its role, acted at no other stage of the item, and
    /// it does not wait for somebody else. Whether it is free at the moment is another question.
    pub(crate) fn may_take(&self, caller: &Caller, task: &tasks::Task, state: &ItemState) -> bool {
        let mut actors: Vec<UserId> =
            state.actors.iter().filter(|actor| actor.stage != task.stage).map(|actor| actor.user).collect();
        actors.dedup();
        // A hold lets people save and give back; what it stops, the machine refuses.
        let resource = Resource::Task { task: task.id, project: task.project_id, actors, held: false };
        let mine = task.lease_user == Some(caller.user());
        let twice = task.apart && !mine && state.acted_at(caller.user(), task.stage);
        !twice
            && caller.roles(task.project_id).contains(&task.role)
            && task.reserved_for.is_none_or(|reserved| reserved == caller.user())
            && self.access.allows(&caller.principal, work_action(task.kind), &resource)
    }
}

/// The answer to somebody who acts on a task that is not leased to them: those who held it are told that they lost it,
/// everybody else that there is no such thing.
async fn strange_task(tx: &mut Tx, caller: &Caller, task: &tasks::Task) -> Result<PipelineError> {
    let reads = reads::of_item(tx, task.item_id).await?;
    let held = reads.iter().any(|read| read.stage == task.stage && read.author_user == Some(caller.user()));
    Ok(if held {
        PipelineError::refused("not_leased", "You no longer hold this task; claim it again.")
    } else {
        caller.denied(not_theirs(task))
    })
}

/// The policy action of a stage kind.
pub(crate) const fn work_action(kind: StageKind) -> Action {
    match kind {
        StageKind::Prelabel | StageKind::Compare | StageKind::Read => Action::WorkRead,
        StageKind::Review | StageKind::SampleQa => Action::WorkReview,
        StageKind::Adjudicate => Action::WorkAdjudicate,
        StageKind::Sign => Action::WorkSign,
    }
}

fn draft_offered(protocol: &Protocol, state: &countersign_workflow::ItemState, stage: u32) -> bool {
    let on_request = protocol
        .stages
        .get(stage as usize)
        .is_some_and(|stage| stage.ai_visibility == countersign_model::AiVisibility::OnRequest);
    on_request && state.draft().is_some()
}

pub(crate) async fn held_task(conn: &mut Conn, caller: &Caller, id: TaskId) -> Result<tasks::Task> {
    let task = tasks::by_id(conn, id).await?.ok_or(PipelineError::NotFound)?;
    let mine = task.lease_user == Some(caller.user()) && task.state == "leased";
    if mine { Ok(task) } else { Err(caller.denied(not_theirs(&task))) }
}

pub(crate) fn task_evidence(action: &str, task: &tasks::Task) -> Evidence {
    Evidence::new(action, "task", task.id.uuid()).project(task.project_id).item(task.item_id)
}

pub(crate) fn read_evidence(action: &str, moving: &Moving, read: ReadId) -> Evidence {
    Evidence::new(action, "read", read.uuid()).project(moving.item.project_id).item(moving.item.id)
}

pub(crate) fn standing(moving: &Moving, content_hash: String, signature: Option<SignatureId>) -> Standing {
    Standing { phase: moving.state.phase.as_str().into(), stage: moving.state.stage, content_hash, signature }
}
