//! One file: read, cleaned, vouched for, or a reason why not.

use std::panic::{AssertUnwindSafe, catch_unwind};

use countersign_deid::{
    self as deid, Applied, Context, HoldReason, Keys, Kind, ProfileOption, Verdict,
    pixels::{PixelPolicy, clean_pixels},
};
use countersign_dicom::{self as dicom, Facts, Identity, Instance, Limits, Place};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{
    records,
    settings::{PixelMode, Settings},
};

/// Domain label of the keyed hash that stands for a source.
const SOURCE: &[u8] = b"countersign/source/1\0";
/// Bytes of the keyed hash that are kept: enough that two sources never share one.
const SOURCE_BYTES: usize = 16;
/// Longest UID, characters (PS3.5 9.1).
const UID_MAX: usize = 64;
/// Folder of instances whose source names no study or series.
const NO_STUDY: &str = "no-study";
const NO_SERIES: &str = "no-series";

/// Stands for a source in journal and report: nothing can be learnt from it without the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceHash([u8; SOURCE_BYTES]);

impl SourceHash {
    /// The keyed hash of a source's bytes.
    pub fn of(bytes: &[u8], keys: &Keys) -> Self {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&keys.project_key).expect("HMAC takes a key of any length");
        mac.update(SOURCE);
        mac.update(bytes);
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        let mut kept = [0; SOURCE_BYTES];
        kept.copy_from_slice(&whole[..SOURCE_BYTES]);
        Self(kept)
    }
}

impl From<SourceHash> for String {
    fn from(hash: SourceHash) -> Self {
        hex::encode(hash.0)
    }
}

impl TryFrom<String> for SourceHash {
    type Error = hex::FromHexError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; SOURCE_BYTES];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// Why a file did not come through. No value of the file is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Stable code.
    pub code: String,
    /// Element and byte, or path of the element.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl Reason {
    /// A reason without a place.
    pub fn new(code: &str) -> Self {
        Self { code: code.to_owned(), place: None }
    }

    fn at(code: &str, place: Place) -> Self {
        let place = (place != Place::default()).then(|| place.to_string());
        Self { code: code.to_owned(), place }
    }
}

/// What was done about text in the pixels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pixels {
    /// A table: there are none.
    NoPicture,
    /// Class and tags rule text out.
    Vouched,
    /// Whoever ran the command said that there is none (`--trust-pixels`).
    Trusted,
    /// Every frame was looked at, and what was found was painted over.
    Masked {
        /// Frames that were looked at.
        frames: u32,
        /// Pixels that were painted over, in all frames.
        painted: u64,
        /// Version of the detector.
        detector: String,
    },
}

/// What was found of one class of identifiers of 45 CFR 164.514(b)(2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SafeHarbor {
    /// `A` to `R`.
    pub class: char,
    /// Attributes that held such an identifier.
    pub found: u64,
    /// What was done to them.
    pub actions: Vec<Applied>,
}

/// A clean file.
pub struct Clean {
    /// The PS3.10 file.
    pub bytes: Vec<u8>,
    /// Path below the output folder.
    pub output: String,
    /// What was done to which attribute.
    pub actions: Vec<(String, Applied)>,
    /// Identifiers of 45 CFR 164.514(b)(2) that were found, by class.
    pub safe_harbor: Vec<SafeHarbor>,
    /// Text that was emptied because it could not be cleaned with certainty, by path.
    pub unsure: Vec<String>,
    /// What was done about text in the pixels.
    pub pixels: Pixels,
    /// Source and new UIDs.
    pub uids: Vec<(String, String)>,
    /// Source Patient ID, if there was one, and pseudonym.
    pub patient: Option<(String, String)>,
}

/// SHA-256 of a clean file, hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Cleans one file. A file that brings the cleaner down is quarantined like any other; the rest goes on.
pub fn clean(bytes: Vec<u8>, settings: &Settings, keys: &Keys) -> Result<Clean, Vec<Reason>> {
    catch_unwind(AssertUnwindSafe(|| clean_one(bytes, settings, keys)))
        .unwrap_or_else(|_| Err(vec![Reason::new("internal")]))
}

