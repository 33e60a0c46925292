//! The form in which a point cloud travels to the page.
//!
//! Made for HTTP's own compression (two bytes a point after gzip, sixteen before), for the order of the
//! points to stay, and for a reader of thirty lines. All numbers are little-endian. With `n` points:
//!
//! | byte | type | holds |
//! | --- | --- | --- |
//! | 0 | 4 bytes | magic, the ASCII letters `CSPC` |
//! | 4 | u16 | version, 1 |
//! | 6 | u16 | length of this header, 56; the planes start there |
//! | 8 | u32 | `n`, number of points |
//! | 12 | u32 | points with a coordinate that did not fit and was set to the nearest that does |
//! | 16 | u32 | points of the source that were left out because a number was not finite |
//! | 20 | u32 | 0, reserved |
//! | 24 | f64 | scale: metres per step, 0.01 |
//! | 32 | 3 × f64 | origin x, y, z in the scene, metres |
//! | 56 | n × u8 | low bytes of x |
//! | 56 + n | n × u8 | high bytes of x |
//! | 56 + 2n | n × u8 | low bytes of y |
//! | 56 + 3n | n × u8 | high bytes of y |
//! | 56 + 4n | n × u8 | low bytes of z |
//! | 56 + 5n | n × u8 | high bytes of z |
//! | 56 + 6n | n × u8 | intensity, 0 to 255 |
//!
//! To read one axis: for each point take `code = low | high << 8`; undo the zigzag,
//! `step = (code >> 1) ^ -(code & 1)`, to get the difference from the point before (from 0 for the
//! first); add it up modulo 2¹⁶ as a signed 16-bit number, `q = ((q + step) << 16) >> 16`; the coordinate
//! is `origin + scale * q`. Intensity is stored as it is, without differences.

use crate::{POINTS_MAX, Point, PointCloud};

/// First bytes of the format.
pub const MAGIC: [u8; 4] = *b"CSPC";
/// Version of the format.
pub const VERSION: u16 = 1;
/// Bytes before the planes.
pub const HEADER_BYTES: usize = 56;
/// Bytes per point.
pub const POINT_BYTES: usize = 7;
/// Metres per step: finer than any spinning LiDAR's noise; reaches ±327.67 m from the origin.
pub const SCALE_M: f64 = 0.01;

/// Why bytes are not a point cloud.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// Too short for the header, or for the points that it announces.
    #[error("the point cloud has {found} bytes, expected {expected}")]
    Length {
        /// Bytes found.
        found: u64,
        /// Bytes expected.
        expected: u64,
    },
    /// Not this format, or another version of it.
    #[error("byte {offset}: not a point cloud of version {VERSION}")]
    Format {
        /// Offset of the field that is off.
        offset: usize,
    },
    /// A scale or origin that is not a finite number, or a scale that is not positive.
    #[error("byte {offset}: scale and origin must be finite, scale greater than zero")]
    Number {
        /// Offset of the field that is off.
        offset: usize,
    },
    /// More points than the limit.
    #[error("{found} points are over the limit of {POINTS_MAX}")]
    TooMany {
        /// Points announced.
        found: u64,
    },
}

impl WireError {
    /// A stable name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "points.length",
            Self::Format { .. } => "points.format",
            Self::Number { .. } => "points.number",
            Self::TooMany { .. } => "points.too_many",
        }
    }
}

/// A cloud read back, to the centimetre.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The points.
    pub cloud: PointCloud,
    /// Points whose coordinate was set to the nearest that fits.
    pub clamped: u32,
}

/// Writes a cloud. Coordinates beyond ±327.67 m from the origin are set to the nearest that fits, and the
/// header says how many points that concerned.
#[must_use]
pub fn encode(cloud: &PointCloud) -> Vec<u8> {
    let n = cloud.points.len();
    let mut out = vec![0u8; HEADER_BYTES + POINT_BYTES * n];
    let mut clamped = 0u32;
    let (header, body) = out.split_at_mut(HEADER_BYTES);
    let mut before = [0i16; 3];
    for (i, point) in cloud.points.iter().enumerate() {
        let mut fits = true;
        for axis in 0..3 {
            let steps = (f64::from(point.position[axis]) / SCALE_M).round();
            // A cast from float to integer stops at the ends of the range.
            let q = steps as i16;
            fits &= f64::from(q) == steps;
            let code = zigzag(q.wrapping_sub(before[axis]));
            before[axis] = q;
            let [low, high] = code.to_le_bytes();
            body[2 * axis * n + i] = low;
            body[(2 * axis + 1) * n + i] = high;
        }
        clamped += u32::from(!fits);
        body[6 * n + i] = (point.intensity * 255.0).round() as u8;
    }
    header[0..4].copy_from_slice(&MAGIC);
    header[4..6].copy_from_slice(&VERSION.to_le_bytes());
    header[6..8].copy_from_slice(&(HEADER_BYTES as u16).to_le_bytes());
    header[8..12].copy_from_slice(&(n as u32).to_le_bytes());
    header[12..16].copy_from_slice(&clamped.to_le_bytes());
    header[16..20].copy_from_slice(&cloud.dropped.to_le_bytes());
    header[24..32].copy_from_slice(&SCALE_M.to_le_bytes());
    for (axis, value) in cloud.origin.iter().enumerate() {
        header[32 + 8 * axis..40 + 8 * axis].copy_from_slice(&value.to_le_bytes());
    }
    out
}

