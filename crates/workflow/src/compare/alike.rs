//! How alike two marks of one finding are by the measures of their field: footprints of cuboids, and key points.

use countersign_geometry::{Point2, bev_iou, oks};
use countersign_model::{Joint, JointState, Shape};

use super::overlap::cuboid;

/// Intersection over union of the footprints of two cuboids, seen from above, 0 to 1. `None` for anything else.
#[must_use]
pub fn footprints_alike(a: &Shape, b: &Shape) -> Option<f64> {
    Some(bev_iou(&cuboid(a)?, &cuboid(b)?))
}

/// Similarity of the joints of two skeletons of one template, 0 to 1: COCO's OKS, the mean of both directions, since neither reader
/// is the reference of the other. The area is that of the box around the joints of whoever is held against; each joint has the
/// spread 1 / joints, since templates name none. `None` for anything else, and where joints span no area.
#[must_use]
pub fn key_points_alike(a: &Shape, b: &Shape) -> Option<f64> {
    let (Shape::Skeleton { joints: a }, Shape::Skeleton { joints: b }) = (a, b) else { return None };
    if a.len() != b.len() || a.is_empty() {
        return None;
    }
    // A template has few joints.
    let sigmas = vec![1.0 / a.len() as f64; a.len()];
    let (one, other) = (places(a), places(b));
    let similar = |reference: &[Option<Point2>], held: &[Option<Point2>]| {
        oks(reference, held, &sigmas, area(reference)?).ok().flatten()
    };
    Some((similar(&one, &other)? + similar(&other, &one)?) / 2.0)
}

fn places(joints: &[Joint]) -> Vec<Option<Point2>> {
    let place = |joint: &Joint| Point2::new(joint.at[0], joint.at[1]);
    joints.iter().map(|joint| (joint.state != JointState::Absent).then(|| place(joint))).collect()
}

/// Area of the box around what is there, square pixels; `None` where that is none.
fn area(points: &[Option<Point2>]) -> Option<f64> {
    let span = |of: fn(&Point2) -> f64| {
        let values = || points.iter().flatten().map(of);
        values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min)
    };
    Some(span(|point| point.x) * span(|point| point.y)).filter(|area| area.is_finite() && *area > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skeleton(joints: &[(f64, f64, JointState)]) -> Shape {
        Shape::Skeleton {
            joints: joints.iter().map(|(x, y, state)| Joint { at: [*x, *y], state: *state }).collect(),
        }
    }

    fn car(x: f64, z: f64) -> Shape {
        Shape::Cuboid { center: [x, 0.0, z], size: [4.0, 2.0, 1.5], rotation: [1.0, 0.0, 0.0, 0.0] }
    }

    #[test]
    fn footprints_know_no_height() {
        let apart = footprints_alike(&car(0.0, 0.0), &car(1.0, 9.0)).unwrap();
        assert!((apart - 0.6).abs() < 1e-12, "3 of 5 metres in common: {apart}");
        assert_eq!(footprints_alike(&car(0.0, 0.0), &Shape::Tag {}), None);
    }

    #[test]
    fn key_points_are_held_against_each_other_both_ways() {
        use JointState::{Absent, Visible};
        let one = skeleton(&[(0.0, 0.0, Visible), (10.0, 10.0, Visible)]);
        assert_eq!(key_points_alike(&one, &one), Some(1.0));
        // A spread of 1/2 and an area of 100: exp(-1 / (2 * 100)) for a joint that is one pixel off.
        let off = skeleton(&[(0.0, 0.0, Visible), (10.0, 11.0, Visible)]);
        let there = (1.0 + (-1.0_f64 / 200.0).exp()) / 2.0;
        let back = (1.0 + (-1.0_f64 / 220.0).exp()) / 2.0;
        assert!((key_points_alike(&one, &off).unwrap() - (there + back) / 2.0).abs() < 1e-12);
        // What one sees and the other does not counts 0 for who sees it; a single joint spans no area.
        let less = skeleton(&[(0.0, 0.0, Visible), (10.0, 10.0, Absent)]);
        assert_eq!(key_points_alike(&one, &less), None);
        let three = skeleton(&[(0.0, 0.0, Visible), (10.0, 10.0, Visible), (5.0, 0.0, Visible)]);
        let two = skeleton(&[(0.0, 0.0, Visible), (10.0, 10.0, Visible), (5.0, 0.0, Absent)]);
        assert!((key_points_alike(&three, &two).unwrap() - (2.0 / 3.0 + 1.0) / 2.0).abs() < 1e-12);
        assert_eq!(key_points_alike(&one, &three), None);
    }
}
