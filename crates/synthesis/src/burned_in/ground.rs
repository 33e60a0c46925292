//! What the text stands on: pictures without text, values 0 to 1, one or three planes.

mod held_out;
mod wider;

use std::f32::consts::TAU;

use super::Kinds;
use crate::random::{Random, lattice};

/// Kinds of picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ground {
    /// A slice of a body with organs, vessels, ribs and spine; noise of a CT.
    Ct,
    /// A head with an uneven field and Rician noise.
    Mr,
    /// Speckle in a fan, black around.
    Ultrasound,
    /// A projection with gradients, ribs and noise.
    Radiograph,
    /// A colour picture with highlights and folds, in a black frame.
    Endoscopy,
    /// Black, or almost.
    Plain,
    /// Trabecular bone, wires, grids and hard edges.
    Busy,
    /// A street with sky, leaves, walls, fences and marks on the road.
    Scene,
    /// Computed values: next to constant, with holes, in grey or along a scale of colours.
    Map,
    /// Panels, steps, stripes, grids, curves and signs.
    Screen,
    /// Anatomy that was made larger, laid into a constant field or tiled.
    Padded,
    /// Speckle with flow in colour over it.
    Flow,
    /// Stained tissue under a microscope; held out.
    Tissue,
    /// A board with tracks, pads and parts; held out.
    Board,
    /// Vessels full of contrast agent; held out.
    Vessels,
}

/// The first kinds, as often as they are drawn.
const DRAWN: &[Ground] = &[
    Ground::Ct,
    Ground::Ct,
    Ground::Mr,
    Ground::Mr,
    Ground::Ultrasound,
    Ground::Ultrasound,
    Ground::Ultrasound,
    Ground::Radiograph,
    Ground::Radiograph,
    Ground::Endoscopy,
    Ground::Plain,
    Ground::Busy,
    Ground::Busy,
];

/// Kinds that came later, as often as they are drawn beside the first.
const LATER: &[Ground] = &[
    Ground::Scene,
    Ground::Scene,
    Ground::Scene,
    Ground::Map,
    Ground::Map,
    Ground::Screen,
    Ground::Screen,
    Ground::Padded,
    Ground::Padded,
    Ground::Padded,
    Ground::Flow,
];
/// Kinds that no detector may learn from.
const HELD_OUT: &[Ground] = &[Ground::Tissue, Ground::Board, Ground::Vessels];
/// Share of the pictures of the later sets whose values were cut off at both ends.
const WINDOWED: f64 = 0.25;

/// A picture of planes.
pub(super) struct Canvas {
    pub width: usize,
    pub height: usize,
    pub planes: Vec<Vec<f32>>,
    /// Standard deviation of the noise that was added, of the full range.
    pub noise: f32,
}

pub(super) fn kind(random: &mut Random, kinds: Kinds) -> Ground {
    match kinds {
        Kinds::First => random.pick(DRAWN),
        Kinds::Known => {
            let drawn = random.below(DRAWN.len() + LATER.len());
            *DRAWN.iter().chain(LATER).nth(drawn).unwrap_or(&Ground::Plain)
        }
        Kinds::HeldOut => random.pick(HELD_OUT),
    }
}

/// Cuts off values of some pictures; those of the first set are left as they always were.
pub(super) fn window(canvases: &mut [Canvas], random: &mut Random, kinds: Kinds) {
    if kinds != Kinds::First && random.chance(WINDOWED) {
        let own = random.bits();
        canvases.iter_mut().for_each(|canvas| wider::windowed(canvas, &mut Random::new(own, 3)));
    }
}

/// Size of a picture of this kind, pixels.
pub(super) fn size(ground: Ground, random: &mut Random) -> (usize, usize) {
    let sizes: &[(usize, usize)] = match ground {
        Ground::Ct => &[(512, 512), (512, 512), (768, 768)],
        Ground::Mr => &[(256, 256), (320, 320), (512, 512), (512, 448)],
        Ground::Ultrasound => &[(640, 480), (800, 600), (1024, 768)],
        Ground::Radiograph => &[(700, 900), (1024, 1024), (880, 700)],
        Ground::Endoscopy => &[(640, 480), (720, 576)],
        Ground::Plain => &[(512, 512), (640, 480), (512, 256)],
        Ground::Busy => &[(512, 512), (640, 640), (896, 700)],
        Ground::Scene => &[(1242, 375), (800, 500), (640, 480)],
        Ground::Map | Ground::Padded => &[(256, 256), (384, 384), (512, 512), (640, 560)],
        Ground::Screen => &[(512, 512), (800, 600), (320, 240), (640, 480)],
        Ground::Flow => &[(640, 480), (800, 600)],
        Ground::Tissue => &[(512, 512), (640, 480)],
        Ground::Board => &[(640, 640), (800, 600)],
        Ground::Vessels => &[(512, 512), (768, 768)],
    };
    random.pick(sizes)
}

