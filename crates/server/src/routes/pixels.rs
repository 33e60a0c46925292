//! Pixels and points. The use case commits the exposure before it hands out a byte.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use countersign_model::ItemId;
use countersign_pipeline::{
    display::FrameDisplay,
    pixels::{RawFrame, ShownFor, WindowLevel},
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    App, Problem,
    caller::SignedIn,
    extract::{Ids, Search, is_known},
};

/// Media type of points in the wire form of `countersign_sensors::wire`.
pub const POINTS: &str = "application/vnd.countersign.points";
/// Media type of stored pixel values.
const VALUES: &str = "application/octet-stream";
/// The browser may keep a picture but asks each time, so that access is checked and the look is on record.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("private, no-cache");
/// Bytes of the hash in an entity tag.
const TAG_BYTES: usize = 16;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(image))
        .routes(routes!(pixels))
        .routes(routes!(display))
        .routes(routes!(tile))
        .routes(routes!(points))
}

/// How a frame is rendered.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Rendering {
    /// Centre and width in modality units, as `centre,width`; for DICOM.
    pub window: Option<String>,
}

/// How a frame is rendered, and what for.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct Showing {
    /// Centre and width in modality units, as `centre,width`; for DICOM.
    window: Option<String>,
    /// What it is shown for; the record of the exposure says so. All but `work` (the default) comes small.
    #[serde(default)]
    #[param(inline)]
    purpose: Purpose,
}

/// What a picture is shown for.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Purpose {
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

impl From<Purpose> for ShownFor {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Work => Self::Work,
            Purpose::Thumbnail => Self::Thumbnail,
            Purpose::Grid => Self::Grid,
            Purpose::Search => Self::Search,
        }
    }
}

impl Rendering {
    /// The window, read.
    pub fn window(&self) -> Result<Option<WindowLevel>, Problem> {
        let Some(text) = &self.window else { return Ok(None) };
        let numbers =
            text.split_once(',').and_then(|(c, w)| Some((c.trim().parse().ok()?, w.trim().parse().ok()?)));
        match numbers {
            Some((center, width)) if f64::is_finite(center) && f64::is_finite(width) && width > 0.0 => {
                Ok(Some(WindowLevel { center, width }))
            }
            _ => Err(Problem::bad(
                "bad_window",
                "window",
                "two numbers, centre and width > 0, with a comma between",
            )),
        }
    }
}

type Place = (ItemId, u32, u32);

/// The frame as an image: as stored for cameras and exposures, rendered for DICOM.
#[utoipa::path(
    get, path = "/items/{item}/streams/{stream}/frames/{frame}/image", tag = "pixels",
    params(("item" = ItemId, Path), ("stream" = u32, Path), ("frame" = u32, Path), Showing),
    responses((status = 200, content_type = "image/png"), (status = 304))
)]
async fn image(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((item, stream, frame)): Ids<Place>,
    Search(showing): Search<Showing>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (window, purpose) = (Rendering { window: showing.window }.window()?, showing.purpose.into());
    let picture = app.pipeline.image(&caller, item, stream, frame, window, purpose).await?;
    Ok(answer(&headers, HeaderMap::new(), picture.kind, picture.bytes))
}

/// Stored values of a DICOM frame, little-endian, row by row; how to read them is in the headers.
#[utoipa::path(
    get, path = "/items/{item}/streams/{stream}/frames/{frame}/pixels", tag = "pixels",
    params(("item" = ItemId, Path), ("stream" = u32, Path), ("frame" = u32, Path)),
    responses((status = 200, content_type = "application/octet-stream", headers(
        ("X-Countersign-Rows" = u32), ("X-Countersign-Columns" = u32),
        ("X-Countersign-Format" = String, description = "u8, u16, i16 or rgb8"),
        ("X-Countersign-Slope" = f64), ("X-Countersign-Intercept" = f64), ("X-Countersign-Photometric" = String),
        ("X-Countersign-Unit" = String, description = "unit of rescaled values; absent where the file says none"),
        ("X-Countersign-Window" = String, description = "centre,width of the frame's first window"),
        ("X-Countersign-Curve" = String, description = "LINEAR, LINEAR_EXACT or SIGMOID"),
        ("X-Countersign-Extras" = String, description = "yes where something lies over the frame"),
    )), (status = 304))
)]
async fn pixels(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((item, stream, frame)): Ids<Place>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let frame = app.pipeline.raw_frame(&caller, item, stream, frame).await?;
    let reading = how_to_read(&frame)?;
    Ok(answer(&headers, reading, VALUES, frame.bytes.into()))
}

