//! What COCO says of a shape: box, rings or runs, area, keypoints.

use countersign_geometry::{ImageSize, Rle};
use countersign_model::{Joint, JointState, Shape};
use serde::Serialize;

use crate::ExchangeError;

/// Points of the ring that stands for an ellipse; it encloses 99.8 % of the ellipse.
const ELLIPSE_POINTS: u32 = 64;
/// COCO's word for a keypoint that is labelled and seen.
const SEEN: f64 = 2.0;
/// For one that is labelled and not seen.
const HIDDEN: f64 = 1.0;

/// Rings of `x, y` pairs, or run lengths.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Segmentation<'a> {
    /// Rings; none for lines and points.
    Rings(Vec<Vec<f64>>),
    /// A mask.
    Runs {
        /// Height and width, pixels.
        size: [u32; 2],
        /// COCO's compressed text.
        counts: &'a str,
    },
}

/// A shape in COCO's words.
pub(super) struct Outline<'a> {
    /// Left, top, width, height.
    pub bbox: [f64; 4],
    /// Rings or runs.
    pub segmentation: Segmentation<'a>,
    /// Square pixels.
    pub area: f64,
    /// `x, y, v` for each point, where the shape is made of points.
    pub keypoints: Option<Vec<f64>>,
    /// Whether the shape has to be said exactly beside this.
    pub exact: bool,
}

/// Puts a valid shape into COCO's words.
///
/// # Errors
/// [`ExchangeError::Unsupported`] for cuboids and tags, [`ExchangeError::Invalid`] for a mask that cannot be read.
pub(super) fn outline<'a>(
    shape: &'a Shape,
    place: &impl Fn() -> String,
) -> Result<Outline<'a>, ExchangeError> {
    let [left, top, right, bottom] = shape.extent().unwrap_or_default();
    let bbox = match shape {
        Shape::Box { x, y, w, h } => [*x, *y, *w, *h],
        _ => [left, top, right - left, bottom - top],
    };
    let rings = |rings: Vec<Vec<[f64; 2]>>, area: f64, exact: bool| Outline {
        bbox,
        segmentation: Segmentation::Rings(
            rings.iter().map(|r| r.iter().flatten().copied().collect()).collect(),
        ),
        area,
        keypoints: None,
        exact,
    };
    Ok(match shape {
        Shape::Box { x, y, w, h } => {
            let (right, bottom) = (x + w, y + h);
            rings(vec![vec![[*x, *y], [right, *y], [right, bottom], [*x, bottom]]], w * h, false)
        }
        Shape::RotatedBox { cx, cy, w, h, angle } => {
            let corner = |sx: f64, sy: f64| turned([*cx, *cy], [sx * w / 2.0, sy * h / 2.0], *angle);
            let ring = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)].map(|(sx, sy)| corner(sx, sy));
            rings(vec![ring.to_vec()], w * h, true)
        }
        Shape::Ellipse { cx, cy, rx, ry, angle } => {
            let ring = (0..ELLIPSE_POINTS).map(|i| {
                let (sin, cos) = (std::f64::consts::TAU * f64::from(i) / f64::from(ELLIPSE_POINTS)).sin_cos();
                turned([*cx, *cy], [rx * cos, ry * sin], *angle)
            });
            rings(vec![ring.collect()], std::f64::consts::PI * rx * ry, true)
        }
        Shape::Polygon { points, holes } if holes.is_empty() => {
            rings(vec![points.clone()], area(points), false)
        }
        Shape::Polygon { points, holes } => {
            let cut: f64 = holes.iter().map(|hole| area(hole)).sum();
            rings(vec![keyhole(points, holes)], area(points) - cut, true)
        }
        Shape::Polyline { .. } => rings(Vec::new(), 0.0, true),
        Shape::Points { points } => Outline {
            keypoints: Some(points.iter().flat_map(|&[x, y]| [x, y, SEEN]).collect()),
            ..rings(Vec::new(), 0.0, true)
        },
        Shape::Skeleton { joints } => Outline {
            keypoints: Some(joints.iter().flat_map(keypoint).collect()),
            ..rings(Vec::new(), 0.0, false)
        },
        Shape::Mask { size: [height, width], counts } => {
            let size = ImageSize { height: *height, width: *width };
            let mask = Rle::from_coco_string(size, counts)
                .map_err(|error| ExchangeError::invalid(place(), error.to_string()))?;
            let bounds = mask.bounds();
            Outline {
                bbox: bounds.map_or([0.0; 4], |b| [b.x, b.y, b.w, b.h]),
                segmentation: Segmentation::Runs { size: [*height, *width], counts },
                area: mask.area() as f64,
                keypoints: None,
                exact: false,
            }
        }
        Shape::Cuboid { .. } | Shape::Tag {} => {
            return Err(ExchangeError::Unsupported { shape: shape.kind() });
        }
    })
}

fn keypoint(joint: &Joint) -> [f64; 3] {
    match joint.state {
        JointState::Visible => [joint.at[0], joint.at[1], SEEN],
        JointState::Hidden => [joint.at[0], joint.at[1], HIDDEN],
        // COCO has zeros where nothing was labelled.
        JointState::Absent => [0.0; 3],
    }
}

