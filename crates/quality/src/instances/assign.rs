//! Which finding of one reader is which of another: the assignment with the largest sum of overlaps (Kuhn 1955; shortest
//! augmenting paths with potentials as in Jonker and Volgenant 1987), never greedy.

use super::{cluster::InstancesError, score::HALF};

/// Most findings of one reader in one image.
pub const ASSIGN_MAX: usize = 2_000;

/// A pair of findings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matched {
    /// Index with the first reader.
    pub first: usize,
    /// Index with the second reader.
    pub second: usize,
    /// Their overlap.
    pub overlap: f64,
}

/// Pairs findings so that the sum of overlaps is largest, counting only overlaps of at least `gate`. `overlaps` are rows of
/// the first reader's findings by columns of the second's, in 0..=1. Ordered by the first index.
///
/// # Errors
/// [`InstancesError`] for a table of another size, too many findings or an overlap that is none.
pub fn assign(
    first: usize,
    second: usize,
    overlaps: &[f64],
    gate: f64,
) -> Result<Vec<Matched>, InstancesError> {
    check(first, second, overlaps)?;
    // The method wants no more rows than columns.
    let turned = first > second;
    let (rows, columns) = if turned { (second, first) } else { (first, second) };
    let at = |row: usize, column: usize| {
        let place = if turned { column * second + row } else { row * second + column };
        if overlaps[place] >= gate { overlaps[place] } else { 0.0 }
    };
    let owners = shortest(rows, columns, |row, column| -at(row, column));
    let mut found: Vec<Matched> = owners
        .into_iter()
        .enumerate()
        .filter_map(|(column, row)| {
            let row = row?;
            let overlap = at(row, column);
            let (first, second) = if turned { (column, row) } else { (row, column) };
            (overlap > 0.0).then_some(Matched { first, second, overlap })
        })
        .collect();
    found.sort_unstable_by_key(|pair| pair.first);
    Ok(found)
}

/// Pairs things that do not overlap each other, as pixels of one map do: those with an overlap above a half, of which each has one
/// at most (Kirillov and others 2019). `overlaps` as in [`assign`], which at a low gate may give a pair up for two lesser ones.
///
/// # Errors
/// [`InstancesError`] as in [`assign`], and [`InstancesError::Twice`] where a thing has two such partners.
pub fn segments(first: usize, second: usize, overlaps: &[f64]) -> Result<Vec<Matched>, InstancesError> {
    check(first, second, overlaps)?;
    let (mut rows, mut columns) = (vec![false; first], vec![false; second]);
    let mut found = Vec::new();
    for (place, overlap) in overlaps.iter().enumerate().filter(|(_, overlap)| **overlap > HALF) {
        let pair = Matched { first: place / second, second: place % second, overlap: *overlap };
        let (row, column) = (&mut rows[pair.first], &mut columns[pair.second]);
        if *row || *column {
            return Err(InstancesError::Twice { place });
        }
        (*row, *column) = (true, true);
        found.push(pair);
    }
    Ok(found)
}

fn check(first: usize, second: usize, overlaps: &[f64]) -> Result<(), InstancesError> {
    if first.max(second) > ASSIGN_MAX {
        return Err(InstancesError::TooMany(first.max(second)));
    }
    if first * second != overlaps.len() {
        return Err(InstancesError::Shape { expected: first * second, found: overlaps.len() });
    }
    if let Some(place) = overlaps.iter().position(|overlap| !(0.0..=1.0).contains(overlap)) {
        return Err(InstancesError::Overlap { place, value: overlaps[place] });
    }
    Ok(())
}

/// The row of each column in the cheapest assignment of all rows; rows <= columns. Row by row: the cheapest path from the
/// row to a free column through what is assigned, with prices that keep every reduced cost at or above 0.
fn shortest(rows: usize, columns: usize, cost: impl Fn(usize, usize) -> f64) -> Vec<Option<usize>> {
    let mut owner: Vec<Option<usize>> = vec![None; columns];
    let (mut of_row, mut of_column) = (vec![0.0; rows], vec![0.0; columns]);
    for start in 0..rows {
        let mut reach = vec![f64::INFINITY; columns];
        let mut before: Vec<Option<usize>> = vec![None; columns];
        let mut done = vec![false; columns];
        let (mut row, mut last, mut walked) = (start, None, 0.0);
        let end = loop {
            let mut next = (f64::INFINITY, 0);
            for column in (0..columns).filter(|column| !done[*column]) {
                let through = walked + cost(row, column) - of_row[row] - of_column[column];
                if through < reach[column] {
                    (reach[column], before[column]) = (through, last);
                }
                if reach[column] < next.0 {
                    next = (reach[column], column);
                }
            }
            walked = next.0;
            done[next.1] = true;
            last = Some(next.1);
            match owner[next.1] {
                Some(taken) => row = taken,
                None => break next.1,
            }
        };
        of_row[start] += walked;
        for column in (0..columns).filter(|column| done[*column] && *column != end) {
            if let Some(taken) = owner[column] {
                of_row[taken] += walked - reach[column];
            }
            of_column[column] -= walked - reach[column];
        }
        // Turn the path around.
        let mut column = end;
        while let Some(previous) = before[column] {
            owner[column] = owner[previous];
            column = previous;
        }
        owner[column] = Some(start);
    }
    owner
}
