//! The customer's labelled sample: frames that lie in quarantine, named by their content, with the faces and plates in
//! them. The form is COCO's, with the SHA-256 of each image's file.

use std::collections::{BTreeMap, BTreeSet};

use countersign_model::{AssetId, AssetKind, MaskRect, ProjectId, Telltale};
use countersign_store::{Conn, assets};
use countersign_workflow::canonical_json;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::picture::decode;
use crate::{Pipeline, PipelineError, Result, blocking};

/// Most frames of one sample.
const FRAMES_MAX: usize = 5_000;
/// Most labels of one sample.
const LABELS_MAX: usize = 100_000;

/// A labelled sample in COCO's form. Other keys than these are not read.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SampleDraft {
    /// Frames, also those in which there is nobody.
    pub images: Vec<SampleImage>,
    /// Labels.
    pub annotations: Vec<SampleLabel>,
    /// Names of the classes: `face` and `plate`.
    pub categories: Vec<SampleCategory>,
}

/// A frame of a sample.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SampleImage {
    /// Number within the sample.
    pub id: i64,
    /// SHA-256 of the file as it was brought in, hexadecimal.
    pub sha256: String,
}

/// A label of a sample.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SampleLabel {
    /// Frame.
    pub image_id: i64,
    /// Class.
    pub category_id: i64,
    /// Left, top, width, height, pixels.
    pub bbox: [f64; 4],
}

/// A class of a sample.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SampleCategory {
    /// Number within the sample.
    pub id: i64,
    /// `face` or `plate`.
    pub name: String,
}

/// A sample whose frames are there and whose labels lie in them.
pub(super) struct Sample {
    pub frames: Vec<AssetId>,
    pub labels: Vec<(AssetId, Telltale, MaskRect)>,
    /// SHA-256 of frames and labels, whatever their order and numbers.
    pub hash: [u8; 32],
}

/// One label as it is hashed.
#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Bound<'a>(&'a str, &'a str, [u64; 4]);

impl Pipeline {
    /// Checks a sample: every frame is a picture of the project that lies in quarantine, every label lies within its
    /// frame. Nothing that cannot be used is left out silently.
    pub(super) async fn sample(&self, project: ProjectId, draft: &SampleDraft) -> Result<Sample> {
        check_size(draft)?;
        let kinds = kinds(draft)?;
        let (mut frames, mut by_number) = (Vec::new(), BTreeMap::new());
        for (index, image) in draft.images.iter().enumerate() {
            let bad = |field: &str, code, message: &str| {
                PipelineError::bad(code, format!("images[{index}]{field}"), message)
            };
            let mut hash = [0; 32];
            hex::decode_to_slice(&image.sha256, &mut hash)
                .map_err(|_| bad(".sha256", "bad_hash", "64 hexadecimal digits"))?;
            let found = {
                let mut conn = self.store.read().await?;
                self.frame_of(&mut conn, project, &hash).await?
            };
            let asset = found.ok_or_else(|| {
                bad(".sha256", "unknown_frame", "no picture of this project that lies in quarantine")
            })?;
            let bytes = self.store.quarantine().for_machine(project, &asset.address).await?;
            let size = blocking(move || decode(&bytes)).await?;
            let size = size.map_err(|code| bad("", code, "the frame cannot be shown to a model"))?;
            let twice = by_number.insert(image.id, (asset.id, size.width(), size.height())).is_some();
            if twice || frames.contains(&asset.id) {
                return Err(bad("", "frame_twice", "is there twice"));
            }
            frames.push(asset.id);
        }
        let mut labels = Vec::new();
        for (index, label) in draft.annotations.iter().enumerate() {
            let bad = |field: &str, code, message: String| {
                PipelineError::bad(code, format!("annotations[{index}].{field}"), message)
            };
            let kind = *kinds
                .get(&label.category_id)
                .ok_or_else(|| bad("category_id", "unknown_class", "names no category".into()))?;
            let (asset, width, height) = *by_number
                .get(&label.image_id)
                .ok_or_else(|| bad("image_id", "unknown_frame", "names no image".into()))?;
            let [x, y, w, h] = label.bbox;
            let rect = MaskRect { x, y, width: w, height: h };
            rect.validate(width, height).map_err(|error| bad("bbox", "mask_outside", error.to_string()))?;
            labels.push((asset, kind, rect));
        }
        Ok(Sample { frames, labels, hash: hash_of(draft, &kinds)? })
    }

    async fn frame_of(
        &self,
        conn: &mut Conn,
        project: ProjectId,
        hash: &[u8; 32],
    ) -> Result<Option<assets::Asset>> {
        let quarantine = self.store.quarantine();
        let address = quarantine.address_of(project, hash);
        let zone = countersign_model::Zone::Quarantine;
        let found = assets::by_address(conn, project, zone, &address).await?;
        let is_source = |asset: &assets::Asset| {
            asset.source_asset_id.is_none() && matches!(asset.kind, AssetKind::Png | AssetKind::Jpeg)
        };
        Ok(found.filter(is_source))
    }
}

fn check_size(draft: &SampleDraft) -> Result<()> {
    if draft.images.is_empty() || draft.images.len() > FRAMES_MAX {
        let message = format!("between 1 and {FRAMES_MAX} frames");
        return Err(PipelineError::bad("bad_sample", "images", message));
    }
    if draft.annotations.is_empty() || draft.annotations.len() > LABELS_MAX {
        let message = format!("between 1 and {LABELS_MAX} labels");
        return Err(PipelineError::bad("bad_sample", "annotations", message));
    }
    Ok(())
}

fn kinds(draft: &SampleDraft) -> Result<BTreeMap<i64, Telltale>> {
    let mut kinds = BTreeMap::new();
    for (index, category) in draft.categories.iter().enumerate() {
        let bad =
            |message: &str| PipelineError::bad("unknown_class", format!("categories[{index}]"), message);
        let kind: Telltale = category.name.parse().map_err(|_| bad("must be face or plate"))?;
        if kinds.insert(category.id, kind).is_some() {
            return Err(bad("its number is used twice"));
        }
    }
    Ok(kinds)
}

fn hash_of(draft: &SampleDraft, kinds: &BTreeMap<i64, Telltale>) -> Result<[u8; 32]> {
    let lower: BTreeMap<i64, String> =
        draft.images.iter().map(|image| (image.id, image.sha256.to_ascii_lowercase())).collect();
    let frames: BTreeSet<&str> = lower.values().map(String::as_str).collect();
    let bound = |label: &SampleLabel| {
        let kind = kinds.get(&label.category_id)?;
        Some((lower.get(&label.image_id)?, kind.as_str(), label.bbox.map(f64::to_bits)))
    };
    let mut labels: Vec<_> = draft
        .annotations
        .iter()
        .filter_map(bound)
        .map(|(frame, kind, bits)| Bound(frame.as_str(), kind, bits))
        .collect();
    labels.sort_unstable();
    let value = serde_json::to_value((frames, labels)).map_err(|e| PipelineError::Internal(e.to_string()))?;
    Ok(Sha256::digest(canonical_json(&value).as_bytes()).into())
}
