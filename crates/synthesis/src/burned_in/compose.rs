//! Laying text over a picture, and turning the picture into stored values.

use image::{DynamicImage, ImageBuffer, ImageFormat, codecs::jpeg::JpegEncoder};

use super::{
    BurnedString, Content, Fonts, Ground, Kinds, Picture,
    fonts::{self, Face, Inked, LARGEST, SMALLEST},
    ground::{self, Canvas},
    marks, words,
};
use crate::random::Random;

/// Least difference of a level to 95 % of the values around it, as a share of their range.
pub const LEAST_CONTRAST: f32 = 0.06;
/// Least difference of a level to 95 % of the values around it, in standard deviations of their noise.
pub const NOISE_CONTRAST: f32 = 3.0;
/// Least difference of a level to what is around it, as a share of the full range.
const FLOOR: f32 = 0.03;
/// Pixels around a string that its contrast is measured against.
const AROUND: usize = 6;
/// Pixels around a string that its range is measured over.
const WIDE: usize = 40;
/// Free pixels between strings.
const APART: usize = 8;
/// Share of the upright strings of the later sets that further lines follow, and how many may.
const IN_BLOCKS: f64 = 0.4;
const MORE_LINES: usize = 4;
/// Free pixels between the boxes of such lines are fewer than this.
const LINES_APART: usize = 4;
/// Places that are tried for one string.
const TRIES: usize = 40;
/// Share of a pixel that a glyph must cover to count as there.
const COVERED: f32 = 0.25;
/// Entries of the grey part of a made-up palette; the rest are overlay colours.
const GREYS: usize = 240;

const COLORS: &[[f32; 3]] = &[
    [1.0, 1.0, 1.0],
    [1.0, 1.0, 0.2],
    [0.2, 1.0, 0.3],
    [0.3, 0.9, 1.0],
    [1.0, 0.6, 0.1],
    [1.0, 0.25, 0.2],
    [0.35, 0.45, 1.0],
];

/// Text with its place and look.
struct Placed {
    inked: Inked,
    left: usize,
    top: usize,
    /// Level or colour of each plane.
    level: Vec<f32>,
    /// Level of the shadow behind it.
    shadow: Option<f32>,
    /// Level of the box behind it.
    plate: Option<f32>,
    entry: u16,
}

pub(super) fn compose(
    random: &mut Random,
    mixed: u64,
    content: Content,
    (fonts, kinds): (Fonts, Kinds),
) -> Picture {
    let ground = ground::kind(random, kinds);
    let (mut width, mut height) = ground::size(ground, random);
    let frames = if random.chance(0.06) { 4 } else { 1 };
    if frames > 1 {
        (width, height) = (width.min(512), height.min(480));
    }
    let palette = frames == 1 && ground != Ground::Endoscopy && random.chance(0.08);
    let colored =
        ground == Ground::Endoscopy || palette || ground == Ground::Ultrasound && random.chance(0.4);
    let structure = random.bits();
    let overlay = random.bits();
    let mut canvases: Vec<Canvas> = (0..frames)
        .map(|frame| {
            let mut own = Random::new(structure, 1);
            let mut grain = Random::new(mixed, 1000 + frame);
            let mut canvas = ground::paint(ground, (width, height), &mut own, &mut grain, frame as f32 * 1.7);
            if colored && canvas.planes.len() == 1 {
                canvas.planes =
                    vec![canvas.planes[0].clone(), canvas.planes[0].clone(), canvas.planes.remove(0)];
            }
            canvas
        })
        .collect();
    let colored = colored || canvases[0].planes.len() == 3;
    ground::window(&mut canvases, random, kinds);
    let bare = canvases[0].planes.clone();
    let mut marks = 0;
    for canvas in &mut canvases {
        marks = marks::scatter(canvas, &mut Random::new(overlay, 2));
    }
    let mut busy: Vec<bool> = (0..width * height)
        .map(|at| bare.iter().zip(&canvases[0].planes).any(|(a, b)| a[at] != b[at]))
        .collect();
    // Anatomy often fills only a part of the stored range, and text then goes far beyond it.
    let wide = !colored && ground != Ground::Ultrasound && random.chance(0.5);
    let span = if wide { random.range(0.15, 0.9) as f32 } else { 1.0 };
    let strings = match content {
        Content::Text => write(&mut canvases, &mut busy, random, (fonts, kinds, 1.0 / span)),
        Content::NoText => Vec::new(),
    };
    finish(random, ground, canvases, strings, marks, (span, palette))
}

