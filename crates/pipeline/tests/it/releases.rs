//! From accepted items to a package that anybody can check, and what is refused on the way.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
    path::Path,
};

use countersign_ledger::{
    VerifierKey,
    release::{ReleaseFaultKind, ReleaseReport, verify_release},
};
use countersign_model::{AnnotationId, FrameRef, ItemId, ProjectId, ReleaseId, Shape};
use countersign_pipeline::{
    PipelineError,
    items::ItemQuery,
    people::Caller,
    release::{ReleaseView, Selection},
    review::Verdict,
    sign::Countersigning,
    signing::Components,
    work::{AnnotationInput, Change, Wish},
};
use countersign_sensors::kitti::{parse_calib, parse_labels};
use countersign_store::{Actor, Evidence, items, reads, releases};
use countersign_workflow::{Missing, ReviewDecision, SignDecision};
use futures::StreamExt;
use uuid::Uuid;

use crate::harness::{House, PASSWORD};

pub fn code(error: &PipelineError) -> String {
    match error {
        PipelineError::Refused(refusal) => refusal.code.to_string(),
        PipelineError::BadInput { code, .. } => (*code).into(),
        PipelineError::NotFound => "not_found".into(),
        other => other.to_string(),
    }
}

/// The people of a project, signed in.
pub struct Crew {
    pub annotator: Caller,
    pub reviewer: Caller,
    pub specialist: Caller,
    pub owner: Caller,
    pub scientist: Caller,
}

impl Crew {
    pub async fn of(house: &House, project: &str, reviewer: &str) -> Self {
        Self {
            annotator: house.sign_in(&format!("annotator@{project}")).await,
            reviewer: house.sign_in(&format!("{reviewer}@{project}")).await,
            specialist: house.sign_in(&format!("specialist@{project}")).await,
            owner: house.sign_in(&format!("owner@{project}")).await,
            scientist: house.sign_in(&format!("data_scientist@{project}")).await,
        }
    }

    /// Read, review, countersignature of whatever comes next; the item.
    pub async fn work(&self, house: &House, project: ProjectId, draw: &[AnnotationInput]) -> ItemId {
        let pipeline = &house.pipeline;
        let work = pipeline.claim(&self.annotator, project, Wish::default()).await.unwrap();
        let changes = draw.iter().cloned().map(|annotation| Change::Put { annotation }).collect();
        let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
        pipeline.submit(&self.annotator, task, fence, revision, changes).await.unwrap();
        self.finish(house, project).await
    }

    /// Review and countersignature of what was read; the item.
    pub async fn finish(&self, house: &House, project: ProjectId) -> ItemId {
        let pipeline = &house.pipeline;
        let work = pipeline.claim(&self.reviewer, project, Wish::default()).await.unwrap();
        let verdict = Verdict {
            marks: vec![],
            all_right: true,
            decision: ReviewDecision::Accept,
            missing: Some(Missing::Nothing),
            reason: None,
            comment: None,
            return_to: None,
        };
        let (task, fence, revision) = (work.task.id, work.task.fence, work.read.unwrap().revision);
        let standing = pipeline.review(&self.reviewer, task, fence, revision, vec![], verdict).await.unwrap();
        let work = pipeline.claim(&self.specialist, project, Wish::default()).await.unwrap();
        let act = Countersigning {
            decision: SignDecision::Sign,
            content_hash: standing.content_hash,
            password: PASSWORD.into(),
            reason: None,
            comment: None,
            return_to: None,
        };
        let done = pipeline.countersign(&self.specialist, work.task.id, work.task.fence, act).await.unwrap();
        assert_eq!(done.phase, "accepted");
        work.item.id
    }
}

pub fn mark(id: u128, class: &str, frame: Option<FrameRef>, shape: Shape) -> AnnotationInput {
    AnnotationInput {
        id: AnnotationId(Uuid::from_u128(id)),
        class: class.into(),
        frame,
        shape,
        attributes: BTreeMap::new(),
        arrangement: Default::default(),
        unclear: None,
    }
}

const FIRST: Option<FrameRef> = Some(FrameRef { stream: 0, index: 0 });

pub fn png(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let image = image::GrayImage::from_fn(width, height, |x, y| image::Luma([(x * 3 + y * seed) as u8]));
    image.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
    bytes
}

pub async fn ingest(house: &House, project: ProjectId, name: &str, files: &[(String, Vec<u8>)]) {
    let officer = house.sign_in(&format!("privacy_officer@{name}")).await;
    house.pipeline.declare_public(&officer, project, PASSWORD).await.unwrap();
    bring(house, project, files).await;
}

