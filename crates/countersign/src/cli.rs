//! The command line. Others script against it: names, meanings and exit statuses stay.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use countersign_pipeline::models::ModelServers;

pub use crate::{deid::Deid, protocol::Protocol, stats::Stats};

/// Image annotation for industries where a wrong label costs a life.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    about,
    max_term_width = 110,
    after_help = "A tour, once the product is built:
  countersign demo --data demo --listen 127.0.0.1:8080      start with demo data; it prints accounts and what to try
  countersign ingest --data demo --project 'CT chest' DIR   bring in files, folders or zip archives
  countersign deid --key project.key --out clean DIR        de-identify DICOM files without a server
  countersign release --data demo --project 'PCB line 3' --out parts.zip
  countersign verify parts.zip                              check a release without any server
  countersign verify --log demo                             check the evidence log without any server
  countersign witness --data w --log-key log.pub            cosign its checkpoints, elsewhere
  countersign protocol check protocol.yaml                  every fault of a protocol at its line, without a server
  countersign stats agreement reads.csv                     how far readers agree, from a table item, reader, answer
  countersign backup --data demo --out demo.csbak           while the server runs
  countersign restore --data copy demo.csbak

Exit status: 0 done, 1 refused or a check failed, 2 wrong usage."
)]
pub struct Cli {
    /// Print one JSON object per result instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server. The first start makes an owner account and prints its one-time password.
    Serve(Serve),
    /// Start the server with demo data that the program makes itself, once.
    Demo(Serve),
    /// Bring files into a project: they go to quarantine, are de-identified, and drafted by a model.
    Ingest(Ingest),
    /// De-identify DICOM files without a server: files, folders and zip archives in, a tree of clean files out.
    Deid(Deid),
    /// Make a release of everything accepted in a project and write it as a zip archive.
    Release(Release),
    /// Check a release, or the evidence log of a data directory, without any server.
    Verify(Verify),
    /// Write an inspector's copy: evidence to read, with the proofs that check it on a machine without the server.
    Inspect(Inspect),
    /// Check a protocol's document without a server, print its schema, or put it into force.
    Protocol(Protocol),
    /// Cosign the checkpoints of evidence logs as long as they only grow. Run it where the log's operator has no access.
    Witness(Witness),
    /// Agreement, consensus, bounds and label errors from tables of reads, without a server.
    Stats(Stats),
    /// Write a backup of database, files, log and keys, while the server runs or not.
    Backup(Backup),
    /// Lay a backup out as a new data directory.
    Restore(Restore),
    /// Write made-up DICOM files full of identifiers, and the key of what de-identification must do to them.
    #[command(hide = true)]
    AnswerKey(AnswerKey),
}

/// Arguments of `answer-key`.
#[derive(Debug, Args)]
pub struct AnswerKey {
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Number of instances.
    #[arg(long, default_value_t = 260)]
    pub count: usize,
    /// Also a document, an overlay and a file that is two files at once, of the first patient's study.
    #[arg(long)]
    pub companions: bool,
    /// Folder to write to; gets `files/` and `key.jsonl`.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// Where things are kept.
#[derive(Clone, Debug, Args)]
pub struct Place {
    /// Data directory: database, files, log, keys.
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_DATA")]
    pub data: PathBuf,
    /// PostgreSQL address (postgres://…) instead of SQLite in the data directory.
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// Folder of the vault (the crosswalk and the keys of projects) instead of `vault` in the data directory.
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_VAULT")]
    pub vault: Option<PathBuf>,
    /// Folder of the keyring (one key per subject) instead of `keyring` in the data directory.
    #[arg(long, value_name = "DIR", env = "COUNTERSIGN_KEYRING")]
    pub keyring: Option<PathBuf>,
}

/// Which servers of models may be given pixels.
#[derive(Clone, Debug, Default, Args)]
pub struct Models {
    /// Server of models (Open Inference Protocol 2 over HTTP) that may be given pixels; repeat for more, or put commas
    /// between them. Without one, no pixel leaves.
    #[arg(
        long = "model-server",
        value_name = "HOST:PORT",
        env = "COUNTERSIGN_MODEL_SERVERS",
        value_delimiter = ','
    )]
    pub servers: Vec<String>,
}

impl Models {
    /// As the use cases take them.
    pub fn servers(&self) -> ModelServers {
        ModelServers::new(self.servers.iter().filter(|address| !address.is_empty()).cloned())
    }
}

