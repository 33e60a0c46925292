//! Going through the accepted items of a project for labels that something speaks against; and how doubtful labels are that
//! wait for review.

use std::{cmp::Reverse, collections::BinaryHeap};

use countersign_model::{
    Agreement, Annotation, Author, Instant, ItemId, LabelSearchId, Protocol, ReadId, StageKind, TaskId,
};
use countersign_store::{
    Actor, Conn, Evidence, Tx, items, jobs,
    label_errors::{self, Progress},
    tasks,
};
use countersign_workflow::ItemState;
use serde::{Deserialize, Serialize};

use super::{
    doubt::{Found, Kind, doubts},
    tags::{self, Bar, Choices, Model, Unit, doubtful, suspects, units},
};
use crate::{
    Pipeline, PipelineError, Result, blocking,
    certification::parsed,
    moving::{Moving, parse_state},
    save::current_annotations,
};

/// Kind of the job that searches a project.
pub(crate) const JOB_SEARCH: &str = "label_search";
/// Kind of the job that says how doubtful the labels are that wait for a review.
pub(crate) const JOB_RANK: &str = "rank_review";
/// Doubts of one kind that a search keeps: the weightiest.
const KEPT_MAX: usize = 2_000;
/// Items that are looked at before progress is told.
const ITEMS_PER_PAGE: u32 = 200;
/// Doubts that are kept in one write.
const DOUBTS_PER_WRITE: usize = 500;

/// What a search is about.
#[derive(Serialize, Deserialize)]
struct Search {
    search: LabelSearchId,
}

/// What a ranking is about.
#[derive(Serialize, Deserialize)]
struct Ranked {
    task: TaskId,
}

/// Asks for a search, in the write that begins it.
pub(super) async fn ask(tx: &mut Tx, search: &label_errors::LabelSearch) -> Result<()> {
    let what = serde_json::json!(Search { search: search.id });
    let job = jobs::Job::ready(tx, JOB_SEARCH, Some(search.project_id), None, &what);
    Ok(jobs::insert_all(tx, vec![job]).await?)
}

/// Has the labels that a review is about held against the item's draft, in the write that opens its task.
pub(crate) async fn ask_rank(tx: &mut Tx, moving: &Moving, task: TaskId) -> Result<()> {
    if moving.state.draft().is_none() {
        return Ok(());
    }
    let what = serde_json::json!(Ranked { task });
    let job = jobs::Job::ready(tx, JOB_RANK, Some(moving.item.project_id), Some(moving.item.id), &what);
    Ok(jobs::insert_all(tx, vec![job]).await?)
}

/// A doubt about an item, ordered by what speaks for it; of equal ones the first found is the weightier.
struct Weighed {
    found: Found,
    item: ItemId,
    read: ReadId,
    number: u64,
}

impl Ord for Weighed {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.found.weight.total_cmp(&other.found.weight).then(other.number.cmp(&self.number))
    }
}

impl PartialOrd for Weighed {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Weighed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Weighed {}

/// The weightiest doubts of each kind.
#[derive(Default)]
struct Kept {
    by_kind: [BinaryHeap<Reverse<Weighed>>; Kind::ALL.len()],
    number: u64,
}

impl Kept {
    fn add(&mut self, item: ItemId, read: ReadId, found: Found) {
        self.number += 1;
        let heap = &mut self.by_kind[found.kind as usize];
        heap.push(Reverse(Weighed { found, item, read, number: self.number }));
        if heap.len() > KEPT_MAX {
            heap.pop();
        }
    }

