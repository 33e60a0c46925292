//! The findings of several readers in one image, gathered: what lies together and is of different readers is one thing. The
//! result does not depend on the order of readers or findings.

use crate::{
    reads::{Read, Reads, ReadsError},
    to_f64,
};

use super::assign::ASSIGN_MAX;

/// A finding of a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Index of the reader.
    pub reader: u32,
    /// Its class.
    pub class: u16,
}

/// Findings that are one thing: indices into the list of findings, ascending; at most one per reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster(pub Vec<usize>);

/// Findings that cannot be matched.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum InstancesError {
    /// More than [`ASSIGN_MAX`] in one image.
    #[error("{0} findings in one image are beyond the limit of {ASSIGN_MAX}")]
    TooMany(usize),
    /// A table of another size.
    #[error("{found} overlaps instead of {expected}")]
    Shape {
        /// Overlaps that were wanted.
        expected: usize,
        /// Overlaps that came.
        found: usize,
    },
    /// An overlap that is not in 0..=1.
    #[error("overlap {place} is {value}, not between 0 and 1")]
    Overlap {
        /// Place in the table.
        place: usize,
        /// What stood there.
        value: f64,
    },
    /// A second overlap above a half of the same thing: these things overlap each other.
    #[error("overlap {place} is the second above a half of the same thing")]
    Twice {
        /// Place in the table.
        place: usize,
    },
    /// A time or a tolerance that is none.
    #[error("a time that is not finite, or a tolerance below 0")]
    Time,
    /// Frames of two tracks that are none: of the first's and the second's.
    #[error("tracks {first} and {second} have an overlap that is not between 0 and 1")]
    Track {
        /// Index with the first reader.
        first: usize,
        /// Index with the second reader.
        second: usize,
    },
    /// Reads that make no table.
    #[error(transparent)]
    Reads(#[from] ReadsError),
}

/// Gathers findings. `overlaps` is the square table of all findings with each other. Pairs of different readers with an
/// overlap of at least `gate` are taken from the largest down; two clusters become one if they share no reader and their
/// findings overlap by `gate` on average, so that a chain of neighbours does not become one thing.
///
/// # Errors
/// [`InstancesError`] for a table of another size or an overlap that is none.
pub fn cluster(found: &[Found], overlaps: &[f64], gate: f64) -> Result<Vec<Cluster>, InstancesError> {
    let n = found.len();
    if n > ASSIGN_MAX {
        return Err(InstancesError::TooMany(n));
    }
    if n * n != overlaps.len() {
        return Err(InstancesError::Shape { expected: n * n, found: overlaps.len() });
    }
    if let Some(place) = overlaps.iter().position(|overlap| !(0.0..=1.0).contains(overlap)) {
        return Err(InstancesError::Overlap { place, value: overlaps[place] });
    }
    let at = |a: usize, b: usize| overlaps[a * n + b];
    let mut pairs: Vec<(f64, usize, usize)> = (0..n)
        .flat_map(|a| (a + 1..n).map(move |b| (a, b)))
        .filter(|(a, b)| found[*a].reader != found[*b].reader && at(*a, *b) >= gate)
        .map(|(a, b)| (at(a, b), a, b))
        .collect();
    // Equal overlaps are ordered by what surrounds the findings, which does not depend on who is named first.
    let around: Vec<f64> = (0..n).map(|a| sorted_sum((0..n).map(|b| at(a, b)))).collect();
    pairs.sort_by(|x, y| {
        let of = |pair: &(f64, usize, usize)| around[pair.1] + around[pair.2];
        y.0.total_cmp(&x.0).then(of(y).total_cmp(&of(x))).then((x.1, x.2).cmp(&(y.1, y.2)))
    });
    let mut owner: Vec<usize> = (0..n).collect();
    let mut members: Vec<Vec<usize>> = (0..n).map(|a| vec![a]).collect();
    for (_, a, b) in pairs {
        let (a, b) = (owner[a], owner[b]);
        if a == b || shares_reader(found, &members[a], &members[b]) {
            continue;
        }
        let sum = sorted_sum(members[a].iter().flat_map(|a| members[b].iter().map(move |b| at(*a, *b))));
        if sum / to_f64(members[a].len() * members[b].len()) < gate {
            continue;
        }
        let (to, from) = (a.min(b), a.max(b));
        let moved = std::mem::take(&mut members[from]);
        for one in &moved {
            owner[*one] = to;
        }
        members[to].extend(moved);
        members[to].sort_unstable();
    }
    Ok(members.into_iter().filter(|members| !members.is_empty()).map(Cluster).collect())
}

fn shares_reader(found: &[Found], a: &[usize], b: &[usize]) -> bool {
    a.iter().any(|a| b.iter().any(|b| found[*a].reader == found[*b].reader))
}

/// A sum whose last digit does not depend on the order either.
fn sorted_sum(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values.iter().sum()
}

/// A table of reads of which each item is a cluster: who was to look and found nothing there says "not found", the class
/// one past `classes`. `images` are, for each image, the readers who were to look, the findings and the clusters.
/// Coefficients of [`crate::agreement`] then measure finding and naming together.
///
/// # Errors
/// [`InstancesError::Reads`] where indices do not fit, or nothing was found at all.
pub fn agreement(
    readers: usize,
    classes: u16,
    images: &[(&[u32], &[Found], &[Cluster])],
) -> Result<Reads, InstancesError> {
    let mut list = Vec::new();
    let mut item = 0;
    for (looked, found, clusters) in images {
        for cluster in *clusters {
            for reader in *looked {
                let own =
                    cluster.0.iter().filter_map(|place| found.get(*place)).find(|own| own.reader == *reader);
                list.push(Read { item, reader: *reader, class: own.map_or(classes, |own| own.class) });
            }
            item += 1;
        }
    }
    Ok(Reads::new(item as usize, readers, usize::from(classes) + 1, &list)?)
}
