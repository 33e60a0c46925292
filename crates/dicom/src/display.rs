//! What lies over an image and beside it: overlay planes (PS3.3 C.9.2) and display shutters (C.7.6.11, C.7.6.15).

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::dataset::DataSet;
use crate::facts::group_items;
use crate::instance::is_overlay;
use crate::{Instance, Photometric};

/// Most overlay planes of one image: the groups 6000 to 601E.
pub const MAX_OVERLAYS: usize = 16;
/// Most pixels of one overlay plane; the largest frame that is read.
pub const MAX_OVERLAY_PIXELS: u64 = crate::MAX_FRAME_PIXELS;
/// Most corners of a polygonal shutter.
pub const MAX_SHUTTER_CORNERS: usize = 1_024;

/// Elements of an overlay group.
const ROWS: u16 = 0x0010;
const COLUMNS: u16 = 0x0011;
const FRAMES: u16 = 0x0015;
const TYPE: u16 = 0x0040;
const ORIGIN: u16 = 0x0050;
const IMAGE_FRAME_ORIGIN: u16 = 0x0051;
const DATA: u16 = 0x3000;

/// One plane of one bit per pixel that lies over a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// The group, 6000 to 601E.
    pub group: u16,
    /// Height, pixels.
    pub rows: u32,
    /// Width, pixels.
    pub columns: u32,
    /// Row of the image on which the first row of the plane lies, from 0; may be negative.
    pub top: i32,
    /// Column of the image on which the first column of the plane lies, from 0; may be negative.
    pub left: i32,
    /// Overlay Type R: the plane marks a region of interest. Otherwise it draws.
    pub region: bool,
    /// The bits, row by row without padding between rows, the least significant bit of a byte first (PS3.5 8.1.2).
    pub bits: Vec<u8>,
}

/// What of an image is to be covered. Places are rows and columns of the image, from 0, of the pixels that stay.
#[derive(Debug, Clone, PartialEq)]
pub enum Shutter {
    /// What lies outside of these edges.
    Rectangle {
        /// First column that stays.
        left: i32,
        /// Last column that stays.
        right: i32,
        /// First row that stays.
        top: i32,
        /// Last row that stays.
        bottom: i32,
    },
    /// What lies outside of the circle.
    Circle {
        /// Column of the centre.
        x: i32,
        /// Row of the centre.
        y: i32,
        /// Radius, pixels along a row.
        radius: i32,
    },
    /// What lies outside of the polygon.
    Polygon {
        /// Columns and rows of the corners; the last is joined to the first.
        corners: Vec<[i32; 2]>,
    },
    /// What an overlay plane has a bit for.
    Plane {
        /// Its group.
        group: u16,
    },
}

/// The shutters of an image.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shutters {
    /// All of them apply together.
    pub shapes: Vec<Shutter>,
    /// Shutter Presentation Value (0018,1622): the gray that covers, 0 black to 65535 white.
    pub value: Option<u16>,
}

/// The overlay planes of frame `index` (from 0) that have a plane of their own. One that is not what it says it is,
/// or that has too few bytes, is left out.
#[must_use]
pub fn overlays(instance: &Instance, index: u32) -> Vec<Overlay> {
    let mut groups: Vec<u16> =
        instance.data.iter().filter(|(t, _)| is_overlay(*t)).map(|(t, _)| t.0).collect();
    groups.dedup();
    groups.into_iter().take(MAX_OVERLAYS).filter_map(|group| overlay(&instance.data, group, index)).collect()
}

fn overlay(data: &DataSet, group: u16, index: u32) -> Option<Overlay> {
    let tag = |element| Tag(group, element);
    let (rows, columns) = (data.u32(tag(ROWS))?, data.u32(tag(COLUMNS))?);
    let pixels = u64::from(rows) * u64::from(columns);
    if pixels == 0 || pixels > MAX_OVERLAY_PIXELS {
        return None;
    }
    // The plane of a frame: each has its own, or one is for a run of frames that begins at Image Frame Origin.
    let planes = data.u32(tag(FRAMES)).unwrap_or(1).max(1);
    let first = data.u32(tag(IMAGE_FRAME_ORIGIN)).unwrap_or(1).max(1) - 1;
    let plane = if planes == 1 && data.get(tag(IMAGE_FRAME_ORIGIN)).is_none() {
        0
    } else {
        index.checked_sub(first).filter(|plane| *plane < planes)?
    };
    let raw = data.get(tag(DATA))?.bytes()?;
    let bits = bits_of(raw, u64::from(plane) * pixels, pixels)?;
    let origin = data.numbers(tag(ORIGIN));
    let at = |i: usize| origin.get(i).map_or(0, |n| (*n - 1.0) as i32);
    Some(Overlay {
        group,
        rows,
        columns,
        top: at(0),
        left: at(1),
        region: data.text(tag(TYPE)).as_deref() == Some("R"),
        bits,
    })
}

