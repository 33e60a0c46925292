//! Comments and application segments within codestreams: they can hold a name as well as a tag can.
//!
//! Whole marker segments of the header are dropped; behind it, between scans and tile parts, they are blanked
//! in place, and so is what stands behind the end. Every byte that codes a pixel stays.

mod late;

use bytes::Bytes;
use countersign_dicom::Coding;

/// Texts by which codecs sign their own work; they say nothing about a patient.
const CODEC_SIGNATURES: [&[u8]; 5] = [
    b"Kakadu-",
    b"Creator: JasPer",
    b"Created by OpenJPEG",
    b"Created by GDCM/OpenJPEG version ",
    b"OpenJPH",
];
/// Longest comment that is taken for such a signature, bytes.
const MAX_SIGNATURE: usize = 64;

type Fragment = (u64, Bytes);
/// The codestream without what does not belong; `None` when there was nothing of that kind.
type Strip = fn(&[u8]) -> Result<Option<Vec<u8>>, &'static str>;

/// Drops what does not belong from every frame's header. Returns whether anything was dropped; the Basic
/// Offset Table is then made to fit.
pub(crate) fn strip(
    coding: Coding,
    offsets: &mut Bytes,
    fragments: &mut [Fragment],
) -> Result<bool, &'static str> {
    let clean: Strip = match coding {
        Coding::JpegBaseline | Coding::JpegExtended | Coding::JpegLossless | Coding::JpegLs => jpeg,
        Coding::Jpeg2000 => jpeg2000,
        Coding::JpegXl => countersign_dicom::bare_jpeg_xl,
        _ => return Ok(false),
    };
    let before = starts(fragments);
    let mut changed = false;
    for (_, raw) in fragments.iter_mut() {
        if let Some(cleaned) = clean(raw)? {
            *raw = cleaned.into();
            changed = true;
        }
    }
    if changed && !offsets.is_empty() {
        let after = starts(fragments);
        let moved = |old: u32| before.iter().position(|s| *s == u64::from(old)).map(|i| after[i]);
        let table: Option<Vec<u8>> = offsets
            .as_chunks::<4>()
            .0
            .iter()
            .map(|o| Some(u32::try_from(moved(u32::from_le_bytes(*o))?).ok()?.to_le_bytes()))
            .collect::<Option<Vec<_>>>()
            .map(|t| t.concat());
        // A table that pointed nowhere is dropped: an empty one is legal.
        *offsets = table.unwrap_or_default().into();
    }
    Ok(changed)
}

/// Offset of each fragment's item from the first item, as the Basic Offset Table counts.
fn starts(fragments: &[Fragment]) -> Vec<u64> {
    let mut at = 0;
    fragments
        .iter()
        .map(|(_, f)| {
            let start = at;
            at += 8 + (f.len() + f.len() % 2) as u64;
            start
        })
        .collect()
}

/// A segment behind its marker: length field and body.
fn segment(raw: &[u8], at: usize) -> Result<&[u8], &'static str> {
    let length = match raw.get(at + 2..at + 4) {
        Some(&[a, b]) => usize::from(u16::from_be_bytes([a, b])),
        _ => return Err("a header that ends within its fragment"),
    };
    raw.get(at..at + 2 + length).filter(|_| length >= 2).ok_or("a header that ends within its fragment")
}

/// JPEG and JPEG-LS: APPn and COM go, but for what a decoder needs (JFIF, Adobe, and the APP8 of JPEG-LS).
pub(crate) fn jpeg(raw: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
    let Some(lead) = raw.iter().take(64).position(|&b| b == 0xFF) else { return Ok(None) };
    if raw.get(lead + 1) != Some(&0xD8) {
        // A later fragment of a frame: it has no header.
        return Ok(None);
    }
    let mut out = vec![0xFF, 0xD8];
    let mut at = lead + 2;
    let mut dropped = lead > 0;
    while raw.get(at) == Some(&0xFF) {
        let marker = *raw.get(at + 1).ok_or("a header that ends within its fragment")?;
        if marker == 0xFF {
            at += 1;
            continue;
        }
        if marker == 0xDA || marker == 0xD9 {
            break;
        }
        let whole = segment(raw, at)?;
        let body = &whole[4..];
        match marker {
            0xE0 if body.starts_with(b"JFIF\0") && body.len() >= 14 => {
                dropped |= body.len() > 14;
                // Without a thumbnail.
                out.extend_from_slice(&[0xFF, 0xE0, 0, 16]);
                out.extend_from_slice(&body[..12]);
                out.extend_from_slice(&[0, 0]);
            }
            0xEE if body.starts_with(b"Adobe") && body.len() == 12 => out.extend_from_slice(whole),
            0xE8 if body.starts_with(b"mrfx") && body.len() == 5 => out.extend_from_slice(whole),
            0xE0..=0xEF | 0xFE => dropped = true,
            _ => out.extend_from_slice(whole),
        }
        at += whole.len();
    }
    let late = late::jpeg(raw, at);
    if !dropped && late.is_empty() {
        return Ok(None);
    }
    out.extend_from_slice(&late::blanked(raw, at, &late));
    Ok(Some(out))
}

