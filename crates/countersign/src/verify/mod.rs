//! `countersign verify`: a release, the record of a batch, a proof, or an evidence log, checked without any server.

mod audit;
mod batch;
mod copy;
mod proof;
mod release;

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use countersign_ledger::{
    Cosigned, CosignerKey, Known, LogReport, LogSource, SignedCheckpoint, Unreadable, VerifierKey,
    note::NOTE_BYTES_MAX,
    tiles::{BUNDLE_BYTES_MAX, CHECKPOINT_PATH},
    verify_log_with,
};
use countersign_pipeline::batches::RECORD_START;
use countersign_store::{StoreError, Trusted};
use serde_json::json;

use crate::{
    cli::{Place, Verify},
    fault::{Fault, Outcome},
    meter::{Meter, Unit},
    output::{Output, count},
    place,
    witness::witness_key,
};

/// Longest key line, bytes.
const KEY_BYTES_MAX: u64 = 1_024;

/// First bytes that tell one file from another.
const BEGINNING_BYTES: u64 = 32;

/// What whoever checks knows before.
struct Trust {
    key: Option<VerifierKey>,
    witnesses: Vec<CosignerKey>,
    cosigned_by: usize,
}

impl Trust {
    /// Refuses where fewer of the known witnesses cosigned than asked for.
    fn require(&self, cosignatures: &[Cosigned]) -> Outcome<()> {
        let names: std::collections::BTreeSet<_> = cosignatures.iter().map(|c| &c.name).collect();
        if names.len() >= self.cosigned_by {
            return Ok(());
        }
        let message =
            format!("{} of the {} witnesses asked for have cosigned.", names.len(), self.cosigned_by);
        Err(Fault::new("not_cosigned", message).at(CHECKPOINT_PATH))
    }
}

/// Runs the command.
pub async fn run(args: Verify, out: Output) -> Outcome<ExitCode> {
    let trust = Trust {
        key: args.key.as_deref().map(expected_key).transpose()?,
        witnesses: args.witness_keys.iter().map(|given| witness_key(given)).collect::<Outcome<_>>()?,
        cosigned_by: args.cosigned_by,
    };
    match (&args.file, &args.log) {
        (Some(file), _) => match beginning(file)?.as_slice() {
            start if start.starts_with(b"old ") => proof::consistency(file, &args.kept, &trust, out),
            _ if !args.kept.is_empty() => Err(Fault::new(
                "usage",
                "--kept goes with --log or with a proof of consistency: nothing else says that it continues a checkpoint.",
            )),
            start if start.starts_with(b"c2sp.org/tlog-proof@") => proof::inclusion(file, &trust, out),
            start if start.starts_with(RECORD_START) => batch::check(file, &trust, out),
            _ => match copy::CopyArchive::open(file)? {
                Some(archive) => copy::check(file, &archive, &trust, out),
                None => release::check(file, &trust, out),
            },
        },
        (None, Some(folder)) => log(folder, trust, &args, out).await,
        (None, None) => Err(Fault::new("usage", "Give a file or --log.")),
    }
}

fn beginning(path: &Path) -> Outcome<Vec<u8>> {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BEGINNING_BYTES).read_to_end(&mut start));
    read.map(|_| start).map_err(|error| Fault::file(path, &error))
}

/// A key line, or a file that holds one.
pub fn expected_key(given: &str) -> Outcome<VerifierKey> {
    if let Ok(key) = VerifierKey::parse(given.trim()) {
        return Ok(key);
    }
    read_key(Path::new(given))
}

fn read_key(path: &Path) -> Outcome<VerifierKey> {
    VerifierKey::parse(&read_line(path)?)
        .map_err(|error| Fault::new("bad_key", error.to_string()).at(path.display()))
}

/// A short file of one line, without its line end.
pub fn read_line(path: &Path) -> Outcome<String> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(KEY_BYTES_MAX).read_to_string(&mut text))
        .map_err(|error| Fault::file(path, &error))?;
    Ok(text.trim().to_owned())
}

