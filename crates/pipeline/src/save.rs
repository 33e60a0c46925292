//! Saving annotations into a draft read: versions go up, nothing is overwritten.

use std::collections::BTreeMap;

use countersign_model::{
    Annotation, AnnotationId, Author, Contradiction, FrameRef, Protocol, ReadId, UserId, contradiction,
};
use countersign_store::{Conn, Tx, moves, reads};
use serde::{Deserialize, Serialize};

use crate::{
    PipelineError, Result,
    guidelines::version_read,
    moving::Moving,
    relations,
    shapes::{COMPARISONS_MAX, check_shape},
};

/// Most changes in one save.
pub const CHANGES_MAX: usize = 10_000;

/// One change of an annotation in a draft read.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    /// Draw it, or replace its current version.
    Put {
        /// The annotation; the server sets version, author and score.
        annotation: AnnotationInput,
    },
    /// Take it out; its versions stay in the history.
    Remove {
        /// Which.
        id: AnnotationId,
    },
}

/// An annotation as people send it: the server decides version and author.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnnotationInput {
    /// The annotation through all versions; made by the page.
    pub id: AnnotationId,
    /// Class id.
    pub class: String,
    /// Frame it lies on.
    #[serde(default)]
    pub frame: Option<countersign_model::FrameRef>,
    /// Its shape.
    pub shape: countersign_model::Shape,
    /// Attribute values.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, serde_json::Value>))]
    pub attributes: BTreeMap<String, serde_json::Value>,
    /// How it stands to others.
    #[serde(default)]
    pub arrangement: Box<countersign_model::Arrangement>,
    /// Its reader is in doubt about it.
    #[serde(default)]
    pub unclear: Option<Box<countersign_model::Unclear>>,
}

/// What a save left behind.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Saved {
    /// The read's revision now; send it as `If-Match` with the next save.
    pub revision: u64,
    /// The version that each changed annotation has now.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, u32>))]
    pub annotations_versions: BTreeMap<AnnotationId, u32>,
}

/// Saves pending changes if there are any, then gives the read's annotations as they stand.
pub(crate) async fn settle(
    tx: &mut Tx,
    moving: &Moving,
    read: ReadId,
    user: UserId,
    revision: u64,
    changes: &[Change],
) -> Result<Vec<Annotation>> {
    if changes.is_empty() {
        let row = reads::by_id(tx, read).await?.ok_or(PipelineError::NotFound)?;
        if row.revision != revision {
            return Err(PipelineError::StaleRevision { current: row.revision });
        }
    } else {
        save_changes(tx, moving, read, user, revision, changes).await?;
    }
    current_annotations(tx, read).await
}

/// The annotations of a read as they stand.
pub(crate) async fn current_annotations(conn: &mut Conn, read: ReadId) -> Result<Vec<Annotation>> {
    let rows = reads::annotations(conn, read).await?;
    rows.iter()
        .filter_map(|row| row.body.as_deref())
        .map(|body| {
            serde_json::from_str(body).map_err(|e| PipelineError::Internal(format!("annotations.body: {e}")))
        })
        .collect()
}

pub(crate) fn check_required(protocol: &Protocol, annotations: &[Annotation]) -> Result<()> {
    for annotation in annotations {
        let Some(class) = protocol.class(&annotation.class) else { continue };
        for attribute in class.attributes.iter().filter(|attribute| attribute.required) {
            if !annotation.attributes.contains_key(&attribute.id) {
                return Err(PipelineError::bad(
                    "required_attribute",
                    format!("annotation {}", annotation.id),
                    format!("{} needs an answer for {}", class.name, attribute.name),
                ));
            }
        }
    }
    Ok(())
}

/// An answer that something cannot be assessed stands where nothing is marked, and once.
pub(crate) fn check_answers(annotations: &[Annotation]) -> Result<()> {
    let place = |frame: Option<FrameRef>| match frame {
        Some(frame) => format!("frame {} of stream {}", frame.index, frame.stream),
        None => "the item".to_owned(),
    };
    match contradiction(annotations) {
        None => Ok(()),
        Some(Contradiction::Twice(frame)) => Err(PipelineError::refused(
            "answered_twice",
            format!("It is said twice that {} cannot be assessed.", place(frame)),
        )),
        Some(Contradiction::Marked(frame)) => Err(PipelineError::refused(
            "marks_not_assessed",
            format!(
                "You say that {} cannot be assessed, and there are marks on it: remove them or the answer.",
                place(frame)
            ),
        )),
    }
}

