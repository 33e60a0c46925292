//! Roles, as grants on a project carry them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $error:literal { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every word of this list, in its order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// The word as code, API, page and database spell it.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok($name::$variant),)+
                    other => Err(format!(concat!("not ", $error, ": {:?}"), other)),
                }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What a person may do on a project.
    Role, "a role" {
        /// Sets up projects, people and holds; reads everything cleared; never countersigns own work either.
        Owner = "owner",
        /// Looks at what the gate could not vouch for and clears or rejects it.
        PrivacyOfficer = "privacy_officer",
        /// Brings data in.
        Technician = "technician",
        /// Draws and corrects.
        Annotator = "annotator",
        /// Reviews (in radiology: the radiologist).
        Reviewer = "reviewer",
        /// Board-certified specialist or expert: countersigns.
        Specialist = "specialist",
        /// Called when defects cluster; sets and lifts holds.
        QualityEngineer = "quality_engineer",
        /// Makes and downloads releases.
        DataScientist = "data_scientist",
        /// Reads evidence, changes nothing.
        Auditor = "auditor",
    }
}
