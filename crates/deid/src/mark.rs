//! The markers of PS3.15 E.1.1: added to those of an earlier de-identification, never instead of them.

use countersign_dicom::{DataSet, Tag, VR, tags};

use crate::table::{EDITION, RULE_SET};
use crate::{Context, DatesPolicy, Profile, ProfileOption};

/// The Basic Profile in De-identification Method, and its code (CID 7050).
const BASIC: &str = "Basic Application Confidentiality Profile";
const BASIC_CODE: &str = "113100";
/// Purpose of Reference of the equipment that de-identified (CID 7005).
const PURPOSE: (&str, &str) = ("109104", "De-identifying Equipment");
const PURPOSE_OF_REFERENCE: Tag = tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE;
/// Longest value of VR LO, characters.
const MAX_LO: usize = 64;

/// Writes the markers into an output.
pub(crate) fn mark(out: &mut DataSet, source: &DataSet, profile: &Profile, context: &Context) {
    out.put_text(tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES");
    // Earlier methods are free text of unknown hands: their codes are kept, their words are not.
    let words: Vec<String> =
        method(profile, context).into_iter().map(|w| w.chars().take(MAX_LO).collect()).collect();
    out.put_text(tags::DEIDENTIFICATION_METHOD, VR::LO, &words.join("\\"));
    let applied = options(profile, context);
    let own = |code: &str| code == BASIC_CODE || applied.iter().any(|o| o.code() == code);
    let known = |item: &&DataSet| {
        item.text(tags::CODING_SCHEME_DESIGNATOR).as_deref() == Some("DCM")
            && item.text(tags::CODE_VALUE).is_some_and(|c| !own(&c) && meaning(&c).is_some())
    };
    let earlier = source.items(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE);
    let mut codes: Vec<DataSet> = earlier
        .iter()
        .filter(known)
        .filter_map(|item| item.text(tags::CODE_VALUE))
        .filter_map(|value| Some(code(&value, meaning(&value)?)))
        .collect();
    codes.push(code(BASIC_CODE, BASIC));
    codes.extend(applied.iter().map(|o| code(o.code(), o.meaning())));
    out.put_items(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE, codes);
    let temporal = if profile.has(ProfileOption::RetainFullDates) {
        "UNMODIFIED"
    } else if profile.has(ProfileOption::RetainModifiedDates) {
        "MODIFIED"
    } else {
        "REMOVED"
    };
    out.put_text(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED, VR::CS, temporal);
    if context.pixels_cleaned {
        out.put_text(tags::BURNED_IN_ANNOTATION, VR::CS, "NO");
    }
    if context.visual_features_cleaned {
        out.put_text(tags::RECOGNIZABLE_VISUAL_FEATURES, VR::CS, "NO");
    }
    contribute(out);
}

/// The options that were applied: those of the profile, and what the caller did with the pixels.
fn options(profile: &Profile, context: &Context) -> Vec<ProfileOption> {
    let done = |option: &ProfileOption| match option {
        ProfileOption::CleanPixelData => context.pixels_cleaned,
        ProfileOption::CleanVisualFeatures => context.visual_features_cleaned,
        other => profile.has(*other),
    };
    ProfileOption::ALL.into_iter().filter(done).collect()
}

/// De-identification Method: the profile with its edition, then a value for each option and setting.
fn method(profile: &Profile, context: &Context) -> Vec<String> {
    let mut words = vec![format!("PS3.15 {EDITION} {BASIC}")];
    words.extend(options(profile, context).iter().map(|o| o.meaning().to_owned()));
    if profile.dates == DatesPolicy::YearOnly {
        words.push("Dates: year only".to_owned());
    }
    if let Some(table) = &profile.zip3 {
        words.push(format!("Postal code: three digits, {table}"));
    }
    words.push(format!("Rules {RULE_SET}"));
    words
}

/// The equipment that did it, behind whatever equipment the options kept.
fn contribute(out: &mut DataSet) {
    let mut items = out.items(tags::CONTRIBUTING_EQUIPMENT_SEQUENCE).to_vec();
    let mut item = DataSet::new();
    item.put_text(tags::MANUFACTURER, VR::LO, "Countersign");
    item.put_text(tags::MANUFACTURER_MODEL_NAME, VR::LO, RULE_SET);
    item.put_text(tags::SOFTWARE_VERSIONS, VR::LO, env!("CARGO_PKG_VERSION"));
    item.put_items(PURPOSE_OF_REFERENCE, vec![code(PURPOSE.0, PURPOSE.1)]);
    items.push(item);
    out.put_items(tags::CONTRIBUTING_EQUIPMENT_SEQUENCE, items);
}

/// Meaning of a code of CID 7050.
fn meaning(code: &str) -> Option<&'static str> {
    if code == BASIC_CODE {
        return Some(BASIC);
    }
    ProfileOption::ALL.into_iter().find(|o| o.code() == code).map(ProfileOption::meaning)
}

fn code(value: &str, meaning: &str) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(tags::CODE_VALUE, VR::SH, value);
    item.put_text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "DCM");
    // Code Meaning has at most 64 characters, as every LO.
    item.put_text(tags::CODE_MEANING, VR::LO, &meaning.chars().take(MAX_LO).collect::<String>());
    item
}
