//! Planting: one label of a draft is made wrong, so that nothing but the picture tells.

use countersign_model::{Agreement, Annotation, AnnotationId, FrameRef, Protocol, Shape};

use super::{Draw, Plant, PlantKind, survives};
use crate::compare::overlap;

/// How often another place is tried before a kind is given up.
const TRIES: usize = 24;
/// How far a label is moved along each side, as a share of that side: at least, and at most.
const MOVED_SHARE: [f64; 2] = [0.45, 0.9];
/// How far from the label that it is like something is invented where the frame's size is not known, in sides of the label.
const INVENTED_SIDES: [f64; 2] = [1.5, 6.0];
/// By how much an invented label is larger or smaller than the one that it is like, as a share.
const SCALE_SHARE: f64 = 0.2;
/// By how much the model is less sure of an invented label than of the one that it is like, at most, as a share.
const SCORE_SHARE: f64 = 0.15;

/// Width and height of a frame in pixels, where they are known.
pub type Sizes<'a> = &'a dyn Fn(FrameRef) -> Option<[f64; 2]>;

/// Makes one label of a draft wrong: the draft with it, and what was done. `None` where nothing can be: no mark, or no place and no
/// class for a wrong one. `fresh` is the id of what is invented. The same number makes the same of the same draft.
///
/// What is made wrong [`survives`] in the draft that is given back, and not in the one that came.
pub fn plant(
    draft: &[Annotation],
    protocol: &Protocol,
    rule: &Agreement,
    sizes: Sizes<'_>,
    draw: &mut Draw,
    fresh: AnnotationId,
) -> Option<(Vec<Annotation>, Plant)> {
    let mut kinds = PlantKind::ALL;
    draw.shuffle(&mut kinds);
    if draft.is_empty() {
        return None;
    }
    kinds.into_iter().find_map(|kind| {
        (0..TRIES).find_map(|_| {
            let index = draw.below(draft.len());
            let plant = attempt(kind, &draft[index], protocol, sizes, draw, fresh)?;
            let shown = apply(draft, index, &plant);
            // In the model's own draft it must be right, and no other mark may make it so.
            let clear = kind != PlantKind::Invented || is_alone(draft, &plant);
            (clear && survives(&plant, &shown, rule) && !survives(&plant, draft, rule))
                .then_some((shown, plant))
        })
    })
}

/// The draft with one label made wrong.
fn apply(draft: &[Annotation], index: usize, plant: &Plant) -> Vec<Annotation> {
    let mut shown = draft.to_vec();
    match (plant.kind, &plant.planted) {
        (PlantKind::Removed, _) => {
            shown.remove(index);
        }
        (PlantKind::Invented, Some(planted)) => shown.push(planted.clone()),
        (_, Some(planted)) => shown[index] = planted.clone(),
        (_, None) => {}
    }
    shown
}

/// Whether nothing that the model drew lies under what is invented.
fn is_alone(draft: &[Annotation], plant: &Plant) -> bool {
    let Some(planted) = &plant.planted else { return false };
    draft.iter().filter(|mark| mark.frame == planted.frame).all(|mark| overlap(mark, planted, 1.0) <= 0.0)
}

fn attempt(
    kind: PlantKind,
    mark: &Annotation,
    protocol: &Protocol,
    sizes: Sizes<'_>,
    draw: &mut Draw,
    fresh: AnnotationId,
) -> Option<Plant> {
    let frame = mark.frame.and_then(sizes);
    let (genuine, planted) = match kind {
        PlantKind::ClassSwapped => {
            let takes = |class: &&countersign_model::Class| {
                !class.retired && class.id != mark.class && class.shapes.contains(&mark.shape.kind())
            };
            let others: Vec<_> = protocol.classes.iter().filter(takes).collect();
            let class = others.get(draw.below(others.len()))?.id.clone();
            (Some(mark), Some(Annotation { class, ..mark.clone() }))
        }
        PlantKind::Moved => {
            let step = [(); 2].map(|()| {
                let far = MOVED_SHARE[0] + draw.unit() * (MOVED_SHARE[1] - MOVED_SHARE[0]);
                if draw.roll().is_multiple_of(2) { far } else { -far }
            });
            let shape = shifted(&mark.shape, step, 1.0, frame)?;
            (Some(mark), Some(Annotation { shape, ..mark.clone() }))
        }
        PlantKind::Removed => (Some(mark), None),
        PlantKind::Invented => {
            let scale = 1.0 + (draw.unit() * 2.0 - 1.0) * SCALE_SHARE;
            let step = elsewhere(&mark.shape, frame, draw)?;
            let shape = shifted(&mark.shape, step, scale, frame)?;
            let score = mark.score.map(|score| score * (1.0 - draw.unit() * SCORE_SHARE));
            (None, Some(Annotation { id: fresh, shape, score, ..mark.clone() }))
        }
    };
    let annotation = planted.as_ref().map_or(mark.id, |planted| planted.id);
    Some(Plant { kind, annotation, genuine: genuine.cloned(), planted })
}

