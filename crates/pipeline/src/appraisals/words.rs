//! What is said of a study of people's eyes: what is fixed, how far it is, what came of it.

use countersign_model::{AppraisalId, Instant, ItemId, ProjectId, UserId};
use countersign_quality::{
    certify::Hash,
    study::{self, Kappa, Rate},
};
use serde::{Deserialize, Serialize};

use crate::signed_acts::SignedAct;

/// Version of the form of what is frozen, of figures and of records.
pub(super) const FORM_VERSION: u32 = 1;

/// Limits of the three figures of a person.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// Least share of parts that are judged as the reference every time.
    pub effectiveness: f64,
    /// Largest share of judgements of bad parts that say good.
    pub miss: f64,
    /// Largest share of judgements of good parts that say bad.
    pub false_alarm: f64,
}

impl Bar {
    pub(super) const fn limits(self) -> study::Limits {
        let Self { effectiveness, miss, false_alarm } = self;
        study::Limits { effectiveness, miss, false_alarm, surely: false }
    }
}

impl From<study::Limits> for Bar {
    fn from(limits: study::Limits) -> Self {
        Self { effectiveness: limits.effectiveness, miss: limits.miss, false_alarm: limits.false_alarm }
    }
}

/// From where on a person is acceptable, and from where on marginal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AppraisalLimits {
    /// Within these a person is acceptable.
    pub acceptable: Bar,
    /// Within these marginal; beyond, unacceptable.
    pub marginal: Bar,
}

impl Default for AppraisalLimits {
    /// Those of AIAG's manual.
    fn default() -> Self {
        Self { acceptable: study::Limits::default().into(), marginal: study::Limits::MARGINAL.into() }
    }
}

/// A part of a study.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PartDraft {
    /// An accepted item.
    pub item: ItemId,
    /// Whether people may well differ on it: a part near the limit.
    #[serde(default)]
    pub borderline: bool,
}

/// What is to be studied. Everything here is fixed before anybody judges.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AppraisalDraft {
    /// Unique within the project.
    pub name: String,
    /// What people are asked, to be answered with good or bad.
    pub question: String,
    /// Classes whose presence in the accepted labels makes a part bad; any label at all where empty.
    #[serde(default)]
    pub classes: Vec<String>,
    /// The parts.
    pub parts: Vec<PartDraft>,
    /// Whose eyes.
    pub appraisers: Vec<UserId>,
    /// How often each person judges each part: 2 or 3.
    pub trials: u32,
    /// Least time between two trials of a person, hours.
    #[serde(default)]
    pub rest_hours: u32,
    /// Name of the qualification that it certifies, as protocols ask for it.
    pub qualification: String,
    /// How long a certificate is valid that it gives, days.
    pub valid_days: u32,
    /// Confidence of the intervals, above 0 and below 1; 0.95 where absent.
    pub confidence: Option<f64>,
    /// Limits; AIAG's where absent.
    pub limits: Option<AppraisalLimits>,
}

/// An accepted item that could be a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PartCandidate {
    /// Item.
    pub item: ItemId,
    /// Its neutral name.
    pub name: String,
    /// What its accepted labels say: bad, or good.
    pub bad: bool,
    /// Those of the asked people for whom it is none: they worked on it, or were shown it.
    pub known_by: Vec<UserId>,
}

/// A line that the root is over: one part as it was frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartLine {
    /// The item's id.
    pub item: String,
    /// SHA-256 of the accepted read's canonical content, hexadecimal.
    pub content_hash: String,
    /// What the reference says.
    pub bad: bool,
    /// Chosen as a part on which people may differ.
    pub borderline: bool,
}

/// What is fixed at the moment of freezing; the log holds its hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    /// Version of this form.
    pub version: u32,
    /// Project.
    pub project: ProjectId,
    /// Name of the study.
    pub name: String,
    /// What people are asked.
    pub question: String,
    /// Classes that make a part bad; any where empty.
    pub classes: Vec<String>,
    /// Root over the parts' lines, in the order of their ids (RFC 6962).
    pub root: Hash,
    /// Parts.
    pub parts: u32,
    /// Of these, bad by the reference.
    pub bad: u32,
    /// Of these, borderline.
    pub borderline: u32,
    /// Whose eyes, by id.
    pub appraisers: Vec<UserId>,
    /// Trials.
    pub trials: u32,
    /// Least time between two trials of a person, seconds.
    pub rest_seconds: u32,
    /// Qualification.
    pub qualification: String,
    /// How long a certificate is valid, days.
    pub valid_days: u32,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// Limits.
    pub limits: AppraisalLimits,
}

