//! What an accepted item says of the first read of each organization that read it: by a job, after it was accepted.

use std::collections::BTreeMap;

use countersign_model::{Agreement, Annotation, Instant, ItemId, ReadId, StageKind, Stream, as_counted};
use countersign_store::{Actor, Conn, Tx, items, jobs, vendors};
use countersign_workflow::compare::{Difference, Finding, Spacings, compare};
use serde::{Deserialize, Serialize};

use crate::{
    Pipeline, PipelineError, Result, blocking,
    moving::{Moving, parse_state},
    save::current_annotations,
};

/// Kind of the job that holds reads against what was accepted.
pub(crate) const JOB_SCORE: &str = "vendor_score";
/// Evidence that it did.
const SCORED: &str = "reads.scored";

/// What a job is about.
#[derive(Serialize, Deserialize)]
struct Accepted {
    at: Instant,
}

/// Errors of a read by class; `None` where there was nothing to compare: somebody could not assess the item, or nobody else looked
/// at it.
pub(super) type Classes = Option<BTreeMap<String, u32>>;

/// What was accepted says of a read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Said {
    missed: u32,
    wrong: u32,
    classes: Classes,
}

/// Has the reads held against what is accepted; in its write.
pub(crate) async fn ask_score(tx: &mut Tx, moving: &Moving) -> Result<()> {
    if !vendors::concerns(tx, moving.item.id).await? {
        return Ok(());
    }
    let (project, item) = (Some(moving.item.project_id), Some(moving.item.id));
    let payload = serde_json::json!(Accepted { at: tx.now() });
    Ok(jobs::insert_all(tx, vec![jobs::Job::ready(tx, JOB_SCORE, project, item, &payload)]).await?)
}

/// What one organization read, the marks of its first read, and how many there are in what is paid.
type Marked = (vendors::OfOrganization, Vec<Annotation>, Option<u32>);

impl Pipeline {
    /// Holds the first read of each organization against what was accepted: the body of a `vendor_score` job.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn run_score(&self, job: jobs::Job, worker: String) -> Result<()> {
        let accepted: Accepted = serde_json::from_str(&job.payload)
            .map_err(|e| PipelineError::Internal(format!("jobs.payload: {e}")))?;
        let item = job.item_id.ok_or_else(|| PipelineError::Internal("a score without item".into()))?;
        let Some(scores) = self.scores_of(item, accepted.at).await? else {
            return self.finish_job(job, worker).await;
        };
        let pipeline = self.clone();
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let moving = Moving::load(tx, &pipeline, item).await?;
                    let count = scores.len();
                    for score in scores {
                        vendors::keep_score(tx, score).await?;
                    }
                    vendors::end_scores(tx, item, accepted.at).await?;
                    tx.record(moving.evidence(SCORED).details(serde_json::json!({ "reads": count })))?;
                    if jobs::finish(tx, job.id, &worker).await? {
                        Ok(())
                    } else {
                        Err(PipelineError::refused("job_lost", "Another worker took over."))
                    }
                })
            })
            .await
    }

    async fn scores_of(&self, item: ItemId, at: Instant) -> Result<Option<Vec<vendors::Score>>> {
        let (project, agreement, spacings, truth, marked) = {
            let mut conn = self.store.read().await?;
            let item = items::by_id(&mut conn, item).await?.ok_or(PipelineError::NotFound)?;
            let is_done = matches!(item.state.as_str(), "accepted" | "released");
            let Some(accepted) = item.accepted_read_id.filter(|_| is_done) else { return Ok(None) };
            let state = parse_state(&item.workflow)?;
            let protocol = self.protocol_of(&mut conn, &item, &state).await?;
            let compared = protocol.stages.iter().find(|stage| stage.kind == StageKind::Compare);
            let agreement = compared.map_or_else(Agreement::default, |stage| stage.agreement.clone());
            let streams = &item.streams.0;
            let truth = as_counted(current_annotations(&mut conn, accepted).await?, streams);
            let mut marked: Vec<Marked> = Vec::new();
            for of in vendors::reads_of(&mut conn, item.id).await? {
                let marks = counted(&mut conn, of.first, streams).await?;
                let paid = match of.paid {
                    Some(paid) if paid == of.first => Some(count(marks.len())),
                    Some(paid) => Some(count(counted(&mut conn, paid, streams).await?.len())),
                    None => None,
                };
                marked.push((of, marks, paid));
            }
            let spacings: Vec<_> = streams.iter().map(Stream::spacing_mm).collect();
            (item.project_id, agreement, spacings, truth, marked)
        };
        blocking(move || {
            let mut scores = Vec::with_capacity(marked.len());
            for (of, marks, paid_marks) in marked {
                let said =
                    if of.checked { said(&marks, &truth, &agreement, &spacings) } else { Said::default() };
                scores.push(vendors::Score {
                    item_id: item,
                    organization_id: of.organization,
                    project_id: project,
                    read_id: of.first,
                    user_id: of.user,
                    paid_read_id: of.paid,
                    paid_marks,
                    marks: count(marks.len()),
                    truth: count(truth.len()),
                    missed: said.missed,
                    wrong: said.wrong,
                    classes: serde_json::to_string(&said.classes)
                        .map_err(|e| PipelineError::Internal(e.to_string()))?,
                    first_accepted_at: at,
                    accepted_at: at,
                });
            }
            Ok(Some(scores))
        })
        .await?
    }
}

/// What was accepted says of a read. Where somebody could not assess the item, or more was drawn than can be compared, nothing.
fn said(read: &[Annotation], truth: &[Annotation], agreement: &Agreement, spacings: &Spacings) -> Said {
    if read.iter().chain(truth).any(Annotation::is_answer) {
        return Said::default();
    }
    let Ok(compared) = compare(&[read, truth], agreement, spacings) else { return Said::default() };
    let (mut missed, mut wrong, mut classes) = (0, 0, BTreeMap::new());
    // Where the size of pixels is not known nothing measured in millimetres can agree, whoever drew it.
    let told = |finding: &&Finding| finding.differences.iter().any(|one| *one != Difference::Scale);
    for finding in compared.disputed().filter(told) {
        let drawn = |reader: usize| finding.marks.iter().filter(move |(by, _)| *by == reader);
        let (theirs, right) = (drawn(0).count(), drawn(1).count());
        if theirs == 0 {
            missed += count(right);
        }
        wrong += count(theirs);
        let mut named: Vec<&str> = drawn(0)
            .filter_map(|(_, place)| read.get(*place))
            .chain(drawn(1).filter_map(|(_, place)| truth.get(*place)))
            .map(|mark| mark.class.as_str())
            .collect();
        named.sort_unstable();
        named.dedup();
        for class in named {
            *classes.entry(class.to_owned()).or_default() += 1;
        }
    }
    Said { missed, wrong, classes: Some(classes) }
}

async fn counted(conn: &mut Conn, read: ReadId, streams: &[Stream]) -> Result<Vec<Annotation>> {
    Ok(as_counted(current_annotations(conn, read).await?, streams))
}

fn count(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}
