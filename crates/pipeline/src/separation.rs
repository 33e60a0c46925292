//! Whoever tries to act on what they acted on before, or what they are not qualified for, is refused, and the log keeps
//! that they tried.

use countersign_model::{ItemId, ProjectId, TaskId};
use countersign_store::{Evidence, items, tasks};
use countersign_workflow::refusals::SEPARATION_OF_DUTIES;
use uuid::Uuid;

use crate::{
    Pipeline, PipelineError, Result,
    moving::parse_state,
    people::Caller,
    qualifications::{EXPIRED, MISSING},
};

/// What is kept of a refusal: the action in the log, and the code.
type Kept = (&'static str, &'static str);
/// Somebody was refused for what they did before.
const SEPARATED: Kept = ("separation.refused", SEPARATION_OF_DUTIES);
/// Somebody was refused for what they do not hold.
const UNQUALIFIED: [Kept; 2] = [("qualification.refused", MISSING), ("qualification.refused", EXPIRED)];

impl Pipeline {
    /// Passes the outcome of an act on a task on. Where it was refused because the caller acted at another stage of the
    /// item, that is in the log first; also where the refusal itself told them nothing: a task that is not theirs to take
    /// answers as an unknown one.
    pub(crate) async fn keep_refused<T>(&self, caller: &Caller, id: TaskId, outcome: Result<T>) -> Result<T> {
        let Err(error) = outcome else { return outcome };
        let told = kept(&error);
        if told.is_none() && !matches!(error, PipelineError::NotFound) {
            return Err(error);
        }
        let tried = {
            let mut conn = self.store.read().await?;
            match tasks::by_id(&mut conn, id).await? {
                Some(task) => items::by_id(&mut conn, task.item_id).await?.map(|item| (task, item)),
                None => None,
            }
        };
        if let Some((task, item)) = tried
            && (told.is_some() || parse_state(&item.workflow)?.acted_elsewhere(caller.user(), task.stage))
        {
            self.note_refused(caller, task.project_id, item.id, told.unwrap_or(SEPARATED)).await?;
        }
        Err(error)
    }

    /// Passes a refusal on that names an item; into the log first, if it is one for what the caller did before or lacks.
    pub(crate) async fn keep_refusal(
        &self,
        caller: &Caller,
        project: ProjectId,
        item: ItemId,
        error: PipelineError,
    ) -> Result<PipelineError> {
        if let Some(what) = kept(&error) {
            self.note_refused(caller, project, item, what).await?;
        }
        Ok(error)
    }

    /// Writes that somebody tried to decide about their own part.
    pub(crate) async fn note_partial(
        &self,
        caller: &Caller,
        kind: &'static str,
        id: Uuid,
        project: ProjectId,
    ) -> Result<()> {
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let evidence = Evidence::new(SEPARATED.0, kind, id).project(project);
                    tx.record(evidence.outcome("refused").reason(SEPARATION_OF_DUTIES))?;
                    Ok(())
                })
            })
            .await
    }

    async fn note_refused(
        &self,
        caller: &Caller,
        project: ProjectId,
        item: ItemId,
        what: Kept,
    ) -> Result<()> {
        caller.denial_is_kept();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let evidence = Evidence::new(what.0, "item", item.uuid()).project(project).item(item);
                    tx.record(evidence.outcome("refused").reason(what.1))?;
                    Ok(())
                })
            })
            .await
    }
}

fn kept(error: &PipelineError) -> Option<Kept> {
    let PipelineError::Refused(refusal) = error else { return None };
    [SEPARATED].into_iter().chain(UNQUALIFIED).find(|(_, code)| refusal.code == *code)
}
