//! `countersign ingest`: files into a project, with the server stopped or running.

use std::{process::ExitCode, sync::Arc, time::Duration};

use countersign_model::{ProjectId, Role, UserId};
use countersign_pipeline::{
    Pipeline,
    intake::{IngestReport, RefusalView},
    people::NewUser,
};
use countersign_store::{Actor, gate, items, jobs, projects::Project, protocols, users};
use indicatif::HumanBytes;
use serde_json::json;

use crate::{
    cli::Ingest,
    fault::{Fault, Outcome},
    lock::ServeLock,
    meter::{Meter, Unit},
    output::{Output, count, note, table},
    place,
};

/// How often the work of another process is looked at, milliseconds.
const POLL_MILLIS: u64 = 250;
/// Most refusals in the table for people; `--json` has all.
const REFUSALS_SHOWN_MAX: usize = 200;

/// Runs the command.
pub async fn run(args: Ingest, out: Output) -> Outcome<ExitCode> {
    if let Some(path) = args.paths.iter().find(|path| !path.exists()) {
        return Err(Fault::new("not_found", "There is no such file or folder.").at(path.display()));
    }
    let store = match &args.create {
        Some(_) => place::open(&args.place).await?,
        None => place::open_existing(&args.place).await?,
    };
    let pipeline = Pipeline::with_models(store.clone(), args.models.servers())?;
    let outcome = tokio::select! {
        outcome = bring_in(&pipeline, &args, out) => outcome,
        _ = tokio::signal::ctrl_c() => Err(Fault::interrupted()),
    };
    // What was committed gets its place in the log even when the run was cut short.
    let sequenced = store.sequence().await;
    store.close().await;
    let code = outcome?;
    sequenced?;
    Ok(code)
}

