//! A release by two people: one begins it, another one countersigns it, and neither is an author of what is in it.
//!
//! Beginning fixes which items go, with which read under which hash, and the event of it binds the list. Countersigning
//! works the list's hash out again: what was put into it or taken out of it meanwhile is noticed.

use countersign_ledger::{Entry, Hash};
use countersign_model::{ProjectId, ReleaseId, SignatureMeaning};
use countersign_store::{Conn, Evidence, Tx, events, projects, releases};
use countersign_workflow::refusals::SEPARATION_OF_DUTIES;
use sha2::{Digest, Sha256};

use super::{
    ReleaseView, Wanted,
    begin::{Begun, PROPOSED},
    evidence,
    workplace::Workplace,
};
use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    people::Caller,
    protocols::signature::signer,
    review::checked_comment,
    signing::{Components, signed_details},
};

/// Lines of a release that are hashed at once.
const LINES_PER_PAGE: u32 = 1_000;

impl Pipeline {
    /// Whether releases of a project take two people, by the protocol in force.
    pub(super) async fn releases_by_two(&self, project: ProjectId) -> Result<bool> {
        let mut conn = self.store.read().await?;
        Ok(self.protocol(&mut conn, project).await?.releases_by_two())
    }

    /// Begins a release that another person has to countersign.
    pub(super) async fn propose_release(
        &self,
        caller: &Caller,
        project: ProjectId,
        name: String,
        wanted: Wanted,
    ) -> Result<ReleaseView> {
        let id = ReleaseId(self.store.ids().fresh());
        let begun =
            Begun { user: Some(caller.user()), signer: Some(caller.clone()), id, name, state: PROPOSED };
        let made = self.begin_release(caller.actor(), project, begun, wanted).await;
        self.note_own_work(caller, project, &made).await?;
        made?;
        self.release_as(id).await
    }

    /// Keeps that an author tried to let their own work go, where that is why a release was refused.
    pub(super) async fn note_own_work<T: Sync>(
        &self,
        caller: &Caller,
        project: ProjectId,
        made: &Result<T>,
    ) -> Result<()> {
        match made {
            Err(PipelineError::Refused(refusal)) if refusal.code == SEPARATION_OF_DUTIES => {
                self.note_release_refused(caller, project).await
            }
            _ => Ok(()),
        }
    }

    async fn note_release_refused(&self, caller: &Caller, project: ProjectId) -> Result<()> {
        self.store
            .write::<_, PipelineError, _>(caller.actor(), move |tx| {
                Box::pin(async move {
                    let evidence = Evidence::new("separation.refused", "project", project.uuid());
                    tx.record(evidence.project(project).outcome("refused").reason(SEPARATION_OF_DUTIES))?;
                    Ok(())
                })
            })
            .await
    }

    /// The second signature: the release is built. Goes on when the caller stops waiting.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; what a signature takes (`two_components_required` and its like);
    /// `separation_of_duties` for who began it or is an author of something in it, whatever their roles;
    /// `not_proposed`; `content_changed`; then as for making a release.
    pub async fn countersign_release(
        &self,
        caller: &Caller,
        id: ReleaseId,
        components: Components,
    ) -> Result<ReleaseView> {
        let found = self.release_as(id).await?;
        self.require_on(caller, Action::Release, found.project)?;
        self.require_qualified_to_release(caller, found.project).await?;
        // Dropped last: until then, no sweep takes the release for abandoned.
        let place = Workplace::open(&self.store, id)?;
        let (release, project) = self.signed(caller, &components, self.release_signed(caller, id)).await?;
        let (pipeline, actor) = (self.clone(), caller.actor());
        let built =
            tokio::spawn(async move { pipeline.finish_building(actor, &release, &project, place).await });
        built.await.map_err(|error| PipelineError::Internal(error.to_string()))??;
        self.release_as(id).await
    }

