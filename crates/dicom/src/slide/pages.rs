//! Which pictures of a TIFF file are the levels of a slide, and how large a pixel of it is.

use super::{
    MAX_TILES, SlideFileError,
    tiff::{Directory, Tiff, tag},
};
use crate::MAX_FRAME_PIXELS;

/// Largest pixel that a slide is scanned with, micrometres: a resolution that says more is what a program writes that knows none.
const UM_PER_PIXEL_MAX: f64 = 20.0;
/// Smallest one, micrometres.
const UM_PER_PIXEL_MIN: f64 = 0.01;
/// By how much the height of a level may be off what its width says, as a share and in pixels: scanners cut edges.
const SHAPE_TOLERANCE: (f64, f64) = (0.01, 2.0);
const UM_PER_CM: f64 = 10_000.0;
const UM_PER_INCH: f64 = 25_400.0;

/// How the tiles of a page are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Lzw,
    Deflate,
    Jpeg,
    /// JPEG 2000 whose samples are RGB, or say by themselves what they are.
    Jpeg2000,
    /// JPEG 2000 of luminance and chroma.
    Jpeg2000Chroma,
}

/// What samples mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    Grey { white_is_zero: bool },
    Rgb,
    Chroma,
}

/// A tiled picture of the file.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// Which directory.
    pub directory: usize,
    pub width: u32,
    pub height: u32,
    pub tile_width: u32,
    pub tile_height: u32,
    pub packing: Packing,
    pub colours: Colours,
    /// Samples are differences to their left neighbours.
    pub predicted: bool,
}

impl Page {
    pub fn samples(&self) -> usize {
        if matches!(self.colours, Colours::Grey { .. }) { 1 } else { 3 }
    }

    /// Tiles side by side, and one below the other.
    pub fn grid(&self) -> (u32, u32) {
        (self.width.div_ceil(self.tile_width), self.height.div_ceil(self.tile_height))
    }

    /// Of a picture as wide as this one the finest has as many pixels for each of its own.
    fn is_of(&self, finest: &Self) -> bool {
        let factor = f64::from(finest.width) / f64::from(self.width);
        let expected = f64::from(finest.height) / factor;
        let off = (f64::from(self.height) - expected).abs();
        factor >= 1.0 && off <= SHAPE_TOLERANCE.1.max(expected * SHAPE_TOLERANCE.0)
    }
}

/// The levels, the finest first, and how many pictures are none: thumbnail, label, overview, other planes and channels.
pub(super) fn levels(tiff: &Tiff) -> Result<(Vec<Page>, usize), SlideFileError> {
    let mut pages = Vec::new();
    let mut refused = None;
    for (number, directory) in tiff.directories.iter().enumerate() {
        if !directory.has(tag::TILE_OFFSETS) || is_label(tiff, directory)? {
            continue;
        }
        match page(tiff, number, directory) {
            Ok(page) => pages.push(page),
            // Another picture of the file may be a level all the same.
            Err(error) => {
                refused.get_or_insert(error);
            }
        }
    }
    pages.sort_by_key(|page| std::cmp::Reverse(u64::from(page.width) * u64::from(page.height)));
    let Some(finest) = pages.first().cloned() else {
        let none = || SlideFileError::unsupported(0, "no picture of the file is cut into tiles");
        return Err(refused.unwrap_or_else(none));
    };
    pages.retain(|page| page.is_of(&finest));
    pages.dedup_by_key(|page| (page.width, page.height));
    let left_out = tiff.directories.len() - pages.len();
    Ok((pages, left_out))
}

/// Whether its description calls a picture the slide's label or overview.
fn is_label(tiff: &Tiff, directory: &Directory) -> Result<bool, SlideFileError> {
    let text = tiff.raw(directory, tag::DESCRIPTION)?.unwrap_or_default().to_ascii_lowercase();
    let says = |word: &[u8]| text.windows(word.len()).any(|part| part == word);
    Ok([&b"label"[..], b"macro", b"overview"].into_iter().any(says))
}