/// A checkpoint file that somebody kept, its signature verified.
fn kept_checkpoint(path: &Path, key: &VerifierKey) -> Outcome<SignedCheckpoint> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(NOTE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| Fault::file(path, &error))?;
    SignedCheckpoint::open(&bytes, key)
        .map_err(|error| Fault::new("bad_checkpoint", error.to_string()).at(path.display()))
}

/// Who cosigned, in words.
fn cosigned_said(cosignatures: &[Cosigned], others: usize) -> String {
    let mut lines: Vec<_> = cosignatures
        .iter()
        .map(|cosigned| {
            let at = countersign_model::Instant(0).plus_seconds(cosigned.at_seconds);
            format!("  cosigned by {} at {at}", cosigned.name)
        })
        .collect();
    if others > 0 {
        lines.push(format!(
            "  {} by keys that were not given: not checked",
            count(others as u64, "signature")
        ));
    }
    if lines.is_empty() {
        lines.push("  no witness has cosigned: self-attested".to_owned());
    }
    lines.join("\n")
}

async fn log(given: &Path, trust: Trust, args: &Verify, out: Output) -> Outcome<ExitCode> {
    let (folder, data) = log_folder(given)?;
    let key = match &trust.key {
        Some(key) => key.clone(),
        None => read_key(&published_key(&folder, &data)?)?,
    };
    let kept = args.kept.iter().map(|path| kept_checkpoint(path, &key)).collect::<Outcome<Vec<_>>>()?;
    let trusted = Trusted { key: Some(key.clone()), witnesses: trust.witnesses.clone(), kept };
    let meter = Meter::new("checking the log", Unit::Count, 0);
    let (report, rows) = match store_beside(&data, args.database.clone()) {
        Some(place) => {
            let report = with_rows(&place, &folder, trusted).await?;
            let rows = report.size;
            (report, Some(rows))
        }
        None => (alone(&folder, &trusted)?, None),
    };
    trust.require(&report.cosignatures)?;
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

/// Checks the files of a log and nothing else.
fn alone(folder: &Path, trusted: &Trusted) -> Outcome<LogReport> {
    let Some(key) = &trusted.key else { return Err(Fault::new("no_key", "The log's key is not known.")) };
    let known = Known { key, witnesses: &trusted.witnesses, kept: &trusted.kept };
    verify_log_with(&Folder(folder.to_owned()), known, &mut |_, _| {})
        .map_err(|fault| within(folder, fault.into()))
}

/// Where the rows are, if there are any.
fn store_beside(data: &Path, database: Option<String>) -> Option<Place> {
    let has_rows = database.is_some() || data.join("countersign.db").is_file();
    let is_there = has_rows && data.join("keys").join("log.key").is_file();
    is_there.then(|| Place { data: data.to_owned(), database, vault: None, keyring: None })
}

/// Checks the log and its rows in one walk.
async fn with_rows(place: &Place, folder: &Path, trusted: Trusted) -> Outcome<LogReport> {
    let store = match place::open(place).await {
        Ok(store) => store,
        // Where the rows cannot be opened, what is wrong with the log itself is said first.
        Err(fault) => return alone(folder, &trusted).and(Err(compared(fault))),
    };
    let checked = store.verify_as(trusted).await;
    store.close().await;
    checked.map_err(|error| match error {
        StoreError::LogFault(fault) if !fault.is_between_rows() => within(folder, fault.into()),
        error => compared(error.into()),
    })
}

fn compared(fault: Fault) -> Fault {
    let place = fault.place.clone().unwrap_or_default();
    fault.at(format!("database compared with the log: {place}"))
}

fn log_said(folder: &Path, key: &VerifierKey, report: &LogReport, rows: Option<u64>) -> String {
    let compared = match rows {
        Some(_) => "each entry agrees with its row in the database",
        None => "no database beside it: the rows were not compared",
    };
    let continued = match report.continues.len() as u64 {
        0 => String::new(),
        kept => format!("\n  continues {}", count(kept, "kept checkpoint")),
    };
    format!(
        "{}: sound\n  {} entries, root {}{continued}\n  {compared}\n  signed by {key}\n{}",
        folder.display(),
        report.size,
        report.root,
        cosigned_said(&report.cosignatures, report.other_signatures),
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