async fn bring_in(pipeline: &Pipeline, args: &Ingest, out: Output) -> Outcome<ExitCode> {
    let project = find_project(pipeline, args, out).await?;
    let report = store_files(pipeline, args, project.id).await?;
    if !args.store_only {
        work_off(pipeline, args, project.id).await?;
    }
    let standing = Standing::of(pipeline, project.id).await?;
    let object = json!({
        "project": { "id": project.id, "name": project.name },
        "ingest": report.ingest,
        "items": report.items,
        "records": report.records,
        "refusals": report.refusals,
        "standing": standing,
    });
    out.result(&object, &said(&project, &report, &standing));
    Ok(if report.refusals.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn find_project(pipeline: &Pipeline, args: &Ingest, out: Output) -> Outcome<Project> {
    let found = pipeline.project_named(args.project.trim()).await?;
    match (found, &args.create) {
        (Some(project), Some(wanted)) if project.protocol_id != *wanted => {
            let message = format!("The project exists and runs under the protocol {}.", project.protocol_id);
            Err(Fault::new("other_protocol", message).at(&args.project))
        }
        (Some(project), _) => Ok(project),
        (None, Some(protocol)) => make_project(pipeline, &args.project, protocol, out).await,
        (None, None) => {
            let message = "There is no project of this name. \
                           Make it with --create radiology, driving, inspection or images.";
            Err(Fault::new("unknown_project", message).at(&args.project))
        }
    }
}

/// A project that is made here belongs to those who run the installation.
async fn make_project(pipeline: &Pipeline, name: &str, protocol: &str, out: Output) -> Outcome<Project> {
    if let Some(owner) = place::first_start(pipeline).await? {
        out.result(&json!({ "owner": owner_object(&owner) }), &owner_said(&owner));
    }
    let people = users::list(&mut *pipeline.store.read().await?).await?;
    let owners: Vec<(UserId, Role)> = people
        .iter()
        .filter(|user| user.active && user.system_roles.0.contains(&Role::Owner))
        .map(|user| (user.id, Role::Owner))
        .collect();
    Ok(pipeline.make_project_as(Actor::console(), name, protocol, &owners).await?)
}

/// The owner's first login, for machines.
pub fn owner_object(owner: &NewUser) -> serde_json::Value {
    json!({ "login": owner.user.login, "one_time_password": owner.one_time_password })
}

/// The owner's first login, for people. It is shown here and kept nowhere.
pub fn owner_said(owner: &NewUser) -> String {
    let password = owner.one_time_password.as_deref().unwrap_or_default();
    format!(
        "An account was made for whoever runs this installation. The password is shown this once:\n  login     {}\n  password  {password}",
        owner.user.login
    )
}

async fn store_files(pipeline: &Pipeline, args: &Ingest, project: ProjectId) -> Outcome<IngestReport> {
    let meter = Arc::new(Meter::new("storing", Unit::Bytes, 0));
    let shown = Arc::clone(&meter);
    let report = pipeline
        .ingest_as(
            Actor::console(),
            None,
            project,
            args.paths.clone(),
            Arc::new(move |at| shown.at(at.bytes, at.bytes_total)),
        )
        .await;
    meter.done();
    Ok(report?)
}

/// Gate and drafts, by this process and by the server's worker if one runs: leases keep them apart.
async fn work_off(pipeline: &Pipeline, args: &Ingest, project: ProjectId) -> Outcome<()> {
    let _lock = place::join_workers(&args.place.data, &pipeline.store).await?;
    let (open, ended) = jobs::count(&mut *pipeline.store.read().await?, project).await?;
    if open == 0 {
        return Ok(());
    }
    if ServeLock::is_taken(&args.place.data) {
        note("a server is running here; it shares the work");
    }
    let meter = Arc::new(Meter::new("de-identifying and drafting", Unit::Count, open));
    loop {
        let working = tokio::spawn({
            let pipeline = pipeline.clone();
            async move { pipeline.drain(Arc::new(|_| {})).await }
        });
        let guard = AbortOnDrop(working.abort_handle());
        while !working.is_finished() {
            tokio::time::sleep(Duration::from_millis(POLL_MILLIS)).await;
            show(pipeline, project, ended, &meter).await?;
        }
        drop(guard);
        working.await.map_err(|error| Fault::new("internal", error.to_string()))??;
        if show(pipeline, project, ended, &meter).await? == 0 {
            return Ok(());
        }
        // The rest is leased by somebody else; should they die, their leases end and the next round takes over.
        tokio::time::sleep(Duration::from_millis(POLL_MILLIS)).await;
    }
}

async fn show(pipeline: &Pipeline, project: ProjectId, before: u64, meter: &Meter) -> Outcome<u64> {
    let (open, ended) = jobs::count(&mut *pipeline.store.read().await?, project).await?;
    let done = ended.saturating_sub(before);
    meter.at(done, done + open);
    Ok(open)
}

/// Ends a task with the future that started it.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where the project stands after the run.
#[derive(Debug, serde::Serialize)]
struct Standing {
    /// Items by phase word.
    items: std::collections::BTreeMap<String, u64>,
    /// Entries that wait for a privacy officer.
    gate_open: u64,
    /// Background jobs that wait or run.
    jobs_open: u64,
    /// Work is given out: the protocol in force is signed, or was read under before signing was asked for.
    open_for_work: bool,
}

impl Standing {
    async fn of(pipeline: &Pipeline, project: ProjectId) -> Outcome<Self> {
        let mut conn = pipeline.store.read().await?;
        Ok(Self {
            items: items::count_by_state(&mut conn, project).await?.into_iter().collect(),
            gate_open: gate::count_open(&mut conn, project).await?,
            jobs_open: jobs::count(&mut conn, project).await?.0,
            open_for_work: protocols::is_open_for_work(&mut conn, project).await?,
        })
    }
}

fn said(project: &Project, report: &IngestReport, standing: &Standing) -> String {
    let run = &report.ingest;
    let mut lines = vec![format!(
        "{}: {} ({}) stored, {} known already, {} refused; {}.",
        project.name,
        count(run.stored, "file"),
        HumanBytes(run.bytes),
        run.known,
        run.refused,
        count(report.items, "new item")
    )];
    let phases: Vec<String> =
        standing.items.iter().map(|(phase, items)| format!("{items} {phase}")).collect();
    if !phases.is_empty() {
        lines.push(format!("Items now: {}.", phases.join(", ")));
    }
    if report.records > 0 {
        lines.push(format!("Tables and texts among them: {}.", report.records));
    }
    if standing.gate_open > 0 {
        lines.push(format!("{} for a privacy officer at the gate.", waits(standing.gate_open)));
    }
    if standing.jobs_open > 0 {
        lines.push(format!("{} left to a running server.", count(standing.jobs_open, "job")));
    }
    if !standing.open_for_work {
        let how = "on the page, or with countersign protocol sign";
        lines.push(format!(
            "The protocol is not signed: nobody is given work before an owner signs it, {how}."
        ));
    }
    if !report.refusals.is_empty() {
        lines.push("Refused:".to_owned());
        lines.push(refusal_table(&report.refusals));
    }
    lines.join("\n")
}

fn waits(number: u64) -> String {
    if number == 1 { "1 item waits".to_owned() } else { format!("{number} items wait") }
}

fn refusal_table(refusals: &[RefusalView]) -> String {
    let title = ["FILE", "CODE", "BYTE", "WHY"].map(str::to_owned).to_vec();
    let shown = refusals.iter().take(REFUSALS_SHOWN_MAX).map(|refusal| {
        let offset = refusal.offset.map_or_else(|| "-".to_owned(), |at| at.to_string());
        vec![refusal.name.clone(), refusal.code.clone(), offset, refusal.message.clone()]
    });
    let mut text = table(&std::iter::once(title).chain(shown).collect::<Vec<_>>());
    if refusals.len() > REFUSALS_SHOWN_MAX {
        text.push_str(&format!("\n  … and {} more; --json lists all", refusals.len() - REFUSALS_SHOWN_MAX));
    }
    text
}
