//! Values: dummies, and whether a value is what its VR says.

use countersign_dicom::{Element, VR, Value};

/// Text that stands for a removed value where one must stand.
const DUMMY_TEXT: &str = "REMOVED";
/// Most characters of a code string (PS3.5 6.2) that is still taken for a code.
const MAX_CODE: usize = 16;
/// Most characters of a number string; the standard has 16, real files have more.
const MAX_NUMBER: usize = 32;

/// The dummy of a VR (action D): consistent with it, the same everywhere, saying nothing.
pub(crate) fn dummy(vr: VR) -> Vec<u8> {
    let even = |text: &str| padded(text, vr);
    match vr {
        VR::DA => even("19000101"),
        VR::TM => even("000000"),
        VR::DT => even("19000101000000"),
        VR::AS => even("000Y"),
        VR::DS | VR::IS => even("0"),
        VR::US | VR::SS | VR::OB | VR::OW | VR::UN => vec![0; 2],
        VR::UL | VR::SL | VR::FL | VR::OF | VR::OL | VR::AT => vec![0; 4],
        VR::FD | VR::OD | VR::OV | VR::SV | VR::UV => vec![0; 8],
        VR::SQ => Vec::new(),
        _ => even(DUMMY_TEXT),
    }
}

/// A value as text: bytes beyond ASCII as Latin-1, without padding.
pub(crate) fn text_of(raw: &[u8]) -> String {
    let text: String = raw.iter().map(|b| char::from(*b)).collect();
    text.trim_matches([' ', '\0']).to_owned()
}

/// Text as the bytes of a value, padded to even length.
pub(crate) fn padded(text: &str, vr: VR) -> Vec<u8> {
    padded_bytes(text.as_bytes().to_vec(), vr)
}

/// As [`padded`], for text in another character set.
pub(crate) fn padded_bytes(mut raw: Vec<u8>, vr: VR) -> Vec<u8> {
    if !raw.len().is_multiple_of(2) {
        raw.push(if vr == VR::UI { 0 } else { b' ' });
    }
    raw
}

/// VRs whose values are characters.
pub(crate) fn is_text(vr: VR) -> bool {
    use VR::{AE, AS, CS, DA, DS, DT, IS, LO, LT, PN, SH, ST, TM, UC, UI, UR, UT};
    matches!(vr, AE | AS | CS | DA | DS | DT | IS | LO | LT | PN | SH | ST | TM | UC | UI | UR | UT)
}

/// Whether an element that would be kept holds what its VR says: a name in a code string or a number is
/// not a code or a number.
pub(crate) fn is_well_formed(element: &Element) -> bool {
    let Value::Bytes(raw) = &element.value else { return element.vr == VR::SQ };
    match element.vr {
        VR::CS => element.texts().iter().all(|t| {
            t.len() <= MAX_CODE && t.bytes().all(|b| b.is_ascii_alphanumeric() || b" _-/.+".contains(&b))
        }),
        VR::DS | VR::IS => element
            .texts()
            .iter()
            .all(|t| t.is_empty() || t.len() <= MAX_NUMBER && t.parse::<f64>().is_ok_and(f64::is_finite)),
        VR::AT => raw.len().is_multiple_of(4),
        VR::US | VR::SS => raw.len().is_multiple_of(2),
        VR::UL | VR::SL | VR::FL => raw.len().is_multiple_of(4),
        VR::FD | VR::SV | VR::UV => raw.len().is_multiple_of(8),
        // Control characters other than line ends and escapes have no place in text.
        VR::LO | VR::SH | VR::ST | VR::LT | VR::UT | VR::UC => {
            !raw.iter().any(|b| *b < 0x20 && !matches!(b, b'\r' | b'\n' | 0x0C | 0x1B | 0))
        }
        _ => true,
    }
}
