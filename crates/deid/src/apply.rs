//! The engine: one walk over the data set, each element decided by the tables.

use std::collections::BTreeMap;

use countersign_dicom::{
    DataSet, DicomError, Element, Identity, Instance, Limits, NoteKind, Place, Tag, VR, Value,
    fits_dictionary, read, tags, write,
};

use crate::keys::{Keys, is_well_known};
use crate::leak::{Hit, Needles, Search};
use crate::table::{Code, EDITION, Row, Tables};
use crate::value::{dummy, is_text, is_well_formed};
use crate::{Applied, DeidError, Profile, Report, codestream, overlay_bits};

/// Rounds of taking residues out before the gate gives up. Each round only removes, so more than one is
/// needed only where a residue stood inside of another's sequence.
const MAX_ROUNDS: usize = 3;
/// De-identification Method, and its code (CID 7050).
const METHOD: &str = "PS3.15 2026d Basic Application Confidentiality Profile";
const METHOD_CODE: (&str, &str) = ("113100", "Basic Application Confidentiality Profile");

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
}

struct Engine<'a> {
    tables: &'static Tables,
    keys: &'a Keys,
    pseudonym: String,
    report: Report,
    needles: Needles,
    uid_map: BTreeMap<String, String>,
}

/// What will be done with one element.
enum Plan {
    Keep,
    Remove(Applied),
    Empty,
    Dummy,
    Map,
    Pseudonym,
}

/// De-identifies an instance by a profile.
///
/// The Basic Profile's actions apply at every depth, every private element goes, what E.1-1 does not list
/// is decided by the supplement. Compound actions take the safe side: X/Z empties, X/D, X/Z/D and Z/D
/// replace, and of a sequence nothing is left. The output is read back and searched for every removed value.
///
/// # Errors
/// [`DeidError`]: an edition or option that is not here, a value that could not be got rid of, or an
/// instance that cannot be written.
pub fn clean_dicom(source: &Instance, profile: &Profile, keys: &Keys) -> Result<Cleaned, DeidError> {
    if profile.edition != EDITION {
        return Err(DeidError::OtherEdition { tables: EDITION });
    }
    if let Some(option) = profile.options.first() {
        return Err(DeidError::UnsupportedOption(*option));
    }
    // A syntax that is not the standard's cannot be passed on: its name is foreign text, its pixels unknown.
    if !is_well_known(&source.transfer_syntax) {
        let place = source.meta.place(tags::TRANSFER_SYNTAX_UID);
        return Err(DicomError::UnsupportedTransferSyntax { name: "unregistered", place }.into());
    }
    let mut engine = Engine {
        tables: Tables::get(),
        keys,
        pseudonym: pseudonym(source, keys),
        report: Report::new(profile),
        needles: Needles::default(),
        uid_map: BTreeMap::new(),
    };
    engine.report.preamble_blanked = source.notes.iter().any(|n| n.kind == NoteKind::PreambleNotBlank);
    engine.meta(&source.meta);
    let mut output = Instance::new(engine.set(&source.data, &mut String::new()));
    output.transfer_syntax.clone_from(&source.transfer_syntax);
    engine.identify(&mut output.data, source);
    engine.codestream(&mut output)?;
    if let Some(path) = overlay_bits::clear(&mut output, &source.data) {
        engine.report.add(&path, Applied::Stripped);
    }
    mark(&mut output.data, &source.data);
    engine.gate(&mut output)
}

/// The pseudonym of the source's patient; of its study where no patient is named.
fn pseudonym(source: &Instance, keys: &Keys) -> String {
    let id = Identity::of(source);
    match (id.patient_id, id.study_uid, id.instance_uid) {
        (Some(patient), _, _) => keys.pseudonym(id.patient_id_issuer.as_deref().unwrap_or(""), &patient),
        (None, Some(own), _) | (None, None, Some(own)) => keys.pseudonym_of_study(&own),
        (None, None, None) => keys.pseudonym_of_study(""),
    }
}

