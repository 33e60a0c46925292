//! Label files: one object per line, 15 fields and an optional score.

use std::fmt::Write as _;

use countersign_geometry::{Box2, Cuboid, ImageSize, Quat, Rigid3, Vec3};

use super::{KittiError, PIXEL_SHIFT};
use crate::SceneCalibration;

/// Largest label file, bytes.
pub const LABEL_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most objects of one frame.
pub const LABEL_LINES_MAX: usize = 10_000;
/// Longest class name, characters.
pub const LABEL_CLASS_CHARS_MAX: usize = 64;

/// The degree of occlusion KITTI calls unknown.
const OCCLUSION_UNKNOWN: i8 = 3;

/// One line of a label file.
#[derive(Debug, Clone, PartialEq)]
pub struct KittiLabel {
    /// Class as the file has it: `Car`, `Pedestrian`, `DontCare`, …
    pub class: String,
    /// Part of the object that is outside the image, 0 to 1; -1 when not given.
    pub truncated: f64,
    /// 0 fully visible, 1 partly, 2 largely occluded, 3 unknown; -1 when not given.
    pub occluded: i8,
    /// Observation angle, radians; -10 when not given.
    pub alpha: f64,
    /// The box in the image, in our pixels (outer corner is zero); `None` for an object out of view,
    /// which is written as `-1 -1 -1 -1`.
    pub bbox: Option<Box2>,
    /// The box in space; `None` for regions such as `DontCare`.
    pub solid: Option<KittiBox>,
    /// Confidence, when a detector wrote the file.
    pub score: Option<f64>,
}

/// KITTI's box in space, in the rectified reference camera (x right, y down, z ahead).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KittiBox {
    /// Metres.
    pub height: f64,
    /// Metres.
    pub width: f64,
    /// Metres.
    pub length: f64,
    /// Middle of the *floor*, metres.
    pub location: Vec3,
    /// Turn about the camera's y axis, radians; 0 faces along the camera's x axis.
    pub rotation_y: f64,
}

impl KittiBox {
    /// The box as a cuboid in the LiDAR's frame. It keeps the small tilt between camera and LiDAR, so
    /// that the way back is exact.
    #[must_use]
    pub fn to_cuboid(&self, calibration: &SceneCalibration) -> Cuboid {
        let (s, c) = (self.rotation_y / 2.0).sin_cos();
        // Unit by construction: the fallback cannot be reached for a finite angle.
        let turn = Quat::new([c, 0.0, s, 0.0]).unwrap_or(Quat::IDENTITY);
        let [x, y, z] = self.location;
        let in_camera = Cuboid {
            center: [x, y - self.height / 2.0, z],
            size: [self.length, self.width, self.height],
            rotation: turn.compose(&upright()),
        };
        in_camera.transformed(&calibration.lidar_to_rectified.inverse())
    }

    /// The box of a cuboid in the LiDAR's frame. KITTI knows no tilt against the camera: what the cuboid
    /// has of it is lost.
    #[must_use]
    pub fn from_cuboid(cuboid: &Cuboid, calibration: &SceneCalibration) -> Self {
        let Cuboid { center: [x, y, z], size: [length, width, height], rotation } =
            cuboid.transformed(&calibration.lidar_to_rectified);
        let heading = rotation.rotate([1.0, 0.0, 0.0]);
        Self {
            height,
            width,
            length,
            location: [x, y + height / 2.0, z],
            rotation_y: (-heading[2]).atan2(heading[0]),
        }
    }
}

/// How an unturned KITTI box stands in the camera: its length along x, its left along z, its top
/// towards -y. A quarter turn about x.
fn upright() -> Quat {
    let half = std::f64::consts::FRAC_1_SQRT_2;
    Quat::new([half, half, 0.0, 0.0]).unwrap_or(Quat::IDENTITY)
}

impl KittiLabel {
    /// The object as a cuboid in the LiDAR's frame, if it has a box in space.
    #[must_use]
    pub fn cuboid(&self, calibration: &SceneCalibration) -> Option<Cuboid> {
        self.solid.map(|solid| solid.to_cuboid(calibration))
    }

