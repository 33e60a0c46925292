//! Beginning a release: which items, with which read, under which hash. One write.

use std::collections::BTreeSet;

use countersign_model::{
    Audience, CertificationId, EventId, ItemId, ProjectId, ReleaseId, SignatureMeaning, UserId,
};
use countersign_store::{Actor, StoreError, Tx, certifications, items, projects, reads, releases, risks};
use countersign_workflow::Phase;

use super::{
    FORMAT, ITEMS_NAMED_MAX, Selection, Wanted, evidence,
    two::{contents_hash, own_work},
};
use crate::{
    Pipeline, PipelineError, Result, holds::wide::require_reached, people::Caller,
    protocols::signature::signer, signing::add_signed,
};

/// State of a release that waits for a second person.
pub(super) const PROPOSED: &str = "proposed";
/// State of a release that is being built.
pub(super) const BUILDING: &str = "building";

/// A release that begins.
pub(super) struct Begun {
    /// Who begins it; absent for the command line.
    pub user: Option<UserId>,
    /// The person who signs; absent for the command line and the demo.
    pub signer: Option<Caller>,
    /// Its id.
    pub id: ReleaseId,
    /// Its name.
    pub name: String,
    /// [`PROPOSED`] or [`BUILDING`].
    pub state: &'static str,
}

impl Pipeline {
    /// Writes the release and its items down, locked to their content hashes.
    pub(super) async fn begin_release(
        &self,
        actor: Actor,
        project: ProjectId,
        begun: Begun,
        wanted: Wanted,
    ) -> Result<(releases::Release, projects::Project)> {
        let (Begun { user, signer: by, id, name, state }, pipeline) = (begun, self.clone());
        self.reach_alarms(project).await?;
        self.store
            .write(actor, move |tx| {
                Box::pin(async move {
                    let project = projects::by_id(tx, project).await?.ok_or(PipelineError::NotFound)?;
                    require_reached(tx, project.id).await?;
                    let mut release = releases::Release {
                        id,
                        project_id: project.id,
                        name,
                        state: state.into(),
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
                        format: FORMAT,
                        carried_to: Some(project.protocol_version),
                    };
                    release.items = match wanted.certification {
                        Some(certification) => certified(tx, release.clone(), certification).await?,
                        None => insert(tx, release.clone(), wanted.items).await?,
                    };
                    releases::set_items(tx, id, release.items).await?;
                    let may = match (&by, user) {
                        (Some(caller), _) => pipeline.may_sign(tx, caller, &release).await?,
                        // The demo names somebody; whoever may use the machine itself is nobody's author.
                        (None, user) => !has_drawn(tx, id, user).await?,
                    };
                    if !may {
                        return Err(own_work());
                    }
                    if let Some(item) = releases::unsigned(tx, id).await? {
                        return Err(PipelineError::refused(
                            "signature_required",
                            format!("Item {item} has no signature over its accepted content."),
                        ));
                    }
                    if wanted.audience == Audience::Public {
                        check_waived(tx, id).await?;
                    }
                    let event = record_started(tx, &release, by.is_some()).await?;
                    if release.state == PROPOSED {
                        releases::set_proposal(tx, id, event).await?;
                    }
                    Ok((release, project))
                })
            })
            .await
    }
}

/// The evidence that a release began. Somebody's signature binds the list, and says what it means under which name: that
/// the list is approved where a second person follows, that it is released where none does.
async fn record_started(tx: &mut Tx, release: &releases::Release, is_signed: bool) -> Result<EventId> {
    let mut details = serde_json::json!({
        "name": release.name,
        "items": release.items,
        "audience": release.audience,
    });
    let started = evidence("release.started", release);
    if !is_signed {
        return Ok(tx.record(started.details(details))?);
    }
    let meaning = match release.state == PROPOSED {
        true => SignatureMeaning::Approved,
        false => SignatureMeaning::Released,
    };
    let (_, name) = signer(tx).await?;
    add_signed(&mut details, meaning, &name);
    let list = contents_hash(tx, release.id).await?;
    Ok(tx.record(started.content(list.0).details(details))?)
}

async fn has_drawn(tx: &mut Tx, id: ReleaseId, user: Option<UserId>) -> Result<bool> {
    match user {
        Some(user) => Ok(releases::drew_in(tx, id, user).await?),
        None => Ok(false),
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

/// What leaves for the public holds no risk that nobody waived.
async fn check_waived(tx: &mut Tx, id: ReleaseId) -> Result<()> {
    let Some((count, item)) = risks::unwaived(tx, id).await? else { return Ok(()) };
    Err(PipelineError::refused(
        "risk_not_waived",
        format!(
            "A risk stays in {count} of the items, {item} among them. A privacy officer has to waive it before they \
             leave for the public.",
        ),
    ))
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
    if releases::is_in_batch(tx, id).await? {
        return Err(PipelineError::refused(
            "in_batch",
            format!("Item {id} is in a batch that is not accepted; it cannot leave before that is."),
        ));
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
