//! One turn as it ends: kept in the write that ends it.

use countersign_model::{Instant, ReadId, Role, StageKind, TaskId, UserId};
use countersign_store::{Tx, events, tasks, turns};
use uuid::Uuid;

use crate::{PipelineError, Result, moving::Moving};

/// Evidence that a task was claimed.
pub(super) const CLAIMED: &str = "task.claimed";

/// A turn that is about to end: what is not known any more once the machine moved on.
pub(crate) struct Begun {
    task: TaskId,
    stage: u32,
    kind: StageKind,
    role: Role,
    round: u32,
    opened_at: Instant,
    claimed_at: Instant,
}

/// What came of a turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Came {
    judged: bool,
    found: bool,
    errors: Option<u32>,
    passed: bool,
    read: Option<ReadId>,
    review: Option<Uuid>,
}

impl Came {
    /// A read of one's own.
    pub const fn authored() -> Self {
        Self { judged: false, found: false, errors: None, passed: true, read: None, review: None }
    }

    /// A judgement of somebody else's read: whether something was wrong with it, and how many things were. What is sent back
    /// without saying of any mark that it is wrong has one error.
    pub fn judged(found: bool, errors: u32, read: ReadId) -> Self {
        let errors = Some(if found { errors.max(1) } else { 0 });
        Self { judged: true, found, errors, passed: true, read: Some(read), review: None }
    }

    /// Whether the item went on to the next stage.
    pub const fn passed(self, passed: bool) -> Self {
        Self { passed, ..self }
    }

    /// The review that says so.
    pub const fn review(self, review: Uuid) -> Self {
        Self { review: Some(review), ..self }
    }
}

impl Begun {
    /// The turn that a task of the item stands for; before the machine takes its end.
    pub async fn of(tx: &mut Tx, moving: &Moving, id: TaskId) -> Result<Self> {
        let row = tasks::by_id(tx, id).await?.ok_or(PipelineError::NotFound)?;
        let claimed_at = events::last_at(tx, moving.item.id, CLAIMED, id.uuid()).await?;
        Ok(Self {
            task: id,
            stage: row.stage,
            kind: row.kind,
            role: row.role,
            round: moving.state.task(id).map_or(1, |task| task.round),
            opened_at: row.created_at,
            // Claims of older installations are on record too; without one nobody waited.
            claimed_at: claimed_at.unwrap_or(row.created_at),
        })
    }

    /// Keeps what came of it.
    pub async fn end(self, tx: &mut Tx, moving: &Moving, user: UserId, came: Came) -> Result<()> {
        // A read of a copy is no work on an item.
        if moving.copy.is_some() {
            return Ok(());
        }
        let stage = moving.protocol.stages.get(self.stage as usize);
        let turn = turns::Turn {
            task_id: self.task,
            item_id: moving.item.id,
            project_id: moving.item.project_id,
            stage: self.stage,
            stage_id: stage.map_or_else(String::new, |stage| stage.id.clone()),
            kind: self.kind,
            role: self.role,
            round: self.round,
            user_id: user,
            opened_at: self.opened_at,
            claimed_at: self.claimed_at,
            done_at: tx.now(),
            judged: came.judged,
            found: came.found,
            passed: came.passed,
            overturned: false,
            read_id: came.read,
            review_id: came.review,
            errors: came.errors,
        };
        Ok(turns::insert(tx, turn).await?)
    }
}
