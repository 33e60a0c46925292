//! `countersign release`: everything accepted in a project, as one package on disk.

use std::process::ExitCode;

use countersign_model::{Audience, ProjectId};
use countersign_pipeline::{
    Pipeline,
    release::{ReleaseView, Selection, Wanted},
};
use countersign_store::{Actor, releases};
use indicatif::HumanBytes;
use serde_json::json;

use crate::{
    cli::Release,
    fault::{Fault, Outcome},
    meter::{Meter, Unit},
    output::{Output, count},
    place,
};

/// Most releases of one project that are counted to find the next number.
const RELEASES_MAX: u32 = 100_000;

/// Runs the command.
pub async fn run(args: Release, out: Output) -> Outcome<ExitCode> {
    if args.out.exists() {
        return Err(
            Fault::new("exists", "This file exists; a release does not overwrite.").at(args.out.display())
        );
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

async fn make(pipeline: &Pipeline, args: &Release, out: Output) -> Outcome<()> {
    let project = pipeline.project_named(args.project.trim()).await?.ok_or_else(|| {
        Fault::new("unknown_project", "There is no project of this name.").at(&args.project)
    })?;
    let release = match &args.existing {
        Some(name) => {
            let made = releases::list(&mut *pipeline.store.read().await?, project.id, RELEASES_MAX).await?;
            let found = made.into_iter().find(|release| release.name == name.trim());
            let unknown =
                || Fault::new("unknown_release", "The project has no release of this name.").at(name);
            pipeline.release_as(found.ok_or_else(unknown)?.id).await?
        }
        None => made(pipeline, args, project.id).await?,
    };
    let bytes = pipeline.copy_release(Actor::console(), release.id, &args.out).await?;
    let text = format!(
        "{} of {}: {}, {}, {} in {}\n  root {}",
        release.name,
        project.name,
        count(release.items, "item"),
        count(release.annotations, "annotation"),
        HumanBytes(bytes),
        args.out.display(),
        release.root.as_deref().unwrap_or_default()
    );
    out.result(&json!({ "release": release, "file": args.out, "bytes": bytes }), &text);
    Ok(())
}

/// A new release of everything that is accepted.
async fn made(pipeline: &Pipeline, args: &Release, project: ProjectId) -> Outcome<ReleaseView> {
    let name = match &args.name {
        Some(name) => name.clone(),
        None => {
            let made = releases::list(&mut *pipeline.store.read().await?, project, RELEASES_MAX).await?;
            format!("release {}", made.len() + 1)
        }
    };
    let meter = Meter::new("making the release", Unit::Count, 0);
    let audience = if args.public { Audience::Public } else { Audience::Internal };
    let wanted = Wanted { items: Selection::AllAccepted, audience, certification: args.certification };
    let made = pipeline.make_release_as(Actor::console(), None, project, &name, wanted).await;
    meter.done();
    Ok(made?)
}
