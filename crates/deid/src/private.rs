//! Retain Safe Private: which private elements may stay (PS3.15 E.3.10), whatever block they sit in.

use std::collections::HashMap;

use countersign_dicom::{DataSet, Tag, Value};

use crate::table::is_safe_private;
use crate::value::text_of;

/// Elements of a group in which creators reserve blocks (PS3.5 7.8.1).
const CREATORS: std::ops::RangeInclusive<u16> = 0x10..=0xFF;

const CHARACTERISTICS: Tag = Tag(0x0008, 0x0300);
const GROUP_REFERENCE: Tag = Tag(0x0008, 0x0301);
const CREATOR_REFERENCE: Tag = Tag(0x0008, 0x0302);
const ACTION_SEQUENCE: Tag = Tag(0x0008, 0x0305);
const IDENTIFYING_ELEMENTS: Tag = Tag(0x0008, 0x0306);
const ACTION: Tag = Tag(0x0008, 0x0307);

/// What becomes of a private element under the option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Private {
    /// Safe: kept, its value cleaned.
    Clean,
    /// The file itself asks for a dummy, an empty value, or a new UID (Deidentification Action).
    Dummy,
    Empty,
    Map,
    /// The creator of a block in which something stays.
    Creator,
    Remove,
}

/// The actions that a file demands for its own private elements (0008,0307), by creator, group and element
/// within the block. They can only take away: a file cannot vouch for itself.
pub(crate) struct Demands(HashMap<(String, u16, u8), Private>);

impl Demands {
    pub fn of(data: &DataSet) -> Self {
        let mut demands = HashMap::new();
        for block in data.items(CHARACTERISTICS) {
            let (Some(group), Some(creator)) = (block.u32(GROUP_REFERENCE), block.text(CREATOR_REFERENCE))
            else {
                continue;
            };
            for item in block.items(ACTION_SEQUENCE) {
                let action = match item.text(ACTION).as_deref() {
                    Some("D") => Private::Dummy,
                    Some("Z") => Private::Empty,
                    Some("U") => Private::Map,
                    // X, and whatever this version does not know.
                    _ => Private::Remove,
                };
                for element in item.numbers(IDENTIFYING_ELEMENTS) {
                    let (Ok(group), within) = (u16::try_from(group), element as u64 & 0xFF) else { continue };
                    // Masked to eight bits above.
                    demands.insert((creator.clone(), group, within as u8), action);
                }
            }
        }
        Self(demands)
    }
}

/// The private blocks of one data set: group and block to creator.
pub(crate) struct Blocks(HashMap<(u16, u8), String>);

impl Blocks {
    pub fn of(set: &DataSet) -> Self {
        let mut blocks = HashMap::new();
        for (tag, element) in set.iter() {
            if !tag.0.is_multiple_of(2)
                && CREATORS.contains(&tag.1)
                && let Value::Bytes(raw) = &element.value
            {
                // In range: CREATORS ends at 0xFF.
                blocks.insert((tag.0, tag.1 as u8), text_of(raw));
            }
        }
        Self(blocks)
    }

    /// The creator and the element within its block.
    fn owner(&self, tag: Tag) -> Option<(&str, u8)> {
        let [block, element] = tag.1.to_be_bytes();
        Some((self.0.get(&(tag.0, block))?, element))
    }

    /// What becomes of a private element of this data set.
    pub fn decide(&self, set: &DataSet, tag: Tag, demands: &Demands) -> Private {
        if CREATORS.contains(&tag.1) {
            let stays = |t: Tag| {
                let of_block = t.0 == tag.0 && t.1.to_be_bytes()[0] == tag.1 as u8;
                of_block && self.decide_element(t, demands) != Private::Remove
            };
            return if set.iter().any(|(t, _)| stays(t)) { Private::Creator } else { Private::Remove };
        }
        self.decide_element(tag, demands)
    }

    fn decide_element(&self, tag: Tag, demands: &Demands) -> Private {
        let Some((creator, element)) = self.owner(tag) else { return Private::Remove };
        if !is_safe_private(creator, tag.0, element) {
            return Private::Remove;
        }
        demands.0.get(&(creator.to_owned(), tag.0, element)).copied().unwrap_or(Private::Clean)
    }

    /// Whether a private element of an output is one that may stand there.
    pub fn permits(&self, set: &DataSet, tag: Tag) -> bool {
        self.decide(set, tag, &Demands(HashMap::new())) != Private::Remove
    }
}
