//! `countersign deid` on made-up files full of identifiers: what comes out, what stays out, going on.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use countersign_synthesis::{IdentifiedInstance, cohort};
use serde_json::Value;

use crate::house::{object, run};

/// Instances of two patients.
const COUNT: usize = 28;

struct Place {
    home: tempfile::TempDir,
    sources: PathBuf,
    instances: Vec<IdentifiedInstance>,
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let sources = home.path().join("in");
        let instances = cohort(7, COUNT);
        for instance in &instances {
            let path = sources.join(&instance.key.file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &instance.bytes).unwrap();
        }
        let place = Self { home, sources, instances };
        let made = run(&["--json", "deid", "--new-key", "--key", text(&place.at("key"))]);
        assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stdout));
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn deid(&self, out: &str, more: &[&str], paths: &[&Path]) -> Output {
        let (key, out) = (self.at("key"), self.at(out));
        let mut arguments = vec!["--json", "deid", "--key", text(&key), "--out", text(&out)];
        arguments.extend(more);
        arguments.extend(paths.iter().map(|path| text(path)));
        run(&arguments)
    }
}

/// Every file of the tree, with its bytes; the journal is not of the tree.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() && !entry.ends_with(".countersign") {
                folders.push(entry);
            } else if entry.is_file() {
                let name = entry.strip_prefix(folder).unwrap().to_owned();
                found.insert(name, fs::read(&entry).unwrap());
            }
        }
    }
    found
}

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Texts of a source that say who it is of.
fn secrets(instances: &[IdentifiedInstance]) -> Vec<String> {
    let keys = instances.iter().map(|instance| &instance.key);
    let uids =
        keys.flat_map(|key| [&key.patient_id, &key.instance_uid, &key.study_uid, &key.series_uid, &key.file]);
    uids.cloned().collect()
}

#[test]
fn the_tree_depends_on_content_and_key_alone() {
    let place = Place::new();
    let first = place.deid("a", &["--trust-pixels"], &[&place.sources]);
    let said = object(&first);
    assert_eq!(first.status.code(), Some(1), "dose reports are quarantined: {said}");
    // The same files under other names, in another order, from an archive, on one thread.
    let archive = place.at("z.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&archive).unwrap());
    for (number, instance) in place.instances.iter().rev().enumerate() {
        zip.start_file(format!("{number}"), zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, &instance.bytes).unwrap();
    }
    zip.finish().unwrap();
    place.deid("b", &["--trust-pixels", "--jobs", "1"], &[&archive]);
    let (a, b) = (tree(&place.at("a")), tree(&place.at("b")));
    assert_eq!(a, b);
    assert_eq!(a.len() as u64, said["deid"]["done"].as_u64().unwrap());
    for (path, bytes) in &a {
        let parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap()).collect();
        assert_eq!(parts.len(), 4);
        assert!(
            parts[0].starts_with("CS-") && parts[1..].iter().all(|part| part.starts_with("2.25.")),
            "{path:?}"
        );
        let instance = countersign_dicom::read(bytes, &countersign_dicom::Limits::default()).unwrap();
        let named = |tag| instance.data.text(tag).unwrap();
        assert_eq!(named(countersign_dicom::tags::PATIENT_ID), parts[0]);
        assert_eq!(format!("{}.dcm", named(countersign_dicom::tags::SOP_INSTANCE_UID)), parts[3]);
    }
    // Another key gives another tree.
    let other = run(&[
        "deid",
        "--new-key",
        "--key",
        text(&place.at("key2")),
        "--out",
        text(&place.at("c")),
        "--trust-pixels",
        text(&place.sources),
    ]);
    assert_eq!(other.status.code(), Some(1));
    assert!(tree(&place.at("c")).keys().all(|path| !a.contains_key(path)));
}

