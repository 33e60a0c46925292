//! What all kinds of instances have: patient, study, series, equipment, and the places where identifiers hide.

use super::{
    key::{Action, Category},
    people::{Person, Visit, da, written},
    sheet::Sheet,
    words::{COMMENTS, HISTORIES, Words},
};
use crate::random::Random;

/// An instance in the making.
pub struct Making<'a> {
    /// Randomness.
    pub random: &'a mut Random,
    /// Who it is of.
    pub person: &'a Person,
    /// When, where and by whom.
    pub visit: &'a Visit,
    /// Its UIDs.
    pub uids: &'a Uids,
    /// The words of its kind.
    pub words: &'a Words,
    /// Number within the series, from 1.
    pub number: usize,
}

/// The UIDs of an instance.
#[derive(Debug, Clone)]
pub struct Uids {
    /// Study.
    pub study: String,
    /// Series.
    pub series: String,
    /// Instance.
    pub instance: String,
    /// Frame of reference of the series.
    pub frame: String,
    /// Another instance of the study, which this one refers to.
    pub other: String,
    /// The other's class.
    pub other_class: String,
}

/// Patient, study, series and equipment.
pub fn common(sheet: &mut Sheet, making: &mut Making, sop_class: &str, modality: &str) {
    identifiers(sheet, making, sop_class, modality);
    patient(sheet, making);
    history(sheet, making);
    study(sheet, making);
    people(sheet, making);
    equipment(sheet, making);
    request(sheet, making);
    hidden_places(sheet, making);
}

fn identifiers(sheet: &mut Sheet, making: &Making, sop_class: &str, modality: &str) {
    let uids = making.uids;
    sheet.keep((0x0008, 0x0016), "UI", sop_class, Category::Dicom);
    sheet.uid((0x0008, 0x0018), &uids.instance);
    sheet.uid((0x0020, 0x000D), &uids.study);
    sheet.uid((0x0020, 0x000E), &uids.series);
    sheet.uid((0x0020, 0x0052), &uids.frame);
    for tag in [(0x0008, 0x0018), (0x0020, 0x000D), (0x0020, 0x000E), (0x0008, 0x0060)] {
        sheet.ask(Action::TextNotnull, tag, "", Category::Dicom);
    }
    sheet.keep((0x0008, 0x0060), "CS", modality, Category::Dicom);
    sheet.keep((0x0020, 0x0011), "IS", &(2 + making.number % 3).to_string(), Category::Dicom);
    sheet.keep((0x0020, 0x0013), "IS", &making.number.to_string(), Category::Dicom);
    // A reference to another instance, as localizers and sources have it.
    sheet.item((0x0008, 0x1140), |item| {
        item.keep((0x0008, 0x1150), "UI", &uids.other_class, Category::Dicom);
        item.uid((0x0008, 0x1155), &uids.other);
    });
    sheet.item((0x0008, 0x1115), |item| {
        item.uid((0x0020, 0x000E), &uids.series);
        item.item((0x0008, 0x114A), |item| {
            item.keep((0x0008, 0x1150), "UI", &uids.other_class, Category::Dicom);
            item.uid((0x0008, 0x1155), &uids.other);
        });
    });
}

fn patient(sheet: &mut Sheet, making: &mut Making) {
    let person = making.person;
    sheet.gone((0x0010, 0x0010), "PN", &person.name.dicom());
    sheet.gone((0x0010, 0x0020), "LO", &person.id);
    sheet.ask(Action::PatidConsistent, (0x0010, 0x0020), &person.id, Category::Dicom);
    sheet.ask(Action::TextNotnull, (0x0010, 0x0020), "", Category::Dicom);
    sheet.gone((0x0010, 0x0021), "LO", making.visit.hospital);
    sheet.date((0x0010, 0x0030), "DA", &da(person.born));
    sheet.keep((0x0010, 0x0040), "CS", person.sex, Category::Practice);
    let age = format!("{:03}Y", person.age);
    if person.age > 89 {
        sheet.gone((0x0010, 0x1010), "AS", &age);
    } else {
        sheet.keep((0x0010, 0x1010), "AS", &age, Category::Practice);
    }
    sheet.keep((0x0010, 0x1020), "DS", &person.height, Category::Practice);
    sheet.keep((0x0010, 0x1030), "DS", &person.weight, Category::Practice);
    sheet.gone((0x0010, 0x1000), "LO", &person.social);
    sheet.gone((0x0010, 0x1001), "PN", &format!("{}^{}", person.name.family.to_uppercase(), "ALIAS"));
    sheet.gone((0x0010, 0x1040), "LO", &person.address);
    sheet.gone((0x0010, 0x1060), "PN", &person.relative.dicom());
    sheet.gone((0x0010, 0x2154), "SH", &person.phone.chars().take(16).collect::<String>());
    sheet.item((0x0010, 0x1002), |item| {
        item.gone((0x0010, 0x0020), "LO", &person.social);
        item.gone((0x0010, 0x0021), "LO", making.visit.hospital);
    });
}

