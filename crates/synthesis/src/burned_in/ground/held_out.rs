//! Kinds of picture that no detector may learn from.

use super::{Canvas, field, spread, spread_points, wider::block, wider::in_color};
use crate::random::Random;

/// Stained tissue under a microscope: pale ground, pink fibres, dark nuclei, gaps.
pub(super) fn tissue(canvas: &mut Canvas, random: &mut Random) {
    in_color(canvas);
    let (width, height) = (canvas.width, canvas.height);
    let seed = random.bits();
    let fibre = field(seed, width, height, spread(random, 10.0, 26.0));
    let nuclei = field(seed ^ 1, width, height, spread(random, 4.0, 8.0));
    let gaps = field(seed ^ 2, width, height, 50.0);
    let (dense, stain) = (spread(random, 0.68, 0.8), spread(random, 0.6, 1.0));
    for at in 0..width * height {
        let color = if gaps[at] > 0.68 {
            [0.94, 0.93, 0.95]
        } else if nuclei[at] > dense {
            [0.32, 0.2, 0.5]
        } else {
            let wave = 0.35 * (fibre[at] - 0.5).abs();
            [0.9 - 0.1 * wave, 0.62 - wave * stain, 0.75 - 0.5 * wave]
        };
        canvas.planes.iter_mut().zip(color).for_each(|(plane, c)| plane[at] = c);
    }
    canvas.planes.iter_mut().for_each(|plane| spread_points(plane, width));
    canvas.noise = spread(random, 0.004, 0.015);
}

/// A board with tracks, pads and parts; no letters on it.
pub(super) fn board(canvas: &mut Canvas, random: &mut Random) {
    in_color(canvas);
    let (w, h) = (canvas.width as f32, canvas.height as f32);
    let ground = [spread(random, 0.02, 0.15), spread(random, 0.2, 0.45), spread(random, 0.05, 0.3)];
    block(canvas, [0.0, w], [0.0, h], ground);
    let track = ground.map(|c| c + 0.12);
    let metal = [0.75, 0.75, 0.7];
    for _ in 0..30 + random.below(40) {
        let (mut x, mut y) = (w * spread(random, 0.0, 1.0), h * spread(random, 0.0, 1.0));
        let wide = spread(random, 2.0, 5.0);
        for _ in 0..1 + random.below(4) {
            let long = spread(random, -90.0, 90.0);
            if random.chance(0.5) {
                block(canvas, [x.min(x + long), x.max(x + long) + wide], [y, y + wide], track);
                x += long;
            } else {
                block(canvas, [x, x + wide], [y.min(y + long), y.max(y + long) + wide], track);
                y += long;
            }
        }
        let pad = spread(random, 2.0, 6.0);
        block(canvas, [x - pad, x + pad], [y - pad, y + pad], metal);
        block(canvas, [x - 1.0, x + 1.0], [y - 1.0, y + 1.0], [0.05; 3]);
    }
    for _ in 0..4 + random.below(9) {
        let (x, y) = (w * spread(random, 0.0, 0.9), h * spread(random, 0.0, 0.9));
        let (across, down) = (spread(random, 20.0, 110.0), spread(random, 15.0, 70.0));
        let mut leg = 4.0;
        while leg < across - 4.0 {
            block(canvas, [x + leg, x + leg + 3.0], [y - 5.0, y + down + 5.0], metal);
            leg += 7.0;
        }
        block(canvas, [x, x + across], [y, y + down], [spread(random, 0.05, 0.2); 3]);
    }
    let width = canvas.width;
    canvas.planes.iter_mut().for_each(|plane| spread_points(plane, width));
    canvas.noise = spread(random, 0.003, 0.012);
}

/// Vessels full of contrast agent on a projection, within the round field of an image intensifier.
pub(super) fn vessels(canvas: &mut Canvas, random: &mut Random, phase: f32) {
    let seed = random.bits();
    let (width, height) = (canvas.width, canvas.height);
    let soft = field(seed, width, height, 120.0);
    let mut dark = vec![0.0_f32; width * height];
    let mut tips = vec![(width as f32 * 0.5, height as f32 * 0.05, 1.57_f32, spread(random, 5.0, 9.0))];
    let mut left = 400;
    while let Some((mut x, mut y, mut angle, radius)) = tips.pop() {
        for _ in 0..30 + random.below(70) {
            angle += spread(random, -0.22, 0.22) + 0.01 * phase.sin();
            (x, y) = (x + 1.5 * angle.cos(), y + 1.5 * angle.sin());
            let reach = radius.ceil() as i64;
            for (dx, dy) in (-reach..=reach).flat_map(|dx| (-reach..=reach).map(move |dy| (dx, dy))) {
                let (px, py) = (x as i64 + dx, y as i64 + dy);
                let far = (dx as f32).hypot(dy as f32) / radius;
                if far < 1.0 && px >= 0 && py >= 0 && (px as usize) < width && (py as usize) < height {
                    let at = py as usize * width + px as usize;
                    dark[at] = dark[at].max((1.0 - far * far).sqrt() * radius / 9.0);
                }
            }
        }
        left -= 1;
        if left > 0 && radius > 0.9 {
            tips.push((x, y, angle + spread(random, 0.2, 0.7), radius * 0.75));
            tips.push((x, y, angle - spread(random, 0.2, 0.7), radius * 0.75));
        }
    }
    let round = random.chance(0.6);
    let level = spread(random, 0.45, 0.75);
    canvas.each(|u, v, at, _| {
        if round && u.hypot(v) > 0.98 { 0.0 } else { level + 0.25 * (soft[at] - 0.5) - 0.45 * dark[at] }
    });
    spread_points(&mut canvas.planes[0], width);
    canvas.noise = spread(random, 0.008, 0.025);
}
