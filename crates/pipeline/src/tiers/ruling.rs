//! What a decision between reads says of each of them: the only judgement that independent readers get.

use countersign_model::{Annotation, ItemId, StageKind, Stream, as_counted};
use countersign_store::{Actor, Tx, comparisons, items, jobs, reads, turns};
use countersign_workflow::compare::{Difference, Finding, Spacings, compare};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Pipeline, PipelineError, Result, blocking,
    monitor::{Pair, Peer, read_with_peers},
    moving::{Moving, parse_state},
    save::current_annotations,
};

/// Kind of the job that holds reads against the decision between them.
pub(crate) const JOB_RULING: &str = "ruling";
/// Evidence that it did.
const RULED: &str = "reads.ruled";

/// What a job is about.
#[derive(Serialize, Deserialize)]
struct Decided {
    adjudication: Uuid,
}

/// What a decision says of one read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Said {
    marks: u32,
    wrong: u32,
    missed: u32,
    /// What was right and what was said, class by class.
    pairs: Vec<Pair>,
}

/// Has the reads held against a decision; in its write.
pub(crate) async fn ask_ruling(tx: &mut Tx, moving: &Moving, adjudication: Uuid) -> Result<()> {
    let (project, item) = (Some(moving.item.project_id), Some(moving.item.id));
    let payload =
        serde_json::to_value(Decided { adjudication }).map_err(|e| PipelineError::Internal(e.to_string()))?;
    let job = jobs::Job::ready(tx, JOB_RULING, project, item, &payload);
    Ok(jobs::insert_all(tx, vec![job]).await?)
}

/// A read and its marks.
type Marked = (reads::Read, Vec<Annotation>);

impl Pipeline {
    /// Holds reads against the decision between them, by the rule by which they were compared: the body of a `ruling` job.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn run_ruling(&self, job: jobs::Job, worker: String) -> Result<()> {
        let decided: Decided = serde_json::from_str(&job.payload)
            .map_err(|e| PipelineError::Internal(format!("jobs.payload: {e}")))?;
        let item = job.item_id.ok_or_else(|| PipelineError::Internal("a ruling without item".into()))?;
        let adjudication = decided.adjudication;
        let rulings = self.rulings(item, adjudication).await?;
        let pipeline = self.clone();
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let moving = Moving::load(tx, &pipeline, item).await?;
                    let at = tx.now();
                    let count = rulings.len();
                    let decided = comparisons::adjudications(tx, item).await?;
                    let by = decided.iter().find(|row| row.id == adjudication).map(|row| row.user_id);
                    let (mut rows, mut peers) = (Vec::with_capacity(count), Vec::with_capacity(count));
                    for (row, pairs) in rulings {
                        let wrong = row.wrong + row.missed > 0;
                        peers.push(Peer { read: row.read_id, wrong, by, pairs });
                        rows.push(turns::Ruling { at, ..row });
                    }
                    turns::insert_rulings(tx, rows).await?;
                    tx.record(moving.evidence(RULED).details(serde_json::json!({ "reads": count })))?;
                    read_with_peers(tx, &pipeline, &moving, &peers).await?;
                    if jobs::finish(tx, job.id, &worker).await? {
                        Ok(())
                    } else {
                        Err(PipelineError::refused("job_lost", "Another worker took over."))
                    }
                })
            })
            .await
    }

    async fn rulings(&self, item: ItemId, adjudication: Uuid) -> Result<Vec<(turns::Ruling, Vec<Pair>)>> {
        let (agreement, spacings, decision, marked, at) = {
            let mut conn = self.store.read().await?;
            let item = items::by_id(&mut conn, item).await?.ok_or(PipelineError::NotFound)?;
            let state = parse_state(&item.workflow)?;
            let protocol = self.protocol_of(&mut conn, &item, &state).await?;
            let agreement = protocol.stages.iter().find(|stage| stage.kind == StageKind::Compare);
            let Some(agreement) = agreement.map(|stage| stage.agreement.clone()) else {
                return Ok(Vec::new());
            };
            let decided = comparisons::adjudications(&mut conn, item.id).await?;
            let decided = decided.into_iter().find(|row| row.id == adjudication);
            let decided = decided.ok_or(PipelineError::NotFound)?;
            let compared = comparisons::of_item(&mut conn, item.id).await?;
            let compared = compared.into_iter().find(|row| row.id == decided.comparison_id);
            let compared = compared.ok_or(PipelineError::NotFound)?;
            let streams = &item.streams.0;
            let decision = as_counted(current_annotations(&mut conn, decided.read_id).await?, streams);
            let mut marked: Vec<Marked> = Vec::with_capacity(compared.reads.0.len());
            for id in &compared.reads.0 {
                let Some(read) = reads::by_id(&mut conn, *id).await? else { continue };
                marked.push((read, as_counted(current_annotations(&mut conn, *id).await?, streams)));
            }
            let spacings: Vec<_> = streams.iter().map(Stream::spacing_mm).collect();
            (agreement, spacings, decision, marked, decided.at)
        };
        blocking(move || {
            let mut rulings = Vec::with_capacity(marked.len());
            for (read, marks) in &marked {
                let Some(user_id) = read.author_user else { continue };
                let Some(said) = said(marks, &decision, &agreement, &spacings)? else { continue };
                let (read_id, item_id, project_id) = (read.id, read.item_id, read.project_id);
                let Said { marks, wrong, missed, pairs } = said;
                let adjudication_id = adjudication;
                let row = turns::Ruling {
                    adjudication_id,
                    read_id,
                    user_id,
                    item_id,
                    project_id,
                    marks,
                    wrong,
                    missed,
                    at,
                };
                rulings.push((row, pairs));
            }
            Ok(rulings)
        })
        .await?
    }
}

