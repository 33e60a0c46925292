//! Names by size: what an object may be, and how much of it is hidden.

use super::rectangle::Rectangle;

/// Points at which a view counts as good: two thirds of the full score for the number of points.
pub(super) const POINTS_OF_A_GOOD_VIEW: f64 = 60.0;
/// Match below which an object has no name.
const MATCH_MIN: f64 = 0.45;
/// Match given to an object without a name.
const MATCH_OBJECT: f64 = 0.4;
/// Shortest side of a cuboid, metres.
const SIDE_MIN_M: f64 = 0.1;
/// How fast the match falls per share of a size above the range: too large is decisive.
const OVER: f64 = 6.0;
/// The same below the range, where the rest may be hidden.
const UNDER: f64 = 0.7;
/// Part of that which is left when the short side lies along the line of sight: the object hides itself.
const UNDER_HIDDEN: f64 = 0.4;
/// Angle under which a side would have been seen, radians: eight columns of a spinning LiDAR.
const PLAIN_VIEW_RAD: f64 = 0.026;
/// The same for the height, which is seldom hidden.
const UNDER_HEIGHT: f64 = 2.0;

/// Least, usual and greatest size, metres.
struct Range {
    min: f64,
    usual: f64,
    max: f64,
}

const fn range(min: f64, usual: f64, max: f64) -> Range {
    Range { min, usual, max }
}

struct Prior {
    class: &'static str,
    /// How common the class is against cars.
    weight: f64,
    length: Range,
    width: Range,
    height: Range,
    /// Longest visible side below which the class is not even tried, metres.
    evidence_m: f64,
    /// Whether the hidden rest is filled up to the usual size.
    fill: bool,
}

/// Usual sizes of road users.
const PRIORS: [Prior; 3] = [
    Prior {
        class: "car",
        weight: 1.0,
        length: range(3.2, 4.1, 5.4),
        width: range(1.4, 1.7, 2.15),
        height: range(1.25, 1.55, 2.2),
        evidence_m: 1.2,
        fill: true,
    },
    Prior {
        class: "pedestrian",
        weight: 1.0,
        length: range(0.25, 0.8, 1.2),
        width: range(0.25, 0.6, 0.9),
        height: range(1.2, 1.75, 2.05),
        evidence_m: 0.2,
        fill: false,
    },
    Prior {
        class: "cyclist",
        weight: 0.75,
        length: range(1.3, 1.75, 2.1),
        width: range(0.35, 0.6, 0.95),
        height: range(1.35, 1.75, 2.1),
        evidence_m: 1.2,
        fill: false,
    },
];

/// A rectangle with a name, its hidden part filled.
pub(super) struct Named {
    pub class: &'static str,
    pub match_score: f64,
    pub center: [f64; 2],
    pub length: f64,
    pub width: f64,
    pub yaw: f64,
}

/// Names an object of this outline and height (metres).
pub(super) fn name(outline: &Rectangle, height: f64) -> Named {
    let along = outline.along[1] - outline.along[0];
    let across = outline.across[1] - outline.across[0];
    let under = hidden(outline);
    let mut best: Option<(f64, &Prior, bool)> = None;
    for prior in &PRIORS {
        if along.max(across) < prior.evidence_m {
            continue;
        }
        for turned in [false, true] {
            let (l, w) = if turned { (1, 0) } else { (0, 1) };
            let cost = cost([along, across][l], &prior.length, under[l])
                + cost([along, across][w], &prior.width, under[w])
                + cost(height, &prior.height, UNDER_HEIGHT);
            let score = prior.weight * (-cost).exp();
            if best.is_none_or(|(s, ..)| score > s) {
                best = Some((score, prior, turned));
            }
        }
    }
    match best {
        Some((score, prior, turned)) if score >= MATCH_MIN => {
            let usual = if turned { [&prior.width, &prior.length] } else { [&prior.length, &prior.width] };
            let fill = |seen: f64, usual: &Range, own: [f64; 2], other: [f64; 2]| {
                let may_hide = prior.fill && seen < usual.min && hides(own, other, usual.usual - seen);
                if may_hide { usual.usual } else { seen }
            };
            let along = fill(along, usual[0], outline.along, outline.across);
            let across = fill(across, usual[1], outline.across, outline.along);
            placed(outline, prior.class, score, along, across, turned)
        }
        _ => placed(outline, "object", MATCH_OBJECT, along, across, across > along),
    }
}

