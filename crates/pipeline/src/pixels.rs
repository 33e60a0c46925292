//! Pixels and points for people: the exposure is committed first, then the bytes are read.

use countersign_dicom as dicom;
use countersign_model::{AssetKind, ItemId, StreamKind};
use countersign_sensors::{kitti, wire};
use countersign_store::{assets, exposures, exposures::Viewer};

use crate::{Pipeline, PipelineError, Result, access::Action, blocking, people::Caller};

/// An encoded image that goes out as it is stored, or as it was rendered.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// MIME type.
    pub kind: &'static str,
    /// Encoded bytes.
    pub bytes: bytes::Bytes,
}

/// The stored values of a DICOM frame, before rescale and window.
#[derive(Clone, Debug, PartialEq)]
pub struct RawFrame {
    /// Rows.
    pub rows: u32,
    /// Columns.
    pub columns: u32,
    /// `u8`, `u16`, `i16` (little-endian) or `rgb8` (interleaved).
    pub format: &'static str,
    /// Slope to modality units; 1 where none is given.
    pub slope: f64,
    /// Intercept to modality units; 0 where none is given.
    pub intercept: f64,
    /// Small values are to be shown bright (MONOCHROME1).
    pub inverted: bool,
    /// Row by row.
    pub bytes: Vec<u8>,
}

/// How a DICOM frame is rendered to 8 bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindowLevel {
    /// Centre in modality units.
    pub center: f64,
    /// Width in modality units, > 0.
    pub width: f64,
}

impl Caller {
    /// Who sees, for exposures.
    pub const fn viewer(&self) -> Viewer {
        Viewer { user: self.principal.user, session: self.presence.0, is_session: self.session.is_some() }
    }
}

/// A frame that the caller may see, and its bytes.
struct Shown {
    asset: assets::Asset,
    part: u32,
    bytes: bytes::Bytes,
}

impl Pipeline {
    /// The frame as an image: stored bytes for cameras and exposures, rendered for DICOM.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `not_an_image`.
    pub async fn image(
        &self,
        caller: &Caller,
        item: ItemId,
        stream: u32,
        frame: u32,
        window: Option<WindowLevel>,
    ) -> Result<Picture> {
        let shown = self.shown(caller, item, stream, frame, None).await?;
        picture(shown.asset.kind, shown.bytes, shown.part, window).await
    }

    /// The stored values of a DICOM frame.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `not_decodable`.
    pub async fn raw_frame(
        &self,
        caller: &Caller,
        item: ItemId,
        stream: u32,
        frame: u32,
    ) -> Result<RawFrame> {
        let shown = self.shown(caller, item, stream, frame, Some(StreamKind::Dicom)).await?;
        blocking(move || raw(&shown.bytes, shown.part)).await?
    }

    /// A LiDAR sweep in the wire form of `countersign_sensors::wire`.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `not_points`.
    pub async fn points(&self, caller: &Caller, item: ItemId, stream: u32, frame: u32) -> Result<Vec<u8>> {
        let shown = self.shown(caller, item, stream, frame, Some(StreamKind::Lidar)).await?;
        blocking(move || {
            let cloud = kitti::read_velodyne(&shown.bytes)
                .map_err(|e| PipelineError::bad("not_points", "asset", e.to_string()))?;
            Ok(wire::encode(&cloud))
        })
        .await?
    }

    async fn shown(
        &self,
        caller: &Caller,
        item: ItemId,
        stream: u32,
        frame: u32,
        kind: Option<StreamKind>,
    ) -> Result<Shown> {
        let (asset, part) = {
            let mut conn = self.store.read().await?;
            let item = self.visible_item(&mut conn, caller, item, Action::ViewPixels).await?;
            let stream =
                item.streams.0.get(stream as usize).filter(|s| kind.is_none_or(|kind| s.kind == kind));
            let frame = stream.and_then(|s| s.frames.get(frame as usize)).ok_or(PipelineError::NotFound)?;
            let asset = assets::by_id(&mut conn, frame.asset).await?.ok_or(PipelineError::NotFound)?;
            // What is shared with other items is shown for this one.
            (assets::Asset { item_id: Some(item.id), ..asset }, frame.part)
        };
        // No log, no pixel: this returns only when the exposure is durable.
        let exposed = exposures::ensure(&self.store, caller.viewer(), &asset, "work").await?;
        let bytes = self.store.cleared().show(&exposed).await?;
        Ok(Shown { asset, part, bytes })
    }
}

