//! The camera: every solid is cast only where its box falls on the picture, nearest first.

use image::ImageEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};

use super::calibration::Rig;
use super::paint::{Colour, hazy, lit, look, road, sky, sun};
use super::space::{Solid, V, add, scaled};
use super::world::{ROAD_Z, World};
use crate::random::Random;

/// Rays for each pixel, along each side.
const RAYS: usize = 2;
/// Nearest depth that is drawn, in metres.
const NEAR_M: f64 = 0.6;
/// Standard deviation of the sensor's noise, in grey values.
const NOISE: f32 = 2.2;
/// Length of the cells in which shadows are looked up, in metres.
const CELL_M: f64 = 4.0;

/// A picture and what each ray saw.
pub struct View {
    /// PNG, 8-bit colour.
    pub png: Vec<u8>,
    /// How many rays saw each actor.
    pub seen: Vec<usize>,
    /// How many rays would see each actor if nothing stood before it.
    pub alone: Vec<usize>,
}

struct Sample {
    depth: f64,
    colour: Colour,
    owner: Option<usize>,
}

/// Renders a picture; `solids` are in the LiDAR's frame, `ahead` is how far the car has driven, in metres,
/// `actors` how many there are.
pub fn picture(
    random: &mut Random,
    world: &World,
    rig: &Rig,
    solids: &[Solid],
    ahead: f64,
    actors: usize,
) -> View {
    let (width, height) = (rig.size_px.0 as usize * RAYS, rig.size_px.1 as usize * RAYS);
    let eye = rig.eye();
    let first = rig.ray(0.5 / RAYS as f64, 0.5 / RAYS as f64);
    let (right, down) = rig.steps(1.0 / RAYS as f64);
    let ray = |column: usize, row: usize| {
        let (x, y) = (column as f64, row as f64);
        [0, 1, 2].map(|axis| first[axis] + x * right[axis] + y * down[axis])
    };
    let mut samples: Vec<Sample> = Vec::with_capacity(width * height);
    samples.resize_with(width * height, || Sample { depth: f64::INFINITY, colour: [0.0; 3], owner: None });
    let mut alone = vec![0; actors];
    let mut covered: Vec<Vec<u32>> = vec![Vec::new(); actors];
    let mut order: Vec<&Solid> = solids.iter().collect();
    let away = |solid: &Solid| rig.to_camera(solid.centre)[2] - solid.half[0].max(solid.half[1]).min(4.0);
    order.sort_by(|a, b| away(a).total_cmp(&away(b)));
    for solid in order {
        let Some((columns, rows)) = window(rig, solid, width, height) else { continue };
        for row in rows {
            for column in columns.clone() {
                let direction = ray(column, row);
                let at = row * width + column;
                let Some(hit) = solid.hit(eye, direction).filter(|hit| hit.distance > NEAR_M) else {
                    continue;
                };
                if let Some(owner) = solid.owner {
                    covered[owner].push(at as u32);
                }
                if hit.distance < samples[at].depth {
                    let place = add(eye, scaled(direction, hit.distance));
                    let seen = look(&solid.material, &hit, add(place, [ahead, 0.0, 0.0]));
                    let colour = hazy(lit(seen.colour, hit.normal), hit.distance);
                    samples[at] = Sample { depth: hit.distance, colour, owner: solid.owner };
                }
            }
        }
    }
    let shadows = Shadows::new(solids);
    for row in 0..height {
        for column in 0..width {
            let sample = &mut samples[row * width + column];
            background(world, &shadows, eye, ray(column, row), ahead, sample);
        }
    }
    for (count, mut rays) in alone.iter_mut().zip(covered) {
        rays.sort_unstable();
        rays.dedup();
        *count = rays.len();
    }
    let mut seen = vec![0; actors];
    samples.iter().filter_map(|sample| sample.owner).for_each(|owner| seen[owner] += 1);
    View { png: develop(random, &samples, rig.size_px), seen, alone }
}

/// The rays that can meet a solid: columns and rows.
type Window = (std::ops::Range<usize>, std::ops::Range<usize>);

fn window(rig: &Rig, solid: &Solid, width: usize, height: usize) -> Option<Window> {
    let corners = solid.corners().map(|corner| rig.to_camera(corner));
    let mut seen = Vec::with_capacity(12);
    for (index, corner) in corners.iter().enumerate() {
        if corner[2] >= NEAR_M {
            seen.push(rig.project(*corner));
        }
        // Corners differ in one bit along an edge; what lies behind the near plane is cut off.
        for other in [1, 2, 4].map(|bit| index ^ bit).into_iter().filter(|&other| other > index) {
            let other = corners[other];
            if (corner[2] < NEAR_M) != (other[2] < NEAR_M) {
                let share = (NEAR_M - corner[2]) / (other[2] - corner[2]);
                seen.push(
                    rig.project([0, 1, 2].map(|axis| corner[axis] + share * (other[axis] - corner[axis]))),
                );
            }
        }
    }
    if seen.is_empty() {
        return None;
    }
    let span = |axis: usize, size: usize| {
        let low = seen.iter().map(|p| p[axis]).fold(f64::INFINITY, f64::min) * RAYS as f64;
        let high = seen.iter().map(|p| p[axis]).fold(f64::NEG_INFINITY, f64::max) * RAYS as f64;
        low.floor().clamp(0.0, size as f64) as usize..(high.ceil() + 1.0).clamp(0.0, size as f64) as usize
    };
    let (columns, rows) = (span(0, width), span(1, height));
    (!columns.is_empty() && !rows.is_empty()).then_some((columns, rows))
}

