//! Some items are led ahead by the demo accounts, so that every role finds something to do.

use countersign_model::{ItemId, ProjectId};
use countersign_pipeline::{
    Pipeline, PipelineError,
    items::ItemQuery,
    people::Caller,
    review::Verdict,
    sign::Countersigning,
    signing::{ACKNOWLEDGEMENT_VERSION, Components},
    views::Work,
    work::Wish,
};
use countersign_workflow::{Missing, ReviewDecision, SignDecision};

use super::people::{PASSWORD, sign_in};
use crate::fault::Outcome;

/// Of the items of a project, so many are countersigned, so many reviewed, so many submitted; the rest waits.
const COUNTERSIGNED: usize = 3;
const REVIEWED: usize = 1;
const SUBMITTED: usize = 1;

/// Leads the first items of a project ahead: read by the first annotator, reviewed by `reviewer`, countersigned.
pub async fn ahead(pipeline: &Pipeline, project: ProjectId, reviewer: &str) -> Outcome<()> {
    let owner = sign_in(pipeline, "owner").await?;
    let annotator = sign_in(pipeline, "annotator").await?;
    let reviewer = sign_in(pipeline, reviewer).await?;
    let specialist = sign_in(pipeline, "specialist").await?;
    let items = pipeline.items(&owner, project, ItemQuery::default()).await?.items;
    for (index, item) in items.iter().take(COUNTERSIGNED + REVIEWED + SUBMITTED).enumerate() {
        read(pipeline, &annotator, project, item.id).await?;
        if index < COUNTERSIGNED + REVIEWED {
            review(pipeline, &reviewer, project, item.id).await?;
        }
        if index < COUNTERSIGNED {
            countersign(pipeline, &specialist, project, item.id).await?;
        }
    }
    for caller in [&owner, &annotator, &reviewer, &specialist] {
        pipeline.sign_out(caller).await?;
    }
    Ok(())
}

/// The task of an item, or `None` where an earlier, interrupted fill got further already. What such a fill had
/// claimed and not finished is taken up again.
async fn claim(
    pipeline: &Pipeline,
    caller: &Caller,
    project: ProjectId,
    item: ItemId,
) -> Outcome<Option<Work>> {
    if let Some(held) = pipeline.my_tasks(caller).await?.into_iter().find(|task| task.item == item) {
        return Ok(Some(pipeline.work(caller, held.id).await?));
    }
    match pipeline.claim(caller, project, Wish { item: Some(item), ..Wish::default() }).await {
        Ok(work) => Ok(Some(work)),
        Err(PipelineError::Refused(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn read(pipeline: &Pipeline, caller: &Caller, project: ProjectId, item: ItemId) -> Outcome<()> {
    let Some(work) = claim(pipeline, caller, project, item).await? else { return Ok(()) };
    let revision = work.read.map_or(0, |read| read.revision);
    pipeline.submit(caller, work.task.id, work.task.fence, revision, Vec::new()).await?;
    Ok(())
}

async fn review(pipeline: &Pipeline, caller: &Caller, project: ProjectId, item: ItemId) -> Outcome<()> {
    let Some(work) = claim(pipeline, caller, project, item).await? else { return Ok(()) };
    let revision = work.read.map_or(0, |read| read.revision);
    let verdict = Verdict {
        marks: vec![],
        all_right: true,
        decision: ReviewDecision::Accept,
        missing: Some(Missing::Nothing),
        reason: None,
        comment: None,
        return_to: None,
    };
    pipeline.review(caller, work.task.id, work.task.fence, revision, Vec::new(), verdict).await?;
    Ok(())
}

async fn countersign(pipeline: &Pipeline, caller: &Caller, project: ProjectId, item: ItemId) -> Outcome<()> {
    let Some(work) = claim(pipeline, caller, project, item).await? else { return Ok(()) };
    let Some(content_hash) = work.subject.and_then(|read| read.summary.content_hash) else { return Ok(()) };
    // People of a demo agree to what people agree to.
    pipeline.acknowledge_signing(caller, ACKNOWLEDGEMENT_VERSION).await?;
    let act = Countersigning {
        decision: SignDecision::Sign,
        content_hash,
        password: Components { login: Some(caller.login.clone()), password: PASSWORD.into() },
        reason: None,
        comment: None,
        return_to: None,
    };
    pipeline.countersign(caller, work.task.id, work.task.fence, act).await?;
    Ok(())
}
