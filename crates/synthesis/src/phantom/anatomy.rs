//! The body wall, the lungs and how all parts are painted over each other.

use super::bones::Bones;
use super::lesions::{Lesion, TruthLesion};
use super::organs;
use super::slice::{Slice, ellipse};
use super::tree::{Branch, Growth, grow};
use crate::random::{Random, smooth};

/// Height for which the organs are laid out, in millimetres; other stacks stretch them.
const NOMINAL_HEIGHT_MM: f64 = 100.0;
/// Half axes of the chest cavity, in millimetres.
pub const CAVITY: (f64, f64) = (131.0, 88.0);
/// Middle of the chest cavity.
pub const CAVITY_CENTRE: (f64, f64) = (0.0, -3.0);
/// Exponent of the outline: between an ellipse (2) and a rectangle.
const OUTLINE_EXPONENT: f64 = 2.35;

/// Everything that does not depend on the slice.
pub struct Anatomy {
    seed: u64,
    /// Real millimetres for one nominal one, along the body.
    stretch: f64,
    half: (f64, f64),
    fat_mm: f64,
    table_offset: f64,
    vessels: Vec<Branch>,
    airways: Vec<Branch>,
    bones: Bones,
    lesions: Vec<Lesion>,
}

impl Anatomy {
    pub fn new(random: &mut Random, height: f64) -> Self {
        let mut anatomy = Self {
            seed: random.bits(),
            stretch: height / NOMINAL_HEIGHT_MM,
            half: (random.range(160.0, 170.0), random.range(111.0, 119.0)),
            fat_mm: random.range(9.0, 17.0),
            table_offset: -random.range(8.0, 24.0).round(),
            vessels: Vec::new(),
            airways: Vec::new(),
            bones: Bones::new(random),
            lesions: Vec::new(),
        };
        anatomy.grow_lungs(random);
        anatomy.lesions = super::lesions::place(random, &anatomy, height);
        anatomy
    }

    /// How far the patient lies from the middle of the scanner, in millimetres towards the back.
    pub fn table_offset_mm(&self) -> f64 {
        self.table_offset
    }

    pub fn truth(&self) -> Vec<TruthLesion> {
        self.lesions.iter().map(|lesion| lesion.truth).collect()
    }

    /// Where a height lies in the nominal body.
    pub fn nominal(&self, z: f64) -> f64 {
        z / self.stretch
    }

    fn real(&self, [x, y, z]: [f64; 3]) -> [f64; 3] {
        [x, y, z * self.stretch]
    }

    /// Distance to the border of the chest cavity, negative inside.
    pub fn cavity(x: f64, y: f64) -> f64 {
        ellipse(x, y, CAVITY_CENTRE, CAVITY)
    }

    /// Distance to the border of the lungs, negative inside; both sides.
    pub fn lung(&self, x: f64, y: f64, z: f64) -> f64 {
        let nominal = self.nominal(z);
        let wide = 30.0 - 0.07 * nominal + 9.0 * smooth(self.seed ^ 11, 0.0, y / 30.0, z / 40.0);
        // The mediastinum opens to the front like a funnel where both lungs almost touch.
        let front = ((-y - 40.0) / 40.0).clamp(0.0, 1.0);
        let middle = x.abs() - wide * (1.0 - 0.75 * front);
        let spine = 37.0 - (x / 1.0).hypot((y - 68.0) * 0.9);
        (Self::cavity(x, y) + 4.0).max(-middle).max(spine)
    }

    /// Whether a place is free lung, `margin` millimetres from everything large.
    pub fn free_lung(&self, [x, y, z]: [f64; 3], margin: f64) -> bool {
        let nominal = self.nominal(z);
        let below = organs::below_lungs(x, y, nominal).min(organs::heart(x, y, nominal));
        let clear = |branch: &Branch| {
            let middle = [0, 1, 2].map(|axis| (branch.from[axis] + branch.to[axis]) / 2.0);
            let away = (middle[0] - x).hypot(middle[1] - y).hypot(middle[2] - z);
            branch.radius.0 < 2.0 || away > margin + branch.radius.0 + 4.0
        };
        self.lung(x, y, z) < -margin && below > margin && self.vessels.iter().all(clear)
    }

    fn grow_lungs(&mut self, random: &mut Random) {
        let growth = Growth { length: (2.4, 4.0), thinnest: 0.5, spread: 0.36, most: 620 };
        let airway = Growth { length: (2.6, 4.0), thinnest: 1.0, spread: 0.34, most: 40 };
        let (mut vessels, mut airways) = (Vec::new(), Vec::new());
        for (side, hilum) in [(-1.0, [-40.0, 6.0, 24.0]), (1.0, [46.0, 8.0, 22.0])] {
            let ways = [
                [0.9, -0.5, 0.7],
                [1.0, 0.3, 0.6],
                [0.9, -0.8, -0.2],
                [0.8, 0.8, -0.4],
                [0.7, 0.1, -1.0],
                [0.7, 0.6, 0.9],
            ];
            for way in ways {
                let direction = [side * way[0], way[1], way[2] * self.stretch];
                let start = self.real([hilum[0], hilum[1] + 6.0 * way[1], hilum[2] + 8.0 * way[2]]);
                let inside = |p: [f64; 3]| self.lung(p[0], p[1], p[2]) < -2.5;
                let stem = random.range(4.2, 6.0);
                vessels.extend(grow(random, start, direction, stem, &growth, inside));
                let beside = [start[0], start[1] + 5.0, start[2] + 4.0];
                airways.extend(grow(random, beside, direction, stem * 0.66, &airway, inside));
            }
        }
        self.vessels = vessels;
        self.airways = airways;
    }

