//! The heart of Countersign: use cases from intake to release.
//!
//! A use case checks access, asks the crafts (imaging, sensors, inspection …) for what they know, lets `workflow`
//! decide, and has the store commit state and evidence together. No HTTP here and no SQL text.

pub mod access;
pub mod accounts;
pub mod adjudicate;
pub mod agreement;
pub mod alerts;
pub mod appeals;
pub mod appraisals;
pub mod attempts;
pub mod batches;
pub mod behind;
pub mod breach;
pub mod campaigns;
pub mod certification;
pub mod clicks;
pub mod compare;
pub mod consensus;
pub mod display;
pub mod draft_models;
pub mod error;
pub mod evidence;
mod exports;
pub mod findings;
mod frames;
pub mod gate;
pub mod gold;
pub mod guidelines;
pub mod history;
pub mod holds;
pub mod home;
pub mod import;
pub mod inspection;
pub mod intake;
pub mod items;
pub mod keys;
pub mod label_errors;
mod lineage;
pub mod live;
pub mod log;
pub mod models;
pub mod monitor;
mod moving;
pub mod names;
pub mod ontology;
pub mod organizations;
pub mod overdue;
pub mod oversight;
pub mod people;
mod pictures;
pub mod pixels;
mod prelabel;
pub mod privacy;
pub mod projects;
pub mod protocols;
pub mod qualifications;
pub mod refused;
mod relations;
pub mod release;
pub mod review;
pub mod rework;
pub mod running;
mod save;
mod secrets;
mod separation;
mod shapes;
pub mod sign;
pub mod signed_acts;
pub mod signing;
mod subjects;
pub mod suggestions;
pub mod tickets;
pub mod tiers;
pub mod vendors;
pub mod views;
pub mod witness;
pub mod work;
mod worker;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_model::ProjectId;
use countersign_store::{KEY_BYTES, Store};
pub use error::{PipelineError, Result};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha20Rng;

use crate::{
    access::{Access, Action, Resource},
    people::Caller,
};

/// Everything a use case needs. Cheap to clone.
#[derive(Clone)]
pub struct Pipeline {
    inner: Arc<Inner>,
}

/// What an operator sets.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seconds without a further instance after which a study that another system stores with us is taken as complete.
    pub stable_age_seconds: i64,
    /// Servers of models that may be given pixels.
    pub models: models::ModelServers,
    /// Who is asked to cosign checkpoints.
    pub witnesses: Vec<witness::WitnessAddress>,
}

/// A minute is what archives wait too before they call a study stable.
const STABLE_AGE_SECONDS: i64 = 60;

impl Default for Settings {
    fn default() -> Self {
        Self {
            stable_age_seconds: STABLE_AGE_SECONDS,
            models: models::ModelServers::default(),
            witnesses: Vec::new(),
        }
    }
}

/// The parts behind [`Pipeline`].
pub struct Inner {
    /// Where things are kept.
    pub store: Store,
    access: Access,
    rng: Mutex<ChaCha20Rng>,
    /// Hash that unknown logins are checked against, so that they take as long as known ones.
    decoy_hash: String,
    passwords: secrets::Passwords,
    protocols: projects::ProtocolCache,
    frame_maps: frames::FrameMaps,
    settings: Settings,
    looking: models::Looking,
    clicking: clicks::Turns,
    refusals: refused::Tally,
    attempts: attempts::Attempts,
    log_readers: exports::Readers,
    estimates: consensus::Estimates,
    /// Wakes the worker of this process.
    work: tokio::sync::Notify,
}

impl std::ops::Deref for Pipeline {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl Pipeline {
    /// Use cases over a store.
    ///
    /// # Errors
    /// When the policies cannot be parsed or the system has no randomness.
    pub fn new(store: Store) -> Result<Self> {
        Self::with(store, Settings::default())
    }

    /// The same, with servers of models that may be given pixels.
    ///
    /// # Errors
    /// As [`Pipeline::new`].
    pub fn with_models(store: Store, models: models::ModelServers) -> Result<Self> {
        Self::with(store, Settings { models, ..Settings::default() })
    }

    /// Use cases over a store, as an operator set them.
    ///
    /// # Errors
    /// As [`Pipeline::new`].
    pub fn with(store: Store, settings: Settings) -> Result<Self> {
        let access = Access::shipped().map_err(PipelineError::Internal)?;
        let seed: [u8; KEY_BYTES] = countersign_store::random()?;
        let mut rng = ChaCha20Rng::from_seed(seed);
        let decoy = secrets::one_time_password(&mut rng);
        let decoy_hash = secrets::hash(&decoy, &rng.random())?;
        Ok(Self {
            inner: Arc::new(Inner {
                store,
                access,
                rng: Mutex::new(rng),
                decoy_hash,
                passwords: secrets::Passwords::start()?,
                protocols: projects::ProtocolCache::default(),
                frame_maps: frames::FrameMaps::default(),
                settings,
                looking: models::Looking::default(),
                clicking: clicks::Turns::default(),
                refusals: refused::Tally::default(),
                attempts: attempts::Attempts::default(),
                log_readers: exports::Readers::default(),
                estimates: consensus::Estimates::default(),
                work: tokio::sync::Notify::new(),
            }),
        })
    }

    fn rng(&self) -> MutexGuard<'_, ChaCha20Rng> {
        // The generator is valid whatever a panicking holder did with its output.
        self.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses unless the policies allow it. Unknown and forbidden look alike.
    fn require(&self, caller: &Caller, action: Action, resource: &Resource) -> Result<()> {
        if self.access.allows(&caller.principal, action, resource) {
            Ok(())
        } else {
            Err(caller.denied_by_policy(action, resource))
        }
    }

    /// Refuses unless the caller may do this on the project; for what must be known before the use case begins, such
    /// as before an upload is taken.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub fn may(&self, caller: &Caller, action: Action, project: ProjectId) -> Result<()> {
        self.require_on(caller, action, project)
    }

    fn require_on(&self, caller: &Caller, action: Action, project: ProjectId) -> Result<()> {
        self.require(caller, action, &Resource::Project(project))
    }

    /// Argon2 takes tens of milliseconds: off the threads that serve requests.
    async fn check_password(&self, password: &str, hash: String) -> Result<bool> {
        let password = password.to_owned();
        self.passwords.run(move || secrets::verify(&password, &hash)).await.ok_or_else(hashing_failed)
    }

    async fn hash_password(&self, password: &str) -> Result<String> {
        let (password, salt) = (password.to_owned(), self.rng().random());
        let hashed = self.passwords.run(move || secrets::hash(&password, &salt)).await;
        Ok(hashed.ok_or_else(hashing_failed)??)
    }
}

fn hashing_failed() -> PipelineError {
    PipelineError::Internal("a password could not be hashed".to_owned())
}

/// Runs work that computes for long on the threads meant for it.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| PipelineError::Internal(error.to_string()))
}
