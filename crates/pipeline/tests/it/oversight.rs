//! After the gate: audits bound what may be left, one leak recalls the batch and says who saw it.

use countersign_model::{ItemId, ProjectId};
use countersign_pipeline::{
    PipelineError,
    items::ItemQuery,
    oversight::{AuditAnswer, AuditSample, AuditVerdict, LeakChoice, LeakPlace},
    people::Caller,
    work::Wish,
};

use crate::harness::{House, PASSWORD};

fn png(n: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let image = image::GrayImage::from_fn(32, 24, |x, y| image::Luma([(x * 3 + y) as u8 ^ n]));
    image.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

async fn bring(house: &House, project: ProjectId, numbers: std::ops::Range<u8>) {
    let folder = tempfile::tempdir().unwrap();
    for n in numbers {
        std::fs::write(folder.path().join(format!("{n}.png")), png(n)).unwrap();
    }
    house.ingest(project, vec![folder.path().to_owned()]).await;
}

/// Two batches: four images, then two.
async fn two_batches(house: &House) -> ProjectId {
    let project = house.project("p", "images").await;
    let officer = house.sign_in("privacy_officer@p").await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    bring(house, project, 0..4).await;
    bring(house, project, 4..6).await;
    project
}

async fn phases(house: &House, project: ProjectId) -> Vec<String> {
    let owner = house.sign_in("owner@p").await;
    let page = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap();
    page.items.into_iter().map(|item| item.phase).collect()
}

fn code(error: PipelineError) -> String {
    match error {
        PipelineError::Refused(refusal) => refusal.code.to_string(),
        PipelineError::BadInput { code, .. } => code.into(),
        PipelineError::NotFound => "not_found".into(),
        other => other.to_string(),
    }
}

fn said(verdict: AuditVerdict, reason: Option<&str>) -> AuditAnswer {
    AuditAnswer { verdict, place: LeakPlace::default(), reason: reason.map(Into::into) }
}

async fn report(
    house: &House,
    caller: &Caller,
    item: ItemId,
) -> Result<countersign_model::LeakId, PipelineError> {
    let place = LeakPlace { stream: Some(0), frame: Some(0) };
    house.pipeline.report_leak(caller, item, place, "a name in the corner".into()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_leak_recalls_the_batch_and_lists_who_saw_it() {
    let house = House::new().await;
    let project = two_batches(&house).await;
    let pipeline = &house.pipeline;
    let annotator = house.sign_in("annotator@p").await;
    let work = pipeline.claim(&annotator, project, Wish::default()).await.unwrap();
    pipeline.image(&annotator, work.item.id, 0, 0, None, Default::default()).await.unwrap();

    let stranger = house.sign_in("technician@p").await;
    assert_eq!(code(report(&house, &stranger, work.item.id).await.unwrap_err()), "not_found");
    let leak = report(&house, &annotator, work.item.id).await.unwrap();
    // At once, before any job ran: nothing more of the item.
    assert_eq!(
        code(pipeline.image(&annotator, work.item.id, 0, 0, None, Default::default()).await.unwrap_err()),
        "not_found"
    );
    pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
    assert_eq!(
        phases(&house, project).await,
        ["recalled", "recalled", "recalled", "recalled", "queued", "queued"]
    );

    let (task, fence) = (work.task.id, work.task.fence);
    let late = pipeline.submit(&annotator, task, fence, 0, vec![]).await;
    assert_eq!(code(late.unwrap_err()), "not_leased");
    let next = pipeline.claim(&annotator, project, Wish::default()).await.unwrap();
    assert_ne!(next.item.id, work.item.id);
    pipeline.give_back(&annotator, next.task.id, next.task.fence).await.unwrap();

    let officer = house.sign_in("privacy_officer@p").await;
    let view = pipeline.leak(&officer, leak).await.unwrap();
    assert_eq!((view.state.as_str(), view.recalled, view.waiting), ("recalled", 4, 4));
    assert_eq!(view.witnesses.len(), 1);
    assert_eq!((view.witnesses[0].printed_name.as_str(), view.witnesses[0].items), ("Test annotator@p", 1));
    for other in ["owner@p", "annotator@p", "specialist@p"] {
        let other = house.sign_in(other).await;
        assert_eq!(code(pipeline.leak(&other, leak).await.unwrap_err()), "not_found");
    }
    // The officer may look, to decide.
    pipeline.leak_image(&officer, leak, work.item.id, 0, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn recalled_items_go_back_to_where_they_were_or_are_gone() {
    let house = House::new().await;
    let project = two_batches(&house).await;
    let pipeline = &house.pipeline;
    let annotator = house.sign_in("annotator@p").await;
    let work = pipeline.claim(&annotator, project, Wish::default()).await.unwrap();
    let leak = report(&house, &annotator, work.item.id).await.unwrap();
    pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
    let officer = house.sign_in("privacy_officer@p").await;
    let items: Vec<_> = pipeline
        .leak_items(&officer, leak, None, None, None)
        .await
        .unwrap()
        .items
        .into_iter()
        .map(|i| i.item)
        .collect();
    let decide = |items: Vec<ItemId>, choice, reason: &str| {
        let reason = reason.to_owned();
        let (pipeline, officer) = (pipeline.clone(), officer.clone());
        async move { pipeline.decide_leak(&officer, leak, items, choice, reason).await }
    };
    assert_eq!(code(decide(items.clone(), LeakChoice::Restore, " ").await.unwrap_err()), "reason_required");
    let bad = vec![work.item.id];
    let good: Vec<_> = items.iter().copied().filter(|item| *item != work.item.id).collect();
    decide(good.clone(), LeakChoice::Restore, "looked at each").await.unwrap();
    assert_eq!(code(decide(good, LeakChoice::Reject, "again").await.unwrap_err()), "not_recalled");
    let view = decide(bad, LeakChoice::Reject, "a name").await.unwrap();
    assert_eq!((view.state.as_str(), view.waiting), ("closed", 0));
    assert_eq!(
        phases(&house, project).await.iter().filter(|phase| *phase == "queued").count(),
        5,
        "three of the batch and the other batch"
    );
    assert_eq!(code(report(&house, &annotator, work.item.id).await.unwrap_err()), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_bounds_the_rest_only_when_it_is_through() {
    let house = House::new().await;
    let project = two_batches(&house).await;
    let pipeline = &house.pipeline;
    let officer = house.sign_in("privacy_officer@p").await;
    let plan = AuditSample { size: Some(3), rate: None, confidence: Some(0.95) };
    let auditor = house.sign_in("auditor@p").await;
    assert_eq!(code(pipeline.open_audit(&auditor, project, plan).await.unwrap_err()), "not_found");
    let audit = pipeline.open_audit(&officer, project, plan).await.unwrap();
    assert_eq!((audit.lot, audit.size, audit.bound), (6, 3, None));
    for position in 0..3 {
        pipeline.audit_image(&officer, audit.id, position, 0, None).await.unwrap();
        let clean = said(AuditVerdict::Clean, None);
        let (now, leak) = pipeline.answer_audit(&officer, audit.id, position, clean.clone()).await.unwrap();
        assert_eq!(leak, None);
        assert_eq!(now.bound.is_some(), position == 2);
        let twice = pipeline.answer_audit(&officer, audit.id, position, clean).await;
        assert_eq!(code(twice.unwrap_err()), "already_decided");
    }
    // 3 of 6 looked at, none wrong: with 3 wrong the chance to see none is 1/20, not above 5 %.
    let closed = pipeline.audit(&auditor, audit.id).await.unwrap();
    assert_eq!((closed.state.as_str(), closed.bound), ("closed", Some(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leak_that_an_audit_finds_recalls_its_batch() {
    let house = House::new().await;
    let project = two_batches(&house).await;
    let pipeline = &house.pipeline;
    let officer = house.sign_in("privacy_officer@p").await;
    let plan = AuditSample { size: Some(6), ..AuditSample::default() };
    let audit = pipeline.open_audit(&officer, project, plan).await.unwrap();
    let silent = said(AuditVerdict::Leak, None);
    assert_eq!(
        code(pipeline.answer_audit(&officer, audit.id, 0, silent).await.unwrap_err()),
        "reason_required"
    );
    let leak = said(AuditVerdict::Leak, Some("a name"));
    let (now, leak) = pipeline.answer_audit(&officer, audit.id, 0, leak).await.unwrap();
    assert_eq!((now.checked, now.found), (1, 1));
    pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
    let view = pipeline.leak(&officer, leak.unwrap()).await.unwrap();
    assert_eq!(view.audit, Some(audit.id));
    assert!(view.recalled == 4 || view.recalled == 2, "{view:?}");
    let recalled = phases(&house, project).await.iter().filter(|phase| *phase == "recalled").count();
    assert_eq!(recalled as u64, view.recalled);
}
