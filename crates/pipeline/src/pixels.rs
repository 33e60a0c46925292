//! Pixels and points for people: the exposure is committed first, then the bytes are read.

use countersign_dicom as dicom;
use countersign_model::{AssetKind, ItemId, StreamKind};
use countersign_sensors::{kitti, wire};
use countersign_store::{assets, exposures, exposures::Viewer};
use serde::Deserialize;

use crate::{Pipeline, PipelineError, Result, access::Action, blocking, people::Caller};

/// The property of a stream whose frames are the levels of a slide.
pub const SLIDE: &str = "slide";

/// An encoded image that goes out as it is stored, or as it was rendered.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// MIME type.
    pub kind: &'static str,
    /// Encoded bytes.
    pub bytes: bytes::Bytes,
}

/// The stored values of a DICOM frame, before rescale and window; after the modality table where the file has one.
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
    /// Unit of rescaled values, as the file says; absent where it says none.
    pub unit: Option<String>,
    /// The first window of the frame, in rescaled units.
    pub window: Option<WindowLevel>,
    /// How a window maps values to grays: `LINEAR`, `LINEAR_EXACT` or `SIGMOID` (PS3.3 C.11.2.1).
    pub curve: &'static str,
    /// Something lies over the frame; see [`Pipeline::display`].
    pub extras: bool,
    /// Small values are to be shown bright (MONOCHROME1).
    pub inverted: bool,
    /// Row by row.
    pub bytes: Vec<u8>,
}

/// What a picture is shown for. The record of the exposure says so; all but work comes small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShownFor {
    /// To be read or looked at.
    #[default]
    Work,
    /// A small picture of one item.
    Thumbnail,
    /// One of many in a list.
    Grid,
    /// One of the hits of a search.
    Search,
}

impl ShownFor {
    /// The word in exposures.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Work => "work",
            Self::Thumbnail => "thumbnail",
            Self::Grid => "grid",
            Self::Search => "search",
        }
    }
}

/// Longest side of a small picture, pixels.
const SMALL_PX: u32 = 256;
/// Most memory that decoding a picture to make it small may take, bytes.
const SMALL_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// How a DICOM frame is rendered to 8 bit.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
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

