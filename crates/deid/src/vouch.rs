//! Whether the pixels of a cleaned instance may go to people without a privacy officer looking first.
//!
//! Nothing here looks at pixels. It knows which kinds of object carry text in their pixels and holds those;
//! what it does not know, it holds.

use countersign_dicom::Facts;

use crate::Report;
use serde::{Deserialize, Serialize};

/// Why an instance waits for a privacy officer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HoldReason {
    /// Burned In Annotation says YES.
    BurnedInDeclared,
    /// The SOP class often has text in its pixels (ultrasound, photographs, fluoroscopy, radiographs) and
    /// Burned In Annotation does not rule it out.
    BurnedInNotRuledOut,
    /// A secondary capture: a picture of a screen or of paper; no tag rules text out.
    SecondaryCapture,
    /// Image Type says that the pixels were made from others, or from a screen.
    SecondaryImage,
    /// A report, presentation state or other structured content: its words are its content.
    StructuredContent,
    /// An encapsulated document.
    EncapsulatedDocument,
    /// A video: frames that were not looked at one by one.
    Video,
    /// No SOP class, or one that is not known here.
    UnknownClass,
    /// No pixel data in an object that should have them.
    NotAnImage,
    /// The pixels cannot be decoded here, so nobody can look at them either.
    NotDecodable,
    /// The label or the overview of a slide: both show the label with its barcode and its handwriting.
    SlideLabel,
    /// An overlay may stand in the unused bits of coded pixels.
    OverlayInPixels,
}

impl HoldReason {
    /// A stable machine-readable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::BurnedInDeclared => "burned-in-declared",
            Self::BurnedInNotRuledOut => "burned-in-not-ruled-out",
            Self::SecondaryCapture => "secondary-capture",
            Self::SecondaryImage => "secondary-image",
            Self::StructuredContent => "structured-content",
            Self::EncapsulatedDocument => "encapsulated-document",
            Self::Video => "video",
            Self::UnknownClass => "unknown-class",
            Self::NotAnImage => "not-an-image",
            Self::NotDecodable => "not-decodable",
            Self::SlideLabel => "slide-label",
            Self::OverlayInPixels => "overlay-in-pixels",
        }
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Text in the pixels is ruled out by class and tags.
    Vouched,
    /// A privacy officer decides; the reasons are sorted and unique.
    Hold(Vec<HoldReason>),
}

/// What a SOP class says about text in its pixels.
enum Class {
    /// Pixels come from a detector or a computation.
    Clean,
    /// Text is common.
    Risk,
    /// Always for a person.
    Always(HoldReason),
}

/// Reports that hold numbers and codes by their nature (PS3.4 B.5): dose of X-rays, of radiopharmaceuticals,
/// of a patient, enhanced dose of X-rays.
const DOSE_REPORTS: [&str; 4] = ["88.67", "88.68", "88.73", "88.76"];
/// VL Whole Slide Microscopy Image.
const SLIDE: &str = "77.1.6";
const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";

/// Classes by their number below [`STORAGE`] (PS3.6 Annex A); a trailing dot means "and all below".
const CLASSES: &[(&str, Class)] = &[
    ("2", Class::Clean),
    ("2.1", Class::Clean),
    ("2.2", Class::Clean),
    ("4", Class::Clean),
    ("4.1", Class::Clean),
    ("4.3", Class::Clean),
    ("4.4", Class::Clean),
    ("128", Class::Clean),
    ("128.1", Class::Clean),
    ("130", Class::Clean),
    ("20", Class::Clean),
    ("30", Class::Clean),
    ("66.4", Class::Clean),
    ("66.7", Class::Clean),
    ("481.2", Class::Clean),
    ("1", Class::Risk),
    ("1.", Class::Risk),
    ("3", Class::Risk),
    ("3.1", Class::Risk),
    ("6", Class::Risk),
    ("6.1", Class::Risk),
    ("6.2", Class::Risk),
    ("12.", Class::Risk),
    ("13.", Class::Risk),
    ("14.", Class::Risk),
    ("481.1", Class::Risk),
    ("77.1.1.1", Class::Always(HoldReason::Video)),
    ("77.1.2.1", Class::Always(HoldReason::Video)),
    ("77.1.4.1", Class::Always(HoldReason::Video)),
    ("77.1.", Class::Risk),
    ("7", Class::Always(HoldReason::SecondaryCapture)),
    ("7.", Class::Always(HoldReason::SecondaryCapture)),
    ("104.", Class::Always(HoldReason::EncapsulatedDocument)),
    ("88.", Class::Always(HoldReason::StructuredContent)),
    ("11.", Class::Always(HoldReason::StructuredContent)),
];

