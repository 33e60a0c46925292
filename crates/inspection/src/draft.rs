//! A first draft of the defects of a part by comparison with its template.
//!
//! Steps: the template is laid on the test image ([`crate::register`]); slow differences in light are
//! taken out; a pixel differs when its value lies outside the range that the other image shows within a
//! few pixels, in either direction; differing pixels are grown back to their true extent, joined and
//! measured. All steps are linear in the number of pixels.

use image::GrayImage;

use crate::components::{Component, components};
use crate::envelope::Plane;
use crate::hint::{self, Scene};
use crate::labels::DefectKind;
use crate::register::{Warped, warp_template};

/// Name that drafts of [`template_difference`] carry.
pub const MODEL_NAME: &str = "template-difference";
/// Version that drafts of [`template_difference`] carry; changes with every change of its results.
pub const MODEL_VERSION: &str = "1.0.0";

/// Most drafts for one image; beyond it the ones with the lowest score are dropped.
pub const MAX_DRAFTS: usize = 500;
/// Least contrast between copper and board that counts, in grey values: below it the images show nothing.
const MIN_CONTRAST: f64 = 12.0;
/// Radius of the light estimate, in pixels.
const LIGHT_RADIUS_PX: usize = 40;
/// Grey values added to both light estimates, so that dark areas keep a ratio near one.
const LIGHT_FLOOR: f32 = 24.0;
/// Largest factor by which light is corrected.
const LIGHT_MAX_GAIN: f32 = 2.0;
/// Area at which the area part of the score reaches 1 - 1/e, in pixels.
const SCORE_AREA_PX: f64 = 40.0;

/// Which of the two materials is copper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Copper {
    /// The material that covers the smaller part of the template.
    #[default]
    Auto,
    /// Dark on a bright board, as in a back-lit or inverted image.
    Dark,
    /// Bright on a dark board.
    Bright,
}

/// Settings of [`template_difference`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// How far an edge may lie beside its place, in pixels.
    pub tolerance_px: usize,
    /// Share of the contrast between copper and board by which a pixel must differ, 0 to 1.
    pub min_difference: f64,
    /// Least number of differing pixels of a defect.
    pub min_area_px: usize,
    /// Defects whose boxes are nearer than this become one, in pixels.
    pub merge_gap_px: usize,
    /// How far around a difference its true extent is looked for, in pixels.
    pub grow_px: usize,
    /// Margin that is added to each side of a box, in pixels.
    pub padding_px: usize,
    /// Least side of a box, in pixels.
    pub min_box_px: usize,
    /// Which material is copper; used for the kind only.
    pub copper: Copper,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            tolerance_px: 2,
            min_difference: 0.45,
            min_area_px: 8,
            merge_gap_px: 6,
            grow_px: 4,
            padding_px: 5,
            min_box_px: 26,
            copper: Copper::Auto,
        }
    }
}

/// A proposed defect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DraftDefect {
    /// Left edge of the box, in pixels of the test image.
    pub x: u32,
    /// Upper edge of the box, in pixels.
    pub y: u32,
    /// Width of the box, in pixels.
    pub width: u32,
    /// Height of the box, in pixels.
    pub height: u32,
    /// How sure the draft is, 0 to 1; a rank, not a probability.
    pub score: f64,
    /// Number of differing pixels.
    pub area_px: usize,
    /// What kind of defect the shapes around it suggest.
    pub kind: DefectKind,
}

/// Proposes defects of `test` by comparison with `template`, in order of their upper left corner.
///
/// The images may differ in size by a few pixels; a template without contrast gives no drafts.
#[must_use]
pub fn template_difference(test: &GrayImage, template: &GrayImage, params: &Params) -> Vec<DraftDefect> {
    if test.width() == 0 || test.height() == 0 || template.width() == 0 || template.height() == 0 {
        return Vec::new();
    }
    let Warped { image, covered } = warp_template(test, template);
    let template = plane(&image);
    let (_, dark, bright) = template.otsu();
    let contrast = bright - dark;
    if contrast < MIN_CONTRAST {
        return Vec::new();
    }
    let test = even_light(&plane(test), &template);
    let threshold = (contrast * params.min_difference).clamp(1.0, 255.0) as u8;
    let mut strength = tolerant_difference(&test, &template, params.tolerance_px);
    ignore_uncovered(&mut strength, &covered, params.tolerance_px);
    let seeds: Vec<bool> = strength.values.iter().map(|&v| v >= threshold).collect();
    let grown = grow(&seeds, &test, &template, threshold, params.grow_px);
    let blobs = components(&grown, test.width)
        .into_iter()
        .filter(|blob| blob.pixels.iter().filter(|&&p| seeds[p]).count() >= params.min_area_px)
        .collect();
    let scene = Scene::new(&test, &template, params.copper);
    let mut drafts: Vec<_> = merge(blobs, params.merge_gap_px)
        .into_iter()
        .map(|blob| describe(&blob, &strength, contrast, &scene, params))
        .collect();
    if drafts.len() > MAX_DRAFTS {
        drafts.sort_by(|a, b| b.score.total_cmp(&a.score));
        drafts.truncate(MAX_DRAFTS);
    }
    drafts.sort_by_key(|draft| (draft.y, draft.x));
    drafts
}

