//! The engine: one walk over the data set, each element decided by the tables and the profile's options.

use std::collections::{BTreeMap, HashSet};

use countersign_dicom::{DataSet, Element, Instance, Tag, VR, Value, tags};

use crate::charset::Charset;
use crate::keys::{Keys, is_well_known};
use crate::known::Known;
use crate::leak::{Needles, trim};
use crate::plan::{Plan, plan};
use crate::private::{Blocks, Demands, Private};
use crate::table::{Choice, Row, Tables};
use crate::value::{dummy, padded};
use crate::{Applied, Profile, ProfileOption, Report, dates, safe_harbor, zip3};

pub(crate) struct Engine<'a> {
    pub tables: &'static Tables,
    pub keys: &'a Keys,
    pub profile: &'a Profile,
    pub choice: Choice,
    /// Weeks back, where dates are moved.
    pub weeks: Option<i32>,
    /// What identifies in this file, where texts are cleaned.
    pub known: Option<Known>,
    /// Where safe private elements stay: what the file itself demands for them.
    pub demands: Option<Demands>,
    /// Overlay groups whose plane marks a region of interest.
    pub regions: HashSet<u16>,
    /// Age by birth date and study, years.
    pub age_years: Option<i64>,
    pub pseudonym: String,
    pub report: Report,
    pub needles: Needles,
    pub uid_map: BTreeMap<String, String>,
    /// Values that options keep, in lower case.
    pub kept: HashSet<Vec<u8>>,
    /// Those beyond ASCII, as characters.
    pub kept_characters: HashSet<String>,
}

/// What an element inherits from the data set that it stands in.
pub(crate) struct Scope {
    pub charset: Charset,
    blocks: Option<Blocks>,
    /// An option keeps the sequence around it.
    asked: bool,
    top: bool,
}

/// A value in the place of another, and what was done for it.
pub(crate) type Changed = (Value, Applied);

