//! Connected voxels of a mask and their shape.

use crate::volume::Volume;

/// Which voxels touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Connectivity {
    /// The 6 that share a face.
    #[default]
    Faces,
    /// All 26 around.
    All,
}

/// A connected set of voxels.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Indices into the volume's values, ascending.
    pub voxels: Vec<usize>,
}

/// How a region fills space.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Volume, in cubic millimetres.
    pub volume_mm3: f64,
    /// 1 for a ball (or disc), towards 0 for rods and sheets: the geometric over the arithmetic mean of the
    /// principal variances.
    pub roundness: f64,
    /// Volume over that of the ellipsoid with the same variances: 1 for an ellipsoid, towards 0 for what is
    /// branched or hollow.
    pub solidity: f64,
}

/// The connected sets of a mask over the whole volume, each voxel visited once, in the order of their
/// first voxel.
#[must_use]
pub fn regions(mask: &[bool], volume: &Volume, connectivity: Connectivity) -> Vec<Region> {
    let offsets = offsets(connectivity);
    let mut seen = vec![false; mask.len()];
    let mut found = Vec::new();
    let mut open = Vec::new();
    for start in 0..mask.len() {
        if !mask[start] || seen[start] {
            continue;
        }
        seen[start] = true;
        open.push(start);
        let mut voxels = Vec::new();
        while let Some(at) = open.pop() {
            voxels.push(at);
            for next in offsets.iter().filter_map(|offset| neighbour(at, *offset, volume)) {
                if mask[next] && !seen[next] {
                    seen[next] = true;
                    open.push(next);
                }
            }
        }
        voxels.sort_unstable();
        found.push(Region { voxels });
    }
    found
}

type Offset = (isize, isize, isize);

fn offsets(connectivity: Connectivity) -> Vec<Offset> {
    let mut all = Vec::new();
    for dz in -1..=1_isize {
        for dy in -1..=1_isize {
            for dx in -1..=1_isize {
                let distance = dx.abs() + dy.abs() + dz.abs();
                if distance == 1 || distance > 1 && connectivity == Connectivity::All {
                    all.push((dx, dy, dz));
                }
            }
        }
    }
    all
}

fn neighbour(at: usize, (dx, dy, dz): Offset, volume: &Volume) -> Option<usize> {
    let (x, y, z) = position(at, volume);
    let x = x.checked_add_signed(dx).filter(|&x| x < volume.columns)?;
    let y = y.checked_add_signed(dy).filter(|&y| y < volume.rows)?;
    let z = z.checked_add_signed(dz).filter(|&z| z < volume.slices)?;
    Some((z * volume.rows + y) * volume.columns + x)
}

/// Column, row and slice of a voxel.
#[must_use]
pub fn position(at: usize, volume: &Volume) -> (usize, usize, usize) {
    (at % volume.columns, at / volume.columns % volume.rows, at / volume.slice_len())
}

impl Region {
    /// Measures the region; voxels count as boxes, so that a single one has a shape too.
    #[must_use]
    pub fn shape(&self, volume: &Volume) -> Shape {
        let [row_mm, column_mm, slice_mm] = volume.spacing_mm;
        let count = self.voxels.len() as f64;
        let place = |at: usize| {
            let (x, y, z) = position(at, volume);
            [x as f64 * column_mm, y as f64 * row_mm, z as f64 * slice_mm]
        };
        let mut mean = [0.0; 3];
        for &at in &self.voxels {
            let p = place(at);
            for axis in 0..3 {
                mean[axis] += p[axis] / count;
            }
        }
        let mut c = [[0.0; 3]; 3];
        for &at in &self.voxels {
            let p = place(at);
            for i in 0..3 {
                for j in 0..3 {
                    c[i][j] += (p[i] - mean[i]) * (p[j] - mean[j]) / count;
                }
            }
        }
        for (axis, spacing) in [column_mm, row_mm, slice_mm].into_iter().enumerate() {
            c[axis][axis] += spacing * spacing / 12.0;
        }
        let volume_mm3 = count * volume.voxel_mm3();
        if volume.slices == 1 {
            let determinant = c[0][0] * c[1][1] - c[0][1] * c[1][0];
            let roundness = determinant.max(0.0).sqrt() / ((c[0][0] + c[1][1]) / 2.0);
            // An ellipse with half axes a, b has the variances a²/4, b²/4.
            let ellipse = 4.0 * std::f64::consts::PI * determinant.max(0.0).sqrt() * slice_mm;
            return Shape { volume_mm3, roundness, solidity: volume_mm3 / ellipse };
        }
        let determinant = determinant(&c).max(0.0);
        let roundness = determinant.cbrt() / ((c[0][0] + c[1][1] + c[2][2]) / 3.0);
        // An ellipsoid with half axes a, b, c has the variances a²/5, b²/5, c²/5.
        let ellipsoid = 4.0 / 3.0 * std::f64::consts::PI * 5.0_f64.powf(1.5) * determinant.sqrt();
        Shape { volume_mm3, roundness, solidity: volume_mm3 / ellipsoid }
    }
}

fn determinant(c: &[[f64; 3]; 3]) -> f64 {
    c[0][0] * (c[1][1] * c[2][2] - c[1][2] * c[2][1]) - c[0][1] * (c[1][0] * c[2][2] - c[1][2] * c[2][0])
        + c[0][2] * (c[1][0] * c[2][1] - c[1][1] * c[2][0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(values: &[i16]) -> Volume<'_> {
        let spacing_mm = [1.0, 1.0, 2.0];
        Volume { rows: 24, columns: 24, slices: 12, spacing_mm, values, slope: 1.0, intercept: 0.0 }
    }

    fn mask(inside: impl Fn(f64, f64, f64) -> bool) -> Vec<bool> {
        let voxel = |i: usize| inside((i % 24) as f64, (i / 24 % 24) as f64, (i / 576) as f64 * 2.0);
        (0..24 * 24 * 12).map(voxel).collect()
    }

    #[test]
    fn a_ball_is_round_and_solid_and_a_rod_is_not_round() {
        let values = vec![0; 24 * 24 * 12];
        let volume = volume(&values);
        let ball = mask(|x, y, z| (x - 11.0).powi(2) + (y - 12.0).powi(2) + (z - 12.0).powi(2) <= 49.0);
        let shape = regions(&ball, &volume, Connectivity::Faces)[0].shape(&volume);
        assert!((shape.volume_mm3 / (4.0 / 3.0 * std::f64::consts::PI * 343.0) - 1.0).abs() < 0.06);
        assert!(shape.roundness > 0.97 && (shape.solidity - 1.0).abs() < 0.1, "{shape:?}");
        let rod = mask(|x, y, z| (8.0..11.0).contains(&x) && (8.0..11.0).contains(&y) && z > 1.0);
        let shape = regions(&rod, &volume, Connectivity::Faces)[0].shape(&volume);
        assert!(shape.roundness < 0.3, "{shape:?}");
    }

    #[test]
    fn corners_join_only_when_asked() {
        let values = vec![0; 24 * 24 * 12];
        let volume = volume(&values);
        let mask = mask(|x, y, z| (x, y, z) == (3.0, 3.0, 2.0) || (x, y, z) == (4.0, 4.0, 4.0));
        assert_eq!(regions(&mask, &volume, Connectivity::Faces).len(), 2);
        assert_eq!(regions(&mask, &volume, Connectivity::All).len(), 1);
    }
}
