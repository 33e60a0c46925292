//! Finding the brain: the largest piece of tissue that is left when the rim of everything is taken off.

use super::{FaceError, Scale, grid::Grid};

/// Volumes that a brain can have, ml: from a newborn's to more than the largest known.
const BRAIN_ML: std::ops::RangeInclusive<f64> = 250.0..=2200.0;
/// Hounsfield units of brain and fluid, with the noise of thin slices.
const SOFT_HU: std::ops::RangeInclusive<f32> = -30.0..=120.0;
/// Cubes that are taken off all around: more than half the width of what leaves the skull, the cord included.
const RIM: usize = 3;
/// How far below the top of the head a brain reaches, mm.
const BELOW_TOP_MM: f64 = 190.0;
/// Steps of the histogram that the threshold is found on.
const STEPS: usize = 256;

/// Which cubes are brain.
pub fn brain(grid: &Grid, scale: Scale) -> Result<Vec<bool>, FaceError> {
    let tissue: Vec<bool> = match scale {
        Scale::Hounsfield => grid.values.iter().map(|v| SOFT_HU.contains(v)).collect(),
        Scale::Arbitrary => {
            let least = threshold(&grid.values);
            grid.values.iter().map(|v| *v > least).collect()
        }
    };
    let mut core = below_top(grid, tissue.clone());
    for _ in 0..RIM {
        core = without_rim(grid, &core);
    }
    let mut piece = largest(grid, &core);
    for _ in 0..RIM {
        piece = with_rim(grid, &piece, &tissue);
    }
    let millilitres = grid.millilitres(piece.iter().filter(|is| **is).count());
    if BRAIN_ML.contains(&millilitres) { Ok(piece) } else { Err(FaceError::NoBrain { millilitres }) }
}

/// The threshold that parts dark from bright with the least variance within both (Otsu 1979).
fn threshold(values: &[f32]) -> f32 {
    let (low, high) =
        values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let width = ((high - low) / STEPS as f32).max(f32::MIN_POSITIVE);
    let mut counts = [0.0_f64; STEPS];
    for value in values {
        // Within the steps by construction.
        counts[(((value - low) / width) as usize).min(STEPS - 1)] += 1.0;
    }
    let all: f64 = counts.iter().sum();
    let sum: f64 = counts.iter().enumerate().map(|(step, count)| step as f64 * count).sum();
    let (mut below, mut sum_below, mut best, mut at) = (0.0, 0.0, -1.0, 0);
    for (step, count) in counts.iter().enumerate() {
        below += count;
        sum_below += step as f64 * count;
        let above = all - below;
        if below == 0.0 || above == 0.0 {
            continue;
        }
        let apart = sum_below / below - (sum - sum_below) / above;
        let between = below * above * apart * apart;
        if between > best {
            (best, at) = (between, step);
        }
    }
    low + width * (at + 1) as f32
}

/// Keeps what lies within reach of the topmost layer that holds more than specks.
fn below_top(grid: &Grid, mut tissue: Vec<bool>) -> Vec<bool> {
    let layer = grid.size[0] * grid.size[1];
    // A layer of a head holds at least a coin's area: noise in air does not.
    let least = layer / 500;
    let filled = |z: usize| tissue[z * layer..(z + 1) * layer].iter().filter(|is| **is).count() > least;
    let Some(top) = (0..grid.size[2]).rev().find(|z| filled(*z)) else { return tissue };
    let reach = (BELOW_TOP_MM / super::grid::CUBE_MM) as usize;
    let lowest = top.saturating_sub(reach);
    tissue[..lowest * layer].fill(false);
    tissue
}

/// Takes off every cube that touches something else, or the edge of the field.
fn without_rim(grid: &Grid, is: &[bool]) -> Vec<bool> {
    let inner = |at: usize| is[at] && grid.neighbours(at).filter(|n| is[*n]).count() == 6;
    (0..is.len()).map(inner).collect()
}

/// Adds the cubes of `tissue` that touch the piece.
fn with_rim(grid: &Grid, piece: &[bool], tissue: &[bool]) -> Vec<bool> {
    let touches = |at: usize| piece[at] || tissue[at] && grid.neighbours(at).any(|n| piece[n]);
    (0..piece.len()).map(touches).collect()
}

/// The piece with the most cubes.
fn largest(grid: &Grid, is: &[bool]) -> Vec<bool> {
    let mut label = vec![0_u32; is.len()];
    let (mut next, mut best, mut most) = (0, 0, 0);
    let mut stack = Vec::new();
    for start in 0..is.len() {
        if !is[start] || label[start] != 0 {
            continue;
        }
        next += 1;
        label[start] = next;
        stack.push(start);
        let mut count = 0_usize;
        while let Some(at) = stack.pop() {
            count += 1;
            for neighbour in grid.neighbours(at) {
                if is[neighbour] && label[neighbour] == 0 {
                    label[neighbour] = next;
                    stack.push(neighbour);
                }
            }
        }
        if count > most {
            (best, most) = (next, count);
        }
    }
    label.into_iter().map(|l| best > 0 && l == best).collect()
}
