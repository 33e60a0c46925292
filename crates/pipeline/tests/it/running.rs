//! What ran, under which rules, and from where people came, in the log.

use countersign_ledger::Entry;
use countersign_pipeline::{people::Client, running::rules_hash};
use countersign_store::{Evidence, events, settings};

use crate::harness::{House, PASSWORD};

async fn newest_first(house: &House) -> Vec<events::Event> {
    let mut conn = house.pipeline.store.read().await.unwrap();
    events::list(&mut conn, events::EventFilter::default(), 100).await.unwrap()
}

async fn each_start_names_the_rules_and_a_change_of_them_is_an_event(house: House) {
    let pipeline = &house.pipeline;
    let first = pipeline.started("1.0").await.unwrap();
    pipeline.stopped(first).await.unwrap();
    // The machine broke: no stop.
    let second = pipeline.started("1.0").await.unwrap();
    let third = pipeline.started("1.1").await.unwrap();
    assert_ne!(second, third);
    let events = newest_first(&house).await;
    let actions: Vec<_> = events.iter().rev().map(|event| event.action.as_str()).collect();
    assert_eq!(
        actions,
        ["server.started", "policies.changed", "server.stopped", "server.started", "server.started"]
    );
    assert_eq!(events[4].object_id, events[2].object_id, "a stop names its start");
    for event in events.iter().filter(|event| event.action != "server.stopped") {
        assert_eq!(Entry::decode(&event.entry).unwrap().content_hash.unwrap().0, rules_hash());
    }
    // As if the version before had decided by others.
    let other = pipeline.store.write::<_, countersign_store::StoreError, _>(
        countersign_store::Actor::system(),
        |tx| {
            Box::pin(async move {
                tx.record(Evidence::new("test.rules", "policies", tx.fresh()))?;
                settings::set(tx, "policies", vec![7; 32]).await
            })
        },
    );
    other.await.unwrap();
    pipeline.started("1.2").await.unwrap();
    let changed = &newest_first(&house).await[0];
    assert_eq!(changed.action, "policies.changed");
    assert!(changed.details.as_ref().unwrap().contains("1.2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_start_names_the_rules() {
    each_start_names_the_rules_and_a_change_of_them_is_an_event(House::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_start_names_the_rules_on_postgresql() {
    let Some(house) = House::postgres().await else { return };
    each_start_names_the_rules_and_a_change_of_them_is_an_event(house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_somebody_signs_in_from_is_a_detail_and_never_in_the_entry() {
    let house = House::new().await;
    house.person("ada").await;
    let client = Client {
        address: Some("192.0.2.7".parse().unwrap()),
        forwarded_for: None,
        agent: Some("Reader/9 ".repeat(100)),
    };
    house.pipeline.sign_in_from("ada", "wrong", &client).await.unwrap_err();
    house.pipeline.sign_in_from("ada", PASSWORD, &client).await.unwrap();
    house.pipeline.sign_in("ada", PASSWORD).await.unwrap();
    let events = newest_first(&house).await;
    let [console, started, refused] = [&events[0], &events[1], &events[2]];
    assert_eq!(console.details, None);
    assert_eq!((started.action.as_str(), refused.action.as_str()), ("session.started", "session.refused"));
    for event in [started, refused] {
        let details: serde_json::Value = serde_json::from_str(event.details.as_ref().unwrap()).unwrap();
        assert_eq!(details["client"]["address"], "192.0.2.7");
        assert_eq!(details["client"]["agent"].as_str().unwrap().chars().count(), 200, "cut");
        let entry = String::from_utf8_lossy(&event.entry);
        assert!(!entry.contains("192.0.2.7") && !entry.contains("Reader"), "{entry}");
    }
}
