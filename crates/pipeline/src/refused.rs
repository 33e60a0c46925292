//! Requests that are refused for want of a right. Each is in the log, also where the answer is that of an unknown thing: the
//! log knows the difference, the answer does not (45 CFR 164.312(b), 21 CFR 11.10(e)).
//!
//! Whoever asks on and on must not fill the disk with it: the first refusal of a person, a right and an object is an event at
//! once, what repeats it within [`WINDOW_SECONDS`] is one more with a count, and beyond [`OBJECTS_MAX`] only the number is kept.
//! Requests without a valid session or token write nothing here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use countersign_model::{Instant, ItemId, ProjectId, UserId};
use countersign_store::{Actor, Evidence, StoreError, projects, tasks};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    Inner, Pipeline, PipelineError, Result,
    access::{Action, Resource},
    people::{Caller, Client},
    work::work_action,
};

/// The action in the log.
pub const REFUSED: &str = "access.refused";
/// For how long repeats of a refusal are counted before they become an event, seconds.
pub const WINDOW_SECONDS: i64 = 15 * 60;
/// Different refusals of one person within a window that are told one by one.
pub const OBJECTS_MAX: usize = 50;
/// The reason of the event that counts what is beyond [`OBJECTS_MAX`].
pub const MANY: &str = "many_refusals";
/// How often windows that are over are looked for, seconds.
const SWEEP_SECONDS: u64 = 60;

/// What is lacking where no right of the policies is: the thing is another person's.
pub(crate) const NOT_OWN: &str = "not_own";
/// The same where whoever may still be called to work must not learn of others.
pub(crate) const UNBLINDED: &str = "not_unblinded";

/// What somebody was refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Denial {
    /// The right that they lack, as the policies call it, or the code of the refusal.
    pub lacks: String,
    /// Kind of the object.
    pub object_kind: String,
    /// The object; absent for the installation.
    pub object_id: Option<Uuid>,
    /// Its project.
    pub project: Option<ProjectId>,
    /// Its item.
    pub item: Option<ItemId>,
}

impl Denial {
    /// Of something of a project.
    pub(crate) fn on(lacks: &str, object_kind: &str, object_id: Uuid, project: ProjectId) -> Self {
        Self {
            lacks: lacks.to_owned(),
            object_kind: object_kind.to_owned(),
            object_id: Some(object_id),
            project: Some(project),
            item: None,
        }
    }

    /// Names the item.
    #[must_use]
    pub(crate) fn item(self, item: ItemId) -> Self {
        Self { item: Some(item), ..self }
    }

    /// Of what is not known yet.
    pub fn unnamed() -> Self {
        Self::of_all("")
    }

    /// Names an object, which a word that is no plain name does not; the ids of projects and items are kept beside.
    pub fn names(&mut self, word: &str, id: Uuid) {
        self.object_kind = word.replace('-', "_");
        self.object_id = Some(id);
        match word {
            "project" => self.project = Some(ProjectId(id)),
            "item" => self.item = Some(ItemId(id)),
            _ => {}
        }
    }

    /// Of the installation.
    pub(crate) fn of_all(lacks: &str) -> Self {
        Self {
            lacks: lacks.to_owned(),
            object_kind: "installation".to_owned(),
            object_id: None,
            project: None,
            item: None,
        }
    }

    /// Of something that belongs to no project.
    #[must_use]
    pub(crate) fn of_kind(self, object_kind: &str, object_id: Uuid) -> Self {
        Self { object_kind: object_kind.to_owned(), object_id: Some(object_id), ..self }
    }

    /// What the policies refuse.
    fn of(action: Action, resource: &Resource) -> Self {
        let lacks = action.as_str();
        match resource {
            Resource::Installation => Self::of_all(lacks),
            Resource::Project(project) => Self::on(lacks, "project", project.uuid(), *project),
            Resource::Item { item, project, .. } => {
                Self::on(lacks, "item", item.uuid(), *project).item(*item)
            }
            Resource::Task { task, project, .. } => Self::on(lacks, "task", task.uuid(), *project),
            Resource::Release { release, project, .. } => {
                Self::on(lacks, "release", release.uuid(), *project)
            }
            Resource::PrivacyRequest { request, project, .. } => {
                Self::on(lacks, "privacy_request", request.uuid(), *project)
            }
        }
    }
}

/// A task that somebody else has or could have.
pub(crate) fn not_theirs(task: &tasks::Task) -> Denial {
    Denial::on(NOT_OWN, "task", task.id.uuid(), task.project_id).item(task.item_id)
}

/// The answer to somebody who could not have the task at all.
pub(crate) fn no_task_of(caller: &Caller, task: &tasks::Task) -> PipelineError {
    caller.denied(Denial { lacks: work_action(task.kind).as_str().to_owned(), ..not_theirs(task) })
}

