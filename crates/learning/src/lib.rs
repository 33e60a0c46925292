//! What a machine proposes before a person looks.
//!
//! Arrays in, values out: no file, clock or database is touched here.
//!
//! - [`study`] proposes lesions in an image stack by thresholds and connected components.
//! - [`volume`] is the stack as the drafts take it.
//! - [`detect`] says what a detector of faces and plates is, and speaks to one in JSON tensors.
//! - [`clicks`] spells a picture with clicks for a model, and reads the mask that it answers.

pub mod clicks;
pub mod detect;
pub mod filters;
pub mod regions;
pub mod study;
pub mod volume;

pub use study::{DraftLesion, LesionSlice, Params, Polarity, threshold_components};
pub use volume::{Volume, VolumeError};

/// What made a draft; every draft that is stored carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ModelInfo {
    /// Stable name, lower case with dashes.
    pub name: &'static str,
    /// Version, changed with every change of the results.
    pub version: &'static str,
}

/// The draft of [`study::threshold_components`].
pub const STUDY_THRESHOLD: ModelInfo = ModelInfo { name: "study-threshold-components", version: "1.0.0" };
