//! Comparing reads and merging what agrees, by cases whose answer is known and by properties.

mod measures;
mod relations;
mod turned;

use std::collections::BTreeMap;

use countersign_model::{
    Agreement, Annotation, AnnotationId, Author, FrameRef, Joint, JointState, MergeRule, Shape, UserId,
};
use countersign_workflow::compare::{Comparison, Difference, compare, merge, merge_chosen, settle};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

fn mark(reader: u128, n: u128, class: &str, shape: Shape) -> Annotation {
    Annotation {
        id: AnnotationId(Uuid::from_u128(reader << 64 | n)),
        version: 1,
        class: class.into(),
        frame: Some(FrameRef { stream: 0, index: 3 }),
        shape,
        attributes: BTreeMap::new(),
        author: Author::Human { user: UserId(Uuid::from_u128(reader)) },
        score: None,
        arrangement: Default::default(),
        unclear: None,
    }
}

fn rect(x: f64, y: f64, w: f64, h: f64) -> Shape {
    Shape::Box { x, y, w, h }
}

fn outline(points: Vec<[f64; 2]>) -> Shape {
    Shape::Polygon { points, holes: vec![] }
}

fn square(x: f64, y: f64, side: f64) -> Shape {
    outline(vec![[x, y], [x + side, y], [x + side, y + side], [x, y + side]])
}

fn with(mut mark: Annotation, answers: &[(&str, Value)]) -> Annotation {
    mark.attributes = answers.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    mark
}

fn run(reads: &[Vec<Annotation>], rule: &Agreement) -> Comparison {
    let views: Vec<&[Annotation]> = reads.iter().map(Vec::as_slice).collect();
    compare(&views, rule, &[]).unwrap()
}

fn merged(reads: &[Vec<Annotation>], rule: &Agreement, by: MergeRule) -> Vec<Annotation> {
    let views: Vec<&[Annotation]> = reads.iter().map(Vec::as_slice).collect();
    let mut n = 0xffff_u128;
    merge(&views, &run(reads, rule), by, &mut || {
        n += 1;
        Uuid::from_u128(n)
    })
    .unwrap()
}

fn differences(reads: &[Vec<Annotation>], rule: &Agreement) -> Vec<Vec<Difference>> {
    run(reads, rule).findings.into_iter().map(|finding| finding.differences).collect()
}

#[test]
fn two_empty_reads_agree() {
    let comparison = run(&[vec![], vec![]], &Agreement::default());
    assert!(comparison.is_agreed() && comparison.findings.is_empty());
}

#[test]
fn each_kind_of_difference_is_named() {
    let rule = Agreement { number_share: 0.2, ..Agreement::default() };
    let a = vec![
        mark(1, 1, "car", rect(0.0, 0.0, 10.0, 10.0)),
        mark(1, 2, "car", rect(100.0, 0.0, 10.0, 10.0)),
        mark(1, 3, "car", rect(200.0, 0.0, 10.0, 10.0)),
        with(
            mark(1, 4, "car", rect(300.0, 0.0, 10.0, 10.0)),
            &[("size_mm", json!(10.0)), ("cut", json!(false))],
        ),
        with(mark(1, 5, "car", rect(400.0, 0.0, 10.0, 10.0)), &[("size_mm", json!(10.0))]),
        mark(1, 6, "car", rect(500.0, 0.0, 10.0, 10.0)),
    ];
    let b = vec![
        mark(2, 1, "car", rect(1.0, 0.0, 10.0, 10.0)),
        mark(2, 2, "van", rect(100.0, 0.0, 10.0, 10.0)),
        mark(2, 3, "car", rect(206.0, 0.0, 10.0, 10.0)),
        with(mark(2, 4, "car", rect(300.0, 0.0, 10.0, 10.0)), &[("size_mm", json!(11.5))]),
        with(mark(2, 5, "car", rect(400.0, 0.0, 10.0, 10.0)), &[("size_mm", json!(13.0))]),
    ];
    use Difference::{Attribute, Class, Missing, Outline};
    let expected = [vec![], vec![Class], vec![Outline], vec![], vec![Attribute], vec![Missing]];
    assert_eq!(differences(&[a, b], &rule), expected);
}

