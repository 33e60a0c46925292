//! A sample that can be drawn again: the seed and a hash of what was drawn from are recorded.

use serde::{Deserialize, Serialize};

use crate::certify::{Hash, order, order_hash};

/// What is recorded of a draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draw {
    /// The seed; has to be entered after the batch was delivered.
    pub seed: Hash,
    /// Hash of the ids of the batch, in ascending order.
    pub batch: Hash,
    /// Units in the batch.
    pub units: u64,
    /// Ids that were drawn, in the order in which they are checked.
    pub drawn: Vec<String>,
}

/// A draw that was not made like that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DrawError {
    /// The ids are not those of the batch that was drawn from.
    #[error("these are not the units that were drawn from")]
    Batch,
    /// The seed draws other units, or in another order.
    #[error("the seed draws another unit at place {0}")]
    Drawn(usize),
    /// An id twice, or more drawn than there are.
    #[error("a batch has each unit once, and no more can be drawn than it has")]
    Units,
}

impl Draw {
    /// Draws `sample` of the units.
    ///
    /// # Errors
    /// [`DrawError::Units`].
    pub fn new(seed: Hash, ids: &[&str], sample: usize) -> Result<Self, DrawError> {
        let mut sorted = ids.to_vec();
        sorted.sort_unstable();
        if sample > ids.len() || sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(DrawError::Units);
        }
        let batch = order_hash(sorted.iter().copied());
        let drawn = order(seed, ids).into_iter().take(sample).map(|at| ids[at].to_owned()).collect();
        Ok(Self { seed, batch, units: ids.len() as u64, drawn })
    }

    /// Draws again and compares.
    ///
    /// # Errors
    /// [`DrawError`] names what differs.
    pub fn verify(&self, ids: &[&str]) -> Result<(), DrawError> {
        let again = Self::new(self.seed, ids, self.drawn.len())?;
        if (again.batch, again.units) != (self.batch, self.units) {
            return Err(DrawError::Batch);
        }
        match self.drawn.iter().zip(&again.drawn).position(|(a, b)| a != b) {
            Some(place) => Err(DrawError::Drawn(place)),
            None => Ok(()),
        }
    }
}
