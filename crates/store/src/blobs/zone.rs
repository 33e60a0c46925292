//! One zone: bytes under the addresses of their plain form, sealed where they are about somebody.

use std::{io, ops::Range, path::Path as FilePath, sync::Arc};

use bytes::Bytes;
use countersign_model::{ProjectId, SubjectId, Zone};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, local::LocalFileSystem, path::Path,
};
use sha2::{Digest, Sha256};

use super::{Address, BLOB_BYTES_MAX, BlobZone, Put};
use crate::{
    StoreError,
    keyring::Keyring,
    keys::{Key, Keys, random},
    seal::{self, Header},
    sequencer::blocking,
};

/// Bytes read at once when a file is hashed.
const HASH_CHUNK_BYTES: usize = 1 << 20;
/// Bytes by which sealing makes the largest blob longer, at most.
const SEAL_OVERHEAD_BYTES_MAX: u64 =
    seal::HEADER_BYTES + (BLOB_BYTES_MAX as u64 / seal::CHUNK_BYTES + 1) * 16;
/// Bytes from which sealing and opening move to the threads meant for long work.
const SEAL_INLINE_BYTES_MAX: usize = 256 << 10;

/// One zone. The public types wrap it.
#[derive(Clone)]
pub(super) struct ZoneBlobs {
    zone: Zone,
    files: Arc<LocalFileSystem>,
    keys: Arc<Keys>,
    keyring: Arc<Keyring>,
}

impl ZoneBlobs {
    pub fn open(
        data: &FilePath,
        zone: Zone,
        keys: &Arc<Keys>,
        keyring: &Arc<Keyring>,
    ) -> Result<Self, StoreError> {
        let folder = data.join("blobs").join(zone.as_str());
        std::fs::create_dir_all(&folder).map_err(|error| StoreError::file(&folder, error))?;
        let files =
            LocalFileSystem::new_with_prefix(&folder).map_err(|error| failed(zone, error))?.with_fsync(true);
        Ok(Self { zone, files: Arc::new(files), keys: Arc::clone(keys), keyring: Arc::clone(keyring) })
    }

    pub fn address_of(&self, project: ProjectId, hash: &[u8; 32]) -> Address {
        Address::of(&self.keys, project, hash)
    }

