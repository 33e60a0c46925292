//! Evidence as people read it: events of an item or project, and who saw an image.

use std::collections::HashMap;

use countersign_model::{AssetId, EventId, Instant, ItemId, ProjectId, ReadId, UserId};
use countersign_store::{Conn, events, exposures, subjects, users};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    live::Act,
    moving::parse_state,
    people::Caller,
    refused::REFUSED,
    views::{Page, page_length},
};

/// An event as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventView {
    /// Event.
    pub id: EventId,
    /// Index in the evidence log; absent for the second until it is written there, and for those who do not see the
    /// whole of it.
    pub log_index: Option<u64>,
    /// When.
    pub at: Instant,
    /// `person`, `token`, `console`, `model` or `system`.
    pub actor_kind: String,
    /// Account.
    pub actor_user: Option<UserId>,
    /// Printed name of the account.
    pub actor: Option<String>,
    /// What was done.
    pub action: String,
    /// To what kind of thing.
    pub object_kind: String,
    /// To which; absent for a read that the caller could not open.
    pub object_id: Option<Uuid>,
    /// Item it belongs to.
    pub item: Option<ItemId>,
    /// `ok` or `refused`.
    pub outcome: String,
    /// Reason code.
    pub reason: Option<String>,
    /// How often, where an event counts what was refused again and again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
}

/// An exposure as people see it: this person was shown this asset.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExposureView {
    /// Exposure.
    pub id: Uuid,
    /// The caller may have the proof that it is in the log.
    pub provable: bool,
    /// Account.
    pub user: UserId,
    /// Printed name.
    pub printed_name: String,
    /// Asset that was shown.
    pub asset: AssetId,
    /// `erased subject #n` where whoever was shown is gone; absent otherwise.
    pub erased_subject: Option<String>,
    /// Zone it was shown from.
    pub zone: String,
    /// Why it was shown: `work`, `view`, `gate`.
    pub purpose: String,
    /// When first in that session.
    pub at: Instant,
}

impl Pipeline {
    /// The events of an item, newest first: as many of them as the caller may know of.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn item_events(
        &self,
        caller: &Caller,
        item: ItemId,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<EventView>> {
        let whole = self.item_is_open(caller, item).await?;
        let filter = events::EventFilter { item: Some(item), project: None, before: None };
        self.event_page(caller, filter, whole, limit, cursor).await
    }

    /// The events of a project, newest first: as many of them as the caller may know of.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn project_events(
        &self,
        caller: &Caller,
        project: ProjectId,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<EventView>> {
        self.require_on(caller, Action::ViewEvidence, project)?;
        let whole = self.hears_all(caller, project).await?;
        let filter = events::EventFilter { project: Some(project), item: None, before: None };
        self.event_page(caller, filter, whole, limit, cursor).await
    }

