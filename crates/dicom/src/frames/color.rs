//! From samples to stored values: mask, sign, palette, chroma.

use super::{Buffer, Decoded, Photometric, PixelLayout, Samples, palette};
use crate::{DicomError, Instance};

pub(super) fn finish(
    decoded: Decoded,
    instance: &Instance,
    layout: &PixelLayout,
) -> Result<Samples, DicomError> {
    let ybr = matches!(decoded.photometric, Photometric::YbrFull | Photometric::YbrFull422);
    match (decoded.buffer, layout.samples, layout.photometric) {
        (Buffer::U8(v), 1, Photometric::Palette) => {
            let index: Vec<u16> = v.into_iter().map(|v| mask(u16::from(v), layout)).collect();
            palette::apply(instance, &index)
        }
        (Buffer::U16(v), 1, Photometric::Palette) => {
            let index: Vec<u16> = v.into_iter().map(|v| mask(v, layout)).collect();
            palette::apply(instance, &index)
        }
        (Buffer::U8(mut v), 3, _) => {
            if ybr {
                v.as_chunks_mut::<3>().0.iter_mut().for_each(|p| *p = ybr_to_rgb(*p));
            }
            Ok(Samples::Rgb8(v))
        }
        (Buffer::U16(v), 3, _) => {
            let mut v: Vec<u16> = v.into_iter().map(|v| mask(v, layout)).collect();
            if ybr {
                v.as_chunks_mut::<3>()
                    .0
                    .iter_mut()
                    .for_each(|p| *p = wide_ybr_to_rgb(*p, layout.bits_stored));
            }
            Ok(Samples::Rgb16(v))
        }
        (Buffer::U8(v), _, _) => Ok(gray_bytes(v, layout)),
        (Buffer::U16(v), _, _) => Ok(gray_words(v, layout)),
        (Buffer::U32(v), 1, Photometric::Monochrome1 | Photometric::Monochrome2) => {
            Ok(Samples::Float(v.into_iter().map(|v| value_of(f64::from(v), layout)).collect()))
        }
        (Buffer::F32(v), 1, _) => Ok(Samples::Float(v.into_iter().map(f64::from).collect())),
        (Buffer::F64(v), 1, _) => Ok(Samples::Float(v)),
        _ => {
            let place = instance.data.place(layout.element);
            Err(DicomError::UnsupportedPixels { place, why: "colour of more than 16 bits" })
        }
    }
}

fn gray_bytes(v: Vec<u8>, layout: &PixelLayout) -> Samples {
    if layout.signed {
        Samples::I16(v.into_iter().map(|v| sign(mask(u16::from(v), layout), layout)).collect())
    } else if layout.bits_stored >= 8 || layout.bits_allocated == 1 {
        // A mask is needed only where the sample has bits that are not stored.
        Samples::U8(v)
    } else {
        // At most 7 bits after the mask.
        Samples::U8(v.into_iter().map(|v| mask(u16::from(v), layout) as u8).collect())
    }
}

fn gray_words(v: Vec<u16>, layout: &PixelLayout) -> Samples {
    if layout.signed {
        Samples::I16(v.into_iter().map(|v| sign(mask(v, layout), layout)).collect())
    } else if layout.bits_stored <= 8 {
        // At most 8 bits after the mask.
        Samples::U8(v.into_iter().map(|v| mask(v, layout) as u8).collect())
    } else {
        Samples::U16(v.into_iter().map(|v| mask(v, layout)).collect())
    }
}

/// The stored bits of a sample, moved down to bit 0: what lies above High Bit may be an old overlay.
fn mask(value: u16, layout: &PixelLayout) -> u16 {
    let shift = layout.high_bit + 1 - layout.bits_stored;
    let bits = u32::from(layout.bits_stored.min(16));
    // bits is 1 to 16, so the mask fits.
    (value >> shift.min(15)) & ((1u32 << bits) - 1) as u16
}

/// Sign extension from Bits Stored.
fn sign(value: u16, layout: &PixelLayout) -> i16 {
    let unused = 16 - u32::from(layout.bits_stored.min(16));
    ((value << unused) as i16) >> unused
}

/// The stored value of a cell that is given as a number: masked and sign-extended. Floating-point cells
/// are their own value.
pub(super) fn value_of(cell: f64, layout: &PixelLayout) -> f64 {
    if layout.is_float() {
        return cell;
    }
    let shift = layout.high_bit + 1 - layout.bits_stored;
    let bits = u32::from(layout.bits_stored);
    // A cell is an integer of at most 32 bits.
    let value = (cell as u64) >> shift & ((1u64 << bits) - 1);
    let negative = layout.signed && value >> (bits - 1) & 1 == 1;
    value as f64 - if negative { (1u64 << bits) as f64 } else { 0.0 }
}

/// Full-range YCbCr to RGB (PS3.3 C.7.6.3.1.2, ITU-R BT.601), in 16.16 fixed point, rounded.
fn ybr_to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    const ONE: i32 = 1 << 16;
    let (y, cb, cr) = (i32::from(y) * ONE + ONE / 2, i32::from(cb) - 128, i32::from(cr) - 128);
    // 1.402, 0.344136, 0.714136 and 1.772 times 65536. The clamp keeps a byte.
    let byte = |v: i32| (v >> 16).clamp(0, 255) as u8;
    [byte(y + 91_881 * cr), byte(y - 22_554 * cb - 46_802 * cr), byte(y + 116_130 * cb)]
}

/// The same for samples of `bits` bits.
fn wide_ybr_to_rgb([y, cb, cr]: [u16; 3], bits: u16) -> [u16; 3] {
    let top = f64::from((1u32 << bits.min(16)) - 1);
    let middle = f64::from(1u32 << (bits.min(16) - 1));
    let (y, cb, cr) = (f64::from(y), f64::from(cb) - middle, f64::from(cr) - middle);
    // Clamped to the samples' range, so the cast keeps it.
    let word = |v: f64| v.round().clamp(0.0, top) as u16;
    [word(y + 1.402 * cr), word(y - 0.344_136 * cb - 0.714_136 * cr), word(y + 1.772 * cb)]
}
