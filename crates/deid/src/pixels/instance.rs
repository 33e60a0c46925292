//! Masks on an instance: what was found, or what a person drew, is painted over in the frames that hold it.

use countersign_dicom::{
    DicomError, FrameEdit, FrameOutcome, Instance, Place, VR, decode_frame, frame_count, frames_are_tiles,
    raw_samples, replace_frames, tags, transcode_to_native,
};
use serde::{Deserialize, Serialize};

use super::{
    area::{Area, Mask},
    detect::{DETECTOR_VERSION, Hints, Region, Thresholds, detect},
    raster::Raster,
    still::Still,
    ultrasound::{self, SAFE_LIST_VERSION},
};

/// Most bytes of decoded frames that are held at once while they are painted.
const HELD_BYTES: usize = 128 << 20;
/// Share of an area's pixels that never change, from which it is taken for an overlay and masked in all frames.
const STILL_SHARE: f64 = 0.15;
/// Share of the frames in which an area was found, from which it is masked in all frames.
const FRAMES_SHARE: f64 = 0.2;

/// Masks of one frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameMasks {
    /// Index of the frame, from 0.
    pub frame: u32,
    /// What is painted over.
    pub areas: Vec<Area>,
}

/// What was painted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskReport {
    /// The masks as they were applied: clipped to the frame, without empty ones.
    pub frames: Vec<FrameMasks>,
    /// Pixels that were painted, over all frames.
    pub pixels: u64,
    /// Frames whose codestream was made anew; the others keep theirs byte for byte.
    pub reencoded: u32,
    /// The syntax had no encoder: all frames are now uncompressed.
    pub transcoded: bool,
    /// Blocks of a lossy codestream were coded again.
    pub lossy: bool,
}

/// What is asked of [`clean_pixels`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PixelPolicy {
    /// Areas that are painted over in every frame whatever is in them.
    pub always: Vec<Area>,
}

/// What was found in one frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FrameFindings {
    /// Index of the frame, from 0.
    pub frame: u32,
    /// What was found in it, before what the frames share was added.
    pub regions: Vec<Region>,
}

/// The evidence of a cleaning; no pixel value in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PixelOutcome {
    /// Frames that the instance has. All of them were looked at.
    pub frames: u32,
    /// What was found, frame by frame.
    pub found: Vec<FrameFindings>,
    /// What was painted.
    pub masked: MaskReport,
    /// What was found inside of ultrasound regions and stays, because it is on the list of shapes that no letter has.
    #[serde(default)]
    pub kept: Vec<FrameMasks>,
    /// [`SAFE_LIST_VERSION`]; empty in evidence from before there was one.
    #[serde(default)]
    pub safe_list: String,
    /// Largest share of a frame that was painted, 0 to 1: where it is large, tissue was taken for text.
    pub largest_share: f64,
    /// [`DETECTOR_VERSION`].
    pub detector: String,
    /// The thresholds it used.
    pub thresholds: Thresholds,
}

/// Why pixels could not be cleaned. The instance is unchanged, and has to stay where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PixelError {
    /// A frame could not be decoded, or not be put back.
    #[error("the pixels could not be cleaned: {0}")]
    Dicom(#[from] DicomError),
    /// A frame without pixels.
    #[error("frame {frame} does not hold the pixels that its size asks for")]
    Empty {
        /// Index of the frame, from 0.
        frame: u32,
    },
    /// A frame that does not say where in the patient it lies.
    #[error("frame {frame} does not say where it lies")]
    NoPlace {
        /// Index of the frame, from 0.
        frame: u32,
    },
    /// A mask for a frame that is not there.
    #[error("there is no frame {frame}: the instance has {frames}")]
    NoSuchFrame {
        /// Index of the frame, from 0.
        frame: u32,
        /// Frames of the instance.
        frames: u32,
    },
}

impl PixelError {
    /// A stable machine-readable code; it never changes once released.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Dicom(e) => e.code(),
            Self::Empty { .. } => "pixels-empty",
            Self::NoPlace { .. } => "pixels-no-place",
            Self::NoSuchFrame { .. } => "pixels-no-such-frame",
        }
    }

    /// The element and byte that the error names.
    #[must_use]
    pub fn place(&self) -> Place {
        match self {
            Self::Dicom(e) => e.place(),
            _ => Place::tag(tags::PIXEL_DATA),
        }
    }
}

