//! A CT study of a made-up thorax: DICOM files that look like a contrast-enhanced chest CT, and the truth
//! about the lesions in it; and a made-up [`head`].
//!
//! The identifying attributes are filled with obviously made-up values, so that de-identification has
//! something to remove.

mod anatomy;
mod bones;
mod dicom;
pub mod head;
mod lesions;
mod organs;
mod slice;
mod tree;

use crate::random::Random;
use anatomy::Anatomy;
use dicom::Elements;
pub use lesions::{Place, TruthLesion};

/// SOP class "CT Image Storage".
const CT_IMAGE_STORAGE: &str = "1.2.840.10008.5.1.4.1.1.2";
/// Width of the reconstructed field, in millimetres.
pub const FIELD_MM: f64 = 364.0;
/// Intercept of the rescale: stored value 0 is this many Hounsfield units.
pub const INTERCEPT_HU: f64 = -1024.0;
/// Largest stored value (12 bits).
const MAX_STORED: f32 = 4095.0;

/// How a study is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Rows and columns of a slice, 64 to 1024.
    pub size_px: usize,
    /// Number of slices, 1 to 200.
    pub slices: usize,
    /// Distance of the slices and their thickness, in millimetres.
    pub thickness_mm: f64,
    /// Standard deviation of the noise, in Hounsfield units.
    pub noise_hu: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { size_px: 320, slices: 40, thickness_mm: 2.5, noise_hu: 13.0 }
    }
}

/// One file of the study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntheticInstance {
    /// File name as a scanner would give it.
    pub file_name: String,
    /// The DICOM file.
    pub bytes: Vec<u8>,
}

/// A study and what is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticStudy {
    /// One file per slice, from head to foot.
    pub instances: Vec<SyntheticInstance>,
    /// The lesions that were drawn.
    pub lesions: Vec<TruthLesion>,
    /// Distance between rows and between columns, in millimetres.
    pub spacing_mm: f64,
    /// Patient coordinates (LPS, mm) of the middle of the first pixel of each slice, in file order.
    pub origins_mm: Vec<[f64; 3]>,
}

/// Makes a study; the same seed and options give the same bytes.
#[must_use]
pub fn ct_study(seed: u64, options: &Options) -> SyntheticStudy {
    let size = options.size_px.clamp(64, 1024);
    let slices = options.slices.clamp(1, 200);
    let thickness = options.thickness_mm.clamp(0.5, 20.0);
    let spacing = FIELD_MM / size as f64;
    let height = thickness * slices as f64;
    let anatomy = Anatomy::new(&mut Random::new(seed, 0x6374), height);
    let header = Header::new(&mut Random::new(seed, 0x6864), size, spacing, thickness);
    let mut instances = Vec::with_capacity(slices);
    let mut origins_mm = Vec::with_capacity(slices);
    for index in 0..slices {
        // Patient z grows towards the head; the first file is the uppermost slice.
        let z = height / 2.0 - thickness * (index as f64 + 0.5);
        let mut noise = Random::new(seed, 0x6e6f_0000 + index as u64);
        let values = anatomy.slice(size, spacing, z).finish(&mut noise, options.noise_hu);
        let first = (spacing - FIELD_MM) / 2.0;
        let origin = [first, first + anatomy.table_offset_mm(), z];
        origins_mm.push(origin);
        let bytes = header.file(index, origin, &stored(&values));
        instances.push(SyntheticInstance { file_name: format!("IM{:04}.dcm", index + 1), bytes });
    }
    let mut lesions = anatomy.truth();
    for lesion in &mut lesions {
        lesion.centre_mm[1] += anatomy.table_offset_mm();
    }
    SyntheticStudy { instances, lesions, spacing_mm: spacing, origins_mm }
}

/// Hounsfield units to 12-bit stored values, little endian.
fn stored(values: &[f32]) -> Vec<u8> {
    let stored = |hu: &f32| (hu - INTERCEPT_HU as f32).round().clamp(0.0, MAX_STORED) as u16;
    values.iter().flat_map(|hu| stored(hu).to_le_bytes()).collect()
}

