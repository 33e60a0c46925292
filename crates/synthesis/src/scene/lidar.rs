//! A spinning laser scanner with 64 beams, in KITTI velodyne bytes.

use super::paint::{look, road};
use super::space::{Solid, V, add, dot, scaled};
use super::world::{CARRIAGEWAY, ROAD_Z, World};
use crate::random::Random;

/// Number of beams.
const BEAMS: usize = 64;
/// Longest distance that comes back, in metres.
const MAX_RANGE_M: f64 = 85.0;
/// Nearest distance: the recording car itself, in metres.
const MIN_RANGE_M: f64 = 2.2;
/// Standard deviation of a distance, in metres.
const RANGE_NOISE_M: f64 = 0.018;
/// Share of the beams that get lost for no reason.
const LOST_SHARE: f64 = 0.03;
/// Share of the beams that come back from glass.
const GLASS_SHARE: f64 = 0.25;

/// Elevation of a beam, in radians: the upper half lies 1/3 degree apart from +2 degrees down, the lower
/// half 1/2 degree apart.
fn elevation(beam: usize) -> f64 {
    let degrees = if beam < 32 { 2.0 - beam as f64 / 3.0 } else { -8.83 - (beam - 32) as f64 / 2.0 };
    degrees.to_radians()
}

/// What a beam met.
#[derive(Clone, Copy)]
struct Echo {
    range: f64,
    reflect: Option<f64>,
}

/// One turn: `azimuths` columns. `solids` are in the LiDAR's frame, `ahead` is how far the car has driven,
/// in metres. Returns x, y, z, intensity of each point as little-endian f32.
pub fn sweep(random: &mut Random, world: &World, solids: &[Solid], ahead: f64, azimuths: usize) -> Vec<u8> {
    let columns = azimuths.max(8);
    let turn = std::f64::consts::TAU / columns as f64;
    let elevations: Vec<(f64, f64)> = (0..BEAMS).map(|beam| elevation(beam).sin_cos()).collect();
    let ray = |column: usize, beam: usize| -> V {
        let (sin, cos) = (std::f64::consts::PI - (column as f64 + 0.5) * turn).sin_cos();
        let (up, flat) = elevations[beam];
        [flat * cos, flat * sin, up]
    };
    let mut echoes = vec![Echo { range: f64::INFINITY, reflect: None }; columns * BEAMS];
    for solid in solids {
        for column in columns_of(solid, columns) {
            for beam in 0..BEAMS {
                let direction = ray(column, beam);
                let echo = &mut echoes[beam * columns + column];
                if let Some(hit) = solid.hit([0.0; 3], direction).filter(|hit| hit.distance < echo.range) {
                    let place = scaled(direction, hit.distance);
                    let seen = look(&solid.material, &hit, add(place, [ahead, 0.0, 0.0]));
                    let slant = -dot(hit.normal, direction);
                    let reflect = seen.reflect.map(|share| share * (0.35 + 0.65 * slant));
                    *echo = Echo { range: hit.distance, reflect };
                }
            }
        }
    }
    let mut bytes = Vec::with_capacity(columns * BEAMS * 16);
    for beam in 0..BEAMS {
        for column in 0..columns {
            let direction = ray(column, beam);
            let echo = ground(world, direction, ahead, echoes[beam * columns + column]);
            if let Some((range, intensity)) = received(random, echo) {
                let place = scaled(direction, range);
                for value in [place[0], place[1], place[2], intensity] {
                    bytes.extend((value as f32).to_le_bytes());
                }
            }
        }
    }
    bytes
}

/// The columns that can meet a solid.
fn columns_of(solid: &Solid, columns: usize) -> impl Iterator<Item = usize> {
    let turn = std::f64::consts::TAU / columns as f64;
    let [x, y, _] = solid.centre;
    let reach = (solid.half[0].hypot(solid.half[1])).max(0.01);
    let away = x.hypot(y);
    let column = |angle: f64| ((std::f64::consts::PI - angle) / turn).floor() as i64;
    let spread = if away <= reach { std::f64::consts::PI } else { (reach / away).asin() };
    let middle = y.atan2(x);
    let (first, last) = (column(middle + spread), column(middle - spread) + 1);
    let last = last.min(first + columns as i64 - 1);
    (first..=last).map(move |column| column.rem_euclid(columns as i64) as usize)
}

/// The road, where nothing stands before it.
fn ground(world: &World, direction: V, ahead: f64, echo: Echo) -> Echo {
    if direction[2] > -1e-3 {
        return echo;
    }
    let range = ROAD_Z / direction[2];
    let y = direction[1] * range;
    if range >= echo.range || range > MAX_RANGE_M || y > CARRIAGEWAY.0 || y < CARRIAGEWAY.1 {
        return echo;
    }
    let seen = road(world.seed, direction[0] * range + ahead, y, world.crossing);
    Echo { range, reflect: seen.reflect }
}

/// Distance and intensity as measured, if the beam comes back.
fn received(random: &mut Random, echo: Echo) -> Option<(f64, f64)> {
    if !(MIN_RANGE_M..MAX_RANGE_M).contains(&echo.range) || random.chance(LOST_SHARE) {
        return None;
    }
    let reflect = match echo.reflect {
        Some(share) => share,
        None if random.chance(GLASS_SHARE) => 0.05,
        None => return None,
    };
    // Far and dark surfaces send back too little.
    let faint = (echo.range / MAX_RANGE_M).powi(2) * (0.35 - reflect).max(0.0) * 2.2;
    if random.chance(faint.clamp(0.0, 0.95)) {
        return None;
    }
    let range = echo.range + random.normal() * RANGE_NOISE_M;
    let intensity = (reflect + 0.03 * random.normal()).clamp(0.0, 0.99);
    Some((range, (intensity * 100.0).round() / 100.0))
}
