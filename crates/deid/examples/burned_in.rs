//! Measures the removal of burned-in text on made-up pictures and prints JSON.
//!
//! `burned_in [--seed N] [--from N] [--pictures N] [--bare N] [--misses] [--fonts known|held-out] [--kinds first|known|held-out] [--out DIR] [--faint P --likely P --sure P]`
//!
//! A string is removed when at least 99 % of its pixels are filled and no glyph is left whole; strings below the limit of
//! legibility (`Picture::legibility`) are counted apart. Other pixels
//! are those further than 4 pixels from every string's box. Seeds from 9000 on are for reporting only: no
//! threshold was ever chosen on them. With `--out`, each string that is left becomes a portable graymap of itself and what is around
//! it, levels stretched to what is there; what was filled is brighter by a quarter.

#[path = "shared/raster.rs"]
mod raster;

use std::{fs, time::Instant};

use countersign_deid::pixels::{DETECTOR_VERSION, Hints, Thresholds, detect_at, recall};
use countersign_synthesis::burned_in::{BurnedString, Content, Fonts, Kinds, LEGIBLE, Picture, picture_on};

#[derive(Default)]
struct Sum {
    strings: u64,
    removed: u64,
    illegible: u64,
    illegible_removed: u64,
    other: u64,
    changed: u64,
    seconds: Vec<f64>,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str, default: u64| -> u64 {
        let at = args.iter().position(|a| a == name);
        at.and_then(|i| args.get(i + 1)).and_then(|v| v.parse().ok()).unwrap_or(default)
    };
    let share =
        |name: &str| -> Option<f64> { args.get(args.iter().position(|a| a == name)? + 1)?.parse().ok() };
    let misses = args.iter().any(|a| a == "--misses");
    let out = args.iter().position(|a| a == "--out").and_then(|i| args.get(i + 1)).map(String::as_str);
    let (seed, from) = (value("--seed", 9000), value("--from", 0));
    let fonts = match args.iter().position(|a| a == "--fonts").and_then(|i| args.get(i + 1)) {
        Some(word) if word == "known" => Fonts::Known,
        Some(word) if word == "held-out" => Fonts::HeldOut,
        _ => Fonts::All,
    };
    let kinds = match args.iter().position(|a| a == "--kinds").and_then(|i| args.get(i + 1)) {
        Some(word) if word == "known" => Kinds::Known,
        Some(word) if word == "held-out" => Kinds::HeldOut,
        _ => Kinds::First,
    };
    let current = Thresholds::current();
    let at = Thresholds {
        faint: share("--faint").unwrap_or(current.faint),
        likely: share("--likely").unwrap_or(current.likely),
        sure: share("--sure").unwrap_or(current.sure),
    };
    let mut text = Sum::default();
    for number in from..from + value("--pictures", 40) {
        measure(
            &picture_on(seed, number, Content::Text, fonts, kinds),
            number,
            &at,
            &mut text,
            (misses, out),
        );
    }
    let mut bare = Sum::default();
    for number in from..from + value("--bare", 20) {
        measure(
            &picture_on(seed, number, Content::NoText, fonts, kinds),
            number,
            &at,
            &mut bare,
            (misses, out),
        );
    }
    text.seconds.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let last = text.seconds.len().saturating_sub(1) as f64;
        text.seconds.get((last * share) as usize).copied().unwrap_or(0.0)
    };
    let found = recall(text.removed, text.strings);
    println!(
        "{{\"detector\":\"{DETECTOR_VERSION}\",\"seed\":{seed},\"strings\":{},\"removed\":{},\
         \"recall\":{:.5},\"recall_95\":[{:.5},{:.5}],\"illegible\":{},\"illegible_removed\":{},\"other_pixels_changed\":{:.5},\
         \"pixels_changed_without_text\":{:.5},\"cpu_seconds_p50\":{:.4},\"cpu_seconds_p95\":{:.4}}}",
        text.strings,
        text.removed,
        found.share,
        found.low,
        found.high,
        text.illegible,
        text.illegible_removed,
        text.changed as f64 / text.other.max(1) as f64,
        bare.changed as f64 / bare.other.max(1) as f64,
        at(0.5),
        at(0.95),
    );
}

/// Time of this thread on a core, where the system tells; time that passed elsewhere.
struct Clock(Option<f64>, Instant);

