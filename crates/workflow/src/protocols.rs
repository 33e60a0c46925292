//! Reading protocol documents, and the protocols that ship.

use countersign_model::{Protocol, ProtocolError};

/// Largest protocol document, in bytes.
pub const PROTOCOL_BYTES_MAX: usize = 256 * 1024;

/// The protocols that ship: name and YAML document.
pub const fn shipped() -> &'static [(&'static str, &'static str)] {
    &[
        ("radiology", include_str!("../../../protocols/radiology.yaml")),
        ("driving", include_str!("../../../protocols/driving.yaml")),
        ("inspection", include_str!("../../../protocols/inspection.yaml")),
        ("images", include_str!("../../../protocols/images.yaml")),
        ("radiology_double", include_str!("../../../protocols/radiology_double.yaml")),
    ]
}

/// Why a protocol document was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolDocumentError {
    /// Longer than [`PROTOCOL_BYTES_MAX`].
    #[error("the document has {bytes} bytes, at most {PROTOCOL_BYTES_MAX} are read")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Not YAML; the message names line and column.
    #[error("not a YAML document: {0}")]
    NotYaml(#[from] serde_yaml_ng::Error),
    /// YAML, but not of this shape.
    #[error("not a protocol: {0}")]
    NotAProtocol(#[from] serde_json::Error),
    /// A protocol that cannot be worked under.
    #[error(transparent)]
    Invalid(#[from] ProtocolError),
}

/// Reads and validates a protocol document (YAML, of which JSON is a part).
///
/// The document goes through a JSON value, so that `kind: {choice: [a, b]}` is written the same in YAML, in the API
/// and in the database.
///
/// # Errors
/// [`ProtocolDocumentError`] naming the place.
pub fn parse_protocol(document: &str) -> Result<Protocol, ProtocolDocumentError> {
    if document.len() > PROTOCOL_BYTES_MAX {
        return Err(ProtocolDocumentError::TooLong { bytes: document.len() });
    }
    let value: serde_json::Value = serde_yaml_ng::from_str(document)?;
    let protocol: Protocol = serde_json::from_value(value)?;
    protocol.validate()?;
    Ok(protocol)
}

#[cfg(test)]
mod tests {
    use countersign_model::{AiVisibility, AttributeKind, Role, SignatureMeaning, StageKind};

    use super::*;

    #[test]
    fn all_that_ship_can_be_worked_under() {
        for (name, document) in shipped() {
            let protocol = parse_protocol(document).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(&protocol.id, name);
            let sign = protocol.stages.last().unwrap();
            assert_eq!((sign.kind, sign.role), (StageKind::Sign, Some(Role::Specialist)));
            assert_eq!(sign.meaning, Some(SignatureMeaning::Approved));
            for class in &protocol.classes {
                assert!(
                    protocol.guideline.contains(&format!("## {}", class.name.split(" (").next().unwrap()))
                        || class.shapes == [countersign_model::ShapeKind::Tag],
                    "{name}: no word about {}",
                    class.id
                );
            }
        }
    }

    #[test]
    fn a_radiologist_reads_before_the_model_speaks() {
        let radiology = parse_protocol(shipped()[0].1).unwrap();
        let read = radiology.stages.iter().find(|stage| stage.kind == StageKind::Read).unwrap();
        assert_eq!(read.ai_visibility, AiVisibility::AfterOwnRead);
        let certainty = &radiology.class("lesion").unwrap().attributes[0];
        let choices = ["definite", "probable", "possible"].map(String::from).to_vec();
        assert_eq!(certainty.kind, AttributeKind::Choice(choices));
    }

    /// WCAG 2.2 relative luminance of an sRGB colour.
    fn luminance([r, g, b]: [f64; 3]) -> f64 {
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    fn linear(color: &str) -> [f64; 3] {
        [1, 3, 5].map(|at| {
            let v = f64::from(u8::from_str_radix(&color[at..at + 2], 16).unwrap()) / 255.0;
            if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// Linear sRGB as seen without M cones; matrix of Machado, Oliveira and Fernandes 2009, severity 1.0.
    fn deuteranopia([r, g, b]: [f64; 3]) -> [f64; 3] {
        [
            0.367_322 * r + 0.860_646 * g - 0.227_968 * b,
            0.280_085 * r + 0.672_501 * g + 0.047_413 * b,
            -0.011_820 * r + 0.042_940 * g + 0.968_881 * b,
        ]
    }

    #[test]
    fn colours_stand_out_on_dark_and_apart_for_colour_blind_eyes() {
        const DARK: &str = "#14171c";
        for (name, document) in shipped() {
            let classes = parse_protocol(document).unwrap().classes;
            for (index, class) in classes.iter().enumerate() {
                let color = linear(&class.color);
                let contrast = (luminance(color) + 0.05) / (luminance(linear(DARK)) + 0.05);
                assert!(contrast >= 4.5, "{name}: {} has contrast {contrast:.1} on dark", class.id);
                for other in &classes[index + 1..] {
                    let (a, b) = (deuteranopia(color), deuteranopia(linear(&other.color)));
                    let distance = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    assert!(distance > 0.1, "{name}: {} and {} are {distance:.2} apart", class.id, other.id);
                }
            }
        }
    }

    #[test]
    fn names_what_is_wrong() {
        let wrong = |from: &str, to: &str| {
            let (_, images) = shipped().iter().find(|(id, _)| *id == "images").unwrap();
            parse_protocol(&images.replacen(from, to, 1)).unwrap_err().to_string()
        };
        assert_eq!(wrong("role: annotator", "role: null"), "protocol stages[0].role: is missing");
        assert!(wrong("rework_cap: 3", "rework_cup: 3").contains("unknown field `rework_cup`"));
        assert!(wrong("kind: flag", "kind: flog").contains("unknown variant `flog`"));
        assert!(wrong("title: Plain images", "title: [").starts_with("not a YAML document:"));
        let long = "#".repeat(PROTOCOL_BYTES_MAX + 1);
        assert!(matches!(parse_protocol(&long), Err(ProtocolDocumentError::TooLong { .. })));
    }
}
