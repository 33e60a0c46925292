//! `countersign protocol`: documents checked without a server, and put into force by whoever signs for it.

use std::{
    fs::File,
    io::{self, BufRead, IsTerminal, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use countersign_model::Instant;
use countersign_pipeline::{
    Pipeline, PipelineError,
    people::{Caller, Credential},
    projects::ProtocolRef,
    protocols::{ProtocolImpact, ProtocolPut, RetiredImpact, StageImpact},
    signing::Components,
};
use countersign_store::projects::Project;
use countersign_workflow::{
    PROTOCOL_BYTES_MAX,
    document::{Fault as DocumentFault, Reading, read_new_document},
};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    cli::Place,
    fault::{Fault, Outcome},
    output::{Output, count},
    place,
};

/// Longest password that is read, bytes.
const PASSWORD_BYTES_MAX: u64 = 1_024;

/// Arguments of `protocol`.
#[derive(Debug, Args)]
pub struct Protocol {
    /// What to do.
    #[command(subcommand)]
    pub act: Act,
}

/// What can be done with protocols.
#[derive(Debug, Subcommand)]
pub enum Act {
    /// Check a document offline: every fault at its line and column. Exit status 1 when there is one.
    Check(Check),
    /// Check a document against the version in force of a project, and count what putting it into force would do there.
    Impact(Impact),
    /// Print the JSON Schema of protocol documents, for editors.
    Schema,
    /// Put a document into force in a project, now or from a later time on, signed by you: the password is read from standard input.
    Put(Put),
    /// Withdraw the version that is signed and waits for its time. The password is read from standard input.
    Withdraw(Withdraw),
    /// Sign the version in force, which nobody has signed yet: work is given out from then on. The password is read from
    /// standard input.
    Sign(Sign),
}

/// Arguments of `protocol check`.
#[derive(Debug, Args)]
pub struct Check {
    /// The document, YAML.
    #[arg(value_name = "FILE.yaml")]
    pub file: PathBuf,
}

/// Arguments of `protocol impact`.
#[derive(Debug, Args)]
pub struct Impact {
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
    /// Name of the project.
    #[arg(long, value_name = "NAME")]
    pub project: String,
    /// The document, YAML, with the number of the version after the one in force.
    #[arg(value_name = "FILE.yaml")]
    pub file: PathBuf,
}

/// Arguments of `protocol put`.
#[derive(Debug, Args)]
pub struct Put {
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
    /// Name of the project.
    #[arg(long, value_name = "NAME")]
    pub project: String,
    /// Your user name: you sign, as on the page.
    #[arg(long, value_name = "NAME")]
    pub login: String,
    /// Why; needed once work has begun under the version in force.
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// From when it is in force, UTC, such as 2026-12-01T06:00:00Z; needs a reason. At once if not given.
    #[arg(long, value_name = "TIME", visible_alias = "effective-at")]
    pub takes_force: Option<Instant>,
    /// The document, YAML, with the number of the version after the one in force.
    #[arg(value_name = "FILE.yaml")]
    pub file: PathBuf,
}

/// Arguments of `protocol withdraw`.
#[derive(Debug, Args)]
pub struct Withdraw {
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
    /// Name of the project.
    #[arg(long, value_name = "NAME")]
    pub project: String,
    /// Your user name: you act as on the page.
    #[arg(long, value_name = "NAME")]
    pub login: String,
    /// Why it does not come into force.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Arguments of `protocol sign`.
#[derive(Debug, Args)]
pub struct Sign {
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
    /// Name of the project.
    #[arg(long, value_name = "NAME")]
    pub project: String,
    /// Your user name: you sign, as on the page.
    #[arg(long, value_name = "NAME")]
    pub login: String,
}

/// Runs the command.
pub async fn run(args: Protocol, out: Output) -> Outcome<ExitCode> {
    match args.act {
        Act::Check(args) => check(&args, out),
        Act::Impact(args) => impact(&args, out).await,
        Act::Schema => {
            let schema = countersign_server::protocol_schema();
            let text = serde_json::to_string_pretty(&schema);
            out.result(&schema, &text.map_err(|error| Fault::new("internal", error.to_string()))?);
            Ok(ExitCode::SUCCESS)
        }
        Act::Put(args) => put(args, out).await,
        Act::Withdraw(args) => withdraw(args, out).await,
        Act::Sign(args) => sign(args, out).await,
    }
}

/// The text of a document; one that is longer than documents may be is not read to its end.
fn text(path: &Path) -> Outcome<String> {
    let fail = |error: io::Error| Fault::file(path, &error);
    let mut bytes = Vec::new();
    let most = PROTOCOL_BYTES_MAX as u64 + 1;
    File::open(path).map_err(fail)?.take(most).read_to_end(&mut bytes).map_err(fail)?;
    String::from_utf8(bytes).map_err(|error| {
        let line = bytes_before(error.as_bytes(), error.utf8_error().valid_up_to());
        Fault::new("bad_yaml", "is no text in UTF-8").at(format!("{}:{line}", path.display()))
    })
}

/// Line of a byte, from 1.
fn bytes_before(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn lines(path: &Path, faults: &[DocumentFault]) -> String {
    let line = |fault: &DocumentFault| {
        let DocumentFault { line, column, path: place, code, message } = fault;
        let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
        format!("{}:{line}:{column}: {place}{message} [{code}]", path.display())
    };
    faults.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn check(args: &Check, out: Output) -> Outcome<ExitCode> {
    let reading = read_new_document(&text(&args.file)?);
    let sound = reading.faults.is_empty();
    let said = json!({ "file": args.file, "sound": sound, "faults": reading.faults });
    let text = match &reading.protocol {
        Some(protocol) if sound => format!(
            "{}: {} version {}, {}, {}: no fault.",
            args.file.display(),
            protocol.id,
            protocol.version,
            count(protocol.classes.len() as u64, "class"),
            count(protocol.stages.len() as u64, "stage"),
        ),
        _ => lines(&args.file, &reading.faults),
    };
    out.result(&said, &text);
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A document against the version in force of a project, with what it would do there. Nothing is kept.
async fn impact(args: &Impact, out: Output) -> Outcome<ExitCode> {
    let document = text(&args.file)?;
    let store = place::open_existing(&args.place).await?;
    let pipeline = Pipeline::new(store.clone())?;
    let checked = async {
        let project = found(&pipeline, &args.project).await.map_err(PutFault::into_fault)?;
        // Whoever sits at the console reads every row anyway.
        Ok::<_, Fault>(pipeline.check_protocol_here(project.id, &document, true).await?)
    };
    let checked = checked.await;
    store.close().await;
    let checked = checked?;
    let sound = checked.faults.is_empty();
    let mut said = vec![lines(&args.file, &checked.faults), lines(&args.file, &checked.warnings)];
    said.push(format!(
        "{} against version {}.",
        count(checked.changes.len() as u64, "change"),
        checked.against
    ));
    said.extend(checked.impact.as_ref().map(counted));
    said.retain(|part| !part.is_empty());
    out.result(&checked, &said.join("\n"));
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What putting a document into force would do, line by line.
fn counted(impact: &ProtocolImpact) -> String {
    let ProtocolImpact {
        finishing,
        starting,
        untouched,
        work,
        stages_added,
        stages_removed,
        unheld,
        retired,
    } = impact;
    let mut lines = vec![format!(
        "{} would finish under the version they began with, {} start under this one, {} stay accepted.",
        count(*finishing, "item"),
        count(*starting, "item"),
        count(*untouched, "item"),
    )];
    if let Some(work) = work {
        lines.push(format!("Open now: {}.", count(work.open_tasks, "task")));
        let line =
            |one: &StageImpact| format!("  {}: {} waiting, {} in work", one.stage, one.waiting, one.in_work);
        lines.extend(work.stages.iter().map(line));
    }
    let lists =
        [("Stages added", stages_added), ("Stages left out", stages_removed), ("Held by nobody", unheld)];
    lines.extend(
        lists
            .iter()
            .filter(|(_, ids)| !ids.is_empty())
            .map(|(what, ids)| format!("{what}: {}.", ids.join(", "))),
    );
    let line = |one: &RetiredImpact| {
        format!(
            "Retired in use: {} ({} in {}).",
            one.class,
            count(one.annotations, "label"),
            count(one.items, "item")
        )
    };
    lines.extend(retired.iter().map(line));
    lines.join("\n")
}

/// The password, from a file or another program. A terminal would show it to whoever looks.
fn password() -> Outcome<Zeroizing<String>> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        let message = "Give your password on standard input, from a file or a password manager: a terminal would show it.";
        return Err(Fault::new("password_shown", message));
    }
    let mut line = Zeroizing::new(String::new());
    let read = stdin.lock().take(PASSWORD_BYTES_MAX).read_line(&mut line);
    read.map_err(|error| Fault::new("io", error.to_string()).at("standard input"))?;
    let word = line.trim_end_matches(['\r', '\n']);
    if word.is_empty() {
        return Err(Fault::new("password_required", "There is no password on standard input."));
    }
    Ok(Zeroizing::new(word.to_owned()))
}

async fn put(args: Put, out: Output) -> Outcome<ExitCode> {
    let document = text(&args.file)?;
    let reading = read_new_document(&document);
    if !reading.faults.is_empty() {
        return refused(&args.file, &reading.faults, out);
    }
    let password = password()?;
    let store = place::open_existing(&args.place).await?;
    let pipeline = Pipeline::new(store.clone())?;
    let outcome = in_person(&pipeline, &args.login, &password, async |caller| {
        put_signed(&pipeline, caller, &args, &document, &reading, &password).await
    });
    let outcome = outcome.await;
    let sequenced = store.sequence().await;
    store.close().await;
    let (version, in_force) = match outcome {
        Err(PutFault::Document(faults)) => return refused(&args.file, &faults, out),
        Err(PutFault::Other(fault)) => return Err(fault),
        Ok(put) => put,
    };
    sequenced?;
    let mut said = json!({ "project": args.project, "version": version, "in_force": in_force });
    let text = match args.takes_force.filter(|_| !in_force) {
        Some(at) => {
            said["effective_at"] = at.0.into();
            format!("{}: version {version} is signed and takes force at {at}.", args.project)
        }
        None => format!("{}: version {version} is in force.", args.project),
    };
    out.result(&said, &text);
    Ok(ExitCode::SUCCESS)
}

/// Withdraws the version that waits for its time.
async fn withdraw(args: Withdraw, out: Output) -> Outcome<ExitCode> {
    let password = password()?;
    let store = place::open_existing(&args.place).await?;
    let pipeline = Pipeline::new(store.clone())?;
    let outcome = in_person(&pipeline, &args.login, &password, async |caller| {
        let project = found(&pipeline, &args.project).await?.id;
        match pipeline.withdraw_protocol(caller, project, &args.reason).await {
            Err(PipelineError::NotFound) => Err(PutFault::Other(unknown(&args.project))),
            done => Ok(done?),
        }
    });
    let outcome = outcome.await;
    let sequenced = store.sequence().await;
    store.close().await;
    outcome.map_err(PutFault::into_fault)?;
    sequenced?;
    let said = json!({ "project": args.project, "withdrawn": true });
    out.result(&said, &format!("{}: the version that waited is withdrawn.", args.project));
    Ok(ExitCode::SUCCESS)
}

/// Signs the version in force.
async fn sign(args: Sign, out: Output) -> Outcome<ExitCode> {
    let password = password()?;
    let store = place::open_existing(&args.place).await?;
    let pipeline = Pipeline::new(store.clone())?;
    let outcome = in_person(&pipeline, &args.login, &password, async |caller| {
        let project = found(&pipeline, &args.project).await?;
        let components = Components { login: Some(args.login.clone()), password: password.to_string() };
        let signed = pipeline.sign_protocol(caller, project.id, project.protocol_version, components).await;
        version_of(signed, &args.project)
    });
    let outcome = outcome.await;
    let sequenced = store.sequence().await;
    store.close().await;
    let version = outcome.map_err(PutFault::into_fault)?;
    sequenced?;
    let said = json!({ "project": args.project, "version": version });
    out.result(&said, &format!("{}: version {version} is signed; work is given out.", args.project));
    Ok(ExitCode::SUCCESS)
}

fn refused(file: &Path, faults: &[DocumentFault], out: Output) -> Outcome<ExitCode> {
    out.result(&json!({ "file": file, "sound": false, "faults": faults }), &lines(file, faults));
    Ok(ExitCode::FAILURE)
}

/// Why nothing was put into force.
enum PutFault {
    /// What the document says, at its lines.
    Document(Vec<DocumentFault>),
    /// Anything else.
    Other(Fault),
}

impl<E: Into<PipelineError>> From<E> for PutFault {
    fn from(error: E) -> Self {
        match error.into() {
            PipelineError::BadProtocol(faults) => Self::Document(faults),
            other => Self::Other(other.into()),
        }
    }
}

impl PutFault {
    fn into_fault(self) -> Fault {
        match self {
            Self::Document(faults) => PipelineError::BadProtocol(faults).into(),
            Self::Other(fault) => fault,
        }
    }
}

/// Signs in, acts, and signs out again: the same doors as on the page, with the same rights and the same evidence.
async fn in_person<T>(
    pipeline: &Pipeline,
    login: &str,
    password: &str,
    act: impl AsyncFnOnce(&Caller) -> Result<T, PutFault>,
) -> Result<T, PutFault> {
    let (secret, _) = pipeline.sign_in(login, password).await?;
    let caller = pipeline.authenticate(&Credential::Session(secret)).await?.ok_or(PipelineError::NotFound)?;
    // As the page: a one-time password signs nothing.
    let outcome = if caller.must_change_password {
        let message = "The one-time password has to be changed on the page before anything is signed.";
        Err(PipelineError::refused("must_change_password", message).into())
    } else {
        act(&caller).await
    };
    pipeline.sign_out(&caller).await?;
    outcome
}

/// The project of a name.
async fn found(pipeline: &Pipeline, name: &str) -> Result<Project, PutFault> {
    pipeline.project_named(name.trim()).await?.ok_or_else(|| PutFault::Other(unknown(name)))
}

fn unknown(name: &str) -> Fault {
    Fault::new("unknown_project", "There is no project of this name.").at(name)
}

/// The version that was put into force or signed. Unknown and forbidden look alike.
fn version_of(done: Result<ProtocolRef, PipelineError>, project: &str) -> Result<u32, PutFault> {
    match done {
        Ok(made) => Ok(made.version),
        Err(PipelineError::NotFound) => Err(PutFault::Other(unknown(project))),
        Err(error) => Err(error.into()),
    }
}

async fn put_signed(
    pipeline: &Pipeline,
    caller: &Caller,
    args: &Put,
    document: &str,
    reading: &Reading,
    password: &str,
) -> Result<(u32, bool), PutFault> {
    let project = found(pipeline, &args.project).await?.id;
    // The document says itself which version it follows.
    let against = reading.protocol.as_ref().map_or(0, |protocol| protocol.version.saturating_sub(1));
    let components = Components { login: Some(args.login.clone()), password: password.to_owned() };
    let (reason, effective_at) = (args.reason.as_deref(), args.takes_force);
    let put = ProtocolPut { against, document, reason, effective_at };
    let put = pipeline.put_protocol_at(caller, project, put, components).await;
    let version = version_of(put, &args.project)?;
    // A time that has come is now.
    let in_force = found(pipeline, &args.project).await?.protocol_version == version;
    Ok((version, in_force))
}
