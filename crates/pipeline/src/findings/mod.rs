//! Findings: a question or a defect pinned to a place, and what people say to it until it is resolved.
//!
//! While somebody's blocking finding is open, nobody accepts or signs the item. Whoever is asked does not say themselves that
//! the answer is good enough.

mod seen;
mod write;

use countersign_model::{AnnotationId, FindingId, FrameRef, Instant, ItemId, ProjectId, UserId};
use countersign_store::{Conn, findings, items, projects};
use serde::{Deserialize, Serialize};

pub(crate) use seen::Sight;
pub(crate) use write::pin;

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    people::Caller,
    refused::{Denial, UNBLINDED},
};

/// Most findings of one item.
pub const FINDINGS_MAX: usize = 200;
/// Most entries of one thread.
pub const NOTES_MAX: usize = 200;
/// Most findings in one person's list.
const WAITING_MAX: u32 = 500;

/// Whether it stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FindingSeverity {
    /// Nobody accepts or signs before it is resolved.
    Blocking,
    /// A remark.
    Note,
}

impl FindingSeverity {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Blocking => "blocking",
            Self::Note => "note",
        }
    }
}

/// A finding as somebody pins it. A place is a frame with or without a point on it, an object, or nothing: then it is about the
/// whole item.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FindingDraft {
    /// Whether it stands in the way.
    pub severity: FindingSeverity,
    /// What it is.
    pub words: String,
    /// Frame.
    pub frame: Option<FrameRef>,
    /// Place on the frame, image pixels.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<(f64, f64)>))]
    pub point: Option<[f64; 2]>,
    /// Object that it is about.
    pub annotation: Option<AnnotationId>,
}

/// One entry of a thread.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FindingNote {
    /// `opened`, `replied`, `resolved` or `reopened`.
    pub act: String,
    /// In words.
    pub words: String,
    /// Printed name; absent where the name would tell who read the item.
    pub by: Option<String>,
    /// By the caller.
    pub mine: bool,
    /// When.
    pub at: Instant,
}

/// A finding with its thread.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PinnedFinding {
    /// Finding.
    pub id: FindingId,
    /// Item.
    pub item: ItemId,
    /// Its name.
    pub item_name: String,
    /// Project.
    pub project: ProjectId,
    /// Place among the findings of the item, from 1.
    pub number: u32,
    /// Whether it stands in the way.
    #[cfg_attr(feature = "openapi", schema(value_type = FindingSeverity))]
    pub severity: String,
    /// `open`, `answered` or `resolved`.
    pub state: String,
    /// Frame.
    pub frame: Option<FrameRef>,
    /// Place on the frame, image pixels.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<(f64, f64)>))]
    pub point: Option<[f64; 2]>,
    /// Object that it is about.
    pub annotation: Option<AnnotationId>,
    /// It is seen by nobody else until every independent read is done.
    pub only_mine: bool,
    /// When.
    pub opened_at: Instant,
    /// The thread.
    pub notes: Vec<FindingNote>,
    /// The caller may answer.
    pub may_reply: bool,
    /// The caller may resolve it, or open it again.
    pub may_resolve: bool,
}