    /// All of them, by kind, the weightiest first.
    fn into_rows(self, tx: &Pipeline, search: &label_errors::LabelSearch) -> Vec<label_errors::Doubt> {
        let mut rows = Vec::new();
        for heap in self.by_kind {
            // Ascending by what is reversed: the weightiest comes first.
            for (rank, Reverse(one)) in (1..).zip(heap.into_sorted_vec()) {
                rows.push(row(tx, search, rank, one));
            }
        }
        rows
    }
}

fn row(
    pipeline: &Pipeline,
    search: &label_errors::LabelSearch,
    rank: u64,
    one: Weighed,
) -> label_errors::Doubt {
    let found = one.found;
    let Found { kind, weight, source, subject, annotation, class, predicted_class, frame, place, .. } = found;
    label_errors::Doubt {
        id: countersign_model::DoubtId(pipeline.store.ids().fresh()),
        search_id: search.id,
        project_id: search.project_id,
        item_id: one.item,
        read_id: one.read,
        kind: kind.as_str().into(),
        rank,
        weight,
        source: source.into(),
        subject,
        annotation_id: annotation,
        class,
        predicted_class,
        stream: frame.map(|frame| frame.stream),
        frame: frame.map(|frame| frame.index),
        x: place.map(|place| place[0]),
        y: place.map(|place| place[1]),
        state: super::OPEN.into(),
        decided_by: None,
        decided_at: None::<Instant>,
        comment: None,
        choices: kept_choices(&found.choices),
        predicted_choices: kept_choices(&found.predicted_choices),
    }
}

/// Choices as they are kept; absent where there are none.
fn kept_choices(choices: &Choices) -> Option<String> {
    if choices.is_empty() { None } else { serde_json::to_string(choices).ok() }
}

/// What an item is looked at with.
struct Looked {
    labels: Vec<Annotation>,
    draft: Vec<Annotation>,
    rule: Agreement,
    /// Whose draft it is; absent where there is none that counts.
    model: Option<Model>,
    /// Frames of the item.
    frames: usize,
}

impl Looked {
    /// The tags, where there is a draft to hold them against.
    fn tags(&self, item: ItemId, read: ReadId) -> Vec<Unit> {
        let of = |model| units((item, read), (&self.labels, &self.draft), model, self.frames);
        self.model.as_ref().map(of).unwrap_or_default()
    }
}

impl Pipeline {
    /// Searches a project: the body of a `label_search` job. Interrupted, it begins anew.
    ///
    /// # Errors
    /// When the store fails; the job is tried again.
    pub(crate) async fn run_label_search(&self, job: jobs::Job, worker: String) -> Result<()> {
        let Search { search: id } = parsed("jobs.payload", &job.payload)?;
        let found = label_errors::search(&mut *self.store.read().await?, id).await?;
        let search = found.ok_or(PipelineError::NotFound)?;
        let (mut after, mut at, mut kept) = (ItemId(uuid::Uuid::nil()), Progress::default(), Kept::default());
        let mut tags = Vec::new();
        loop {
            let mut conn = self.store.read().await?;
            let page = label_errors::candidates(&mut conn, search.project_id, after, ITEMS_PER_PAGE).await?;
            drop(conn);
            let Some((last, _)) = page.last() else { break };
            after = *last;
            for (item, read) in page {
                tags.extend(self.doubt_item(item, read, &mut at, &mut kept).await?);
            }
            self.keep_lease(&job, &worker).await?;
            self.tell(&search, at).await?;
        }
        let bars = self.doubt_tags(tags, &mut at, &mut kept).await?;
        self.tell(&search, at).await?;
        let rows = kept.into_rows(self, &search);
        self.keep_doubts(&search, (rows, bars), job, worker).await
    }

    /// Holds the tags of all items together against what their models are sure of; how sure those usually are.
    async fn doubt_tags(&self, tags: Vec<Unit>, at: &mut Progress, kept: &mut Kept) -> Result<Vec<Bar>> {
        let (found, bars) = blocking(move || suspects(&tags)).await??;
        let mut conn = self.store.read().await?;
        for (item, read, one) in found {
            if !label_errors::known_right(&mut conn, item).await?.contains(&one.subject) {
                at.found += 1;
                kept.add(item, read, one);
            }
        }
        Ok(bars)
    }

    /// Looks at one item; its tags, which are looked at together with those of the others.
    async fn doubt_item(
        &self,
        item: ItemId,
        read: ReadId,
        at: &mut Progress,
        kept: &mut Kept,
    ) -> Result<Vec<Unit>> {
        at.looked += 1;
        let (looked, right) = {
            let mut conn = self.store.read().await?;
            // Erased or recalled since the page was read: nothing to look at.
            let Some(row) = items::by_id(&mut conn, item).await? else { return Ok(Vec::new()) };
            if row.accepted_read_id != Some(read) {
                return Ok(Vec::new());
            }
            let state = parse_state(&row.workflow)?;
            let protocol = self.protocol_of(&mut conn, &row, &state).await?;
            let looked = self.looked(&mut conn, &row, &state, &protocol, read).await?;
            (looked, label_errors::known_right(&mut conn, item).await?)
        };
        if !looked.draft.is_empty() {
            at.compared += 1;
        }
        let tags = looked.tags(item, read);
        // What cannot be held against anything is looked at, and stops no search over the others.
        let found = blocking(move || doubts(&looked.labels, &looked.draft, &looked.rule)).await?;
        let (found, _) = found.unwrap_or_default();
        for one in found.into_iter().filter(|one| !right.contains(&one.subject)) {
            at.found += 1;
            kept.add(item, read, one);
        }
        Ok(tags)
    }

