//! Refusals: what was wrong and where, with a stable code.

/// Why a geometric value was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GeometryError {
    /// A coordinate is NaN or infinite.
    #[error("{what}[{index}] is not a finite number")]
    NonFinite {
        /// The value that holds the coordinate.
        what: &'static str,
        /// Index of the coordinate within the value.
        index: usize,
    },
    /// A coordinate beyond [`crate::COORDINATE_MAX`], where `f64` arithmetic would lose its meaning.
    #[error("{what}[{index}] is {value}, outside ±{limit}", limit = crate::COORDINATE_MAX)]
    OutOfRange {
        /// The value that holds the coordinate.
        what: &'static str,
        /// Index of the coordinate within the value.
        index: usize,
        /// What was found.
        value: f64,
    },
    /// A size that must be positive is not.
    #[error("{what} must be greater than zero, found {value}")]
    NotPositive {
        /// The value in question.
        what: &'static str,
        /// What was found.
        value: f64,
    },
    /// A polygon with fewer than three points.
    #[error("a polygon needs at least 3 points, found {points}")]
    TooFewPoints {
        /// Number of points found.
        points: usize,
    },
    /// More of something than the limit allows.
    #[error("{what}: {found} is over the limit of {limit}")]
    TooMany {
        /// The limited thing.
        what: &'static str,
        /// How many were found.
        found: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// Two edges of a polygon touch or cross.
    #[error("the polygon is not simple: edges {first} and {second} meet")]
    SelfIntersection {
        /// Index of the first edge (edge `i` starts at point `i`).
        first: usize,
        /// Index of the second edge.
        second: usize,
    },
    /// A quaternion whose norm is too close to zero to mean a rotation.
    #[error("the quaternion has norm {norm}, which is no rotation")]
    ZeroQuaternion {
        /// The norm found.
        norm: f64,
    },
    /// Two rows of a matrix that should be a rotation are not orthonormal.
    #[error("not a rotation: rows {row_a} and {row_b} have the scalar product {found}, expected {expected}")]
    NotOrthonormal {
        /// First row.
        row_a: usize,
        /// Second row (equal to the first when its length is what is off).
        row_b: usize,
        /// Scalar product found.
        found: f64,
        /// Scalar product of a rotation: 1 for equal rows, else 0.
        expected: f64,
    },
    /// A matrix that mirrors space instead of rotating it.
    #[error("not a rotation: the determinant is {determinant}, expected +1 (axes are mirrored)")]
    Mirrored {
        /// The determinant found.
        determinant: f64,
    },
    /// The last row of a homogeneous matrix is not `0 0 0 1`.
    #[error("not a rigid transform: the last row is {found:?}, expected [0, 0, 0, 1]")]
    LastRow {
        /// The row found.
        found: [f64; 4],
    },
    /// A run-length mask whose runs do not add up to the image.
    #[error("the mask's runs cover {found} pixels, the image has {expected}")]
    RunsMismatch {
        /// Sum of the runs.
        found: u64,
        /// Height times width.
        expected: u64,
    },
    /// Two masks of different sizes.
    #[error("masks differ in size: {a_height}x{a_width} and {b_height}x{b_width}")]
    SizeMismatch {
        /// Height of the first, pixels.
        a_height: u32,
        /// Width of the first, pixels.
        a_width: u32,
        /// Height of the second, pixels.
        b_height: u32,
        /// Width of the second, pixels.
        b_width: u32,
    },
    /// A character that cannot be in a COCO mask string, or a run that is cut short or out of range.
    #[error("the mask string is malformed at byte {offset}")]
    MaskText {
        /// Offset of the byte in question.
        offset: usize,
    },
    /// Pixel data that is not exactly height times width long.
    #[error("the mask has {found} pixels, expected {expected}")]
    PixelCount {
        /// Pixels given.
        found: u64,
        /// Pixels expected.
        expected: u64,
    },
}

impl GeometryError {
    /// A stable name for machines.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NonFinite { .. } => "geometry.non_finite",
            Self::OutOfRange { .. } => "geometry.out_of_range",
            Self::NotPositive { .. } => "geometry.not_positive",
            Self::TooFewPoints { .. } => "geometry.too_few_points",
            Self::TooMany { .. } => "geometry.too_many",
            Self::SelfIntersection { .. } => "geometry.self_intersection",
            Self::ZeroQuaternion { .. } => "geometry.zero_quaternion",
            Self::NotOrthonormal { .. } => "geometry.not_orthonormal",
            Self::Mirrored { .. } => "geometry.mirrored",
            Self::LastRow { .. } => "geometry.last_row",
            Self::RunsMismatch { .. } => "geometry.runs_mismatch",
            Self::SizeMismatch { .. } => "geometry.size_mismatch",
            Self::MaskText { .. } => "geometry.mask_text",
            Self::PixelCount { .. } => "geometry.pixel_count",
        }
    }
}

/// Refuses the first coordinate that is NaN, infinite or beyond all measure.
pub(crate) fn all_finite(what: &'static str, values: &[f64]) -> Result<(), GeometryError> {
    for (index, &value) in values.iter().enumerate() {
        if !value.is_finite() {
            return Err(GeometryError::NonFinite { what, index });
        }
        if value.abs() > crate::COORDINATE_MAX {
            return Err(GeometryError::OutOfRange { what, index, value });
        }
    }
    Ok(())
}

/// Refuses a value that is not finite and greater than zero.
pub(crate) fn positive(what: &'static str, value: f64) -> Result<(), GeometryError> {
    all_finite(what, &[value])?;
    if value > 0.0 { Ok(()) } else { Err(GeometryError::NotPositive { what, value }) }
}
