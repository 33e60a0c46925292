//! The reads behind the accepted ones, in a file of the package.

use std::io::Write;

use countersign_exchange::native;
use countersign_store::{Conn, comparisons, lineage as shown, reads, releases, suggestions};
use countersign_workflow::suggestions::Plant;

use super::{
    material::Material,
    pack::{Lines, Package, export_failed, sink, sink_failed, write_failed},
};
use crate::{
    Result,
    compare::individual_reads,
    lineage::{Drafted, identity, lineage},
    save::current_annotations,
    suggestions::{Said, WITH_SUGGESTIONS},
    views::author,
};

/// The format since which packages hold each read whatever the protocol, and how each label came about.
pub(super) const WITH_LINEAGE: u32 = 3;

/// Said where several people read independently.
pub(super) const READS_FORMAT: &str = "
reads.jsonl        Every read behind an accepted one, each as one line with its author and hash, then its annotations. A
                   read that decided between others carries the reason.
";
/// Said where each label carries its lineage.
pub(super) const LINEAGE_FORMAT: &str = "
reads.jsonl        Drafts of models are among the reads, with \"model\": the SHA-256 of the model and what it is over (\"file\":
                   its bytes; \"declaration\": its name, version and settings, where there is no file). \"draft_shown\" of a
                   person's read says that the draft was shown to them before the read was locked, since when and by which
                   visibility; the server recorded it then. Behind the annotations of a read follows one line \"lineage\" per
                   label: who made it, the model that drafted it and how sure it was, whether the draft was shown, and what
                   became of the draft's label: unchanged, moved, reclassed, answered (another attribute), deleted, added; with
                   the overlap of both marks. Reads made before this was recorded say nothing of what was shown.
";

/// Writes every read behind the accepted ones: what each person saw is evidence beside what was accepted.
pub(super) async fn write_reads(
    package: &mut Package,
    conn: &mut Conn,
    release: &releases::Release,
) -> Result<()> {
    package.begin_file("reads.jsonl").map_err(write_failed)?;
    let mut out = sink(package);
    let mut lines = Lines::of(release.id);
    let told = release.format >= WITH_LINEAGE;
    while let Some(m) = lines.next(conn).await? {
        let decided = comparisons::adjudications(conn, m.item.id).await?;
        let shows = if told { shown::of_item(conn, m.item.id).await? } else { Vec::new() };
        let plant =
            if release.format >= WITH_SUGGESTIONS { plant_of(conn, release, &m).await? } else { None };
        let mut draft = None;
        for read in individual_reads(conn, m.item.id).await? {
            let (Some(at), Some(content_hash)) = (read.submitted_at, read.content_hash.clone()) else {
                continue;
            };
            if at > release.created_at {
                continue;
            }
            let annotations = current_annotations(conn, read.id).await?;
            let show = shows.iter().find(|show| show.read_id == read.id);
            let head = native::ReadLine {
                item_id: m.item.id,
                read_id: read.id,
                stage: read.stage,
                kind: read.kind,
                author: author(&read)?,
                submitted_at: at.to_string(),
                content_hash,
                reason: decided
                    .iter()
                    .find(|ruling| ruling.read_id == read.id)
                    .map(|ruling| ruling.reason.clone()),
                model: identity(&read).filter(|_| told),
                draft_shown: show.map(shown_line),
                annotations: 0,
            };
            native::write_read(&mut out, head, &annotations).map_err(export_failed)?;
            if told {
                let behind = (&mut draft, plant.as_ref());
                write_lineage(&mut out, &read, annotations, behind, show.is_some())?;
            }
        }
    }
    out.flush().map_err(sink_failed)?;
    drop(out);
    package.end_file().map_err(write_failed)
}

/// What was made wrong in an item's draft, as far as it was opened when the release began.
async fn plant_of(
    conn: &mut Conn,
    release: &releases::Release,
    material: &Material,
) -> Result<Option<Plant>> {
    let row = suggestions::of_item(conn, material.item.id).await?;
    let row = row.filter(|row| row.opened_at.is_some_and(|at| at <= release.created_at));
    Ok(row.map(|row| Said::of(&row)).transpose()?.flatten().and_then(|said| said.plant))
}

fn shown_line(show: &shown::ShownDraft) -> native::DraftShown {
    native::DraftShown { read_id: show.draft_id, how: show.how.clone(), at: show.at.to_string() }
}

/// How the labels of one read came about. A draft is locked before anybody reads, so it comes first.
fn write_lineage(
    out: &mut impl Write,
    read: &reads::Read,
    annotations: Vec<countersign_model::Annotation>,
    (draft, plant): (&mut Option<Drafted>, Option<&Plant>),
    shown: bool,
) -> Result<()> {
    let lines = if read.author_model.is_some() {
        *draft = Drafted::of(read, annotations.clone());
        lineage(&annotations, None, (false, read.cannot_assess), plant)
    } else {
        lineage(&annotations, draft.as_ref(), (shown, read.cannot_assess), plant)
    };
    native::write_lineage(out, lines).map_err(export_failed)
}
