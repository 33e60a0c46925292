//! The privacy officer's queue: look, then clear or reject, with a reason.

use countersign_model::{
    AssetId, GateEntryId, Instant, ItemId, ItemKind, ProjectId, StreamKind, UserId, Zone,
};
use countersign_store::{Actor, Evidence, assets, exposures, gate, items, jobs, users};
use countersign_workflow::Event;
use serde::Serialize;

use super::{CopyRow, GateReport, NOT_CLEANED, clean::CleanedAsset, note_rows, open_item, point_to};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    moving::{JOB_GATE, Moving},
    people::Caller,
    pixels::{Picture, WindowLevel, picture},
    review::checked_comment,
    views::{PAGE_MAX, Page, page_length},
};

/// An entry of the privacy officer's queue.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GateEntryView {
    /// Entry.
    pub id: GateEntryId,
    /// Project.
    pub project: ProjectId,
    /// Item.
    pub item: ItemId,
    /// Item's neutral name.
    pub name: String,
    /// What the item is.
    pub kind: ItemKind,
    /// `open`, `cleared` or `rejected`.
    pub state: String,
    /// Codes of what is not vouched for.
    pub reasons: Vec<String>,
    /// Pictures to look at.
    pub frames: u32,
    /// Since when it waits.
    pub opened_at: Instant,
    /// When it was decided.
    pub decided_at: Option<Instant>,
    /// Printed name of who decided.
    pub decided_by: Option<String>,
    /// Their reason.
    pub reason: Option<String>,
    /// What was done to the item; its streams stay inside.
    pub report: GateReport,
}

