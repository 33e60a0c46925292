//! Calibration files: `KEY: numbers` per line.

use countersign_geometry::{Camera, Distortion, Pinhole, Quat, Rigid3};

use super::{KittiError, PIXEL_SHIFT};
use crate::SceneCalibration;

/// Largest calibration file, bytes; real ones have 1.6 kB.
pub const CALIB_BYTES_MAX: usize = 64 * 1024;

/// How far an element of the projection that must be 0 or 1 may be from it.
const PINHOLE_TOLERANCE: f64 = 1e-6;

/// Rounding that a shift without a turn may carry, radians.
const TURN_TOLERANCE_RAD: f64 = 1e-6;

/// Reads the calibration of camera 2 (left colour) and the LiDAR.
///
/// Needs `P2`, `R0_rect` and `Tr_velo_to_cam`; other keys are ignored. `P2 = K [I | t]` is taken apart so
/// that `lidar_to_camera = t ∘ R0_rect ∘ Tr_velo_to_cam` is a rigid transform.
///
/// # Errors
/// [`KittiError`] with the line: a key missing or repeated, a wrong count of numbers, a number that is not
/// finite, a matrix that is not a rotation (naming the rows or the determinant), a projection that is not
/// a pinhole's.
pub fn parse_calib(text: &str) -> Result<SceneCalibration, KittiError> {
    if text.len() > CALIB_BYTES_MAX {
        return Err(KittiError::TooLarge {
            file: "calib",
            bytes: text.len() as u64,
            limit: CALIB_BYTES_MAX as u64,
        });
    }
    let mut p2: Option<Entry<12>> = None;
    let mut r0: Option<Entry<9>> = None;
    let mut tr: Option<Entry<12>> = None;
    for (i, content) in text.lines().enumerate() {
        let line = i + 1;
        if content.trim().is_empty() {
            continue;
        }
        let (key, numbers) = content.split_once(':').ok_or(KittiError::NoKey { line })?;
        match key.trim() {
            "P2" => fill(&mut p2, "P2", "12 numbers", line, numbers)?,
            "R0_rect" => fill(&mut r0, "R0_rect", "9 numbers", line, numbers)?,
            "Tr_velo_to_cam" => fill(&mut tr, "Tr_velo_to_cam", "12 numbers", line, numbers)?,
            _ => {}
        }
    }
    let p2 = p2.ok_or(KittiError::Missing { key: "P2" })?;
    let r0 = r0.ok_or(KittiError::Missing { key: "R0_rect" })?;
    let tr = tr.ok_or(KittiError::Missing { key: "Tr_velo_to_cam" })?;

    let rectify = Rigid3::from_parts(&rows3(&r0.numbers), [0.0; 3])
        .map_err(|source| KittiError::NotRigid { line: r0.line, key: "R0_rect", source })?;
    let to_reference = Rigid3::from_rows(&rows4(&tr.numbers)).map_err(|source| KittiError::NotRigid {
        line: tr.line,
        key: "Tr_velo_to_cam",
        source,
    })?;
    let (camera, baseline) = take_apart(&rows4(&p2.numbers), p2.line)?;
    let lidar_to_rectified = rectify.compose(&to_reference);
    Ok(SceneCalibration {
        camera,
        projection: shifted(rows4(&p2.numbers)),
        lidar_to_camera: baseline.compose(&lidar_to_rectified),
        lidar_to_rectified,
    })
}

