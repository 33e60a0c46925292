//! Text burned into pixels: found by its shape, not read, and filled.

mod detect;
mod lines;
mod raster;
mod relief;
mod strokes;

pub use detect::{DETECTOR_VERSION, Detection, Hints, Region, Why, detect};
pub use raster::Raster;
