//! Drawing: the number of an item, the arm that it falls into, and everything else that chance decides.

use countersign_model::{ItemId, SuggestionPlan};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What the hash behind an item's number begins with.
pub const NUMBER_PREFIX: &[u8] = b"countersign suggestion 1\n";
/// What the hash begins with that commits to what was drawn for an item.
pub const ARM_PREFIX: &[u8] = b"countersign suggestion arm 1\n";

/// What an item serves for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The draft is shown as the model made it.
    Genuine,
    /// One label of the draft is made wrong.
    Planted,
    /// The draft is shown to nobody.
    Control,
}

impl Arm {
    /// The word as API and database spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Genuine => "genuine",
            Self::Planted => "planted",
            Self::Control => "control",
        }
    }
}

/// Chance for one item: a number from the seed, and as many numbers after it as are asked for.
#[derive(Clone, Debug)]
pub struct Draw {
    number: [u8; 32],
    counter: u64,
}

impl Draw {
    /// For an item: SHA-256 over [`NUMBER_PREFIX`], the seed and the item's id.
    pub fn of(seed: &[u8; 32], item: ItemId) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(NUMBER_PREFIX);
        hasher.update(seed);
        hasher.update(item.0.as_bytes());
        Self { number: hasher.finalize().into(), counter: 0 }
    }

    /// The item's number: it opens the commitment, and is no use for any other item.
    pub const fn number(&self) -> [u8; 32] {
        self.number
    }

    /// The next number: the first 8 bytes, big-endian, of SHA-256 over the item's number and a count from 1.
    pub fn roll(&mut self) -> u64 {
        self.counter += 1;
        let mut hasher = Sha256::new();
        hasher.update(self.number);
        hasher.update(self.counter.to_be_bytes());
        let bytes: [u8; 32] = hasher.finalize().into();
        bytes[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// A number from 0 up to, not with, 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn unit(&mut self) -> f64 {
        (self.roll() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// An index below `count`, which is not 0. What the remainder favours is below one in 2^44.
    pub fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.roll() % (count.max(1) as u64)).unwrap_or(0)
    }

    /// Puts a list in an order that is drawn (Fisher and Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let with = self.below(last + 1);
            list.swap(last, with);
        }
    }
}

/// What an item serves for: its first number against the shares, the control arm first.
pub fn arm(plan: &SuggestionPlan, draw: &mut Draw) -> Arm {
    let place = draw.unit();
    if place < plan.control_share {
        Arm::Control
    } else if place < plan.control_share + plan.planted_share {
        Arm::Planted
    } else {
        Arm::Genuine
    }
}

/// Commits to what was drawn for an item: SHA-256 over [`ARM_PREFIX`], the item's number and what is said of it (canonical JSON).
/// Nobody can tell what it says without the number, and nobody can say something else later.
pub fn commitment(number: &[u8; 32], said: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(ARM_PREFIX);
    hasher.update(number);
    hasher.update(said.as_bytes());
    hasher.finalize().into()
}
