//! Filters of single slices in linear time; masks and values in row order.

/// Pixels set in `mask` whose whole square of `2 * radius + 1` pixels is set; what lies outside the slice
/// counts as set.
#[must_use]
pub fn erode(mask: &[bool], columns: usize, radius: usize) -> Vec<bool> {
    let unset: Vec<bool> = mask.iter().map(|&set| !set).collect();
    dilate(&unset, columns, radius).into_iter().map(|near| !near).collect()
}

/// Pixels with a set pixel in their square of `2 * radius + 1` pixels.
#[must_use]
pub fn dilate(mask: &[bool], columns: usize, radius: usize) -> Vec<bool> {
    let ones = vec![1.0; mask.len()];
    box_sums(&ones, mask, columns, radius).into_iter().map(|(_, count)| count > 0).collect()
}

/// Sum and number of the values set in `mask` in the square of `2 * radius + 1` pixels around each pixel.
#[must_use]
pub fn box_sums(values: &[f32], mask: &[bool], columns: usize, radius: usize) -> Vec<(f64, u32)> {
    let rows = mask.len().checked_div(columns).unwrap_or(0);
    let mut column_sums = vec![(0.0_f64, 0_u32); columns];
    let mut prefix = vec![(0.0_f64, 0_u32); columns + 1];
    let mut out = Vec::with_capacity(mask.len());
    let line = |y: usize| y * columns..(y + 1) * columns;
    for y in 0..rows + radius {
        if y < rows {
            let source = values[line(y)].iter().zip(&mask[line(y)]);
            for ((&value, &set), sum) in source.zip(&mut column_sums) {
                if set {
                    *sum = (sum.0 + f64::from(value), sum.1 + 1);
                }
            }
        }
        if let Some(gone) = y.checked_sub(2 * radius + 1).filter(|&gone| gone < rows) {
            let source = values[line(gone)].iter().zip(&mask[line(gone)]);
            for ((&value, &set), sum) in source.zip(&mut column_sums) {
                if set {
                    *sum = (sum.0 - f64::from(value), sum.1 - 1);
                }
            }
        }
        if y < radius {
            continue;
        }
        for (x, sum) in column_sums.iter().enumerate() {
            prefix[x + 1] = (prefix[x].0 + sum.0, prefix[x].1 + sum.1);
        }
        for x in 0..columns {
            let (left, right) = (prefix[x.saturating_sub(radius)], prefix[(x + radius + 1).min(columns)]);
            out.push((right.0 - left.0, right.1 - left.1));
        }
    }
    out
}

/// The mean over the set pixels around each pixel; `fallback` where there are fewer than `least`.
#[must_use]
pub fn masked_mean(
    values: &[f32],
    mask: &[bool],
    columns: usize,
    radius: usize,
    least: u32,
    fallback: f32,
) -> Vec<f32> {
    box_sums(values, mask, columns, radius)
        .into_iter()
        .map(|(sum, count)| if count >= least.max(1) { (sum / f64::from(count)) as f32 } else { fallback })
        .collect()
}

/// The mask with every hole that a 4-connected path from the border cannot reach.
#[must_use]
pub fn fill_holes(mask: &[bool], columns: usize) -> Vec<bool> {
    let rows = mask.len().checked_div(columns).unwrap_or(0);
    let mut outside = vec![false; mask.len()];
    let mut open: Vec<usize> = Vec::new();
    for at in 0..mask.len() {
        let (x, y) = (at % columns, at / columns);
        let border = x == 0 || y == 0 || x + 1 == columns || y + 1 == rows;
        if border && !mask[at] {
            outside[at] = true;
            open.push(at);
        }
    }
    flood(&mut outside, &mut open, mask, false, columns);
    outside.into_iter().map(|out| !out).collect()
}

/// The largest 4-connected piece of a mask; the first of several equal ones.
#[must_use]
pub fn largest_piece(mask: &[bool], columns: usize) -> Vec<bool> {
    let mut seen = vec![false; mask.len()];
    let mut best: (usize, Option<usize>) = (0, None);
    for start in 0..mask.len() {
        if !mask[start] || seen[start] {
            continue;
        }
        seen[start] = true;
        let size = flood(&mut seen, &mut vec![start], mask, true, columns);
        if size > best.0 {
            best = (size, Some(start));
        }
    }
    let mut piece = vec![false; mask.len()];
    if let Some(start) = best.1 {
        piece[start] = true;
        flood(&mut piece, &mut vec![start], mask, true, columns);
    }
    piece
}

/// Marks what is reachable from `open` over pixels of `mask` that are `wanted`; returns how many were
/// visited.
fn flood(marked: &mut [bool], open: &mut Vec<usize>, mask: &[bool], wanted: bool, columns: usize) -> usize {
    let mut visited = 0;
    while let Some(at) = open.pop() {
        visited += 1;
        let x = at % columns;
        let neighbours = [
            (x > 0).then(|| at - 1),
            (x + 1 < columns).then_some(at + 1),
            at.checked_sub(columns),
            Some(at + columns).filter(|&below| below < mask.len()),
        ];
        for next in neighbours.into_iter().flatten() {
            if mask[next] == wanted && !marked[next] {
                marked[next] = true;
                open.push(next);
            }
        }
    }
    visited
}

