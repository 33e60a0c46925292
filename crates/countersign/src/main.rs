//! The binary: command line and composition. What it does is decided in `pipeline`, `server`, `store`, `ledger`.

mod answer_key;
mod backup;
mod cli;
mod deid;
mod demo;
mod fault;
mod ingest;
mod inspect;
mod lock;
mod logs;
mod meter;
mod output;
mod place;
mod protocol;
mod real;
mod release;
mod restore;
mod serve;
mod stats;
mod verify;
mod witness;

use std::{process::ExitCode, time::Duration};

use clap::{Parser, error::ErrorKind};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    cli::{Cli, Command},
    fault::{Fault, Outcome},
    output::Output,
};

/// Exit status: wrong usage.
const USAGE: u8 = 2;
/// How long work on other threads may take to end, seconds.
const END_SECONDS: u64 = 2;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let out = Output { json: cli.json };
    logs::start(usual_level(&cli.command), cli.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            out.fault(&Fault::new("no_threads", error.to_string()));
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(run(cli.command, out));
    runtime.shutdown_timeout(Duration::from_secs(END_SECONDS));
    outcome.unwrap_or_else(|fault| {
        out.fault(&fault);
        ExitCode::FAILURE
    })
}

async fn run(command: Command, out: Output) -> Outcome<ExitCode> {
    let _too_large = survive_file_limit()?;
    match command {
        Command::Serve(args) => serve::run(args, out).await,
        Command::Demo(args) => demo::run(args, out).await,
        Command::Release(args) => release::run(args, out).await,
        Command::Ingest(args) => ingest::run(args, out).await,
        Command::AnswerKey(args) => answer_key::run(&args, out),
        Command::Deid(args) => deid::run(&args, out),
        Command::Stats(args) => stats::run(&args, out),
        Command::Inspect(args) => inspect::run(args, out).await,
        Command::Protocol(args) => protocol::run(args, out).await,
        Command::Witness(args) => witness::run(args, out).await,
        Command::Verify(args) => verify::run(args, out).await,
        Command::Backup(args) => backup::run(args, out).await,
        Command::Restore(args) => restore::run(args, out).await,
    }
}

/// SIGXFSZ on the systems that this runs on.
const FILE_SIZE_SIGNAL: i32 = 25;

/// A file that reaches the limit of the process is an error like a full disk. Unless the signal is caught, the system
/// ends the process instead.
fn survive_file_limit() -> Outcome<Signal> {
    signal(SignalKind::from_raw(FILE_SIZE_SIGNAL))
        .map_err(|error| Fault::new("no_signals", error.to_string()))
}

/// The level of log lines unless the environment says otherwise.
const fn usual_level(command: &Command) -> &'static str {
    match command {
        Command::Serve(_) | Command::Witness(_) => "info",
        _ => "warn",
    }
}

/// Help and version are answers; everything else is wrong usage, in JSON for who asked for it.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if std::env::args().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        // The first paragraph says what is wrong; the rest repeats the usage.
        let lines: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
        let message = lines.join(" ");
        Output { json: true }.fault(&Fault::new("usage", message.trim_start_matches("error: ")));
    } else {
        let _ = error.print();
    }
    ExitCode::from(USAGE)
}
