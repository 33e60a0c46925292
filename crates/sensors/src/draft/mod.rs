//! A first draft of a scene without any model file: what stands on the ground, boxed.
//!
//! Ground is removed zone by zone, what is left is grouped by voxels, each group gets the rectangle that
//! fits its visible sides best, and the sizes of cars, pedestrians and cyclists decide what it is called.
//! It is a draft: it finds compact things that stand free, it does not know what they are, and it cannot
//! tell front from rear. Deterministic: the same cloud gives the same cuboids, bit for bit.

mod clusters;
mod ground;
mod hull;
mod priors;
mod rectangle;

use countersign_geometry::{Cuboid, bev_iou};
use serde::{Deserialize, Serialize};

use crate::PointCloud;
use ground::Ground;

/// Name of the draft, as it stands beside its cuboids.
pub const MODEL_NAME: &str = "voxel-clusters";
/// Version of the draft; it changes whenever the same cloud may give other cuboids.
pub const MODEL_VERSION: &str = "1";

/// What the draft may be told. [`Default`] suits a spinning LiDAR on a car.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DraftParams {
    /// Points nearer than this are the vehicle's own, metres.
    pub range_min_m: f64,
    /// Points farther than this are left alone, metres; at most 300.
    pub range_max_m: f64,
    /// Height over the ground from which a point stands for an object, metres.
    pub clearance_m: f64,
    /// Height over the ground above which points are left alone (crowns, bridges, signs), metres.
    pub height_max_m: f64,
    /// Edge of a voxel, metres; at least 0.05.
    pub voxel_m: f64,
    /// Distance from which gaps of more than one voxel are bridged, because the rays diverge, metres.
    pub adaptive_from_m: f64,
    /// Fewest points of an object.
    pub points_min: u32,
    /// Longest side of an object, metres: what is longer is a wall, a hedge or a guard rail.
    pub length_max_m: f64,
    /// Drafts below this score are not given.
    pub score_min: f64,
    /// Most cuboids given, the best ones.
    pub cuboids_max: usize,
}

impl Default for DraftParams {
    fn default() -> Self {
        Self {
            range_min_m: 2.5,
            range_max_m: 80.0,
            clearance_m: 0.25,
            height_max_m: 3.5,
            voxel_m: 0.3,
            adaptive_from_m: 40.0,
            points_min: 10,
            length_max_m: 13.0,
            score_min: 0.25,
            cuboids_max: 200,
        }
    }
}

/// One drafted object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DraftCuboid {
    /// Where it stands, in the scene's frame. Its heading is one of two: it faces ahead rather than back.
    pub cuboid: Cuboid,
    /// `car`, `pedestrian`, `cyclist` or `object`.
    pub class: &'static str,
    /// 0 to 1, from the number of points, the fit of the rectangle and the match of its size. It orders
    /// drafts; it is not a probability.
    pub score: f64,
    /// Points of the group that the cuboid was fitted to.
    pub points: u32,
}

/// Groups with a longer diagonal are tried again with narrower voxels, metres: a little over a car's.
const SPLIT_FROM_M: f64 = 5.5;
/// Edges of the narrower voxels as parts of the usual edge: narrow on the ground, tall because the rings
/// of a LiDAR lie farther apart than the points within one.
const FINE_ACROSS: f64 = 0.5;
const FINE_UP: f64 = 1.5;

/// Footprints of two drafts that overlap more than this are one object.
const OVERLAP_MAX: f64 = 0.25;

/// Drafts looked at per cuboid that is asked for: bounds the work on a cloud made of crumbs.
const FRAGMENTS_PER_CUBOID: usize = 8;

/// A point on its way through the draft.
#[derive(Debug, Clone, Copy)]
struct Raised {
    /// Metres from the sensor.
    position: [f64; 3],
    /// Height of the ground below it, metres.
    ground: f64,
}

/// Drafts the cuboids of a sweep, best first. The sensor is taken to be at the cloud's own zero.
///
/// Time grows linearly with the points but for one sort of the occupied voxels. Parameters out of range
/// are held within it; an empty cloud gives an empty draft.
#[must_use]
pub fn detect(cloud: &PointCloud, params: &DraftParams) -> Vec<DraftCuboid> {
    let params = held_in_range(params);
    let near: Vec<[f64; 3]> = cloud
        .points
        .iter()
        .map(|p| p.position.map(f64::from))
        .filter(|p| {
            let range = p[0].hypot(p[1]);
            range >= params.range_min_m && range <= params.range_max_m && p[2].abs() <= params.range_max_m
        })
        .collect();
    let ground = Ground::fit(&near);
    let raised: Vec<Raised> = near
        .iter()
        .filter_map(|&position| {
            let below = ground.height(position[0], position[1]);
            let above = position[2] - below;
            (above >= params.clearance_m && above <= params.height_max_m)
                .then_some(Raised { position, ground: below })
        })
        .collect();
    let mut drafts: Vec<DraftCuboid> = groups(&raised, &params)
        .iter()
        .filter_map(|outline| draft(&raised, outline, &params))
        .filter(|d| d.score >= params.score_min)
        .collect();
    // A stable sort: equals stay in the order of their first points.
    drafts.sort_by(|a, b| b.score.total_cmp(&a.score));
    drafts.truncate(params.cuboids_max.saturating_mul(FRAGMENTS_PER_CUBOID));
    let mut drafts = without_fragments(drafts, params.cuboids_max);
    for d in &mut drafts {
        for (place, origin) in d.cuboid.center.iter_mut().zip(cloud.origin) {
            *place += origin;
        }
    }
    drafts
}

