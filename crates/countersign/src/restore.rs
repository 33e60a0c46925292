//! `countersign restore`: a backup becomes a new data directory.

use std::{process::ExitCode, sync::Arc};

use countersign_pipeline::Pipeline;
use countersign_store::Store;
use serde_json::json;

use crate::{
    backup::summary,
    cli::Restore,
    fault::Outcome,
    meter::{Meter, Unit},
    output::Output,
    place,
    real::{SystemClock, SystemIds},
};

/// Runs the command.
pub async fn run(args: Restore, out: Output) -> Outcome<ExitCode> {
    let config = place::config(&args.place);
    let meter = Meter::new("restoring", Unit::Count, 0);
    let report =
        Store::restore(&args.backup, &config, Arc::new(SystemClock::new()), Arc::new(SystemIds)).await;
    meter.done();
    let report = report?;
    // Whoever was erased since the backup was made does not come back, not even until the first start.
    let store = place::open(&args.place).await?;
    let erased = Pipeline::new(store.clone())?.reapply_erasures().await?;
    store.sequence().await?;
    store.close().await;
    let mut text =
        format!("Restored {} to {}; the log was verified.", summary(&report), args.place.data.display());
    if erased > 0 {
        text.push_str(&format!("\n{erased} subjects that were erased since the backup were erased again."));
    }
    out.result(&json!({ "restore": report, "data": args.place.data, "erased_again": erased }), &text);
    Ok(ExitCode::SUCCESS)
}
