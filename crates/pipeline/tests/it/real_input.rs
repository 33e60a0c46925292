//! Real files come in, pass the gate or wait at it, and get a draft.

use countersign_model::{Author, Role};
use countersign_pipeline::items::ItemQuery;

use crate::harness::{House, samples};

#[tokio::test(flavor = "multi_thread")]
async fn an_mr_series_becomes_one_study_with_its_slices_in_order() {
    let Some(folder) = samples("dicom-series") else { return };
    let house = House::new().await;
    let project = house.project("mr", "radiology").await;
    let report = house.ingest(project, vec![folder.clone()]).await;
    assert_eq!((report.items, report.ingest.stored), (1, 14), "{:?}", report.refusals);
    let owner = house.sign_in("owner@mr").await;
    let page = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap();
    let item = &page.items[0];
    assert_eq!(item.facts.modality.as_deref(), Some("MR"));
    assert_eq!(item.phase, "queued", "original primary MR images are vouched for");
    let detail = house.pipeline.item(&owner, item.id).await.unwrap();
    let frames: usize = detail.streams.iter().map(|stream| stream.frames.len()).sum();
    assert_eq!(frames, detail.facts.frames as usize);
    for stream in &detail.streams {
        let positions: Vec<f64> = stream.frames.iter().filter_map(|frame| frame.position_mm).collect();
        assert!(positions.is_sorted(), "{positions:?}");
    }
    // The same files again: nothing new.
    let again = house.ingest(project, vec![folder]).await;
    assert_eq!((again.items, again.ingest.stored, again.ingest.known), (0, 0, 14));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dicom_sample_is_an_item_or_is_refused_with_its_place() {
    let Some(folder) = samples("dicom") else { return };
    let house = House::new().await;
    let project = house.project("mixed", "radiology").await;
    let files = std::fs::read_dir(&folder).unwrap().count() as u64;
    let report = house.ingest(project, vec![folder]).await;
    assert_eq!(report.ingest.stored + report.ingest.refused, files);
    for refusal in &report.refusals {
        assert!(!refusal.name.is_empty() && !refusal.code.is_empty(), "{refusal:?}");
        println!("{refusal:?}");
    }
    let owner = house.sign_in("owner@mixed").await;
    let page = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap();
    assert!(
        page.items.iter().all(|item| item.phase == "queued" || item.phase == "quarantined"),
        "{:?}",
        page.items
    );
    let officer = house.sign_in("privacy_officer@mixed").await;
    let waiting = house.pipeline.gate(&officer, project, None, None, None).await.unwrap().items;
    let held = page.items.iter().filter(|item| item.phase == "quarantined").count();
    assert_eq!(waiting.len(), held);
    for entry in &waiting {
        println!("{} {:?} {:?}", entry.name, entry.reasons, entry.report.residual);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kitti_frames_become_scenes_that_wait_until_the_data_is_declared_public() {
    let Some(folder) = samples("kitti") else { return };
    let house = House::new().await;
    let project = house.project("drive", "driving").await;
    let report = house.ingest(project, vec![folder]).await;
    assert_eq!(report.items, 3, "{:?}", report.refusals);
    let officer = house.sign_in("privacy_officer@drive").await;
    let waiting = house.pipeline.gate(&officer, project, None, None, None).await.unwrap().items;
    assert_eq!(waiting.len(), 3);
    house.pipeline.declare_public(&officer, project, crate::harness::PASSWORD).await.unwrap();
    house.pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
    let owner = house.sign_in("owner@drive").await;
    let page = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap();
    assert!(page.items.iter().all(|item| item.phase == "queued"));
    let detail = house.pipeline.item(&owner, page.items[0].id).await.unwrap();
    assert_eq!(detail.streams.len(), 2);
    for item in &page.items {
        let detail = house.pipeline.item(&owner, item.id).await.unwrap();
        assert!(detail.streams.iter().all(|stream| stream.properties.contains_key("calibration")));
    }
    let points = house.pipeline.points(&owner, detail.id, 1, 0).await.unwrap();
    assert!(points.len() > 100_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn pairs_become_parts_with_lots_and_drafts() {
    let Some(folder) = samples("pcb") else { return };
    let house = House::new().await;
    let project = house.project("boards", "inspection").await;
    let report = house.ingest(project, vec![folder.join("group12000")]).await;
    assert_eq!(report.items, 14, "{:?}", report.refusals);
    let owner = house.sign_in("owner@boards").await;
    let query = ItemQuery { lot: Some("group12000".into()), ..ItemQuery::default() };
    let page = house.pipeline.items(&owner, project, query).await.unwrap();
    assert_eq!(page.items.len(), 14);
    let auditor = house.sign_in(&format!("{}@boards", Role::Auditor)).await;
    let detail = house.pipeline.item(&auditor, page.items[0].id).await.unwrap();
    let draft = detail.reads.iter().find(|read| matches!(read.author, Author::Model { .. })).unwrap();
    assert!(draft.annotation_count > 0);
}
