//! Instances that an archive stores one after the other: the study is looked at as a whole, once it stands still.

use std::{path::PathBuf, sync::Arc};

use countersign_model::{Frame, ProjectId};
use countersign_pipeline::{items::ItemQuery, people::Caller, views::ItemDetail};
use countersign_store::{Actor, Evidence, StoreError, assets, items, subjects};
use countersign_synthesis::phantom::{Options, ct_study};

use crate::harness::House;

/// The stable age that a server has when nobody sets another, seconds.
const STABLE_AGE_SECONDS: i64 = 60;

async fn drain(house: &House) {
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
}

async fn items(house: &House, project: ProjectId, owner: &Caller) -> Vec<ItemDetail> {
    let mut found = Vec::new();
    for item in house.pipeline.items(owner, project, ItemQuery::default()).await.unwrap().items {
        found.push(house.pipeline.item(owner, item.id).await.unwrap());
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn slices_that_come_one_by_one_are_one_stack() {
    let house = House::new().await;
    let project = house.project("p", "radiology").await;
    let (owner, technician) = (house.sign_in("owner@p").await, house.sign_in("technician@p").await);
    let files = ct_study(3, &Options { size_px: 64, slices: 9, ..Options::default() }).instances;
    let folder = tempfile::tempdir().unwrap();
    // Every second slice from above, then the others, the last of all held back.
    let mut order: Vec<usize> = (0..files.len()).rev().step_by(2).collect();
    order.extend((0..files.len()).skip(1).step_by(2));
    let late = order.pop().unwrap();
    let path = |n: usize| -> PathBuf {
        let path = folder.path().join(format!("part-{n:06}"));
        std::fs::write(&path, &files[n].bytes).unwrap();
        path
    };
    for n in &order {
        let stored = house.pipeline.store_instances(&technician, project, vec![path(*n)]).await.unwrap();
        assert_eq!(stored.len(), 1);
        assert!(stored[0].refusal.is_none(), "{:?}", stored[0]);
        let reference = stored[0].reference.as_ref().unwrap();
        assert_eq!(reference.class_uid, "1.2.840.10008.5.1.4.1.1.2");
        // Each one begins the wait anew.
        house.clock.forward(STABLE_AGE_SECONDS - 10);
        drain(&house).await;
    }
    let waiting = items(&house, project, &owner).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].phase, "quarantined", "it may still be arriving");

    // A restart neither forgets the study nor takes it for complete.
    house.pipeline.store.free_jobs().await.unwrap();
    drain(&house).await;
    assert_eq!(items(&house, project, &owner).await[0].phase, "quarantined");
    house.clock.forward(STABLE_AGE_SECONDS + 1);
    drain(&house).await;
    let whole = items(&house, project, &owner).await;
    assert_ne!(whole[0].phase, "quarantined");
    assert_eq!(whole[0].streams.len(), 1, "one series is one stack, however it came");
    let heights: Vec<f64> = whole[0].streams[0].frames.iter().map(|f| f.position_mm.unwrap()).collect();
    assert_eq!(heights.len(), order.len());
    assert!(heights.windows(2).all(|pair| pair[0] < pair[1]), "{heights:?}");
    assert_eq!(whole[0].facts.frames as usize, order.len());

    let again = house.pipeline.store_instances(&technician, project, vec![path(order[0])]).await.unwrap();
    assert!(again[0].refusal.is_none(), "what is known is no failure");
    let sent = house.pipeline.store_instances(&technician, project, vec![path(late)]).await.unwrap();
    assert_eq!(sent[0].refusal.as_ref().unwrap().code, "study_in_work");
    assert!(sent[0].reference.is_some(), "the sender is told which one");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_part_has_its_own_answer() {
    let house = House::new().await;
    let project = house.project("p", "radiology").await;
    let technician = house.sign_in("technician@p").await;
    let good = ct_study(4, &Options { size_px: 64, slices: 2, ..Options::default() }).instances;
    let folder = tempfile::tempdir().unwrap();
    let mut two_at_once = good[1].bytes.clone();
    two_at_once[..2].copy_from_slice(b"MZ");
    let bodies = [&good[0].bytes, &b"no instance".to_vec(), &two_at_once];
    let mut paths = Vec::new();
    for (n, bytes) in bodies.into_iter().enumerate() {
        paths.push(folder.path().join(format!("part-{n:06}")));
        std::fs::write(&paths[n], bytes).unwrap();
    }
    let stored = house.pipeline.store_instances(&technician, project, paths).await.unwrap();
    let told: Vec<_> = stored
        .iter()
        .map(|one| (one.reference.is_some(), one.refusal.as_ref().map(|refusal| refusal.code.as_str())))
        .collect();
    assert_eq!(told[0], (true, None));
    assert!(!told[1].0 && told[1].1.is_some(), "{told:?}");
    assert_eq!(told[2], (true, Some("polyglot_preamble")));
    let annotator = house.sign_in("annotator@p").await;
    assert!(house.pipeline.store_instances(&annotator, project, Vec::new()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_any_more_keeps_its_study_at_the_gate() {
    let house = House::new().await;
    let project = house.project("p", "radiology").await;
    let technician = house.sign_in("technician@p").await;
    let files = ct_study(5, &Options { size_px: 64, slices: 2, ..Options::default() }).instances;
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (n, file) in files.iter().enumerate() {
        paths.push(folder.path().join(format!("part-{n:06}")));
        std::fs::write(&paths[n], &file.bytes).unwrap();
    }
    house.pipeline.store_instances(&technician, project, paths).await.unwrap();
    let owner = house.sign_in("owner@p").await;
    let id = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap().items[0].id;

    // A slice that an older version took and this one cannot read.
    let store = &house.pipeline.store;
    let known = assets::of_item(&mut store.read().await.unwrap(), id).await.unwrap().remove(0);
    let subject = subjects::of_asset(&mut store.read().await.unwrap(), known.id).await.unwrap().unwrap();
    let put =
        store.quarantine().put(project, subject.id, bytes::Bytes::from_static(b"no instance")).await.unwrap();
    let written = store.write::<_, StoreError, _>(Actor::console(), move |tx| {
        Box::pin(async move {
            let mut item = items::by_id(tx, id).await?.unwrap();
            let odd = assets::Asset {
                id: tx.fresh(),
                address: put.address.clone(),
                content_hash: put.address.as_str().to_owned(),
                bytes: 11,
                ..known
            };
            let (odd, _) = assets::insert(tx, odd).await?;
            subjects::link_asset(tx, odd.id, subject.id).await?;
            let frame = Frame { asset: odd.id, part: 0, time_ns: None, position_mm: None };
            item.streams.0[0].frames.push(frame);
            items::set_content(tx, id, item.streams.0, item.facts.0).await?;
            tx.record(Evidence::new("item.extended", "item", id.uuid()).project(project).item(id))?;
            Ok(())
        })
    });
    written.await.unwrap();
    house.clock.forward(STABLE_AGE_SECONDS + 1);
    drain(&house).await;
    let officer = house.sign_in("privacy_officer@p").await;
    let waiting = house.pipeline.gate(&officer, project, None, None, None).await.unwrap().items;
    assert_eq!(waiting.len(), 1, "it is not put together without the slice");
    assert!(waiting[0].reasons.iter().any(|reason| reason == "not-cleaned"), "{:?}", waiting[0].reasons);
}
