//! Whose work batches are, and how much of it is inspected by what was decided before.

use std::collections::BTreeMap;

use countersign_model::{OrganizationId, ProjectId, UserId};
use countersign_quality::acceptance::{Inspected, Inspection, Plan, Switching};
use countersign_store::{Conn, batches, users};

use super::{BatchChoice, BatchTally, SupplierTally, SupplierView, submit::word};
use crate::{Result, certification::parsed};

/// Batches that are nobody's in particular.
const PROJECT: &str = "project";
const AUTHOR: &str = "author:";
const ORGANIZATION: &str = "organization:";

/// What batches of one supplier are known by.
pub(super) fn key(choice: &BatchChoice) -> String {
    match (choice.author, choice.organization) {
        (Some(user), _) => format!("{AUTHOR}{user}"),
        (None, Some(organization)) => format!("{ORGANIZATION}{organization}"),
        (None, None) => PROJECT.to_owned(),
    }
}

/// A supplier as people see them.
pub(super) async fn view(conn: &mut Conn, key: &str) -> Result<SupplierView> {
    let name = if let Some(id) = key.strip_prefix(AUTHOR).and_then(|id| id.parse::<UserId>().ok()) {
        users::by_id(conn, id).await?.map(|user| user.printed_name)
    } else if let Some(id) = key.strip_prefix(ORGANIZATION).and_then(|id| id.parse::<OrganizationId>().ok()) {
        users::organization(conn, id).await?.map(|organization| organization.name)
    } else {
        None
    };
    Ok(SupplierView { key: key.to_owned(), name })
}

/// How the next batch of each supplier is inspected: first submissions that were inspected as was due when they were
/// decided, in the order of their decisions, with what was resumed between them.
async fn standings(
    conn: &mut Conn,
    project: ProjectId,
    decided: &[batches::Decided],
) -> Result<BTreeMap<String, Switching>> {
    let mut resumed = batches::resumptions(conn, project).await?.into_iter().peekable();
    let mut found: BTreeMap<String, Switching> = BTreeMap::new();
    for batch in decided.iter().filter(|batch| !batch.rework) {
        while let Some(one) = resumed.next_if(|one| one.at <= batch.at) {
            found.entry(one.supplier).or_default().resume();
        }
        let standing = found.entry(batch.supplier.clone()).or_default();
        // Submitted before inspection changed: it says nothing of how the supplier does under this one.
        if word(standing.inspection()) != batch.inspection {
            continue;
        }
        let plan: Plan = parsed("batches.plan", &batch.plan)?;
        let (accept, strictly) = plan.strictness(batch.checked, batch.found);
        let inspected = Inspected { accepted: batch.accepted, accept, strictly };
        standing.take(inspected, batch.steady);
    }
    for one in resumed {
        found.entry(one.supplier).or_default().resume();
    }
    Ok(found)
}

/// How the next batch of a supplier is inspected.
pub(super) async fn inspection(conn: &mut Conn, project: ProjectId, key: &str) -> Result<Inspection> {
    let decided = batches::decided(conn, project).await?;
    let found = standings(conn, project, &decided).await?;
    Ok(found.get(key).map_or(Inspection::Normal, Switching::inspection))
}

/// How batches were decided, by supplier.
pub(super) async fn tallies(conn: &mut Conn, project: ProjectId) -> Result<Vec<SupplierTally>> {
    let decided = batches::decided(conn, project).await?;
    let standings = standings(conn, project, &decided).await?;
    let mut sums: BTreeMap<&str, [BatchTally; 2]> = BTreeMap::new();
    for batch in &decided {
        let sum = &mut sums.entry(&batch.supplier).or_default()[usize::from(batch.rework)];
        sum.decided += 1;
        sum.accepted += u64::from(batch.accepted);
        sum.units += batch.units;
        sum.checked += batch.checked;
        sum.found += batch.found;
    }
    let mut tallies = Vec::new();
    for (key, [first_pass, rework]) in sums {
        tallies.push(SupplierTally {
            supplier: view(conn, key).await?,
            inspection: standings.get(key).map_or(Inspection::Normal, Switching::inspection).into(),
            first_pass,
            rework,
        });
    }
    Ok(tallies)
}