/// More files for a project whose data were declared.
pub async fn bring(house: &House, project: ProjectId, files: &[(String, Vec<u8>)]) {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let report = house.ingest(project, vec![folder.path().to_owned()]).await;
    assert!(report.refusals.is_empty(), "{:?}", report.refusals);
}

/// Images of a project, the first `accepted` of them through all stages.
pub async fn images(house: &House, accepted: u32, waiting: u32) -> (ProjectId, Crew, Vec<ItemId>) {
    let project = house.project("p", "images").await;
    let files: Vec<_> =
        (0..accepted + waiting).map(|n| (format!("{n}.png"), png(64 + n, 48, n + 1))).collect();
    ingest(house, project, "p", &files).await;
    let crew = Crew::of(house, "p", "reviewer").await;
    let mut items = Vec::new();
    for n in 0..accepted {
        let shape = Shape::Box { x: 3.0, y: 2.0, w: 10.5, h: 5.25 };
        // The second one is empty: reviewed, and nothing found.
        let drawn = if n == 1 { vec![] } else { vec![mark(u128::from(n) + 1, "object", FIRST, shape)] };
        items.push(crew.work(house, project, &drawn).await);
    }
    (project, crew, items)
}

/// Images that passed every stage.
pub async fn accepted_images(house: &House, count: u32) -> (ProjectId, Crew, Vec<ItemId>) {
    images(house, count, 0).await
}

pub async fn package(house: &House, caller: &Caller, id: ReleaseId) -> Vec<u8> {
    let mut download = house.pipeline.release_stream(caller, id).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = download.stream.next().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(bytes.len() as u64, download.bytes);
    bytes
}

