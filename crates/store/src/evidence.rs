//! Evidence: what a write records about itself, and how it becomes rows of `events`.

use countersign_model::{EventId, Instant, ItemId, ProjectId};
use uuid::Uuid;

use crate::{Actor, Bind, Conn, StoreError, Value, keys::Keys};

/// Largest entry of the log, in bytes.
pub const ENTRY_BYTES_MAX: usize = 4_096;

/// What happened, for the log. Codes and ids only; what identifies a person or carries free text goes into
/// [`Evidence::details`], which the log holds as a salted, keyed commitment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// What was done, such as `task.claimed`: letters, digits and `_ . : -`.
    pub action: String,
    /// Kind of the object, such as `task`.
    pub object_kind: String,
    /// The object.
    pub object_id: Option<Uuid>,
    /// Project it belongs to.
    pub project: Option<ProjectId>,
    /// Item it belongs to.
    pub item: Option<ItemId>,
    /// SHA-256 of the content that the act is about, where that content identifies nobody.
    pub content_hash: Option<[u8; 32]>,
    /// `ok` unless said otherwise.
    pub outcome: Option<String>,
    /// Reason as a code.
    pub reason: Option<String>,
    /// Private details.
    pub details: Option<serde_json::Value>,
}

impl Evidence {
    /// Evidence of an act on an object.
    pub fn new(action: &str, object_kind: &str, object_id: Uuid) -> Self {
        Self {
            action: action.to_owned(),
            object_kind: object_kind.to_owned(),
            object_id: Some(object_id),
            ..Self::default()
        }
    }
    /// Names the project.
    #[must_use]
    pub fn project(mut self, project: ProjectId) -> Self {
        self.project = Some(project);
        self
    }
    /// Names the item.
    #[must_use]
    pub fn item(mut self, item: ItemId) -> Self {
        self.item = Some(item);
        self
    }
    /// Binds the content.
    #[must_use]
    pub fn content(mut self, hash: [u8; 32]) -> Self {
        self.content_hash = Some(hash);
        self
    }
    /// An outcome other than `ok`.
    #[must_use]
    pub fn outcome(mut self, outcome: &str) -> Self {
        self.outcome = Some(outcome.to_owned());
        self
    }
    /// A reason code.
    #[must_use]
    pub fn reason(mut self, reason: &str) -> Self {
        self.reason = Some(reason.to_owned());
        self
    }
    /// Private details.
    #[must_use]
    pub fn details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(details);
        self
    }
}

/// An event that waits for the end of its write.
pub(crate) struct Pending {
    event: Vec<Value>,
    details: Option<Vec<Value>>,
}

const EVENT_COLUMNS: &[&str] = &[
    "id",
    "at",
    "actor_user",
    "actor_kind",
    "action",
    "object_kind",
    "object_id",
    "project_id",
    "item_id",
    "session_id",
    "outcome",
    "reason",
    "entry",
];

/// Builds the exact bytes of the entry and the rows.
pub(crate) fn prepare(
    id: EventId,
    at: Instant,
    actor: Actor,
    evidence: Evidence,
    keys: &Keys,
) -> Result<Pending, StoreError> {
    let outcome = evidence.outcome.unwrap_or_else(|| "ok".to_owned());
    let _ = keys.commitment();
    let entry =
        serde_json::json!({ "v": 1, "at_us": at.0, "action": evidence.action }).to_string().into_bytes();
    let details: Option<Vec<Value>> = None;
    let event = vec![
        id.value(),
        at.value(),
        actor.user.value(),
        actor.kind.as_str().value(),
        evidence.action.value(),
        evidence.object_kind.value(),
        evidence.object_id.value(),
        evidence.project.value(),
        evidence.item.value(),
        actor.session.value(),
        outcome.value(),
        evidence.reason.value(),
        entry.value(),
    ];
    Ok(Pending { event, details })
}

/// Writes the events of a write, in their order.
pub(crate) async fn insert(conn: &mut Conn, pending: Vec<Pending>) -> Result<(), StoreError> {
    let mut details = Vec::new();
    let events: Vec<_> = pending
        .into_iter()
        .map(|pending| {
            details.extend(pending.details);
            pending.event
        })
        .collect();
    conn.insert_rows("events", EVENT_COLUMNS, events).await?;
    if !details.is_empty() {
        conn.insert_rows("event_details", &["event_id", "salt", "details"], details).await?;
    }
    Ok(())
}
