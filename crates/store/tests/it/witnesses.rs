//! Checkpoints and who else vouches for them: signed again while nothing happens, kept, continued, cosigned; a log that
//! was put back or rewritten gets no cosignature.

use std::{fs, path::Path};

use countersign_ledger::{SignedCheckpoint, VerifierKey, witness::WitnessRefusal};
use countersign_store::{
    Actor, Evidence, StoreError, checkpoints,
    witness::{WitnessError, WitnessFolder},
};

use crate::world::{World, both};

async fn act(world: &World, count: usize) {
    for _ in 0..count {
        let write = world.store.write(Actor::system(), |tx| {
            Box::pin(async move { tx.record(Evidence::new("test.acted", "test", tx.fresh())).map(drop) })
        });
        write.await.unwrap_or_else(|error: StoreError| panic!("{error}"));
    }
    world.store.sequence().await.unwrap();
}

fn key(world: &World) -> VerifierKey {
    VerifierKey::parse(&world.store.log_key()).unwrap()
}

fn witness(folder: &Path, world: &World) -> WitnessFolder {
    WitnessFolder::open(folder, None, vec![key(world)]).unwrap()
}

async fn newest(world: &World) -> SignedCheckpoint {
    world.store.checkpoint(Vec::new()).await.unwrap().1
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

both! {
    async fn a_checkpoint_is_signed_again_while_nothing_happens(world: World) {
        act(world, 3).await;
        let first = newest(world).await;
        assert_eq!(first.signed_at_seconds, Some(world.now().seconds()));
        world.store.stamp_checkpoint().await.unwrap();
        assert_eq!(newest(world).await, first, "not yet due");
        world.clock.advance_seconds(checkpoints::SIGN_EVERY_SECONDS);
        world.store.stamp_checkpoint().await.unwrap();
        let again = newest(world).await;
        assert_eq!(again.signed_at_seconds, Some(world.now().seconds()));
        assert_eq!((again.checkpoint, again.other_signatures), (first.checkpoint, 0));
        world.store.verify().await.unwrap();
        // Somebody sets the clock back: the next hour is no reason to sign or keep nothing.
        world.clock.set_by_seconds(-3_600);
        world.store.stamp_checkpoint().await.unwrap();
        assert_eq!(newest(world).await.signed_at_seconds, Some(world.now().seconds()));
        // That it was set is an entry, and the checkpoint that holds it is kept.
        let size = newest(world).await.checkpoint.size;
        assert_eq!(size, 4);
        assert!(checkpoints::of_size(&mut world.store.read().await.unwrap(), size).await.unwrap().is_some());
    }

    async fn checkpoints_are_kept_and_any_two_are_shown_to_be_one_log(world: World) {
        for count in [3, 250, 60, 1] {
            act(world, count).await;
            world.clock.advance_seconds(61);
            world.store.stamp_checkpoint().await.unwrap();
            world.store.stamp_checkpoint().await.unwrap();
        }
        let kept = checkpoints::list(&mut world.store.read().await.unwrap(), None, 10).await.unwrap();
        let sizes: Vec<_> = kept.iter().map(|kept| kept.size).collect();
        assert_eq!(sizes, [314, 313, 253, 3]);
        // What a restored backup lacks: the partial tiles of older checkpoints.
        let partial = world.folder.path().join("log/tile/0/001.p");
        for entry in fs::read_dir(&partial).unwrap().map(Result::unwrap) {
            if entry.file_name() != "58" {
                fs::remove_file(entry.path()).unwrap();
            }
        }
        let key = key(world);
        for new in &kept {
            for old in kept.iter().filter(|old| old.size <= new.size) {
                let older = SignedCheckpoint::open(old.file.as_bytes(), &key).unwrap();
                let proof = world.store.continuation_to(old.size, new.size).await.unwrap();
                let opened = proof.continues(&older.checkpoint, &key).unwrap();
                assert_eq!(opened.checkpoint.size, new.size);
            }
        }
        // Two that were fetched within one minute: the first of them is kept nowhere.
        act(world, 4).await;
        world.store.sequence().await.unwrap();
        let (fetched, between) = world.store.checkpoint(vec![]).await.unwrap();
        act(world, 9).await;
        world.store.sequence().await.unwrap();
        assert!(world.store.continuation_to(3, between.checkpoint.size).await.is_err(), "not kept");
        let older = SignedCheckpoint::open(kept[0].file.as_bytes(), &key).unwrap();
        let proof = world.store.continuation_of(older.checkpoint.size, fetched.clone()).await.unwrap();
        assert_eq!(proof.continues(&older.checkpoint, &key).unwrap().checkpoint.size, 318);
        let (newest, _) = world.store.checkpoint(vec![]).await.unwrap();
        let proof = world.store.continuation_of(318, newest).await.unwrap();
        assert_eq!(proof.continues(&between.checkpoint, &key).unwrap().checkpoint.size, 327);
        let forged = world.store.continuation_of(3, fetched.replace("318", "317")).await;
        assert!(matches!(forged, Err(StoreError::NotFound { .. })), "{forged:?}");
        let unknown = world.store.continuation_to(3, 300).await;
        assert!(matches!(unknown, Err(StoreError::NotFound { .. })), "{unknown:?}");
        let reversed = world.store.continuation_to(314, 313).await;
        assert!(matches!(reversed, Err(StoreError::NotFound { .. })), "{reversed:?}");
    }

    async fn a_witness_cosigns_growth_and_neither_rollback_nor_fork(world: World) {
        let home = tempfile::tempdir().unwrap();
        let watching = witness(home.path(), world);
        let (log, yesterday) = (world.folder.path().join("log"), home.path().join("yesterday"));
        let cosign = async |old| {
            let request = world.store.continuation(old).await.unwrap();
            watching.cosign(&request, world.now()).map(|line| (request.checkpoint, line))
        };
        act(world, 5).await;
        let (file, line) = cosign(0).await.unwrap();
        world.store.cosign(file, &line, watching.key().clone()).await.unwrap();
        let cosigned = world.store.checkpoint(vec![watching.key().clone()]).await.unwrap().1;
        assert_eq!(cosigned.cosignatures.len(), 1);
        assert_eq!(cosigned.cosignatures[0].at_seconds, world.now().seconds());
        copy(&log, &yesterday);

        act(world, 3).await;
        let stale = cosign(0).await;
        assert!(matches!(stale, Err(WitnessError::Refused(WitnessRefusal::OtherSize { recorded: 5 }))), "{stale:?}");
        cosign(5).await.unwrap();
        // The record survives the witness; a second process is kept out while it runs.
        assert!(matches!(WitnessFolder::open(home.path(), None, vec![]), Err(StoreError::Busy)));

        // Somebody puts yesterday's log back and goes on with another day.
        fs::remove_dir_all(&log).unwrap();
        copy(&yesterday, &log);
        let back = world.store.continuation(5).await.unwrap();
        let refused = watching.cosign(&back, world.now());
        assert!(matches!(refused, Err(WitnessError::Refused(WitnessRefusal::OtherSize { recorded: 8 }))), "{refused:?}");
        world.write(|tx| Box::pin(async move {
            let sql = "DELETE FROM events WHERE log_index >= 5";
            tx.query(sql).execute().await?;
            tx.record(Evidence::new("test.other_day", "test", tx.fresh())).map(drop)
        })).await;
        act(world, 7).await;
        assert!(world.store.verify().await.is_ok(), "in itself the rewritten log is sound");
        let forked = world.store.continuation(8).await.unwrap();
        let refused = watching.cosign(&forked, world.now());
        assert!(matches!(refused, Err(WitnessError::Refused(WitnessRefusal::BadProof))), "{refused:?}");
    }

    async fn only_a_cosignature_that_fits_is_kept(world: World) {
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (watching, stranger) = (witness(home.path(), world), witness(other.path(), world));
        act(world, 2).await;
        let request = world.store.continuation(0).await.unwrap();
        let line = stranger.cosign(&request, world.now()).unwrap();
        let taken = world.store.cosign(request.checkpoint.clone(), &line, watching.key().clone()).await;
        assert!(matches!(taken, Err(StoreError::Log { .. })), "{taken:?}");
        act(world, 1).await;
        let newer = world.store.continuation(2).await.unwrap();
        let newer_line = stranger.cosign(&newer, world.now()).unwrap();
        let taken = world.store.cosign(request.checkpoint.clone(), &newer_line, stranger.key().clone()).await;
        assert!(matches!(taken, Err(StoreError::Log { .. })), "a line over another checkpoint: {taken:?}");
        // A cosignature that comes when the log has grown goes to the kept copy, not to the newest.
        world.store.cosign(request.checkpoint, &line, stranger.key().clone()).await.unwrap();
        assert_eq!(newest(world).await.other_signatures, 0);
        let kept = checkpoints::of_size(&mut world.store.read().await.unwrap(), 2).await.unwrap().unwrap();
        let key = [stranger.key().clone()];
        let opened = SignedCheckpoint::open_with(kept.file.as_bytes(), &self::key(world), &key).unwrap();
        assert_eq!(opened.cosignatures.len(), 1);
    }

    async fn what_a_witness_saw_is_kept_at_once_where_nobody_cosigned_the_newest_copy(world: World) {
        let home = tempfile::tempdir().unwrap();
        let watching = witness(home.path(), world);
        act(world, 2).await;
        world.store.stamp_checkpoint().await.unwrap();
        let mut old = 0;
        for size in [3, 4] {
            act(world, 1).await;
            let request = world.store.continuation(old).await.unwrap();
            let line = watching.cosign(&request, world.now()).unwrap();
            world.store.cosign(request.checkpoint, &line, watching.key().clone()).await.unwrap();
            old = size;
        }
        let kept = checkpoints::list(&mut world.store.read().await.unwrap(), None, 10).await.unwrap();
        let kept: Vec<_> = kept.iter().map(|kept| kept.size).collect();
        assert_eq!(kept, [3, 2], "the first that was cosigned, and then none for a minute");
    }

    async fn a_proof_of_one_event_stands_alone(world: World) {
        act(world, 260).await;
        let event = world.write(|tx| Box::pin(async move {
            tx.record(Evidence::new("test.proven", "test", tx.fresh()))
        })).await;
        let proof = world.store.prove(event).await.unwrap();
        let proven = proof.verify(&key(world)).unwrap();
        assert_eq!(proven.index, 260);
        assert!(String::from_utf8(proven.entry).unwrap().contains("test.proven"));
        let nobody = world.store.prove(countersign_model::EventId(uuid::Uuid::nil())).await;
        assert!(matches!(nobody, Err(StoreError::NotFound { .. })), "{nobody:?}");
    }

    async fn a_clock_that_is_set_leaves_an_event(world: World) {
        act(world, 1).await;
        world.clock.advance_seconds(3600);
        act(world, 1).await;
        world.clock.set_by_seconds(-90);
        act(world, 2).await;
        world.clock.set_by_seconds(2);
        act(world, 1).await;
        world.clock.set_by_seconds(3);
        act(world, 1).await;
        // Back over a restart.
        world.clock.set_by_seconds(-10);
        world.reopen().await;
        act(world, 1).await;
        let sql = "SELECT e.action, e.reason, d.details FROM events e LEFT JOIN event_details d ON d.event_id = e.id \
                   ORDER BY e.ord";
        let rows = world.store.read().await.unwrap().query(sql).fetch_all().await.unwrap();
        let told: Vec<(String, Option<String>, Option<String>)> = rows
            .iter()
            .map(|row| (row.get("action").unwrap(), row.get("reason").unwrap(), row.get("details").unwrap()))
            .collect();
        let steps: Vec<_> = told
            .iter()
            .enumerate()
            .filter(|(_, told)| told.0 == "clock.stepped")
            .map(|(at, told)| (at, told.1.as_deref().unwrap(), told.2.as_deref().unwrap()))
            .collect();
        assert_eq!(steps, [
            (2, "backward", "{\"step_ms\":-90000}"),
            (6, "forward", "{\"step_ms\":3000}"),
            (8, "backward", "{\"step_ms\":-10000}"),
        ]);
        world.store.verify().await.unwrap();
    }

    async fn a_clock_that_is_set_in_a_quiet_hour_leaves_an_event_before_a_checkpoint_is_signed(world: World) {
        act(world, 1).await;
        world.store.sequence().await.unwrap();
        world.store.stamp_checkpoint().await.unwrap();
        let told = async |expected: &[&str]| {
            let sql = "SELECT reason FROM events WHERE action = 'clock.stepped' ORDER BY ord";
            let rows = world.store.read().await.unwrap().query(sql).fetch_all().await.unwrap();
            let reasons: Vec<String> = rows.iter().map(|row| row.get("reason").unwrap()).collect();
            assert_eq!(reasons, expected);
        };
        world.clock.advance_seconds(600);
        world.store.stamp_checkpoint().await.unwrap();
        told(&[]).await;
        // Forward and back, and nobody did anything meanwhile.
        world.clock.set_by_seconds(3600);
        world.store.stamp_checkpoint().await.unwrap();
        told(&["forward"]).await;
        let (_, signed) = world.store.checkpoint(vec![]).await.unwrap();
        assert_eq!(signed.checkpoint.size, 2, "the event is in the checkpoint that carries the time");
        world.clock.advance_seconds(5);
        world.clock.set_by_seconds(-3600);
        world.store.stamp_checkpoint().await.unwrap();
        world.store.stamp_checkpoint().await.unwrap();
        told(&["forward", "backward"]).await;
        world.store.verify().await.unwrap();
    }
}