/// A frame that the caller may see; that it is shown is on record.
pub(crate) struct Shown {
    pub asset: assets::Asset,
    /// Frame within the asset.
    pub part: u32,
    is_slide: bool,
    pub exposed: exposures::Exposed,
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
        purpose: ShownFor,
    ) -> Result<Picture> {
        let shown = self.shown(caller, (item, stream, frame), None, purpose).await?;
        let whole = self.whole_picture(&shown, window).await?;
        if purpose == ShownFor::Work { Ok(whole) } else { small(whole).await }
    }

    /// The whole picture of a frame that is shown.
    pub(crate) async fn whole_picture(&self, shown: &Shown, window: Option<WindowLevel>) -> Result<Picture> {
        if shown.asset.kind == AssetKind::Dicom {
            let (instance, index) = self.instance_with(&shown.asset, &shown.exposed, shown.part).await?;
            let png = blocking(move || rendered(&instance, index, window)).await??;
            return Ok(Picture { kind: "image/png", bytes: png.into() });
        }
        let bytes = self.store.cleared().show(&shown.exposed).await?;
        picture(shown.asset.kind, bytes, shown.part, window).await
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
        let shown =
            self.shown(caller, (item, stream, frame), Some(StreamKind::Dicom), ShownFor::Work).await?;
        let (instance, index) = self.instance_with(&shown.asset, &shown.exposed, shown.part).await?;
        blocking(move || raw(&instance, index)).await?
    }

    /// A tile of a slide's level, as it stands in the file where browsers can show it, else as PNG.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `not_a_slide`; `not_decodable`.
    pub async fn tile(
        &self,
        caller: &Caller,
        item: ItemId,
        stream: u32,
        level: u32,
        tile: u32,
    ) -> Result<Picture> {
        let shown =
            self.shown(caller, (item, stream, level), Some(StreamKind::Dicom), ShownFor::Work).await?;
        if !shown.is_slide {
            return Err(PipelineError::bad("not_a_slide", "stream", "has no tiles"));
        }
        let (instance, index) = self.instance_with(&shown.asset, &shown.exposed, tile).await?;
        blocking(move || {
            if let Some(jpeg) = dicom::browser_jpeg(&instance, index) {
                return Ok(Picture { kind: "image/jpeg", bytes: jpeg });
            }
            let png = rendered(&instance, index, None)?;
            Ok(Picture { kind: "image/png", bytes: png.into() })
        })
        .await?
    }

    /// A LiDAR sweep in the wire form of `countersign_sensors::wire`.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `not_points`.
    pub async fn points(&self, caller: &Caller, item: ItemId, stream: u32, frame: u32) -> Result<Vec<u8>> {
        let shown =
            self.shown(caller, (item, stream, frame), Some(StreamKind::Lidar), ShownFor::Work).await?;
        let bytes = self.store.cleared().show(&shown.exposed).await?;
        blocking(move || {
            let cloud = kitti::read_velodyne(&bytes)
                .map_err(|e| PipelineError::bad("not_points", "asset", e.to_string()))?;
            Ok(wire::encode(&cloud))
        })
        .await?
    }

    pub(crate) async fn shown(
        &self,
        caller: &Caller,
        (item, stream, frame): (ItemId, u32, u32),
        kind: Option<StreamKind>,
        purpose: ShownFor,
    ) -> Result<Shown> {
        let (asset, part, is_slide) = {
            let mut conn = self.store.read().await?;
            let item = self.visible_item(&mut conn, caller, item, Action::ViewPixels).await?;
            let stream =
                item.streams.0.get(stream as usize).filter(|s| kind.is_none_or(|kind| s.kind == kind));
            let frame = stream.and_then(|s| s.frames.get(frame as usize)).ok_or(PipelineError::NotFound)?;
            let asset = assets::by_id(&mut conn, frame.asset).await?.ok_or(PipelineError::NotFound)?;
            // What is shared with other items is shown for this one.
            let is_slide = stream.is_some_and(|stream| stream.properties.contains_key(SLIDE));
            (assets::Asset { item_id: Some(item.id), ..asset }, frame.part, is_slide)
        };
        // No log, no pixel: this returns only when the exposure is durable.
        let exposed = exposures::ensure(&self.store, caller.viewer(), &asset, purpose.as_str()).await?;
        Ok(Shown { asset, part, is_slide, exposed })
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
            let png = blocking(move || {
                let instance = dicom::read_shared(bytes, &dicom::Limits::default());
                rendered(&instance.map_err(|e| undecodable(&e))?, part, window)
            });
            let png = png.await??;
            Ok(Picture { kind: "image/png", bytes: png.into() })
        }
        _ => Err(PipelineError::bad("not_an_image", "asset", "has no picture")),
    }
}

/// The picture with no side longer than [`SMALL_PX`]. One that is small already stays as it is.
async fn small(whole: Picture) -> Result<Picture> {
    blocking(move || {
        let failed =
            |error: image::ImageError| PipelineError::bad("not_decodable", "asset", error.to_string());
        let mut limits = image::Limits::default();
        limits.max_alloc = Some(SMALL_BYTES_MAX);
        let mut reader = image::ImageReader::new(std::io::Cursor::new(&whole.bytes))
            .with_guessed_format()
            .map_err(|error| failed(error.into()))?;
        reader.limits(limits);
        let decoded = reader.decode().map_err(failed)?;
        if decoded.width().max(decoded.height()) <= SMALL_PX {
            return Ok(whole);
        }
        // A form that keeps transparency and sixteen bits would only make it larger.
        let small = image::DynamicImage::ImageRgb8(decoded.thumbnail(SMALL_PX, SMALL_PX).into_rgb8());
        let mut bytes = std::io::Cursor::new(Vec::new());
        small.write_to(&mut bytes, image::ImageFormat::Png).map_err(failed)?;
        Ok(Picture { kind: "image/png", bytes: bytes.into_inner().into() })
    })
    .await?
}

