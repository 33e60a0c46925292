//! Small DICOM files made by hand, byte by byte where the form matters.
#![expect(dead_code, reason = "each test file uses its own part of this module")]

use countersign_dicom::{DataSet, Element, Instance, Tag, VR, Value, tags, write};

/// An element in explicit little endian.
pub fn explicit(tag: Tag, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut out = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
    out.extend_from_slice(vr.as_bytes());
    if ["OB", "OW", "SQ", "UN", "UT", "UC", "UR"].contains(&vr) {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&u32::try_from(value.len()).unwrap().to_le_bytes());
    } else {
        out.extend_from_slice(&u16::try_from(value.len()).unwrap().to_le_bytes());
    }
    out.extend_from_slice(value);
    out
}

/// An element in implicit little endian.
pub fn implicit(tag: Tag, value: &[u8]) -> Vec<u8> {
    let mut out = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
    out.extend_from_slice(&u32::try_from(value.len()).unwrap().to_le_bytes());
    out.extend_from_slice(value);
    out
}

/// A file with this transfer syntax around a data set that is already written.
pub fn file(syntax: &str, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0; 128];
    out.extend_from_slice(b"DICM");
    let mut uid = syntax.as_bytes().to_vec();
    if uid.len() % 2 == 1 {
        uid.push(0);
    }
    out.extend(explicit(tags::TRANSFER_SYNTAX_UID, "UI", &uid));
    out.extend_from_slice(body);
    out
}

/// A data set of an image: `bits` are allocated, stored and the pixels.
pub fn image(
    rows: u16,
    columns: u16,
    samples: u16,
    photometric: &str,
    bits: (u16, u16),
    pixels: Value,
) -> DataSet {
    let mut set = DataSet::new();
    set.put_text(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2");
    set.put_text(tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4.5.6");
    set.put_text(tags::MODALITY, VR::CS, "CT");
    set.put_u16(tags::SAMPLES_PER_PIXEL, &[samples]);
    set.put_text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric);
    set.put_u16(tags::ROWS, &[rows]);
    set.put_u16(tags::COLUMNS, &[columns]);
    set.put_u16(tags::BITS_ALLOCATED, &[bits.0]);
    set.put_u16(tags::BITS_STORED, &[bits.1]);
    set.put_u16(tags::HIGH_BIT, &[bits.1 - 1]);
    set.put_u16(tags::PIXEL_REPRESENTATION, &[0]);
    set.insert(tags::PIXEL_DATA, Element { vr: VR::OW, value: pixels, offset: 0 });
    set
}

/// The instance as a file.
pub fn bytes(data: DataSet, syntax: &str) -> Vec<u8> {
    let mut instance = Instance::new(data);
    instance.transfer_syntax = syntax.to_owned();
    write(&instance).unwrap()
}

/// Fragments with an empty offset table.
pub fn fragments(parts: &[&[u8]]) -> Value {
    let fragments = parts.iter().map(|p| (0, p.to_vec().into())).collect();
    Value::Fragments { offsets: Vec::new().into(), fragments }
}

/// Bytes from their hexadecimal digits.
pub fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// Name, rows, columns and components, and codestream of each line of a reference file.
pub fn streams(table: &str) -> Vec<(String, [u16; 3], Vec<u8>)> {
    table
        .lines()
        .filter(|l| !l.starts_with('#'))
        .map(|l| {
            let f: Vec<&str> = l.split('\t').collect();
            (f[0].to_owned(), [1, 2, 3].map(|i: usize| f[i].parse().unwrap()), hex(f[4]))
        })
        .collect()
}
