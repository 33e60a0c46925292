//! An item on its way through the state machine, inside one write.

use std::sync::Arc;

use countersign_model::{
    Annotation, Author, ItemId, ProjectId, Protocol, ReadId, SignatureMeaning, StageKind, TaskId, UserId,
    whole_answer,
};
use countersign_store::{Evidence, Tx, gold, items, jobs, moves, protocols, reads, tasks, waiting};
use countersign_workflow::{Effect, Event, ItemState, Phase, sample_draw, step};

use crate::{
    Pipeline, PipelineError, Result,
    campaigns::look_again,
    holds::wide::reach_moved,
    label_errors::ask_rank,
    lineage::ModelHash,
    ontology::carry_over,
    save::{annotation_body, current_annotations},
    suggestions,
    tiers::keep_lost,
    vendors::ask_score,
};

/// Kind of the job that asks a model for a draft.
pub(crate) const JOB_PRELABEL: &str = "prelabel";
/// Kind of the job that compares independent reads.
pub(crate) const JOB_COMPARE: &str = "compare";
/// Kind of the job that hands on a task that nobody finished in time.
pub(crate) const JOB_ESCALATE: &str = "escalate";
/// Kind of the job that recalls the rest of a batch.
pub(crate) const JOB_RECALL: &str = "recall";
/// Kind of the job that de-identifies an item.
pub(crate) const JOB_GATE: &str = "gate";

/// Kind of the job that carries out an erasure.
pub(crate) const JOB_ERASE: &str = "erase";

/// An item locked for a change.
pub(crate) struct Moving {
    pub item: items::Item,
    pub state: ItemState,
    pub protocol: Arc<Protocol>,
    /// What it is a copy of, where it is one.
    pub copy: Option<gold::Copy>,
}

impl Moving {
    /// Locks the item and reads its state.
    pub async fn load(tx: &mut Tx, pipeline: &Pipeline, id: ItemId) -> Result<Self> {
        let item = items::lock(tx, id).await?;
        let state = parse_state(&item.workflow)?;
        let protocol = pipeline.protocol_of(tx, &item, &state).await?;
        let copy = gold::copy(tx, id).await?;
        Ok(Self { item, state, protocol, copy })
    }

    /// Lets the machine decide, applies what follows, and keeps the new state. Records no evidence: the use case
    /// knows what happened in the words of the log.
    pub async fn take(&mut self, tx: &mut Tx, event: &Event) -> Result<Vec<Effect>> {
        let (mut state, mut effects) = self.step(tx, &self.state, event)?;
        if self.copy.is_some() {
            crate::gold::keep_apart(&self.protocol, &mut effects);
        }
        let passed = accepted(&effects);
        let again = match passed {
            Some(read) => suggestions::is_kept(tx, self, &state, read).await?,
            None => false,
        };
        if again {
            // Never accepted, not for a moment: what was made wrong in the draft is still in it.
            let (reopened, more) = self.step(tx, &state, &Event::SuggestionKept)?;
            effects.retain(|effect| !matches!(effect, Effect::Accepted { .. }));
            effects.extend(more);
            state = reopened;
        }
        let absent = self.absent(tx, &effects).await?;
        if let Some((user, _)) = absent {
            // Who would have to do it again is not there any more: it waits for nobody in particular.
            let (freed, more) = self.step(tx, &state, &Event::ReservationEnded { user })?;
            effects.extend(more);
            state = freed;
        }
        // While several people read, no list tells when one of them did anything.
        let quiet = self.state.phase == Phase::Reading && state.phase == Phase::Reading;
        let ended = is_ended(state.phase) && !is_ended(self.state.phase);
        if self.copy.is_none() {
            keep_lost(tx, self, &state, event).await?;
        }
        self.state = state;
        for effect in &effects {
            self.apply(tx, effect).await?;
        }
        if let Some((_, why)) = absent {
            self.record_absent(tx, why)?;
        }
        let accepted = passed.filter(|_| !again);
        match accepted {
            Some(read) => {
                suggestions::open(tx, self, read).await?;
                ask_score(tx, self).await?;
            }
            None if again => suggestions::read_again(tx, self).await?,
            None => {}
        }
        self.item.accepted_read_id = accepted.or(self.item.accepted_read_id);
        let (phase, stage) = self.shown();
        let step = items::ItemStep {
            state: phase,
            stage,
            held: self.state.is_held(),
            workflow: serde_json::to_string(&self.state)
                .map_err(|e| PipelineError::Internal(e.to_string()))?,
            accepted_read_id: self.item.accepted_read_id,
            quiet,
        };
        items::step(tx, self.item.id, step).await?;
        let moved = |effect: &Effect| {
            matches!(effect, Effect::Participated { .. } | Effect::OpenTask { .. } | Effect::Accepted { .. })
        };
        if effects.iter().any(moved) {
            reach_moved(tx, self.item.project_id).await?;
        }
        let freed = matches!(event, Event::Lifted { .. } | Event::FindingResolved { .. } | Event::Restored);
        if (freed || ended || accepted.is_some()) && self.copy.is_none() {
            look_again(tx, &self.item).await?;
        }
        Ok(effects)
    }