/// In what a study falls short of what AIAG's manual asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Shortfall {
    /// Fewer than 50 parts.
    Parts,
    /// Not 30 to 50 % of the parts are borderline.
    Borderline,
    /// Fewer than three people.
    Appraisers,
    /// Fewer than three trials.
    Trials,
}

/// What a study says of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AppraisalVerdict {
    /// Every figure is within its limit.
    Acceptable,
    /// One is not, and all are within the wider limits.
    Marginal,
    /// One is beyond the wider limits.
    Unacceptable,
    /// They did not judge everything: nothing follows.
    Undecided,
}

impl AppraisalVerdict {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Acceptable => "acceptable",
            Self::Marginal => "marginal",
            Self::Unacceptable => "unacceptable",
            Self::Undecided => "undecided",
        }
    }
}

impl From<study::Verdict> for AppraisalVerdict {
    fn from(verdict: study::Verdict) -> Self {
        match verdict {
            study::Verdict::Acceptable => Self::Acceptable,
            study::Verdict::Marginal => Self::Marginal,
            study::Verdict::Unacceptable => Self::Unacceptable,
        }
    }
}

/// A share with its exact interval (Clopper and Pearson).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppraisalRate {
    /// How many.
    pub part: u64,
    /// Of how many.
    pub of: u64,
    /// Their share.
    pub share: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl From<Rate> for AppraisalRate {
    fn from(Rate { part, of, low, high }: Rate) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "judgements of one study are far below 2^53")]
        let share = part as f64 / of as f64;
        Self { part, of, share, low, high }
    }
}

/// A kappa with the manual's word for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppraisalKappa {
    /// Parts, or judgements, that it is over.
    pub of: u64,
    /// The coefficient.
    pub value: f64,
    /// Lower end of its interval; absent for Fleiss' kappa.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// `good` above 0.75, `poor` below 0.40, `fair` between.
    pub word: String,
}

impl From<Kappa> for AppraisalKappa {
    fn from(kappa: Kappa) -> Self {
        let Kappa { of, value, low, high } = kappa;
        Self { of, value, low, high, word: kappa.word().to_owned() }
    }
}

/// How often two answered what; what the first said comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CrossTable {
    /// Both good.
    pub good_good: u64,
    /// The first good, the second bad.
    pub good_bad: u64,
    /// The first bad, the second good.
    pub bad_good: u64,
    /// Both bad.
    pub bad_bad: u64,
}

impl From<study::Table> for CrossTable {
    fn from([[good_good, good_bad], [bad_good, bad_bad]]: study::Table) -> Self {
        Self { good_good, good_bad, bad_good, bad_bad }
    }
}

/// What came of a study for a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonFigures {
    /// Who.
    pub user: UserId,
    /// Their printed name.
    pub printed_name: String,
    /// Turns that they judged.
    pub judged: u64,
    /// Turns that they had.
    pub turns: u64,
    /// Parts judged the same every time.
    pub within: Option<AppraisalRate>,
    /// Parts judged as the reference every time.
    pub effectiveness: Option<AppraisalRate>,
    /// Judgements of bad parts that said good.
    pub miss: Option<AppraisalRate>,
    /// Judgements of good parts that said bad.
    pub false_alarm: Option<AppraisalRate>,
    /// With themselves (Fleiss).
    pub kappa_within: Option<AppraisalKappa>,
    /// With the reference (Cohen).
    pub kappa_reference: Option<AppraisalKappa>,
    /// What they said, and what the reference says.
    pub table: CrossTable,
    /// Parts that they were shown elsewhere, or worked on, while the study ran.
    pub seen_elsewhere: u64,
    /// What that says.
    pub verdict: AppraisalVerdict,
}

