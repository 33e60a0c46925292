//! Whether people follow a model where it is wrong: which items serve to measure it, what is made wrong in a draft, and whether it
//! is still wrong in what a person hands in.
//!
//! Pure: everything is drawn from a number that is drawn for the item from a seed which nobody who works can know.

mod draw;
mod judge;
mod plant;

use countersign_model::{Agreement, Annotation, AnnotationId, Protocol, StageKind};
use serde::{Deserialize, Serialize};

pub use draw::{ARM_PREFIX, Arm, Draw, NUMBER_PREFIX, arm, commitment};
pub use judge::survives;
pub use plant::{Sizes, plant};

/// In what way a label of a draft is made wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PlantKind {
    /// It bears another class.
    ClassSwapped,
    /// It lies elsewhere, farther than two readers may differ.
    Moved,
    /// It is not there.
    Removed,
    /// It is there, and the model saw nothing.
    Invented,
}

impl PlantKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::ClassSwapped, Self::Moved, Self::Removed, Self::Invented];

    /// The word as API and database spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClassSwapped => "class_swapped",
            Self::Moved => "moved",
            Self::Removed => "removed",
            Self::Invented => "invented",
        }
    }
}

/// What was made wrong in a draft.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plant {
    /// In what way.
    pub kind: PlantKind,
    /// The label, as the draft names it.
    pub annotation: AnnotationId,
    /// As the model drew it; absent of what was invented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub genuine: Option<Annotation>,
    /// As the draft shows it; absent of what was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planted: Option<Annotation>,
}

/// By which rule two marks are the same: that of the protocol's compare stage, or the default.
pub fn rule(protocol: &Protocol) -> Agreement {
    let compare = protocol.stages.iter().find(|stage| stage.kind == StageKind::Compare);
    compare.map_or_else(Agreement::default, |stage| stage.agreement.clone())
}
