//! Guidelines, pictures first: cards with examples for each class, in published versions that everybody has read before
//! they take the next task. What a change means is said when it is published: a clarification asks nobody for anything, an
//! extension counts for new items, a correction has older labels looked at again.

mod draft;
mod picture;
mod planned;
mod publish;

use std::fmt;

use countersign_model::{
    AssetId, CampaignId, ExampleId, GuidelineId, Instant, ItemId, ProjectId, ReadId, Refusal, UserId,
};
use countersign_store::{Conn, Evidence, guidelines};
use serde::{Deserialize, Serialize};

pub use draft::{PICTURE_BYTES_MAX, UploadedPicture};
pub(crate) use planned::JOB_GUIDELINE;
pub use planned::PlannedGuideline;
pub use publish::{ClassImpact, GuidelineDispute, Impact, Publication, Published};

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    organizations::veil::{of_guideline, of_guideline_version},
    people::Caller,
    signed_acts::{self, SignedAct},
};

/// Refusal of a task to somebody who has not read the guideline in force.
pub(crate) const UNACKNOWLEDGED: &str = "guideline_unacknowledged";
/// Longest text of a guideline, characters.
pub const TEXT_CHARS_MAX: usize = 100_000;
/// Longest text of a card, characters.
pub const CARD_CHARS_MAX: usize = 10_000;
/// Longest caption of an example, characters.
pub const CAPTION_CHARS_MAX: usize = 500;
/// Most examples of one card.
pub const EXAMPLES_MAX: usize = 60;
/// Longest summary of a change, characters.
pub const SUMMARY_CHARS_MAX: usize = 4_000;
/// Most versions in one list.
const VERSIONS_MAX: u32 = 500;

/// The document: what readers see.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GuidelineDocument {
    /// What holds for all classes, Markdown.
    #[serde(default)]
    pub text: String,
    /// One card for each class that needs one.
    #[serde(default)]
    pub cards: Vec<GuidelineCard>,
}

/// What is said of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GuidelineCard {
    /// Class id.
    pub class: String,
    /// In words, Markdown.
    #[serde(default)]
    pub text: String,
    /// In pictures.
    #[serde(default)]
    pub examples: Vec<GuidelineExample>,
}

/// A picture with what it is to show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GuidelineExample {
    /// Made by the page.
    pub id: ExampleId,
    /// What it is an example of.
    pub kind: ExampleKind,
    /// What to look at.
    #[serde(default)]
    pub caption: String,
    /// Where the picture comes from.
    pub source: ExampleSource,
}

/// What an example is an example of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExampleKind {
    /// It is of the class.
    Positive,
    /// It is not, though it may look like it.
    Negative,
    /// It lies at the border; the caption says on which side.
    Borderline,
}

/// Where the picture of an example comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "from", rename_all = "snake_case", deny_unknown_fields)]
pub enum ExampleSource {
    /// A frame of an item that passed the gate, or a part of it. No bytes are copied: when the item goes, so does the
    /// picture.
    Frame {
        /// Item.
        item: ItemId,
        /// Stream.
        stream: u32,
        /// Frame.
        frame: u32,
        /// Left, top, width and height, pixels; absent for the whole frame.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        crop: Option<[u32; 4]>,
    },
    /// A picture that was uploaded and cleaned.
    Picture {
        /// Its cleared asset.
        asset: AssetId,
    },
}

/// What a change means for labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The rule is as it was, said better: nothing is labelled again, nobody is asked to read it first.
    Clarification,
    /// Something new is asked for: it counts for new items.
    Extension,
    /// The rule was wrong: labels of the affected classes are looked at again.
    Correction,
}

impl ChangeKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Clarification => "clarification",
            Self::Extension => "extension",
            Self::Correction => "correction",
        }
    }
}

/// A version, compared part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(u32, u32, u32);

impl Version {
    pub(crate) const fn of(row: &guidelines::Guideline) -> Self {
        Self(row.major, row.minor, row.patch)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| part.parse().ok());
        let version = Self(parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(version)
    }

    /// What a change of this kind makes of it; the first version is 1.0.0 whatever is said of it.
    const fn after(self, change: ChangeKind) -> Self {
        match change {
            _ if self.0 == 0 => Self(1, 0, 0),
            ChangeKind::Clarification => Self(self.0, self.1, self.2 + 1),
            ChangeKind::Extension => Self(self.0, self.1 + 1, 0),
            ChangeKind::Correction => Self(self.0 + 1, 0, 0),
        }
    }

