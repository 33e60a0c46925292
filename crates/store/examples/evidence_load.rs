//! Evidence under load: events per second that are committed, sequenced and under a signed checkpoint, and how long each
//! waited for that.
//!
//! `cargo run --release -p countersign-store --example evidence_load -- DIR [SECONDS] [CLIENTS] [EVENTS_PER_S]` prints one
//! JSON object. Without a rate, clients write as fast as they are answered. DIR must be empty.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use countersign_model::{Clock, EventId, Ids};
use countersign_store::{Actor, Evidence, Store, StoreConfig, StoreError};
use uuid::Uuid;

struct Now;
impl Clock for Now {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
    fn now(&self) -> countersign_model::Instant {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        countersign_model::Instant(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

struct Fresh;
impl Ids for Fresh {
    #[expect(clippy::disallowed_methods, reason = "a benchmark makes ids as the binary does")]
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }
}

type Begun = Arc<Mutex<HashMap<EventId, Instant>>>;

async fn client(
    store: Store,
    begun: Begun,
    stop: Arc<AtomicBool>,
    pace: Option<Duration>,
    written: Arc<AtomicU64>,
) {
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let at = Instant::now();
        let event = store
            .write(Actor::system(), |tx| {
                Box::pin(async move {
                    let id: Uuid = tx.fresh();
                    let evidence = Evidence::new("bench.acted", "bench", id).content([7; 32]);
                    tx.record(evidence.details(serde_json::json!({ "note": "as work leaves it" })))
                })
            })
            .await;
        let event: EventId = event.unwrap_or_else(|error: StoreError| panic!("{error}"));
        // Counted from the moment of the request: the wait for the commit is part of it.
        begun.lock().expect("no client panics").insert(event, at);
        written.fetch_add(1, Ordering::Relaxed);
        if let Some(pace) = pace {
            due += pace;
            tokio::time::sleep_until(due.into()).await;
        }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("an empty folder"));
    let mut number = |usual: u64| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (seconds, clients, rate) = (number(20), number(64), number(0));
    let config = StoreConfig::sqlite(&folder);
    let store = Store::open(&config, Arc::new(Now), Arc::new(Fresh)).await.expect("a store");
    let mut live = store.subscribe();
    let sequencer = store.spawn_sequencer();
    let (begun, stop) = (Begun::default(), Arc::new(AtomicBool::new(false)));
    let written = Arc::new(AtomicU64::new(0));
    let pace = (rate > 0).then(|| Duration::from_secs_f64(clients as f64 / rate as f64));
    let started = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|_| tokio::spawn(client(store.clone(), begun.clone(), stop.clone(), pace, written.clone())))
        .collect();
    let (mut waits, mut early) = (Vec::new(), Vec::new());
    let mut heard = 0_u64;
    while started.elapsed() < Duration::from_secs(seconds) || heard < written.load(Ordering::Relaxed) {
        if started.elapsed() >= Duration::from_secs(seconds) {
            stop.store(true, Ordering::Relaxed);
        }
        let next = tokio::time::timeout(Duration::from_millis(100), live.recv()).await;
        let Ok(Ok(event)) = next else { continue };
        heard += 1;
        match begun.lock().expect("no client panics").remove(&event.id) {
            Some(at) => waits.push(at.elapsed()),
            // The log was faster than the answer to the client.
            None => early.push((event.id, Instant::now())),
        }
    }
    let took = started.elapsed().as_secs_f64();
    for task in tasks {
        task.await.expect("no client panics");
    }
    {
        let known = begun.lock().expect("no client panics");
        waits.extend(early.iter().filter_map(|(id, at)| Some(at.saturating_duration_since(*known.get(id)?))));
    }
    waits.sort_unstable();
    let at = |share: f64| {
        waits.get(((waits.len() as f64 - 1.0) * share) as usize).map_or(0.0, Duration::as_secs_f64)
    };
    println!(
        "{{\"clients\":{clients},\"seconds\":{took:.2},\"events\":{},\"events_per_s\":{:.0},\"wait_p50_ms\":{:.1},\"wait_p99_ms\":{:.1},\"wait_max_ms\":{:.1}}}",
        waits.len(),
        waits.len() as f64 / took,
        at(0.5) * 1e3,
        at(0.99) * 1e3,
        at(1.0) * 1e3
    );
    sequencer.abort();
    store.sequence().await.expect("the log");
    let verifying = Instant::now();
    let size = store.verify().await.expect("sound").size;
    eprintln!("verified {size} entries with their rows in {:.2} s", verifying.elapsed().as_secs_f64());
    store.close().await;
}
