//! What every test starts from: an empty store of one engine, a clock that only moves when told, counted ids.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use countersign_model::{
    Clock, Facts, Ids, Industry, Instant, ItemId, ItemKind, OrganizationId, ProjectId, Role, StageKind,
    SubjectId, TaskId, UserId,
};
use countersign_store::{
    Actor, Evidence, Json, Store, StoreConfig, StoreError, Tx,
    items::Item,
    projects::{self, Project},
    subjects,
    tasks::Task,
    users::{self, User},
};
use tempfile::TempDir;
use uuid::Uuid;

/// 2026-01-01T00:00:00Z.
pub const START: i64 = 1_767_225_600_000_000;

#[derive(Default)]
pub struct TestClock {
    now: AtomicI64,
    steady: AtomicI64,
}
impl TestClock {
    /// Time passes.
    pub fn advance_seconds(&self, seconds: i64) {
        self.set_by_seconds(seconds);
        self.steady.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Somebody sets the clock.
    pub fn set_by_seconds(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}
impl Clock for TestClock {
    fn now(&self) -> Instant {
        Instant(START + self.now.load(Ordering::SeqCst))
    }

    fn steady_micros(&self) -> i64 {
        self.steady.load(Ordering::SeqCst)
    }
}

/// Ordered ids that differ between processes (databases of one cluster do not share rows, but names do).
pub struct TestIds {
    next: AtomicU64,
    high: u64,
}
impl TestIds {
    pub fn new() -> Self {
        let salt = u64::from(std::process::id());
        Self { next: AtomicU64::new(1), high: 0x0197_0000_0000_7000 | (salt & 0xfff) }
    }
}
impl Ids for TestIds {
    fn fresh(&self) -> Uuid {
        let low = self.next.fetch_add(1, Ordering::SeqCst) | 0x8000_0000_0000_0000;
        Uuid::from_u64_pair(self.high, low)
    }
}

pub struct World {
    pub store: Store,
    pub config: StoreConfig,
    pub clock: Arc<TestClock>,
    pub ids: Arc<TestIds>,
    pub folder: TempDir,
    database: Option<String>,
}

impl World {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig::sqlite(folder.path());
        Self::open(folder, config, None).await
    }

    pub async fn postgres() -> Option<Self> {
        let name = format!("t{}", Uuid::from_bytes(countersign_store::random().unwrap()).simple());
        let cluster = crate::cluster::cluster()?;
        admin(&format!("CREATE DATABASE {name}")).await;
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig { database: Some(cluster.url(&name)), ..StoreConfig::sqlite(folder.path()) };
        Some(Self::open(folder, config, Some(name)).await)
    }

    async fn open(folder: TempDir, config: StoreConfig, database: Option<String>) -> Self {
        let (clock, ids) = (Arc::new(TestClock::default()), Arc::new(TestIds::new()));
        let store = Store::open(&config, clock.clone(), ids.clone()).await.unwrap();
        Self { store, config, clock, ids, folder, database }
    }

    /// Opens the same data again, as after a restart.
    pub async fn reopen(&mut self) {
        self.store.close().await;
        self.store = Store::open(&self.config, self.clock.clone(), self.ids.clone()).await.unwrap();
    }

    /// Removes what the test left on a server.
    pub async fn end(self) {
        self.store.close().await;
        if let Some(name) = &self.database {
            admin(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }

    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Runs a write as the system and expects it to commit.
    pub async fn write<T, F>(&self, work: F) -> T
    where
        F: for<'t> FnOnce(&'t mut Tx) -> futures::future::BoxFuture<'t, Result<T, StoreError>>
            + Send
            + 'static,
        T: Send + 'static,
    {
        self.store.write(Actor::system(), work).await.unwrap()
    }

    /// A project with one user under each given role.
    pub async fn project(&self, roles: &[Role]) -> (ProjectId, Vec<UserId>) {
        let roles = roles.to_vec();
        self.write(move |tx| {
            Box::pin(async move {
                let organization = users::ensure_organization(tx, "Clinic", "own").await?;
                let project = project_of(tx, organization.id);
                let id = project.id;
                projects::insert(tx, project).await?;
                let mut people = Vec::new();
                for role in roles {
                    let user = user_of(tx, organization.id);
                    people.push(user.id);
                    projects_user(tx, id, user, role).await?;
                }
                tx.record(Evidence::new("project.created", "project", id.0).project(id))?;
                Ok((id, people))
            })
        })
        .await
    }

    /// A subject of a project, made on first use.
    pub async fn subject(&self, project: ProjectId, name: &str) -> SubjectId {
        let tag = self.store.keyring().tag(project, &[name]).unwrap();
        self.write(move |tx| {
            Box::pin(async move {
                let (subject, _) = subjects::ensure(tx, project, "patient", &tag).await?;
                tx.record(Evidence::new("subject.opened", "subject", subject.id.0).project(project))?;
                Ok(subject.id)
            })
        })
        .await
    }

    /// Items with one ready task each, at stage 0.
    pub async fn tasks(&self, project: ProjectId, count: usize) -> Vec<(ItemId, TaskId)> {
        self.write(move |tx| {
            Box::pin(async move {
                let items: Vec<_> = (0..count).map(|number| item_of(tx, project, number)).collect();
                let tasks: Vec<_> = items.iter().map(|item| task_of(tx, item)).collect();
                let made = tasks.iter().map(|task| (task.item_id, task.id)).collect();
                countersign_store::items::insert_all(tx, items).await?;
                countersign_store::tasks::insert_all(tx, tasks).await?;
                tx.record(Evidence::new("items.imported", "project", project.0).project(project))?;
                Ok(made)
            })
        })
        .await
    }
}

async fn projects_user(tx: &mut Tx, project: ProjectId, user: User, role: Role) -> Result<(), StoreError> {
    let id = user.id;
    users::insert(tx, user).await?;
    projects::grant(tx, project, id, role).await.map(drop)
}

pub async fn admin(sql: &str) {
    use sqlx::{AssertSqlSafe, Connection};
    let url = crate::cluster::cluster().unwrap().url("postgres");
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

pub fn user_of(tx: &Tx, organization: OrganizationId) -> User {
    let id: UserId = tx.fresh();
    User {
        id,
        organization_id: organization,
        login: format!("user-{id}"),
        printed_name: "A Person".to_owned(),
        password_hash: "-".to_owned(),
        active: true,
        must_change: false,
        failed_count: 0,
        locked_until: None,
        system_roles: Json(vec![]),
        created_at: tx.now(),
    }
}

pub fn project_of(tx: &Tx, organization: OrganizationId) -> Project {
    let id: ProjectId = tx.fresh();
    Project {
        id,
        organization_id: organization,
        name: format!("project {id}"),
        kind: ItemKind::Image,
        industry: Industry::Manufacturing,
        protocol_id: "images".to_owned(),
        protocol_version: 1,
        declared_public_at: None,
        declared_by: None,
        created_at: tx.now(),
    }
}

pub fn item_of(tx: &Tx, project: ProjectId, number: usize) -> Item {
    Item {
        id: tx.fresh(),
        project_id: project,
        ingest_id: None,
        kind: ItemKind::Image,
        name: format!("image {number}"),
        group_key: format!("group {number}"),
        state: "queued".to_owned(),
        stage: Some(0),
        held: false,
        workflow: "{}".to_owned(),
        streams: Json(vec![]),
        facts: Json(Facts::default()),
        modality: None,
        ctdi_vol_mgy: None,
        dlp_mgy_cm: None,
        slice_thickness_mm: None,
        lot: None,
        priority: 0,
        accepted_read_id: None,
        created_at: tx.now(),
        updated_at: tx.now(),
    }
}

pub fn task_of(tx: &Tx, item: &Item) -> Task {
    Task {
        id: tx.fresh(),
        item_id: item.id,
        project_id: item.project_id,
        stage: 0,
        apart: false,
        claimed_at: None,
        doubt: 0.0,
        kind: StageKind::Read,
        role: Role::Annotator,
        state: "ready".to_owned(),
        reserved_for: None,
        lease_user: None,
        lease_until: None,
        fence: 0,
        read_id: None,
        priority: item.priority,
        created_at: tx.now(),
        done_at: None,
        qualification: None,
    }
}

/// Declares a test that runs on both engines.
macro_rules! both {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: World) $body:block)+) => {$(
        mod $name {
            use super::*;

            $(#[$meta])*
            async fn body($world: &mut World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let mut world = World::sqlite().await;
                body(&mut world).await;
                world.end().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(mut world) = World::postgres().await {
                    body(&mut world).await;
                    world.end().await;
                }
            }
        }
    )+};
}
pub(crate) use both;