/// How two people agree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PairFigures {
    /// The one.
    pub first: UserId,
    /// The other.
    pub second: UserId,
    /// What the one and the other said in the same trial.
    pub table: CrossTable,
    /// Cohen's kappa.
    pub kappa: Option<AppraisalKappa>,
}

/// What came of a study; the log holds the hash of its text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppraisalFigures {
    /// Version of this form.
    pub version: u32,
    /// SHA-256 of what was frozen, hexadecimal.
    pub frozen_sha256: String,
    /// SHA-256 of the answers, one JSON object a line, hexadecimal.
    pub answers_sha256: String,
    /// `through`, or `ended` by somebody before that.
    pub stop: String,
    /// Parts that were held, sent back or labelled anew while the study ran.
    pub changed_parts: u64,
    /// Parts on which all people said the same every time.
    pub between: Option<AppraisalRate>,
    /// Parts on which all people said what the reference says every time.
    pub with_reference: Option<AppraisalRate>,
    /// All people and trials together (Fleiss).
    pub kappa_between: Option<AppraisalKappa>,
    /// Each person.
    pub people: Vec<PersonFigures>,
    /// Each pair.
    pub pairs: Vec<PairFigures>,
}

/// Somebody whose eyes are studied, and how far they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppraiserView {
    /// Who.
    pub user: UserId,
    /// Their printed name.
    pub printed_name: String,
    /// Turns that they judged.
    pub judged: u64,
    /// Turns that they have; 0 until the orders were drawn.
    pub turns: u64,
    /// What was issued for them.
    pub verdict: Option<String>,
}

/// A study as people see it. Whoever judges in it sees of others, of references and of seeds nothing until it is over.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppraisalView {
    /// Study.
    pub id: AppraisalId,
    /// Project.
    pub project: ProjectId,
    /// Name.
    pub name: String,
    /// `frozen`, `judging`, `ended`, `issued` or `void`.
    pub state: String,
    /// What people are asked.
    pub question: String,
    /// Classes that make a part bad; any where empty.
    pub classes: Vec<String>,
    /// The qualification that it certifies.
    pub qualification: String,
    /// How long a certificate is valid, days.
    pub valid_days: u32,
    /// Parts.
    pub parts: u32,
    /// Of these, bad by the reference.
    pub bad: Option<u32>,
    /// Of these, borderline.
    pub borderline: Option<u32>,
    /// Trials.
    pub trials: u32,
    /// Least time between two trials of a person, hours.
    pub rest_hours: u32,
    /// Confidence of the intervals.
    pub confidence: f64,
    /// Limits.
    pub limits: AppraisalLimits,
    /// In what it falls short of the manual.
    pub short_of: Vec<Shortfall>,
    /// Whose eyes.
    pub appraisers: Vec<AppraiserView>,
    /// SHA-256 of what was frozen, hexadecimal.
    pub frozen_hash: String,
    /// Seed of the orders, hexadecimal.
    pub seed: Option<String>,
    /// Printed name of who froze it.
    pub opened_by: Option<String>,
    /// When.
    pub frozen_at: Instant,
    /// When the orders were drawn.
    pub seeded_at: Option<Instant>,
    /// When it was over.
    pub ended_at: Option<Instant>,
    /// Why: `through` or `ended`.
    pub stop: Option<String>,
    /// What came of it; a person who sees no other figures of the project sees their own.
    pub figures: Option<AppraisalFigures>,
    /// Who signed it.
    pub issued: Option<SignedAct>,
    /// The caller judges in it, and has turns left.
    pub may_judge: bool,
    /// The caller may draw its orders, or end it.
    pub may_lead: bool,
    /// The caller may sign what came of it.
    pub may_issue: bool,
}

/// What somebody has to judge now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AppraisalTurn {
    /// What they are asked.
    pub question: String,
    /// Place over all trials, from 0; absent while there is nothing to judge.
    pub number: Option<u32>,
    /// Which trial, from 1.
    pub trial: u32,
    /// Trials.
    pub trials: u32,
    /// Pictures to look at.
    pub frames: u32,
    /// Turns judged so far.
    pub judged: u32,
    /// All turns.
    pub turns: u32,
    /// The next trial begins no earlier.
    pub rest_until: Option<Instant>,
}

/// An answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AppraisalAnswer {
    /// Bad, or good.
    pub bad: bool,
}
