//! Commands beside a running server, and starts that must not happen.

use std::{path::Path, process::Command};

use crate::house::{Served, object, run};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn lot(folder: &Path, seed: u64) {
    let options = countersign_synthesis::parts::Options { side_px: 160, lot: format!("lot-{seed}") };
    for (name, bytes) in
        countersign_synthesis::lot(seed, 2, &options).iter().flat_map(|part| part.files(false))
    {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

#[test]
fn ingest_and_backup_work_beside_the_server_and_a_second_server_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let (data, files) = (home.path().join("data"), home.path().join("files"));
    let (served, password) = Served::start(&data);
    assert!(password.is_some(), "the first start shows the one-time password");
    lot(&files, 1);
    let arguments =
        ["--json", "ingest", "--data", text(&data), "--project", "boards", "--create", "inspection"];
    let output = run(&[arguments.as_slice(), &[text(&files)]].concat());
    let said = object(&output);
    assert_eq!((output.status.code(), said["items"].as_u64()), (Some(0), Some(2)), "{said}");
    assert_eq!(said["standing"]["jobs_open"], 0, "gate and drafts are done when it returns");
    assert_eq!(said["standing"]["items"]["queued"], 2);

    let again = run(&["--json", "serve", "--data", text(&data), "--listen", "127.0.0.1:0"]);
    let fault = object(&again);
    assert_eq!((again.status.code(), &fault["error"]["code"]), (Some(1), &"already_served".into()));
    assert!(fault["error"]["message"].as_str().unwrap().contains(&served.address.to_string()), "{fault}");

    let other = home.path().join("other");
    let taken = run(&["--json", "serve", "--data", text(&other), "--listen", &served.address.to_string()]);
    assert_eq!((taken.status.code(), &object(&taken)["error"]["code"]), (Some(1), &"address_in_use".into()));

    let backup = home.path().join("all.csbak");
    let saved = run(&["--json", "backup", "--data", text(&data), "--out", text(&backup)]);
    assert_eq!(saved.status.code(), Some(0), "{}", object(&saved));
    let copy = home.path().join("copy");
    let restored = run(&["--json", "restore", "--data", text(&copy), text(&backup)]);
    assert_eq!(object(&restored)["restore"]["tables"], object(&saved)["backup"]["tables"]);
    assert!(run(&["verify", "--log", text(&copy)]).status.success());
    let twice = run(&["--json", "restore", "--data", text(&copy), text(&backup)]);
    assert_eq!((twice.status.code(), &object(&twice)["error"]["code"]), (Some(1), &"backup".into()));
    served.kill();
    let (_later, password) = Served::start(&data);
    assert!(password.is_none(), "the password was shown once");
}

#[test]
fn faults_are_objects_with_code_place_and_message() {
    let home = tempfile::tempdir().unwrap();
    let nowhere = home.path().join("nowhere");
    for (arguments, code) in [
        (vec!["release", "--data", text(&nowhere), "--project", "p", "--out", "x.zip"], "no_data"),
        (vec!["backup", "--data", text(&nowhere), "--out", "x"], "no_data"),
        (vec!["verify", "--log", text(home.path())], "no_log"),
        (vec!["verify", text(&nowhere)], "not_found"),
        (vec!["ingest", "--data", text(&nowhere), "--project", "p", text(&nowhere)], "not_found"),
        (vec!["ingest", "--data", text(&nowhere), "--project", "p", text(home.path())], "no_data"),
    ] {
        let output = run(&[&["--json"], arguments.as_slice()].concat());
        let error = &object(&output)["error"];
        assert_eq!((output.status.code(), &error["code"]), (Some(1), &code.into()), "{arguments:?}");
        assert!(error["place"].is_string() && error["message"].is_string(), "{error}");
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert!(!nowhere.exists(), "a wrong path makes no data directory");
    let usage = run(&["--json", "ingest", "--data", "d"]);
    let error = &object(&usage)["error"];
    assert_eq!((usage.status.code(), &error["code"]), (Some(2), &"usage".into()));
    assert!(error["message"].as_str().unwrap().contains("--project"), "{error}");
}

#[test]
fn a_demo_that_was_killed_goes_on_where_it_was() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("demo");
    let demo = |listen: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(["--json", "demo", "--data", text(&data), "--listen", listen]);
        command
    };
    // Killed while it draws and while it cleans and drafts, on most machines; the outcome is the same anywhere.
    for millis in [1_500, 6_000] {
        let mut child = demo("127.0.0.1:0")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(millis));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let mut child = demo("127.0.0.1:0")
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
        .unwrap();
    let _ = child.kill();
    child.wait().unwrap();
    assert!(line.contains("\"accounts\""), "{line}");
    for (project, least) in [("Board inspection", 3), ("City drive", 3)] {
        let out = home.path().join(format!("{least}-{}.zip", project.len()));
        let made =
            run(&["--json", "release", "--data", text(&data), "--project", project, "--out", text(&out)]);
        let said = object(&made);
        assert!(said["release"]["items"].as_u64() >= Some(least), "{said}");
        assert!(run(&["verify", text(&out)]).status.success());
    }
    assert!(run(&["verify", "--log", text(&data)]).status.success());
}