    /// Paints one slice.
    pub fn slice(&self, size: usize, spacing: f64, z: f64) -> Slice {
        let mut slice = Slice::new(size, spacing, z, -1000.0);
        let nominal = self.nominal(z);
        self.table(&mut slice);
        self.wall(&mut slice);
        self.lungs(&mut slice);
        for branch in &self.airways {
            let thick = |radius: f64| radius + 0.9;
            let wall = (thick(branch.radius.0), thick(branch.radius.1));
            slice.capsule(branch.from, branch.to, wall, -120.0);
            slice.capsule(branch.from, branch.to, branch.radius, -960.0);
        }
        for branch in &self.vessels {
            slice.capsule(branch.from, branch.to, branch.radius, 85.0);
        }
        organs::paint(&mut slice, nominal, self.stretch, self.seed);
        for lesion in &self.lesions {
            lesion.paint(&mut slice);
        }
        self.bones.paint(&mut slice, self.seed);
        slice
    }

    /// A curved table top: carbon shell around foam, and a mattress.
    fn table(&self, slice: &mut Slice) {
        let top = self.half.1 + 5.0;
        let bend = move |x: f64| top - (x / 210.0).powi(2) * 46.0;
        let slab = |from: f64, to: f64, wide: f64| {
            move |x: f64, y: f64| {
                let depth = y - bend(x);
                (from - depth).max(depth - to).max(x.abs() - wide)
            }
        };
        let layers = [(-4.0, 9.0, 170.0, -940.0), (9.0, 30.0, 182.0, -330.0), (11.0, 28.0, 180.0, -965.0)];
        for (from, to, wide, value) in layers {
            let distance = slab(from, to, wide);
            slice.paint((0.0, top), (185.0, 60.0), |x, y| (distance(x, y), value));
        }
    }

    /// Signed distance to the skin, negative inside, in millimetres.
    fn skin(&self, x: f64, y: f64, z: f64) -> f64 {
        let angle = y.atan2(x);
        let wave = smooth(self.seed, angle.cos() * 1.5 + 5.0, angle.sin() * 1.5 + 5.0, z / 70.0) - 0.5;
        let grow = 1.0 + 0.03 * wave;
        let (u, v) = ((x / (self.half.0 * grow)).abs(), (y / (self.half.1 * grow)).abs());
        let level = (u.powf(OUTLINE_EXPONENT) + v.powf(OUTLINE_EXPONENT)).powf(1.0 / OUTLINE_EXPONENT);
        if level < 1e-6 { -self.half.1 } else { (level - 1.0) / level * x.hypot(y) }
    }

    /// Skin, fat and muscle.
    fn wall(&self, slice: &mut Slice) {
        let z = slice.z;
        slice.paint((0.0, 0.0), (self.half.0 + 6.0, self.half.1 + 6.0), |x, y| {
            let distance = self.skin(x, y, z);
            if distance > 3.0 || Self::cavity(x, y) < -6.0 {
                return (distance, 30.0);
            }
            let texture = smooth(self.seed ^ 21, x / 9.0, y / 9.0, z / 14.0) - 0.5;
            let side = (x / self.half.0).abs();
            let fat = self.fat_mm * (0.75 + 0.8 * side * side) + 7.0 * texture;
            let depth = -distance;
            let streak = smooth(self.seed ^ 22, x / 3.5, y / 11.0, z / 10.0);
            let value = if depth < 1.8 {
                15.0
            } else if depth < fat {
                -104.0 + 24.0 * texture
            } else if streak > 0.8 {
                -35.0
            } else {
                58.0 + 14.0 * texture
            };
            (distance, value)
        });
    }

    /// Mediastinal fat, then both lungs, darker in front than at the back.
    fn lungs(&self, slice: &mut Slice) {
        let z = slice.z;
        let reach = (CAVITY.0 + 2.0, CAVITY.1 + 2.0);
        slice.paint(CAVITY_CENTRE, reach, |x, y| {
            let distance = Self::cavity(x, y);
            (distance, if distance > -2.5 { 35.0 } else { -72.0 })
        });
        slice.paint(CAVITY_CENTRE, reach, |x, y| {
            let distance = self.lung(x, y, z);
            if distance > 2.0 {
                return (distance, 0.0);
            }
            let texture = smooth(self.seed ^ 31, x / 6.0, y / 6.0, z / 6.0) - 0.5;
            let back = (y + CAVITY.1) / (2.0 * CAVITY.1);
            (distance, -878.0 + 55.0 * back * back + 42.0 * texture)
        });
    }
}
