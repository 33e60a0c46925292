//! What a file is, whether it can be read at all, and what is known of it before it is stored.

use countersign_deid as deid;
use countersign_dicom as dicom;
use countersign_inspection as inspection;
use countersign_model::{AssetKind, ItemKind};
use countersign_sensors::kitti;

use super::archive::FileRefusal;
use crate::gate::{TABLE_LIMITS, records};

/// Beginnings that make a DICOM file two files at once when they stand in its preamble. A TIFF header is lawful
/// there (dual-personality files) and is blanked at the gate.
const POLYGLOT_PREAMBLES: &[(&[u8], &str)] = &[
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a Unix program"),
    (b"PK", "a zip archive"),
    (b"%PDF", "a PDF document"),
    (b"#!", "a script"),
    (b"<", "a markup document"),
    (b"\xca\xfe\xba\xbe", "a Java class"),
];

/// A file that may come in.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// What its bytes are.
    pub kind: AssetKind,
    /// What is known of a DICOM instance.
    pub dicom: Option<Box<DicomPart>>,
    /// Width and height of a picture, pixels.
    pub size_px: Option<(u32, u32)>,
}

/// What grouping and facts need of a DICOM instance. Identifiers stay in the intake.
#[derive(Clone, Debug)]
pub struct DicomPart {
    /// Study, series and instance UIDs.
    pub identity: dicom::Identity,
    /// Typed attributes.
    pub facts: dicom::Facts,
    /// Where each frame of a multi-frame object lies; empty for others.
    pub frames: Vec<dicom::FrameGeometry>,
    /// Regions of an ultrasound image whose scale is known.
    pub regions: Vec<dicom::Region>,
    /// The level that a slide's instance is.
    pub slide: Option<dicom::SlideLevel>,
    /// What was odd about the file.
    pub notes: Vec<&'static str>,
}

/// Looks at a file in the light of what the project takes.
///
/// # Errors
/// [`FileRefusal`] naming file, tag and offset.
pub fn classify(name: &str, bytes: &[u8], takes: ItemKind) -> Result<Accepted, FileRefusal> {
    // An empty list of labels says that nothing is there; every other empty file says that something went wrong.
    let is_list = name.ends_with(".txt") && matches!(takes, ItemKind::Part | ItemKind::Scene);
    if bytes.is_empty() && !is_list {
        return Err(FileRefusal::new(name, "empty", "the file is empty", Some(0)));
    }
    match takes {
        ItemKind::Study => dicom_file(name, bytes),
        ItemKind::Scene => scene_file(name, bytes),
        ItemKind::Part => part_file(name, bytes),
        ItemKind::Image => picture(name, bytes),
    }
}

fn dicom_file(name: &str, bytes: &[u8]) -> Result<Accepted, FileRefusal> {
    if let Some(kind) = records::kind_of(name, bytes) {
        let most = TABLE_LIMITS.bytes;
        if bytes.len() > most {
            let message = format!("tables and texts have at most {most} bytes");
            return Err(FileRefusal::new(name, "too_large", message, Some(most as u64)));
        }
        return Ok(plain(kind));
    }
    if bytes.get(128..132) == Some(b"DICM") {
        let found = POLYGLOT_PREAMBLES.iter().find(|(magic, _)| bytes.starts_with(magic));
        if let Some((_, what)) = found {
            let message = format!("the preamble begins like {what}; the file would be two files at once");
            return Err(FileRefusal::new(name, "polyglot_preamble", message, Some(0)));
        }
    }
    let refuse = |error: &dicom::DicomError| {
        FileRefusal::new(name, error.code(), error.to_string(), error.place().offset)
    };
    let instance = dicom::read(bytes, &dicom::Limits::default()).map_err(|e| refuse(&e))?;
    let facts = dicom::Facts::of(&instance);
    let identity = dicom::Identity::of(&instance);
    if is_document(&facts) {
        let mut notes: Vec<&'static str> = instance.notes.iter().map(|note| note.kind.code()).collect();
        notes.sort_unstable();
        notes.dedup();
        return Ok(Accepted {
            kind: AssetKind::Document,
            size_px: None,
            dicom: Some(Box::new(DicomPart {
                identity,
                facts,
                frames: Vec::new(),
                regions: Vec::new(),
                slide: None,
                notes,
            })),
        });
    }
    if dicom::frame_count(&instance) == 0 {
        // Looked for to the end of the file: that is the place where it would have to stand.
        let end = bytes.len() as u64;
        return Err(FileRefusal::new(name, "no_pixel_data", "(7FE0,0010) Pixel Data is missing", Some(end)));
    }
    // What cannot be shown cannot be annotated: found out now, not by the reader.
    dicom::decode_frame(&instance, 0).map_err(|e| refuse(&e))?;
    let mut notes: Vec<&'static str> = instance.notes.iter().map(|note| note.kind.code()).collect();
    if facts.has_overlays {
        notes.push("overlays");
    }
    if identity.study_uid.is_none() {
        notes.push("no_study_uid");
    }
    notes.sort_unstable();
    notes.dedup();
    let slide = dicom::slide_level(&instance);
    let frames = match facts.frames {
        0 | 1 => Vec::new(),
        // Tiles lie in a plane; their places are the level's.
        _ if slide.is_some() => Vec::new(),
        // Only what has a group of its own can have a place of its own; the number of frames is what the file says.
        count => {
            let own = instance.data.items(dicom::tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE).len();
            (0..count).take(own).map(|index| dicom::frame_geometry(&instance, index)).collect()
        }
    };
    let regions = dicom::regions(&instance);
    let part = DicomPart { identity, facts, frames, regions, slide, notes };
    Ok(Accepted { kind: AssetKind::Dicom, dicom: Some(Box::new(part)), size_px: None })
}

