//! Rules in millimetres and in the unit of a number.

use std::collections::BTreeMap;

use countersign_model::{Agreement, Annotation, Shape, Stream, StreamKind};
use countersign_workflow::compare::{Difference, compare};
use serde_json::{Value, json};

use crate::{differences, mark, mask_of, rect, square, with};

/// Rows 0.5 mm apart, columns 0.7 mm.
const SPACING: [Option<[f64; 2]>; 1] = [Some([0.5, 0.7])];

/// Differences of two marks where the pixels have a size, and where nobody knows it.
fn measured(a: Shape, b: Shape, rule: &Agreement) -> (Vec<Difference>, Vec<Difference>) {
    let reads = [vec![mark(1, 1, "lesion", a)], vec![mark(2, 1, "lesion", b)]];
    let views: Vec<&[Annotation]> = reads.iter().map(Vec::as_slice).collect();
    let found = |spacings: &[_]| compare(&views, rule, spacings).unwrap().findings[0].differences.clone();
    let differences = (found(&SPACING), found(&[]));
    assert_eq!(found(&[None]), differences.1);
    differences
}

#[test]
fn lengths_and_areas_are_held_to_millimetres_and_to_nothing_where_pixels_have_no_size() {
    // 30 columns of 0.7 mm and 40 rows of 0.5 mm: 21 and 20, the long side of the triangle 29. The other line: 21 and 22.
    let line = |y: f64| Shape::Polyline { points: vec![[0.0, 0.0], [30.0, y]] };
    let long = 21.0_f64.hypot(22.0) - 29.0;
    let rule = |length_mm| Agreement { length_mm: Some(length_mm), ..Agreement::default() };
    let scale = vec![Difference::Scale];
    assert_eq!(measured(line(40.0), line(44.0), &rule(long + 1e-6)), (vec![], scale.clone()));
    assert_eq!(
        measured(line(40.0), line(44.0), &rule(long - 1e-6)),
        (vec![Difference::Outline], scale.clone())
    );
    // 20 x 20 pixels of 0.35 mm² are 140 mm², 20 x 21 are 147; a hole of 4 pixels takes 1.4.
    let tall = rect(0.0, 0.0, 20.0, 21.0);
    let rule = |area_mm2| Agreement { area_mm2: Some(area_mm2), ..Agreement::default() };
    let with_hole = Shape::Polygon {
        points: vec![[0., 0.], [20., 0.], [20., 20.], [0., 20.]],
        holes: vec![vec![[5., 5.], [7., 5.], [7., 7.], [5., 7.]]],
    };
    for (other, apart) in [(square(0.0, 0.0, 20.0), 7.0), (with_hole, 8.4), (mask_of(0, 20), 7.0)] {
        assert_eq!(measured(tall.clone(), other.clone(), &rule(apart + 1e-6)), (vec![], scale.clone()));
        let (near, unknown) = measured(tall.clone(), other, &rule(apart - 1e-6));
        assert_eq!((near, unknown), (vec![Difference::Outline], scale.clone()));
    }
    // A circle of radius 10: 100 π pixels.
    let circle = Shape::Ellipse { cx: 10.0, cy: 10.0, rx: 10.0, ry: 10.0, angle: 0.3 };
    let apart = (100.0 * std::f64::consts::PI - 20.0 * 20.0).abs() * 0.35;
    let loose = Agreement { dice: 0.5, ..rule(apart + 1e-6) };
    assert_eq!(measured(circle.clone(), rect(0.0, 0.0, 20.0, 20.0), &loose).0, []);
    let tight = Agreement { dice: 0.5, ..rule(apart - 1e-6) };
    assert_eq!(measured(circle, rect(0.0, 0.0, 20.0, 20.0), &tight).0, [Difference::Outline]);
    // What the rule does not measure needs no size.
    assert_eq!(measured(line(40.0), line(41.0), &rule(1.0)), (vec![], vec![]));
}

