//! The items behind figures: each list adds up to its figure, page by page, and is as blind as the item itself.

use countersign_model::{ProjectId, Role};
use countersign_pipeline::{
    PipelineError, Result,
    appraisals::AppraisalAnswer,
    behind::{BehindItem, BehindQuery, BehindView, Part},
    people::Caller,
    vendors::{VendorFigure, VendorReport},
};

use crate::{appraisals::Lab, certification::draft, harness::House, releases::code};

/// Short pages, so that there are several.
const PAGE: u32 = 2;

/// All items of a list, page by page, and the first page.
pub async fn whole(
    part: Part,
    fetch: impl AsyncFn(BehindQuery) -> Result<BehindView>,
) -> (BehindView, Vec<BehindItem>) {
    let mut query = BehindQuery { part, from: 0, limit: Some(PAGE) };
    let first = fetch(query).await.unwrap();
    let (mut items, mut next) = (first.items.clone(), first.next);
    while let Some(from) = next {
        query.from = from;
        let page = fetch(query).await.unwrap();
        assert!(page.items.len() <= PAGE as usize);
        let head = (page.count, page.of, page.rows, page.not_named, page.beyond);
        assert_eq!(head, (first.count, first.of, first.rows, first.not_named, first.beyond));
        items.extend(page.items);
        next = page.next;
    }
    assert_eq!(items.len() as u64 + first.not_named + first.beyond, first.rows);
    (first, items)
}

/// The number and the denominator that a list adds up to where nothing of it is kept from who asks: its rows, those that count and the
/// others.
pub async fn sums(fetch: impl AsyncFn(BehindQuery) -> Result<BehindView>) -> (u64, u64) {
    let (all, items) = whole(Part::All, &fetch).await;
    let sum = |of: fn(&BehindItem) -> u64| items.iter().map(of).sum::<u64>();
    let (count, of) = (sum(|item| item.count), sum(|item| item.of));
    assert_eq!((all.count, all.of, all.not_named), (count, of, 0));
    let (counted, those) = whole(Part::Counted, &fetch).await;
    assert_eq!(those.iter().map(|item| item.count).sum::<u64>(), count);
    assert!(those.iter().all(|item| item.count > 0) && counted.rows == those.len() as u64);
    let (_, rest) = whole(Part::Rest, &fetch).await;
    assert!(rest.iter().all(|item| item.count < item.of));
    let (_, split) = whole(Part::Split, &fetch).await;
    assert_eq!(those.len() + rest.len() - split.len(), items.len());
    (count, of)
}

