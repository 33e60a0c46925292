//! Whoever tries to act on what they acted on before is refused, and the log keeps that they tried.

use countersign_model::{ItemId, ProjectId, TaskId};
use countersign_store::{Evidence, items, tasks};
use countersign_workflow::refusals::SEPARATION_OF_DUTIES;

use crate::{Pipeline, PipelineError, Result, moving::parse_state, people::Caller};

/// What is written when somebody was refused for what they did before.
const REFUSED: &str = "separation.refused";

impl Pipeline {
    /// Passes the outcome of an act on a task on. Where it was refused because the caller acted at another stage of the
    /// item, that is in the log first; also where the refusal itself told them nothing.
    pub(crate) async fn keep_refused<T>(&self, caller: &Caller, id: TaskId, outcome: Result<T>) -> Result<T> {
        let Err(error) = outcome else { return outcome };
        let told = is_separation(&error);
        if !told && !matches!(error, PipelineError::NotFound) {
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
            && (told || parse_state(&item.workflow)?.acted_elsewhere(caller.user(), task.stage))
        {
            self.note_refused(caller, task.project_id, item.id).await?;
        }
        Err(error)
    }

    /// Passes a refusal on that names an item; into the log first, if it is one for what the caller did before.
    pub(crate) async fn keep_refusal(
        &self,
        caller: &Caller,
        project: ProjectId,
        item: ItemId,
        error: PipelineError,
    ) -> Result<PipelineError> {
        if is_separation(&error) {
            self.note_refused(caller, project, item).await?;
        }
        Ok(error)
    }

    async fn note_refused(&self, caller: &Caller, project: ProjectId, item: ItemId) -> Result<()> {
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let evidence = Evidence::new(REFUSED, "item", item.uuid()).project(project).item(item);
                    tx.record(evidence.outcome("refused").reason(SEPARATION_OF_DUTIES))?;
                    Ok(())
                })
            })
            .await
    }
}

fn is_separation(error: &PipelineError) -> bool {
    matches!(error, PipelineError::Refused(refusal) if refusal.code == SEPARATION_OF_DUTIES)
}
