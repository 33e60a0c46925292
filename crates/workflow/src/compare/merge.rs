//! Merging what readers agree on into one mark per finding.

use countersign_geometry::{
    Box2, Quat, Rle,
    contour::{largest_piece, outlines},
};
use countersign_model::{Annotation, AnnotationId, Author, Joint, JointState, MergeRule, Shape, ShapeKind};
use countersign_quality::consensus::{Upright, fuse_cuboids, geometric_median, staple, weighted_mean};
use uuid::Uuid;

use super::{
    Comparison, Difference, Finding,
    overlap::{Frame, bounds, cuboid, is_area, mask, rectangle},
    relations,
    turned::{mean_line, mean_turned},
};

/// How far a point of a merged outline may leave the merged area, pixels.
const OUTLINE_TOLERANCE_PX: f64 = 0.5;
/// Largest side of the piece of picture in which outlines are merged, pixels; beyond it the grain grows.
const MERGE_SIDE_MAX: f64 = 4_096.0;
/// Rounds of STAPLE.
const STAPLE_ROUNDS: usize = 50;
/// STAPLE ends when no reader's rate moves by more.
const STAPLE_TOLERANCE: f64 = 1e-7;

/// A share of weights that is a half but for rounding.
const HALF: f64 = 0.5 - 1e-9;

/// Readers that cannot be merged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MergeError {
    /// Outlines that cannot be filled, or that have nothing in common.
    #[error("the outlines of finding {0} cannot be merged")]
    Outline(usize),
    /// A heading that the readers do not agree on.
    #[error("the cuboids of finding {0} cannot be merged")]
    Cuboid(usize),
}

/// The name under which a merged read is kept: the rule with its version, raised when results change.
pub fn rule_name(rule: MergeRule) -> String {
    format!("{rule} 3")
}

/// As [`merge`]; what cannot be merged is no agreement, and becomes a difference of outlines. `fresh` gives a new run of ids
/// each time it is asked.
///
/// None is lost: an item whose reads cannot be merged goes to whoever decides between them.
pub fn settle<I: FnMut() -> Uuid>(
    reads: &[&[Annotation]],
    comparison: &mut Comparison,
    rule: MergeRule,
    mut fresh: impl FnMut() -> I,
) -> Vec<Annotation> {
    loop {
        match merge(reads, comparison, rule, &mut fresh()) {
            Ok(merged) => return merged,
            Err(MergeError::Outline(place) | MergeError::Cuboid(place)) => {
                let finding = &mut comparison.findings[place];
                finding.differences = vec![Difference::Outline];
                // Nothing stands for it: each round has one less to merge.
                finding.standing.clear();
            }
        }
    }
}

/// One mark for each finding that readers agree on; what they differ about is left out. The mark that stands for a
/// finding keeps the class and answers of the reader who was done first; its author is the rule. `ids` gives ids of the new
/// marks.
///
/// # Errors
/// [`MergeError`] names the finding.
pub fn merge(
    reads: &[&[Annotation]],
    comparison: &Comparison,
    rule: MergeRule,
    ids: &mut dyn FnMut() -> Uuid,
) -> Result<Vec<Annotation>, MergeError> {
    let (mut merged, mut made) = (Vec::new(), Vec::new());
    for (place, finding) in comparison.findings.iter().enumerate() {
        let standing = standing(reads, finding);
        if is_left_out(comparison.readers, finding, rule) {
            continue;
        }
        let Some(first) = standing.first() else { continue };
        let shape = if standing.len() == 1 || rule == MergeRule::One {
            None
        } else {
            merged_of(&standing, rule, place)?
        };
        made.push((place, first_reader(finding)));
        merged.push(Annotation {
            id: AnnotationId(ids()),
            version: 1,
            class: first.class.clone(),
            frame: first.frame,
            shape: shape.unwrap_or_else(|| first.shape.clone()),
            attributes: first.attributes.clone(),
            // Always the rule: whose mark was taken would give the readers away to whoever decides about the rest.
            author: Author::Rule { rule: rule_name(rule) },
            score: None,
            arrangement: first.arrangement.clone(),
            // Whoever was in doubt about what the others saw, too, was in doubt about what stands.
            unclear: standing.iter().find_map(|mark| mark.unclear.clone()),
        });
    }
    relations::carry(reads, comparison, &made, &mut merged, ids);
    Ok(merged)
}

