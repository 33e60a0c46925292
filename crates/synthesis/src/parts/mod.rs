//! Pictures of bare circuit boards: a template, a test picture with defects, and where they are.

mod defects;
mod layout;
mod picture;

use countersign_inspection::labels::write_labels;
use countersign_inspection::{DefectKind, DefectLabel};

use crate::random::Random;
use layout::Layout;

/// Most defects on one part.
const MAX_DEFECTS: usize = 6;
/// Share of the parts without defect.
const CLEAN_SHARE: f64 = 0.15;

/// How the parts of a lot are made.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Width and height of the pictures, in pixels; at least 160.
    pub side_px: u32,
    /// Name of the lot: the folder of its files.
    pub lot: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { side_px: 640, lot: "lot-0417".to_owned() }
    }
}

/// One part.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticPart {
    /// Its name within the lot.
    pub stem: String,
    /// The lot it belongs to.
    pub lot: String,
    /// The picture of the part, JPEG.
    pub test: Vec<u8>,
    /// The picture of how it should look, JPEG.
    pub template: Vec<u8>,
    /// The defects that were drawn, in pixels of the test picture.
    pub truth: Vec<DefectLabel>,
}

impl SyntheticPart {
    /// The part as files that the ordinary intake takes: relative path and bytes. With `labels`, the truth
    /// is one of them.
    #[must_use]
    pub fn files(&self, labels: bool) -> Vec<(String, Vec<u8>)> {
        let path = |ending: &str| format!("{}/{}{ending}", self.lot, self.stem);
        let mut files =
            vec![(path("_test.jpg"), self.test.clone()), (path("_temp.jpg"), self.template.clone())];
        if labels {
            files.push((path(".txt"), write_labels(&self.truth).into_bytes()));
        }
        files
    }
}

/// Makes `count` parts of one lot, each a view of its own; the same seed gives the same bytes.
#[must_use]
pub fn lot(seed: u64, count: usize, options: &Options) -> Vec<SyntheticPart> {
    (0..count).map(|index| part(seed, index, options)).collect()
}

fn part(seed: u64, index: usize, options: &Options) -> SyntheticPart {
    let mut random = Random::new(seed, 0x7061_7274_0000 + index as u64);
    let side = options.side_px.max(160) as usize;
    let layout = Layout::new(&mut random, side as f64);
    let copper = layout.copper(side);
    let wanted = if random.chance(CLEAN_SHARE) { 0 } else { 1 + random.below(MAX_DEFECTS) };
    let mut damaged = copper.clone();
    let mut truth: Vec<DefectLabel> = Vec::new();
    let first_kind = random.below(DefectKind::ALL.len());
    for number in 0..wanted {
        let kind = DefectKind::ALL[(first_kind + number) % DefectKind::ALL.len()];
        if let Some(label) = defects::add(&mut random, kind, &layout, &mut damaged, &truth) {
            truth.push(label);
        }
    }
    let texture = picture::Texture::new(layout.seed, side);
    let template = picture::render(&mut random, &copper, &layout, &texture, &picture::Light::reference());
    let light = picture::Light::random(&mut random);
    for label in &mut truth {
        light.shift_label(label, side as f64);
    }
    let test = picture::render(&mut random, &damaged, &layout, &texture, &light);
    SyntheticPart {
        stem: format!("{:08}", 41_700_000 + index),
        lot: options.lot.clone(),
        test,
        template,
        truth,
    }
}
