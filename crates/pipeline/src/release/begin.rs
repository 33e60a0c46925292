//! Beginning a release: which items, with which read, under which hash. One write.

use std::collections::BTreeSet;

use countersign_model::{Audience, CertificationId, ItemId, ProjectId, ReleaseId, UserId};
use countersign_store::{Actor, StoreError, Tx, certifications, items, projects, reads, releases, risks};
use countersign_workflow::Phase;

use super::{ITEMS_NAMED_MAX, Selection, Wanted, evidence};
use crate::{Pipeline, PipelineError, Result};

impl Pipeline {
    /// Writes the release and its items down, locked to their content hashes.
    pub(super) async fn begin_release(
        &self,
        actor: Actor,
        user: Option<UserId>,
        project: ProjectId,
        id: ReleaseId,
        name: String,
        wanted: Wanted,
    ) -> Result<(releases::Release, projects::Project)> {
        self.store
            .write(actor, move |tx| {
                Box::pin(async move {
                    let project = projects::by_id(tx, project).await?.ok_or(PipelineError::NotFound)?;
                    let mut release = releases::Release {
                        id,
                        project_id: project.id,
                        name,
                        state: "building".into(),
                        root: None,
                        manifest_hash: None,
                        items: 0,
                        annotations: 0,
                        address: None,
                        bytes: None,
                        certificate: None,
                        created_by: user,
                        created_at: tx.now(),
                        event_id: None,
                        audience: wanted.audience.as_str().into(),
                        countersigned_by: None,
                        countersigned_at: None,
                        certification_id: wanted.certification,
                    };
                    release.items = match wanted.certification {
                        Some(certification) => certified(tx, release.clone(), certification).await?,
                        None => insert(tx, release.clone(), wanted.items).await?,
                    };
                    releases::set_items(tx, id, release.items).await?;
                    if let Some(item) = releases::unsigned(tx, id).await? {
                        return Err(PipelineError::refused(
                            "signature_required",
                            format!("Item {item} has no signature over its accepted content."),
                        ));
                    }
                    if wanted.audience == Audience::Public
                        && let Some((count, item)) = risks::unwaived(tx, id).await?
                    {
                        return Err(PipelineError::refused(
                            "risk_not_waived",
                            format!(
                                "A risk stays in {count} of the items, {item} among them. A privacy officer has to \
                                 waive it before they leave for the public.",
                            ),
                        ));
                    }
                    let details = serde_json::json!({
                        "name": release.name,
                        "items": release.items,
                        "audience": release.audience,
                    });
                    tx.record(evidence("release.started", &release).details(details))?;
                    Ok((release, project))
                })
            })
            .await
    }
}

/// The items of a finished audit. What was found wrong and is held or worked on again stays out; anything else has to be
/// as it was frozen, or the bound would be about something else.
async fn certified(tx: &mut Tx, release: releases::Release, certification: CertificationId) -> Result<u64> {
    let found = certifications::by_id(tx, certification).await?;
    let found = found.filter(|row| row.project_id == release.project_id).ok_or(PipelineError::NotFound)?;
    if found.state != "closed" || found.proofs.is_none() {
        return Err(PipelineError::refused("certification_open", "This audit is not certified (yet)."));
    }
    let id = release.id;
    releases::insert(tx, release, Vec::new()).await.map_err(taken)?;
    let count = certifications::release(tx, certification, id).await?;
    match certifications::spoilt(tx, certification, id).await? {
        _ if count == 0 => Err(nothing()),
        Some(item) => Err(PipelineError::refused(
            "certification_void",
            format!("Item {item} is not as it was certified any more; have the set audited anew."),
        )),
        None => Ok(count),
    }
}

fn taken(error: StoreError) -> PipelineError {
    match error {
        StoreError::Conflict { .. } => {
            PipelineError::refused("name_taken", "The project has a release of this name.")
        }
        other => other.into(),
    }
}

fn nothing() -> PipelineError {
    PipelineError::refused("nothing_accepted", "No accepted item is free to leave.")
}

async fn insert(tx: &mut Tx, release: releases::Release, selection: Selection) -> Result<u64> {
    let (id, project) = (release.id, release.project_id);
    match selection {
        Selection::AllAccepted => {
            releases::insert(tx, release, Vec::new()).await.map_err(taken)?;
            match releases::insert_accepted(tx, id, project).await? {
                0 => Err(nothing()),
                count => Ok(count),
            }
        }
        Selection::Items(named) if named.len() > ITEMS_NAMED_MAX => {
            Err(PipelineError::bad("too_many_items", "items", format!("at most {ITEMS_NAMED_MAX} by name")))
        }
        Selection::Items(named) => {
            let mut lines = Vec::new();
            for item in named.into_iter().collect::<BTreeSet<_>>() {
                lines.push(named_item(tx, id, project, item).await?);
            }
            if lines.is_empty() {
                return Err(nothing());
            }
            let count = lines.len() as u64;
            releases::insert(tx, release, lines).await.map_err(taken)?;
            Ok(count)
        }
    }
}

/// One item that was asked for by name. An item of another project looks like one that is not accepted.
async fn named_item(
    tx: &mut Tx,
    release: ReleaseId,
    project: ProjectId,
    id: ItemId,
) -> Result<releases::ReleaseItem> {
    let refuse = || {
        PipelineError::refused(
            "item_not_accepted",
            format!("Item {id} has not passed every stage of this project."),
        )
    };
    let item = items::by_id(tx, id).await?.filter(|item| item.project_id == project).ok_or_else(refuse)?;
    if !matches!(item.state.parse(), Ok(Phase::Accepted | Phase::Released)) {
        return Err(refuse());
    }
    if item.held {
        return Err(held(id));
    }
    let read = reads::by_id(tx, item.accepted_read_id.ok_or_else(refuse)?).await?.ok_or_else(refuse)?;
    let content_hash = read.content_hash.ok_or_else(refuse)?;
    Ok(releases::ReleaseItem { release_id: release, item_id: id, read_id: read.id, content_hash })
}

pub(super) fn held(item: ItemId) -> PipelineError {
    PipelineError::refused(
        "held",
        format!("Item {item} is under a hold; it cannot leave before that is lifted."),
    )
}
