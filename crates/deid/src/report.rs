//! What was done, without a value.

use serde::{Deserialize, Serialize};

use crate::Profile;
use crate::safe_harbor::{SafeHarborClass, none_found};
use crate::table::RULE_SET;

/// Most changed elements that are listed one by one; the counts go on.
pub const MAX_LISTED: usize = 10_000;

/// What was done with an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Applied {
    /// Kept (sequences: cleaned inside).
    Kept,
    /// Removed because the tables say so.
    Removed,
    /// Removed because the group is private (odd).
    RemovedPrivate,
    /// Removed because the value is not what its VR says.
    RemovedMalformed,
    /// Removed, or the part of it, because it repeats a value that was removed elsewhere.
    RemovedResidue,
    /// Emptied.
    Emptied,
    /// Replaced by a dummy.
    Replaced,
    /// UIDs mapped.
    Mapped,
    /// Replaced by the patient's pseudonym.
    Pseudonym,
    /// Codestream kept, its comments and application segments dropped.
    Stripped,
    /// Date moved back by the patient's weeks.
    Shifted,
    /// Date cut to its year.
    YearOnly,
    /// Text kept without what identifies in it.
    TextCleaned,
    /// Age over 89 told as 90.
    Capped,
    /// Address cut to the first three digits of its postal code.
    Zip3,
    /// Structured content or graphics kept without their texts and names.
    ContentCleaned,
}

/// Number of elements by what was done with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// See [`Applied::Kept`].
    pub kept: u64,
    /// See [`Applied::Removed`].
    pub removed: u64,
    /// See [`Applied::RemovedPrivate`].
    pub removed_private: u64,
    /// See [`Applied::RemovedMalformed`].
    pub removed_malformed: u64,
    /// See [`Applied::RemovedResidue`].
    pub removed_residue: u64,
    /// See [`Applied::Emptied`].
    pub emptied: u64,
    /// See [`Applied::Replaced`].
    pub replaced: u64,
    /// See [`Applied::Mapped`].
    pub mapped: u64,
    /// See [`Applied::Pseudonym`].
    pub pseudonym: u64,
    /// See [`Applied::Stripped`].
    pub stripped: u64,
    /// See [`Applied::Shifted`].
    #[serde(default)]
    pub shifted: u64,
    /// See [`Applied::YearOnly`].
    #[serde(default)]
    pub year_only: u64,
    /// See [`Applied::TextCleaned`].
    #[serde(default)]
    pub text_cleaned: u64,
    /// See [`Applied::Capped`].
    #[serde(default)]
    pub capped: u64,
    /// See [`Applied::Zip3`].
    #[serde(default)]
    pub zip3: u64,
    /// See [`Applied::ContentCleaned`].
    #[serde(default)]
    pub content_cleaned: u64,
}

/// The record of one de-identification. Holds tags and actions, never a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The set of rules: its name and number, which changes whenever the same input may give another output.
    #[serde(default)]
    pub rule_set: String,
    /// Version of the code that applied them.
    #[serde(default)]
    pub code_version: String,
    /// Edition of the tables.
    pub edition: String,
    /// The profile that was applied.
    pub profile: Profile,
    /// Elements by action.
    pub counts: Counts,
    /// Changed elements: path and action, in order, at most [`MAX_LISTED`].
    pub changed: Vec<(String, Applied)>,
    /// Overlay planes that were removed.
    pub overlays_removed: u32,
    /// The preamble of the source was not blank.
    pub preamble_blanked: bool,
    /// Values that were searched for in the output.
    pub values_searched: u64,
    /// Bytes of the output that were searched: all of them.
    #[serde(default)]
    pub bytes_searched: u64,
    /// The classes (A) to (R) of 45 CFR 164.514(b)(2)(i), all eighteen in order.
    #[serde(default)]
    pub safe_harbor: Vec<SafeHarborClass>,
    /// Paths of texts that were emptied because it could not be told what in them identifies.
    #[serde(default)]
    pub emptied_unsure: Vec<String>,
    /// Structured content went through the list of permitted concepts.
    #[serde(default)]
    pub structured_content_cleaned: bool,
    /// The caller said that text in the pixels was removed.
    #[serde(default)]
    pub pixels_cleaned: bool,
    /// An overlay may stand in the unused bits of pixels that are coded, where nothing here reaches it.
    #[serde(default)]
    pub overlay_in_coded_pixels: bool,
}

impl Report {
    pub(crate) fn new(profile: &Profile) -> Self {
        Self {
            rule_set: RULE_SET.to_owned(),
            code_version: env!("CARGO_PKG_VERSION").to_owned(),
            edition: profile.edition.clone(),
            profile: profile.clone(),
            counts: Counts::default(),
            changed: Vec::new(),
            overlays_removed: 0,
            preamble_blanked: false,
            values_searched: 0,
            bytes_searched: 0,
            safe_harbor: none_found(),
            emptied_unsure: Vec::new(),
            structured_content_cleaned: false,
            pixels_cleaned: false,
            overlay_in_coded_pixels: false,
        }
    }

    pub(crate) fn add(&mut self, path: &str, applied: Applied) {
        let count = match applied {
            Applied::Kept => &mut self.counts.kept,
            Applied::Removed => &mut self.counts.removed,
            Applied::RemovedPrivate => &mut self.counts.removed_private,
            Applied::RemovedMalformed => &mut self.counts.removed_malformed,
            Applied::RemovedResidue => &mut self.counts.removed_residue,
            Applied::Emptied => &mut self.counts.emptied,
            Applied::Replaced => &mut self.counts.replaced,
            Applied::Mapped => &mut self.counts.mapped,
            Applied::Pseudonym => &mut self.counts.pseudonym,
            Applied::Stripped => &mut self.counts.stripped,
            Applied::Shifted => &mut self.counts.shifted,
            Applied::YearOnly => &mut self.counts.year_only,
            Applied::TextCleaned => &mut self.counts.text_cleaned,
            Applied::Capped => &mut self.counts.capped,
            Applied::Zip3 => &mut self.counts.zip3,
            Applied::ContentCleaned => &mut self.counts.content_cleaned,
        };
        *count += 1;
        if applied != Applied::Kept && self.changed.len() < MAX_LISTED {
            self.changed.push((path.to_owned(), applied));
        }
    }
}