fn page(tiff: &Tiff, number: usize, directory: &Directory) -> Result<Page, SlideFileError> {
    let at = directory.at;
    let unsupported = |why| SlideFileError::unsupported(at, why);
    let one = |tag, otherwise| tiff.number(directory, tag).map(|value| value.unwrap_or(otherwise));
    let side = |tag| {
        let value = tiff.number(directory, tag)?.and_then(|value| u32::try_from(value).ok());
        value.filter(|value| *value > 0).ok_or_else(|| SlideFileError::broken(at, "a picture without size"))
    };
    let (tile_width, tile_height) = (side(tag::TILE_WIDTH)?, side(tag::TILE_HEIGHT)?);
    let tile_pixels = u64::from(tile_width) * u64::from(tile_height);
    // Rows and columns are 16 bits in DICOM.
    if tile_pixels > MAX_FRAME_PIXELS || tile_width > u32::from(u16::MAX) || tile_height > u32::from(u16::MAX)
    {
        return Err(unsupported("tiles that are too large"));
    }
    let bits = tiff.numbers(directory, tag::BITS, 16)?;
    let samples = one(tag::SAMPLES, 1)?;
    if bits.iter().any(|bits| *bits != 8) || bits.is_empty() || !matches!(samples, 1 | 3) {
        return Err(unsupported("pixels that are neither grey nor colour of 8 bits"));
    }
    if samples > 1 && one(tag::PLANAR, 1)? != 1 {
        return Err(unsupported("colours in planes of their own"));
    }
    let packing = match one(tag::COMPRESSION, 1)? {
        1 => Packing::None,
        5 => Packing::Lzw,
        8 | 32_946 => Packing::Deflate,
        7 => Packing::Jpeg,
        33_003 => Packing::Jpeg2000Chroma,
        33_005 | 34_712 => Packing::Jpeg2000,
        _ => return Err(unsupported("a compression that slides do not have")),
    };
    let colours = match (one(tag::PHOTOMETRIC, 1)?, samples) {
        (0, 1) => Colours::Grey { white_is_zero: true },
        (1, 1) => Colours::Grey { white_is_zero: false },
        (2, 3) => Colours::Rgb,
        (6, 3) => Colours::Chroma,
        _ => return Err(unsupported("colours that are neither grey, RGB nor YCbCr")),
    };
    let is_raw = matches!(packing, Packing::None | Packing::Lzw | Packing::Deflate);
    if is_raw && colours == Colours::Chroma {
        return Err(unsupported("YCbCr that is not JPEG"));
    }
    let predicted = match one(tag::PREDICTOR, 1)? {
        1 => false,
        2 => true,
        _ => return Err(unsupported("a predictor for numbers that are not whole")),
    };
    let page = Page {
        directory: number,
        width: side(tag::WIDTH)?,
        height: side(tag::HEIGHT)?,
        tile_width,
        tile_height,
        packing,
        colours,
        predicted,
    };
    let (across, down) = page.grid();
    if u64::from(across) * u64::from(down) > MAX_TILES {
        return Err(unsupported("more tiles than a level may have"));
    }
    Ok(page)
}

/// Height and width of a pixel of the finest level, micrometres: what the scanner says in words (Aperio's `MPP`, OME's
/// `PhysicalSizeX`), else the resolution tags where what they say can be a slide's. Never guessed.
pub(super) fn um_per_pixel(tiff: &Tiff, finest: &Page) -> Result<Option<[f64; 2]>, SlideFileError> {
    let plausible = |um: &[f64; 2]| um.iter().all(|um| (UM_PER_PIXEL_MIN..=UM_PER_PIXEL_MAX).contains(um));
    for directory in [tiff.directories.get(finest.directory), tiff.directories.first()].into_iter().flatten()
    {
        let text = tiff.raw(directory, tag::DESCRIPTION)?.unwrap_or_default();
        let text = String::from_utf8_lossy(text);
        if let Some(um) = stated(&text).filter(plausible) {
            return Ok(Some(um));
        }
        let unit = match tiff.number(directory, tag::RESOLUTION_UNIT)? {
            Some(3) => UM_PER_CM,
            // TIFF 6.0: an inch where nothing is said.
            None | Some(2) => UM_PER_INCH,
            Some(_) => continue,
        };
        let x = tiff.fraction(directory, tag::X_RESOLUTION)?;
        let y = tiff.fraction(directory, tag::Y_RESOLUTION)?;
        let Some((x, y)) = x.zip(y).filter(|(x, y)| *x > 0.0 && *y > 0.0) else { continue };
        if let Some(um) = Some([unit / y, unit / x]).filter(plausible) {
            return Ok(Some(um));
        }
    }
    Ok(None)
}

fn stated(text: &str) -> Option<[f64; 2]> {
    let behind = |key: &str, ends: &[char]| {
        let rest = text.split(key).nth(1)?.trim_start_matches([' ', '=', '"']);
        rest.split(ends).next()?.trim().parse::<f64>().ok()
    };
    if let Some(um) = behind("MPP", &['|', '\0', '\n', '\r']) {
        return Some([um, um]);
    }
    // Micrometres where OME names no unit; other units are left alone.
    let unit = |key: &str| {
        let unit = text.split(key).nth(1).map(|rest| rest.trim_start_matches(['=', '"']));
        unit.is_none_or(|unit| ["µm", "&#181;m", "um", "&#xB5;m"].iter().any(|word| unit.starts_with(word)))
    };
    let (x, y) = (behind("PhysicalSizeX=", &['"'])?, behind("PhysicalSizeY=", &['"'])?);
    (unit("PhysicalSizeXUnit") && unit("PhysicalSizeYUnit")).then_some([y, x])
}

#[cfg(test)]
mod tests {
    use super::stated;

    #[test]
    fn the_size_of_a_pixel_is_read_where_scanners_say_it() {
        let aperio = "Aperio Image Library v11.2.1\r\n46000x32914 [0,100 46000x32814] (240x240) JPEG/RGB Q=30|AppMag = 20|MPP = 0.4990|Left = 25";
        assert_eq!(stated(aperio), Some([0.499, 0.499]));
        let ome = r#"<Pixels PhysicalSizeX="0.25" PhysicalSizeXUnit="µm" PhysicalSizeY="0.5" PhysicalSizeYUnit="µm">"#;
        assert_eq!(stated(ome), Some([0.5, 0.25]));
        assert_eq!(stated(&ome.replace("µm", "mm")), None);
        assert_eq!(stated(r#"PhysicalSizeX="0.25" PhysicalSizeY="0.5""#), Some([0.5, 0.25]));
        assert_eq!(stated("a picture of MPP"), None);
        assert_eq!(stated(""), None);
    }
}
