//! Reading the container strictly, and naming the structure that is damaged.
//!
//! Everything a header says stands in the package twice: before the data and in the directory at the end. Both copies
//! are read; where they differ, the data's own checksum and the file list decide which copy is wrong.

use std::collections::HashSet;
use std::io::{Read, Seek};

use super::fault::{ReleaseFault, ReleaseFaultKind as Kind};
use super::layout::{
    CENTRAL_BYTES, CENTRAL_MARK, Directory, END_BYTES, END64_BYTES, LOCAL_BYTES, LOCAL_MARK, MEMBERS_MAX,
    Member, NAME_BYTES_MAX,
};
use super::lines::Lines;
use super::package::Package;
use super::records::{FILE_LINE_BYTES_MAX, FileLine};
use super::{FILES, FOOT, HEAD};

/// Most ZIP64 extra bytes of a central record.
const EXTRA_BYTES_MAX: usize = 12;

/// The members of a package in order, every byte of the container's own structure having been compared.
pub(super) fn scan<R: Read + Seek>(package: &mut Package<R>) -> Result<Vec<Member>, ReleaseFault> {
    if package.len < END_BYTES as u64 {
        return Err(ReleaseFault::new(Kind::Truncated, "too short for a package").in_package(0..package.len));
    }
    let front = walk_front(package)?;
    match front.stop {
        None => compare_directory(package, &front)?,
        Some(_) => return Err(locate_front_damage(package, &front)?),
    }
    let mut names = HashSet::new();
    for member in &front.members {
        if !names.insert(member.name.to_ascii_lowercase()) {
            return Err(ReleaseFault::new(Kind::Extra, "the name is there twice")
                .file(&member.name)
                .in_package(member.offset..member.end()));
        }
    }
    Ok(front.members)
}

/// What reading the headers before the data gave.
struct Front {
    members: Vec<Member>,
    /// Where the walk ended: the start of the directory if all is well.
    at: u64,
    directory_bytes: u64,
    stop: Option<Stop>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// The directory begins here, and it does not have the length that it must have.
    Tail,
    /// What stands here is not a header.
    NoHeader,
    /// The package ends within this header or its data.
    PastEnd,
}

impl Front {
    fn directory(&self) -> Directory {
        Directory { members: self.members.len() as u64, offset: self.at, bytes: self.directory_bytes }
    }

    /// Where the package must end if the directory starts here.
    fn expected_len(&self) -> u64 {
        self.at + self.directory_bytes + self.directory().end_len()
    }
}

fn walk_front<R: Read + Seek>(package: &mut Package<R>) -> Result<Front, ReleaseFault> {
    let mut front = Front { members: Vec::new(), at: 0, directory_bytes: 0, stop: None };
    loop {
        let mark = package.bytes(front.at..front.at.saturating_add(4))?;
        let is_header = mark.as_deref() == Some(&LOCAL_MARK);
        // The directory's own bytes are not looked at here: if its place fits its length, it is compared byte by byte.
        if !is_header && front.expected_len() == package.len {
            return Ok(front);
        }
        if front.members.len() >= MEMBERS_MAX {
            return Err(ReleaseFault::new(Kind::Limit, format!("more than {MEMBERS_MAX} files")));
        }
        let stop = match read_local(package, front.at)? {
            Ok(member) if member.end() <= package.len => {
                front.at = member.end();
                front.directory_bytes += member.central_len();
                front.members.push(member);
                continue;
            }
            Ok(_) => Stop::PastEnd,
            Err(_) if mark.as_deref() == Some(&CENTRAL_MARK) => Stop::Tail,
            Err(stop) => stop,
        };
        front.stop = Some(stop);
        return Ok(front);
    }
}

fn read_local<R: Read + Seek>(
    package: &mut Package<R>,
    at: u64,
) -> Result<Result<Member, Stop>, ReleaseFault> {
    let Some(fixed) = package.bytes(at..at.saturating_add(LOCAL_BYTES as u64))? else {
        return Ok(Err(Stop::PastEnd));
    };
    if !fixed.starts_with(&LOCAL_MARK) {
        return Ok(Err(Stop::NoHeader));
    }
    let name_len = usize::from(u16::from_le_bytes([fixed[26], fixed[27]]));
    if name_len > NAME_BYTES_MAX {
        return Ok(Err(Stop::NoHeader));
    }
    let Some(bytes) = package.bytes(at..at + (LOCAL_BYTES + name_len) as u64)? else {
        return Ok(Err(Stop::PastEnd));
    };
    Ok(Member::from_local(&bytes, at).ok_or(Stop::NoHeader))
}

