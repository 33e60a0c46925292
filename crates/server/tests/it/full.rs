//! A server whose database can no longer grow: refusals say so, looking goes on, and it recovers by itself.

use countersign_model::Role;
use countersign_store::{Actor, Evidence, StoreError};
use serde_json::{Value, json};

use crate::{
    house::{House, PASSWORD, Who},
    town::Town,
};

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

/// Takes the right to write away from a folder. Whoever may write everywhere gets a file in its place.
fn lock_folder(folder: &std::path::Path) -> impl FnOnce() + use<> {
    use std::os::unix::fs::PermissionsExt;
    let rights = |mode| std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
    rights(0o555);
    let (folder, aside) = (folder.to_owned(), folder.with_extension("aside"));
    let is_locked = std::fs::write(folder.join("probe"), b"").is_err();
    if !is_locked {
        std::fs::remove_file(folder.join("probe")).unwrap();
        std::fs::rename(&folder, &aside).unwrap();
        std::fs::write(&folder, b"").unwrap();
    }
    move || {
        if !is_locked {
            std::fs::remove_file(&folder).unwrap();
            std::fs::rename(&aside, &folder).unwrap();
        }
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_log_cannot_be_written_no_picture_is_shown() {
    let town = Town::new().await;
    let store = &town.house.pipeline.store;
    let who = town.people.iter().find(|(name, _)| name == "specialist").unwrap().1.clone();
    let image = format!("/api/v1/items/{}/streams/0/frames/0/image", town.ids["item"]);
    let look = async || town.house.send(&who, "GET", &image, None).await;
    let health = async || town.house.send(&Who::Nobody, "GET", "/api/health", None).await.json();
    store.sequence().await.unwrap();
    store.stamp_checkpoint().await.unwrap();
    assert_eq!((look().await.status.as_u16(), &health().await["log"]), (200, &json!("running")));

    let unlock = lock_folder(&town.house.folder.path().join("log/.drafts"));
    // Something happens, and no checkpoint can cover it.
    let happened: Result<(), StoreError> = store
        .write(Actor::system(), |tx| {
            Box::pin(async move { tx.record(Evidence::new("test", "test", tx.fresh())).map(drop) })
        })
        .await;
    happened.unwrap();
    assert!(store.sequence().await.is_err());
    assert_eq!((look().await.status.as_u16(), &health().await["log"]), (200, &json!("running")));
    town.clock.forward(countersign_store::LOG_STOPPED_SECONDS + 1);
    assert!(store.sequence().await.is_err());
    let refused = look().await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (507, "log_stopped"));
    assert_eq!(health().await["log"], "stopped");
    let session = town.house.send(&who, "GET", "/api/v1/session", None).await;
    assert_eq!(session.status, 200, "everything else goes on");

    unlock();
    store.sequence().await.unwrap();
    store.stamp_checkpoint().await.unwrap();
    assert_eq!((look().await.status.as_u16(), &health().await["log"]), (200, &json!("running")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_does_not_answer_is_told_as_stopped_with_since_when() {
    let town = Town::new().await;
    let store = &town.house.pipeline.store;
    let person = |login: &str| town.people.iter().find(|(name, _)| name == login).unwrap().1.clone();
    let (who, auditor) = (person("specialist"), person("auditor"));
    let image = format!("/api/v1/items/{}/streams/0/frames/0/image", town.ids["item"]);
    let light = format!("/api/v1/projects/{}/integrity", town.images);
    let look = async || town.house.send(&who, "GET", &image, None).await;
    let health = async || town.house.send(&Who::Nobody, "GET", "/api/health", None).await.json();
    let light = async || town.house.send(&auditor, "GET", &light, None).await.json();
    store.sequence().await.unwrap();
    store.stamp_checkpoint().await.unwrap();
    // No error ever comes of a disk that hangs: writers wait for it, here for a lock.
    let hanging = std::fs::File::open(town.house.folder.path().join("log/.lock")).unwrap();
    hanging.lock().unwrap();
    let writer = store.clone();
    let writing = tokio::spawn(async move { writer.stamp_checkpoint().await });
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!((&health().await["log"], &light().await["is_running"]), (&json!("running"), &json!(true)));
    town.clock.forward(countersign_store::LOG_STOPPED_SECONDS + 1);
    let (told, lit) = (health().await, light().await);
    assert_eq!(told["log"], "stopped");
    assert!(told["log_stopped_since"].is_i64(), "{told}");
    assert_eq!((&lit["is_running"], &lit["holds"]), (&json!(false), &json!(false)));
    assert_eq!(lit["stopped_since"], told["log_stopped_since"]);
    assert_eq!(look().await.code(), "log_stopped");
    drop(hanging);
    writing.await.unwrap().unwrap();
    assert_eq!((&health().await["log"], &light().await["stopped_since"]), (&json!("running"), &Value::Null));
    assert_eq!(look().await.status, 200);
}