/// A step to somewhere else on the frame, in sides of the shape.
fn elsewhere(shape: &Shape, frame: Option<[f64; 2]>, draw: &mut Draw) -> Option<[f64; 2]> {
    let around = bounds(shape)?;
    let mut step = [0.0; 2];
    for (axis, step) in step.iter_mut().enumerate() {
        let [low, side] = [around[axis], around[axis + 2]];
        *step = match frame {
            Some(size) => (draw.unit() * (size[axis] - side) - low) / side,
            None => {
                let far = INVENTED_SIDES[0] + draw.unit() * (INVENTED_SIDES[1] - INVENTED_SIDES[0]);
                if draw.roll().is_multiple_of(2) { far } else { -far }
            }
        };
    }
    Some(step)
}

/// Left, top, width and height of what lies around a shape; of a cuboid its centre less half its largest side, and that side.
fn bounds(shape: &Shape) -> Option<[f64; 4]> {
    let around = match shape {
        Shape::Box { x, y, w, h } => [*x, *y, *w, *h],
        Shape::Polygon { points, .. } => {
            let fold = |axis: usize, start: f64, pick: fn(f64, f64) -> f64| {
                points.iter().map(|point| point[axis]).fold(start, pick)
            };
            let low = [fold(0, f64::INFINITY, f64::min), fold(1, f64::INFINITY, f64::min)];
            let high = [fold(0, f64::NEG_INFINITY, f64::max), fold(1, f64::NEG_INFINITY, f64::max)];
            [low[0], low[1], high[0] - low[0], high[1] - low[1]]
        }
        Shape::Cuboid { center, size, .. } => {
            let side = size[0].max(size[1]);
            [center[0] - side / 2.0, center[1] - side / 2.0, side, side]
        }
        _ => return None,
    };
    (around.iter().all(|value| value.is_finite()) && around[2] > 0.0 && around[3] > 0.0).then_some(around)
}

/// The shape moved by so many of its sides and scaled about its middle; `None` where it would leave the frame, or is of a kind that
/// no model here draws. What lies on whole pixels stays on whole pixels.
fn shifted(shape: &Shape, step: [f64; 2], scale: f64, frame: Option<[f64; 2]>) -> Option<Shape> {
    let [left, top, width, height] = bounds(shape)?;
    let middle = [left + width / 2.0, top + height / 2.0];
    let (dx, dy) = (step[0] * width, step[1] * height);
    let point = |[x, y]: [f64; 2]| {
        [(x - middle[0]) * scale + middle[0] + dx, (y - middle[1]) * scale + middle[1] + dy]
    };
    let moved = match shape {
        Shape::Box { x, y, w, h } => {
            let ([left, top], [right, bottom]) = (point([*x, *y]), point([x + w, y + h]));
            let whole = [*x, *y, *w, *h].iter().all(|value| value.fract() == 0.0);
            let kept = |value: f64| if whole { value.round() } else { value };
            let (x, y) = (kept(left), kept(top));
            Shape::Box { x, y, w: kept(right - left).max(1.0), h: kept(bottom - top).max(1.0) }
        }
        Shape::Polygon { points, holes } => {
            let ring = |ring: &Vec<[f64; 2]>| {
                let whole = ring.iter().flatten().all(|value| value.fract() == 0.0);
                let kept = |at: [f64; 2]| if whole { at.map(f64::round) } else { at };
                ring.iter().map(|at| kept(point(*at))).collect()
            };
            Shape::Polygon { points: ring(points), holes: holes.iter().map(ring).collect() }
        }
        Shape::Cuboid { center, size, rotation } => Shape::Cuboid {
            center: [center[0] + dx, center[1] + dy, center[2]],
            size: size.map(|side| side * scale),
            rotation: *rotation,
        },
        _ => return None,
    };
    let inside = match (&moved, frame) {
        (Shape::Cuboid { .. }, _) => true,
        (_, frame) => {
            let [left, top, width, height] = bounds(&moved)?;
            left >= 0.0
                && top >= 0.0
                && frame.is_none_or(|size| left + width <= size[0] && top + height <= size[1])
        }
    };
    (inside && moved.validate().is_ok()).then_some(moved)
}
