//! Evidence as people read it: events of an item or project, and who saw an image.

use std::collections::HashMap;

use countersign_model::{AssetId, EventId, Instant, ItemId, ProjectId, UserId};
use countersign_store::{Conn, events, exposures, subjects, users};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    Pipeline, PipelineError, Result,
    access::Action,
    people::Caller,
    views::{Page, page_length},
};

/// An event as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventView {
    /// Event.
    pub id: EventId,
    /// Index in the evidence log; absent for the second until it is written there.
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
    /// To which.
    pub object_id: Option<Uuid>,
    /// Item it belongs to.
    pub item: Option<ItemId>,
    /// `ok` or `refused`.
    pub outcome: String,
    /// Reason code.
    pub reason: Option<String>,
}

/// An exposure as people see it: this person was shown this asset.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExposureView {
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
    /// The events of an item, newest first.
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
        let mut conn = self.store.read().await?;
        self.visible_item(&mut conn, caller, item, Action::ViewItemEvidence).await?;
        let filter = events::EventFilter { item: Some(item), project: None, before: None };
        event_page(&mut conn, filter, limit, cursor).await
    }

    /// The events of a project, newest first.
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
        let mut conn = self.store.read().await?;
        let filter = events::EventFilter { project: Some(project), item: None, before: None };
        event_page(&mut conn, filter, limit, cursor).await
    }

    /// Who saw the images of an item.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn item_exposures(&self, caller: &Caller, item: ItemId) -> Result<Vec<ExposureView>> {
        let mut conn = self.store.read().await?;
        self.visible_item(&mut conn, caller, item, Action::ViewItemEvidence).await?;
        let names = names(&mut conn).await?;
        let gone: Vec<_> = subjects::of_item(&mut conn, item)
            .await?
            .into_iter()
            .filter(subjects::Subject::is_erased)
            .collect();
        let erased_subject = gone.first().map(subjects::Subject::erased_name);
        let found = exposures::of_item(&mut conn, item, None, EXPOSURES_MAX).await?;
        Ok(found
            .into_iter()
            .map(|exposure| ExposureView {
                printed_name: names.get(&exposure.user_id).cloned().unwrap_or_default(),
                user: exposure.user_id,
                asset: exposure.asset_id,
                erased_subject: erased_subject.clone(),
                zone: exposure.zone.as_str().to_owned(),
                purpose: exposure.purpose,
                at: exposure.at,
            })
            .collect())
    }
}

/// Most exposures of one item that are listed at once.
const EXPOSURES_MAX: u32 = 10_000;

async fn event_page(
    conn: &mut Conn,
    mut filter: events::EventFilter,
    limit: Option<u32>,
    cursor: Option<String>,
) -> Result<Page<EventView>> {
    filter.before = cursor
        .map(|text| {
            text.parse().map_err(|_| PipelineError::bad("bad_cursor", "cursor", "is not one of ours"))
        })
        .transpose()?;
    let limit = page_length(limit);
    let found = events::list(conn, filter, limit + 1).await?;
    let names = names(conn).await?;
    let page = Page::cut(found, limit, |event| event.ord.to_string());
    Ok(page.map(|event| EventView {
        id: event.id,
        log_index: event.log_index,
        at: event.at,
        actor: event.actor_user.and_then(|user| names.get(&user).cloned()),
        actor_kind: event.actor_kind,
        actor_user: event.actor_user,
        action: event.action,
        object_kind: event.object_kind,
        object_id: event.object_id,
        item: event.item_id,
        outcome: event.outcome,
        reason: event.reason,
    }))
}

async fn names(conn: &mut Conn) -> Result<HashMap<UserId, String>> {
    Ok(users::list(conn).await?.into_iter().map(|user| (user.id, user.printed_name)).collect())
}
