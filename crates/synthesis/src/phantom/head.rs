//! A made-up head as a stack of CT or MR slices: brain, skull, eyes, nose and chin, with the tissue of every point
//! known. For what is done about faces.

use super::{SyntheticInstance, dicom::Elements};
use crate::random::Random;

/// Width and height of the field, mm; the head is in its middle.
const FIELD_MM: f64 = 256.0;
/// Distance of pixels and of slices, mm.
const SPACING_MM: f64 = 2.0;
/// CT Image Storage and MR Image Storage.
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const MR: &str = "1.2.840.10008.5.1.4.1.1.4";
/// What is added to a value to store it: CT is told by an intercept of its negative.
const CT_OFFSET: f64 = 1024.0;
/// Standard deviation of the noise, in stored values.
const NOISE: f64 = 12.0;
/// Fluid around the brain, then skull, then scalp: where each ends, mm from the brain.
const LAYERS_MM: [f64; 3] = [2.0, 9.0, 15.0];

/// How the head is scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighting {
    /// Computed tomography, Hounsfield units.
    Ct,
    /// T1-weighted magnetic resonance.
    T1,
}

/// In which plane it is sliced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlicePlane {
    /// Across the body.
    Axial,
    /// From side to side.
    Sagittal,
    /// From front to back.
    Coronal,
}

/// What a point of the head is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tissue {
    /// Outside, or a sinus.
    Air,
    /// Brain.
    Brain,
    /// Fluid around the brain.
    Fluid,
    /// Skull and jaw.
    Bone,
    /// Scalp, muscle, neck.
    Soft,
    /// An eye.
    Eye,
    /// The nose.
    Nose,
    /// Lips and chin.
    Chin,
}

/// A head and how it was sliced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadStudy {
    /// One file per slice.
    pub instances: Vec<SyntheticInstance>,
}

/// How far a point is outside of an ellipsoid, mm (negative within it); exact on its axes.
fn beyond([x, y, z]: [f64; 3], centre: [f64; 3], half: [f64; 3]) -> f64 {
    let (dx, dy, dz) = ((x - centre[0]) / half[0], (y - centre[1]) / half[1], (z - centre[2]) / half[2]);
    let least = half[0].min(half[1]).min(half[2]);
    ((dx * dx + dy * dy + dz * dz).sqrt() - 1.0) * least
}

/// How far a point is from the brain, mm (negative within it): frontal to occipital lobes, temporal lobes, cerebellum.
fn from_brain(p: [f64; 3]) -> f64 {
    let [x, y, z] = p;
    let side = [x.abs(), y, z];
    beyond(p, [0.0, 5.0, 40.0], [60.0, 80.0, 50.0])
        .min(beyond(side, [35.0, -5.0, 0.0], [22.0, 38.0, 30.0]))
        .min(beyond(p, [0.0, 50.0, -10.0], [45.0, 30.0, 28.0]))
}

/// What stands at a point in patient coordinates (LPS, mm; x to the left, y to the back, z up).
#[must_use]
pub fn tissue(p: [f64; 3]) -> Tissue {
    let [x, y, z] = p;
    let brain = from_brain(p);
    let [fluid, skull, scalp] = LAYERS_MM;
    let within = |centre, half| beyond(p, centre, half) < 0.0;
    if brain < 0.0 {
        return Tissue::Brain;
    }
    if brain < fluid {
        return Tissue::Fluid;
    }
    // The spinal canal goes through the skull's opening.
    let from_cord = x.hypot(y - 35.0);
    let in_canal = from_cord < 8.0 && z < -20.0;
    if brain < skull {
        return if in_canal { Tissue::Fluid } else { Tissue::Bone };
    }
    if z < -20.0 && from_cord < 17.0 {
        return if in_canal { Tissue::Fluid } else { Tissue::Bone };
    }
    if beyond([x.abs(), y, z], [32.0, -74.0, -8.0], [12.0; 3]) < 0.0 {
        return Tissue::Eye;
    }
    if within([0.0, -66.0, -32.0], [14.0, 12.0, 14.0]) {
        return Tissue::Air;
    }
    if within([0.0, -94.0, -28.0], [13.0, 18.0, 20.0]) {
        return Tissue::Nose;
    }
    if within([0.0, -76.0, -88.0], [24.0, 18.0, 20.0]) {
        return Tissue::Chin;
    }
    let jaw = beyond(p, [0.0, -35.0, -70.0], [48.0, 48.0, 24.0]);
    if (-5.0..0.0).contains(&jaw) {
        return Tissue::Bone;
    }
    let face = within([0.0, -25.0, -45.0], [60.0, 66.0, 64.0]);
    let neck = x.hypot(y - 15.0) < 52.0 && z < -10.0;
    if brain < scalp || jaw < 0.0 || face || neck { Tissue::Soft } else { Tissue::Air }
}

fn value(tissue: Tissue, weighting: Weighting) -> f64 {
    match (weighting, tissue) {
        (Weighting::Ct, Tissue::Air) => -1000.0,
        (Weighting::Ct, Tissue::Brain) => 35.0,
        (Weighting::Ct, Tissue::Fluid) => 5.0,
        (Weighting::Ct, Tissue::Bone) => 900.0,
        (Weighting::Ct, Tissue::Eye) => 15.0,
        (Weighting::Ct, _) => 55.0,
        (Weighting::T1, Tissue::Air) => 0.0,
        (Weighting::T1, Tissue::Brain) => 450.0,
        (Weighting::T1, Tissue::Fluid) => 110.0,
        (Weighting::T1, Tissue::Bone) => 50.0,
        (Weighting::T1, Tissue::Eye) => 180.0,
        (Weighting::T1, _) => 620.0,
    }
}