#[test]
fn only_all_together_agree_that_something_cannot_be_assessed() {
    let no = |reader, why: &str| {
        let answer = mark(reader, 99, countersign_model::CANNOT_ASSESS, Shape::Tag {});
        vec![with(answer, &[("reason", json!(why))])]
    };
    let car = |reader| vec![mark(reader, 1, "car", rect(0.0, 0.0, 10.0, 10.0))];
    for majority in [false, true] {
        let rule = Agreement { majority, count_apart: Some(5), ..Agreement::default() };
        let why = [no(1, "image_quality"), no(2, "obstructed"), no(3, "other")];
        assert!(run(&why, &rule).is_agreed(), "why is no difference");
        let merged = merged(&why, &rule, MergeRule::Mean);
        assert_eq!(merged.len(), 1);
        assert_eq!(merged[0].attributes["reason"], "image_quality");
        for reads in [
            vec![no(1, "other"), vec![]],
            vec![no(1, "other"), no(2, "other"), vec![]],
            vec![no(1, "other"), no(2, "other"), car(3)],
            vec![no(1, "other"), car(2), car(3)],
        ] {
            let comparison = run(&reads, &rule);
            assert!(!comparison.is_agreed(), "{majority} {reads:?}");
        }
    }
    let mut other = no(2, "other");
    other[0].frame = Some(FrameRef { stream: 0, index: 4 });
    assert!(!run(&[no(1, "other"), other], &Agreement::default()).is_agreed(), "another frame");
}

#[test]
fn a_doubt_is_no_difference_and_stays_on_what_is_merged() {
    let doubt = countersign_model::Unclear { confidence: None, reason: Some("shade".into()) };
    let sure = mark(1, 1, "car", rect(0.0, 0.0, 10.0, 10.0));
    let unsure = Annotation { unclear: Some(doubt.clone()), ..mark(2, 1, "car", rect(1.0, 0.0, 10.0, 10.0)) };
    let reads = [vec![sure], vec![unsure]];
    assert!(run(&reads, &Agreement::default()).is_agreed());
    assert_eq!(merged(&reads, &Agreement::default(), MergeRule::Mean)[0].unclear, Some(doubt));
}

#[test]
fn a_mark_on_another_frame_is_another_finding() {
    let mut elsewhere = mark(2, 1, "car", rect(0.0, 0.0, 10.0, 10.0));
    elsewhere.frame = Some(FrameRef { stream: 0, index: 4 });
    let found = differences(
        &[vec![mark(1, 1, "car", rect(0.0, 0.0, 10.0, 10.0))], vec![elsewhere]],
        &Agreement::default(),
    );
    assert_eq!(found, [[Difference::Missing], [Difference::Missing]]);
}

#[test]
fn outlines_are_held_to_dice_and_to_distance() {
    // Two squares of side 10, moved by 1: intersection 90, Dice 0.9.
    let reads = [
        vec![mark(1, 1, "lesion", square(0.0, 0.0, 10.0))],
        vec![mark(2, 1, "lesion", square(1.0, 0.0, 10.0))],
    ];
    let at = |dice| differences(&reads, &Agreement { dice, ..Agreement::default() })[0].clone();
    assert_eq!((at(0.89), at(0.91)), (vec![], vec![Difference::Outline]));
    let overlap = run(&reads, &Agreement::default()).findings[0].overlap.unwrap();
    assert!((overlap - 0.9).abs() < 1e-9);
    // A spike of 20 pixels hardly changes the area, but the outline lies far away there.
    let spiked =
        outline(vec![[0., 0.], [40., 0.], [40., 40.], [21., 40.], [20., 60.], [19., 40.], [0., 40.]]);
    let reads = [vec![mark(1, 1, "lesion", square(0.0, 0.0, 40.0))], vec![mark(2, 1, "lesion", spiked)]];
    let at = |surface_px| differences(&reads, &Agreement { surface_px, ..Agreement::default() })[0].clone();
    assert_eq!((at(None), at(Some(60.0)), at(Some(2.0))), (vec![], vec![], vec![Difference::Outline]));
}