    /// Phase and stage as lists have them. A copy that was read goes on by itself, unless it ended or was taken back.
    fn shown(&self) -> (String, Option<u32>) {
        let was_read = self.copy.as_ref().is_some_and(|copy| copy.read_at.is_some());
        if was_read && !is_ended(self.state.phase) && self.state.phase != Phase::Recalled {
            return (self.item.state.clone(), self.item.stage);
        }
        (self.state.phase.as_str().to_owned(), self.state.stage)
    }

    fn step(&self, tx: &Tx, state: &ItemState, event: &Event) -> Result<(ItemState, Vec<Effect>)> {
        let mut fresh = || tx.ids().fresh();
        Ok(step(&self.protocol, state, event, &mut fresh)?)
    }

    async fn apply(&self, tx: &mut Tx, effect: &Effect) -> Result<()> {
        match effect {
            Effect::NeedsDraft => self.ask(tx, JOB_PRELABEL).await?,
            Effect::NeedsCompare => self.ask(tx, JOB_COMPARE).await?,
            Effect::OpenTask { task, stage, role, reserved_for, fence, apart, .. } => {
                let (id, stage_of) = (*task, *stage);
                let task = tasks::Task {
                    id,
                    item_id: self.item.id,
                    project_id: self.item.project_id,
                    stage: *stage,
                    kind: self.stage_kind(*stage),
                    role: *role,
                    state: "ready".into(),
                    reserved_for: *reserved_for,
                    lease_user: None,
                    lease_until: None,
                    fence: *fence,
                    read_id: None,
                    priority: self.item.priority,
                    created_at: tx.now(),
                    done_at: None,
                    apart: *apart,
                    qualification: self.asks_for(*stage),
                    claimed_at: None,
                    doubt: 0.0,
                };
                // Offered again, it is still watched since it was first.
                if moves::offer(tx, task).await? {
                    self.watch_time(tx, id, stage_of).await?;
                }
                if self.stage_kind(stage_of) == StageKind::Review {
                    ask_rank(tx, self, id).await?;
                }
            }
            Effect::LeaseTask { task, user, until, fence } => {
                moves::lease(tx, *task, *user, *until, *fence).await?
            }
            Effect::WithdrawTask { task } => {
                tasks::withdraw(tx, *task).await?;
            }
            Effect::FreeTask { task } => waiting::free(tx, *task).await?,
            Effect::CloseTask { task, fence } => {
                // Done, if somebody held it; what nobody held is withdrawn.
                if !tasks::finish(tx, *task, *fence).await? {
                    tasks::withdraw(tx, *task).await?;
                }
            }
            Effect::OpenRead { read, stage, user, base } => {
                self.open_read(tx, *read, *stage, *user, *base).await?
            }
            Effect::VoidRead { read } => reads::set_status(tx, *read, "void", None).await?,
            Effect::LockRead { read, content_hash, .. } => {
                let said = whole_answer(&current_annotations(tx, *read).await?, &self.item.streams.0);
                reads::lock(tx, *read, content_hash, said.is_some()).await?;
            }
            Effect::ReturnRead { read } => reads::set_status(tx, *read, "returned", None).await?,
            Effect::SupersedeRead { read } => reads::set_status(tx, *read, "superseded", None).await?,
            Effect::Participated { user, stage, act } => {
                tasks::take_part(tx, self.item.id, *user, *stage, act.as_str()).await?;
            }
            Effect::Accepted { content_hash, .. } => {
                tx.record(self.evidence("item.accepted").content(hash_bytes(content_hash)?))?;
            }
            Effect::NeedsOwner => {
                tx.record(self.evidence("item.escalated"))?;
            }
            Effect::ResumeRead { .. } | Effect::DraftShown { .. } => {}
        }
        Ok(())
    }

