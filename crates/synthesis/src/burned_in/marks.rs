//! Graphics that are not text: rulers, grids, calipers, wires, vessels, frames. They may stay.

use super::ground::Canvas;
use crate::random::Random;

/// Lays up to three graphics over a picture and returns how many.
pub(super) fn scatter(canvas: &mut Canvas, random: &mut Random) -> usize {
    let count = random.below(4);
    for _ in 0..count {
        let level = random.range(0.6, 1.0) as f32;
        match random.below(7) {
            0 => ruler(canvas, random, level),
            1 => grid(canvas, random, level),
            2 => calipers(canvas, random, level),
            3 => stent(canvas, random, level),
            4 => vessel(canvas, random, level),
            5 => frame(canvas, random, level),
            _ => wedge(canvas),
        }
    }
    count
}

fn dot(canvas: &mut Canvas, x: i64, y: i64, level: f32) {
    if x >= 0 && y >= 0 && (x as usize) < canvas.width && (y as usize) < canvas.height {
        let at = y as usize * canvas.width + x as usize;
        canvas.planes.iter_mut().for_each(|plane| plane[at] = level);
    }
}

/// A line one or more pixels wide without smoothing; `gap` leaves out every other stretch of so many pixels.
fn line(canvas: &mut Canvas, from: (f64, f64), to: (f64, f64), width: i64, gap: usize, level: f32) {
    let steps = (to.0 - from.0).abs().max((to.1 - from.1).abs()).ceil().max(1.0);
    for step in 0..=steps as usize {
        if gap > 0 && (step / gap) % 2 == 1 {
            continue;
        }
        let share = step as f64 / steps;
        let (x, y) = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
        for dy in 0..width {
            for dx in 0..width {
                dot(canvas, x.round() as i64 + dx, y.round() as i64 + dy, level);
            }
        }
    }
}

/// Ticks along one side, every fifth longer.
fn ruler(canvas: &mut Canvas, random: &mut Random, level: f32) {
    let (w, h) = (canvas.width as f64, canvas.height as f64);
    let upright = random.chance(0.7);
    let length = if upright { h } else { w };
    let at = random.range(4.0, 14.0);
    let far = random.chance(0.5);
    let pitch = random.range(7.0, 26.0).round();
    let short = random.range(3.0, 7.0).round();
    let mut place = length * 0.15;
    let mut tick = 0;
    while place < length * 0.85 {
        let reach = if tick % 5 == 0 { short * 2.0 } else { short };
        let side = |v: f64, most: f64| if far { most - v } else { v };
        let (from, to) = if upright {
            ((side(at, w), place), (side(at + reach, w), place))
        } else {
            ((place, side(at, h)), (place, side(at + reach, h)))
        };
        line(canvas, from, to, 1, 0, level);
        place += pitch;
        tick += 1;
    }
    if random.chance(0.5) {
        let side = |v: f64, most: f64| if far { most - v } else { v };
        let (from, to) = if upright {
            ((side(at, w), length * 0.15), (side(at, w), length * 0.85))
        } else {
            ((length * 0.15, side(at, h)), (length * 0.85, side(at, h)))
        };
        line(canvas, from, to, 1, 0, level);
    }
}

fn grid(canvas: &mut Canvas, random: &mut Random, level: f32) {
    let (w, h) = (canvas.width as f64, canvas.height as f64);
    let pitch = random.range(24.0, 80.0).round();
    let gap = random.pick(&[0, 0, 2, 4]);
    let (left, top) = (w * random.range(0.1, 0.5), h * random.range(0.1, 0.5));
    let lines = 3 + random.below(5);
    let reach = pitch * (lines - 1) as f64;
    for index in 0..lines {
        let off = pitch * index as f64;
        line(canvas, (left + off, top), (left + off, top + reach), 1, gap, level);
        line(canvas, (left, top + off), (left + reach, top + off), 1, gap, level);
    }
}

