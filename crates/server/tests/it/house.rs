//! A server over a store of its own, with a clock that moves by hand, and requests to it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use countersign_model::{Clock, Ids, Instant, ProjectId, Role, UserId};
use countersign_pipeline::{
    Pipeline,
    models::ModelServers,
    people::{Caller, Credential, UserDraft},
    signing::ACKNOWLEDGEMENT_VERSION,
};
use countersign_server::{App, router};
use countersign_store::{Actor, Store, StoreConfig, users};
use serde_json::Value;
use tower::ServiceExt;
use uuid::Uuid;

use crate::town::NO_MODEL_SERVER;

pub const PASSWORD: &str = "a password for tests";
/// Largest answer that a test reads, bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;

pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Default for HandClock {
    fn default() -> Self {
        Self(AtomicI64::new(1_795_392_000_000_000))
    }
}

impl Clock for HandClock {
    fn now(&self) -> Instant {
        // Every look moves it a little, so that times order as they did.
        Instant(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

/// Ids in rising order, as version 7 UUIDs would be.
#[derive(Default)]
pub struct CountedIds(AtomicU64);

impl Ids for CountedIds {
    fn fresh(&self) -> Uuid {
        let n = self.0.fetch_add(1, Ordering::SeqCst);
        Uuid::from_u128((0x0190_0000_0000_7000_u128 << 64) | (0x8000_u128 << 48) | u128::from(n))
    }
}

pub struct House {
    pub pipeline: Pipeline,
    pub router: Router,
    pub folder: tempfile::TempDir,
}

/// Who sends a request.
#[derive(Clone, Debug)]
pub enum Who {
    Nobody,
    Session(String),
    Token(String),
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("{} {:?}", self.status, self.bytes))
    }

    /// The code of a refusal, empty for anything else.
    pub fn code(&self) -> String {
        serde_json::from_slice::<Value>(&self.bytes)
            .ok()
            .and_then(|value| value["code"].as_str().map(str::to_owned))
            .unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl House {
    pub async fn new() -> Self {
        Self::with(Arc::new(HandClock::default()), Arc::new(CountedIds::default()), false).await
    }

    pub async fn with(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, https: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&StoreConfig::sqlite(folder.path()), clock, ids).await.unwrap();
        let models = ModelServers::new([NO_MODEL_SERVER.to_owned()]);
        let pipeline = Pipeline::with_models(store, models).unwrap();
        let router = router(App::new(pipeline.clone(), https));
        Self { pipeline, router, folder }
    }

    pub async fn person(&self, login: &str, system_roles: &[Role]) -> UserId {
        let draft = UserDraft {
            login: login.into(),
            printed_name: format!("Test {login}"),
            password: Some(PASSWORD.into()),
            system_roles: system_roles.to_vec(),
        };
        self.pipeline.make_user_as(Actor::system(), draft).await.unwrap().user.id
    }

    /// A project; its owner, where it has one, signed the protocol.
    pub async fn project(&self, name: &str, protocol: &str, grants: &[(UserId, Role)]) -> ProjectId {
        let project = self.unsigned_project(name, protocol, grants).await;
        if let Some((owner, _)) = grants.iter().find(|(_, role)| *role == Role::Owner) {
            let people = users::list(&mut self.pipeline.store.read().await.unwrap()).await.unwrap();
            let login = &people.iter().find(|user| user.id == *owner).unwrap().login;
            let owner = self.caller(&self.session(login).await).await;
            self.pipeline.sign_protocol(&owner, project, 1, PASSWORD).await.unwrap();
        }
        project
    }

    /// A project whose protocol nobody has signed.
    pub async fn unsigned_project(&self, name: &str, protocol: &str, grants: &[(UserId, Role)]) -> ProjectId {
        self.pipeline.make_project_as(Actor::system(), name, protocol, grants).await.unwrap().id
    }

    /// The secret of a new session.
    pub async fn session(&self, login: &str) -> String {
        let (secret, caller) = self.pipeline.sign_in(login, PASSWORD).await.unwrap();
        self.pipeline.acknowledge_signing(&caller, ACKNOWLEDGEMENT_VERSION).await.unwrap();
        // Somebody who signed before in this session gives the password alone.
        self.pipeline.store.touch_signing(caller.session.unwrap()).await.unwrap();
        secret
    }

    pub async fn caller(&self, secret: &str) -> Caller {
        let credential = Credential::Session(secret.to_owned());
        self.pipeline.authenticate(&credential).await.unwrap().unwrap()
    }

    pub async fn raw(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, ANSWER_BYTES_MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub async fn send(&self, who: &Who, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.send_with(who, method, path, body, &[]).await
    }

    pub async fn send_with(
        &self,
        who: &Who,
        method: &str,
        path: &str,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = who.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(value) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(value.to_string())
            }
            None => Body::empty(),
        };
        self.raw(request.body(body).unwrap()).await
    }
}

impl Who {
    /// A request as our page sends it.
    pub fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(path).header("x-countersign", "1");
        match self {
            Self::Nobody => request,
            Self::Session(secret) => request.header(header::COOKIE, format!("countersign_session={secret}")),
            Self::Token(secret) => request.header(header::AUTHORIZATION, format!("Bearer {secret}")),
        }
    }
}
