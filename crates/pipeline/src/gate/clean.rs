//! Cleaning an item's files, and what cannot be vouched for.

use std::collections::BTreeMap;

use countersign_deid::{
    self as deid,
    face::{FacePlane, deface_instance},
};
use countersign_dicom as dicom;
use countersign_model::{AssetId, AssetKind, ItemKind, MaskRect, PixelPolicy};
use countersign_sensors::kitti;
use countersign_store::{CrosswalkEntry, assets};

use super::{
    CameraLook, GateAction, GateReport,
    camera::shows_people,
    document,
    masking::{self, FrameMask, NotMasked},
    plan::Rules,
    record::Record,
    risk::{FACES_NOT_RULED_OUT, NOT_CLEANED, NOT_LOOKED_AT, TEXT_FOUND, TEXT_MASKED, TRUNCATED},
};
use crate::subjects::Known;

/// What a report keeps of the changed tags, at most.
const REPORT_ACTIONS_MAX: usize = 2_000;
/// Pixel data in a report.
const PIXEL_DATA: &str = "(7FE0,0010)";
const DAYS_PER_WEEK: i64 = 7;

/// What is known about the masks of a file before it is cleaned.
#[derive(Clone, Default)]
pub(super) struct FileMasks {
    /// Masks that hold.
    pub drawn: Vec<FrameMask>,
    /// Some of them are the detector's.
    pub detected: bool,
    /// The plane beyond which the face is painted over.
    pub face: Option<FacePlane>,
    /// What a model found anew in a camera picture.
    pub seen: Vec<MaskRect>,
    /// The model that looked at the item's camera pictures.
    pub camera: Option<Camera>,
    /// The detector of this version has not found anything in the file before, and is to look.
    pub look: bool,
}

/// A model's word about an item's camera pictures.
#[derive(Clone)]
pub(super) struct Camera {
    pub look: CameraLook,
    /// It looked at every picture, and the gate believes it.
    pub vouched: bool,
}

/// A mask that was found anew.
pub(super) struct FoundMask {
    pub asset: AssetId,
    pub mask: FrameMask,
    /// By which detector and version.
    pub detector: String,
}

/// Cleaned bytes of one asset.
pub(super) struct CleanedAsset {
    pub source: AssetId,
    pub kind: AssetKind,
    pub bytes: bytes::Bytes,
    /// What was done; absent for a copy of a copy.
    pub record: Option<Record>,
}

/// What cleaning one file came to.
pub(super) struct CleanedFile {
    pub bytes: Vec<u8>,
    /// Tag path or part of a container, and what was done; never a value.
    pub actions: Vec<(String, &'static str)>,
    /// Codes of what cannot be vouched for.
    pub holds: Vec<&'static str>,
    /// What the detector found and masked.
    pub found: Vec<FrameMask>,
    /// Codes of risks that stay in what was cleaned correctly; nobody waits for them, but they are told.
    pub risks: Vec<&'static str>,
    /// Who the file's pseudonym and UIDs stand for; for the vault alone.
    pub known: Option<CrosswalkEntry>,
    /// What was done, for the evidence.
    pub record: Record,
}

/// Why a file could not be cleaned: code and place, never a value.
pub(super) struct NotCleaned {
    pub code: String,
    pub place: String,
}

impl From<NotMasked> for NotCleaned {
    fn from(error: NotMasked) -> Self {
        Self { code: error.code.to_owned(), place: error.place }
    }
}

/// What cleaning an item came to.
#[derive(Default)]
pub(super) struct Outcome {
    pub cleaned: Vec<CleanedAsset>,
    pub reasons: Vec<String>,
    pub report: GateReport,
    pub counts: BTreeMap<(String, String), u64>,
    pub calibration: Option<serde_json::Value>,
    /// Who the pseudonyms and UIDs stand for; goes into the vault and nowhere else.
    pub crosswalk: Vec<Known>,
    /// What a detector found anew.
    pub found: Vec<FoundMask>,
    /// A model that the gate believes looked at every camera picture.
    pub camera_vouched: bool,
}

impl Outcome {
    fn hold(&mut self, reason: &str) {
        if !self.reasons.iter().any(|known| known == reason) {
            self.reasons.push(reason.to_owned());
        }
    }

    /// The model that looked at the camera pictures.
    pub fn camera(&self) -> Option<Camera> {
        let vouched = self.camera_vouched;
        self.report.camera.clone().map(|look| Camera { look, vouched })
    }

