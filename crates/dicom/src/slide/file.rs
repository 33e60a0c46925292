//! Slides that come as one TIFF file (Aperio's SVS, OME-TIFF, pyramids of libvips and others): each level becomes an instance of
//! VL Whole Slide Microscopy, so that everything behind it meets slides of one kind alone. Tiles that are JPEG or JPEG 2000 keep
//! their codestream; words, dates, thumbnail, label and overview of the file have no place in what comes out.

use bytes::Bytes;
use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::{
    JPEG_BASELINE, SLIDE_CLASS, SlideFileError,
    pages::{self, Colours, Packing, Page},
    tiff::{self, Tiff, tag},
    tiles,
};
use crate::{DataSet, Element, INFLATE_ALLOWANCE_BYTES, Instance, MAX_FRAMES, MAX_INFLATE_RATIO, Value};

/// JPEG-LS without loss, and JPEG 2000 with or without.
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";
const JPEG_2000: &str = "1.2.840.10008.1.2.4.91";
/// Longest text of a decimal string, characters (PS3.5 6.2).
const DECIMAL_CHARS: usize = 16;
/// Digits behind the point of a spacing in millimetres: a thousandth of a nanometre.
const SPACING_DIGITS: usize = 9;

/// A slide in a TIFF file.
#[derive(Debug)]
pub struct SlideFile {
    bytes: Bytes,
    levels: Vec<Page>,
    left_out: usize,
    um_per_pixel: Option<[f64; 2]>,
}

impl SlideFile {
    /// Whether bytes are a TIFF file; whether a slide, [`SlideFile::open`] says.
    #[must_use]
    pub fn is_tiff(bytes: &[u8]) -> bool {
        tiff::is_tiff(bytes)
    }

    /// Finds the levels of a slide. No tile is looked at.
    ///
    /// # Errors
    /// [`SlideFileError`] with the byte: no TIFF, broken, or pictures that no slide has.
    pub fn open(bytes: Bytes) -> Result<Self, SlideFileError> {
        let tiff = Tiff::open(&bytes)?;
        let (levels, left_out) = pages::levels(&tiff)?;
        let um_per_pixel = match levels.first() {
            Some(finest) => pages::um_per_pixel(&tiff, finest)?,
            None => None,
        };
        Ok(Self { bytes, levels, left_out, um_per_pixel })
    }

