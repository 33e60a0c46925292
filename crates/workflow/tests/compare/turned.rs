//! Turned boxes, ellipses, lines, points and outlines with holes merge by the rule, and nobody's mark stands for all in silence.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use countersign_model::{Agreement, Joint, JointState, MergeRule, Shape};
use countersign_workflow::compare::merge_chosen;
use proptest::prelude::*;

use crate::{mark, merged, square};

fn both(a: Shape, b: Shape, rule: MergeRule) -> Shape {
    let reads = [vec![mark(1, 1, "x", a)], vec![mark(2, 1, "x", b)]];
    let loose = Agreement { box_iou: 0.3, dice: 0.3, ..Agreement::default() };
    merged(&reads, &loose, rule)[0].shape.clone()
}

fn turned(w: f64, h: f64, angle: f64) -> Shape {
    Shape::RotatedBox { cx: 50.0, cy: 40.0, w, h, angle }
}

/// Half-way between 10 and 20 degrees is 15, whichever of the names of the same box is used.
#[test]
fn turned_boxes_merge_to_their_mean_however_they_are_named() {
    let (a, b) = (10.0_f64.to_radians(), 20.0_f64.to_radians());
    for (first, second) in [
        (turned(30.0, 10.0, a), turned(32.0, 12.0, b)),
        (turned(30.0, 10.0, a), turned(32.0, 12.0, b + PI)),
        (turned(30.0, 10.0, a), turned(12.0, 32.0, b + FRAC_PI_2)),
        (turned(30.0, 10.0, a), turned(12.0, 32.0, b - 3.0 * FRAC_PI_2)),
    ] {
        for rule in [MergeRule::Mean, MergeRule::Union, MergeRule::Staple] {
            let Shape::RotatedBox { cx, cy, w, h, angle } = both(first.clone(), second.clone(), rule) else {
                panic!("not a turned box")
            };
            assert!((cx - 50.0).abs() < 1e-9 && (cy - 40.0).abs() < 1e-9);
            assert!((w - 31.0).abs() < 1e-9 && (h - 11.0).abs() < 1e-9, "{w} {h}");
            assert!((angle - 15.0_f64.to_radians()).abs() < 1e-9, "{}", angle.to_degrees());
        }
    }
    // The rule of the first reader takes theirs.
    assert_eq!(both(turned(30.0, 10.0, a), turned(32.0, 12.0, b), MergeRule::One), turned(30.0, 10.0, a));
    // An upright box among turned ones is a box that is not turned.
    let upright = Shape::Box { x: 35.0, y: 35.0, w: 30.0, h: 10.0 };
    let Shape::RotatedBox { angle, .. } = both(upright, turned(30.0, 10.0, b), MergeRule::Mean) else {
        panic!("not a turned box")
    };
    assert!((angle - 10.0_f64.to_radians()).abs() < 1e-9);
}

#[test]
fn ellipses_merge_to_their_mean() {
    let ellipse = |cx: f64, rx: f64, ry: f64, angle: f64| Shape::Ellipse { cx, cy: 40.0, rx, ry, angle };
    let mean =
        both(ellipse(50.0, 20.0, 8.0, 0.1), ellipse(52.0, 10.0, 22.0, 0.2 - FRAC_PI_2), MergeRule::Mean);
    let Shape::Ellipse { cx, rx, ry, angle, .. } = mean else { panic!("not an ellipse") };
    assert!((cx - 51.0).abs() < 1e-9 && (rx - 21.0).abs() < 1e-9 && (ry - 9.0).abs() < 1e-9);
    assert!((angle - 0.15).abs() < 1e-9);
}

#[test]
fn lines_merge_to_their_mean_whichever_way_they_were_drawn() {
    let line = |points: &[[f64; 2]]| Shape::Polyline { points: points.to_vec() };
    let straight = line(&[[0.0, 0.0], [100.0, 0.0]]);
    for other in
        [line(&[[0.0, 2.0], [50.0, 2.0], [100.0, 2.0]]), line(&[[100.0, 2.0], [50.0, 2.0], [0.0, 2.0]])]
    {
        let Shape::Polyline { points } = both(straight.clone(), other, MergeRule::Mean) else {
            panic!("not a line")
        };
        assert_eq!(points.len(), 3, "a corner wherever one of them has one");
        for (point, x) in points.iter().zip([0.0, 50.0, 100.0]) {
            assert!((point[0] - x).abs() < 1e-9 && (point[1] - 1.0).abs() < 1e-9, "{points:?}");
        }
    }
}

fn ring(shift: f64) -> Shape {
    let hole = vec![[8.0 + shift, 8.0], [16.0 + shift, 8.0], [16.0 + shift, 16.0], [8.0 + shift, 16.0]];
    let Shape::Polygon { points, .. } = square(shift, 0.0, 24.0) else {
        unreachable!("a square is an outline")
    };
    Shape::Polygon { points, holes: vec![hole] }
}

