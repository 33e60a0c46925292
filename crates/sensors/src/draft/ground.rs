//! The ground as a plane per polar zone, each grown from the zone before it.
//!
//! The idea of concentric zones with a plane each follows Lim, Oh and Myung (Patchwork, 2021); here the
//! planes are least squares of height over place, pulled towards the inner neighbour's slope, which keeps
//! zones with a single ring of returns from tipping over.

/// Outer radii of the rings, metres: they widen as the rays spread.
const RINGS_M: [f64; 12] = [5.0, 8.0, 11.0, 15.0, 20.0, 26.0, 33.0, 41.0, 51.0, 64.0, 82.0, 320.0];
/// Sectors of each ring.
const SECTORS: usize = 36;
/// Points this far above or below the expected ground may still be ground, metres.
const SEARCH_MAX_M: f64 = 1.2;
/// The same at no distance from what is known, metres.
const SEARCH_MIN_M: f64 = 0.3;
/// How far the expected ground may be off per metre of way from the inner zone.
const SEARCH_SLOPE: f64 = 0.12;
/// Points within this distance of the plane belong to it, metres.
const INLIER_M: f64 = 0.15;
/// Fewest points that make a plane.
const INLIERS_MIN: usize = 8;
/// Pull towards the neighbour's slope: as strong as this sum of squared distances, square metres.
const SLOPE_PULL_M2: f64 = 40.0;
/// Steepest ground, rise over run.
const SLOPE_MAX: f64 = 0.25;
/// Part of a slope that is carried on over zones without ground in sight.
const SLOPE_FADE: f64 = 0.7;

/// `z = height + slope · (place - at)`.
#[derive(Debug, Clone, Copy)]
struct Plane {
    at: [f64; 2],
    height: f64,
    slope: [f64; 2],
}

impl Plane {
    fn z(&self, x: f64, y: f64) -> f64 {
        self.height + self.slope[0] * (x - self.at[0]) + self.slope[1] * (y - self.at[1])
    }
}

/// The ground around the sensor.
pub(super) struct Ground {
    /// Ring after ring, sector after sector.
    planes: Vec<Plane>,
}

impl Ground {
    /// Fits the ground of a sweep: metres, the sensor at zero.
    pub(super) fn fit(points: &[[f64; 3]]) -> Self {
        let start = start_height(points);
        let mut zones: Vec<Vec<[f64; 3]>> = vec![Vec::new(); RINGS_M.len() * SECTORS];
        for p in points {
            zones[zone_of(p[0], p[1])].push(*p);
        }
        let level = Plane { at: [0.0; 2], height: start, slope: [0.0; 2] };
        let mut planes: Vec<Plane> = Vec::with_capacity(zones.len());
        for (zone, members) in zones.iter().enumerate() {
            let expected = if zone < SECTORS { level } else { planes[zone - SECTORS] };
            let ring = zone / SECTORS;
            let inner = if ring == 0 { 0.0 } else { RINGS_M[ring - 1] };
            let width = if ring + 1 == RINGS_M.len() { RINGS_M[ring - 1] } else { RINGS_M[ring] - inner };
            let search = SEARCH_MAX_M.min(SEARCH_MIN_M + SEARCH_SLOPE * width);
            planes.push(fit_zone(members, &expected, search).unwrap_or_else(|| {
                let angle = (zone % SECTORS) as f64 + 0.5;
                let (s, c) = (angle / SECTORS as f64 * std::f64::consts::TAU).sin_cos();
                let at = [(inner + width / 2.0) * c, (inner + width / 2.0) * s];
                let edge = expected.z(inner * c, inner * s);
                let slope = expected.slope.map(|v| v * SLOPE_FADE);
                let rise = slope[0] * c + slope[1] * s;
                Plane { at, height: edge + rise * width / 2.0, slope }
            }));
        }
        Self { planes }
    }

    /// Height of the ground at a place, metres.
    pub(super) fn height(&self, x: f64, y: f64) -> f64 {
        self.planes[zone_of(x, y)].z(x, y)
    }
}

fn zone_of(x: f64, y: f64) -> usize {
    let range = x.hypot(y);
    let ring = RINGS_M.iter().position(|&r| range < r).unwrap_or(RINGS_M.len() - 1);
    let turn = (y.atan2(x) / std::f64::consts::TAU).rem_euclid(1.0);
    ring * SECTORS + ((turn * SECTORS as f64) as usize).min(SECTORS - 1)
}