/// Writes strings over all frames; `highest` is the level that they may have where anatomy fills only a part of the range.
fn write(
    canvases: &mut [Canvas],
    busy: &mut [bool],
    random: &mut Random,
    (fonts, kinds, highest): (Fonts, Kinds, f32),
) -> Vec<(Placed, BurnedString)> {
    let (width, height) = (canvases[0].width, canvases[0].height);
    // What lines of a block stand on: the picture without the lines before.
    let below = Canvas { planes: canvases[0].planes.clone(), ..canvases[0] };
    let wanted = (4 + width * height / 70_000).min(10);
    let mut out: Vec<(Placed, BurnedString)> = Vec::new();
    for _ in 0..wanted * 2 {
        if out.len() >= wanted {
            break;
        }
        let most = if random.chance(0.3) { highest } else { 1.0 };
        let Some((first, string, face)) = place(&canvases[0], busy, random, (most, fonts)) else { continue };
        let mut lines = vec![(first, string)];
        if kinds != Kinds::First && lines[0].1.degrees == 0 && random.chance(IN_BLOCKS) {
            for _ in 0..1 + random.below(MORE_LINES) {
                let (above, string) = &lines[lines.len() - 1];
                let Some(next) = line_below(&below, busy, random, (above, string, face)) else { break };
                lines.push(next);
            }
        }
        for (placed, string) in lines {
            canvases.iter_mut().for_each(|canvas| lay(canvas, &placed));
            reserve(busy, &placed, (width, height));
            out.push((placed, string));
        }
    }
    out
}

/// Keeps other strings away.
fn reserve(busy: &mut [bool], placed: &Placed, (width, height): (usize, usize)) {
    let Placed { inked, left, top, .. } = placed;
    for y in top.saturating_sub(APART)..(top + inked.height + APART).min(height) {
        let (from, to) = (left.saturating_sub(APART), (left + inked.width + APART).min(width));
        busy[y * width + from..y * width + to].fill(true);
    }
}

