//! Which profile is applied.

use serde::{Deserialize, Serialize};

use crate::table::EDITION;

/// Options of the Basic Application Level Confidentiality Profile (PS3.15 Table E.1-1, columns; CID 7050).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

impl ProfileOption {
    /// Code value in coding scheme DCM (CID 7050).
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::CleanPixelData => "113101",
            Self::CleanVisualFeatures => "113102",
            Self::CleanGraphics => "113103",
            Self::CleanStructuredContent => "113104",
            Self::CleanDescriptors => "113105",
            Self::RetainFullDates => "113106",
            Self::RetainModifiedDates => "113107",
            Self::RetainPatientCharacteristics => "113108",
            Self::RetainDeviceIdentity => "113109",
            Self::RetainUids => "113110",
            Self::RetainSafePrivate => "113111",
            Self::RetainInstitutionIdentity => "113112",
        }
    }
}

/// A de-identification profile: the Basic Profile and its options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Edition of the standard whose table is meant; it must be the one that is carried here.
    pub edition: String,
    /// Options, none for the plain Basic Profile.
    pub options: Vec<ProfileOption>,
}

impl Profile {
    /// The Basic Profile without options, of the edition that is carried here.
    #[must_use]
    pub fn basic() -> Self {
        Self { edition: EDITION.to_owned(), options: Vec::new() }
    }
}
