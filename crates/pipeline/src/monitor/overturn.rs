//! A check that a third person took back: the person's numbers, and the evidence that was gathered, as if it had never found
//! anything.

use countersign_model::{ProjectId, ReadId, UserId};
use countersign_quality::monitor::{Detector, Observation};
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
    // Evidence begins anew after an alarm and when the plan is changed: so does the replay.
    let after = monitoring::last_alarm(tx, project, user, name).await?.map_or(0, |alarm| alarm.number);
    // Nobody's own setting began their own stream anew.
    let since = monitoring::plan(tx, project).await?.filter(|plan| plan.set_by != Some(user));
    let since = since.map(|plan| plan.set_at);
    let mut detector = Detector::new(run_length).map_err(internal)?;
    for check in monitoring::checks(tx, project, user, name, after + 1, REPLAYED_MAX).await? {
        if since.is_none_or(|since| check.at >= since) {
            detector.take(observed(&check)).map_err(internal)?;
        }
    }
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