    /// How many levels there are, the finest first; at least one.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.levels.len()
    }

    /// Pictures of the file that are no levels: thumbnail, label, overview, other planes.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Height and width of a pixel of the finest level, micrometres; absent where the file does not say.
    #[must_use]
    pub fn um_per_pixel(&self) -> Option<[f64; 2]> {
        self.um_per_pixel
    }

    /// A level as an instance. `origin` stands for the file: the same number gives the same UIDs (PS3.5 B.2), so that a slide which comes
    /// again is known again.
    ///
    /// # Errors
    /// [`SlideFileError`] with the byte: no such level, tiles beyond the end of the file, or broken ones.
    pub fn instance(&self, level: usize, origin: u128) -> Result<Instance, SlideFileError> {
        let none = || SlideFileError::broken(0, "no such level");
        let (page, finest) = self.levels.get(level).zip(self.levels.first()).ok_or_else(none)?;
        let (fragments, places) = self.frames(page)?;
        let first = fragments.first().map(|(_, frame)| frame.clone());
        let mut data = DataSet::new();
        let uid = |nth: u128| format!("2.25.{}", origin.wrapping_add(nth));
        data.put_text(tags::SOP_CLASS_UID, VR::UI, SLIDE_CLASS);
        data.put_text(tags::STUDY_INSTANCE_UID, VR::UI, &uid(0));
        data.put_text(tags::SERIES_INSTANCE_UID, VR::UI, &uid(1));
        data.put_text(tags::FRAME_OF_REFERENCE_UID, VR::UI, &uid(2));
        data.put_text(tags::SOP_INSTANCE_UID, VR::UI, &uid(3 + level as u128));
        data.put_text(tags::MODALITY, VR::CS, "SM");
        let kind =
            if level == 0 { "DERIVED\\PRIMARY\\VOLUME\\NONE" } else { "DERIVED\\PRIMARY\\VOLUME\\RESAMPLED" };
        data.put_text(tags::IMAGE_TYPE, VR::CS, kind);
        data.put_text(tags::SERIES_NUMBER, VR::IS, "1");
        data.put_text(tags::INSTANCE_NUMBER, VR::IS, &(level + 1).to_string());
        data.put_text(tags::SPECIMEN_LABEL_IN_IMAGE, VR::CS, "NO");
        matrix(&mut data, page, places.as_deref());
        if let Some(um) = self.um_per_pixel {
            spacing(
                &mut data,
                um,
                [
                    f64::from(finest.height) / f64::from(page.height),
                    f64::from(finest.width) / f64::from(page.width),
                ],
            );
        }
        pixels(&mut data, page, fragments.len(), first.as_deref());
        let value = Value::Fragments { offsets: Bytes::new(), fragments };
        data.insert(tags::PIXEL_DATA, Element { vr: VR::OB, value, offset: 0 });
        let mut instance = Instance::new(data);
        instance.transfer_syntax = syntax(page).to_owned();
        Ok(instance)
    }

    /// The tiles in their order, and where each lies where some were not scanned.
    #[expect(clippy::type_complexity, reason = "what a value of fragments is made of")]
    fn frames(&self, page: &Page) -> Result<(Vec<(u64, Bytes)>, Option<Vec<u32>>), SlideFileError> {
        let tiff = Tiff::open(&self.bytes)?;
        let directory = tiff
            .directories
            .get(page.directory)
            .ok_or_else(|| SlideFileError::broken(0, "a directory that is gone"))?;
        let (across, down) = page.grid();
        let tiles = u64::from(across) * u64::from(down);
        let offsets = tiff.numbers(directory, tag::TILE_OFFSETS, MAX_FRAMES)?;
        let sizes = tiff.numbers(directory, tag::TILE_BYTES, MAX_FRAMES)?;
        if offsets.len() as u64 != tiles || sizes.len() as u64 != tiles {
            return Err(SlideFileError::broken(
                directory.at,
                "as many tiles as its size asks for are not there",
            ));
        }
        let scanned = sizes.iter().filter(|bytes| **bytes > 0).count() as u64;
        if is_bomb(page, scanned, self.bytes.len() as u64) {
            return Err(SlideFileError::unsupported(
                directory.at,
                "tiles that unpack to far more than the file holds",
            ));
        }
        let tables = tiff.raw(directory, tag::JPEG_TABLES)?.unwrap_or_default();
        let mut frames = Vec::with_capacity(offsets.len());
        let mut places = Vec::with_capacity(offsets.len());
        let mut taken = 0u64;
        for (place, (at, bytes)) in (0u32..).zip(offsets.into_iter().zip(sizes)) {
            if bytes == 0 {
                continue;
            }
            // Tiles may be named twice; then a small file would grow without bound.
            taken = taken.saturating_add(bytes);
            if taken > self.bytes.len() as u64 {
                return Err(SlideFileError::broken(at, "tiles that overlap"));
            }
            let raw = self.bytes.slice(tiff.slice(at, bytes)?);
            frames.push((0, tiles::frame(page, tables, raw, at)?));
            places.push(place);
        }
        if frames.is_empty() {
            return Err(SlideFileError::broken(directory.at, "a level without any tile"));
        }
        let is_full = places.len() as u64 == tiles;
        Ok((frames, (!is_full).then_some(places)))
    }
}

/// Whether tiles that are unpacked here hold more than a file of so many bytes can mean; JPEG and JPEG 2000 stay as they are.
fn is_bomb(page: &Page, tiles: u64, file_bytes: u64) -> bool {
    let tile = u64::from(page.tile_width) * u64::from(page.tile_height) * page.samples() as u64;
    let most = INFLATE_ALLOWANCE_BYTES.saturating_add(MAX_INFLATE_RATIO.saturating_mul(file_bytes));
    matches!(page.packing, Packing::None | Packing::Lzw | Packing::Deflate)
        && tiles.saturating_mul(tile) > most
}

