//! How far independent readers agree: against a table that was worked out by hand, and in a release.

use std::io::Read;

use countersign_model::{ItemId, ReleaseId, Shape};
use countersign_pipeline::{
    PipelineError,
    adjudicate::Ruling,
    agreement::{AgreementFigure, AgreementReport, Behind, ClassAgreement, IntervalView},
    behind::{BehindQuery, Part},
    release::Selection,
    work::Change,
};
use countersign_store::{Actor, Evidence, items, releases};
use countersign_workflow::AdjudicateDecision;
use serde_json::json;
use uuid::Uuid;

use crate::{
    behind::{sums, whole},
    double::{STAGES, Team, mark},
    harness::PASSWORD,
};

/// Where boxes begin, and their classes.
type Marks = &'static [(f64, &'static str)];

/// Marks of the first and the second reader, item by item. As sets of classes: object and object four times, nothing and
/// nothing twice, then three differences.
const ANSWERS: [(Marks, Marks); 9] = [
    (&[(3.0, "object")], &[(3.0, "object")]),
    (&[(3.0, "object")], &[(4.0, "object")]),
    (&[(5.0, "object")], &[(5.0, "object")]),
    (&[(9.0, "object")], &[(9.0, "object")]),
    (&[], &[]),
    (&[], &[]),
    (&[(3.0, "object")], &[]),
    (&[], &[(3.0, "object")]),
    (&[(3.0, "object")], &[(3.0, "person")]),
];

async fn read(team: &Team) -> Vec<ItemId> {
    let mut items = Vec::new();
    for (first, second) in ANSWERS {
        items.push(team.read_twice(None, first, second).await);
    }
    items
}

