//! One cloud in both forms, for readers in other languages: `reference/wire.json` holds the numbers and,
//! as hexadecimal text, the bytes. When the format changes on purpose, the test prints the new file.

use countersign_sensors::{Point, PointCloud, wire};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Vector {
    origin: [f64; 3],
    /// x, y, z from the origin in metres, as they are after decoding.
    positions: Vec<[f64; 3]>,
    /// 0 to 255.
    intensities: Vec<u8>,
    clamped: u32,
    dropped: u32,
    bytes: String,
}

/// Small steps, large steps of either sign, steps that wrap, both ends of the range, one point beyond it.
fn cloud() -> PointCloud {
    let positions: [[f32; 3]; 8] = [
        [12.34, -5.6, -1.73],
        [12.35, -5.59, -1.73],
        [12.33, -5.61, -1.72],
        [-70.0, 64.0, 2.5],
        [327.67, -327.68, 0.0],
        [-327.68, 327.67, 0.01],
        [400.0, 0.0, 0.0],
        [0.0, 0.0, 0.0],
    ];
    let point = |(i, &position): (usize, &[f32; 3])| Point { position, intensity: i as f32 / 7.0 };
    PointCloud {
        origin: [1000.5, -2000.25, 30.0],
        points: positions.iter().enumerate().map(point).collect(),
        dropped: 3,
        first_dropped_at: Some(64),
    }
}

#[test]
fn the_vector_for_other_languages_is_what_we_write() {
    let bytes = wire::encode(&cloud());
    let decoded = wire::decode(&bytes).expect("our own bytes");
    let rounded = |v: f32| (f64::from(v) * 100.0).round() / 100.0;
    let made = Vector {
        origin: decoded.cloud.origin,
        positions: decoded.cloud.points.iter().map(|p| p.position.map(rounded)).collect(),
        intensities: decoded.cloud.points.iter().map(|p| (p.intensity * 255.0).round() as u8).collect(),
        clamped: decoded.clamped,
        dropped: decoded.cloud.dropped,
        bytes: bytes.iter().map(|b| format!("{b:02x}")).collect(),
    };
    let kept: Vector = serde_json::from_str(include_str!("reference/wire.json")).expect("the vector");
    assert_eq!(made, kept, "{}", serde_json::to_string(&made).expect("serialises"));
}
