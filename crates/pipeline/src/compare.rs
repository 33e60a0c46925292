//! Comparing independent reads: the job that does it, and what people see of what came of it.

mod mark;

use countersign_model::{
    Agreement, Annotation, AnnotationId, Author, ComparisonId, Instant, ItemId, MergeRule, Protocol, ReadId,
    StageKind, Stream, as_counted,
};
use countersign_store::{Actor, Conn, comparisons, items, jobs, reads, tasks};
use countersign_workflow::{
    Event, ItemState, Merged, Phase, asks_another_reader,
    compare::{Comparison, Difference, compare, compare_relations, merged_ids_max, rule_name, settle},
    content_hash,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    blocking,
    guidelines::lowest_read,
    monitor::{Peer, peers, read_with_peers},
    moving::{Moving, hash_bytes, insert_made, parse_state},
    people::Caller,
    refused::{Denial, UNBLINDED},
    save::current_annotations,
    work::read_evidence,
};

pub(crate) use mark::nameless;
pub use mark::{Mark, Side};

/// Evidence that independent reads were compared.
const COMPARED: &str = "reads.compared";

/// A finding as it is kept: which annotation of which read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct KeptFinding {
    /// Place of the read among those compared, and the annotation in it.
    marks: Vec<(usize, AnnotationId)>,
    differences: Vec<Difference>,
    overlap: Option<f64>,
    /// It is no mark but the answer that something cannot be assessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cannot_assess: Option<Unassessed>,
}

/// Of what somebody says that it cannot be assessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unassessed {
    Item,
    Frame,
}

impl Unassessed {
    fn of(mark: &Annotation) -> Option<Self> {
        mark.is_answer().then_some(if mark.frame.is_none() { Self::Item } else { Self::Frame })
    }
}

/// Something that readers differ about.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DisputedFinding {
    /// In what they differ.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Difference>))]
    pub differences: Vec<Difference>,
    /// Least overlap of two of the marks, 0 to 1; absent where only one reader marked it.
    pub overlap: Option<f64>,
    /// The marks. Readers who are not among them saw nothing there.
    pub sides: Vec<Side>,
}

/// What somebody decides between: findings that readers differ about, without names.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Dispute {
    /// The comparison.
    pub comparison: ComparisonId,
    /// How many read.
    pub readers: u32,
    /// Findings that they agree on; merged, they are what the adjudicator's own read begins with.
    pub agreed: u32,
    /// Findings that they differ about.
    pub findings: Vec<DisputedFinding>,
    /// The decision was handed on to the caller's role.
    pub handed_on: bool,
    /// The caller may hand it on.
    pub may_hand_on: bool,
}

/// What came of comparing the reads of an item, for those who may see the reads.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComparisonView {
    /// The comparison.
    pub id: ComparisonId,
    /// The reads, in the order in which they were locked.
    pub reads: Vec<ReadId>,
    /// They differ about nothing.
    pub agreed: bool,
    /// How many findings they agree on.
    pub agreed_findings: u32,
    /// How many they differ about.
    pub disputed_findings: u32,
    /// Kinds of difference and how often.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<(Difference, u32)>))]
    pub differences: Vec<(Difference, u32)>,
    /// Rule by which what agrees was merged.
    pub rule: String,
    /// What was merged; absent where another reader was asked.
    pub merged: Option<ReadId>,
    /// When.
    pub at: Instant,
    /// What adjudicators did about it.
    pub adjudications: Vec<AdjudicationView>,
}

/// What an adjudicator did.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AdjudicationView {
    /// Who.
    pub user: countersign_model::UserId,
    /// `decide` or `escalate`.
    pub decision: String,
    /// Reason code.
    pub reason: String,
    /// In words.
    pub comment: Option<String>,
    /// When.
    pub at: Instant,
}

/// The reads of an item that wait to be compared.
struct Compared {
    ids: Vec<ReadId>,
    comparison: Comparison,
    kept: Vec<KeptFinding>,
    peers: Vec<Peer>,
    merged: Option<Vec<Annotation>>,
    rule: MergeRule,
}

