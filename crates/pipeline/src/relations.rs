//! Relations of a read as a save leaves them.

use std::collections::BTreeSet;

use countersign_model::{Annotation, AnnotationId, Protocol, ReadId, RelationError};
use countersign_store::{Conn, Tx, reads};
use uuid::Uuid;

use crate::{
    PipelineError, Result,
    save::{Change, current_annotations},
};

/// Ids of the relations that are in a read before a save, where it has to be checked afterwards: where it draws one, or where
/// what it takes away may have been an end of one. Most reads have none, and are not read for it.
pub(crate) async fn before(
    conn: &mut Conn,
    protocol: &Protocol,
    read: ReadId,
    changes: &[Change],
) -> Result<Option<BTreeSet<Uuid>>> {
    let draws = changes.iter().any(
        |change| matches!(change, Change::Put { annotation } if !annotation.arrangement.relations.is_empty()),
    );
    let there = !protocol.relations.is_empty() && reads::has_relations(conn, read).await?;
    if !draws && !there {
        return Ok(None);
    }
    let marks = if there { current_annotations(conn, read).await? } else { Vec::new() };
    Ok(Some(ids(&marks)))
}

fn ids(marks: &[Annotation]) -> BTreeSet<Uuid> {
    marks.iter().flat_map(|mark| &mark.arrangement.relations).map(|relation| relation.id).collect()
}

/// Checks the relations that a save left behind. An object that was taken out while a relation leads to it is refused: whoever
/// takes it out takes the relation out with it, so that both are one step.
pub(crate) async fn check_saved(
    tx: &mut Tx,
    protocol: &Protocol,
    read: ReadId,
    changes: &[Change],
    known: &BTreeSet<Uuid>,
) -> Result<()> {
    let marks = current_annotations(tx, read).await?;
    protocol.check_relations(&marks, known).map_err(|(at, error)| refusal(changes, at, &error))
}

/// What is wrong, at the change that holds it, or that took the other end away.
fn refusal(changes: &[Change], at: AnnotationId, error: &RelationError) -> PipelineError {
    let touches = |change: &Change, id: AnnotationId| match change {
        Change::Put { annotation } => annotation.id == id,
        Change::Remove { id: gone } => *gone == id,
    };
    let place = |id| changes.iter().position(|change| touches(change, id));
    let other = match error {
        RelationError::NoSuchObject { to, .. } => Some(*to),
        _ => None,
    };
    let index = place(at).or_else(|| other.and_then(place));
    let place = index.map_or_else(|| "changes".to_owned(), |index| format!("changes[{index}]"));
    PipelineError::bad(error.code(), place, format!("annotation {at}: {error}"))
}
