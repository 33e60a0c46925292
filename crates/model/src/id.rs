//! One registry of id kinds, so that ids of different things cannot be mixed.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Source of fresh ids (time-ordered UUIDs, version 7). A parameter everywhere; the binary owns the real one.
pub trait Ids: Send + Sync {
    /// A fresh, never repeated id.
    fn fresh(&self) -> Uuid;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh id from the given source.
            pub fn fresh(ids: &dyn Ids) -> Self {
                Self(ids.fresh())
            }
            /// The bare UUID, as the store keeps it.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.hyphenated())
            }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::Uuid)))
                    .into()
            }
        }
        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    )+};
}

ids! {
    /// An organization: own staff or an outside vendor.
    OrganizationId,
    /// A person's account; never reassigned.
    UserId,
    /// A signed-in session.
    SessionId,
    /// An API token.
    TokenId,
    /// Items that were divided among vendors by one drawing.
    MixId,
    /// A project: one dataset under construction.
    ProjectId,
    /// One run of ingest.
    IngestId,
    /// One stored file, immutable.
    AssetId,
    /// A table of records, or free text, that came in beside the images.
    RecordFileId,
    /// The unit of annotation.
    ItemId,
    /// An item's entry in the privacy officer's queue.
    GateEntryId,
    /// A read that waits for somebody.
    TaskId,
    /// One claim on a task.
    ClaimId,
    /// One person's or model's complete set of annotations for one item at one stage.
    ReadId,
    /// An annotation through all its versions.
    AnnotationId,
    /// A signature over a content hash.
    SignatureId,
    /// A registered model that finds faces and plates.
    FaceModelId,
    /// An acceptance run of such a model.
    FaceRunId,
    /// A registered model that segments by clicks.
    ClickModelId,
    /// A hold.
    HoldId,
    /// A question or defect pinned to a place, with a thread.
    FindingId,
    /// What somebody says against a review of their read.
    AppealId,
    /// What came of comparing the reads of an item.
    ComparisonId,
    /// A search for wrong labels.
    LabelSearchId,
    /// Something that such a search doubts.
    DoubtId,
    /// An immutable dataset version.
    ReleaseId,
    /// An entry of the evidence log before it has an index.
    EventId,
    /// A unit of background work.
    JobId,
    /// Whoever the bytes are about: a patient, a drive, a lot; within one project.
    SubjectId,
    /// A request for erasure or re-identification.
    PrivacyRequestId,
    /// A sampled human audit of what the gate cleared.
    AuditId,
    /// A frozen set of accepted labels whose error is bounded by a blind audit.
    CertificationId,
    /// Items that are accepted or sent back together; the id of its audit, too.
    BatchId,
    /// Evidence that somebody's work changed.
    AlarmId,
    /// Something that identifies a person, found after the gate.
    LeakId,
    /// An account that was locked after wrong passwords, until somebody has looked into it.
    AccessAlertId,
    /// A dated credential of a person.
    QualificationId,
    /// One version of a project's guideline, or its draft.
    GuidelineId,
    /// An example picture of a guideline.
    ExampleId,
    /// A named round of rework over items whose labels follow an older rule.
    CampaignId,
    /// A change of a project's classes.
    OntologyChangeId,
    /// What several people understand differently.
    TicketId,
    /// An item whose right labels are known.
    GoldId,
    /// A hold on a lot, a batch, a delivery, a release or a person's work.
    WideHoldId,
    /// A study of how people judge the same items again and again.
    AppraisalId,
}
