//! The right edge of a growing tree: all that is needed to append and to know the root.

use crate::hash::{HASH_BYTES, Hash, node_hash};

/// The roots of the perfect subtrees that a tree of `size` leaves consists of, largest first.
///
/// Appending costs O(log n) hashes and O(log n) memory; no leaf is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds one leaf hash (see [`crate::hash::leaf_hash`]) on the right.
    pub fn append(&mut self, leaf: Hash) {
        let mut hash = leaf;
        let mut rest = self.size;
        while rest & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
            rest >>= 1;
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Adds the root of a perfect subtree of 2^`height` leaves on the right: as if its leaves had been appended one by
    /// one, without hashing them again. `false`, and nothing is added, when the tree does not end at a multiple of 2^`height`.
    #[must_use]
    pub fn append_subtree(&mut self, height: u32, root: Hash) -> bool {
        let leaves = 1u64 << height;
        if !self.size.is_multiple_of(leaves) {
            return false;
        }
        let mut hash = root;
        let mut rest = self.size >> height;
        while rest & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
            rest >>= 1;
        }
        self.peaks.push(hash);
        self.size += leaves;
        true
    }

    /// Merkle tree hash of all leaves so far (RFC 6962 section 2.1).
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(&last) = peaks.next() else { return Hash::EMPTY_ROOT };
        peaks.fold(last, |right, left| node_hash(left, &right))
    }

    /// Puts a frontier together from its size and peaks, largest subtree first. `None` when the number of peaks is
    /// not the number of one-bits of the size.
    #[must_use]
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    /// Size as eight big-endian bytes, then the peaks, 32 bytes each.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.size.to_be_bytes().to_vec();
        self.peaks.iter().for_each(|p| out.extend_from_slice(&p.0));
        out
    }

    /// The inverse of [`Frontier::to_bytes`]. `None` when the length does not fit the size.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk::<8>()?;
        if rest.len() % HASH_BYTES != 0 {
            return None;
        }
        let peaks = rest.chunks_exact(HASH_BYTES).filter_map(Hash::from_slice).collect();
        Self::from_peaks(u64::from_be_bytes(*size), peaks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;

    #[test]
    fn a_subtree_counts_like_its_leaves() {
        let leaves: Vec<_> = (0u32..40).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let (mut one_by_one, mut by_fours) = (Frontier::new(), Frontier::new());
        for four in leaves.chunks(4) {
            four.iter().for_each(|leaf| one_by_one.append(*leaf));
            let root = crate::hash::perfect_root(four).expect("four leaves");
            assert!(by_fours.append_subtree(2, root));
            assert_eq!(by_fours, one_by_one);
        }
        by_fours.append(leaves[0]);
        assert!(!by_fours.append_subtree(1, leaves[0]), "not at a multiple of two");
    }

    #[test]
    fn known_roots_of_the_certificate_transparency_test_tree() {
        // Inputs and roots as published with the reference implementation of RFC 6962.
        let leaves = [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Frontier::new();
        assert_eq!(tree.root(), Hash::EMPTY_ROOT);
        for (leaf, root) in leaves.iter().zip(roots) {
            tree.append(leaf_hash(&hex::decode(leaf).expect("hex")));
            assert_eq!(tree.root().to_hex(), root);
            assert_eq!(Frontier::from_bytes(&tree.to_bytes()), Some(tree.clone()));
        }
        assert_eq!(Frontier::from_bytes(&tree.to_bytes()[..39]), None);
        assert_eq!(Frontier::from_bytes(&[0, 0, 0, 0, 0, 0, 0, 1]), None);
    }
}
