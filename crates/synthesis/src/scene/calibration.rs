//! A made camera and LiDAR rig and its calibration in the KITTI text form.

use std::fmt::Write as _;

use super::space::V;
use crate::random::Random;

/// Three rows.
pub type Matrix = [V; 3];

/// Width and height of a full-size picture, in pixels.
pub const FULL_SIZE_PX: (u32, u32) = (1242, 375);
/// Focal length of a full-size picture, in pixels.
const FOCAL_PX: f64 = 718.6;

/// Where camera and LiDAR sit, and how the camera sees.
#[derive(Debug, Clone, PartialEq)]
pub struct Rig {
    /// Picture width and height, in pixels.
    pub size_px: (u32, u32),
    /// Focal length, then the principal point, in pixels.
    pub intrinsics: (f64, f64, f64),
    /// Last column of the left colour camera's projection.
    shift: V,
    /// Rectification.
    rectify: Matrix,
    /// From LiDAR to the unrectified camera.
    rotate: Matrix,
    translate: V,
}

pub fn times(m: &Matrix, v: V) -> V {
    m.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

fn transposed(m: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| m[j][i]))
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let columns = transposed(b);
    a.map(|row| columns.map(|column| row[0] * column[0] + row[1] * column[1] + row[2] * column[2]))
}

/// Turns by small angles about x, y and z, in radians.
fn turn(angles: V) -> Matrix {
    let [(sx, cx), (sy, cy), (sz, cz)] = angles.map(f64::sin_cos);
    let x = [[1.0, 0.0, 0.0], [0.0, cx, -sx], [0.0, sx, cx]];
    let y = [[cy, 0.0, sy], [0.0, 1.0, 0.0], [-sy, 0.0, cy]];
    let z = [[cz, -sz, 0.0], [sz, cz, 0.0], [0.0, 0.0, 1.0]];
    product(&z, &product(&y, &x))
}

impl Rig {
    /// A rig with slightly crooked mounts; `width_px` sets the picture's size.
    pub fn new(random: &mut Random, width_px: u32) -> Self {
        let scale = f64::from(width_px) / f64::from(FULL_SIZE_PX.0);
        let height = (f64::from(FULL_SIZE_PX.1) * scale).round() as u32;
        let mut small = |size: f64| [0; 3].map(|_| random.range(-size, size));
        // The camera looks forward: its x is to the right, its y down.
        let axes = [[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]];
        let rotate = product(&turn(small(0.008)), &axes);
        let rectify = turn(small(0.004));
        let nudge = small(1.0);
        Self {
            size_px: (width_px, height),
            intrinsics: (FOCAL_PX * scale, 606.4 * scale, (174.8 + nudge[0] * 3.0) * scale),
            shift: [44.2 * scale, 0.22 * scale, 0.0027],
            rectify,
            rotate,
            translate: [-0.004 + 0.004 * nudge[1], -0.076, -0.27 + 0.01 * nudge[2]],
        }
    }

    /// From the LiDAR to the rectified camera, in metres.
    pub fn to_camera(&self, p: V) -> V {
        let q = times(&self.rotate, p);
        times(&self.rectify, [0, 1, 2].map(|axis| q[axis] + self.translate[axis]))
    }

    /// A place in the rectified camera onto the picture: column, row in pixels and depth in metres.
    pub fn project(&self, c: V) -> V {
        let (focal, u, v) = self.intrinsics;
        let depth = c[2] + self.shift[2];
        let x = focal * c[0] + u * c[2] + self.shift[0];
        let y = focal * c[1] + v * c[2] + self.shift[1];
        [x / depth, y / depth, depth]
    }

    /// Where the camera sees from, in the LiDAR's frame.
    pub fn eye(&self) -> V {
        let (focal, u, v) = self.intrinsics;
        // The place that the projection maps to nowhere.
        let z = -self.shift[2];
        let c = [(-self.shift[0] - u * z) / focal, (-self.shift[1] - v * z) / focal, z];
        let q = times(&transposed(&self.rectify), c);
        let moved = [0, 1, 2].map(|axis| q[axis] - self.translate[axis]);
        times(&transposed(&self.rotate), moved)
    }

    /// Direction of a place on the picture in the LiDAR's frame; its component along the optical axis is 1.
    pub fn ray(&self, column: f64, row: f64) -> V {
        let (focal, u, v) = self.intrinsics;
        let c = [(column - u) / focal, (row - v) / focal, 1.0];
        times(&transposed(&self.rotate), times(&transposed(&self.rectify), c))
    }

    /// How the direction of a place changes over `pixels` to the right and over `pixels` down.
    pub fn steps(&self, pixels: f64) -> (V, V) {
        let origin = self.ray(0.0, 0.0);
        let step = |to: V| [0, 1, 2].map(|axis| to[axis] - origin[axis]);
        (step(self.ray(pixels, 0.0)), step(self.ray(0.0, pixels)))
    }

    /// The calibration file.
    pub fn text(&self) -> String {
        let (focal, u, v) = self.intrinsics;
        let mut text = String::new();
        let shifts = [[0.0; 3], [-0.537 * focal, 0.0, 0.0], self.shift, [-0.47 * focal, 2.1, 0.0027]];
        for (camera, shift) in shifts.iter().enumerate() {
            let rows = [[focal, 0.0, u, shift[0]], [0.0, focal, v, shift[1]], [0.0, 0.0, 1.0, shift[2]]];
            line(&mut text, &format!("P{camera}"), rows.as_flattened());
        }
        line(&mut text, "R0_rect", self.rectify.as_flattened());
        let joined = |m: &Matrix, t: V| [0, 1, 2].map(|i| [m[i][0], m[i][1], m[i][2], t[i]]);
        line(&mut text, "Tr_velo_to_cam", joined(&self.rotate, self.translate).as_flattened());
        let level = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        line(&mut text, "Tr_imu_to_velo", joined(&level, [-0.81, 0.32, -0.8]).as_flattened());
        text
    }
}

fn line(text: &mut String, name: &str, values: &[f64]) {
    text.push_str(name);
    text.push(':');
    for value in values {
        let plain = format!("{value:.12e}");
        let (digits, power) = plain.split_once('e').unwrap_or((&plain, "0"));
        let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
        // Writing to a string cannot fail.
        let _ = write!(text, " {digits}e{sign}{power:0>2}");
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rays_and_projection_undo_each_other() {
        let rig = Rig::new(&mut Random::new(8, 0), 621);
        for (column, row) in [(0.0, 0.0), (310.0, 90.0), (620.5, 187.0)] {
            let (eye, ray) = (rig.eye(), rig.ray(column, row));
            let place = [0, 1, 2].map(|axis| eye[axis] + 17.0 * ray[axis]);
            let seen = rig.project(rig.to_camera(place));
            assert!((seen[0] - column).abs() < 1e-6 && (seen[1] - row).abs() < 1e-6, "{seen:?}");
            assert!((seen[2] - 17.0).abs() < 1e-6);
        }
    }

    #[test]
    fn numbers_are_written_like_the_recorders_do() {
        let mut text = String::new();
        line(&mut text, "P0", &[721.5377, 0.0, -0.0027]);
        assert_eq!(text, "P0: 7.215377000000e+02 0.000000000000e+00 -2.700000000000e-03\n");
    }
}
