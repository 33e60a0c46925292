//! Strings to coverage: bitmap fonts at whole multiples of their size, outlines at any size, both turned.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use embedded_graphics::{
    Pixel,
    draw_target::DrawTarget,
    geometry::{OriginDimensions, Point, Size},
    mono_font::{MonoFont, MonoTextStyle, ascii, iso_8859_1},
    pixelcolor::BinaryColor,
    text::{Baseline, renderer::TextRenderer},
};

use super::Fonts;
use crate::random::Random;

/// No glyph here.
pub(super) const NONE: u16 = u16::MAX;

/// A string as it will be laid over a picture.
pub(super) struct Inked {
    pub width: usize,
    pub height: usize,
    /// Share of each pixel that the glyphs cover, 0 to 1.
    pub coverage: Vec<f32>,
    /// Number of the glyph that covers a pixel most, or [`NONE`].
    pub glyph: Vec<u16>,
    /// Corners of the string's box within `coverage`, in order around it.
    pub corners: [(f64, f64); 4],
}

enum Kind {
    Bitmap(&'static MonoFont<'static>),
    Outline(fn() -> &'static [u8]),
}

/// A font of the corpus.
pub(super) struct Face {
    pub name: &'static str,
    kind: Kind,
}

impl Face {
    pub fn is_bitmap(&self) -> bool {
        matches!(self.kind, Kind::Bitmap(_))
    }
}

fn hack() -> &'static [u8] {
    epaint_default_fonts::HACK_REGULAR
}

fn ubuntu() -> &'static [u8] {
    epaint_default_fonts::UBUNTU_LIGHT
}

const fn bitmap(name: &'static str, font: &'static MonoFont<'static>) -> Face {
    Face { name, kind: Kind::Bitmap(font) }
}

const fn outline(name: &'static str, font: fn() -> &'static [u8]) -> Face {
    Face { name, kind: Kind::Outline(font) }
}

/// All fonts of the corpus.
pub(super) const FACES: &[Face] = &[
    bitmap("eg-5x8", &iso_8859_1::FONT_5X8),
    bitmap("eg-6x10", &iso_8859_1::FONT_6X10),
    bitmap("eg-7x13-bold", &iso_8859_1::FONT_7X13_BOLD),
    bitmap("eg-8x13-italic", &iso_8859_1::FONT_8X13_ITALIC),
    bitmap("eg-9x15", &iso_8859_1::FONT_9X15),
    bitmap("eg-10x20", &ascii::FONT_10X20),
    bitmap("ibm437-8x8", &ibm437::IBM437_8X8_REGULAR),
    bitmap("ibm437-8x8-bold", &ibm437::IBM437_8X8_BOLD),
    bitmap("ibm437-9x14", &ibm437::IBM437_9X14_REGULAR),
    bitmap("profont-9", &profont::PROFONT_9_POINT),
    bitmap("profont-14", &profont::PROFONT_14_POINT),
    bitmap("profont-24", &profont::PROFONT_24_POINT),
    bitmap("vintage-6x8", &embedded_vintage_fonts::FONT_6X8),
    bitmap("vintage-8x16", &embedded_vintage_fonts::FONT_8X16),
    bitmap("vintage-24x32", &embedded_vintage_fonts::FONT_24X32),
    outline("dejavu-sans", dejavu::sans::regular),
    outline("dejavu-sans-bold", dejavu::sans::bold),
    outline("dejavu-sans-light", dejavu::sans::extra_light),
    outline("dejavu-condensed", dejavu::sans_condensed::regular),
    outline("dejavu-mono", dejavu::sans_mono::regular),
    outline("dejavu-serif", dejavu::serif::regular),
    outline("dejavu-serif-bold-oblique", dejavu::serif::bold_italic),
    outline("hack", hack),
    outline("ubuntu-light", ubuntu),
];

/// Fonts that no detector may learn from: of each kind some.
const HELD_OUT: [&str; 6] =
    ["eg-9x15", "ibm437-9x14", "profont-14", "dejavu-condensed", "dejavu-serif-bold-oblique", "hack"];

/// Draws a font.
pub(super) fn face(random: &mut Random, fonts: Fonts) -> &'static Face {
    let among = |face: &&Face| match fonts {
        Fonts::All => true,
        Fonts::Known => !HELD_OUT.contains(&face.name),
        Fonts::HeldOut => HELD_OUT.contains(&face.name),
    };
    let count = FACES.iter().filter(among).count();
    let drawn = random.below(count);
    FACES.iter().filter(among).nth(drawn).unwrap_or(&FACES[0])
}

/// Height of the smallest text, pixels from ascender to descender.
pub(super) const SMALLEST: f64 = 7.0;
/// Height of the largest text, pixels.
pub(super) const LARGEST: f64 = 60.0;

/// Draws `text` about `height` pixels high; `None` when nothing of it is visible.
pub(super) fn draw(face: &Face, text: &str, height: f64) -> Option<Inked> {
    let inked = match face.kind {
        Kind::Bitmap(font) => {
            let own = f64::from(font.character_size.height);
            // A whole number of pixels per pixel, at least one.
            let scale = (height / own).round().max(1.0) as usize;
            draw_bitmap(font, text, scale)
        }
        Kind::Outline(data) => draw_outline(data(), text, height as f32)?,
    };
    inked.glyph.iter().any(|&g| g != NONE).then_some(inked)
}

/// A small page for the bitmap fonts.
struct Page {
    width: usize,
    height: usize,
    on: Vec<bool>,
}

impl OriginDimensions for Page {
    fn size(&self) -> Size {
        Size::new(self.width as u32, self.height as u32)
    }
}

