//! The words of Countersign as types: ids, time, roles, annotations, items, protocols.
//!
//! This room does no I/O, reads no clock and makes no ids: both are parameters ([`Clock`], [`Ids`]).
//! It validates its own values and knows nothing of databases, HTTP or any industry's file formats.

mod annotation;
mod id;
mod item;
mod protocol;
mod refusal;
mod role;
mod time;

pub use annotation::{
    Annotation, AnnotationError, Author, FrameRef, OBJECTS_PER_READ_MAX, POINTS_PER_SHAPE_MAX, Shape,
    ShapeKind,
};
pub use id::{
    AnnotationId, AssetId, AuditId, ClaimId, EventId, GateEntryId, HoldId, Ids, IngestId, ItemId, JobId,
    LeakId, OrganizationId, ProjectId, ReadId, ReleaseId, SessionId, SignatureId, TaskId, TokenId, UserId,
};
pub use item::{AssetKind, Facts, Frame, Industry, ItemKind, Stream, StreamKind, Zone};
pub use protocol::{
    AiVisibility, Attribute, AttributeKind, Class, Protocol, ProtocolError, SignatureMeaning, Stage,
    StageKind,
};
pub use refusal::Refusal;
pub use role::Role;
pub use time::{Clock, Instant};