/// Free text in which identifiers stand among clinical words.
fn history(sheet: &mut Sheet, making: &mut Making) {
    let (person, visit) = (making.person, making.visit);
    let random = &mut *making.random;
    let history = random.pick(&HISTORIES);
    let referrer = visit.referrer.family;
    let text = format!("{history}. Referred by Dr. {referrer} of {}.", visit.hospital);
    sheet.mixed((0x0010, 0x21B0), "LT", &text, &[referrer, visit.hospital], history);
    let (phone, social) = (&person.phone, &person.social);
    let relative = person.relative.spoken();
    let text = format!("Call {relative} at {phone} before the scan. SSN {social}. {}", person.mail);
    sheet.mixed((0x0010, 0x4000), "LT", &text, &[&relative, phone, social, &person.mail], "");
    let comment = random.pick(&COMMENTS);
    let born = written(random, person.born);
    let (name, id) = (person.name.spoken(), &person.id);
    let text = match random.below(3) {
        0 => format!("{comment}. Patient {name}, DOB {born}, lives at {}.", person.address),
        1 => {
            format!("{comment}; discussed with Dr {} and {name} ({id}), born {born}", visit.colleague.family)
        }
        _ => format!("{name} {born} {id} - {comment}"),
    };
    let mut gone: Vec<&str> = vec![&name, &born];
    if text.contains(person.address.as_str()) {
        gone.push(&person.address);
    } else {
        gone.push(id);
    }
    if text.contains("Dr ") {
        gone.push(visit.colleague.family);
    }
    sheet.mixed((0x0020, 0x4000), "LT", &text, &gone, comment);
}

fn study(sheet: &mut Sheet, making: &mut Making) {
    let visit = making.visit;
    let random = &mut *making.random;
    let date = da(visit.date);
    sheet.text((0x0008, 0x0030), "TM", "091205");
    sheet.text((0x0008, 0x0031), "TM", "091433.120000");
    for tag in [(0x0008, 0x0012), (0x0008, 0x0020), (0x0008, 0x0021), (0x0008, 0x0022), (0x0008, 0x0023)] {
        sheet.date(tag, "DA", &date);
    }
    sheet.date((0x0008, 0x002A), "DT", &format!("{date}091500.250000+0100"));
    sheet.date((0x0040, 0x0244), "DA", &date);
    sheet.gone((0x0008, 0x0050), "SH", &visit.accession);
    sheet.gone((0x0020, 0x0010), "SH", &visit.study_id);
    let study = random.pick(making.words.studies);
    let name = making.person.name;
    match random.below(4) {
        0 => sheet.mixed((0x0008, 0x1030), "LO", &format!("{study} {}", name.family), &[name.family], study),
        1 => {
            let (text, id) = (format!("{study} [{}]", making.person.id), making.person.id.as_str());
            sheet.mixed((0x0008, 0x1030), "LO", &text, &[id], study);
        }
        _ => sheet.keep((0x0008, 0x1030), "LO", study, Category::Practice),
    }
    let series = random.pick(making.words.series);
    if random.chance(0.2) {
        let doctor = visit.colleague.family;
        sheet.mixed((0x0008, 0x103E), "LO", &format!("{series} for Dr. {doctor}"), &[doctor], series);
    } else {
        sheet.keep((0x0008, 0x103E), "LO", series, Category::Practice);
    }
    sheet.keep((0x0018, 0x1030), "LO", random.pick(making.words.protocols), Category::Practice);
    sheet.keep((0x0018, 0x0015), "CS", random.pick(making.words.parts), Category::Dicom);
    sheet.item((0x0008, 0x1032), |item| {
        item.keep((0x0008, 0x0100), "SH", "RPID145", Category::Dicom);
        item.keep((0x0008, 0x0102), "SH", "RADLEX", Category::Dicom);
        item.keep((0x0008, 0x0104), "LO", study, Category::Dicom);
    });
}

