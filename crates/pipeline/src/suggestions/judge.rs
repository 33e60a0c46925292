//! Who followed what was made wrong, and whether a first read was right: worked out from rows that never change.

use std::collections::{HashMap, hash_map::Entry};

use countersign_model::{
    Agreement, AiVisibility, Annotation, Instant, ItemId, Protocol, ReadId, SignatureMeaning, StageKind,
    UserId,
};
use countersign_store::{Conn, items, lineage, reads, suggestions};
use countersign_workflow::{
    ItemState,
    compare::compare,
    suggestions::{Arm, Plant, PlantKind, rule, survives},
};

use serde::{Deserialize, Serialize};

use super::Said;
use crate::{PipelineError, Result, save::current_annotations};

/// What one person at one stage did with what was made wrong, when it first came to them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Turn {
    pub user: UserId,
    pub stage: u32,
    /// It was still wrong in what they handed in or passed on.
    pub kept: bool,
}

/// What an item tells. Kept as JSON once the item was accepted: the field names are stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Judged {
    pub item: ItemId,
    pub arm: Arm,
    /// In what way a label was made wrong; absent where none was.
    pub kind: Option<PlantKind>,
    /// It turned out to be right: nothing is counted.
    pub confirmed: bool,
    pub read_again: bool,
    pub turns: Vec<Turn>,
    /// The first read differs from what was accepted; absent where nobody else looked.
    pub first_wrong: Option<bool>,
    /// When the first reader may see the draft: `never` where it is withheld.
    pub mode: AiVisibility,
    /// The first reader is offered the draft while they read, or would be in the other arm.
    pub offered: bool,
    /// What stages are called and do, by index.
    pub stages: Vec<(String, String, StageKind)>,
}

/// One item with what was drawn for it.
pub(super) struct Case<'a> {
    pub row: &'a suggestions::Suggestion,
    pub item: &'a items::Item,
    pub state: &'a ItemState,
    pub protocol: &'a Protocol,
    /// The read that was accepted.
    pub accepted: ReadId,
    /// What came later is not looked at.
    pub until: Option<Instant>,
}

/// The marks of reads, fetched once each.
#[derive(Default)]
struct Marks(HashMap<ReadId, Vec<Annotation>>);

impl Marks {
    async fn of(&mut self, conn: &mut Conn, read: ReadId) -> Result<&[Annotation]> {
        let marks = match self.0.entry(read) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(current_annotations(conn, read).await?),
        };
        Ok(marks)
    }
}

struct Judge<'a> {
    case: &'a Case<'a>,
    rows: Vec<reads::Read>,
    rule: Agreement,
    marks: Marks,
}

/// Judges one item; `None` once the person in it was erased.
pub(super) async fn judge(conn: &mut Conn, case: &Case<'_>) -> Result<Option<Judged>> {
    let Some(said) = Said::of(case.row)? else { return Ok(None) };
    let mut rows = reads::of_item(conn, case.item.id).await?;
    rows.retain(|read| read.submitted_at.is_some_and(|at| case.until.is_none_or(|until| at <= until)));
    rows.sort_by_key(|read| (read.submitted_at, read.id));
    let mut judge = Judge { case, rows, rule: rule(case.protocol), marks: Marks::default() };
    let confirmed = case.row.confirmed == Some(true);
    let turns = match &said.plant {
        Some(plant) if !confirmed => judge.turns(conn, plant).await?,
        _ => Vec::new(),
    };
    let first_wrong = if confirmed { None } else { judge.first_wrong(conn).await? };
    let first = case.protocol.stages.iter().find(|stage| stage.kind == StageKind::Read);
    let mode = first.map_or(AiVisibility::Never, |stage| stage.ai_visibility);
    let offered = matches!(mode, AiVisibility::Always | AiVisibility::OnRequest);
    let stage = |stage: &countersign_model::Stage| (stage.id.clone(), stage.title.clone(), stage.kind);
    Ok(Some(Judged {
        item: case.item.id,
        arm: said.arm,
        kind: said.plant.as_ref().map(|plant| plant.kind),
        confirmed,
        read_again: case.row.kept_at.is_some(),
        turns,
        first_wrong,
        // A draft that comes after the own read is not there while one reads.
        mode: if said.arm == Arm::Control || !offered { AiVisibility::Never } else { mode },
        offered,
        stages: case.protocol.stages.iter().map(stage).collect(),
    }))
}