/// What a decision says of a read. Who could not assess the item, or a frame of it, denied nothing that they did not mark, and
/// where the decision is that nobody can, there is nothing to hold a read against: `None`.
fn said(
    read: &[Annotation],
    decision: &[Annotation],
    agreement: &countersign_model::Agreement,
    spacings: &Spacings,
) -> Result<Option<Said>> {
    if read.iter().chain(decision).any(Annotation::is_answer) {
        return Ok(None);
    }
    let compared = compare(&[read, decision], agreement, spacings)
        .map_err(|error| PipelineError::refused("not_comparable", error.to_string()))?;
    let mut said = Said { marks: u32::try_from(read.len()).unwrap_or(u32::MAX), ..Said::default() };
    // Where the size of pixels is not known nothing measured in millimetres can agree, whoever drew it.
    let told = |finding: &&Finding| finding.differences.iter().any(|one| *one != Difference::Scale);
    for finding in compared.disputed().filter(told) {
        let theirs = finding.marks.iter().filter(|(reader, _)| *reader == 0).count();
        if theirs == 0 {
            said.missed += u32::try_from(finding.marks.len()).unwrap_or(u32::MAX);
        }
        said.wrong += u32::try_from(theirs).unwrap_or(u32::MAX);
        let class = |reader: usize, marks: &[Annotation]| {
            let found = finding.marks.iter().find(|(of, _)| *of == reader);
            found.map(|(_, place)| marks[*place].class.clone())
        };
        said.pairs.push((class(1, decision), class(0, read)));
    }
    Ok(Some(said))
}

#[cfg(test)]
mod tests {
    use countersign_model::{Agreement, AnnotationId, Author, FrameRef, Shape, UserId};

    use super::*;

    fn mark(number: u128, class: &str, x: f64) -> Annotation {
        Annotation {
            id: AnnotationId(Uuid::from_u128(number)),
            version: 1,
            class: class.into(),
            frame: Some(FrameRef { stream: 0, index: 0 }),
            shape: Shape::Box { x, y: 1.0, w: 8.0, h: 8.0 },
            attributes: Default::default(),
            author: Author::Human { user: UserId(Uuid::from_u128(1)) },
            score: None,
            arrangement: Default::default(),
            unclear: None,
        }
    }

    #[test]
    fn a_decision_says_of_a_read_what_is_wrong_in_it_and_what_it_lacks() {
        let decision = [mark(1, "a", 0.0), mark(2, "a", 20.0), mark(3, "b", 40.0)];
        let held = |read: &[Annotation]| {
            let said = said(read, &decision, &Agreement::default(), &[None]).unwrap().unwrap();
            (said.marks, said.wrong, said.missed)
        };
        assert_eq!(held(&decision), (3, 0, 0));
        assert_eq!(held(&decision[..2]), (2, 0, 1));
        assert_eq!(held(&[]), (0, 0, 3));
        // Another class at the same place, and a mark where there is nothing.
        assert_eq!(
            held(&[mark(1, "b", 0.0), decision[1].clone(), decision[2].clone(), mark(9, "a", 70.0)]),
            (4, 2, 0)
        );
        let said =
            said(&[mark(1, "b", 0.0), mark(9, "a", 70.0)], &decision[..1], &Agreement::default(), &[None]);
        let named = |class: &str| Some(class.to_owned());
        let mut pairs = said.unwrap().unwrap().pairs;
        pairs.sort();
        assert_eq!(pairs, [(None, named("a")), (named("a"), named("b"))]);
    }
}
