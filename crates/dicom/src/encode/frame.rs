//! One frame into a codestream of the instance's own transfer syntax.

use std::io::Write;

use super::{Picture, dct, jxl, lossless, native, rle};
use crate::frames::{Cells, PixelLayout, StoredSamples, decoded, jxl_precision, stored};
use crate::{Coding, DicomError, Instance, jpegls};

/// A codestream, and whether making it lost anything of the samples.
pub(super) struct Encoded {
    pub data: Vec<u8>,
    pub lossy: bool,
}

/// Codes the samples of frame `index`. `original` is the codestream that they take the place of: its
/// precision and, where there are any, its quantisation tables are kept.
pub(super) fn encode(
    instance: &Instance,
    layout: &PixelLayout,
    index: u32,
    samples: &StoredSamples,
    original: &[u8],
) -> Result<Encoded, DicomError> {
    let place = StoredSamples::place(instance);
    let bad = |why| DicomError::BadValue { place, why };
    let exact = |data| Ok(Encoded { data, lossy: false });
    match crate::coding(&instance.transfer_syntax) {
        Coding::Rle => exact(run_lengths(layout, samples).map_err(bad)?),
        Coding::DeflatedFrame => exact(deflate(layout, samples).map_err(bad)?),
        coding @ (Coding::JpegLossless | Coding::JpegLs) => {
            let precision = jpeg_precision(original).ok_or(bad("no frame header in the codestream"))?;
            let picture = picture(layout, samples, precision).map_err(bad)?;
            let lossless = coding == Coding::JpegLossless;
            exact(if lossless { lossless::encode(&picture) } else { jpegls::encode(&picture) }.map_err(bad)?)
        }
        Coding::JpegXl => jpeg_xl(instance, layout, samples, original),
        Coding::JpegBaseline | Coding::JpegExtended => {
            let before = stored(instance, layout, index)?;
            match dct::encode(original, &before, samples) {
                Ok(data) => Ok(Encoded { data, lossy: true }),
                // Progressive and other processes that the syntax does not name.
                Err(_) => Err(cannot(instance)),
            }
        }
        _ => Err(cannot(instance)),
    }
}

fn cannot(instance: &Instance) -> DicomError {
    DicomError::CannotReencode {
        name: crate::syntax::syntax(&instance.transfer_syntax).name,
        place: instance.meta.place(dicom_dictionary_std::tags::TRANSFER_SYNTAX_UID),
    }
}

/// JPEG XL, by an encoder that is not ours: what it made is decoded again and compared before it is used.
/// A codestream that is made from RGB stands in for any that decodes to it.
fn jpeg_xl(
    instance: &Instance,
    layout: &PixelLayout,
    samples: &StoredSamples,
    original: &[u8],
) -> Result<Encoded, DicomError> {
    let precision = jxl_precision(original).ok_or_else(|| cannot(instance))?;
    let picture = picture(layout, samples, precision).map_err(|_| cannot(instance))?;
    let made = std::panic::catch_unwind(|| jxl::encode(&picture)).map_err(|_| cannot(instance))?;
    let data = made.map_err(|_| cannot(instance))?;
    let back = decoded(instance, layout, &data).map_err(|_| cannot(instance))?;
    if back.cells != samples.cells { Err(cannot(instance)) } else { Ok(Encoded { data, lossy: false }) }
}

/// Samples of `precision` bits out of cells of up to 16.
pub(super) fn picture(
    layout: &PixelLayout,
    samples: &StoredSamples,
    precision: u32,
) -> Result<Picture, &'static str> {
    let cells: Vec<u16> = match &samples.cells {
        Cells::U8(v) => v.iter().map(|v| u16::from(*v)).collect(),
        Cells::U16(v) => v.clone(),
        _ => return Err("cells of more than 16 bits in a compressed frame"),
    };
    // precision is at most 16.
    let mask = ((1u32 << precision) - 1) as u16;
    let sign = !mask;
    let fits = |v: u16| v & sign == 0 || (samples.signed && v & sign == sign) || samples.bits_allocated == 8;
    if !cells.iter().all(|v| fits(*v)) {
        return Err("a sample has more bits than the codestream");
    }
    Ok(Picture {
        rows: layout.rows as usize,
        columns: layout.columns as usize,
        components: layout.samples,
        precision,
        samples: cells.into_iter().map(|v| v & mask).collect(),
    })
}

/// Sample precision by the frame header of a JPEG or JPEG-LS codestream.
pub(super) fn jpeg_precision(data: &[u8]) -> Option<u32> {
    let mut at = data.windows(2).take(64).position(|w| w[0] == 0xFF && w[1] != 0xFF && w[1] != 0)?;
    loop {
        while data.get(at..at + 2)? == [0xFF, 0xFF] {
            at += 1;
        }
        let &[0xFF, marker] = data.get(at..at + 2)? else { return None };
        if marker == 0xD8 {
            at += 2;
            continue;
        }
        let length = usize::from(u16::from_be_bytes([*data.get(at + 2)?, *data.get(at + 3)?]));
        match marker {
            0xC0..=0xC3 | 0xF7 => {
                return data.get(at + 4).map(|p| u32::from(*p)).filter(|p| (2..=16).contains(p));
            }
            0xDA => return None,
            _ => at += 2 + length.max(2),
        }
    }
}

fn run_lengths(layout: &PixelLayout, samples: &StoredSamples) -> Result<Vec<u8>, &'static str> {
    let columns = layout.columns as usize;
    if let (1, Cells::U8(cells)) = (layout.bits_allocated, &samples.cells) {
        // Single bits are packed over the ends of rows, so there is one row.
        let mut plane = vec![0; cells.len().div_ceil(8)];
        native::put_bits(cells, &mut plane, 0);
        let row = plane.len();
        return rle::encode(&[plane], row);
    }
    let n = layout.samples;
    let planes: Vec<Vec<u8>> = match &samples.cells {
        Cells::U8(v) => (0..n).map(|c| v.iter().skip(c).step_by(n).copied().collect()).collect(),
        Cells::U16(v) => byte_planes(v, n, u16::to_be_bytes),
        Cells::U32(v) => byte_planes(v, n, u32::to_be_bytes),
        Cells::F32(_) | Cells::F64(_) => return Err("floating-point samples in a compressed frame"),
    };
    rle::encode(&planes, columns)
}

/// Planes of bytes: sample by sample, the most significant byte first.
fn byte_planes<T: Copy, const N: usize>(
    values: &[T],
    samples: usize,
    bytes: impl Fn(T) -> [u8; N],
) -> Vec<Vec<u8>> {
    (0..samples * N)
        .map(|i| values.iter().skip(i / N).step_by(samples).map(|v| bytes(*v)[i % N]).collect())
        .collect()
}

/// A frame of the Deflated Image Frame syntax (PS3.5 A.4.13): the native frame, deflated.
fn deflate(layout: &PixelLayout, samples: &StoredSamples) -> Result<Vec<u8>, &'static str> {
    let raw = match (&samples.cells, layout.bits_allocated) {
        (Cells::U8(cells), 1) => {
            let mut packed = vec![0; cells.len().div_ceil(8)];
            native::put_bits(cells, &mut packed, 0);
            packed
        }
        (cells, _) => native::bytes(cells, layout),
    };
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&raw).and_then(|()| encoder.finish()).map_err(|_| "the frame does not deflate")
}