#[test]
fn holes_are_merged_as_what_is_around_them() {
    let wide = |ring: &[[f64; 2]]| {
        let xs = || ring.iter().map(|p| p[0]);
        (xs().fold(f64::INFINITY, f64::min), xs().fold(f64::NEG_INFINITY, f64::max))
    };
    for (rule, outside, inside) in
        [(MergeRule::Union, (0.0, 26.0), (10.0, 16.0)), (MergeRule::Intersection, (2.0, 24.0), (8.0, 18.0))]
    {
        let Shape::Polygon { points, holes } = both(ring(0.0), ring(2.0), rule) else {
            panic!("not an outline")
        };
        assert_eq!((wide(&points), holes.len()), (outside, 1));
        assert_eq!(wide(&holes[0]), inside);
    }
    // A hole that only one of three cut out is none by their majority.
    let shapes =
        [ring(0.0), square(0.0, 0.0, 24.0), square(0.0, 0.0, 24.0)].map(|shape| mark(1, 1, "x", shape));
    let marks: Vec<_> = shapes.iter().collect();
    let Some(Shape::Polygon { points, holes }) = merge_chosen(&marks, MergeRule::Mean) else {
        panic!("no outline")
    };
    assert_eq!((wide(&points), holes.len()), ((0.0, 24.0), 0));
}

fn middle(shapes: &[Shape]) -> Vec<[f64; 2]> {
    let marks: Vec<_> = shapes.iter().map(|shape| mark(1, 1, "x", shape.clone())).collect();
    match merge_chosen(&marks.iter().collect::<Vec<_>>(), MergeRule::Mean) {
        Some(Shape::Points { points }) => points,
        Some(Shape::Skeleton { joints }) => joints.iter().map(|joint| joint.at).collect(),
        other => panic!("no points: {other:?}"),
    }
}

#[test]
fn one_reader_who_is_far_off_does_not_move_points() {
    let points = |points: &[[f64; 2]]| Shape::Points { points: points.to_vec() };
    let near = |found: [f64; 2], x: f64, y: f64| (found[0] - x).abs() < 1e-6 && (found[1] - y).abs() < 1e-6;
    // Two readers: half-way.
    let two = middle(&[points(&[[0.0, 0.0], [9.0, 9.0]]), points(&[[2.0, 4.0], [9.0, 9.0]])]);
    assert!(near(two[0], 1.0, 2.0) && near(two[1], 9.0, 9.0), "{two:?}");
    // Three with equal sides: the middle of the triangle, as the mean has it.
    let high = 3.0_f64.sqrt();
    let three = middle(&[[0.0, 0.0], [2.0, 0.0], [1.0, high]].map(|at| points(&[at])));
    assert!(near(three[0], 1.0, high / 3.0), "{three:?}");
    // One of four far off: the other three hold the point, where the mean would be 25 pixels away.
    let four = [[10.0, 10.0], [10.5, 10.0], [10.0, 10.5], [110.0, 10.0]].map(|at| points(&[at]));
    let found = middle(&four)[0];
    assert!((found[0] - 10.2).abs() < 0.5 && (found[1] - 10.1).abs() < 0.5, "{found:?}");
    // Joints likewise, each by itself; how they are seen is what the first reader said.
    let joints = |first: [f64; 2], second: [f64; 2]| Shape::Skeleton {
        joints: [first, second].map(|at| Joint { at, state: JointState::Hidden }).to_vec(),
    };
    let found = middle(&[
        joints([5.0, 5.0], [20.0, 20.0]),
        joints([5.0, 5.0], [20.0, 21.0]),
        joints([90.0, 5.0], [20.0, 20.5]),
    ]);
    assert!(near(found[0], 5.0, 5.0) && near(found[1], 20.0, 20.5), "{found:?}");
    // Where a joint is that somebody could not place means nothing.
    let placed = |at: [f64; 2], state| Shape::Skeleton { joints: vec![Joint { at, state }] };
    let seen = [[4.0, 4.0], [6.0, 4.0]].map(|at| placed(at, JointState::Visible));
    let found = middle(&[seen[0].clone(), seen[1].clone(), placed([0.0, 0.0], JointState::Absent)]);
    assert!(near(found[0], 5.0, 4.0), "{found:?}");
}

#[test]
fn what_has_no_mean_goes_to_whoever_decides() {
    let round = Shape::Ellipse { cx: 50.0, cy: 40.0, rx: 15.0, ry: 5.0, angle: 0.0 };
    let (a, b) = (mark(1, 1, "x", round), mark(2, 1, "x", turned(30.0, 10.0, 0.0)));
    assert_eq!(merge_chosen(&[&a, &b], MergeRule::Mean), None);
}

proptest! {
    /// The mean of several namings of one oblong is that oblong.
    #[test]
    fn a_box_agrees_with_itself(w in 2.0..60.0_f64, h in 2.0..60.0_f64, angle in -TAU..TAU, turns in prop::collection::vec(-8_i32..8, 2..6)) {
        let named = |turns: i32| {
            let (w, h) = if turns % 2 == 0 { (w, h) } else { (h, w) };
            mark(1, 1, "x", turned(w, h, angle + f64::from(turns) * FRAC_PI_2))
        };
        let marks: Vec<_> = turns.iter().copied().map(named).collect();
        let Some(shape) = merge_chosen(&marks.iter().collect::<Vec<_>>(), MergeRule::Mean) else { panic!("no mean") };
        let Shape::RotatedBox { w: wide, h: high, angle: at, .. } = shape else { panic!("not a turned box") };
        let quarters = ((at - angle) / FRAC_PI_2).round();
        prop_assert!((at - angle - quarters * FRAC_PI_2).abs() < 1e-9);
        let (along, across) = if quarters.rem_euclid(2.0) < 0.5 { (w, h) } else { (h, w) };
        prop_assert!((wide - along).abs() < 1e-9 && (high - across).abs() < 1e-9);
    }
}
