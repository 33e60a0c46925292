//! The scope of a breach: who saw what of whom between two moments.

use std::{collections::HashMap, fmt::Write as _};

use countersign_model::{Instant, ProjectId, SubjectId, UserId};
use countersign_store::{
    Conn, Evidence, projects,
    seen::{self, SeenFilter},
    subjects, users,
};
use serde::Serialize;

use crate::{
    Pipeline, PipelineError, Result,
    access::{Action, Resource},
    people::Caller,
};

/// Most lines in an answer for the page; a file has all.
pub const LINES_SHOWN_MAX: usize = 1_000;
/// Most lines of a report at all: beyond it, it has to be narrowed down.
pub const LINES_MAX: usize = 2_000_000;

/// What a breach report is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreachQuestion {
    /// Of this project; absent for the whole installation.
    pub project: Option<ProjectId>,
    /// By this account.
    pub user: Option<UserId>,
    /// About this subject.
    pub subject: Option<SubjectId>,
    /// From this moment on.
    pub from: Instant,
    /// Before this moment.
    pub to: Instant,
}

/// What one person saw of one subject.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BreachLine {
    /// Account.
    pub user: UserId,
    /// Its printed name.
    pub printed_name: String,
    /// Project.
    pub project: ProjectId,
    /// Its name.
    pub project_name: String,
    /// Whom the images are about; absent where no subject was known.
    pub subject: Option<SubjectId>,
    /// Number of the subject in its project.
    pub subject_number: Option<u64>,
    /// `patient`, `drive`, `lot`, `project`.
    pub subject_kind: Option<String>,
    /// Erased since: nothing leads to the person any more.
    pub erased: bool,
    /// Images shown, each once per session and purpose.
    pub exposures: u64,
    /// Of them in small only: grids, lists, results of a search.
    pub glances: u64,
    /// Of them from quarantine, before de-identification.
    pub quarantined: u64,
    /// First.
    pub first_at: Instant,
    /// Last.
    pub last_at: Instant,
}

/// The scope of a breach.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BreachReport {
    /// From this moment on.
    pub from: Instant,
    /// Before this moment.
    pub to: Instant,
    /// Exposures in all.
    pub exposures: u64,
    /// People who looked.
    pub people: u64,
    /// Subjects who were seen.
    pub subjects: u64,
    /// Lines in all: pairs of a person and a subject.
    pub lines: u64,
    /// The lines with the most exposures; at most 1,000 of them. The file has all.
    pub shown: Vec<BreachLine>,
}

#[derive(Clone, Copy)]
struct Sum {
    exposures: u64,
    glances: u64,
    quarantined: u64,
    first_at: Instant,
    last_at: Instant,
}

type Pair = (UserId, ProjectId, Option<SubjectId>);

impl Pipeline {
    /// Who saw what of whom. That it was asked is evidence.
    ///
    /// # Errors
    /// [`PipelineError::NotFound`] without the right; `bad_range`; `too_many_lines`.
    pub async fn breach_report(&self, caller: &Caller, question: BreachQuestion) -> Result<BreachReport> {
        let mut lines = self.breach_lines(caller, question).await?;
        let count = |key: fn(&BreachLine) -> Option<uuid::Uuid>| {
            lines.iter().filter_map(key).collect::<std::collections::HashSet<_>>().len() as u64
        };
        let (people, subjects) = (count(|line| Some(line.user.0)), count(|line| line.subject.map(|id| id.0)));
        let (exposures, all) = (lines.iter().map(|line| line.exposures).sum(), lines.len() as u64);
        lines.truncate(LINES_SHOWN_MAX);
        let BreachQuestion { from, to, .. } = question;
        Ok(BreachReport { from, to, exposures, people, subjects, lines: all, shown: lines })
    }

