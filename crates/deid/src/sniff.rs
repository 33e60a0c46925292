//! What kind of file some bytes are, by their first bytes. A name or a declared type is never asked.

use serde::{Deserialize, Serialize};

/// Kinds of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// DICOM, with or without preamble.
    Dicom,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// Zip archive (and everything built on it).
    Zip,
    /// Gzip.
    Gzip,
    /// PDF.
    Pdf,
    /// TIFF, BigTIFF and slides built on it.
    Tiff,
    /// Windows bitmap.
    Bmp,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
    /// MCAP recording.
    Mcap,
    /// HTML or XML.
    Markup,
    /// A program.
    Executable,
    /// None of these.
    Unknown,
}

const SIGNATURES: &[(&[u8], Kind)] = &[
    (b"\x89PNG\r\n\x1a\n", Kind::Png),
    (b"\xFF\xD8\xFF", Kind::Jpeg),
    (b"PK\x03\x04", Kind::Zip),
    (b"PK\x05\x06", Kind::Zip),
    (b"\x1f\x8b", Kind::Gzip),
    (b"%PDF-", Kind::Pdf),
    (b"II*\0", Kind::Tiff),
    (b"MM\0*", Kind::Tiff),
    (b"II+\0", Kind::Tiff),
    (b"MM\0+", Kind::Tiff),
    (b"GIF8", Kind::Gif),
    (b"\x89MCAP0\r\n", Kind::Mcap),
    (b"MZ", Kind::Executable),
    (b"\x7FELF", Kind::Executable),
    (b"BM", Kind::Bmp),
];

/// The kind of a file. DICOM wins over whatever its preamble may look like: the preamble is blanked before
/// anything is passed on.
#[must_use]
pub fn sniff(bytes: &[u8]) -> Kind {
    if bytes.get(128..132) == Some(b"DICM") || bytes.starts_with(b"DICM") {
        return Kind::Dicom;
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Kind::Webp;
    }
    if let Some((_, kind)) = SIGNATURES.iter().find(|(s, _)| bytes.starts_with(s)) {
        return *kind;
    }
    // A bare data set: group 0002 or 0008, a small element number, then a VR or a short length.
    if let Some(&[0x02 | 0x08, 0, _, 0, a, b, c, d]) = bytes.get(..8) {
        let explicit = a.is_ascii_uppercase() && b.is_ascii_uppercase();
        if explicit || c == 0 && d == 0 {
            return Kind::Dicom;
        }
    }
    let text = bytes.trim_ascii_start();
    if text.starts_with(b"<") && text.get(1).is_some_and(|b| b.is_ascii_alphabetic() || b"!?".contains(b)) {
        return Kind::Markup;
    }
    Kind::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_bytes() {
        let mut dicom = vec![0; 128];
        dicom.extend_from_slice(b"DICM");
        assert_eq!(sniff(&dicom), Kind::Dicom);
        dicom[..5].copy_from_slice(b"%PDF-");
        assert_eq!(sniff(&dicom), Kind::Dicom, "a preamble does not decide");
        assert_eq!(sniff(b"\x08\0\x05\0CS\x0a\0ISO_IR 100"), Kind::Dicom);
        assert_eq!(sniff(b"PK\x03\x04rest"), Kind::Zip);
        assert_eq!(sniff(b"  <!doctype html>"), Kind::Markup);
        assert_eq!(sniff(b""), Kind::Unknown);
        assert_eq!(sniff(b"hello"), Kind::Unknown);
    }
}
