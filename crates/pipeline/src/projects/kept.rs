//! Protocol documents as they are kept: read once, and held against their hashes then.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use countersign_model::{ProjectId, Protocol};
use countersign_store::{Conn, protocols};

use super::internal;
use crate::{
    Pipeline, PipelineError, Result,
    protocols::{
        ProtocolStanding,
        signature::standing,
        void::{check_intact, void},
    },
};

/// Protocol documents that were read, by project, id and version. A version never changes, so nothing goes stale.
/// Only what is as its hash says is kept here, so that nothing is hashed twice.
#[derive(Default)]
pub(crate) struct ProtocolCache {
    read: RwLock<HashMap<VersionKey, Arc<Protocol>>>,
    /// Versions whose signatures were held against their evidence.
    bound: RwLock<HashSet<VersionKey>>,
}

type VersionKey = (ProjectId, String, u32);

impl ProtocolCache {
    fn get(&self, key: &VersionKey) -> Option<Arc<Protocol>> {
        self.read.read().unwrap_or_else(PoisonError::into_inner).get(key).map(Arc::clone)
    }

    fn keep(&self, key: VersionKey, protocol: &Arc<Protocol>) {
        self.read.write().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::clone(protocol));
    }

    pub(crate) fn is_bound(&self, key: &VersionKey) -> bool {
        self.bound.read().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    pub(crate) fn set_bound(&self, key: VersionKey) {
        self.bound.write().unwrap_or_else(PoisonError::into_inner).insert(key);
    }

    /// Forgets a version that was seen to have changed where it is kept: it is read again, and refused.
    pub(crate) fn forget(&self, key: &VersionKey) {
        self.read.write().unwrap_or_else(PoisonError::into_inner).remove(key);
        self.bound.write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl Pipeline {
    /// A named version of a project's protocol. One whose document is not what its hash says is refused (`protocol_void`).
    pub(crate) async fn kept_protocol(
        &self,
        conn: &mut Conn,
        project: ProjectId,
        id: String,
        version: u32,
    ) -> Result<Arc<Protocol>> {
        let key = (project, id, version);
        if let Some(known) = self.protocols.get(&key) {
            return Ok(known);
        }
        let version = protocols::get(conn, project, &key.1, key.2)
            .await?
            .ok_or_else(|| internal("a project without protocol"))?;
        check_intact(&version)?;
        let parsed: Protocol =
            serde_json::from_str(&version.document).map_err(|e| internal(&e.to_string()))?;
        let parsed = Arc::new(parsed);
        self.protocols.keep(key, &parsed);
        Ok(parsed)
    }

    /// The protocol in force to be looked at, void or not, with how it stands.
    pub(super) async fn shown_protocol(
        &self,
        conn: &mut Conn,
        project: ProjectId,
    ) -> Result<(Arc<Protocol>, ProtocolStanding)> {
        let standing = standing(conn, project).await?;
        if standing != ProtocolStanding::Void {
            return Ok((self.protocol(conn, project).await?, standing));
        }
        let row = protocols::current(conn, project).await?.ok_or(PipelineError::NotFound)?;
        self.protocols.forget(&(project, row.id.clone(), row.version));
        let protocol = serde_json::from_str(&row.document).map_err(|_| void(row.version))?;
        Ok((Arc::new(protocol), standing))
    }
}
