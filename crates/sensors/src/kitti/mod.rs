//! The KITTI object detection format.
//!
//! A frame is four files with one stem: `image_2/000000.png`, `velodyne/000000.bin`,
//! `calib/000000.txt`, `label_2/000000.txt`. Two conventions differ from ours and are converted here and
//! nowhere else: KITTI counts pixels from the *centre* of the first pixel (we: from its outer corner, so
//! half a pixel is added to boxes and principal point), and its cuboids stand on the middle of their
//! floor in the rectified camera frame (we: middle of the box, vehicle frame).

mod calib;
mod error;
mod files;
mod labels;
mod velodyne;

pub use calib::{CALIB_BYTES_MAX, parse_calib, write_calib};
pub use error::KittiError;
pub use files::{FrameFiles, group_files};
pub use labels::{
    KittiBox, KittiLabel, LABEL_BYTES_MAX, LABEL_CLASS_CHARS_MAX, LABEL_LINES_MAX, parse_labels, write_label,
};
pub use velodyne::{read_velodyne, write_velodyne};

/// From KITTI's pixel count (centre of the first pixel is 0) to ours (its outer corner is 0).
pub(crate) const PIXEL_SHIFT: f64 = 0.5;