fn plane(image: &GrayImage) -> Plane {
    Plane { width: image.width() as usize, height: image.height() as usize, values: image.as_raw().clone() }
}

/// The test image under the light of the template: since both show the same board, the ratio of their
/// local means is the ratio of the light.
fn even_light(test: &Plane, template: &Plane) -> Plane {
    let (own, wanted) = (test.box_mean(LIGHT_RADIUS_PX), template.box_mean(LIGHT_RADIUS_PX));
    let values = test
        .values
        .iter()
        .zip(own.iter().zip(&wanted))
        .map(|(&value, (&own, &wanted))| {
            let gain = (wanted + LIGHT_FLOOR) / (own + LIGHT_FLOOR);
            let gain = gain.clamp(1.0 / LIGHT_MAX_GAIN, LIGHT_MAX_GAIN);
            (f32::from(value) * gain + 0.5) as u8
        })
        .collect();
    Plane { values, ..*test }
}

/// By how much each pixel of one image lies outside the range of the other within `tolerance` pixels,
/// the larger of both directions, in grey values.
fn tolerant_difference(test: &Plane, template: &Plane, tolerance: usize) -> Plane {
    let mut values = vec![0_u8; test.values.len()];
    for (own, other) in [(test, template), (template, test)] {
        let (low, high) = (other.erode(tolerance), other.dilate(tolerance));
        let range = low.values.iter().zip(&high.values);
        for ((out, &value), (&low, &high)) in values.iter_mut().zip(&own.values).zip(range) {
            let outside = value.saturating_sub(high).max(low.saturating_sub(value));
            *out = (*out).max(outside);
        }
    }
    Plane { values, ..*test }
}

/// Takes out the differences where the template shows nothing, and one tolerance around.
fn ignore_uncovered(strength: &mut Plane, covered: &[bool], tolerance: usize) {
    if covered.iter().all(|&covered| covered) {
        return;
    }
    let marks = Plane { values: covered.iter().map(|&covered| u8::from(covered)).collect(), ..*strength };
    for (value, &covered) in strength.values.iter_mut().zip(&marks.erode(tolerance).values) {
        *value *= covered;
    }
}

/// Adds the pixels that plainly differ and lie within `reach` of a seed.
fn grow(seeds: &[bool], test: &Plane, template: &Plane, threshold: u8, reach: usize) -> Vec<bool> {
    let marks = Plane { values: seeds.iter().map(|&seed| u8::from(seed)).collect(), ..*test };
    let near = marks.dilate(reach);
    let differs = test.values.iter().zip(&template.values).map(|(a, b)| a.abs_diff(*b) >= threshold);
    near.values
        .iter()
        .zip(differs)
        .zip(seeds)
        .map(|((&near, differs), &seed)| seed || near > 0 && differs)
        .collect()
}

/// Joins blobs whose boxes are nearer than `gap` pixels, until none are.
fn merge(mut blobs: Vec<Component>, gap: usize) -> Vec<Component> {
    let mut done: Vec<Component> = Vec::new();
    while let Some(mut blob) = blobs.pop() {
        if let Some(near) = done.iter().position(|other| touch(&blob, other, gap)) {
            let other = done.swap_remove(near);
            blob.left = blob.left.min(other.left);
            blob.top = blob.top.min(other.top);
            blob.right = blob.right.max(other.right);
            blob.bottom = blob.bottom.max(other.bottom);
            blob.pixels.extend(other.pixels);
            blobs.push(blob);
        } else {
            done.push(blob);
        }
    }
    done
}

fn touch(a: &Component, b: &Component, gap: usize) -> bool {
    a.left < b.right + gap && b.left < a.right + gap && a.top < b.bottom + gap && b.top < a.bottom + gap
}

