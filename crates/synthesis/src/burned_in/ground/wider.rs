//! Kinds of picture that came later: what is not anatomy, and what a program did to a picture before it was stored.

use super::{Canvas, Ground, field, paint, spread};
use crate::random::Random;

/// Most values of one side of a picture that is laid into a larger one, pixels.
const INNER: [usize; 4] = [128, 192, 256, 384];
/// Ends and middle of a colour scale from cold to hot.
const SCALE: [[f32; 3]; 5] =
    [[0.0, 0.0, 0.5], [0.0, 0.6, 1.0], [0.2, 1.0, 0.4], [1.0, 0.9, 0.0], [0.9, 0.0, 0.0]];

/// A rectangle of pixels in all planes.
pub(super) fn block(canvas: &mut Canvas, x: [f32; 2], y: [f32; 2], color: [f32; 3]) {
    let across = super::range(x[0], x[1], canvas.width);
    for row in super::range(y[0], y[1], canvas.height) {
        for (plane, level) in canvas.planes.iter_mut().zip(color) {
            plane[row * canvas.width..][across.clone()].fill(level);
        }
    }
}

/// A grey picture becomes one of three planes.
pub(super) fn in_color(canvas: &mut Canvas) {
    let grey = canvas.planes[0].clone();
    canvas.planes = vec![grey.clone(), grey.clone(), grey];
}

fn tinted(random: &mut Random, level: f32) -> [f32; 3] {
    std::array::from_fn(|_| (level + spread(random, -0.12, 0.12)).clamp(0.0, 1.0))
}

/// A street: sky that is brighter than what the sensor holds, leaves before it, walls with windows, fences, a road.
pub(super) fn scene(canvas: &mut Canvas, random: &mut Random) {
    in_color(canvas);
    let (w, h) = (canvas.width as f32, canvas.height as f32);
    let horizon = h * spread(random, 0.3, 0.6);
    let (sky, road) = (spread(random, 0.75, 1.3), spread(random, 0.15, 0.7));
    let sky = tinted(random, sky.min(1.0));
    block(canvas, [0.0, w], [0.0, horizon], sky);
    let road_color = tinted(random, road);
    block(canvas, [0.0, w], [horizon, h], road_color);
    for _ in 0..3 + random.below(5) {
        wall(canvas, random, horizon);
    }
    leaves(canvas, random, horizon);
    lanes(canvas, random, horizon);
    for _ in 0..random.below(5) {
        let (x, level) = (w * spread(random, 0.0, 1.0), spread(random, 0.0, 0.9));
        let (wide, top) = (spread(random, 1.0, 7.0), horizon * spread(random, 0.0, 0.9));
        let color = tinted(random, level);
        block(canvas, [x, x + wide], [top, horizon + h * 0.15], color);
    }
    let seed = random.bits();
    let grain = field(seed, canvas.width, canvas.height, spread(random, 1.2, 2.5));
    let shade = field(seed ^ 3, canvas.width, canvas.height, 60.0);
    let (rough, dark) = (spread(random, 0.05, 0.3), spread(random, 0.45, 0.62));
    for plane in &mut canvas.planes {
        for (at, value) in plane.iter_mut().enumerate() {
            let light = if shade[at] > dark { 0.45 } else { 1.0 };
            *value *= (1.0 + rough * (grain[at] - 0.5)) * light;
        }
    }
    canvas.noise = spread(random, 0.002, 0.012);
}

/// A wall with windows, slats or bricks.
fn wall(canvas: &mut Canvas, random: &mut Random, horizon: f32) {
    let (w, h) = (canvas.width as f32, canvas.height as f32);
    let left = w * spread(random, -0.1, 0.9);
    let right = left + w * spread(random, 0.08, 0.4);
    let (top, bottom) = (horizon * spread(random, 0.1, 0.95), horizon + h * spread(random, 0.02, 0.25));
    let level = spread(random, 0.1, 0.9);
    let color = tinted(random, level);
    block(canvas, [left, right], [top, bottom], color);
    let away = spread(random, 0.15, 0.5);
    let other = tinted(random, (level + away) % 1.0);
    match random.below(4) {
        0 => {
            let (pitch, wide) = (spread(random, 3.0, 9.0), spread(random, 0.25, 0.6));
            let mut x = left;
            while x < right {
                block(canvas, [x, x + (pitch * wide).max(1.0)], [top, bottom], other);
                x += pitch + spread(random, -0.6, 0.6);
            }
        }
        1 => {
            let pitch = spread(random, 14.0, 40.0);
            let (across, down) = (pitch * spread(random, 0.4, 0.7), pitch * spread(random, 0.4, 0.9));
            let mut y = top + pitch * 0.3;
            while y + down < bottom {
                let mut x = left + pitch * 0.3;
                while x + across < right {
                    block(canvas, [x, x + across], [y, y + down], other);
                    let bar = x + across / 2.0;
                    block(canvas, [bar, bar + 1.0], [y, y + down], color);
                    x += pitch;
                }
                y += pitch * 1.3;
            }
        }
        2 => {
            let (high, long) = (spread(random, 3.0, 8.0), spread(random, 8.0, 20.0));
            let (mut y, mut odd) = (top, 0.0);
            while y < bottom {
                block(canvas, [left, right], [y, y + 1.0], other);
                let mut x = left + odd;
                while x < right {
                    block(canvas, [x, x + 1.0], [y, y + high], other);
                    x += long;
                }
                (y, odd) = (y + high, long / 2.0 - odd);
            }
        }
        _ => {}
    }
}

