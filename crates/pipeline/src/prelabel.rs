//! Model drafts that need no weights: each craft proposes, the draft is kept as a model's read.

use countersign_dicom as dicom;
use countersign_inspection as inspection;
use countersign_learning as learning;
use countersign_model::{
    Annotation, AnnotationId, Arrangement, Author, FrameRef, ItemKind, Protocol, ReadId, Shape, ShapeKind,
    StreamKind,
};
use countersign_sensors::{draft as sensors_draft, kitti};
use countersign_store::{Actor, Tx, assets, items, jobs};
use countersign_workflow::{Event, Phase, content_hash};
use uuid::Uuid;

use crate::{
    Pipeline, PipelineError, Result, blocking,
    lineage::ModelHash,
    moving::{Moving, hash_bytes, insert_made, parse_state},
    suggestions::{self, Drawn},
    work::read_evidence,
};

/// Largest stack that is drafted, voxels: what fits in memory beside the rest.
const VOXELS_MAX: usize = 96 << 20;
/// Most annotations of one draft.
const ANNOTATIONS_MAX: usize = 500;

/// What a craft proposed, before ids.
struct Proposal {
    class: &'static str,
    frame: Option<FrameRef>,
    shape: Shape,
    score: f64,
}

/// A craft's draft with its name.
struct Draft {
    model: &'static str,
    version: &'static str,
    hash: ModelHash,
    proposals: Vec<Proposal>,
}

/// A frame's bytes with its place in the item.
struct FrameBytes {
    frame: FrameRef,
    kind: StreamKind,
    part: u32,
    bytes: bytes::Bytes,
}

impl Pipeline {
    /// Asks the craft for a draft: the body of a `prelabel` job.
    ///
    /// # Errors
    /// When the store fails; the job is tried again.
    pub(crate) async fn run_prelabel(&self, job: jobs::Job, worker: String) -> Result<()> {
        let id = job.item_id.ok_or_else(|| PipelineError::Internal("a prelabel job without item".into()))?;
        let (item, protocol) = {
            let mut conn = self.store.read().await?;
            let item = items::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            let state = parse_state(&item.workflow)?;
            let protocol = self.protocol_of(&mut conn, &item, &state).await?;
            (item, protocol)
        };
        if item.state != Phase::Cleared.as_str() {
            return self.finish_job(job, worker).await;
        }
        let frames = self.frame_bytes(&item).await?;
        let (kind, streams) = (item.kind, item.streams.0.clone());
        let draft = blocking(move || propose(kind, &frames, &streams)).await?;
        let ids: Vec<Uuid> =
            (0..draft.as_ref().map_or(0, |d| d.proposals.len())).map(|_| self.store.ids().fresh()).collect();
        let spare = self.store.ids().fresh();
        let draft = draft.map(|draft| (annotations(&draft, &protocol, ids), draft));
        self.keep_draft(item, (draft, spare), job, worker).await
    }

    /// The bytes that the item's craft looks at, in stream and frame order.
    async fn frame_bytes(&self, item: &items::Item) -> Result<Vec<FrameBytes>> {
        let mut out = Vec::new();
        let mut last: Option<(countersign_model::AssetId, bytes::Bytes)> = None;
        for (stream_index, stream) in (0_u32..).zip(&item.streams.0) {
            // A slide is larger than any craft here looks at.
            if stream.properties.contains_key(crate::pixels::SLIDE) {
                continue;
            }
            for (index, frame) in (0_u32..).zip(&stream.frames) {
                let bytes = match &last {
                    Some((asset, bytes)) if *asset == frame.asset => bytes.clone(),
                    _ => {
                        let asset = assets::by_id(&mut *self.store.read().await?, frame.asset).await?;
                        let asset = asset.ok_or(PipelineError::NotFound)?;
                        if asset.external_url.is_some() {
                            continue;
                        }
                        let bytes =
                            self.store.cleared().for_machine(asset.project_id, &asset.address).await?;
                        last = Some((frame.asset, bytes.clone()));
                        bytes
                    }
                };
                let frame = FrameBytes {
                    frame: FrameRef { stream: stream_index, index },
                    kind: stream.kind,
                    part: frame.part,
                    bytes,
                };
                out.push(frame);
            }
        }
        Ok(out)
    }