/// Paints masks over the frames of an instance. Only frames with a mask are coded again.
///
/// Image Type becomes DERIVED when a pixel changed, Lossy Image Compression is set when a lossy codestream
/// was coded again. Burned In Annotation is left as it is: masks say nothing about the other frames.
///
/// # Errors
/// [`PixelError`]; the instance is then unchanged.
pub fn mask_instance(instance: &mut Instance, masks: &[FrameMasks]) -> Result<MaskReport, PixelError> {
    let frames = frame_count(instance);
    if let Some(beyond) = masks.iter().find(|m| m.frame >= frames) {
        return Err(PixelError::NoSuchFrame { frame: beyond.frame, frames });
    }
    let mut work = instance.clone();
    let mut report =
        MaskReport { frames: Vec::new(), pixels: 0, reencoded: 0, transcoded: false, lossy: false };
    match paint(&mut work, masks, &mut report) {
        Err(PixelError::Dicom(DicomError::CannotReencode { .. })) => {
            work = instance.clone();
            report =
                MaskReport { frames: Vec::new(), pixels: 0, reencoded: 0, transcoded: true, lossy: false };
            transcode_to_native(&mut work)?;
            paint(&mut work, masks, &mut report)?;
        }
        other => other?,
    }
    if report.pixels > 0 {
        mark_changed(&mut work, &report);
    }
    *instance = work;
    Ok(report)
}

fn paint(instance: &mut Instance, masks: &[FrameMasks], report: &mut MaskReport) -> Result<(), PixelError> {
    let mut edits: Vec<FrameEdit> = Vec::new();
    let mut held = 0;
    for mask in masks {
        let mut samples = raw_samples(instance, mask.frame)?;
        let mut union = Mask::new(samples.columns as usize, samples.rows as usize);
        mask.areas.iter().for_each(|area| union.set(area, true));
        let areas = union.areas();
        if areas.is_empty() {
            continue;
        }
        for area in &areas {
            samples.paint(area.x..area.right(), area.y..area.bottom());
        }
        report.pixels += union.count();
        report.frames.push(FrameMasks { frame: mask.frame, areas });
        held += samples.cells.len() * usize::from(samples.bits_allocated.div_ceil(8));
        edits.push(FrameEdit { frame: mask.frame, samples });
        if held >= HELD_BYTES {
            put_back(instance, std::mem::take(&mut edits), report)?;
            held = 0;
        }
    }
    put_back(instance, edits, report)
}

fn put_back(
    instance: &mut Instance,
    edits: Vec<FrameEdit>,
    report: &mut MaskReport,
) -> Result<(), PixelError> {
    if edits.is_empty() {
        return Ok(());
    }
    let replaced = replace_frames(instance, edits)?;
    report.lossy |= replaced.lossy;
    report.reencoded +=
        replaced.frames.iter().filter(|f| matches!(f, FrameOutcome::Reencoded)).count() as u32;
    Ok(())
}

/// What PS3.3 asks of an instance whose pixels were changed.
fn mark_changed(instance: &mut Instance, report: &MaskReport) {
    let data = &mut instance.data;
    let mut parts = data.texts(tags::IMAGE_TYPE);
    if parts.len() < 2 {
        parts.resize(2, "SECONDARY".to_owned());
    }
    "DERIVED".clone_into(&mut parts[0]);
    data.put_text(tags::IMAGE_TYPE, VR::CS, &parts.join("\\"));
    // They may have been of a pixel that is no longer there.
    data.remove(tags::SMALLEST_IMAGE_PIXEL_VALUE);
    data.remove(tags::LARGEST_IMAGE_PIXEL_VALUE);
    if report.lossy {
        data.put_text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "01");
    }
}

