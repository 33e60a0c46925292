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

/// The largest distance of two corners of the hull, metres. A hull of voxel clusters has few corners, so
/// all pairs are tried.
pub(super) fn diameter(hull: &[[f64; 2]]) -> f64 {
    let mut longest = 0.0f64;
    for (i, a) in hull.iter().enumerate() {
        for b in &hull[i + 1..] {
            longest = longest.max((a[0] - b[0]).hypot(a[1] - b[1]));
        }
    }
    longest
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
        assert_eq!(diameter(&hull), 5.0);
        assert_eq!(convex_hull(&[[1.0, 2.0], [1.0, 2.0]]), [[1.0, 2.0]]);
        assert_eq!(convex_hull(&[[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]).len(), 2);
    }
}
