//! What can happen to an item, and what follows from it.

use countersign_model::{
    FindingId, HoldId, Instant, ReadId, ReleaseId, ReturnTo, Role, SignatureId, TaskId, UserId,
};
use serde::{Deserialize, Serialize};

use crate::Act;

/// A reviewer's answer to "is each mark right?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewDecision {
    /// As it is; the reviewer changed nothing.
    Accept,
    /// Right after the reviewer's own corrections.
    Fix,
    /// Back to its author.
    Reject,
}

/// A reviewer's answer to "is anything missing?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Nothing is.
    Nothing,
    /// Something was; the reviewer added it.
    Added,
}

/// What a specialist signs for. Both are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignDecision {
    /// Countersigned.
    Sign,
    /// Back to its author.
    Reject,
}

/// What an adjudicator does about reads that disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjudicateDecision {
    /// Decides: their own read stands from now on.
    Decide,
    /// Hands the decision on to the role that the protocol names.
    Escalate,
}

/// What the machine merged out of independent reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The read that holds it.
    pub read: ReadId,
    /// Hash of its annotations.
    pub content_hash: String,
    /// The rule and its version.
    pub rule: String,
}

/// What an owner decides about an item that came back too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum OwnerDecision {
    /// One more round, open to everybody who may read.
    Reopen,
    /// Out of work for good.
    Withdraw,
}

/// Something that happened to an item. `roles` are the grants on the project that the person holds at this moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The gate, or a privacy officer, let the item through.
    Cleared {
        /// Number drawn for the item from the project's recorded seed; decides which samples it falls into.
        #[serde(default)]
        draw: u64,
    },
    /// The gate, or a privacy officer, refused it.
    GateRejected,
    /// A model finished its draft.
    Drafted {
        /// The model's read.
        read: ReadId,
        /// Hash of its annotations.
        content_hash: String,
        /// Model name.
        model: String,
        /// Model version.
        version: String,
        /// It is shown to nobody: the item is read as it would be without a model.
        #[serde(default)]
        withheld: bool,
    },
    /// No draft can be made; work goes on without one.
    DraftFailed,
    /// Somebody takes the task. The lease runs for the stage's `lease_minutes` from `now`.
    Claimed {
        /// Which of the item's open tasks.
        task: TaskId,
        /// Who.
        user: UserId,
        /// Their grants.
        roles: Vec<Role>,
        /// When.
        now: Instant,
        /// Id of the read to open; not used when the person resumes their own draft, nor at a sign stage.
        read: ReadId,
    },
    /// The holder needs longer: the lease runs for the stage's `lease_minutes` from `now`.
    Renewed {
        /// Who.
        user: UserId,
        /// Their fencing token.
        fence: u64,
        /// When.
        now: Instant,
    },
    /// The holder gives the task back; their draft waits in case they return before somebody else comes.
    GivenBack {
        /// Who.
        user: UserId,
        /// Their fencing token.
        fence: u64,
    },
    /// The sweeper found the lease past its end.
    LeaseExpired {
        /// The lease on which task.
        task: TaskId,
        /// When.
        now: Instant,
    },
    /// The holder asks to see the model's draft, where the stage shows it on request.
    DraftRequested {
        /// Who.
        user: UserId,
        /// Their fencing token.
        fence: u64,
        /// When.
        now: Instant,
    },
    /// The reader is done.
    Submitted {
        /// Who.
        user: UserId,
        /// Their fencing token.
        fence: u64,
        /// When.
        now: Instant,
        /// Their read.
        read: ReadId,
        /// Hash of its annotations.
        content_hash: String,
        /// Needed when the stage names a signature meaning.
        signature: Option<SignatureId>,
    },
    /// The reviewer is done.
    Reviewed {
        /// Who.
        user: UserId,
        /// Their fencing token.
        fence: u64,
        /// When.
        now: Instant,
        /// Is each mark right?
        decision: ReviewDecision,
        /// Is anything missing? Needed for `accept` and `fix`.
        missing: Option<Missing>,
        /// Reason code; needed for `reject`.
        reason: Option<String>,
        /// To whom it goes back, where the stage lets the reviewer choose.
        #[serde(default)]
        return_to: Option<ReturnTo>,
        /// The reviewer's own read (their copy of the one under review).
        read: ReadId,
        /// Hash of its annotations.
        content_hash: String,
        /// Needed when the stage names a signature meaning.
        signature: Option<SignatureId>,
    },
    /// The specialist signs, or signs that they reject.
    Signed {
        /// Who.
        user: UserId,
        /// Their fencing token.
        fence: u64,
        /// When.
        now: Instant,
        /// Which of the two.
        decision: SignDecision,
        /// Reason code; needed for `reject`.
        reason: Option<String>,
        /// To whom it goes back, where the stage lets the specialist choose.
        #[serde(default)]
        return_to: Option<ReturnTo>,
        /// Hash of what they saw; must be that of the read that stands.
        content_hash: String,
        /// The signature, made after the person proved again who they are.
        signature: Option<SignatureId>,
    },
    /// The machine compared the reads that are locked.
    Compared {
        /// They say the same, by the protocol's agreement rule.
        agreed: bool,
        /// What agrees, merged. Not needed when another reader is asked ([`crate::asks_another_reader`]).
        merged: Option<Merged>,
    },
    /// The adjudicator is done.
    Adjudicated {
        /// Who.
        user: UserId,
        /// Their fencing token.
        fence: u64,
        /// When.
        now: Instant,
        /// Decides, or hands on.
        decision: AdjudicateDecision,
        /// Reason code; needed for both.
        reason: Option<String>,
        /// Their read.
        read: ReadId,
        /// Hash of its annotations.
        content_hash: String,
        /// Needed to decide when the stage names a signature meaning.
        signature: Option<SignatureId>,
    },
    /// Nobody finished a task in the time that the protocol gives: it is handed on.
    Overdue {
        /// Which.
        task: TaskId,
        /// When.
        now: Instant,
    },
    /// Somebody pinned a finding that must be resolved before anybody accepts.
    FindingOpened {
        /// Which.
        finding: FindingId,
    },
    /// A finding was resolved.
    FindingResolved {
        /// Which.
        finding: FindingId,
    },
    /// An owner frees a task that waits for one person.
    Unreserved {
        /// The owner.
        user: UserId,
        /// Their grants.
        roles: Vec<Role>,
    },
    /// The person that a task waits for can do it no more: they left, or lost the role or a certificate that it asks for.
    ReservationEnded {
        /// Who.
        user: UserId,
    },
    /// An owner decides about an item that came back too often.
    OwnerDecided {
        /// The owner.
        user: UserId,
        /// Their grants.
        roles: Vec<Role>,
        /// What.
        decision: OwnerDecision,
        /// Why; needed.
        reason: Option<String>,
    },
    /// A hold was put on the item.
    Held {
        /// The hold.
        hold: HoldId,
    },
    /// A hold was lifted.
    Lifted {
        /// The hold.
        hold: HoldId,
    },
    /// A leak was found in the item or in its batch: work stops, claims end, nothing of it is shown.
    Recalled,
    /// A privacy officer looked again and gives the item back to where it was.
    Restored,
    /// The rule that its labels follow was corrected: it goes back into work, beginning from what was accepted.
    Relabelled,
    /// What the last stage passed still holds what was made wrong in the draft: right after the act that would have accepted the
    /// item. It is read again by somebody else, who is not shown the draft.
    SuggestionKept,
    /// The item was given to one or several organizations before anybody read it: so many independent reads are asked for, no fewer
    /// than the stage's `readers_min`.
    Divided {
        /// How many.
        readers: u32,
    },
    /// The item went into a release (an item may be in several).
    Released {
        /// The release.
        release: ReleaseId,
    },
    /// The person in it was erased: from any phase, for good. An item that is erased already stays so.
    Erased,
}

