//! Cleaning an item's files, and what cannot be vouched for.

use std::collections::BTreeMap;

use countersign_deid as deid;
use countersign_dicom as dicom;
use countersign_model::{AssetId, AssetKind, ItemKind};
use countersign_sensors::kitti;
use countersign_store::{CrosswalkEntry, assets};

use super::{GateAction, GateReport, NOT_CLEANED};
use crate::subjects::Known;

/// Why pictures of streets and rooms wait: nobody has looked for faces and plates.
const FACES_NOT_RULED_OUT: &str = "faces-and-plates-not-ruled-out";
/// What a report keeps of the changed tags, at most.
const REPORT_ACTIONS_MAX: usize = 400;

/// Cleaned bytes of one asset.
pub(super) struct CleanedAsset {
    pub source: AssetId,
    pub kind: AssetKind,
    pub bytes: Vec<u8>,
}

/// What cleaning an item came to.
#[derive(Default)]
pub(super) struct Outcome {
    pub cleaned: Vec<CleanedAsset>,
    pub reasons: Vec<String>,
    pub report: GateReport,
    counts: BTreeMap<(String, String), u64>,
    pub calibration: Option<serde_json::Value>,
    /// Who the pseudonyms and UIDs stand for; goes into the vault and nowhere else.
    pub crosswalk: Vec<Known>,
}

impl Outcome {
    fn hold(&mut self, reason: &str) {
        if !self.reasons.iter().any(|known| known == reason) {
            self.reasons.push(reason.to_owned());
        }
    }

    fn done(&mut self, tag: &str, action: &str) {
        *self.counts.entry((tag.to_owned(), action.to_owned())).or_default() += 1;
    }

    /// Writes the summary once every asset was looked at.
    pub fn close(&mut self, kind: ItemKind) {
        self.report.assets = self.cleaned.len() as u64;
        self.report.profile = profile_words(kind);
        self.report.actions = std::mem::take(&mut self.counts)
            .into_iter()
            .take(REPORT_ACTIONS_MAX)
            .map(|((tag, action), count)| GateAction { tag, action, count })
            .collect();
    }

    pub fn failed(&mut self, code: &str, place: &str) {
        self.hold(NOT_CLEANED);
        self.report.residual.push(format!("{code} at {place}"));
    }
}

fn profile_words(kind: ItemKind) -> String {
    match kind {
        ItemKind::Study => {
            format!("de-identified under PS3.15 edition {}, Basic Profile, no options", deid::EDITION)
        }
        _ => "metadata removed from image containers; positions dropped".into(),
    }
}

pub(super) fn clean_asset(
    outcome: &mut Outcome,
    asset: &assets::Asset,
    bytes: &[u8],
    item: ItemKind,
    key: [u8; 32],
) {
    match asset.kind {
        AssetKind::Dicom => clean_dicom(outcome, asset, bytes, key),
        AssetKind::Png | AssetKind::Jpeg => match deid::clean_image(bytes) {
            Ok(cleaned) => {
                for part in &cleaned.stripped {
                    outcome.done(&part.part, "removed");
                }
                // Pictures of parts show no people; pictures of the world may.
                if item != ItemKind::Part {
                    outcome.hold(FACES_NOT_RULED_OUT);
                }
                outcome.cleaned.push(CleanedAsset {
                    source: asset.id,
                    kind: asset.kind,
                    bytes: cleaned.bytes,
                });
            }
            Err(error) => outcome.failed(error.code(), &format!("byte {}", error.offset().unwrap_or(0))),
        },
        AssetKind::KittiCalib => {
            match std::str::from_utf8(bytes).ok().and_then(|text| kitti::parse_calib(text).ok()) {
                Some(calibration) => outcome.calibration = serde_json::to_value(calibration).ok(),
                None => outcome.failed("bad_calibration", "calibration"),
            }
        }
        kind => outcome.cleaned.push(CleanedAsset { source: asset.id, kind, bytes: bytes.to_vec() }),
    }
}

fn clean_dicom(outcome: &mut Outcome, asset: &assets::Asset, bytes: &[u8], key: [u8; 32]) {
    let instance = match dicom::read(bytes, &dicom::Limits::default()) {
        Ok(instance) => instance,
        Err(error) => return outcome.failed(error.code(), &error.place().to_string()),
    };
    let keys = deid::Keys { project_key: key };
    match deid::clean_dicom(&instance, &deid::Profile::basic(), &keys) {
        Ok(cleaned) => {
            for (tag, applied) in &cleaned.report.changed {
                outcome.done(tag, applied_word(*applied));
            }
            if let deid::Verdict::Hold(reasons) = deid::verdict(&dicom::Facts::of(&instance)) {
                for reason in reasons {
                    outcome.hold(reason.code());
                }
            }
            outcome.crosswalk.push(known(asset.id, &instance, cleaned.pseudonym, cleaned.uid_map));
            outcome.cleaned.push(CleanedAsset {
                source: asset.id,
                kind: AssetKind::Dicom,
                bytes: cleaned.bytes,
            });
        }
        Err(error) => outcome.failed(error.code(), &error.place().to_string()),
    }
}

fn known(
    source: AssetId,
    instance: &dicom::Instance,
    pseudonym: String,
    uids: BTreeMap<String, String>,
) -> Known {
    let dicom::Identity { patient_id, patient_id_issuer: issuer, .. } = dicom::Identity::of(instance);
    let (date_offset_days, written_at) = (None, None);
    let entry = CrosswalkEntry { pseudonym, patient_id, issuer, uids, date_offset_days, written_at };
    Known { source, entry }
}

const fn applied_word(applied: deid::Applied) -> &'static str {
    match applied {
        deid::Applied::Kept => "kept",
        deid::Applied::Removed | deid::Applied::RemovedMalformed | deid::Applied::RemovedResidue => "removed",
        deid::Applied::RemovedPrivate => "private, removed",
        deid::Applied::Emptied => "emptied",
        deid::Applied::Replaced => "replaced",
        deid::Applied::Mapped => "UID mapped",
        deid::Applied::Pseudonym => "pseudonym",
        deid::Applied::Stripped => "stripped",
        deid::Applied::Shifted => "date moved",
        deid::Applied::YearOnly => "date cut to its year",
        deid::Applied::TextCleaned => "text cleaned",
        deid::Applied::Capped => "age capped",
        deid::Applied::Zip3 => "postal code cut",
        deid::Applied::ContentCleaned => "content cleaned",
    }
}
