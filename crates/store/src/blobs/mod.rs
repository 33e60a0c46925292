//! Stored bytes: immutable, created once, under the keyed hash of their content.
//!
//! Each zone is a type of its own, so that code which serves people cannot name quarantine by mistake. The bytes of a
//! cleared asset reach a person only through [`ClearedBlobs::show`], which takes proof of the exposure.

use std::{io, ops::Range, path::Path as FilePath, sync::Arc};

use bytes::Bytes;
use countersign_model::{ProjectId, Zone};
use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, local::LocalFileSystem, path::Path,
};
use sha2::{Digest, Sha256};

use crate::{Column, StoreError, exposures::Exposed, keys::Keys};

/// Largest blob that is kept or read whole in memory, bytes.
pub const BLOB_BYTES_MAX: usize = 1 << 30;
/// Bytes read at once when a file is hashed.
const HASH_CHUNK_BYTES: usize = 1 << 20;

/// Where bytes lie within a zone and project: 64 hexadecimal digits, HMAC-SHA256 under the installation's blob key of
/// the project and the SHA-256 of the bytes. Never the plain hash, which would tell whoever holds the same file.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// The 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(keys: &Keys, project: ProjectId, hash: &[u8]) -> Self {
        Self(hex::encode(keys.blob_mac(project, hash)))
    }

    /// `project/aa/bb/aabb…`: fanned out so that no folder grows large.
    fn path(&self, project: ProjectId) -> Path {
        Path::from(format!("{project}/{}/{}/{}", &self.0[..2], &self.0[2..4], self.0))
    }
}

impl std::str::FromStr for Address {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 64 && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err("no address".to_owned())
        }
    }
}

impl Column for Address {
    type Raw = String;
    fn from_raw(raw: String) -> Result<Self, String> {
        raw.parse()
    }
    fn into_raw(self) -> String {
        self.0
    }
}

/// What a put led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Where the bytes lie.
    pub address: Address,
    /// Whether they are new in this zone and project.
    pub is_new: bool,
}

/// One zone. The public types wrap it.
#[derive(Clone)]
struct ZoneBlobs {
    zone: Zone,
    files: Arc<LocalFileSystem>,
    keys: Arc<Keys>,
}

impl ZoneBlobs {
    fn open(data: &FilePath, zone: Zone, keys: &Arc<Keys>) -> Result<Self, StoreError> {
        let folder = data.join("blobs").join(zone.as_str());
        std::fs::create_dir_all(&folder).map_err(|error| StoreError::file(&folder, error))?;
        let files =
            LocalFileSystem::new_with_prefix(&folder).map_err(|error| failed(zone, error))?.with_fsync(true);
        Ok(Self { zone, files: Arc::new(files), keys: Arc::clone(keys) })
    }

    async fn put(&self, project: ProjectId, bytes: Bytes) -> Result<Put, StoreError> {
        let size = bytes.len() as u64;
        let address = Address::of(&self.keys, project, &Sha256::digest(&bytes));
        let path = address.path(project);
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.files.put_opts(&path, PutPayload::from_bytes(bytes), options).await {
            Ok(_) => Ok(Put { address, is_new: true }),
            Err(object_store::Error::AlreadyExists { .. }) => {
                let found = self.files.head(&path).await.map_err(|error| failed(self.zone, error))?;
                if found.size == size {
                    Ok(Put { address, is_new: false })
                } else {
                    Err(self.damaged(&address))
                }
            }
            Err(error) => Err(failed(self.zone, error)),
        }
    }

    /// Moves a finished file of the same file system to its address.
    async fn adopt(&self, project: ProjectId, file: &FilePath) -> Result<Put, StoreError> {
        let (zone, keys, from) = (self.zone, Arc::clone(&self.keys), file.to_owned());
        let root = self.files.path_to_filesystem(&Path::from("x")).map_err(|error| failed(zone, error))?;
        let moved = tokio::task::spawn_blocking(move || {
            let hash = hash_file(&from)?;
            let address = Address::of(&keys, project, &hash);
            let to = root.with_file_name("").join(address.path(project).as_ref());
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
            Ok(Put { address, is_new })
        });
        let moved = moved.await.map_err(|_| StoreError::Abandoned)?;
        moved.map_err(|error| StoreError::io(format!("zone {zone}"), error))
    }

    async fn get(&self, project: ProjectId, address: &Address) -> Result<Bytes, StoreError> {
        let found = self.files.get(&address.path(project)).await.map_err(|error| failed(self.zone, error))?;
        if found.meta.size > BLOB_BYTES_MAX as u64 {
            return Err(self.damaged(address));
        }
        let bytes = found.bytes().await.map_err(|error| failed(self.zone, error))?;
        if Address::of(&self.keys, project, &Sha256::digest(&bytes)) == *address {
            Ok(bytes)
        } else {
            Err(self.damaged(address))
        }
    }

    async fn get_range(
        &self,
        project: ProjectId,
        address: &Address,
        range: Range<u64>,
    ) -> Result<Bytes, StoreError> {
        self.files.get_range(&address.path(project), range).await.map_err(|error| failed(self.zone, error))
    }

    async fn stream(
        &self,
        project: ProjectId,
        address: &Address,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes, StoreError>>), StoreError> {
        let zone = self.zone;
        let found = self.files.get(&address.path(project)).await.map_err(|error| failed(zone, error))?;
        let size = found.meta.size;
        Ok((size, found.into_stream().map_err(move |error| failed(zone, error)).boxed()))
    }

