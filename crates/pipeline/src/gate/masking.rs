//! Masks on pixels: what they cover is overwritten, so that nothing of it is left in the copy.

use std::collections::BTreeMap;

use countersign_deid::pixels;
use countersign_dicom as dicom;
use countersign_model::{AssetKind, MaskRect};
use image::{DynamicImage, GenericImage, ImageFormat};

/// Quality of a JPEG that had to be encoded again, of 100.
const JPEG_QUALITY: u8 = 95;

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

/// Masks frames of an instance: only the frames with a mask are coded again, in the file's own coding where there is an
/// encoder for it.
pub(super) fn mask_dicom(instance: &mut dicom::Instance, masks: &[FrameMask]) -> Result<(), NotMasked> {
    let (columns, rows) = size_of(instance).ok_or_else(|| not_masked("mask_not_possible", "(0028,0010)"))?;
    let mut frames: BTreeMap<u32, Vec<pixels::Area>> = BTreeMap::new();
    for (frame, rect) in masks {
        let [x, y] = rect.pixels(columns, rows);
        let (width, height) = (x.end - x.start, y.end - y.start);
        frames.entry(*frame).or_default().push(pixels::Area { x: x.start, y: y.start, width, height });
    }
    let frames: Vec<_> =
        frames.into_iter().map(|(frame, areas)| pixels::FrameMasks { frame, areas }).collect();
    pixels::mask_instance(instance, &frames)
        .map(drop)
        .map_err(|error| not_masked("mask_not_possible", &error.place().to_string()))
}

fn size_of(instance: &dicom::Instance) -> Option<(u32, u32)> {
    let facts = dicom::Facts::of(instance);
    Some((facts.columns?, facts.rows?))
}

/// What the detector found in an instance, painted over in it.
pub(super) fn find_text(instance: &mut dicom::Instance) -> Result<Vec<FrameMask>, pixels::PixelError> {
    let outcome = pixels::clean_pixels(instance, &pixels::PixelPolicy::default())?;
    let masked = outcome.masked.frames.into_iter();
    Ok(masked
        .flat_map(|frame| frame.areas.into_iter().map(move |area| (frame.frame, rect_of(area))))
        .collect())
}

fn rect_of(area: pixels::Area) -> MaskRect {
    let [x, y, width, height] = [area.x, area.y, area.width, area.height].map(f64::from);
    MaskRect { x, y, width, height }
}