impl Clock {
    fn on_core() -> Option<f64> {
        let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        text.split(' ').next()?.parse::<f64>().ok().map(|nanoseconds| nanoseconds / 1e9)
    }

    fn start() -> Self {
        Self(Self::on_core(), Instant::now())
    }

    fn seconds(&self) -> f64 {
        match (self.0, Self::on_core()) {
            (Some(from), Some(to)) => to - from,
            _ => self.1.elapsed().as_secs_f64(),
        }
    }
}

fn measure(
    p: &Picture,
    number: u64,
    thresholds: &Thresholds,
    sum: &mut Sum,
    (misses, out): (bool, Option<&str>),
) {
    let Some(raster) = raster::raster(p) else { return };
    let clock = Clock::start();
    let found = detect_at(&raster, &Hints::default(), thresholds);
    sum.seconds.push(clock.seconds());
    let mut filled = vec![false; p.width * p.height];
    for r in &found.regions {
        for y in r.y..r.y + r.height {
            let row = y as usize * p.width;
            filled[row + r.x as usize..row + (r.x + r.width) as usize].fill(true);
        }
    }
    let judged = p.judge(&filled);
    for (string, removed) in p.strings.iter().zip(&judged.removed) {
        let (all, gone) = if p.legibility(string) >= LEGIBLE {
            (&mut sum.strings, &mut sum.removed)
        } else {
            (&mut sum.illegible, &mut sum.illegible_removed)
        };
        *all += 1;
        *gone += u64::from(*removed);
    }
    sum.other += judged.other;
    sum.changed += judged.changed;
    for (n, (s, _)) in p.strings.iter().zip(&judged.removed).filter(|(_, removed)| !**removed).enumerate() {
        if let Some(folder) = out {
            let name = format!("{number}-{n}.pgm");
            fs::write(std::path::Path::new(folder).join(name), around(p, s, &filled)).unwrap_or_default();
        }
        if !misses {
            continue;
        }
        eprintln!(
            "left: picture {number} {:?} {:?} {} {:.0} px {} degrees contrast {:.3} lossy {} legibility {:.1}",
            p.ground,
            s.text,
            s.font,
            s.height,
            s.degrees,
            s.contrast,
            p.lossy,
            p.legibility(s)
        );
    }
}

/// A string with what is around it, as a graymap.
fn around(p: &Picture, s: &BurnedString, filled: &[bool]) -> Vec<u8> {
    const MARGIN: f64 = 24.0;
    let shown = shown(p);
    let span = |of: fn(&(f64, f64)) -> f64, most: usize| {
        let low = s.corners.iter().map(of).fold(f64::MAX, f64::min) - MARGIN;
        let high = s.corners.iter().map(of).fold(0.0, f64::max) + MARGIN;
        (low.max(0.0) as usize).min(most)..(high as usize).min(most)
    };
    let (columns, rows) = (span(|c| c.0, p.width), span(|c| c.1, p.height));
    let mut out = format!("P5\n{} {}\n255\n", columns.len(), rows.len()).into_bytes();
    let places: Vec<usize> = rows.flat_map(|y| columns.clone().map(move |x| y * p.width + x)).collect();
    let mut sorted: Vec<u16> = places.iter().map(|at| shown[*at]).collect();
    sorted.sort_unstable();
    let (low, high) = (f64::from(sorted[0]), f64::from(sorted[sorted.len() - 1]));
    out.extend(places.iter().map(|at| {
        let level = (f64::from(shown[*at]) - low) / (high - low).max(1.0) * 190.0;
        level as u8 + if filled[*at] { 64 } else { 0 }
    }));
    out
}

/// Brightness of each pixel of the first frame as shown: the largest of three colours, MONOCHROME1 turned round.
fn shown(p: &Picture) -> Vec<u16> {
    let frame = &p.frames[0];
    let most = if p.inverted { frame.iter().copied().max().unwrap_or(0) } else { 0 };
    match (&p.palette, p.channels) {
        (Some(table), _) => {
            frame.iter().map(|&v| table[usize::from(v)].into_iter().max().map_or(0, u16::from)).collect()
        }
        (None, 3) => frame.as_chunks::<3>().0.iter().map(|[r, g, b]| *r.max(g).max(b)).collect(),
        _ => frame.iter().map(|&v| if p.inverted { most - v } else { v }).collect(),
    }
}
