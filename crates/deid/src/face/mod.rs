//! Taking the face off a head scan.
//!
//! A plane that touches the brain from below and in front parts the face from it, as in Quickshear (Schimke and Hale,
//! "Quickshear Defacing for Neuroimages", HealthSec 2011), and what lies beyond the plane is painted over. The brain is
//! found without a model: soft tissue that bone encloses (CT), or tissue that is left when the rim is taken off (MR). A
//! plane lowers the risk that somebody is recognised, it does not end it (ears and the shape of the skull stay), and
//! where no brain is found nothing is cut and the caller is told.

mod brain;
mod cut;
mod grid;

use countersign_dicom::{
    DicomError, Facts, FrameGeometry, Instance, frame_count, frame_geometry, raw_samples,
};
use serde::{Deserialize, Serialize};

pub use self::cut::deface_instance;
use self::{brain::brain, grid::Grid};

/// Names the method and its constants in evidence; changes with any of them.
pub const FACE_METHOD: &str = "shear-1";
/// Kept between brain and plane, mm.
const MARGIN_MM: f64 = 5.0;
/// A pixel is taken in at least this distance from the next one, mm: finer detail finds no other plane.
const SAMPLED_MM: f64 = 2.0;
/// Fewest slices that make a head.
const LEAST_SLICES: usize = 8;
/// Most values that are held for one series: 256 MB, more than a head at that distance has.
const MOST_VALUES: usize = 1 << 26;

/// The plane in patient coordinates (LPS, mm). What lies beyond it (`normal · p > offset`) shows the face.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FacePlane {
    /// Unit vector that points to the face.
    pub normal: [f64; 3],
    /// Distance of the plane from the origin along the normal, mm.
    pub offset_mm: f64,
    /// Volume of the brain that it was laid against, ml.
    pub brain_ml: f64,
}

/// Why no face can be taken off.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FaceError {
    /// A slice could not be decoded.
    #[error("a slice could not be read: {0}")]
    Dicom(#[from] DicomError),
    /// Position, orientation, spacing or size of a slice is missing.
    #[error("a slice does not say where it lies")]
    NoPlace,
    /// Too few slices, or slices that are not parallel.
    #[error("the slices are no stack of a head")]
    NoStack,
    /// More values than a head has.
    #[error("the slices hold more than {limit} values")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// What was found is too small or too large for a brain.
    #[error("no brain was found: {millilitres:.0} ml")]
    NoBrain {
        /// Volume of what was found, ml.
        millilitres: f64,
    },
}

impl FaceError {
    /// A stable machine-readable code; it never changes once released.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Dicom(error) => error.code(),
            Self::NoPlace => "face-no-place",
            Self::NoStack => "face-no-stack",
            Self::TooLarge { .. } => "face-too-large",
            Self::NoBrain { .. } => "face-no-brain",
        }
    }
}

/// How values tell tissue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// Hounsfield units.
    Hounsfield,
    /// Arbitrary: bright tissue, dark bone and air.
    Arbitrary,
}

/// The slices of one series, in any order, reduced to what the search needs.
#[derive(Debug, Default)]
pub struct FaceSearch {
    slices: Vec<FaceSlice>,
    values: usize,
}

impl FaceSearch {
    /// Takes what is needed of every frame of an instance.
    ///
    /// # Errors
    /// [`FaceError::Dicom`], [`FaceError::NoPlace`], [`FaceError::TooLarge`].
    pub fn add(&mut self, instance: &Instance) -> Result<(), FaceError> {
        for frame in 0..frame_count(instance) {
            let slice = FaceSlice::of(instance, frame)?;
            self.values += slice.values.len();
            if self.values > MOST_VALUES {
                return Err(FaceError::TooLarge { limit: MOST_VALUES });
            }
            self.slices.push(slice);
        }
        Ok(())
    }

    /// Finds the plane that parts the face from the brain.
    ///
    /// # Errors
    /// [`FaceError::NoStack`], [`FaceError::NoBrain`].
    pub fn find(self) -> Result<FacePlane, FaceError> {
        find_face(self.slices)
    }
}

