//! How labels came about: which model drafted them, whether its draft was shown to who drew, and what the person did to it.

use std::fmt::Debug;

use countersign_exchange::native::{LabelModel, LineageLine, ModelIdentity};
use countersign_model::{AiVisibility, Annotation, Author, ReadId, UserId};
use countersign_store::{Tx, lineage::ShownDraft, reads};
use countersign_workflow::{Delta, ItemState, canonical_json, deltas, suggestions::Plant, visible_reads};
use sha2::{Digest, Sha256};

use crate::{Result, moving::Moving};

/// What a model that drafts is, beyond its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModelHash {
    /// SHA-256, hexadecimal.
    pub hash: String,
    /// What it is over: `file` or `declaration`.
    pub of: &'static str,
}

impl ModelHash {
    /// Of a model without a file of weights: SHA-256 over the canonical JSON of its name, its version and the settings that it ran
    /// with. It tells two settings apart, not two builds that call themselves the same version.
    pub fn declared(name: &str, version: &str, settings: &impl Debug) -> Self {
        let declared =
            serde_json::json!({ "name": name, "version": version, "settings": format!("{settings:?}") });
        Self { hash: hex::encode(Sha256::digest(canonical_json(&declared))), of: "declaration" }
    }
}

/// Keeps that the model's draft is shown to the holder of a task from now on, for the read that they are making. Asked in each
/// write that could begin to show it, so that no page has to tell. Whether it is shown.
pub(crate) async fn note_shown(tx: &mut Tx, moving: &Moving, user: UserId) -> Result<bool> {
    let Some((draft, read, how)) = shown_now(moving, user) else { return Ok(false) };
    let shown = ShownDraft { read_id: read, draft_id: draft, how: how.as_str().to_owned(), at: tx.now() };
    countersign_store::lineage::show(tx, shown).await?;
    Ok(true)
}

/// The draft that a person at work is shown, their own read, and by which visibility.
fn shown_now(moving: &Moving, user: UserId) -> Option<(ReadId, ReadId, AiVisibility)> {
    let state: &ItemState = &moving.state;
    let task = state.held_by(user)?;
    let read = task.lease.and_then(|lease| lease.read)?;
    let draft = state.draft()?.id;
    visible_reads(&moving.protocol, state, user).contains(&draft).then(|| {
        let here = moving.protocol.stages.get(task.stage as usize).map(|stage| stage.ai_visibility);
        // What is no matter of this stage was shown by one that the person has finished.
        let here = here.filter(|how| matches!(how, AiVisibility::Always | AiVisibility::OnRequest));
        (draft, read, here.unwrap_or(AiVisibility::AfterOwnRead))
    })
}

/// What is kept of a model's read about the model.
pub(crate) fn identity(read: &reads::Read) -> Option<ModelIdentity> {
    let (hash, hash_of) = (read.model_hash.clone()?, read.model_hash_of.clone()?);
    Some(ModelIdentity { hash, hash_of })
}

/// The draft of an item, as labels are set against it.
pub(crate) struct Drafted {
    model: LabelModel,
    author: Author,
    annotations: Vec<Annotation>,
}

impl Drafted {
    /// Of a model's read; `None` of anybody else's.
    pub fn of(read: &reads::Read, annotations: Vec<Annotation>) -> Option<Self> {
        let (name, version) = (read.author_model.clone()?, read.author_model_version.clone()?);
        let author = Author::Model { name: name.clone(), version: version.clone() };
        Some(Self { model: LabelModel { name, version, identity: identity(read) }, author, annotations })
    }
}

/// How each label of a locked read came about. Labels that are in no draft were made by their author. What a draft had and the read
/// has not, its author took out only if they were shown it.
/// `plant`: what the server made wrong in the draft.
pub(crate) fn lineage(
    read: &[Annotation],
    draft: Option<&Drafted>,
    (shown, unseen): (bool, bool),
    plant: Option<&Plant>,
) -> Vec<LineageLine> {
    let drafted = draft.map_or(&[][..], |draft| &draft.annotations);
    let label = |set: &[Annotation], id| set.iter().find(|mark| mark.id == id).cloned();
    let mut lines = Vec::new();
    for found in deltas(drafted, read) {
        let (was, is) = (label(drafted, found.annotation), label(read, found.annotation));
        if is.is_none() && !shown {
            continue;
        }
        // An answer is no label, and what gave way to it was not denied.
        if is.as_ref().is_some_and(Annotation::is_answer) || unseen && is.is_none() {
            continue;
        }
        let made_by = match (&is, draft) {
            (Some(mark), _) => mark.author.clone(),
            (None, Some(draft)) => draft.author.clone(),
            (None, None) => continue,
        };
        let by_model = matches!(made_by, Author::Model { .. });
        let planted = plant.filter(|plant| by_model && plant.annotation == found.annotation);
        let told = was.is_some() || shown && found.delta == Delta::Added;
        lines.push(LineageLine {
            annotation_id: found.annotation,
            version: is.as_ref().map(|mark| mark.version),
            made_by,
            model: was.is_some().then(|| draft.map(|draft| draft.model.clone())).flatten(),
            confidence: was.as_ref().or(is.as_ref()).and_then(|mark| mark.score),
            planted: planted.map(|plant| plant.kind),
            shown,
            delta: told.then_some(found.delta),
            overlap: found.overlap,
        });
    }
    lines
}
