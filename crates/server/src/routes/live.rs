//! Live events. What a listener may know of an event is decided by the pipeline; here are only connections.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use countersign_model::{ProjectId, UserId};
use countersign_pipeline::{
    live::{Heard, Listening, LiveEvent, MISSED_MAX, Seen},
    people::{Caller, Credential},
};
use futures::Stream;
use tokio::{
    sync::{broadcast::error::RecvError, watch},
    time::{Interval, MissedTickBehavior},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{App, Problem, caller::SignedIn, caller::credential};

/// Streams of one person at the same time.
const STREAMS_PER_USER_MAX: usize = 16;
/// Streams of everybody at the same time.
const STREAMS_MAX: usize = 2_000;
/// How often coarse hints go out and the caller's rights are looked at again, seconds. A fixed beat, so that the
/// moment of a hint says nothing about the moment of its cause.
const BEAT_SECONDS: u64 = 5;
/// How often a silent stream shows that it lives, seconds.
const KEEP_ALIVE_SECONDS: u64 = 15;

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(events))
}

/// Open streams, counted by person.
#[derive(Default)]
pub struct Listeners(Mutex<HashMap<UserId, usize>>);

/// A place among the open streams; given back when dropped.
struct Slot {
    listeners: Arc<Listeners>,
    user: UserId,
}

impl Listeners {
    fn enter(self: &Arc<Self>, user: UserId) -> Option<Slot> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().sum();
        let mine = open.get(&user).copied().unwrap_or_default();
        if all >= STREAMS_MAX || mine >= STREAMS_PER_USER_MAX {
            return None;
        }
        open.insert(user, mine + 1);
        drop(open);
        Some(Slot { listeners: Arc::clone(self), user })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.listeners.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mine) = open.get_mut(&self.user) {
            *mine -= 1;
            if *mine == 0 {
                open.remove(&self.user);
            }
        }
    }
}

/// One open stream.
struct Listener {
    app: App,
    credential: Credential,
    caller: Caller,
    events: Listening,
    /// Ready to be sent.
    ready: VecDeque<Event>,
    /// Projects in which something moved that the caller may not know more of.
    hints: BTreeSet<ProjectId>,
    beat: Interval,
    /// Index of the last event that was looked at, so that none is sent twice.
    last: Option<u64>,
    stop: watch::Receiver<bool>,
    ended: bool,
    _slot: Slot,
}

/// Live events as server-sent events. `queue.changed` says that something moved in a project, no more; `resync`
/// that events were missed and everything should be asked for again.
#[utoipa::path(
    get, path = "/events", tag = "live",
    params(("Last-Event-ID" = Option<u64>, Header, description = "Index of the last event that was received.")),
    responses((status = 200, body = LiveEvent, content_type = "text/event-stream"))
)]
async fn events(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let credential = credential(&headers).ok_or_else(Problem::unauthenticated)?;
    let Some(slot) = app.listeners.enter(caller.user()) else {
        return Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_streams",
            "Too many live connections are open; close some windows.",
        ));
    };
    // Listening begins before the past is read: an event may come twice, none can be lost between.
    let live = app.pipeline.listen();
    let mut beat = tokio::time::interval(Duration::from_secs(BEAT_SECONDS));
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat.reset();
    let mut listener = Listener {
        stop: app.stopping(),
        app,
        credential,
        caller,
        events: live,
        ready: VecDeque::from([Event::default().comment("listening")]),
        hints: BTreeSet::new(),
        beat,
        last: None,
        ended: false,
        _slot: slot,
    };
    if let Some(last) = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok()) {
        listener.catch_up(last).await?;
    }
    let stream = futures::stream::unfold(listener, |mut listener| async move {
        listener.next().await.map(|event| (Ok(event), listener))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(KEEP_ALIVE_SECONDS))))
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.ended || *self.stop.borrow() {
                return None;
            }
            tokio::select! {
                _ = self.stop.changed() => return None,
                _ = self.beat.tick() => self.on_beat().await,
                heard = self.events.next() => match heard {
                    Ok(event) => self.hear(&event).await,
                    Err(RecvError::Lagged(_)) => self.resync(),
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }

    /// What the caller missed since an event that they name.
    async fn catch_up(&mut self, last: u64) -> Result<(), Problem> {
        if !self.app.pipeline.may_know_positions(&self.caller).await? {
            self.resync();
            return Ok(());
        }
        let missed = self.app.pipeline.heard_since(last).await?;
        if missed.len() > MISSED_MAX {
            self.resync();
            return Ok(());
        }
        for event in missed {
            self.hear(&event).await;
        }
        Ok(())
    }

    async fn hear(&mut self, event: &Heard) {
        if self.last.is_some_and(|last| event.log_index <= last) {
            return;
        }
        self.last = Some(event.log_index);
        // A grant that ended must end what is heard at once, not at the next beat.
        if event.changes_rights() {
            self.look_again().await;
        }
        match self.app.pipeline.seen_live(&self.caller, event).await {
            Ok(Seen::Whole { event, position }) => self.ready.extend(sent(&event, position)),
            Ok(Seen::Hint(project)) => {
                self.hints.insert(project);
            }
            Ok(Seen::Nothing) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a live event could not be judged");
                self.resync();
            }
        }
    }

    async fn on_beat(&mut self) {
        self.look_again().await;
        let at = self.app.pipeline.store.clock().now();
        for project in std::mem::take(&mut self.hints) {
            self.ready.extend(sent(&LiveEvent::hint(project, at), None));
        }
    }

    /// Rights as they are now; without any the stream ends. Listening alone does not keep a session alive.
    async fn look_again(&mut self) {
        match self.app.pipeline.identify(&self.credential).await {
            Ok(Some(caller)) if !caller.must_change_password => self.caller = caller,
            Ok(_) => self.ended = true,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a listener could not be looked up");
                self.ended = true;
            }
        }
    }

    fn resync(&mut self) {
        let at = self.app.pipeline.store.clock().now();
        self.ready.extend(sent(&LiveEvent::resync(at), None));
    }
}

/// The event as it goes over the wire; unnamed, because browsers deliver named events only to those who know all names.
fn sent(event: &LiveEvent, position: Option<u64>) -> Option<Event> {
    let text = serde_json::to_string(event).ok()?;
    let out = Event::default().data(text);
    Some(match position {
        Some(index) => out.id(index.to_string()),
        None => out,
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn one_person_cannot_take_all_streams() {
        let listeners = Arc::new(Listeners::default());
        let (one, other) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let mut held: Vec<Slot> = (0..STREAMS_PER_USER_MAX).filter_map(|_| listeners.enter(one)).collect();
        assert_eq!(held.len(), STREAMS_PER_USER_MAX);
        assert!(listeners.enter(one).is_none());
        assert!(listeners.enter(other).is_some());
        held.pop();
        assert!(listeners.enter(one).is_some());
        drop(held);
        assert!(listeners.0.lock().unwrap().is_empty());
    }
}
