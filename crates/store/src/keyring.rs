//! The keyring: one key per subject, outside of the database and of every backup. Whoever destroys a key here has
//! destroyed every byte that was sealed with it, wherever copies of it lie.

use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use countersign_model::{Instant, ProjectId, SubjectId};
use zeroize::Zeroizing;

use crate::{
    Store, StoreError,
    keys::{KEY_BYTES, Key, create_private_folder, keyed_hash, random, read_key, read_or_make},
    sequencer::blocking,
};

/// Keys remembered in memory; beyond it the memory starts anew and the files answer.
const REMEMBERED_MAX: usize = 10_000;
/// The key of the tags that find a subject again.
const TAG_NAME: &str = "tag.key";
/// Name of the file that says which keyring belongs to an installation; it lies among the installation's keys.
pub(crate) const MARKER_NAME: &str = "keyring.id";

/// The keys of all subjects of an installation.
pub struct Keyring {
    folder: PathBuf,
    marker: PathBuf,
    remembered: Mutex<HashMap<SubjectId, Arc<Zeroizing<Key>>>>,
}

impl Keyring {
    /// Opens the keyring; the first start makes it. A keyring that is missing later stays missing: what is sealed
    /// cannot be read then, and nothing new can be kept.
    pub(crate) fn open(keys: &Path, folder: PathBuf) -> Result<Self, StoreError> {
        let keyring = Self { folder, marker: keys.join(MARKER_NAME), remembered: Mutex::default() };
        if !keyring.marker.exists() {
            create_private_folder(&keyring.folder)?;
            let tag = Zeroizing::new(read_or_make(&keyring.folder, TAG_NAME)?);
            write_marker(&keyring.marker, &fingerprint(&tag))?;
        }
        Ok(keyring)
    }

    /// Whether the keyring is there and is the installation's own.
    pub fn is_online(&self) -> bool {
        self.tag_key().is_ok()
    }

    fn tag_key(&self) -> Result<Zeroizing<Key>, StoreError> {
        belonging(&self.folder.join(TAG_NAME), &self.marker, "keyring")
    }

    /// What finds a subject again when more of it comes in: 64 hexadecimal digits, a keyed hash of what names it. It
    /// says nothing to whoever has no keyring.
    ///
    /// # Errors
    /// [`StoreError::Offline`].
    pub fn tag(&self, project: ProjectId, parts: &[&str]) -> Result<String, StoreError> {
        let mut all: Vec<&[u8]> = vec![b"subject", project.0.as_bytes()];
        all.extend(parts.iter().map(|part| part.as_bytes()));
        Ok(hex::encode(keyed_hash(&*self.tag_key()?, &all)))
    }

    fn key_path(&self, subject: SubjectId) -> PathBuf {
        self.folder.join(format!("{subject}.key"))
    }

    fn tombstone_path(&self, subject: SubjectId) -> PathBuf {
        self.folder.join(format!("{subject}.erased"))
    }

    /// The key of a subject, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the file cannot be read.
    pub(crate) fn key(&self, subject: SubjectId) -> Result<Option<Arc<Zeroizing<Key>>>, StoreError> {
        let path = self.key_path(subject);
        // The file decides, not the memory: another process may have destroyed the key.
        if !path.try_exists().unwrap_or(false) {
            self.remembered().remove(&subject);
            return Ok(None);
        }
        if let Some(known) = self.remembered().get(&subject) {
            return Ok(Some(Arc::clone(known)));
        }
        let Some(key) = read_key(&path)? else { return Ok(None) };
        let key = Arc::new(Zeroizing::new(key));
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(subject, Arc::clone(&key));
        Ok(Some(key))
    }

    /// The key of a subject, made on first use.
    ///
    /// # Errors
    /// [`StoreError::Erased`] when it was destroyed; [`StoreError::Offline`].
    pub(crate) fn ensure(&self, subject: SubjectId) -> Result<Arc<Zeroizing<Key>>, StoreError> {
        if let Some(key) = self.key(subject)? {
            return Ok(key);
        }
        drop(self.tag_key()?);
        if self.is_destroyed(subject) {
            return Err(StoreError::Erased);
        }
        drop(Zeroizing::new(read_or_make(&self.folder, &format!("{subject}.key"))?));
        self.key(subject)?.ok_or(StoreError::Erased)
    }

    /// Whether the key of a subject was destroyed.
    pub fn is_destroyed(&self, subject: SubjectId) -> bool {
        self.tombstone_path(subject).exists()
    }

