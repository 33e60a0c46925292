//! Manufactured parts: which files make a part, what its label file says, and a first draft of its
//! defects from the template alone.
//!
//! Bytes and arrays in, values out: no file, clock or database is touched here.
//!
//! - [`pairs`] finds the parts in a list of relative paths (`<lot>/<stem>_test.jpg`,
//!   `<stem>_temp.jpg`, `<stem>.txt`).
//! - [`labels`] reads and writes the defect boxes of such a part.
//! - [`decode`] turns PNG or JPEG bytes into grey values within limits.
//! - [`draft`] compares a test image with its template and proposes defects.

pub mod components;
pub mod decode;
pub mod draft;
pub mod envelope;
pub mod hint;
pub mod labels;
pub mod pairs;
pub mod register;

pub use decode::{ImageError, Limits, decode_gray};
pub use draft::{DraftDefect, Params, template_difference};
pub use labels::{DefectKind, DefectLabel, LabelError, parse_labels};
pub use pairs::{Grouping, PartFiles, group_files};
