//! Many streams at once: what a slider should say, and whom to look at.

use crate::to_f64;

/// Most false alarms to be expected of `streams` streams together, from `items` items per month in each: a month's items
/// divided by the mean number to a false alarm.
#[must_use]
pub fn false_alarms(streams: usize, items: f64, run_length: f64) -> f64 {
    to_f64(streams) * items / run_length
}

/// Of many e-values those that may be called changed, so that at most a share `rate` of them is so by chance on average:
/// e-BH (Wang and Ramdas 2022), under any dependence. Indices, the largest e-value first.
#[must_use]
pub fn likely_changed(evidence: &[f64], rate: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..evidence.len()).filter(|place| evidence[*place] > 0.0).collect();
    order.sort_by(|a, b| evidence[*b].total_cmp(&evidence[*a]).then(a.cmp(b)));
    let enough = |rank: usize| to_f64(rank) * evidence[order[rank - 1]] * rate >= to_f64(evidence.len());
    let last = (1..=order.len()).rev().find(|rank| enough(*rank)).unwrap_or(0);
    order.truncate(last);
    order
}