    /// Writes the summary once every asset was looked at.
    pub fn close(&mut self, kind: ItemKind, rules: &Rules) {
        self.report.assets = self.cleaned.len() as u64;
        self.report.profile = rules.words(kind);
        self.report.edition.clone_from(&rules.profile.edition);
        self.report.options = rules.options();
        self.report.detector = deid::pixels::DETECTOR_VERSION.to_owned();
        self.report.actions = std::mem::take(&mut self.counts)
            .into_iter()
            .take(REPORT_ACTIONS_MAX)
            .map(|((tag, action), count)| GateAction { tag, action, count })
            .collect();
    }

    /// Something that stays to be settled by a person: its reason, and why and where in the report.
    pub fn unsettled(&mut self, reason: &str, code: &str, place: &str) {
        self.hold(reason);
        self.report.residual.push(format!("{code} at {place}"));
    }

    pub fn failed(&mut self, code: &str, place: &str) {
        self.hold(NOT_CLEANED);
        self.report.residual.push(format!("{code} at {place}"));
    }
}

/// Cleans one asset of an item into the outcome.
pub(super) fn clean_asset(
    outcome: &mut Outcome,
    asset: &assets::Asset,
    bytes: &[u8],
    item: ItemKind,
    rules: &Rules,
    masks: &FileMasks,
) {
    if asset.kind == AssetKind::KittiCalib {
        match std::str::from_utf8(bytes).ok().and_then(|text| kitti::parse_calib(text).ok()) {
            Some(calibration) => outcome.calibration = serde_json::to_value(calibration).ok(),
            None => outcome.failed("bad_calibration", "calibration"),
        }
        return;
    }
    if asset.kind == AssetKind::Document {
        return document::clean_into(outcome, asset, bytes, rules);
    }
    match clean_file(asset.kind, bytes, item, rules, masks) {
        Ok(file) => {
            // Each kind of change counts once per file.
            let mut actions = file.actions;
            actions.sort_unstable();
            for (tag, action) in actions {
                *outcome.counts.entry((tag, action.to_owned())).or_default() += 1;
            }
            for reason in file.holds {
                outcome.hold(reason);
            }
            for risk in file.risks {
                if !outcome.report.risks.iter().any(|known| known == risk) {
                    outcome.report.risks.push(risk.to_owned());
                }
            }
            if let Some(entry) = file.known {
                outcome.crosswalk.push(Known { source: asset.id, entry });
            }
            outcome.report.masks += (masks.drawn.len() + file.found.len()) as u64;
            let detector = match &masks.camera {
                Some(camera) if asset.kind != AssetKind::Dicom => camera.look.detector(),
                _ => deid::pixels::DETECTOR_VERSION.to_owned(),
            };
            let found = file.found.into_iter();
            outcome.found.extend(found.map(|mask| FoundMask {
                asset: asset.id,
                mask,
                detector: detector.clone(),
            }));
            outcome.cleaned.push(CleanedAsset {
                source: asset.id,
                kind: asset.kind,
                bytes: file.bytes.into(),
                record: Some(file.record),
            });
        }
        Err(error) => outcome.failed(&error.code, &error.place),
    }
}

/// Cleans one file: masks first, so that what they cover is gone before anything else looks at it.
pub(super) fn clean_file(
    kind: AssetKind,
    bytes: &[u8],
    item: ItemKind,
    rules: &Rules,
    masks: &FileMasks,
) -> Result<CleanedFile, NotCleaned> {
    match kind {
        AssetKind::Dicom => clean_dicom(bytes, rules, masks),
        AssetKind::Png | AssetKind::Jpeg => {
            let cleaned = deid::clean_image(bytes).map_err(|error| NotCleaned {
                code: error.code().to_owned(),
                place: format!("byte {}", error.offset().unwrap_or(0)),
            })?;
            let mut actions: Vec<_> =
                cleaned.stripped.into_iter().map(|part| (part.part, "removed")).collect();
            let mut bytes = cleaned.bytes;
            let found: Vec<FrameMask> = masks.seen.iter().map(|rect| (0, *rect)).collect();
            let all: Vec<FrameMask> = masks.drawn.iter().chain(&found).copied().collect();
            if !all.is_empty() {
                bytes = masking::mask_image(kind, &bytes, &all)?;
                actions.push(("pixels".to_owned(), "masked"));
            }
            let vouched = masks.camera.as_ref().is_some_and(|camera| camera.vouched);
            let holds = if shows_people(item) && !vouched { vec![FACES_NOT_RULED_OUT] } else { Vec::new() };
            let camera = masks.camera.as_ref().map(|camera| &camera.look);
            let record = Record::of_container(rules, &actions, &all, camera);
            let risks = Vec::new();
            Ok(CleanedFile { bytes, actions, holds, found, risks, known: None, record })
        }
        _ => Ok(CleanedFile {
            bytes: bytes.to_vec(),
            actions: Vec::new(),
            holds: Vec::new(),
            found: Vec::new(),
            risks: Vec::new(),
            known: None,
            record: Record::of_container(rules, &[], &masks.drawn, None),
        }),
    }
}

fn clean_dicom(bytes: &[u8], rules: &Rules, masks: &FileMasks) -> Result<CleanedFile, NotCleaned> {
    let unread = |error: dicom::DicomError| NotCleaned {
        code: error.code().to_owned(),
        place: error.place().to_string(),
    };
    let mut instance = dicom::read(bytes, &dicom::Limits::default()).map_err(unread)?;
    let facts = dicom::Facts::of(&instance);
    let look = look(&mut instance, &facts, rules.plan.pixels, masks);
    if !masks.drawn.is_empty() {
        masking::mask_dicom(&mut instance, &masks.drawn)?;
    }
    let faceless = remove_face(&mut instance, masks.face.as_ref())?;
    let keys = deid::Keys { project_key: rules.key };
    let masked = !masks.drawn.is_empty() || !look.found.is_empty();
    // What is masked is marked as such; only copies that a person approves, or the protocol vouches for, go on.
    let context = deid::Context { pixels_cleaned: masked || look.vouched, ..deid::Context::default() };
    let cleaned = deid::clean_dicom_with(&instance, &rules.profile, &keys, &context)
        .map_err(|error| NotCleaned { code: error.code().to_owned(), place: error.place().to_string() })?;
    let changed = &cleaned.report.changed;
    let mut actions: Vec<_> =
        changed.iter().map(|(tag, applied)| (tag.clone(), applied_word(*applied))).collect();
    if masked {
        actions.push((PIXEL_DATA.to_owned(), "masked"));
    }
    if faceless {
        actions.push((PIXEL_DATA.to_owned(), "face removed"));
    }
    let mut risks = deid::risks(&facts);
    // Where the plane lies beyond a slice, there is nothing of the face in it.
    risks.retain(|risk| masks.face.is_none() || *risk != deid::Risk::FaceMayBeRecognizable);
    let risks = risks.into_iter().map(deid::Risk::code).collect();
    let known = Some(known(&instance, &cleaned));
    let regions: Vec<FrameMask> = masks.drawn.iter().chain(&look.found).copied().collect();
    let record = Record::of_instance(rules, &cleaned.report, &regions, masks.face.as_ref())
        .map_err(|error| NotCleaned { code: "no_record".to_owned(), place: error.to_string() })?;
    let mut holds = holds(facts, deid::Report { pixels_cleaned: look.vouched, ..cleaned.report });
    holds.extend(look.holds);
    if instance.notes.iter().any(|note| note.kind == dicom::NoteKind::TruncatedPixelData) {
        holds.push(TRUNCATED);
    }
    Ok(CleanedFile { bytes: cleaned.bytes, actions, holds, found: look.found, risks, known, record })
}

/// Paints over what lies beyond the plane; says whether that changed the file.
fn remove_face(instance: &mut dicom::Instance, plane: Option<&FacePlane>) -> Result<bool, NotCleaned> {
    let Some(plane) = plane else { return Ok(false) };
    match deface_instance(instance, plane) {
        Ok(report) => Ok(report.pixels > 0),
        Err(error) => Err(NotCleaned { code: error.code().to_owned(), place: error.place().to_string() }),
    }
}

/// What looking at the pixels came to.
#[derive(Default)]
struct Look {
    found: Vec<FrameMask>,
    holds: Vec<&'static str>,
    /// The detector looked, and the protocol takes its word.
    vouched: bool,
}

/// Lets the detector look at files of every class that does not rule text out, whatever the file says about itself.
fn look(
    instance: &mut dicom::Instance,
    facts: &dicom::Facts,
    policy: PixelPolicy,
    masks: &FileMasks,
) -> Look {
    use deid::HoldReason::{BurnedInDeclared, BurnedInNotRuledOut, NotDecodable, Video};
    let reasons = holds_of(facts);
    let risky = facts.frames > 0 && reasons.iter().any(|reason| !matches!(reason, Video | NotDecodable));
    if !risky {
        return Look::default();
    }
    // A file that says that it has text, and in which none is found, is not believed to have none.
    let declared = facts.burned_in_annotation == Some(true);
    // Captures and secondary images are made of text: there a person looks, whatever the detector found.
    let common = reasons.iter().all(|reason| matches!(reason, BurnedInNotRuledOut | BurnedInDeclared));
    let vouched = |any: bool| policy == PixelPolicy::Vouch && common && (any || !declared);
    if !masks.look {
        let holds = if masks.detected { vec![TEXT_MASKED] } else { Vec::new() };
        let vouched = masks.detected && vouched(true);
        return Look { holds: if vouched { Vec::new() } else { holds }, vouched, ..Look::default() };
    }
    let mut painted = instance.clone();
    let Ok(found) = masking::find_text(&mut painted) else {
        return Look { holds: vec![NOT_LOOKED_AT], ..Look::default() };
    };
    let any = !found.is_empty();
    if policy == PixelPolicy::Hold {
        return Look { holds: if any { vec![TEXT_FOUND] } else { Vec::new() }, ..Look::default() };
    }
    if any {
        *instance = painted;
    }
    let vouched = vouched(any);
    let holds = if any && !vouched { vec![TEXT_MASKED] } else { Vec::new() };
    Look { found, holds, vouched }
}

/// The verdict by class and tags, where Burned In Annotation = NO rules nothing out: devices set it and write text all the
/// same.
fn unbelieving(facts: &dicom::Facts) -> dicom::Facts {
    let mut facts = facts.clone();
    facts.burned_in_annotation = facts.burned_in_annotation.filter(|said| *said);
    facts
}

fn holds_of(facts: &dicom::Facts) -> Vec<deid::HoldReason> {
    match deid::verdict(&unbelieving(facts)) {
        deid::Verdict::Vouched => Vec::new(),
        deid::Verdict::Hold(reasons) => reasons,
    }
}

/// What an instance is held for. Masks that a person drew vouch for nothing: the person has yet to decide.
fn holds(facts: dicom::Facts, report: deid::Report) -> Vec<&'static str> {
    match deid::verdict_cleaned(&unbelieving(&facts), &report) {
        deid::Verdict::Vouched => Vec::new(),
        deid::Verdict::Hold(reasons) => reasons.into_iter().map(deid::HoldReason::code).collect(),
    }
}

