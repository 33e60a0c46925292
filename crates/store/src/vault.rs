//! The vault: the secrets that lead back to people. A folder of its own with a key of its own, never among the
//! installation's keys, in the database or in a backup; it may lie on another medium and be taken away.
//!
//! ```text
//! vault.key                              the vault's key
//! projects/<project>                     the key that a project's de-identification works under, sealed
//! crosswalk/<project>/<subject>/<item>   who an item's pseudonym and UIDs stand for, sealed
//! ```

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use countersign_model::{Instant, ItemId, ProjectId, SubjectId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    StoreError,
    keyring::{Keyring, belonging, fingerprint, overwrite, sync_folder, write_marker},
    keys::{KEY_BYTES, Key, create_private_folder, keyed_hash, random, read_key, read_or_make},
    seal,
};

/// The key file of the vault.
const KEY_NAME: &str = "vault.key";
/// Name of the file that says which vault belongs to an installation; it lies among the installation's keys.
pub(crate) const MARKER_NAME: &str = "vault.id";
/// Largest sealed file that is read, bytes.
const ENTRY_BYTES_MAX: u64 = 64 << 20;

/// Who an item's pseudonym and UIDs stand for.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrosswalkEntry {
    /// What stands for the patient in the project.
    pub pseudonym: String,
    /// Patient ID at the source.
    pub patient_id: Option<String>,
    /// Who issued that ID.
    pub issuer: Option<String>,
    /// Source UID to project UID.
    pub uids: BTreeMap<String, String>,
    /// By how many days dates were moved; `None` where dates were removed.
    pub date_offset_days: Option<i64>,
    /// When the gate wrote it.
    pub written_at: Option<Instant>,
}

// An entry in a log would be a crosswalk in a log.
impl std::fmt::Debug for CrosswalkEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CrosswalkEntry(..)")
    }
}

/// The vault of an installation. Its key is read each time, so that a vault that is taken away is away.
pub struct Vault {
    folder: PathBuf,
    marker: PathBuf,
}

impl Vault {
    /// Opens the vault; the first start makes it, and moves the keys of projects there that older versions kept
    /// among the installation's keys.
    pub(crate) fn open(keys: &Path, folder: PathBuf) -> Result<Self, StoreError> {
        let vault = Self { folder, marker: keys.join(MARKER_NAME) };
        if !vault.marker.exists() {
            create_private_folder(&vault.folder)?;
            let key = Zeroizing::new(read_or_make(&vault.folder, KEY_NAME)?);
            write_marker(&vault.marker, &fingerprint(&key))?;
        }
        if vault.is_online() {
            vault.take_over(keys)?;
        }
        Ok(vault)
    }

    /// Whether the vault is there and is the installation's own.
    pub fn is_online(&self) -> bool {
        self.key().is_ok()
    }

    fn key(&self) -> Result<Zeroizing<Key>, StoreError> {
        belonging(&self.folder.join(KEY_NAME), &self.marker, "vault")
    }

    /// The key that a project's de-identification works under (UIDs, pseudonyms), made on first use.
    ///
    /// # Errors
    /// [`StoreError::Offline`] when the vault is away.
    pub fn project_key(&self, project: ProjectId) -> Result<Zeroizing<Key>, StoreError> {
        let master = self.key()?;
        let path = self.project_path(project);
        if let Some(found) = self.read_project(&master, project)? {
            return Ok(found);
        }
        self.keep_project(&master, project, &Zeroizing::new(random::<KEY_BYTES>()?))?;
        // Another process may have been first: what is there counts.
        self.read_project(&master, project)?.ok_or_else(|| damaged(&path))
    }

    fn project_path(&self, project: ProjectId) -> PathBuf {
        self.folder.join("projects").join(project.to_string())
    }

    fn read_project(&self, master: &Key, project: ProjectId) -> Result<Option<Zeroizing<Key>>, StoreError> {
        let path = self.project_path(project);
        let Some(plain) = unseal(&path, master, &[b"project", project.0.as_bytes()])? else {
            return Ok(None);
        };
        let key: Key = plain.as_slice().try_into().map_err(|_| damaged(&path))?;
        Ok(Some(Zeroizing::new(key)))
    }

    fn keep_project(&self, master: &Key, project: ProjectId, key: &Key) -> Result<(), StoreError> {
        let place: [&[u8]; 2] = [b"project", project.0.as_bytes()];
        let sealed = seal_entry(master, project.0, &place, key)?;
        keep(&self.project_path(project), &sealed, false)
    }

