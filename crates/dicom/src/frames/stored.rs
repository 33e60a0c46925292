//! Stored samples: what stands in the pixel data, before any lookup table, palette or colour conversion.

use std::ops::Range;

use dicom_dictionary_std::tags;

use super::{Buffer, Decoded, Photometric, PixelLayout, fragments, native, palette};
use crate::{DicomError, Instance, coding};

/// The cells of one frame, interleaved by pixel. A cell has the width of Bits Allocated and is kept whole:
/// bits above High Bit and two's complement stay as they are.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Cells {
    /// Bits Allocated 1 (as 0 or 1) and 8.
    U8(Vec<u8>),
    /// Bits Allocated 16.
    U16(Vec<u16>),
    /// Bits Allocated 32.
    U32(Vec<u32>),
    /// Float Pixel Data.
    F32(Vec<f32>),
    /// Double Float Pixel Data.
    F64(Vec<f64>),
}

impl Cells {
    /// Number of cells.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
        }
    }

    /// Whether there is no cell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A cell as a number: unsigned for integers.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<f64> {
        match self {
            Self::U8(v) => v.get(at).map(|v| f64::from(*v)),
            Self::U16(v) => v.get(at).map(|v| f64::from(*v)),
            Self::U32(v) => v.get(at).map(|v| f64::from(*v)),
            Self::F32(v) => v.get(at).map(|v| f64::from(*v)),
            Self::F64(v) => v.get(at).copied(),
        }
    }

    /// Sets the cells `to` to what the cell `from` holds.
    fn copy(&mut self, from: usize, to: usize) {
        match self {
            Self::U8(v) => v[to] = v[from],
            Self::U16(v) => v[to] = v[from],
            Self::U32(v) => v[to] = v[from],
            Self::F32(v) => v[to] = v[from],
            Self::F64(v) => v[to] = v[from],
        }
    }

    /// Sets a cell; what does not fit is clamped.
    fn set(&mut self, at: usize, value: f64) {
        // Float to integer casts saturate.
        match self {
            Self::U8(v) => v[at] = value as u8,
            Self::U16(v) => v[at] = value as u16,
            Self::U32(v) => v[at] = value as u32,
            Self::F32(v) => v[at] = value as f32,
            Self::F64(v) => v[at] = value,
        }
    }
}

/// The stored samples of one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSamples {
    /// Height, pixels.
    pub rows: u32,
    /// Width, pixels.
    pub columns: u32,
    /// Samples per pixel: 1 or 3.
    pub samples_per_pixel: u16,
    /// Width of a cell, bits: 1, 8, 16, 32 or 64.
    pub bits_allocated: u16,
    /// Bits of a cell that count.
    pub bits_stored: u16,
    /// The highest of them.
    pub high_bit: u16,
    /// The bits that count are two's complement.
    pub signed: bool,
    /// What the three samples of a pixel are here. It differs from the data set's attribute where a codec
    /// has its own idea: JPEG 2000 gives RGB for YBR_RCT and YBR_ICT, and a JPEG may say that it is RGB.
    /// Subsampled chroma is spread to every pixel; the term stays.
    pub photometric: Photometric,
    /// The cells, row by row from the top left, interleaved by pixel.
    pub cells: Cells,
    /// The darkest shade that the frame can be painted with: one value per sample, as a cell's number.
    pub dark: Vec<f64>,
}

impl StoredSamples {
    /// Paints a rectangle of pixels with the darkest shade. What lies outside of the frame is left out.
    pub fn paint(&mut self, columns: Range<u32>, rows: Range<u32>) {
        let n = usize::from(self.samples_per_pixel);
        for y in rows.start..rows.end.min(self.rows) {
            for x in columns.start..columns.end.min(self.columns) {
                let at = (y as usize * self.columns as usize + x as usize) * n;
                for (i, value) in self.dark.iter().enumerate().take(n) {
                    self.cells.set(at + i, *value);
                }
            }
        }
        self.level_pairs(columns, rows);
    }

    /// Two pixels of a row share their chroma in YBR_FULL_422: what was painted over one covers both, or
    /// half of the old colour would stay.
    fn level_pairs(&mut self, columns: Range<u32>, rows: Range<u32>) {
        if self.photometric != Photometric::YbrFull422 || self.samples_per_pixel != 3 {
            return;
        }
        let width = self.columns as usize;
        for y in rows.start..rows.end.min(self.rows) {
            for edge in [columns.start, columns.end.min(self.columns).saturating_sub(1)] {
                let x = edge as usize;
                let partner = x ^ 1;
                if columns.is_empty() || x >= width || partner >= width {
                    continue;
                }
                let base = y as usize * width;
                for i in 1..3 {
                    self.cells.copy((base + x) * 3 + i, (base + partner) * 3 + i);
                }
            }
        }
    }
}

/// The stored samples of frame `index` (from 0), as the codec gives them.
///
/// # Errors
/// As [`crate::decode_frame`].
pub fn raw_samples(instance: &Instance, index: u32) -> Result<StoredSamples, DicomError> {
    let layout = PixelLayout::of(instance)?;
    if index >= layout.frames {
        return Err(DicomError::NoSuchFrame { index, frames: layout.frames });
    }
    stored(instance, &layout, index)
}

