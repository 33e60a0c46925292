//! Faces and plates in camera pictures: found by an accepted model, carried to the frames around, or left to a person.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::{
    AssetId, AssetKind, FaceRunId, FacesPlan, ItemKind, MaskRect, Stream, StreamKind, Zone,
};
use countersign_store::{Conn, assets, items, jobs, masks as mask_rows};
use serde::{Deserialize, Serialize};

use super::{clean::Outcome, plan::Rules, risk::FACES_NOT_RULED_OUT};
use crate::{
    Pipeline, Result,
    models::{Accepted, Looked, accepted},
};

/// Most masks of a model on one frame, those carried from other frames included.
const MASKS_PER_FRAME_MAX: usize = 5_000;
/// Digits of the configuration's hash in the name that masks carry.
const HASH_DIGITS: usize = 12;

/// The model that looked at an item's camera pictures, and what was known about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CameraLook {
    /// Name of the model within the project.
    pub model: String,
    /// Counts the registrations of that name.
    pub revision: u32,
    /// The model's version on its server.
    pub version: String,
    /// SHA-256 of its configuration.
    pub config_hash: String,
    /// The acceptance run that it is believed for.
    pub run: FaceRunId,
    /// Lower bound on its recall of faces.
    pub faces_bound: f64,
    /// Lower bound on its recall of plates.
    pub plates_bound: f64,
    /// Confidence of the bounds.
    pub confidence: f64,
    /// What the protocol asks for.
    pub min_recall: f64,
    /// Frames before and after that what was found was carried to.
    pub temporal: u32,
    /// Pictures of this item.
    pub frames: u32,
    /// Masks on them.
    pub masks: u32,
}

impl CameraLook {
    /// The name that its masks carry.
    pub fn detector(&self) -> String {
        let hash = self.config_hash.get(..HASH_DIGITS).unwrap_or(&self.config_hash);
        format!("{} {} {hash}", self.model, self.version)
    }

    fn of(found: &Accepted, plan: &FacesPlan, frames: u32, masks: u32) -> Self {
        Self {
            model: found.model.name.clone(),
            revision: found.model.revision,
            version: found.model.config.0.version.clone(),
            config_hash: found.model.config_hash.clone(),
            run: found.run.id,
            faces_bound: found.run.faces_bound.unwrap_or_default(),
            plates_bound: found.run.plates_bound.unwrap_or_default(),
            confidence: found.run.confidence,
            min_recall: plan.min_recall,
            temporal: plan.temporal,
            frames,
            masks,
        }
    }
}

/// What a model found on an item's pictures, by source.
#[derive(Default)]
pub(super) struct Seen {
    pub masks: BTreeMap<AssetId, Vec<MaskRect>>,
}

/// The frames of one camera in their order, those of scenes before and after included.
struct Sequence {
    name: String,
    frames: Vec<AssetId>,
    /// Which of them are the item's own.
    own: std::ops::Range<usize>,
}

