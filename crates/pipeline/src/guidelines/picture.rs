//! The pictures of examples. Each look is on record like any other: an example is a cleared image, whoever chose it.

use countersign_model::{AssetKind, ExampleId, GuidelineId, Zone};
use countersign_store::{assets, exposures, guidelines, items};

use super::{ExampleSource, document_of};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    blocking,
    people::Caller,
    pixels::{Picture, picture},
};

/// What the record of an exposure says.
const PURPOSE: &str = "guideline";
/// Longest side of an example, pixels: a card is looked at, not measured.
const EXAMPLE_PX: u32 = 1_024;
/// Most memory that decoding a picture may take, bytes.
const DECODED_BYTES_MAX: u64 = 512 * 1024 * 1024;

impl Pipeline {
    /// The picture of an example, from the draft or a published version.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; also where its item is gone, recalled or not to be shown. `not_an_image`.
    pub async fn example_picture(
        &self,
        caller: &Caller,
        guideline: GuidelineId,
        example: ExampleId,
    ) -> Result<Picture> {
        let (asset, part, crop) = {
            let mut conn = self.store.read().await?;
            let row = guidelines::by_id(&mut conn, guideline).await?.ok_or(PipelineError::NotFound)?;
            let needed =
                if row.state == "draft" { Action::ManageGuidelines } else { Action::ViewGuidelinePictures };
            self.require_on(caller, needed, row.project_id)?;
            let document = document_of(&row)?;
            let found = document.cards.iter().flat_map(|card| &card.examples).find(|one| one.id == example);
            match &found.ok_or(PipelineError::NotFound)?.source {
                ExampleSource::Picture { asset } => {
                    let asset = assets::by_id(&mut conn, *asset).await?.ok_or(PipelineError::NotFound)?;
                    (asset, 0, None)
                }
                ExampleSource::Frame { item, stream, frame, crop } => {
                    let item = items::by_id(&mut conn, *item).await?.ok_or(PipelineError::NotFound)?;
                    // What was taken out of sight is out of sight here too.
                    let gone =
                        matches!(item.state.as_str(), "quarantined" | "rejected" | "recalled" | "erased");
                    let stream = item.streams.0.get(*stream as usize).filter(|_| !gone);
                    let frame = stream.and_then(|s| s.frames.get(*frame as usize));
                    let frame = frame.ok_or(PipelineError::NotFound)?;
                    let asset =
                        assets::by_id(&mut conn, frame.asset).await?.ok_or(PipelineError::NotFound)?;
                    (assets::Asset { item_id: Some(item.id), ..asset }, frame.part, *crop)
                }
            }
        };
        if asset.zone != Zone::Cleared {
            return Err(PipelineError::NotFound);
        }
        // No log, no pixel: this returns only when the exposure is durable.
        let exposed = exposures::ensure(&self.store, caller.viewer(), &asset, PURPOSE).await?;
        let bytes = self.store.cleared().show(&exposed).await?;
        let whole = picture(asset.kind, bytes, part, None).await?;
        if asset.kind != AssetKind::Png && asset.kind != AssetKind::Jpeg && asset.kind != AssetKind::Dicom {
            return Err(PipelineError::bad("not_an_image", "asset", "has no picture"));
        }
        blocking(move || cut(whole, crop)).await?
    }
}

/// The part that is meant, no larger than a card shows it. Only its pixels go out.
fn cut(whole: Picture, crop: Option<[u32; 4]>) -> Result<Picture> {
    let failed = |error: image::ImageError| PipelineError::bad("not_decodable", "asset", error.to_string());
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    let mut reader = image::ImageReader::new(std::io::Cursor::new(&whole.bytes))
        .with_guessed_format()
        .map_err(|error| failed(error.into()))?;
    reader.limits(limits);
    let mut decoded = reader.decode().map_err(failed)?;
    if let Some([x, y, width, height]) = crop {
        let (x, y) = (x.min(decoded.width().saturating_sub(1)), y.min(decoded.height().saturating_sub(1)));
        let (width, height) = (width.min(decoded.width() - x), height.min(decoded.height() - y));
        decoded = decoded.crop_imm(x, y, width.max(1), height.max(1));
    }
    if decoded.width().max(decoded.height()) > EXAMPLE_PX {
        decoded = decoded.thumbnail(EXAMPLE_PX, EXAMPLE_PX);
    }
    let shown = image::DynamicImage::ImageRgb8(decoded.into_rgb8());
    let mut bytes = std::io::Cursor::new(Vec::new());
    shown.write_to(&mut bytes, image::ImageFormat::Png).map_err(failed)?;
    Ok(Picture { kind: "image/png", bytes: bytes.into_inner().into() })
}
