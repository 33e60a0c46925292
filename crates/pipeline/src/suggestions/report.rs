//! What people see of it: only items that are accepted, so that it tells nobody at work anything.

use countersign_model::{AiVisibility, ItemId, ProjectId, StageKind, UserId};
use countersign_store::{Conn, suggestions, users};
use countersign_workflow::suggestions::PlantKind;
use serde::Serialize;

use super::{count::count, judge::Judged, settle::kept};
use crate::{Pipeline, Result, access::Action, people::Caller, tiers::ShareView};

/// Rows that are fetched at once.
const PAGE_ROWS: u32 = 5_000;
/// Most items of before that one report works out anew: what people did with others is kept.
const ANEW_MAX: usize = 20_000;

/// How often something wrong that was suggested was followed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FollowView {
    /// Wrong suggestions that came to them.
    pub given: u64,
    /// Of these, still wrong in what they handed in or passed on.
    pub kept: u64,
    /// That as a share (Clopper and Pearson).
    pub share: Option<ShareView>,
}

/// One person at a stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SuggestionPerson {
    /// Who.
    pub user: UserId,
    /// Their printed name; absent in files of a release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub printed_name: Option<String>,
    /// What.
    #[serde(flatten)]
    pub follow: FollowView,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SuggestionStage {
    /// Its id in the protocol.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it does.
    pub kind: StageKind,
    /// Everybody at it.
    #[serde(flatten)]
    pub follow: FollowView,
    /// Each person, in order of their ids.
    pub people: Vec<SuggestionPerson>,
}

/// One way of being wrong, among readers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SuggestionKind {
    /// Which.
    pub kind: PlantKind,
    /// What.
    #[serde(flatten)]
    pub follow: FollowView,
}

/// First reads that differ from what was accepted after somebody else had looked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorView {
    /// Items that somebody else looked at.
    pub judged: u64,
    /// Of these, first read otherwise than accepted.
    pub wrong: u64,
    /// That as a share (Clopper and Pearson).
    pub share: Option<ShareView>,
}

/// First reads under one visibility of the draft.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SuggestionMode {
    /// When the first reader may see the draft.
    pub mode: AiVisibility,
    /// What was wrong.
    #[serde(flatten)]
    pub errors: ErrorView,
}

/// The visibility under which the fewest first reads are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeastHarm {
    /// Which.
    pub mode: AiVisibility,
    /// The 95 % intervals of its difference to each of the others leave 0 out: it is not chance.
    pub told_apart: bool,
}

/// Whether people follow a model where it is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SuggestionReport {
    /// Share of items whose draft is made wrong from now on, by the protocol in force; 0 where it is not measured.
    pub planted_share: f64,
    /// Share of items whose draft is withheld from now on.
    pub control_share: f64,
    /// Accepted items for which an arm was drawn.
    pub items: u64,
    /// Of these, with the draft as the model made it.
    pub genuine: u64,
    /// With the draft withheld.
    pub control: u64,
    /// With one label made wrong.
    pub planted: u64,
    /// Drawn to have a label made wrong, where nothing could be: they count in no arm.
    pub unplantable: u64,
    /// Of those made wrong, right after all: people who were not shown the draft drew the same. Nothing of them is counted.
    pub confirmed: u64,
    /// Of those made wrong, passed by every stage: read again by others without the draft before they were accepted.
    pub read_again: u64,
    /// There are more items of before than one report works out anew: these are the first.
    pub cut: bool,
    /// By way of being wrong, among readers.
    pub kinds: Vec<SuggestionKind>,
    /// By stage.
    pub stages: Vec<SuggestionStage>,
    /// With the draft as the model made it.
    pub with_draft: ErrorView,
    /// With the draft withheld.
    pub without_draft: ErrorView,
    /// The same by when the first reader may see a draft, wrong drafts among them: every item whose arm was drawn, `never` where the draft is
    /// withheld, under whatever versions of the protocol.
    pub modes: Vec<SuggestionMode>,
    /// The mode with the least share of wrong first reads; absent where there are no two to compare.
    pub least_harm: Option<LeastHarm>,
    /// The first share less the second (interval: Newcombe 1998, method 10): above 0, more is wrong with the draft.
    pub more_errors_with_draft: Option<ShareView>,
}

impl Pipeline {
    /// Whether people follow the model of a project where it is wrong.
    ///
    /// # Errors
    /// [`crate::PipelineError::NotFound`] without the right.
    pub async fn suggestions(&self, caller: &Caller, project: ProjectId) -> Result<SuggestionReport> {
        self.require_on(caller, Action::ViewTiers, project)?;
        let mut conn = self.store.read().await?;
        let plan = self.protocol(&mut conn, project).await?.suggestions;
        let (judged, cut) = self.judged(&mut conn, project).await?;
        let mut report = count(&judged)?;
        for person in report.stages.iter_mut().flat_map(|stage| &mut stage.people) {
            person.printed_name = users::by_id(&mut conn, person.user).await?.map(|user| user.printed_name);
        }
        (report.planted_share, report.control_share) = (plan.planted_share, plan.control_share);
        Ok(SuggestionReport { cut, ..report })
    }

    /// What every item that was opened tells; whether some of before were left out.
    async fn judged(&self, conn: &mut Conn, project: ProjectId) -> Result<(Vec<Judged>, bool)> {
        let (mut judged, mut anew, mut cut) = (Vec::new(), 0, false);
        let mut after = ItemId(uuid::Uuid::nil());
        loop {
            let rows = suggestions::opened(conn, project, after, PAGE_ROWS).await?;
            let Some(last) = rows.last() else { return Ok((judged, cut)) };
            after = last.item_id;
            for row in &rows {
                if let Some(known) = kept(row)? {
                    judged.push(known);
                    continue;
                }
                anew += 1;
                cut |= anew > ANEW_MAX;
                if anew <= ANEW_MAX {
                    judged.extend(self.judge_anew(conn, row).await?);
                }
            }
        }
    }
}
