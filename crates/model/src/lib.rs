//! The words of Countersign as types: ids, time, roles, annotations, items, protocols.
//!
//! This room does no I/O, reads no clock and makes no ids: both are parameters ([`Clock`], [`Ids`]).
//! It validates its own values and knows nothing of databases, HTTP or any industry's file formats.

mod annotation;
mod answer;
mod click_model;
mod deid;
mod face_model;
mod gold;
mod id;
mod item;
mod mask;
mod protocol;
mod qualification;
mod refusal;
mod relation;
mod role;
mod shape;
mod stage;
mod time;

pub use annotation::{Annotation, AnnotationError, Arrangement, Author, FrameRef, OBJECTS_PER_READ_MAX};
pub use answer::{
    ANSWER_CHARS_MAX, CANNOT_ASSESS, CannotAssess, Confidence, Contradiction, NotAssessed, Unclear,
    as_counted, contradiction, whole_answer,
};
pub use click_model::{CLICKS_MAX, ClickModelError, ClickUrl, is_click_version};
pub use deid::{
    AuditPlan, ColumnAction, ColumnRule, DatesPolicy, DeidOption, DeidPlan, FacesPlan, HeadScans, OneOf,
    PixelPolicy, PostalCodes, RecordsPlan, is_model_name,
};
pub use face_model::{
    BoxForm, BoxUnit, FaceModelConfig, FaceModelError, MODEL_SIDE_MAX, MODEL_SIDE_MIN, ModelInput,
    ModelLayout, ModelOutput, ModelValues, Telltale,
};
pub use gold::GoldPlan;
pub use id::{
    AccessAlertId, AlarmId, AnnotationId, AppealId, AppraisalId, AssetId, AuditId, BatchId, CampaignId,
    CertificationId, ClaimId, ClickModelId, ComparisonId, DoubtId, EventId, ExampleId, FaceModelId,
    FaceRunId, FindingId, GateEntryId, GoldId, GuidelineId, HoldId, Ids, IngestId, ItemId, JobId,
    LabelSearchId, LeakId, MixId, OntologyChangeId, OrganizationId, PrivacyRequestId, ProjectId,
    QualificationId, ReadId, RecordFileId, ReleaseId, SessionId, SignatureId, SubjectId, TaskId, TicketId,
    TokenId, UserId, WideHoldId,
};
pub use item::{AssetKind, Audience, Facts, Frame, Industry, ItemKind, Stream, StreamKind, Zone};
pub use mask::{MASKS_PER_FRAME_MAX, MaskError, MaskOrigin, MaskRect};
pub use protocol::{
    Attribute, AttributeKind, Class, OverduePlan, Protocol, ProtocolError, ReleasePlan, SkeletonTemplate,
    SuggestionPlan,
};
pub use qualification::{
    QUALIFICATION_BYTES_MAX, QUALIFICATION_NAME_BYTES_MAX, QUALIFICATION_NAMES_MAX, QualificationError,
    QualificationExpr, is_qualification_name,
};
pub use refusal::Refusal;
pub use relation::{
    RELATION_TYPES_MAX, RELATIONS_PER_READ_MAX, Relation, RelationError, RelationType, drop_dangling,
};
pub use role::Role;
pub use shape::{
    BEYOND_IMAGE_MAX_PX, HOLES_PER_POLYGON_MAX, JOINTS_MAX, Joint, JointState, MASK_SIDE_MAX,
    MASK_TEXT_BYTES_MAX, POINTS_PER_SHAPE_MAX, Shape, ShapeKind,
};
pub use stage::{
    Agreement, AiVisibility, Blinding, MergeRule, READERS_MAX, ReturnTo, SignatureMeaning, Stage, StageKind,
};
pub use time::{BadInstant, Clock, Instant};
