//! Asking the model: the frame as the annotator sees it goes out with the points, a mask comes back.

use std::time::Duration;

use countersign_geometry::Rle;
use countersign_learning::clicks::{Question, answer_bytes_max, read, spelled};
use countersign_model::{CLICKS_MAX, ClickModelId, ClickUrl, Shape, TaskId};
use countersign_store::{Conn, Evidence, click_models, items};
use countersign_workflow::may_save;
use hyper::Method;
use image::{ColorType, ExtendedColorType, ImageDecoder as _, ImageEncoder as _, codecs::png};
use serde::{Deserialize, Serialize};

use super::busy;
use crate::{
    Pipeline, PipelineError, Result, blocking,
    models::CallFault,
    moving::parse_state,
    people::Caller,
    pixels::{Picture, SLIDE, Shown, ShownFor, WindowLevel},
    refused::no_task_of,
    work::held_task,
};

/// How long a model may take for an answer, seconds: somebody waits for it at the screen.
const ANSWER_SECONDS: u64 = 20;
/// Largest picture that is sent, pixels: 8,192 by 4,096.
const PICTURE_PIXELS_MAX: u64 = 1 << 25;
/// Most memory that decoding a picture may take, bytes.
const DECODE_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Purpose that a frame is recorded under when a model is given it.
const CLICKS: &str = "clicks";

/// What is asked: points on a frame of the task's item.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Clicks {
    /// Fencing token of the claim.
    pub fence: u64,
    /// Stream of the item.
    pub stream: u32,
    /// Frame of the stream.
    pub frame: u32,
    /// `[x, y]` in the object, pixels; at least one.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<(f64, f64)>))]
    pub positive: Vec<[f64; 2]>,
    /// `[x, y]` beside it, pixels. There are at most 64 points of both kinds.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<(f64, f64)>))]
    pub negative: Vec<[f64; 2]>,
    /// The window that the frame is shown through, for DICOM; absent, it is the file's.
    #[serde(default)]
    pub window: Option<WindowLevel>,
}

/// Pixels of a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClickMask {
    /// Height and width of the frame.
    #[cfg_attr(feature = "openapi", schema(value_type = (u32, u32)))]
    pub size: [u32; 2],
    /// Run lengths as COCO's compressed text.
    pub counts: String,
}

/// What a model made of the points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Segmented {
    /// Model that was asked.
    pub model: ClickModelId,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The object; absent when the model found none.
    pub mask: Option<ClickMask>,
}

/// A picture as it is sent.
struct Sent {
    width: u32,
    height: u32,
    /// PNG in base64.
    png: String,
}

impl Pipeline {
    /// Asks the project's model for what was clicked on a frame of a task that the caller holds. Nothing is saved: the mask
    /// becomes a mark when the person accepts it.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] when the task is not leased to the caller, or there is no such frame; the lease codes;
    /// `no_click_model`, `model_not_allowed`, `click_model_busy`, `click_model_failed`; `bad_clicks` at the place,
    /// `not_an_image`, `picture_too_large`.
    pub async fn segment(&self, caller: &Caller, task: TaskId, clicks: Clicks) -> Result<Segmented> {
        let outcome = self.segmented(caller, task, clicks).await;
        self.keep_refused(caller, task, outcome).await
    }

    async fn segmented(&self, caller: &Caller, task: TaskId, clicks: Clicks) -> Result<Segmented> {
        caller.organization.require_contract(self.store.clock().now())?;
        let (item, model) = {
            let mut conn = self.store.read().await?;
            let item = self.drawn_on(&mut conn, caller, task, clicks.fence).await?;
            let model = click_models::in_force(&mut conn, item.project_id).await?;
            let none = || PipelineError::refused("no_click_model", "No model is registered in this project.");
            (item, model.ok_or_else(none)?)
        };
        check_points(&clicks)?;
        let url = ClickUrl::parse(&model.url).map_err(|e| PipelineError::Internal(e.to_string()))?;
        if !self.may_ask(&model) {
            let message = "This server may not call the model's address.";
            return Err(PipelineError::refused("model_not_allowed", message));
        }
        let _turn = self.clicking.take(model.id).ok_or_else(|| busy(&model.name))?;
        let shown = self.frame_drawn_on(caller, &item, &clicks).await?;
        let whole = self.whole_picture(&shown, clicks.window).await?;
        let sent = blocking(move || sent(&whole)).await??;
        check_inside(&clicks, &sent)?;
        self.note_click_look(caller, task, &clicks, &shown, &model).await?;
        let mask = self.ask_click_model(&url, &model, &clicks, sent).await?;
        Ok(Segmented { model: model.id, name: model.name, version: model.version, mask })
    }

