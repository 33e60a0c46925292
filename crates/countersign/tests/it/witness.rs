//! A witness beside a server: it cosigns, and it is what notices that a whole data directory was put back.

use std::{
    io::BufRead,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::house::{Served, object, run, token};

/// How long a state may take to be seen.
const PATIENCE: Duration = Duration::from_secs(60);

struct Witness {
    child: Child,
    url: String,
    key: String,
}

impl Witness {
    fn start(home: &Path, log_key: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["--json", "witness", "--data", home.to_str().unwrap(), "--log-key", log_key])
            .args(["--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("ready line: {line:?}"));
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        Self { child, url: text("address"), key: text("key") }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn get(served: &Served, bearer: &str, path: &str) -> Value {
    let headers = [("Authorization", bearer)];
    let (status, value) = served.call("GET", path, &headers, None).expect("an answer");
    assert_eq!(status, 200, "{path}: {value}");
    value
}

/// The standing of the log once it is what is waited for.
fn standing(served: &Served, bearer: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let standing = get(served, bearer, "/api/v1/log/standing");
        if is_it(&standing) {
            return standing;
        }
        assert!(begun.elapsed() < PATIENCE, "{standing}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn make_project(served: &Served, bearer: &str, name: &str) {
    let draft = json!({ "name": name, "protocol": "images" });
    let (status, value) =
        served.call("POST", "/api/v1/projects", &[("Authorization", bearer)], Some(&draft)).unwrap();
    assert_eq!(status, 201, "{value}");
}

#[test]
fn a_witness_cosigns_and_notices_yesterdays_data() {
    let home = tempfile::tempdir().unwrap();
    let (data, kept) = (home.path().join("data"), home.path().join("kept"));
    let (served, one_time) = Served::start(&data);
    let bearer = format!("Bearer {}", token(&served, "owner", &one_time.unwrap(), true));
    let alone = standing(&served, &bearer, |standing| standing["size"].as_u64() > Some(0));
    assert_eq!((&alone["integrity"], &alone["witnesses"]), (&"self_attested".into(), &json!([])));
    served.kill();

    let log_key = data.join("keys/log.pub");
    let witness = Witness::start(&home.path().join("witness"), text(&log_key));
    let arguments = ["--witness", &witness.url, "--witness-key", &witness.key];
    let (served, _) = Served::start_with(&data, &arguments);
    let is_witnessed = |standing: &Value| {
        standing["integrity"] == "witnessed" && standing["witnesses"][0]["cosigned_size"] == standing["size"]
    };
    let seen = standing(&served, &bearer, is_witnessed);
    assert_eq!(seen["witnesses"][0]["state"], "ok", "{seen}");
    served.kill();
    let yesterday = home.path().join("yesterday");
    copy(&data, &yesterday);
    std::fs::copy(data.join("log/checkpoint"), &kept).unwrap();

    let (served, _) = Served::start_with(&data, &arguments);
    for number in 0..3 {
        make_project(&served, &bearer, &format!("today {number}"));
    }
    let size = seen["size"].as_u64().unwrap();
    // The start is an entry, too: yesterday's data grows by one when it is served again, and stays shorter than today's.
    let grown = |standing: &Value| standing["size"].as_u64() > Some(size + 3);
    standing(&served, &bearer, |standing| is_witnessed(standing) && grown(standing));
    served.kill();
    let check = |folder: &Path, more: &[&str]| {
        let arguments = ["--json", "verify", "--log", text(folder), "--key", text(&log_key)];
        run(&[&arguments, more].concat())
    };
    let by_witness = ["--witness-key", &witness.key, "--cosigned-by", "1", "--kept", text(&kept)];
    let sound = check(&data.join("log"), &by_witness);
    assert_eq!(sound.status.code(), Some(0), "{}", object(&sound));
    assert_eq!(object(&sound)["log"]["continues"], json!([size]));
    assert_eq!(object(&sound)["log"]["cosignatures"].as_array().unwrap().len(), 1);
    let today = home.path().join("today");
    std::fs::copy(data.join("log/checkpoint"), &today).unwrap();

    // Somebody puts the whole directory of yesterday back: in itself it is sound.
    std::fs::remove_dir_all(&data).unwrap();
    copy(&yesterday, &data);
    let alone = check(&data, &[]);
    assert_eq!(alone.status.code(), Some(0), "{}", object(&alone));
    let back = check(&data.join("log"), &["--kept", text(&today)]);
    assert_eq!((back.status.code(), &object(&back)["error"]["code"]), (Some(1), &"rolled_back".into()));
    let (served, _) = Served::start_with(&data, &arguments);
    let red = standing(&served, &bearer, |standing| standing["integrity"] == "conflict");
    assert!(red["witnesses"][0]["conflict_size"].as_u64() > red["size"].as_u64(), "{red}");
    // Going on from there does not help: the other day does not continue what was cosigned.
    for number in 0..4 {
        make_project(&served, &bearer, &format!("another day {number}"));
    }
    let longer = red["witnesses"][0]["conflict_size"].as_u64();
    let red = standing(&served, &bearer, |standing| standing["size"].as_u64() > longer);
    assert_eq!(red["integrity"], "conflict", "{red}");
}
