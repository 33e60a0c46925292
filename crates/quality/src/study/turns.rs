//! In which order each person judges the items of a study: recomputed by anyone who has the hash of the plan, the entropy
//! and the ids, and chosen by nobody, since the plan was frozen before the entropy was entered.

use sha2::{Digest, Sha256};

use crate::certify::{Hash, order};

/// Keeps seeds of this purpose apart from other hashes of a plan.
const DOMAIN: &[u8] = b"countersign appraisal order 1\n";

/// The seed of a study: SHA-256 of the purpose, the hash of what was frozen, and what was entered after freezing.
#[must_use]
pub fn seed(plan: Hash, entropy: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(plan.0);
    hash.update(entropy);
    Hash(hash.finalize().into())
}

/// For each of the `trials` of one person, indices of the ids in the order in which they are judged: by SHA-256(seed ‖
/// person ‖ "/" ‖ trial ‖ "/" ‖ id), trials counted from 1. Where a trial would begin with what the one before ended with,
/// its first two change places: nobody judges the same item twice in a row.
#[must_use]
pub fn turns(seed: Hash, person: &str, trials: u32, ids: &[&str]) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = Vec::new();
    for trial in 1..=trials {
        let keys: Vec<String> = ids.iter().map(|id| format!("{person}/{trial}/{id}")).collect();
        let borrowed: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut places = order(seed, &borrowed);
        let again = all.last().and_then(|before| before.last()) == places.first();
        if again && places.len() > 1 {
            places.swap(0, 1);
        }
        all.push(places);
    }
    all
}
