//! Convex hulls on the ground.

/// The convex hull, counter-clockwise, without points on its sides (Andrew's monotone chain 1979). One
/// point or two give themselves.
pub(super) fn convex_hull(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut sorted = points.to_vec();
    sorted.sort_unstable_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let mut hull = chain(sorted.iter());
    hull.pop();
    let mut upper = chain(sorted.iter().rev());
    upper.pop();
    hull.append(&mut upper);
    hull
}

fn chain<'a>(points: impl Iterator<Item = &'a [f64; 2]>) -> Vec<[f64; 2]> {
    let mut chain: Vec<[f64; 2]> = Vec::new();
    for &p in points {
        while let [.., a, b] = chain[..] {
            if (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]) > 0.0 {
                break;
            }
            chain.pop();
        }
        chain.push(p);
    }
    chain
}

/// Directions in which a hull is measured.
const DIRECTIONS: u32 = 36;

/// The greatest width of the hull, metres, to a tenth of a percent: measured every five degrees rather
/// than between all pairs of corners, of which a crafted cloud may have billions.
pub(super) fn diameter(hull: &[[f64; 2]]) -> f64 {
    let extent = |step: u32| {
        let (s, c) = (f64::from(step) * std::f64::consts::PI / f64::from(DIRECTIONS)).sin_cos();
        let (low, high) = hull.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), [x, y]| {
            let v = c * x + s * y;
            (low.min(v), high.max(v))
        });
        high - low
    };
    (0..DIRECTIONS).map(extent).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_points_and_points_on_sides_are_left_out() {
        let mut points = vec![[0.0, 0.0], [4.0, 0.0], [4.0, 3.0], [0.0, 3.0]];
        points.extend([[2.0, 0.0], [1.0, 1.0], [4.0, 1.5], [0.0, 0.0]]);
        let hull = convex_hull(&points);
        assert_eq!(hull, [[0.0, 0.0], [4.0, 0.0], [4.0, 3.0], [0.0, 3.0]]);
        assert!((diameter(&hull) - 5.0).abs() < 0.005);
        assert_eq!(diameter(&[]), 0.0);
        assert_eq!(convex_hull(&[[1.0, 2.0], [1.0, 2.0]]), [[1.0, 2.0]]);
        assert_eq!(convex_hull(&[[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]).len(), 2);
    }
}