    /// The item of a task that the caller holds and draws in.
    async fn drawn_on(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        task: TaskId,
        fence: u64,
    ) -> Result<items::Item> {
        let task = held_task(conn, caller, task).await?;
        let item = items::by_id(conn, task.item_id).await?.ok_or(PipelineError::NotFound)?;
        let state = parse_state(&item.workflow)?;
        if !self.may_take(caller, &task, &state) {
            return Err(no_task_of(caller, &task));
        }
        may_save(&state, caller.user(), fence, self.store.clock().now())?;
        Ok(item)
    }

    /// The frame, on record as shown to the caller: the page showed it before anybody could click on it.
    async fn frame_drawn_on(&self, caller: &Caller, item: &items::Item, clicks: &Clicks) -> Result<Shown> {
        let stream = item.streams.0.get(clicks.stream as usize).ok_or(PipelineError::NotFound)?;
        // Templates and points are not drawn on, and a slide has no one picture.
        if !stream.is_drawable() || stream.properties.contains_key(SLIDE) {
            return Err(PipelineError::bad("not_an_image", "stream", "has no picture to click on"));
        }
        self.shown(caller, (item.id, clicks.stream, clicks.frame), None, ShownFor::Work).await
    }

    /// Records that a frame is about to be given to a model, once for each task; committed on return. No log, no pixel.
    async fn note_click_look(
        &self,
        caller: &Caller,
        task: TaskId,
        clicks: &Clicks,
        shown: &Shown,
        model: &click_models::ClickModel,
    ) -> Result<()> {
        let (stream, frame, id) = (clicks.stream, clicks.frame, model.id);
        let known = {
            let mut conn = self.store.read().await?;
            click_models::has_looked(&mut conn, task, (stream, frame), id).await?
        };
        if known {
            return Ok(());
        }
        let asset = shown.asset.clone();
        let details = serde_json::json!({
            "task": task, "stream": stream, "frame": frame, "click_model": id,
            "name": model.name, "version": model.version, "url": model.url,
        });
        self.store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    let at = tx.now();
                    let look = click_models::ClickLook {
                        task_id: task,
                        stream,
                        frame,
                        model_id: id,
                        asset_id: asset.id,
                        at,
                    };
                    if click_models::note_look(tx, look).await? {
                        let mut evidence = Evidence::new("asset.handed_out", "asset", asset.id.uuid())
                            .project(asset.project_id)
                            .reason(CLICKS)
                            .details(details);
                        evidence.item = asset.item_id;
                        tx.record(evidence)?;
                    }
                    Ok::<_, PipelineError>(())
                })
            })
            .await
    }

    /// The question itself.
    async fn ask_click_model(
        &self,
        url: &ClickUrl,
        model: &click_models::ClickModel,
        clicks: &Clicks,
        sent: Sent,
    ) -> Result<Option<ClickMask>> {
        let (width, height) = (sent.width, sent.height);
        let (name, version, clicks) = (model.name.clone(), model.version.clone(), clicks.clone());
        let body = blocking(move || {
            let (positive, negative) = (&clicks.positive, &clicks.negative);
            let Sent { width, height, png } = sent;
            Question { name: &name, version: &version, width, height, png, positive, negative }.body()
        });
        let body = body.await?.map_err(|e| PipelineError::Internal(e.to_string()))?;
        let servers = self.settings.models.within_at_most(Duration::from_secs(ANSWER_SECONDS));
        let most = answer_bytes_max(width, height);
        let path = url.path.clone();
        let answer = servers.call(&url.address, Method::POST, path, body.into(), most).await;
        let answer = answer.map_err(|fault| match fault {
            CallFault::Status(429 | 503) => busy(&model.name),
            fault => failed(model, &fault),
        })?;
        let version = model.version.clone();
        let found = blocking(move || read(&version, width, height, &answer)).await?;
        mask_of(&found.map_err(|fault| failed(model, &fault))?)
            .map_err(|fault: countersign_model::AnnotationError| failed(model, &fault))
    }
}

