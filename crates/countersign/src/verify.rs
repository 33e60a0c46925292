//! `countersign verify`: a release, or an evidence log, checked without any server.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::ExitCode,
};

use countersign_ledger::{
    LogReport, LogSource, Unreadable, VerifierKey,
    release::{ReleaseReport, verify_release},
    tiles::{BUNDLE_BYTES_MAX, CHECKPOINT_PATH},
    verify_log,
};
use serde_json::json;

use crate::{
    cli::{Place, Verify},
    fault::{Fault, Outcome},
    meter::{Meter, Unit},
    output::{Output, count},
    place,
};

/// Longest key line, bytes.
const KEY_BYTES_MAX: u64 = 1_024;

/// Runs the command.
pub async fn run(args: Verify, out: Output) -> Outcome<ExitCode> {
    let key = args.key.as_deref().map(expected_key).transpose()?;
    match (&args.release, &args.log) {
        (Some(file), _) => release(file, key.as_ref(), out),
        (None, Some(folder)) => log(folder, key, args.database.clone(), out).await,
        (None, None) => Err(Fault::new("usage", "Give a release or --log.")),
    }
}

/// A key line, or a file that holds one.
fn expected_key(given: &str) -> Outcome<VerifierKey> {
    if let Ok(key) = VerifierKey::parse(given.trim()) {
        return Ok(key);
    }
    read_key(Path::new(given))
}

fn read_key(path: &Path) -> Outcome<VerifierKey> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(KEY_BYTES_MAX).read_to_string(&mut text))
        .map_err(|error| Fault::file(path, &error))?;
    VerifierKey::parse(text.trim())
        .map_err(|error| Fault::new("bad_key", error.to_string()).at(path.display()))
}

fn release(path: &Path, key: Option<&VerifierKey>, out: Output) -> Outcome<ExitCode> {
    let unreadable = |error: io::Error| Fault::file(path, &error);
    let file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    let meter = Meter::new("checking the release", Unit::Bytes, 0);
    let report = verify_release(Metered { file, meter: &meter, read: 0 }, key);
    meter.done();
    let report = report.map_err(|fault| {
        let fault = Fault::from(fault);
        let place = fault.place.clone().unwrap_or_default();
        fault.at(format!("{}: {place}", path.display()))
    })?;
    out.result(
        &json!({ "verified": "release", "file": path, "release": report }),
        &said(path, bytes, &report),
    );
    Ok(ExitCode::SUCCESS)
}

fn said(path: &Path, bytes: u64, report: &ReleaseReport) -> String {
    let statement = &report.certificate.statement;
    let mut lines = vec![
        format!("{}: sound ({})", path.display(), indicatif::HumanBytes(bytes)),
        format!(
            "  {} of project {}: {} in {}",
            statement.release,
            statement.project,
            count(report.certificate.records.count, "item"),
            count(report.certificate.files.count, "file")
        ),
        format!("  root {}", report.certificate.root),
        format!(
            "  recorded in the log at index {} on {}",
            report.certificate.log.index,
            countersign_model::Instant(report.event.at_us)
        ),
        format!("  signed by {}", report.key),
    ];
    if report.one_actor_items > 0 {
        lines
            .push(format!("  {} carry signatures of one person only", count(report.one_actor_items, "item")));
    }
    if !report.is_key_expected {
        lines.push(
            "  the key is the package's own: compare it with the issuer's, or give it with --key".to_owned(),
        );
    }
    lines.join("\n")
}

/// A file whose reading is shown.
struct Metered<'a> {
    file: File,
    meter: &'a Meter,
    read: u64,
}

impl Read for Metered<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read += count as u64;
        self.meter.at(self.read, 0);
        Ok(count)
    }
}

impl Seek for Metered<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

async fn log(
    given: &Path,
    key: Option<VerifierKey>,
    database: Option<String>,
    out: Output,
) -> Outcome<ExitCode> {
    let (folder, data) = log_folder(given)?;
    let key = match key {
        Some(key) => key,
        None => read_key(&published_key(&folder, &data)?)?,
    };
    let source = Folder(folder.clone());
    let meter = Meter::new("checking the log", Unit::Count, 0);
    let report = verify_log(&source, &key).map_err(|fault| within(&folder, fault.into()))?;
    let rows = compare(&data, database).await?;
    meter.done();
    let object =
        json!({ "verified": "log", "folder": folder, "key": key.to_string(), "log": report, "rows": rows });
    out.result(&object, &log_said(&folder, &key, &report, rows));
    Ok(ExitCode::SUCCESS)
}

fn within(folder: &Path, fault: Fault) -> Fault {
    let place = fault.place.clone().unwrap_or_default();
    fault.at(folder.join(place).display())
}

/// The folder of the log, and the data directory that it would belong to.
fn log_folder(given: &Path) -> Outcome<(PathBuf, PathBuf)> {
    if given.join("log").is_dir() {
        return Ok((given.join("log"), given.to_owned()));
    }
    let is_log = given.join(CHECKPOINT_PATH).exists() || given.join("tile").is_dir();
    if !is_log {
        let message = "There is no log here. Give a data directory or its folder `log`.";
        return Err(Fault::new("no_log", message).at(given.display()));
    }
    let whole = given.canonicalize().map_err(|error| Fault::file(given, &error))?;
    Ok((given.to_owned(), whole.parent().unwrap_or(&whole).to_owned()))
}

/// Where the log's own key lies: beside the log, or in the data directory.
fn published_key(folder: &Path, data: &Path) -> Outcome<PathBuf> {
    let places = [folder.join("log.pub"), data.join("keys").join("log.pub")];
    let found = places.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| {
        Fault::new("no_key", "The log's key is not beside it; give it with --key.").at(folder.display())
    })
}

/// Compares with the rows where there are any; how many, or `None`.
async fn compare(data: &Path, database: Option<String>) -> Outcome<Option<u64>> {
    let has_rows = database.is_some() || data.join("countersign.db").is_file();
    if !has_rows || !data.join("keys").join("log.key").is_file() {
        return Ok(None);
    }
    let store = place::open(&Place { data: data.to_owned(), database, vault: None, keyring: None }).await?;
    let compared = store.verify().await;
    store.close().await;
    let report = compared.map_err(|error| {
        let fault = Fault::from(error);
        let place = fault.place.clone().unwrap_or_default();
        fault.at(format!("database compared with the log: {place}"))
    })?;
    Ok(Some(report.size))
}

fn log_said(folder: &Path, key: &VerifierKey, report: &LogReport, rows: Option<u64>) -> String {
    let compared = match rows {
        Some(_) => "each entry agrees with its row in the database",
        None => "no database beside it: the rows were not compared",
    };
    format!(
        "{}: sound\n  {} entries, root {}\n  {compared}\n  signed by {key}",
        folder.display(),
        report.size,
        report.root
    )
}

/// A log in a folder.
struct Folder(PathBuf);

impl LogSource for Folder {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Unreadable> {
        let unreadable = |reason: String| Unreadable { path: path.to_owned(), reason };
        let file = self.0.join(path);
        match fs::metadata(&file) {
            Ok(found) if found.len() > BUNDLE_BYTES_MAX as u64 => {
                Err(unreadable(format!("{} bytes are more than any file of a log has", found.len())))
            }
            Ok(_) => fs::read(&file).map(Some).map_err(|error| unreadable(error.to_string())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unreadable(error.to_string())),
        }
    }
}
