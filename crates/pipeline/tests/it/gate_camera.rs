//! The gate and the model for faces and plates: what it clears, and everything that keeps pictures in the queue.

use std::{path::PathBuf, sync::Arc};

use countersign_model::{GateEntryId, ItemId, ProjectId, Zone};
use countersign_pipeline::{
    Pipeline, PipelineError,
    gate::{GateEntryView, MaskDraft, ProposalOrigin},
    items::ItemQuery,
    models::{FaceModelDraft, ModelServers, SampleCategory, SampleDraft, SampleImage, SampleLabel},
    people::Caller,
};
use countersign_store::{Actor, assets, items};
use countersign_synthesis::scene;
use sha2::{Digest, Sha256};

use crate::{
    acceptance::{believe, bring, house, register, run, street},
    harness::House,
    model_server::{Manner, ModelServer},
};

/// Frames of a sample that reach a bound of 0.74 without a miss: `0.05^(1/10)`.
const FEW: u32 = 10;
const ENOUGH: f64 = 0.7;

async fn waiting(house: &House, officer: &Caller, project: ProjectId) -> Vec<GateEntryView> {
    house.pipeline.gate(officer, project, None, Some(200), None).await.unwrap().items
}

/// What keeps the entries of a project waiting: the codes of their residuals, each once.
async fn codes(house: &House, officer: &Caller, project: ProjectId) -> Vec<String> {
    let waiting = waiting(house, officer, project).await;
    assert!(waiting.iter().all(|entry| entry.reasons == ["faces-and-plates-not-ruled-out"]));
    let residual = waiting.iter().flat_map(|entry| &entry.report.residual);
    let mut codes: Vec<_> =
        residual.map(|text| text.split(' ').next().unwrap_or_default().to_owned()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

async fn drain(house: &House) {
    house.pipeline.drain(Arc::new(|_| {})).await.unwrap();
}

/// The cleaned picture of an item, decoded.
async fn cleaned(house: &House, item: ItemId) -> image::RgbImage {
    let store = &house.pipeline.store;
    let mut conn = store.read().await.unwrap();
    let item = items::by_id(&mut conn, item).await.unwrap().unwrap();
    let asset = assets::by_id(&mut conn, item.streams.0[0].frames[0].asset).await.unwrap().unwrap();
    assert_eq!(asset.zone, Zone::Cleared);
    let bytes = store.cleared().for_machine(asset.project_id, &asset.address).await.unwrap();
    image::load_from_memory(&bytes).unwrap().into_rgb8()
}

async fn all_items(house: &House, caller: &Caller, project: ProjectId) -> Vec<(ItemId, String)> {
    let query = ItemQuery { limit: Some(200), ..ItemQuery::default() };
    let page = house.pipeline.items(caller, project, query).await.unwrap();
    page.items.into_iter().map(|item| (item.id, item.phase)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_model_clears_what_it_has_masked_for_good() {
    let server = ModelServer::start(Manner::Well).await;
    let (house, project, officer) = house(&server).await;
    let sample = bring(&house, project, 0..60).await;
    let model = register(&house, &officer, project, &server).await;
    believe(&house, &officer, project, 0.95, 1).await;
    assert_eq!(codes(&house, &officer, project).await, ["model-not-accepted"]);
    assert_eq!(server.looked(), 0, "who is not accepted is given nothing but the sample");

    let done = run(&house, &officer, &model, &sample).await;
    assert!(done.faces.bound > Some(0.95) && done.plates.bound > Some(0.95));
    drain(&house).await;
    assert!(waiting(&house, &officer, project).await.is_empty());
    assert!(house.pipeline.face_model(&officer, model.id).await.unwrap().accepted);
    let owner = house.sign_in("owner@streets").await;
    let items = all_items(&house, &owner, project).await;
    assert_eq!(items.len(), 60);
    for (item, phase) in &items {
        assert_ne!(phase, "quarantined");
        let picture = cleaned(&house, *item).await;
        assert!(picture.pixels().all(|p| p.0[0] < 150 && p.0[2] < 150), "no red and no blue is left");
        let black = picture.pixels().filter(|p| p.0 == [0, 0, 0]).count();
        assert!((16 * 16 + 20 * 12..1_000).contains(&black), "{black}");
        assert_eq!(picture.get_pixel(127, 0).0, [120, 121, 122], "what is not masked is as it was");
    }
    // The evidence of each file names the model, its configuration, its run and the bounds.
    let records = house.pipeline.cleanings(&officer, items[0].0, None, None).await.unwrap().items;
    let record = records.last().unwrap();
    let camera = &serde_json::to_value(record).unwrap()["rules"]["camera"];
    assert_eq!((&camera["model"], &camera["version"]), (&"street".into(), &"1".into()));
    assert_eq!(
        (&camera["config_hash"], &camera["run"]),
        (&model.config_hash.into(), &done.id.to_string().into())
    );
    assert_eq!(camera["faces_bound"].as_f64(), done.faces.bound);
    let mut conn = house.pipeline.store.read().await.unwrap();
    let sql = "SELECT COUNT(*) AS n FROM events WHERE action = 'asset.handed_out' AND reason = 'gate'";
    let handed: u64 = conn.query(sql).fetch_one().await.unwrap().get("n").unwrap();
    assert_eq!((handed, server.looked()), (60, 120));
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_keeps_the_model_from_looking_keeps_the_pictures_in_the_queue() {
    let server = ModelServer::start(Manner::Well).await;
    let (house, project, officer) = house(&server).await;
    believe(&house, &officer, project, ENOUGH, 1).await;
    let sample = bring(&house, project, 0..FEW).await;
    assert_eq!(codes(&house, &officer, project).await, ["model-unknown"]);
    let model = register(&house, &officer, project, &server).await;
    server.behave(Manner::BlindToPlates);
    run(&house, &officer, &model, &sample).await;
    house.pipeline.look_again(&officer, project).await.unwrap();
    drain(&house).await;
    assert_eq!(codes(&house, &officer, project).await, ["model-below-bound"]);
    server.behave(Manner::Well);
    let good = run(&house, &officer, &model, &sample).await;
    assert!((good.plates.bound.unwrap() - 0.05_f64.powf(0.1)).abs() < 1e-9);
    drain(&house).await;
    assert!(waiting(&house, &officer, project).await.is_empty());

    let mut next = 100;
    for (manner, code) in [
        (Manner::Silent, "model-slow"),
        (Manner::Redirects, "model-refused"),
        (Manner::Misshapen, "model-answer-wrong"),
        (Manner::Endless, "model-answer-too-large"),
        (Manner::Changed, "model-other"),
    ] {
        server.behave(manner);
        bring(&house, project, next..next + 1).await;
        assert_eq!(codes(&house, &officer, project).await, [code]);
        server.behave(Manner::Well);
        house.pipeline.look_again(&officer, project).await.unwrap();
        drain(&house).await;
        assert!(waiting(&house, &officer, project).await.is_empty(), "it looks again when it can");
        next += 1;
    }
    // A program that may not call that address.
    let elsewhere = Pipeline::with_models(house.pipeline.store.clone(), ModelServers::default()).unwrap();
    let folder = house.folder().join("alone");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.png"), street(200).0).unwrap();
    elsewhere.ingest_as(Actor::console(), None, project, vec![folder], Arc::new(|_| {})).await.unwrap();
    elsewhere.drain(Arc::new(|_| {})).await.unwrap();
    assert_eq!(codes(&house, &officer, project).await, ["model-not-allowed"]);
    // The protocol asks for more than was shown.
    believe(&house, &officer, project, 0.8, 2).await;
    assert_eq!(codes(&house, &officer, project).await, ["model-below-bound"]);
    believe(&house, &officer, project, ENOUGH, 3).await;
    assert!(waiting(&house, &officer, project).await.is_empty());
    // Another configuration is another model.
    let mut config = server.config();
    config.output.face_score = 0.6;
    let draft = FaceModelDraft { name: "street".into(), config };
    let changed = house.pipeline.register_face_model(&officer, project, draft).await.unwrap();
    assert_eq!((changed.revision, changed.why_not.as_deref()), (2, Some("model-not-accepted")));
    let replaced = house.pipeline.face_model(&officer, model.id).await.unwrap();
    assert!(!replaced.accepted);
    bring(&house, project, next..next + 1).await;
    assert_eq!(codes(&house, &officer, project).await, ["model-not-accepted"]);
    run(&house, &officer, &changed, &sample).await;
    drain(&house).await;
    assert!(waiting(&house, &officer, project).await.is_empty());
    house.pipeline.retire_face_model(&officer, changed.id).await.unwrap();
    bring(&house, project, next + 1..next + 2).await;
    assert_eq!(codes(&house, &officer, project).await, ["model-retired"]);
}

/// A picture and where its face and its plate are.
type Street = (Vec<u8>, [[f64; 4]; 2]);

/// A project of drives, its officer, and a drive of a few streets with what is in them.
async fn drives(server: &ModelServer) -> (House, ProjectId, Caller, Vec<Street>) {
    let servers = ModelServers::new([server.address.to_string()]);
    let house = House::with_models(servers).await;
    let project = house.project("drives", "driving").await;
    let officer = house.sign_in("privacy_officer@drives").await;
    let streets: Vec<_> = (0..FEW).map(street).collect();
    let pictures: Vec<_> = streets.iter().map(|(png, _)| png.clone()).collect();
    house.ingest(project, vec![drive(&house, "sample", &pictures)]).await;
    (house, project, officer, streets)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mask_that_a_person_took_back_leaves_the_decision_to_a_person() {
    let server = ModelServer::start(Manner::Well).await;
    let (house, project, officer, streets) = drives(&server).await;
    let model = register(&house, &officer, project, &server).await;
    believe(&house, &officer, project, ENOUGH, 1).await;
    run(&house, &officer, &model, &sample_of(&streets)).await;
    drain(&house).await;

    // The second scene cannot be shown to the model: the first is masked and waits, because the second is beside it.
    let turned = empty_street(3);
    let pictures = [street(401).0, turned];
    server.behave(Manner::Well);
    server.fail_after(1);
    house.ingest(project, vec![drive(&house, "drive", &pictures)]).await;
    server.behave(Manner::Well);
    let entry = waiting(&house, &officer, project).await.into_iter().find(|entry| entry.report.masks > 0);
    let entry = entry.expect("what was found is masked although the item waits");
    assert_eq!(entry.report.camera.as_ref().map(|look| look.masks), Some(2));
    let drawn = house.pipeline.gate_masks(&officer, entry.id).await.unwrap();
    let origin = serde_json::to_value(&drawn.masks[0].origin).unwrap();
    assert!(origin["detector"].as_str().unwrap().starts_with("street 1 "), "{origin}");
    let kept: Vec<_> = drawn.masks[..1]
        .iter()
        .map(|mask| MaskDraft { id: Some(mask.id), frame: mask.frame, rect: mask.rect })
        .collect();
    house.pipeline.set_gate_masks(&officer, entry.id, drawn.revision, kept).await.unwrap();
    house.pipeline.look_again(&officer, project).await.unwrap();
    drain(&house).await;
    let waiting = waiting(&house, &officer, project).await;
    assert_eq!(waiting.len(), 1, "the other scene is cleared");
    assert_eq!(waiting[0].report.residual, ["mask-taken-back at street"]);
    let masks = house.pipeline.gate_masks(&officer, waiting[0].id).await.unwrap().masks;
    assert_eq!(masks.len(), 1, "what was taken back is not drawn again");
    let id: GateEntryId = waiting[0].id;
    house.pipeline.decide_gate(&officer, id, true, "a poster".into()).await.unwrap();
}

/// Scenes of a drive with these pictures, written under a folder of their own.
fn drive(house: &House, name: &str, pictures: &[Vec<u8>]) -> PathBuf {
    let options = scene::Options { width_px: 200, azimuths: 90, ..scene::Options::default() };
    // What two drives share would make them one.
    let mut made = scene::driving_scene(name.len() as u64, pictures.len(), &options);
    let folder = house.folder().join(name);
    for (frame, picture) in made.frames.iter_mut().zip(pictures) {
        frame.image.clone_from(picture);
        for (file, bytes) in frame.files(false) {
            let path = folder.join(name).join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    folder
}

fn empty_street(number: u8) -> Vec<u8> {
    let mut picture = image::RgbImage::from_pixel(128, 96, image::Rgb([120, 121, 122]));
    picture.put_pixel(0, 95, image::Rgb([number, 1, 9]));
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_in_a_scene_is_masked_in_the_scenes_around_it() {
    let server = ModelServer::start(Manner::Well).await;
    let (house, project, officer, streets) = drives(&server).await;
    let sample = sample_of(&streets);
    let model = register(&house, &officer, project, &server).await;
    believe(&house, &officer, project, ENOUGH, 1).await;
    run(&house, &officer, &model, &sample).await;
    drain(&house).await;
    assert!(waiting(&house, &officer, project).await.is_empty());

    // Somebody is seen in the fifth of nine scenes only.
    let mut pictures: Vec<_> = (0..9).map(empty_street).collect();
    let (seen, boxes) = street(400);
    pictures[4] = seen;
    let looked = server.looked();
    house.ingest(project, vec![drive(&house, "drive", &pictures)]).await;
    assert!(waiting(&house, &officer, project).await.is_empty());
    assert_eq!(server.looked() - looked, 9, "each frame is given away once, however many need it");
    let owner = house.sign_in("owner@drives").await;
    let items = all_items(&house, &owner, project).await;
    let mut drive: Vec<ItemId> = items.into_iter().map(|(id, _)| id).collect();
    drive.sort_unstable();
    let [x, y, width, height] = boxes[0];
    for (at, item) in drive[FEW as usize..].iter().enumerate() {
        let picture = cleaned(&house, *item).await;
        let hidden = (x as u32..(x + width) as u32)
            .all(|x| (y as u32..(y + height) as u32).all(|y| picture.get_pixel(x, y).0 == [0, 0, 0]));
        assert_eq!(hidden, (1..=7).contains(&at), "scene {at}");
    }
}

fn sample_of(streets: &[Street]) -> SampleDraft {
    let category = |id, name: &str| SampleCategory { id, name: name.into() };
    let images =
        (0..).zip(streets).map(|(id, (png, _))| SampleImage { id, sha256: hex::encode(Sha256::digest(png)) });
    let labels = (0..).zip(streets).flat_map(|(image_id, (_, boxes))| {
        [1, 2].into_iter().zip(*boxes).map(move |(category_id, bbox)| SampleLabel {
            image_id,
            category_id,
            bbox,
        })
    });
    SampleDraft {
        images: images.collect(),
        annotations: labels.collect(),
        categories: vec![category(1, "face"), category(2, "plate")],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cuboids_propose_masks_that_hide_nothing_until_an_officer_takes_them() {
    let house = House::new().await;
    let project = house.project("drives", "driving").await;
    let officer = house.sign_in("privacy_officer@drives").await;
    // The labels come with one scene; the other has only its sweep.
    let options = scene::Options { width_px: 400, ..scene::Options::default() };
    let made = scene::driving_scene(21, 2, &options);
    let folder = house.folder().join("street");
    for (frame, with_labels) in made.frames.iter().zip([true, false]) {
        for (file, bytes) in frame.files(with_labels) {
            let path = folder.join("drive").join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    house.ingest(project, vec![folder]).await;
    let entries = waiting(&house, &officer, project).await;
    assert_eq!(entries.len(), 2);
    let (mut by_labels, mut by_sweep) = (0, 0);
    for entry in &entries {
        let proposals = house.pipeline.gate_proposals(&officer, entry.id).await.unwrap();
        for proposal in &proposals {
            let rect = proposal.rect;
            assert_eq!(proposal.frame, 0);
            assert!(rect.x.fract() == 0.0 && rect.width.fract() == 0.0 && rect.width >= 1.0, "{rect:?}");
        }
        let count = |origin| proposals.iter().filter(|proposal| proposal.origin == origin).count();
        by_labels += count(ProposalOrigin::Labels);
        by_sweep += count(ProposalOrigin::Sweep);
        let masks = house.pipeline.gate_masks(&officer, entry.id).await.unwrap();
        assert!(masks.masks.is_empty(), "a proposal is no mask");
        let drafts: Vec<_> =
            proposals.iter().map(|p| MaskDraft { id: None, frame: p.frame, rect: p.rect }).collect();
        let set = house.pipeline.set_gate_masks(&officer, entry.id, masks.revision, drafts).await.unwrap();
        assert_eq!(set.masks.len(), proposals.len());
    }
    assert!(by_labels > 0 && by_sweep > 0, "{by_labels} by labels, {by_sweep} by the sweep");
    let still = waiting(&house, &officer, project).await;
    assert_eq!(still.len(), 2, "proposals vouch for nothing");
    house.pipeline.decide_gate(&officer, still[0].id, true, "all masked".into()).await.unwrap();
    let gone = house.pipeline.gate_proposals(&officer, still[0].id).await.unwrap_err();
    assert!(matches!(gone, PipelineError::Refused(refusal) if refusal.code == "already_decided"));
    let owner = house.sign_in("owner@drives").await;
    assert!(house.pipeline.gate_proposals(&owner, still[1].id).await.is_err());
}