#[test]
fn two_who_agree_with_a_third_do_not_agree() {
    let rule = Agreement { number_share: 0.1, ..Agreement::default() };
    let says = |n: u128, size: f64| {
        vec![with(mark(n, 1, "lesion", rect(0.0, 0.0, 10.0, 10.0)), &[("size_mm", json!(size))])]
    };
    for order in [[100.0, 91.0, 110.0], [91.0, 110.0, 100.0], [110.0, 100.0, 91.0]] {
        let reads: Vec<_> = (1..).zip(order).map(|(n, size)| says(n, size)).collect();
        assert_eq!(differences(&reads, &rule), [[Difference::Attribute]]);
        let most = Agreement { majority: true, ..rule.clone() };
        assert_eq!(differences(&reads, &most), [[]], "two of them do");
        assert_eq!(run(&reads, &most).findings[0].standing.len(), 2);
    }
}

#[test]
fn a_frame_full_of_cells_is_compared_and_a_heap_is_looked_at() {
    let cells = |n: u128| -> Vec<Annotation> {
        (0..1_500)
            .map(|i| mark(n, i, "cell", rect((i % 50) as f64 * 12.0, (i / 50) as f64 * 12.0, 10.0, 10.0)))
            .collect()
    };
    let comparison = run(&[cells(1), cells(2)], &Agreement::default());
    assert!(comparison.is_agreed());
    assert_eq!(comparison.findings.len(), 1_500);
    let heap = |n: u128| -> Vec<Annotation> {
        (0..1_001).map(|i| mark(n, i, "cell", rect(i as f64 * 0.001, 0.0, 10.0, 10.0))).collect()
    };
    let most = Agreement { majority: true, ..Agreement::default() };
    let comparison = run(&[heap(1), heap(2), vec![]], &most);
    assert_eq!(comparison.disputed().count(), 2_002);
}

#[test]
fn what_cannot_be_merged_is_a_difference_and_never_a_dead_end() {
    let turned = |n: u128, i: u128, yaw: f64, x: f64| {
        let rotation = [(yaw / 2.0).cos(), 0.0, 0.0, (yaw / 2.0).sin()];
        mark(n, i, "pedestrian", Shape::Cuboid { center: [x, 0.0, 0.0], size: [0.6, 0.6, 1.8], rotation })
    };
    let quarter = std::f64::consts::FRAC_PI_2;
    // Square from above: turned by a quarter they overlap wholly. Turned by a half nobody knows where the front is.
    let reads = [
        vec![turned(1, 1, 0.0, 0.0), turned(1, 2, 0.0, 5.0), turned(1, 3, 0.1, 9.0)],
        vec![turned(2, 1, quarter, 0.0), turned(2, 2, 2.0 * quarter, 5.0), turned(2, 3, 0.1, 9.0)],
    ];
    let views: Vec<&[Annotation]> = reads.iter().map(Vec::as_slice).collect();
    let mut comparison = run(&reads, &Agreement::default());
    assert!(comparison.is_agreed());
    assert!(merge(&views, &comparison, MergeRule::Mean, &mut Uuid::nil).is_err());
    let ids = || {
        let mut n = 0;
        move || {
            n += 1;
            Uuid::from_u128(n)
        }
    };
    let merged = settle(&views, &mut comparison, MergeRule::Mean, ids);
    assert_eq!(merged.iter().map(|mark| mark.id.0.as_u128()).collect::<Vec<_>>(), [1]);
    let found: Vec<_> = comparison.findings.iter().map(|finding| finding.differences.clone()).collect();
    assert_eq!(found, [vec![Difference::Outline], vec![Difference::Outline], vec![]]);
}