    /// Destroys the key of a subject: what says so is durable first, then the file is written over and removed. Done
    /// again it changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Offline`] when the keyring is not there; [`StoreError::Io`].
    pub(crate) fn destroy(&self, subject: SubjectId, at: Instant) -> Result<(), StoreError> {
        drop(self.tag_key()?);
        let (tombstone, path) = (self.tombstone_path(subject), self.key_path(subject));
        let fail = |error| StoreError::io("keyring", error);
        if !tombstone.exists() {
            let mut file = OpenOptions::new().create(true).truncate(true).write(true).open(&tombstone);
            let file = file.as_mut().map_err(|error| fail(io::Error::from(error.kind())))?;
            writeln!(file, "{at}").and_then(|()| file.sync_all()).map_err(fail)?;
            sync_folder(&self.folder)?;
        }
        match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => overwrite(file).map_err(fail)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(fail(error)),
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail(error)),
            _ => sync_folder(&self.folder)?,
        }
        self.remembered().remove(&subject);
        Ok(())
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<SubjectId, Arc<Zeroizing<Key>>>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Destroys the key of a subject. Done again it changes nothing. The caller's write says why.
    ///
    /// # Errors
    /// [`StoreError::Offline`] when the keyring is not there; [`StoreError::Io`].
    pub async fn destroy_key(&self, subject: SubjectId) -> Result<(), StoreError> {
        let (keyring, now) = (Arc::clone(self.keyring()), self.clock().now());
        blocking(move || keyring.destroy(subject, now)).await
    }
}

/// A key file that belongs to this installation, by the fingerprint among the installation's keys.
pub(crate) fn belonging(
    path: &Path,
    marker: &Path,
    place: &'static str,
) -> Result<Zeroizing<Key>, StoreError> {
    let offline = StoreError::Offline { place };
    let Ok(Some(key)) = read_key(path) else { return Err(offline) };
    let key = Zeroizing::new(key);
    match fs::read_to_string(marker) {
        Ok(text) if text.trim_end() == fingerprint(&key) => Ok(key),
        _ => Err(offline),
    }
}

/// Tells one key from another without telling the key.
pub(crate) fn fingerprint(key: &Key) -> String {
    hex::encode(&keyed_hash(key, &[b"fingerprint"])[..16])
}

pub(crate) fn write_marker(path: &Path, text: &str) -> Result<(), StoreError> {
    let fail = |error| StoreError::file(path, error);
    let draft = path.with_extension("draft");
    let mut file = fs::File::create(&draft).map_err(fail)?;
    writeln!(file, "{text}").and_then(|()| file.sync_all()).map_err(fail)?;
    fs::rename(&draft, path).map_err(fail)?;
    sync_folder(path.parent().unwrap_or(path))
}

pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| StoreError::file(folder, error))
}

/// Writes random bytes over the whole file and waits until they are on the medium. (A file system that writes
/// elsewhere, or a medium that remaps, may keep the old block: docs/platform-engineer.md says what follows from that.)
pub(crate) fn overwrite(mut file: fs::File) -> io::Result<()> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(0))?;
    let noise = random::<KEY_BYTES>().map_err(io::Error::other)?;
    let mut left = io::Cursor::new(noise.repeat((length as usize).div_ceil(KEY_BYTES))).take(length);
    io::copy(&mut left, &mut file)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn opened(folder: &Path) -> Keyring {
        let keys = folder.join("keys");
        fs::create_dir_all(&keys).unwrap();
        Keyring::open(&keys, folder.join("keyring")).unwrap()
    }

    const ONE: SubjectId = SubjectId(Uuid::from_u128(1));
    const TWO: SubjectId = SubjectId(Uuid::from_u128(2));

    #[test]
    fn a_key_is_made_once_and_destroyed_for_good() {
        let folder = tempfile::tempdir().unwrap();
        let keyring = opened(folder.path());
        assert!(keyring.key(ONE).unwrap().is_none());
        let (one, two) = (keyring.ensure(ONE).unwrap(), keyring.ensure(TWO).unwrap());
        assert_ne!(**one, **two);
        assert_eq!(**one, **opened(folder.path()).ensure(ONE).unwrap());
        let other_process = opened(folder.path());
        other_process.ensure(ONE).unwrap();
        for _ in 0..2 {
            keyring.destroy(ONE, Instant(0)).unwrap();
        }
        for keyring in [&keyring, &other_process] {
            assert!(keyring.key(ONE).unwrap().is_none(), "a destroyed key is not remembered either");
            assert!(matches!(keyring.ensure(ONE), Err(StoreError::Erased)));
            assert_eq!(**two, **keyring.ensure(TWO).unwrap());
        }
        let needle = hex::encode(**one);
        for entry in fs::read_dir(folder.path().join("keyring")).unwrap() {
            assert!(!fs::read_to_string(entry.unwrap().path()).unwrap().contains(&needle));
        }
    }

    #[test]
    fn a_missing_or_foreign_keyring_makes_nothing_new() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let project = ProjectId(Uuid::from_u128(9));
        let tag = opened(folder.path()).tag(project, &["a"]).unwrap();
        assert_ne!(tag, opened(other.path()).tag(project, &["a"]).unwrap());
        fs::rename(folder.path().join("keyring"), folder.path().join("away")).unwrap();
        let keyring = opened(folder.path());
        assert!(!keyring.is_online());
        assert!(matches!(keyring.ensure(ONE), Err(StoreError::Offline { .. })));
        fs::rename(other.path().join("keyring"), folder.path().join("keyring")).unwrap();
        assert!(matches!(keyring.ensure(ONE), Err(StoreError::Offline { .. })));
        fs::remove_dir_all(folder.path().join("keyring")).unwrap();
        fs::rename(folder.path().join("away"), folder.path().join("keyring")).unwrap();
        assert_eq!(keyring.tag(project, &["a"]).unwrap(), tag);
    }
}
