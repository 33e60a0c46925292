//! What the use cases answer: items, reads and work as people see them.

use countersign_model::{
    Annotation, Author, CannotAssess, Facts, Instant, ItemId, ItemKind, ProjectId, Protocol, ReadId,
    SignatureMeaning, StageKind, Stream, TaskId, UserId,
};
use countersign_store::{items, reads, tasks};
use serde::Serialize;

use crate::{PipelineError, Result, gate::ItemRecord, sign::SignatureView};

/// An item in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemSummary {
    /// Item.
    pub id: ItemId,
    /// Neutral name.
    pub name: String,
    /// What it is.
    pub kind: ItemKind,
    /// Phase word.
    #[cfg_attr(feature = "openapi", schema(value_type = countersign_workflow::Phase))]
    pub phase: String,
    /// Stage that is worked or waited on.
    pub stage: Option<u32>,
    /// Under a hold.
    pub held: bool,
    /// It was accepted with the answer that it cannot be assessed, and that is no secret to the caller.
    pub cannot_assess: bool,
    /// Typed facts.
    pub facts: Facts,
    /// When it changed last.
    pub updated_at: Instant,
}

impl From<items::Item> for ItemSummary {
    fn from(item: items::Item) -> Self {
        Self {
            id: item.id,
            name: item.name,
            kind: item.kind,
            phase: item.state,
            stage: item.stage,
            held: item.held,
            cannot_assess: false,
            facts: item.facts.0,
            updated_at: item.updated_at,
        }
    }
}

/// An item with its streams and what the caller may see of the work on it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ItemDetail {
    /// Item.
    pub id: ItemId,
    /// Its project.
    pub project: ProjectId,
    /// Neutral name.
    pub name: String,
    /// What it is.
    pub kind: ItemKind,
    /// Phase word.
    #[cfg_attr(feature = "openapi", schema(value_type = countersign_workflow::Phase))]
    pub phase: String,
    /// Stage that is worked or waited on.
    pub stage: Option<u32>,
    /// Under a hold.
    pub held: bool,
    /// Typed facts.
    pub facts: Facts,
    /// Rows of cleaned tables about it; none until the gate has passed the item.
    pub records: Vec<ItemRecord>,
    /// Streams; empty until the gate has passed the item.
    pub streams: Vec<Stream>,
    /// Reads that the caller may see.
    pub reads: Vec<ReadSummary>,
    /// Signatures that the caller may see.
    pub signatures: Vec<SignatureView>,
    /// Open holds.
    pub holds: Vec<HoldView>,
    /// It was accepted with the answer that it cannot be assessed, in a read that the caller may see.
    pub cannot_assess: bool,
    /// The caller may see its pixels or points.
    pub may_view_pixels: bool,
    /// It came back too often and the caller may decide what becomes of it.
    pub may_decide: bool,
    /// It waits for one person and the caller may give it to anybody.
    pub may_unreserve: bool,
}

/// A hold as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HoldView {
    /// Hold.
    pub id: countersign_model::HoldId,
    /// Item.
    pub item: ItemId,
    /// Why.
    pub reason: String,
    /// Who put it there.
    pub opened_by: Option<UserId>,
    /// When.
    pub opened_at: Instant,
    /// When it was lifted.
    pub lifted_at: Option<Instant>,
    /// Why it was lifted.
    pub lift_reason: Option<String>,
}

/// A read without its annotations.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadSummary {
    /// Read.
    pub id: ReadId,
    /// Stage it was made at.
    pub stage: u32,
    /// What that stage does.
    pub kind: StageKind,
    /// A person or a model; the page always shows which.
    pub author: Author,
    /// Printed name of the person, or name and version of the model.
    pub author_name: String,
    /// What became of it.
    #[cfg_attr(feature = "openapi", schema(value_type = countersign_workflow::ReadStatus))]
    pub status: String,
    /// Marks in it.
    pub annotation_count: u32,
    /// The answer that the whole item cannot be assessed, if it was handed in with that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cannot_assess: Option<CannotAssess>,
    /// Protocol version it was made under.
    pub protocol_version: u32,
    /// Hash of its content, once locked.
    pub content_hash: Option<String>,
    /// When it was begun.
    pub created_at: Instant,
    /// When it was locked.
    pub submitted_at: Option<Instant>,
    /// When its author was first shown the model's draft, whether they asked for it or the stage shows it from the start; absent
    /// when that was not before the read was locked.
    pub draft_shown_at: Option<Instant>,
    /// SHA-256 of the model that drafted it, hexadecimal; absent of people, and of drafts from before it was kept.
    pub model_hash: Option<String>,
    /// What that hash is over: `file` (the bytes of the model) or `declaration` (its name, version and settings).
    pub model_hash_of: Option<String>,
}