    async fn exists(&self, project: ProjectId, address: &Address) -> Result<bool, StoreError> {
        match self.files.head(&address.path(project)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(failed(self.zone, error)),
        }
    }

    async fn delete(&self, project: ProjectId, address: &Address) -> Result<(), StoreError> {
        match self.files.delete(&address.path(project)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(self.zone, error)),
        }
    }

    fn damaged(&self, address: &Address) -> StoreError {
        StoreError::Damaged { place: format!("{}/{}", self.zone, address.as_str()) }
    }
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

macro_rules! zone {
    ($(#[$meta:meta])* $name:ident, $zone:expr) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name(ZoneBlobs);

        impl $name {
            pub(crate) fn open(data: &FilePath, keys: &Arc<Keys>) -> Result<Self, StoreError> {
                ZoneBlobs::open(data, $zone, keys).map(Self)
            }

            /// Keeps bytes. They are on disk when this returns; bytes that are there already are left alone.
            ///
            /// # Errors
            /// [`StoreError::DiskFull`], [`StoreError::Io`]; nothing is half-stored.
            pub async fn put(&self, project: ProjectId, bytes: impl Into<Bytes>) -> Result<Put, StoreError> {
                self.0.put(project, bytes.into()).await
            }

            /// Whether there are bytes at an address.
            ///
            /// # Errors
            /// [`StoreError::Io`].
            pub async fn exists(&self, project: ProjectId, address: &Address) -> Result<bool, StoreError> {
                self.0.exists(project, address).await
            }

            /// Removes bytes, if they are there.
            ///
            /// # Errors
            /// [`StoreError::Io`].
            pub async fn delete(&self, project: ProjectId, address: &Address) -> Result<(), StoreError> {
                self.0.delete(project, address).await
            }

            /// The bytes, for machines: de-identification, models, releases. Checked against their address.
            ///
            /// # Errors
            /// [`StoreError::NotFound`], [`StoreError::Damaged`], [`StoreError::Io`].
            pub async fn for_machine(&self, project: ProjectId, address: &Address) -> Result<Bytes, StoreError> {
                self.0.get(project, address).await
            }
        }
    };
}

zone! {
    /// Bytes as they came in. People see them only at the gate.
    QuarantineBlobs, Zone::Quarantine
}
zone! {
    /// De-identified bytes that passed the gate.
    ClearedBlobs, Zone::Cleared
}
zone! {
    /// Originals and crosswalks.
    VaultBlobs, Zone::Vault
}
zone! {
    /// Packages of releases.
    ReleasedBlobs, Zone::Released
}

/// Zones by name, for the backup: the one place where code handles all of them alike.
pub(crate) fn in_zone(store: &crate::Store, zone: Zone) -> impl BlobZone {
    match zone {
        Zone::Quarantine => store.quarantine().0.clone(),
        Zone::Cleared => store.cleared().0.clone(),
        Zone::Vault => store.vault().0.clone(),
        Zone::Released => store.released().0.clone(),
    }
}

/// What the backup does with a zone.
pub(crate) trait BlobZone {
    /// Size and bytes, in pieces.
    async fn pieces(
        &self,
        project: ProjectId,
        address: &Address,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes, StoreError>>), StoreError>;
    /// Keeps a finished file, which must lead to the address it had.
    async fn take(&self, project: ProjectId, file: &FilePath, expected: &Address) -> Result<(), StoreError>;
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
        let put = self.adopt(project, file).await?;
        if put.address == *expected { Ok(()) } else { Err(self.damaged(expected)) }
    }
}

impl QuarantineBlobs {
    /// The bytes of a quarantined asset for the privacy officer at the gate, who was noted to see them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] also when the exposure was to an asset of another zone.
    pub async fn show_at_gate(&self, exposed: &Exposed) -> Result<Bytes, StoreError> {
        self.0.get(exposed.project(), exposed.address_in(Zone::Quarantine)?).await
    }
}

impl ClearedBlobs {
    /// The bytes of a cleared asset for a person who was noted to see them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] also when the exposure was to an asset of another zone.
    pub async fn show(&self, exposed: &Exposed) -> Result<Bytes, StoreError> {
        self.0.get(exposed.project(), exposed.address_in(Zone::Cleared)?).await
    }

    /// Part of the bytes of a cleared asset for a person who was noted to see them.
    ///
    /// # Errors
    /// As [`ClearedBlobs::show`]; a part is not checked against the address.
    pub async fn show_range(&self, exposed: &Exposed, range: Range<u64>) -> Result<Bytes, StoreError> {
        self.0.get_range(exposed.project(), exposed.address_in(Zone::Cleared)?, range).await
    }
}

impl ReleasedBlobs {
    /// Keeps a finished file (made with [`crate::Store::scratch`]) without reading it into memory; the file moves.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], [`StoreError::Io`].
    pub async fn adopt(&self, project: ProjectId, file: &FilePath) -> Result<Put, StoreError> {
        self.0.adopt(project, file).await
    }

    /// Size and bytes of a package, in pieces.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Io`].
    pub async fn stream(
        &self,
        project: ProjectId,
        address: &Address,
    ) -> Result<(u64, BoxStream<'static, Result<Bytes, StoreError>>), StoreError> {
        self.0.stream(project, address).await
    }
}
