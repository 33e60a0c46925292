//! Publishing a guideline: signed, with what the change means, what led to it, and what follows for older labels.

use std::collections::BTreeSet;

use countersign_model::{CampaignId, Instant, ItemId, ProjectId, SignatureMeaning};
use countersign_store::{campaigns, comparisons, flow, guidelines};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    ChangeKind, GuidelineDocument, GuidelineView, SUMMARY_CHARS_MAX, Version, document_of,
    draft::{bad, check_text},
    evidence,
};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    adjudicate,
    campaigns::{Opening, open_campaign},
    people::Caller,
    protocols::signature::signer,
    signing::{Components, add_signed, stale},
    tickets,
};

/// Longest name of a campaign, characters.
const NAME_CHARS_MAX: usize = 200;
/// Most disputes that are offered as what led to a change.
const DISPUTES_MAX: u32 = 100;

/// How a draft is published.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// The draft's revision that was looked at.
    pub revision: u64,
    /// What the change means for labels.
    pub change: ChangeKind,
    /// What changed and why.
    pub summary: String,
    /// Classes that the change is about; those whose cards differ where absent.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// Disputes that led to it.
    #[serde(default)]
    pub disputes: Vec<Uuid>,
    /// Name of the round of rework that a correction begins.
    #[serde(default)]
    pub campaign: Option<String>,
    /// User name; needed at the first signature of a period.
    #[serde(default)]
    pub login: Option<String>,
    /// Password, entered for this signature.
    pub password: String,
}

/// What came of publishing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Published {
    /// The guideline now.
    pub guideline: GuidelineView,
    /// The round of rework that began.
    pub campaign: Option<CampaignId>,
}

/// What a correction would have looked at again.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Impact {
    /// Classes whose cards differ from those in force.
    pub changed: Vec<String>,
    /// Accepted labels by class.
    pub classes: Vec<ClassImpact>,
    /// Disputes that somebody put down to the guideline, the newest first.
    pub disputes: Vec<GuidelineDispute>,
}

/// Accepted labels of one class.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClassImpact {
    /// Class id.
    pub class: String,
    /// Accepted items with at least one.
    pub items: u64,
    /// Accepted labels.
    pub annotations: u64,
}

/// A dispute that was decided.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuidelineDispute {
    /// The decision.
    pub id: Uuid,
    /// Item.
    pub item: ItemId,
    /// Why the reads differed.
    pub reason: String,
    /// In words.
    pub comment: Option<String>,
    /// When it was decided.
    pub at: Instant,
}

impl Pipeline {
    /// What publishing the draft would touch: counts, and the disputes behind it.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right.
    pub async fn guideline_impact(&self, caller: &Caller, project: ProjectId) -> Result<Impact> {
        self.require_on(caller, Action::ManageGuidelines, project)?;
        let mut conn = self.store.read().await?;
        let before = guidelines::current(&mut conn, project).await?;
        let before = before.as_ref().map(document_of).transpose()?.unwrap_or_default();
        let draft = guidelines::draft(&mut conn, project).await?;
        let draft = draft.as_ref().map(document_of).transpose()?;
        let counts = campaigns::accepted_by_class(&mut conn, project).await?;
        let mut disputes = Vec::new();
        let guideline = Some(adjudicate::GUIDELINE);
        for one in comparisons::of_project(&mut conn, project, guideline, DISPUTES_MAX).await? {
            // Whoever is still to judge the item learns nothing of what others argued about.
            if self.comparisons_shown(&mut conn, caller, one.item_id).await? {
                disputes.push(one);
            }
        }
        Ok(Impact {
            changed: draft.map(|draft| differing(&before, &draft)).unwrap_or_default(),
            classes: counts
                .into_iter()
                .map(|one| ClassImpact { class: one.class, items: one.items, annotations: one.annotations })
                .collect(),
            disputes: disputes
                .into_iter()
                .map(|one| GuidelineDispute {
                    id: one.id,
                    item: one.item_id,
                    reason: one.reason,
                    comment: one.comment,
                    at: one.at,
                })
                .collect(),
        })
    }