#[test]
fn a_finding_of_one_reader_is_a_difference_unless_the_majority_decides() {
    let seen = |n| vec![mark(n, 1, "lesion", rect(0.0, 0.0, 10.0, 10.0))];
    let all = Agreement::default();
    let most = Agreement { majority: true, ..Agreement::default() };
    assert_eq!(differences(&[seen(1), vec![], vec![]], &all), [[Difference::Missing]]);
    let two_of_three = [seen(1), vec![], seen(3)];
    assert_eq!(differences(&two_of_three, &all), [[Difference::Missing]]);
    assert_eq!(differences(&two_of_three, &most), [[]]);
    assert_eq!(merged(&two_of_three, &most, MergeRule::One).len(), 1);
    let one_of_three = [seen(1), vec![], vec![]];
    assert_eq!(differences(&one_of_three, &most), [[]]);
    assert_eq!(merged(&one_of_three, &most, MergeRule::One), [], "the majority saw nothing there");
    assert_eq!(differences(&[seen(1), vec![]], &most), [[Difference::Missing]], "one of two is no majority");
}

#[test]
fn boxes_merge_by_each_rule() {
    let reads = [
        vec![mark(1, 1, "car", rect(0.0, 0.0, 10.0, 10.0))],
        vec![mark(2, 1, "car", rect(2.0, 0.0, 10.0, 10.0))],
    ];
    let by = |rule| merged(&reads, &Agreement::default(), rule)[0].clone();
    assert_eq!(by(MergeRule::One).shape, rect(0.0, 0.0, 10.0, 10.0));
    assert_eq!(by(MergeRule::One).author, Author::Rule { rule: "one 3".into() });
    assert_eq!(by(MergeRule::Mean).shape, rect(1.0, 0.0, 10.0, 10.0));
    assert_eq!(by(MergeRule::Mean).author, Author::Rule { rule: "mean 3".into() });
    assert_eq!(by(MergeRule::Union).shape, rect(0.0, 0.0, 12.0, 10.0));
    assert_eq!(by(MergeRule::Intersection).shape, rect(2.0, 0.0, 8.0, 10.0));
}

#[test]
fn outlines_merge_by_each_rule() {
    let reads = [
        vec![mark(1, 1, "lesion", square(0.0, 0.0, 20.0))],
        vec![mark(2, 1, "lesion", square(2.0, 0.0, 20.0))],
        vec![mark(3, 1, "lesion", square(1.0, 0.0, 20.0))],
    ];
    let bounds = |rule| {
        let Shape::Polygon { points, .. } = merged(&reads, &Agreement::default(), rule)[0].shape.clone()
        else {
            panic!("not an outline")
        };
        let xs = || points.iter().map(|p| p[0]);
        (xs().fold(f64::INFINITY, f64::min), xs().fold(f64::NEG_INFINITY, f64::max))
    };
    assert_eq!(bounds(MergeRule::Union), (0.0, 22.0));
    assert_eq!(bounds(MergeRule::Intersection), (2.0, 20.0));
    assert_eq!(bounds(MergeRule::Mean), (1.0, 21.0));
    let (left, right) = bounds(MergeRule::Staple);
    assert!((0.0..=2.0).contains(&left) && (20.0..=22.0).contains(&right));
}

