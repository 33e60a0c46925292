//! The street: houses, trees, posts, parked and moving traffic. Heights count from the LiDAR.

use super::actors::{Actor, Kind};
use super::paint::Material;
use super::space::{Solid, V};
use crate::random::Random;

/// Height of the road below the LiDAR, in metres.
pub const ROAD_Z: f64 = -1.73;
/// Height of the pavement above the road, in metres.
const KERB: f64 = 0.13;
/// Where the street begins and ends along x, in metres.
const STREET: (f64, f64) = (-60.0, 190.0);
/// Left and right border of the carriageway with its parking strips (y), in metres.
pub const CARRIAGEWAY: (f64, f64) = (7.6, -4.2);

/// Everything that stands or moves, in the first frame's LiDAR frame.
#[derive(Debug, Clone)]
pub struct World {
    pub seed: u64,
    /// Speed of the recording car, in metres per second.
    pub speed: f64,
    /// Where the zebra crossing begins (x), in metres.
    pub crossing: f64,
    pub fixed: Vec<Solid>,
    pub actors: Vec<Actor>,
}

impl World {
    pub fn new(random: &mut Random) -> Self {
        let mut world = Self {
            seed: random.bits(),
            speed: random.range(5.5, 9.0),
            crossing: random.range(22.0, 34.0),
            fixed: Vec::new(),
            actors: Vec::new(),
        };
        for (edge, outward) in [(CARRIAGEWAY.0, 1.0), (CARRIAGEWAY.1, -1.0)] {
            world.pavement(edge, outward);
            let front = edge + outward * random.range(3.4, 4.6);
            world.houses(random, front, outward);
            world.row(random, edge + outward * 0.9, outward);
        }
        world.parked(random);
        world.moving(random);
        world
    }

    fn pavement(&mut self, edge: f64, outward: f64) {
        let (middle, half) = ((STREET.0 + STREET.1) / 2.0, (STREET.1 - STREET.0) / 2.0);
        let centre = [middle, edge + outward * 30.0, ROAD_Z + KERB - 0.5];
        self.fixed.push(Solid::cuboid(centre, [half, 30.0, 0.5], 0.0, Material::Pavement(self.seed)));
    }

    /// A row of houses with gaps, and a last one across the end of the street.
    fn houses(&mut self, random: &mut Random, front: f64, outward: f64) {
        const PLASTER: [[f64; 3]; 7] = [
            [0.72, 0.66, 0.55],
            [0.62, 0.42, 0.34],
            [0.74, 0.72, 0.68],
            [0.55, 0.50, 0.47],
            [0.68, 0.60, 0.44],
            [0.48, 0.33, 0.28],
            [0.60, 0.63, 0.64],
        ];
        let mut x = STREET.0;
        while x < STREET.1 {
            let (wide, deep, tall) =
                (random.range(9.0, 19.0), random.range(9.0, 13.0), random.range(6.5, 15.5));
            if random.chance(0.16) {
                x += random.range(5.0, 9.0);
                self.tree(random, [x - 3.0, front + outward * 4.0, ROAD_Z + KERB], 1.5);
                continue;
            }
            let back = front + outward * (deep / 2.0 + random.range(0.0, 0.7));
            let material = Material::Facade(random.pick(&PLASTER), random.bits());
            let centre = [x + wide / 2.0, back, ROAD_Z + tall / 2.0];
            self.fixed.push(Solid::cuboid(centre, [wide / 2.0, deep / 2.0, tall / 2.0], 0.0, material));
            x += wide + if random.chance(0.25) { random.range(1.0, 3.0) } else { 0.0 };
        }
        let material = Material::Facade(random.pick(&PLASTER), random.bits());
        let centre = [STREET.1 + 8.0, outward * 9.0, ROAD_Z + 6.0];
        self.fixed.push(Solid::cuboid(centre, [6.0, 9.0, 6.0], 0.0, material));
    }

    /// Trees, lamp posts and signs along the kerb.
    fn row(&mut self, random: &mut Random, y: f64, outward: f64) {
        let mut x = STREET.0 + random.range(0.0, 12.0);
        while x < STREET.1 - 20.0 {
            let foot = [x, y, ROAD_Z + KERB];
            match random.below(5) {
                0 | 1 => {
                    let size = random.range(0.8, 1.15);
                    self.tree(random, foot, size);
                }
                2 => self.lamp(foot, outward),
                3 => self.sign(foot),
                _ => {}
            }
            x += random.range(8.0, 15.0);
        }
    }

