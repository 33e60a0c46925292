//! Backup and restore, also from one engine to the other.

use std::{fs, path::Path};

use countersign_model::{ProjectId, Role, Zone};
use countersign_store::{
    Evidence, Store, StoreConfig, StoreError,
    assets::{self, Asset},
    items, projects,
};
use serde_json::json;

use crate::world::{World, both};

/// A store with rows of most kinds, bytes and a sequenced log.
async fn fill(world: &World) -> ProjectId {
    let (project, _) = world.project(&[Role::Annotator, Role::Reviewer]).await;
    world.tasks(project, 300).await;
    let subject = world.subject(project, "somebody").await;
    let put = world.store.cleared().put(project, subject, &b"pixels"[..]).await.unwrap();
    world
        .write(move |tx| {
            Box::pin(async move {
                let asset = Asset {
                    id: tx.fresh(),
                    project_id: project,
                    zone: Zone::Cleared,
                    address: put.address,
                    kind: countersign_model::AssetKind::Png,
                    bytes: 6,
                    content_hash: "é\u{1F980}\"\\\n".into(),
                    source_asset_id: None,
                    item_id: None,
                    created_at: tx.now(),
                    external_url: None,
                };
                assets::insert(tx, asset).await?;
                tx.record(
                    Evidence::new("asset.stored", "asset", project.0).details(json!({"who": "somebody"})),
                )
                .map(drop)
            })
        })
        .await;
    world.store.sequence().await.unwrap();
    project
}

async fn check(store: &Store, project: ProjectId, expected: &Store) {
    assert_eq!(store.verify().await.unwrap(), expected.verify().await.unwrap());
    let (mut a, mut b) = (store.read().await.unwrap(), expected.read().await.unwrap());
    assert_eq!(projects::list(&mut a).await.unwrap(), projects::list(&mut b).await.unwrap());
    let filter = items::ItemFilter::default();
    let (left, right) = (
        items::list(&mut a, project, &filter, 1000).await.unwrap(),
        items::list(&mut b, project, &filter, 1000).await.unwrap(),
    );
    assert_eq!(left.len(), 300);
    assert_eq!(left, right);
    let sql = "SELECT * FROM assets";
    let asset: Asset = a.query(sql).optional().await.unwrap().unwrap();
    assert_eq!(asset, b.query(sql).optional::<Asset>().await.unwrap().unwrap());
    let bytes = store.cleared().for_machine(project, &asset.address).await.unwrap();
    assert_eq!(bytes, &b"pixels"[..]);
}

async fn restore(world: &World, from: &Path, config: &StoreConfig) -> Result<Store, StoreError> {
    // No backup has them: whoever restores brings them.
    for secret in ["keyring", "vault"] {
        copy(&world.folder.path().join(secret), &config.data.join(secret));
    }
    Store::restore(from, config, world.clock.clone(), world.ids.clone()).await?;
    Store::open(config, world.clock.clone(), world.ids.clone()).await
}

pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() { copy(&path, &to) } else { fs::copy(path, to).map(drop).unwrap() }
    }
}

/// The middle of the data of a few files of each kind.
fn places(archive: &Path) -> Vec<usize> {
    let mut zip = zip::ZipArchive::new(fs::File::open(archive).unwrap()).unwrap();
    let names =
        ["log/checkpoint", "log/tile/entries/000.p/4", "keys/log.key", "tables/items.jsonl", "manifest.json"];
    let mut names: Vec<_> = names.map(ToOwned::to_owned).to_vec();
    names.extend(zip.file_names().filter(|name| name.starts_with("blobs/")).map(ToOwned::to_owned));
    assert_eq!(names.len(), 6);
    let middle = |name: &String| {
        let file = zip.by_name(name).unwrap();
        usize::try_from(file.data_start().unwrap() + file.compressed_size() / 2).unwrap()
    };
    names.iter().map(middle).collect()
}

both! {
    async fn a_backup_restores_to_sqlite(world: World) {
        let project = fill(world).await;
        let out = world.folder.path().join("backup.zip");
        let report = world.store.backup(&out).await.unwrap();
        assert_eq!((report.blobs, report.log_size), (1, 4));
        assert!(matches!(world.store.backup(&out).await, Err(StoreError::Backup { .. })), "nothing is overwritten");
        let config = StoreConfig::sqlite(world.folder.path().join("restored"));
        let restored = restore(world, &out, &config).await.unwrap();
        check(&restored, project, &world.store).await;
        let again = restore(world, &out, &config).await;
        assert!(matches!(again, Err(StoreError::Backup { .. })), "a used folder is refused");
        restored.close().await;
    }

    async fn a_backup_restores_to_postgresql_and_work_goes_on(world: World) {
        let project = fill(world).await;
        let out = world.folder.path().join("backup.zip");
        world.store.backup(&out).await.unwrap();
        let Some(target) = World::postgres().await else { return };
        let config = StoreConfig { data: world.folder.path().join("restored"), ..target.config.clone() };
        let restored = restore(world, &out, &config).await.unwrap();
        check(&restored, project, &world.store).await;
        let written: Result<_, StoreError> = restored
            .write(countersign_store::Actor::system(), move |tx| {
                Box::pin(async move { tx.record(Evidence::new("after.restore", "project", project.0)) })
            })
            .await;
        written.unwrap();
        assert_eq!(restored.sequence().await.unwrap(), 5);
        restored.verify().await.unwrap();
        restored.close().await;
        target.end().await;
    }

    async fn a_damaged_backup_restores_nothing(world: World) {
        fill(world).await;
        let out = world.folder.path().join("backup.zip");
        world.store.backup(&out).await.unwrap();
        let whole = fs::read(&out).unwrap();
        let target = world.folder.path().join("restored");
        let config = StoreConfig::sqlite(&target);
        for place in places(&out) {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x40;
            fs::write(&out, &bytes).unwrap();
            let outcome = Store::restore(&out, &config, world.clock.clone(), world.ids.clone()).await;
            assert!(outcome.is_err(), "a byte flipped at {place} went unnoticed");
            assert!(!target.exists());
        }
        fs::write(&out, &whole[..whole.len() / 2]).unwrap();
        let outcome = Store::restore(&out, &config, world.clock.clone(), world.ids.clone()).await;
        assert!(matches!(outcome, Err(StoreError::Backup { .. })), "{outcome:?}");
    }
}
