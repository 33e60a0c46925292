//! `countersign stats order`, `certify` and `recheck`: the audit of a frozen set by files, for who has no server.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use clap::Args;
use countersign_quality::certify::{
    Certificate, CertifyError, Finding, Hash, Plan, Unit, VerifyError, certify, order, seed,
};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::table::Rows;
use crate::{
    fault::{Fault, Outcome},
    output::{Output, count},
};

/// Largest plan or certificate, bytes.
const DOCUMENT_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Most units in a table.
const UNITS_MAX: usize = 10_000_000;
/// What stands between classes in a cell.
const BETWEEN: char = '|';

/// What was frozen.
#[derive(Debug, Args)]
pub struct Frozen {
    /// Table of what was frozen: columns unit and classes (separated by |).
    #[arg(value_name = "UNITS.csv")]
    units: PathBuf,
    /// Root over what was frozen, 64 hexadecimal digits.
    #[arg(long, value_name = "HEX")]
    root: String,
}

/// Arguments of `order`.
#[derive(Debug, Args)]
pub struct Order {
    #[command(flatten)]
    frozen: Frozen,
    /// What was entered after freezing.
    #[arg(long)]
    entropy: String,
    /// Units to list, from the first to be checked on.
    #[arg(long, default_value_t = 100)]
    first: usize,
}

/// Arguments of `certify`.
#[derive(Debug, Args)]
pub struct Certify {
    #[command(flatten)]
    frozen: Frozen,
    /// What was entered after freezing.
    #[arg(long)]
    entropy: String,
    /// What was fixed before the first unit was checked (JSON).
    #[arg(long, value_name = "PLAN.json")]
    plan: PathBuf,
    /// Table of findings in the order of the audit: columns unit, errors (classes, separated by |) and severity.
    #[arg(long, value_name = "FINDINGS.csv")]
    findings: PathBuf,
    /// Certificate to write.
    #[arg(long, value_name = "FILE.json")]
    out: PathBuf,
}

/// Arguments of `recheck`.
#[derive(Debug, Args)]
pub struct Recheck {
    #[command(flatten)]
    frozen: Frozen,
    /// Table of findings.
    #[arg(long, value_name = "FINDINGS.csv")]
    findings: PathBuf,
    /// The certificate.
    #[arg(long, value_name = "FILE.json")]
    certificate: PathBuf,
}

/// Lists the order of an audit.
pub fn list(args: &Order, out: Output) -> Outcome<()> {
    let units = units(&args.frozen.units)?;
    let ids: Vec<&str> = units.iter().map(|unit| unit.id.as_str()).collect();
    let seed = seed(root(&args.frozen)?, args.entropy.as_bytes());
    let order: Vec<&str> = order(seed, &ids).into_iter().take(args.first).map(|at| ids[at]).collect();
    let said = json!({ "order": { "seed": seed, "units": units.len(), "first": order } });
    let text = format!("{} with seed {seed}:\n{}", count(units.len() as u64, "unit"), order.join("\n"));
    out.result(&said, &text);
    Ok(())
}

/// Makes a certificate.
pub fn certificate(args: &Certify, out: Output) -> Outcome<()> {
    let plan: Plan = document(&args.plan, "bad_plan")?;
    let (units, findings) = (units(&args.frozen.units)?, findings(&args.findings)?);
    let made = certify(root(&args.frozen)?, args.entropy.as_bytes(), &plan, &units, &findings);
    let made = made.map_err(|error| refused(&args.findings, &error))?;
    let text =
        serde_json::to_string_pretty(&made).map_err(|error| Fault::new("internal", error.to_string()))?;
    fs::write(&args.out, text + "\n").map_err(|error| Fault::file(&args.out, &error))?;
    out.result(&json!({ "certificate": made }), &made.statement());
    Ok(())
}

