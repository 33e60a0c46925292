//! Runs of ingest as people see them.

use countersign_model::{IngestId, Instant, ProjectId};
use countersign_store::{ingests, jobs};
use serde::Serialize;

use super::archive::FileRefusal;
use crate::{Pipeline, PipelineError, Result, access::Action, people::Caller};

/// What stands for the name of a file, which may say whom it is about, where somebody else than its sender asks.
const NAME_KEPT_BACK: &str = "(name kept back)";
/// Most refusals of one run that are listed at once.
const REFUSALS_LISTED_MAX: u32 = 10_000;

/// A run of ingest as people see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IngestView {
    /// Run.
    pub id: IngestId,
    /// `running`, `finished` or `failed`.
    pub state: String,
    /// When it began.
    pub started_at: Instant,
    /// When it ended.
    pub finished_at: Option<Instant>,
    /// Files seen.
    pub files: u64,
    /// Files stored.
    pub stored: u64,
    /// Files that were here already.
    pub known: u64,
    /// Files refused.
    pub refused: u64,
    /// Bytes stored.
    pub bytes: u64,
}

/// A run with what it refused.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IngestReport {
    /// The run.
    pub ingest: IngestView,
    /// Items that it made.
    pub items: u64,
    /// Tables and texts among the files; the gate looks at each by itself.
    pub records: u64,
    /// Files that were not taken.
    pub refusals: Vec<RefusalView>,
}

/// A run with its refusals and what is still to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IngestDetail {
    /// The run.
    #[serde(flatten)]
    pub ingest: IngestView,
    /// Background work of the project: open and done.
    pub progress: JobCounts,
    /// Files that were not taken.
    pub refusals: Vec<RefusalView>,
}

/// Background work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobCounts {
    /// Waiting or running.
    pub jobs_open: u64,
    /// Ended.
    pub jobs_done: u64,
}

/// A file that was not taken.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RefusalView {
    /// Name that the sender gave; told to the sender and to privacy officers alone.
    pub name: String,
    /// Stable code.
    pub code: String,
    /// One sentence, with tag or field.
    pub message: String,
    /// Byte offset in the file.
    pub offset: Option<u64>,
}

impl From<FileRefusal> for RefusalView {
    fn from(refusal: FileRefusal) -> Self {
        Self { name: refusal.name, code: refusal.code, message: refusal.message, offset: refusal.offset }
    }
}

impl Pipeline {
    /// The latest runs of a project.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn ingests(&self, caller: &Caller, project: ProjectId) -> Result<Vec<IngestView>> {
        self.require_on(caller, Action::ViewIngests, project)?;
        let found = ingests::list(&mut *self.store.read().await?, project, crate::views::PAGE_MAX).await?;
        Ok(found.into_iter().map(IngestView::from).collect())
    }

    /// One run with its refusals.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`].
    pub async fn ingest_detail(&self, caller: &Caller, id: IngestId) -> Result<IngestDetail> {
        let mut conn = self.store.read().await?;
        let ingest = ingests::by_id(&mut conn, id).await?.ok_or(PipelineError::NotFound)?;
        self.require_on(caller, Action::ViewIngests, ingest.project_id)?;
        let (open, done) = jobs::count(&mut conn, ingest.project_id).await?;
        let refusals = ingests::refusals(&mut conn, id, REFUSALS_LISTED_MAX).await?;
        let knows_names = ingest.user_id == Some(caller.user())
            || self.require_on(caller, Action::Gate, ingest.project_id).is_ok();
        let refusals = refusals.into_iter().map(|row| RefusalView {
            name: if knows_names { row.name } else { NAME_KEPT_BACK.to_owned() },
            code: row.code,
            message: row.message,
            offset: row.byte_offset.and_then(|at| u64::try_from(at).ok()),
        });
        Ok(IngestDetail {
            ingest: ingest.into(),
            progress: JobCounts { jobs_open: open, jobs_done: done },
            refusals: refusals.collect(),
        })
    }
}

impl From<ingests::Ingest> for IngestView {
    fn from(row: ingests::Ingest) -> Self {
        Self {
            id: row.id,
            state: row.state,
            started_at: row.started_at,
            finished_at: row.finished_at,
            files: row.files,
            stored: row.stored,
            known: row.known,
            refused: row.refused,
            bytes: row.bytes,
        }
    }
}
