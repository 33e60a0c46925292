//! Head scans: faces are taken off where the protocol says so, and for the public nothing leaves that may show one.

use countersign_dicom::{Limits, VR, read, tags, write};
use countersign_model::{Audience, DeidPlan, HeadScans, ProjectId};
use countersign_pipeline::{
    items::ItemQuery,
    oversight::RiskWaiver,
    people::Caller,
    release::{Selection, Wanted},
};
use countersign_store::{Actor, Evidence, risks};
use countersign_synthesis::phantom::head::{SlicePlane, Tissue, Weighting, head_study, tissue};

use crate::{
    harness::{House, PASSWORD},
    releases::{Crew, accepted_images, code},
};

const FACE: &str = "face-may-be-recognizable";
/// Field and spacing of the made-up head, mm.
const FIELD: f64 = 256.0;
const SPACING: f64 = 2.0;

/// Brings `slices` of a head in, from the vertex down.
async fn head(house: &House, head_scans: HeadScans, slices: usize) -> (ProjectId, Caller) {
    let project = house.project("p", "radiology").await;
    let officer = house.sign_in("privacy_officer@p").await;
    if head_scans == HeadScans::Deface {
        let plan = DeidPlan { head_scans, ..DeidPlan::default() };
        house.pipeline.set_deid(&officer, project, 1, plan, "heads are told apart", PASSWORD).await.unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let mut files = head_study(5, Weighting::Ct, SlicePlane::Axial).instances;
    files.sort_by(|a, b| b.file_name.cmp(&a.file_name));
    for file in &files[..slices] {
        std::fs::write(folder.path().join(&file.file_name), &file.bytes).unwrap();
    }
    let report = house.ingest(project, vec![folder.path().to_owned()]).await;
    assert!(report.refusals.is_empty(), "{:?}", report.refusals);
    (project, officer)
}

/// Stored values of the frame at a height, as they would be shown, and what stands at each pixel.
async fn shown(house: &House, project: ProjectId, z: f64) -> Vec<(Tissue, u16)> {
    let owner = house.sign_in("owner@p").await;
    let item = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap().items[0].id;
    let detail = house.pipeline.item(&owner, item).await.unwrap();
    let heights: Vec<f64> = detail.streams[0].frames.iter().map(|frame| frame.position_mm.unwrap()).collect();
    let at = heights.iter().position(|h| (h - z).abs() < SPACING / 2.0).unwrap();
    let frame = house.pipeline.raw_frame(&owner, item, 0, u32::try_from(at).unwrap()).await.unwrap();
    let (size, z) = ((FIELD / SPACING) as usize, heights[at]);
    let place = |n: usize| (n as f64 + 0.5) * SPACING - FIELD / 2.0;
    let values = frame.bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    values.enumerate().map(|(i, value)| (tissue([place(i % size), place(i / size), z]), value)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_face_is_told_or_taken_off() {
    let house = House::new().await;
    let (project, officer) = head(&house, HeadScans::Tell, 128).await;
    let told = house.pipeline.item_risks(&officer, project, true, None, None).await.unwrap().items;
    assert_eq!(told.iter().map(|risk| risk.risk.as_str()).collect::<Vec<_>>(), [FACE]);
    let nose = shown(&house, project, -27.0).await;
    assert!(nose.iter().any(|(tissue, value)| *tissue == Tissue::Nose && *value > 900));

    let house = House::new().await;
    let (project, officer) = head(&house, HeadScans::Deface, 128).await;
    assert!(house.pipeline.gate(&officer, project, None, None, None).await.unwrap().items.is_empty());
    assert!(house.pipeline.item_risks(&officer, project, false, None, None).await.unwrap().items.is_empty());
    let nose = shown(&house, project, -27.0).await;
    let dark = nose.iter().filter(|(tissue, _)| *tissue == Tissue::Nose).all(|(_, value)| *value == 0);
    assert!(dark, "the nose is painted over");
    let brain = shown(&house, project, 41.0).await;
    assert!(brain.iter().filter(|(tissue, _)| *tissue == Tissue::Brain).all(|(_, value)| *value > 900));
    let owner = house.sign_in("owner@p").await;
    let item = house.pipeline.items(&owner, project, ItemQuery::default()).await.unwrap().items[0].id;
    let done = house.pipeline.cleanings(&officer, item, None, None).await.unwrap().items;
    assert!(
        done.iter().all(|file| file.rules["face"]["method"] == "shear-1"),
        "the evidence names the plane"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_face_can_be_found_a_person_answers() {
    let house = House::new().await;
    // From the vertex down to the forehead: too little of a brain.
    let (project, officer) = head(&house, HeadScans::Deface, 16).await;
    let waiting = house.pipeline.gate(&officer, project, None, None, None).await.unwrap().items;
    assert_eq!(waiting.len(), 1);
    assert!(waiting[0].reasons.contains(&"face-not-removed".to_owned()), "{:?}", waiting[0].reasons);
    assert!(waiting[0].report.residual.iter().any(|place| place.starts_with("face-no-brain at series 1")));
    let entry = waiting[0].id;
    let plan = DeidPlan { head_scans: HeadScans::Deface, ..DeidPlan::default() };
    let shown = house.pipeline.gate_changes(&officer, entry, 0, Some(plan)).await.unwrap();
    assert!(shown.changes.iter().all(|change| change.action != "face removed"), "none was found to cut");
    let refused = house.pipeline.decide_gate(&officer, entry, true, "looked".into()).await.unwrap_err();
    assert_eq!(code(&refused), "waiver_needed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_of_the_rules_shows_the_cut_before_it_is_saved() {
    let house = House::new().await;
    let project = house.project("p", "radiology").await;
    let officer = house.sign_in("privacy_officer@p").await;
    let folder = tempfile::tempdir().unwrap();
    for file in head_study(5, Weighting::Ct, SlicePlane::Sagittal).instances {
        // Declared to have text: it waits, and can be looked at.
        let mut instance = read(&file.bytes, &Limits::default()).unwrap();
        instance.data.put_text(tags::BURNED_IN_ANNOTATION, VR::CS, "YES");
        std::fs::write(folder.path().join(&file.file_name), write(&instance).unwrap()).unwrap();
    }
    house.ingest(project, vec![folder.path().to_owned()]).await;
    let entry = house.pipeline.gate(&officer, project, None, None, None).await.unwrap().items[0].id;
    let cut = |preview: countersign_pipeline::gate::Preview| {
        preview.changes.iter().any(|change| change.action == "face removed")
    };
    let (told, draft) = (None, DeidPlan { head_scans: HeadScans::Deface, ..DeidPlan::default() });
    assert!(!cut(house.pipeline.gate_changes(&officer, entry, 64, told).await.unwrap()));
    assert!(cut(house.pipeline.gate_changes(&officer, entry, 64, Some(draft)).await.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_show_a_face_leaves_for_the_public_with_a_waiver_alone() {
    let house = House::new().await;
    let (project, crew, items) = accepted_images(&house, 2).await;
    let risky = items[0];
    let write =
        house.pipeline.store.write::<_, countersign_store::StoreError, _>(Actor::system(), move |tx| {
            Box::pin(async move {
                tx.record(Evidence::new("test", "item", risky.0).project(project))?;
                risks::note(tx, risky, project, &[FACE.to_owned()]).await
            })
        });
    write.await.unwrap();
    let public = || Wanted { items: Selection::AllAccepted, audience: Audience::Public, certification: None };
    let Crew { scientist, owner, .. } = &crew;
    let pipeline = &house.pipeline;
    let refused = pipeline
        .make_release_signed(scientist, project, "for all", public(), Some(PASSWORD.into()))
        .await
        .unwrap_err();
    assert_eq!(code(&refused), "risk_not_waived");
    let inside = pipeline
        .make_release_signed(scientist, project, "inside", Selection::AllAccepted, Some(PASSWORD.into()))
        .await
        .unwrap();
    assert_eq!(inside.audience, "internal");

    let waiver =
        |risk: &str, reason: &str| RiskWaiver { risk: risk.into(), items: None, reason: reason.into() };
    let officer = house.sign_in("privacy_officer@p").await;
    let not_theirs = pipeline.waive_risk(owner, project, waiver(FACE, "go on")).await.unwrap_err();
    assert_eq!(code(&not_theirs), "not_found");
    let why = pipeline.waive_risk(&officer, project, waiver(FACE, " ")).await.unwrap_err();
    assert_eq!(code(&why), "reason_required");
    let what = pipeline.waive_risk(&officer, project, waiver("none", "go on")).await.unwrap_err();
    assert_eq!(code(&what), "no_such_risk");
    assert_eq!(pipeline.waive_risk(&officer, project, waiver(FACE, "consent on file")).await.unwrap(), 1);

    let made = pipeline
        .make_release_signed(scientist, project, "for all", public(), Some(PASSWORD.into()))
        .await
        .unwrap();
    assert_eq!((made.state.as_str(), made.audience.as_str()), ("done", "public"));
    let certificate = made.certificate.unwrap().to_string();
    assert!(certificate.contains("for the public") && certificate.contains("\"items_with_a_waived_risk\":1"));
}