/// `count` bits from bit `from` on, moved so that the first is the lowest of the first byte.
fn bits_of(raw: &[u8], from: u64, count: u64) -> Option<Vec<u8>> {
    if raw.len() as u64 * 8 < from + count {
        return None;
    }
    let shift = (from % 8) as u32;
    let start = (from / 8) as usize;
    let bytes = count.div_ceil(8) as usize;
    let mut out: Vec<u8> = (start..start + bytes)
        .map(|at| {
            let next = raw.get(at + 1).copied().unwrap_or(0);
            (u16::from_le_bytes([raw[at], next]) >> shift) as u8
        })
        .collect();
    let rest = count % 8;
    if rest > 0
        && let Some(last) = out.last_mut()
    {
        *last &= (1u8 << rest) - 1;
    }
    Some(out)
}

/// The shutters of frame `index` (from 0): at the top level, or in its Frame Display Shutter group.
#[must_use]
pub fn shutters(instance: &Instance, index: u32) -> Shutters {
    let own = group_items(instance, index, tags::FRAME_DISPLAY_SHUTTER_SEQUENCE).first();
    let data = own.unwrap_or(&instance.data);
    let whole = |tag: Tag| data.number(tag).map(|n| n as i32);
    // Rows and columns of the standard count from 1. Before the cast, which stops at the least number there is.
    let place = |tag: Tag| data.number(tag).map(|n| (n - 1.0) as i32);
    let mut shapes = Vec::new();
    for shape in data.texts(tags::SHUTTER_SHAPE) {
        let made = match shape.as_str() {
            "RECTANGULAR" => rectangle(
                place(tags::SHUTTER_LEFT_VERTICAL_EDGE),
                place(tags::SHUTTER_RIGHT_VERTICAL_EDGE),
                place(tags::SHUTTER_UPPER_HORIZONTAL_EDGE),
                place(tags::SHUTTER_LOWER_HORIZONTAL_EDGE),
            ),
            "CIRCULAR" => {
                let centre = data.numbers(tags::CENTER_OF_CIRCULAR_SHUTTER);
                match (centre.as_slice(), whole(tags::RADIUS_OF_CIRCULAR_SHUTTER)) {
                    (&[row, column, ..], Some(radius)) if radius > 0 => {
                        Some(Shutter::Circle { x: (column - 1.0) as i32, y: (row - 1.0) as i32, radius })
                    }
                    _ => None,
                }
            }
            "POLYGONAL" => polygon(&data.numbers(tags::VERTICES_OF_THE_POLYGONAL_SHUTTER)),
            "BITMAP" => data
                .u32(tags::SHUTTER_OVERLAY_GROUP)
                .and_then(|group| u16::try_from(group).ok())
                .map(|group| Shutter::Plane { group }),
            _ => None,
        };
        shapes.extend(made);
    }
    let value = data.u32(tags::SHUTTER_PRESENTATION_VALUE).and_then(|value| u16::try_from(value).ok());
    Shutters { shapes, value }
}

fn rectangle(
    left: Option<i32>,
    right: Option<i32>,
    top: Option<i32>,
    bottom: Option<i32>,
) -> Option<Shutter> {
    let (left, right, top, bottom) = (left?, right?, top?, bottom?);
    (left < right && top < bottom).then_some(Shutter::Rectangle { left, right, top, bottom })
}

fn polygon(numbers: &[f64]) -> Option<Shutter> {
    let corners: Vec<[i32; 2]> = numbers
        .as_chunks::<2>()
        .0
        .iter()
        .take(MAX_SHUTTER_CORNERS)
        .map(|[row, column]| [(*column - 1.0) as i32, (*row - 1.0) as i32])
        .collect();
    (corners.len() >= 3).then_some(Shutter::Polygon { corners })
}

/// Whether an instance has something that lies over its frames: a cheap question before [`overlays`].
#[must_use]
pub fn has_display_extras(instance: &Instance, index: u32) -> bool {
    let group = group_items(instance, index, tags::FRAME_DISPLAY_SHUTTER_SEQUENCE);
    instance.data.get(tags::SHUTTER_SHAPE).is_some_and(|e| !e.is_empty())
        || !group.is_empty()
        || instance.data.iter().any(|(tag, _)| is_overlay(tag) && tag.1 == DATA)
        || !group_items(instance, index, tags::VOILUT_SEQUENCE).is_empty()
}

