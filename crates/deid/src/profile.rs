//! Which profile is applied: the Basic Profile, its options, and how dates are treated.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::table::EDITION;
use crate::zip3::ZIP3_TABLE;

/// Options of the Basic Application Level Confidentiality Profile (PS3.15 Table E.1-1, columns; CID 7050).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProfileOption {
    /// Clean Pixel Data.
    CleanPixelData,
    /// Clean Recognizable Visual Features.
    CleanVisualFeatures,
    /// Clean Graphics.
    CleanGraphics,
    /// Clean Structured Content.
    CleanStructuredContent,
    /// Clean Descriptors.
    CleanDescriptors,
    /// Retain Longitudinal Temporal Information with Full Dates.
    RetainFullDates,
    /// Retain Longitudinal Temporal Information with Modified Dates.
    RetainModifiedDates,
    /// Retain Patient Characteristics.
    RetainPatientCharacteristics,
    /// Retain Device Identity.
    RetainDeviceIdentity,
    /// Retain UIDs.
    RetainUids,
    /// Retain Safe Private.
    RetainSafePrivate,
    /// Retain Institution Identity.
    RetainInstitutionIdentity,
}

/// Option, its word in a profile's text, its code and its meaning (CID 7050).
const WORDS: [(ProfileOption, &str, &str, &str); 12] = [
    (ProfileOption::CleanPixelData, "clean_pixel_data", "113101", "Clean Pixel Data Option"),
    (
        ProfileOption::CleanVisualFeatures,
        "clean_visual_features",
        "113102",
        "Clean Recognizable Visual Features Option",
    ),
    (ProfileOption::CleanGraphics, "clean_graphics", "113103", "Clean Graphics Option"),
    (
        ProfileOption::CleanStructuredContent,
        "clean_structured_content",
        "113104",
        "Clean Structured Content Option",
    ),
    (ProfileOption::CleanDescriptors, "clean_descriptors", "113105", "Clean Descriptors Option"),
    (
        ProfileOption::RetainFullDates,
        "retain_full_dates",
        "113106",
        "Retain Longitudinal Temporal Information Full Dates Option",
    ),
    (
        ProfileOption::RetainModifiedDates,
        "retain_modified_dates",
        "113107",
        "Retain Longitudinal Temporal Information Modified Dates Option",
    ),
    (
        ProfileOption::RetainPatientCharacteristics,
        "retain_patient_characteristics",
        "113108",
        "Retain Patient Characteristics Option",
    ),
    (
        ProfileOption::RetainDeviceIdentity,
        "retain_device_identity",
        "113109",
        "Retain Device Identity Option",
    ),
    (ProfileOption::RetainUids, "retain_uids", "113110", "Retain UIDs Option"),
    (ProfileOption::RetainSafePrivate, "retain_safe_private", "113111", "Retain Safe Private Option"),
    (
        ProfileOption::RetainInstitutionIdentity,
        "retain_institution_identity",
        "113112",
        "Retain Institution Identity Option",
    ),
];

impl ProfileOption {
    /// All options, in the order of their codes.
    pub const ALL: [Self; 12] = {
        let mut all = [Self::CleanPixelData; 12];
        let mut i = 0;
        while i < all.len() {
            all[i] = WORDS[i].0;
            i += 1;
        }
        all
    };

    fn row(self) -> (Self, &'static str, &'static str, &'static str) {
        WORDS[self as usize]
    }

    /// Its word in a profile's text, e.g. `retain_uids`.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().1
    }

    /// Code value in coding scheme DCM (CID 7050).
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().2
    }

    /// Code meaning (CID 7050).
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.row().3
    }
}

/// What Retain Longitudinal Temporal Information with Modified Dates makes of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DatesPolicy {
    /// Moved back by whole weeks, the same for all dates of a patient: intervals and weekdays stay.
    #[default]
    ShiftWeeks,
    /// Only the year stays: the strict reading of 45 CFR 164.514(b)(2)(i)(C).
    YearOnly,
}

