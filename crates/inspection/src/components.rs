//! Connected pixels of a mask, eight neighbours each.

/// A connected set of pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// First column.
    pub left: usize,
    /// First row.
    pub top: usize,
    /// Column after the last.
    pub right: usize,
    /// Row after the last.
    pub bottom: usize,
    /// Indices of the pixels in row order of the mask.
    pub pixels: Vec<usize>,
}

/// Finds the components of `mask` (row order, `width` pixels a row) by flood fill: each pixel is
/// visited once. They come in the order of their first pixel.
#[must_use]
pub fn components(mask: &[bool], width: usize) -> Vec<Component> {
    let height = mask.len().checked_div(width).unwrap_or(0);
    let mut seen = vec![false; mask.len()];
    let mut found = Vec::new();
    let mut open = Vec::new();
    for start in 0..width * height {
        if !mask[start] || seen[start] {
            continue;
        }
        seen[start] = true;
        open.push(start);
        let (x, y) = (start % width, start / width);
        let mut component = Component { left: x, top: y, right: x + 1, bottom: y + 1, pixels: Vec::new() };
        while let Some(at) = open.pop() {
            let (x, y) = (at % width, at / width);
            component.left = component.left.min(x);
            component.right = component.right.max(x + 1);
            component.bottom = component.bottom.max(y + 1);
            component.pixels.push(at);
            for row in y.saturating_sub(1)..(y + 2).min(height) {
                for column in x.saturating_sub(1)..(x + 2).min(width) {
                    let next = row * width + column;
                    if mask[next] && !seen[next] {
                        seen[next] = true;
                        open.push(next);
                    }
                }
            }
        }
        found.push(component);
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mask(rows: &[&str]) -> (Vec<bool>, usize) {
        (rows.iter().flat_map(|row| row.bytes().map(|b| b == b'#')).collect(), rows[0].len())
    }

    #[test]
    fn diagonal_neighbours_belong_together() {
        let (mask, width) = mask(&["#..#", ".#..", "....", "##.#"]);
        let found = components(&mask, width);
        let sizes: Vec<_> = found.iter().map(|c| c.pixels.len()).collect();
        assert_eq!(sizes, [2, 1, 2, 1]);
        assert_eq!((found[0].left, found[0].top, found[0].right, found[0].bottom), (0, 0, 2, 2));
    }

    proptest! {
        #[test]
        fn every_set_pixel_is_in_exactly_one_component(width in 1..12_usize, bits in prop::collection::vec(any::<bool>(), 0..120)) {
            let usable = bits.len() / width * width;
            let mask = &bits[..usable];
            let found = components(mask, width);
            let mut pixels: Vec<_> = found.iter().flat_map(|c| c.pixels.iter().copied()).collect();
            pixels.sort_unstable();
            let expected: Vec<_> = (0..usable).filter(|&i| mask[i]).collect();
            prop_assert_eq!(pixels, expected);
            for c in found {
                prop_assert!(c.pixels.iter().all(|p| (c.left..c.right).contains(&(p % width)) && (c.top..c.bottom).contains(&(p / width))));
            }
        }
    }
}
