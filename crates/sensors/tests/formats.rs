//! Properties of the formats: what goes out comes back, and foreign bytes never do harm.

use countersign_geometry::{Camera, Cuboid, Distortion, ImageSize, Pinhole, Quat, Rigid3};
use countersign_sensors::kitti::{
    KittiBox, KittiLabel, group_files, parse_calib, parse_labels, read_velodyne, write_label,
};
use countersign_sensors::{Point, PointCloud, SceneCalibration, wire};
use proptest::prelude::*;

const IMAGE: ImageSize = ImageSize { width: 1242, height: 375 };

/// A calibration as cars have it, with the LiDAR turned and tilted a little.
fn calibration(turn: [f64; 3], shift: [f64; 3]) -> SceneCalibration {
    let axes = Rigid3::from_rows(&[[0.0, -1.0, 0.0, 0.0], [0.0, 0.0, -1.0, 0.0], [1.0, 0.0, 0.0, 0.0]])
        .expect("a rotation");
    let tilt = Quat::new([1.0, turn[0], turn[1], turn[2]]).expect("not zero");
    let lidar_to_rectified = Rigid3 { translation: shift, rotation: tilt }.compose(&axes);
    let baseline = Rigid3 { translation: [0.06, 0.0, 0.003], ..Rigid3::IDENTITY };
    SceneCalibration {
        camera: Camera {
            pinhole: Pinhole { fx: 721.0, fy: 721.0, cx: 610.0, cy: 173.0 },
            distortion: Distortion::None,
        },
        projection: [[0.0; 4]; 3],
        lidar_to_camera: baseline.compose(&lidar_to_rectified),
        lidar_to_rectified,
    }
}

prop_compose! {
    fn any_calibration()(
        turn in proptest::array::uniform3(-0.02f64..0.02),
        shift in proptest::array::uniform3(-0.5f64..0.5),
    ) -> SceneCalibration {
        calibration(turn, shift)
    }
}

prop_compose! {
    fn any_box()(
        size in proptest::array::uniform3(0.1f64..15.0),
        location in (-40.0f64..40.0, -3.0f64..4.0, 1.0f64..90.0),
        rotation_y in -3.1f64..3.1,
    ) -> KittiBox {
        let [height, width, length] = size;
        KittiBox { height, width, length, location: [location.0, location.1, location.2], rotation_y }
    }
}