fn class(uid: &str) -> Option<&'static Class> {
    let number = uid.strip_prefix(STORAGE)?;
    let known = |n: &str| number == n || n.ends_with('.') && number.starts_with(n);
    CLASSES.iter().find(|(n, _)| known(n)).map(|(_, c)| c)
}

/// Whether an instance with these facts may be cleared without a person.
///
/// A class whose pixels come from a detector is vouched for as long as nothing says otherwise. A class
/// where text is common is vouched for only by Burned In Annotation = NO. A secondary capture, a report,
/// a document and a video always wait.
#[must_use]
pub fn verdict(facts: &Facts) -> Verdict {
    let mut reasons = Vec::new();
    let ruled_out = facts.burned_in_annotation == Some(false);
    if facts.burned_in_annotation == Some(true) {
        reasons.push(HoldReason::BurnedInDeclared);
    }
    let number = facts.sop_class_uid.as_deref().and_then(|uid| uid.strip_prefix(STORAGE));
    if number == Some(SLIDE) && facts.image_type.iter().any(|t| t == "LABEL" || t == "OVERVIEW") {
        reasons.push(HoldReason::SlideLabel);
    }
    let screen = facts.image_type.iter().any(|t| t.contains("SCREEN") || t.contains("CAPTURE"));
    let secondary = facts.image_type.get(1).is_some_and(|t| t == "SECONDARY");
    if screen || secondary && !ruled_out {
        reasons.push(HoldReason::SecondaryImage);
    }
    if matches!(facts.modality.as_deref(), Some("OT" | "DOC" | "SC")) {
        reasons.push(HoldReason::SecondaryCapture);
    }
    let image = match facts.sop_class_uid.as_deref().and_then(class) {
        None => {
            reasons.push(HoldReason::UnknownClass);
            facts.rows.is_some()
        }
        Some(Class::Always(reason)) => {
            reasons.push(*reason);
            matches!(reason, HoldReason::SecondaryCapture | HoldReason::Video)
        }
        Some(Class::Risk) => {
            if !ruled_out {
                reasons.push(HoldReason::BurnedInNotRuledOut);
            }
            true
        }
        Some(Class::Clean) => true,
    };
    if image && facts.frames == 0 {
        reasons.push(HoldReason::NotAnImage);
    }
    if facts.frames > 0
        && countersign_dicom::coding(&facts.transfer_syntax_uid) == countersign_dicom::Coding::None
    {
        reasons.push(HoldReason::NotDecodable);
    }
    reasons.sort_unstable();
    reasons.dedup();
    if reasons.is_empty() { Verdict::Vouched } else { Verdict::Hold(reasons) }
}

