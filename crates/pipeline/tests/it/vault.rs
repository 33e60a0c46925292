//! The vault taken away under a running pipeline: people work on, what came in waits, and goes on when it is back.

use std::{fs, path::Path, sync::Arc};

use countersign_model::{ItemId, ProjectId};
use countersign_pipeline::{items::ItemQuery, work::Wish};
use countersign_store::jobs::Job;
use countersign_synthesis::{ct_study, phantom};

use crate::harness::{House, PASSWORD};

/// A study of a made-up patient, written to a folder of its own.
pub fn study(folder: &Path, seed: u64) {
    let options = phantom::Options { size_px: 64, slices: 3, ..Default::default() };
    let study = ct_study(seed, &options);
    for instance in study.instances {
        let path = folder.join(format!("{seed}")).join(instance.file_name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, instance.bytes).unwrap();
    }
}

async fn items(house: &House, project: ProjectId, name: &str) -> Vec<(ItemId, String)> {
    let owner = house.sign_in(&format!("owner@{name}")).await;
    let page = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap();
    page.items.into_iter().map(|item| (item.id, item.phase)).collect()
}

async fn gate_jobs(house: &House) -> Vec<Job> {
    let mut conn = house.pipeline.store.read().await.unwrap();
    let sql = "SELECT * FROM jobs WHERE kind = 'gate' ORDER BY id";
    conn.query(sql).all().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn work_goes_on_without_the_vault_and_the_gate_waits_for_it() {
    let house = House::new().await;
    let project = house.project("ct", "radiology").await;
    let officer = house.sign_in("privacy_officer@ct").await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    let files = tempfile::tempdir().unwrap();
    study(files.path(), 3);
    house.ingest(project, vec![files.path().to_owned()]).await;
    assert_eq!(items(&house, project, "ct").await[0].1, "queued");

    let (vault, away) = (house.folder().join("vault"), house.folder().join("elsewhere"));
    fs::rename(&vault, &away).unwrap();
    assert!(!house.pipeline.store.vault().is_online());
    // Reading, looking and saving need no vault.
    let annotator = house.sign_in("annotator@ct").await;
    let work = house.pipeline.claim(&annotator, project, Wish::default()).await.unwrap();
    house.pipeline.raw_frame(&annotator, work.item.id, 0, 0).await.unwrap();
    let revision = work.read.unwrap().revision;
    house.pipeline.renew(&annotator, work.task.id, work.task.fence).await.unwrap();
    house.pipeline.give_back(&annotator, work.task.id, work.task.fence).await.unwrap();
    assert_eq!(revision, 0);
    // What comes in lies in quarantine; the gate's job waits and loses no try, however long it takes.
    study(files.path(), 4);
    let report = house.ingest(project, vec![files.path().to_owned()]).await;
    assert_eq!((report.items, report.refusals.len()), (1, 0), "{:?}", report.refusals);
    for _ in 0..8 {
        house.clock.forward(60);
        house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    }
    assert_eq!(items(&house, project, "ct").await[1].1, "quarantined");
    let job = gate_jobs(&house).await.pop().unwrap();
    assert_eq!(
        (job.state.as_str(), job.attempts, job.error_code.as_deref()),
        ("leased", 0, Some("vault_offline"))
    );

    fs::rename(&away, &vault).unwrap();
    house.clock.forward(60);
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
    assert_eq!(items(&house, project, "ct").await[1].1, "queued");
    assert_eq!(gate_jobs(&house).await.pop().unwrap().state, "done");
    let auditor = house.sign_in("auditor@ct").await;
    let events = house.pipeline.project_events(&auditor, project, None, None).await.unwrap().items;
    assert_eq!(events.iter().filter(|event| event.action == "crosswalk.written").count(), 2);
    house.pipeline.store.sequence().await.unwrap();
    house.pipeline.store.verify().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_names_a_patient_lies_in_clear_anywhere() {
    let house = House::new().await;
    let project = house.project("ct", "radiology").await;
    let officer = house.sign_in("privacy_officer@ct").await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    let files = tempfile::tempdir().unwrap();
    study(files.path(), 3);
    house.ingest(project, vec![files.path().to_owned()]).await;
    let mut folders = vec![house.folder()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            seen += 1;
            let bytes = fs::read(&path).unwrap();
            for needle in [&b"SYN-"[..], b"DICM"] {
                let holds = bytes.windows(needle.len()).any(|window| window == needle);
                assert!(!holds, "{} holds {:?}", path.display(), String::from_utf8_lossy(needle));
            }
        }
    }
    assert!(seen > 10);
}
