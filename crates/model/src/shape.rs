//! Shapes: where something is and how large.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{AnnotationError, role::words};

/// Most points in one shape, over all of its rings.
pub const POINTS_PER_SHAPE_MAX: usize = 20_000;
/// Most holes in one polygon.
pub const HOLES_PER_POLYGON_MAX: usize = 1_000;
/// Most joints of one skeleton.
pub const JOINTS_MAX: usize = 200;
/// Longest text of a mask's run lengths, bytes: some two million runs.
pub const MASK_TEXT_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Largest side of a mask, pixels.
pub const MASK_SIDE_MAX: u32 = 1 << 20;
/// How far a shape may reach beyond its image before it is refused, pixels: what rounding explains.
pub const BEYOND_IMAGE_MAX_PX: f64 = 0.5;
/// Largest coordinate magnitude accepted, in pixels or metres.
const COORDINATE_MAX: f64 = 1e7;
/// Tolerance on the norm of a quaternion before it is refused.
const QUATERNION_NORM_TOLERANCE: f64 = 1e-3;
/// Bytes that COCO's text of run lengths is made of.
const MASK_TEXT_BYTES: std::ops::Range<u8> = 48..112;

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
        /// Box in image pixels, turned about its centre.
        RotatedBox = "rotated_box",
        /// Ellipse in image pixels.
        Ellipse = "ellipse",
        /// Open line in image pixels.
        Polyline = "polyline",
        /// One or several points in image pixels.
        Points = "points",
        /// Named joints after the template of the class.
        Skeleton = "skeleton",
        /// Set of pixels.
        Mask = "mask",
    }
}

words! {
    /// How a joint of a skeleton is seen.
    JointState, "a state of a joint" {
        /// It is in sight.
        Visible = "visible",
        /// Its place is known though something hides it.
        Hidden = "hidden",
        /// It is outside of the image or cannot be placed.
        Absent = "absent",
    }
}

/// A joint of a skeleton.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Joint {
    /// `[x, y]` in pixels; without meaning where the joint is absent.
    #[cfg_attr(feature = "openapi", schema(value_type = (f64, f64)))]
    pub at: [f64; 2],
    /// How it is seen.
    pub state: JointState,
}

/// Where and how large. Image: pixels as f64, x right, y down, (0,0) = outer corner of the first pixel; angles in
/// radians, from x towards y (clockwise on the screen).
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
    /// Closed polygon of at least three points, the last joined to the first, with or without holes.
    Polygon {
        /// `[x, y]` in pixels.
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<(f64, f64)>))]
        points: Vec<[f64; 2]>,
        /// Rings that are cut out, each of at least three points.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<Vec<(f64, f64)>>))]
        holes: Vec<Vec<[f64; 2]>>,
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
    /// Box turned about its centre.
    RotatedBox {
        /// Centre, x.
        cx: f64,
        /// Centre, y.
        cy: f64,
        /// Width before it is turned, > 0.
        w: f64,
        /// Height before it is turned, > 0.
        h: f64,
        /// Turn, radians.
        angle: f64,
    },
    /// Ellipse.
    Ellipse {
        /// Centre, x.
        cx: f64,
        /// Centre, y.
        cy: f64,
        /// Half axis along the turned x, > 0.
        rx: f64,
        /// Half axis along the turned y, > 0.
        ry: f64,
        /// Turn, radians.
        angle: f64,
    },
    /// Open line of at least two points.
    Polyline {
        /// `[x, y]` in pixels.
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<(f64, f64)>))]
        points: Vec<[f64; 2]>,
    },
    /// At least one point; several make one annotation, such as the landmarks of one thing.
    Points {
        /// `[x, y]` in pixels.
        #[cfg_attr(feature = "openapi", schema(value_type = Vec<(f64, f64)>))]
        points: Vec<[f64; 2]>,
    },
    /// One joint for each of the class's template, in its order.
    Skeleton {
        /// The joints.
        joints: Vec<Joint>,
    },
    /// Pixels as COCO's run lengths: column after column, the first run counts zeros.
    Mask {
        /// Height and width of the image, pixels.
        #[cfg_attr(feature = "openapi", schema(value_type = (u32, u32)))]
        size: [u32; 2],
        /// COCO's compressed text of the runs.
        counts: String,
    },
}