impl Pipeline {
    /// Compares what was read independently: the body of a `compare` job.
    ///
    /// # Errors
    /// `too_many_objects` when a frame holds more marks than can be compared; when the store fails.
    pub(crate) async fn run_compare(&self, job: jobs::Job, worker: String) -> Result<()> {
        let id = job.item_id.ok_or_else(|| PipelineError::Internal("a compare job without item".into()))?;
        let (state, protocol, ids, marks, spacings) = {
            let mut conn = self.store.read().await?;
            let item = items::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
            let state = parse_state(&item.workflow)?;
            let protocol = self.protocol_of(&mut conn, &item, &state).await?;
            let read = protocol.stages.iter().position(|stage| stage.kind == StageKind::Read);
            let read = read.and_then(|index| u32::try_from(index).ok()).unwrap_or(0);
            let ids: Vec<ReadId> = state.locked_at(read).iter().map(|read| read.id).collect();
            let mut marks = Vec::with_capacity(ids.len());
            for read in &ids {
                // Of every frame, or of the item: the same answer.
                marks.push(as_counted(current_annotations(&mut conn, *read).await?, &item.streams.0));
            }
            let spacings: Vec<_> = item.streams.0.iter().map(Stream::spacing_mm).collect();
            (state, protocol, ids, marks, spacings)
        };
        if state.phase != Phase::Comparing {
            return self.finish_job(job, worker).await;
        }
        let stage = protocol.stages.iter().find(|stage| stage.kind == StageKind::Compare).cloned();
        let stage = stage.ok_or_else(|| PipelineError::Internal("a comparison without its stage".into()))?;
        let another = asks_another_reader(&protocol, &state);
        let rule = stage.merge.unwrap_or(MergeRule::One);
        let fresh: Vec<_> = (0..merged_ids_max(&marks)).map(|_| self.store.ids().fresh()).collect();
        let by = (protocol, stage.agreement, spacings);
        let compared = blocking(move || compared(ids, &marks, &by, rule, another, &fresh)).await??;
        self.keep_comparison(id, compared, job, worker).await
    }