    /// Keeps who an item's pseudonym and UIDs stand for. Sealed with the vault's key and the subject's: without the
    /// vault, or once the subject is erased, nobody can read it, in no copy of the vault either.
    ///
    /// # Errors
    /// [`StoreError::Offline`]; [`StoreError::Erased`].
    pub fn write(
        &self,
        keyring: &Keyring,
        (project, subject, item): (ProjectId, SubjectId, ItemId),
        entry: &CrosswalkEntry,
    ) -> Result<(), StoreError> {
        let master = self.key()?;
        let both = Zeroizing::new(keyed_hash(&master, &[b"crosswalk", keyring.ensure(subject)?.as_slice()]));
        let plain = Zeroizing::new(serde_json::to_vec(entry).map_err(|_| damaged(&self.folder))?);
        let place: [&[u8]; 3] = [project.0.as_bytes(), subject.0.as_bytes(), item.0.as_bytes()];
        let sealed = seal_entry(&both, subject.0, &place, &plain)?;
        keep(&self.subject_path(project, subject).join(item.to_string()), &sealed, true)
    }

    fn subject_path(&self, project: ProjectId, subject: SubjectId) -> PathBuf {
        self.folder.join("crosswalk").join(project.to_string()).join(subject.to_string())
    }

    /// Who an item's pseudonym and UIDs stand for, if that is known.
    ///
    /// # Errors
    /// [`StoreError::Offline`]; [`StoreError::Erased`]; [`StoreError::Damaged`].
    pub fn read(
        &self,
        keyring: &Keyring,
        (project, subject, item): (ProjectId, SubjectId, ItemId),
    ) -> Result<Option<CrosswalkEntry>, StoreError> {
        let master = self.key()?;
        let key = keyring.key(subject)?.ok_or(StoreError::Erased)?;
        let both = Zeroizing::new(keyed_hash(&master, &[b"crosswalk", key.as_slice()]));
        let path = self.subject_path(project, subject).join(item.to_string());
        let place: [&[u8]; 3] = [project.0.as_bytes(), subject.0.as_bytes(), item.0.as_bytes()];
        let Some(plain) = unseal(&path, &both, &place)? else { return Ok(None) };
        serde_json::from_slice(&plain).map(Some).map_err(|_| damaged(&path))
    }

    /// Removes everything about a subject; how many entries there were. Their key is destroyed elsewhere.
    ///
    /// # Errors
    /// [`StoreError::Offline`]; [`StoreError::Io`].
    pub fn forget(&self, project: ProjectId, subject: SubjectId) -> Result<u64, StoreError> {
        drop(self.key()?);
        let folder = self.subject_path(project, subject);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(failed(error)),
        };
        let mut removed = 0;
        for entry in entries {
            shred(&entry.map_err(failed)?.path())?;
            removed += 1;
        }
        fs::remove_dir(&folder).map_err(failed)?;
        sync_folder(folder.parent().unwrap_or(&folder))?;
        Ok(removed)
    }

    /// Moves the keys of projects that lie among the installation's keys.
    fn take_over(&self, keys: &Path) -> Result<(), StoreError> {
        let master = self.key()?;
        for entry in fs::read_dir(keys).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let id = name.strip_prefix("project-").and_then(|rest| rest.strip_suffix(".key"));
            let Some(project) = id.and_then(|id| id.parse::<ProjectId>().ok()) else { continue };
            let Some(key) = read_key(&path)?.map(Zeroizing::new) else { continue };
            self.keep_project(&master, project, &key)?;
            match self.read_project(&master, project)? {
                Some(kept) if *kept == *key => shred(&path)?,
                _ => return Err(damaged(&path)),
            }
            tracing::info!(project.id = %project, "the project's key moved to the vault");
        }
        Ok(())
    }
}

fn failed(error: io::Error) -> StoreError {
    StoreError::io("vault", error)
}

fn damaged(path: &Path) -> StoreError {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    StoreError::Damaged { place: format!("vault/{name}") }
}

fn seal_entry(key: &Key, id: Uuid, place: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    let salt = random::<{ seal::SALT_BYTES }>()?;
    seal::seal(key, id, salt, place, plain).map_err(|_| failed(io::Error::other("sealing failed")))
}

fn unseal(path: &Path, key: &Key, place: &[&[u8]]) -> Result<Option<Zeroizing<Vec<u8>>>, StoreError> {
    let bytes = match fs::metadata(path) {
        Ok(found) if found.len() > ENTRY_BYTES_MAX => return Err(damaged(path)),
        Ok(_) => fs::read(path).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let broken = |_| damaged(path);
    let header = seal::Header::parse(&bytes).map_err(broken)?.ok_or_else(|| damaged(path))?;
    seal::open(key, &header, place, &bytes).map(|plain| Some(Zeroizing::new(plain))).map_err(broken)
}

/// Writes a file whole and durable under its name; one that is there is replaced or wins.
fn keep(path: &Path, bytes: &[u8], replace: bool) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(path);
    create_private_folder(folder)?;
    let draft = folder.join(format!(".{}", hex::encode(random::<8>()?)));
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    if replace {
        fs::rename(&draft, path).map_err(failed)?;
    } else {
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft).map_err(failed)?;
        if let Err(error) = linked
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(failed(error));
        }
    }
    for folder in folder.ancestors().take(3) {
        sync_folder(folder)?;
    }
    Ok(())
}

