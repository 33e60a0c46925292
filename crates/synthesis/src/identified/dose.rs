//! A radiation dose report: a tree of names, codes, numbers, times and words.

use super::{
    key::{Action, Category},
    modules::Making,
    people::da,
    sheet::Sheet,
};

/// The content of the report.
pub fn report(sheet: &mut Sheet, making: &mut Making) {
    let (visit, person, uids) = (making.visit, making.person, making.uids);
    let date = da(visit.date);
    sheet.text((0x0040, 0xA040), "CS", "CONTAINER");
    sheet.item((0x0040, 0xA043), |item| code(item, "113701", "X-Ray Radiation Dose Report"));
    sheet.text((0x0040, 0xA491), "CS", "COMPLETE");
    content(sheet, "PNAME", ("121008", "Person Observer Name"), |item| {
        item.gone((0x0040, 0xA123), "PN", &visit.operator.dicom());
    });
    content(sheet, "UIDREF", ("113769", "Irradiation Event UID"), |item| {
        item.uid((0x0040, 0xA124), &uids.other);
    });
    content(sheet, "DATETIME", ("113809", "Start of X-Ray Irradiation"), |item| {
        item.date((0x0040, 0xA120), "DT", &format!("{date}091422"));
    });
    for (number, meaning, value, unit) in
        [("113830", "Mean CTDIvol", "7.25", "mGy"), ("113838", "DLP", "318.4", "mGy.cm")]
    {
        content(sheet, "NUM", (number, meaning), |item| {
            item.item((0x0040, 0xA300), |item| {
                item.item((0x0040, 0x08EA), |item| code(item, unit, unit));
                item.keep((0x0040, 0xA30A), "DS", value, Category::Dicom);
            });
        });
    }
    content(sheet, "CODE", ("123014", "Target Region"), |item| {
        item.item((0x0040, 0xA168), |item| {
            code(item, "T-D3000", "Chest");
            item.ask(Action::TextRetained, (0x0008, 0x0104), "Chest", Category::Dicom);
        });
    });
    content(sheet, "TEXT", ("121106", "Comment"), |item| {
        let text = format!("Dose for {} ({}) checked", person.name.spoken(), person.id);
        item.text((0x0040, 0xA160), "UT", &text);
        item.ask(Action::TextRemoved, (0x0040, 0xA160), &person.name.spoken(), Category::Hipaa);
        item.ask(Action::TextRemoved, (0x0040, 0xA160), &person.id, Category::Hipaa);
    });
}

fn content(sheet: &mut Sheet, kind: &str, name: (&str, &str), fill: impl FnOnce(&mut Sheet)) {
    sheet.item((0x0040, 0xA730), |item| {
        item.text((0x0040, 0xA010), "CS", "CONTAINS");
        item.text((0x0040, 0xA040), "CS", kind);
        item.item((0x0040, 0xA043), |item| code(item, name.0, name.1));
        fill(item);
    });
}

fn code(sheet: &mut Sheet, value: &str, meaning: &str) {
    sheet.text((0x0008, 0x0100), "SH", value);
    sheet.text((0x0008, 0x0102), "SH", if value.contains("Gy") { "UCUM" } else { "DCM" });
    sheet.text((0x0008, 0x0104), "LO", meaning);
}