    /// The label of a cuboid in the LiDAR's frame: box and truncation from the projection, occlusion
    /// unknown.
    #[must_use]
    pub fn from_cuboid(
        class: &str,
        cuboid: &Cuboid,
        calibration: &SceneCalibration,
        image: ImageSize,
        score: Option<f64>,
    ) -> Self {
        let solid = KittiBox::from_cuboid(cuboid, calibration);
        let bbox = calibration.project_cuboid(cuboid, image);
        Self {
            class: class.to_owned(),
            truncated: truncation(cuboid, calibration, bbox),
            occluded: OCCLUSION_UNKNOWN,
            alpha: wrapped(solid.rotation_y - solid.location[0].atan2(solid.location[2])),
            bbox,
            solid: Some(solid),
            score,
        }
    }
}

/// The part of the projected box that the image's edge cuts off, 0 to 1.
fn truncation(cuboid: &Cuboid, calibration: &SceneCalibration, seen: Option<Box2>) -> f64 {
    let Some(seen) = seen else { return 1.0 };
    let in_camera = cuboid.transformed(&calibration.lidar_to_camera);
    let lines = calibration.camera.project_edges(&in_camera);
    let whole = Box2::around(lines.as_flattened()).map_or(0.0, |b| b.area());
    if whole > 0.0 { (1.0 - seen.area() / whole).clamp(0.0, 1.0) } else { 0.0 }
}

/// The same angle in -π..=π.
fn wrapped(angle: f64) -> f64 {
    let (s, c) = angle.sin_cos();
    s.atan2(c)
}

/// Reads a label file. Empty lines are skipped.
///
/// # Errors
/// [`KittiError`] with line and field.
pub fn parse_labels(text: &str) -> Result<Vec<KittiLabel>, KittiError> {
    if text.len() > LABEL_BYTES_MAX {
        return Err(KittiError::TooLarge {
            file: "label_2",
            bytes: text.len() as u64,
            limit: LABEL_BYTES_MAX as u64,
        });
    }
    let mut labels = Vec::new();
    for (i, content) in text.lines().enumerate() {
        if content.trim().is_empty() {
            continue;
        }
        if labels.len() == LABEL_LINES_MAX {
            return Err(KittiError::TooLarge {
                file: "label_2 (lines)",
                bytes: labels.len() as u64 + 1,
                limit: LABEL_LINES_MAX as u64,
            });
        }
        labels.push(parse_line(content, i + 1)?);
    }
    Ok(labels)
}

fn parse_line(content: &str, line: usize) -> Result<KittiLabel, KittiError> {
    const FILE: &str = "label_2";
    let words: Vec<&str> = content.split_ascii_whitespace().take(17).collect();
    if words.len() != 15 && words.len() != 16 {
        return Err(KittiError::FieldCount {
            file: FILE,
            line,
            found: words.len(),
            expected: "15, or 16 with a score",
        });
    }
    let bad = |field, expected| KittiError::BadField { file: FILE, line, field, expected };
    if words[0].chars().count() > LABEL_CLASS_CHARS_MAX {
        return Err(bad(1, "a class of at most 64 characters"));
    }
    let mut n = [0.0f64; 16];
    for (i, word) in words.iter().enumerate().skip(1) {
        let number: Option<f64> = word.parse().ok();
        n[i] = number.filter(|v| v.is_finite()).ok_or_else(|| bad(i + 1, "a finite number"))?;
    }
    if n[2].fract() != 0.0 || !(-1.0..=3.0).contains(&n[2]) {
        return Err(bad(3, "an occlusion of -1 to 3"));
    }
    let shape = |source| KittiError::Shape { line, source };
    let out_of_view = n[4..8] == [-1.0; 4];
    let bbox = Box2::from_edges(n[4], n[5], n[6], n[7]);
    let bbox = Box2 { x: bbox.x + PIXEL_SHIFT, y: bbox.y + PIXEL_SHIFT, ..bbox };
    if !out_of_view {
        bbox.validate().map_err(shape)?;
    }
    // Regions without a box in space have dimensions of -1.
    let solid = (n[8..11] != [-1.0; 3]).then_some(KittiBox {
        height: n[8],
        width: n[9],
        length: n[10],
        location: [n[11], n[12], n[13]],
        rotation_y: n[14],
    });
    if let Some(b) = &solid {
        let as_cuboid =
            Cuboid { center: b.location, size: [b.length, b.width, b.height], rotation: Quat::IDENTITY };
        as_cuboid.validate().map_err(shape)?;
        Rigid3 { translation: [b.rotation_y, 0.0, 0.0], ..Rigid3::IDENTITY }.validate().map_err(shape)?;
    }
    Ok(KittiLabel {
        class: words[0].to_owned(),
        truncated: n[1],
        occluded: n[2] as i8,
        alpha: n[3],
        bbox: (!out_of_view).then_some(bbox),
        solid,
        score: (words.len() == 16).then_some(n[15]),
    })
}

