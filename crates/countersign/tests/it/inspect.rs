//! Inspector's day: a file, a key, no server. Then somebody edits the database, and the next copy says where.

use std::{
    io::{Read, Write},
    path::Path,
};

use rusqlite::Connection;

use crate::{
    house::{object, run},
    rows::installation,
};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn tamper(data: &Path, statements: &[&str]) {
    let connection = Connection::open(data.join("countersign.db")).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    for statement in statements {
        connection.execute_batch(statement).unwrap();
    }
    connection.close().unwrap();
}

/// A copy, and the key on another medium.
fn copy_of(data: &Path, out: &Path, project: Option<&str>) {
    let mut arguments = vec!["--json", "inspect", "--data", text(data), "--out", text(out)];
    if let Some(project) = project {
        arguments.extend(["--project", project]);
    }
    let made = run(&arguments);
    assert_eq!(made.status.code(), Some(0), "{}", object(&made));
}

/// The same archive with one file changed.
fn rewritten(from: &Path, to: &Path, name: &str, change: impl Fn(&mut Vec<u8>)) {
    let mut archive = zip::ZipArchive::new(std::fs::File::open(from).unwrap()).unwrap();
    let mut out = zip::ZipWriter::new(std::fs::File::create(to).unwrap());
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        if file.name() == name {
            change(&mut bytes);
        }
        out.start_file(file.name(), zip::write::SimpleFileOptions::default()).unwrap();
        out.write_all(&bytes).unwrap();
    }
    out.finish().unwrap();
}

/// The index of the event at a place of the project's events.
fn index_at(data: &Path, place: u32) -> u64 {
    let connection = Connection::open(data.join("countersign.db")).unwrap();
    let sql = "SELECT log_index FROM events WHERE project_id IS NOT NULL AND log_index IS NOT NULL \
               ORDER BY log_index LIMIT 1 OFFSET ?1";
    let found: i64 = connection.query_row(sql, [place], |row| row.get(0)).unwrap();
    found as u64
}

#[test]
fn a_copy_is_checked_without_a_server_and_names_what_was_edited() {
    let home = tempfile::tempdir().unwrap();
    let data = installation(home.path());
    let key = home.path().join("log.pub");
    std::fs::copy(data.join("keys/log.pub"), &key).unwrap();
    let whole = home.path().join("whole.zip");
    copy_of(&data, &whole, None);
    let first = home.path().join("first.zip");
    copy_of(&data, &first, Some("p"));
    for file in [&whole, &first] {
        let checked = run(&["--json", "verify", text(file), "--key", text(&key)]);
        let said = object(&checked);
        assert_eq!(checked.status.code(), Some(0), "{said}");
        assert!(said["copy"]["events"].as_u64() > Some(5), "{said}");
        assert_eq!(said["copy"]["is_key_expected"], true);
    }
    let unsure = run(&["--json", "verify", text(&first), "--cosigned-by", "1"]);
    assert_eq!(object(&unsure)["error"]["code"], "not_cosigned", "no witness has seen it");

    // The copy itself is changed on the way.
    let changed = home.path().join("changed.zip");
    rewritten(&first, &changed, "index.html", |bytes| bytes.extend(b"<p>and nothing else</p>"));
    let checked = run(&["--json", "verify", text(&changed), "--key", text(&key)]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(object(&checked)["error"]["place"].as_str().unwrap().contains("index.html"));
    rewritten(&first, &changed, "events.jsonl", |bytes| {
        let last = bytes.len() - 1;
        let cut = bytes[..last].iter().rposition(|byte| *byte == b'\n').unwrap();
        bytes.truncate(cut + 1);
    });
    let checked = run(&["--json", "verify", text(&changed), "--key", text(&key)]);
    assert_eq!(object(&checked)["error"]["code"], "truncated", "{}", object(&checked));

    // A row is edited; the copy that is made then names it. Then another one is deleted.
    let (fourth, seventh) = (index_at(&data, 3), index_at(&data, 6));
    let edit = format!(
        "UPDATE events SET entry = CAST(REPLACE(entry, 'ok', 'no') AS BLOB) WHERE log_index = {seventh}"
    );
    let delete = format!("DELETE FROM events WHERE log_index = {fourth}");
    for (number, (statement, code, index)) in
        [(edit, "flipped", seventh), (delete, "missing", fourth)].into_iter().enumerate()
    {
        tamper(&data, &[&statement]);
        let out = home.path().join(format!("after-{number}.zip"));
        copy_of(&data, &out, Some("p"));
        let checked = run(&["--json", "verify", text(&out), "--key", text(&key)]);
        let error = &object(&checked)["error"];
        assert_eq!((checked.status.code(), &error["code"]), (Some(1), &code.into()), "{error}");
        assert_eq!(error["details"]["index"].as_u64(), Some(index), "{error}");
    }
    // The copy from before still verifies: what the inspector took along does not change.
    assert!(run(&["verify", text(&first), "--key", text(&key)]).status.success());
}
