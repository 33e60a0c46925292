//! Whether people follow a model where it is wrong (automation bias): in a share of drafts the server makes one label wrong, and
//! a share of drafts it shows to nobody.
//!
//! What is drawn for an item is committed to in the log with its draft, whatever it is, and opened when the item is accepted:
//! before that no route and no event tells one item from another. A label that was made wrong never stays in what is accepted by
//! people who were shown it: the item is then read again by somebody else, without the draft.

mod count;
mod file;
mod judge;
mod report;
mod settle;
mod table;

use countersign_model::{Annotation, AnnotationId, FrameRef, ProjectId, ReadId, Stream, whole_answer};
use countersign_store::{Evidence, Tx, random, suggestions};
use countersign_workflow::{
    ItemState, canonical_json,
    suggestions::{Arm, Draw, Plant, arm, commitment, plant, rule, survives},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use file::{SUGGESTIONS_FORMAT, WITH_SUGGESTIONS, write_suggestions};
pub use report::{
    ErrorView, FollowView, LeastHarm, SuggestionKind, SuggestionMode, SuggestionPerson, SuggestionReport,
    SuggestionStage,
};
pub(crate) use settle::JOB_JUDGE;

use crate::{PipelineError, Result, moving::Moving, save::current_annotations};

/// What is committed to of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Said {
    /// What its draft serves for.
    pub arm: Arm,
    /// What was made wrong. Absent where nothing could be: such items count in no arm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plant: Option<Plant>,
}

impl Said {
    /// As it is kept; `None` once the person in the item was erased.
    pub fn of(row: &suggestions::Suggestion) -> Result<Option<Self>> {
        if row.said.is_empty() {
            return Ok(None);
        }
        let said = serde_json::from_str(&row.said);
        said.map(Some).map_err(|error| PipelineError::Internal(format!("suggestions.said: {error}")))
    }
}

/// A draft as it is kept and shown.
pub(crate) struct Drawn {
    /// Its labels.
    pub annotations: Vec<Annotation>,
    /// It is shown to nobody.
    pub withheld: bool,
    /// What is to be kept beside it, and the commitment that goes into the log; absent where nothing is measured.
    kept: Option<(Said, String, [u8; 32])>,
}

impl Drawn {
    /// The hash that the event of the draft carries, hexadecimal.
    pub fn commitment(&self) -> Option<String> {
        self.kept.as_ref().map(|(_, _, commitment)| hex::encode(commitment))
    }

    /// Keeps what was drawn, once the draft is.
    pub async fn keep(&self, tx: &mut Tx, moving: &Moving, draft: ReadId) -> Result<()> {
        let Some((said, number, _)) = &self.kept else { return Ok(()) };
        let row = suggestions::Suggestion {
            item_id: moving.item.id,
            project_id: moving.item.project_id,
            draft_id: draft,
            arm: said.arm.as_str().to_owned(),
            number: number.clone(),
            said: spelled(said)?,
            at: tx.now(),
            kept_at: None,
            opened_at: None,
            confirmed: None,
            judged: None,
        };
        Ok(suggestions::insert(tx, row).await?)
    }
}

/// Draws what the draft of an item serves for. `spare`: an id more than the draft has labels. Where anything is measured, every
/// draft gets its ids in an order that is drawn, so that no id tells what was put in.
pub(crate) async fn draw(
    tx: &mut Tx,
    moving: &Moving,
    mut annotations: Vec<Annotation>,
    spare: Uuid,
) -> Result<Drawn> {
    let plan = moving.protocol.suggestions;
    if plan.is_default() {
        return Ok(Drawn { annotations, withheld: false, kept: None });
    }
    let mut chance = Draw::of(&seed(tx, moving.item.project_id).await?, moving.item.id);
    let drawn = arm(&plan, &mut chance);
    // Where the right answer is known, what is measured is the reader, not whom they follow.
    let drawn = if moving.copy.is_some() { Arm::Genuine } else { drawn };
    // All ids that were meant for the draft: a label that is taken out leaves no gap among those that are shown.
    let mut ids: Vec<AnnotationId> = annotations.iter().map(|mark| mark.id).collect();
    ids.push(AnnotationId(spare));
    ids.sort_unstable();
    let mut made = None;
    if drawn == Arm::Planted {
        let streams = &moving.item.streams.0;
        let sizes = |frame: FrameRef| size(streams, frame);
        let rule = rule(&moving.protocol);
        let fresh = AnnotationId(spare);
        if let Some((shown, plant)) = plant(&annotations, &moving.protocol, &rule, &sizes, &mut chance, fresh)
        {
            (annotations, made) = (shown, Some(plant));
        }
    }
    let named = renamed(&mut annotations, &ids, &mut chance);
    if let Some(plant) = &mut made {
        rename(plant, &named, ids.get(annotations.len()).copied());
    }
    let said = Said { arm: drawn, plant: made };
    let number = chance.number();
    let committed = commitment(&number, &spelled(&said)?);
    let kept = Some((said, hex::encode(number), committed));
    Ok(Drawn { annotations, withheld: drawn == Arm::Control, kept })
}