/// A tile of a slide. Frames of its stream are levels, tiles are the frames of the level's file.
#[utoipa::path(
    get, path = "/items/{item}/streams/{stream}/frames/{frame}/tiles/{tile}", tag = "pixels",
    params(("item" = ItemId, Path), ("stream" = u32, Path), ("frame" = u32, Path), ("tile" = u32, Path)),
    responses((status = 200, content_type = "image/jpeg"), (status = 304))
)]
async fn tile(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((item, stream, frame, tile)): Ids<(ItemId, u32, u32, u32)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let picture = app.pipeline.tile(&caller, item, stream, frame, tile).await?;
    Ok(answer(&headers, HeaderMap::new(), picture.kind, picture.bytes))
}

/// What lies over a DICOM frame: overlay planes, shutters, the file's own lookup table.
#[utoipa::path(
    get, path = "/items/{item}/streams/{stream}/frames/{frame}/display", tag = "pixels",
    params(("item" = ItemId, Path), ("stream" = u32, Path), ("frame" = u32, Path)),
    responses((status = 200, body = FrameDisplay))
)]
async fn display(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((item, stream, frame)): Ids<Place>,
) -> Result<Json<FrameDisplay>, Problem> {
    Ok(Json(app.pipeline.display(&caller, item, stream, frame).await?))
}

/// The points of a LiDAR sweep.
#[utoipa::path(
    get, path = "/items/{item}/streams/{stream}/frames/{frame}/points", tag = "pixels",
    params(("item" = ItemId, Path), ("stream" = u32, Path), ("frame" = u32, Path)),
    responses((status = 200, content_type = "application/vnd.countersign.points"), (status = 304))
)]
async fn points(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Ids((item, stream, frame)): Ids<Place>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let points = app.pipeline.points(&caller, item, stream, frame).await?;
    Ok(answer(&headers, HeaderMap::new(), POINTS, points.into()))
}

fn how_to_read(frame: &RawFrame) -> Result<HeaderMap, Problem> {
    let photometric = match (frame.format, frame.inverted) {
        ("rgb8", _) => "RGB",
        (_, true) => "MONOCHROME1",
        (_, false) => "MONOCHROME2",
    };
    let values = [
        ("x-countersign-rows", frame.rows.to_string()),
        ("x-countersign-columns", frame.columns.to_string()),
        ("x-countersign-format", frame.format.to_owned()),
        ("x-countersign-slope", frame.slope.to_string()),
        ("x-countersign-intercept", frame.intercept.to_string()),
        ("x-countersign-photometric", photometric.to_owned()),
    ];
    let window = frame.window.map(|window| format!("{},{}", window.center, window.width));
    let given = [
        ("x-countersign-unit", frame.unit.clone()),
        ("x-countersign-window", window),
        ("x-countersign-curve", Some(frame.curve.to_owned())),
        ("x-countersign-extras", frame.extras.then(|| "yes".to_owned())),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let mut headers = HeaderMap::new();
    for (name, value) in values.into_iter().chain(given) {
        let value = HeaderValue::from_str(&value).map_err(|_| Problem::internal())?;
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}

pub(super) fn answer(
    asked: &HeaderMap,
    mut headers: HeaderMap,
    kind: &'static str,
    bytes: bytes::Bytes,
) -> Response {
    let hash = Sha256::digest(&bytes);
    let tag: String = hash.iter().take(TAG_BYTES).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    headers.insert(header::CACHE_CONTROL, ASK_AGAIN);
    if let Ok(value) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, value);
    }
    if is_known(asked, &tag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    (headers, bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_two_numbers() {
        let read = |text: &str| Rendering { window: Some(text.into()) }.window();
        assert_eq!(read("40,400").unwrap(), Some(WindowLevel { center: 40.0, width: 400.0 }));
        assert_eq!(read("-600, 1500").unwrap().map(|w| w.center), Some(-600.0));
        assert_eq!(Rendering { window: None }.window().unwrap(), None);
        for bad in ["40", "40,0", "40,-1", "nan,1", "1,inf", "a,b", ""] {
            assert_eq!(read(bad).unwrap_err().code.as_ref(), "bad_window", "{bad}");
        }
    }
}
