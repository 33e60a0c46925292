//! Protocol documents as people write them: reading them with every fault at its line, and what changed between two.

mod changes;
mod positions;

use countersign_model::{Protocol, StageKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use changes::{ProtocolChange, ProtocolChangeKind, protocol_changes};
pub use positions::{Position, Positions, positions};

use crate::protocols::PROTOCOL_BYTES_MAX;

/// Most faults that one answer tells.
pub const FAULTS_MAX: usize = 50;

/// Something in a document that keeps it from being worked under, or that its author should know of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fault {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Path inside the document, such as `stages[2].role`; empty where the text is not YAML at all.
    pub path: String,
    /// Stable code.
    pub code: String,
    /// What is wrong there.
    pub message: String,
}

impl Fault {
    /// A fault at a position.
    pub fn at(position: Position, path: &str, code: &str, message: String) -> Self {
        let Position { line, column } = position;
        Self { line, column, path: path.to_owned(), code: code.to_owned(), message }
    }
}

/// What was read of a document.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The protocol, where the document has the shape of one.
    pub protocol: Option<Protocol>,
    /// Where its values stand.
    pub positions: Positions,
    /// What is wrong, by line. Empty: it can be worked under.
    pub faults: Vec<Fault>,
}

impl Reading {
    fn broken(faults: Vec<Fault>) -> Self {
        Self { protocol: None, positions: Positions::default(), faults }
    }

    /// Adds what somebody who knows more than the document found wrong with it.
    pub fn fault(&mut self, path: &str, code: &str, message: impl Into<String>) {
        self.faults.push(Fault::at(self.positions.of(path), path, code, message.into()));
        self.faults.sort_by_key(|fault| (fault.line, fault.column));
        self.faults.truncate(FAULTS_MAX);
    }
}

/// Reads a document and finds everything that is wrong with it, each fault at its line.
pub fn read_document(text: &str) -> Reading {
    if text.len() > PROTOCOL_BYTES_MAX {
        let message = format!("has {} bytes, at most {PROTOCOL_BYTES_MAX} are read", text.len());
        return Reading::broken(vec![Fault::at(Position { line: 1, column: 1 }, "", "too_large", message)]);
    }
    let positions = match positions(text) {
        Ok(positions) => positions,
        Err(mut faults) => {
            faults.truncate(FAULTS_MAX);
            return Reading::broken(faults);
        }
    };
    let value: Value = match serde_yaml_ng::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            let at = error.location().map_or(Position { line: 1, column: 1 }, |at| Position {
                line: number(at.line()),
                column: number(at.column()),
            });
            return Reading::broken(vec![Fault::at(at, "", "bad_yaml", error.to_string())]);
        }
    };
    let mut reading = Reading { protocol: None, positions, faults: Vec::new() };
    match shaped(value, &mut reading) {
        Some(protocol) => {
            for problem in protocol.problems() {
                reading.fault(&problem.place, problem.code, problem.message);
            }
            reading.protocol = Some(protocol);
        }
        None if reading.faults.is_empty() => reading.fault("", "bad_value", "is no protocol"),
        None => {}
    }
    reading
}

/// Reads a document that is to be put into force: beside all that [`read_document`] finds, what versions that are in force may
/// still say and new ones may not. A meaning says what a signature says, and only stages that sign take its components.
pub fn read_new_document(text: &str) -> Reading {
    let mut reading = read_document(text);
    let stages = reading.protocol.iter().flat_map(|protocol| protocol.stages.iter().enumerate());
    let unsigned = stages.filter(|(_, stage)| stage.meaning.is_some() && stage.kind != StageKind::Sign);
    let places: Vec<String> = unsigned.map(|(index, _)| format!("stages[{index}].meaning")).collect();
    for place in places {
        reading.fault(&place, "meaning_without_signature", "a meaning belongs to a stage of kind sign");
    }
    reading
}

/// The protocol in a value. Keys that nobody knows are told one by one and left out; what is of another shape ends it.
fn shaped(mut value: Value, reading: &mut Reading) -> Option<Protocol> {
    for _ in 0..FAULTS_MAX {
        let error = match serde_path_to_error::deserialize::<_, Protocol>(value.clone()) {
            Ok(protocol) => return Some(protocol),
            Err(error) => error,
        };
        let path = error.path().to_string();
        let message = error.inner().to_string();
        let unknown = message.starts_with("unknown field");
        let code = match message.as_str() {
            text if unknown && text.starts_with("unknown field") => "unknown_field",
            text if text.starts_with("missing field") => "missing_field",
            text if text.starts_with("unknown variant") => "unknown_word",
            text if text.starts_with("qualification") => "bad_qualification",
            _ if path == "rework_cap" => "cycle_without_cap",
            _ => "bad_value",
        };
        reading.fault(path.trim_matches('.'), code, message);
        if !unknown || !remove(&mut value, &path) {
            return None;
        }
    }
    None
}

