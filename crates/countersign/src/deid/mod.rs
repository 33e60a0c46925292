//! `countersign deid`: de-identification of files without a server.
//!
//! Files are cleaned by `countersign-deid` on all cores. A clean file is written aside and renamed, then
//! recorded in a journal ([`state`]); the same command goes on from there. Its place depends on content, key
//! and profile alone. Where two sources claim one place with different content, the one with the smaller
//! keyed hash has it and the others are quarantined, so that no order of arrival shows.

mod args;
mod crosswalk;
mod key;
mod one;
mod records;
mod report;
mod settings;
mod state;

use std::{
    collections::BTreeMap,
    io,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use countersign_deid::Keys;
use countersign_pipeline::intake::archive::{self, FileRefusal, Incoming, Loader};
use serde_json::json;

pub use self::args::Deid;
use self::{
    crosswalk::Crosswalk,
    one::{Reason, SourceHash, clean, digest},
    report::{Counts, Fate, Line, Record, Report, Summary},
    settings::Settings,
    state::{Draft, State},
};
use crate::{
    fault::{Fault, Outcome},
    meter::{Meter, Unit},
    output::{Output, count, table},
};

/// Runs the command.
pub fn run(args: &Deid, out: Output) -> Outcome<ExitCode> {
    if args.new_key {
        key::make(&args.key)?;
    }
    let Some(folder) = &args.out else {
        out.result(&json!({ "key": args.key }), &format!("The key is in {}.", args.key.display()));
        return Ok(ExitCode::SUCCESS);
    };
    let keys = key::read(&args.key)?;
    if let Some(path) = args.paths.iter().find(|path| !path.exists()) {
        return Err(Fault::new("not_found", "There is no such file or folder.").at(path.display()));
    }
    let records = args.records_rules.as_deref().map(records::rules).transpose()?;
    let settings = Settings::new(args.profile.clone(), args.pixels, args.trust_pixels, records);
    apart(folder, &args.paths)?;
    let state = State::open(folder, &keys, &settings)?;
    let maps = (args.uid_map.as_deref(), args.patient_map.as_deref());
    let crosswalk = Crosswalk::open(maps.0, maps.1, &keys, settings.profile_words())?;
    let (files, refusals) = archive::list(&args.paths);
    if let Some(path) = &args.source_map {
        write_source_map(path, &files, &refusals)?;
    }
    let run = Run { keys, settings, shared: Mutex::new(Shared { state, crosswalk }) };
    let seen = run.work(&files, args.jobs)?;
    let shared = run.shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    let summary = conclude(args, run.settings, &shared.state, &seen, &refusals)?;
    if let Some(crosswalk) = shared.crosswalk {
        crosswalk.finish()?;
    }
    out.result(&json!({ "deid": summary }), &said(&summary, folder));
    let whole = summary.counts.quarantined == 0 && summary.counts.refused == 0;
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Refuses an output folder within a source: the next run would take its output for a source.
fn apart(out: &Path, paths: &[PathBuf]) -> Outcome<()> {
    let real = |path: &Path| path.canonicalize().map_err(|error| Fault::file(path, &error));
    // It need not be there yet: what is above it decides.
    let above = out.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("."));
    let out = real(above)?.join(out.strip_prefix(above).unwrap_or(out));
    for path in paths {
        if out.starts_with(real(path)?) {
            let message = "The output folder lies within a source; the next run would take it for one.";
            return Err(Fault::new("output_in_source", message).at(path.display()));
        }
    }
    Ok(())
}

/// What the threads share.
struct Shared {
    state: State,
    crosswalk: Option<Crosswalk>,
}

/// What became of a file in this run.
enum Seen {
    /// It has a record; whether an earlier run had made it.
    Known { source: SourceHash, skipped: bool },
    /// Its bytes could not be had.
    Refused(Reason),
}

struct Run {
    keys: Keys,
    settings: Settings,
    shared: Mutex<Shared>,
}

impl Run {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Whoever panicked did so between two whole records, or the process is about to end.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on all files, each on one thread. The first fault of the output folder ends the run.
    fn work(&self, files: &[Incoming], jobs: Option<NonZeroUsize>) -> Outcome<Vec<Seen>> {
        let jobs = jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        let meter = Meter::new("de-identifying", Unit::Count, files.len() as u64);
        let (next, done, failed) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
        let drafts = self.lock().state.drafts();
        let one_thread = |thread: usize| -> io::Result<Vec<(usize, Seen)>> {
            let (mut loader, mut seen) = (Loader::default(), Vec::new());
            while !failed.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(file) = files.get(index) else { break };
                let draft = drafts.join(thread.to_string());
                let outcome = self.one(&mut loader, file, draft);
                if outcome.is_err() {
                    failed.store(true, Ordering::Relaxed);
                }
                seen.push((index, outcome?));
                meter.at(done.fetch_add(1, Ordering::Relaxed) as u64 + 1, files.len() as u64);
            }
            Ok(seen)
        };
        let parts = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..jobs.min(files.len().max(1))).map(|n| scope.spawn(move || one_thread(n))).collect();
            threads.into_iter().map(|thread| thread.join()).collect::<Vec<_>>()
        });
        meter.done();
        let mut all = Vec::with_capacity(files.len());
        for part in parts {
            let part = part.map_err(|_| Fault::new("internal", "A thread ended before its work."))?;
            all.extend(part.map_err(|error| Fault::file(&drafts, &error))?);
        }
        all.sort_unstable_by_key(|(index, _)| *index);
        Ok(all.into_iter().map(|(_, seen)| seen).collect())
    }

    fn one(&self, loader: &mut Loader, file: &Incoming, draft: PathBuf) -> io::Result<Seen> {
        let bytes = match loader.load(file) {
            Ok(bytes) => bytes,
            Err(refusal) => return Ok(Seen::Refused(Reason::new(&refusal.code))),
        };
        let source = SourceHash::of(&bytes, &self.keys);
        let (standing, mapped) = {
            let shared = self.lock();
            let mapped = shared.crosswalk.as_ref().is_none_or(|crosswalk| crosswalk.has(source));
            (shared.state.standing(source), mapped)
        };
        if (mapped || !standing.has_file()) && standing.is_finished() {
            return Ok(Seen::Known { source, skipped: true });
        }
        match clean(bytes, &self.settings, &self.keys) {
            Ok(clean) => {
                let digest = digest(&clean.bytes);
                let draft = Draft::write(draft, &clean.bytes)?;
                let mut shared = self.lock();
                if let Some(crosswalk) = &mut shared.crosswalk {
                    crosswalk.keep(source, &clean)?;
                }
                shared.state.keep(source, &clean, digest, draft)?;
            }
            Err(reasons) => {
                let fate = Fate::Quarantined { reasons };
                let mut shared = self.lock();
                let settings = shared.state.settings();
                shared.state.quarantine(Record { source, settings, fate })?;
            }
        }
        Ok(Seen::Known { source, skipped: false })
    }
}

