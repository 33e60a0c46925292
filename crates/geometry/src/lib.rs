//! Shapes, masks, overlaps, cameras and rigid transforms.
//!
//! Pure knowledge: no I/O, no clock, no randomness; only numbers in and numbers out. Coordinates:
//!
//! * **image**: pixels as `f64`, x right, y down, `(0, 0)` is the *outer corner* of the first pixel, so
//!   the centre of the first pixel is `(0.5, 0.5)` and an image of width `w` spans `0..=w`;
//! * **vehicle and LiDAR**: metres, x forward, y left, z up;
//! * **camera**: metres, x right, y down, z along the optical axis;
//! * quaternions are `(w, x, y, z)`, angles are radians.
//!
//! Plain values (`Point2`, `Box2`, `Cuboid`, …) have public fields and are checked with `validate`;
//! values with an invariant (`Quat`, `Polygon`, `Rle`) can only be built through a constructor that
//! refuses with a [`GeometryError`], also when they come from JSON.

mod box2;
mod camera;
pub mod contour;
mod crossing;
mod cuboid;
mod error;
mod footprint;
mod keypoints;
mod polygon;
mod polygon_overlap;
mod quat;
mod rigid;
mod rle;
mod rle_text;
mod simple;
mod surface;

pub use box2::{Box2, ImageSize, Point2};
pub use camera::{Camera, Distortion, NEAR_PLANE_M, Pinhole};
pub use crossing::{COMPARISONS_MAX, RingProblem, check_rings};
pub use cuboid::{CORNER_COUNT, CUBOID_EDGES, Cuboid};
pub use error::GeometryError;
pub use footprint::{Footprint, bev_iou, iou_3d};
pub use keypoints::oks;
pub use polygon::{POLYGON_VERTICES_MAX, Polygon};
pub use polygon_overlap::{POLYGON_EDGE_PAIRS_MAX, polygon_intersection_area, polygon_iou};
pub use quat::{Quat, lerp};
pub use rigid::{ORTHONORMAL_TOLERANCE, Rigid3};
pub use rle::{MASK_PIXELS_MAX, Rle};
pub use surface::{Grid, SURFACE_ELEMENTS_MAX, SurfaceDistances, surface_distances};

/// Largest magnitude of a coordinate, pixels or metres: beyond any image and any map projection, and
/// small enough that products of three coordinates keep their digits.
pub const COORDINATE_MAX: f64 = 1e9;

/// A point or vector in space: metres.
pub type Vec3 = [f64; 3];