    /// Publishes the draft: from now on nobody takes a task who has not read it, unless it only says better what held
    /// before. A correction opens a round of rework over accepted items whose labels of the affected classes are older.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right or a draft; `bad_guideline`;
    /// `content_changed` where the draft is not what it was; as `Pipeline::signed`.
    pub async fn publish_guideline(
        &self,
        caller: &Caller,
        project: ProjectId,
        publication: Publication,
    ) -> Result<Published> {
        self.require_on(caller, Action::ManageGuidelines, project)?;
        let (draft, before) = {
            let mut conn = self.store.read().await?;
            let draft = guidelines::draft(&mut conn, project).await?;
            let draft = draft.ok_or_else(|| bad("draft", "there is no draft to publish"))?;
            (draft, guidelines::current(&mut conn, project).await?)
        };
        if draft.revision != publication.revision {
            return Err(stale(draft.revision));
        }
        let classes = self.check_publication(project, &draft, before.as_ref(), &publication).await?;
        let components =
            Components { login: publication.login.clone(), password: publication.password.clone() };
        let change = publication.change;
        let campaign = (change == ChangeKind::Correction && before.is_some() && !classes.is_empty())
            .then(|| publication.campaign.clone().unwrap_or_default().trim().to_owned());
        let (user, summary) = (caller.user(), publication.summary.trim().to_owned());
        let disputes: Vec<String> = publication.disputes.iter().map(Uuid::to_string).collect();
        let publishing = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                let last = guidelines::current(tx, project).await?;
                let last = last.as_ref().map_or(Version(0, 0, 0), Version::of);
                let version = last.after(change);
                let hash: [u8; 32] = Sha256::digest(draft.document.as_bytes()).into();
                // What is only said better departs from nothing.
                let deviation = change != ChangeKind::Clarification && flow::has_begun(tx, project).await?;
                let row = guidelines::Guideline {
                    state: "published".into(),
                    major: version.0,
                    minor: version.1,
                    patch: version.2,
                    content_hash: Some(hex::encode(hash)),
                    change_kind: Some(change.as_str().into()),
                    summary: Some(summary),
                    classes: serde_json::json!(classes).to_string(),
                    disputes: serde_json::json!(disputes).to_string(),
                    published_by: Some(user),
                    published_at: Some(tx.now()),
                    deviation,
                    ..draft
                };
                if !guidelines::publish(tx, row.clone()).await? {
                    return Err(PipelineError::StaleRevision { current: row.revision });
                }
                let (_, name) = signer(tx).await?;
                let mut said = serde_json::json!({
                    "version": version.to_string(),
                    "change": change, "classes": classes, "summary": row.summary, "disputes": disputes,
                    "deviation": deviation,
                });
                add_signed(&mut said, SignatureMeaning::Approved, &name);
                let published = evidence("guideline.published", &row).content(hash).details(said);
                tx.record(if deviation { published.reason("deviation") } else { published })?;
                // Who publishes it has read it.
                guidelines::acknowledge(tx, row.id, user, project).await?;
                tickets::answered(tx, project, row.id, user, &classes).await?;
                let Some(name) = campaign else { return Ok(None) };
                let name = if name.is_empty() { format!("Guideline {version}") } else { name };
                let opening = Opening { project, guideline: Some(row.id), name, classes, user };
                open_campaign(tx, opening).await.map(Some)
            })
        });
        let opened = self.signed(caller, &components, publishing).await?;
        self.wake_worker();
        Ok(Published { guideline: self.guideline(caller, project).await?, campaign: opened })
    }

    /// What is wrong with how it is to be published; the classes that the change is about.
    async fn check_publication(
        &self,
        project: ProjectId,
        draft: &guidelines::Guideline,
        before: Option<&guidelines::Guideline>,
        publication: &Publication,
    ) -> Result<Vec<String>> {
        if publication.summary.trim().is_empty() {
            return Err(bad("summary", "say what changed and why"));
        }
        check_text("summary", &publication.summary, SUMMARY_CHARS_MAX)?;
        check_text("campaign", publication.campaign.as_deref().unwrap_or_default(), NAME_CHARS_MAX)?;
        let document = document_of(draft)?;
        let old = before.map(document_of).transpose()?.unwrap_or_default();
        let mut conn = self.store.read().await?;
        let protocol = self.protocol(&mut conn, project).await?;
        let classes = publication.classes.clone().unwrap_or_else(|| differing(&old, &document));
        if let Some(unknown) = classes.iter().find(|class| protocol.class(class).is_none()) {
            return Err(bad("classes", &format!("the protocol has no class {unknown:?}")));
        }
        if publication.change == ChangeKind::Correction && before.is_some() && classes.is_empty() {
            return Err(bad("classes", "say which classes were labelled by the wrong rule"));
        }
        let known = comparisons::of_project(&mut conn, project, None, u32::MAX >> 1).await?;
        if publication.disputes.iter().any(|id| known.iter().all(|row| row.id != *id)) {
            return Err(bad("disputes", "there is no such dispute in this project"));
        }
        Ok(classes)
    }
}

/// The classes whose cards differ between two documents.
fn differing(old: &GuidelineDocument, new: &GuidelineDocument) -> Vec<String> {
    let cards = |document: &GuidelineDocument, class: &str| {
        document.cards.iter().find(|card| card.class == class).cloned()
    };
    let classes: BTreeSet<&String> = old.cards.iter().chain(&new.cards).map(|card| &card.class).collect();
    classes.into_iter().filter(|class| cards(old, class) != cards(new, class)).cloned().collect()
}
