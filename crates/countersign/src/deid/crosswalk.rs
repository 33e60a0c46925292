//! The maps from source to new identifiers, for those who may have them: as secret as the source.
//!
//! A private journal beside the maps gets the identifiers of each file when it is finished, so that the maps
//! are whole at the end although earlier runs did part of the work.

use std::{
    collections::{BTreeSet, HashSet},
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use countersign_deid::Keys;
use serde::{Deserialize, Serialize};

use super::{
    key::PRIVATE,
    one::{Clean, SourceHash},
    report::aside,
    settings::key_check,
};
use crate::fault::{Fault, Outcome};

#[derive(PartialEq, Serialize, Deserialize)]
struct Header {
    key_check: String,
    profile: String,
}

/// The identifiers of one file.
#[derive(Serialize, Deserialize)]
struct Pairs {
    source: SourceHash,
    uids: Vec<(String, String)>,
    patient: Option<(String, String)>,
}

/// The journal of the maps.
pub struct Crosswalk {
    journal: File,
    path: PathBuf,
    known: HashSet<SourceHash>,
    uids: BTreeSet<(String, String)>,
    patients: BTreeSet<(String, String)>,
    uid_map: Option<PathBuf>,
    patient_map: Option<PathBuf>,
}

impl Crosswalk {
    /// Opens or makes the journal; `None` when no map is asked for.
    pub fn open(
        uid_map: Option<&Path>,
        patient_map: Option<&Path>,
        keys: &Keys,
        profile: String,
    ) -> Outcome<Option<Self>> {
        let Some(first) = uid_map.or(patient_map) else { return Ok(None) };
        let path = journal_of(first);
        let header = Header { key_check: key_check(keys), profile };
        let opened = Self::load(&path, &header).map_err(|error| Fault::file(&path, &error))?;
        let Some(mut crosswalk) = opened else {
            let message = "The journal beside the map is of another key or profile; name another map.";
            return Err(Fault::new("other_key", message).at(path.display()));
        };
        crosswalk.uid_map = uid_map.map(Path::to_owned);
        crosswalk.patient_map = patient_map.map(Path::to_owned);
        Ok(Some(crosswalk))
    }

    fn load(path: &Path, header: &Header) -> io::Result<Option<Self>> {
        let mut options = OpenOptions::new();
        let journal = options.create(true).append(true).read(true).mode(PRIVATE).open(path)?;
        // One that was there may have been opened to others meanwhile.
        journal.set_permissions(fs::Permissions::from_mode(PRIVATE))?;
        let mut crosswalk = Self {
            journal,
            path: path.to_owned(),
            known: HashSet::new(),
            uids: BTreeSet::new(),
            patients: BTreeSet::new(),
            uid_map: None,
            patient_map: None,
        };
        let mut reader = BufReader::new(File::open(path)?);
        let (mut line, mut end, mut first) = (Vec::new(), 0, true);
        while reader.read_until(b'\n', &mut line)? > 0 && line.last() == Some(&b'\n') {
            if first && serde_json::from_slice::<Header>(&line).is_ok_and(|found| found != *header) {
                return Ok(None);
            }
            if let Ok(pairs) = serde_json::from_slice::<Pairs>(&line) {
                crosswalk.take(pairs);
            }
            (first, end) = (false, end + line.len() as u64);
            line.clear();
        }
        // A last line that was cut off.
        crosswalk.journal.set_len(end)?;
        if first {
            crosswalk.append(header)?;
        }
        Ok(Some(crosswalk))
    }

    fn take(&mut self, pairs: Pairs) {
        self.known.insert(pairs.source);
        self.uids.extend(pairs.uids);
        self.patients.extend(pairs.patient);
    }

    fn append(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value).map_err(io::Error::other)?;
        line.push(b'\n');
        self.journal.write_all(&line)
    }

    /// Whether the identifiers of a source are here.
    pub fn has(&self, source: SourceHash) -> bool {
        self.known.contains(&source)
    }

    /// Keeps the identifiers of a finished file.
    pub fn keep(&mut self, source: SourceHash, clean: &Clean) -> io::Result<()> {
        if self.has(source) {
            return Ok(());
        }
        let pairs = Pairs { source, uids: clean.uids.clone(), patient: clean.patient.clone() };
        self.append(&pairs)?;
        self.take(pairs);
        Ok(())
    }

    /// Writes the maps.
    pub fn finish(self) -> Outcome<()> {
        let maps = [(&self.uid_map, &self.uids), (&self.patient_map, &self.patients)];
        for (path, pairs) in maps {
            let Some(path) = path else { continue };
            let rows = pairs.iter().map(|(old, new)| [old.as_str(), new.as_str()]);
            write_csv(path, ["id_old", "id_new"], rows)?;
        }
        self.journal.sync_all().map_err(|error| Fault::file(&self.path, &error))
    }
}

/// The journal that belongs to a map.
pub fn journal_of(map: &Path) -> PathBuf {
    let mut name = map.file_name().unwrap_or_default().to_owned();
    name.push(".journal");
    map.with_file_name(name)
}

/// Writes a table that only its owner may read.
pub fn write_csv<'a>(path: &Path, head: [&str; 2], rows: impl Iterator<Item = [&'a str; 2]>) -> Outcome<()> {
    let write = || -> io::Result<()> {
        let draft = aside(path);
        // What an interrupted run left may have other permissions.
        let _ = fs::remove_file(&draft);
        let file = OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(&draft)?;
        let mut table = csv::Writer::from_writer(file);
        table.write_record(head)?;
        for row in rows {
            table.write_record(row)?;
        }
        let file = table.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        file.sync_all()?;
        fs::rename(draft, path)
    };
    write().map_err(|error| Fault::file(path, &error))
}
