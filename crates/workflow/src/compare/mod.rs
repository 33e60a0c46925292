//! Comparing independent reads: which marks of different readers are the same finding, where they differ, and what they
//! agree on.
//!
//! Marks of different readers are gathered to findings by place alone ([`countersign_quality::instances::cluster`], which
//! does not depend on the order of readers), so that two names for one place are a difference of class and not two
//! findings. A finding is agreed on when the readers who count (all, or more than half where the rule says so) drew it
//! with one class, an overlap of each pair as the rule asks, and the same answers. That something cannot be assessed is a finding
//! of its own: only all readers together agree on it, whatever the rule says about majorities, and why is no difference.

mod alike;
mod gather;
mod merge;
mod overlap;
mod relations;
mod turned;

use std::collections::BTreeMap;

use countersign_model::{Agreement, Annotation, FrameRef, Shape, ShapeKind};
use countersign_quality::instances::InstancesError;
use serde::{Deserialize, Serialize};

pub use alike::{footprints_alike, key_points_alike};
use gather::{Gathered, gather};
pub use merge::{MergeError, chosen_rule, merge, merge_chosen, rule_name, settle};
pub(crate) use overlap::overlap;
use overlap::{area_mm2, family, is_area, length_mm, outlines_apart};
pub use overlap::{middle, surfaces_apart};
pub use relations::{compare_relations, merged_ids_max};

/// Marks: index of the reader, index among their annotations.
type Marks = Vec<(usize, usize)>;

/// In what readers differ about one finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// Some marked it and some did not.
    Missing,
    /// They gave it different classes.
    Class,
    /// Its outlines overlap too little, or lie too far apart.
    Outline,
    /// They answered an attribute differently.
    Attribute,
    /// The rule measures in millimetres, and how large a pixel is there is not known.
    Scale,
    /// They agree on two objects and not on what these have to do with each other.
    Relation,
}

/// One finding with the marks that readers made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Its marks: index of the reader, index among their annotations; by reader.
    pub marks: Marks,
    /// In what readers differ; empty when they agree.
    pub differences: Vec<Difference>,
    /// The readers whose marks stand for it when they agree. Empty when they agree that nothing is there.
    pub standing: Vec<usize>,
    /// Least overlap of two of its marks, 0 to 1: Dice for outlines, intersection over union for boxes and cuboids;
    /// absent with one mark, and for marks without a place.
    pub overlap: Option<f64>,
}

/// What came of comparing reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Number of readers.
    pub readers: usize,
    /// Findings, in the order of the first reader's marks.
    pub findings: Vec<Finding>,
}

impl Comparison {
    /// Whether readers agree on everything.
    pub fn is_agreed(&self) -> bool {
        self.findings.iter().all(|finding| finding.differences.is_empty())
    }

    /// Findings that readers differ about.
    pub fn disputed(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.differences.is_empty())
    }
}

/// How large a pixel is, millimetres: the distance of rows and that of columns, by stream; `None` where nothing that can be
/// trusted says so.
pub type Spacings = [Option<[f64; 2]>];

/// A rule with what is known of the pixels that it measures.
struct Measure<'a> {
    rule: &'a Agreement,
    spacings: &'a Spacings,
}

impl Measure<'_> {
    fn spacing(&self, mark: &Annotation) -> Option<[f64; 2]> {
        self.spacings.get(mark.frame?.stream as usize).copied().flatten()
    }
}

/// Whether two marks of a shape can overlap by more or less: areas of the picture and cuboids; points, lines and tags cannot.
#[must_use]
pub fn has_extent(shape: &Shape) -> bool {
    is_area(shape) || shape.kind() == ShapeKind::Cuboid
}

/// Overlap of each of some marks (row) with each of others (column), 0 to 1, row by row: 0 where they lie on other frames or
/// are shapes of other kinds. Of points and lines a half where they are as far apart as `rule` lets two readers be.
#[must_use]
pub fn overlaps(marks: &[Annotation], others: &[Annotation], rule: &Agreement) -> Vec<f32> {
    let mut found = Vec::with_capacity(marks.len() * others.len());
    for mark in marks {
        for other in others {
            let near = mark.frame == other.frame && family(mark.shape.kind()) == family(other.shape.kind());
            found.push(if near { overlap(mark, other, rule.point_px) as f32 } else { 0.0 });
        }
    }
    found
}

