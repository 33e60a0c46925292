//! What putting a document into force would do, counted before anybody signs: what goes on under the version that it began
//! with, what starts under the new one, and what nobody could do.

use std::collections::BTreeSet;

use countersign_model::{ProjectId, Protocol};
use countersign_store::{Conn, campaigns, flow, items};
use serde::Serialize;

use super::staffing;
use crate::Result;

/// Open tasks of a stage whose items finish under the version that they began with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StageImpact {
    /// Stage id, of the version in force.
    pub stage: String,
    /// Waits for somebody.
    pub waiting: u64,
    /// In somebody's hands.
    pub in_work: u64,
}

/// How far the work is that finishes under earlier versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkImpact {
    /// Open tasks in all.
    pub open_tasks: u64,
    /// By stage of the version in force; stages where nothing is open are left out.
    pub stages: Vec<StageImpact>,
    /// Open tasks at stages that the version in force does not have there: of items that began under an older one.
    pub elsewhere: u64,
}

/// Labels of a class that the document retires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetiredImpact {
    /// Class id.
    pub class: String,
    /// Accepted items that have labels of it; those stay as they are.
    pub items: u64,
    /// Those labels.
    pub annotations: u64,
}

/// What putting a document into force would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProtocolImpact {
    /// Items past the gate that are not accepted yet: they finish under the version that they began with.
    pub finishing: u64,
    /// Items before the gate: they start under the new version.
    pub starting: u64,
    /// Accepted and released items: they stay as they are.
    pub untouched: u64,
    /// How far the finishing work is; absent for an owner who may be called to read blind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<WorkImpact>,
    /// Stages that the document adds, by id.
    pub stages_added: Vec<String>,
    /// Stages that it leaves out; items that are there finish there.
    pub stages_removed: Vec<String>,
    /// Qualifications that it asks for and nobody on the project holds now, and whole expressions that no one person with the
    /// role of their stage satisfies.
    pub unheld: Vec<String>,
    /// Classes that it retires and that are in use.
    pub retired: Vec<RetiredImpact>,
}

/// Phases in which an item is on its way: it passed the gate, and is not settled.
const ON_THE_WAY: [&str; 6] = ["cleared", "queued", "leased", "reading", "comparing", "escalated"];
/// Phases in which an item is done with.
const SETTLED: [&str; 2] = ["accepted", "released"];

/// Counts what the document would do. `told`: the caller may know how far others are.
pub(super) async fn impact(
    conn: &mut Conn,
    project: ProjectId,
    current: &Protocol,
    next: &Protocol,
    staff: &staffing::Staff,
    told: bool,
) -> Result<ProtocolImpact> {
    let phases = items::count_by_state(conn, project).await?;
    let among = |wanted: &[&str]| -> u64 {
        phases.iter().filter(|(phase, _)| wanted.contains(&phase.as_str())).map(|(_, items)| items).sum()
    };
    let missing = |from: &Protocol, other: &Protocol| -> Vec<String> {
        let known: BTreeSet<&str> = other.stages.iter().map(|stage| stage.id.as_str()).collect();
        from.stages.iter().map(|stage| stage.id.clone()).filter(|id| !known.contains(id.as_str())).collect()
    };
    let used = campaigns::accepted_by_class(conn, project).await?;
    let retires = |class: &str| {
        let now = next.class(class).is_some_and(|one| one.retired);
        now && current.class(class).is_some_and(|one| !one.retired)
    };
    let retired = used.into_iter().filter(|count| retires(&count.class));
    let retired = retired.map(|count| RetiredImpact {
        class: count.class,
        items: count.items,
        annotations: count.annotations,
    });
    let work = if told { Some(work(conn, project, current).await?) } else { None };
    Ok(ProtocolImpact {
        finishing: among(&ON_THE_WAY),
        starting: among(&["quarantined"]),
        untouched: among(&SETTLED),
        work,
        stages_added: missing(next, current),
        stages_removed: missing(current, next),
        unheld: staffing::unheld_names(next, staff),
        retired: retired.collect(),
    })
}

async fn work(conn: &mut Conn, project: ProjectId, current: &Protocol) -> Result<WorkImpact> {
    let mut counts = flow::counts(conn, project).await?;
    counts.retain(|count| matches!(count.state.as_str(), "ready" | "leased"));
    let open_tasks = counts.iter().map(|count| count.tasks).sum();
    let mut stages = Vec::new();
    let mut known = 0;
    for (index, stage) in (0_u32..).zip(&current.stages) {
        let here = |state: &str| -> u64 {
            let here = |count: &&flow::FlowCount| {
                count.stage == index && count.kind == stage.kind && count.state == state
            };
            counts.iter().filter(here).map(|count| count.tasks).sum()
        };
        let (waiting, in_work) = (here("ready"), here("leased"));
        known += waiting + in_work;
        if waiting + in_work > 0 {
            stages.push(StageImpact { stage: stage.id.clone(), waiting, in_work });
        }
    }
    Ok(WorkImpact { open_tasks, stages, elsewhere: open_tasks - known })
}
