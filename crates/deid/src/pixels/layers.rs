//! Values that a renderer left: lettering has one value or few, tissue has none that stands out.

use super::raster::Plane;

/// Most layers of a plane.
const MAX_LAYERS: usize = 10;
/// Least pixels of a layer.
const LEAST_PIXELS: u32 = 24;
/// Largest share of the plane that lettering covers; what covers more is background, cut off at black.
const MOST_PIXELS: f32 = 0.08;
/// How often a value must occur, against the values around it.
const STANDS_OUT: f32 = 2.5;
/// Values on each side that it is compared with.
const AROUND: usize = 6;
/// What the pixels of a layer are set to; the others are 0.
pub(super) const MARKED: u16 = 1000;

/// The values that occur far more often than those around them, the most outstanding first.
pub(super) fn layers(plane: &Plane) -> Vec<u16> {
    let most = usize::from(plane.values.iter().copied().max().unwrap_or(0));
    let mut counts = vec![0_u32; most + 1];
    plane.values.iter().for_each(|v| counts[usize::from(*v)] += 1);
    let mut found: Vec<(f32, u16)> = Vec::new();
    let mut around: Vec<u32> = Vec::with_capacity(2 * AROUND);
    let most_pixels = (plane.values.len() as f32 * MOST_PIXELS) as u32;
    let range = LEAST_PIXELS..=most_pixels;
    for (value, &count) in counts.iter().enumerate().filter(|(_, c)| range.contains(*c)) {
        around.clear();
        around.extend_from_slice(&counts[value.saturating_sub(AROUND)..value]);
        around.extend_from_slice(&counts[value + 1..(value + 1 + AROUND).min(counts.len())]);
        around.sort_unstable();
        // The upper quarter: neighbours of a spike may be spikes themselves.
        let usual = around.get(around.len() * 3 / 4).copied().unwrap_or(0);
        let ratio = count as f32 / (usual as f32 + 4.0);
        if ratio >= STANDS_OUT {
            // At most 65535, being a value of the plane.
            found.push((ratio, value as u16));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    found.truncate(MAX_LAYERS);
    found.into_iter().map(|(_, value)| value).collect()
}

/// The pixels of one value.
pub(super) fn layer(plane: &Plane, value: u16) -> Plane {
    let values = plane.values.iter().map(|&v| if v == value { MARKED } else { 0 }).collect();
    Plane { values, ..*plane }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_among_noise_stands_out_and_noise_does_not() {
        let mut values: Vec<u16> =
            (0..10_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u16).collect();
        let plain = Plane { width: 100, height: 100, values: values.clone() };
        assert!(layers(&plain).is_empty());
        values[..200].fill(77);
        let lettered = Plane { width: 100, height: 100, values };
        assert_eq!(layers(&lettered), [77]);
    }
}