/// What all files of a study share.
struct Header {
    study: String,
    series: String,
    frame_of_reference: String,
    instance_root: u128,
    patient: &'static str,
    patient_id: String,
    accession: String,
    birth_date: String,
    date: String,
    sex: &'static str,
    age: String,
    size: usize,
    spacing: f64,
    thickness: f64,
    kvp: f64,
    current_ma: f64,
    ctdi_mgy: f64,
}

/// Names that nobody could take for a person's.
const NAMES: [&str; 8] = [
    "PHANTOM^ADA",
    "TESTCASE^BORIS",
    "SYNTHETIC^CORA",
    "NOBODY^DELTA",
    "MODEL^ELIAS",
    "DUMMY^FAYE",
    "EXAMPLE^GUS",
    "PLACEHOLDER^HANA",
];

impl Header {
    fn new(random: &mut Random, size: usize, spacing: f64, thickness: f64) -> Self {
        let mut uid = || u128::from(random.bits()) << 64 | u128::from(random.bits());
        let (study, series, frame, instance_root) = (uid(), uid(), uid(), uid() >> 16 << 16);
        let year = 2021 + random.below(4);
        let born = 1938 + random.below(45);
        let date = |random: &mut Random, year: usize| {
            format!("{year}{:02}{:02}", 1 + random.below(12), 1 + random.below(28))
        };
        Self {
            study: format!("2.25.{study}"),
            series: format!("2.25.{series}"),
            frame_of_reference: format!("2.25.{frame}"),
            instance_root,
            patient: random.pick(&NAMES),
            patient_id: format!("SYN-{:06}", random.below(1_000_000)),
            accession: format!("A{:08}", random.below(100_000_000)),
            birth_date: date(random, born),
            date: date(random, year),
            sex: random.pick(&["F", "M"]),
            age: format!("{:03}Y", year - born - 1),
            size,
            spacing,
            thickness,
            kvp: random.pick(&[100.0, 120.0]),
            current_ma: random.range(120.0, 320.0).round(),
            ctdi_mgy: (random.range(4.0, 11.0) * 100.0).round() / 100.0,
        }
    }

    fn file(&self, index: usize, origin: [f64; 3], pixels: &[u8]) -> Vec<u8> {
        let instance = format!("2.25.{}", self.instance_root + index as u128);
        let mut e = Elements::default();
        self.identity(&mut e, &instance, index);
        self.acquisition(&mut e);
        self.geometry(&mut e, index, origin);
        e.element((0x7fe0, 0x0010), "OW", pixels);
        // Some scanners leave text in the preamble; the gate must blank it.
        e.into_file(b"SYNTHETIC SCANNER PREAMBLE - TO BE BLANKED", CT_IMAGE_STORAGE, &instance)
    }

    fn identity(&self, e: &mut Elements, instance: &str, index: usize) {
        let time = format!("0914{:02}.{:06}", index % 60, index * 1000);
        e.text((0x0008, 0x0005), "CS", "ISO_IR 192")
            .text((0x0008, 0x0008), "CS", "ORIGINAL\\PRIMARY\\AXIAL")
            .text((0x0008, 0x0016), "UI", CT_IMAGE_STORAGE)
            .text((0x0008, 0x0018), "UI", instance)
            .text((0x0008, 0x0020), "DA", &self.date)
            .text((0x0008, 0x0021), "DA", &self.date)
            .text((0x0008, 0x0022), "DA", &self.date)
            .text((0x0008, 0x0023), "DA", &self.date)
            .text((0x0008, 0x0030), "TM", "091200")
            .text((0x0008, 0x0031), "TM", "091330")
            .text((0x0008, 0x0032), "TM", &time)
            .text((0x0008, 0x0033), "TM", &time)
            .text((0x0008, 0x0050), "SH", &self.accession)
            .text((0x0008, 0x0060), "CS", "CT")
            .text((0x0008, 0x0070), "LO", "SYNTHETIC SCANNERS")
            .text((0x0008, 0x0080), "LO", "Synthetic General Hospital")
            .text((0x0008, 0x0081), "ST", "1 Nowhere Lane, Exampleton")
            .text((0x0008, 0x0090), "PN", "REFERRER^MADE^UP")
            .text((0x0008, 0x1010), "SH", "SYNCT01")
            .text((0x0008, 0x1030), "LO", "CT chest with contrast (synthetic)")
            .text((0x0008, 0x103e), "LO", "Thorax 2.5 mm soft")
            .text((0x0008, 0x1070), "PN", "OPERATOR^MADE^UP")
            .text((0x0008, 0x1090), "LO", "Phantom 64")
            .text((0x0009, 0x0010), "LO", "SYNTHETIC PRIVATE 1.0")
            .text((0x0009, 0x1001), "LO", &format!("{} {}", self.patient, self.patient_id))
            .text((0x0009, 0x1002), "LO", "private protocol 7")
            .text((0x0010, 0x0010), "PN", self.patient)
            .text((0x0010, 0x0020), "LO", &self.patient_id)
            .text((0x0010, 0x0030), "DA", &self.birth_date)
            .text((0x0010, 0x0040), "CS", self.sex)
            .text((0x0010, 0x1010), "AS", &self.age)
            .decimals((0x0010, 0x1030), &[74.0])
            .text((0x0010, 0x1040), "LO", "1 Nowhere Lane, Exampleton")
            .text((0x0010, 0x2154), "SH", "+00 000 000000")
            .text((0x0010, 0x4000), "LT", "Made-up patient; nobody has these values");
    }

