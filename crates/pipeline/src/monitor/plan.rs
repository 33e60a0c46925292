//! How rare false alarms are to be.

use countersign_model::ProjectId;
use countersign_quality::monitor::Detector;
use countersign_store::{Conn, Evidence, monitoring};

use super::{MonitorView, RUN_LENGTH_DEFAULT};
use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller};

/// Fewest and most checks to a false alarm that a project may set: below, nobody can work; above, nothing is found.
const RUN_LENGTHS: std::ops::RangeInclusive<f64> = 100.0..=1_000_000.0;

pub(super) async fn run_length(conn: &mut Conn, project: ProjectId) -> Result<f64> {
    let set = monitoring::plan(conn, project).await?;
    Ok(set.map_or(RUN_LENGTH_DEFAULT, |plan| plan.run_length))
}

impl Pipeline {
    /// Sets how many checks there are to a false alarm of one stream, on average. The evidence that was gathered under
    /// another number begins anew; what was counted stays.
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
                    let fresh = Detector::new(run_length)
                        .map_err(|error| PipelineError::Internal(error.to_string()))?;
                    let text = serde_json::to_string(&fresh)
                        .map_err(|error| PipelineError::Internal(error.to_string()))?;
                    let now = tx.now();
                    let plan =
                        monitoring::Plan { project_id: project, run_length, set_by: Some(by), set_at: now };
                    monitoring::set_plan(tx, plan).await?;
                    for stream in monitoring::streams(tx, project).await? {
                        let row = monitoring::Stream { detector: text.clone(), level: 0.0, ..stream };
                        monitoring::keep_stream(tx, row).await?;
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