/// What is known of a request that may be refused: who asks, and what they were denied last. Shared by the caller and by
/// whoever answers the request.
#[derive(Clone, Debug, Default)]
pub struct Asking(Arc<Mutex<Asked>>);

#[derive(Debug, Default)]
struct Asked {
    actor: Option<Actor>,
    denied: Option<Denial>,
}

impl Asking {
    fn open(&self) -> MutexGuard<'_, Asked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who asks; `None` while nobody was recognised.
    pub fn actor(&self) -> Option<Actor> {
        self.open().actor
    }

    /// What they were denied last.
    pub fn denied(&self) -> Option<Denial> {
        self.open().denied.clone()
    }
}

impl Caller {
    /// Has what this person is denied noted for the request that they ask by.
    pub fn asks_by(&mut self, asking: Asking) {
        asking.open().actor = Some(self.actor());
        self.asking = asking;
    }

    /// The answer to somebody without the right, which is that of an unknown thing; what it was is noted.
    pub(crate) fn denied(&self, denial: Denial) -> PipelineError {
        self.asking.open().denied = Some(denial);
        PipelineError::NotFound
    }

    pub(crate) fn denied_by_policy(&self, action: Action, resource: &Resource) -> PipelineError {
        self.denied(Denial::of(action, resource))
    }

    /// The refusal has an event of its own.
    pub(crate) fn denial_is_kept(&self) {
        self.asking.open().denied = None;
    }
}

/// A request that was refused.
#[derive(Clone, Debug)]
pub struct RefusedRequest {
    /// Who asked.
    pub actor: Actor,
    /// What they were denied.
    pub denial: Denial,
    /// From where.
    pub client: Client,
    /// Method and pattern of the route; never the address itself.
    pub route: String,
}

impl RefusedRequest {
    fn details(&self) -> Value {
        let mut details = self.client.details().unwrap_or_else(|| json!({}));
        details["request"] = self.route.as_str().into();
        details
    }

    fn evidence(&self, details: Value) -> Evidence {
        Evidence {
            action: REFUSED.to_owned(),
            object_kind: self.denial.object_kind.clone(),
            object_id: self.denial.object_id,
            project: self.denial.project,
            item: self.denial.item,
            outcome: Some("refused".to_owned()),
            reason: Some(self.denial.lacks.clone()),
            details: Some(details),
            ..Evidence::default()
        }
    }
}

/// What repeated a refusal that is in the log.
struct Repeats {
    last: RefusedRequest,
    count: u64,
    at: Instant,
}

/// What one person was refused lately.
struct Window {
    began_micros: i64,
    repeats: HashMap<Denial, Repeats>,
    /// Refusals for which there was no room, and the last of them.
    beyond: u64,
    last: RefusedRequest,
}

/// The open windows; at most one per account, each of at most [`OBJECTS_MAX`] refusals.
#[derive(Default)]
pub(crate) struct Tally(Mutex<HashMap<UserId, Window>>);

impl Tally {
    fn open(&self) -> MutexGuard<'_, HashMap<UserId, Window>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a refusal. `true` when it is the first of its kind in its window, to be written at once.
    fn count(&self, user: UserId, refused: &RefusedRequest, now: Instant, steady_micros: i64) -> bool {
        let mut open = self.open();
        let window = open.entry(user).or_insert_with(|| Window {
            began_micros: steady_micros,
            repeats: HashMap::new(),
            beyond: 0,
            last: refused.clone(),
        });
        if let Some(repeats) = window.repeats.get_mut(&refused.denial) {
            *repeats = Repeats { last: refused.clone(), count: repeats.count + 1, at: now };
            return false;
        }
        if window.repeats.len() >= OBJECTS_MAX {
            window.beyond += 1;
            window.last = refused.clone();
            return false;
        }
        let first = Repeats { last: refused.clone(), count: 0, at: now };
        window.repeats.insert(refused.denial.clone(), first);
        true
    }

    /// Ends the windows that are over, or all of them: what is still to be told of each.
    fn end(&self, steady_micros: i64, all: bool) -> Vec<Window> {
        let is_over =
            |window: &Window| all || steady_micros - window.began_micros >= WINDOW_SECONDS * 1_000_000;
        self.open().extract_if(|_, window| is_over(window)).map(|(_, window)| window).collect()
    }
}