/// Reads a cloud back.
///
/// # Errors
/// [`WireError`] with the byte offset of what is off.
pub fn decode(bytes: &[u8]) -> Result<Decoded, WireError> {
    let found = bytes.len() as u64;
    let Some((header, body)) = bytes.split_at_checked(HEADER_BYTES) else {
        return Err(WireError::Length { found, expected: HEADER_BYTES as u64 });
    };
    if header[0..4] != MAGIC {
        return Err(WireError::Format { offset: 0 });
    }
    if header[4..6] != VERSION.to_le_bytes() {
        return Err(WireError::Format { offset: 4 });
    }
    if header[6..8] != (HEADER_BYTES as u16).to_le_bytes() {
        return Err(WireError::Format { offset: 6 });
    }
    let count = u64::from(u32_at(header, 8));
    if count > POINTS_MAX as u64 {
        return Err(WireError::TooMany { found: count });
    }
    let n = count as usize;
    if body.len() != POINT_BYTES * n {
        return Err(WireError::Length { found, expected: (HEADER_BYTES + POINT_BYTES * n) as u64 });
    }
    let scale = f64_at(header, 24);
    if !scale.is_finite() || scale <= 0.0 {
        return Err(WireError::Number { offset: 24 });
    }
    let origin = [f64_at(header, 32), f64_at(header, 40), f64_at(header, 48)];
    if let Some(axis) = origin.iter().position(|v| !v.is_finite()) {
        return Err(WireError::Number { offset: 32 + 8 * axis });
    }
    let mut points = Vec::with_capacity(n);
    let mut q = [0i16; 3];
    for i in 0..n {
        for (axis, value) in q.iter_mut().enumerate() {
            let code = u16::from_le_bytes([body[2 * axis * n + i], body[(2 * axis + 1) * n + i]]);
            *value = value.wrapping_add(unzigzag(code));
        }
        let position = q.map(|v| (f64::from(v) * scale) as f32);
        points.push(Point { position, intensity: f32::from(body[6 * n + i]) / 255.0 });
    }
    let cloud = PointCloud { origin, points, dropped: u32_at(header, 16), first_dropped_at: None };
    Ok(Decoded { cloud, clamped: u32_at(header, 12) })
}

/// Small numbers of either sign become small numbers, so that the high bytes are nearly all zero.
fn zigzag(step: i16) -> u16 {
    ((step << 1) ^ (step >> 15)) as u16
}

fn unzigzag(code: u16) -> i16 {
    (code >> 1) as i16 ^ -((code & 1) as i16)
}

/// Reads a number from the header, whose length was checked.
fn u32_at(header: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|i| header[at + i]))
}

fn f64_at(header: &[u8], at: usize) -> f64 {
    f64::from_le_bytes(std::array::from_fn(|i| header[at + i]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud(points: &[[f32; 3]]) -> PointCloud {
        PointCloud {
            points: points.iter().map(|&position| Point { position, intensity: 0.5 }).collect(),
            ..PointCloud::default()
        }
    }

    #[test]
    fn the_bytes_are_as_documented() {
        let mut two = cloud(&[[1.0, -0.02, 0.0], [0.99, 327.67, 0.0]]);
        two.origin = [10.0, 0.0, 0.0];
        let bytes = encode(&two);
        assert_eq!(bytes.len(), 56 + 14);
        assert_eq!(&bytes[0..8], b"CSPC\x01\x00\x38\x00");
        assert_eq!(bytes[8..12], [2, 0, 0, 0]);
        // x: +100 → 200, then -1 → 1; y: -2 → 3, then 32769 wraps to -32767 → 65533.
        assert_eq!(bytes[56..60], [200, 1, 0, 0]);
        assert_eq!(bytes[60..64], [3, 253, 0, 255]);
        assert_eq!(bytes[64..68], [0; 4]);
        assert_eq!(bytes[68..70], [128, 128]);
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let decoded = decode(&encode(&cloud(&[[400.0, 0.0, -1e30], [327.67, 0.0, 0.0]]))).expect("reads");
        assert_eq!(decoded.clamped, 1);
        assert_eq!(decoded.cloud.points[0].position[0], 327.67);
        assert_eq!(decoded.cloud.points[0].position[2], -327.68);
    }

    #[test]
    fn foreign_bytes_are_refused_by_place() {
        let good = encode(&cloud(&[[0.0; 3]]));
        assert_eq!(decode(&good[..55]), Err(WireError::Length { found: 55, expected: 56 }));
        assert_eq!(decode(&good[..62]), Err(WireError::Length { found: 62, expected: 63 }));
        let mut many = good.clone();
        many[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(decode(&many), Err(WireError::TooMany { found: u64::from(u32::MAX) }));
        let mut other = good.clone();
        other[4] = 2;
        assert_eq!(decode(&other), Err(WireError::Format { offset: 4 }));
        let mut nan = good;
        nan[40..48].copy_from_slice(&f64::NAN.to_le_bytes());
        assert_eq!(decode(&nan), Err(WireError::Number { offset: 40 }));
    }
}
