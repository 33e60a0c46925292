//! Opening what a command works on.

use std::{path::Path, sync::Arc};

use countersign_pipeline::{Pipeline, people::NewUser};
use countersign_store::{Store, StoreConfig};

use crate::{
    cli::Place,
    fault::{Fault, Outcome},
    lock::WorkerLock,
    real::{SystemClock, SystemIds},
};

/// Where the store keeps things.
pub fn config(place: &Place) -> StoreConfig {
    StoreConfig {
        data: place.data.clone(),
        database: place.database.clone(),
        vault: place.vault.clone(),
        keyring: place.keyring.clone(),
    }
}

/// Opens the store, making the data directory on first use.
pub async fn open(place: &Place) -> Outcome<Store> {
    let config = config(place);
    Ok(Store::open(&config, Arc::new(SystemClock::new()), Arc::new(SystemIds)).await?)
}

/// Opens the store of a data directory that must exist: a wrong path makes no new one.
pub async fn open_existing(place: &Place) -> Outcome<Store> {
    if is_installation(&place.data) {
        return open(place).await;
    }
    let message = "There is no data here. Give the directory that `countersign serve --data` uses.";
    Err(Fault::new("no_data", message).at(place.data.display()))
}

/// Whether a folder is a data directory.
pub fn is_installation(data: &Path) -> bool {
    data.join("keys").is_dir()
}

/// Joins those who run jobs; the work of those who were killed becomes free at once.
pub async fn join_workers(data: &Path, store: &Store) -> Outcome<WorkerLock> {
    let lock = WorkerLock::join(data)?;
    if lock.was_alone {
        store.free_jobs().await?;
    }
    Ok(lock)
}

/// Makes the owner's account if this is the first start.
pub async fn first_start(pipeline: &Pipeline) -> Outcome<Option<NewUser>> {
    Ok(pipeline.first_start().await?)
}
