//! What the standard's dictionary (PS3.6) says about a tag.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

fn entry(tag: Tag) -> Option<VirtualVr> {
    StandardDataDictionary.by_tag(tag).map(DataDictionaryEntry::vr)
}

/// The standard's keyword for a public tag, such as `PatientName`; `None` for one that it does not have.
#[must_use]
pub fn keyword(tag: Tag) -> Option<&'static str> {
    // The entry of a private group is the rule for creators, not a name.
    if !tag.0.is_multiple_of(2) {
        return None;
    }
    StandardDataDictionary.by_tag(tag).map(DataDictionaryEntry::alias)
}

/// The VR of a tag by the dictionary; UN for one that it does not have.
pub(crate) fn dictionary_vr(tag: Tag, signed: bool) -> VR {
    if !tag.0.is_multiple_of(2) {
        return if (0x10..=0xFF).contains(&tag.1) { VR::LO } else { VR::UN };
    }
    match entry(tag) {
        Some(VirtualVr::Exact(vr)) => vr,
        Some(VirtualVr::Xs) => {
            if signed {
                VR::SS
            } else {
                VR::US
            }
        }
        Some(VirtualVr::Ox | VirtualVr::Px | VirtualVr::Lt) => VR::OW,
        _ => VR::UN,
    }
}

/// Whether a public tag's VR in a file goes with the dictionary: `None` for a tag that the standard does not
/// have. One kind of number in place of another is common in the field and counts as going with it.
#[must_use]
pub fn fits_dictionary(tag: Tag, vr: VR) -> Option<bool> {
    use VR::{DS, FD, FL, IS, OB, OW, SL, SS, UL, US};
    let number = |vr| matches!(vr, DS | FD | FL | IS | SL | SS | UL | US);
    if !tag.0.is_multiple_of(2) {
        return None;
    }
    entry(tag).map(|listed| match listed {
        VirtualVr::Exact(exact) => exact == vr || number(exact) && number(vr) || exact == OW && vr == OB,
        VirtualVr::Xs => number(vr),
        VirtualVr::Ox | VirtualVr::Px => matches!(vr, OB | OW),
        VirtualVr::Lt => matches!(vr, OB | OW | SS | US),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_is_asked_by_kind() {
        assert_eq!(fits_dictionary(Tag(0x0018, 0x0060), VR::DS), Some(true));
        assert_eq!(fits_dictionary(Tag(0x0018, 0x0060), VR::FD), Some(true));
        assert_eq!(fits_dictionary(Tag(0x0018, 0x0060), VR::OW), Some(false));
        assert_eq!(fits_dictionary(Tag(0x7FE0, 0x0010), VR::OB), Some(true));
        assert_eq!(fits_dictionary(Tag(0x0028, 0x0106), VR::SS), Some(true));
        assert_eq!(fits_dictionary(Tag(0x0008, 0x9997), VR::CS), None);
        assert_eq!(fits_dictionary(Tag(0x0009, 0x1001), VR::CS), None);
    }
}