    async fn keep_draft(
        &self,
        item: items::Item,
        (draft, spare): (Option<(Vec<Annotation>, Draft)>, Uuid),
        job: jobs::Job,
        worker: String,
    ) -> Result<()> {
        let pipeline = self.clone();
        self.store
            .write::<_, PipelineError, _>(Actor::model(), move |tx| {
                Box::pin(async move {
                    let mut moving = Moving::load(tx, &pipeline, item.id).await?;
                    let stopped = match &draft {
                        Some((_, draft)) => Self::is_stopped(tx, item.project_id, draft.model).await?,
                        None => false,
                    };
                    match draft.filter(|_| !stopped) {
                        None => {
                            moving.take(tx, &Event::DraftFailed).await?;
                            let none = moving.evidence("draft.none");
                            tx.record(if stopped { none.reason("model_stopped") } else { none })?;
                        }
                        Some((annotations, draft)) => {
                            let drawn = suggestions::draw(tx, &moving, annotations, spare).await?;
                            keep_read(tx, &mut moving, draft, drawn).await?;
                        }
                    }
                    if jobs::finish(tx, job.id, &worker).await? {
                        Ok(())
                    } else {
                        Err(PipelineError::refused("job_lost", "Another worker took over."))
                    }
                })
            })
            .await
    }
}

/// Keeps a draft as a model's read and hands the item on.
async fn keep_read(tx: &mut Tx, moving: &mut Moving, draft: Draft, drawn: Drawn) -> Result<()> {
    let read: ReadId = tx.fresh();
    let hash = content_hash(&drawn.annotations);
    let author = Author::Model { name: draft.model.into(), version: draft.version.into() };
    insert_made(tx, moving, (read, 0, &author), &drawn.annotations, None, Some(draft.hash)).await?;
    drawn.keep(tx, moving, read).await?;
    let event = Event::Drafted {
        read,
        content_hash: hash.clone(),
        model: draft.model.into(),
        version: draft.version.into(),
        withheld: drawn.withheld,
    };
    moving.take(tx, &event).await?;
    let mut evidence = read_evidence("draft.made", moving, read).content(hash_bytes(&hash)?);
    if let Some(committed) = drawn.commitment() {
        evidence = evidence.details(serde_json::json!({ "suggestion": committed }));
    }
    tx.record(evidence.reason(draft.model))?;
    Ok(())
}

fn propose(kind: ItemKind, frames: &[FrameBytes], streams: &[countersign_model::Stream]) -> Option<Draft> {
    match kind {
        ItemKind::Study => study(frames, streams),
        ItemKind::Scene => scene(frames),
        ItemKind::Part => part(frames),
        ItemKind::Image => None,
    }
}

/// Turns proposals into annotations; what the protocol has no class or shape for is left out.
fn annotations(draft: &Draft, protocol: &Protocol, ids: Vec<Uuid>) -> Vec<Annotation> {
    let author = Author::Model { name: draft.model.into(), version: draft.version.into() };
    draft
        .proposals
        .iter()
        .zip(ids)
        .filter_map(|(proposal, id)| {
            let class = protocol.class(proposal.class).filter(|class| !class.retired)?;
            let shape = fitting(&proposal.shape, &class.shapes)?;
            let annotation = Annotation {
                id: AnnotationId(id),
                version: 1,
                class: class.id.clone(),
                frame: proposal.frame,
                shape,
                attributes: std::collections::BTreeMap::new(),
                author: author.clone(),
                score: Some(proposal.score.clamp(0.0, 1.0)),
                arrangement: Arrangement::default(),
                unclear: None,
            };
            annotation.shape.validate().is_ok().then_some(annotation)
        })
        .take(ANNOTATIONS_MAX)
        .collect()
}

/// The shape in a kind that the class allows: a polygon may become its box.
fn fitting(shape: &Shape, allowed: &[ShapeKind]) -> Option<Shape> {
    if allowed.contains(&shape.kind()) {
        return Some(shape.clone());
    }
    let Shape::Polygon { points, .. } = shape else { return None };
    if !allowed.contains(&ShapeKind::Box) {
        return None;
    }
    let fold =
        |axis: usize, f: fn(f64, f64) -> f64, start: f64| points.iter().map(|p| p[axis]).fold(start, f);
    let (x, y) = (fold(0, f64::min, f64::INFINITY), fold(1, f64::min, f64::INFINITY));
    let (right, bottom) = (fold(0, f64::max, f64::NEG_INFINITY), fold(1, f64::max, f64::NEG_INFINITY));
    Some(Shape::Box { x, y, w: right - x, h: bottom - y })
}

fn scene(frames: &[FrameBytes]) -> Option<Draft> {
    let sweep = frames.iter().find(|frame| frame.kind == StreamKind::Lidar)?;
    let cloud = kitti::read_velodyne(&sweep.bytes).ok()?;
    let params = sensors_draft::DraftParams::default();
    let found = sensors_draft::detect(&cloud, &params);
    let proposals = found
        .into_iter()
        .map(|draft| Proposal {
            class: draft.class,
            frame: Some(sweep.frame),
            shape: Shape::Cuboid {
                center: draft.cuboid.center,
                size: draft.cuboid.size,
                rotation: draft.cuboid.rotation.wxyz(),
            },
            score: draft.score,
        })
        .collect();
    let (model, version) = (sensors_draft::MODEL_NAME, sensors_draft::MODEL_VERSION);
    Some(Draft { model, version, hash: ModelHash::declared(model, version, &params), proposals })
}

