//! `countersign backup`: one file with everything, while the server runs or not.

use std::process::ExitCode;

use countersign_store::BackupReport;
use indicatif::HumanBytes;
use serde_json::json;

use crate::{
    cli::Backup,
    fault::Outcome,
    meter::{Meter, Unit},
    output::{Output, count},
    place,
};

/// Runs the command.
pub async fn run(args: Backup, out: Output) -> Outcome<ExitCode> {
    let store = place::open_existing(&args.place).await?;
    let meter = Meter::new("backing up", Unit::Count, 0);
    let report = store.backup(&args.out).await;
    meter.done();
    store.close().await;
    let report = report?;
    let text = format!("Backed up {} to {}.", summary(&report), args.out.display());
    out.result(&json!({ "backup": report, "file": args.out }), &text);
    Ok(ExitCode::SUCCESS)
}

/// What is in a backup, in words.
pub fn summary(report: &BackupReport) -> String {
    let rows = report.tables.iter().map(|table| table.rows).sum();
    format!(
        "{}, {}, {} of the log ({})",
        count(rows, "row"),
        count(report.blobs, "file"),
        if report.log_size == 1 { "1 entry".to_owned() } else { format!("{} entries", report.log_size) },
        HumanBytes(report.bytes)
    )
}