fn failed(model: &click_models::ClickModel, fault: &(dyn std::error::Error + 'static)) -> PipelineError {
    tracing::warn!(model = %model.id, fault, "a model that segments by clicks failed");
    let message = format!("{} {} drew nothing: {fault}.", model.name, model.version);
    PipelineError::refused("click_model_failed", message)
}

/// The mask as a mark could hold it; `None` when no pixel is set.
fn mask_of(mask: &Rle) -> std::result::Result<Option<ClickMask>, countersign_model::AnnotationError> {
    if mask.area() == 0 {
        return Ok(None);
    }
    let (size, counts) = ([mask.size().height, mask.size().width], mask.to_coco_string());
    // What could not be saved is not drawn either.
    let shape = Shape::Mask { size, counts };
    shape.validate()?;
    match shape {
        Shape::Mask { size, counts } => Ok(Some(ClickMask { size, counts })),
        _ => Ok(None),
    }
}

fn check_points(clicks: &Clicks) -> Result<()> {
    let bad = |place: &str, message: String| Err(PipelineError::bad("bad_clicks", place, message));
    if clicks.positive.is_empty() {
        return bad("positive", "at least one point in the object".into());
    }
    if clicks.positive.len() + clicks.negative.len() > CLICKS_MAX {
        return bad("negative", format!("at most {CLICKS_MAX} points of both kinds"));
    }
    match clicks.window {
        Some(window) if !(window.center.is_finite() && window.width.is_finite() && window.width > 0.0) => {
            Err(PipelineError::bad("bad_window", "window", "centre and width > 0"))
        }
        _ => Ok(()),
    }
}

fn check_inside(clicks: &Clicks, sent: &Sent) -> Result<()> {
    let (width, height) = (f64::from(sent.width), f64::from(sent.height));
    for (place, points) in [("positive", &clicks.positive), ("negative", &clicks.negative)] {
        // Written so that what is not a number is refused too.
        let inside = |[x, y]: &[f64; 2]| (0.0..width).contains(x) && (0.0..height).contains(y);
        if let Some(at) = points.iter().position(|point| !inside(point)) {
            let message = format!("lies outside of the {width} by {height} pixels");
            return Err(PipelineError::bad("bad_clicks", format!("{place}[{at}]"), message));
        }
    }
    Ok(())
}

/// The picture as 8-bit PNG, grey or RGB; one that is so already goes out as it is.
fn sent(whole: &Picture) -> Result<Sent> {
    let fault = |error: image::ImageError| PipelineError::bad("not_decodable", "frame", error.to_string());
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(DECODE_BYTES_MAX);
    let mut reader = image::ImageReader::new(std::io::Cursor::new(&whole.bytes))
        .with_guessed_format()
        .map_err(|error| fault(error.into()))?;
    let is_png = reader.format() == Some(image::ImageFormat::Png);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(fault)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > PICTURE_PIXELS_MAX {
        let message = format!("has more than {PICTURE_PIXELS_MAX} pixels");
        return Err(PipelineError::bad("picture_too_large", "frame", message));
    }
    if is_png && matches!(decoder.color_type(), ColorType::L8 | ColorType::Rgb8) {
        return Ok(Sent { width, height, png: spelled(&whole.bytes) });
    }
    let decoded = image::DynamicImage::from_decoder(decoder).map_err(fault)?;
    let (color, values) = if decoded.color().has_color() {
        (ExtendedColorType::Rgb8, decoded.into_rgb8().into_raw())
    } else {
        (ExtendedColorType::L8, decoded.into_luma8().into_raw())
    };
    let mut bytes = Vec::new();
    let encoder =
        png::PngEncoder::new_with_quality(&mut bytes, png::CompressionType::Fast, png::FilterType::Adaptive);
    encoder.write_image(&values, width, height, color).map_err(fault)?;
    Ok(Sent { width, height, png: spelled(&bytes) })
}