    fn acquisition(&self, e: &mut Elements) {
        let seconds = 0.5;
        let exposure = self.current_ma * seconds;
        let whole = |value: f64| format!("{}", value.round());
        e.text((0x0018, 0x0010), "LO", "Contrast, venous phase")
            .text((0x0018, 0x0015), "CS", "CHEST")
            .decimals((0x0018, 0x0050), &[self.thickness])
            .decimals((0x0018, 0x0060), &[self.kvp])
            .decimals((0x0018, 0x0088), &[self.thickness])
            .text((0x0018, 0x1000), "LO", "SN-SYN-4711")
            .text((0x0018, 0x1020), "LO", "synth 1.0")
            .text((0x0018, 0x1030), "LO", "Chest routine")
            .decimals((0x0018, 0x1100), &[FIELD_MM])
            .text((0x0018, 0x1150), "IS", &whole(seconds * 1000.0))
            .text((0x0018, 0x1151), "IS", &whole(self.current_ma))
            .text((0x0018, 0x1152), "IS", &whole(exposure))
            .text((0x0018, 0x1153), "IS", &whole(exposure * 1000.0))
            .text((0x0018, 0x1210), "SH", "SOFT")
            .text((0x0018, 0x5100), "CS", "HFS")
            .double((0x0018, 0x9345), self.ctdi_mgy);
    }

    fn geometry(&self, e: &mut Elements, index: usize, origin: [f64; 3]) {
        e.text((0x0020, 0x000d), "UI", &self.study)
            .text((0x0020, 0x000e), "UI", &self.series)
            .text((0x0020, 0x0010), "SH", "1")
            .text((0x0020, 0x0011), "IS", "2")
            .text((0x0020, 0x0012), "IS", "1")
            .text((0x0020, 0x0013), "IS", &(index + 1).to_string())
            .decimals((0x0020, 0x0032), &origin)
            .decimals((0x0020, 0x0037), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0])
            .text((0x0020, 0x0052), "UI", &self.frame_of_reference)
            .text((0x0020, 0x1040), "LO", "")
            .decimals((0x0020, 0x1041), &[origin[2]])
            .short((0x0028, 0x0002), 1)
            .text((0x0028, 0x0004), "CS", "MONOCHROME2")
            .short((0x0028, 0x0010), self.size as u16)
            .short((0x0028, 0x0011), self.size as u16)
            .decimals((0x0028, 0x0030), &[self.spacing, self.spacing])
            .short((0x0028, 0x0100), 16)
            .short((0x0028, 0x0101), 12)
            .short((0x0028, 0x0102), 11)
            .short((0x0028, 0x0103), 0)
            .text((0x0028, 0x0301), "CS", "NO")
            .decimals((0x0028, 0x1050), &[40.0, -600.0])
            .decimals((0x0028, 0x1051), &[400.0, 1500.0])
            .decimals((0x0028, 0x1052), &[INTERCEPT_HU])
            .decimals((0x0028, 0x1053), &[1.0])
            .text((0x0028, 0x1054), "LO", "HU")
            .text((0x0028, 0x1055), "LO", "SOFT TISSUE\\LUNG");
    }
}
