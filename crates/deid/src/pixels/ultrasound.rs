//! Ultrasound regions (PS3.3 C.8.5.5): outside of them a frame holds what the machine wrote.
//!
//! Inside of them all that looks like text goes as well, as it does in every other picture, but for a short list of shapes
//! that no letter has (`safe.rs`).

mod safe;

use countersign_dicom::{DataSet, Tag, tags};

pub use self::safe::SAFE_LIST_VERSION;
pub(super) use self::safe::safe;

use super::{
    area::{Area, Mask},
    raster::Raster,
};

/// Region Location Min X0, Min Y0, Max X1, Max Y1.
const LOCATION: [Tag; 4] =
    [Tag(0x0018, 0x6018), Tag(0x0018, 0x601A), Tag(0x0018, 0x601C), Tag(0x0018, 0x601E)];
/// Side of the tiles that are looked at outside of the regions, pixels.
const TILE: usize = 8;

/// The regions that an instance declares; empty where it has none, or one that makes no sense.
pub(super) fn regions(data: &DataSet) -> Vec<Area> {
    let items = data.items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS);
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let place = LOCATION.map(|tag| item.u32(tag));
        let [Some(x0), Some(y0), Some(x1), Some(y1)] = place else { return Vec::new() };
        if x1 <= x0 || y1 <= y0 {
            return Vec::new();
        }
        out.push(Area {
            x: x0,
            y: y0,
            width: (x1 - x0).saturating_add(1),
            height: (y1 - y0).saturating_add(1),
        });
    }
    out
}

/// What lies outside of all regions, tile by tile, but for tiles that are nothing but background: of the lowest value of the
/// frame in each of their pixels. The faintest trace of anything else is painted over.
pub(super) fn outside(raster: &Raster, regions: &[Area]) -> Vec<Area> {
    let mut mask = Mask::new(raster.width, raster.height);
    for plane in &raster.planes {
        let low = plane.values.iter().copied().min().unwrap_or(0);
        for top in (0..raster.height).step_by(TILE) {
            for left in (0..raster.width).step_by(TILE) {
                let (right, bottom) = ((left + TILE).min(raster.width), (top + TILE).min(raster.height));
                let rows =
                    (top..bottom).map(|y| &plane.values[y * raster.width + left..y * raster.width + right]);
                let brightest = rows.flatten().copied().max().unwrap_or(low);
                if brightest > low {
                    let (x, y) = (left as u32, top as u32);
                    let tile = Area { x, y, width: (right - left) as u32, height: (bottom - top) as u32 };
                    mask.set(&tile, true);
                }
            }
        }
    }
    regions.iter().for_each(|region| mask.set(region, false));
    mask.areas()
}
