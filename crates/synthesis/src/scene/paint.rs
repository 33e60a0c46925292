//! What surfaces look like to a camera and to a laser.

use super::space::{Hit, V, dot, unit};
use crate::random::{lattice, smooth};

/// A colour in linear parts of one: red, green, blue.
pub type Colour = [f64; 3];

/// The surface of a solid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Material {
    /// Body of a car: paint with lamps and plates at its ends (half length, half width).
    Body(Colour, f64, f64),
    /// Cabin of a car: windows between pillars, paint on the roof (half height).
    Cabin(Colour, f64),
    Rubber,
    /// Front of a house: plaster with rows of windows; the seed parts houses.
    Facade(Colour, u64),
    Foliage(u64),
    Bark,
    Cloth(Colour),
    Skin,
    Hair,
    Metal,
    Pavement(u64),
    /// A traffic sign's face.
    Sign,
}

/// What a surface shows: its colour, and the share of laser light that comes back (none: the beam is lost).
pub struct Look {
    pub colour: Colour,
    pub reflect: Option<f64>,
}

/// Direction towards the sun.
pub fn sun() -> V {
    unit([-0.45, 0.55, 0.85])
}

/// Light on a surface with this normal: sky from above and sun from its side.
pub fn lit(colour: Colour, normal: V) -> Colour {
    let light = 0.52 + 0.16 * normal[2] + 0.62 * dot(normal, sun()).max(0.0);
    colour.map(|part| part * light)
}

/// The look of a solid's surface at a hit; `world` is the place in the world.
pub fn look(material: &Material, hit: &Hit, world: V) -> Look {
    let [x, y, z] = hit.place;
    match *material {
        Material::Body(colour, long, wide) => body(colour, (long, wide), hit),
        Material::Cabin(colour, half) => cabin(colour, half, hit),
        Material::Rubber => {
            let rim = (x * x + z * z).sqrt() < 0.17;
            solid(if rim { [0.45, 0.46, 0.48] } else { [0.045, 0.045, 0.05] }, if rim { 0.4 } else { 0.05 })
        }
        Material::Facade(colour, seed) => facade(colour, seed, hit, world),
        Material::Foliage(seed) => {
            let fine = smooth(seed, x * 5.0, y * 5.0, z * 5.0);
            let light = 0.55 + 0.5 * smooth(seed ^ 1, x * 1.7, y * 1.7, z * 1.7);
            let leaf = [0.20, 0.31, 0.10].map(|part| part * light * (0.6 + 0.8 * fine));
            // Beams and looks fall through the gaps between leaves.
            Look { colour: leaf, reflect: (fine > 0.3).then_some(0.3) }
        }
        Material::Bark => {
            solid([0.22, 0.17, 0.13].map(|c| c * (0.7 + 0.6 * smooth(3, y * 9.0, x * 9.0, z * 2.0))), 0.3)
        }
        Material::Cloth(colour) => {
            let fold = 0.85 + 0.3 * smooth(5, x * 9.0, y * 9.0, world[2] * 5.0);
            solid(colour.map(|part| part * fold), 0.35)
        }
        Material::Skin => solid([0.62, 0.45, 0.36], 0.4),
        Material::Hair => solid([0.13, 0.10, 0.08], 0.15),
        Material::Metal => solid([0.36, 0.38, 0.40], 0.45),
        Material::Pavement(seed) => pavement(seed, world),
        Material::Sign => {
            let ring = y.hypot(z) > 0.23;
            solid(if ring { [0.70, 0.06, 0.06] } else { [0.86, 0.86, 0.84] }, 0.98)
        }
    }
}

fn solid(colour: Colour, reflect: f64) -> Look {
    Look { colour, reflect: Some(reflect) }
}