/// Writes the report and counts.
fn conclude(
    args: &Deid,
    settings: Settings,
    state: &State,
    seen: &[Seen],
    refusals: &[FileRefusal],
) -> Outcome<Summary> {
    let fault = |error: io::Error| match &args.report {
        Some(path) => Fault::file(path, &error),
        None => Fault::new("io", error.to_string()),
    };
    let mut report = args.report.as_deref().map(Report::begin).transpose().map_err(fault)?;
    let mut counts = Counts { written: state.written(), ..Counts::default() };
    let mut reasons = BTreeMap::<String, u64>::new();
    let unlisted = refusals.iter().map(|refusal| Seen::Refused(Reason::new(&refusal.code)));
    let unlisted: Vec<Seen> = unlisted.collect();
    for (index, seen) in seen.iter().chain(&unlisted).enumerate() {
        let position = index + 1;
        counts.sources += 1;
        let (source, skipped, fate) = match seen {
            Seen::Known { source, skipped } => {
                let record = state.record(*source).map_err(fault)?;
                let lost = || Fault::new("internal", "The journal lost a record.");
                (Some(*source), *skipped, record.ok_or_else(lost)?.fate)
            }
            Seen::Refused(reason) => (None, false, Fate::Refused { reasons: vec![reason.clone()] }),
        };
        match &fate {
            Fate::Done { .. } => counts.done += 1,
            Fate::Quarantined { reasons: why } | Fate::Refused { reasons: why } => {
                let refused = source.is_none();
                *if refused { &mut counts.refused } else { &mut counts.quarantined } += 1;
                why.iter().for_each(|reason| *reasons.entry(reason.code.clone()).or_default() += 1);
            }
        }
        counts.skipped += u64::from(skipped);
        if let Some(report) = &mut report {
            report.add(&Line { position, source, fate: &fate }).map_err(fault)?;
        }
    }
    let summary = Summary { status: "summary", settings, counts, reasons };
    if let Some(mut report) = report {
        report.add(&summary).and_then(|()| report.finish()).map_err(fault)?;
    }
    Ok(summary)
}

fn write_source_map(path: &Path, files: &[Incoming], refusals: &[FileRefusal]) -> Outcome<()> {
    let names = files.iter().map(|file| &file.name).chain(refusals.iter().map(|refusal| &refusal.name));
    let rows: Vec<(String, &String)> =
        names.enumerate().map(|(index, name)| ((index + 1).to_string(), name)).collect();
    let rows = rows.iter().map(|(position, name)| [position.as_str(), name.as_str()]);
    crosswalk::write_csv(path, ["position", "name"], rows)
}

fn said(summary: &Summary, out: &Path) -> String {
    let counts = &summary.counts;
    let mut lines = vec![format!(
        "{} in {}: {} de-identified ({} known already), {} quarantined, {} refused.",
        count(counts.sources, "source"),
        out.display(),
        counts.done,
        counts.skipped,
        counts.quarantined,
        counts.refused
    )];
    lines.push(format!(
        "De-identified under PS3.15 edition {}, profile {}.",
        summary.settings.edition,
        summary.settings.profile_words()
    ));
    if !summary.reasons.is_empty() {
        let title = ["WHY", "SOURCES"].map(str::to_owned).to_vec();
        let rows = summary.reasons.iter().map(|(code, number)| vec![code.clone(), number.to_string()]);
        lines.push(table(&std::iter::once(title).chain(rows).collect::<Vec<_>>()));
    }
    lines.join("\n")
}
