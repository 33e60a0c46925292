//! From the files of a series to a stream: order in space, and what is known of its pixels. What its files do not agree
//! about is not known.

use std::collections::BTreeMap;

use countersign_dicom as dicom;
use countersign_model::{AssetId, Facts, Frame, Stream, StreamKind};
use serde_json::{Value, json};

use super::{classify::DicomPart, grouping::Arrived};
use crate::pixels::SLIDE;

/// Most planes that are noted of a series whose images are no stack, such as scouts.
const PLANES_MAX: usize = 64;

/// Frames of reference of a study, numbered: their UIDs identify, and only whether two are the same is of use.
#[derive(Default)]
pub(super) struct Spaces(Vec<String>);

impl Spaces {
    /// The number of the frame of reference that all files share, from 1.
    fn number(&mut self, parts: &[&DicomPart]) -> Option<usize> {
        let uid = agreed(parts, |part| part.identity.frame_of_reference_uid.clone())?;
        let known = self.0.iter().position(|other| *other == uid);
        Some(
            known.unwrap_or_else(|| {
                self.0.push(uid);
                self.0.len() - 1
            }) + 1,
        )
    }
}

/// What all files say alike; nothing where they differ or one is silent.
fn agreed<T: PartialEq>(parts: &[&DicomPart], of: impl Fn(&DicomPart) -> Option<T>) -> Option<T> {
    let first = of(parts.first()?)?;
    parts.iter().all(|part| of(part).as_ref() == Some(&first)).then_some(first)
}

/// A frame of the series before it has its place.
struct Candidate {
    file: usize,
    part: u32,
    geometry: dicom::FrameGeometry,
}

impl Candidate {
    fn slice(&self) -> Option<dicom::SliceGeometry> {
        Some(dicom::SliceGeometry {
            position_mm: self.geometry.position_mm?,
            orientation: self.geometry.orientation?,
        })
    }
}

fn candidates(files: &[Arrived]) -> Vec<Candidate> {
    let of = |(file, arrived): (usize, &Arrived)| {
        let part = arrived.dicom.as_deref();
        let count = part.map_or(1, |part| part.facts.frames.max(1));
        let geometry = |index: u32| {
            let own = part.and_then(|part| part.frames.get(index as usize)).copied();
            // One place at the top level is no place for each of many frames.
            let whole = part.filter(|_| count == 1).map(|part| part.facts.geometry);
            own.or(whole).unwrap_or_default()
        };
        (0..count).map(|index| Candidate { file, part: index, geometry: geometry(index) }).collect::<Vec<_>>()
    };
    files.iter().enumerate().flat_map(of).collect()
}

/// The order in space of frames that make a stack, and what was odd about them.
struct Order {
    stack: Option<dicom::Stack>,
    /// Where the first frame of the order lies, LPS, mm.
    origin: Option<[f64; 3]>,
    /// Centre of the first pixel, row and column direction of each image that is no part of a stack.
    planes: Vec<Vec<f64>>,
    issues: Vec<&'static str>,
}

fn order(candidates: &[Candidate]) -> Order {
    let slices: Option<Vec<dicom::SliceGeometry>> = candidates.iter().map(Candidate::slice).collect();
    let Some(slices) = slices else {
        return Order { stack: None, origin: None, planes: Vec::new(), issues: Vec::new() };
    };
    let stack = dicom::order_slices(&slices);
    let many = candidates.iter().any(|candidate| candidate.part > 0);
    let twice = stack.issues.iter().any(|issue| matches!(issue, dicom::StackIssue::Duplicate { .. }));
    // Several frames of one object in one place are times or measurements: they stay in the order of the object.
    if many && twice {
        return Order { stack: None, origin: None, planes: Vec::new(), issues: Vec::new() };
    }
    let issues = stack.issues.iter().map(issue_word).collect();
    // Slices that are not parallel to the others make no stack: they stay in the order of their numbers.
    if stack.order.len() != candidates.len() {
        let planes = slices
            .iter()
            .take(PLANES_MAX)
            .map(|slice| slice.position_mm.iter().chain(&slice.orientation).copied().collect());
        return Order { stack: None, origin: None, planes: planes.collect(), issues };
    }
    let origin = stack.order.first().map(|first| slices[*first].position_mm);
    Order { stack: Some(stack), origin, planes: Vec::new(), issues }
}