fn near(value: Option<f64>, expected: f64) {
    let value = value.unwrap();
    assert!((value - expected).abs() < 1e-9, "{value} is not {expected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_equal_those_of_a_table_worked_out_by_hand() {
    let team = Team::new(ANSWERS.len() + 1, STAGES).await;
    let items = read(&team).await;
    // One reader is through with the last picture, the other is not: it tells nothing yet.
    let alone = team.claim(&team.readers[0], None).await.unwrap();
    team.submit(&team.readers[0], &alone, &[(1.0, "object")]).await;
    let auditor = team.house.sign_in("auditor@p").await;
    let report = team.house.pipeline.agreement(&auditor, team.project).await.unwrap();
    assert_eq!((report.items, report.agreed_items), (9, 6));
    assert_eq!((report.findings, report.disputed_findings), (7, 3));

    // 6 of 9 alike; by chance (6 · 5 + 3 · 3) / 81 of them: (54 − 39) / (81 − 39).
    let [pair] = &report.pairs[..] else { panic!("one pair: {:?}", report.pairs) };
    assert_eq!(pair.items, 9);
    let kappa = pair.kappa.unwrap();
    near(Some(kappa.value), 15.0 / 42.0);
    assert!(kappa.low.unwrap() < kappa.value && kappa.value < kappa.high.unwrap());
    assert_eq!(pair.first_name.as_deref(), Some("Test annotator@p"));
    near(report.answers.as_ref().unwrap().percent, 6.0 / 9.0);

    // Object: both in 4, one of the two in 3 (one of them called a person by the other), none in 2.
    let object = report.classes.iter().find(|class| class.class == "object").unwrap();
    assert_eq!((object.marked, object.figures.items, object.figures.reads), (7, 9, 18));
    near(object.positive, 8.0 / 11.0);
    near(object.negative, 4.0 / 7.0);
    // Nominal alpha from coincidences: of 18 reads 11 are object, 7 are not; 3 pairs differ.
    near(
        object.figures.alpha.map(|alpha| alpha.value),
        1.0 - (6.0 / 18.0) / (2.0 * 11.0 * 7.0 / (18.0 * 17.0)),
    );
    fleiss_and_intervals(object);
    // AC1: chance is 2 · (11/18) · (7/18).
    let chance = 2.0 * 11.0 * 7.0 / (18.0 * 18.0);
    near(object.figures.ac1.map(|ac1| ac1.value), (6.0 / 9.0 - chance) / (1.0 - chance));
    let unmarked = report.classes.iter().find(|class| class.class == "text").unwrap();
    assert_eq!((unmarked.marked, unmarked.figures.alpha), (0, None));

    let cells: Vec<_> = report
        .confusion
        .iter()
        .map(|c| (c.one.as_str(), c.other.as_deref(), c.pairs, c.examples.len()))
        .collect();
    assert_eq!(
        cells,
        [("object", None, 2, 2), ("object", Some("object"), 4, 4), ("object", Some("person"), 1, 1)]
    );
    assert_eq!(report.confusion[2].examples, [items[8]]);
    // Of seven items where somebody said object or person one holds both names.
    let common = report.confusion[2].common.unwrap();
    assert_eq!((common.items, common.of_items), (1, 7));
    let share = common.share.unwrap();
    assert!((share.value - 1.0 / 7.0).abs() < 1e-12 && share.low > 0.003 && share.high < 0.58, "{share:?}");
    // Mark by mark: four found by both, of which one is a pixel aside; two by one alone, and one under two names.
    let marks = report.marks.as_ref().unwrap();
    assert_eq!((marks.both, marks.alone), (4, 4));
    near(marks.f1.map(|f1| f1.value), 8.0 / 12.0);
    let aside = 9.0 / 11.0;
    let overlap = marks.overlap.unwrap().value;
    // Overlaps are kept in single precision.
    assert!((overlap - (3.0 + aside) / 4.0).abs() < 1e-6, "{overlap}");
    assert!((marks.panoptic.unwrap().value - overlap * 8.0 / 12.0).abs() < 1e-9);
    // Of 14 answers to 7 findings 11 are object, 1 is person, 2 are nothing; 3 pairs differ.
    near(marks.alpha.map(|alpha| alpha.value), 1.0 - 13.0 * 6.0 / (14.0 * 13.0 - 11.0 * 10.0 - 2.0));
    let f1 = marks.f1.unwrap();
    assert!(f1.low.unwrap() < f1.value && f1.value < f1.high.unwrap());
    lists_add_up(&team, &report).await;
    // Who leads the quality of the project sees an item's part in it once the work on the item is over.
    let quality = team.house.sign_in("quality_engineer@p").await;
    let count = async || team.house.pipeline.agreement(&quality, team.project).await.unwrap().items;
    assert_eq!(count().await, 0);
    team.sign(&team.specialists[0], items[0]).await;
    assert_eq!(count().await, 1);
    let refused = team.house.pipeline.agreement(&team.readers[0], team.project).await.unwrap_err();
    assert!(matches!(refused, PipelineError::NotFound), "{refused}");
}

/// Both readers outline a square of ten pixels, the second one `aside` of the first.
async fn outlined(team: &Team, aside: f64) -> ItemId {
    let outline = |x: f64| {
        let Change::Put { mut annotation } = mark(0.0, "object") else { unreachable!("it is put") };
        let points = vec![[x, 10.0], [x + 10.0, 10.0], [x + 10.0, 20.0], [x, 20.0]];
        annotation.shape = Shape::Polygon { points, holes: vec![] };
        Change::Put { annotation }
    };
    let first = team.claim(&team.readers[0], None).await.unwrap();
    let second = team.claim(&team.readers[1], Some(first.item.id)).await.unwrap();
    for (reader, work, x) in [(0, &first, 10.0), (1, &second, 10.0 + aside)] {
        let (task, fence, revision) = (work.task.id, work.task.fence, work.read.as_ref().unwrap().revision);
        let changes = vec![outline(x)];
        team.house.pipeline.submit(&team.readers[reader], task, fence, revision, changes).await.unwrap();
    }
    team.house.pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
    first.item.id
}

/// Says of an item how large its pixels are, as a file of a scanner does: 0.5 mm from row to row, 0.25 mm from column to column.
async fn set_spacing(team: &Team, item: ItemId) {
    let change = team.house.pipeline.store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            let mut streams = items::by_id(tx, item).await?.unwrap().streams.0;
            let said = [("row_spacing_mm", json!(0.5)), ("column_spacing_mm", json!(0.25))];
            for (name, value) in said.into_iter().chain([("spacing_origin", json!("patient"))]) {
                streams[0].properties.insert(name.into(), value);
            }
            let text = serde_json::to_string(&streams).unwrap();
            tx.query("UPDATE items SET streams = $1 WHERE id = $2").bind(text).bind(item).execute().await?;
            tx.record(Evidence::new("test.spacing", "item", item.uuid()))?;
            Ok(())
        })
    });
    change.await.unwrap();
}