/// Takes out what stands at a path such as `stages[0].rolle`; `false` when nothing does.
fn remove(value: &mut Value, path: &str) -> bool {
    let (parent, key) = path.rsplit_once('.').unwrap_or(("", path));
    let pointer: String = parent
        .split(['.', '['])
        .filter(|part| !part.is_empty())
        .map(|part| format!("/{}", part.trim_end_matches(']').replace('~', "~0").replace('/', "~1")))
        .collect();
    value
        .pointer_mut(&pointer)
        .and_then(Value::as_object_mut)
        .is_some_and(|object| object.remove(key).is_some())
}

/// A protocol as a YAML document, for one whose author's own text is not kept.
///
/// # Errors
/// When it cannot be written, which no valid protocol is known to cause.
pub fn write_document(protocol: &Protocol) -> Result<String, String> {
    let value = serde_json::to_value(protocol).map_err(|error| error.to_string())?;
    serde_yaml_ng::to_string(&value).map_err(|error| error.to_string())
}

/// The author's text with another `deid` section and version, as `protocol` has them; everything else, comments too, stays.
/// `None` where the text is written in a way that this cannot follow.
pub fn with_deid(text: &str, protocol: &Protocol) -> Option<String> {
    let mut out: Vec<String> = Vec::new();
    let (mut inside, mut place) = (false, None);
    for line in text.lines() {
        let outermost = line.chars().next().is_some_and(|first| !first.is_whitespace());
        inside = line.starts_with("deid:") || inside && !outermost;
        if inside {
            place.get_or_insert(out.len());
        } else if line.starts_with("version:") {
            out.push(format!("version: {}", protocol.version));
        } else {
            out.push(line.to_owned());
        }
    }
    if !protocol.deid.is_default() {
        let section = serde_yaml_ng::to_string(&protocol.deid).ok()?;
        let lines = section.lines().map(|line| format!("  {line}"));
        let place = place.unwrap_or(out.len());
        out.splice(place..place, std::iter::once("deid:".to_owned()).chain(lines));
    }
    let mut written = out.join("\n");
    written.push('\n');
    (read_document(&written).protocol.as_ref() == Some(protocol)).then_some(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{parse_protocol, shipped};

    fn images() -> &'static str {
        shipped().iter().find(|(id, _)| *id == "images").unwrap().1
    }

    fn double() -> &'static str {
        shipped().iter().find(|(id, _)| *id == "radiology_double").unwrap().1
    }

    /// Line of a text that occurs once, from 1.
    fn line(document: &str, text: &str) -> u32 {
        assert_eq!(document.matches(text).count(), 1, "{text}");
        let before = &document[..document.find(text).unwrap()];
        u32::try_from(before.matches('\n').count()).unwrap() + 1
    }

    #[test]
    fn all_that_ship_read_alike_and_without_a_fault() {
        for (name, document) in shipped() {
            let reading = read_document(document);
            assert_eq!(reading.faults, [], "{name}");
            let protocol = reading.protocol.unwrap();
            assert_eq!(protocol, parse_protocol(document).unwrap());
            let written = write_document(&protocol).unwrap();
            assert_eq!(read_document(&written).protocol, Some(protocol), "{name}");
        }
    }

    #[test]
    fn each_fault_is_told_at_its_line() {
        let cases = [
            ("readers: 2", "readers: 40", "impossible_quorum", "stages[1].readers"),
            ("readers: 2", "readers: 1", "unreachable_stage", "stages[2].kind"),
            (
                "escalate_to: specialist",
                "escalate_to: reviewer",
                "cycle_without_cap",
                "stages[3].escalate_to",
            ),
            ("rework_cap: 3", "rework_cap: .inf", "cycle_without_cap", "rework_cap"),
            ("rework_cap: 3", "rework_cap: 4000", "cycle_without_cap", "rework_cap"),
            ("merge: staple", "merge: stapel", "unknown_word", "stages[2].merge"),
            ("escalate_hours: 72", "escalate_huors: 72", "unknown_field", "stages[3].escalate_huors"),
            (
                "escalate_hours: 72",
                "qualification: a & !a",
                "impossible_qualification",
                "stages[3].qualification",
            ),
            ("escalate_hours: 72", "qualification: a &", "bad_qualification", "stages[3].qualification"),
            ("escalate_hours: 72", "escalate_to: owner", "duplicate_key", "stages[3].escalate_to"),
            ("item_kind: study", "item_kind: 7", "bad_value", "item_kind"),
        ];
        for (from, to, code, path) in cases {
            let document = double().replacen(from, to, 1);
            let reading = read_document(&document);
            let fault = reading.faults.iter().find(|fault| fault.path == path);
            let fault = fault.unwrap_or_else(|| panic!("{to}: {:?}", reading.faults));
            assert_eq!(fault.code, code, "{to}: {}", fault.message);
            let at =
                if path == "stages[2].kind" { line(&document, "kind: compare") } else { line(&document, to) };
            assert_eq!(fault.line, at, "{to}: {fault:?}");
        }
    }

    #[test]
    fn a_meaning_belongs_to_a_stage_that_signs() {
        for (name, document) in shipped() {
            assert_eq!(read_new_document(document).faults, [], "{name}");
        }
        let document = double().replacen("escalate_hours: 72", "meaning: adjudicated", 1);
        assert_eq!(read_document(&document).faults, [], "what is in force reads as before");
        let faults = read_new_document(&document).faults;
        let told: Vec<_> = faults.iter().map(|f| (f.code.as_str(), f.path.as_str(), f.line)).collect();
        let at = line(&document, "meaning: adjudicated");
        assert_eq!(told, [("meaning_without_signature", "stages[3].meaning", at)]);
    }

    #[test]
    fn what_is_missing_is_told_where_it_is_missed() {
        let document = images().replacen("    role: annotator\n", "", 1);
        let fault = read_document(&document).faults.remove(0);
        assert_eq!((fault.path.as_str(), fault.line), ("stages[0].role", line(&document, "- id: read")));
        let document = images().replacen("title: Plain images\n", "", 1);
        let fault = read_document(&document).faults.remove(0);
        assert_eq!((fault.code.as_str(), fault.line), ("missing_field", 1));
    }

    #[test]
    fn other_rules_of_de_identification_leave_the_authors_text_alone() {
        for (name, document) in shipped() {
            let mut protocol = parse_protocol(document).unwrap();
            let before = protocol.deid.clone();
            protocol.version = 2;
            protocol.deid.two_person_waiver = !before.two_person_waiver;
            let changed = with_deid(document, &protocol).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(read_document(&changed).protocol.as_ref(), Some(&protocol));
            assert_eq!(changed.lines().next(), document.lines().next(), "{name}: the comment on top");
            protocol.deid = before;
            protocol.version = 1;
            let back = with_deid(&changed, &protocol).unwrap();
            assert_eq!(read_document(&back).protocol, Some(protocol), "{name}");
        }
        let flow = "{ id: a, version: 1 }";
        assert_eq!(with_deid(flow, &parse_protocol(shipped()[0].1).unwrap()), None);
    }

    #[test]
    fn several_faults_are_told_at_once_by_line() {
        let document = double().replacen("readers: 2", "readers: 40\n    reders: 2", 1).replacen(
            "merge: staple",
            "merg: staple",
            1,
        );
        let codes: Vec<_> = read_document(&document).faults.into_iter().map(|fault| fault.code).collect();
        assert_eq!(codes, ["impossible_quorum", "unknown_field", "unknown_field"]);
    }

    #[test]
    fn a_key_that_is_longer_than_any_path_is_refused() {
        let long = format!("{{ {}: [1, 1, 1] }}", "k".repeat(10_000));
        let faults = read_document(&long).faults;
        assert_eq!(faults[0].code, "bad_yaml");
        assert!(faults[0].message.contains("too long"), "{faults:?}");
    }

    #[test]
    fn what_is_no_yaml_names_its_line() {
        for (broken, at) in [("a: [1,\n2\nb: }", 3), ("a: 1\n\tb: 2", 2), ("\"open", 1)] {
            let reading = read_document(broken);
            assert!(reading.protocol.is_none());
            assert_eq!(reading.faults[0].code, "bad_yaml", "{:?}", reading.faults);
            assert!(reading.faults[0].line.abs_diff(at) <= 1, "{broken:?}: {:?}", reading.faults);
        }
        assert_eq!(read_document(&"#".repeat(PROTOCOL_BYTES_MAX + 1)).faults[0].code, "too_large");
        assert_eq!(read_document(&"[".repeat(1_000)).faults[0].code, "bad_yaml");
        for text in ["", "- a", "7", "&a [*a]", "a: &a [1]\nb: *a\n? [x]\n: 1"] {
            assert!(!read_document(text).faults.is_empty(), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_told_what_is_wrong(text in "[a-z:\\-\\[\\]{}&*!|>'\"#? \n\t0-9]{0,200}") {
            let reading = read_document(&text);
            proptest::prop_assert!(!reading.faults.is_empty());
            proptest::prop_assert!(reading.faults.iter().all(|fault| fault.line >= 1 && fault.column >= 1));
        }

        #[test]
        fn a_cut_document_never_panics(at in 0_usize..4_000, junk in "[:\\-\\[{&*\n ]{0,4}") {
            let document = double();
            let mut at = at.min(document.len());
            while !document.is_char_boundary(at) { at -= 1; }
            let _ = read_document(&format!("{}{junk}{}", &document[..at], &document[at..]));
        }
    }
}
