//! What a protocol says about de-identification: profile, dates, pixels, who may waive, and the sampling audit.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use crate::{ProtocolError, role::words};

/// Most characters of a profile text.
const PROFILE_CHARS_MAX: usize = 400;
/// Longest name of a model within a project, bytes.
const MODEL_NAME_BYTES_MAX: usize = 60;
/// Most frames that something found is carried to, each way.
const TEMPORAL_FRAMES_MAX: u32 = 30;
/// Most columns that rules of records may name, and longest name of one, bytes.
const RECORD_COLUMNS_MAX: usize = 200;
const RECORD_NAME_BYTES_MAX: usize = 200;
/// Most values of a list in rules of records.
const RECORD_VALUES_MAX: usize = 200;
/// Longest name of who issued patients' numbers, bytes.
const ISSUER_BYTES_MAX: usize = 64;
/// Most items that one audit may draw.
const AUDIT_SAMPLE_MAX: u32 = 100_000;

words! {
    /// Options of the Basic Application Level Confidentiality Profile (PS3.15 Table E.1-1, CID 7050) that a profile text
    /// may name. What is done with dates and pixels has keys of its own.
    DeidOption, "a profile option" {
        /// Clean Graphics.
        CleanGraphics = "clean_graphics",
        /// Clean Structured Content.
        CleanStructuredContent = "clean_structured_content",
        /// Clean Descriptors.
        CleanDescriptors = "clean_descriptors",
        /// Retain Patient Characteristics.
        RetainPatientCharacteristics = "retain_patient_characteristics",
        /// Retain Device Identity.
        RetainDeviceIdentity = "retain_device_identity",
        /// Retain UIDs.
        RetainUids = "retain_uids",
        /// Retain Safe Private.
        RetainSafePrivate = "retain_safe_private",
        /// Retain Institution Identity.
        RetainInstitutionIdentity = "retain_institution_identity",
    }
}

words! {
    /// What is done with the dates of a patient's history.
    DatesPolicy, "a policy for dates" {
        /// Taken out, as the Basic Profile says.
        Remove = "remove",
        /// Moved by one offset of whole weeks per patient, so that intervals stay (Retain Longitudinal Temporal
        /// Information with Modified Dates).
        Shift = "shift",
        /// Cut to the year.
        Year = "year",
        /// Left as they are (Retain Longitudinal Temporal Information with Full Dates).
        Keep = "keep",
    }
}

words! {
    /// What happens to a file of a risk class once the detector has looked at its pixels.
    PixelPolicy, "a policy for pixels" {
        /// What was found is masked, and a privacy officer looks at the masks once.
        Officer = "officer",
        /// What was found is masked, and the masked copy goes on without a person.
        Vouch = "vouch",
        /// Nothing is masked by itself: whatever has text waits as it is.
        Hold = "hold",
    }
}

words! {
    /// What is done with thin slices of a head, from which a face can be rebuilt.
    HeadScans, "a policy for head scans" {
        /// The risk is told, and whoever passes the images on answers for it.
        Tell = "tell",
        /// The face is taken off; where that cannot be done, a privacy officer decides.
        Deface = "deface",
    }
}

words! {
    /// What is done with postal codes where patient characteristics are retained.
    PostalCodes, "a policy for postal codes" {
        /// Taken out.
        Remove = "remove",
        /// Cut to three digits where the area has more than 20 000 people (45 CFR 164.514(b)(2)(i)(B)).
        Zip3 = "zip3",
    }
}

/// How much of what was cleared is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AuditPlan {
    /// Items drawn for one audit; 0 for no audits.
    pub sample: u32,
    /// Confidence of the bound on leaks that an audit states, between 0 and 1.
    pub confidence: f64,
}

impl Default for AuditPlan {
    fn default() -> Self {
        Self { sample: 0, confidence: 0.95 }
    }
}

/// Which registered model the gate believes about faces and plates, and how good it must be known to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FacesPlan {
    /// Name of the model within the project.
    pub model: String,
    /// What the lower bound on its recall must reach, for faces and for plates each, on the customer's sample.
    #[serde(default = "min_recall_default")]
    pub min_recall: f64,
    /// To how many frames before and after what is found in a frame is carried, within one camera.
    #[serde(default = "temporal_default")]
    pub temporal: u32,
}

