//! Marks of readers as those see them who decide between reads.

use countersign_model::{Annotation, AnnotationId, FrameRef, Relation, Shape};
use serde::Serialize;

/// A mark of one reader, without its author.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Mark {
    /// Annotation.
    pub id: AnnotationId,
    /// Class id.
    pub class: String,
    /// Frame it lies on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame: Option<FrameRef>,
    /// Its shape.
    pub shape: Shape,
    /// Attribute values.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, serde_json::Value>))]
    pub attributes: std::collections::BTreeMap<String, serde_json::Value>,
    /// Its reader is in doubt about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unclear: Option<countersign_model::Unclear>,
    /// What its reader says that it has to do with others of their read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<Relation>,
}

/// The marks that one reader made of something that readers differ about.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Side {
    /// Place of the reader in the order that was drawn for this task, from 1.
    pub reader: u32,
    /// Their mark.
    pub mark: Mark,
}

/// A mark without its author.
pub(crate) fn nameless(mark: &Annotation) -> Mark {
    Mark {
        id: mark.id,
        class: mark.class.clone(),
        frame: mark.frame,
        shape: mark.shape.clone(),
        attributes: mark.attributes.clone(),
        unclear: mark.unclear.clone(),
        relations: mark.arrangement.relations.clone(),
    }
}
