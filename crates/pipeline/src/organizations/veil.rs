//! What people of vendors are shown of what own staff signed: what it says, and nobody's name.

use crate::{
    guidelines::{GuidelineVersion, GuidelineView},
    names::HIDDEN_NAME,
    people::Caller,
    protocols::VersionView,
    qualifications::QualificationView,
};

/// A version of a protocol.
pub(crate) fn of_version(caller: &Caller, mut view: VersionView) -> VersionView {
    if caller.organization.is_vendor() {
        view.created_by = None;
        if let Some(signature) = &mut view.signature {
            signature.printed_name = HIDDEN_NAME.into();
        }
    }
    view
}

/// A version of a guideline. How many have read it, and which disputes led to it, is about others' work too.
pub(crate) fn of_guideline_version(caller: &Caller, mut view: GuidelineVersion) -> GuidelineVersion {
    if caller.organization.is_vendor() {
        view.published_by = HIDDEN_NAME.into();
        view.signature = None;
        view.disputes.clear();
        view.readers = 0;
    }
    view
}

/// Their own certificates.
pub(crate) fn of_certificates(caller: &Caller, mut views: Vec<QualificationView>) -> Vec<QualificationView> {
    for view in views.iter_mut().filter(|_| caller.organization.is_vendor()) {
        view.issued_by = None;
        view.revoked_by = None;
    }
    views
}

/// A guideline with its versions.
pub(crate) fn of_guideline(caller: &Caller, mut view: GuidelineView) -> GuidelineView {
    view.current = view.current.map(|version| of_guideline_version(caller, version));
    view.versions = view.versions.into_iter().map(|version| of_guideline_version(caller, version)).collect();
    if let Some(planned) = view.planned.as_mut().filter(|_| caller.organization.is_vendor()) {
        planned.signed_by = HIDDEN_NAME.into();
    }
    view
}