/// Writes one line, without its line end. Pixels with two decimals, metres and angles with four, which
/// is finer than the format's own files.
///
/// # Errors
/// [`KittiError::ClassWord`], [`KittiError::NonFinite`].
pub fn write_label(label: &KittiLabel) -> Result<String, KittiError> {
    let class = label.class.as_str();
    if class.is_empty()
        || class.chars().count() > LABEL_CLASS_CHARS_MAX
        || class.chars().any(|c| c.is_whitespace() || c.is_control())
    {
        return Err(KittiError::ClassWord);
    }
    let edges = label.bbox.map_or([-1.0; 4], |b| [b.x, b.y, b.right(), b.bottom()].map(|v| v - PIXEL_SHIFT));
    let solid = label.solid.map_or([-1.0, -1.0, -1.0, -1000.0, -1000.0, -1000.0, -10.0], |s| {
        let [x, y, z] = s.location;
        [s.height, s.width, s.length, x, y, z, s.rotation_y]
    });
    let tail = label.score.as_slice();
    let all = [label.truncated, label.alpha];
    if all.iter().chain(&edges).chain(&solid).chain(tail).any(|v| !v.is_finite()) {
        return Err(KittiError::NonFinite);
    }
    let mut line = format!("{class} {:.2} {} {:.4}", label.truncated, label.occluded, label.alpha);
    // Writing to a string cannot fail.
    for v in edges {
        let _ = write!(line, " {v:.2}");
    }
    for v in solid.iter().chain(tail) {
        let _ = write!(line, " {v:.4}");
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "Car 0.00 0 -1.67 657.39 190.13 700.07 223.39 1.41 1.58 4.36 3.18 2.27 34.38 -1.58";

    #[test]
    fn a_line_comes_back_as_it_was() {
        let labels = parse_labels(LINE).expect("parses");
        let text = write_label(&labels[0]).expect("writes");
        assert_eq!(parse_labels(&text).expect("parses again"), labels);
        assert!(text.starts_with("Car 0.00 0 -1.6700 657.39 190.13 700.07 223.39 1.4100"));
    }

    #[test]
    fn a_region_has_no_box_in_space() {
        let line = "DontCare -1 -1 -10 503.89 169.71 590.61 190.13 -1 -1 -1 -1000 -1000 -1000 -10";
        let labels = parse_labels(line).expect("parses");
        assert_eq!(labels[0].solid, None);
        let text = write_label(&labels[0]).expect("writes");
        assert_eq!(parse_labels(&text).expect("parses again"), labels);
    }

    #[test]
    fn every_refusal_has_its_place() {
        let refused = |text: String| parse_labels(&text).expect_err("refused");
        let two = |from: &str, to: &str| refused(format!("{LINE}\n{}", LINE.replace(from, to)));
        assert!(matches!(two("34.38", "inf"), KittiError::BadField { line: 2, field: 14, .. }));
        assert!(matches!(two("0.00 0", "0.00 7"), KittiError::BadField { line: 2, field: 3, .. }));
        assert!(matches!(two(" -1.58", ""), KittiError::FieldCount { line: 2, found: 14, .. }));
        assert!(matches!(two("700.07", "600.00"), KittiError::Shape { line: 2, .. }));
        assert!(matches!(two("1.41", "-2.0"), KittiError::Shape { line: 2, .. }));
        assert!(matches!(two("Car", &"C".repeat(65)), KittiError::BadField { line: 2, field: 1, .. }));
        let many = format!("{LINE}\n").repeat(LABEL_LINES_MAX + 1);
        assert_eq!(refused(many).code(), "kitti.too_large");
    }

    #[test]
    fn a_class_with_a_space_cannot_be_written() {
        let mut label = parse_labels(LINE).expect("parses").remove(0);
        label.class = "traffic light".to_owned();
        assert_eq!(write_label(&label), Err(KittiError::ClassWord));
        label.class = "Car".to_owned();
        label.score = Some(f64::NAN);
        assert_eq!(write_label(&label), Err(KittiError::NonFinite));
    }
}