impl Engine<'_> {
    /// The source's file meta information is written anew; what it held is searched for all the same.
    pub fn meta(&mut self, meta: &DataSet) {
        let uids_stay = self.profile.has(ProfileOption::RetainUids);
        for (tag, element) in meta.iter() {
            // The implementation is a kind of program.
            let program = matches!(tag, tags::IMPLEMENTATION_CLASS_UID | tags::IMPLEMENTATION_VERSION_NAME);
            let stays = uids_stay && element.vr == VR::UI;
            if !program && !stays {
                self.needles.note(element, false, Charset::of(&[]));
            }
        }
    }

    /// The whole data set of a source.
    pub fn run(&mut self, source: &DataSet) -> DataSet {
        let scope = self.scope(source, Charset::of(&[]), false, true);
        self.set(source, &mut String::with_capacity(64), &scope)
    }

    fn scope(&self, set: &DataSet, outer: Charset, asked: bool, top: bool) -> Scope {
        let own = set.texts(tags::SPECIFIC_CHARACTER_SET);
        let charset = if own.is_empty() { outer } else { Charset::of(&own) };
        Scope { charset, blocks: self.demands.is_some().then(|| Blocks::of(set)), asked, top }
    }

    fn set(&mut self, source: &DataSet, path: &mut String, scope: &Scope) -> DataSet {
        let mut out = DataSet::new();
        for (tag, element) in source.iter() {
            let depth = path.len();
            if depth > 0 {
                path.push('.');
            }
            push_tag(path, tag);
            if tag.0.is_multiple_of(2) {
                self.public(tag, element, path, scope, &mut out);
            } else {
                self.private(source, tag, element, path, scope, &mut out);
            }
            path.truncate(depth);
        }
        out
    }

    fn public(&mut self, tag: Tag, element: &Element, path: &mut String, scope: &Scope, out: &mut DataSet) {
        // Group lengths, commands, media directories: not part of a data set that is passed on.
        // Pixels within an item are a second picture that nobody looks at.
        let misplaced =
            tag.1 == 0 || matches!(tag.0, 0x0000 | 0x0002 | 0x0004 | 0xFFFC) || tag.0 == 0x7FE0 && !scope.top;
        let row = self.tables.row(tag, element.vr);
        let chosen = if misplaced {
            Plan::Remove(Applied::Removed)
        } else {
            plan(tag, element, row.under(self.choice))
        };
        let asked = scope.asked || row.is_optional(self.choice);
        let changed = match chosen {
            Plan::Clean => match self.clean(tag, element, row, path, scope) {
                Some(changed) => changed,
                None => {
                    self.doubt(element, path);
                    self.carry_out(tag, element, plan(tag, element, row.code), row, path, scope, asked)
                }
            },
            chosen => self.carry_out(tag, element, chosen, row, path, scope, asked),
        };
        self.put(tag, element, changed, path, out);
    }

    /// Texts that could not be cleaned with certainty are told apart from what the profile removes.
    fn doubt(&mut self, element: &Element, path: &str) {
        if !element.is_empty() && self.report.emptied_unsure.len() < crate::MAX_LISTED {
            self.report.emptied_unsure.push(path.to_owned());
        }
    }

    fn put(&mut self, tag: Tag, element: &Element, changed: Changed, path: &str, out: &mut DataSet) {
        let (value, applied) = changed;
        self.report.add(path, applied);
        safe_harbor::count(&mut self.report.safe_harbor, tag, element, path, applied);
        let removed = matches!(
            applied,
            Applied::Removed | Applied::RemovedPrivate | Applied::RemovedMalformed | Applied::RemovedResidue
        );
        if removed {
            if tag.0 & 0xFFE1 == 0x6000 && tag.1 == 0x0010 {
                self.report.overlays_removed += 1;
            }
            return;
        }
        // A sequence of undefined length was read as one, whatever its VR was.
        let vr = if matches!(value, Value::Items(_)) { VR::SQ } else { element.vr };
        out.insert(tag, Element { vr, value, offset: element.offset });
    }

    #[expect(clippy::too_many_arguments, reason = "one decision with all that it rests on")]
    fn carry_out(
        &mut self,
        tag: Tag,
        element: &Element,
        chosen: Plan,
        row: Row,
        path: &mut String,
        scope: &Scope,
        asked: bool,
    ) -> Changed {
        let gone = || Value::Bytes(Vec::new().into());
        let vr = element.vr;
        match chosen {
            Plan::Keep => match &element.value {
                Value::Items(items) => (Value::Items(self.items(items, path, scope, asked)), Applied::Kept),
                Value::Bytes(_) if vr == VR::AS && asked => self.age(element),
                value => {
                    if asked {
                        self.keep(element, scope.charset);
                    }
                    (value.clone(), Applied::Kept)
                }
            },
            Plan::Remove(how) => {
                if tag == tags::PATIENT_ADDRESS
                    && let Some(changed) = self.postal_code(element, scope)
                {
                    return changed;
                }
                self.needles.note(element, row.descriptor, scope.charset);
                (gone(), how)
            }
            Plan::Empty | Plan::Dummy => {
                self.needles.note(element, row.descriptor, scope.charset);
                let raw = if chosen == Plan::Dummy { dummy(vr) } else { Vec::new() };
                let applied = if raw.is_empty() { Applied::Emptied } else { Applied::Replaced };
                let sequence = vr == VR::SQ;
                (if sequence { Value::Items(Vec::new()) } else { Value::Bytes(raw.into()) }, applied)
            }
            Plan::Map => (Value::Bytes(self.map(element).into()), Applied::Mapped),
            // Cleaning was tried before; what is left of it here is the Basic Profile's action.
            Plan::Clean => (gone(), Applied::Removed),
            Plan::Pseudonym => {
                self.needles.note(element, false, scope.charset);
                (Value::Bytes(padded(&self.pseudonym, vr).into()), Applied::Pseudonym)
            }
        }
    }

    pub fn items(
        &mut self,
        items: &[DataSet],
        path: &mut String,
        scope: &Scope,
        asked: bool,
    ) -> Vec<DataSet> {
        let depth = path.len();
        let mut out = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            path.push('[');
            path.push_str(&i.to_string());
            path.push(']');
            let inner = self.scope(item, scope.charset, asked, false);
            out.push(self.set(item, path, &inner));
            path.truncate(depth);
        }
        out
    }

    /// Remembers a value that an option keeps.
    pub fn keep(&mut self, element: &Element, charset: Charset) {
        let Value::Bytes(raw) = &element.value else { return };
        if !crate::value::is_text(element.vr) {
            return;
        }
        for part in raw.split(|b| *b == b'\\').map(trim).filter(|p| !p.is_empty()) {
            self.kept.insert(part.to_ascii_lowercase());
            if Charset::is_foreign(part)
                && let Some(text) = charset.decode(part)
            {
                self.kept_characters.insert(text.to_lowercase());
            }
            // The date of a date and time.
            if element.vr == VR::DT && part.len() > 8 {
                self.kept.insert(part[..8].to_vec());
            }
        }
    }

    /// An age that may be told.
    fn age(&mut self, element: &Element) -> Changed {
        let capped: Option<Vec<String>> =
            element.texts().iter().map(|t| dates::cap_age(t, self.age_years)).collect();
        let Some(ages) = capped else {
            return (Value::Bytes(Vec::new().into()), Applied::RemovedMalformed);
        };
        if ages == element.texts() {
            return (element.value.clone(), Applied::Kept);
        }
        (Value::Bytes(padded(&ages.join("\\"), VR::AS).into()), Applied::Capped)
    }

    /// Three digits of a patient's postal code, where the profile keeps them.
    fn postal_code(&mut self, element: &Element, scope: &Scope) -> Option<Changed> {
        self.profile.zip3.as_ref()?;
        let digits = zip3::zip3_of_address(&element.text()?)?;
        self.needles.note(element, false, scope.charset);
        Some((Value::Bytes(padded(&digits, element.vr).into()), Applied::Zip3))
    }

    fn private(
        &mut self,
        set: &DataSet,
        tag: Tag,
        element: &Element,
        path: &mut String,
        scope: &Scope,
        out: &mut DataSet,
    ) {
        let decided = match (&scope.blocks, &self.demands) {
            (Some(blocks), Some(demands)) if tag.1 != 0 => blocks.decide(set, tag, demands),
            _ => Private::Remove,
        };
        let row = self.tables.row(tag, element.vr);
        let changed = match decided {
            Private::Creator => {
                self.keep(element, scope.charset);
                Some((element.value.clone(), Applied::Kept))
            }
            Private::Clean => self.clean_private(element, path, scope),
            Private::Dummy => Some(self.carry_out(tag, element, Plan::Dummy, row, path, scope, false)),
            Private::Empty => Some(self.carry_out(tag, element, Plan::Empty, row, path, scope, false)),
            Private::Map if element.vr == VR::UI => {
                Some(self.carry_out(tag, element, Plan::Map, row, path, scope, false))
            }
            Private::Map | Private::Remove => None,
        };
        let changed = changed.unwrap_or_else(|| {
            self.needles.note(element, true, scope.charset);
            (Value::Bytes(Vec::new().into()), Applied::RemovedPrivate)
        });
        self.put(tag, element, changed, path, out);
    }

    /// Maps the UIDs of an element, keeping registered ones.
    fn map(&mut self, element: &Element) -> Vec<u8> {
        let mut mapped = Vec::new();
        for uid in element.texts() {
            mapped.push(if is_well_known(&uid) || uid.is_empty() { uid } else { self.uid(&uid) });
        }
        padded(&mapped.join("\\"), VR::UI)
    }

    pub fn map_value(&mut self, element: &Element) -> Changed {
        (Value::Bytes(self.map(element).into()), Applied::Mapped)
    }

    fn uid(&mut self, source: &str) -> String {
        let new = self.keys.uid(source);
        self.uid_map.insert(source.to_owned(), new.clone());
        new
    }

    /// The identifiers that an output must have, whether the source had them or not.
    pub fn identify(&mut self, out: &mut DataSet, source: &Instance) {
        let pseudonym = self.pseudonym.clone();
        out.put_text(tags::PATIENT_ID, VR::LO, &pseudonym);
        out.put_text(tags::PATIENT_NAME, VR::PN, &pseudonym);
        if out.text(tags::SOP_INSTANCE_UID).is_none()
            && let Some(uid) = source.meta.text(tags::MEDIA_STORAGE_SOP_INSTANCE_UID)
        {
            let stays = self.profile.has(ProfileOption::RetainUids) && crate::keys::is_uid(&uid);
            let uid = if stays { uid } else { self.uid(&uid) };
            out.put_text(tags::SOP_INSTANCE_UID, VR::UI, &uid);
        }
        let class = source.meta.text(tags::MEDIA_STORAGE_SOP_CLASS_UID).filter(|c| is_well_known(c));
        if let (None, Some(class)) = (out.text(tags::SOP_CLASS_UID), class) {
            out.put_text(tags::SOP_CLASS_UID, VR::UI, &class);
        }
        for source in self.uid_map.keys() {
            let uid = Element { vr: VR::UI, value: Value::Bytes(source.clone().into()), offset: 0 };
            self.needles.note(&uid, false, Charset::of(&[]));
        }
    }
}

/// A tag as it stands in paths, `(gggg,eeee)`: hundreds are written per file, so without the formatter.
fn push_tag(path: &mut String, tag: Tag) {
    path.push('(');
    push_number(path, tag.0);
    path.push(',');
    push_number(path, tag.1);
    path.push(')');
}

fn push_number(path: &mut String, n: u16) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for shift in [12, 8, 4, 0] {
        path.push(char::from(DIGITS[usize::from(n >> shift & 15)]));
    }
}
