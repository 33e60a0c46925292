//! PNG (ISO/IEC 15948): critical chunks and the few that decide how pixels look are kept.

use super::{CleanedImage, ImageError, MAX_PARTS, Stripped, check_size, trailing};
use crate::Kind;

/// Ancillary chunks that are numbers about the pixels and nothing else.
const KEPT: [&[u8; 4]; 6] = [b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs"];
const SIGNATURE: usize = 8;

pub(super) fn clean(bytes: &[u8]) -> Result<CleanedImage, ImageError> {
    let mut out = bytes[..SIGNATURE].to_vec();
    let mut stripped = Vec::new();
    let mut size = None;
    let mut has_pixels = false;
    let mut orientation = None;
    let mut at = SIGNATURE;
    for _ in 0..MAX_PARTS {
        let broken = |why| ImageError::Broken { offset: at as u64, why };
        let truncated = ImageError::Truncated { offset: at as u64 };
        let Some(&[a, b, c, d, k0, k1, k2, k3]) = bytes.get(at..at + 8) else { return Err(truncated) };
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let kind = [k0, k1, k2, k3];
        let end = at + 12 + length;
        let whole = bytes.get(at..end).ok_or(truncated)?;
        let body = &whole[8..8 + length];
        if !kind.iter().all(u8::is_ascii_alphabetic) {
            return Err(broken("a chunk type that is none"));
        }
        if crc(&whole[4..8 + length]) != whole[8 + length..] {
            return Err(broken("a chunk whose checksum is wrong"));
        }
        if size.is_none() != (&kind == b"IHDR") {
            return Err(broken("the header is not the first chunk, or not the only header"));
        }
        match &kind {
            b"IHDR" => {
                let &[w0, w1, w2, w3, h0, h1, h2, h3, ..] = body else {
                    return Err(broken("a short header"));
                };
                let (w, h) = (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
                size = Some(check_size(w.into(), h.into(), at + 8)?);
                out.extend_from_slice(whole);
            }
            b"PLTE" => out.extend_from_slice(whole),
            b"IDAT" => {
                has_pixels = true;
                out.extend_from_slice(whole);
            }
            b"IEND" if has_pixels => {
                out.extend_from_slice(whole);
                trailing(bytes, end, &mut stripped)?;
                let (width, height) = size.ok_or(broken("no header"))?;
                return Ok(CleanedImage {
                    bytes: out,
                    kind: Kind::Png,
                    width,
                    height,
                    orientation,
                    stripped,
                });
            }
            b"IEND" => return Err(broken("no pixels")),
            k if KEPT.contains(&k) => out.extend_from_slice(whole),
            // An upper-case first letter: a chunk that no decoder may skip.
            _ if k0.is_ascii_uppercase() => return Err(broken("an unknown critical chunk")),
            k => {
                if k == b"eXIf" {
                    orientation = super::jpeg::exif_orientation(body);
                }
                let part = String::from_utf8_lossy(&kind).into_owned();
                stripped.push(Stripped { part, offset: at as u64, bytes: whole.len() as u64 });
            }
        }
        at = end;
    }
    Err(ImageError::Broken { offset: at as u64, why: "too many chunks" })
}

fn crc(data: &[u8]) -> [u8; 4] {
    let mut crc = flate2::Crc::new();
    crc.update(data);
    crc.sum().to_be_bytes()
}
