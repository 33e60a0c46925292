//! Seeded makers of data that look real and belong to nobody.
//!
//! The same seed gives the same bytes. What is made enters through the ordinary intake like anything
//! else, and each maker returns beside it the truth that it drew.
//!
//! - [`identified`]: instances full of made-up identifiers, with the answer key of de-identification.
//! - `burned_in` (feature `burned-in`): pictures with text burned into them.
//! - [`parts`]: pictures of bare circuit boards with templates and defects.
//! - [`phantom`]: a CT study of a made-up thorax, as DICOM files.
//! - [`scene`]: a drive along a made-up street, as camera pictures, LiDAR sweeps, calibration and labels.

#[cfg(feature = "burned-in")]
pub mod burned_in;
pub mod identified;
pub mod parts;
pub mod phantom;
pub mod random;
pub mod scene;

pub use identified::{IdentifiedInstance, cohort};
pub use parts::{SyntheticPart, lot};
pub use phantom::{SyntheticInstance, SyntheticStudy, ct_study};
pub use scene::{SyntheticFrame, SyntheticScene, driving_scene};
