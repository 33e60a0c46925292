//! Opening findings, answering them, resolving them, opening them again.

use countersign_model::{FindingId, FrameRef, ItemId, Stream};
use countersign_store::{Conn, Evidence, Tx, findings, reads};
use countersign_workflow::{Event, Phase, refusals::SEPARATION_OF_DUTIES, visible_reads};

use super::{FINDINGS_MAX, FindingDraft, FindingSeverity, NOTES_MAX, PinnedFinding, seen::is_before_barrier};
use crate::{
    Pipeline, PipelineError, Result, access::Action, moving::Moving, people::Caller, refused::Denial,
    review::checked_comment,
};

/// Farthest that a place may lie from the corner of a frame, pixels: no image is larger.
const POINT_MAX: f64 = 1_000_000.0;

/// What is done to a finding that exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Reply,
    Resolve,
    Reopen,
}

impl Step {
    const fn act(self) -> &'static str {
        match self {
            Self::Reply => "replied",
            Self::Resolve => "resolved",
            Self::Reopen => "reopened",
        }
    }
}

impl Pipeline {
    /// Pins a finding.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `words_required`, `bad_place`, `too_many_findings`; `accepted_already` for
    /// a blocking one on an item that every stage passed.
    pub async fn open_finding(
        &self,
        caller: &Caller,
        item: ItemId,
        draft: FindingDraft,
    ) -> Result<PinnedFinding> {
        {
            let mut conn = self.store.read().await?;
            self.visible_item(&mut conn, caller, item, Action::Discuss).await?;
        }
        let (pipeline, me) = (self.clone(), caller.clone());
        let id = self
            .store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let mut moving = Moving::load(tx, &pipeline, item).await?;
                    let done = matches!(moving.state.phase, Phase::Accepted | Phase::Released);
                    if done && draft.severity == FindingSeverity::Blocking {
                        return Err(PipelineError::refused(
                            "accepted_already",
                            "Every stage has passed this item: nothing is left to block. Put it on hold instead.",
                        ));
                    }
                    pin(tx, &mut moving, &me, &draft).await
                })
            })
            .await?;
        self.finding_as(caller, id).await
    }

    /// Answers a finding. An answer by somebody else waits for whoever opened it.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `words_required`, `finding_resolved`, `too_many_notes`.
    pub async fn reply_finding(
        &self,
        caller: &Caller,
        id: FindingId,
        words: String,
    ) -> Result<PinnedFinding> {
        self.step_finding(caller, id, Step::Reply, Some(words)).await
    }

    /// Says that a finding is resolved.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `separation_of_duties` for whoever drew what it is about; `finding_resolved`.
    pub async fn resolve_finding(
        &self,
        caller: &Caller,
        id: FindingId,
        words: Option<String>,
    ) -> Result<PinnedFinding> {
        self.step_finding(caller, id, Step::Resolve, words).await
    }

    /// Opens a resolved finding again.
    ///
    /// # Errors
    /// As [`Pipeline::resolve_finding`]; `words_required`, `finding_open`, `accepted_already`.
    pub async fn reopen_finding(
        &self,
        caller: &Caller,
        id: FindingId,
        words: String,
    ) -> Result<PinnedFinding> {
        self.step_finding(caller, id, Step::Reopen, Some(words)).await
    }

    async fn step_finding(
        &self,
        caller: &Caller,
        id: FindingId,
        step: Step,
        words: Option<String>,
    ) -> Result<PinnedFinding> {
        let sight = {
            let mut conn = self.store.read().await?;
            let (row, sight) = self.seen_finding(&mut conn, caller, id).await?;
            if !sight.may_discuss {
                let denial = Denial::on(Action::Discuss.as_str(), "finding", id.uuid(), row.project_id);
                return Err(caller.denied(denial.item(row.item_id)));
            }
            if step != Step::Reply && !sight.may_resolve(&row) {
                let own = sight.is_refused_for_own_work(&row);
                let (code, text) = if own {
                    (
                        SEPARATION_OF_DUTIES,
                        "It is about what you drew: whoever opened it says when it is resolved.",
                    )
                } else {
                    (
                        "not_in_role",
                        "Whoever opened it, or whoever judges the item, says when it is resolved.",
                    )
                };
                let refused = PipelineError::refused(code, text);
                return Err(self.keep_refusal(caller, row.project_id, row.item_id, refused).await?);
            }
            sight
        };
        let words = said(words)?;
        if words.is_none() && step != Step::Resolve {
            return Err(words_required("words"));
        }
        let (pipeline, me) = (self.clone(), caller.clone());
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let mut moving = Moving::load(tx, &pipeline, sight.item.id).await?;
                    let row = findings::by_id(tx, id).await?.ok_or(PipelineError::NotFound)?;
                    let state = next_state(&row, step, &me)?;
                    let notes = findings::notes(tx, id).await?.len();
                    if notes >= NOTES_MAX {
                        return Err(PipelineError::bad(
                            "too_many_notes",
                            "words",
                            format!("at most {NOTES_MAX}"),
                        ));
                    }
                    move_machine(tx, &mut moving, &row, step).await?;
                    let by = (step == Step::Resolve).then_some(me.user());
                    findings::set_state(tx, id, state, by).await?;
                    let words = words.unwrap_or_default();
                    add_note(tx, id, (notes + 1, step.act()), &me, words.clone()).await?;
                    record(tx, &format!("finding.{}", step.act()), id, &moving, None, &words)
                })
            })
            .await?;
        self.finding_as(caller, id).await
    }
}

