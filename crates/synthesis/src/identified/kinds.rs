//! Kinds of instances: what is special about each.

use super::{
    key::{Action, Category},
    modules::Making,
    people::da,
    picture::Picture,
    sheet::Sheet,
};

/// Values of a picture of one byte.
const WHITE_8: u16 = 255;
/// Values of 12 bits.
const WHITE_12: u16 = 4095;

/// A slice of computed tomography.
pub fn ct(sheet: &mut Sheet, making: &mut Making) {
    axial(sheet, making);
    sheet.keep((0x0008, 0x0008), "CS", "ORIGINAL\\PRIMARY\\AXIAL", Category::Dicom);
    sheet.keep((0x0018, 0x0060), "DS", "120", Category::Dicom);
    sheet.keep((0x0018, 0x1151), "IS", "211", Category::Dicom);
    sheet.keep((0x0018, 0x5100), "CS", "HFS", Category::Dicom);
    sheet.double((0x0018, 0x9345), 7.25);
    sheet.keep((0x0028, 0x1052), "DS", "-1024", Category::Dicom);
    sheet.keep((0x0028, 0x1053), "DS", "1", Category::Dicom);
    sheet.gone((0x0018, 0x1008), "LO", &making.visit.serial);
    gray(sheet, making, (64, 64), 1, &[]);
}

/// A slice of magnetic resonance, with diffusion in private attributes that are known to be safe.
pub fn mr(sheet: &mut Sheet, making: &mut Making) {
    axial(sheet, making);
    sheet.keep((0x0008, 0x0008), "CS", "ORIGINAL\\PRIMARY\\M\\ND", Category::Dicom);
    sheet.keep((0x0018, 0x0020), "CS", "SE", Category::Dicom);
    sheet.keep((0x0018, 0x0080), "DS", "4200.5", Category::Dicom);
    sheet.keep((0x0018, 0x0081), "DS", "92", Category::Dicom);
    sheet.keep((0x0018, 0x0087), "DS", "1.5", Category::Dicom);
    for (group, creator, element, vr, value) in [
        (0x0019, "SIEMENS MR HEADER", 0x0C, "IS", "1000"),
        (0x0043, "GEMS_PARM_01", 0x39, "IS", "800\\8\\0\\0"),
    ] {
        sheet.private(group, creator, element, vr, value);
        sheet.ask_private(Action::TagRetained, (group, creator, element), "", Category::Practice);
        sheet.ask_private(Action::TextRetained, (group, creator, element), value, Category::Practice);
    }
    gray(sheet, making, (64, 64), 1, &[]);
}

/// A slice of positron emission tomography.
pub fn pt(sheet: &mut Sheet, making: &mut Making) {
    axial(sheet, making);
    sheet.keep((0x0008, 0x0008), "CS", "ORIGINAL\\PRIMARY", Category::Dicom);
    sheet.keep((0x0054, 0x1001), "CS", "BQML", Category::Dicom);
    sheet.keep((0x0054, 0x1300), "DS", "1187.5", Category::Dicom);
    let date = da(making.visit.date);
    sheet.item((0x0054, 0x0016), |item| {
        item.keep((0x0018, 0x1074), "DS", "366000000", Category::Dicom);
        item.keep((0x0018, 0x1075), "DS", "6586.2", Category::Dicom);
        item.date((0x0018, 0x1078), "DT", &format!("{date}081500"));
        item.item((0x0054, 0x0304), |item| {
            item.keep((0x0008, 0x0100), "SH", "C-B1031", Category::Dicom);
            item.keep((0x0008, 0x0104), "LO", "Fluorodeoxyglucose F^18^", Category::Dicom);
        });
    });
    let suv = (0x7053, "Philips PET Private Group", 0x00);
    sheet.private(suv.0, suv.1, suv.2, "DS", "0.000428");
    sheet.ask_private(Action::TagRetained, suv, "", Category::Practice);
    sheet.ask_private(Action::TextRetained, suv, "0.000428", Category::Practice);
    gray(sheet, making, (64, 64), 1, &[]);
}