impl Engine<'_> {
    /// The source's file meta information is written anew; what it held is searched for all the same.
    fn meta(&mut self, meta: &DataSet) {
        for (tag, element) in meta.iter() {
            // The implementation is a kind of program.
            if !matches!(tag, tags::IMPLEMENTATION_CLASS_UID | tags::IMPLEMENTATION_VERSION_NAME) {
                self.needles.note(element, false);
            }
        }
    }

    fn set(&mut self, source: &DataSet, path: &mut String) -> DataSet {
        let mut out = DataSet::new();
        for (tag, element) in source.iter() {
            let depth = path.len();
            if depth > 0 {
                path.push('.');
            }
            path.push_str(&tag.to_string());
            self.element(tag, element, path, &mut out);
            path.truncate(depth);
        }
        out
    }

    fn element(&mut self, tag: Tag, element: &Element, path: &mut String, out: &mut DataSet) {
        // Group lengths, commands, media directories: not part of a data set that is passed on.
        // Pixels within an item are a second picture that nobody looks at.
        let misplaced = tag.1 == 0
            || matches!(tag.0, 0x0000 | 0x0002 | 0x0004 | 0xFFFC)
            || tag.0 == 0x7FE0 && path.contains('.');
        let row = self.tables.row(tag, element.vr);
        let plan = if misplaced {
            Plan::Remove(Applied::Removed)
        } else if !tag.0.is_multiple_of(2) {
            Plan::Remove(Applied::RemovedPrivate)
        } else {
            plan(tag, element, row)
        };
        let private = !tag.0.is_multiple_of(2);
        let (vr, offset) = (element.vr, element.offset);
        let mut put = |value| out.insert(tag, Element { vr, value, offset });
        let applied = match plan {
            Plan::Keep => {
                put(match &element.value {
                    Value::Items(items) => Value::Items(self.items(items, path)),
                    other => other.clone(),
                });
                Applied::Kept
            }
            Plan::Remove(how) => {
                if tag.0 & 0xFFE1 == 0x6000 && tag.1 == 0x0010 {
                    self.report.overlays_removed += 1;
                }
                self.needles.note(element, row.descriptor || private);
                how
            }
            Plan::Empty | Plan::Dummy => {
                self.needles.note(element, row.descriptor);
                let raw = if matches!(plan, Plan::Dummy) { dummy(vr) } else { Vec::new() };
                let emptied = raw.is_empty();
                put(if vr == VR::SQ { Value::Items(Vec::new()) } else { Value::Bytes(raw.into()) });
                if emptied { Applied::Emptied } else { Applied::Replaced }
            }
            Plan::Map => {
                put(Value::Bytes(self.map(element).into()));
                Applied::Mapped
            }
            Plan::Pseudonym => {
                self.needles.note(element, false);
                put(Value::Bytes(padded(&self.pseudonym, b' ').into()));
                Applied::Pseudonym
            }
        };
        self.report.add(path, applied);
    }

    fn items(&mut self, items: &[DataSet], path: &mut String) -> Vec<DataSet> {
        let depth = path.len();
        let mut out = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            path.push_str(&format!("[{i}]"));
            out.push(self.set(item, path));
            path.truncate(depth);
        }
        out
    }

    /// Maps the UIDs of an element, keeping the standard's own.
    fn map(&mut self, element: &Element) -> Vec<u8> {
        let mut mapped = Vec::new();
        for uid in element.texts() {
            mapped.push(if is_well_known(&uid) || uid.is_empty() { uid } else { self.uid(&uid) });
        }
        padded(&mapped.join("\\"), 0)
    }

    fn uid(&mut self, source: &str) -> String {
        let new = self.keys.uid(source);
        self.uid_map.insert(source.to_owned(), new.clone());
        new
    }

    /// The identifiers that an output must have, whether the source had them or not.
    fn identify(&mut self, out: &mut DataSet, source: &Instance) {
        let pseudonym = self.pseudonym.clone();
        out.put_text(tags::PATIENT_ID, VR::LO, &pseudonym);
        out.put_text(tags::PATIENT_NAME, VR::PN, &pseudonym);
        if out.text(tags::SOP_INSTANCE_UID).is_none()
            && let Some(uid) = source.meta.text(tags::MEDIA_STORAGE_SOP_INSTANCE_UID)
        {
            let uid = self.uid(&uid);
            out.put_text(tags::SOP_INSTANCE_UID, VR::UI, &uid);
        }
        let class = source.meta.text(tags::MEDIA_STORAGE_SOP_CLASS_UID).filter(|c| is_well_known(c));
        if let (None, Some(class)) = (out.text(tags::SOP_CLASS_UID), class) {
            out.put_text(tags::SOP_CLASS_UID, VR::UI, &class);
        }
        for source in self.uid_map.keys() {
            let uid = Element { vr: VR::UI, value: Value::Bytes(source.clone().into()), offset: 0 };
            self.needles.note(&uid, false);
        }
    }

    /// Comments within a codestream can say as much as a tag.
    fn codestream(&mut self, output: &mut Instance) -> Result<(), DeidError> {
        let coding = countersign_dicom::coding(&output.transfer_syntax);
        let Some(element) = output.data.get_mut(tags::PIXEL_DATA) else { return Ok(()) };
        let place = Place::new(tags::PIXEL_DATA, element.offset);
        if let Value::Fragments { offsets, fragments } = &mut element.value
            && codestream::strip(coding, offsets, fragments)
                .map_err(|why| DeidError::Codestream { place, why })?
        {
            output.data.remove(tags::EXTENDED_OFFSET_TABLE);
            output.data.remove(tags::EXTENDED_OFFSET_TABLE_LENGTHS);
            self.report.add(&tags::PIXEL_DATA.to_string(), Applied::Stripped);
        }
        Ok(())
    }

    /// Writes, reads back, searches; takes residues out and tries again.
    fn gate(mut self, output: &mut Instance) -> Result<Cleaned, DeidError> {
        let dummies =
            [VR::LO, VR::DA, VR::DT, VR::TM].map(|vr| String::from_utf8_lossy(&dummy(vr)).trim().to_owned());
        let ours = self.uid_map.values().cloned().chain(dummies).chain([self.pseudonym.clone()]);
        self.needles.forget(ours.collect::<Vec<_>>().into_iter());
        self.report.values_searched = self.needles.len() as u64;
        let Self { needles, mut report, uid_map, pseudonym, .. } = self;
        let search = needles.search()?;
        for _ in 0..MAX_ROUNDS {
            let bytes = write(output)?;
            let back = read(&bytes, &Limits::default())?;
            no_private(&back.data, String::new())?;
            let hits = search.as_ref().map(|s| s.hits(&back)).unwrap_or_default();
            if hits.is_empty() {
                return Ok(Cleaned { bytes, report, uid_map, pseudonym });
            }
            for hit in &hits {
                if hit.essential {
                    let place = Place::new(hit.tag, hit.offset);
                    return Err(DeidError::Leak { path: path_of(hit), place });
                }
                if let Some(search) = &search {
                    clear_at(&mut output.data, &hit.path, hit.tag, search);
                }
                report.add(&path_of(hit), Applied::RemovedResidue);
            }
        }
        Err(DeidError::Leak { path: "(several)".to_owned(), place: Place::default() })
    }
}

