//! Models that find faces and plates, and their acceptance runs.

use countersign_model::{
    AssetId, AssetKind, BoxForm, BoxUnit, FaceModelConfig, FaceModelId, FaceRunId, ModelInput, ModelLayout,
    ModelOutput, ModelValues, ProjectId, Role, SubjectId, Telltale, UserId, Zone,
};
use countersign_store::{
    Evidence, Json, StoreError, Tx,
    assets::{self, Asset},
    face_models::{self, FaceFrame, FaceLabel, FaceLook, FaceModel, FaceRun, FaceRunResult},
    privacy, subjects,
};

use crate::world::{World, both};

fn config() -> FaceModelConfig {
    FaceModelConfig {
        address: "127.0.0.1:8000".into(),
        model: "street".into(),
        version: "1".into(),
        input: ModelInput {
            name: "images".into(),
            width: 64,
            height: 64,
            values: ModelValues::Uint8,
            layout: ModelLayout::Nhwc,
        },
        output: ModelOutput {
            boxes: "boxes".into(),
            scores: "scores".into(),
            classes: "classes".into(),
            form: BoxForm::Corners,
            unit: BoxUnit::Share,
            face: 0,
            plate: 1,
            face_score: 0.1,
            plate_score: 0.3,
        },
    }
}

async fn register(
    world: &World,
    project: ProjectId,
    name: &'static str,
    revision: u32,
    by: UserId,
) -> FaceModelId {
    world
        .write(move |tx| {
            Box::pin(async move {
                let id: FaceModelId = tx.fresh();
                let model = FaceModel {
                    id,
                    project_id: project,
                    name: name.into(),
                    revision,
                    config: Json(config()),
                    config_hash: "00".repeat(32),
                    registered_by: Some(by),
                    registered_at: tx.now(),
                    retired_at: None,
                };
                face_models::insert(tx, model).await?;
                tx.record(Evidence::new("test", "face_model", id.0))?;
                Ok(id)
            })
        })
        .await
}

fn run_of(tx: &Tx, project: ProjectId, model: FaceModelId) -> FaceRun {
    FaceRun {
        id: tx.fresh(),
        project_id: project,
        model_id: model,
        state: "waiting".into(),
        sample_hash: "11".repeat(32),
        confidence: 0.95,
        cover: 0.9,
        widened: 1.25,
        frames: 1,
        looked: 0,
        faces: 1,
        faces_hidden: None,
        faces_bound: None,
        plates: 1,
        plates_hidden: None,
        plates_bound: None,
        masked_share: None,
        error_code: None,
        opened_by: None,
        opened_at: tx.now(),
        closed_at: None,
    }
}

async fn frame(world: &World, project: ProjectId, subject: SubjectId) -> AssetId {
    let put = world.store.quarantine().put(project, subject, &b"a street"[..]).await.unwrap();
    world
        .write(move |tx| {
            Box::pin(async move {
                let asset = Asset {
                    id: tx.fresh(),
                    project_id: project,
                    zone: Zone::Quarantine,
                    content_hash: put.address.as_str().into(),
                    address: put.address,
                    kind: AssetKind::Jpeg,
                    bytes: 8,
                    source_asset_id: None,
                    item_id: None,
                    created_at: tx.now(),
                    external_url: None,
                };
                let id = asset.id;
                assets::insert(tx, asset).await?;
                subjects::link_asset(tx, id, subject).await?;
                tx.record(Evidence::new("asset.stored", "asset", id.0))?;
                Ok(id)
            })
        })
        .await
}

async fn open(world: &World, project: ProjectId, model: FaceModelId, asset: AssetId) -> FaceRunId {
    world
        .write(move |tx| {
            Box::pin(async move {
                let run = run_of(tx, project, model);
                let id = run.id;
                let frames = vec![FaceFrame { run_id: id, position: 0, asset_id: asset, masked: None }];
                let label = |position, kind, x| FaceLabel {
                    run_id: id,
                    position,
                    asset_id: asset,
                    kind,
                    x,
                    y: 2.0,
                    width: 3.5,
                    height: 4.0,
                    covered: None,
                };
                let labels = vec![label(0, Telltale::Face, 1.0), label(1, Telltale::Plate, 9.0)];
                face_models::insert_run(tx, run, frames, labels).await?;
                tx.record(Evidence::new("test", "face_run", id.0))?;
                Ok(id)
            })
        })
        .await
}

