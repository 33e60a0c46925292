//! Evidence: what a write records about itself, and how it becomes rows of `events`.

use countersign_ledger::{Entry, Hash, entry::SALT_BYTES, opening_key};
use countersign_model::{EventId, Instant, ItemId, ProjectId};
use uuid::Uuid;

use crate::{
    Actor, Bind, Conn, Engine, StoreError, Value,
    keys::{Keys, random},
    sequencer::SETTLE_LOCK,
};

/// Largest private details of one event, in bytes of JSON.
pub const DETAILS_BYTES_MAX: usize = 64 * 1024;

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
    let wrong = |message: String| StoreError::Evidence { action: evidence.action.clone(), message };
    let outcome = evidence.outcome.clone().unwrap_or_else(|| "ok".to_owned());
    let object_id = evidence.object_id.map_or_else(|| "-".to_owned(), |id| id.to_string());
    let object = (evidence.object_kind.as_str(), object_id.as_str());
    let mut entry = Entry::new(at.0, &actor.pseudonym(), &evidence.action, object, &outcome);
    entry.project = evidence.project.map(|id| id.to_string());
    entry.item = evidence.item.map(|id| id.to_string());
    entry.content_hash = evidence.content_hash.map(Hash);
    entry.reason = evidence.reason.clone();
    if let Some(session) = actor.session {
        entry.in_session(session.to_string());
    }
    let mut details = None;
    if let Some(value) = &evidence.details {
        let text = value.to_string();
        if text.len() > DETAILS_BYTES_MAX {
            return Err(wrong(format!("details of {} bytes, the limit is {DETAILS_BYTES_MAX}", text.len())));
        }
        let salt = random::<SALT_BYTES>()?;
        let key = opening_key(keys.commitment(), id.uuid().as_bytes());
        entry.commit_openably(&key, &salt, text.as_bytes());
        details = Some(vec![id.value(), salt.to_vec().value(), text.value()]);
    }
    let entry = entry.encode().map_err(|error| wrong(error.to_string()))?;
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
    if conn.engine() == Engine::Postgres {
        conn.query("SELECT pg_advisory_xact_lock_shared($1)").bind(SETTLE_LOCK).fetch_all().await?;
    }
    conn.insert_rows("events", EVENT_COLUMNS, events).await?;
    if !details.is_empty() {
        conn.insert_rows("event_details", &["event_id", "salt", "details"], details).await?;
    }
    Ok(())
}