fn padded(text: &str, pad: u8) -> Vec<u8> {
    let mut raw = text.as_bytes().to_vec();
    if !raw.len().is_multiple_of(2) {
        raw.push(pad);
    }
    raw
}

/// The action for a public element, compound codes resolved to the safe side.
fn plan(tag: Tag, element: &Element, row: Row) -> Plan {
    let sequence = element.vr == VR::SQ;
    // A sequence that could not be followed, or a value of no known kind.
    if element.vr == VR::UN {
        return Plan::Remove(Applied::Removed);
    }
    if tag == tags::PATIENT_ID || tag == tags::PATIENT_NAME {
        return Plan::Pseudonym;
    }
    match row.code {
        Code::K if matches!(element.value, Value::Fragments { .. }) => Plan::Keep,
        Code::K if !is_well_formed(element) || fits_dictionary(tag, element.vr) == Some(false) => {
            Plan::Remove(Applied::RemovedMalformed)
        }
        Code::K => Plan::Keep,
        Code::X => Plan::Remove(Applied::Removed),
        Code::Z | Code::XorZ => Plan::Empty,
        Code::XorD | Code::XorZorD if sequence => Plan::Remove(Applied::Removed),
        Code::D | Code::XorD | Code::XorZorD | Code::ZorD if element.vr == VR::UI => Plan::Map,
        Code::D | Code::XorD | Code::XorZorD | Code::ZorD => {
            if element.is_empty() {
                Plan::Empty
            } else {
                Plan::Dummy
            }
        }
        Code::U | Code::XorZorU if sequence => Plan::Keep,
        Code::U | Code::XorZorU if is_text(element.vr) => Plan::Map,
        Code::U | Code::XorZorU => Plan::Remove(Applied::Removed),
    }
}

/// The markers of PS3.15 E.1.1: added to those of an earlier de-identification, never instead of them.
fn mark(out: &mut DataSet, source: &DataSet) {
    out.put_text(tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES");
    // Earlier methods are free text of unknown hands: their codes are kept, their words are not.
    out.put_text(tags::DEIDENTIFICATION_METHOD, VR::LO, METHOD);
    let known = |item: &&DataSet| {
        item.text(tags::CODING_SCHEME_DESIGNATOR).as_deref() == Some("DCM")
            && item.text(tags::CODE_VALUE).is_some_and(|c| c != METHOD_CODE.0 && is_cid_7050(&c))
    };
    let earlier = source.items(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE);
    let mut codes: Vec<DataSet> = earlier
        .iter()
        .filter(known)
        .filter_map(|item| item.text(tags::CODE_VALUE))
        .map(|code| method(&code, "De-identification method"))
        .collect();
    codes.push(method(METHOD_CODE.0, METHOD_CODE.1));
    out.put_items(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE, codes);
    out.put_text(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED, VR::CS, "REMOVED");
}

fn is_cid_7050(code: &str) -> bool {
    code.len() == 6 && code.parse::<u32>().is_ok_and(|n| (113_100..=113_112).contains(&n))
}

fn method(code: &str, meaning: &str) -> DataSet {
    let mut item = DataSet::new();
    item.put_text(tags::CODE_VALUE, VR::SH, code);
    item.put_text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "DCM");
    item.put_text(tags::CODE_MEANING, VR::LO, meaning);
    item
}

/// Proves that no private element is left, at any depth.
fn no_private(set: &DataSet, path: String) -> Result<(), DeidError> {
    for (tag, element) in set.iter() {
        if !tag.0.is_multiple_of(2) {
            let place = Place::new(tag, element.offset);
            return Err(DeidError::Private { path: format!("{path}{tag}"), place });
        }
        for (i, item) in element.items().unwrap_or_default().iter().enumerate() {
            no_private(item, format!("{path}{tag}[{i}]."))?;
        }
    }
    Ok(())
}

fn path_of(hit: &Hit) -> String {
    let steps: String = hit.path.iter().map(|(tag, i)| format!("{tag}[{i}].")).collect();
    format!("{steps}{}", hit.tag)
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
