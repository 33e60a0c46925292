//! What runs: each start and each orderly stop of a server, by which version, and the rules that it decides by. Whoever
//! reads the log later knows under which rules each act was allowed or refused (21 CFR 11.10(e), 45 CFR 164.312(b)).

use countersign_store::{Actor, Evidence, settings};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    Pipeline, PipelineError, Result,
    access::{POLICIES, SCHEMA},
};

/// Where the hash of the rules of the last start is kept.
const RULES: &str = "policies";

/// One run of a server, from its start to its stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run(Uuid);

/// SHA-256 of the access rules and of the words that they are written in.
pub fn rules_hash() -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in [SCHEMA, POLICIES] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

impl Pipeline {
    /// Notes that a server of this version has started: `server.started`, bound to the rules. Where they differ from those
    /// of the start before, `policies.changed` comes with it.
    ///
    /// # Errors
    /// When the store fails: a server that cannot write evidence does not start.
    pub async fn started(&self, version: &str) -> Result<Run> {
        let version = version.to_owned();
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    let run: Uuid = tx.fresh();
                    let rules = rules_hash();
                    let details = serde_json::json!({ "version": version });
                    let before = settings::value(tx, RULES).await?;
                    let started = Evidence::new("server.started", "server", run).content(rules);
                    tx.record(started.details(details.clone()))?;
                    if before.as_deref() != Some(&rules[..]) {
                        let changed = Evidence::new("policies.changed", "policies", run).content(rules);
                        tx.record(changed.details(details))?;
                        settings::set(tx, RULES, rules.to_vec()).await?;
                    }
                    Ok(Run(run))
                })
            })
            .await
    }

    /// Notes that a server stops in order. A start without it was followed by a crash, or by a stop that could not be
    /// written down.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn stopped(&self, run: Run) -> Result<()> {
        self.end_refusals(true).await;
        self.store
            .write::<_, PipelineError, _>(Actor::system(), move |tx| {
                Box::pin(async move {
                    tx.record(Evidence::new("server.stopped", "server", run.0))?;
                    Ok(())
                })
            })
            .await
    }
}
