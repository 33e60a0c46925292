//! A point cloud in memory.

/// Most points of one cloud: thirty sweeps of the densest spinning LiDAR.
pub const POINTS_MAX: usize = 4_000_000;

/// One return of a LiDAR.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// Metres from the cloud's origin: x forward, y left, z up.
    pub position: [f32; 3],
    /// Reflected intensity, 0 to 1.
    pub intensity: f32,
}

/// Points in the order in which the sensor delivered them. All coordinates are finite.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PointCloud {
    /// Where the points' own zero lies in the scene, metres.
    pub origin: [f64; 3],
    /// The points.
    pub points: Vec<Point>,
    /// How many points of the source were left out because a number was NaN or infinite.
    pub dropped: u32,
    /// Byte offset of the first point that was left out.
    pub first_dropped_at: Option<u64>,
}

impl PointCloud {
    /// The place of a point in the scene, metres.
    #[must_use]
    pub fn position(&self, point: &Point) -> [f64; 3] {
        std::array::from_fn(|i| self.origin[i] + f64::from(point.position[i]))
    }

    /// The places of all points in the scene, in order, metres.
    pub fn positions(&self) -> impl Iterator<Item = [f64; 3]> + '_ {
        self.points.iter().map(|p| self.position(p))
    }
}