    async fn keep_comparison(
        &self,
        item: ItemId,
        compared: Compared,
        job: jobs::Job,
        worker: String,
    ) -> Result<()> {
        let pipeline = self.clone();
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let mut moving = Moving::load(tx, &pipeline, item).await?;
                    let stage = moving.state.stage.unwrap_or(0);
                    let comparison = &compared.comparison;
                    let (agreed, disputed) = (comparison.is_agreed(), comparison.disputed().count());
                    let name = rule_name(compared.rule);
                    let merged = match &compared.merged {
                        Some(marks) => {
                            let read: ReadId = tx.fresh();
                            let author = Author::Rule { rule: name.clone() };
                            let rule_read = lowest_read(tx, moving.item.project_id, &compared.ids).await?;
                            let guideline = rule_read.as_deref();
                            insert_made(tx, &moving, (read, stage, &author), marks, guideline, None).await?;
                            let hash = content_hash(marks);
                            tx.record(
                                read_evidence("read.merged", &moving, read).content(hash_bytes(&hash)?),
                            )?;
                            Some(Merged { read, content_hash: hash, rule: name.clone() })
                        }
                        None => None,
                    };
                    let ids = compared.ids.clone();
                    let row = comparisons::Comparison {
                        id: tx.fresh(),
                        item_id: item,
                        project_id: moving.item.project_id,
                        stage,
                        reads: countersign_store::Json(compared.ids),
                        findings: serde_json::to_string(&compared.kept)
                            .map_err(|e| PipelineError::Internal(e.to_string()))?,
                        disputed: u32::try_from(disputed).unwrap_or(u32::MAX),
                        agreed,
                        rule: name,
                        merged_read_id: merged.as_ref().map(|merged| merged.read),
                        at: tx.now(),
                    };
                    comparisons::insert(tx, row).await?;
                    moving.take(tx, &Event::Compared { agreed, merged }).await?;
                    let evidence =
                        moving.evidence(COMPARED).reason(if agreed { "agreed" } else { "disputed" });
                    let found = comparison.findings.len();
                    let details = serde_json::json!({ "findings": found, "disputed": disputed });
                    tx.record(evidence.details(details))?;
                    crate::monitor::compared(tx, &mut moving, &ids).await?;
                    if agreed && compared.kept.iter().all(|kept| kept.cannot_assess.is_none()) {
                        read_with_peers(tx, &pipeline, &moving, &compared.peers).await?;
                    }
                    if disputed > 0 {
                        crate::tickets::ask(tx, moving.item.project_id).await?;
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

    /// What the holder of an adjudication task decides between.
    pub(crate) async fn dispute(
        &self,
        conn: &mut Conn,
        task: &tasks::Task,
        state: &ItemState,
    ) -> Result<Option<Dispute>> {
        let Some(row) = comparisons::of_item(conn, task.item_id).await?.pop() else { return Ok(None) };
        let kept = findings(&row)?;
        let order = shown_order(task, &row);
        let mut marks = Vec::with_capacity(row.reads.0.len());
        for read in &row.reads.0 {
            marks.push(current_annotations(conn, *read).await?);
        }
        let side = |(reader, id): &(usize, AnnotationId)| {
            let mark = marks.get(*reader)?.iter().find(|mark| mark.id == *id)?;
            let place = order.iter().position(|shown| shown == reader)?;
            Some(Side { reader: u32::try_from(place + 1).ok()?, mark: nameless(mark) })
        };
        let disputed: Vec<DisputedFinding> = kept
            .iter()
            .filter(|finding| !finding.differences.is_empty())
            .map(|finding| {
                let mut sides: Vec<Side> = finding.marks.iter().filter_map(side).collect();
                sides.sort_by_key(|side| side.reader);
                DisputedFinding { differences: finding.differences.clone(), overlap: finding.overlap, sides }
            })
            .collect();
        let agreed =
            kept.iter().filter(|finding| finding.differences.is_empty() && finding.cannot_assess.is_none());
        let open = state.task(task.id);
        let handed_on = open.is_some_and(|task| task.role.is_some());
        let item = items::by_id(conn, task.item_id).await?.ok_or(PipelineError::NotFound)?;
        let protocol = self.protocol_of(conn, &item, state).await?;
        let stage = protocol.stages.get(task.stage as usize);
        Ok(Some(Dispute {
            comparison: row.id,
            readers: u32::try_from(row.reads.0.len()).unwrap_or(u32::MAX),
            agreed: u32::try_from(agreed.count()).unwrap_or(u32::MAX),
            findings: disputed,
            handed_on,
            may_hand_on: !handed_on && stage.is_some_and(|stage| stage.escalate_to.is_some()),
        }))
    }

    /// Whether what came of comparing the reads of an item may be told to the caller.
    pub(crate) async fn comparisons_shown(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        id: ItemId,
    ) -> Result<bool> {
        let item = match self.visible_item(conn, caller, id, Action::ViewItem).await {
            Ok(item) => item,
            Err(PipelineError::NotFound) => return Ok(false),
            Err(error) => return Err(error),
        };
        let state = parse_state(&item.workflow)?;
        let protocol = self.protocol_of(conn, &item, &state).await?;
        let shown = self.reads_shown(caller, item.project_id, &protocol, &state).all();
        Ok(shown && !self.audits_blind(conn, caller, id).await?)
    }

    /// The comparisons of an item, for those from whom no read of it is kept.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`], also while the caller may still be called to work on the item, or is to audit it.
    pub async fn item_comparisons(&self, caller: &Caller, id: ItemId) -> Result<Vec<ComparisonView>> {
        let mut conn = self.store.read().await?;
        if !self.comparisons_shown(&mut conn, caller, id).await? {
            let item = self.visible_item(&mut conn, caller, id, Action::ViewItem).await?;
            return Err(caller.denied(Denial::on(UNBLINDED, "item", id.uuid(), item.project_id).item(id)));
        }
        let decided = comparisons::adjudications(&mut conn, id).await?;
        let rows = comparisons::of_item(&mut conn, id).await?;
        rows.into_iter().map(|row| comparison_view(row, &decided)).collect()
    }
}

/// Compares and merges; away from the threads that serve.
fn compared(
    ids: Vec<ReadId>,
    marks: &[Vec<Annotation>],
    (protocol, agreement, spacings): &(std::sync::Arc<Protocol>, Agreement, Vec<Option<[f64; 2]>>),
    rule: MergeRule,
    another: bool,
    fresh: &[uuid::Uuid],
) -> Result<Compared> {
    let views: Vec<&[Annotation]> = marks.iter().map(Vec::as_slice).collect();
    let refused = |error: &dyn std::error::Error| PipelineError::refused("not_comparable", error.to_string());
    let mut comparison = compare(&views, agreement, spacings).map_err(|error| refused(&error))?;
    compare_relations(&views, &mut comparison, protocol);
    let run_of_ids = || {
        let mut fresh = fresh.iter();
        move || fresh.next().copied().unwrap_or_default()
    };
    let marks_of_all = settle(&views, &mut comparison, rule, run_of_ids);
    let merged = (!another || comparison.is_agreed()).then_some(marks_of_all);
    let kept = comparison
        .findings
        .iter()
        .map(|finding| KeptFinding {
            marks: finding.marks.iter().map(|(reader, index)| (*reader, marks[*reader][*index].id)).collect(),
            differences: finding.differences.clone(),
            overlap: finding.overlap,
            cannot_assess: finding
                .marks
                .first()
                .and_then(|(reader, index)| Unassessed::of(&marks[*reader][*index])),
        })
        .collect();
    Ok(Compared { peers: peers(&comparison, marks, &ids), ids, comparison, kept, merged, rule })
}

/// Which readers marked each finding of a comparison, by their places among its reads.
pub(crate) fn markers(row: &comparisons::Comparison) -> Result<Vec<Vec<usize>>> {
    let of = |finding: FindingMarks| finding.marks.into_iter().map(|(reader, _)| reader).collect();
    Ok(marks_of_findings(row)?.into_iter().map(of).collect())
}

/// Whether one of the readers could not assess the item or a frame of it: what they did not mark, they did not deny.
pub(crate) fn somebody_could_not(row: &comparisons::Comparison) -> Result<bool> {
    Ok(findings(row)?.iter().any(|finding| finding.cannot_assess.is_some()))
}

/// The marks of one finding: place of the reader among those compared, and the annotation in their read.
pub(crate) struct FindingMarks {
    pub marks: Vec<(usize, AnnotationId)>,
    /// Readers differ about it.
    pub disputed: bool,
}

/// The findings of a comparison with the marks that readers made of them; answers that something cannot be assessed are none.
pub(crate) fn marks_of_findings(row: &comparisons::Comparison) -> Result<Vec<FindingMarks>> {
    let of = |finding: KeptFinding| FindingMarks {
        disputed: !finding.differences.is_empty(),
        marks: finding.marks,
    };
    Ok(findings(row)?.into_iter().filter(|finding| finding.cannot_assess.is_none()).map(of).collect())
}

fn findings(row: &comparisons::Comparison) -> Result<Vec<KeptFinding>> {
    serde_json::from_str(&row.findings)
        .map_err(|e| PipelineError::Internal(format!("comparisons.findings: {e}")))
}

/// In which order the readers are shown for a task: drawn from its id, so that it is the same each time it is opened and
/// tells nothing of who was first.
fn shown_order(task: &tasks::Task, row: &comparisons::Comparison) -> Vec<usize> {
    let rank = |place: &usize| {
        let mut hasher = Sha256::new();
        hasher.update(task.id.uuid().as_bytes());
        hasher.update(row.reads.0[*place].uuid().as_bytes());
        <[u8; 32]>::from(hasher.finalize())
    };
    let mut order: Vec<usize> = (0..row.reads.0.len()).collect();
    order.sort_by_key(rank);
    order
}

fn comparison_view(
    row: comparisons::Comparison,
    decided: &[comparisons::Adjudication],
) -> Result<ComparisonView> {
    let kept = findings(&row)?;
    let mut differences: std::collections::BTreeMap<Difference, u32> = std::collections::BTreeMap::new();
    for difference in kept.iter().flat_map(|finding| &finding.differences) {
        *differences.entry(*difference).or_default() += 1;
    }
    let all = u32::try_from(kept.len()).unwrap_or(u32::MAX);
    Ok(ComparisonView {
        id: row.id,
        agreed: row.agreed,
        agreed_findings: all - row.disputed.min(all),
        disputed_findings: row.disputed,
        differences: differences.into_iter().collect(),
        rule: row.rule,
        merged: row.merged_read_id,
        at: row.at,
        adjudications: decided
            .iter()
            .filter(|adjudication| adjudication.comparison_id == row.id)
            .map(|adjudication| AdjudicationView {
                user: adjudication.user_id,
                decision: adjudication.decision.clone(),
                reason: adjudication.reason.clone(),
                comment: adjudication.comment.clone(),
                at: adjudication.at,
            })
            .collect(),
        reads: row.reads.0,
    })
}

/// The comparison that an adjudication is about: the newest of the item.
pub(crate) async fn newest(conn: &mut Conn, item: ItemId) -> Result<comparisons::Comparison> {
    comparisons::of_item(conn, item)
        .await?
        .pop()
        .ok_or_else(|| PipelineError::Internal("a decision without a comparison".into()))
}

/// The individual reads of an item in the order in which they were locked, with how often they were compared.
pub(crate) async fn individual_reads(conn: &mut Conn, item: ItemId) -> Result<Vec<reads::Read>> {
    let mut rows: Vec<reads::Read> =
        reads::of_item(conn, item).await?.into_iter().filter(|read| read.submitted_at.is_some()).collect();
    rows.sort_by_key(|read| (read.submitted_at, read.id));
    Ok(rows)
}
