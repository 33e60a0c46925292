//! `countersign witness`: cosigns the checkpoints of logs as long as they only grow.

use std::{process::ExitCode, sync::Arc};

use countersign_ledger::CosignerKey;
use countersign_server::{Witnessing, serve_witness};
use countersign_store::{StoreError, witness::WitnessFolder};
use serde_json::json;

use crate::{
    cli::{Witness, Witnesses},
    fault::{Fault, Outcome},
    output::{Output, count, note},
    real::SystemClock,
    serve::{Stop, listen},
    verify::{expected_key, read_line},
};
use countersign_pipeline::witness::{WITNESSES_MAX, WitnessAddress};

/// Runs the command.
pub async fn run(args: Witness, out: Output) -> Outcome<ExitCode> {
    let stop = Stop::watch()?;
    let logs = args.log_keys.iter().map(|given| expected_key(given)).collect::<Outcome<Vec<_>>>()?;
    let watched = count(logs.len() as u64, "log");
    let folder =
        WitnessFolder::open(&args.data, args.name.as_deref(), logs).map_err(|error| match error {
            StoreError::Busy => {
                Fault::new("already_served", "Another witness holds this directory.").at(args.data.display())
            }
            other => other.into(),
        })?;
    let listener = listen(args.listen).await?;
    let address = listener.local_addr().map_err(|error| Fault::new("cannot_listen", error.to_string()))?;
    let key = folder.key().to_string();
    out.result(
        &json!({ "address": format!("http://{address}"), "key": key }),
        &format!("A witness of {watched} is ready on http://{address}\n  its key: {key}"),
    );
    let witness = Witnessing::new(folder, Arc::new(SystemClock::new()));
    let served = serve_witness(listener, witness, stop.wait()).await;
    served.map_err(|error| Fault::new("cannot_listen", error.to_string()))?;
    note("stopped");
    Ok(ExitCode::SUCCESS)
}

/// A witness's key line, or a file that holds one.
pub fn witness_key(given: &str) -> Outcome<CosignerKey> {
    let given = given.trim();
    if let Ok(key) = CosignerKey::parse(given) {
        return Ok(key);
    }
    let path = std::path::Path::new(given);
    CosignerKey::parse(&read_line(path)?)
        .map_err(|error| Fault::new("bad_key", error.to_string()).at(path.display()))
}

impl Witnesses {
    /// Each witness with its key, in the order in which they were given.
    pub fn addresses(&self) -> Outcome<Vec<WitnessAddress>> {
        if self.urls.len() != self.keys.len() {
            let message = "Give a --witness-key for each --witness, in the same order.";
            return Err(Fault::new("usage", message));
        }
        if self.urls.len() > WITNESSES_MAX {
            return Err(Fault::new("usage", format!("At most {WITNESSES_MAX} witnesses.")));
        }
        let pairs = self.urls.iter().zip(&self.keys);
        pairs
            .map(|(url, key)| {
                let key = witness_key(key)?;
                WitnessAddress::parse(url, key).map_err(|message| Fault::new("bad_address", message).at(url))
            })
            .collect()
    }
}
