//! Lesion drafts for an image stack: thresholds and connected components, no weights.
//!
//! Otsu's threshold parts dense from thin; the largest dense piece of each slice with its holes is the
//! body. Inside it two things stand out: *islands* (dense pieces surrounded by thin tissue, such as a
//! nodule in a lung) and *outliers* (parts of the soft tissue whose smoothed value differs from the
//! tissue around, such as a lesion in a liver). Both are joined over the slices, measured, and kept when
//! size and shape are those of a lesion rather than of a vessel, a rib or a sheet.

use std::ops::RangeInclusive;

use crate::filters::{dilate, erode, fill_holes, largest_piece, masked_mean, otsu, percentile};
use crate::regions::{Connectivity, Region, position, regions};
use crate::volume::{Volume, VolumeError};
use countersign_geometry::contour::{Point, outlines};

/// Radius that removes thin vessels from islands, in millimetres.
const VESSEL_RADIUS_MM: f64 = 1.6;
/// How far from a border of the body or a hole outliers are not looked for, in millimetres.
const BORDER_MM: f64 = 2.5;
/// Radius of the mean that takes noise away, in millimetres.
const FINE_RADIUS_MM: f64 = 3.0;
/// Radius of the mean that stands for the tissue around, in millimetres.
const COARSE_RADIUS_MM: f64 = 22.0;
/// Radius of the mean against which noise is measured, in millimetres.
const NOISE_RADIUS_MM: f64 = 7.0;
/// Standard deviation of a normal distribution over its median absolute deviation.
const MAD_TO_SIGMA: f32 = 1.4826;
/// Bins of the histogram in which heaps of values are looked for.
const HEAP_BINS: usize = 64;
/// Share of the commonest bin's count from which a bin belongs to a heap.
const HEAP_SHARE: f64 = 0.15;
/// Least extent of a lesion along a stack, in millimetres.
const MIN_EXTENT_MM: f64 = 4.0;
/// A body smaller than this share of the stack is not believed; then everything is body.
const MIN_BODY_SHARE: f64 = 0.02;
/// Share of the voxels around an island that must be thin.
const MIN_ISLAND_ENCLOSURE: f64 = 0.6;
/// Contrast in standard deviations at which that part of the score is one half.
const SCORE_HALF_SIGMA: f64 = 2.0;
/// How far a contour point may leave the mask, in pixels.
const CONTOUR_TOLERANCE_PX: f64 = 0.75;

/// Settings of [`threshold_components`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Params {
    /// Smallest lesion, in cubic millimetres.
    pub min_volume_mm3: f64,
    /// Largest lesion, in cubic millimetres.
    pub max_volume_mm3: f64,
    /// Contrast of a smoothed voxel against its surroundings, in standard deviations of that contrast.
    pub min_contrast_sigma: f32,
    /// Least roundness, see [`crate::regions::Shape::roundness`].
    pub min_roundness: f64,
    /// Least solidity, see [`crate::regions::Shape::solidity`].
    pub min_solidity: f64,
    /// Most drafts; the ones with the highest score stay.
    pub max_drafts: usize,
    /// Which voxels of an outlier touch.
    pub connectivity: Connectivity,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            min_volume_mm3: 60.0,
            max_volume_mm3: 60_000.0,
            min_contrast_sigma: 2.5,
            min_roundness: 0.45,
            min_solidity: 0.6,
            max_drafts: 40,
            connectivity: Connectivity::Faces,
        }
    }
}

/// Whether a lesion is above or below the tissue around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Polarity {
    /// Higher values than around.
    Brighter,
    /// Lower values than around.
    Darker,
}

/// One slice of a lesion.
#[derive(Debug, Clone, PartialEq)]
pub struct LesionSlice {
    /// Index of the slice, from 0.
    pub slice: usize,
    /// Left edge of the box, in pixels (outer corner).
    pub x: u32,
    /// Upper edge of the box, in pixels.
    pub y: u32,
    /// Width of the box, in pixels.
    pub width: u32,
    /// Height of the box, in pixels.
    pub height: u32,
    /// Outlines, clockwise, in pixels (outer-corner convention); more than one where the lesion is in
    /// pieces on this slice.
    pub contours: Vec<Vec<Point>>,
}

/// A proposed lesion.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftLesion {
    /// Its slices, ascending.
    pub slices: Vec<LesionSlice>,
    /// Volume, in cubic millimetres; for a single slice the area times the slice spacing.
    pub volume_mm3: f64,
    /// Mean real value.
    pub mean_value: f64,
    /// Mean real value of the tissue around it, within the body.
    pub surrounding_value: f64,
    /// Above or below its surroundings.
    pub polarity: Polarity,
    /// How sure the draft is, 0 to 1; a rank, not a probability.
    pub score: f64,
}