/// Crowns of trees: dark leaves, and the sky between them.
fn leaves(canvas: &mut Canvas, random: &mut Random, horizon: f32) {
    let seed = random.bits();
    let (width, height) = (canvas.width, canvas.height);
    let crown = field(seed, width, height, spread(random, 40.0, 110.0));
    let leaf = field(seed ^ 1, width, height, spread(random, 2.0, 5.0));
    let twig = field(seed ^ 2, width, height, spread(random, 7.0, 14.0));
    let (share, level) = (spread(random, 0.45, 0.7), spread(random, 0.05, 0.35));
    let color = tinted(random, level);
    let reach = (horizon * 1.15) as usize;
    for y in 0..reach.min(height) {
        for at in y * width..(y + 1) * width {
            if crown[at] > share && 0.6 * leaf[at] + 0.4 * twig[at] < 0.35 + crown[at] * 0.3 {
                let light = 0.6 + 0.8 * leaf[at] * twig[at];
                canvas.planes.iter_mut().zip(color).for_each(|(plane, c)| plane[at] = c * light);
            }
        }
    }
}

/// Marks on a road that run to one point.
fn lanes(canvas: &mut Canvas, random: &mut Random, horizon: f32) {
    let (w, h) = (canvas.width as f32, canvas.height as f32);
    let meet = w * spread(random, 0.3, 0.7);
    for _ in 0..random.below(5) {
        let (foot, wide) = (w * spread(random, -0.3, 1.3), spread(random, 2.0, 14.0));
        let dashed = random.chance(0.5);
        let level = spread(random, 0.6, 1.0);
        let color = tinted(random, level);
        let mut y = horizon + 2.0;
        while y < h {
            let depth = (y - horizon) / (h - horizon);
            if !dashed || (4.0 / depth.max(0.05)) % 2.0 < 1.0 {
                let x = meet + (foot - meet) * depth;
                block(canvas, [x, x + (wide * depth).max(1.0)], [y, y + 1.0], color);
            }
            y += 1.0;
        }
    }
}

/// A map of computed values: next to constant within a body, nothing beside it and in holes, in grey or along a scale of colours.
pub(super) fn map(canvas: &mut Canvas, random: &mut Random) {
    let (width, height) = (canvas.width, canvas.height);
    let seed = random.bits();
    // Computed on a coarser grid, and shown without smoothing.
    let coarse = 1 + random.below(4);
    let slow = field(seed, width, height, spread(random, 20.0, 90.0));
    let cell = spread(random, 2.5, 12.0) * coarse as f32;
    let fine = field(seed ^ 1, width, height, cell);
    let other = field(seed ^ 2, width, height, cell * 1.7);
    let (level, swing, holes) = (spread(random, 0.2, 0.95), spread(random, 0.0, 0.5), random.below(4));
    let (hole, steep) = (spread(random, 0.02, 0.09), spread(random, 0.0, 1.0));
    let half = (spread(random, 0.5, 0.95), spread(random, 0.5, 0.95));
    canvas.each(|u, v, at, _| {
        let (x, y) = (at % width / coarse * coarse, at / width / coarse * coarse);
        let place = y * width + x;
        if (u / half.0).hypot(v / half.1) > 1.0 {
            return 0.0;
        }
        let value = level + swing * (slow[place] - 0.5) + steep * swing * (fine[place] - 0.5);
        let is_hole = match holes {
            0 => false,
            1 => (fine[place] - 0.5).abs() < hole && other[place] > 0.45,
            2 => fine[place] > 1.0 - 3.0 * hole,
            _ => fine[place] * other[place] > 0.5 - 2.0 * hole,
        };
        if is_hole { 0.0 } else { value.max(0.02) }
    });
    canvas.noise = 0.0;
    if random.chance(0.4) {
        in_color(canvas);
        for at in 0..width * height {
            let value = canvas.planes[0][at].clamp(0.0, 1.0);
            let color = if value > 0.0 { scaled(value) } else { [0.0; 3] };
            canvas.planes.iter_mut().zip(color).for_each(|(plane, c)| plane[at] = c);
        }
    }
}

