//! How much two marks overlap.

use countersign_geometry::{
    Box2, Cuboid, Grid, ImageSize, Point2, Polygon, Rle, SurfaceDistances, iou_3d, polygon_iou,
    surface_distances,
};
use countersign_model::{Annotation, Joint, JointState, Shape, ShapeKind};

/// Largest side of the picture in which the distance of outlines is measured, cells; larger marks are measured at a
/// coarser grain.
const SURFACE_SIDE_MAX: f64 = 1_024.0;
/// Largest side of the picture in which areas are filled where their outlines cannot be intersected, cells.
const FILL_SIDE_MAX: f64 = 2_048.0;
/// Corners of the polygon that stands for an ellipse.
const ELLIPSE_CORNERS: u32 = 96;

/// Shapes that can be marks of the same finding: a box, an outline and a mask of one lesion are.
pub(super) const fn family(kind: ShapeKind) -> ShapeKind {
    match kind {
        ShapeKind::Box | ShapeKind::RotatedBox | ShapeKind::Ellipse | ShapeKind::Mask => ShapeKind::Polygon,
        other => other,
    }
}

/// Whether a shape covers an area of the picture.
pub(super) fn is_area(shape: &Shape) -> bool {
    family(shape.kind()) == ShapeKind::Polygon
}

/// Overlap of two marks of one family, 0 to 1: intersection over union of areas and cuboids; of points, joints and lines
/// a half where they are `point_px` apart, less beyond. Marks without a place overlap when they have one class.
pub(crate) fn overlap(a: &Annotation, b: &Annotation, point_px: f64) -> f64 {
    let value = match (&a.shape, &b.shape) {
        (Shape::Tag {}, Shape::Tag {}) => f64::from(u8::from(a.class == b.class)),
        (Shape::Box { .. }, Shape::Box { .. }) => match (rectangle(&a.shape), rectangle(&b.shape)) {
            (Some(a), Some(b)) => a.iou(&b),
            _ => 0.0,
        },
        (Shape::Cuboid { .. }, Shape::Cuboid { .. }) => match (cuboid(&a.shape), cuboid(&b.shape)) {
            (Some(a), Some(b)) => iou_3d(&a, &b),
            _ => 0.0,
        },
        (first, second) if is_area(first) && is_area(second) => area_overlap(first, second),
        (first, second) => {
            lines_apart(first, second).map_or(0.0, |far| 1.0 / (1.0 + (far / point_px).powi(2)))
        }
    };
    if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 }
}

/// The middle of what a shape covers of a picture, pixels; `None` for what has no place in one.
#[must_use]
pub fn middle(shape: &Shape) -> Option<[f64; 2]> {
    bounds(shape).map(|around| [around.x + around.w / 2.0, around.y + around.h / 2.0])
}

/// Overlap of two areas; outlines that are too intricate to be intersected, areas with holes and masks are filled.
fn area_overlap(a: &Shape, b: &Shape) -> f64 {
    let (Some(around_a), Some(around_b)) = (bounds(a), bounds(b)) else { return 0.0 };
    if around_a.intersection(&around_b).is_none() {
        return 0.0;
    }
    if let (Some(a), Some(b)) = (mask(a), mask(b))
        && a.size() == b.size()
    {
        return a.iou(&b).unwrap_or(0.0);
    }
    if let (Some(a), Some(b)) = (outline(a), outline(b))
        && let Ok(iou) = polygon_iou(&a, &b)
    {
        return iou;
    }
    let Some(frame) = Frame::over(&[around_a, around_b], FILL_SIDE_MAX) else {
        return around_a.iou(&around_b);
    };
    let (Some(a), Some(b)) = (frame.fill(a), frame.fill(b)) else { return around_a.iou(&around_b) };
    let (mut both, mut either) = (0_u32, 0_u32);
    for (a, b) in a.iter().zip(&b) {
        both += u32::from(*a != 0 && *b != 0);
        either += u32::from(*a != 0 || *b != 0);
    }
    if either == 0 { 0.0 } else { f64::from(both) / f64::from(either) }
}