    /// Asks for a job on the item.
    async fn ask(&self, tx: &mut Tx, kind: &str) -> Result<()> {
        let (project, item) = (Some(self.item.project_id), Some(self.item.id));
        let job = jobs::Job::ready(tx, kind, project, item, &serde_json::json!({}));
        Ok(jobs::insert_all(tx, vec![job]).await?)
    }

    /// Has a task that must be done in time looked at when that time is over.
    async fn watch_time(&self, tx: &mut Tx, task: TaskId, stage: u32) -> Result<()> {
        let hours = self.protocol.stages.get(stage as usize).and_then(|stage| stage.escalate_hours);
        let handed_on = self.state.task(task).is_none_or(|task| task.role.is_some());
        let Some(hours) = hours.filter(|_| !handed_on) else { return Ok(()) };
        let (project, item) = (Some(self.item.project_id), Some(self.item.id));
        let job = jobs::Job::ready(tx, JOB_ESCALATE, project, item, &serde_json::json!({ "task": task }));
        let job = job.after(tx, i64::from(hours) * 3_600);
        Ok(jobs::insert_all(tx, vec![job]).await?)
    }

    async fn open_read(
        &self,
        tx: &mut Tx,
        id: ReadId,
        stage: u32,
        user: UserId,
        base: Option<ReadId>,
    ) -> Result<()> {
        let author = Author::Human { user };
        reads::insert(tx, new_read(&self.item, &self.protocol, id, stage, &author, base, tx.now())).await?;
        if let Some(base) = base {
            if carry_over(tx, self, base, id).await?.is_none() {
                reads::copy_annotations(tx, base, id).await?;
            }
            let marks = moves::count_current(tx, id).await?;
            moves::set_count(tx, id, marks).await?;
        }
        Ok(())
    }

    /// The qualifications that a stage asks for.
    fn asks_for(&self, stage: u32) -> Option<String> {
        self.protocol.stages.get(stage as usize)?.qualification.as_ref().map(ToString::to_string)
    }

    /// What a stage does; a stage beyond the protocol cannot be reached.
    pub fn stage_kind(&self, stage: u32) -> StageKind {
        self.protocol.stages.get(stage as usize).map_or(StageKind::Read, |stage| stage.kind)
    }

    /// Evidence about the item itself.
    pub fn evidence(&self, action: &str) -> Evidence {
        Evidence::new(action, "item", self.item.id.uuid()).project(self.item.project_id).item(self.item.id)
    }

    /// The meaning that a signature at the item's stage carries.
    pub fn signature_meaning(&self) -> Option<SignatureMeaning> {
        let stage = self.protocol.stages.get(self.state.stage? as usize)?;
        countersign_workflow::signature_meaning(stage)
    }
}

/// The read that passed every stage, if one did.
fn accepted(effects: &[Effect]) -> Option<ReadId> {
    effects.iter().find_map(|effect| match effect {
        Effect::Accepted { read, .. } => Some(*read),
        _ => None,
    })
}

/// Where nobody labels any more.
const fn is_ended(phase: Phase) -> bool {
    matches!(phase, Phase::Rejected | Phase::Withdrawn | Phase::Erased)
}