/// A radiograph; one in three with a name in its pixels although nothing says so.
pub fn radiograph(sheet: &mut Sheet, making: &mut Making) {
    sheet.keep((0x0018, 0x0060), "DS", "81", Category::Dicom);
    sheet.keep((0x0018, 0x5101), "CS", "PA", Category::Dicom);
    sheet.keep((0x0018, 0x1164), "DS", "0.143\\0.143", Category::Dicom);
    sheet.gone((0x0018, 0x1004), "LO", &format!("PL{}", making.visit.study_id));
    let name = making.person.name.spoken();
    let text = if making.random.chance(0.34) { vec![name, making.person.id.clone()] } else { Vec::new() };
    sheet.image_type("ORIGINAL", "PRIMARY", !text.is_empty());
    if text.is_empty() {
        sheet.text((0x0028, 0x0301), "CS", "NO");
    }
    gray(sheet, making, (256, 192), 1, &text);
}

/// An ultrasound picture: name, number and date above, the measured region below.
pub fn ultrasound(sheet: &mut Sheet, making: &mut Making, frames: usize) {
    sheet.image_type("ORIGINAL", "PRIMARY\\ABDOMINAL", true);
    sheet.item((0x0018, 0x6011), |item| {
        for (element, value) in [(0x6018, 20_u32), (0x601A, 40), (0x601C, 300), (0x601E, 230)] {
            item.bytes((0x0018, element), "UL", value.to_le_bytes().to_vec());
            item.ask(Action::TextRetained, (0x0018, element), &value.to_string(), Category::Dicom);
        }
        item.short((0x0018, 0x6012), 1);
        item.double((0x0018, 0x602C), 0.0125);
    });
    let (person, visit) = (making.person, making.visit);
    let text = [person.name.spoken(), format!("ID:{}", person.id), da(visit.date)];
    rgb(sheet, making, (320, 240), frames, &text);
}

/// A picture of a screen.
pub fn capture(sheet: &mut Sheet, making: &mut Making) {
    let (person, visit) = (making.person, making.visit);
    sheet.image_type("DERIVED", "SECONDARY", true);
    sheet.text((0x0008, 0x0064), "CS", "WSD");
    sheet.date((0x0018, 0x1012), "DA", &da(visit.date));
    sheet.text((0x0028, 0x0301), "CS", "YES");
    let text = [person.name.spoken(), person.id.clone(), visit.hospital.to_owned(), da(person.born)];
    rgb(sheet, making, (320, 240), 1, &text);
}

/// A multi-frame image with times and references of each frame.
pub fn multi_frame(sheet: &mut Sheet, making: &mut Making) {
    const FRAMES: usize = 4;
    sheet.keep((0x0008, 0x0008), "CS", "ORIGINAL\\PRIMARY\\VOLUME\\NONE", Category::Dicom);
    let (date, uids) = (da(making.visit.date), making.uids);
    for frame in 0..FRAMES {
        sheet.item((0x5200, 0x9230), |item| {
            item.item((0x0020, 0x9111), |item| {
                item.date((0x0018, 0x9074), "DT", &format!("{date}0915{frame:02}.500000"));
                item.text((0x0020, 0x9157), "UL", "");
            });
            item.item((0x0020, 0x9113), |item| {
                let position = format!("-100\\-80\\{}", frame * 3);
                item.keep((0x0020, 0x0032), "DS", &position, Category::Dicom);
            });
            item.item((0x0008, 0x9124), |item| {
                item.item((0x0008, 0x2112), |item| {
                    item.keep((0x0008, 0x1150), "UI", &uids.other_class, Category::Dicom);
                    item.uid((0x0008, 0x1155), &uids.other);
                });
            });
        });
    }
    sheet.keep((0x0018, 0x9004), "CS", "RESEARCH", Category::Dicom);
    gray(sheet, making, (48, 48), FRAMES, &[]);
}

/// A letter about the patient, as an encapsulated document.
pub fn pdf(sheet: &mut Sheet, making: &mut Making) {
    let (person, visit) = (making.person, making.visit);
    let name = person.name.spoken();
    sheet.text((0x0028, 0x0301), "CS", "YES");
    sheet.text((0x0042, 0x0010), "ST", &format!("Report for {name}"));
    sheet.text((0x0042, 0x0012), "LO", "application/pdf");
    let letter = format!(
        "%PDF-1.4\n1 0 obj << /Title (Report for {name}) /Author ({}) >> endobj\n% {} {}\n%%EOF\n",
        visit.operator.spoken(),
        person.id,
        visit.hospital,
    );
    sheet.bytes((0x0042, 0x0011), "OB", letter.into_bytes());
}

