//! What a listener learns of an event the moment it happens.
//!
//! Live events are where blinding leaks first: whoever may still be called to read or judge an item must not learn
//! that, when, or by whom another read of it was made. They hear of their own acts, of holds on what they work on,
//! and otherwise only that something moved in a project.

use std::sync::Arc;

use countersign_model::{AlarmId, AppealId, AssetId, FindingId, Instant, ItemId, ProjectId, ReadId, UserId};
use countersign_store::{Sequenced, events, gold, items, moves, projects};
use countersign_workflow::Phase;
use serde::Serialize;
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::{
    Pipeline, Result,
    access::{Action, Resource},
    people::Caller,
    refused::REFUSED,
};

/// Most events that a listener who comes back is told one by one; beyond it everything is asked for again.
pub const MISSED_MAX: usize = 1_000;

/// A draft was saved.
const SAVED: &str = "read.saved";
/// A version of the guideline took force.
const PUBLISHED: &str = "guideline.published";

/// An event with what is needed to judge who may hear of it.
#[derive(Clone, Debug)]
pub struct Heard {
    /// Index in the evidence log.
    pub log_index: u64,
    project: Option<ProjectId>,
    item: Option<ItemId>,
    actor: Option<UserId>,
    action: String,
    object_kind: String,
    object_id: Option<Uuid>,
    at: Instant,
}

/// What must be known of an act to judge who may know of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act<'a> {
    /// What was done.
    pub action: &'a str,
    /// To what kind of thing.
    pub object_kind: &'a str,
    /// On which item.
    pub item: Option<ItemId>,
    /// By whom.
    pub actor: Option<UserId>,
}

impl Heard {
    fn act(&self) -> Act<'_> {
        Act { action: &self.action, object_kind: &self.object_kind, item: self.item, actor: self.actor }
    }

    /// Whether somebody's rights may be other ones after it.
    pub fn changes_rights(&self) -> bool {
        self.action != REFUSED
            && matches!(self.object_kind.as_str(), "grant" | "user" | "session" | "token" | "project")
    }
}

impl From<Sequenced> for Heard {
    fn from(event: Sequenced) -> Self {
        Self {
            log_index: event.log_index,
            project: event.project_id,
            item: event.item_id,
            actor: event.actor_user,
            action: event.action,
            object_kind: event.object_kind,
            object_id: event.object_id,
            at: event.at,
        }
    }
}

/// Events from now on.
pub struct Listening(broadcast::Receiver<Arc<Sequenced>>);

impl Listening {
    /// The next event. Safe to give up on while waiting.
    ///
    /// # Errors
    /// [`broadcast::error::RecvError::Lagged`] when the listener was too slow and missed some.
    pub async fn next(&mut self) -> std::result::Result<Heard, broadcast::error::RecvError> {
        self.0.recv().await.map(|event| Heard::from((*event).clone()))
    }
}

/// An event as listeners get it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LiveEvent {
    /// Project.
    pub project: Option<ProjectId>,
    /// Item.
    pub item: Option<ItemId>,
    /// What was done; `queue.changed` and `resync` are no events of the log.
    pub action: String,
    /// To what kind of thing.
    pub object_kind: String,
    /// To which; absent for a read that the listener could not open.
    pub object_id: Option<Uuid>,
    /// When.
    pub at: Instant,
}

impl LiveEvent {
    /// Something moved in a project.
    pub fn hint(project: ProjectId, at: Instant) -> Self {
        Self { project: Some(project), ..Self::bare("queue.changed", "queue", at) }
    }

    /// Events were missed: ask for everything again.
    pub fn resync(at: Instant) -> Self {
        Self::bare("resync", "log", at)
    }

    fn bare(action: &str, object_kind: &str, at: Instant) -> Self {
        Self {
            project: None,
            item: None,
            action: action.into(),
            object_kind: object_kind.into(),
            object_id: None,
            at,
        }
    }
}

/// What one listener learns of one event.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// All of it.
    Whole {
        /// The event.
        event: LiveEvent,
        /// Its index in the log, for those who may know how much happens elsewhere.
        position: Option<u64>,
    },
    /// That something moved in this project, some time lately.
    Hint(ProjectId),
    /// Nothing.
    Nothing,
}

/// Who hears of an event on a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    /// Those with this right.
    With(Action),
    /// Those who keep the evidence; everybody else by the rules of blinding.
    Work,
    /// Nobody.
    Nobody,
}

