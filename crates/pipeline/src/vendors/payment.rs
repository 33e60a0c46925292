//! What is paid: the reads of one organization that were accepted within a span of time.

use std::fmt::Write as _;

use countersign_model::{Instant, OrganizationId, ProjectId, as_counted};
use countersign_store::{Conn, items, users, vendors};

use crate::{
    Pipeline, PipelineError, Result, access::Action, breach::quoted, exports::Export, people::Caller,
    save::current_annotations,
};

/// Most lines of one file.
const LINES_MAX: u32 = 1_000_000;
/// The head of the file.
const HEAD: &str =
    "organization,item,name,read,submitted_at,first_accepted_at,accepted_at,marks,accepted_before,redone\n";

impl Pipeline {
    /// The payment file of an organization: a line for each item that was accepted in the span of time, is accepted now, and that
    /// it read; for copies of gold as for any other. That it was downloaded is an event.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] for everybody but an owner of the project, and of an unknown organization; `bad_period`.
    pub async fn payment(
        &self,
        caller: &Caller,
        project: ProjectId,
        organization: OrganizationId,
        from: Instant,
        until: Instant,
    ) -> Result<String> {
        self.require_on(caller, Action::ManageProject, project)?;
        if from >= until {
            return Err(PipelineError::bad("bad_period", "until", "must come after the begin"));
        }
        let (row, lines) = {
            let mut conn = self.store.read().await?;
            let row = users::organization(&mut conn, organization).await?.ok_or(PipelineError::NotFound)?;
            let mut lines =
                vendors::payable(&mut conn, project, organization, (from, until), LINES_MAX).await?;
            for line in &mut lines {
                if line.marks.is_none() {
                    line.marks = Some(marks_of(&mut conn, line).await?);
                }
            }
            (row, lines)
        };
        self.note_export(caller, Export::Payment, Some(project), Some(organization.uuid())).await?;
        let (mut out, name) = (HEAD.to_owned(), quoted(&row.name));
        for line in lines {
            let said = |so: bool| if so { "yes" } else { "no" };
            let (before, redone) = (said(line.first_accepted_at < line.accepted_at), said(line.redone));
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "{name},{},{},{},{},{},{},{},{before},{redone}",
                line.item,
                quoted(&line.name),
                line.read,
                line.submitted_at,
                line.first_accepted_at,
                line.accepted_at,
                line.marks.unwrap_or_default(),
            );
        }
        Ok(out)
    }
}

async fn marks_of(conn: &mut Conn, line: &vendors::Payable) -> Result<u32> {
    let item = items::by_id(conn, line.item).await?.ok_or(PipelineError::NotFound)?;
    let marks = as_counted(current_annotations(conn, line.read).await?, &item.streams.0);
    Ok(u32::try_from(marks.len()).unwrap_or(u32::MAX))
}
