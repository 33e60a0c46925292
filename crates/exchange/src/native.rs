//! Our own form: JSON lines that lose nothing.
//!
//! For each item one `item` line, followed by one `annotation` line for each of its annotations in ascending order of
//! id. Every line is [canonical JSON](countersign_workflow::canonical_json), so the same release has the same bytes.
//! A reader can recompute an item's `content_hash` from its annotation lines alone.

use std::io::{BufRead, Write};

use countersign_model::{Annotation, AnnotationId, Author, ItemId, ReadId, StageKind};
use countersign_workflow::{Delta, canonical_json, content_hash, suggestions::PlantKind};
use serde::{Deserialize, Serialize};

use crate::ExchangeError;

/// Longest line that is read, in bytes (a polygon of the most points allowed has about 800 kB).
pub const LINE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// The line that begins an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemLine {
    /// The item.
    pub item_id: ItemId,
    /// The accepted read.
    pub read_id: ReadId,
    /// Hash that was reviewed and signed.
    pub content_hash: String,
    /// Protocol that it was done under.
    pub protocol_id: String,
    /// Its version.
    pub protocol_version: u32,
    /// How many annotation lines follow.
    pub annotations: u64,
}

/// The line that begins one of the reads that an accepted read came of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadLine {
    /// The item.
    pub item_id: ItemId,
    /// The read.
    pub read_id: ReadId,
    /// Stage of the protocol, from 0.
    pub stage: u32,
    /// What the stage does.
    pub kind: StageKind,
    /// A person, a model, or the rule that merged it.
    pub author: Author,
    /// When it was locked.
    pub submitted_at: String,
    /// Hash that it was locked under.
    pub content_hash: String,
    /// Why reads differed, where this one decided between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the model that drafted it is, where it is a draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelIdentity>,
    /// The draft that was shown to its author before it was locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_shown: Option<DraftShown>,
    /// How many annotation lines follow.
    pub annotations: u64,
}

/// Which model it was, beyond its name and version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelIdentity {
    /// SHA-256, hexadecimal.
    pub hash: String,
    /// What the hash is over: `file` (the bytes of the model) or `declaration` (its name, version and settings).
    pub hash_of: String,
}

/// That a draft was shown to who made a read, as the server recorded it then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftShown {
    /// The draft.
    pub read_id: ReadId,
    /// `always`, `on_request` or `after_own_read`: by which visibility.
    pub how: String,
    /// When.
    pub at: String,
}

/// How one label of a read came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineageLine {
    /// The label, through all its versions.
    pub annotation_id: AnnotationId,
    /// Its version in the read; absent where the read does not have it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Who made this version: a person, a model, or the rule that merged it. Of a deleted label: who made what was deleted.
    pub made_by: Author,
    /// The model whose draft has the label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<LabelModel>,
    /// How sure the model was, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// In what way the server made this label wrong, to see whether people follow it: it is as the model drew it in nothing but its
    /// author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planted: Option<PlantKind>,
    /// The draft was shown to the author of the read before it was locked.
    pub shown: bool,
    /// What the read did to the draft's label; absent where it had nothing to do with a draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<Delta>,
    /// Overlap with the draft's mark, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<f64>,
}

/// The model behind a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelModel {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it is, where that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<ModelIdentity>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    /// An item begins.
    Item(ItemLine),
    /// One of the reads of an item begins.
    Read(ReadLine),
    /// An annotation of the item that began last.
    Annotation(Annotation),
    /// How a label of the read that began last came about.
    Lineage(LineageLine),
}

/// Writes one item and its annotations. `content_hash` and count are made from the annotations given; how many.
///
/// # Errors
/// [`ExchangeError::Invalid`] when the annotations are not those of `expected_hash`, [`ExchangeError::Io`].
pub fn write_item(
    out: &mut impl Write,
    item_id: ItemId,
    read_id: ReadId,
    protocol: (&str, u32),
    annotations: &[Annotation],
    expected_hash: &str,
) -> Result<u64, ExchangeError> {
    if content_hash(annotations) != expected_hash {
        let message = "its annotations are not those that were accepted";
        return Err(ExchangeError::invalid(format!("item {item_id}"), message));
    }
    let head = ItemLine {
        item_id,
        read_id,
        content_hash: expected_hash.to_owned(),
        protocol_id: protocol.0.to_owned(),
        protocol_version: protocol.1,
        annotations: annotations.len() as u64,
    };
    write_line(out, &Line::Item(head))?;
    write_annotations(out, annotations)
}

