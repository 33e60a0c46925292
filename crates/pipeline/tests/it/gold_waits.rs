//! An alarm about reads of hidden gold waits a while: until then the gold may turn out to be wrong, and whoever made it decides nothing.

use std::sync::Arc;

use countersign_model::Role;
use countersign_pipeline::{
    monitor::{AlarmChoice, AlarmDecision},
    people::Caller,
};
use countersign_store::monitoring;

use crate::{
    gold::{GOLD, LAG, Mine},
    harness::House,
    releases::code,
};

/// Somebody has read each gold item wrongly: an alarm waits.
async fn all_wrong() -> (Mine, Caller) {
    let mine = Mine::new(House::new().await).await;
    mine.house.pipeline.set_monitor(&mine.engineer, mine.project, 100.0).await.unwrap();
    let bad = mine.reader("bad@p").await;
    assert_eq!(mine.read_all(&bad, "person").await.len() as u32, GOLD);
    assert!(mine.house.pipeline.feedback(&bad).await.unwrap().is_empty());
    (mine, bad)
}

/// A while later; whoever is named signs in again.
async fn later(mine: &Mine) -> Caller {
    mine.house.clock.forward(LAG);
    mine.house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    mine.house.sign_in("bad@p").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_falls_with_the_gold_that_it_rests_on() {
    let (mine, bad) = all_wrong().await;
    let pipeline = &mine.house.pipeline;
    for (gold, _) in &mine.gold {
        pipeline.retire_gold(&mine.engineer, *gold, "the guideline changed".into(), true).await.unwrap();
    }
    let told = later(&mine).await;
    assert!(pipeline.feedback(&told).await.unwrap().is_empty(), "nothing is held against them any more");
    let owner = mine.house.sign_in("owner@p").await;
    assert_eq!(pipeline.project(&owner, mine.project).await.unwrap().counts.held, 0);
    let mut conn = pipeline.store.read().await.unwrap();
    let streams = monitoring::streams_of(&mut conn, bad.user()).await.unwrap();
    let gold = streams.iter().find(|one| one.stream == "gold").unwrap();
    assert_eq!((gold.checked, gold.wrong), (GOLD.into(), 0));
    assert!(gold.level < 0.5, "{}", gold.level);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_made_the_gold_does_not_decide_the_alarm() {
    let (mine, _) = all_wrong().await;
    let pipeline = &mine.house.pipeline;
    // What is taken back of one of them leaves the others.
    let (first, _) = mine.gold[0];
    pipeline.retire_gold(&mine.engineer, first, "the guideline changed".into(), true).await.unwrap();
    let told = later(&mine).await;
    let alarm = pipeline.feedback(&told).await.unwrap().remove(0);
    let dismiss = || AlarmDecision { decision: AlarmChoice::Dismiss, reason: "seen".into() };
    let maker = mine.house.sign_in("quality_engineer@p").await;
    let refused = pipeline.decide_alarm(&maker, alarm.id, dismiss()).await.unwrap_err();
    assert_eq!(code(&refused), "separation_of_duties");
    let another = mine.house.person("another@p").await;
    let owner = mine.house.sign_in("owner@p").await;
    pipeline.grant(&owner, mine.project, another, Role::QualityEngineer).await.unwrap();
    let another = mine.house.sign_in("another@p").await;
    assert_eq!(pipeline.decide_alarm(&another, alarm.id, dismiss()).await.unwrap().state, "dismissed");
}
