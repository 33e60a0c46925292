//! The one error type of this crate. Every refusal names the element and the byte where it was found,
//! as far as they are known, and never a value.

use std::fmt;

use dicom_core::Tag;

/// Where in the input a fault was found.
///
/// `offset` counts bytes from the start of the file; within a deflated data set it counts from the start
/// of the inflated data set, because the file has no such byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The element, where one was recognised.
    pub tag: Option<Tag>,
    /// The byte offset, where one is known.
    pub offset: Option<u64>,
}

impl Place {
    /// A place with both parts known.
    #[must_use]
    pub fn new(tag: Tag, offset: u64) -> Self {
        Self { tag: Some(tag), offset: Some(offset) }
    }

    /// A place that is only a byte.
    #[must_use]
    pub fn byte(offset: u64) -> Self {
        Self { tag: None, offset: Some(offset) }
    }

    /// A place that is only an element (for example a missing one).
    #[must_use]
    pub fn tag(tag: Tag) -> Self {
        Self { tag: Some(tag), offset: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tag, self.offset) {
            (Some(tag), Some(offset)) => write!(f, "{tag} at byte {offset}"),
            (Some(tag), None) => write!(f, "{tag}"),
            (None, Some(offset)) => write!(f, "byte {offset}"),
            (None, None) => write!(f, "an unknown place"),
        }
    }
}

/// Why a file, or a frame of it, was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DicomError {
    /// The bytes are not a DICOM file.
    #[error("not a DICOM file ({why}) at {place}")]
    NotDicom {
        /// What was expected.
        why: &'static str,
        /// Where it was expected.
        place: Place,
    },
    /// The input is larger than the limit, bytes.
    #[error("the file has {bytes} bytes, more than the limit of {limit}")]
    FileTooLarge {
        /// Size of the input, bytes.
        bytes: u64,
        /// The limit, bytes.
        limit: u64,
    },
    /// A declared length reaches beyond what is left.
    #[error("{place} declares {declared} bytes where {available} are left")]
    Truncated {
        /// The element.
        place: Place,
        /// Length that the element declares, bytes.
        declared: u64,
        /// Bytes that are left, bytes.
        available: u64,
    },
    /// Sequences nest deeper than the limit.
    #[error("sequences nest deeper than {limit} levels at {place}")]
    TooDeep {
        /// The sequence that went too far.
        place: Place,
        /// The limit, levels.
        limit: usize,
    },
    /// More elements, items and fragments than the limit.
    #[error("more than {limit} elements at {place}")]
    TooManyElements {
        /// The first element beyond the limit.
        place: Place,
        /// The limit, elements.
        limit: usize,
    },
    /// The structure cannot be followed.
    #[error("broken structure at {place}: {why}")]
    BadStructure {
        /// Where.
        place: Place,
        /// What is wrong.
        why: &'static str,
    },
    /// A deflated data set or frame does not inflate.
    #[error("deflated data at {place} do not inflate")]
    Inflate {
        /// Where the deflated data start.
        place: Place,
    },
    /// A deflated data set or frame inflates beyond the limit.
    #[error("deflated data at {place} inflate to more than {limit} bytes")]
    InflatedTooLarge {
        /// Where the deflated data start.
        place: Place,
        /// The limit, bytes.
        limit: u64,
    },
    /// Rows x Columns is beyond the limit.
    #[error("an image of {columns} x {rows} pixels at {place} is beyond the limit of {limit} pixels")]
    ImageTooLarge {
        /// The Rows element.
        place: Place,
        /// Declared rows.
        rows: u64,
        /// Declared columns.
        columns: u64,
        /// The limit, pixels of one frame.
        limit: u64,
    },
    /// More frames than the limit.
    #[error("{frames} frames at {place} are beyond the limit of {limit}")]
    TooManyFrames {
        /// The Number of Frames element.
        place: Place,
        /// Declared frames.
        frames: u64,
        /// The limit, frames.
        limit: u64,
    },
    /// An element that is needed is absent or empty.
    #[error("{place} is missing")]
    Missing {
        /// The element.
        place: Place,
    },
    /// An element has a value that cannot be used.
    #[error("{place} has an unusable value: {why}")]
    BadValue {
        /// The element.
        place: Place,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The instance has no pixel data.
    #[error("the instance has no pixel data")]
    NoPixelData,
    /// The frame does not exist.
    #[error("frame {index} of {frames}")]
    NoSuchFrame {
        /// The frame asked for, from 0.
        index: u32,
        /// The number of frames.
        frames: u32,
    },
    /// The transfer syntax has no decoder here.
    #[error("transfer syntax {name} has no decoder ({place})")]
    UnsupportedTransferSyntax {
        /// Registered name or number, or "unregistered".
        name: &'static str,
        /// The Transfer Syntax UID element.
        place: Place,
    },
    /// The pixel layout has no decoder here.
    #[error("pixel layout at {place} is not supported: {why}")]
    UnsupportedPixels {
        /// The attribute that says so.
        place: Place,
        /// What is not supported.
        why: &'static str,
    },
    /// The transfer syntax has no encoder here: transcode the instance to native pixels first.
    #[error("frames of transfer syntax {name} cannot be coded again ({place})")]
    CannotReencode {
        /// Registered name, or "unregistered".
        name: &'static str,
        /// The Transfer Syntax UID element.
        place: Place,
    },
    /// The pixel data have no place in a file: deflated, made or changed in memory.
    #[error("the pixel data at {place} are not those of a file")]
    NotInSource {
        /// The pixel data.
        place: Place,
    },
    /// A codestream does not decode.
    #[error("{codec} codestream at {place} does not decode: {why}")]
    Codec {
        /// Name of the codec.
        codec: &'static str,
        /// Pixel data, and the first byte of the codestream.
        place: Place,
        /// What the decoder said.
        why: String,
    },
}

