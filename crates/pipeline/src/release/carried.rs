//! Labels by the classes in force: what a change of classes decides by itself is done in the files that other programs read.
//! What was signed stays as it is in `annotations.jsonl`.

use std::io::Write;

use countersign_model::{Annotation, Protocol};
use countersign_store::{Conn, ontology, projects, protocols, releases};
use serde::Serialize;

use super::{
    material::{Lookup, Material, internal},
    pack::{Package, add, sink, sink_failed, write_failed},
};
use crate::{
    Result,
    ontology::{OntologyChange, change_of},
};

/// Said where labels are exported by the classes of a later version than they were drawn under.
pub(super) const CARRIED_FORMAT: &str = "
ontology.jsonl     The changes of classes between the protocols that labels were drawn under and the one that was in force
                   when the release was made, one per line, in order. coco.json and kitti/ state each label by the classes
                   of the last of them, as far as the changes say by themselves what becomes of it: merged classes as the
                   one that took their place, attributes by the rule that came with the change. Its protocol is in
                   protocols/. annotations.jsonl has every label as it was signed.
";

/// What lies between the labels of a release and the classes in force when it was made.
pub(super) struct Carried {
    /// The protocol version that each change made, and the change.
    changes: Vec<(u32, OntologyChange)>,
    /// The protocol in force.
    pub protocol: Protocol,
    /// Its text.
    document: String,
}

/// A line of `ontology.jsonl`.
#[derive(Serialize)]
struct Line<'a> {
    protocol_version: u32,
    operations: &'a OntologyChange,
}

impl Carried {
    /// Of a release; `None` where its labels are by the classes in force, or where it was made before labels were carried.
    pub async fn of(
        conn: &mut Conn,
        release: &releases::Release,
        project: &projects::Project,
        lookup: &Lookup,
    ) -> Result<Option<Self>> {
        let Some(to) = release.carried_to else { return Ok(None) };
        let Some(oldest) = lookup.versions.keys().next().copied() else { return Ok(None) };
        let rows = ontology::between(conn, project.id, oldest, to).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let changes = rows.iter().map(|row| Ok((row.to_version, change_of(row)?))).collect::<Result<_>>()?;
        let row = protocols::get(conn, project.id, &project.protocol_id, to).await?;
        let row = row.ok_or_else(|| internal("a release by a protocol version that is not there"))?;
        let protocol = serde_json::from_str(&row.document).map_err(|e| internal(&e.to_string()))?;
        Ok(Some(Self { changes, protocol, document: row.document }))
    }

    /// An item's labels by the classes in force.
    fn labels(&self, drawn_under: u32, labels: &mut [Annotation]) {
        for (version, change) in &self.changes {
            if *version > drawn_under {
                for label in &mut *labels {
                    change.carry(label);
                }
            }
        }
    }

    /// Writes the changes, and the protocol whose classes the exported labels have, unless the package holds it already.
    pub fn write(&self, package: &mut Package, lookup: &Lookup) -> Result<()> {
        package.begin_file("ontology.jsonl").map_err(write_failed)?;
        let mut out = sink(package);
        for (protocol_version, operations) in &self.changes {
            let line = Line { protocol_version: *protocol_version, operations };
            let text = serde_json::to_string(&line).map_err(|e| internal(&e.to_string()))?;
            writeln!(out, "{text}").map_err(sink_failed)?;
        }
        out.flush().map_err(sink_failed)?;
        drop(out);
        package.end_file().map_err(write_failed)?;
        let version = self.protocol.version;
        if lookup.versions.contains_key(&version) {
            return Ok(());
        }
        add(package, &format!("protocols/v{version}.json"), self.document.as_bytes())
    }
}

/// An item as the files for other programs state it.
pub(super) fn carried(by: Option<&Carried>, mut material: Material) -> Material {
    if let Some(by) = by {
        by.labels(material.read.protocol_version, &mut material.annotations);
    }
    material
}
