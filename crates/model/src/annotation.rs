//! Annotations: a class, a shape and attributes on a frame or in the scene.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AnnotationId, Relation, Shape, ShapeKind, Unclear, UserId};

/// Most annotations in one read.
pub const OBJECTS_PER_READ_MAX: usize = 50_000;

/// The frame that an annotation lies on; absent for annotations of the scene or the whole item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FrameRef {
    /// Index of the stream within the item, from 0.
    pub stream: u32,
    /// Index of the frame within the stream, from 0.
    pub index: u32,
}

/// Who drew: a person or a model. The page always shows which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Author {
    /// A person.
    Human {
        /// Their account.
        user: UserId,
    },
    /// A model.
    Model {
        /// Its registered name.
        name: String,
        /// Its version.
        version: String,
    },
    /// A rule that the protocol names: it merged what people had drawn independently.
    Rule {
        /// The rule and its version, such as `mean 1`.
        rule: String,
    },
}

/// One version of one annotation. Never overwritten: a change is a new version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Annotation {
    /// The annotation through all versions.
    pub id: AnnotationId,
    /// Version, from 1.
    pub version: u32,
    /// Class id of the protocol's ontology.
    pub class: String,
    /// Frame it lies on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<FrameRef>,
    /// Its shape.
    pub shape: Shape,
    /// Attribute values by attribute id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub attributes: BTreeMap<String, serde_json::Value>,
    /// Who drew this version.
    pub author: Author,
    /// Confidence of a model in 0..=1; absent for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// How it stands to others; left out of the record where it stands alone.
    #[serde(default, skip_serializing_if = "Arrangement::is_plain")]
    pub arrangement: Arrangement,
    /// Its reader is in doubt about it; left out of the record where nobody is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unclear: Option<Unclear>,
}

/// How an annotation stands to others of its read: together, above or below, the same thing at another moment,
/// in relation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Arrangement {
    /// Annotations with the same number belong together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<u32>,
    /// Larger lies above smaller; 0 where nobody said.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub z: i32,
    /// Annotations of one thing over several frames carry the same id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track: Option<Uuid>,
    /// Calculated between two frames of its track on which a person set it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub interpolated: bool,
    /// What it has to do with other objects, each named by the one that it goes out from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<Relation>,
}

impl Arrangement {
    /// Whether there is nothing to say, so that the record is spelled as before there were arrangements.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_zero(z: &i32) -> bool {
    *z == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// What is wrong with an annotation, naming the place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AnnotationError {
    /// A coordinate is NaN, infinite or beyond any image.
    #[error("{place} is not a finite coordinate")]
    NotFinite {
        /// Which coordinate.
        place: String,
    },
    /// An extent is zero or negative.
    #[error("{place} must be greater than zero")]
    NotPositive {
        /// Which extent.
        place: String,
    },
    /// Fewer points than the shape needs.
    #[error("a {shape} needs at least {least} points, this one has {count}")]
    TooFewPoints {
        /// Points given.
        count: usize,
        /// Points needed.
        least: usize,
        /// The shape.
        shape: ShapeKind,
    },
    /// More holes than [`crate::HOLES_PER_POLYGON_MAX`].
    #[error("a polygon may have at most {max} holes, this one has {count}", max = crate::HOLES_PER_POLYGON_MAX)]
    TooManyHoles {
        /// Holes given.
        count: usize,
    },
    /// An outline that crosses itself, or a hole that crosses an outline.
    #[error("the outline crosses itself: edges {first} and {second}")]
    Crosses {
        /// One edge, counted over all rings.
        first: usize,
        /// The other.
        second: usize,
    },
    /// A hole that is not inside its polygon.
    #[error("hole {hole} is not inside the polygon")]
    HoleOutside {
        /// Index of the hole.
        hole: usize,
    },
    /// An outline whose edges take too many comparisons to be checked.
    #[error("the outline is too intricate to be checked; give it fewer points")]
    TooIntricate,
    /// A hole lies in another one.
    #[error("hole {hole} lies in another hole: what is in a hole is an object of its own")]
    HoleInHole {
        /// Hole, from 0.
        hole: usize,
    },
    /// A shape that encloses nothing.
    #[error("the shape encloses no area")]
    NoArea,
    /// A shape beyond its image.
    #[error("the shape reaches beyond the image of {width} by {height} pixels")]
    OutsideImage {
        /// Width of the image, pixels.
        width: u32,
        /// Height of the image, pixels.
        height: u32,
    },
    /// A mask that cannot be read or that is of another image.
    #[error("the mask {message}")]
    BadMask {
        /// What is wrong.
        message: String,
    },
    /// A skeleton that is not after the template of its class.
    #[error("the class has {expected} joints, this skeleton has {found}")]
    JointsMismatch {
        /// Joints given.
        found: usize,
        /// Joints of the template.
        expected: usize,
    },
    /// More points than [`crate::POINTS_PER_SHAPE_MAX`].
    #[error("a shape may have at most {max} points, this one has {count}", max = crate::POINTS_PER_SHAPE_MAX)]
    TooManyPoints {
        /// Points given.
        count: usize,
    },
    /// A quaternion that is not of unit length.
    #[error("rotation is not a unit quaternion (norm {norm})")]
    NotARotation {
        /// Its norm.
        norm: f64,
    },
    /// A class that the protocol does not know or has retired.
    #[error("class {class:?} is not in the protocol")]
    UnknownClass {
        /// The class given.
        class: String,
    },
    /// A shape that the class does not allow.
    #[error("class {class:?} does not take the shape {shape}")]
    ShapeNotAllowed {
        /// The class.
        class: String,
        /// The shape given.
        shape: ShapeKind,
    },
    /// A frame that the item does not have.
    #[error("the item has no frame {index} in stream {stream}")]
    NoSuchFrame {
        /// Stream index.
        stream: u32,
        /// Frame index.
        index: u32,
    },
    /// "Cannot assess" where the protocol does not take it.
    #[error("the protocol does not take the answer that something cannot be assessed")]
    AnswerNotAllowed,
    /// An answer, or a doubt, that does not say what it has to.
    #[error("the answer {message}")]
    BadAnswer {
        /// What is wrong.
        message: String,
    },
    /// An attribute value that the class does not allow.
    #[error("attribute {attribute:?}: {message}")]
    BadAttribute {
        /// Attribute id.
        attribute: String,
        /// What is wrong.
        message: String,
    },
}
