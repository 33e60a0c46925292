//! How far independent readers agree: per item and class, by pairs of readers, and finding by finding.
//!
//! Only the first readers of an item are compared with each other: who is asked later, because two differ, sees harder
//! items than the rest. A project's figures take only items whose reads the caller may see; a release's figures take its
//! items as they were when it was begun, so that the same rows give the same bytes.

mod answers;
mod behind;
mod figures;
mod marks;
mod pairs;
mod reasons;
mod tracks;

use countersign_model::{ItemId, ProjectId, Protocol, UserId};
use countersign_quality::agreement::Interval;
use countersign_store::{Conn, comparisons::Comparison, turns, users};
use serde::Serialize;

pub(crate) use answers::{Answers, marked, reader};
pub use behind::{AgreementFigure, Behind};
pub use marks::{AlikeView, DistanceView, MarkAgreement, OutlineDistance, TrackAgreement};
pub use reasons::{DisputeReason, DisputedItem};

use crate::{Pipeline, PipelineError, Result, access::Action, blocking, people::Caller, tiers::ShareView};

/// Most comparisons that one report takes.
const COMPARISONS_MAX: u32 = 20_000;
/// Confidence of every interval.
pub const CONFIDENCE: f64 = 0.95;
/// Whence the resampling of items starts: stated, so that anybody gets the same interval.
pub const SEED: u64 = 1;

/// A coefficient with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CoefficientView {
    /// 1 is perfect agreement, 0 is what chance would give.
    pub value: f64,
    /// Low end; absent where the items are too few for an interval.
    pub low: Option<f64>,
    /// High end.
    pub high: Option<f64>,
}

impl CoefficientView {
    fn new(value: f64, interval: Option<Interval>) -> Self {
        let (low, high) = interval.map_or((None, None), |interval| (Some(interval.low), Some(interval.high)));
        Self { value, low, high }
    }
}

/// The ends of a 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IntervalView {
    /// Low end.
    pub low: f64,
    /// High end.
    pub high: f64,
}

impl From<Interval> for IntervalView {
    fn from(Interval { low, high }: Interval) -> Self {
        Self { low, high }
    }
}

/// How far readers give the same answers, beyond chance. No single coefficient is enough for a rare class.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgreementFigures {
    /// Items that at least two read.
    pub items: u64,
    /// Reads of them.
    pub reads: u64,
    /// Mean over items of the share of pairs of readers who gave the same answer.
    pub percent: Option<f64>,
    /// Its interval, from items drawn anew; absent where no draw differs, and in packages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent_interval: Option<IntervalView>,
    /// Krippendorff's alpha (nominal); its interval resamples items.
    pub alpha: Option<CoefficientView>,
    /// Gwet's AC1, which a rare class does not pull down.
    pub ac1: Option<CoefficientView>,
    /// Fleiss' kappa; absent where items differ in their number of reads.
    pub fleiss: Option<f64>,
    /// Its interval over items (linearised: Gwet 2014, chapter 5); absent in packages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fleiss_interval: Option<IntervalView>,
}

/// Whether readers say the same about one class: is there any of it in the item?
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClassAgreement {
    /// Class id.
    pub class: String,
    /// Items in which at least one reader marked it.
    pub marked: u64,
    /// Of the pairs in which one reader marked it, the share in which the other did too.
    pub positive: Option<f64>,
    /// Its interval, from items drawn anew; absent where no draw differs, and in packages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub positive_interval: Option<IntervalView>,
    /// Of the pairs in which one reader did not mark it, the share in which the other did not either.
    pub negative: Option<f64>,
    /// Its interval, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative_interval: Option<IntervalView>,
    /// The coefficients.
    #[serde(flatten)]
    pub figures: AgreementFigures,
}

/// Two readers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PairAgreement {
    /// One reader.
    pub first: UserId,
    /// Their printed name; in a package there are no names here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// The other.
    pub second: UserId,
    /// Their printed name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_name: Option<String>,
    /// Items that both read.
    pub items: u64,
    /// Cohen's kappa over these items, where an answer is the set of classes that a reader marked in the item; its
    /// interval is that of Fleiss, Cohen and Everitt (1969). Absent where both gave one and the same answer throughout.
    pub kappa: Option<CoefficientView>,
}

