//! The evidence of one file's cleaning: rule set, hashes, actions, regions. No value in it.

use countersign_deid::{
    self as deid,
    face::{FACE_METHOD, FacePlane},
    pixels,
};
use countersign_model::AssetId;
use countersign_store::{Json, Tx, cleanings};
use serde_json::{Value, json};

use super::{CameraLook, CopyRow, masking::FrameMask, plan::Rules};
use crate::{PipelineError, Result};

/// What was done to one file.
#[derive(Clone)]
pub(super) struct Record {
    pub rules: Value,
    pub report: Value,
    pub regions: Value,
}

impl Record {
    /// Of an instance.
    pub fn of_instance(
        rules: &Rules,
        report: &deid::Report,
        masks: &[FrameMask],
        face: Option<&FacePlane>,
    ) -> std::result::Result<Self, serde_json::Error> {
        let mut rules = json!({
            "rule_set": report.rule_set,
            "edition": report.edition,
            "profile": rules.profile.to_string(),
            "protocol_version": rules.version,
            "code_version": report.code_version,
            "detector": pixels::DETECTOR_VERSION,
            "ultrasound_safe_list": pixels::SAFE_LIST_VERSION,
            "thresholds": pixels::Thresholds::current(),
            "detector_measured": pixels::DetectorFigures::current().map(ToString::to_string),
        });
        if let Some(plane) = face {
            rules["face"] = json!({ "method": FACE_METHOD, "plane": plane });
        }
        Ok(Self { rules, report: serde_json::to_value(report)?, regions: regions(masks) })
    }

    /// Of a picture or another file that is no instance.
    pub fn of_container(
        rules: &Rules,
        actions: &[(String, &'static str)],
        masks: &[FrameMask],
        camera: Option<&CameraLook>,
    ) -> Self {
        let changed: Vec<_> = actions.iter().map(|(part, action)| json!([part, action])).collect();
        let mut rules = json!({
            "rule_set": "image containers",
            "protocol_version": rules.version,
            "code_version": env!("CARGO_PKG_VERSION"),
        });
        if let Some(look) = camera {
            rules["camera"] = json!(look);
        }
        Self { rules, report: json!({ "changed": changed }), regions: regions(masks) }
    }
}

/// The filled regions by part, in pixels.
fn regions(masks: &[FrameMask]) -> Value {
    let mut parts = std::collections::BTreeMap::<u32, Vec<Value>>::new();
    for (part, rect) in masks {
        let rect = json!({ "x": rect.x, "y": rect.y, "width": rect.width, "height": rect.height });
        parts.entry(*part).or_default().push(rect);
    }
    parts.into_iter().map(|(part, regions)| json!({ "part": part, "regions": regions })).collect()
}

/// Keeps the records of copies that were just noted.
pub(super) async fn note_records(tx: &mut Tx, rows: &[CopyRow]) -> Result<()> {
    let mut records = Vec::new();
    for row in rows {
        let Some(record) = row.record.clone() else { continue };
        let source = source_hash(tx, row.source).await?;
        records.push(cleanings::Cleaning {
            id: tx.fresh(),
            project_id: row.project,
            item_id: row.item,
            source_asset_id: row.source,
            asset_id: row.id,
            rules: Json(record.rules),
            hash_before: source,
            hash_after: row.content_hash.clone(),
            report: Json(record.report),
            regions: Json(record.regions),
            at: tx.now(),
        });
    }
    Ok(cleanings::insert_all(tx, records).await?)
}

async fn source_hash(tx: &mut Tx, source: AssetId) -> Result<String> {
    let source = countersign_store::assets::by_id(tx, source).await?;
    Ok(source.ok_or(PipelineError::NotFound)?.content_hash)
}
