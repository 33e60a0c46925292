//! Text burned into pixels: found by its shape, not read, and painted over.
//!
//! [`detect`] asks a small net, trained on made-up pictures, where lettering is likely; nothing is read, so no
//! alphabet is needed. [`clean_pixels`] looks at every frame of an instance and paints what was found;
//! [`mask_instance`] paints what a person drew.

mod area;
mod detect;
mod figures;
mod ink;
mod instance;
#[doc(hidden)]
pub mod net;
mod pieces;
mod raster;
mod still;
mod ultrasound;

pub use area::Area;
pub use detect::{DETECTOR_VERSION, Detection, Hints, Region, Thresholds, Why, detect, detect_at};
pub use figures::{DETECTOR_RELEASES, DetectorFigures, Recall, recall};
pub use instance::{
    FrameFindings, FrameMasks, MaskReport, PixelError, PixelOutcome, PixelPolicy, clean_pixels, mask_instance,
};
pub use raster::Raster;
pub use ultrasound::SAFE_LIST_VERSION;
