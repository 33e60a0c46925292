//! Recordings of vehicles: foreign formats in and out, point clouds, clocks and a first draft of a scene.
//!
//! Bytes in, values out: nothing here opens a file, reads a clock or knows a database. Scenes are in the
//! vehicle's frame: metres, x forward, y left, z up, with a local `f64` origin before anything becomes
//! `f32`. Time is `i64` nanoseconds, UTC.
//!
//! * [`kitti`] – the KITTI object format: point clouds, calibrations, labels, and which files belong
//!   together;
//! * [`wire`] – the compact form in which a point cloud travels to the page;
//! * [`draft`] – cuboids from ground removal, clusters and rectangle fits, without any model file;
//! * [`bands`] – where cuboids say that faces and number plates can be in a picture;
//! * [`sync`] – which frame belongs to which, and where a sensor was in between.

pub mod bands;
mod calibration;
mod cloud;
pub mod draft;
pub mod kitti;
pub mod sync;
pub mod wire;

pub use calibration::SceneCalibration;
pub use cloud::{POINTS_MAX, Point, PointCloud};
