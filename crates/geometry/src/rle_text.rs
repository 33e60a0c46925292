//! COCO's text form of run lengths: each run as its difference from the run two before (from the fourth
//! run on), in groups of five bits, low groups first, bit 5 = "more follows", plus 48 to be printable.

use crate::GeometryError;

const FIRST_CHARACTER: u8 = 48;
const GROUP_BITS: u32 = 5;
const MORE: i64 = 0x20;
const SIGN: i64 = 0x10;
/// Groups that a run can need: 33 bits with the sign.
const GROUPS_MAX: u32 = 7;

pub(crate) fn encode(counts: &[u32]) -> String {
    let mut text = String::with_capacity(counts.len() * 2);
    for (i, &count) in counts.iter().enumerate() {
        let mut value = i64::from(count);
        if i > 2 {
            value -= i64::from(counts[i - 2]);
        }
        loop {
            let group = value & 0x1f;
            value >>= GROUP_BITS;
            let done = if group & SIGN != 0 { value == -1 } else { value == 0 };
            let coded = if done { group } else { group | MORE };
            text.push(char::from(FIRST_CHARACTER + coded as u8));
            if done {
                break;
            }
        }
    }
    text
}

pub(crate) fn decode(text: &str) -> Result<Vec<u32>, GeometryError> {
    let bytes = text.as_bytes();
    let mut counts: Vec<u32> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let (mut value, mut groups) = (0i64, 0u32);
        loop {
            let byte = *bytes.get(at).ok_or(GeometryError::MaskText { offset: at })?;
            let coded = i64::from(byte) - i64::from(FIRST_CHARACTER);
            if !(0..64).contains(&coded) || groups == GROUPS_MAX {
                return Err(GeometryError::MaskText { offset: at });
            }
            value |= (coded & 0x1f) << (GROUP_BITS * groups);
            groups += 1;
            at += 1;
            if coded & MORE == 0 {
                if coded & SIGN != 0 {
                    value |= -1 << (GROUP_BITS * groups);
                }
                break;
            }
        }
        if counts.len() > 2 {
            value += i64::from(counts[counts.len() - 2]);
        }
        counts.push(u32::try_from(value).map_err(|_| GeometryError::MaskText { offset: start })?);
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_text_is_placed() {
        assert_eq!(decode("5\u{1}"), Err(GeometryError::MaskText { offset: 1 }));
        // A group that promises more and stops.
        assert_eq!(decode("5P"), Err(GeometryError::MaskText { offset: 2 }));
        // A run below zero: -1.
        assert_eq!(decode("O"), Err(GeometryError::MaskText { offset: 0 }));
        assert_eq!(decode("PPPPPPPPPP"), Err(GeometryError::MaskText { offset: 7 }));
        assert_eq!(decode(""), Ok(Vec::new()));
    }
}
