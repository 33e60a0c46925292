//! A check that a third person took back: the person's numbers, and the evidence that was gathered, as if it had never found
//! anything.

use countersign_model::{ProjectId, ReadId, UserId};
use countersign_quality::monitor::{Alarm, Detector, Observation};
use countersign_store::{Conn, Tx, appeals::Appeal, monitoring, projects};

use super::{
    GOLD, REVIEW, plan,
    streams::{CLASS, OVERLAP},
};
use crate::{PipelineError, Result, appeals::OwnScore, people::Caller};

/// Most checks of one stream that are gone through again.
const REPLAYED_MAX: u32 = 100_000;

/// Takes back the checks that an overturned review made, in each stream that it led to one, and works out their evidence anew.
pub(crate) async fn overturned(tx: &mut Tx, appeal: &Appeal) -> Result<()> {
    for stream in monitoring::streams_of(tx, appeal.user_id).await? {
        let of_reviews =
            [REVIEW, OVERLAP].contains(&stream.stream.as_str()) || stream.stream.starts_with(CLASS);
        if stream.project_id == appeal.project_id && of_reviews {
            overturned_in(tx, (appeal.project_id, appeal.user_id), &stream.stream, appeal.read_id).await?;
        }
    }
    Ok(())
}

/// Takes back what a read of gold said of somebody, because the answer that it was held against was wrong.
pub(crate) async fn gold_taken_back(
    tx: &mut Tx,
    project: ProjectId,
    user: UserId,
    read: ReadId,
) -> Result<()> {
    overturned_in(tx, (project, user), GOLD, read).await
}

async fn overturned_in(
    tx: &mut Tx,
    (project, user): (ProjectId, UserId),
    name: &str,
    read: ReadId,
) -> Result<()> {
    let run_length = plan::run_length(tx, project).await?;
    let stream = monitoring::lock_stream(tx, project, user, name, &plan::fresh(run_length)?).await?;
    let check = monitoring::check_of_read(tx, (project, user), name, read).await?;
    let Some(check) = check else { return Ok(()) };
    if !monitoring::overturn_read(tx, project, user, name, read).await? {
        return Ok(());
    }
    let checks = since_alarm(tx, (project, user), name, stream.checked).await?;
    // Evidence begins anew when the plan is changed: so does the replay. Nobody's own setting began their own stream anew.
    let since = monitoring::plan(tx, project).await?.filter(|plan| plan.set_by != Some(user));
    let since = since.map(|plan| plan.set_at);
    let checks = checks.iter().filter(|check| since.is_none_or(|since| check.at >= since));
    let (detector, _) = replayed(run_length, name, checks)?;
    let row = monitoring::Stream {
        wrong: stream.wrong.saturating_sub(1),
        severity: (stream.severity - check.severity.unwrap_or_default()).max(0.0),
        detector: serde_json::to_string(&detector).map_err(internal)?,
        level: detector.level(),
        updated_at: tx.now(),
        ..stream
    };
    Ok(monitoring::keep_stream(tx, row).await?)
}

/// The last checks of a stream since its last alarm, with which evidence began anew.
async fn since_alarm(
    tx: &mut Tx,
    (project, user): (ProjectId, UserId),
    name: &str,
    checked: u64,
) -> Result<Vec<monitoring::Check>> {
    let after = monitoring::last_alarm(tx, project, user, name).await?.map_or(0, |alarm| alarm.number);
    let from = (after + 1).max((checked + 1).saturating_sub(u64::from(REPLAYED_MAX)));
    Ok(monitoring::checks(tx, project, user, name, from, REPLAYED_MAX).await?)
}

/// The detector after these checks, and the alarms that it raised, which were not kept, with the numbers of their checks. What a
/// ticket kept back is passed over here as it was then: the evidence stays below the alarm. An alarm of gold was only put off: the
/// evidence began anew.
fn replayed<'a>(
    run_length: f64,
    name: &str,
    checks: impl Iterator<Item = &'a monitoring::Check>,
) -> Result<(Detector, Vec<(u64, Alarm)>)> {
    let (mut detector, mut raised) = (Detector::new(run_length).map_err(internal)?, Vec::new());
    for check in checks {
        let mut before = detector.clone();
        if let Some(alarm) = detector.take(observed(check)).map_err(internal)? {
            raised.push((check.number, alarm));
            if name != GOLD {
                before.pass_over();
                detector = before;
            }
        }
    }
    Ok((detector, raised))
}

