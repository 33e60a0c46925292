//! The typed attributes of an instance. [`Facts`] have no identifier in them; [`Identity`] has nothing else.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use serde::{Deserialize, Serialize};

use crate::dataset::DataSet;
use crate::instance::is_overlay;
use crate::{Instance, Photometric};

/// Most windows that are kept of one instance.
const MAX_WINDOWS: usize = 16;
/// Longest code string, characters.
const MAX_CODE: usize = 16;

/// Who and what an instance is of. Never leaves quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Study Instance UID (0020,000D).
    pub study_uid: Option<String>,
    /// Series Instance UID (0020,000E).
    pub series_uid: Option<String>,
    /// SOP Instance UID (0008,0018).
    pub instance_uid: Option<String>,
    /// Frame of Reference UID (0020,0052): instances that share it share coordinates.
    pub frame_of_reference_uid: Option<String>,
    /// Patient ID (0010,0020).
    pub patient_id: Option<String>,
    /// Issuer of Patient ID (0010,0021).
    pub patient_id_issuer: Option<String>,
    /// Accession Number (0008,0050).
    pub accession_number: Option<String>,
}

impl Identity {
    /// Reads the identifiers of an instance.
    #[must_use]
    pub fn of(instance: &Instance) -> Self {
        let text = |tag| instance.data.text(tag);
        Self {
            study_uid: text(tags::STUDY_INSTANCE_UID),
            series_uid: text(tags::SERIES_INSTANCE_UID),
            instance_uid: text(tags::SOP_INSTANCE_UID)
                .or_else(|| instance.meta.text(tags::MEDIA_STORAGE_SOP_INSTANCE_UID)),
            frame_of_reference_uid: text(tags::FRAME_OF_REFERENCE_UID),
            patient_id: text(tags::PATIENT_ID),
            patient_id_issuer: text(tags::ISSUER_OF_PATIENT_ID),
            accession_number: text(tags::ACCESSION_NUMBER),
        }
    }
}

/// What the distance between pixels means: a ruler may be drawn in mm only where it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpacingOrigin {
    /// Pixel Spacing of a cross-sectional image: in the patient.
    Patient,
    /// Pixel Spacing of a projection, calibrated against a known object or geometry (0028,0A02).
    Calibrated,
    /// Pixel Spacing of a projection, equal to the detector's or of unstated origin: not in the patient.
    Detector,
    /// Only Imager Pixel Spacing (0018,1164) is there: at the detector, before magnification.
    ImagerOnly,
    /// Nothing is known.
    #[default]
    Unknown,
}

/// A window of the image: values are shown from `center - width / 2` to `center + width / 2`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Window Center (0028,1050), in rescaled units.
    pub center: f64,
    /// Window Width (0028,1051), in rescaled units, above 0.
    pub width: f64,
}

/// Dose attributes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Dose {
    /// CTDIvol (0018,9345), mGy.
    pub ctdi_vol_mgy: Option<f64>,
    /// Dose-length product, mGy*cm, from the content of a dose report.
    pub dlp_mgy_cm: Option<f64>,
    /// Exposure, mAs: (0018,9332), else (0018,1153) in µAs, else (0018,1152).
    pub exposure_mas: Option<f64>,
    /// Exposure Time, ms: (0018,9328), else (0018,1150).
    pub exposure_time_ms: Option<f64>,
    /// KVP (0018,0060), kV.
    pub kvp: Option<f64>,
    /// X-Ray Tube Current, mA: (0018,9330), else (0018,1151).
    pub tube_current_ma: Option<f64>,
}

/// Where a frame lies in the patient.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct FrameGeometry {
    /// Image Position (0020,0032): centre of the first pixel, LPS, mm.
    pub position_mm: Option<[f64; 3]>,
    /// Image Orientation (0020,0037): direction cosines of the row, then of the column.
    pub orientation: Option<[f64; 6]>,
    /// Pixel Spacing (0028,0030): between rows, then between columns, mm.
    pub pixel_spacing_mm: Option<[f64; 2]>,
    /// Slice Thickness (0018,0050), mm.
    pub slice_thickness_mm: Option<f64>,
}