#[test]
fn cuboids_merge_to_their_mean_and_headings_to_the_nearer_way_round() {
    let cuboid = |x: f64, yaw: f64| Shape::Cuboid {
        center: [x, 0.0, 0.0],
        size: [4.0, 2.0, 1.5],
        rotation: [(yaw / 2.0).cos(), 0.0, 0.0, (yaw / 2.0).sin()],
    };
    let reads = [vec![mark(1, 1, "car", cuboid(0.0, 0.1))], vec![mark(2, 1, "car", cuboid(0.4, -0.1))]];
    let Shape::Cuboid { center, rotation, .. } =
        merged(&reads, &Agreement::default(), MergeRule::Mean)[0].shape.clone()
    else {
        panic!("not a cuboid")
    };
    assert!((center[0] - 0.2).abs() < 1e-12 && (rotation[0] - 1.0).abs() < 1e-9);
}

fn mask_of(left: usize, right: usize) -> Shape {
    let size = countersign_geometry::ImageSize { width: 40, height: 20 };
    let pixels: Vec<u8> = (0..800).map(|at| u8::from((left..right).contains(&(at % 40)))).collect();
    let counts = countersign_geometry::Rle::from_rows(size, &pixels).unwrap().to_coco_string();
    Shape::Mask { size: [20, 40], counts }
}

#[test]
fn areas_are_compared_however_they_were_drawn() {
    // 20 x 20 pixels each, moved by 2: intersection 18, union 22.
    let shapes = [mask_of(2, 22), square(2.0, 0.0, 20.0), rect(2.0, 0.0, 20.0, 20.0)];
    for shape in shapes {
        let reads = [vec![mark(1, 1, "lesion", mask_of(0, 20))], vec![mark(2, 1, "lesion", shape)]];
        let found = run(&reads, &Agreement::default()).findings;
        assert_eq!((found.len(), found[0].differences.len()), (1, 0));
        assert!((found[0].overlap.unwrap() - 0.9).abs() < 1e-9, "{:?}", found[0]);
    }
    // A hole counts: a ring against the disc that fills it.
    let hole = vec![[5.0, 5.0], [15.0, 5.0], [15.0, 15.0], [5.0, 15.0]];
    let ring = Shape::Polygon { points: vec![[0., 0.], [20., 0.], [20., 20.], [0., 20.]], holes: vec![hole] };
    let reads = [vec![mark(1, 1, "lesion", ring)], vec![mark(2, 1, "lesion", square(0.0, 0.0, 20.0))]];
    let overlap = run(&reads, &Agreement::default()).findings[0].overlap.unwrap();
    assert!((overlap - 2.0 * 300.0 / 700.0).abs() < 1e-9, "{overlap}");
    // An ellipse against the circle that it is, and a box against itself turned by a quarter.
    let circle = |angle| Shape::Ellipse { cx: 50.0, cy: 50.0, rx: 20.0, ry: 20.0, angle };
    let turned = |angle| Shape::RotatedBox { cx: 50.0, cy: 50.0, w: 30.0, h: 30.0, angle };
    let quarter = std::f64::consts::FRAC_PI_2;
    for (a, b) in [(circle(0.0), circle(0.3)), (turned(0.0), turned(quarter))] {
        let reads = [vec![mark(1, 1, "lesion", a)], vec![mark(2, 1, "lesion", b)]];
        assert!(run(&reads, &Agreement::default()).findings[0].overlap.unwrap() > 0.995);
    }
}

#[test]
fn masks_merge_pixel_by_pixel() {
    let reads = [vec![mark(1, 1, "lesion", mask_of(0, 20))], vec![mark(2, 1, "lesion", mask_of(2, 22))]];
    let by = |rule| merged(&reads, &Agreement::default(), rule)[0].shape.clone();
    assert_eq!(by(MergeRule::Union), mask_of(0, 22));
    assert_eq!(by(MergeRule::Intersection), mask_of(2, 20));
}

