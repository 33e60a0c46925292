//! A review as a check of the person who drew, in the write of the review.

use std::collections::BTreeMap;

use countersign_model::{
    AlarmId, Annotation, Instant, ItemId, ProjectId, Protocol, ReadId, StageKind, UserId,
};
use countersign_quality::monitor::{self, Detector, Observation};
use countersign_store::{Evidence, Tx, monitoring, reads};
use countersign_workflow::ReviewDecision;

use super::{
    GOLD, PatternView, REVIEW,
    expected::{judged, known},
    hold, plan, run,
    streams::{self, TIME},
};
use crate::{Pipeline, PipelineError, Result, save::current_annotations, tickets};

/// Microseconds of a day.
const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// What was right and what was said; `None` where nothing was.
pub(crate) type Pair = (Option<String>, Option<String>);

/// Takes a review into account; to be called in its write, after the machine moved. Only the first look at a read counts:
/// what comes back is read with the correction in mind.
pub(crate) async fn reviewed(
    tx: &mut Tx,
    pipeline: &Pipeline,
    item: ItemId,
    subject: ReadId,
    decision: ReviewDecision,
    reviewer: UserId,
    (protocol, after): (&Protocol, &[Annotation]),
) -> Result<()> {
    let Some(read) = reads::by_id(tx, subject).await? else { return Ok(()) };
    let (Some(user), Some(read_at)) = (read.author_user, read.submitted_at) else { return Ok(()) };
    if read.kind != StageKind::Read || monitoring::was_checked(tx, item, user, REVIEW).await? {
        return Ok(());
    }
    let (project, wrong) = (read.project_id, decision != ReviewDecision::Accept);
    let before = current_annotations(tx, subject).await?;
    let pairs = match decision {
        ReviewDecision::Fix => pairs(&before, after),
        _ => Vec::new(),
    };
    let known = known(tx, &read, user).await?;
    let expected = judged(tx, &known, REVIEW).await?;
    let looked = Looked {
        project,
        user,
        item,
        read: subject,
        read_at,
        checked_by: Some(reviewer),
        wrong,
        severity: None,
        expected: expected.value,
        stratum: known.stratum.clone(),
        known: expected.known,
        pairs,
    };
    take(tx, pipeline, REVIEW, looked).await?;
    tickets::ask(tx, project).await?;
    let seen =
        streams::Reviewed { read: &read, known: &known, user, reviewer, decision, before: &before, after };
    streams::reviewed(tx, pipeline, protocol, &seen).await
}

/// Keeps a check of a stream and raises its alarm, if it is one.
pub(super) async fn take(tx: &mut Tx, pipeline: &Pipeline, stream: &str, looked: Looked) -> Result<()> {
    let (project, user) = (looked.project, looked.user);
    let Some(Raised { mut before, kept, alarm }) = observe(tx, stream, looked).await? else { return Ok(()) };
    // How long somebody takes is no ground by itself.
    if stream == TIME {
        return Ok(());
    }
    if raise(tx, pipeline, (project, user, stream), kept.checked, alarm).await? {
        // What was kept back is not forgotten: the evidence stays below the alarm, and the next error after the ticket is
        // closed raises it.
        before.pass_over();
        let detector = serde_json::to_string(&before).map_err(internal)?;
        monitoring::keep_stream(tx, monitoring::Stream { detector, level: before.level(), ..kept }).await?;
    }
    Ok(())
}

/// A read that somebody or something held against what is right.
pub(crate) struct Looked {
    pub project: ProjectId,
    /// Whose read.
    pub user: UserId,
    pub item: ItemId,
    pub read: ReadId,
    pub read_at: Instant,
    /// Who looked; absent where readers agree by themselves.
    pub checked_by: Option<UserId>,
    pub wrong: bool,
    /// How bad it was, 0 to 1, in a stream that measures it.
    pub severity: Option<f64>,
    /// Probability of an error, or how bad it would be, as expected before.
    pub expected: f64,
    /// The kind of item, as it was known before.
    pub stratum: String,
    /// Checks of others that this rests on.
    pub known: u64,
    pub pairs: Vec<Pair>,
}

/// A check that raises an alarm.
pub(crate) struct Raised {
    before: Detector,
    /// The stream as it is kept.
    pub kept: monitoring::Stream,
    pub alarm: monitor::Alarm,
}