    /// Who saw the images of an item, newest first. Whoever may still be called to work on it learns only of themselves: who looked,
    /// and when, tells of a read.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`]; `bad_cursor`.
    pub async fn item_exposures(
        &self,
        caller: &Caller,
        item: ItemId,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<ExposureView>> {
        let before = cursor.as_deref().map(str::parse).transpose();
        let before = before.map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))?;
        let only = if self.item_is_open(caller, item).await? { None } else { Some(caller.user()) };
        let mut conn = self.store.read().await?;
        let names = names(&mut conn).await?;
        let gone: Vec<_> = subjects::of_item(&mut conn, item)
            .await?
            .into_iter()
            .filter(subjects::Subject::is_erased)
            .collect();
        let erased_subject = gone.first().map(subjects::Subject::erased_name);
        let limit = page_length(limit);
        let found = exposures::of_item(&mut conn, item, only, before, limit + 1).await?;
        Ok(Page::cut(found, limit, |exposure| exposure.id.to_string()).map(|exposure| ExposureView {
            id: exposure.id,
            provable: only.is_none(),
            printed_name: names.get(&exposure.user_id).cloned().unwrap_or_default(),
            user: exposure.user_id,
            asset: exposure.asset_id,
            erased_subject: erased_subject.clone(),
            zone: exposure.zone.as_str().to_owned(),
            purpose: exposure.purpose,
            at: exposure.at,
        }))
    }

    /// Whether all evidence of an item is the caller's to read; [`PipelineError::NotFound`] when none is.
    pub(crate) async fn item_is_open(&self, caller: &Caller, item: ItemId) -> Result<bool> {
        let mut conn = self.store.read().await?;
        let item = self.visible_item(&mut conn, caller, item, Action::ViewItemEvidence).await?;
        let state = parse_state(&item.workflow)?;
        let protocol = self.protocol_of(&mut conn, &item, &state).await?;
        Ok(self.is_unblinded(caller, item.project_id, &protocol, &state))
    }

    /// One page of events; pages of those who do not see the whole can be shorter than asked for.
    async fn event_page(
        &self,
        caller: &Caller,
        mut filter: events::EventFilter,
        whole: bool,
        limit: Option<u32>,
        cursor: Option<String>,
    ) -> Result<Page<EventView>> {
        filter.before = cursor
            .map(|text| {
                text.parse().map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))
            })
            .transpose()?;
        let limit = page_length(limit);
        let found = events::list(&mut *self.store.read().await?, filter, limit + 1).await?;
        let page = Page::cut(found, limit, |event| event.ord.to_string());
        let mut told = Vec::with_capacity(page.items.len());
        for event in page.items {
            if whole || self.is_listed(caller, &event).await? {
                told.push(event);
            }
        }
        let mut conn = self.store.read().await?;
        let names = names(&mut conn).await?;
        let (mut entries, mut known) = (Vec::with_capacity(told.len()), HashMap::new());
        for event in told {
            let read = event.object_id.filter(|_| event.object_kind == "read");
            let object_id = match read {
                Some(id) if !known.contains_key(&id) => {
                    let named = self.named_read(&mut conn, caller, ReadId(id)).await?;
                    known.insert(id, named);
                    named
                }
                Some(id) => known.get(&id).copied().flatten(),
                None => event.object_id,
            };
            // The gaps between indices tell how much happened that is not listed.
            let log_index = event.log_index.filter(|_| whole);
            entries.push(EventView { log_index, ..event_view(event, object_id, &names) });
        }
        Ok(Page { items: entries, next: page.next })
    }

    /// The id of a read, unless looking it up would refuse it: a list names nothing more than that.
    pub(crate) async fn named_read(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        id: ReadId,
    ) -> Result<Option<Uuid>> {
        match self.visible_read(conn, caller, id).await {
            Ok(_) => Ok(Some(id.uuid())),
            Err(PipelineError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn is_listed(&self, caller: &Caller, event: &events::Event) -> Result<bool> {
        let Some(project) = event.project_id else { return Ok(false) };
        let act = Act {
            action: &event.action,
            object_kind: &event.object_kind,
            item: event.item_id,
            actor: event.actor_user,
        };
        self.is_told(caller, project, &act).await
    }
}

fn event_view(event: events::Event, object_id: Option<Uuid>, names: &HashMap<UserId, String>) -> EventView {
    EventView {
        times: times(&event),
        id: event.id,
        log_index: event.log_index,
        at: event.at,
        actor: event.actor_user.and_then(|user| names.get(&user).cloned()),
        actor_kind: event.actor_kind,
        actor_user: event.actor_user,
        action: event.action,
        object_kind: event.object_kind,
        object_id,
        item: event.item_id,
        outcome: event.outcome,
        reason: event.reason,
    }
}

fn times(event: &events::Event) -> Option<u64> {
    let details = event.details.as_ref().filter(|_| event.action == REFUSED)?;
    serde_json::from_str::<serde_json::Value>(details).ok()?["count"].as_u64()
}

async fn names(conn: &mut Conn) -> Result<HashMap<UserId, String>> {
    Ok(users::list(conn).await?.into_iter().map(|user| (user.id, user.printed_name)).collect())
}
