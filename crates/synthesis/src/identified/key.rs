//! The answer key: what de-identification must have done to an instance, attribute by attribute.

use serde::Serialize;

/// What is asked of one attribute, by the names that the MIDI-B challenge gave these actions
/// (arXiv 2507.23608).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The attribute is still there.
    TagRetained,
    /// It has a value.
    TextNotnull,
    /// Its text still has these words, or its number this value.
    TextRetained,
    /// Its text has none of these words any more.
    TextRemoved,
    /// The date is another one.
    DateShifted,
    /// The UID is another one.
    UidChanged,
    /// The text in these pixels cannot be seen any more.
    PixelsHidden,
    /// The pixel data are the same bytes.
    PixelsRetained,
    /// The UID is the one that the map names for the source.
    UidConsistent,
    /// The patient is the one that the map names for the source.
    PatidConsistent,
}

/// Where a requirement comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// One of the 18 kinds of identifiers of 45 CFR 164.514(b)(2).
    Hipaa,
    /// PS3.15 Annex E and the information object definitions.
    Dicom,
    /// What research archives want kept: words, private attributes known to be safe, pixels.
    Practice,
}

/// Where text stands in the pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Region {
    /// Left edge, pixels.
    pub x: usize,
    /// Upper edge, pixels.
    pub y: usize,
    /// Width, pixels.
    pub width: usize,
    /// Height, pixels.
    pub height: usize,
    /// Width of one character, pixels.
    pub character: usize,
    /// Row by row, `#` where a stroke was drawn.
    pub strokes: Vec<String>,
}

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What must have been done.
    pub action: Action,
    /// To which attribute: tags of eight hexadecimal digits with item numbers from 0, joined by dots, such as
    /// `00081140[0].00081155`; private ones are `gggg"CREATOR"ee`.
    pub path: String,
    /// The source's value, or the words of it that matter; of the Image Type of pixels with text, what it must say after
    /// the text was painted over.
    pub value: String,
    /// Where the requirement comes from.
    pub category: Category,
    /// For [`Action::PixelsHidden`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
}

/// The key of one instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InstanceKey {
    /// Name of the file.
    pub file: String,
    /// Source Patient ID.
    pub patient_id: String,
    /// Source Study Instance UID.
    pub study_uid: String,
    /// Source Series Instance UID.
    pub series_uid: String,
    /// Source SOP Instance UID.
    pub instance_uid: String,
    /// SOP Class UID.
    pub sop_class: String,
    /// Modality.
    pub modality: String,
    /// What is asked.
    pub checks: Vec<Check>,
}