impl Pipeline {
    /// The privacy officer's queue.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody else.
    pub async fn gate(
        &self,
        caller: &Caller,
        project: ProjectId,
        state: Option<String>,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<GateEntryView>> {
        self.require_on(caller, Action::Gate, project)?;
        let after = cursor.as_deref().map(str::parse).transpose();
        let after = after.map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))?;
        let limit = page_length(limit);
        let mut conn = self.store.read().await?;
        let state = state.unwrap_or_else(|| "open".into());
        let entries = gate::list(&mut conn, project, &state, after, limit + 1).await?;
        let page = Page::cut(entries, limit, |entry| entry.id.to_string());
        let mut shown = Vec::with_capacity(page.items.len());
        for entry in page.items {
            shown.push(view(&mut conn, entry).await?);
        }
        Ok(Page { items: shown, next: page.next })
    }

    /// One entry.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn gate_entry(&self, caller: &Caller, id: GateEntryId) -> Result<GateEntryView> {
        let mut conn = self.store.read().await?;
        let entry = gate::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::Gate, entry.project_id)?;
        view(&mut conn, entry).await
    }

    /// A picture of the cleaned copy that waits; the exposure is committed first.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn gate_image(
        &self,
        caller: &Caller,
        id: GateEntryId,
        frame: u32,
        window: Option<WindowLevel>,
    ) -> Result<Picture> {
        let (asset, part) = {
            let mut conn = self.store.read().await?;
            let entry = gate::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::Gate, entry.project_id)?;
            let report = report_of(&entry)?;
            let frames: Vec<_> = pictures(&report).collect();
            let found = frames.get(frame as usize).ok_or(PipelineError::NotFound)?;
            let asset = assets::by_id(&mut conn, found.0).await?.ok_or(PipelineError::NotFound)?;
            (assets::Asset { item_id: Some(entry.item_id), ..asset }, found.1)
        };
        let exposed = exposures::ensure(&self.store, caller.viewer(), &asset, "gate").await?;
        let bytes = match asset.zone {
            Zone::Quarantine => self.store.quarantine().show_at_gate(&exposed).await?,
            _ => self.store.cleared().show(&exposed).await?,
        };
        picture(asset.kind, bytes, part, window).await
    }

    /// Clears or rejects what waits, with a reason.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `reason_required`; `already_decided`; `not_clearable`.
    pub async fn decide_gate(
        &self,
        caller: &Caller,
        id: GateEntryId,
        clear: bool,
        reason: String,
    ) -> Result<GateEntryView> {
        let reason = checked_comment(Some(reason))?
            .ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))?;
        let (entry, item) = {
            let mut conn = self.store.read().await?;
            let entry = gate::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::Gate, entry.project_id)?;
            let item = items::by_id(&mut conn, entry.item_id).await?.ok_or(PipelineError::NotFound)?;
            (entry, item)
        };
        if entry.state != "open" {
            return Err(PipelineError::refused("already_decided", "Somebody decided this before."));
        }
        let report = report_of(&entry)?;
        if clear && entry.reasons.0.iter().any(|code| code == NOT_CLEANED) {
            return Err(PipelineError::refused(
                "not_clearable",
                "A part of this item could not be de-identified; it can only be rejected.",
            ));
        }
        self.decide_as(caller.actor(), Some(caller.user()), entry, item, report, clear, reason).await?;
        self.wake_worker();
        view(
            &mut *self.store.read().await?,
            gate::by_id(&mut *self.store.read().await?, id).await?.ok_or(PipelineError::NotFound)?,
        )
        .await
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a decision is these parts, checked by both of its callers"
    )]
    async fn decide_as(
        &self,
        actor: Actor,
        user: Option<UserId>,
        entry: gate::GateEntry,
        item: items::Item,
        report: GateReport,
        clear: bool,
        reason: String,
    ) -> Result<()> {
        let copies = if clear { self.copy_to_cleared(&item, &report).await? } else { Vec::new() };
        let pipeline = self.clone();
        self.store
            .write::<_, PipelineError, _>(actor, move |tx| {
                Box::pin(async move {
                    let mut moving = Moving::load(tx, &pipeline, item.id).await?;
                    let word = if clear { "cleared" } else { "rejected" };
                    if !gate::decide(tx, entry.id, word, user, &reason).await? {
                        return Err(PipelineError::refused(
                            "already_decided",
                            "Somebody decided this before.",
                        ));
                    }
                    let evidence = Evidence::new(&format!("gate.{word}"), "gate_entry", entry.id.uuid())
                        .project(item.project_id)
                        .item(item.id)
                        .details(serde_json::json!({ "reason": reason }));
                    tx.record(evidence)?;
                    if clear {
                        let copies = note_rows(tx, copies).await?;
                        let streams = point_to(&report.streams, &copies, None);
                        open_item(tx, &mut moving, streams, &report, "privacy_officer").await
                    } else {
                        moving.take(tx, &Event::GateRejected).await.map(drop)
                    }
                })
            })
            .await
    }

    async fn copy_to_cleared(&self, item: &items::Item, report: &GateReport) -> Result<Vec<CopyRow>> {
        let mut wanted: Vec<AssetId> =
            report.streams.iter().flat_map(|s| s.frames.iter().map(|f| f.asset)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut cleaned = Vec::with_capacity(wanted.len());
        for id in wanted {
            let asset =
                assets::by_id(&mut *self.store.read().await?, id).await?.ok_or(PipelineError::NotFound)?;
            let bytes = self.store.quarantine().for_machine(asset.project_id, &asset.address).await?;
            cleaned.push(CleanedAsset { source: id, kind: asset.kind, bytes: bytes.to_vec() });
        }
        self.put_cleared(item, cleaned).await
    }

    /// After a project was declared public: everything that waits is looked at again.
    pub(crate) async fn reopen_gate(&self, project: ProjectId) -> Result<()> {
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let mut again = Vec::new();
                    loop {
                        // What was looked at leaves the list: the next page is the first one again.
                        let waiting = gate::list(tx, project, "open", None, PAGE_MAX).await?;
                        if waiting.is_empty() {
                            break;
                        }
                        for entry in waiting {
                            let (item, nothing) = (entry.item_id, serde_json::json!({}));
                            again.push(jobs::Job::ready(tx, JOB_GATE, Some(project), Some(item), &nothing));
                            gate::decide(tx, entry.id, "replaced", None, "the project was declared public")
                                .await?;
                            let evidence = Evidence::new("gate.replaced", "gate_entry", entry.id.uuid());
                            tx.record(evidence.project(project).item(item))?;
                        }
                    }
                    jobs::insert_all(tx, again).await?;
                    Ok(())
                })
            })
            .await?;
        self.wake_worker();
        Ok(())
    }
}

fn report_of(entry: &gate::GateEntry) -> Result<GateReport> {
    serde_json::from_value(entry.report.0.clone())
        .map_err(|e| PipelineError::Internal(format!("gate report: {e}")))
}

/// The pictures of an entry in order: asset and part.
fn pictures(report: &GateReport) -> impl Iterator<Item = (AssetId, u32)> {
    report
        .streams
        .iter()
        .filter(|stream| stream.kind != StreamKind::Lidar)
        .flat_map(|stream| stream.frames.iter().map(|frame| (frame.asset, frame.part)))
}

async fn view(conn: &mut countersign_store::Conn, entry: gate::GateEntry) -> Result<GateEntryView> {
    let mut report = report_of(&entry)?;
    let frames = u32::try_from(pictures(&report).count()).unwrap_or(u32::MAX);
    report.streams.clear();
    let item = items::by_id(conn, entry.item_id).await?.ok_or(PipelineError::NotFound)?;
    let decided_by = match entry.decided_by {
        Some(user) => users::by_id(conn, user).await?.map(|user| user.printed_name),
        None => None,
    };
    Ok(GateEntryView {
        id: entry.id,
        project: entry.project_id,
        item: entry.item_id,
        name: item.name,
        kind: item.kind,
        state: entry.state,
        reasons: entry.reasons.0,
        frames,
        opened_at: entry.opened_at,
        decided_at: entry.decided_at,
        decided_by,
        reason: entry.reason,
        report,
    })
}
