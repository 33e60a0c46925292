//! Label errors: accepted labels that something speaks against, the weightiest first. What a model drew and nobody labelled, a
//! label where the model sees another class or another place, a thing that is there before and after a frame and not on it, a tag
//! where the model is confident of another one.
//! Nothing is wrong because a search doubts it: somebody looks, and either sends the item back or says that the labels are right.

mod doubt;
mod search;
mod tags;
mod views;

use countersign_model::{AiVisibility, DoubtId, FrameRef, ItemId, ProjectId, ReadId};
use countersign_quality::{share_lower, share_upper};
use countersign_store::{
    Conn, Evidence, certifications, comparisons, items,
    label_errors::{self, Count},
    users,
};
use countersign_workflow::{Phase, refusals};
use serde::Deserialize;

pub(crate) use search::{JOB_RANK, JOB_SEARCH, ask_rank};
pub use views::{DoubtHits, DoubtKind, DoubtView, LabelErrors, LabelSearchView};

use self::{doubt::Kind, tags::Choices};
use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    findings::{FindingDraft, FindingSeverity, pin},
    moving::Moving,
    people::Caller,
    review::checked_comment,
};

/// What whoever looks again is told where the model is hidden from them.
const LOOK_AGAIN: &str = "Look again at the whole of it.";
/// Nobody has looked.
const OPEN: &str = "open";
/// Somebody looked, and the labels are right.
const RIGHT: &str = "right";
/// The item went back into work.
const SENT_BACK: &str = "sent_back";
/// Most doubts in one list.
const LISTED_MAX: u32 = 100;
/// Confidence of the interval of how often a doubt was right.
const CONFIDENCE: f64 = 0.95;

/// Which doubts somebody asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct DoubtQuery {
    /// `missing` (the default), `class`, `place`, `alone` or `tag`.
    pub kind: Option<String>,
    /// `open` (the default), `right` or `sent_back`.
    pub state: Option<String>,
    /// Only those after this place in the order.
    pub after: Option<u64>,
    /// At most so many; 100 at most.
    pub limit: Option<u32>,
}

/// What somebody decides about a doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DoubtChoice {
    /// The item goes back into work, with a remark at the place.
    LookAgain,
    /// The labels are right; later searches do not ask again while they stay as they are.
    Right,
    /// Nobody is sure after all: taken back.
    Open,
}

/// A decision about a doubt.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DoubtDecision {
    /// What.
    pub decision: DoubtChoice,
    /// Words for whoever looks again, or why the labels are right.
    pub comment: Option<String>,
}