fn body(colour: Colour, (long, wide): (f64, f64), hit: &Hit) -> Look {
    let [x, y, z] = hit.place;
    let n = hit.own_normal;
    if n[0].abs() > 0.8 {
        let (side, front) = (y.abs() / wide, n[0] > 0.0);
        if side > 0.58 && side < 0.95 && z > -0.02 && z < 0.2 {
            return solid(if front { [0.93, 0.93, 0.88] } else { [0.62, 0.05, 0.05] }, 0.85);
        }
        if y.abs() < 0.27 && z > -0.19 && z < -0.06 {
            return solid([0.88, 0.88, 0.84], 0.97);
        }
        if z < -0.2 || front && y.abs() < 0.5 * wide && z < 0.1 && z > -0.04 {
            return solid([0.06, 0.06, 0.065], 0.2);
        }
    }
    // Doors and the dark foot of the side.
    let seam = n[1].abs() > 0.8 && ((x - 0.05 * long).abs() < 0.012 || (x + 0.5 * long).abs() < 0.012);
    if seam || z < -0.24 {
        return solid(colour.map(|part| part * 0.25), 0.2);
    }
    let gloss = if n[2] > 0.7 { 1.12 } else { 1.0 - 0.12 * (z + 0.2).abs() };
    solid(colour.map(|part| part * gloss), 0.25 + 0.4 * colour[1])
}

fn cabin(colour: Colour, half: f64, hit: &Hit) -> Look {
    let [x, _, z] = hit.place;
    let n = hit.own_normal;
    let pillar =
        n[1].abs() > 0.6 && ((x + 0.1).abs() < 0.05 || (x - 1.05).abs() < 0.06 || (x + 1.2).abs() < 0.08);
    if n[2] > 0.9 || z > half - 0.09 || z < -half + 0.06 || pillar {
        return solid(colour.map(|part| part * if n[2] > 0.9 { 1.1 } else { 0.9 }), 0.25 + 0.4 * colour[1]);
    }
    // Glass mirrors the sky from above; lasers mostly go through.
    let sky = (0.5 + z / (2.0 * half)).clamp(0.0, 1.0);
    let dark = [0.07, 0.09, 0.11];
    Look { colour: [0, 1, 2].map(|c| dark[c] + sky * [0.20, 0.24, 0.28][c]), reflect: None }
}

fn facade(colour: Colour, seed: u64, hit: &Hit, world: V) -> Look {
    let along = if hit.own_normal[0].abs() > 0.7 { hit.place[1] } else { hit.place[0] };
    let up = world[2] + 1.73;
    if hit.own_normal[2] > 0.7 {
        return solid([0.28, 0.20, 0.18], 0.3);
    }
    let (wide, tall) = (2.3 + 0.8 * lattice(seed, 1, 0, 0), 3.1);
    let (column, floor) = ((along / wide).floor(), (up / tall).floor());
    let (u, v) = (along / wide - column, up / tall - floor);
    let frame = (0.24..0.76).contains(&u) && (0.28..0.86).contains(&v);
    let pane = (0.28..0.72).contains(&u) && (0.32..0.82).contains(&v) && (u - 0.5).abs() > 0.015;
    let plaster = 0.86
        + 0.16 * smooth(seed ^ 7, along * 0.8, up * 0.8, 0.0)
        + 0.05 * lattice(seed, (along * 24.0) as i64, (up * 24.0) as i64, 2);
    if floor < 1.0 && lattice(seed, 9, 0, 0) > 0.5 {
        // A shop: wide panes above a plinth, a band of colour for its name.
        let glass = (0.06..0.94).contains(&u) && (0.16..0.74).contains(&v);
        let band = (0.78..0.93).contains(&v);
        let tint = lattice(seed, column as i64 / 3, 5, 0);
        if band {
            return solid([0.25 + 0.4 * tint, 0.30, 0.45 - 0.3 * tint], 0.4);
        }
        if glass {
            let inside = 0.10 + 0.14 * smooth(seed ^ 3, along * 1.4, up * 2.0, 0.0);
            return Look { colour: [inside, inside * 1.02, inside * 1.05], reflect: None };
        }
    } else if pane {
        let shade = lattice(seed, column as i64, floor as i64, 1);
        let curtain = shade > 0.6 && v > 0.32 + 0.4 * shade;
        let glass = if curtain {
            [0.55, 0.53, 0.48]
        } else {
            [0.12 + 0.12 * shade, 0.15 + 0.13 * shade, 0.19 + 0.14 * shade]
        };
        return Look { colour: glass, reflect: None };
    } else if frame {
        return solid([0.72, 0.71, 0.68], 0.4);
    }
    let ledge = v < 0.03 || up < 0.5;
    solid(colour.map(|part| part * plaster * if ledge { 0.75 } else { 1.0 }), 0.3 + 0.2 * plaster)
}