impl Pipeline {
    /// The findings of an item that the caller may see, oldest first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn item_findings(&self, caller: &Caller, item: ItemId) -> Result<Vec<PinnedFinding>> {
        let mut conn = self.store.read().await?;
        let item = self.visible_item(&mut conn, caller, item, Action::ViewItem).await?;
        let sight = Sight::on(self, &mut conn, caller, item).await?;
        let mut shown = Vec::new();
        for row in findings::of_item(&mut conn, sight.item.id).await? {
            if sight.shows(&row) {
                shown.push(view(&mut conn, &sight, row).await?);
            }
        }
        Ok(shown)
    }

    /// Findings that wait for the caller: questions about what they worked on, and answers to their own.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn my_findings(&self, caller: &Caller) -> Result<Vec<PinnedFinding>> {
        let mut conn = self.store.read().await?;
        let mut shown = Vec::new();
        for listed in findings::waiting_for(&mut conn, caller.user(), WAITING_MAX).await? {
            let Some(item) = items::by_id(&mut conn, listed.item).await? else { continue };
            let resource = self.item_resource(&mut conn, &item).await?;
            if !self.access.allows(&caller.principal, Action::ViewItem, &resource) {
                continue;
            }
            let sight = Sight::on(self, &mut conn, caller, item).await?;
            let row = findings::by_id(&mut conn, listed.id).await?;
            if let Some(row) = row.filter(|row| sight.shows(row)) {
                shown.push(view(&mut conn, &sight, row).await?);
            }
        }
        Ok(shown)
    }

    /// Findings of a project that were opened at a time or before, that nobody resolved, and that the caller could resolve; with
    /// the names of their items.
    pub(crate) async fn resolvable(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        project: ProjectId,
        before: Instant,
    ) -> Result<Vec<(findings::Finding, String)>> {
        let mut found = Vec::new();
        for row in findings::open_since(conn, project, before, WAITING_MAX).await? {
            let Some(item) = items::by_id(conn, row.item_id).await? else { continue };
            let resource = self.item_resource(conn, &item).await?;
            if !self.access.allows(&caller.principal, Action::ViewItem, &resource) {
                continue;
            }
            let name = item.name.clone();
            let sight = Sight::on(self, conn, caller, item).await?;
            if sight.shows(&row) && sight.may_discuss && sight.may_resolve(&row) {
                found.push((row, name));
            }
        }
        Ok(found)
    }

    /// Whether a finding is the caller's to see.
    pub(crate) async fn sees_finding(&self, caller: &Caller, id: FindingId) -> Result<bool> {
        match self.seen_finding(&mut *self.store.read().await?, caller, id).await {
            Ok(_) => Ok(true),
            Err(PipelineError::NotFound) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A finding that the caller may see, and what they may see of its item.
    async fn seen_finding(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        id: FindingId,
    ) -> Result<(findings::Finding, Sight)> {
        let row = findings::by_id(conn, id).await?.ok_or(PipelineError::NotFound)?;
        let item = self.visible_item(conn, caller, row.item_id, Action::ViewItem).await?;
        let sight = Sight::on(self, conn, caller, item).await?;
        if sight.shows(&row) {
            return Ok((row, sight));
        }
        Err(caller.denied(Denial::on(UNBLINDED, "finding", id.uuid(), row.project_id).item(row.item_id)))
    }

    async fn finding_as(&self, caller: &Caller, id: FindingId) -> Result<PinnedFinding> {
        let mut conn = self.store.read().await?;
        let (row, sight) = self.seen_finding(&mut conn, caller, id).await?;
        view(&mut conn, &sight, row).await
    }
}

async fn view(conn: &mut Conn, sight: &Sight, row: findings::Finding) -> Result<PinnedFinding> {
    let mut number = row.number;
    if sight.is_hidden(&row) {
        // Counted among what its author may see: the count of all would tell that somebody else asked something.
        let all = findings::of_item(conn, row.item_id).await?;
        let before = all.iter().filter(|other| other.number < row.number && sight.shows(other)).count();
        number = u32::try_from(before + 1).unwrap_or(u32::MAX);
    }
    let mut notes = Vec::new();
    for note in findings::notes(conn, row.id).await? {
        notes.push(FindingNote {
            by: name(conn, sight, note.user_id).await?,
            mine: note.user_id == sight.user,
            act: note.act,
            words: note.words,
            at: note.at,
        });
    }
    Ok(PinnedFinding {
        id: row.id,
        item: row.item_id,
        item_name: sight.item.name.clone(),
        project: row.project_id,
        number,
        frame: row.stream.zip(row.frame).map(|(stream, index)| FrameRef { stream, index }),
        point: row.x.zip(row.y).map(|(x, y)| [x, y]),
        annotation: row.annotation_id,
        only_mine: sight.is_hidden(&row),
        opened_at: row.opened_at,
        may_reply: sight.may_discuss && row.state != "resolved",
        may_resolve: sight.may_discuss && sight.may_resolve(&row),
        severity: row.severity,
        state: row.state,
        notes,
    })
}

async fn name(conn: &mut Conn, sight: &Sight, user: UserId) -> Result<Option<String>> {
    if !sight.names(user) {
        return Ok(None);
    }
    Ok(countersign_store::users::by_id(conn, user).await?.map(|user| user.printed_name))
}

/// How many findings wait for somebody in each project, the most first; with the project's name.
pub(crate) async fn waiting(
    pipeline: &Pipeline,
    conn: &mut Conn,
    caller: &Caller,
) -> Result<Vec<(projects::Project, u64)>> {
    let mut counts: Vec<(ProjectId, u64)> = Vec::new();
    for finding in pipeline.my_findings(caller).await? {
        match counts.iter_mut().find(|(project, _)| *project == finding.project) {
            Some((_, count)) => *count += 1,
            None => counts.push((finding.project, 1)),
        }
    }
    let mut out = Vec::with_capacity(counts.len());
    for (project, count) in counts {
        if let Some(project) = projects::by_id(conn, project).await? {
            out.push((project, count));
        }
    }
    Ok(out)
}