#[test]
fn points_joints_and_lines_are_held_to_a_distance() {
    let rule = Agreement { point_px: 4.0, ..Agreement::default() };
    let points = |x: f64| Shape::Points { points: vec![[x, 0.0], [x + 50.0, 0.0]] };
    let line = |y: f64| Shape::Polyline { points: vec![[0.0, y], [100.0, y]] };
    let joints = |x: f64| Shape::Skeleton {
        joints: vec![
            Joint { at: [x, 0.0], state: JointState::Visible },
            Joint { at: [0.0, 0.0], state: JointState::Absent },
        ],
    };
    for at in [&points as &dyn Fn(f64) -> Shape, &line, &joints] {
        let read = |n: u128, by: f64| vec![mark(n, 1, "lesion", at(by))];
        assert_eq!(differences(&[read(1, 0.0), read(2, 3.9)], &rule), [[]]);
        assert_eq!(differences(&[read(1, 0.0), read(2, 5.0)], &rule), [[Difference::Outline]]);
        let far = [[Difference::Missing], [Difference::Missing]];
        assert_eq!(differences(&[read(1, 0.0), read(2, 50.0)], &rule), far);
    }
    let reads = [vec![mark(1, 1, "lesion", points(0.0))], vec![mark(2, 1, "lesion", points(2.0))]];
    assert_eq!(merged(&reads, &rule, MergeRule::Mean)[0].shape, points(1.0));
}

#[test]
fn where_counts_decide_what_only_some_drew_stands_as_the_merge_rule_says() {
    let cells = |reader: u128, places: &[f64]| -> Vec<Annotation> {
        (1..).zip(places).map(|(n, x)| mark(reader, n, "cell", rect(*x, 0.0, 10.0, 10.0))).collect()
    };
    let rule = |count_apart| Agreement { count_apart, ..Agreement::default() };
    let reads = [cells(1, &[0.0, 50.0, 100.0]), cells(2, &[0.0, 50.0, 200.0, 300.0])];
    assert_eq!(run(&reads, &rule(None)).disputed().count(), 3);
    assert_eq!(run(&reads, &rule(Some(0))).disputed().count(), 3, "3 and 4");
    assert!(run(&reads, &rule(Some(1))).is_agreed());
    let kept = |by| merged(&reads, &rule(Some(1)), by).len();
    assert_eq!(kept(MergeRule::Union), 5);
    assert_eq!(kept(MergeRule::One), 3, "the first reader's");
    assert_eq!((kept(MergeRule::Intersection), kept(MergeRule::Mean)), (2, 2));
    // Another class is counted by itself, and a difference of class is one whatever the counts are.
    let mut other = cells(2, &[0.0, 50.0, 100.0]);
    other[2].class = "debris".into();
    let found = run(&[cells(1, &[0.0, 50.0, 100.0]), other], &rule(Some(5)));
    assert_eq!(found.disputed().count(), 1);
}

#[test]
fn chosen_marks_merge_by_the_rule_and_by_their_mean_where_it_takes_one() {
    let boxes =
        [mark(1, 1, "car", rect(0.0, 0.0, 10.0, 10.0)), mark(2, 1, "van", rect(2.0, 0.0, 10.0, 10.0))];
    let by = |rule| merge_chosen(&boxes.iter().collect::<Vec<_>>(), rule);
    assert_eq!(by(MergeRule::One), Some(rect(1.0, 0.0, 10.0, 10.0)));
    assert_eq!(by(MergeRule::Union), Some(rect(0.0, 0.0, 12.0, 10.0)));
    assert_eq!(by(MergeRule::Intersection), Some(rect(2.0, 0.0, 8.0, 10.0)));
    let apart =
        [mark(1, 1, "car", rect(0.0, 0.0, 10.0, 10.0)), mark(2, 1, "car", rect(40.0, 0.0, 10.0, 10.0))];
    assert_eq!(merge_chosen(&[&apart[0], &apart[1]], MergeRule::Intersection), None, "nothing in common");
    assert_eq!(merge_chosen(&[&apart[0], &apart[0]], MergeRule::Intersection), Some(apart[0].shape.clone()));
    let line = |y: f64| mark(1, 1, "car", Shape::Polyline { points: vec![[0.0, y], [9.0, y]] });
    assert_eq!(merge_chosen(&[&line(0.0), &line(1.0)], MergeRule::Mean), Some(line(0.5).shape));
    let points = |points: &[[f64; 2]]| mark(1, 1, "car", Shape::Points { points: points.to_vec() });
    let (one, two) = (points(&[[0.0, 0.0]]), points(&[[0.0, 0.0], [1.0, 0.0]]));
    assert_eq!(merge_chosen(&[&one, &two], MergeRule::Mean), None, "one point and two have no mean");
    assert_eq!(merge_chosen(&[], MergeRule::Mean), None);
}