/// Every few pixels of a slice one value, with where they lie.
#[derive(Debug)]
struct FaceSlice {
    /// Centre of the first value, LPS, mm.
    origin: [f64; 3],
    /// Steps from value to value along a row and down a column, LPS, mm.
    steps: [[f64; 3]; 2],
    size: [usize; 2],
    values: Vec<f32>,
    scale: Scale,
}

impl FaceSlice {
    fn of(instance: &Instance, frame: u32) -> Result<Self, FaceError> {
        let facts = Facts::of(instance);
        let Lies { origin, directions, spacing: [down, across] } =
            Lies::of(&frame_geometry(instance, frame))?;
        let samples = raw_samples(instance, frame)?;
        let (rows, columns) = (samples.rows as usize, samples.columns as usize);
        let stride = |spacing: f64| ((SAMPLED_MM / spacing) as usize).max(1);
        let (each_row, each_column) = (stride(down), stride(across));
        let size = [columns.div_ceil(each_column), rows.div_ceil(each_row)];
        let cells = usize::from(samples.samples_per_pixel);
        let sign = if samples.signed { 1_u64 << (samples.bits_stored - 1) } else { 0 } as f64;
        let whole = 2.0 * sign;
        let (slope, intercept) = (facts.rescale_slope.unwrap_or(1.0), facts.rescale_intercept.unwrap_or(0.0));
        let mut values = Vec::with_capacity(size[0] * size[1]);
        for y in (0..rows).step_by(each_row) {
            for x in (0..columns).step_by(each_column) {
                let stored = samples.cells.get((y * columns + x) * cells).unwrap_or(0.0);
                // Two's complement within the bits that count.
                let stored = if whole > 0.0 { (stored % whole + sign) % whole - sign } else { stored };
                values.push((stored * slope + intercept) as f32);
            }
        }
        let [rx, ry, rz, cx, cy, cz] = directions;
        let scaled = |v: [f64; 3], by: f64| v.map(|part| part * by);
        let steps =
            [scaled([rx, ry, rz], across * each_column as f64), scaled([cx, cy, cz], down * each_row as f64)];
        let hounsfield = facts.modality.as_deref() == Some("CT");
        let scale = if hounsfield { Scale::Hounsfield } else { Scale::Arbitrary };
        Ok(Self { origin, steps, size, values, scale })
    }
}

/// Where a frame lies, every number of it known and finite.
struct Lies {
    /// Centre of the first pixel, LPS, mm.
    origin: [f64; 3],
    /// Direction cosines of the row, then of the column.
    directions: [f64; 6],
    /// Between rows, then between columns, mm.
    spacing: [f64; 2],
}

impl Lies {
    fn of(place: &FrameGeometry) -> Result<Self, FaceError> {
        let (Some(origin), Some(directions), Some(spacing)) =
            (place.position_mm, place.orientation, place.pixel_spacing_mm)
        else {
            return Err(FaceError::NoPlace);
        };
        let mut all = origin.iter().chain(&directions).chain(&spacing);
        if all.all(|number| number.is_finite()) && spacing.iter().all(|mm| *mm > 0.0) {
            Ok(Self { origin, directions, spacing })
        } else {
            Err(FaceError::NoPlace)
        }
    }
}

fn find_face(slices: Vec<FaceSlice>) -> Result<FacePlane, FaceError> {
    if slices.len() < LEAST_SLICES {
        return Err(FaceError::NoStack);
    }
    let scale = slices[0].scale;
    let grid = Grid::of(slices)?;
    let found = brain(&grid, scale)?;
    // Halfway between forward and down: from the roots of the nose to the hinge of the jaw.
    let normal = [0.0, -std::f64::consts::FRAC_1_SQRT_2, -std::f64::consts::FRAC_1_SQRT_2];
    let reach = |at: usize| {
        let [_, y, z] = grid.point(at);
        normal[1] * y + normal[2] * z
    };
    let furthest = found.iter().enumerate().filter(|(_, is)| **is).map(|(at, _)| reach(at));
    let furthest = furthest.fold(f64::NEG_INFINITY, f64::max);
    let voxels = found.iter().filter(|is| **is).count();
    Ok(FacePlane { normal, offset_mm: furthest + MARGIN_MM, brain_ml: grid.millilitres(voxels) })
}
