//! How far readers agree mark by mark: what the comparison took for the same finding, counted image by image.

use std::collections::BTreeMap;

use countersign_model::{Agreement, Annotation, AnnotationId};
use countersign_quality::instances::{Estimate, ImageMarks, MarkFigures, mark_figures};
use countersign_workflow::compare::{has_extent, overlaps};
use serde::Serialize;

use super::{CONFIDENCE, CoefficientView, SEED, figures};
use crate::compare::FindingMarks;

/// How far readers agree mark by mark: whether both found it, called it the same, and outlined it alike. Intervals draw items anew.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MarkAgreement {
    /// Pairs of readers, over findings, who both marked one under one class.
    pub both: u64,
    /// Marks, over pairs of readers, that the other lacks or calls something else.
    pub alone: u64,
    /// F1 over pairs of readers: 2 both / (2 both + alone), at the rule by which reads are compared.
    pub f1: Option<CoefficientView>,
    /// Mean overlap of what both marked: intersection over union of boxes, outlines, masks and cuboids.
    pub overlap: Option<CoefficientView>,
    /// Panoptic quality: overlap times F1; absent where something that both marked has no extent.
    pub panoptic: Option<CoefficientView>,
    /// Krippendorff's alpha over findings (nominal); "not marked" is an answer.
    pub alpha: Option<CoefficientView>,
}

/// Marks of each reader of an item, by their ids.
pub(super) type MarksOf = Vec<BTreeMap<AnnotationId, Annotation>>;

/// Counts the findings of one item. Only the first readers count, at their places; `classes` are numbered in their order.
pub(super) fn of_item(
    findings: &[FindingMarks],
    marks: &MarksOf,
    people: &[usize],
    rule: &Agreement,
    mut number: impl FnMut(&str) -> u16,
) -> Vec<Seen> {
    let mut seen = Vec::with_capacity(findings.len());
    for finding in findings {
        let own: Vec<Option<&Annotation>> = people
            .iter()
            .map(|place| {
                let mark = finding.marks.iter().find(|(reader, _)| reader == place);
                mark.and_then(|(_, id)| marks.get(*place)?.get(id))
            })
            .collect();
        if own.iter().all(Option::is_none) {
            continue;
        }
        let named: Vec<Option<u16>> = own.iter().map(|mark| mark.map(|mark| number(&mark.class))).collect();
        let mut overlap = BTreeMap::new();
        for (place, one) in own.iter().enumerate() {
            for (before, other) in own[..place].iter().enumerate() {
                let Some((one, other)) = one.zip(*other).filter(|(a, b)| a.class == b.class) else {
                    continue;
                };
                if has_extent(&one.shape) && has_extent(&other.shape) {
                    let value = overlaps(std::slice::from_ref(one), std::slice::from_ref(other), rule);
                    overlap.extend(value.first().map(|value| ((before, place), f64::from(*value))));
                }
            }
        }
        seen.push(Seen { named, overlap });
    }
    seen
}

/// A finding as its readers named it, and how far their marks overlap.
pub(super) struct Seen {
    named: Vec<Option<u16>>,
    overlap: BTreeMap<(usize, usize), f64>,
}

/// Pairs of readers over the findings of one item who both marked one under one class, and marks that one of a pair has alone.
pub(super) fn pairs(seen: &[Seen]) -> (u64, u64) {
    let (mut both, mut alone) = (0, 0);
    for finding in seen {
        for (place, one) in finding.named.iter().enumerate() {
            for other in &finding.named[..place] {
                match (one, other) {
                    (None, None) => {}
                    (Some(a), Some(b)) if a == b => both += 1,
                    (Some(_), Some(_)) => alone += 2,
                    (Some(_), None) | (None, Some(_)) => alone += 1,
                }
            }
        }
    }
    (both, alone)
}

/// The figures over all items; `None` where nobody marked anything.
pub(super) fn report(items: &[Vec<Seen>], classes: u16) -> Option<MarkAgreement> {
    let images: Vec<ImageMarks> = items
        .iter()
        .map(|seen| {
            let mut image = ImageMarks::new(classes);
            for finding in seen {
                image.finding(&finding.named, |a, b| finding.overlap.get(&(a, b)).copied());
            }
            image
        })
        .collect();
    let MarkFigures { f1, overlap, panoptic, alpha, both, alone } =
        mark_figures(&images, CONFIDENCE, figures::resamples(images.len()), SEED);
    f1?;
    let view = |estimate: Estimate| CoefficientView::new(estimate.value, estimate.interval);
    Some(MarkAgreement {
        // Whole numbers, counted one by one.
        both: both as u64,
        alone: alone as u64,
        f1: f1.map(view),
        overlap: overlap.map(view),
        panoptic: panoptic.map(view),
        alpha: alpha.map(view),
    })
}
