//! What becomes of returned batches: which ones count for how the next is inspected, and what does not go back into work.

use std::sync::Arc;

use countersign_model::{BatchId, ItemId, ProjectId};
use countersign_pipeline::{
    batches::{BatchView, InspectionLevel},
    oversight::{LeakChoice, LeakPlace},
    people::Caller,
};

use crate::{
    batches::{again, draft, drawn, judge, single},
    campaigns::protocol,
    harness::{House, PASSWORD},
    releases::{Crew, accepted_images, code, images},
};

async fn drain(house: &House) {
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
}

async fn batch(house: &House, caller: &Caller, id: BatchId) -> BatchView {
    house.pipeline.batch(caller, id).await.unwrap().batch
}

/// How many of a returned batch went back, are on hold instead, were accepted anew, and are held no more.
async fn at(house: &House, caller: &Caller, id: BatchId) -> (u64, u64, u64, u64) {
    let view = batch(house, caller, id).await;
    (view.back, view.back_held, view.again, view.lifted)
}

/// A batch of one accepted image that was returned; nothing has gone back yet.
async fn returned(house: &House) -> (ProjectId, Crew, ItemId, Caller, BatchId) {
    let (project, crew, items) = accepted_images(house, 1).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    let id = drawn(house, &engineer, project, draft("first", single(1, 0))).await.id;
    assert_eq!(judge(house, &engineer, id, false).await.state, "returned");
    (project, crew, items[0], engineer, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_submitted_before_inspection_was_tightened_does_not_loosen_it() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 0, 7).await;
    let engineer = house.sign_in("quality_engineer@p").await;
    let mut frozen = Vec::new();
    for number in 0..7 {
        crew.work(&house, project, &[]).await;
        let view = drawn(&house, &engineer, project, draft(&number.to_string(), single(1, 0))).await;
        assert_eq!(view.inspection, InspectionLevel::Normal);
        frozen.push(view.id);
    }
    let level = async || house.pipeline.batches(&engineer, project).await.unwrap().suppliers[0].inspection;
    for (number, id) in frozen.iter().enumerate() {
        let state = judge(&house, &engineer, *id, number >= 2).await.state;
        assert_eq!(state, if number < 2 { "returned" } else { "accepted" });
        let wanted = if number == 0 { InspectionLevel::Normal } else { InspectionLevel::Tightened };
        assert_eq!(level().await, wanted, "after {number}");
    }
}

async fn held_and_lifted(house: House) {
    let (project, crew, item, engineer, id) = returned(&house).await;
    let pipeline = &house.pipeline;
    // The protocol in force has no stage of review: what was read under the other one has nowhere to go back to.
    pipeline
        .put_protocol(&crew.owner, project, 1, &protocol(2, false), Some("shorter"), PASSWORD)
        .await
        .unwrap();
    drain(&house).await;
    assert_eq!(at(&house, &engineer, id).await, (0, 1, 0, 0));
    let early = pipeline.submit_batch(&engineer, project, again("again", id)).await.unwrap_err();
    assert_eq!(code(&early), "nothing_accepted");
    let hold = pipeline.item(&crew.owner, item).await.unwrap().holds.pop().unwrap();
    pipeline.lift(&crew.owner, hold.id, "looked at it".into()).await.unwrap();
    assert_eq!(at(&house, &engineer, id).await, (0, 1, 0, 1));
    assert_eq!(pipeline.submit_batch(&engineer, project, again("again", id)).await.unwrap().units, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_instead_is_counted_once_its_hold_is_lifted() {
    held_and_lifted(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_held_instead_is_counted_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    held_and_lifted(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recalled_item_goes_back_once_it_is_restored() {
    let house = House::new().await;
    let (project, crew, item, engineer, id) = returned(&house).await;
    let pipeline = &house.pipeline;
    let place = LeakPlace { stream: Some(0), frame: Some(0) };
    let leak = pipeline.report_leak(&crew.annotator, item, place, "a name".into()).await.unwrap();
    drain(&house).await;
    let view = batch(&house, &engineer, id).await;
    assert_eq!((view.back, view.back_held), (0, 0), "neither in work nor on hold: it waits");
    let officer = house.sign_in("privacy_officer@p").await;
    pipeline.decide_leak(&officer, leak, vec![item], LeakChoice::Restore, "a brand".into()).await.unwrap();
    house.clock.forward(11 * 60);
    drain(&house).await;
    assert_eq!(at(&house, &engineer, id).await, (1, 0, 0, 0));
    let reader = house.sign_in("annotator@p").await;
    assert_eq!(pipeline.item(&reader, item).await.unwrap().phase, "queued");
    crew.work(&house, project, &[]).await;
    assert_eq!(at(&house, &engineer, id).await, (1, 0, 1, 0));
}
