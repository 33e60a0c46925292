//! Rows that were deleted, changed or swapped behind the program's back.

use std::path::Path;

use rusqlite::Connection;

use crate::house::{object, run};

/// An installation with a few dozen events, made without a server.
pub fn installation(home: &Path) -> std::path::PathBuf {
    let (data, files) = (home.join("data"), home.join("files"));
    let options = countersign_synthesis::parts::Options { side_px: 160, ..Default::default() };
    for (name, bytes) in countersign_synthesis::lot(6, 3, &options).iter().flat_map(|part| part.files(false))
    {
        let path = files.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let made = run(&[
        "ingest",
        "--data",
        data.to_str().unwrap(),
        "--project",
        "p",
        "--create",
        "inspection",
        files.to_str().unwrap(),
    ]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    data
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn tamper(data: &Path, statements: &[&str]) {
    let connection = Connection::open(data.join("countersign.db")).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    for statement in statements {
        connection.execute_batch(statement).unwrap();
    }
    connection.close().unwrap();
}

#[test]
fn the_first_bad_row_is_named() {
    let home = tempfile::tempdir().unwrap();
    let data = installation(home.path());
    assert!(run(&["verify", "--log", data.to_str().unwrap()]).status.success());
    let swap: &[&str] = &[
        "UPDATE events SET log_index = 100000 WHERE log_index = 5",
        "UPDATE events SET log_index = 5 WHERE log_index = 6",
        "UPDATE events SET log_index = 6 WHERE log_index = 100000",
    ];
    let cases: [(&str, &[&str], &str); 5] = [
        ("deleted", &["DELETE FROM events WHERE log_index = 4"], "4"),
        ("reordered", swap, "5"),
        ("changed", &["UPDATE events SET entry = CAST(entry || 'x' AS BLOB) WHERE log_index = 7"], "7"),
        ("column", &["UPDATE events SET action = 'item.accepted' WHERE log_index = 3"], "3"),
        ("cut off", &["DELETE FROM events WHERE log_index >= 8"], "8"),
    ];
    for (case, statements, index) in cases {
        let copied = home.path().join(case);
        copy(&data, &copied);
        tamper(&copied, statements);
        let checked = run(&["--json", "verify", "--log", copied.to_str().unwrap()]);
        let error = &object(&checked)["error"];
        assert_eq!(checked.status.code(), Some(1), "{case}: {error}");
        let named = format!("{} {}", error["place"], error["message"]);
        assert!(
            named.contains(&format!("ndex {index}")) || named.contains(&format!("ndices {index} ")),
            "{case}: {named}"
        );
    }
}

#[test]
fn a_log_whose_checkpoint_or_tile_is_gone_does_not_verify() {
    let home = tempfile::tempdir().unwrap();
    let data = installation(home.path());
    for path in ["log/checkpoint", "log/tile/0", "keys/log.pub"] {
        let copied = home.path().join(path.replace('/', "-"));
        copy(&data, &copied);
        let gone = copied.join(path);
        if gone.is_dir() {
            std::fs::remove_dir_all(&gone).unwrap()
        } else {
            std::fs::remove_file(&gone).unwrap()
        }
        let checked = run(&["--json", "verify", "--log", copied.to_str().unwrap()]);
        let error = &object(&checked)["error"];
        assert_eq!(checked.status.code(), Some(1), "{path}: {error}");
        assert!(error["place"].is_string(), "{error}");
    }
}
