//! The evidence log: every crash converges, every tampering is named.

use std::{fs, path::Path, sync::Arc};

use countersign_ledger::LogFaultKind;
use countersign_model::Role;
use countersign_store::{Actor, Evidence, LOG_STOPPED_SECONDS, Store, StoreError};
use futures::future::join_all;
use serde_json::json;

use crate::world::{World, both};

/// Records a number of events, each in a write of its own.
async fn act(world: &World, count: usize) {
    let writes = (0..count).map(|number| {
        world.store.write(Actor::system(), move |tx| {
            Box::pin(async move {
                let id: uuid::Uuid = tx.fresh();
                let evidence = Evidence::new("test.acted", "test", id).reason("because");
                tx.record(evidence.details(json!({ "note": format!("words {number}") })))?;
                Ok::<_, StoreError>(())
            })
        })
    });
    join_all(writes).await.into_iter().for_each(|outcome| outcome.unwrap());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

async fn tamper(store: &Store, sql: &'static str) {
    store
        .write(Actor::system(), move |tx| {
            Box::pin(async move {
                tx.query(sql).execute().await?;
                tx.record(Evidence::new("tampered", "test", tx.fresh())).map(drop)
            })
        })
        .await
        .unwrap()
}

fn fault_of(outcome: Result<countersign_ledger::LogReport, StoreError>) -> (LogFaultKind, Option<u64>) {
    match outcome {
        Err(StoreError::LogFault(fault)) => (fault.kind, fault.index),
        other => panic!("expected a fault, got {other:?}"),
    }
}

both! {
    async fn every_event_gets_its_place_and_the_log_verifies(world: World) {
        let mut live = world.store.subscribe();
        assert_eq!(world.store.sequence().await.unwrap(), 0);
        world.project(&[Role::Owner]).await;
        act(world, 300).await;
        assert_eq!(world.store.sequence().await.unwrap(), 301);
        act(world, 7).await;
        assert_eq!(world.store.sequence().await.unwrap(), 308);
        let report = world.store.verify().await.unwrap();
        assert_eq!(report.size, 308);
        for index in 0..308 {
            assert_eq!(live.recv().await.unwrap().log_index, index);
        }
        assert!(world.store.log_file("tile/0/000").await.unwrap().is_some());
        assert!(world.store.log_file("tile/../../keys/log.key").await.unwrap().is_none());
        assert!(!world.folder.path().join("log/tile/0/000.p").exists(), "replaced by the full tile");
    }

    async fn a_crash_at_any_step_converges_to_the_same_log(world: World) {
        let log = world.folder.path().join("log");
        let older = world.folder.path().join("older");
        act(world, 260).await;
        world.store.sequence().await.unwrap();
        copy(&log, &older);
        act(world, 300).await;
        world.store.sequence().await.unwrap();
        let whole = world.store.verify().await.unwrap();
        // Indices were committed and nothing else was written.
        fs::remove_dir_all(&log).unwrap();
        copy(&older, &log);
        world.reopen().await;
        assert_eq!(world.store.sequence().await.unwrap(), 560);
        assert_eq!(world.store.verify().await.unwrap(), whole);
        // Tiles were written, the checkpoint was not.
        fs::copy(older.join("checkpoint"), log.join("checkpoint")).unwrap();
        copy(&older, &log);
        world.reopen().await;
        act(world, 1).await;
        assert_eq!(world.store.sequence().await.unwrap(), 561);
        let longer = world.store.verify().await.unwrap();
        assert_eq!((longer.size, longer.origin), (561, whole.origin));
    }

    async fn two_sequencers_at_once_and_writes_meanwhile_lose_nothing(world: World) {
        let second = Store::open(&world.config, world.clock.clone(), world.ids.clone()).await.unwrap();
        let sequencing = async {
            for _ in 0..10 {
                let (a, b) = tokio::join!(world.store.sequence(), second.sequence());
                a.unwrap();
                b.unwrap();
            }
        };
        tokio::join!(sequencing, act(world, 400));
        assert_eq!(world.store.sequence().await.unwrap(), 400);
        assert_eq!(second.sequence().await.unwrap(), 400);
        assert_eq!(second.verify().await.unwrap().size, 400);
        second.close().await;
    }

    async fn tampered_rows_are_named(world: World) {
        act(world, 30).await;
        world.store.sequence().await.unwrap();
        world.store.verify().await.unwrap();
        let store = &world.store;

        tamper(store, "UPDATE events SET action = 'nothing.happened' WHERE log_index = 11").await;
        let outcome = store.verify().await;
        assert!(matches!(&outcome, Err(StoreError::Log { message }) if message.contains("index 11") && message.contains("action")), "{outcome:?}");
        tamper(store, "UPDATE events SET action = 'test.acted' WHERE log_index = 11").await;

        tamper(store, "UPDATE event_details SET details = '{}' WHERE event_id = (SELECT id FROM events WHERE log_index = 12)").await;
        let outcome = store.verify().await;
        assert!(matches!(&outcome, Err(StoreError::Log { message }) if message.contains("index 12") && message.contains("commitment")), "{outcome:?}");
        tamper(store, "DELETE FROM event_details WHERE event_id = (SELECT id FROM events WHERE log_index = 12)").await;
        store.verify().await.expect("erased details leave the proof valid");

        tamper(store, "UPDATE events SET entry = (SELECT entry FROM events WHERE log_index = 3) WHERE log_index = 5").await;
        assert_eq!(fault_of(store.verify().await).1, Some(5));
    }

    async fn a_deleted_row_and_a_flipped_byte_are_named(world: World) {
        act(world, 40).await;
        world.store.sequence().await.unwrap();
        tamper(&world.store, "DELETE FROM events WHERE log_index = 17").await;
        assert_eq!(fault_of(world.store.verify().await), (LogFaultKind::Missing, Some(17)));
        let bundle = world.folder.path().join("log/tile/entries/000.p/40");
        let mut bytes = fs::read(&bundle).unwrap();
        let place = bytes.len() / 2;
        bytes[place] ^= 1;
        fs::write(&bundle, bytes).unwrap();
        let (_, index) = fault_of(world.store.verify().await);
        assert!(index.is_some_and(|index| (15..25).contains(&index)), "{index:?}");
    }

    async fn a_database_put_back_to_an_older_state_is_noticed(world: World) {
        act(world, 20).await;
        world.store.sequence().await.unwrap();
        tamper(&world.store, "DELETE FROM events WHERE log_index >= 15").await;
        let outcome = world.store.sequence().await;
        assert!(matches!(outcome, Err(StoreError::Log { .. })), "{outcome:?}");
        fs::remove_file(world.folder.path().join("log/checkpoint")).unwrap();
        world.reopen().await;
        let outcome = world.store.sequence().await;
        assert!(matches!(&outcome, Err(StoreError::Log { message }) if message.contains("missing")), "{outcome:?}");
    }

    async fn the_background_task_keeps_up(world: World) {
        let task = world.store.spawn_sequencer();
        let mut live = world.store.subscribe();
        act(world, 5).await;
        for index in 0..5 {
            let event = tokio::time::timeout(std::time::Duration::from_secs(20), live.recv()).await.unwrap();
            let event: Arc<_> = event.unwrap();
            assert_eq!((event.log_index, event.action.as_str()), (index, "test.acted"));
        }
        task.abort();
    }

    async fn a_log_that_hangs_is_stopped_since_it_hangs(world: World) {
        act(world, 3).await;
        world.store.sequence().await.unwrap();
        world.store.stamp_checkpoint().await.unwrap();
        // Whoever wants to write waits for this lock like for a disk that does not answer: no error ever comes.
        let hanging = fs::File::open(world.folder.path().join("log/.lock")).unwrap();
        hanging.lock().unwrap();
        act(world, 1).await;
        let (began, store) = (world.now(), world.store.clone());
        let writing = tokio::spawn(async move { store.sequence().await });
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        world.clock.advance_seconds(LOG_STOPPED_SECONDS - 1);
        assert_eq!(world.store.log_stopped_since(), None, "a slow disk is no stop");
        world.clock.advance_seconds(2);
        let since = world.store.log_stopped_since().unwrap();
        assert!((since.0 - began.0).abs() < 1_000_000, "{since:?} {began:?}");
        assert!(world.store.is_log_stopped());
        // Others come and wait too: since when it hangs stays what it is, also where one of them gives up.
        let given_up = tokio::time::timeout(std::time::Duration::from_millis(50), world.store.stamp_checkpoint());
        assert!(given_up.await.is_err());
        assert!(world.store.is_log_stopped());
        drop(hanging);
        assert_eq!(writing.await.unwrap().unwrap(), 4);
        assert_eq!(world.store.log_stopped_since(), None);
    }

    async fn evidence_that_does_not_fit_the_log_stops_the_write(world: World) {
        for (evidence, word) in [
            (Evidence::new("free text here", "test", uuid::Uuid::nil()), "action"),
            (Evidence::new("test.acted", "test", uuid::Uuid::nil()).reason("she looked tired"), "reason"),
            (Evidence::new("test.acted", "test", uuid::Uuid::nil()).details(json!("x".repeat(70_000))), "details"),
        ] {
            let outcome: Result<(), StoreError> = world
                .store
                .write(Actor::system(), move |tx| Box::pin(async move { tx.record(evidence).map(drop) }))
                .await;
            assert!(matches!(&outcome, Err(StoreError::Evidence { message, .. }) if message.contains(word)), "{outcome:?}");
        }
        assert_eq!(world.store.sequence().await.unwrap(), 0);
    }
}
