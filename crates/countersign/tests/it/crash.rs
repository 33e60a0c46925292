//! `kill -9` while 16 people claim and submit: what was acknowledged is there, nobody shares a task, the log verifies.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::house::{Served, Team, call, run};

const CLIENTS: usize = 16;
const IMAGES: usize = 600;
/// How often the server is killed.
const KILLS: usize = 3;
/// How often instead: `COUNTERSIGN_CRASH_KILLS=200 cargo nextest run -p countersign crash`, which takes minutes.
const KILLS_ASKED: &str = "COUNTERSIGN_CRASH_KILLS";
/// The server is killed after a number of submits of a round, counted, so that a slow machine tests the same. At most so
/// many images of all are submitted, in one of this many parts.
const KEPT: usize = 3;
/// And this many microseconds later at most, so that every part of a request is hit in time.
const LATER_MICROS_MAX: u64 = 4_000;
/// Within this time that many submits must come, seconds.
const ROUND_SECONDS: u64 = 60;
/// Fixes the moments: `COUNTERSIGN_CRASH_SEED=7 cargo nextest run -p countersign crash`.
const SEED: &str = "COUNTERSIGN_CRASH_SEED";

/// Time for the sequencer, which looks at least once a second.
const SEQUENCED: Duration = Duration::from_secs(3);

#[derive(Default)]
struct Seen {
    /// Task to the client that was told that it is theirs.
    claimed: Vec<(String, usize)>,
    /// Task to the hash that the server acknowledged.
    submitted: BTreeMap<String, String>,
}

fn boxes() -> Vec<Value> {
    let shape = |n: u32| json!({ "type": "box", "x": 10.0 * f64::from(n), "y": 5.0, "w": 8.0, "h": 4.0 });
    (0..5)
        .map(|n| {
            let annotation = json!({
                "id": fresh(), "class": "object", "frame": { "stream": 0, "index": 0 }, "shape": shape(n),
            });
            json!({ "op": "put", "annotation": annotation })
        })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "clients make ids of their own, as the page does")]
fn fresh() -> Uuid {
    Uuid::new_v4()
}

/// Moments to kill at: another series each time, the one that failed again on demand.
struct Moments(u64);

impl Moments {
    fn new() -> Self {
        let given = std::env::var(SEED).ok().and_then(|seed| seed.parse().ok());
        let seed = given.unwrap_or_else(|| u64::from(std::process::id()));
        println!("{SEED}={seed}");
        Self(seed)
    }

