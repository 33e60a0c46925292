//! Audits of the same labels that were begun before: whoever audits again states so, and is held to what they left of the
//! allowed error. Otherwise the best of several audits could be shown as if it were the only one.

use std::collections::HashSet;

use countersign_model::{CertificationId, ItemId, ProjectId};
use countersign_quality::certify::{Bounds, EARLIER_MAX, Earlier, Seen};
use countersign_store::{Conn, Tx, batches, certifications};

use super::{Frozen, parsed};
use crate::{PipelineError, Result};

/// Labels read from the store at once.
const LABELS_PER_PAGE: u32 = 5_000;

/// The audits of a project that were begun of any of these labels, each as it ended.
///
/// # Errors
/// `audit_running` where one is not over, `audited_too_often`.
pub(super) async fn of(
    conn: &mut Conn,
    project: ProjectId,
    labels: impl Iterator<Item = &certifications::Candidate>,
) -> Result<Vec<Earlier>> {
    let labels: HashSet<(ItemId, &str)> =
        labels.map(|label| (label.item, label.content_hash.as_str())).collect();
    let mut found = Vec::new();
    for row in certifications::begun(conn, project).await? {
        if !shares(conn, row.id, &labels).await? {
            continue;
        }
        if row.state == "auditing" {
            return Err(running(&row.name));
        }
        found.push(earlier(conn, &row).await?);
    }
    if found.len() > EARLIER_MAX {
        return Err(PipelineError::refused(
            "audited_too_often",
            format!(
                "More than {EARLIER_MAX} audits of these labels were begun: no further one states anything."
            ),
        ));
    }
    Ok(found)
}

/// Refuses where an audit of any of the labels of a frozen set was begun that its plan does not know of. To be asked in the
/// write that freezes it, and in the one that draws its order.
///
/// # Errors
/// `audited_since`.
pub(super) async fn check(
    tx: &mut Tx,
    id: CertificationId,
    project: ProjectId,
    known: &[Earlier],
) -> Result<()> {
    // Of two that begin at once, the second has to know of the first.
    batches::lock_project(tx, project).await?;
    let covering = certifications::covering(tx, id).await?;
    let is_known = |id: &CertificationId| known.iter().any(|one| one.audit == id.to_string());
    if covering.iter().all(is_known) {
        return Ok(());
    }
    Err(PipelineError::refused(
        "audited_since",
        "Another audit of these labels was begun since: freeze the set anew, so that its plan counts it.",
    ))
}

fn running(name: &str) -> PipelineError {
    let message = format!(
        "The audit \u{201c}{name}\u{201d} covers some of these labels and is not over: end it first."
    );
    PipelineError::refused("audit_running", message)
}

async fn shares(conn: &mut Conn, id: CertificationId, labels: &HashSet<(ItemId, &str)>) -> Result<bool> {
    let mut after = None;
    loop {
        let page = certifications::labels_after(conn, id, after, LABELS_PER_PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(false) };
        after = Some(*last);
        if page.iter().any(|(item, hash)| labels.contains(&(*item, hash.as_str()))) {
            return Ok(true);
        }
    }
}

/// What an audit counted when it ended.
async fn earlier(conn: &mut Conn, row: &certifications::Certification) -> Result<Earlier> {
    let frozen: Frozen = parsed("certifications.frozen", &row.frozen)?;
    let bounds: Option<Bounds> =
        row.bounds.as_deref().map(|text| parsed("certifications.bounds", text)).transpose()?;
    let seen = |lot, bound: Option<(u64, u64)>| {
        let (checked, found) = bound.unwrap_or_default();
        Seen { lot, checked, found }
    };
    let overall = bounds.as_ref().map(|it| (it.overall.checked, it.overall.found));
    let of_class = |(place, lot): (usize, &u64)| {
        let bound = bounds.as_ref().and_then(|it| it.classes.get(place)?.bound);
        seen(*lot, bound.map(|bound| (bound.checked, bound.found)))
    };
    let units = seen(row.units, overall);
    Ok(Earlier {
        audit: row.id.to_string(),
        prior: frozen.plan.prior,
        unsettled: certifications::unsettled(conn, row.id, units.checked).await?,
        units,
        classes: row.class_lots.0.iter().enumerate().map(of_class).collect(),
        severity: frozen.plan.severity,
    })
}