fn people(sheet: &mut Sheet, making: &Making) {
    let visit = making.visit;
    sheet.gone((0x0008, 0x0080), "LO", visit.hospital);
    sheet.gone((0x0008, 0x0081), "ST", &visit.address);
    sheet.gone((0x0008, 0x1040), "LO", &format!("Radiology, {}", visit.hospital));
    sheet.gone((0x0008, 0x0090), "PN", &visit.referrer.dicom());
    sheet.gone((0x0008, 0x1050), "PN", &visit.colleague.dicom());
    sheet.gone((0x0008, 0x1070), "PN", &visit.operator.dicom());
    sheet.gone((0x0032, 0x1032), "PN", &visit.referrer.dicom());
    sheet.item((0x0008, 0x0096), |item| {
        item.item((0x0040, 0x1101), |item| item.gone((0x0008, 0x0104), "LO", &visit.referrer.spoken()));
        item.gone((0x0040, 0x1102), "ST", &visit.address);
    });
}

fn equipment(sheet: &mut Sheet, making: &mut Making) {
    let visit = making.visit;
    sheet.keep((0x0008, 0x0070), "LO", "Calder Imaging", Category::Dicom);
    sheet.keep((0x0008, 0x1090), "LO", "Meridian 64", Category::Dicom);
    sheet.keep((0x0018, 0x1020), "LO", "VB20A", Category::Dicom);
    sheet.gone((0x0018, 0x1000), "LO", &visit.serial);
    sheet.gone((0x0008, 0x1010), "SH", &visit.station);
    sheet.date((0x0018, 0x1200), "DA", &da((visit.date.0, 1, 5)));
}

/// What the order said.
fn request(sheet: &mut Sheet, making: &mut Making) {
    let (visit, person) = (making.visit, making.person);
    let study = making.random.pick(making.words.studies);
    let text = format!("{study} {}", visit.accession);
    sheet.mixed((0x0032, 0x1060), "LO", &text, &[&visit.accession], study);
    sheet.keep((0x0040, 0x0254), "LO", study, Category::Practice);
    sheet.gone((0x0040, 0x0253), "SH", &visit.study_id);
    sheet.item((0x0040, 0x0275), |item| {
        item.gone((0x0040, 0x1001), "SH", &visit.accession);
        item.gone((0x0040, 0x0009), "SH", &visit.study_id);
        let family = person.name.family;
        item.mixed((0x0040, 0x0007), "LO", &format!("{study} for {family}"), &[family], "");
    });
}

/// Where nobody looks: private blocks, values of unknown kind, attributes that hold codes.
fn hidden_places(sheet: &mut Sheet, making: &mut Making) {
    let (person, visit) = (making.person, making.visit);
    let name = person.name.dicom();
    let creator = "CALDER HEADER 2.1";
    for (element, vr, value) in [
        (0x01, "LO", name.as_str()),
        (0x02, "UN", person.id.as_str()),
        (0x03, "DA", &da(person.born)),
        (0x04, "LT", person.address.as_str()),
        (0x05, "UN", person.phone.as_str()),
    ] {
        sheet.private(0x0009, creator, element, vr, value);
        sheet.ask_private(Action::TextRemoved, (0x0009, creator, element), value, Category::Hipaa);
    }
    // Attributes that no table lists as identifying, with what somebody typed into them.
    let kernel = format!("B30 {}", person.name.family);
    match making.random.below(4) {
        0 => sheet.mixed((0x0018, 0x1210), "SH", &kernel, &[person.name.family], ""),
        1 => sheet.mixed((0x0018, 0x1250), "SH", &person.id, &[&person.id], ""),
        2 => sheet.mixed((0x0018, 0x1160), "SH", person.name.family, &[person.name.family], ""),
        _ => sheet.mixed((0x0028, 0x1055), "LO", &visit.accession, &[&visit.accession], ""),
    }
    sheet.gone((0x0008, 0x0055), "AE", &visit.station);
    sheet.gone((0x0008, 0x0054), "AE", "ARCHIVE_WEXCOMBE");
    if making.random.chance(0.3) {
        // A public attribute as an old archive passed it on: of unknown kind.
        sheet.gone((0x0010, 0x21F0), "UN", "Order of Saint Aldhelm");
    }
}