/// A de-identification profile: the Basic Profile and its options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Edition of the standard whose table is meant; it must be the one that is carried here.
    pub edition: String,
    /// Options, none for the plain Basic Profile.
    pub options: Vec<ProfileOption>,
    /// What becomes of dates under Modified Dates.
    #[serde(default)]
    pub dates: DatesPolicy,
    /// Version of the table of ZIP prefixes by which the first three digits of a patient's postal code are
    /// kept; `None` keeps nothing of an address.
    #[serde(default)]
    pub zip3: Option<String>,
}

/// Why a profile is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// A word of the text that names nothing. The word is the caller's own, not a source value.
    #[error("a profile has no word `{word}`")]
    Unknown {
        /// The word, cut to 40 characters.
        word: String,
    },
    /// The text does not start with the Basic Profile.
    #[error("a profile starts with `basic`")]
    NotBasic,
    /// Two options that cannot both hold.
    #[error("`{}` contradicts `{}`", .0.word(), .1.word())]
    Contradiction(ProfileOption, ProfileOption),
    /// A setting without the option that gives it a meaning.
    #[error("`{setting}` needs `{}`", .option.word())]
    Needs {
        /// The setting's word.
        setting: &'static str,
        /// The option that is missing.
        option: ProfileOption,
    },
    /// The profile is of another edition than the tables.
    #[error("the profile is of another edition than the tables ({tables})")]
    OtherEdition {
        /// Edition of the tables.
        tables: &'static str,
    },
    /// The profile asks for another table of ZIP prefixes than the one that is carried here.
    #[error("the profile is of another table of ZIP prefixes than the one that is here ({table})")]
    OtherZipTable {
        /// The table that is here.
        table: &'static str,
    },
}

impl ProfileError {
    /// A stable machine-readable code; it never changes once released.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "profile-unknown-word",
            Self::NotBasic => "profile-not-basic",
            Self::Contradiction(..) => "profile-contradiction",
            Self::Needs { .. } => "profile-needs-option",
            Self::OtherEdition { .. } => "deid-other-edition",
            Self::OtherZipTable { .. } => "profile-other-zip-table",
        }
    }
}

const YEAR_ONLY: &str = "year_only";
const ZIP3: &str = "zip3";
const EDITION_KEY: &str = "edition=";
const ZIP3_KEY: &str = "zip3=";
/// Most characters of an unknown word that are repeated in an error.
const MAX_WORD: usize = 40;

impl Profile {
    /// The Basic Profile without options, of the edition that is carried here.
    #[must_use]
    pub fn basic() -> Self {
        Self { edition: EDITION.to_owned(), options: Vec::new(), dates: DatesPolicy::default(), zip3: None }
    }

    /// Whether an option is chosen.
    #[must_use]
    pub fn has(&self, option: ProfileOption) -> bool {
        self.options.contains(&option)
    }

    /// Reads a profile from its text: `basic`, then options and settings behind commas, in any order:
    /// the options' words, `year_only`, `zip3` (or `zip3=VERSION`), `edition=EDITION`.
    ///
    /// # Errors
    /// [`ProfileError`] for an unknown word or a profile that [`Profile::check`] refuses.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let mut words = text.split(',').map(str::trim);
        if words.next() != Some("basic") {
            return Err(ProfileError::NotBasic);
        }
        let mut profile = Self::basic();
        for word in words {
            if let Some((option, ..)) = WORDS.iter().find(|row| row.1 == word) {
                profile.options.push(*option);
            } else if word == YEAR_ONLY {
                profile.dates = DatesPolicy::YearOnly;
            } else if word == ZIP3 {
                profile.zip3 = Some(ZIP3_TABLE.to_owned());
            } else if let Some(version) = word.strip_prefix(ZIP3_KEY) {
                profile.zip3 = Some(version.to_owned());
            } else if let Some(edition) = word.strip_prefix(EDITION_KEY) {
                edition.clone_into(&mut profile.edition);
            } else {
                return Err(ProfileError::Unknown { word: word.chars().take(MAX_WORD).collect() });
            }
        }
        profile.options.sort_unstable();
        profile.options.dedup();
        profile.check()?;
        Ok(profile)
    }

    /// Whether the profile can be applied here and does not contradict itself.
    ///
    /// # Errors
    /// [`ProfileError`]: another edition, contradicting options, or a setting without its option.
    pub fn check(&self) -> Result<(), ProfileError> {
        if self.edition != EDITION {
            return Err(ProfileError::OtherEdition { tables: EDITION });
        }
        let (full, modified) = (ProfileOption::RetainFullDates, ProfileOption::RetainModifiedDates);
        if self.has(full) && self.has(modified) {
            return Err(ProfileError::Contradiction(full, modified));
        }
        if self.dates == DatesPolicy::YearOnly && !self.has(modified) {
            return Err(ProfileError::Needs { setting: YEAR_ONLY, option: modified });
        }
        if let Some(version) = &self.zip3 {
            let option = ProfileOption::RetainPatientCharacteristics;
            if !self.has(option) {
                return Err(ProfileError::Needs { setting: ZIP3, option });
            }
            if version != ZIP3_TABLE {
                return Err(ProfileError::OtherZipTable { table: ZIP3_TABLE });
            }
        }
        Ok(())
    }
}