/// The filterable facts of an instance; no identifier, no free text, no date.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Facts {
    /// SOP Class UID (a registered one; it identifies a kind, not a thing).
    pub sop_class_uid: Option<String>,
    /// Modality (0008,0060).
    pub modality: Option<String>,
    /// Transfer Syntax UID of the pixels.
    pub transfer_syntax_uid: String,
    /// Body Part Examined (0018,0015).
    pub body_part: Option<String>,
    /// Image Type (0008,0008), in order.
    pub image_type: Vec<String>,
    /// Series Number.
    pub series_number: Option<i32>,
    /// Instance Number.
    pub instance_number: Option<i32>,
    /// Rows, pixels.
    pub rows: Option<u32>,
    /// Columns, pixels.
    pub columns: Option<u32>,
    /// Frames; 0 without pixel data.
    pub frames: u32,
    /// Samples per Pixel.
    pub samples_per_pixel: Option<u32>,
    /// Bits Allocated.
    pub bits_allocated: Option<u32>,
    /// Bits Stored.
    pub bits_stored: Option<u32>,
    /// High Bit.
    pub high_bit: Option<u32>,
    /// Pixel Representation: true for two's complement.
    pub signed: bool,
    /// Photometric Interpretation.
    pub photometric: Option<Photometric>,
    /// Patient Position (0018,5100), e.g. HFS.
    pub patient_position: Option<String>,
    /// Where the first frame lies.
    pub geometry: FrameGeometry,
    /// Imager Pixel Spacing (0018,1164): rows, columns, mm at the detector.
    pub imager_pixel_spacing_mm: Option<[f64; 2]>,
    /// What the spacing means.
    pub spacing_origin: SpacingOrigin,
    /// Spacing Between Slices (0018,0088), mm.
    pub spacing_between_slices_mm: Option<f64>,
    /// Rescale Slope: output unit per stored value.
    pub rescale_slope: Option<f64>,
    /// Rescale Intercept, output unit.
    pub rescale_intercept: Option<f64>,
    /// Rescale Type (0028,1054), e.g. HU.
    pub rescale_type: Option<String>,
    /// The windows of the image, in order.
    pub windows: Vec<Window>,
    /// VOI LUT Function (0028,1056), e.g. LINEAR or SIGMOID.
    pub voi_lut_function: Option<String>,
    /// A VOI LUT Sequence is present.
    pub has_voi_lut: bool,
    /// A Modality LUT Sequence is present.
    pub has_modality_lut: bool,
    /// Dose attributes.
    pub dose: Dose,
    /// Burned In Annotation (0028,0301): `Some(true)` for YES, `Some(false)` for NO.
    pub burned_in_annotation: Option<bool>,
    /// Overlay planes are present.
    pub has_overlays: bool,
    /// Ultrasound regions are declared.
    pub has_ultrasound_regions: bool,
    /// Frame Time (0018,1063), ms.
    pub frame_time_ms: Option<f64>,
    /// Frames per second that the file asks for; see [`crate::frame_rate_hz`].
    pub frame_rate_hz: Option<f64>,
    /// Height of a pixel over its width, from Pixel Aspect Ratio (0028,0034).
    pub pixel_aspect: Option<f64>,
    /// A Manufacturer is named (never which).
    pub has_manufacturer: bool,
    /// Lossy Image Compression (0028,2110) is 01.
    pub lossy: bool,
    /// Patient Identity Removed (0012,0062) is YES: an earlier de-identification claims so.
    pub identity_removed: bool,
}

/// Values of a macro: at the top level, in the frame's own functional group, or in the shared one.
struct Groups<'a> {
    sets: Vec<&'a DataSet>,
}

impl<'a> Groups<'a> {
    fn of(instance: &'a Instance, frame: u32) -> Self {
        let data = &instance.data;
        let own = data.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).get(frame as usize);
        let shared = data.items(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE).first();
        let mut sets = vec![data];
        for group in own.into_iter().chain(shared) {
            sets.extend(group.iter().filter_map(|(_, e)| e.items().and_then(<[_]>::first)));
        }
        Self { sets }
    }

    fn numbers<const N: usize>(&self, tag: Tag) -> Option<[f64; N]> {
        self.sets.iter().find_map(|s| s.numbers(tag).get(..N)?.try_into().ok())
    }

    fn number(&self, tag: Tag) -> Option<f64> {
        self.sets.iter().find_map(|s| s.number(tag))
    }

    fn all(&self, tag: Tag) -> Vec<f64> {
        self.sets.iter().map(|s| s.numbers(tag)).find(|n| !n.is_empty()).unwrap_or_default()
    }

    fn code(&self, tag: Tag) -> Option<String> {
        self.sets.iter().find_map(|s| s.text(tag)).filter(|t| is_code(t))
    }

    fn has(&self, tag: Tag) -> bool {
        self.sets.iter().any(|s| s.get(tag).is_some_and(|e| !e.is_empty()))
    }
}

