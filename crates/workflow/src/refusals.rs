//! Every refusal of the machine: stable codes and what they mean, for the API, the page and the documentation.

/// A stable code and its meaning in one sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The code as the API returns it.
    pub code: &'static str,
    /// What it means and, where there is one, the way out.
    pub explanation: &'static str,
}

macro_rules! codes {
    ($($name:ident = $code:literal: $explanation:literal;)+) => {
        $(#[doc = $explanation] pub const $name: &str = $code;)+
        /// Every code that [`crate::step`] and its companions can return.
        pub const ALL: &[Explained] = &[$(Explained { code: $code, explanation: $explanation }),+];
    };
}

codes! {
    SEPARATION_OF_DUTIES = "separation_of_duties":
        "You already acted at another stage of this item; another person must do this stage, whatever your role is.";
    ALREADY_READ = "already_read":
        "You have acted at this stage of the item already; another person must do it independently of you.";
    NOT_IN_ROLE = "not_in_role":
        "This act needs a role that you do not have on this project.";
    HELD = "held":
        "The item is on hold; no work is handed out or decided until the hold is lifted.";
    ALREADY_LEASED = "already_leased":
        "Somebody is working on this task at the moment.";
    RESERVED = "reserved":
        "The item was sent back to the person who read it and waits for them; an owner can free it.";
    NOT_READY = "not_ready":
        "The item has no open task now.";
    NOT_LEASED = "not_leased":
        "You do not hold this task; claim it again, your draft is kept until somebody else takes it.";
    STALE_FENCE = "stale_fence":
        "The task was claimed again since you opened it, perhaps by you in another window.";
    LEASE_EXPIRED = "lease_expired":
        "Your time on this task has run out; claim it again, your draft is kept until somebody else takes it.";
    LEASE_RUNNING = "lease_running":
        "The claim on this task has not run out yet.";
    WRONG_STAGE = "wrong_stage":
        "The item is not at the stage or phase where this can be done.";
    OTHER_PROTOCOL_VERSION = "other_protocol_version":
        "The item runs under another version of the protocol than the one that was applied; nothing was changed.";
    WRONG_READ = "wrong_read":
        "This is not the read that belongs to your claim.";
    SIGNATURE_REQUIRED = "signature_required":
        "This stage needs a signature; enter your password again to sign.";
    REASON_REQUIRED = "reason_required":
        "Say why: this decision needs a reason.";
    MISSING_UNANSWERED = "missing_unanswered":
        "Answer whether anything is missing; the answer must agree with what you did.";
    CONTENT_CHANGED = "content_changed":
        "The annotations are not those that this decision is about; look again, or choose fix.";
    NOTHING_FIXED = "nothing_fixed":
        "You chose fix but changed nothing; change a mark, or choose accept.";
    ATTRIBUTE_REQUIRED = "attribute_required":
        "A mark lacks an answer that its class requires.";
    DRAFT_NOT_OFFERED = "draft_not_offered":
        "There is no model draft to show at this stage.";
    REWORK_CAP = "rework_cap":
        "The item came back more often than its protocol allows; an owner must decide what becomes of it.";
    DUPLICATE_HOLD = "duplicate_hold":
        "This hold is already on the item.";
    NO_SUCH_HOLD = "no_such_hold":
        "This hold is not on the item.";
    READS_TOO_FEW = "reads_too_few":
        "The reads do not agree and nothing was merged for the person who decides between them; nothing was changed.";
    CANNOT_ESCALATE = "cannot_escalate":
        "This decision cannot be handed on: the protocol names nobody, or it was handed on already.";
    NOT_OVERDUE = "not_overdue":
        "The task is not overdue.";
    RETURN_UNANSWERED = "return_unanswered":
        "Say to whom it goes back: to the same person or to another.";
    RETURN_FIXED = "return_fixed":
        "The protocol says to whom a rejected read goes at this stage; it cannot be chosen.";
    OPEN_FINDINGS = "open_findings":
        "There are findings on this item that nobody has resolved; nobody accepts or signs over an open question.";
    NO_SUCH_FINDING = "no_such_finding":
        "This finding is not open on the item.";
    READERS_FIXED = "readers_fixed":
        "The protocol does not let an item be read by so few or so many people.";
    NOT_RESERVED = "not_reserved":
        "The task does not wait for a particular person.";
}

/// The meaning of a code.
pub fn explain(code: &str) -> Option<&'static str> {
    ALL.iter().find(|entry| entry.code == code).map(|entry| entry.explanation)
}

/// A refusal with the standing explanation as its message.
pub(crate) fn refuse(code: &'static str) -> countersign_model::Refusal {
    countersign_model::Refusal::new(code, explain(code).unwrap_or(code))
}