/// Proposes lesions, best score first.
///
/// # Errors
/// [`VolumeError`] when shape, spacing or rescale of the stack are not usable.
pub fn threshold_components(volume: &Volume, params: &Params) -> Result<Vec<DraftLesion>, VolumeError> {
    volume.check()?;
    let values = volume.real_values();
    let tissue = Tissue::find(volume, &values);
    let sigma = tissue.noise(&values);
    let mut candidates = islands(volume, &tissue);
    let mut taken = vec![false; values.len()];
    candidates.iter().flat_map(|c| &c.voxels).for_each(|&at| taken[at] = true);
    let outliers = Outliers::find(volume, &values, &tissue, params);
    for mask in [outliers.darker, outliers.brighter] {
        let found = regions(&mask, volume, params.connectivity);
        candidates.extend(found.into_iter().filter(|region| !region.voxels.iter().any(|&at| taken[at])));
    }
    let mut drafts: Vec<DraftLesion> = candidates
        .iter()
        .filter_map(|region| judge(region, volume, &values, &tissue, sigma, params))
        .collect();
    drafts.sort_by(|a, b| b.score.total_cmp(&a.score));
    drafts.truncate(params.max_drafts);
    Ok(drafts)
}

/// Masks over the whole stack.
struct Tissue {
    body: Vec<bool>,
    dense: Vec<bool>,
    /// Dense and within `range`.
    soft: Vec<bool>,
    /// The values of the commonest tissue.
    range: RangeInclusive<f32>,
}

impl Tissue {
    fn find(volume: &Volume, values: &[f32]) -> Self {
        let threshold = otsu(values);
        let mut dense: Vec<bool> = values.iter().map(|&v| v > threshold).collect();
        let mut body: Vec<bool> = Vec::with_capacity(values.len());
        for slice in dense.chunks_exact(volume.slice_len()) {
            body.extend(fill_holes(&largest_piece(slice, volume.columns), volume.columns));
        }
        let size = body.iter().filter(|&&inside| inside).count();
        if (size as f64) < MIN_BODY_SHARE * values.len() as f64 {
            body.fill(true);
        }
        for (dense, &inside) in dense.iter_mut().zip(&body) {
            *dense &= inside;
        }
        let inner: Vec<f32> = values.iter().zip(&dense).filter(|(_, d)| **d).map(|(v, _)| *v).collect();
        let range = soft_range(&inner);
        let soft = values.iter().zip(&dense).map(|(v, &d)| d && range.contains(v)).collect();
        Self { body, dense, soft, range }
    }

    /// Spread of the soft tissue, in real values; never zero.
    fn noise(&self, values: &[f32]) -> f64 {
        let inner: Vec<f32> = values.iter().zip(&self.soft).filter(|(_, s)| **s).map(|(v, _)| *v).collect();
        let middle = percentile(&inner, 0.5);
        f64::from(MAD_TO_SIGMA * percentile(&deviations(&inner, middle), 0.5)).max(1e-6)
    }
}

/// The values around the commonest one, up to the middle of the gap to the next heap of values on either
/// side (fat below, bone above); without such a heap there is no end.
fn soft_range(values: &[f32]) -> RangeInclusive<f32> {
    let (low, high) = (percentile(values, 0.002), percentile(values, 0.998));
    if high <= low {
        return f32::NEG_INFINITY..=f32::INFINITY;
    }
    let scale = HEAP_BINS as f32 / (high - low);
    let mut counts = vec![0_u64; HEAP_BINS];
    for &value in values {
        // The cast saturates on both sides.
        counts[(((value - low) * scale) as usize).min(HEAP_BINS - 1)] += 1;
    }
    // The outermost bins collect everything beyond them; sums of three level out whole-numbered values.
    let heaps: Vec<u64> = counts[1..HEAP_BINS - 1].windows(3).map(|near| near.iter().sum()).collect();
    let mode = (0..heaps.len()).max_by_key(|&bin| heaps[bin]).unwrap_or(0);
    let least = (heaps[mode] as f64 * HEAP_SHARE) as u64;
    let gap = |bins: &mut dyn Iterator<Item = usize>| {
        let bins: Vec<usize> = bins.collect();
        let end = bins.iter().position(|&bin| heaps[bin] < least)?;
        let next = end + bins[end..].iter().position(|&bin| heaps[bin] >= least)?;
        Some(low + (bins[(end + next) / 2] as f32 + 2.5) / scale)
    };
    let below = gap(&mut (0..mode).rev()).unwrap_or(f32::NEG_INFINITY);
    let above = gap(&mut (mode..heaps.len())).unwrap_or(f32::INFINITY);
    below..=above
}