    /// Whether somebody who has read this one may work under the other.
    const fn covers(self, current: Self) -> bool {
        self.0 > current.0 || (self.0 == current.0 && self.1 >= current.1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// A published version, without its cards.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuidelineVersion {
    /// Id.
    pub id: GuidelineId,
    /// `major.minor.patch`.
    pub version: String,
    /// What the change means for labels.
    pub change: String,
    /// What changed and why.
    pub summary: String,
    /// Classes that the change is about.
    pub classes: Vec<String>,
    /// Disputes that led to it.
    pub disputes: Vec<uuid::Uuid>,
    /// SHA-256 of its document.
    pub content_hash: String,
    /// Who published it, as the name was printed then.
    pub published_by: String,
    /// The signature under it.
    pub signature: Option<SignedAct>,
    /// When.
    pub published_at: Option<Instant>,
    /// How many people have read it.
    pub readers: u64,
    /// Work had begun and it asked for something else than what held before: a deviation from what was frozen.
    pub deviation: bool,
}

/// A draft.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuidelineDraft {
    /// Id.
    pub id: GuidelineId,
    /// Revision for `If-Match`.
    pub revision: u64,
    /// Text and cards.
    pub document: GuidelineDocument,
}

/// The guideline of a project as somebody sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuidelineView {
    /// The version in force; absent before the first was published.
    pub current: Option<GuidelineVersion>,
    /// Its text and cards.
    pub document: GuidelineDocument,
    /// Earlier versions and this one, the newest first.
    pub versions: Vec<GuidelineVersion>,
    /// The version that the caller has read.
    pub acknowledged: Option<String>,
    /// The caller has to read it before they take a task.
    pub unread: bool,
    /// The draft; for those who may change it.
    pub draft: Option<GuidelineDraft>,
    /// A draft that was signed and waits for its time.
    pub planned: Option<PlannedGuideline>,
    /// The caller may change it.
    pub may_manage: bool,
}

/// A published version with what it says.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuidelineText {
    /// The version.
    pub version: GuidelineVersion,
    /// Its text and cards.
    pub document: GuidelineDocument,
}

impl Pipeline {
    /// The guideline of a project.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without a role on it.
    pub async fn guideline(&self, caller: &Caller, project: ProjectId) -> Result<GuidelineView> {
        self.require_on(caller, Action::ViewProject, project)?;
        let may_manage = self.allows_on(caller, Action::ManageGuidelines, project);
        let mut conn = self.store.read().await?;
        let rows = guidelines::published(&mut conn, project, VERSIONS_MAX).await?;
        let read = guidelines::acknowledged(&mut conn, caller.user(), project).await?;
        let document = rows.first().map(document_of).transpose()?.unwrap_or_default();
        let mut versions = Vec::with_capacity(rows.len());
        for row in &rows {
            versions.push(version_view(&mut conn, row).await?);
        }
        let draft = match guidelines::draft(&mut conn, project).await? {
            Some(row) if may_manage => Some(draft_view(&row)?),
            _ => None,
        };
        let unread = rows.first().is_some_and(|row| !is_read(row, read.as_ref()));
        let view = GuidelineView {
            current: versions.first().cloned(),
            document,
            versions,
            acknowledged: read.map(|row| Version::of(&row).to_string()),
            unread,
            draft,
            planned: planned::seen(&mut conn, project).await?,
            may_manage,
        };
        Ok(of_guideline(caller, view))
    }

    /// A version that was published, in force or not: every label names the one that it was drawn under.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without a role on the project, and for a draft.
    pub async fn guideline_version(&self, caller: &Caller, id: GuidelineId) -> Result<GuidelineText> {
        let mut conn = self.store.read().await?;
        let row = guidelines::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ViewProject, row.project_id)?;
        if row.state == "draft" {
            return Err(PipelineError::NotFound);
        }
        let version = of_guideline_version(caller, version_view(&mut conn, &row).await?);
        Ok(GuidelineText { version, document: document_of(&row)? })
    }

    /// Keeps that the caller has read a version and follows it.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without a role on the project; `guideline_changed` when another is in force now.
    pub async fn acknowledge_guideline(
        &self,
        caller: &Caller,
        project: ProjectId,
        id: GuidelineId,
    ) -> Result<GuidelineView> {
        self.require_on(caller, Action::ViewProject, project)?;
        let user = caller.user();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let current = guidelines::current(tx, project).await?;
                    let current = current.filter(|row| row.id == id).ok_or_else(|| {
                        PipelineError::refused(
                            "guideline_changed",
                            "Another version is in force now; read that one.",
                        )
                    })?;
                    if guidelines::acknowledge(tx, id, user, project).await? {
                        let evidence = evidence("guideline.acknowledged", &current);
                        tx.record(evidence.reason(&Version::of(&current).to_string()))?;
                    }
                    Ok(())
                })
            })
            .await?;
        self.guideline(caller, project).await
    }
}

