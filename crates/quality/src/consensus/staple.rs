//! STAPLE (Warfield, Zou and Wells 2004) for one structure. The expectation at a pixel depends only on who marked it, so
//! pixels are counted by vote pattern once and EM runs on at most 2^readers rows.

use crate::to_f64;

/// Most readers: 4096 patterns.
pub const STAPLE_READERS_MAX: usize = 12;
/// Where sensitivity and specificity begin, as in ITK.
const START: f64 = 0.99999;

/// Masks that cannot be fused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StapleError {
    /// None, or more than [`STAPLE_READERS_MAX`].
    #[error("{0} masks: 1 to {STAPLE_READERS_MAX} can be fused")]
    Readers(usize),
    /// Masks of different or no length.
    #[error("mask {0} has another number of pixels than the first, or none")]
    Pixels(usize),
    /// Nobody marked anything, or everybody marked everything.
    #[error("every pixel of every mask is the same: there is nothing to estimate")]
    Uniform,
}

/// What the fusion says.
#[derive(Clone, Debug)]
pub struct Staple {
    patterns: Patterns,
    /// Probability to be inside by who marked.
    table: Vec<f32>,
    /// Per reader: share of inside pixels that were marked.
    pub sensitivity: Vec<f64>,
    /// Per reader: share of outside pixels that were left. A large background raises it: give the union with a margin.
    pub specificity: Vec<f64>,
    /// Iterations of EM.
    pub iterations: usize,
}

/// Fuses masks of equal length (0 is outside, anything else inside). The prior is the mean marked share.
///
/// # Errors
/// [`StapleError`] names the mask that does not fit.
pub fn staple(masks: &[&[u8]], iterations: usize, tolerance: f64) -> Result<Staple, StapleError> {
    let readers = masks.len();
    if readers == 0 || readers > STAPLE_READERS_MAX {
        return Err(StapleError::Readers(readers));
    }
    let pixels = masks[0].len();
    if let Some(odd) = masks.iter().position(|mask| mask.len() != pixels || pixels == 0) {
        return Err(StapleError::Pixels(odd));
    }
    let (patterns, counts) = patterns(masks, pixels);
    let marked: usize = counts.iter().enumerate().map(|(pattern, n)| pattern.count_ones() as usize * n).sum();
    if marked == 0 || marked == pixels * readers {
        return Err(StapleError::Uniform);
    }
    let prior = to_f64(marked) / to_f64(pixels * readers);
    let (mut sensitivity, mut specificity) = (vec![START; readers], vec![START; readers]);
    let mut inside = vec![0.0; counts.len()];
    let mut made = 0;
    while made < iterations.max(1) {
        made += 1;
        for (pattern, weight) in inside.iter_mut().enumerate() {
            let (mut a, mut b) = (prior, 1.0 - prior);
            for reader in 0..readers {
                let yes = pattern >> reader & 1 == 1;
                a *= if yes { sensitivity[reader] } else { 1.0 - sensitivity[reader] };
                b *= if yes { 1.0 - specificity[reader] } else { specificity[reader] };
            }
            *weight = if a + b > 0.0 { a / (a + b) } else { prior };
        }
        let moved = rate(&counts, &inside, &mut sensitivity, &mut specificity);
        if moved <= tolerance {
            break;
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "probabilities of a map need no more")]
    let table: Vec<f32> = inside.iter().map(|weight| *weight as f32).collect();
    Ok(Staple { patterns, table, sensitivity, specificity, iterations: made })
}

/// Who marked each pixel, a bit per reader, in the order of the masks. Up to eight readers fit into a byte.
#[derive(Clone, Debug)]
enum Patterns {
    Few(Vec<u8>),
    Many(Vec<u16>),
}

impl Staple {
    /// Number of pixels.
    #[must_use]
    pub const fn pixels(&self) -> usize {
        match &self.patterns {
            Patterns::Few(patterns) => patterns.len(),
            Patterns::Many(patterns) => patterns.len(),
        }
    }

    /// Probability of each pixel to be inside, in the order of the masks. Fastest through `fold`, `for_each` or `count`.
    #[must_use]
    pub fn inside(&self) -> Inside<'_> {
        let (few, many): (&[u8], &[u16]) = match &self.patterns {
            Patterns::Few(patterns) => (patterns, &[]),
            Patterns::Many(patterns) => (&[], patterns),
        };
        Inside { few, many, table: &self.table }
    }
}

/// Probabilities of pixels.
#[derive(Clone, Debug)]
pub struct Inside<'a> {
    few: &'a [u8],
    many: &'a [u16],
    table: &'a [f32],
}

