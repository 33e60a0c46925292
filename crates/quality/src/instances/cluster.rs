//! The findings of several readers in one image, gathered: what lies together and is of different readers is one thing. The
//! result does not depend on the order of readers or findings.

use std::collections::BTreeMap;

use crate::{
    reads::{Read, Reads, ReadsError},
    to_f64,
};

use super::assign::ASSIGN_MAX;

/// Most equal pairs among which twins are looked for: more of them in one place are no drawing of anybody.
const CONTESTED_MAX: usize = 256;

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
/// findings overlap by `gate` on average, so that a chain of neighbours does not become one thing. Where equal pairs want the same
/// cluster and cannot all have it, none gets it: readers differ there, and who is named first decides nothing.
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
    // Equal overlaps are ordered by what surrounds the findings, which does not depend on who is named first.
    let around: Vec<f64> = (0..n).map(|a| sorted_sum((0..n).map(|b| at(a, b)))).collect();
    let mut pairs: Vec<(f64, f64, usize, usize)> = (0..n)
        .flat_map(|a| (a + 1..n).map(move |b| (a, b)))
        .filter(|(a, b)| found[*a].reader != found[*b].reader && at(*a, *b) >= gate)
        .map(|(a, b)| (at(a, b), around[a] + around[b], a, b))
        .collect();
    pairs.sort_by(|x, y| y.0.total_cmp(&x.0).then(y.1.total_cmp(&x.1)).then((x.2, x.3).cmp(&(y.2, y.3))));
    let mut gathering = Gathering {
        found,
        overlaps,
        gate,
        owner: (0..n).collect(),
        members: (0..n).map(|a| vec![a]).collect(),
    };
    for equal in pairs.chunk_by(|x, y| (x.0, x.1) == (y.0, y.1)) {
        let equal: Vec<(usize, usize)> = equal.iter().map(|(.., a, b)| (*a, *b)).collect();
        gathering.take(&equal);
    }
    Ok(gathering.members.into_iter().filter(|members| !members.is_empty()).map(Cluster).collect())
}

/// Clusters as they grow.
struct Gathering<'a> {
    found: &'a [Found],
    overlaps: &'a [f64],
    gate: f64,
    /// The cluster of each finding.
    owner: Vec<usize>,
    /// The findings of each cluster; none of one that became part of another.
    members: Vec<Vec<usize>>,
}

impl Gathering<'_> {
    fn at(&self, a: usize, b: usize) -> f64 {
        self.overlaps[a * self.found.len() + b]
    }

    /// Whether two clusters may become one.
    fn fits(&self, a: usize, b: usize) -> bool {
        let (one, other) = (&self.members[a], &self.members[b]);
        let shares_reader =
            one.iter().any(|a| other.iter().any(|b| self.found[*a].reader == self.found[*b].reader));
        if a == b || shares_reader {
            return false;
        }
        let sum = sorted_sum(one.iter().flat_map(|a| other.iter().map(move |b| self.at(*a, *b))));
        sum / to_f64(one.len() * other.len()) >= self.gate
    }

    fn merge(&mut self, a: usize, b: usize) {
        let (to, from) = (a.min(b), a.max(b));
        let moved = std::mem::take(&mut self.members[from]);
        for one in &moved {
            self.owner[*one] = to;
        }
        self.members[to].extend(moved);
        self.members[to].sort_unstable();
    }

    /// Takes pairs that are equal in all that counts.
    fn take(&mut self, pairs: &[(usize, usize)]) {
        for group in self.connected(&self.wanted(pairs)) {
            let all_fit = group.iter().enumerate().all(|(i, a)| group[..i].iter().all(|b| self.fits(*a, *b)));
            if all_fit {
                for other in &group[1..] {
                    // The first one keeps its name: it is the smallest.
                    self.merge(group[0], *other);
                }
            }
        }
        // What is left competes. Among twins it is one whichever is taken.
        let mut wanted = self.wanted(pairs);
        while wanted.len() <= CONTESTED_MAX
            && let Some((a, b)) = self.uncontested(&wanted)
        {
            self.merge(a, b);
            wanted = self.wanted(pairs);
        }
    }

    /// The clusters that pairs of findings would make one, each two once.
    fn wanted(&self, pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let owned = pairs.iter().map(|(a, b)| (self.owner[*a], self.owner[*b]));
        let mut wanted: Vec<(usize, usize)> =
            owned.map(|(a, b)| (a.min(b), a.max(b))).filter(|(a, b)| self.fits(*a, *b)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    /// Groups of clusters that are connected by pairs, ascending.
    fn connected(&self, wanted: &[(usize, usize)]) -> Vec<Vec<usize>> {
        let mut group: BTreeMap<usize, usize> = BTreeMap::new();
        for (a, b) in wanted {
            let [one, other] = [*a, *b].map(|cluster| *group.get(&cluster).unwrap_or(&cluster));
            let (to, from) = (one.min(other), one.max(other));
            group.insert(*a, to);
            group.insert(*b, to);
            for of in group.values_mut().filter(|of| **of == from) {
                *of = to;
            }
        }
        let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (cluster, of) in group {
            groups.entry(of).or_default().push(cluster);
        }
        groups.into_values().collect()
    }

    /// A pair whose competitors are all twins of its own two.
    fn uncontested(&self, wanted: &[(usize, usize)]) -> Option<(usize, usize)> {
        let others = |of: usize, but: usize| {
            wanted.iter().filter_map(move |(a, b)| match (*a == of, *b == of) {
                (true, _) if *b != but => Some(*b),
                (_, true) if *a != but => Some(*a),
                _ => None,
            })
        };
        let is_alone = |a: usize, b: usize| {
            others(a, b).all(|rival| self.twins(rival, b)) && others(b, a).all(|rival| self.twins(rival, a))
        };
        wanted.iter().copied().find(|(a, b)| is_alone(*a, *b))
    }

    /// Whether two clusters are single findings of the same reader and class at the same place: the same thing drawn twice.
    fn twins(&self, a: usize, b: usize) -> bool {
        let ([a], [b]) = (&self.members[a][..], &self.members[b][..]) else { return false };
        let others = (0..self.found.len()).filter(|other| other != a && other != b);
        self.found[*a] == self.found[*b]
            && self.at(*a, *b) >= 1.0
            && others.into_iter().all(|other| self.at(*a, other) == self.at(*b, other))
    }
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
