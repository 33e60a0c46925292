//! Where two people let a release go, they are two, and neither drew what is in it.

use super::CERTIFICATE;
use super::fault::{ReleaseFault, ReleaseFaultKind};
use super::records::{Record, Signatory};

/// What an author's line in a record is called.
const AUTHORED: &str = "authored";

/// The people who let a release go, held against the authors of its records.
pub(super) struct LetGo<'a> {
    signatories: &'a [Signatory],
    own: Option<String>,
}

impl<'a> LetGo<'a> {
    pub const fn by(signatories: &'a [Signatory]) -> Self {
        Self { signatories, own: None }
    }

    /// Takes the next record.
    pub fn see(&mut self, record: &Record) {
        let drew = |actor: &str| record.authors.iter().any(|a| a.actor == actor && a.meaning == AUTHORED);
        if self.own.is_none() && self.signatories.iter().any(|one| drew(&one.actor)) {
            self.own = Some(record.item.clone());
        }
    }

    /// Releases that one person made say so by one line, and are not meant.
    pub fn check(self) -> Result<(), ReleaseFault> {
        let [first, second, ..] = self.signatories else { return Ok(()) };
        let fault = |detail| Err(ReleaseFault::new(ReleaseFaultKind::NotCertified, detail).file(CERTIFICATE));
        if first.actor == second.actor {
            return fault("one person signed for two".to_owned());
        }
        match self.own {
            Some(item) => fault(format!("an author of item {item} let it go")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Hash;
    use crate::release::{AnnotationRef, ProtocolRef};

    fn one(actor: &str, meaning: &str) -> Signatory {
        Signatory {
            actor: actor.into(),
            printed_name: actor.into(),
            role: "person".into(),
            meaning: meaning.into(),
            at: "2026-11-23T09:00:00.000000Z".into(),
            content_hash: Hash::of(b"content"),
        }
    }

    fn checked(signatories: &[Signatory]) -> Result<(), String> {
        let record = Record {
            item: "i-0".into(),
            name: "Study".into(),
            assets: vec![],
            annotations: Vec::<AnnotationRef>::new(),
            content_hash: Hash::of(b"content"),
            protocol: ProtocolRef { id: "radiology".into(), version: 1, content_hash: None },
            authors: vec![one("ann", "authored"), one("spec", "approved")],
        };
        let mut let_go = LetGo::by(signatories);
        let_go.see(&record);
        let_go.check().map_err(|fault| fault.detail)
    }

    #[test]
    fn they_are_two_and_drew_nothing_in_it() {
        let (ann, sci) = (one("ann", "approved"), one("sci", "approved"));
        let (owner, spec) = (one("owner", "released"), one("spec", "released"));
        assert_eq!(checked(&[sci.clone(), owner.clone()]), Ok(()));
        assert_eq!(checked(&[sci.clone(), spec]), Ok(()), "whoever signed labels drew none");
        assert_eq!(checked(&[owner.clone(), owner.clone()]), Err("one person signed for two".into()));
        assert_eq!(checked(&[ann.clone(), owner]), Err("an author of item i-0 let it go".into()));
        assert_eq!(checked(&[sci, one("ann", "released")]), Err("an author of item i-0 let it go".into()));
        assert_eq!(checked(&[ann]), Ok(()), "one person made it, and the certificate says so");
    }
}