impl Pipeline {
    /// Has the protocol's model look at an item's camera pictures. Whatever keeps it from that keeps the item in the
    /// privacy officer's queue, with the code.
    pub(super) async fn look_for_people(
        &self,
        item: &items::Item,
        rules: &Rules,
        (job, worker): (&jobs::Job, &str),
        outcome: &mut Outcome,
    ) -> Result<Seen> {
        let Some(plan) = rules.plan.faces.as_ref().filter(|_| is_of_the_world(item.kind)) else {
            return Ok(Seen::default());
        };
        let (found, sequences) = {
            let mut conn = self.store.read().await?;
            let sequences = sequences(&mut conn, item, plan.temporal).await?;
            (accepted(&mut conn, item.project_id, plan).await?, sequences)
        };
        if sequences.is_empty() {
            return Ok(Seen::default());
        }
        let found = match found {
            Ok(found) => found,
            Err(code) => {
                outcome.unsettled(FACES_NOT_RULED_OUT, code, &plan.model);
                return Ok(Seen::default());
            }
        };
        let (mut seen, mut frames, mut all) = (Seen::default(), 0, true);
        for sequence in &sequences {
            frames += u32::try_from(sequence.own.len()).unwrap_or(u32::MAX);
            let (looked, whole) = self.look_along(&found, sequence, (job, worker), outcome).await?;
            all &= whole;
            carry(sequence, &looked, plan.temporal, &mut seen.masks);
        }
        for (name, masks) in seen.masks.iter().filter(|(_, masks)| masks.len() > MASKS_PER_FRAME_MAX) {
            outcome.unsettled(FACES_NOT_RULED_OUT, "too-many-masks", &format!("{name}: {}", masks.len()));
            all = false;
        }
        let masks = seen.masks.values().map(Vec::len).sum::<usize>();
        let look = CameraLook::of(&found, plan, frames, u32::try_from(masks).unwrap_or(u32::MAX));
        let drawn = mask_rows::of_item(&mut *self.store.read().await?, item.id).await?;
        let detector = look.detector();
        let own = |mask: &&mask_rows::GateMask| mask.detector.as_deref() == Some(detector.as_str());
        if drawn.iter().filter(own).any(|mask| mask.removed_at.is_some()) {
            // A person said that one of its masks is wrong: a person decides.
            outcome.unsettled(FACES_NOT_RULED_OUT, "mask-taken-back", &plan.model);
            all = false;
        }
        // What is there already is not noted again.
        for mask in drawn.iter().filter(own) {
            if let Some(new) = seen.masks.get_mut(&mask.asset_id) {
                new.retain(|rect| *rect != mask.rect());
            }
        }
        if all {
            outcome.camera_vouched = true;
        }
        outcome.report.camera = Some(look);
        Ok(seen)
    }

    /// What was found on the frames of a sequence, and whether the model looked at every one of them.
    async fn look_along(
        &self,
        found: &Accepted,
        sequence: &Sequence,
        (job, worker): (&jobs::Job, &str),
        outcome: &mut Outcome,
    ) -> Result<(BTreeMap<AssetId, Looked>, bool)> {
        let own: BTreeSet<AssetId> = sequence.frames[sequence.own.clone()].iter().copied().collect();
        let place = |asset: &AssetId| match sequence.frames.iter().position(|frame| frame == asset) {
            Some(at) if sequence.own.contains(&at) => {
                format!("{} frame {}", sequence.name, at - sequence.own.start + 1)
            }
            _ => format!("{}, a frame of a scene beside it", sequence.name),
        };
        let (mut sources, mut missing) = (Vec::new(), None);
        for id in &sequence.frames {
            let asset = assets::by_id(&mut *self.store.read().await?, *id).await?;
            let usable = |asset: &assets::Asset| {
                asset.zone == Zone::Quarantine && matches!(asset.kind, AssetKind::Png | AssetKind::Jpeg)
            };
            match asset.filter(usable) {
                Some(asset) => sources.push(asset),
                // What lies beside it may be gone; what is shown may not.
                None if own.contains(id) => missing = Some(*id),
                None => {}
            }
        }
        let (looked, fault) = self.looked_at(&found.model, &sources, (job, worker)).await?;
        if let Some(fault) = &fault {
            outcome.unsettled(FACES_NOT_RULED_OUT, fault.code, &place(&fault.asset));
        }
        if let Some(missing) = &missing {
            outcome.unsettled(FACES_NOT_RULED_OUT, "frame-gone", &place(missing));
        }
        Ok((looked, fault.is_none() && missing.is_none()))
    }
}

/// Items whose pictures are a camera's; instances of a study are looked at as what they are.
fn is_of_the_world(kind: ItemKind) -> bool {
    matches!(kind, ItemKind::Scene | ItemKind::Image)
}

/// Pictures of parts show no people; pictures of the world may.
pub(super) fn shows_people(kind: ItemKind) -> bool {
    kind != ItemKind::Part
}