#[test]
fn a_tag_is_compared_by_class_and_answer() {
    let tag = |n, grade: &str| {
        let mut mark = with(mark(n, 1, "study_quality", Shape::Tag {}), &[("grade", json!(grade))]);
        mark.frame = None;
        mark
    };
    assert_eq!(differences(&[vec![tag(1, "good")], vec![tag(2, "good")]], &Agreement::default()), [[]]);
    let found = differences(&[vec![tag(1, "good")], vec![tag(2, "limited")]], &Agreement::default());
    assert_eq!(found, [[Difference::Attribute]]);
}

fn some_read(reader: u128) -> impl Strategy<Value = Vec<Annotation>> {
    let one = (0_u8..6, 0_u8..2, -4.0..4.0_f64, -4.0..4.0_f64);
    prop::collection::vec(one, 0..6).prop_map(move |marks| {
        let numbered = (0_u128..).zip(marks);
        numbered
            .map(|(n, (place, class, dx, dy))| {
                let class = ["car", "van"][usize::from(class)];
                mark(reader, n, class, rect(f64::from(place) * 40.0 + dx, dy, 20.0, 20.0))
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn every_mark_is_in_one_finding_and_order_does_not_matter(a in some_read(1), b in some_read(2), c in some_read(3)) {
        let rule = Agreement::default();
        let straight = run(&[a.clone(), b.clone(), c.clone()], &rule);
        let mut all: Vec<_> = straight.findings.iter().flat_map(|finding| finding.marks.clone()).collect();
        all.sort_unstable();
        all.dedup();
        prop_assert_eq!(all.len(), a.len() + b.len() + c.len());
        let turned = run(&[c, a, b], &rule);
        prop_assert_eq!(straight.is_agreed(), turned.is_agreed());
        prop_assert_eq!(straight.findings.len(), turned.findings.len());
        prop_assert_eq!(straight.disputed().count(), turned.disputed().count());
    }

    #[test]
    fn a_stricter_rule_never_disputes_less(a in some_read(1), b in some_read(2), low in 0.0..1.0_f64, more in 0.0..1.0_f64) {
        let loose = Agreement { box_iou: low, ..Agreement::default() };
        let strict = Agreement { box_iou: low + (1.0 - low) * more, ..Agreement::default() };
        let reads = [a, b];
        prop_assert!(run(&reads, &loose).disputed().count() <= run(&reads, &strict).disputed().count());
    }

    #[test]
    fn a_read_agrees_with_itself(a in some_read(1)) {
        // Marks of one reader that lie on each other are two findings to them, and may be matched either way round.
        let apart = a.iter().enumerate().all(|(n, x)| a[n + 1..].iter().all(|y| {
            let (Shape::Box { x: x1, .. }, Shape::Box { x: x2, .. }) = (&x.shape, &y.shape) else { return false };
            (x1 - x2).abs() > 20.0
        }));
        prop_assume!(apart);
        let comparison = run(&[a.clone(), a.clone()], &Agreement::default());
        prop_assert!(comparison.is_agreed());
        prop_assert_eq!(merged(&[a.clone(), a.clone()], &Agreement::default(), MergeRule::Mean).len(), a.len());
    }
}