/// As [`verdict`], for an instance that was cleaned with this report.
///
/// A dose report whose content went through the list of concepts holds nothing else any more. Pixels of which
/// the caller said that their text was removed are held for no text; what is held for another reason stays
/// held.
#[must_use]
pub fn verdict_cleaned(facts: &Facts, report: &Report) -> Verdict {
    let mut reasons = match verdict(facts) {
        Verdict::Vouched => Vec::new(),
        Verdict::Hold(reasons) => reasons,
    };
    if report.overlay_in_coded_pixels {
        reasons.push(HoldReason::OverlayInPixels);
    }
    let number = facts.sop_class_uid.as_deref().and_then(|uid| uid.strip_prefix(STORAGE));
    if report.structured_content_cleaned
        && number.is_some_and(|n| DOSE_REPORTS.contains(&n))
        && facts.frames == 0
    {
        reasons.retain(|r| *r != HoldReason::StructuredContent);
    }
    if report.pixels_cleaned {
        let text = |r: &HoldReason| {
            matches!(
                r,
                HoldReason::BurnedInDeclared
                    | HoldReason::BurnedInNotRuledOut
                    | HoldReason::SecondaryCapture
                    | HoldReason::SecondaryImage
            )
        };
        reasons.retain(|r| !text(r));
    }
    if reasons.is_empty() { Verdict::Vouched } else { Verdict::Hold(reasons) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(class: &str, image_type: &[&str], burned_in: Option<bool>) -> Facts {
        Facts {
            sop_class_uid: Some(format!("{STORAGE}{class}")),
            image_type: image_type.iter().map(|t| (*t).to_owned()).collect(),
            burned_in_annotation: burned_in,
            frames: 1,
            rows: Some(8),
            transfer_syntax_uid: countersign_dicom::EXPLICIT_LITTLE.to_owned(),
            ..Facts::default()
        }
    }

    fn held(f: &Facts, reason: HoldReason) -> bool {
        matches!(verdict(f), Verdict::Hold(r) if r.contains(&reason))
    }

    #[test]
    fn original_cross_sections_are_vouched_for() {
        for class in ["2", "4", "128", "2.1"] {
            assert_eq!(verdict(&facts(class, &["ORIGINAL", "PRIMARY"], None)), Verdict::Vouched, "{class}");
        }
        assert!(held(&facts("2", &["ORIGINAL", "PRIMARY"], Some(true)), HoldReason::BurnedInDeclared));
        assert!(held(&facts("2", &["DERIVED", "SECONDARY"], None), HoldReason::SecondaryImage));
        assert!(held(
            &facts("2", &["DERIVED", "PRIMARY", "SCREEN SAVE"], Some(false)),
            HoldReason::SecondaryImage
        ));
    }

    #[test]
    fn risky_classes_need_the_tag() {
        for class in ["6.1", "3.1", "12.1", "1", "1.1", "77.1.4"] {
            assert!(held(&facts(class, &[], None), HoldReason::BurnedInNotRuledOut), "{class}");
            assert_eq!(verdict(&facts(class, &[], Some(false))), Verdict::Vouched, "{class}");
        }
    }

    #[test]
    fn no_tag_vouches_for_a_capture_a_report_or_a_document() {
        for (class, reason) in [
            ("7", HoldReason::SecondaryCapture),
            ("7.4", HoldReason::SecondaryCapture),
            ("88.11", HoldReason::StructuredContent),
            ("104.1", HoldReason::EncapsulatedDocument),
            ("77.1.4.1", HoldReason::Video),
            ("9999", HoldReason::UnknownClass),
        ] {
            assert!(held(&facts(class, &["ORIGINAL", "PRIMARY"], Some(false)), reason), "{class}");
        }
        assert!(held(&Facts::default(), HoldReason::UnknownClass));
    }

    #[test]
    fn labels_of_slides_always_wait() {
        for kind in ["LABEL", "OVERVIEW"] {
            let image = facts("77.1.6", &["ORIGINAL", "PRIMARY", kind, "NONE"], Some(false));
            assert!(held(&image, HoldReason::SlideLabel), "{kind}");
        }
        let level = facts("77.1.6", &["ORIGINAL", "PRIMARY", "VOLUME", "NONE"], Some(false));
        assert_eq!(verdict(&level), Verdict::Vouched);
    }

    #[test]
    fn cleaning_lifts_what_it_cleaned() {
        let mut report = Report::new(&crate::Profile::basic());
        let dose = Facts { frames: 0, rows: None, ..facts("88.67", &[], None) };
        let letter = Facts { frames: 0, rows: None, ..facts("88.11", &[], None) };
        assert!(matches!(verdict_cleaned(&dose, &report), Verdict::Hold(_)));
        report.structured_content_cleaned = true;
        assert_eq!(verdict_cleaned(&dose, &report), Verdict::Vouched);
        assert!(matches!(verdict_cleaned(&letter, &report), Verdict::Hold(_)), "words are its content");
        let ultrasound = facts("6.1", &[], Some(true));
        assert!(matches!(verdict_cleaned(&ultrasound, &report), Verdict::Hold(_)));
        report.pixels_cleaned = true;
        assert_eq!(verdict_cleaned(&ultrasound, &report), Verdict::Vouched);
        assert!(matches!(verdict_cleaned(&facts("104.1", &[], None), &report), Verdict::Hold(_)));
        report.overlay_in_coded_pixels = true;
        assert!(
            matches!(verdict_cleaned(&ultrasound, &report), Verdict::Hold(r) if r == [HoldReason::OverlayInPixels])
        );
    }

    #[test]
    fn a_number_is_not_matched_by_its_beginning() {
        assert!(held(&facts("22", &[], Some(false)), HoldReason::UnknownClass));
        assert!(held(&facts("200.1", &[], Some(false)), HoldReason::UnknownClass));
    }
}