fn part(frames: &[FrameBytes]) -> Option<Draft> {
    let test = frames.iter().find(|frame| frame.kind == StreamKind::Exposure)?;
    let template = frames.iter().find(|frame| frame.kind == StreamKind::Template)?;
    let limits = inspection::Limits::default();
    let image = inspection::decode_gray(&test.bytes, limits).ok()?;
    let master = inspection::decode_gray(&template.bytes, limits).ok()?;
    let params = inspection::Params::default();
    let found = inspection::template_difference(&image, &master, &params);
    let proposals = found
        .into_iter()
        .map(|defect| Proposal {
            class: defect.kind.name(),
            frame: Some(test.frame),
            shape: Shape::Box {
                x: defect.x.into(),
                y: defect.y.into(),
                w: defect.width.into(),
                h: defect.height.into(),
            },
            score: defect.score,
        })
        .collect();
    let (model, version) = (inspection::draft::MODEL_NAME, inspection::draft::MODEL_VERSION);
    Some(Draft { model, version, hash: ModelHash::declared(model, version, &params), proposals })
}

/// The longest series of single gray frames of one size is drafted.
fn study(frames: &[FrameBytes], streams: &[countersign_model::Stream]) -> Option<Draft> {
    let (index, stream) = (0_u32..).zip(streams).max_by_key(|(_, stream)| stream.frames.len())?;
    let slices: Vec<&FrameBytes> = frames.iter().filter(|frame| frame.frame.stream == index).collect();
    let stack = decode_stack(&slices)?;
    let known = |name: &str| stream.properties.get(name).and_then(serde_json::Value::as_f64);
    let in_plane = (known("row_spacing_mm"), known("column_spacing_mm"));
    let (row, column) = match in_plane {
        (Some(row), Some(column)) => (row, column),
        // Size limits in millimetres mean nothing without spacing: no draft rather than a wrong one.
        _ => return None,
    };
    let between = known("slice_spacing_mm").or_else(|| known("slice_thickness_mm")).unwrap_or(row);
    let volume = learning::Volume {
        rows: stack.rows,
        columns: stack.columns,
        slices: slices.len(),
        spacing_mm: [row, column, between],
        values: &stack.values,
        slope: stack.slope,
        intercept: stack.intercept,
    };
    let params = learning::Params::default();
    let lesions = learning::threshold_components(&volume, &params).ok()?;
    let mut proposals = Vec::new();
    for lesion in &lesions {
        for slice in &lesion.slices {
            let frame = slices.get(slice.slice).map(|frame| frame.frame);
            for contour in slice.contours.iter().filter(|contour| contour.len() >= 3) {
                let points = contour.iter().map(|(x, y)| [*x, *y]).collect();
                proposals.push(Proposal {
                    class: "lesion",
                    frame,
                    shape: Shape::Polygon { points, holes: Vec::new() },
                    score: lesion.score,
                });
            }
        }
    }
    let learning::ModelInfo { name: model, version } = learning::STUDY_THRESHOLD;
    Some(Draft { model, version, hash: ModelHash::declared(model, version, &params), proposals })
}

struct Decoded {
    rows: usize,
    columns: usize,
    slope: f64,
    intercept: f64,
    values: Vec<i16>,
}

fn decode_stack(slices: &[&FrameBytes]) -> Option<Decoded> {
    let mut out: Option<Decoded> = None;
    for slice in slices {
        let instance = dicom::read(&slice.bytes, &dicom::Limits::default()).ok()?;
        let frame = dicom::decode_frame(&instance, slice.part).ok()?;
        let (rows, columns) = (frame.rows as usize, frame.columns as usize);
        let facts = dicom::Facts::of(&instance);
        let decoded = out.get_or_insert_with(|| Decoded {
            rows,
            columns,
            slope: facts.rescale_slope.unwrap_or(1.0),
            intercept: facts.rescale_intercept.unwrap_or(0.0),
            values: Vec::new(),
        });
        let same = decoded.rows == rows && decoded.columns == columns;
        if !same || decoded.values.len() + rows * columns > VOXELS_MAX {
            return None;
        }
        match frame.samples {
            dicom::Samples::U8(values) => decoded.values.extend(values.iter().map(|v| i16::from(*v))),
            dicom::Samples::I16(values) => decoded.values.extend(values),
            dicom::Samples::U16(values) => {
                // The upper half of the range does not fit; stacks that use it are rare and not drafted.
                let fits: Option<Vec<i16>> = values.iter().map(|v| i16::try_from(*v).ok()).collect();
                decoded.values.extend(fits?);
            }
            dicom::Samples::Rgb8(_) | dicom::Samples::Rgb16(_) | dicom::Samples::Float(_) => return None,
        }
    }
    out
}