/// Squares three pixels and one pixel aside, by the definition: of the borders' pixel centres, as brute force has it. In millimetres
/// only where the size of a pixel is known.
#[tokio::test(flavor = "multi_thread")]
async fn outlines_lie_apart_in_millimetres_where_they_are_known_and_in_pixels_otherwise() {
    let team = Team::new(4, STAGES).await;
    let auditor = team.house.sign_in("auditor@p").await;
    let report = async || team.house.pipeline.agreement(&auditor, team.project).await.unwrap().marks.unwrap();
    team.read_twice(None, &[(3.0, "object")], &[(3.0, "object")]).await;
    assert_eq!(
        (report().await.outlines, report().await.unmeasured),
        (vec![], 0),
        "nobody draws the border of a box"
    );
    let scanned = outlined(&team, 3.0).await;
    outlined(&team, 1.0).await;
    let marks = report().await;
    let [px] = &marks.outlines[..] else { panic!("{:?}", marks.outlines) };
    assert_eq!((px.unit.as_str(), px.pairs), ("px", 2));
    near(Some(px.hausdorff_95.value), f64::midpoint(3.0, 1.0));
    // 1.5 and 0.5, of 72 border pixels each.
    near(Some(px.mean.value), 1.0);
    assert!(px.mean.low.unwrap() < px.mean.value && px.mean.value < px.mean.high.unwrap());
    set_spacing(&team, scanned).await;
    let marks = report().await;
    let [mm, px] = &marks.outlines[..] else { panic!("{:?}", marks.outlines) };
    assert_eq!((mm.unit.as_str(), mm.pairs, px.unit.as_str(), px.pairs), ("mm", 1, "px", 1));
    near(Some(mm.hausdorff_95.value), 0.75);
    near(Some(mm.mean.value), 29.0 / 72.0);
    near(Some(px.mean.value), 0.5);
    assert_eq!(marks.unmeasured, 0);
}

/// A box of a track of its own.
fn tracked(x: f64, track: u128) -> Change {
    let mut change = mark(x, "object");
    let Change::Put { annotation } = &mut change else { unreachable!() };
    annotation.arrangement.track = Some(Uuid::from_u128(track));
    change
}

#[tokio::test(flavor = "multi_thread")]
async fn tracks_of_two_readers_are_matched() {
    let team = Team::new(1, STAGES).await;
    let auditor = team.house.sign_in("auditor@p").await;
    let a = team.claim(&team.readers[0], None).await.unwrap();
    let b = team.claim(&team.readers[1], Some(a.item.id)).await.unwrap();
    // The first of each is one thing, 8 of 12 pixels wide in common; one has another that nobody else saw.
    let drawn = [vec![tracked(3.0, 1), tracked(40.0, 2)], vec![tracked(5.0, 7)]];
    for ((work, reader), changes) in [a, b].into_iter().zip(&team.readers).zip(drawn) {
        let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
        team.house.pipeline.submit(reader, task, fence, revision, changes).await.unwrap();
    }
    team.house.pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
    let report = team.house.pipeline.agreement(&auditor, team.project).await.unwrap();
    let tracks = report.marks.unwrap().tracks.unwrap();
    assert_eq!((tracks.both, tracks.alone, tracks.items_left_out), (1, 1, 0));
    near(Some(tracks.f1.value), 2.0 / 3.0);
    near(Some(tracks.overlap.unwrap().value), f64::from(8.0_f32 / 12.0_f32));
}

/// Of the class that 11 of 18 reads marked, with 6 of 9 items alike.
fn fleiss_and_intervals(object: &ClassAgreement) {
    // Fleiss: for two readers and equal counts of reads its chance is that of the coincidences; with its interval over items.
    let chance = (11.0 * 11.0 + 7.0 * 7.0) / (18.0 * 18.0);
    near(object.figures.fleiss, (6.0 / 9.0 - chance) / (1.0 - chance));
    let around = |value: Option<f64>, interval: Option<IntervalView>| {
        let (value, interval) = (value.unwrap(), interval.unwrap());
        assert!(interval.low < value && value < interval.high, "{value} {interval:?}");
    };
    around(object.figures.fleiss, object.figures.fleiss_interval);
    around(object.figures.percent, object.figures.percent_interval);
    around(object.positive, object.positive_interval);
    around(object.negative, object.negative_interval);
}

