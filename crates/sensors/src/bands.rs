//! Where faces and number plates can be in a picture, told from the cuboids of a scene.
//!
//! Pure geometry: a band is a proposal for a mask. It is found only where there is a cuboid of the right
//! class, so its recall is at most that of the cuboids, and it says nothing about a picture without any:
//! people behind windows, on posters and in reflections have no cuboid. It is no reason to show a picture.

use countersign_geometry::{Box2, Camera, Cuboid, ImageSize, Rigid3};
use serde::Serialize;

/// Part of a person's height, from the top, that holds the head.
pub const HEAD_PART: f64 = 0.25;
/// Part of a vehicle's height, from the floor, that holds the plates.
pub const PLATE_PART: f64 = 0.5;
/// How much wider and higher than its projection a band is drawn, about its middle: cuboids are off by
/// some centimetres, and so are calibrations and clocks.
pub const WIDENED: f64 = 1.25;

/// What a band hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BandKind {
    /// The head of a person who walks or rides.
    Face,
    /// A number plate at the front or the rear of a vehicle.
    Plate,
}

impl BandKind {
    /// What can be seen on a class of the draft or, in lower case, of KITTI's labels; `None` for `object`, `tram`, `misc` and
    /// for names that it does not know.
    #[must_use]
    pub fn of_class(class: &str) -> Option<Self> {
        match class {
            "pedestrian" | "cyclist" | "person_sitting" => Some(Self::Face),
            "car" | "van" | "truck" => Some(Self::Plate),
            _ => None,
        }
    }
}

/// The bands of a cuboid in one camera's image, pixels, cut to the image: one for a head; for plates one for
/// each of the two ends, front first, as a draft does not know which end it sees. Ends out of view are left out.
///
/// `to_camera` leads from the cuboid's frame to the camera's.
#[must_use]
pub fn bands(
    kind: BandKind,
    cuboid: &Cuboid,
    camera: &Camera,
    to_camera: &Rigid3,
    size: ImageSize,
) -> Vec<Box2> {
    let [length, width, height] = cuboid.size;
    let part = |center: [f64; 3], size: [f64; 3]| Cuboid {
        center: cuboid.pose().apply(center),
        size,
        rotation: cuboid.rotation,
    };
    let parts = match kind {
        BandKind::Face => {
            let middle = height * (0.5 - HEAD_PART / 2.0);
            vec![part([0.0, 0.0, middle], [length, width, height * HEAD_PART])]
        }
        BandKind::Plate => {
            let middle = -height * (0.5 - PLATE_PART / 2.0);
            let end = |x: f64| part([x, 0.0, middle], [0.0, width, height * PLATE_PART]);
            vec![end(length / 2.0), end(-length / 2.0)]
        }
    };
    let seen = |part: &Cuboid| {
        let lines = camera.project_edges(&part.transformed(to_camera));
        widened(&Box2::around(lines.as_flattened())?).clip(size)
    };
    parts.iter().filter_map(seen).collect()
}

/// The box drawn [`WIDENED`] times as wide and as high.
fn widened(b: &Box2) -> Box2 {
    let [more_x, more_y] = [b.w, b.h].map(|side| side * (WIDENED - 1.0) / 2.0);
    Box2::from_edges(b.x - more_x, b.y - more_y, b.right() + more_x, b.bottom() + more_y)
}

#[cfg(test)]
mod tests {
    use countersign_geometry::{Distortion, Pinhole, Quat};

    use super::*;

    const CAMERA: Camera = Camera {
        pinhole: Pinhole { fx: 700.0, fy: 700.0, cx: 600.0, cy: 180.0 },
        distortion: Distortion::None,
    };
    const SIZE: ImageSize = ImageSize { width: 1200, height: 360 };

    /// The scene's x ahead, y left, z up as the camera's z ahead, x right, y down.
    fn to_camera() -> Rigid3 {
        let rows = [[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]];
        Rigid3::from_parts(&rows, [0.0; 3]).expect("a rotation")
    }

    fn near(b: &Box2, edges: [f64; 4]) {
        let is = [b.x, b.y, b.right(), b.bottom()];
        assert!(is.iter().zip(edges).all(|(a, b)| (a - b).abs() < 1e-6), "{is:?} is not {edges:?}");
    }

    #[test]
    fn a_head_is_the_upper_quarter_widened_about_its_middle() {
        // Front face 10 m ahead, 0.7 m wide, from 0.8 m below to 0.8 m above the axis: the head is from 0.4
        // to 0.8 m, which is 49 x 28 pixels there; the rear, farther away, lies within but for its lower edge.
        let rear = 0.4 * 700.0 / 10.5;
        let cuboid = Cuboid { center: [10.25, 0.0, 0.0], size: [0.5, 0.7, 1.6], rotation: Quat::IDENTITY };
        let found = bands(BandKind::Face, &cuboid, &CAMERA, &to_camera(), SIZE);
        let (top, bottom) = (180.0 - 56.0, 180.0 - rear);
        let more = (bottom - top) / 8.0;
        assert_eq!(found.len(), 1);
        near(&found[0], [600.0 - 24.5 * 1.25, top - more, 600.0 + 24.5 * 1.25, bottom + more]);
    }

    #[test]
    fn plates_are_looked_for_on_the_lower_half_of_both_ends() {
        let cuboid = Cuboid { center: [12.0, 0.0, 0.0], size: [4.0, 1.8, 1.6], rotation: Quat::IDENTITY };
        let found = bands(BandKind::Plate, &cuboid, &CAMERA, &to_camera(), SIZE);
        assert_eq!(found.len(), 2);
        for (band, depth) in found.iter().zip([14.0, 10.0]) {
            let (half, floor) = (0.9 * 700.0 / depth, 0.8 * 700.0 / depth);
            near(
                band,
                [600.0 - half * 1.25, 180.0 - floor / 8.0, 600.0 + half * 1.25, 180.0 + floor * 9.0 / 8.0],
            );
        }
        // Turned across the road, its ends are to the left and right and seen edge on.
        let across =
            Cuboid { rotation: Quat::new([0.5f64.sqrt(), 0.0, 0.0, 0.5f64.sqrt()]).unwrap(), ..cuboid };
        let found = bands(BandKind::Plate, &across, &CAMERA, &to_camera(), SIZE);
        assert!(found[0].right() < 600.0 && found[1].x > 600.0, "{found:?}");
    }

    #[test]
    fn what_is_behind_or_beside_the_picture_has_no_band() {
        let behind = Cuboid { center: [-10.0, 0.0, 0.0], size: [4.0, 1.8, 1.6], rotation: Quat::IDENTITY };
        assert!(bands(BandKind::Plate, &behind, &CAMERA, &to_camera(), SIZE).is_empty());
        let beside = Cuboid { center: [10.0, 40.0, 0.0], ..behind };
        assert!(bands(BandKind::Face, &beside, &CAMERA, &to_camera(), SIZE).is_empty());
        // A car beside the vehicle: its front is in view, its rear is not.
        let passing = Cuboid { center: [0.5, 2.0, -0.5], size: [12.0, 1.8, 1.6], rotation: Quat::IDENTITY };
        assert_eq!(bands(BandKind::Plate, &passing, &CAMERA, &to_camera(), SIZE).len(), 1);
    }

    #[test]
    fn only_classes_with_a_face_or_a_plate_have_bands() {
        assert_eq!(BandKind::of_class("cyclist"), Some(BandKind::Face));
        assert_eq!(BandKind::of_class("car"), Some(BandKind::Plate));
        assert_eq!(BandKind::of_class("object"), None);
    }
}
