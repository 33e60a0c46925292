//! The guideline versions that the labels of a release were made under: which label under which, and their texts.

use std::io::Write;

use countersign_store::{Conn, guidelines, reads, releases};
use serde::Serialize;

use super::pack::{Lines, Package, add, sink, sink_failed, write_failed};
use crate::{PipelineError, Result};

/// Said where labels are stamped with a version of the guideline.
pub(super) const GUIDELINES_FORMAT: &str = "
guidelines.jsonl   One line per label that carries the version of the guideline that its author had read: id and version of
                   the label, version of the guideline. The texts of these versions are in guidelines/; the pictures of
                   their examples are not in the package.
";

/// One label and its rule.
#[derive(Serialize)]
struct Stamp<'a> {
    annotation: String,
    version: u32,
    guideline: &'a str,
}

/// The versions that labels of a release carry, in order of their text.
pub(super) async fn cited(conn: &mut Conn, release: &releases::Release) -> Result<Vec<String>> {
    Ok(guidelines::cited(conn, release.id).await?)
}

/// Writes which label follows which version, and the texts.
pub(super) async fn write_guidelines(
    package: &mut Package,
    conn: &mut Conn,
    release: &releases::Release,
    versions: &[String],
) -> Result<()> {
    package.begin_file("guidelines.jsonl").map_err(write_failed)?;
    let mut out = sink(package);
    let mut lines = Lines::of(release.id);
    while let Some(material) = lines.next(conn).await? {
        for row in reads::annotations(conn, material.read.id).await? {
            let Some(guideline) = row.guideline.as_deref() else { continue };
            let stamp = Stamp { annotation: row.annotation_id.to_string(), version: row.version, guideline };
            let text = serde_json::to_string(&stamp).map_err(|e| PipelineError::Internal(e.to_string()))?;
            writeln!(out, "{text}").map_err(sink_failed)?;
        }
    }
    out.flush().map_err(sink_failed)?;
    drop(out);
    package.end_file().map_err(write_failed)?;
    for row in guidelines::published(conn, release.project_id, u32::MAX >> 1).await?.into_iter().rev() {
        let version = format!("{}.{}.{}", row.major, row.minor, row.patch);
        if versions.contains(&version) {
            add(package, &format!("guidelines/{version}.json"), row.document.as_bytes())?;
        }
    }
    Ok(())
}
