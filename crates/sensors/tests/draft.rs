//! The draft on scenes whose truth is known, and on scenes that make no sense.

use countersign_geometry::{Cuboid, Quat, Vec3};
use countersign_sensors::draft::{DraftCuboid, DraftParams, detect};
use countersign_sensors::{Point, PointCloud};
use proptest::prelude::*;

/// Height of the sensor over the ground, metres.
const SENSOR_M: f64 = 1.73;
const RINGS: u32 = 64;
const COLUMNS: u32 = 1440;
const RANGE_MAX_M: f64 = 90.0;

/// A sweep of a spinning LiDAR over a plane that rises ahead, with things on it. Ranges carry a
/// repeatable noise of about ±3 cm.
fn sweep(things: &[Cuboid], rise: f64) -> PointCloud {
    let mut cloud = PointCloud::default();
    let mut state = 1u64;
    for ring in 0..RINGS {
        let (sin_e, cos_e) = (-24.8 + 26.8 * f64::from(ring) / f64::from(RINGS - 1)).to_radians().sin_cos();
        for column in 0..COLUMNS {
            let (s, c) = (f64::from(column) / f64::from(COLUMNS) * std::f64::consts::TAU).sin_cos();
            let ray = [cos_e * c, cos_e * s, sin_e];
            let hits = things.iter().filter_map(|t| range_to(t, ray)).chain(range_to_ground(ray, rise));
            let range = hits.fold(f64::INFINITY, f64::min);
            if range > RANGE_MAX_M {
                continue;
            }
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let noise = ((state >> 40) as f64 / f64::from(1 << 24) - 0.5) * 0.06;
            let position = ray.map(|v| (v * (range + noise)) as f32);
            cloud.points.push(Point { position, intensity: 0.3 });
        }
    }
    cloud
}

fn range_to_ground(ray: Vec3, rise: f64) -> Option<f64> {
    let fall = rise * ray[0] - ray[2];
    (fall > 1e-6).then(|| SENSOR_M / fall)
}

/// Where a ray from the sensor enters a box.
fn range_to(cuboid: &Cuboid, ray: Vec3) -> Option<f64> {
    let back = cuboid.rotation.inverse();
    let from = back.rotate(cuboid.center.map(|v| -v));
    let along = back.rotate(ray);
    let (mut enter, mut leave) = (0.0f64, f64::INFINITY);
    for axis in 0..3 {
        let half = cuboid.size[axis] / 2.0;
        let (a, b) = ((-half - from[axis]) / along[axis], (half - from[axis]) / along[axis]);
        enter = enter.max(a.min(b));
        leave = leave.min(a.max(b));
    }
    (enter < leave).then_some(enter)
}

/// A box that stands on the ground.
fn standing(x: f64, y: f64, size: Vec3, yaw: f64, rise: f64) -> Cuboid {
    Cuboid { center: [x, y, rise * x - SENSOR_M + size[2] / 2.0], size, rotation: Quat::from_yaw(yaw) }
}

const CAR: Vec3 = [4.2, 1.75, 1.5];
const PERSON: Vec3 = [0.5, 0.6, 1.75];

fn nearest<'a>(drafts: &'a [DraftCuboid], truth: &Cuboid) -> (&'a DraftCuboid, f64) {
    let apart =
        |d: &DraftCuboid| (d.cuboid.center[0] - truth.center[0]).hypot(d.cuboid.center[1] - truth.center[1]);
    let best = drafts.iter().min_by(|a, b| apart(a).total_cmp(&apart(b))).expect("a draft");
    (best, apart(best))
}

#[test]
fn things_that_stand_free_are_found_where_they_are() {
    for rise in [0.0, 0.03] {
        let truth = [
            ("car", standing(12.0, 4.0, CAR, 0.1, rise)),
            ("car", standing(18.0, -6.0, CAR, 2.9, rise)),
            ("car", standing(30.0, 2.0, CAR, 0.0, rise)),
            ("car", standing(-15.0, 7.0, CAR, 0.6, rise)),
            ("car", standing(8.0, -9.0, CAR, 1.57, rise)),
            ("pedestrian", standing(9.0, -1.5, PERSON, 0.0, rise)),
            ("pedestrian", standing(-7.0, -4.0, PERSON, 0.7, rise)),
            ("pedestrian", standing(22.0, -0.5, PERSON, 0.3, rise)),
        ];
        let things: Vec<Cuboid> = truth.iter().map(|(_, c)| *c).collect();
        let drafts = detect(&sweep(&things, rise), &DraftParams::default());
        for (class, cuboid) in &truth {
            let (draft, apart) = nearest(&drafts, cuboid);
            assert!(apart < 0.3, "rise {rise}: {class} at {:?} is {apart:.2} m off", cuboid.center);
            assert_eq!(draft.class, *class, "rise {rise}: at {:?}: {draft:?}", cuboid.center);
            let up = draft.cuboid.center[2] - cuboid.center[2];
            assert!(up.abs() < 0.15, "rise {rise}: {class} is {up:.2} m too high");
            if *class == "car" {
                let turn = (draft.cuboid.rotation.yaw() - cuboid.rotation.yaw()).sin().abs();
                assert!(turn < 0.1, "rise {rise}: {:?} turned by {turn:.2}", cuboid.center);
            }
        }
        assert_eq!(drafts.len(), truth.len(), "rise {rise}: {drafts:#?}");
    }
}