/// Checks a certificate.
pub fn recheck(args: &Recheck, out: Output) -> Outcome<()> {
    let given: Certificate = document(&args.certificate, "bad_certificate")?;
    let (units, findings) = (units(&args.frozen.units)?, findings(&args.findings)?);
    given.verify(root(&args.frozen)?, &units, &findings).map_err(|error| match error {
        VerifyError::Inputs(error) => refused(&args.findings, &error),
        VerifyError::Differs(field) => Fault::new("does_not_follow", error.to_string())
            .at(format!("{}: {field}", args.certificate.display())),
    })?;
    let said = json!({ "recheck": { "ok": true, "statement": given.statement() } });
    out.result(
        &said,
        &format!("Order and bounds follow from root, entropy, units and findings. {}", given.statement()),
    );
    Ok(())
}

fn refused(path: &Path, error: &CertifyError) -> Fault {
    let code = match error {
        CertifyError::Order { .. } => "out_of_order",
        CertifyError::Twice(_) => "unit_twice",
        CertifyError::Bound(_) | CertifyError::Classes | CertifyError::Earlier(_) => "bad_plan",
        CertifyError::Units(_) | CertifyError::Findings(_) => "bad_table",
    };
    Fault::new(code, error.to_string()).at(path.display())
}

fn root(frozen: &Frozen) -> Outcome<Hash> {
    serde_json::from_value(frozen.root.clone().into())
        .map_err(|_| Fault::new("bad_root", "A root has 64 hexadecimal digits.").at("--root"))
}

fn document<T: DeserializeOwned>(path: &Path, code: &str) -> Outcome<T> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(DOCUMENT_BYTES_MAX + 1).read_to_string(&mut text));
    read.map_err(|error| Fault::file(path, &error))?;
    if text.len() as u64 > DOCUMENT_BYTES_MAX {
        return Err(Fault::new("too_large", "Plans and certificates have at most 4 MiB.").at(path.display()));
    }
    serde_json::from_str(&text).map_err(|error| {
        let place = format!("{}:{}:{}", path.display(), error.line(), error.column());
        Fault::new(code, error.to_string()).at(place)
    })
}

fn units(path: &Path) -> Outcome<Vec<Unit>> {
    let mut rows = Rows::open(path)?;
    let (unit, classes) = (rows.need(&["unit", "item"])?, rows.need(&["classes", "class"])?);
    let mut list = Vec::new();
    while rows.next()? {
        if list.len() == UNITS_MAX {
            return Err(rows.fault("too_large", &format!("A table has at most {UNITS_MAX} units.")));
        }
        list.push(Unit { id: words(&rows, rows.cell(unit)?)?, classes: several(&rows, classes)? });
    }
    Ok(list)
}

fn findings(path: &Path) -> Outcome<Vec<Finding>> {
    let mut rows = Rows::open(path)?;
    let unit = rows.need(&["unit", "item"])?;
    let (errors, severity) = (rows.need(&["errors", "error"])?, rows.column(&["severity"]));
    let mut list = Vec::new();
    while rows.next()? {
        if list.len() == UNITS_MAX {
            return Err(rows.fault("too_large", &format!("A table has at most {UNITS_MAX} findings.")));
        }
        let severity = severity.map_or(Ok(0.0), |column| {
            let value = words(&rows, rows.cell(column)?)?.parse::<f64>().ok();
            let value = value.filter(|value| (0.0..=1.0).contains(value));
            value.ok_or_else(|| rows.fault("bad_severity", "A severity is a number from 0 to 1."))
        })?;
        list.push(Finding {
            unit: words(&rows, rows.cell(unit)?)?,
            errors: several(&rows, errors)?,
            severity,
        });
    }
    Ok(list)
}

fn words(rows: &Rows<'_>, cell: &[u8]) -> Outcome<String> {
    let words = std::str::from_utf8(cell).map_err(|_| rows.fault("bad_csv", "A cell is not UTF-8."))?;
    Ok(words.to_owned())
}

/// Classes in a cell, which may be empty.
fn several(rows: &Rows<'_>, column: usize) -> Outcome<Vec<String>> {
    let Some(cell) = rows.optional(column)? else { return Ok(Vec::new()) };
    Ok(words(rows, cell)?.split(BETWEEN).map(|class| class.trim().to_owned()).collect())
}