fn describe(
    blob: &Component,
    strength: &Plane,
    contrast: f64,
    scene: &Scene,
    params: &Params,
) -> DraftDefect {
    let peak = blob.pixels.iter().map(|&p| strength.values[p]).max().unwrap_or(0);
    let area = blob.pixels.len() as f64;
    let score = (f64::from(peak) / contrast).clamp(0.0, 1.0) * (1.0 - (-area / SCORE_AREA_PX).exp());
    let (x, width) = side(blob.left, blob.right, strength.width, params);
    let (y, height) = side(blob.top, blob.bottom, strength.height, params);
    let kind = hint::kind(blob, scene, params.tolerance_px);
    DraftDefect { x, y, width, height, score, area_px: blob.pixels.len(), kind }
}

/// One side of a box: padded, at least `min_box_px` long, within the image. Start and length, in pixels.
fn side(start: usize, end: usize, size: usize, params: &Params) -> (u32, u32) {
    let length = (end - start + 2 * params.padding_px).max(params.min_box_px);
    let first = (start + end).saturating_sub(length) / 2;
    let last = (first + length).min(size);
    (first as u32, (last - first) as u32)
}

#[cfg(test)]
mod tests {
    use image::Luma;
    use proptest::prelude::*;

    use super::*;

    /// Dark board with three bright traces, 14 px wide, and some light falling off to the right.
    fn board() -> GrayImage {
        GrayImage::from_fn(240, 200, |x, y| {
            let trace = [40_u32, 100, 160].iter().any(|&centre| y.abs_diff(centre) < 7);
            let light = 1.0 - f64::from(x) / 900.0;
            Luma([(if trace { 190.0 } else { 50.0 } * light) as u8])
        })
    }

    fn painted(left: u32, top: u32, width: u32, height: u32, value: u8) -> GrayImage {
        let mut test = board();
        for y in top..top + height {
            for x in left..left + width {
                test.put_pixel(x, y, Luma([value]));
            }
        }
        test
    }

    #[test]
    fn each_kind_is_found_where_it_is_and_named() {
        let cases = [
            (DefectKind::Open, (100, 92, 10, 16, 48)),
            (DefectKind::Short, (60, 46, 8, 50, 180)),
            (DefectKind::Mousebite, (120, 93, 9, 6, 48)),
            (DefectKind::Spur, (150, 107, 7, 12, 180)),
            (DefectKind::SpuriousCopper, (30, 125, 12, 10, 180)),
            (DefectKind::Pinhole, (180, 97, 6, 6, 48)),
        ];
        for (kind, (left, top, width, height, value)) in cases {
            let params = Params { tolerance_px: 1, padding_px: 0, min_box_px: 1, ..Params::default() };
            let drafts = template_difference(&painted(left, top, width, height, value), &board(), &params);
            assert_eq!(drafts.len(), 1, "{kind:?}: {drafts:?}");
            assert_eq!(drafts[0].kind, kind);
            assert!(
                drafts[0].x.abs_diff(left) <= 1 && drafts[0].y.abs_diff(top) <= 2,
                "{kind:?}: {drafts:?}"
            );
            assert!(drafts[0].score > 0.5 && drafts[0].score <= 1.0);
        }
    }

    #[test]
    fn other_light_and_a_small_shift_are_no_defects() {
        let template = board();
        let test = GrayImage::from_fn(240, 200, |x, y| {
            let value = f64::from(template.get_pixel(x, (y + 2).min(199)).0[0]);
            Luma([(value * (0.8 + f64::from(y) / 1000.0)) as u8])
        });
        assert_eq!(template_difference(&test, &template, &Params::default()), []);
    }

    #[test]
    fn nothing_to_compare_gives_no_draft() {
        let flat = GrayImage::from_pixel(64, 64, Luma([80]));
        assert_eq!(template_difference(&board(), &flat, &Params::default()), []);
        assert_eq!(template_difference(&GrayImage::new(0, 0), &flat, &Params::default()), []);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn boxes_stay_in_the_image(
            (w, h) in (1..70_u32, 1..70_u32),
            seed in any::<u64>(),
            padding in 0..60_usize,
        ) {
            let noise = |salt: u64| GrayImage::from_fn(w, h, |x, y| {
                let mut v = seed ^ salt ^ (u64::from(x) << 32 | u64::from(y));
                v = v.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                Luma([(v >> 56) as u8])
            });
            let params = Params { padding_px: padding, tolerance_px: 1, ..Params::default() };
            for draft in template_difference(&noise(1), &noise(2), &params) {
                prop_assert!(draft.x + draft.width <= w && draft.y + draft.height <= h);
                prop_assert!(draft.width > 0 && draft.height > 0 && (0.0..=1.0).contains(&draft.score));
            }
        }
    }
}