/// Another line in the same font and level, close below; `None` where it finds no room or could not be read.
fn line_below(
    canvas: &Canvas,
    busy: &[bool],
    random: &mut Random,
    (above, string, face): (&Placed, &BurnedString, &'static Face),
) -> Option<(Placed, BurnedString)> {
    let text = words::string(random);
    let inked = fonts::draw(face, &text, string.height)?;
    let (left, top) = (above.left, above.top + above.inked.height + random.below(LINES_APART));
    if left + inked.width + 2 > canvas.width || top + inked.height + 2 > canvas.height {
        return None;
    }
    let mut rows = (top..top + inked.height).map(|y| y * canvas.width + left);
    if rows.any(|from| busy[from..from + inked.width].contains(&true)) {
        return None;
    }
    if above.plate.is_none() {
        // As far from what is around it as the first line had to be.
        let reads = canvas.planes.iter().zip(&above.level).any(|(plane, level)| {
            let a = around(canvas, plane, &inked, (left, top));
            (level - a.high).max(a.low - level) >= least(&a)
        });
        if !reads {
            return None;
        }
    }
    let string = BurnedString {
        text,
        corners: inked.corners.map(|(x, y)| (x + left as f64, y + top as f64)),
        glyphs: glyphs(&inked, left, top, canvas.width),
        ..string.clone()
    };
    let placed = Placed { inked, left, top, level: above.level.clone(), ..*above };
    Some((placed, string))
}

/// Chooses a string, its look and a free place.
fn place(
    canvas: &Canvas,
    busy: &[bool],
    random: &mut Random,
    (most, fonts): (f32, Fonts),
) -> Option<(Placed, BurnedString, &'static Face)> {
    let face = fonts::face(random, fonts);
    let size = (random.range(SMALLEST.ln(), LARGEST.ln())).exp();
    let text = words::string(random);
    // A long string in large letters does not fit: it is tried again in smaller ones.
    let fit = canvas.width as f64 / (text.chars().count() as f64 * 0.75);
    let height = size.min(fit).clamp(SMALLEST, LARGEST);
    let (inked, degrees) = turn(fonts::draw(face, &text, height)?, random);
    let (left, top) = free_place(canvas, busy, &inked, random)?;
    let color = random.pick(COLORS);
    let look = level(canvas, &inked, (left, top), random, most, color)?;
    let width = canvas.width;
    let smooth = !face.is_bitmap() || degrees % 90 != 0;
    let shadow = (look.bright && random.chance(0.12)).then_some(0.0);
    let entry = COLORS.iter().position(|c| *c == color).unwrap_or(0) as u16;
    let string = BurnedString {
        text,
        font: face.name,
        height: if face.is_bitmap() && !smooth { inked.height.min(inked.width) as f64 } else { height },
        degrees,
        contrast: look.contrast,
        corners: inked.corners.map(|(x, y)| (x + left as f64, y + top as f64)),
        glyphs: glyphs(&inked, left, top, width),
    };
    Some((Placed { inked, left, top, level: look.level, shadow, plate: look.plate, entry }, string, face))
}

fn turn(inked: Inked, random: &mut Random) -> (Inked, i32) {
    match random.below(100) {
        0..72 => (inked, 0),
        72..79 => (inked.quarter(), 90),
        79..83 => (inked.quarter().quarter(), 180),
        83..90 => (inked.quarter().quarter().quarter(), 270),
        _ => {
            // Up to the diagonal: beyond it a string is one of the quarters, turned by less.
            let degrees = 4 + random.below(42) as i32;
            let degrees = if random.chance(0.5) { degrees } else { -degrees };
            (inked.turned(f64::from(degrees).to_radians()), degrees)
        }
    }
}

fn free_place(canvas: &Canvas, busy: &[bool], inked: &Inked, random: &mut Random) -> Option<(usize, usize)> {
    let (room_x, room_y) =
        (canvas.width.checked_sub(inked.width + 2)?, canvas.height.checked_sub(inked.height + 2)?);
    for _ in 0..TRIES {
        let mut along = |room: usize| match random.below(4) {
            0 => 1 + random.below(12).min(room),
            1 => room.saturating_sub(random.below(12)),
            _ => random.below(room + 1),
        };
        let (left, top) = (along(room_x).min(room_x), along(room_y).min(room_y));
        let free = (top..top + inked.height)
            .all(|y| !busy[y * canvas.width + left..y * canvas.width + left + inked.width].contains(&true));
        if free {
            return Some((left, top));
        }
    }
    None
}

/// How a string looks.
struct Look {
    level: Vec<f32>,
    contrast: f32,
    bright: bool,
    plate: Option<f32>,
}

/// Low, high, range and noise of what is around a string in one plane.
struct Around {
    low: f32,
    high: f32,
    range: f32,
    noise: f32,
}

fn around(canvas: &Canvas, plane: &[f32], inked: &Inked, (left, top): (usize, usize)) -> Around {
    let gather = |reach: usize| {
        let rows = top.saturating_sub(reach)..(top + inked.height + reach).min(canvas.height);
        let (from, to) = (left.saturating_sub(reach), (left + inked.width + reach).min(canvas.width));
        let mut values: Vec<f32> = Vec::new();
        for y in rows {
            values.extend_from_slice(&plane[y * canvas.width + from..y * canvas.width + to]);
        }
        values
    };
    let near = gather(AROUND);
    let mut steps: Vec<f32> = near.windows(2).map(|w| (w[1] - w[0]).abs()).collect();
    let mut near = near;
    let mut far = gather(WIDE);
    let at = |values: &mut Vec<f32>, share: f64| {
        let place = ((values.len() - 1) as f64 * share) as usize;
        *values.select_nth_unstable_by(place, f32::total_cmp).1
    };
    // The median of |a - b| is 0.954 standard deviations of white noise.
    let noise = at(&mut steps, 0.5) / 0.954;
    let range = at(&mut far, 0.98) - at(&mut far, 0.02);
    Around { low: at(&mut near, 0.05), high: at(&mut near, 0.95), range, noise }
}

/// How far from what is around it a level must be.
fn least(a: &Around) -> f32 {
    (a.range * LEAST_CONTRAST).max(a.noise * NOISE_CONTRAST).max(FLOOR)
}

fn level(
    canvas: &Canvas,
    inked: &Inked,
    place: (usize, usize),
    random: &mut Random,
    most: f32,
    color: [f32; 3],
) -> Option<Look> {
    let all: Vec<Around> = canvas.planes.iter().map(|p| around(canvas, p, inked, place)).collect();
    if let [a] = &all[..] {
        let step = match random.below(100) {
            0..55 => f32::MAX,
            55..78 => (random.range(0.15, 0.5) as f32).max(least(a)),
            _ => least(a) * random.range(1.0, 1.8) as f32,
        };
        let (up, down) = (most - a.high, a.low);
        let bright = up >= least(a) && !(down >= least(a) && random.chance(0.2));
        let room = if bright { up } else { down };
        if room >= least(a) {
            let contrast = step.min(room);
            let level = if bright { a.high + contrast } else { a.low - contrast };
            return Some(Look { level: vec![level], contrast, bright, plate: None });
        }
        return Some(Look { level: vec![1.0], contrast: 1.0, bright: true, plate: Some(0.0) });
    }
    // Colour: different in at least one of brightness (largest part) and saturation.
    let part = |f: fn(f32, f32) -> f32, from: f32| color.iter().copied().fold(from, f);
    let (top, bottom) = (part(f32::max, 0.0), part(f32::min, 1.0));
    let highest = all.iter().map(|a| a.high).fold(0.0, f32::max);
    let lowest = all.iter().map(|a| a.low).fold(1.0, f32::min);
    let need = all.iter().map(least).fold(0.1, f32::max);
    let spread = highest - lowest;
    let contrast = (top - highest).max((top - bottom) - spread);
    if contrast >= need {
        return Some(Look { level: color.to_vec(), contrast, bright: true, plate: None });
    }
    Some(Look { level: color.to_vec(), contrast: top, bright: true, plate: Some(0.0) })
}

fn lay(canvas: &mut Canvas, placed: &Placed) {
    let (width, height) = (canvas.width, canvas.height);
    if let Some(plate) = placed.plate {
        for y in placed.top.saturating_sub(2)..(placed.top + placed.inked.height + 2).min(height) {
            for x in placed.left.saturating_sub(2)..(placed.left + placed.inked.width + 2).min(width) {
                canvas.planes.iter_mut().for_each(|p| p[y * width + x] = plate);
            }
        }
    }
    if let Some(shadow) = placed.shadow {
        let levels = vec![shadow; canvas.planes.len()];
        blend(canvas, &placed.inked, (placed.left + 1, placed.top + 1), &levels);
    }
    blend(canvas, &placed.inked, (placed.left, placed.top), &placed.level);
}

fn blend(canvas: &mut Canvas, inked: &Inked, (left, top): (usize, usize), levels: &[f32]) {
    let (width, height) = (canvas.width, canvas.height);
    for (at, &share) in inked.coverage.iter().enumerate().filter(|(_, s)| **s > 0.0) {
        let (x, y) = (left + at % inked.width, top + at / inked.width);
        if x < width && y < height {
            for (plane, level) in canvas.planes.iter_mut().zip(levels) {
                let value = &mut plane[y * width + x];
                *value += (level - *value) * share;
            }
        }
    }
}

fn glyphs(inked: &Inked, left: usize, top: usize, width: usize) -> Vec<Vec<u32>> {
    let count = inked.glyph.iter().filter(|g| **g != fonts::NONE).max().map_or(0, |g| usize::from(*g) + 1);
    let mut out = vec![Vec::new(); count];
    for (at, &glyph) in inked.glyph.iter().enumerate() {
        if glyph != fonts::NONE && inked.coverage[at] >= COVERED {
            let place = (top + at / inked.width) * width + left + at % inked.width;
            out[usize::from(glyph)].push(place as u32);
        }
    }
    out.retain(|pixels| !pixels.is_empty());
    out
}

fn finish(
    random: &mut Random,
    ground: Ground,
    canvases: Vec<Canvas>,
    strings: Vec<(Placed, BurnedString)>,
    marks: usize,
    (span, palette): (f32, bool),
) -> Picture {
    let bits = match ground {
        Ground::Ct | Ground::Mr => random.pick(&[12, 12, 16]),
        Ground::Radiograph | Ground::Vessels => random.pick(&[10, 12, 14]),
        Ground::Map | Ground::Padded => random.pick(&[8, 12, 12, 16]),
        Ground::Plain | Ground::Busy => random.pick(&[8, 8, 12, 16]),
        _ => 8,
    };
    let colored = canvases[0].planes.len() == 3;
    let bits = if colored { 8 } else { bits };
    let inverted = !colored && ground == Ground::Radiograph && random.chance(0.5);
    let (width, height) = (canvases[0].width, canvases[0].height);
    let lossy = bits == 8 && !palette && canvases.len() == 1 && random.chance(0.25);
    let quality = 75 + random.below(21) as u8;
    let most = ((1_u32 << bits) - 1) as f32;
    let mut frames: Vec<Vec<u16>> = canvases
        .iter()
        .map(|canvas| {
            let at = |i: usize| canvas.planes.iter().map(move |plane| plane[i]);
            (0..width * height).flat_map(at).map(|v| stored(v * span, most, inverted)).collect()
        })
        .collect();
    if lossy {
        frames.iter_mut().for_each(|frame| through_jpeg(frame, width, height, colored, quality));
    }
    let mut picture = Picture {
        ground,
        width,
        height,
        channels: if colored { 3 } else { 1 },
        bits,
        inverted,
        palette: None,
        frames,
        lossy,
        strings: Vec::new(),
        marks,
    };
    if palette {
        indexed(&mut picture, &strings);
    }
    picture.strings = strings.into_iter().map(|(_, string)| string).collect();
    picture
}

fn stored(value: f32, most: f32, inverted: bool) -> u16 {
    let value = (value.clamp(0.0, 1.0) * most).round();
    // Within Bits Stored, which is at most 16.
    (if inverted { most - value } else { value }) as u16
}

/// Grey pixels become entries of a ramp, text the entry of its colour: overlay colours have entries of their own.
fn indexed(picture: &mut Picture, strings: &[(Placed, BurnedString)]) {
    let mut table: Vec<[u8; 3]> = (0..GREYS).map(|i| [(i * 255 / (GREYS - 1)) as u8; 3]).collect();
    table.extend(COLORS.iter().map(|c| c.map(|v| (v * 255.0) as u8)));
    table.resize(256, [0; 3]);
    for frame in &mut picture.frames {
        let mut index: Vec<u16> = frame
            .as_chunks::<3>()
            .0
            .iter()
            .map(|[r, g, b]| {
                ((u32::from(*r) + u32::from(*g) + u32::from(*b)) / 3 * (GREYS as u32 - 1) / 255) as u16
            })
            .collect();
        for (placed, _) in strings {
            for (at, _) in placed.inked.coverage.iter().enumerate().filter(|(_, s)| **s >= COVERED) {
                let (x, y) = (placed.left + at % placed.inked.width, placed.top + at / placed.inked.width);
                index[y * picture.width + x] = GREYS as u16 + placed.entry;
            }
        }
        *frame = index;
    }
    picture.channels = 1;
    picture.palette = Some(table);
}

/// Through a lossy JPEG and back; left as it is if the codec fails.
fn through_jpeg(frame: &mut [u16], width: usize, height: usize, colored: bool, quality: u8) {
    let bytes: Vec<u8> = frame.iter().map(|&v| v as u8).collect();
    let (w, h) = (width as u32, height as u32);
    let picture = if colored {
        ImageBuffer::from_raw(w, h, bytes).map(DynamicImage::ImageRgb8)
    } else {
        ImageBuffer::from_raw(w, h, bytes).map(DynamicImage::ImageLuma8)
    };
    let Some(picture) = picture else { return };
    let mut encoded = Vec::new();
    if picture.write_with_encoder(JpegEncoder::new_with_quality(&mut encoded, quality)).is_err() {
        return;
    }
    let Ok(decoded) = image::load_from_memory_with_format(&encoded, ImageFormat::Jpeg) else { return };
    let bytes = if colored { decoded.to_rgb8().into_raw() } else { decoded.to_luma8().into_raw() };
    frame.iter_mut().zip(bytes).for_each(|(to, from)| *to = u16::from(from));
}
