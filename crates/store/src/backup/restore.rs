//! Restore: everything is checked before anything is written, and the new folder takes its name only when the
//! restored log agrees with the restored rows.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use countersign_ledger::tiles::LogPath;
use countersign_model::{Clock, Ids, ProjectId, Zone};
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::{BackupReport, Entry, FORMAT, MANIFEST_NAME, Manifest, tables::TABLES};
use crate::{
    Address, Engine, Store, StoreConfig, StoreError, Tx,
    blobs::{BlobZone, in_zone},
    keyring, schema, vault,
};

/// Largest manifest that is read, bytes.
const MANIFEST_BYTES_MAX: u64 = 1 << 30;
/// Largest key file, bytes.
const KEY_FILE_BYTES_MAX: u64 = 1_024;
/// Longest row, bytes of JSON.
const ROW_BYTES_MAX: u64 = 1 << 28;
/// Rows inserted at once.
const ROWS_AT_ONCE: usize = 2_000;

type Zip = ZipArchive<BufReader<fs::File>>;

fn bad(message: impl Into<String>) -> StoreError {
    StoreError::Backup { message: message.into() }
}

fn failed(error: impl Into<std::io::Error>) -> StoreError {
    StoreError::io("backup", error.into())
}

/// The installation's own keys, and what says which vault and which keyring belong to it.
pub(super) fn is_key_name(name: &str) -> bool {
    matches!(name, "log.key" | "log.pub" | "blob.key" | "commitment.key" | "group.key")
        || name == vault::MARKER_NAME
        || name == keyring::MARKER_NAME
}

/// What may lie in the target already: the secrets that are in no backup.
const BROUGHT: [&str; 2] = ["keyring", "vault"];

/// Where a file of a backup belongs.
enum Place {
    Table,
    Blob(Zone, ProjectId, Address),
    Log(String),
    Key(String),
}

impl Place {
    fn of(name: &str) -> Option<Self> {
        let (kind, rest) = name.split_once('/')?;
        match kind {
            "tables" => {
                let table = rest.strip_suffix(".jsonl")?;
                TABLES.iter().any(|known| known.name == table).then_some(Self::Table)
            }
            "blobs" => {
                let mut parts = rest.split('/');
                let place = Self::Blob(
                    parts.next()?.parse().ok()?,
                    parts.next()?.parse().ok()?,
                    parts.next()?.parse().ok()?,
                );
                parts.next().is_none().then_some(place)
            }
            "log" => LogPath::parse(rest).map(|_| Self::Log(rest.to_owned())),
            "keys" => is_key_name(rest).then(|| Self::Key(rest.to_owned())),
            _ => None,
        }
    }
}

impl Store {
    /// Makes a store from a backup, on either engine. The data directory must be missing or hold nothing but the
    /// folders `keyring` and `vault`, which no backup has; a PostgreSQL database must be empty. Returns when rows,
    /// files and log were restored and the log was verified against the rows. Bytes whose keys are not in the keyring
    /// stay sealed; those of subjects that were erased since are not laid out at all.
    ///
    /// # Errors
    /// [`StoreError::Backup`] naming what is wrong with the file or the target; nothing takes the directory's name then.
    pub async fn restore(
        from: &Path,
        config: &StoreConfig,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<BackupReport, StoreError> {
        refuse_used(&config.data)?;
        let mut zip = open(from)?;
        let manifest = read_manifest(&mut zip)?;
        check_entries(&mut zip, &manifest)?;
        let draft = draft_name(&config.data, ids.as_ref());
        let outcome = restore_into(&draft, from, zip, manifest, config, (clock, ids)).await;
        let Ok(report) = outcome else {
            // The first error is the one to tell.
            let _ = fs::remove_dir_all(&draft);
            return outcome;
        };
        take_name(&draft, &config.data).map_err(|error| StoreError::file(&config.data, error))?;
        Ok(report)
    }
}

/// Gives the finished folder its name; what was brought goes along.
fn take_name(draft: &Path, data: &Path) -> std::io::Result<()> {
    for name in BROUGHT {
        if data.join(name).exists() {
            // The draft made none of its own: it used this one.
            fs::rename(data.join(name), draft.join(name))?;
        }
    }
    if data.exists() {
        fs::remove_dir(data)?;
    }
    fs::rename(draft, data)
}

/// A folder beside the data directory, on the same file system.
fn draft_name(data: &Path, ids: &dyn Ids) -> PathBuf {
    let mut name = data.file_name().unwrap_or_default().to_owned();
    name.push(format!(".restoring-{}", ids.fresh()));
    data.with_file_name(name)
}

fn refuse_used(data: &Path) -> Result<(), StoreError> {
    let is_other = |entry: std::io::Result<fs::DirEntry>| {
        entry.map_or(true, |entry| !BROUGHT.iter().any(|name| entry.file_name() == *name))
    };
    match fs::read_dir(data).map(|mut entries| entries.any(is_other)) {
        Ok(true) => Err(bad("the data directory is not empty")),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(StoreError::file(data, error)),
        _ => Ok(()),
    }
}

fn open(from: &Path) -> Result<Zip, StoreError> {
    let file = fs::File::open(from).map_err(failed)?;
    ZipArchive::new(BufReader::new(file)).map_err(|error| bad(format!("not a backup: {error}")))
}

fn read_manifest(zip: &mut Zip) -> Result<Manifest, StoreError> {
    let entry = zip.by_name(MANIFEST_NAME).map_err(|_| bad("there is no manifest: the file is not whole"))?;
    if entry.size() > MANIFEST_BYTES_MAX {
        return Err(bad("the manifest is too large"));
    }
    let manifest: Manifest = serde_json::from_reader(BufReader::new(entry.take(MANIFEST_BYTES_MAX)))
        .map_err(|error| bad(format!("the manifest cannot be read: {error}")))?;
    if manifest.format != FORMAT {
        return Err(bad(format!("format {} is not known", manifest.format)));
    }
    if manifest.schema != schema::newest() {
        return Err(bad(format!(
            "the backup has schema version {}, this program restores version {}",
            manifest.schema,
            schema::newest()
        )));
    }
    Ok(manifest)
}

/// Size and hash of every file, and that there is no other.
fn check_entries(zip: &mut Zip, manifest: &Manifest) -> Result<(), StoreError> {
    let mut named: BTreeMap<&str, &Entry> = BTreeMap::new();
    for entry in &manifest.entries {
        if Place::of(&entry.name).is_none() || named.insert(&entry.name, entry).is_some() {
            return Err(bad("the manifest names a file that no backup has, or one twice"));
        }
    }
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).map_err(|error| bad(format!("entry {index}: {error}")))?;
        if file.name() == MANIFEST_NAME {
            continue;
        }
        let Some(entry) = named.remove(file.name()) else {
            return Err(bad(format!("entry {index} is not in the manifest")));
        };
        let mut hash = Sha256::new();
        let mut limited = (&mut file).take(entry.bytes.saturating_add(1));
        let read = std::io::copy(&mut limited, &mut HashWriter(&mut hash))
            .map_err(|error| bad(format!("{}: {error}", entry.name)))?;
        if read != entry.bytes || hex::encode(hash.finalize()) != entry.sha256 {
            return Err(bad(format!("{} is damaged", entry.name)));
        }
    }
    named.keys().next().map_or(Ok(()), |name| Err(bad(format!("{name} is missing"))))
}

