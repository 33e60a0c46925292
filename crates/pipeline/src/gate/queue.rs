//! The privacy officer's queue: the greatest risk first; one entry; its pictures before and after.

use countersign_deid as deid;
use countersign_model::{
    AssetId, AssetKind, GateEntryId, Instant, ItemId, ItemKind, ProjectId, Stream, Zone,
};
use countersign_store::{Conn, assets, exposures, gate, items, users};
use serde::{Deserialize, Serialize};

use super::GateReport;
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    blocking,
    people::Caller,
    pictures::{per_stream, pictures},
    pixels::{Picture, WindowLevel, picture},
    views::{Page, page_length},
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
    /// `open`, `cleared`, `waived`, `rejected` or `replaced`.
    pub state: String,
    /// Codes of what is not vouched for.
    pub reasons: Vec<String>,
    /// Risk that somebody in it can be told, 0 to 100; it orders the queue.
    pub risk: u32,
    /// Revision for `If-Match`.
    pub revision: u64,
    /// Looking cannot settle one of the reasons: clearing takes a waiver.
    pub needs_waiver: bool,
    /// The protocol asks for a second person at a waiver.
    pub two_person_waiver: bool,
    /// A waiver that waits for a second person.
    pub waiver: Option<WaiverView>,
    /// Protocol version whose de-identification was applied.
    pub protocol_version: u32,
    /// Pictures to look at.
    pub frames: u32,
    /// Pictures of each stream that has some, in their order: frames, of a slide its tiles, the coarse ones first.
    pub streams: Vec<u32>,
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

/// A waiver that one person opened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaiverView {
    /// Their printed name.
    pub by: String,
    /// It was the caller, who cannot confirm it.
    pub own: bool,
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: String,
}

/// Which entries to list.
#[derive(Clone, Debug, Default)]
pub struct GateFilter {
    /// State; `open` if absent, `waiver` for those that wait for a second person.
    pub state: Option<String>,
    /// Only those with this reason.
    pub reason: Option<String>,
}

/// How often a reason occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReasonCount {
    /// Code.
    pub code: String,
    /// Open entries that have it.
    pub entries: u64,
}

/// The queue in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GateSummary {
    /// Open entries.
    pub open: u64,
    /// Of these, waivers that wait for a second person.
    pub waivers: u64,
    /// Reasons among the open entries, the most frequent first.
    pub reasons: Vec<ReasonCount>,
}

/// Which side of the gate a picture is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GateSide {
    /// The source, as it came in.
    Before,
    /// The cleaned copy.
    After,
}

impl GateSide {
    /// Purpose that the exposure is recorded under.
    pub(super) const fn purpose(self) -> &'static str {
        match self {
            Self::Before => "gate_before",
            Self::After => "gate_after",
        }
    }
}