impl Window {
    /// The events that tell what was only counted so far.
    fn told(self) -> Vec<(Actor, Evidence)> {
        let mut told: Vec<_> = self.repeats.into_values().filter(|repeats| repeats.count > 0).collect();
        told.sort_by_key(|repeats| repeats.at);
        let mut told: Vec<_> = told
            .into_iter()
            .map(|Repeats { last, count, at }| {
                let mut details = last.details();
                details["count"] = count.into();
                details["last_at"] = at.0.into();
                (last.actor, last.evidence(details))
            })
            .collect();
        if let Some(user) = self.last.actor.user.filter(|_| self.beyond > 0) {
            let mut details = self.last.details();
            details["count"] = self.beyond.into();
            let evidence = Evidence::new(REFUSED, "user", user.uuid()).outcome("refused").reason(MANY);
            told.push((self.last.actor, evidence.details(details)));
        }
        told
    }
}

impl Pipeline {
    /// Keeps that a request was refused. The answer does not wait for it: how long one takes must not tell the difference
    /// that it hides.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn keep_request_refused(&self, refused: RefusedRequest) -> Result<()> {
        let Some(user) = refused.actor.user else { return Ok(()) };
        // Nobody lacks a right on a project that there is not.
        if refused.denial.object_kind == "project"
            && let Some(project) = refused.denial.project
            && projects::by_id(&mut *self.store.read().await?, project).await?.is_none()
        {
            return Ok(());
        }
        let (now, steady) = (self.store.clock().now(), self.store.clock().steady_micros());
        let mut told: Vec<_> = self.refusals.end(steady, false).into_iter().flat_map(Window::told).collect();
        if self.refusals.count(user, &refused, now, steady) {
            let mut details = refused.details();
            details["count"] = 1.into();
            told.push((refused.actor, refused.evidence(details)));
        }
        if !told.is_empty() {
            let pipeline = self.clone();
            tokio::spawn(async move { pipeline.tell_refusals(told).await });
        }
        Ok(())
    }

    /// Tells what was counted; of windows that are over, or of all of them when the server stops.
    pub async fn end_refusals(&self, all: bool) {
        let over = self.refusals.end(self.store.clock().steady_micros(), all);
        self.tell_refusals(over.into_iter().flat_map(Window::told).collect()).await;
    }

    async fn tell_refusals(&self, told: Vec<(Actor, Evidence)>) {
        for (actor, evidence) in told {
            let kept: std::result::Result<(), StoreError> = self
                .store
                .write(actor, move |tx| Box::pin(async move { tx.record(evidence).map(drop) }))
                .await;
            if let Err(error) = kept {
                tracing::warn!(error = &error as &dyn std::error::Error, "a refusal could not be recorded");
            }
        }
    }

    /// Ends windows in their time; stops with the last clone of these use cases.
    pub fn spawn_refusals(&self) -> tokio::task::JoinHandle<()> {
        let inner: Weak<Inner> = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(SWEEP_SECONDS)).await;
                let Some(inner) = inner.upgrade() else { return };
                Pipeline { inner }.end_refusals(false).await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(user: UserId, object: u128) -> RefusedRequest {
        let project = ProjectId(Uuid::from_u128(object));
        RefusedRequest {
            actor: Actor::token(user),
            denial: Denial::of(Action::ViewFlow, &Resource::Project(project)),
            client: Client::default(),
            route: "GET /api/v1/projects/{project}/protocol/flow".to_owned(),
        }
    }

    fn counts(windows: Vec<Window>) -> Vec<(String, u64)> {
        let told = windows.into_iter().flat_map(Window::told);
        told.map(|(_, evidence)| {
            let details = evidence.details.unwrap();
            (evidence.reason.unwrap(), details["count"].as_u64().unwrap())
        })
        .collect()
    }

    #[test]
    fn repeats_are_counted_within_a_window_and_whoever_asks_for_everything_is_bounded() {
        let (tally, ada, bob) = (Tally::default(), UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        let written = |user, object, seconds: i64| {
            tally.count(user, &refused(user, object), Instant(0), seconds * 1_000_000)
        };
        assert!(written(ada, 7, 0));
        assert!((0..1_000).all(|second| !written(ada, 7, second % WINDOW_SECONDS)));
        assert!(written(bob, 7, 5), "another person is another refusal");
        assert!(tally.end(WINDOW_SECONDS * 1_000_000 - 1, false).is_empty());
        assert_eq!(counts(tally.end(WINDOW_SECONDS * 1_000_000, false)), [("view_flow".to_owned(), 1_000)]);
        assert!(written(ada, 7, WINDOW_SECONDS), "the next window");
        let first = (0..10_000).filter(|object| written(ada, 100 + *object, WINDOW_SECONDS)).count();
        assert_eq!(first, OBJECTS_MAX - 1);
        assert_eq!(tally.open()[&ada].repeats.len(), OBJECTS_MAX);
        let beyond = 10_000 - u64::try_from(first).unwrap();
        assert_eq!(counts(tally.end(0, true)), [(MANY.to_owned(), beyond)]);
        assert!(tally.end(0, true).is_empty());
    }
}
