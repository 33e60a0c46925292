//! The same bytes in several items are one asset, and every item has them.

use std::{collections::HashSet, fs, path::Path, sync::Arc};

use countersign_model::{ItemId, ProjectId};
use countersign_pipeline::{items::ItemQuery, people::Caller, views::ItemDetail};
use countersign_synthesis::{parts, scene};

use crate::harness::{House, PASSWORD};

fn write(folder: &Path, files: impl IntoIterator<Item = (String, Vec<u8>)>) {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

async fn details(house: &House, caller: &Caller, project: ProjectId) -> Vec<ItemDetail> {
    let page = house.pipeline.items(caller, project, ItemQuery::default()).await.unwrap();
    let mut found = Vec::new();
    for item in page.items {
        found.push(house.pipeline.item(caller, item.id).await.unwrap());
    }
    found
}

async fn viewers(house: &House, caller: &Caller, item: ItemId) -> usize {
    house.pipeline.item_exposures(caller, item, None, None).await.unwrap().items.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scene_of_a_drive_has_the_calibration_that_they_share() {
    let house = House::new().await;
    let project = house.project("drive", "driving").await;
    let officer = house.sign_in("privacy_officer@drive").await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = scene::Options { width_px: 200, azimuths: 90, ..scene::Options::default() };
    let made = scene::driving_scene(3, 4, &options);
    let calibrations: HashSet<&str> = made.frames.iter().map(|frame| frame.calibration.as_str()).collect();
    assert_eq!(calibrations.len(), 1, "the frames of one drive share their calibration");
    // Three frames now, one in a later run: its calibration is here already.
    write(folder.path(), made.frames[..3].iter().flat_map(|frame| frame.files(false)));
    assert_eq!(house.ingest(project, vec![folder.path().to_owned()]).await.items, 3);
    write(folder.path(), made.frames[3].files(false));
    let later = house.ingest(project, vec![folder.path().to_owned()]).await;
    assert_eq!((later.items, later.refusals.len()), (1, 0), "{:?}", later.refusals);
    let again = house.ingest(project, vec![folder.path().to_owned()]).await;
    assert_eq!((again.items, again.ingest.stored), (0, 0));

    let owner = house.sign_in("owner@drive").await;
    let scenes = details(&house, &owner, project).await;
    assert_eq!(scenes.len(), 4);
    for scene in &scenes {
        assert_eq!(scene.phase, "queued");
        let calibrated = scene.streams.iter().filter(|s| s.properties.contains_key("calibration")).count();
        assert_eq!(calibrated, 2, "{} lacks its calibration", scene.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_with_one_template_are_all_shown_cleaned() {
    let house = House::new().await;
    let project = house.project("boards", "inspection").await;
    let folder = tempfile::tempdir().unwrap();
    let options = parts::Options { side_px: 160, ..parts::Options::default() };
    let mut made = parts::lot(9, 3, &options);
    let template = made[0].template.clone();
    for part in &mut made {
        part.template.clone_from(&template);
    }
    write(folder.path(), made.iter().flat_map(|part| part.files(false)));
    assert_eq!(house.ingest(project, vec![folder.path().to_owned()]).await.items, 3);

    let owner = house.sign_in("owner@boards").await;
    let auditor = house.sign_in("auditor@boards").await;
    let parts = details(&house, &owner, project).await;
    let templates: HashSet<_> = parts.iter().map(|part| part.streams[1].frames[0].asset).collect();
    assert_eq!(templates.len(), 1, "the template is one asset");
    for part in &parts {
        assert_eq!(part.phase, "queued");
        // Both pictures can be had: neither frame still names bytes that lie in quarantine.
        for stream in 0..2 {
            house.pipeline.image(&owner, part.id, stream, 0, None, Default::default()).await.unwrap();
        }
        assert_eq!(viewers(&house, &auditor, part.id).await, 2, "who saw {}", part.name);
    }
    let done = house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    assert_eq!(done, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn scenes_with_one_picture_are_both_shown_after_an_officer_cleared_them() {
    let house = House::new().await;
    let project = house.project("street", "driving").await;
    let folder = tempfile::tempdir().unwrap();
    let options = scene::Options { width_px: 200, azimuths: 90, ..scene::Options::default() };
    let mut made = scene::driving_scene(8, 2, &options);
    made.frames[1].image = made.frames[0].image.clone();
    write(folder.path(), made.frames.iter().flat_map(|frame| frame.files(false)));
    assert_eq!(house.ingest(project, vec![folder.path().to_owned()]).await.items, 2);
    let officer = house.sign_in("privacy_officer@street").await;
    let waiting = house.pipeline.gate(&officer, project, None, None, None).await.unwrap().items;
    assert_eq!(waiting.len(), 2);
    for entry in waiting {
        house.pipeline.decide_gate(&officer, entry.id, true, "no faces".into()).await.unwrap();
    }
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    let owner = house.sign_in("owner@street").await;
    for scene in details(&house, &owner, project).await {
        assert_eq!(scene.phase, "queued");
        house.pipeline.image(&owner, scene.id, 0, 0, None, Default::default()).await.unwrap();
        house.pipeline.points(&owner, scene.id, 1, 0).await.unwrap();
    }
}
