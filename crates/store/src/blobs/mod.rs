//! Stored bytes: immutable, created once, under the keyed hash of their content.
//!
//! Each zone is a type of its own, so that code which serves people cannot name quarantine by mistake. The bytes of a
//! cleared asset reach a person only through [`ClearedBlobs::show`], which takes proof of the exposure.
//!
//! What is about somebody (quarantine, cleared, papers) lies sealed with that subject's key; the address stays the one of the
//! plain bytes. Bytes of older installations, which were not sealed, still read.

mod zone;

use std::{ops::Range, path::Path as FilePath, sync::Arc};

use bytes::Bytes;
use countersign_model::{ProjectId, SubjectId, Zone};
use futures::stream::BoxStream;
use object_store::path::Path;

use self::zone::ZoneBlobs;
use crate::{Column, StoreError, exposures::Exposed, keyring::Keyring, keys::Keys};

/// Largest blob that is kept or read whole in memory, bytes.
pub const BLOB_BYTES_MAX: usize = 1 << 30;

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
    /// Whose key they are sealed with: of whoever brought them first, not always of whoever brings them now. Absent for
    /// bytes that are not sealed.
    pub owner: Option<SubjectId>,
}

macro_rules! zone {
    ($(#[$meta:meta])* $name:ident, $zone:expr) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name(ZoneBlobs);

        impl $name {
            pub(crate) fn open(
                data: &FilePath,
                keys: &Arc<Keys>,
                keyring: &Arc<Keyring>,
            ) -> Result<Self, StoreError> {
                ZoneBlobs::open(data, $zone, keys, keyring).map(Self)
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
    /// Originals that were moved out of quarantine; kept for installations that have some.
    VaultBlobs, Zone::Vault
}
zone! {
    /// Documents about staff, what proves their certificates: in the vault's zone, under no project.
    PaperBlobs, Zone::Vault
}
zone! {
    /// Packages of releases.
    ReleasedBlobs, Zone::Released
}

/// Zones whose bytes are about somebody.
macro_rules! sealed {
    ($name:ident) => {
        impl $name {
            /// Keeps bytes about a subject, sealed with the subject's key. They are on disk when this returns; bytes
            /// that are there already are left alone.
            ///
            /// # Errors
            /// [`StoreError::Erased`] when the subject's key was destroyed; [`StoreError::Offline`] without keyring;
            /// [`StoreError::DiskFull`], [`StoreError::Io`]; nothing is half-stored.
            pub async fn put(
                &self,
                project: ProjectId,
                subject: SubjectId,
                bytes: impl Into<Bytes>,
            ) -> Result<Put, StoreError> {
                self.0.put(project, subject, bytes.into()).await
            }

            /// Seals bytes that are there with the key of another subject, who needs them too.
            ///
            /// # Errors
            /// As for reading and keeping.
            pub async fn reseal(
                &self,
                project: ProjectId,
                address: &Address,
                to: SubjectId,
            ) -> Result<(), StoreError> {
                self.0.reseal(project, address, to).await
            }
        }
    };
}
sealed! { QuarantineBlobs }
sealed! { ClearedBlobs }
sealed! { PaperBlobs }

/// Zones by name, for the backup: the one place where code handles all of them alike.
pub(crate) fn in_zone(store: &crate::Store, zone: Zone) -> impl BlobZone {
    match zone {
        Zone::Quarantine => store.quarantine().0.clone(),
        Zone::Cleared => store.cleared().0.clone(),
        Zone::Vault => store.vault_zone().0.clone(),
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

impl QuarantineBlobs {
    /// Where bytes with this SHA-256 lie, if they lie here.
    pub fn address_of(&self, project: ProjectId, hash: &[u8; 32]) -> Address {
        self.0.address_of(project, hash)
    }

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
