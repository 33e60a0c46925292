//! No log, no pixel: who was shown which asset, committed before the first byte goes out.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};

use countersign_model::{AssetId, EventId, Instant, ItemId, ProjectId, SessionId, UserId, Zone};
use uuid::Uuid;

use crate::{
    Actor, Address, Conn, Evidence, Store, StoreError, Tx,
    assets::Asset,
    value::{Record, record},
};

/// Exposures remembered in memory; beyond it the memory starts anew and the rows answer.
const REMEMBERED_MAX: usize = 1_000_000;
/// After how long a look that goes on is on record again, microseconds: a UTC hour, as the rows' unique rule has it.
const HOUR_MICROS: i64 = 3_600_000_000;
/// Most assets noted in one write.
pub const EXPOSURES_PER_WRITE_MAX: usize = 1_000;

record! {
    /// A person was shown an asset.
    Exposure in "exposures" {
        /// Id.
        id: Uuid,
        /// Who.
        user_id: UserId,
        /// In which session, or by which token.
        session_id: Uuid,
        /// What.
        asset_id: AssetId,
        /// Item it belongs to.
        item_id: Option<ItemId>,
        /// Project.
        project_id: ProjectId,
        /// Where it lay.
        zone: Zone,
        /// What for: `work`, `browse`, `gate`, `download` …
        purpose: String,
        /// When first in this session and UTC hour.
        at: Instant,
        /// Its evidence.
        event_id: EventId,
    }
}

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Viewer {
    /// The account.
    pub user: UserId,
    /// The session, or the token where there is none.
    pub session: Uuid,
    /// Whether that is a session.
    pub is_session: bool,
}

impl Viewer {
    const fn actor(&self) -> Actor {
        if self.is_session {
            Actor::person(self.user, SessionId(self.session))
        } else {
            Actor::token(self.user)
        }
    }
}

/// Proof that an exposure is committed. Only this room makes it; the bytes that people see cannot be had without it.
#[derive(Clone, Debug)]
pub struct Exposed {
    asset: AssetId,
    project: ProjectId,
    zone: Zone,
    address: Address,
}

impl Exposed {
    fn to(asset: &Asset) -> Self {
        Self { asset: asset.id, project: asset.project_id, zone: asset.zone, address: asset.address.clone() }
    }

    /// The asset that was noted.
    pub const fn asset(&self) -> AssetId {
        self.asset
    }

    pub(crate) const fn project(&self) -> ProjectId {
        self.project
    }

    pub(crate) fn address_in(&self, zone: Zone) -> Result<&Address, StoreError> {
        if self.zone == zone { Ok(&self.address) } else { Err(StoreError::NotFound { place: "blobs" }) }
    }
}

/// Exposures of an hour that are known to be committed, so that the second look in it costs nothing.
#[derive(Default)]
struct OfHour {
    hour: i64,
    known: HashSet<(Uuid, AssetId, String)>,
}

/// What is remembered of the hour that it is.
#[derive(Default)]
pub(crate) struct Remembered(Mutex<OfHour>);

impl Remembered {
    fn has(&self, hour: i64, viewer: Viewer, asset: AssetId, purpose: &str) -> bool {
        let of = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        of.hour == hour && of.known.contains(&(viewer.session, asset, purpose.to_owned()))
    }

    fn add(&self, hour: i64, viewer: Viewer, assets: impl Iterator<Item = AssetId>, purpose: &str) {
        let mut of = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if of.hour != hour || of.known.len() >= REMEMBERED_MAX {
            *of = OfHour { hour, known: HashSet::new() };
        }
        of.known.extend(assets.map(|asset| (viewer.session, asset, purpose.to_owned())));
    }
}

/// Notes that a person is about to be shown an asset, unless this session was noted in this UTC hour before; committed on
/// return.
///
/// # Errors
/// [`StoreError`] of the write: then there is no proof, and nothing may be shown.
pub async fn ensure(
    store: &Store,
    viewer: Viewer,
    asset: &Asset,
    purpose: &'static str,
) -> Result<Exposed, StoreError> {
    ensure_all(store, viewer, std::slice::from_ref(asset), purpose).await?;
    Ok(Exposed::to(asset))
}

