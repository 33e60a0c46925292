//! Drafts of models: what people did to them.

mod delta;
mod plants;

use std::collections::BTreeMap;

use countersign_model::{Annotation, AnnotationId, Author, FrameRef, Shape};
use uuid::Uuid;

/// A model's box.
pub fn drafted(id: u128, class: &str, [x, y, w, h]: [f64; 4]) -> Annotation {
    Annotation {
        id: AnnotationId(Uuid::from_u128(id)),
        version: 1,
        class: class.into(),
        frame: Some(FrameRef { stream: 0, index: 0 }),
        shape: Shape::Box { x, y, w, h },
        attributes: BTreeMap::new(),
        author: Author::Model { name: "boxes".into(), version: "1".into() },
        score: Some(0.75),
        arrangement: Default::default(),
        unclear: None,
    }
}
