//! Instances full of made-up identifiers, each with the answer key of what must go and what must stay.
//!
//! Identifiers stand where they stand in real archives: in attributes for them, among the words of
//! descriptions, in nested items, private blocks, values of unknown kind, the preamble and the pixels.
//! The key asks what PS3.15 asks under the Basic Profile with Clean Descriptors, Clean Structured Content,
//! Clean Pixel Data, Retain Modified Dates, Retain Patient Characteristics and Retain Safe Private, and what
//! 45 CFR 164.514(b)(2) asks beyond it.

mod dose;
mod file;
mod font;
mod key;
mod kinds;
mod modules;
mod people;
mod picture;
mod sheet;
mod words;

pub use key::{Action, Category, Check, InstanceKey, Region};

use self::{
    file::{Manner, Set},
    modules::{Making, Uids},
    people::{Person, Visit},
    sheet::Sheet,
    words::Words,
};
use crate::random::Random;

/// Instances of one patient.
pub const INSTANCES_PER_PATIENT: usize = 14;
/// More UIDs than the instances of a patient take.
const UIDS_OF_A_PATIENT: usize = 100;
const CLASS: &str = "1.2.840.10008.5.1.4.1.1.";

/// One file with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentifiedInstance {
    /// The PS3.10 file; its name stands in the key.
    pub bytes: Vec<u8>,
    /// What is asked.
    pub key: InstanceKey,
}

/// Kinds of instances of a patient, in order.
#[derive(Clone, Copy)]
enum Kind {
    Ct,
    Mr,
    Pt,
    Radiograph {
        digital: bool,
    },
    Ultrasound {
        frames: usize,
    },
    Capture,
    Dose,
    MultiFrame,
    /// A document in an envelope.
    Pdf,
    /// A slice with words and a picture in an overlay.
    Overlaid,
}

const PLAN: [(Kind, usize); 9] = [
    (Kind::Ct, 3),
    (Kind::Mr, 2),
    (Kind::Pt, 2),
    (Kind::Radiograph { digital: false }, 1),
    (Kind::Radiograph { digital: true }, 1),
    (Kind::Ultrasound { frames: 1 }, 1),
    (Kind::Ultrasound { frames: 3 }, 1),
    (Kind::Capture, 1),
    (Kind::MultiFrame, 1),
];

impl Kind {
    /// SOP class below [`CLASS`], and modality.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Ct => ("2", "CT"),
            Self::Mr => ("4", "MR"),
            Self::Pt => ("128", "PT"),
            Self::Radiograph { digital: false } => ("1", "CR"),
            Self::Radiograph { digital: true } => ("1.1", "DX"),
            Self::Ultrasound { frames: 1 } => ("6.1", "US"),
            Self::Ultrasound { .. } => ("3.1", "US"),
            Self::Capture => ("7", "OT"),
            Self::Dose => ("88.67", "SR"),
            Self::MultiFrame => ("4.1", "MR"),
            Self::Pdf => ("104.1", "DOC"),
            Self::Overlaid => ("2", "CT"),
        }
    }

    const fn words(self) -> &'static Words {
        match self {
            Self::Ct | Self::Dose | Self::Pdf | Self::Overlaid => &words::CT,
            Self::Mr | Self::MultiFrame => &words::MR,
            Self::Pt => &words::PT,
            Self::Radiograph { .. } => &words::XRAY,
            Self::Ultrasound { .. } | Self::Capture => &words::US,
        }
    }
}

/// Makes instances of as many patients as they need; the same seed gives the same bytes.
#[must_use]
pub fn cohort(seed: u64, instances: usize) -> Vec<IdentifiedInstance> {
    let patients = instances.div_ceil(INSTANCES_PER_PATIENT);
    let mut all: Vec<IdentifiedInstance> = (0..patients).flat_map(|number| patient(seed, number)).collect();
    all.truncate(instances);
    all
}

fn uid(random: &mut Random) -> String {
    // As scanners make them: a root of numbers and a long tail.
    let root = 20_000 + random.below(40_000);
    format!("1.3.6.1.4.1.{root}.{}.{}", random.below(1_000_000), random.bits() >> 8)
}

