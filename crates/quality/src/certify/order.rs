//! In which order a frozen set is checked: anyone who has the root, the entropy and the ids can recompute it, and nobody
//! could choose it, since the root was frozen before the entropy was entered.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};

/// Keeps seeds of this purpose apart from other hashes of a root.
const DOMAIN: &[u8] = b"countersign audit order 1\n";

/// A SHA-256, written as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(&text, &mut bytes).map_err(|_| D::Error::custom("not 64 hexadecimal digits"))?;
        Ok(Self(bytes))
    }
}

/// The seed of an audit: SHA-256 of the purpose, the root of what was frozen, and what was entered after freezing.
#[must_use]
pub fn seed(root: Hash, entropy: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(root.0);
    hash.update(entropy);
    Hash(hash.finalize().into())
}

/// Indices of the ids in the order in which they are checked: by SHA-256(seed ‖ id), equal ones by id. The order of `ids`
/// itself plays no part.
#[must_use]
pub fn order(seed: Hash, ids: &[&str]) -> Vec<usize> {
    let mut keyed: Vec<([u8; 32], usize)> = ids
        .iter()
        .enumerate()
        .map(|(place, id)| {
            let mut hash = Sha256::new();
            hash.update(seed.0);
            hash.update(id.as_bytes());
            (hash.finalize().into(), place)
        })
        .collect();
    keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| ids[a.1].cmp(ids[b.1])));
    keyed.into_iter().map(|(_, place)| place).collect()
}

/// One hash for a whole order: SHA-256 over the ids in it, each with its length in bytes (eight, the highest first).
pub(crate) fn order_hash<'a>(ids: impl Iterator<Item = &'a str>) -> Hash {
    let mut hash = Sha256::new();
    for id in ids {
        hash.update((id.len() as u64).to_be_bytes());
        hash.update(id.as_bytes());
    }
    Hash(hash.finalize().into())
}