/// Gives the labels their ids anew, lowest first in an order that is drawn; the pairs of old and new.
fn renamed(
    annotations: &mut [Annotation],
    ids: &[AnnotationId],
    chance: &mut Draw,
) -> Vec<(AnnotationId, AnnotationId)> {
    chance.shuffle(annotations);
    let named: Vec<_> = annotations.iter().map(|mark| mark.id).zip(ids.iter().copied()).collect();
    for (mark, (_, new)) in annotations.iter_mut().zip(&named) {
        mark.id = *new;
    }
    named
}

/// A label that was taken out gets an id that no other has: the first free one.
fn rename(plant: &mut Plant, named: &[(AnnotationId, AnnotationId)], free: Option<AnnotationId>) {
    let new = |old| named.iter().find(|(was, _)| *was == old).map_or(free.unwrap_or(old), |(_, new)| *new);
    plant.annotation = new(plant.annotation);
    let marks = [&mut plant.genuine, &mut plant.planted];
    marks.into_iter().flatten().for_each(|mark| mark.id = new(mark.id));
}

fn size(streams: &[Stream], frame: FrameRef) -> Option<[f64; 2]> {
    let (width, height) = streams.get(frame.stream as usize)?.size_px()?;
    Some([width.into(), height.into()])
}

fn spelled(said: &Said) -> Result<String> {
    let value = serde_json::to_value(said).map_err(|error| PipelineError::Internal(error.to_string()))?;
    Ok(canonical_json(&value))
}

/// The seed of a project, drawn when it is first needed. No route shows it: whoever knew it could draw again.
async fn seed(tx: &mut Tx, project: ProjectId) -> Result<[u8; 32]> {
    if let Some(row) = suggestions::seed(tx, project).await? {
        let mut seed = [0; 32];
        hex::decode_to_slice(&row.seed, &mut seed)
            .map_err(|_| PipelineError::Internal("suggestion_seeds.seed is none".into()))?;
        return Ok(seed);
    }
    let seed = random::<32>()?;
    let at = tx.now();
    suggestions::insert_seed(tx, suggestions::Seed { project_id: project, seed: hex::encode(seed), at })
        .await?;
    Ok(seed)
}

/// Whether what would be accepted still holds what was made wrong, by people who were shown the draft.
pub(crate) async fn is_kept(tx: &mut Tx, moving: &Moving, state: &ItemState, read: ReadId) -> Result<bool> {
    if state.withheld {
        return Ok(false);
    }
    let Some(row) = suggestions::of_item(tx, moving.item.id).await? else { return Ok(false) };
    // Opened once, it was settled: what is drawn later is drawn by people who may know.
    if row.opened_at.is_some() {
        return Ok(false);
    }
    holds(tx, moving, &row, read).await
}

async fn holds(tx: &mut Tx, moving: &Moving, row: &suggestions::Suggestion, read: ReadId) -> Result<bool> {
    let Some(plant) = Said::of(row)?.and_then(|said| said.plant) else { return Ok(false) };
    let marks = current_annotations(tx, read).await?;
    // Whoever could not assess the item followed nothing.
    if whole_answer(&marks, &moving.item.streams.0).is_some() {
        return Ok(false);
    }
    Ok(survives(&plant, &marks, &rule(&moving.protocol)))
}

/// Puts on record that an item is read again because of what was made wrong.
pub(crate) async fn read_again(tx: &mut Tx, moving: &Moving) -> Result<()> {
    suggestions::keep(tx, moving.item.id).await?;
    tx.record(evidence("suggestion.kept", moving))?;
    Ok(())
}

/// Opens what the draft of an item served for, now that the item is accepted.
pub(crate) async fn open(tx: &mut Tx, moving: &Moving, read: ReadId) -> Result<()> {
    let row = suggestions::of_item(tx, moving.item.id).await?.filter(|row| row.opened_at.is_none());
    let Some(row) = row else { return Ok(()) };
    let confirmed = holds(tx, moving, &row, read).await?;
    suggestions::open(tx, moving.item.id, confirmed).await?;
    let details = serde_json::json!({
        "arm": row.arm,
        "number": row.number,
        "confirmed": confirmed,
        "read_again": row.kept_at.is_some(),
    });
    tx.record(evidence("suggestion.opened", moving).details(details))?;
    settle::ask(tx, moving).await
}

/// Nobody hears of it but who keeps the evidence and is called to no work.
fn evidence(action: &str, moving: &Moving) -> Evidence {
    let item = &moving.item;
    Evidence::new(action, "suggestion", item.id.uuid()).project(item.project_id).item(item.id)
}
