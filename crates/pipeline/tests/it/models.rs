//! Models that find faces and plates: calling them, accepting them, and what the gate does with their word.

use std::time::Duration;

use countersign_learning::detect::{Detector, Picture};
use countersign_model::Telltale;
use countersign_pipeline::models::{CallFault, ModelServers, RemoteDetector};

use crate::model_server::{Manner, ModelServer, config};

/// Grey, 128 by 96, with a red patch 32 by 16 at (16, 8) and a blue one 16 by 16 at (96, 64).
fn street() -> Picture {
    let mut rgb = vec![120; 128 * 96 * 3];
    let mut fill = |x: usize, y: usize, width: usize, height: usize, color: [u8; 3]| {
        for row in y..y + height {
            for column in x..x + width {
                rgb[(row * 128 + column) * 3..][..3].copy_from_slice(&color);
            }
        }
    };
    fill(16, 8, 32, 16, [255, 0, 0]);
    fill(96, 64, 16, 16, [0, 0, 255]);
    Picture::new(128, 96, rgb).unwrap()
}

/// Long enough for a slow machine; only who never answers is waited for in vain.
const PATIENT: Duration = Duration::from_secs(30);

fn servers(server: &ModelServer) -> ModelServers {
    ModelServers::new([server.address.to_string()]).within(PATIENT)
}

#[tokio::test]
async fn a_model_finds_faces_and_plates_where_they_are() {
    let server = ModelServer::start(Manner::Well).await;
    let model = RemoteDetector::new(&servers(&server), &server.config());
    model.ready().await.unwrap();
    assert_eq!(server.looked(), 0, "no pixel goes out to ask whether it is ready");
    let found = model.detect(&street()).await.unwrap();
    assert_eq!(found.iter().map(|found| found.kind).collect::<Vec<_>>(), [Telltale::Face, Telltale::Plate]);
    for (found, [x, y, right, bottom]) in
        found.iter().zip([[16.0, 8.0, 48.0, 24.0], [96.0, 64.0, 112.0, 80.0]])
    {
        let rect = found.rect;
        // The model sees half of the size: its edges are good for two pixels of the picture.
        let edges = [rect.x - x, rect.y - y, rect.x + rect.width - right, rect.y + rect.height - bottom];
        assert!(edges.iter().all(|off| off.abs() <= 2.0), "{found:?}");
    }
}

#[tokio::test]
async fn whoever_cannot_look_says_why() {
    let server = ModelServer::start(Manner::Well).await;
    let model = RemoteDetector::new(&servers(&server), &server.config());
    for (manner, code) in [
        (Manner::Silent, "model-slow"),
        (Manner::Redirects, "model-refused"),
        (Manner::Fails, "model-refused"),
        (Manner::Misshapen, "model-answer-wrong"),
        (Manner::Endless, "model-answer-too-large"),
        (Manner::Changed, "model-other"),
    ] {
        server.behave(manner);
        let quick = servers(&server).within(Duration::from_millis(500));
        let hasty = RemoteDetector::new(&quick, &server.config());
        let model = if matches!(manner, Manner::Silent) { &hasty } else { &model };
        let fault = model.detect(&street()).await.unwrap_err();
        assert_eq!(fault.code(), code, "{manner:?}");
    }
    // A port that nobody listens on.
    let gone = ModelServer::start(Manner::Well).await;
    let (address, servers) = (gone.address.to_string(), servers(&gone));
    drop(gone);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let fault = RemoteDetector::new(&servers, &config(&address)).detect(&street()).await.unwrap_err();
    assert_eq!(fault, CallFault::Away);
}

#[tokio::test]
async fn no_pixel_goes_to_an_address_that_nobody_named() {
    let server = ModelServer::start(Manner::Well).await;
    let others = ModelServers::new(["127.0.0.1:1".to_owned()]);
    for servers in [ModelServers::default(), others] {
        let model = RemoteDetector::new(&servers, &server.config());
        assert_eq!(model.detect(&street()).await.unwrap_err(), CallFault::NotAllowed);
        assert_eq!(model.ready().await.unwrap_err(), CallFault::NotAllowed);
    }
    assert_eq!(server.looked(), 0);
}
