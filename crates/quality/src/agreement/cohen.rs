//! Two readers: Cohen's kappa, plain and weighted.

use super::counts::{Coefficient, Weights};
use crate::{reads::Reads, to_f64};

/// Kappa of two readers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cohen {
    /// Items that both read.
    pub items: usize,
    /// Kappa and its large-sample standard error (Fleiss, Cohen and Everitt 1969).
    pub kappa: Coefficient,
}

/// Cohen's kappa (1960; weighted 1968) of two readers over the items that both read. `None` where they share no item,
/// or both gave one and the same class only.
#[must_use]
pub fn cohen(reads: &Reads, first: u32, second: u32, weights: Weights) -> Option<Cohen> {
    let classes = reads.classes();
    let mut table = vec![0.0; classes * classes];
    let mut items = 0;
    for votes in reads.rows() {
        let by = |reader| votes.iter().find(|vote| vote.reader == reader).map(|vote| usize::from(vote.class));
        if let (Some(a), Some(b)) = (by(first), by(second)) {
            table[a * classes + b] += 1.0;
            items += 1;
        }
    }
    if items == 0 {
        return None;
    }
    let n = to_f64(items);
    let (mut rows, mut columns) = (vec![0.0; classes], vec![0.0; classes]);
    for (place, share) in table.iter_mut().enumerate() {
        *share /= n;
        rows[place / classes] += *share;
        columns[place % classes] += *share;
    }
    let span = to_f64(classes.max(2) - 1);
    let weight = |a: usize, b: usize| weights.credit(to_f64(a) - to_f64(b), span);
    let mean = |shares: &[f64], a: usize| (0..classes).map(|b| shares[b] * weight(a, b)).sum::<f64>();
    let of_row: Vec<f64> = (0..classes).map(|a| mean(&columns, a)).collect();
    let of_column: Vec<f64> = (0..classes).map(|b| mean(&rows, b)).collect();
    let pe: f64 = rows.iter().zip(&of_row).map(|(share, near)| share * near).sum();
    let po: f64 = table.iter().enumerate().map(|(p, share)| share * weight(p / classes, p % classes)).sum();
    if 1.0 - pe <= 1e-12 {
        return None;
    }
    let value = (po - pe) / (1.0 - pe);
    let spread: f64 = table
        .iter()
        .enumerate()
        .map(|(place, share)| {
            let (a, b) = (place / classes, place % classes);
            share * (weight(a, b) - (of_row[a] + of_column[b]) * (1.0 - value)).powi(2)
        })
        .sum();
    let variance = (spread - (value - pe * (1.0 - value)).powi(2)) / ((1.0 - pe).powi(2) * n);
    Some(Cohen { items, kappa: Coefficient { value, standard_error: variance.max(0.0).sqrt() } })
}
