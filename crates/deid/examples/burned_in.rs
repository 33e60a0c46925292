//! Measures the removal of burned-in text on made-up pictures and prints JSON.
//!
//! `burned_in [--seed N] [--from N] [--pictures N] [--bare N] [--dump DIR] [--misses]`

use std::{fs, time::Instant};

use countersign_deid::pixels::{Hints, Raster, detect};
use countersign_synthesis::burned_in::{BurnedString, Content, Picture, picture};

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str, default: u64| -> u64 {
        let at = args.iter().position(|a| a == name);
        at.and_then(|i| args.get(i + 1)).and_then(|v| v.parse().ok()).unwrap_or(default)
    };
    let text = |name: &str| args.iter().position(|a| a == name).and_then(|i| args.get(i + 1)).cloned();
    let dump = text("--dump");
    let misses = args.iter().any(|a| a == "--misses");
    let (seed, from) = (value("--seed", 1), value("--from", 0));
    let mut sum = Sum::default();
    for number in from..from + value("--pictures", 40) {
        measure(&picture(seed, number, Content::Text), number, &mut sum, misses, dump.as_deref());
    }
    let mut bare = Sum::default();
    for number in from..from + value("--bare", 20) {
        measure(&picture(seed, number, Content::NoText), number, &mut bare, misses, dump.as_deref());
    }
    sum.seconds.sort_by(f64::total_cmp);
    let at = |share: f64| sum.seconds[((sum.seconds.len() - 1) as f64 * share) as usize];
    println!(
        "{{\"strings\":{},\"removed\":{},\"recall\":{:.5},\"other_changed\":{:.5},\"bare_changed\":{:.5},\"p50\":{:.3},\"p95\":{:.3},\"per_mpx\":{:.3}}}",
        sum.strings,
        sum.removed,
        sum.removed as f64 / sum.strings.max(1) as f64,
        sum.changed as f64 / sum.other.max(1) as f64,
        bare.changed as f64 / bare.other.max(1) as f64,
        at(0.5),
        at(0.95),
        sum.seconds.iter().sum::<f64>() / sum.pixels as f64 * 1e6,
    );
}

#[derive(Default)]
struct Sum {
    strings: u64,
    removed: u64,
    other: u64,
    changed: u64,
    pixels: u64,
    seconds: Vec<f64>,
}

fn raster(p: &Picture, frame: usize) -> Option<Raster> {
    let values = &p.frames[frame];
    match &p.palette {
        Some(table) => {
            let rgb: Vec<u16> = values.iter().flat_map(|&v| table[usize::from(v)].map(u16::from)).collect();
            Raster::rgb(p.width, p.height, &rgb)
        }
        None if p.channels == 3 => Raster::rgb(p.width, p.height, values),
        None => Raster::grey(p.width, p.height, values, p.inverted),
    }
}

fn removed(string: &BurnedString, filled: &[bool]) -> bool {
    let all = string.glyphs.iter().map(Vec::len).sum::<usize>();
    let gone = string.glyphs.iter().flatten().filter(|&&p| filled[p as usize]).count();
    let whole = string.glyphs.iter().any(|g| g.iter().all(|&p| !filled[p as usize]));
    gone as f64 >= 0.99 * all as f64 && !whole
}

/// Whether a point lies in the box of a string, grown by 4 pixels.
fn near(string: &BurnedString, x: f64, y: f64) -> bool {
    let [a, b, _, d] = string.corners;
    let side = |p: (f64, f64), q: (f64, f64)| {
        let (dx, dy) = (q.0 - p.0, q.1 - p.1);
        let length = dx.hypot(dy).max(1e-9);
        (((x - p.0) * dx + (y - p.1) * dy) / length, length)
    };
    let ((u, w), (v, h)) = (side(a, b), side(a, d));
    u >= -4.0 && u <= w + 4.0 && v >= -4.0 && v <= h + 4.0
}

