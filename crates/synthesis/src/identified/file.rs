//! A writer of PS3.10 files with sequences, explicit or implicit, as different vendors write them.

use std::collections::BTreeMap;

/// Group and element.
pub type Tag = (u16, u16);

/// A value.
#[derive(Debug, Clone)]
pub enum Content {
    /// Bytes of even length.
    Bytes(Vec<u8>),
    /// Items of a sequence.
    Items(Vec<Set>),
}

/// Elements in the order of their tags, with their VR.
#[derive(Debug, Clone, Default)]
pub struct Set(pub BTreeMap<Tag, (&'static str, Content)>);

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Explicit VR Little Endian; implicit otherwise.
    pub explicit: bool,
    /// Sequences and items end with a delimiter instead of having a length.
    pub open_ended: bool,
}

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const IMPLICIT: &str = "1.2.840.10008.1.2";
/// UUID-derived (PS3.5 B.2).
const IMPLEMENTATION_CLASS: &str = "2.25.98147256011263742190845671230984512377";
const UNDEFINED: u32 = u32::MAX;

/// Text as its VR wants it: padded to even length.
pub fn padded(vr: &str, mut bytes: Vec<u8>) -> Vec<u8> {
    if !bytes.len().is_multiple_of(2) {
        bytes.push(if matches!(vr, "UI" | "OB" | "UN") { 0 } else { b' ' });
    }
    bytes
}

fn head(out: &mut Vec<u8>, tag: Tag, vr: &str, length: u32, manner: Manner) {
    out.extend(tag.0.to_le_bytes());
    out.extend(tag.1.to_le_bytes());
    if !manner.explicit {
        return out.extend(length.to_le_bytes());
    }
    out.extend(vr.as_bytes());
    if matches!(vr, "OB" | "OW" | "OF" | "OD" | "UN" | "SQ" | "UT" | "UC" | "UR") {
        out.extend([0, 0]);
        out.extend(length.to_le_bytes());
    } else {
        // Texts of this module stay far below the 64 KiB of a short length.
        out.extend((length as u16).to_le_bytes());
    }
}

fn marker(out: &mut Vec<u8>, element: u16, length: u32) {
    out.extend(0xFFFE_u16.to_le_bytes());
    out.extend(element.to_le_bytes());
    out.extend(length.to_le_bytes());
}

fn write_set(out: &mut Vec<u8>, set: &Set, manner: Manner) {
    for (tag, (vr, content)) in &set.0 {
        match content {
            Content::Bytes(bytes) => {
                head(out, *tag, vr, bytes.len() as u32, manner);
                out.extend(bytes);
            }
            Content::Items(items) => {
                let mut body = Vec::new();
                for item in items {
                    let mut inner = Vec::new();
                    write_set(&mut inner, item, manner);
                    marker(&mut body, 0xE000, if manner.open_ended { UNDEFINED } else { inner.len() as u32 });
                    body.append(&mut inner);
                    if manner.open_ended {
                        marker(&mut body, 0xE00D, 0);
                    }
                }
                if manner.open_ended {
                    marker(&mut body, 0xE0DD, 0);
                }
                let length = if manner.open_ended { UNDEFINED } else { body.len() as u32 };
                head(out, *tag, vr, length, manner);
                out.append(&mut body);
            }
        }
    }
}

/// The file, with text in its preamble.
pub fn file(set: &Set, manner: Manner, preamble: &str, sop_class: &str, instance: &str) -> Vec<u8> {
    let meta_manner = Manner { explicit: true, open_ended: false };
    let mut meta = Vec::new();
    let mut put = |element: u16, vr: &str, bytes: Vec<u8>| {
        let bytes = padded(vr, bytes);
        head(&mut meta, (0x0002, element), vr, bytes.len() as u32, meta_manner);
        meta.extend(bytes);
    };
    put(0x0001, "OB", vec![0, 1]);
    put(0x0002, "UI", sop_class.into());
    put(0x0003, "UI", instance.into());
    put(0x0010, "UI", if manner.explicit { EXPLICIT } else { IMPLICIT }.into());
    put(0x0012, "UI", IMPLEMENTATION_CLASS.into());
    put(0x0016, "AE", b"ROOM3CONSOLE".to_vec());
    let mut out = vec![0; 128];
    for (at, byte) in out.iter_mut().zip(preamble.bytes()) {
        *at = byte;
    }
    out.extend(b"DICM");
    head(&mut out, (0x0002, 0x0000), "UL", 4, meta_manner);
    out.extend((meta.len() as u32).to_le_bytes());
    out.append(&mut meta);
    write_set(&mut out, set, manner);
    out
}
