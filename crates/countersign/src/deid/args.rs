//! Arguments of `deid`.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::Args;
use countersign_deid::Profile;

use super::settings::PixelMode;

/// De-identify DICOM files without a server: files, folders and zip archives in, a tree of clean files out.
#[derive(Debug, Args)]
#[command(
    after_help = "The output is DIR/<patient pseudonym>/<study>/<series>/<instance>.dcm. It depends on the
content of the sources, the key and the profile, not on their names, their order or the number of jobs.

What cannot be cleaned or vouched for is quarantined: nothing of it is written to DIR, the report names it
by its position among the sources and says why and where. Repeat the same command to go on after an
interruption: what is finished and unchanged is skipped, and report and maps are whole all the same.
DIR/.countersign holds what is needed for that; no identifier is in it.

Examples:
  countersign deid --key project.key --new-key                    make a key, once per project
  countersign deid --key project.key --out clean export.zip more/
  countersign deid --key project.key --out clean --report clean.jsonl \\
      --uid-map uids.csv --patient-map patients.csv export/

Options of the profile:
  clean_descriptors               keep the words of descriptions that identify nobody
  clean_structured_content        clean dose reports instead of quarantining them
  clean_graphics                  keep what is drawn over images, without its words
  retain_modified_dates           move dates by whole weeks, the same for all of a patient
    year_only                       … keep their year alone
  retain_full_dates               keep dates as they are
  retain_patient_characteristics  keep sex, age (up to 89), height, weight
    zip3                            … and three digits of a postal code where the law allows it
  retain_device_identity, retain_institution_identity, retain_uids
  retain_safe_private             keep private attributes of Table E.3.10-1
  clean_pixel_data                look for text in every image (needs --pixels mask)

The key is as secret as the source: who holds it can link the output to the source. Keep key, maps and
their journal where the source may be kept. What comes out stays pseudonymous for the holder of the key.

Exit status: 0 all files came through, 1 some were quarantined or refused, 2 wrong usage."
)]
pub struct Deid {
    /// Confidentiality profile of PS3.15: `basic`, and any of its options after it, parted by commas.
    #[arg(long, value_name = "PROFILE", default_value = "basic", value_parser = Profile::parse)]
    pub profile: Profile,
    /// File with the project's key: 64 hexadecimal digits, readable by its owner alone (mode 0600).
    #[arg(long, value_name = "FILE", env = "COUNTERSIGN_DEID_KEY")]
    pub key: PathBuf,
    /// Make the key file; it must not exist. Without --out nothing else is done.
    #[arg(long)]
    pub new_key: bool,
    /// Folder to write to; made if absent. One folder holds the output of one key and one profile.
    #[arg(long, value_name = "DIR", required_unless_present = "new_key")]
    pub out: Option<PathBuf>,
    /// What is done about images in which text is not ruled out: `hold` quarantines them, `mask` looks for text
    /// in every frame and paints it over.
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    pub pixels: PixelMode,
    /// Let images pass that are held only because text in their pixels is not ruled out. Recorded in the
    /// report. Reports, documents and videos are held all the same.
    #[arg(long, conflicts_with = "pixels")]
    pub trust_pixels: bool,
    /// Rules for tables of records (CSV), as YAML: `version`, `issuer`, and under `columns` an action per column. A table
    /// with a column without a rule, with free text in a kept column or with a value of another form than its rule expects
    /// is quarantined. Without this option every table is.
    #[arg(long, value_name = "FILE")]
    pub records_rules: Option<PathBuf>,
    /// Write one JSON line per source (keyed hash, output, actions by attribute, reason when quarantined)
    /// and a summary as the last line. No value of a source is in it.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Write source and new UIDs as CSV (id_old,id_new; mode 0600). As secret as the source.
    #[arg(long, value_name = "FILE")]
    pub uid_map: Option<PathBuf>,
    /// Write source Patient IDs and pseudonyms as CSV (id_old,id_new; mode 0600). As secret as the source.
    #[arg(long, value_name = "FILE")]
    pub patient_map: Option<PathBuf>,
    /// Write the positions and names of the sources as CSV (position,name; mode 0600): the report names a
    /// source by its position. Names may identify people.
    #[arg(long, value_name = "FILE")]
    pub source_map: Option<PathBuf>,
    /// Files that are worked on at the same time; as many as there are cores if absent.
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Files, folders (with what is below them) and zip archives.
    #[arg(required_unless_present = "new_key", requires = "out", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}
