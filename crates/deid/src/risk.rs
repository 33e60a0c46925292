//! Risks that stay in correctly de-identified pixels. They are told, not held for: whoever passes images on
//! decides what they may be used for.

use countersign_dicom::Facts;
use serde::{Deserialize, Serialize};

/// Thickest slices from which a face was rebuilt and recognised, mm: in published tests photographs were
/// matched to scans of about a millimetre; from here on a surface is steps rather than a face.
const MAX_THICKNESS_MM: f64 = 3.0;
/// Smallest field that holds a face, mm: a face is about 140 mm wide.
const MIN_FIELD_MM: f64 = 140.0;
/// Words of Body Part Examined (PS3.16 Annex L) that name the head or a part of its outside.
const HEAD: [&str; 15] = [
    "HEAD",
    "BRAIN",
    "SKULL",
    "FACE",
    "NECK",
    "ORBIT",
    "SINUS",
    "EAR",
    "EYE",
    "JAW",
    "MANDIBLE",
    "MAXILLA",
    "NOSE",
    "TMJ",
    "WHOLEBODY",
];

/// A risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Risk {
    /// A face may be rebuilt from the slices and recognised.
    FaceMayBeRecognizable,
}

impl Risk {
    /// A stable machine-readable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::FaceMayBeRecognizable => "face-may-be-recognizable",
        }
    }
}

/// The risks of an instance with these facts. What is unknown counts as risky.
#[must_use]
pub fn risks(facts: &Facts) -> Vec<Risk> {
    if may_show_a_face(facts) { vec![Risk::FaceMayBeRecognizable] } else { Vec::new() }
}

fn may_show_a_face(facts: &Facts) -> bool {
    if !matches!(facts.modality.as_deref(), Some("CT" | "MR")) {
        return false;
    }
    let head = match facts.body_part.as_deref() {
        Some(part) => HEAD.iter().any(|word| part.contains(word)),
        // Head first is how heads are scanned, and most of the rest.
        None => facts.patient_position.as_deref().is_none_or(|p| p.starts_with("HF")),
    };
    let localizer = facts.image_type.iter().any(|t| t == "LOCALIZER");
    let thickness = facts.geometry.slice_thickness_mm.or(facts.spacing_between_slices_mm);
    let thin = thickness.is_none_or(|t| t.abs() <= MAX_THICKNESS_MM);
    let wide = match (facts.geometry.pixel_spacing_mm, facts.rows, facts.columns) {
        (Some([down, across]), Some(rows), Some(columns)) => {
            down * f64::from(rows) >= MIN_FIELD_MM && across * f64::from(columns) >= MIN_FIELD_MM
        }
        _ => true,
    };
    head && !localizer && thin && wide
}

#[cfg(test)]
mod tests {
    use countersign_dicom::FrameGeometry;

    use super::*;

    fn head() -> Facts {
        Facts {
            modality: Some("CT".to_owned()),
            body_part: Some("HEAD".to_owned()),
            rows: Some(512),
            columns: Some(512),
            geometry: FrameGeometry {
                pixel_spacing_mm: Some([0.45, 0.45]),
                slice_thickness_mm: Some(1.0),
                ..FrameGeometry::default()
            },
            ..Facts::default()
        }
    }

    #[test]
    fn thin_slices_of_a_head_show_a_face() {
        assert_eq!(risks(&head()), [Risk::FaceMayBeRecognizable]);
        let unknown = Facts { body_part: None, patient_position: Some("HFS".to_owned()), ..head() };
        assert_eq!(risks(&unknown), [Risk::FaceMayBeRecognizable]);
        let enlarged = Facts { geometry: FrameGeometry::default(), ..head() };
        assert_eq!(risks(&enlarged), [Risk::FaceMayBeRecognizable], "what is unknown counts");
    }

    #[test]
    fn other_images_do_not() {
        let with = |change: fn(&mut Facts)| {
            let mut facts = head();
            change(&mut facts);
            risks(&facts)
        };
        assert!(with(|f| f.body_part = Some("CHEST".to_owned())).is_empty());
        assert!(with(|f| f.modality = Some("US".to_owned())).is_empty());
        assert!(with(|f| f.geometry.slice_thickness_mm = Some(5.0)).is_empty());
        assert!(with(|f| f.columns = Some(128)).is_empty(), "a detail");
        assert!(
            with(|f| f.image_type = vec!["ORIGINAL".into(), "PRIMARY".into(), "LOCALIZER".into()]).is_empty()
        );
        assert!(
            with(|f| {
                f.body_part = None;
                f.patient_position = Some("FFS".to_owned())
            })
            .is_empty()
        );
    }
}