/// JPEG 2000: COM segments of the main header go, and so do the boxes around a codestream.
pub(crate) fn jpeg2000(raw: &[u8]) -> Result<Option<Vec<u8>>, &'static str> {
    let boxed = raw.get(4..8) == Some(b"jP  ");
    let stream = if boxed { codestream_of(raw)? } else { raw };
    if stream.get(..2) != Some(&[0xFF, 0x4F]) {
        return Ok(None);
    }
    let mut out = vec![0xFF, 0x4F];
    let mut at = 2;
    let mut dropped = boxed;
    while let Some(&[0xFF, marker]) = stream.get(at..at + 2) {
        if marker == 0x90 || marker == 0xD9 {
            break;
        }
        let whole = segment(stream, at)?;
        let comment = whole.get(6..).unwrap_or_default();
        let signed =
            comment.len() <= MAX_SIGNATURE && CODEC_SIGNATURES.iter().any(|s| comment.starts_with(s));
        if marker == 0x64 && !signed {
            dropped = true;
        } else {
            out.extend_from_slice(whole);
        }
        at += whole.len();
    }
    let late = late::jpeg2000(stream, at);
    if !dropped && late.is_empty() {
        return Ok(None);
    }
    out.extend_from_slice(&late::blanked(stream, at, &late));
    Ok(Some(out))
}

/// The content of the jp2c box.
fn codestream_of(raw: &[u8]) -> Result<&[u8], &'static str> {
    let broken = "boxes that cannot be followed";
    let mut at = 0;
    while let Some(&[a, b, c, d, k0, k1, k2, k3]) = raw.get(at..at + 8) {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let end = if length == 0 { raw.len() } else { at + length };
        if length == 1 || end > raw.len() || end < at + 8 {
            return Err(broken);
        }
        if &[k0, k1, k2, k3] == b"jp2c" {
            return Ok(&raw[at + 8..end]);
        }
        at = end;
    }
    Err(broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg_with(segments: &[&[u8]]) -> Vec<u8> {
        let mut raw = vec![0xFF, 0xD8];
        for s in segments {
            raw.extend_from_slice(s);
        }
        raw.extend_from_slice(&[0xFF, 0xDA, 0, 2, 1, 2, 3, 0xFF, 0xD9]);
        raw
    }

    #[test]
    fn a_comment_goes_and_the_offset_table_follows() {
        let plain = jpeg_with(&[&[0xFF, 0xDB, 0, 3, 9]]);
        let talking = jpeg_with(&[&[0xFF, 0xDB, 0, 3, 9], b"\xFF\xFE\x00\x0AJane Doe"]);
        let mut fragments = vec![(0, Bytes::from(talking.clone())), (0, Bytes::from(talking.clone()))];
        let second = 8 + u32::try_from(talking.len() + talking.len() % 2).unwrap();
        let mut offsets = Bytes::from([0u32.to_le_bytes(), second.to_le_bytes()].concat());
        assert_eq!(strip(Coding::JpegBaseline, &mut offsets, &mut fragments), Ok(true));
        assert_eq!(fragments[0].1, plain);
        assert_eq!(fragments[1].1, plain);
        let moved = 8 + u32::try_from(plain.len() + plain.len() % 2).unwrap();
        assert_eq!(offsets, [0u32.to_le_bytes(), moved.to_le_bytes()].concat());
        assert_eq!(
            strip(Coding::JpegBaseline, &mut offsets, &mut fragments),
            Ok(false),
            "nothing more to drop"
        );
    }

    #[test]
    fn a_codec_may_sign_its_work_but_nobody_else() {
        let stream = |comment: &[u8]| {
            let length = u16::try_from(comment.len() + 4).unwrap().to_be_bytes();
            [&[0xFF, 0x4F, 0xFF, 0x64], &length[..], &[0, 1], comment, &[0xFF, 0x90, 0, 4, 7, 7]].concat()
        };
        assert_eq!(jpeg2000(&stream(b"Kakadu-v8.4")), Ok(None));
        assert_eq!(jpeg2000(&stream(b"Jane Doe")), Ok(Some(vec![0xFF, 0x4F, 0xFF, 0x90, 0, 4, 7, 7])));
    }
}