/// The stream of a series. Facts and notes of the item grow by what is known of it.
pub(super) fn series_stream(
    number: usize,
    mut files: Vec<Arrived>,
    facts: &mut Facts,
    spaces: &mut Spaces,
) -> Stream {
    // Before anything is chosen among them: the order of arrival decides nothing.
    files.sort_by_key(|file| file.dicom.as_ref().and_then(|part| part.facts.instance_number));
    if let Some(stream) = slide_stream(number, &files, facts) {
        return stream;
    }
    let candidates = candidates(&files);
    let order = order(&candidates);
    facts.notes.extend(order.issues.iter().map(|issue| (*issue).to_owned()));
    let frame = |candidate: &Candidate, position_mm| Frame {
        asset: files[candidate.file].asset,
        part: candidate.part,
        time_ns: None,
        position_mm,
    };
    let frames = match order.stack.as_ref().filter(|_| candidates.len() > 1) {
        Some(stack) => {
            let placed = stack.order.iter().zip(&stack.positions_mm);
            placed.map(|(index, position)| frame(&candidates[*index], Some(*position))).collect()
        }
        None => candidates.iter().map(|candidate| frame(candidate, None)).collect(),
    };
    let parts: Vec<&DicomPart> = files.iter().filter_map(|file| file.dicom.as_deref()).collect();
    for part in &parts {
        facts.notes.extend(part.notes.iter().map(|note| (*note).to_owned()));
    }
    if let Some(first) = parts.first() {
        note_facts(facts, &first.facts);
    }
    let modality = parts.first().and_then(|part| part.facts.modality.clone());
    let name = match &modality {
        Some(modality) => format!("series {number} ({modality})"),
        None => format!("series {number}"),
    };
    let properties = series_properties(&parts, &order, spaces.number(&parts));
    Stream { kind: StreamKind::Dicom, name, frames, properties }
}

/// A slide: its levels are the frames, the finest first. Marks are made on that one, in its pixels. Label and overview
/// show who it is of and are no part of it.
fn slide_stream(number: usize, files: &[Arrived], facts: &mut Facts) -> Option<Stream> {
    let of = |file: &Arrived| {
        let part = file.dicom.as_ref()?;
        Some((file.asset, part.slide.clone()?, part.facts.frames))
    };
    let mut levels: Vec<(AssetId, dicom::SlideLevel, u32)> = files.iter().filter_map(of).collect();
    levels.sort_by_key(|(_, level, _)| std::cmp::Reverse(u64::from(level.columns) * u64::from(level.rows)));
    levels.dedup_by(|a, b| (a.1.columns, a.1.rows) == (b.1.columns, b.1.rows));
    let (_, finest, _) = levels.first()?;
    for part in files.iter().filter_map(|file| file.dicom.as_deref()) {
        facts.notes.extend(part.notes.iter().map(|note| (*note).to_owned()));
    }
    if levels.len() < files.len() {
        facts.notes.push("slide_files_left_out".to_owned());
    }
    let described = levels.iter().map(|(_, level, parts)| {
        json!({ "columns": level.columns, "rows": level.rows, "parts": parts,
            "tile_columns": level.tile_columns, "tile_rows": level.tile_rows, "frames": level.frames })
    });
    let spacing = finest.um_per_pixel.map(|um| um.map(|um| um / 1000.0));
    let given = [
        ("modality", Some(json!("SM"))),
        ("rows", Some(json!(finest.rows))),
        ("columns", Some(json!(finest.columns))),
        ("row_spacing_mm", spacing.map(|s| json!(s[0]))),
        ("column_spacing_mm", spacing.map(|s| json!(s[1]))),
        ("spacing_origin", Some(json!(if spacing.is_some() { "specimen" } else { "unknown" }))),
        (SLIDE, Some(json!({ "levels": described.collect::<Vec<_>>() }))),
    ];
    let properties = given.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    facts.modality = facts.modality.take().or_else(|| Some("SM".to_owned()));
    let frame = |asset| Frame { asset, part: 0, time_ns: None, position_mm: None };
    let frames = levels.iter().map(|(asset, ..)| frame(*asset)).collect();
    Some(Stream { kind: StreamKind::Dicom, name: format!("slide {number}"), frames, properties })
}

