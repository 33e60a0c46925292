//! Import of image tasks that name their images by address: the bytes stay where they are.

use std::collections::{BTreeSet, HashSet};

use countersign_model::{
    AssetId, AssetKind, Facts, Frame, IngestId, ItemId, ItemKind, ProjectId, Protocol, Stream, StreamKind,
    UserId, Zone,
};
use countersign_store::{
    Evidence, Key, Tx, assets, ingests, items, keyed_hash, moves, projects, projects::Project, tasks,
};
use countersign_workflow::{Effect, Event, ItemState, step};
use serde::{Deserialize, Serialize};

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    holds::wide::reach_new,
    intake::item_row,
    moving::{draw, seed_of},
    people::Caller,
};

/// Most images in one import.
pub const IMAGES_MAX: usize = 200_000;
/// Images whose rows are made and written at once. Bounds memory; all of them are one commit.
const CHUNK_IMAGES: usize = 500;
/// Longest address, bytes.
pub const URL_BYTES_MAX: usize = 2_048;

/// One image of an import.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportImage {
    /// Address of the image: `https://…`, or a path under the site's own image server.
    pub url: String,
    /// Name shown to people; numbered if absent.
    #[serde(default)]
    pub name: Option<String>,
    /// Lot or batch.
    #[serde(default)]
    pub lot: Option<String>,
}

/// What an import did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Imported {
    /// Items made.
    pub created: u64,
    /// Images that were here already.
    pub known: u64,
}

impl Pipeline {
    /// Makes one item per image, all in one commit, ready to be worked on when this returns.
    ///
    /// Nobody here can look at bytes that stay elsewhere, so the project must have been declared publicly released.
    ///
    /// # Errors
    /// `not_declared_public`; `not_for_this_project`; bad input at `images[i]`.
    pub async fn import(
        &self,
        caller: &Caller,
        project: ProjectId,
        images: Vec<ImportImage>,
    ) -> Result<Imported> {
        self.require_on(caller, Action::Ingest, project)?;
        check(&images)?;
        let keys = GroupKeys {
            pipeline: self.clone(),
            older: self.store.vault().project_key(project).ok().map(|key| *key),
        };
        let (pipeline, user) = (self.clone(), caller.user());
        self.store
            .write(caller.actor(), move |tx| {
                Box::pin(async move {
                    let project = importable(tx, project).await?;
                    let protocol = pipeline.protocol(tx, project.id).await?;
                    import_all(tx, &protocol, &project, user, &keys, images).await
                })
            })
            .await
    }
}

/// What an image is known by: its group key, and the one that older versions gave it while the vault is there to tell.
struct GroupKeys {
    pipeline: Pipeline,
    older: Option<Key>,
}

impl GroupKeys {
    fn of(&self, project: ProjectId, image: &ImportImage) -> (String, Option<String>) {
        let parts: [&[u8]; 2] = [b"external", image.url.as_bytes()];
        let older = self.older.as_ref().map(|key| hex::encode(keyed_hash(key, &parts)));
        (self.pipeline.store.keys().group_key(project, &parts), older)
    }
}

/// The project, if images may be named to it by their address.
async fn importable(tx: &mut Tx, project: ProjectId) -> Result<Project> {
    let row = projects::by_id(tx, project).await?.ok_or(PipelineError::NotFound)?;
    if row.kind != ItemKind::Image {
        return Err(PipelineError::refused("not_for_this_project", "This project does not take images."));
    }
    if row.declared_public_at.is_none() {
        return Err(PipelineError::refused(
            "not_declared_public",
            "Bytes that stay elsewhere cannot be de-identified here; a privacy officer must declare the project's data publicly released first.",
        ));
    }
    Ok(row)
}

/// Writes the rows of all images, a chunk at a time, and their evidence.
async fn import_all(
    tx: &mut Tx,
    protocol: &Protocol,
    project: &Project,
    user: UserId,
    keys: &GroupKeys,
    images: Vec<ImportImage>,
) -> Result<Imported> {
    let total = images.len() as u64;
    let ingest = new_ingest(tx, project.id, user, total);
    let id = ingest.id;
    ingests::insert(tx, ingest).await?;
    let first = moves::next_number(tx, project.id).await?;
    let seed = seed_of(tx, project.id, protocol).await?;
    let mut created = 0;
    let mut lots = BTreeSet::new();
    let mut seen = HashSet::with_capacity(images.len());
    let mut numbered = (first..).zip(images);
    loop {
        let mut chunk: Vec<_> = numbered
            .by_ref()
            .take(CHUNK_IMAGES)
            .map(|(number, image)| (keys.of(project.id, &image), number, image))
            .collect();
        if chunk.is_empty() {
            break;
        }
        chunk.retain(|((key, _), ..)| seen.insert(key.clone()));
        let asked: Vec<_> = chunk
            .iter()
            .flat_map(|((key, older), ..)| [Some(key), older.as_ref()])
            .flatten()
            .cloned()
            .collect();
        // What this import itself made is in `seen`; before it there was nothing in an empty project.
        let known =
            if first == 1 { HashSet::new() } else { moves::known_among(tx, project.id, &asked).await? };
        let mut rows = Rows { seed, ..Rows::default() };
        for ((group_key, older), number, image) in chunk {
            if !known.contains(&group_key) && !older.is_some_and(|older| known.contains(&older)) {
                rows.add(tx, protocol, project, id, number, group_key, image)?;
            }
        }
        created += rows.items.len() as u64;
        lots.extend(rows.items.iter().filter_map(|item| item.lot.clone()));
        items::insert_all(tx, rows.items).await?;
        assets::insert_all(tx, rows.assets).await?;
        tasks::insert_all(tx, rows.tasks).await?;
    }
    for lot in &lots {
        reach_new(tx, project.id, lot).await?;
    }
    let known = total - created;
    ingests::add(tx, id, ingests::Counts { stored: created, known, ..ingests::Counts::default() }).await?;
    let evidence = Evidence::new("items.imported", "ingest", id.uuid()).project(project.id);
    tx.record(evidence.details(serde_json::json!({ "created": created, "known": known })))?;
    Ok(Imported { created, known })
}

