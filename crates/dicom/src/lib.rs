//! DICOM in and out, for bytes from anywhere.
//!
//! [`read`] turns a file into an [`Instance`]; every declared length is checked against what is left, and
//! every refusal names element and byte. [`Facts`] are the typed attributes without identifiers,
//! [`Identity`] the identifiers. [`decode_frame`] gives the stored values of one frame, [`write()`] puts an
//! instance back into bytes without touching its codestream, [`order_slices`] puts slices in space.
//!
//! No file, clock, network or database is touched here.

mod dataset;
mod dictionary;
mod display;
mod encode;
mod endian;
mod error;
mod facts;
mod frames;
mod instance;
mod jpeg;
mod jpegls;
mod limits;
mod lut;
mod parse;
mod render;
mod slide;
mod stack;
mod syntax;
mod write;

pub use dataset::{DataSet, Element, Value};
pub use dicom_core::{Tag, VR};
pub use dicom_dictionary_std::tags;
pub use dictionary::{fits_dictionary, keyword};
pub use display::{
    MAX_OVERLAY_PIXELS, MAX_OVERLAYS, MAX_REGIONS, MAX_SHUTTER_CORNERS, Overlay, Region, Shutter, Shutters,
    frame_rate_hz, has_display_extras, overlays, pixel_aspect, regions, shutters, unit,
};
pub use encode::{FrameEdit, FrameOutcome, Replaced, replace_frames, transcode_to_native};
pub use error::{DicomError, Place};
pub use facts::{Dose, Facts, FrameGeometry, Identity, SpacingOrigin, Window, frame_geometry};
pub use frames::{
    Cells, Frame, FrameBytes, FrameMap, MAX_HEAD_BYTES, Photometric, Samples, StoredSamples, bare_jpeg_xl,
    decode_frame, frame_bytes, frame_count, is_decodable, raw_samples,
};
pub use instance::{Instance, Note, NoteKind, read, read_shared};
pub use limits::{
    INFLATE_ALLOWANCE_BYTES, Limits, MAX_DEPTH, MAX_ELEMENTS, MAX_FILE_BYTES, MAX_FRAME_PIXELS, MAX_FRAMES,
    MAX_INFLATE_RATIO, MAX_INFLATED_BYTES,
};
pub use lut::{DisplayLuts, Lut};
pub use render::{Rendered, default_window, render, render_frame, render_with, rescaled};
pub use slide::{
    MAX_TILES, SlideFile, SlideFileError, SlideLevel, browser_jpeg, frames_are_tiles, slide_level,
};
pub use stack::{
    ORIENTATION_TOLERANCE, SAME_PLACE_MM, SPACING_TOLERANCE, SliceGeometry, Stack, StackIssue,
    TILT_TOLERANCE_RAD, order_slices,
};
pub use syntax::{Coding, EXPLICIT_LITTLE, coding};
pub use write::{IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION, write};