/// An image in a form that browsers show.
pub(crate) async fn picture(
    kind: AssetKind,
    bytes: bytes::Bytes,
    part: u32,
    window: Option<WindowLevel>,
) -> Result<Picture> {
    match kind {
        AssetKind::Png => Ok(Picture { kind: "image/png", bytes }),
        AssetKind::Jpeg => Ok(Picture { kind: "image/jpeg", bytes }),
        AssetKind::Dicom => {
            let png = blocking(move || rendered(&bytes, part, window)).await??;
            Ok(Picture { kind: "image/png", bytes: png.into() })
        }
        _ => Err(PipelineError::bad("not_an_image", "asset", "has no picture")),
    }
}

fn undecodable(error: &dicom::DicomError) -> PipelineError {
    PipelineError::bad("not_decodable", "asset", error.to_string())
}

fn raw(bytes: &[u8], part: u32) -> Result<RawFrame> {
    let instance = dicom::read(bytes, &dicom::Limits::default()).map_err(|e| undecodable(&e))?;
    let facts = dicom::Facts::of(&instance);
    let frame = dicom::decode_frame(&instance, part).map_err(|e| undecodable(&e))?;
    let (mut slope, mut intercept) =
        (facts.rescale_slope.unwrap_or(1.0), facts.rescale_intercept.unwrap_or(0.0));
    let (format, bytes) = match frame.samples {
        dicom::Samples::U8(values) => ("u8", values),
        dicom::Samples::Rgb8(values) => ("rgb8", values),
        dicom::Samples::U16(values) => ("u16", values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        dicom::Samples::I16(values) => ("i16", values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        dicom::Samples::Rgb16(values) => ("rgb8", values.iter().map(|v| (v >> 8) as u8).collect()),
        dicom::Samples::Float(values) => {
            let (low, step, steps) = narrowed(&values);
            (slope, intercept) = (step * slope, low * slope + intercept);
            ("u16", steps.iter().flat_map(|v| v.to_le_bytes()).collect())
        }
    };
    Ok(RawFrame {
        rows: frame.rows,
        columns: frame.columns,
        format,
        slope,
        intercept,
        inverted: frame.inverted,
        bytes,
    })
}

/// Values that 16 bits cannot hold, in 65536 steps from the smallest to the largest, so that the page's
/// window works on them as on any others: the smallest value, the size of a step, and the steps.
fn narrowed(values: &[f64]) -> (f64, f64, Vec<u16>) {
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low <= high { (low, high) } else { (0.0, 0.0) };
    // Shares first: the difference of two doubles may be infinite.
    let step = high / f64::from(u16::MAX) - low / f64::from(u16::MAX);
    // The cast saturates, and turns what is no number into 0.
    let index = |v: &f64| if step > 0.0 { (v / step - low / step).round() as u16 } else { 0 };
    (low, step, values.iter().map(index).collect())
}

fn rendered(bytes: &[u8], part: u32, window: Option<WindowLevel>) -> Result<Vec<u8>> {
    let instance = dicom::read(bytes, &dicom::Limits::default()).map_err(|e| undecodable(&e))?;
    let window = window.map(|w| dicom::Window { center: w.center, width: w.width });
    let picture = dicom::render_frame(&instance, part, window).map_err(|e| undecodable(&e))?;
    let color =
        if picture.channels == 3 { image::ExtendedColorType::Rgb8 } else { image::ExtendedColorType::L8 };
    let mut png = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut png);
    image::ImageEncoder::write_image(encoder, &picture.pixels, picture.columns, picture.rows, color)
        .map_err(|e| PipelineError::Internal(e.to_string()))?;
    Ok(png)
}
