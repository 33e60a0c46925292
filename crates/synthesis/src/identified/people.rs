//! Made-up people, places and numbers. Telephone numbers are of the range kept for fiction, social security
//! numbers of a range that is never given out.

use crate::random::Random;

const FAMILY: [&str; 24] = [
    "Abernathy",
    "Balakrishnan",
    "Castellanos",
    "Dumitrescu",
    "Eriksen",
    "Farquharson",
    "Grünwald",
    "Hernández",
    "Ivanovic",
    "Jankowski",
    "Kowalczyk",
    "Lindqvist",
    "Marchetti",
    "Nakagawa",
    "O'Shaughnessy",
    "Papadopoulos",
    "Quintanilla",
    "Rasmussen",
    "Szymanski",
    "Thistlewood",
    "Underhill",
    "Vandermeer",
    "Young",
    "Stone",
];
const GIVEN: [&str; 20] = [
    "Adelheid",
    "Bartholomew",
    "Cordelia",
    "Dragan",
    "Esperanza",
    "Florian",
    "Gwendolyn",
    "Hildegard",
    "Ignacio",
    "Josephine",
    "Kazimir",
    "Leopold",
    "Marguerite",
    "Nathaniel",
    "Ottoline",
    "Persephone",
    "Rosalind",
    "Sebastián",
    "Theodora",
    "Wilhelmina",
];
const STREETS: [&str; 8] = [
    "Larkspur Terrace",
    "Old Quarry Road",
    "Willowbrook Lane",
    "Harbourview Crescent",
    "Juniper Hollow Drive",
    "Saltmarsh Avenue",
    "Copperfield Street",
    "Tannery Row",
];
const TOWNS: [&str; 6] =
    ["Brackenridge", "Elmsworth", "Fairhollow", "Kestrelton", "Northwick Falls", "Wexcombe"];
const HOSPITALS: [&str; 6] = [
    "Saint Aldhelm Medical Center",
    "Kestrelton County Hospital",
    "Larchmont Imaging Associates",
    "Fairhollow University Clinic",
    "Wexcombe Memorial Hospital",
    "Northwick Falls Radiology",
];

/// A name in two parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// Given name.
    pub given: &'static str,
    /// Family name.
    pub family: &'static str,
}

impl Name {
    /// Draws one.
    pub fn draw(random: &mut Random) -> Self {
        Self { given: random.pick(&GIVEN), family: random.pick(&FAMILY) }
    }

    /// As a PN value.
    pub fn dicom(self) -> String {
        format!("{}^{}", self.family, self.given)
    }

    /// As people write it.
    pub fn spoken(self) -> String {
        format!("{} {}", self.given, self.family)
    }
}

/// Everything that identifies one patient.
#[derive(Debug, Clone)]
pub struct Person {
    /// Name.
    pub name: Name,
    /// Somebody else who is named in their file.
    pub relative: Name,
    /// Medical record number.
    pub id: String,
    /// Social security number.
    pub social: String,
    /// `M` or `F`.
    pub sex: &'static str,
    /// Birth date, year, month, day.
    pub born: (usize, usize, usize),
    /// Age in years at the study.
    pub age: usize,
    /// Address in one line.
    pub address: String,
    /// Telephone number.
    pub phone: String,
    /// Electronic mail.
    pub mail: String,
    /// Height, metres.
    pub height: String,
    /// Weight, kilograms.
    pub weight: String,
}

/// Where and by whom a study was made.
#[derive(Debug, Clone)]
pub struct Visit {
    /// Hospital.
    pub hospital: &'static str,
    /// Its address.
    pub address: String,
    /// Referring physician.
    pub referrer: Name,
    /// Who worked the scanner.
    pub operator: Name,
    /// A physician who stands in no attribute for names.
    pub colleague: Name,
    /// Accession number.
    pub accession: String,
    /// Study ID.
    pub study_id: String,
    /// Serial number of the device.
    pub serial: String,
    /// Station name.
    pub station: String,
    /// Year, month and day of the study.
    pub date: (usize, usize, usize),
}

fn digits(random: &mut Random, count: usize) -> String {
    (0..count).map(|_| char::from(b'0' + random.below(10) as u8)).collect()
}

fn phone(random: &mut Random) -> String {
    let line = digits(random, 2);
    match random.below(3) {
        0 => format!("(212) 555-01{line}"),
        1 => format!("212-555-01{line}"),
        _ => format!("+1 212 555 01{line}"),
    }
}

fn address(random: &mut Random) -> String {
    let number = 10 + random.below(980);
    let postal = digits(random, 3);
    format!("{number} {}, {} 99{postal}", random.pick(&STREETS), random.pick(&TOWNS))
}

impl Person {
    /// Draws a patient; `study_year` is the year of their study.
    pub fn draw(random: &mut Random, study_year: usize) -> Self {
        let name = Name::draw(random);
        // Ninety itself is what all above it may be given as.
        let age = if random.chance(0.2) { 91 + random.below(10) } else { 19 + random.below(70) };
        let born = (study_year - age, 1 + random.below(12), 1 + random.below(28));
        let serial = digits(random, 7);
        let social = format!("9{}-{}-{}", digits(random, 2), digits(random, 2), digits(random, 4));
        Self {
            relative: Name::draw(random),
            id: if random.chance(0.5) { format!("MRN{serial}") } else { serial },
            social,
            sex: random.pick(&["F", "M"]),
            born,
            age,
            address: address(random),
            phone: phone(random),
            mail: format!("{}.{}@example.org", name.given, name.family).to_lowercase(),
            height: format!("1.{}", 50 + random.below(45)),
            weight: format!("{}", 48 + random.below(60)),
            name,
        }
    }
}

impl Visit {
    /// Draws a visit in a year.
    pub fn draw(random: &mut Random, year: usize) -> Self {
        Self {
            hospital: random.pick(&HOSPITALS),
            address: address(random),
            referrer: Name::draw(random),
            operator: Name::draw(random),
            colleague: Name::draw(random),
            accession: format!("ACC{}", digits(random, 8)),
            study_id: format!("ST{}", digits(random, 6)),
            serial: format!("SN-{}-{}", digits(random, 4), digits(random, 5)),
            station: format!("ROOM{}CT{}", digits(random, 1), digits(random, 3)),
            date: (year, 1 + random.below(12), 1 + random.below(28)),
        }
    }
}

/// A date as DA.
pub fn da((year, month, day): (usize, usize, usize)) -> String {
    format!("{year:04}{month:02}{day:02}")
}

/// A date as people write it in text.
pub fn written(random: &mut Random, (year, month, day): (usize, usize, usize)) -> String {
    match random.below(4) {
        0 => format!("{month:02}/{day:02}/{year}"),
        1 => format!("{year}-{month:02}-{day:02}"),
        2 => format!("{day:02}.{month:02}.{year}"),
        _ => format!("{year:04}{month:02}{day:02}"),
    }
}