/// Paints a picture. `random` gives what is the same in all frames, `grain` the noise; `phase` moves what
/// moves from frame to frame.
pub(super) fn paint(
    ground: Ground,
    (width, height): (usize, usize),
    random: &mut Random,
    grain: &mut Random,
    phase: f32,
) -> Canvas {
    let mut canvas = Canvas { width, height, planes: vec![vec![0.0; width * height]], noise: 0.0 };
    match ground {
        Ground::Ct => ct(&mut canvas, random, phase),
        Ground::Mr => mr(&mut canvas, random, phase),
        Ground::Ultrasound => ultrasound(&mut canvas, random, grain, phase),
        Ground::Radiograph => radiograph(&mut canvas, random, phase),
        Ground::Endoscopy => endoscopy(&mut canvas, random, phase),
        Ground::Plain => canvas.noise = if random.chance(0.5) { 0.0 } else { 0.004 },
        Ground::Busy => busy(&mut canvas, random, phase),
        Ground::Scene => wider::scene(&mut canvas, random),
        Ground::Map => wider::map(&mut canvas, random),
        Ground::Screen => wider::screen(&mut canvas, random),
        Ground::Padded => wider::padded(&mut canvas, random, grain, phase),
        Ground::Flow => wider::flow(&mut canvas, random, grain, phase),
        Ground::Tissue => held_out::tissue(&mut canvas, random),
        Ground::Board => held_out::board(&mut canvas, random),
        Ground::Vessels => held_out::vessels(&mut canvas, random, phase),
    }
    // No scanner or lens draws a hard edge: what a body shows goes through a point spread of about 2.4 pixels.
    if matches!(ground, Ground::Ct | Ground::Mr | Ground::Radiograph | Ground::Endoscopy) {
        canvas.planes.iter_mut().for_each(|plane| spread_points(plane, width));
    }
    if ground == Ground::Mr {
        rician(&mut canvas, grain);
    }
    let noise = canvas.noise;
    let mut dust = vec![0.0; width * height];
    for plane in &mut canvas.planes {
        if noise > 0.0 {
            grain.fill_noise(&mut dust);
            plane.iter_mut().zip(&dust).for_each(|(v, g)| *v += noise * g);
        }
        plane.iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
    }
    canvas
}

/// Smooth noise of 0 to 1 with features of `cell` pixels.
fn field(seed: u64, width: usize, height: usize, cell: f32) -> Vec<f32> {
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let across = (width as f32 / cell) as usize + 3;
    let mut out = Vec::with_capacity(width * height);
    let row = |j: i64| -> Vec<f32> { (0..across).map(|i| lattice(seed, i as i64, j, 0) as f32).collect() };
    let (mut upper, mut lower, mut at) = (row(0), row(1), 0_i64);
    for y in 0..height {
        let v = y as f32 / cell;
        while v.floor() as i64 > at {
            at += 1;
            upper = std::mem::replace(&mut lower, row(at + 1));
        }
        let dy = ease(v.fract());
        for x in 0..width {
            let u = x as f32 / cell;
            let (i, dx) = (u as usize, ease(u.fract()));
            let a = upper[i] + (upper[i + 1] - upper[i]) * dx;
            let b = lower[i] + (lower[i + 1] - lower[i]) * dx;
            out.push(a + (b - a) * dy);
        }
    }
    out
}

impl Canvas {
    /// Changes every pixel by its place from the middle (-1 to 1 in both directions) and its value.
    fn each(&mut self, mut f: impl FnMut(f32, f32, usize, f32) -> f32) {
        let (w, h) = (self.width as f32, self.height as f32);
        for y in 0..self.height {
            for x in 0..self.width {
                let at = y * self.width + x;
                let (u, v) = (2.0 * x as f32 / w - 1.0, 2.0 * y as f32 / h - 1.0);
                self.planes[0][at] = f(u, v, at, self.planes[0][at]);
            }
        }
    }