impl Shape {
    /// Which kind of shape this is.
    pub const fn kind(&self) -> ShapeKind {
        match self {
            Self::Box { .. } => ShapeKind::Box,
            Self::Polygon { .. } => ShapeKind::Polygon,
            Self::Cuboid { .. } => ShapeKind::Cuboid,
            Self::Tag {} => ShapeKind::Tag,
            Self::RotatedBox { .. } => ShapeKind::RotatedBox,
            Self::Ellipse { .. } => ShapeKind::Ellipse,
            Self::Polyline { .. } => ShapeKind::Polyline,
            Self::Points { .. } => ShapeKind::Points,
            Self::Skeleton { .. } => ShapeKind::Skeleton,
            Self::Mask { .. } => ShapeKind::Mask,
        }
    }

    /// Checks finiteness, extent and limits. What needs more than arithmetic on single numbers (crossing outlines,
    /// runs of masks) is the business of whoever takes it in.
    ///
    /// # Errors
    /// [`AnnotationError`] naming the coordinate that is wrong.
    pub fn validate(&self) -> Result<(), AnnotationError> {
        match self {
            Self::Box { x, y, w, h } => {
                numbers([("x", x), ("y", y), ("w", w), ("h", h)])?;
                positive("w", *w)?;
                positive("h", *h)
            }
            Self::RotatedBox { cx, cy, w, h, angle } => {
                numbers([("cx", cx), ("cy", cy), ("w", w), ("h", h), ("angle", angle)])?;
                positive("w", *w)?;
                positive("h", *h)
            }
            Self::Ellipse { cx, cy, rx, ry, angle } => {
                numbers([("cx", cx), ("cy", cy), ("rx", rx), ("ry", ry), ("angle", angle)])?;
                positive("rx", *rx)?;
                positive("ry", *ry)
            }
            Self::Polygon { points, holes } => polygon(points, holes),
            Self::Polyline { points } => chain("points", points, 2, ShapeKind::Polyline),
            Self::Points { points } => chain("points", points, 1, ShapeKind::Points),
            Self::Skeleton { joints } => skeleton(joints),
            Self::Mask { size, counts } => mask(*size, counts),
            Self::Cuboid { center, size, rotation } => cuboid(center, size, rotation),
            Self::Tag {} => Ok(()),
        }
    }

    /// The extent in image pixels as left, top, right, bottom; nothing for shapes without a place in an image, and for
    /// masks, whose runs are not read here.
    #[must_use]
    pub fn extent(&self) -> Option<[f64; 4]> {
        match self {
            Self::Box { x, y, w, h } => Some([*x, *y, x + w, y + h]),
            Self::RotatedBox { cx, cy, w, h, angle } => {
                let (sin, cos) = angle.sin_cos();
                let (across, down) = ((w * cos).abs() + (h * sin).abs(), (w * sin).abs() + (h * cos).abs());
                Some(around(*cx, *cy, across / 2.0, down / 2.0))
            }
            Self::Ellipse { cx, cy, rx, ry, angle } => {
                let (sin, cos) = angle.sin_cos();
                Some(around(*cx, *cy, (rx * cos).hypot(ry * sin), (rx * sin).hypot(ry * cos)))
            }
            Self::Polygon { points, .. } | Self::Polyline { points } | Self::Points { points } => {
                hull(points.iter().copied())
            }
            Self::Skeleton { joints } => {
                hull(joints.iter().filter(|joint| joint.state != JointState::Absent).map(|joint| joint.at))
            }
            Self::Cuboid { .. } | Self::Tag {} | Self::Mask { .. } => None,
        }
    }

    /// Checks that the shape lies in an image of this size in pixels, but for [`BEYOND_IMAGE_MAX_PX`].
    ///
    /// # Errors
    /// [`AnnotationError::OutsideImage`], [`AnnotationError::BadMask`] for a mask of another size.
    pub fn within(&self, width: u32, height: u32) -> Result<(), AnnotationError> {
        if let Self::Mask { size, .. } = self {
            return if *size == [height, width] {
                Ok(())
            } else {
                let message = format!("is {} by {} pixels, the image {width} by {height}", size[1], size[0]);
                Err(AnnotationError::BadMask { message })
            };
        }
        let Some([left, top, right, bottom]) = self.extent() else { return Ok(()) };
        let inside = left >= -BEYOND_IMAGE_MAX_PX
            && top >= -BEYOND_IMAGE_MAX_PX
            && right <= f64::from(width) + BEYOND_IMAGE_MAX_PX
            && bottom <= f64::from(height) + BEYOND_IMAGE_MAX_PX;
        if inside { Ok(()) } else { Err(AnnotationError::OutsideImage { width, height }) }
    }
}