/// As [`ensure`] for several assets, such as the frames of a stack, in one write for each
/// [`EXPOSURES_PER_WRITE_MAX`].
///
/// # Errors
/// [`StoreError::LogStopped`] while the log cannot be written; [`StoreError`] of the write.
pub async fn ensure_all(
    store: &Store,
    viewer: Viewer,
    assets: &[Asset],
    purpose: &'static str,
) -> Result<Vec<Exposed>, StoreError> {
    if store.is_log_stopped() {
        return Err(StoreError::LogStopped);
    }
    let (known, hour) = (&store.shared.remembered, store.clock().now().micros().div_euclid(HOUR_MICROS));
    let is_new = |asset: &&Asset| !known.has(hour, viewer, asset.id, purpose);
    let new: Vec<_> = assets.iter().filter(is_new).cloned().collect();
    for part in new.chunks(EXPOSURES_PER_WRITE_MAX) {
        let part = part.to_vec();
        let ids: Vec<_> = part.iter().map(|asset| asset.id).collect();
        store
            .write(viewer.actor(), move |tx| Box::pin(async move { note(tx, viewer, part, purpose).await }))
            .await?;
        known.add(hour, viewer, ids.into_iter(), purpose);
    }
    Ok(assets.iter().map(Exposed::to).collect())
}

async fn note(tx: &mut Tx, viewer: Viewer, assets: Vec<Asset>, purpose: &str) -> Result<(), StoreError> {
    for asset in assets {
        let exposure = Exposure {
            id: tx.fresh(),
            user_id: viewer.user,
            session_id: viewer.session,
            asset_id: asset.id,
            item_id: asset.item_id,
            project_id: asset.project_id,
            zone: asset.zone,
            purpose: purpose.to_owned(),
            at: tx.now(),
            event_id: tx.fresh(),
        };
        let event = exposure.event_id;
        let sql = "INSERT INTO exposures (id, user_id, session_id, asset_id, item_id, project_id, zone, purpose, \
                   at, event_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) \
                   ON CONFLICT (session_id, asset_id, purpose, (at / 3600000000)) DO NOTHING";
        let inserted =
            exposure.values().into_iter().fold(tx.query(sql), crate::Query::bind).execute().await?;
        if inserted > 0 {
            let mut evidence = Evidence::new("asset.shown", "asset", asset.id.0).project(asset.project_id);
            evidence.item = asset.item_id;
            // What the entry itself has no place for is bound by its commitment: where the asset lay, and the session or token.
            let details = serde_json::json!({ "zone": asset.zone, "session": viewer.session });
            tx.record_as(event, evidence.reason(purpose).details(details))?;
        }
    }
    Ok(())
}

/// An exposure by id.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn by_id(conn: &mut Conn, id: Uuid) -> Result<Option<Exposure>, StoreError> {
    conn.query("SELECT * FROM exposures WHERE id = $1").bind(id).optional().await
}

/// Who saw an item's assets, newest first, before the last of the page before: everybody, or one person.
///
/// # Errors
/// [`StoreError`] of the database.
pub async fn of_item(
    conn: &mut Conn,
    item: ItemId,
    only: Option<UserId>,
    before: Option<Uuid>,
    limit: u32,
) -> Result<Vec<Exposure>, StoreError> {
    let whose = if only.is_some() { " AND user_id = $4" } else { "" };
    // Ids are in the order of time.
    let sql = format!(
        "SELECT * FROM exposures WHERE asset_id IN (SELECT id FROM assets WHERE item_id = $1 \
         UNION SELECT asset_id FROM item_assets WHERE item_id = $1) AND id < $2{whose} ORDER BY id DESC LIMIT $3"
    );
    let query = conn.query_built(sql).bind(item).bind(before.unwrap_or(Uuid::max())).bind(limit);
    let query = match only {
        Some(user) => query.bind(user),
        None => query,
    };
    query.scanning().all().await
}
