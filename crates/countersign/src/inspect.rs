//! `countersign inspect`: the inspector's copy of a project, or of everything, as one file.

use std::process::ExitCode;

use countersign_pipeline::Pipeline;
use countersign_store::Actor;
use indicatif::HumanBytes;
use serde_json::json;

use crate::{
    cli::Inspect,
    fault::{Fault, Outcome},
    meter::{Meter, Unit},
    output::{Output, count},
    place,
};

/// Runs the command.
pub async fn run(args: Inspect, out: Output) -> Outcome<ExitCode> {
    if args.out.exists() {
        let message = "This file exists; a copy does not overwrite.";
        return Err(Fault::new("exists", message).at(args.out.display()));
    }
    let store = place::open_existing(&args.place).await?;
    let pipeline = Pipeline::new(store.clone())?;
    let outcome = make(&pipeline, &args, out).await;
    let sequenced = store.sequence().await;
    store.close().await;
    outcome?;
    sequenced?;
    Ok(ExitCode::SUCCESS)
}

async fn make(pipeline: &Pipeline, args: &Inspect, out: Output) -> Outcome<()> {
    let project = match args.project.as_deref() {
        None => None,
        Some(name) => {
            let found = pipeline.project_named(name.trim()).await?;
            let unknown = || Fault::new("unknown_project", "There is no project of this name.").at(name);
            Some(found.ok_or_else(unknown)?.id)
        }
    };
    let meter = Meter::new("making the copy", Unit::Count, 0);
    let made = pipeline.inspection_copy_as(Actor::console(), project).await;
    meter.done();
    let copy = made?;
    pipeline.deliver_copy(&copy, &args.out)?;
    let text = format!(
        "{}: {} of evidence with {}, {}\n  check it elsewhere: countersign verify {} --key {}",
        args.out.display(),
        count(copy.events, "event"),
        count(copy.signatures, "signature"),
        HumanBytes(copy.bytes),
        args.out.display(),
        args.place.data.join("keys/log.pub").display(),
    );
    let object = json!({
        "file": args.out, "bytes": copy.bytes, "events": copy.events, "signatures": copy.signatures,
    });
    out.result(&object, &text);
    Ok(())
}
