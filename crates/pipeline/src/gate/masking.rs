//! Masks on pixels: what they cover is overwritten, so that nothing of it is left in the copy.

use countersign_dicom as dicom;
use countersign_model::{AssetKind, MaskRect};
use dicom::tags;
use image::{DynamicImage, GenericImage, ImageFormat};

/// Quality of a JPEG that had to be encoded again, of 100.
const JPEG_QUALITY: u8 = 95;
/// Chroma of grey in full-range YCbCr, 8 bit (PS3.3 C.7.6.3.1.2).
const YBR_NEUTRAL: u16 = 128;

/// A mask on a frame of a file.
pub(super) type FrameMask = (u32, MaskRect);

/// Why a file could not be masked: code and place.
pub(super) struct NotMasked {
    pub code: &'static str,
    pub place: String,
}

fn not_masked(code: &'static str, place: &str) -> NotMasked {
    NotMasked { code, place: place.to_owned() }
}

/// Width and height of the pictures in a file, and how many there are.
pub(super) fn picture_size(kind: AssetKind, bytes: &[u8]) -> Option<(u32, u32, u32)> {
    match kind {
        AssetKind::Dicom => {
            let facts = dicom::Facts::of(&dicom::read(bytes, &dicom::Limits::default()).ok()?);
            Some((facts.columns?, facts.rows?, facts.frames))
        }
        AssetKind::Png | AssetKind::Jpeg => {
            let reader = image::ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().ok()?;
            let (width, height) = reader.into_dimensions().ok()?;
            Some((width, height, 1))
        }
        _ => None,
    }
}

/// Masks a cleaned camera or inspection image. PNG stays lossless; a JPEG is encoded again, which changes pixels
/// beyond the masks by a little.
pub(super) fn mask_image(kind: AssetKind, bytes: &[u8], masks: &[FrameMask]) -> Result<Vec<u8>, NotMasked> {
    let broken = |_| not_masked("not_decodable", "image");
    let mut picture = image::load_from_memory(bytes).map_err(broken)?;
    let (width, height) = (picture.width(), picture.height());
    for (_, rect) in masks {
        let [columns, rows] = rect.pixels(width, height);
        for y in rows {
            for x in columns.clone() {
                picture.put_pixel(x, y, image::Rgba([0, 0, 0, u8::MAX]));
            }
        }
    }
    let mut out = std::io::Cursor::new(Vec::new());
    match kind {
        AssetKind::Jpeg => {
            let plain = match picture {
                DynamicImage::ImageLuma8(_) => picture,
                other => DynamicImage::ImageRgb8(other.into_rgb8()),
            };
            let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, JPEG_QUALITY);
            plain.write_with_encoder(encoder).map_err(broken)?;
        }
        _ => picture.write_to(&mut out, ImageFormat::Png).map_err(broken)?,
    }
    Ok(out.into_inner())
}

/// How the frames of native pixel data lie.
struct Layout {
    rows: u32,
    columns: u32,
    samples: usize,
    /// Bytes of a sample: 1 or 2.
    width: usize,
    planar: bool,
    /// What black is, by sample.
    black: [u16; 3],
}

impl Layout {
    fn of(set: &dicom::DataSet) -> Option<Self> {
        let samples = set.u32(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        let allocated = set.u32(tags::BITS_ALLOCATED)?;
        let stored = set.u32(tags::BITS_STORED).unwrap_or(allocated);
        let signed = set.u32(tags::PIXEL_REPRESENTATION) == Some(1);
        let photometric = set.text(tags::PHOTOMETRIC_INTERPRETATION);
        if !matches!(samples, 1 | 3) || !matches!(allocated, 8 | 16) || stored == 0 || stored > allocated {
            return None;
        }
        let full = ((1_u32 << stored) - 1) as u16;
        let black = match photometric.as_deref() {
            Some("MONOCHROME1") if signed => [full >> 1; 3],
            Some("MONOCHROME1") => [full; 3],
            // The smallest value, in two's complement.
            Some("MONOCHROME2") if signed => [!(full >> 1); 3],
            Some("MONOCHROME2" | "RGB" | "PALETTE COLOR") | None => [0; 3],
            Some("YBR_FULL") => [0, YBR_NEUTRAL, YBR_NEUTRAL],
            _ => return None,
        };
        Some(Self {
            rows: set.u32(tags::ROWS)?,
            columns: set.u32(tags::COLUMNS)?,
            samples: samples as usize,
            width: allocated as usize / 8,
            planar: samples == 3 && set.u32(tags::PLANAR_CONFIGURATION) == Some(1),
            black,
        })
    }

    /// Byte of a sample within its frame.
    const fn at(&self, x: u32, y: u32, sample: usize) -> usize {
        let pixel = y as usize * self.columns as usize + x as usize;
        let index = if self.planar {
            sample * self.rows as usize * self.columns as usize + pixel
        } else {
            pixel * self.samples + sample
        };
        index * self.width
    }
}

/// Masks frames of native pixel data in place. Every bit of a covered sample is overwritten, also those beyond Bits
/// Stored.
pub(super) fn mask_native(instance: &mut dicom::Instance, masks: &[FrameMask]) -> Result<(), NotMasked> {
    let refused = || not_masked("mask_not_possible", "(7FE0,0010)");
    let layout = Layout::of(&instance.data).ok_or_else(refused)?;
    let native = dicom::coding(&instance.transfer_syntax) == dicom::Coding::Native;
    let element = instance.data.get_mut(tags::PIXEL_DATA).filter(|_| native).ok_or_else(refused)?;
    let dicom::Value::Bytes(raw) = &element.value else { return Err(refused()) };
    let mut pixels = raw.to_vec();
    let frame_bytes = layout.rows as usize * layout.columns as usize * layout.samples * layout.width;
    for (part, rect) in masks {
        let start = frame_bytes.checked_mul(*part as usize).ok_or_else(refused)?;
        let frame = pixels.get_mut(start..start.saturating_add(frame_bytes)).ok_or_else(refused)?;
        let [columns, rows] = rect.pixels(layout.columns, layout.rows);
        for y in rows {
            for x in columns.clone() {
                for sample in 0..layout.samples {
                    let (at, black) = (layout.at(x, y, sample), layout.black[sample].to_le_bytes());
                    frame[at..at + layout.width].copy_from_slice(&black[..layout.width]);
                }
            }
        }
    }
    element.value = dicom::Value::Bytes(pixels.into());
    Ok(())
}
