//! Certified releases: a set of accepted labels is frozen, the order of its audit is drawn after that, people who had no
//! part in the labels judge one item after the other, and a bound on the error of the whole set stands at every moment.
//!
//! What was fixed, the order and the certificate are in the log by their hashes; whoever has the files of a release can
//! recompute all of it (`offline`).

pub(crate) mod audit;
mod close;
mod earlier;
pub(crate) mod freeze;
pub(crate) mod judge;
pub(crate) mod offline;
mod words;

use countersign_model::{CertificationId, ProjectId};
use countersign_quality::certify::{Bounds, Finding};
use countersign_store::{Conn, batches, certifications, users};

pub use audit::{AuditUnit, ClassDifference, OwnJudgement, ShownUnit};
pub use judge::{FindingView, Judgement};
pub(crate) use offline::audit_files;
pub use offline::{
    AuditFiles, CERTIFICATE_BYTES_MAX, CERTIFICATE_FILE, FINDINGS_BYTES_MAX, FINDINGS_FILE, LabelFault,
    LabelReport, PROOF_FILES, UNITS_BYTES_MAX, UNITS_FILE, verify_labels,
};
use words::Frozen;
pub use words::{
    Among, BoundView, CertificationDraft, CertificationView, ClassBoundView, ClassWish, ErrorKind,
    FoundError, LabelCertificate, Severity, SeverityView,
};
pub(crate) use words::{UnitLine, counted_kinds};

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    people::Caller,
    views::{Page, page_length},
};

/// Most units of a frozen set.
pub const UNITS_MAX: usize = 200_000;
/// Most units that one audit judges: what people can look at.
pub const SAMPLE_MAX: u64 = 10_000;
/// Longest description of a reference or of what counts as an error, characters.
pub(crate) const TEXT_CHARS_MAX: usize = 500;
/// How long a unit is one auditor's to judge, seconds.
const CLAIM_SECONDS: i64 = 3_600;

impl Pipeline {
    /// Certifications of a project, newest first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_cursor`.
    pub async fn certifications(
        &self,
        caller: &Caller,
        project: ProjectId,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<CertificationView>> {
        self.require_on(caller, Action::ViewQuality, project)?;
        let before = cursor.as_deref().map(str::parse).transpose();
        let before = before.map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))?;
        let limit = page_length(limit);
        let mut conn = self.store.read().await?;
        let found = certifications::of_project(&mut conn, project, before, limit + 1).await?;
        let page = Page::cut(found, limit, |row| row.id.to_string());
        let mut shown = Vec::with_capacity(page.items.len());
        for row in page.items {
            shown.push(view(&mut conn, row).await?);
        }
        Ok(Page { items: shown, next: page.next })
    }

    /// One certification with its bounds as they are.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn certification(&self, caller: &Caller, id: CertificationId) -> Result<CertificationView> {
        let mut conn = self.store.read().await?;
        only_certificate(&mut conn, id).await?;
        let row = certifications::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ViewQuality, row.project_id)?;
        view(&mut conn, row).await
    }
}

/// Refuses the audit of a batch where a certificate is asked for.
async fn only_certificate(conn: &mut Conn, id: CertificationId) -> Result<()> {
    if batches::is_batch(conn, id).await? { Err(PipelineError::NotFound) } else { Ok(()) }
}

async fn view(conn: &mut Conn, row: certifications::Certification) -> Result<CertificationView> {
    let frozen: Frozen = parsed("certifications.frozen", &row.frozen)?;
    let bounds: Option<Bounds> =
        row.bounds.as_deref().map(|text| parsed("certifications.bounds", text)).transpose()?;
    let opened_by = match row.opened_by {
        Some(user) => users::by_id(conn, user).await?.map(|user| user.printed_name),
        None => None,
    };
    let certificate = row.certificate.as_deref().map(|text| parsed("certifications.certificate", text));
    Ok(CertificationView::new(row, frozen, bounds, opened_by, certificate.transpose()?))
}

pub(crate) fn parsed<T: serde::de::DeserializeOwned>(place: &str, text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| PipelineError::Internal(format!("{place}: {error}")))
}

pub(crate) fn spelled<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| PipelineError::Internal(error.to_string()))
}

/// What was found in a judged unit, in the words of the bound: only errors that count under the definition.
pub(crate) fn finding(unit: &certifications::Unit, counts: &[ErrorKind]) -> Result<Finding> {
    let errors: Vec<FoundError> =
        parsed("certification_units.errors", unit.errors.as_deref().unwrap_or("[]"))?;
    let counted = errors.into_iter().filter(|error| counts.contains(&error.kind));
    Ok(Finding {
        unit: unit.item_id.to_string(),
        errors: counted.map(|error| error.class).collect(),
        severity: unit.severity.unwrap_or(0.0),
    })
}

/// The judged units from the first of the order on, up to the first gap.
pub(crate) fn without_gap(judged: &[certifications::Unit]) -> &[certifications::Unit] {
    let end = judged.iter().zip(0_u32..).take_while(|(unit, place)| unit.position == Some(*place)).count();
    &judged[..end]
}