/// The headers are sound and the length fits: compares directory and end records with what they must be.
fn compare_directory<R: Read + Seek>(package: &mut Package<R>, front: &Front) -> Result<(), ReleaseFault> {
    let mut at = front.at;
    for (number, member) in front.members.iter().enumerate() {
        let range = at..at + member.central_len();
        let found = package.bytes(range.clone())?.unwrap_or_default();
        if found != member.central_record() {
            let in_directory = record_fault(&member.name, range.clone());
            let Some(central) = Member::from_central(&found).filter(|c| c.offset == member.offset) else {
                return Err(in_directory);
            };
            let is_front_right = is_front_right(package, &front.members, number, &central)?;
            return Err(if is_front_right { in_directory } else { header_fault(&central) });
        }
        at = range.end;
    }
    let expected = front.directory().end_records();
    let found = package.bytes(at..package.len)?.unwrap_or_default();
    match first_difference(&expected, &found) {
        None => Ok(()),
        Some(place) => Err(ReleaseFault::new(Kind::Structure, "end records of the container")
            .in_package(at + place..at + place + 1)),
    }
}

/// Both copies of a header can be read and they differ: does the one before the data hold?
fn is_front_right<R: Read + Seek>(
    package: &mut Package<R>,
    members: &[Member],
    number: usize,
    central: &Member,
) -> Result<bool, ReleaseFault> {
    let front = &members[number];
    let is_front_sound = package.crc(front.data()..front.end())? == Some(front.crc);
    let is_central_sound = package.crc(central.data()..central.end())? == Some(central.crc);
    if is_front_sound != is_central_sound {
        return Ok(is_front_sound);
    }
    // Only the name can differ: where a file stands says what it is called, or else the file list does.
    let from_end = members.len() - number;
    let fixed = HEAD.get(number).or_else(|| FOOT.len().checked_sub(from_end).and_then(|n| FOOT.get(n)));
    if let Some(fixed) = fixed {
        return Ok(front.name == *fixed);
    }
    Ok(listed_name(package, members, number)?.as_ref() != Some(&central.name))
}

/// The name in line `number` of the file list.
fn listed_name<R: Read + Seek>(
    package: &mut Package<R>,
    members: &[Member],
    number: usize,
) -> Result<Option<String>, ReleaseFault> {
    let Some(list) = members.iter().find(|m| m.name == FILES) else { return Ok(None) };
    let mut lines = Lines::of(list, FILE_LINE_BYTES_MAX);
    for _ in 0..number {
        lines.next(package)?;
    }
    Ok(lines.next(package)?.and_then(|line| FileLine::decode(&line.bytes)).map(|file| file.name))
}

/// The walk over the headers stopped: says why, with the directory's help where that can be read.
fn locate_front_damage<R: Read + Seek>(
    package: &mut Package<R>,
    front: &Front,
) -> Result<ReleaseFault, ReleaseFault> {
    if front.stop == Some(Stop::Tail) {
        return tail_length_fault(package, front);
    }
    let Some((members, is_shifted)) = walk_back(package)? else { return front_only_fault(package, front) };
    let mut at = 0;
    for (number, central) in members.iter().enumerate() {
        if central.offset != at {
            return Ok(record_fault_of(package, &members, number));
        }
        let header = central.local_header();
        if package.bytes(at..at + header.len() as u64)?.as_ref() != Some(&header) {
            if is_shifted {
                // The bytes before this header are too few or too many.
                let culprit = &members[number.saturating_sub(1)];
                return Ok(shift_fault(culprit));
            }
            return front_or_back(package, front, &members, number);
        }
        at = central.end();
    }
    Ok(members.last().map_or_else(|| ReleaseFault::new(Kind::Structure, "no files"), shift_fault))
}

/// There is no directory to ask: the damage begins in the first file whose data does not fit its checksum, or else
/// where the headers stop.
fn front_only_fault<R: Read + Seek>(
    package: &mut Package<R>,
    front: &Front,
) -> Result<ReleaseFault, ReleaseFault> {
    let (kind, detail) = match front.stop {
        Some(Stop::PastEnd) => (Kind::Truncated, "the package ends within this file, and has no directory"),
        _ => (Kind::Structure, "neither the headers from here on nor the directory can be read"),
    };
    for member in &front.members {
        if package.crc(member.data()..member.end())? != Some(member.crc) {
            let range = member.offset..package.len;
            return Ok(ReleaseFault::new(kind, detail).file(&member.name).in_package(range));
        }
    }
    let mut fault = ReleaseFault::new(kind, detail).in_package(front.at..package.len);
    fault.file = read_local(package, front.at)?.ok().map(|m| m.name);
    Ok(fault)
}

