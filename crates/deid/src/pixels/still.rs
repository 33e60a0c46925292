//! What never changes from frame to frame: an overlay stands still while the body moves.

use super::{
    area::Area,
    detect::{Hints, Region, Why, detect},
    raster::{Plane, Raster},
};

/// Share of the range by which a pixel may change and still stand still: lossy codecs are not exact.
const TOLERANCE: f64 = 0.02;
/// Share of a frame that must move before what stands still says anything.
const MOVING: f64 = 0.1;

/// Smallest and largest brightness of every pixel over the frames so far.
pub(super) struct Still {
    width: usize,
    height: usize,
    low: Vec<u16>,
    high: Vec<u16>,
}

impl Still {
    pub fn new(raster: &Raster) -> Self {
        let values = &raster.planes[0].values;
        Self { width: raster.width, height: raster.height, low: values.clone(), high: values.clone() }
    }

    pub fn add(&mut self, raster: &Raster) {
        let values = &raster.planes[0].values;
        self.low.iter_mut().zip(values).for_each(|(low, v)| *low = (*low).min(*v));
        self.high.iter_mut().zip(values).for_each(|(high, v)| *high = (*high).max(*v));
    }

    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    fn tolerance(&self) -> u16 {
        let top = self.high.iter().copied().max().unwrap_or(0);
        let bottom = self.low.iter().copied().min().unwrap_or(0);
        // A share of a 16-bit number is one.
        (f64::from(top - bottom) * TOLERANCE) as u16
    }

    fn stands(&self, at: usize, tolerance: u16) -> bool {
        self.high[at] - self.low[at] <= tolerance
    }

    /// Share of an area's pixels that stand still; 0 where the frame as a whole does not move.
    pub fn share(&self, area: &Area) -> f64 {
        let tolerance = self.tolerance();
        let Some(area) = area.clipped(self.width as u32, self.height as u32) else { return 0.0 };
        let mut count = 0_u64;
        for y in area.y..area.bottom() {
            for x in area.x..area.right() {
                count += u64::from(self.stands(y as usize * self.width + x as usize, tolerance));
            }
        }
        count as f64 / (u64::from(area.width) * u64::from(area.height)) as f64
    }

    /// Text among what stands still, everything else taken away. Nothing when hardly anything moves.
    pub fn detect(&self, hints: &Hints) -> Vec<Region> {
        let tolerance = self.tolerance();
        let count = self.width * self.height;
        let moving = (0..count).filter(|&at| !self.stands(at, tolerance)).count();
        if (moving as f64) < MOVING * count as f64 {
            return Vec::new();
        }
        let floor = self.low.iter().copied().min().unwrap_or(0);
        let values = (0..count).map(|at| if self.stands(at, tolerance) { self.high[at] } else { floor });
        let plane = Plane { width: self.width, height: self.height, values: values.collect() };
        let raster = Raster { width: self.width, height: self.height, planes: vec![plane] };
        let mut regions = detect(&raster, hints).regions;
        regions.iter_mut().for_each(|r| r.why = Why::Still);
        regions
    }
}
