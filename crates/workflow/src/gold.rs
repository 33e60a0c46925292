//! Hidden gold: beside which items a copy of a trusted one lies, and what somebody who read the copy got wrong.
//!
//! Pure: the place is drawn from a number of the item, under a seed which nobody who works can know.

use countersign_model::{Agreement, Annotation, ItemId};
use countersign_quality::instances::InstancesError;
use sha2::{Digest, Sha256};

use crate::compare::{Spacings, compare};

/// What the hash behind the number of a place begins with.
pub const PLACE_PREFIX: &[u8] = b"countersign gold place 1\n";

/// Whether a copy lies beside an item, so that in the long run `share` of what is read are copies: the number of the item, the first 8
/// bytes of SHA-256 over [`PLACE_PREFIX`], the seed and the item's id as a fraction of 2^64, is below share / (1 - share).
#[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
pub fn lies_beside(seed: &[u8; 32], item: ItemId, share: f64) -> bool {
    let mut hasher = Sha256::new();
    hasher.update(PLACE_PREFIX);
    hasher.update(seed);
    hasher.update(item.0.as_bytes());
    let bytes: [u8; 32] = hasher.finalize().into();
    let number = bytes[..8].iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let unit = (number >> 11) as f64 / (1_u64 << 53) as f64;
    share > 0.0 && share < 1.0 && unit < share / (1.0 - share)
}

/// What was right and what was said; `None` where nothing was.
pub type ClassPair = (Option<String>, Option<String>);

/// What a read of a gold item has otherwise than the trusted answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoldErrors {
    /// Marks of the answer that the read has not.
    pub missed: u32,
    /// Marks of the read that the answer has not.
    pub superfluous: u32,
    /// Marks in one place that differ in class, outline or answers.
    pub differing: u32,
    /// One of them is of a class with which an error is critical.
    pub critical: bool,
    /// The classes, for each of them that is no answer about the whole.
    pub pairs: Vec<ClassPair>,
}

impl GoldErrors {
    /// Whether anything is wrong.
    pub const fn is_wrong(&self) -> bool {
        self.missed + self.superfluous + self.differing > 0
    }
}

/// Holds a read against the trusted answer, by place and class, as independent reads are compared.
///
/// # Errors
/// [`InstancesError`] for overlaps that are no numbers.
pub fn judge(
    answer: &[Annotation],
    read: &[Annotation],
    rule: &Agreement,
    spacings: &Spacings,
    critical: &[String],
) -> Result<GoldErrors, InstancesError> {
    let found = compare(&[answer, read], rule, spacings)?;
    let mut errors = GoldErrors::default();
    for finding in found.disputed() {
        let mark = |reader: usize| {
            let at = finding.marks.iter().find(|(who, _)| *who == reader);
            at.map(|(_, index)| if reader == 0 { &answer[*index] } else { &read[*index] })
        };
        let (right, said) = (mark(0), mark(1));
        let count = match (right, said) {
            (Some(_), Some(_)) => &mut errors.differing,
            (Some(_), None) => &mut errors.missed,
            _ => &mut errors.superfluous,
        };
        *count = count.saturating_add(1);
        let class = |mark: Option<&Annotation>| mark.filter(|m| !m.is_answer()).map(|m| m.class.clone());
        let pair = (class(right), class(said));
        errors.critical |= [&pair.0, &pair.1].into_iter().flatten().any(|class| critical.contains(class));
        if pair != (None, None) {
            errors.pairs.push(pair);
        }
    }
    Ok(errors)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use countersign_model::{AnnotationId, Author, Shape, UserId};
    use uuid::Uuid;

    use super::*;

    fn mark(id: u128, class: &str, x: f64) -> Annotation {
        Annotation {
            id: AnnotationId(Uuid::from_u128(id)),
            class: class.into(),
            frame: None,
            shape: Shape::Box { x, y: 0.0, w: 10.0, h: 10.0 },
            attributes: BTreeMap::new(),
            author: Author::Human { user: UserId(Uuid::from_u128(1)) },
            version: 1,
            score: None,
            arrangement: Default::default(),
            unclear: None,
        }
    }

    #[test]
    fn in_the_long_run_the_share_is_what_the_protocol_says() {
        for share in [0.05, 0.2] {
            let items: u32 = 20_000;
            let beside = |n: &u32| lies_beside(&[7; 32], ItemId(Uuid::from_u128(u128::from(*n))), share);
            let copies = (0..items).filter(beside).count() as f64;
            let part = share / (1.0 - share);
            let (mean, spread) = (f64::from(items) * part, (f64::from(items) * part * (1.0 - part)).sqrt());
            assert!((copies - mean).abs() < 4.0 * spread, "{copies} of {mean}");
            assert!((copies / (copies + f64::from(items)) - share).abs() < 0.02);
        }
        assert!(!(0..1_000).any(|n| lies_beside(&[7; 32], ItemId(Uuid::from_u128(n)), 0.0)));
    }

    #[test]
    fn what_is_missed_too_many_and_another_class_is_told_apart() {
        let answer = [mark(1, "scratch", 0.0), mark(2, "dent", 50.0)];
        let right = judge(&answer, &answer, &Agreement::default(), &[], &[]).unwrap();
        assert!(!right.is_wrong() && right.pairs.is_empty());
        let read = [mark(3, "dent", 0.0), mark(4, "scratch", 200.0)];
        let critical = ["hole".to_owned()];
        let found = judge(&answer, &read, &Agreement::default(), &[], &critical).unwrap();
        assert_eq!((found.missed, found.superfluous, found.differing), (1, 1, 1));
        assert!(found.is_wrong() && !found.critical);
        let text = |class: &str| Some(class.to_owned());
        assert!(found.pairs.contains(&(text("scratch"), text("dent"))));
        assert!(
            found.pairs.contains(&(text("dent"), None)) && found.pairs.contains(&(None, text("scratch")))
        );
        let critical = ["dent".to_owned()];
        assert!(judge(&answer, &read, &Agreement::default(), &[], &critical).unwrap().critical);
    }
}
