//! An item on its way through the state machine, inside one write.

use std::sync::Arc;

use countersign_model::{
    Annotation, Author, ItemId, Protocol, ReadId, SignatureMeaning, StageKind, TaskId, UserId,
};
use countersign_store::{Evidence, Tx, items, jobs, moves, reads, tasks};
use countersign_workflow::{Effect, Event, ItemState, Phase, step};

use crate::{Pipeline, PipelineError, Result, save::annotation_body};

/// Kind of the job that asks a model for a draft.
pub(crate) const JOB_PRELABEL: &str = "prelabel";
/// Kind of the job that compares independent reads.
pub(crate) const JOB_COMPARE: &str = "compare";
/// Kind of the job that hands on a decision that nobody took in time.
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
}

impl Moving {
    /// Locks the item and reads its state.
    pub async fn load(tx: &mut Tx, pipeline: &Pipeline, id: ItemId) -> Result<Self> {
        let item = items::lock(tx, id).await?;
        let state = parse_state(&item.workflow)?;
        let protocol = pipeline.protocol_of(tx, &item, &state).await?;
        Ok(Self { item, state, protocol })
    }

    /// Lets the machine decide, applies what follows, and keeps the new state. Records no evidence: the use case
    /// knows what happened in the words of the log.
    pub async fn take(&mut self, tx: &mut Tx, event: &Event) -> Result<Vec<Effect>> {
        let (state, effects) = {
            let mut fresh = || tx.ids().fresh();
            step(&self.protocol, &self.state, event, &mut fresh)?
        };
        // While several people read, no list tells when one of them did anything.
        let quiet = self.state.phase == Phase::Reading && state.phase == Phase::Reading;
        self.state = state;
        for effect in &effects {
            self.apply(tx, effect).await?;
        }
        let accepted = effects.iter().find_map(|effect| match effect {
            Effect::Accepted { read, .. } => Some(*read),
            _ => None,
        });
        self.item.accepted_read_id = accepted.or(self.item.accepted_read_id);
        let step = items::ItemStep {
            state: self.state.phase.as_str().to_owned(),
            stage: self.state.stage,
            held: self.state.is_held(),
            workflow: serde_json::to_string(&self.state)
                .map_err(|e| PipelineError::Internal(e.to_string()))?,
            accepted_read_id: self.item.accepted_read_id,
            quiet,
        };
        items::step(tx, self.item.id, step).await?;
        Ok(effects)
    }

    async fn apply(&self, tx: &mut Tx, effect: &Effect) -> Result<()> {
        match effect {
            Effect::NeedsDraft => self.ask(tx, JOB_PRELABEL).await?,
            Effect::NeedsCompare => self.ask(tx, JOB_COMPARE).await?,
            Effect::OpenTask { task, stage, role, reserved_for, fence, apart, .. } => {
                self.watch_time(tx, *task, *stage).await?;
                let task = tasks::Task {
                    id: *task,
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
                };
                moves::offer(tx, task).await?;
            }
            Effect::LeaseTask { task, user, until, fence } => {
                moves::lease(tx, *task, *user, *until, *fence).await?
            }
            Effect::WithdrawTask { task } => {
                tasks::withdraw(tx, *task).await?;
            }
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
                reads::set_status(tx, *read, "submitted", Some(content_hash)).await?;
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

    /// Has a decision that must be taken in time looked at when that time is over.
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
            let copied = reads::copy_annotations(tx, base, id).await?;
            moves::set_count(tx, id, copied).await?;
        }
        Ok(())
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

/// A number for an item that passes the gate, of the random part of a fresh id.
pub(crate) fn draw(tx: &Tx) -> u64 {
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
    }
}

/// Keeps a read that the machine made, with its annotations, as a draft that the state machine locks next.
pub(crate) async fn insert_made(
    tx: &mut Tx,
    moving: &Moving,
    id: ReadId,
    stage: u32,
    author: &Author,
    annotations: &[Annotation],
) -> Result<()> {
    let mut row = new_read(&moving.item, &moving.protocol, id, stage, author, None, tx.now());
    row.annotation_count = u32::try_from(annotations.len()).unwrap_or(u32::MAX);
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
