//! What a run leaves for the next one: which sources are finished, where their output is, what was done.
//!
//! `OUT/.countersign` holds a lock, the journal (a header line, then one line per finished source) and files
//! that are being written. Nothing in it identifies anybody: sources are keyed hashes.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use countersign_deid::Keys;
use serde::{Deserialize, Serialize};

use super::{
    key::PRIVATE,
    one::{Clean, SourceHash, digest},
    report::{Fate, Record},
    settings::{Settings, key_check},
};
use crate::fault::{Fault, Outcome};

/// Folder of the journal below the output folder.
pub const FOLDER: &str = ".countersign";
const JOURNAL: &str = "journal.jsonl";
const LOCK: &str = "lock";
const UNFINISHED: &str = "unfinished";
/// Form of the journal.
const FORM: u32 = 1;
/// Longest line of a journal that is read, bytes; a record lists at most 10 000 changed elements.
const LINE_BYTES_MAX: u64 = 64 << 20;

/// First line of a journal: whose output this folder holds.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Header {
    form: u32,
    key_check: String,
    profile: String,
}

/// Where a record stands in the journal, and what it claims.
struct Entry {
    offset: u64,
    length: usize,
    claim: Option<Claim>,
}

/// A source's claim to a place in the tree.
struct Claim {
    output: String,
    digest: String,
}

/// What is known of a source before it is cleaned.
pub enum Standing {
    /// Nothing.
    Unknown,
    /// It is finished and has no file of its own.
    Finished,
    /// It is finished if this file is as it was written.
    File {
        /// The file.
        path: PathBuf,
        /// Its digest.
        digest: String,
    },
}

impl Standing {
    /// Whether a file of it should be in the tree.
    pub fn has_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// Whether there is nothing left to do; reads the file.
    pub fn is_finished(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Finished => true,
            Self::File { path, digest: was } => fs::read(path).is_ok_and(|bytes| digest(&bytes) == *was),
        }
    }
}

/// The state of an output folder, held by one run at a time.
pub struct State {
    out: PathBuf,
    journal: File,
    end: u64,
    settings: String,
    entries: HashMap<SourceHash, Entry>,
    /// Sources by the place that they claim; the smallest one's content stands there.
    claims: HashMap<String, Vec<SourceHash>>,
    folders: HashSet<PathBuf>,
    written: u64,
    _lock: File,
}

impl State {
    /// Opens or makes the state of an output folder.
    pub fn open(out: &Path, keys: &Keys, settings: &Settings) -> Outcome<Self> {
        let own = out.join(FOLDER);
        fs::create_dir_all(out).map_err(|error| Fault::file(out, &error))?;
        DirBuilder::new().recursive(true).mode(0o700).create(&own).map_err(|e| Fault::file(&own, &e))?;
        let lock = lock(&own.join(LOCK))?;
        let unfinished = own.join(UNFINISHED);
        // Whatever an interrupted run was writing.
        let _ = fs::remove_dir_all(&unfinished);
        fs::create_dir(&unfinished).map_err(|error| Fault::file(&unfinished, &error))?;
        let path = own.join(JOURNAL);
        let header = Header { form: FORM, key_check: key_check(keys), profile: settings.profile_words() };
        let journal = open_journal(&path, &header).map_err(|error| Fault::file(&path, &error))?;
        let mut state = Self {
            out: out.to_owned(),
            journal,
            end: 0,
            settings: settings.fingerprint(),
            entries: HashMap::new(),
            claims: HashMap::new(),
            folders: HashSet::new(),
            written: 0,
            _lock: lock,
        };
        let found = state.load().map_err(|error| Fault::file(&path, &error))?;
        if found != header {
            let other = if found.key_check == header.key_check { "profile" } else { "key" };
            let message = format!("This folder holds the output of another {other}; take another folder.");
            return Err(Fault::new(&format!("other_{other}"), message).at(out.display()));
        }
        Ok(state)
    }

