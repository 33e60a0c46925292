//! How work moves through the stages of the protocol in force: what is open, how long it waits, how long it takes.

use countersign_model::{ProjectId, Protocol, Stage, StageKind};
use countersign_store::flow;
use serde::Serialize;

use crate::{
    Pipeline, Result,
    access::Action,
    people::Caller,
    refused::{Denial, UNBLINDED},
};

/// Times are told of this many tasks of a stage, the ones that were finished last.
pub const TIMED_TASKS_MAX: u64 = 2_000;

/// Median and 95th percentile of a time, seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Spread {
    /// Half of the tasks took at most this long, seconds.
    pub p50: f64,
    /// 95 of 100 tasks took at most this long, seconds.
    pub p95: f64,
}

/// A stage and what is open at it now.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StageFlow {
    /// Stage id.
    pub stage: String,
    /// Waits for somebody.
    pub waiting: u64,
    /// In somebody's hands.
    pub in_work: u64,
    /// Done, ever.
    pub done: u64,
    /// How many finished tasks the times are of.
    pub timed: u64,
    /// From opening to the first claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<Spread>,
    /// From the first claim to the end, breaks included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<Spread>,
}

/// The flow of a project.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProtocolFlow {
    /// The version whose stages these are.
    pub version: u32,
    /// Its stages, in order.
    pub stages: Vec<StageFlow>,
    /// Open tasks of items that finish under an older version, at stages that this one does not have in that place.
    pub elsewhere: u64,
}

impl Pipeline {
    /// Whether the caller may learn how far others are, and whose work is looked at. Somebody who may be called to read
    /// blind, or have a blind read handed on to them, may not, whatever else they are.
    pub(super) fn may_see_flow(&self, caller: &Caller, project: ProjectId, protocol: &Protocol) -> bool {
        let roles = caller.roles(project);
        let called = |stage: &Stage| {
            [stage.role, stage.escalate_to].into_iter().flatten().any(|role| roles.contains(&role))
        };
        let blind = |stage: &Stage| stage.is_parallel() && called(stage);
        self.allows_on(caller, Action::ViewFlow, project) && !protocol.stages.iter().any(blind)
    }

    /// What is open at each stage, and how long tasks waited and took.
    ///
    /// Counts and times tell readers of each other's work, so only those see them who run or audit the project.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`](crate::PipelineError::NotFound) for everybody but owners, quality engineers and auditors who are no blind readers.
    pub async fn protocol_flow(&self, caller: &Caller, project: ProjectId) -> Result<ProtocolFlow> {
        self.require_on(caller, Action::ViewFlow, project)?;
        let mut conn = self.store.read().await?;
        let protocol = self.protocol(&mut conn, project).await?;
        if !self.may_see_flow(caller, project, &protocol) {
            return Err(caller.denied(Denial::on(UNBLINDED, "project", project.uuid(), project)));
        }
        let counts = flow::counts(&mut conn, project).await?;
        let mut stages = Vec::with_capacity(protocol.stages.len());
        for (index, stage) in (0_u32..).zip(&protocol.stages) {
            let here = |state: &str| -> u64 {
                let here = |count: &&flow::FlowCount| {
                    count.stage == index && count.kind == stage.kind && count.state == state
                };
                counts.iter().filter(here).map(|count| count.tasks).sum()
            };
            let times = flow::times(&mut conn, project, index, stage.kind, TIMED_TASKS_MAX).await?;
            stages.push(StageFlow {
                stage: stage.id.clone(),
                waiting: here("ready"),
                in_work: here("leased"),
                done: here("done"),
                timed: times.len() as u64,
                wait: spread(times.iter().map(|t| t.claimed_at.0 - t.created_at.0).collect()),
                work: spread(times.iter().map(|t| t.done_at.0 - t.claimed_at.0).collect()),
            });
        }
        let known = |stage: u32, kind: StageKind| {
            protocol.stages.get(stage as usize).is_some_and(|stage| stage.kind == kind)
        };
        let elsewhere = counts
            .iter()
            .filter(|count| count.state != "done" && !known(count.stage, count.kind))
            .map(|count| count.tasks)
            .sum();
        Ok(ProtocolFlow { version: protocol.version, stages, elsewhere })
    }
}

/// Nearest-rank percentiles of times in microseconds, as seconds; `None` of nothing.
fn spread(mut micros: Vec<i64>) -> Option<Spread> {
    micros.sort_unstable();
    let rank = |percent: usize| {
        let place = (micros.len() * percent).div_ceil(100).saturating_sub(1);
        // A clock that was set back makes no negative time.
        micros.get(place).map(|micros| (*micros).max(0) as f64 / 1e6)
    };
    Some(Spread { p50: rank(50)?, p95: rank(95)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        assert_eq!(spread(vec![]), None);
        assert_eq!(spread(vec![3_000_000]), Some(Spread { p50: 3.0, p95: 3.0 }));
        let hundred = (1..=100).rev().map(|second| second * 1_000_000).collect();
        assert_eq!(spread(hundred), Some(Spread { p50: 50.0, p95: 95.0 }));
        assert_eq!(spread(vec![-5, -5]), Some(Spread { p50: 0.0, p95: 0.0 }));
    }
}
