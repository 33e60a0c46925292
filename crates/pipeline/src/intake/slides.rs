//! Slides that come as one TIFF file are taken in level by level, as the instances that slides of DICOM are made of. What else stands
//! in the file - words, dates, thumbnail, label, overview - never gets in.

use bytes::Bytes;
use countersign_dicom as dicom;
use countersign_model::ItemKind;
use sha2::{Digest, Sha256};

use super::archive::FileRefusal;

/// Note of a slide of whose file pictures were left out.
pub(super) const LEFT_OUT: &str = "slide_pictures_left_out";

/// A part of a file that is taken in by itself.
pub(super) struct Part {
    pub bytes: Vec<u8>,
    /// What was odd about where it comes from.
    pub note: Option<&'static str>,
}

/// The parts of a file: its levels where it is a slide in TIFF, else the file as it is.
///
/// # Errors
/// [`FileRefusal`] naming file and offset, for a TIFF file that is no slide or is broken.
pub(super) fn parts(name: &str, bytes: Vec<u8>, takes: ItemKind) -> Result<Vec<Part>, FileRefusal> {
    // DICOM files may begin as TIFF files do (PS3.10 7.1).
    let is_dicom = bytes.get(128..132) == Some(b"DICM");
    if takes != ItemKind::Study || is_dicom || !dicom::SlideFile::is_tiff(&bytes) {
        return Ok(vec![Part { bytes, note: None }]);
    }
    let refuse = |error: &dicom::SlideFileError| {
        FileRefusal::new(name, error.code(), error.to_string(), Some(error.offset))
    };
    let hash: [u8; 32] = Sha256::digest(&bytes).into();
    let origin = hash.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte));
    let slide = dicom::SlideFile::open(Bytes::from(bytes)).map_err(|error| refuse(&error))?;
    let note = (slide.left_out() > 0).then_some(LEFT_OUT);
    let level = |level| {
        let instance = slide.instance(level, origin).map_err(|error| refuse(&error))?;
        let written = dicom::write(&instance);
        let bytes = written.map_err(|error| FileRefusal::new(name, error.code(), error.to_string(), None))?;
        Ok(Part { bytes, note: note.filter(|_| level == 0) })
    };
    (0..slide.levels()).map(level).collect()
}