fn pavement(seed: u64, world: V) -> Look {
    let (u, v) = ((world[0] / 0.6).rem_euclid(1.0), (world[1] / 0.6).rem_euclid(1.0));
    let joint = u < 0.04 || v < 0.04;
    let slab = lattice(seed, (world[0] / 0.6).floor() as i64, (world[1] / 0.6).floor() as i64, 0);
    let stain = smooth(seed ^ 1, world[0] * 0.5, world[1] * 0.5, 0.0);
    let level = if joint { 0.33 } else { 0.44 + 0.05 * slab + 0.06 * (stain - 0.5) };
    solid([level, level * 0.985, level * 0.95], 0.25)
}

/// The road, its markings and its wear at a place; `crossing` is where the zebra crossing begins.
pub fn road(seed: u64, x: f64, y: f64, crossing: f64) -> Look {
    let coarse = smooth(seed, x * 0.25, y * 0.6, 0.0);
    let fine = lattice(seed, (x * 30.0) as i64, (y * 30.0) as i64, 1);
    let tracks = (-((y.abs() - 0.8) / 0.3).powi(2)).exp() + (-(((y - 3.5).abs() - 0.8) / 0.3).powi(2)).exp();
    let patch = if smooth(seed ^ 4, x * 0.06, y * 0.15, 0.0) > 0.68 { -0.045 } else { 0.0 };
    let level = 0.235 + 0.05 * (coarse - 0.5) + 0.05 * (fine - 0.5) - 0.025 * tracks + patch;
    let asphalt = [level, level, level * 1.02];
    let worn = 0.62 + 0.3 * smooth(seed ^ 5, x * 2.0, y * 6.0, 0.0);
    let dashed = (y - 1.75).abs() < 0.07 && x.rem_euclid(9.0) < 3.6;
    let edge = [-1.85, 5.35].iter().any(|line| (y - line).abs() < 0.06) && x.rem_euclid(6.0) < 5.2;
    let zebra =
        (crossing..crossing + 3.2).contains(&x) && y > -1.8 && y < 5.3 && (y + 1.8).rem_euclid(1.0) < 0.5;
    if zebra || (dashed || edge) && !(crossing - 0.6..crossing + 3.8).contains(&x) {
        let white = [0.78, 0.78, 0.75];
        return solid([0, 1, 2].map(|c| asphalt[c] + (white[c] - asphalt[c]) * worn), 0.35 + 0.35 * worn);
    }
    solid(asphalt, 0.08 + 0.14 * fine)
}

/// The sky in a direction.
pub fn sky(seed: u64, direction: V) -> Colour {
    let d = unit(direction);
    let up = d[2].max(0.0);
    let (high, low) = ([0.38, 0.56, 0.84], [0.80, 0.86, 0.92]);
    let share = (up * 2.6).min(1.0).powf(0.6);
    let (u, v) = (d[0] / (up + 0.08), d[1] / (up + 0.08));
    let cloud = 0.6 * smooth(seed, u * 0.5, v * 0.5, 0.0)
        + 0.28 * smooth(seed ^ 1, u * 1.3, v * 1.3, 0.0)
        + 0.12 * smooth(seed ^ 2, u * 3.1, v * 3.1, 0.0);
    let cover = ((cloud - 0.48) * 4.0).clamp(0.0, 0.9);
    [0, 1, 2].map(|c| {
        let clear = low[c] + (high[c] - low[c]) * share;
        clear + (0.95 - clear) * cover
    })
}

/// Distance fades into the haze at the horizon.
pub fn hazy(colour: Colour, metres: f64) -> Colour {
    let share = 1.0 - (-metres / 260.0).exp();
    [0, 1, 2].map(|c| colour[c] + ([0.78, 0.83, 0.88][c] - colour[c]) * share)
}
