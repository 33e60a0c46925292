//! What will be done with one element.

use countersign_dicom::{Element, Tag, VR, Value, fits_dictionary, tags};

use crate::Applied;
use crate::keys::is_uid;
use crate::table::Code;
use crate::value::{is_text, is_well_formed};

/// The decision for one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    Keep,
    Remove(Applied),
    Empty,
    Dummy,
    Map,
    Pseudonym,
    /// Cleaned; where that cannot be done with certainty, the Basic Profile's action.
    Clean,
}

/// The action for a public element, compound codes resolved to the safe side.
pub(crate) fn plan(tag: Tag, element: &Element, code: Code) -> Plan {
    let sequence = element.vr == VR::SQ;
    // A sequence that could not be followed, or a value of no known kind.
    if element.vr == VR::UN {
        return Plan::Remove(Applied::Removed);
    }
    if tag == tags::PATIENT_ID || tag == tags::PATIENT_NAME {
        return Plan::Pseudonym;
    }
    match code {
        Code::K if matches!(element.value, Value::Fragments { .. }) => Plan::Keep,
        Code::K | Code::C if !is_well_formed(element) || fits_dictionary(tag, element.vr) == Some(false) => {
            Plan::Remove(Applied::RemovedMalformed)
        }
        // Words in place of a UID are nobody's UID.
        Code::K if element.vr == VR::UI && !element.texts().iter().all(|t| t.is_empty() || is_uid(t)) => {
            Plan::Map
        }
        Code::K => Plan::Keep,
        Code::C => Plan::Clean,
        Code::X => Plan::Remove(Applied::Removed),
        Code::Z | Code::XorZ => Plan::Empty,
        Code::XorD | Code::XorZorD if sequence => Plan::Remove(Applied::Removed),
        Code::FixedDate if is_text(element.vr) && !element.is_empty() => Plan::Dummy,
        Code::FixedDate => Plan::Remove(Applied::Removed),
        Code::D | Code::XorD | Code::XorZorD | Code::ZorD if element.vr == VR::UI => Plan::Map,
        Code::D | Code::XorD | Code::XorZorD | Code::ZorD => {
            if element.is_empty() {
                Plan::Empty
            } else {
                Plan::Dummy
            }
        }
        Code::U | Code::XorZorU if sequence => Plan::Keep,
        Code::U | Code::XorZorU if is_text(element.vr) => Plan::Map,
        Code::U | Code::XorZorU => Plan::Remove(Applied::Removed),
    }
}