pub fn member(package: &[u8], name: &str) -> Vec<u8> {
    let mut zip = zip::ZipArchive::new(Cursor::new(package)).unwrap();
    let mut bytes = Vec::new();
    zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

async fn make(
    house: &House,
    crew: &Crew,
    project: ProjectId,
    name: &str,
) -> (ReleaseView, Vec<u8>, ReleaseReport) {
    let (pipeline, signed) = (&house.pipeline, Some(Components::from(PASSWORD)));
    let begun = pipeline.make_release_signed(&crew.scientist, project, name, Selection::AllAccepted, signed);
    let mut made = begun.await.unwrap();
    if made.state == "proposed" {
        made = pipeline.countersign_release(&crew.owner, made.id, PASSWORD.into()).await.unwrap();
    }
    let bytes = package(house, &crew.scientist, made.id).await;
    let key = VerifierKey::parse(&house.pipeline.store.log_key()).unwrap();
    let report = verify_release(Cursor::new(&bytes), Some(&key)).unwrap();
    (made, bytes, report)
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_images_leave_with_their_evidence_and_a_flipped_byte_is_named() {
    let house = House::new().await;
    let (project, crew, items) = images(&house, 3, 1).await;
    let (made, bytes, report) = make(&house, &crew, project, "v1").await;
    assert_eq!((made.state.as_str(), made.items, made.annotations), ("done", 3, 2));
    assert_eq!(made.root.as_deref(), Some(report.certificate.root.to_hex().as_str()));
    assert_eq!(made.file_name, "p-v1.zip");
    let statement = &report.certificate.statement;
    let wanted =
        [("items", 3), ("items_without_annotations", 1), ("items_reviewed", 3), ("items_countersigned", 3)];
    for (name, count) in wanted {
        assert_eq!(statement.counts[name], count, "{name}");
    }
    assert!(statement.not_claimed.iter().any(|text| text.contains("no statistical statement")));
    assert!(statement.not_claimed.iter().any(|text| text.contains("each item was read once")));
    assert_eq!(statement.signatories[0].actor, crew.scientist.user().to_string());
    assert_eq!((report.event.action.as_str(), report.one_actor_items), ("release.made", 0));

    let manifest = String::from_utf8(member(&bytes, "manifest.jsonl")).unwrap();
    let record: serde_json::Value = serde_json::from_str(manifest.lines().next().unwrap()).unwrap();
    let meanings: Vec<_> = record["authors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| (a["role"].clone(), a["meaning"].clone()))
        .collect();
    let wanted = [("annotator", "authored"), ("reviewer", "reviewed"), ("specialist", "approved")];
    assert_eq!(meanings, wanted.map(|(role, meaning)| (role.into(), meaning.into())));
    assert_eq!(record["item"], items.iter().min().unwrap().to_string());
    assert_eq!(record["assets"].as_array().unwrap().len(), 1);

    let coco = countersign_exchange::coco::read_dataset(&member(&bytes, "coco.json")[..]).unwrap();
    let sizes: Vec<_> = coco.images.iter().map(|image| (image.width, image.height)).collect();
    assert_eq!((coco.annotations.len(), sizes.len()), (2, 3));
    assert!(sizes.iter().all(|(width, height)| (64..68).contains(width) && *height == 48), "{sizes:?}");
    assert_eq!(coco.annotations[0].bbox, [3.0, 2.0, 10.5, 5.25]);
    let mut native =
        countersign_exchange::native::Reader::new(Cursor::new(member(&bytes, "annotations.jsonl")));
    let mut read_back = Vec::new();
    while let Some(item) = native.next_item().unwrap() {
        read_back.push(item.head.item_id);
    }
    let mut expected = items.clone();
    expected.sort();
    assert_eq!(read_back, expected);

    let mut flipped = bytes.clone();
    let at = bytes.windows(5).position(|w| w == b"bbox\"").unwrap();
    flipped[at] ^= 1;
    let fault = verify_release(Cursor::new(&flipped), None).unwrap_err();
    assert_eq!((fault.kind, fault.file.as_deref()), (ReleaseFaultKind::Altered, Some("coco.json")));
    assert!(fault.in_package.unwrap().contains(&(at as u64)));

    let shown = house.pipeline.item(&crew.owner, items[0]).await.unwrap();
    assert_eq!(shown.phase, "released");
    let evidence = house.pipeline.project_events(&crew.owner, project, Some(100), None).await.unwrap().items;
    for wanted in
        ["release.started", "release.made", "release.finished", "release.downloaded", "item.released"]
    {
        assert!(evidence.iter().any(|event| event.action == wanted), "{wanted}");
    }
    house.pipeline.store.sequence().await.unwrap();
    house.pipeline.store.verify().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn old_releases_stay_what_they_were_while_work_goes_on() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 1, 1).await;
    let (first, first_bytes, _) = make(&house, &crew, project, "v1").await;
    crew.work(&house, project, &[mark(50, "person", FIRST, Shape::Box { x: 1.0, y: 1.0, w: 2.0, h: 2.0 })])
        .await;
    let (second, _, report) = make(&house, &crew, project, "v2").await;
    assert_eq!((second.items, report.certificate.statement.counts["annotations"]), (2, 2));
    assert_ne!(first.root, second.root);
    assert_eq!(package(&house, &crew.scientist, first.id).await, first_bytes);
    verify_release(Cursor::new(&first_bytes), None).unwrap();
    for release in [&first, &second] {
        let again = house.pipeline.recompute_release_root(release.id).await.unwrap();
        assert_eq!(Some(again), release.root);
    }
    let names: Vec<_> =
        house.pipeline.releases(&crew.owner, project).await.unwrap().into_iter().map(|r| r.name).collect();
    assert_eq!(names, ["v2", "v1"]);
    let taken = house
        .pipeline
        .make_release_signed(&crew.owner, project, "v2", Selection::AllAccepted, Some(PASSWORD.into()))
        .await;
    assert_eq!(code(&taken.unwrap_err()), "name_taken");
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("out.zip");
    house.pipeline.copy_release(Actor::console(), first.id, &to).await.unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), first_bytes);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_leave_is_refused_by_name() {
    let house = House::new().await;
    let (project, crew, items) = images(&house, 2, 1).await;
    let make = |caller: &Caller, name: &'static str, selection: Selection| {
        let (pipeline, caller) = (house.pipeline.clone(), caller.clone());
        async move { pipeline.make_release_signed(&caller, project, name, selection, Some(PASSWORD.into())).await }
    };
    let refused = make(&crew.specialist, "x", Selection::AllAccepted).await.unwrap_err();
    assert_eq!(code(&refused), "not_found");
    let all = house.pipeline.items(&crew.owner, project, ItemQuery::default()).await.unwrap().items;
    let waiting = all.iter().find(|item| item.phase == "queued").unwrap().id;
    let refused = make(&crew.owner, "x", Selection::Items(vec![items[0], waiting])).await.unwrap_err();
    assert_eq!(code(&refused), "item_not_accepted");
    assert!(refused.to_string().contains(&waiting.to_string()));
    let refused = make(&crew.owner, "x", Selection::Items(vec![])).await.unwrap_err();
    assert_eq!(code(&refused), "nothing_accepted");
    house.pipeline.hold(&crew.owner, items[0], "a doubt".into()).await.unwrap();
    let refused = make(&crew.owner, "x", Selection::Items(vec![items[0]])).await.unwrap_err();
    assert_eq!(code(&refused), "held");
    // "All" leaves the held one out, and nothing of the refused attempts kept the name.
    let made = make(&crew.owner, "x", Selection::AllAccepted).await.unwrap();
    assert_eq!(made.items, 1);
    assert_eq!(house.pipeline.item(&crew.owner, items[0]).await.unwrap().phase, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn annotations_that_changed_behind_a_signature_stop_the_release() {
    let house = House::new().await;
    let (project, crew, items) = images(&house, 1, 0).await;
    let store = house.pipeline.store.clone();
    let item = items[0];
    let changed = store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            let read = items::by_id(tx, item).await?.unwrap().accepted_read_id.unwrap();
            let row = reads::annotations(tx, read).await?.pop().unwrap();
            reads::annotate(tx, vec![reads::AnnotationRow { version: 9, seq: 99, body: None, ..row }])
                .await?;
            tx.record(Evidence::new("test.tampered", "read", read.uuid()))?;
            Ok(())
        })
    });
    changed.await.unwrap();
    let refused = house
        .pipeline
        .make_release_signed(&crew.owner, project, "v1", Selection::AllAccepted, Some(PASSWORD.into()))
        .await
        .unwrap_err();
    assert_eq!(code(&refused), "content_changed");
    assert!(refused.to_string().contains(&item.to_string()));
    let list = house.pipeline.releases(&crew.owner, project).await.unwrap();
    assert_eq!((list.len(), list[0].state.as_str()), (1, "failed"));
    let events = house.pipeline.project_events(&crew.owner, project, Some(10), None).await.unwrap().items;
    assert!(
        events.iter().any(|e| e.action == "release.failed" && e.reason.as_deref() == Some("content_changed"))
    );
    let refused = house.pipeline.release_stream(&crew.owner, list[0].id).await.map(|_| ()).unwrap_err();
    assert_eq!(code(&refused), "not_finished");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_whose_process_died_is_ended_by_the_sweep_and_its_name_is_free() {
    let house = House::new().await;
    let (project, crew, _) = images(&house, 1, 0).await;
    let store = house.pipeline.store.clone();
    let left = store.write::<_, PipelineError, _>(Actor::system(), move |tx| {
        Box::pin(async move {
            let release = releases::Release {
                audience: "internal".into(),
                countersigned_by: None,
                countersigned_at: None,
                certification_id: None,
                format: 1,
                carried_to: None,
                id: tx.fresh(),
                project_id: project,
                name: "v1".into(),
                state: "building".into(),
                root: None,
                manifest_hash: None,
                items: 0,
                annotations: 0,
                address: None,
                bytes: None,
                certificate: None,
                created_by: None,
                created_at: tx.now(),
                event_id: None,
            };
            tx.record(Evidence::new("release.started", "release", release.id.uuid()).project(project))?;
            releases::insert(tx, release.clone(), vec![]).await?;
            Ok(release.id)
        })
    });
    let left = left.await.unwrap();
    assert_eq!(house.pipeline.sweep_releases().await.unwrap(), 1);
    assert_eq!(house.pipeline.release(&crew.owner, left).await.unwrap().state, "failed");
    assert_eq!(house.pipeline.sweep_releases().await.unwrap(), 0);
    let (made, ..) = make(&house, &crew, project, "v1").await;
    assert_eq!(made.state, "done");
}