/// Height of the ground under the vehicle: the commonest lowest point of the square metres around it.
/// Walls and cars have their feet on the ground too, so they vote for it rather than against it.
fn start_height(points: &[[f64; 3]]) -> f64 {
    const REACH_M: f64 = 20.0;
    const CELLS: usize = 40;
    const STEP_M: f64 = 0.1;
    const LOWEST_M: f64 = -6.0;
    const STEPS: usize = 120;
    let mut lowest = vec![f64::INFINITY; CELLS * CELLS];
    for p in points {
        let (i, j) = (p[0] + REACH_M, p[1] + REACH_M);
        if i >= 0.0 && j >= 0.0 && i < CELLS as f64 && j < CELLS as f64 {
            let cell = &mut lowest[i as usize * CELLS + j as usize];
            *cell = cell.min(p[2]);
        }
    }
    let mut votes = [0u32; STEPS + 2];
    let mut any = false;
    for z in lowest {
        let step = ((z - LOWEST_M) / STEP_M).floor();
        if step >= 0.0 && step < STEPS as f64 {
            votes[step as usize + 1] += 1;
            any = true;
        }
    }
    if !any {
        // Nothing near: take the lowest of what there is, or zero for an empty sweep.
        let low = points.iter().map(|p| p[2]).fold(f64::INFINITY, f64::min);
        return if low.is_finite() { low } else { 0.0 };
    }
    let smooth = |i: usize| votes[i - 1] + 2 * votes[i] + votes[i + 1];
    let mut best = 1;
    for i in 1..=STEPS {
        if smooth(i) > smooth(best) {
            best = i;
        }
    }
    LOWEST_M + (best as f64 - 0.5) * STEP_M
}

/// The plane of one zone, or nothing when too few points look like ground.
fn fit_zone(points: &[[f64; 3]], expected: &Plane, search: f64) -> Option<Plane> {
    let over = |p: &[f64; 3], plane: &Plane| p[2] - plane.z(p[0], p[1]);
    let mut residuals: Vec<f64> =
        points.iter().map(|p| over(p, expected)).filter(|r| r.abs() <= search).collect();
    if residuals.len() < INLIERS_MIN {
        return None;
    }
    // The lowest tenth says where the ground is; below it are mirrored returns.
    let tenth = residuals.len() / 10;
    let (_, low, _) = residuals.select_nth_unstable_by(tenth, f64::total_cmp);
    let mut plane = Plane { height: expected.height + *low, ..*expected };
    for reach in [2.0 * INLIER_M, INLIER_M, INLIER_M] {
        let inliers = || points.iter().filter(|p| over(p, &plane).abs() <= reach);
        let n = inliers().count();
        if n < INLIERS_MIN {
            return None;
        }
        let mean: [f64; 3] = std::array::from_fn(|i| inliers().map(|p| p[i]).sum::<f64>() / n as f64);
        let [a0, b0] = expected.slope;
        let (mut sxx, mut sxy, mut syy, mut sxr, mut syr) = (SLOPE_PULL_M2, 0.0, SLOPE_PULL_M2, 0.0, 0.0);
        for p in inliers() {
            let (dx, dy) = (p[0] - mean[0], p[1] - mean[1]);
            let r = p[2] - mean[2] - a0 * dx - b0 * dy;
            sxx += dx * dx;
            sxy += dx * dy;
            syy += dy * dy;
            sxr += dx * r;
            syr += dy * r;
        }
        // The pull keeps the determinant well away from zero.
        let det = sxx * syy - sxy * sxy;
        let slope = [a0 + (syy * sxr - sxy * syr) / det, b0 + (sxx * syr - sxy * sxr) / det];
        if slope[0].hypot(slope[1]) > SLOPE_MAX {
            return None;
        }
        plane = Plane { at: [mean[0], mean[1]], height: mean[2], slope };
    }
    Some(plane)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rings of returns on a slope, with a wall of points beside it.
    fn hillside(rise: f64) -> Vec<[f64; 3]> {
        let mut points = Vec::new();
        for ring in 0..60 {
            let r = 4.0 + f64::from(ring);
            for step in 0..720 {
                let (s, c) = (f64::from(step) / 720.0 * std::f64::consts::TAU).sin_cos();
                points.push([r * c, r * s, -1.7 + rise * r * c]);
            }
        }
        for i in 0..500 {
            points.push([f64::from(i) * 0.04, 9.0, -1.6 + f64::from(i % 40) * 0.1]);
        }
        points
    }

    #[test]
    fn a_slope_is_followed() {
        for rise in [0.0, 0.05, -0.08] {
            let ground = Ground::fit(&hillside(rise));
            for [x, y] in [[6.0, 0.0], [20.0, 3.0], [40.0, -10.0], [-30.0, 5.0], [55.0, 0.0]] {
                let off = ground.height(x, y) - (-1.7 + rise * x);
                assert!(off.abs() < 0.1, "rise {rise} at {x}, {y}: off by {off}");
            }
        }
    }

    #[test]
    fn no_points_make_level_ground() {
        assert_eq!(Ground::fit(&[]).height(10.0, 10.0), 0.0);
        assert_eq!(Ground::fit(&[[50.0, 0.0, 2.0]]).height(10.0, 10.0), 2.0);
    }
}