/// The reader whose mark comes first among those that stand for a finding.
fn first_reader(finding: &Finding) -> usize {
    let mut marks = finding.marks.iter().map(|(reader, _)| *reader);
    marks.find(|reader| finding.standing.contains(reader)).unwrap_or(0)
}

/// Whether a finding that no more than half of the readers drew, which their counts make no difference, is left out by the rule:
/// the union keeps it, and so does the rule of the first reader where they drew it.
fn is_left_out(readers: usize, finding: &Finding, rule: MergeRule) -> bool {
    let kept = match rule {
        MergeRule::Union => true,
        MergeRule::One => finding.standing.contains(&0),
        MergeRule::Mean | MergeRule::Staple => finding.standing.len() * 2 > readers,
        MergeRule::Intersection => finding.standing.len() == readers,
    };
    finding.standing.len() * 2 <= readers && !kept
}

/// The marks that stand for a finding, in the order in which their readers were done.
fn standing<'a>(reads: &[&'a [Annotation]], finding: &Finding) -> Vec<&'a Annotation> {
    let stands = |(reader, _): &&(usize, usize)| finding.standing.contains(reader);
    finding.marks.iter().filter(stands).map(|(reader, index)| &reads[*reader][*index]).collect()
}

/// One shape of several that somebody chose, by the rule; by their mean where the rule takes one reader's. `None` where they have
/// nothing in common that the rule could make a shape of.
pub fn merge_chosen(marks: &[&Annotation], rule: MergeRule) -> Option<Shape> {
    let first = marks.first()?;
    if marks.iter().all(|mark| mark.shape == first.shape) {
        return Some(first.shape.clone());
    }
    merged_of(marks, chosen_rule(rule), 0).ok().flatten()
}

/// The rule by which marks that somebody chose are merged.
pub const fn chosen_rule(rule: MergeRule) -> MergeRule {
    match rule {
        MergeRule::One => MergeRule::Mean,
        other => other,
    }
}

/// The merged shape; `None` where there is nothing to merge.
fn merged_of(marks: &[&Annotation], rule: MergeRule, place: usize) -> Result<Option<Shape>, MergeError> {
    if marks.iter().all(|mark| mark.shape == marks[0].shape) {
        return Ok(None);
    }
    if let Some(boxes) = all(marks, |mark| rectangle(&mark.shape)) {
        let edges: Vec<[f64; 4]> = boxes.iter().map(|b| [b.x, b.y, b.right(), b.bottom()]).collect();
        return Ok(merged_box(&edges, rule));
    }
    if let Some(cuboids) = all(marks, |mark| cuboid(&mark.shape)) {
        // The union and the intersection of two turned cuboids are no cuboids: their mean is what they have in common.
        let upright: Vec<Upright> = cuboids
            .iter()
            .map(|c| Upright { center: c.center, size: c.size, yaw: c.rotation.yaw() })
            .collect();
        // As many say that the front is at one end as at the other: nobody can say it for them.
        let fused = fuse_cuboids(&upright, &vec![1.0; upright.len()])
            .filter(|fused| fused.reversed < HALF)
            .ok_or(MergeError::Cuboid(place))?;
        let (center, size) = (fused.cuboid.center, fused.cuboid.size);
        let rotation = Quat::from_yaw(fused.cuboid.yaw).wxyz();
        return Ok(Some(Shape::Cuboid { center, size, rotation }));
    }
    if let Some(masks) = all(marks, |mark| mask(&mark.shape))
        && masks.iter().all(|mask| mask.size() == masks[0].size())
    {
        return merged_mask(&masks, rule).map(Some).ok_or(MergeError::Outline(place));
    }
    // An outline that nobody drew as one would be a shape that the class may not take.
    let drawn = |mark: &&Annotation| mark.shape.kind() == ShapeKind::Polygon;
    if marks.iter().any(drawn) && marks.iter().all(|mark| is_area(&mark.shape)) {
        return merged_outline(marks, rule).map(Some).ok_or(MergeError::Outline(place));
    }
    // The union and the intersection of turned boxes, ellipses, lines and points are none of these: as of cuboids, their mean or
    // middle is what they have in common. What has no mean is no agreement, and nobody's mark stands for all.
    let shapes: Vec<&Shape> = marks.iter().map(|mark| &mark.shape).collect();
    let mean = mean_turned(&shapes).or_else(|| mean_line(&shapes)).or_else(|| middle_points(marks));
    mean.map(Some).ok_or(MergeError::Outline(place))
}