impl Judge<'_> {
    fn is_in_time(&self, at: Instant) -> bool {
        self.case.until.is_none_or(|until| at <= until)
    }

    async fn is_in(&mut self, conn: &mut Conn, plant: &Plant, read: ReadId) -> Result<bool> {
        let marks = self.marks.of(conn, read).await?;
        Ok(survives(plant, marks, &self.rule))
    }

    /// What each person did with it when it first came to them.
    async fn turns(&mut self, conn: &mut Conn, plant: &Plant) -> Result<Vec<Turn>> {
        let mut found = self.readers(conn, plant).await?;
        found.extend(self.reviewers(conn, plant).await?);
        found.extend(self.signers(conn, plant).await?);
        found.sort_by_key(|(at, turn)| (*at, turn.stage, turn.user));
        let mut turns: Vec<Turn> = Vec::new();
        for (_, turn) in found {
            if !turns.iter().any(|known| (known.user, known.stage) == (turn.user, turn.stage)) {
                turns.push(turn);
            }
        }
        Ok(turns)
    }

    /// Readers who were shown the draft, and those who decide between reads of which one follows it.
    async fn readers(&mut self, conn: &mut Conn, plant: &Plant) -> Result<Vec<(Instant, Turn)>> {
        let shown = lineage::of_item(conn, self.case.item.id).await?;
        let (mut turns, mut was_read) = (Vec::new(), false);
        for index in 0..self.rows.len() {
            let read = &self.rows[index];
            // Whoever could not assess the item neither followed the draft nor found it wrong.
            if read.cannot_assess {
                continue;
            }
            let (id, stage, kind) = (read.id, read.stage, read.kind);
            let (Some(user), Some(at)) = (read.author_user, read.submitted_at) else { continue };
            let given = match kind {
                StageKind::Read => {
                    shown.iter().any(|shown| shown.read_id == id && shown.draft_id == self.case.row.draft_id)
                }
                StageKind::Adjudicate => was_read,
                _ => continue,
            };
            let kept = self.is_in(conn, plant, id).await?;
            was_read |= kept && kind == StageKind::Read;
            if given {
                turns.push((at, Turn { user, stage, kept }));
            }
        }
        Ok(turns)
    }

    async fn reviewers(&mut self, conn: &mut Conn, plant: &Plant) -> Result<Vec<(Instant, Turn)>> {
        let shown = lineage::of_item(conn, self.case.item.id).await?;
        let mut turns = Vec::new();
        for review in reads::reviews(conn, self.case.item.id).await? {
            // It came to them in what they judged, or in the draft that they asked for.
            let draft = self.case.row.draft_id;
            let asked = shown.iter().any(|shown| {
                shown.read_id == review.read_id
                    && shown.draft_id == draft
                    && shown.how == AiVisibility::OnRequest.as_str()
            });
            if !self.is_in_time(review.at)
                || !(asked || self.is_in(conn, plant, review.subject_read_id).await?)
            {
                continue;
            }
            let Some(read) = reads::by_id(conn, review.read_id).await? else { continue };
            let kept = review.decision != "reject" && self.is_in(conn, plant, read.id).await?;
            turns.push((review.at, Turn { user: review.user_id, stage: read.stage, kept }));
        }
        Ok(turns)
    }

    async fn signers(&mut self, conn: &mut Conn, plant: &Plant) -> Result<Vec<(Instant, Turn)>> {
        let mut turns = Vec::new();
        for signature in reads::signatures(conn, self.case.item.id).await? {
            // Nobody acts at two stages of one item.
            let actor = self.case.state.actors.iter().find(|actor| actor.user == signature.user_id);
            let signs = |stage: &u32| {
                let stage = self.case.protocol.stages.get(*stage as usize);
                stage.is_some_and(|stage| stage.kind == StageKind::Sign)
            };
            let Some(stage) = actor.map(|actor| actor.stage).filter(signs) else { continue };
            if !self.is_in_time(signature.at) || !self.is_in(conn, plant, signature.read_id).await? {
                continue;
            }
            let kept = signature.meaning != SignatureMeaning::Rejected;
            turns.push((signature.at, Turn { user: signature.user_id, stage, kept }));
        }
        Ok(turns)
    }

    /// Whether the first read differs from what was accepted, by the protocol's rule.
    async fn first_wrong(&mut self, conn: &mut Conn) -> Result<Option<bool>> {
        let first = self.rows.iter().find(|read| read.kind == StageKind::Read && read.author_user.is_some());
        let Some((first, reader)) = first.and_then(|read| Some((read, read.author_user?))) else {
            return Ok(None);
        };
        let item = self.case.item.id;
        let mut others: Vec<(UserId, Instant)> =
            self.rows.iter().filter_map(|read| Some((read.author_user?, read.submitted_at?))).collect();
        others.extend(reads::reviews(conn, item).await?.iter().map(|review| (review.user_id, review.at)));
        others.extend(reads::signatures(conn, item).await?.iter().map(|sign| (sign.user_id, sign.at)));
        if !others.iter().any(|(user, at)| *user != reader && self.is_in_time(*at)) {
            return Ok(None);
        }
        let accepted = self.rows.iter().find(|read| read.id == self.case.accepted);
        let Some(accepted) = accepted else { return Ok(None) };
        if first.cannot_assess || accepted.cannot_assess {
            return Ok(None);
        }
        let (first, accepted) = (first.clone(), accepted.clone());
        if first.content_hash == accepted.content_hash {
            return Ok(Some(false));
        }
        let one = self.marks.of(conn, first.id).await?.to_vec();
        let other = self.marks.of(conn, accepted.id).await?;
        let streams = &self.case.item.streams.0;
        let spacings: Vec<_> = streams.iter().map(countersign_model::Stream::spacing_mm).collect();
        let found = compare(&[&one, other], &self.rule, &spacings)
            .map_err(|error| PipelineError::Internal(error.to_string()))?;
        Ok(Some(!found.is_agreed()))
    }
}
