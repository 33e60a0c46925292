//! How pressing an entry of the queue is, from its reasons. Pure; it orders the queue and decides nothing.

/// The cleaner failed: such an item can only be rejected.
pub(super) const NOT_CLEANED: &str = "not-cleaned";
/// Pictures of streets and rooms wait: nobody has looked for faces and plates.
pub(super) const FACES_NOT_RULED_OUT: &str = "faces-and-plates-not-ruled-out";

/// The detector found text and masked it: a person looks at the masks once.
pub(super) const TEXT_MASKED: &str = "text-masked";
/// The detector found text, and the protocol lets nobody mask it by machine.
pub(super) const TEXT_FOUND: &str = "text-found";
/// The detector could not look at the pixels of a class where text is common.
pub(super) const NOT_LOOKED_AT: &str = "pixels-not-looked-at";

/// Frames are missing at the end of the file: nobody can look at what is not there.
pub(super) const TRUNCATED: &str = "truncated-pixel-data";

/// The protocol wants faces taken off head scans, and in a series none was found that could be.
pub(super) const FACE_NOT_REMOVED: &str = "face-not-removed";

/// Greatest risk.
pub(super) const RISK_MAX: u32 = 100;
/// Weight of a reason that is not in the table: what is not known is not small.
const UNKNOWN_WEIGHT: f64 = 0.9;

/// What a reason says about the risk that somebody can be told, from 0 to 1, and whether looking at the pictures can
/// settle it. The weights are judgement: they only have to put the likelier harm first.
const REASONS: &[(&str, f64, bool)] = &[
    ("burned-in-declared", 0.9, true),
    ("encapsulated-document", 0.9, false),
    ("slide-label", 0.9, true),
    ("structured-content", 0.8, false),
    ("secondary-capture", 0.75, true),
    ("unknown-class", 0.7, false),
    ("overlay-in-pixels", 0.65, false),
    ("video", 0.65, false),
    (TEXT_FOUND, 0.8, true),
    (NOT_LOOKED_AT, 0.6, true),
    ("not-decodable", 0.6, false),
    (TRUNCATED, 0.5, false),
    (NOT_CLEANED, 0.6, false),
    ("face-may-be-recognizable", 0.5, false),
    (FACE_NOT_REMOVED, 0.5, false),
    (FACES_NOT_RULED_OUT, 0.5, true),
    ("secondary-image", 0.45, true),
    ("burned-in-not-ruled-out", 0.35, true),
    (TEXT_MASKED, 0.3, true),
    ("not-an-image", 0.2, false),
];

/// Risk of an entry, 0 to 100: `100 · (1 − Π (1 − weight))`, so that each further reason adds and none subtracts.
pub(super) fn score<S: AsRef<str>>(reasons: &[S]) -> u32 {
    let left: f64 = reasons.iter().map(|code| 1.0 - weight(code.as_ref())).product();
    // Between 0 and 100 by construction.
    ((1.0 - left) * f64::from(RISK_MAX)).round() as u32
}

fn weight(code: &str) -> f64 {
    REASONS.iter().find(|(known, ..)| *known == code).map_or(UNKNOWN_WEIGHT, |(_, weight, _)| *weight)
}

/// Whether a person who looks at every picture can settle this reason. Where nobody can, clearing takes a waiver: a
/// person answers for a risk that stays.
pub(super) fn settled_by_looking(code: &str) -> bool {
    REASONS.iter().find(|(known, ..)| *known == code).is_some_and(|(.., looking)| *looking)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_reasons_are_more_risk_and_the_unknown_is_not_small() {
        assert_eq!(score::<&str>(&[]), 0);
        assert_eq!(score(&["burned-in-not-ruled-out"]), 35);
        assert_eq!(score(&["something new"]), 90);
        for (code, ..) in REASONS {
            let alone = score(&[*code]);
            assert!(alone > 0 && alone <= RISK_MAX);
            assert!(score(&[*code, "secondary-image"]) >= alone);
        }
        let all: Vec<&str> = REASONS.iter().map(|(code, ..)| *code).collect();
        assert_eq!(score(&all), RISK_MAX);
    }

    #[test]
    fn what_nobody_can_see_takes_a_waiver() {
        assert!(settled_by_looking("secondary-capture") && settled_by_looking(FACES_NOT_RULED_OUT));
        assert!(!settled_by_looking("not-decodable") && !settled_by_looking("something new"));
    }
}
