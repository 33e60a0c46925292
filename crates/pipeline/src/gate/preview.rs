//! What the rules do to one file: of an entry as it waits, and with rules that are only thought of. Nothing is stored but
//! the record that somebody looked.

use countersign_dicom as dicom;
use countersign_model::{AssetKind, DeidPlan, GateEntryId, HeadScans, ItemKind};
use countersign_store::{assets, exposures, items, masks as rows};
use serde::Serialize;

use super::{
    clean::{CleanedFile, FileMasks, Outcome, clean_file, masks_of},
    face::plane_for,
    plan::{Rules, key, rules},
    queue::{report_of, source_of},
};
use crate::{
    Pipeline, PipelineError, Result, blocking,
    people::Caller,
    pixels::{Picture, WindowLevel, picture},
};

/// Most changed elements of one file that are listed.
const CHANGES_MAX: usize = 5_000;
/// Purpose of the exposure of a preview.
const PREVIEW: &str = "gate_preview";

/// What the rules do to one file: paths and actions, never a value.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Preview {
    /// The rules in the words that outputs carry.
    pub profile: String,
    /// Changed elements in the order of the file.
    pub changes: Vec<TagChange>,
    /// More were changed than are listed.
    pub more: u64,
    /// Codes of what the file could not be vouched for.
    pub reasons: Vec<String>,
    /// The file could not be cleaned at all: code and place.
    pub failed: Option<String>,
}

/// One changed element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TagChange {
    /// Path of the element, or the part of an image container.
    pub path: String,
    /// Keyword of the standard's dictionary, where it has one.
    pub name: Option<String>,
    /// What was done.
    pub action: String,
}

/// A file of an open entry, and what is needed to clean it.
struct Source {
    asset: assets::Asset,
    part: u32,
    kind: ItemKind,
    rules: Rules,
    masks: FileMasks,
}

impl Pipeline {
    /// What the rules do to the file behind a picture of an open entry: the rules in force for it, or a draft.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `already_decided`; `bad_profile`.
    pub async fn gate_changes(
        &self,
        caller: &Caller,
        id: GateEntryId,
        frame: u32,
        draft: Option<DeidPlan>,
    ) -> Result<Preview> {
        let source = self.gate_source(caller, id, frame, draft).await?;
        let bytes =
            self.store.quarantine().for_machine(source.asset.project_id, &source.asset.address).await?;
        let profile = source.rules.words(source.kind);
        let kind = source.asset.kind;
        let cleaned =
            blocking(move || clean_file(kind, &bytes, source.kind, &source.rules, &source.masks)).await?;
        Ok(match cleaned {
            Ok(file) => summary(profile, kind, file),
            Err(error) => Preview {
                profile,
                changes: Vec::new(),
                more: 0,
                reasons: vec![super::NOT_CLEANED.into()],
                failed: Some(format!("{} at {}", error.code, error.place)),
            },
        })
    }

    /// The picture that a draft of the rules would leave of a frame; the exposure is committed first.
    ///
    /// # Errors
    /// As [`Pipeline::gate_changes`]; `not_cleaned` where the draft cannot clean the file.
    pub async fn gate_preview_image(
        &self,
        caller: &Caller,
        id: GateEntryId,
        frame: u32,
        draft: DeidPlan,
        window: Option<WindowLevel>,
    ) -> Result<Picture> {
        let source = self.gate_source(caller, id, frame, Some(draft)).await?;
        let exposed = exposures::ensure(&self.store, caller.viewer(), &source.asset, PREVIEW).await?;
        let bytes = self.store.quarantine().show_at_gate(&exposed).await?;
        let (kind, part) = (source.asset.kind, source.part);
        let cleaned =
            blocking(move || clean_file(kind, &bytes, source.kind, &source.rules, &source.masks)).await?;
        let file = cleaned.map_err(|error| {
            PipelineError::bad("not_cleaned", error.place, format!("cannot be cleaned ({})", error.code))
        })?;
        picture(kind, file.bytes.into(), part, window).await
    }

    async fn gate_source(
        &self,
        caller: &Caller,
        id: GateEntryId,
        frame: u32,
        draft: Option<DeidPlan>,
    ) -> Result<Source> {
        let mut conn = self.store.read().await?;
        let entry = self.own_entry(&mut conn, caller, id).await?;
        let (asset, part) = source_of(&mut conn, &entry, frame).await?;
        let item = items::by_id(&mut conn, entry.item_id).await?.ok_or(PipelineError::NotFound)?;
        let rules = match draft {
            Some(plan) => Rules::new(plan, entry.protocol_version, key(self, item.project_id, item.kind)?)?,
            None => rules(self, &mut conn, item.project_id, Some(entry.protocol_version), item.kind).await?,
        };
        let drawn = rows::of_item(&mut conn, item.id).await?;
        let sources = assets::of_item(&mut conn, item.id).await?;
        drop(conn);
        let mut cuts = report_of(&entry)?.faces;
        if rules.plan.head_scans != HeadScans::Deface {
            cuts.clear();
        } else if cuts.is_empty() {
            // The rules in force cut nothing: the draft shows what it would.
            let mut outcome = Outcome::default();
            self.find_faces(&item, &sources, &rules, &mut outcome).await?;
            cuts = outcome.report.faces;
        }
        let face = plane_for(&cuts, &item.streams.0, asset.id);
        let masks = FileMasks { face, ..masks_of(&drawn, asset.id) };
        Ok(Source { asset, part, kind: item.kind, rules, masks })
    }
}

fn summary(profile: String, kind: AssetKind, file: CleanedFile) -> Preview {
    let more = file.actions.len().saturating_sub(CHANGES_MAX) as u64;
    let changes = file.actions.into_iter().take(CHANGES_MAX).map(|(path, action)| TagChange {
        name: (kind == AssetKind::Dicom).then(|| keyword(&path)).flatten(),
        path,
        action: action.to_owned(),
    });
    let reasons = file.holds.into_iter().map(str::to_owned).collect();
    Preview { profile, changes: changes.collect(), more, reasons, failed: None }
}

/// The dictionary's keyword for the last tag of a path such as `(0008,1140)[0].(0008,1155)`.
fn keyword(path: &str) -> Option<String> {
    let (group, element) = path.rsplit_once('(')?.1.split_once(')')?.0.split_once(',')?;
    let number = |text: &str| u16::from_str_radix(text, 16).ok();
    dicom::keyword(dicom::Tag(number(group)?, number(element)?)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tag_of_a_path_is_named() {
        assert_eq!(keyword("(0010,0010)").as_deref(), Some("PatientName"));
        assert_eq!(keyword("(0008,1140)[0].(0008,1155)").as_deref(), Some("ReferencedSOPInstanceUID"));
        assert_eq!(keyword("(0009,1001)"), None);
        assert_eq!(keyword("tEXt"), None);
    }
}
