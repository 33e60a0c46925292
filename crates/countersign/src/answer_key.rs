//! `countersign answer-key`: made-up files with known answers, for the benchmarks.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
    process::ExitCode,
};

use countersign_synthesis::IdentifiedInstance;
use serde_json::json;

use crate::{
    cli::AnswerKey,
    fault::{Fault, Outcome},
    output::{Output, count},
};

/// Runs the command.
pub fn run(args: &AnswerKey, out: Output) -> Outcome<ExitCode> {
    let mut instances = countersign_synthesis::cohort(args.seed, args.count);
    if args.companions {
        instances.extend(countersign_synthesis::identified::companions(args.seed));
    }
    write(&args.out, &instances).map_err(|error| Fault::file(&args.out, &error))?;
    let checks: usize = instances.iter().map(|instance| instance.key.checks.len()).sum();
    let said = json!({ "answer_key": { "seed": args.seed, "instances": instances.len(), "checks": checks } });
    let text =
        format!("{} with {}.", count(instances.len() as u64, "instance"), count(checks as u64, "check"));
    out.result(&said, &text);
    Ok(ExitCode::SUCCESS)
}

fn write(folder: &Path, instances: &[IdentifiedInstance]) -> io::Result<()> {
    let files = folder.join("files");
    fs::create_dir_all(&files)?;
    let mut key = BufWriter::new(File::create(folder.join("key.jsonl"))?);
    for instance in instances {
        let path = files.join(&instance.key.file);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, &instance.bytes)?;
        serde_json::to_writer(&mut key, &instance.key).map_err(io::Error::other)?;
        key.write_all(b"\n")?;
    }
    key.flush()
}
