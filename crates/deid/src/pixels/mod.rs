//! Text burned into pixels: found by its shape, not read, and painted over.
//!
//! [`detect`] looks for strokes that stand in a line, at several sizes, in both polarities and at many
//! thresholds; nothing is recognised, so no alphabet or font is needed. [`clean_pixels`] looks at every frame
//! of an instance and paints what was found; [`mask_instance`] paints what a person drew.

mod area;
mod detect;
mod instance;
mod layers;
mod lines;
mod raster;
mod relief;
mod still;
mod strokes;
mod ultrasound;

pub use area::Area;
pub use detect::{DETECTOR_VERSION, Detection, Hints, Region, Thresholds, Why, detect};
pub use instance::{
    FrameFindings, FrameMasks, MaskReport, PixelError, PixelOutcome, PixelPolicy, clean_pixels, mask_instance,
};
pub use raster::Raster;