    /// Labels with what they are held against: the draft of a model that is not stopped.
    async fn looked(
        &self,
        conn: &mut Conn,
        item: &items::Item,
        state: &ItemState,
        protocol: &Protocol,
        read: ReadId,
    ) -> Result<Looked> {
        let compares = protocol.stages.iter().find(|stage| stage.kind == StageKind::Compare);
        let rule = compares.map(|stage| stage.agreement.clone()).unwrap_or_default();
        let labels = current_annotations(conn, read).await?;
        let frames = item.streams.0.iter().map(|stream| stream.frames.len()).sum();
        let (draft, model) = match state.draft() {
            Some(draft) => match &draft.author {
                Author::Model { name, version } if !Self::is_stopped(conn, item.project_id, name).await? => {
                    let model = (name.clone(), version.clone());
                    (current_annotations(conn, draft.id).await?, Some(model))
                }
                _ => (vec![], None),
            },
            None => (vec![], None),
        };
        Ok(Looked { labels, draft, rule, model, frames })
    }

    async fn tell(&self, search: &label_errors::LabelSearch, at: Progress) -> Result<()> {
        let (id, project) = (search.id, search.project_id);
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    label_errors::advance(tx, id, at).await?;
                    tx.record(
                        Evidence::new("label_search.looked", "label_search", id.uuid()).project(project),
                    )?;
                    Ok(())
                })
            })
            .await
    }

    async fn keep_doubts(
        &self,
        search: &label_errors::LabelSearch,
        (rows, bars): (Vec<label_errors::Doubt>, Vec<Bar>),
        job: jobs::Job,
        worker: String,
    ) -> Result<()> {
        let (id, project, job) = (search.id, search.project_id, job.id);
        let bars = tags::kept(&bars)?;
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    label_errors::clear(tx, id).await?;
                    let count = rows.len();
                    let mut rows = rows.into_iter().peekable();
                    while rows.peek().is_some() {
                        label_errors::keep(tx, rows.by_ref().take(DOUBTS_PER_WRITE).collect()).await?;
                    }
                    label_errors::forget_stale(tx, id).await?;
                    label_errors::end(tx, id, bars).await?;
                    if !jobs::finish(tx, job, &worker).await? {
                        return Err(PipelineError::refused("job_lost", "Another worker took over."));
                    }
                    let evidence = Evidence::new("label_search.done", "label_search", id.uuid());
                    tx.record(evidence.project(project).details(serde_json::json!({ "doubts": count })))?;
                    Ok(())
                })
            })
            .await
    }

    /// Says how doubtful the labels are that wait for a review: the body of a `rank_review` job.
    ///
    /// # Errors
    /// When the store fails; the job is tried again.
    pub(crate) async fn run_rank(&self, job: jobs::Job, worker: String) -> Result<()> {
        let Ranked { task } = parsed("jobs.payload", &job.payload)?;
        let looked = {
            let mut conn = self.store.read().await?;
            match tasks::by_id(&mut conn, task).await?.filter(|task| task.state == "ready") {
                Some(task) => {
                    let item = items::by_id(&mut conn, task.item_id).await?.ok_or(PipelineError::NotFound)?;
                    let state = parse_state(&item.workflow)?;
                    let protocol = self.protocol_of(&mut conn, &item, &state).await?;
                    let search = label_errors::newest(&mut conn, item.project_id, "done").await?;
                    let bars = tags::known(search.and_then(|search| search.bars).as_deref())?;
                    match state.current {
                        Some(read) => {
                            let looked = self.looked(&mut conn, &item, &state, &protocol, read).await?;
                            Some((looked.tags(item.id, read), bars, looked))
                        }
                        None => None,
                    }
                }
                None => None,
            }
        };
        let Some((tags, bars, looked)) = looked.filter(|(_, _, looked)| !looked.draft.is_empty()) else {
            return self.finish_job(job, worker).await;
        };
        let doubt = blocking(move || {
            // What cannot be held against anything says nothing of where marks lie; its tags may still be doubtful.
            let placed =
                doubts(&looked.labels, &looked.draft, &looked.rule).map_or(0.0, |(_, placed)| placed);
            // Either may be wrong: what speaks against both is taken together.
            1.0 - (1.0 - placed) * (1.0 - doubtful(&tags, &bars))
        })
        .await?;
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    label_errors::rank_task(tx, task, doubt).await?;
                    tx.record(Evidence::new("review.ranked", "job", job.id.uuid()))?;
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