/// Pins a finding within a write; whoever calls has asked whether the caller may.
///
/// # Errors
/// `words_required`, `bad_place`, `too_many_findings`; what the machine refuses.
pub(crate) async fn pin(
    tx: &mut Tx,
    moving: &mut Moving,
    caller: &Caller,
    draft: &FindingDraft,
) -> Result<FindingId> {
    let words = said(Some(draft.words.clone()))?.ok_or_else(|| words_required("words"))?;
    check_place(tx, moving, caller, draft).await?;
    let known = findings::of_item(tx, moving.item.id).await?;
    // Before the barrier everybody has a limit of their own, which tells nothing of the others.
    let hides = is_before_barrier(&moving.state);
    let counted = known.iter().filter(|row| !hides || row.opened_by == caller.user()).count();
    if counted >= FINDINGS_MAX {
        let message = format!("at most {FINDINGS_MAX} findings on one item");
        return Err(PipelineError::bad("too_many_findings", "item", message));
    }
    let id = keep(tx, moving, caller, draft, known.len() + 1).await?;
    add_note(tx, id, (1, "opened"), caller, words.clone()).await?;
    // A note changes nothing that the machine knows of, but an item that is gone takes none either.
    let event = Event::FindingOpened { finding: id };
    match draft.severity {
        FindingSeverity::Blocking => drop(moving.take(tx, &event).await?),
        FindingSeverity::Note if is_gone(moving.state.phase) => return Err(PipelineError::NotFound),
        FindingSeverity::Note => {}
    }
    record(tx, "finding.opened", id, moving, Some(draft.severity), &words)?;
    Ok(id)
}

/// The state that a step leads to.
fn next_state(row: &findings::Finding, step: Step, caller: &Caller) -> Result<&'static str> {
    match (step, row.state == "resolved") {
        (Step::Reply | Step::Resolve, true) => Err(PipelineError::refused(
            "finding_resolved",
            "This finding is resolved already; open it again first.",
        )),
        (Step::Reopen, false) => Err(PipelineError::refused("finding_open", "This finding is open.")),
        // Whoever opened it asks on.
        (Step::Reply, _) if row.opened_by == caller.user() => Ok("open"),
        (Step::Reply, _) => Ok("answered"),
        (Step::Resolve, _) => Ok("resolved"),
        (Step::Reopen, _) => Ok("open"),
    }
}

