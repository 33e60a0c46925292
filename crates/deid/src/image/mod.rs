//! Camera and inspection images: everything that is not picture is dropped, no pixel is re-coded.

mod jpeg;
mod png;
mod tiff;

use serde::{Deserialize, Serialize};

use crate::{Kind, sniff};

/// Largest image file, bytes.
pub const MAX_IMAGE_BYTES: usize = 512 * 1024 * 1024;
/// Most pixels of an image (16384 x 16384).
pub const MAX_IMAGE_PIXELS: u64 = 16_384 * 16_384;
/// Most segments or chunks of an image.
pub(crate) const MAX_PARTS: usize = 100_000;

/// A part that was dropped: its name (chunk type, marker or number of a tag), never its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stripped {
    /// PNG chunk type, JPEG marker, TIFF tag (`tag 270`) or `page`, `comment`, `gaps`, `trailing`.
    pub part: String,
    /// Byte offset in the source.
    pub offset: u64,
    /// Length, bytes.
    pub bytes: u64,
}

/// An image without its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanedImage {
    /// The file.
    pub bytes: Vec<u8>,
    /// [`Kind::Png`], [`Kind::Jpeg`] or [`Kind::Tiff`].
    pub kind: Kind,
    /// Width, pixels.
    pub width: u32,
    /// Height, pixels.
    pub height: u32,
    /// EXIF orientation (1 to 8) of the source, where it had one: dropping it shows the pixels as stored.
    pub orientation: Option<u8>,
    /// What was dropped.
    pub stripped: Vec<Stripped>,
}

/// Why an image was refused. Offsets count from the start of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Neither PNG nor JPEG nor TIFF.
    #[error("neither a PNG nor a JPEG nor a TIFF image at byte 0")]
    NotAnImage,
    /// Larger than [`MAX_IMAGE_BYTES`].
    #[error("the image has {bytes} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Size, bytes.
        bytes: u64,
        /// The limit, bytes.
        limit: u64,
    },
    /// More pixels than [`MAX_IMAGE_PIXELS`], or none.
    #[error("an image of {width} x {height} pixels at byte {offset} is beyond the limit of {limit} pixels")]
    Dimensions {
        /// Byte of the size.
        offset: u64,
        /// Declared width, pixels.
        width: u64,
        /// Declared height, pixels.
        height: u64,
        /// The limit, pixels.
        limit: u64,
    },
    /// The file ends within a part.
    #[error("the image ends within the part at byte {offset}")]
    Truncated {
        /// Byte where the part starts.
        offset: u64,
    },
    /// The structure cannot be followed.
    #[error("broken image at byte {offset}: {why}")]
    Broken {
        /// Where.
        offset: u64,
        /// What is wrong.
        why: &'static str,
    },
    /// Another file stands in or behind the image.
    #[error("another file ({kind:?}) stands at byte {offset} of the image")]
    Polyglot {
        /// Where it starts.
        offset: u64,
        /// What it looks like.
        kind: Kind,
    },
}

impl ImageError {
    /// A stable machine-readable code; it never changes once released.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnImage => "image-not-an-image",
            Self::TooLarge { .. } => "image-too-large",
            Self::Dimensions { .. } => "image-dimensions",
            Self::Truncated { .. } => "image-truncated",
            Self::Broken { .. } => "image-broken",
            Self::Polyglot { .. } => "image-polyglot",
        }
    }

    /// The byte that the error names.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::NotAnImage => Some(0),
            Self::TooLarge { .. } => None,
            Self::Dimensions { offset, .. }
            | Self::Truncated { offset }
            | Self::Broken { offset, .. }
            | Self::Polyglot { offset, .. } => Some(*offset),
        }
    }
}

/// Drops everything but the picture from a PNG, JPEG or TIFF: positions, times, cameras, comments, previews,
/// profiles, and whatever stands behind the end.
///
/// # Errors
/// [`ImageError`] with the byte, for what is no image, is broken or too large, or is another file as well.
pub fn clean_image(bytes: &[u8]) -> Result<CleanedImage, ImageError> {
    if bytes.len() > MAX_IMAGE_BYTES {
        return Err(ImageError::TooLarge { bytes: bytes.len() as u64, limit: MAX_IMAGE_BYTES as u64 });
    }
    match sniff(bytes) {
        Kind::Png => png::clean(bytes),
        Kind::Jpeg => jpeg::clean(bytes),
        Kind::Tiff => tiff::clean(bytes),
        // A file that is an image at byte 0 and DICOM at byte 128.
        Kind::Dicom
            if [&b"\x89PNG"[..], b"\xFF\xD8\xFF", b"II", b"MM"].iter().any(|s| bytes.starts_with(s)) =>
        {
            Err(ImageError::Polyglot { offset: 128, kind: Kind::Dicom })
        }
        _ => Err(ImageError::NotAnImage),
    }
}

pub(crate) fn check_size(width: u64, height: u64, offset: usize) -> Result<(u32, u32), ImageError> {
    let pixels = width.saturating_mul(height);
    match (u32::try_from(width), u32::try_from(height)) {
        (Ok(w), Ok(h)) if pixels > 0 && pixels <= MAX_IMAGE_PIXELS => Ok((w, h)),
        _ => Err(ImageError::Dimensions { offset: offset as u64, width, height, limit: MAX_IMAGE_PIXELS }),
    }
}

/// What stands behind the end of an image: nothing, filler that is dropped, or another file.
pub(crate) fn trailing(bytes: &[u8], end: usize, stripped: &mut Vec<Stripped>) -> Result<(), ImageError> {
    let rest = &bytes[end..];
    if rest.is_empty() {
        return Ok(());
    }
    let start = rest.iter().position(|b| !b.is_ascii_whitespace() && *b != 0).unwrap_or(rest.len());
    let kind = sniff(&rest[start..]);
    // A second JPEG behind the first is a camera's preview or depth picture: dropped like the others.
    if !matches!(kind, Kind::Unknown | Kind::Jpeg | Kind::Bmp) {
        return Err(ImageError::Polyglot { offset: (end + start) as u64, kind });
    }
    // An archive's directory stands at its end, whatever is in front of it.
    if let Some(at) = rest.windows(4).position(|w| w == b"PK\x05\x06") {
        return Err(ImageError::Polyglot { offset: (end + at) as u64, kind: Kind::Zip });
    }
    stripped.push(Stripped { part: "trailing".to_owned(), offset: end as u64, bytes: rest.len() as u64 });
    Ok(())
}