fn deviations(values: &[f32], middle: f32) -> Vec<f32> {
    values.iter().map(|v| (v - middle).abs()).collect()
}

/// Dense pieces in thin surroundings: what thin vessels hold together is parted by an erosion and grown
/// back afterwards.
fn islands(volume: &Volume, tissue: &Tissue) -> Vec<Region> {
    let radius = volume.pixels(VESSEL_RADIUS_MM);
    let mut cores = Vec::with_capacity(tissue.dense.len());
    for slice in tissue.dense.chunks_exact(volume.slice_len()) {
        cores.extend(erode(slice, volume.columns, radius));
    }
    let mut found = Vec::new();
    for core in regions(&cores, volume, Connectivity::All) {
        let grown = grow(&core, volume, &tissue.dense, radius + 1);
        if enclosure(&grown, volume, tissue) >= MIN_ISLAND_ENCLOSURE {
            found.push(grown);
        }
    }
    found
}

/// The voxels of `within` that lie within `radius` pixels of the region, slice by slice.
fn grow(region: &Region, volume: &Volume, within: &[bool], radius: usize) -> Region {
    let mut voxels = Vec::new();
    for (slice, patch) in patches(region, volume, radius) {
        let near = dilate(&patch.mask, patch.columns, radius);
        let inside = (0..near.len()).filter(|&i| near[i]).map(|i| patch.index(i, slice, volume));
        voxels.extend(inside.filter(|&at| within[at]));
    }
    voxels.sort_unstable();
    Region { voxels }
}

/// Share of the ring two pixels around the region, slice by slice, that is thin tissue of the body.
fn enclosure(region: &Region, volume: &Volume, tissue: &Tissue) -> f64 {
    let (mut thin, mut all) = (0_usize, 0_usize);
    for (slice, patch) in patches(region, volume, 2) {
        let near = dilate(&patch.mask, patch.columns, 2);
        for i in (0..near.len()).filter(|&i| near[i] && !patch.mask[i]) {
            let at = patch.index(i, slice, volume);
            all += 1;
            thin += usize::from(tissue.body[at] && !tissue.dense[at]);
        }
    }
    if all == 0 { 0.0 } else { thin as f64 / all as f64 }
}

/// A part of one slice that holds a region and a margin around it.
struct Patch {
    left: usize,
    top: usize,
    columns: usize,
    mask: Vec<bool>,
}

impl Patch {
    /// Index into the volume of the patch's pixel `i`.
    fn index(&self, i: usize, slice: usize, volume: &Volume) -> usize {
        let (x, y) = (self.left + i % self.columns, self.top + i / self.columns);
        (slice * volume.rows + y) * volume.columns + x
    }
}

/// The region slice by slice.
fn patches(region: &Region, volume: &Volume, margin: usize) -> Vec<(usize, Patch)> {
    let slice_of = |at: usize| at / volume.slice_len();
    let mut found = Vec::new();
    for voxels in region.voxels.chunk_by(|&a, &b| slice_of(a) == slice_of(b)) {
        let places = || voxels.iter().map(|&at| position(at, volume));
        let span = |low: usize, high: usize, size: usize| {
            (low.saturating_sub(margin), (high + 1 + margin).min(size))
        };
        let columns = places().fold((usize::MAX, 0), |s, (x, ..)| (s.0.min(x), s.1.max(x)));
        let rows = places().fold((usize::MAX, 0), |s, (_, y, _)| (s.0.min(y), s.1.max(y)));
        let (left, right) = span(columns.0, columns.1, volume.columns);
        let (top, bottom) = span(rows.0, rows.1, volume.rows);
        let mut mask = vec![false; (right - left) * (bottom - top)];
        places().for_each(|(x, y, _)| mask[(y - top) * (right - left) + x - left] = true);
        found.push((slice_of(voxels[0]), Patch { left, top, columns: right - left, mask }));
    }
    found
}

/// Soft tissue whose smoothed value differs from the tissue around.
struct Outliers {
    darker: Vec<bool>,
    brighter: Vec<bool>,
}

