//! Comments behind a codestream's header: between the scans of a JPEG, in the headers of a JPEG 2000's tile
//! parts, and whatever stands behind the end. Their bodies are blanked in place, because lengths of tile
//! parts and scans are written elsewhere too.

use std::ops::Range;

/// Bytes that may fill a fragment behind the end of its codestream.
fn is_filler(raw: &[u8]) -> bool {
    raw.iter().all(|b| matches!(b, 0 | 0xFF))
}

/// The bytes from `at` on, with these ranges of `raw` zeroed.
pub(super) fn blanked(raw: &[u8], at: usize, ranges: &[Range<usize>]) -> Vec<u8> {
    let mut out = raw[at..].to_vec();
    for range in ranges {
        out[range.start - at..range.end - at].fill(0);
    }
    out
}

/// Bodies of APPn and COM segments of a JPEG or JPEG-LS from its first scan on, and what follows its end.
pub(super) fn jpeg(raw: &[u8], from: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = from;
    while let Some(step) = raw[at..].iter().position(|b| *b == 0xFF) {
        at += step;
        match raw.get(at + 1) {
            // A second image of its own would be a second frame; it is not this one's rest.
            Some(0xD9) if raw.get(at + 2..at + 4) != Some(&[0xFF, 0xD8]) => {
                if !is_filler(&raw[at + 2..]) {
                    found.push(at + 2..raw.len());
                }
                return found;
            }
            Some(0xE0..=0xEF | 0xFE) => {
                // In a broken scan two bytes may look like a marker: a segment ends where another one begins.
                let length =
                    raw.get(at + 2..at + 4).map_or(0, |l| usize::from(l[0]) << 8 | usize::from(l[1]));
                let end = at + 2 + length;
                if length > 2 && raw.get(end) == Some(&0xFF) && raw[at + 4..end].iter().any(|b| *b != 0) {
                    found.push(at + 4..end);
                    at = end;
                    continue;
                }
                at += 2;
            }
            _ => at += 1,
        }
    }
    found
}

/// Bodies of COM segments in the tile-part headers of a JPEG 2000 from its first tile part on, and what
/// follows its end (ISO/IEC 15444-1 A.4.2).
pub(super) fn jpeg2000(raw: &[u8], from: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = from;
    let word = |at: usize| raw.get(at..at + 2).map(|w| usize::from(w[0]) << 8 | usize::from(w[1]));
    while word(at) == Some(0xFF90) {
        let Some(&[a, b, c, d]) = raw.get(at + 6..at + 10) else { return found };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let end = if length == 0 { raw.len() } else { (at + length).min(raw.len()) };
        let mut inner = at + 12;
        while let Some(marker) = word(inner).filter(|m| *m != 0xFF93 && *m >= 0xFF00) {
            let Some(size) = word(inner + 2).filter(|s| *s >= 2 && inner + 2 + s <= end) else { break };
            let body = inner + 6..inner + 2 + size;
            if marker == 0xFF64 && size > 4 && raw[body.clone()].iter().any(|b| *b != 0) {
                found.push(body);
            }
            inner += 2 + size;
        }
        // A tile part that says it is shorter than its header would loop.
        if length == 0 || end <= at + 12 {
            return found;
        }
        at = end;
    }
    if word(at) == Some(0xFFD9) && !is_filler(&raw[at + 2..]) {
        found.push(at + 2..raw.len());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_between_scans_and_behind_the_end_are_blanked() {
        let raw =
            b"\xFF\xDA\x00\x02\x11\xFF\x00\x22\xFF\xFE\x00\x0AJane Doe\xFF\xDA\x00\x02\x33\xFF\xD9Jane Doe";
        let ranges = jpeg(raw, 0);
        let out = blanked(raw, 0, &ranges);
        assert_eq!(out.len(), raw.len());
        assert!(!out.windows(4).any(|w| w == b"Jane"));
        assert_eq!(out[..12], raw[..12], "what codes pixels stays");
        assert!(jpeg(b"\xFF\xDA\x00\x02\x11\xFF\xD9\0", 0).is_empty());
        assert!(jpeg(b"\xFF\xDA\x00\x02\xFF\xE1\x11\x22\x33\x44", 0).is_empty(), "no segment");
    }

    #[test]
    fn comments_of_tile_parts_are_blanked() {
        let comment = b"\xFF\x64\x00\x0C\x00\x01Jane Doe";
        let part = |body: &[u8]| {
            let length = u32::try_from(12 + comment.len() + 2 + body.len()).unwrap().to_be_bytes();
            [&b"\xFF\x90\x00\x0A\x00\x00"[..], &length, &[0, 1], comment, b"\xFF\x93", body].concat()
        };
        let raw = [part(b"data"), part(b"more"), b"\xFF\xD9".to_vec(), b"Jane".to_vec()].concat();
        let out = blanked(&raw, 0, &jpeg2000(&raw, 0));
        assert!(!out.windows(4).any(|w| w == b"Jane"));
        assert!(out.windows(4).any(|w| w == b"data") && out.windows(4).any(|w| w == b"more"));
        assert!(jpeg2000(b"\xFF\x90\x00\x0A\x00\x00\x00\x00\x00\x01\x00\x01", 0).is_empty(), "no loop");
    }
}
