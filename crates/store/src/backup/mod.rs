//! Backup of everything into one file, while the store is in use; restore from it, also to the other engine.
//!
//! The file is a ZIP archive: `tables/<name>.jsonl` (rows of one moment), `blobs/<zone>/<project>/<address>`,
//! `log/…`, `keys/…` and, last, `manifest.json` with size and SHA-256 of each. It holds the installation's keys: keep it
//! like them. It holds neither the keyring nor the vault: what is about somebody stays sealed in it, and whoever is
//! erased later is erased from it too. A restore that is to be read needs the keyring of the present.

mod restore;
mod tables;

use std::{
    fs,
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
};

use countersign_ledger::{LogSource, tiles};
use countersign_model::{ProjectId, SubjectId, Zone};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    Address, Conn, Store, StoreError,
    blobs::{BlobZone, in_zone},
    qualifications, schema,
    sequencer::blocking,
};
use tables::TABLES;

/// Version of the backup format.
const FORMAT: u32 = 1;
/// Name of the last entry of a backup.
const MANIFEST_NAME: &str = "manifest.json";

/// How many rows of a table are in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableReport {
    /// Table.
    pub name: String,
    /// Rows.
    pub rows: u64,
}

/// What is in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupReport {
    /// Rows of each table.
    pub tables: Vec<TableReport>,
    /// Stored files.
    pub blobs: u64,
    /// Entries in the evidence log.
    pub log_size: u64,
    /// Bytes of everything, uncompressed.
    pub bytes: u64,
}

/// One file in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    name: String,
    bytes: u64,
    sha256: String,
}

/// The last file in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    schema: i64,
    made_at_us: i64,
    report: BackupReport,
    entries: Vec<Entry>,
}

/// Every table and column that a backup holds, so that a test can compare it with the schema.
#[doc(hidden)]
pub fn backup_columns() -> std::collections::BTreeSet<(String, String)> {
    let columns = TABLES.iter().flat_map(|table| table.columns.iter().map(|column| (table.name, *column)));
    columns.map(|(table, column)| (table.to_owned(), column.to_owned())).collect()
}

impl Store {
    /// Writes a backup to a new file (readable by its owner only) while the store is in use. All rows are of one
    /// moment; the log is the one of that moment; every stored file that the rows name is in it.
    ///
    /// # Errors
    /// [`StoreError::Backup`] when the file exists; [`StoreError::DiskFull`], [`StoreError::Io`]: then the unfinished
    /// file is removed.
    pub async fn backup(&self, out: &Path) -> Result<BackupReport, StoreError> {
        if out.exists() {
            return Err(StoreError::Backup { message: "the file exists already".to_owned() });
        }
        let mut draft = out.as_os_str().to_owned();
        draft.push(".part");
        let draft = Path::new(&draft);
        let outcome = self.write_backup(draft).await;
        match outcome {
            Ok(report) => {
                fs::rename(draft, out).map_err(|error| StoreError::file(out, error))?;
                Ok(report)
            }
            Err(error) => {
                // The first error is the one to tell.
                let _ = fs::remove_file(draft);
                Err(error)
            }
        }
    }

    async fn write_backup(&self, draft: &Path) -> Result<BackupReport, StoreError> {
        self.sequence().await?;
        let mut archive = Archive::create(draft)?;
        let folder = Arc::clone(&self.shared.sequencer.folder);
        // Nobody appends to the log between the moment of the rows and the copy of the log.
        let locked = Arc::clone(&folder);
        let lock = blocking(move || locked.lock()).await?;
        let mut reader = self.snapshot().await?;
        reader.query("SELECT 1 AS one FROM schema_versions").fetch_all().await?;
        let checkpoint = folder.checkpoint()?;
        archive.log(&*folder, checkpoint.size)?;
        drop(lock);
        let mut report = BackupReport { tables: Vec::new(), blobs: 0, log_size: checkpoint.size, bytes: 0 };
        for table in TABLES {
            let rows = archive.table(&mut reader, table).await?;
            report.tables.push(TableReport { name: table.name.to_owned(), rows });
        }
        report.blobs = self.back_up_blobs(&mut reader, &mut archive).await?;
        archive.keys(&self.shared.data.join("keys"))?;
        report.bytes = archive.entries.iter().map(|entry| entry.bytes).sum();
        archive.finish(report, self.clock().now().0)
    }

    async fn back_up_blobs(&self, reader: &mut Conn, archive: &mut Archive) -> Result<u64, StoreError> {
        let sql = "SELECT a.project_id, a.zone, a.address, s.subject_id FROM assets a \
                   LEFT JOIN subject_assets s ON s.asset_id = a.id LEFT JOIN subjects u ON u.id = s.subject_id \
                   WHERE a.external_url IS NULL AND (u.state IS NULL OR u.state <> 'erased') \
                   UNION SELECT project_id, 'released', address, NULL FROM releases WHERE address IS NOT NULL \
                   ORDER BY 2, 1, 3";
        let mut named: Vec<(Zone, ProjectId, Address, Option<SubjectId>)> = Vec::new();
        for row in reader.query(sql).scanning().fetch_all().await? {
            let (zone, project) = (row.get("zone")?, row.get("project_id")?);
            named.push((zone, project, row.get("address")?, row.get("subject_id")?));
        }
        for address in qualifications::papers(reader).await? {
            named.push((Zone::Vault, qualifications::PAPERS, address, None));
        }
        let mut kept = 0;
        for (zone, project, address, subject) in named {
            let found = in_zone(self, zone).pieces(project, &address).await;
            let (_, mut pieces) = match found {
                Err(StoreError::NotFound { .. })
                    if project != qualifications::PAPERS && self.went(&address, subject).await? =>
                {
                    continue;
                }
                found => found?,
            };
            archive
                .start(&format!("blobs/{zone}/{project}/{}", address.as_str()), CompressionMethod::Stored)?;
            while let Some(piece) = pieces.try_next().await? {
                archive.add(&piece)?;
            }
            archive.end();
            kept += 1;
        }
        Ok(kept)
    }