/// Items of a sequence that applies to a frame: at the top level, or in its functional groups.
pub(crate) fn group_items(instance: &Instance, frame: u32, tag: Tag) -> &[DataSet] {
    let groups = Groups::of(instance, frame);
    groups.sets.iter().map(|s| s.items(tag)).find(|items| !items.is_empty()).unwrap_or_default()
}

/// Whether a text can be a code string (PS3.5 6.2): facts are kept in the open, and words are no facts.
fn is_code(text: &str) -> bool {
    text.len() <= MAX_CODE && text.bytes().all(|b| b.is_ascii_alphanumeric() || b" _-/.+".contains(&b))
}

/// Where frame `index` (from 0) lies, from the functional groups of an enhanced object or the top level.
#[must_use]
pub fn frame_geometry(instance: &Instance, index: u32) -> FrameGeometry {
    let groups = Groups::of(instance, index);
    FrameGeometry {
        position_mm: groups.numbers(tags::IMAGE_POSITION_PATIENT),
        orientation: groups.numbers(tags::IMAGE_ORIENTATION_PATIENT),
        pixel_spacing_mm: groups.numbers(tags::PIXEL_SPACING).filter(positive),
        slice_thickness_mm: groups.number(tags::SLICE_THICKNESS).filter(|n| *n > 0.0),
    }
}

fn positive(pair: &[f64; 2]) -> bool {
    pair.iter().all(|n| *n > 0.0)
}

impl Facts {
    /// Reads the facts of an instance. What is absent or unusable is `None`, never a guess.
    #[must_use]
    pub fn of(instance: &Instance) -> Self {
        Self::of_frame(instance, 0)
    }

    /// As [`Facts::of`], with rescale, windows and place of frame `index` (from 0) where an enhanced object states them
    /// frame by frame.
    #[must_use]
    pub fn of_frame(instance: &Instance, index: u32) -> Self {
        let data = &instance.data;
        let groups = Groups::of(instance, index);
        let geometry = frame_geometry(instance, index);
        let imager = groups.numbers(tags::IMAGER_PIXEL_SPACING).filter(positive);
        let whole =
            |tag: Tag| data.number(tag).filter(|n| n.fract() == 0.0 && n.abs() < 2e9).map(|n| n as i32);
        Self {
            sop_class_uid: data
                .text(tags::SOP_CLASS_UID)
                .or_else(|| instance.meta.text(tags::MEDIA_STORAGE_SOP_CLASS_UID)),
            modality: data.text(tags::MODALITY).filter(|t| is_code(t)),
            transfer_syntax_uid: instance.transfer_syntax.clone(),
            body_part: groups.code(tags::BODY_PART_EXAMINED),
            image_type: data
                .texts(tags::IMAGE_TYPE)
                .into_iter()
                .map(|t| if is_code(&t) { t } else { String::new() })
                .collect(),
            series_number: whole(tags::SERIES_NUMBER),
            instance_number: whole(tags::INSTANCE_NUMBER),
            rows: data.u32(tags::ROWS),
            columns: data.u32(tags::COLUMNS),
            frames: crate::frame_count(instance),
            samples_per_pixel: data.u32(tags::SAMPLES_PER_PIXEL),
            bits_allocated: data.u32(tags::BITS_ALLOCATED),
            bits_stored: data.u32(tags::BITS_STORED),
            high_bit: data.u32(tags::HIGH_BIT),
            signed: data.u32(tags::PIXEL_REPRESENTATION) == Some(1),
            photometric: data.text(tags::PHOTOMETRIC_INTERPRETATION).and_then(|t| Photometric::from_term(&t)),
            patient_position: data.text(tags::PATIENT_POSITION).filter(|t| is_code(t)),
            geometry,
            imager_pixel_spacing_mm: imager,
            spacing_origin: spacing_origin(data, geometry.pixel_spacing_mm, imager),
            spacing_between_slices_mm: groups.number(tags::SPACING_BETWEEN_SLICES),
            rescale_slope: groups.number(tags::RESCALE_SLOPE),
            rescale_intercept: groups.number(tags::RESCALE_INTERCEPT),
            rescale_type: groups.code(tags::RESCALE_TYPE),
            windows: windows(&groups),
            voi_lut_function: groups.code(tags::VOILUT_FUNCTION),
            has_voi_lut: groups.has(tags::VOILUT_SEQUENCE),
            has_modality_lut: groups.has(tags::MODALITY_LUT_SEQUENCE),
            dose: dose(data, &groups),
            burned_in_annotation: match data.text(tags::BURNED_IN_ANNOTATION).as_deref() {
                Some("YES") => Some(true),
                Some("NO") => Some(false),
                _ => None,
            },
            has_overlays: data.iter().any(|(t, _)| is_overlay(t)),
            has_ultrasound_regions: !data.items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS).is_empty(),
            frame_time_ms: data.number(tags::FRAME_TIME).filter(|n| *n > 0.0),
            frame_rate_hz: crate::frame_rate_hz(instance),
            pixel_aspect: crate::pixel_aspect(instance),
            has_manufacturer: data.text(tags::MANUFACTURER).is_some(),
            lossy: data.text(tags::LOSSY_IMAGE_COMPRESSION).as_deref() == Some("01"),
            identity_removed: data.text(tags::PATIENT_IDENTITY_REMOVED).as_deref() == Some("YES"),
        }
    }
}