proptest! {
    /// KITTI box → cuboid → KITTI box is the identity, for any small tilt of the LiDAR.
    #[test]
    fn boxes_come_back(solid in any_box(), calibration in any_calibration()) {
        let back = KittiBox::from_cuboid(&solid.to_cuboid(&calibration), &calibration);
        for (a, b) in back.location.iter().zip(solid.location) {
            prop_assert!((a - b).abs() < 1e-9);
        }
        prop_assert_eq!([back.height, back.width, back.length], [solid.height, solid.width, solid.length]);
        prop_assert!((back.rotation_y - solid.rotation_y).abs() < 1e-9);
    }

    /// Cuboid → KITTI box → cuboid keeps place and size, and the heading up to the tilt that KITTI drops.
    #[test]
    fn upright_cuboids_come_back(
        center in (2.0f64..80.0, -40.0f64..40.0, -3.0f64..3.0),
        size in proptest::array::uniform3(0.1f64..15.0),
        yaw in -3.1f64..3.1,
        calibration in any_calibration(),
    ) {
        let cuboid =
            Cuboid { center: [center.0, center.1, center.2], size, rotation: Quat::from_yaw(yaw) };
        let back = KittiBox::from_cuboid(&cuboid, &calibration).to_cuboid(&calibration);
        prop_assert!(back.center.iter().zip(cuboid.center).all(|(a, b)| (a - b).abs() < 1e-9));
        prop_assert!((back.rotation.yaw() - yaw).sin().abs() < 0.005);
        prop_assert!(back.rotation.angle_to(&cuboid.rotation) < 0.12);
    }

    /// A label written is the label read, to the digits written.
    #[test]
    fn labels_come_back(solid in any_box(), calibration in any_calibration(), score in 0.0f64..1.0) {
        let cuboid = solid.to_cuboid(&calibration);
        let label = KittiLabel::from_cuboid("Van", &cuboid, &calibration, IMAGE, Some(score));
        prop_assume!(label.bbox.is_none_or(|b| b.w > 0.02 && b.h > 0.02));
        let text = write_label(&label).expect("a finite label");
        let back = parse_labels(&text).expect("our own line").remove(0);
        let found = back.solid.expect("a solid");
        let wanted = label.solid.expect("a solid");
        prop_assert!(found.location.iter().zip(wanted.location).all(|(a, b)| (a - b).abs() < 1e-4));
        prop_assert!((found.rotation_y - wanted.rotation_y).abs() < 1e-4);
        prop_assert!((back.score.expect("a score") - score).abs() < 1e-4);
        match (back.bbox, label.bbox) {
            (Some(a), Some(b)) => {
                prop_assert!((a.x - b.x).abs() < 0.011 && (a.bottom() - b.bottom()).abs() < 0.011);
            }
            (a, b) => prop_assert_eq!(a, b),
        }
        prop_assert!((0.0..=1.0).contains(&back.truncated));
    }

    /// Points come back within half a step, in order, wherever the cloud's origin is.
    #[test]
    fn clouds_come_back(
        points in proptest::collection::vec(
            (proptest::array::uniform3(-327.0f32..327.0), 0.0f32..=1.0), 0..200),
        origin in proptest::array::uniform3(-1e7f64..1e7),
        dropped in any::<u32>(),
    ) {
        let points: Vec<Point> =
            points.iter().map(|&(position, intensity)| Point { position, intensity }).collect();
        let cloud = PointCloud { origin, points, dropped, first_dropped_at: None };
        let bytes = wire::encode(&cloud);
        prop_assert_eq!(bytes.len(), wire::HEADER_BYTES + wire::POINT_BYTES * cloud.points.len());
        let decoded = wire::decode(&bytes).expect("our own bytes");
        prop_assert_eq!(decoded.clamped, 0);
        prop_assert_eq!(decoded.cloud.origin, origin);
        prop_assert_eq!(decoded.cloud.dropped, dropped);
        prop_assert_eq!(decoded.cloud.points.len(), cloud.points.len());
        for (a, b) in decoded.cloud.points.iter().zip(&cloud.points) {
            for axis in 0..3 {
                prop_assert!((a.position[axis] - b.position[axis]).abs() < 0.00504);
            }
            prop_assert!((a.intensity - b.intensity).abs() <= 0.5 / 255.0 + 1e-6);
        }
        // What was read back is stored exactly.
        prop_assert_eq!(wire::encode(&decoded.cloud), bytes);
    }

    /// Bytes from outside give a value or a refusal, never a panic, and no more points than bytes.
    #[test]
    fn foreign_bytes_do_no_harm(mut bytes in proptest::collection::vec(any::<u8>(), 0..400), own in any::<bool>()) {
        if let Ok(cloud) = read_velodyne(&bytes) {
            prop_assert_eq!((cloud.points.len() + cloud.dropped as usize) * 16, bytes.len());
            prop_assert!(cloud.positions().flatten().all(f64::is_finite));
        }
        if own && bytes.len() >= 8 {
            bytes[..8].copy_from_slice(b"CSPC\x01\x00\x38\x00");
        }
        if let Ok(decoded) = wire::decode(&bytes) {
            prop_assert_eq!(wire::HEADER_BYTES + 7 * decoded.cloud.points.len(), bytes.len());
        }
    }

    /// The same for texts, which are made of the words that the formats use.
    #[test]
    fn foreign_texts_do_no_harm(words in proptest::collection::vec(
        prop_oneof![
            Just("P2:".to_owned()), Just("R0_rect:".to_owned()), Just("Tr_velo_to_cam:".to_owned()),
            Just("\n".to_owned()), Just("Car".to_owned()), Just("-1".to_owned()), Just("1e308".to_owned()),
            Just("nan".to_owned()), "[ -~]{0,6}", (-9.0f64..9.0).prop_map(|v| v.to_string()),
        ], 0..60)
    ) {
        let text = words.join(" ");
        if let Err(error) = parse_calib(&text) {
            prop_assert!(error.code().starts_with("kitti."));
        }
        if let Ok(labels) = parse_labels(&text) {
            for label in labels {
                prop_assert!(write_label(&label).is_ok());
            }
        }
        prop_assert!(group_files(&words).iter().all(|f| f.missing().len() <= 3));
    }
}