/// Keeps a check and works out the evidence.
pub(crate) async fn observe(tx: &mut Tx, name: &str, looked: Looked) -> Result<Option<Raised>> {
    let (project, user, wrong, expected) = (looked.project, looked.user, looked.wrong, looked.expected);
    let fresh = plan::fresh(plan::run_length(tx, project).await?)?;
    let stream = monitoring::lock_stream(tx, project, user, name, &fresh).await?;
    let mut detector: Detector = serde_json::from_str(&stream.detector).map_err(internal)?;
    let number = stream.checked + 1;
    let before = detector.clone();
    let observed = match looked.severity {
        Some(severity) => Observation::Measured { severity, expected },
        None => Observation::Judged { wrong, expected },
    };
    let raised = detector.take(observed).map_err(internal)?;
    let level = if raised.is_some() { 1.0 } else { detector.level() };
    let check = monitoring::Check {
        project_id: project,
        user_id: user,
        stream: name.into(),
        number,
        item_id: looked.item,
        read_id: looked.read,
        checked_by: looked.checked_by,
        wrong,
        expected,
        level,
        pairs: serde_json::to_string(&looked.pairs).map_err(internal)?,
        overturned: false,
        read_at: looked.read_at,
        at: tx.now(),
        severity: looked.severity,
        stratum: looked.stratum.clone(),
        known: looked.known,
    };
    monitoring::insert_check(tx, check).await?;
    let counted = monitoring::Stratum {
        project_id: project,
        stream: name.into(),
        stratum: looked.stratum,
        user_id: user,
        checked: 1,
        wrong: u64::from(wrong),
        severity: looked.severity.unwrap_or_default(),
    };
    monitoring::count_stratum(tx, counted).await?;
    let kept = monitoring::Stream {
        detector: serde_json::to_string(&detector).map_err(internal)?,
        checked: number,
        wrong: stream.wrong + u64::from(wrong),
        level: detector.level(),
        updated_at: tx.now(),
        severity: stream.severity + looked.severity.unwrap_or_default(),
        ..stream
    };
    monitoring::keep_stream(tx, kept.clone()).await?;
    Ok(raised.map(|alarm| Raised { before, kept, alarm }))
}

/// Raises an alarm that reads of gold led to, whatever tickets are open: what is trusted is no matter of the guideline.
pub(crate) async fn raise_gold(
    tx: &mut Tx,
    pipeline: &Pipeline,
    (project, user): (ProjectId, UserId),
    number: u64,
    raised: monitor::Alarm,
) -> Result<()> {
    raise(tx, pipeline, (project, user, GOLD), number, raised).await.map(drop)
}

/// What the reviewer changed, as pairs of classes: of the same mark another class, a mark that was missed, one too many. Whoever
/// answered that nothing can be assessed said nothing of any class.
fn pairs(before: &[Annotation], after: &[Annotation]) -> Vec<Pair> {
    let marks = |read: &[Annotation]| {
        read.iter()
            .filter(|mark| !mark.is_answer())
            .map(|mark| (mark.id, mark.class.clone()))
            .collect::<Vec<_>>()
    };
    let mut left: BTreeMap<_, _> = marks(before).into_iter().collect();
    let mut pairs = Vec::new();
    for (id, class) in marks(after) {
        match left.remove(&id) {
            Some(said) if said == class => {}
            said => pairs.push((Some(class), said)),
        }
    }
    pairs.extend(left.into_values().map(|said| (None, Some(said))));
    pairs
}