    /// Blends in a soft ellipse of one value; edges are as wide as the scanner blurs them.
    fn ellipse(&mut self, centre: (f32, f32), half: (f32, f32), value: f32, tilt: f32) {
        let (sin, cos) = tilt.sin_cos();
        let (w, h) = (self.width as f32, self.height as f32);
        let reach = half.0.max(half.1) + 0.02;
        let rows = range((centre.1 - reach + 1.0) * h / 2.0, (centre.1 + reach + 1.0) * h / 2.0, self.height);
        let columns =
            range((centre.0 - reach + 1.0) * w / 2.0, (centre.0 + reach + 1.0) * w / 2.0, self.width);
        let soft = half.0.min(half.1) * w.min(h) / 2.0;
        for y in rows {
            for x in columns.clone() {
                let (u, v) = (2.0 * x as f32 / w - 1.0 - centre.0, 2.0 * y as f32 / h - 1.0 - centre.1);
                let (p, q) = ((u * cos + v * sin) / half.0, (v * cos - u * sin) / half.1);
                let share = ((1.0 - p.hypot(q)) * soft / 1.6 + 0.5).clamp(0.0, 1.0);
                let at = &mut self.planes[0][y * self.width + x];
                *at += (value - *at) * share;
            }
        }
    }
}

fn range(from: f32, to: f32, most: usize) -> std::ops::Range<usize> {
    (from.max(0.0) as usize).min(most)..(to.ceil().max(0.0) as usize).min(most)
}

fn spread(random: &mut Random, low: f64, high: f64) -> f32 {
    random.range(low, high) as f32
}

fn ct(canvas: &mut Canvas, random: &mut Random, phase: f32) {
    let tissue = spread(random, 0.35, 0.55);
    let squeeze = 0.02 * phase.sin();
    canvas.ellipse((0.0, 0.0), (0.86, 0.62 + squeeze), tissue * 0.85, 0.0);
    canvas.ellipse((0.0, 0.0), (0.8, 0.56 + squeeze), tissue, 0.0);
    for side in [-1.0, 1.0] {
        canvas.ellipse((side * 0.4, -0.05), (0.28, 0.4 + squeeze), 0.05, side * 0.1);
        for _ in 0..18 {
            let (a, r) = (spread(random, 0.0, std::f64::consts::TAU), spread(random, 0.0, 0.2));
            let size = spread(random, 0.008, 0.025);
            canvas.ellipse((side * 0.4 + r * a.cos(), r * a.sin() - 0.05), (size, size * 1.3), tissue, a);
        }
    }
    for rib in 0..10 {
        let angle = TAU * (rib as f32 + 0.3) / 10.0;
        canvas.ellipse((0.76 * angle.cos(), 0.52 * angle.sin()), (0.055, 0.022), 0.9, angle + TAU / 4.0);
    }
    canvas.ellipse((0.0, 0.34), (0.1, 0.09), 0.85, 0.0);
    canvas.ellipse((0.0, 0.47), (0.03, 0.06), 0.8, 0.0);
    canvas.ellipse((0.06, -0.1), (0.14, 0.16 + squeeze), tissue * 1.15, 0.3);
    canvas.noise = spread(random, 0.008, 0.03);
}

fn mr(canvas: &mut Canvas, random: &mut Random, phase: f32) {
    let bright = spread(random, 0.5, 0.85);
    canvas.ellipse((0.0, 0.0), (0.72, 0.86), bright, 0.0);
    canvas.ellipse((0.0, 0.0), (0.67, 0.81), 0.1, 0.0);
    canvas.ellipse((0.0, 0.0), (0.62, 0.77), bright * 0.6, 0.0);
    for side in [-1.0, 1.0] {
        canvas.ellipse((side * 0.14, -0.05), (0.07 + 0.01 * phase.sin(), 0.22), 0.12, side * 0.25);
        canvas.ellipse((side * 0.3, 0.1), (0.2, 0.45), bright * 0.75, side * -0.1);
    }
    let seed = random.bits();
    let scale = canvas.width as f32 / 256.0;
    let folds = field(seed, canvas.width, canvas.height, 9.0 * scale);
    let bias = field(seed ^ 1, canvas.width, canvas.height, 170.0 * scale);
    canvas.each(|_, _, at, value| {
        let fold = if (folds[at] - 0.5).abs() < 0.05 { 0.6 } else { 1.0 };
        if value > 0.2 { value * fold * (0.6 + 0.6 * bias[at]) } else { value }
    });
    canvas.noise = spread(random, 0.01, 0.035);
}

