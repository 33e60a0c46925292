//! From copper coverage to a camera picture: materials, lamp, lens, sensor, JPEG.

use countersign_inspection::DefectLabel;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::layout::{Coverage, Layout};
use crate::random::{Random, lattice, smooth};

/// Quality of the JPEG, 1 to 100.
const JPEG_QUALITY: u8 = 92;
/// Colours in linear parts of 255: board, copper, drilled hole.
const BOARD: [f32; 3] = [62.0, 66.0, 40.0];
const COPPER: [f32; 3] = [214.0, 148.0, 98.0];
const HOLE: [f32; 3] = [14.0, 14.0, 16.0];

/// How the lamp and the camera stand.
#[derive(Debug, Clone, Copy)]
pub struct Light {
    /// Brightness in the middle.
    gain: f64,
    /// Change of brightness from one side to the other.
    slope: (f64, f64),
    /// Loss of brightness in the corners.
    vignette: f64,
    /// Where the part lies, in pixels.
    shift: (f64, f64),
    /// Standard deviation of the sensor's noise, in grey values.
    noise: f64,
}

impl Light {
    /// The lamp of the template.
    pub fn reference() -> Self {
        Self { gain: 1.0, slope: (0.02, -0.02), vignette: 0.06, shift: (0.0, 0.0), noise: 1.5 }
    }

    /// A lamp on the line.
    pub fn random(random: &mut Random) -> Self {
        Self {
            gain: random.range(0.86, 1.1),
            slope: (random.range(-0.16, 0.16), random.range(-0.16, 0.16)),
            vignette: random.range(0.04, 0.16),
            shift: (random.range(-3.0, 3.0), random.range(-3.0, 3.0)),
            noise: random.range(2.0, 4.5),
        }
    }

    /// Moves a box to where the camera sees it, kept within the picture.
    pub fn shift_label(&self, label: &mut DefectLabel, side: f64) {
        let move_x = |x: f64| (x + self.shift.0).round().clamp(0.0, side);
        let move_y = |y: f64| (y + self.shift.1).round().clamp(0.0, side);
        (label.x1, label.x2) = (move_x(label.x1), move_x(label.x2));
        (label.y1, label.y2) = (move_y(label.y1), move_y(label.y2));
    }

    fn at(&self, u: f64, v: f64) -> f64 {
        let (x, y) = (u - 0.5, v - 0.5);
        (self.gain + self.slope.0 * x + self.slope.1 * y) * (1.0 - self.vignette * 2.0 * (x * x + y * y))
    }
}

/// Renders to JPEG bytes.
pub fn render(
    random: &mut Random,
    copper: &Coverage,
    layout: &Layout,
    texture: &Texture,
    light: &Light,
) -> Vec<u8> {
    let side = copper.side;
    let mut holes = Coverage { side, values: vec![0.0; side * side] };
    for pad in layout.pads.iter().filter(|pad| pad.hole > 0.0) {
        let (centre, radius) = (pad.centre, pad.hole);
        holes.paint(centre, (radius, radius), 1.0, |p| (p.0 - centre.0).hypot(p.1 - centre.1) - radius);
    }
    let mut noise = vec![0.0_f32; side * side];
    random.fill_noise(&mut noise);
    let [copper, holes, weave, brushed] =
        [copper, &holes, &texture.board, &texture.metal].map(|map| shifted(map, light.shift));
    let mut pixels = Vec::with_capacity(side * side * 3);
    for y in 0..side {
        for x in 0..side {
            let at = y * side + x;
            let lamp = light.at(x as f64 / side as f64, y as f64 / side as f64) as f32;
            let grain = noise[at] * light.noise as f32;
            for channel in 0..3 {
                let board = BOARD[channel] * weave[at];
                let metal = COPPER[channel] * brushed[at];
                let flat = board + (metal - board) * copper[at];
                let value = (flat + (HOLE[channel] - flat) * holes[at]) * lamp + grain;
                pixels.push(value.clamp(0.0, 255.0) as u8);
            }
        }
    }
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)
        .write_image(&pixels, side as u32, side as u32, ExtendedColorType::Rgb8)
        .expect("a picture of known size is written to memory");
    bytes
}

/// Weave of the board and brushing of the copper, factors around one.
pub struct Texture {
    board: Coverage,
    metal: Coverage,
}

impl Texture {
    /// The slow parts are known at every `STEP`-th pixel of a row and interpolated between.
    pub fn new(seed: u64, side: usize) -> Self {
        const STEP: usize = 8;
        let mut board = Coverage { side, values: Vec::with_capacity(side * side) };
        let mut metal = Coverage { side, values: Vec::with_capacity(side * side) };
        for row in 0..side {
            let y = row as f64;
            let knots: Vec<(f64, f64)> = (0..side / STEP + 2)
                .map(|knot| {
                    let x = (knot * STEP) as f64;
                    let stain = 0.14 * (smooth(seed, x / 70.0, y / 70.0, 0.0) - 0.5);
                    let scratches = 0.07 * (smooth(seed ^ 1, x / 40.0, y / 1.7, 0.0) - 0.5);
                    let oxide = 0.12 * (smooth(seed ^ 2, x / 55.0, y / 55.0, 0.0) - 0.5);
                    (1.0 + stain, 1.0 + scratches + oxide)
                })
                .collect();
            let weave = 0.05 * (y * 0.9).sin();
            for x in 0..side {
                let (a, b) = (knots[x / STEP], knots[x / STEP + 1]);
                let share = (x % STEP) as f64 / STEP as f64;
                let threads = weave * (x as f64 * 0.9).sin();
                let speck = lattice(seed ^ 3, x as i64 / 2, row as i64 / 2, 0) > 0.9995;
                board.values.push((a.0 + (b.0 - a.0) * share + threads) as f32);
                metal.values.push((a.1 + (b.1 - a.1) * share - if speck { 0.25 } else { 0.0 }) as f32);
            }
        }
        Self { board, metal }
    }
}

/// The map as seen after a shift, bilinear, with the border repeated.
fn shifted(map: &Coverage, shift: (f64, f64)) -> Vec<f32> {
    let most = map.side as i64 - 1;
    let axis = |shift: f64| {
        let whole = (-shift).floor();
        let first = |at: usize, more: i64| (at as i64 + whole as i64 + more).clamp(0, most) as usize;
        let pairs: Vec<(usize, usize)> = (0..map.side).map(|at| (first(at, 0), first(at, 1))).collect();
        (pairs, (-shift - whole) as f32)
    };
    let ((columns, u), (rows, v)) = (axis(shift.0), axis(shift.1));
    let mut out = Vec::with_capacity(map.values.len());
    for (top, bottom) in rows {
        let upper = &map.values[top * map.side..(top + 1) * map.side];
        let lower = &map.values[bottom * map.side..(bottom + 1) * map.side];
        for &(left, right) in &columns {
            let a = upper[left] + (upper[right] - upper[left]) * u;
            let b = lower[left] + (lower[right] - lower[left]) * u;
            out.push(a + (b - a) * v);
        }
    }
    out
}
