//! Writes pictures with text as the net of the detector is shown them, with the truth: what `train/train.py` learns from.
//!
//! `text_corpus --seed N --from N --pictures N OUT`: per picture width and height (u32, little endian), the four
//! channels as signed bytes (local values × 25, values against the whole × 40, commonness × 20), and a byte per pixel: 0 no text, 255 close
//! to text, otherwise in the box of a string, the number telling the size of the box (1 + 10 · log2 of its pixels). Every fifth
//! picture has none. Seeds from 9000 on are for reporting only.

#[path = "shared/raster.rs"]
mod raster;

use std::{fs::File, io::BufWriter, io::Write};

use countersign_deid::pixels::net::Input;
use countersign_synthesis::burned_in::{BurnedString, Content, Fonts, Kinds, Picture, picture_on};

/// Pixels around a box that count as text, and those around them that count as nothing.
const TEXT: f64 = 1.5;
const NEITHER: f64 = 4.0;

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| -> u64 {
        let at = args.iter().position(|a| a == name);
        at.and_then(|i| args.get(i + 1)).and_then(|v| v.parse().ok()).unwrap_or(0)
    };
    let (seed, from) = (value("--seed"), value("--from"));
    let mut out = BufWriter::new(File::create(args.last().cloned().unwrap_or_default())?);
    for number in from..from + value("--pictures") {
        let content = if number % 5 == 4 { Content::NoText } else { Content::Text };
        let picture = picture_on(seed, number, content, Fonts::Known, Kinds::Known);
        let Some(raster) = raster::raster(&picture) else { continue };
        let input = Input::of(&raster, 1);
        let count = picture.width * picture.height;
        for side in [picture.width, picture.height] {
            out.write_all(&(side as u32).to_le_bytes())?;
        }
        for (channel, scale) in [25.0, 40.0, 25.0, 20.0].into_iter().enumerate() {
            let values = &input.values[channel * count..(channel + 1) * count];
            // Within a signed byte by the limits of the input.
            let bytes: Vec<u8> = values.iter().map(|v| (v * scale).round() as i8 as u8).collect();
            out.write_all(&bytes)?;
        }
        out.write_all(&truth(&picture))?;
    }
    out.flush()
}

fn truth(picture: &Picture) -> Vec<u8> {
    let mut out = vec![0; picture.width * picture.height];
    for (reach, inner) in [(NEITHER, false), (TEXT, true)] {
        for string in &picture.strings {
            mark(picture, string, reach, inner, &mut out);
        }
    }
    out
}

fn mark(picture: &Picture, string: &BurnedString, reach: f64, inner: bool, out: &mut [u8]) {
    let [a, b, _, d] = string.corners;
    let sides = [(a, b), (a, d)].map(|(p, q)| {
        let (dx, dy) = (q.0 - p.0, q.1 - p.1);
        let length = dx.hypot(dy).max(1e-9);
        (p, (dx / length, dy / length), length)
    });
    let area = sides[0].2 * sides[1].2;
    let value = if inner { (1.0 + 10.0 * area.log2()).clamp(1.0, 254.0) as u8 } else { 255 };
    for y in 0..picture.height {
        for x in 0..picture.width {
            let inside = sides.iter().all(|(p, (dx, dy), length)| {
                let along = (x as f64 + 0.5 - p.0) * dx + (y as f64 + 0.5 - p.1) * dy;
                along >= -reach && along <= length + reach
            });
            if inside {
                out[y * picture.width + x] = value;
            }
        }
    }
}
