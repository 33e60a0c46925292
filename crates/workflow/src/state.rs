//! What the machine remembers of one item.

use std::{fmt, str::FromStr};

use countersign_model::{Author, HoldId, Instant, ReadId, TaskId, UserId};
use serde::{Deserialize, Serialize};

/// Where an item is in its life. Being held is no phase: it is [`ItemState::is_held`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// In the gate; nobody works on it.
    Quarantined,
    /// The gate or the privacy officer refused it; final.
    Rejected,
    /// Through the gate, waits for the model's draft.
    Cleared,
    /// A task waits for somebody at [`ItemState::stage`].
    Queued,
    /// Somebody has claimed the task.
    Leased,
    /// Came back more often than the protocol allows; waits for an owner's decision.
    Escalated,
    /// Passed every stage.
    Accepted,
    /// In at least one release.
    Released,
    /// Taken out of work by an owner; final.
    Withdrawn,
    /// The bytes and marks of the person in it were destroyed; the ids stay. Final.
    Erased,
    /// Something that identifies a person was found in it or in its batch: nobody is shown it until a privacy
    /// officer restores or rejects it.
    Recalled,
}

impl Phase {
    /// Every phase, in the order of an item's life.
    pub const ALL: &'static [Self] = &[
        Self::Quarantined,
        Self::Rejected,
        Self::Cleared,
        Self::Queued,
        Self::Leased,
        Self::Escalated,
        Self::Accepted,
        Self::Released,
        Self::Withdrawn,
        Self::Erased,
        Self::Recalled,
    ];

    /// The word as code, API, page and database spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Quarantined => "quarantined",
            Self::Rejected => "rejected",
            Self::Cleared => "cleared",
            Self::Queued => "queued",
            Self::Leased => "leased",
            Self::Escalated => "escalated",
            Self::Accepted => "accepted",
            Self::Released => "released",
            Self::Withdrawn => "withdrawn",
            Self::Erased => "erased",
            Self::Recalled => "recalled",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Phase {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|phase| phase.as_str() == text)
            .ok_or_else(|| format!("not a phase: {text:?}"))
    }
}

/// What a person did at a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Submitted a read.
    Authored,
    /// Accepted or fixed a read at a review stage.
    Reviewed,
    /// Signed.
    Signed,
    /// Sent a read back, at a review or a sign stage.
    Rejected,
}

impl Act {
    /// The word as API and database spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authored => "authored",
            Self::Reviewed => "reviewed",
            Self::Signed => "signed",
            Self::Rejected => "rejected",
        }
    }
}

/// A person who acted at a stage; kept for the item's whole life, over all rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Who.
    pub user: UserId,
    /// At which stage (index in the protocol).
    pub stage: u32,
    /// What they did.
    pub act: Act,
}

/// A time-boxed claim on the task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Who holds it.
    pub user: UserId,
    /// It runs while `now < until`.
    pub until: Instant,
    /// Fencing token: grows with every claim on the item; an act with an older one is refused.
    pub fence: u64,
    /// The read that the holder works in; absent at a sign stage, where nothing is drawn.
    pub read: Option<ReadId>,
}

/// A read that was sent back, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// The read as it stood when it was rejected.
    pub read: ReadId,
    /// The author of the read stage; only they begin the new round from it.
    pub to: UserId,
}

/// The open task of an item. An item has at most one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskState {
    /// Its id; a new one for each stage and round.
    pub id: TaskId,
    /// Stage (index in the protocol).
    pub stage: u32,
    /// Round, from 1; each rejection begins a new one.
    pub round: u32,
    /// The claim, running or lapsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Lease>,
    /// Only this person may claim it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved_for: Option<UserId>,
    /// What was sent back, in a round after the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<Returned>,
    /// Who asked for the model's draft and was shown it, where the stage shows it on request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_shown_to: Option<UserId>,
}