fn clean_one(bytes: Vec<u8>, settings: &Settings, keys: &Keys) -> Result<Clean, Vec<Reason>> {
    if bytes.is_empty() {
        return Err(vec![Reason::new("empty")]);
    }
    let kind = deid::sniff(&bytes);
    // A first column such as BMI begins like a bitmap; what is text is none.
    if let (Some(rules), Kind::Unknown | Kind::Bmp) = (&settings.records, kind)
        && std::str::from_utf8(&bytes).is_ok()
    {
        return records::clean(&bytes, rules, keys);
    }
    let source = dicom::read_shared(bytes.into(), &Limits::default()).map_err(|error| {
        // What looks like something else is said to be that, not to be bad DICOM.
        let code = if kind == Kind::Dicom { error.code() } else { "not-dicom" };
        vec![Reason::at(code, error.place())]
    })?;
    let (facts, identity) = (Facts::of(&source), Identity::of(&source));
    let (source, masked) = mask(source, &facts, settings)?;
    let mut profile = settings.profile.clone();
    if masked.is_some() && !profile.has(ProfileOption::CleanPixelData) {
        profile.options.push(ProfileOption::CleanPixelData);
    }
    let context = Context { pixels_cleaned: masked.is_some(), ..Context::default() };
    let cleaned = deid::clean_dicom_with(&source, &profile, keys, &context)
        .map_err(|error| vec![Reason::at(error.code(), error.place())])?;
    let pixels = pixels(&facts, &cleaned.report, masked, settings)?;
    let output = output(&identity, &cleaned)?;
    let patient = identity.patient_id.map(|id| (id, cleaned.pseudonym));
    let uids = cleaned.uid_map.into_iter().collect();
    let found = cleaned.report.safe_harbor.into_iter().filter(|class| class.found > 0);
    let safe_harbor =
        found.map(|class| SafeHarbor { class: class.class, found: class.found, actions: class.actions });
    Ok(Clean {
        bytes: cleaned.bytes,
        output,
        actions: cleaned.report.changed,
        safe_harbor: safe_harbor.collect(),
        unsure: cleaned.report.emptied_unsure,
        pixels,
        uids,
        patient,
    })
}

/// Whether a reason to hold is about text in the pixels.
fn is_text(reason: &HoldReason) -> bool {
    matches!(
        reason,
        HoldReason::BurnedInDeclared
            | HoldReason::BurnedInNotRuledOut
            | HoldReason::SecondaryCapture
            | HoldReason::SecondaryImage
    )
}

/// Paints text over where it is not ruled out, or everywhere if the profile says that pixels are cleaned.
fn mask(
    mut source: Instance,
    facts: &Facts,
    settings: &Settings,
) -> Result<(Instance, Option<Pixels>), Vec<Reason>> {
    if settings.pixels != PixelMode::Mask || facts.frames == 0 {
        return Ok((source, None));
    }
    let held = match deid::verdict(facts) {
        Verdict::Vouched => false,
        // What is held for another reason stays held; nobody needs to look at its pixels.
        Verdict::Hold(reasons) => reasons.iter().all(is_text),
    };
    if !held && !settings.profile.has(ProfileOption::CleanPixelData) {
        return Ok((source, None));
    }
    let outcome = clean_pixels(&mut source, &PixelPolicy::default())
        .map_err(|error| vec![Reason::at(error.code(), error.place())])?;
    let masked =
        Pixels::Masked { frames: outcome.frames, painted: outcome.masked.pixels, detector: outcome.detector };
    Ok((source, Some(masked)))
}

/// Whether the pixels may pass.
fn pixels(
    facts: &Facts,
    report: &deid::Report,
    masked: Option<Pixels>,
    settings: &Settings,
) -> Result<Pixels, Vec<Reason>> {
    let Verdict::Hold(reasons) = deid::verdict_cleaned(facts, report) else {
        return Ok(masked.unwrap_or(Pixels::Vouched));
    };
    if settings.trust_pixels && reasons.iter().all(is_text) {
        return Ok(Pixels::Trusted);
    }
    Err(reasons.into_iter().map(|reason| Reason::new(reason.code())).collect())
}

/// Where a clean file goes: by its new identifiers alone.
fn output(identity: &Identity, cleaned: &deid::Cleaned) -> Result<String, Vec<Reason>> {
    let new = |uid: &Option<String>| {
        let uid = uid.as_ref()?;
        Some(cleaned.uid_map.get(uid).unwrap_or(uid).clone())
    };
    let instance = new(&identity.instance_uid).ok_or_else(|| vec![Reason::new("no-instance-uid")])?;
    let study = new(&identity.study_uid).unwrap_or_else(|| NO_STUDY.to_owned());
    let series = new(&identity.series_uid).unwrap_or_else(|| NO_SERIES.to_owned());
    let parts = [cleaned.pseudonym.as_str(), &study, &series, &instance];
    // Where UIDs are retained they are foreign text, and this is a path.
    let plain = |part: &&str| {
        let known = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        !part.is_empty() && part.len() <= UID_MAX && !part.starts_with('.') && part.bytes().all(known)
    };
    if !parts.iter().all(plain) {
        return Err(vec![Reason::new("malformed-uid")]);
    }
    Ok(format!("{}.dcm", parts.join("/")))
}
