//! Hiding: a place beside an ordinary item as it comes in, a copy in it when that item passes the gate.

use std::collections::BTreeMap;

use countersign_model::{AssetId, Facts, GoldPlan, Instant, ItemId, ProjectId, StageKind, Stream, UserId};
use countersign_store::{Evidence, Json, Tx, assets, gold, items, moves, random};
use countersign_workflow::{Event, ItemState, gold::lies_beside};

use super::{evidence, seed};
use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    holds::wide::hold_cleared,
    intake::item_row,
    moving::{Moving, draw, parse_state, seed_of},
    people::Caller,
};

const SECONDS_PER_DAY: i64 = 24 * 3_600;
/// How often another name is tried before a number is given up that looks like its neighbours'.
const NAME_TRIES: u32 = 32;

impl Pipeline {
    /// What the protocol in force says of gold; nothing is hidden in what comes in under a void one.
    pub(crate) async fn gold_plan(&self, project: ProjectId) -> Result<GoldPlan> {
        match self.protocol(&mut *self.store.read().await?, project).await {
            Ok(protocol) => Ok(protocol.gold.clone()),
            Err(PipelineError::Refused(refusal)) if refusal.code == "protocol_void" => {
                Ok(GoldPlan::default())
            }
            Err(error) => Err(error),
        }
    }

    /// What of that which is hidden is for a person: nothing for whoever sees others' work, who could find the same picture twice.
    pub(crate) fn gold_rules(
        &self,
        caller: &Caller,
        project: ProjectId,
        plan: &GoldPlan,
        now: Instant,
    ) -> gold::Rules {
        let coordinates =
            self.access.allows(&caller.principal, Action::ViewItems, &Resource::Project(project));
        gold::Rules {
            open: plan.is_on() && !coordinates,
            per_person: plan.exposures_per_person,
            met_before: now.plus_seconds(-i64::from(plan.rest_days) * SECONDS_PER_DAY),
            total: plan.exposures_total,
        }
    }
}

/// Makes a place beside an item that has just come in, if one is drawn there: its id, its number and its time are those of what comes
/// in. `named`: items come in under names of their own.
pub(crate) async fn place(tx: &mut Tx, plan: &GoldPlan, beside: ItemId, named: bool) -> Result<()> {
    let item = items::by_id(tx, beside).await?.ok_or(PipelineError::NotFound)?;
    let project = item.project_id;
    if !plan.is_on() || !gold::has_active(tx, project).await? {
        return Ok(());
    }
    if !lies_beside(&seed(tx, project).await?, beside, plan.share) {
        return Ok(());
    }
    let number = moves::next_number(tx, project).await?;
    let plain = format!("{} {number:04}", item.kind);
    let name = if named { name_like(tx, project, &item.name).await?.unwrap_or(plain) } else { plain };
    let group_key = hex::encode(random::<32>()?);
    let content = (Vec::new(), Facts::default());
    let row = item_row(tx, (project, None), item.kind, (group_key, name), &ItemState::new(), content)?;
    let copy = gold::Copy {
        item_id: row.id,
        project_id: project,
        beside,
        gold_id: None,
        placed_at: tx.now(),
        filled_at: None,
        read_at: None,
        companion: None,
        accepted_at: None,
    };
    // Of the object alone: what an item's own list of events shows tells nobody what it is.
    tx.record(Evidence::new("gold.placed", "gold", copy.item_id.uuid()).project(project))?;
    items::insert(tx, row).await?;
    Ok(gold::place(tx, copy).await?)
}