fn check(images: &[ImportImage]) -> Result<()> {
    if images.is_empty() || images.len() > IMAGES_MAX {
        return Err(PipelineError::bad("bad_count", "images", format!("between 1 and {IMAGES_MAX} images")));
    }
    for (index, image) in images.iter().enumerate() {
        let plain = image.url.starts_with("https://")
            || image.url.starts_with("http://")
            || image.url.starts_with('/');
        if !plain || image.url.len() > URL_BYTES_MAX || image.url.chars().any(|c| c.is_control() || c == ' ')
        {
            return Err(PipelineError::bad(
                "bad_url",
                format!("images[{index}].url"),
                "not an http(s) address or path",
            ));
        }
        for (field, text) in [("name", &image.name), ("lot", &image.lot)] {
            if text.as_ref().is_some_and(|t| t.is_empty() || t.len() > 200 || t.chars().any(char::is_control))
            {
                return Err(PipelineError::bad(
                    "bad_name",
                    format!("images[{index}].{field}"),
                    "1 to 200 bytes",
                ));
            }
        }
    }
    Ok(())
}

fn new_ingest(tx: &Tx, project: ProjectId, user: UserId, files: u64) -> ingests::Ingest {
    ingests::Ingest {
        id: tx.fresh(),
        project_id: project,
        user_id: Some(user),
        state: "finished".into(),
        started_at: tx.now(),
        finished_at: Some(tx.now()),
        files,
        stored: 0,
        known: 0,
        refused: 0,
        bytes: 0,
    }
}

/// Rows of a chunk.
#[derive(Default)]
struct Rows {
    items: Vec<items::Item>,
    assets: Vec<assets::Asset>,
    tasks: Vec<tasks::Task>,
    /// Of the samples of the version in force.
    seed: Option<[u8; 32]>,
}

impl Rows {
    #[expect(clippy::too_many_arguments, reason = "one row is made of all of these")]
    fn add(
        &mut self,
        tx: &Tx,
        protocol: &Protocol,
        project: &Project,
        ingest: IngestId,
        number: u64,
        group_key: String,
        image: ImportImage,
    ) -> Result<()> {
        let asset: AssetId = tx.fresh();
        let frame = Frame { asset, part: 0, time_ns: None, position_mm: None };
        let streams = vec![Stream {
            kind: StreamKind::Image,
            name: "image".into(),
            frames: vec![frame],
            properties: [("url".to_owned(), serde_json::Value::String(image.url.clone()))].into(),
        }];
        let facts = Facts { frames: 1, lot: image.lot, ..Facts::default() };
        let kind = ItemKind::Image;
        let name = image.name.unwrap_or_else(|| format!("{kind} {number:04}"));
        let address = group_key.parse().map_err(|_| PipelineError::Internal("an address".into()))?;
        let mut fresh = || tx.ids().fresh();
        let id: ItemId = tx.fresh();
        let cleared = Event::Cleared { draw: draw(tx, self.seed.as_ref(), id) };
        let (state, effects) = step(protocol, &ItemState::new(), &cleared, &mut fresh)?;
        let from = (project.id, Some(ingest));
        let row = item_row(tx, from, kind, (group_key, name), &state, (streams, facts))?;
        let item = items::Item { id, ..row };
        self.assets.push(assets::Asset {
            id: asset,
            project_id: project.id,
            zone: Zone::Cleared,
            address,
            kind: AssetKind::External,
            bytes: 0,
            content_hash: String::new(),
            source_asset_id: None,
            item_id: Some(item.id),
            created_at: tx.now(),
            external_url: Some(image.url),
        });
        for effect in effects {
            if let Effect::OpenTask { task, stage, role, fence, apart, .. } = effect {
                self.tasks.push(tasks::Task {
                    id: task,
                    item_id: item.id,
                    project_id: project.id,
                    stage,
                    kind: protocol.stages[stage as usize].kind,
                    role,
                    state: "ready".into(),
                    reserved_for: None,
                    lease_user: None,
                    lease_until: None,
                    fence,
                    read_id: None,
                    priority: 0,
                    created_at: tx.now(),
                    done_at: None,
                    apart,
                    qualification: protocol.stages[stage as usize]
                        .qualification
                        .as_ref()
                        .map(ToString::to_string),
                    claimed_at: None,
                    doubt: 0.0,
                });
            }
        }
        self.items.push(item);
        Ok(())
    }
}
