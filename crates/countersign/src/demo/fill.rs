//! Demo data: made from seeds, brought in through the ordinary intake.

use std::{path::Path, sync::Arc};

use countersign_model::{ProjectId, Role, UserId};
use countersign_pipeline::{Pipeline, PipelineError, release::Selection};
use countersign_store::{Actor, jobs, protocols};
use countersign_synthesis::{parts, phantom, scene};

use super::{people, walk};
use crate::{
    fault::{Fault, Outcome},
    meter::{Meter, Unit},
    output::note,
};

/// Projects of the demo: name, protocol.
const STUDIES: (&str, &str) = ("CT phantom", "radiology");
const SCENES: (&str, &str) = ("City drive", "driving");
const PARTS: (&str, &str) = ("Board inspection", "inspection");
/// Two people read each study without knowing of each other.
const TWICE: (&str, &str) = ("Blind double reading", "radiology_double");
/// Not declared public: its one scene waits for the privacy officer.
const WAITING: (&str, &str) = ("Street review", "driving");

/// Seeds; another seed is another world.
const STUDY_SEEDS: [u64; 2] = [7, 11];
const TWICE_SEEDS: [u64; 1] = [13];
const SCENE_SEED: u64 = 5;
const WAITING_SEED: u64 = 23;
const PARTS_SEED: u64 = 41;
const SCENE_FRAMES: usize = 6;
const PARTS_COUNT: usize = 12;
/// Edge of a CT slice, pixels: half of what scanners make, so that the first start is short.
const STUDY_PX: usize = 256;

/// A file to be: relative path and bytes.
type Files = Vec<(String, Vec<u8>)>;

/// Fills an installation. What an earlier, interrupted fill made is found and kept.
pub async fn fill(pipeline: &Pipeline) -> Outcome<()> {
    let grants = people::ensure(pipeline).await?;
    let made = make_files().await?;
    for ((name, protocol), files, is_public) in [
        (STUDIES, made.studies, false),
        (TWICE, made.twice, false),
        (SCENES, made.scenes, true),
        (PARTS, made.parts, false),
        (WAITING, made.waiting, false),
    ] {
        let project = ensure_project(pipeline, name, protocol, &grants).await?;
        if is_public {
            declare(pipeline, project, &grants).await?;
        }
        note(&format!("  {name}: {} files", files.len()));
        bring_in(pipeline, project, files).await?;
    }
    drain(pipeline).await?;
    let board = ensure_project(pipeline, PARTS.0, PARTS.1, &grants).await?;
    let drive = ensure_project(pipeline, SCENES.0, SCENES.1, &grants).await?;
    note("  letting the demo accounts do some of the work");
    walk::ahead(pipeline, board, "quality").await?;
    walk::ahead(pipeline, drive, "reviewer").await?;
    release(pipeline, board, &grants).await
}

/// What the projects begin with.
struct Made {
    studies: Files,
    twice: Files,
    scenes: Files,
    parts: Files,
    waiting: Files,
}

/// CT studies from seeds, each in a folder of its own.
fn studies_of(seeds: &[u64]) -> Files {
    let options = phantom::Options { size_px: STUDY_PX, ..phantom::Options::default() };
    let made = seeds.iter().flat_map(|seed| {
        let study = phantom::ct_study(*seed, &options);
        study.instances.into_iter().map(move |it| (format!("study-{seed}/{}", it.file_name), it.bytes))
    });
    made.collect()
}