    /// Reads the journal; a last line that was cut off is cut away.
    fn load(&mut self) -> io::Result<Header> {
        self.journal.seek(SeekFrom::Start(0))?;
        let mut reader = BufReader::new(self.journal.try_clone()?);
        let mut header = None;
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = reader.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line)?;
            if length == 0 || line.last() != Some(&b'\n') {
                break;
            }
            if header.is_none() {
                header = Some(serde_json::from_slice(&line).map_err(io::Error::other)?);
            } else if let Ok(record) = serde_json::from_slice::<Record>(&line) {
                self.index(&record, self.end, length);
            }
            self.end += length as u64;
        }
        self.journal.set_len(self.end)?;
        header.ok_or_else(|| io::Error::other("the journal has no first line"))
    }

    fn index(&mut self, record: &Record, offset: u64, length: usize) {
        // What another version or other settings made is made again.
        if record.settings != self.settings {
            return;
        }
        let claim = match &record.fate {
            Fate::Done { output, sha256, .. } => {
                let sources = self.claims.entry(output.clone()).or_default();
                if !sources.contains(&record.source) {
                    sources.push(record.source);
                }
                Some(Claim { output: output.clone(), digest: sha256.clone() })
            }
            Fate::Quarantined { .. } | Fate::Refused { .. } => None,
        };
        self.entries.insert(record.source, Entry { offset, length, claim });
    }

    /// Whether a source is finished: recorded under these settings, its output as it was written.
    pub fn standing(&self, source: SourceHash) -> Standing {
        let Some(entry) = self.entries.get(&source) else { return Standing::Unknown };
        match &entry.claim {
            Some(claim) if !self.displaced(source, claim) => {
                Standing::File { path: self.out.join(&claim.output), digest: claim.digest.clone() }
            }
            _ => Standing::Finished,
        }
    }

    /// Whether another source with other content has the better claim to the same place.
    fn displaced(&self, source: SourceHash, claim: &Claim) -> bool {
        let first = self.claims.get(&claim.output).and_then(|sources| sources.iter().min());
        first.filter(|first| **first != source).is_some_and(|first| {
            let best = self.entries.get(first).and_then(|entry| entry.claim.as_ref());
            best.is_some_and(|best| best.digest != claim.digest)
        })
    }

    /// Keeps a clean file and its record.
    pub fn keep(
        &mut self,
        source: SourceHash,
        clean: &Clean,
        digest: String,
        draft: Draft,
    ) -> io::Result<()> {
        let fate = Fate::Done {
            output: clean.output.clone(),
            sha256: digest,
            pixels: clean.pixels.clone(),
            actions: clean.actions.clone(),
            safe_harbor: clean.safe_harbor.clone(),
            unsure: clean.unsure.clone(),
        };
        let record = Record { source, settings: self.settings.clone(), fate };
        // The claim is made first: who may stand at the place is decided with it.
        self.index(&record, self.end, 0);
        let displaced = self
            .entries
            .get(&source)
            .and_then(|entry| entry.claim.as_ref())
            .is_some_and(|claim| self.displaced(source, claim));
        if !displaced {
            let place = self.out.join(&clean.output);
            if let Some(folder) = place.parent()
                && self.folders.insert(folder.to_owned())
            {
                fs::create_dir_all(folder)?;
            }
            draft.become_file(&place)?;
            self.written += 1;
        }
        self.append(&record)
    }

    /// Keeps the record of a file that is quarantined.
    pub fn quarantine(&mut self, record: Record) -> io::Result<()> {
        self.append(&record)
    }

    fn append(&mut self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record).map_err(io::Error::other)?;
        line.push(b'\n');
        self.journal.write_all_at(&line, self.end)?;
        self.index(record, self.end, line.len());
        self.end += line.len() as u64;
        Ok(())
    }

    /// The record of a source, as the whole set of sources has it: whose place another one has is quarantined.
    pub fn record(&self, source: SourceHash) -> io::Result<Option<Record>> {
        let Some(entry) = self.entries.get(&source) else { return Ok(None) };
        let mut line = vec![0; entry.length];
        self.journal.read_exact_at(&mut line, entry.offset)?;
        let mut record: Record = serde_json::from_slice(&line).map_err(io::Error::other)?;
        if entry.claim.as_ref().is_some_and(|claim| self.displaced(source, claim)) {
            record.fate = Fate::conflict();
        }
        Ok(Some(record))
    }

    /// The text that stands for the settings.
    pub fn settings(&self) -> String {
        self.settings.clone()
    }

    /// Files that this run put in their place.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Where unfinished files are.
    pub fn drafts(&self) -> PathBuf {
        self.out.join(FOLDER).join(UNFINISHED)
    }
}

fn lock(path: &Path) -> Outcome<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(|error| Fault::file(path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(Fault::new("busy", "Another run is writing to this folder.").at(path.display()))
        }
        Err(TryLockError::Error(error)) => Err(Fault::file(path, &error)),
    }
}

fn open_journal(path: &Path, header: &Header) -> io::Result<File> {
    let mut file =
        OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(PRIVATE).open(path)?;
    // A first line that was cut off is no first line.
    let mut first = Vec::new();
    BufReader::new(&file).take(LINE_BYTES_MAX).read_until(b'\n', &mut first)?;
    if first.last() != Some(&b'\n') {
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        let mut line = serde_json::to_vec(header).map_err(io::Error::other)?;
        line.push(b'\n');
        file.write_all(&line)?;
    }
    Ok(file)
}

/// A file that is whole before it has its name.
pub struct Draft(Option<PathBuf>);

impl Draft {
    /// Writes the bytes aside.
    pub fn write(path: PathBuf, bytes: &[u8]) -> io::Result<Self> {
        let draft = Self(Some(path.clone()));
        fs::write(path, bytes)?;
        Ok(draft)
    }

    fn become_file(mut self, place: &Path) -> io::Result<()> {
        match self.0.take() {
            Some(path) => fs::rename(path, place),
            None => Ok(()),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            // The next run clears the folder anyway.
            let _ = fs::remove_file(path);
        }
    }
}
