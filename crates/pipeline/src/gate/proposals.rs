//! Masks that the cuboids of a scene suggest: shown to the privacy officer, burnt into nothing until they accept them.
//!
//! A band is found only where there is a cuboid, so it is an aid and vouches for nothing.

use countersign_geometry::{Box2, Cuboid, ImageSize};
use countersign_model::{AssetId, AssetKind, GateEntryId, ItemKind, MaskRect, StreamKind, Telltale};
use countersign_sensors::{
    SceneCalibration,
    bands::{BandKind, bands},
    draft as sensors_draft, kitti,
};
use countersign_store::assets;
use serde::Serialize;

use super::{masking, queue::already_decided};
use crate::{Pipeline, PipelineError, Result, blocking, people::Caller};

/// Most proposals for one entry.
const PROPOSALS_MAX: usize = 1_000;

/// Where a proposal comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProposalOrigin {
    /// A cuboid of a label file that came with the scene.
    Labels,
    /// A cuboid that was fitted to the points of the sweep.
    Sweep,
}

/// A mask that a cuboid suggests.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proposal {
    /// Picture of the entry, from 0.
    pub frame: u32,
    /// Where, whole pixels.
    pub rect: MaskRect,
    /// What may be there.
    pub kind: Telltale,
    /// From which cuboid.
    pub origin: ProposalOrigin,
}

/// The files of a scene that cuboids come from.
struct Files {
    calibration: bytes::Bytes,
    labels: Option<bytes::Bytes>,
    sweep: Option<bytes::Bytes>,
    image: (AssetKind, bytes::Bytes),
}

impl Pipeline {
    /// The masks that the cuboids of an open entry suggest: of its label file where there is one, and of its sweep. Empty
    /// for everything but scenes with a calibration.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `already_decided`.
    pub async fn gate_proposals(&self, caller: &Caller, id: GateEntryId) -> Result<Vec<Proposal>> {
        let (item, sources) = {
            let mut conn = self.store.read().await?;
            let entry = self.own_entry(&mut conn, caller, id).await?;
            if entry.state != "open" {
                return Err(already_decided());
            }
            let item = countersign_store::items::by_id(&mut conn, entry.item_id).await?;
            let item = item.ok_or(PipelineError::NotFound)?;
            let sources = assets::of_item(&mut conn, item.id).await?;
            (item, sources)
        };
        if item.kind != ItemKind::Scene {
            return Ok(Vec::new());
        }
        let first = |kind: StreamKind| {
            item.streams.0.iter().find(|stream| stream.kind == kind)?.frames.first().map(|frame| frame.asset)
        };
        let by_kind = |kind: AssetKind| {
            let source = |asset: &&assets::Asset| asset.kind == kind && asset.source_asset_id.is_none();
            sources.iter().find(source).map(|asset| asset.id)
        };
        let (Some(image), Some(calibration)) = (first(StreamKind::Camera), by_kind(AssetKind::KittiCalib))
        else {
            return Ok(Vec::new());
        };
        let of = |id: Option<AssetId>| sources.iter().find(|asset| Some(asset.id) == id);
        let read = async |asset: Option<&assets::Asset>| match asset {
            Some(asset) => {
                let bytes = self.store.quarantine().for_machine(asset.project_id, &asset.address).await?;
                Ok::<_, PipelineError>(Some((asset.kind, bytes)))
            }
            None => Ok(None),
        };
        let (Some(image), Some((_, calibration))) =
            (read(of(Some(image))).await?, read(of(Some(calibration))).await?)
        else {
            return Ok(Vec::new());
        };
        let labels = read(of(by_kind(AssetKind::KittiLabel))).await?.map(|(_, bytes)| bytes);
        let sweep = read(of(first(StreamKind::Lidar))).await?.map(|(_, bytes)| bytes);
        blocking(move || propose(&Files { calibration, labels, sweep, image })).await
    }
}

fn propose(files: &Files) -> Vec<Proposal> {
    let calibration = std::str::from_utf8(&files.calibration).ok().and_then(|t| kitti::parse_calib(t).ok());
    let size = masking::picture_size(files.image.0, &files.image.1);
    let (Some(calibration), Some((width, height, _))) = (calibration, size) else { return Vec::new() };
    let size = ImageSize { width, height };
    let mut found: Vec<Proposal> = Vec::new();
    for (origin, class, cuboid) in labelled(files, &calibration).chain(drafted(files)) {
        let Some(kind) = BandKind::of_class(&class) else { continue };
        for band in bands(kind, &cuboid, &calibration.camera, &calibration.lidar_to_camera, size) {
            let kind = match kind {
                BandKind::Face => Telltale::Face,
                BandKind::Plate => Telltale::Plate,
            };
            let proposal = Proposal { frame: 0, rect: whole(&band, size), kind, origin };
            if !found.iter().any(|known| known.rect == proposal.rect) {
                found.push(proposal);
            }
        }
    }
    found.truncate(PROPOSALS_MAX);
    found
}

fn labelled<'a>(
    files: &'a Files,
    calibration: &'a SceneCalibration,
) -> impl Iterator<Item = (ProposalOrigin, String, Cuboid)> + 'a {
    let text = files.labels.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let labels = text.and_then(|text| kitti::parse_labels(text).ok()).unwrap_or_default();
    labels.into_iter().filter_map(|label| {
        Some((ProposalOrigin::Labels, label.class.to_ascii_lowercase(), label.cuboid(calibration)?))
    })
}

fn drafted(files: &Files) -> impl Iterator<Item = (ProposalOrigin, String, Cuboid)> {
    let cloud = files.sweep.as_ref().and_then(|bytes| kitti::read_velodyne(bytes).ok());
    let found = cloud.map(|cloud| sensors_draft::detect(&cloud, &sensors_draft::DraftParams::default()));
    let drafts = found.unwrap_or_default().into_iter();
    drafts.map(|draft| (ProposalOrigin::Sweep, draft.class.to_owned(), draft.cuboid))
}

/// Every pixel that a band touches.
fn whole(band: &Box2, size: ImageSize) -> MaskRect {
    let rect = MaskRect { x: band.x, y: band.y, width: band.w, height: band.h };
    let [columns, rows] = rect.pixels(size.width, size.height);
    let [x, y, right, bottom] = [columns.start, rows.start, columns.end, rows.end].map(f64::from);
    MaskRect { x, y, width: right - x, height: bottom - y }
}