/// Finds text in every frame and paints it over.
///
/// Burned In Annotation = NO in the source is no evidence and is not read; it is set to NO here, because every
/// frame was looked at. Text that stands still while the rest moves is masked in all frames, and so is what
/// was found at one place in a fifth of them. Tiles of a slide are places beside each other: what was found in one says
/// nothing about the others, and each is masked for itself.
///
/// # Errors
/// [`PixelError`]: a frame that does not decode or cannot be put back. The instance is then unchanged and must
/// not pass as cleaned.
pub fn clean_pixels(instance: &mut Instance, policy: &PixelPolicy) -> Result<PixelOutcome, PixelError> {
    let frames = frame_count(instance);
    if frames == 0 {
        return Err(DicomError::NoPixelData.into());
    }
    let hints = Hints { ultrasound: ultrasound::regions(&instance.data) };
    let mut found: Vec<FrameFindings> = Vec::new();
    let mut still: Option<Still> = None;
    let mut safe: Vec<Vec<Area>> = Vec::new();
    for frame in 0..frames {
        let raster = Raster::of(&decode_frame(instance, frame)?).ok_or(PixelError::Empty { frame })?;
        let detection = detect(&raster, &hints);
        found.push(FrameFindings { frame, regions: detection.regions });
        safe.push(ultrasound::safe(&raster, &hints.ultrasound));
        if frames > 1 && !frames_are_tiles(instance) {
            match &mut still {
                Some(still) => still.add(&raster),
                None => still = Some(Still::new(&raster)),
            }
        }
    }
    let mut shared = Vec::new();
    if let Some(still) = &still {
        shared.extend(still.detect(&hints).iter().map(Region::area));
        shared.extend(shared_areas(&found, still));
    }
    let sides = [tags::COLUMNS, tags::ROWS].map(|tag| instance.data.u32(tag).unwrap_or(1) as usize);
    let (mut masks, mut kept) = (Vec::with_capacity(found.len()), Vec::new());
    for (f, safe) in found.iter().zip(&safe) {
        let areas = f.regions.iter().map(Region::area).chain(shared.iter().copied()).collect();
        let (mut areas, stays) = spared(areas, safe, (sides[0], sides[1]));
        areas.extend(&policy.always);
        masks.push(FrameMasks { frame: f.frame, areas });
        if !stays.is_empty() {
            kept.push(FrameMasks { frame: f.frame, areas: stays });
        }
    }
    let masked = mask_instance(instance, &masks)?;
    let size = (sides[0] * sides[1]) as f64;
    let painted =
        |m: &FrameMasks| m.areas.iter().map(|a| f64::from(a.width) * f64::from(a.height)).sum::<f64>();
    let largest_share = masked.frames.iter().map(|m| painted(m) / size).fold(0.0, f64::max);
    instance.data.put_text(tags::BURNED_IN_ANNOTATION, VR::CS, "NO");
    found.retain(|f| !f.regions.is_empty());
    Ok(PixelOutcome {
        frames,
        found,
        masked,
        kept,
        safe_list: SAFE_LIST_VERSION.to_owned(),
        largest_share,
        detector: DETECTOR_VERSION.to_owned(),
        thresholds: Thresholds::current(),
    })
}

/// Areas without what is on the safe list, and the part of that list which lay in them.
fn spared(areas: Vec<Area>, safe: &[Area], (width, height): (usize, usize)) -> (Vec<Area>, Vec<Area>) {
    if safe.is_empty() {
        return (areas, Vec::new());
    }
    let mut mask = Mask::new(width, height);
    areas.iter().for_each(|area| mask.set(area, true));
    let mut stays = Mask::new(width, height);
    safe.iter().for_each(|area| stays.set(area, true));
    stays.marked.iter_mut().zip(&mask.marked).for_each(|(stays, found)| *stays &= *found);
    mask.marked.iter_mut().zip(&stays.marked).for_each(|(found, stays)| *found &= !*stays);
    if stays.count() == 0 { (areas, Vec::new()) } else { (mask.areas(), stays.areas()) }
}

/// Areas that were found in some frames and belong to all: what never changes there, or what was found often.
fn shared_areas(found: &[FrameFindings], still: &Still) -> Vec<Area> {
    let (width, height) = still.size();
    let mut times = vec![0_u32; width * height];
    for frame in found {
        let mut mask = Mask::new(width, height);
        frame.regions.iter().for_each(|r| mask.set(&r.area(), true));
        times.iter_mut().zip(&mask.marked).for_each(|(n, marked)| *n += u32::from(*marked));
    }
    let often = (found.len() as f64 * FRAMES_SHARE).ceil().max(2.0) as u32;
    let mut mask = Mask::new(width, height);
    mask.marked.iter_mut().zip(&times).for_each(|(marked, n)| *marked = *n >= often);
    for region in found.iter().flat_map(|f| &f.regions) {
        if still.share(&region.area()) >= STILL_SHARE {
            mask.set(&region.area(), true);
        }
    }
    mask.areas()
}
