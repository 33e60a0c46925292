//! Registering a model and measuring it on the customer's labelled frames.

use std::time::Duration;

use countersign_model::{DeidPlan, FacesPlan, ProjectId};
use countersign_pipeline::{
    PipelineError,
    models::{
        FaceModelDraft, FaceModelView, FaceRunView, ModelServers, SampleCategory, SampleDraft, SampleImage,
        SampleLabel,
    },
    people::Caller,
};
use sha2::{Digest, Sha256};

use crate::{
    harness::{House, PASSWORD},
    model_server::{Manner, ModelServer},
};

/// A street of 128 by 96 pixels with one face (red) and one plate (blue), at places that the number decides.
pub fn street(number: u32) -> (Vec<u8>, [[f64; 4]; 2]) {
    let (x, y) = (number % 10 * 4, number / 10 % 6 * 4);
    let boxes = [[x, y, 16, 16], [64 + x, 40 + y, 20, 12]];
    let mut picture = image::RgbImage::from_pixel(128, 96, image::Rgb([120, 121, 122]));
    // No two files are the same.
    picture.put_pixel(0, 95, image::Rgb([number as u8, (number >> 8) as u8, 7]));
    for ([x, y, width, height], color) in boxes.into_iter().zip([[255, 0, 0], [0, 0, 255]]) {
        for row in y..y + height {
            (x..x + width).for_each(|column| picture.put_pixel(column, row, image::Rgb(color)));
        }
    }
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
    (png.into_inner(), boxes.map(|edges| edges.map(f64::from)))
}

/// Streets that lie in quarantine, and the sample that names them.
pub async fn bring(house: &House, project: ProjectId, numbers: std::ops::Range<u32>) -> SampleDraft {
    let folder = house.folder().join(format!("streets-{}", numbers.start));
    std::fs::create_dir_all(&folder).unwrap();
    let (mut images, mut annotations) = (Vec::new(), Vec::new());
    for number in numbers {
        let (png, boxes) = street(number);
        images.push(SampleImage { id: number.into(), sha256: hex::encode(Sha256::digest(&png)) });
        for (category_id, bbox) in [1, 2].into_iter().zip(boxes) {
            annotations.push(SampleLabel { image_id: number.into(), category_id, bbox });
        }
        std::fs::write(folder.join(format!("{number}.png")), png).unwrap();
    }
    let report = house.ingest(project, vec![folder]).await;
    assert!(report.refusals.is_empty());
    let category = |id, name: &str| SampleCategory { id, name: name.into() };
    SampleDraft { images, annotations, categories: vec![category(1, "face"), category(2, "plate")] }
}

pub async fn house(server: &ModelServer) -> (House, ProjectId, Caller) {
    let servers = ModelServers::new([server.address.to_string()]).within(Duration::from_millis(1_000));
    let house = House::with_models(servers).await;
    let project = house.project("streets", "images").await;
    let officer = house.sign_in("privacy_officer@streets").await;
    (house, project, officer)
}

pub async fn register(
    house: &House,
    officer: &Caller,
    project: ProjectId,
    server: &ModelServer,
) -> FaceModelView {
    let draft = FaceModelDraft { name: "street".into(), config: server.config() };
    house.pipeline.register_face_model(officer, project, draft).await.unwrap()
}

pub async fn run(
    house: &House,
    officer: &Caller,
    model: &FaceModelView,
    sample: &SampleDraft,
) -> FaceRunView {
    let run = house.pipeline.open_face_run(officer, model.id, sample.clone()).await.unwrap();
    house.pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
    house.pipeline.face_run(officer, run.id).await.unwrap()
}

/// Puts the model into the project's protocol.
pub async fn believe(house: &House, officer: &Caller, project: ProjectId, min_recall: f64, against: u32) {
    let faces = Some(FacesPlan { model: "street".into(), min_recall, temporal: 3 });
    let plan = DeidPlan { faces, ..DeidPlan::default() };
    house
        .pipeline
        .set_deid(officer, project, against, plan, "the model was measured", PASSWORD)
        .await
        .unwrap();
    house.pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
}

fn code(error: PipelineError) -> String {
    match error {
        PipelineError::Refused(refusal) => refusal.code.to_string(),
        PipelineError::BadInput { code, place, .. } => format!("{code} at {place}"),
        other => other.to_string(),
    }
}

#[tokio::test]
async fn a_run_counts_what_is_hidden_and_bounds_it() {
    let server = ModelServer::start(Manner::Well).await;
    let (house, project, officer) = house(&server).await;
    let sample = bring(&house, project, 0..60).await;
    let model = register(&house, &officer, project, &server).await;
    let again = register(&house, &officer, project, &server).await;
    assert_eq!((model.id, model.revision, model.why_not.as_deref()), (again.id, 1, Some("not-in-protocol")));

    let done = run(&house, &officer, &model, &sample).await;
    assert_eq!((done.state.as_str(), done.frames, done.looked, done.error_code), ("done", 60, 60, None));
    assert_eq!(server.looked(), 60);
    let expected = 0.05_f64.powf(1.0 / 60.0);
    for class in [done.faces, done.plates] {
        assert_eq!((class.labelled, class.hidden), (60, Some(60)));
        assert!((class.bound.unwrap() - expected).abs() < 1e-9 && expected > 0.95);
    }
    // A face of 16 by 16 and a plate of 20 by 12, each widened by a quarter: a little more than 6 %.
    let share = done.masked_share.unwrap();
    assert!(share > 0.04 && share < 0.1, "{share}");

    // Half the plates of another sample are missed; the bound says so, and the sample is another one.
    server.behave(Manner::BlindToPlates);
    let worse = run(&house, &officer, &model, &sample).await;
    assert_eq!((worse.plates.hidden, worse.plates.bound), (Some(0), Some(0.0)));
    assert_eq!((worse.faces.hidden, worse.sample_hash), (Some(60), done.sample_hash));

    // Each frame that went out is in the log, with the configuration that it went to.
    let mut reader = house.pipeline.store.read().await.unwrap();
    let sql = "SELECT COUNT(*) AS n FROM events WHERE action = 'asset.handed_out' AND reason = 'acceptance'";
    let handed: u64 = reader.query(sql).fetch_one().await.unwrap().get("n").unwrap();
    assert_eq!(handed, 120);
}