/// What became of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReadStatus {
    /// Being worked on; only its author sees it.
    Draft,
    /// Locked.
    Submitted,
    /// Sent back by a later stage.
    Returned,
    /// Replaced by a reviewer's fixed copy.
    Superseded,
    /// Never finished: somebody else took the task, or the review ended in a rejection.
    Void,
}

impl ReadStatus {
    /// The word as API and database spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Returned => "returned",
            Self::Superseded => "superseded",
            Self::Void => "void",
        }
    }
}

/// One read of the item, as far as the machine needs to know it. Void reads are dropped from the state (the store
/// keeps them), so that claiming and giving back for ever does not make it grow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadState {
    /// The read.
    pub id: ReadId,
    /// Stage it was made at.
    pub stage: u32,
    /// A person or a model.
    pub author: Author,
    /// What became of it.
    pub status: ReadStatus,
    /// [`crate::content_hash`] of its annotations, once locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
}

impl ReadState {
    /// Whether this person is its author.
    pub fn is_by(&self, user: UserId) -> bool {
        matches!(self.author, Author::Human { user: author } if author == user)
    }
}

/// Everything the machine knows of one item. Stored as JSON; the field names are stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemState {
    /// Where it is in its life.
    pub phase: Phase,
    /// Version of the protocol that it runs under, from its clearance to its end; absent before, and for items of older
    /// installations, which run under whatever version is current.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<u32>,
    /// Where a recalled item goes back to once it is restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recalled_from: Option<Phase>,
    /// Stage that is worked or waited on, as an index in the protocol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<u32>,
    /// The open task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskState>,
    /// Reads, oldest first.
    #[serde(default)]
    pub reads: Vec<ReadState>,
    /// The read that stands: submitted, or fixed by the last reviewer; absent before the first submit and after a
    /// rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<ReadId>,
    /// Who acted at which stage; each triple once.
    #[serde(default)]
    pub actors: Vec<Actor>,
    /// Open holds.
    #[serde(default)]
    pub holds: Vec<HoldId>,
    /// How often the item was sent back.
    #[serde(default)]
    pub rework_count: u32,
    /// Rounds that owners granted beyond the protocol's cap.
    #[serde(default)]
    pub rework_granted: u32,
    /// Last fencing token given out.
    #[serde(default)]
    pub fence: u64,
}

impl Default for ItemState {
    fn default() -> Self {
        Self::new()
    }
}

impl ItemState {
    /// An item that just came in: quarantined, untouched.
    pub const fn new() -> Self {
        Self {
            phase: Phase::Quarantined,
            protocol_version: None,
            recalled_from: None,
            stage: None,
            task: None,
            reads: Vec::new(),
            current: None,
            actors: Vec::new(),
            holds: Vec::new(),
            rework_count: 0,
            rework_granted: 0,
            fence: 0,
        }
    }

    /// Whether a hold keeps the item out of work and out of releases.
    pub const fn is_held(&self) -> bool {
        !self.holds.is_empty()
    }

    /// The read with this id.
    pub fn read(&self, id: ReadId) -> Option<&ReadState> {
        self.reads.iter().find(|read| read.id == id)
    }

    /// The read that stands: what a reviewer reviews, a specialist signs and a release takes.
    pub fn current_read(&self) -> Option<&ReadState> {
        self.current.and_then(|id| self.read(id))
    }

    /// The model's draft.
    pub fn draft(&self) -> Option<&ReadState> {
        self.reads.iter().find(|read| matches!(read.author, Author::Model { .. }))
    }

    /// The claim on the open task, running or lapsed.
    pub fn lease(&self) -> Option<&Lease> {
        self.task.as_ref().and_then(|task| task.lease.as_ref())
    }

    /// Whether this person acted at a stage other than the one named.
    pub fn acted_elsewhere(&self, user: UserId, stage: u32) -> bool {
        self.actors.iter().any(|actor| actor.user == user && actor.stage != stage)
    }

    /// Whether this person acted at any stage.
    pub fn took_part(&self, user: UserId) -> bool {
        self.actors.iter().any(|actor| actor.user == user)
    }
}