/// What blocks goes through the machine.
async fn move_machine(tx: &mut Tx, moving: &mut Moving, row: &findings::Finding, step: Step) -> Result<()> {
    if is_gone(moving.state.phase) {
        return Err(PipelineError::NotFound);
    }
    if row.severity != FindingSeverity::Blocking.as_str() {
        return Ok(());
    }
    let finding = row.id;
    match step {
        Step::Reply => {}
        Step::Resolve => drop(moving.take(tx, &Event::FindingResolved { finding }).await?),
        Step::Reopen if matches!(moving.state.phase, Phase::Accepted | Phase::Released) => {
            return Err(PipelineError::refused(
                "accepted_already",
                "Every stage has passed this item: nothing is left to block. Put it on hold instead.",
            ));
        }
        Step::Reopen => drop(moving.take(tx, &Event::FindingOpened { finding }).await?),
    }
    Ok(())
}

const fn is_gone(phase: Phase) -> bool {
    matches!(phase, Phase::Rejected | Phase::Withdrawn | Phase::Erased)
}

async fn keep(
    tx: &mut Tx,
    moving: &Moving,
    caller: &Caller,
    draft: &FindingDraft,
    number: usize,
) -> Result<FindingId> {
    let id: FindingId = tx.fresh();
    let row = findings::Finding {
        id,
        item_id: moving.item.id,
        project_id: moving.item.project_id,
        number: u32::try_from(number).unwrap_or(u32::MAX),
        severity: draft.severity.as_str().into(),
        state: "open".into(),
        stream: draft.frame.map(|frame| frame.stream),
        frame: draft.frame.map(|frame| frame.index),
        x: draft.point.map(|point| point[0]),
        y: draft.point.map(|point| point[1]),
        annotation_id: draft.annotation,
        round: moving.state.rework_count.saturating_add(1),
        blind: is_before_barrier(&moving.state),
        opened_by: caller.user(),
        opened_at: tx.now(),
        resolved_by: None,
        resolved_at: None,
    };
    findings::insert(tx, row).await?;
    Ok(id)
}

async fn add_note(
    tx: &mut Tx,
    id: FindingId,
    (number, act): (usize, &str),
    caller: &Caller,
    words: String,
) -> Result<()> {
    let note = findings::Note {
        finding_id: id,
        number: u32::try_from(number).unwrap_or(u32::MAX),
        user_id: caller.user(),
        act: act.into(),
        words,
        at: tx.now(),
    };
    Ok(findings::insert_note(tx, note).await?)
}

/// Words are committed to, not written into the log.
fn record(
    tx: &mut Tx,
    action: &str,
    id: FindingId,
    moving: &Moving,
    severity: Option<FindingSeverity>,
    words: &str,
) -> Result<()> {
    let mut evidence = Evidence::new(action, "finding", id.uuid())
        .project(moving.item.project_id)
        .item(moving.item.id)
        .details(serde_json::json!({ "words": words }));
    if let Some(severity) = severity {
        evidence = evidence.reason(severity.as_str());
    }
    tx.record(evidence)?;
    Ok(())
}

/// A place that is there and that the caller can know of.
async fn check_place(conn: &mut Conn, moving: &Moving, caller: &Caller, draft: &FindingDraft) -> Result<()> {
    let bad = |place: &str, message: &str| Err(PipelineError::bad("bad_place", place, message));
    if let Some(frame) = draft.frame
        && !has_frame(&moving.item.streams.0, frame)
    {
        return bad("frame", "the item has no such frame");
    }
    if let Some(point) = draft.point {
        if draft.frame.is_none() {
            return bad("point", "needs the frame that it lies on");
        }
        if !point.iter().all(|value| value.is_finite() && value.abs() <= POINT_MAX) {
            return bad("point", "must be finite and on an image");
        }
    }
    let Some(annotation) = draft.annotation else { return Ok(()) };
    for read in visible_reads(&moving.protocol, &moving.state, caller.user()) {
        if reads::annotations(conn, read).await?.iter().any(|row| row.annotation_id == annotation) {
            return Ok(());
        }
    }
    bad("annotation", "is not among the marks that you see")
}

fn has_frame(streams: &[Stream], frame: FrameRef) -> bool {
    streams.get(frame.stream as usize).is_some_and(|stream| (frame.index as usize) < stream.frames.len())
}

fn said(words: Option<String>) -> Result<Option<String>> {
    checked_comment(words)
}

fn words_required(place: &str) -> PipelineError {
    PipelineError::bad("words_required", place, "say what it is")
}