/// Compares reads: `reads[r]` are the marks of reader `r`, in the order in which the reads were locked.
///
/// # Errors
/// [`InstancesError`] for overlaps that are no numbers.
pub fn compare(
    reads: &[&[Annotation]],
    rule: &Agreement,
    spacings: &Spacings,
) -> Result<Comparison, InstancesError> {
    let by = Measure { rule, spacings };
    let mut places: BTreeMap<(Option<FrameRef>, ShapeKind), Marks> = BTreeMap::new();
    for (reader, marks) in reads.iter().enumerate() {
        for (index, mark) in marks.iter().enumerate() {
            places.entry((mark.frame, family(mark.shape.kind()))).or_default().push((reader, index));
        }
    }
    let mut findings = Vec::new();
    let mut heaps = Vec::new();
    for marks in places.into_values() {
        for gathered in gather(reads, &marks, rule)? {
            match gathered {
                Gathered::Finding(members) => {
                    let mut members: Vec<_> = members.into_iter().map(|member| marks[member]).collect();
                    members.sort_unstable();
                    findings.push(judge(reads, members, &by));
                }
                // Each by itself, and a difference whatever the rule says about majorities.
                Gathered::Heap(members) => heaps.extend(members.into_iter().map(|member| Finding {
                    marks: vec![marks[member]],
                    differences: vec![Difference::Missing],
                    standing: Vec::new(),
                    overlap: None,
                })),
            }
        }
    }
    if let Some(apart) = rule.count_apart {
        count(reads, &mut findings, apart);
    }
    findings.append(&mut heaps);
    findings.sort_by(|a, b| a.marks.cmp(&b.marks));
    Ok(Comparison { readers: reads.len(), findings })
}

/// Takes what only some readers drew for no difference where all of them drew as many marks of its class on its frame, but for
/// `apart`. It stands for those who drew it; whether it is kept is the merge rule's to say.
fn count(reads: &[&[Annotation]], findings: &mut [Finding], apart: u32) {
    let mut counts: BTreeMap<(Option<FrameRef>, &str), Vec<u32>> = BTreeMap::new();
    for (reader, mark) in reads.iter().enumerate().flat_map(|(r, marks)| marks.iter().map(move |m| (r, m))) {
        let of = counts.entry((mark.frame, &mark.class)).or_insert_with(|| vec![0; reads.len()]);
        of[reader] = of[reader].saturating_add(1);
    }
    for finding in findings.iter_mut().filter(|finding| finding.differences == [Difference::Missing]) {
        let Some((reader, index)) = finding.marks.first() else { continue };
        let mark = &reads[*reader][*index];
        if mark.is_answer() {
            continue;
        }
        let Some(of) = counts.get(&(mark.frame, mark.class.as_str())) else { continue };
        let range = of.iter().max().zip(of.iter().min());
        if range.is_some_and(|(most, least)| most - least <= apart) {
            finding.differences.clear();
            finding.standing = finding.marks.iter().map(|(reader, _)| *reader).collect();
        }
    }
}

/// What readers say about one finding.
fn judge(reads: &[&[Annotation]], marks: Vec<(usize, usize)>, by: &Measure<'_>) -> Finding {
    let rule = by.rule;
    let mark = |(reader, index): &(usize, usize)| &reads[*reader][*index];
    let least = marks
        .iter()
        .enumerate()
        .flat_map(|(at, a)| marks[at + 1..].iter().map(move |b| (a, b)))
        .filter_map(|(a, b)| closeness(mark(a), mark(b), rule))
        .fold(None, |least: Option<f64>, value| Some(least.map_or(value, |least| least.min(value))));
    let finding =
        |differences, standing| Finding { marks: marks.clone(), differences, standing, overlap: least };
    let majority = rule.majority && !marks.iter().any(|at| mark(at).is_answer());
    let enough = if majority { reads.len() / 2 + 1 } else { reads.len() };
    let best = largest_agreed(&marks, |a, b| differences(mark(a), mark(b), by).is_empty());
    if best.len() >= enough {
        return finding(Vec::new(), best);
    }
    let absent = reads.len() - marks.len();
    if majority && absent >= enough {
        return finding(Vec::new(), Vec::new());
    }
    let mut differ: Vec<Difference> = marks
        .iter()
        .enumerate()
        .flat_map(|(at, a)| marks[at + 1..].iter().map(move |b| (a, b)))
        .flat_map(|(a, b)| differences(mark(a), mark(b), by))
        .collect();
    if absent > 0 {
        differ.push(Difference::Missing);
    }
    differ.sort_unstable();
    differ.dedup();
    finding(differ, Vec::new())
}

/// The readers of the largest group of marks of which each pair says the same; of equal ones that of the readers who were
/// done first. That two agree with a third does not say that they agree.
///
/// A finding has at most one mark of each of at most [`READERS_MAX`](countersign_model::READERS_MAX) readers, so every
/// group can be asked.
fn largest_agreed(
    marks: &[(usize, usize)],
    agree: impl Fn(&(usize, usize), &(usize, usize)) -> bool,
) -> Vec<usize> {
    let others: Vec<u32> = marks
        .iter()
        .map(|a| (0..).zip(marks).filter(|(_, b)| agree(a, b)).fold(0, |set, (at, _)| set | 1 << at))
        .collect();
    let of = |set: u32| (0..marks.len()).filter(move |at| set >> at & 1 == 1);
    let agreed = |set: &u32| of(*set).all(|at| (others[at] | 1 << at) & set == *set);
    let groups = (1_u32..1 << marks.len()).filter(agreed);
    let best = groups.max_by_key(|set| (set.count_ones(), std::cmp::Reverse(*set))).unwrap_or(0);
    of(best).map(|at| marks[at].0).collect()
}