impl DrawTarget for Page {
    type Color = BinaryColor;
    type Error = core::convert::Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<BinaryColor>>>(
        &mut self,
        pixels: I,
    ) -> Result<(), Self::Error> {
        for Pixel(Point { x, y }, color) in pixels {
            if let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y))
                && x < self.width
                && y < self.height
            {
                self.on[y * self.width + x] = color == BinaryColor::On;
            }
        }
        Ok(())
    }
}

fn draw_bitmap(font: &MonoFont<'static>, text: &str, scale: usize) -> Inked {
    let style = MonoTextStyle::new(font, BinaryColor::On);
    let advance = (font.character_size.width + font.character_spacing) as usize;
    let (cell_w, cell_h) = (font.character_size.width as usize, font.character_size.height as usize);
    let count = text.chars().count();
    let (width, height) = (advance * count * scale, cell_h * scale);
    let mut out = blank(width, height);
    for (index, c) in text.chars().enumerate() {
        let mut page = Page { width: cell_w, height: cell_h, on: vec![false; cell_w * cell_h] };
        let mut buffer = [0; 4];
        let Ok(_) = style.draw_string(c.encode_utf8(&mut buffer), Point::zero(), Baseline::Top, &mut page);
        for (at, _) in page.on.iter().enumerate().filter(|(_, on)| **on) {
            let (x, y) = (index * advance + at % cell_w, at / cell_w);
            for dy in 0..scale {
                let row = (y * scale + dy) * width + x * scale;
                out.coverage[row..row + scale].fill(1.0);
                out.glyph[row..row + scale].fill(index as u16);
            }
        }
    }
    out
}

fn blank(width: usize, height: usize) -> Inked {
    let (w, h) = (width as f64, height as f64);
    Inked {
        width,
        height,
        coverage: vec![0.0; width * height],
        glyph: vec![NONE; width * height],
        corners: [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)],
    }
}

fn draw_outline(data: &'static [u8], text: &str, height: f32) -> Option<Inked> {
    let font = FontRef::try_from_slice(data).ok()?;
    let font = font.as_scaled(PxScale::from(height));
    let mut pen = 1.0;
    let mut glyphs = Vec::new();
    let mut last = None;
    for (index, c) in text.chars().enumerate() {
        let id = font.glyph_id(c);
        if let Some(last) = last {
            pen += font.kern(last, id);
        }
        let glyph = id.with_scale_and_position(font.scale(), point(pen, font.ascent() + 1.0));
        pen += font.h_advance(id);
        last = Some(id);
        if let Some(outlined) = font.outline_glyph(glyph) {
            glyphs.push((index as u16, outlined));
        }
    }
    let mut out = blank((pen + 2.0).ceil() as usize, (font.height() + 3.0).ceil() as usize);
    let (width, rows) = (out.width, out.height);
    for (index, outlined) in glyphs {
        let bounds = outlined.px_bounds();
        let (left, top) = (bounds.min.x as i64, bounds.min.y as i64);
        outlined.draw(|x, y, share| {
            let (x, y) = (left + i64::from(x), top + i64::from(y));
            if x < 0 || y < 0 || x >= width as i64 || y >= rows as i64 || share < 0.02 {
                return;
            }
            let at = y as usize * width + x as usize;
            if share > out.coverage[at] {
                out.glyph[at] = index;
            }
            out.coverage[at] = (out.coverage[at] + share).min(1.0);
        });
    }
    Some(out)
}

impl Inked {
    /// A quarter turn clockwise.
    pub fn quarter(self) -> Self {
        let (w, h) = (self.width, self.height);
        let mut out = blank(h, w);
        for y in 0..h {
            for x in 0..w {
                let to = x * h + (h - 1 - y);
                out.coverage[to] = self.coverage[y * w + x];
                out.glyph[to] = self.glyph[y * w + x];
            }
        }
        out.corners = self.corners.map(|(x, y)| (h as f64 - y, x));
        out
    }

    /// Turned by any angle (radians, clockwise on the screen), with bilinear interpolation.
    pub fn turned(self, angle: f64) -> Self {
        let (sin, cos) = angle.sin_cos();
        let (w, h) = (self.width as f64, self.height as f64);
        let across = (w * cos.abs() + h * sin.abs()).ceil() + 2.0;
        let down = (w * sin.abs() + h * cos.abs()).ceil() + 2.0;
        let mut out = blank(across as usize, down as usize);
        for y in 0..out.height {
            for x in 0..out.width {
                let (dx, dy) = (x as f64 + 0.5 - across / 2.0, y as f64 + 0.5 - down / 2.0);
                let (u, v) = (dx * cos + dy * sin + w / 2.0 - 0.5, dy * cos - dx * sin + h / 2.0 - 0.5);
                let at = y * out.width + x;
                (out.coverage[at], out.glyph[at]) = self.between(u, v);
            }
        }
        out.corners = self.corners.map(|(x, y)| {
            let (dx, dy) = (x - w / 2.0, y - h / 2.0);
            (dx * cos - dy * sin + across / 2.0, dx * sin + dy * cos + down / 2.0)
        });
        out
    }

    fn between(&self, u: f64, v: f64) -> (f32, u16) {
        let (x0, y0) = (u.floor(), v.floor());
        let (mut sum, mut best) = (0.0_f32, (0.0_f32, NONE));
        for (dx, dy) in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
            let (x, y) = (x0 + dx, y0 + dy);
            if x < 0.0 || y < 0.0 || x >= self.width as f64 || y >= self.height as f64 {
                continue;
            }
            let at = y as usize * self.width + x as usize;
            let weight = ((1.0 - (u - x).abs()) * (1.0 - (v - y).abs())) as f32 * self.coverage[at];
            sum += weight;
            if weight > best.0 {
                best = (weight, self.glyph[at]);
            }
        }
        (sum, best.1)
    }
}
