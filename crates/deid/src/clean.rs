//! What the action C makes of a value: dates, texts, content, and safe private values.

use countersign_dicom::{DataSet, Element, Tag, VR, Value, tags};

use crate::engine::{Changed, Engine, Scope};
use crate::keys::is_uid;
use crate::structured;
use crate::table::Row;
use crate::text::{Text, clean};
use crate::value::{dummy, is_text, is_well_formed, padded, padded_bytes};
use crate::{Applied, DatesPolicy, ProfileOption, dates};

/// Largest binary value of a safe private attribute, bytes: what is larger is a structure, not a value.
const MAX_PRIVATE_BINARY: usize = 64;
/// Fewest letters in a row that make a binary value a text.
const MIN_WORD: usize = 4;

impl Engine<'_> {
    /// A public element under the action C; `None` where it cannot be cleaned with certainty.
    pub(crate) fn clean(
        &mut self,
        tag: Tag,
        element: &Element,
        row: Row,
        path: &mut String,
        scope: &Scope,
    ) -> Option<Changed> {
        match &element.value {
            Value::Items(items) => match tag {
                tags::CONTENT_SEQUENCE | tags::ACQUISITION_CONTEXT_SEQUENCE => {
                    self.content(items, path, scope)
                }
                tags::GRAPHIC_ANNOTATION_SEQUENCE => self.graphics(items, path, scope),
                // Their items are free text as much as codes.
                tags::SPECIMEN_PREPARATION_SEQUENCE | tags::WAVEFORM_ANNOTATION_SEQUENCE => None,
                // Its words are decided one by one, by their own rows.
                _ => Some((Value::Items(self.items(items, path, scope, true)), Applied::Kept)),
            },
            Value::Bytes(_) if tag.0 & 0xFF00 == 0x6000 => self.overlay(tag, element),
            Value::Bytes(_) if row.is_date() => self.clean_date(tag, element, scope),
            Value::Bytes(_) if matches!(element.vr, VR::CS | VR::DS | VR::IS) => {
                self.keep(element, scope.charset);
                Some((element.value.clone(), Applied::Kept))
            }
            Value::Bytes(_) if is_text(element.vr) && !matches!(element.vr, VR::UI | VR::PN | VR::UR) => {
                self.clean_text(element, scope)
            }
            _ => None,
        }
    }

    /// A content tree, without what is not on the list of concepts.
    fn content(&mut self, items: &[DataSet], path: &mut String, scope: &Scope) -> Option<Changed> {
        let known = self.known.as_ref()?;
        let needles = &mut self.needles;
        let charset = scope.charset;
        let kept = structured::filter(items, known, &mut |item| {
            let value = Value::Items(vec![item.clone()]);
            needles.note(&Element { vr: VR::SQ, value, offset: 0 }, false, charset);
        });
        self.report.structured_content_cleaned = true;
        let kept = self.items(&kept, path, scope, true);
        Some((Value::Items(kept), Applied::ContentCleaned))
    }

    /// Annotations on an image: lines and points stay, texts go.
    fn graphics(&mut self, items: &[DataSet], path: &mut String, scope: &Scope) -> Option<Changed> {
        let mut kept = items.to_vec();
        for item in &mut kept {
            for texts in [tags::TEXT_OBJECT_SEQUENCE, tags::COMPOUND_GRAPHIC_SEQUENCE] {
                if let Some(element) = item.remove(texts) {
                    self.needles.note(&element, false, scope.charset);
                }
            }
        }
        Some((Value::Items(self.items(&kept, path, scope, true)), Applied::ContentCleaned))
    }

    /// An attribute of an overlay: a plane that marks a region of interest stays with what is needed to read
    /// it; one that draws may have drawn letters.
    fn overlay(&mut self, tag: Tag, element: &Element) -> Option<Changed> {
        let region = self.regions.contains(&tag.0);
        let kept = region && !matches!(element.vr, VR::LO | VR::SH | VR::LT | VR::ST | VR::UT);
        kept.then(|| (element.value.clone(), Applied::Kept))
    }

    /// A date or time under Modified Dates. A part that is partial or malformed becomes a dummy.
    fn clean_date(&mut self, tag: Tag, element: &Element, scope: &Scope) -> Option<Changed> {
        let parts = element.texts();
        if tag == tags::TIMEZONE_OFFSET_FROM_UTC {
            let stays = self.weeks.is_some() && parts.iter().all(|t| dates::is_zone(t));
            return stays.then(|| (element.value.clone(), Applied::Kept));
        }
        let vr = element.vr;
        let year_only = self.profile.dates == DatesPolicy::YearOnly;
        let weeks = self.weeks.unwrap_or_default();
        let changed: Vec<Option<String>> = parts
            .iter()
            .map(|t| match (vr, year_only) {
                _ if t.is_empty() => Some(String::new()),
                (VR::DA, true) => dates::year_of_date(t),
                (VR::DT, true) => dates::year_of_date_time(t),
                (VR::DA, false) => dates::shift_date(t, weeks),
                (VR::DT, false) => dates::shift_date_time(t, weeks),
                (VR::TM, false) => dates::is_time(t).then(|| t.clone()),
                _ => None,
            })
            .collect();
        if !matches!(vr, VR::DA | VR::DT | VR::TM) {
            return None;
        }
        if vr == VR::TM && !year_only && changed.iter().all(Option::is_some) {
            return Some((element.value.clone(), Applied::Kept));
        }
        self.needles.note(element, false, scope.charset);
        let whole = changed.iter().all(Option::is_some);
        let stand_in = String::from_utf8_lossy(&dummy(vr)).trim().to_owned();
        let texts: Vec<String> = changed.into_iter().map(|t| t.unwrap_or_else(|| stand_in.clone())).collect();
        let applied = match (whole, year_only) {
            (false, _) => Applied::Replaced,
            (true, true) => Applied::YearOnly,
            (true, false) => Applied::Shifted,
        };
        let applied = if texts.is_empty() { Applied::Kept } else { applied };
        Some((Value::Bytes(padded(&texts.join("\\"), vr).into()), applied))
    }

    /// A text without what identifies.
    fn clean_text(&mut self, element: &Element, scope: &Scope) -> Option<Changed> {
        let known = self.known.as_ref()?;
        let raw = element.bytes()?;
        let text = scope.charset.decode(raw)?;
        let single = matches!(element.vr, VR::ST | VR::LT | VR::UT);
        let parts: Vec<&str> = if single { vec![&text] } else { text.split('\\').collect() };
        let mut same = true;
        let mut rest = Vec::with_capacity(parts.len());
        for part in parts {
            let part = part.trim_matches([' ', '\0']);
            match clean(part, known) {
                Text::Same => rest.push(part.to_owned()),
                Text::Changed(cleaned) => {
                    same = false;
                    rest.push(cleaned);
                }
                Text::Unsure => return None,
            }
        }
        if same {
            self.keep(element, scope.charset);
            return Some((element.value.clone(), Applied::Kept));
        }
        let raw = padded_bytes(scope.charset.encode(&rest.join("\\"))?, element.vr);
        self.needles.note(element, true, scope.charset);
        let value = Value::Bytes(raw.into());
        self.keep(&Element { vr: element.vr, value: value.clone(), offset: 0 }, scope.charset);
        Some((value, Applied::TextCleaned))
    }

    /// A value that E.3.10-1 calls safe, cleaned all the same; `None` where that cannot be done.
    pub(crate) fn clean_private(
        &mut self,
        element: &Element,
        path: &mut String,
        scope: &Scope,
    ) -> Option<Changed> {
        let full = self.profile.has(ProfileOption::RetainFullDates);
        let modified = self.profile.has(ProfileOption::RetainModifiedDates);
        let raw = match &element.value {
            Value::Items(items) => {
                return Some((Value::Items(self.items(items, path, scope, true)), Applied::Kept));
            }
            Value::Bytes(raw) if is_well_formed(element) => raw,
            _ => return None,
        };
        let kept = Some((element.value.clone(), Applied::Kept));
        match element.vr {
            VR::UI if !element.texts().iter().all(|t| t.is_empty() || is_uid(t)) => None,
            VR::UI if self.profile.has(ProfileOption::RetainUids) => {
                self.keep(element, scope.charset);
                kept
            }
            VR::UI => Some(self.map_value(element)),
            VR::DA | VR::DT | VR::TM if modified => self.clean_date(Tag(0, 0), element, scope),
            VR::DA | VR::DT | VR::TM if full => {
                self.keep(element, scope.charset);
                kept
            }
            VR::LO | VR::SH | VR::ST | VR::LT | VR::UT | VR::UC => self.clean_text(element, scope),
            VR::CS | VR::DS | VR::IS => {
                self.keep(element, scope.charset);
                kept
            }
            VR::US | VR::SS | VR::UL | VR::SL | VR::FL | VR::FD | VR::SV | VR::UV | VR::AT => kept,
            VR::OB | VR::OW | VR::OF | VR::OD | VR::OL | VR::OV | VR::UN => {
                let telling = raw.len() > MAX_PRIVATE_BINARY || has_words(raw);
                if telling { None } else { kept }
            }
            _ => None,
        }
    }
}

/// Whether a binary value spells something.
fn has_words(raw: &[u8]) -> bool {
    raw.split(|b| !b.is_ascii_alphabetic() && *b != 0)
        .any(|run| run.iter().filter(|b| **b != 0).count() >= MIN_WORD)
}
