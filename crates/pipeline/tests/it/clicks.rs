//! Segmenting by clicks: who registers a model, who may ask it, what goes out, what is recorded, and what is refused.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign_geometry::{ImageSize, Rle};
use countersign_model::{ProjectId, Role, TaskId};
use countersign_pipeline::{
    PipelineError,
    clicks::{ClickModelDraft, Clicks, Segmented},
    models::ModelServers,
    people::Caller,
    pixels::{ShownFor, WindowLevel},
    views::Work,
    work::Wish,
};
use serde_json::Value;

use crate::{
    click_server::{ClickServer, Manner, is_in_disc},
    harness::House,
    releases::{ingest, png},
};

/// Long enough for a slow machine; only who never answers is waited for in vain.
const PATIENT: Duration = Duration::from_secs(30);

fn servers(server: &ClickServer) -> ModelServers {
    ModelServers::new([server.address.to_string()]).within(PATIENT)
}

struct Scene {
    house: House,
    project: ProjectId,
    officer: Caller,
    annotator: Caller,
    work: Work,
}

impl Scene {
    /// Two images of a project, a registered model, and a task in an annotator's hands.
    async fn of(house: House, server: &ClickServer) -> Self {
        let project = house.project("p", "images").await;
        let files = [("a.png".into(), png(64, 48, 1)), ("b.png".into(), png(61, 47, 2))];
        ingest(&house, project, "p", &files).await;
        let officer = house.sign_in("privacy_officer@p").await;
        house.pipeline.register_click_model(&officer, project, server.draft("1")).await.unwrap();
        let annotator = house.sign_in("annotator@p").await;
        let work = house.pipeline.claim(&annotator, project, Wish::default()).await.unwrap();
        Self { house, project, officer, annotator, work }
    }

    fn clicks(&self, positive: &[[f64; 2]]) -> Clicks {
        Clicks {
            fence: self.work.task.fence,
            stream: 0,
            frame: 0,
            positive: positive.to_vec(),
            negative: vec![],
            window: None,
        }
    }

    async fn segment(&self, clicks: Clicks) -> Result<Segmented, PipelineError> {
        self.house.pipeline.segment(&self.annotator, self.work.task.id, clicks).await
    }

    async fn refusal(&self, clicks: Clicks) -> String {
        code(&self.segment(clicks).await.unwrap_err())
    }

    /// How often it is on record that a model was given a frame.
    async fn handed_out(&self) -> u64 {
        let mut reader = self.house.pipeline.store.read().await.unwrap();
        let sql = "SELECT COUNT(*) AS n FROM events WHERE action = 'asset.handed_out' AND reason = 'clicks'";
        reader.query(sql).fetch_one().await.unwrap().get("n").unwrap()
    }

    async fn count(&self, action: &str) -> u64 {
        let mut reader = self.house.pipeline.store.read().await.unwrap();
        let query = reader.query("SELECT COUNT(*) AS n FROM events WHERE action = $1");
        query.bind(action.to_owned()).fetch_one().await.unwrap().get("n").unwrap()
    }
}

fn code(error: &PipelineError) -> String {
    match error {
        PipelineError::Refused(refusal) => refusal.code.to_string(),
        PipelineError::BadInput { code, place, .. } => format!("{code} at {place}"),
        PipelineError::NotFound => "not_found".into(),
        other => other.to_string(),
    }
}

