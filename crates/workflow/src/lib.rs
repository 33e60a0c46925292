//! The state machine of an item: who may do what next, and what follows.
//!
//! [`step`] is one pure function over a versioned protocol: state and event in, new state and effects out, or a
//! typed refusal. Time, ids and roles come in with the event; nothing here reads a clock or a database. The store
//! keeps [`ItemState`] as JSON beside the item and carries out the [`Effect`]s in the same transaction.
//!
//! The path is a chain: `prelabel? → read → (review | sign)* → accepted → released`. A rejection at a review or sign
//! stage sends the item back to the read stage in a new round, reserved for the person whose read it was.
//!
//! Guards, whatever a person's role:
//! - Whoever acted at one human stage of an item never acts at another of its stages, in any round.
//! - Only the holder of a running lease acts, and only with the newest fencing token.
//! - A held item gives out no work and takes no decision; the holder of a lease may go on saving and may give back.
//! - A reviewer answers whether something is missing; a rejection names its reason; a signature is bound to the hash
//!   of the read that stands.

mod adjudicate;
mod claim;
pub mod compare;
mod complete;
mod decide;
mod delta;
mod divide;
pub mod document;
mod event;
pub mod gold;
mod hash;
mod machine;
mod protocols;
mod recall;
pub mod refusals;
mod rework;
mod state;
pub mod suggestions;
mod visibility;

pub use adjudicate::asks_another_reader;
pub use claim::{lease_until, may_claim, may_save};
pub use complete::check_complete;
pub use delta::{Delta, LabelDelta, deltas};
pub use event::{
    AdjudicateDecision, Effect, Event, Merged, Missing, OwnerDecision, ReviewDecision, SignDecision,
};
pub use hash::{canonical_json, content_hash};
pub use machine::{DRAW_PREFIX, is_sampled, sample_draw, signature_meaning, step};
pub use protocols::{PROTOCOL_BYTES_MAX, ProtocolDocumentError, parse_protocol, shipped};
pub use state::{
    Act, Actor, EARLIER_READING, ItemState, Lease, Phase, ReadState, ReadStatus, Returned, TaskState,
};
pub use visibility::{hides_names, visible_reads};
