//! How long "who saw what of whom between two moments" takes over many exposures.
//!
//! `cargo run --release -p countersign-store --example breach_scope -- DIR [EXPOSURES]` fills an empty folder (200 people read
//! studies of 100 images in sessions of five) and prints one JSON object.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

use countersign_model::{
    AssetId, AssetKind, Clock, Ids, Industry, ItemKind, ProjectId, SubjectId, UserId, Zone,
};
use countersign_store::{
    Actor, Evidence, Json, Store, StoreConfig, StoreError,
    assets::Asset,
    exposures::Exposure,
    projects::{self, Project},
    seen::{self, SeenFilter},
    subjects,
    users::{self, User},
};
use uuid::Uuid;

const PEOPLE: u64 = 200;
const SUBJECTS: u64 = 2_000;
const IMAGES: u64 = 100;
const STUDIES_PER_SESSION: u64 = 5;
/// Exposures per write.
const BATCH: u64 = 50_000;

/// A clock that only goes on when told.
struct Hand(AtomicI64);
impl Clock for Hand {
    fn now(&self) -> countersign_model::Instant {
        countersign_model::Instant(self.0.load(Ordering::Relaxed))
    }
}

struct Fresh;
impl Ids for Fresh {
    #[expect(clippy::disallowed_methods, reason = "a benchmark makes ids as the binary does")]
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The same numbers on every run (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
fn mixed(n: u64) -> u64 {
    let z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

struct Town {
    project: ProjectId,
    people: Vec<UserId>,
    assets: Vec<AssetId>,
}

async fn settle(store: &Store) -> Result<Town, StoreError> {
    let town = store.write(Actor::system(), |tx| {
        Box::pin(async move {
            let organization = users::ensure_organization(tx, "Clinic", "own").await?;
            let project: ProjectId = tx.fresh();
            let row = Project {
                id: project,
                organization_id: organization.id,
                name: "bench".into(),
                kind: ItemKind::Study,
                industry: Industry::Healthcare,
                protocol_id: "radiology".into(),
                protocol_version: 1,
                declared_public_at: None,
                declared_by: None,
                created_at: tx.now(),
            };
            projects::insert(tx, row).await?;
            let mut people = Vec::new();
            for number in 0..PEOPLE {
                let id: UserId = tx.fresh();
                people.push(id);
                let user = User {
                    id,
                    organization_id: organization.id,
                    login: format!("reader {number}"),
                    printed_name: format!("Reader {number}"),
                    password_hash: "-".into(),
                    active: true,
                    must_change: false,
                    failed_count: 0,
                    locked_until: None,
                    system_roles: Json(Vec::new()),
                    created_at: tx.now(),
                };
                users::insert(tx, user).await?;
            }
            tx.record(Evidence::new("bench.settled", "project", project.0))?;
            Ok::<_, StoreError>(Town { project, people, assets: Vec::new() })
        })
    });
    town.await
}

async fn bring(store: &Store, town: &mut Town) -> Result<(), StoreError> {
    for number in 0..SUBJECTS {
        let project = town.project;
        let assets = store.write(Actor::system(), move |tx| {
            Box::pin(async move {
                let (subject, _) = subjects::ensure(tx, project, "patient", &format!("tag {number}")).await?;
                let rows: Vec<Asset> = (0..IMAGES)
                    .map(|_| {
                        let id: AssetId = tx.fresh();
                        Asset {
                            id,
                            project_id: project,
                            zone: Zone::Cleared,
                            address: format!("{}{}", id.0.simple(), id.0.simple())
                                .parse()
                                .expect("an address"),
                            kind: AssetKind::Dicom,
                            bytes: 1,
                            content_hash: "00".into(),
                            source_asset_id: None,
                            item_id: None,
                            created_at: tx.now(),
                            external_url: None,
                        }
                    })
                    .collect();
                let ids: Vec<AssetId> = rows.iter().map(|row| row.id).collect();
                tx.insert_all(rows).await?;
                let about =
                    ids.iter().map(|id| subjects::SubjectAsset { asset_id: *id, subject_id: subject.id });
                tx.insert_all(about.collect::<Vec<_>>()).await?;
                tx.record(Evidence::new("bench.brought", "subject", subject.id.0))?;
                Ok::<_, StoreError>(ids)
            })
        });
        town.assets.extend(assets.await?);
    }
    Ok(())
}

async fn look(store: &Store, clock: &Hand, town: &Town, count: u64) -> Result<(), StoreError> {
    let per_session = STUDIES_PER_SESSION * IMAGES;
    let mut done = 0;
    while done < count {
        let begun = clock.0.load(Ordering::Relaxed);
        let batch = BATCH.min(count - done);
        let rows: Vec<(UserId, Uuid, AssetId, i64)> = (done..done + batch)
            .map(|n| {
                let (session, within) = (n / per_session, n % per_session);
                // A step that shares no divisor with their number: the studies of a session differ.
                let study = (mixed(session) % SUBJECTS + within / IMAGES * 397) % SUBJECTS;
                let asset = town.assets[(study * IMAGES + within % IMAGES) as usize];
                let person = town.people[(session % PEOPLE) as usize];
                (person, Uuid::from_u64_pair(7, session), asset, begun + (n - done) as i64 * 20_000)
            })
            .collect();
        let project = town.project;
        store
            .write(Actor::system(), move |tx| {
                Box::pin(async move {
                    let exposures: Vec<Exposure> = rows
                        .into_iter()
                        .map(|(user_id, session_id, asset_id, at)| Exposure {
                            id: tx.fresh(),
                            user_id,
                            session_id,
                            asset_id,
                            item_id: None,
                            project_id: project,
                            zone: Zone::Cleared,
                            purpose: "work".into(),
                            at: countersign_model::Instant(at),
                            event_id: tx.fresh(),
                        })
                        .collect();
                    tx.insert_all(exposures).await?;
                    tx.record(Evidence::new("bench.looked", "project", project.0)).map(drop)
                })
            })
            .await?;
        clock.0.fetch_add(batch as i64 * 20_000, Ordering::Relaxed);
        done += batch;
    }
    Ok(())
}

async fn report(store: &Store, filter: SeenFilter) -> Result<(u64, usize, f64), StoreError> {
    let begun = Instant::now();
    let mut filter = filter;
    let mut sums: HashMap<(UserId, Option<SubjectId>), u64> = HashMap::new();
    loop {
        let (groups, next) = seen::slice(&mut *store.read().await?, filter).await?;
        for group in groups {
            *sums.entry((group.user_id, group.subject_id)).or_default() += group.exposures;
        }
        match next {
            Some(next) if next < filter.to => filter.from = next,
            _ => return Ok((sums.values().sum(), sums.len(), begun.elapsed().as_secs_f64())),
        }
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), StoreError> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().expect("an empty folder"));
    let count = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(10_000_000);
    let clock = Arc::new(Hand(AtomicI64::new(1_767_225_600_000_000)));
    let store = Store::open(&StoreConfig::sqlite(&folder), clock.clone(), Arc::new(Fresh)).await?;
    let mut town = settle(&store).await?;
    bring(&store, &mut town).await?;
    let (begun, filling) = (clock.now(), Instant::now());
    look(&store, &clock, &town, count).await?;
    let filling = filling.elapsed().as_secs_f64();
    let ever =
        SeenFilter { project: None, user: None, subject: None, from: begun, to: clock.now().plus_seconds(1) };
    let (all, pairs, whole) = report(&store, ever).await?;
    let (some, _, person) = report(&store, SeenFilter { user: Some(town.people[3]), ..ever }).await?;
    let day = SeenFilter { to: begun.plus_seconds(86_400), ..ever };
    let (today, _, day) = report(&store, day).await?;
    println!(
        "{{\"exposures\":{all},\"pairs\":{pairs},\"fill_seconds\":{filling:.1},\"everything_seconds\":{whole:.2},\"one_person\":{some},\"one_person_seconds\":{person:.2},\"one_day\":{today},\"one_day_seconds\":{day:.2}}}"
    );
    assert_eq!(all, count, "every exposure is in the report");
    store.close().await;
    Ok(())
}