#[test]
fn a_rule_in_millimetres_is_refused_where_pixels_have_no_size() {
    let (_, text) =
        countersign_workflow::shipped().iter().find(|(name, _)| *name == "radiology_double").unwrap();
    let study = text.replacen("agreement: {", "agreement: { surface_mm: 2.0, area_mm2: 5.0,", 1);
    let refused = |text: &str| -> Vec<String> {
        countersign_workflow::document::read_document(text)
            .faults
            .into_iter()
            .map(|fault| fault.path)
            .collect()
    };
    assert_eq!(refused(&study), Vec::<String>::new());
    let parts = study.replacen("item_kind: study", "item_kind: part", 1);
    assert_eq!(refused(&parts), ["stages[2].agreement.surface_mm", "stages[2].agreement.area_mm2"]);
}

#[test]
fn a_pixel_has_a_size_only_where_it_lies_in_what_is_shown() {
    let stream = |origin: Value, row: Value| Stream {
        kind: StreamKind::ALL[0],
        name: "series 1".into(),
        frames: vec![],
        properties: BTreeMap::from([
            ("spacing_origin".to_owned(), origin),
            ("row_spacing_mm".to_owned(), row),
            ("column_spacing_mm".to_owned(), json!(0.7)),
        ]),
    };
    for origin in ["patient", "calibrated", "specimen"] {
        assert_eq!(stream(json!(origin), json!(0.5)).spacing_mm(), Some([0.5, 0.7]));
    }
    for origin in [json!("detector"), json!("imager_only"), json!("unknown"), json!(null)] {
        assert_eq!(stream(origin, json!(0.5)).spacing_mm(), None);
    }
    for row in [json!(0.0), json!(-1.0), json!(null), json!("0.5")] {
        assert_eq!(stream(json!("patient"), row).spacing_mm(), None);
    }
}

#[test]
fn surfaces_are_held_to_millimetres_along_rows_and_columns() {
    // Moved by 4 pixels: 2.8 mm across, 2.0 mm down, for more than a twentieth of the border.
    for (x, y, mm) in [(4.0, 0.0, 2.8), (0.0, 4.0, 2.0)] {
        let rule = |surface_mm| Agreement { surface_mm: Some(surface_mm), ..Agreement::default() };
        let moved = square(x, y, 40.0);
        let (near, unknown) = measured(square(0.0, 0.0, 40.0), moved.clone(), &rule(mm + 1e-6));
        assert_eq!((near, unknown), (vec![], vec![Difference::Scale]));
        assert_eq!(measured(square(0.0, 0.0, 40.0), moved, &rule(mm - 1e-6)).0, [Difference::Outline]);
    }
}

#[test]
fn numbers_are_held_to_a_share_or_to_their_own_unit() {
    let says = |n: u128, value: Value| {
        vec![with(mark(n, 1, "lesion", rect(0.0, 0.0, 10.0, 10.0)), &[("size_mm", value)])]
    };
    let found = |a: Value, b: Value, number_share: f64, number_apart: Option<f64>| {
        let rule = Agreement { number_share, number_apart, ..Agreement::default() };
        differences(&[says(1, a), says(2, b)], &rule)[0].is_empty()
    };
    assert!(!found(json!(1.0), json!(1.4), 0.1, None) && found(json!(1.0), json!(1.4), 0.1, Some(0.5)));
    assert!(found(json!(100.0), json!(109.0), 0.1, Some(0.5)), "either is enough");
    assert!(
        !found(json!(100.0), json!(100.6), 0.0, Some(0.5))
            && found(json!(100.0), json!(100.5), 0.0, Some(0.5))
    );
    assert!(
        !found(json!(10), json!(11), 0.0, None) && found(json!(10), json!(10), 0.0, None),
        "a count is exact"
    );
    assert!(found(json!(-1.0), json!(1.0), 0.0, Some(2.0)), "across zero no share helps");
}