/// Direction of rows, of columns, and from slice to slice, LPS.
fn axes(plane: SlicePlane) -> [[f64; 3]; 3] {
    match plane {
        SlicePlane::Axial => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        SlicePlane::Sagittal => [[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]],
        SlicePlane::Coronal => [[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]],
    }
}

/// Makes a study; the same seed gives the same bytes. Slices come in shuffled order, as transfers leave them.
#[must_use]
pub fn head_study(seed: u64, weighting: Weighting, plane: SlicePlane) -> HeadStudy {
    let count = (FIELD_MM / SPACING_MM) as usize;
    let mut random = Random::new(seed, 0x6865_6164);
    let mut uid = || format!("2.25.{}", u128::from(random.bits()) << 64 | u128::from(random.bits()));
    let uids = [uid(), uid(), uid()];
    let mut instances: Vec<_> = (0..count)
        .map(|index| {
            let instance = uid();
            let mut noise = Random::new(seed, 0x6e6f_0000 + index as u64);
            let (origin, pixels) = slice(index, count, weighting, plane, &mut noise);
            let bytes = file(&uids, &instance, index, (weighting, plane), origin, &pixels);
            SyntheticInstance { file_name: format!("IM{:04}.dcm", index + 1), bytes }
        })
        .collect();
    for at in (1..instances.len()).rev() {
        instances.swap(at, random.below(at + 1));
    }
    HeadStudy { instances }
}

fn slice(
    index: usize,
    count: usize,
    weighting: Weighting,
    plane: SlicePlane,
    noise: &mut Random,
) -> ([f64; 3], Vec<u8>) {
    let [row, column, normal] = axes(plane);
    let at = |n: usize| (n as f64 + 0.5) * SPACING_MM - FIELD_MM / 2.0;
    let point = |x: usize, y: usize| {
        std::array::from_fn(|i| row[i] * at(x) + column[i] * at(y) + normal[i] * at(index))
    };
    let offset = if weighting == Weighting::Ct { CT_OFFSET } else { 40.0 };
    let mut pixels = Vec::with_capacity(count * count * 2);
    for y in 0..count {
        for x in 0..count {
            let stored = value(tissue(point(x, y)), weighting) + offset + noise.normal() * NOISE;
            // Clamped to 12 bits.
            pixels.extend((stored.round().clamp(0.0, 4095.0) as u16).to_le_bytes());
        }
    }
    (point(0, 0), pixels)
}

fn file(
    [study, series, frame]: &[String; 3],
    instance: &str,
    index: usize,
    (weighting, plane): (Weighting, SlicePlane),
    origin: [f64; 3],
    pixels: &[u8],
) -> Vec<u8> {
    let (class, modality) = if weighting == Weighting::Ct { (CT, "CT") } else { (MR, "MR") };
    let [row, column, _] = axes(plane);
    let size = (FIELD_MM / SPACING_MM) as u16;
    let mut e = Elements::default();
    e.text((0x0008, 0x0008), "CS", "ORIGINAL\\PRIMARY")
        .text((0x0008, 0x0016), "UI", class)
        .text((0x0008, 0x0018), "UI", instance)
        .text((0x0008, 0x0060), "CS", modality)
        .text((0x0010, 0x0010), "PN", "HEAD^MADE^UP")
        .text((0x0010, 0x0020), "LO", "SYN-HEAD-01")
        .text((0x0018, 0x0015), "CS", "HEAD")
        .decimals((0x0018, 0x0050), &[SPACING_MM])
        .text((0x0018, 0x5100), "CS", "HFS")
        .text((0x0020, 0x000d), "UI", study)
        .text((0x0020, 0x000e), "UI", series)
        .text((0x0020, 0x0011), "IS", "1")
        .text((0x0020, 0x0013), "IS", &(index + 1).to_string())
        .decimals((0x0020, 0x0032), &origin)
        .decimals((0x0020, 0x0037), &[row, column].concat())
        .text((0x0020, 0x0052), "UI", frame)
        .short((0x0028, 0x0002), 1)
        .text((0x0028, 0x0004), "CS", "MONOCHROME2")
        .short((0x0028, 0x0010), size)
        .short((0x0028, 0x0011), size)
        .decimals((0x0028, 0x0030), &[SPACING_MM, SPACING_MM])
        .short((0x0028, 0x0100), 16)
        .short((0x0028, 0x0101), 12)
        .short((0x0028, 0x0102), 11)
        .short((0x0028, 0x0103), 0);
    if weighting == Weighting::Ct {
        e.decimals((0x0028, 0x1052), &[-CT_OFFSET]).decimals((0x0028, 0x1053), &[1.0]);
    }
    e.element((0x7fe0, 0x0010), "OW", pixels);
    e.into_file(b"", class, instance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_of_the_size_of_a_head() {
        let (mut brain, mut all) = (0_u32, 0_u32);
        let at = |n: i32| f64::from(n) * 4.0;
        for (x, y, z) in
            (-32..32).flat_map(|x| (-32..32).flat_map(move |y| (-32..32).map(move |z| (x, y, z))))
        {
            match tissue([at(x), at(y), at(z)]) {
                Tissue::Brain => brain += 1,
                Tissue::Air => continue,
                _ => {}
            }
            all += 1;
        }
        let millilitres = |voxels: u32| f64::from(voxels) * 0.064;
        assert!((1000.0..1500.0).contains(&millilitres(brain)), "{} ml", millilitres(brain));
        assert!((3000.0..6000.0).contains(&millilitres(all)), "{} ml", millilitres(all));
        assert_eq!(tissue([32.0, -76.0, -8.0]), Tissue::Eye);
        assert_eq!(tissue([0.0, -106.0, -28.0]), Tissue::Nose);
    }
}