    async fn release_signed(
        &self,
        caller: &Caller,
        id: ReleaseId,
    ) -> Result<(releases::Release, projects::Project)> {
        let (pipeline, me) = (self.clone(), caller.clone());
        let signed = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                let release = releases::by_id(tx, id).await?.ok_or(PipelineError::NotFound)?;
                if release.state != PROPOSED {
                    let message = "This release does not wait for a second person.";
                    return Err(PipelineError::refused("not_proposed", message));
                }
                if !pipeline.may_sign(tx, &me, &release).await? {
                    // Written all the same, so that the refusal is on record.
                    let refused = evidence("separation.refused", &release).outcome("refused");
                    tx.record(refused.reason(SEPARATION_OF_DUTIES))?;
                    return Ok(None);
                }
                let hash = contents_hash(tx, id).await?;
                if proposed_hash(tx, &release).await? != Some(hash) {
                    let message = "The list of this release is not the one that was begun. Withdraw it.";
                    return Err(PipelineError::refused("content_changed", message));
                }
                releases::countersign(tx, id, me.user()).await?;
                let (_, name) = signer(tx).await?;
                let details = signed_details(SignatureMeaning::Released, &name);
                tx.record(evidence("release.countersigned", &release).content(hash.0).details(details))?;
                let project = projects::by_id(tx, release.project_id).await?;
                Ok(releases::by_id(tx, id).await?.zip(project))
            })
        });
        signed.await?.ok_or_else(own_work)
    }

    /// Takes a release back that waits for a second person; its name is free again.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `reason_required`; `not_proposed`.
    pub async fn withdraw_release(&self, caller: &Caller, id: ReleaseId, why: String) -> Result<ReleaseView> {
        let found = self.release_as(id).await?;
        self.require_on(caller, Action::Release, found.project)?;
        let why = checked_comment(Some(why))?;
        let why = why.ok_or_else(|| PipelineError::bad("reason_required", "reason", "say why"))?;
        let withdrawn = self.store.write::<_, PipelineError, _>(caller.actor(), move |tx| {
            Box::pin(async move {
                let release = releases::by_id(tx, id).await?.ok_or(PipelineError::NotFound)?;
                if !releases::withdraw(tx, id).await? {
                    let message = "This release does not wait for a second person.";
                    return Err(PipelineError::refused("not_proposed", message));
                }
                let details = serde_json::json!({ "reason": why });
                tx.record(evidence("release.withdrawn", &release).details(details))?;
                Ok(())
            })
        });
        withdrawn.await?;
        self.release_as(id).await
    }

    /// The policies' answer to a signature of this person under this release.
    pub(super) async fn may_sign(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        release: &releases::Release,
    ) -> Result<bool> {
        let drew = releases::drew_in(conn, release.id, caller.user()).await?;
        let begun_by = release.created_by.filter(|_| release.event_id.is_some());
        let resource = Resource::Release {
            release: release.id,
            project: release.project_id,
            begun_by,
            authors: if drew { vec![caller.user()] } else { Vec::new() },
        };
        Ok(self.access.allows(&caller.principal, Action::SignRelease, &resource))
    }
}

/// SHA-256 over the lines `item read hash` of a release, by item id.
pub(super) async fn contents_hash(tx: &mut Tx, id: ReleaseId) -> Result<Hash> {
    let (mut hash, mut after) = (Sha256::new(), None);
    loop {
        let lines = releases::items_after(tx, id, after, LINES_PER_PAGE).await?;
        let Some(last) = lines.last().map(|line| line.item_id) else {
            return Ok(Hash(hash.finalize().into()));
        };
        after = Some(last);
        for line in lines {
            hash.update(format!("{} {} {}\n", line.item_id, line.read_id, line.content_hash));
        }
    }
}

/// What the event of beginning says that the list was.
async fn proposed_hash(conn: &mut Conn, release: &releases::Release) -> Result<Option<Hash>> {
    let Some(event) = release.event_id else { return Ok(None) };
    let Some(event) = events::by_id(conn, event).await? else { return Ok(None) };
    let entry = Entry::decode(&event.entry).ok().filter(|entry| entry.object_id == release.id.to_string());
    Ok(entry.and_then(|entry| entry.content_hash))
}

pub(super) fn own_work() -> PipelineError {
    let message = "Nobody lets their own work go: an author of what is in a release does not make, begin or countersign \
                   it, and who began one does not countersign it. This holds for every role.";
    PipelineError::refused(SEPARATION_OF_DUTIES, message)
}