/// A read with its annotations.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReadView {
    /// The read.
    #[serde(flatten)]
    pub summary: ReadSummary,
    /// Item.
    pub item: ItemId,
    /// Revision for `If-Match`.
    pub revision: u64,
    /// Its annotations as they stand.
    pub annotations: Vec<Annotation>,
}

/// A claimed task.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkTask {
    /// Task.
    pub id: TaskId,
    /// Item.
    pub item: ItemId,
    /// Item's name.
    pub item_name: String,
    /// Project.
    pub project: ProjectId,
    /// Stage index.
    pub stage: u32,
    /// Stage id.
    pub stage_id: String,
    /// Stage title.
    pub title: String,
    /// What the stage does.
    pub kind: StageKind,
    /// Fencing token: send it with every act on the task.
    pub fence: u64,
    /// When the claim ends.
    pub lease_until: Option<Instant>,
}

impl WorkTask {
    pub(crate) fn new(task: &tasks::Task, item: &items::Item, protocol: &Protocol) -> Self {
        let stage = protocol.stages.get(task.stage as usize);
        Self {
            id: task.id,
            item: item.id,
            item_name: item.name.clone(),
            project: task.project_id,
            stage: task.stage,
            stage_id: stage.map_or_else(String::new, |stage| stage.id.clone()),
            title: stage.map_or_else(String::new, |stage| stage.title.clone()),
            kind: task.kind,
            fence: task.fence,
            lease_until: task.lease_until,
        }
    }
}

/// Why a read came back.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Returned {
    /// Reason code.
    pub reason: Option<String>,
    /// The reviewer's words.
    pub comment: Option<String>,
    /// When.
    pub at: Instant,
}

impl From<reads::Review> for Returned {
    fn from(review: reads::Review) -> Self {
        Self { reason: review.reason, comment: review.comment, at: review.at }
    }
}

/// Everything that the workspace needs for a claimed task.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Work {
    /// The task and its lease.
    pub task: WorkTask,
    /// The item.
    pub item: ItemDetail,
    /// The caller's own draft; absent at a sign stage, where nothing is drawn.
    pub read: Option<ReadView>,
    /// The read under review or to be signed.
    pub subject: Option<ReadView>,
    /// The model's draft, where this stage shows it.
    pub draft: Option<ReadView>,
    /// There is a draft that the caller may ask for.
    pub draft_on_request: bool,
    /// Why the read came back, in a round after the first.
    pub returned: Option<Returned>,
    /// The reads that differ, at an adjudicate stage: without names and in an order that was drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispute: Option<crate::compare::Dispute>,
    /// The round of rework that it belongs to: look at these classes again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<crate::guidelines::CampaignNote>,
    /// What the caller lacks since they claimed: they may finish this item, and not sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_qualified: Option<crate::qualifications::Lacking>,
    /// What a signature at this stage says.
    pub meaning: Option<SignatureMeaning>,
    /// The model that draws by clicks, where one is registered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub click_model: Option<crate::clicks::ClickModelName>,
    /// The protocol that it is done under.
    pub protocol: Protocol,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// Entries.
    pub items: Vec<T>,
    /// Cursor of the next page, if there is one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page from one entry more than was asked for.
    pub(crate) fn cut(mut entries: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Self {
        let limit = limit as usize;
        let next = if entries.len() > limit {
            entries.truncate(limit);
            entries.last().map(cursor)
        } else {
            None
        };
        Self { items: entries, next }
    }

    /// The same page with its entries turned into something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

/// Most entries of one page.
pub const PAGE_MAX: u32 = 500;
/// Entries of a page when nothing is said.
pub const PAGE_DEFAULT: u32 = 50;

/// The page length to use.
pub(crate) fn page_length(limit: Option<u32>) -> u32 {
    limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX)
}

/// The author of a stored read.
pub(crate) fn author(read: &reads::Read) -> Result<Author> {
    if let Some(rule) = &read.author_rule {
        return Ok(Author::Rule { rule: rule.clone() });
    }
    match (read.author_user, &read.author_model, &read.author_model_version) {
        (Some(user), _, _) => Ok(Author::Human { user }),
        (None, Some(name), Some(version)) => {
            Ok(Author::Model { name: name.clone(), version: version.clone() })
        }
        _ => Err(PipelineError::Internal("reads: a read without an author".into())),
    }
}