    pub async fn put(&self, project: ProjectId, subject: SubjectId, bytes: Bytes) -> Result<Put, StoreError> {
        let size = bytes.len() as u64;
        let address = Address::of(&self.keys, project, &Sha256::digest(&bytes));
        let path = address.path(project);
        // What is there already is not sealed for nothing.
        match self.kept(project, &address, size).await {
            Ok(Some(put)) => return Ok(put),
            Ok(None) | Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let bytes = self.sealed(project, &address, subject, bytes).await?;
        let new = Put { address: address.clone(), is_new: true, owner: Some(subject) };
        let create = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.files.put_opts(&path, PutPayload::from_bytes(bytes.clone()), create).await {
            Ok(_) => Ok(new),
            Err(object_store::Error::AlreadyExists { .. }) => match self.kept(project, &address, size).await?
            {
                Some(put) => Ok(put),
                // What lies there can never be read again: the key is destroyed.
                None => {
                    let replaced = self.files.put(&path, PutPayload::from_bytes(bytes)).await;
                    replaced.map(|_| new).map_err(|error| failed(self.zone, error))
                }
            },
            Err(error) => Err(failed(self.zone, error)),
        }
    }

    /// What lies at an address, which must be as long as expected; `None` when its key is destroyed.
    async fn kept(
        &self,
        project: ProjectId,
        address: &Address,
        plain_bytes: u64,
    ) -> Result<Option<Put>, StoreError> {
        let (header, size) = self.header(project, address).await?;
        let owner = header.map(|header| SubjectId(header.key_id));
        if let Some(owner) = owner
            && self.keyring.key(owner)?.is_none()
        {
            return Ok(None);
        }
        if header.map_or(size, |header| header.plain_bytes) != plain_bytes {
            return Err(self.damaged(address));
        }
        Ok(Some(Put { address: address.clone(), is_new: false, owner }))
    }

    /// The header of sealed bytes, if they are sealed, and the size of the file.
    async fn header(
        &self,
        project: ProjectId,
        address: &Address,
    ) -> Result<(Option<Header>, u64), StoreError> {
        let path = address.path(project);
        let size = self.files.head(&path).await.map_err(|error| failed(self.zone, error))?.size;
        let head = self.files.get_range(&path, 0..size.min(seal::HEADER_BYTES)).await;
        let head = head.map_err(|error| failed(self.zone, error))?;
        let header = Header::parse(&head).map_err(|_| self.damaged(address))?;
        match header {
            Some(header) if header.sealed_bytes() != Some(size) => Err(self.damaged(address)),
            header => Ok((header, size)),
        }
    }

    async fn sealed(
        &self,
        project: ProjectId,
        address: &Address,
        subject: SubjectId,
        bytes: Bytes,
    ) -> Result<Bytes, StoreError> {
        let (key, salt, zone, address) =
            (self.keyring.ensure(subject)?, random()?, self.zone, address.clone());
        heavy(bytes.len(), move || {
            let place = place(zone, project, &address);
            let sealed = seal::seal(&key, subject.0, salt, &place.each_ref().map(Vec::as_slice), &bytes);
            sealed.map(Bytes::from).map_err(|_| StoreError::io("sealing", io::ErrorKind::Other.into()))
        })
        .await
    }

    /// The key that sealed these bytes.
    fn key_of(&self, header: &Header) -> Result<Arc<zeroize::Zeroizing<Key>>, StoreError> {
        match self.keyring.key(SubjectId(header.key_id))? {
            Some(key) => Ok(key),
            None if self.keyring.is_online() => Err(StoreError::Erased),
            None => Err(StoreError::Offline { place: "keyring" }),
        }
    }

    async fn opened(&self, project: ProjectId, address: &Address, bytes: Bytes) -> Result<Bytes, StoreError> {
        let Some(header) = Header::parse(&bytes).map_err(|_| self.damaged(address))? else {
            return Ok(bytes);
        };
        let (key, zone, at, broken) =
            (self.key_of(&header)?, self.zone, address.clone(), self.damaged(address));
        heavy(bytes.len(), move || {
            let place = place(zone, project, &at);
            let plain = seal::open(&key, &header, &place.each_ref().map(Vec::as_slice), &bytes);
            plain.map(Bytes::from).map_err(|_| broken)
        })
        .await
    }

    /// Seals bytes that are there with the key of another subject, who needs them too.
    pub async fn reseal(
        &self,
        project: ProjectId,
        address: &Address,
        to: SubjectId,
    ) -> Result<(), StoreError> {
        let plain = self.get(project, address).await?;
        let sealed = self.sealed(project, address, to, plain).await?;
        let put = self.files.put(&address.path(project), PutPayload::from_bytes(sealed)).await;
        put.map(drop).map_err(|error| failed(self.zone, error))
    }

    /// Moves a finished file of the same file system to its address.
    pub async fn adopt(&self, project: ProjectId, file: &FilePath) -> Result<Put, StoreError> {
        let (zone, keys, from) = (self.zone, Arc::clone(&self.keys), file.to_owned());
        let address = blocking(move || {
            let hash = hash_file(&from).map_err(|error| StoreError::io(format!("zone {zone}"), error))?;
            Ok(Address::of(&keys, project, &hash))
        });
        let address = address.await?;
        let is_new = self.adopt_at(project, file, &address).await?;
        Ok(Put { address, is_new, owner: None })
    }

    /// Moves a finished file to an address; whether there was none.
    async fn adopt_at(&self, project: ProjectId, file: &FilePath, at: &Address) -> Result<bool, StoreError> {
        let (zone, from) = (self.zone, file.to_owned());
        let root = self.files.path_to_filesystem(&Path::from("x")).map_err(|error| failed(zone, error))?;
        let to = root.with_file_name("").join(at.path(project).as_ref());
        let moved = move || -> io::Result<bool> {
            let folder = to.parent().unwrap_or(&to).to_owned();
            std::fs::create_dir_all(&folder)?;
            let is_new = match std::fs::hard_link(&from, &to) {
                Ok(()) => true,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
                Err(error) => return Err(error),
            };
            std::fs::remove_file(&from)?;
            for folder in folder.ancestors().take(4) {
                std::fs::File::open(folder)?.sync_all()?;
            }
            Ok(is_new)
        };
        blocking(move || moved().map_err(|error| StoreError::io(format!("zone {zone}"), error))).await
    }

    pub async fn get(&self, project: ProjectId, address: &Address) -> Result<Bytes, StoreError> {
        let found = self.files.get(&address.path(project)).await.map_err(|error| failed(self.zone, error))?;
        if found.meta.size > BLOB_BYTES_MAX as u64 + SEAL_OVERHEAD_BYTES_MAX {
            return Err(self.damaged(address));
        }
        let bytes = found.bytes().await.map_err(|error| failed(self.zone, error))?;
        let bytes = self.opened(project, address, bytes).await?;
        if Address::of(&self.keys, project, &Sha256::digest(&bytes)) == *address {
            Ok(bytes)
        } else {
            Err(self.damaged(address))
        }
    }

    pub async fn get_range(
        &self,
        project: ProjectId,
        address: &Address,
        range: Range<u64>,
    ) -> Result<Bytes, StoreError> {
        let path = address.path(project);
        let (Some(header), _) = self.header(project, address).await? else {
            return self.files.get_range(&path, range).await.map_err(|error| failed(self.zone, error));
        };
        let (span, _) = header.span(&range).ok_or(StoreError::NotFound { place: "blobs" })?;
        let chunks = self.files.get_range(&path, span).await.map_err(|error| failed(self.zone, error))?;
        let (key, zone, at, broken) =
            (self.key_of(&header)?, self.zone, address.clone(), self.damaged(address));
        heavy(chunks.len(), move || {
            let place = place(zone, project, &at);
            let plain =
                seal::open_range(&key, &header, &place.each_ref().map(Vec::as_slice), &chunks, &range);
            plain.map(Bytes::from).map_err(|_| broken)
        })
        .await
    }

    pub async fn stream(
        &self,
        project: ProjectId,
        address: &Address,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes, StoreError>>), StoreError> {
        let zone = self.zone;
        let found = self.files.get(&address.path(project)).await.map_err(|error| failed(zone, error))?;
        let size = found.meta.size;
        Ok((size, found.into_stream().map_err(move |error| failed(zone, error)).boxed()))
    }

    pub async fn exists(&self, project: ProjectId, address: &Address) -> Result<bool, StoreError> {
        match self.files.head(&address.path(project)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(self.zone, error)),
        }
    }