/// The best drafts without those that stand within a better one: a car's side seen at a low angle falls
/// into pieces.
fn without_fragments(sorted: Vec<DraftCuboid>, most: usize) -> Vec<DraftCuboid> {
    let mut kept: Vec<DraftCuboid> = Vec::new();
    for draft in sorted {
        if kept.len() == most {
            break;
        }
        let [x, y, _] = draft.cuboid.center;
        let within = |k: &DraftCuboid| {
            // Height does not matter: the better cuboid's own middle is taken.
            k.cuboid.contains([x, y, k.cuboid.center[2]]) || bev_iou(&k.cuboid, &draft.cuboid) > OVERLAP_MAX
        };
        if !kept.iter().any(within) {
            kept.push(draft);
        }
    }
    kept
}

fn held_in_range(params: &DraftParams) -> DraftParams {
    let held = |v: f64, low: f64, high: f64| if v.is_nan() { low } else { v.clamp(low, high) };
    DraftParams {
        range_min_m: held(params.range_min_m, 0.0, 300.0),
        range_max_m: held(params.range_max_m, 0.0, 300.0),
        clearance_m: held(params.clearance_m, 0.0, 10.0),
        height_max_m: held(params.height_max_m, 0.0, 100.0),
        voxel_m: held(params.voxel_m, 0.05, 10.0),
        adaptive_from_m: held(params.adaptive_from_m, 0.0, 300.0),
        points_min: params.points_min.max(3),
        ..*params
    }
}

/// A group of points and its outline on the ground.
struct Outline {
    members: Vec<u32>,
    flat: Vec<[f64; 2]>,
    hull: Vec<[f64; 2]>,
}

impl Outline {
    fn of(raised: &[Raised], members: Vec<u32>) -> Self {
        let at = |&i: &u32| [raised[i as usize].position[0], raised[i as usize].position[1]];
        let flat: Vec<[f64; 2]> = members.iter().map(at).collect();
        let hull = hull::convex_hull(&flat);
        Self { members, flat, hull }
    }
}

/// Groups the points; what comes out larger than a car is tried again with narrower voxels, which parts
/// cars from the hedge that they stand against.
fn groups(raised: &[Raised], params: &DraftParams) -> Vec<Outline> {
    let coarse = clusters::Grid {
        edge: [params.voxel_m; 3],
        adaptive_from_m: params.adaptive_from_m,
        points_min: params.points_min as usize,
    };
    let fine = clusters::Grid {
        edge: [FINE_ACROSS * params.voxel_m, FINE_ACROSS * params.voxel_m, FINE_UP * params.voxel_m],
        ..coarse
    };
    let all: Vec<u32> = (0..raised.len() as u32).collect();
    let mut outlines = Vec::new();
    for members in clusters::group(raised, &all, &coarse) {
        let outline = Outline::of(raised, members);
        if hull::diameter(&outline.hull) > SPLIT_FROM_M {
            let parts = clusters::group(raised, &outline.members, &fine);
            outlines.extend(parts.into_iter().map(|members| Outline::of(raised, members)));
        } else {
            outlines.push(outline);
        }
    }
    outlines
}

/// The cuboid of one group of points, unless it is longer than any object.
fn draft(raised: &[Raised], outline: &Outline, params: &DraftParams) -> Option<DraftCuboid> {
    let Outline { members, flat, hull } = outline;
    if hull::diameter(hull) > params.length_max_m {
        return None;
    }
    let points: Vec<Raised> = members.iter().map(|&i| raised[i as usize]).collect();
    let rectangle = rectangle::fit(flat, hull);
    let heights = Heights::of(&points);
    let named = priors::name(&rectangle, heights.top - heights.bottom);
    let yaw = named.yaw;
    let count = 1.0 - (-(points.len() as f64) / priors::POINTS_OF_A_GOOD_VIEW).exp();
    let score = named.match_score * (0.3 + 0.7 * count) * (0.6 + 0.4 * rectangle.fit);
    Some(DraftCuboid {
        cuboid: Cuboid {
            center: [named.center[0], named.center[1], f64::midpoint(heights.bottom, heights.top)],
            size: [named.length, named.width, heights.top - heights.bottom],
            rotation: countersign_geometry::Quat::from_yaw(yaw),
        },
        class: named.class,
        score: score.clamp(0.0, 1.0),
        points: points.len() as u32,
    })
}

/// Floor and roof of a group, metres.
struct Heights {
    bottom: f64,
    top: f64,
}

impl Heights {
    /// The roof is the 98th percentile of the points, so that one stray point does not raise it; the
    /// floor is the ground, unless the group hangs in the air.
    fn of(points: &[Raised]) -> Self {
        const HANGING_M: f64 = 1.2;
        const HEIGHT_MIN_M: f64 = 0.1;
        let mut z: Vec<f64> = points.iter().map(|p| p.position[2]).collect();
        z.sort_by(f64::total_cmp);
        let at = |share: f64| z[((z.len() - 1) as f64 * share).round() as usize];
        let ground = points.iter().map(|p| p.ground).sum::<f64>() / points.len() as f64;
        let lowest = at(0.02);
        let bottom = if lowest - ground > HANGING_M { lowest } else { ground };
        Self { bottom, top: at(0.98).max(bottom + HEIGHT_MIN_M) }
    }
}
