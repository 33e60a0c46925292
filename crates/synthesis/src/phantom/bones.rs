//! Spine, ribs, breastbone and shoulder blades.

use super::slice::Slice;
use crate::random::{Random, smooth};

/// Distance of two vertebrae, in millimetres.
const VERTEBRA_MM: f64 = 23.0;
/// Share of that distance that is disc.
const DISC_SHARE: f64 = 0.2;
/// Distance of two ribs along the body, in millimetres.
const RIB_MM: f64 = 23.0;
/// Pieces of a rib.
const RIB_PIECES: usize = 30;
/// Half axes of the cage that the ribs follow, in millimetres.
const CAGE: (f64, f64) = (136.0, 93.0);

/// One piece of a rib.
struct Piece {
    from: [f64; 3],
    to: [f64; 3],
    cartilage: bool,
}

/// The skeleton.
pub struct Bones {
    phase: f64,
    pieces: Vec<Piece>,
}

impl Bones {
    pub fn new(random: &mut Random) -> Self {
        let phase = random.range(0.0, VERTEBRA_MM);
        let mut pieces = Vec::new();
        let drop = random.range(58.0, 74.0);
        for side in [-1.0, 1.0] {
            for rib in -10..14 {
                let top = phase + f64::from(rib) * RIB_MM;
                let place = |step: usize| {
                    let along = step as f64 / RIB_PIECES as f64;
                    let angle = 0.16 + along * 2.75;
                    let z = top - drop * (angle / 2.3).min(1.2).powf(1.15);
                    [side * CAGE.0 * angle.sin(), CAGE.1 * angle.cos() - 3.0, z]
                };
                for step in 0..RIB_PIECES {
                    let cartilage = step > RIB_PIECES * 4 / 5;
                    pieces.push(Piece { from: place(step), to: place(step + 1), cartilage });
                }
            }
        }
        Self { phase, pieces }
    }

    pub fn paint(&self, slice: &mut Slice, seed: u64) {
        for piece in &self.pieces {
            let value = if piece.cartilage { 105.0 } else { 560.0 };
            slice.capsule(piece.from, piece.to, (4.4, 4.4), value);
        }
        for piece in self.pieces.iter().filter(|piece| !piece.cartilage) {
            slice.capsule(piece.from, piece.to, (2.5, 2.5), 210.0);
        }
        self.spine(slice, seed);
        breastbone(slice);
        shoulder_blades(slice);
    }

    fn spine(&self, slice: &mut Slice, seed: u64) {
        let z = slice.z;
        let step = ((z - self.phase) / VERTEBRA_MM).rem_euclid(1.0);
        let centre = (0.0, 62.0);
        if step < DISC_SHARE {
            slice.ellipse(centre, (19.5, 15.5), 88.0);
        } else {
            // A thin shell, thicker at the end plates, around spongy bone.
            let to_plate = (step - DISC_SHARE).min(1.0 - step) * VERTEBRA_MM;
            let shell = if to_plate < 1.6 { 9.0 } else { 1.7 };
            slice.ellipse(centre, (18.5, 14.5), 540.0);
            slice.paint(centre, (19.0, 15.0), |x, y| {
                let distance = super::slice::ellipse(x, y, centre, (18.5 - shell, 14.5 - shell));
                (distance, 165.0 + 110.0 * (smooth(seed ^ 51, x / 2.6, y / 2.6, z / 3.0) - 0.35))
            });
        }
        let flat = |p: (f64, f64)| [p.0, p.1, z];
        let mut bar = |from: (f64, f64), to: (f64, f64), radius: f64| {
            slice.capsule(flat(from), flat(to), (radius, radius), 480.0);
            slice.capsule(flat(from), flat(to), (radius - 1.6, radius - 1.6), 260.0);
        };
        for side in [-1.0, 1.0] {
            bar((side * 14.0, 88.0), (side * 2.0, 97.0), 3.6);
            if (0.35..0.85).contains(&step) {
                bar((side * 12.0, 73.0), (side * 14.0, 87.0), 4.6);
                bar((side * 15.0, 86.0), (side * 36.0, 82.0), 4.2);
            }
        }
        bar((0.0, 96.0), (0.0, 104.0), 3.4);
        slice.ellipse((0.0, 84.0), (9.5, 8.0), -25.0);
        slice.ellipse((0.0, 84.0), (7.5, 6.5), 22.0);
        slice.ellipse((0.0, 84.5), (4.6, 3.6), 42.0);
    }
}

fn breastbone(slice: &mut Slice) {
    slice.ellipse((0.0, -97.0), (17.0, 6.0), 420.0);
    slice.ellipse((0.0, -97.0), (15.2, 4.4), 150.0);
}

/// Thin plates behind the ribs, in the upper slices.
fn shoulder_blades(slice: &mut Slice) {
    let lowest = 2.0;
    if slice.z < lowest {
        return;
    }
    let wide = ((slice.z - lowest) / 40.0).clamp(0.1, 1.0);
    for side in [-1.0, 1.0] {
        let z = slice.z;
        let place = |angle: f64| [side * 148.0 * angle.sin(), 103.0 * angle.cos() - 3.0, z];
        let mut angle: f64 = 0.92;
        let last = 0.92 + 0.5 * wide;
        while angle < last {
            let next = (angle + 0.06).min(last);
            let radius = if angle > last - 0.09 { 4.6 } else { 2.7 };
            slice.capsule(place(angle), place(next), (radius, radius), 470.0);
            angle = next.max(angle + 1e-3);
        }
    }
}
