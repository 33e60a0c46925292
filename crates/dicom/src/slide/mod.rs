//! Whole slides: one instance is one level of a pyramid, cut into tiles that are its frames (PS3.3 C.8.12.14 and C.7.6.17).
//! Slides that come as a TIFF file become such instances.

mod file;
mod pages;
mod tiff;
mod tiles;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::Instance;
use crate::dataset::DataSet;

pub use self::file::SlideFile;

/// VL Whole Slide Microscopy Image Storage.
const SLIDE_CLASS: &str = "1.2.840.10008.5.1.4.1.1.77.1.6";
/// Most tiles of one level.
pub const MAX_TILES: u64 = crate::MAX_FRAMES;

/// Why a TIFF file was not taken for a slide.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why} (byte {offset})")]
pub struct SlideFileError {
    /// Byte of the file.
    pub offset: u64,
    /// What is there, or is not.
    pub why: &'static str,
    is_broken: bool,
}

impl SlideFileError {
    const fn broken(offset: u64, why: &'static str) -> Self {
        Self { offset, why, is_broken: true }
    }

    const fn unsupported(offset: u64, why: &'static str) -> Self {
        Self { offset, why, is_broken: false }
    }

    /// A stable machine-readable code; it never changes once released.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        if self.is_broken { "broken_tiff" } else { "no_slide" }
    }
}

/// Most places of a level for each tile that was scanned. Scanners leave out glass without tissue, seldom more than nine
/// tenths.
const PLACES_PER_TILE_MAX: u64 = 64;

/// One level of a slide.
#[derive(Debug, Clone, PartialEq)]
pub struct SlideLevel {
    /// Width of the whole level, pixels.
    pub columns: u32,
    /// Height of the whole level, pixels.
    pub rows: u32,
    /// Width of a tile, pixels; tiles at the right edge are filled up.
    pub tile_columns: u32,
    /// Height of a tile, pixels.
    pub tile_rows: u32,
    /// Between rows, then between columns, micrometres on the slide.
    pub um_per_pixel: Option<[f64; 2]>,
    /// The frame of each tile, row by row, where frames are not simply in that order; `None` in a place that was not
    /// scanned.
    pub frames: Option<Vec<Option<u32>>>,
}

impl SlideLevel {
    /// Tiles side by side, and one below the other.
    #[must_use]
    pub fn grid(&self) -> (u32, u32) {
        (self.columns.div_ceil(self.tile_columns), self.rows.div_ceil(self.tile_rows))
    }
}

/// Whether the frames of an instance are places beside each other instead of one place again: tiles of a slide, however they
/// lie.
#[must_use]
pub fn frames_are_tiles(instance: &Instance) -> bool {
    let data = &instance.data;
    let whole = |tag: Tag| data.u32(tag).unwrap_or(0);
    data.text(tags::SOP_CLASS_UID).as_deref() == Some(SLIDE_CLASS)
        && (whole(tags::TOTAL_PIXEL_MATRIX_COLUMNS) > whole(tags::COLUMNS)
            || whole(tags::TOTAL_PIXEL_MATRIX_ROWS) > whole(tags::ROWS))
}

/// The level that an instance is; `None` for what is no slide, for its label and overview, and for tiles that overlap or
/// lie between the places of a grid. Of several focal planes or stains the first one counts.
#[must_use]
pub fn slide_level(instance: &Instance) -> Option<SlideLevel> {
    let data = &instance.data;
    let kinds = data.texts(tags::IMAGE_TYPE);
    let shown = kinds.iter().any(|kind| kind == "VOLUME" || kind == "THUMBNAIL");
    if data.text(tags::SOP_CLASS_UID).as_deref() != Some(SLIDE_CLASS) || !shown {
        return None;
    }
    let whole = |tag: Tag| data.u32(tag).filter(|n| *n > 0);
    let spacing = crate::frame_geometry(instance, 0).pixel_spacing_mm;
    let mut level = SlideLevel {
        columns: whole(tags::TOTAL_PIXEL_MATRIX_COLUMNS)?,
        rows: whole(tags::TOTAL_PIXEL_MATRIX_ROWS)?,
        tile_columns: whole(tags::COLUMNS)?,
        tile_rows: whole(tags::ROWS)?,
        um_per_pixel: spacing.map(|mm| mm.map(|mm| mm * 1000.0)),
        frames: None,
    };
    let (across, down) = level.grid();
    let tiles = u64::from(across) * u64::from(down);
    let frames = crate::frame_count(instance);
    if tiles > MAX_TILES {
        return None;
    }
    let own = data.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let stated = own.first().and_then(position).is_some();
    if data.text(tags::DIMENSION_ORGANIZATION_TYPE).as_deref() == Some("TILED_FULL") || !stated {
        return (u64::from(frames) >= tiles).then_some(level);
    }
    // A level is described place by place: one that is nearly empty is larger described than it is.
    if tiles > u64::from(frames).saturating_mul(PLACES_PER_TILE_MAX) {
        return None;
    }
    // At most MAX_TILES.
    let mut places = vec![None; tiles as usize];
    for (frame, group) in (0..frames).zip(own) {
        let (column, row) = position(group)?;
        if column % level.tile_columns != 0 || row % level.tile_rows != 0 {
            return None;
        }
        let (x, y) = (column / level.tile_columns, row / level.tile_rows);
        if x < across && y < down {
            places[(y * across + x) as usize].get_or_insert(frame);
        }
    }
    level.frames = Some(places);
    Some(level)
}

/// JPEG Baseline (Process 1), the coding that every browser reads.
const JPEG_BASELINE: &str = "1.2.840.10008.1.2.4.50";

/// The codestream of a frame as it stands, where a browser shows it as the file means it: baseline JPEG whose colours are
/// those that JPEG files without further word have. RGB in a JPEG would be taken for something else.
#[must_use]
pub fn browser_jpeg(instance: &Instance, index: u32) -> Option<bytes::Bytes> {
    let term = instance.data.text(tags::PHOTOMETRIC_INTERPRETATION)?;
    if instance.transfer_syntax != JPEG_BASELINE || term != "YBR_FULL_422" {
        return None;
    }
    let layout = crate::frames::PixelLayout::of(instance).ok()?;
    let range = crate::frames::fragment_ranges(instance, &layout).ok()?.get(index as usize).cloned()?;
    let Some(crate::Value::Fragments { fragments, .. }) = instance.data.get(layout.element).map(|e| &e.value)
    else {
        return None;
    };
    match fragments.get(range)? {
        [(_, one)] if one.starts_with(&[0xFF, 0xD8]) => Some(one.clone()),
        _ => None,
    }
}

/// Column and row of a tile's first pixel in the whole, from 0.
fn position(group: &DataSet) -> Option<(u32, u32)> {
    let place = group.items(tags::PLANE_POSITION_SLIDE_SEQUENCE).first()?;
    let from_one = |tag: Tag| place.u32(tag)?.checked_sub(1);
    Some((
        from_one(tags::COLUMN_POSITION_IN_TOTAL_IMAGE_PIXEL_MATRIX)?,
        from_one(tags::ROW_POSITION_IN_TOTAL_IMAGE_PIXEL_MATRIX)?,
    ))
}