fn scaled(value: f32) -> [f32; 3] {
    let along = value * (SCALE.len() - 1) as f32;
    let (from, share) = ((along as usize).min(SCALE.len() - 2), along.fract());
    std::array::from_fn(|n| SCALE[from][n] + (SCALE[from + 1][n] - SCALE[from][n]) * share)
}

/// Panels, steps of grey, stripes, fine crosses, curves: the screens of programs, and test pictures.
pub(super) fn screen(canvas: &mut Canvas, random: &mut Random) {
    let (w, h) = (canvas.width as f32, canvas.height as f32);
    if random.chance(0.5) {
        in_color(canvas);
    }
    let base = spread(random, 0.0, 1.0);
    block(canvas, [0.0, w], [0.0, h], [base; 3]);
    for _ in 0..4 + random.below(10) {
        let (left, top) = (w * spread(random, -0.1, 0.95), h * spread(random, -0.1, 0.95));
        let (right, bottom) = (left + w * spread(random, 0.02, 0.4), top + h * spread(random, 0.02, 0.4));
        let level = spread(random, 0.0, 1.0);
        let color = if random.chance(0.6) { [level; 3] } else { tinted(random, level) };
        match random.below(8) {
            0 | 1 => block(canvas, [left, right], [top, bottom], color),
            2 => {
                let steps = 4 + random.below(9);
                let wide = (right - left) / steps as f32;
                for step in 0..steps {
                    let x = left + wide * step as f32;
                    block(canvas, [x, x + wide], [top, bottom], [step as f32 / (steps - 1) as f32; 3]);
                }
            }
            3 => stripes(canvas, random, [left, right], [top, bottom], color),
            4 => {
                let pitch = spread(random, 6.0, 60.0);
                let mut at = 0.0;
                while left + at < right || top + at < bottom {
                    block(canvas, [left + at, left + at + 1.0], [top, bottom], color);
                    block(canvas, [left, right], [top + at, top + at + 1.0], color);
                    at += pitch;
                }
            }
            5 => curve(canvas, random, [left, right], (top + bottom) / 2.0, color),
            6 => {
                block(canvas, [left, right], [top, bottom], color);
                let inner = (color[0] + 0.3) % 1.0;
                block(canvas, [left + 1.0, right - 1.0], [top + 1.0, bottom - 1.0], [inner; 3]);
            }
            _ => icons(canvas, random, [left, right], top, color),
        }
    }
    canvas.noise = if random.chance(0.7) { 0.0 } else { spread(random, 0.001, 0.01) };
}

fn stripes(canvas: &mut Canvas, random: &mut Random, x: [f32; 2], y: [f32; 2], color: [f32; 3]) {
    let wide = (1 + random.below(6)) as f32;
    let upright = random.chance(0.5);
    let mut at = 0.0;
    while (upright && x[0] + at < x[1]) || (!upright && y[0] + at < y[1]) {
        if upright {
            block(canvas, [x[0] + at, x[0] + at + wide], y, color);
        } else {
            block(canvas, x, [y[0] + at, y[0] + at + wide], color);
        }
        at += 2.0 * wide;
    }
}

/// A trace as of a heart.
fn curve(canvas: &mut Canvas, random: &mut Random, x: [f32; 2], middle: f32, color: [f32; 3]) {
    let (period, high) = (spread(random, 20.0, 90.0), spread(random, 4.0, 40.0));
    let (mut at, mut last) = (x[0], middle);
    while at < x[1] {
        let beat = at % period / period;
        let wave = if beat < 0.08 { (beat / 0.04 - 1.0).abs() - 1.0 } else { 0.15 * (beat * 19.0).sin() };
        let next = middle + wave * high;
        block(canvas, [at, at + 1.0], [last.min(next), last.max(next) + 1.0], color);
        (at, last) = (at + 1.0, next);
    }
}

/// Small signs in a row: squares, arrows, rings.
fn icons(canvas: &mut Canvas, random: &mut Random, x: [f32; 2], top: f32, color: [f32; 3]) {
    let size = spread(random, 7.0, 26.0);
    let kind = random.below(3);
    let mut left = x[0];
    while left + size < x[1] {
        for row in 0..size as usize {
            let off = row as f32;
            let share = (off / size * 2.0 - 1.0).abs();
            let (from, to) = match kind {
                0 => (0.0, size),
                1 => (0.0, size * (1.0 - share)),
                _ => {
                    let half = size / 2.0 * (1.0 - share * share).max(0.0).sqrt();
                    (size / 2.0 - half, size / 2.0 + half)
                }
            };
            let y = [top + off, top + off + 1.0];
            if kind == 2 {
                block(canvas, [left + from, left + from + 1.5], y, color);
                block(canvas, [left + to - 1.5, left + to], y, color);
            } else {
                block(canvas, [left + from, left + to], y, color);
            }
        }
        left += size * spread(random, 1.3, 3.0);
    }
}

