//! `kitti/`: scenes as label and calibration files, numbered through.

use countersign_exchange::kitti::{FrameEntry, class_name, label_path, write_entry, write_frame};
use countersign_geometry::{Cuboid, ImageSize};
use countersign_model::{FrameRef, Shape, StreamKind};
use countersign_sensors::{
    SceneCalibration,
    kitti::{KittiLabel, write_calib, write_label},
};
use countersign_store::{Conn, Store, releases};

use super::{
    answers::unassessed,
    carried::{Carried, carried},
    coco::size,
    material::{Material, internal},
    pack::{Lines, Package, add, export_failed},
};
use crate::{PipelineError, Result};

/// How many frames were written, and how many could not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct KittiCounts {
    /// Frames.
    pub frames: u64,
    /// Objects in them.
    pub objects: u64,
    /// Scenes that KITTI cannot say: no calibration, or one with a lens model or a turned camera. Their cuboids are in
    /// `annotations.jsonl`.
    pub scenes_left_out: u64,
    /// Frames that nobody could assess: an empty label file would say that nothing is there.
    pub not_assessed: u64,
}

/// What the labels of a scene are stated in.
struct Views {
    calibration: SceneCalibration,
    calib_file: String,
    image: ImageSize,
}

/// Writes label and calibration files of every scene, then the list that says which frame is which item.
pub(super) async fn write_kitti(
    package: &mut Package,
    conn: &mut Conn,
    store: &Store,
    release: &releases::Release,
    by: Option<&Carried>,
) -> Result<KittiCounts> {
    let (mut counts, mut list, mut lines) = (KittiCounts::default(), Vec::new(), Lines::of(release.id));
    while let Some(material) = lines.next(conn).await? {
        let material = carried(by, material);
        let Some(views) = views(store, &material).await? else {
            counts.scenes_left_out += 1;
            continue;
        };
        let (stream, frames) = counted(&material);
        for index in 0..frames {
            if unassessed(&material.annotations, FrameRef { stream, index }).is_some() {
                counts.not_assessed += 1;
                continue;
            }
            let frame = counts.frames;
            let (mut labels, cuboids) = (Vec::new(), cuboid_lines(&material, index, &views)?);
            let objects = write_frame(&mut labels, &cuboids).map_err(export_failed)?;
            add(package, &format!("kitti/{}", label_path(frame)), &labels)?;
            add(package, &format!("kitti/calib/{frame:06}.txt"), views.calib_file.as_bytes())?;
            let entry = FrameEntry { frame, item_id: material.item.id, read_id: material.read.id, objects };
            write_entry(&mut list, &entry).map_err(export_failed)?;
            counts.frames += 1;
            counts.objects += objects as u64;
        }
    }
    add(package, "kitti/frames.jsonl", &list)?;
    Ok(counts)
}

/// Sweeps of the LiDAR; of a scene without one, images of the camera: which stream, and how many.
fn counted(material: &Material) -> (u32, u32) {
    let streams = || (0u32..).zip(&material.item.streams.0);
    let of = |kind| streams().find(|(_, stream)| stream.kind == kind);
    let found = of(StreamKind::Lidar).or_else(|| of(StreamKind::Camera));
    found.map_or((0, 0), |(number, stream)| (number, u32::try_from(stream.frames.len()).unwrap_or(u32::MAX)))
}

async fn views(store: &Store, material: &Material) -> Result<Option<Views>> {
    let streams = &material.item.streams.0;
    let Some(stated) = streams.iter().find_map(|stream| stream.properties.get("calibration")) else {
        return Ok(None);
    };
    let calibration: SceneCalibration = serde_json::from_value(stated.clone())
        .map_err(|e| internal(&format!("items.streams: calibration: {e}")))?;
    let Ok(calib_file) = write_calib(&calibration) else { return Ok(None) };
    let camera = (0u32..).zip(streams).find(|(_, s)| s.kind == StreamKind::Camera && !s.frames.is_empty());
    let Some((stream, _)) = camera else { return Ok(None) };
    let Some((width, height)) = size(store, material, FrameRef { stream, index: 0 }).await? else {
        return Ok(None);
    };
    Ok(Some(Views { calibration, calib_file, image: ImageSize { width, height } }))
}

/// The label lines of one frame, in the order of the annotations' ids. A cuboid without a frame stands in all of them.
fn cuboid_lines(material: &Material, index: u32, views: &Views) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for annotation in &material.annotations {
        let Shape::Cuboid { center, size, rotation } = annotation.shape else { continue };
        if annotation.frame.is_some_and(|frame| frame.index != index) {
            continue;
        }
        let not_exportable = |e: &dyn std::fmt::Display| {
            PipelineError::refused("not_exportable", format!("Annotation {}: {e}", annotation.id))
        };
        let cuboid = Cuboid::from_arrays(center, size, rotation).map_err(|e| not_exportable(&e))?;
        let class = class_name(&annotation.class);
        let label =
            KittiLabel::from_cuboid(class, &cuboid, &views.calibration, views.image, annotation.score);
        lines.push(write_label(&label).map_err(|e| not_exportable(&e))?);
    }
    Ok(lines)
}