struct HashWriter<'h>(&'h mut Sha256);
impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn restore_into(
    draft: &Path,
    from: &Path,
    mut zip: Zip,
    manifest: Manifest,
    config: &StoreConfig,
    (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>),
) -> Result<BackupReport, StoreError> {
    for entry in &manifest.entries {
        // A backup has a checkpoint and keys before the store is opened on them.
        match Place::of(&entry.name) {
            Some(Place::Log(path)) => extract(&mut zip, entry, &draft.join("log").join(path), 0o644)?,
            Some(Place::Key(name)) if entry.bytes <= KEY_FILE_BYTES_MAX => {
                extract(&mut zip, entry, &draft.join("keys").join(name), 0o600)?;
            }
            Some(Place::Key(_)) => return Err(bad("a key file is too large")),
            _ => {}
        }
    }
    let brought = |name: &str| Some(config.data.join(name)).filter(|folder| folder.exists());
    let config = StoreConfig {
        data: draft.to_owned(),
        database: config.database.clone(),
        vault: config.vault.clone().or_else(|| brought("vault")),
        keyring: config.keyring.clone().or_else(|| brought("keyring")),
    };
    let store = Store::open(&config, clock, ids).await?;
    for entry in &manifest.entries {
        if let Some(Place::Blob(zone, project, address)) = Place::of(&entry.name) {
            let file = store.scratch()?;
            extract(&mut zip, entry, &file, 0o644)?;
            in_zone(&store, zone).take(project, &file, &address).await?;
        }
    }
    let rows = open(from)?;
    store.housekeep(move |tx| Box::pin(async move { load(tx, rows).await })).await?;
    store.sequence().await?;
    let outcome = store.verify().await;
    store.close().await;
    outcome?;
    Ok(manifest.report)
}

fn extract(zip: &mut Zip, entry: &Entry, to: &Path, mode: u32) -> Result<(), StoreError> {
    let write = |zip: &mut Zip| -> std::io::Result<()> {
        let folder = to.parent().unwrap_or(to);
        fs::create_dir_all(folder)?;
        let mut source = zip.by_name(&entry.name)?;
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(to)?;
        std::io::copy(&mut (&mut source).take(entry.bytes), &mut file)?;
        file.sync_all()?;
        fs::File::open(folder)?.sync_all()
    };
    write(zip).map_err(|error| StoreError::io(entry.name.clone(), error))
}

/// Inserts the rows of every table in one transaction.
async fn load(tx: &mut Tx, mut zip: Zip) -> Result<(), StoreError> {
    for table in ["organizations", "events"] {
        let sql = format!("SELECT 1 AS one FROM {table} LIMIT 1");
        if tx.query_built(sql).fetch_optional().await?.is_some() {
            return Err(bad("the database is not empty"));
        }
    }
    for table in TABLES {
        let name = format!("tables/{}.jsonl", table.name);
        let mut lines = match zip.by_name(&name) {
            Ok(file) => BufReader::new(file),
            Err(_) => return Err(bad(format!("{name} is missing"))),
        };
        let mut number = 0_u64;
        loop {
            let mut rows = Vec::with_capacity(ROWS_AT_ONCE);
            while rows.len() < ROWS_AT_ONCE {
                let mut line = String::new();
                let read = (&mut lines).take(ROW_BYTES_MAX).read_line(&mut line);
                if read.map_err(|error| bad(format!("{name}: {error}")))? == 0 {
                    break;
                }
                number += 1;
                let row = table.read(line.trim_end());
                rows.push(row.ok_or_else(|| bad(format!("{name}: row {number} cannot be read")))?);
            }
            if rows.is_empty() {
                break;
            }
            tx.insert_rows(table.name, table.columns, rows).await?;
        }
    }
    if tx.engine() == Engine::Postgres {
        // Identity columns do not notice rows that bring their own number.
        let sql = "SELECT setval(pg_get_serial_sequence('events', 'ord'), \
                   (SELECT COALESCE(MAX(ord), 0) + 1 FROM events), false)";
        tx.query(sql).fetch_all().await?;
    }
    Ok(())
}
