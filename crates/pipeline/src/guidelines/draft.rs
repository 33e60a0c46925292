//! The draft of a guideline: text, cards, and the pictures on them.

use std::collections::BTreeSet;

use countersign_deid as deid;
use countersign_model::{AssetId, AssetKind, ExampleId, ProjectId, Protocol, SubjectId, Zone};
use countersign_store::{assets, guidelines, items, projects};
use countersign_workflow::canonical_json;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    CAPTION_CHARS_MAX, CARD_CHARS_MAX, EXAMPLES_MAX, ExampleSource, GuidelineDocument, GuidelineDraft,
    GuidelineExample, TEXT_CHARS_MAX, document_of, draft_view, evidence, planned,
};
use crate::{Pipeline, PipelineError, Result, access::Action, blocking, people::Caller};

/// Largest picture that may be uploaded as an example, bytes.
pub const PICTURE_BYTES_MAX: usize = 8 << 20;

/// A picture that was uploaded, cleaned and kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadedPicture {
    /// Its cleared asset: the source of an example.
    pub asset: AssetId,
}

impl Pipeline {
    /// Saves the draft of a project's guideline; begins one when `revision` is 0 and there is none.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_guideline` naming the place;
    /// [`PipelineError::StaleRevision`].
    pub async fn save_guideline(
        &self,
        caller: &Caller,
        project: ProjectId,
        revision: u64,
        document: GuidelineDocument,
    ) -> Result<GuidelineDraft> {
        self.require_on(caller, Action::ManageGuidelines, project)?;
        self.check_document(caller, project, &document).await?;
        let value = serde_json::to_value(&document).map_err(|e| PipelineError::Internal(e.to_string()))?;
        let (text, user) = (canonical_json(&value), caller.user());
        let row = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    planned::none_waits(tx, project).await?;
                    let found = guidelines::draft(tx, project).await?;
                    match found {
                        None if revision == 0 => {
                            let row = guidelines::Guideline {
                                id: tx.fresh(),
                                project_id: project,
                                state: "draft".into(),
                                major: 0,
                                minor: 0,
                                patch: 0,
                                revision: 1,
                                document: text,
                                content_hash: None,
                                change_kind: None,
                                summary: None,
                                classes: "[]".into(),
                                disputes: "[]".into(),
                                created_by: Some(user),
                                created_at: tx.now(),
                                published_by: None,
                                published_at: None,
                                deviation: false,
                            };
                            guidelines::insert(tx, row).await?;
                        }
                        None => return Err(PipelineError::StaleRevision { current: 0 }),
                        Some(row) => {
                            if !guidelines::save(tx, row.id, revision, &text).await? {
                                return Err(PipelineError::StaleRevision { current: row.revision });
                            }
                        }
                    }
                    let row = guidelines::draft(tx, project).await?.ok_or(PipelineError::NotFound)?;
                    tx.record(evidence("guideline.saved", &row))?;
                    Ok(row)
                })
            })
            .await?;
        draft_view(&row)
    }

    /// Keeps a picture for examples, cleaned as ordinary images are. Where the gate would have a person look at it, it has
    /// to come in as an item; a part of an item's frame can be an example too.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `example_needs_gate`; `bad_example` for what is no image.
    pub async fn upload_example(
        &self,
        caller: &Caller,
        project: ProjectId,
        bytes: bytes::Bytes,
    ) -> Result<UploadedPicture> {
        self.require_on(caller, Action::ManageGuidelines, project)?;
        let row = projects::by_id(&mut *self.store.read().await?, project).await?;
        if row.ok_or(PipelineError::NotFound)?.declared_public_at.is_none() {
            return Err(PipelineError::refused(
                "example_needs_gate",
                "Pictures that may show somebody pass the gate first: bring it in as an item, and take the example from there.",
            ));
        }
        if bytes.len() > PICTURE_BYTES_MAX {
            return Err(bad_example(&format!("at most {PICTURE_BYTES_MAX} bytes")));
        }
        let cleaned = blocking(move || deid::clean_image(&bytes)).await?;
        let cleaned = cleaned.map_err(|error| bad_example(&error.to_string()))?;
        let kind = match cleaned.kind {
            deid::Kind::Png => AssetKind::Png,
            deid::Kind::Jpeg => AssetKind::Jpeg,
            _ => return Err(bad_example("a PNG or JPEG image")),
        };
        let size = cleaned.bytes.len() as u64;
        let hash = hex::encode(Sha256::digest(&cleaned.bytes));
        // Nobody else's key seals it: nothing but the project is behind it.
        let owner = SubjectId(self.store.ids().fresh());
        let put = self.store.cleared().put(project, owner, cleaned.bytes).await?;
        let asset = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let asset = assets::Asset {
                        id: tx.fresh(),
                        project_id: project,
                        zone: Zone::Cleared,
                        address: put.address,
                        kind,
                        bytes: size,
                        content_hash: hash,
                        source_asset_id: None,
                        item_id: None,
                        created_at: tx.now(),
                        external_url: None,
                    };
                    let (asset, _) = assets::insert(tx, asset).await?;
                    let evidence =
                        countersign_store::Evidence::new("guideline.picture", "asset", asset.id.uuid());
                    tx.record(evidence.project(project))?;
                    Ok(asset)
                })
            })
            .await?;
        Ok(UploadedPicture { asset: asset.id })
    }

    /// Checks sizes, classes, and that each new picture is one that the caller may see and the gate has passed.
    async fn check_document(
        &self,
        caller: &Caller,
        project: ProjectId,
        document: &GuidelineDocument,
    ) -> Result<()> {
        let (known, protocol) = {
            let mut conn = self.store.read().await?;
            let current = guidelines::current(&mut conn, project).await?;
            let known = current.map(|row| document_of(&row)).transpose()?.unwrap_or_default();
            (known, self.protocol(&mut conn, project).await?)
        };
        check_text("text", &document.text, TEXT_CHARS_MAX)?;
        let shown: BTreeSet<ExampleId> =
            known.cards.iter().flat_map(|card| &card.examples).map(|example| example.id).collect();
        let (mut classes, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for (index, card) in document.cards.iter().enumerate() {
            let place = format!("cards[{index}]");
            check_class(&protocol, &card.class, &place)?;
            if !classes.insert(&card.class) {
                return Err(bad(&place, "the class has a card already"));
            }
            check_text(&format!("{place}.text"), &card.text, CARD_CHARS_MAX)?;
            if card.examples.len() > EXAMPLES_MAX {
                return Err(bad(&place, &format!("at most {EXAMPLES_MAX} examples")));
            }
            for (number, example) in card.examples.iter().enumerate() {
                let place = format!("{place}.examples[{number}]");
                if !ids.insert(example.id) {
                    return Err(bad(&place, "the id is used twice"));
                }
                check_text(&format!("{place}.caption"), &example.caption, CAPTION_CHARS_MAX)?;
                // What was published with the same id was checked then, whoever could see it.
                let as_before = shown.contains(&example.id)
                    && known
                        .cards
                        .iter()
                        .flat_map(|card| &card.examples)
                        .any(|old| old.id == example.id && old.source == example.source);
                if !as_before {
                    self.check_source(caller, project, example, &place).await?;
                }
            }
        }
        Ok(())
    }

    async fn check_source(
        &self,
        caller: &Caller,
        project: ProjectId,
        example: &GuidelineExample,
        place: &str,
    ) -> Result<()> {
        let mut conn = self.store.read().await?;
        match &example.source {
            ExampleSource::Picture { asset } => {
                let found = assets::by_id(&mut conn, *asset).await?.filter(|asset| {
                    asset.project_id == project && asset.zone == Zone::Cleared && asset.item_id.is_none()
                });
                found.map(drop).ok_or_else(|| bad(place, "there is no such picture here"))
            }
            ExampleSource::Frame { item, stream, frame, crop } => {
                let found = items::by_id(&mut conn, *item).await?.filter(|row| row.project_id == project);
                let visible = match found {
                    Some(_) => self.visible_item(&mut conn, caller, *item, Action::ViewPixels).await.ok(),
                    None => None,
                };
                let row = visible.ok_or_else(|| bad(place, "there is no such item that you may see"))?;
                let stream = row.streams.0.get(*stream as usize);
                if stream.is_none_or(|stream| (*frame as usize) >= stream.frames.len()) {
                    return Err(bad(place, "the item has no such frame"));
                }
                match crop {
                    Some([_, _, width, height]) if *width == 0 || *height == 0 => {
                        Err(bad(place, "the part is empty"))
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

fn check_class(protocol: &Protocol, class: &str, place: &str) -> Result<()> {
    match protocol.class(class) {
        Some(_) => Ok(()),
        None => Err(bad(&format!("{place}.class"), "the protocol has no such class")),
    }
}

pub(super) fn check_text(place: &str, text: &str, most: usize) -> Result<()> {
    if text.chars().count() > most || text.contains('\0') {
        return Err(bad(place, &format!("at most {most} characters")));
    }
    Ok(())
}

pub(super) fn bad(place: &str, message: &str) -> PipelineError {
    PipelineError::bad("bad_guideline", place, message.to_owned())
}

fn bad_example(message: &str) -> PipelineError {
    PipelineError::bad("bad_example", "picture", message.to_owned())
}