/// Keeps the alarm, holds everything since the estimated change, and lets the person know; unless a guideline ticket is open
/// that it is about: then it is kept back, and the answer is true.
async fn raise(
    tx: &mut Tx,
    pipeline: &Pipeline,
    (project, user, stream): (ProjectId, UserId, &str),
    number: u64,
    raised: monitor::Alarm,
) -> Result<bool> {
    let since_number = number - (raised.item - raised.since);
    let first = monitoring::checks(tx, project, user, stream, since_number, 1).await?;
    let since_at = first.first().map_or_else(|| tx.now(), |check| check.read_at);
    // From the start of that day on (UTC): the moment would tell which read was of gold.
    let since_at =
        if stream == GOLD { Instant(since_at.0 - since_at.0.rem_euclid(DAY_MICROS)) } else { since_at };
    let id: AlarmId = tx.fresh();
    let mut alarm = monitoring::Alarm {
        id,
        project_id: project,
        user_id: user,
        stream: stream.into(),
        state: "open".into(),
        number,
        since_number,
        since_at,
        evidence: raised.evidence,
        run_length: raised.run_length,
        patterns: "[]".into(),
        raised_at: tx.now(),
        appeal: None,
        appealed_at: None,
        decided_by: None,
        decided_at: None,
        reason: None,
    };
    let run = run(tx, &alarm).await?;
    if let Some(ticket) = tickets::about(tx, project, stream, &run).await? {
        tickets::suppress(tx, &ticket, user, number, raised.evidence).await?;
        return Ok(true);
    }
    alarm.patterns = serde_json::to_string(&patterns(&run)?).map_err(internal)?;
    monitoring::insert_alarm(tx, alarm.clone()).await?;
    let held = hold::begin(tx, pipeline, &alarm).await?;
    let details = serde_json::json!({
        "user": user, "checks": number - since_number + 1, "evidence": raised.evidence,
        "run_length": raised.run_length, "held": held,
    });
    tx.record(Evidence::new("alarm.raised", "alarm", id.uuid()).project(project).details(details))?;
    // The person hears of it under a name of its own: others who listen are told of the alarm.
    tx.record(Evidence::new("feedback.given", "feedback", id.uuid()).project(project))?;
    // Others may be alarmed about in the same way.
    tickets::ask(tx, project).await?;
    Ok(false)
}

/// What the errors of a run have in common: kinds that happened three times or more.
fn patterns(run: &[monitoring::Check]) -> Result<Vec<PatternView>> {
    // Of hidden gold only what was called otherwise: where a mark lay could tell of one item.
    let is_gold = run.first().is_some_and(|check| check.stream == GOLD);
    let mut words: Vec<(Option<String>, bool)> = Vec::new();
    let mut answers: Vec<(u16, u16)> = Vec::new();
    let mut place = |word: (Option<String>, bool)| {
        let known = words.iter().position(|one| *one == word);
        let place = known.unwrap_or_else(|| {
            words.push(word);
            words.len() - 1
        });
        u16::try_from(place).unwrap_or(u16::MAX)
    };
    for check in run.iter().filter(|check| check.wrong && !check.overturned) {
        let pairs: Vec<Pair> = serde_json::from_str(&check.pairs).map_err(internal)?;
        for (right, said) in pairs {
            // Of the right class and wrong all the same, it is a kind of its own: the arithmetic takes equal words for no error.
            let otherwise = !is_gold && right == said;
            answers.push((place((right, false)), place((said, otherwise))));
        }
    }
    let word = |place: u16| words.get(usize::from(place)).and_then(|(word, _)| word.clone());
    let found = monitor::patterns(&answers).into_iter().map(|pattern| PatternView {
        right: word(pattern.right),
        said: word(pattern.said),
        times: pattern.times,
        errors: pattern.errors,
    });
    Ok(found.collect())
}

pub(super) fn internal(error: impl std::fmt::Display) -> PipelineError {
    PipelineError::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use countersign_model::{AnnotationId, Author, Shape};
    use uuid::Uuid;

    use super::*;

    fn mark(id: u128, class: &str) -> Annotation {
        Annotation {
            id: AnnotationId(Uuid::from_u128(id)),
            class: class.into(),
            frame: None,
            shape: Shape::Tag {},
            attributes: BTreeMap::new(),
            author: Author::Human { user: UserId(Uuid::from_u128(1)) },
            version: 1,
            score: None,
            arrangement: Default::default(),
            unclear: None,
        }
    }

    #[test]
    fn a_correction_says_what_was_right_and_what_was_said() {
        let text = |value: &str| Some(value.to_owned());
        let before = [mark(1, "a"), mark(2, "a"), mark(3, "b")];
        let after = [mark(1, "a"), mark(2, "b"), mark(4, "c")];
        let expected = [(text("b"), text("a")), (text("c"), None), (None, text("b"))];
        assert_eq!(pairs(&before, &after), expected);
        assert!(pairs(&before, &before).is_empty());
    }
}