    pub async fn delete(&self, project: ProjectId, address: &Address) -> Result<(), StoreError> {
        match self.files.delete(&address.path(project)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(self.zone, error)),
        }
    }

    fn damaged(&self, address: &Address) -> StoreError {
        StoreError::Damaged { place: format!("{}/{}", self.zone, address.as_str()) }
    }
}

/// What sealed bytes are bound to: the zone, the project and the address that they lie at.
fn place(zone: Zone, project: ProjectId, address: &Address) -> [Vec<u8>; 3] {
    [zone.as_str().into(), project.0.as_bytes().to_vec(), address.as_str().into()]
}

/// Runs work on bytes where it holds nobody up.
async fn heavy<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    if bytes <= SEAL_INLINE_BYTES_MAX { work() } else { blocking(work).await }
}

/// The first bytes of a file, as many as a header has.
fn read_head(path: &FilePath) -> io::Result<Vec<u8>> {
    use io::Read;
    let mut head = Vec::new();
    std::fs::File::open(path)?.take(seal::HEADER_BYTES).read_to_end(&mut head)?;
    Ok(head)
}

fn hash_file(path: &FilePath) -> io::Result<[u8; 32]> {
    use io::Read;
    let mut file = std::fs::File::open(path)?;
    file.sync_all()?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; HASH_CHUNK_BYTES]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            read => hasher.update(&buffer[..read]),
        }
    }
}

/// An error of the file system in our words: the zone is the place, never the path.
fn failed(zone: Zone, error: object_store::Error) -> StoreError {
    let place = format!("zone {zone}");
    if matches!(error, object_store::Error::NotFound { .. }) {
        return StoreError::NotFound { place: "blobs" };
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref::<io::Error>() {
            return StoreError::io(place, io::Error::from(found.kind()));
        }
        cause = inner.source();
    }
    StoreError::io(place, io::Error::other(error.to_string()))
}

impl BlobZone for ZoneBlobs {
    async fn pieces(
        &self,
        project: ProjectId,
        address: &Address,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes, StoreError>>), StoreError> {
        self.stream(project, address).await
    }

    async fn take(&self, project: ProjectId, file: &FilePath, expected: &Address) -> Result<(), StoreError> {
        let head = read_head(file).map_err(|error| StoreError::io(format!("zone {}", self.zone), error))?;
        let Some(header) = Header::parse(&head).map_err(|_| self.damaged(expected))? else {
            let put = self.adopt(project, file).await?;
            return if put.address == *expected { Ok(()) } else { Err(self.damaged(expected)) };
        };
        let subject = SubjectId(header.key_id);
        if self.keyring.is_destroyed(subject) {
            return std::fs::remove_file(file).map_err(|error| StoreError::io("scratch", error));
        }
        self.adopt_at(project, file, expected).await?;
        // Without its key nobody can say what it is; the archive's own hash was checked.
        if self.keyring.key(subject)?.is_some() {
            self.get(project, expected).await.map(drop)
        } else {
            Ok(())
        }
    }
}