pub(crate) fn stored(
    instance: &Instance,
    layout: &PixelLayout,
    index: u32,
) -> Result<StoredSamples, DicomError> {
    let decoded = match fragments::frame(instance, layout, index)? {
        fragments::Source::Native(raw) => native::decode(raw, layout, index)?,
        fragments::Source::Encoded { data, offset } => codestream(instance, layout, &data, offset)?,
    };
    Ok(finish(instance, layout, decoded))
}

/// The stored samples of a codestream that is not in the instance.
pub(crate) fn decoded(
    instance: &Instance,
    layout: &PixelLayout,
    data: &[u8],
) -> Result<StoredSamples, DicomError> {
    Ok(finish(instance, layout, codestream(instance, layout, data, 0)?))
}

fn codestream(
    instance: &Instance,
    layout: &PixelLayout,
    data: &[u8],
    offset: u64,
) -> Result<Decoded, DicomError> {
    let coded = super::codec::Coded { data, offset, colour: super::Colour::Stored };
    super::codec::decode(coding(&instance.transfer_syntax), instance, layout, coded)
}

fn finish(instance: &Instance, layout: &PixelLayout, decoded: Decoded) -> StoredSamples {
    let cells = match (decoded.buffer, layout.bits_allocated) {
        (Buffer::U8(v), 1 | 8) => Cells::U8(v),
        // A codec of fewer bits than the cell has.
        (Buffer::U8(v), _) => Cells::U16(v.into_iter().map(u16::from).collect()),
        // A codec of more bits than the cell has: the low ones, as any reader takes them.
        (Buffer::U16(v), 1 | 8) => Cells::U8(v.into_iter().map(|v| v as u8).collect()),
        (Buffer::U16(v), _) => Cells::U16(v),
        (Buffer::U32(v), _) => Cells::U32(v),
        (Buffer::F32(v), _) => Cells::F32(v),
        (Buffer::F64(v), _) => Cells::F64(v),
    };
    let mut out = StoredSamples {
        rows: layout.rows,
        columns: layout.columns,
        // 1 or 3.
        samples_per_pixel: layout.samples as u16,
        bits_allocated: layout.bits_allocated,
        bits_stored: layout.bits_stored,
        high_bit: layout.high_bit,
        signed: layout.signed,
        photometric: decoded.photometric,
        cells,
        dark: Vec::new(),
    };
    out.dark = dark(instance, layout, &out);
    out
}

/// The darkest shade of a frame. Gray: the smallest value that the frame has, or the largest where small
/// is bright, so that a mask changes neither range nor window. Palette: the darkest entry that an index of
/// the frame points to.
fn dark(instance: &Instance, layout: &PixelLayout, samples: &StoredSamples) -> Vec<f64> {
    let middle = f64::from(1u32 << (layout.bits_stored.min(16) - 1));
    match samples.photometric {
        Photometric::YbrFull | Photometric::YbrFull422 => return vec![0.0, middle, middle],
        Photometric::Rgb | Photometric::YbrIct | Photometric::YbrRct | Photometric::Xyb => {
            return vec![0.0; 3];
        }
        _ => {}
    }
    let luminance =
        (layout.photometric == Photometric::Palette).then(|| palette::luminance(instance)).flatten();
    let bright_small = layout.photometric == Photometric::Monochrome1;
    let key = |cell: f64| {
        let value = super::color::value_of(cell, layout);
        let shade = luminance.as_ref().map_or(value, |table| table.of(value));
        if bright_small { -shade } else { shade }
    };
    let cells = (0..samples.cells.len()).filter_map(|i| samples.cells.get(i)).filter(|v| v.is_finite());
    let darkest = match samples.bits_allocated {
        // Few different values: look at each once.
        1 | 8 => {
            let mut seen = [false; 256];
            cells.for_each(|v| seen[v as usize & 0xFF] = true);
            (0..256).filter(|v| seen[*v]).map(|v| v as f64).min_by(|a, b| key(*a).total_cmp(&key(*b)))
        }
        _ => cells.min_by(|a, b| key(*a).total_cmp(&key(*b))),
    };
    vec![darkest.unwrap_or(0.0)]
}

impl StoredSamples {
    /// Whether other samples are of the same shape, so that they can take the place of these.
    pub(crate) fn matches(&self, layout: &PixelLayout) -> bool {
        self.rows == layout.rows
            && self.columns == layout.columns
            && usize::from(self.samples_per_pixel) == layout.samples
            && self.bits_allocated == layout.bits_allocated
            && self.cells.len() == layout.count()
    }

    /// Whether the stored bits of every cell are the same.
    pub(crate) fn same_values(&self, other: &Self, layout: &PixelLayout) -> bool {
        let value = |cells: &Cells, at| cells.get(at).map(|cell| super::color::value_of(cell, layout));
        self.cells == other.cells
            || (self.cells.len() == other.cells.len()
                && (0..self.cells.len()).all(|i| value(&self.cells, i) == value(&other.cells, i)))
    }

    /// The place of an error about these samples.
    pub(crate) fn place(instance: &Instance) -> crate::Place {
        instance.data.place(tags::PIXEL_DATA)
    }
}