/// Writes over a file and removes it.
fn shred(path: &Path) -> Result<(), StoreError> {
    fs::OpenOptions::new().write(true).open(path).and_then(overwrite).map_err(failed)?;
    fs::remove_file(path).map_err(failed)?;
    sync_folder(path.parent().unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: ProjectId = ProjectId(Uuid::from_u128(1));
    const SUBJECT: SubjectId = SubjectId(Uuid::from_u128(2));
    const ITEM: ItemId = ItemId(Uuid::from_u128(3));
    const PLACE: (ProjectId, SubjectId, ItemId) = (PROJECT, SUBJECT, ITEM);

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir_all(folder.path().join("keys")).unwrap();
            Self(folder)
        }
        fn at(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }
        fn vault(&self) -> Vault {
            Vault::open(&self.at("keys"), self.at("vault")).unwrap()
        }
        fn keyring(&self) -> Keyring {
            Keyring::open(&self.at("keys"), self.at("keyring")).unwrap()
        }
    }

    fn entry() -> CrosswalkEntry {
        let uids = BTreeMap::from([("1.2.3".to_owned(), "2.25.4".to_owned())]);
        let patient_id = Some("PATIENT-4711".to_owned());
        CrosswalkEntry { pseudonym: "CS-A".into(), patient_id, uids, ..CrosswalkEntry::default() }
    }

    fn files(folder: &Path) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { found.extend(files(&path)) } else { found.push(fs::read(path).unwrap()) }
        }
        found
    }

    #[test]
    fn entries_come_back_and_no_file_holds_them_in_clear() {
        let place = Place::new();
        let (vault, keyring) = (place.vault(), place.keyring());
        vault.write(&keyring, PLACE, &entry()).unwrap();
        assert_eq!(vault.read(&keyring, PLACE).unwrap(), Some(entry()));
        assert_eq!(vault.read(&keyring, (PROJECT, SUBJECT, ItemId(Uuid::nil()))).unwrap(), None);
        for bytes in files(place.0.path()) {
            assert!(!String::from_utf8_lossy(&bytes).contains("4711"));
        }
        assert_eq!(format!("{:?}", entry()), "CrosswalkEntry(..)");
        assert_eq!(vault.forget(PROJECT, SUBJECT).unwrap(), 1);
        assert_eq!(vault.forget(PROJECT, SUBJECT).unwrap(), 0);
        assert_eq!(vault.read(&keyring, PLACE).unwrap(), None);
    }

    #[test]
    fn an_entry_of_an_erased_subject_opens_in_no_copy() {
        let place = Place::new();
        let (vault, keyring) = (place.vault(), place.keyring());
        vault.write(&keyring, PLACE, &entry()).unwrap();
        keyring.destroy(SUBJECT, Instant(0)).unwrap();
        assert!(matches!(vault.read(&keyring, PLACE), Err(StoreError::Erased)));
    }

    #[test]
    fn a_vault_that_is_away_or_anothers_answers_offline_and_comes_back() {
        let (place, other) = (Place::new(), Place::new());
        let (vault, keyring) = (place.vault(), place.keyring());
        let key = vault.project_key(PROJECT).unwrap();
        assert_ne!(*key, *other.vault().project_key(PROJECT).unwrap());
        fs::rename(place.at("vault"), place.at("away")).unwrap();
        // Also for a program that starts meanwhile: it must not make another vault.
        for vault in [&vault, &place.vault()] {
            assert!(!vault.is_online());
            assert!(matches!(vault.project_key(PROJECT), Err(StoreError::Offline { .. })));
            assert!(matches!(vault.write(&keyring, PLACE, &entry()), Err(StoreError::Offline { .. })));
        }
        fs::rename(other.at("vault"), place.at("vault")).unwrap();
        assert!(!vault.is_online());
        fs::remove_dir_all(place.at("vault")).unwrap();
        fs::rename(place.at("away"), place.at("vault")).unwrap();
        assert_eq!(*vault.project_key(PROJECT).unwrap(), *key);
    }

    #[test]
    fn keys_of_an_older_version_move_in() {
        let place = Place::new();
        let old = place.at("keys").join(format!("project-{PROJECT}.key"));
        fs::write(&old, format!("{}\n", hex::encode([9; 32]))).unwrap();
        let vault = place.vault();
        assert_eq!(*vault.project_key(PROJECT).unwrap(), [9; 32]);
        assert!(!old.exists());
        assert_eq!(*place.vault().project_key(PROJECT).unwrap(), [9; 32]);
    }
}