    /// The same as a table with every line: comma-separated values, times in UTC.
    ///
    /// # Errors
    /// As [`Pipeline::breach_report`].
    pub async fn breach_table(&self, caller: &Caller, question: BreachQuestion) -> Result<String> {
        let lines = self.breach_lines(caller, question).await?;
        let mut text = "user,name,project,project_name,subject,subject_number,kind,erased,exposures,glances,\
                        from_quarantine,first_at,last_at\n"
            .to_owned();
        for line in lines {
            let subject = line.subject.map(|id| id.to_string()).unwrap_or_default();
            let number = line.subject_number.map(|number| number.to_string()).unwrap_or_default();
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{},{},{},{},{subject},{number},{},{},{},{},{},{},{}",
                line.user,
                quoted(&line.printed_name),
                line.project,
                quoted(&line.project_name),
                line.subject_kind.unwrap_or_default(),
                line.erased,
                line.exposures,
                line.glances,
                line.quarantined,
                line.first_at,
                line.last_at,
            );
        }
        Ok(text)
    }

    async fn breach_lines(&self, caller: &Caller, question: BreachQuestion) -> Result<Vec<BreachLine>> {
        match question.project {
            Some(project) => self.require_on(caller, Action::ViewBreach, project)?,
            None => self.require(caller, Action::ViewBreach, &Resource::Installation)?,
        }
        if question.from >= question.to {
            return Err(PipelineError::bad("bad_range", "to", "must be after the beginning"));
        }
        let sums = self.sum_up_exposures(question).await?;
        self.note_breach_report(caller, question).await?;
        let mut conn = self.store.read().await?;
        let mut lines = described(&mut conn, sums).await?;
        lines.sort_by_key(|line| (std::cmp::Reverse(line.exposures), line.first_at, line.user));
        Ok(lines)
    }

    async fn sum_up_exposures(&self, question: BreachQuestion) -> Result<HashMap<Pair, Sum>> {
        let BreachQuestion { project, user, subject, from, to } = question;
        let mut filter = SeenFilter { project, user, subject, from, to };
        let mut sums: HashMap<Pair, Sum> = HashMap::new();
        loop {
            // A connection of its own for each slice: a long report keeps none from others.
            let (groups, next) = seen::slice(&mut *self.store.read().await?, filter).await?;
            for group in groups {
                let sum = Sum {
                    exposures: group.exposures,
                    glances: group.glances,
                    quarantined: group.quarantined,
                    first_at: group.first_at,
                    last_at: group.last_at,
                };
                let pair = (group.user_id, group.project_id, group.subject_id);
                sums.entry(pair).and_modify(|known| known.add(sum)).or_insert(sum);
            }
            if sums.len() > LINES_MAX {
                let message = "More than two million pairs of a person and a subject: narrow it down.";
                return Err(PipelineError::refused("too_many_lines", message));
            }
            match next {
                Some(next) if next < to => filter.from = next,
                _ => return Ok(sums),
            }
        }
    }

    /// Whoever asks for the scope of a breach leaves a trace: the question tells what they look for.
    async fn note_breach_report(&self, caller: &Caller, question: BreachQuestion) -> Result<()> {
        let evidence = Evidence {
            action: "exposures.reported".to_owned(),
            object_kind: if question.project.is_some() { "project" } else { "installation" }.to_owned(),
            object_id: question.project.map(|project| project.0),
            project: question.project,
            details: Some(serde_json::json!({
                "user": question.user, "subject": question.subject,
                "from": question.from.to_string(), "to": question.to.to_string(),
            })),
            ..Evidence::default()
        };
        self.store
            .write(caller.actor(), move |tx| Box::pin(async move { Ok(tx.record(evidence).map(drop)?) }))
            .await
    }
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.exposures += other.exposures;
        self.glances += other.glances;
        self.quarantined += other.quarantined;
        self.first_at = self.first_at.min(other.first_at);
        self.last_at = self.last_at.max(other.last_at);
    }
}

/// Names and numbers beside the ids.
async fn described(conn: &mut Conn, sums: HashMap<Pair, Sum>) -> Result<Vec<BreachLine>> {
    let names: HashMap<_, _> =
        users::list(conn).await?.into_iter().map(|user| (user.id, user.printed_name)).collect();
    let mut project_names = HashMap::new();
    let mut known: HashMap<SubjectId, subjects::Subject> = HashMap::new();
    let mut lines = Vec::with_capacity(sums.len());
    for ((user, project, subject), sum) in sums {
        if let std::collections::hash_map::Entry::Vacant(entry) = project_names.entry(project) {
            let found = projects::by_id(conn, project).await?;
            entry.insert(found.map_or_else(String::new, |project| project.name));
        }
        if let Some(id) = subject.filter(|id| !known.contains_key(id))
            && let Some(found) = subjects::by_id(conn, id).await?
        {
            known.insert(id, found);
        }
        let about = subject.and_then(|id| known.get(&id));
        lines.push(BreachLine {
            user,
            printed_name: names.get(&user).cloned().unwrap_or_default(),
            project,
            project_name: project_names.get(&project).cloned().unwrap_or_default(),
            subject,
            subject_number: about.map(|subject| subject.number),
            subject_kind: about.map(|subject| subject.kind.clone()),
            erased: about.is_some_and(subjects::Subject::is_erased),
            exposures: sum.exposures,
            glances: sum.glances,
            quarantined: sum.quarantined,
            first_at: sum.first_at,
            last_at: sum.last_at,
        });
    }
    Ok(lines)
}

/// A field of comma-separated values. What a table program would take for a formula begins with an apostrophe.
fn quoted(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn names_stay_in_their_field_and_are_no_formulae() {
        assert_eq!(quoted("A. \"Ace\" Meier, MD"), "\"A. \"\"Ace\"\" Meier, MD\"");
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
    }
}