/// Masks of each of the item's own frames: its own, and those of the frames around it, each once.
fn carry(
    sequence: &Sequence,
    looked: &BTreeMap<AssetId, Looked>,
    temporal: u32,
    out: &mut BTreeMap<AssetId, Vec<MaskRect>>,
) {
    let reach = temporal as usize;
    for at in sequence.own.clone() {
        let Some(own) = looked.get(&sequence.frames[at]) else { continue };
        let around = at.saturating_sub(reach)..(at + reach + 1).min(sequence.frames.len());
        // Its own first: what lies within one of them adds nothing.
        let order = std::iter::once(at).chain(around.filter(|other| *other != at));
        let masks = out.entry(sequence.frames[at]).or_default();
        for rect in order.filter_map(|other| looked.get(&sequence.frames[other])).flat_map(Looked::masks) {
            if let Some(rect) = cut(rect, own.width, own.height)
                && !masks.iter().any(|mask| holds(mask, &rect))
            {
                masks.push(rect);
            }
        }
    }
}

fn cut(rect: MaskRect, width: u32, height: u32) -> Option<MaskRect> {
    let (right, bottom) =
        ((rect.x + rect.width).min(width.into()), (rect.y + rect.height).min(height.into()));
    let rect = MaskRect { width: right - rect.x, height: bottom - rect.y, ..rect };
    rect.validate(width, height).is_ok().then_some(rect)
}

fn holds(outer: &MaskRect, inner: &MaskRect) -> bool {
    outer.x <= inner.x
        && outer.y <= inner.y
        && outer.x + outer.width >= inner.x + inner.width
        && outer.y + outer.height >= inner.y + inner.height
}

/// The cameras of an item. A scene of a drive holds one frame of each: the scenes before and after it, in the order they
/// were brought in, are the frames around it.
async fn sequences(conn: &mut Conn, item: &items::Item, temporal: u32) -> Result<Vec<Sequence>> {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    if item.kind == ItemKind::Scene && temporal > 0 {
        before = items::along_drive(conn, item.id, false, temporal).await?;
        before.reverse();
        after = items::along_drive(conn, item.id, true, temporal).await?;
    }
    let cameras = item.streams.0.iter().filter(|stream| stream.kind != StreamKind::Lidar);
    let mut out = Vec::new();
    for camera in cameras {
        let mut frames = Vec::new();
        for beside in &before {
            frames.extend(sources(conn, beside, camera).await?);
        }
        let start = frames.len();
        for frame in &camera.frames {
            if is_picture(conn, frame.asset).await? {
                frames.push(frame.asset);
            }
        }
        let own = start..frames.len();
        for beside in &after {
            frames.extend(sources(conn, beside, camera).await?);
        }
        if !own.is_empty() {
            out.push(Sequence { name: camera.name.clone(), frames, own });
        }
    }
    Ok(out)
}

async fn is_picture(conn: &mut Conn, id: AssetId) -> Result<bool> {
    let asset = assets::by_id(conn, id).await?;
    Ok(asset.is_some_and(|asset| matches!(asset.kind, AssetKind::Png | AssetKind::Jpeg)))
}

/// The sources behind the frames of the same camera in another scene: those that were cleared name copies.
async fn sources(conn: &mut Conn, item: &items::Item, camera: &Stream) -> Result<Vec<AssetId>> {
    let same = |stream: &&Stream| stream.kind == camera.kind && stream.name == camera.name;
    let mut out = Vec::new();
    for frame in item.streams.0.iter().filter(same).flat_map(|stream| &stream.frames) {
        let Some(mut asset) = assets::by_id(conn, frame.asset).await? else { continue };
        while let Some(source) = asset.source_asset_id {
            let Some(found) = assets::by_id(conn, source).await? else { break };
            asset = found;
        }
        out.push(asset.id);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn rect(x: f64, y: f64, width: f64, height: f64) -> MaskRect {
        MaskRect { x, y, width, height }
    }

    #[test]
    fn what_is_carried_is_cut_to_the_frame_and_counted_once() {
        assert_eq!(cut(rect(90.0, 10.0, 20.0, 10.0), 100, 100), Some(rect(90.0, 10.0, 10.0, 10.0)));
        assert_eq!(cut(rect(120.0, 10.0, 20.0, 10.0), 100, 100), None);
        assert!(holds(&rect(0.0, 0.0, 9.0, 9.0), &rect(1.0, 1.0, 8.0, 8.0)));
        assert!(!holds(&rect(0.0, 0.0, 9.0, 9.0), &rect(1.0, 1.0, 8.5, 8.0)));
    }
}