async fn draws(house: House, server: &ClickServer) {
    let scene = Scene::of(house, server).await;
    let pipeline = &scene.house.pipeline;
    let named = scene.work.click_model.clone().unwrap();
    assert_eq!((named.name.as_str(), named.version.as_str()), ("discs", "1"));
    let shown =
        pipeline.image(&scene.annotator, scene.work.item.id, 0, 0, None, ShownFor::Work).await.unwrap();
    let exposures = scene.count("asset.shown").await;

    let first = scene.segment(scene.clicks(&[[20.0, 15.0]])).await.unwrap();
    let mask = first.mask.unwrap();
    let (width, height) = (mask.size[1], mask.size[0]);
    assert!([(64, 48), (61, 47)].contains(&(width, height)));
    let rows = Rle::from_coco_string(ImageSize { width, height }, &mask.counts).unwrap().to_rows();
    for (place, value) in rows.iter().enumerate() {
        let (x, y) = (place as u64 % u64::from(width), place as u64 / u64::from(width));
        assert_eq!(*value == 1, is_in_disc(x, y, [20.0, 15.0]), "{x}, {y}");
    }
    // What went out is what the person was shown, and the points as they were clicked.
    let question = server.questions().pop().unwrap();
    assert_eq!(STANDARD.decode(question["png"].as_str().unwrap()).unwrap(), shown.bytes);
    assert_eq!(question["positive"], serde_json::json!([[20.0, 15.0]]));

    // That the model saw the frame is on record once, however often it is asked; nobody was shown anything more.
    let more = Clicks { negative: vec![[1.0, 1.0]], ..scene.clicks(&[[20.0, 15.0], [22.5, 15.0]]) };
    scene.segment(more).await.unwrap();
    assert_eq!((scene.handed_out().await, scene.count("asset.shown").await), (1, exposures));
    assert_eq!(server.questions().len(), 2);
    let nothing = {
        server.behave(Manner::Blind);
        scene.segment(scene.clicks(&[[20.0, 15.0]])).await.unwrap()
    };
    assert_eq!(nothing.mask, None);
    server.behave(Manner::Well);

    // Another model is another look; one that is retired is asked no more.
    let model = pipeline.click_models(&scene.officer, scene.project).await.unwrap().models.remove(0);
    let why = "a better one came".to_owned();
    let old = pipeline.retire_click_model(&scene.officer, model.id, why).await.unwrap();
    assert!(old.retired_at.is_some() && old.retired_by.is_some());
    assert_eq!(scene.refusal(scene.clicks(&[[20.0, 15.0]])).await, "no_click_model");
    let without = pipeline.work(&scene.annotator, scene.work.task.id).await.unwrap();
    assert_eq!(without.click_model, None);
    pipeline.register_click_model(&scene.officer, scene.project, server.draft("2")).await.unwrap();
    let second = scene.segment(scene.clicks(&[[20.0, 15.0]])).await.unwrap();
    assert_eq!((second.version.as_str(), scene.handed_out().await), ("2", 2));
    let all = pipeline.click_models(&scene.officer, scene.project).await.unwrap().models;
    let all: Vec<_> = all.iter().map(|m| (m.version.as_str(), m.retire_reason.as_deref())).collect();
    assert_eq!(all, [("2", None), ("1", Some("a better one came"))]);
    let events = (scene.count("click_model.registered").await, scene.count("click_model.retired").await);
    assert_eq!(events, (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_model_draws_what_was_clicked_and_is_on_record() {
    let server = ClickServer::start().await;
    draws(House::with_models(servers(&server)).await, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_model_draws_so_on_postgresql() {
    let server = ClickServer::start().await;
    let Some(house) = House::postgres_with_models(servers(&server)).await else { return };
    draws(house, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_holds_the_task_asks_a_click_model() {
    let server = ClickServer::start().await;
    let scene = Scene::of(House::with_models(servers(&server)).await, &server).await;
    let pipeline = &scene.house.pipeline;
    let clicks = || scene.clicks(&[[20.0, 15.0]]);
    let task = scene.work.task.id;
    for login in ["reviewer@p", "everything@p", "owner@p", "auditor@p"] {
        let other = scene.house.sign_in(login).await;
        let refused = pipeline.segment(&other, task, clicks()).await.unwrap_err();
        assert!(matches!(refused, PipelineError::NotFound), "{login}: {refused}");
    }
    let unknown = TaskId(uuid::Uuid::from_u128(7));
    let refused = pipeline.segment(&scene.annotator, unknown, clicks()).await.unwrap_err();
    assert!(matches!(refused, PipelineError::NotFound));
    let fence = scene.work.task.fence + 1;
    assert_eq!(scene.refusal(Clicks { fence, ..clicks() }).await, "stale_fence");
    scene.house.clock.forward(7 * 24 * 3_600);
    assert_eq!(scene.refusal(clicks()).await, "lease_expired");
    scene.house.clock.forward(-7 * 24 * 3_600);
    pipeline.give_back(&scene.annotator, task, scene.work.task.fence).await.unwrap();
    assert_eq!(scene.refusal(clicks()).await, "not_found");
    assert_eq!((server.questions().len(), scene.handed_out().await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_model_that_answers_badly_draws_nothing() {
    let server = ClickServer::start().await;
    let scene =
        Scene::of(House::with_models(servers(&server).within(Duration::from_millis(1_500))).await, &server)
            .await;
    for manner in [
        Manner::Silent,
        Manner::Redirects,
        Manner::Fails,
        Manner::Endless,
        Manner::NoJson,
        Manner::NoMask,
        Manner::WrongSize,
        Manner::NoBase64,
        Manner::Changed,
        Manner::HangsUp,
    ] {
        server.behave(manner);
        assert_eq!(scene.refusal(scene.clicks(&[[20.0, 15.0]])).await, "click_model_failed", "{manner:?}");
    }
    server.behave(Manner::Busy);
    assert_eq!(scene.refusal(scene.clicks(&[[20.0, 15.0]])).await, "click_model_busy");
    server.behave(Manner::Well);
    assert!(scene.segment(scene.clicks(&[[20.0, 15.0]])).await.unwrap().mask.is_some());
    // It did see the frame each time, and nobody can say that it did not.
    assert_eq!(scene.handed_out().await, 1);
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(scene.refusal(scene.clicks(&[[20.0, 15.0]])).await, "click_model_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_model_is_asked_a_few_questions_at_once() {
    let server = ClickServer::start().await;
    let scene = Scene::of(House::with_models(servers(&server)).await, &server).await;
    server.behave(Manner::Silent);
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (pipeline, annotator) = (scene.house.pipeline.clone(), scene.annotator.clone());
        let (task, clicks) = (scene.work.task.id, scene.clicks(&[[20.0, 15.0]]));
        waiting.spawn(async move { pipeline.segment(&annotator, task, clicks).await });
    }
    while server.questions().len() < 4 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(scene.refusal(scene.clicks(&[[20.0, 15.0]])).await, "click_model_busy");
    // Whoever does not wait any longer frees their turn.
    waiting.shutdown().await;
    server.behave(Manner::Well);
    assert!(scene.segment(scene.clicks(&[[20.0, 15.0]])).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn clicks_that_make_no_sense_are_refused_at_their_place() {
    let server = ClickServer::start().await;
    let scene = Scene::of(House::with_models(servers(&server)).await, &server).await;
    let good = || scene.clicks(&[[20.0, 15.0]]);
    let many = |n: usize| vec![[20.0, 15.0]; n];
    let window = |center, width| Some(WindowLevel { center, width });
    for (clicks, expected) in [
        (scene.clicks(&[]), "bad_clicks at positive"),
        (Clicks { negative: many(64), ..good() }, "bad_clicks at negative"),
        (scene.clicks(&[[20.0, 15.0], [64.0, 15.0]]), "bad_clicks at positive[1]"),
        (scene.clicks(&[[20.0, 48.0]]), "bad_clicks at positive[0]"),
        (scene.clicks(&[[-0.5, 15.0]]), "bad_clicks at positive[0]"),
        (scene.clicks(&[[f64::NAN, 15.0]]), "bad_clicks at positive[0]"),
        (Clicks { negative: vec![[1.0, 1e9]], ..good() }, "bad_clicks at negative[0]"),
        (Clicks { window: window(40.0, 0.0), ..good() }, "bad_window at window"),
        (Clicks { window: window(f64::INFINITY, 1.0), ..good() }, "bad_window at window"),
        (Clicks { stream: 7, ..good() }, "not_found"),
        (Clicks { frame: 7, ..good() }, "not_found"),
    ] {
        assert_eq!(scene.refusal(clicks).await, expected);
    }
    assert_eq!((server.questions().len(), scene.handed_out().await), (0, 0), "nothing went out");
    assert!(scene.segment(Clicks { negative: many(63), ..good() }).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_model_is_registered_by_privacy_officers_where_the_server_may_call() {
    let server = ClickServer::start().await;
    let house = House::with_models(servers(&server)).await;
    let project = house.project("p", "images").await;
    let pipeline = &house.pipeline;
    for role in Role::ALL.iter().filter(|role| **role != Role::PrivacyOfficer) {
        let person = house.sign_in(&format!("{role}@p")).await;
        let refused = pipeline.register_click_model(&person, project, server.draft("1")).await;
        assert!(matches!(refused, Err(PipelineError::NotFound)), "{role}");
        assert!(
            matches!(pipeline.click_models(&person, project).await, Err(PipelineError::NotFound)),
            "{role}"
        );
    }
    let officer = house.sign_in("privacy_officer@p").await;
    let good = || server.draft("1");
    for (draft, expected) in [
        (ClickModelDraft { name: "No name".into(), ..good() }, "bad_model at name"),
        (ClickModelDraft { version: String::new(), ..good() }, "bad_model at version"),
        (ClickModelDraft { url: "https://127.0.0.1:8000/".into(), ..good() }, "bad_model at url"),
        (ClickModelDraft { url: format!("{}?x=1", good().url), ..good() }, "bad_model at url"),
        (ClickModelDraft { url: "http://127.0.0.1:1/".into(), ..good() }, "model_not_allowed"),
        (ClickModelDraft { url: "http://169.254.169.254:80/latest".into(), ..good() }, "model_not_allowed"),
    ] {
        let refused = pipeline.register_click_model(&officer, project, draft).await.unwrap_err();
        assert_eq!(code(&refused), expected);
    }
    let model = pipeline.register_click_model(&officer, project, good()).await.unwrap();
    assert!(model.allowed && model.registered_by.is_some());
    let second = pipeline.register_click_model(&officer, project, server.draft("2")).await.unwrap_err();
    assert_eq!(code(&second), "click_model_in_force");
    let silent = pipeline.retire_click_model(&officer, model.id, "  ".into()).await.unwrap_err();
    assert_eq!(code(&silent), "reason_required at reason");
    let owner = house.sign_in("owner@p").await;
    let refused = pipeline.retire_click_model(&owner, model.id, "why not".into()).await;
    assert!(matches!(refused, Err(PipelineError::NotFound)));
    pipeline.retire_click_model(&officer, model.id, "wrong".into()).await.unwrap();
    let again = pipeline.retire_click_model(&officer, model.id, "wrong".into()).await.unwrap_err();
    assert_eq!(code(&again), "click_model_retired");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_model_sees_a_study_through_the_window_that_is_shown() {
    let server = ClickServer::start().await;
    let house = House::with_models(servers(&server)).await;
    let project = house.project("ct", "radiology").await;
    let options = countersign_synthesis::phantom::Options { size_px: 64, slices: 3, ..Default::default() };
    let study = countersign_synthesis::ct_study(3, &options);
    let files: Vec<_> =
        study.instances.into_iter().map(|instance| (instance.file_name, instance.bytes)).collect();
    ingest(&house, project, "ct", &files).await;
    let officer = house.sign_in("privacy_officer@ct").await;
    house.pipeline.register_click_model(&officer, project, server.draft("1")).await.unwrap();
    let annotator = house.sign_in("annotator@ct").await;
    let work = house.pipeline.claim(&annotator, project, Wish::default()).await.unwrap();
    let mut seen = Vec::new();
    for window in [
        None,
        Some(WindowLevel { center: 40.0, width: 400.0 }),
        Some(WindowLevel { center: -600.0, width: 1500.0 }),
    ] {
        let clicks = Clicks {
            fence: work.task.fence,
            stream: 0,
            frame: 1,
            positive: vec![[32.0, 32.0]],
            negative: vec![],
            window,
        };
        let found = house.pipeline.segment(&annotator, work.task.id, clicks).await.unwrap();
        assert_eq!(found.mask.unwrap().size, [64, 64]);
        let shown =
            house.pipeline.image(&annotator, work.item.id, 0, 1, window, ShownFor::Work).await.unwrap();
        let question: Value = server.questions().pop().unwrap();
        let sent = STANDARD.decode(question["png"].as_str().unwrap()).unwrap();
        assert_eq!(sent, shown.bytes, "{window:?}");
        seen.push(sent);
    }
    assert!(seen[1] != seen[2], "another window is another picture");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_model_is_not_shown_what_nobody_draws_on() {
    let server = ClickServer::start().await;
    let house = House::with_models(servers(&server)).await;
    let project = house.project("boards", "inspection").await;
    let options = countersign_synthesis::parts::Options { side_px: 160, lot: "lot-1".into() };
    let lot = countersign_synthesis::lot(7, 1, &options);
    let files: Vec<_> = lot.iter().flat_map(|part| part.files(false)).collect();
    ingest(&house, project, "boards", &files).await;
    let officer = house.sign_in("privacy_officer@boards").await;
    house.pipeline.register_click_model(&officer, project, server.draft("1")).await.unwrap();
    let annotator = house.sign_in("annotator@boards").await;
    let work = house.pipeline.claim(&annotator, project, Wish::default()).await.unwrap();
    let on = |stream| Clicks {
        fence: work.task.fence,
        stream,
        frame: 0,
        positive: vec![[80.0, 80.0]],
        negative: vec![],
        window: None,
    };
    let template = work.item.streams.iter().position(|stream| !stream.is_drawable()).unwrap() as u32;
    let refused = house.pipeline.segment(&annotator, work.task.id, on(template)).await.unwrap_err();
    assert_eq!(code(&refused), "not_an_image at stream");
    assert!(house.pipeline.segment(&annotator, work.task.id, on(1 - template)).await.is_ok());
    assert_eq!(server.questions().len(), 1);
}
