//! From an [`Instance`] back to the bytes of a PS3.10 file.

use bytes::Bytes;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use crate::dataset::{DataSet, Element, Value};
use crate::parse::has_long_length;
use crate::syntax::{Coding, EXPLICIT_LITTLE, coding};
use crate::{DicomError, Instance};

/// Our implementation class, UUID-derived (PS3.5 B.2) so that it names no organisation.
pub const IMPLEMENTATION_CLASS_UID: &str = "2.25.18096623251129029930771341547181074383";
/// Our implementation version name.
pub const IMPLEMENTATION_VERSION: &str = "COUNTERSIGN_1";
/// Largest value of a 16-bit length, bytes.
const MAX_SHORT: usize = u16::MAX as usize;

/// Writes the instance: blank preamble, fresh file meta information, explicit little endian data set.
///
/// Native, deflated and big-endian instances become Explicit VR Little Endian; an encapsulated codestream
/// is kept byte for byte under its own transfer syntax. Nothing of the source's file meta information
/// survives but class, instance and syntax.
///
/// # Errors
/// [`DicomError::BadValue`] where a value is too long for its length field.
pub fn write(instance: &Instance) -> Result<Vec<u8>, DicomError> {
    let mut out = vec![0u8; 128];
    out.extend_from_slice(b"DICM");
    let mut body = Vec::new();
    for (tag, element) in file_meta(instance).iter() {
        put_element(&mut body, tag, element)?;
    }
    put_tag(&mut out, tags::FILE_META_INFORMATION_GROUP_LENGTH);
    out.extend_from_slice(b"UL\x04\0");
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.append(&mut body);
    put_set(&mut out, &instance.data)?;
    Ok(out)
}

/// The syntax that [`write`] uses for an instance.
fn written_syntax(instance: &Instance) -> &str {
    let encapsulated =
        matches!(instance.data.get(tags::PIXEL_DATA).map(|e| &e.value), Some(Value::Fragments { .. }));
    if encapsulated && coding(&instance.transfer_syntax) != Coding::Native {
        &instance.transfer_syntax
    } else {
        EXPLICIT_LITTLE
    }
}

fn file_meta(instance: &Instance) -> DataSet {
    let mut meta = DataSet::new();
    meta.put_bytes(tags::FILE_META_INFORMATION_VERSION, VR::OB, vec![0u8, 1]);
    // A source without them is written without them: inventing an identity is not this function's business.
    for (tag, own) in [
        (tags::MEDIA_STORAGE_SOP_CLASS_UID, tags::SOP_CLASS_UID),
        (tags::MEDIA_STORAGE_SOP_INSTANCE_UID, tags::SOP_INSTANCE_UID),
    ] {
        if let Some(uid) = instance.data.text(own).or_else(|| instance.meta.text(tag)) {
            meta.put_text(tag, VR::UI, &uid);
        }
    }
    meta.put_text(tags::TRANSFER_SYNTAX_UID, VR::UI, written_syntax(instance));
    meta.put_text(tags::IMPLEMENTATION_CLASS_UID, VR::UI, IMPLEMENTATION_CLASS_UID);
    meta.put_text(tags::IMPLEMENTATION_VERSION_NAME, VR::SH, IMPLEMENTATION_VERSION);
    meta
}

fn put_tag(out: &mut Vec<u8>, tag: Tag) {
    out.extend_from_slice(&tag.0.to_le_bytes());
    out.extend_from_slice(&tag.1.to_le_bytes());
}

fn put_length(out: &mut Vec<u8>, tag: Tag, element: &Element, length: usize) -> Result<(), DicomError> {
    let place = crate::Place::new(tag, element.offset);
    let vr = element.vr;
    if has_long_length(vr) || length > MAX_SHORT {
        let length = u32::try_from(length)
            .ok()
            .filter(|l| *l < u32::MAX)
            .ok_or(DicomError::BadValue { place, why: "longer than a 32-bit length" })?;
        // A value that an implicit file could hold, but not this VR's 16-bit length: PS3.5 6.2.2 note.
        let vr = if has_long_length(vr) { vr } else { VR::UN };
        out.extend_from_slice(&vr.to_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&length.to_le_bytes());
    } else {
        out.extend_from_slice(&vr.to_bytes());
        // In range: checked against MAX_SHORT above.
        out.extend_from_slice(&(length as u16).to_le_bytes());
    }
    Ok(())
}

fn put_set(out: &mut Vec<u8>, set: &DataSet) -> Result<(), DicomError> {
    for (tag, element) in set.iter().filter(|(tag, _)| belongs(*tag)) {
        put_element(out, tag, element)?;
    }
    Ok(())
}

/// Whether an element belongs in a data set: group lengths are retired and would be wrong after any change,
/// commands and file meta information stand elsewhere.
pub(crate) fn belongs(tag: Tag) -> bool {
    tag.1 != 0 && tag.0 > 0x0002
}

fn put_element(out: &mut Vec<u8>, tag: Tag, element: &Element) -> Result<(), DicomError> {
    put_tag(out, tag);
    match &element.value {
        Value::Bytes(raw) => {
            let odd = !raw.len().is_multiple_of(2);
            put_length(out, tag, element, raw.len() + usize::from(odd))?;
            out.extend_from_slice(raw);
            if odd {
                let text = matches!(
                    element.vr,
                    VR::AE
                        | VR::AS
                        | VR::CS
                        | VR::DA
                        | VR::DS
                        | VR::DT
                        | VR::IS
                        | VR::LO
                        | VR::LT
                        | VR::PN
                        | VR::SH
                        | VR::ST
                        | VR::TM
                        | VR::UC
                        | VR::UR
                        | VR::UT
                );
                out.push(if text { b' ' } else { 0 });
            }
        }
        Value::Items(items) => {
            let mut body = Vec::new();
            for item in items {
                let mut inner = Vec::new();
                put_set(&mut inner, item)?;
                put_tag(&mut body, Tag(0xFFFE, 0xE000));
                body.extend_from_slice(&fit(tag, element, inner.len())?.to_le_bytes());
                body.append(&mut inner);
            }
            put_length(out, tag, element, body.len())?;
            out.append(&mut body);
        }
        Value::Fragments { offsets, fragments } => {
            out.extend_from_slice(b"OB\0\0");
            out.extend_from_slice(&u32::MAX.to_le_bytes());
            put_fragment(out, tag, element, offsets)?;
            for (_, fragment) in fragments {
                put_fragment(out, tag, element, fragment)?;
            }
            put_tag(out, Tag(0xFFFE, 0xE0DD));
            out.extend_from_slice(&[0; 4]);
        }
    }
    Ok(())
}

fn fit(tag: Tag, element: &Element, length: usize) -> Result<u32, DicomError> {
    let place = crate::Place::new(tag, element.offset);
    u32::try_from(length)
        .ok()
        .filter(|l| *l < u32::MAX)
        .ok_or(DicomError::BadValue { place, why: "longer than a 32-bit length" })
}

fn put_fragment(out: &mut Vec<u8>, tag: Tag, element: &Element, raw: &Bytes) -> Result<(), DicomError> {
    put_tag(out, Tag(0xFFFE, 0xE000));
    let odd = !raw.len().is_multiple_of(2);
    out.extend_from_slice(&fit(tag, element, raw.len() + usize::from(odd))?.to_le_bytes());
    out.extend_from_slice(raw);
    if odd {
        out.push(0);
    }
    Ok(())
}