/// More of the first patient's study: an encapsulated document, an image with an overlay, and one whose preamble begins
/// like a program. They are no part of [`cohort`].
#[must_use]
pub fn companions(seed: u64) -> Vec<IdentifiedInstance> {
    let mut made = planned(seed, 0, &[(Kind::Pdf, 1), (Kind::Overlaid, 1), (Kind::Ct, 1)], UIDS_OF_A_PATIENT);
    for (index, file) in made.iter_mut().enumerate() {
        file.key.file = format!("P0000/companion{index}.dcm");
    }
    if let Some(two_files) = made.last_mut() {
        two_files.bytes[..2].copy_from_slice(b"MZ");
    }
    made
}

fn patient(seed: u64, number: usize) -> Vec<IdentifiedInstance> {
    let plan: Vec<_> = PLAN.into_iter().chain([(Kind::Dose, 1)]).collect();
    planned(seed, number, &plan, 0)
}

/// Instances of a patient after `skipped` UIDs were drawn for others.
fn planned(seed: u64, number: usize, plan: &[(Kind, usize)], skipped: usize) -> Vec<IdentifiedInstance> {
    let mut random = Random::new(seed, 0x6964_0000 + number as u64);
    let year = 2015 + random.below(9);
    let person = Person::draw(&mut random, year);
    let mut visit = Visit::draw(&mut random, year);
    // Names that are part of each other would make the key ask for what cannot be told apart.
    while visit.colleague.family == person.name.family {
        visit.colleague = people::Name::draw(&mut random);
    }
    let study = uid(&mut random);
    let mut made = Vec::with_capacity(INSTANCES_PER_PATIENT);
    let (mut other, mut other_class) = (uid(&mut random), format!("{CLASS}2"));
    let latin1 = random.chance(0.5);
    for _ in 0..skipped {
        uid(&mut random);
    }
    for &(kind, count) in plan {
        let (series, frame) = (uid(&mut random), uid(&mut random));
        for slice in 0..count {
            let instance = uid(&mut random);
            let uids = Uids {
                study: study.clone(),
                series: series.clone(),
                instance: instance.clone(),
                frame: frame.clone(),
                other: other.clone(),
                other_class: other_class.clone(),
            };
            let words = kind.words();
            let mut making = Making {
                random: &mut random,
                person: &person,
                visit: &visit,
                uids: &uids,
                words,
                number: slice + 1,
            };
            let (set, checks) = instance_of(kind, &mut making, latin1);
            let (class, modality) = kind.names();
            let sop_class = format!("{CLASS}{class}");
            let manner = Manner { explicit: random.chance(0.75), open_ended: random.chance(0.5) };
            let preamble = if random.chance(0.3) { person.name.spoken() } else { String::new() };
            let bytes = file::file(&set, manner, &preamble, &sop_class, &instance);
            let key = InstanceKey {
                file: format!("P{number:04}/{modality}{:03}.dcm", made.len()),
                patient_id: person.id.clone(),
                study_uid: study.clone(),
                series_uid: series.clone(),
                instance_uid: instance.clone(),
                sop_class: sop_class.clone(),
                modality: modality.to_owned(),
                checks,
            };
            made.push(IdentifiedInstance { bytes, key });
            (other, other_class) = (instance, sop_class);
        }
    }
    made
}

fn instance_of(kind: Kind, making: &mut Making, latin1: bool) -> (Set, Vec<Check>) {
    let mut sheet = Sheet::new(latin1);
    sheet.text((0x0008, 0x0005), "CS", if latin1 { "ISO_IR 100" } else { "ISO_IR 192" });
    let (class, modality) = kind.names();
    modules::common(&mut sheet, making, &format!("{CLASS}{class}"), modality);
    match kind {
        Kind::Ct => kinds::ct(&mut sheet, making),
        Kind::Mr => kinds::mr(&mut sheet, making),
        Kind::Pt => kinds::pt(&mut sheet, making),
        Kind::Radiograph { .. } => kinds::radiograph(&mut sheet, making),
        Kind::Ultrasound { frames } => kinds::ultrasound(&mut sheet, making, frames),
        Kind::Capture => kinds::capture(&mut sheet, making),
        Kind::Dose => dose::report(&mut sheet, making),
        Kind::MultiFrame => kinds::multi_frame(&mut sheet, making),
        Kind::Pdf => kinds::pdf(&mut sheet, making),
        Kind::Overlaid => kinds::overlaid(&mut sheet, making),
    }
    sheet.finish()
}
