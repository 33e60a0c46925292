//! The demo, and what offline verification says once somebody has tampered.

use std::{
    io::BufRead,
    path::Path,
    process::{Command, Stdio},
};

use crate::house::{object, run};

/// Fills a demo, stops it in order.
fn demo(data: &Path) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["--json", "demo", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("\"accounts\""), "{line}");
    let stopped = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert!(child.wait().unwrap().success(), "a stop in order is status 0");
}

fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_release_and_a_log_verify_until_one_byte_is_flipped() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    demo(&data);
    let data_text = data.to_str().unwrap();
    let out = home.path().join("parts.zip");
    let out_text = out.to_str().unwrap();
    let made = run(&["--json", "release", "--data", data_text, "--project", "City drive", "--out", out_text]);
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stdout));
    assert_eq!(run(&["verify", out_text]).status.code(), Some(0));
    // What a release cannot show is refused, not passed over.
    for asked in [["--cosigned-by", "1"], ["--kept", out_text]] {
        let checked = run(&[&["--json", "verify", out_text], asked.as_slice()].concat());
        assert_eq!((checked.status.code(), &object(&checked)["error"]["code"]), (Some(1), &"usage".into()));
    }

    let package = std::fs::read(&out).unwrap();
    for (name, bytes) in [("flipped", flipped(&package)), ("cut", package[..package.len() - 100].to_vec())] {
        let path = home.path().join(format!("{name}.zip"));
        std::fs::write(&path, bytes).unwrap();
        let checked = run(&["--json", "verify", path.to_str().unwrap()]);
        assert_eq!(checked.status.code(), Some(1), "{name}");
        assert!(object(&checked)["error"]["place"].is_string(), "{name} names its place");
    }

    let backup = home.path().join("all.backup");
    let saved = run(&["backup", "--data", data_text, "--out", backup.to_str().unwrap()]);
    assert_eq!(saved.status.code(), Some(0), "{}", String::from_utf8_lossy(&saved.stderr));
    let copy = home.path().join("copy");
    let restored = run(&["restore", "--data", copy.to_str().unwrap(), backup.to_str().unwrap()]);
    assert_eq!(restored.status.code(), Some(0), "{}", String::from_utf8_lossy(&restored.stderr));
    assert_eq!(run(&["verify", "--log", copy.to_str().unwrap()]).status.code(), Some(0));

    assert_eq!(run(&["verify", "--log", data_text]).status.code(), Some(0));
    let bundle = first_bundle(&data.join("log/tile/entries"));
    flip(&bundle, 40);
    let checked = run(&["--json", "verify", "--log", data_text]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(object(&checked)["error"]["place"].as_str().unwrap().contains('0'), "{}", object(&checked));
}

fn flipped(package: &[u8]) -> Vec<u8> {
    let mut bytes = package.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes
}

/// The bundle with the first entries of the log.
fn first_bundle(folder: &Path) -> std::path::PathBuf {
    let full = folder.join("000");
    if full.is_file() {
        return full;
    }
    let mut partial: Vec<_> =
        std::fs::read_dir(folder.join("000.p")).unwrap().map(|e| e.unwrap().path()).collect();
    partial.sort();
    partial.pop().expect("the log has entries")
}