/// The seed of the samples of the version that a project's new work runs under.
pub(crate) async fn seed_of(
    tx: &mut Tx,
    project: ProjectId,
    protocol: &Protocol,
) -> Result<Option<[u8; 32]>> {
    let text = protocols::seed(tx, project, &protocol.id, protocol.version).await?;
    text.map(|text| {
        let mut seed = [0; 32];
        hex::decode_to_slice(&text, &mut seed)
            .map_err(|_| PipelineError::Internal("a seed that is none".into()))?;
        Ok(seed)
    })
    .transpose()
}

/// The number of an item that passes the gate: of the version's seed, or, under versions from before seeds were
/// recorded, of the random part of a fresh id.
pub(crate) fn draw(tx: &Tx, seed: Option<&[u8; 32]>, item: ItemId) -> u64 {
    if let Some(seed) = seed {
        return sample_draw(seed, item);
    }
    let bytes = tx.ids().fresh().into_bytes();
    bytes[8..].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The state machine's memory of an item.
pub(crate) fn parse_state(workflow: &str) -> Result<ItemState> {
    serde_json::from_str(workflow).map_err(|e| PipelineError::Internal(format!("items.workflow: {e}")))
}

/// A new draft read of a person, or a model's read.
pub(crate) fn new_read(
    item: &items::Item,
    protocol: &Protocol,
    id: ReadId,
    stage: u32,
    author: &Author,
    base: Option<ReadId>,
    now: countersign_model::Instant,
) -> reads::Read {
    let (author_user, author_model, author_model_version, author_rule) = match author {
        Author::Human { user } => (Some(*user), None, None, None),
        Author::Model { name, version } => (None, Some(name.clone()), Some(version.clone()), None),
        Author::Rule { rule } => (None, None, None, Some(rule.clone())),
    };
    reads::Read {
        id,
        item_id: item.id,
        project_id: item.project_id,
        stage,
        kind: protocol.stages.get(stage as usize).map_or(StageKind::Read, |stage| stage.kind),
        author_user,
        author_model,
        author_model_version,
        status: "draft".into(),
        base_read_id: base,
        revision: 0,
        content_hash: None,
        protocol_version: protocol.version,
        created_at: now,
        submitted_at: None,
        annotation_count: 0,
        author_rule,
        model_hash: None,
        model_hash_of: None,
        cannot_assess: false,
    }
}

/// Keeps a read that the machine made, with its annotations, as a draft that the state machine locks next. `guideline`: what the
/// people had read from whose marks it was made. `hash`: what the model that made it is.
pub(crate) async fn insert_made(
    tx: &mut Tx,
    moving: &Moving,
    (id, stage, author): (ReadId, u32, &Author),
    annotations: &[Annotation],
    guideline: Option<&str>,
    hash: Option<ModelHash>,
) -> Result<()> {
    let mut row = new_read(&moving.item, &moving.protocol, id, stage, author, None, tx.now());
    if let Some(ModelHash { hash, of }) = hash {
        (row.model_hash, row.model_hash_of) = (Some(hash), Some(of.to_owned()));
    }
    let marks = annotations.iter().filter(|mark| !mark.is_answer()).count();
    row.annotation_count = u32::try_from(marks).unwrap_or(u32::MAX);
    reads::insert(tx, row).await?;
    let mut rows = Vec::with_capacity(annotations.len());
    for annotation in annotations {
        rows.push(reads::AnnotationRow {
            read_id: id,
            annotation_id: annotation.id,
            version: annotation.version,
            seq: 0,
            body: Some(annotation_body(annotation)?),
            author_user: None,
            at: tx.now(),
            guideline: guideline.map(ToOwned::to_owned),
        });
    }
    Ok(reads::annotate(tx, rows).await?)
}

/// A content hash in hexadecimal as the bytes that evidence binds.
pub(crate) fn hash_bytes(hash: &str) -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(hash, &mut bytes)
        .map_err(|_| PipelineError::Internal("not a content hash".into()))?;
    Ok(bytes)
}