/// Pixel Spacing of a cross-section lies in the patient; of a projection only after a stated calibration
/// (PS3.3 10.7.1.3).
fn spacing_origin(data: &DataSet, spacing: Option<[f64; 2]>, imager: Option<[f64; 2]>) -> SpacingOrigin {
    if spacing.is_none() {
        return if imager.is_some() { SpacingOrigin::ImagerOnly } else { SpacingOrigin::Unknown };
    }
    if data.text(tags::PIXEL_SPACING_CALIBRATION_TYPE).is_some() {
        return SpacingOrigin::Calibrated;
    }
    match data.text(tags::MODALITY).as_deref() {
        Some("CT" | "MR" | "PT" | "NM" | "OPT" | "SEG" | "RTDOSE") => SpacingOrigin::Patient,
        Some("CR" | "DX" | "MG" | "XA" | "RF" | "IO" | "PX" | "RG" | "RTIMAGE") => {
            if imager.is_some() && imager != spacing {
                SpacingOrigin::Calibrated
            } else {
                SpacingOrigin::Detector
            }
        }
        _ => SpacingOrigin::Unknown,
    }
}

fn windows(groups: &Groups) -> Vec<Window> {
    let centers = groups.all(tags::WINDOW_CENTER);
    let widths = groups.all(tags::WINDOW_WIDTH);
    centers
        .into_iter()
        .zip(widths)
        .filter(|(_, width)| *width > 0.0)
        .map(|(center, width)| Window { center, width })
        .take(MAX_WINDOWS)
        .collect()
}

fn dose(data: &DataSet, groups: &Groups) -> Dose {
    let first = |tags: &[(Tag, f64)]| {
        tags.iter().find_map(|(tag, unit)| groups.number(*tag).map(|n| n * unit)).filter(|n| *n >= 0.0)
    };
    Dose {
        ctdi_vol_mgy: first(&[(tags::CTD_IVOL, 1.0)]).or_else(|| measured(data, "113830")),
        // The total of the examination, else the first acquisition's (PS3.16 TID 10011, 10013).
        dlp_mgy_cm: measured(data, "113813").or_else(|| measured(data, "113838")),
        exposure_mas: first(&[
            (tags::EXPOSURE_INM_AS, 1.0),
            (tags::EXPOSURE_INU_AS, 1e-3),
            (tags::EXPOSURE, 1.0),
        ]),
        exposure_time_ms: first(&[(tags::EXPOSURE_TIME_INMS, 1.0), (tags::EXPOSURE_TIME, 1.0)]),
        kvp: first(&[(tags::KVP, 1.0)]),
        tube_current_ma: first(&[(tags::X_RAY_TUBE_CURRENT_INM_A, 1.0), (tags::X_RAY_TUBE_CURRENT, 1.0)]),
    }
}

/// The number of the first content item with this DCM concept code. The nesting is bounded by the reader.
fn measured(data: &DataSet, code: &str) -> Option<f64> {
    data.items(tags::CONTENT_SEQUENCE).iter().find_map(|item| {
        let concept = item.items(tags::CONCEPT_NAME_CODE_SEQUENCE).first();
        let named = concept.and_then(|c| c.text(tags::CODE_VALUE)).as_deref() == Some(code);
        let value = item.items(tags::MEASURED_VALUE_SEQUENCE).first();
        let own = if named { value.and_then(|v| v.number(tags::NUMERIC_VALUE)) } else { None };
        own.or_else(|| measured(item, code))
    })
}