#[test]
fn the_report_names_every_source_and_no_identifier() {
    let place = Place::new();
    fs::write(place.sources.join("words.txt"), b"these are words").unwrap();
    fs::write(place.sources.join("cut.dcm"), &place.instances[0].bytes[..2000]).unwrap();
    let report = place.at("report.jsonl");
    let output = place.deid("out", &["--report", text(&report)], &[&place.sources]);
    assert_eq!(output.status.code(), Some(1));
    let said = &object(&output)["deid"];
    let lines = lines(&report);
    assert_eq!(lines.len(), COUNT + 3);
    let summary = lines.last().unwrap();
    assert_eq!(summary, said);
    assert_eq!(summary["edition"], "2026d");
    assert!(
        summary["version"].is_string() && summary["profile"] == "basic" && summary["codes"][0] == "113100",
        "{summary}"
    );
    let statuses = |status: &str| lines.iter().filter(|line| line["status"] == status).count() as u64;
    assert_eq!(statuses("done"), said["done"].as_u64().unwrap());
    assert_eq!(statuses("quarantined"), said["quarantined"].as_u64().unwrap());
    assert!(statuses("done") >= 12 && statuses("quarantined") >= 8, "{said}");
    let reasons: Vec<&str> = lines
        .iter()
        .flat_map(|line| line["reasons"].as_array().into_iter().flatten())
        .map(|r| r["code"].as_str().unwrap())
        .collect();
    for code in ["not-dicom", "burned-in-declared", "burned-in-not-ruled-out", "structured-content"] {
        assert!(reasons.contains(&code), "{code} in {reasons:?}");
    }
    let done = lines.iter().find(|line| line["status"] == "done").unwrap();
    assert_eq!(done["pixels"], "vouched");
    assert!(
        done["actions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|pair| pair[0] == "(0010,0020)" && pair[1] == "pseudonym")
    );
    // What is quarantined is not in the tree, and nothing that is written says who anybody is.
    assert_eq!(tree(&place.at("out")).len() as u64, statuses("done"));
    let journal = fs::read_to_string(place.at("out/.countersign/journal.jsonl")).unwrap();
    let written = fs::read_to_string(&report).unwrap() + &journal;
    for secret in secrets(&place.instances) {
        assert!(!written.contains(&secret), "{secret}");
    }
}

#[test]
fn a_second_run_skips_what_is_finished_and_the_maps_are_whole() {
    let place = Place::new();
    let (uids, patients, report) = (place.at("uids.csv"), place.at("patients.csv"), place.at("report"));
    let maps = [
        "--trust-pixels",
        "--uid-map",
        text(&uids),
        "--patient-map",
        text(&patients),
        "--report",
        text(&report),
    ];
    let half = place.sources.join("P0000");
    place.deid("out", &maps, &[&half]);
    let halves = fs::read_to_string(&uids).unwrap();
    let whole = place.deid("out", &maps, &[&place.sources]);
    let said = &object(&whole)["deid"];
    assert_eq!((said["sources"].as_u64(), said["skipped"].as_u64()), (Some(28), Some(14)), "{said}");
    let map = fs::read_to_string(&uids).unwrap();
    assert!(map.starts_with("id_old,id_new\n") && halves.lines().all(|line| map.contains(line)));
    for instance in place.instances.iter().filter(|i| i.key.modality != "SR") {
        assert!(map.contains(&format!("{},2.25.", instance.key.instance_uid)), "{}", instance.key.file);
    }
    let pseudonyms = fs::read_to_string(&patients).unwrap();
    assert_eq!(pseudonyms.lines().count(), 3, "{pseudonyms}");
    for path in [&uids, &patients, &place.at("uids.csv.journal"), &place.at("key")] {
        assert_eq!(mode(path), 0o600, "{}", path.display());
    }
    let before = (tree(&place.at("out")), lines(&report));
    // Nothing left to do; then one file is gone and one was changed.
    let again = place.deid("out", &maps, &[&place.sources]);
    let said = &object(&again)["deid"];
    assert_eq!((said["skipped"].as_u64(), said["written"].as_u64()), (Some(28), Some(0)), "{said}");
    let names: Vec<_> = before.0.keys().map(|name| place.at("out").join(name)).collect();
    fs::remove_file(&names[0]).unwrap();
    fs::write(&names[1], b"changed").unwrap();
    let mended = place.deid("out", &maps, &[&place.sources]);
    assert_eq!(object(&mended)["deid"]["written"], 2);
    assert_eq!(before.0, tree(&place.at("out")));
    let lines_again = lines(&report);
    assert_eq!(before.1[..COUNT], lines_again[..COUNT], "the report is the same, but for what was skipped");
    assert_eq!(map, fs::read_to_string(&uids).unwrap());
    // A map that is asked for later is whole too.
    let late = place.at("late.csv");
    place.deid("out", &["--trust-pixels", "--uid-map", text(&late)], &[&place.sources]);
    assert_eq!(map, fs::read_to_string(&late).unwrap());
}

#[test]
fn killed_at_any_time_it_leaves_whole_files_and_goes_on() {
    let place = Place::new();
    place.deid("whole", &["--trust-pixels"], &[&place.sources]);
    let whole = tree(&place.at("whole"));
    let (key, out) = (place.at("key"), place.at("out"));
    for millis in [15, 40, 80, 160] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args([
                "deid",
                "--key",
                text(&key),
                "--out",
                text(&out),
                "--jobs",
                "1",
                "--trust-pixels",
                text(&place.sources),
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        child.kill().unwrap();
        child.wait().unwrap();
        if out.exists() {
            let so_far = tree(&out);
            assert!(so_far.iter().all(|(name, bytes)| whole.get(name) == Some(bytes)), "after {millis} ms");
        }
    }
    place.deid("out", &["--trust-pixels"], &[&place.sources]);
    assert_eq!(whole, tree(&out));
    let left = fs::read_dir(out.join(".countersign/unfinished")).unwrap().count();
    assert_eq!(left, 0, "nothing unfinished is left");
}

#[test]
fn two_sources_of_one_name_do_not_overwrite_each_other() {
    let place = Place::new();
    let first = &place.instances[0].bytes;
    // The same instance with one other pixel.
    let mut other = first.clone();
    *other.last_mut().unwrap() ^= 1;
    let (a, b) = (place.at("one.dcm"), place.at("two.dcm"));
    fs::write(&a, first).unwrap();
    fs::write(&b, &other).unwrap();
    let trees = [("ab", vec![&*a, &*b]), ("ba", vec![&*b, &*a])].map(|(out, paths)| {
        let report = place.at(&format!("{out}.jsonl"));
        let output = place.deid(out, &["--report", text(&report)], &paths);
        assert_eq!(output.status.code(), Some(1));
        let said = object(&output)["deid"].clone();
        assert_eq!(
            (said["done"].as_u64(), said["reasons"]["conflicting-instance"].as_u64()),
            (Some(1), Some(1)),
            "{said}"
        );
        tree(&place.at(out))
    });
    assert_eq!(trees[0], trees[1], "which one stays does not depend on their order");
    // One after the other comes to the same.
    place.deid("later", &[], &[&a]);
    place.deid("later", &[], &[&b]);
    assert_eq!(trees[0], tree(&place.at("later")));
    // The same bytes twice are one file.
    fs::write(&b, first).unwrap();
    let same = place.deid("same", &[], &[&a, &b]);
    assert_eq!((same.status.code(), object(&same)["deid"]["done"].as_u64()), (Some(0), Some(2)));
    assert_eq!(tree(&place.at("same")).len(), 1);
}

#[test]
fn a_profile_with_options_is_applied_and_recorded() {
    let place = Place::new();
    let profile = "basic,clean_structured_content,clean_descriptors,retain_modified_dates";
    let report = place.at("report.jsonl");
    let more = ["--profile", profile, "--trust-pixels", "--report", text(&report)];
    let output = place.deid("out", &more, &[&place.sources]);
    let said = object(&output);
    assert_eq!(output.status.code(), Some(0), "dose reports come through: {said}");
    for word in profile.split(',') {
        assert!(said["deid"]["profile"].as_str().unwrap().contains(word), "{said}");
    }
    let codes = said["deid"]["codes"].as_array().unwrap();
    assert!(codes.len() == 4 && codes.contains(&"113107".into()), "{said}");
    let lines = lines(&report);
    let ct = lines.iter().find(|line| line["status"] == "done" && line["pixels"] == "vouched").unwrap();
    let date = ["(0008,0020)", "shifted"];
    assert!(
        ct["actions"].as_array().unwrap().iter().any(|pair| pair[0] == date[0] && pair[1] == date[1]),
        "{ct}"
    );
    let names = ct["safe_harbor"].as_array().unwrap().iter().find(|class| class["class"] == "A").unwrap();
    assert!(names["found"].as_u64() > Some(0), "{ct}");
    // The folder is of this profile: another one would be mixed into it.
    let other = place.deid("out", &["--trust-pixels"], &[&place.sources]);
    assert_eq!(object(&other)["error"]["code"], "other_profile");
}

#[test]
fn wrong_use_is_told_apart() {
    let place = Place::new();
    let (key, sources) = (place.at("key"), place.sources.clone());
    let code = |output: &Output| object(output)["error"]["code"].as_str().unwrap_or_default().to_owned();
    let usage = run(&["--json", "deid", "--key", text(&key), text(&sources)]);
    assert_eq!((usage.status.code(), code(&usage)), (Some(2), "usage".to_owned()));
    let profile = place.deid("o", &["--profile", "nothing"], &[&sources]);
    assert_eq!((profile.status.code(), code(&profile)), (Some(2), "usage".to_owned()));
    let again = run(&["--json", "deid", "--key", text(&key), "--new-key"]);
    assert_eq!((again.status.code(), code(&again)), (Some(1), "key_exists".to_owned()));
    let within =
        run(&["--json", "deid", "--key", text(&key), "--out", text(&sources.join("out")), text(&sources)]);
    assert_eq!((within.status.code(), code(&within)), (Some(1), "output_in_source".to_owned()));
    assert!(!sources.join("out").exists());
    place.deid("out", &[], &[&sources]);
    run(&["deid", "--key", text(&place.at("key2")), "--new-key"]);
    let other = run(&[
        "--json",
        "deid",
        "--key",
        text(&place.at("key2")),
        "--out",
        text(&place.at("out")),
        text(&sources),
    ]);
    assert_eq!((other.status.code(), code(&other)), (Some(1), "other_key".to_owned()));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let open = place.deid("out", &[], &[&sources]);
    assert_eq!((open.status.code(), code(&open)), (Some(1), "key_not_private".to_owned()));
    let help = String::from_utf8(run(&["deid", "--help"]).stdout).unwrap();
    for word in
        ["--profile", "--key", "--new-key", "--trust-pixels", "--uid-map", "quarantined", "Exit status"]
    {
        assert!(help.contains(word), "{word}");
    }
}

const RULES: &str = "version: labs-1\nissuer: \"\"\ncolumns:\n  patient: pseudonym\n  name: drop\n  drawn: date_shift\n  \
                     age: age_cap\n  zip: zip3\n  test: !one_of [sodium, potassium]\n  value: keep\n";

#[test]
fn tables_of_records_are_cleaned_by_rules_or_stay() {
    let place = Place::new();
    let id = &place.instances[0].key.patient_id;
    let good = format!(
        "patient,name,drawn,age,zip,test,value\n{id},Mustermann Erika,2026-03-02,93,94110,sodium,139\n\
         {id},Mustermann Erika,2026-03-09,93,94110,potassium,4.1\n"
    );
    let (table, free, rules) = (place.at("labs.csv"), place.at("notes.csv"), place.at("rules.yaml"));
    fs::write(&table, &good).unwrap();
    fs::write(&free, good.replace("139", "told by Dr. Brown")).unwrap();
    fs::write(&rules, RULES).unwrap();
    let report = place.at("report.jsonl");
    let more = ["--records-rules", text(&rules), "--report", text(&report)];
    let done = place.deid("out", &more, &[&table, &free]);
    assert_eq!(done.status.code(), Some(1), "free text stays out");
    let tree = tree(&place.at("out"));
    assert_eq!(tree.len(), 1, "{:?}", tree.keys());
    let (name, bytes) = tree.iter().next().unwrap();
    assert!(name.starts_with("records") && name.extension().is_some_and(|e| e == "csv"));
    let cleaned = String::from_utf8(bytes.clone()).unwrap();
    let rows: Vec<Vec<&str>> = cleaned.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0], ["patient", "drawn", "age", "zip", "test", "value"]);
    assert!(
        !cleaned.contains("Mustermann") && !cleaned.contains(id.as_str()) && !cleaned.contains("2026-03-02")
    );
    assert_eq!((rows[1][0], rows[1][2], rows[1][3]), (rows[2][0], "90", "941"));
    let refused = lines(&report).into_iter().find(|line| line["status"] == "quarantined").unwrap();
    assert_eq!(refused["reasons"][0]["code"], "records-free-text");
    assert_eq!(refused["reasons"][0]["place"], "row 1, column 7");

    let summary = lines(&report).into_iter().find(|line| line["status"] == "summary").unwrap().to_string();
    assert!(summary.contains("labs-1") && !summary.contains("drawn"), "{summary}");

    // A column's name that begins like a bitmap.
    fs::write(&table, "BMI\n24.5\n").unwrap();
    fs::write(&rules, "version: \"2\"\ncolumns:\n  BMI: keep\n").unwrap();
    assert_eq!(place.deid("body", &more, &[&table]).status.code(), Some(0));

    // Without rules no table passes; bad rules name the place.
    let none = place.deid("none", &[], &[&table]);
    assert_eq!(none.status.code(), Some(1));
    fs::write(&rules, "version: 1\ncolumns:\n  patient: perhaps\n").unwrap();
    let bad = place.deid("bad", &more, &[&table]);
    let said = object(&bad);
    assert_eq!((bad.status.code(), said["error"]["code"].as_str()), (Some(1), Some("bad_rules")));
    assert!(
        said["error"]["place"].as_str().is_some_and(|place| place.ends_with("rules.yaml:3:12")),
        "{said}"
    );
}
