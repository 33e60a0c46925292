//! Groups of points whose voxels touch.

use super::Raised;

/// Widest gap that is bridged far away, voxels.
const REACH_MAX: i64 = 3;
/// Metres beyond the adaptive distance for each further voxel of reach.
const REACH_STEP_M: f64 = 25.0;
/// Bits of one axis in a voxel's key.
const AXIS_BITS: u32 = 21;
const AXIS_OFFSET: i64 = 1 << (AXIS_BITS - 1);

/// A voxel and the points in it, as a range of the sorted list.
struct Voxel {
    key: u64,
    start: u32,
    end: u32,
}

/// How points are grouped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    /// Edges of a voxel, metres.
    pub edge: [f64; 3],
    /// Distance from which wider gaps are bridged, metres.
    pub adaptive_from_m: f64,
    /// Fewest points of a group.
    pub points_min: usize,
}

/// Groups those of the points that `chosen` names; each group as rising indices, in the order of their
/// first points. Two voxels belong together when they touch (26 neighbours), or far away when they are at
/// most [`REACH_MAX`] apart.
pub(super) fn group(points: &[Raised], chosen: &[u32], grid: &Grid) -> Vec<Vec<u32>> {
    let key = |p: &Raised| {
        let [x, y, z] = std::array::from_fn(|i| (p.position[i] / grid.edge[i]).floor() as i64 + AXIS_OFFSET);
        pack(x, y, z)
    };
    // Sorted by voxel, then by index: the order of equal keys must not depend on the sort.
    let mut order: Vec<(u64, u32)> = chosen.iter().map(|&i| (key(&points[i as usize]), i)).collect();
    order.sort_unstable();
    let mut voxels: Vec<Voxel> = Vec::new();
    for (at, &(key, _)) in (0u32..).zip(&order) {
        match voxels.last_mut() {
            Some(last) if last.key == key => last.end = at + 1,
            _ => voxels.push(Voxel { key, start: at, end: at + 1 }),
        }
    }
    let mut sets = Sets::new(voxels.len());
    for i in 0..voxels.len() {
        let first = &points[order[voxels[i].start as usize].1 as usize].position;
        join_neighbours(&voxels, i, reach(first, grid), &mut sets);
    }
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); voxels.len()];
    for (i, voxel) in voxels.iter().enumerate() {
        let range = voxel.start as usize..voxel.end as usize;
        members[sets.root(i)].extend(order[range].iter().map(|&(_, point)| point));
    }
    members.retain(|m| m.len() >= grid.points_min);
    for m in &mut members {
        m.sort_unstable();
    }
    members.sort_unstable_by_key(|m| m[0]);
    members
}

fn pack(x: i64, y: i64, z: i64) -> u64 {
    ((x as u64) << (2 * AXIS_BITS)) | ((y as u64) << AXIS_BITS) | z as u64
}

fn reach(p: &[f64; 3], grid: &Grid) -> i64 {
    let beyond = p[0].hypot(p[1]) - grid.adaptive_from_m;
    if beyond > 0.0 { (2 + (beyond / REACH_STEP_M) as i64).min(REACH_MAX) } else { 1 }
}

/// Joins a voxel with those after it in the order of keys. Neighbours in z are next to each other in that
/// order, so each column costs one search.
fn join_neighbours(voxels: &[Voxel], i: usize, reach: i64, sets: &mut Sets) {
    let mask = (1u64 << AXIS_BITS) - 1;
    let key = voxels[i].key;
    let x = (key >> (2 * AXIS_BITS)) as i64;
    let y = (key >> AXIS_BITS & mask) as i64;
    let z = (key & mask) as i64;
    for dx in -reach..=reach {
        for dy in -reach..=reach {
            // With a reach of one the relation is symmetric, and half of the columns are enough.
            if reach == 1 && (dx, dy) < (0, 0) {
                continue;
            }
            let from = pack(x + dx, y + dy, z - reach);
            let to = pack(x + dx, y + dy, z + reach);
            let mut j = voxels.partition_point(|v| v.key < from);
            while j < voxels.len() && voxels[j].key <= to {
                sets.join(i, j);
                j += 1;
            }
        }
    }
}

/// Disjoint sets; the smallest member is the root, so the outcome does not depend on the order of joins.
struct Sets {
    parent: Vec<usize>,
}

impl Sets {
    fn new(n: usize) -> Self {
        Self { parent: (0..n).collect() }
    }

    fn root(&mut self, mut i: usize) -> usize {
        while self.parent[i] != i {
            self.parent[i] = self.parent[self.parent[i]];
            i = self.parent[i];
        }
        i
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b)] = a.min(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(from: f64, to: f64, step: f64) -> Vec<Raised> {
        let n = ((to - from) / step) as i32;
        let at = |i: i32| [from + f64::from(i) * step, 0.0, 0.0];
        (0..n).map(|i| Raised { position: at(i), ground: -1.0 }).collect()
    }

    const GRID: Grid = Grid { edge: [0.3; 3], adaptive_from_m: 40.0, points_min: 10 };

    fn group_all(points: &[Raised]) -> Vec<Vec<u32>> {
        let all: Vec<u32> = (0..points.len() as u32).collect();
        group(points, &all, &GRID)
    }

    #[test]
    fn a_gap_parts_two_groups_near_and_is_bridged_far_away() {
        for (start, groups) in [(5.0, 2), (45.0, 1)] {
            let mut points = line(start, start + 3.0, 0.05);
            points.extend(line(start + 3.5, start + 6.0, 0.05));
            let found = group_all(&points);
            assert_eq!(found.len(), groups, "from {start}");
            assert_eq!(found.iter().map(Vec::len).sum::<usize>(), points.len());
        }
    }

    #[test]
    fn small_groups_are_dropped_and_negative_places_are_places() {
        assert!(group_all(&line(5.0, 5.4, 0.05)).is_empty());
        assert_eq!(group_all(&line(-1.0, 1.0, 0.05)).len(), 1);
    }
}