/// How close two marks of one finding are, by the measure that the rule speaks of: Dice for outlines and masks,
/// intersection over union for boxes and cuboids, for points and lines a half at the distance that is allowed.
fn closeness(a: &Annotation, b: &Annotation, rule: &Agreement) -> Option<f64> {
    if a.shape.kind() == ShapeKind::Tag {
        return None;
    }
    let iou = overlap(a, b, rule.point_px);
    let boxes = a.shape.kind() == ShapeKind::Box && b.shape.kind() == ShapeKind::Box;
    Some(if is_area(&a.shape) && !boxes { dice(iou) } else { iou })
}

/// Whether two marks are drawn alike by the rule: one kind of place on one frame, close enough. Whatever they are called.
pub(crate) fn same_place(a: &Annotation, b: &Annotation, rule: &Agreement) -> bool {
    a.frame == b.frame
        && family(a.shape.kind()) == family(b.shape.kind())
        && closeness(a, b, rule).is_none_or(|value| value >= least(a, b, rule))
}

/// Dice coefficient of two areas with this intersection over union.
fn dice(iou: f64) -> f64 {
    2.0 * iou / (1.0 + iou)
}

/// The least closeness at which two marks are drawn alike.
fn least(a: &Annotation, b: &Annotation, rule: &Agreement) -> f64 {
    match (a.shape.kind(), b.shape.kind()) {
        (ShapeKind::Box, ShapeKind::Box) => rule.box_iou,
        (ShapeKind::Cuboid, _) => rule.cuboid_iou,
        _ if is_area(&a.shape) => rule.dice,
        _ => 0.5,
    }
}

fn differences(a: &Annotation, b: &Annotation, by: &Measure<'_>) -> Vec<Difference> {
    let rule = by.rule;
    let mut out = Vec::new();
    if a.class != b.class {
        out.push(Difference::Class);
    }
    let near = closeness(a, b, rule).is_none_or(|value| value >= least(a, b, rule));
    let apart = rule
        .surface_px
        .is_some_and(|px| outlines_apart(&a.shape, &b.shape, [1.0; 2]).is_some_and(|far| far > px));
    let measured = by.spacing(a).map(|spacing| is_far(a, b, rule, spacing));
    if !near || apart || measured == Some(true) {
        out.push(Difference::Outline);
    }
    // What cannot be measured is not agreed on.
    if measured.is_none() && asks_for_scale(&a.shape, rule) {
        out.push(Difference::Scale);
    }
    if rule.attributes && a.class == b.class && !a.is_answer() && !same_answers(a, b, rule) {
        out.push(Difference::Attribute);
    }
    out.sort_unstable();
    out
}

/// Whether the rule measures marks like this one in millimetres.
fn asks_for_scale(shape: &Shape, rule: &Agreement) -> bool {
    let line = shape.kind() == ShapeKind::Polyline;
    line && rule.length_mm.is_some()
        || is_area(shape) && (rule.area_mm2.is_some() || rule.surface_mm.is_some())
}

/// Whether two marks are farther apart in length, area or surface than the rule lets them. `spacing` is the distance of rows and
/// that of columns, mm. What has no length or no area to measure is not agreed on.
fn is_far(a: &Annotation, b: &Annotation, rule: &Agreement, spacing: [f64; 2]) -> bool {
    if !asks_for_scale(&a.shape, rule) {
        return false;
    }
    let more = |limit: Option<f64>, measure: &dyn Fn(&Shape) -> Option<f64>| {
        limit.is_some_and(|limit| {
            let both = measure(&a.shape).zip(measure(&b.shape));
            both.is_none_or(|(a, b)| (a - b).abs() > limit)
        })
    };
    if a.shape.kind() == ShapeKind::Polyline {
        return more(rule.length_mm, &|shape| length_mm(shape, spacing));
    }
    let surface = rule
        .surface_mm
        .is_some_and(|limit| outlines_apart(&a.shape, &b.shape, spacing).is_none_or(|far| far > limit));
    surface || more(rule.area_mm2, &|shape| area_mm2(shape, spacing))
}

/// Whether two marks carry the same answers; numbers within the share of the larger one, or within what the rule allows in their
/// own unit. A flag that is not set is no.
fn same_answers(a: &Annotation, b: &Annotation, rule: &Agreement) -> bool {
    let near = |x: f64, y: f64| {
        let apart = (x - y).abs();
        apart <= rule.number_share * x.abs().max(y.abs())
            || rule.number_apart.is_some_and(|most| apart <= most)
    };
    let keys = a.attributes.keys().chain(b.attributes.keys());
    keys.into_iter().all(|key| match (a.attributes.get(key), b.attributes.get(key)) {
        (Some(x), Some(y)) => match (x.as_f64(), y.as_f64()) {
            (Some(x), Some(y)) => near(x, y),
            _ => x == y,
        },
        (Some(only), None) | (None, Some(only)) => only.as_bool() == Some(false),
        (None, None) => true,
    })
}