/// How far apart points, joints or lines are at their farthest, pixels. `None` for what cannot be set against each other:
/// another number of points, joints that one sees and the other does not.
fn lines_apart(a: &Shape, b: &Shape) -> Option<f64> {
    match (a, b) {
        (Shape::Points { points: a }, Shape::Points { points: b }) if a.len() == b.len() => {
            Some(a.iter().zip(b).map(|(a, b)| distance(*a, *b)).fold(0.0, f64::max))
        }
        (Shape::Skeleton { joints: a }, Shape::Skeleton { joints: b }) if a.len() == b.len() => {
            let is_there = |joint: &Joint| joint.state != JointState::Absent;
            let same = a.iter().zip(b).all(|(a, b)| is_there(a) == is_there(b));
            let there = a.iter().zip(b).filter(|(a, _)| is_there(a));
            same.then(|| there.map(|(a, b)| distance(a.at, b.at)).fold(0.0, f64::max))
        }
        (Shape::Polyline { points: a }, Shape::Polyline { points: b }) => {
            let one_way = |from: &[[f64; 2]], to: &[[f64; 2]]| {
                let nearest = |p: &[f64; 2]| {
                    to.windows(2).map(|side| to_segment(*p, side[0], side[1])).fold(f64::INFINITY, f64::min)
                };
                from.iter().map(nearest).fold(0.0, f64::max)
            };
            Some(one_way(a, b).max(one_way(b, a)))
        }
        _ => None,
    }
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

fn to_segment(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length2 = dx * dx + dy * dy;
    let along = if length2 > 0.0 { ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2 } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    distance(p, [a[0] + along * dx, a[1] + along * dy])
}

/// The 95th percentile of the distance between the borders of two areas, in the unit of the distances of rows and columns.
/// `None` for marks without an area.
pub(super) fn outlines_apart(a: &Shape, b: &Shape, [row, column]: [f64; 2]) -> Option<f64> {
    let mut cells = u64::MAX;
    surfaces_apart(a, b, [row, column], &mut cells).map(|distances| distances.hausdorff_95)
}

/// How far the borders of two areas lie apart, in the unit of the distances of rows and columns: filled in cells of a pixel, coarser
/// where they are larger than 1,024. Takes the cells from what may be spent on it; `None` where that is too little, and for marks
/// without an area.
#[must_use]
pub fn surfaces_apart(
    a: &Shape,
    b: &Shape,
    [row, column]: [f64; 2],
    cells: &mut u64,
) -> Option<SurfaceDistances> {
    let frame = Frame::over(&[bounds(a)?, bounds(b)?], SURFACE_SIDE_MAX)?;
    *cells = cells.checked_sub(u64::from(frame.size.width) * u64::from(frame.size.height))?;
    let (first, second) = (frame.fill(a)?, frame.fill(b)?);
    let size = [frame.size.width as usize, frame.size.height as usize, 1];
    let grid = Grid { size, spacing: [frame.grain * column, frame.grain * row, 1.0] };
    surface_distances(&first, &second, &grid).ok().flatten()
}

/// The length of a line, mm.
pub(super) fn length_mm(shape: &Shape, [row, column]: [f64; 2]) -> Option<f64> {
    let Shape::Polyline { points } = shape else { return None };
    let side =
        |side: &[[f64; 2]]| ((side[1][0] - side[0][0]) * column).hypot((side[1][1] - side[0][1]) * row);
    Some(points.windows(2).map(side).sum())
}

/// The area of an outline without its holes, or of a mask, mm². Exact for what is drawn with straight sides.
pub(super) fn area_mm2(shape: &Shape, [row, column]: [f64; 2]) -> Option<f64> {
    let px = match shape {
        Shape::Mask { .. } => {
            #[expect(clippy::cast_precision_loss, reason = "a picture has fewer pixels than 2^53")]
            let pixels = mask(shape)?.area() as f64;
            pixels
        }
        Shape::Polygon { points, holes } => {
            let cut = holes.iter().map(|hole| ring(hole).map(|hole| hole.area()));
            ring(points)?.area() - cut.sum::<Option<f64>>()?
        }
        Shape::Ellipse { rx, ry, .. } => std::f64::consts::PI * rx * ry,
        _ => outline(shape)?.area(),
    };
    Some(px * row * column)
}

/// A piece of the picture in which areas are filled.
pub(super) struct Frame {
    pub left: f64,
    pub top: f64,
    /// Side of one cell, pixels.
    pub grain: f64,
    pub size: ImageSize,
}

impl Frame {
    /// A frame around boxes, with cells of a pixel or as much larger as it takes to stay within `side_max` cells.
    pub fn over(boxes: &[Box2], side_max: f64) -> Option<Self> {
        let start = (f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY);
        let (left, top, right, bottom) = boxes.iter().fold(start, |(l, t, r, d), bounds| {
            (l.min(bounds.x), t.min(bounds.y), r.max(bounds.right()), d.max(bounds.bottom()))
        });
        let grain = ((right - left).max(bottom - top) / side_max).max(1.0);
        Self::around(left, top, right, bottom, grain)
    }

    /// A frame with one cell of room on each side.
    pub fn around(left: f64, top: f64, right: f64, bottom: f64, grain: f64) -> Option<Self> {
        let (left, top) = (left.floor() - grain, top.floor() - grain);
        let cells = |length: f64| {
            let cells = (length / grain).ceil() + 2.0;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked on the line"
            )]
            (1.0..=16_384.0).contains(&cells).then_some(cells as u32)
        };
        let size = ImageSize { width: cells(right - left)?, height: cells(bottom - top)? };
        Some(Self { left, top, grain, size })
    }

    /// The area filled: a byte per cell, row by row.
    pub fn fill(&self, shape: &Shape) -> Option<Vec<u8>> {
        if let Some(mask) = mask(shape) {
            return Some(self.sample(&mask));
        }
        let Shape::Polygon { points, holes } = shape else { return self.fill_ring(&outline(shape)?) };
        let mut cells = self.fill_ring(&ring(points)?)?;
        for hole in holes {
            let cut = self.fill_ring(&ring(hole)?)?;
            cells.iter_mut().zip(cut).filter(|(_, cut)| *cut != 0).for_each(|(cell, _)| *cell = 0);
        }
        Some(cells)
    }

    /// The area within an outline.
    pub fn fill_ring(&self, outline: &Polygon) -> Option<Vec<u8>> {
        let moved =
            |p: &Point2| Point2 { x: (p.x - self.left) / self.grain, y: (p.y - self.top) / self.grain };
        let polygon = Polygon::new(outline.points().iter().map(moved).collect()).ok()?;
        Rle::from_polygon(self.size, &polygon).ok().map(|rle| rle.to_rows())
    }

    /// A mask as it is at the middle of each cell.
    fn sample(&self, mask: &Rle) -> Vec<u8> {
        let (rows, size) = (mask.to_rows(), mask.size());
        let at = |from: f64, cell: u32, side: u32| {
            let place = (from + (f64::from(cell) + 0.5) * self.grain).floor();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked on the line"
            )]
            (0.0..f64::from(side)).contains(&place).then_some(place as usize)
        };
        let mut cells = Vec::with_capacity(self.size.width as usize * self.size.height as usize);
        for y in 0..self.size.height {
            let row = at(self.top, y, size.height);
            for x in 0..self.size.width {
                let place = row.zip(at(self.left, x, size.width));
                cells.push(place.map_or(0, |(y, x)| rows[y * size.width as usize + x]));
            }
        }
        cells
    }
}