/// Points and joints, each in the middle of what was set; `None` for what has no middle. Where an absent joint lies means nothing.
fn middle_points(marks: &[&Annotation]) -> Option<Shape> {
    let places = |shape: &Shape| -> Option<Vec<Option<[f64; 2]>>> {
        let set = |joint: &Joint| (joint.state != JointState::Absent).then_some(joint.at);
        match shape {
            Shape::Points { points } => Some(points.iter().copied().map(Some).collect()),
            Shape::Skeleton { joints } => Some(joints.iter().map(set).collect()),
            _ => None,
        }
    };
    let all = all(marks, |mark| places(&mark.shape))?;
    let count = all.first()?.len();
    if all.iter().any(|points| points.len() != count) {
        return None;
    }
    let middle = |place: usize| middle_of(&all.iter().filter_map(|points| points[place]).collect::<Vec<_>>());
    match &marks[0].shape {
        Shape::Skeleton { joints } => {
            let merged = joints.iter().enumerate().map(|(place, joint)| match joint.state {
                JointState::Absent => Some(*joint),
                _ => middle(place).map(|at| Joint { at, ..*joint }),
            });
            Some(Shape::Skeleton { joints: merged.collect::<Option<_>>()? })
        }
        _ => Some(Shape::Points { points: (0..count).map(middle).collect::<Option<_>>()? }),
    }
}

/// The geometric median of three points or more: one reader who is far off hardly moves it. Of two it is anywhere between them, so
/// their mean.
fn middle_of(points: &[[f64; 2]]) -> Option<[f64; 2]> {
    let weights = vec![1.0; points.len()];
    if points.len() < 3 { weighted_mean(points, &weights) } else { geometric_median(points, &weights) }
}

fn merged_mask(masks: &[Rle], rule: MergeRule) -> Option<Shape> {
    let size = masks.first()?.size();
    let rows: Vec<Vec<u8>> = masks.iter().map(Rle::to_rows).collect();
    let inside: Vec<u8> = decide(&rows, rule)?.into_iter().map(u8::from).collect();
    let merged = Rle::from_rows(size, &inside).ok()?;
    let counts = merged.to_coco_string();
    (merged.area() > 0).then_some(Shape::Mask { size: [size.height, size.width], counts })
}

fn all<T>(marks: &[&Annotation], of: impl Fn(&Annotation) -> Option<T>) -> Option<Vec<T>> {
    marks.iter().map(|mark| of(mark)).collect()
}

fn merged_box(edges: &[[f64; 4]], rule: MergeRule) -> Option<Shape> {
    let outer = |out: [f64; 4], b: &[f64; 4]| {
        [out[0].min(b[0]), out[1].min(b[1]), out[2].max(b[2]), out[3].max(b[3])]
    };
    let inner = |out: [f64; 4], b: &[f64; 4]| {
        [out[0].max(b[0]), out[1].max(b[1]), out[2].min(b[2]), out[3].min(b[3])]
    };
    let [left, top, right, bottom] = match rule {
        MergeRule::Union => edges.iter().fold(edges[0], outer),
        MergeRule::Intersection => edges.iter().fold(edges[0], inner),
        MergeRule::One | MergeRule::Mean | MergeRule::Staple => {
            weighted_mean(edges, &vec![1.0; edges.len()])?
        }
    };
    (right > left && bottom > top).then_some(Shape::Box { x: left, y: top, w: right - left, h: bottom - top })
}

