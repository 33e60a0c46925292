//! What must hold for all values.

use countersign_geometry::{
    Box2, Cuboid, Footprint, ImageSize, Point2, Polygon, Quat, Rigid3, Rle, bev_iou, iou_3d, lerp,
    polygon_intersection_area, polygon_iou,
};
use proptest::prelude::*;

prop_compose! {
    fn quat()(wxyz in proptest::array::uniform4(-1.0f64..1.0)) -> Quat {
        Quat::new(wxyz).unwrap_or(Quat::IDENTITY)
    }
}

prop_compose! {
    fn rigid()(rotation in quat(), translation in vector(1e4)) -> Rigid3 {
        Rigid3 { translation, rotation }
    }
}

prop_compose! {
    fn cuboid()(
        center in vector(5.0),
        size in proptest::array::uniform3(0.1f64..8.0),
        rotation in quat(),
    ) -> Cuboid {
        Cuboid { center, size, rotation }
    }
}

prop_compose! {
    fn rectangle()(x in -20.0f64..40.0, y in -20.0f64..40.0, w in 0.1f64..40.0, h in 0.1f64..40.0) -> Box2 {
        Box2 { x, y, w, h }
    }
}

prop_compose! {
    /// A simple polygon: points at rising angles around a centre, no step as wide as half a turn.
    fn star()(
        center in (0.0f64..40.0, 0.0f64..40.0),
        spokes in proptest::collection::vec((0.4f64..1.0, 1.0f64..25.0), 4..12),
    ) -> Polygon {
        let total: f64 = spokes.iter().map(|(step, _)| step).sum();
        let mut angle = 0.0;
        let points = spokes.iter().map(|(step, radius)| {
            angle += step / total * std::f64::consts::TAU;
            Point2::new(center.0 + radius * angle.cos(), center.1 + radius * angle.sin())
        });
        Polygon::new(points.collect()).expect("a star is simple")
    }
}

fn vector(reach: f64) -> impl Strategy<Value = [f64; 3]> {
    proptest::array::uniform3(-reach..reach)
}

fn outline(b: &Box2) -> Polygon {
    let corners = [[b.x, b.y], [b.right(), b.y], [b.right(), b.bottom()], [b.x, b.bottom()]];
    Polygon::new(corners.map(Point2::from).to_vec()).expect("a box is simple")
}

fn near(a: [f64; 3], b: [f64; 3], tolerance: f64) -> bool {
    a.iter().zip(b).all(|(x, y)| (x - y).abs() <= tolerance)
}

