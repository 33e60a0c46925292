//! The made-up pictures for another program, and what it makes of them.
//!
//! `text_peer export [--seed N] [--pictures N] DIR` writes each picture as an 8-bit graymap as a viewer would show it (brightness, the
//! middle 98 % of its values over the range), three times as large, `N.pgm`. `text_peer judge [--seed N] [--pictures N] DIR`
//! reads the boxes that the program found in each, `N.tsv` as Tesseract writes it, fills them (a fifth of their height around, 4
//! pixels at least), and prints as JSON what that removes by the same rule as our detector's, and ours beside it.

#[path = "shared/raster.rs"]
mod raster;

use std::{error::Error, fmt::Write, fs, path::Path};

use countersign_deid::pixels::{DETECTOR_VERSION, Hints, detect, recall};
use countersign_synthesis::burned_in::{Content, Fonts, Picture, picture_with};

/// How many times as large the other program is shown the pictures.
const LARGER: usize = 3;
/// Share of a box's height that is filled around it, and the pixels that are at least.
const AROUND: f64 = 0.2;
const LEAST_AROUND: f64 = 4.0;
/// Columns of a word's box in Tesseract's table, and that of its level: 5 is a word.
const BOX: usize = 6;
const LEVEL: &str = "5";

#[derive(Default)]
struct Sum {
    strings: u64,
    removed: u64,
    other: u64,
    changed: u64,
}

impl Sum {
    fn add(&mut self, picture: &Picture, filled: &[bool]) {
        let judged = picture.judge(filled);
        self.strings += judged.removed.len() as u64;
        self.removed += judged.removed.iter().filter(|r| **r).count() as u64;
        self.other += judged.other;
        self.changed += judged.changed;
    }

    fn json(&self) -> String {
        let found = recall(self.removed, self.strings);
        let mut out = format!("{{\"strings\":{},\"removed\":{},", self.strings, self.removed);
        let changed = self.changed as f64 / self.other.max(1) as f64;
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "\"recall\":{:.4},\"low\":{:.4},\"high\":{:.4},\"other_changed\":{changed:.4}}}",
            found.share, found.low, found.high
        );
        out
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str, default: u64| -> u64 {
        let at = args.iter().position(|a| a == name);
        at.and_then(|i| args.get(i + 1)).and_then(|v| v.parse().ok()).unwrap_or(default)
    };
    let (seed, pictures) = (value("--seed", 9000), value("--pictures", 40));
    let folder = Path::new(args.last().ok_or("a folder is missing")?);
    let (mut theirs, mut ours) = (Sum::default(), Sum::default());
    for number in 0..pictures {
        let picture = picture_with(seed, number, Content::Text, Fonts::HeldOut);
        match args.get(1).map(String::as_str) {
            Some("export") => fs::write(folder.join(format!("{number}.pgm")), graymap(&picture))?,
            Some("judge") => {
                let table = fs::read_to_string(folder.join(format!("{number}.tsv")))?;
                theirs.add(&picture, &boxes(&table, &picture));
                ours.add(&picture, &found(&picture)?);
            }
            _ => return Err("say export or judge".into()),
        }
    }
    if theirs.strings > 0 {
        println!(
            "{{\"seed\":{seed},\"detector\":\"{DETECTOR_VERSION}\",\"ours\":{},\"peer\":{}}}",
            ours.json(),
            theirs.json()
        );
    }
    Ok(())
}

/// Brightness of each pixel as shown, 0 to 255.
fn shown(picture: &Picture) -> Vec<u8> {
    let frame = &picture.frames[0];
    let bright: Vec<u16> = match (&picture.palette, picture.channels) {
        (Some(table), _) => {
            frame.iter().map(|&v| table[usize::from(v)].into_iter().max().map_or(0, u16::from)).collect()
        }
        (None, 3) => frame.as_chunks::<3>().0.iter().map(|[r, g, b]| *r.max(g).max(b)).collect(),
        _ => frame.clone(),
    };
    let mut sorted = bright.clone();
    sorted.sort_unstable();
    let (low, high) = (sorted[sorted.len() / 100], sorted[sorted.len() - 1 - sorted.len() / 100]);
    let scale = 255.0 / f64::from(high.saturating_sub(low).max(1));
    let level = |v: &u16| (f64::from(v.saturating_sub(low)) * scale).min(255.0) as u8;
    bright.iter().map(|v| if picture.inverted { 255 - level(v) } else { level(v) }).collect()
}

/// A binary graymap, enlarged with bilinear interpolation.
fn graymap(picture: &Picture) -> Vec<u8> {
    let values = shown(picture);
    let (width, height) = (picture.width * LARGER, picture.height * LARGER);
    let mut out = format!("P5\n{width} {height}\n255\n").into_bytes();
    let place = |at: usize, most: usize| {
        let near = ((at as f64 + 0.5) / LARGER as f64 - 0.5).clamp(0.0, (most - 1) as f64);
        (near as usize, (near as usize + 1).min(most - 1), near.fract())
    };
    for y in 0..height {
        let (top, bottom, down) = place(y, picture.height);
        for x in 0..width {
            let (left, right, across) = place(x, picture.width);
            let at = |row: usize, column: usize| f64::from(values[row * picture.width + column]);
            let upper = at(top, left) * (1.0 - across) + at(top, right) * across;
            let lower = at(bottom, left) * (1.0 - across) + at(bottom, right) * across;
            out.push((upper * (1.0 - down) + lower * down) as u8);
        }
    }
    out
}

/// The words of Tesseract's table, filled.
fn boxes(table: &str, picture: &Picture) -> Vec<bool> {
    let mut filled = vec![false; picture.width * picture.height];
    for line in table.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let is_word =
            cells.first() == Some(&LEVEL) && cells.get(11).is_some_and(|word| !word.trim().is_empty());
        let numbers: Vec<f64> = cells.iter().skip(BOX).take(4).filter_map(|cell| cell.parse().ok()).collect();
        if let ([left, top, width, height], true) = (&numbers[..], is_word) {
            let side = |v: f64| v / LARGER as f64;
            let around = (side(*height) * AROUND).max(LEAST_AROUND);
            let span = |from: f64, long: f64, most: usize| {
                (side(from) - around).max(0.0) as usize..((side(from + long) + around) as usize).min(most)
            };
            for y in span(*top, *height, picture.height) {
                span(*left, *width, picture.width).for_each(|x| filled[y * picture.width + x] = true);
            }
        }
    }
    filled
}

/// What our detector finds, filled.
fn found(picture: &Picture) -> Result<Vec<bool>, Box<dyn Error>> {
    let raster = raster::raster(picture).ok_or("a picture without pixels")?;
    let mut filled = vec![false; picture.width * picture.height];
    for r in detect(&raster, &Hints::default()).regions {
        for y in r.y..r.y + r.height {
            let row = y as usize * picture.width;
            filled[row + r.x as usize..row + (r.x + r.width) as usize].fill(true);
        }
    }
    Ok(filled)
}
