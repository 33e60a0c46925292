//! Subjects: their bytes lie sealed, their key is in no backup, and where the key is gone the bytes are gone.

use std::{collections::BTreeSet, fs, path::Path};

use countersign_model::{AssetId, AssetKind, ProjectId, Role, SubjectId, Zone};
use countersign_store::{
    Address, Evidence, Store, StoreConfig, StoreError, Tx,
    assets::{self, Asset},
    exposures::{self, Viewer},
    items, privacy, subjects,
};
use futures::future::BoxFuture;

use crate::{
    backups::copy,
    world::{World, both},
};

/// Longer than two chunks, and nothing like noise.
fn pixels(seed: u8) -> Vec<u8> {
    (0..150_000_u32).map(|n| (n / 3) as u8 ^ seed).collect()
}

fn files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

async fn keep(world: &World, zone: Zone, project: ProjectId, subject: SubjectId, bytes: Vec<u8>) -> Asset {
    let size = bytes.len() as u64;
    let put = match zone {
        Zone::Quarantine => world.store.quarantine().put(project, subject, bytes).await.unwrap(),
        _ => world.store.cleared().put(project, subject, bytes).await.unwrap(),
    };
    world
        .write(move |tx| {
            Box::pin(async move {
                let asset = Asset {
                    id: tx.fresh(),
                    project_id: project,
                    zone,
                    address: put.address,
                    kind: AssetKind::Dicom,
                    bytes: size,
                    content_hash: "-".into(),
                    source_asset_id: None,
                    item_id: None,
                    created_at: tx.now(),
                    external_url: None,
                };
                assets::insert(tx, asset.clone()).await?;
                subjects::link_asset(tx, asset.id, subject).await?;
                tx.record(Evidence::new("asset.stored", "asset", asset.id.0))?;
                Ok(asset)
            })
        })
        .await
}

async fn read(store: &Store, asset: &Asset) -> Result<Vec<u8>, StoreError> {
    let bytes = match asset.zone {
        Zone::Quarantine => store.quarantine().for_machine(asset.project_id, &asset.address).await,
        _ => store.cleared().for_machine(asset.project_id, &asset.address).await,
    };
    bytes.map(|bytes| bytes.to_vec())
}

fn file_of(world: &World, zone: Zone, project: ProjectId, address: &Address) -> std::path::PathBuf {
    let hex = address.as_str();
    world.folder.path().join(format!("blobs/{zone}/{project}/{}/{}/{hex}", &hex[..2], &hex[2..4]))
}

async fn restored(world: &World, from: &Path, name: &str, with_keyring: bool) -> Store {
    let config = StoreConfig::sqlite(world.folder.path().join(name));
    if with_keyring {
        copy(&world.folder.path().join("keyring"), &config.data.join("keyring"));
    }
    Store::restore(from, &config, world.clock.clone(), world.ids.clone()).await.unwrap();
    Store::open(&config, world.clock.clone(), world.ids.clone()).await.unwrap()
}

/// Does something to rows, with evidence of no interest here.
async fn change<F>(world: &World, work: F)
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<(), StoreError>> + Send + 'static,
{
    world
        .write(move |tx| {
            Box::pin(async move {
                work(tx).await?;
                let id = tx.fresh();
                tx.record(Evidence::new("test", "test", id)).map(drop)
            })
        })
        .await;
}