impl DicomError {
    /// A stable machine-readable code; it never changes once released.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotDicom { .. } => "dicom-not-dicom",
            Self::FileTooLarge { .. } => "dicom-file-too-large",
            Self::Truncated { .. } => "dicom-truncated",
            Self::TooDeep { .. } => "dicom-too-deep",
            Self::TooManyElements { .. } => "dicom-too-many-elements",
            Self::BadStructure { .. } => "dicom-bad-structure",
            Self::Inflate { .. } => "dicom-inflate",
            Self::InflatedTooLarge { .. } => "dicom-inflated-too-large",
            Self::ImageTooLarge { .. } => "dicom-image-too-large",
            Self::TooManyFrames { .. } => "dicom-too-many-frames",
            Self::Missing { .. } => "dicom-missing",
            Self::BadValue { .. } => "dicom-bad-value",
            Self::NoPixelData => "dicom-no-pixel-data",
            Self::NoSuchFrame { .. } => "dicom-no-such-frame",
            Self::UnsupportedTransferSyntax { .. } => "dicom-unsupported-transfer-syntax",
            Self::UnsupportedPixels { .. } => "dicom-unsupported-pixels",
            Self::CannotReencode { .. } => "dicom-cannot-reencode",
            Self::NotInSource { .. } => "dicom-not-in-source",
            Self::Codec { .. } => "dicom-codec",
        }
    }

    /// The element and byte that the error names.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::NotDicom { place, .. }
            | Self::Truncated { place, .. }
            | Self::TooDeep { place, .. }
            | Self::TooManyElements { place, .. }
            | Self::BadStructure { place, .. }
            | Self::Inflate { place }
            | Self::InflatedTooLarge { place, .. }
            | Self::ImageTooLarge { place, .. }
            | Self::TooManyFrames { place, .. }
            | Self::Missing { place }
            | Self::BadValue { place, .. }
            | Self::UnsupportedTransferSyntax { place, .. }
            | Self::UnsupportedPixels { place, .. }
            | Self::CannotReencode { place, .. }
            | Self::NotInSource { place }
            | Self::Codec { place, .. } => *place,
            Self::FileTooLarge { .. } | Self::NoPixelData | Self::NoSuchFrame { .. } => Place::default(),
        }
    }

    /// Whether a limit was hit, as opposed to a defect that a tolerant reader may step over.
    #[must_use]
    pub(crate) fn is_limit(&self) -> bool {
        matches!(self, Self::TooDeep { .. } | Self::TooManyElements { .. } | Self::InflatedTooLarge { .. })
    }
}
