//! A made-up picture as the detector sees it.

use countersign_deid::pixels::Raster;
use countersign_synthesis::burned_in::Picture;

/// The first frame. `None` when its values do not fill it.
pub fn raster(p: &Picture) -> Option<Raster> {
    let values = &p.frames[0];
    match &p.palette {
        Some(table) => {
            let rgb: Vec<u16> = values.iter().flat_map(|&v| table[usize::from(v)].map(u16::from)).collect();
            Raster::rgb(p.width, p.height, &rgb)
        }
        None if p.channels == 3 => Raster::rgb(p.width, p.height, values),
        None => Raster::grey(p.width, p.height, values, p.inverted),
    }
}