impl Pipeline {
    /// Begins a search over what is accepted in a project.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `search_running`.
    pub async fn begin_label_search(&self, caller: &Caller, project: ProjectId) -> Result<LabelErrors> {
        self.require_on(caller, Action::ManageHolds, project)?;
        let user = caller.user();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    if let Some(before) = label_errors::newest(tx, project, "looking").await? {
                        if label_errors::is_worked_on(tx, project, JOB_SEARCH).await? {
                            let message = "A search is looking already.";
                            return Err(PipelineError::refused("search_running", message));
                        }
                        // Its job was given up: nothing will ever end it.
                        label_errors::end(tx, before.id, None).await?;
                    }
                    let search = label_errors::LabelSearch {
                        id: tx.fresh(),
                        project_id: project,
                        state: "looking".into(),
                        items: label_errors::candidates_count(tx, project).await?,
                        looked: 0,
                        compared: 0,
                        found: 0,
                        started_by: user,
                        started_at: tx.now(),
                        ended_at: None,
                        bars: None,
                    };
                    search::ask(tx, &search).await?;
                    let evidence = Evidence::new("label_search.began", "label_search", search.id.uuid());
                    label_errors::begin(tx, search).await?;
                    tx.record(evidence.project(project))?;
                    Ok(())
                })
            })
            .await?;
        self.wake_worker();
        self.label_errors(caller, project, DoubtQuery::default()).await
    }

    /// What the newest search of a project doubts. Whoever could audit these labels is shown them with it, and the log says so.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_query` for an unknown kind or state.
    pub async fn label_errors(
        &self,
        caller: &Caller,
        project: ProjectId,
        query: DoubtQuery,
    ) -> Result<LabelErrors> {
        self.require_on(caller, Action::ManageHolds, project)?;
        let kind = word(query.kind, "kind", &Kind::ALL.map(Kind::as_str))?;
        let state = word(query.state, "state", &[OPEN, RIGHT, SENT_BACK])?;
        let mut conn = self.store.read().await?;
        let running = label_errors::newest(&mut conn, project, "looking").await?;
        let running = self.search_view(&mut conn, running).await?;
        let Some(search) = label_errors::newest(&mut conn, project, "done").await? else {
            return Ok(LabelErrors { running, search: None, kinds: vec![], doubts: vec![], next: None });
        };
        let limit = query.limit.unwrap_or(LISTED_MAX).clamp(1, LISTED_MAX);
        let asked = (kind, state);
        let rows = label_errors::list(&mut conn, search.id, asked, query.after.unwrap_or(0), limit).await?;
        let next = rows.last().map(|row| row.rank).filter(|_| rows.len() == limit as usize);
        let kinds = kinds(&label_errors::counts(&mut conn, search.id).await?)?;
        let (mut doubts, mut shown) = (Vec::new(), Vec::new());
        for row in rows {
            let Some(item) = self.doubted(&mut conn, caller, row.item_id).await? else { continue };
            let known = shown.iter().any(|known: &items::Item| known.id == item.id);
            doubts.push(self.doubt_view(&mut conn, row, &item).await?);
            if !known && self.shows_labels(&mut conn, caller, &item).await? {
                shown.push(item);
            }
        }
        let search = self.search_view(&mut conn, Some(search)).await?;
        drop(conn);
        self.all_labels_shown(caller, shown).await?;
        Ok(LabelErrors { running, search, kinds, doubts, next })
    }

    /// Decides about a doubt.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `already_decided`; `content_changed` when other labels are accepted now;
    /// `separation_of_duties` for whoever had a part in labels that they would call right; why an item cannot go back into work.
    pub async fn decide_doubt(
        &self,
        caller: &Caller,
        id: DoubtId,
        decision: DoubtDecision,
    ) -> Result<DoubtView> {
        let row = {
            let mut conn = self.store.read().await?;
            let row = label_errors::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            self.require_on(caller, Action::ManageHolds, row.project_id)?;
            self.doubted(&mut conn, caller, row.item_id).await?.ok_or(PipelineError::NotFound)?;
            row
        };
        let comment = checked_comment(decision.comment)?;
        let (item, project) = (row.item_id, row.project_id);
        let (pipeline, me) = (self.clone(), caller.clone());
        let decided = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let mut moving = Moving::load(tx, &pipeline, row.item_id).await?;
                    let (from, to) = match decision.decision {
                        DoubtChoice::LookAgain => (OPEN, SENT_BACK),
                        DoubtChoice::Right => (OPEN, RIGHT),
                        DoubtChoice::Open => (RIGHT, OPEN),
                    };
                    let user = me.user();
                    if to == RIGHT && moving.state.actors.iter().any(|actor| actor.user == user) {
                        return Err(PipelineError::refused(
                            refusals::SEPARATION_OF_DUTIES,
                            "You had a part in these labels: somebody else says that they are right.",
                        ));
                    }
                    if to == RIGHT && !is_current(&moving.item, row.read_id) {
                        return Err(stale());
                    }
                    if !label_errors::decide(tx, id, (from, to), comment.clone()).await? {
                        return Err(PipelineError::refused(
                            "already_decided",
                            "Somebody decided this already.",
                        ));
                    }
                    if to == SENT_BACK {
                        send_back(tx, &pipeline, &me, (&mut moving, &row), comment.clone()).await?;
                    }
                    let evidence = Evidence::new("label_doubt.decided", "label_doubt", id.uuid());
                    let evidence = evidence.project(row.project_id).item(row.item_id).reason(to);
                    tx.record(evidence.details(serde_json::json!({ "comment": comment })))?;
                    Ok(())
                })
            })
            .await;
        if let Err(error) = decided {
            return Err(self.keep_refusal(caller, project, item, error).await?);
        }
        self.wake_worker();
        let mut conn = self.store.read().await?;
        let row = label_errors::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        let item = items::by_id(&mut conn, item).await?.ok_or(PipelineError::NotFound)?;
        self.doubt_view(&mut conn, row, &item).await
    }

    /// The item of a doubt, where the caller may be shown its labels now.
    async fn doubted(&self, conn: &mut Conn, caller: &Caller, item: ItemId) -> Result<Option<items::Item>> {
        if self.audits_blind(conn, caller, item).await? {
            return Ok(None);
        }
        let found = match self.visible_item(conn, caller, item, Action::ViewItem).await {
            Ok(found) => found,
            Err(PipelineError::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        // Whoever may still be called to decide between reads learns nothing of what they differ about.
        let compared = !comparisons::of_item(conn, item).await?.is_empty();
        if compared && !self.comparisons_shown(conn, caller, item).await? {
            return Ok(None);
        }
        Ok(Some(found))
    }

    async fn search_view(
        &self,
        conn: &mut Conn,
        row: Option<label_errors::LabelSearch>,
    ) -> Result<Option<LabelSearchView>> {
        let Some(row) = row else { return Ok(None) };
        let by = users::by_id(conn, row.started_by).await?.map(|user| user.printed_name);
        Ok(Some(LabelSearchView {
            id: row.id,
            state: row.state,
            items: row.items,
            looked: row.looked,
            compared: row.compared,
            found: row.found,
            started_by: by,
            started_at: row.started_at,
            ended_at: row.ended_at,
        }))
    }

    async fn doubt_view(
        &self,
        conn: &mut Conn,
        row: label_errors::Doubt,
        item: &items::Item,
    ) -> Result<DoubtView> {
        let decided_by = match row.decided_by {
            Some(user) => users::by_id(conn, user).await?.map(|user| user.printed_name),
            None => None,
        };
        Ok(DoubtView {
            id: row.id,
            item: item.id,
            item_name: item.name.clone(),
            kind: row.kind,
            rank: row.rank,
            weight: row.weight,
            source: row.source,
            annotation: row.annotation_id,
            class: row.class,
            predicted_class: row.predicted_class,
            choices: chosen(row.choices.as_deref())?,
            predicted_choices: chosen(row.predicted_choices.as_deref())?,
            frame: row.stream.zip(row.frame).map(|(stream, index)| FrameRef { stream, index }),
            place: row.x.zip(row.y).map(|(x, y)| [x, y]),
            state: row.state,
            current: is_current(item, row.read_id),
            decided_by,
            decided_at: row.decided_at,
            comment: row.comment,
        })
    }

    /// Keeps that somebody who could audit these labels was shown them.
    pub(crate) async fn all_labels_shown(&self, caller: &Caller, shown: Vec<items::Item>) -> Result<()> {
        if shown.is_empty() {
            return Ok(());
        }
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    for item in shown {
                        let evidence = Evidence::new(certifications::LABELS_SHOWN, "item", item.id.uuid());
                        tx.record(evidence.project(item.project_id).item(item.id))?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

fn is_current(item: &items::Item, read: ReadId) -> bool {
    let accepted = [Phase::Accepted.as_str(), Phase::Released.as_str()].contains(&item.state.as_str());
    accepted && item.accepted_read_id == Some(read)
}

/// Sends the item of a doubt back into work, with a remark where the doubt is.
async fn send_back(
    tx: &mut countersign_store::Tx,
    pipeline: &Pipeline,
    caller: &Caller,
    (moving, row): (&mut Moving, &label_errors::Doubt),
    comment: Option<String>,
) -> Result<()> {
    if !is_current(&moving.item, row.read_id) {
        return Err(stale());
    }
    // Where somebody is to look without the model, nothing tells them what it saw, nor where.
    let hides = moving
        .protocol
        .stages
        .iter()
        .any(|stage| stage.role.is_some() && stage.ai_visibility == AiVisibility::Never);
    let details = serde_json::json!({ "doubt": row.id });
    if let Some(code) = pipeline.reopen(tx, moving, details).await? {
        let known = [refusals::HELD, refusals::OPEN_FINDINGS, refusals::OTHER_PROTOCOL_VERSION];
        let code = known.into_iter().find(|known| **known == code).unwrap_or(refusals::WRONG_STAGE);
        return Err(PipelineError::refused(code, "As it is now the item cannot go back into work."));
    }
    label_errors::sent_back(tx, row.item_id, row.read_id).await?;
    let frame = row.stream.zip(row.frame).map(|(stream, index)| FrameRef { stream, index });
    let words = comment.unwrap_or_else(|| if hides { LOOK_AGAIN.to_owned() } else { asked(row) });
    let frame = frame.filter(|_| !hides);
    let point = row.x.zip(row.y).map(|(x, y)| [x, y]).filter(|_| frame.is_some());
    let draft = FindingDraft { severity: FindingSeverity::Note, words, frame, point, annotation: None };
    pin(tx, moving, caller, &draft).await.map(drop)
}

fn stale() -> PipelineError {
    PipelineError::refused("content_changed", "Other labels are accepted now, or the item is in work again.")
}

/// What whoever looks again is asked where nobody found words.
fn asked(row: &label_errors::Doubt) -> String {
    let class = |class: &Option<String>| class.clone().unwrap_or_default();
    match row.kind.as_str() {
        "missing" => format!("Look again: is something missing here ({})?", class(&row.predicted_class)),
        "class" => format!("Look again: {} or {}?", class(&row.class), class(&row.predicted_class)),
        "place" => format!("Look again: does this lie right ({})?", class(&row.class)),
        "tag" => format!("Look again: {}?", tag_words(row)),
        _ => format!("Look again: is this there ({})?", class(&row.class)),
    }
}

/// The tag that is doubted, or that one is missing: `dark, or blurred`.
fn tag_words(row: &label_errors::Doubt) -> String {
    let said = |class: &Option<String>, choices: &Option<String>| {
        let class = class.clone()?;
        let chosen: Vec<String> = chosen(choices.as_deref()).unwrap_or_default().into_values().collect();
        Some(if chosen.is_empty() { class } else { format!("{class} ({})", chosen.join(", ")) })
    };
    match (said(&row.class, &row.choices), said(&row.predicted_class, &row.predicted_choices)) {
        (Some(own), Some(other)) => format!("{own}, or {other}"),
        (Some(own), None) => format!("is it {own}"),
        (None, other) => format!("is the tag {} missing", other.unwrap_or_default()),
    }
}

/// What was chosen for a tag, as it is kept.
fn chosen(kept: Option<&str>) -> Result<Choices> {
    let Some(kept) = kept else { return Ok(Choices::new()) };
    serde_json::from_str(kept).map_err(|error| PipelineError::Internal(format!("label_doubts: {error}")))
}

fn word<'a>(asked: Option<String>, place: &str, known: &[&'a str]) -> Result<&'a str> {
    let Some(asked) = asked else { return Ok(known[0]) };
    let found = known.iter().find(|word| **word == asked).copied();
    found.ok_or_else(|| PipelineError::bad("bad_query", place, format!("one of {}", known.join(", "))))
}

fn kinds(counts: &[Count]) -> Result<Vec<DoubtKind>> {
    let of = |kind: &str, state: &str| {
        counts.iter().find(|one| one.kind == kind && one.state == state).map_or(0, |one| one.doubts)
    };
    Kind::ALL
        .map(Kind::as_str)
        .into_iter()
        .map(|kind| {
            let (open, right, sent_back) = (of(kind, OPEN), of(kind, RIGHT), of(kind, SENT_BACK));
            Ok(DoubtKind { kind: kind.into(), open, right, sent_back, hits: hits(right, sent_back)? })
        })
        .collect()
}

fn hits(right: u64, sent_back: u64) -> Result<Option<DoubtHits>> {
    let decided = right + sent_back;
    if decided == 0 {
        return Ok(None);
    }
    let side = f64::midpoint(1.0, CONFIDENCE);
    let failed = |error: countersign_quality::BoundError| PipelineError::Internal(error.to_string());
    Ok(Some(DoubtHits {
        share: sent_back as f64 / decided as f64,
        low: share_lower(decided, sent_back, side).map_err(failed)?,
        high: share_upper(decided, sent_back, side).map_err(failed)?,
    }))
}
