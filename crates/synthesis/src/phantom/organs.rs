//! Heart, great vessels, airways of the middle, and what lies below the lungs. Heights are nominal.

use super::anatomy::Anatomy;
use super::slice::{Slice, ellipse};
use crate::random::smooth;

/// Middle and half axes of an ellipsoid, in millimetres (the third along the body, nominal).
type Egg = ([f64; 3], [f64; 3]);

const LIVER: Egg = ([-52.0, 2.0, -62.0], [84.0, 80.0, 58.0]);
const SPLEEN: Egg = ([86.0, 38.0, -56.0], [32.0, 42.0, 44.0]);
const STOMACH: Egg = ([54.0, -28.0, -62.0], [46.0, 36.0, 44.0]);
const HEART: Egg = ([20.0, -24.0, -6.0], [60.0, 45.0, 50.0]);
/// Chambers of the heart with their values: left and right ventricle, left and right atrium.
const CHAMBERS: [(Egg, f64); 4] = [
    (([42.0, -14.0, -14.0], [25.0, 18.0, 30.0]), 172.0),
    (([4.0, -44.0, -14.0], [31.0, 15.0, 30.0]), 164.0),
    (([12.0, 11.0, 14.0], [29.0, 15.0, 20.0]), 172.0),
    (([-29.0, -18.0, 2.0], [18.0, 25.0, 26.0]), 160.0),
];
/// Start, end, radius and value of vessels with contrast medium.
const GREAT_VESSELS: [([f64; 3], [f64; 3], f64, f64); 8] = [
    ([-6.0, -26.0, 14.0], [-14.0, -24.0, 90.0], 15.5, 178.0),
    ([16.0, 40.0, -120.0], [18.0, 38.0, 120.0], 11.5, 170.0),
    ([16.0, -36.0, 12.0], [14.0, -10.0, 36.0], 13.0, 182.0),
    ([14.0, -8.0, 36.0], [-46.0, 4.0, 28.0], 9.5, 180.0),
    ([14.0, -8.0, 36.0], [50.0, 6.0, 28.0], 9.5, 180.0),
    ([-28.0, -14.0, 8.0], [-27.0, -18.0, 100.0], 8.5, 190.0),
    ([-24.0, 2.0, -120.0], [-28.0, -8.0, -14.0], 11.5, 120.0),
    ([-8.0, 47.0, -120.0], [-9.0, 46.0, 60.0], 3.6, 130.0),
];
/// Start, end and radius of the windpipe and the main bronchi.
const WINDPIPE: [([f64; 3], [f64; 3], f64); 3] = [
    ([0.0, 12.0, 41.0], [0.0, 8.0, 120.0], 8.5),
    ([0.0, 12.0, 41.0], [-40.0, 12.0, 25.0], 6.0),
    ([0.0, 12.0, 41.0], [46.0, 15.0, 23.0], 5.6),
];

/// Signed distance within a slice to an ellipsoid; large where the slice misses it.
fn egg(x: f64, y: f64, nominal: f64, (centre, half): Egg) -> f64 {
    let along = (nominal - centre[2]) / half[2];
    let left = 1.0 - along * along;
    if left <= 0.0 {
        return 1e3;
    }
    let scale = left.sqrt();
    ellipse(x, y, (centre[0], centre[1]), (half[0] * scale, half[1] * scale))
}

/// Distance to liver, spleen or stomach, whichever is nearest.
pub fn below_lungs(x: f64, y: f64, nominal: f64) -> f64 {
    [LIVER, SPLEEN, STOMACH].map(|organ| egg(x, y, nominal, organ)).into_iter().fold(f64::INFINITY, f64::min)
}

/// Distance to the heart.
pub fn heart(x: f64, y: f64, nominal: f64) -> f64 {
    egg(x, y, nominal, HEART)
}

/// Distance to the border of the liver, negative inside.
pub fn liver(x: f64, y: f64, nominal: f64) -> f64 {
    egg(x, y, nominal, LIVER).max(Anatomy::cavity(x, y) + 3.0).max(-heart(x, y, nominal))
}

/// Paints them all; `stretch` turns nominal heights into millimetres.
pub fn paint(slice: &mut Slice, nominal: f64, stretch: f64, seed: u64) {
    paint_egg(slice, nominal, STOMACH, |x, y| {
        // Gas stands above fluid: the patient lies on the back.
        if y < -38.0 {
            -930.0
        } else {
            22.0 + 40.0 * (smooth(seed ^ 41, x / 7.0, y / 7.0, nominal / 7.0) - 0.5)
        }
    });
    paint_egg(slice, nominal, SPLEEN, |_, _| 118.0);
    paint_egg(slice, nominal, LIVER, |x, y| {
        let z = nominal / 13.0;
        // Veins follow the ridges of a smooth field.
        let bend = 1.4 * smooth(seed ^ 45, x / 17.0, y / 17.0, z);
        let ridge = (smooth(seed ^ 42, (x + 0.6 * y) / 24.0 + bend, y / 24.0 - bend, z) - 0.5).abs();
        let vein = (1.4 - ridge / 0.03).clamp(0.0, 1.0) * smooth(seed ^ 43, x / 30.0, y / 30.0, z);
        105.0 + 50.0 * vein + 6.0 * (smooth(seed ^ 44, x / 12.0, y / 12.0, z) - 0.5)
    });
    let (centre, half) = HEART;
    let fat = (centre, half.map(|axis| axis + 5.0));
    paint_egg(slice, nominal, fat, |_, _| -82.0);
    paint_egg(slice, nominal, HEART, |_, _| 108.0);
    for (chamber, value) in CHAMBERS {
        paint_egg(slice, nominal, chamber, |_, _| value);
    }
    let real = |p: [f64; 3]| [p[0], p[1], p[2] * stretch];
    for (from, to, radius, value) in GREAT_VESSELS {
        slice.capsule(real(from), real(to), (radius + 1.2, radius + 1.2), 50.0);
        slice.capsule(real(from), real(to), (radius, radius), value);
    }
    slice.ellipse((3.0, 30.0), (8.5, 5.5), 42.0);
    slice.ellipse((3.5, 29.0), (2.2, 1.0), -400.0);
    for (from, to, radius) in WINDPIPE {
        slice.capsule(real(from), real(to), (radius + 1.6, radius + 1.6), 25.0);
    }
    for (from, to, radius) in WINDPIPE {
        slice.capsule(real(from), real(to), (radius, radius), -985.0);
    }
}

fn paint_egg(slice: &mut Slice, nominal: f64, organ: Egg, value: impl Fn(f64, f64) -> f64) {
    let (centre, half) = organ;
    if (nominal - centre[2]).abs() >= half[2] {
        return;
    }
    slice.paint((centre[0], centre[1]), (half[0], half[1]), |x, y| {
        let distance = egg(x, y, nominal, organ).max(Anatomy::cavity(x, y) + 3.0);
        (distance, if distance < 2.0 { value(x, y) } else { 0.0 })
    });
}
