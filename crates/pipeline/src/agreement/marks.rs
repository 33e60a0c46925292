//! How far readers agree mark by mark: what the comparison took for the same finding, counted image by image.

use std::collections::BTreeMap;

use countersign_model::{Agreement, Annotation, AnnotationId, Shape, ShapeKind};
use countersign_quality::instances::{
    Estimate, ImageMarks, Likeness, MarkFigures, OutlinesApart, Unit, mark_figures,
};
use countersign_workflow::compare::{
    footprints_alike, has_extent, key_points_alike, overlaps, surfaces_apart,
};
use serde::Serialize;

use super::{
    CONFIDENCE, CoefficientView, SEED, figures,
    tracks::{self, TrackPair},
};
use crate::compare::FindingMarks;

/// Most cells that one report fills to measure how far outlines lie apart: a few seconds.
const CELLS_MAX: u64 = 1 << 26;
/// Most comparisons of tracks in a frame that one report makes: seconds.
const TRACK_FRAMES_MAX: u64 = 1 << 22;

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
    /// How far outlines lie apart, by unit; none where nobody drew any.
    pub outlines: Vec<OutlineDistance>,
    /// Pairs of outlines that were not measured: there are more, or larger ones, than one report takes.
    pub unmeasured: u64,
    /// How alike cuboids and key points are that both marked, by measure; none where nobody drew any.
    pub alike: Vec<AlikeView>,
    /// Tracks over all their frames; absent where nobody has any.
    pub tracks: Option<TrackAgreement>,
}

/// How alike marks are that both readers of a pair drew of one finding, under one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlikeView {
    /// `bev_iou` (footprints of cuboids) or `oks` (key points, the mean of both directions, each joint with the spread 1 / joints).
    pub measure: String,
    /// Pairs of marks that were measured.
    pub pairs: u64,
    /// Mean over them.
    pub value: CoefficientView,
}

/// How far readers agree about what moves: a track of one is that of another where they overlap by half on average over the frames
/// in which either has it, under one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TrackAgreement {
    /// Tracks of pairs of readers that both have.
    pub both: u64,
    /// Tracks that one of them has alone.
    pub alone: u64,
    /// 2 both / (2 both + alone).
    pub f1: CoefficientView,
    /// Mean overlap of the tracks that both have, over the frames in which either has them.
    pub overlap: Option<CoefficientView>,
    /// Items whose tracks were not compared: there are more than one report takes.
    pub items_left_out: u64,
}

/// How far outlines that both readers of a pair drew of one finding, under one class, lie apart. Polygons and masks only: the border of
/// anything else is not drawn, but follows from a few numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutlineDistance {
    /// `mm` where the size of a pixel is known, `px` where it is not.
    pub unit: String,
    /// Pairs of outlines that were measured.
    pub pairs: u64,
    /// Mean over them of the 95th percentile of the distance of each border from the other, the larger of both directions.
    pub hausdorff_95: DistanceView,
    /// Mean over them of the mean distance of the two borders (average symmetric surface distance).
    pub mean: DistanceView,
}

/// A distance with its 95 % interval; items are drawn anew.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DistanceView {
    /// In the unit that is named beside it.
    pub value: f64,
    /// Low end; absent where one item was measured alone.
    pub low: Option<f64>,
    /// High end.
    pub high: Option<f64>,
}

impl From<Estimate> for DistanceView {
    fn from(found: Estimate) -> Self {
        let ends = found.interval;
        Self { value: found.value, low: ends.map(|ends| ends.low), high: ends.map(|ends| ends.high) }
    }
}

/// How large a pixel of a frame is, mm: the distance of rows and that of columns, by stream.
pub(super) type Spacings = Vec<Option<[f64; 2]>>;

/// What of the marks of a project was looked at: the rule by which they were compared, items in their order, and the cells that
/// may still be filled to measure outlines.
pub(super) struct Looked {
    pub rule: Agreement,
    pub items: Vec<Vec<Seen>>,
    cells: u64,
    /// Tracks of pairs of readers, by item; `None` where they were not compared.
    tracks: Vec<Option<Vec<TrackPair>>>,
    track_frames: u64,
}

impl Looked {
    pub const fn by(rule: Agreement) -> Self {
        Self { rule, items: Vec::new(), cells: CELLS_MAX, tracks: Vec::new(), track_frames: TRACK_FRAMES_MAX }
    }

    /// Adds what was seen of an item, with the tracks of its first readers.
    pub fn add(&mut self, seen: Vec<Seen>, marks: &MarksOf, people: &[usize]) {
        self.items.push(seen);
        self.tracks.push(tracks::of_item(marks, people, &self.rule, &mut self.track_frames));
    }
}

/// Marks of each reader of an item, by their ids.
pub(super) type MarksOf = Vec<BTreeMap<AnnotationId, Annotation>>;

