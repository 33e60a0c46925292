//! Refusals of KITTI files, each naming its place.

use countersign_geometry::GeometryError;

/// Why a KITTI file was refused. Lines and fields count from 1.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KittiError {
    /// The file is larger than its limit.
    #[error("{file}: {bytes} bytes are over the limit of {limit}")]
    TooLarge {
        /// Which kind of file.
        file: &'static str,
        /// Its size.
        bytes: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The point file holds nothing.
    #[error("velodyne: the file is empty")]
    Empty,
    /// The point file ends within a point.
    #[error("velodyne: the last point is cut short at byte {offset} ({left} of 16 bytes)")]
    PartialPoint {
        /// Where the incomplete point starts.
        offset: u64,
        /// Bytes that are there.
        left: usize,
    },
    /// A calibration line without `KEY:`.
    #[error("calib: line {line} has no key")]
    NoKey {
        /// The line.
        line: usize,
    },
    /// A key stands twice.
    #[error("calib: line {line} repeats {key}")]
    Repeated {
        /// The line of the repetition.
        line: usize,
        /// The key.
        key: &'static str,
    },
    /// A key that is needed is not there.
    #[error("calib: {key} is missing")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// A line with too many or too few fields.
    #[error("{file}: line {line} has {found} fields, expected {expected}")]
    FieldCount {
        /// Which kind of file.
        file: &'static str,
        /// The line.
        line: usize,
        /// Fields found.
        found: usize,
        /// Fields expected.
        expected: &'static str,
    },
    /// A field that is no finite number, or not the kind of number that belongs there.
    #[error("{file}: line {line}, field {field} is not {expected}")]
    BadField {
        /// Which kind of file.
        file: &'static str,
        /// The line.
        line: usize,
        /// The field, the class or key being the first.
        field: usize,
        /// What belongs there.
        expected: &'static str,
    },
    /// A matrix that is not a rotation.
    #[error("calib: line {line}, {key}: {source}")]
    NotRigid {
        /// The line.
        line: usize,
        /// The key.
        key: &'static str,
        /// What is off.
        source: GeometryError,
    },
    /// A projection that no upright pinhole camera has.
    #[error("calib: line {line}, {key}: element ({row}, {column}) is {found}, which no rectified camera has")]
    NotPinhole {
        /// The line.
        line: usize,
        /// The key.
        key: &'static str,
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// What was found.
        found: f64,
    },
    /// A shape that is refused.
    #[error("label_2: line {line}: {source}")]
    Shape {
        /// The line.
        line: usize,
        /// What is off.
        source: GeometryError,
    },
    /// A class that the format cannot carry: empty, too long or with white space in it.
    #[error("the class name cannot stand in a KITTI label: it is empty, too long or has white space")]
    ClassWord,
    /// A lens distortion, which the format has no place for.
    #[error("a camera with lens distortion cannot stand in a KITTI calibration: undistort its images first")]
    Distorted,
    /// A camera that is turned against the rectified frame, where KITTI allows a shift only.
    #[error("the camera is turned by {radians} rad against the rectified frame")]
    Turned {
        /// Angle, radians.
        radians: f64,
    },
    /// A label with a number that is not finite.
    #[error("the label holds a number that is not finite")]
    NonFinite,
}

impl KittiError {
    /// A stable name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "kitti.too_large",
            Self::Empty => "kitti.empty",
            Self::PartialPoint { .. } => "kitti.partial_point",
            Self::NoKey { .. } => "kitti.no_key",
            Self::Repeated { .. } => "kitti.repeated_key",
            Self::Missing { .. } => "kitti.missing_key",
            Self::FieldCount { .. } => "kitti.field_count",
            Self::BadField { .. } => "kitti.bad_field",
            Self::NotRigid { .. } => "kitti.not_a_rotation",
            Self::NotPinhole { .. } => "kitti.not_a_pinhole",
            Self::Shape { .. } => "kitti.shape",
            Self::ClassWord => "kitti.class_word",
            Self::Distorted => "kitti.distorted",
            Self::Turned { .. } => "kitti.turned",
            Self::NonFinite => "kitti.non_finite",
        }
    }

    /// Byte offset of the trouble, where the file is binary.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::PartialPoint { offset, .. } => Some(*offset),
            _ => None,
        }
    }
}