const fn issue_word(issue: &dicom::StackIssue) -> &'static str {
    match issue {
        dicom::StackIssue::NotParallel { .. } => "slices_not_parallel",
        dicom::StackIssue::Duplicate { .. } => "duplicate_slices",
        dicom::StackIssue::UnevenGap { .. } => "uneven_spacing",
        dicom::StackIssue::Tilt { .. } => "gantry_tilt",
        _ => "unusual_stack",
    }
}

/// Facts of the item come from its first series that knows them.
fn note_facts(facts: &mut Facts, from: &dicom::Facts) {
    let spacing = from.geometry.pixel_spacing_mm;
    facts.modality = facts.modality.take().or_else(|| from.modality.clone());
    facts.patient_position = facts.patient_position.take().or_else(|| from.patient_position.clone());
    facts.orientation = facts.orientation.or(from.geometry.orientation);
    facts.row_spacing_mm = facts.row_spacing_mm.or(spacing.map(|s| s[0]));
    facts.column_spacing_mm = facts.column_spacing_mm.or(spacing.map(|s| s[1]));
    facts.slice_thickness_mm = facts.slice_thickness_mm.or(from.geometry.slice_thickness_mm);
    facts.ctdi_vol_mgy = facts.ctdi_vol_mgy.or(from.dose.ctdi_vol_mgy);
    facts.dlp_mgy_cm = facts.dlp_mgy_cm.or(from.dose.dlp_mgy_cm);
    facts.exposure_mas = facts.exposure_mas.or(from.dose.exposure_mas);
}

fn series_properties(parts: &[&DicomPart], order: &Order, space: Option<usize>) -> BTreeMap<String, Value> {
    let Some(first) = parts.first() else { return BTreeMap::new() };
    let facts = &first.facts;
    let windows: Vec<Value> =
        facts.windows.iter().map(|w| json!({ "center": w.center, "width": w.width })).collect();
    let regions: Vec<Value> = first
        .regions
        .iter()
        .map(|r| {
            let [row, column] = r.spacing_mm;
            json!({ "left": r.left, "top": r.top, "right": r.right, "bottom": r.bottom,
                "row_spacing_mm": row, "column_spacing_mm": column })
        })
        .collect();
    let mut issues = order.issues.clone();
    issues.sort_unstable();
    issues.dedup();
    // A ruler that is right on some images of a series and wrong on others is wrong.
    let spacing = agreed(parts, |part| part.facts.geometry.pixel_spacing_mm);
    if spacing.is_none() && parts.iter().any(|part| part.facts.geometry.pixel_spacing_mm.is_some()) {
        issues.push("mixed_spacing");
    }
    let imager = agreed(parts, |part| part.facts.imager_pixel_spacing_mm);
    let stack = order.stack.as_ref();
    let many = parts.iter().any(|part| part.facts.frames > 1);
    // Letters that are right on the first image only would be wrong on the others.
    let orientation = match stack {
        Some(_) => facts.geometry.orientation,
        None => agreed(parts, |part| part.facts.geometry.orientation).filter(|_| !many),
    };
    let is_stack = stack.filter(|stack| stack.order.len() > 1);
    let given = [
        ("modality", facts.modality.as_ref().map(|v| json!(v))),
        ("body_part", agreed(parts, |part| part.facts.body_part.clone()).map(|v| json!(v))),
        ("rows", agreed(parts, |part| part.facts.rows).map(|v| json!(v))),
        ("columns", agreed(parts, |part| part.facts.columns).map(|v| json!(v))),
        ("row_spacing_mm", spacing.map(|s| json!(s[0]))),
        ("column_spacing_mm", spacing.map(|s| json!(s[1]))),
        ("imager_row_spacing_mm", imager.map(|s| json!(s[0]))),
        ("imager_column_spacing_mm", imager.map(|s| json!(s[1]))),
        ("spacing_origin", Some(json!(facts.spacing_origin))),
        ("pixel_aspect", agreed(parts, |part| part.facts.pixel_aspect).map(|v| json!(v))),
        ("slice_spacing_mm", is_stack.and_then(|s| s.spacing_mm).map(|v| json!(v))),
        ("slice_thickness_mm", facts.geometry.slice_thickness_mm.map(|v| json!(v))),
        ("orientation", orientation.map(|v| json!(v))),
        ("origin_mm", order.origin.map(|v| json!(v))),
        ("normal", stack.filter(|stack| !stack.order.is_empty()).map(|stack| json!(stack.normal))),
        ("planes", (!order.planes.is_empty()).then(|| json!(order.planes))),
        ("space", space.map(|v| json!(v))),
        ("stack_issues", (!issues.is_empty()).then(|| json!(issues))),
        ("patient_position", facts.patient_position.as_ref().map(|v| json!(v))),
        ("frame_time_ms", facts.frame_time_ms.map(|v| json!(v))),
        ("frame_rate_hz", facts.frame_rate_hz.map(|v| json!(v))),
        ("unit", dicom::unit(facts).map(|v| json!(v))),
        ("regions", (!regions.is_empty()).then_some(Value::Array(regions))),
        ("windows", (!windows.is_empty()).then_some(Value::Array(windows))),
    ];
    given.into_iter().filter_map(|(key, value)| value.map(|value| (key.to_owned(), value))).collect()
}