/// Otsu's threshold between two classes of values (Otsu 1979), from a histogram between the 0.5 and 99.5
/// percentiles. Values above it belong to the upper class.
#[must_use]
pub fn otsu(values: &[f32]) -> f32 {
    const BINS: usize = 256;
    let low = percentile(values, 0.005);
    let high = percentile(values, 0.995);
    if high <= low {
        return low;
    }
    let mut histogram = [0_u64; BINS];
    let scale = BINS as f32 / (high - low);
    for &value in values {
        // The cast saturates on both sides.
        histogram[(((value - low) * scale) as usize).min(BINS - 1)] += 1;
    }
    let total: u64 = histogram.iter().sum();
    let all: f64 = histogram.iter().enumerate().map(|(bin, &n)| bin as f64 * n as f64).sum();
    let (mut count, mut sum) = (0_u64, 0.0);
    let mut best = (-1.0, 0);
    for (bin, &n) in histogram.iter().enumerate() {
        count += n;
        sum += bin as f64 * n as f64;
        if count == 0 || count == total {
            continue;
        }
        let means = (sum / count as f64, (all - sum) / (total - count) as f64);
        let between = count as f64 * (total - count) as f64 * (means.1 - means.0).powi(2);
        if between > best.0 {
            best = (between, bin);
        }
    }
    low + (best.1 + 1) as f32 / scale
}

/// The value below which a share of the values lies; at most 100,000 values are looked at, evenly spread.
#[must_use]
pub fn percentile(values: &[f32], share: f64) -> f32 {
    const MOST: usize = 100_000;
    let step = values.len().div_ceil(MOST).max(1);
    let mut sample: Vec<f32> = values.iter().step_by(step).copied().collect();
    if sample.is_empty() {
        return 0.0;
    }
    let at = ((sample.len() - 1) as f64 * share.clamp(0.0, 1.0)).round() as usize;
    *sample.select_nth_unstable_by(at, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    prop_compose! {
        fn slices()(columns in 1..12_usize, rows in 1..12_usize)
            (mask in prop::collection::vec(any::<bool>(), columns * rows),
             values in prop::collection::vec(-100.0..100.0_f32, columns * rows), columns in Just(columns))
            -> (Vec<f32>, Vec<bool>, usize) { (values, mask, columns) }
    }

    proptest! {
        #[test]
        fn box_sums_agree_with_the_definition((values, mask, columns) in slices(), radius in 0..5_usize) {
            let rows = mask.len() / columns;
            let sums = box_sums(&values, &mask, columns, radius);
            prop_assert_eq!(sums.len(), mask.len());
            for (at, sum) in sums.iter().enumerate() {
                let (x, y) = (at % columns, at / columns);
                let (mut expected, mut count) = (0.0, 0);
                for j in y.saturating_sub(radius)..(y + radius + 1).min(rows) {
                    for i in x.saturating_sub(radius)..(x + radius + 1).min(columns) {
                        if mask[j * columns + i] {
                            expected += f64::from(values[j * columns + i]);
                            count += 1;
                        }
                    }
                }
                prop_assert_eq!(sum.1, count);
                prop_assert!((sum.0 - expected).abs() < 1e-6);
            }
        }

        #[test]
        fn erosion_shrinks_and_dilation_grows((_, mask, columns) in slices(), radius in 0..4_usize) {
            let (small, large) = (erode(&mask, columns, radius), dilate(&mask, columns, radius));
            for at in 0..mask.len() {
                prop_assert!(!small[at] || mask[at]);
                prop_assert!(!mask[at] || large[at]);
            }
        }

        #[test]
        fn filling_keeps_the_mask_and_the_largest_piece_is_part_of_it((_, mask, columns) in slices()) {
            let filled = fill_holes(&mask, columns);
            let piece = largest_piece(&mask, columns);
            for at in 0..mask.len() {
                prop_assert!(!mask[at] || filled[at]);
                prop_assert!(!piece[at] || mask[at]);
            }
            prop_assert_eq!(piece.contains(&true), mask.contains(&true));
        }

        #[test]
        fn otsu_lies_between_two_heaps(low in -1000.0..0.0_f32, gap in 50.0..900.0_f32, n in 20..200_usize) {
            let mut values = vec![low; n];
            values.extend(vec![low + gap; 100]);
            let threshold = otsu(&values);
            prop_assert!(threshold > low && threshold <= low + gap, "{threshold}");
        }

        #[test]
        fn exact_outlines_cover_the_filled_mask(columns in 1..9_usize, bits in prop::collection::vec(any::<bool>(), 0..72)) {
            let usable = bits.len() / columns * columns;
            let filled = fill_holes(&bits[..usable], columns);
            let area = |polygon: &[(f64, f64)]| {
                let next = polygon.iter().cycle().skip(1);
                polygon.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>() / 2.0
            };
            let covered: f64 =
                countersign_geometry::contour::outlines(&filled, columns, 0.0).iter().map(|p| area(p)).sum();
            prop_assert_eq!(covered, filled.iter().filter(|&&set| set).count() as f64);
        }
    }
}