fn calipers(canvas: &mut Canvas, random: &mut Random, level: f32) {
    let (w, h) = (canvas.width as f64, canvas.height as f64);
    let mut inside = || (w * random.range(0.2, 0.8), h * random.range(0.2, 0.8));
    let (a, b) = (inside(), inside());
    let arm = random.range(3.0, 7.0).round();
    let slanted = random.chance(0.4);
    for (x, y) in [a, b] {
        if slanted {
            line(canvas, (x - arm, y - arm), (x + arm, y + arm), 1, 0, level);
            line(canvas, (x - arm, y + arm), (x + arm, y - arm), 1, 0, level);
        } else {
            line(canvas, (x - arm, y), (x + arm, y), 1, 0, level);
            line(canvas, (x, y - arm), (x, y + arm), 1, 0, level);
        }
    }
    line(canvas, a, b, 1, 2 + random.below(4), level);
}

/// Crossing wires along a bent tube.
fn stent(canvas: &mut Canvas, random: &mut Random, level: f32) {
    let (w, h) = (canvas.width as f64, canvas.height as f64);
    let (x, y) = (w * random.range(0.2, 0.7), h * random.range(0.2, 0.6));
    let (half, pitch) = (random.range(8.0, 18.0), random.range(8.0, 16.0));
    for cell in 0..(5 + random.below(8)) {
        let top = y + pitch * cell as f64;
        let bend = |v: f64| x + 10.0 * ((v - y) / 60.0).sin();
        let (a, b) = (bend(top), bend(top + pitch));
        line(canvas, (a - half, top), (b + half, top + pitch), 1, 0, level);
        line(canvas, (a + half, top), (b - half, top + pitch), 1, 0, level);
    }
}

/// A branching bright tube with soft sides.
fn vessel(canvas: &mut Canvas, random: &mut Random, level: f32) {
    let mut tips = vec![(
        canvas.width as f64 * random.range(0.2, 0.8),
        canvas.height as f64 * random.range(0.2, 0.5),
        random.range(0.0, std::f64::consts::TAU),
        random.range(2.0, 4.5),
    )];
    let mut left = 900;
    while let Some((mut x, mut y, mut angle, radius)) = tips.pop() {
        for _ in 0..(20 + random.below(60)) {
            angle += random.range(-0.25, 0.25);
            (x, y) = (x + angle.cos(), y + angle.sin());
            soft_dot(canvas, x, y, radius, level);
            left -= 1;
        }
        if left > 0 && radius > 0.8 {
            tips.push((x, y, angle + 0.5, radius * 0.7));
            tips.push((x, y, angle - 0.5, radius * 0.7));
        }
    }
}

fn soft_dot(canvas: &mut Canvas, x: f64, y: f64, radius: f64, level: f32) {
    let reach = radius.ceil() as i64 + 2;
    for dy in -reach..=reach {
        for dx in -reach..=reach {
            let (px, py) = (x.round() as i64 + dx, y.round() as i64 + dy);
            if px < 0 || py < 0 || px as usize >= canvas.width || py as usize >= canvas.height {
                continue;
            }
            let far = (px as f64 - x).hypot(py as f64 - y);
            let share = ((radius + 1.0 - far) / 2.0).clamp(0.0, 1.0) as f32;
            let at = py as usize * canvas.width + px as usize;
            for plane in &mut canvas.planes {
                let value = plane[at];
                plane[at] = value.max(value + (level * 0.85 - value) * share);
            }
        }
    }
}

fn frame(canvas: &mut Canvas, random: &mut Random, level: f32) {
    let (w, h) = (canvas.width as f64, canvas.height as f64);
    let (left, top) = (w * random.range(0.05, 0.5), h * random.range(0.05, 0.5));
    let (right, bottom) = (left + w * random.range(0.1, 0.4), top + h * random.range(0.1, 0.4));
    for (from, to) in [
        ((left, top), (right, top)),
        ((right, top), (right, bottom)),
        ((right, bottom), (left, bottom)),
        ((left, bottom), (left, top)),
    ] {
        line(canvas, from, to, 1, 0, level);
    }
}

/// A grey wedge at the side, as scanners show their window.
fn wedge(canvas: &mut Canvas) {
    let (top, bottom) = (canvas.height / 4, canvas.height * 3 / 4);
    let left = canvas.width.saturating_sub(26);
    for y in top..bottom {
        let level = 1.0 - (y - top) as f32 / (bottom - top) as f32;
        for x in left..left + 12 {
            dot(canvas, x as i64, y as i64, level);
        }
    }
}
