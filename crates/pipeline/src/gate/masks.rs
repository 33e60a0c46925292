//! Masks that a privacy officer draws or takes back: the cleaned copies that they touch are made anew.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::{AssetId, GateEntryId, MASKS_PER_FRAME_MAX, MaskOrigin, MaskRect, Stream};
use countersign_store::{Conn, Evidence, Tx, assets, gate, items, masks as rows};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    FaceCut, GateReport, NOT_CLEANED,
    clean::{CleanedAsset, FileMasks, NotCleaned, clean_file, masks_of},
    face::plane_for,
    masking, note_rows,
    plan::{Rules, rules},
    queue::{already_decided, report_of},
};
use crate::{Pipeline, PipelineError, Result, blocking, people::Caller, pictures::pictures};

/// Most new masks in one change.
const MASKS_PER_CHANGE_MAX: usize = 20_000;

/// A mask as the page draws it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MaskDraft {
    /// A mask that is there, or that was taken back before; absent for a new one.
    #[serde(default)]
    pub id: Option<Uuid>,
    /// Picture of the entry, from 0.
    pub frame: u32,
    /// Where, in pixels; a mask that is there stays where it is.
    pub rect: MaskRect,
}

/// A mask as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MaskView {
    /// Mask.
    pub id: Uuid,
    /// Picture of the entry, from 0.
    pub frame: u32,
    /// Where, in pixels.
    pub rect: MaskRect,
    /// Who found that it is needed.
    pub origin: MaskOrigin,
}

/// The masks of an entry.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Masks {
    /// Revision for `If-Match`.
    pub revision: u64,
    /// In the order they were drawn.
    pub masks: Vec<MaskView>,
    /// Files that were made anew by this change.
    pub remade: u32,
}

/// What a change comes to.
struct Change {
    added: Vec<rows::GateMask>,
    taken_back: Vec<Uuid>,
    put_back: Vec<Uuid>,
    /// Every mask of the item as it will be.
    after: Vec<rows::GateMask>,
}

impl Change {
    fn is_empty(&self) -> bool {
        self.added.is_empty() && self.taken_back.is_empty() && self.put_back.is_empty()
    }

    /// Source files whose copies have to be made anew.
    fn touched(&self) -> BTreeSet<AssetId> {
        let moved =
            |mask: &&rows::GateMask| self.taken_back.contains(&mask.id) || self.put_back.contains(&mask.id);
        let old = self.after.iter().filter(moved).map(|mask| mask.asset_id);
        old.chain(self.added.iter().map(|mask| mask.asset_id)).collect()
    }
}