fn audience(object_kind: &str) -> Audience {
    match object_kind {
        "project" | "draft_model" | "guideline" | "ontology" => Audience::With(Action::ViewProject),
        "grant" => Audience::With(Action::ManagePeople),
        "ingest" => Audience::With(Action::ViewIngests),
        "gate_entry" | "face_model" | "face_run" | "click_model" => Audience::With(Action::Gate),
        "audit" | "leak" => Audience::With(Action::ViewOversight),
        "privacy_request" => Audience::With(Action::ViewPrivacy),
        "release" => Audience::With(Action::ViewReleases),
        "certification" | "batch" | "campaign" | "appraisal" => Audience::With(Action::ViewQuality),
        "alarm" | "ticket" | "wide_hold" | "label_search" | "label_doubt" => {
            Audience::With(Action::ManageHolds)
        }
        "appeal" => Audience::With(Action::DecideAppeals),
        "item" | "task" | "read" | "review" | "signature" | "hold" | "asset" | "finding" => Audience::Work,
        _ => Audience::Nobody,
    }
}

/// Whether what waits for people can be different after it. Saving, renewing and looking are not: their rhythm would
/// show that somebody is at work.
fn moves_queue(action: &str) -> bool {
    let (kind, what) = action.split_once('.').unwrap_or((action, ""));
    match kind {
        "item" | "review" | "signature" | "hold" | "reads" | "adjudication" => true,
        "task" => what != "renewed",
        "read" => action != SAVED,
        _ => false,
    }
}

impl Pipeline {
    /// Listens from now on.
    pub fn listen(&self) -> Listening {
        Listening(self.store.subscribe())
    }

    /// The events after an index of the log, at most one more than [`MISSED_MAX`].
    ///
    /// # Errors
    /// When the store fails.
    pub async fn heard_since(&self, log_index: u64) -> Result<Vec<Heard>> {
        let limit = u32::try_from(MISSED_MAX + 1).unwrap_or(u32::MAX);
        let missed = events::after(&mut *self.store.read().await?, Some(log_index), limit).await?;
        Ok(missed.into_iter().filter_map(heard).collect())
    }

    /// Whether the caller may know indices of the log: the gaps between them tell how much others did.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn may_know_positions(&self, caller: &Caller) -> Result<bool> {
        if self.access.allows(&caller.principal, Action::ViewLog, &Resource::Installation) {
            // An owner who also reads somewhere is a reader.
            for (project, _) in &caller.principal.grants {
                if self.is_called_to_work(caller, *project).await? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        for (project, _) in &caller.principal.grants {
            if !self.hears_all(caller, *project).await? {
                return Ok(false);
            }
        }
        Ok(!caller.principal.grants.is_empty())
    }

    /// What the caller learns of an event.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn seen_live(&self, caller: &Caller, event: &Heard) -> Result<Seen> {
        if event.action == REFUSED {
            let told = match event.project {
                Some(project) => self.hears_all(caller, project).await?,
                None => false,
            };
            return if told { self.whole(caller, event).await } else { Ok(Seen::Nothing) };
        }
        let Some(project) = event.project else {
            let manages = self.access.allows(&caller.principal, Action::ManageUsers, &Resource::Installation);
            return if event.object_kind == "user" && manages {
                self.whole(caller, event).await
            } else {
                Ok(Seen::Nothing)
            };
        };
        // Whoever gets or loses a role hears of it, even where they may see nothing (any more).
        if let ("grant", Some(id)) = (event.object_kind.as_str(), event.object_id)
            && projects::grantee(&mut *self.store.read().await?, id).await? == Some(caller.user())
        {
            return self.whole(caller, event).await;
        }
        let on = Resource::Project(project);
        let may = |action| self.access.allows(&caller.principal, action, &on);
        if !may(Action::ViewProject) {
            return Ok(Seen::Nothing);
        }
        match (event.object_kind.as_str(), event.object_id) {
            // For the person alone whose work it is about.
            ("feedback", about) => {
                let own = match about {
                    Some(id) => {
                        self.is_about(caller, AlarmId(id)).await?
                            || self.is_own_appeal(caller, AppealId(id)).await?
                    }
                    None => false,
                };
                return if own { self.whole(caller, event).await } else { Ok(Seen::Nothing) };
            }
            // Whoever may read a finding hears of it at once; nobody else learns that something was said.
            ("finding", Some(id)) if self.sees_finding(caller, FindingId(id)).await? => {
                return self.whole(caller, event).await;
            }
            _ => {}
        }
        if self.is_told(caller, project, &event.act()).await? {
            return self.whole(caller, event).await;
        }
        // That somebody elsewhere works is nothing that a vendor learns.
        let hints = !caller.organization.is_vendor()
            && moves_queue(&event.action)
            && !self.is_behind_barrier(event).await?;
        Ok(if hints { Seen::Hint(project) } else { Seen::Nothing })
    }