/// Writes a calibration file that [`parse_calib`] reads back. `R0_rect` is the identity: `lidar_to_rectified`
/// stands whole in `Tr_velo_to_cam`. Readers that go by line number find all seven lines; those of the
/// cameras and the inertial sensor that a scene does not have hold zeros.
///
/// # Errors
/// [`KittiError::Distorted`] for a camera with a lens model, [`KittiError::Turned`],
/// [`KittiError::NonFinite`].
pub fn write_calib(calibration: &SceneCalibration) -> Result<String, KittiError> {
    if calibration.camera.distortion != Distortion::None {
        return Err(KittiError::Distorted);
    }
    let pinhole = calibration.camera.pinhole;
    let (fx, fy) = (pinhole.fx, pinhole.fy);
    let (cx, cy) = (pinhole.cx - PIXEL_SHIFT, pinhole.cy - PIXEL_SHIFT);
    let baseline = calibration.lidar_to_camera.compose(&calibration.lidar_to_rectified.inverse());
    let radians = baseline.rotation.angle_to(&Quat::IDENTITY);
    if radians > TURN_TOLERANCE_RAD {
        return Err(KittiError::Turned { radians });
    }
    let [x, y, z] = baseline.translation;
    let p2 = [fx, 0.0, cx, fx * x + cx * z, 0.0, fy, cy, fy * y + cy * z, 0.0, 0.0, 1.0, z];
    let [a, b, c, _] = calibration.lidar_to_rectified.to_matrix();
    let transform: Vec<f64> = [a, b, c].concat();
    let identity = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    if p2.iter().chain(&transform).any(|v| !v.is_finite()) {
        return Err(KittiError::NonFinite);
    }
    let absent = [0.0; 12];
    let line = |key: &str, numbers: &[f64]| {
        let words: Vec<String> = numbers.iter().map(|v| format!("{v:.12e}")).collect();
        format!("{key}: {}\n", words.join(" "))
    };
    Ok([
        line("P0", &absent),
        line("P1", &absent),
        line("P2", &p2),
        line("P3", &absent),
        line("R0_rect", &identity),
        line("Tr_velo_to_cam", &transform),
        line("Tr_imu_to_velo", &absent),
    ]
    .concat())
}

struct Entry<const N: usize> {
    line: usize,
    numbers: [f64; N],
}

fn fill<const N: usize>(
    slot: &mut Option<Entry<N>>,
    key: &'static str,
    expected: &'static str,
    line: usize,
    text: &str,
) -> Result<(), KittiError> {
    if slot.is_some() {
        return Err(KittiError::Repeated { line, key });
    }
    let mut numbers = [0.0; N];
    let mut found = 0;
    for (i, word) in text.split_ascii_whitespace().enumerate() {
        if let Some(slot) = numbers.get_mut(i) {
            let number: Option<f64> = word.parse().ok();
            *slot = number.filter(|v| v.is_finite()).ok_or(KittiError::BadField {
                file: "calib",
                line,
                field: i + 2,
                expected: "a finite number",
            })?;
        }
        found += 1;
    }
    if found != N {
        return Err(KittiError::FieldCount { file: "calib", line, found, expected });
    }
    *slot = Some(Entry { line, numbers });
    Ok(())
}

fn rows3(n: &[f64; 9]) -> [[f64; 3]; 3] {
    std::array::from_fn(|r| std::array::from_fn(|c| n[3 * r + c]))
}

fn rows4(n: &[f64; 12]) -> [[f64; 4]; 3] {
    std::array::from_fn(|r| std::array::from_fn(|c| n[4 * r + c]))
}

/// Moves the pixel count of a projection from the first pixel's centre to its outer corner.
fn shifted(p: [[f64; 4]; 3]) -> [[f64; 4]; 3] {
    let shift = |row: [f64; 4]| std::array::from_fn(|c| row[c] + PIXEL_SHIFT * p[2][c]);
    [shift(p[0]), shift(p[1]), p[2]]
}

