//! What the machine remembers of one item.

use std::{collections::BTreeMap, fmt, str::FromStr};

use countersign_model::{Author, FindingId, HoldId, Instant, ReadId, Role, TaskId, UserId};
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
    /// Several people read it independently. Who, how many and since when stays hidden until all are done, so the
    /// word is the same however far they are.
    Reading,
    /// All reads are locked; the machine compares them.
    Comparing,
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
        Self::Reading,
        Self::Comparing,
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
            Self::Reading => "reading",
            Self::Comparing => "comparing",
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
    /// Decided between reads.
    Adjudicated,
    /// Handed a decision between reads on to a higher tier.
    Escalated,
    /// Had a part in an earlier reading that was misled by its draft.
    Misled,
}

/// The stage of [`Act::Misled`]: none of any protocol, so that whoever acted there acted elsewhere than at every stage.
pub const EARLIER_READING: u32 = u32::MAX;

impl Act {
    /// The word as API and database spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authored => "authored",
            Self::Reviewed => "reviewed",
            Self::Signed => "signed",
            Self::Rejected => "rejected",
            Self::Adjudicated => "adjudicated",
            Self::Escalated => "escalated",
            Self::Misled => "misled",
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
    /// Fencing token: grows with every claim on the task; an act with an older one is refused.
    pub fence: u64,
    /// The read that the holder works in; absent at a sign stage, where nothing is drawn.
    pub read: Option<ReadId>,
}

/// A read that was sent back, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// The read as it stood when it was rejected.
    pub read: ReadId,
    /// The author at the stage that it goes back to; only they begin the new round from it. Absent where the machine
    /// merged the reads, or where another person is to begin afresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<UserId>,
    /// Whoever takes it up begins from that read: it was right under the rule of its time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kept: bool,
}

/// An open task of an item: one, or as many as there are independent reads to make.
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
    /// Last fencing token given out on this task. Tokens of independent reads do not tell of each other.
    #[serde(default)]
    pub fence: u64,
    /// The draft that was begun on this task, while it may still be taken up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<ReadId>,
    /// The role that it was handed on to, instead of the stage's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whoever acted at this stage before may not take it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
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
    /// Its place among the reads of its stage in the order in which they were locked, from 1; 0 while it is a draft and
    /// where only one person reads.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub place: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_zero(place: &u32) -> bool {
    *place == 0
}

/// A list of tasks, or the single one (or none) that older installations wrote.
fn one_or_many<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<TaskState>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Many(Vec<TaskState>),
        One(Option<Box<TaskState>>),
    }
    Ok(match Either::deserialize(from)? {
        Either::Many(tasks) => tasks,
        Either::One(task) => task.map(|task| *task).into_iter().collect(),
    })
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
    /// The open tasks. Items of older installations have one `task`.
    #[serde(default, alias = "task", deserialize_with = "one_or_many")]
    pub tasks: Vec<TaskState>,
    /// Number drawn for the item when it passed the gate: decides which samples it falls into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draw: Option<u64>,
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
    /// How often each stage that has a cap of its own sent it back since an owner decided.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sent_back: BTreeMap<u32, u32>,
    /// Rounds that owners granted beyond the protocol's cap.
    #[serde(default)]
    pub rework_granted: u32,
    /// Last fencing token given out at stages that are passed.
    #[serde(default)]
    pub fence: u64,
    /// The stage that a rejected read goes back to was handed on, by hand or because nobody finished it in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub handed_on: bool,
    /// Findings that must be resolved before anybody accepts or signs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingId>,
    /// The model's draft is shown to nobody: as was drawn for the item, or because people kept what was made wrong in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
    /// How many independent reads it gets where it was divided among organizations; absent where its stage says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readers: Option<u32>,
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
            tasks: Vec::new(),
            draw: None,
            reads: Vec::new(),
            current: None,
            actors: Vec::new(),
            holds: Vec::new(),
            rework_count: 0,
            sent_back: BTreeMap::new(),
            rework_granted: 0,
            fence: 0,
            handed_on: false,
            findings: Vec::new(),
            withheld: false,
            readers: None,
        }
    }

    /// The open task with this id.
    pub fn task(&self, id: TaskId) -> Option<&TaskState> {
        self.tasks.iter().find(|task| task.id == id)
    }

    pub(crate) fn task_mut(&mut self, id: TaskId) -> Option<&mut TaskState> {
        self.tasks.iter_mut().find(|task| task.id == id)
    }

    /// The open task that this person has claimed, running or lapsed.
    pub fn held_by(&self, user: UserId) -> Option<&TaskState> {
        self.tasks.iter().find(|task| task.lease.is_some_and(|lease| lease.user == user))
    }

    /// The phase, or for a recalled item the one that it goes back to.
    pub fn standing_phase(&self) -> Phase {
        self.recalled_from.unwrap_or(self.phase)
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

    /// The model's draft, as far as anybody may be shown it.
    pub fn draft(&self) -> Option<&ReadState> {
        let is_draft = |read: &&ReadState| matches!(read.author, Author::Model { .. });
        self.reads.iter().find(is_draft).filter(|_| !self.withheld)
    }

    /// Whether this person acted at a stage other than the one named.
    pub fn acted_elsewhere(&self, user: UserId, stage: u32) -> bool {
        self.actors.iter().any(|actor| actor.user == user && actor.stage != stage)
    }

    /// Whether this person acted at this stage.
    pub fn acted_at(&self, user: UserId, stage: u32) -> bool {
        self.actors.iter().any(|actor| actor.user == user && actor.stage == stage)
    }

    /// What the machine merged out of independent reads last.
    pub fn merged(&self) -> Option<&ReadState> {
        self.reads.iter().rev().find(|read| matches!(read.author, Author::Rule { .. }))
    }

    /// The locked reads of people at a stage, in the order in which they were locked.
    pub fn locked_at(&self, stage: u32) -> Vec<&ReadState> {
        let person = |read: &&ReadState| matches!(read.author, Author::Human { .. });
        let locked = |read: &&ReadState| read.stage == stage && read.status == ReadStatus::Submitted;
        let mut reads: Vec<_> = self.reads.iter().filter(locked).filter(person).collect();
        reads.sort_by_key(|read| read.place);
        reads
    }

    /// Whether this person acted at any stage.
    pub fn took_part(&self, user: UserId) -> bool {
        self.actors.iter().any(|actor| actor.user == user)
    }
}
