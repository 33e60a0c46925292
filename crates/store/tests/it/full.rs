//! No space left: a typed error with its place, nothing half-stored, and the rest goes on.

use countersign_store::{Actor, Evidence, Store, StoreError, users};
use futures::future::join_all;

use crate::world::World;

/// Pages that the database may still grow by.
const SPARE_PAGES: i64 = 12;
/// More than fits into them, bytes.
const LARGE_BYTES: usize = 400_000;

/// Lets the database grow by so many pages and no more: SQLite answers then as on a full disk.
async fn limit(store: &Store, spare: i64) {
    let done: Result<(), StoreError> = store
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

async fn note(store: &Store, number: usize, bytes: usize) -> Result<String, StoreError> {
    let name = format!("{number} {}", "x".repeat(bytes));
    store
        .write(Actor::system(), move |tx| {
            Box::pin(async move {
                let made = users::ensure_organization(tx, &name, "own").await?;
                tx.record(Evidence::new("test", "organization", made.id.0))?;
                Ok(name)
            })
        })
        .await
}

async fn names(store: &Store) -> Vec<String> {
    let mut reader = store.read().await.unwrap();
    let rows = reader.query("SELECT name FROM organizations ORDER BY name").fetch_all().await.unwrap();
    rows.iter().map(|row| row.get("name").unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_database_refuses_by_name_and_goes_on() {
    let world = World::sqlite().await;
    let store = &world.store;
    limit(store, SPARE_PAGES).await;
    // Small writes share their commit with some that find no room.
    let writes = (0..40).map(|number| note(store, number, if number % 7 == 3 { LARGE_BYTES } else { 10 }));
    let (mut kept, mut refused) = (Vec::new(), 0);
    for outcome in join_all(writes).await {
        match outcome {
            Ok(name) => kept.push(name),
            Err(StoreError::DiskFull { place }) => {
                assert_eq!(place, "database");
                refused += 1;
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(refused >= 6, "{refused}");
    kept.sort();
    assert_eq!(names(store).await, kept, "what was acknowledged is there, and nothing else");
    let events = store.read().await.unwrap().query("SELECT COUNT(*) AS n FROM events").fetch_one().await;
    assert_eq!(events.unwrap().get::<i64>("n").unwrap(), kept.len() as i64 + 1);

    // A small write fits again beside the large one that does not.
    let large = note(store, 100, LARGE_BYTES).await;
    assert!(matches!(large, Err(StoreError::DiskFull { .. })), "{large:?}");
    note(store, 101, 10).await.unwrap();
    limit(store, 100_000).await;
    note(store, 102, LARGE_BYTES).await.unwrap();
    assert_eq!(names(store).await.len(), kept.len() + 2);
    world.end().await;
}