/// A name that the project has not, with another number in the place of the last one of this.
async fn name_like(tx: &mut Tx, project: ProjectId, name: &str) -> Result<Option<String>> {
    let Some(end) = name.rfind(|c: char| c.is_ascii_digit()).map(|at| at + 1) else { return Ok(None) };
    let begin = name[..end]
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + name[at..].chars().next().map_or(1, char::len_utf8));
    let (digits, width) = (&name[begin..end], end - begin);
    // What is longer than a number is a code: its last digits are drawn.
    let kept = width.saturating_sub(9);
    let Ok(value) = digits[kept..].parse::<u64>() else { return Ok(None) };
    let width = width - kept;
    for _ in 0..NAME_TRIES {
        let drawn = u64::from(u32::from_be_bytes(random::<4>()?)) % (2 * value.max(50)) + 1;
        let other = format!("{}{}{drawn:0width$}{}", &name[..begin], &digits[..kept], &name[end..]);
        if !gold::is_named(tx, project, &other).await? {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

/// Fills the place beside an item that has just passed the gate, if there is one, with a copy of the gold item whose turn it is.
pub(crate) async fn fill(tx: &mut Tx, beside: &Moving) -> Result<()> {
    let project = beside.item.project_id;
    let Some(place) = gold::empty_beside(tx, beside.item.id).await? else { return Ok(()) };
    let plan = &beside.protocol.gold;
    let stage = beside.protocol.stages.iter().find(|stage| stage.kind == StageKind::Read);
    let Some(readers) = stage.map(|stage| stage.readers).filter(|_| plan.is_on()) else { return Ok(()) };
    let Some(chosen) = gold::next(tx, project, plan.exposures_total, readers).await? else { return Ok(()) };
    let source = items::by_id(tx, chosen.item_id).await?.ok_or(PipelineError::NotFound)?;
    let item = items::lock(tx, place.item_id).await?;
    let state = parse_state(&item.workflow)?;
    let mut moving = Moving { item, state, protocol: beside.protocol.clone(), copy: Some(place) };
    let copy = moving.item.id;
    let streams = shown_streams(tx, copy, &source.streams.0).await?;
    // It came in with its neighbour, and belongs to the same lot.
    let facts = Facts { lot: beside.item.facts.0.lot.clone(), ..source.facts.0.clone() };
    items::set_content(tx, copy, streams.clone(), facts.clone()).await?;
    (moving.item.streams, moving.item.facts) = (Json(streams), Json(facts));
    gold::link_subjects(tx, copy, source.id).await?;
    gold::fill(tx, copy, chosen.id).await?;
    let seed = seed_of(tx, project, &moving.protocol).await?;
    let draw = draw(tx, seed.as_ref(), copy);
    hold_cleared(tx, &mut moving).await?;
    moving.take(tx, &Event::Cleared { draw }).await?;
    tx.record(evidence("gold.hidden", &chosen).item(copy))?;
    Ok(())
}

/// The streams of a gold item as a copy shows them: an asset's id tells when it came in, so each has another one; but for what several
/// items need, which is known from them.
async fn shown_streams(tx: &mut Tx, copy: ItemId, streams: &[Stream]) -> Result<Vec<Stream>> {
    let mut names: BTreeMap<AssetId, AssetId> = BTreeMap::new();
    let mut shown = streams.to_vec();
    for frame in shown.iter_mut().flat_map(|stream| &mut stream.frames) {
        if let Some(known) = names.get(&frame.asset) {
            frame.asset = *known;
            continue;
        }
        let asset = assets::by_id(tx, frame.asset).await?.ok_or(PipelineError::NotFound)?.id;
        let alias = if gold::is_shared(tx, asset).await? {
            asset
        } else {
            let alias: AssetId = tx.fresh();
            gold::insert_alias(tx, gold::Alias { alias, item_id: copy, asset_id: asset }).await?;
            alias
        };
        assets::put_under(tx, asset, copy).await?;
        names.insert(frame.asset, alias);
        frame.asset = alias;
    }
    Ok(shown)
}

/// Keeps that somebody took a copy.
pub(crate) async fn met(tx: &mut Tx, moving: &Moving, user: UserId) -> Result<()> {
    let Some(gold_id) = moving.copy.as_ref().and_then(|copy| copy.gold_id) else { return Ok(()) };
    let at = tx.now();
    Ok(gold::meet(tx, gold::Meeting { item_id: moving.item.id, user_id: user, gold_id, at }).await?)
}