impl Outliers {
    fn find(volume: &Volume, values: &[f32], tissue: &Tissue, params: &Params) -> Self {
        let contrast = contrast(volume, values, tissue, COARSE_RADIUS_MM);
        // Over a short distance organs hardly differ: what is left there is noise.
        let nearby = self::contrast(volume, values, tissue, NOISE_RADIUS_MM);
        let known: Vec<f32> = nearby.into_iter().filter(|c| c.is_finite()).collect();
        let sigma = MAD_TO_SIGMA * percentile(&deviations(&known, 0.0), 0.5);
        let limit = params.min_contrast_sigma * sigma.max(1e-6);
        // An unknown contrast compares as false on both sides.
        let darker = contrast.iter().map(|&c| c <= -limit).collect();
        let brighter = contrast.iter().map(|&c| c >= limit).collect();
        Self { darker, brighter }
    }
}

/// Smoothed value less the mean of the soft tissue around; unknown (NaN) outside and at borders.
fn contrast(volume: &Volume, values: &[f32], tissue: &Tissue, around_mm: f64) -> Vec<f32> {
    let (columns, border) = (volume.columns, volume.pixels(BORDER_MM));
    let (fine_radius, coarse_radius) = (volume.pixels(FINE_RADIUS_MM), volume.pixels(around_mm));
    let mut contrast = Vec::with_capacity(values.len());
    let slices = values.chunks_exact(volume.slice_len());
    let masks =
        tissue.dense.chunks_exact(volume.slice_len()).zip(tissue.soft.chunks_exact(volume.slice_len()));
    for (slice, (dense, soft)) in slices.zip(masks) {
        let interior = erode(dense, columns, border);
        let fine = masked_mean(slice, dense, columns, fine_radius, 3, f32::NAN);
        let coarse = masked_mean(slice, soft, columns, coarse_radius, 20, f32::NAN);
        let both = fine.iter().zip(&coarse).zip(&interior);
        contrast.extend(both.map(|((fine, coarse), &inside)| {
            if inside && tissue.range.contains(fine) { fine - coarse } else { f32::NAN }
        }));
    }
    contrast
}

/// Measures a candidate and keeps it when its size and shape are those of a lesion.
fn judge(
    region: &Region,
    volume: &Volume,
    values: &[f32],
    tissue: &Tissue,
    sigma: f64,
    params: &Params,
) -> Option<DraftLesion> {
    let measured = region.shape(volume);
    if !(params.min_volume_mm3..=params.max_volume_mm3).contains(&measured.volume_mm3)
        || measured.roundness < params.min_roundness
        || measured.solidity < params.min_solidity
    {
        return None;
    }
    let parts = patches(region, volume, 0);
    if volume.slices > 1 && (parts.len() as f64) * volume.spacing_mm[2] < MIN_EXTENT_MM {
        return None;
    }
    let mean = |sum: f64, count: usize| if count == 0 { 0.0 } else { sum / count as f64 };
    let inside: f64 = region.voxels.iter().map(|&at| f64::from(values[at])).sum();
    let mean_value = mean(inside, region.voxels.len());
    let (mut around, mut count) = (0.0, 0_usize);
    for (slice, patch) in patches(region, volume, 4) {
        let (near, next) = (dilate(&patch.mask, patch.columns, 4), dilate(&patch.mask, patch.columns, 1));
        for i in (0..near.len()).filter(|&i| near[i] && !next[i]) {
            let at = patch.index(i, slice, volume);
            if tissue.body[at] {
                around += f64::from(values[at]);
                count += 1;
            }
        }
    }
    if count == 0 {
        return None;
    }
    let surrounding_value = mean(around, count);
    let strength = (mean_value - surrounding_value).abs() / sigma;
    let score = strength / (strength + SCORE_HALF_SIGMA) * measured.roundness * measured.solidity.min(1.0);
    let polarity = if mean_value >= surrounding_value { Polarity::Brighter } else { Polarity::Darker };
    let slices =
        patches(region, volume, 0).into_iter().map(|(slice, patch)| outline(slice, &patch)).collect();
    let volume_mm3 = measured.volume_mm3;
    Some(DraftLesion { slices, volume_mm3, mean_value, surrounding_value, polarity, score })
}

fn outline(slice: usize, patch: &Patch) -> LesionSlice {
    let filled = fill_holes(&patch.mask, patch.columns);
    let (left, top) = (patch.left as f64, patch.top as f64);
    let contours = outlines(&filled, patch.columns, CONTOUR_TOLERANCE_PX)
        .into_iter()
        .map(|polygon| polygon.into_iter().map(|(x, y)| (x + left, y + top)).collect())
        .collect();
    let (width, height) = (patch.columns as u32, (patch.mask.len() / patch.columns) as u32);
    LesionSlice { slice, x: patch.left as u32, y: patch.top as u32, width, height, contours }
}
