//! The words of Countersign as types: ids, time, roles, annotations, items, protocols.
//!
//! This room does no I/O, reads no clock and makes no ids: both are parameters ([`Clock`], [`Ids`]).
//! It validates its own values and knows nothing of databases, HTTP or any industry's file formats.

mod annotation;
mod deid;
mod face_model;
mod id;
mod item;
mod mask;
mod protocol;
mod refusal;
mod role;
mod shape;
mod stage;
mod time;

pub use annotation::{Annotation, AnnotationError, Arrangement, Author, FrameRef, OBJECTS_PER_READ_MAX};
pub use deid::{
    AuditPlan, DatesPolicy, DeidOption, DeidPlan, FacesPlan, HeadScans, PixelPolicy, PostalCodes,
    is_model_name,
};
pub use face_model::{
    BoxForm, BoxUnit, FaceModelConfig, FaceModelError, MODEL_SIDE_MAX, MODEL_SIDE_MIN, ModelInput,
    ModelLayout, ModelOutput, ModelValues, Telltale,
};
pub use id::{
    AlarmId, AnnotationId, AssetId, AuditId, CertificationId, ClaimId, ComparisonId, EventId, FaceModelId,
    FaceRunId, FindingId, GateEntryId, HoldId, Ids, IngestId, ItemId, JobId, LeakId, OrganizationId,
    PrivacyRequestId, ProjectId, ReadId, ReleaseId, SessionId, SignatureId, SubjectId, TaskId, TokenId,
    UserId,
};
pub use item::{AssetKind, Audience, Facts, Frame, Industry, ItemKind, Stream, StreamKind, Zone};
pub use mask::{MASKS_PER_FRAME_MAX, MaskError, MaskOrigin, MaskRect};
pub use protocol::{Attribute, AttributeKind, Class, Protocol, ProtocolError, SkeletonTemplate};
pub use refusal::Refusal;
pub use role::Role;
pub use shape::{
    BEYOND_IMAGE_MAX_PX, HOLES_PER_POLYGON_MAX, JOINTS_MAX, Joint, JointState, MASK_SIDE_MAX,
    MASK_TEXT_BYTES_MAX, POINTS_PER_SHAPE_MAX, Shape, ShapeKind,
};
pub use stage::{
    Agreement, AiVisibility, MergeRule, READERS_MAX, ReturnTo, SignatureMeaning, Stage, StageKind,
};
pub use time::{Clock, Instant};
