//! Protocol documents at the command line: checked offline, put into force by whoever signs.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

use crate::house::{PASSWORD, Served, cookie, object, run, token};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../protocols").join(format!("{name}.yaml"))
}

#[test]
fn a_document_is_checked_offline_with_line_and_column() {
    for name in ["radiology", "radiology_double", "driving", "inspection", "images"] {
        let output = run(&["protocol", "check", shipped(name).to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
    }
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("bad.yaml");
    let text = std::fs::read_to_string(shipped("images")).unwrap();
    let text = text.replacen("    role: reviewer", "    role: rewiever", 1);
    std::fs::write(&file, text.replacen("rework_cap: 3", "rework_cap: 3\ncolour: blue", 1)).unwrap();
    let output = run(&["protocol", "check", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("bad.yaml:8:1: colour:") && said.contains("[unknown_field]"), "{said}");
    let output = run(&["--json", "protocol", "check", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = object(&output);
    let faults = said["faults"].as_array().unwrap();
    let at = std::fs::read_to_string(&file).unwrap();
    let at = at.lines().position(|line| line.contains("rewiever")).unwrap() + 1;
    assert_eq!(said["sound"], false);
    assert!(faults.iter().any(|fault| fault["line"] == at && fault["code"] == "unknown_word"), "{said}");

    let meaning = std::fs::read_to_string(shipped("images")).unwrap();
    std::fs::write(&file, meaning.replacen("role: reviewer", "role: reviewer\n    meaning: reviewed", 1))
        .unwrap();
    let said = object(&run(&["--json", "protocol", "check", file.to_str().unwrap()]));
    assert_eq!(said["faults"][0]["code"], "meaning_without_signature", "{said}");

    std::fs::write(&file, b"id: \xff\xfe").unwrap();
    let output = run(&["--json", "protocol", "check", file.to_str().unwrap()]);
    assert_eq!(
        (output.status.code(), object(&output)["error"]["code"].as_str()),
        (Some(1), Some("bad_yaml"))
    );
    let missing = run(&["--json", "protocol", "check", "/no/such/file.yaml"]);
    assert_eq!(
        (missing.status.code(), object(&missing)["error"]["code"].as_str()),
        (Some(1), Some("not_found"))
    );
    assert_eq!(run(&["protocol", "check"]).status.code(), Some(2));

    let schema: Value = serde_json::from_slice(&run(&["protocol", "schema"]).stdout).unwrap();
    let kept =
        std::fs::read_to_string(shipped("images").with_file_name("../docs/protocol.schema.json")).unwrap();
    assert_eq!(schema, serde_json::from_str::<Value>(&kept).unwrap());
}

fn put(data: &Path, login: &str, file: &Path, password: &str) -> Output {
    signing("put", data, login, &[file.to_str().unwrap()], password)
}

/// A week from now, as the command line takes it.
#[expect(clippy::disallowed_methods, reason = "the program under test reads the real clock")]
fn soon() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let week = i64::try_from(now.as_secs()).unwrap() + 7 * 86_400;
    countersign_model::Instant(week * 1_000_000).to_string()
}

fn signing(act: &str, data: &Path, login: &str, more: &[&str], password: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["--json", "protocol", act, "--data", data.to_str().unwrap(), "--project", "pictures"])
        .args(["--login", login])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended before it asked for a password.
    let _ = writeln!(child.stdin.take().unwrap(), "{password}");
    child.wait_with_output().unwrap()
}

#[test]
fn a_document_is_put_into_force_by_whoever_signs() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let (served, one_time) = Served::start(&data);
    token(&served, "owner", &one_time.unwrap(), true);
    let cookie = cookie(&served, "owner", PASSWORD);
    let headers = [("Cookie", cookie.as_str()), ("X-Countersign", "1")];
    let post = |path: &str, body: Value| {
        let (status, answer) = served.call("POST", path, &headers, Some(&body)).unwrap();
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
    };
    post("/api/v1/projects", json!({ "name": "pictures", "protocol": "images" }));
    post("/api/v1/users", json!({ "login": "stranger", "printed_name": "A stranger", "password": PASSWORD }));
    let file = home.path().join("next.yaml");
    let text = std::fs::read_to_string(shipped("images")).unwrap().replacen("version: 1", "version: 2", 1);
    std::fs::write(&file, &text).unwrap();
    let code = |output: &Output| object(output)["error"]["code"].as_str().unwrap_or("none").to_owned();

    // Nobody signs before they agreed that it binds them, with a wrong password, or without the right.
    assert_eq!(code(&put(&data, "owner", &file, "not the password")), "bad_credentials");
    assert_eq!(code(&put(&data, "owner", &file, "")), "password_required");
    let unasked = put(&data, "owner", &file, PASSWORD);
    assert_eq!((unasked.status.code(), code(&unasked).as_str()), (Some(1), "acknowledgement_required"));
    post("/api/v1/me/signing", json!({ "version": 1 }));
    assert_eq!(code(&put(&data, "stranger", &file, PASSWORD)), "unknown_project");

    // The first version is signed as later ones are, once.
    let sign = |login: &str| signing("sign", &data, login, &[], PASSWORD);
    assert_eq!(code(&sign("stranger")), "unknown_project");
    let signed = sign("owner");
    assert_eq!(signed.status.code(), Some(0), "{}", String::from_utf8_lossy(&signed.stdout));
    assert_eq!(object(&signed)["version"], 1);
    assert_eq!(code(&sign("owner")), "already_signed");

    let done = put(&data, "owner", &file, PASSWORD);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stdout));
    assert_eq!(object(&done)["version"], 2);
    assert_eq!(code(&put(&data, "owner", &file, PASSWORD)), "content_changed", "it is in force already");
    let (_, seen) = served.call("GET", "/api/v1/projects", &headers, None).unwrap();
    let projects = seen.as_array().cloned().unwrap_or_else(|| seen["items"].as_array().cloned().unwrap());
    assert_eq!(projects[0]["protocol"]["version"], 2, "{seen}");

    // What the next version would do is counted without a password: whoever sits there reads every row anyway.
    std::fs::write(&file, text.replacen("version: 2", "version: 3", 1)).unwrap();
    let place = ["--data", data.to_str().unwrap(), "--project", "pictures", file.to_str().unwrap()];
    let counted = run(&[&["--json", "protocol", "impact"][..], &place[..]].concat());
    assert_eq!(counted.status.code(), Some(0), "{}", String::from_utf8_lossy(&counted.stdout));
    assert_eq!(
        (&object(&counted)["against"], &object(&counted)["impact"]["finishing"]),
        (&json!(2), &json!(0))
    );

    // Dated ahead it waits, nothing else is put meanwhile, and it is withdrawn with a reason.
    let file_name = file.to_str().unwrap();
    let ahead = |more: &[&str]| signing("put", &data, "owner", more, PASSWORD);
    let bare = ahead(&["--takes-force", "2126-01-01T00:00Z", file_name]);
    assert_eq!(code(&bare), "bad_effective_date");
    let soon = soon();
    let bare = ahead(&["--takes-force", &soon, file_name]);
    assert_eq!(code(&bare), "deviation_needs_reason");
    let planned = ahead(&["--takes-force", &soon, "--reason", "after the audit", file_name]);
    assert_eq!(planned.status.code(), Some(0), "{}", String::from_utf8_lossy(&planned.stdout));
    assert_eq!((&object(&planned)["version"], &object(&planned)["in_force"]), (&json!(3), &json!(false)));
    assert_eq!(code(&put(&data, "owner", &file, PASSWORD)), "protocol_planned");
    let withdraw = |login: &str, why: &str| signing("withdraw", &data, login, &["--reason", why], PASSWORD);
    assert_eq!(code(&withdraw("stranger", "no")), "unknown_project");
    assert_eq!(code(&withdraw("owner", " ")), "reason_required");
    let withdrawn = withdraw("owner", "the audit is later");
    assert_eq!(withdrawn.status.code(), Some(0), "{}", String::from_utf8_lossy(&withdrawn.stdout));
    assert_eq!(code(&withdraw("owner", "again")), "nothing_planned");
    assert_eq!(ahead(&["--takes-force", "tomorrow", file_name]).status.code(), Some(2));

    // What only the project knows is told at its line, too.
    let left_out = text.replacen("version: 2", "version: 3", 1).replacen("id: person", "id: people", 1);
    std::fs::write(&file, left_out).unwrap();
    let refused = put(&data, "owner", &file, PASSWORD);
    assert_eq!(refused.status.code(), Some(1));
    let said = object(&refused);
    assert_eq!(said["faults"][0]["code"], "class_left_out", "{said}");
    assert!(said["faults"][0]["line"].as_u64().unwrap() > 1);
}
