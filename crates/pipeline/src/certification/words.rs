//! What is said of a certification: what is fixed, what is found, what is stated.

use countersign_ledger::{Hash, release::ProtocolRef};
use countersign_model::{AnnotationId, CertificationId, Instant, ProjectId};
use countersign_quality::certify::{self, Bounds, Certificate, Plan, UnitBound};
use countersign_store::certifications::Certification;
use serde::{Deserialize, Serialize};

/// Version of the form of what is frozen and of certificates.
pub(super) const FORM_VERSION: u32 = 1;

/// The ways in which a label can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Something is there that no label names.
    Missed,
    /// A label names what is not there.
    Extra,
    /// Right place, wrong class.
    WrongClass,
    /// Right class, but place or extent are off.
    Misplaced,
    /// An attribute is wrong.
    Attribute,
}

impl ErrorKind {
    const STANDARD: [Self; 4] = [Self::Missed, Self::Extra, Self::WrongClass, Self::Misplaced];
}

/// How bad an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Would change nothing for whoever uses the label.
    Minor,
    /// Could mislead.
    Major,
    /// Could harm somebody.
    Critical,
}

impl Severity {
    /// Weight in the mean severity, 0 to 1.
    pub(super) const fn weight(self) -> f64 {
        match self {
            Self::Minor => 0.1,
            Self::Major => 0.5,
            Self::Critical => 1.0,
        }
    }
}

/// One error in a unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FoundError {
    /// The class that the error is about: the right one where a label names another.
    pub class: String,
    /// In which way.
    pub kind: ErrorKind,
    /// How bad.
    pub severity: Severity,
    /// The label that is wrong; absent for what was missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotation: Option<AnnotationId>,
}

/// Over which units a class is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Among {
    /// All units: what was missed counts, but a rare class is hardly bounded.
    All,
    /// Units whose frozen labels name the class: what was missed elsewhere does not count here.
    Claiming,
}

/// A class that is to have a bound of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ClassWish {
    /// Its id in the protocol.
    pub class: String,
    /// Over which units.
    pub among: Among,
}

/// What is to be certified, and how. Everything here is fixed before the first unit is looked at.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CertificationDraft {
    /// Unique within the project.
    pub name: String,
    /// Share of wrong units that the audit stops at once it is bounded, above 0 and below 1.
    pub target: f64,
    /// Most units that are judged; the whole set or the largest possible sample where absent.
    pub sample_max: Option<u64>,
    /// Confidence of all bounds together, above 0 and below 1; 0.95 where absent.
    pub confidence: Option<f64>,
    /// Against what labels are held, in words: who reads, under which guideline. It is not the truth.
    pub reference: String,
    /// What counts as an error, in words.
    pub error: String,
    /// Which ways of being wrong count; all but attributes where empty.
    #[serde(default)]
    pub counts: Vec<ErrorKind>,
    /// Classes with bounds of their own; each takes its part of the allowed error.
    #[serde(default)]
    pub classes: Vec<ClassWish>,
    /// Whether the mean severity is bounded too.
    #[serde(default)]
    pub severity: bool,
}

impl CertificationDraft {
    /// The kinds that count, each once.
    pub(super) fn kinds(&self) -> Vec<ErrorKind> {
        counted_kinds(&self.counts)
    }
}

/// The kinds that count, each once; all but attributes where none is named.
pub(crate) fn counted_kinds(named: &[ErrorKind]) -> Vec<ErrorKind> {
    let mut kinds = if named.is_empty() { ErrorKind::STANDARD.to_vec() } else { named.to_vec() };
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// A line that the root is over: one item as it was frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitLine {
    /// The item's id.
    pub item: String,
    /// Classes that its labels name, in order.
    pub classes: Vec<String>,
    /// Its labels.
    pub annotations: u64,
    /// SHA-256 of the accepted read's canonical content.
    pub content_hash: Hash,
    /// SHA-256 of each cleared asset, in frame order.
    pub assets: Vec<Hash>,
    /// The protocol it was done under.
    pub protocol: ProtocolRef,
}

/// What is fixed at the moment of freezing; the log holds its hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// Version of this form.
    pub version: u32,
    /// Project.
    pub project: ProjectId,
    /// Name of the certification.
    pub name: String,
    /// Root over the units' lines, in the order of their ids (RFC 6962).
    pub root: certify::Hash,
    /// Units.
    pub units: u64,
    /// Accepted items that are no units: they cannot be assessed, so no label of them could be right or wrong. Absent where
    /// there is none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub not_assessed: u64,
    /// Confidence, reference, error definition, classes.
    pub plan: Plan,
    /// Which ways of being wrong count.
    pub counts: Vec<ErrorKind>,
    /// The audit stops once so large a share is bounded.
    pub target: f64,
    /// The audit stops after so many units.
    pub sample_max: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Who audited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditorRef {
    /// Pseudonymous id.
    pub actor: String,
    /// Name as they print it.
    pub printed_name: String,
    /// Units that they judged.
    pub units: u64,
}

/// The certificate of labels as it is kept, downloaded and put into releases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelCertificate {
    /// What this is.
    pub kind: String,
    /// Version of this form.
    pub version: u32,
    /// The one sentence.
    pub statement: String,
    /// What was fixed, in the exact text whose hash the log holds.
    pub frozen: String,
    /// When: UTC, RFC 3339.
    pub frozen_at: String,
    /// When the order was drawn.
    pub seeded_at: String,
    /// Why the audit ended: `target`, `sample` or `ended`.
    pub stop: String,
    /// Who audited.
    pub auditors: Vec<AuditorRef>,
    /// SHA-256 of the findings, as they are in a release.
    pub findings_sha256: Hash,
    /// Root, order and bounds.
    pub certificate: Certificate,
}

