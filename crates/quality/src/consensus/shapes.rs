//! One shape out of several of the same thing, weighted by how far their makers are trusted. Which shapes are of one thing
//! says [`crate::instances::cluster`]; the shapes themselves stay as they are.

/// Steps of Weiszfeld's iteration. It is slow where the median lies beside a point; the tests allow the sum of distances to
/// be 1e-4 above the least, for coordinates up to 50.
const MEDIAN_STEPS: usize = 10_000;

/// The mean of several coordinate rows by weight; for the edges of boxes this is weighted boxes fusion (Solovyev, Wang and
/// Gabruseva 2021). `None` for none, or a weight that is negative or none, or no weight at all.
#[must_use]
pub fn weighted_mean<const N: usize>(rows: &[[f64; N]], weights: &[f64]) -> Option<[f64; N]> {
    let sum = total(rows.len(), weights)?;
    let mut mean = [0.0; N];
    for (row, weight) in rows.iter().zip(weights) {
        for (to, value) in mean.iter_mut().zip(row) {
            *to += weight / sum * value;
        }
    }
    mean.iter().all(|value| value.is_finite()).then_some(mean)
}

/// How much a thing is backed: the weight of who found it over that of all who looked, 0..=1. (Weighted boxes fusion scales
/// its scores likewise.) `None` where nobody looked.
#[must_use]
pub fn support(found: &[f64], looked: &[f64]) -> Option<f64> {
    let all: f64 = looked.iter().sum();
    let part: f64 = found.iter().sum();
    (all > 0.0 && part.is_finite()).then(|| (part / all).clamp(0.0, 1.0))
}

/// The point with the smallest weighted sum of distances from all: one reader who is far off moves it little. A given point
/// is it where its own weight is no less than the pull of the others (Vardi and Zhang 2000); else Weiszfeld's iteration.
/// `None` as in [`weighted_mean`].
#[must_use]
pub fn geometric_median<const N: usize>(points: &[[f64; N]], weights: &[f64]) -> Option<[f64; N]> {
    let mut at = weighted_mean(points, weights)?;
    let size = points.iter().flatten().fold(0.0_f64, |most, value| most.max(value.abs()));
    let near = 1e-14 * size;
    for point in points {
        let Pull { target, scale, here } = pull(point, points, weights, near);
        if distance(&target, point) * scale <= here {
            return Some(*point);
        }
    }
    for _ in 0..MEDIAN_STEPS {
        let Pull { target, scale, here } = pull(&at, points, weights, near);
        // On a point that is not the median: the others pull away, less by its own weight.
        let force = distance(&target, &at) * scale;
        let step = if here > 0.0 && force > 0.0 { (1.0 - here / force).max(0.0) } else { 1.0 };
        let mut next = at;
        for (to, value) in next.iter_mut().zip(target) {
            *to += step * (value - *to);
        }
        let moved = distance(&next, &at);
        at = next;
        if moved <= 1e-12 * size {
            break;
        }
    }
    Some(at)
}

struct Pull<const N: usize> {
    /// Mean of the points that are not here, by weight over distance.
    target: [f64; N],
    /// Sum of weights over distances.
    scale: f64,
    /// Weight of the points that are here.
    here: f64,
}

fn pull<const N: usize>(at: &[f64; N], points: &[[f64; N]], weights: &[f64], near: f64) -> Pull<N> {
    let mut found = Pull { target: [0.0; N], scale: 0.0, here: 0.0 };
    for (point, weight) in points.iter().zip(weights) {
        let apart = distance(point, at);
        if apart <= near {
            found.here += weight;
            continue;
        }
        found.scale += weight / apart;
        for (to, value) in found.target.iter_mut().zip(point) {
            *to += weight / apart * value;
        }
    }
    found.target = if found.scale > 0.0 { found.target.map(|value| value / found.scale) } else { *at };
    found
}

/// An upright cuboid: metres and radians.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Upright {
    /// Centre.
    pub center: [f64; 3],
    /// Length along the heading, width, height.
    pub size: [f64; 3],
    /// Heading about the upward axis.
    pub yaw: f64,
}

/// A cuboid out of several.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FusedCuboid {
    /// The cuboid; its yaw is in -π..=π.
    pub cuboid: Upright,
    /// Weight of those whose heading is the other way round, as a share of all. Near a half nobody knows where the front is.
    pub reversed: f64,
}

/// Mean centre, geometric mean of the sizes, and the mean heading. Makers who take the rear for the front agree about the
/// axis: headings are averaged as axes (by doubled angles) and the direction is what most weight says. `None` as in
/// [`weighted_mean`], for a size that is not above 0, or where headings cancel each other out.
#[must_use]
pub fn fuse_cuboids(cuboids: &[Upright], weights: &[f64]) -> Option<FusedCuboid> {
    let sum = total(cuboids.len(), weights)?;
    let list = |of: &dyn Fn(&Upright) -> [f64; 3]| cuboids.iter().map(of).collect::<Vec<_>>();
    let center = weighted_mean(&list(&|cuboid| cuboid.center), weights)?;
    let size = weighted_mean(&list(&|cuboid| cuboid.size.map(f64::ln)), weights)?.map(f64::exp);
    let axes: Vec<[f64; 2]> =
        cuboids.iter().map(|cuboid| [(2.0 * cuboid.yaw).cos(), (2.0 * cuboid.yaw).sin()]).collect();
    let [x, y] = weighted_mean(&axes, weights)?;
    if x.hypot(y) < 1e-9 {
        return None;
    }
    let axis = y.atan2(x) / 2.0;
    let along = |cuboid: &Upright| (cuboid.yaw - axis).cos() >= 0.0;
    let with = |forward: bool| -> f64 {
        let side = cuboids.iter().zip(weights).filter(|(cuboid, _)| along(cuboid) == forward);
        side.map(|(_, weight)| weight).sum()
    };
    let (there, back) = (with(true), with(false));
    let turned = if there >= back { axis } else { axis + std::f64::consts::PI };
    let yaw = turned.sin().atan2(turned.cos());
    Some(FusedCuboid { cuboid: Upright { center, size, yaw }, reversed: there.min(back) / sum })
}

fn distance<const N: usize>(a: &[f64; N], b: &[f64; N]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

fn total(rows: usize, weights: &[f64]) -> Option<f64> {
    let sum: f64 = weights.iter().sum();
    let fits = rows == weights.len() && weights.iter().all(|weight| *weight >= 0.0);
    (fits && sum > 0.0 && sum.is_finite()).then_some(sum)
}