/// What the store has to do in the same transaction. In the order given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Ask a model for a draft.
    NeedsDraft,
    /// Compare the reads that are locked at the read stage.
    NeedsCompare,
    /// Offer the task: insert it, or make it ready again.
    OpenTask {
        /// The task.
        task: TaskId,
        /// Its stage.
        stage: u32,
        /// Who may claim it.
        role: Role,
        /// Only this person.
        reserved_for: Option<UserId>,
        /// Its round, from 1.
        round: u32,
        /// Last fencing token given out on the task: the next claim gets this plus one.
        fence: u64,
        /// Whoever acted at this stage before may not take it, nor whoever holds another task of the item.
        apart: bool,
    },
    /// The task is leased (or its lease runs longer now).
    LeaseTask {
        /// The task.
        task: TaskId,
        /// To whom.
        user: UserId,
        /// Until when.
        until: Instant,
        /// Fencing token.
        fence: u64,
    },
    /// The task is not to be offered, and nobody holds it, while the item is held; a later `OpenTask` offers it
    /// again under the same id. (A queue whose claim leaves out held items may keep it as ready.)
    WithdrawTask {
        /// The task.
        task: TaskId,
    },
    /// The task waits for nobody in particular any more; whether it is offered, held or leased stays.
    FreeTask {
        /// The task.
        task: TaskId,
    },
    /// The task is done.
    CloseTask {
        /// The task.
        task: TaskId,
        /// Last fencing token given out on it.
        fence: u64,
    },
    /// Make a draft read, as a copy of `base` or empty. Annotations keep their author and version.
    OpenRead {
        /// The new read.
        read: ReadId,
        /// Its stage.
        stage: u32,
        /// Its author.
        user: UserId,
        /// What it begins as.
        base: Option<ReadId>,
    },
    /// The person goes on with the draft they have.
    ResumeRead {
        /// Their read.
        read: ReadId,
    },
    /// The read ends as void.
    VoidRead {
        /// The read.
        read: ReadId,
    },
    /// The read is locked under this hash.
    LockRead {
        /// The read.
        read: ReadId,
        /// Its stage.
        stage: u32,
        /// Its hash.
        content_hash: String,
    },
    /// The read was sent back.
    ReturnRead {
        /// The read.
        read: ReadId,
    },
    /// The read was replaced by a fixed copy.
    SupersedeRead {
        /// The read.
        read: ReadId,
    },
    /// Remember that this person acted at this stage (the separation set).
    Participated {
        /// Who.
        user: UserId,
        /// Where.
        stage: u32,
        /// What.
        act: Act,
    },
    /// The model's draft is visible to this person from now on.
    DraftShown {
        /// The draft.
        read: ReadId,
        /// To whom.
        user: UserId,
    },
    /// Every stage is passed.
    Accepted {
        /// The read that stands.
        read: ReadId,
        /// Its hash.
        content_hash: String,
    },
    /// The item came back too often: an owner must decide.
    NeedsOwner,
}