const fn min_recall_default() -> f64 {
    0.95
}

const fn temporal_default() -> u32 {
    3
}

impl FacesPlan {
    fn validate(&self) -> Result<(), ProtocolError> {
        let fail = |place: &str, message: String| Err(ProtocolError::new(place.into(), message));
        if !is_model_name(&self.model) {
            return fail("deid.faces.model", format!("a-z, 0-9, _ and -, at most {MODEL_NAME_BYTES_MAX}"));
        }
        // Written so that what is not a number is refused too.
        if !(self.min_recall > 0.0 && self.min_recall < 1.0) {
            return fail("deid.faces.min_recall", "between 0 and 1, both excluded".into());
        }
        if self.temporal > TEMPORAL_FRAMES_MAX {
            return fail("deid.faces.temporal", format!("at most {TEMPORAL_FRAMES_MAX} frames"));
        }
        Ok(())
    }
}

words! {
    /// What becomes of a column of a table of records.
    ColumnAction, "what becomes of a column" {
        /// Kept: a number, or a code without blanks.
        Keep = "keep",
        /// Dropped with its column.
        Drop = "drop",
        /// The patient's number: replaced by the pseudonym that the patient's images have.
        Pseudonym = "pseudonym",
        /// Study Instance UID: replaced by the one that the study's images have; joins rows to studies.
        Study = "study",
        /// Accession number: joins rows to studies, and is dropped.
        Accession = "accession",
        /// A date: moved back by the patient's weeks.
        DateShift = "date_shift",
        /// A date: its year stays.
        Year = "year",
        /// An age in whole years: those over 89 are told as 90.
        AgeCap = "age_cap",
        /// A postal code of the United States: its first three digits where the area has more than 20 000 people.
        Zip3 = "zip3",
    }
}

/// The rule of one column: a word, or the values that may stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum ColumnRule {
    /// What becomes of it.
    Action(ColumnAction),
    /// Kept: one of these values.
    OneOf(OneOf),
}

/// The values that may stay in a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OneOf {
    /// Each of them as the table has it.
    pub one_of: Vec<String>,
}

/// The rules for tables of records that come in beside the images. A column without a rule stops its table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecordsPlan {
    /// Who issued the patients' numbers, as in Issuer of Patient ID (0010,0021); empty where images name nobody.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// Rules by the column's name as the first line has it.
    pub columns: BTreeMap<String, ColumnRule>,
}

impl RecordsPlan {
    /// How many columns have a word.
    fn count(&self, action: ColumnAction) -> usize {
        self.columns.values().filter(|rule| **rule == ColumnRule::Action(action)).count()
    }

    fn validate(&self) -> Result<(), ProtocolError> {
        let fail = |place: &str, message: String| Err(ProtocolError::new(place.into(), message));
        if self.issuer.len() > ISSUER_BYTES_MAX {
            return fail("deid.records.issuer", format!("at most {ISSUER_BYTES_MAX} bytes"));
        }
        if self.columns.len() > RECORD_COLUMNS_MAX {
            return fail("deid.records.columns", format!("at most {RECORD_COLUMNS_MAX} columns"));
        }
        if self.count(ColumnAction::Pseudonym) == 0 {
            let message = "names at least one column with the patient's number: pseudonym";
            return fail("deid.records.columns", message.into());
        }
        let long = |text: &String| text.len() > RECORD_NAME_BYTES_MAX || text.contains('\0');
        for (name, rule) in &self.columns {
            if name.is_empty() || long(name) {
                return fail("deid.records.columns", format!("names of 1 to {RECORD_NAME_BYTES_MAX} bytes"));
            }
            let ColumnRule::OneOf(OneOf { one_of }) = rule else { continue };
            if one_of.is_empty() || one_of.len() > RECORD_VALUES_MAX || one_of.iter().any(long) {
                let message =
                    format!("1 to {RECORD_VALUES_MAX} values of at most {RECORD_NAME_BYTES_MAX} bytes");
                return fail("deid.records.columns", message);
            }
        }
        Ok(())
    }
}

/// Whether a text can name a model of a project.
#[must_use]
pub fn is_model_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    !text.is_empty() && text.len() <= MODEL_NAME_BYTES_MAX && text.bytes().all(plain)
}