/// A bound on a number of units.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BoundView {
    /// Units that it is about.
    pub lot: u64,
    /// Of these, judged.
    pub checked: u64,
    /// Of these, wrong.
    pub found: u64,
    /// At most so many of the lot were wrong when it was frozen.
    pub upper: u64,
    /// At most so many still are, if those that were found are corrected or left out.
    pub left: u64,
    /// `upper` as a share of the lot.
    pub share: f64,
}

impl From<UnitBound> for BoundView {
    fn from(bound: UnitBound) -> Self {
        let UnitBound { lot, checked, found, upper, left, share } = bound;
        Self { lot, checked, found, upper, left, share }
    }
}

/// A bound on a class.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClassBoundView {
    /// The class.
    pub class: String,
    /// Over which units.
    pub among: Among,
    /// The bound; absent where no unit is of it.
    pub bound: Option<BoundView>,
}

/// A bound on the mean severity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeverityView {
    /// Mean over the judged units: 0.1 minor, 0.5 major, 1 critical, the worst error of each unit.
    pub mean: f64,
    /// At most so much is the mean over the set.
    pub upper: f64,
}

/// A certification as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CertificationView {
    /// Certification.
    pub id: CertificationId,
    /// Project.
    pub project: ProjectId,
    /// Name.
    pub name: String,
    /// `frozen`, `auditing`, `ended`, `closed` or `void`.
    pub state: String,
    /// Root over what was frozen, hexadecimal.
    pub root: String,
    /// Seed of the order, hexadecimal; absent until it was drawn.
    pub seed: Option<String>,
    /// Items in the set.
    pub units: u64,
    /// Accepted items that are not in it because they cannot be assessed.
    pub not_assessed: u64,
    /// What they are, in the plural.
    pub unit_word: String,
    /// Confidence of all bounds together.
    pub confidence: f64,
    /// Audits of any of these labels that were begun before.
    pub earlier: u64,
    /// Error that all bounds together may have: 1 - confidence, less what earlier audits could still have claimed.
    pub allowed: f64,
    /// The audit stops once so large a share is bounded.
    pub target: f64,
    /// The audit stops after so many units.
    pub sample_max: u64,
    /// Against what labels are held.
    pub reference: String,
    /// What counts as an error.
    pub error: String,
    /// Which ways of being wrong count.
    pub counts: Vec<ErrorKind>,
    /// Units from the first of the order on that were judged without a gap.
    pub checked: u64,
    /// Of these, wrong.
    pub found: u64,
    /// The bound over all units; absent before the first judgement.
    pub overall: Option<BoundView>,
    /// The bound on the mean severity, if planned.
    pub severity: Option<SeverityView>,
    /// The bounds on classes, as planned.
    pub classes: Vec<ClassBoundView>,
    /// How many bounds share the allowed error.
    pub bounds: Option<u64>,
    /// Why the audit ended.
    pub stop: Option<String>,
    /// The sentence of the certificate, once there is one.
    pub statement: Option<String>,
    /// Who audited, once certified.
    pub auditors: Vec<AuditorRef>,
    /// Printed name of who froze it.
    pub opened_by: Option<String>,
    /// When it was frozen.
    pub frozen_at: Instant,
    /// When the order was drawn.
    pub seeded_at: Option<Instant>,
    /// When it was certified.
    pub closed_at: Option<Instant>,
}

impl CertificationView {
    pub(super) fn new(
        row: Certification,
        frozen: Frozen,
        bounds: Option<Bounds>,
        opened_by: Option<String>,
        certificate: Option<LabelCertificate>,
    ) -> Self {
        let class = |class: &certify::ClassBound| ClassBoundView {
            class: class.plan.class.clone(),
            among: class.plan.among.into(),
            bound: class.bound.map(Into::into),
        };
        let severity = bounds.as_ref().and_then(|bounds| bounds.severity);
        let (statement, auditors) =
            certificate.map_or((None, Vec::new()), |it| (Some(it.statement), it.auditors));
        // Worked out when it was frozen, too: what has no number now had none then.
        let allowed = frozen.plan.allowed().unwrap_or_default();
        Self {
            id: row.id,
            project: row.project_id,
            name: row.name,
            state: row.state,
            root: row.root,
            seed: row.seed,
            units: row.units,
            not_assessed: frozen.not_assessed,
            unit_word: frozen.plan.units,
            confidence: frozen.plan.confidence,
            earlier: frozen.plan.earlier.len() as u64,
            allowed,
            target: frozen.target,
            sample_max: row.sample_max,
            reference: frozen.plan.reference,
            error: frozen.plan.error,
            counts: frozen.counts,
            checked: row.checked,
            found: row.found,
            overall: bounds.as_ref().map(|bounds| bounds.overall.into()),
            severity: severity.map(|it| SeverityView { mean: it.mean, upper: it.upper }),
            classes: bounds.iter().flat_map(|bounds| &bounds.classes).map(class).collect(),
            bounds: bounds.as_ref().map(|bounds| bounds.bounds as u64),
            stop: row.stop,
            statement,
            auditors,
            opened_by,
            frozen_at: row.frozen_at,
            seeded_at: row.seeded_at,
            closed_at: row.closed_at,
        }
    }
}

impl From<certify::Among> for Among {
    fn from(among: certify::Among) -> Self {
        match among {
            certify::Among::All => Self::All,
            certify::Among::Claiming => Self::Claiming,
        }
    }
}

impl From<Among> for certify::Among {
    fn from(among: Among) -> Self {
        match among {
            Among::All => Self::All,
            Among::Claiming => Self::Claiming,
        }
    }
}
