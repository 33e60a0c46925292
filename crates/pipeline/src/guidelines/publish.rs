//! Publishing a guideline: signed, with what the change means, what led to it, and what follows for older labels.

use std::collections::BTreeSet;

use countersign_model::{CampaignId, Instant, ItemId, ProjectId, SignatureMeaning, UserId};
use countersign_store::{Tx, campaigns, comparisons, flow, guidelines};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    ChangeKind, GuidelineDocument, GuidelineView, SUMMARY_CHARS_MAX, Version, document_of,
    draft::{bad, check_text},
    evidence, planned,
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
    /// From when it is in force; absent, or over: at once.
    #[serde(default)]
    pub effective_at: Option<Instant>,
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
        let terms = Terms {
            change,
            summary: publication.summary.trim().to_owned(),
            classes,
            disputes: publication.disputes.iter().map(Uuid::to_string).collect(),
            campaign,
        };
        let (user, effective_at) = (caller.user(), publication.effective_at);
        let publishing = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                planned::none_waits(tx, project).await?;
                let (_, printed_name) = signer(tx).await?;
                let signed = Signer { user, printed_name, at: None };
                match effective_at.filter(|at| *at > tx.now()) {
                    Some(at) => planned::plan_in(tx, draft, &terms, signed, at).await.map(|()| None),
                    None => publish_in(tx, draft, terms, signed).await,
                }
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

/// How a draft is published, as it is kept while it waits for its time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Terms {
    pub change: ChangeKind,
    pub summary: String,
    pub classes: Vec<String>,
    pub disputes: Vec<String>,
    /// Name of the round of rework that it begins, empty for one that is made up; absent where it begins none.
    pub campaign: Option<String>,
}

/// Who signed it.
pub(super) struct Signer {
    pub user: UserId,
    pub printed_name: String,
    /// When, where that was before it took force.
    pub at: Option<Instant>,
}

/// Puts a draft into force, in the caller's write; the round of rework that began.
pub(super) async fn publish_in(
    tx: &mut Tx,
    draft: guidelines::Guideline,
    terms: Terms,
    signer: Signer,
) -> Result<Option<CampaignId>> {
    let project = draft.project_id;
    let last = guidelines::current(tx, project).await?;
    let last = last.as_ref().map_or(Version(0, 0, 0), Version::of);
    let version = last.after(terms.change);
    let hash: [u8; 32] = Sha256::digest(draft.document.as_bytes()).into();
    // What is only said better departs from nothing.
    let deviation = terms.change != ChangeKind::Clarification && flow::has_begun(tx, project).await?;
    let row = guidelines::Guideline {
        state: "published".into(),
        major: version.0,
        minor: version.1,
        patch: version.2,
        content_hash: Some(hex::encode(hash)),
        change_kind: Some(terms.change.as_str().into()),
        summary: Some(terms.summary),
        classes: serde_json::json!(terms.classes).to_string(),
        disputes: serde_json::json!(terms.disputes).to_string(),
        published_by: Some(signer.user),
        published_at: Some(tx.now()),
        deviation,
        ..draft
    };
    if !guidelines::publish(tx, row.clone()).await? {
        return Err(PipelineError::StaleRevision { current: row.revision });
    }
    let mut said = serde_json::json!({
        "version": version.to_string(), "change": terms.change, "classes": terms.classes, "summary": row.summary,
        "disputes": terms.disputes, "deviation": deviation,
    });
    if let Some(at) = signer.at {
        said["signed_at"] = serde_json::json!(at);
    }
    add_signed(&mut said, SignatureMeaning::Approved, &signer.printed_name);
    let published = evidence("guideline.published", &row).content(hash).details(said);
    tx.record(if deviation { published.reason("deviation") } else { published })?;
    // Who publishes it has read it.
    guidelines::acknowledge(tx, row.id, signer.user, project).await?;
    tickets::answered(tx, project, row.id, signer.user, &terms.classes).await?;
    let Some(name) = terms.campaign else { return Ok(None) };
    let name = if name.is_empty() { format!("Guideline {version}") } else { name };
    let (classes, user) = (terms.classes, signer.user);
    let opening = Opening { project, guideline: Some(row.id), name, classes, user };
    open_campaign(tx, opening).await.map(Some)
}

/// The classes whose cards differ between two documents.
fn differing(old: &GuidelineDocument, new: &GuidelineDocument) -> Vec<String> {
    let cards = |document: &GuidelineDocument, class: &str| {
        document.cards.iter().find(|card| card.class == class).cloned()
    };
    let classes: BTreeSet<&String> = old.cards.iter().chain(&new.cards).map(|card| &card.class).collect();
    classes.into_iter().filter(|class| cards(old, class) != cards(new, class)).cloned().collect()
}
