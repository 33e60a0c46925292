//! Models that segment by clicks: one of a project is in force, and what each was shown is kept once.

use countersign_model::{AssetId, AssetKind, ClickModelId, ProjectId, Role, UserId, Zone};
use countersign_store::{
    Actor, Evidence, StoreError,
    assets::{self, Asset},
    click_models::{self, ClickLook, ClickModel},
};

use crate::world::{World, both};

async fn register(
    world: &World,
    project: ProjectId,
    version: &'static str,
    by: UserId,
) -> Result<ClickModelId, StoreError> {
    let work = move |tx: &mut countersign_store::Tx| ClickModel {
        id: tx.fresh(),
        project_id: project,
        name: "organs".into(),
        version: version.into(),
        url: "http://127.0.0.1:8000/segment".into(),
        registered_by: Some(by),
        registered_at: tx.now(),
        retired_by: None,
        retired_at: None,
        retire_reason: None,
    };
    world
        .store
        .write(Actor::system(), move |tx| {
            Box::pin(async move {
                let model = work(tx);
                let id = model.id;
                click_models::insert(tx, model).await?;
                tx.record(Evidence::new("test", "click_model", id.0))?;
                Ok(id)
            })
        })
        .await
}

async fn retire(world: &World, model: ClickModelId, by: UserId) -> bool {
    world
        .write(move |tx| {
            Box::pin(async move {
                tx.record(Evidence::new("test", "click_model", model.0))?;
                click_models::retire(tx, model, by, "a better one came").await
            })
        })
        .await
}

async fn picture(world: &World, project: ProjectId) -> AssetId {
    let subject = world.subject(project, "a part").await;
    let put = world.store.quarantine().put(project, subject, &b"a part"[..]).await.unwrap();
    world
        .write(move |tx| {
            Box::pin(async move {
                let asset = Asset {
                    id: tx.fresh(),
                    project_id: project,
                    zone: Zone::Quarantine,
                    content_hash: put.address.as_str().into(),
                    address: put.address,
                    kind: AssetKind::Png,
                    bytes: 6,
                    source_asset_id: None,
                    item_id: None,
                    created_at: tx.now(),
                    external_url: None,
                };
                let id = asset.id;
                assets::insert(tx, asset).await?;
                tx.record(Evidence::new("asset.stored", "asset", id.0))?;
                Ok(id)
            })
        })
        .await
}

both! {
    async fn one_click_model_of_a_project_is_in_force(world: World) {
        let (project, people) = world.project(&[Role::PrivacyOfficer]).await;
        let (other, _) = world.project(&[]).await;
        let first = register(world, project, "1", people[0]).await.unwrap();
        let second = register(world, project, "2", people[0]).await;
        assert!(matches!(second, Err(StoreError::Conflict { .. })), "{second:?}");
        register(world, other, "1", people[0]).await.unwrap();
        assert!(retire(world, first, people[0]).await && !retire(world, first, people[0]).await);
        {
            let mut reader = world.store.read().await.unwrap();
            assert!(click_models::in_force(&mut reader, project).await.unwrap().is_none());
            let old = click_models::by_id(&mut reader, first).await.unwrap().unwrap();
            assert_eq!((old.retired_by, old.retire_reason.as_deref()), (Some(people[0]), Some("a better one came")));
        }
        let second = register(world, project, "2", people[0]).await.unwrap();
        let mut reader = world.store.read().await.unwrap();
        assert_eq!(click_models::in_force(&mut reader, project).await.unwrap().map(|m| m.id), Some(second));
        let all = click_models::of_project(&mut reader, project, 10).await.unwrap();
        assert_eq!(all.iter().map(|model| model.id).collect::<Vec<_>>(), [second, first]);
        assert_eq!(click_models::of_project(&mut reader, project, 1).await.unwrap().len(), 1);
    }

    async fn that_a_click_model_was_shown_a_frame_is_kept_once(world: World) {
        let (project, people) = world.project(&[Role::PrivacyOfficer]).await;
        let model = register(world, project, "1", people[0]).await.unwrap();
        let asset_id = picture(world, project).await;
        let (_, task) = world.tasks(project, 1).await[0];
        for (frame, expected) in [(0, true), (0, false), (1, true)] {
            let noted = world.write(move |tx| Box::pin(async move {
                tx.record(Evidence::new("test", "task", task.0))?;
                let at = tx.now();
                click_models::note_look(tx, ClickLook { task_id: task, stream: 0, frame, model_id: model, asset_id, at }).await
            })).await;
            assert_eq!(noted, expected, "frame {frame}");
        }
        let mut reader = world.store.read().await.unwrap();
        assert!(click_models::has_looked(&mut reader, task, (0, 1), model).await.unwrap());
        assert!(!click_models::has_looked(&mut reader, task, (1, 0), model).await.unwrap());
    }
}
