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

/// The index that a query finds.
fn found(data: &Path, sql: &str) -> u64 {
    let connection = Connection::open(data.join("countersign.db")).unwrap();
    let found: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    found as u64
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

    // Rows are edited, each earlier in the log or more telling than the one before; the copy that is made then names it.
    let (fourth, seventh) = (index_at(&data, 3), index_at(&data, 6));
    let drafted = found(
        &data,
        "SELECT e.log_index FROM events e JOIN annotations a ON a.read_id = e.object_id \
         WHERE e.action = 'draft.made' AND a.body IS NOT NULL ORDER BY e.log_index LIMIT 1",
    );
    let detailed = found(
        &data,
        "SELECT MAX(e.log_index) FROM events e JOIN event_details d ON d.event_id = e.id \
         WHERE e.project_id IS NOT NULL",
    );
    assert!(fourth < seventh && seventh < detailed);
    let body = "UPDATE annotations SET body = REPLACE(body, '\"version\":1', '\"version\":1.0')".to_owned();
    let details = format!(
        "UPDATE event_details SET details = REPLACE(details, ':', ': ') \
         WHERE event_id = (SELECT id FROM events WHERE log_index = {detailed})"
    );
    let edit = format!(
        "UPDATE events SET entry = CAST(REPLACE(entry, 'ok', 'no') AS BLOB) WHERE log_index = {seventh}"
    );
    let delete = format!("DELETE FROM events WHERE log_index = {fourth}");
    for (number, (statement, code, index)) in [
        (body, "flipped", drafted),
        (details, "flipped", detailed),
        (edit, "flipped", seventh),
        (delete, "missing", fourth),
    ]
    .into_iter()
    .enumerate()
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

/// What an archive says of the size of its files is believed for nothing: it is neither reserved nor read.
#[test]
fn sizes_that_an_archive_declares_are_not_believed() {
    let home = tempfile::tempdir().unwrap();
    let data = installation(home.path());
    let copy = home.path().join("copy.zip");
    copy_of(&data, &copy, None);
    let sound = std::fs::read(&copy).unwrap();
    let key = data.join("keys/log.pub");
    let entry = |bytes: &[u8], name: &str| {
        let mark = |at: &usize| bytes[*at..].starts_with(b"PK\x01\x02");
        let named = |at: &usize| bytes[at + 46..].starts_with(name.as_bytes());
        (0..bytes.len() - 46).filter(mark).find(named).unwrap()
    };
    let declared = home.path().join("declared.zip");
    for name in ["events.jsonl", "manifest.json", "log/checkpoint"] {
        let mut bytes = sound.clone();
        let at = entry(&bytes, name) + 24;
        bytes[at..at + 4].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
        std::fs::write(&declared, &bytes).unwrap();
        let checked = run(&["--json", "verify", text(&declared), "--key", text(&key)]);
        assert_eq!(checked.status.code(), Some(0), "{name}: {}", object(&checked));
    }
}