    fn tree(&mut self, random: &mut Random, foot: V, size: f64) {
        let trunk = 2.3 * size;
        let centre = [foot[0], foot[1], foot[2] + trunk / 2.0];
        let slim = 0.16 * size;
        self.fixed.push(Solid::tapered(
            centre,
            [slim, slim, trunk / 2.0],
            0.4,
            (0.05, 0.05, 0.05),
            Material::Bark,
        ));
        for _ in 0..7 {
            let off = [random.normal() * 0.75, random.normal() * 0.75, random.range(0.1, 2.3)];
            let at = [foot[0] + off[0] * size, foot[1] + off[1] * size, foot[2] + trunk + off[2] * size];
            let half = [0, 1, 2].map(|_| random.range(0.75, 1.25) * size);
            self.fixed.push(Solid::ellipsoid(at, half, 0.0, Material::Foliage(random.bits())));
        }
    }

    fn lamp(&mut self, foot: V, outward: f64) {
        let mut bar = |centre: V, half: V| self.fixed.push(Solid::cuboid(centre, half, 0.0, Material::Metal));
        bar([foot[0], foot[1], foot[2] + 3.4], [0.06, 0.06, 3.4]);
        bar([foot[0], foot[1] - outward * 0.9, foot[2] + 6.8], [0.05, 0.95, 0.05]);
        bar([foot[0], foot[1] - outward * 1.7, foot[2] + 6.72], [0.12, 0.3, 0.06]);
    }

    fn sign(&mut self, foot: V) {
        let pole = [foot[0], foot[1], foot[2] + 1.2];
        self.fixed.push(Solid::cuboid(pole, [0.03, 0.03, 1.2], 0.0, Material::Metal));
        let face = [foot[0] - 0.04, foot[1], foot[2] + 2.5];
        self.fixed.push(Solid::ellipsoid(face, [0.02, 0.31, 0.31], 0.0, Material::Sign));
    }

    fn parked(&mut self, random: &mut Random) {
        for (y, heading) in [(-3.05, 0.0), (6.45, std::f64::consts::PI)] {
            let mut x = random.range(-30.0, -24.0);
            while x < 85.0 {
                let free = (self.crossing - 6.0..self.crossing + 9.0).contains(&x);
                if !free && random.chance(0.55) {
                    let kind = if random.chance(0.14) { Kind::Van } else { Kind::Car };
                    let place = (x, y + random.range(-0.12, 0.12));
                    let turned = heading + random.range(-0.025, 0.025);
                    self.actors.push(Actor::new(random, kind, place, turned, 0.0));
                }
                x += random.range(5.9, 7.4);
            }
        }
    }

    fn moving(&mut self, random: &mut Random) {
        let pi = std::f64::consts::PI;
        let lead = self.crossing + random.range(10.0, 22.0);
        let speed = self.speed;
        let mut put = |random: &mut Random, kind, place: (f64, f64), heading: f64, speed: f64| {
            self.actors.push(Actor::new(random, kind, place, heading, speed));
        };
        let ahead = speed * random.range(0.9, 1.1);
        let off = random.range(-0.2, 0.2);
        put(random, Kind::Car, (lead, off), 0.0, ahead);
        let mut x = random.range(16.0, 30.0);
        for _ in 0..1 + random.below(3) {
            let fast = random.range(7.0, 11.0);
            put(random, Kind::Car, (x, 3.55), pi, fast);
            x += random.range(14.0, 30.0);
        }
        let place = (random.range(13.0, 19.0), random.range(-1.55, -1.3));
        let pace = random.range(3.5, 5.0);
        put(random, Kind::Cyclist, place, 0.0, pace);
        if random.chance(0.5) {
            let x = random.range(24.0, 40.0);
            put(random, Kind::Cyclist, (x, 5.0), pi, 4.2);
        }
        // People on the crossing, then people on the pavements.
        for number in 0..1 + random.below(2) {
            let (y, way) = if number == 0 { (-0.6, 1.0) } else { (3.0, -1.0) };
            let place = (self.crossing + random.range(0.6, 2.6), y + random.range(-0.8, 0.8));
            self.actors.push(Actor::new(random, Kind::Pedestrian, place, way * pi / 2.0, 1.3));
        }
        for _ in 0..6 + random.below(5) {
            let y = if random.chance(0.6) { random.range(-7.2, -5.9) } else { random.range(9.3, 10.6) };
            let heading = if random.chance(0.5) { 0.0 } else { pi } + random.range(-0.2, 0.2);
            let place = (random.range(6.0, 52.0), y);
            let pace = random.range(0.8, 1.6);
            let mut walker = Actor::new(random, Kind::Pedestrian, place, heading, pace);
            walker.foot = ROAD_Z + KERB;
            self.actors.push(walker);
        }
    }
}