/// Whether the class says that the object is words, a document or a video. These come in with their study; what of them
/// cannot be cleaned stays in quarantine.
fn is_document(facts: &dicom::Facts) -> bool {
    use deid::HoldReason::{EncapsulatedDocument, StructuredContent, Video};
    match deid::verdict(facts) {
        deid::Verdict::Vouched => false,
        deid::Verdict::Hold(reasons) => {
            reasons.iter().any(|reason| matches!(reason, EncapsulatedDocument | StructuredContent | Video))
        }
    }
}

fn scene_file(name: &str, bytes: &[u8]) -> Result<Accepted, FileRefusal> {
    let refuse = |e: &kitti::KittiError| FileRefusal::new(name, e.code(), e.to_string(), e.offset());
    let folder = name.rsplit('/').nth(1).unwrap_or_default();
    if name.ends_with(".bin") {
        kitti::read_velodyne(bytes).map_err(|e| refuse(&e))?;
        return Ok(plain(AssetKind::Velodyne));
    }
    if name.ends_with(".txt") {
        let text = std::str::from_utf8(bytes).map_err(|e| {
            FileRefusal::new(name, "not_text", "is not UTF-8 text", Some(e.valid_up_to() as u64))
        })?;
        if folder.contains("calib") {
            kitti::parse_calib(text).map_err(|e| refuse(&e))?;
            return Ok(plain(AssetKind::KittiCalib));
        }
        if folder.contains("label") {
            kitti::parse_labels(text).map_err(|e| refuse(&e))?;
            return Ok(plain(AssetKind::KittiLabel));
        }
        return Err(unknown(name, "a scene project takes text only from folders named calib or label_2"));
    }
    picture(name, bytes)
}

fn part_file(name: &str, bytes: &[u8]) -> Result<Accepted, FileRefusal> {
    if name.ends_with(".txt") {
        inspection::parse_labels(bytes)
            .map_err(|e| FileRefusal::new(name, "bad_labels", e.to_string(), None))?;
        return Ok(plain(AssetKind::DefectList));
    }
    picture(name, bytes)
}

fn picture(name: &str, bytes: &[u8]) -> Result<Accepted, FileRefusal> {
    let cleaned =
        deid::clean_image(bytes).map_err(|e| FileRefusal::new(name, e.code(), e.to_string(), e.offset()))?;
    let limits = inspection::Limits::default();
    inspection::decode_gray(bytes, limits)
        .map_err(|e| FileRefusal::new(name, "not_decodable", e.to_string(), None))?;
    let sized = |kind| Accepted { size_px: Some((cleaned.width, cleaned.height)), ..plain(kind) };
    match cleaned.kind {
        deid::Kind::Png => Ok(sized(AssetKind::Png)),
        deid::Kind::Jpeg => Ok(sized(AssetKind::Jpeg)),
        _ => Err(unknown(name, "neither PNG nor JPEG")),
    }
}

const fn plain(kind: AssetKind) -> Accepted {
    Accepted { kind, dicom: None, size_px: None }
}

fn unknown(name: &str, message: &str) -> FileRefusal {
    FileRefusal::new(name, "not_for_this_project", message, None)
}
