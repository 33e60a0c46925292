//! Elements and what is asked of them, written down together.

use super::{
    file::{Content, Set, Tag, padded},
    key::{Action, Category, Check, Region},
};

/// One data set, or an item within it, with the checks on it.
pub struct Sheet {
    set: Set,
    checks: Vec<Check>,
    path: String,
    latin1: bool,
}

impl Sheet {
    /// An empty data set whose text is Latin-1 or UTF-8.
    pub fn new(latin1: bool) -> Self {
        Self { set: Set::default(), checks: Vec::new(), path: String::new(), latin1 }
    }

    /// What was written down.
    pub fn finish(self) -> (Set, Vec<Check>) {
        (self.set, self.checks)
    }

    /// Bytes without a check.
    pub fn bytes(&mut self, tag: Tag, vr: &'static str, bytes: Vec<u8>) {
        self.set.0.insert(tag, (vr, Content::Bytes(padded(vr, bytes))));
    }

    /// Text without a check.
    pub fn text(&mut self, tag: Tag, vr: &'static str, text: &str) {
        let bytes = if self.latin1 {
            text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
        } else {
            text.as_bytes().to_vec()
        };
        self.bytes(tag, vr, bytes);
    }

    fn path_of(&self, tag: Tag) -> String {
        format!("{}{:04X}{:04X}", self.path, tag.0, tag.1)
    }

    /// Asks something of an attribute.
    pub fn ask(&mut self, action: Action, tag: Tag, value: &str, category: Category) {
        let path = self.path_of(tag);
        self.ask_at(action, path, value, category);
    }

    fn ask_at(&mut self, action: Action, path: String, value: &str, category: Category) {
        self.checks.push(Check { action, path, value: value.to_owned(), category, region: None });
    }

    /// Text that must stay.
    pub fn keep(&mut self, tag: Tag, vr: &'static str, text: &str, category: Category) {
        self.text(tag, vr, text);
        self.ask(Action::TagRetained, tag, "", category);
        self.ask(Action::TextRetained, tag, text, category);
    }

    /// Image Type. Its first value says where the pixels come from: with text painted over they are derived from others
    /// (PS3.3 C.7.6.1.1.2), and whoever leaves ORIGINAL there says what is not true. The other values must stay.
    pub fn image_type(&mut self, origin: &str, others: &str, text_in_pixels: bool) {
        const IMAGE_TYPE: Tag = (0x0008, 0x0008);
        self.text(IMAGE_TYPE, "CS", &format!("{origin}\\{others}"));
        let expected = if text_in_pixels { "DERIVED" } else { origin };
        self.ask(Action::TagRetained, IMAGE_TYPE, "", Category::Dicom);
        self.ask(Action::TextRetained, IMAGE_TYPE, &format!("{expected}\\{others}"), Category::Dicom);
    }

    /// Text that must go.
    pub fn gone(&mut self, tag: Tag, vr: &'static str, text: &str) {
        self.text(tag, vr, text);
        self.ask(Action::TextRemoved, tag, text, Category::Hipaa);
    }

    /// Text of which some words must go and others stay.
    pub fn mixed(&mut self, tag: Tag, vr: &'static str, text: &str, gone: &[&str], stay: &str) {
        self.text(tag, vr, text);
        for words in gone {
            self.ask(Action::TextRemoved, tag, words, Category::Hipaa);
        }
        if !stay.is_empty() {
            self.ask(Action::TextRetained, tag, stay, Category::Practice);
        }
    }

    /// A date of something that happened to the patient.
    pub fn date(&mut self, tag: Tag, vr: &'static str, text: &str) {
        self.text(tag, vr, text);
        self.ask(Action::DateShifted, tag, text, Category::Hipaa);
    }

    /// A UID of a thing.
    pub fn uid(&mut self, tag: Tag, uid: &str) {
        self.text(tag, "UI", uid);
        self.ask(Action::UidChanged, tag, uid, Category::Hipaa);
        self.ask(Action::UidConsistent, tag, uid, Category::Dicom);
    }

    /// A number that must stay.
    pub fn short(&mut self, tag: Tag, value: u16) {
        self.bytes(tag, "US", value.to_le_bytes().to_vec());
        self.ask(Action::TextRetained, tag, &value.to_string(), Category::Dicom);
    }

    /// A floating point number that must stay.
    pub fn double(&mut self, tag: Tag, value: f64) {
        self.bytes(tag, "FD", value.to_le_bytes().to_vec());
        self.ask(Action::TextRetained, tag, &value.to_string(), Category::Dicom);
    }

    /// Adds an item to a sequence.
    pub fn item(&mut self, tag: Tag, fill: impl FnOnce(&mut Self)) {
        let known = match self.set.0.get(&tag) {
            Some((_, Content::Items(items))) => items.len(),
            _ => 0,
        };
        let path = format!("{}[{known}].", self.path_of(tag));
        let mut inner = Self { set: Set::default(), checks: Vec::new(), path, latin1: self.latin1 };
        fill(&mut inner);
        let (set, checks) = inner.finish();
        self.checks.extend(checks);
        let entry = self.set.0.entry(tag).or_insert(("SQ", Content::Items(Vec::new())));
        if let Content::Items(items) = &mut entry.1 {
            items.push(set);
        }
    }

    /// A private element; its creator takes block 0x10 of the group.
    pub fn private(&mut self, group: u16, creator: &'static str, element: u8, vr: &'static str, text: &str) {
        self.text((group, 0x0010), "LO", creator);
        self.text((group, 0x1000 | u16::from(element)), vr, text);
    }

    /// Asks something of a private element.
    pub fn ask_private(
        &mut self,
        action: Action,
        (group, creator, element): (u16, &str, u8),
        value: &str,
        category: Category,
    ) {
        let path = format!("{}{group:04X}\"{creator}\"{element:02X}", self.path);
        self.ask_at(action, path, value, category);
    }

    /// Text in the pixels that must not be seen any more.
    pub fn hidden(&mut self, text: &str, region: Region) {
        let path = "7FE00010".to_owned();
        let (action, category) = (Action::PixelsHidden, Category::Hipaa);
        self.checks.push(Check { action, path, value: text.to_owned(), category, region: Some(region) });
    }
}
