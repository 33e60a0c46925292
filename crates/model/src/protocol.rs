//! The protocol: a versioned document with the ontology, the guideline and the stages.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    Annotation, AnnotationError, DeidPlan, Industry, ItemKind, JOINTS_MAX, Shape, ShapeKind, Stage, Stream,
    stage::validate_stages,
};

/// Most classes in one ontology.
const CLASSES_MAX: usize = 1_000;

/// A class of the ontology.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Stable id, `[a-z0-9_]+`.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// Colour as `#rrggbb`.
    pub color: String,
    /// Shapes that it may take.
    pub shapes: Vec<ShapeKind>,
    /// Attributes.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
    /// No new annotations; old ones stay.
    #[serde(default)]
    pub retired: bool,
    /// Joints and bones of its skeletons, where it takes the shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skeleton: Option<SkeletonTemplate>,
}

/// The joints that each skeleton of a class has, and what joins them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SkeletonTemplate {
    /// Names of the joints, in the order in which they are placed.
    pub joints: Vec<String>,
    /// Pairs of joints, counted from 0, between which a line is drawn.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<(u32, u32)>))]
    pub bones: Vec<[u32; 2]>,
}

impl SkeletonTemplate {
    fn problem(&self) -> Option<&'static str> {
        let count = self.joints.len();
        let distinct: BTreeSet<&String> = self.joints.iter().collect();
        if count == 0 || count > JOINTS_MAX {
            return Some("between 1 and 200 joints");
        }
        if distinct.len() != count || self.joints.iter().any(|name| name.trim().is_empty()) {
            return Some("each joint needs a name of its own");
        }
        let fits = |bone: &[u32; 2]| bone[0] != bone[1] && bone.iter().all(|end| (*end as usize) < count);
        if self.bones.len() > JOINTS_MAX * 2 || !self.bones.iter().all(fits) {
            return Some("each bone joins two joints that are there");
        }
        None
    }
}

/// An attribute of a class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Attribute {
    /// Stable id.
    pub id: String,
    /// Name shown to people.
    pub name: String,
    /// What it takes.
    pub kind: AttributeKind,
    /// Must be answered before submit.
    #[serde(default)]
    pub required: bool,
}

/// What an attribute takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AttributeKind {
    /// Yes or no.
    Flag,
    /// One of these.
    Choice(Vec<String>),
    /// A finite number.
    Number,
}

/// A versioned protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Stable id, such as `radiology`.
    pub id: String,
    /// Version, from 1; a change makes a new one.
    pub version: u32,
    /// Title shown to people.
    pub title: String,
    /// Industry.
    pub industry: Industry,
    /// What its items are.
    pub item_kind: ItemKind,
    /// What readers are told, Markdown.
    pub guideline: String,
    /// Classes.
    pub classes: Vec<Class>,
    /// Stages in order.
    pub stages: Vec<Stage>,
    /// How often an item may come back before the owner must decide.
    #[serde(default = "rework_cap_default")]
    pub rework_cap: u32,
    /// De-identification at the gate; absent where it is the default.
    #[serde(default, skip_serializing_if = "DeidPlan::is_default")]
    pub deid: DeidPlan,
}

const fn rework_cap_default() -> u32 {
    3
}

/// What is wrong with a protocol, naming the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("protocol {place}: {message}")]
pub struct ProtocolError {
    /// Path inside the document, such as `stages[2].role`.
    pub place: String,
    /// What is wrong there.
    pub message: String,
}

impl Protocol {
    /// The class with this id, retired or not.
    pub fn class(&self, id: &str) -> Option<&Class> {
        self.classes.iter().find(|class| class.id == id)
    }

    /// Checks that the document can be worked under.
    ///
    /// # Errors
    /// [`ProtocolError`] naming the first place that is wrong.
    pub fn validate(&self) -> Result<(), ProtocolError> {
        let fail = |place: String, message: &str| Err(ProtocolError { place, message: message.to_owned() });
        if self.classes.is_empty() || self.classes.len() > CLASSES_MAX {
            return fail("classes".into(), "between 1 and 1000 classes");
        }
        let mut seen = BTreeSet::new();
        for (index, class) in self.classes.iter().enumerate() {
            let plain = !class.id.is_empty()
                && class.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !plain {
                return fail(format!("classes[{index}].id"), "use a-z, 0-9 and _ only");
            }
            if !seen.insert(class.id.as_str()) {
                return fail(format!("classes[{index}].id"), "is used twice");
            }
            let hex = class.color.len() == 7
                && class.color.starts_with('#')
                && class.color[1..].bytes().all(|b| b.is_ascii_hexdigit());
            if !hex {
                return fail(format!("classes[{index}].color"), "must look like #1a2b3c");
            }
            if class.shapes.is_empty() {
                return fail(format!("classes[{index}].shapes"), "name at least one shape");
            }
            if class.skeleton.is_some() != class.shapes.contains(&ShapeKind::Skeleton) {
                return fail(format!("classes[{index}].skeleton"), "goes with the shape skeleton");
            }
            if let Some(problem) = class.skeleton.as_ref().and_then(SkeletonTemplate::problem) {
                return fail(format!("classes[{index}].skeleton"), problem);
            }
        }
        validate_stages(&self.stages)?;
        self.deid.validate()
    }

    /// Checks one annotation against the ontology and the item's frames.
    ///
    /// # Errors
    /// [`AnnotationError`] naming the coordinate, class, frame or attribute that is wrong.
    pub fn check(&self, annotation: &Annotation, streams: &[Stream]) -> Result<(), AnnotationError> {
        annotation.shape.validate()?;
        let class = self
            .class(&annotation.class)
            .filter(|class| !class.retired)
            .ok_or_else(|| AnnotationError::UnknownClass { class: annotation.class.clone() })?;
        let kind = annotation.shape.kind();
        if !class.shapes.contains(&kind) {
            return Err(AnnotationError::ShapeNotAllowed { class: class.id.clone(), shape: kind });
        }
        if let (Shape::Skeleton { joints }, Some(template)) = (&annotation.shape, &class.skeleton)
            && joints.len() != template.joints.len()
        {
            let (found, expected) = (joints.len(), template.joints.len());
            return Err(AnnotationError::JointsMismatch { found, expected });
        }
        if let Some(frame) = annotation.frame {
            let stream = streams
                .get(frame.stream as usize)
                .filter(|stream| (frame.index as usize) < stream.frames.len())
                .ok_or(AnnotationError::NoSuchFrame { stream: frame.stream, index: frame.index })?;
            if let Some((width, height)) = stream.size_px() {
                annotation.shape.within(width, height)?;
            }
        }
        for (id, value) in &annotation.attributes {
            check_attribute(class, id, value)?;
        }
        Ok(())
    }
}

fn check_attribute(class: &Class, id: &str, value: &serde_json::Value) -> Result<(), AnnotationError> {
    let bad = |message: &str| AnnotationError::BadAttribute {
        attribute: id.to_owned(),
        message: message.to_owned(),
    };
    let attribute =
        class.attributes.iter().find(|a| a.id == id).ok_or_else(|| bad("the class has no such attribute"))?;
    let fits = match &attribute.kind {
        AttributeKind::Flag => value.is_boolean(),
        AttributeKind::Choice(choices) => {
            value.as_str().is_some_and(|text| choices.iter().any(|c| c == text))
        }
        AttributeKind::Number => value.as_f64().is_some_and(f64::is_finite),
    };
    if fits { Ok(()) } else { Err(bad("the value does not fit the attribute")) }
}