/// Magnitudes of noisy complex values: they are Rician. Takes the canvas's noise.
fn rician(canvas: &mut Canvas, grain: &mut Random) {
    let sigma = std::mem::take(&mut canvas.noise);
    let count = canvas.width * canvas.height;
    let (mut real, mut imaginary) = (vec![0.0; count], vec![0.0; count]);
    grain.fill_noise(&mut real);
    grain.fill_noise(&mut imaginary);
    canvas.each(|_, _, at, value| (value + sigma * real[at]).hypot(sigma * imaginary[at]));
}

/// (1 4 6 4 1) / 16 along rows and columns: a Gaussian of standard deviation one pixel.
fn spread_points(plane: &mut [f32], width: usize) {
    let height = plane.len() / width;
    let kernel = |a: f32, b: f32, c: f32, d: f32, e: f32| (a + 4.0 * b + 6.0 * c + 4.0 * d + e) / 16.0;
    let mut line = Vec::with_capacity(width.max(height));
    for row in plane.chunks_exact_mut(width) {
        line.clear();
        line.extend_from_slice(row);
        let windows = line.windows(5).map(|w| kernel(w[0], w[1], w[2], w[3], w[4]));
        row[2..width - 2].iter_mut().zip(windows).for_each(|(to, value)| *to = value);
    }
    for x in 0..width {
        line.clear();
        line.extend((0..height).map(|y| plane[y * width + x]));
        for (y, w) in line.windows(5).enumerate() {
            plane[(y + 2) * width + x] = kernel(w[0], w[1], w[2], w[3], w[4]);
        }
    }
}

fn ultrasound(canvas: &mut Canvas, random: &mut Random, grain: &mut Random, phase: f32) {
    let (width, height) = (canvas.width, canvas.height);
    let count = width * height;
    let mut parts = [vec![0.0_f32; count], vec![0.0_f32; count]];
    let size = random.below(2) + 1;
    for part in &mut parts {
        grain.fill_noise(part);
        *part = blurred(part, width, size + 1, size);
    }
    let seed = random.bits();
    let echo = field(seed, width, height, 60.0 + 10.0 * phase.sin());
    let gain = spread(random, 0.25, 0.5);
    let half_angle = spread(random, 0.5, 0.9);
    let (apex, deepest) = (-1.15_f32, 2.0_f32);
    let [real, imaginary] = parts;
    canvas.each(|u, v, at, _| {
        let (x, y) = (u, (v - apex) * 0.95);
        let (r, angle) = (x.hypot(y), x.atan2(y));
        if angle.abs() > half_angle || r < 0.3 || r > deepest {
            return 0.0;
        }
        let cyst = ((u - 0.1).powi(2) + (v - 0.1).powi(2)).sqrt() < 0.16 + 0.02 * phase.cos();
        let level = if cyst { 0.02 } else { 0.15 + 0.85 * echo[at] };
        let magnitude = real[at].hypot(imaginary[at]) * level;
        (gain * (1.0 + 0.35 * (magnitude + 1e-3).ln())).clamp(0.0, 0.92)
    });
    canvas.noise = 0.0;
}

/// Box blur over `across` by `down` pixels each side, its variance kept at one.
fn blurred(values: &[f32], width: usize, across: usize, down: usize) -> Vec<f32> {
    let height = values.len() / width;
    let mut once = vec![0.0; values.len()];
    for y in 0..height {
        for x in 0..width {
            let (from, to) = (x.saturating_sub(across), (x + across + 1).min(width));
            once[y * width + x] = values[y * width + from..y * width + to].iter().sum();
        }
    }
    let mut twice = vec![0.0; values.len()];
    let scale = 1.0 / (((2 * across + 1) * (2 * down + 1)) as f32).sqrt();
    for y in 0..height {
        for row in y.saturating_sub(down)..(y + down + 1).min(height) {
            for x in 0..width {
                twice[y * width + x] += once[row * width + x] * scale;
            }
        }
    }
    twice
}