fn merged_outline(marks: &[&Annotation], rule: MergeRule) -> Option<Shape> {
    let bounds: Vec<Box2> = marks.iter().map(|mark| bounds(&mark.shape)).collect::<Option<_>>()?;
    let low = |of: &dyn Fn(usize) -> f64| (0..bounds.len()).map(of).fold(f64::INFINITY, f64::min);
    let high = |of: &dyn Fn(usize) -> f64| (0..bounds.len()).map(of).fold(f64::NEG_INFINITY, f64::max);
    let (left, top) = (low(&|i| bounds[i].x), low(&|i| bounds[i].y));
    let (right, bottom) = (high(&|i| bounds[i].right()), high(&|i| bounds[i].bottom()));
    // Small marks are merged at a quarter of a pixel: at whole ones a lesion of ten pixels would grow corners.
    let longest = (right - left).max(bottom - top);
    let grain = if longest < MERGE_SIDE_MAX / 16.0 { 0.25 } else { (longest / MERGE_SIDE_MAX).max(1.0) };
    let frame = Frame::around(left, top, right, bottom, grain)?;
    let masks: Vec<Vec<u8>> = marks.iter().map(|mark| frame.fill(&mark.shape)).collect::<Option<_>>()?;
    let inside = decide(&masks, rule)?;
    let (columns, tolerance) = (frame.size.width as usize, OUTLINE_TOLERANCE_PX / grain);
    let ring = |points: Vec<(f64, f64)>| -> Vec<[f64; 2]> {
        points.into_iter().map(|(x, y)| [x * grain + frame.left, y * grain + frame.top]).collect()
    };
    // Where the readers' outlines touch only here and there, the largest piece is the finding.
    let (outer, holes) = if marks.iter().any(|mark| has_holes(&mark.shape)) {
        largest_piece(&inside, columns, tolerance)?
    } else {
        // Nobody cut anything out: gaps between outlines are no holes.
        let pieces = outlines(&inside, columns, tolerance);
        (pieces.into_iter().max_by(|a, b| doubled_area(a).total_cmp(&doubled_area(b)))?, Vec::new())
    };
    let (points, holes) = (ring(outer), holes.into_iter().map(ring).collect());
    (points.len() >= 3).then_some(Shape::Polygon { points, holes })
}

fn has_holes(shape: &Shape) -> bool {
    matches!(shape, Shape::Polygon { holes, .. } if !holes.is_empty())
}

/// Which cells are inside by the rule.
fn decide(masks: &[Vec<u8>], rule: MergeRule) -> Option<Vec<bool>> {
    let cells = masks.first()?.len();
    let votes = |cell: usize| masks.iter().filter(|mask| mask[cell] != 0).count();
    let need = match rule {
        MergeRule::Union => 1,
        MergeRule::Intersection => masks.len(),
        MergeRule::One | MergeRule::Mean => masks.len() / 2 + 1,
        MergeRule::Staple => {
            let views: Vec<&[u8]> = masks.iter().map(Vec::as_slice).collect();
            let fused = staple(&views, STAPLE_ROUNDS, STAPLE_TOLERANCE).ok()?;
            let mut inside = Vec::with_capacity(fused.pixels());
            fused.inside().for_each(|p| inside.push(p >= 0.5));
            return Some(inside);
        }
    };
    Some((0..cells).map(|cell| votes(cell) >= need).collect())
}

fn doubled_area(points: &[(f64, f64)]) -> f64 {
    let next = points.iter().cycle().skip(1);
    points.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>().abs()
}
