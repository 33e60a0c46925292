//! Measures the removal of burned-in text on made-up pictures and prints JSON.
//!
//! `burned_in [--seed N] [--from N] [--pictures N] [--bare N] [--misses] [--fonts known|held-out] [--faint P --likely P --sure P]`
//!
//! A string is removed when at least 99 % of its pixels are filled and no glyph is left whole. Other pixels
//! are those further than 4 pixels from every string's box. Seeds from 9000 on are for reporting only: no
//! threshold was ever chosen on them.

#[path = "shared/raster.rs"]
mod raster;

use std::{fs, time::Instant};

use countersign_deid::pixels::{DETECTOR_VERSION, Hints, Thresholds, detect_at, recall};
use countersign_synthesis::burned_in::{Content, Fonts, Picture, picture_with};

#[derive(Default)]
struct Sum {
    strings: u64,
    removed: u64,
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
    let (seed, from) = (value("--seed", 9000), value("--from", 0));
    let fonts = match args.iter().position(|a| a == "--fonts").and_then(|i| args.get(i + 1)) {
        Some(word) if word == "known" => Fonts::Known,
        Some(word) if word == "held-out" => Fonts::HeldOut,
        _ => Fonts::All,
    };
    let current = Thresholds::current();
    let at = Thresholds {
        faint: share("--faint").unwrap_or(current.faint),
        likely: share("--likely").unwrap_or(current.likely),
        sure: share("--sure").unwrap_or(current.sure),
    };
    let mut text = Sum::default();
    for number in from..from + value("--pictures", 40) {
        measure(&picture_with(seed, number, Content::Text, fonts), number, &at, &mut text, misses);
    }
    let mut bare = Sum::default();
    for number in from..from + value("--bare", 20) {
        measure(&picture_with(seed, number, Content::NoText, fonts), number, &at, &mut bare, misses);
    }
    text.seconds.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let last = text.seconds.len().saturating_sub(1) as f64;
        text.seconds.get((last * share) as usize).copied().unwrap_or(0.0)
    };
    let found = recall(text.removed, text.strings);
    println!(
        "{{\"detector\":\"{DETECTOR_VERSION}\",\"seed\":{seed},\"strings\":{},\"removed\":{},\
         \"recall\":{:.5},\"recall_95\":[{:.5},{:.5}],\"other_pixels_changed\":{:.5},\
         \"pixels_changed_without_text\":{:.5},\"cpu_seconds_p50\":{:.4},\"cpu_seconds_p95\":{:.4}}}",
        text.strings,
        text.removed,
        found.share,
        found.low,
        found.high,
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

fn measure(p: &Picture, number: u64, thresholds: &Thresholds, sum: &mut Sum, misses: bool) {
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
    sum.strings += judged.removed.len() as u64;
    sum.removed += judged.removed.iter().filter(|r| **r).count() as u64;
    sum.other += judged.other;
    sum.changed += judged.changed;
    for (s, _) in p.strings.iter().zip(&judged.removed).filter(|(_, removed)| misses && !**removed) {
        eprintln!(
            "left: picture {number} {:?} {:?} {} {:.0} px {} degrees contrast {:.3} lossy {}",
            p.ground, s.text, s.font, s.height, s.degrees, s.contrast, p.lossy
        );
    }
}
