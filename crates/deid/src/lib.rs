//! De-identification: of DICOM by PS3.15 Annex E, of camera and inspection images by their containers.
//!
//! The engine is driven by tables (`tables/`): E.1-1 of the standard, and a supplement of our own for what
//! E.1-1 does not list. [`clean_dicom`] applies them at every depth, maps UIDs and patients with the
//! project's key, and then searches its own output for every value that it took out; a hit is an error,
//! not a warning. [`verdict`] says whether the pixels can be vouched for without a person looking.
//!
//! What comes out is de-identified by the named edition and profile; for whoever holds the key it stays
//! pseudonymous.

mod apply;
mod charset;
mod clean;
mod codestream;
mod dates;
mod engine;
mod error;
pub mod face;
mod image;
mod keys;
mod known;
mod leak;
mod mark;
mod overlay_bits;
pub mod pixels;
mod plan;
mod private;
mod profile;
mod records;
mod report;
mod risk;
mod safe_harbor;
mod sniff;
mod structured;
mod table;
mod text;
mod value;
mod vouch;
mod zip3;

pub use apply::{Cleaned, Context, clean_dicom, clean_dicom_with};
pub use error::DeidError;
pub use image::{CleanedImage, ImageError, MAX_IMAGE_BYTES, MAX_IMAGE_PIXELS, Stripped, clean_image};
pub use keys::Keys;
pub use profile::{DatesPolicy, Profile, ProfileError, ProfileOption};
pub use records::{
    Action, CleanedRecords, CleanedRow, MAX_RECORDS_BYTES, RecordsError, RecordsLimits, RecordsReport, Rules,
    clean_records, clean_rows,
};
pub use report::{Applied, Counts, MAX_LISTED, Report};
pub use risk::{Risk, risks};
pub use safe_harbor::{MAX_PLACES, SafeHarborClass};
pub use sniff::{Kind, sniff};
pub use table::{CREDIT, EDITION, SafePrivate, safe_private};
pub use vouch::{HoldReason, Verdict, verdict, verdict_cleaned};
pub use zip3::{ZIP3_TABLE, zip3};
