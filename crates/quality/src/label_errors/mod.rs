//! Which labels are probably wrong, by a model's probabilities: a queue for reviewers, never a certificate.

mod confident;

pub use confident::{Confident, LabelsError, Suspect, confident};