/// The headers stop making sense at or before `number`, where the directory says something else.
fn front_or_back<R: Read + Seek>(
    package: &mut Package<R>,
    front: &Front,
    members: &[Member],
    number: usize,
) -> Result<ReleaseFault, ReleaseFault> {
    let central = &members[number];
    let is_right = match front.members.get(number) {
        Some(member) if member.offset == central.offset => {
            let mut believed = members.to_vec();
            believed[number] = member.clone();
            is_front_right(package, &believed, number, central)?
        }
        _ => false,
    };
    Ok(if is_right { record_fault_of(package, members, number) } else { header_fault(central) })
}

/// All headers are sound and the directory follows, but the package is longer or shorter than it must be.
fn tail_length_fault<R: Read + Seek>(
    package: &mut Package<R>,
    front: &Front,
) -> Result<ReleaseFault, ReleaseFault> {
    let is_longer = package.len > front.expected_len();
    let kind = if is_longer { Kind::Extra } else { Kind::Truncated };
    let mut at = front.at;
    let end = front.directory().end_records();
    for piece in front.members.iter().map(Member::central_record).chain([end]) {
        let here = at..(at + piece.len() as u64).min(package.len);
        let found = package.bytes(here)?.unwrap_or_default();
        if let Some(place) = first_difference(&piece, &found) {
            return Ok(ReleaseFault::new(kind, "the directory does not have the length that it must have")
                .in_package(at + place..package.len));
        }
        at += piece.len() as u64;
    }
    Ok(ReleaseFault::new(kind, "bytes behind the end").in_package(at..package.len))
}

/// Reads the directory from the end of the package. The flag says that it stands elsewhere than it says itself:
/// bytes before it were taken out or put in.
fn walk_back<R: Read + Seek>(package: &mut Package<R>) -> Result<Option<(Vec<Member>, bool)>, ReleaseFault> {
    let tail_start = package.len.saturating_sub((END_BYTES + END64_BYTES) as u64);
    let tail = package.bytes(tail_start..package.len)?.unwrap_or_default();
    let Some(directory) = Directory::from_end(&tail) else { return Ok(None) };
    let Some(start) =
        package.len.checked_sub(directory.end_len()).and_then(|e| e.checked_sub(directory.bytes))
    else {
        return Ok(None);
    };
    if directory.members > MEMBERS_MAX as u64 {
        return Ok(None);
    }
    let end = start + directory.bytes;
    let mut at = start;
    let mut members = Vec::new();
    while at < end {
        let Some(fixed) = package.bytes(at..(at + CENTRAL_BYTES as u64).min(end))? else { return Ok(None) };
        let Some(&[name_low, name_high, extra_low, extra_high]) = fixed.get(28..32) else { return Ok(None) };
        let name = usize::from(u16::from_le_bytes([name_low, name_high]));
        let extra = usize::from(u16::from_le_bytes([extra_low, extra_high]));
        if name > NAME_BYTES_MAX || extra > EXTRA_BYTES_MAX {
            return Ok(None);
        }
        let next = at + (CENTRAL_BYTES + name + extra) as u64;
        let Some(member) = package.bytes(at..next)?.as_deref().and_then(Member::from_central) else {
            return Ok(None);
        };
        members.push(member);
        at = next;
    }
    let is_whole = at == end && members.len() as u64 == directory.members;
    Ok(is_whole.then_some((members, start != directory.offset)))
}

fn first_difference(expected: &[u8], found: &[u8]) -> Option<u64> {
    let at = expected.iter().zip(found).position(|(a, b)| a != b);
    let at = at.or_else(|| (expected.len() != found.len()).then_some(expected.len().min(found.len())));
    at.map(|n| n as u64)
}

fn header_fault(member: &Member) -> ReleaseFault {
    ReleaseFault::new(Kind::Structure, "header before the file's data")
        .file(&member.name)
        .in_package(member.offset..member.data())
}

fn record_fault(name: &str, range: core::ops::Range<u64>) -> ReleaseFault {
    ReleaseFault::new(Kind::Structure, "the file's record in the directory").file(name).in_package(range)
}

/// As [`record_fault`], the place being counted back from the end of the package.
fn record_fault_of<R>(package: &Package<R>, members: &[Member], number: usize) -> ReleaseFault {
    let bytes: u64 = members.iter().map(Member::central_len).sum();
    let before: u64 = members[..number].iter().map(Member::central_len).sum();
    let last_end = members.last().map_or(0, Member::end);
    let end = Directory { members: members.len() as u64, offset: last_end, bytes }.end_len();
    let start = package.len.saturating_sub(end + bytes) + before;
    record_fault(&members[number].name, start..start + members[number].central_len())
}

fn shift_fault(member: &Member) -> ReleaseFault {
    ReleaseFault::new(Kind::Truncated, "bytes were taken out of this file or put into it")
        .file(&member.name)
        .in_package(member.offset..member.end())
}