/// How often two readers gave something a pair of names.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfusionCell {
    /// What one reader called it.
    pub one: String,
    /// What the other called it; absent where the other did not mark it.
    pub other: Option<String>,
    /// Pairs of readers over findings.
    pub pairs: u64,
    /// Items with such a pair, the first of them.
    pub examples: Vec<ItemId>,
    /// How common it is. Absent in the file of a release, which says of items what their reads say again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub common: Option<ConfusionShare>,
}

/// How many items hold a pair of names, of those where somebody gave either name: pairs of one item come together, so that an
/// interval is about items.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfusionShare {
    /// Items with such a pair.
    pub items: u64,
    /// Items where a reader gave one of the names.
    pub of_items: u64,
    /// The share (Clopper and Pearson).
    pub share: Option<ShareView>,
}

/// How far independent readers agree.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AgreementReport {
    /// Of what the figures speak.
    pub population: String,
    /// Confidence of every interval.
    pub confidence: f64,
    /// Resamples of items behind the intervals of alpha.
    pub resamples: u64,
    /// The seed that they start from.
    pub seed: u64,
    /// There are more comparisons than one report takes: these are the first.
    pub cut: bool,
    /// Items whose independent reads were compared.
    pub items: u64,
    /// Of these, items that readers differ about in nothing.
    pub agreed_items: u64,
    /// Items that one of their readers, or all, could not assess: they are in no other figure here. Absent where there is none.
    #[serde(skip_serializing_if = "is_none")]
    pub not_assessed: u64,
    /// Items without a difference as a share.
    pub agreed: Option<ShareView>,
    /// Over whole items: an answer is the set of classes that a reader marked.
    pub answers: Option<AgreementFigures>,
    /// Class by class.
    pub classes: Vec<ClassAgreement>,
    /// Pairs of readers, those with the most items first.
    pub pairs: Vec<PairAgreement>,
    /// Findings: what readers marked at one place, or on one item where marks have no place.
    pub findings: u64,
    /// Of these, findings that readers differ about.
    pub disputed_findings: u64,
    /// What readers call the same finding, each pair of readers once.
    pub confusion: Vec<ConfusionCell>,
    /// Mark by mark; absent where nobody marked anything, and in packages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marks: Option<MarkAgreement>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Pipeline {
    /// How far the independent readers of a project agree.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn agreement(&self, caller: &Caller, project: ProjectId) -> Result<AgreementReport> {
        self.require_on(caller, Action::ViewTiers, project)?;
        let mut conn = self.store.read().await?;
        let protocol = self.protocol(&mut conn, project).await?;
        let answers = Answers::of(&protocol).with_marks(&protocol);
        let (answers, cut) = self.answers(&mut conn, caller, project, answers).await?;
        let population = "Items of this project that were read independently and whose reads are no secret to you, as \
                          their first readers read them.";
        let mut report = blocking(move || answers.report(population)).await??;
        report.cut = cut;
        for pair in &mut report.pairs {
            pair.first_name = name(&mut conn, pair.first).await?;
            pair.second_name = name(&mut conn, pair.second).await?;
        }
        drop(conn);
        let examples = report.confusion.iter().flat_map(|cell| cell.examples.iter().copied());
        self.told_of_labels(caller, project, examples.collect()).await?;
        Ok(report)
    }

    /// What the first readers of a project answered, but for items that are kept from the caller; and whether there is more than one
    /// report takes.
    async fn answers(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: ProjectId,
        mut answers: Answers,
    ) -> Result<(Answers, bool)> {
        let mut rows = turns::comparisons(conn, project, COMPARISONS_MAX + 1).await?;
        let cut = rows.len() > COMPARISONS_MAX as usize;
        rows.truncate(COMPARISONS_MAX as usize);
        for rows in rows.chunk_by(|a, b| a.item_id == b.item_id) {
            // Whoever is still to work on an item, or audits it blind, learns nothing of how others read it.
            if let Some(first) = rows.first()
                && self.comparisons_shown(conn, caller, first.item_id).await?
            {
                answers.take(conn, first).await?;
            }
        }
        Ok((answers, cut))
    }
}

async fn name(conn: &mut Conn, user: UserId) -> Result<Option<String>> {
    Ok(users::by_id(conn, user).await?.map(|known| known.printed_name))
}

fn internal(error: impl std::fmt::Display) -> PipelineError {
    PipelineError::Internal(error.to_string())
}
