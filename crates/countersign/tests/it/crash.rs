//! `kill -9` while 16 people claim and submit: what was acknowledged is there, nobody shares a task, the log verifies.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::house::{Served, Team, call, run};

const CLIENTS: usize = 16;
const IMAGES: usize = 600;
/// The server is killed once so many submits were acknowledged since it started: early, midway, late. Counted rather
/// than timed, so that a slow machine tests the same.
const KILLS_AFTER: [usize; 3] = [3, 40, 120];
/// How long that may take, each time.
const PATIENCE: Duration = Duration::from_secs(60);

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
    let team = Team::gather(&served, &password.expect("the first start prints it"), CLIENTS, IMAGES);
    let seen = Arc::new(Mutex::new(Seen::default()));
    for count in KILLS_AFTER {
        let address = served.address;
        std::thread::scope(|scope| {
            for (client, token) in team.tokens.iter().enumerate() {
                let (seen, project) = (Arc::clone(&seen), &team.project);
                scope.spawn(move || work(address, project, token, client, &seen));
            }
            let before = seen.lock().unwrap().submitted.len();
            let begun = Instant::now();
            while seen.lock().unwrap().submitted.len() < before + count && begun.elapsed() < PATIENCE {
                std::thread::sleep(Duration::from_millis(1));
            }
            served.kill();
        });
        served = Served::start(&data).0;
    }
    let seen = seen.lock().unwrap();
    assert!(seen.submitted.len() > CLIENTS, "only {} submits were acknowledged", seen.submitted.len());
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
    let verified = run(&["verify", "--log", data.to_str().unwrap()]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
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