/// Each number of the report is the sum of the list behind it, and each share can be worked out from the list.
async fn lists_add_up(team: &Team, report: &AgreementReport) {
    let auditor = team.house.sign_in("auditor@p").await;
    let list = async |asked: &Behind, query| {
        team.house.pipeline.agreement_items(&auditor, team.project, asked.clone(), query).await
    };
    let of = async |asked: Behind| sums(async |query| list(&asked, query).await).await;
    let figure = |figure| Behind { figure, ..Behind::default() };
    assert_eq!(of(figure(AgreementFigure::Agreed)).await, (report.agreed_items, report.items));
    assert_eq!(of(figure(AgreementFigure::NotAssessed)).await, (report.not_assessed, report.not_assessed));
    let findings = of(figure(AgreementFigure::Findings)).await;
    assert_eq!(findings, (report.disputed_findings, report.findings));
    let marks = report.marks.as_ref().unwrap();
    assert_eq!(of(figure(AgreementFigure::Marks)).await, (marks.both, marks.both + marks.alone));
    // Two readers: one pair in each item.
    assert_eq!(of(figure(AgreementFigure::Answers)).await, (6, 9));
    for pair in &report.pairs {
        let asked = Behind { pair: Some((pair.second, pair.first)), ..figure(AgreementFigure::Pair) };
        assert_eq!(of(asked).await, (6, pair.items));
    }
    for class in &report.classes {
        let asked = Behind { class: Some(class.class.clone()), ..figure(AgreementFigure::Class) };
        let (view, items) = whole(Part::All, async |query| list(&asked, query).await).await;
        assert_eq!((view.rows, view.of), (class.figures.items, class.figures.reads));
        assert_eq!(items.iter().filter(|item| item.count > 0).count() as u64, class.marked);
        let agreeing = items.iter().filter(|item| item.count == 0 || item.count == item.of).count();
        near(class.figures.percent, agreeing as f64 / items.len() as f64);
        let pairs = |n: u64| n * n.saturating_sub(1);
        if let Some(positive) = class.positive {
            let both: u64 = items.iter().map(|item| pairs(item.count)).sum();
            let any: u64 = items.iter().map(|item| item.count * (item.of - 1)).sum();
            near(Some(positive), both as f64 / any as f64);
        }
    }
    for cell in &report.confusion {
        let names = Some((cell.one.clone(), cell.other.clone()));
        let asked = Behind { names, ..figure(AgreementFigure::Cell) };
        let (view, items) = whole(Part::Counted, async |query| list(&asked, query).await).await;
        let common = cell.common.unwrap();
        assert_eq!((view.count, view.rows), (cell.pairs, common.items));
        assert_eq!(items.iter().map(|item| item.item).collect::<Vec<_>>(), cell.examples);
        let all = list(&asked, BehindQuery { part: Part::All, ..BehindQuery::default() }).await.unwrap();
        assert_eq!(all.rows, common.of_items);
    }
    let wanting = list(&figure(AgreementFigure::Class), BehindQuery::default()).await.unwrap_err();
    assert_eq!(crate::double::code(&wanting), "bad_question");
    let reader = &team.readers[0];
    let refused =
        team.house.pipeline.agreement_items(reader, team.project, Behind::default(), BehindQuery::default());
    assert!(matches!(refused.await, Err(PipelineError::NotFound)));
    // Whoever may be called to work on the items is told as little as by the figure.
    let everything = team.house.sign_in("everything@p").await;
    let told = team.house.pipeline.agreement_items(
        &everything,
        team.project,
        Behind::default(),
        BehindQuery::default(),
    );
    let told = told.await.unwrap();
    assert_eq!((told.count, told.of, told.rows, told.not_named), (0, 0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_says_how_far_its_readers_agreed_and_an_older_one_stays_without() {
    let team = Team::new(ANSWERS.len(), STAGES).await;
    let items = read(&team).await;
    for item in &items[..6] {
        team.sign(&team.specialists[0], *item).await;
    }
    let scientist = team.house.sign_in("data_scientist@p").await;
    let pipeline = &team.house.pipeline;
    let made = pipeline
        .make_release_signed(&scientist, team.project, "first", Selection::AllAccepted, Some(PASSWORD.into()))
        .await
        .unwrap();
    let path = tempfile::tempdir().unwrap();
    let path = path.path().join("first.zip");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    pipeline.copy_release(Actor::console(), made.id, &path).await.unwrap();
    let mut zip = zip::ZipArchive::new(std::fs::File::open(path).unwrap()).unwrap();
    let mut text = String::new();
    zip.by_name("agreement.json").unwrap().read_to_string(&mut text).unwrap();
    let stated: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((stated["items"].as_u64(), stated["agreed_items"].as_u64()), (Some(6), Some(6)));
    assert!(!text.contains("_interval"), "an older form is kept");
    assert!(!text.contains("Test annotator"), "no names but those of signatures: {text}");

    let root = || async { pipeline.recompute_release_root(made.id).await.unwrap() };
    assert_eq!(Some(root().await), made.root);
    let now =
        releases::by_id(&mut pipeline.store.read().await.unwrap(), made.id).await.unwrap().unwrap().format;
    set_format(&team, made.id, 1).await;
    let first = root().await;
    set_format(&team, made.id, 2).await;
    assert_ne!(root().await, first, "what was released before holds no such file");
    set_format(&team, made.id, now).await;
    assert_eq!(Some(root().await), made.root);
}

async fn set_format(team: &Team, release: ReleaseId, format: u32) {
    let change = team.house.pipeline.store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            tx.query("UPDATE releases SET format = $1 WHERE id = $2")
                .bind(format)
                .bind(release)
                .execute()
                .await?;
            tx.record(Evidence::new("test.format", "release", release.uuid()))?;
            Ok(())
        })
    });
    change.await.unwrap();
}

