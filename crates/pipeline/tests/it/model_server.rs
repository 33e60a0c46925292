//! A model server on loopback that speaks the Open Inference Protocol. Its model really looks: what is red is a face,
//! what is blue is a plate.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use countersign_model::{
    BoxForm, BoxUnit, FaceModelConfig, ModelInput, ModelLayout, ModelOutput, ModelValues,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub const SIDE: usize = 64;

/// How the server behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Manner {
    Well,
    /// Sees no plates.
    BlindToPlates,
    Silent,
    Redirects,
    /// Answers with boxes of three numbers.
    Misshapen,
    Endless,
    /// Another version answers.
    Changed,
    Fails,
}

pub struct ModelServer {
    pub address: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    /// Requests that carried pixels.
    looked: Arc<AtomicUsize>,
    /// Requests with pixels that are still answered.
    left: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ModelServer {
    pub async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (manner, looked) = (Arc::new(Mutex::new(manner)), Arc::new(AtomicUsize::new(0)));
        let left = Arc::new(AtomicUsize::new(usize::MAX));
        let (behaves, counts, limit) = (Arc::clone(&manner), Arc::clone(&looked), Arc::clone(&left));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let manner = *behaves.lock().unwrap();
                tokio::spawn(serve(stream, manner, Arc::clone(&counts), Arc::clone(&limit)));
            }
        });
        Self { address, manner, looked, left, task }
    }

    /// Answers as many more pictures, then none until it is told how to behave.
    pub fn fail_after(&self, pictures: usize) {
        self.left.store(pictures, Ordering::SeqCst);
    }

    pub fn behave(&self, manner: Manner) {
        self.left.store(usize::MAX, Ordering::SeqCst);
        *self.manner.lock().unwrap() = manner;
    }

    pub fn looked(&self) -> usize {
        self.looked.load(Ordering::SeqCst)
    }

    pub fn config(&self) -> FaceModelConfig {
        config(&self.address.to_string())
    }
}

pub fn config(address: &str) -> FaceModelConfig {
    FaceModelConfig {
        address: address.to_owned(),
        model: "street".into(),
        version: "1".into(),
        input: ModelInput {
            name: "images".into(),
            width: SIDE as u32,
            height: SIDE as u32,
            values: ModelValues::Uint8,
            layout: ModelLayout::Nhwc,
        },
        output: ModelOutput {
            boxes: "boxes".into(),
            scores: "scores".into(),
            classes: "classes".into(),
            form: BoxForm::Corners,
            unit: BoxUnit::Pixels,
            face: 0,
            plate: 1,
            face_score: 0.5,
            plate_score: 0.5,
        },
    }
}

async fn serve(mut stream: TcpStream, mut manner: Manner, looked: Arc<AtomicUsize>, left: Arc<AtomicUsize>) {
    let Some((head, body)) = received(&mut stream).await else { return };
    let infer = head.starts_with("POST /v2/models/street/versions/1/infer ");
    if infer {
        looked.fetch_add(1, Ordering::SeqCst);
        let spent =
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err();
        if spent {
            manner = Manner::Fails;
        }
    }
    let (status, answer) = match manner {
        Manner::Silent => {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            return;
        }
        Manner::Redirects => ("307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/", String::new()),
        Manner::Fails => ("500 Internal Server Error", "{\"error\":\"no\"}".to_owned()),
        Manner::Endless => ("200 OK", "[0,".repeat(4 << 20)),
        _ if !infer => ("200 OK", String::new()),
        manner => ("200 OK", look(&body, manner).to_string()),
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", answer.len());
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(answer.as_bytes()).await;
}

pub async fn received(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let length = head
        .to_lowercase()
        .split_once("content-length:")
        .map_or(0, |(_, rest)| rest.lines().next().unwrap_or_default().trim().parse().unwrap_or_default());
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some((head, bytes[end..].to_vec()))
}

fn look(body: &[u8], manner: Manner) -> Value {
    let request: Value = serde_json::from_slice(body).unwrap();
    let input = &request["inputs"][0];
    assert_eq!(input["shape"], json!([1, SIDE, SIDE, 3]));
    let data: Vec<u64> = input["data"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).collect();
    let mut found = Vec::new();
    for (class, own, others) in [(0, 0, [1, 2]), (1, 2, [0, 1])] {
        let stands_out = |pixel: &[u64]| pixel[own] > 150 && others.iter().all(|other| pixel[*other] < 100);
        found.extend(regions(&data, stands_out).into_iter().map(|edges| (class, edges)));
    }
    if manner == Manner::BlindToPlates {
        found.retain(|(class, _)| *class == 0);
    }
    let n = found.len();
    let sides = if manner == Manner::Misshapen { 3 } else { 4 };
    let boxes: Vec<usize> = found.iter().flat_map(|(_, edges)| edges[..sides].to_vec()).collect();
    let version = if manner == Manner::Changed { "2" } else { "1" };
    json!({
        "model_name": "street",
        "model_version": version,
        "outputs": [
            { "name": "boxes", "datatype": "FP32", "shape": [1, n, sides], "data": boxes },
            { "name": "scores", "datatype": "FP32", "shape": [1, n], "data": vec![0.9; n] },
            { "name": "classes", "datatype": "INT64", "shape": [1, n],
              "data": found.iter().map(|(class, _)| *class).collect::<Vec<_>>() },
        ],
    })
}

/// Left, top, right, bottom of each patch of pixels that hang together by their sides.
fn regions(data: &[u64], is_in: impl Fn(&[u64]) -> bool) -> Vec<[usize; 4]> {
    let mut open: Vec<bool> = data.chunks_exact(3).map(is_in).collect();
    let mut found = Vec::new();
    while let Some(start) = open.iter().position(|is| *is) {
        let (mut edges, mut next) = ([SIDE, SIDE, 0, 0], vec![start]);
        open[start] = false;
        while let Some(at) = next.pop() {
            let (x, y) = (at % SIDE, at / SIDE);
            edges = [edges[0].min(x), edges[1].min(y), edges[2].max(x + 1), edges[3].max(y + 1)];
            let near = [(x > 0, at.wrapping_sub(1)), (x + 1 < SIDE, at + 1)];
            let far = [(y > 0, at.wrapping_sub(SIDE)), (y + 1 < SIDE, at + SIDE)];
            for (inside, place) in near.into_iter().chain(far) {
                if inside && open[place] {
                    open[place] = false;
                    next.push(place);
                }
            }
        }
        found.push(edges);
    }
    found
}
