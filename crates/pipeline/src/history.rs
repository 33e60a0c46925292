//! What became of one annotation: every version of it in a read, and in the reads that this one began as a copy of.

use countersign_model::{Annotation, AnnotationId, Instant, ReadId, UserId};
use countersign_store::{Conn, items, reads};
use serde::Serialize;

use crate::{Pipeline, PipelineError, Result, moving::parse_state, names::Names, people::Caller};

/// Most versions that are shown of one annotation in one read, the newest ones.
pub const VERSIONS_MAX: u32 = 500;
/// Most annotations that are shown of those that were taken out of a read.
pub const REMOVED_MAX: u32 = 200;
/// Most reads that are gone back through.
const READS_MAX: usize = 32;

/// One version of an annotation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnnotationVersion {
    /// Read that it is a version in.
    pub read: ReadId,
    /// Stage of that read.
    pub stage: u32,
    /// Counts from 1.
    pub version: u32,
    /// When it was saved.
    pub at: Instant,
    /// Printed name of who changed it, for versions that the read's own author made and where names are shown; absent for
    /// machines, too.
    pub author_name: Option<String>,
    /// The annotation as it was then; absent where this version removed it.
    pub annotation: Option<Annotation>,
}

/// The versions of an annotation, oldest first. Nothing was ever saved of it where there are none.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnnotationHistory {
    /// Oldest first.
    pub versions: Vec<AnnotationVersion>,
}

/// An annotation that was taken out of a read and may be put back.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RemovedAnnotation {
    /// As it was when it was taken out.
    pub annotation: Annotation,
    /// Version under which it was taken out; put back it gets the next one.
    pub version: u32,
    /// When that was saved.
    pub at: Instant,
    /// Printed name of who took it out, where names are shown.
    pub author_name: Option<String>,
}

/// What was taken out of a read and is not in it now.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RemovedAnnotations {
    /// The newest removal first.
    pub removed: Vec<RemovedAnnotation>,
    /// Whether there are older ones that are not shown.
    pub more: bool,
}

impl Pipeline {
    /// The annotations that were taken out of a read which the caller may see, the newest removal first, at most
    /// [`REMOVED_MAX`].
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] where the read is not theirs to see.
    pub async fn removed(&self, caller: &Caller, read: ReadId) -> Result<RemovedAnnotations> {
        let (item, is_new, removed, more) = {
            let mut conn = self.store.read().await?;
            let row = self.visible_read(&mut conn, caller, read).await?;
            let item = items::by_id(&mut conn, row.item_id).await?.ok_or(PipelineError::NotFound)?;
            let is_new = self.shows_labels(&mut conn, caller, &item).await?;
            let state = parse_state(&item.workflow)?;
            let protocol = self.protocol_of(&mut conn, &item, &state).await?;
            let names = self.names(caller, item.project_id, &protocol, &state);
            let mut rows = reads::removed(&mut conn, read, REMOVED_MAX + 1).await?;
            let more = rows.len() > REMOVED_MAX as usize;
            rows.truncate(REMOVED_MAX as usize);
            let mut removed = Vec::with_capacity(rows.len());
            for gone in rows {
                let author_name = match gone.by.filter(|user| names.shows(*user)) {
                    Some(user) => Some(crate::items::printed_name(&mut conn, user).await?),
                    None => None,
                };
                let annotation = gone.last.body.as_deref().map(serde_json::from_str).transpose();
                let annotation =
                    annotation.map_err(|e| PipelineError::Internal(format!("annotations.body: {e}")))?;
                removed.extend(annotation.map(|mark| RemovedAnnotation {
                    annotation: names.mark(mark),
                    version: gone.version,
                    at: gone.at,
                    author_name,
                }));
            }
            (item, is_new, removed, more)
        };
        self.labels_shown(caller, &item, is_new).await?;
        Ok(RemovedAnnotations { removed, more })
    }

    /// The versions of an annotation in a read that the caller may see, and in those before it as far as they may see them.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] where the read is not theirs to see.
    pub async fn history(
        &self,
        caller: &Caller,
        read: ReadId,
        annotation: AnnotationId,
    ) -> Result<AnnotationHistory> {
        let (item, is_new, versions) = {
            let mut conn = self.store.read().await?;
            let row = self.visible_read(&mut conn, caller, read).await?;
            let item = items::by_id(&mut conn, row.item_id).await?.ok_or(PipelineError::NotFound)?;
            let is_new = self.shows_labels(&mut conn, caller, &item).await?;
            let state = parse_state(&item.workflow)?;
            let protocol = self.protocol_of(&mut conn, &item, &state).await?;
            let names = self.names(caller, item.project_id, &protocol, &state);
            let versions = self.versions(&mut conn, caller, row, annotation).await?;
            (item, is_new, versions.into_iter().map(|found| found.shown(&names)).collect())
        };
        self.labels_shown(caller, &item, is_new).await?;
        Ok(AnnotationHistory { versions })
    }

    async fn versions(
        &self,
        conn: &mut Conn,
        caller: &Caller,
        mut read: reads::Read,
        annotation: AnnotationId,
    ) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        for _ in 0..READS_MAX {
            let before = match read.base_read_id {
                // What somebody may not look at directly they are not shown by its copy's history either.
                Some(base) => match self.visible_read(conn, caller, base).await {
                    Ok(base) => Some(base),
                    Err(PipelineError::NotFound) => None,
                    Err(error) => return Err(error),
                },
                None => None,
            };
            let author = match read.author_user {
                Some(user) => Some((user, crate::items::printed_name(conn, user).await?)),
                None => None,
            };
            let mut own = Vec::new();
            for row in reads::versions(conn, read.id, annotation, VERSIONS_MAX).await? {
                // The rows of a copy's beginning stand in the read before, with their makers.
                if row.seq > 0 || before.is_none() {
                    own.push(version(&read, row, author.as_ref())?);
                }
            }
            own.append(&mut found);
            found = own;
            match before {
                Some(base) => read = base,
                None => break,
            }
        }
        Ok(found)
    }
}

/// A version before anybody looks at it.
struct Found {
    version: AnnotationVersion,
    author: Option<UserId>,
}

impl Found {
    /// Without the names that the caller is not to learn.
    fn shown(self, names: &Names) -> AnnotationVersion {
        let AnnotationVersion { author_name, annotation, .. } = self.version;
        let named = self.author.is_some_and(|author| names.shows(author));
        AnnotationVersion {
            author_name: author_name.filter(|_| named),
            annotation: annotation.map(|mark| names.mark(mark)),
            ..self.version
        }
    }
}

fn version(
    read: &reads::Read,
    row: reads::AnnotationRow,
    author: Option<&(UserId, String)>,
) -> Result<Found> {
    let annotation = row.body.as_deref().map(serde_json::from_str).transpose();
    let annotation = annotation.map_err(|e| PipelineError::Internal(format!("annotations.body: {e}")))?;
    let author = author.filter(|(user, _)| row.author_user == Some(*user));
    let version = AnnotationVersion {
        read: read.id,
        stage: read.stage,
        version: row.version,
        at: row.at,
        author_name: author.map(|(_, name)| name.clone()),
        annotation,
    };
    Ok(Found { version, author: author.map(|(user, _)| *user) })
}