/// Who an instance's pseudonym and UIDs stand for.
pub(super) fn known(instance: &dicom::Instance, cleaned: &deid::Cleaned) -> CrosswalkEntry {
    let dicom::Identity { patient_id, patient_id_issuer: issuer, .. } = dicom::Identity::of(instance);
    CrosswalkEntry {
        pseudonym: cleaned.pseudonym.clone(),
        patient_id,
        issuer,
        uids: cleaned.uid_map.clone(),
        date_offset_days: cleaned.date_shift_weeks.map(|weeks| -DAYS_PER_WEEK * i64::from(weeks)),
        written_at: None,
    }
}

/// The masks of one asset out of all of an item.
pub(super) fn masks_of(masks: &[countersign_store::masks::GateMask], asset: AssetId) -> FileMasks {
    let own = || masks.iter().filter(|mask| mask.asset_id == asset);
    let active = || own().filter(|mask| mask.removed_at.is_none());
    FileMasks {
        drawn: active().map(|mask| (mask.part, mask.rect())).collect(),
        face: None,
        seen: Vec::new(),
        camera: None,
        detected: active().any(|mask| mask.detector.is_some()),
        look: !own().any(|mask| mask.detector.as_deref() == Some(deid::pixels::DETECTOR_VERSION)),
    }
}

