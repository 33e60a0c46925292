//! What each reader does to the agreement, and how far it would be another with other readers.

use crate::{reads::Reads, to_f64};

use super::counts::{Coefficient, Counts, Level};

/// Agreement by who is left out.
#[derive(Clone, Debug, PartialEq)]
pub struct ByReader {
    /// Krippendorff's alpha with the standard error over readers (jackknife; Efron and Stein 1981): it speaks of readers like
    /// these on these items. Its interval has as many degrees of freedom as readers less one.
    pub alpha: Coefficient,
    /// Per reader, alpha less alpha without them: below 0 for who lowers the agreement ("vitality", Tschirschwitz and
    /// Rodehorst 2026). `None` for a reader without reads, or where nothing is left without them.
    pub vitality: Vec<Option<f64>>,
}

/// Leaves out each reader in turn. `None` where there is no alpha, or fewer than three readers whose absence leaves one.
/// Takes readers x reads.
#[must_use]
pub fn by_reader(reads: &Reads, level: Level) -> Option<ByReader> {
    let value = Counts::new(reads).alpha(level)?;
    let mut takes_part = vec![false; reads.readers()];
    for vote in reads.rows().flatten() {
        takes_part[vote.reader as usize] = true;
    }
    let without = |reader: usize| {
        let reader = u32::try_from(reader).ok()?;
        Counts::new(&reads.without(reader)).alpha(level)
    };
    let left: Vec<Option<f64>> = takes_part
        .iter()
        .enumerate()
        .map(|(reader, takes_part)| if *takes_part { without(reader) } else { None })
        .collect();
    let known: Vec<f64> = left.iter().flatten().copied().collect();
    if known.len() < 3 {
        return None;
    }
    let n = to_f64(known.len());
    let mean = known.iter().sum::<f64>() / n;
    let squares: f64 = known.iter().map(|own| (own - mean).powi(2)).sum();
    Some(ByReader {
        alpha: Coefficient { value, standard_error: ((n - 1.0) / n * squares).sqrt() },
        vitality: left.into_iter().map(|left| left.map(|left| value - left)).collect(),
    })
}
