//! `countersign stats`: the quality room for tables of reads, without a server.

mod agreement;
mod audit;
mod bound;
mod consensus;
mod label_errors;
mod measured;
mod plan;
mod probabilities;
mod table;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand, ValueEnum};
use countersign_quality::{BoundError, ReadsError};

use crate::{
    fault::{Fault, Outcome},
    output::Output,
};

/// Arguments of `stats`.
#[derive(Debug, Args)]
#[command(
    after_help = "A table of reads is a CSV file with columns item, reader, answer in any order (question or task, \
worker, annotator or rater, and label are understood too); other columns are passed over."
)]
pub struct Stats {
    /// What is asked.
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// How far readers agree: several coefficients with intervals, and each class by itself.
    Agreement(Agreement),
    /// What each item is by its reads, and how good each reader is.
    Consensus(Consensus),
    /// How many of a lot may be wrong, after a random part of it was checked.
    Bound(Bound),
    /// The smallest sampling plans that accept good batches and return bad ones.
    Plan(Wish),
    /// Which answers are probably wrong: by the other readers, or by a model's probabilities.
    LabelErrors(LabelErrors),
    /// In which order the units of a frozen set are checked.
    Order(audit::Order),
    /// Certify a frozen set from the findings of its audit so far.
    Certify(audit::Certify),
    /// Check that a certificate follows from its inputs.
    Recheck(audit::Recheck),
}

#[derive(Debug, Args)]
struct Agreement {
    /// Table of reads.
    #[arg(value_name = "READS.csv")]
    reads: PathBuf,
    /// What answers are: names, ranks or measured values.
    #[arg(long, value_enum, default_value_t = Scale::Nominal)]
    scale: Scale,
    /// What Cohen's kappa of two readers gives for near misses, by rank: none for names, quadratic for ranks and values, unless
    /// this says otherwise.
    #[arg(long, value_enum)]
    weights: Option<Misses>,
    /// Confidence of the intervals.
    #[arg(long, default_value_t = 0.95)]
    confidence: f64,
    /// Resamples of items for the intervals of percent agreement, alpha and single classes, at most 100000.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    resamples: u32,
    /// The same seed gives the same interval.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Scale {
    Nominal,
    Ordinal,
    Interval,
    Ratio,
}

/// Credit for near misses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Misses {
    None,
    Linear,
    Quadratic,
}

#[derive(Debug, Args)]
struct Consensus {
    /// Table of reads.
    #[arg(value_name = "READS.csv")]
    reads: PathBuf,
    /// How reads are merged.
    #[arg(long, value_enum, default_value_t = Method::DawidSkene)]
    method: Method,
    /// Table of item, answer, probability, reads to write.
    #[arg(long, value_name = "FILE.csv")]
    out: PathBuf,
    /// Table of items and what they are (columns item and truth), to count how many the consensus has right.
    #[arg(long, value_name = "TRUTH.csv")]
    truth: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Method {
    DawidSkene,
    OneCoin,
    Glad,
    Majority,
}

#[derive(Debug, Args)]
struct Bound {
    /// Units in the lot.
    #[arg(long)]
    lot: u64,
    /// Units that were drawn at random and checked.
    #[arg(long)]
    checked: u64,
    /// Units of these that were wrong.
    #[arg(long)]
    errors: u64,
    /// One-sided confidence.
    #[arg(long, default_value_t = 0.95)]
    confidence: f64,
}

#[derive(Debug, Args)]
struct Wish {
    /// Units of a batch; a long run of large batches where absent.
    #[arg(long)]
    lot: Option<u64>,
    /// Share of wrong units with which a batch should be accepted (AQL).
    #[arg(long)]
    good: f64,
    /// Risk of returning one like that.
    #[arg(long, default_value_t = 0.05)]
    producer: f64,
    /// Share of wrong units with which a batch should be returned (LTPD).
    #[arg(long)]
    bad: f64,
    /// Risk of accepting one like that.
    #[arg(long, default_value_t = 0.1)]
    consumer: f64,
}

#[derive(Debug, Args)]
struct LabelErrors {
    /// Table of reads, or of item, label and one column of probabilities per class.
    #[arg(value_name = "FILE.csv")]
    table: PathBuf,
    /// Most suspects to list.
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

/// Runs the command.
pub fn run(args: &Stats, out: Output) -> Outcome<ExitCode> {
    match &args.what {
        What::Agreement(args) => agreement::run(args, out)?,
        What::Consensus(args) => consensus::run(args, out)?,
        What::Bound(args) => bound::run(args, out)?,
        What::Plan(args) => plan::run(args, out)?,
        What::LabelErrors(args) => label_errors::run(args, out)?,
        What::Order(args) => audit::list(args, out)?,
        What::Certify(args) => audit::certificate(args, out)?,
        What::Recheck(args) => audit::recheck(args, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn confidence(value: f64) -> Outcome<f64> {
    if value > 0.0 && value < 1.0 {
        return Ok(value);
    }
    Err(Fault::new("bad_confidence", BoundError::Fraction(value).to_string()).at("--confidence"))
}

/// A table that has no place to point at.
fn no_table(error: &ReadsError) -> Fault {
    let code = match error {
        ReadsError::Empty => "empty",
        ReadsError::TooMany(_) | ReadsError::Classes(_) => "too_large",
        ReadsError::Index { .. } | ReadsError::Twice { .. } => "bad_table",
    };
    Fault::new(code, error.to_string())
}

/// `12.3 %`.
fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// Four digits, or what stands for a coefficient that does not exist.
fn coefficient(value: Option<f64>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| format!("{value:.4}"))
}
