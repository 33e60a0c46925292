//! `coco.json`: images, and what was drawn on them.

use std::collections::BTreeSet;

use countersign_exchange::coco::{Counts, Header, Image, Writer, fits};
use countersign_model::{Annotation, AssetKind, FrameRef, ItemKind, Protocol, Shape};
use countersign_store::{Conn, Store, projects, releases};

use super::{
    answers::unassessed,
    carried::{Carried, carried},
    material::Material,
    pack::{Lines, Package, export_failed, sink, write_failed},
};
use crate::Result;

/// Writes the file in two passes over the items, with labels by the classes of this protocol.
pub(super) async fn write_coco(
    package: &mut Package,
    conn: &mut Conn,
    store: &Store,
    release: &releases::Release,
    project: &projects::Project,
    protocol: &Protocol,
    by: Option<&Carried>,
) -> Result<Counts> {
    package.begin_file("coco.json").map_err(write_failed)?;
    let header = Header {
        description: project.name.clone(),
        version: release.name.clone(),
        date_created: release.created_at.to_string(),
    };
    let mut writer = Writer::new(sink(package), &header, protocol).map_err(export_failed)?;
    let mut lines = Lines::of(release.id);
    while let Some(material) = lines.next(conn).await? {
        let material = carried(by, material);
        for frame in frames(&material) {
            let entry = image(store, &material, frame).await?;
            writer.image(&entry).map_err(export_failed)?;
        }
    }
    let mut writer = writer.annotations().map_err(export_failed)?;
    let (mut lines, mut image_id) = (Lines::of(release.id), 0);
    while let Some(material) = lines.next(conn).await? {
        let material = carried(by, material);
        for frame in frames(&material) {
            image_id += 1;
            for annotation in &material.annotations {
                if fits(&annotation.shape) && place(&material, annotation) == Some(frame) {
                    writer.push(image_id, material.read.id, annotation).map_err(export_failed)?;
                }
            }
        }
    }
    let (out, counts) = writer.finish().map_err(export_failed)?;
    drop(out);
    package.end_file().map_err(write_failed)?;
    Ok(counts)
}

/// The frames that get an image entry, in order.
///
/// Those that carry a mark. Of a part or plain image every picture of the thing itself, because the whole of it was
/// looked at. Of a study without marks the first frame of each series, so that it is not lost. Of a scene only what
/// carries outlines: a camera frame whose cars are cuboids is not an image without cars. What cannot be assessed is listed with
/// that answer: the frame that it names, or as many as stand for the item.
fn frames(material: &Material) -> BTreeSet<FrameRef> {
    let kind = material.item.kind;
    let marks = material.annotations.iter().filter(|mark| !mark.is_answer());
    let marks = marks.filter(|a| kind != ItemKind::Scene || fits(&a.shape));
    let framed = |a: &Annotation| if fits(&a.shape) { place(material, a) } else { a.frame };
    let mut found: BTreeSet<FrameRef> = marks.filter_map(framed).collect();
    let pictures = drawable(material);
    let drawn_on: BTreeSet<u32> = drawable(material).map(|(stream, _)| stream).collect();
    let answers = material.annotations.iter().filter(|mark| mark.is_answer());
    found.extend(answers.filter_map(|answer| answer.frame).filter(|frame| drawn_on.contains(&frame.stream)));
    match kind {
        ItemKind::Part | ItemKind::Image => found.extend(
            pictures.flat_map(|(stream, frames)| (0..frames).map(move |index| FrameRef { stream, index })),
        ),
        ItemKind::Study if found.is_empty() => found.extend(firsts(pictures)),
        ItemKind::Scene if material.read.cannot_assess && found.is_empty() => found.extend(firsts(pictures)),
        ItemKind::Study | ItemKind::Scene => {}
    }
    found
}

/// The first frame of each stream.
fn firsts(pictures: impl Iterator<Item = (u32, u32)>) -> impl Iterator<Item = FrameRef> {
    pictures.map(|(stream, _)| FrameRef { stream, index: 0 })
}

/// The streams that people draw on, with their number of frames.
fn drawable(material: &Material) -> impl Iterator<Item = (u32, u32)> {
    let streams = (0u32..).zip(&material.item.streams.0);
    streams
        .filter(|(_, stream)| stream.is_drawable())
        .map(|(number, stream)| (number, u32::try_from(stream.frames.len()).unwrap_or(u32::MAX)))
}

/// The frame that an outline lies on; without one of its own, the first that can be drawn on.
fn place(material: &Material, annotation: &Annotation) -> Option<FrameRef> {
    annotation.frame.or_else(|| drawable(material).next().map(|(stream, _)| FrameRef { stream, index: 0 }))
}

async fn image(store: &Store, material: &Material, frame: FrameRef) -> Result<Image> {
    let asset = material.frame_asset(frame.stream, frame.index)?;
    let extension = match asset.kind {
        AssetKind::Dicom => "dcm",
        AssetKind::Png => "png",
        AssetKind::Jpeg => "jpg",
        _ => "bin",
    };
    let (width, height) = size(store, material, frame).await?.unwrap_or((0, 0));
    let tagged = material.annotations.iter().filter(|a| matches!(a.shape, Shape::Tag {}) && !a.is_answer());
    let here = tagged.filter(|a| a.frame.is_none_or(|own| own == frame)).map(|a| a.class.clone());
    Ok(Image {
        file_name: format!("{}/s{}/f{:06}.{extension}", material.item.id, frame.stream, frame.index),
        width,
        height,
        item_id: material.item.id,
        frame: Some(frame),
        read_id: material.read.id,
        sha256: (asset.kind != AssetKind::External).then(|| asset.content_hash.clone()),
        tags: here.collect::<BTreeSet<_>>().into_iter().collect(),
        cannot_assess: unassessed(&material.annotations, frame),
    })
}

/// Width and height of a frame, pixels: from its stream's properties, else from its bytes. `None` for images that are
/// kept elsewhere and that nobody measured.
pub(super) async fn size(store: &Store, material: &Material, frame: FrameRef) -> Result<Option<(u32, u32)>> {
    let stream = material.item.streams.0.get(frame.stream as usize);
    if let Some(found) = stream.and_then(countersign_model::Stream::size_px) {
        return Ok(Some(found));
    }
    let asset = material.frame_asset(frame.stream, frame.index)?;
    if !matches!(asset.kind, AssetKind::Dicom | AssetKind::Png | AssetKind::Jpeg) {
        return Ok(None);
    }
    let bytes = store.cleared().for_machine(asset.project_id, &asset.address).await?;
    let limits = countersign_inspection::Limits::default();
    Ok(if asset.kind == AssetKind::Dicom {
        let instance = countersign_dicom::read_shared(bytes, &countersign_dicom::Limits::default()).ok();
        let facts = instance.map(|instance| countersign_dicom::Facts::of(&instance));
        facts.and_then(|facts| Some((facts.columns?, facts.rows?)))
    } else {
        countersign_inspection::decode::dimensions(&bytes, limits).ok()
    })
}