/// The three makers run beside each other: they only compute.
async fn make_files() -> Outcome<Made> {
    let meter = Meter::new("drawing a CT phantom, a street and circuit boards", Unit::Count, 0);
    let studies = tokio::task::spawn_blocking(|| (studies_of(&STUDY_SEEDS), studies_of(&TWICE_SEEDS)));
    let scenes = tokio::task::spawn_blocking(|| {
        let options = scene::Options::default();
        (
            scene::driving_scene(SCENE_SEED, SCENE_FRAMES, &options)
                .frames
                .iter()
                .flat_map(|f| f.files(true))
                .collect(),
            scene::driving_scene(WAITING_SEED, 1, &options)
                .frames
                .iter()
                .flat_map(|f| f.files(true))
                .collect(),
        )
    });
    let parts = tokio::task::spawn_blocking(|| {
        let made = parts::lot(PARTS_SEED, PARTS_COUNT, &parts::Options::default());
        made.iter().flat_map(|part| part.files(true)).collect::<Files>()
    });
    let failed = |error: tokio::task::JoinError| Fault::new("internal", error.to_string());
    let (studies, twice) = studies.await.map_err(failed)?;
    let (scenes, waiting): (Files, Files) = scenes.await.map_err(failed)?;
    let parts = parts.await.map_err(failed)?;
    meter.done();
    Ok(Made { studies, twice, scenes, parts, waiting })
}

async fn ensure_project(
    pipeline: &Pipeline,
    name: &str,
    protocol: &str,
    grants: &[(UserId, Role)],
) -> Outcome<ProjectId> {
    let project = match pipeline.project_named(name).await? {
        Some(project) => project,
        None => pipeline.make_project_as(Actor::system(), name, protocol, grants).await?,
    };
    if !protocols::is_open_for_work(&mut *pipeline.store.read().await?, project.id).await? {
        people::sign_protocol(pipeline, project.id, project.protocol_version).await?;
    }
    Ok(project.id)
}

async fn declare(pipeline: &Pipeline, project: ProjectId, grants: &[(UserId, Role)]) -> Outcome<()> {
    let officer = grants.iter().find(|(_, role)| *role == Role::PrivacyOfficer).map(|(user, _)| *user);
    let Some(officer) = officer else { return Ok(()) };
    match pipeline.declare_public_as(Actor::system(), officer, project).await {
        Err(PipelineError::Refused(refusal)) if refusal.code == "already_declared" => Ok(()),
        other => Ok(other?),
    }
}

async fn bring_in(pipeline: &Pipeline, project: ProjectId, files: Files) -> Outcome<()> {
    let folder = pipeline.store.scratch()?;
    let written = write_files(&folder, &files);
    let outcome = match written {
        Ok(()) => pipeline
            .ingest_as(Actor::system(), None, project, vec![folder.clone()], Arc::new(|_| {}))
            .await
            .map_err(Fault::from),
        Err(error) => Err(Fault::file(&folder, &error)),
    };
    // Scratch: whatever could not be removed is removed with the folder at the next start.
    let _ = std::fs::remove_dir_all(&folder);
    let report = outcome?;
    if let Some(refusal) = report.refusals.first() {
        return Err(Fault::new(&refusal.code, refusal.message.clone()).at(&refusal.name));
    }
    Ok(())
}

fn write_files(folder: &Path, files: &Files) -> std::io::Result<()> {
    for (name, bytes) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, bytes)?;
    }
    Ok(())
}

/// Gate and drafts of everything that came in.
async fn drain(pipeline: &Pipeline) -> Outcome<()> {
    let mut open = 0;
    for project in countersign_store::projects::list(&mut *pipeline.store.read().await?).await? {
        open += jobs::count(&mut *pipeline.store.read().await?, project.id).await?.0;
    }
    // Every gate job that passes makes a job for a draft.
    let meter = Arc::new(Meter::new("de-identifying and drafting", Unit::Count, open * 2));
    let shown = Arc::clone(&meter);
    pipeline.drain(Arc::new(move |done| shown.at(done, (open * 2).max(done)))).await?;
    meter.done();
    Ok(())
}

async fn release(pipeline: &Pipeline, project: ProjectId, grants: &[(UserId, Role)]) -> Outcome<()> {
    let scientist = grants.iter().find(|(_, role)| *role == Role::DataScientist).map(|(user, _)| *user);
    let made = pipeline
        .make_release_as(Actor::system(), scientist, project, "first boards", Selection::AllAccepted)
        .await;
    match made {
        Ok(_) => Ok(()),
        Err(PipelineError::Refused(refusal)) if refusal.code == "name_taken" => Ok(()),
        Err(error) => Err(error.into()),
    }
}
