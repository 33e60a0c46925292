//! DICOM's run-length coding (PS3.5 Annex G), the way out of `frames::rle`.

/// Length of the header, bytes: the number of segments and 15 offsets.
const HEADER: usize = 64;
/// Most segments of a frame.
const MAX_SEGMENTS: usize = 15;
/// Longest run, literal or repeated, bytes.
const RUN: usize = 128;

/// Codes byte planes, most significant first (G.2): each row of `row` bytes is coded on its own (G.3.1).
pub(super) fn encode(planes: &[Vec<u8>], row: usize) -> Result<Vec<u8>, &'static str> {
    if planes.len() > MAX_SEGMENTS {
        return Err("more than 15 byte planes");
    }
    let mut out = vec![0u8; HEADER];
    let word = |n: usize| u32::try_from(n).map(u32::to_le_bytes).map_err(|_| "a frame of more than 4 GiB");
    out[..4].copy_from_slice(&word(planes.len())?);
    for (i, plane) in planes.iter().enumerate() {
        let offset = word(out.len())?;
        out[4 + 4 * i..8 + 4 * i].copy_from_slice(&offset);
        for line in plane.chunks(row.max(1)) {
            pack(line, &mut out);
        }
        if !out.len().is_multiple_of(2) {
            out.push(0);
        }
    }
    Ok(out)
}

fn pack(line: &[u8], out: &mut Vec<u8>) {
    let run_at = |at: usize| line[at..].iter().take(RUN).take_while(|b| **b == line[at]).count();
    let mut at = 0;
    while at < line.len() {
        let run = run_at(at);
        if run >= 2 {
            // 2 to 128: -1 to -127 as the control byte.
            out.extend_from_slice(&[(257 - run) as u8, line[at]]);
            at += run;
            continue;
        }
        let start = at;
        // Two equal bytes within literals cost no less as a run; three do.
        while at < line.len() && at - start < RUN && run_at(at) < 3 {
            at += 1;
        }
        out.push((at - start - 1) as u8);
        out.extend_from_slice(&line[start..at]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_literals_are_told_apart_and_rows_stay_apart() {
        let got = encode(&[vec![1, 1, 1, 1, 2, 3, 4, 4, 5, 5, 5, 5]], 6).unwrap();
        assert_eq!(got[..8], [1, 0, 0, 0, 64, 0, 0, 0]);
        assert_eq!(got[64..], [0xFD, 1, 1, 2, 3, 0xFF, 4, 0xFD, 5, 0]);
        assert!(encode(&vec![vec![0]; 16], 1).is_err());
        let long = encode(&[vec![9; 300]], 300).unwrap();
        assert_eq!(long[64..], [0x81, 9, 0x81, 9, 0xD5, 9]);
    }
}