impl Pipeline {
    /// The masks of an entry.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn gate_masks(&self, caller: &Caller, id: GateEntryId) -> Result<Masks> {
        let mut conn = self.store.read().await?;
        let entry = self.own_entry(&mut conn, caller, id).await?;
        shown(&mut conn, &entry, 0).await
    }

    /// Sets the masks of an open entry, made against a revision, and makes the copies that they touch anew. A waiver
    /// that waits for a second person falls: it was for other pictures.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `already_decided`; [`PipelineError::StaleRevision`]; `not_finite`, `not_positive`,
    /// `mask_outside`, `no_such_frame`, `unknown_mask`, `too_many_masks` at `masks[n]`; `mask_not_possible`;
    /// `item_changed`.
    pub async fn set_gate_masks(
        &self,
        caller: &Caller,
        id: GateEntryId,
        revision: u64,
        drafts: Vec<MaskDraft>,
    ) -> Result<Masks> {
        let (entry, item, known, rules) = {
            let mut conn = self.store.read().await?;
            let entry = self.own_entry(&mut conn, caller, id).await?;
            let item = items::by_id(&mut conn, entry.item_id).await?.ok_or(PipelineError::NotFound)?;
            let known = rows::of_item(&mut conn, item.id).await?;
            let version = Some(entry.protocol_version);
            let rules = rules(self, &mut conn, item.project_id, version, item.kind).await?;
            (entry, item, known, rules)
        };
        check_open(&entry, revision)?;
        let change = self.change(caller, &item, known, &drafts)?;
        if change.is_empty() {
            return shown(&mut *self.store.read().await?, &entry, 0).await;
        }
        let cuts = report_of(&entry)?.faces;
        let copies = self.remake(&item, &change, &drafts, (&rules, &cuts)).await?;
        let remade = u32::try_from(copies.len()).unwrap_or(u32::MAX);
        let copies = self.put_waiting(&item, copies).await?;
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let now = items::lock(tx, item.id).await?;
                    if now.streams != item.streams || now.state != item.state {
                        let message = "More files arrived; the gate looks again.";
                        return Err(PipelineError::refused("item_changed", message));
                    }
                    let copies = note_rows(tx, copies).await?;
                    write_change(tx, id, revision, &item, change, &copies).await
                })
            })
            .await?;
        let mut conn = self.store.read().await?;
        let entry = gate::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        shown(&mut conn, &entry, remade).await
    }

    /// Compares what is asked for with what is there.
    fn change(
        &self,
        caller: &Caller,
        item: &items::Item,
        known: Vec<rows::GateMask>,
        drafts: &[MaskDraft],
    ) -> Result<Change> {
        let places: Vec<(AssetId, u32)> = pictures(&item.streams.0).collect();
        let mut per_frame: BTreeMap<u32, usize> = BTreeMap::new();
        let (mut kept, mut added) = (BTreeSet::new(), Vec::new());
        let (user, now) = (caller.user(), self.store.clock().now());
        for (index, draft) in drafts.iter().enumerate() {
            let bad = |code, message: &str| PipelineError::bad(code, format!("masks[{index}]"), message);
            let place = places.get(draft.frame as usize);
            let (asset_id, part) =
                *place.ok_or_else(|| bad("no_such_frame", "the entry has no such picture"))?;
            if let Some(id) = draft.id {
                let same =
                    |mask: &rows::GateMask| mask.id == id && (mask.asset_id, mask.part) == (asset_id, part);
                if !known.iter().any(same) || !kept.insert(id) {
                    return Err(bad("unknown_mask", "is not a mask of this entry"));
                }
                continue;
            }
            let count = per_frame.entry(draft.frame).or_default();
            *count += 1;
            if *count > MASKS_PER_FRAME_MAX || added.len() >= MASKS_PER_CHANGE_MAX {
                let message = format!(
                    "at most {MASKS_PER_FRAME_MAX} new masks on one picture, {MASKS_PER_CHANGE_MAX} in one change"
                );
                return Err(bad("too_many_masks", &message));
            }
            let MaskRect { x, y, width, height } = draft.rect;
            added.push(rows::GateMask {
                id: self.store.ids().fresh(),
                project_id: item.project_id,
                item_id: item.id,
                asset_id,
                part,
                x,
                y,
                width,
                height,
                detector: None,
                drawn_by: Some(user),
                created_at: now,
                removed_at: None,
                removed_by: None,
            });
        }
        let is_kept = |mask: &rows::GateMask| kept.contains(&mask.id);
        let active = |mask: &rows::GateMask| mask.removed_at.is_none();
        let ids = |wanted: &dyn Fn(&rows::GateMask) -> bool| {
            known.iter().filter(|mask| wanted(mask)).map(|mask| mask.id).collect::<Vec<_>>()
        };
        let taken_back = ids(&|mask| active(mask) && !is_kept(mask));
        let put_back = ids(&|mask| !active(mask) && is_kept(mask));
        let after = known
            .into_iter()
            .map(|mask| {
                let removed_at = if kept.contains(&mask.id) { None } else { mask.removed_at.or(Some(now)) };
                rows::GateMask { removed_at, ..mask }
            })
            .chain(added.iter().cloned())
            .collect();
        Ok(Change { added, taken_back, put_back, after })
    }

    /// Cleans the files anew that the change touches, each with all of its masks.
    async fn remake(
        &self,
        item: &items::Item,
        change: &Change,
        drafts: &[MaskDraft],
        (rules, cuts): (&Rules, &[FaceCut]),
    ) -> Result<Vec<CleanedAsset>> {
        let mut copies = Vec::new();
        for id in change.touched() {
            let asset =
                assets::by_id(&mut *self.store.read().await?, id).await?.ok_or(PipelineError::NotFound)?;
            let bytes = self.store.quarantine().for_machine(asset.project_id, &asset.address).await?;
            // What the detector found is among them, and what a person took back is not found again.
            let face = plane_for(cuts, &item.streams.0, id);
            let masks = FileMasks { look: false, face, ..masks_of(&change.after, id) };
            let (kind, item_kind, rules) = (asset.kind, item.kind, rules.clone());
            let made = blocking(move || {
                let size = masking::picture_size(kind, &bytes);
                let (width, height, _) = size.ok_or(Fault::NoPicture)?;
                for (_, rect) in &masks.drawn {
                    rect.validate(width, height).map_err(|error| Fault::Mask(*rect, error))?;
                }
                clean_file(kind, &bytes, item_kind, &rules, &masks).map_err(Fault::NotCleaned)
            })
            .await?;
            match made {
                Ok(file) => copies.push(CleanedAsset {
                    source: id,
                    kind,
                    bytes: file.bytes.into(),
                    record: Some(file.record),
                }),
                Err(fault) => return Err(fault.at(drafts)),
            }
        }
        Ok(copies)
    }
}

/// Why a copy could not be made anew.
enum Fault {
    NoPicture,
    Mask(MaskRect, countersign_model::MaskError),
    NotCleaned(NotCleaned),
}