both! {
    async fn bytes_lie_sealed_and_read_back_whole_and_in_part(world: World) {
        let (project, people) = world.project(&[Role::Annotator]).await;
        let subject = world.subject(project, "a").await;
        let plain = pixels(1);
        for zone in [Zone::Quarantine, Zone::Cleared] {
            let asset = keep(world, zone, project, subject, plain.clone()).await;
            assert_eq!(read(&world.store, &asset).await.unwrap(), plain);
        }
        for (path, bytes) in files(world.folder.path()) {
            assert!(!holds(&bytes, &plain[500..564]), "{} holds it in clear", path.display());
        }
        let viewer = Viewer { user: people[0], session: people[0].0, is_session: true };
        let mut conn = world.store.read().await.unwrap();
        let asset = subjects::assets(&mut conn, subject).await.unwrap().pop().unwrap();
        let exposed = exposures::ensure(&world.store, viewer, &asset, "work").await.unwrap();
        for range in [0..10, 65_530..65_550, 149_990..150_000] {
            let part = world.store.cleared().show_range(&exposed, range.clone()).await.unwrap();
            assert_eq!(part, &plain[range.start as usize..range.end as usize]);
        }
        assert!(world.store.cleared().show_range(&exposed, 10..150_001).await.is_err());
    }

    async fn bytes_of_an_older_installation_still_read(world: World) {
        let (project, _) = world.project(&[]).await;
        let subject = world.subject(project, "a").await;
        let asset = keep(world, Zone::Cleared, project, subject, pixels(1)).await;
        fs::write(file_of(world, Zone::Cleared, project, &asset.address), pixels(1)).unwrap();
        assert_eq!(read(&world.store, &asset).await.unwrap(), pixels(1));
        let again = world.store.cleared().put(project, subject, pixels(1)).await.unwrap();
        assert!(!again.is_new);
    }

    async fn subjects_are_numbered_and_found_again(world: World) {
        let (project, _) = world.project(&[]).await;
        let (other, _) = world.project(&[]).await;
        let (a, b) = (world.subject(project, "a").await, world.subject(project, "b").await);
        assert_eq!(world.subject(project, "a").await, a);
        assert_ne!(world.subject(other, "a").await, a, "one patient, two projects: nothing links them");
        let tags: BTreeSet<_> = [project, other].map(|p| world.store.keyring().tag(p, &["a"]).unwrap()).into();
        assert_eq!(tags.len(), 2);
        keep(world, Zone::Quarantine, project, a, pixels(1)).await;
        let mut conn = world.store.read().await.unwrap();
        let found = subjects::list(&mut conn, project, 0, 10).await.unwrap();
        assert_eq!(found.iter().map(|s| (s.id, s.number)).collect::<Vec<_>>(), [(a, 1), (b, 2)]);
        assert_eq!(subjects::list(&mut conn, project, 1, 10).await.unwrap().len(), 1);
        let counts = subjects::counts(&mut conn, a).await.unwrap();
        assert_eq!((counts.items, counts.assets, counts.bytes), (0, 1, 150_000));
    }

    async fn a_destroyed_key_takes_its_bytes_along_and_nobody_elses(world: World) {
        let (project, _) = world.project(&[]).await;
        let (a, b) = (world.subject(project, "a").await, world.subject(project, "b").await);
        let mine = keep(world, Zone::Cleared, project, a, pixels(1)).await;
        let theirs = keep(world, Zone::Cleared, project, b, pixels(2)).await;
        let before = fs::read(file_of(world, Zone::Cleared, project, &theirs.address)).unwrap();
        world.store.sequence().await.unwrap();
        let backup = world.folder.path().join("before.zip");
        world.store.backup(&backup).await.unwrap();
        assert!(!holds(&fs::read(&backup).unwrap(), &pixels(1)[500..564]), "a backup holds nothing in clear");

        world.store.destroy_key(a).await.unwrap();
        assert!(matches!(read(&world.store, &mine).await, Err(StoreError::Erased)));
        let put = world.store.cleared().put(project, a, pixels(3)).await;
        assert!(matches!(put, Err(StoreError::Erased)), "{put:?}");
        assert_eq!(read(&world.store, &theirs).await.unwrap(), pixels(2));
        assert_eq!(fs::read(file_of(world, Zone::Cleared, project, &theirs.address)).unwrap(), before);

        // With the keyring of the present: nothing of the one, everything of the other.
        let with = restored(world, &backup, "with", true).await;
        assert!(!with.cleared().exists(project, &mine.address).await.unwrap());
        assert_eq!(read(&with, &theirs).await.unwrap(), pixels(2));
        assert!(!with.vault().is_online() && with.keyring().is_online());
        with.close().await;
        // Without any keyring: nothing at all, and nothing new can be kept.
        let without = restored(world, &backup, "without", false).await;
        assert!(matches!(read(&without, &theirs).await, Err(StoreError::Offline { .. })));
        let put = without.cleared().put(project, b, pixels(4)).await;
        assert!(matches!(put, Err(StoreError::Offline { .. })), "{put:?}");
        without.close().await;
    }

    async fn the_same_bytes_of_an_erased_subject_can_come_again_under_another(world: World) {
        let (project, _) = world.project(&[]).await;
        let (a, b) = (world.subject(project, "a").await, world.subject(project, "b").await);
        let first = keep(world, Zone::Quarantine, project, a, pixels(1)).await;
        world.store.destroy_key(a).await.unwrap();
        let again = world.store.quarantine().put(project, b, pixels(1)).await.unwrap();
        assert_eq!((&again.address, again.is_new, again.owner), (&first.address, true, Some(b)));
        let c = world.subject(project, "c").await;
        let third = world.store.quarantine().put(project, c, pixels(1)).await.unwrap();
        assert_eq!((third.is_new, third.owner), (false, Some(b)), "sealed for whoever was first");
        assert_eq!(read(&world.store, &first).await.unwrap(), pixels(1));
    }

    async fn what_another_subject_needs_is_sealed_for_them(world: World) {
        let (project, _) = world.project(&[]).await;
        let (a, b) = (world.subject(project, "a").await, world.subject(project, "b").await);
        let items = world.tasks(project, 2).await;
        let template = keep(world, Zone::Cleared, project, a, pixels(1)).await;
        let own = keep(world, Zone::Cleared, project, a, pixels(2)).await;
        let theirs = keep(world, Zone::Cleared, project, b, pixels(3)).await;
        let (first, second) = (items[0].0, items[1].0);
        let (shared, all) = (template.id, [(first, vec![template.id, own.id]), (second, vec![template.id, theirs.id])]);
        change(world, move |tx| {
            Box::pin(async move {
                for (item, assets) in all {
                    for asset in &assets {
                        assets::put_under(tx, *asset, item).await?;
                    }
                    // The second item is about b alone: the template says nothing of a.
                    let about: Vec<AssetId> = assets.iter().copied().filter(|id| item == first || *id != shared).collect();
                    subjects::link_item(tx, item, &about).await?;
                }
                Ok(())
            })
        })
        .await;
        let found = subjects::shared(&mut world.store.read().await.unwrap(), a).await.unwrap();
        assert_eq!(found.iter().map(|s| (s.asset_id, s.subject_id)).collect::<Vec<_>>(), [(template.id, b)]);
        world.store.cleared().reseal(project, &template.address, b).await.unwrap();
        change(world, move |tx| Box::pin(async move { subjects::relink_asset(tx, shared, b).await })).await;
        world.store.destroy_key(a).await.unwrap();
        assert_eq!(read(&world.store, &template).await.unwrap(), pixels(1));
        assert!(matches!(read(&world.store, &own).await, Err(StoreError::Erased)));
        assert_eq!(subjects::assets(&mut world.store.read().await.unwrap(), a).await.unwrap().len(), 1);
    }

    async fn an_emptied_item_says_nothing_and_the_log_still_verifies(world: World) {
        let (project, _) = world.project(&[]).await;
        let a = world.subject(project, "a").await;
        let (item, _) = world.tasks(project, 1).await[0];
        let asset = keep(world, Zone::Cleared, project, a, pixels(1)).await;
        change(world, move |tx| {
            Box::pin(async move {
                assets::put_under(tx, asset.id, item).await?;
                subjects::link_item(tx, item, &[asset.id]).await?;
                let told = Evidence::new("item.noted", "item", item.0).item(item);
                tx.record(told.details(serde_json::json!({ "who": "Mrs Example" }))).map(drop)
            })
        })
        .await;
        world.store.sequence().await.unwrap();
        let before = world.store.verify().await.unwrap();
        change(world, move |tx| {
            Box::pin(async move {
                let emptied = privacy::empty_item(tx, item, "erased subject #1").await?;
                assert_eq!(emptied.details, 1);
                assert_eq!(privacy::empty_assets(tx, a).await?, 1);
                privacy::end_subject(tx, a).await
            })
        })
        .await;
        world.store.cleared().delete(project, &asset.address).await.unwrap();
        world.store.sequence().await.unwrap();
        assert!(world.store.verify().await.unwrap().size > before.size);
        let mut conn = world.store.read().await.unwrap();
        let row = items::by_id(&mut conn, item).await.unwrap().unwrap();
        assert_eq!((row.name.as_str(), row.streams.0.len()), ("erased subject #1", 0));
        assert_ne!(assets::by_id(&mut conn, asset.id).await.unwrap().unwrap().address, asset.address);
        let subject = subjects::by_id(&mut conn, a).await.unwrap().unwrap();
        assert_eq!((subject.is_erased(), &subject.tag, &subject.pseudonym), (true, &None, &None));
        let again = world.subject(project, "a").await;
        assert_ne!(again, a, "who comes again after an erasure is somebody new");
        let backup = world.folder.path().join("after.zip");
        assert_eq!(world.store.backup(&backup).await.unwrap().blobs, 0);
    }
}