pub(super) const fn applied_word(applied: deid::Applied) -> &'static str {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burned_in_annotation_no_is_not_believed_where_text_is_common() {
        let facts = |class: &str, said| dicom::Facts {
            sop_class_uid: Some(format!("1.2.840.10008.5.1.4.1.1.{class}")),
            image_type: vec!["ORIGINAL".into(), "PRIMARY".into()],
            burned_in_annotation: said,
            frames: 1,
            rows: Some(8),
            transfer_syntax_uid: dicom::EXPLICIT_LITTLE.to_owned(),
            ..dicom::Facts::default()
        };
        for class in ["6.1", "3.1", "12.1", "1", "1.1", "77.1.4"] {
            assert_eq!(
                deid::verdict(&facts(class, Some(false))),
                deid::Verdict::Vouched,
                "by the tag: {class}"
            );
            let held = deid::verdict(&unbelieving(&facts(class, Some(false))));
            assert_eq!(held, deid::Verdict::Hold(vec![deid::HoldReason::BurnedInNotRuledOut]), "{class}");
        }
        assert_eq!(deid::verdict(&unbelieving(&facts("2", Some(false)))), deid::Verdict::Vouched);
        let yes = deid::verdict(&unbelieving(&facts("2", Some(true))));
        assert_eq!(yes, deid::Verdict::Hold(vec![deid::HoldReason::BurnedInDeclared]));
    }
}