#[cfg(test)]
mod tests {
    use countersign_model::AssetKind;

    use super::*;

    fn file(number: i32, z: f64, change: impl FnOnce(&mut DicomPart)) -> Arrived {
        let geometry = dicom::FrameGeometry {
            position_mm: Some([-10.0, -20.0, z]),
            orientation: Some([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
            pixel_spacing_mm: Some([0.5, 0.5]),
            slice_thickness_mm: Some(2.0),
        };
        let facts = dicom::Facts {
            modality: Some("CT".into()),
            frames: 1,
            instance_number: Some(number),
            geometry,
            ..dicom::Facts::default()
        };
        let identity =
            dicom::Identity { frame_of_reference_uid: Some("1.2.3".into()), ..dicom::Identity::default() };
        let mut part = DicomPart {
            identity,
            facts,
            frames: Vec::new(),
            regions: Vec::new(),
            slide: None,
            notes: Vec::new(),
        };
        change(&mut part);
        let id = AssetId(uuid::Uuid::from_u128(number as u128));
        Arrived {
            name: String::new(),
            asset: id,
            kind: AssetKind::Dicom,
            dicom: Some(Box::new(part)),
            size_px: None,
        }
    }

    fn stream(files: Vec<Arrived>) -> (Stream, Facts) {
        let mut facts = Facts::default();
        let stream = series_stream(1, files, &mut facts, &mut Spaces::default());
        (stream, facts)
    }

    #[test]
    fn a_stack_knows_where_it_begins() {
        let (stream, facts) = stream((0..4).map(|n| file(n, 100.0 - 2.0 * f64::from(n), |_| {})).collect());
        let positions: Vec<_> = stream.frames.iter().map(|frame| frame.position_mm.unwrap()).collect();
        assert_eq!(positions, [94.0, 96.0, 98.0, 100.0]);
        assert_eq!(stream.properties["origin_mm"], json!([-10.0, -20.0, 94.0]));
        assert_eq!(stream.properties["normal"], json!([0.0, 0.0, 1.0]));
        assert_eq!(stream.properties["slice_spacing_mm"], json!(2.0));
        assert_eq!(stream.properties["space"], json!(1));
        assert!(facts.notes.is_empty(), "{:?}", facts.notes);
    }

    #[test]
    fn what_files_do_not_agree_about_is_not_known() {
        let odd = |part: &mut DicomPart| {
            part.facts.geometry.pixel_spacing_mm = Some([0.7, 0.7]);
            part.identity.frame_of_reference_uid = Some("1.2.4".into());
        };
        let (stream, _) = stream(vec![file(1, 0.0, |_| {}), file(2, 2.0, odd)]);
        for key in ["row_spacing_mm", "column_spacing_mm", "space"] {
            assert!(!stream.properties.contains_key(key), "{key}");
        }
        assert_eq!(stream.properties["stack_issues"], json!(["mixed_spacing"]));
        // The size of one image is no limit for marks on another.
        let sized = |rows, columns| {
            move |part: &mut DicomPart| (part.facts.rows, part.facts.columns) = (Some(rows), Some(columns))
        };
        let (same, _) = self::stream(vec![file(1, 0.0, sized(20, 30)), file(2, 2.0, sized(20, 30))]);
        assert_eq!(same.size_px(), Some((30, 20)));
        let (turned, _) = self::stream(vec![file(1, 0.0, sized(20, 30)), file(2, 2.0, sized(30, 20))]);
        assert_eq!(turned.size_px(), None);
    }

    #[test]
    fn frames_of_one_object_are_a_stack_where_each_has_a_place_of_its_own() {
        let many = |places: &'static [f64]| {
            move |part: &mut DicomPart| {
                part.facts.frames = places.len() as u32;
                part.frames = places
                    .iter()
                    .map(|z| dicom::FrameGeometry {
                        position_mm: Some([0.0, 0.0, *z]),
                        ..part.facts.geometry
                    })
                    .collect();
            }
        };
        let (volume, _) = stream(vec![file(1, 0.0, many(&[4.0, 2.0, 0.0]))]);
        let parts: Vec<_> = volume.frames.iter().map(|frame| (frame.part, frame.position_mm)).collect();
        assert_eq!(parts, [(2, Some(0.0)), (1, Some(2.0)), (0, Some(4.0))]);
        // The same places again: another time, not another slice.
        let (times, facts) = stream(vec![file(1, 0.0, many(&[0.0, 2.0, 0.0, 2.0]))]);
        let parts: Vec<_> = times.frames.iter().map(|frame| (frame.part, frame.position_mm)).collect();
        assert_eq!(parts, [(0, None), (1, None), (2, None), (3, None)]);
        assert!(facts.notes.is_empty());
    }

    #[test]
    fn the_levels_of_a_slide_are_its_frames_without_its_label() {
        let level = |columns: u32| {
            move |part: &mut DicomPart| {
                part.slide = Some(dicom::SlideLevel {
                    columns,
                    rows: columns / 2,
                    tile_columns: 256,
                    tile_rows: 256,
                    um_per_pixel: Some([0.25 * f64::from(4096 / columns); 2]),
                    frames: None,
                });
            }
        };
        let files = vec![file(1, 0.0, level(1024)), file(2, 0.0, |_| {}), file(3, 0.0, level(4096))];
        let (slide, facts) = stream(files);
        let numbers: Vec<_> = slide.frames.iter().map(|frame| frame.asset.0.as_u128()).collect();
        assert_eq!(numbers, [3, 1], "the finest first; the second file is no level");
        assert_eq!(slide.properties["columns"], json!(4096));
        assert_eq!(slide.properties["column_spacing_mm"], json!(0.00025));
        assert_eq!(slide.properties["slide"]["levels"][1]["rows"], json!(512));
        assert_eq!(facts.modality.as_deref(), Some("SM"));
        assert_eq!(facts.notes, ["slide_files_left_out"]);
    }

    #[test]
    fn images_that_make_no_stack_keep_their_planes() {
        let turned = |part: &mut DicomPart| {
            part.facts.geometry.orientation = Some([0.0, 1.0, 0.0, 0.0, 0.0, -1.0]);
        };
        let (scout, facts) = stream(vec![file(1, 0.0, |_| {}), file(2, 0.0, turned)]);
        assert!(!scout.properties.contains_key("orientation"), "letters would be wrong on one of them");
        let second = json!([-10.0, -20.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0]);
        assert_eq!(scout.properties["planes"][1], second);
        assert_eq!(facts.notes, ["slices_not_parallel"]);
    }
}