/// Refuses a task to somebody who has not read what is in force.
pub(crate) async fn unacknowledged(
    conn: &mut Conn,
    user: UserId,
    project: ProjectId,
) -> Result<Option<Refusal>> {
    let Some(current) = guidelines::current(conn, project).await? else { return Ok(None) };
    let read = guidelines::acknowledged(conn, user, project).await?;
    if is_read(&current, read.as_ref()) {
        return Ok(None);
    }
    let version = Version::of(&current);
    let message = format!("Version {version} of the guideline is in force; read it before you take a task.");
    Ok(Some(Refusal::new(UNACKNOWLEDGED, message)))
}

/// The version that somebody works under: the newest that they have read.
pub(crate) async fn version_read(
    conn: &mut Conn,
    user: UserId,
    project: ProjectId,
) -> Result<Option<String>> {
    let read = guidelines::acknowledged(conn, user, project).await?;
    Ok(read.map(|row| Version::of(&row).to_string()))
}

/// The lowest version of the guideline under which these reads were made: that of each mark when it was drawn, or, for a read
/// without marks, what its author has read. `None` where one of them had read none.
pub(crate) async fn lowest_read(
    conn: &mut Conn,
    project: ProjectId,
    reads: &[ReadId],
) -> Result<Option<String>> {
    let mut lowest: Option<Version> = None;
    for id in reads {
        let mut found = countersign_store::reads::guidelines_read(conn, *id).await?;
        if found.is_empty() {
            let row = countersign_store::reads::by_id(conn, *id).await?;
            let Some(author) = row.and_then(|row| row.author_user) else { continue };
            found.push(version_read(conn, author, project).await?);
        }
        for version in found {
            let Some(version) = version.as_deref().and_then(Version::parse) else { return Ok(None) };
            lowest = Some(lowest.map_or(version, |lowest| lowest.min(version)));
        }
    }
    Ok(lowest.map(|version| version.to_string()))
}

fn is_read(current: &guidelines::Guideline, read: Option<&guidelines::Guideline>) -> bool {
    read.is_some_and(|read| Version::of(read).covers(Version::of(current)))
}

fn evidence(action: &str, row: &guidelines::Guideline) -> Evidence {
    Evidence::new(action, "guideline", row.id.uuid()).project(row.project_id)
}

pub(crate) fn document_of(row: &guidelines::Guideline) -> Result<GuidelineDocument> {
    serde_json::from_str(&row.document)
        .map_err(|error| PipelineError::Internal(format!("guidelines.document: {error}")))
}

fn draft_view(row: &guidelines::Guideline) -> Result<GuidelineDraft> {
    Ok(GuidelineDraft { id: row.id, revision: row.revision, document: document_of(row)? })
}

async fn version_view(conn: &mut Conn, row: &guidelines::Guideline) -> Result<GuidelineVersion> {
    let list = |text: &str| serde_json::from_str::<Vec<String>>(text).unwrap_or_default();
    let signature = signed_acts::last(conn, "guideline.published", row.id.uuid()).await?;
    Ok(GuidelineVersion {
        id: row.id,
        version: Version::of(row).to_string(),
        change: row.change_kind.clone().unwrap_or_default(),
        summary: row.summary.clone().unwrap_or_default(),
        classes: list(&row.classes),
        disputes: list(&row.disputes).iter().filter_map(|text| text.parse().ok()).collect(),
        content_hash: row.content_hash.clone().unwrap_or_default(),
        published_by: signature.as_ref().map(|signed| signed.printed_name.clone()).unwrap_or_default(),
        signature,
        published_at: row.published_at,
        readers: guidelines::count_readers(conn, row.id).await?,
        deviation: row.deviation,
    })
}

/// What a campaign is to somebody who works for it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CampaignNote {
    /// Campaign.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// Classes whose labels are looked at again.
    pub classes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_follow_what_a_change_means() {
        let first = Version(0, 0, 0).after(ChangeKind::Correction);
        assert_eq!(first.to_string(), "1.0.0");
        let clearer = first.after(ChangeKind::Clarification);
        let longer = clearer.after(ChangeKind::Extension);
        let other = longer.after(ChangeKind::Correction);
        assert_eq!([clearer, longer, other].map(|v| v.to_string()), ["1.0.1", "1.1.0", "2.0.0"]);
        assert!(first.covers(clearer), "nobody is asked to read a clarification first");
        assert!(!clearer.covers(longer) && !longer.covers(other));
        assert!(other.covers(longer), "who is ahead is not behind");
        assert_eq!(Version::parse("2.10.3"), Some(Version(2, 10, 3)));
        assert!(Version::parse("2.10.3") > Version::parse("2.9.9"));
        for bad in ["", "1.2", "1.2.3.4", "a.b.c", "1.2.-3"] {
            assert_eq!(Version::parse(bad), None, "{bad}");
        }
    }
}