/// Writes one of the reads that an accepted read came of, and its annotations; how many. The count is made from them.
///
/// # Errors
/// [`ExchangeError::Invalid`] when the annotations are not those that the read was locked with, [`ExchangeError::Io`].
pub fn write_read(
    out: &mut impl Write,
    head: ReadLine,
    annotations: &[Annotation],
) -> Result<u64, ExchangeError> {
    if content_hash(annotations) != head.content_hash {
        let message = "its annotations are not those that it was locked with";
        return Err(ExchangeError::invalid(format!("read {}", head.read_id), message));
    }
    write_line(out, &Line::Read(ReadLine { annotations: annotations.len() as u64, ..head }))?;
    write_annotations(out, annotations)
}

/// Writes how each label of a read came about, behind its annotations.
///
/// # Errors
/// [`ExchangeError::Io`].
pub fn write_lineage(out: &mut impl Write, lines: Vec<LineageLine>) -> Result<(), ExchangeError> {
    lines.into_iter().try_for_each(|line| write_line(out, &Line::Lineage(line)))
}

fn write_annotations(out: &mut impl Write, annotations: &[Annotation]) -> Result<u64, ExchangeError> {
    let mut order: Vec<&Annotation> = annotations.iter().collect();
    order.sort_by_key(|annotation| (annotation.id, annotation.version));
    for annotation in order {
        write_line(out, &Line::Annotation(annotation.clone()))?;
    }
    Ok(annotations.len() as u64)
}

fn write_line(out: &mut impl Write, line: &Line) -> Result<(), ExchangeError> {
    let value = serde_json::to_value(line).map_err(|source| ExchangeError::json("writing", source))?;
    Ok(writeln!(out, "{}", canonical_json(&value))?)
}

/// One item as it was read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its head.
    pub head: ItemLine,
    /// Its annotations, in the order of the file.
    pub annotations: Vec<Annotation>,
}

/// Reads items one by one and checks count and content hash of each.
pub struct Reader<R: BufRead> {
    input: R,
    line: u64,
}

impl<R: BufRead> Reader<R> {
    /// Reads from the start of a file.
    pub const fn new(input: R) -> Self {
        Self { input, line: 0 }
    }

    /// The next item, or `None` at the end.
    ///
    /// # Errors
    /// [`ExchangeError`] naming the line that is wrong.
    pub fn next_item(&mut self) -> Result<Option<Item>, ExchangeError> {
        let Some(line) = self.next_line()? else { return Ok(None) };
        let Line::Item(head) = line else {
            return Err(ExchangeError::invalid(format!("line {}", self.line), "belongs to no item"));
        };
        let start = self.line;
        let mut annotations = Vec::new();
        for _ in 0..head.annotations {
            match self.next_line()? {
                Some(Line::Annotation(annotation)) => annotations.push(annotation),
                Some(Line::Item(_) | Line::Read(_) | Line::Lineage(_)) | None => {
                    let message =
                        format!("{} annotations announced, {} follow", head.annotations, annotations.len());
                    return Err(ExchangeError::invalid(format!("line {start}"), message));
                }
            }
        }
        if content_hash(&annotations) != head.content_hash {
            let message = "the annotations that follow do not have this content hash";
            return Err(ExchangeError::invalid(format!("line {start}"), message));
        }
        Ok(Some(Item { head, annotations }))
    }

    fn next_line(&mut self) -> Result<Option<Line>, ExchangeError> {
        let mut bytes = Vec::new();
        let read = std::io::Read::take(&mut self.input, LINE_BYTES_MAX + 1).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        let place = format!("line {}", self.line);
        if bytes.len() as u64 > LINE_BYTES_MAX {
            return Err(ExchangeError::TooLong { place, limit: LINE_BYTES_MAX });
        }
        serde_json::from_slice(&bytes).map(Some).map_err(|source| ExchangeError::json(place, source))
    }
}