/// Road where it is nearer than what was drawn, and sky where there is nothing at all.
fn background(world: &World, shadows: &Shadows, eye: V, direction: V, ahead: f64, sample: &mut Sample) {
    if direction[2] < -1e-6 {
        let depth = (ROAD_Z - eye[2]) / direction[2];
        if depth < sample.depth {
            let place = add(eye, scaled(direction, depth));
            let seen = road(world.seed, place[0] + ahead, place[1], world.crossing);
            let shade = shadows.at(place);
            let colour = lit(seen.colour.map(|part| part * shade), [0.0, 0.0, 1.0]);
            *sample = Sample { depth, colour: hazy(colour, depth), owner: None };
        }
    } else if sample.depth.is_infinite() {
        sample.colour = sky(world.seed, direction);
    }
}

/// Soft shadows of what stands on the road.
struct Shadows {
    cells: Vec<Vec<Shadow>>,
}

#[derive(Clone, Copy)]
struct Shadow {
    centre: (f64, f64),
    half: (f64, f64),
    heading: (f64, f64),
    soft: f64,
    depth: f64,
}

impl Shadows {
    const FIRST_CELL: i64 = -5;
    const CELLS: i64 = 40;

    fn new(solids: &[Solid]) -> Self {
        let mut cells = vec![Vec::new(); Self::CELLS as usize];
        let light = sun();
        for solid in solids.iter().filter(|solid| solid.owner.is_some()) {
            let above = (solid.centre[2] - ROAD_Z).max(0.0);
            let x = solid.centre[0] - light[0] / light[2] * above;
            let y = solid.centre[1] - light[1] / light[2] * above;
            let spread = 0.25 * solid.half[2];
            let shadow = Shadow {
                centre: (x, y),
                half: (solid.half[0] + spread, solid.half[1] + spread),
                heading: solid.heading,
                soft: 0.10 + 0.12 * above,
                depth: 0.5,
            };
            // Right below there is next to no light.
            let below = Shadow {
                centre: (solid.centre[0], solid.centre[1]),
                half: (solid.half[0], solid.half[1]),
                soft: 0.3,
                depth: if above < 1.0 { 0.45 } else { 0.0 },
                ..shadow
            };
            for cast in [shadow, below] {
                let reach = cast.half.0.hypot(cast.half.1) + 1.0;
                let cell = |x: f64| (x / CELL_M).floor() as i64 - Self::FIRST_CELL;
                for index in
                    cell(cast.centre.0 - reach).max(0)..=cell(cast.centre.0 + reach).min(Self::CELLS - 1)
                {
                    cells[index as usize].push(cast);
                }
            }
        }
        Self { cells }
    }

    /// Share of light that is left at a place.
    fn at(&self, place: V) -> f64 {
        let cell = (place[0] / CELL_M).floor() as i64 - Self::FIRST_CELL;
        let Some(cell) = usize::try_from(cell).ok().and_then(|cell| self.cells.get(cell)) else { return 1.0 };
        let mut darkest = 0.0_f64;
        for shadow in cell {
            let (x, y) = (place[0] - shadow.centre.0, place[1] - shadow.centre.1);
            let (sin, cos) = shadow.heading;
            let u = (x * cos + y * sin).abs() - shadow.half.0;
            let v = (y * cos - x * sin).abs() - shadow.half.1;
            let share = (0.5 - u.max(v) / (2.0 * shadow.soft)).clamp(0.0, 1.0);
            darkest = darkest.max(share * shadow.depth);
        }
        1.0 - darkest
    }
}

/// Averages the rays of each pixel and adds lens, tone and noise.
fn develop(random: &mut Random, samples: &[Sample], (width, height): (u32, u32)) -> Vec<u8> {
    let (columns, rows) = (width as usize, height as usize);
    let mut noise = vec![0.0_f32; columns * rows * 3];
    random.fill_noise(&mut noise);
    let mut pixels = Vec::with_capacity(noise.len());
    for row in 0..rows {
        for column in 0..columns {
            let mut sum = [0.0; 3];
            for sub in 0..RAYS * RAYS {
                let at = (row * RAYS + sub / RAYS) * columns * RAYS + column * RAYS + sub % RAYS;
                sum = add(sum, samples[at].colour);
            }
            let (x, y) = (column as f64 / columns as f64 - 0.5, row as f64 / columns as f64 - 0.15);
            let lens = (1.0 - 0.35 * (x * x + y * y)) / (RAYS * RAYS) as f64;
            for channel in 0..3 {
                // A display curve, then the grain of the sensor.
                let value = 255.0 * (sum[channel] * lens * 1.06).clamp(0.0, 1.0).powf(0.82);
                let grain = noise[(row * columns + column) * 3 + channel] * NOISE;
                pixels.push((value as f32 + grain).clamp(0.0, 255.0) as u8);
            }
        }
    }
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Sub)
        .write_image(&pixels, width, height, image::ExtendedColorType::Rgb8)
        .expect("a picture of known size is written to memory");
    bytes
}