/// The canonical text, which [`Profile::parse`] reads back.
impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("basic")?;
        let mut options = self.options.clone();
        options.sort_unstable();
        options.dedup();
        for option in options {
            write!(f, ",{}", option.word())?;
        }
        if self.dates == DatesPolicy::YearOnly {
            write!(f, ",{YEAR_ONLY}")?;
        }
        if let Some(version) = &self.zip3 {
            write!(f, ",{ZIP3_KEY}{version}")?;
        }
        if self.edition != EDITION {
            write!(f, ",{EDITION_KEY}{}", self.edition)?;
        }
        Ok(())
    }
}

impl FromStr for Profile {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, ProfileError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_stand_in_the_order_of_the_options() {
        for (i, option) in ProfileOption::ALL.into_iter().enumerate() {
            assert_eq!(option as usize, i);
            assert_eq!(option.code(), (113_101 + i).to_string());
            let json = serde_json::to_string(&option).unwrap();
            assert_eq!(json.trim_matches('"'), option.word(), "one word in texts and in JSON");
        }
    }

    #[test]
    fn every_choice_of_options_reads_back_or_is_refused() {
        for bits in 0..1u32 << 12 {
            let chosen = ProfileOption::ALL.into_iter().filter(|o| bits >> (*o as u32) & 1 == 1);
            let profile = Profile { options: chosen.collect(), ..Profile::basic() };
            let both = profile.has(ProfileOption::RetainFullDates)
                && profile.has(ProfileOption::RetainModifiedDates);
            match Profile::parse(&profile.to_string()) {
                Ok(back) => assert!(back == profile && !both),
                Err(e) => assert!(both && e.code() == "profile-contradiction"),
            }
        }
    }

    #[test]
    fn settings_need_their_option_and_their_table() {
        let code = |text| Profile::parse(text).unwrap_err().code();
        assert_eq!(code("retain_uids"), "profile-not-basic");
        assert_eq!(code("basic,retain_names"), "profile-unknown-word");
        assert_eq!(code("basic,year_only"), "profile-needs-option");
        assert_eq!(code("basic,zip3"), "profile-needs-option");
        assert_eq!(code("basic,retain_patient_characteristics,zip3=2040"), "profile-other-zip-table");
        assert_eq!(code("basic,edition=2011"), "deid-other-edition");
        let text = "basic, zip3, year_only, retain_modified_dates, retain_patient_characteristics";
        let profile = Profile::parse(text).unwrap();
        assert_eq!(profile.dates, DatesPolicy::YearOnly);
        assert_eq!(profile.to_string().parse(), Ok(profile.clone()));
        let json = serde_json::to_string(&profile).unwrap();
        assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), profile);
        let old: Profile = serde_json::from_str(r#"{"edition":"2026d","options":["retain_uids"]}"#).unwrap();
        assert_eq!(old, Profile::parse("basic,retain_uids").unwrap(), "an older record reads");
    }
}
