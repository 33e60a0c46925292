//! Searches and doubts as people see them.

use std::collections::BTreeMap;

use countersign_model::{AnnotationId, DoubtId, FrameRef, Instant, ItemId, LabelSearchId};
use serde::Serialize;

/// A search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LabelSearchView {
    /// Search.
    pub id: LabelSearchId,
    /// `looking`, then `done`.
    pub state: String,
    /// Items to look at when it began.
    pub items: u64,
    /// Items that were looked at.
    pub looked: u64,
    /// Of these, items with a draft to hold their labels against.
    pub compared: u64,
    /// Doubts that were found; of each kind the weightiest are kept.
    pub found: u64,
    /// Printed name of who began it.
    pub started_by: Option<String>,
    /// When.
    pub started_at: Instant,
    /// When it was through.
    pub ended_at: Option<Instant>,
}

/// How often a kind of doubt was right.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DoubtHits {
    /// Sent back, of all that somebody decided.
    pub share: f64,
    /// 95 % interval (Clopper and Pearson), low end. Those looked at are the weightiest: it says nothing of the others.
    pub low: f64,
    /// High end.
    pub high: f64,
}

/// Doubts of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DoubtKind {
    /// `missing`, `class`, `place`, `alone` or `tag`.
    pub kind: String,
    /// Nobody has looked yet.
    pub open: u64,
    /// Somebody looked, and the labels are right.
    pub right: u64,
    /// The item went back into work.
    pub sent_back: u64,
    /// How often it was right; absent before anything was decided.
    pub hits: Option<DoubtHits>,
}

/// A doubt.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DoubtView {
    /// Doubt.
    pub id: DoubtId,
    /// Item.
    pub item: ItemId,
    /// Its name.
    pub item_name: String,
    /// `missing`, `class`, `place`, `alone` or `tag`.
    pub kind: String,
    /// Place among those of its kind, from 1.
    pub rank: u64,
    /// How much speaks for it, 0 to 1.
    pub weight: f64,
    /// `model`, or `track` for the frames before and after.
    pub source: String,
    /// The doubted label.
    pub annotation: Option<AnnotationId>,
    /// Its class.
    pub class: Option<String>,
    /// The class that is seen there instead.
    pub predicted_class: Option<String>,
    /// What was chosen for the doubted tag, by attribute.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub choices: BTreeMap<String, String>,
    /// What is chosen for the tag that is seen instead.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub predicted_choices: BTreeMap<String, String>,
    /// Frame that it lies on.
    pub frame: Option<FrameRef>,
    /// Its middle, pixels.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<(f64, f64)>))]
    pub place: Option<[f64; 2]>,
    /// `open`, `right` or `sent_back`.
    pub state: String,
    /// The labels that it is about are those that are accepted now.
    pub current: bool,
    /// Printed name of who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Instant>,
    /// What they said.
    pub comment: Option<String>,
}

/// Label errors of a project.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LabelErrors {
    /// The search that is looking now.
    pub running: Option<LabelSearchView>,
    /// The newest search that is through: what is listed is of it.
    pub search: Option<LabelSearchView>,
    /// What it doubts, by kind.
    pub kinds: Vec<DoubtKind>,
    /// Doubts of the kind and state that were asked for. Left out are items that the caller may not see now.
    pub doubts: Vec<DoubtView>,
    /// What to ask for next; absent at the end.
    pub next: Option<u64>,
}