fn radiograph(canvas: &mut Canvas, random: &mut Random, phase: f32) {
    let seed = random.bits();
    let soft = field(seed, canvas.width, canvas.height, 140.0);
    let fine = field(seed ^ 5, canvas.width, canvas.height, 7.0);
    let (lift, ribs) = (spread(random, 0.3, 0.5), spread(random, 7.0, 11.0));
    canvas.each(|u, v, at, _| {
        let body = (1.0 - (u * u * 0.9 + v * v * 0.15)).max(0.0);
        let lung = (-(((u.abs() - 0.45) / 0.3).powi(2) + ((v + 0.1) / 0.6).powi(2))).exp();
        let arch = (v + 0.5 * (u.abs() - 0.5).powi(2) + 0.01 * phase) * ribs;
        let rib = (1.0 - ((arch - arch.floor() - 0.5).abs() * 5.0)).clamp(0.0, 1.0) * 0.16;
        let spine = if u.abs() < 0.09 { 0.14 } else { 0.0 };
        lift * body - 0.22 * lung + rib * body + spine + 0.2 * soft[at] + 0.03 * fine[at]
    });
    // A collimator: black on two sides.
    if random.chance(0.4) {
        canvas.each(|u, v, _, value| if u.abs() > 0.9 || v < -0.93 { 0.01 } else { value });
    }
    canvas.noise = spread(random, 0.004, 0.018);
}

fn endoscopy(canvas: &mut Canvas, random: &mut Random, phase: f32) {
    let seed = random.bits();
    let (width, height) = (canvas.width, canvas.height);
    let folds = field(seed, width, height, 70.0 + 8.0 * phase.sin());
    let veins = field(seed ^ 3, width, height, 35.0);
    let shine = field(seed ^ 7, width, height, 22.0);
    let (mut red, mut green, mut blue) = (vec![], vec![], vec![]);
    let square = random.chance(0.4);
    for y in 0..height {
        for x in 0..width {
            let at = y * width + x;
            let (u, v) = (2.0 * x as f32 / width as f32 - 1.0 - 0.25, 2.0 * y as f32 / height as f32 - 1.0);
            let inside = if square {
                u > -0.65 && u < 0.72 && v.abs() < 0.93
            } else {
                (u / 0.74).hypot(v / 0.96) < 1.0 && u.abs() < 0.7
            };
            let light = (1.0 - 0.5 * u.hypot(v)) * (0.55 + 0.6 * folds[at]);
            let vein = if (veins[at] - 0.5).abs() < 0.025 { 0.75 } else { 1.0 };
            let glint = ((shine[at] - 0.86) * 9.0).clamp(0.0, 1.0);
            let mix = |base: f32| if inside { base * light + (1.0 - base * light) * glint } else { 0.02 };
            red.push(mix(0.9));
            green.push(mix(0.5 * vein));
            blue.push(mix(0.4 * vein));
        }
    }
    canvas.planes = vec![red, green, blue];
    canvas.noise = spread(random, 0.004, 0.012);
}

fn busy(canvas: &mut Canvas, random: &mut Random, phase: f32) {
    let seed = random.bits();
    let (width, height) = (canvas.width, canvas.height);
    let bone = field(seed, width, height, spread(random, 5.0, 9.0));
    let coarse = field(seed ^ 9, width, height, 90.0);
    let style = random.below(3);
    let pitch = spread(random, 18.0, 42.0);
    canvas.each(|u, v, at, _| {
        let (x, y) = ((u + 1.0) * width as f32 / 2.0, (v + 1.0) * height as f32 / 2.0);
        let base = 0.25 + 0.3 * coarse[at];
        match style {
            0 => base + 0.3 * (1.0 - ((bone[at] - 0.5).abs() * 9.0).min(1.0)),
            1 => {
                let line = (x + phase) % pitch < 1.5 || y % pitch < 1.5;
                base + if line { 0.25 } else { 0.0 } + 0.1 * bone[at]
            }
            _ => {
                let step =
                    if (x * 0.7 + y * 0.5 + 25.0 * coarse[at]) % (3.0 * pitch) < pitch { 0.3 } else { 0.0 };
                base + step
            }
        }
    });
    canvas.noise = spread(random, 0.004, 0.02);
}