/// The `deid` section of a protocol. Absent, it is the Basic Profile, and one officer decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct DeidPlan {
    /// `basic`, and options of [`DeidOption`] after commas: `basic,clean_descriptors`.
    pub profile: String,
    /// What is done with dates.
    pub dates: DatesPolicy,
    /// What happens to files of risk classes.
    pub pixels: PixelPolicy,
    /// A waiver counts only when a second privacy officer confirms it.
    pub two_person_waiver: bool,
    /// What is done with thin slices of a head.
    #[serde(skip_serializing_if = "HeadScans::is_default")]
    pub head_scans: HeadScans,
    /// What is done with postal codes.
    #[serde(skip_serializing_if = "PostalCodes::is_default")]
    pub postal_codes: PostalCodes,
    /// Looking again at what was cleared.
    pub audit: AuditPlan,
    /// The model that looks for faces and plates in camera pictures; without one a privacy officer does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faces: Option<FacesPlan>,
    /// What becomes of tables of records beside the images; without it every table stays in quarantine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<RecordsPlan>,
}

// Documents from before these keys stay the same to the byte.
impl HeadScans {
    fn is_default(&self) -> bool {
        *self == Self::Tell
    }
}

impl PostalCodes {
    fn is_default(&self) -> bool {
        *self == Self::Remove
    }
}

impl Default for DeidPlan {
    fn default() -> Self {
        Self {
            profile: "basic".into(),
            dates: DatesPolicy::Remove,
            pixels: PixelPolicy::Officer,
            two_person_waiver: false,
            head_scans: HeadScans::Tell,
            postal_codes: PostalCodes::Remove,
            audit: AuditPlan::default(),
            faces: None,
            records: None,
        }
    }
}

impl DeidPlan {
    /// Whether this is what an absent section means. Documents from before the section stay the same to the byte.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The options that the profile text names, in its order.
    ///
    /// # Errors
    /// [`ProtocolError`] at `deid.profile`.
    pub fn options(&self) -> Result<Vec<DeidOption>, ProtocolError> {
        let fail = |message: String| ProtocolError::new("deid.profile".into(), message);
        if self.profile.len() > PROFILE_CHARS_MAX {
            return Err(fail(format!("at most {PROFILE_CHARS_MAX} characters")));
        }
        let mut words = self.profile.split(',').map(str::trim);
        if words.next() != Some("basic") {
            return Err(fail("begins with \"basic\", the Basic Profile".into()));
        }
        let mut seen = BTreeSet::new();
        words
            .map(|word| {
                let option: DeidOption = word.parse().map_err(&fail)?;
                if seen.insert(option) { Ok(option) } else { Err(fail(format!("{option} is named twice"))) }
            })
            .collect()
    }

