//! Annotations: a class, a shape and attributes on a frame or in the scene.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{AnnotationId, UserId, role::words};

/// Most points in one polygon or polyline.
pub const POINTS_PER_SHAPE_MAX: usize = 20_000;
/// Most annotations in one read.
pub const OBJECTS_PER_READ_MAX: usize = 50_000;
/// Largest coordinate magnitude accepted, in pixels or metres.
const COORDINATE_MAX: f64 = 1e7;
/// Tolerance on the norm of a quaternion before it is refused.
const QUATERNION_NORM_TOLERANCE: f64 = 1e-3;

words! {
    /// The kinds of shape that a class may take.
    ShapeKind, "a shape kind" {
        /// Axis-aligned box in image pixels.
        Box = "box",
        /// Closed polygon in image pixels.
        Polygon = "polygon",
        /// Oriented box in the vehicle frame, metres.
        Cuboid = "cuboid",
        /// No place: the class holds for the frame or the item.
        Tag = "tag",
    }
}

/// Where and how large. Image: pixels as f64, x right, y down, (0,0) = outer corner of the first pixel.
/// Scene: vehicle frame, x forward, y left, z up, metres.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// Axis-aligned box: left, top, width, height in pixels; width and height > 0.
    Box {
        /// Left edge.
        x: f64,
        /// Top edge.
        y: f64,
        /// Width.
        w: f64,
        /// Height.
        h: f64,
    },
    /// Closed polygon of at least three points; the last is joined to the first.
    Polygon {
        /// `[x, y]` in pixels.
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<(f64, f64)>))]
        points: Vec<[f64; 2]>,
    },
    /// Oriented box in the vehicle frame.
    Cuboid {
        /// Centre, metres.
        #[cfg_attr(feature = "openapi", schema(value_type = (f64, f64, f64)))]
        center: [f64; 3],
        /// Length (x), width (y), height (z), metres, each > 0.
        #[cfg_attr(feature = "openapi", schema(value_type = (f64, f64, f64)))]
        size: [f64; 3],
        /// Unit quaternion w, x, y, z from box to vehicle.
        #[cfg_attr(feature = "openapi", schema(value_type = (f64, f64, f64, f64)))]
        rotation: [f64; 4],
    },
    /// The class holds for the whole frame (or item).
    Tag {},
}

impl Shape {
    /// Which kind of shape this is.
    pub const fn kind(&self) -> ShapeKind {
        match self {
            Self::Box { .. } => ShapeKind::Box,
            Self::Polygon { .. } => ShapeKind::Polygon,
            Self::Cuboid { .. } => ShapeKind::Cuboid,
            Self::Tag {} => ShapeKind::Tag,
        }
    }

    /// Checks finiteness, extent and limits.
    ///
    /// # Errors
    /// [`AnnotationError`] naming the coordinate that is wrong.
    pub fn validate(&self) -> Result<(), AnnotationError> {
        match self {
            Self::Box { x, y, w, h } => {
                for (name, value) in [("x", x), ("y", y), ("w", w), ("h", h)] {
                    finite(name, *value)?;
                }
                positive("w", *w)?;
                positive("h", *h)
            }
            Self::Polygon { points } => {
                if points.len() < 3 {
                    return Err(AnnotationError::TooFewPoints { count: points.len() });
                }
                if points.len() > POINTS_PER_SHAPE_MAX {
                    return Err(AnnotationError::TooManyPoints { count: points.len() });
                }
                points.iter().enumerate().try_for_each(|(index, point)| {
                    finite(&format!("points[{index}].x"), point[0])?;
                    finite(&format!("points[{index}].y"), point[1])
                })
            }
            Self::Cuboid { center, size, rotation } => {
                for (index, axis) in ["x", "y", "z"].iter().enumerate() {
                    finite(&format!("center.{axis}"), center[index])?;
                    finite(&format!("size.{axis}"), size[index])?;
                    positive(&format!("size.{axis}"), size[index])?;
                }
                for (index, value) in rotation.iter().enumerate() {
                    finite(&format!("rotation[{index}]"), *value)?;
                }
                let norm = rotation.iter().map(|v| v * v).sum::<f64>().sqrt();
                if (norm - 1.0).abs() > QUATERNION_NORM_TOLERANCE {
                    return Err(AnnotationError::NotARotation { norm });
                }
                Ok(())
            }
            Self::Tag {} => Ok(()),
        }
    }
}

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
    /// A polygon with fewer than three points.
    #[error("a polygon needs at least 3 points, this one has {count}")]
    TooFewPoints {
        /// Points given.
        count: usize,
    },
    /// More points than [`POINTS_PER_SHAPE_MAX`].
    #[error("a shape may have at most {POINTS_PER_SHAPE_MAX} points, this one has {count}")]
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
    /// An attribute value that the class does not allow.
    #[error("attribute {attribute:?}: {message}")]
    BadAttribute {
        /// Attribute id.
        attribute: String,
        /// What is wrong.
        message: String,
    },
}

fn finite(place: &str, value: f64) -> Result<(), AnnotationError> {
    if value.is_finite() && value.abs() <= COORDINATE_MAX {
        Ok(())
    } else {
        Err(AnnotationError::NotFinite { place: place.to_owned() })
    }
}

fn positive(place: &str, value: f64) -> Result<(), AnnotationError> {
    if value > 0.0 { Ok(()) } else { Err(AnnotationError::NotPositive { place: place.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_the_coordinate_that_is_wrong() {
        let error = Shape::Box { x: 1.0, y: f64::NAN, w: 2.0, h: 3.0 }.validate().unwrap_err();
        assert_eq!(error, AnnotationError::NotFinite { place: "y".into() });
        let error = Shape::Polygon { points: vec![[0.0, 0.0], [1.0, 0.0], [1.0, f64::INFINITY]] }.validate();
        assert_eq!(error.unwrap_err().to_string(), "points[2].y is not a finite coordinate");
        let flat = Shape::Cuboid { center: [0.0; 3], size: [1.0, 0.0, 1.0], rotation: [1.0, 0.0, 0.0, 0.0] };
        assert_eq!(flat.validate().unwrap_err(), AnnotationError::NotPositive { place: "size.y".into() });
        let twisted = Shape::Cuboid { center: [0.0; 3], size: [1.0; 3], rotation: [1.0, 1.0, 0.0, 0.0] };
        assert!(matches!(twisted.validate(), Err(AnnotationError::NotARotation { .. })));
    }

    proptest! {
        #[test]
        fn valid_boxes_survive_json(x in -1e6..1e6, y in -1e6..1e6, w in 0.001..1e6, h in 0.001..1e6) {
            let shape = Shape::Box { x, y, w, h };
            prop_assert!(shape.validate().is_ok());
            let back: Shape = serde_json::from_str(&serde_json::to_string(&shape).unwrap()).unwrap();
            prop_assert_eq!(back, shape);
        }
    }
}
