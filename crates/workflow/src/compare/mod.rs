//! Comparing independent reads: which marks of different readers are the same finding, where they differ, and what they
//! agree on.
//!
//! Marks of different readers are gathered to findings by place alone ([`countersign_quality::instances::cluster`], which
//! does not depend on the order of readers), so that two names for one place are a difference of class and not two
//! findings. A finding is agreed on when the readers who count (all, or more than half where the rule says so) drew it
//! with one class, an overlap of each pair as the rule asks, and the same answers.

mod merge;
mod overlap;

use std::collections::BTreeMap;

use countersign_model::{Agreement, Annotation, FrameRef, ShapeKind};
use countersign_quality::instances::{Cluster, Found, InstancesError, cluster};
use serde::{Deserialize, Serialize};

pub use merge::{MergeError, merge, rule_name};
use overlap::{family, is_area, outlines_apart, overlap};

/// Below this overlap (intersection over union) two marks are different findings, not one that is drawn differently.
const SAME_PLACE_IOU: f64 = 0.1;

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

/// Compares reads: `reads[r]` are the marks of reader `r`, in the order in which the reads were locked.
///
/// # Errors
/// [`InstancesError::TooMany`] when one frame holds more marks than can be compared.
pub fn compare(reads: &[&[Annotation]], rule: &Agreement) -> Result<Comparison, InstancesError> {
    let mut places: BTreeMap<(Option<FrameRef>, ShapeKind), Marks> = BTreeMap::new();
    for (reader, marks) in reads.iter().enumerate() {
        for (index, mark) in marks.iter().enumerate() {
            places.entry((mark.frame, family(mark.shape.kind()))).or_default().push((reader, index));
        }
    }
    let mut findings = Vec::new();
    for marks in places.into_values() {
        for Cluster(members) in gather(reads, &marks, rule)? {
            let mut members: Vec<(usize, usize)> = members.into_iter().map(|member| marks[member]).collect();
            members.sort_unstable();
            findings.push(judge(reads, members, rule));
        }
    }
    findings.sort_by(|a, b| a.marks.cmp(&b.marks));
    Ok(Comparison { readers: reads.len(), findings })
}

fn gather(
    reads: &[&[Annotation]],
    marks: &[(usize, usize)],
    rule: &Agreement,
) -> Result<Vec<Cluster>, InstancesError> {
    let mark = |(reader, index): (usize, usize)| &reads[reader][index];
    let found: Vec<Found> = marks
        .iter()
        .map(|(reader, _)| Found { reader: u32::try_from(*reader).unwrap_or(u32::MAX), class: 0 })
        .collect();
    let n = marks.len();
    if n > countersign_quality::instances::ASSIGN_MAX {
        return Err(InstancesError::TooMany(n));
    }
    let mut overlaps = vec![0.0; n * n];
    for a in 0..n {
        overlaps[a * n + a] = 1.0;
        for b in a + 1..n {
            let value = overlap(mark(marks[a]), mark(marks[b]), rule.point_px);
            (overlaps[a * n + b], overlaps[b * n + a]) = (value, value);
        }
    }
    cluster(&found, &overlaps, SAME_PLACE_IOU)
}

/// What readers say about one finding.
fn judge(reads: &[&[Annotation]], marks: Vec<(usize, usize)>, rule: &Agreement) -> Finding {
    let mark = |(reader, index): &(usize, usize)| &reads[*reader][*index];
    let least = marks
        .iter()
        .enumerate()
        .flat_map(|(at, a)| marks[at + 1..].iter().map(move |b| (a, b)))
        .filter_map(|(a, b)| closeness(mark(a), mark(b), rule))
        .fold(None, |least: Option<f64>, value| Some(least.map_or(value, |least| least.min(value))));
    let finding =
        |differences, standing| Finding { marks: marks.clone(), differences, standing, overlap: least };
    let enough = if rule.majority { reads.len() / 2 + 1 } else { reads.len() };
    // The largest group of marks that say the same, of equal ones that of the reader who was done first.
    let mut best: Vec<usize> = Vec::new();
    for lead in &marks {
        let says_so = |other: &&(usize, usize)| differences(mark(lead), mark(other), rule).is_empty();
        let group: Vec<usize> = marks.iter().filter(says_so).map(|(reader, _)| *reader).collect();
        if group.len() > best.len() {
            best = group;
        }
    }
    if best.len() >= enough {
        return finding(Vec::new(), best);
    }
    let absent = reads.len() - marks.len();
    if rule.majority && absent >= enough {
        return finding(Vec::new(), Vec::new());
    }
    let mut differ: Vec<Difference> = marks
        .iter()
        .enumerate()
        .flat_map(|(at, a)| marks[at + 1..].iter().map(move |b| (a, b)))
        .flat_map(|(a, b)| differences(mark(a), mark(b), rule))
        .collect();
    if absent > 0 {
        differ.push(Difference::Missing);
    }
    differ.sort_unstable();
    differ.dedup();
    finding(differ, Vec::new())
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

fn differences(a: &Annotation, b: &Annotation, rule: &Agreement) -> Vec<Difference> {
    let mut out = Vec::new();
    if a.class != b.class {
        out.push(Difference::Class);
    }
    let near = closeness(a, b, rule).is_none_or(|value| value >= least(a, b, rule));
    let apart =
        rule.surface_px.is_some_and(|px| outlines_apart(&a.shape, &b.shape).is_some_and(|far| far > px));
    if !near || apart {
        out.push(Difference::Outline);
    }
    if rule.attributes && a.class == b.class && !same_answers(a, b, rule.number_share) {
        out.push(Difference::Attribute);
    }
    out
}

/// Whether two marks carry the same answers; numbers within the share of the larger one. A flag that is not set is no.
fn same_answers(a: &Annotation, b: &Annotation, share: f64) -> bool {
    let keys = a.attributes.keys().chain(b.attributes.keys());
    keys.into_iter().all(|key| match (a.attributes.get(key), b.attributes.get(key)) {
        (Some(x), Some(y)) => match (x.as_f64(), y.as_f64()) {
            (Some(x), Some(y)) => (x - y).abs() <= share * x.abs().max(y.abs()),
            _ => x == y,
        },
        (Some(only), None) | (None, Some(only)) => only.as_bool() == Some(false),
        (None, None) => true,
    })
}