    /// The next number below a bound (SplitMix64).
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

/// Waits until so many submits are acknowledged.
fn wait_for(seen: &Mutex<Seen>, submits: usize) {
    let begun = std::time::Instant::now();
    while seen.lock().unwrap().submitted.len() < submits {
        assert!(begun.elapsed() < Duration::from_secs(ROUND_SECONDS), "{submits} submits did not come");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Claims and submits until the server is gone or nothing is left.
fn work(address: std::net::SocketAddr, project: &str, token: &str, client: usize, seen: &Mutex<Seen>) {
    let bearer = format!("Bearer {token}");
    loop {
        let headers = [("Authorization", bearer.as_str())];
        let path = format!("/api/v1/projects/{project}/tasks/claim");
        let Some((200, work)) = call(address, "POST", &path, &headers, Some(&json!({}))) else { return };
        let task = work["task"]["id"].as_str().unwrap().to_owned();
        seen.lock().unwrap().claimed.push((task.clone(), client));
        let headers = [("Authorization", bearer.as_str()), ("If-Match", "\"0\"")];
        let body = json!({ "fence": work["task"]["fence"], "changes": boxes() });
        let path = format!("/api/v1/tasks/{task}/submit");
        let Some((200, done)) = call(address, "POST", &path, &headers, Some(&body)) else { return };
        let hash = done["content_hash"].as_str().unwrap().to_owned();
        seen.lock().unwrap().submitted.insert(task, hash);
    }
}

#[test]
fn nothing_acknowledged_is_lost_and_no_task_is_shared() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (mut served, password) = Served::start(&data);
    let kills = std::env::var(KILLS_ASKED).ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    // Each round may hand in up to one more per client than it waited for.
    let images = IMAGES.max(kills * CLIENTS * 2);
    let submits_max = (images / kills / KEPT) as u64;
    let team = Team::gather(&served, &password.expect("the first start prints it"), CLIENTS, images);
    let seen = Arc::new(Mutex::new(Seen::default()));
    let mut moments = Moments::new();
    for _ in 0..kills {
        let address = served.address;
        let enough = seen.lock().unwrap().submitted.len() + 1 + moments.below(submits_max) as usize;
        let later = Duration::from_micros(moments.below(LATER_MICROS_MAX));
        std::thread::scope(|scope| {
            for (client, token) in team.tokens.iter().enumerate() {
                let (seen, project) = (Arc::clone(&seen), &team.project);
                scope.spawn(move || work(address, project, token, client, &seen));
            }
            wait_for(&seen, enough);
            std::thread::sleep(later);
            served.kill();
        });
        served = Served::start(&data).0;
    }
    let seen = seen.lock().unwrap();
    let mut owners: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (task, client) in &seen.claimed {
        owners.entry(task).or_default().insert(*client);
    }
    let shared: Vec<_> = owners.iter().filter(|(_, clients)| clients.len() > 1).collect();
    assert!(shared.is_empty(), "tasks given to two people: {shared:?}");
    let stored = stored(&served, &team);
    for (task, hash) in &seen.submitted {
        assert!(stored.contains(hash), "the acknowledged submit of {task} is not there");
    }
    // The next start has brought the log up to date with every row; then it verifies row by row.
    std::thread::sleep(SEQUENCED);
    drop(served);
    agree(&data, seen.submitted.len());
    let verified = run(&["verify", "--log", data.to_str().unwrap()]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

/// No state without its event and no event without its state: of what was handed in, claimed and moved.
fn agree(data: &std::path::Path, acknowledged: usize) {
    let base = Connection::open(data.join("countersign.db")).unwrap();
    let count = |sql: &str| base.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let submits = count("SELECT COUNT(*) FROM events WHERE action = 'read.submitted'");
    println!("{submits} submits in the log, {acknowledged} of them acknowledged");
    assert!(submits >= acknowledged as i64);
    for sql in [
        "SELECT COUNT(*) FROM reads r WHERE r.submitted_at IS NOT NULL AND 1 <> (SELECT COUNT(*) FROM events e \
         WHERE e.action = 'read.submitted' AND e.object_id = r.id)",
        "SELECT COUNT(*) FROM events e WHERE e.action = 'read.submitted' AND NOT EXISTS (SELECT 1 FROM reads r \
         WHERE r.id = e.object_id AND r.submitted_at IS NOT NULL)",
        "SELECT COUNT(*) FROM tasks t WHERE t.claimed_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM events e \
         WHERE e.action = 'task.claimed' AND e.object_id = t.id)",
        "SELECT COUNT(*) FROM events e WHERE e.action = 'task.claimed' AND NOT EXISTS (SELECT 1 FROM tasks t \
         WHERE t.id = e.object_id AND t.fence > 0)",
        "SELECT COUNT(*) FROM events WHERE log_index IS NULL",
    ] {
        assert_eq!(count(sql), 0, "{sql}");
    }
}

/// The content hashes of everything that the annotators handed in, as each of them sees their own. A hash covers the
/// ids of the marks, so no two submits share one.
fn stored(served: &Served, team: &Team) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for token in &team.tokens {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str())];
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/projects/{}/items?limit=200{cursor}", team.project);
            let (status, page) = served.call("GET", &path, &headers, None).unwrap();
            assert_eq!(status, 200, "{page}");
            for item in page["items"].as_array().unwrap() {
                let path = format!("/api/v1/items/{}", item["id"].as_str().unwrap());
                let (_, detail) = served.call("GET", &path, &headers, None).unwrap();
                let reads = detail["reads"].as_array().unwrap();
                found
                    .extend(reads.iter().filter_map(|read| read["content_hash"].as_str().map(str::to_owned)));
            }
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
    }
    found
}
