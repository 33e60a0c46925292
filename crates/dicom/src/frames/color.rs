//! From samples to stored values: mask, sign, palette, chroma.

use super::{Buffer, Decoded, Photometric, PixelLayout, Samples, palette};
use crate::{DicomError, Instance};

pub(super) fn finish(
    decoded: Decoded,
    instance: &Instance,
    layout: &PixelLayout,
) -> Result<Samples, DicomError> {
    if layout.photometric == Photometric::Palette {
        let index: Vec<u16> = match decoded.buffer {
            Buffer::U8(v) => v.into_iter().map(|v| mask(u16::from(v), layout)).collect(),
            Buffer::U16(v) => v.into_iter().map(|v| mask(v, layout)).collect(),
        };
        return palette::apply(instance, &index);
    }
    if layout.samples == 3 {
        return Ok(match decoded.buffer {
            Buffer::U8(mut v) => {
                if !decoded.is_rgb {
                    v.as_chunks_mut::<3>().0.iter_mut().for_each(|p| *p = ybr_to_rgb(*p));
                }
                Samples::Rgb8(v)
            }
            Buffer::U16(v) if decoded.is_rgb => {
                Samples::Rgb16(v.into_iter().map(|v| mask(v, layout)).collect())
            }
            Buffer::U16(_) => {
                let place = instance.data.place(dicom_dictionary_std::tags::PHOTOMETRIC_INTERPRETATION);
                return Err(DicomError::UnsupportedPixels { place, why: "YBR of more than 8 bits" });
            }
        });
    }
    Ok(match decoded.buffer {
        Buffer::U8(v) if layout.signed => {
            Samples::I16(v.into_iter().map(|v| sign(mask(u16::from(v), layout), layout)).collect())
        }
        // A mask is needed only where the sample has bits that are not stored.
        Buffer::U8(v) if layout.bits_stored >= 8 || layout.bits_allocated == 1 => Samples::U8(v),
        Buffer::U8(v) if layout.bits_stored < 8 => {
            // At most 7 bits after the mask.
            Samples::U8(v.into_iter().map(|v| mask(u16::from(v), layout) as u8).collect())
        }
        Buffer::U8(v) => Samples::U16(v.into_iter().map(u16::from).collect()),
        Buffer::U16(v) if layout.signed => {
            Samples::I16(v.into_iter().map(|v| sign(mask(v, layout), layout)).collect())
        }
        Buffer::U16(v) if layout.bits_stored <= 8 => {
            // At most 8 bits after the mask.
            Samples::U8(v.into_iter().map(|v| mask(v, layout) as u8).collect())
        }
        Buffer::U16(v) => Samples::U16(v.into_iter().map(|v| mask(v, layout)).collect()),
    })
}

/// The stored bits of a sample, moved down to bit 0: what lies above High Bit may be an old overlay.
fn mask(value: u16, layout: &PixelLayout) -> u16 {
    let shift = layout.high_bit + 1 - layout.bits_stored;
    let bits = u32::from(layout.bits_stored);
    // bits is 1 to 16, so the mask fits.
    (value >> shift) & ((1u32 << bits) - 1) as u16
}

/// Sign extension from Bits Stored.
fn sign(value: u16, layout: &PixelLayout) -> i16 {
    let unused = 16 - u32::from(layout.bits_stored);
    ((value << unused) as i16) >> unused
}

/// Full-range YCbCr to RGB (PS3.3 C.7.6.3.1.2, ITU-R BT.601), in 16.16 fixed point, rounded.
fn ybr_to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    const ONE: i32 = 1 << 16;
    let (y, cb, cr) = (i32::from(y) * ONE + ONE / 2, i32::from(cb) - 128, i32::from(cr) - 128);
    // 1.402, 0.344136, 0.714136 and 1.772 times 65536. The clamp keeps a byte.
    let byte = |v: i32| (v >> 16).clamp(0, 255) as u8;
    [byte(y + 91_881 * cr), byte(y - 22_554 * cb - 46_802 * cr), byte(y + 116_130 * cb)]
}