fn around(cx: f64, cy: f64, across: f64, down: f64) -> [f64; 4] {
    [cx - across, cy - down, cx + across, cy + down]
}

fn hull(points: impl Iterator<Item = [f64; 2]>) -> Option<[f64; 4]> {
    points.fold(None, |extent, [x, y]| {
        let [left, top, right, bottom] = extent.unwrap_or([x, y, x, y]);
        Some([left.min(x), top.min(y), right.max(x), bottom.max(y)])
    })
}

fn polygon(points: &[[f64; 2]], holes: &[Vec<[f64; 2]>]) -> Result<(), AnnotationError> {
    let count = points.len() + holes.iter().map(Vec::len).sum::<usize>();
    if count > POINTS_PER_SHAPE_MAX {
        return Err(AnnotationError::TooManyPoints { count });
    }
    if holes.len() > HOLES_PER_POLYGON_MAX {
        return Err(AnnotationError::TooManyHoles { count: holes.len() });
    }
    chain("points", points, 3, ShapeKind::Polygon)?;
    holes
        .iter()
        .enumerate()
        .try_for_each(|(index, hole)| chain(&format!("holes[{index}]"), hole, 3, ShapeKind::Polygon))
}

fn chain(place: &str, points: &[[f64; 2]], least: usize, shape: ShapeKind) -> Result<(), AnnotationError> {
    if points.len() < least {
        return Err(AnnotationError::TooFewPoints { count: points.len(), least, shape });
    }
    if points.len() > POINTS_PER_SHAPE_MAX {
        return Err(AnnotationError::TooManyPoints { count: points.len() });
    }
    points.iter().enumerate().try_for_each(|(index, point)| {
        finite(|| format!("{place}[{index}].x"), point[0])?;
        finite(|| format!("{place}[{index}].y"), point[1])
    })
}

fn skeleton(joints: &[Joint]) -> Result<(), AnnotationError> {
    if joints.len() > JOINTS_MAX {
        return Err(AnnotationError::TooManyPoints { count: joints.len() });
    }
    for (index, joint) in joints.iter().enumerate() {
        finite(|| format!("joints[{index}].x"), joint.at[0])?;
        finite(|| format!("joints[{index}].y"), joint.at[1])?;
    }
    if joints.iter().all(|joint| joint.state == JointState::Absent) {
        return Err(AnnotationError::TooFewPoints { count: 0, least: 1, shape: ShapeKind::Skeleton });
    }
    Ok(())
}

fn mask(size: [u32; 2], counts: &str) -> Result<(), AnnotationError> {
    for (name, side) in [("size[0]", size[0]), ("size[1]", size[1])] {
        positive(name, f64::from(side))?;
        if side > MASK_SIDE_MAX {
            return Err(AnnotationError::BadMask { message: format!("has a side of {side} pixels") });
        }
    }
    if counts.len() > MASK_TEXT_BYTES_MAX {
        return Err(AnnotationError::BadMask { message: format!("has {} bytes of runs", counts.len()) });
    }
    match counts.bytes().position(|byte| !MASK_TEXT_BYTES.contains(&byte)) {
        None => Ok(()),
        Some(at) => Err(AnnotationError::BadMask { message: format!("is malformed at byte {at}") }),
    }
}

fn cuboid(center: &[f64; 3], size: &[f64; 3], rotation: &[f64; 4]) -> Result<(), AnnotationError> {
    for (index, axis) in ["x", "y", "z"].iter().enumerate() {
        finite(|| format!("center.{axis}"), center[index])?;
        finite(|| format!("size.{axis}"), size[index])?;
        positive(&format!("size.{axis}"), size[index])?;
    }
    for (index, value) in rotation.iter().enumerate() {
        finite(|| format!("rotation[{index}]"), *value)?;
    }
    let norm = rotation.iter().map(|v| v * v).sum::<f64>().sqrt();
    if (norm - 1.0).abs() > QUATERNION_NORM_TOLERANCE {
        return Err(AnnotationError::NotARotation { norm });
    }
    Ok(())
}

fn numbers<const N: usize>(named: [(&str, &f64); N]) -> Result<(), AnnotationError> {
    named.into_iter().try_for_each(|(name, value)| finite(|| name.to_owned(), *value))
}

