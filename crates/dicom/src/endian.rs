//! Values of big endian files, turned to little endian.

use bytes::Bytes;
use dicom_core::VR;

use crate::dataset::Value;

/// Puts the two words of each 32-bit cell in order, after their bytes.
pub(crate) fn whole_cells(value: Value, bits_allocated: Option<u32>) -> Value {
    match value {
        Value::Bytes(raw) if bits_allocated == Some(32) => {
            let mut out = raw.to_vec();
            out.as_chunks_mut::<4>().0.iter_mut().for_each(|cell| cell.rotate_left(2));
            Value::Bytes(out.into())
        }
        other => other,
    }
}

/// Big endian to little endian by the width of the VR's numbers.
pub(crate) fn to_little(raw: &Bytes, vr: VR) -> Bytes {
    let width = match vr {
        VR::US | VR::SS | VR::OW | VR::AT => 2,
        VR::UL | VR::SL | VR::FL | VR::OL | VR::OF => 4,
        VR::FD | VR::OD | VR::SV | VR::UV | VR::OV => 8,
        _ => return raw.clone(),
    };
    let mut out = raw.to_vec();
    for number in out.chunks_exact_mut(width) {
        number.reverse();
    }
    out.into()
}
