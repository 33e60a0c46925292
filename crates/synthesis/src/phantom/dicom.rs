//! A small writer of DICOM Part 10 files, explicit VR little endian (PS3.5, PS3.10).

/// Transfer syntax "Explicit VR Little Endian".
const EXPLICIT_LITTLE_ENDIAN: &str = "1.2.840.10008.1.2.1";
/// Identifies the writer in the file meta group; a UUID-derived UID (PS3.5 B.2) of this project.
const IMPLEMENTATION_CLASS: &str = "2.25.227682349510984216702318514129861237415";
const IMPLEMENTATION_VERSION: &str = "CS_SYNTH_1";

/// Collects elements; they must come in ascending order of their tags.
#[derive(Debug, Default)]
pub struct Elements {
    bytes: Vec<u8>,
    last: Option<(u16, u16)>,
}

impl Elements {
    /// A text element, padded to even length as its VR wants.
    pub fn text(&mut self, tag: (u16, u16), vr: &str, value: &str) -> &mut Self {
        let mut bytes = value.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(if vr == "UI" { 0 } else { b' ' });
        }
        self.element(tag, vr, &bytes)
    }

    /// Numbers as decimal text, parted by backslashes; at most 16 characters each.
    pub fn decimals(&mut self, tag: (u16, u16), values: &[f64]) -> &mut Self {
        let parts: Vec<String> = values.iter().map(|value| decimal(*value)).collect();
        self.text(tag, "DS", &parts.join("\\"))
    }

    /// A 16-bit number.
    pub fn short(&mut self, tag: (u16, u16), value: u16) -> &mut Self {
        self.element(tag, "US", &value.to_le_bytes())
    }

    /// A 64-bit floating point number.
    pub fn double(&mut self, tag: (u16, u16), value: f64) -> &mut Self {
        self.element(tag, "FD", &value.to_le_bytes())
    }

    /// An element with the given bytes, of even length.
    pub fn element(&mut self, tag: (u16, u16), vr: &str, value: &[u8]) -> &mut Self {
        debug_assert!(self.last.is_none_or(|last| last < tag), "tags ascend");
        debug_assert!(value.len().is_multiple_of(2), "values have even length");
        self.last = Some(tag);
        self.bytes.extend(tag.0.to_le_bytes());
        self.bytes.extend(tag.1.to_le_bytes());
        self.bytes.extend(vr.as_bytes());
        if matches!(vr, "OB" | "OW" | "UN" | "SQ" | "UT" | "UC" | "UR") {
            self.bytes.extend([0, 0]);
            self.bytes.extend((value.len() as u32).to_le_bytes());
        } else {
            self.bytes.extend((value.len() as u16).to_le_bytes());
        }
        self.bytes.extend(value);
        self
    }

    /// The file: preamble, mark, file meta group, these elements.
    #[must_use]
    pub fn into_file(self, preamble: &[u8], sop_class: &str, sop_instance: &str) -> Vec<u8> {
        let mut meta = Self::default();
        meta.element((0x0002, 0x0001), "OB", &[0, 1])
            .text((0x0002, 0x0002), "UI", sop_class)
            .text((0x0002, 0x0003), "UI", sop_instance)
            .text((0x0002, 0x0010), "UI", EXPLICIT_LITTLE_ENDIAN)
            .text((0x0002, 0x0012), "UI", IMPLEMENTATION_CLASS)
            .text((0x0002, 0x0013), "SH", IMPLEMENTATION_VERSION);
        let mut length = Self::default();
        length.element((0x0002, 0x0000), "UL", &(meta.bytes.len() as u32).to_le_bytes());
        let mut file = vec![0_u8; 128];
        for (at, &byte) in file.iter_mut().zip(preamble) {
            *at = byte;
        }
        file.extend(b"DICM");
        file.extend(length.bytes);
        file.extend(meta.bytes);
        file.extend(self.bytes);
        file
    }
}

/// A number as a DS value of at most 16 characters.
fn decimal(value: f64) -> String {
    let plain = format!("{value}");
    if plain.len() <= 16 { plain } else { format!("{value:.6}").chars().take(16).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_their_field() {
        for value in [0.1 + 0.2, -123.456_789_012_345, 1.0 / 3.0, 512.0] {
            let text = decimal(value);
            assert!(text.len() <= 16);
            assert!((text.parse::<f64>().unwrap() - value).abs() < 1e-5);
        }
    }
}
