//! From stored files to items: studies by their UID, scenes by frame, parts by pair.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use countersign_inspection::{group_files as group_parts, pairs::Missing};
use countersign_model::{AssetId, AssetKind, Facts, Frame, ItemKind, Stream, StreamKind};
use countersign_sensors::kitti;

use super::{
    archive::FileRefusal,
    classify::DicomPart,
    series::{Spaces, series_stream},
};

/// Accession numbers that are kept of one study.
const ACCESSIONS_MAX: usize = 32;

/// A file that lies in quarantine.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// The name it came under; used for grouping, never stored.
    pub name: String,
    /// Its asset.
    pub asset: AssetId,
    /// What its bytes are.
    pub kind: AssetKind,
    /// What is known of a DICOM instance.
    pub dicom: Option<Box<DicomPart>>,
    /// Width and height of a picture, pixels.
    pub size_px: Option<(u32, u32)>,
}

impl Arrived {
    /// Whether it is a table or free text, which make no item.
    pub fn is_record(&self) -> bool {
        matches!(self.kind, AssetKind::Table | AssetKind::FreeText)
    }

    /// What a stream says of a picture: its size, which shapes must lie in.
    fn size_properties(&self) -> BTreeMap<String, serde_json::Value> {
        let sides = self.size_px.map(|(width, height)| [("width", width), ("height", height)]);
        sides.into_iter().flatten().map(|(name, side)| (name.to_owned(), side.into())).collect()
    }
}

/// An item to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// What makes it the same item when it comes again; identifying, so it is hashed with the project's key.
    pub key: Vec<String>,
    /// Name where the source's own is no identifier (parts); otherwise the product numbers items.
    pub name: Option<String>,
    /// Its streams.
    pub streams: Vec<Stream>,
    /// Its facts.
    pub facts: Facts,
    /// Every asset of it, shown or not.
    pub assets: Vec<AssetId>,
    /// Accession numbers of a study; identifying, so they are hashed like the key.
    pub accessions: Vec<String>,
}

/// Groups what arrived.
pub fn group(arrived: Vec<Arrived>, takes: ItemKind) -> (Vec<Group>, Vec<FileRefusal>) {
    match takes {
        ItemKind::Study => (studies(arrived), Vec::new()),
        ItemKind::Scene => scenes(&arrived),
        ItemKind::Part => parts(&arrived),
        ItemKind::Image => (images(arrived), Vec::new()),
    }
}

fn studies(arrived: Vec<Arrived>) -> Vec<Group> {
    let mut studies: BTreeMap<String, BTreeMap<String, Vec<Arrived>>> = BTreeMap::new();
    for file in arrived {
        let Some(part) = &file.dicom else { continue };
        // A file that names no study is a study of its own.
        let study = part.identity.study_uid.clone().unwrap_or_else(|| file.asset.to_string());
        let series = part.identity.series_uid.clone().unwrap_or_default();
        studies.entry(study).or_default().entry(series).or_default().push(file);
    }
    studies.into_iter().map(|(uid, series)| study(uid, series.into_values().collect())).collect()
}

fn study(uid: String, mut series: Vec<Vec<Arrived>>) -> Group {
    series.sort_by_key(|files| files.iter().find_map(|f| f.dicom.as_ref()?.facts.series_number));
    let mut facts = Facts::default();
    let mut streams = Vec::with_capacity(series.len());
    let assets = series.iter().flatten().map(|file| file.asset).collect();
    let parts = series.iter().flatten().filter_map(|file| file.dicom.as_deref());
    let accessions: BTreeSet<String> =
        parts.filter_map(|part| part.identity.accession_number.clone()).collect();
    // Reports and documents belong to the study; they are no pictures of it.
    series.iter_mut().for_each(|files| files.retain(|file| file.kind != AssetKind::Document));
    series.retain(|files| !files.is_empty());
    let mut spaces = Spaces::default();
    for (index, files) in series.into_iter().enumerate() {
        let stream = series_stream(index + 1, files, &mut facts, &mut spaces);
        facts.frames += u32::try_from(stream.frames.len()).unwrap_or(u32::MAX);
        streams.push(stream);
    }
    facts.notes.sort_unstable();
    facts.notes.dedup();
    let accessions = accessions.into_iter().take(ACCESSIONS_MAX).collect();
    Group { key: vec!["study".into(), uid], name: None, streams, facts, assets, accessions }
}