/// Each number of the scorecard is the sum of the list behind it.
pub async fn scorecard_adds_up(house: &House, project: ProjectId, report: &VendorReport) {
    let (pipeline, auditor) = (&house.pipeline, house.sign_in("auditor@p").await);
    for view in &report.organizations {
        let of = (project, view.organization.id);
        let figures = [
            (VendorFigure::Items, (view.items, view.items)),
            (VendorFigure::Critical, (view.critical.count, view.critical.of)),
            (VendorFigure::FirstPass, (view.first_pass.count, view.first_pass.of)),
            (VendorFigure::Missed, (view.missed.count, view.missed.of)),
            (VendorFigure::Rework, (view.rework.count, view.rework.of)),
            (VendorFigure::Gold, (view.gold.count, view.gold.of)),
            (VendorFigure::Overturned, (view.overturned.count, view.overturned.of)),
            (VendorFigure::Turnaround, (view.turnaround.reads, view.turnaround.reads)),
        ];
        for (figure, expected) in figures {
            let fetch = async |query: BehindQuery| {
                pipeline.vendor_items(&auditor, of, (figure, Vec::new()), query).await
            };
            assert_eq!(sums(fetch).await, expected, "{figure:?}");
        }
        let critical = (VendorFigure::Critical, Vec::new());
        let listed = pipeline.vendor_items(&auditor, of, critical, BehindQuery::default()).await.unwrap();
        let named: Vec<_> = listed.items.iter().map(|one| (one.item, one.classes.clone())).collect();
        let said: Vec<_> = view.critical_items.iter().map(|one| (one.item, one.classes.clone())).collect();
        assert_eq!(named, said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_judges_blind_is_counted_and_not_named() {
    let lab = Lab::new(House::new().await, &[true, false, true, false], 1).await;
    let pipeline = &lab.house.pipeline;
    let owner = lab.house.sign_in("owner@p").await;
    let id = lab.drawn(lab.draft("s", 0..3, &[0])).await;
    // Whose eyes are studied answers for quality as well from now on.
    pipeline.grant(&owner, lab.project, lab.eyes[0].user(), Role::QualityEngineer).await.unwrap();
    let eye = lab.house.sign_in("eye0@p").await;
    let reader = lab.house.sign_in("annotator@p").await.user();
    let of = (lab.project, reader);
    let stream = pipeline.monitor(&lab.engineer, lab.project).await.unwrap().streams;
    let reviews = stream.iter().find(|one| one.stream == "review").unwrap();
    let figure = (reviews.wrong, reviews.checked);
    let fetch = async |query: BehindQuery| pipeline.monitor_items(&lab.engineer, of, None, query).await;
    assert_eq!(sums(fetch).await, figure);
    let fetch = async |query: BehindQuery| pipeline.monitor_items(&eye, of, None, query).await;
    let (seen, items) = whole(Part::All, fetch).await;
    assert_eq!((seen.count, seen.of, seen.rows, seen.not_named), (figure.0, figure.1, 4, 3));
    assert_eq!(items.iter().map(|item| item.item).collect::<Vec<_>>(), [lab.items[3]]);
    let chart = pipeline.monitor_checks(&eye, lab.project, reader, None).await.unwrap();
    assert_eq!(chart.iter().map(|check| check.item).collect::<Vec<_>>(), [lab.items[3]]);
    let numbers: Vec<u64> = chart.iter().map(|check| check.number).collect();
    let points = async |caller: &Caller| {
        let cusum = pipeline.monitor_cusum(caller, lab.project, reader, None).await.unwrap().unwrap();
        cusum.points.iter().map(|point| point.number).collect::<Vec<_>>()
    };
    assert_eq!(points(&eye).await, numbers);
    assert_eq!(points(&lab.engineer).await, [1, 2, 3, 4]);
    pipeline.next_turn(&eye, id).await.unwrap();
    pipeline.turn_image(&eye, id, 0, 0, None).await.unwrap();
    pipeline.judge_turn(&eye, id, 0, AppraisalAnswer { bad: true }).await.unwrap();
    // Once it is over, it is theirs to see.
    pipeline.end_appraisal(&lab.engineer, id, "enough".into()).await.unwrap();
    let fetch = async |query: BehindQuery| pipeline.monitor_items(&eye, of, None, query).await;
    assert_eq!(sums(fetch).await, figure);
    assert_eq!(points(&eye).await, [1, 2, 3, 4]);
    // Nobody else may know the list that may not know the figure.
    let annotator = lab.house.sign_in("annotator@p").await;
    let drawn = pipeline.monitor_cusum(&annotator, lab.project, reader, None).await;
    assert_eq!(code(&drawn.unwrap_err()), "not_found");
    let refused = pipeline.monitor_items(&annotator, of, None, BehindQuery::default()).await;
    assert_eq!(code(&refused.unwrap_err()), "not_found");
    let unknown =
        pipeline.monitor_items(&lab.engineer, of, Some("none".into()), BehindQuery::default()).await;
    assert!(matches!(unknown, Err(PipelineError::NotFound)));
    // The record of a study says of each part what is right: not to whoever is to find that out by themselves.
    let set = pipeline.freeze(&lab.engineer, lab.project, draft("set", 0.1)).await.unwrap().id;
    pipeline.draw_order(&lab.engineer, set, "").await.unwrap();
    let user = lab.house.person("second@p").await;
    pipeline.grant(&owner, lab.project, user, Role::QualityEngineer).await.unwrap();
    let second = lab.house.sign_in("second@p").await;
    pipeline.appraisal_record(&second, id).await.unwrap();
    // The parts that the record named are not given to them; the item that was none is.
    pipeline.next_unit(&second, set).await.unwrap();
    let record = pipeline.appraisal_record(&second, id).await.unwrap_err();
    let table = pipeline.appraisal_csv(&second, id).await.unwrap_err();
    assert_eq!((code(&record), code(&table)), ("blind_audit".into(), "blind_audit".into()));
}