impl Fault {
    fn at(self, drafts: &[MaskDraft]) -> PipelineError {
        use countersign_model::MaskError;
        match self {
            Self::NoPicture => PipelineError::bad("not_decodable", "asset", "cannot be shown"),
            Self::Mask(rect, error) => {
                // By bits: what is not a number is not equal to itself.
                let bits = |r: &MaskRect| [r.x, r.y, r.width, r.height].map(f64::to_bits);
                let index = drafts.iter().position(|draft| bits(&draft.rect) == bits(&rect)).unwrap_or(0);
                let code = match error {
                    MaskError::NotFinite => "not_finite",
                    MaskError::NoSize => "not_positive",
                    MaskError::Outside { .. } => "mask_outside",
                };
                PipelineError::bad(code, format!("masks[{index}].rect"), error.to_string())
            }
            Self::NotCleaned(error) if error.code == "mask_not_possible" => PipelineError::refused(
                "mask_not_possible",
                "The pixels of this file cannot be masked here; reject it if they must be.",
            ),
            Self::NotCleaned(error) => {
                PipelineError::Internal(format!("a cleaned file could not be cleaned again: {}", error.code))
            }
        }
    }
}

fn check_open(entry: &gate::GateEntry, revision: u64) -> Result<()> {
    if entry.state != "open" {
        return Err(already_decided());
    }
    if entry.reasons.0.iter().any(|code| code == NOT_CLEANED) {
        return Err(PipelineError::refused(
            "not_clearable",
            "A part of this item could not be de-identified; it can only be rejected.",
        ));
    }
    if entry.revision != revision {
        return Err(PipelineError::StaleRevision { current: entry.revision });
    }
    Ok(())
}

async fn write_change(
    tx: &mut Tx,
    id: GateEntryId,
    revision: u64,
    item: &items::Item,
    change: Change,
    copies: &[super::CopyRow],
) -> Result<()> {
    let entry = gate::by_id(tx, id).await?.ok_or(PipelineError::NotFound)?;
    check_open(&entry, revision)?;
    if gate::advance(tx, id, revision).await?.is_none() {
        return Err(already_decided());
    }
    let report = report_of(&entry)?;
    let masks = change.after.iter().filter(|mask| mask.removed_at.is_none()).count() as u64;
    let report = GateReport { streams: copies_in(&item.streams.0, &report.streams, copies), masks, ..report };
    let value = serde_json::to_value(&report).map_err(|e| PipelineError::Internal(e.to_string()))?;
    gate::set_report(tx, id, value, entry.risk).await?;
    // The rows hold every rectangle; the log binds their hash.
    let active: Vec<_> = change.after.iter().filter(|mask| mask.removed_at.is_none()).collect();
    let bound: Vec<_> = active.iter().map(|mask| (mask.id, mask.asset_id, mask.part, mask.rect())).collect();
    let bound = serde_json::to_vec(&bound).map_err(|e| PipelineError::Internal(e.to_string()))?;
    let details = serde_json::json!({
        "revision": revision + 1,
        "added": change.added.len(),
        "taken_back": change.taken_back.len(),
        "put_back": change.put_back.len(),
    });
    let user = tx.actor().user;
    rows::insert_all(tx, change.added).await?;
    for mask in &change.taken_back {
        rows::take_back(tx, *mask, user).await?;
    }
    for mask in &change.put_back {
        rows::put_back(tx, *mask).await?;
    }
    let evidence = Evidence::new("gate.masked", "gate_entry", id.uuid()).project(item.project_id);
    tx.record(evidence.item(item.id).content(Sha256::digest(bound).into()).details(details))?;
    Ok(())
}

/// The streams of the copies, with the ones that were made anew in their places. A copy can be the source itself, where
/// there was nothing to clean.
fn copies_in(sources: &[Stream], copies: &[Stream], made: &[super::CopyRow]) -> Vec<Stream> {
    let made: BTreeMap<AssetId, AssetId> = made.iter().map(|row| (row.source, row.id)).collect();
    let mut out = copies.to_vec();
    for (stream, source) in out.iter_mut().zip(sources) {
        for (frame, source) in stream.frames.iter_mut().zip(&source.frames) {
            if let Some(copy) = made.get(&source.asset) {
                frame.asset = *copy;
            }
        }
    }
    out
}

async fn shown(conn: &mut Conn, entry: &gate::GateEntry, remade: u32) -> Result<Masks> {
    let item = items::by_id(conn, entry.item_id).await?.ok_or(PipelineError::NotFound)?;
    let masks = rows::of_item(conn, item.id).await?;
    // While it waits, the item's streams name the sources that masks lie on.
    let frames: BTreeMap<(AssetId, u32), u32> = pictures(&item.streams.0).zip(0..).collect();
    let mut views = Vec::with_capacity(masks.len());
    for mask in masks.iter().filter(|mask| mask.removed_at.is_none()) {
        let Some(frame) = frames.get(&(mask.asset_id, mask.part)) else { continue };
        views.push(MaskView { id: mask.id, frame: *frame, rect: mask.rect(), origin: mask.origin()? });
    }
    Ok(Masks { revision: entry.revision, masks: views, remade })
}