#[tokio::test]
async fn a_sample_that_cannot_be_used_is_refused_at_its_place() {
    let server = ModelServer::start(Manner::Well).await;
    let (house, project, officer) = house(&server).await;
    let sample = bring(&house, project, 0..3).await;
    let model = register(&house, &officer, project, &server).await;
    type Change = fn(&mut SampleDraft);
    let wrong: [(&str, Change); 9] = [
        ("unknown_frame at images[1].sha256", |s| s.images[1].sha256 = "00".repeat(32)),
        ("bad_hash at images[2].sha256", |s| s.images[2].sha256 = "0".into()),
        ("frame_twice at images[1]", |s| s.images[1].sha256 = s.images[0].sha256.clone()),
        ("unknown_class at categories[0]", |s| s.categories[0].name = "car".into()),
        ("unknown_class at annotations[0].category_id", |s| s.annotations[0].category_id = 9),
        ("unknown_frame at annotations[0].image_id", |s| s.annotations[0].image_id = 99),
        ("mask_outside at annotations[1].bbox", |s| s.annotations[1].bbox = [120.0, 0.0, 20.0, 5.0]),
        ("bad_sample at annotations", |s| s.annotations.clear()),
        ("bad_sample at images", |s| s.images.clear()),
    ];
    for (expected, change) in wrong {
        let mut sample = sample.clone();
        change(&mut sample);
        let refused = house.pipeline.open_face_run(&officer, model.id, sample).await.unwrap_err();
        assert_eq!(code(refused), expected);
    }
    let other = house.project("other", "images").await;
    let elsewhere = house.sign_in("privacy_officer@other").await;
    let model = register(&house, &elsewhere, other, &server).await;
    let refused = house.pipeline.open_face_run(&elsewhere, model.id, sample).await.unwrap_err();
    assert_eq!(code(refused), "unknown_frame at images[0].sha256", "frames of another project are unknown");
    assert_eq!(server.looked(), 0);
}

#[tokio::test]
async fn a_run_that_cannot_look_at_every_frame_fails() {
    let server = ModelServer::start(Manner::Well).await;
    let (house, project, officer) = house(&server).await;
    let sample = bring(&house, project, 0..3).await;
    let model = register(&house, &officer, project, &server).await;
    for (manner, expected) in [
        (Manner::Silent, "model-slow"),
        (Manner::Misshapen, "model-answer-wrong"),
        (Manner::Changed, "model-other"),
    ] {
        server.behave(manner);
        let run = run(&house, &officer, &model, &sample).await;
        assert_eq!((run.state.as_str(), run.error_code.as_deref()), ("failed", Some(expected)));
        assert_eq!((run.faces.hidden, run.faces.bound), (None, None));
    }
    server.behave(Manner::Well);
    house.pipeline.open_face_run(&officer, model.id, sample.clone()).await.unwrap();
    let refused = house.pipeline.open_face_run(&officer, model.id, sample.clone()).await.unwrap_err();
    assert_eq!(code(refused), "run_under_way");
    house.pipeline.drain(std::sync::Arc::new(|_| {})).await.unwrap();
    house.pipeline.retire_face_model(&officer, model.id).await.unwrap();
    let refused = house.pipeline.open_face_run(&officer, model.id, sample).await.unwrap_err();
    assert_eq!(code(refused), "model_retired");
}

#[tokio::test]
async fn only_allowed_addresses_and_privacy_officers() {
    let server = ModelServer::start(Manner::Well).await;
    let (house, project, officer) = house(&server).await;
    let draft = |name: &str, address: &str| FaceModelDraft {
        name: name.into(),
        config: crate::model_server::config(address),
    };
    let register = |draft| house.pipeline.register_face_model(&officer, project, draft);
    assert_eq!(code(register(draft("street", "127.0.0.1:1")).await.unwrap_err()), "model_not_allowed");
    assert_eq!(code(register(draft("street", "models")).await.unwrap_err()), "bad_model at config.address");
    let good = server.address.to_string();
    assert_eq!(code(register(draft("Street", &good)).await.unwrap_err()), "bad_model at name");
    let model = register(draft("street", &good)).await.unwrap();
    assert!(house.pipeline.check_face_model(&officer, model.id).await.unwrap().ready);
    server.behave(Manner::Fails);
    let check = house.pipeline.check_face_model(&officer, model.id).await.unwrap();
    assert_eq!((check.ready, check.code.as_deref()), (false, Some("model-refused")));
    let owner = house.sign_in("owner@streets").await;
    assert!(matches!(house.pipeline.face_models(&owner, project).await, Err(PipelineError::NotFound)));
    assert!(matches!(house.pipeline.face_model(&owner, model.id).await, Err(PipelineError::NotFound)));
    let listed = house.pipeline.face_models(&officer, project).await.unwrap();
    assert_eq!((listed.models.len(), listed.servers, listed.plan), (1, vec![good], None));
}
