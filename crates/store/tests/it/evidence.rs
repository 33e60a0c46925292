//! The evidence log: every crash converges, every tampering is named.

use std::{fs, path::Path, sync::Arc};

use countersign_ledger::LogFaultKind;
use countersign_model::{EventId, Ids as _, ItemId, ProjectId, Role, Zone};
use countersign_store::{
    Actor, Evidence, LOG_STOPPED_SECONDS, Store, StoreError,
    exposures::{self, Exposure, Viewer},
};
use futures::future::join_all;
use serde_json::json;

use crate::{
    records::asset_in,
    world::{World, both},
};

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

async fn tamper(store: &Store, sql: &str) {
    let sql = sql.to_owned();
    store
        .write(Actor::system(), move |tx| {
            Box::pin(async move {
                tx.query_built(sql).execute().await?;
                tx.record(Evidence::new("tampered", "test", tx.fresh())).map(drop)
            })
        })
        .await
        .unwrap()
}

/// Two looks in a session, one by a token and one of before, whose entry names neither session nor zone. Returns the index of
/// the first.
async fn looks(world: &World) -> (ProjectId, ItemId, u64) {
    let (project, people) = world.project(&[Role::Annotator]).await;
    let (item, _) = world.tasks(project, 1).await[0];
    let viewer = |is_session| Viewer { user: people[0], session: world.ids.fresh(), is_session };
    let mut assets = Vec::new();
    for bytes in [&b"first"[..], b"second", b"third"] {
        assets.push(asset_in(world, Zone::Cleared, project, item, bytes).await);
    }
    exposures::ensure_all(&world.store, viewer(true), &assets[..2], "work").await.unwrap();
    exposures::ensure(&world.store, viewer(false), &assets[2], "grid").await.unwrap();
    let user = people[0];
    let write = world.store.write(Actor::token(user), move |tx| {
        Box::pin(async move {
            let evidence = Evidence::new("asset.shown", "asset", assets[0].id.0).project(project).item(item);
            let event_id = tx.record(evidence.reason("audit"))?;
            tx.insert(Exposure {
                id: tx.fresh(),
                user_id: user,
                session_id: tx.fresh(),
                asset_id: assets[0].id,
                item_id: Some(item),
                project_id: project,
                zone: Zone::Cleared,
                purpose: "audit".to_owned(),
                at: tx.now(),
                event_id,
            })
            .await
        })
    });
    let outcome: Result<(), StoreError> = write.await;
    outcome.unwrap();
    (project, item, world.store.sequence().await.unwrap() - 4)
}

fn event_at(index: u64) -> String {
    format!("(SELECT id FROM events WHERE log_index = {index})")
}

/// The look that an event is the evidence of.
async fn look_of(store: &Store, event: &str) -> Exposure {
    let sql = format!("SELECT * FROM exposures WHERE event_id = {event}");
    store.read().await.unwrap().query_built(sql).optional().await.unwrap().unwrap()
}

/// Puts a look in place of the one of the same id.
async fn put_back(store: &Store, look: Exposure) {
    let write = store.write(Actor::system(), move |tx| {
        Box::pin(async move {
            tx.query("DELETE FROM exposures WHERE id = $1").bind(look.id).execute().await?;
            tx.insert(look).await?;
            tx.record(Evidence::new("tampered", "test", tx.fresh())).map(drop)
        })
    });
    let outcome: Result<(), StoreError> = write.await;
    outcome.unwrap();
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

    async fn a_look_that_was_edited_is_named(world: World) {
        let (_, _, shown) = looks(world).await;
        let store = &world.store;
        store.verify().await.unwrap();
        let edits = [
            ("zone", "'quarantine'", LogFaultKind::Flipped), ("session_id", "id", LogFaultKind::Flipped),
            ("purpose", "'thumbnail'", LogFaultKind::Flipped), ("at", "at - 7200000000", LogFaultKind::Flipped),
            ("item_id", "id", LogFaultKind::Flipped), ("event_id", "id", LogFaultKind::Missing),
        ];
        // In a session, and by a token.
        for index in [shown, shown + 2] {
            let event = event_at(index);
            for (column, value, kind) in edits {
                let kept = look_of(store, &event).await;
                tamper(store, &format!("UPDATE exposures SET {column} = {value} WHERE event_id = {event}")).await;
                assert_eq!(fault_of(store.verify().await), (kind, Some(index)), "{column}");
                put_back(store, kept).await;
                store.verify().await.unwrap_or_else(|error| panic!("{column}: {error}"));
            }
        }
        tamper(store, &format!("UPDATE events SET session_id = id WHERE log_index = {}", shown + 1)).await;
        let outcome = store.verify().await;
        assert!(matches!(&outcome, Err(StoreError::Log { message }) if message.contains("session_id")), "{outcome:?}");
    }

    async fn a_look_that_was_taken_out_or_put_in_is_named(world: World) {
        let (project, item, shown) = looks(world).await;
        let (store, event) = (&world.store, event_at(shown));
        let kept = look_of(store, &event).await;
        tamper(store, &format!("DELETE FROM exposures WHERE event_id = {event}")).await;
        assert_eq!(fault_of(store.verify().await), (LogFaultKind::Missing, Some(shown)));
        put_back(store, kept.clone()).await;
        // A row of nothing, and a second one of one look.
        let mut nothing = kept.clone();
        (nothing.id, nothing.session_id) = (world.ids.fresh(), world.ids.fresh());
        nothing.event_id = EventId(world.ids.fresh());
        put_back(store, nothing.clone()).await;
        let Err(StoreError::LogFault(fault)) = store.verify().await else { panic!("a row of nothing was not noticed") };
        assert_eq!((fault.kind, fault.path), (LogFaultKind::Extra, format!("exposures, row {}", nothing.id)));
        nothing.event_id = kept.event_id;
        put_back(store, nothing.clone()).await;
        assert_eq!(fault_of(store.verify().await), (LogFaultKind::Extra, Some(shown)));
        tamper(store, &format!("DELETE FROM exposures WHERE event_id = {event}")).await;
        put_back(store, kept).await;
        store.verify().await.unwrap();
        // Details go with the item, and with nothing else: without them the zone could be edited.
        tamper(store, &format!("DELETE FROM event_details WHERE event_id = {}", event_at(shown + 2))).await;
        assert_eq!(fault_of(store.verify().await), (LogFaultKind::Missing, Some(shown + 2)));
        let erased = Evidence::new("item.erased", "item", item.0).project(project).item(item);
        world.write(move |tx| Box::pin(async move { tx.record(erased).map(drop) })).await;
        store.verify().await.unwrap();
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
