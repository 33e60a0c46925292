//! One frame into a codestream of the instance's own transfer syntax.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Picture, dct, j2k, jxl, lossless, native, rle};
use crate::frames::{Cells, PixelLayout, StoredSamples, decoded, jxl_precision, stored};
use crate::{Coding, DicomError, Instance, jpegls};

/// A codestream, and whether making it lost anything of the samples.
pub(super) struct Encoded {
    pub data: Vec<u8>,
    pub lossy: bool,
}

/// Codes the samples of frame `index`. `original` is the codestream that they take the place of: its
/// precision and, where there are any, its quantisation tables are kept.
///
/// What was coded without loss is decoded again and compared: an encoder's fault must not become a picture's.
pub(super) fn encode(
    instance: &Instance,
    layout: &PixelLayout,
    index: u32,
    samples: &StoredSamples,
    original: &[u8],
) -> Result<Encoded, DicomError> {
    let place = StoredSamples::place(instance);
    let coding = crate::coding(&instance.transfer_syntax);
    if matches!(coding, Coding::JpegBaseline | Coding::JpegExtended) {
        let before = stored(instance, layout, index)?;
        // Progressive and other processes that the syntax does not name have no encoder.
        let data = dct::encode(original, &before, samples).map_err(|_| cannot(instance))?;
        return Ok(Encoded { data, lossy: true });
    }
    let made = catch_unwind(AssertUnwindSafe(|| lossless_frame(instance, layout, samples, original)));
    let data = match made {
        Ok(Ok(data)) => data,
        Ok(Err(Refused::Samples(why))) => return Err(DicomError::BadValue { place, why }),
        Ok(Err(Refused::Coding)) | Err(_) => return Err(cannot(instance)),
    };
    let back = decoded(instance, layout, &data).map_err(|_| cannot(instance))?;
    if back.same_values(samples, layout) { Ok(Encoded { data, lossy: false }) } else { Err(cannot(instance)) }
}

/// Why a frame was not coded.
enum Refused {
    /// The samples do not fit in the codestream.
    Samples(&'static str),
    /// There is no encoder for what the codestream is.
    Coding,
}

impl From<&'static str> for Refused {
    fn from(why: &'static str) -> Self {
        Self::Samples(why)
    }
}

fn lossless_frame(
    instance: &Instance,
    layout: &PixelLayout,
    samples: &StoredSamples,
    original: &[u8],
) -> Result<Vec<u8>, Refused> {
    let of = |precision: Option<u32>| picture(layout, samples, precision.ok_or(Refused::Coding)?);
    Ok(match crate::coding(&instance.transfer_syntax) {
        Coding::Rle => run_lengths(layout, samples)?,
        Coding::DeflatedFrame => deflate(layout, samples)?,
        Coding::JpegLossless => lossless::encode(&of(jpeg_precision(original))?)?,
        Coding::JpegLs => jpegls::encode(&of(jpeg_precision(original))?)?,
        Coding::JpegXl => jxl::encode(&of(jxl_precision(original))?).map_err(|_| Refused::Coding)?,
        Coding::Jpeg2000 => {
            let kept = j2k::Kept::of(original).ok_or(Refused::Coding)?;
            j2k::encode(&of(Some(kept.precision))?, kept).map_err(|_| Refused::Coding)?
        }
        _ => return Err(Refused::Coding),
    })
}

fn cannot(instance: &Instance) -> DicomError {
    DicomError::CannotReencode {
        name: crate::syntax::syntax(&instance.transfer_syntax).name,
        place: instance.meta.place(dicom_dictionary_std::tags::TRANSFER_SYNTAX_UID),
    }
}

/// Samples of `precision` bits out of cells of up to 16.
fn picture(layout: &PixelLayout, samples: &StoredSamples, precision: u32) -> Result<Picture, Refused> {
    let cells: Vec<u16> = match &samples.cells {
        Cells::U8(v) => v.iter().map(|v| u16::from(*v)).collect(),
        Cells::U16(v) => v.clone(),
        _ => return Err("cells of more than 16 bits in a compressed frame".into()),
    };
    // precision is at most 16.
    let mask = ((1u32 << precision) - 1) as u16;
    let sign = !mask;
    let fits = |v: u16| v & sign == 0 || (samples.signed && v & sign == sign) || samples.bits_allocated == 8;
    if !cells.iter().all(|v| fits(*v)) {
        return Err("a sample has more bits than the codestream".into());
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
fn jpeg_precision(data: &[u8]) -> Option<u32> {
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