#[test]
fn bare_ground_and_no_points_give_no_draft() {
    assert_eq!(detect(&sweep(&[], 0.02), &DraftParams::default()), []);
    assert_eq!(detect(&PointCloud::default(), &DraftParams::default()), []);
}

#[test]
fn the_scene_s_origin_is_carried_over() {
    let mut cloud = sweep(&[standing(12.0, 4.0, CAR, 0.1, 0.0)], 0.0);
    let here = detect(&cloud, &DraftParams::default());
    cloud.origin = [582_000.0, 4_793_000.0, 120.0];
    let there = detect(&cloud, &DraftParams::default());
    for axis in 0..3 {
        let moved = there[0].cuboid.center[axis] - here[0].cuboid.center[axis];
        assert!((moved - cloud.origin[axis]).abs() < 1e-6);
    }
}

/// A hundred thousand points on a ring: a hull of thousands of corners must cost no more than a sweep.
#[test]
fn a_ring_of_points_is_no_trap() {
    let points = (0..100_000u32).map(|i| {
        let (s, c) = (f64::from(i) / 1e5 * std::f64::consts::TAU).sin_cos();
        Point { position: [(20.0 + 4.0 * c) as f32, (4.0 * s) as f32, (i % 10) as f32 * 0.1], intensity: 0.0 }
    });
    let cloud = PointCloud { points: points.collect(), ..PointCloud::default() };
    assert!(detect(&cloud, &DraftParams::default()).len() <= 1);
}

#[test]
fn limits_are_kept() {
    let things: Vec<Cuboid> =
        (0..6).map(|i| standing(10.0 + 6.0 * f64::from(i), 5.0, CAR, 0.0, 0.0)).collect();
    let cloud = sweep(&things, 0.0);
    let two = detect(&cloud, &DraftParams { cuboids_max: 2, ..DraftParams::default() });
    assert_eq!(two.len(), 2);
    let near = detect(&cloud, &DraftParams { range_max_m: 20.0, ..DraftParams::default() });
    assert!(!near.is_empty() && near.iter().all(|d| d.cuboid.center[0] < 23.0));
}

fn coordinate() -> impl Strategy<Value = f32> {
    prop_oneof![4 => -60.0f32..60.0, 1 => -1e6f32..1e6, 1 => Just(0.0), 1 => Just(f32::MAX)]
}

/// A parameter as a careless caller may set it.
fn wild() -> impl Strategy<Value = f64> {
    prop_oneof![6 => -1.0f64..100.0, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY), 1 => Just(f64::MIN)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Any cloud and any parameters give valid cuboids, the same each time, best first.
    #[test]
    fn nonsense_gives_valid_cuboids(
        points in proptest::collection::vec((coordinate(), coordinate(), coordinate()), 0..300),
        repeats in 1usize..12,
        params in (wild(), wild(), 0u32..20, wild(), wild()),
    ) {
        let points: Vec<Point> = points
            .iter()
            .flat_map(|&(x, y, z)| (0..repeats).map(move |i| [x + i as f32 * 0.02, y, z]))
            .map(|position| Point { position, intensity: 0.0 })
            .collect();
        let cloud = PointCloud { points, ..PointCloud::default() };
        let (range_max_m, voxel_m, points_min, length_max_m, adaptive_from_m) = params;
        let params = DraftParams {
            range_max_m,
            voxel_m,
            points_min,
            length_max_m,
            adaptive_from_m,
            score_min: 0.0,
            ..DraftParams::default()
        };
        let drafts = detect(&cloud, &params);
        prop_assert_eq!(&detect(&cloud, &params), &drafts);
        for d in &drafts {
            prop_assert!(d.cuboid.validate().is_ok(), "{:?}", d);
            prop_assert!((0.0..=1.0).contains(&d.score));
            prop_assert!(d.points >= points_min.max(3) && d.points as usize <= cloud.points.len());
        }
        prop_assert!(drafts.windows(2).all(|w| w[0].score >= w[1].score));
    }
}