impl Pipeline {
    /// The privacy officer's queue, the greatest risk first, then the oldest.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody else; `bad_cursor`, `bad_state`.
    pub async fn gate(
        &self,
        caller: &Caller,
        project: ProjectId,
        state: Option<String>,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<GateEntryView>> {
        self.gate_queue(caller, project, GateFilter { state, reason: None }, limit, cursor).await
    }

    /// As [`Pipeline::gate`], filtered.
    ///
    /// # Errors
    /// As [`Pipeline::gate`].
    pub async fn gate_queue(
        &self,
        caller: &Caller,
        project: ProjectId,
        filter: GateFilter,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<GateEntryView>> {
        self.require_on(caller, Action::Gate, project)?;
        let after = cursor.as_deref().map(parse_cursor).transpose()?;
        let waiver = filter.state.as_deref() == Some("waiver");
        let state = filter.state.filter(|_| !waiver).unwrap_or_else(|| "open".into());
        if !["open", "cleared", "waived", "rejected", "replaced"].contains(&state.as_str()) {
            let message = "one of open, waiver, cleared, waived, rejected, replaced";
            return Err(PipelineError::bad("bad_state", "state", message));
        }
        let limit = page_length(limit);
        let mut conn = self.store.read().await?;
        let filter = gate::GateFilter { state, reason: filter.reason, waiver };
        let entries = gate::list(&mut conn, project, &filter, after, limit + 1).await?;
        let page = Page::cut(entries, limit, |entry| format!("{}.{}", entry.risk, entry.id));
        let mut shown = Vec::with_capacity(page.items.len());
        for entry in page.items {
            shown.push(self.gate_view(&mut conn, caller, entry).await?);
        }
        Ok(Page { items: shown, next: page.next })
    }

    /// The queue in numbers.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but privacy officers.
    pub async fn gate_summary(&self, caller: &Caller, project: ProjectId) -> Result<GateSummary> {
        self.require_on(caller, Action::Gate, project)?;
        let mut conn = self.store.read().await?;
        let reasons = gate::count_reasons(&mut conn, project).await?;
        Ok(GateSummary {
            open: gate::count_open(&mut conn, project).await?,
            waivers: gate::count_waivers(&mut conn, project).await?,
            reasons: reasons
                .into_iter()
                .map(|row| ReasonCount { code: row.code, entries: row.entries })
                .collect(),
        })
    }

    /// One entry.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn gate_entry(&self, caller: &Caller, id: GateEntryId) -> Result<GateEntryView> {
        let mut conn = self.store.read().await?;
        let entry = self.own_entry(&mut conn, caller, id).await?;
        self.gate_view(&mut conn, caller, entry).await
    }

    /// An entry that the caller may decide.
    pub(super) async fn own_entry(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        id: GateEntryId,
    ) -> Result<gate::GateEntry> {
        let entry = gate::by_id(conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::Gate, entry.project_id)?;
        Ok(entry)
    }

    /// A picture of an entry: of the cleaned copy, or of the source while the entry is open. The exposure is committed
    /// first, and says which side.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `already_decided` for the source of a decided entry;
    /// [`PipelineError::StaleRevision`] where another revision is wanted.
    pub async fn gate_image(
        &self,
        caller: &Caller,
        id: GateEntryId,
        frame: u32,
        side: GateSide,
        revision: Option<u64>,
        window: Option<WindowLevel>,
    ) -> Result<Picture> {
        let (asset, part) = {
            let mut conn = self.store.read().await?;
            let entry = self.own_entry(&mut conn, caller, id).await?;
            if revision.is_some_and(|wanted| wanted != entry.revision) {
                return Err(PipelineError::StaleRevision { current: entry.revision });
            }
            match side {
                GateSide::After => {
                    let found = nth_picture(&report_of(&entry)?.streams, frame)?;
                    (asset_for(&mut conn, found.0, entry.item_id).await?, found.1)
                }
                GateSide::Before => source_of(&mut conn, &entry, frame).await?,
            }
        };
        let exposed = exposures::ensure(&self.store, caller.viewer(), &asset, side.purpose()).await?;
        let bytes = match asset.zone {
            Zone::Quarantine => self.store.quarantine().show_at_gate(&exposed).await?,
            _ => self.store.cleared().show(&exposed).await?,
        };
        let bytes = match side {
            GateSide::After => bytes,
            GateSide::Before => pixels_only(asset.kind, bytes).await?,
        };
        picture(asset.kind, bytes, part, window).await
    }

    pub(super) async fn gate_view(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        entry: gate::GateEntry,
    ) -> Result<GateEntryView> {
        let mut report = report_of(&entry)?;
        let shown = per_stream(&report.streams);
        report.streams.clear();
        let item = items::by_id(conn, entry.item_id).await?.ok_or(PipelineError::NotFound)?;
        let decided_by = match entry.decided_by {
            Some(user) => users::by_id(conn, user).await?.map(|user| user.printed_name),
            None => None,
        };
        let waiver = match (entry.waiver_by, entry.waiver_at, entry.waiver_reason) {
            (Some(user), Some(at), Some(reason)) => {
                let by = users::by_id(conn, user).await?.map(|user| user.printed_name).unwrap_or_default();
                Some(WaiverView { by, own: user == caller.user(), at, reason })
            }
            _ => None,
        };
        let protocol = self.protocol(conn, entry.project_id).await?;
        Ok(GateEntryView {
            id: entry.id,
            project: entry.project_id,
            item: entry.item_id,
            name: item.name,
            kind: item.kind,
            needs_waiver: needs_waiver(&entry.reasons.0),
            two_person_waiver: protocol.deid.two_person_waiver,
            state: entry.state,
            reasons: entry.reasons.0,
            risk: entry.risk,
            revision: entry.revision,
            waiver,
            protocol_version: entry.protocol_version,
            frames: shown.iter().fold(0, |all, count| all.saturating_add(*count)),
            streams: shown,
            opened_at: entry.opened_at,
            decided_at: entry.decided_at,
            decided_by,
            reason: entry.reason,
            report,
        })
    }
}

/// Whether one of the reasons stays however long somebody looks.
pub(super) fn needs_waiver(reasons: &[String]) -> bool {
    reasons.iter().any(|code| !super::risk::settled_by_looking(code))
}

fn parse_cursor(cursor: &str) -> Result<gate::GatePlace> {
    let parts = cursor.split_once('.').and_then(|(risk, id)| Some((risk.parse().ok()?, id.parse().ok()?)));
    parts.ok_or_else(|| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))
}

pub(super) fn report_of(entry: &gate::GateEntry) -> Result<GateReport> {
    serde_json::from_value(entry.report.0.clone())
        .map_err(|e| PipelineError::Internal(format!("gate report: {e}")))
}

fn nth_picture(streams: &[Stream], frame: u32) -> Result<(AssetId, u32)> {
    pictures(streams).nth(frame as usize).ok_or(PipelineError::NotFound)
}

/// What is shared with other items is shown for this one.
async fn asset_for(conn: &mut Conn, id: AssetId, item: ItemId) -> Result<assets::Asset> {
    let asset = assets::by_id(conn, id).await?.ok_or(PipelineError::NotFound)?;
    Ok(assets::Asset { item_id: Some(item), ..asset })
}

/// The source behind a picture of an open entry. Once it is decided, the item's streams name the cleared copies and the
/// source is out of everybody's reach.
pub(super) async fn source_of(
    conn: &mut Conn,
    entry: &gate::GateEntry,
    frame: u32,
) -> Result<(assets::Asset, u32)> {
    if entry.state != "open" {
        return Err(already_decided());
    }
    let item = items::by_id(conn, entry.item_id).await?.ok_or(PipelineError::NotFound)?;
    let (id, part) = nth_picture(&item.streams.0, frame)?;
    let asset = asset_for(conn, id, item.id).await?;
    if asset.zone == Zone::Quarantine { Ok((asset, part)) } else { Err(PipelineError::NotFound) }
}

pub(super) fn already_decided() -> PipelineError {
    PipelineError::refused("already_decided", "Somebody decided this before.")
}

/// The source's pixels without its metadata: positions and names are nothing to look at. A DICOM file is rendered, which
/// carries none.
pub(super) async fn pixels_only(kind: AssetKind, bytes: bytes::Bytes) -> Result<bytes::Bytes> {
    if !matches!(kind, AssetKind::Png | AssetKind::Jpeg) {
        return Ok(bytes);
    }
    let cleaned = blocking(move || deid::clean_image(&bytes)).await?;
    let cleaned = cleaned.map_err(|_| PipelineError::bad("not_decodable", "asset", "cannot be shown"))?;
    Ok(cleaned.bytes.into())
}