/// Size of the level, and where its tiles lie (PS3.3 C.8.12.4 and C.8.12.6.1).
fn matrix(data: &mut DataSet, page: &Page, places: Option<&[u32]>) {
    let whole = |value: u32| value.to_le_bytes().to_vec();
    data.put_bytes(tags::TOTAL_PIXEL_MATRIX_COLUMNS, VR::UL, whole(page.width));
    data.put_bytes(tags::TOTAL_PIXEL_MATRIX_ROWS, VR::UL, whole(page.height));
    let kind = if places.is_some() { "TILED_SPARSE" } else { "TILED_FULL" };
    data.put_text(tags::DIMENSION_ORGANIZATION_TYPE, VR::CS, kind);
    let Some(places) = places else { return };
    let (across, _) = page.grid();
    let group = |place: &u32| {
        let (column, row) = (place % across * page.tile_width + 1, place / across * page.tile_height + 1);
        let mut position = DataSet::new();
        position.put_bytes(tags::COLUMN_POSITION_IN_TOTAL_IMAGE_PIXEL_MATRIX, VR::SL, whole(column));
        position.put_bytes(tags::ROW_POSITION_IN_TOTAL_IMAGE_PIXEL_MATRIX, VR::SL, whole(row));
        let mut group = DataSet::new();
        group.put_items(tags::PLANE_POSITION_SLIDE_SEQUENCE, vec![position]);
        group
    };
    data.put_items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, places.iter().map(group).collect());
}

fn spacing(data: &mut DataSet, finest_um: [f64; 2], factor: [f64; 2]) {
    let text = |um: f64| {
        let mut text = format!("{:.SPACING_DIGITS$}", um / 1000.0);
        text.truncate(DECIMAL_CHARS);
        text
    };
    let mut measures = DataSet::new();
    let both = format!("{}\\{}", text(finest_um[0] * factor[0]), text(finest_um[1] * factor[1]));
    measures.put_text(tags::PIXEL_SPACING, VR::DS, &both);
    let mut shared = DataSet::new();
    shared.put_items(tags::PIXEL_MEASURES_SEQUENCE, vec![measures]);
    data.put_items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]);
}

fn pixels(data: &mut DataSet, page: &Page, frames: usize, first: Option<&[u8]>) {
    // At most 65,535: looked at when the page was found.
    data.put_u16(tags::ROWS, &[page.tile_height as u16]);
    data.put_u16(tags::COLUMNS, &[page.tile_width as u16]);
    data.put_u16(tags::SAMPLES_PER_PIXEL, &[page.samples() as u16]);
    data.put_text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric(page, first.unwrap_or_default()));
    if page.samples() > 1 {
        data.put_u16(tags::PLANAR_CONFIGURATION, &[0]);
    }
    data.put_u16(tags::BITS_ALLOCATED, &[8]);
    data.put_u16(tags::BITS_STORED, &[8]);
    data.put_u16(tags::HIGH_BIT, &[7]);
    data.put_u16(tags::PIXEL_REPRESENTATION, &[0]);
    data.put_text(tags::NUMBER_OF_FRAMES, VR::IS, &frames.to_string());
    let lossy = matches!(page.packing, Packing::Jpeg | Packing::Jpeg2000 | Packing::Jpeg2000Chroma);
    data.put_text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, if lossy { "01" } else { "00" });
}

const fn syntax(page: &Page) -> &'static str {
    match page.packing {
        Packing::Jpeg => JPEG_BASELINE,
        Packing::Jpeg2000 | Packing::Jpeg2000Chroma => JPEG_2000,
        Packing::None | Packing::Lzw | Packing::Deflate => JPEG_LS,
    }
}

/// What the samples of the codestreams are (PS3.5 8.2): JPEG of chroma is called by the name that slides of DICOM have, however
/// its chroma is thinned out.
fn photometric(page: &Page, first: &[u8]) -> &'static str {
    match (page.packing, page.colours) {
        (_, Colours::Grey { white_is_zero: true }) => "MONOCHROME1",
        (_, Colours::Grey { white_is_zero: false }) => "MONOCHROME2",
        (Packing::Jpeg, Colours::Chroma) => "YBR_FULL_422",
        (Packing::Jpeg2000Chroma, _) => "YBR_FULL",
        (Packing::Jpeg2000, _) => transformed(first).unwrap_or("RGB"),
        _ => "RGB",
    }
}

/// The colour transform that a JPEG 2000 codestream says it was put through (T.800 A.6.1).
fn transformed(codestream: &[u8]) -> Option<&'static str> {
    let at = codestream.windows(2).take(4096).position(|marker| marker == [0xFF, 0x52])?;
    // Marker, length, style, progression and layers come before the transform; the wavelet is the last of the fixed part.
    let (transform, wavelet) = (codestream.get(at + 8)?, codestream.get(at + 13)?);
    match (transform, wavelet) {
        (1, 0) => Some("YBR_ICT"),
        (1, _) => Some("YBR_RCT"),
        _ => None,
    }
}
