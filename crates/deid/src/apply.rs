//! De-identifying one instance: the engine's walk, the pixels' surroundings, the markers, the leak gate.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use countersign_dicom::{
    DataSet, DicomError, Element, Identity, Instance, Limits, NoteKind, Place, Tag, VR, Value, read_shared,
    tags, write,
};

use crate::dates::Day;
use crate::engine::Engine;
use crate::keys::{Keys, is_well_known};
use crate::known::Known;
use crate::leak::{Needles, Search, Tolerance};
use crate::mark::mark;
use crate::private::{Blocks, Demands};
use crate::table::{Choice, Tables};
use crate::value::dummy;
use crate::{Applied, DatesPolicy, DeidError, Profile, ProfileOption, Report, codestream, overlay_bits};

/// Rounds of taking residues out before the gate gives up. Each round only removes, so more than one is
/// needed only where a residue stood inside of another's sequence.
const MAX_ROUNDS: usize = 3;

/// What the caller knows beyond the instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// Text was removed from the pixels of this instance: Burned In Annotation becomes NO, and the method
    /// says Clean Pixel Data.
    pub pixels_cleaned: bool,
    /// Recognizable features were removed from the pixels of this instance.
    pub visual_features_cleaned: bool,
    /// Further values that identify (the source's file name, names from an order): they are removed from
    /// texts and searched for like the instance's own.
    pub known_values: Vec<String>,
}

/// A de-identified instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// The PS3.10 file.
    pub bytes: Vec<u8>,
    /// What was done; no value in it.
    pub report: Report,
    /// Source UID to project UID. As secret as the source: it belongs in the vault.
    pub uid_map: BTreeMap<String, String>,
    /// The patient's pseudonym, which is the output's Patient ID.
    pub pseudonym: String,
    /// Weeks by which the patient's dates were moved back (52 to 520); `None` where none were. As secret as
    /// the source.
    pub date_shift_weeks: Option<i32>,
}

/// De-identifies an instance by a profile, its pixels as they are: [`clean_dicom_with`] and nothing known
/// beyond the instance.
///
/// # Errors
/// As [`clean_dicom_with`].
pub fn clean_dicom(source: &Instance, profile: &Profile, keys: &Keys) -> Result<Cleaned, DeidError> {
    clean_dicom_with(source, profile, keys, &Context::default())
}

/// De-identifies an instance by a profile.
///
/// The actions of the Basic Profile and of the chosen options apply at every depth; every private element
/// goes but what Retain Safe Private keeps; what E.1-1 does not list is decided by the supplement. Compound
/// actions take the safe side: X/Z empties, X/D, X/Z/D and Z/D replace, and of a sequence nothing is left.
/// What cannot be cleaned with certainty falls back to the Basic Profile's action. The output is read back
/// and searched for every removed value.
///
/// # Errors
/// [`DeidError`]: a profile that contradicts itself or is of another edition, a value that could not be got
/// rid of, or an instance that cannot be written.
pub fn clean_dicom_with(
    source: &Instance,
    profile: &Profile,
    keys: &Keys,
    context: &Context,
) -> Result<Cleaned, DeidError> {
    check(source, profile, context)?;
    let mut engine = engine(source, profile, keys, context);
    engine.meta(&source.meta);
    let mut output = Instance::new(engine.run(&source.data));
    output.transfer_syntax.clone_from(&source.transfer_syntax);
    engine.identify(&mut output.data, source);
    strip_codestream(&mut engine, &mut output)?;
    if let Some(path) = overlay_bits::clear(&mut output, &source.data) {
        engine.report.add(&path, Applied::Stripped);
    }
    engine.report.overlay_in_coded_pixels = overlay_bits::is_out_of_reach(&output, &source.data);
    mark(&mut output.data, &source.data, profile, context);
    gate(engine, &mut output)
}