/// What becomes of an alarm of gold that was put off: the same one, and the number of its check, as long as nothing in the stream was
/// taken back. Otherwise the first that what is left raises since the last one that was kept; nothing, where it raises none.
pub(crate) async fn gold_alarm(
    tx: &mut Tx,
    (project, user): (ProjectId, UserId),
    number: u64,
    raised: Alarm,
) -> Result<Option<(u64, Alarm)>> {
    if !monitoring::has_overturned(tx, project, user, GOLD).await? {
        return Ok(Some((number, raised)));
    }
    let run_length = plan::run_length(tx, project).await?;
    let stream = monitoring::lock_stream(tx, project, user, GOLD, &plan::fresh(run_length)?).await?;
    let checks = since_alarm(tx, (project, user), GOLD, stream.checked).await?;
    Ok(replayed(run_length, GOLD, checks.iter())?.1.into_iter().next())
}

/// A check as the detector took it; one that was taken back found nothing.
fn observed(check: &monitoring::Check) -> Observation {
    let expected = check.expected;
    match check.severity {
        Some(severity) => {
            Observation::Measured { severity: if check.overturned { 0.0 } else { severity }, expected }
        }
        None => Observation::Judged { wrong: check.wrong && !check.overturned, expected },
    }
}

/// How the caller stands in each project where their reads were checked.
pub(crate) async fn own_scores(conn: &mut Conn, caller: &Caller) -> Result<Vec<OwnScore>> {
    let mut scores = Vec::new();
    for stream in monitoring::streams_of(conn, caller.user()).await? {
        let Some(project) = projects::by_id(conn, stream.project_id).await? else { continue };
        if stream.stream != REVIEW || caller.roles(project.id).is_empty() {
            continue;
        }
        scores.push(OwnScore {
            project: project.id,
            project_name: project.name,
            checked: stream.checked,
            wrong: stream.wrong.min(stream.checked),
        });
    }
    Ok(scores)
}

fn internal(error: impl std::fmt::Display) -> PipelineError {
    PipelineError::Internal(error.to_string())
}

#[cfg(test)]
mod tests {
    use countersign_model::{Instant, ItemId};
    use uuid::Uuid;

    use super::*;

    fn wrong(number: u64) -> monitoring::Check {
        monitoring::Check {
            project_id: ProjectId(Uuid::nil()),
            user_id: UserId(Uuid::nil()),
            stream: REVIEW.into(),
            number,
            item_id: ItemId(Uuid::nil()),
            read_id: ReadId(Uuid::nil()),
            read_at: Instant(0),
            checked_by: None,
            wrong: true,
            overturned: false,
            expected: 0.05,
            level: 0.0,
            pairs: "[]".into(),
            at: Instant(0),
            severity: None,
            stratum: String::new(),
            known: 0,
        }
    }

    /// How many errors in a row raise the first alarm, and at which checks `more` of them after it do.
    fn alarms(name: &str, more: u64) -> (u64, Vec<u64>) {
        let numbers = |count: u64| {
            let checks: Vec<_> = (1..=count).map(wrong).collect();
            let raised = replayed(100.0, name, checks.iter()).unwrap().1;
            raised.into_iter().map(|(number, _)| number).collect::<Vec<_>>()
        };
        let first = (1..100).find(|count| !numbers(*count).is_empty()).unwrap();
        (first, numbers(first + more))
    }

    #[test]
    fn what_was_kept_back_is_not_forgotten_by_a_replay() {
        let (first, raised) = alarms(REVIEW, 2);
        assert_eq!(raised, [first, first + 1, first + 2], "each further error raises it again");
        let (first, raised) = alarms(GOLD, 1);
        assert_eq!(raised, [first], "an alarm that was put off began anew");
    }
}