proptest! {
    #[test]
    fn boxes_overlap_like_their_outlines(a in rectangle(), b in rectangle()) {
        let iou = a.iou(&b);
        prop_assert!((0.0..=1.0).contains(&iou));
        prop_assert_eq!(iou, b.iou(&a));
        prop_assert!((a.iou(&a) - 1.0).abs() < 1e-12);
        prop_assert!((polygon_iou(&outline(&a), &outline(&b)).expect("small") - iou).abs() < 1e-9);
    }

    #[test]
    fn polygon_overlap_is_symmetric_and_bounded(a in star(), b in star()) {
        let common = polygon_intersection_area(&a, &b).expect("small");
        let turned = polygon_intersection_area(&b, &a).expect("small");
        prop_assert!((common - turned).abs() < 1e-8);
        prop_assert!(common >= 0.0 && common <= a.area().min(b.area()));
        prop_assert!((polygon_iou(&a, &a).expect("small") - 1.0).abs() < 1e-9);
        let reversed: Vec<Point2> = a.points().iter().rev().copied().collect();
        let reversed = Polygon::new(reversed).expect("still simple");
        prop_assert!((reversed.signed_area() + a.signed_area()).abs() < 1e-9);
        prop_assert!((polygon_intersection_area(&reversed, &b).expect("small") - common).abs() < 1e-8);
    }

    #[test]
    fn a_raster_holds_what_the_polygon_holds(polygon in star(), columns in 1u32..50, rows in 1u32..50) {
        let size = ImageSize { width: columns, height: rows };
        let mask = Rle::from_polygon(size, &polygon).expect("a mask");
        let pixels = mask.to_rows();
        let mut differing = 0;
        for row in 0..rows {
            for column in 0..columns {
                let center = Point2::new(f64::from(column) + 0.5, f64::from(row) + 0.5);
                let set = pixels[(row * columns + column) as usize] == 1;
                differing += u32::from(polygon.contains(center) != set);
            }
        }
        // The two tests shoot their rays in different directions; only rounding can tell them apart.
        prop_assert!(differing == 0, "{} pixels", differing);
        prop_assert_eq!(mask.area(), pixels.iter().map(|&p| u64::from(p)).sum::<u64>());
    }

    #[test]
    fn masks_come_back(
        (columns, rows, pixels) in (1u32..30, 1u32..30).prop_flat_map(|(w, h)| {
            (Just(w), Just(h), proptest::collection::vec(0u8..2, (w * h) as usize))
        })
    ) {
        let size = ImageSize { width: columns, height: rows };
        let mask = Rle::from_rows(size, &pixels).expect("a mask");
        prop_assert_eq!(&mask.to_rows(), &pixels);
        prop_assert_eq!(mask.counts().iter().map(|&c| u64::from(c)).sum::<u64>(), u64::from(columns * rows));
        prop_assert!(mask.counts().iter().skip(1).all(|&c| c > 0));
        prop_assert_eq!(&Rle::from_coco_string(size, &mask.to_coco_string()).expect("our own"), &mask);
        prop_assert_eq!(&Rle::from_counts(size, mask.counts()).expect("our own"), &mask);
        let json = serde_json::to_string(&mask).expect("serialises");
        prop_assert_eq!(&serde_json::from_str::<Rle>(&json).expect("our own"), &mask);
        let inverse: Vec<u8> = pixels.iter().map(|p| 1 - p).collect();
        let inverse = Rle::from_rows(size, &inverse).expect("a mask");
        prop_assert_eq!(mask.intersection_area(&inverse).expect("same size"), 0);
        prop_assert_eq!(mask.area() + inverse.area(), u64::from(columns * rows));
    }

    #[test]
    fn foreign_masks_do_no_harm(text in "[ -~]{0,40}", counts in proptest::collection::vec(any::<u32>(), 0..9)) {
        let size = ImageSize { width: 6, height: 5 };
        for mask in [Rle::from_coco_string(size, &text), Rle::from_counts(size, &counts)].into_iter().flatten() {
            prop_assert_eq!(mask.to_rows().len(), 30);
        }
        let huge = ImageSize { width: u32::MAX, height: u32::MAX };
        prop_assert!(Rle::from_counts(huge, &counts).is_err());
        prop_assert!(Rle::from_coco_string(huge, &text).is_err());
    }

    #[test]
    fn a_transform_and_its_inverse_cancel(t in rigid(), p in vector(1e4)) {
        prop_assert!(near(t.inverse().apply(t.apply(p)), p, 1e-9 * 1e4));
        prop_assert!(near(t.compose(&t.inverse()).apply(p), p, 1e-9 * 1e4));
    }

    #[test]
    fn transforms_compose_in_order(a in rigid(), b in rigid(), p in vector(1e3)) {
        prop_assert!(near(a.compose(&b).apply(p), a.apply(b.apply(p)), 1e-7));
    }

    #[test]
    fn matrices_come_back(t in rigid()) {
        let back = Rigid3::from_matrix(&t.to_matrix()).expect("a rotation");
        prop_assert!(back.rotation.angle_to(&t.rotation) < 1e-7);
        prop_assert_eq!(back.translation, t.translation);
    }

    #[test]
    fn what_is_no_rotation_is_refused(t in rigid(), row in 0usize..3, factor in prop_oneof![-2.0f64..0.99, 1.01f64..2.0]) {
        let mut m = t.to_matrix();
        for v in &mut m[row][..3] {
            *v *= factor;
        }
        prop_assert!(Rigid3::from_matrix(&m).is_err());
    }

    #[test]
    fn normalising_twice_changes_no_bit(wxyz in proptest::array::uniform4(-10.0f64..10.0)) {
        prop_assume!(wxyz.iter().any(|v| v.abs() > 1e-3));
        let once = Quat::new(wxyz).expect("not zero");
        prop_assert_eq!(Quat::new(once.wxyz()).expect("unit"), once);
        let json = serde_json::to_string(&once).expect("serialises");
        prop_assert_eq!(serde_json::from_str::<Quat>(&json).expect("unit"), once);
    }

    #[test]
    fn slerp_turns_evenly(a in quat(), b in quat(), t in 0.0f64..1.0) {
        let middle = a.slerp(&b, t);
        let whole = a.angle_to(&b);
        prop_assume!(whole < 3.1);
        prop_assert!((a.angle_to(&middle) - t * whole).abs() < 1e-6);
        prop_assert!((middle.angle_to(&b) - (1.0 - t) * whole).abs() < 1e-6);
        prop_assert!(a.slerp(&b, 0.0).angle_to(&a) < 1e-7 && a.slerp(&b, 1.0).angle_to(&b) < 1e-7);
        prop_assert_eq!(lerp([1.0; 3], [3.0; 3], 0.5), [2.0; 3]);
    }

    #[test]
    fn a_yaw_comes_back(yaw in -3.1f64..3.1, tilt in 0.0f64..1.5) {
        let level = Quat::from_yaw(yaw);
        prop_assert!((level.yaw() - yaw).abs() < 1e-9 && level.tilt() < 1e-9);
        let (s, c) = (tilt / 2.0).sin_cos();
        let tilted = level.compose(&Quat::new([c, s, 0.0, 0.0]).expect("unit"));
        prop_assert!((tilted.tilt() - tilt).abs() < 1e-9 && (tilted.yaw() - yaw).abs() < 1e-9);
    }

    #[test]
    fn corners_are_the_cuboid_s_own(c in cuboid(), t in rigid()) {
        let corners = c.corners();
        let mean: [f64; 3] = std::array::from_fn(|i| corners.iter().map(|p| p[i]).sum::<f64>() / 8.0);
        prop_assert!(near(mean, c.center, 1e-9));
        for p in corners {
            prop_assert!(c.contains(lerp(c.center, p, 0.999)));
            prop_assert!(!c.contains(lerp(c.center, p, 1.001)));
        }
        let inside = corners.map(|p| lerp(c.center, p, 0.5));
        prop_assert_eq!(c.count_inside(inside.into_iter().chain(corners.map(|p| lerp(c.center, p, 1.5)))), 8);
        let moved = c.transformed(&t).corners();
        prop_assert!(moved.iter().zip(corners).all(|(m, p)| near(*m, t.apply(p), 1e-7)));
    }

    #[test]
    fn cuboid_overlaps_are_bounded_and_symmetric(a in cuboid(), b in cuboid(), far in vector(1e6)) {
        let bev = bev_iou(&a, &b);
        prop_assert!((0.0..=1.0).contains(&bev) && (0.0..=1.0).contains(&iou_3d(&a, &b)));
        prop_assert!((bev - bev_iou(&b, &a)).abs() < 1e-9);
        prop_assert!((iou_3d(&a, &b) - iou_3d(&b, &a)).abs() < 1e-9);
        prop_assert!((bev_iou(&a, &a) - 1.0).abs() < 1e-9);
        // Far from the origin, as in map coordinates, the answer is the same.
        let shift = |c: &Cuboid| Cuboid { center: std::array::from_fn(|i| c.center[i] + far[i]), ..*c };
        prop_assert!((bev_iou(&shift(&a), &shift(&b)) - bev).abs() < 1e-6);
        // A quarter turn with the sides exchanged is the same rectangle.
        let f = Footprint::from(&a);
        let turned = Footprint { length: f.width, width: f.length, yaw: f.yaw + std::f64::consts::FRAC_PI_2, ..f };
        prop_assert!((f.iou(&turned) - 1.0).abs() < 1e-9);
    }
}