    /// Whether bytes that the snapshot still names were erased since it was taken.
    async fn went(&self, address: &Address, subject: Option<SubjectId>) -> Result<bool, StoreError> {
        if let Some(subject) = subject {
            return Ok(self.keyring().is_destroyed(subject));
        }
        let sql = "SELECT id FROM releases WHERE address = $1";
        Ok(self.read().await?.query(sql).bind(address.clone()).fetch_optional().await?.is_none())
    }
}

/// The archive being written.
struct Archive {
    zip: ZipWriter<BufWriter<fs::File>>,
    entries: Vec<Entry>,
    name: String,
    bytes: u64,
    hash: Sha256,
}

fn failed(error: impl Into<std::io::Error>) -> StoreError {
    StoreError::io("backup", error.into())
}

impl Archive {
    fn create(path: &Path) -> Result<Self, StoreError> {
        let file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
        let zip = ZipWriter::new(BufWriter::new(file.map_err(failed)?));
        Ok(Self { zip, entries: Vec::new(), name: String::new(), bytes: 0, hash: Sha256::new() })
    }

    fn start(&mut self, name: &str, method: CompressionMethod) -> Result<(), StoreError> {
        let options = SimpleFileOptions::default().compression_method(method).large_file(true);
        self.zip.start_file(name, options).map_err(failed)?;
        self.name = name.to_owned();
        Ok(())
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.zip.write_all(bytes).map_err(failed)
    }

    fn end(&mut self) {
        let sha256 = hex::encode(self.hash.finalize_reset());
        let (name, bytes) = (std::mem::take(&mut self.name), std::mem::take(&mut self.bytes));
        self.entries.push(Entry { name, bytes, sha256 });
    }

    async fn table(&mut self, reader: &mut Conn, table: &tables::Table) -> Result<u64, StoreError> {
        self.start(&format!("tables/{}.jsonl", table.name), CompressionMethod::Deflated)?;
        let mut rows = 0;
        let order = table.columns[0];
        let sql = format!("SELECT {} FROM {} ORDER BY {order}", table.columns.join(", "), table.name);
        let written = reader.query_built(sql).each(|row| {
            let mut line = table.spell(&row)?.to_string();
            line.push('\n');
            rows += 1;
            self.add(line.as_bytes())
        });
        written.await?;
        self.end();
        Ok(rows)
    }

    /// The files that a log of this size consists of.
    fn log(&mut self, source: &dyn LogSource, size: u64) -> Result<(), StoreError> {
        for path in log_files(size) {
            let bytes =
                source.read(&path).map_err(|error| failed(std::io::Error::other(error.to_string())))?;
            let bytes = bytes.ok_or_else(|| crate::log::fault(&format!("{path} is missing")))?;
            self.start(&format!("log/{path}"), CompressionMethod::Deflated)?;
            self.add(&bytes)?;
            self.end();
        }
        Ok(())
    }

    fn keys(&mut self, folder: &Path) -> Result<(), StoreError> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .map_err(failed)?
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| restore::is_key_name(name))
            .collect();
        names.sort();
        for name in names {
            let bytes = fs::read(folder.join(&name)).map_err(failed)?;
            self.start(&format!("keys/{name}"), CompressionMethod::Stored)?;
            self.add(&bytes)?;
            self.end();
        }
        Ok(())
    }

    fn finish(mut self, report: BackupReport, made_at_us: i64) -> Result<BackupReport, StoreError> {
        let manifest = Manifest {
            format: FORMAT,
            schema: schema::newest(),
            made_at_us,
            report,
            entries: std::mem::take(&mut self.entries),
        };
        let text =
            serde_json::to_vec_pretty(&manifest).map_err(|error| failed(std::io::Error::from(error)))?;
        self.start(MANIFEST_NAME, CompressionMethod::Deflated)?;
        self.add(&text)?;
        let file = self.zip.finish().map_err(failed)?;
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        Ok(manifest.report)
    }
}

/// Paths of the checkpoint, the tiles and the bundles of a log of this size.
fn log_files(size: u64) -> Vec<String> {
    let mut paths = vec![tiles::CHECKPOINT_PATH.to_owned()];
    for level in 0..=tiles::TILE_LEVEL_MAX {
        if tiles::tile_width(level, 0, size) == 0 {
            break;
        }
        for index in 0.. {
            let width = tiles::tile_width(level, index, size);
            if width == 0 {
                break;
            }
            paths.push(tiles::tile_path(level, index, width));
            if level == 0 {
                paths.push(tiles::entries_path(index, width));
            }
        }
    }
    paths
}