pub(super) fn rectangle(shape: &Shape) -> Option<Box2> {
    match shape {
        Shape::Box { x, y, w, h } => Some(Box2 { x: *x, y: *y, w: *w, h: *h }),
        _ => None,
    }
}

pub(super) fn cuboid(shape: &Shape) -> Option<Cuboid> {
    match shape {
        Shape::Cuboid { center, size, rotation } => Cuboid::from_arrays(*center, *size, *rotation).ok(),
        _ => None,
    }
}

/// The pixels of a mask.
pub(super) fn mask(shape: &Shape) -> Option<Rle> {
    match shape {
        Shape::Mask { size: [height, width], counts } => {
            Rle::from_coco_string(ImageSize { width: *width, height: *height }, counts).ok()
        }
        _ => None,
    }
}

/// The box around an area.
pub(super) fn bounds(shape: &Shape) -> Option<Box2> {
    match shape {
        Shape::Mask { .. } => mask(shape)?.bounds(),
        Shape::Polygon { points, .. } => Some(ring(points)?.bounds()),
        _ => outline(shape).map(|outline| outline.bounds()),
    }
}

/// The outline of an area without holes, as a polygon; an ellipse as one of many corners.
pub(super) fn outline(shape: &Shape) -> Option<Polygon> {
    match shape {
        Shape::Box { x, y, w, h } => ring(&[[*x, *y], [x + w, *y], [x + w, y + h], [*x, y + h]]),
        Shape::Polygon { points, holes } if holes.is_empty() => ring(points),
        Shape::RotatedBox { cx, cy, w, h, angle } => {
            let corner = |x: f64, y: f64| turned([*cx, *cy], [x * w / 2.0, y * h / 2.0], *angle);
            ring(&[corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)])
        }
        Shape::Ellipse { cx, cy, rx, ry, angle } => {
            let corner = |n: u32| {
                let at = f64::from(n) / f64::from(ELLIPSE_CORNERS) * std::f64::consts::TAU;
                turned([*cx, *cy], [rx * at.cos(), ry * at.sin()], *angle)
            };
            ring(&(0..ELLIPSE_CORNERS).map(corner).collect::<Vec<_>>())
        }
        _ => None,
    }
}

fn ring(points: &[[f64; 2]]) -> Option<Polygon> {
    Polygon::new(points.iter().map(|[x, y]| Point2 { x: *x, y: *y }).collect()).ok()
}

fn turned(center: [f64; 2], [x, y]: [f64; 2], angle: f64) -> [f64; 2] {
    let (sin, cos) = angle.sin_cos();
    [center[0] + x * cos - y * sin, center[1] + x * sin + y * cos]
}