fn finite(place: impl FnOnce() -> String, value: f64) -> Result<(), AnnotationError> {
    if value.is_finite() && value.abs() <= COORDINATE_MAX {
        Ok(())
    } else {
        Err(AnnotationError::NotFinite { place: place() })
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
        let points = vec![[0.0, 0.0], [1.0, 0.0], [1.0, f64::INFINITY]];
        let error = Shape::Polygon { points, holes: vec![] }.validate();
        assert_eq!(error.unwrap_err().to_string(), "points[2].y is not a finite coordinate");
        let flat = Shape::Cuboid { center: [0.0; 3], size: [1.0, 0.0, 1.0], rotation: [1.0, 0.0, 0.0, 0.0] };
        assert_eq!(flat.validate().unwrap_err(), AnnotationError::NotPositive { place: "size.y".into() });
        let twisted = Shape::Cuboid { center: [0.0; 3], size: [1.0; 3], rotation: [1.0, 1.0, 0.0, 0.0] };
        assert!(matches!(twisted.validate(), Err(AnnotationError::NotARotation { .. })));
        let flat = Shape::Ellipse { cx: 5.0, cy: 5.0, rx: 2.0, ry: 0.0, angle: 0.0 };
        assert_eq!(flat.validate().unwrap_err(), AnnotationError::NotPositive { place: "ry".into() });
        let line = Shape::Polyline { points: vec![[0.0, 0.0]] };
        assert_eq!(
            line.validate().unwrap_err().to_string(),
            "a polyline needs at least 2 points, this one has 1"
        );
        let hole = vec![vec![[0.0, 0.0], [1.0, 0.0]]];
        let holed = Shape::Polygon { points: vec![[0.0, 0.0], [9.0, 0.0], [9.0, 9.0]], holes: hole };
        assert!(matches!(holed.validate(), Err(AnnotationError::TooFewPoints { count: 2, .. })));
        let mask = Shape::Mask { size: [4, 4], counts: "0\u{1}".into() };
        assert!(matches!(mask.validate(), Err(AnnotationError::BadMask { .. })));
        let gone = Shape::Skeleton { joints: vec![Joint { at: [0.0; 2], state: JointState::Absent }] };
        assert!(gone.validate().is_err());
    }

    #[test]
    fn a_shape_lies_within_its_image() {
        let outside = Err(AnnotationError::OutsideImage { width: 64, height: 48 });
        let at = |x: f64, y: f64| Shape::Box { x, y, w: 10.0, h: 8.0 };
        assert_eq!(at(0.0, 0.0).within(64, 48), Ok(()));
        assert_eq!(at(-0.4, 40.4).within(64, 48), Ok(()));
        assert_eq!(at(55.0, 0.0).within(64, 48), outside);
        assert_eq!(at(0.0, -1.0).within(64, 48), outside);
        let turned = |angle: f64| Shape::RotatedBox { cx: 32.0, cy: 6.0, w: 20.0, h: 4.0, angle };
        assert_eq!(turned(0.0).within(64, 48), Ok(()));
        assert_eq!(turned(std::f64::consts::FRAC_PI_2).within(64, 48), outside);
        let mask = Shape::Mask { size: [48, 64], counts: String::new() };
        assert_eq!(mask.within(64, 48), Ok(()));
        assert!(mask.within(48, 64).is_err());
        assert_eq!(Shape::Tag {}.within(1, 1), Ok(()));
    }

    #[test]
    fn extents_are_those_of_the_turned_outline() {
        // A quarter turn swaps the sides; an eighth turn of a square widens it by the square root of two.
        let near = |found: Option<[f64; 4]>, wanted: [f64; 4]| {
            found.unwrap().iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12)
        };
        let turned =
            |w: f64, h: f64, angle: f64| Shape::RotatedBox { cx: 10.0, cy: 20.0, w, h, angle }.extent();
        assert!(near(turned(6.0, 2.0, std::f64::consts::FRAC_PI_2), [9.0, 17.0, 11.0, 23.0]));
        let half = 2.0_f64.sqrt();
        assert!(near(
            turned(2.0, 2.0, std::f64::consts::FRAC_PI_4),
            [10.0 - half, 20.0 - half, 10.0 + half, 20.0 + half]
        ));
        let round = Shape::Ellipse { cx: 0.0, cy: 0.0, rx: 3.0, ry: 3.0, angle: 1.1 };
        assert!(near(round.extent(), [-3.0, -3.0, 3.0, 3.0]));
        let thin = Shape::Ellipse { cx: 0.0, cy: 0.0, rx: 2.0, ry: 1.0, angle: std::f64::consts::FRAC_PI_4 };
        let reach = 2.5_f64.sqrt();
        assert!(near(thin.extent(), [-reach, -reach, reach, reach]));
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
