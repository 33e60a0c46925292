//! Which labels are probably wrong, by a model's probabilities: a queue for reviewers, never a certificate.

mod confident;
mod objects;

pub use confident::{Confident, LabelsError, Suspect, confident};
pub use objects::{Doubt, Predicted, Scene, Suspicion, forgotten, scene_weight};
