//! A read of a copy is held against the trusted answer in the write that hands it in.

use countersign_model::{Annotation, ReadId, StageKind, Stream, UserId};
use countersign_quality::monitor::{self, by_history};
use countersign_store::{Actor, Tx, gold, jobs};
use countersign_workflow::{
    content_hash,
    gold::{GoldErrors, judge},
    suggestions::rule,
};
use serde::{Deserialize, Serialize};

use super::{drawn_wait, evidence, follow};
use crate::{
    Pipeline, PipelineError, Result,
    monitor::{GOLD, Looked, Raised, gold_alarm, observe, raise_gold},
    moving::Moving,
    save::current_annotations,
};

/// Kind of the job that raises an alarm which reads of gold led to.
pub(crate) const JOB_GOLD_ALARM: &str = "gold_alarm";
/// Share of wrong reads that is expected of a gold item that nobody has read yet.
const USUAL: f64 = 0.05;
/// Between so many seconds an alarm waits: raised at once, it would tell which read it was that was gold.
const ALARM_WAIT_SECONDS: (i64, i64) = (300, 3_600);

/// An alarm that waits.
#[derive(Serialize, Deserialize)]
struct Waiting {
    user: UserId,
    alarm: monitor::Alarm,
    number: u64,
}

/// Judges a read that was just handed in, if it is one of a copy: to be called in its write, after the machine moved.
pub(crate) async fn handed_in(
    tx: &mut Tx,
    moving: &Moving,
    user: UserId,
    read: ReadId,
    marks: &[Annotation],
) -> Result<()> {
    let Some(gold_id) = moving.copy.as_ref().and_then(|copy| copy.gold_id) else { return Ok(()) };
    let reads = |stage: u32| moving.stage_kind(stage) == StageKind::Read;
    if !moving.state.tasks.iter().any(|task| reads(task.stage)) {
        gold::set_read(tx, moving.item.id).await?;
    }
    follow::ask(tx, &moving.item, user, tx.now()).await?;
    let gold = gold::by_id(tx, gold_id).await?.ok_or(PipelineError::NotFound)?;
    let answer = current_annotations(tx, gold.read_id).await?;
    // An answer that is trusted no more, or is not the one that was, judges nobody.
    if gold.state == "retired" || content_hash(&answer) != gold.content_hash {
        return Ok(());
    }
    let found = errors(moving, &answer, marks)?;
    let (read_by_others, wrong_by_others) = gold::of_others(tx, gold_id, user).await?;
    let expected = by_history(wrong_by_others, read_by_others, USUAL).map_err(internal)?;
    let result = gold::GoldResult {
        read_id: read,
        item_id: moving.item.id,
        gold_id,
        project_id: moving.item.project_id,
        user_id: user,
        wrong: found.is_wrong(),
        critical: found.critical,
        missed: found.missed,
        superfluous: found.superfluous,
        differing: found.differing,
        pairs: serde_json::to_string(&found.pairs).map_err(internal)?,
        expected,
        at: tx.now(),
        taken_back: false,
    };
    gold::insert_result(tx, result).await?;
    tx.record(evidence("gold.judged", &gold).item(moving.item.id))?;
    let worn = gold::worn(tx, gold_id).await?;
    if worn.reads >= u64::from(moving.protocol.gold.exposures_total)
        && gold::end(tx, gold_id, "used", None, None).await?
    {
        tx.record(evidence("gold.used", &gold).item(gold.item_id))?;
    }
    let looked = Looked {
        project: moving.item.project_id,
        user,
        item: moving.item.id,
        read,
        read_at: tx.now(),
        checked_by: None,
        wrong: found.is_wrong(),
        severity: None,
        expected,
        // A trusted answer has a history of its own.
        stratum: String::new(),
        known: read_by_others,
        pairs: found.pairs,
    };
    match observe(tx, GOLD, looked).await? {
        Some(raised) => wait(tx, moving, user, raised).await,
        None => Ok(()),
    }
}

/// What a read has otherwise than the trusted answer, by the rule of the item's protocol.
fn errors(moving: &Moving, answer: &[Annotation], marks: &[Annotation]) -> Result<GoldErrors> {
    let spacings: Vec<_> = moving.item.streams.0.iter().map(Stream::spacing_mm).collect();
    let critical = moving.protocol.critical();
    judge(answer, marks, &rule(&moving.protocol), &spacings, &critical).map_err(internal)
}

/// Has an alarm raised a while later.
async fn wait(tx: &mut Tx, moving: &Moving, user: UserId, raised: Raised) -> Result<()> {
    let payload = Waiting { user, alarm: raised.alarm, number: raised.kept.checked };
    let payload = serde_json::to_value(payload).map_err(internal)?;
    let job = jobs::Job::ready(tx, JOB_GOLD_ALARM, Some(moving.item.project_id), None, &payload);
    let wait = drawn_wait(ALARM_WAIT_SECONDS.0, ALARM_WAIT_SECONDS.1)?;
    let job = job.after(tx, wait);
    Ok(jobs::insert_all(tx, vec![job]).await?)
}

impl Pipeline {
    /// Raises an alarm that waited: the body of a `gold_alarm` job.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn run_gold_alarm(&self, job: jobs::Job, worker: String) -> Result<()> {
        let project = job.project_id.ok_or_else(|| internal("an alarm without project"))?;
        let waiting: Waiting = serde_json::from_str(&job.payload).map_err(internal)?;
        let pipeline = self.clone();
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let of = (project, waiting.user);
                    // Gold that was retired as wrong meanwhile is held against nobody.
                    let stands = gold_alarm(tx, of, waiting.number, waiting.alarm).await?;
                    if let Some((number, alarm)) = stands {
                        raise_gold(tx, &pipeline, of, number, alarm).await?;
                    }
                    if jobs::finish(tx, job.id, &worker).await? {
                        Ok(())
                    } else {
                        Err(PipelineError::refused("job_lost", "Another worker took over."))
                    }
                })
            })
            .await
    }
}

fn internal(error: impl std::fmt::Display) -> PipelineError {
    PipelineError::Internal(error.to_string())
}