fn check(source: &Instance, profile: &Profile, context: &Context) -> Result<(), DeidError> {
    profile.check()?;
    for (option, done) in [
        (ProfileOption::CleanPixelData, context.pixels_cleaned),
        (ProfileOption::CleanVisualFeatures, context.visual_features_cleaned),
    ] {
        if profile.has(option) && !done {
            return Err(DeidError::PixelsNotCleaned(option));
        }
    }
    // A syntax that is not the standard's cannot be passed on: its name is foreign text, its pixels unknown.
    if !is_well_known(&source.transfer_syntax) {
        let place = source.meta.place(tags::TRANSFER_SYNTAX_UID);
        return Err(DicomError::UnsupportedTransferSyntax { name: "unregistered", place }.into());
    }
    Ok(())
}

/// Options under which texts stay and have to be cleaned.
const CLEANING: [ProfileOption; 6] = [
    ProfileOption::CleanDescriptors,
    ProfileOption::CleanGraphics,
    ProfileOption::CleanStructuredContent,
    ProfileOption::RetainPatientCharacteristics,
    ProfileOption::RetainDeviceIdentity,
    ProfileOption::RetainSafePrivate,
];

fn engine<'a>(source: &Instance, profile: &'a Profile, keys: &'a Keys, context: &Context) -> Engine<'a> {
    let shifted = profile.has(ProfileOption::RetainModifiedDates) && profile.dates == DatesPolicy::ShiftWeeks;
    let (pseudonym, weeks) = subject(source, keys);
    let choice = Choice::of(profile);
    let cleaning = CLEANING.iter().any(|o| profile.has(*o));
    let mut needles = Needles::default();
    context.known_values.iter().for_each(|value| needles.known(value));
    let mut report = Report::new(profile);
    report.preamble_blanked = source.notes.iter().any(|n| n.kind == NoteKind::PreambleNotBlank);
    report.pixels_cleaned = context.pixels_cleaned;
    Engine {
        tables: Tables::get(),
        keys,
        profile,
        choice,
        weeks: shifted.then_some(weeks),
        known: cleaning.then(|| Known::of(&source.data, choice, &context.known_values)),
        demands: profile.has(ProfileOption::RetainSafePrivate).then(|| Demands::of(&source.data)),
        regions: regions(&source.data),
        age_years: age_years(&source.data),
        pseudonym,
        report,
        needles,
        uid_map: BTreeMap::new(),
        kept: HashSet::new(),
        kept_characters: HashSet::new(),
    }
}

/// Pseudonym and weeks of the source's patient; of its study where no patient is named.
fn subject(source: &Instance, keys: &Keys) -> (String, i32) {
    let id = Identity::of(source);
    if let Some(patient) = id.patient_id {
        let issuer = id.patient_id_issuer.as_deref().unwrap_or("");
        return (keys.pseudonym(issuer, &patient), keys.date_shift_weeks(issuer, &patient));
    }
    let own = id.study_uid.or(id.instance_uid).unwrap_or_default();
    (keys.pseudonym_of_study(&own), keys.date_shift_weeks_of_study(&own))
}

/// Overlay groups with a plane of their own that marks a region (Overlay Type R; PS3.3 C.9.2).
fn regions(data: &DataSet) -> HashSet<u16> {
    let marks = |group: &u16| {
        data.text(Tag(*group, 0x0040)).as_deref() == Some("R") && data.get(Tag(*group, 0x3000)).is_some()
    };
    (0x6000..=0x601E).step_by(2).filter(marks).collect()
}

/// Whole years from birth to the first date of the study that is one.
fn age_years(data: &DataSet) -> Option<i64> {
    let day = |tag: Tag| Day::parse(data.text(tag)?.get(..8)?);
    let study = [
        tags::STUDY_DATE,
        tags::ACQUISITION_DATE,
        tags::ACQUISITION_DATE_TIME,
        tags::SERIES_DATE,
        tags::CONTENT_DATE,
    ];
    Some(day(tags::PATIENT_BIRTH_DATE)?.years_until(study.into_iter().find_map(day)?))
}