pub(crate) fn undecodable(error: &dicom::DicomError) -> PipelineError {
    PipelineError::bad("not_decodable", "asset", error.to_string())
}

fn raw(instance: &dicom::Instance, part: u32) -> Result<RawFrame> {
    let facts = dicom::Facts::of_frame(instance, part);
    let frame = dicom::decode_frame(instance, part).map_err(|e| undecodable(&e))?;
    let table = dicom::DisplayLuts::of(instance, part).modality;
    let (mut slope, mut intercept) = match table {
        // The table takes the place of slope and intercept.
        Some(_) => (1.0, 0.0),
        None => (facts.rescale_slope.unwrap_or(1.0), facts.rescale_intercept.unwrap_or(0.0)),
    };
    let down = frame.bits_stored.saturating_sub(8);
    let little = |values: &[u16]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let tabled = |table: &dicom::Lut, values: &mut dyn Iterator<Item = f64>| {
        // Entries have at most 16 bits.
        little(&values.map(|v| table.at(v) as u16).collect::<Vec<_>>())
    };
    let (format, bytes) = match (frame.samples, &table) {
        (dicom::Samples::Rgb8(values), _) => ("rgb8", values),
        (dicom::Samples::Rgb16(values), _) => {
            ("rgb8", values.iter().map(|v| (v >> down).min(255) as u8).collect())
        }
        (dicom::Samples::U8(v), Some(table)) => ("u16", tabled(table, &mut v.iter().map(|v| f64::from(*v)))),
        (dicom::Samples::U16(v), Some(table)) => ("u16", tabled(table, &mut v.iter().map(|v| f64::from(*v)))),
        (dicom::Samples::I16(v), Some(table)) => ("u16", tabled(table, &mut v.iter().map(|v| f64::from(*v)))),
        (dicom::Samples::Float(v), Some(table)) => ("u16", tabled(table, &mut v.iter().copied())),
        (dicom::Samples::U8(values), None) => ("u8", values),
        (dicom::Samples::U16(values), None) => ("u16", little(&values)),
        (dicom::Samples::I16(values), None) => ("i16", values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        (dicom::Samples::Float(values), None) => {
            let (low, step, steps) = narrowed(&values);
            (slope, intercept) = (step * slope, low * slope + intercept);
            ("u16", little(&steps))
        }
    };
    Ok(RawFrame {
        rows: frame.rows,
        columns: frame.columns,
        format,
        slope,
        intercept,
        unit: dicom::unit(&facts),
        window: facts.windows.first().map(|w| WindowLevel { center: w.center, width: w.width }),
        curve: match facts.voi_lut_function.as_deref() {
            Some("LINEAR_EXACT") => "LINEAR_EXACT",
            Some("SIGMOID") => "SIGMOID",
            _ => "LINEAR",
        },
        extras: dicom::has_display_extras(instance, part),
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

fn rendered(instance: &dicom::Instance, part: u32, window: Option<WindowLevel>) -> Result<Vec<u8>> {
    let window = window.map(|w| dicom::Window { center: w.center, width: w.width });
    let picture = dicom::render_frame(instance, part, window).map_err(|e| undecodable(&e))?;
    let color =
        if picture.channels == 3 { image::ExtendedColorType::Rgb8 } else { image::ExtendedColorType::L8 };
    let mut png = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut png);
    image::ImageEncoder::write_image(encoder, &picture.pixels, picture.columns, picture.rows, color)
        .map_err(|e| PipelineError::Internal(e.to_string()))?;
    Ok(png)
}