/// Anatomy that was made larger, laid into a constant field, or tiled into one picture.
pub(super) fn padded(canvas: &mut Canvas, random: &mut Random, grain: &mut Random, phase: f32) {
    let side = random.pick(&INNER).min(canvas.width).min(canvas.height);
    let kind = random.pick(&[Ground::Ct, Ground::Mr, Ground::Mr, Ground::Radiograph]);
    let tiled = random.chance(0.4);
    let across = if tiled { 2 + random.below(4) } else { 1 };
    let (width, height) = (canvas.width, canvas.height);
    let smooth = random.chance(0.6);
    let crop = if tiled { (0, 0) } else { (random.below(side / 3), random.below(side / 3)) };
    let fill = if random.chance(0.7) { 0.0 } else { spread(random, 0.0, 0.4) };
    canvas.planes[0].fill(fill);
    let cell = if tiled { (width / across).min(height / across) } else { width.min(height) };
    for tile in 0..across * across {
        // The last tiles of a sheet are often empty.
        if tiled && tile + random.below(3) > across * across {
            break;
        }
        let inner = paint(kind, (side, side), random, grain, phase + tile as f32 * 0.4);
        let (left, top) = (tile % across * cell, tile / across * cell);
        let (keep_x, keep_y) = (cell - crop.0 * cell / side, cell - crop.1 * cell / side);
        for y in 0..keep_y {
            let row = (top + y + if tiled { 0 } else { (height - keep_y) / 2 }).min(height - 1);
            for x in 0..keep_x {
                let column = (left + x + if tiled { 0 } else { (width - keep_x) / 2 }).min(width - 1);
                let scale = side as f32 / cell as f32;
                canvas.planes[0][row * width + column] =
                    sampled(&inner, x as f32 * scale, y as f32 * scale, smooth);
            }
        }
    }
    canvas.noise = 0.0;
}

fn sampled(inner: &Canvas, x: f32, y: f32, smooth: bool) -> f32 {
    let (column, row) = (x as usize, y as usize);
    let at = |dx: usize, dy: usize| {
        let (x, y) = ((column + dx).min(inner.width - 1), (row + dy).min(inner.height - 1));
        inner.planes[0][y * inner.width + x]
    };
    if !smooth {
        return at(0, 0);
    }
    let (dx, dy) = (x.fract(), y.fract());
    let (a, b) = (at(0, 0) + (at(1, 0) - at(0, 0)) * dx, at(0, 1) + (at(1, 1) - at(0, 1)) * dx);
    a + (b - a) * dy
}

/// Speckle with the flow of blood in colour over it, within a box.
pub(super) fn flow(canvas: &mut Canvas, random: &mut Random, grain: &mut Random, phase: f32) {
    *canvas = paint(Ground::Ultrasound, (canvas.width, canvas.height), random, grain, phase);
    let (width, height) = (canvas.width, canvas.height);
    let seed = random.bits();
    let vessel = field(seed, width, height, spread(random, 14.0, 45.0));
    let jagged = field(seed ^ 1, width, height, spread(random, 3.0, 7.0));
    let away = spread(random, 0.05, 0.14);
    let mut color = canvas.planes[0].iter().map(|v| [*v; 3]).collect::<Vec<_>>();
    canvas.each(|u, v, at, value| {
        let near = (vessel[at] - 0.5).abs() + 0.12 * (jagged[at] - 0.5);
        if u.abs() < 0.45 && (v + 0.1).abs() < 0.4 && near < away {
            let speed = (1.0 - near.max(0.0) / away).clamp(0.0, 1.0);
            color[at] = if vessel[at] > 0.5 {
                [0.45 + 0.55 * speed, 0.7 * speed * speed, 0.0]
            } else {
                [0.0, 0.6 * speed, 1.0]
            };
        }
        value
    });
    in_color(canvas);
    for (n, plane) in canvas.planes.iter_mut().enumerate() {
        plane.iter_mut().zip(&color).for_each(|(to, c)| *to = c[n]);
    }
    canvas.noise = 0.0;
}

/// A window that cuts off both ends of the values, as a picture of a screen has it.
pub(super) fn windowed(canvas: &mut Canvas, random: &mut Random) {
    let (low, high) = (spread(random, 0.0, 0.2), spread(random, 0.35, 0.95));
    for plane in &mut canvas.planes {
        plane.iter_mut().for_each(|v| *v = ((*v - low) / (high - low)).clamp(0.0, 1.0));
    }
}