impl Iterator for Inside<'_> {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        let pattern = if let Some((first, rest)) = self.few.split_first() {
            self.few = rest;
            usize::from(*first)
        } else {
            let (first, rest) = self.many.split_first()?;
            self.many = rest;
            usize::from(*first)
        };
        Some(self.table[pattern])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.few.len() + self.many.len();
        (left, Some(left))
    }

    fn fold<B, F>(self, init: B, mut take: F) -> B
    where
        F: FnMut(B, f32) -> B,
    {
        let mut made = init;
        // Neighbours are mostly alike: looked up once.
        let (whole, rest) = self.few.as_chunks::<ALIKE>();
        for some in whole {
            if *some == [some[0]; ALIKE] {
                let inside = self.table[usize::from(some[0])];
                for _ in 0..ALIKE {
                    made = take(made, inside);
                }
            } else {
                for pattern in some {
                    made = take(made, self.table[usize::from(*pattern)]);
                }
            }
        }
        for pattern in rest {
            made = take(made, self.table[usize::from(*pattern)]);
        }
        self.many.iter().fold(made, |made, pattern| take(made, self.table[usize::from(*pattern)]))
    }
}

impl ExactSizeIterator for Inside<'_> {}

/// Pixels that are looked at together: blocks stay near the processor.
const BLOCK: usize = 4096;
/// Pixels that are counted at once where they are alike, as most neighbours are.
const ALIKE: usize = 16;

/// Patterns of all pixels, and how many pixels have each.
fn patterns(masks: &[&[u8]], pixels: usize) -> (Patterns, Vec<usize>) {
    let mut counts = vec![0; 1 << masks.len()];
    if masks.len() <= 8 {
        let place = |bit: usize| 1_u8 << bit;
        (Patterns::Few(of_masks(masks, pixels, place, &mut counts)), counts)
    } else {
        let place = |bit: usize| 1_u16 << bit;
        (Patterns::Many(of_masks(masks, pixels, place, &mut counts)), counts)
    }
}

fn of_masks<P>(masks: &[&[u8]], pixels: usize, place: impl Fn(usize) -> P, counts: &mut [usize]) -> Vec<P>
where
    P: Copy + Default + Eq + std::ops::BitOrAssign,
    usize: From<P>,
{
    let mut patterns = vec![P::default(); pixels];
    for (block, start) in patterns.chunks_mut(BLOCK).zip((0..).step_by(BLOCK)) {
        let mut marked = false;
        for (bit, mask) in masks.iter().enumerate() {
            let (place, pixels) = (place(bit), &mask[start..start + block.len()]);
            // Most of a picture is marked by nobody: such blocks are read once and never written.
            if pixels.iter().fold(0, |any, pixel| any | *pixel) == 0 {
                continue;
            }
            marked = true;
            for (pattern, pixel) in block.iter_mut().zip(pixels) {
                *pattern |= if *pixel == 0 { P::default() } else { place };
            }
        }
        if !marked {
            counts[0] += block.len();
            continue;
        }
        let (whole, rest) = block.as_chunks::<ALIKE>();
        for some in whole {
            if *some == [some[0]; ALIKE] {
                counts[usize::from(some[0])] += ALIKE;
            } else {
                some.iter().for_each(|pattern| counts[usize::from(*pattern)] += 1);
            }
        }
        rest.iter().for_each(|pattern| counts[usize::from(*pattern)] += 1);
    }
    patterns
}

/// Maximisation; returns the largest change of a rate.
fn rate(counts: &[usize], inside: &[f64], sensitivity: &mut [f64], specificity: &mut [f64]) -> f64 {
    let sum = |of: &dyn Fn(usize) -> f64| -> f64 {
        counts.iter().enumerate().map(|(pattern, n)| to_f64(*n) * of(pattern)).sum()
    };
    let (all_in, all_out) = (sum(&|p| inside[p]), sum(&|p| 1.0 - inside[p]));
    let mut moved = 0.0_f64;
    for reader in 0..sensitivity.len() {
        let said = |p: usize| p >> reader & 1 == 1;
        let hit = sum(&|p| if said(p) { inside[p] } else { 0.0 }) / all_in;
        let left = sum(&|p| if said(p) { 0.0 } else { 1.0 - inside[p] }) / all_out;
        moved = moved.max((hit - sensitivity[reader]).abs()).max((left - specificity[reader]).abs());
        (sensitivity[reader], specificity[reader]) = (hit, left);
    }
    moved
}
