//! A model server on loopback that is asked by clicks: it answers with a disc around the first point of the object.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign_pipeline::clicks::ClickModelDraft;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpListener};

use crate::model_server::received;

/// Radius of the disc, pixels.
pub const RADIUS: f64 = 6.0;

/// How the server behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Manner {
    Well,
    /// Finds nothing.
    Blind,
    Silent,
    Redirects,
    Fails,
    Busy,
    Endless,
    NoJson,
    NoMask,
    /// A mask of one byte too many.
    WrongSize,
    NoBase64,
    /// Another version answers.
    Changed,
    /// Hangs up without a word.
    HangsUp,
}

pub struct ClickServer {
    pub address: SocketAddr,
    manner: Arc<Mutex<Manner>>,
    questions: Arc<Mutex<Vec<Value>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for ClickServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ClickServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let manner = Arc::new(Mutex::new(Manner::Well));
        let questions = Arc::new(Mutex::new(Vec::new()));
        let (behaves, kept) = (Arc::clone(&manner), Arc::clone(&questions));
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (manner, kept) = (*behaves.lock().unwrap(), Arc::clone(&kept));
                tokio::spawn(async move {
                    let Some((head, body)) = received(&mut stream).await else { return };
                    assert!(head.starts_with("POST /v1/segment HTTP/1.1\r\n"), "{head}");
                    let question: Value = serde_json::from_slice(&body).unwrap();
                    let (status, answer) = answer(&question, manner);
                    kept.lock().unwrap().push(question);
                    match manner {
                        Manner::Silent => tokio::time::sleep(Duration::from_secs(3_600)).await,
                        Manner::HangsUp => return,
                        _ => {}
                    }
                    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", answer.len());
                    let _ = stream.write_all(head.as_bytes()).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { address, manner, questions, task }
    }

    pub fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    /// What it was asked so far.
    pub fn questions(&self) -> Vec<Value> {
        self.questions.lock().unwrap().clone()
    }

    pub fn draft(&self, version: &str) -> ClickModelDraft {
        let url = format!("http://{}/v1/segment", self.address);
        ClickModelDraft { name: "discs".into(), version: version.into(), url }
    }
}

/// Whether a pixel lies in the disc around a point.
pub fn is_in_disc(x: u64, y: u64, [cx, cy]: [f64; 2]) -> bool {
    (x as f64 - cx).hypot(y as f64 - cy) <= RADIUS
}

fn answer(question: &Value, manner: Manner) -> (&'static str, String) {
    let side = |name: &str| question[name].as_u64().unwrap();
    let (width, height) = (side("width"), side("height"));
    let first = &question["positive"][0];
    let at = [first[0].as_f64().unwrap(), first[1].as_f64().unwrap()];
    let mut bits = vec![0_u8; (width * height).div_ceil(8) as usize];
    if manner != Manner::Blind {
        for place in (0..width * height).filter(|place| is_in_disc(place % width, place / width, at)) {
            bits[place as usize / 8] |= 0x80 >> (place % 8);
        }
    }
    if manner == Manner::WrongSize {
        bits.push(0);
    }
    let version = if manner == Manner::Changed { json!("another") } else { question["version"].clone() };
    let good = json!({ "mask": STANDARD.encode(bits), "version": version, "score": 0.5 }).to_string();
    match manner {
        Manner::Redirects => ("307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/", String::new()),
        Manner::Fails => ("500 Internal Server Error", "{\"error\":\"no\"}".into()),
        Manner::Busy => ("503 Service Unavailable", String::new()),
        Manner::Endless => ("200 OK", " ".repeat(4 << 20)),
        Manner::NoJson => ("200 OK", "<html>".into()),
        Manner::NoMask => ("200 OK", "{\"masks\":[]}".into()),
        Manner::NoBase64 => ("200 OK", "{\"mask\":\"!\"}".into()),
        _ => ("200 OK", good),
    }
}
