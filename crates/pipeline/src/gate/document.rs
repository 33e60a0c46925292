//! Reports and documents of a study. What can be cleaned and vouched for goes on beside the pictures; everything else stays
//! in quarantine by itself, and the study does not wait for it.

use countersign_deid as deid;
use countersign_dicom::{self as dicom, DataSet, Tag, tags};
use countersign_model::AssetId;
use countersign_store::assets;
use serde::{Deserialize, Serialize};

use super::{
    CopyRow,
    clean::{CleanedAsset, Outcome, applied_word, known},
    plan::Rules,
    record::Record,
};
use crate::subjects::Known;

/// What became of a document that was cleaned.
const CLEANED: &str = "cleaned";
/// Codes of the Digital Controlled Terminology (PS3.16 Annex D): Mean CTDIvol, DLP, and DLP over all events.
const MEAN_CTDI_VOL: &str = "113830";
const DLP: &str = "113838";
const DLP_TOTAL: &str = "113813";
/// Units of Measured Value Sequence (0040,08EA).
const UNITS: Tag = Tag(0x0040, 0x08EA);
/// Deepest content item that is looked at.
const DEPTH_MAX: usize = 32;

/// A report or document of a study, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DocumentOutcome {
    /// The cleaned copy, or the source that stays in quarantine.
    pub asset: AssetId,
    /// `cleaned`, or the code of why it stays.
    pub outcome: String,
}

impl DocumentOutcome {
    /// Whether it was cleaned and goes on with the study.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.outcome == CLEANED
    }
}

/// Dose that a report states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportedDose {
    /// Largest mean CTDIvol of an event, mGy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ctdi_vol_mgy: Option<f64>,
    /// Dose-length product: the stated total, or the sum over events, mGy·cm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dlp_mgy_cm: Option<f64>,
}

impl ReportedDose {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Cleans a document into the outcome of its item.
pub(super) fn clean_into(outcome: &mut Outcome, asset: &assets::Asset, bytes: &[u8], rules: &Rules) {
    let kept = |outcome: &mut Outcome, code: &str| {
        outcome.report.documents.push(DocumentOutcome { asset: asset.id, outcome: code.to_owned() });
    };
    let Ok(instance) = dicom::read(bytes, &dicom::Limits::default()) else {
        return kept(outcome, "unreadable");
    };
    let facts = dicom::Facts::of(&instance);
    let keys = deid::Keys { project_key: rules.key };
    let cleaned = match deid::clean_dicom_with(&instance, &rules.profile, &keys, &deid::Context::default()) {
        Ok(cleaned) => cleaned,
        Err(error) => return kept(outcome, error.code()),
    };
    if let deid::Verdict::Hold(reasons) = deid::verdict_cleaned(&facts, &cleaned.report) {
        return kept(outcome, telling(&reasons));
    }
    let Ok(record) = Record::of_instance(rules, &cleaned.report, &[], None) else {
        return kept(outcome, "no_record");
    };
    for (tag, applied) in &cleaned.report.changed {
        *outcome.counts.entry((tag.clone(), applied_word(*applied).to_owned())).or_default() += 1;
    }
    outcome.crosswalk.push(Known { source: asset.id, entry: known(&instance, &cleaned) });
    note_dose(&instance.data, &mut outcome.report.dose);
    outcome.report.documents.push(DocumentOutcome { asset: asset.id, outcome: CLEANED.to_owned() });
    outcome.cleaned.push(CleanedAsset {
        source: asset.id,
        kind: asset.kind,
        bytes: cleaned.bytes.into(),
        record: Some(record),
    });
}

/// The reason that says what the object is, where there is one.
fn telling(reasons: &[deid::HoldReason]) -> &'static str {
    use deid::HoldReason::{EncapsulatedDocument, StructuredContent, Video};
    let kind = reasons.iter().find(|r| matches!(r, EncapsulatedDocument | StructuredContent | Video));
    kind.or(reasons.first()).map_or("held", |reason| reason.code())
}

/// The copies in the places of their sources.
pub(super) fn point_to(documents: &mut [DocumentOutcome], rows: &[CopyRow]) {
    for document in documents.iter_mut().filter(|document| document.is_clean()) {
        if let Some(row) = rows.iter().find(|row| row.source == document.asset) {
            document.asset = row.id;
        }
    }
}

/// What the content tree says of dose: numbers under known concepts, in the units of the standard's templates (PS3.16
/// TID 10011).
fn note_dose(data: &DataSet, dose: &mut ReportedDose) {
    let (mut total, mut sum) = (None, None);
    walk(data, DEPTH_MAX, &mut |code, unit, value| match (code, unit) {
        (MEAN_CTDI_VOL, "mGy") => {
            dose.ctdi_vol_mgy = Some(dose.ctdi_vol_mgy.map_or(value, |known| known.max(value)))
        }
        (DLP, "mGy.cm") => sum = Some(sum.unwrap_or(0.0) + value),
        (DLP_TOTAL, "mGy.cm") => total = Some(value),
        _ => {}
    });
    if let Some(new) = total.or(sum) {
        dose.dlp_mgy_cm = Some(dose.dlp_mgy_cm.unwrap_or(0.0) + new);
    }
}

fn walk(data: &DataSet, depth: usize, see: &mut dyn FnMut(&str, &str, f64)) {
    for item in data.items(tags::CONTENT_SEQUENCE) {
        let code =
            item.items(tags::CONCEPT_NAME_CODE_SEQUENCE).first().and_then(|name| name.text(tags::CODE_VALUE));
        let measured = item.items(tags::MEASURED_VALUE_SEQUENCE).first();
        let value =
            measured.and_then(|m| m.number(tags::NUMERIC_VALUE)).filter(|v| v.is_finite() && *v >= 0.0);
        let unit = measured.and_then(|m| m.items(UNITS).first().and_then(|unit| unit.text(tags::CODE_VALUE)));
        if let (Some(code), Some(value), Some(unit)) = (code, value, unit) {
            see(&code, &unit, value);
        }
        if depth > 0 {
            walk(item, depth - 1, see);
        }
    }
}
