//! The image pixel module, checked.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde::{Deserialize, Serialize};

use crate::{DataSet, DicomError, Instance};

/// Photometric Interpretation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Photometric {
    /// Smallest value white.
    Monochrome1,
    /// Smallest value black.
    Monochrome2,
    /// Index into a palette.
    Palette,
    /// Red, green, blue.
    Rgb,
    /// Full-range YCbCr, one chroma pair per pixel.
    YbrFull,
    /// Full-range YCbCr, one chroma pair per two pixels.
    YbrFull422,
    /// JPEG 2000's irreversible transform (undone by the codec).
    YbrIct,
    /// JPEG 2000's reversible transform (undone by the codec).
    YbrRct,
    /// JPEG XL's perceptual transform (undone by the codec).
    Xyb,
}

impl Photometric {
    /// From the defined term.
    #[must_use]
    pub fn from_term(term: &str) -> Option<Self> {
        Some(match term {
            "MONOCHROME1" => Self::Monochrome1,
            "MONOCHROME2" => Self::Monochrome2,
            "PALETTE COLOR" => Self::Palette,
            "RGB" => Self::Rgb,
            "YBR_FULL" => Self::YbrFull,
            "YBR_FULL_422" => Self::YbrFull422,
            "YBR_ICT" => Self::YbrIct,
            "YBR_RCT" => Self::YbrRct,
            "XYB" => Self::Xyb,
            _ => return None,
        })
    }
}

/// Size and sample layout of the frames of an instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PixelLayout {
    pub rows: u32,
    pub columns: u32,
    pub frames: u32,
    /// Samples per pixel: 1 or 3.
    pub samples: usize,
    pub bits_allocated: u16,
    pub bits_stored: u16,
    pub high_bit: u16,
    pub signed: bool,
    pub planar: bool,
    pub photometric: Photometric,
    /// The element that holds the pixels: Pixel Data, Float Pixel Data or Double Float Pixel Data.
    pub element: Tag,
}

/// The element that holds the pixels of a data set.
pub(crate) fn pixel_element(data: &DataSet) -> Option<Tag> {
    [tags::PIXEL_DATA, tags::FLOAT_PIXEL_DATA, tags::DOUBLE_FLOAT_PIXEL_DATA]
        .into_iter()
        .find(|tag| data.get(*tag).is_some())
}

impl PixelLayout {
    pub fn of(instance: &Instance) -> Result<Self, DicomError> {
        let data = &instance.data;
        let element = pixel_element(data).ok_or(DicomError::NoPixelData)?;
        let need = |tag: Tag| data.u32(tag).ok_or(DicomError::Missing { place: data.place(tag) });
        let bad = |tag: Tag, why| Err(DicomError::UnsupportedPixels { place: data.place(tag), why });
        let (rows, columns) = (need(tags::ROWS)?, need(tags::COLUMNS)?);
        if rows == 0 || columns == 0 {
            return Err(DicomError::BadValue {
                place: data.place(tags::ROWS),
                why: "an image without pixels",
            });
        }
        let (pixels, limit) = (u64::from(rows) * u64::from(columns), instance.limits.frame_pixels);
        if pixels > limit {
            let (rows, columns) = (rows.into(), columns.into());
            return Err(DicomError::ImageTooLarge { place: data.place(tags::ROWS), rows, columns, limit });
        }
        let samples = data.u32(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        if samples != 1 && samples != 3 {
            return bad(tags::SAMPLES_PER_PIXEL, "neither 1 nor 3 samples per pixel");
        }
        let [allocated, stored, high] = bits(data, element)?;
        let term = data.text(tags::PHOTOMETRIC_INTERPRETATION);
        let photometric = match &term {
            None if samples == 3 => Photometric::Rgb,
            None => Photometric::Monochrome2,
            Some(t) => match Photometric::from_term(t) {
                Some(p) => p,
                None => return bad(tags::PHOTOMETRIC_INTERPRETATION, "an unknown interpretation"),
            },
        };
        let gray =
            matches!(photometric, Photometric::Monochrome1 | Photometric::Monochrome2 | Photometric::Palette);
        if gray != (samples == 1) {
            return bad(tags::PHOTOMETRIC_INTERPRETATION, "does not go with the samples per pixel");
        }
        Ok(Self {
            rows,
            columns,
            frames: super::frame_count(instance),
            samples: samples as usize,
            // At most 64, checked in bits().
            bits_allocated: allocated as u16,
            bits_stored: stored as u16,
            high_bit: high as u16,
            signed: element == tags::PIXEL_DATA && data.u32(tags::PIXEL_REPRESENTATION) == Some(1),
            planar: samples == 3 && data.u32(tags::PLANAR_CONFIGURATION) == Some(1),
            photometric,
            element,
        })
    }

    /// Whether the samples are floating-point numbers.
    pub fn is_float(&self) -> bool {
        self.element != tags::PIXEL_DATA
    }

    /// Pixels of one frame.
    pub fn pixels(&self) -> usize {
        self.rows as usize * self.columns as usize
    }

    /// Samples of one frame.
    pub fn count(&self) -> usize {
        self.pixels() * self.samples
    }
}

/// Bits Allocated, Bits Stored and High Bit. Floating-point pixel data have the first one only.
fn bits(data: &DataSet, element: Tag) -> Result<[u32; 3], DicomError> {
    let bad = |tag: Tag, why| Err(DicomError::UnsupportedPixels { place: data.place(tag), why });
    let width = match element {
        tags::FLOAT_PIXEL_DATA => Some(32),
        tags::DOUBLE_FLOAT_PIXEL_DATA => Some(64),
        _ => None,
    };
    if let Some(width) = width {
        return Ok([width, width, width - 1]);
    }
    let missing = DicomError::Missing { place: data.place(tags::BITS_ALLOCATED) };
    let allocated = data.u32(tags::BITS_ALLOCATED).ok_or(missing)?;
    if !matches!(allocated, 1 | 8 | 16 | 32) {
        return bad(tags::BITS_ALLOCATED, "bits allocated are not 1, 8, 16 or 32");
    }
    let stored = data.u32(tags::BITS_STORED).unwrap_or(allocated);
    if stored == 0 || stored > allocated {
        return bad(tags::BITS_STORED, "more bits stored than allocated");
    }
    let high = data.u32(tags::HIGH_BIT).unwrap_or(stored - 1);
    if high >= allocated || high + 1 < stored {
        return bad(tags::HIGH_BIT, "the high bit is outside of the sample");
    }
    Ok([allocated, stored, high])
}
