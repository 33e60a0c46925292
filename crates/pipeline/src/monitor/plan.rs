//! How rare false alarms are to be.

use countersign_model::ProjectId;
use countersign_quality::monitor::Detector;
use countersign_store::{Conn, Evidence, monitoring};

use super::{MonitorView, RUN_LENGTH_DEFAULT};
use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller};

/// Fewest and most checks to a false alarm that a project may set: below, nobody can work; above, nothing is found.
const RUN_LENGTHS: std::ops::RangeInclusive<f64> = 100.0..=1_000_000.0;

pub(crate) async fn run_length(conn: &mut Conn, project: ProjectId) -> Result<f64> {
    let set = monitoring::plan(conn, project).await?;
    Ok(set.map_or(RUN_LENGTH_DEFAULT, |plan| plan.run_length))
}

/// A detector that has seen nothing, as it is kept.
pub(super) fn fresh(run_length: f64) -> Result<String> {
    let internal = |error: &dyn std::fmt::Display| PipelineError::Internal(error.to_string());
    let detector = Detector::new(run_length).map_err(|error| internal(&error))?;
    serde_json::to_string(&detector).map_err(|error| internal(&error))
}

impl Pipeline {
    /// Sets how many checks there are to a false alarm of one stream, on average. The evidence that was gathered under
    /// another number begins anew; what was counted stays, and so does the evidence about whoever sets it: nobody wipes
    /// their own.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_plan`.
    pub async fn set_monitor(
        &self,
        caller: &Caller,
        project: ProjectId,
        run_length: f64,
    ) -> Result<MonitorView> {
        self.require_on(caller, Action::ManageHolds, project)?;
        if !RUN_LENGTHS.contains(&run_length) {
            let message = format!("{} to {} checks", RUN_LENGTHS.start(), RUN_LENGTHS.end());
            return Err(PipelineError::bad("bad_plan", "run_length", message));
        }
        let by = caller.user();
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let now = tx.now();
                    let plan =
                        monitoring::Plan { project_id: project, run_length, set_by: Some(by), set_at: now };
                    let before = self::run_length(tx, project).await?;
                    let is_new = before.to_bits() != run_length.to_bits();
                    // Set again to what it is, it began when it did.
                    if is_new || monitoring::plan(tx, project).await?.is_none() {
                        monitoring::set_plan(tx, plan).await?;
                    }
                    if is_new {
                        let text = fresh(run_length)?;
                        monitoring::restart_streams(tx, project, &text, by).await?;
                    }
                    let evidence = Evidence::new("monitor.set", "project", project.uuid()).project(project);
                    tx.record(evidence.details(serde_json::json!({ "run_length": run_length })))?;
                    Ok(())
                })
            })
            .await?;
        self.monitor(caller, project).await
    }
}
