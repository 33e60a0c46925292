//! A server whose database can no longer grow: refusals say so, looking goes on, and it recovers by itself.

use countersign_model::Role;
use countersign_store::{Actor, Evidence, StoreError};
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, Who};

/// Lets the database grow by so many pages and no more: SQLite answers then as on a full disk.
async fn limit(house: &House, spare: i64) {
    let done: Result<(), StoreError> = house
        .pipeline
        .store
        .write(Actor::system(), move |tx| {
            Box::pin(async move {
                let pages: i64 = tx.query("PRAGMA page_count").fetch_one().await?.get("page_count")?;
                tx.query_built(format!("PRAGMA max_page_count = {}", pages + spare)).execute().await?;
                tx.record(Evidence::new("test", "test", tx.fresh())).map(drop)
            })
        })
        .await;
    done.unwrap();
}

/// Image tasks that need a few pages.
fn images(run: usize) -> Value {
    let image =
        |n: usize| json!({ "url": format!("https://images.example/{run}/{n}-{}.jpg", "x".repeat(300)) });
    json!({ "images": (0..40).map(image).collect::<Vec<_>>() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_database_is_told_as_507_and_reading_goes_on() {
    let clock = std::sync::Arc::new(crate::house::HandClock::default());
    let house =
        House::with(clock.clone(), std::sync::Arc::new(crate::house::CountedIds::default()), false).await;
    let user = house.person("ada", &[]).await;
    let roles = [(user, Role::Owner), (user, Role::PrivacyOfficer)];
    let project = house.project("p", "images", &roles).await;
    let secret = house.session("ada").await;
    house.pipeline.declare_public(&house.caller(&secret).await, project, PASSWORD).await.unwrap();
    let who = Who::Session(secret);
    let import = format!("/api/v1/projects/{project}/import");
    let list = format!("/api/v1/projects/{project}/items?limit=500");
    let count = async || house.send(&who, "GET", &list, None).await.json()["items"].as_array().unwrap().len();
    limit(&house, 40).await;
    let (mut run, mut stored) = (0, 0);
    let refused = loop {
        let answer = house.send(&who, "POST", &import, Some(images(run))).await;
        if answer.status.as_u16() >= 400 {
            break answer;
        }
        run += 1;
        stored += 40;
        assert!(run < 50, "the limit does not hold");
    };
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (507, "storage_full"));
    assert_eq!(refused.json()["place"], "database");
    assert_eq!(count().await, stored, "nothing of the refused import is there");

    // Minutes later, too, when the session's sign of life would be written.
    clock.forward(600);
    assert_eq!(house.send(&who, "GET", "/api/v1/session", None).await.status, 200);
    assert_eq!(house.send(&Who::Nobody, "GET", "/api/health", None).await.status, 200);
    assert_eq!(count().await, stored);

    limit(&house, 10_000).await;
    let answer = house.send(&who, "POST", &import, Some(images(run))).await;
    assert!(answer.status.is_success(), "{:?}", answer.bytes);
    assert_eq!(count().await, stored + 40);
}