/// Who is asked to cosign the checkpoints of the log.
#[derive(Clone, Debug, Default, Args)]
pub struct Witnesses {
    /// Witness (C2SP tlog-witness) that is asked after each checkpoint; repeat for more, or put commas between them.
    #[arg(long = "witness", value_name = "URL", env = "COUNTERSIGN_WITNESSES", value_delimiter = ',')]
    pub urls: Vec<String>,
    /// Key of each witness, in the same order: the line that it prints at its start, or a file with it.
    #[arg(long = "witness-key", value_name = "KEY", env = "COUNTERSIGN_WITNESS_KEYS", value_delimiter = ',')]
    pub keys: Vec<String>,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct Inspect {
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
    /// Name of the project; the whole installation if absent.
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// File to write.
    #[arg(long, value_name = "FILE.zip")]
    pub out: PathBuf,
}

/// Arguments of `witness`.
#[derive(Debug, Args)]
pub struct Witness {
    /// Directory of the witness: its key, and one record per log. No other data is in it.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Address to listen on.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8081")]
    pub listen: SocketAddr,
    /// Key of a log to watch (a file with its line, such as keys/log.pub of a data directory, or the line); repeat for more.
    #[arg(long = "log-key", value_name = "KEY", required = true)]
    pub log_keys: Vec<String>,
    /// Name in cosignatures; made from the key if absent.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

/// Arguments of `serve` and `demo`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
    /// Address to listen on.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Servers of models that may be given pixels.
    #[command(flatten)]
    pub models: Models,
    /// Who cosigns the checkpoints of the log.
    #[command(flatten)]
    pub witnesses: Witnesses,
    /// The page is reached over HTTPS (a proxy ends TLS): cookies are marked Secure.
    #[arg(long)]
    pub behind_https: bool,
    /// Seconds without a further instance after which a study that another system stores here (STOW-RS) is complete.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..))]
    pub stable_age: u16,
}

/// Arguments of `ingest`.
#[derive(Debug, Args)]
pub struct Ingest {
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
    /// Name of the project.
    #[arg(long, value_name = "NAME")]
    pub project: String,
    /// Protocol of the project, if it is to be made now: radiology, driving, inspection, images.
    #[arg(long, value_name = "PROTOCOL")]
    pub create: Option<String>,
    /// Servers of models that may be given pixels.
    #[command(flatten)]
    pub models: Models,
    /// Only store; leave de-identification and drafts to a running server.
    #[arg(long)]
    pub store_only: bool,
    /// Files, folders and zip archives.
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

/// Arguments of `release`.
#[derive(Debug, Args)]
pub struct Release {
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
    /// Name of the project.
    #[arg(long, value_name = "NAME")]
    pub project: String,
    /// Name of the release; made from the number of releases if absent.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The release is for the public: refused while a risk that stays in an item, such as a face that can be rebuilt from
    /// slices, is not waived by a privacy officer.
    #[arg(long)]
    pub public: bool,
    /// A finished audit: its items go out instead of all accepted ones, with the certificate of their labels.
    #[arg(long, value_name = "ID")]
    pub certification: Option<countersign_model::CertificationId>,
    /// Writes out a finished release of this name instead of making one: the only way where a release takes two people.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["name", "public", "certification"])]
    pub existing: Option<String>,
    /// File to write.
    #[arg(long, value_name = "FILE.zip")]
    pub out: PathBuf,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// A release, an inspector's copy, the record of a batch, a proof (.tlog-proof), or a proof of consistency together with --kept.
    #[arg(value_name = "FILE", required_unless_present = "log", conflicts_with = "log")]
    pub file: Option<PathBuf>,
    /// A data directory (or its `log` folder) whose evidence log is to be checked.
    #[arg(long, value_name = "DIR")]
    pub log: Option<PathBuf>,
    /// Key that must have signed (a file with a verifier key line, or the line itself).
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Key of a witness (its line, or a file with it): a cosignature in its name must be its own; repeat for more.
    #[arg(long = "witness-key", value_name = "KEY")]
    pub witness_keys: Vec<String>,
    /// How many of these witnesses must have cosigned.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub cosigned_by: usize,
    /// An older checkpoint of the same log that you kept: the log must continue it; repeat for more.
    #[arg(long, value_name = "FILE")]
    pub kept: Vec<PathBuf>,
    /// PostgreSQL address whose rows are compared with the log.
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
}

/// Arguments of `backup`.
#[derive(Debug, Args)]
pub struct Backup {
    /// Where things are kept.
    #[command(flatten)]
    pub place: Place,
    /// File to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Arguments of `restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The new data directory; must be absent or empty.
    #[command(flatten)]
    pub place: Place,
    /// The backup.
    #[arg(value_name = "FILE")]
    pub backup: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_contract_parses() {
        Cli::command().debug_assert();
        for line in [
            "countersign serve --data d --listen 127.0.0.1:1",
            "countersign demo --data d --listen 127.0.0.1:1",
            "countersign serve --data d --model-server models:8000 --model-server 127.0.0.1:8000",
            "countersign ingest --data d --project p a b",
            "countersign deid --key k --new-key",
            "countersign deid --profile basic --key k --out d --report r --uid-map u --patient-map p a b",
            "countersign release --data d --project p --out f.zip",
            "countersign verify f.zip",
            "countersign verify --log d",
            "countersign backup --data d --out f",
            "countersign inspect --data d --project p --out f.zip",
            "countersign witness --data w --log-key a --log-key b --listen 127.0.0.1:1",
            "countersign serve --data d --witness http://127.0.0.1:1 --witness-key k",
            "countersign verify --log d --kept old --kept older --witness-key k --cosigned-by 1",
            "countersign stats agreement r.csv --scale ordinal",
            "countersign stats consensus r.csv --method majority --out f",
            "countersign stats bound --lot 9 --checked 3 --errors 0",
            "countersign stats plan --lot 500 --good 0.01 --bad 0.06",
            "countersign stats label-errors r.csv",
            "countersign restore --data d f",
            "countersign --json verify --log d",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
        for line in [
            "countersign verify",
            "countersign witness --data w",
            "countersign stats",
            "countersign stats consensus r.csv --method guess --out f",
            "countersign deid --key k a",
            "countersign deid --key k --out d",
            "countersign deid --key k --out d --profile none a",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