/// Comments within a codestream can say as much as a tag.
fn strip_codestream(engine: &mut Engine, output: &mut Instance) -> Result<(), DeidError> {
    let coding = countersign_dicom::coding(&output.transfer_syntax);
    let Some(element) = output.data.get_mut(tags::PIXEL_DATA) else { return Ok(()) };
    let place = Place::new(tags::PIXEL_DATA, element.offset);
    if let Value::Fragments { offsets, fragments } = &mut element.value
        && codestream::strip(coding, offsets, fragments)
            .map_err(|why| DeidError::Codestream { place, why })?
    {
        output.data.remove(tags::EXTENDED_OFFSET_TABLE);
        output.data.remove(tags::EXTENDED_OFFSET_TABLE_LENGTHS);
        engine.report.add(&tags::PIXEL_DATA.to_string(), Applied::Stripped);
    }
    Ok(())
}

/// Writes, reads back, searches; takes residues out and tries again.
fn gate(engine: Engine, output: &mut Instance) -> Result<Cleaned, DeidError> {
    let Engine { mut needles, mut report, uid_map, pseudonym, weeks, profile, known, .. } = engine;
    let dummies =
        [VR::LO, VR::DA, VR::DT, VR::TM].map(|vr| String::from_utf8_lossy(&dummy(vr)).trim().to_owned());
    let ours = uid_map.values().cloned().chain(dummies).chain([pseudonym.clone()]);
    needles.forget(ours);
    needles.permit(&engine.kept, &engine.kept_characters);
    report.values_searched = needles.len() as u64;
    let dates =
        profile.has(ProfileOption::RetainFullDates) || profile.has(ProfileOption::RetainModifiedDates);
    let search = needles.search(Tolerance { dates, words: known.is_some() })?;
    let private = profile.has(ProfileOption::RetainSafePrivate);
    for _ in 0..MAX_ROUNDS {
        let bytes = Bytes::from(write(output)?);
        let back = read_shared(bytes.clone(), &Limits::default())?;
        no_private(&back.data, private, &mut Vec::new())?;
        let hits = search.as_ref().map(|s| s.hits(&bytes, &back)).unwrap_or_default();
        if hits.is_empty() {
            drop(back);
            report.bytes_searched = bytes.len() as u64;
            return Ok(Cleaned { bytes: bytes.into(), report, uid_map, pseudonym, date_shift_weeks: weeks });
        }
        for hit in &hits {
            if hit.essential {
                let place = Place::new(hit.tag, hit.offset);
                return Err(DeidError::Leak { path: path_of(&hit.path, hit.tag), place });
            }
            if let Some(search) = &search {
                clear_at(&mut output.data, &hit.path, hit.tag, search);
            }
            report.add(&path_of(&hit.path, hit.tag), Applied::RemovedResidue);
        }
    }
    Err(DeidError::Leak { path: "(several)".to_owned(), place: Place::default() })
}

/// Proves that no private element is left at any depth, but those that E.3.10-1 calls safe where the profile
/// keeps them.
fn no_private(set: &DataSet, safe: bool, path: &mut Vec<(Tag, usize)>) -> Result<(), DeidError> {
    let mut blocks = None;
    for (tag, element) in set.iter() {
        let private = !tag.0.is_multiple_of(2);
        let permitted = private && safe && blocks.get_or_insert_with(|| Blocks::of(set)).permits(set, tag);
        if private && !permitted {
            let place = Place::new(tag, element.offset);
            return Err(DeidError::Private { path: path_of(path, tag), place });
        }
        for (i, item) in element.items().unwrap_or_default().iter().enumerate() {
            path.push((tag, i));
            no_private(item, safe, path)?;
            path.pop();
        }
    }
    Ok(())
}

fn path_of(path: &[(Tag, usize)], tag: Tag) -> String {
    let steps: String = path.iter().map(|(tag, i)| format!("{tag}[{i}].")).collect();
    format!("{steps}{tag}")
}

/// Takes the repeated value out of an element: its part of a multi-valued one, or the whole of it.
fn clear_at(set: &mut DataSet, path: &[(Tag, usize)], tag: Tag, search: &Search) {
    let Some(((step, index), rest)) = path.split_first() else {
        if let Some(left) = set.remove(tag).and_then(|e| search.without_residue(&e)) {
            set.insert(tag, left);
        }
        return;
    };
    if let Some(Element { value: Value::Items(items), .. }) = set.get_mut(*step)
        && let Some(item) = items.get_mut(*index)
    {
        clear_at(item, rest, tag, search);
    }
}