    /// Whether it is an act of one of several independent readers before all of them are done. That something moved would
    /// tell the others that, and when, somebody reads beside them; and nothing that they could take has changed.
    async fn is_behind_barrier(&self, event: &Heard) -> Result<bool> {
        let Some(item) =
            event.item.filter(|_| matches!(event.object_kind.as_str(), "task" | "read" | "signature"))
        else {
            return Ok(false);
        };
        let phase = items::phase(&mut *self.store.read().await?, item).await?;
        Ok(phase.is_some_and(|phase| phase == Phase::Reading.as_str()))
    }

    /// Whether the caller may know of an act on a project, as it happens or when it is listed.
    pub(crate) async fn is_told(&self, caller: &Caller, project: ProjectId, act: &Act<'_>) -> Result<bool> {
        if act.action == REFUSED {
            // Whoever was refused must not learn from it that what they asked for is there.
            return self.hears_all(caller, project).await;
        }
        if act.object_kind == "guideline" && act.action != PUBLISHED {
            // Whoever acknowledges begins to read right after: that is not for those who read beside them.
            return Ok(self.hears_all(caller, project).await? || act.actor == Some(caller.user()));
        }
        match audience(act.object_kind) {
            Audience::With(action) => {
                Ok(self.access.allows(&caller.principal, action, &Resource::Project(project)))
            }
            Audience::Work => self.hears_work(caller, project, act).await,
            Audience::Nobody => Ok(false),
        }
    }

    async fn whole(&self, caller: &Caller, event: &Heard) -> Result<Seen> {
        let position = self.may_know_positions(caller).await?.then_some(event.log_index);
        let object_id = match event.object_id.filter(|_| event.object_kind == "read") {
            Some(read) => self.named_read(&mut *self.store.read().await?, caller, ReadId(read)).await?,
            None => self.named_asset(event).await?,
        };
        let event = LiveEvent {
            project: event.project,
            item: event.item,
            action: event.action.clone(),
            object_kind: event.object_kind.clone(),
            object_id,
            at: event.at,
        };
        Ok(Seen::Whole { event, position })
    }

    /// What an event is about; an asset by the name under which its item shows it.
    async fn named_asset(&self, event: &Heard) -> Result<Option<Uuid>> {
        let (Some(item), Some(id)) = (event.item, event.object_id.filter(|_| event.object_kind == "asset"))
        else {
            return Ok(event.object_id);
        };
        let shown = gold::shown_as(&mut *self.store.read().await?, item, AssetId(id)).await?;
        Ok(Some(shown.map_or(id, |shown| shown.uuid())))
    }

    async fn hears_work(&self, caller: &Caller, project: ProjectId, act: &Act<'_>) -> Result<bool> {
        if act.actor == Some(caller.user()) {
            return Ok(true);
        }
        // What somebody saves before they submit is theirs alone, and so is how often they do.
        if act.action != SAVED && self.hears_all(caller, project).await? {
            return Ok(true);
        }
        // A hold says nothing about anybody's read, and whoever works on the item must know of it.
        let Some(item) = act.item.filter(|_| act.object_kind == "hold") else { return Ok(false) };
        let now = self.store.clock().now();
        Ok(moves::participants(&mut *self.store.read().await?, item, now).await?.contains(&caller.user()))
    }

    /// Keeps the evidence of the project and can never be called to work in it.
    pub(crate) async fn hears_all(&self, caller: &Caller, project: ProjectId) -> Result<bool> {
        let keeps = self.access.allows(&caller.principal, Action::ViewEvidence, &Resource::Project(project));
        Ok(keeps && !self.is_called_to_work(caller, project).await?)
    }
}

fn heard(event: events::Event) -> Option<Heard> {
    Some(Heard {
        log_index: event.log_index?,
        project: event.project_id,
        item: event.item_id,
        actor: event.actor_user,
        action: event.action,
        object_kind: event.object_kind,
        object_id: event.object_id,
        at: event.at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rhythm_of_somebodys_work_moves_nothing() {
        for quiet in ["read.saved", "task.renewed", "asset.shown", "draft.shown", "session.started", "read"] {
            assert_eq!(moves_queue(quiet), quiet == "read", "{quiet}");
        }
        for loud in [
            "read.submitted",
            "reads.compared",
            "adjudication.overdue",
            "review.accept",
            "signature.approved",
            "item.accepted",
            "task.claimed",
        ] {
            assert!(moves_queue(loud), "{loud}");
        }
    }

    #[test]
    fn what_is_not_known_is_told_to_nobody() {
        assert_eq!(audience("job"), Audience::Nobody);
        assert_eq!(audience("something_new"), Audience::Nobody);
        assert_eq!(audience("read"), Audience::Work);
    }
}