/// How much a size below the range costs along each axis of the outline: least along the line of sight.
fn hidden(outline: &Rectangle) -> [f64; 2] {
    let u = f64::midpoint(outline.along[0], outline.along[1]);
    let v = f64::midpoint(outline.across[0], outline.across[1]);
    let range = u.hypot(v).max(SIDE_MIN_M);
    [u, v].map(|side| {
        let aligned = (side / range).powi(2);
        UNDER * (1.0 - aligned * (1.0 - UNDER_HIDDEN))
    })
}

/// Whether an object may go on for `more` metres behind its seen extent `own` without the sensor (at zero)
/// having a good view of that part of its side, which lies at the nearer end of `other`.
fn hides(own: [f64; 2], other: [f64; 2], more: f64) -> bool {
    let nearer = |[low, high]: [f64; 2]| {
        if low > 0.0 {
            low
        } else if high < 0.0 {
            -high
        } else {
            0.0
        }
    };
    let side = nearer(other);
    let end = if own[0] > 0.0 { own[1] } else { -own[0] };
    // Right in front of the sensor there is no behind: something else stands in the way.
    nearer(own) == 0.0 || (side.atan2(end) - side.atan2(end + more)).abs() < PLAIN_VIEW_RAD
}

fn cost(seen: f64, range: &Range, under: f64) -> f64 {
    if seen > range.max {
        OVER * (seen - range.max) / range.max
    } else if seen < range.min {
        under * (range.min - seen) / range.min
    } else {
        0.0
    }
}

/// Puts a rectangle of the given extents where the outline is; what was added lies behind the visible
/// sides. `turned`: the length runs along the second axis.
fn placed(
    outline: &Rectangle,
    class: &'static str,
    match_score: f64,
    along: f64,
    across: f64,
    turned: bool,
) -> Named {
    let (u, v) = (grown(outline.along, along), grown(outline.across, across));
    let (s, c) = outline.angle.sin_cos();
    let (along, across) = (along.max(SIDE_MIN_M), across.max(SIDE_MIN_M));
    let (length, width) = if turned { (across, along) } else { (along, across) };
    let mut yaw = if turned { outline.angle + std::f64::consts::FRAC_PI_2 } else { outline.angle };
    // Front and rear look alike: the object is taken to face ahead.
    if yaw > std::f64::consts::FRAC_PI_2 {
        yaw -= std::f64::consts::PI;
    }
    Named { class, match_score, center: [c * u - s * v, s * u + c * v], length, width, yaw }
}

/// Middle of an extent after it was made `size` long: the side that faces the sensor (at zero) stays; an
/// extent right in front of the sensor grows to both sides.
fn grown([low, high]: [f64; 2], size: f64) -> f64 {
    if low > 0.0 {
        low + size / 2.0
    } else if high < 0.0 {
        high - size / 2.0
    } else {
        f64::midpoint(low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(along: [f64; 2], across: [f64; 2]) -> Rectangle {
        Rectangle { angle: 0.0, along, across, fit: 1.0 }
    }

    #[test]
    fn a_car_seen_from_behind_is_filled_up_away_from_the_sensor() {
        let named = name(&outline([10.0, 10.4], [1.0, 2.7]), 1.5);
        assert_eq!((named.class, named.length, named.width), ("car", 4.1, 1.7000000000000002));
        assert!((named.center[0] - 12.05).abs() < 1e-9 && (named.center[1] - 1.85).abs() < 1e-9);
        assert_eq!(named.yaw, 0.0);
    }

    #[test]
    fn size_gives_the_name() {
        assert_eq!(name(&outline([5.0, 9.2], [1.0, 2.7]), 1.5).class, "car");
        assert_eq!(name(&outline([5.0, 5.6], [1.0, 1.5]), 1.75).class, "pedestrian");
        assert_eq!(name(&outline([5.0, 6.7], [1.0, 1.6]), 1.75).class, "cyclist");
        assert_eq!(name(&outline([5.0, 5.3], [1.0, 1.3]), 3.4).class, "object");
        assert_eq!(name(&outline([5.0, 13.0], [1.0, 3.5]), 3.0).class, "object");
    }
}
