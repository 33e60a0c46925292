//! Lung nodules and liver lesions with a known place and size.

use super::anatomy::Anatomy;
use super::organs;
use super::slice::Slice;
use crate::random::{Random, smooth};

/// How many places are tried for each lesion.
const TRIES: usize = 4000;

/// The organ that a lesion lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// A nodule in a lung: brighter than around.
    Lung,
    /// A lesion in the liver: darker than around.
    Liver,
}

/// A lesion as it was drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TruthLesion {
    /// The organ.
    pub place: Place,
    /// Its middle in patient coordinates (LPS), in millimetres.
    pub centre_mm: [f64; 3],
    /// Its mean radius, in millimetres.
    pub radius_mm: f64,
    /// Its value, in Hounsfield units.
    pub hu: f64,
}

/// What is painted.
pub struct Lesion {
    pub truth: TruthLesion,
    seed: u64,
    /// Share of the radius by which the border varies.
    rough: f64,
    /// Ends of thin spikes, relative to the middle, in millimetres.
    spikes: Vec<[f64; 3]>,
}

/// Two or three nodules and one or two liver lesions, where there is room.
pub fn place(random: &mut Random, anatomy: &Anatomy, height: f64) -> Vec<Lesion> {
    let mut lesions: Vec<Lesion> = Vec::new();
    let nodules = 2 + random.below(2);
    let liver = 1 + random.below(2);
    for number in 0..nodules + liver {
        let place = if number < nodules { Place::Lung } else { Place::Liver };
        if let Some(lesion) = propose(random, anatomy, height, place, &lesions) {
            lesions.push(lesion);
        }
    }
    lesions
}

fn propose(
    random: &mut Random,
    anatomy: &Anatomy,
    height: f64,
    place: Place,
    others: &[Lesion],
) -> Option<Lesion> {
    let radius = match place {
        Place::Lung => random.range(4.0, 9.5),
        Place::Liver => random.range(7.0, 13.0),
    };
    for _ in 0..TRIES {
        let half = height / 2.0 - radius.min(height / 4.0);
        let centre = [random.range(-110.0, 110.0), random.range(-80.0, 78.0), random.range(-half, half)];
        let nominal = anatomy.nominal(centre[2]);
        let fits = match place {
            Place::Lung => anatomy.free_lung(centre, radius + 3.0),
            Place::Liver => organs::liver(centre[0], centre[1], nominal) < -(radius + 7.0),
        };
        let apart = others.iter().all(|other| {
            let d = [0, 1, 2].map(|axis| other.truth.centre_mm[axis] - centre[axis]);
            (d[0] * d[0] + d[1] * d[1] + d[2] * d[2]).sqrt() > other.truth.radius_mm + radius + 10.0
        });
        if fits && apart {
            return Some(Lesion::new(random, place, centre, radius));
        }
    }
    None
}

impl Lesion {
    fn new(random: &mut Random, place: Place, centre_mm: [f64; 3], radius_mm: f64) -> Self {
        let (hu, rough) = match place {
            Place::Lung => (random.range(25.0, 70.0), random.range(0.05, 0.35)),
            Place::Liver => (random.range(38.0, 62.0), random.range(0.05, 0.25)),
        };
        let count = if place == Place::Lung && rough > 0.18 { 6 + random.below(6) } else { 0 };
        let spikes = (0..count)
            .map(|_| {
                let way = [random.normal(), random.normal(), random.normal()];
                let length = (way[0] * way[0] + way[1] * way[1] + way[2] * way[2]).sqrt().max(1e-6);
                let reach = radius_mm * random.range(1.4, 2.1);
                way.map(|part| part / length * reach)
            })
            .collect();
        let truth = TruthLesion { place, centre_mm, radius_mm, hu };
        Self { truth, seed: random.bits(), rough, spikes }
    }

    pub fn paint(&self, slice: &mut Slice) {
        let TruthLesion { centre_mm: c, radius_mm, hu, place } = self.truth;
        for spike in &self.spikes {
            let tip = [0, 1, 2].map(|axis| c[axis] + spike[axis]);
            slice.capsule(c, tip, (1.4, 0.4), hu - 40.0);
        }
        let most = radius_mm * 1.5;
        let dz = slice.z - c[2];
        if dz.abs() > most {
            return;
        }
        slice.paint((c[0], c[1]), (most, most), |x, y| {
            let (dx, dy) = (x - c[0], y - c[1]);
            let away = (dx * dx + dy * dy + dz * dz).sqrt().max(1e-6);
            let scale = 1.6 / away;
            let bump = smooth(self.seed, 9.0 + dx * scale, 9.0 + dy * scale, 9.0 + dz * scale) - 0.5;
            let distance = away - radius_mm * (1.0 + self.rough * 1.3 * bump);
            // Liver lesions fade into the organ over a few millimetres and keep a slight rim.
            let rim = if place == Place::Liver && distance > -2.5 { 16.0 } else { 0.0 };
            (distance, hu + rim)
        });
    }
}