/// Counts the findings of one item. Only the first readers count, at their places; `classes` are numbered in their order.
pub(super) fn of_item(
    findings: &[FindingMarks],
    marks: &MarksOf,
    people: &[usize],
    (looked, spacings): (&mut Looked, &Spacings),
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
        let (mut overlap, mut apart, mut alike) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (place, one) in own.iter().enumerate() {
            for (before, other) in own[..place].iter().enumerate() {
                let Some((one, other)) = one.zip(*other).filter(|(a, b)| a.class == b.class) else {
                    continue;
                };
                if has_extent(&one.shape) && has_extent(&other.shape) {
                    let value =
                        overlaps(std::slice::from_ref(one), std::slice::from_ref(other), &looked.rule);
                    overlap.extend(value.first().map(|value| ((before, place), f64::from(*value))));
                }
                if is_drawn(&one.shape) && is_drawn(&other.shape) {
                    apart.push(distance(one, other, spacings, &mut looked.cells));
                }
                let (one, other) = (&one.shape, &other.shape);
                alike.extend(footprints_alike(one, other).map(|value| (Likeness::Footprint, value)));
                alike.extend(key_points_alike(one, other).map(|value| (Likeness::KeyPoints, value)));
            }
        }
        seen.push(Seen { named, overlap, apart, alike });
    }
    seen
}

/// A finding as its readers named it, and how far their marks overlap.
pub(super) struct Seen {
    named: Vec<Option<u16>>,
    overlap: BTreeMap<(usize, usize), f64>,
    /// How far outlines of pairs of readers lie apart; `None` where that was not measured.
    apart: Vec<Option<Distance>>,
    /// How alike cuboids and key points of pairs of readers are.
    alike: Vec<(Likeness, f64)>,
}

/// Unit, 95th percentile, mean.
type Distance = (Unit, f64, f64);

/// Whether a border is drawn point by point or pixel by pixel.
fn is_drawn(shape: &Shape) -> bool {
    matches!(shape.kind(), ShapeKind::Polygon | ShapeKind::Mask)
}

/// How far two outlines on one frame lie apart.
fn distance(one: &Annotation, other: &Annotation, spacings: &Spacings, cells: &mut u64) -> Option<Distance> {
    if one.frame != other.frame {
        return None;
    }
    let known = one.frame.and_then(|frame| spacings.get(frame.stream as usize).copied().flatten());
    let unit = if known.is_some() { Unit::Millimetre } else { Unit::Pixel };
    let found = surfaces_apart(&one.shape, &other.shape, known.unwrap_or([1.0; 2]), cells)?;
    Some((unit, found.hausdorff_95, found.mean))
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
pub(super) fn report(looked: &Looked, classes: u16) -> Option<MarkAgreement> {
    let items = &looked.items;
    let images: Vec<ImageMarks> = items
        .iter()
        .zip(&looked.tracks)
        .map(|(seen, tracks)| {
            let mut image = ImageMarks::new(classes);
            for pair in tracks.iter().flatten() {
                image.tracks(pair.overlaps.len(), pair.alone);
                pair.overlaps.iter().for_each(|overlap| image.alike(Likeness::Track, *overlap));
            }
            for finding in seen {
                image.finding(&finding.named, |a, b| finding.overlap.get(&(a, b)).copied());
                for (unit, hausdorff_95, mean) in finding.apart.iter().flatten() {
                    image.apart(*unit, *hausdorff_95, *mean);
                }
                finding.alike.iter().for_each(|(what, value)| image.alike(*what, *value));
            }
            image
        })
        .collect();
    let MarkFigures { f1, overlap, panoptic, alpha, both, alone, apart, alike, track_f1, tracks } =
        mark_figures(&images, CONFIDENCE, figures::resamples(images.len()), SEED);
    f1?;
    let view = |estimate: Estimate| CoefficientView::new(estimate.value, estimate.interval);
    let [footprints, key_points, overlap_of_tracks] = alike;
    let measured = [("bev_iou", footprints), ("oks", key_points)];
    let left_out = looked.tracks.iter().filter(|pairs| pairs.is_none()).count();
    Some(MarkAgreement {
        // Whole numbers, counted one by one.
        both: both as u64,
        alone: alone as u64,
        f1: f1.map(view),
        overlap: overlap.map(view),
        panoptic: panoptic.map(view),
        alpha: alpha.map(view),
        outlines: apart.into_iter().flatten().map(outlines).collect(),
        unmeasured: items
            .iter()
            .flatten()
            .flat_map(|finding| &finding.apart)
            .filter(|one| one.is_none())
            .count() as u64,
        alike: measured
            .into_iter()
            .filter_map(|(measure, found)| Some((measure, found?)))
            .map(|(measure, found)| AlikeView {
                measure: measure.into(),
                pairs: found.pairs as u64,
                value: view(found.value),
            })
            .collect(),
        tracks: track_f1.map(|f1| TrackAgreement {
            both: tracks.0 as u64,
            alone: tracks.1 as u64,
            f1: view(f1),
            overlap: overlap_of_tracks.map(|found| view(found.value)),
            items_left_out: left_out as u64,
        }),
    })
}

fn outlines(found: OutlinesApart) -> OutlineDistance {
    OutlineDistance {
        unit: match found.unit {
            Unit::Millimetre => "mm".into(),
            Unit::Pixel => "px".into(),
        },
        // Whole numbers, counted one by one.
        pairs: found.pairs as u64,
        hausdorff_95: found.hausdorff_95.into(),
        mean: found.mean.into(),
    }
}