fn measure(p: &Picture, number: u64, sum: &mut Sum, misses: bool, dump: Option<&str>) {
    let Some(raster) = raster(p, 0) else { return };
    let start = Instant::now();
    let found = detect(&raster, &Hints::default());
    sum.seconds.push(start.elapsed().as_secs_f64());
    sum.pixels += (p.width * p.height) as u64;
    let mut filled = vec![false; p.width * p.height];
    for r in &found.regions {
        for y in r.y..r.y + r.height {
            let row = y as usize * p.width;
            filled[row + r.x as usize..row + (r.x + r.width) as usize].fill(true);
        }
    }
    let mut bad = false;
    for s in &p.strings {
        sum.strings += 1;
        let gone = removed(s, &filled);
        sum.removed += u64::from(gone);
        if !gone {
            bad = true;
            if misses {
                let all = s.glyphs.iter().map(Vec::len).sum::<usize>();
                let share =
                    s.glyphs.iter().flatten().filter(|&&p| filled[p as usize]).count() as f64 / all as f64;
                eprintln!(
                    "miss {number} {:?} {:?} {} h{:.0} {}deg c{:.3} at {:.0},{:.0} filled {share:.2} lossy {} bits {} ch {}",
                    p.ground,
                    s.text,
                    s.font,
                    s.height,
                    s.degrees,
                    s.contrast,
                    s.corners[0].0,
                    s.corners[0].1,
                    p.lossy,
                    p.bits,
                    p.channels
                );
            }
        }
    }
    let mut changed = 0;
    let mut other = 0;
    let mut close = vec![false; p.width * p.height];
    for s in &p.strings {
        let (xs, ys) = (s.corners.map(|c| c.0), s.corners.map(|c| c.1));
        let low = |v: [f64; 4], most: usize| {
            ((v.iter().copied().fold(f64::MAX, f64::min) - 6.0).max(0.0) as usize).min(most)
        };
        let high =
            |v: [f64; 4], most: usize| ((v.iter().copied().fold(0.0, f64::max) + 6.0) as usize).min(most);
        for y in low(ys, p.height)..high(ys, p.height) {
            for x in low(xs, p.width)..high(xs, p.width) {
                close[y * p.width + x] |= near(s, x as f64 + 0.5, y as f64 + 0.5);
            }
        }
    }
    for at in 0..filled.len() {
        if !close[at] {
            other += 1;
            changed += u64::from(filled[at]);
        }
    }
    sum.other += other;
    sum.changed += changed;
    let share = changed as f64 / other as f64;
    if misses && share > 0.02 {
        eprintln!("over {number} {:?} {share:.3} text {}", p.ground, !p.strings.is_empty());
    }
    if let Some(folder) = dump
        && (bad || share > 0.02 || !misses)
    {
        save(
            p,
            &filled,
            &format!("{folder}/{number}-{}.ppm", if p.strings.is_empty() { "bare" } else { "text" }),
        );
    }
}

/// The picture, and beside it the same with what is filled in red.
fn save(p: &Picture, filled: &[bool], path: &str) {
    let most = (1_u32 << p.bits) - 1;
    let span =
        if p.palette.is_some() { most } else { u32::from(*p.frames[0].iter().max().unwrap_or(&1)).max(1) };
    let mut out = format!("P6 {} {} 255\n", p.width * 2, p.height).into_bytes();
    for y in 0..p.height {
        for half in 0..2 {
            for x in 0..p.width {
                let at = y * p.width + x;
                let sample = |c: usize| p.frames[0][at * p.channels + if p.channels == 3 { c } else { 0 }];
                let mut rgb = [0, 1, 2].map(|c| (u32::from(sample(c)) * 255 / span) as u8);
                if let Some(table) = &p.palette {
                    rgb = table[usize::from(sample(0))];
                }
                if half == 1 && filled[at] {
                    rgb[0] = rgb[0].saturating_add(90);
                }
                out.extend(rgb);
            }
        }
    }
    let _ = fs::write(path, out);
}