/// A point beside a centre, turned about it.
fn turned([cx, cy]: [f64; 2], [x, y]: [f64; 2], angle: f64) -> [f64; 2] {
    let (sin, cos) = angle.sin_cos();
    [cx + x * cos - y * sin, cy + x * sin + y * cos]
}

/// One ring for a polygon with holes: it runs to each hole, around it against its own direction, and back over the same
/// line, which encloses nothing.
fn keyhole(points: &[[f64; 2]], holes: &[Vec<[f64; 2]>]) -> Vec<[f64; 2]> {
    let direction = signed_area(points).signum();
    let mut ring = points.to_vec();
    ring.extend(points.first());
    for hole in holes {
        let mut around: Vec<[f64; 2]> = hole.clone();
        if signed_area(hole).signum() == direction {
            around.reverse();
        }
        ring.extend(&around);
        ring.extend(around.first());
        ring.extend(points.first());
    }
    ring
}

/// Area of a polygon without holes.
fn area(points: &[[f64; 2]]) -> f64 {
    signed_area(points).abs()
}

/// Shoelace formula, about the first point so that far-away polygons lose no digits.
fn signed_area(points: &[[f64; 2]]) -> f64 {
    let Some(o) = points.first() else { return 0.0 };
    let twice: f64 = points
        .windows(2)
        .map(|pair| (pair[0][0] - o[0]) * (pair[1][1] - o[1]) - (pair[1][0] - o[0]) * (pair[0][1] - o[1]))
        .sum();
    twice / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(shape: &Shape) -> (serde_json::Value, [f64; 4], f64) {
        let found = outline(shape, &|| "here".to_owned()).unwrap();
        (serde_json::to_value(&found.segmentation).unwrap(), found.bbox, found.area)
    }

    fn ring(value: &serde_json::Value) -> Vec<[f64; 2]> {
        let numbers: Vec<f64> = serde_json::from_value(value[0].clone()).unwrap();
        numbers.chunks(2).map(|p| [p[0], p[1]]).collect()
    }

    #[test]
    fn a_keyhole_encloses_what_the_polygon_encloses() {
        let square = |x: f64, side: f64| vec![[x, x], [x + side, x], [x + side, x + side], [x, x + side]];
        let shape =
            Shape::Polygon { points: square(0.0, 10.0), holes: vec![square(1.0, 2.0), square(5.0, 3.0)] };
        let (segmentation, bbox, area) = said(&shape);
        assert_eq!((bbox, area), ([0.0, 0.0, 10.0, 10.0], 87.0));
        assert!((signed_area(&ring(&segmentation)).abs() - 87.0).abs() < 1e-9);
    }

    #[test]
    fn turned_shapes_have_the_box_of_their_ring() {
        let box_of = |points: &[[f64; 2]]| {
            points.iter().fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |b, p| {
                [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])]
            })
        };
        let turned = Shape::RotatedBox { cx: 20.0, cy: 30.0, w: 12.0, h: 5.0, angle: 0.7 };
        let (segmentation, bbox, area) = said(&turned);
        let found = box_of(&ring(&segmentation));
        assert!((found[0] - bbox[0]).abs() < 1e-9 && (found[3] - bbox[1] - bbox[3]).abs() < 1e-9);
        assert!((signed_area(&ring(&segmentation)).abs() - area).abs() < 1e-9);
        let oval = Shape::Ellipse { cx: 20.0, cy: 30.0, rx: 12.0, ry: 5.0, angle: -0.4 };
        let (segmentation, bbox, area) = said(&oval);
        let found = box_of(&ring(&segmentation));
        assert!((found[0] - bbox[0]).abs() < 0.05 && (found[2] - bbox[0] - bbox[2]).abs() < 0.05);
        assert!(signed_area(&ring(&segmentation)).abs() / area > 0.998);
    }

    #[test]
    fn masks_keep_their_runs() {
        let mask = Rle::from_counts(ImageSize { height: 3, width: 4 }, &[4, 2, 6]).unwrap();
        let shape = Shape::Mask { size: [3, 4], counts: mask.to_coco_string() };
        let (segmentation, bbox, area) = said(&shape);
        assert_eq!(segmentation["counts"], mask.to_coco_string());
        assert_eq!((bbox, area), ([1.0, 1.0, 1.0, 2.0], 2.0));
    }

    #[test]
    fn joints_become_keypoints() {
        let joint = |x: f64, state: JointState| Joint { at: [x, 1.0], state };
        let joints = vec![
            joint(3.0, JointState::Visible),
            joint(9.0, JointState::Absent),
            joint(5.0, JointState::Hidden),
        ];
        let shape = Shape::Skeleton { joints };
        let found = outline(&shape, &|| "here".to_owned()).unwrap();
        assert_eq!(found.keypoints.unwrap(), [3.0, 1.0, 2.0, 0.0, 0.0, 0.0, 5.0, 1.0, 1.0]);
        assert_eq!(found.bbox, [3.0, 1.0, 2.0, 0.0]);
    }
}
