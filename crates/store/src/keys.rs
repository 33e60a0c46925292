//! Installation keys: files under `keys/` that only the account of the program can read.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use countersign_model::ProjectId;
use hmac::{Hmac, KeyInit, Mac};
use rand::TryRng;
use sha2::Sha256;

use crate::StoreError;

/// Bytes of a symmetric key.
pub const KEY_BYTES: usize = 32;
/// A symmetric key.
pub type Key = [u8; KEY_BYTES];

/// The keys of an installation.
pub struct Keys {
    log_seed: Key,
    blob: Key,
    commitment: Key,
    group: Key,
}

impl Keys {
    /// Reads the keys, making those that are missing.
    pub(crate) fn open(data: &Path) -> Result<Self, StoreError> {
        let folder = data.join("keys");
        create_private_folder(&folder)?;
        Ok(Self {
            log_seed: read_or_make(&folder, "log.key")?,
            blob: read_or_make(&folder, "blob.key")?,
            commitment: read_or_make(&folder, "commitment.key")?,
            group: read_or_make(&folder, "group.key")?,
        })
    }

    pub(crate) const fn log_seed(&self) -> &Key {
        &self.log_seed
    }

    pub(crate) const fn commitment(&self) -> &Key {
        &self.commitment
    }

    /// Keyed hash for blob addresses.
    pub(crate) fn blob_mac(&self, project: ProjectId, hash: &[u8]) -> [u8; 32] {
        keyed_hash(&self.blob, &[b"blob", project.0.as_bytes(), hash])
    }

    /// What makes an item the same when it comes again: 64 hexadecimal digits. Needs no vault, so that data can come in
    /// while it is away; holds nothing that names a person.
    pub fn group_key(&self, project: ProjectId, parts: &[&[u8]]) -> String {
        let mut all: Vec<&[u8]> = vec![b"group", project.0.as_bytes()];
        all.extend(parts);
        hex::encode(keyed_hash(&self.group, &all))
    }
}

/// HMAC-SHA256 over length-prefixed parts.
pub fn keyed_hash(key: &Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Fills a buffer from the operating system's randomness.
///
/// # Errors
/// [`StoreError::Io`] when the system has none.
pub fn random<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    rand::rngs::SysRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| StoreError::io("randomness of the system", io::Error::other(error)))?;
    Ok(bytes)
}

pub(crate) fn create_private_folder(folder: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| StoreError::file(folder, error))
}

/// Reads a key file of 64 hexadecimal digits and a line end; makes it if it is not there. Two processes that start
/// at once agree, because the file appears whole and under its name only once.
pub(crate) fn read_or_make(folder: &Path, name: &str) -> Result<Key, StoreError> {
    let path = folder.join(name);
    if let Some(key) = read_key(&path)? {
        return Ok(key);
    }
    let draft = folder.join(format!(".{name}.{}", hex::encode(random::<8>()?)));
    let fail = |error| StoreError::file(&path, error);
    let mut file =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(fail)?;
    writeln!(file, "{}", hex::encode(random::<KEY_BYTES>()?)).map_err(fail)?;
    file.sync_all().map_err(fail)?;
    // A hard link, unlike a rename, does not replace the key that another process made meanwhile.
    let linked = fs::hard_link(&draft, &path);
    fs::remove_file(&draft).map_err(fail)?;
    match linked {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(fail(error)),
    }
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(fail)?;
    let text = fs::read_to_string(&path).map_err(fail)?;
    parse(&path, &text)
}

/// Reads a key file, if it is there.
pub(crate) fn read_key(path: &Path) -> Result<Option<Key>, StoreError> {
    match fs::read_to_string(path) {
        Ok(text) => parse(path, &text).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::file(path, error)),
    }
}

fn parse(path: &Path, text: &str) -> Result<Key, StoreError> {
    let mut key = [0; KEY_BYTES];
    hex::decode_to_slice(text.trim_end(), &mut key)
        .map_err(|_| StoreError::file(path, io::Error::new(io::ErrorKind::InvalidData, "not a key")))?;
    Ok(key)
}