async fn finish(world: &World, run: FaceRunId, bound: f64) -> bool {
    world
        .write(move |tx| {
            Box::pin(async move {
                tx.record(Evidence::new("test", "face_run", run.0))?;
                let result = FaceRunResult {
                    faces_hidden: 1,
                    faces_bound: bound,
                    plates_hidden: 0,
                    plates_bound: 0.0,
                    masked_share: 0.125,
                };
                face_models::finish(tx, run, &result).await
            })
        })
        .await
}

both! {
    async fn the_newest_registration_of_a_name_stands_for_it(world: World) {
        let (project, people) = world.project(&[Role::PrivacyOfficer]).await;
        let (other, _) = world.project(&[]).await;
        let first = register(world, project, "street", 1, people[0]).await;
        let second = register(world, project, "street", 2, people[0]).await;
        register(world, project, "plates", 1, people[0]).await;
        register(world, other, "street", 1, people[0]).await;
        let again = world.store.write::<(), StoreError, _>(countersign_store::Actor::system(), move |tx| {
            Box::pin(async move {
                tx.record(Evidence::new("test", "project", project.0))?;
                let model = FaceModel { id: tx.fresh(), ..face_models::by_id(tx, first).await?.unwrap() };
                face_models::insert(tx, model).await
            })
        }).await;
        assert!(matches!(again, Err(StoreError::Conflict { .. })), "{again:?}");
        let mut reader = world.store.read().await.unwrap();
        let newest = face_models::newest(&mut reader, project, "street").await.unwrap().unwrap();
        assert_eq!((newest.id, &newest.config.0, newest.retired_at), (second, &config(), None));
        assert!(face_models::newest(&mut reader, project, "street2").await.unwrap().is_none());
        let all = face_models::of_project(&mut reader, project).await.unwrap();
        let all: Vec<_> = all.iter().map(|model| (model.name.as_str(), model.revision)).collect();
        assert_eq!(all, [("plates", 1), ("street", 2)]);
        drop(reader);
        for expected in [true, false] {
            let retired = world.write(move |tx| Box::pin(async move {
                tx.record(Evidence::new("test", "face_model", second.0))?;
                face_models::retire(tx, second).await
            })).await;
            assert_eq!(retired, expected);
        }
        let mut reader = world.store.read().await.unwrap();
        let newest = face_models::newest(&mut reader, project, "street").await.unwrap().unwrap();
        assert!(newest.id == second && newest.retired_at.is_some(), "an older one does not come back");
    }

    async fn only_the_newest_finished_run_counts_and_it_ends_once(world: World) {
        let (project, people) = world.project(&[Role::PrivacyOfficer]).await;
        let model = register(world, project, "street", 1, people[0]).await;
        let subject = world.subject(project, "a drive").await;
        let asset = frame(world, project, subject).await;
        let good = open(world, project, model, asset).await;
        assert!(face_models::is_running(&mut world.store.read().await.unwrap(), model).await.unwrap());
        world.store.note_face_run(good, 1).await.unwrap();
        world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "face_run", good.0))?;
            let frames: Vec<_> = face_models::frames(tx, good).await?;
            let frames: Vec<_> = frames.into_iter().map(|f| FaceFrame { masked: Some(0.125), ..f }).collect();
            let labels = face_models::labels(tx, good).await?;
            let labels: Vec<_> = labels.into_iter().map(|l| FaceLabel { covered: Some(l.x / 10.0), ..l }).collect();
            face_models::note_looked(tx, good, &frames, &labels).await
        })).await;
        assert!(finish(world, good, 0.05).await && !finish(world, good, 0.9).await);
        let bad = open(world, project, model, asset).await;
        let failed = open(world, project, model, asset).await;
        assert!(finish(world, bad, 0.01).await);
        world.store.note_face_run(bad, 0).await.unwrap();
        let ended = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "face_run", failed.0))?;
            Ok((face_models::fail(tx, failed, "model-away").await?, face_models::fail(tx, failed, "x").await?))
        })).await;
        assert_eq!(ended, (true, false));
        let mut reader = world.store.read().await.unwrap();
        assert!(!face_models::is_running(&mut reader, model).await.unwrap());
        let last = face_models::last_done(&mut reader, model).await.unwrap().unwrap();
        assert_eq!((last.id, last.faces_bound, last.state.as_str(), last.looked), (bad, Some(0.01), "done", 1));
        let runs = face_models::runs(&mut reader, model, 10).await.unwrap();
        assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [failed, bad, good]);
        assert_eq!((runs[0].error_code.as_deref(), runs[2].masked_share), (Some("model-away"), Some(0.125)));
        let labels = face_models::labels(&mut reader, good).await.unwrap();
        let told: Vec<_> = labels.iter().map(|l| (l.kind, l.rect().width, l.covered)).collect();
        assert_eq!(told, [(Telltale::Face, 3.5, Some(0.1)), (Telltale::Plate, 3.5, Some(0.9))]);
        assert_eq!(face_models::frames(&mut reader, good).await.unwrap()[0].masked, Some(0.125));
    }

    async fn a_run_whose_job_is_gone_does_not_stand_in_the_way(world: World) {
        let (project, people) = world.project(&[Role::PrivacyOfficer]).await;
        let model = register(world, project, "street", 1, people[0]).await;
        let subject = world.subject(project, "a drive").await;
        let asset = frame(world, project, subject).await;
        let run = open(world, project, model, asset).await;
        for (with_job, state) in [(true, "waiting"), (false, "failed")] {
            let found = world.write(move |tx| Box::pin(async move {
                tx.record(Evidence::new("test", "face_model", model.0))?;
                let nothing = serde_json::json!({});
                let job = countersign_store::jobs::Job::ready(tx, "accept_model", Some(project), None, &nothing);
                let state = if with_job { "ready" } else { "dead" };
                let job = countersign_store::jobs::Job { state: state.into(), ..job };
                let id = job.id;
                countersign_store::jobs::insert_all(tx, vec![job]).await?;
                face_models::fail_orphans(tx, model, "accept_model").await?;
                let found = face_models::run(tx, run).await?.unwrap();
                // Out of the way of the next turn.
                tx.query("UPDATE jobs SET state = 'dead' WHERE id = $1").bind(id).execute().await?;
                Ok(found)
            })).await;
            assert_eq!(found.state, state);
        }
    }

    async fn scenes_along_a_drive_are_told_in_order_and_no_others(world: World) {
        let (project, _) = world.project(&[]).await;
        let items: Vec<_> = world.tasks(project, 5).await.into_iter().map(|(item, _)| item).collect();
        let named = items.clone();
        world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "project", project.0))?;
            let (drive, _) = subjects::ensure(tx, project, "drive", "one").await?;
            let (lot, _) = subjects::ensure(tx, project, "lot", "two").await?;
            // The fourth is of no drive; the lot binds nothing.
            for (at, item) in named.into_iter().enumerate() {
                let subjects = if at == 3 { vec![lot.id] } else { vec![drive.id, lot.id] };
                for subject in subjects {
                    let sql = "INSERT INTO subject_items (item_id, subject_id) VALUES ($1, $2)";
                    tx.query(sql).bind(item).bind(subject).execute().await?;
                }
            }
            Ok(())
        })).await;
        let mut reader = world.store.read().await.unwrap();
        let mut told = async |at: usize, after, limit| {
            let found = countersign_store::items::along_drive(&mut reader, items[at], after, limit).await.unwrap();
            found.iter().map(|item| items.iter().position(|id| *id == item.id).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(told(2, false, 5).await, [1, 0]);
        assert_eq!(told(2, false, 1).await, [1]);
        assert_eq!(told(2, true, 5).await, [4]);
        assert_eq!(told(3, true, 5).await, [0_usize; 0]);
    }

    async fn an_erasure_takes_where_faces_were_and_leaves_the_counts(world: World) {
        let (project, people) = world.project(&[Role::PrivacyOfficer]).await;
        let model = register(world, project, "street", 1, people[0]).await;
        let subject = world.subject(project, "a drive").await;
        let asset = frame(world, project, subject).await;
        let run = open(world, project, model, asset).await;
        finish(world, run, 0.05).await;
        let kept = world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "face_model", model.0))?;
            for word in ["first", "second"] {
                let found = Json(serde_json::json!(word));
                let row = FaceLook { model_id: model, asset_id: asset, found, at: tx.now() };
                face_models::keep_looks(tx, vec![row]).await?;
            }
            face_models::looks(tx, model, &[asset]).await
        })).await;
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].found.0, "first", "what was found first stays");
        world.write(move |tx| Box::pin(async move {
            tx.record(Evidence::new("test", "subject", subject.0))?;
            privacy::empty_assets(tx, subject).await.map(drop)
        })).await;
        let mut reader = world.store.read().await.unwrap();
        assert!(face_models::labels(&mut reader, run).await.unwrap().is_empty());
        assert!(face_models::frames(&mut reader, run).await.unwrap().is_empty());
        assert!(face_models::looks(&mut reader, model, &[asset]).await.unwrap().is_empty());
        assert_eq!(face_models::run(&mut reader, run).await.unwrap().unwrap().faces_hidden, Some(1));
    }
}
