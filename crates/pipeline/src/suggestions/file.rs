//! What a release tells of it: the figures over its items, and what opens the commitments in the log.

use countersign_store::{Conn, items, releases, suggestions};
use serde::Serialize;

use super::{
    SuggestionReport,
    count::count,
    judge::{Case, judge},
};
use crate::{PipelineError, Result, moving::parse_state, release::material::Lookup};

/// The file in the package.
const SUGGESTIONS_FILE: &str = "suggestions.json";
/// The format since which packages hold it.
pub(crate) const WITH_SUGGESTIONS: u32 = 4;
/// Said where it is in the package.
pub(crate) const SUGGESTIONS_FORMAT: &str = "
suggestions.json   Whether people follow the model where it is wrong, over the items in this package: in some drafts the server
                   made one label wrong, some it showed to nobody. \"figures\" says how often what was wrong was still there in what
                   people at each stage handed in or passed on, with its counts and 95 % intervals, and how often first reads were
                   wrong with and without a draft. \"items\" opens what was drawn for each: SHA-256 over \"countersign suggestion
                   arm 1\", a line feed, \"number\" (32 bytes) and \"said\" is in the event \"draft.made\" of the item. Nothing that
                   was made wrong is among the accepted labels, unless people who were not shown the draft drew the same
                   (\"confirmed\"). In reads.jsonl the lineage of a label that was made wrong says so (\"planted\").
";

/// What opens the commitment of one item.
#[derive(Serialize)]
struct Opened<'a> {
    item: String,
    draft: String,
    number: &'a str,
    said: &'a str,
    read_again: bool,
    confirmed: bool,
}

impl<'a> Opened<'a> {
    fn of(row: &'a suggestions::Suggestion) -> Self {
        Self {
            item: row.item_id.to_string(),
            draft: row.draft_id.to_string(),
            number: &row.number,
            said: &row.said,
            read_again: row.kept_at.is_some(),
            confirmed: row.confirmed == Some(true),
        }
    }
}

#[derive(Serialize)]
struct File<'a> {
    figures: &'a SuggestionReport,
    items: Vec<Opened<'a>>,
}

/// The file's name and bytes; `None` where nothing was measured among the items of a release, or its format is
/// from before.
pub(crate) async fn write_suggestions(
    conn: &mut Conn,
    lookup: &mut Lookup,
    release: &releases::Release,
) -> Result<Option<(&'static str, Vec<u8>)>> {
    if release.format < WITH_SUGGESTIONS {
        return Ok(None);
    }
    let rows = suggestions::of_release(conn, release.id, release.created_at).await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut judged = Vec::with_capacity(rows.len());
    for row in &rows {
        let item = items::by_id(conn, row.item_id).await?.ok_or(PipelineError::NotFound)?;
        let state = parse_state(&item.workflow)?;
        let accepted = releases::item(conn, release.id, row.item_id).await?.ok_or(PipelineError::NotFound)?;
        let read = countersign_store::reads::by_id(conn, accepted.read_id).await?;
        let read = read.ok_or(PipelineError::NotFound)?;
        let protocol = lookup.version(conn, read.protocol_version).await?.protocol.clone();
        let case = Case {
            row,
            item: &item,
            state: &state,
            protocol: &protocol,
            accepted: read.id,
            until: Some(release.created_at),
        };
        judged.extend(judge(conn, &case).await?);
    }
    let plan = lookup.newest()?.protocol.suggestions;
    let figures = SuggestionReport {
        planted_share: plan.planted_share,
        control_share: plan.control_share,
        ..count(&judged)?
    };
    let file = File { figures: &figures, items: rows.iter().map(Opened::of).collect() };
    let mut text =
        serde_json::to_vec_pretty(&file).map_err(|error| PipelineError::Internal(error.to_string()))?;
    text.push(b'\n');
    Ok(Some((SUGGESTIONS_FILE, text)))
}