/// Takes `K [I | t]` apart into the camera and the shift `t`.
fn take_apart(p: &[[f64; 4]; 3], line: usize) -> Result<(Camera, Rigid3), KittiError> {
    let key = "P2";
    let fixed = [(0, 1, 0.0), (1, 0, 0.0), (2, 0, 0.0), (2, 1, 0.0), (2, 2, 1.0)];
    for (row, column, expected) in fixed {
        let found: f64 = p[row][column];
        if (found - expected).abs() > PINHOLE_TOLERANCE {
            return Err(KittiError::NotPinhole { line, key, row, column, found });
        }
    }
    let pinhole = Pinhole { fx: p[0][0], fy: p[1][1], cx: p[0][2] + PIXEL_SHIFT, cy: p[1][2] + PIXEL_SHIFT };
    let camera = Camera { pinhole, distortion: Distortion::None };
    camera.validate().map_err(|source| KittiError::NotRigid { line, key, source })?;
    let z = p[2][3];
    let translation = [(p[0][3] - p[0][2] * z) / p[0][0], (p[1][3] - p[1][2] * z) / p[1][1], z];
    let baseline = Rigid3 { translation, ..Rigid3::IDENTITY };
    baseline.validate().map_err(|source| KittiError::NotRigid { line, key, source })?;
    Ok((camera, baseline))
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_geometry::GeometryError;

    const CALIB: &str = "P2: 700 0 600 70 0 700 180 0 0 0 1 0\n\
        R0_rect: 1 0 0 0 1 0 0 0 1\n\
        Tr_velo_to_cam: 0 -1 0 0 0 0 -1 -0.08 1 0 0 -0.27\n";

    #[test]
    fn the_lidar_s_forward_is_the_camera_s_depth() {
        let calibration = parse_calib(CALIB).expect("parses");
        // 10 m ahead of the LiDAR; the camera stands 0.1 m to the left of the reference (70 / 700).
        let p = calibration.lidar_to_camera.apply([10.0, 0.0, 0.0]);
        assert!((p[0] - 0.1).abs() < 1e-12 && (p[1] + 0.08).abs() < 1e-12 && (p[2] - 9.73).abs() < 1e-12);
        let pixel = calibration.project([10.0, 0.0, 0.0]).expect("ahead");
        assert!((pixel.x - (600.5 + 70.0 / 9.73)).abs() < 1e-9);
        // The file's own matrix says the same.
        let q = calibration.lidar_to_rectified.apply([10.0, 0.0, 0.0]);
        let [u, _, w] = calibration.projection.map(|r| r[0] * q[0] + r[1] * q[1] + r[2] * q[2] + r[3]);
        assert!((u / w - pixel.x).abs() < 1e-9);
    }

    #[test]
    fn what_is_written_is_read() {
        let calibration = parse_calib(CALIB).expect("parses");
        let text = write_calib(&calibration).expect("a pinhole");
        assert!(text.lines().nth(2).is_some_and(|l| l.starts_with("P2: 7.000000000000e2 ")), "{text}");
        let back = parse_calib(&text).expect("our own");
        for p in [[10.0, 3.0, -1.0], [40.0, -7.0, 2.0]] {
            let (a, b) = (back.project(p).expect("ahead"), calibration.project(p).expect("ahead"));
            assert!((a.x - b.x).abs() < 1e-6 && (a.y - b.y).abs() < 1e-6);
        }
        let lens = Distortion::PlumbBob { k1: 0.1, k2: 0.0, p1: 0.0, p2: 0.0, k3: 0.0 };
        let camera = Camera { distortion: lens, ..calibration.camera };
        assert_eq!(write_calib(&SceneCalibration { camera, ..calibration }), Err(KittiError::Distorted));
        let mut turned = calibration;
        turned.lidar_to_camera.rotation = Quat::IDENTITY;
        assert_eq!(write_calib(&turned).expect_err("turned").code(), "kitti.turned");
    }

    #[test]
    fn a_calibration_that_is_not_a_rotation_is_refused() {
        let mirrored = CALIB.replace("0 -1 0 0 0 0 -1", "0 1 0 0 0 0 -1");
        let error = parse_calib(&mirrored).expect_err("mirrored");
        let source = GeometryError::Mirrored { determinant: -1.0 };
        assert_eq!(error, KittiError::NotRigid { line: 3, key: "Tr_velo_to_cam", source });
        let scaled = CALIB.replace("R0_rect: 1", "R0_rect: 2");
        assert!(matches!(parse_calib(&scaled), Err(KittiError::NotRigid { line: 2, key: "R0_rect", .. })));
    }

    #[test]
    fn every_refusal_has_its_place() {
        let code = |text: &str| parse_calib(text).expect_err("refused").code();
        assert_eq!(code(&CALIB.replace("P2:", "P2")), "kitti.no_key");
        assert_eq!(code(&CALIB.replace("P2:", "P3:")), "kitti.missing_key");
        assert_eq!(code(&format!("{CALIB}P2: 1")), "kitti.repeated_key");
        assert_eq!(code(&CALIB.replace("1 0 0 -0.27", "1 0 0")), "kitti.field_count");
        assert_eq!(code(&CALIB.replace("P2: 700 0", "P2: 700 3")), "kitti.not_a_pinhole");
        assert_eq!(code(&CALIB.replace("P2: 700", "P2: 0")), "kitti.not_a_rotation");
        assert_eq!(code(&" ".repeat(CALIB_BYTES_MAX + 1)), "kitti.too_large");
        let nan = parse_calib(&CALIB.replace("-0.27", "nan")).expect_err("not finite");
        assert!(matches!(nan, KittiError::BadField { line: 3, field: 13, .. }), "{nan}");
    }
}