/// Height of a pixel over its width, from Pixel Aspect Ratio (0028,0034): vertical, then horizontal size. `None` where
/// the file says nothing; pixels are square then (C.7.6.3.1.7).
#[must_use]
pub fn pixel_aspect(instance: &Instance) -> Option<f64> {
    match instance.data.numbers(tags::PIXEL_ASPECT_RATIO).as_slice() {
        &[vertical, horizontal, ..] if vertical > 0.0 && horizontal > 0.0 => Some(vertical / horizontal),
        _ => None,
    }
}

/// Frames per second that the file asks for: Recommended Display Frame Rate (0008,2144), else Cine Rate (0018,0040), else
/// from Frame Time (0018,1063) or the mean of Frame Time Vector (0018,1065).
#[must_use]
pub fn frame_rate_hz(instance: &Instance) -> Option<f64> {
    let data = &instance.data;
    let positive = |tag: Tag| data.number(tag).filter(|n| *n > 0.0);
    let vector = || {
        // The first value is 0: each is the time since the frame before.
        let times = data.numbers(tags::FRAME_TIME_VECTOR);
        let steps: Vec<f64> = times.into_iter().filter(|n| *n > 0.0).collect();
        (!steps.is_empty()).then(|| 1000.0 * steps.len() as f64 / steps.iter().sum::<f64>())
    };
    positive(tags::RECOMMENDED_DISPLAY_FRAME_RATE)
        .or_else(|| positive(tags::CINE_RATE))
        .or_else(|| positive(tags::FRAME_TIME).map(|ms| 1000.0 / ms))
        .or_else(vector)
        .filter(|rate| rate.is_finite())
}

/// The unit of rescaled values: Rescale Type (0028,1054) where it says one; HU for a CT image that rescales without saying
/// so (PS3.3 C.8.2.1.1.2: the type is required where it is not HU).
#[must_use]
pub fn unit(facts: &crate::Facts) -> Option<String> {
    let stated = facts.rescale_type.as_deref().map(str::trim).filter(|t| !t.is_empty());
    match stated {
        // "US" is "unspecified".
        Some("US") => None,
        Some(unit) => Some(unit.to_owned()),
        None => {
            let ct = facts.modality.as_deref() == Some("CT") && facts.rescale_intercept.is_some();
            let gray = matches!(facts.photometric, Some(Photometric::Monochrome1 | Photometric::Monochrome2));
            (ct && gray).then(|| "HU".to_owned())
        }
    }
}

/// Most regions that are kept of one ultrasound image.
pub const MAX_REGIONS: usize = 32;
/// Units of a region's axes: centimetres (PS3.3 C.8.5.5.1.15).
const CENTIMETRES: u32 = 3;
/// Spatial format of a region: two-dimensional (C.8.5.5.1.1).
const TWO_DIMENSIONAL: u32 = 1;

/// A part of an ultrasound image whose scale is known. Columns and rows count from 0; all are inside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// Last column.
    pub right: u32,
    /// Last row.
    pub bottom: u32,
    /// Between rows, then between columns, mm.
    pub spacing_mm: [f64; 2],
}

/// The two-dimensional regions in centimetres of Sequence of Ultrasound Regions (0018,6011); others measure no lengths.
#[must_use]
pub fn regions(instance: &Instance) -> Vec<Region> {
    let of = |item: &DataSet| {
        let whole = |tag| item.u32(tag);
        let lengths = whole(tags::REGION_SPATIAL_FORMAT)? == TWO_DIMENSIONAL
            && whole(tags::PHYSICAL_UNITS_X_DIRECTION)? == CENTIMETRES
            && whole(tags::PHYSICAL_UNITS_Y_DIRECTION)? == CENTIMETRES;
        let delta = |tag| item.number(tag).map(|cm: f64| cm.abs() * 10.0).filter(|mm| *mm > 0.0);
        let region = Region {
            left: whole(tags::REGION_LOCATION_MIN_X0)?,
            top: whole(tags::REGION_LOCATION_MIN_Y0)?,
            right: whole(tags::REGION_LOCATION_MAX_X1)?,
            bottom: whole(tags::REGION_LOCATION_MAX_Y1)?,
            spacing_mm: [delta(tags::PHYSICAL_DELTA_Y)?, delta(tags::PHYSICAL_DELTA_X)?],
        };
        (lengths && region.left < region.right && region.top < region.bottom).then_some(region)
    };
    instance
        .data
        .items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS)
        .iter()
        .filter_map(of)
        .take(MAX_REGIONS)
        .collect()
}