pub(crate) async fn save_changes(
    tx: &mut Tx,
    moving: &Moving,
    read: ReadId,
    user: UserId,
    revision: u64,
    changes: &[Change],
) -> Result<Saved> {
    if changes.len() > CHANGES_MAX {
        let message = format!("at most {CHANGES_MAX} in one save");
        return Err(PipelineError::bad("too_many_changes", "changes", message));
    }
    let row = reads::by_id(tx, read).await?.ok_or(PipelineError::NotFound)?;
    if row.revision != revision {
        return Err(PipelineError::StaleRevision { current: row.revision });
    }
    // Versions go up by one per annotation, over all reads that carried it.
    let present: BTreeMap<AnnotationId, u32> = if row.base_read_id.is_none() && row.revision == 0 {
        BTreeMap::new()
    } else {
        moves::versions(tx, read).await?
    };
    let guideline = version_read(tx, user, moving.item.project_id).await?;
    let mut versions = present.clone();
    let mut rows = Vec::with_capacity(changes.len());
    let mut left = COMPARISONS_MAX;
    for (index, change) in changes.iter().enumerate() {
        let (id, body) = match change {
            Change::Put { annotation } => (annotation.id, Some(annotation)),
            Change::Remove { id } => (*id, None),
        };
        let version = versions.get(&id).map_or(1, |version| version + 1);
        if body.is_none() && version == 1 {
            return Err(PipelineError::bad(
                "no_such_annotation",
                format!("changes[{index}].id"),
                "is not in this read",
            ));
        }
        let checked = |input| checked_body(moving, input, (version, user), index, &mut left);
        let body = body.map(checked).transpose()?;
        versions.insert(id, version);
        rows.push(reads::AnnotationRow {
            read_id: read,
            annotation_id: id,
            version,
            seq: row.revision + 1,
            body,
            author_user: Some(user),
            at: tx.now(),
            guideline: guideline.clone(),
        });
    }
    let related = relations::before(tx, &moving.protocol, read, changes).await?;
    reads::annotate(tx, rows).await?;
    if let Some(known) = related {
        relations::check_saved(tx, &moving.protocol, read, changes, &known).await?;
    }
    let count = moves::count_current(tx, read).await?;
    if count as usize > countersign_model::OBJECTS_PER_READ_MAX {
        let message = "the read would hold too many annotations";
        return Err(PipelineError::bad("too_many_objects", "changes", message));
    }
    let Some(next) = reads::advance(tx, read, revision, count).await? else {
        return Err(PipelineError::StaleRevision { current: row.revision });
    };
    let changed = changes
        .iter()
        .map(|change| match change {
            Change::Put { annotation } => annotation.id,
            Change::Remove { id } => *id,
        })
        .filter_map(|id| versions.get(&id).map(|version| (id, *version)))
        .collect();
    Ok(Saved { revision: next, annotations_versions: changed })
}

fn checked_body(
    moving: &Moving,
    input: &AnnotationInput,
    (version, user): (u32, UserId),
    index: usize,
    left: &mut u64,
) -> Result<String> {
    let annotation = Annotation {
        id: input.id,
        version,
        class: input.class.clone(),
        frame: input.frame,
        shape: input.shape.clone(),
        attributes: input.attributes.clone(),
        author: Author::Human { user },
        score: None,
        arrangement: (*input.arrangement).clone(),
        unclear: input.unclear.as_deref().cloned(),
    };
    moving
        .protocol
        .check(&annotation, &moving.item.streams.0)
        .and_then(|()| check_shape(&annotation.shape, left))
        .map_err(|e| PipelineError::annotation(index, annotation.id, &e))?;
    annotation_body(&annotation)
}

/// The canonical text that is stored of an annotation.
pub(crate) fn annotation_body(annotation: &Annotation) -> Result<String> {
    let value = serde_json::to_value(annotation).map_err(|e| PipelineError::Internal(e.to_string()))?;
    Ok(countersign_workflow::canonical_json(&value))
}