/// The report serialises without loss of meaning: what is not known is null, never zero.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_read_twice_gives_no_figures() {
    let team = Team::new(1, STAGES).await;
    let quality = team.house.sign_in("quality_engineer@p").await;
    let report: AgreementReport = team.house.pipeline.agreement(&quality, team.project).await.unwrap();
    assert_eq!((report.items, report.agreed, report.answers), (0, None, None));
    assert!(report.pairs.is_empty() && report.confusion.is_empty());
}

async fn decide(team: &Team, item: ItemId, reason: &str) {
    let pipeline = &team.house.pipeline;
    let work = team.claim(&team.reviewer, Some(item)).await.unwrap();
    let ruling = Ruling { decision: AdjudicateDecision::Decide, reason: Some(reason.into()), comment: None };
    let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
    pipeline
        .adjudicate(&team.reviewer, task, fence, revision, vec![mark(3.0, "object")], ruling)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn why_readers_differed_is_counted_and_the_guideline_is_told_of_its_own_disputes_alone() {
    let team = Team::new(4, STAGES).await;
    let mut items = Vec::new();
    for reason in ["boundary", "ambiguous_guideline", "boundary"] {
        let item = team.read_twice(None, &[(3.0, "object")], &[]).await;
        decide(&team, item, reason).await;
        items.push(item);
    }
    let pipeline = &team.house.pipeline;
    let auditor = team.house.sign_in("auditor@p").await;
    let told = pipeline.dispute_reasons(&auditor, team.project).await.unwrap();
    let counts: Vec<_> = told.iter().map(|one| (one.reason.as_str(), one.count)).collect();
    assert_eq!(counts, [("boundary", 2), ("ambiguous_guideline", 1)]);
    let named: Vec<_> = told[0].items.iter().map(|one| one.item).collect();
    assert_eq!(named, [items[2], items[0]], "the newest first");
    let refused = pipeline.dispute_reasons(&team.readers[0], team.project).await;
    assert!(matches!(refused, Err(PipelineError::NotFound)));
    // Whoever may be called to work on the items learns nothing before the work on them is over.
    let specialist = pipeline.dispute_reasons(&team.house.sign_in("everything@p").await, team.project).await;
    assert_eq!(specialist.unwrap(), []);

    let owner = team.house.sign_in("owner@p").await;
    let impact = pipeline.guideline_impact(&owner, team.project).await.unwrap();
    let led: Vec<_> = impact.disputes.iter().map(|one| (one.item, one.reason.as_str())).collect();
    assert_eq!(led, [(items[1], "ambiguous_guideline")]);
}
