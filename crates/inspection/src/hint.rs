//! What kind of defect a difference is, from the shapes around it.
//!
//! A difference either adds copper or takes it away. Added copper that touches no copper of the template
//! stands alone, that touches one piece is a spur, that touches several is a short. Missing copper
//! without board around it is a pinhole; when the copper around falls into more pieces than before, it is
//! an open, else a mousebite.

use crate::components::{Component, components};
use crate::draft::Copper;
use crate::envelope::Plane;
use crate::labels::DefectKind;

/// How far around a difference the shapes are looked at, in pixels.
const MARGIN_PX: usize = 8;
/// Least size of a piece of copper that counts, in pixels.
const MIN_PIECE_PX: usize = 12;

/// Copper masks of both images, in row order.
pub struct Scene {
    width: usize,
    height: usize,
    test: Vec<bool>,
    template: Vec<bool>,
}

impl Scene {
    /// Cuts both images at Otsu's threshold of the template.
    #[must_use]
    pub fn new(test: &Plane, template: &Plane, copper: Copper) -> Self {
        let (threshold, ..) = template.otsu();
        let bright = template.values.iter().filter(|&&v| v > threshold).count();
        let copper_is_bright = match copper {
            Copper::Bright => true,
            Copper::Dark => false,
            Copper::Auto => 2 * bright <= template.values.len(),
        };
        let cut = |plane: &Plane| plane.values.iter().map(|&v| (v > threshold) == copper_is_bright).collect();
        Self { width: test.width, height: test.height, test: cut(test), template: cut(template) }
    }

    /// The parts of both masks within `MARGIN_PX` of a blob, and the blob itself in the same frame.
    fn window(&self, blob: &Component) -> Window {
        let (left, top) = (blob.left.saturating_sub(MARGIN_PX), blob.top.saturating_sub(MARGIN_PX));
        let right = (blob.right + MARGIN_PX).min(self.width);
        let bottom = (blob.bottom + MARGIN_PX).min(self.height);
        let cut = |mask: &[bool]| {
            (top..bottom).flat_map(|y| mask[y * self.width + left..y * self.width + right].to_vec()).collect()
        };
        let width = right - left;
        let mut own = vec![false; width * (bottom - top)];
        for &pixel in &blob.pixels {
            own[(pixel / self.width - top) * width + pixel % self.width - left] = true;
        }
        Window { width, test: cut(&self.test), template: cut(&self.template), own }
    }
}

struct Window {
    width: usize,
    test: Vec<bool>,
    template: Vec<bool>,
    own: Vec<bool>,
}

/// The kind that the shapes around `blob` suggest; `tolerance` as in the comparison, in pixels.
#[must_use]
pub fn kind(blob: &Component, scene: &Scene, tolerance: usize) -> DefectKind {
    let window = scene.window(blob);
    let differing = |wanted: bool| {
        let pixels = window.own.iter().zip(&window.test).zip(&window.template);
        pixels.filter(|((own, test), template)| **own && test != template && **test == wanted).count()
    };
    let (added, removed) = (differing(true), differing(false));
    if added >= removed { added_kind(&window, tolerance) } else { removed_kind(&window, tolerance) }
}

fn added_kind(window: &Window, tolerance: usize) -> DefectKind {
    let near = window.near(true, tolerance + 1);
    let pieces = pieces(&window.template, window.width);
    let touched = pieces.iter().filter(|piece| piece.pixels.iter().any(|&p| near[p])).count();
    match touched {
        0 => DefectKind::SpuriousCopper,
        1 => DefectKind::Spur,
        _ => DefectKind::Short,
    }
}

fn removed_kind(window: &Window, tolerance: usize) -> DefectKind {
    let near = window.near(false, tolerance + 1);
    let at_edge = near.iter().zip(&window.template).any(|(&near, &copper)| near && !copper);
    if !at_edge {
        return DefectKind::Pinhole;
    }
    let before = pieces(&window.template, window.width).len();
    let after = pieces(&window.test, window.width).len();
    if after > before { DefectKind::Open } else { DefectKind::Mousebite }
}

impl Window {
    /// Pixels within `radius` of those of the blob that became copper (`added`) or lost it.
    fn near(&self, added: bool, radius: usize) -> Vec<bool> {
        let changed = self.own.iter().zip(&self.test).zip(&self.template);
        let values =
            changed.map(|((own, test), template)| u8::from(*own && test != template && *test == added));
        let plane =
            Plane { width: self.width, height: self.own.len() / self.width, values: values.collect() };
        plane.dilate(radius).values.iter().map(|&v| v > 0).collect()
    }
}

fn pieces(mask: &[bool], width: usize) -> Vec<Component> {
    components(mask, width).into_iter().filter(|piece| piece.pixels.len() >= MIN_PIECE_PX).collect()
}
