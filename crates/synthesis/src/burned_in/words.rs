//! What stands in pictures: names, numbers, dates, institutions, settings. All of it made up.

use crate::random::Random;

const FAMILY: &[&str] = &[
    "Abaza",
    "Bergström",
    "Castaño",
    "Duval",
    "Eriksen",
    "Fernández",
    "Grünwald",
    "Hagen",
    "Ivanova",
    "Järvinen",
    "Kowalczyk",
    "Lefèvre",
    "Müller",
    "Nguyen",
    "Olsen",
    "Peña",
    "Quist",
    "Rößler",
    "Santos",
    "Ümit",
    "Vance",
    "Wójcik",
    "Ximenes",
    "Yilmaz",
    "Zuñiga",
    "O'Hara",
    "van der Meer",
    "Smith-Jones",
];
const GIVEN: &[&str] = &[
    "Anna", "Björn", "Chloé", "Dieter", "Éva", "Finn", "Gül", "Hélène", "Ines", "José", "Kim", "Lars",
    "María", "Noah", "Olga", "Pál", "Rita", "Søren", "Tim", "Ute", "Vera", "Will", "Yann", "Zoé",
];
const INSTITUTION: &[&str] = &[
    "St. Elsewhere Hospital",
    "Universitätsklinikum Neustadt",
    "Hôpital du Lac",
    "Mercy General",
    "County Medical Center",
    "Clínica San Telmo",
    "Praxis Dr. Sommer",
    "RADIOLOGY DEPT",
    "NORTH WING CT 2",
];
const SETTING: &[&str] =
    &["kV 120", "mAs 210", "TI 0.4", "MI 1.1", "Gain 62", "W:350 L:40", "FoV 24 cm", "TE:"];
const SHORT: &[&str] = &["ID", "M", "F", "Dr", "DOB", "No.", "L", "R", "AP", "SUP", "47Y", "R2", "H", "7"];
const FORMS: usize = 9;

/// One string, 1 to about 40 characters; letters, digits, accents and punctuation of Latin-1 and a few more.
pub(super) fn string(random: &mut Random) -> String {
    let text = match random.below(FORMS + 4) {
        0 | 1 => format!("{}, {}", random.pick(FAMILY), random.pick(GIVEN)),
        2 => format!("{}^{}", random.pick(FAMILY), random.pick(GIVEN)),
        3 => format!("{} {}", random.pick(GIVEN), random.pick(FAMILY)),
        4 => random.pick(INSTITUTION).to_owned(),
        5 | 6 => number(random),
        7 | 8 => date(random),
        9 => {
            format!("{} {} {}", random.pick(FAMILY), date(random), number(random))
        }
        10 => format!("{:02}:{:02}:{:02}", random.below(24), random.below(60), random.below(60)),
        11 => random.pick(SETTING).to_owned(),
        _ => random.pick(SHORT).to_owned(),
    };
    match random.below(4) {
        0 => text.to_uppercase(),
        _ => text,
    }
}

fn number(random: &mut Random) -> String {
    let digits = 4 + random.below(6);
    let tail: String = (0..digits).map(|_| char::from(b'0' + random.below(10) as u8)).collect();
    match random.below(4) {
        0 => format!("ID: {tail}"),
        1 => format!("MRN{tail}"),
        2 => format!("#{tail}"),
        _ => tail,
    }
}

fn date(random: &mut Random) -> String {
    const MONTHS: &[&str] =
        &["Jan", "FEB", "März", "Apr", "May", "JUN", "Juli", "Aug", "SEP", "Oct", "Nov", "Déc"];
    let (day, month) = (1 + random.below(28), 1 + random.below(12));
    let year = 1928 + random.below(98);
    match random.below(5) {
        0 => format!("{day:02}.{month:02}.{year}"),
        1 => format!("{year}-{month:02}-{day:02}"),
        2 => format!("{month:02}/{day:02}/{:02}", year % 100),
        3 => format!("{day} {} {year}", random.pick(MONTHS)),
        _ => format!("{year}{month:02}{day:02}"),
    }
}