    /// Checks the section.
    ///
    /// # Errors
    /// [`ProtocolError`] naming the first place that is wrong.
    pub fn validate(&self) -> Result<(), ProtocolError> {
        let options = self.options()?;
        let fail = |place: &str, message: String| Err(ProtocolError::new(place.into(), message));
        if self.postal_codes == PostalCodes::Zip3
            && !options.contains(&DeidOption::RetainPatientCharacteristics)
        {
            return fail("deid.postal_codes", "needs retain_patient_characteristics in the profile".into());
        }
        if self.audit.sample > AUDIT_SAMPLE_MAX {
            return fail("deid.audit.sample", format!("at most {AUDIT_SAMPLE_MAX} items"));
        }
        if let Some(faces) = &self.faces {
            faces.validate()?;
        }
        if let Some(records) = &self.records {
            records.validate()?;
        }
        // Written so that what is not a number is refused too.
        if !(self.audit.confidence > 0.0 && self.audit.confidence < 1.0) {
            return fail("deid.audit.confidence", "between 0 and 1, both excluded".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_place_is_named() {
        let plan = |profile: &str| DeidPlan { profile: profile.into(), ..DeidPlan::default() };
        assert_eq!(plan("basic").options(), Ok(vec![]));
        let two = plan("basic, clean_descriptors,retain_safe_private");
        assert_eq!(two.options(), Ok(vec![DeidOption::CleanDescriptors, DeidOption::RetainSafePrivate]));
        let long = format!("basic{}", ",clean_graphics".repeat(40));
        for bad in
            ["", "clean_descriptors", "basic,", "basic,everything", "basic,retain_uids,retain_uids", &long]
        {
            assert_eq!(plan(bad).validate().unwrap_err().place, "deid.profile", "{bad}");
        }
        for confidence in [0.0, 1.0, f64::NAN, -3.0] {
            let audit = AuditPlan { sample: 10, confidence };
            let error = DeidPlan { audit, ..DeidPlan::default() }.validate().unwrap_err();
            assert_eq!(error.place, "deid.audit.confidence");
        }
        let zip3 = DeidPlan { postal_codes: PostalCodes::Zip3, ..DeidPlan::default() };
        assert_eq!(zip3.validate().unwrap_err().place, "deid.postal_codes");
        let profile = "basic,retain_patient_characteristics".into();
        assert_eq!(DeidPlan { profile, ..zip3 }.validate(), Ok(()));
        let faces = |model: &str, min_recall, temporal| {
            let faces = Some(FacesPlan { model: model.into(), min_recall, temporal });
            DeidPlan { faces, ..DeidPlan::default() }.validate().map_err(|error| error.place)
        };
        assert_eq!(faces("street-1", 0.95, 3), Ok(()));
        assert_eq!(faces("Street", 0.95, 3), Err("deid.faces.model".into()));
        assert_eq!(faces("street", f64::NAN, 3), Err("deid.faces.min_recall".into()));
        assert_eq!(faces("street", 1.0, 3), Err("deid.faces.min_recall".into()));
        assert_eq!(faces("street", 0.95, TEMPORAL_FRAMES_MAX + 1), Err("deid.faces.temporal".into()));
        let audit = AuditPlan { sample: AUDIT_SAMPLE_MAX + 1, ..AuditPlan::default() };
        let error = DeidPlan { audit, ..DeidPlan::default() }.validate().unwrap_err();
        assert_eq!(error.place, "deid.audit.sample");
    }

    #[test]
    fn rules_of_records_name_whom_rows_are_about() {
        let plan = |text: &str| {
            let plan: DeidPlan = serde_json::from_str(&format!(r#"{{"records":{text}}}"#)).unwrap();
            assert_eq!(
                serde_json::from_str::<DeidPlan>(&serde_json::to_string(&plan).unwrap()).unwrap(),
                plan
            );
            plan.validate().map_err(|error| error.place)
        };
        assert_eq!(plan(r#"{"columns":{"mrn":"pseudonym","sex":{"one_of":["F","M"]},"k":"keep"}}"#), Ok(()));
        let columns = Err("deid.records.columns".to_owned());
        assert_eq!(plan(r#"{"columns":{}}"#), columns);
        assert_eq!(plan(r#"{"columns":{"k":"keep"}}"#), columns);
        assert_eq!(plan(r#"{"columns":{"mrn":"pseudonym","":"drop"}}"#), columns);
        assert_eq!(plan(r#"{"columns":{"mrn":"pseudonym","sex":{"one_of":[]}}}"#), columns);
        let long = "x".repeat(ISSUER_BYTES_MAX + 1);
        let issuer = format!(r#"{{"issuer":"{long}","columns":{{"mrn":"pseudonym"}}}}"#);
        assert_eq!(plan(&issuer), Err("deid.records.issuer".to_owned()));
        for unknown in ["\"guess\"", r#"{"one_of":["F"],"else":"drop"}"#] {
            let text = format!(r#"{{"records":{{"columns":{{"mrn":{unknown}}}}}}}"#);
            assert!(serde_json::from_str::<DeidPlan>(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_empty_section_is_the_default_and_an_unknown_key_is_refused() {
        let empty: DeidPlan = serde_json::from_str("{}").unwrap();
        assert!(empty.is_default());
        let text = serde_json::to_string(&empty).unwrap();
        assert!(
            ["head_scans", "postal_codes", "faces", "records"].iter().all(|key| !text.contains(key)),
            "{text}"
        );
        assert!(serde_json::from_str::<DeidPlan>(r#"{"profil":"basic"}"#).is_err());
        assert!(serde_json::from_str::<DeidPlan>(r#"{"dates":"sometimes"}"#).is_err());
        let named: DeidPlan = serde_json::from_str(r#"{"faces":{"model":"street"}}"#).unwrap();
        assert_eq!(named.faces.map(|faces| (faces.min_recall, faces.temporal)), Some((0.95, 3)));
    }
}
