//! DICOM's run-length coding (PS3.5 Annex G): up to 15 byte planes, each a PackBits segment.

use super::PixelLayout;

/// Length of the header, bytes: the number of segments and 15 offsets.
const HEADER: usize = 64;
/// Longest run, bytes.
const LONGEST_RUN: usize = 128;

/// Decodes a frame to little-endian samples, interleaved by pixel.
pub(super) fn decode(data: &[u8], layout: &PixelLayout) -> Result<Vec<u8>, &'static str> {
    let width = usize::from(layout.bits_allocated.div_ceil(8));
    let planes = layout.samples * width;
    let head = data.get(..HEADER).ok_or("the header is cut off")?;
    let word = |i: usize| u32::from_le_bytes([head[i], head[i + 1], head[i + 2], head[i + 3]]) as usize;
    if word(0) != planes {
        return Err("the number of segments does not go with the image");
    }
    let size = if layout.bits_allocated == 1 { layout.pixels().div_ceil(8) } else { layout.pixels() };
    // A run of 128 bytes takes two: what cannot be in the data is not made room for.
    if size.div_ceil(LONGEST_RUN) * 2 * planes > data.len() {
        return Err("fewer runs than the image needs");
    }
    let mut out = vec![0u8; size * planes];
    for plane in 0..planes {
        let from = word(4 + 4 * plane);
        let to = if plane + 1 < planes { word(8 + 4 * plane) } else { data.len() };
        let segment = data.get(from..to).filter(|_| from >= HEADER).ok_or("a segment is cut off")?;
        // The most significant byte of a sample comes first.
        let (sample, byte) = (plane / width, width - 1 - plane % width);
        unpack(segment, size, &mut out, sample * width + byte, planes)?;
    }
    Ok(out)
}

fn unpack(
    segment: &[u8],
    count: usize,
    out: &mut [u8],
    first: usize,
    step: usize,
) -> Result<(), &'static str> {
    let mut at = 0;
    let mut done = 0;
    while done < count {
        let control = *segment.get(at).ok_or("a segment ends before its last pixel")?;
        at += 1;
        match control {
            0..=127 => {
                let length = usize::from(control) + 1;
                let literal = segment.get(at..at + length).ok_or("a literal run is cut off")?;
                for &b in literal.iter().take(count - done) {
                    out[first + done * step] = b;
                    done += 1;
                }
                at += length;
            }
            128 => {}
            129.. => {
                let b = *segment.get(at).ok_or("a repeated run is cut off")?;
                at += 1;
                for _ in 0..(257 - usize::from(control)).min(count - done) {
                    out[first + done * step] = b;
                    done += 1;
                }
            }
        }
    }
    Ok(())
}
