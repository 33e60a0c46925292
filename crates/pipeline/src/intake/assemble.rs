//! A study that came in pieces is put together from everything that is there of it, before the gate looks.

use countersign_model::{AssetKind, ItemKind, Zone};
use countersign_store::{Actor, Evidence, Json, assets, items, jobs};
use countersign_workflow::Phase;
use serde_json::json;

use super::{
    classify::classify,
    grouping::{Arrived, group},
};
use crate::{Pipeline, PipelineError, Result, blocking};

/// Key of a gate job's payload.
const ASSEMBLE: &str = "assemble";

/// What a gate job needs to know.
pub(super) fn payload(assemble: bool) -> serde_json::Value {
    if assemble { json!({ ASSEMBLE: true }) } else { json!({}) }
}

/// Whether a gate job is to put its item together first.
fn is_asked(job: &jobs::Job) -> bool {
    let payload: serde_json::Value = serde_json::from_str(&job.payload).unwrap_or_default();
    payload.get(ASSEMBLE).and_then(serde_json::Value::as_bool).unwrap_or(false)
}

impl Pipeline {
    /// The item with its series as one run would have made them, where its gate job asks for that. Slices that came one
    /// after the other are one stack again, in their order in space.
    ///
    /// # Errors
    /// `item_changed` when more arrived meanwhile; the store's.
    pub(crate) async fn assembled(
        &self,
        job: &jobs::Job,
        item: items::Item,
        sources: &[assets::Asset],
    ) -> Result<items::Item> {
        if item.kind != ItemKind::Study || !is_asked(job) {
            return Ok(item);
        }
        let mut arrived = Vec::with_capacity(sources.len());
        for asset in sources {
            let is_source = asset.zone == Zone::Quarantine && asset.source_asset_id.is_none();
            if !is_source || !matches!(asset.kind, AssetKind::Dicom | AssetKind::Document) {
                continue;
            }
            let bytes = self.store.quarantine().for_machine(asset.project_id, &asset.address).await?;
            let (id, name) = (asset.id, asset.id.to_string());
            let accepted = blocking(move || {
                let accepted = classify(&name, &bytes, ItemKind::Study).ok()?;
                Some(Arrived { name, asset: id, kind: accepted.kind, dicom: accepted.dicom, size_px: None })
            });
            match accepted.await? {
                Some(file) => arrived.push(file),
                // It was accepted when it came in. Put together without it, the study would lose it in silence; left as it
                // is, the gate cannot clean it and says so.
                None => return Ok(item),
            }
        }
        let (groups, _) = blocking(move || group(arrived, ItemKind::Study)).await?;
        let [whole] = <[_; 1]>::try_from(groups)
            .map_err(|groups| PipelineError::Internal(format!("{} studies in one item", groups.len())))?;
        if whole.streams == item.streams.0 && whole.facts == item.facts.0 {
            return Ok(item);
        }
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let mut now = items::lock(tx, item.id).await?;
                    if now.streams != item.streams || now.state != Phase::Quarantined.as_str() {
                        return Err(PipelineError::refused(
                            "item_changed",
                            "More files arrived; the gate looks again.",
                        ));
                    }
                    items::set_content(tx, item.id, whole.streams.clone(), whole.facts.clone()).await?;
                    let evidence = Evidence::new("item.assembled", "item", item.id.uuid());
                    tx.record(evidence.project(item.project_id).item(item.id))?;
                    now.streams = Json(whole.streams);
                    now.facts = Json(whole.facts);
                    Ok(now)
                })
            })
            .await
    }
}