/// One camera, one LiDAR, in KITTI's layout.
pub fn scene_files() -> Vec<(String, Vec<u8>)> {
    let calib = "P2: 70 0 60 7 0 70 18 0 0 0 1 0\nR0_rect: 1 0 0 0 1 0 0 0 1\n\
                 Tr_velo_to_cam: 0 -1 0 0 0 0 -1 -0.08 1 0 0 -0.27\n";
    let mut sweep = Vec::new();
    for n in 0..2_000_u16 {
        let angle = f32::from(n) * 0.01;
        for value in [12.0 * angle.cos(), 12.0 * angle.sin(), -1.7, 0.3] {
            sweep.extend_from_slice(&value.to_le_bytes());
        }
    }
    vec![
        ("image_2/000000.png".into(), png(124, 37, 2)),
        ("velodyne/000000.bin".into(), sweep),
        ("calib/000000.txt".into(), calib.as_bytes().to_vec()),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn cuboids_of_a_scene_come_back_from_kitti_files() {
    let house = House::new().await;
    let project = house.project("drive", "driving").await;
    ingest(&house, project, "drive", &scene_files()).await;
    let crew = Crew::of(&house, "drive", "reviewer").await;
    let (center, size) = ([15.0, 2.0, -0.9], [4.2, 1.8, 1.6]);
    let car = Shape::Cuboid { center, size, rotation: [(0.3f64).cos(), 0.0, 0.0, (0.3f64).sin()] };
    crew.work(&house, project, &[mark(1, "car", None, car)]).await;
    let (_, bytes, report) = make(&house, &crew, project, "v1").await;
    let counts = &report.certificate.statement.counts;
    assert_eq!((counts["kitti_frames"], counts["kitti_scenes_left_out"]), (1, 0));
    let text = |name: &str| String::from_utf8(member(&bytes, name)).unwrap();
    let calibration = parse_calib(&text("kitti/calib/000000.txt")).unwrap();
    let labels = parse_labels(&text("kitti/label_2/000000.txt")).unwrap();
    assert_eq!(counts["kitti_objects"], labels.len() as u64);
    let car = labels.iter().find(|label| label.class == "Car" && label.score.is_none()).unwrap();
    let cuboid = car.cuboid(&calibration).unwrap();
    for axis in 0..3 {
        assert!((cuboid.center[axis] - center[axis]).abs() < 1e-3, "{cuboid:?}");
        assert!((cuboid.size[axis] - size[axis]).abs() < 1e-3, "{cuboid:?}");
    }
    assert!((cuboid.rotation.yaw() - 0.6).abs() < 1e-3);
    assert!(car.bbox.is_some(), "ahead of the camera");
    // A cuboid is no outline: the camera image is not listed as one without cars.
    let coco = countersign_exchange::coco::read_dataset(&member(&bytes, "coco.json")[..]).unwrap();
    assert!(coco.images.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_leave_with_the_draft_of_the_model_named_as_such() {
    let house = House::new().await;
    let project = house.project("boards", "inspection").await;
    let options = countersign_synthesis::parts::Options { side_px: 160, lot: "lot-1".into() };
    let files: Vec<_> =
        countersign_synthesis::lot(7, 2, &options).iter().flat_map(|part| part.files(false)).collect();
    ingest(&house, project, "boards", &files).await;
    let crew = Crew::of(&house, "boards", "quality_engineer").await;
    let drawn = mark(1, "short", FIRST, Shape::Box { x: 4.0, y: 4.0, w: 9.0, h: 9.0 });
    crew.work(&house, project, &[drawn]).await;
    crew.work(&house, project, &[]).await;
    let (made, bytes, report) = make(&house, &crew, project, "v1").await;
    let counts = &report.certificate.statement.counts;
    assert_eq!((made.items, counts["annotations_by_people"], counts["coco_images"]), (2, 1, 2));
    assert_eq!(counts["annotations"], counts["coco_annotations"]);
    let manifest = String::from_utf8(member(&bytes, "manifest.jsonl")).unwrap();
    for line in manifest.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let first = &record["authors"][0];
        assert_eq!((&first["role"], &first["meaning"]), (&"model".into(), &"drafted".into()));
        assert_eq!(record["assets"].as_array().unwrap().len(), 2, "exposure and template");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_study_without_findings_keeps_an_entry_for_each_series() {
    let house = House::new().await;
    let project = house.project("ct", "radiology").await;
    let options = countersign_synthesis::phantom::Options { size_px: 64, slices: 3, ..Default::default() };
    let study = countersign_synthesis::ct_study(3, &options);
    let files: Vec<_> =
        study.instances.into_iter().map(|instance| (instance.file_name, instance.bytes)).collect();
    ingest(&house, project, "ct", &files).await;
    let crew = Crew::of(&house, "ct", "reviewer").await;
    let mut quality = mark(1, "study_quality", None, Shape::Tag {});
    quality.attributes.insert("grade".into(), "good".into());
    crew.work(&house, project, &[quality]).await;
    let (_, bytes, report) = make(&house, &crew, project, "v1").await;
    assert_eq!(report.certificate.statement.counts["coco_images"], 1);
    let coco = countersign_exchange::coco::read_dataset(&member(&bytes, "coco.json")[..]).unwrap();
    assert_eq!(coco.images[0].tags, ["study_quality"]);
    assert_eq!((coco.images[0].width, coco.images[0].height), (64, 64));
    let protocol = member(&bytes, "protocol.json");
    let hash = countersign_ledger::Hash::of(&protocol);
    assert_eq!(report.certificate.statement.protocols[0].content_hash, Some(hash));
}