/// A slice over which the console laid a name: words in the overlay's attributes, and a picture of one bit.
pub fn overlaid(sheet: &mut Sheet, making: &mut Making) {
    const SIDE: u16 = 64;
    ct(sheet, making);
    let name = making.person.name.spoken();
    sheet.bytes((0x6000, 0x0010), "US", SIDE.to_le_bytes().to_vec());
    sheet.bytes((0x6000, 0x0011), "US", SIDE.to_le_bytes().to_vec());
    sheet.gone((0x6000, 0x0022), "LO", &name);
    sheet.text((0x6000, 0x0040), "CS", "G");
    sheet.bytes((0x6000, 0x0050), "SS", [1_i16, 1].into_iter().flat_map(i16::to_le_bytes).collect());
    sheet.bytes((0x6000, 0x0100), "US", vec![1, 0]);
    sheet.bytes((0x6000, 0x0102), "US", vec![0, 0]);
    sheet.gone((0x6000, 0x1500), "LO", &making.person.id);
    // The letters' own bytes as dots: whoever reads the bits reads the name.
    let mut dots = name.clone().into_bytes();
    dots.resize(usize::from(SIDE) * usize::from(SIDE) / 8, 0);
    sheet.bytes((0x6000, 0x3000), "OW", dots);
}

/// Position and spacing of a slice.
fn axial(sheet: &mut Sheet, making: &Making) {
    let height = making.number as f64 * 2.5;
    sheet.keep((0x0018, 0x0050), "DS", "2.5", Category::Dicom);
    sheet.keep((0x0020, 0x0032), "DS", &format!("-125.5\\-130.25\\{height}"), Category::Dicom);
    sheet.keep((0x0020, 0x0037), "DS", "1\\0\\0\\0\\1\\0", Category::Dicom);
    sheet.keep((0x0028, 0x0030), "DS", "0.75\\0.75", Category::Dicom);
    sheet.keep((0x0028, 0x1050), "DS", "40", Category::Dicom);
    sheet.keep((0x0028, 0x1051), "DS", "400", Category::Dicom);
}

fn gray(sheet: &mut Sheet, making: &mut Making, size: (usize, usize), frames: usize, text: &[String]) {
    let mut picture = Picture::new(making.random, size, frames, WHITE_12);
    describe(sheet, &picture, 1, 16);
    sheet.keep((0x0028, 0x0004), "CS", "MONOCHROME2", Category::Dicom);
    sheet.text((0x0028, 0x0103), "US", "\0\0");
    burn(sheet, making, &mut picture, text);
    sheet.bytes((0x7FE0, 0x0010), "OW", picture.stored(2));
}

fn rgb(sheet: &mut Sheet, making: &mut Making, size: (usize, usize), frames: usize, text: &[String]) {
    let mut picture = Picture::new(making.random, size, frames, WHITE_8);
    picture.strip(38);
    describe(sheet, &picture, 3, 8);
    sheet.keep((0x0028, 0x0004), "CS", "RGB", Category::Dicom);
    sheet.bytes((0x0028, 0x0006), "US", vec![0, 0]);
    sheet.bytes((0x0028, 0x0103), "US", vec![0, 0]);
    burn(sheet, making, &mut picture, text);
    sheet.bytes((0x7FE0, 0x0010), "OW", picture.rgb());
}

fn describe(sheet: &mut Sheet, picture: &Picture, samples: u16, bits: u16) {
    sheet.short((0x0028, 0x0002), samples);
    if picture.frames > 1 {
        sheet.keep((0x0028, 0x0008), "IS", &picture.frames.to_string(), Category::Dicom);
    }
    sheet.short((0x0028, 0x0010), picture.rows as u16);
    sheet.short((0x0028, 0x0011), picture.columns as u16);
    sheet.short((0x0028, 0x0100), bits);
    let used = if bits == 16 { 12 } else { 8 };
    sheet.short((0x0028, 0x0101), used);
    sheet.short((0x0028, 0x0102), used - 1);
}

/// Writes text from the upper left downwards, and asks for it to be hidden; without text asks for the same
/// bytes.
fn burn(sheet: &mut Sheet, making: &mut Making, picture: &mut Picture, text: &[String]) {
    if text.is_empty() {
        return sheet.ask(Action::PixelsRetained, (0x7FE0, 0x0010), "", Category::Practice);
    }
    let left = 4 + making.random.below(6);
    for (line, text) in text.iter().enumerate() {
        let top = 3 + line * 9;
        if let Some(region) = picture.write(text, (left, top), 1) {
            sheet.hidden(text, region);
        }
    }
}
