//! How the sensors of a scene see each other.

use countersign_geometry::{Box2, Camera, Cuboid, ImageSize, Point2, Rigid3, Vec3};
use serde::{Deserialize, Serialize};

/// One camera and one LiDAR, calibrated to each other. The LiDAR's frame is the scene's frame.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SceneCalibration {
    /// Intrinsics, pixels counted from the image's outer corner.
    pub camera: Camera,
    /// From the frame in which KITTI states its labels (the rectified reference camera) straight to
    /// homogeneous pixels, rows first; pixels counted from the image's outer corner.
    pub projection: [[f64; 4]; 3],
    /// From the LiDAR to the camera that took the image, metres.
    pub lidar_to_camera: Rigid3,
    /// From the LiDAR to the rectified reference camera, metres. It differs from `lidar_to_camera` by the
    /// few centimetres between the reference camera and the one that took the image.
    pub lidar_to_rectified: Rigid3,
}

impl SceneCalibration {
    /// Where a point of the scene appears, pixels; `None` when it is not in front of the camera.
    #[must_use]
    pub fn project(&self, point: Vec3) -> Option<Point2> {
        self.camera.project(self.lidar_to_camera.apply(point))
    }

    /// The box around a cuboid's projection, cut to the image; `None` when it is out of view.
    #[must_use]
    pub fn project_cuboid(&self, cuboid: &Cuboid, size: ImageSize) -> Option<Box2> {
        self.camera.project_cuboid(cuboid, &self.lidar_to_camera, size)
    }
}
