//! Why an instance could not be de-identified. No message has a value of the source in it.

use countersign_dicom::{DicomError, Place};

use crate::{ProfileError, ProfileOption};

/// Errors of [`crate::clean_dicom`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeidError {
    /// A removed value is still in the output, in an element that cannot be taken out.
    #[error("a removed value is still in the output: {path}, {place}")]
    Leak {
        /// Path of the element in the output.
        path: String,
        /// The element, and its byte in the output.
        place: Place,
    },
    /// A private element is still in the output.
    #[error("a private element is still in the output: {path}, {place}")]
    Private {
        /// Path of the element in the output.
        path: String,
        /// The element, and its byte in the output.
        place: Place,
    },
    /// The profile contradicts itself, or is not one that the tables here can apply.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The profile says that pixels or visual features were cleaned, the caller does not.
    #[error("`{}` is asked for, but the pixels were not cleaned before", .0.word())]
    PixelsNotCleaned(ProfileOption),
    /// A codestream whose comments cannot be told from its pixels.
    #[error("the codestream at {place} cannot be followed: {why}")]
    Codestream {
        /// Pixel data and the byte of the source.
        place: Place,
        /// What is wrong.
        why: &'static str,
    },
    /// The output could not be written or read back.
    #[error("the cleaned instance does not hold: {0}")]
    Dicom(#[from] DicomError),
}

impl DeidError {
    /// A stable machine-readable code; it never changes once released.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Leak { .. } => "deid-leak",
            Self::Private { .. } => "deid-private",
            Self::Profile(e) => e.code(),
            Self::PixelsNotCleaned(_) => "deid-pixels-not-cleaned",
            Self::Codestream { .. } => "deid-codestream",
            Self::Dicom(e) => e.code(),
        }
    }

    /// The element and byte that the error names.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Leak { place, .. } | Self::Private { place, .. } | Self::Codestream { place, .. } => *place,
            Self::Profile(_) | Self::PixelsNotCleaned(_) => Place::default(),
            Self::Dicom(e) => e.place(),
        }
    }
}
