//! A pipeline over a store of its own, with people for each role and a clock that moves by hand.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use countersign_model::{Clock, Ids, Instant, ProjectId, Role, UserId};
use countersign_pipeline::{
    Pipeline,
    intake::IngestReport,
    models::ModelServers,
    people::{Caller, Credential, UserDraft},
    signing::ACKNOWLEDGEMENT_VERSION,
};
use countersign_store::{Actor, Store, StoreConfig};
use sqlx::{Connection, Executor};
use uuid::Uuid;

pub const PASSWORD: &str = "a password for tests";

pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
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

impl CountedIds {
    /// For another store that is to hold rows of the first.
    pub fn starting_at(n: u64) -> Self {
        Self(AtomicU64::new(n))
    }
}

impl Ids for CountedIds {
    fn fresh(&self) -> Uuid {
        let n = self.0.fetch_add(1, Ordering::SeqCst);
        Uuid::from_u128((0x0190_0000_0000_7000_u128 << 64) | (0x8000_u128 << 48) | u128::from(n))
    }
}

pub struct House {
    pub pipeline: Pipeline,
    pub clock: Arc<HandClock>,
    _folder: tempfile::TempDir,
}

impl House {
    pub async fn new() -> Self {
        Self::with_models(ModelServers::default()).await
    }

    /// On a PostgreSQL database of its own; `None` only where those tests are to be skipped.
    pub async fn postgres() -> Option<Self> {
        Self::postgres_with_models(ModelServers::default()).await
    }

    /// The same with servers of models that may be called.
    pub async fn postgres_with_models(models: ModelServers) -> Option<Self> {
        let cluster = crate::cluster::cluster()?;
        let name = format!("p{}", Uuid::from_bytes(countersign_store::random().unwrap()).simple());
        let mut admin = sqlx::PgConnection::connect(&cluster.url("postgres")).await.unwrap();
        admin.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
        admin.close().await.unwrap();
        Some(Self::on(Some(cluster.url(&name)), models).await)
    }

    /// With servers of models that may be called.
    pub async fn with_models(models: ModelServers) -> Self {
        Self::on(None, models).await
    }

    async fn on(database: Option<String>, models: ModelServers) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(1_795_392_000_000_000)));
        let config = StoreConfig { database, ..StoreConfig::sqlite(folder.path()) };
        let store = Store::open(&config, clock.clone(), Arc::new(CountedIds::default())).await.unwrap();
        Self { pipeline: Pipeline::with_models(store, models).unwrap(), clock, _folder: folder }
    }

    /// The data directory.
    pub fn folder(&self) -> PathBuf {
        self._folder.path().to_owned()
    }

    pub async fn person(&self, login: &str) -> UserId {
        let draft = UserDraft {
            login: login.into(),
            printed_name: format!("Test {login}"),
            password: Some(PASSWORD.into()),
            system_roles: vec![],
        };
        self.pipeline.make_user_as(Actor::system(), draft).await.unwrap().user.id
    }

    pub async fn sign_in(&self, login: &str) -> Caller {
        let caller = self.sign_in_only(login).await;
        self.pipeline.acknowledge_signing(&caller, ACKNOWLEDGEMENT_VERSION).await.unwrap();
        self.pipeline.store.touch_signing(caller.session.unwrap()).await.unwrap();
        caller
    }

    /// Somebody who has not signed anything yet; [`House::sign_in`] gives people who have, in this session.
    pub async fn sign_in_only(&self, login: &str) -> Caller {
        let (secret, _) = self.pipeline.sign_in(login, PASSWORD).await.unwrap();
        self.pipeline.authenticate(&Credential::Session(secret)).await.unwrap().unwrap()
    }

    /// A project with one person per role, whose login is the role's word; `everything` has all roles. Its owner signed.
    pub async fn project(&self, name: &str, protocol: &str) -> ProjectId {
        let project = self.unsigned_project(name, protocol).await;
        let owner = self.sign_in(&format!("owner@{name}")).await;
        self.pipeline.sign_protocol(&owner, project, 1, PASSWORD).await.unwrap();
        project
    }

    /// The same whose protocol nobody has signed.
    pub async fn unsigned_project(&self, name: &str, protocol: &str) -> ProjectId {
        let mut grants = Vec::new();
        for role in Role::ALL {
            grants.push((self.person(&format!("{role}@{name}")).await, *role));
        }
        let all = self.person(&format!("everything@{name}")).await;
        grants.extend(Role::ALL.iter().map(|role| (all, *role)));
        self.pipeline.make_project_as(Actor::system(), name, protocol, &grants).await.unwrap().id
    }

    pub async fn ingest(&self, project: ProjectId, paths: Vec<PathBuf>) -> IngestReport {
        let quiet = Arc::new(|_| {});
        let report = self.pipeline.ingest_as(Actor::console(), None, project, paths, quiet).await.unwrap();
        self.pipeline.drain(Arc::new(|_| {})).await.unwrap();
        report
    }
}

/// The folder of real samples, or `None` with a word on the terminal.
pub fn samples(part: &str) -> Option<PathBuf> {
    match std::env::var_os("COUNTERSIGN_SAMPLES") {
        Some(folder) => Some(PathBuf::from(folder).join(part)),
        None => {
            println!("skipped: COUNTERSIGN_SAMPLES not set");
            None
        }
    }
}
