//! `countersign restore`: a backup becomes a new data directory.

use std::{process::ExitCode, sync::Arc};

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
    let report = Store::restore(&args.backup, &config, Arc::new(SystemClock), Arc::new(SystemIds)).await;
    meter.done();
    let report = report?;
    let text =
        format!("Restored {} to {}; the log was verified.", summary(&report), args.place.data.display());
    out.result(&json!({ "restore": report, "data": args.place.data }), &text);
    Ok(ExitCode::SUCCESS)
}