fn scenes(arrived: &[Arrived]) -> (Vec<Group>, Vec<FileRefusal>) {
    let by_name: HashMap<&str, &Arrived> = arrived.iter().map(|file| (file.name.as_str(), file)).collect();
    let names: Vec<&str> = arrived.iter().map(|file| file.name.as_str()).collect();
    let (mut groups, mut refusals) = (Vec::new(), Vec::new());
    for frame in kitti::group_files(&names) {
        let missing = frame.missing();
        if !missing.is_empty() {
            let shown = [&frame.image, &frame.velodyne, &frame.calib, &frame.labels];
            let message = format!("the scene lacks {}", missing.join(", "));
            for name in shown.into_iter().flatten() {
                refusals.push(FileRefusal::new(name, "incomplete_scene", message.clone(), None));
            }
            continue;
        }
        let of = |name: &Option<String>| name.as_deref().and_then(|name| by_name.get(name).copied());
        let (Some(image), Some(sweep), Some(calib)) =
            (of(&frame.image), of(&frame.velodyne), of(&frame.calib))
        else {
            continue;
        };
        let one = |kind, name: &str, file: &Arrived| Stream {
            kind,
            name: name.into(),
            frames: vec![Frame { asset: file.asset, part: 0, time_ns: None, position_mm: None }],
            properties: file.size_properties(),
        };
        let streams = vec![one(StreamKind::Camera, "camera", image), one(StreamKind::Lidar, "lidar", sweep)];
        let mut assets = vec![image.asset, sweep.asset, calib.asset];
        assets.extend(of(&frame.labels).map(|file| file.asset));
        groups.push(Group {
            key: vec!["scene".into(), frame.key, image.asset.to_string()],
            name: None,
            streams,
            facts: Facts { frames: 2, ..Facts::default() },
            assets,
            accessions: Vec::new(),
        });
        for name in frame.surplus {
            refusals.push(FileRefusal::new(&name, "duplicate_place", "another file holds this place", None));
        }
    }
    (groups, refusals)
}

fn parts(arrived: &[Arrived]) -> (Vec<Group>, Vec<FileRefusal>) {
    let by_name: HashMap<&str, &Arrived> = arrived.iter().map(|file| (file.name.as_str(), file)).collect();
    let names: Vec<&str> = arrived.iter().map(|file| file.name.as_str()).collect();
    let grouping = group_parts(&names);
    let mut refusals: Vec<FileRefusal> = grouping
        .unpaired
        .iter()
        .map(|unpaired| {
            let (code, message) = match unpaired.missing {
                Missing::Template => ("no_template", "the template (…_temp) is missing"),
                Missing::Test => ("no_test_image", "the test image (…_test) is missing"),
                Missing::Pictures => ("no_pictures", "a defect list without its pictures"),
                Missing::Duplicate => ("duplicate_place", "another file holds this place"),
            };
            FileRefusal::new(&unpaired.path, code, message, None)
        })
        .collect();
    for name in &grouping.others {
        let message = "name test images …_test and templates …_temp";
        refusals.push(FileRefusal::new(name, "not_for_this_project", message, None));
    }
    let mut groups = Vec::with_capacity(grouping.parts.len());
    for part in grouping.parts {
        let (Some(test), Some(template)) =
            (by_name.get(part.test.as_str()), by_name.get(part.template.as_str()))
        else {
            continue;
        };
        let one = |kind, name: &str, file: &Arrived| Stream {
            kind,
            name: name.into(),
            frames: vec![Frame { asset: file.asset, part: 0, time_ns: None, position_mm: None }],
            properties: file.size_properties(),
        };
        let mut assets = vec![test.asset, template.asset];
        assets.extend(part.labels.as_deref().and_then(|name| by_name.get(name)).map(|file| file.asset));
        let lot = (!part.lot.is_empty()).then(|| part.lot.clone());
        groups.push(Group {
            key: vec!["part".into(), part.lot, part.stem.clone(), test.asset.to_string()],
            name: Some(part.stem),
            streams: vec![
                one(StreamKind::Exposure, "test image", test),
                one(StreamKind::Template, "template", template),
            ],
            facts: Facts { frames: 2, lot, ..Facts::default() },
            assets,
            accessions: Vec::new(),
        });
    }
    (groups, refusals)
}

fn images(arrived: Vec<Arrived>) -> Vec<Group> {
    arrived
        .into_iter()
        .map(|file| Group {
            key: vec!["image".into(), file.asset.to_string()],
            name: None,
            streams: vec![Stream {
                kind: StreamKind::Image,
                name: "image".into(),
                frames: vec![Frame { asset: file.asset, part: 0, time_ns: None, position_mm: None }],
                properties: file.size_properties(),
            }],
            facts: Facts { frames: 1, ..Facts::default() },
            assets: vec![file.asset],
            accessions: Vec::new(),
        })
        .collect()
}
