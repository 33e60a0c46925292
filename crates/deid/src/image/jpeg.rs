//! JPEG (ITU-T T.81): tables, frames and scans are kept; of the application segments only what decides
//! about colour.

use super::{CleanedImage, ImageError, MAX_PARTS, Stripped, check_size, trailing};
use crate::Kind;

/// EXIF tag "Orientation".
const ORIENTATION: u16 = 0x0112;

pub(super) fn clean(bytes: &[u8]) -> Result<CleanedImage, ImageError> {
    let mut out = bytes[..2].to_vec();
    let mut stripped = Vec::new();
    let mut size = None;
    let mut scans = 0;
    let mut orientation = None;
    let mut at = 2;
    for _ in 0..MAX_PARTS {
        let broken = |why| ImageError::Broken { offset: at as u64, why };
        let truncated = || ImageError::Truncated { offset: at as u64 };
        let marker = match bytes.get(at..at + 2).ok_or_else(truncated)? {
            [0xFF, 0xFF] => {
                at += 1;
                continue;
            }
            [0xFF, m @ 0xC0..=0xFE] => *m,
            _ => return Err(broken("a marker was expected")),
        };
        if marker == 0xD9 {
            if scans == 0 {
                return Err(broken("no scan"));
            }
            out.extend_from_slice(&[0xFF, 0xD9]);
            trailing(bytes, at + 2, &mut stripped)?;
            let (width, height) = size.ok_or(broken("no frame header"))?;
            return Ok(CleanedImage { bytes: out, kind: Kind::Jpeg, width, height, orientation, stripped });
        }
        if matches!(marker, 0xD0..=0xD8) {
            return Err(broken("a marker that does not belong here"));
        }
        let length = match bytes.get(at + 2..at + 4).ok_or_else(truncated)? {
            [a, b] => usize::from(u16::from_be_bytes([*a, *b])),
            _ => return Err(truncated()),
        };
        if length < 2 {
            return Err(broken("a segment shorter than its length"));
        }
        let whole = bytes.get(at..at + 2 + length).ok_or_else(truncated)?;
        let body = &whole[4..];
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                let &[_, h1, h0, w1, w0, ..] = body else { return Err(broken("a short frame header")) };
                if size.is_some() {
                    return Err(broken("a second frame header"));
                }
                let (h, w) = (u16::from_be_bytes([h1, h0]), u16::from_be_bytes([w1, w0]));
                size = Some(check_size(w.into(), h.into(), at + 5)?);
                out.extend_from_slice(whole);
            }
            0xE0..=0xEF | 0xFE => {
                if marker == 0xE1 && body.starts_with(b"Exif\0\0") {
                    orientation = exif_orientation(&body[6..]);
                }
                application(marker, whole, at, &mut out, &mut stripped);
            }
            _ => out.extend_from_slice(whole),
        }
        at += whole.len();
        if marker == 0xDA {
            if size.is_none() {
                return Err(ImageError::Broken { offset: at as u64, why: "a scan before the frame header" });
            }
            scans += 1;
            let end = entropy_end(bytes, at).ok_or(ImageError::Truncated { offset: at as u64 })?;
            out.extend_from_slice(&bytes[at..end]);
            at = end;
        }
    }
    Err(ImageError::Broken { offset: at as u64, why: "too many segments" })
}

/// Keeps JFIF without its thumbnail and Adobe's colour transform; drops the rest.
fn application(marker: u8, whole: &[u8], at: usize, out: &mut Vec<u8>, stripped: &mut Vec<Stripped>) {
    let body = &whole[4..];
    let mut drop = |part: String, bytes: usize| {
        stripped.push(Stripped { part, offset: at as u64, bytes: bytes as u64 });
    };
    match marker {
        0xE0 if body.starts_with(b"JFIF\0") && body.len() >= 14 => {
            out.extend_from_slice(&[0xFF, 0xE0, 0, 16]);
            out.extend_from_slice(&body[..12]);
            out.extend_from_slice(&[0, 0]);
            if body.len() > 14 {
                drop("APP0 thumbnail".to_owned(), body.len() - 14);
            }
        }
        0xEE if body.starts_with(b"Adobe") && body.len() == 12 => out.extend_from_slice(whole),
        0xFE => drop("COM".to_owned(), whole.len()),
        _ => drop(format!("APP{}", marker & 0x0F), whole.len()),
    }
}

/// First byte of the marker behind entropy-coded data: FF followed by neither a stuffed 0 nor a restart.
fn entropy_end(bytes: &[u8], from: usize) -> Option<usize> {
    let data = &bytes[from..];
    data.windows(2).position(|w| w[0] == 0xFF && !matches!(w[1], 0 | 0xD0..=0xD7 | 0xFF)).map(|p| from + p)
}

/// Orientation (1 to 8) from the first directory of an EXIF block.
pub(super) fn exif_orientation(tiff: &[u8]) -> Option<u8> {
    let little = match tiff.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let u16_at = |at: usize| {
        let b: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) })
    };
    let b: [u8; 4] = tiff.get(4..8)?.try_into().ok()?;
    let start = if little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) } as usize;
    let count = usize::from(u16_at(start)?);
    let entry = (0..count).map(|i| start + 2 + 12 * i).find(|at| u16_at(*at) == Some(ORIENTATION))?;
    u16_at(entry + 8).and_then(|v| u8::try_from(v).ok()).filter(|v| (1..=8).contains(v))
}
