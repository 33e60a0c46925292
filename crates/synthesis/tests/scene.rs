//! The made drive: repeatable, and picture, sweep, calibration and labels fit each other.

use std::collections::HashMap;

use countersign_synthesis::scene::{Options, SyntheticFrame, SyntheticScene, TruthObject, driving_scene};

const SMALL: Options = Options { width_px: 414, azimuths: 450, interval_s: 0.5 };

fn scene(seed: u64, frames: usize) -> SyntheticScene {
    driving_scene(seed, frames, &SMALL)
}

fn numbers(text: &str) -> Vec<f64> {
    text.split_whitespace().map(|field| field.parse().unwrap()).collect()
}

/// The calibration text as the reader of a KITTI file takes it.
fn calibration(frame: &SyntheticFrame) -> HashMap<String, Vec<f64>> {
    let lines = frame.calibration.lines().filter_map(|line| line.split_once(':'));
    lines.map(|(name, values)| (name.to_owned(), numbers(values))).collect()
}

fn project(p2: &[f64], c: [f64; 3]) -> (f64, f64) {
    let row = |i: usize| p2[4 * i] * c[0] + p2[4 * i + 1] * c[1] + p2[4 * i + 2] * c[2] + p2[4 * i + 3];
    (row(0) / row(2), row(1) / row(2))
}

#[test]
fn a_seed_gives_the_same_drive_and_another_seed_another() {
    let first = scene(4, 1);
    // A frame does not depend on how many follow.
    assert_eq!(first.frames[0], scene(4, 2).frames[0]);
    assert_ne!(first.frames[0].velodyne, scene(5, 1).frames[0].velodyne);
}

#[test]
fn labels_project_onto_their_own_boxes() {
    let drive = scene(7, 2);
    let mut checked = 0;
    for frame in &drive.frames {
        let p2 = &calibration(frame)["P2"];
        for line in frame.labels.lines() {
            let fields = numbers(line.split_once(' ').unwrap().1);
            let (tall, wide, long) = (fields[7], fields[8], fields[9]);
            let (sin, cos) = fields[13].sin_cos();
            let (mut low, mut high) =
                ((f64::INFINITY, f64::INFINITY), (f64::NEG_INFINITY, f64::NEG_INFINITY));
            for corner in 0..8 {
                let sign = |bit: i32| if corner >> bit & 1 == 0 { 0.5 } else { -0.5 };
                let (a, b) = (sign(0) * long, sign(1) * wide);
                let up = if corner >> 2 & 1 == 0 { 0.0 } else { tall };
                let c = [fields[10] + a * cos + b * sin, fields[11] - up, fields[12] - a * sin + b * cos];
                let (u, v) = project(p2, c);
                low = (low.0.min(u), low.1.min(v));
                high = (high.0.max(u), high.1.max(v));
            }
            let expected = [low.0.max(0.0), low.1.max(0.0), high.0.min(414.0), high.1.min(125.0)];
            for (side, value) in expected.iter().enumerate() {
                assert!((fields[3 + side] - value).abs() < 2.0, "{line}: side {side} at {value}");
            }
            checked += 1;
        }
    }
    assert!(checked >= 12, "{checked} labels");
}

fn points(frame: &SyntheticFrame) -> Vec<[f64; 4]> {
    let value = |bytes: &[u8]| f64::from(f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let point = |bytes: &[u8]| std::array::from_fn(|i| value(&bytes[4 * i..4 * i + 4]));
    frame.velodyne.chunks_exact(16).map(point).collect()
}

fn inside(object: &TruthObject, p: &[f64; 4]) -> bool {
    let d = [0, 1, 2].map(|axis| p[axis] - object.centre_m[axis]);
    let (sin, cos) = object.heading_rad.sin_cos();
    let own = [d[0] * cos + d[1] * sin, d[1] * cos - d[0] * sin, d[2]];
    (0..3).all(|axis| own[axis].abs() <= object.size_m[axis] / 2.0 + 0.08)
}

#[test]
fn the_sweep_hits_what_the_camera_sees() {
    let drive = scene(7, 1);
    let frame = &drive.frames[0];
    let points = points(frame);
    assert_eq!(frame.velodyne.len() % 16, 0);
    assert!((15_000..29_000).contains(&points.len()), "{} points", points.len());
    assert!(points.iter().all(|p| p.iter().all(|v| v.is_finite()) && (0.0..=1.0).contains(&p[3])));
    let near = |object: &&TruthObject| object.occluded == 0 && object.centre_m[0] < 30.0;
    let objects: Vec<_> = frame.truth.iter().filter(near).collect();
    assert!(objects.len() >= 3, "{} near objects", objects.len());
    for object in objects {
        let hits = points.iter().filter(|p| inside(object, p)).count();
        assert!(hits >= 8, "{hits} points on {object:?}");
    }
}

#[test]
fn the_picture_is_a_png_of_the_stated_size_and_boxes_lie_within() {
    let drive = scene(9, 1);
    let frame = &drive.frames[0];
    let picture = image::load_from_memory_with_format(&frame.image, image::ImageFormat::Png).unwrap();
    assert_eq!((picture.width(), picture.height()), (414, 125));
    for object in &frame.truth {
        let [left, top, right, bottom] = object.box_px;
        assert!(
            0.0 <= left && left < right && right <= 414.0 && 0.0 <= top && top < bottom && bottom <= 125.0
        );
    }
    let paths: Vec<String> = frame.files(true).into_iter().map(|(path, _)| path).collect();
    assert_eq!(
        paths,
        ["image_2/000000.png", "velodyne/000000.bin", "calib/000000.txt", "label_2/000000.txt"]
    );
}

#[test]
fn tracks_move_between_frames_as_the_scene_says() {
    let drive = scene(7, 2);
    let ahead = drive.speed_m_per_s * SMALL.interval_s;
    let parked: Vec<f64> = drive.frames[1]
        .truth
        .iter()
        .filter_map(|now| {
            let before = drive.frames[0].truth.iter().find(|object| object.track == now.track)?;
            Some(before.centre_m[0] - now.centre_m[0])
        })
        .filter(|moved| (moved - ahead).abs() < 1e-9)
        .collect();
    assert!(parked.len() >= 2, "{} standing objects seen twice", parked.len());
}
